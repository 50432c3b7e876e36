/* A runner in C whose fit takes `steps` steps and saves a checkpoint after each, as the contract asks: a
   new file, renamed. The model depends on every step. Each step adds a line to the file that
   STEPWISE_STARTS names. After the step that STEPWISE_HOLDS names, fit does not end until it is cancelled
   or killed; `evaluate` does not end while STEPWISE_HOLDS is "evaluate". If STEPWISE_LEAVES is set, a fit
   puts a link into its checkpoint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("stepwise", "0.1.0", "Fits in steps that can be continued.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(
        answer, PROTEA_OK,
        "{\"descriptor\":"
        PROTEA_DESCRIPTOR_JSON("stepwise", "0.1.0", "Fits in steps that can be continued.")
        ",\"spec_schema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"steps\":{\"type\":\"integer\",\"minimum\":1}}}"
        ",\"spec_defaults\":{\"steps\":10},\"checkpoints\":true"
        ",\"metrics\":{\"metrics\":[{\"name\":\"score\",\"direction\":\"higher_is_better\"}]}}");
}

/* Reads the path of the URI behind "key": into `path`. */
static int path_of(const char *request, size_t length, const char *key, char *path, size_t size) {
    char *text = calloc(length + 1, 1);
    memcpy(text, request, length);
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"file://", key);
    char *found = strstr(text, quoted);
    path[0] = '\0';
    if (found) {
        char *to = path;
        for (found += strlen(quoted); *found != '"' && to + 1 < path + size; found++) {
            unsigned byte;
            if (*found == '%' && sscanf(found + 1, "%2x", &byte) == 1) {
                *to++ = (char)byte;
                found += 2;
            } else {
                *to++ = *found;
            }
        }
        *to = '\0';
    }
    free(text);
    return path[0] != '\0';
}

/* Writes a file so that it is there whole or not at all. */
static void write_whole(const char *directory, const char *name, const char *text) {
    char unfinished[4096], place[4096];
    snprintf(unfinished, sizeof unfinished, "%s/.%s.new", directory, name);
    snprintf(place, sizeof place, "%s/%s", directory, name);
    FILE *file = fopen(unfinished, "w");
    if (!file) return;
    fputs(text, file);
    fflush(file);
    fsync(fileno(file));
    fclose(file);
    rename(unfinished, place);
}

static uint32_t hold(const protea_host *host, protea_answer *answer) {
    while (!host->is_cancelled(host)) usleep(5000);
    return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    char output[2048], checkpoint[2048], place[4096], text[8192];
    path_of(request, length, "output_uri", output, sizeof output);
    int keeps = path_of(request, length, "checkpoint_uri", checkpoint, sizeof checkpoint);
    const char *steps_at = strstr(request, "\"steps\":");
    int steps = steps_at ? atoi(steps_at + strlen("\"steps\":")) : 10;
    int step = 0;
    unsigned long long state = 1;
    snprintf(place, sizeof place, "%s/state", checkpoint);
    FILE *file = keeps ? fopen(place, "r") : NULL;
    if (file) {
        if (fscanf(file, "%d %llu\n", &step, &state) != 2) {
            step = 0;
            state = 1;
        }
        fclose(file);
    }
    const char *holds = getenv("STEPWISE_HOLDS");
    while (step < steps) {
        step++;
        state = state * 6364136223846793005ULL + (unsigned long long)step;
        const char *starts = getenv("STEPWISE_STARTS");
        file = starts ? fopen(starts, "a") : NULL;
        if (file) {
            fprintf(file, "%d\n", step);
            fclose(file);
        }
        char fields[96];
        int size = snprintf(fields, sizeof fields, "{\"done\":%d,\"total\":%d}", step, steps);
        if (keeps) {
            snprintf(text, sizeof text, "%d %llu\n", step, state);
            write_whole(checkpoint, "state", text);
        }
        if (keeps && getenv("STEPWISE_LEAVES")) {
            snprintf(place, sizeof place, "%s/link", checkpoint);
            unlink(place);
            if (symlink("/etc/hostname", place)) perror(place);
        }
        if (host->emit(host, "progress", 8, NULL, 0, fields, (size_t)size, PROTEA_LEVEL_INFO))
            return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
        if (holds && atoi(holds) == step) return hold(host, answer);
    }
    snprintf(text, sizeof text, "{\"state\":%llu,\"steps\":%d}\n", state, steps);
    mkdir(output, 0777);
    write_whole(output, "model.json", text);
    snprintf(text, sizeof text, "{\"model_uri\":\"file://%s/model.json\",\"metrics\":{},\"extras\":{}}", output);
    return answer_text(answer, PROTEA_OK, text);
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    char model[2048], text[256];
    unsigned long long state = 0;
    const char *holds = getenv("STEPWISE_HOLDS");
    if (holds && !strcmp(holds, "evaluate")) return hold(host, answer);
    FILE *file = path_of(request, length, "model_uri", model, sizeof model) ? fopen(model, "r") : NULL;
    int read = file ? fscanf(file, "{\"state\":%llu", &state) : 0;
    if (file) fclose(file);
    if (read != 1)
        return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"model\",\"message\":\"no model\"}");
    snprintf(text, sizeof text, "{\"metrics\":{\"score\":%llu},\"extras\":{}}", state % 1000);
    return answer_text(answer, PROTEA_OK, text);
}

static uint32_t unsupported(const char *request, size_t length, const protea_host *host,
                            protea_answer *answer) {
    (void)request, (void)length, (void)host;
    return answer_text(answer, PROTEA_ERROR,
                       "{\"kind\":\"unsupported\",\"operation\":\"this\",\"remedy\":\"fit\"}");
}

static void free_answer(protea_answer *answer) { free(answer->json); }

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = evaluate,
    .export_model = unsupported,
    .free_answer = free_answer,
};

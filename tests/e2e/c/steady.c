/* A runner in C for the tests that kill processes: every step emits some metrics, each with a value
   that no other emit of any process has, and appends the value to the file STEADY_FILE once emit has
   returned. The score depends on the setting x alone. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("steady", "0.1.0", "Emits metrics and tells which are safe.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t failed(protea_answer *answer, const char *what) {
    char text[256];
    snprintf(text, sizeof text, "{\"kind\":\"failed\",\"message\":\"%s\"}", what);
    return answer_text(answer, PROTEA_ERROR, text);
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(
        answer, PROTEA_OK,
        "{\"descriptor\":"
        PROTEA_DESCRIPTOR_JSON("steady", "0.1.0", "Emits metrics and tells which are safe.")
        ",\"spec_schema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"x\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1}}}"
        ",\"spec_defaults\":{\"x\":0.5}"
        ",\"metrics\":{\"metrics\":[{\"name\":\"score\",\"direction\":\"higher_is_better\"}]}}");
}

/* Emits metrics. Returns 1 if the host cancels the call, -1 if STEADY_FILE cannot be written. */
static int emit_metrics(const protea_host *host) {
    const char *path = getenv("STEADY_FILE");
    int file = path ? open(path, O_WRONLY | O_APPEND) : -1;
    if (file < 0) return -1;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* Below 2^53, so that a double holds it. */
    uint64_t first = ((uint64_t)getpid() << 30 | (uint64_t)(now.tv_nsec / 1000000 % 1000) << 10);
    int stop = 0;
    for (uint64_t step = 0; step < 40 && !stop; step++) {
        char fields[128], line[32];
        int size = snprintf(fields, sizeof fields, "{\"name\":\"m\",\"value\":%llu,\"step\":%llu}",
                            (unsigned long long)(first + step), (unsigned long long)step);
        stop = host->emit(host, "metric", 6, NULL, 0, fields, (size_t)size, PROTEA_LEVEL_INFO) != 0;
        if (stop) break;
        size = snprintf(line, sizeof line, "%llu\n", (unsigned long long)(first + step));
        if (write(file, line, (size_t)size) != size) stop = -1;
        usleep(2000);
    }
    close(file);
    return stop;
}

/* The path in the member `key` of the request, whose value is a file:// URI without escapes. */
static char *path_in(const char *request, size_t length, const char *key) {
    char quoted[64], *text = calloc(length + 1, 1), *found = NULL;
    memcpy(text, request, length);
    snprintf(quoted, sizeof quoted, "\"%s\":\"file://", key);
    char *at = strstr(text, quoted);
    if (at) {
        at += strlen(quoted);
        *strchr(at, '"') = '\0';
        found = strdup(at);
    }
    free(text);
    return found;
}

static double setting(const char *request, size_t length) {
    char *text = calloc(length + 1, 1);
    memcpy(text, request, length);
    char *at = strstr(text, "\"x\":");
    double x = at ? strtod(at + 4, NULL) : -1;
    free(text);
    return x;
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    char *directory = path_in(request, length, "output_uri");
    if (!directory) return failed(answer, "no output_uri");
    int stop = emit_metrics(host);
    if (stop > 0) return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
    if (stop < 0) return failed(answer, "STEADY_FILE");
    char path[4096], result[4200];
    snprintf(path, sizeof path, "%s/model.json", directory);
    mkdir(directory, 0777);
    FILE *file = fopen(path, "w");
    if (!file) return failed(answer, "the model cannot be written");
    fprintf(file, "{\"kind\":\"steady\",\"x\":%.17g}\n", setting(request, length));
    if (fclose(file)) return failed(answer, "the model cannot be written");
    snprintf(result, sizeof result, "{\"model_uri\":\"file://%s\"}", path);
    free(directory);
    return answer_text(answer, PROTEA_OK, result);
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    char *path = path_in(request, length, "model_uri"), model[256];
    FILE *file = path ? fopen(path, "r") : NULL;
    free(path);
    if (!file) return failed(answer, "the model cannot be read");
    size_t read = fread(model, 1, sizeof model, file);
    fclose(file);
    int stop = emit_metrics(host);
    if (stop > 0) return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
    if (stop < 0) return failed(answer, "STEADY_FILE");
    double x = setting(model, read);
    char result[128];
    snprintf(result, sizeof result, "{\"metrics\":{\"score\":%.17g},\"extras\":{}}",
             1 - (x - 0.3) * (x - 0.3));
    return answer_text(answer, PROTEA_OK, result);
}

static uint32_t export_model(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer) {
    (void)request, (void)length, (void)host;
    return answer_text(answer, PROTEA_ERROR,
                       "{\"kind\":\"unsupported\",\"operation\":\"export\",\"remedy\":\"fit\"}");
}

static void free_answer(protea_answer *answer) { free(answer->json); }

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = evaluate,
    .export_model = export_model,
    .free_answer = free_answer,
};

/* A runner in C without data: its score is a parabola of its settings, highest at x = 0.3 and
   n = 7. It fails for x above 0.9 and takes as many milliseconds as it is told. If
   PARABOLA_HOLDS is set, evaluations with x above 0.35 do not end until they are cancelled. If
   PARABOLA_GROWS is set, those with x above 0.6 take ever more memory instead. Each evaluation adds a line to the
   file that PARABOLA_STARTS names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("parabola", "0.1.0", "Scores a parabola of its settings.");

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
        PROTEA_DESCRIPTOR_JSON("parabola", "0.1.0", "Scores a parabola of its settings.")
        ",\"spec_schema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"x\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1},"
        "\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},"
        "\"milliseconds\":{\"type\":\"integer\",\"minimum\":0}}}"
        ",\"spec_defaults\":{\"x\":0.5,\"n\":1,\"milliseconds\":0}"
        ",\"metrics\":{\"metrics\":[{\"name\":\"score\",\"direction\":\"higher_is_better\"},"
        "{\"name\":\"cost\",\"direction\":\"lower_is_better\"},"
        "{\"name\":\"rare\",\"direction\":\"higher_is_better\",\"optional\":true}]}}");
}

static uint32_t unsupported(const char *request, size_t length, const protea_host *host,
                            protea_answer *answer) {
    (void)request, (void)length, (void)host;
    return answer_text(answer, PROTEA_ERROR,
                       "{\"kind\":\"unsupported\",\"operation\":\"this\",\"remedy\":\"evaluate\"}");
}

/* The number behind "key": in a JSON text. */
static double number(const char *json, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(json, quoted);
    return found ? strtod(found + strlen(quoted), NULL) : 0.0;
}

/* Replaces the escapes of a URI, such as %20, in place. */
static void decode(char *uri) {
    char *to = uri;
    for (char *from = uri; *from; from++) {
        unsigned byte;
        if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Reads the reference model that the request names. */
static int read_model(const char *request, size_t length, char *model, size_t size) {
    static const char KEY[] = "\"model_uri\":\"file://";
    char *text = calloc(length + 1, 1);
    memcpy(text, request, length);
    char *path = strstr(text, KEY);
    FILE *file = NULL;
    if (path) {
        path += strlen(KEY);
        *strchr(path, '"') = '\0';
        decode(path);
        file = fopen(path, "r");
    }
    free(text);
    if (!file) return 0;
    model[fread(model, 1, size - 1, file)] = '\0';
    fclose(file);
    return 1;
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    char model[4096], text[256];
    if (!read_model(request, length, model, sizeof model))
        return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"model\",\"message\":\"no model\"}");
    double x = number(model, "x"), n = number(model, "n");
    const char *starts = getenv("PARABOLA_STARTS");
    FILE *file = starts ? fopen(starts, "a") : NULL;
    if (file) {
        fprintf(file, "%g %g\n", x, n);
        fclose(file);
    }
    for (double left = number(model, "milliseconds"); left > 0; left -= 5) {
        if (host->is_cancelled(host))
            return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
        usleep(5000);
    }
    while (x > 0.6 && getenv("PARABOLA_GROWS")) {
        if (host->is_cancelled(host))
            return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
        /* Touched, so that it is resident; 512 MiB at most. */
        static int megabytes = 0;
        if (megabytes < 512) {
            volatile char *grown = malloc(1 << 20);
            for (int at = 0; grown && at < 1 << 20; at += 4096) grown[at] = 1;
            megabytes++;
        }
        usleep(5000);
    }
    while (x > 0.35 && getenv("PARABOLA_HOLDS")) {
        if (host->is_cancelled(host))
            return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
        usleep(5000);
    }
    if (x > 0.9)
        return answer_text(answer, PROTEA_ERROR,
                           "{\"kind\":\"failed\",\"message\":\"x is too large\"}");
    double loss = (x - 0.3) * (x - 0.3) + (n - 7) * (n - 7) / 1000;
    snprintf(text, sizeof text, "{\"metrics\":{\"score\":%.17g,\"cost\":%.17g},\"extras\":{}}",
             1 - loss, loss);
    return answer_text(answer, PROTEA_OK, text);
}

static void free_answer(protea_answer *answer) { free(answer->json); }

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = unsupported,
    .evaluate = evaluate,
    .export_model = unsupported,
    .free_answer = free_answer,
};

/* A runner in C whose `fit` writes DOCUMENT as its model and answers MODEL, a URI; without MODEL, that of
 * its model. `export` lists many gibibytes without content. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("planter", "0.1.0", "Writes what it should not.");

#ifndef DOCUMENT
#define DOCUMENT "{}"
#endif

static uint32_t give(protea_answer *answer, const char *json) {
    answer->length = strlen(json);
    answer->json = strdup(json);
    return PROTEA_OK;
}

static uint32_t describe(protea_answer *answer) {
    return give(answer,
                "{\"descriptor\":" PROTEA_DESCRIPTOR_JSON("planter", "0.1.0", "Writes what it should not.")
                ",\"spec_schema\":{\"type\":\"object\"},\"spec_defaults\":{}"
                ",\"metrics\":{\"metrics\":[]}}");
}

/* The path of the output directory, which is made. */
static char *output(const char *request, size_t length) {
    static char path[4096];
    char *text = strndup(request, length);
    const char *key = "\"output_uri\":\"file://";
    char *at = strstr(text, key);
    if (!at) abort();
    at += strlen(key);
    size_t end = strcspn(at, "\"");
    snprintf(path, sizeof path, "%.*s", (int)end, at);
    free(text);
    mkdir(path, 0777);
    return path;
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    (void)host;
    const char *directory = output(request, length);
    char path[4200], json[8400];
    snprintf(path, sizeof path, "%s/model.json", directory);
    FILE *file = fopen(path, "w");
    if (!file) abort();
    fputs(DOCUMENT, file);
    fclose(file);
#ifdef MODEL
    snprintf(json, sizeof json, "{\"model_uri\":\"%s\",\"metrics\":{}}", MODEL);
#else
    snprintf(json, sizeof json, "{\"model_uri\":\"file://%s\",\"metrics\":{}}", path);
#endif
    return give(answer, json);
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    (void)host;
    output(request, length);
    return give(answer, "{\"metrics\":{}}");
}

/* Lists files of 1 GiB without content: hashing them takes a minute at least. */
static uint32_t export_model(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer) {
    (void)host;
    const char *directory = output(request, length);
    size_t given = strlen(directory);
    const char *slash = given && directory[given - 1] == '/' ? "" : "/";
    static char json[60 * 8400];
    size_t used = (size_t)sprintf(json, "{\"files\":[");
    for (int number = 0; number < 60; number++) {
        char path[4200];
        snprintf(path, sizeof path, "%s%ssparse%d", directory, slash, number);
        int file = open(path, O_CREAT | O_WRONLY, 0644);
        if (file < 0 || ftruncate(file, (off_t)1 << 30)) abort();
        close(file);
        /* The right hash, so that the host goes on to the next file. */
        used += (size_t)sprintf(json + used,
                                "%s{\"role\":\"model\",\"uri\":\"file://%s\",\"sha256\":"
                                "\"49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14\""
                                ",\"bytes\":1073741824}",
                                number ? "," : "", path);
    }
    sprintf(json + used, "]}");
    return give(answer, json);
}

static void free_answer(protea_answer *answer) {
    free(answer->json);
    answer->json = NULL;
}

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = evaluate,
    .export_model = export_model,
    .free_answer = free_answer,
};

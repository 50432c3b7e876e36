/* A runner in C whose `fit` writes DOCUMENT as its model and answers MODEL, a URI; without MODEL, that of
 * its model. `export` lists a file of 4 TiB without content. */
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

/* Lists a file of 4 TiB without content: hashing it takes hours. */
static uint32_t export_model(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer) {
    (void)host;
    const char *directory = output(request, length);
    size_t given = strlen(directory);
    const char *slash = given && directory[given - 1] == '/' ? "" : "/";
    char path[4200], json[8400];
    snprintf(path, sizeof path, "%s%ssparse", directory, slash);
    int file = open(path, O_CREAT | O_WRONLY, 0644);
    if (file < 0 || ftruncate(file, (off_t)4 << 40)) abort();
    close(file);
    snprintf(json, sizeof json,
             "{\"files\":[{\"role\":\"model\",\"uri\":\"file://%s\",\"sha256\":\"%064d\",\"bytes\":%lld}]}",
             path, 0, (long long)4 << 40);
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

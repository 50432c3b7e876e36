/* A runner in C whose texts have line breaks, and lines that look like those of protea. FORGER says
   which call fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protea_runner.h"

#define FORGED "a\\nerror: forged\\nwarning: forged\\nnote: forged"

PROTEA_RUNNER_DESCRIPTOR("forger", "0.1.0", "Writes lines of others.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t failed(protea_answer *answer) {
    return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"failed\",\"message\":\"" FORGED "\"}");
}

static int fails(const char *call) {
    const char *failing = getenv("FORGER");
    return failing && strcmp(failing, call) == 0;
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(answer, PROTEA_OK,
                       "{\"descriptor\":"
                       PROTEA_DESCRIPTOR_JSON("forger", "0.1.0", "Writes lines of others.")
                       ",\"explains\":true,\"spec_schema\":{\"type\":\"object\",\"properties\":{"
                       "\"x\":{\"type\":\"number\",\"description\":\"" FORGED "\"}}}"
                       ",\"spec_defaults\":{},\"metrics\":{\"metrics\":"
                       "[{\"name\":\"score\",\"direction\":\"higher_is_better\"}]}}");
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    const char *key = "\"output_uri\":\"file://";
    char *text = calloc(length + 1, 1), path[4096], result[4200];
    memcpy(text, request, length);
    static const char fields[] = "{\"done\":1,\"total\":2,\"unit\":\"" FORGED "\"}";
    static const char message[] = "a\nerror: forged";
    host->emit(host, "progress", 8, message, sizeof message - 1, fields, sizeof fields - 1,
               PROTEA_LEVEL_INFO);
    host->emit(host, "runner.forger.warning", 21, message, sizeof message - 1, NULL, 0,
               PROTEA_LEVEL_WARNING);
    char *at = strstr(text, key);
    if (!at || fails("fit")) return failed(answer);
    at += strlen(key);
    *strchr(at, '"') = '\0';
    snprintf(path, sizeof path, "%s/model.json", at);
    mkdir(at, 0777);
    free(text);
    FILE *file = fopen(path, "w");
    if (!file) return failed(answer);
    fputs("{\"kind\":\"forger\"}\n", file);
    fclose(file);
    snprintf(result, sizeof result, "{\"model_uri\":\"file://%s\"}", path);
    return answer_text(answer, PROTEA_OK, result);
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    (void)request, (void)length, (void)host;
    if (fails("evaluate")) return failed(answer);
    return answer_text(answer, PROTEA_OK,
                       "{\"metrics\":{\"score\":0.5},\"extras\":{\"" FORGED "\":\"" FORGED "\"}}");
}

static uint32_t export_model(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer) {
    (void)request, (void)length, (void)host;
    return answer_text(answer, PROTEA_ERROR,
                       "{\"kind\":\"unsupported\",\"operation\":\"" FORGED "\",\"remedy\":\"" FORGED "\"}");
}

static uint32_t explain(const char *request, size_t length, const protea_host *host,
                        protea_answer *answer) {
    (void)request, (void)length, (void)host;
    if (fails("explain"))
        return answer_text(answer, PROTEA_ERROR,
                           "{\"kind\":\"not_found\",\"message\":\"" FORGED "\"}");
    return answer_text(answer, PROTEA_OK,
                       "{\"accession\":\"" FORGED "\",\"contributors\":\"" FORGED "\",\"predicted\":2,"
                       "\"terms\":[{\"term\":\"" FORGED "\",\"name\":\"" FORGED "\",\"aspect\":\"" FORGED "\","
                       "\"score\":0.5,\"contributions\":[{\"source\":\"" FORGED "\",\"amount\":0.5,"
                       "\"value\":\"" FORGED "\",\"through\":[\"" FORGED "\"]}]},"
                       "{\"term\":\"" FORGED "\",\"score\":0.25,\"contributions\":[]}]}");
}

static void free_answer(protea_answer *answer) { free(answer->json); }

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = evaluate,
    .export_model = export_model,
    .free_answer = free_answer,
    .explain = explain,
};

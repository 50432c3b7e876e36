/* A runner in C that does wrong, in the way that the setting `sin` says; "none" by default. */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("animal", "0.1.0", "Does wrong.");

static int sins(const char *request, size_t length, const char *sin) {
    char key[64] = "\"sin\":\"";
    strcat(strcat(key, sin), "\"");
    char *text = calloc(length + 1, 1);
    memcpy(text, request, length);
    int found = strstr(text, key) != NULL;
    free(text);
    return found;
}

static atomic_int unfreed;

/* The answer of the call that sends an event late, until the host has freed it. */
static _Atomic(void *) late_answer;

static uint32_t answer_bytes(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    atomic_fetch_add(&unfreed, 1);
    return status;
}

static uint32_t describe(protea_answer *answer) {
    return answer_bytes(
        answer, PROTEA_OK,
        "{\"descriptor\":" PROTEA_DESCRIPTOR_JSON("animal", "0.1.0", "Does wrong.")
        ",\"spec_schema\":{\"type\":\"object\",\"properties\":{\"sin\":{\"type\":\"string\"}}}"
        ",\"spec_defaults\":{\"sin\":\"none\"},\"metrics\":{\"metrics\":[]}}");
}

static void send(const protea_host *host, const char *event, const char *message,
                 const char *fields, uint32_t level) {
    host->emit(host, event, strlen(event), message, message ? strlen(message) : 0, fields,
               fields ? strlen(fields) : 0, level);
}

/* More than the tests let it have. */
#define LARGE ((size_t)400 << 20)

static void fill(int file) {
    static char block[1 << 20];
    for (size_t at = 0; at < LARGE; at += sizeof block)
        if (write(file, block, sizeof block) != sizeof block) exit(3);
}

static void *later(void *argument) {
    const protea_host *host = argument;
    /* The host frees the answer when it has read it; then the call is as good as over. */
    while (atomic_load(&late_answer)) usleep(1000);
    usleep(500000);
    send(host, "late", NULL, NULL, PROTEA_LEVEL_INFO);
    host->release(host);
    return NULL;
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
#define SIN(name) (sins(request, length, name))
    if (SIN("crash")) *(volatile int *)8 = 1;
    if (SIN("abort")) abort();
    if (SIN("starve_and_abort")) {
        void *volatile hoard;
        while ((hoard = malloc(16 << 20)) != NULL) {}
        abort();
    }
    if (SIN("starve_and_crash")) {
        char *volatile much = malloc((size_t)1 << 40);
        much[0] = 1;
    }
    if (SIN("starve_recover_and_assert")) {
        void *volatile much = malloc((size_t)1 << 40);
        assert(much != NULL && "the zoo's assertion");
    }
    if (SIN("starve_recover_and_crash")) {
        void *volatile much = malloc((size_t)1 << 40);
        if (much == NULL) *(volatile int *)((size_t)1 << 30) = 1;
    }
#ifdef __linux__
    if (SIN("hoard_in_a_file_of_memory")) {
        fill(memfd_create("hoard", 0));
        pause();
    }
#endif
    if (SIN("map_a_large_file")) {
        FILE *file = tmpfile();
        fill(fileno(file));
        const char *data = mmap(NULL, LARGE, PROT_READ, MAP_SHARED, fileno(file), 0);
        volatile int sum = 0;
        for (int round = 0; round < 20; round++, usleep(25000))
            for (size_t at = 0; at < LARGE; at += 4096) sum += data[at];
        fclose(file);
    }
    if (SIN("null_answer")) return PROTEA_OK;
    if (SIN("null_error")) return PROTEA_ERROR;
    if (SIN("unknown_status")) return answer_bytes(answer, 7, "{}");
    if (SIN("panic_status")) return answer_bytes(answer, 2, "{}");
    if (SIN("not_utf8")) return answer_bytes(answer, PROTEA_OK, "{\"model_uri\":\"\xff\xfe\"}");
    if (SIN("not_utf8_error"))
        return answer_bytes(answer, PROTEA_ERROR, "{\"kind\":\"failed\",\"message\":\"\xc3\"}");
    if (SIN("not_json")) return answer_bytes(answer, PROTEA_OK, "model at /tmp");
    if (SIN("empty")) return answer_bytes(answer, PROTEA_OK, "");
    if (SIN("absurd_length")) {
        uint32_t status = answer_bytes(answer, PROTEA_OK, "{}");
        answer->length = SIZE_MAX;
        return status;
    }
    if (SIN("unfreed")) {
        char text[64];
        snprintf(text, sizeof text, "{\"kind\":\"failed\",\"message\":\"%d unfreed\"}", unfreed);
        return answer_bytes(answer, PROTEA_ERROR, text);
    }
    if (SIN("younger_error"))
        return answer_bytes(answer, PROTEA_ERROR,
                            "{\"kind\":\"quota\",\"message\":\"no more licences\",\"left\":0}");
    if (SIN("half_error")) return answer_bytes(answer, PROTEA_ERROR, "{\"kind\":\"dataset\"}");
    if (SIN("event_not_utf8"))
        send(host, "name\xff", "message \xc3(", "{\"k\":\"\xff\"}", PROTEA_LEVEL_WARNING);
    if (SIN("event_without_name")) host->emit(host, NULL, 5, NULL, 0, NULL, 0, PROTEA_LEVEL_INFO);
    if (SIN("event_without_fields")) send(host, "plain", NULL, NULL, 99);
    if (SIN("absurd_event"))
        host->emit(host, "e", 1, "m", SIZE_MAX / 2, NULL, 0, PROTEA_LEVEL_INFO);
    if (SIN("release_twice")) {
        host->retain(host);
        host->release(host);
        host->release(host);
    }
    if (SIN("no_host")) {
        protea_host copy = *host;
        copy.context = NULL;
        if (!host->is_cancelled(NULL) || !host->is_cancelled(&copy) || host->level(NULL) != 3 ||
            !host->emit(NULL, "e", 1, NULL, 0, NULL, 0, 1))
            abort();
        host->retain(NULL);
        host->release(NULL);
    }
    if (SIN("a_copy")) {
        protea_host copy = *host;
        send(&copy, "copied", "by value", "{\"n\":1}", PROTEA_LEVEL_INFO);
    }
    if (SIN("debug_events")) send(host, "noise", NULL, "{}", PROTEA_LEVEL_DEBUG);
    if (SIN("a_cancelled_call") && host->is_cancelled(host) &&
        host->emit(host, "stopping", 8, NULL, 0, NULL, 0, PROTEA_LEVEL_INFO))
        return answer_bytes(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
    if (SIN("late")) {
        pthread_t thread;
        uint32_t status =
            answer_bytes(answer, PROTEA_OK, "{\"model_uri\":\"file:///nowhere\"}");
        atomic_store(&late_answer, answer->json);
        host->retain(host);
        if (pthread_create(&thread, NULL, later, (void *)(uintptr_t)host) == 0)
            pthread_detach(thread);
        return status;
    }
    return answer_bytes(answer, PROTEA_OK, "{\"model_uri\":\"file:///nowhere\"}");
}

static uint32_t unsupported(const char *request, size_t length, const protea_host *host,
                            protea_answer *answer) {
    (void)request, (void)length, (void)host;
    return answer_bytes(answer, PROTEA_ERROR,
                        "{\"kind\":\"unsupported\",\"operation\":\"this\",\"remedy\":\"fit\"}");
}

#ifdef EXPLAINS
static uint32_t explain(const char *request, size_t length, const protea_host *host,
                        protea_answer *answer) {
    (void)request, (void)length;
    send(host, "explaining", NULL, NULL, PROTEA_LEVEL_INFO);
    return answer_bytes(answer, PROTEA_OK,
                        "{\"accession\":\"P1\",\"contributors\":\"feature\",\"predicted\":1,\"terms\":["
                        "{\"term\":\"T:1\",\"score\":0.5,\"contributions\":["
                        "{\"source\":\"length\",\"amount\":0.5,\"value\":120}]}]}");
}
#define EXPLAIN explain
#else
#define EXPLAIN NULL
#endif

static void free_answer(protea_answer *answer) {
    if (answer->json) atomic_fetch_sub(&unfreed, 1);
    void *late = answer->json;
    if (late) atomic_compare_exchange_strong(&late_answer, &late, NULL);
    free(answer->json);
}

#ifdef LONGER_TABLE
PROTEA_EXPORT const struct {
    protea_runner known;
    void *added[3];
} grown = {{sizeof grown, describe, fit, unsupported, unsupported, free_answer, EXPLAIN, NULL}, {0, 0, 0}};
#define TABLE_IS_ELSEWHERE
#if defined(__APPLE__)
__asm__(".globl _protea_runner_c_v1\n.set _protea_runner_c_v1, _grown\n");
#else
__asm__(".globl protea_runner_c_v1\n.set protea_runner_c_v1, grown\n");
#endif
#endif

#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(protea_runner)
#endif
#ifndef EVALUATE
#define EVALUATE unsupported
#endif
#ifndef TABLE_IS_ELSEWHERE
PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = STRUCT_SIZE,
    .describe = describe,
    .fit = fit,
    .evaluate = EVALUATE,
    .export_model = unsupported,
    .free_answer = free_answer,
    .explain = EXPLAIN,
};
#endif

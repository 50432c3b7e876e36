/* A runner in C whose processes start processes without end, in one process group (BOMB=group) or each
   in a session of its own (BOMB=sessions). At most BOMB_PROCESSES run at a time. */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("bomb", "0.1.0", "Starts processes without end.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(answer, PROTEA_OK,
                       "{\"descriptor\":"
                       PROTEA_DESCRIPTOR_JSON("bomb", "0.1.0", "Starts processes without end.")
                       ",\"spec_schema\":{\"type\":\"object\",\"properties\":{}}"
                       ",\"spec_defaults\":{},\"metrics\":{\"metrics\":[]}}");
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    (void)request, (void)length, (void)host;
    const char *kind = getenv("BOMB"), *most = getenv("BOMB_PROCESSES");
    int sessions = kind && strcmp(kind, "sessions") == 0, limit = most ? atoi(most) : 100;
    atomic_int *started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (atomic_fetch_add(started, 1) < limit) {
            if (fork() == 0 && sessions) setsid();
        } else {
            atomic_fetch_sub(started, 1);
            usleep(1000);
        }
    }
    return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"failed\",\"message\":\"unreachable\"}");
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
    .evaluate = unsupported,
    .export_model = unsupported,
    .free_answer = free_answer,
};

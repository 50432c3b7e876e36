/* A runner in C that emits metrics without end, and counts in the file COUNTING_FILE those whose
   emit has returned. The count is in shared memory: it survives the end of the process. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("counting", "0.1.0", "Counts its events.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(answer, PROTEA_OK,
                       "{\"descriptor\":"
                       PROTEA_DESCRIPTOR_JSON("counting", "0.1.0", "Counts its events.")
                       ",\"spec_schema\":{\"type\":\"object\",\"properties\":{}}"
                       ",\"spec_defaults\":{},\"metrics\":{\"metrics\":[]}}");
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    (void)request, (void)length;
    const char *path = getenv("COUNTING_FILE");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0)
        return answer_text(answer, PROTEA_ERROR,
                           "{\"kind\":\"failed\",\"message\":\"COUNTING_FILE\"}");
    _Atomic uint64_t *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (uint64_t step = 0;; step++) {
        char fields[96];
        int size = snprintf(fields, sizeof fields, "{\"name\":\"m\",\"value\":%llu.5,\"step\":%llu}",
                            (unsigned long long)step, (unsigned long long)step);
        if (host->emit(host, "metric", 6, NULL, 0, fields, (size_t)size, PROTEA_LEVEL_INFO))
            return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"cancelled\"}");
        atomic_store(count, step + 1);
        /* Something that need not wait, in between. */
        host->emit(host, "runner.counting.step", 20, NULL, 0, "{}", 2, PROTEA_LEVEL_INFO);
    }
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

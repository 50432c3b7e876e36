/* A runner in C that creates System V shared memory, writes its id to the file SEGMENT_FILE, and fails.
   A child that has a session of its own creates another segment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("segment", "0.1.0", "Leaves shared memory.");

static uint32_t answer_text(protea_answer *answer, uint32_t status, const char *json) {
    answer->length = strlen(json);
    answer->json = malloc(answer->length + 1);
    memcpy(answer->json, json, answer->length);
    return status;
}

static uint32_t describe(protea_answer *answer) {
    return answer_text(answer, PROTEA_OK,
                       "{\"descriptor\":"
                       PROTEA_DESCRIPTOR_JSON("segment", "0.1.0", "Leaves shared memory.")
                       ",\"spec_schema\":{\"type\":\"object\",\"properties\":{}}"
                       ",\"spec_defaults\":{},\"metrics\":{\"metrics\":[]}}");
}

static void leave(FILE *file) {
    int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
    char *memory = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
    if (memory != (char *)-1) memset(memory, 1, 1 << 20);
    fprintf(file, "%d\n", id);
    fflush(file);
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    (void)request, (void)length, (void)host;
    const char *path = getenv("SEGMENT_FILE");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        leave(file);
        pid_t child = fork();
        if (child == 0) {
            setsid();
            pid_t orphan = fork();
            if (orphan == 0) {
                leave(file);
                for (;;) pause();
            }
            _exit(0);
        }
        waitpid(child, NULL, 0);
        /* Until the orphan has left its segment. */
        for (int lines = 0; lines < 2; usleep(1000)) {
            FILE *again = fopen(path, "r");
            lines = 0;
            for (int byte; again && (byte = fgetc(again)) != EOF;) lines += byte == '\n';
            if (again) fclose(again);
        }
        fclose(file);
    }
    return answer_text(answer, PROTEA_ERROR, "{\"kind\":\"failed\",\"message\":\"as planned\"}");
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

/* A runner in C that creates System V shared memory, writes its id to the file SEGMENT_FILE, and fails.
   An orphan in a session of its own creates another segment, and so does a child that the runner waits
   for. */
#include <dirent.h>
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

/* How often the threads of a process have waited. */
static long waits(pid_t process) {
    char path[512], line[256];
    long sum = 0, count;
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    for (struct dirent *thread; threads && (thread = readdir(threads));) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)process, thread->d_name);
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof line, status))
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1) sum += count;
        if (status) fclose(status);
    }
    if (threads) closedir(threads);
    return sum;
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
        pid_t keeper = getppid();
        child = fork();
        if (child == 0) {
            leave(file);
            /* The keeper looks a few times a second, and waits in between. */
            long before = waits(keeper);
            for (int turn = 0; turn < 60000 && waits(keeper) < before + 3; turn++) usleep(1000);
            _exit(0);
        }
        waitpid(child, NULL, 0);
        /* Until the orphan has left its segment. */
        for (int lines = 0; lines < 3; usleep(1000)) {
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

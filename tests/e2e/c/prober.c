/* A runner in C that makes system calls a sandbox must refuse, or permit, each in a process of its own.
 * It answers the error of each: 0 if it succeeded, -1 if a signal ended the process. The calls change
 * nothing where they succeed. PROBER_* variables name what they aim at. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "protea_runner.h"

PROTEA_RUNNER_DESCRIPTOR("prober", "0.1.0", "Probes its sandbox.");

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}
static pid_t other, host, keeper;
static long own_maps; /* of the worker, not of the process of a probe */
static char output[4096], path[8192];

static const char *in_output(const char *name) {
    snprintf(path, sizeof path, "%s/%s", output, name);
    return path;
}
static const char *of_process(pid_t process, const char *file) {
    snprintf(path, sizeof path, "/proc/%d/%s", process, file);
    return path;
}

/* Reads a byte, which some files of /proc refuse only then. */
static long readable(const char *name) {
    char byte;
    int file = open(name, O_RDONLY | O_NONBLOCK);
    return file < 0 ? -1 : read(file, &byte, 1);
}
static struct sockaddr_un address(const char *name) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
    return at;
}
static long datagram(int how) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends)) return -1;
    struct sockaddr_un at = address(variable("PROBER_SOCKET"));
    struct iovec part = {"out", 3};
    struct msghdr message = {
        .msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &part, .msg_iovlen = 1};
    if (how == 0) return sendto(ends[0], "out", 3, 0, (void *)&at, sizeof at);
    if (how == 1) return connect(ends[0], (void *)&at, sizeof at);
    return sendmsg(ends[0], &message, 0);
}
static long limits(pid_t process, int resource) {
    struct rlimit limit;
    if (syscall(SYS_prlimit64, process, resource, NULL, &limit)) return -1;
    return syscall(SYS_prlimit64, process, resource, &limit, NULL);
}
static long scheduling(pid_t process) {
    struct sched_param parameters = {0};
    return syscall(SYS_sched_setscheduler, process, SCHED_OTHER, &parameters);
}
static long affinity(pid_t process) {
    unsigned long set[128];
    long size = syscall(SYS_sched_getaffinity, process, sizeof set, set);
    return size < 0 ? -1 : syscall(SYS_sched_setaffinity, process, size, set);
}
static long waited(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    errno = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EFAULT;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
static long start(const char *program) {
    pid_t child = fork();
    if (child == 0) {
        execl(program, program, NULL);
        _exit(errno);
    }
    return waited(child);
}
static long start_memory(int flags, int by_path) {
    int file = syscall(SYS_memfd_create, "program", flags);
    if (file < 0) return -1;
    int from = open("/bin/true", O_RDONLY);
    char block[4096];
    for (ssize_t got; from >= 0 && (got = read(from, block, sizeof block)) > 0;)
        if (write(file, block, got) != got) return -1;
    pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {"true", NULL}, *none[] = {NULL};
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        if (by_path) execve(path, arguments, none);
        else syscall(SYS_execveat, file, "", arguments, none, AT_EMPTY_PATH);
        _exit(errno);
    }
    return waited(child);
}
static long signal_through_file(pid_t process) {
    int ends[2];
    return pipe(ends) ? -1 : fcntl(ends[0], F_SETOWN, process);
}
static long clock_read(int by_clock) {
    struct timex none = {.modes = 0};
    return by_clock ? syscall(SYS_clock_adjtime, CLOCK_REALTIME, &none) : syscall(SYS_adjtimex, &none);
}
static long with_namespace(int flag) {
    pid_t child = syscall(SYS_clone, flag | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) _exit(0);
    return child < 0 ? -1 : waited(child);
}
static long with_clone3(void) {
    unsigned long long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    pid_t child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return child < 0 ? -1 : waited(child);
}
static long trace(pid_t process) { return ptrace(PTRACE_SEIZE, process, NULL, NULL); }
static long copy_memory(pid_t process) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)output, 1};
    return syscall(SYS_process_vm_readv, process, &here, 1, &there, 1, 0);
}
static long new_memory_segment(void) {
    long segment = syscall(SYS_shmget, 0, 4096, 01000 | 0600);
    return segment < 0 ? -1 : syscall(SYS_shmctl, segment, 0, NULL);
}
static long new_queue(void) {
    long queue = syscall(SYS_msgget, 0, 01000 | 0600);
    return queue < 0 ? -1 : syscall(SYS_msgctl, queue, 0, NULL);
}
static long new_semaphore(void) {
    long semaphore = syscall(SYS_semget, 0, 1, 01000 | 0600);
    return semaphore < 0 ? -1 : syscall(SYS_semctl, semaphore, 0, 0, NULL);
}
static long performance(pid_t process, int processor) {
    unsigned int attributes[32] = {1 /* software */, sizeof attributes};
    return syscall(SYS_perf_event_open, attributes, process, processor, -1, 0);
}
static long capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets)) return -1;
    errno = EPERM;
    return sets[0].permitted | sets[1].permitted | sets[0].effective | sets[1].effective ? 0 : -1;
}
static long handle(void) {
    struct file_handle *found = calloc(1, sizeof *found + 128);
    int mount;
    found->handle_bytes = 128;
    return name_to_handle_at(AT_FDCWD, variable("PROBER_FILE"), found, &mount, 0);
}
static long inherited_file(void) {
    struct stat wanted, found;
    if (stat(variable("PROBER_FILE"), &wanted)) return -1;
    for (int file = 3; file < 200; file++)
        if (!fstat(file, &found) && found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev)
            return 0;
    errno = EBADF;
    return -1;
}
static long present(const char *name) {
    errno = ENOENT;
    return getenv(name) ? 0 : -1;
}
static long made(int how) {
    int file = how == 0 ? open(in_output("tmp"), O_CREAT | O_RDWR, 0600) : 0;
    if (how == 0) return file < 0 ? -1 : ftruncate(file, 5);
    if (how == 2) return mkdir(in_output("directory"), 0700);
    /* The host refuses an output with one of these. */
    const char *name = in_output(how == 1 ? "link" : how == 3 ? "fifo" : "device");
    long result = how == 1   ? symlink("tmp", name)
                  : how == 3 ? mkfifo(name, 0600)
                             : mknod(name, S_IFBLK | 0600, 254 << 8);
    if (result == 0) unlink(name);
    return result;
}
static long thread_name(void) { return prctl(PR_SET_NAME, "probe", 0, 0, 0); }
static long child_process(void) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    return waited(child);
}
static long setgroups_nothing(void) { return syscall(SYS_setgroups, 0, NULL); }
static long shared_memory(void) {
    const char *file = "/dev/shm/protea-prober";
    int made = open(file, O_CREAT | O_RDWR, 0600);
    unlink(file);
    return made;
}
static long own_signal(void) { return kill(getpid(), 0); }
static long terminal_input(void) { return ioctl(0, TIOCSTI, "#"); }
static long x32(void) { return syscall(0x40000000 | SYS_getpid); }
static long foreign(void) {
#ifdef __x86_64__
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20) : "memory");
    return answer;
#else
    raise(SIGSYS);
    return -1;
#endif
}

typedef struct probe {
    const char *name;
    long (*call)(void);
} probe;
#define P(name, expression) \
    static long probe_##name(void) { return (long)(expression); }
#include "probes.h"
#undef P
static const probe PROBES[] = {
#define P(name, expression) {#name, probe_##name},
#include "probes.h"
#undef P
};
enum { COUNT = sizeof PROBES / sizeof *PROBES };

static void run(int *errors) {
    other = atoi(variable("PROBER_OTHER"));
    host = atoi(variable("PROBER_HOST"));
    keeper = getppid();
    own_maps = readable("/proc/self/maps");
    for (int at = 0; at < COUNT; at++) {
        errors[at] = -1;
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            errno = 0;
            errors[at] = PROBES[at].call() < 0 ? errno : 0;
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
    }
}

static uint32_t answer_json(protea_answer *answer, const char *json) {
    answer->length = strlen(json);
    answer->json = strdup(json);
    return PROTEA_OK;
}
static uint32_t describe(protea_answer *answer) {
    return answer_json(
        answer, "{\"descriptor\":" PROTEA_DESCRIPTOR_JSON("prober", "0.1.0", "Probes its sandbox.")
                ",\"spec_schema\":{\"type\":\"object\"},\"spec_defaults\":{}"
                ",\"metrics\":{\"metrics\":[],\"placeholder\":true}}");
}
static uint32_t fit(const char *request, size_t length, const protea_host *called,
                    protea_answer *answer) {
    (void)called;
    char *text = strndup(request, length);
    const char *uri = strstr(text, "\"output_uri\":\"") + strlen("\"output_uri\":\"");
    int size = (int)strcspn(uri, "\"");
    snprintf(output, sizeof output, "%.*s", size - 7, uri + strlen("file://"));
    mkdir(output, 0777);
    int *errors = mmap(NULL, COUNT * sizeof(int), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    run(errors);
    FILE *model = fopen(in_output("model.json"), "w");
    fputs("{}", model);
    fclose(model);
    char *json = malloc(64 * COUNT + 16384), *end = json;
    end += sprintf(end, "{\"model_uri\":\"%.*s/model.json\",\"extras\":{\"a\":0", size, uri);
    for (int at = 0; at < COUNT; at++)
        end += sprintf(end, ",\"%s\":%d", PROBES[at].name, errors[at]);
    sprintf(end, "},\"metrics\":{}}");
    free(text);
    return answer_json(answer, json);
}
static uint32_t none(const char *request, size_t length, const protea_host *called,
                     protea_answer *answer) {
    (void)request, (void)length, (void)called;
    return answer_json(answer, "{\"metrics\":{},\"files\":[]}");
}
static void free_answer(protea_answer *answer) {
    free(answer->json);
    answer->json = NULL;
}

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = none,
    .export_model = none,
    .free_answer = free_answer,
};

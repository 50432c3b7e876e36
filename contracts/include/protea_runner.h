/*
 * protea_runner.h: a protea experiment runner in plain C (C11, or C++20).
 *
 * A runner is a shared library that exports two things, both declared here:
 *
 *   - a descriptor, which a host reads from the file without running any code:
 *
 *         PROTEA_RUNNER_DESCRIPTOR("mine", "0.1.0", "What it does, in one line.");
 *
 *   - a table of functions, under the symbol `protea_runner_c_v1`:
 *
 *         PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
 *             .struct_size = sizeof(protea_runner),
 *             .describe = describe,
 *             .fit = fit,
 *             .evaluate = evaluate,
 *             .export_model = export_model,
 *             .free_answer = free_answer,
 *         };
 *
 * Build it with `cc -shared -fPIC -o libmine.so mine.c` and drop it into a runner directory.
 *
 * Requests and answers are JSON in UTF-8, the same as those of a runner in Rust; their fields are
 * documented in protea-contracts (`request`, `result`, `error`, `Capabilities`). A runner must ignore
 * a field that it does not know: a newer host may send more.
 *
 * Versions: every struct begins with its size as the side that fills it knows it. Within one major
 * version of the contract, fields are only added at the end. Read a field that is not in version
 * 1.0.0 only if `struct_size` covers it (PROTEA_HAS).
 *
 * Calls may come from any thread, and several may run at once. No longjmp and no C++ exception may
 * cross this boundary.
 */
#ifndef PROTEA_RUNNER_H
#define PROTEA_RUNNER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The contract of this header. A host of the same major version accepts the runner. */
#define PROTEA_CONTRACT_VERSION "1.2.0"

/* The longest answer, and the longest string of an event, that a host accepts: 64 MiB. */
#define PROTEA_TEXT_LIMIT ((size_t)67108864)

/* What a call returns. */
#define PROTEA_OK UINT32_C(0)    /* the answer is the result */
#define PROTEA_ERROR UINT32_C(1) /* the answer is an error, see protea_runner */

/* How important an event is. */
#define PROTEA_LEVEL_DEBUG UINT32_C(0)   /* for the author of the runner */
#define PROTEA_LEVEL_INFO UINT32_C(1)    /* for the user */
#define PROTEA_LEVEL_WARNING UINT32_C(2) /* the user should look at it; the result is valid */
#define PROTEA_LEVEL_ERROR UINT32_C(3)   /* something went wrong */

/* Whether the struct behind `pointer` is new enough to have `field`. */
#define PROTEA_HAS(pointer, type, field) \
    ((pointer)->struct_size >= offsetof(type, field) + sizeof((pointer)->field))

typedef struct protea_host protea_host;
typedef struct protea_answer protea_answer;
typedef struct protea_runner protea_runner;

/*
 * The host, as a runner sees it during one call. Pass the pointer itself, or a plain copy of the
 * struct, to its functions; they may be called from any thread.
 *
 * It is valid until the call returns, and longer only while it is retained. Events emitted after
 * the call has returned are dropped and counted as violations of the contract.
 */
struct protea_host {
    size_t struct_size;

    /* For the host only. */
    const void *context;

    /*
     * Sends an event. `event` is a dotted name such as "runner.mine.fit_start"; `message` is for
     * people, or NULL; `fields` is a JSON object, or NULL for an empty one. Lengths are in bytes,
     * without a terminating NUL. An event below level() is dropped. Never fails; invalid UTF-8 in
     * name and message is replaced.
     *
     * The event "progress" with {"done": 3, "total": 10} reports how far the call has come, and
     * "metric" with {"name": "loss", "value": 0.5, "step": 3} records a metric during the call.
     *
     * Returns non-zero if the host wants the call to end. Answer {"kind":"cancelled"} within a
     * second.
     */
    int32_t (*emit)(const protea_host *host, const char *event, size_t event_length,
                    const char *message, size_t message_length, const char *fields,
                    size_t fields_length, uint32_t level);

    /* Returns non-zero if the host wants the call to end. */
    int32_t (*is_cancelled)(const protea_host *host);

    /* The lowest level that the host wants. */
    uint32_t (*level)(const protea_host *host);

    /* Keeps the host valid beyond the call, for a thread that ends late. Call release once for each. */
    void (*retain)(const protea_host *host);
    void (*release)(const protea_host *host);
};

/* The host sets `struct_size` and zeroes the rest; the runner's function fills it. */
struct protea_answer {
    size_t struct_size;

    /* JSON, UTF-8, without a terminating NUL. The runner owns it; the host calls free_answer. */
    char *json;
    size_t length;
};

/*
 * The runner. Every function is required, except `explain` and `predict`, which may be NULL. Each
 * returns PROTEA_OK or PROTEA_ERROR and fills `answer`.
 *
 *   function       request           answer
 *   describe       nothing           Capabilities
 *   fit            FitRequest        RunResult     {"model_uri": "file:///...", "metrics": {...}}
 *   evaluate       EvaluateRequest   EvalResult    {"metrics": {...}}
 *   export_model   ExportRequest     ExportResult  {"files": [{"role", "uri", "sha256", "bytes"}, ...]}
 *   explain        ExplainRequest    Explanation   {"accession": "...", "contributors": "feature",
 *                                                   "predicted": 1, "terms": [{"term", "score",
 *                                                   "contributions": [{"source", "amount"}, ...]}]}
 *   predict        PredictRequest    PredictResult {"predictions_uri": "file:///...", "counts":
 *                                                   {"proteins", "predicted", "predictions"}}
 *
 * A runner that has `explain` must set "explains": true in its Capabilities; one that has `predict`,
 * "predicts": true. One that understands "shard" and "partials" in a PredictRequest can set
 * "splits_references": true; otherwise it never gets them.
 *
 * A runner whose fit can be continued can set "checkpoints": true. Its FitRequest then may have
 * "checkpoint_uri": a directory that outlives the call, into which it saves its state. The same fit,
 * made again after it was killed, finds it there. Write each file under another name first and
 * rename it; start from the beginning if the state cannot be used; write the same model as without an
 * interruption.
 *
 * An error is one of
 *
 *   {"kind": "unsupported", "operation": "fit", "remedy": "what to do instead"}
 *   {"kind": "invalid_spec", "pointer": "/k", "message": "..."}
 *   {"kind": "dataset", "message": "..."}      the dataset is at fault
 *   {"kind": "model", "message": "..."}        the model is at fault
 *   {"kind": "not_found", "message": "..."}    no such protein, or no such term
 *   {"kind": "missing", "what": "the program blastp", "remedy": "how to get it"}
 *   {"kind": "no_space", "message": "..."}     the disk is full, or a quota is used up
 *   {"kind": "cancelled"}
 *   {"kind": "failed", "message": "..."}       any other failure
 *
 * An older host shows an error of a kind that it does not know as "failed".
 *
 * `request` is not terminated by a NUL, and is valid until the call returns.
 */
struct protea_runner {
    size_t struct_size;
    uint32_t (*describe)(protea_answer *answer);
    uint32_t (*fit)(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer);
    uint32_t (*evaluate)(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer);
    uint32_t (*export_model)(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer);
    /* Frees the memory of the answer. Called once after every call, whatever it returned. */
    void (*free_answer)(protea_answer *answer);
    /* Since 1.1.0. Explains the scores of a protein. */
    uint32_t (*explain)(const char *request, size_t length, const protea_host *host,
                        protea_answer *answer);
    /* Since 1.2.0. Predicts for proteins without annotations. */
    uint32_t (*predict)(const char *request, size_t length, const protea_host *host,
                        protea_answer *answer);
};

/* Exports a symbol, whatever -fvisibility says. */
#if defined(_WIN32)
#define PROTEA_EXPORT __declspec(dllexport)
#else
#define PROTEA_EXPORT __attribute__((visibility("default")))
#endif

/* The symbol that a host searches for. */
#define PROTEA_RUNNER_SYMBOL "protea_runner_c_v1"
extern PROTEA_EXPORT const protea_runner protea_runner_c_v1;

/*
 * The descriptor: 1024 bytes in the link section ".protea" ("__DATA,__protea" on Apple's systems).
 * Magic and format version, four little-endian lengths, then name, version, contract version and
 * summary without separators.
 */
#define PROTEA_DESCRIPTOR_SIZE 1024

typedef struct protea_descriptor {
    unsigned char magic[16];
    unsigned char lengths[8];
    char texts[1000];
} protea_descriptor;

#if defined(__APPLE__)
#define PROTEA_SECTION "__DATA,__protea"
#else
#define PROTEA_SECTION ".protea"
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#pragma section(".protea", read)
#define PROTEA_IN_SECTION __declspec(allocate(".protea"))
#else
#define PROTEA_IN_SECTION __attribute__((used, section(PROTEA_SECTION)))
#endif

#ifdef __cplusplus
#define PROTEA_ASSERT(condition, message) static_assert(condition, message)
#else
#define PROTEA_ASSERT(condition, message) _Static_assert(condition, message)
#endif

#define PROTEA_LENGTH(text) (sizeof("" text "") - 1)
#define PROTEA_LENGTH_BYTES(text) \
    (unsigned char)(PROTEA_LENGTH(text) & 0xff), (unsigned char)(PROTEA_LENGTH(text) >> 8)

/*
 * Defines the descriptor. Use it once in a library, at file scope. All three are string literals: the
 * name has lower-case letters, digits, '-' and '_', begins with a letter and is at most 64 bytes
 * long; the version is that of the runner; the summary is one line of UTF-8.
 */
#define PROTEA_RUNNER_DESCRIPTOR(name, version, summary)                                           \
    PROTEA_ASSERT(PROTEA_LENGTH(name) >= 1 && PROTEA_LENGTH(name) <= 64,                           \
                  "the name of a runner is 1 to 64 long");                                            \
    PROTEA_ASSERT(sizeof("" name version PROTEA_CONTRACT_VERSION summary "") <= 1000,              \
                  "the runner's name, version and summary are too long together");                 \
    PROTEA_EXPORT extern const protea_descriptor protea_runner_descriptor_v1;                      \
    PROTEA_IN_SECTION const protea_descriptor protea_runner_descriptor_v1 = {                      \
        {'P', 'R', 'O', 'T', 'E', 'A', '-', 'R', 'U', 'N', 'N', 'E', 'R', 0, 0, 1},                \
        {PROTEA_LENGTH_BYTES(name), PROTEA_LENGTH_BYTES(version),                                  \
         PROTEA_LENGTH_BYTES(PROTEA_CONTRACT_VERSION), PROTEA_LENGTH_BYTES(summary)},              \
        "" name version PROTEA_CONTRACT_VERSION summary ""}

/*
 * The same as JSON text, for the "descriptor" of Capabilities: a string literal. Its arguments must
 * not contain quotes or backslashes.
 */
#define PROTEA_DESCRIPTOR_JSON(name, version, summary)                                             \
    "{\"name\":\"" name "\",\"version\":\"" version                                                \
    "\",\"contract_version\":\"" PROTEA_CONTRACT_VERSION "\",\"summary\":\"" summary "\"}"

PROTEA_ASSERT(sizeof(protea_descriptor) == PROTEA_DESCRIPTOR_SIZE, "a descriptor is 1024 bytes");

#ifdef __cplusplus
}
#endif

#endif

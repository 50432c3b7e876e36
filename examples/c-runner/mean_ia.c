/*
 * mean-ia: a protea runner in plain C.
 *
 * It learns one number: the mean or the median information accretion of the terms of a dataset
 * (`ia.tsv`, in bits). Its score is the mean distance of that number from the terms of another
 * dataset. This metric is not in the CAFA schema, so `describe` declares it.
 */
#include <math.h>

#include "protea_runner.h"
#include "support.h"

#define NAME "mean-ia"
#define VERSION "0.1.0"
#define SUMMARY "Predicts every term's information accretion by their mean."

PROTEA_RUNNER_DESCRIPTOR(NAME, VERSION, SUMMARY);

static const char CAPABILITIES[] =
    "{\"descriptor\":" PROTEA_DESCRIPTOR_JSON(NAME, VERSION, SUMMARY)
    ",\"spec_schema\":{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
    "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"statistic\":{"
    "\"description\":\"The statistic of the terms' information accretion.\","
    "\"type\":\"string\",\"enum\":[\"mean\",\"median\"],\"default\":\"mean\"}}}"
    ",\"spec_defaults\":{\"statistic\":\"mean\"}"
    ",\"metrics\":{\"groups\":[],\"metrics\":[{\"name\":\"mean_absolute_error\","
    "\"direction\":\"lower_is_better\",\"minimum\":0.0}],\"placeholder\":false}}";

/* ---- Answers. ---- */

static uint32_t answer_text(protea_answer *answer, text *json, uint32_t status) {
    if (json->failed) {
        free(json->bytes);
        *json = (text){0};
        say(json, "{\"kind\":\"failed\",\"message\":\"out of memory\"}");
        status = PROTEA_ERROR;
    }
    answer->json = json->bytes;
    answer->length = json->length;
    return status;
}

static uint32_t error(protea_answer *answer, const char *kind, const char *message,
                      const char *place) {
    text json = {0}, whole = {0};
    say(&whole, message);
    if (place) say(&whole, place);
    say(&json, "{\"kind\":");
    print_string(&json, kind);
    say(&json, ",\"message\":");
    print_string(&json, whole.failed ? message : whole.bytes);
    say(&json, "}");
    free(whole.bytes);
    return answer_text(answer, &json, PROTEA_ERROR);
}

static uint32_t cancelled(protea_answer *answer) {
    text json = {0};
    say(&json, "{\"kind\":\"cancelled\"}");
    return answer_text(answer, &json, PROTEA_ERROR);
}

static void free_answer(protea_answer *answer) {
    free(answer->json);
    answer->json = NULL;
}

/* Emits an event. Returns whether the host cancels the call. */
static int emit(const protea_host *host, const char *event, const char *fields) {
    return host->emit(host, event, strlen(event), NULL, 0, fields, strlen(fields),
                      PROTEA_LEVEL_INFO);
}

/* ---- The dataset. ---- */

typedef struct terms {
    double *information;
    size_t count;
} terms;

/* Checks a file of the dataset against its SHA-256 in `listed`. Keeps the content of `ia.tsv`. */
static int check_file(json dataset_uri, json listed, text *kept) {
    json name = member(listed, "path"), sum = member(listed, "sha256");
    if (!name.start || *name.start != '"') return 0;
    text relative = {0}, content = {0};
    append(&relative, name.start + 1, (size_t)(name.end - name.start) - 2);
    char *path = relative.failed ? NULL : path_of(dataset_uri, relative.bytes);
    char hex[65] = "";
    int same = path && read_file(path, &content);
    if (same) sha256(content.bytes, content.length, hex);
    same = same && is_text(sum, hex);
    if (same && strcmp(relative.bytes, "ia.tsv") == 0) {
        free(kept->bytes);
        *kept = content;
    } else {
        free(content.bytes);
    }
    free(path);
    free(relative.bytes);
    return same;
}

/* Reads the terms of the dataset at `uri`. Returns 0 on success; otherwise sets `*status`. */
static int read_terms(json uri, const protea_host *host, terms *into, protea_answer *answer,
                      uint32_t *status) {
    text manifest = {0}, table = {0};
    char *path = path_of(uri, "dataset.json");
    *into = (terms){NULL, 0};
    *status = PROTEA_OK;
    if (!path || !read_file(path, &manifest)) {
        *status = error(answer, "dataset", "cannot read the manifest of the dataset: ", path);
        goto done;
    }
    json files = member(json_of(manifest.bytes, manifest.length), "files"), file, key;
    for (const char *at = NULL; next(files, &at, &key, &file);)
        if (!check_file(uri, file, &table)) {
            *status = error(answer, "dataset",
                            "a file is missing or differs from the manifest; get a new copy: ", path);
            goto done;
        }
    if (!table.bytes) {
        *status = error(answer, "dataset", "the manifest does not list ia.tsv: ", path);
        goto done;
    }
    size_t lines = 0;
    for (const char *at = table.bytes; (at = strchr(at, '\n')); at++) lines++;
    into->information = malloc((lines + 1) * sizeof(double));
    if (!into->information) {
        *status = error(answer, "failed", "out of memory", NULL);
        goto done;
    }
    for (char *line = table.bytes, *end; *line; line = end + (*end == '\n')) {
        end = line + strcspn(line, "\n");
        char *tab = memchr(line, '\t', (size_t)(end - line)), *rest = tab;
        double bits = tab ? strtod(tab + 1, &rest) : 0.0;
        if (!tab || rest != end || !isfinite(bits) || bits < 0.0) {
            *status = error(answer, "dataset", "ia.tsv has a line that is not a term and its bits: ",
                            path);
            goto done;
        }
        into->information[into->count++] = bits;
        if (into->count % 1024 == 0) {
            char fields[96];
            snprintf(fields, sizeof fields, "{\"done\":%zu,\"total\":%zu}", into->count, lines);
            if (emit(host, "progress", fields)) {
                *status = cancelled(answer);
                goto done;
            }
        }
    }
    if (into->count == 0) *status = error(answer, "dataset", "ia.tsv has no terms: ", path);
done:
    free(path);
    free(manifest.bytes);
    free(table.bytes);
    if (*status != PROTEA_OK) {
        free(into->information);
        into->information = NULL;
    }
    return *status != PROTEA_OK;
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double learn(terms *from, int median) {
    qsort(from->information, from->count, sizeof(double), ascending);
    if (median)
        return (from->information[(from->count - 1) / 2] + from->information[from->count / 2]) / 2;
    double sum = 0;
    for (size_t i = 0; i < from->count; i++) sum += from->information[i];
    return sum / (double)from->count;
}

static double mean_absolute_error(const terms *of, double predicted) {
    double sum = 0;
    for (size_t i = 0; i < of->count; i++) sum += fabs(of->information[i] - predicted);
    return sum / (double)of->count;
}

/* ---- The model: {"kind": "mean-ia", "statistic": "mean", "information": 5.25}. ---- */

static char *model_path(json uri) {
    char *path = path_of(uri, NULL);
    struct stat found;
    if (path && stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        free(path);
        path = path_of(uri, "model.json");
    }
    return path;
}

/* Returns 0 on success. `statistic` points into the text that `document` keeps. */
static int read_model(json uri, text *document, json *statistic, double *information,
                      protea_answer *answer, uint32_t *status) {
    char *path = model_path(uri);
    *status = PROTEA_OK;
    if (!path || !read_file(path, document)) {
        *status = error(answer, "model", "cannot read the model: ", path);
    } else {
        json model = json_of(document->bytes, document->length);
        json number = member(model, "information");
        *statistic = member(model, "statistic");
        char *rest = NULL;
        *information = number.start ? strtod(number.start, &rest) : NAN;
        if (!is_text(member(model, "kind"), NAME) || rest != number.end ||
            !isfinite(*information) || !(is_text(*statistic, "mean") || is_text(*statistic, "median")))
            *status = error(answer, "model", "not a model of " NAME ": ", path);
    }
    free(path);
    return *status != PROTEA_OK;
}

/* ---- The functions of a runner. ---- */

static uint32_t describe(protea_answer *answer) {
    text json = {0};
    say(&json, CAPABILITIES);
    return answer_text(answer, &json, PROTEA_OK);
}

static uint32_t reject_setting(json key, protea_answer *answer) {
    text json = {0};
    say(&json, "{\"kind\":\"invalid_spec\",\"pointer\":\"");
    if (key.start) {
        say(&json, "/");
        append(&json, key.start + 1, (size_t)(key.end - key.start) - 2);
    }
    say(&json, "\"");
    say(&json, ",\"message\":\"the only setting is statistic: mean or median\"}");
    return answer_text(answer, &json, PROTEA_ERROR);
}

static uint32_t fit(const char *request, size_t length, const protea_host *host,
                    protea_answer *answer) {
    json asked = json_of(request, length), key = {NULL, NULL}, value;
    json spec = member(asked, "spec"), output = member(asked, "output_uri");
    int median = 0;
    if (!spec.start || *spec.start != '{') return reject_setting(key, answer);
    for (const char *at = NULL; next(spec, &at, &key, &value);) {
        median = is_text(value, "median");
        if (!is_text(key, "statistic") || (!median && !is_text(value, "mean")))
            return reject_setting(key, answer);
    }
    uint32_t status;
    terms train;
    if (read_terms(member(asked, "dataset_uri"), host, &train, answer, &status)) return status;
    char fields[64];
    snprintf(fields, sizeof fields, "{\"terms\":%zu}", train.count);
    int stop = emit(host, "runner.mean-ia.fit_start", fields);
    double information = learn(&train, median);
    double loss = mean_absolute_error(&train, information);
    free(train.information);
    if (stop) return cancelled(answer);

    text model = {0}, result = {0};
    print(&model, "{\"kind\":\"" NAME "\",\"statistic\":\"%s\",\"information\":%.17g}\n",
          median ? "median" : "mean", information);
    char *directory = path_of(output, NULL), *path = path_of(output, "model.json");
    if (directory && path && !model.failed && make_directory(directory) &&
        write_file(path, model.bytes, model.length)) {
        say(&result, "{\"model_uri\":");
        append(&result, output.start, (size_t)(output.end - output.start) - 1);
        print(&result, "/model.json\",\"metrics\":{\"mean_absolute_error\":%.17g}}", loss);
        status = answer_text(answer, &result, PROTEA_OK);
    } else {
        status = error(answer, "failed", "the model cannot be written: ", path);
    }
    free(model.bytes);
    free(directory);
    free(path);
    return status;
}

static uint32_t evaluate(const char *request, size_t length, const protea_host *host,
                         protea_answer *answer) {
    json asked = json_of(request, length), statistic;
    text document = {0}, result = {0};
    double information;
    uint32_t status;
    terms test;
    if (!read_model(member(asked, "model_uri"), &document, &statistic, &information, answer,
                    &status) &&
        !read_terms(member(asked, "eval_dataset_uri"), host, &test, answer, &status)) {
        print(&result, "{\"metrics\":{\"mean_absolute_error\":%.17g},\"extras\":{\"terms\":%zu}}",
              mean_absolute_error(&test, information), test.count);
        free(test.information);
        status = answer_text(answer, &result, PROTEA_OK);
    }
    free(document.bytes);
    return status;
}

/* Writes one file of the export and adds it to the list. */
static int export_file(json output, const char *role, const char *name, const text *content,
                       text *list) {
    char hex[65];
    char *path = path_of(output, name);
    int written = path && !content->failed && write_file(path, content->bytes, content->length);
    if (written) {
        sha256(content->bytes, content->length, hex);
        print(list, "%s{\"role\":\"%s\",\"uri\":", list->length ? "," : "{\"files\":[", role);
        append(list, output.start, (size_t)(output.end - output.start) - 1);
        print(list, "/%s\",\"sha256\":\"%s\",\"bytes\":%zu}", name, hex, content->length);
    }
    free(path);
    return written;
}

static uint32_t export_model(const char *request, size_t length, const protea_host *host,
                             protea_answer *answer) {
    (void)host;
    json asked = json_of(request, length), output = member(asked, "output_uri"), statistic;
    static const char *const KEPT[] = {"run_id", "provenance"};
    text model = {0}, spec = {0}, run = {0}, list = {0};
    double information;
    uint32_t status;
    if (!read_model(member(asked, "model_uri"), &model, &statistic, &information, answer, &status)) {
        print(&spec, "statistic: %s\n", is_text(statistic, "median") ? "median" : "mean");
        char hex[65];
        sha256(model.bytes, model.length, hex);
        say(&run, "{\"contract_version\":\"" PROTEA_CONTRACT_VERSION "\"");
        print(&run, ",\"model_sha256\":\"%s\"", hex);
        for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
            json value = member(asked, KEPT[i]);
            print(&run, ",\"%s\":", KEPT[i]);
            append(&run, value.start ? value.start : "null",
                   value.start ? (size_t)(value.end - value.start) : 4);
        }
        say(&run, "}\n");
        char *directory = path_of(output, NULL);
        if (directory && make_directory(directory) &&
            export_file(output, "model", "model.json", &model, &list) &&
            export_file(output, "spec", "spec.yaml", &spec, &list) &&
            export_file(output, "run", "run.json", &run, &list)) {
            say(&list, "]}");
            status = answer_text(answer, &list, PROTEA_OK);
        } else {
            free(list.bytes);
            status = error(answer, "failed", "the export cannot be written to ", directory);
        }
        free(directory);
    }
    free(model.bytes);
    free(spec.bytes);
    free(run.bytes);
    return status;
}

PROTEA_EXPORT const protea_runner protea_runner_c_v1 = {
    .struct_size = sizeof(protea_runner),
    .describe = describe,
    .fit = fit,
    .evaluate = evaluate,
    .export_model = export_model,
    .free_answer = free_answer,
};

/* What a runner in C needs beside protea_runner.h, as small as it goes: text that grows, JSON as it
 * stands in a request, file:// URIs, whole files and their SHA-256. POSIX. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Text that grows; `failed` once memory ran out. ---- */

typedef struct text {
    char *bytes;
    size_t length, capacity;
    int failed;
} text;

static void append(text *to, const char *bytes, size_t length) {
    if (to->failed) return;
    if (to->capacity - to->length <= length) {
        size_t capacity = 2 * to->capacity + length + 64;
        char *grown = realloc(to->bytes, capacity);
        if (!grown) {
            to->failed = 1;
            return;
        }
        to->bytes = grown;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    to->bytes[to->length] = '\0';
}

static void say(text *to, const char *string) { append(to, string, strlen(string)); }

static void print(text *to, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line) to->failed = 1;
    else append(to, line, (size_t)length);
}

/* Appends a string with its quotes, as JSON wants it. */
static void print_string(text *to, const char *string) {
    say(to, "\"");
    for (; *string; string++) {
        unsigned char byte = (unsigned char)*string;
        if (byte == '"' || byte == '\\') print(to, "\\%c", byte);
        else if (byte < 0x20) print(to, "\\u%04x", byte);
        else append(to, string, 1);
    }
    say(to, "\"");
}

/* ---- JSON. A value is a slice of the text it stands in; without a start it is not there. ---- */

typedef struct json {
    const char *start, *end;
} json;

static const char *blank(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at) && *at) at++;
    return at;
}

/* The end of the value that begins at `at`, or NULL where it is none. */
static const char *value_end(const char *at, const char *end) {
    int depth = 0;
    do {
        if (at >= end) return NULL;
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++) at += *at == '\\';
            if (at >= end) return NULL;
            at++;
        } else if (*at == '{' || *at == '[') {
            depth++, at++;
        } else if (*at == '}' || *at == ']') {
            depth--, at++;
        } else if (depth && strchr(",: \t\r\n", *at)) {
            at++;
        } else {
            const char *start = at;
            while (at < end && *at && !strchr(",:]}{[\" \t\r\n", *at)) at++;
            if (at == start) return NULL;
        }
    } while (depth > 0);
    return depth < 0 ? NULL : at;
}

/* Steps to the next member of an object, or element of an array (then `key` is left alone). Begin
 * with `*at` NULL; answers 0 behind the last. */
static int next(json in, const char **at, json *key, json *value) {
    if (!in.start || in.start >= in.end || (*in.start != '{' && *in.start != '[')) return 0;
    const char *here = blank(*at ? *at : in.start + 1, in.end);
    if (*at && here < in.end && *here == ',') here = blank(here + 1, in.end);
    if (here >= in.end || *here == '}' || *here == ']') return 0;
    if (*in.start == '{') {
        key->start = here;
        if (*here != '"' || !(key->end = value_end(here, in.end))) return 0;
        here = blank(key->end, in.end);
        if (here >= in.end || *here != ':') return 0;
        here = blank(here + 1, in.end);
    }
    value->start = here;
    value->end = value_end(here, in.end);
    *at = value->end;
    return value->end != NULL;
}

static int is_text(json value, const char *string) {
    size_t length = strlen(string);
    return value.start && (size_t)(value.end - value.start) == length + 2 && *value.start == '"' &&
           memcmp(value.start + 1, string, length) == 0;
}

static json member(json object, const char *name) {
    json key = {NULL, NULL}, value = {NULL, NULL};
    for (const char *at = NULL; next(object, &at, &key, &value);)
        if (is_text(key, name)) return value;
    return (json){NULL, NULL};
}

static json json_of(const char *bytes, size_t length) {
    const char *start = blank(bytes, bytes + length);
    const char *end = value_end(start, bytes + length);
    return end ? (json){start, end} : (json){NULL, NULL};
}

/* ---- Paths and files. ---- */

/* The path of a file:// URI, with `name` below it if given; NULL where it is none. To be freed. */
static char *path_of(json uri, const char *name) {
    static const char SCHEME[] = "\"file://";
    size_t scheme = sizeof SCHEME - 1;
    if (!uri.start || (size_t)(uri.end - uri.start) <= scheme ||
        memcmp(uri.start, SCHEME, scheme) != 0)
        return NULL;
    text path = {0};
    for (const char *at = uri.start + scheme; at < uri.end - 1; at++) {
        char byte = *at;
        if (byte == '%' && at + 3 < uri.end) {
            char digits[3] = {at[1], at[2], '\0'};
            byte = (char)strtol(digits, NULL, 16);
            at += 2;
        }
        append(&path, &byte, 1);
    }
    if (name) {
        say(&path, "/");
        say(&path, name);
    }
    if (!path.failed) return path.bytes;
    free(path.bytes);
    return NULL;
}

/* Reads a whole file; with a NUL behind it. */
static int read_file(const char *path, text *into) {
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    char block[65536];
    size_t got;
    say(into, "");
    while ((got = fread(block, 1, sizeof block, file)) > 0) append(into, block, got);
    int whole = !ferror(file) && !into->failed;
    fclose(file);
    return whole;
}

static int write_file(const char *path, const char *bytes, size_t length) {
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    int whole = fwrite(bytes, 1, length, file) == length;
    return fclose(file) == 0 && whole;
}

static int make_directory(const char *path) {
    text part = {0};
    say(&part, path);
    int made = !part.failed;
    for (char *at = made ? part.bytes + 1 : NULL; made && *at; at++)
        if (*at == '/') {
            *at = '\0';
            made = mkdir(part.bytes, 0777) == 0 || errno == EEXIST;
            *at = '/';
        }
    made = made && (mkdir(path, 0777) == 0 || errno == EEXIST);
    free(part.bytes);
    return made;
}

/* ---- SHA-256 (FIPS 180-4), in hexadecimal. ---- */

static uint32_t turned(uint32_t word, int by) { return word >> by | word << (32 - by); }

static void sha256_block(uint32_t state[8], const unsigned char *block) {
    static const uint32_t K[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) +
               w[i - 7] + (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25);
        uint32_t a = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22);
        uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static void sha256(const char *bytes, size_t length, char hex[65]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t whole = length / 64 * 64, rest = length - whole;
    for (size_t at = 0; at < whole; at += 64) sha256_block(state, (const unsigned char *)bytes + at);
    unsigned char tail[128] = {0};
    memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    size_t size = rest < 56 ? 64 : 128;
    for (int i = 0; i < 8; i++) tail[size - 1 - i] = (unsigned char)((uint64_t)length * 8 >> 8 * i);
    for (size_t at = 0; at < size; at += 64) sha256_block(state, tail + at);
    for (int i = 0; i < 8; i++) snprintf(hex + 8 * i, 9, "%08x", (unsigned)state[i]);
}

#endif

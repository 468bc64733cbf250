/* SPDX-License-Identifier: MIT */
/* Strings, lists and text encodings; see text.h. */
#include "host/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int
host_fail(struct host_error *err, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return -1;
}

void *
host_xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size != 0 ? size : 1);
    if (q == NULL) {
        abort();
    }
    return q;
}

void *
host_xalloc(size_t size)
{
    void *p = calloc(1, size != 0 ? size : 1);
    if (p == NULL) {
        abort();
    }
    return p;
}

char *
host_strndup(const char *s, size_t n)
{
    char *copy = host_xalloc(n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *
host_strdup(const char *s)
{
    return host_strndup(s, strlen(s));
}

static char *
host_vprintf(const char *fmt, va_list ap)
{
    char *s = NULL;
    if (vasprintf(&s, fmt, ap) < 0) {
        abort();
    }
    return s;
}

char *
host_printf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = host_vprintf(fmt, ap);
    va_end(ap);
    return s;
}

void
host_buf_add(struct host_buf *b, const char *s, size_t n)
{
    if (b->len + n + 1 > b->cap) {
        b->cap = (b->len + n + 1) * 2;
        b->data = host_xrealloc(b->data, b->cap);
    }
    if (n != 0) {
        memcpy(b->data + b->len, s, n);
    }
    b->len += n;
    b->data[b->len] = '\0';
}

void
host_buf_addc(struct host_buf *b, char c)
{
    host_buf_add(b, &c, 1);
}

void
host_buf_adds(struct host_buf *b, const char *s)
{
    host_buf_add(b, s, strlen(s));
}

void
host_buf_addf(struct host_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = host_vprintf(fmt, ap);
    va_end(ap);
    host_buf_adds(b, s);
    free(s);
}

char *
host_buf_take(struct host_buf *b)
{
    char *s = b->data != NULL ? b->data : host_strdup("");
    *b = (struct host_buf){0};
    return s;
}

void
host_buf_free(struct host_buf *b)
{
    free(b->data);
    *b = (struct host_buf){0};
}

void
host_strv_own(struct host_strv *v, char *s)
{
    if (v->count + 2 > v->cap) {
        v->cap = v->cap != 0 ? v->cap * 2 : 8;
        v->items = host_xrealloc(v->items, v->cap * sizeof *v->items);
    }
    v->items[v->count++] = s;
    v->items[v->count] = NULL;
}

void
host_strv_add(struct host_strv *v, const char *s)
{
    host_strv_own(v, host_strdup(s));
}

void
host_strv_addf(struct host_strv *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    host_strv_own(v, host_vprintf(fmt, ap));
    va_end(ap);
}

void
host_strv_copy(struct host_strv *to, const struct host_strv *from)
{
    for (size_t i = 0; i < from->count; i++) {
        host_strv_add(to, from->items[i]);
    }
}

bool
host_strv_has(const struct host_strv *v, const char *s)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->items[i], s) == 0) {
            return true;
        }
    }
    return false;
}

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void
host_strv_sort(struct host_strv *v)
{
    if (v->count > 1) {
        qsort(v->items, v->count, sizeof *v->items, compare_strings);
    }
}

void
host_strv_free(struct host_strv *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->items[i]);
    }
    free(v->items);
    *v = (struct host_strv){0};
}

void
host_strv_split(struct host_strv *v, const char *s, char sep)
{
    while (*s != '\0') {
        const char *end = strchr(s, sep);
        size_t n = end != NULL ? (size_t)(end - s) : strlen(s);
        char *part = host_strndup(s, n);
        char *trimmed = host_trim(part);
        if (*trimmed != '\0') {
            host_strv_add(v, trimmed);
        }
        free(part);
        s += n + (end != NULL);
    }
}

char *
host_trim(char *s)
{
    while (isspace((unsigned char)*s)) {
        s++;
    }
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = '\0';
    return s;
}

bool
host_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcasecmp(s + n - m, suffix) == 0;
}

unsigned long long
host_hash(const char *s)
{
    unsigned long long h = 14695981039346656037ULL; /* FNV-1a */
    for (; *s != '\0'; s++) {
        h = (h ^ (unsigned char)*s) * 1099511628211ULL;
    }
    return h;
}

static void
add_utf8(struct host_buf *b, uint32_t c)
{
    if (c < 0x80) {
        host_buf_addc(b, (char)c);
    } else if (c < 0x800) {
        host_buf_addc(b, (char)(0xC0 | c >> 6));
        host_buf_addc(b, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        host_buf_addc(b, (char)(0xE0 | c >> 12));
        host_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
        host_buf_addc(b, (char)(0x80 | (c & 0x3F)));
    } else {
        host_buf_addc(b, (char)(0xF0 | c >> 18));
        host_buf_addc(b, (char)(0x80 | (c >> 12 & 0x3F)));
        host_buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
        host_buf_addc(b, (char)(0x80 | (c & 0x3F)));
    }
}

static void
decode_utf16(struct host_buf *b, const unsigned char *p, size_t len, bool big)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t c = big ? (uint32_t)p[i] << 8 | p[i + 1] : (uint32_t)p[i + 1] << 8 | p[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 3 < len) {
            uint32_t d =
                big ? (uint32_t)p[i + 2] << 8 | p[i + 3] : (uint32_t)p[i + 3] << 8 | p[i + 2];
            if (d >= 0xDC00 && d < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (d - 0xDC00);
                i += 2;
            }
        }
        if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
        }
        if (c != '\r' && c != 0) {
            add_utf8(b, c);
        }
    }
}

/* Length of the UTF-8 sequence at p, 0 if there is none. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
    size_t n = *p < 0x80                 ? 1
               : *p >= 0xC2 && *p < 0xE0 ? 2
               : *p >= 0xE0 && *p < 0xF0 ? 3
               : *p >= 0xF0 && *p < 0xF5 ? 4
                                         : 0;
    if (n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n;
}

static void
decode_utf8(struct host_buf *b, const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length(p + i, len - i);
        if (n == 0) {
            add_utf8(b, p[i]);
            i++;
        } else {
            if (p[i] != '\r' && p[i] != '\0') {
                host_buf_add(b, (const char *)p + i, n);
            }
            i += n;
        }
    }
}

int
host_read_text(const char *path, char **text, struct host_error *err)
{
    char *data;
    size_t len;
    if (host_read_file(path, &data, &len, err) != 0) {
        return -1;
    }
    const unsigned char *p = (const unsigned char *)data;
    struct host_buf b = {0};
    if (len >= 2 && p[0] == 0xFF && p[1] == 0xFE) {
        decode_utf16(&b, p + 2, len - 2, false);
    } else if (len >= 2 && p[0] == 0xFE && p[1] == 0xFF) {
        decode_utf16(&b, p + 2, len - 2, true);
    } else if (len >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF) {
        decode_utf8(&b, p + 3, len - 3);
    } else {
        decode_utf8(&b, p, len);
    }
    free(data);
    *text = host_buf_take(&b);
    return 0;
}

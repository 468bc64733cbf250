/* SPDX-License-Identifier: MIT */
/* A directory of its own for each test, and files in it. Included by the test programs of host. */
#ifndef FILTERBED_TESTS_SCRATCH_H
#define FILTERBED_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/text.h"

static char scratch[64];

static inline int
scratch_setup(void **state)
{
    (void)state;
    snprintf(scratch, sizeof scratch, "/tmp/filterbed-test-XXXXXX");
    return mkdtemp(scratch) != NULL ? 0 : -1;
}

static inline int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int
scratch_teardown(void **state)
{
    (void)state;
    return nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in the scratch directory; valid until the eighth call from here. */
static inline const char *
scratch_path(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", scratch, name);
    return p;
}

static inline const char *
scratch_bytes(const char *name, const void *data, size_t len)
{
    const char *path = scratch_path(name);
    char *dir = host_path_dir(path);
    assert_int_equal(host_mkdirs(dir, NULL), 0);
    free(dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    return path;
}

static inline const char *
scratch_file(const char *name, const char *text)
{
    return scratch_bytes(name, text, strlen(text));
}

/* The same with every \n written as \r\n. */
static inline const char *
scratch_crlf(const char *name, const char *text)
{
    struct host_buf b = {0};
    for (; *text != '\0'; text++) {
        host_buf_adds(&b, *text == '\n' ? "\r\n" : (char[]){*text, '\0'});
    }
    const char *path = scratch_bytes(name, b.data != NULL ? b.data : "", b.len);
    host_buf_free(&b);
    return path;
}

/* ASCII text as UTF-16LE with a byte order mark and CRLF line ends. */
static inline const char *
scratch_utf16(const char *name, const char *text)
{
    struct host_buf b = {0};
    host_buf_add(&b, "\xFF\xFE", 2);
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            host_buf_add(&b, "\r\0", 2);
        }
        host_buf_add(&b, (char[]){*text, '\0'}, 2);
    }
    const char *path = scratch_bytes(name, b.data, b.len);
    host_buf_free(&b);
    return path;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Strings, lists, files and paths for the parts of host that read projects and run compilers.
 *
 * These routines serve one command at its start, never a request, so running out of memory ends the
 * process (host_xalloc) instead of being handed through every caller.
 */
#ifndef FILTERBED_HOST_TEXT_H
#define FILTERBED_HOST_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What went wrong, ready to be shown: "file:line: message" where there is a line. */
struct host_error {
    char text[4096];
};

/* Formats *err (which may be NULL) and returns -1. */
int
host_fail(struct host_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void *
host_xalloc(size_t size);
void *
host_xrealloc(void *p, size_t size);
char *
host_strdup(const char *s);
char *
host_strndup(const char *s, size_t n);
char *
host_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growable byte string; data is always NUL-terminated once something was added. Zero-initialise.
 */
struct host_buf {
    char *data;
    size_t len;
    size_t cap;
};

void
host_buf_add(struct host_buf *b, const char *s, size_t n);
void
host_buf_addc(struct host_buf *b, char c);
void
host_buf_adds(struct host_buf *b, const char *s);
void
host_buf_addf(struct host_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Returns the string (never NULL, caller frees) and leaves *b empty. */
char *
host_buf_take(struct host_buf *b);
void
host_buf_free(struct host_buf *b);

/* A list of owned strings; items[count] is NULL once something was added. Zero-initialise. */
struct host_strv {
    char **items;
    size_t count;
    size_t cap;
};

void
host_strv_add(struct host_strv *v, const char *s);
void
host_strv_own(struct host_strv *v, char *s);
void
host_strv_addf(struct host_strv *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void
host_strv_copy(struct host_strv *to, const struct host_strv *from);
bool
host_strv_has(const struct host_strv *v, const char *s);
void
host_strv_sort(struct host_strv *v);
void
host_strv_free(struct host_strv *v);
/* Splits at sep, trims white space, drops empty parts. */
void
host_strv_split(struct host_strv *v, const char *s, char sep);

/* Shortens *s to what stands between its outer white space (in place; returns the new start). */
char *
host_trim(char *s);
bool
host_ends_with(const char *s, const char *suffix);

/* Files. Both return 0, or -1 with *err set. */
int
host_read_file(const char *path, char **data, size_t *len, struct host_error *err);
/* Leaves a file alone that has these contents already, so that its time stays. */
int
host_write_if_changed(const char *path, const char *data, size_t len, struct host_error *err);
int
host_mkdirs(const char *path, struct host_error *err);
/*
 * Text of a file as UTF-8 with \n line ends: UTF-16 of either byte order with a BOM, UTF-8 with or
 * without; bytes that are no UTF-8 are taken as Latin-1. Caller frees *text.
 */
int
host_read_text(const char *path, char **text, struct host_error *err);

/* Paths. Strings returned are the caller's. */
char *
host_path_join(const char *dir, const char *name);
char *
host_path_dir(const char *path);
const char *
host_path_base(const char *path);
/* The base name without directory and last extension. */
char *
host_path_stem(const char *path);
/* Absolute, with symbolic links followed; NULL if it does not exist. */
char *
host_path_real(const char *path);
/* Absolute and free of "." and "..", by text alone. */
char *
host_path_absolute(const char *path);
/*
 * Finds a path as Windows would: backslashes separate, case does not matter where no exact name
 * exists. Relative paths start in dir. NULL if nothing is there.
 */
char *
host_path_find(const char *dir, const char *winpath);
bool
host_is_dir(const char *path);
bool
host_is_file(const char *path);
/* Adds the full paths of the plain files of dir whose name ends in suffix (case ignored), sorted.
 */
void
host_list_files(const char *dir, const char *suffix, struct host_strv *out);
/* Adds the full paths of the directories in dir, sorted; hidden ones are left out. */
void
host_list_dirs(const char *dir, struct host_strv *out);
/* A 64-bit hash of a string, for names of cache entries. */
unsigned long long
host_hash(const char *s);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Findings that are known and shall not be told again. A file of suppressions holds lines
 *
 *     K-01 filter=leaky function=LeakyPre* file=forgotten_get.c
 *
 * or blocks, as --gen-suppressions prints them:
 *
 *     {
 *        the cache keeps one on purpose
 *        code: K-01
 *        filter: leaky
 *        function: LeakyPreWrite
 *        file: forgotten_get.c
 *     }
 *
 * All words are patterns (* ? [...]). function and file are those of one frame of the driver in the
 * finding's stack; file is a path, or the last part of one. # begins a comment.
 */
#ifndef FILTERBED_HOST_SUPPRESS_H
#define FILTERBED_HOST_SUPPRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "host/text.h"

struct suppression {
    char *name;                          /* of a block; else NULL */
    char *code, *filter, *function, *file; /* NULL: whatever */
    char *path;                          /* where it stands */
    int line;
    unsigned long long uses;
};
struct suppress {
    struct suppression *items;
    size_t count;
};

/* Adds those of a file. Returns 0, or -1 with *err set ("file:line: what"). */
int
suppress_load(struct suppress *s, const char *path, struct host_error *err);
void
suppress_free(struct suppress *s);
/* The first that matches a symbolised finding, or NULL. */
struct suppression *
suppress_find(const struct suppress *s, const json_t *finding);
/* Moves findings that match from "findings" to "suppressed", and adds "suppressions" with their
 * uses. */
void
suppress_apply(struct suppress *s, json_t *report);
/* An entry that matches the finding. */
void
suppress_print(const json_t *finding, FILE *to);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The script language: one file operation a line, run on a volume through the filters, with nothing
 * mounted. filterbed(1) describes it.
 */
#ifndef FILTERBED_HOST_SCRIPT_H
#define FILTERBED_HOST_SCRIPT_H

#include <stdatomic.h>
#include <stdio.h>

#include "host/text.h"
#include "view/view.h"

struct script_data {
    char *bytes;
    size_t size;
};

struct script_arg {
    char *text;
    bool quoted;
};

struct script_line {
    int line;
    int verb;       /* index into script_verbs */
    bool must_fail; /* "!" */
    int must_errno; /* "!ENOENT": this one; 0: any */
    struct script_arg *args;
    size_t count;
    struct script_data data; /* the DATA argument, if the verb has one */
    uint64_t numbers[2];
};

struct script {
    char *name;
    struct script_line *lines;
    size_t count;
};

/* name stands in messages and is where @FILE starts from if it is a path. Returns 0, or -1 with
 * *err "name:line: …" and *script zeroed. */
int
script_parse(const char *name, const char *text, struct script *script, struct host_error *err);
void
script_free(struct script *script);

struct script_run {
    view *v;
    FILE *out; /* what read, list, stat print */
    struct view_who who;
    bool verbose;       /* show each line's result on out */
    bool keep_going;    /* a line that goes wrong is the result, and the next one runs */
    const _Atomic(int) *stop; /* set: end after the current line; may be NULL */
    _Atomic(uint32_t) *line;  /* incremented at each line; may be NULL */
    unsigned operations, failed;
};
/* Runs line after line; the first one that goes wrong ends it, unless keep_going. Returns 0, or -1 with *err
 * "name:line: …". */
int
script_execute(const struct script *script, struct script_run *run, struct host_error *err);

#endif

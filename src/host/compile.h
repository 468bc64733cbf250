/* SPDX-License-Identifier: MIT */
/*
 * Builds a driver project into a module: `filterbed build`, and what `filterbed run` does with a
 * FILTER that is not built yet. Compilers are started directly, without a shell; their messages go
 * through unchanged, with the driver's own file names and lines.
 */
#ifndef FILTERBED_HOST_COMPILE_H
#define FILTERBED_HOST_COMPILE_H

#include <stdbool.h>
#include <stdio.h>

#include "host/text.h"

struct host_build_options {
    const char *filter;   /* .vcxproj, directory, .inf or module */
    const char *output;   /* module to write; NULL: in the cache directory */
    const char *sanitize; /* "address,undefined", "thread", … or NULL */
    const char *cc;       /* compiler; NULL: FILTERBED_CC, else clang, else gcc */
    bool debug;           /* -O0, DBG=1, Debug configuration */
    bool verbose;         /* show commands */
    unsigned jobs;        /* parallel compilers; 0: one per processor */
    FILE *diagnostics;    /* compiler messages and notes; NULL: stderr */
};

/* A module that is ready to be loaded. Strings belong to it; NULL where there is nothing to say. */
struct host_module {
    char *name;
    char *path;
    char *inf;
    char *compiler;
    char *sanitize;
    char *sanitizer_runtime; /* shared library that must be loaded first in a process that loads the
                                module */
    bool debug;
    bool rebuilt; /* false: everything was up to date, or FILTER was a module */
    struct host_strv sources;
    struct host_strv notes;
};

/* Returns 0, or -1 with *err set (after the compiler's own messages, if it failed) and *out zeroed.
 */
int
host_build_project(const struct host_build_options *options,
                   struct host_module *out,
                   struct host_error *err);
void
host_module_free(struct host_module *module);

/*
 * The same under the names that the library exports, for programs linked with it. The _json
 * routines describe a result as a JSON object in text that the caller frees.
 */
int
fbed_build_project(const struct host_build_options *options,
                   struct host_module *out,
                   struct host_error *err);
void
fbed_module_free(struct host_module *module);
char *
fbed_module_json(const struct host_module *module);
char *
fbed_build_error_json(const struct host_error *err);

/* Where built modules, and states of campaigns, are kept. Caller frees. */
char *
host_cache_root(void);

#endif

/* SPDX-License-Identifier: MIT */
/* `filterbed run`: what the verb hands over to the supervisor, and the entry of the server process.
 */
#ifndef FILTERBED_HOST_RUN_H
#define FILTERBED_HOST_RUN_H

#include <stdbool.h>

#include "host/text.h"

enum {
    RUN_EXIT_USAGE = 2,
    RUN_EXIT_FAILED = 125,         /* filterbed itself */
    RUN_EXIT_NOT_EXECUTABLE = 126, /* as shells have it */
    RUN_EXIT_NOT_FOUND = 127,
};

struct run_options {
    struct host_strv filters;
    const char *directory; /* NULL: memory */
    bool memory;
    const char *script;       /* file, "-" is standard input; or NULL */
    char **command;           /* argv, NULL-terminated; or NULL with a script */
    const char *log;          /* driver output; NULL: stderr */
    struct host_strv reports; /* KIND:FILE */
    struct host_strv attach;  /* NAME or NAME@ALTITUDE: attached by hand when all are loaded */
    const char *file_system;  /* driver that is the base of the volume; or NULL */
    const char *load_order;   /* NAME,NAME,… or NULL */
    bool block_legacy;        /* IoBlockLegacyFsFilters */
    int error_exitcode;       /* -1: not given */
    bool cached;              /* --metadata=cached */
    bool no_passthrough;
    bool stop_on_fault;
    bool case_insensitive;
    int verify; /* 0 off, 1 standard, 2 full */
    bool stop_on_finding;      /* --verify=stop: standard, and the first finding ends the run */
    struct host_strv suppress; /* files */
    bool gen_suppressions;
    struct host_strv faults; /* failures on demand: alloc:N, status:ROUTINE=STATUS[@N]; alloc:all, status:all: a campaign */
    const char *seed, *shard; /* of a campaign: number, "I/N"; NULL: not given */
    const char *resume;       /* its state file; or NULL */
    unsigned time_limit;      /* of each of its runs, in seconds; 0: by the first run */
    bool keep_going;          /* a script goes on behind a line that failed */
    const char *socket;  /* of the live view; NULL: in the runtime directory, "" none */
    const char *profile; /* of the volume; NULL: ntfs */
    unsigned threads, max_threads, watchdog;
    int request_timeout; /* seconds; 0: never; negative: six times watchdog */
    const char *cc, *sanitize;
    bool debug;
    bool quiet, verbose;
    const char *program; /* to start the server from: /proc/self/exe if NULL */
};

/* Does it all. Returns the exit status. */
int
fbed_run(const struct run_options *options);

/* --fault=list. */
void
fbed_list_faults(void);

/* `filterbed --server`: descriptors 3 (messages to the supervisor) and 4 (from it). */
int
fbed_server(void);

#endif

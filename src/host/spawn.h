/* SPDX-License-Identifier: MIT */
/* Child processes of the build: argument vectors, no shell. */
#ifndef FILTERBED_HOST_SPAWN_H
#define FILTERBED_HOST_SPAWN_H

#include "host/text.h"

/* One command to run. Its output is collected, so that messages of parallel compilers do not mix.
 */
struct spawn_job {
    struct host_strv argv;
    char *output; /* standard output and error, after it ended */
    int status;   /* exit status; 128 + number for a signal; 127 if it could not be started */
};

/* Runs all jobs, at most `parallel` at a time. Returns the number of jobs whose status is not 0. */
size_t
spawn_all(struct spawn_job *jobs, size_t count, unsigned parallel);
void
spawn_job_free(struct spawn_job *job);
/* Runs one command and returns its standard output and error if it succeeds, else NULL. Caller
 * frees. */
char *
spawn_capture(const char *const *argv);

#endif

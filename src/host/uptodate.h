/* SPDX-License-Identifier: MIT */
/* Whether a file that was made by a command is still what the command would make. Internal to the
 * build. */
#ifndef FILTERBED_HOST_UPTODATE_H
#define FILTERBED_HOST_UPTODATE_H

#include <stdbool.h>
#include <time.h>

#include "host/text.h"

/*
 * True if file exists, was made by exactly this command, and is not older than anything that
 * depfile (make's format) names. The time of file is taken to be the time its command started,
 * which uptodate_record sees to.
 */
bool
uptodate_check(const char *file, const char *depfile, const char *command);
/* Notes that command, begun at start, made file. */
int
uptodate_record(const char *file,
                const char *command,
                struct timespec start,
                struct host_error *err);
/* True if a exists and is newer than b, or b does not exist. */
bool
uptodate_newer(const char *a, const char *b);

#endif

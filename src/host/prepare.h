/* SPDX-License-Identifier: MIT */
/* What `filterbed run` does before anything starts: filters built and checked, directory opened.
 * Internal to host. */
#ifndef FILTERBED_HOST_PREPARE_H
#define FILTERBED_HOST_PREPARE_H

#include "host/compile.h"
#include "host/run.h"

struct prepared_filter {
    struct host_module module;
    char *service, *altitude;
    bool legacy; /* no minifilter */
    bool file_system;
    bool below;  /* loaded before the filter manager */
};

struct prepared {
    struct prepared_filter *filters;
    size_t count, mount_after;
    bool mount_given; /* mount_after is said by --load-order */
    char *directory; /* absolute; NULL: memory */
    int directory_fd, log_fd;
    char *script_text;
    const char *sanitizer_runtime;
};

int
prepare(const struct run_options *o, struct prepared *p, struct host_error *err);
void
prepare_free(struct prepared *p);
/* -1, 0, 1: as numbers, of any length. */
int
altitude_compare(const char *a, const char *b);

#endif

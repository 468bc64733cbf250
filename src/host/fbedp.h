/* SPDX-License-Identifier: MIT */
/* What is behind the fbed_ types; shared by fbed.c, collect.c, server.c. */
#ifndef FILTERBED_HOST_FBEDP_H
#define FILTERBED_HOST_FBEDP_H

#include <filterbed/filterbed.h>
#include <pthread.h>

#include "host/host.h"
#include "host/inf.h"
#include "host/module.h"

enum fbed_filter_state { FILTER_LOADED, FILTER_UNLOADED, FILTER_REFUSED, FILTER_ABANDONED };

struct fbed_filter {
    struct fbed_filter *next; /* in the order of loading */
    fbed_machine *machine;
    char *service;
    char *altitude; /* of the default instance, from the INF; NULL for a legacy driver */
    char *module, *inf;
    struct host_image image;
    void *driver;
    enum fbed_filter_state state;
    bool file_system;         /* a legacy driver that registers one */
    bool legacy;              /* no minifilter: counts are in last */
    uint64_t completions;     /* of a legacy driver: calls of its completion routines */
    uint32_t entry_status;            /* with which DriverEntry failed, or 0 */
    struct host_nt_unloaded unloaded; /* how the unload went */
    unsigned instances;         /* attached when it was last looked at before the unload */
    struct host_nt_filter last; /* counts of then, for a filter that never unregisters */
};

struct fbed_volume {
    struct fbed_volume *next;
    fbed_machine *machine;
    unsigned number;
    bool case_insensitive;
    bool removed;
};

struct fbed_machine {
    pthread_mutex_t lock; /* everything below */
    struct fbed_machine_options options;
    struct fbed_filter *filters, **filters_tail;
    struct fbed_volume *volumes;
    unsigned volume_count;
    bool filter_manager; /* it attaches to file systems by now */
};

/* Takes what the filter has done so far into f->last, f->instances. */
void
fbed_filter_counts(struct fbed_filter *f);
/* Fills *error (may be NULL) and returns -1. */
int
fbed_fail(struct fbed_error *error, uint32_t status, int posix, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif

/* SPDX-License-Identifier: MIT */
/* Unloading a driver without hanging on it. Internal to host. */
#ifndef FILTERBED_HOST_UNLOAD_H
#define FILTERBED_HOST_UNLOAD_H

#include "host/fbedp.h"

struct unload_result {
    bool returned; /* false: the routine still runs, on a thread that is left alone from now on */
    uint32_t status;
    struct host_nt_unloaded how;
};

/* Calls the driver's unload routines on a thread of their own; a finding names where they hang. */
void
unload_run(struct fbed_filter *f, unsigned watchdog, struct unload_result *result);
/* After the unload: timers, DPCs and threads that are left become findings. */
void
unload_check(struct fbed_filter *f);

#endif

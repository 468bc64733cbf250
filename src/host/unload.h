/* SPDX-License-Identifier: MIT */
/* Unloading a driver without hanging on it. Internal to host. */
#ifndef FILTERBED_HOST_UNLOAD_H
#define FILTERBED_HOST_UNLOAD_H

#include <stdatomic.h>

#include "host/fbedp.h"

struct unload_result {
    bool returned; /* false: the routine still runs, on a thread that is left alone from now on */
    uint32_t status;
    struct host_nt_unloaded how;
};

/* The user does not want to wait any longer: every wait for a driver is given up, now. Allowed in signal handlers. */
void
unload_hurry(void);
bool
unload_hurried(void);
/* Waits until *done, for so long; false: it is not, and the time is up or the user in a hurry. *waited: seconds. */
bool
unload_wait(const _Atomic(uint32_t) *done, unsigned seconds, unsigned *waited);

/* Calls the driver's unload routines on a thread of their own; a finding names where they hang. */
void
unload_run(struct fbed_filter *f, unsigned watchdog, struct unload_result *result);
/* After the unload: timers, DPCs and threads that are left become findings. */
void
unload_check(struct fbed_filter *f);

#endif

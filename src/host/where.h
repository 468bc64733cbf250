/* SPDX-License-Identifier: MIT */
/* Where threads are that do not come back. Internal to host. */
#ifndef FILTERBED_HOST_WHERE_H
#define FILTERBED_HOST_WHERE_H

#include "vf/vf.h"

#define WHERE_FRAMES 48

/* The stack of another thread of this process, innermost first; 0 if it does not answer. One caller
 * at a time. */
unsigned
where_thread(uint32_t thread, uintptr_t *frames);
/* A finding for every thread that is in driver code now. Returns their number. */
unsigned
where_report_stuck(unsigned seconds);

#endif

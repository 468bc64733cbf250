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
/* A finding if the thread is in driver code now, and has been for that long; text: the same in words. */
bool
where_report_thread(uint32_t thread, unsigned seconds, char *text, size_t size);
/* A finding for every thread that is in driver code now, that long after the end of the command. Returns their number. */
unsigned
where_report_stuck(unsigned seconds);

#endif

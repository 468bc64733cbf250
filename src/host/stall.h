/* SPDX-License-Identifier: MIT */
/*
 * Requests that drivers do not give back, found while the run goes on. One that has been pended for
 * `note` seconds is told once; one that has been pended, or in a driver's routine, for `limit`
 * seconds becomes a finding, is cancelled, and ends the run. Internal to host.
 */
#ifndef FILTERBED_HOST_STALL_H
#define FILTERBED_HOST_STALL_H

#include "fuse/fuse.h"
#include "port/port.h"

struct stall {
    /* set before stall_start */
    unsigned note, limit;                            /* seconds; 0: never */
    fuse_session *session;                           /* or NULL */
    void (*tell)(bool end, const char *text);        /* end: the run must end, said once */
    /* of a script: the thread that runs it (0: none), and a number that changes with each line */
    _Atomic(uint32_t) script, line;
    /* its own */
    port_thread *thread;
    _Atomic(uint32_t) stop;
    _Atomic(int) found;
    uint32_t line_seen;
    uint64_t line_since;
};

void
stall_start(struct stall *s);
void
stall_stop(struct stall *s);

#endif

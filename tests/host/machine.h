/* SPDX-License-Identifier: MIT */
/* A machine in this process, made by the embedding API, with a cache of its own. Included by the test programs of host. */
#ifndef FILTERBED_TESTS_MACHINE_H
#define FILTERBED_TESTS_MACHINE_H

#include "scratch.h"

#include <fcntl.h>
#include <filterbed/filterbed.h>

/* Of a call that fills in an `error` of the test's. */
#define SUCCEEDS(call)                                                                             \
    do {                                                                                           \
        if ((call) != 0) {                                                                         \
            fail_msg("%s", error.text);                                                            \
        }                                                                                          \
    } while (0)

static fbed_machine *machine;

/* Drivers' debug output goes nowhere. */
static inline int
machine_setup(void **state, enum fbed_verify verify, unsigned watchdog_seconds)
{
    struct fbed_error failed;
    if (scratch_setup(state) != 0) {
        return -1;
    }
    setenv("XDG_CACHE_HOME", scratch, 1);
    struct fbed_machine_options options = {.size = sizeof options,
                                           .verify = verify,
                                           .watchdog_seconds = watchdog_seconds,
                                           .debug_fd = open("/dev/null", O_WRONLY),
                                           .crash_fd = -1};
    if (fbed_machine_create(&options, &machine, &failed) != 0) {
        fail_msg("%s", failed.text);
    }
    return 0;
}

#endif

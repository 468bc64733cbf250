/* SPDX-License-Identifier: MIT */
/* The server's end of a program's connection to a device or port (client/wire.h). */
#ifndef FILTERBED_HOST_DEVICES_H
#define FILTERBED_HOST_DEVICES_H

#include <stdatomic.h>
#include <stdint.h>

/* Serves the connection, whose first line was read, until it ends and its requests are completed; closes it. */
void
devices_serve(int fd);
/* Hangs up on everybody, and lets nobody in any more. *devices_ended() becomes 1 when their handles are closed. */
void
devices_stop(void);
const _Atomic(uint32_t) *
devices_ended(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Connections to devices: what their reader (devices.c) and the requests (devjobs.c) share. */
#ifndef FILTERBED_HOST_DEVICESP_H
#define FILTERBED_HOST_DEVICESP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/wire.h"
#include "host/host.h"
#include "port/port.h"

struct job {
    struct job *next;
    struct wire_request request;
    unsigned char *data;
    uint32_t thread; /* that runs it, 0: none yet */
    bool cancelled;
};

struct session {
    struct session *next; /* all_lock */
    int fd;
    uint32_t pid, uid, gid;
    port_lock send_lock;
    port_lock lock; /* the rest */
    struct host_nt_device *device;
    struct host_nt_port *port;
    char *name;
    struct job *queued, *running;
    unsigned jobs, idle, workers, cancelling;
    bool ending, closed;
    _Atomic(uint32_t) work;  /* grows; idle workers wait on it */
    _Atomic(uint32_t) ready; /* grows when a job or a worker is done; the reader waits on it at the end */
};

/* One frame to the program; words of the status go along, more (or NULL) behind them. Any thread. */
void
devices_reply(struct session *s, const struct job *j, uint32_t status, const char *more, const void *out, uint32_t out_size,
              uint64_t information);
/* Runs a request and answers it. device or port: as they were when it was taken. */
void
devices_job(struct session *s, const struct job *j, struct host_nt_device *device, struct host_nt_port *port);

#endif

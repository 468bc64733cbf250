/* SPDX-License-Identifier: MIT */
/*
 * The live view: while a run lasts its server answers questions on a socket, one JSON line for one
 * JSON line. {"type": "top"}: where the filters' objects come from. {"type": "who", "path": …}: which
 * contexts belong to a file, and who holds them. {"type": "list", "list": "filters"}:
 * who is where (list.h). {"type": "devices"}: which names programs can open. {"type": "device"}: the connection
 * becomes a device's or port's (client/wire.h).
 */
#ifndef FILTERBED_HOST_LIVE_H
#define FILTERBED_HOST_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

/* The socket of a run: wanted, else $XDG_RUNTIME_DIR/filterbed/PID or /tmp/filterbed-UID/PID. Makes
 * the directory. NULL if that cannot be, or wanted is "". The caller frees it. */
char *
live_path(const char *wanted, pid_t pid);
/* In the server: answers until the process ends. root: what the volume shows, NULL if it is in memory. */
void
live_start(const char *path, const char *root);

struct live_options {
    const char *socket; /* NULL: by pid */
    long pid;           /* 0: the only run there is */
    const char *who;    /* a path: who holds contexts of it; NULL: top */
    bool once, json;
};
/* `filterbed top`. Returns the exit status. */
int
fbed_top(const struct live_options *options);

/* Asks the run that listens there one question, which goes; NULL: it does not answer. */
json_t *
live_ask(const char *socket, json_t *question);
/* Prints the names of devices that programs can open. 0, or -1: the run does not answer, which was said. */
int
fbed_devices(const char *socket, long run, bool json);

#endif

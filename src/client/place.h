/* SPDX-License-Identifier: MIT */
/* Where the sockets of runs are. */
#ifndef FILTERBED_CLIENT_PLACE_H
#define FILTERBED_CLIENT_PLACE_H

#include <stddef.h>

/* $XDG_RUNTIME_DIR/filterbed or /tmp/filterbed-UID, made if it is not there. 0, or -1: it is not this user's own. */
int
client_place(char *path, size_t size);
/*
 * The socket to ask: `socket`, else that of `run` (process id), else $FILTERBED_SOCKET, else that of the only run; what dead runs left is
 * removed. 0, or -1 with the reason in text.
 */
int
client_find(const char *socket, long run, char *path, size_t size, char *text, size_t text_size);

#endif

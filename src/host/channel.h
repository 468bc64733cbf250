/* SPDX-License-Identifier: MIT */
/* Messages between supervisor and server: one JSON object a line, "type" says which. Internal to
 * host. */
#ifndef FILTERBED_HOST_CHANNEL_H
#define FILTERBED_HOST_CHANNEL_H

#include <jansson.h>
#include <stdbool.h>

#include "host/text.h"

/* The server's descriptors. */
enum { CHANNEL_UP = 3, CHANNEL_DOWN = 4, CHANNEL_DIRECTORY = 5, CHANNEL_LOG = 6 };

/* Consumes message. pass: a descriptor to send along (fd must be a socket), or -1. false: the other
 * side is gone. */
bool
channel_send(int fd, json_t *message, int pass);

struct channel {
    int fd;
    struct host_buf pending;
    int passed; /* descriptor that came along, or -1 */
    bool ended;
};
void
channel_init(struct channel *c, int fd);
void
channel_close(struct channel *c);
/* Reads what is there (blocks if nothing is). false: end. */
bool
channel_fill(struct channel *c);
/* Next whole message, or NULL. The caller's reference. */
json_t *
channel_next(struct channel *c);
bool
channel_is(const json_t *message, const char *type);

#endif

/* SPDX-License-Identifier: MIT */
/* A connection to the server of a run: requests of many threads, answered in any order. */
#ifndef FILTERBED_CLIENT_LINK_H
#define FILTERBED_CLIENT_LINK_H

#include "client/wire.h"
#include "filterbed/client.h"

struct link;

/* name: for texts. NULL: *error says why. */
struct link *
link_open(const struct fbc_options *options, const char *name, struct fbc_error *error);
/* No call is made after this; the connection ends with the last one under way. */
void
link_close(struct link *l);

/* What goes along with a request, in this order, and where the answer goes. */
struct link_call {
    uint32_t verb, code, flags;
    int64_t offset;
    const void *first, *second;
    size_t first_size, second_size; /* in_size is first_size */
    void *out;
    size_t out_size;
    size_t *returned;
    int timeout_ms; /* <= 0: none */
};
/* 0, or -1 with *error set. */
int
link_call(struct link *l, const struct link_call *call, struct fbc_error *error);

/* errno that comes nearest. */
int
link_errno(uint32_t status);
int
link_fail(struct fbc_error *error, uint32_t status, int posix, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a program and the server of a run say to each other about one open device or port.
 *
 * A connection to the run's socket begins with the line WIRE_HELLO; the server answers with a wire_reply whose information is
 * WIRE_VERSION. Then frames: wire_request and its data go to the server, wire_reply and its data come back, in the order of
 * completion, matched by id. The first request opens; the connection is the handle: when it ends, the handle is closed. Both ends are
 * on one machine: numbers are as the processor has them.
 */
#ifndef FILTERBED_CLIENT_WIRE_H
#define FILTERBED_CLIENT_WIRE_H

#include <stdint.h>

#define WIRE_HELLO "{\"type\": \"device\"}\n"
#define WIRE_VERSION 1
#define WIRE_MAX_DATA (UINT32_C(64) << 20) /* of a request and of a reply */
#define WIRE_MAX_REQUESTS 128              /* under way on a connection */

enum wire_verb {
    WIRE_OPEN = 1, /* data: name; code: access; flags: WIRE_SYNCHRONOUS */
    WIRE_CONTROL,  /* code; data: in_size bytes, then what is in the output buffer before (METHOD_BUFFERED: nothing) */
    WIRE_READ,
    WIRE_WRITE,
    WIRE_CANCEL, /* the request whose id is in code; no reply of its own */
    WIRE_CLOSE,  /* CLEANUP now; requests under way go on */
    WIRE_PORT_CONNECT, /* data: in_size bytes of name, then the context */
    WIRE_PORT_SEND,
    WIRE_PORT_GET, /* code: milliseconds, as int32_t */
    WIRE_PORT_REPLY
};
enum { WIRE_SYNCHRONOUS = 1 };

struct wire_request {
    uint32_t bytes; /* of data behind this */
    uint32_t id, verb, code, flags;
    uint32_t in_size, out_size;
    uint32_t reserved;
    int64_t offset;
};
struct wire_reply {
    uint32_t bytes; /* of data behind this: text, then output */
    uint32_t id;
    uint32_t status; /* NTSTATUS */
    uint32_t text;   /* bytes of it; the status in words */
    uint64_t information;
};

#endif

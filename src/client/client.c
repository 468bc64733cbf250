/* SPDX-License-Identifier: MIT */
/* The client library's routines; see filterbed/client.h. */
#include "filterbed/client.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "client/link.h"

struct fbc_device {
    struct link *link;
    _Atomic(int) timeout_ms;
};
struct fbc_port {
    struct link *link;
    int timeout_ms;
};

void
fbc_options_init(struct fbc_options *options)
{
    *options = (struct fbc_options){.size = sizeof *options, .access = FBC_READ | FBC_WRITE};
}

static int
take_options(const struct fbc_options *given, struct fbc_options *o, struct fbc_error *error)
{
    fbc_options_init(o);
    if (given != NULL && given->size != sizeof *o) {
        return link_fail(error, 0, EINVAL, "struct fbc_options has another size: call fbc_options_init");
    }
    *o = given != NULL ? *given : *o;
    return (o->access & ~(unsigned)(FBC_READ | FBC_WRITE)) == 0 ? 0 : link_fail(error, 0, EINVAL, "access is no combination of FBC_READ and FBC_WRITE");
}

int
fbc_open(const struct fbc_options *options, const char *name, fbc_device **device, struct fbc_error *error)
{
    struct fbc_options o;
    *device = NULL;
    if (take_options(options, &o, error) != 0) {
        return -1;
    }
    struct fbc_device *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return link_fail(error, 0, ENOMEM, "%s", strerror(ENOMEM));
    }
    d->link = link_open(&o, name, error);
    if (d->link == NULL) {
        free(d);
        return -1;
    }
    atomic_init(&d->timeout_ms, o.timeout_ms);
    const struct link_call call = {.verb = WIRE_OPEN, .code = ((o.access & FBC_READ) != 0 ? 1u : 0) | ((o.access & FBC_WRITE) != 0 ? 2u : 0),
                                   .flags = o.synchronous ? WIRE_SYNCHRONOUS : 0, .first = name, .first_size = strlen(name),
                                   .timeout_ms = o.timeout_ms};
    if (link_call(d->link, &call, error) != 0) {
        const int saved = errno;
        link_close(d->link);
        free(d);
        errno = saved;
        return -1;
    }
    *device = d;
    return 0;
}

int
fbc_ioctl(fbc_device *device, uint32_t code, const void *in, size_t in_size, void *out, size_t out_size, size_t *returned,
          struct fbc_error *error)
{
    const bool buffered = (code & 3) == 0;
    const struct link_call call = {.verb = WIRE_CONTROL, .code = code, .first = in, .first_size = in_size, .second = out,
                                   .second_size = buffered ? 0 : out_size, .out = out, .out_size = out_size, .returned = returned,
                                   .timeout_ms = atomic_load(&device->timeout_ms)};
    return link_call(device->link, &call, error);
}

int
fbc_read(fbc_device *device, int64_t offset, void *buffer, size_t size, size_t *done, struct fbc_error *error)
{
    const struct link_call call = {.verb = WIRE_READ, .offset = offset, .out = buffer, .out_size = size, .returned = done,
                                   .timeout_ms = atomic_load(&device->timeout_ms)};
    return link_call(device->link, &call, error);
}

int
fbc_write(fbc_device *device, int64_t offset, const void *buffer, size_t size, size_t *done, struct fbc_error *error)
{
    const struct link_call call = {.verb = WIRE_WRITE, .offset = offset, .first = buffer, .first_size = size, .returned = done,
                                   .timeout_ms = atomic_load(&device->timeout_ms)};
    return link_call(device->link, &call, error);
}

void
fbc_set_timeout(fbc_device *device, int milliseconds)
{
    atomic_store(&device->timeout_ms, milliseconds);
}

void
fbc_close(fbc_device *device)
{
    if (device != NULL) {
        const struct link_call call = {.verb = WIRE_CLOSE, .timeout_ms = atomic_load(&device->timeout_ms)};
        link_call(device->link, &call, NULL);
        link_close(device->link);
        free(device);
    }
}

/* ---- ports ---- */

int
fbc_port_connect(const struct fbc_options *options, const char *name, const void *context, size_t context_size, fbc_port **port,
                 struct fbc_error *error)
{
    struct fbc_options o;
    *port = NULL;
    if (take_options(options, &o, error) != 0) {
        return -1;
    }
    if (context_size > UINT16_MAX) {
        return link_fail(error, 0, EINVAL, "%s: the context has more than 65535 bytes", name);
    }
    struct fbc_port *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return link_fail(error, 0, ENOMEM, "%s", strerror(ENOMEM));
    }
    p->link = link_open(&o, name, error);
    if (p->link == NULL) {
        free(p);
        return -1;
    }
    p->timeout_ms = o.timeout_ms;
    const struct link_call call = {.verb = WIRE_PORT_CONNECT, .first = name, .first_size = strlen(name), .second = context,
                                   .second_size = context_size, .timeout_ms = o.timeout_ms};
    if (link_call(p->link, &call, error) != 0) {
        const int saved = errno;
        link_close(p->link);
        free(p);
        errno = saved;
        return -1;
    }
    *port = p;
    return 0;
}

int
fbc_port_send(fbc_port *port, const void *in, size_t in_size, void *out, size_t out_size, size_t *returned, struct fbc_error *error)
{
    const struct link_call call = {.verb = WIRE_PORT_SEND, .first = in, .first_size = in_size, .out = out, .out_size = out_size,
                                   .returned = returned, .timeout_ms = port->timeout_ms};
    return link_call(port->link, &call, error);
}

int
fbc_port_get(fbc_port *port, void *buffer, size_t size, int milliseconds, size_t *returned, struct fbc_error *error)
{
    const struct link_call call = {.verb = WIRE_PORT_GET, .code = (uint32_t)milliseconds, .out = buffer, .out_size = size,
                                   .returned = returned};
    return link_call(port->link, &call, error);
}

int
fbc_port_reply(fbc_port *port, const void *reply, size_t size, struct fbc_error *error)
{
    const struct link_call call = {.verb = WIRE_PORT_REPLY, .first = reply, .first_size = size, .timeout_ms = port->timeout_ms};
    return link_call(port->link, &call, error);
}

void
fbc_port_close(fbc_port *port)
{
    if (port != NULL) {
        const struct link_call call = {.verb = WIRE_CLOSE, .timeout_ms = port->timeout_ms};
        link_call(port->link, &call, NULL);
        link_close(port->link);
        free(port);
    }
}

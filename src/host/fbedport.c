/* SPDX-License-Identifier: MIT */
/* The embedding API: communication ports; see filterbed.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/fbedp.h"


struct fbed_port {
    struct host_nt_port *nt;
    char *name;
};

static int
port_result(struct fbed_error *error, uint32_t status, const char *name, const char *what)
{
    char text[64];
    if (status == 0) {
        return 0;
    }
    return fbed_fail(error, status, 0, "port %s: %s: %s", name, what,
                     host_status_text(status, text, sizeof text));
}

int
fbed_port_connect(fbed_machine *machine,
                  const char *name,
                  const void *context,
                  size_t context_size,
                  fbed_port **port,
                  struct fbed_error *error)
{
    (void)machine;
    *port = NULL;
    if (context_size > UINT16_MAX) {
        return fbed_fail(error, 0, 0, "port %s: the context has more than 65535 bytes", name);
    }
    struct host_nt_port *nt;
    uint32_t status = host_nt_port_connect(name, context, (uint16_t)context_size,
                                           (uint32_t)gettid(), getuid(), getgid(), &nt);
    if (!HOST_STATUS_OK(status)) {
        return port_result(error, status, name, "connect");
    }
    struct fbed_port *p = host_xalloc(sizeof *p);
    p->nt = nt;
    p->name = host_printf("%s", name);
    *port = p;
    return 0;
}

int
fbed_port_send(fbed_port *port,
               void *input,
               size_t input_size,
               void *output,
               size_t output_size,
               size_t *returned,
               struct fbed_error *error)
{
    uint32_t bytes = 0;
    *returned = 0;
    if (input_size > UINT32_MAX || output_size > UINT32_MAX) {
        return fbed_fail(error, 0, 0, "port %s: more than 4 GiB", port->name);
    }
    uint32_t status = host_nt_port_send(port->nt, input, (uint32_t)input_size, output,
                                        (uint32_t)output_size, &bytes);
    *returned = bytes;
    return port_result(error, status, port->name, "send");
}

int
fbed_port_get_message(fbed_port *port,
                      void *buffer,
                      size_t size,
                      int milliseconds,
                      size_t *returned,
                      struct fbed_error *error)
{
    uint32_t bytes = 0;
    uint32_t room = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
    uint32_t status = host_nt_port_get(port->nt, buffer, room, milliseconds, &bytes);
    *returned = bytes;
    return port_result(error, status, port->name, "get message");
}

int
fbed_port_reply(fbed_port *port, const void *reply, size_t size, struct fbed_error *error)
{
    if (size > UINT32_MAX) {
        return fbed_fail(error, 0, 0, "port %s: more than 4 GiB", port->name);
    }
    return port_result(error, host_nt_port_reply(port->nt, reply, (uint32_t)size), port->name,
                       "reply");
}

void
fbed_port_hang_up(fbed_port *port)
{
    host_nt_port_hang_up(port->nt);
}

void
fbed_port_close(fbed_port *port)
{
    if (port != NULL) {
        host_nt_port_disconnect(port->nt);
        free(port->name);
        free(port);
    }
}

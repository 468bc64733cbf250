/* SPDX-License-Identifier: MIT */
/* Requests of programs to devices and ports, each on a thread of its own; see devices.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/devicesp.h"
#include "host/nearname.h"
#include "host/text.h"

/* ---- replies ---- */

static void
send_all(struct session *s, const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        ssize_t n = send(s->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* the reader sees that it is gone */
        }
        bytes += n;
        size -= (size_t)n;
    }
}

void
devices_reply(struct session *s, const struct job *j, uint32_t status, const char *more, const void *out, uint32_t out_size,
              uint64_t information)
{
    char text[1024] = "";
    if (status != 0) {
        char words[64];
        snprintf(text, sizeof text, "%s%s", host_status_text(status, words, sizeof words), more != NULL ? more : "");
    }
    const struct wire_reply head = {.bytes = (uint32_t)strlen(text) + out_size,
                                    .id = j->request.id,
                                    .status = status,
                                    .text = (uint32_t)strlen(text),
                                    .information = information};
    port_lock_acquire(&s->send_lock);
    send_all(s, &head, sizeof head);
    send_all(s, text, head.text);
    send_all(s, out, out_size);
    port_lock_release(&s->send_lock);
}

static void
reply_status(struct session *s, const struct job *j, uint32_t status)
{
    devices_reply(s, j, status, NULL, NULL, 0, 0);
}

/* ---- requests ---- */

/* What a session is for is decided once. false: it is for something already, or it ends. */
static bool
session_take(struct session *s, struct host_nt_device *device, struct host_nt_port *port)
{
    port_lock_acquire(&s->lock);
    const bool taken = s->device == NULL && s->port == NULL && !s->ending && !s->closed;
    if (taken) {
        s->device = device;
        s->port = port;
    }
    port_lock_release(&s->lock);
    return taken;
}

static void
job_open(struct session *s, const struct job *j)
{
    const struct host_nt_open open = {.name = (const char *)j->data, .access = j->request.code,
                                      .synchronous = (j->request.flags & WIRE_SYNCHRONOUS) != 0,
                                      .pid = s->pid, .uid = s->uid, .gid = s->gid};
    struct host_nt_device *device;
    struct host_buf more = {0};
    const uint32_t status = host_nt_device_open(&open, &device);
    if (!HOST_STATUS_OK(status)) {
        if (status == HOST_STATUS_NAME_NOT_FOUND || status == HOST_STATUS_PATH_NOT_FOUND) {
            near_names(open.name, &more);
        }
        devices_reply(s, j, status, more.data, NULL, 0, 0);
        host_buf_free(&more);
        return;
    }
    const bool taken = session_take(s, device, NULL);
    if (!taken) {
        host_nt_device_close(device);
    }
    reply_status(s, j, taken ? status : HOST_STATUS_INVALID_PARAMETER);
}

static void
job_connect(struct session *s, const struct job *j)
{
    const uint32_t size = j->request.bytes - j->request.in_size;
    char *name = host_strndup((const char *)j->data, j->request.in_size);
    struct host_nt_port *port = NULL;
    const uint32_t status = size > UINT16_MAX ? HOST_STATUS_INVALID_PARAMETER
                                              : host_nt_port_connect(name, size != 0 ? j->data + j->request.in_size : NULL,
                                                                     (uint16_t)size, s->pid, s->uid, s->gid, &port);
    free(name);
    if (!HOST_STATUS_OK(status)) {
        reply_status(s, j, status);
        return;
    }
    const bool taken = session_take(s, NULL, port);
    if (!taken) {
        host_nt_port_disconnect(port);
    }
    reply_status(s, j, taken ? status : HOST_STATUS_INVALID_PARAMETER);
}

static uint32_t
whole_output(const struct job *j)
{
    return j->request.verb == WIRE_CONTROL && (j->request.code & 3) != 0 ? j->request.out_size : 0;
}

/* The device was entered for it by the reader. */
static void
job_transfer(struct session *s, const struct job *j, struct host_nt_device *device)
{
    const struct wire_request *r = &j->request;
    unsigned char *out = r->out_size != 0 ? malloc(r->out_size) : NULL;
    if (out == NULL && r->out_size != 0) {
        host_nt_device_leave(device);
        reply_status(s, j, HOST_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    struct host_nt_request request = {.what = r->verb == WIRE_CONTROL ? HOST_NT_CONTROL
                                              : r->verb == WIRE_READ  ? HOST_NT_READ
                                                                      : HOST_NT_WRITE,
                                      .code = r->code, .offset = r->offset, .in = j->data, .in_size = r->in_size,
                                      .out = out, .out_size = r->out_size,
                                      .out_in = whole_output(j) != 0 ? j->data + r->in_size : NULL};
    const uint32_t status = host_nt_device_request(device, &request);
    uint32_t back = whole_output(j);
    if (back == 0 && status >> 30 != 3) {
        back = request.information < request.out_size ? (uint32_t)request.information : request.out_size;
    }
    devices_reply(s, j, status, NULL, out, back, request.information);
    free(out);
}

static void
job_port(struct session *s, const struct job *j, struct host_nt_port *port)
{
    const struct wire_request *r = &j->request;
    unsigned char *out = r->out_size != 0 ? calloc(1, r->out_size) : NULL;
    const uint32_t room = out != NULL ? r->out_size : 0;
    uint32_t returned = 0, status;
    switch (r->verb) {
    case WIRE_PORT_SEND:
        status = host_nt_port_send(port, j->data, r->in_size, out, room, &returned);
        break;
    case WIRE_PORT_GET:
        status = host_nt_port_get(port, out, room, (int32_t)r->code, &returned);
        break;
    default:
        status = host_nt_port_reply(port, j->data, r->in_size);
        break;
    }
    devices_reply(s, j, status, NULL, out, HOST_STATUS_OK(status) && returned <= room ? returned : 0, returned);
    free(out);
}

void
devices_job(struct session *s, const struct job *j, struct host_nt_device *device, struct host_nt_port *port)
{
    switch (j->request.verb) {
    case WIRE_OPEN:
        job_open(s, j);
        break;
    case WIRE_PORT_CONNECT:
        job_connect(s, j);
        break;
    case WIRE_CONTROL:
    case WIRE_READ:
    case WIRE_WRITE:
        job_transfer(s, j, device);
        break;
    default:
        job_port(s, j, port);
        break;
    }
}

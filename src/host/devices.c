/* SPDX-License-Identifier: MIT */
/*
 * Programs that have a device or a port open. A connection has a reader, which takes requests as they come, and a thread per request
 * under way (kept for the next one), because a driver's routine may wait as long as it likes. The connection's end is the end of the
 * handle, in Windows' order when a process dies: what is pended is cancelled, then IRP_MJ_CLEANUP, then, when the last request is back,
 * IRP_MJ_CLOSE.
 *
 * A cancel reaches a request that waits for a pended IRP. One that is still in a dispatch routine is tried again by the reader.
 */
#include "host/devices.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/devicesp.h"
#include "host/text.h"

#define MAX_SESSIONS 256
#define CANCEL_AGAIN_MS 20
#define CANCEL_FIRST_MS 1000 /* so long after the end of a connection its handle stays open for cancels to take effect */

static port_lock all_lock;
static struct session *all;
static unsigned session_count;
static bool stopping;
static _Atomic(uint32_t) all_ended;

/* ---- threads for them ---- */

static void
remove_job(struct job **list, const struct job *j)
{
    while (*list != j) {
        list = &(*list)->next;
    }
    *list = j->next;
}

static void
worker(void *arg)
{
    struct session *s = arg;
    port_lock_acquire(&s->lock);
    for (;;) {
        struct job *j = s->cancelling == 0 ? s->queued : NULL;
        if (j == NULL && s->ending && s->queued == NULL) {
            break;
        }
        if (j == NULL) {
            const uint32_t seen = atomic_load(&s->work);
            s->idle++;
            port_lock_release(&s->lock);
            port_wait(&s->work, seen, PORT_FOREVER);
            port_lock_acquire(&s->lock);
            s->idle--;
            continue;
        }
        s->queued = j->next;
        j->next = s->running;
        s->running = j;
        j->thread = port_thread_id();
        struct host_nt_device *device = s->device;
        struct host_nt_port *port = s->port;
        port_lock_release(&s->lock);
        devices_job(s, j, device, port);
        port_lock_acquire(&s->lock);
        remove_job(&s->running, j);
        s->jobs--;
        free(j->data);
        free(j);
        atomic_fetch_add(&s->ready, 1);
        port_wake(&s->ready, UINT32_MAX);
    }
    s->workers--;
    atomic_fetch_add(&s->ready, 1);
    port_wake(&s->ready, UINT32_MAX);
    port_lock_release(&s->lock); /* the last touch: the reader frees the session when it had the lock after this */
}

/* Takes the job. false: there is no thread for it. */
static bool
queue_job(struct session *s, struct job *j)
{
    bool started = true;
    port_lock_acquire(&s->lock);
    struct job **last = &s->queued;
    unsigned waiting = 1;
    for (; *last != NULL; last = &(*last)->next) {
        waiting++;
    }
    if (s->idle < waiting) {
        port_thread *thread;
        started = port_thread_start(&thread, worker, s, "device") == 0;
        if (started) {
            port_thread_detach(thread);
            s->workers++;
        }
    }
    if (started || s->workers != 0) {
        *last = j;
        s->jobs++;
        started = true;
    }
    atomic_fetch_add(&s->work, 1);
    port_lock_release(&s->lock);
    port_wake(&s->work, 1);
    return started;
}

/* ---- cancelling ---- */

/*
 * Those that are to be cancelled and wait for an IRP. A cancel routine is the driver's: no lock is held. Meanwhile no thread goes on to
 * another request. true: some are left that did not wait yet, or do not end.
 */
static bool
cancel_again(struct session *s)
{
    uint32_t threads[WIRE_MAX_REQUESTS];
    unsigned count = 0;
    bool left = false;
    port_lock_acquire(&s->lock);
    for (const struct job *j = s->running; j != NULL && count < WIRE_MAX_REQUESTS; j = j->next) {
        if (j->cancelled) {
            threads[count++] = j->thread;
        }
    }
    for (const struct job *j = s->queued; j != NULL; j = j->next) {
        left |= j->cancelled;
    }
    s->cancelling += count != 0;
    port_lock_release(&s->lock);
    for (unsigned i = 0; i < count; i++) {
        host_nt_cancel(threads[i]);
    }
    if (count != 0) {
        port_lock_acquire(&s->lock);
        s->cancelling--;
        atomic_fetch_add(&s->work, 1);
        port_lock_release(&s->lock);
        port_wake(&s->work, UINT32_MAX);
    }
    return left || count != 0;
}

/* id 0: all. */
static void
cancel_job(struct session *s, uint32_t id)
{
    port_lock_acquire(&s->lock);
    for (struct job *j = s->running; j != NULL; j = j->next) {
        j->cancelled |= id == 0 || j->request.id == id;
    }
    for (struct job *j = s->queued; j != NULL; j = j->next) {
        j->cancelled |= id == 0 || j->request.id == id;
    }
    port_lock_release(&s->lock);
    cancel_again(s);
}

/* ---- the reader ---- */

/* Reads exactly so much; cancels meanwhile what is to be cancelled. false: the end. */
static bool
read_all(struct session *s, void *data, size_t size)
{
    char *bytes = data;
    while (size > 0) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        const int ready = poll(&p, 1, cancel_again(s) ? CANCEL_AGAIN_MS : -1);
        if (ready == 0 || (ready < 0 && errno == EINTR)) {
            continue;
        }
        const ssize_t n = ready < 0 ? -1 : recv(s->fd, bytes, size, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Sizes that belong together. */
static bool
sound(const struct wire_request *r)
{
    if (r->bytes > WIRE_MAX_DATA || r->out_size > WIRE_MAX_DATA || r->in_size > r->bytes || r->id == 0) {
        return false;
    }
    switch (r->verb) {
    case WIRE_OPEN:
    case WIRE_CANCEL:
    case WIRE_CLOSE:
    case WIRE_PORT_CONNECT:
        return true;
    case WIRE_CONTROL:
        return r->bytes == (uint64_t)r->in_size + ((r->code & 3) != 0 ? r->out_size : 0);
    case WIRE_READ:
    case WIRE_PORT_GET:
        return r->bytes == 0;
    case WIRE_WRITE:
    case WIRE_PORT_SEND:
    case WIRE_PORT_REPLY:
        return r->bytes == r->in_size;
    default:
        return false;
    }
}

static void
close_handle(struct session *s)
{
    port_lock_acquire(&s->lock);
    struct host_nt_device *device = s->closed ? NULL : s->device;
    struct host_nt_port *port = s->closed ? NULL : s->port;
    s->closed = true;
    port_lock_release(&s->lock);
    if (device != NULL) {
        host_nt_device_close(device);
    }
    if (port != NULL) {
        host_nt_port_hang_up(port);
    }
}

/* STATUS_SUCCESS: the job may be queued; a request to the device has entered it then. */
static uint32_t
admit(struct session *s, const struct job *j)
{
    uint32_t status = 0;
    const bool opens = j->request.verb == WIRE_OPEN || j->request.verb == WIRE_PORT_CONNECT;
    const bool device = j->request.verb < WIRE_PORT_CONNECT;
    port_lock_acquire(&s->lock);
    if (s->jobs >= WIRE_MAX_REQUESTS) {
        status = HOST_STATUS_INSUFFICIENT_RESOURCES;
    } else if (s->closed || (!opens && (device ? s->device == NULL : s->port == NULL))) {
        status = HOST_STATUS_INVALID_HANDLE;
    } else if (!opens && device) {
        host_nt_device_enter(s->device);
    }
    port_lock_release(&s->lock);
    return status;
}

/* It was admitted, and will not be made. */
static void
refuse(struct session *s, const struct job *j)
{
    if (j->request.verb != WIRE_OPEN && j->request.verb < WIRE_PORT_CONNECT) {
        host_nt_device_leave(s->device);
    }
}

/* Takes the job. */
static void
dispatch(struct session *s, struct job *j)
{
    uint32_t status = 0;
    bool queued = false;
    if (j->request.verb == WIRE_CANCEL) {
        cancel_job(s, j->request.code);
    } else if (j->request.verb == WIRE_CLOSE) {
        close_handle(s);
        devices_reply(s, j, 0, NULL, NULL, 0, 0);
    } else {
        status = admit(s, j);
        queued = status == 0 && queue_job(s, j);
        if (!queued && status == 0) {
            status = HOST_STATUS_INSUFFICIENT_RESOURCES;
            refuse(s, j);
        }
        if (!queued) {
            devices_reply(s, j, status, NULL, NULL, 0, 0);
        }
    }
    if (!queued) {
        free(j->data);
        free(j);
    }
}

static void
read_requests(struct session *s)
{
    struct wire_request request;
    while (read_all(s, &request, sizeof request) && sound(&request)) {
        struct job *j = host_xalloc(sizeof *j);
        *j = (struct job){.request = request, .data = malloc((size_t)request.bytes + 1)};
        if (j->data == NULL || !read_all(s, j->data, request.bytes)) {
            free(j->data);
            free(j);
            return;
        }
        j->data[request.bytes] = '\0';
        dispatch(s, j);
    }
}

/* ---- a connection's life ---- */

/* Until no job and no worker is left, or the time is over. */
static bool
wait_for_jobs(struct session *s, uint64_t milliseconds)
{
    const uint64_t end = milliseconds == 0 ? PORT_FOREVER : port_clock_monotonic() + milliseconds * 1000000;
    for (;;) {
        const uint32_t seen = atomic_load(&s->ready);
        port_lock_acquire(&s->lock);
        const bool over = s->jobs == 0 && s->workers == 0;
        port_lock_release(&s->lock);
        const uint64_t now = port_clock_monotonic();
        if (over || now >= end) {
            return over;
        }
        cancel_job(s, 0);
        port_wait(&s->ready, seen, now + CANCEL_AGAIN_MS * UINT64_C(1000000));
    }
}

static void
end_session(struct session *s)
{
    port_lock_acquire(&s->lock);
    s->ending = true;
    const bool port = s->port != NULL;
    atomic_fetch_add(&s->work, 1);
    port_lock_release(&s->lock);
    port_wake(&s->work, UINT32_MAX);
    if (port) {
        close_handle(s);
    }
    if (!wait_for_jobs(s, CANCEL_FIRST_MS)) {
        close_handle(s); /* its cleanup completes what it has pended, perhaps */
        wait_for_jobs(s, 0);
    }
    close_handle(s);
    if (s->port != NULL) {
        host_nt_port_disconnect(s->port);
    }
}

static bool
enter_session(struct session *s)
{
    port_lock_acquire(&all_lock);
    const bool room = !stopping && session_count < MAX_SESSIONS;
    if (room) {
        session_count++;
        s->next = all;
        all = s;
    }
    port_lock_release(&all_lock);
    return room;
}

static void
leave_session(const struct session *s)
{
    port_lock_acquire(&all_lock);
    struct session **link = &all;
    while (*link != s) {
        link = &(*link)->next;
    }
    *link = s->next;
    session_count--;
    if (stopping && session_count == 0) {
        atomic_store(&all_ended, 1);
    }
    port_lock_release(&all_lock);
    port_wake(&all_ended, UINT32_MAX);
}

void
devices_serve(int fd)
{
    struct session *s = host_xalloc(sizeof *s);
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    *s = (struct session){.fd = fd};
    const bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
    s->pid = (uint32_t)peer.pid;
    s->uid = peer.uid;
    s->gid = peer.gid;
    if (known && enter_session(s)) {
        const struct wire_reply hello = {.information = WIRE_VERSION};
        if (send(fd, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello) {
            read_requests(s);
        }
        end_session(s);
        leave_session(s);
    }
    close(fd);
    free(s);
}

void
devices_stop(void)
{
    port_lock_acquire(&all_lock);
    stopping = true;
    for (const struct session *s = all; s != NULL; s = s->next) {
        shutdown(s->fd, SHUT_RDWR);
    }
    if (session_count == 0) {
        atomic_store(&all_ended, 1);
    }
    port_lock_release(&all_lock);
}

const _Atomic(uint32_t) *
devices_ended(void)
{
    return &all_ended;
}

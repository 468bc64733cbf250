/* SPDX-License-Identifier: MIT */
/*
 * A connection. Callers put themselves into a list and send; one of those who wait reads the answers for all (`reading`), wakes whose
 * answer it was, and hands the reading on when its own has come or its time is over.
 */
#include "client/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client/place.h"

#define GRACE_MS 1000 /* for a cancelled request to come back */
#define STATUS_TIMEOUT 0x102u
#define STATUS_CANCELLED 0xC0000120u
#define STATUS_DEVICE_NOT_CONNECTED 0xC000009Du
#define STATUS_INVALID_BUFFER_SIZE 0xC0000206u

struct waiting {
    struct waiting *next;
    uint32_t id;
    bool done;
    struct wire_reply reply;
    char *data; /* text, then output */
};

struct link {
    int fd;
    pthread_mutex_t send_lock; /* frames do not mix */
    pthread_mutex_t lock;      /* the rest */
    pthread_cond_t changed;
    struct waiting *calls;
    uint32_t next_id;
    unsigned users; /* calls, and 1 until it is closed */
    bool reading, broken;
    char name[512];
};

/* ---- errors ---- */

static const struct {
    uint32_t status;
    int posix;
} errnos[] = {
    {0xC0000002, ENOSYS},     {0xC0000004, EINVAL},  {0xC0000008, EBADF},   {0xC000000D, EINVAL}, {0xC000000E, ENODEV},
    {0xC000000F, ENOENT},     {0xC0000010, ENOTTY},  {0xC0000011, ENODATA}, {0xC0000017, ENOMEM}, {0xC0000022, EACCES},
    {0xC0000023, ENOBUFS},    {0xC0000024, ENOTTY},  {0xC0000033, EINVAL},  {0xC0000034, ENOENT}, {0xC000003A, ENOENT},
    {0xC0000043, EBUSY},      {0xC000009A, ENOMEM},  {0xC000009D, ENODEV},  {0xC00000B5, ETIMEDOUT}, {0xC00000BB, ENOTSUP},
    {0xC0000106, ENAMETOOLONG}, {0xC0000120, ECANCELED}, {0xC0000206, EMSGSIZE}, {0xC0000037, EPIPE}, {0x80000005, ENOBUFS},
    {0x80000011, EBUSY},      {0xC0000001, EIO},     {STATUS_TIMEOUT, ETIMEDOUT}};

int
link_errno(uint32_t status)
{
    for (size_t i = 0; i < sizeof errnos / sizeof *errnos; i++) {
        if (errnos[i].status == status) {
            return errnos[i].posix;
        }
    }
    return EIO;
}

int
link_fail(struct fbc_error *error, uint32_t status, int posix, const char *fmt, ...)
{
    va_list args;
    if (error != NULL) {
        error->status = status;
        error->posix = posix;
        va_start(args, fmt);
        vsnprintf(error->text, sizeof error->text, fmt, args);
        va_end(args);
    }
    errno = posix;
    return -1;
}

/* ---- time ---- */

static int64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* deadline 0: never. */
static int
left_ms(int64_t deadline)
{
    const int64_t left = deadline - now_ms();
    return deadline == 0 ? -1 : left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

/* ---- bytes ---- */

static bool
send_parts(int fd, struct iovec *parts, size_t count)
{
    while (count > 0) {
        struct msghdr m = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        while (count > 0 && (size_t)n >= parts->iov_len) {
            n -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
    return true;
}

static bool
receive_all(int fd, void *data, size_t size)
{
    char *bytes = data;
    while (size > 0) {
        ssize_t n = recv(fd, bytes, size, 0);
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

/* ---- begin and end ---- */

static int
greet(int fd)
{
    struct iovec hello = {(char *)WIRE_HELLO, sizeof WIRE_HELLO - 1};
    struct wire_reply answer;
    if (!send_parts(fd, &hello, 1) || !receive_all(fd, &answer, sizeof answer)) {
        return EACCES; /* hung up on: another user's, too many connections, or it ends */
    }
    return answer.information == WIRE_VERSION ? 0 : EPROTO;
}

static int
connect_to(const char *path, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return errno;
    }
    int rc = connect(*fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : greet(*fd);
    if (rc != 0) {
        close(*fd);
    }
    return rc;
}

struct link *
link_open(const struct fbc_options *options, const char *name, struct fbc_error *error)
{
    char path[512], text[512];
    int fd;
    if (client_find(options->socket, options->run, path, sizeof path, text, sizeof text) != 0) {
        link_fail(error, 0, ENOENT, "%s", text);
        return NULL;
    }
    const int rc = connect_to(path, &fd);
    if (rc != 0) {
        link_fail(error, 0, rc, "%s: %s", path, rc == EPROTO ? "another version of filterbed" : rc == EACCES ? "the run does not let this program in" : strerror(rc));
        return NULL;
    }
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL) {
        close(fd);
        link_fail(error, 0, ENOMEM, "%s", strerror(ENOMEM));
        return NULL;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->send_lock, NULL);
    l->fd = fd;
    l->users = 1;
    snprintf(l->name, sizeof l->name, "%s", name);
    return l;
}

static void
leave(struct link *l)
{
    pthread_mutex_lock(&l->lock);
    const bool last = --l->users == 0;
    pthread_mutex_unlock(&l->lock);
    if (last) {
        close(l->fd);
        pthread_cond_destroy(&l->changed);
        pthread_mutex_destroy(&l->lock);
        pthread_mutex_destroy(&l->send_lock);
        free(l);
    }
}

void
link_close(struct link *l)
{
    leave(l);
}

/* ---- calls ---- */

static bool
send_frame(struct link *l, const struct wire_request *request, const struct link_call *call)
{
    struct iovec parts[3] = {{(void *)request, sizeof *request},
                             {(void *)(call != NULL ? call->first : NULL), call != NULL ? call->first_size : 0},
                             {(void *)(call != NULL ? call->second : NULL), call != NULL ? call->second_size : 0}};
    pthread_mutex_lock(&l->send_lock);
    const bool sent = send_parts(l->fd, parts, 3);
    pthread_mutex_unlock(&l->send_lock);
    return sent;
}

static void
enter(struct link *l, struct waiting *w)
{
    pthread_mutex_lock(&l->lock);
    w->id = ++l->next_id != 0 ? l->next_id : ++l->next_id;
    w->next = l->calls;
    l->calls = w;
    l->users++;
    pthread_mutex_unlock(&l->lock);
}

/* One answer, for whomever. 1: the time is over, -1: the connection has ended. The caller is the one who reads. */
static int
read_answer(struct link *l, int64_t deadline)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    struct wire_reply reply;
    const int ready = poll(&p, 1, left_ms(deadline));
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
        return 1;
    }
    if (ready < 0 || !receive_all(l->fd, &reply, sizeof reply) || reply.bytes > WIRE_MAX_DATA + 4096 || reply.text > reply.bytes) {
        return -1;
    }
    char *data = malloc((size_t)reply.bytes + 1);
    if (data == NULL || !receive_all(l->fd, data, reply.bytes)) {
        free(data);
        return -1;
    }
    pthread_mutex_lock(&l->lock);
    for (struct waiting *w = l->calls; w != NULL; w = w->next) {
        if (w->id == reply.id && !w->done) {
            w->reply = reply;
            w->data = data;
            w->done = true;
            data = NULL;
            break;
        }
    }
    pthread_mutex_unlock(&l->lock);
    free(data); /* of somebody who gave up */
    return 0;
}

/* Until the answer is there, or the connection has ended (true), or the time is over. */
static bool
await(struct link *l, const struct waiting *w, int64_t deadline)
{
    pthread_mutex_lock(&l->lock);
    while (!w->done && !l->broken && left_ms(deadline) != 0) {
        if (!l->reading) {
            l->reading = true;
            pthread_mutex_unlock(&l->lock);
            const int rc = read_answer(l, deadline);
            pthread_mutex_lock(&l->lock);
            l->reading = false;
            l->broken |= rc < 0;
            pthread_cond_broadcast(&l->changed);
        } else if (deadline == 0) {
            pthread_cond_wait(&l->changed, &l->lock);
        } else {
            const struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
            pthread_cond_timedwait(&l->changed, &l->lock, &until);
        }
    }
    const bool over = w->done || l->broken;
    pthread_mutex_unlock(&l->lock);
    return over;
}

static void
forget(struct link *l, const struct waiting *w)
{
    pthread_mutex_lock(&l->lock);
    struct waiting **at = &l->calls;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    pthread_mutex_unlock(&l->lock);
}

static int
result(const struct waiting *w, const struct link_call *call, bool late, const char *what, struct fbc_error *error)
{
    const size_t back = w->reply.bytes - w->reply.text, n = back < call->out_size ? back : call->out_size;
    if (n != 0) {
        memcpy(call->out, w->data + w->reply.text, n);
    }
    if (call->returned != NULL) {
        *call->returned = (size_t)w->reply.information;
    }
    const bool good = (int32_t)w->reply.status >= 0 && w->reply.status != STATUS_TIMEOUT;
    if (good) {
        if (error != NULL) {
            error->status = w->reply.status;
            error->posix = 0;
            error->text[0] = '\0';
        }
        return 0;
    }
    const bool timed_out = late && w->reply.status == STATUS_CANCELLED;
    return link_fail(error, w->reply.status, timed_out ? ETIMEDOUT : link_errno(w->reply.status), "%s: %.*s%s", what, (int)w->reply.text,
                     w->data, timed_out ? " (the time was over, the request was cancelled)" : "");
}

static int
finish(struct link *l, struct waiting *w, const struct link_call *call, const char *what, struct fbc_error *error)
{
    const int64_t deadline = call->timeout_ms > 0 ? now_ms() + call->timeout_ms : 0;
    bool late = false, over = await(l, w, deadline);
    if (!over) {
        const struct wire_request cancel = {.id = w->id, .verb = WIRE_CANCEL, .code = w->id};
        late = true;
        send_frame(l, &cancel, NULL);
        over = await(l, w, now_ms() + GRACE_MS);
    }
    if (w->done) {
        return result(w, call, late, what, error);
    }
    return over ? link_fail(error, STATUS_DEVICE_NOT_CONNECTED, ENODEV, "%s: the run has ended, or hung up", what)
                : link_fail(error, STATUS_TIMEOUT, ETIMEDOUT, "%s: the time was over, and the request did not end when it was cancelled", what);
}

int
link_call(struct link *l, const struct link_call *call, struct fbc_error *error)
{
    struct waiting w = {0};
    const char *what = l->name;
    if (call->returned != NULL) {
        *call->returned = 0;
    }
    if (call->first_size > FBC_MAX_DATA || call->out_size > FBC_MAX_DATA || call->first_size + call->out_size > FBC_MAX_DATA) {
        return link_fail(error, STATUS_INVALID_BUFFER_SIZE, EMSGSIZE, "%s: more than %zu bytes", what, FBC_MAX_DATA);
    }
    enter(l, &w);
    const struct wire_request request = {.bytes = (uint32_t)(call->first_size + call->second_size), .id = w.id, .verb = call->verb,
                                         .code = call->code, .flags = call->flags, .in_size = (uint32_t)call->first_size,
                                         .out_size = (uint32_t)call->out_size, .offset = call->offset};
    int rc = -1;
    if (send_frame(l, &request, call)) {
        rc = finish(l, &w, call, what, error);
    } else {
        link_fail(error, STATUS_DEVICE_NOT_CONNECTED, ENODEV, "%s: the run has ended, or hung up", what);
    }
    const int saved = errno;
    forget(l, &w);
    free(w.data);
    leave(l);
    errno = saved;
    return rc;
}

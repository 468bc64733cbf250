/* SPDX-License-Identifier: MIT */
/* Messages between supervisor and server. */
#include "host/channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t send_lock = PTHREAD_MUTEX_INITIALIZER; /* lines do not mix */

static bool
write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        text += n;
        size -= (size_t)n;
    }
    return true;
}

/* The first byte, with the descriptor. */
static bool
send_descriptor(int fd, const char *text, int pass)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {(char *)text, 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    memset(control, 0, sizeof control);
    struct cmsghdr *head = CMSG_FIRSTHDR(&m);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &pass, sizeof pass);
    ssize_t n;
    while ((n = sendmsg(fd, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
    }
    return n == 1;
}

bool
channel_send(int fd, json_t *message, int pass)
{
    char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (text == NULL) {
        return false;
    }
    size_t n = strlen(text), start = pass >= 0;
    text[n++] = '\n'; /* over the NUL */
    pthread_mutex_lock(&send_lock);
    bool sent =
        (pass < 0 || send_descriptor(fd, text, pass)) && write_all(fd, text + start, n - start);
    pthread_mutex_unlock(&send_lock);
    free(text);
    return sent;
}

void
channel_init(struct channel *c, int fd)
{
    *c = (struct channel){.fd = fd, .passed = -1};
}

void
channel_close(struct channel *c)
{
    if (c->fd >= 0) {
        close(c->fd);
    }
    host_buf_free(&c->pending);
    c->fd = -1;
}

static ssize_t
receive(struct channel *c, char *buffer, size_t size)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {buffer, size};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == ENOTSOCK) {
        return read(c->fd, buffer, size);
    }
    struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(&c->passed, CMSG_DATA(head), sizeof c->passed);
    }
    return n;
}

bool
channel_fill(struct channel *c)
{
    char buffer[16384];
    ssize_t n;
    while ((n = receive(c, buffer, sizeof buffer)) < 0 && errno == EINTR) {
    }
    if (n <= 0) {
        c->ended = true;
        return false;
    }
    host_buf_add(&c->pending, buffer, (size_t)n);
    return true;
}

json_t *
channel_next(struct channel *c)
{
    char *end = c->pending.len != 0 ? memchr(c->pending.data, '\n', c->pending.len) : NULL;
    if (end == NULL) {
        return NULL;
    }
    size_t n = (size_t)(end - c->pending.data);
    json_t *message = json_loadb(c->pending.data, n, 0, NULL);
    size_t rest = c->pending.len - n - 1;
    memmove(c->pending.data, end + 1, rest);
    c->pending.data[rest] = '\0';
    c->pending.len = rest;
    return message != NULL ? message : json_object();
}

bool
channel_is(const json_t *message, const char *type)
{
    const char *have = json_string_value(json_object_get(message, "type"));
    return have != NULL && strcmp(have, type) == 0;
}

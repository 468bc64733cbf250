/* SPDX-License-Identifier: MIT */
/* The /dev/fuse transport: one read per request, one writev per reply or notification. */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static ssize_t
dev_receive(int fd, void *buffer, size_t size)
{
    ssize_t got = read(fd, buffer, size);
    return got < 0 ? -errno : got;
}

/* Small parts go as one: every piece costs the kernel a look at the page it lies in. */
#define DEV_SMALL 512u

static int
dev_reply(int fd, const struct iovec *parts, int count)
{
    char small[DEV_SMALL];
    size_t length = 0;
    ssize_t put;
    for (int i = 0; i < count; i++) {
        length += parts[i].iov_len;
    }
    if (count > 1 && length <= sizeof small) {
        char *at = small;
        for (int i = 0; i < count; i++) {
            memcpy(at, parts[i].iov_base, parts[i].iov_len);
            at += parts[i].iov_len;
        }
        put = write(fd, small, length);
    } else {
        put = count == 1 ? write(fd, parts[0].iov_base, parts[0].iov_len) : writev(fd, parts, count);
    }
    return put < 0 ? -errno : 0;
}

static int
dev_backing_open(int fd, int file)
{
    struct wire_backing_map map = { .fd = file };
    int id = ioctl(fd, WIRE_IOC_BACKING_OPEN, &map);
    return id < 0 ? -errno : id;
}

static void
dev_backing_close(int fd, int id)
{
    uint32_t word = (uint32_t)id;
    (void)ioctl(fd, WIRE_IOC_BACKING_CLOSE, &word);
}

const struct fuse_transport fuse_transport_dev = {
    .receive = dev_receive,
    .reply = dev_reply,
    .backing_open = dev_backing_open,
    .backing_close = dev_backing_close,
};

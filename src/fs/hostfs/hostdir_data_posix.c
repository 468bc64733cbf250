/* SPDX-License-Identifier: MIT */
/* hostdir: data of regular files. */
#include "fs/hostfs/hostdir_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t
hostdir_read(int fd, void *buffer, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = pread(fd, (char *)buffer + done, length - done, (off_t)(offset + done));
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return done > 0 ? (int64_t)done : -errno;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
        if (done < length) {
            /* short: the end of the file, or a signal; a second call would say which, a regular file's end is told by its size */
            struct stat st;
            if (fstat(fd, &st) == 0 && offset + done >= (uint64_t)st.st_size) {
                break;
            }
        }
    }
    return (int64_t)done;
}

static ssize_t
write_some(int fd, const char *buffer, size_t length, off_t offset, unsigned flags)
{
    if (flags == 0) {
        return pwrite(fd, buffer, length, offset);
    }
    struct iovec iov = { .iov_base = (void *)buffer, .iov_len = length };
    int how = ((flags & HOSTDIR_APPEND) ? RWF_APPEND : 0) | ((flags & HOSTDIR_SYNC) ? RWF_SYNC : 0);
    return pwritev2(fd, &iov, 1, offset, how);
}

int64_t
hostdir_write(int fd, const void *buffer, size_t length, uint64_t offset, unsigned flags)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = write_some(fd, (const char *)buffer + done, length - done, (off_t)(offset + done), flags);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return done > 0 ? (int64_t)done : -errno;
        }
        done += (size_t)n;
    }
    return (int64_t)done;
}

int
hostdir_truncate(int fd, uint64_t size)
{
    if (size > INT64_MAX) {
        return -EFBIG;
    }
    return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int
hostdir_allocate(int fd, uint64_t offset, uint64_t length)
{
    while (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int
write_zeros(int fd, uint64_t offset, uint64_t length)
{
    static const char zeros[65536];
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    uint64_t end = offset + length < (uint64_t)st.st_size ? offset + length : (uint64_t)st.st_size;
    while (offset < end) {
        size_t n = end - offset < sizeof zeros ? (size_t)(end - offset) : sizeof zeros;
        int64_t rc = hostdir_write(fd, zeros, n, offset, 0);
        if (rc < 0) {
            return (int)rc;
        }
        offset += (uint64_t)rc;
    }
    return 0;
}

int
hostdir_zero(int fd, uint64_t offset, uint64_t length)
{
    while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) < 0) {
        if (errno == EOPNOTSUPP) {
            return write_zeros(fd, offset, length);
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int
hostdir_next_data(int fd, uint64_t *offset, uint64_t *length)
{
    off_t data = lseek(fd, (off_t)*offset, SEEK_DATA);
    if (data < 0) {
        return errno == ENXIO ? 0 : -errno;
    }
    off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole < 0) {
        return errno == ENXIO ? 0 : -errno;
    }
    *offset = (uint64_t)data;
    *length = (uint64_t)(hole - data);
    return 1;
}

int
hostdir_sync(int fd, bool data_only)
{
    return (data_only ? fdatasync(fd) : fsync(fd)) < 0 ? -errno : 0;
}

int
hostdir_syncfs(struct hostdir *h)
{
    if (h->mount_fd < 0) {
        return -EBADF;
    }
    return syncfs(h->mount_fd) < 0 ? -errno : 0;
}

static int64_t
copy_by_hand(int in, uint64_t in_offset, int out, uint64_t out_offset, uint64_t length)
{
    char buffer[65536];
    uint64_t done = 0;
    while (done < length) {
        size_t want = length - done < sizeof buffer ? (size_t)(length - done) : sizeof buffer;
        int64_t n = hostdir_read(in, buffer, want, in_offset + done);
        if (n > 0) {
            n = hostdir_write(out, buffer, (size_t)n, out_offset + done, 0);
        }
        if (n <= 0) {
            return done > 0 || n == 0 ? (int64_t)done : n;
        }
        done += (uint64_t)n;
    }
    return (int64_t)done;
}

int64_t
hostdir_copy(int in, uint64_t in_offset, int out, uint64_t out_offset, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        off_t from = (off_t)(in_offset + done), to = (off_t)(out_offset + done);
        ssize_t n = copy_file_range(in, &from, out, &to, (size_t)(length - done), 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && done == 0 && (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP || errno == EBADF)) {
            return copy_by_hand(in, in_offset, out, out_offset, length);
        }
        if (n < 0) {
            return done > 0 ? (int64_t)done : -errno;
        }
        if (n == 0) {
            break;
        }
        done += (uint64_t)n;
    }
    return (int64_t)done;
}

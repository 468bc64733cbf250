/* SPDX-License-Identifier: MIT */
/* hostdir: modes, owners, times, links' targets, extended attributes, the volume. */
#include "fs/hostfs/hostdir_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif

struct xattr_arguments { uint64_t value; uint32_t size, flags; };

/* /proc/self/fd/N is a magic link to the object itself: path calls through it reach exactly that object, also a symbolic link. */
static const char *
proc_name(int fd, char name[static 32])
{
    snprintf(name, 32, "/proc/self/fd/%d", fd);
    return name;
}

int
hostdir_chmod(struct hostdir *h, int fd, uint32_t mode)
{
    char name[32];
    if (h->has_fchmodat2) {
        return syscall(SYS_fchmodat2, fd, "", mode & 07777, AT_EMPTY_PATH) < 0 ? -errno : 0;
    }
    if (fchmod(fd, mode & 07777) == 0) {
        return 0;
    }
    if (errno != EBADF) {
        return -errno;
    }
    struct hostdir_stat st;
    if (hostdir_stat_fd(fd, &st) == 0 && S_ISLNK(st.mode)) {
        return -EOPNOTSUPP;
    }
    return chmod(proc_name(fd, name), mode & 07777) < 0 ? -errno : 0;
}

int
hostdir_chown(int fd, uint32_t uid, uint32_t gid)
{
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static struct timespec
time_to_host(int how, const struct hostdir_time *time)
{
    if (how == HOSTDIR_TIME_SET) {
        return (struct timespec){ .tv_sec = time->sec, .tv_nsec = time->nsec };
    }
    return (struct timespec){ .tv_nsec = how == HOSTDIR_TIME_NOW ? UTIME_NOW : UTIME_OMIT };
}

int
hostdir_utimens(struct hostdir *h, int fd, const struct hostdir_times *times)
{
    (void)h;
    struct timespec spec[2] = { time_to_host(times->atime_how, &times->atime), time_to_host(times->mtime_how, &times->mtime) };
    if (utimensat(fd, "", spec, AT_EMPTY_PATH) == 0) {
        return 0;
    }
    char name[32];
    if (errno != EINVAL && errno != ENOENT) {
        return -errno;
    }
    /* AT_EMPTY_PATH came with Linux 5.8. */
    return utimensat(AT_FDCWD, proc_name(fd, name), spec, 0) < 0 ? -errno : 0;
}

int64_t
hostdir_readlink(int fd, char *buffer, size_t size)
{
    ssize_t n = readlinkat(fd, "", buffer, size);
    return n < 0 ? -errno : n;
}

int64_t
hostdir_getxattr(struct hostdir *h, int fd, const char *name, void *value, size_t size)
{
    long n;
    if (h->has_xattrat) {
        struct xattr_arguments arguments = { .value = (uintptr_t)value, .size = (uint32_t)size };
        n = syscall(SYS_getxattrat, fd, "", AT_EMPTY_PATH, name, &arguments, sizeof arguments);
    } else {
        char path[32];
        n = getxattr(proc_name(fd, path), name, value, size);
    }
    return n < 0 ? -errno : n;
}

int
hostdir_setxattr(struct hostdir *h, int fd, const char *name, const void *value, size_t size, unsigned flags)
{
    int how = ((flags & HOSTDIR_XATTR_CREATE) ? XATTR_CREATE : 0) | ((flags & HOSTDIR_XATTR_REPLACE) ? XATTR_REPLACE : 0);
    long rc;
    if (h->has_xattrat) {
        struct xattr_arguments arguments = { .value = (uintptr_t)value, .size = (uint32_t)size, .flags = (uint32_t)how };
        rc = syscall(SYS_setxattrat, fd, "", AT_EMPTY_PATH, name, &arguments, sizeof arguments);
    } else {
        char path[32];
        rc = setxattr(proc_name(fd, path), name, value, size, how);
    }
    return rc < 0 ? -errno : 0;
}

int
hostdir_removexattr(struct hostdir *h, int fd, const char *name)
{
    char path[32];
    long rc = h->has_xattrat ? syscall(SYS_removexattrat, fd, "", AT_EMPTY_PATH, name) : removexattr(proc_name(fd, path), name);
    return rc < 0 ? -errno : 0;
}

int64_t
hostdir_listxattr(struct hostdir *h, int fd, char *list, size_t size)
{
    char path[32];
    long n = h->has_xattrat ? syscall(SYS_listxattrat, fd, "", AT_EMPTY_PATH, list, size) : listxattr(proc_name(fd, path), list, size);
    return n < 0 ? -errno : n;
}

int
hostdir_statfs(struct hostdir *h, struct hostdir_statfs *out)
{
    struct statfs s;
    if (fstatfs(h->root, &s) < 0) {
        return -errno;
    }
    uint64_t fsid = 0;
    memcpy(&fsid, &s.f_fsid, sizeof fsid);
    *out = (struct hostdir_statfs){
        .blocks = s.f_blocks,
        .bfree = s.f_bfree,
        .bavail = s.f_bavail,
        .files = s.f_files,
        .ffree = s.f_ffree,
        .bsize = (uint32_t)s.f_bsize,
        .frsize = (uint32_t)(s.f_frsize ? s.f_frsize : s.f_bsize),
        .namelen = (uint32_t)s.f_namelen,
        .type = (uint64_t)s.f_type,
        .fsid = fsid,
        .read_only = (s.f_flags & ST_RDONLY) != 0,
    };
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "fsbox_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int
fsbox_host_make(char path[64])
{
    strcpy(path, "/tmp/fsbox-XXXXXX");
    if (mkdtemp(path) == NULL) {
        return -errno;
    }
    umask(0);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
fsbox_host_remove(const char *path, int fd)
{
    char command[128];
    close(fd);
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    if (system(command) != 0) {
        perror(path);
    }
}

int
fsbox_host_stat(int dir, const char *name, struct fsbox_host_stat *st)
{
    struct stat s;
    if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) < 0) {
        return -errno;
    }
    *st = (struct fsbox_host_stat){ .ino = s.st_ino, .size = (uint64_t)s.st_size, .blocks = (uint64_t)s.st_blocks, .mode = s.st_mode,
                                    .nlink = (uint32_t)s.st_nlink, .uid = s.st_uid, .gid = s.st_gid,
                                    .mtime = s.st_mtim.tv_sec, .mtime_nsec = (uint32_t)s.st_mtim.tv_nsec };
    return 0;
}

int
fsbox_host_write(int dir, const char *name, const void *data, size_t length)
{
    int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = write(fd, data, length);
    close(fd);
    return n == (ssize_t)length ? 0 : -EIO;
}

int64_t
fsbox_host_read(int dir, const char *name, void *data, size_t length)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = read(fd, data, length);
    close(fd);
    return n < 0 ? -errno : n;
}

int
fsbox_host_mkdir(int dir, const char *name)
{
    return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
}

int
fsbox_host_symlink(int dir, const char *target, const char *name)
{
    return symlinkat(target, dir, name) < 0 ? -errno : 0;
}

int64_t
fsbox_host_readlink(int dir, const char *name, char *target, size_t size)
{
    ssize_t n = readlinkat(dir, name, target, size);
    return n < 0 ? -errno : n;
}

int
fsbox_host_mkfifo(int dir, const char *name)
{
    return mkfifoat(dir, name, 0644) < 0 ? -errno : 0;
}

int
fsbox_host_rename(int dir, const char *from, const char *to)
{
    return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

int
fsbox_host_unlink(int dir, const char *name)
{
    return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}

int
fsbox_host_chmod(int dir, const char *name, uint32_t mode)
{
    return fchmodat(dir, name, mode, 0) < 0 ? -errno : 0;
}

int64_t
fsbox_host_getxattr(const char *base, const char *name, const char *xattr, void *value, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", base, name);
    ssize_t n = lgetxattr(path, xattr, value, size);
    return n < 0 ? -errno : n;
}

unsigned
fsbox_host_descriptors(void)
{
    unsigned count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d != NULL && readdir(d) != NULL) {
        count++;
    }
    if (d != NULL) {
        closedir(d);
    }
    return count;
}

bool
fsbox_host_is_root(void)
{
    return geteuid() == 0;
}

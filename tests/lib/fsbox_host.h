/* SPDX-License-Identifier: MIT */
/* The bare host directory beside a hostfs volume, for tests of file systems.  Neutral types. */
#ifndef FB_TESTS_LIB_FSBOX_HOST_H
#define FB_TESTS_LIB_FSBOX_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fsbox_host_stat { uint64_t ino, size, blocks; uint32_t mode, nlink, uid, gid; int64_t mtime; uint32_t mtime_nsec; };

int fsbox_host_make(char path[64]);            /* a new directory under /tmp; its descriptor */
void fsbox_host_remove(const char *path, int fd);
/* Names are relative to the directory.  0 or -errno. */
int fsbox_host_stat(int dir, const char *name, struct fsbox_host_stat *st);
int fsbox_host_write(int dir, const char *name, const void *data, size_t length);
int64_t fsbox_host_read(int dir, const char *name, void *data, size_t length);
int fsbox_host_mkdir(int dir, const char *name);
int fsbox_host_symlink(int dir, const char *target, const char *name);
int64_t fsbox_host_readlink(int dir, const char *name, char *target, size_t size);
int fsbox_host_mkfifo(int dir, const char *name);
int fsbox_host_rename(int dir, const char *from, const char *to);
int fsbox_host_unlink(int dir, const char *name);
int fsbox_host_chmod(int dir, const char *name, uint32_t mode);
int64_t fsbox_host_getxattr(const char *base, const char *name, const char *xattr, void *value, size_t size);
unsigned fsbox_host_descriptors(void);         /* open in this process */
bool fsbox_host_is_root(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A small file system interface by path, with two implementations: a bare directory and a view. */
#ifndef FB_TESTS_VIEW_WORLD_H
#define FB_TESTS_VIEW_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "view/view.h"

struct world;
struct world_file;
struct world_ops {
    int (*stat)(struct world *w, const char *path, struct stat *st);
    int (*open)(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file);
    int (*tmpfile)(struct world *w, const char *path, int flags, unsigned mode, struct world_file **file);
    int (*fstat)(struct world *w, struct world_file *file, struct stat *st);
    void (*close)(struct world *w, struct world_file *file);
    ssize_t (*pread)(struct world *w, struct world_file *file, void *buffer, size_t size, off_t offset);
    ssize_t (*pwrite)(struct world *w, struct world_file *file, const void *buffer, size_t size, off_t offset, bool append);
    int (*ftruncate)(struct world *w, struct world_file *file, off_t size);
    int (*fallocate)(struct world *w, struct world_file *file, int mode, off_t offset, off_t length);
    off_t (*seek)(struct world *w, struct world_file *file, off_t offset, int whence);
    int (*sync)(struct world *w, struct world_file *file);
    int (*flink)(struct world *w, struct world_file *file, const char *path);
    int (*truncate)(struct world *w, const char *path, off_t size);
    int (*mkdir)(struct world *w, const char *path, unsigned mode);
    int (*mknod)(struct world *w, const char *path, unsigned mode, dev_t rdev);
    int (*symlink)(struct world *w, const char *target, const char *path);
    ssize_t (*readlink)(struct world *w, const char *path, char *buffer, size_t size);
    int (*link)(struct world *w, const char *from, const char *to);
    int (*unlink)(struct world *w, const char *path);
    int (*rmdir)(struct world *w, const char *path);
    int (*rename)(struct world *w, const char *from, const char *to, unsigned flags);
    int (*chmod)(struct world *w, const char *path, unsigned mode);
    int (*chown)(struct world *w, const char *path, uid_t uid, gid_t gid);
    int (*utimens)(struct world *w, const char *path, const struct timespec times[2]);
    /* names sorted, each "T name\n" */
    int (*list)(struct world *w, const char *path, char *text, size_t size);
    int (*setxattr)(struct world *w, const char *path, const char *name, const void *value, size_t size, int flags);
    ssize_t (*getxattr)(struct world *w, const char *path, const char *name, void *value, size_t size);
    ssize_t (*listxattr)(struct world *w, const char *path, char *list, size_t size);
    int (*removexattr)(struct world *w, const char *path, const char *name);
};
struct world { const struct world_ops *ops; int root; view *view; struct view_who who; };

extern const struct world_ops world_bare, world_view;
/* Sorts lines in place. */
void world_sort(char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* Between mount.c and helper.c (fusermount3). */
#ifndef FB_FUSE_MOUNTP_H
#define FB_FUSE_MOUNTP_H

#include "fuse/fuse.h"

bool fuse_mount_find(const char *path, unsigned *device_minor, char *type, size_t type_size);

bool fuse_helper_present(void);                /* fusermount3 is in the path and may be run */
int fuse_helper_mount(const struct fuse_mount_options *options, int *fd, char *message, size_t size);
int fuse_helper_unmount(const char *mountpoint, bool lazy);

#endif

/* SPDX-License-Identifier: MIT */
/* hostdir, inward header (POSIX side). */
#ifndef FB_FS_HOSTFS_HOSTDIR_POSIX_H
#define FB_FS_HOSTFS_HOSTDIR_POSIX_H

#include <stdatomic.h>
#include <stdint.h>

#include "fs/hostfs/hostdir.h"

struct hostdir {
    /* constant after create, but for tests */
    int root;                                  /* O_PATH */
    int proc_fd;                               /* /proc/self/fd, O_PATH; -1: no /proc */
    bool has_openat2, has_fchmodat2, has_xattrat;
    uint32_t umask;                            /* the process' when the volume was made: bits that need an explicit chmod */
    uint32_t euid, egid;
    uint64_t dev;
    bool ids;                                  /* open_by_handle_at with ext4-like handles works */
    int mount_fd;                              /* readable descriptor of the root, for open_by_handle_at */
};

/* openat2(base, path) as hostdir_open, with open(2) flags; resolves component-wise where openat2 is missing. */
int hostdir_openat(struct hostdir *h, int base, const char *path, int flags, uint32_t mode, int *fd);
/* Opens the object of a location again through /proc/self/fd. */
int hostdir_reopen(struct hostdir *h, int location, int flags, int *fd);

#endif

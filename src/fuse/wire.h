/* SPDX-License-Identifier: MIT */
/*
 * The /dev/fuse protocol: the distribution's <linux/fuse.h> and, of our own, what older ones lack (Debian 12 has 7.38; we speak
 * up to 7.42).  The protocol is a stable kernel ABI: sizes are asserted below.
 */
#ifndef FB_FUSE_WIRE_H
#define FB_FUSE_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <linux/fuse.h>

#define WIRE_MINOR 42                          /* the newest minor we know how to speak */
#define WIRE_MINOR_OLDEST 31                   /* Linux 5.4; older kernels are refused */

#ifndef FUSE_CREATE_SUPP_GROUP
#define FUSE_CREATE_SUPP_GROUP (1ULL << 34)
#endif
#ifndef FUSE_HAS_EXPIRE_ONLY
#define FUSE_HAS_EXPIRE_ONLY (1ULL << 35)
#endif
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36)
#endif
#ifndef FUSE_PASSTHROUGH
#define FUSE_PASSTHROUGH (1ULL << 37)
#endif
#ifndef FUSE_NO_EXPORT_SUPPORT
#define FUSE_NO_EXPORT_SUPPORT (1ULL << 38)
#endif
#ifndef FUSE_HAS_RESEND
#define FUSE_HAS_RESEND (1ULL << 39)
#endif
#ifndef FUSE_OVER_IO_URING
#define FUSE_OVER_IO_URING (1ULL << 41)
#endif
#ifndef FOPEN_PASSTHROUGH
#define FOPEN_PASSTHROUGH (1 << 7)
#endif
#ifndef FATTR_KILL_SUIDGID
#define FATTR_KILL_SUIDGID (1 << 11)
#endif

#define WIRE_EXPIRE_ONLY 1                     /* fuse_notify_inval_entry_out, 7.38: flags where the padding was */

#define WIRE_STATX 52                          /* FUSE_STATX, 7.39 */
#define WIRE_OPCODES 64

/* fuse_init_out since 7.40: max_stack_depth follows flags2. */
struct wire_init_out {
    uint32_t major, minor, max_readahead, flags;
    uint16_t max_background, congestion_threshold;
    uint32_t max_write, time_gran;
    uint16_t max_pages, map_alignment;
    uint32_t flags2, max_stack_depth;
    uint32_t unused[6];
};
_Static_assert(sizeof(struct wire_init_out) == 64, "fuse_init_out");
_Static_assert(offsetof(struct wire_init_out, max_stack_depth) == 36, "max_stack_depth");

/* fuse_open_out since 7.40: backing_id instead of padding. */
struct wire_open_out {
    uint64_t fh;
    uint32_t open_flags;
    int32_t backing_id;
};
_Static_assert(sizeof(struct wire_open_out) == sizeof(struct fuse_open_out), "fuse_open_out");

struct wire_create_out {
    struct fuse_entry_out entry;
    struct wire_open_out open;
};
_Static_assert(sizeof(struct wire_create_out) == 144, "create reply");

struct wire_backing_map {
    int32_t fd;
    uint32_t flags;
    uint64_t padding;
};
#define WIRE_IOC_BACKING_OPEN _IOW(229, 1, struct wire_backing_map)
#define WIRE_IOC_BACKING_CLOSE _IOW(229, 2, uint32_t)

struct wire_statx_in {
    uint32_t getattr_flags, reserved;
    uint64_t fh;
    uint32_t sx_flags, sx_mask;
};

struct wire_sx_time {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};

struct wire_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare0;
    uint64_t ino, size, blocks, attributes_mask;
    struct wire_sx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t spare2[14];
};
_Static_assert(sizeof(struct wire_statx) == 256, "fuse_statx");

struct wire_statx_out {
    uint64_t attr_valid;
    uint32_t attr_valid_nsec, flags;
    uint64_t spare[2];
    struct wire_statx stat;
};

#endif

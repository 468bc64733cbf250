/* SPDX-License-Identifier: MIT */
/*
 * Private attachments of an operation: exact POSIX values that NT structures cannot carry.  view fills one, the base file system uses
 * it unless a filter changed the NT field it belongs to.  Neutral types.
 */
#ifndef FB_IO_ATTACH_H
#define FB_IO_ATTACH_H

#include <stdint.h>

#define IOP_ATTACH_MAGIC 0x31706f69u
enum {
    IOP_ATTACH_MODE = 1, IOP_ATTACH_UID = 2, IOP_ATTACH_GID = 4, IOP_ATTACH_ATIME = 8, IOP_ATTACH_MTIME = 16,
    IOP_ATTACH_RDEV = 32, IOP_ATTACH_SYMLINK = 64, IOP_ATTACH_ATIME_NOW = 128, IOP_ATTACH_MTIME_NOW = 256,
    IOP_ATTACH_KILL_SUIDGID = 512,
    /* SET_EA: a zero-length value sets an empty attribute instead of removing it; XATTR_CREATE, XATTR_REPLACE */
    IOP_ATTACH_EA_EMPTY = 1024, IOP_ATTACH_EA_CREATE = 2048, IOP_ATTACH_EA_REPLACE = 4096,
    /* CREATE: open the host file for data only when the first read or write comes (passthrough does not need it) */
    IOP_ATTACH_LAZY_DATA = 8192,
    /* SET_INFORMATION, rename: the file object was opened by its name in this very request, and the name is meant, so it need not be
     * looked at once more whether it still leads to that file */
    IOP_ATTACH_JUST_OPENED = 16384
};
struct iop_attachment {
    uint32_t magic, valid;
    uint32_t mode;                             /* st_mode incl. type for mknod */
    uint32_t uid, gid;
    uint64_t rdev;
    int64_t atime_sec, mtime_sec;
    uint32_t atime_nsec, mtime_nsec;
    int64_t nt_atime, nt_mtime;                /* the NT values view put into the structure: differ = a filter changed them */
    const char *symlink;                       /* target, UTF-8/bytes */
    int open_flags;                            /* O_APPEND, O_DIRECT … as given by the client */
    int host_errno;                            /* out: exact errno of the host call, 0 = none.  QUERY_EA of one name that is not there
                                                * succeeds with an empty value, as on Windows, and says ENODATA here. */
    int32_t host_status;                       /* out: the NTSTATUS made of host_errno, 0 = not said.  Another final status = a filter decided */
    /* out of every query whose answer has times (also query-open and create): what the NT values cut off */
    uint8_t sub100_atime, sub100_mtime, sub100_ctime, sub100_btime;   /* exact time = NT time * 100 ns + this */
    uint8_t created;                           /* out of creates */
    uint32_t blksize;                          /* out of queries: preferred I/O size, 0 = unknown */
    /* in, of renames within a directory, UTF-16: the path that the file should have had, relative to the volume, and its new last
     * component.  out: the base file system did just that; filters may have made another rename of it, or nothing */
    const uint16_t *old_path, *new_name;
    uint16_t old_path_bytes, new_name_bytes;
    uint8_t renamed_as_asked;
    uint64_t device;                           /* out, with the times: the host's number of the file system, 0 = none or not said */
};

/* Private control code, sent by view straight to the base device: fills struct iop_host_file; STATUS_INVALID_DEVICE_REQUEST from memfs. */
#define IOP_FSCTL_HOST_FILE 0x0009FBD0u
struct iop_host_file { int fd; uint64_t dev, ino; };   /* fd is borrowed: valid while the file object is open; may be an O_PATH one */

/* Private control code to the base device, any file object of the volume: what statfs has beyond FileFsFullSizeInformation. */
#define IOP_FSCTL_STATFS 0x0009FBD4u
struct iop_statfs { uint64_t blocks, bfree, bavail, files, ffree; uint32_t bsize, frsize, namelen; };

#endif

/* SPDX-License-Identifier: MIT */
/*
 * hostdir: one host directory by file descriptor.  Seam header: neutral types; hostdir*_posix.c implement it.
 *
 * Nothing here ever leaves the directory: paths are resolved beneath a descriptor, no symbolic or magic link is followed and
 * ".." is refused.  Objects other than regular files and directories are only opened as a location (O_PATH).
 * Functions return 0 (or a count) or a negative errno.  Paths are '/'-separated bytes without a leading '/', "" is the base itself.
 */
#ifndef FB_FS_HOSTFS_HOSTDIR_H
#define FB_FS_HOSTFS_HOSTDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hostdir;

struct hostdir_time { int64_t sec; uint32_t nsec; };
struct hostdir_stat {
    uint64_t dev, ino, size, blocks, rdev;     /* blocks of 512 bytes */
    uint32_t mode, nlink, uid, gid, blksize;
    bool has_btime;
    struct hostdir_time atime, mtime, ctime, btime;
};

/* The descriptor is duplicated.  Fails: -ENOTDIR and what fstat gives. */
int hostdir_create(struct hostdir **out, int fd);
void hostdir_destroy(struct hostdir *h);
int hostdir_root(const struct hostdir *h);     /* borrowed */
/* For tests: resolve component by component even where openat2 is there. */
void hostdir_force_walk(struct hostdir *h, bool on);

/* ---- names to descriptors ---- */
/* A location (O_PATH); a symbolic link in last place is the object itself.  -ELOOP: a link in the middle. */
int hostdir_open(struct hostdir *h, int base, const char *path, int *fd);
/* The directory that holds the last component, and the component.  *owned: close parent with hostdir_close.  Not for "". */
int hostdir_parent(struct hostdir *h, int base, const char *path, int *parent, const char **name, bool *owned);
int hostdir_duplicate(struct hostdir *h, int fd, int *copy);     /* a location of the same object */
void hostdir_close(int fd);
int hostdir_stat_fd(int fd, struct hostdir_stat *st);
int hostdir_stat_at(int parent, const char *name, struct hostdir_stat *st);
/* A descriptor for data.  By name first (parent, name: may be -1), verified against st; else through the location fd (may be
 * -1).  Regular files and directories (read only) only.  HOSTDIR_FRESH: st was taken by that name this moment.  Returns the access
 * the descriptor has: who asks for writing gets reading, too, if the host allows both. */
enum { HOSTDIR_READ = 1, HOSTDIR_WRITE = 2, HOSTDIR_FRESH = 4 };
int hostdir_open_data(struct hostdir *h, int parent, const char *name, int location, const struct hostdir_stat *st, unsigned access, int *fd);
/* Path of an open object below the root, as the host names it now; -ENOENT: deleted or outside. */
int hostdir_path_of(struct hostdir *h, int fd, char *path, size_t size);
/* A location by inode number, where the host permits it and the object is beneath the root.  -EOPNOTSUPP, -ESTALE, -EPERM … */
int hostdir_open_by_id(struct hostdir *h, uint64_t ino, int *fd, char *path, size_t size);

/* ---- the name space ---- */
struct hostdir_make {
    uint32_t mode;                             /* with type bits */
    uint64_t rdev;
    const char *symlink;                       /* S_IFLNK: target */
    bool set_owner;
    uint32_t uid, gid;                         /* gid yields to a set-group-id directory */
};
/* Makes what did not exist: *fd is for reading and writing if it is a regular file, else a location.  -EEXIST. */
int hostdir_make(struct hostdir *h, int base, const char *path, const struct hostdir_make *make, int *fd, struct hostdir_stat *st);
int hostdir_unlink(int parent, const char *name, bool directory);
enum { HOSTDIR_RENAME_NOREPLACE = 1, HOSTDIR_RENAME_EXCHANGE = 2 };
int hostdir_rename(int parent, const char *name, int new_parent, const char *new_name, unsigned flags);
int hostdir_link(struct hostdir *h, int fd, int parent, const char *name);

/* ---- directories ---- */
struct hostdir_entry { uint64_t ino; uint32_t type; /* S_IF* or 0 */ const char *name; size_t length; };
typedef struct hostdir_reader hostdir_reader;
int hostdir_reader_open(int fd, hostdir_reader **reader);
void hostdir_reader_rewind(hostdir_reader *reader);
int hostdir_reader_next(hostdir_reader *reader, struct hostdir_entry *entry);   /* 1, 0 = end, -errno; skips . and .. */
void hostdir_reader_close(hostdir_reader *reader);
int hostdir_is_empty(int fd);                  /* 1 empty, 0 not, -errno */
/* What the directory itself tells of an entry: inode and type, for one that may be read but not searched. */
int hostdir_entry_at(int fd, const char *name, struct hostdir_stat *st);
/* The entry that equal accepts; of several, the one with the smallest bytes.  -ENOENT. */
int hostdir_find(int fd, bool (*equal)(void *ctx, const char *name, size_t length), void *ctx, char *found, size_t size);

/* ---- metadata: fd may be a location ---- */
int hostdir_chmod(struct hostdir *h, int fd, uint32_t mode);
int hostdir_chown(int fd, uint32_t uid, uint32_t gid);            /* UINT32_MAX = leave */
enum { HOSTDIR_TIME_OMIT, HOSTDIR_TIME_SET, HOSTDIR_TIME_NOW };
struct hostdir_times { int atime_how, mtime_how; struct hostdir_time atime, mtime; };
int hostdir_utimens(struct hostdir *h, int fd, const struct hostdir_times *times);
int64_t hostdir_readlink(int fd, char *buffer, size_t size);
enum { HOSTDIR_XATTR_CREATE = 1, HOSTDIR_XATTR_REPLACE = 2 };
int64_t hostdir_getxattr(struct hostdir *h, int fd, const char *name, void *value, size_t size);
int hostdir_setxattr(struct hostdir *h, int fd, const char *name, const void *value, size_t size, unsigned flags);
int hostdir_removexattr(struct hostdir *h, int fd, const char *name);
int64_t hostdir_listxattr(struct hostdir *h, int fd, char *list, size_t size);
struct hostdir_statfs { uint64_t blocks, bfree, bavail, files, ffree; uint32_t bsize, frsize, namelen; uint64_t type, fsid; bool read_only; };
int hostdir_statfs(struct hostdir *h, struct hostdir_statfs *out);

/* ---- data: fd as hostdir_open_data gives it ---- */
int64_t hostdir_read(int fd, void *buffer, size_t length, uint64_t offset);
enum { HOSTDIR_APPEND = 1, HOSTDIR_SYNC = 2 };
int64_t hostdir_write(int fd, const void *buffer, size_t length, uint64_t offset, unsigned flags);
int hostdir_truncate(int fd, uint64_t size);
int hostdir_allocate(int fd, uint64_t offset, uint64_t length);   /* never changes the size */
int hostdir_zero(int fd, uint64_t offset, uint64_t length);       /* punches a hole, else writes zeros; never changes the size */
/* Next allocated range at or after *offset: 1 found, 0 none. */
int hostdir_next_data(int fd, uint64_t *offset, uint64_t *length);
int hostdir_sync(int fd, bool data_only);
int hostdir_syncfs(struct hostdir *h);
int64_t hostdir_copy(int in, uint64_t in_offset, int out, uint64_t out_offset, uint64_t length);

/* The calling process' effective identity. */
void hostdir_identity(uint32_t *uid, uint32_t *gid);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * view: POSIX semantics on top of the I/O system.  Seam header (neutral types); src/fuse is a thin shell on it, and tests and
 * the script language use it with nothing mounted.
 *
 * Every call returns 0 or a negative errno.  Names are single components, bytes, not NUL-terminated unless said.
 * A node counts its lookups (view_forget); node 1 is the root and always there.  Calls may come from any thread.
 */
#ifndef FB_VIEW_H
#define FB_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct view view;
typedef struct view_handle view_handle;
typedef uint64_t view_node;                    /* opaque, stable while looked up; VIEW_ROOT */
#define VIEW_ROOT ((view_node)1)

struct view_who { uint32_t uid, gid, pid; };   /* pid: thread id of the caller, 0 = System */

struct view_attr {
    uint64_t ino, size, blocks, rdev, dev;
    int64_t atime, mtime, ctime, btime;
    uint32_t atime_nsec, mtime_nsec, ctime_nsec, btime_nsec;
    uint32_t mode, nlink, uid, gid, blksize;
};

struct view_entry {
    view_node node;
    uint64_t generation;
    struct view_attr attr;
    uint64_t entry_ttl_ns, attr_ttl_ns;        /* how long the kernel may believe it; 0 = ask again */
};

enum view_metadata_mode { VIEW_METADATA_EXACT, VIEW_METADATA_CACHED };
struct view_options {
    enum view_metadata_mode metadata;
    bool no_passthrough;
    bool case_insensitive;
    uint32_t uid, gid;                         /* owner of files in file systems that know none */
    uint64_t ttl_ns;                           /* of what may be cached; 0 = 1 s.  Long ones need somebody who tells of changes */
};
/* volume: number of the mounted NT volume.  The invalidation callbacks may be called from any thread, also one that
 * serves a request: they only queue. */
struct view_callbacks {
    void *ctx;
    void (*invalidate_entry)(void *ctx, view_node parent, const char *name, size_t length);
    void (*invalidate_node)(void *ctx, view_node node, int64_t offset, int64_t length);  /* offset -1: attributes only */
    void (*invalidate_all)(void *ctx);         /* too much, or not known what: view_known says what there is */
};
int view_create(view **v, unsigned volume, const struct view_options *options, const struct view_callbacks *callbacks);
/* Ends it: CLEANUP and CLOSE for every handle still open. */
void view_destroy(view *v);

/* A signal for the caller served by this thread (port_thread_id): an operation that a driver has pended is cancelled, which ends it
 * with -EINTR.  false: the thread waits for no such operation now.  Any thread, also that one about to wait. */
bool view_cancel(view *v, uint32_t thread);

/*
 * Something changed that no request of the kernel asked for: by file id (0 = not known), and the name in directory parent if a name came,
 * went or leads elsewhere.  Any thread.  Ids and names that the view does not know cost a look into a table.  What drivers do through the
 * volume's stack the view hears by itself.
 */
enum { VIEW_CHANGED_DATA = 1, VIEW_CHANGED_ATTRIBUTES = 2, VIEW_CHANGED_NAMES = 4 };
void view_changed(view *v, uint64_t file, uint64_t parent, const char *name, size_t length, unsigned what);
void view_changed_all(view *v);
/* Nobody tells of changes any more: what may be cached may be for a second only. */
void view_untold(view *v);
/* Nobody looks at changes of this file for now: what is said of it is not kept.  Calls with true are undone by as many with false. */
void view_unwatched(view *v, uint64_t file, bool unwatched);
/* Every node and name that the kernel may have cached, one by one through `to`, which only queues. */
void view_known(view *v, const struct view_callbacks *to);

/* -ENOENT: out->entry_ttl_ns says how long the kernel may keep that the name is not there. */
int view_lookup(view *v, view_node parent, const char *name, size_t length, const struct view_who *who, struct view_entry *out);
void view_forget(view *v, view_node node, uint64_t count);
/* handle may be NULL.  *ttl_ns: how long the kernel may believe it. */
int view_getattr(view *v, view_node node, view_handle *handle, const struct view_who *who, struct view_attr *out, uint64_t *ttl_ns);

enum { VIEW_SET_MODE = 1, VIEW_SET_UID = 2, VIEW_SET_GID = 4, VIEW_SET_SIZE = 8, VIEW_SET_ATIME = 16, VIEW_SET_MTIME = 32,
       VIEW_SET_ATIME_NOW = 64, VIEW_SET_MTIME_NOW = 128, VIEW_SET_KILL_SUIDGID = 256 };
struct view_setattr { uint32_t valid, mode, uid, gid; uint64_t size; int64_t atime, mtime; uint32_t atime_nsec, mtime_nsec; };
int view_setattr(view *v, view_node node, view_handle *handle, const struct view_setattr *set, const struct view_who *who, struct view_attr *out, uint64_t *ttl_ns);

/* open: flags are Linux O_*; how the kernel shall treat the handle's data */
enum view_regime { VIEW_REGIME_PASSTHROUGH, VIEW_REGIME_CACHED, VIEW_REGIME_DIRECT };
struct view_open { view_handle *handle; enum view_regime regime; int backing_fd; /* borrowed; -1 = none */ bool keep_cache, no_flush; };
/* With the flags of view_open: the name goes with the last handle, as Windows programs ask for it.  No program of Linux can say so. */
#define VIEW_OPEN_DELETE_ON_CLOSE 0x80000000u
int view_open(view *v, view_node node, uint32_t flags, const struct view_who *who, struct view_open *out);
int view_create_file(view *v, view_node parent, const char *name, size_t length, uint32_t flags, uint32_t mode, const struct view_who *who,
                     struct view_entry *entry, struct view_open *out);
int view_tmpfile(view *v, view_node parent, uint32_t flags, uint32_t mode, const struct view_who *who, struct view_entry *entry, struct view_open *out);
int view_read(view *v, view_handle *handle, void *buffer, size_t length, uint64_t offset, const struct view_who *who, size_t *done);
int view_write(view *v, view_handle *handle, const void *buffer, size_t length, uint64_t offset, bool append, bool paging, const struct view_who *who, size_t *done);
int view_flush(view *v, view_handle *handle, const struct view_who *who);
int view_fsync(view *v, view_handle *handle, bool data_only, const struct view_who *who);
int view_fallocate(view *v, view_handle *handle, uint32_t mode, uint64_t offset, uint64_t length, const struct view_who *who);
int view_lseek(view *v, view_handle *handle, uint64_t offset, int whence, uint64_t *out);     /* SEEK_DATA, SEEK_HOLE */
int view_copy_range(view *v, view_handle *in, uint64_t in_offset, view_handle *out, uint64_t out_offset, size_t length, const struct view_who *who, size_t *done);
void view_release(view *v, view_handle *handle);              /* CLEANUP, then CLOSE with the last reference */

int view_opendir(view *v, view_node node, uint32_t flags, const struct view_who *who, view_handle **out);
/* Calls fill(…) until it returns false (buffer full) or the directory ends; cookie 0 = from the start; each entry's cookie
 * resumes behind it.  plus: entries are looked up (entry.node != 0 except for . and ..). */
typedef bool (*view_fill)(void *ctx, const char *name, size_t length, uint64_t cookie, const struct view_entry *entry);
int view_readdir(view *v, view_handle *dir, uint64_t cookie, bool plus, const struct view_who *who, view_fill fill, void *ctx);

int view_mkdir(view *v, view_node parent, const char *name, size_t length, uint32_t mode, const struct view_who *who, struct view_entry *out);
int view_mknod(view *v, view_node parent, const char *name, size_t length, uint32_t mode, uint64_t rdev, const struct view_who *who, struct view_entry *out);
int view_symlink(view *v, view_node parent, const char *name, size_t length, const char *target, const struct view_who *who, struct view_entry *out);
int view_readlink(view *v, view_node node, char *buffer, size_t size, size_t *length, const struct view_who *who);
int view_link(view *v, view_node node, view_node parent, const char *name, size_t length, const struct view_who *who, struct view_entry *out);
int view_unlink(view *v, view_node parent, const char *name, size_t length, const struct view_who *who);
int view_rmdir(view *v, view_node parent, const char *name, size_t length, const struct view_who *who);
int view_rename(view *v, view_node parent, const char *name, size_t length, view_node new_parent, const char *new_name, size_t new_length, uint32_t flags, const struct view_who *who);

struct view_statfs { uint64_t blocks, bfree, bavail, files, ffree; uint32_t bsize, namelen, frsize; };
int view_statfs(view *v, struct view_statfs *out, const struct view_who *who);
int view_getxattr(view *v, view_node node, const char *name, void *buffer, size_t size, size_t *length, const struct view_who *who);
int view_setxattr(view *v, view_node node, const char *name, const void *value, size_t size, uint32_t flags, const struct view_who *who);
int view_listxattr(view *v, view_node node, void *buffer, size_t size, size_t *length, const struct view_who *who);
int view_removexattr(view *v, view_node node, const char *name, const struct view_who *who);
int view_access(view *v, view_node node, uint32_t mask, const struct view_who *who);

#endif

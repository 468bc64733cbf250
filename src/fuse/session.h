/* SPDX-License-Identifier: MIT */
/*
 * fuse, inward header.
 *
 *   transport.c  receive a request, reply, notify over /dev/fuse; a second transport (io_uring queues, virtiofs) is another
 *                row of struct fuse_transport
 *   session.c    INIT, start, stop, statistics
 *   worker.c     serving threads and the spare ones
 *   notify.c     the notifier thread
 *   backing.c    per inode: kernel backing id, and the latched data regime
 *   front*.c     opcode table: requests to view.h, nothing else
 */
#ifndef FB_FUSE_SESSION_H
#define FB_FUSE_SESSION_H

#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "fuse/fuse.h"
#include "fuse/wire.h"
#include "port/port.h"
#include "view/view.h"

/*
 * A request is received at PAGE - 80 of a page-aligned buffer: 80 bytes are fuse_in_header + fuse_write_in, so the payload of
 * a WRITE lies on a page boundary and can be forwarded with O_DIRECT, with one plain read(2) and no gap in between.
 */
#define FUSE_PAGE 4096u
#define FUSE_LEAD 80u
#define FUSE_MAX_WRITE (1u << 20)

struct fuse_transport {
    /* Length of the request, or -errno: EINTR, EAGAIN, ENOENT (that request was interrupted): try again; else the end. */
    ssize_t (*receive)(int fd, void *buffer, size_t size);
    int (*reply)(int fd, const struct iovec *parts, int count);
    int (*backing_open)(int fd, int file);     /* id > 0 or -errno */
    void (*backing_close)(int fd, int id);
};
extern const struct fuse_transport fuse_transport_dev;

enum fuse_worker_state { FUSE_WORKER_SERVING, FUSE_WORKER_READING, FUSE_WORKER_SPARE, FUSE_WORKER_ENDED };

struct fuse_worker {
    struct fuse_session *session;
    struct fuse_worker *next;                  /* constant once linked; the list only grows */
    port_thread *thread;
    uint8_t *buffer;                           /* FUSE_PAGE lead + max_write + FUSE_PAGE */
    size_t buffer_size;
    struct port_block_hooks hooks;
    unsigned depth;                            /* owner thread: nested blocking waits */
    /* interlocked */
    _Atomic(uint32_t) tid;
    _Atomic(uint32_t) state;
    _Atomic(uint32_t) wake;                    /* futex of a spare: 1 = you are a reader now */
    _Atomic(uint64_t) unique;                  /* request in service, 0 = none */
    _Atomic(uint32_t) opcode;                  /* its */
    _Atomic(uint32_t) interrupted;
    /* fuse_session_stalled's */
    uint64_t seen, seen_since;                 /* request that was in service at the last look, since when (port_clock_monotonic) */
};

#define FUSE_BACKING_SHARDS 32
struct fuse_backing;
struct fuse_backing_shard {
    port_lock lock;
    struct fuse_backing *buckets[64];
    struct fuse_backing *free;
};

struct fuse_note;
struct fuse_notes { struct fuse_note *head, **tail; };
#define FUSE_NOTES_MAX 16384
struct fuse_notifier {
    port_lock lock;
    /* lock */
    struct fuse_notes notes;
    unsigned count;
    bool all;                                  /* everything is to be invalidated instead of the notes that were dropped */
    bool stop;
    /* interlocked */
    _Atomic(uint32_t) signal;
    _Atomic(uint64_t) overflows;
    port_thread *thread;
};

struct fuse_session {
    int fd;
    const struct fuse_transport *transport;
    struct fuse_session_options options;
    struct view_callbacks callbacks;
    view *view;
    /* constant after INIT */
    uint32_t minor;
    uint64_t kernel_flags, flags;
    uint32_t max_write;
    unsigned readers, max_threads;
    /* interlocked */
    _Atomic(bool) stopping, ended;
    _Atomic(uint32_t) end_word;                /* futex: 1 = stopping or ended */
    _Atomic(bool) passthrough;                 /* offered, wanted, and not refused so far */
    _Atomic(int) running;                      /* serving threads that are not held in a callback and not spare */
    _Atomic(int) held;
    _Atomic(unsigned) threads;
    _Atomic(int) result;
    _Atomic(uint64_t) requests, interrupts, invalidations;
    _Atomic(uint64_t) passthrough_opens, direct_opens, cached_opens, late_direct_opens;
    _Atomic(bool) limit_told;
    port_lock workers_lock;
    _Atomic(struct fuse_worker *) workers;
    struct fuse_notifier notifier;
    struct fuse_backing_shard shards[FUSE_BACKING_SHARDS];
};

/* ---- request in service (front*.c) ---- */
struct front_request {
    struct fuse_session *session;
    struct fuse_worker *worker;
    view *view;
    struct view_who who;
    const struct fuse_in_header *head;
    const void *arg;                           /* behind the header */
    size_t arg_size;
    void *data;                                /* page-aligned scratch, data_size bytes; holds a WRITE's payload at entry */
    size_t data_size;
    bool replied;
};

bool front_must_finish(uint32_t opcode);     /* also for a process that is gone: its reply changes nothing, its effect does */
void front_serve(struct fuse_worker *worker, const struct fuse_in_header *head, size_t length);
/* 0, or -ENOENT: the caller was killed meanwhile and nobody took the answer (undo what it hands out). */
int front_reply(struct front_request *r, const void *data, size_t size);
void front_reply_entry(struct front_request *r, int status, const struct view_entry *entry);   /* forgets it if not taken */
void *front_scratch(struct front_request *r, size_t size);      /* behind the message; NULL: too big */
void front_error(struct front_request *r, int error);          /* error: negative errno, or 0 for an empty success */
bool front_name(const struct front_request *r, size_t offset, const char **name, size_t *length);
void front_attr(struct fuse_attr *out, const struct view_attr *in);
void front_entry(struct fuse_entry_out *out, const struct view_entry *in);

typedef void front_handler(struct front_request *r);
/* front_meta.c */
front_handler front_lookup, front_forget, front_batch_forget, front_getattr, front_setattr, front_statx, front_readlink,
    front_symlink, front_mknod, front_mkdir, front_unlink, front_rmdir, front_rename, front_rename2, front_link, front_statfs,
    front_setxattr, front_getxattr, front_listxattr, front_removexattr, front_access;
/* front_file.c */
front_handler front_open, front_create, front_tmpfile, front_read, front_write, front_flush, front_release, front_fsync,
    front_fallocate, front_lseek, front_copy_file_range, front_opendir, front_releasedir, front_readdir, front_readdirplus;

/* ---- backing.c ---- */
/* An open of a regular file: decides FOPEN_* flags and the backing id (0 = none) from what view asks for and from what the
 * inode's other handles are. Every successful call is undone by one fuse_backing_release. */
int fuse_backing_open(struct fuse_session *s, uint64_t node, const struct view_open *open, uint32_t *fopen_flags, int32_t *id);
void fuse_backing_release(struct fuse_session *s, uint64_t node);
void fuse_backing_destroy(struct fuse_session *s);             /* frees all; the connection is gone */

/* ---- notify.c ---- */
int fuse_notifier_start(struct fuse_session *s);
void fuse_notifier_stop(struct fuse_session *s);
void fuse_notifier_free(struct fuse_session *s);
void fuse_notify_entry(void *session, view_node parent, const char *name, size_t length);
/* Somebody else than the thread itself, which is in the middle of waiting, cancels what it waits for. */
void fuse_notify_cancel(struct fuse_session *s, uint32_t thread);
void fuse_notify_node(void *session, view_node node, int64_t offset, int64_t length);
void fuse_notify_all(void *session);

/* ---- worker.c ---- */
void fuse_workers_end(struct fuse_session *s); /* wakes fuse_workers_run; async-signal-safe */
int fuse_workers_run(struct fuse_session *s);                  /* starts them, waits for all */
bool fuse_workers_interrupt(struct fuse_session *s, uint64_t unique);   /* true: found */
void fuse_workers_free(struct fuse_session *s);

#endif

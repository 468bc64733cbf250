/* SPDX-License-Identifier: MIT */
/*
 * fuse, outward header: mounting, and serving a mount.
 *
 * Mounting is apart from serving, so that a supervisor process can own the mount point and the descriptor and hand the
 * descriptor to the process that serves:
 *
 *   supervisor:  fuse_mount(&options, &fd, message, sizeof message);  … pass fd to the server …  fuse_unmount(mountpoint);
 *   server:      fuse_session_create(&session, fd, &session_options);
 *                view_create(&view, volume, &view_options, fuse_session_callbacks(session));
 *                fuse_session_run(session, view);       until unmounted, aborted or fuse_session_stop
 *                view_destroy(view);                    CLEANUP and CLOSE for what is still open
 *                fuse_session_destroy(session);
 */
#ifndef FB_FUSE_FUSE_H
#define FB_FUSE_FUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/view.h"

/* ---- mount.c ---- */
struct fuse_mount_options {
    const char *mountpoint;
    const char *source;                        /* first column of /proc/mounts; NULL = "filterbed" */
    const char *subtype;                       /* fuse.<subtype>; NULL = "filterbed" */
    bool no_default_permissions;               /* leave access checks to the volume */
    bool no_allow_other;                       /* by default other users may enter when root mounts */
    bool read_only;
    bool allow_dev_suid;                       /* keep device nodes and set-user-id bits effective (root) */
};

/* 0 and *fd (close-on-exec), or a negative errno and in message what was wrong and what to do, one line without newline. */
int fuse_mount(const struct fuse_mount_options *options, int *fd, char *message, size_t size);
/* lazy: detach now, let users finish.  0 or negative errno; -EBUSY when somebody is inside. */
int fuse_unmount(const char *mountpoint, bool lazy);
/* Ends the connection of the mount at mountpoint at once: callers get ECONNABORTED, the server's reads ENODEV. */
int fuse_abort(const char *mountpoint);
/* Can this machine mount?  0, or a negative errno with a message as fuse_mount gives. */
int fuse_available(char *message, size_t size);

/* ---- session.c ---- */
struct fuse_session_options {
    unsigned threads;                          /* that read requests at the same time; 0 = number of CPUs, at least 2 */
    unsigned max_threads;                      /* with spare ones for threads held in callbacks; 0 = 256 */
    bool no_passthrough;
    bool no_readdirplus;                       /* set with metadata=exact: the kernel may not keep the attributes anyway */
    bool no_cache_symlinks;                    /* likewise */
    bool allow_signals;                        /* serving threads keep the caller's signal mask instead of blocking all */
};

struct fuse_session_stats {
    uint64_t requests, interrupts, invalidations;
    uint64_t overflows;                        /* times that everything was invalidated, because the queue was full or the watcher lost events */
    unsigned threads, max_threads_seen, held;  /* held: now waiting inside a callback */
    bool passthrough;                          /* the kernel offers it and lets us */
    uint64_t passthrough_opens, direct_opens, cached_opens;
    uint64_t late_direct_opens;                /* observed, on an inode whose earlier handles bypass the filters */
};

typedef struct fuse_session fuse_session;
int fuse_session_create(fuse_session **session, int fd, const struct fuse_session_options *options);   /* options may be NULL */
const struct view_callbacks *fuse_session_callbacks(fuse_session *session);
/* Serves until the end of the connection; all serving threads are gone on return.  0, or a negative errno when the INIT
 * exchange failed. */
int fuse_session_run(fuse_session *session, view *v);
void fuse_session_stop(fuse_session *session);                 /* any thread, also before run; async-signal-safe */
void fuse_session_stats(fuse_session *session, struct fuse_session_stats *out);
/* The thread of a request that has been served for ns, seen by one caller who looks often; 0: none (any more).  A thread again after as long. */
uint32_t fuse_session_stalled(fuse_session *session, uint64_t ns);
void fuse_session_destroy(fuse_session *session);              /* closes fd */

#endif

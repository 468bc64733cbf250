/* SPDX-License-Identifier: MIT */
/*
 * Data regimes as the kernel wants them.  While an inode has opens its regime is latched:
 *
 *   first open            later open asks for   gets
 *   PASSTHROUGH (id)      PASSTHROUGH           the same backing id
 *                         CACHED, DIRECT        DIRECT_IO | PASSTHROUGH with the same id: its reads and writes are requests
 *   CACHED                PASSTHROUGH, CACHED   CACHED (a passthrough handle beside a cached one fails with EIO)
 *                         DIRECT                DIRECT
 *   DIRECT                any                   DIRECT
 *
 * The id is registered once per inode.  A backing file that the kernel does not take (no privilege: for the whole session;
 * too deep a stack: this inode) leaves the inode CACHED.
 */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>

struct fuse_backing {
    struct fuse_backing *next;
    uint64_t node;
    uint32_t opens;
    enum view_regime regime;
    int32_t id;                                /* 0 = none */
};

static struct fuse_backing_shard *
backing_shard(struct fuse_session *s, uint64_t node, struct fuse_backing ***bucket)
{
    uint64_t hash = node * 0x9e3779b97f4a7c15ull;
    struct fuse_backing_shard *shard = &s->shards[hash >> 59];
    *bucket = &shard->buckets[(hash >> 53) & 63];
    return shard;
}

static struct fuse_backing **
backing_find(struct fuse_backing **link, uint64_t node)
{
    while (*link != NULL && (*link)->node != node) {
        link = &(*link)->next;
    }
    return link;
}

/* The backing id, or 0: the file is to be served CACHED. */
static int32_t
backing_register(struct fuse_session *s, int file)
{
    if (file < 0 || !atomic_load(&s->passthrough)) {
        return 0;
    }
    int id = s->transport->backing_open(s->fd, file);
    if (id > 0) {
        return id;
    }
    if (id == -EPERM || id == -ENOTTY || id == -EOPNOTSUPP) {
        if (atomic_exchange(&s->passthrough, false)) {
            port_log(PORT_LOG_INFO, "fuse", "passthrough is not permitted (%s): file data goes through requests", strerror(-id));
        }
    }
    return 0;
}

/* Locks: shard. */
static int
backing_add(struct fuse_session *s, struct fuse_backing_shard *shard, struct fuse_backing **link, uint64_t node,
            const struct view_open *open)
{
    struct fuse_backing *b = shard->free;
    if (b != NULL) {
        shard->free = b->next;
    } else if ((b = port_alloc(sizeof *b)) == NULL) {
        return -ENOMEM;
    }
    *b = (struct fuse_backing){ .node = node, .regime = open->regime };
    if (open->regime == VIEW_REGIME_PASSTHROUGH) {
        b->id = backing_register(s, open->backing_fd);
        if (b->id == 0) {
            b->regime = VIEW_REGIME_CACHED;
        }
    }
    *link = b;
    return 0;
}

static void
backing_flags(struct fuse_session *s, const struct fuse_backing *b, const struct view_open *open, uint32_t *flags, int32_t *id)
{
    *flags = open->no_flush ? FOPEN_NOFLUSH : 0;
    *id = b->id;
    bool direct = b->regime == VIEW_REGIME_DIRECT || open->regime == VIEW_REGIME_DIRECT ||
                  (b->regime == VIEW_REGIME_PASSTHROUGH && open->regime == VIEW_REGIME_CACHED);
    if (b->id != 0) {
        *flags |= FOPEN_PASSTHROUGH;
    }
    if (direct) {
        *flags |= FOPEN_DIRECT_IO;
        atomic_fetch_add_explicit(&s->direct_opens, 1, memory_order_relaxed);
        if (b->id != 0 && b->opens > 1) {
            atomic_fetch_add_explicit(&s->late_direct_opens, 1, memory_order_relaxed);
        } else if (b->id == 0) {
            *flags |= FOPEN_PARALLEL_DIRECT_WRITES;
        }
    } else if (b->id != 0) {
        atomic_fetch_add_explicit(&s->passthrough_opens, 1, memory_order_relaxed);
    } else {
        *flags |= open->keep_cache ? FOPEN_KEEP_CACHE : 0;
        atomic_fetch_add_explicit(&s->cached_opens, 1, memory_order_relaxed);
    }
}

int
fuse_backing_open(struct fuse_session *s, uint64_t node, const struct view_open *open, uint32_t *fopen_flags, int32_t *id)
{
    struct fuse_backing **link;
    struct fuse_backing_shard *shard = backing_shard(s, node, &link);
    int status = 0;
    port_lock_acquire(&shard->lock);
    link = backing_find(link, node);
    if (*link == NULL) {
        status = backing_add(s, shard, link, node, open);
    }
    if (status == 0) {
        (*link)->opens++;
        backing_flags(s, *link, open, fopen_flags, id);
    }
    port_lock_release(&shard->lock);
    return status;
}

void
fuse_backing_release(struct fuse_session *s, uint64_t node)
{
    struct fuse_backing **link;
    struct fuse_backing_shard *shard = backing_shard(s, node, &link);
    int32_t id = 0;
    port_lock_acquire(&shard->lock);
    link = backing_find(link, node);
    struct fuse_backing *b = *link;
    if (b != NULL && --b->opens == 0) {
        id = b->id;
        *link = b->next;
        b->next = shard->free;
        shard->free = b;
    }
    port_lock_release(&shard->lock);
    if (id != 0) {
        s->transport->backing_close(s->fd, id);
    }
}

void
fuse_backing_destroy(struct fuse_session *s)
{
    for (unsigned i = 0; i < FUSE_BACKING_SHARDS; i++) {
        struct fuse_backing_shard *shard = &s->shards[i];
        for (unsigned n = 0; n < 64; n++) {
            while (shard->buckets[n] != NULL) {
                struct fuse_backing *b = shard->buckets[n];
                shard->buckets[n] = b->next;
                port_free(b);
            }
        }
        while (shard->free != NULL) {
            struct fuse_backing *b = shard->free;
            shard->free = b->next;
            port_free(b);
        }
    }
}

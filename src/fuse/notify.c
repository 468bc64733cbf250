/* SPDX-License-Identifier: MIT */
/*
 * The notifier thread.  An invalidation may wait in the kernel for locks that a request in service holds, so it is never sent by a
 * serving thread: everybody queues, one thread writes.  Equal neighbours in the queue are merged.
 */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>

struct fuse_note {
    struct fuse_note *next;
    view_node node;                            /* the parent for an entry */
    int64_t offset, length;
    size_t name_length;
    bool entry;
    uint32_t cancel;                           /* thread whose operation is to be cancelled; no message to the kernel */
    char name[];
};

static int
notify_write(struct fuse_session *s, int code, const struct iovec *body, int count)
{
    struct iovec parts[4];
    size_t length = sizeof(struct fuse_out_header);
    for (int i = 0; i < count; i++) {
        parts[i + 1] = body[i];
        length += body[i].iov_len;
    }
    struct fuse_out_header head = { .len = (uint32_t)length, .error = code };
    parts[0] = (struct iovec){ &head, sizeof head };
    return s->transport->reply(s->fd, parts, count + 1);
}

static void
notify_send(struct fuse_session *s, const struct fuse_note *note)
{
    int status;
    if (note->cancel != 0) {
        if (s->view != NULL) {
            view_cancel(s->view, note->cancel);
        }
        return;
    }
    if (note->entry) {
        struct fuse_notify_inval_entry_out out = { .parent = note->node, .namelen = (uint32_t)note->name_length };
        struct iovec body[2] = { { &out, sizeof out }, { (void *)note->name, note->name_length + 1 } };
        status = notify_write(s, FUSE_NOTIFY_INVAL_ENTRY, body, 2);
    } else {
        struct fuse_notify_inval_inode_out out = { .ino = note->node, .off = note->offset, .len = note->length };
        struct iovec body = { &out, sizeof out };
        status = notify_write(s, FUSE_NOTIFY_INVAL_INODE, &body, 1);
    }
    /* ENOENT: the kernel does not know the node or name (any more): nothing to forget. */
    if (status < 0 && status != -ENOENT && status != -ENODEV && status != -ENOTDIR) {
        port_log(PORT_LOG_WARNING, "fuse", "the kernel refused an invalidation: %s", strerror(-status));
    }
    atomic_fetch_add_explicit(&s->invalidations, 1, memory_order_relaxed);
}

static struct fuse_note *
notify_take(struct fuse_notifier *n, bool *stop)
{
    port_lock_acquire(&n->lock);
    struct fuse_note *list = n->head;
    n->head = NULL;
    n->tail = &n->head;
    *stop = n->stop;
    port_lock_release(&n->lock);
    return list;
}

static void
notify_main(void *arg)
{
    struct fuse_session *s = arg;
    struct fuse_notifier *n = &s->notifier;
    for (;;) {
        uint32_t seen = atomic_load(&n->signal);
        bool stop;
        struct fuse_note *list = notify_take(n, &stop);
        if (list == NULL) {
            if (stop) {
                return;
            }
            port_wait(&n->signal, seen, PORT_FOREVER);
            continue;
        }
        while (list != NULL) {
            struct fuse_note *next = list->next;
            if (!stop && !atomic_load(&s->ended)) {
                notify_send(s, list);
            }
            port_free(list);
            list = next;
        }
    }
}

static bool
notify_same(const struct fuse_note *a, const struct fuse_note *b)
{
    return a->cancel == b->cancel && a->entry == b->entry && a->node == b->node && a->offset == b->offset && a->length == b->length &&
           a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0;
}

static void
notify_queue(struct fuse_session *s, struct fuse_note *note)
{
    struct fuse_notifier *n = &s->notifier;
    port_lock_acquire(&n->lock);
    bool drop = n->stop;
    if (!drop && n->head != NULL) {
        struct fuse_note *last = (struct fuse_note *)((char *)n->tail - offsetof(struct fuse_note, next));
        drop = notify_same(last, note);
    }
    if (!drop) {
        *n->tail = note;
        n->tail = &note->next;
    }
    port_lock_release(&n->lock);
    if (drop) {
        port_free(note);
        return;
    }
    atomic_fetch_add(&n->signal, 1);
    port_wake(&n->signal, 1);
}

void
fuse_notify_entry(void *session, view_node parent, const char *name, size_t length)
{
    struct fuse_note *note = port_alloc_zeroed(sizeof *note + length + 1);
    if (note == NULL) {
        port_log(PORT_LOG_ERROR, "fuse", "no memory for an invalidation: a name may stay cached until it expires");
        return;
    }
    note->entry = true;
    note->node = parent;
    note->name_length = length;
    memcpy(note->name, name, length);
    notify_queue(session, note);
}

void
fuse_notify_node(void *session, view_node node, int64_t offset, int64_t length)
{
    struct fuse_note *note = port_alloc_zeroed(sizeof *note + 1);
    if (note == NULL) {
        port_log(PORT_LOG_ERROR, "fuse", "no memory for an invalidation: attributes may stay cached until they expire");
        return;
    }
    note->node = node;
    note->offset = offset;
    note->length = length;
    notify_queue(session, note);
}

void
fuse_notify_cancel(struct fuse_session *s, uint32_t thread)
{
    struct fuse_note *note = port_alloc_zeroed(sizeof *note + 1);
    if (note != NULL) {
        note->cancel = thread;
        notify_queue(s, note);
    }
}

int
fuse_notifier_start(struct fuse_session *s)
{
    return port_thread_start(&s->notifier.thread, notify_main, s, "fuse-notify");
}

void
fuse_notifier_stop(struct fuse_session *s)
{
    struct fuse_notifier *n = &s->notifier;
    port_lock_acquire(&n->lock);
    n->stop = true;
    port_lock_release(&n->lock);
    atomic_fetch_add(&n->signal, 1);
    port_wake(&n->signal, 1);
    port_thread_join(n->thread);
    n->thread = NULL;
}

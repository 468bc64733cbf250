/* SPDX-License-Identifier: MIT */
/*
 * The notifier thread.  An invalidation may wait in the kernel for locks that a request in service holds, so it is never sent by a
 * serving thread: everybody queues, one thread writes.  Equal neighbours in the queue are merged.  A queue that grows beyond
 * FUSE_NOTES_MAX is given up: everything the view knows is invalidated instead.
 *
 * A reply that was written just before may not be in place in the kernel yet, and would undo what it was told.  So everything is told once
 * more a little later (ECHO_AFTER), unless there is too much of it.
 *
 * A name is expired, not thrown away, where the kernel can do that: the next use of it asks.  So a directory that somebody works in keeps
 * its name when nothing happened to it.
 */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>

#define ECHO_AFTER UINT64_C(20000000)
#define ECHO_MAX 512

struct fuse_note {
    struct fuse_note *next;
    view_node node;                            /* the parent for an entry */
    int64_t offset, length;
    size_t name_length;
    bool entry, echo;
    uint64_t due;                              /* of an echo, monotonic clock */
    uint32_t cancel;                           /* thread whose operation is to be cancelled; no message to the kernel */
    char name[];
};

static struct fuse_note *
note_entry(view_node parent, const char *name, size_t length)
{
    struct fuse_note *note = port_alloc_zeroed(sizeof *note + length + 1);
    if (note != NULL) {
        note->entry = true;
        note->node = parent;
        note->name_length = length;
        memcpy(note->name, name, length);
    }
    return note;
}

static struct fuse_note *
note_node(view_node node, int64_t offset, int64_t length)
{
    struct fuse_note *note = port_alloc_zeroed(sizeof *note + 1);
    if (note != NULL) {
        note->node = node;
        note->offset = offset;
        note->length = length;
    }
    return note;
}

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
        const uint32_t flags = (s->flags & FUSE_HAS_EXPIRE_ONLY) ? WIRE_EXPIRE_ONLY : 0;
        memcpy((char *)&out + offsetof(struct fuse_notify_inval_entry_out, namelen) + sizeof out.namelen, &flags, sizeof flags);
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

static void
notes_put(struct fuse_notes *notes, struct fuse_note *note)
{
    *notes->tail = note;
    notes->tail = &note->next;
}

static struct fuse_note *
notify_take(struct fuse_notifier *n, bool *all, bool *stop)
{
    port_lock_acquire(&n->lock);
    struct fuse_note *list = n->notes.head;
    n->notes = (struct fuse_notes){ .tail = &n->notes.head };
    n->count = 0;
    *all = n->all;
    n->all = false;
    *stop = n->stop;
    port_lock_release(&n->lock);
    return list;
}

/* The notifier's own: what is to be told once more, in order of time. */
struct notify_echoes {
    struct fuse_notes notes;
    unsigned count;
};

/* Takes the note over. */
static void
notify_done(struct notify_echoes *echoes, struct fuse_note *note)
{
    if (echoes == NULL || note->cancel != 0 || note->echo || echoes->count >= ECHO_MAX) {
        port_free(note);
        return;
    }
    note->next = NULL;
    note->echo = true;
    note->due = port_clock_monotonic() + ECHO_AFTER;
    notes_put(&echoes->notes, note);
    echoes->count++;
}

static void
notify_send_all(struct fuse_session *s, struct fuse_note *list, bool stop, struct notify_echoes *echoes)
{
    while (list != NULL) {
        struct fuse_note *next = list->next;
        const bool send = !stop && !atomic_load(&s->ended);
        if (send) {
            notify_send(s, list);
        }
        notify_done(send ? echoes : NULL, list);
        list = next;
    }
}

/* When the next one is due, or PORT_FOREVER. */
static uint64_t
notify_send_echoes(struct fuse_session *s, struct notify_echoes *echoes, bool stop)
{
    struct fuse_note *note;
    while ((note = echoes->notes.head) != NULL && (stop || note->due <= port_clock_monotonic())) {
        echoes->notes.head = note->next;
        echoes->count--;
        note->next = NULL;
        notify_send_all(s, note, stop, NULL);
    }
    if (note == NULL) {
        echoes->notes.tail = &echoes->notes.head;
    }
    return note != NULL ? note->due : PORT_FOREVER;
}

/* ---- everything ---- */

static void
known_node(void *ctx, view_node node, int64_t offset, int64_t length)
{
    struct fuse_note *note = note_node(node, offset, length);
    if (note != NULL) {
        notes_put(ctx, note);
    }
}

static void
known_entry(void *ctx, view_node parent, const char *name, size_t length)
{
    struct fuse_note *note = note_entry(parent, name, length);
    if (note != NULL) {
        notes_put(ctx, note);
    }
}

/* The view's tables are walked first, in read sections; sending waits for the kernel. */
static void
notify_known(struct fuse_session *s, bool stop)
{
    struct fuse_notes notes = { .tail = &notes.head };
    const struct view_callbacks to = { .ctx = &notes, .invalidate_entry = known_entry, .invalidate_node = known_node };
    if (!stop && s->view != NULL) {
        view_known(s->view, &to);
        notify_send_all(s, notes.head, false, NULL);
    }
}

static void
notify_main(void *arg)
{
    struct fuse_session *s = arg;
    struct fuse_notifier *n = &s->notifier;
    struct notify_echoes echoes = { .notes.tail = &echoes.notes.head };
    for (;;) {
        uint32_t seen = atomic_load(&n->signal);
        bool all, stop;
        struct fuse_note *list = notify_take(n, &all, &stop);
        notify_send_all(s, list, stop, &echoes);
        if (all) {
            notify_known(s, stop);
        }
        const uint64_t due = notify_send_echoes(s, &echoes, stop);
        if (list == NULL && !all) {
            if (stop) {
                return;
            }
            port_wait(&n->signal, seen, due);
        }
    }
}

static bool
notify_same(const struct fuse_note *a, const struct fuse_note *b)
{
    return a->cancel == b->cancel && a->entry == b->entry && a->node == b->node && a->offset == b->offset && a->length == b->length &&
           a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0;
}

/* Locks: n.  Only cancellations are kept. */
static struct fuse_note *
notify_drop(struct fuse_notifier *n)
{
    struct fuse_notes keep = { .tail = &keep.head }, drop = { .tail = &drop.head };
    for (struct fuse_note *note = n->notes.head, *next; note != NULL; note = next) {
        next = note->next;
        note->next = NULL;
        notes_put(note->cancel != 0 ? &keep : &drop, note);
    }
    n->notes = (struct fuse_notes){ .head = keep.head, .tail = keep.head != NULL ? keep.tail : &n->notes.head };
    n->count = 0;
    n->all = true;
    atomic_fetch_add(&n->overflows, 1);
    return drop.head;
}

static void
notes_free(struct fuse_note *note)
{
    while (note != NULL) {
        struct fuse_note *next = note->next;
        port_free(note);
        note = next;
    }
}

/* note NULL: everything. */
static void
notify_queue(struct fuse_session *s, struct fuse_note *note)
{
    struct fuse_notifier *n = &s->notifier;
    struct fuse_note *dropped = NULL;
    bool merged = false;
    port_lock_acquire(&n->lock);
    if (n->stop) {
        merged = true;
    } else if (note == NULL) {
        dropped = notify_drop(n);
    } else if (n->notes.head != NULL &&
               notify_same((struct fuse_note *)((char *)n->notes.tail - offsetof(struct fuse_note, next)), note)) {
        merged = true;
    } else {
        notes_put(&n->notes, note);
        if (++n->count > FUSE_NOTES_MAX) {
            dropped = notify_drop(n);
        }
    }
    port_lock_release(&n->lock);
    if (merged) {
        port_free(note);
        return;
    }
    notes_free(dropped);
    atomic_fetch_add(&n->signal, 1);
    port_wake(&n->signal, 1);
}

/* Without memory for a note everything is invalidated: that needs none until the notifier runs. */
void
fuse_notify_entry(void *session, view_node parent, const char *name, size_t length)
{
    notify_queue(session, note_entry(parent, name, length));
}

void
fuse_notify_node(void *session, view_node node, int64_t offset, int64_t length)
{
    notify_queue(session, note_node(node, offset, length));
}

void
fuse_notify_all(void *session)
{
    notify_queue(session, NULL);
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

void
fuse_notifier_free(struct fuse_session *s)
{
    notes_free(s->notifier.notes.head);        /* of a session that never ran */
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

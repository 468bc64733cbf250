/* SPDX-License-Identifier: MIT */
/*
 * fanotify reports directory entries as (handle of the directory, name) and files as handles.  The view speaks of inode numbers, so each
 * handle is opened once as a location (open_by_handle_at), and the number is remembered.  A handle contains the generation: what is
 * remembered stays true.
 *
 * The mark is on the file system: events of all its files come, also of those outside the directory.  They cost a look into the table of
 * handles and one into the view's.  Events of this process are its own requests.  Those of programs that write through the mount into a
 * passthrough file cannot be told from others; they only cause an invalidation too many.  Batches are read at most once per
 * millisecond, so that the kernel can merge equal events in its queue.
 *
 * A file that is written all the time, here or elsewhere on the file system, would make its writers pay for an event each.  It gets a mark
 * that silences it for a second (WATCH_QUIET), and the view is told not to let anything be kept that is said of it.
 */
#include "host/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "port/port.h"

#ifndef FAN_REPORT_TARGET_FID
#define FAN_REPORT_TARGET_FID 0x00001000       /* Linux 5.17: entries' events name the file too */
#endif

#define WATCH_EVENTS (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_MODIFY | FAN_ATTRIB | FAN_ONDIR)
#define WATCH_ENTRIES (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)
#define WATCH_SLOTS 8192
#define WATCH_HANDLE 40                        /* bytes of the handles that are remembered */
#define WATCH_PAUSE 1000000l
#define WATCH_BURST 24                         /* events of one file … */
#define WATCH_WINDOW UINT64_C(100000000)       /* … within this, then it is silent for */
#define WATCH_QUIET UINT64_C(1000000000)
#define WATCH_SILENT 64                        /* files at a time */

struct watch_slot {
    uint64_t inode;                            /* 0 = the file is gone */
    int type;
    uint32_t bytes;                            /* 0 = empty slot */
    uint8_t handle[WATCH_HANDLE];
    uint64_t since;                            /* monotonic clock: begin of the window, */
    uint32_t burst;                            /* and writes to the file in it */
};

/* A silenced file. */
struct watch_silent {
    uint64_t until, inode;
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + WATCH_HANDLE];
    } u;
};

struct host_watch {
    int events, stop, directory;
    view *v;
    port_thread *thread;
    struct watch_slot *slots;
    struct watch_slot *last;                   /* of the file of the event at hand, or NULL */
    struct watch_silent silent[WATCH_SILENT];
    unsigned silent_count;
    pid_t self;
    _Atomic(uint64_t) seen, told, overflows, silenced;
    _Alignas(8) char buffer[64 * 1024];
};

/* ---- handles ---- */

static uint64_t
watch_resolve(struct host_watch *w, const struct file_handle *handle)
{
    struct stat st;
    int fd = open_by_handle_at(w->directory, (struct file_handle *)handle, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    uint64_t inode = fstat(fd, &st) == 0 ? st.st_ino : 0;
    close(fd);
    return inode;
}

/* The inode number, or 0: no such file any more. */
static uint64_t
watch_inode(struct host_watch *w, const struct file_handle *handle)
{
    if (handle->handle_bytes == 0 || handle->handle_bytes > WATCH_HANDLE) {
        return handle->handle_bytes == 0 ? 0 : watch_resolve(w, handle);
    }
    uint64_t hash = (uint64_t)handle->handle_type;
    for (unsigned i = 0; i < handle->handle_bytes; i++) {
        hash = (hash ^ handle->f_handle[i]) * 0x100000001b3ull;
    }
    hash ^= hash >> 29;
    struct watch_slot *slot = &w->slots[hash % WATCH_SLOTS];
    w->last = slot;
    if (slot->bytes == handle->handle_bytes && slot->type == handle->handle_type &&
        memcmp(slot->handle, handle->f_handle, slot->bytes) == 0) {
        return slot->inode;
    }
    uint64_t inode = watch_resolve(w, handle);
    if (inode != 0) {
        slot->burst = 0;
        slot->inode = inode;
        slot->type = handle->handle_type;
        slot->bytes = handle->handle_bytes;
        memcpy(slot->handle, handle->f_handle, slot->bytes);
    }
    return inode;
}

/* ---- files that are written all the time ---- */

/* The mark that silences writes to a file, on or off. */
static bool
watch_silence(struct host_watch *w, const struct file_handle *handle, bool on)
{
    char path[32];
    int fd = open_by_handle_at(w->directory, (struct file_handle *)handle, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const unsigned flags = FAN_MARK_IGNORED_MASK | (on ? FAN_MARK_ADD | FAN_MARK_IGNORED_SURV_MODIFY : FAN_MARK_REMOVE);
    bool done = fanotify_mark(w->events, flags, FAN_MODIFY, AT_FDCWD, path) == 0;
    close(fd);
    return done;
}

static void
watch_count_write(struct host_watch *w, struct watch_slot *slot)
{
    const uint64_t now = port_clock_monotonic();
    if (slot->burst == 0 || now - slot->since > WATCH_WINDOW) {
        slot->since = now;
        slot->burst = 0;
    }
    if (++slot->burst < WATCH_BURST || w->silent_count == WATCH_SILENT) {
        return;
    }
    struct watch_silent *silent = &w->silent[w->silent_count];
    slot->burst = 0;
    silent->until = now + WATCH_QUIET;
    silent->inode = slot->inode;
    silent->u.handle.handle_type = slot->type;
    silent->u.handle.handle_bytes = slot->bytes;
    memcpy(silent->u.handle.f_handle, slot->handle, slot->bytes);
    if (watch_silence(w, &silent->u.handle, true)) {
        view_unwatched(w->v, silent->inode, true);
        w->silent_count++;
        atomic_fetch_add_explicit(&w->silenced, 1, memory_order_relaxed);
    }
}

/* Milliseconds until the next one is heard again, -1: none. */
static int
watch_hear_again(struct host_watch *w, bool all)
{
    const uint64_t now = port_clock_monotonic();
    int wait = -1;
    for (unsigned i = 0; i < w->silent_count;) {
        struct watch_silent *silent = &w->silent[i];
        if (!all && silent->until > now) {
            const int left = (int)((silent->until - now) / 1000000 + 1);
            wait = wait < 0 || left < wait ? left : wait;
            i++;
            continue;
        }
        watch_silence(w, &silent->u.handle, false);
        view_unwatched(w->v, silent->inode, false);
        *silent = w->silent[--w->silent_count];
    }
    return wait;
}

/* ---- events ---- */

struct watch_event {
    uint64_t file, parent;
    const char *name;
    size_t length;
    struct watch_slot *slot;                   /* of the file, or NULL */
};

static void
watch_info(struct host_watch *w, const struct fanotify_event_info_header *info, struct watch_event *event)
{
    const struct fanotify_event_info_fid *fid = (const void *)info;
    const struct file_handle *handle = (const void *)fid->handle;
    size_t head = offsetof(struct fanotify_event_info_fid, handle) + sizeof *handle;
    if (info->len < head || info->len - head < handle->handle_bytes) {
        return;
    }
    w->last = NULL;
    if (info->info_type == FAN_EVENT_INFO_TYPE_FID) {
        event->file = watch_inode(w, handle);
        event->slot = event->file != 0 ? w->last : NULL;
        return;
    }
    if (info->info_type != FAN_EVENT_INFO_TYPE_DFID_NAME && info->info_type != FAN_EVENT_INFO_TYPE_DFID) {
        return;
    }
    event->parent = watch_inode(w, handle);
    if (info->info_type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
        event->name = (const char *)handle->f_handle + handle->handle_bytes;
        event->length = strnlen(event->name, info->len - head - handle->handle_bytes);
    }
    if (event->length == 1 && event->name[0] == '.') {
        event->file = event->parent;           /* the directory itself */
        event->length = 0;
    }
}

/* The records behind an event's head, which lies at a multiple of four. */
static void
watch_infos(struct host_watch *w, const char *at, size_t left, struct watch_event *event)
{
    while (left >= sizeof(struct fanotify_event_info_header)) {
        const struct fanotify_event_info_header *info = (const void *)at;
        if (info->len < sizeof *info || info->len > left) {
            return;
        }
        watch_info(w, info, event);
        at += info->len;
        left -= info->len;
    }
}

static void
watch_event(struct host_watch *w, const struct fanotify_event_metadata *meta, const char *infos)
{
    struct watch_event event = { 0 };
    unsigned what = (meta->mask & FAN_ATTRIB) ? VIEW_CHANGED_ATTRIBUTES : 0;
    if (meta->mask & FAN_Q_OVERFLOW) {
        atomic_fetch_add_explicit(&w->overflows, 1, memory_order_relaxed);
        view_changed_all(w->v);
        return;
    }
    atomic_fetch_add_explicit(&w->seen, 1, memory_order_relaxed);
    if (meta->pid == w->self) {
        return;
    }
    watch_infos(w, infos, meta->event_len - meta->metadata_len, &event);
    what |= (meta->mask & FAN_MODIFY) ? VIEW_CHANGED_DATA : 0;
    if (meta->mask & WATCH_ENTRIES) {
        what |= VIEW_CHANGED_NAMES;
    } else {
        event.parent = 0;                      /* nothing happened to the directory or the name */
    }
    if (event.file != 0 || event.parent != 0) {
        atomic_fetch_add_explicit(&w->told, 1, memory_order_relaxed);
        view_changed(w->v, event.file, event.parent, event.name, event.length, what);
    }
    if ((meta->mask & FAN_MODIFY) && event.slot != NULL && event.slot->inode == event.file) {
        watch_count_write(w, event.slot);
    }
}

static bool
watch_batch(struct host_watch *w)
{
    struct fanotify_event_metadata meta;
    ssize_t got = read(w->events, w->buffer, sizeof w->buffer);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    for (size_t at = 0; (size_t)got - at >= sizeof meta; at += meta.event_len) {
        memcpy(&meta, w->buffer + at, sizeof meta);
        if (meta.vers != FANOTIFY_METADATA_VERSION || meta.event_len < meta.metadata_len || meta.event_len > (size_t)got - at) {
            errno = EPROTO;
            return false;
        }
        watch_event(w, &meta, w->buffer + at + meta.metadata_len);
    }
    return true;
}

static void
watch_main(void *arg)
{
    struct host_watch *w = arg;
    struct pollfd poll_on[2] = { { .fd = w->events, .events = POLLIN }, { .fd = w->stop, .events = POLLIN } };
    const struct timespec pause = { .tv_nsec = WATCH_PAUSE };
    for (;;) {
        if (poll(poll_on, 2, watch_hear_again(w, false)) < 0 && errno != EINTR) {
            break;
        }
        if (poll_on[1].revents != 0) {
            watch_hear_again(w, true);
            return;
        }
        if (poll_on[0].revents != 0 && !watch_batch(w)) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    port_log(PORT_LOG_ERROR, "watch", "changes behind the mount are no longer seen at once: %s", strerror(errno));
    watch_hear_again(w, true);
    view_untold(w->v);
}

/* ---- life ---- */

static int
watch_mark(struct host_watch *w)
{
    const unsigned report = FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME;
    const unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | report;
    w->events = fanotify_init(flags | FAN_REPORT_TARGET_FID, O_RDONLY | O_CLOEXEC);
    if (w->events < 0 && errno == EINVAL) {
        w->events = fanotify_init(flags, O_RDONLY | O_CLOEXEC);
    }
    if (w->events < 0 || fanotify_mark(w->events, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, WATCH_EVENTS, w->directory, NULL) != 0) {
        return -errno;
    }
    return 0;
}

/* Handles that cannot be opened again tell nothing. */
static int
watch_try(struct host_watch *w)
{
    union { struct file_handle handle; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
    struct stat st;
    int mount;
    u.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(w->directory, "", &u.handle, &mount, AT_EMPTY_PATH) != 0 || fstat(w->directory, &st) != 0) {
        return -errno;
    }
    return watch_inode(w, &u.handle) == st.st_ino ? 0 : -EOPNOTSUPP;
}

int
host_watch_open(struct host_watch **watch, int directory)
{
    struct host_watch *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return -ENOMEM;
    }
    w->events = -1;
    w->self = getpid();
    w->slots = calloc(WATCH_SLOTS, sizeof *w->slots);
    w->directory = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    w->stop = eventfd(0, EFD_CLOEXEC);
    int status = w->slots == NULL ? -ENOMEM : w->directory < 0 || w->stop < 0 ? -errno : watch_try(w);
    if (status == 0) {
        status = watch_mark(w);
    }
    if (status != 0) {
        host_watch_close(w);
        return status;
    }
    *watch = w;
    return 0;
}

int
host_watch_start(struct host_watch *w, view *v)
{
    w->v = v;
    return port_thread_start(&w->thread, watch_main, w, "watch");
}

void
host_watch_stats(struct host_watch *w, struct host_watch_stats *out)
{
    out->events = atomic_load(&w->seen);
    out->told = atomic_load(&w->told);
    out->overflows = atomic_load(&w->overflows);
    out->silenced = atomic_load(&w->silenced);
}

void
host_watch_close(struct host_watch *w)
{
    if (w == NULL) {
        return;
    }
    if (w->thread != NULL) {
        const uint64_t one = 1;
        (void)!write(w->stop, &one, sizeof one);
        port_thread_join(w->thread);
    }
    const int fds[] = { w->events, w->stop, w->directory };
    for (unsigned i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(w->slots);
    free(w);
}

/* SPDX-License-Identifier: MIT */
/*
 * A session: INIT negotiation, run, stop.  Features are taken from what the kernel offers in INIT and fall back one by one;
 * nothing depends on a kernel version.
 */
#include "fuse/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Wanted when offered.  Not asked for: WRITEBACK_CACHE (hides writes from filters), POSIX_LOCKS and FLOCK_LOCKS (the kernel
 * keeps locks), POSIX_ACL, DONT_MASK (the kernel applies the umask), SPLICE_* (a loss), EXPORT_SUPPORT. */
static const uint64_t session_wanted =
    FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_AUTO_INVAL_DATA | FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS |
    FUSE_HANDLE_KILLPRIV_V2 | FUSE_ABORT_ERROR | FUSE_MAX_PAGES | FUSE_INIT_EXT | FUSE_DIRECT_IO_ALLOW_MMAP |
    FUSE_NO_EXPORT_SUPPORT | FUSE_CACHE_SYMLINKS | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_PASSTHROUGH |
    FUSE_HAS_EXPIRE_ONLY;

int
fuse_session_create(fuse_session **session, int fd, const struct fuse_session_options *options)
{
    struct fuse_session *s = port_alloc_zeroed(sizeof *s);
    if (s == NULL) {
        return -ENOMEM;
    }
    s->fd = fd;
    s->transport = &fuse_transport_dev;
    if (options != NULL) {
        s->options = *options;
    }
    unsigned cpus = port_cpu_count();
    s->readers = s->options.threads != 0 ? s->options.threads : (cpus < 2 ? 2 : cpus);
    s->max_threads = s->options.max_threads != 0 ? s->options.max_threads : 256;
    if (s->max_threads < s->readers) {
        s->max_threads = s->readers;
    }
    s->callbacks = (struct view_callbacks){
        .ctx = s, .invalidate_entry = fuse_notify_entry, .invalidate_node = fuse_notify_node,
        .invalidate_all = fuse_notify_all
    };
    s->notifier.notes.tail = &s->notifier.notes.head;
    *session = s;
    return 0;
}

const struct view_callbacks *
fuse_session_callbacks(fuse_session *session)
{
    return &session->callbacks;
}

static uint64_t
session_choose_flags(const struct fuse_session *s)
{
    uint64_t wanted = session_wanted;
    if (s->options.no_passthrough) {
        wanted &= ~FUSE_PASSTHROUGH;
    }
    if (s->options.no_readdirplus) {
        wanted &= ~(uint64_t)(FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO);
    }
    if (s->options.no_cache_symlinks) {
        wanted &= ~(uint64_t)FUSE_CACHE_SYMLINKS;
    }
    uint64_t flags = wanted & s->kernel_flags;
    if (!(flags & FUSE_INIT_EXT)) {
        flags &= 0xffffffffu;
    }
    return flags;
}

static int
session_send_init(struct fuse_session *s, uint64_t unique, const struct wire_init_out *init)
{
    struct fuse_out_header head = { .len = sizeof head + sizeof *init, .unique = unique };
    struct iovec parts[2] = { { &head, sizeof head }, { (void *)init, sizeof *init } };
    return s->transport->reply(s->fd, parts, 2);
}

static int
session_refuse(struct fuse_session *s, uint64_t unique, int error)
{
    struct fuse_out_header head = { .len = sizeof head, .error = -error, .unique = unique };
    struct iovec part = { &head, sizeof head };
    (void)s->transport->reply(s->fd, &part, 1);
    return -error;
}

/* The kernel's major is newer: answer with ours, it sends INIT again.  1: again. */
static int
session_negotiate(struct fuse_session *s, const uint8_t *message, size_t length)
{
    struct fuse_in_header head;
    struct fuse_init_in in = { 0 };
    if (length < sizeof head + 16) {
        return -EPROTO;
    }
    memcpy(&head, message, sizeof head);
    size_t body = length - sizeof head;
    memcpy(&in, message + sizeof head, body < sizeof in ? body : sizeof in);
    if (head.opcode != FUSE_INIT) {
        return session_refuse(s, head.unique, EPROTO);
    }
    struct wire_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = WIRE_MINOR };
    if (in.major > FUSE_KERNEL_VERSION) {
        int status = session_send_init(s, head.unique, &out);
        return status < 0 ? status : 1;
    }
    if (in.major < FUSE_KERNEL_VERSION || in.minor < WIRE_MINOR_OLDEST) {
        port_log(PORT_LOG_ERROR, "fuse", "the kernel speaks FUSE %u.%u, 7.%d (Linux 5.4) is needed", in.major, in.minor,
                 WIRE_MINOR_OLDEST);
        return session_refuse(s, head.unique, EPROTO);
    }
    s->minor = in.minor < WIRE_MINOR ? in.minor : WIRE_MINOR;
    s->kernel_flags = in.flags;
    if (in.flags & FUSE_INIT_EXT) {
        s->kernel_flags |= (uint64_t)in.flags2 << 32;
    }
    s->flags = session_choose_flags(s);
    s->max_write = (s->flags & FUSE_MAX_PAGES) ? FUSE_MAX_WRITE : 32 * FUSE_PAGE;
    out.minor = s->minor;
    out.max_readahead = in.max_readahead;
    out.flags = (uint32_t)s->flags;
    out.flags2 = (uint32_t)(s->flags >> 32);
    out.max_background = 64;
    out.congestion_threshold = 48;
    out.max_write = s->max_write;
    out.time_gran = 1;
    out.max_pages = (uint16_t)(s->max_write / FUSE_PAGE);
    if (s->flags & FUSE_PASSTHROUGH) {
        out.max_stack_depth = 2;               /* the backing file may itself be on an overlay */
        atomic_store(&s->passthrough, true);
    }
    return session_send_init(s, head.unique, &out);
}

static int
session_init(struct fuse_session *s)
{
    uint64_t space[FUSE_MIN_READ_BUFFER / 8 + 512];
    for (;;) {
        ssize_t got = s->transport->receive(s->fd, space, sizeof space);
        if (got == -EINTR || got == -EAGAIN || got == -ENOENT) {
            if (atomic_load(&s->stopping)) {
                return -EINTR;
            }
            continue;
        }
        if (got < 0) {
            return (int)got;
        }
        if (got == 0) {
            return -ENODEV;
        }
        int status = session_negotiate(s, (const uint8_t *)space, (size_t)got);
        if (status <= 0) {
            return status;
        }
    }
}

int
fuse_session_run(fuse_session *s, view *v)
{
    s->view = v;
    int status = session_init(s);
    if (status < 0) {
        return status;
    }
    status = fuse_notifier_start(s);
    if (status < 0) {
        return status;
    }
    status = fuse_workers_run(s);
    fuse_notifier_stop(s);
    return status;
}

/* Wakes threads out of read(2): the run loop repeats it until they are gone (worker.c). */
void
fuse_session_stop(fuse_session *s)
{
    int saved = errno;
    atomic_store(&s->stopping, true);
    fuse_workers_end(s);
    errno = saved;
}

void
fuse_session_stats(fuse_session *s, struct fuse_session_stats *out)
{
    memset(out, 0, sizeof *out);
    out->requests = atomic_load(&s->requests);
    out->interrupts = atomic_load(&s->interrupts);
    out->invalidations = atomic_load(&s->invalidations);
    out->overflows = atomic_load(&s->notifier.overflows);
    out->threads = atomic_load(&s->threads);
    out->max_threads_seen = out->threads;      /* threads stay as spares */
    int held = atomic_load(&s->held);
    out->held = held > 0 ? (unsigned)held : 0;
    out->passthrough = atomic_load(&s->passthrough);
    out->passthrough_opens = atomic_load(&s->passthrough_opens);
    out->direct_opens = atomic_load(&s->direct_opens);
    out->cached_opens = atomic_load(&s->cached_opens);
    out->late_direct_opens = atomic_load(&s->late_direct_opens);
}

void
fuse_session_destroy(fuse_session *s)
{
    if (s == NULL) {
        return;
    }
    fuse_workers_free(s);
    fuse_notifier_free(s);
    fuse_backing_destroy(s);
    if (s->fd >= 0) {
        close(s->fd);
    }
    port_free(s);
}

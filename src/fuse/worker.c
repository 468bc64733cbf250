/* SPDX-License-Identifier: MIT */
/*
 * Serving threads.
 *
 *            reads, serves              wait that blocks inside the service (begin hook)
 *   SPARE ----------------> SERVING/READING -------------------------------> held
 *     ^   woken by a begin hook  |   ^                                        |
 *     |   or newly started       |   +------------- end hook -----------------+
 *     +--------------------------+   more running than readers wanted: becomes a spare after its request
 *
 * inv. 1  `running` counts the threads that read or serve and are not held; begin takes its own thread out and, if fewer than
 *         `readers` are left, adds a spare in its place, so as long as max_threads is not reached somebody reads.
 * inv. 2  A spare is woken by the one who changed its state from SPARE to SERVING; that one added it to `running`.
 * inv. 3  The list of workers only grows; a worker's memory lives as long as the session.
 */
#include "fuse/session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORKER_SIGNAL (SIGRTMAX - 3)

static int worker_start(struct fuse_session *s);

static void
worker_ignore(int signo)
{
    (void)signo;
}

static bool
worker_wake_spare(struct fuse_session *s)
{
    for (struct fuse_worker *w = atomic_load(&s->workers); w != NULL; w = w->next) {
        uint32_t spare = FUSE_WORKER_SPARE;
        if (atomic_load(&w->state) == spare &&
            atomic_compare_exchange_strong(&w->state, &spare, FUSE_WORKER_SERVING)) {
            atomic_fetch_add(&s->running, 1);
            atomic_store(&w->wake, 1);
            port_wake(&w->wake, 1);
            return true;
        }
    }
    return false;
}

/* Somebody has to read: a spare, else a new thread. */
static void
worker_replace(struct fuse_session *s)
{
    if (atomic_load(&s->running) >= (int)s->readers || atomic_load(&s->stopping) || atomic_load(&s->ended)) {
        return;
    }
    if (worker_wake_spare(s)) {
        return;
    }
    if (worker_start(s) != 0 && atomic_load(&s->running) <= 0 && !atomic_exchange(&s->limit_told, true)) {
        port_log(PORT_LOG_WARNING, "fuse",
                 "all %u serving threads are held in filter callbacks: requests wait until one returns (--max-threads)",
                 atomic_load(&s->threads));
    }
}

static void
worker_block_begin(void *ctx)
{
    struct fuse_worker *w = ctx;
    if (w->depth++ != 0) {
        return;
    }
    atomic_fetch_add(&w->session->held, 1);
    atomic_fetch_sub(&w->session->running, 1);
    worker_replace(w->session);
    /* The signal came before the wait: fuse_workers_interrupt looks after setting the flag, this one after the wait is known. */
    if (atomic_load(&w->interrupted)) {
        fuse_notify_cancel(w->session, atomic_load(&w->tid));
    }
}

static void
worker_block_end(void *ctx)
{
    struct fuse_worker *w = ctx;
    if (--w->depth != 0) {
        return;
    }
    atomic_fetch_add(&w->session->running, 1);
    atomic_fetch_sub(&w->session->held, 1);
}

/* More threads run than are wanted: this one leaves, but never below the wanted number. */
static bool
worker_leave(struct fuse_session *s)
{
    int running = atomic_load(&s->running);
    while (running > (int)s->readers) {
        if (atomic_compare_exchange_weak(&s->running, &running, running - 1)) {
            return true;
        }
    }
    return false;
}

/* Returns when woken as a reader, or false at the end. */
static bool
worker_rest(struct fuse_worker *w)
{
    struct fuse_session *s = w->session;
    atomic_store(&w->wake, 0);
    atomic_store(&w->state, FUSE_WORKER_SPARE);
    while (atomic_load(&w->wake) == 0) {
        if (atomic_load(&s->ended) || atomic_load(&s->stopping)) {
            uint32_t spare = FUSE_WORKER_SPARE;
            if (atomic_compare_exchange_strong(&w->state, &spare, FUSE_WORKER_ENDED)) {
                return false;
            }
        }
        port_wait(&w->wake, 0, PORT_FOREVER);
    }
    return true;
}

static ssize_t
worker_receive(struct fuse_worker *w, uint8_t *at)
{
    struct fuse_session *s = w->session;
    for (;;) {
        atomic_store(&w->state, FUSE_WORKER_READING);
        if (atomic_load(&s->stopping) || atomic_load(&s->ended)) {
            atomic_store(&w->state, FUSE_WORKER_SERVING);
            return -ENODEV;
        }
        ssize_t got = s->transport->receive(s->fd, at, w->buffer_size - (FUSE_PAGE - FUSE_LEAD));
        atomic_store(&w->state, FUSE_WORKER_SERVING);
        if (got != -EINTR && got != -EAGAIN && got != -ENOENT) {
            return got;
        }
    }
}

static void
worker_serve_all(struct fuse_worker *w)
{
    struct fuse_session *s = w->session;
    uint8_t *at = w->buffer + FUSE_PAGE - FUSE_LEAD;
    for (;;) {
        ssize_t got = worker_receive(w, at);
        if (got <= 0) {
            if (got < 0 && got != -ENODEV && got != -ECONNABORTED) {
                atomic_store(&s->result, (int)got);
            }
            atomic_store(&s->ended, true);
            fuse_workers_end(s);
            return;
        }
        if ((size_t)got < sizeof(struct fuse_in_header)) {
            continue;
        }
        const struct fuse_in_header *head = (const void *)at;
        atomic_store(&w->interrupted, 0);
        atomic_store(&w->opcode, head->opcode);
        atomic_store(&w->unique, head->unique);
        front_serve(w, head, (size_t)got);
        atomic_store(&w->unique, 0);
        atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
        if (worker_leave(s) && !worker_rest(w)) {
            return;
        }
    }
}

static void
worker_main(void *arg)
{
    struct fuse_worker *w = arg;
    struct fuse_session *s = w->session;
    sigset_t set;
    if (!s->options.allow_signals) {
        sigfillset(&set);
        sigdelset(&set, SIGSEGV);
        sigdelset(&set, SIGBUS);
        sigdelset(&set, SIGFPE);
        sigdelset(&set, SIGILL);
        sigdelset(&set, SIGTRAP);
        sigdelset(&set, SIGABRT);
        pthread_sigmask(SIG_SETMASK, &set, NULL);
    }
    sigemptyset(&set);
    sigaddset(&set, WORKER_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    atomic_store(&w->tid, port_thread_id());
    w->hooks = (struct port_block_hooks){ .begin = worker_block_begin, .end = worker_block_end, .ctx = w };
    port_set_block_hooks(&w->hooks);
    worker_serve_all(w);
    port_set_block_hooks(NULL);
    atomic_store(&w->state, FUSE_WORKER_ENDED);
}

/* Counts itself into `running`; taken back on failure. */
static int
worker_start(struct fuse_session *s)
{
    unsigned threads = atomic_load(&s->threads);
    do {
        if (threads >= s->max_threads) {
            return -EAGAIN;
        }
    } while (!atomic_compare_exchange_weak(&s->threads, &threads, threads + 1));
    struct fuse_worker *w = port_alloc_zeroed(sizeof *w);
    void *buffer = MAP_FAILED;
    int status = -ENOMEM;
    if (w == NULL) {
        goto fail;
    }
    w->buffer_size = FUSE_PAGE + s->max_write + FUSE_PAGE;
    buffer = mmap(NULL, w->buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffer == MAP_FAILED) {
        goto fail;
    }
    w->buffer = buffer;
    w->session = s;
    atomic_fetch_add(&s->running, 1);
    port_lock_acquire(&s->workers_lock);
    status = port_thread_start(&w->thread, worker_main, w, "fuse");
    if (status == 0) {
        w->next = atomic_load(&s->workers);
        atomic_store(&s->workers, w);
    }
    port_lock_release(&s->workers_lock);
    if (status == 0) {
        return 0;
    }
    atomic_fetch_sub(&s->running, 1);
fail:
    if (buffer != MAP_FAILED) {
        munmap(buffer, w->buffer_size);
    }
    port_free(w);
    atomic_fetch_sub(&s->threads, 1);
    return status;
}

/* Nobody waits for the answer any more: what a filter has pended is cancelled, as when a process ends on Windows. */
static void
worker_cancel(struct fuse_session *s, struct fuse_worker *w)
{
    if (atomic_load(&w->unique) != 0 && !front_must_finish(atomic_load(&w->opcode))) {
        atomic_store(&w->interrupted, 1);
        if (s->view != NULL) {
            view_cancel(s->view, atomic_load(&w->tid));
        }
    }
}

/* One round of waking everybody; true when all have ended. */
static bool
worker_shake(struct fuse_session *s)
{
    bool all = true;
    for (struct fuse_worker *w = atomic_load(&s->workers); w != NULL; w = w->next) {
        uint32_t state = atomic_load(&w->state);
        if (state == FUSE_WORKER_ENDED) {
            continue;
        }
        all = false;
        if (state == FUSE_WORKER_SPARE) {
            port_wake(&w->wake, 1);
        } else if (state == FUSE_WORKER_SERVING) {
            worker_cancel(s, w);
        } else if (state == FUSE_WORKER_READING && atomic_load(&w->tid) != 0) {
            syscall(SYS_tgkill, port_process_id(), atomic_load(&w->tid), WORKER_SIGNAL);
        }
    }
    return all;
}

void
fuse_workers_end(struct fuse_session *s)
{
    atomic_store(&s->end_word, 1);
    port_wake(&s->end_word, 1);
}

int
fuse_workers_run(struct fuse_session *s)
{
    struct sigaction action = { .sa_handler = worker_ignore };
    sigemptyset(&action.sa_mask);
    sigaction(WORKER_SIGNAL, &action, NULL);
    for (unsigned n = 0; n < s->readers; n++) {
        int status = worker_start(s);
        if (status != 0 && n == 0) {
            return status;
        }
    }
    const struct timespec pause = { .tv_nsec = 2000000 };
    while (!atomic_load(&s->ended) && !atomic_load(&s->stopping)) {
        port_wait(&s->end_word, 0, PORT_FOREVER);
    }
    while (!worker_shake(s)) {
        nanosleep(&pause, NULL);
    }
    for (struct fuse_worker *w = atomic_load(&s->workers); w != NULL; w = w->next) {
        port_thread_join(w->thread);
        w->thread = NULL;
    }
    return atomic_load(&s->result);
}

bool
fuse_workers_interrupt(struct fuse_session *s, uint64_t unique)
{
    for (struct fuse_worker *w = atomic_load(&s->workers); w != NULL; w = w->next) {
        if (atomic_load(&w->unique) == unique) {
            atomic_store(&w->interrupted, 1);
            if (s->view != NULL) {
                view_cancel(s->view, atomic_load(&w->tid));
            }
            return true;
        }
    }
    return false;
}

/* Lock requests wait by themselves, ioctls as long as they like. */
uint32_t
fuse_session_stalled(struct fuse_session *s, uint64_t ns)
{
    const uint64_t now = port_clock_monotonic();
    for (struct fuse_worker *w = atomic_load(&s->workers); w != NULL; w = w->next) {
        const uint64_t unique = atomic_load(&w->unique);
        const uint32_t opcode = atomic_load(&w->opcode);
        if (unique == 0 || unique != w->seen || opcode == FUSE_SETLKW || opcode == FUSE_IOCTL) {
            w->seen = unique;
            w->seen_since = now;
        } else if (now - w->seen_since >= ns) {
            w->seen_since = now;               /* told; again after as long */
            return atomic_load(&w->tid);
        }
    }
    return 0;
}

void
fuse_workers_free(struct fuse_session *s)
{
    struct fuse_worker *w = atomic_load(&s->workers);
    while (w != NULL) {
        struct fuse_worker *next = w->next;
        munmap(w->buffer, w->buffer_size);
        port_free(w);
        w = next;
    }
    atomic_store(&s->workers, NULL);
}

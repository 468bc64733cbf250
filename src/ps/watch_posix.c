/* SPDX-License-Identifier: MIT */
/* The end of processes: one descriptor for each (pidfd_open), one thread that waits for all of them. */
#include "ps/proc.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port/port.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

struct watched {
    int fd;
    void (*ended)(void *context);
    void *context;
};

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static int set = -1; /* start_lock; the epoll descriptor, when the thread runs */

static void
wait_for_ends(void *arg)
{
    struct epoll_event event;

    for (;;) {
        if (epoll_wait((int)(intptr_t)arg, &event, 1, -1) != 1) {
            continue;
        }
        struct watched *w = event.data.ptr;
        close(w->fd); /* leaves the set with it */
        w->ended(w->context);
        free(w);
    }
}

static int
watch_set(void)
{
    port_thread *thread;

    pthread_mutex_lock(&start_lock);
    if (set < 0) {
        set = epoll_create1(EPOLL_CLOEXEC);
        if (set >= 0 && port_thread_start(&thread, wait_for_ends, (void *)(intptr_t)set, "processes") != 0) {
            close(set);
            set = -1;
        }
    }
    int fd = set;
    pthread_mutex_unlock(&start_lock);
    return fd;
}

bool
ps_proc_watch(uint32_t pid, uint64_t start, void (*ended)(void *context), void *context)
{
    struct ps_proc now;
    int all = watch_set();
    struct watched *w = all >= 0 ? malloc(sizeof *w) : NULL;

    if (w == NULL) {
        return false;
    }
    *w = (struct watched){.fd = (int)syscall(SYS_pidfd_open, pid, 0), .ended = ended, .context = context};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = w};
    /* The number may belong to a younger process by now. */
    if (w->fd >= 0 && ps_proc_query(pid, &now) && now.start == start && epoll_ctl(all, EPOLL_CTL_ADD, w->fd, &event) == 0) {
        return true;
    }
    if (w->fd >= 0) {
        close(w->fd);
    }
    free(w);
    return false;
}

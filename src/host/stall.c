/* SPDX-License-Identifier: MIT */
/*
 * Looks four times a second. No request pays for it: pended ones have the time in their waiters'
 * entries (io/waiting.c), and of those that are in a routine it is seen that the same one is there
 * as at the last look. A routine counts only when code of a driver is on the thread's stack.
 */
#include "host/stall.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "host/where.h"

#define SECOND UINT64_C(1000000000)
#define LOOK (SECOND / 4)
#define TEXT 400

/* The thread of the script if its line has been under way for that long; again after as long. */
static uint32_t
script_stalled(struct stall *s, uint64_t ns)
{
    const uint64_t now = port_clock_monotonic();
    const uint32_t thread = atomic_load(&s->script), line = atomic_load(&s->line);
    if (thread == 0 || line != s->line_seen || s->line_since == 0) {
        s->line_seen = line;
        s->line_since = now;
        return 0;
    }
    if (now - s->line_since < ns) {
        return 0;
    }
    s->line_since = now;
    return thread;
}

static bool
in_routine(struct stall *s, char *text)
{
    const uint64_t ns = s->limit * SECOND;
    uint32_t thread = script_stalled(s, ns);
    bool found = thread != 0 && where_report_thread(thread, s->limit, text, TEXT);
    while (s->session != NULL && (thread = fuse_session_stalled(s->session, ns)) != 0) {
        found = where_report_thread(thread, s->limit, text, TEXT) || found;
    }
    return found;
}

static void
look(struct stall *s)
{
    char held[TEXT], text[TEXT + 200];
    if (s->limit != 0 && (host_nt_report_waiting(s->limit, HOST_HELD_END, held, sizeof held) != 0 || in_routine(s, held))) {
        snprintf(text, sizeof text, "a driver has not given back a request for %u s (--request-timeout): %s; the run ends", s->limit, held);
        atomic_store(&s->found, 1);
        s->tell(true, text);
    } else if (s->note != 0 && host_nt_report_waiting(s->note, HOST_HELD_NOTE, held, sizeof held) != 0) {
        snprintf(text, sizeof text, "no answer for %u s yet: %s", s->note, held);
        s->tell(false, text);
    }
}

/* In a debugger everything takes as long as one likes. */
static bool
traced(void)
{
    char line[128];
    int tracer = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL && sscanf(line, "TracerPid: %d", &tracer) != 1) {
    }
    if (status != NULL) {
        fclose(status);
    }
    return tracer != 0;
}

static void
stall_main(void *arg)
{
    struct stall *s = arg;
    while (atomic_load(&s->stop) == 0 && atomic_load(&s->found) == 0) {
        port_wait(&s->stop, 0, port_clock_monotonic() + LOOK);
        if (atomic_load(&s->stop) == 0 && !traced()) {
            look(s);
        }
    }
}

void
stall_start(struct stall *s)
{
    if (port_thread_start(&s->thread, stall_main, s, "watchdog") != 0) {
        s->thread = NULL;
        port_log(PORT_LOG_WARNING, "watchdog", "it cannot start: a driver that keeps a request keeps the run");
    }
}

void
stall_stop(struct stall *s)
{
    if (s->thread != NULL) {
        atomic_store(&s->stop, 1);
        port_wake(&s->stop, UINT32_MAX);
        port_thread_join(s->thread);
        s->thread = NULL;
    }
}

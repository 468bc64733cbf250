/* SPDX-License-Identifier: MIT */
/*
 * An unload routine that never returns must not hang the run. It is called on a thread of its own;
 * when the time is up, that thread is asked by a signal where it is, the answer becomes a finding
 * (F-19), and the thread is left behind: the process ends soon.
 */
#include "host/unload.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/where.h"

/* Shared by both threads; freed by the second to let go of it. */
struct unload_job {
    struct fbed_filter *filter;
    _Atomic(uint32_t) done;
    _Atomic(uint32_t) thread;
    _Atomic(uint32_t) holders;
    struct unload_result result;
};

static void
drop(struct unload_job *job)
{
    if (atomic_fetch_sub(&job->holders, 1) == 1) {
        free(job);
    }
}

static void
unload_thread(void *arg)
{
    struct unload_job *job = arg;
    atomic_store(&job->thread, (uint32_t)syscall(SYS_gettid));
    job->result.status = host_nt_unload(job->filter->driver, &job->result.how);
    job->result.returned = true;
    atomic_store(&job->done, 1);
    port_wake(&job->done, UINT32_MAX);
    drop(job);
}

/* ---- run ---- */

static _Atomic(int) hurried;

void
unload_hurry(void)
{
    atomic_store(&hurried, 1);
}

bool
unload_hurried(void)
{
    return atomic_load(&hurried) != 0;
}

bool
unload_wait(const _Atomic(uint32_t) *done, unsigned seconds, unsigned *waited)
{
    const uint64_t second = 1000000000, started = port_clock_monotonic();
    uint64_t now = started;
    while (atomic_load(done) == 0 && !unload_hurried() && now < started + seconds * second) {
        port_wait(done, 0, now + second / 10);
        now = port_clock_monotonic();
    }
    *waited = (unsigned)((now - started + second / 2) / second);
    return atomic_load(done) != 0;
}

void
unload_run(struct fbed_filter *f, unsigned watchdog, struct unload_result *result)
{
    struct unload_job *job = host_xalloc(sizeof *job);
    memset(job, 0, sizeof *job);
    job->filter = f;
    atomic_store(&job->holders, 2);
    port_thread *thread;
    if (port_thread_start(&thread, unload_thread, job, "unload") != 0) {
        memset(result, 0, sizeof *result);
        result->status = host_nt_unload(f->driver, &result->how);
        result->returned = true;
        free(job);
        return;
    }
    /* FltUnregisterFilter gives up by itself, once per wait; three waits, and time for slow
     * machines. */
    unsigned waited;
    if (unload_wait(&job->done, watchdog * 3 + 5, &waited)) {
        port_thread_join(thread);
        *result = job->result;
    } else {
        uintptr_t frames[WHERE_FRAMES];
        const unsigned count = where_thread(atomic_load(&job->thread), frames);
        memset(result, 0, sizeof *result);
        vf_report_stack("K-01", "F-19", NULL, f->image.owner, NULL, vf_stack_intern(frames, count),
                        "the unload routine of %s has not returned after %u s; on Windows the "
                        "unload would hang here",
                        f->service, waited);
        port_thread_detach(thread);
    }
    drop(job);
}

void
unload_check(struct fbed_filter *f)
{
    unsigned timers = 0, dpcs = 0, threads = 0;
    host_nt_module_use(f->image.base, f->image.end, &timers, &dpcs, &threads);
    if (timers + dpcs + threads != 0) {
        vf_report("K-00", "F-19", "0xCE", f->image.owner, NULL,
                  "unloaded with %u timers, %u DPCs and %u threads still to run in its code "
                  "(DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS)",
                  timers, dpcs, threads);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update over liburcu's memb flavour.  liburcu is not instrumented, so the edges that ThreadSanitizer has to know
 * are drawn here: end of a read section -> end of a grace period, and port_rcu_call -> its callback.
 */
#include <stdatomic.h>

#include "port/portp.h"

#include <urcu/urcu-memb.h>            /* its read sections out of line: liburcu stays uninstrumented */
#include <urcu/static/urcu-memb.h>

struct rcu_box {
    struct rcu_head head;
    void (*fn)(struct port_rcu_head *head);
};

_Static_assert(URCU_GP_COUNT == 1 && URCU_GP_CTR_NEST_MASK == UINT32_MAX, "port.h's inline read sections");
_Static_assert(sizeof(struct rcu_box) <= sizeof(struct port_rcu_head), "room for liburcu's head and the callback");

static char rcu_grace;                /* only its address counts */

__thread struct port_rcu_reader port_rcu_reader __attribute__((tls_model("initial-exec")));

void
port_rcu_register(void)
{
    if (!port_tls.rcu_foreign) {
        urcu_memb_register_thread();
        port_tls.rcu_registered = true;
    }
    port_rcu_reader.word = &URCU_TLS(urcu_memb_reader).ctr;
#ifndef FB_TSAN
    port_rcu_reader.writer = &urcu_memb_gp.futex;
    port_rcu_reader.phase = urcu_memb_has_sys_membarrier ? &urcu_memb_gp.ctr : NULL;
#endif
}

void
port_rcu_unregister(void)
{
    port_rcu_reader = (struct port_rcu_reader){.word = NULL};
    if (port_tls.rcu_registered) {
        urcu_memb_unregister_thread();
        port_tls.rcu_registered = false;
    }
}

/* Async-signal-safe. */
bool
port_rcu_reading(void)
{
    return port_rcu_reader.word != NULL && (uint32_t)*port_rcu_reader.word != 0;
}

void
port_rcu_read_lock_slow(void)
{
    if (__builtin_expect(!port_tls.attached, 0)) {
        port_thread_attach();
    }
    urcu_memb_read_lock();
}

void
port_rcu_read_unlock_slow(void)
{
    port_tsan_release(&rcu_grace);
    urcu_memb_read_unlock();
}

void
port_rcu_wake_writer(void)
{
    urcu_common_wake_up_gp(&urcu_memb_gp);
}

void
port_rcu_synchronize(void)
{
    port_thread_attach();
    port_assert_unlocked("a grace period is waited for");
    urcu_memb_synchronize_rcu();
    port_tsan_acquire(&rcu_grace);
}

static void
rcu_run(struct rcu_head *head)
{
    struct rcu_box *box = (struct rcu_box *)head;
    port_tls.rcu_foreign = true;
    port_tsan_acquire(&rcu_grace);
    port_tsan_acquire(box);
    box->fn((struct port_rcu_head *)box);
}

void
port_rcu_call(struct port_rcu_head *head, void (*fn)(struct port_rcu_head *head))
{
    port_thread_attach();
    struct rcu_box *box = (struct rcu_box *)head;
    box->fn = fn;
    port_tsan_release(box);
    urcu_memb_call_rcu(&box->head, rcu_run);
}

struct rcu_barrier {
    struct port_rcu_head head;
    _Atomic(uint32_t) done;
};

static void
rcu_barrier_done(struct port_rcu_head *head)
{
    struct rcu_barrier *barrier = (struct rcu_barrier *)head;
    atomic_store_explicit(&barrier->done, 1, memory_order_release);
    port_wake(&barrier->done, 1);
}

/* One queue and one callback thread: when a callback of ours has run, all before it have. */
void
port_rcu_barrier(void)
{
    struct rcu_barrier barrier = {.done = 0};
    port_rcu_call(&barrier.head, rcu_barrier_done);
    while (atomic_load_explicit(&barrier.done, memory_order_acquire) == 0) {
        port_wait(&barrier.done, 0, PORT_FOREVER);
    }
    port_tsan_acquire(&rcu_grace);
}

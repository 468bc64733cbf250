/* SPDX-License-Identifier: MIT */
/* port, inward: the thread's private block and the pieces that the files of this layer share. */
#ifndef FB_PORT_PORTP_H
#define FB_PORT_PORTP_H

#include <signal.h>

#include "port/port.h"
#include "port/tsan.h"

#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define PORT_RAW __attribute__((disable_sanitizer_instrumentation))
#endif
#endif
#ifndef PORT_RAW
#define PORT_RAW __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

struct port_exit_node {
    void (*fn)(void *arg);
    void *arg;
    struct port_exit_node *next;
};

/* Owner thread only; read by the signal handler of the same thread. */
struct port_tls {
    bool attached;
    bool rcu_registered;              /* by port_thread_attach, so it unregisters */
    bool rcu_foreign;                 /* liburcu's own callback thread: it registered itself */
    bool in_hooks;                    /* a block hook runs: waits in it call no hook */
    volatile sig_atomic_t in_handler;
    uint32_t tid;
    volatile uint32_t locks;          /* runtime locks held: a fault now cannot be resumed */
    void (*fault_landing)(const struct port_fault_info *info);   /* from port_fault_continue to the end of the handler */
    bool hooks_set;
    struct port_block_hooks hooks;
    uintptr_t stack_low, stack_high;
    struct port_exit_node *exits;
    void *altstack;                   /* ours; NULL if the thread had one */
    stack_t altstack_before;
    uint64_t random[16];
    unsigned random_left;
};
extern __thread struct port_tls port_tls __attribute__((tls_model("initial-exec"), visibility("hidden")));

#define PORT_ALTSTACK_SIZE (128 * 1024)

long port_futex_wait(const _Atomic(uint32_t) *word, uint32_t expected, uint64_t deadline);
void port_rcu_register(void);
void port_rcu_unregister(void);
bool port_rcu_reading(void);           /* inside a read section; async-signal-safe */

static inline void
port_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Threads and what every thread that enters the runtime has: an alternate signal stack, an RCU registration, its
 * stack's limits, and exit callbacks.  port_thread_attach makes them, the destructor of one pthread key takes them down.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port/portp.h"

__thread struct port_tls port_tls __attribute__((tls_model("initial-exec")));

struct port_thread {
    pthread_t handle;
    void (*fn)(void *arg);
    void *arg;
    char name[16];
    _Atomic(int) holders;             /* the thread itself and whoever joins or detaches */
};

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void
thread_altstack_set(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (!(now.ss_flags & SS_DISABLE) && now.ss_size >= PORT_ALTSTACK_SIZE)) {
        return;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *area = mmap(NULL, PORT_ALTSTACK_SIZE + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (area == MAP_FAILED) {
        return;
    }
    mprotect(area, page, PROT_NONE);
    stack_t ours = {.ss_sp = area + page, .ss_size = PORT_ALTSTACK_SIZE};
    if (sigaltstack(&ours, &port_tls.altstack_before) != 0) {
        munmap(area, PORT_ALTSTACK_SIZE + page);
        return;
    }
    port_tls.altstack = area;
}

/* A sanitizer that gave this thread a signal stack of its own frees what it finds at the end: put it back. */
static void
thread_altstack_restore(void)
{
    if (port_tls.altstack == NULL) {
        return;
    }
    stack_t before = port_tls.altstack_before;
    if (before.ss_flags & SS_DISABLE) {
        before = (stack_t){.ss_flags = SS_DISABLE, .ss_size = PORT_ALTSTACK_SIZE};
    }
    sigaltstack(&before, NULL);
    munmap(port_tls.altstack, PORT_ALTSTACK_SIZE + (size_t)sysconf(_SC_PAGESIZE));
    port_tls.altstack = NULL;
}

static void
thread_find_stack(void)
{
    pthread_attr_t attr;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attr) != 0) {
        return;
    }
    if (pthread_attr_getstack(&attr, &low, &size) == 0) {
        port_tls.stack_low = (uintptr_t)low;
        port_tls.stack_high = (uintptr_t)low + size;
    }
    pthread_attr_destroy(&attr);
}

static void
thread_detach_self(void *unused)
{
    (void)unused;
    while (port_tls.exits != NULL) {
        struct port_exit_node *node = port_tls.exits;
        port_tls.exits = node->next;
        node->fn(node->arg);
        free(node);
    }
    port_tls.hooks_set = false;
    port_rcu_unregister();
    thread_altstack_restore();
    port_tls.attached = false;
}

static void
thread_make_key(void)
{
    if (pthread_key_create(&thread_key, thread_detach_self) != 0) {
        port_fatal("no thread-specific data left");
    }
}

void
port_thread_attach(void)
{
    if (port_tls.attached) {
        return;
    }
    port_tls.attached = true;
    pthread_once(&thread_key_once, thread_make_key);
    pthread_setspecific(thread_key, &port_tls);
    thread_find_stack();
    thread_altstack_set();
    port_rcu_register();
}

void
port_thread_at_exit(void (*fn)(void *), void *arg)
{
    port_thread_attach();
    struct port_exit_node *node = malloc(sizeof(*node));
    if (node == NULL) {
        port_fatal("out of memory");
    }
    *node = (struct port_exit_node){.fn = fn, .arg = arg, .next = port_tls.exits};
    port_tls.exits = node;
}

static void
thread_drop(struct port_thread *thread)
{
    if (atomic_fetch_sub_explicit(&thread->holders, 1, memory_order_acq_rel) == 1) {
        free(thread);
    }
}

static void *
thread_main(void *context)
{
    struct port_thread *thread = context;
    void (*fn)(void *) = thread->fn;
    void *arg = thread->arg;

    pthread_setname_np(pthread_self(), thread->name);
    thread_drop(thread);
    port_thread_attach();
    fn(arg);
    return NULL;
}

int
port_thread_start(port_thread **out, void (*fn)(void *), void *arg, const char *name)
{
    struct port_thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
        return -ENOMEM;
    }
    thread->fn = fn;
    thread->arg = arg;
    strncpy(thread->name, name != NULL ? name : "filterbed", sizeof(thread->name) - 1);
    atomic_init(&thread->holders, 2);

    /* Signals that are meant for the program are for its own threads. */
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    sigdelset(&all, SIGPROF);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread->handle, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        free(thread);
        return -error;
    }
    if (out != NULL) {
        *out = thread;
    } else {
        port_thread_detach(thread);
    }
    return 0;
}

void
port_thread_join(port_thread *thread)
{
    if (thread != NULL) {
        pthread_join(thread->handle, NULL);
        thread_drop(thread);
    }
}

void
port_thread_detach(port_thread *thread)
{
    if (thread != NULL) {
        pthread_detach(thread->handle);
        thread_drop(thread);
    }
}

uint32_t
port_thread_id(void)
{
    if (port_tls.tid == 0) {
        port_tls.tid = (uint32_t)syscall(SYS_gettid);
    }
    return port_tls.tid;
}

uint32_t
port_process_id(void)
{
    return (uint32_t)getpid();
}

uint32_t
port_cpu_count(void)
{
    static _Atomic(uint32_t) cached;
    uint32_t count = atomic_load_explicit(&cached, memory_order_relaxed);
    if (count == 0) {
        cpu_set_t set;
        count = sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
        count = count != 0 ? count : 1;
        atomic_store_explicit(&cached, count, memory_order_relaxed);
    }
    return count;
}

uint32_t
port_cpu_current(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : (uint32_t)cpu;
}

void
port_yield(void)
{
    sched_yield();
}

void
port_thread_stack_limits(uintptr_t *low, uintptr_t *high)
{
    port_thread_attach();
    *low = port_tls.stack_low;
    *high = port_tls.stack_high;
}

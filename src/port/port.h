/* SPDX-License-Identifier: MIT */
/*
 * port: the only floor that knows Linux.  Seam header: neutral C types, includable from both sides.
 *
 * Threads, futex waits, clocks, RCU, memory, log, and the recovery from faults in driver code.
 */
#ifndef FB_PORT_H
#define FB_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_FOREVER UINT64_MAX

/* ---- memory (never fails silently: returns NULL) ---- */
void *port_alloc(size_t size);                 /* 16-aligned, not zeroed */
void *port_alloc_zeroed(size_t size);
void *port_alloc_aligned(size_t alignment, size_t size);
void port_free(void *block);                   /* NULL is fine */
/* A block whose memory can be forbidden: touching it faults from then on, its first `front` bytes (at most a page) stay readable.  NULL:
 * there is none left.  Not to be given to port_free. */
void *port_guard_alloc(size_t front, size_t size);
void port_guard_forbid(void *block, size_t front);
void port_guard_free(void *block, size_t front);
bool port_guard_owns(uintptr_t address);       /* async-signal-safe */

/* ---- threads ---- */
typedef struct port_thread port_thread;
/* Starts a thread; it is registered with RCU and gets an alternate signal stack.  0 or -errno. */
int port_thread_start(port_thread **thread, void (*fn)(void *), void *arg, const char *name);
void port_thread_join(port_thread *thread);    /* waits and frees */
void port_thread_detach(port_thread *thread);
/* Registers the calling (foreign) thread: RCU, alternate signal stack.  Idempotent, undone at thread exit. */
void port_thread_attach(void);
/* fn(arg) runs when the calling thread ends, last registered first. */
void port_thread_at_exit(void (*fn)(void *), void *arg);
uint32_t port_thread_id(void);                 /* gettid, cached */
uint32_t port_process_id(void);
uint32_t port_cpu_count(void);
uint32_t port_cpu_current(void);
void port_yield(void);
void port_thread_stack_limits(uintptr_t *low, uintptr_t *high);

/* ---- futex ---- */
/* Waits while *word == expected.  deadline: CLOCK_MONOTONIC ns or PORT_FOREVER.  false: timed out. */
bool port_wait(const _Atomic(uint32_t) *word, uint32_t expected, uint64_t deadline);
void port_wake(const _Atomic(uint32_t) *word, uint32_t count);   /* UINT32_MAX = all */

/* A thread that serves requests registers hooks; port_wait calls them around a wait that really blocks, so that a
 * spare thread takes over.  NULL removes. */
struct port_block_hooks {
    void (*begin)(void *ctx);
    void (*end)(void *ctx);
    void *ctx;
};
void port_set_block_hooks(const struct port_block_hooks *hooks);  /* per thread */

/* ---- plain lock for runtime-internal use: 4 bytes, futex, TSan-annotated; zero-initialised = free ---- */
typedef struct port_lock { _Atomic(uint32_t) word; } port_lock;
void port_lock_acquire(port_lock *lock);
bool port_lock_try(port_lock *lock);
void port_lock_release(port_lock *lock);
/* Reader/writer variant, 8 bytes, writer-preferring; recursive shared acquisition is not allowed. */
typedef struct port_rwlock { _Atomic(uint32_t) word; _Atomic(uint32_t) waiters; } port_rwlock;
void port_rwlock_shared(port_rwlock *lock);
void port_rwlock_exclusive(port_rwlock *lock);
bool port_rwlock_try_shared(port_rwlock *lock);
bool port_rwlock_try_exclusive(port_rwlock *lock);
void port_rwlock_release_shared(port_rwlock *lock);
void port_rwlock_release_exclusive(port_rwlock *lock);

/* The same algorithm for locks in drivers' storage: a wait calls the block hooks, and the lock may be held in driver code. */
void port_driver_rwlock_shared(port_rwlock *lock);
void port_driver_rwlock_exclusive(port_rwlock *lock);
bool port_driver_rwlock_try_shared(port_rwlock *lock);
bool port_driver_rwlock_try_exclusive(port_rwlock *lock);
void port_driver_rwlock_release(port_rwlock *lock);           /* whichever way it is held */

/* Ends the process if the thread holds a lock of the runtime or is in an RCU read section: it is about to do `what`. */
void port_assert_unlocked(const char *what);

/* ---- RCU (liburcu, memb flavour) ---- */
struct port_rcu_head { void *opaque[3]; };
static inline void port_rcu_read_lock(void);   /* at the end of this file */
static inline void port_rcu_read_unlock(void);
void port_rcu_synchronize(void);               /* never inside a read section, never called from driver code */
void port_rcu_call(struct port_rcu_head *head, void (*fn)(struct port_rcu_head *head));
void port_rcu_barrier(void);                   /* all port_rcu_call callbacks so far have run */

/* ---- clocks ---- */
uint64_t port_clock_monotonic(void);           /* ns */
int64_t port_clock_nt(void);                   /* 100 ns since 1601-01-01 UTC */
int64_t port_clock_tick_nt(void);              /* the same, coarse and cheap */
int64_t port_timezone_bias(void);              /* 100 ns, UTC - local */
int64_t port_unix_to_nt(int64_t sec, uint32_t nsec);
void port_nt_to_unix(int64_t nt, int64_t *sec, uint32_t *nsec);
uint64_t port_random(void);

/* ---- log ---- */
enum port_log_level { PORT_LOG_ERROR, PORT_LOG_WARNING, PORT_LOG_INFO, PORT_LOG_TRACE };
void port_log(enum port_log_level level, const char *component, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void port_log_set_level(enum port_log_level level);
/* Verbatim driver output (DbgPrint): each line is prefixed with "name: "; complete lines only, per driver buffer. */
void port_debug_output(const char *driver, const char *text, size_t length);
void port_debug_output_fd(int fd);             /* default 2 */
void port_debug_output_flush(void);
_Noreturn void port_fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- stacks ---- */
/* Frame-pointer walk from the caller; skips `skip` frames; returns the count.  Never faults. */
unsigned port_stack_capture(uintptr_t *frames, unsigned max, unsigned skip);
unsigned port_stack_capture_from(uintptr_t pc, uintptr_t fp, uintptr_t *frames, unsigned max);

/* ---- modules with driver code (address ranges; looked up from signal handlers) ---- */
struct port_module { uintptr_t base, end; const char *name; const char *path; uint32_t generation; void *owner; };
int port_module_register(const struct port_module *module);  /* strings must live until exit; 0 or -ENOSPC */
void port_module_retire(uintptr_t base);                      /* unloaded: a late call is named in the finding */
const struct port_module *port_module_find(uintptr_t pc);     /* async-signal-safe */
bool port_module_retired(const struct port_module *module);
bool port_pc_in_runtime(uintptr_t pc);         /* in the image that port is linked into; async-signal-safe */

/* ---- faults in driver code ----
 *
 *  struct port_fault_frame Frame;
 *  if (port_fault_enter(&Frame) == 0) { call driver; port_fault_leave(&Frame); }
 *  else { the driver faulted: Frame.info says where; the frame is already popped }
 *
 * The handler decides: a hook (SEH frame of the driver on this thread) goes first; then, if the fault happened in a
 * registered module or in a call from one with nothing of ours in between (wild call, stack overflow), the innermost frame;
 * else the fatal callback, after which the process dies.
 */
struct port_fault_info {
    int signo, code;
    uintptr_t pc, fp, sp, address;
    unsigned frame_count;
    uintptr_t frames[32];
    uintptr_t registers[16];                   /* general registers, in no particular order */
};
struct port_fault_frame {
    uint64_t registers[8];
    struct port_fault_frame *previous;
    struct port_fault_info info;               /* written only when the fault happens */
};
extern __thread struct port_fault_frame *port_fault_top __attribute__((tls_model("initial-exec"), visibility("hidden")));
int port_fault_enter(struct port_fault_frame *frame) __attribute__((returns_twice));
static inline void
port_fault_leave(struct port_fault_frame *frame)
{
    port_fault_top = frame->previous;
}
/* try_resume: asked first, in the signal handler; must not return if it takes the fault (SEH).  fatal: async-signal context. */
void port_fault_install(void (*try_resume)(const struct port_fault_info *info),
                        void (*fatal)(const struct port_fault_info *info));
/* In try_resume: let the thread continue in landing, on the interrupted stack, once the handler has returned. */
void port_fault_continue(void (*landing)(const struct port_fault_info *info));
/* In such a landing: nobody took the fault.  Goes on as if try_resume had returned. */
_Noreturn void port_fault_decline(const struct port_fault_info *info);
/* Abandons the innermost driver call from ordinary code, as if it had faulted (bug check, deadlocked driver). */
_Noreturn void port_fault_raise(const struct port_fault_info *info);
bool port_fault_active(void);                  /* a frame exists on this thread */
const char *port_signal_name(int signo);       /* "SIGSEGV" */

/* ---- RCU read sections ----
 *
 * The calling thread's view of liburcu: its own reader's word (the lower half counts the nesting), and the word it is copied from when
 * the outermost section begins.  Only what lies outside of this common case is done out of line: not attached yet, nested, a writer that
 * sleeps, a kernel without membarrier(2), ThreadSanitizer.
 */
struct port_rcu_reader {
    unsigned long *word;                       /* NULL: not attached */
    const unsigned long *phase;                /* NULL: always out of line */
    const int32_t *writer;                     /* -1: sleeps */
};
extern __thread struct port_rcu_reader port_rcu_reader __attribute__((tls_model("initial-exec"), visibility("hidden")));
void port_rcu_read_lock_slow(void);
void port_rcu_read_unlock_slow(void);
void port_rcu_wake_writer(void);

/* What an outermost section needs at its end, kept in registers: reading the word back would wait for the store of it. */
struct port_rcu_section {
    unsigned long *word;
    unsigned long after;                       /* what the word becomes */
};

/* Begins a section if that takes no call.  false: none was begun. */
static inline bool
port_rcu_read_try(struct port_rcu_section *section)
{
    const unsigned long *phase = port_rcu_reader.phase;
    unsigned long *word = port_rcu_reader.word;

    if (__builtin_expect(phase == NULL || (uint32_t)*word != 0, 0)) {
        return false;
    }
    const unsigned long now = __atomic_load_n(phase, __ATOMIC_RELAXED);
    *section = (struct port_rcu_section){.word = word, .after = now - 1};
    __atomic_store_n(word, now, __ATOMIC_RELAXED);
    __asm__ volatile("" ::: "memory");         /* the writer's membarrier(2) makes it a full barrier */
    return true;
}

static inline void
port_rcu_read_lock(void)
{
    struct port_rcu_section section;

    if (!port_rcu_read_try(&section)) {
        port_rcu_read_lock_slow();
    }
}

/* Ends an outermost section that port_rcu_read_try began. */
static inline void
port_rcu_read_end(const struct port_rcu_section *section)
{
    __atomic_store_n(section->word, section->after, __ATOMIC_RELEASE);
    __asm__ volatile("" ::: "memory");
    if (__builtin_expect(__atomic_load_n(port_rcu_reader.writer, __ATOMIC_RELAXED) != 0, 0)) {
        port_rcu_wake_writer();
    }
}

static inline void
port_rcu_read_unlock(void)
{
    if (__builtin_expect(port_rcu_reader.phase != NULL && (uint32_t)*port_rcu_reader.word == 1, 1)) {
        port_rcu_read_end(&(struct port_rcu_section){.word = port_rcu_reader.word, .after = *port_rcu_reader.word - 1});
    } else {
        port_rcu_read_unlock_slow();
    }
}

#endif

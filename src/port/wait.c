/* SPDX-License-Identifier: MIT */
/*
 * Futex waits and the plain locks on top of them.
 *
 * port_lock word: 0 free, 1 held, 2 held and somebody may sleep.
 * port_rwlock word: RW_WRITER, RW_CONTENDED (somebody may sleep), and below them the number of readers.  `waiters` counts
 * writers that want in; readers stay out while it is not zero.  A release that finds RW_CONTENDED clears it and wakes
 * everybody: who loses sets it again before sleeping.  After the word is released the lock's memory is not read again
 * (only its address is passed to the kernel), so the next owner may free it.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "port/portp.h"

#define WAIT_SPINS 60

#define RW_WRITER 0x80000000u
#define RW_CONTENDED 0x40000000u

long
port_futex_wait(const _Atomic(uint32_t) *word, uint32_t expected, uint64_t deadline)
{
    struct timespec until;
    if (deadline != PORT_FOREVER) {
        until.tv_sec = (time_t)(deadline / 1000000000u);
        until.tv_nsec = (long)(deadline % 1000000000u);
    }
    long result = syscall(SYS_futex, (const uint32_t *)(uintptr_t)word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                          deadline != PORT_FOREVER ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    return result == 0 ? 0 : -errno;
}

void
port_wake(const _Atomic(uint32_t) *word, uint32_t count)
{
    syscall(SYS_futex, (const uint32_t *)(uintptr_t)word, FUTEX_WAKE_PRIVATE, count > INT_MAX ? INT_MAX : (int)count);
}

void
port_set_block_hooks(const struct port_block_hooks *hooks)
{
    port_tls.hooks_set = hooks != NULL;
    if (hooks != NULL) {
        port_tls.hooks = *hooks;
    }
}

static bool
wait_spin(const _Atomic(uint32_t) *word, uint32_t expected)
{
    if (port_cpu_count() == 1) {
        return atomic_load_explicit((_Atomic(uint32_t) *)word, memory_order_acquire) != expected;
    }
    for (int i = 0; i < WAIT_SPINS; i++) {
        if (atomic_load_explicit((_Atomic(uint32_t) *)word, memory_order_acquire) != expected) {
            return true;
        }
        port_pause();
    }
    return false;
}

bool
port_wait(const _Atomic(uint32_t) *word, uint32_t expected, uint64_t deadline)
{
    if (wait_spin(word, expected)) {
        return true;
    }
    bool hooks = port_tls.hooks_set && !port_tls.in_hooks;
    if (hooks) {
        port_tls.in_hooks = true;
        port_tls.hooks.begin(port_tls.hooks.ctx);
        port_tls.in_hooks = false;
    }
    long result;
    do {
        result = port_futex_wait(word, expected, deadline);
    } while (result == -EINTR);
    if (hooks && port_tls.hooks_set) {
        port_tls.in_hooks = true;
        port_tls.hooks.end(port_tls.hooks.ctx);
        port_tls.in_hooks = false;
    }
    /* Orders what the waker wrote before it changed the word. */
    atomic_thread_fence(memory_order_acquire);
    return result != -ETIMEDOUT;
}

/* ---- plain lock ---- */

static void
lock_slow(port_lock *lock)
{
    for (int i = 0; i < WAIT_SPINS && port_cpu_count() > 1; i++) {
        uint32_t free_word = 0;
        if (atomic_load_explicit(&lock->word, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(&lock->word, &free_word, 1, memory_order_acquire, memory_order_relaxed)) {
            return;
        }
        port_pause();
    }
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
        port_futex_wait(&lock->word, 2, PORT_FOREVER);
    }
}

void
port_lock_acquire(port_lock *lock)
{
    uint32_t free_word = 0;
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &free_word, 1, memory_order_acquire, memory_order_relaxed)) {
        lock_slow(lock);
    }
    port_tls.locks++;
    port_tsan_acquire(lock);
}

bool
port_lock_try(port_lock *lock)
{
    uint32_t free_word = 0;
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &free_word, 1, memory_order_acquire, memory_order_relaxed)) {
        return false;
    }
    port_tls.locks++;
    port_tsan_acquire(lock);
    return true;
}

void
port_lock_release(port_lock *lock)
{
    port_tsan_release(lock);
    port_tls.locks--;
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2) {
        port_wake(&lock->word, 1);
    }
}

/* ---- reader/writer lock ---- */

static bool
rw_reader_may_enter(const port_rwlock *lock, uint32_t word)
{
    return !(word & RW_WRITER) && atomic_load_explicit((_Atomic(uint32_t) *)&lock->waiters, memory_order_relaxed) == 0;
}

/* Announces a sleeper and sleeps until the word changes. */
static void
rw_sleep(port_rwlock *lock, uint32_t word, bool hooks)
{
    if (!(word & RW_CONTENDED) &&
        !atomic_compare_exchange_strong_explicit(&lock->word, &word, word | RW_CONTENDED, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        return;
    }
    if (hooks) {
        port_wait(&lock->word, word | RW_CONTENDED, PORT_FOREVER);
    } else {
        port_futex_wait(&lock->word, word | RW_CONTENDED, PORT_FOREVER);
    }
}

static void
rw_shared(port_rwlock *lock, bool hooks)
{
    uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    unsigned spins = 0;
    for (;;) {
        if (rw_reader_may_enter(lock, word)) {
            if (atomic_compare_exchange_weak_explicit(&lock->word, &word, word + 1, memory_order_acquire,
                                                      memory_order_relaxed)) {
                break;
            }
            continue;
        }
        if (spins++ < WAIT_SPINS) {
            port_pause();
        } else {
            rw_sleep(lock, word, hooks);
        }
        word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    }
    port_tsan_acquire(lock);
}

static void
rw_exclusive(port_rwlock *lock, bool hooks)
{
    uint32_t word = 0;
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &word, RW_WRITER, memory_order_acquire, memory_order_relaxed)) {
        unsigned spins = 0;
        atomic_fetch_add_explicit(&lock->waiters, 1, memory_order_relaxed);
        for (;;) {
            word = atomic_load_explicit(&lock->word, memory_order_relaxed);
            if ((word & ~RW_CONTENDED) == 0) {
                if (atomic_compare_exchange_weak_explicit(&lock->word, &word, word | RW_WRITER, memory_order_acquire,
                                                          memory_order_relaxed)) {
                    atomic_fetch_sub_explicit(&lock->waiters, 1, memory_order_relaxed);
                    break;
                }
                continue;
            }
            if (spins++ < WAIT_SPINS) {
                port_pause();
            } else {
                rw_sleep(lock, word, hooks);
            }
        }
    }
    port_tsan_acquire(lock);
}

bool
port_rwlock_try_shared(port_rwlock *lock)
{
    uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    while (rw_reader_may_enter(lock, word)) {
        if (atomic_compare_exchange_weak_explicit(&lock->word, &word, word + 1, memory_order_acquire, memory_order_relaxed)) {
            port_tls.locks++;
            port_tsan_acquire(lock);
            return true;
        }
    }
    return false;
}

bool
port_rwlock_try_exclusive(port_rwlock *lock)
{
    uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    while ((word & ~RW_CONTENDED) == 0) {
        if (atomic_compare_exchange_weak_explicit(&lock->word, &word, word | RW_WRITER, memory_order_acquire,
                                                  memory_order_relaxed)) {
            port_tls.locks++;
            port_tsan_acquire(lock);
            return true;
        }
    }
    return false;
}

static void
rw_release_shared(port_rwlock *lock)
{
    port_tsan_release(lock);
    uint32_t word = atomic_fetch_sub_explicit(&lock->word, 1, memory_order_release) - 1;
    if (word == RW_CONTENDED &&
        atomic_compare_exchange_strong_explicit(&lock->word, &word, 0, memory_order_relaxed, memory_order_relaxed)) {
        port_wake(&lock->word, UINT32_MAX);
    }
}

static void
rw_release_exclusive(port_rwlock *lock)
{
    port_tsan_release(lock);
    if (atomic_fetch_and_explicit(&lock->word, ~(RW_WRITER | RW_CONTENDED), memory_order_release) & RW_CONTENDED) {
        port_wake(&lock->word, UINT32_MAX);
    }
}

void
port_rwlock_shared(port_rwlock *lock)
{
    rw_shared(lock, false);
    port_tls.locks++;
}

void
port_rwlock_exclusive(port_rwlock *lock)
{
    rw_exclusive(lock, false);
    port_tls.locks++;
}

void
port_rwlock_release_shared(port_rwlock *lock)
{
    port_tls.locks--;
    rw_release_shared(lock);
}

void
port_rwlock_release_exclusive(port_rwlock *lock)
{
    port_tls.locks--;
    rw_release_exclusive(lock);
}

void
port_assert_unlocked(const char *what)
{
    if (port_tls.locks != 0 || port_rcu_reading()) {
        port_fatal("%s: with %u locks held%s", what, (unsigned)port_tls.locks, port_rcu_reading() ? ", inside an RCU read section" : "");
    }
}

/* ---- the same for driver-visible locks: long waits, block hooks, no count of runtime locks ---- */

void
port_driver_rwlock_shared(port_rwlock *lock)
{
    rw_shared(lock, true);
}

void
port_driver_rwlock_exclusive(port_rwlock *lock)
{
    rw_exclusive(lock, true);
}

bool
port_driver_rwlock_try_shared(port_rwlock *lock)
{
    bool taken = port_rwlock_try_shared(lock);
    port_tls.locks -= taken;
    return taken;
}

bool
port_driver_rwlock_try_exclusive(port_rwlock *lock)
{
    bool taken = port_rwlock_try_exclusive(lock);
    port_tls.locks -= taken;
    return taken;
}

void
port_driver_rwlock_release(port_rwlock *lock)
{
    if (atomic_load_explicit(&lock->word, memory_order_relaxed) & RW_WRITER) {
        rw_release_exclusive(lock);
    } else {
        rw_release_shared(lock);
    }
}

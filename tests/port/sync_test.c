/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/port.h"

#define THREADS 4
#define ROUNDS 20000

static port_lock lock;
static port_rwlock rwlock;
static long plain_a, plain_b;
static _Atomic(int) torn;

static void
start_all(void (*fn)(void *), void *arg)
{
    port_thread *threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(port_thread_start(&threads[i], fn, arg, "sync"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        port_thread_join(threads[i]);
    }
}

static void
lock_rounds(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        port_lock_acquire(&lock);
        plain_a++;
        port_lock_release(&lock);
    }
}

static void
test_port_lock__excludes(void **state)
{
    (void)state;
    plain_a = 0;
    start_all(lock_rounds, NULL);
    assert_int_equal(plain_a, THREADS * ROUNDS);
    assert_true(port_lock_try(&lock));
    assert_false(port_lock_try(&lock));
    port_lock_release(&lock);
}

static void
rw_rounds(void *arg)
{
    bool driver = arg != NULL;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 8 == 0) {
            driver ? port_driver_rwlock_exclusive(&rwlock) : port_rwlock_exclusive(&rwlock);
            plain_a++;
            plain_b++;
            driver ? port_driver_rwlock_release(&rwlock) : port_rwlock_release_exclusive(&rwlock);
        } else {
            driver ? port_driver_rwlock_shared(&rwlock) : port_rwlock_shared(&rwlock);
            if (plain_a != plain_b) {
                torn++;
            }
            driver ? port_driver_rwlock_release(&rwlock) : port_rwlock_release_shared(&rwlock);
        }
    }
}

static void
test_port_rwlock__readers_see_whole_writes(void **state)
{
    (void)state;
    for (int driver = 0; driver < 2; driver++) {
        plain_a = plain_b = 0;
        start_all(rw_rounds, driver ? &driver : NULL);
        assert_int_equal(torn, 0);
        assert_int_equal(plain_a, THREADS * (ROUNDS / 8));
        assert_int_equal(rwlock.word, 0);
        assert_int_equal(rwlock.waiters, 0);
    }
    assert_true(port_rwlock_try_shared(&rwlock));
    assert_true(port_rwlock_try_shared(&rwlock));
    assert_false(port_rwlock_try_exclusive(&rwlock));
    port_rwlock_release_shared(&rwlock);
    port_rwlock_release_shared(&rwlock);
    assert_true(port_rwlock_try_exclusive(&rwlock));
    assert_false(port_rwlock_try_shared(&rwlock));
    port_rwlock_release_exclusive(&rwlock);
}

static void
test_port_wait__deadline_and_mismatch(void **state)
{
    (void)state;
    _Atomic(uint32_t) word = 1;
    assert_true(port_wait(&word, 0, PORT_FOREVER));
    uint64_t start = port_clock_monotonic();
    assert_false(port_wait(&word, 1, start + 20000000));
    assert_true(port_clock_monotonic() - start >= 20000000);
    assert_false(port_wait(&word, 1, 0));
}

struct hook_counts {
    _Atomic(uint32_t) word;
    int begins, ends;
};

static void hook_begin(void *ctx) { ((struct hook_counts *)ctx)->begins++; }
static void hook_end(void *ctx) { ((struct hook_counts *)ctx)->ends++; }

static void
hook_waker(void *arg)
{
    struct hook_counts *counts = arg;
    usleep(20000);
    atomic_store(&counts->word, 1);
    port_wake(&counts->word, UINT32_MAX);
}

static void
test_port_wait__hooks_run_only_when_it_blocks(void **state)
{
    (void)state;
    struct hook_counts counts = {0};
    struct port_block_hooks hooks = {hook_begin, hook_end, &counts};
    port_set_block_hooks(&hooks);
    assert_true(port_wait(&counts.word, 5, PORT_FOREVER));
    assert_int_equal(counts.begins, 0);
    port_thread *thread;
    assert_int_equal(port_thread_start(&thread, hook_waker, &counts, "waker"), 0);
    while (atomic_load(&counts.word) == 0) {
        assert_true(port_wait(&counts.word, 0, PORT_FOREVER));
    }
    port_thread_join(thread);
    assert_true(counts.begins >= 1);
    assert_int_equal(counts.begins, counts.ends);
    port_set_block_hooks(NULL);
}

struct rcu_item {
    struct port_rcu_head head;
    int value;
};

static _Atomic(struct rcu_item *) rcu_current;
static _Atomic(int) rcu_stop, rcu_bad, rcu_freed;

static void
rcu_free_item(struct port_rcu_head *head)
{
    struct rcu_item *item = (struct rcu_item *)head;
    item->value = -1;
    free(item);
    atomic_fetch_add(&rcu_freed, 1);
}

static void
rcu_reader(void *arg)
{
    (void)arg;
    while (!atomic_load(&rcu_stop)) {
        port_rcu_read_lock();
        struct rcu_item *item = atomic_load_explicit(&rcu_current, memory_order_acquire);
        if (item->value < 0) {
            atomic_fetch_add(&rcu_bad, 1);
        }
        port_rcu_read_unlock();
    }
}

static void
test_port_rcu__readers_never_see_freed_items(void **state)
{
    (void)state;
    port_thread *threads[2];
    atomic_store(&rcu_current, calloc(1, sizeof(struct rcu_item)));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(port_thread_start(&threads[i], rcu_reader, NULL, "reader"), 0);
    }
    for (int i = 1; i <= 200; i++) {
        struct rcu_item *item = calloc(1, sizeof(*item));
        item->value = i;
        struct rcu_item *old = atomic_exchange_explicit(&rcu_current, item, memory_order_acq_rel);
        if (i % 2) {
            port_rcu_call(&old->head, rcu_free_item);
        } else {
            port_rcu_synchronize();
            old->value = -1;
            free(old);
        }
    }
    atomic_store(&rcu_stop, 1);
    for (int i = 0; i < 2; i++) {
        port_thread_join(threads[i]);
    }
    port_rcu_barrier();
    assert_int_equal(rcu_bad, 0);
    assert_int_equal(rcu_freed, 100);
    free(atomic_load(&rcu_current));
}

static char exit_order[8];
static void exit_note(void *arg) { strncat(exit_order, arg, 1); }

static void *
foreign_thread(void *arg)
{
    port_thread_attach();
    port_thread_attach();
    port_thread_at_exit(exit_note, (void *)"a");
    port_thread_at_exit(exit_note, (void *)"b");
    uintptr_t low, high, here = (uintptr_t)&low;
    port_thread_stack_limits(&low, &high);
    *(int *)arg = here > low && here < high && port_thread_id() == (uint32_t)gettid();
    port_rcu_read_lock();
    port_rcu_read_unlock();
    return NULL;
}

static void
test_port_thread__foreign_threads_attach_and_exit_in_reverse_order(void **state)
{
    (void)state;
    pthread_t thread;
    int ok = 0;
    assert_int_equal(pthread_create(&thread, NULL, foreign_thread, &ok), 0);
    pthread_join(thread, NULL);
    assert_true(ok);
    assert_string_equal(exit_order, "ba");
}

static __attribute__((noinline)) unsigned
stack_inner(uintptr_t *frames)
{
    unsigned count = port_stack_capture(frames, 16, 0);
    __asm__ volatile("" ::: "memory");
    return count;
}

/* What a child does that holds nothing, a lock, a lock for reading, an RCU section. */
static int
child_status(int holds)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(2);
        if (holds == 1) {
            port_lock_acquire(&lock);
        } else if (holds == 2) {
            port_rwlock_shared(&rwlock);
        } else if (holds == 3) {
            port_rcu_read_lock();
        }
        port_assert_unlocked("test");
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void
test_port_assert_unlocked__ends_who_holds_something(void **state)
{
    (void)state;
    port_thread_attach();
    int status = child_status(0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int holds = 1; holds <= 3; holds++) {
        status = child_status(holds);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

static void
test_port_stack__names_the_callers(void **state)
{
    (void)state;
    uintptr_t frames[16];
    unsigned count = stack_inner(frames);
    assert_true(count >= 3);
    assert_true(frames[0] > (uintptr_t)stack_inner && frames[0] < (uintptr_t)stack_inner + 400);
    uintptr_t self = (uintptr_t)test_port_stack__names_the_callers;
    assert_true(frames[1] > self && frames[1] < self + 4000);
    uintptr_t skipped[16];
    unsigned less = port_stack_capture(skipped, 16, 1);
    assert_true(less >= 1 && less < count);
}

static void
test_port_clock__nt_time_round_trips(void **state)
{
    (void)state;
    int64_t sec;
    uint32_t nsec;
    assert_true(port_unix_to_nt(0, 0) == INT64_C(116444736000000000));
    port_nt_to_unix(port_unix_to_nt(1700000000, 123456700), &sec, &nsec);
    assert_true(sec == 1700000000 && nsec == 123456700);
    port_nt_to_unix(port_unix_to_nt(-5, 999999900), &sec, &nsec);
    assert_true(sec == -5 && nsec == 999999900);
    int64_t a = port_clock_nt(), b = port_clock_tick_nt();
    assert_true(a - b < 10000000 && b - a < 10000000);
    assert_true(port_random() != port_random());
}

static void
test_port_debug_output__lines_are_prefixed(void **state)
{
    (void)state;
    int ends[2];
    char text[256] = "";
    assert_int_equal(pipe(ends), 0);
    port_debug_output_fd(ends[1]);
    port_debug_output("drv", "one\r\ntw", 8);
    port_debug_output("other", "x\n", 2);
    port_debug_output("drv", "o\nthree", 7);
    port_debug_output_flush();
    port_debug_output_fd(2);
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_string_equal(text, "drv: one\nother: x\ndrv: two\ndrv: three\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_lock__excludes),
        cmocka_unit_test(test_port_rwlock__readers_see_whole_writes),
        cmocka_unit_test(test_port_wait__deadline_and_mismatch),
        cmocka_unit_test(test_port_wait__hooks_run_only_when_it_blocks),
        cmocka_unit_test(test_port_rcu__readers_never_see_freed_items),
        cmocka_unit_test(test_port_thread__foreign_threads_attach_and_exit_in_reverse_order),
        cmocka_unit_test(test_port_assert_unlocked__ends_who_holds_something),
        cmocka_unit_test(test_port_stack__names_the_callers),
        cmocka_unit_test(test_port_clock__nt_time_round_trips),
        cmocka_unit_test(test_port_debug_output__lines_are_prefixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

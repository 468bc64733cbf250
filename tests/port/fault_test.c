/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Faults in "driver" code: the functions of section fbdriver are registered as a module. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/port.h"
#include "port/tsan.h"

#define DRIVER __attribute__((section("fbdriver"), noinline, used, no_sanitize("undefined")))

extern char __start_fbdriver[], __stop_fbdriver[];

static volatile uintptr_t wild_target = 0x1234560;
static volatile int zero;
static volatile size_t copy_bytes = 64;
static char *volatile bad_pointer = (char *)16;
static volatile int depth_sink;

DRIVER static void driver_null(void) { *(volatile char *)bad_pointer = 1; depth_sink++; }
DRIVER static void driver_divide(void) { depth_sink = 1000 / zero; }
DRIVER static void driver_illegal(void) { __asm__ volatile("ud2"); }
DRIVER static void driver_break(void) { __asm__ volatile("int3"); }
DRIVER static void driver_wild(void) { ((void (*)(void))wild_target)(); depth_sink++; }
DRIVER static void driver_memcpy(void) { char buffer[64]; memcpy(buffer, bad_pointer, copy_bytes); depth_sink = buffer[copy_bytes - 1]; }

static volatile int forever = 1;
DRIVER static int
driver_recurse(int depth)
{
    volatile char space[512];
    memset((void *)space, depth, sizeof(space));
    return (forever ? driver_recurse(depth + 1) : 0) + space[depth & 511];
}

DRIVER static void driver_overflow(void) { depth_sink = driver_recurse(1); }

static void *driver_nowhere;
DRIVER static void driver_bus(void) { *(volatile char *)driver_nowhere = 1; depth_sink++; }

/* True if fn was abandoned; its info in *info. */
static bool
run(void (*fn)(void), struct port_fault_info *info)
{
    struct port_fault_frame frame;
    if (port_fault_enter(&frame) == 0) {
        fn();
        port_fault_leave(&frame);
        return false;
    }
    *info = frame.info;
    return true;
}

static void
install(void)
{
    static bool registered;
    if (!registered) {
        struct port_module module = {.base = (uintptr_t)__start_fbdriver, .end = (uintptr_t)__stop_fbdriver, .name = "testdrv", .path = ""};
        assert_int_equal(port_module_register(&module), 0);
        registered = true;
    }
    port_fault_install(NULL, NULL);
}

static void
expect_fault(void (*fn)(void), int signo)
{
    struct port_fault_info info;
    memset(&info, 0, sizeof(info));
    assert_false(port_fault_active());
    assert_true(run(fn, &info));
    assert_false(port_fault_active());
    assert_int_equal(info.signo, signo);
    assert_true(info.frame_count >= 1);
    bool named = false;
    for (unsigned i = 0; i < info.frame_count; i++) {
        named |= port_module_find(info.frames[i]) != NULL;
    }
    assert_true(named);
}

static void
test_port_fault__each_kind_is_recovered_repeatedly(void **state)
{
    (void)state;
    install();
    for (int i = 0; i < 20; i++) {
        expect_fault(driver_null, SIGSEGV);
        expect_fault(driver_divide, SIGFPE);
        expect_fault(driver_illegal, SIGILL);
        expect_fault(driver_break, SIGTRAP);
        expect_fault(driver_wild, SIGSEGV);
    }
}

static void
test_port_fault__bus_error(void **state)
{
    (void)state;
    install();
    char name[] = "/tmp/fbfaultXXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    driver_nowhere = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    expect_fault(driver_bus, SIGBUS);
    munmap(driver_nowhere, 4096);
    close(fd);
}

static void
test_port_fault__libc_called_by_driver(void **state)
{
    (void)state;
    install();
    struct port_fault_info info;
    assert_true(run(driver_memcpy, &info));
    assert_int_equal(info.signo, SIGSEGV);
}

static void
thread_overflow(void *arg)
{
    struct port_fault_info info;
    *(int *)arg = run(driver_overflow, &info) && info.signo == SIGSEGV;
}

static void
test_port_fault__stack_overflow_in_a_thread_and_in_main(void **state)
{
    (void)state;
    install();
    for (int i = 0; i < 3; i++) {
        port_thread *thread;
        int ok = 0;
        assert_int_equal(port_thread_start(&thread, thread_overflow, &ok, "overflow"), 0);
        port_thread_join(thread);
        assert_true(ok);
    }
#ifndef FB_TSAN
    /* Under the thread sanitizer one run in ten ends inside it when it is main's stack that overflows; driver code seldom runs there. */
    expect_fault(driver_overflow, SIGSEGV);
#endif
    expect_fault(driver_null, SIGSEGV);
}

static void
test_port_fault__frames_nest(void **state)
{
    (void)state;
    install();
    struct port_fault_frame outer;
    volatile int step = 0;
    if (port_fault_enter(&outer) == 0) {
        struct port_fault_info info;
        assert_true(run(driver_null, &info));
        step = 1;
        driver_divide();
        step = 99;
        port_fault_leave(&outer);
    } else {
        assert_int_equal(outer.info.signo, SIGFPE);
        assert_int_equal(step, 1);
        step = 2;
    }
    assert_int_equal(step, 2);
    assert_false(port_fault_active());
}

static void
raise_from_code(void)
{
    struct port_fault_info info = {.code = 0x50};
    port_fault_raise(&info);
}

static void
test_port_fault__raise_abandons_the_call(void **state)
{
    (void)state;
    struct port_fault_info info;
    assert_true(run(raise_from_code, &info));
    assert_int_equal(info.code, 0x50);
    assert_int_equal(info.signo, 0);
}

static void
fatal_exit(const struct port_fault_info *info)
{
    _exit(info->signo == SIGSEGV ? 42 : 43);
}

static __attribute__((noinline)) void
own_fault(void)
{
    *(volatile char *)bad_pointer = 1;
}

static void
test_port_fault__fault_of_our_own_is_fatal(void **state)
{
    (void)state;
    install();
    pid_t child = fork();
    if (child == 0) {
        struct port_fault_info info;
        port_fault_install(NULL, fatal_exit);
        run(own_fault, &info);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
}

static jmp_buf seh_target;
static void
seh_take(const struct port_fault_info *info)
{
    if (info->signo == SIGSEGV) {
        longjmp(seh_target, 1);
    }
}

static void
test_port_fault__resume_hook_goes_first(void **state)
{
    (void)state;
    install();
    port_fault_install(seh_take, NULL);
    struct port_fault_frame frame;
    volatile int taken = 0;
    if (port_fault_enter(&frame) == 0) {
        if (setjmp(seh_target) == 0) {
            driver_null();
        } else {
            taken = 1;
        }
        port_fault_leave(&frame);
    } else {
        taken = 2;
    }
    assert_int_equal(taken, 1);
    port_fault_install(NULL, NULL);
}

static void
thread_faults(void *arg)
{
    struct port_fault_info info;
    int good = 0;
    for (int i = 0; i < 200; i++) {
        good += run(driver_null, &info) && info.signo == SIGSEGV;
        good += run(driver_divide, &info) && info.signo == SIGFPE;
    }
    *(int *)arg = good;
}

static void
test_port_fault__threads_fault_in_parallel(void **state)
{
    (void)state;
    install();
    port_thread *threads[4];
    int good[4] = {0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(port_thread_start(&threads[i], thread_faults, &good[i], "faults"), 0);
    }
    for (int i = 0; i < 4; i++) {
        port_thread_join(threads[i]);
        assert_int_equal(good[i], 400);
    }
}

static void
test_port_module__late_call_is_known(void **state)
{
    (void)state;
    install();
    const struct port_module *module = port_module_find((uintptr_t)driver_null);
    assert_non_null(module);
    assert_string_equal(module->name, "testdrv");
    assert_false(port_module_retired(module));
    struct port_module other = {.base = 0x1000, .end = 0x2000, .name = "gone", .path = ""};
    assert_int_equal(port_module_register(&other), 0);
    port_module_retire(0x1000);
    assert_true(port_module_retired(port_module_find(0x1800)));
    assert_null(port_module_find(0x2000));
    assert_true(port_pc_in_runtime((uintptr_t)port_fault_raise));
    assert_false(port_pc_in_runtime((uintptr_t)&wild_target + 0x10000000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_fault__each_kind_is_recovered_repeatedly),
        cmocka_unit_test(test_port_fault__bus_error),
        cmocka_unit_test(test_port_fault__libc_called_by_driver),
        cmocka_unit_test(test_port_fault__stack_overflow_in_a_thread_and_in_main),
        cmocka_unit_test(test_port_fault__frames_nest),
        cmocka_unit_test(test_port_fault__raise_abandons_the_call),
        cmocka_unit_test(test_port_fault__fault_of_our_own_is_fatal),
        cmocka_unit_test(test_port_fault__resume_hook_goes_first),
        cmocka_unit_test(test_port_fault__threads_fault_in_parallel),
        cmocka_unit_test(test_port_module__late_call_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Dispatcher objects: events, mutexes, semaphores, waits for one and for several, timeouts, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ntdef.h>
#include <ntstatus.h>
#include <ntos/ex.h>
#include <ntos/ke.h>

#include "ke/ki.h"

#define NOW(Variable) __atomic_load_n(&(Variable), __ATOMIC_ACQUIRE)

static int
setup(void **state)
{
    (void)state;
    vf_set_level(VF_STANDARD);
    KeInitialize();
    return 0;
}

static LARGE_INTEGER
relative_ms(LONGLONG ms)
{
    LARGE_INTEGER Time;
    Time.QuadPart = -ms * 10000;
    return Time;
}

static void
test_ke_event__notification_and_synchronization(void **state)
{
    (void)state;
    KEVENT Event;
    LARGE_INTEGER Zero = {.QuadPart = 0};

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Zero), STATUS_TIMEOUT);
    assert_int_equal(KeSetEvent(&Event, 0, FALSE), 0);
    assert_int_equal(KeSetEvent(&Event, 0, FALSE), 1);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    assert_int_equal(KeReadStateEvent(&Event), 1);
    assert_int_equal(KeResetEvent(&Event), 1);
    assert_int_equal(KeReadStateEvent(&Event), 0);

    KeInitializeEvent(&Event, SynchronizationEvent, TRUE);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Zero), STATUS_SUCCESS);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Zero), STATUS_TIMEOUT);
    assert_int_equal(sizeof(KEVENT), 24);
}

static void
test_ke_wait__timeouts_relative_and_absolute(void **state)
{
    (void)state;
    KEVENT Event;
    LARGE_INTEGER Timeout = relative_ms(30), Now;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    ULONGLONG Start = KeQueryInterruptTime();
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout), STATUS_TIMEOUT);
    assert_true(KeQueryInterruptTime() - Start >= 300000);
    KeQuerySystemTime(&Now);
    Timeout.QuadPart = Now.QuadPart + 300000;
    Start = KeQueryInterruptTime();
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout), STATUS_TIMEOUT);
    assert_true(KeQueryInterruptTime() - Start >= 250000);
    Timeout.QuadPart = 1;                      /* long ago */
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Timeout), STATUS_TIMEOUT);
    Timeout = relative_ms(20);
    Start = KeQueryInterruptTime();
    assert_int_equal(KeDelayExecutionThread(KernelMode, FALSE, &Timeout), STATUS_SUCCESS);
    assert_true(KeQueryInterruptTime() - Start >= 200000);
}

/* ---- ping-pong with events on the stack: each is gone as soon as the waiter returns ---- */

struct pingpong {
    PKEVENT volatile Request;
    KEVENT Ready;
    int Rounds;
};

static VOID
pong(PVOID Context)
{
    struct pingpong *Game = Context;
    for (int i = 0; i < Game->Rounds; i++) {
        KeWaitForSingleObject(&Game->Ready, Executive, KernelMode, FALSE, NULL);
        KeSetEvent(Game->Request, 0, FALSE);
    }
}

static __attribute__((noinline)) void
ping(struct pingpong *Game)
{
    KEVENT Mine;
    KeInitializeEvent(&Mine, NotificationEvent, FALSE);
    Game->Request = &Mine;
    KeSetEvent(&Game->Ready, 0, FALSE);
    assert_int_equal(KeWaitForSingleObject(&Mine, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    memset(&Mine, 0xA5, sizeof(Mine));
}

static KEVENT ThreadsDone;
static volatile LONG ThreadsLeft;

struct runner {
    PKSTART_ROUTINE Routine;
    PVOID Context;
};

static VOID
run_and_count(PVOID Context)
{
    struct runner *Runner = Context;
    Runner->Routine(Runner->Context);
    if (InterlockedDecrement(&ThreadsLeft) == 0) {
        KeSetEvent(&ThreadsDone, 0, FALSE);
    }
}

static void
start_threads(struct runner *Runners, int Count)
{
    KeInitializeEvent(&ThreadsDone, NotificationEvent, FALSE);
    ThreadsLeft = Count;
    for (int i = 0; i < Count; i++) {
        assert_int_equal(KiStartThread(NULL, run_and_count, &Runners[i]), STATUS_SUCCESS);
    }
}

static void
join_threads(void)
{
    KeWaitForSingleObject(&ThreadsDone, Executive, KernelMode, FALSE, NULL);
}

static void
test_ke_event__on_the_stack_of_the_waiter(void **state)
{
    (void)state;
    struct pingpong Game = {.Rounds = 20000};
    struct runner Runner = {pong, &Game};
    KeInitializeEvent(&Game.Ready, SynchronizationEvent, FALSE);
    start_threads(&Runner, 1);
    for (int i = 0; i < Game.Rounds; i++) {
        ping(&Game);
    }
    join_threads();
}

/* ---- mutex ---- */

static KMUTEX Mutex;
static LONG Protected;

static VOID
mutex_rounds(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 5000; i++) {
        KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        KeWaitForMutexObject(&Mutex, Executive, KernelMode, FALSE, NULL);
        Protected++;
        KeReleaseMutex(&Mutex, FALSE);
        KeReleaseMutex(&Mutex, FALSE);
    }
}

static void
test_ke_mutex__owned_recursively_by_one_thread(void **state)
{
    (void)state;
    struct runner Runners[3] = {{mutex_rounds, NULL}, {mutex_rounds, NULL}, {mutex_rounds, NULL}};
    KeInitializeMutex(&Mutex, 0);
    Protected = 0;
    assert_false(KeAreApcsDisabled());
    start_threads(Runners, 3);
    join_threads();
    assert_int_equal(Protected, 15000);
    assert_int_equal(KeReadStateMutex(&Mutex), 1);
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    assert_true(KeAreApcsDisabled());
    assert_int_equal(KeReadStateMutex(&Mutex), 0);
    KeReleaseMutex(&Mutex, FALSE);
    assert_false(KeAreApcsDisabled());
}

static VOID
take_and_die(PVOID Context)
{
    KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
}

static void
test_ke_mutex__abandoned_by_a_thread_that_ends(void **state)
{
    (void)state;
    struct runner Runner = {take_and_die, &Mutex};
    unsigned Before = vf_finding_count();
    KeInitializeMutex(&Mutex, 0);
    start_threads(&Runner, 1);
    join_threads();
    assert_int_equal(KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL), STATUS_ABANDONED);
    KeReleaseMutex(&Mutex, FALSE);
    assert_int_equal(KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    KeReleaseMutex(&Mutex, FALSE);
    assert_true(vf_finding_count() > Before);
}

/* ---- semaphore ---- */

static KSEMAPHORE Semaphore;
static volatile LONG Consumed;

static VOID
consume(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 3000; i++) {
        KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
        InterlockedIncrement(&Consumed);
    }
}

static void
test_ke_semaphore__each_count_wakes_one(void **state)
{
    (void)state;
    struct runner Runners[2] = {{consume, NULL}, {consume, NULL}};
    KeInitializeSemaphore(&Semaphore, 0, 100000);
    Consumed = 0;
    start_threads(Runners, 2);
    for (int i = 0; i < 2000; i++) {
        KeReleaseSemaphore(&Semaphore, 0, 3, FALSE);
    }
    join_threads();
    assert_int_equal(Consumed, 6000);
    assert_int_equal(KeReadStateSemaphore(&Semaphore), 0);
}

/* ---- several objects ---- */

static void
test_ke_multiple__any_takes_the_lowest_index(void **state)
{
    (void)state;
    KEVENT Events[3];
    PVOID Objects[3] = {&Events[2], &Events[0], &Events[1]};
    LARGE_INTEGER Zero = {.QuadPart = 0}, Short = relative_ms(20);

    for (int i = 0; i < 3; i++) {
        KeInitializeEvent(&Events[i], SynchronizationEvent, FALSE);
    }
    assert_int_equal(KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Short, NULL), STATUS_TIMEOUT);
    KeSetEvent(&Events[0], 0, FALSE);
    KeSetEvent(&Events[1], 0, FALSE);
    assert_int_equal(KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Zero, NULL), STATUS_WAIT_1);
    assert_int_equal(KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL), STATUS_WAIT_2);
    KeSetEvent(&Events[0], 0, FALSE);
    KeSetEvent(&Events[1], 0, FALSE);
    assert_int_equal(KeWaitForMultipleObjects(3, Objects, WaitAll, Executive, KernelMode, FALSE, &Short, NULL), STATUS_TIMEOUT);
    assert_int_equal(KeReadStateEvent(&Events[0]), 1);
    KeSetEvent(&Events[2], 0, FALSE);
    assert_int_equal(KeWaitForMultipleObjects(3, Objects, WaitAll, Executive, KernelMode, FALSE, &Zero, NULL), STATUS_SUCCESS);
    assert_int_equal(KeReadStateEvent(&Events[0]) + KeReadStateEvent(&Events[1]) + KeReadStateEvent(&Events[2]), 0);
}

static KEVENT AllEvents[3];
static volatile LONG AllTaken, AnyTaken;

static VOID
wait_all(PVOID Context)
{
    PVOID Objects[3] = {&AllEvents[2], &AllEvents[1], &AllEvents[0]};
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 500; i++) {
        if (KeWaitForMultipleObjects(3, Objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL) == STATUS_SUCCESS) {
            InterlockedIncrement(&AllTaken);
        }
    }
}

static void
test_ke_multiple__all_waits_are_satisfied_whole(void **state)
{
    (void)state;
    struct runner Runners[2] = {{wait_all, NULL}, {wait_all, NULL}};
    for (int i = 0; i < 3; i++) {
        KeInitializeEvent(&AllEvents[i], SynchronizationEvent, FALSE);
    }
    AllTaken = 0;
    start_threads(Runners, 2);
    LARGE_INTEGER Short = relative_ms(1);
    while (NOW(AllTaken) < 1000) {
        for (int i = 0; i < 3; i++) {
            KeSetEvent(&AllEvents[i], 0, FALSE);
        }
        if (NOW(AllTaken) % 64 == 0) {
            KeDelayExecutionThread(KernelMode, FALSE, &Short);
        }
    }
    join_threads();
    assert_int_equal(AllTaken, 1000);
}

static KSEMAPHORE AnySemaphores[2];

static VOID
wait_any(PVOID Context)
{
    PVOID Objects[2] = {&AnySemaphores[0], &AnySemaphores[1]};
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 2000; i++) {
        NTSTATUS Status = KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
        if (Status == STATUS_WAIT_0 || Status == STATUS_WAIT_1) {
            InterlockedIncrement(&AnyTaken);
        }
    }
}

static VOID
release_any(PVOID Context)
{
    for (int i = 0; i < 2000; i++) {
        KeReleaseSemaphore(Context, 0, 1, FALSE);
    }
}

static void
test_ke_multiple__any_consumes_exactly_one(void **state)
{
    (void)state;
    struct runner Runners[4] = {
        {wait_any, NULL}, {wait_any, NULL}, {release_any, &AnySemaphores[0]}, {release_any, &AnySemaphores[1]}};
    KeInitializeSemaphore(&AnySemaphores[0], 0, 1000000);
    KeInitializeSemaphore(&AnySemaphores[1], 0, 1000000);
    AnyTaken = 0;
    start_threads(Runners, 4);
    join_threads();
    assert_int_equal(AnyTaken, 4000);
    assert_int_equal(KeReadStateSemaphore(&AnySemaphores[0]) + KeReadStateSemaphore(&AnySemaphores[1]), 0);
}

/* ---- pulse, threads, uninitialised objects ---- */

static KEVENT Pulsed;
static volatile LONG PulseSeen;

static VOID
wait_pulse(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    KeWaitForSingleObject(&Pulsed, Executive, KernelMode, FALSE, NULL);
    InterlockedIncrement(&PulseSeen);
}

static void
test_ke_event__pulse_releases_those_who_wait_now(void **state)
{
    (void)state;
    struct runner Runners[2] = {{wait_pulse, NULL}, {wait_pulse, NULL}};
    LARGE_INTEGER Short = relative_ms(1);
    KeInitializeEvent(&Pulsed, NotificationEvent, FALSE);
    start_threads(Runners, 2);
    while (NOW(PulseSeen) < 2) {
        KePulseEvent(&Pulsed, 0, FALSE);
        KeDelayExecutionThread(KernelMode, FALSE, &Short);
    }
    join_threads();
    assert_int_equal(KeReadStateEvent(&Pulsed), 0);
}

static VOID
short_life(PVOID Context)
{
    KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
    KiThreadTerminate((NTSTATUS)0x1234);
    KeBugCheck(0xDEAD);
}

static PKTHREAD ExitedThread;
static KEVENT ExitedEvent;

static VOID
keep_exited(PKTHREAD Thread)
{
    if (Thread == ExitedThread) {
        KeSetEvent(&ExitedEvent, 0, FALSE);    /* the reference is the test's now */
    } else {
        KiThreadFree(Thread);
    }
}

static void
test_ke_thread__object_is_signaled_at_its_end(void **state)
{
    (void)state;
    KEVENT Go;
    const KI_THREAD_HOOKS Hooks = {.Exited = keep_exited}, None = {0};
    KeInitializeEvent(&Go, NotificationEvent, FALSE);
    KeInitializeEvent(&ExitedEvent, NotificationEvent, FALSE);
    KiSetThreadHooks(&Hooks);
    ExitedThread = KiThreadCreate();
    assert_int_equal(KiThreadStart(ExitedThread, short_life, &Go), STATUS_SUCCESS);
    LARGE_INTEGER Zero = {.QuadPart = 0};
    assert_int_equal(KeWaitForSingleObject(ExitedThread, Executive, KernelMode, FALSE, &Zero), STATUS_TIMEOUT);
    KeSetEvent(&Go, 0, FALSE);
    assert_int_equal(KeWaitForSingleObject(ExitedThread, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    assert_int_equal(ExitedThread->ExitStatus, 0x1234);
    KeWaitForSingleObject(&ExitedEvent, Executive, KernelMode, FALSE, NULL);
    KiSetThreadHooks(&None);
    KiThreadFree(ExitedThread);
    assert_int_equal(KiThreadTerminate(STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
}

static void
test_ke_event__uninitialised_is_a_finding(void **state)
{
    (void)state;
    KEVENT Event;
    unsigned Before = vf_finding_count();
    memset(&Event, 0, sizeof(Event));
    KeSetEvent(&Event, 0, FALSE);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_int_equal(KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ke_event__notification_and_synchronization),
        cmocka_unit_test(test_ke_wait__timeouts_relative_and_absolute),
        cmocka_unit_test(test_ke_event__on_the_stack_of_the_waiter),
        cmocka_unit_test(test_ke_mutex__owned_recursively_by_one_thread),
        cmocka_unit_test(test_ke_mutex__abandoned_by_a_thread_that_ends),
        cmocka_unit_test(test_ke_semaphore__each_count_wakes_one),
        cmocka_unit_test(test_ke_multiple__any_takes_the_lowest_index),
        cmocka_unit_test(test_ke_multiple__all_waits_are_satisfied_whole),
        cmocka_unit_test(test_ke_multiple__any_consumes_exactly_one),
        cmocka_unit_test(test_ke_event__pulse_releases_those_who_wait_now),
        cmocka_unit_test(test_ke_thread__object_is_signaled_at_its_end),
        cmocka_unit_test(test_ke_event__uninitialised_is_a_finding),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

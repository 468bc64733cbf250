/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Resources, push locks, fast mutexes, reader-writer spin locks, rundown, lists, work items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ex/exp.h"

static ERESOURCE Resource;
static LONG PlainA, PlainB;
static volatile LONG Torn, Left;
static KEVENT Done;

static int
setup(void **state)
{
    (void)state;
    vf_set_level(VF_STANDARD);
    KeInitialize();
    return 0;
}

static void
run_threads(PKSTART_ROUTINE Routine, int Count)
{
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Left = Count;
    for (LONG_PTR i = 0; i < Count; i++) {
        assert_int_equal(KiStartThread(NULL, Routine, (PVOID)i), STATUS_SUCCESS);
    }
}

static VOID
finish(VOID)
{
    if (InterlockedDecrement(&Left) == 0) {
        KeSetEvent(&Done, 0, FALSE);
    }
}

static void
join_threads(void)
{
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
}

static VOID
pause_ms(LONG Ms)
{
    LARGE_INTEGER Time = {.QuadPart = -(LONGLONG)Ms * 10000};
    KeDelayExecutionThread(KernelMode, FALSE, &Time);
}

/* ---- ERESOURCE ---- */

static VOID
resource_rounds(PVOID Context)
{
    LONG Seed = (LONG)(LONG_PTR)Context;
    for (int i = 0; i < 5000; i++) {
        KeEnterCriticalRegion();
        if ((i + Seed) % 4 == 0) {
            ExAcquireResourceExclusiveLite(&Resource, TRUE);
            PlainA++;
            ExAcquireResourceSharedLite(&Resource, TRUE);
            PlainB++;
            ExReleaseResourceLite(&Resource);
            if (i % 8 == 0) {
                ExConvertExclusiveToSharedLite(&Resource);
            }
        } else {
            ExAcquireResourceSharedLite(&Resource, TRUE);
            ExAcquireResourceSharedLite(&Resource, TRUE);
            if (PlainA != PlainB) {
                InterlockedIncrement(&Torn);
            }
            ExReleaseResourceLite(&Resource);
        }
        ExReleaseResourceLite(&Resource);
        KeLeaveCriticalRegion();
    }
    finish();
}

static void
test_ex_resource__readers_and_writers(void **state)
{
    (void)state;
    PlainA = PlainB = 0;
    assert_int_equal(sizeof(ERESOURCE), 104);
    ExInitializeResourceLite(&Resource);
    run_threads(resource_rounds, 4);
    join_threads();
    assert_int_equal(Torn, 0);
    assert_int_equal(PlainA, 5000);
    assert_int_equal(PlainB, 5000);
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 0);
    assert_int_equal(ExDeleteResourceLite(&Resource), STATUS_SUCCESS);
}

static void
test_ex_resource__ownership_queries_and_recursion(void **state)
{
    (void)state;
    ExInitializeResourceLite(&Resource);
    assert_true(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    assert_true(ExAcquireResourceExclusiveLite(&Resource, FALSE));
    assert_true(ExAcquireResourceSharedLite(&Resource, FALSE));
    assert_true(ExIsResourceAcquiredExclusiveLite(&Resource));
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 3);
    ExReleaseResourceLite(&Resource);
    ExConvertExclusiveToSharedLite(&Resource);
    assert_false(ExIsResourceAcquiredExclusiveLite(&Resource));
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 2);
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)KeGetCurrentThread());
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 0);
    unsigned Before = vf_finding_count();
    ExReleaseResourceLite(&Resource);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_true(ExAcquireResourceSharedLite(&Resource, TRUE));
    ExSetResourceOwnerPointer(&Resource, (PVOID)((ULONG_PTR)&Done | 3));
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 0);
    ExDeleteResourceLite(&Resource);
    assert_int_equal(vf_finding_count(), Before + 2);
}

static volatile LONG Stage;

static VOID
resource_waiter(PVOID Context)
{
    if (Context == NULL) {
        ExAcquireResourceExclusiveLite(&Resource, TRUE);
        InterlockedExchange(&Stage, 1);
        ExReleaseResourceLite(&Resource);
    } else {
        ExAcquireResourceSharedLite(&Resource, TRUE);
        if (Stage == 0) {
            InterlockedIncrement(&Torn);       /* passed the writer that waited */
        }
        ExReleaseResourceLite(&Resource);
    }
    finish();
}

static void
test_ex_resource__a_waiting_writer_stops_new_readers(void **state)
{
    (void)state;
    Torn = 0;
    Stage = 0;
    ExInitializeResourceLite(&Resource);
    ExAcquireResourceSharedLite(&Resource, TRUE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Left = 2;
    assert_int_equal(KiStartThread(NULL, resource_waiter, NULL), STATUS_SUCCESS);
    while (ExGetExclusiveWaiterCount(&Resource) == 0) {
        pause_ms(1);
    }
    assert_int_equal(KiStartThread(NULL, resource_waiter, &Resource), STATUS_SUCCESS);
    while (ExGetSharedWaiterCount(&Resource) == 0) {
        pause_ms(1);
    }
    assert_true(ExAcquireResourceSharedLite(&Resource, FALSE));          /* an owner may again */
    assert_true(ExAcquireSharedStarveExclusive(&Resource, FALSE));
    assert_false(ExAcquireSharedWaitForExclusive(&Resource, FALSE));
    assert_false(ExTryToAcquireResourceExclusiveLite(&Resource));
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
    join_threads();
    assert_int_equal(Torn, 0);
    ExDeleteResourceLite(&Resource);
}

/* ---- push lock, fast mutex, reader-writer spin lock ---- */

static EX_PUSH_LOCK Push;
static FAST_MUTEX Fast;
static EX_SPIN_LOCK RwSpin;

static VOID
push_rounds(PVOID Context)
{
    LONG Seed = (LONG)(LONG_PTR)Context;
    for (int i = 0; i < 8000; i++) {
        if ((i + Seed) % 4 == 0) {
            ExAcquirePushLockExclusive(&Push);
            PlainA++;
            PlainB++;
            ExReleasePushLockExclusive(&Push);
        } else {
            ExAcquirePushLockShared(&Push);
            if (PlainA != PlainB) {
                InterlockedIncrement(&Torn);
            }
            ExReleasePushLockShared(&Push);
        }
    }
    finish();
}

static VOID
rwspin_rounds(PVOID Context)
{
    LONG Seed = (LONG)(LONG_PTR)Context;
    for (int i = 0; i < 8000; i++) {
        if ((i + Seed) % 4 == 0) {
            KIRQL Irql = ExAcquireSpinLockExclusive(&RwSpin);
            PlainA++;
            PlainB++;
            ExReleaseSpinLockExclusive(&RwSpin, Irql);
        } else {
            KIRQL Irql = ExAcquireSpinLockShared(&RwSpin);
            if (PlainA != PlainB) {
                InterlockedIncrement(&Torn);
            }
            ExReleaseSpinLockShared(&RwSpin, Irql);
        }
    }
    finish();
}

static VOID
fast_rounds(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 8000; i++) {
        ExAcquireFastMutex(&Fast);
        PlainA++;
        PlainB++;
        ExReleaseFastMutex(&Fast);
    }
    finish();
}

static void
check_exclusion(PKSTART_ROUTINE Routine, LONG Expected)
{
    PlainA = PlainB = 0;
    Torn = 0;
    run_threads(Routine, 4);
    join_threads();
    assert_int_equal(Torn, 0);
    assert_int_equal(PlainA, Expected);
}

static void
test_ex_locks__exclude(void **state)
{
    (void)state;
    assert_int_equal(sizeof(EX_PUSH_LOCK), 8);
    assert_int_equal(sizeof(FAST_MUTEX), 56);
    ExInitializePushLock(&Push);
    check_exclusion(push_rounds, 8000);
    assert_int_equal(Push, 0);
    RwSpin = 0;
    check_exclusion(rwspin_rounds, 8000);
    assert_int_equal(RwSpin, 0);
    ExInitializeFastMutex(&Fast);
    check_exclusion(fast_rounds, 32000);
    assert_int_equal(Fast.Count, 1);
    ExAcquireFastMutex(&Fast);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    ExReleaseFastMutex(&Fast);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_true(ExTryToAcquireFastMutex(&Fast));
    ExReleaseFastMutex(&Fast);
    KIRQL Irql = ExAcquireSpinLockShared(&RwSpin);
    assert_true(ExTryConvertSharedSpinLockExclusive(&RwSpin));
    ExReleaseSpinLockExclusive(&RwSpin, Irql);
    unsigned Before = vf_finding_count();
    ExReleasePushLockExclusive(&Push);
    assert_int_equal(vf_finding_count(), Before + 1);
}

/* ---- rundown ---- */

static EX_RUNDOWN_REF Rundown;
static volatile LONG Inside, Late;

static VOID
rundown_rounds(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (ExAcquireRundownProtection(&Rundown)) {
        InterlockedIncrement(&Inside);
        if (Stage != 0) {
            InterlockedIncrement(&Late);
        }
        InterlockedDecrement(&Inside);
        ExReleaseRundownProtection(&Rundown);
    }
    finish();
}

static void
test_ex_rundown__waits_for_holders_and_refuses_new(void **state)
{
    (void)state;
    assert_int_equal(sizeof(EX_RUNDOWN_REF), 8);
    for (int i = 0; i < 20; i++) {
        Stage = 0;
        ExInitializeRundownProtection(&Rundown);
        run_threads(rundown_rounds, 3);
        pause_ms(1);
        ExWaitForRundownProtectionRelease(&Rundown);
        assert_int_equal(Inside, 0);
        InterlockedExchange(&Stage, 1);
        assert_false(ExAcquireRundownProtection(&Rundown));
        join_threads();
        assert_int_equal(Late, 0);
        ExRundownCompleted(&Rundown);
        ExReInitializeRundownProtection(&Rundown);
        assert_true(ExAcquireRundownProtectionEx(&Rundown, 5));
        ExReleaseRundownProtectionEx(&Rundown, 5);
    }
}

/* ---- lists ---- */

typedef struct ITEM {
    SLIST_ENTRY Entry;
    LONG Value;
} ITEM;

static SLIST_HEADER SList;
static ITEM Items[64];
static volatile LONG Popped;

static VOID
slist_rounds(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 10000; i++) {
        PSLIST_ENTRY Entry = InterlockedPopEntrySList(&SList);
        if (Entry != NULL) {
            CONTAINING_RECORD(Entry, ITEM, Entry)->Value++;
            InterlockedIncrement(&Popped);
            InterlockedPushEntrySList(&SList, Entry);
        }
    }
    finish();
}

static void
test_ex_slist__entries_are_never_lost_or_doubled(void **state)
{
    (void)state;
    LONG Sum = 0;
    InitializeSListHead(&SList);
    assert_null(InterlockedPopEntrySList(&SList));
    for (int i = 0; i < 64; i++) {
        InterlockedPushEntrySList(&SList, &Items[i].Entry);
    }
    assert_int_equal(ExQueryDepthSList(&SList), 64);
    run_threads(slist_rounds, 4);
    join_threads();
    assert_int_equal(ExQueryDepthSList(&SList), 64);
    PSLIST_ENTRY Entry = InterlockedFlushSList(&SList);
    int Count = 0;
    for (; Entry != NULL; Entry = Entry->Next) {
        Sum += CONTAINING_RECORD(Entry, ITEM, Entry)->Value;
        Count++;
    }
    assert_int_equal(Count, 64);
    assert_int_equal(Sum, Popped);
    assert_int_equal(ExQueryDepthSList(&SList), 0);
}

static void
test_ex_interlocked_lists__return_what_windows_returns(void **state)
{
    (void)state;
    KSPIN_LOCK Lock;
    LIST_ENTRY Head, A, B;
    KeInitializeSpinLock(&Lock);
    InitializeListHead(&Head);
    assert_null(ExInterlockedInsertTailList(&Head, &A, &Lock));
    assert_ptr_equal(ExInterlockedInsertTailList(&Head, &B, &Lock), &A);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&Head, &Lock), &A);
    assert_ptr_equal(ExInterlockedInsertHeadList(&Head, &A, &Lock), &B);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&Head, &Lock), &A);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&Head, &Lock), &B);
    assert_null(ExInterlockedRemoveHeadList(&Head, &Lock));
    ULONG Value = 5;
    assert_int_equal(ExInterlockedAddUlong(&Value, 3, &Lock), 5);
    assert_int_equal(Value, 8);
}

/* ---- work items ---- */

static WORK_QUEUE_ITEM Work[40];
static KEVENT Gate;
static volatile LONG Ran;

static VOID
work_blocks(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    InterlockedIncrement(&Ran);
    KeWaitForSingleObject(&Gate, Executive, KernelMode, FALSE, NULL);
    finish();
}

static VOID
work_opens_gate(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    KeSetEvent(&Gate, 0, FALSE);
    finish();
}

static void
test_ex_workitem__blocked_items_do_not_block_the_rest(void **state)
{
    (void)state;
    KeInitializeEvent(&Gate, NotificationEvent, FALSE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Left = 40;
    for (int i = 0; i < 39; i++) {
        ExInitializeWorkItem(&Work[i], work_blocks, NULL);
        ExQueueWorkItem(&Work[i], DelayedWorkQueue);
    }
    ExInitializeWorkItem(&Work[39], work_opens_gate, NULL);
    ExQueueWorkItem(&Work[39], CriticalWorkQueue);
    join_threads();
    ExpDrainWorkItems();
    assert_int_equal(Ran, 39);
    assert_int_equal(ExpWorkItemUse((ULONG_PTR)work_blocks, (ULONG_PTR)work_blocks + 1), 0);
}

static VOID
work_spins(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    InterlockedIncrement(&Ran);
    while (KeReadStateEvent(&Gate) == 0) {     /* no wait that could be seen */
        port_yield();
    }
    finish();
}

static void
test_ex_workitem__items_that_spin_are_overtaken(void **state)
{
    (void)state;
    KeClearEvent(&Gate);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Left = 7;
    for (int i = 0; i < 6; i++) {
        ExInitializeWorkItem(&Work[i], work_spins, NULL);
        ExQueueWorkItem(&Work[i], DelayedWorkQueue);
    }
    ExInitializeWorkItem(&Work[6], work_opens_gate, NULL);
    ExQueueWorkItem(&Work[6], DelayedWorkQueue);
    join_threads();
    ExpDrainWorkItems();
}

static WORK_QUEUE_ITEM Again;

static VOID
work_requeues(PVOID Context)
{
    if (InterlockedIncrement(&Ran) < 1000) {
        ExInitializeWorkItem(&Again, work_requeues, Context);
        ExQueueWorkItem(&Again, DelayedWorkQueue);
    } else {
        KeSetEvent(Context, 0, FALSE);
    }
}

static void
test_ex_workitem__may_queue_itself(void **state)
{
    (void)state;
    Ran = 0;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    ExInitializeWorkItem(&Again, work_requeues, &Done);
    ExQueueWorkItem(&Again, DelayedWorkQueue);
    join_threads();
    ExpDrainWorkItems();
    assert_int_equal(Ran, 1000);
}

/* ---- the rest ---- */

static void
test_ex_misc__time_identifiers_mode(void **state)
{
    (void)state;
    LARGE_INTEGER System, Local, Back;
    UUID A, B;
    KeQuerySystemTime(&System);
    ExSystemTimeToLocalTime(&System, &Local);
    ExLocalTimeToSystemTime(&Local, &Back);
    assert_true(Back.QuadPart == System.QuadPart);
    assert_int_equal(ExUuidCreate(&A), STATUS_SUCCESS);
    assert_int_equal(ExUuidCreate(&B), STATUS_SUCCESS);
    assert_memory_not_equal(&A, &B, sizeof(A));
    assert_int_equal(A.Data3 >> 12, 4);
    assert_int_equal(A.Data4[0] >> 6, 2);
    assert_int_equal(ExGetPreviousMode(), KernelMode);
    KPROCESSOR_MODE Old = KiPreviousModeSwap(UserMode);
    assert_int_equal(ExGetPreviousMode(), UserMode);
    KiPreviousModeSwap(Old);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ex_resource__readers_and_writers),
        cmocka_unit_test(test_ex_resource__ownership_queries_and_recursion),
        cmocka_unit_test(test_ex_resource__a_waiting_writer_stops_new_readers),
        cmocka_unit_test(test_ex_locks__exclude),
        cmocka_unit_test(test_ex_rundown__waits_for_holders_and_refuses_new),
        cmocka_unit_test(test_ex_slist__entries_are_never_lost_or_doubled),
        cmocka_unit_test(test_ex_interlocked_lists__return_what_windows_returns),
        cmocka_unit_test(test_ex_workitem__blocked_items_do_not_block_the_rest),
        cmocka_unit_test(test_ex_workitem__items_that_spin_are_overtaken),
        cmocka_unit_test(test_ex_workitem__may_queue_itself),
        cmocka_unit_test(test_ex_misc__time_identifiers_mode),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Driver-call frames, IRQL and regions, spin locks, timers and DPCs. */
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
#include "ke/ntcall.h"

#define DRIVER __attribute__((section("fbdriver"), noinline, used, no_sanitize("undefined")))

extern char __start_fbdriver[], __stop_fbdriver[];

static vf_owner *Owner;
static KSPIN_LOCK Spin;
static FAST_MUTEX Fast;
static KMUTEX Mutant;
static ERESOURCE Resource;
static EX_PUSH_LOCK Push;
static EX_SPIN_LOCK RwSpin;
static volatile LONG *volatile Nowhere = (volatile LONG *)64;

struct last {
    char code[8], text[256], operation[320];
    const char *owner;
    unsigned count;
};

static void
collect(const struct vf_finding *finding, void *ctx)
{
    struct last *Last = ctx;
    Last->count++;
    Last->owner = finding->owner;
    strncpy(Last->code, finding->code, sizeof(Last->code) - 1);
    strncpy(Last->text, finding->text, sizeof(Last->text) - 1);
    memcpy(Last->operation, finding->operation, sizeof(Last->operation));
}

static int
setup(void **state)
{
    (void)state;
    vf_set_level(VF_STANDARD);
    Owner = vf_owner_create("calldrv");
    struct port_module Module = {
        .base = (uintptr_t)__start_fbdriver, .end = (uintptr_t)__stop_fbdriver, .name = "calldrv", .path = "", .owner = Owner};
    KeInitialize();
    return port_module_register(&Module);
}

/* cmocka puts its own handlers in place for each test. */
static void
faults_on(void)
{
    KiSetFaultFatal(NULL);
}

DRIVER static VOID
driver_locks_and_faults(VOID)
{
    KIRQL Irql;
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL);
    ExAcquirePushLockShared(&Push);
    ExAcquireFastMutex(&Fast);
    Irql = ExAcquireSpinLockShared(&RwSpin);
    KeAcquireSpinLock(&Spin, &Irql);
    *Nowhere = 1;
    KeReleaseSpinLock(&Spin, Irql);
}

static void
test_ke_call__fault_gives_everything_back(void **state)
{
    (void)state;
    static const WCHAR Name[] = L"\\dir\\file";
    UNICODE_STRING FileName = RTL_CONSTANT_STRING((PWCH)Name);
    FileName.Length = sizeof(Name) - sizeof(WCHAR);
    FileName.MaximumLength = sizeof(Name);
    KI_DRIVER_CALL Call = {.Owner = Owner, .Phase = "pre", .Operation = "IRP_MJ_CREATE", .Name = &FileName, .Id = 1};

    faults_on();
    KeInitializeSpinLock(&Spin);
    ExInitializeFastMutex(&Fast);
    KeInitializeMutex(&Mutant, 0);
    ExInitializeResourceLite(&Resource);
    ExInitializePushLock(&Push);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);   /* ours, before the call: stays */
    NT_CALL(&Call, driver_locks_and_faults());
    assert_true(Call.Faulted);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_false(KeAreApcsDisabled());
    assert_true(KeTestSpinLock(&Spin));
    assert_int_equal(RwSpin, 0);
    assert_int_equal(Push, 0);
    assert_int_equal(Fast.Count, 1);
    assert_int_equal(KeReadStateMutex(&Mutant), 1);
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 1);
    ExReleaseResourceLite(&Resource);
    assert_int_equal(KiCurrent()->HeldCount, 0);
    assert_null(KiCurrent()->Call);
    assert_null(vf_operation_current());
    ExDeleteResourceLite(&Resource);

    struct last Last = {.count = 0};
    vf_findings(collect, &Last);
    assert_string_equal(Last.code, "K-00");
    assert_string_equal(Last.owner, "calldrv");
    assert_string_equal(Last.operation, "pre IRP_MJ_CREATE of \\dir\\file");
    assert_non_null(strstr(Last.text, "SIGSEGV at calldrv+0x"));
}

DRIVER static VOID
driver_leaves_irql(VOID)
{
    KIRQL Irql;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
}

DRIVER static VOID
driver_unbalanced_region(VOID)
{
    KeEnterCriticalRegion();
}

static void
test_ke_call__irql_and_regions_are_checked(void **state)
{
    (void)state;
    struct last Last = {.count = 0};
    KI_DRIVER_CALL Pre = {.Owner = Owner, .Phase = "pre", .Operation = "IRP_MJ_READ"};
    NT_CALL(&Pre, driver_leaves_irql());
    assert_false(Pre.Faulted);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    vf_findings(collect, &Last);
    assert_string_equal(Last.code, "N-06");

    KI_DRIVER_CALL Cleanup = {.Owner = Owner, .Phase = "context cleanup"};
    NT_CALL(&Cleanup, driver_leaves_irql());
    vf_findings(collect, &Last);
    assert_string_equal(Last.code, "K-22");

    unsigned Before = vf_finding_count();
    KI_DRIVER_CALL Split = {.Owner = Owner, .Phase = "pre", .Operation = "IRP_MJ_WRITE"};
    NT_CALL(&Split, driver_unbalanced_region());       /* the post-operation may leave it */
    assert_int_equal(vf_finding_count(), Before);
    assert_true(KeAreApcsDisabled());
    KeLeaveCriticalRegion();
    NT_CALL(&Cleanup, driver_unbalanced_region());
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_false(KeAreApcsDisabled());
}

DRIVER static VOID
driver_reads_nowhere(VOID)
{
    (void)*Nowhere;
}

static void
test_ke_call__frames_move_and_nest(void **state)
{
    (void)state;
    faults_on();
    vf_owner *Second = vf_owner_create("second");
    KI_DRIVER_CALL Walk = {.Owner = Owner, .Phase = "pre", .Operation = "IRP_MJ_READ"};
    KI_DRIVER_CALL Inner = {.Owner = Owner, .Phase = "post", .Operation = "IRP_MJ_CLOSE"};
    char Text[64] = "";
    KiDriverCallEnter(&Walk);
    if (port_fault_enter(&Walk.Fault) == 0) {
        NT_CALL(&Inner, driver_reads_nowhere());
        assert_true(Inner.Faulted);
        assert_ptr_equal(KiCurrentOwner(), Owner);
        KiDriverCallMove(&Walk, KiThread, Second, NULL);
        assert_ptr_equal(KiCurrentOwner(), Second);
        vf_operation_text(Text, sizeof(Text));
        port_fault_leave(&Walk.Fault);
        KiDriverCallLeave(&Walk);
    } else {
        KiDriverCallFault(&Walk);
    }
    assert_false(Walk.Faulted);
    assert_string_equal(Text, "pre IRP_MJ_READ");
    assert_null(KiCurrentOwner());
}

DRIVER static VOID
driver_bug_check(VOID)
{
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

static void
test_ke_bugcheck__ends_the_call_not_the_machine(void **state)
{
    (void)state;
    struct last Last = {.count = 0};
    KI_DRIVER_CALL Call = {.Owner = Owner, .Phase = "DriverEntry"};
    unsigned Before = vf_finding_count();
    NT_CALL(&Call, driver_bug_check());
    assert_true(Call.Faulted);
    assert_int_equal(vf_finding_count(), Before + 1);
    vf_findings(collect, &Last);
    assert_string_equal(Last.code, "K-00");
    assert_string_equal(Last.text, "bug check 0xE2 (0x1, 0x2, 0x3, 0x4)");
}

DRIVER static VOID
driver_takes_twice(VOID)
{
    KIRQL Irql;
    KeAcquireSpinLock(&Spin, &Irql);
    KeAcquireSpinLock(&Spin, &Irql);
}

static void
test_ke_spinlock__acquired_twice_is_no_hang(void **state)
{
    (void)state;
    KI_DRIVER_CALL Call = {.Owner = Owner, .Phase = "pre"};
    KeInitializeSpinLock(&Spin);
    NT_CALL(&Call, driver_takes_twice());
    assert_true(Call.Faulted);
    assert_true(KeTestSpinLock(&Spin));
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* ---- spin locks ---- */

static LONG Counter;
static KEVENT Done;
static volatile LONG Left;

static VOID
finish(VOID)
{
    if (InterlockedDecrement(&Left) == 0) {
        KeSetEvent(&Done, 0, FALSE);
    }
}

static VOID
spin_rounds(PVOID Context)
{
    for (int i = 0; i < 20000; i++) {
        if (Context == NULL) {
            KIRQL Irql;
            KeAcquireSpinLock(&Spin, &Irql);
            Counter++;
            KeReleaseSpinLock(&Spin, Irql);
        } else {
            KLOCK_QUEUE_HANDLE Handle;
            KeAcquireInStackQueuedSpinLock(&Spin, &Handle);
            Counter++;
            KeReleaseInStackQueuedSpinLock(&Handle);
        }
    }
    finish();
}

static void
test_ke_spinlock__excludes_and_raises(void **state)
{
    (void)state;
    KIRQL Irql;
    KeInitializeSpinLock(&Spin);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Counter = 0;
    Left = 4;
    for (ULONG_PTR i = 0; i < 4; i++) {
        assert_int_equal(KiStartThread(NULL, spin_rounds, (PVOID)(i & 1)), STATUS_SUCCESS);
    }
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    assert_int_equal(Counter, 80000);
    KeAcquireSpinLock(&Spin, &Irql);
    assert_int_equal(Irql, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_false(KeTryToAcquireSpinLockAtDpcLevel(&Spin));
    KeReleaseSpinLock(&Spin, Irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(sizeof(KSPIN_LOCK), 8);
}

static KGUARDED_MUTEX Guarded;

static VOID
guarded_rounds(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (int i = 0; i < 5000; i++) {
        KeAcquireGuardedMutex(&Guarded);
        Counter++;
        KeReleaseGuardedMutex(&Guarded);
    }
    finish();
}

static void
test_ke_guarded_mutex__excludes(void **state)
{
    (void)state;
    KeInitializeGuardedMutex(&Guarded);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Counter = 0;
    Left = 3;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(KiStartThread(NULL, guarded_rounds, NULL), STATUS_SUCCESS);
    }
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    assert_int_equal(Counter, 15000);
    assert_true(KeTryToAcquireGuardedMutex(&Guarded));
    assert_true(KeAreAllApcsDisabled());
    KeReleaseGuardedMutex(&Guarded);
    assert_false(KeAreAllApcsDisabled());
}

/* ---- timers and DPCs ---- */

static volatile LONG DpcRuns, DpcIrql, DpcArgument;

static VOID
dpc_routine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument2);
    InterlockedExchange(&DpcIrql, KeIsExecutingDpc() ? KeGetCurrentIrql() : -1);
    InterlockedExchange(&DpcArgument, (LONG)(LONG_PTR)Argument1);
    InterlockedIncrement(&DpcRuns);
    if (Context != NULL) {
        KeSetEvent(Context, 0, FALSE);
    }
}

static void
test_ke_dpc__runs_at_dispatch_level(void **state)
{
    (void)state;
    KDPC Dpc;
    KEVENT Event;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, dpc_routine, &Event);
    assert_true(KeInsertQueueDpc(&Dpc, (PVOID)7, NULL));
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    KeFlushQueuedDpcs();
    assert_int_equal(DpcIrql, DISPATCH_LEVEL);
    assert_int_equal(DpcArgument, 7);
    assert_false(KeRemoveQueueDpc(&Dpc));
}

static void
test_ke_timer__one_shot_periodic_and_cancel(void **state)
{
    (void)state;
    KTIMER Timer;
    KDPC Dpc;
    LARGE_INTEGER Due = {.QuadPart = -100000}, Long = {.QuadPart = -10000000000ll};

    KeInitializeTimer(&Timer);
    ULONGLONG Start = KeQueryInterruptTime();
    assert_false(KeSetTimer(&Timer, Due, NULL));
    assert_int_equal(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    assert_true(KeQueryInterruptTime() - Start >= 100000);
    assert_true(KeReadStateTimer(&Timer));
    assert_false(KeCancelTimer(&Timer));
    assert_false(KeSetTimer(&Timer, Long, NULL));
    assert_false(KeReadStateTimer(&Timer));
    assert_true(KeSetTimer(&Timer, Long, NULL));
    assert_true(KeCancelTimer(&Timer));

    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeInitializeDpc(&Dpc, dpc_routine, NULL);
    LONG Before = DpcRuns;
    KeSetTimerEx(&Timer, Due, 5, &Dpc);
    /* A DPC that is still queued is not queued again: on a machine with other work there are fewer runs than periods */
    for (int i = 0; i < 5 || (ReadAcquire(&DpcRuns) - Before < 4 && i < 1000); i++) {
        assert_int_equal(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    }
    KeCancelTimer(&Timer);
    KeFlushQueuedDpcs();
    assert_true(DpcRuns - Before >= 4);
    LONG After = DpcRuns;
    KeDelayExecutionThread(KernelMode, FALSE, &Due);
    assert_int_equal(DpcRuns, After);
}

static void
test_ke_timer__module_use_is_counted(void **state)
{
    (void)state;
    KTIMER Timer;
    KDPC Dpc;
    KI_MODULE_USE Use;
    LARGE_INTEGER Long = {.QuadPart = -10000000000ll};
    KeInitializeTimer(&Timer);
    KeInitializeDpc(&Dpc, (PKDEFERRED_ROUTINE)(PVOID)driver_bug_check, NULL);
    KeSetTimer(&Timer, Long, &Dpc);
    KiModuleUse((ULONG_PTR)__start_fbdriver, (ULONG_PTR)__stop_fbdriver, &Use);
    assert_int_equal(Use.Timers, 1);
    KeCancelTimer(&Timer);
    KiModuleUse((ULONG_PTR)__start_fbdriver, (ULONG_PTR)__stop_fbdriver, &Use);
    assert_int_equal(Use.Timers + Use.Dpcs + Use.Threads, 0);
}

static void
test_ke_irql__too_high_is_a_finding(void **state)
{
    (void)state;
    KIRQL Irql;
    KEVENT Event;
    LARGE_INTEGER Short = {.QuadPart = -1000};
    unsigned Before = vf_finding_count();
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Short);
    assert_int_equal(vf_finding_count(), Before + 1);
    ExAcquireFastMutex(&Fast);
    ExReleaseFastMutex(&Fast);
    assert_true(vf_finding_count() > Before + 1);
    KeLowerIrql(Irql);
    Before = vf_finding_count();
    KeLeaveCriticalRegion();
    assert_int_equal(vf_finding_count(), Before + 1);
}

static void *volatile DestroyedValue;

static VOID
destroy_value(PVOID Value)
{
    __atomic_store_n(&DestroyedValue, Value, __ATOMIC_RELEASE);
}

static VOID
use_cache(PVOID Context)
{
    KiCurrent()->Cache[KI_CACHE_VIEW] = Context;
}

static VOID
cache_thread(PVOID Context)
{
    use_cache(Context);
}

static void
test_ke_thread__cache_slots_are_destroyed(void **state)
{
    (void)state;
    LARGE_INTEGER Short = {.QuadPart = -10000};
    KiSetCacheDestructor(KI_CACHE_VIEW, destroy_value);
    assert_int_equal(KiStartThread(NULL, cache_thread, &Counter), STATUS_SUCCESS);
    for (int i = 0; i < 1000 && __atomic_load_n(&DestroyedValue, __ATOMIC_ACQUIRE) == NULL; i++) {
        KeDelayExecutionThread(KernelMode, FALSE, &Short);
    }
    assert_ptr_equal(__atomic_load_n(&DestroyedValue, __ATOMIC_ACQUIRE), &Counter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ke_call__fault_gives_everything_back),
        cmocka_unit_test(test_ke_call__irql_and_regions_are_checked),
        cmocka_unit_test(test_ke_call__frames_move_and_nest),
        cmocka_unit_test(test_ke_bugcheck__ends_the_call_not_the_machine),
        cmocka_unit_test(test_ke_spinlock__acquired_twice_is_no_hang),
        cmocka_unit_test(test_ke_spinlock__excludes_and_raises),
        cmocka_unit_test(test_ke_guarded_mutex__excludes),
        cmocka_unit_test(test_ke_dpc__runs_at_dispatch_level),
        cmocka_unit_test(test_ke_timer__one_shot_periodic_and_cancel),
        cmocka_unit_test(test_ke_timer__module_use_is_counted),
        cmocka_unit_test(test_ke_irql__too_high_is_a_finding),
        cmocka_unit_test(test_ke_thread__cache_slots_are_destroyed),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

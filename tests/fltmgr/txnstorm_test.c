/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent;conformance */
/* ctest-timeout: 3600 */
/*
 * C-26, C-28, D-07, E-12, F-14, F-15 on transactions: contexts are set, got, deleted and enlisted while their transaction is committed, rolled
 * back or dropped, notifications are answered late by other threads, and an instance is detached at the same time.  At the end every context
 * that was allocated has been cleaned up exactly once.
 * 10^5 operations each, 10^6 with FILTERBED_FULL=1.
 */
#include "txnbed.h"

#include "storm.h"

#define THREADS 16
#define ENDS 400                               /* of transactions, at least */

static struct storm Storm;
static _Atomic(PKTRANSACTION) Current;
static _Atomic(LONG) Allocated, CleanedUp, Ended;
static port_rwlock Holding;                    /* workers: shared, while they use Current and the instance */
static _Atomic(PFLT_INSTANCE) TopInstance;

static VOID
StormCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    ObDereferenceObject(*(PVOID *)Context);
    atomic_fetch_add(&CleanedUp, 1);
}

typedef struct LATE { PFLT_INSTANCE Instance; PKTRANSACTION Transaction; ULONG Notification; PFLT_GENERIC_WORKITEM Item; } LATE;

static VOID
AnswerLater(PFLT_GENERIC_WORKITEM Item, PVOID FltObject, PVOID Context)
{
    LATE *Late = Context;
    NTSTATUS Status = STATUS_SUCCESS;

    (void)FltObject;
    switch (Late->Notification) {
    case TRANSACTION_NOTIFY_PREPREPARE:
        Status = FltPrePrepareComplete(Late->Instance, Late->Transaction, NULL);
        break;
    case TRANSACTION_NOTIFY_PREPARE:
        Status = FltPrepareComplete(Late->Instance, Late->Transaction, NULL);
        break;
    case TRANSACTION_NOTIFY_COMMIT:
        Status = FltCommitComplete(Late->Instance, Late->Transaction, NULL);
        break;
    case TRANSACTION_NOTIFY_COMMIT_FINALIZE:
        Status = FltCommitFinalizeComplete(Late->Instance, Late->Transaction, NULL);
        break;
    default:
        Status = FltRollbackComplete(Late->Instance, Late->Transaction, NULL);
        break;
    }
    assert_status(Status, STATUS_SUCCESS);
    ObDereferenceObject(Late->Transaction);
    FltFreeGenericWorkItem(Item);
    port_free(Late);
}

static NTSTATUS
StormNotify(PCFLT_RELATED_OBJECTS Objects, PFLT_CONTEXT Context, ULONG Notification)
{
    assert_ptr_equal(*(PVOID *)Context, Objects->Transaction);   /* F-15: alive */
    if (((ULONG_PTR)Context >> 6) % 3 != Notification % 3) {
        return STATUS_SUCCESS;
    }
    LATE *Late = port_alloc(sizeof(*Late));
    *Late = (LATE){ Objects->Instance, Objects->Transaction, Notification, FltAllocateGenericWorkItem() };
    ObReferenceObject(Objects->Transaction);
    assert_status(FltQueueGenericWorkItem(Late->Item, Objects->Filter, AnswerLater, DelayedWorkQueue, Late), STATUS_SUCCESS);
    return STATUS_PENDING;
}

static PFLT_CONTEXT
StormContext(int Which, PKTRANSACTION Transaction)
{
    PFLT_CONTEXT Context;

    assert_status(FltAllocateContext(Filters[Which].Filter, FLT_TRANSACTION_CONTEXT, CONTEXT_SIZE, NonPagedPool, &Context), STATUS_SUCCESS);
    *(PVOID *)Context = Transaction;
    ObReferenceObject(Transaction);
    atomic_fetch_add(&Allocated, 1);
    return Context;
}

static void
StormSet(int Which, PFLT_INSTANCE Instance, PKTRANSACTION Transaction, ULONG Seed)
{
    PFLT_CONTEXT Context = StormContext(Which, Transaction), Old = POISON;
    const FLT_SET_CONTEXT_OPERATION Operation = Seed % 3 == 0 ? FLT_SET_CONTEXT_REPLACE_IF_EXISTS : FLT_SET_CONTEXT_KEEP_IF_EXISTS;
    const NTSTATUS Status = FltSetTransactionContext(Instance, Transaction, Operation, Context, &Old);

    if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
        assert_non_null(Old);
    } else {
        assert_true(Status == STATUS_SUCCESS || Status == STATUS_FLT_DELETING_OBJECT);
    }
    if (Old != NULL) {
        assert_ptr_equal(*(PVOID *)Old, Transaction);
        FltReleaseContext(Old);
    }
    if (Seed % 2 == 0) {
        const NTSTATUS Enlisted = FltEnlistInTransaction(Instance, Transaction, Context, ALL_NOTIFICATIONS);
        assert_true(Enlisted == STATUS_SUCCESS || Enlisted == STATUS_FLT_ALREADY_ENLISTED || Enlisted == STATUS_FLT_DELETING_OBJECT ||
                    Enlisted == STATUS_TRANSACTION_NOT_ACTIVE);
    }
    FltReleaseContext(Context);
}

static void
StormStep(int Which, PFLT_INSTANCE Instance, PKTRANSACTION Transaction, ULONG Seed)
{
    PFLT_CONTEXT Got;
    NTSTATUS Status;

    switch (Seed % 4) {
    case 0:
        StormSet(Which, Instance, Transaction, Seed / 4);
        break;
    case 1:
        Status = FltDeleteTransactionContext(Instance, Transaction, Seed % 8 == 1 ? &Got : NULL);
        assert_true(Status == STATUS_SUCCESS || Status == STATUS_NOT_FOUND || Status == STATUS_FLT_DELETING_OBJECT);
        if (Status == STATUS_SUCCESS && Seed % 8 == 1) {
            FltReleaseContext(Got);
        }
        break;
    default:
        Status = FltGetTransactionContext(Instance, Transaction, &Got);
        if (NT_SUCCESS(Status)) {
            assert_ptr_equal(*(PVOID *)Got, Transaction);
            FltReleaseContext(Got);
        } else {
            assert_status(Status, STATUS_NOT_FOUND);
            assert_null(Got);
        }
        break;
    }
}

/* A worker's instance pointer is good while it holds the lock shared: the detacher takes it away exclusively first. */
static void
WorkStep(struct storm_thread *Thread)
{
    const ULONG Seed = storm_random(Thread);

    port_rwlock_shared(&Holding);
    PKTRANSACTION Transaction = Current;
    const int Which = (Seed >> 16) % 2 ? TOP : BOTTOM;
    PFLT_INSTANCE Instance = Which == TOP ? TopInstance : Instances[BOTTOM];
    if (Instance != NULL && !NT_SUCCESS(FltObjectReference(Instance))) {
        Instance = NULL;
    }
    if (Transaction != NULL) {
        ObReferenceObject(Transaction);
    }
    port_rwlock_release_shared(&Holding);
    if (Transaction != NULL && Instance != NULL) {
        StormStep(Which, Instance, Transaction, Seed >> 17);
        storm_did(&Storm, 1);
    } else {
        port_yield();
    }
    if (Transaction != NULL) {
        ObDereferenceObject(Transaction);
    }
    if (Instance != NULL) {
        FltObjectDereference(Instance);
    }
}

static void
DetachStep(void)
{
    TinySleep(3);
    port_rwlock_exclusive(&Holding);
    TopInstance = NULL;
    port_rwlock_release_exclusive(&Holding);
    Detach(TOP);
    Attach(TOP);
    TopInstance = Instances[TOP];
}

static void
End(HANDLE Handle, PKTRANSACTION Transaction, ULONG Round)
{
    switch (Round % 4) {
    case 0:
        ZwCommitTransaction(Handle, TRUE);
        break;
    case 1:
        ZwCommitTransaction(Handle, FALSE);
        break;
    case 2:
        ZwRollbackTransaction(Handle, TRUE);
        break;
    default:
        FltRollbackEnlistment(Instances[BOTTOM], Transaction, NULL);
        break;
    }
}

static void
EndStep(void)
{
    const ULONG Round = (ULONG)Ended;
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);

    Current = Transaction;
    for (ULONG i = 0; i < Round % 50; i++) {
        port_yield();
    }
    End(Handle, Transaction, Round);
    port_rwlock_exclusive(&Holding);
    Current = NULL;
    port_rwlock_release_exclusive(&Holding);
    ZwClose(Handle);
    assert_status(KeWaitForSingleObject(Transaction, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    ObDereferenceObject(Transaction);
    Ended++;
}

static void
StormBody(struct storm_thread *Thread)
{
    while (storm_more(&Storm) || Ended < ENDS) {
        if (Thread->index == 0) {
            EndStep();
        } else if (Thread->index == 1) {
            DetachStep();
        } else {
            WorkStep(Thread);
        }
    }
}

static void
test_fltmgr_txnstorm__D_07_E_12_F_14_contexts_against_the_end(void **state)
{
    (void)state;
    TopInstance = Instances[TOP];
    storm_begin(&Storm, "transactions", THREADS, 0);
    storm_run(&Storm, StormBody);
    for (int i = 0; i < 10000 && CleanedUp != Allocated; i++) {
        TinySleep(1);                          /* finalizing goes on after the wait */
    }
    print_message("%d contexts on %d transactions\n", (int)Allocated, (int)Ended);
    assert_int_equal(CleanedUp, Allocated);
    assert_true(storm_end(&Storm));
}

static _Atomic(LONG) Winners;
static HANDLE RaceHandle;
static PFLT_CONTEXT WinnerSeen[THREADS];

static void
RaceRound(struct storm_thread *Thread)
{
    PFLT_CONTEXT Context = StormContext(BOTTOM, Current), Old = NULL;
    const NTSTATUS Status = FltSetTransactionContext(Instances[BOTTOM], Current, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old);

    if (Status == STATUS_SUCCESS) {
        atomic_fetch_add(&Winners, 1);
        WinnerSeen[Thread->index] = Context;
    } else {
        storm_check(&Storm, Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        WinnerSeen[Thread->index] = Old;
        FltReleaseContext(Old);
    }
    FltReleaseContext(Context);
    storm_did(&Storm, 1);
    storm_meet(&Storm.gate);
    storm_check(&Storm, WinnerSeen[Thread->index] == WinnerSeen[0]);
    if (Thread->index == 0) {
        storm_check(&Storm, Winners == 1);
        storm_check(&Storm, TinyContextCount(WinnerSeen[0]) == 1);
    }
}

static void
RaceBody(struct storm_thread *Thread)
{
    const ULONGLONG Rounds = (Storm.wanted + THREADS - 1) / THREADS;

    for (ULONGLONG i = 0; i < Rounds; i++) {
        if (Thread->index == 0) {
            PKTRANSACTION Transaction;
            RaceHandle = Begin(&Transaction);
            Winners = 0;
            Current = Transaction;
        }
        storm_meet(&Storm.gate);
        RaceRound(Thread);
        storm_meet(&Storm.gate);
        if (Thread->index == 0) {
            PKTRANSACTION Transaction = Current;
            Current = NULL;
            Forget(RaceHandle, Transaction);
        }
    }
}

static void
test_fltmgr_txnstorm__C_26_one_keeper_wins(void **state)
{
    (void)state;
    storm_begin(&Storm, "C-26, transactions", THREADS, 0);
    storm_run(&Storm, RaceBody);
    assert_true(storm_end(&Storm));
    assert_int_equal(CleanedUp, Allocated);
}

static const FLT_CONTEXT_REGISTRATION StormContexts[] = {
    { FLT_TRANSACTION_CONTEXT, 0, StormCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static int
StormSetup(void **state)
{
    for (int i = 0; i < 3; i++) {
        Filters[i].Registration.ContextRegistration = StormContexts;
        Filters[i].Registration.TransactionNotificationCallback = StormNotify;
    }
    return BedSetup(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(txnstorm__D_07_E_12_F_14_contexts_against_the_end),
        T(txnstorm__C_26_one_keeper_wins),
    };
    return cmocka_run_group_tests(tests, StormSetup, BedTeardown);
}

/* SPDX-License-Identifier: MIT */
/* Enlistments, and how a transaction ends; see tmp.h for the states. */
#include "tm/tmp.h"

#include "ke/ki.h"
#include "ob/obp.h"
#include "vf/ranks.h"
#include "vf/vf.h"

TMP_HOOKS TmpHooks;

VOID
TmpSetHooks(const TMP_HOOKS *Hooks)
{
    TmpHooks = *Hooks;
}

static VOID
TmpLock(PKTRANSACTION Transaction)
{
    port_lock_acquire(&Transaction->Lock);
    vf_lock_acquired_if_on(&Transaction->Lock, VF_RANK_LEAF);
}

static VOID
TmpUnlock(PKTRANSACTION Transaction)
{
    vf_lock_released_if_on(&Transaction->Lock);
    port_lock_release(&Transaction->Lock);
}

TMP_STATE
TmpState(PKTRANSACTION Transaction)
{
    TmpLock(Transaction);
    const TMP_STATE State = Transaction->State;
    TmpUnlock(Transaction);
    return State;
}

/* ---- phases ---- */

static ULONG
TmpNotificationOf(TMP_STATE State)
{
    switch (State) {
    case TmpPrePreparing:
        return TRANSACTION_NOTIFY_PREPREPARE;
    case TmpPreparing:
        return TRANSACTION_NOTIFY_PREPARE;
    case TmpCommitting:
        return TRANSACTION_NOTIFY_COMMIT;
    case TmpFinalizing:
        return TRANSACTION_NOTIFY_COMMIT_FINALIZE;
    case TmpRollingBack:
        return TRANSACTION_NOTIFY_ROLLBACK;
    default:
        return 0;
    }
}

/* Nothing is outstanding.  The caller becomes the runner, or makes one. */
static VOID
TmpPhaseBeginLocked(PKTRANSACTION Transaction, TMP_STATE State)
{
    const ULONG Notification = TmpNotificationOf(State);

    Transaction->State = State;
    Transaction->Outstanding = 1;
    for (PLIST_ENTRY Entry = Transaction->Enlistments.Flink; Entry != &Transaction->Enlistments; Entry = Entry->Flink) {
        TMP_ENLISTMENT *Enlistment = CONTAINING_RECORD(Entry, TMP_ENLISTMENT, Links);
        if (Enlistment->Mask & Notification) {
            Enlistment->Owed = Notification;
            Enlistment->Told = FALSE;
            Transaction->Outstanding++;
        }
    }
}

static VOID
TmpPhaseNextLocked(PKTRANSACTION Transaction)
{
    static const TMP_STATE Next[] = { [TmpPrePreparing] = TmpPreparing, [TmpPreparing] = TmpCommitting, [TmpCommitting] = TmpFinalizing,
        [TmpFinalizing] = TmpCommitted, [TmpRollingBack] = TmpAborted };
    const TMP_STATE State = Transaction->State;

    TmpPhaseBeginLocked(
        Transaction, Transaction->RollbackWanted && (State == TmpPrePreparing || State == TmpPreparing) ? TmpRollingBack : Next[State]);
}

static TMP_ENLISTMENT *
TmpNextUntold(PKTRANSACTION Transaction)
{
    TMP_ENLISTMENT *Found = NULL;

    TmpLock(Transaction);
    for (PLIST_ENTRY Entry = Transaction->Enlistments.Flink; Entry != &Transaction->Enlistments && Found == NULL; Entry = Entry->Flink) {
        TMP_ENLISTMENT *Enlistment = CONTAINING_RECORD(Entry, TMP_ENLISTMENT, Links);
        if (Enlistment->Owed != 0 && !Enlistment->Told) {
            Enlistment->Told = TRUE;
            TmpEnlistmentReference(Enlistment);
            Found = Enlistment;
        }
    }
    TmpUnlock(Transaction);
    return Found;
}

/* ---- the run ---- */

static TMP_ENLISTMENT *
TmpTakeEnlistment(PKTRANSACTION Transaction)
{
    TMP_ENLISTMENT *Enlistment = NULL;

    TmpLock(Transaction);
    if (!IsListEmpty(&Transaction->Enlistments)) {
        Enlistment = CONTAINING_RECORD(RemoveHeadList(&Transaction->Enlistments), TMP_ENLISTMENT, Links);
        Enlistment->Listed = FALSE;
    }
    TmpUnlock(Transaction);
    return Enlistment;
}

static VOID
TmpFinish(PKTRANSACTION Transaction)
{
    TMP_ENLISTMENT *Enlistment;

    while ((Enlistment = TmpTakeEnlistment(Transaction)) != NULL) {
        Enlistment->Ended(Enlistment, Transaction);
        TmpEnlistmentDereference(Enlistment);
    }
    if (TmpHooks.Ended != NULL) {
        TmpHooks.Ended(Transaction);
    }
    TmpTimerCancel(Transaction);
    KeSetEvent(&Transaction->Outcome, IO_NO_INCREMENT, FALSE);
    ObpDereference(Transaction);
}

/* Only the runner changes State while it holds its share of Outstanding, so it may be read without the lock. */
static VOID
TmpRun(PKTRANSACTION Transaction)
{
    BOOLEAN Mine = TRUE;

    while (Mine && Transaction->State != TmpCommitted && Transaction->State != TmpAborted) {
        const ULONG Notification = TmpNotificationOf(Transaction->State);
        TMP_ENLISTMENT *Enlistment;
        if (Transaction->State == TmpFinalizing) {
            KeSetEvent(&Transaction->Outcome, IO_NO_INCREMENT, FALSE);
        }
        while ((Enlistment = TmpNextUntold(Transaction)) != NULL) {
            if (Enlistment->Notify(Enlistment, Transaction, Notification) != STATUS_PENDING) {
                TmpEnlistmentAnswer(Transaction, Enlistment, Notification);
            }
            TmpEnlistmentDereference(Enlistment);
        }
        TmpLock(Transaction);
        Mine = --Transaction->Outstanding == 0;
        if (Mine) {
            TmpPhaseNextLocked(Transaction);
        }
        TmpUnlock(Transaction);
    }
    if (Mine) {
        TmpFinish(Transaction);
    }
}

static VOID
TmpRunWorker(PVOID Parameter)
{
    TmpRun(Parameter);
}

static VOID
TmpRunQueue(PKTRANSACTION Transaction)
{
    ExInitializeWorkItem(&Transaction->RunItem, TmpRunWorker, Transaction);
    ExQueueWorkItem(&Transaction->RunItem, DelayedWorkQueue);
}

/* ---- enlistments ---- */

VOID
TmpEnlistmentReference(TMP_ENLISTMENT *Enlistment)
{
    atomic_fetch_add_explicit(&Enlistment->References, 1, memory_order_relaxed);
}

VOID
TmpEnlistmentDereference(TMP_ENLISTMENT *Enlistment)
{
    if (atomic_fetch_sub_explicit(&Enlistment->References, 1, memory_order_acq_rel) == 1) {
        Enlistment->Free(Enlistment);
    }
}

VOID
TmpEnlistmentPrepare(TMP_ENLISTMENT *Enlistment)
{
    atomic_init(&Enlistment->References, 1);
    Enlistment->Owed = 0;
    Enlistment->Listed = FALSE;
    Enlistment->Told = FALSE;
}

NTSTATUS
TmpEnlist(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment)
{
    TmpLock(Transaction);
    const BOOLEAN Active = Transaction->State == TmpActive;
    if (Active) {
        Enlistment->Listed = TRUE;
        TmpEnlistmentReference(Enlistment);
        InsertTailList(&Transaction->Enlistments, &Enlistment->Links);
    }
    TmpUnlock(Transaction);
    return Active ? STATUS_SUCCESS : STATUS_TRANSACTION_NOT_ACTIVE;
}

/* TRUE: it was the last answer; the next phase has begun and needs a runner. */
static BOOLEAN
TmpAnswerLocked(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment)
{
    Enlistment->Owed = 0;
    if (--Transaction->Outstanding != 0) {
        return FALSE;
    }
    TmpPhaseNextLocked(Transaction);
    return TRUE;
}

BOOLEAN
TmpEnlistmentAnswer(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment, ULONG Notification)
{
    BOOLEAN Last = FALSE;

    TmpLock(Transaction);
    const BOOLEAN Owed = Enlistment->Owed == Notification;
    if (Owed) {
        Last = TmpAnswerLocked(Transaction, Enlistment);
    }
    TmpUnlock(Transaction);
    if (Last) {
        TmpRunQueue(Transaction);
    }
    return Owed;
}

VOID
TmpEnlistmentWithdraw(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment)
{
    BOOLEAN Last = FALSE;

    TmpLock(Transaction);
    const BOOLEAN Listed = Enlistment->Listed;
    if (Listed) {
        RemoveEntryList(&Enlistment->Links);
        Enlistment->Listed = FALSE;
        Last = Enlistment->Owed != 0 && TmpAnswerLocked(Transaction, Enlistment);
    }
    TmpUnlock(Transaction);
    if (Last) {
        TmpRunQueue(Transaction);
    }
    if (Listed) {
        TmpEnlistmentDereference(Enlistment);
    }
}

NTSTATUS
TmpEnlistmentRollback(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment)
{
    NTSTATUS Status = STATUS_SUCCESS;
    BOOLEAN Begun = FALSE;

    TmpLock(Transaction);
    switch (Enlistment->Listed ? Transaction->State : TmpAborted) {
    case TmpActive:
        ObpReference(Transaction);
        TmpPhaseBeginLocked(Transaction, TmpRollingBack);
        Begun = TRUE;
        break;
    case TmpPreparing:
        if (Enlistment->Owed == 0) {
            Status = STATUS_TRANSACTION_REQUEST_NOT_VALID;
            break;
        }
        __attribute__((fallthrough));
    case TmpPrePreparing:
        Transaction->RollbackWanted = TRUE;
        break;
    default:
        Status = STATUS_TRANSACTION_REQUEST_NOT_VALID;
        break;
    }
    TmpUnlock(Transaction);
    if (Begun) {
        TmpRunQueue(Transaction);
    }
    return Status;
}

/* ---- commit, rollback ---- */

/* Why an active transaction's owner cannot end it (again). */
static NTSTATUS
TmpEndedStatusLocked(PKTRANSACTION Transaction, NTSTATUS Aborted)
{
    switch (Transaction->State) {
    case TmpFinalizing:
    case TmpCommitted:
        return STATUS_TRANSACTION_ALREADY_COMMITTED;
    case TmpRollingBack:
    case TmpAborted:
        return Aborted;
    default:
        return STATUS_TRANSACTION_REQUEST_NOT_VALID;
    }
}

static NTSTATUS
TmpBegin(PKTRANSACTION Transaction, TMP_STATE First, NTSTATUS Aborted, TMP_WHO Who)
{
    NTSTATUS Status = STATUS_SUCCESS;

    TmpLock(Transaction);
    if (Transaction->State == TmpActive) {
        ObpReference(Transaction);
        TmpPhaseBeginLocked(Transaction, First);
    } else {
        Status = TmpEndedStatusLocked(Transaction, Aborted);
    }
    TmpUnlock(Transaction);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Who == TmpQueue) {
        TmpRunQueue(Transaction);
        return STATUS_PENDING;
    }
    TmpRun(Transaction);
    return STATUS_SUCCESS;
}

NTSTATUS
TmpRollback(PKTRANSACTION Transaction, TMP_WHO Who)
{
    return TmpBegin(Transaction, TmpRollingBack, STATUS_TRANSACTION_REQUEST_NOT_VALID, Who);
}

/* Windows: wdm.h, TmCommitTransaction.  Differences: nothing is logged; notifications come in the caller's thread until one pends. */
NTSTATUS
TmCommitTransaction(PKTRANSACTION Transaction, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);

    NTSTATUS Status = TmpBegin(Transaction, TmpPrePreparing, STATUS_TRANSACTION_ALREADY_ABORTED, Wait ? TmpHere : TmpQueue);
    if (Status != STATUS_SUCCESS) {
        return Status;
    }
    KeWaitForSingleObject(&Transaction->Outcome, Executive, KernelMode, FALSE, NULL);
    const TMP_STATE State = TmpState(Transaction);
    return State == TmpCommitted || State == TmpFinalizing ? STATUS_SUCCESS : STATUS_TRANSACTION_ALREADY_ABORTED;
}

/* Windows: wdm.h, TmRollbackTransaction.  Differences: as TmCommitTransaction; what was written to files stays. */
NTSTATUS
TmRollbackTransaction(PKTRANSACTION Transaction, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);

    const NTSTATUS Status = TmpRollback(Transaction, Wait ? TmpHere : TmpQueue);
    if (Status == STATUS_SUCCESS) {
        KeWaitForSingleObject(&Transaction->Outcome, Executive, KernelMode, FALSE, NULL);
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
/*
 * Filters that faulted: their callbacks are skipped, and what they hold pended is completed with an error, so that nobody waits for ever.
 *
 * Who may resume a pended operation is settled thus: the driver's own threads may still run and call FltCompletePended…; they ask, inside
 * an RCU section that also holds the hand-over, whether the filter is dead, and are ignored if so.  The reaper runs on a system worker after
 * a grace period: what was not handed over by then is its own.  An operation whose cancel routine was taken off belongs to that routine.
 * The blocks of reaped operations are not used again, since the dead driver may still look at them.
 */
#include "fltmgr/fltp.h"

typedef struct FLTP_REAP {
    WORK_QUEUE_ITEM Item;
    PFLT_FILTER Filter;                        /* its Outstanding is held */
} FLTP_REAP;

static port_lock FltpOrphanLock;
static FLTP_OPERATION *FltpOrphans;            /* FltpOrphanLock */
static _Atomic(ULONG) FltpDeadCount;           /* filters that ever died */

BOOLEAN
FltpOwnerIsDead(const vf_owner *Owner)
{
    BOOLEAN Dead = FALSE;

    if (Owner == NULL || atomic_load_explicit(&FltpDeadCount, memory_order_acquire) == 0) {
        return FALSE;
    }
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters && !Dead; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Links);
        Dead = Filter->Owner == Owner && atomic_load(&Filter->Dead);
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Dead;
}

/* ---- blocks that are not used again ---- */

VOID
FltpOrphanKeep(FLTP_OPERATION *Operation)
{
    FltpLockAcquire(&FltpOrphanLock, FLTP_RANK_LEAF);
    Operation->NextSpare = FltpOrphans;
    FltpOrphans = Operation;
    FltpLockRelease(&FltpOrphanLock);
}

VOID
FltpOrphansFree(VOID)
{
    FltpLockAcquire(&FltpOrphanLock, FLTP_RANK_LEAF);
    FLTP_OPERATION *First = FltpOrphans;
    FltpOrphans = NULL;
    FltpLockRelease(&FltpOrphanLock);
    while (First != NULL) {
        FLTP_OPERATION *Operation = First;
        First = Operation->NextSpare;
        FltpOperationDestroy(Operation);
    }
}

/* ---- pended operations ---- */

/* The answer in the dead filter's place.  Clean-up and close go on: they cannot fail; nor can an open that has succeeded be undone here. */
VOID
FltpDeadAnswer(FLTP_OPERATION *Operation)
{
    const UCHAR Major = Operation->Iopb.MajorFunction;
    const BOOLEAN GoesOn = Major == IRP_MJ_CLEANUP || Major == IRP_MJ_CLOSE || (Operation->Phase == FltpPhasePost && Major == IRP_MJ_CREATE);

    Operation->Flags |= FLTP_OP_ORPHANED;
    Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
    Operation->ResumeStatus = GoesOn ? FLT_PREOP_SUCCESS_NO_CALLBACK : FLT_PREOP_COMPLETE;
    Operation->ResumeContext = NULL;
    if (!GoesOn) {
        Operation->Data.IoStatus.Status = STATUS_DRIVER_INTERNAL_ERROR;
        Operation->Data.IoStatus.Information = 0;
    }
}

/* FlightLock is held.  TRUE: it is the caller's, suspended still. */
static BOOLEAN
FltpReapTakeLocked(FLTP_OPERATION *Operation, BOOLEAN *Busy)
{
    const uint32_t Handoff = atomic_load(&Operation->Handoff);

    if (Handoff == FltpRunning) {
        *Busy = TRUE;                          /* about to be suspended */
    }
    if (Handoff != FltpSuspended) {
        return FALSE;
    }
    if (IoSetCancelRoutine(Operation->Irp, NULL) == NULL && atomic_load(&Operation->CancelArmed)) {
        *Busy = TRUE;                          /* being cancelled: the cancel routine answers */
        return FALSE;
    }
    atomic_store(&Operation->CancelArmed, FALSE);
    return TRUE;
}

/* TRUE: look again. */
static BOOLEAN
FltpReapOne(PFLT_VOLUME Volume, PFLT_FILTER Filter, BOOLEAN *Busy)
{
    FLTP_OPERATION *Taken = NULL;

    FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
    for (PLIST_ENTRY Entry = Volume->InFlight.Flink; Entry != &Volume->InFlight && Taken == NULL; Entry = Entry->Flink) {
        FLTP_OPERATION *Operation = CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks);
        if (Operation->Suspended && Operation->PendedBy != NULL && Operation->PendedBy->Filter == Filter &&
            FltpReapTakeLocked(Operation, Busy)) {
            Taken = Operation;
        }
    }
    FltpLockRelease(&Volume->FlightLock);
    if (Taken == NULL) {
        return FALSE;
    }
    FltpDeadAnswer(Taken);
    if (FltpOperationResume(Taken)) {
        FltpOperationContinue(Taken);
    }
    return TRUE;
}

static VOID
FltpReapWorker(PVOID Parameter)
{
    static const _Atomic(uint32_t) Never = 0;
    FLTP_REAP *Reap = Parameter;
    BOOLEAN Busy;

    port_rcu_synchronize();
    do {
        Busy = FALSE;
        for (PFLT_VOLUME Volume = FltpVolumeNext(NULL); Volume != NULL; Volume = FltpVolumeNext(Volume)) {
            while (FltpReapOne(Volume, Reap->Filter, &Busy)) {
            }
        }
        if (Busy) {
            port_wait(&Never, 0, port_clock_monotonic() + 500000);
        }
    } while (Busy);
    FltpCountRelease(&Reap->Filter->Outstanding);
    port_free(Reap);
}

VOID
FltpDeadReap(PFLT_FILTER Filter)
{
    FLTP_REAP *Reap = FltpCountTryAcquire(&Filter->Outstanding) ? port_alloc_zeroed(sizeof(*Reap)) : NULL;

    if (Reap == NULL) {
        return;
    }
    Reap->Filter = Filter;
    ExInitializeWorkItem(&Reap->Item, FltpReapWorker, Reap);
    ExQueueWorkItem(&Reap->Item, DelayedWorkQueue);
}

/* ---- death ---- */

static VOID
FltpInstancesSkipLocked(PFLT_FILTER Filter)
{
    for (PLIST_ENTRY Entry = Filter->Instances.Flink; Entry != &Filter->Instances; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, FilterLinks);
        FltpLockAcquire(&Instance->Volume->Lock, FLTP_RANK_VOLUME);
        FltpVolumeSkipLocked(Instance->Volume, Instance, FLTP_CALLBACK_SKIP | FLTP_CALLBACK_DEAD);
        FltpLockRelease(&Instance->Volume->Lock);
    }
}

VOID
FltpFilterMarkDead(PFLT_FILTER Filter)
{
    if (atomic_exchange(&Filter->Dead, 1)) {
        return;
    }
    atomic_fetch_add(&FltpDeadCount, 1);
    atomic_store(&IOP_DRIVER_FROM(Filter->Driver)->Dead, 1);
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    FltpInstancesSkipLocked(Filter);
    FltpLockRelease(&FltpGlobals.Lock);
    FltpDeadReap(Filter);
}

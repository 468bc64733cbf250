/* SPDX-License-Identifier: MIT */
/*
 * Operation blocks: memory, suspension and resumption, parameters that filters changed.
 *
 * Handoff (fltp.h):
 *      Running  -- FltpOperationSuspend -->  Suspended  -- FltpOperationResume: TRUE, or the waiter wakes -->  Running
 *      Running  -- FltpOperationResume: FALSE -->  Resumed  -- FltpOperationSuspend: FALSE -->  Running
 */
#include "fltmgr/fltp.h"

#define FLTP_SPARE_LIMIT 16

/* ---- memory ---- */

VOID
FltpOperationDestroy(FLTP_OPERATION *Operation)
{
    if (Operation->Nodes != Operation->InlineNodes) {
        port_free(Operation->Nodes);
    }
    port_free(Operation);
}

FLTP_OPERATION *
FltpOperationNew(VOID)
{
    FLTP_OPERATION *Operation = port_alloc(sizeof(*Operation));

    if (Operation != NULL) {
        Operation->Nodes = Operation->InlineNodes;
        Operation->NodeCapacity = FLTP_INLINE_NODES;
    }
    return Operation;
}

BOOLEAN
FltpOperationReserve(FLTP_OPERATION *Operation, ULONG Nodes)
{
    if (Nodes <= Operation->NodeCapacity) {
        return TRUE;
    }
    FLTP_NODE *Grown = port_alloc(Nodes * sizeof(*Grown));
    if (Grown == NULL) {
        return FALSE;
    }
    memcpy(Grown, Operation->Nodes, Operation->NodeCount * sizeof(*Grown));
    if (Operation->Nodes != Operation->InlineNodes) {
        port_free(Operation->Nodes);
    }
    Operation->Nodes = Grown;
    Operation->NodeCapacity = Nodes;
    return TRUE;
}

VOID
FltpOperationFree(FLTP_OPERATION *Operation)
{
    FLTP_THREAD *Thread = FltpThread();

    if (__builtin_expect(atomic_load_explicit(&Operation->Name, memory_order_relaxed) != NULL, 0)) {
        FltpOperationNameFree(Operation);
    }
    if (__builtin_expect(Operation->StatusRequests != NULL, 0)) {
        FltpStatusRequestsFree(Operation);
    }
    if (__builtin_expect(Operation->Flags & FLTP_OP_ORPHANED, 0)) {
        FltpOrphanKeep(Operation);
        return;
    }
    if (Thread->SpareCount >= FLTP_SPARE_LIMIT) {
        FltpOperationDestroy(Operation);
        return;
    }
    Operation->NextSpare = Thread->Spare;
    Thread->Spare = Operation;
    Thread->SpareCount++;
}

/* ---- snapshot ---- */

VOID
FltpOperationList(FLTP_OPERATION *Operation)
{
    PFLT_VOLUME Volume = Operation->Volume;

    if (Operation->Flags & FLTP_OP_LISTED) {
        return;
    }
    atomic_fetch_add_explicit(&Operation->Snapshot->References, 1, memory_order_relaxed);
    FltpCountAcquire(&Volume->Outstanding);
    Operation->Flags |= FLTP_OP_LISTED;
    Operation->Suspended = FALSE;
    FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
    InsertTailList(&Volume->InFlight, &Operation->FlightLinks);
    FltpLockRelease(&Volume->FlightLock);
    FltpSlotLeave(Operation->Thread, Operation->Snapshot);
}

VOID
FltpOperationReleaseListed(FLTP_OPERATION *Operation)
{
    PFLT_VOLUME Volume = Operation->Volume;

    FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
    RemoveEntryList(&Operation->FlightLinks);
    FltpLockRelease(&Volume->FlightLock);
    FltpSnapshotDereference(Operation->Snapshot);
    FltpCountRelease(&Volume->Outstanding);
}

/* ---- suspend, resume ---- */

static VOID
FltpOperationMarkSuspended(FLTP_OPERATION *Operation)
{
    FltpLockAcquire(&Operation->Volume->FlightLock, FLTP_RANK_FLIGHT);
    Operation->Suspended = TRUE;
    FltpLockRelease(&Operation->Volume->FlightLock);
    if (Operation->PendedBy != NULL && atomic_load(&Operation->PendedBy->Filter->Dead)) {
        FltpDeadReap(Operation->PendedBy->Filter);
    }
}

/* The caller owns the operation again. */
static VOID
FltpOperationRunning(FLTP_OPERATION *Operation)
{
    FltpLockAcquire(&Operation->Volume->FlightLock, FLTP_RANK_FLIGHT);
    Operation->Suspended = FALSE;
    Operation->Thread = FltpThread();
    FltpLockRelease(&Operation->Volume->FlightLock);
    Operation->Waiter = NULL;
    atomic_store_explicit(&Operation->Handoff, FltpRunning, memory_order_relaxed);
}

/* Synchronised: this thread waits and goes on (J-08). */
static VOID
FltpOperationSuspendAndWait(FLTP_OPERATION *Operation)
{
    KEVENT Event;
    IOP_WAITING Waiting;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Operation->Waiter = &Event;
    FltpOperationMarkSuspended(Operation);
    if (atomic_exchange_explicit(&Operation->Handoff, FltpSuspended, memory_order_acq_rel) == FltpRunning) {
        IopWaitingEnter(&Waiting, Operation->Irp);
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        IopWaitingLeave(&Waiting);
    }
    FltpOperationRunning(Operation);
}

BOOLEAN
FltpOperationSuspend(FLTP_OPERATION *Operation)
{
    FltpOperationList(Operation);
    if (Operation->Flags & FLTP_OP_SYNCHRONIZE) {
        FltpOperationSuspendAndWait(Operation);
        return FALSE;
    }
    if (!(Operation->Flags & FLTP_OP_MARKED_PENDING)) {
        Operation->Flags |= FLTP_OP_MARKED_PENDING;
        Operation->Stack->Control |= SL_PENDING_RETURNED;
    }
    FltpOperationMarkSuspended(Operation);
    if (atomic_exchange_explicit(&Operation->Handoff, FltpSuspended, memory_order_acq_rel) == FltpRunning) {
        return TRUE;
    }
    FltpOperationRunning(Operation);
    return FALSE;
}

BOOLEAN
FltpOperationResume(FLTP_OPERATION *Operation)
{
    if (atomic_exchange_explicit(&Operation->Handoff, FltpResumed, memory_order_acq_rel) != FltpSuspended) {
        return FALSE;
    }
    if (Operation->Waiter != NULL) {
        KeSetEvent(Operation->Waiter, IO_NO_INCREMENT, FALSE);
        return FALSE;
    }
    FltpOperationRunning(Operation);
    return TRUE;
}

/* ---- changed parameters (J-22) ---- */

/* The parameters before the change: those after the previous change, or as issued. */
static VOID
FltpOperationPristine(FLTP_OPERATION *Operation, FLT_IO_PARAMETER_BLOCK *Iopb)
{
    if (Operation->Saved != NULL) {
        *Iopb = Operation->Saved->After;
    } else if (Operation->Irp != NULL) {
        FltpParametersFromIrp(Operation, Iopb);
        Iopb->TargetInstance = Operation->Iopb.TargetInstance;
    } else {
        *Iopb = *Operation->Original;
    }
}

BOOLEAN
FltpOperationSave(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance, LONG Node)
{
    FLTP_SAVED *Saved = port_alloc_zeroed(sizeof(*Saved));

    if (Saved == NULL) {
        return FALSE;
    }
    FltpOperationPristine(Operation, &Saved->Iopb);
    Saved->Iopb.TargetInstance = Instance;
    Saved->After = Operation->Iopb;
    FltpParametersKeep(Operation);
    Saved->Node = Node;
    Saved->Instance = Instance;
    Saved->Swapped = FltpParametersSwapped(&Saved->Iopb, &Saved->After);
    Saved->Next = Operation->Saved;
    Operation->Saved = Saved;
    Operation->Objects.FileObject = Operation->Iopb.TargetFileObject;
    return TRUE;
}

/* Back to the volume the operation was on above a redirection. */
static VOID
FltpOperationReturn(FLTP_OPERATION *Operation, FLTP_SAVED *Saved)
{
    PFLT_VOLUME Lower = Operation->Volume;

    FltpLockAcquire(&Lower->FlightLock, FLTP_RANK_FLIGHT);
    RemoveEntryList(&Operation->FlightLinks);
    FltpLockRelease(&Lower->FlightLock);
    FltpSnapshotDereference(Operation->Snapshot);
    FltpCountRelease(&Lower->Outstanding);
    Operation->Volume = Saved->Volume;
    Operation->Snapshot = Saved->Snapshot;
    Operation->Objects.Volume = Saved->Volume;
    FltpLockAcquire(&Operation->Volume->FlightLock, FLTP_RANK_FLIGHT);
    InsertTailList(&Operation->Volume->InFlight, &Operation->FlightLinks);
    Operation->Suspended = FALSE;
    FltpLockRelease(&Operation->Volume->FlightLock);
    for (ULONG i = 0; i < Saved->HeldNodes; i++) {
        FltpCountRelease(&Operation->Nodes[i].Callback->Instance->Outstanding);
    }
}

VOID
FltpOperationRestore(FLTP_OPERATION *Operation, LONG Node)
{
    while (Operation->Saved != NULL && Operation->Saved->Node >= Node) {
        FLTP_SAVED *Saved = Operation->Saved;
        Operation->Saved = Saved->Next;
        Operation->Iopb = Saved->Iopb;
        FltpParametersKeep(Operation);
        Operation->Objects.FileObject = Saved->Iopb.TargetFileObject;
        if (Saved->Snapshot != NULL) {
            FltpOperationReturn(Operation, Saved);
        }
        Saved->Next = Operation->Popped;
        Operation->Popped = Saved;
    }
}

VOID
FltpSavedFree(FLTP_OPERATION *Operation)
{
    while (Operation->Popped != NULL) {
        FLTP_SAVED *Saved = Operation->Popped;
        Operation->Popped = Saved->Next;
        if (Saved->Swapped && !Saved->Retain && Saved->NewMdl != NULL) {
            IoFreeMdl(Saved->NewMdl);
        }
        port_free(Saved);
    }
}

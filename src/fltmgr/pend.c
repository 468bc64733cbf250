/* SPDX-License-Identifier: MIT */
/* Pended operations: resumed by the filter, posted to a safe level, cancelled. */
#include "fltmgr/fltp.h"

/* ---- resume ---- */

static BOOLEAN
FltpPendCheck(FLTP_OPERATION *Operation, FLTP_PHASE Phase, const char *Routine)
{
    if (Operation->Irp == NULL || Operation->DrainCopy || Operation->Phase != Phase) {
        vf_report("K-02", Phase == FltpPhasePre ? "J-07" : "J-11", NULL, KiCurrentOwner(), &Operation->Data,
            "%s on callback data that is not pended in that phase", Routine);
        return FALSE;
    }
    return TRUE;
}

/* Hands it over, unless its driver is dead (dead.c).  TRUE: the caller runs it. */
static BOOLEAN
FltpPendResumePost(FLTP_OPERATION *Operation, vf_owner *Owner, const char *Routine)
{
    port_rcu_read_lock();
    const BOOLEAN Runs = !FltpOwnerIsDead(Owner) && FltpPendCheck(Operation, FltpPhasePost, Routine) && FltpOperationResume(Operation);
    port_rcu_read_unlock();
    return Runs;
}

static BOOLEAN
FltpPendResumePre(FLTP_OPERATION *Operation, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context, const char *Routine)
{
    if (!FltpPendCheck(Operation, FltpPhasePre, Routine)) {
        return FALSE;
    }
    if (Status == FLT_PREOP_PENDING || Status == FLT_PREOP_SYNCHRONIZE || Status == FLT_PREOP_DISALLOW_FASTIO) {
        vf_report("K-12", "J-07", NULL, KiCurrentOwner(), &Operation->Data, "%s with status %d", Routine, (int)Status);
        Status = FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Operation->ResumeStatus = Status;
    Operation->ResumeContext = Context;
    return FltpOperationResume(Operation);
}

/* Windows: fltKernel.h, FltCompletePendedPreOperation.  Differences: of a driver that faulted it is ignored. */
VOID FLTAPI
FltCompletePendedPreOperation(PFLT_CALLBACK_DATA CallbackData, FLT_PREOP_CALLBACK_STATUS CallbackStatus, PVOID Context)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));

    port_rcu_read_lock();
    const BOOLEAN Runs = !FltpOwnerIsDead(Owner) && FltpPendResumePre(Operation, CallbackStatus, Context, __func__);
    port_rcu_read_unlock();
    if (Runs) {
        FltpOperationContinue(Operation);
    }
}

/* Windows: fltKernel.h, FltCompletePendedPostOperation.  Differences: of a driver that faulted it is ignored. */
VOID FLTAPI
FltCompletePendedPostOperation(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (FltpPendResumePost(Operation, KiOwnerOfCall(__builtin_return_address(0)), __func__)) {
        FltpOperationContinue(Operation);
    }
}

/* ---- completion processing at a safe level ---- */

typedef struct FLTP_SAFE {
    WORK_QUEUE_ITEM Item;
    FLTP_OPERATION *Operation;
    FLT_RELATED_OBJECTS Objects;
    PVOID CompletionContext;
    FLT_POST_OPERATION_FLAGS Flags;
    PFLT_POST_OPERATION_CALLBACK Callback;
} FLTP_SAFE;

static VOID
FltpSafeWorker(PVOID Parameter)
{
    FLTP_SAFE *Safe = Parameter;
    volatile FLT_POSTOP_CALLBACK_STATUS Status = FLT_POSTOP_FINISHED_PROCESSING;
    FLTP_OPERATION *Operation = Safe->Operation;
    PFLT_CALLBACK_DATA Data = &Operation->Data;
    vf_owner *Owner = Safe->Objects.Filter->Owner;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Safe->Objects.Filter, FltpMajorName(Safe->Operation->Iopb.MajorFunction), "safe post");
    NT_CALL(&Call, Status = Safe->Callback(Data, &Safe->Objects, Safe->CompletionContext, Safe->Flags));
    if (Call.Faulted) {
        FltpFilterMarkDead(Safe->Objects.Filter);    /* which completes what it holds */
    }
    port_free(Safe);
    if (!Call.Faulted && Status == FLT_POSTOP_FINISHED_PROCESSING && FltpPendResumePost(Operation, Owner, __func__)) {
        FltpOperationContinue(Operation);
    }
}

static BOOLEAN
FltpSafePost(FLTP_OPERATION *Operation, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags,
    PFLT_POST_OPERATION_CALLBACK Callback)
{
    FLTP_SAFE *Safe = port_alloc_zeroed(sizeof(*Safe));

    if (Safe == NULL) {
        return FALSE;
    }
    Safe->Operation = Operation;
    memcpy((PVOID)&Safe->Objects, Objects, sizeof(*Objects));
    Safe->CompletionContext = CompletionContext;
    Safe->Flags = Flags;
    Safe->Callback = Callback;
    ExInitializeWorkItem(&Safe->Item, FltpSafeWorker, Safe);
    ExQueueWorkItem(&Safe->Item, DelayedWorkQueue);
    return TRUE;
}

/* Windows: fltKernel.h, FltDoCompletionProcessingWhenSafe.  Differences: none. */
BOOLEAN FLTAPI
FltDoCompletionProcessingWhenSafe(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
    FLT_POST_OPERATION_FLAGS Flags, PFLT_POST_OPERATION_CALLBACK SafePostCallback, PFLT_POSTOP_CALLBACK_STATUS RetPostOperationStatus)
{
    FLTP_OPERATION *Operation = FltpOperationOf(Data);

    *RetPostOperationStatus = FLT_POSTOP_FINISHED_PROCESSING;
    if (Flags & FLTFL_POST_OPERATION_DRAINING) {
        vf_report("K-24", "J-11", NULL, FltObjects->Filter->Owner, Data, "FltDoCompletionProcessingWhenSafe while draining");
        return FALSE;
    }
    if (KeGetCurrentIrql() <= APC_LEVEL) {
        *RetPostOperationStatus = SafePostCallback(Data, FltObjects, CompletionContext, Flags);
        return TRUE;
    }
    if (Operation->Irp == NULL || (Operation->Iopb.IrpFlags & IRP_PAGING_IO)) {
        return FALSE;
    }
    if (!FltpSafePost(Operation, FltObjects, CompletionContext, Flags, SafePostCallback)) {
        return FALSE;
    }
    *RetPostOperationStatus = FLT_POSTOP_MORE_PROCESSING_REQUIRED;
    return TRUE;
}

/* ---- cancel ---- */

/* Windows: fltKernel.h, FltIsIoCanceled.  Differences: none. */
BOOLEAN FLTAPI
FltIsIoCanceled(PFLT_CALLBACK_DATA CallbackData)
{
    const FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    const PIRP Irp = Operation->Irp != NULL ? Operation->Irp : Operation->GeneratedIrp;

    return Irp != NULL && Irp->Cancel;
}

/* Windows: fltKernel.h, FltCancelIo.  Differences: none. */
BOOLEAN FLTAPI
FltCancelIo(PFLT_CALLBACK_DATA CallbackData)
{
    const FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    const PIRP Irp = Operation->Irp != NULL ? Operation->Irp : Operation->GeneratedIrp;

    return Irp != NULL && IoCancelIrp(Irp);
}

/* A cancel routine owns the operation now.  TRUE: its filter is dead, and it was answered here. */
BOOLEAN
FltpCancelOfDead(FLTP_OPERATION *Operation)
{
    if (!atomic_load(&Operation->Objects.Filter->Dead)) {
        atomic_store(&Operation->CancelArmed, FALSE);
        return FALSE;
    }
    FltpDeadAnswer(Operation);
    if (FltpOperationResume(Operation)) {
        FltpOperationContinue(Operation);
    }
    return TRUE;
}

static VOID
FltpCancelRoutine(PDEVICE_OBJECT Device, PIRP Irp)
{
    FLTP_OPERATION *Operation = Irp->Tail.Overlay.DriverContext[0];
    KI_DRIVER_CALL Call;

    UNREFERENCED_PARAMETER(Device);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    if (FltpCancelOfDead(Operation)) {
        return;
    }
    PFLT_FILTER Filter = Operation->Objects.Filter;
    FltpCallInitialize(&Call, Filter, NULL, "cancel");
    NT_CALL(&Call, Operation->CanceledCallback(&Operation->Data));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
}

/* Windows: fltKernel.h, FltSetCancelCompletion.  Differences: none. */
NTSTATUS FLTAPI
FltSetCancelCompletion(PFLT_CALLBACK_DATA CallbackData, PFLT_COMPLETE_CANCELED_CALLBACK CanceledCallback)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    PIRP Irp = Operation->Irp;

    if (Irp == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Operation->CanceledCallback = CanceledCallback;
    Irp->Tail.Overlay.DriverContext[0] = Operation;
    atomic_store(&Operation->CancelArmed, TRUE);
    IoSetCancelRoutine(Irp, FltpCancelRoutine);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        atomic_store(&Operation->CancelArmed, FALSE);
        return STATUS_CANCELLED;
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltClearCancelCompletion.  Differences: none. */
NTSTATUS FLTAPI
FltClearCancelCompletion(PFLT_CALLBACK_DATA CallbackData)
{
    PIRP Irp = FltpOperationOf(CallbackData)->Irp;

    if (Irp == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (IoSetCancelRoutine(Irp, NULL) == NULL) {
        return STATUS_CANCELLED;
    }
    atomic_store(&FltpOperationOf(CallbackData)->CancelArmed, FALSE);
    return STATUS_SUCCESS;
}

/* ---- who has it ---- */

/* FlightLock is held. */
static BOOLEAN
FltpPendedDescribeLocked(const FLTP_OPERATION *Operation, IOP_PENDED *Pended)
{
    if (!Operation->Suspended || Operation->PendedBy == NULL) {
        return FALSE;
    }
    Pended->Owner = Operation->PendedBy->Filter->Owner;
    Pended->Routine = 0;
    for (ULONG i = 0; i < Operation->Count; i++) {
        const FLTP_CALLBACK *Callback = &Operation->Callbacks[i];
        if (Callback->Instance == Operation->PendedBy) {
            Pended->Routine = Operation->Phase == FltpPhasePost ? (uintptr_t)Callback->Post : (uintptr_t)Callback->Pre;
        }
    }
    return TRUE;
}

BOOLEAN
FltpPendedBy(PIRP Irp, IOP_PENDED *Pended)
{
    BOOLEAN Found = FALSE;

    for (PFLT_VOLUME Volume = FltpVolumeNext(NULL); Volume != NULL; Volume = FltpVolumeNext(Volume)) {
        FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
        for (PLIST_ENTRY Entry = Volume->InFlight.Flink; Entry != &Volume->InFlight && !Found; Entry = Entry->Flink) {
            const FLTP_OPERATION *Operation = CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks);
            Found = Operation->Irp == Irp && FltpPendedDescribeLocked(Operation, Pended);
        }
        FltpLockRelease(&Volume->FlightLock);
    }
    return Found;
}

/* ---- the status that the lower driver returned ---- */

typedef struct FLTP_STATUS_REQUEST {
    struct FLTP_STATUS_REQUEST *Next;
    PFLT_GET_OPERATION_STATUS_CALLBACK Callback;
    PVOID Context;
    FLT_RELATED_OBJECTS Objects;
    FLT_IO_PARAMETER_BLOCK Iopb;
} FLTP_STATUS_REQUEST;

/* Windows: fltKernel.h, FltRequestOperationStatusCallback.  Differences: none. */
NTSTATUS FLTAPI
FltRequestOperationStatusCallback(PFLT_CALLBACK_DATA Data, PFLT_GET_OPERATION_STATUS_CALLBACK CallbackRoutine, PVOID RequesterContext)
{
    FLTP_OPERATION *Operation = FltpOperationOf(Data);

    if (Operation->Irp == NULL || Operation->Phase != FltpPhasePre || Operation->Iopb.MajorFunction == IRP_MJ_CLOSE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (atomic_load(&Operation->Objects.Instance->Deleting)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FLTP_STATUS_REQUEST *Request = port_alloc_zeroed(sizeof(*Request));
    if (Request == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Request->Callback = CallbackRoutine;
    Request->Context = RequesterContext;
    memcpy((PVOID)&Request->Objects, &Operation->Objects, sizeof(Request->Objects));
    Request->Iopb = Operation->Iopb;
    Request->Next = Operation->StatusRequests;
    Operation->StatusRequests = Request;
    return STATUS_SUCCESS;
}

static VOID
FltpStatusRequestCall(const FLTP_STATUS_REQUEST *Request, NTSTATUS Status)
{
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Request->Objects.Filter, FltpMajorName(Request->Iopb.MajorFunction), "operation status");
    NT_CALL(&Call, Request->Callback(&Request->Objects, (PFLT_IO_PARAMETER_BLOCK)&Request->Iopb, Status, Request->Context));
    if (Call.Faulted) {
        FltpFilterMarkDead(Request->Objects.Filter);
    }
}

VOID
FltpStatusRequestsRun(FLTP_OPERATION *Operation, NTSTATUS Status)
{
    for (const FLTP_STATUS_REQUEST *Request = Operation->StatusRequests; Request != NULL; Request = Request->Next) {
        FltpStatusRequestCall(Request, Status);
    }
    FltpStatusRequestsFree(Operation);
}

VOID
FltpStatusRequestsFree(FLTP_OPERATION *Operation)
{
    while (Operation->StatusRequests != NULL) {
        FLTP_STATUS_REQUEST *Request = Operation->StatusRequests;
        Operation->StatusRequests = Request->Next;
        port_free(Request);
    }
}

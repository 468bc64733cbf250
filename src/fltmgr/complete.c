/* SPDX-License-Identifier: MIT */
/* Operations on their way up: post-operation callbacks, draining, cancelled opens. */
#include "fltmgr/fltp.h"
#include "ob/obp.h"

/* ---- post-operation callbacks ---- */

static inline VOID
FltpPostPrepare(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    const PFLT_INSTANCE Instance = Callback->Instance;

    Operation->Objects.Filter = Callback->Filter;
    Operation->Objects.Instance = Instance;
    FltpParametersUndo(Operation);
    Operation->Iopb.TargetInstance = Instance;
}

/* Parameters as node Index sees them. */
static inline VOID
FltpPostRestore(FLTP_OPERATION *Operation, LONG Index)
{
    if (__builtin_expect(Operation->Saved != NULL || Operation->Popped != NULL, 0)) {
        FltpSavedFree(Operation);
        FltpOperationRestore(Operation, Index);
        if (Index < 0) {
            FltpSavedFree(Operation);
        }
    }
}

/* Takes the next node upwards that is still owed; NULL: none is. */
static inline const FLTP_CALLBACK *
FltpPostNext(FLTP_OPERATION *Operation, PVOID *Context)
{
    while (Operation->NodeCount != 0) {
        const LONG Index = (LONG)Operation->NodeCount - 1;
        const FLTP_NODE *Node = &Operation->Nodes[Index];

        FltpPostRestore(Operation, Index);
        Operation->NodeCount--;
        if (Node->Callback != NULL && !(atomic_load_explicit(&Node->Callback->State, memory_order_relaxed) & FLTP_CALLBACK_DEAD)) {
            *Context = Node->Context;
            return Node->Callback;
        }
    }
    return NULL;
}

static FLTP_STEP __attribute__((noinline))
FltpPostApply(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_POSTOP_CALLBACK_STATUS Status)
{
    if (Status == FLT_POSTOP_MORE_PROCESSING_REQUIRED) {
        if (Operation->Irp == NULL) {
            vf_report_evidence("K-12", "J-11", NULL, Callback->Filter->Owner, FLTP_RETURNED(Operation, Callback->Post),
                "a post-operation callback pended %s, which has no IRP", FltpMajorName(Operation->Iopb.MajorFunction));
            return FltpStepNext;
        }
        FltpCountAcquire(&Callback->Instance->Outstanding);
        Operation->PendedBy = Callback->Instance;
        return FltpStepSuspend;
    }
    if (Status == FLT_POSTOP_DISALLOW_FSFILTER_IO && Operation->Irp == NULL) {
        Operation->Data.IoStatus.Status = STATUS_FLT_DISALLOW_FSFILTER_IO;
    }
    return FltpStepNext;
}

/* Runs inside the walk's driver-call frame; of its own, as in FltpPreWalk.  Callback: taken off already. */
static FLTP_STEP __attribute__((noinline))
FltpPostWalkCalls(FLTP_OPERATION *Operation, KI_DRIVER_CALL *Call, const FLTP_CALLBACK *Callback, PVOID Context)
{
    FLTP_THREAD *const Thread = Operation->Thread;
    const PKTHREAD Current = KiThread;
    const ULONG Major = Operation->Index;

    do {
        FltpPostPrepare(Operation, Callback);
        FltpCounterAdd(&FltpCountersOf(Thread, Callback)->Majors[Major].Post);
        KiDriverCallMove(Call, Current, Callback->Owner, (const VOID *)Callback->Post);
        const FLT_POSTOP_CALLBACK_STATUS Status = Callback->Post(&Operation->Data, FltpObjectsOf(Operation), Context, 0);
        Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
        if (__builtin_expect(Status != FLT_POSTOP_FINISHED_PROCESSING, 0) && FltpPostApply(Operation, Callback, Status) == FltpStepSuspend) {
            return FltpStepSuspend;
        }
    } while ((Callback = FltpPostNext(Operation, &Context)) != NULL);
    return FltpStepEnd;
}

static VOID
FltpCancelSend(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = { .FileObject = FileObject, .StartDevice = Instance->Volume->FilterDevice,
        .RequestorMode = KernelMode, .FilterTarget = Instance };

    Request.Stack.MajorFunction = Major;
    IopRequest(&Request, &IoStatus);
}

/* What opened the file below the instance closes it again. */
static VOID
FltpOpenCancel(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    FileObject->Flags |= FO_FILE_OPEN_CANCELLED;
    atomic_store(&IOP_FILE_FROM(FileObject)->CleanupSent, 1);
    FltpCancelSend(Instance, FileObject, IRP_MJ_CLEANUP);
    FltpCancelSend(Instance, FileObject, IRP_MJ_CLOSE);
    FltpFileClosing(FileObject);
}

/* A faulting callback fails the operation: an open that had succeeded is undone, or nobody would ever close the file. */
static VOID
FltpPostFaulted(FLTP_OPERATION *Operation)
{
    const NTSTATUS Status = Operation->Data.IoStatus.Status;
    const PFILE_OBJECT FileObject = Operation->Objects.FileObject;

    if (Operation->Index == IRP_MJ_CREATE && FileObject != NULL && NT_SUCCESS(Status) && Status != STATUS_REPARSE &&
        !(FileObject->Flags & FO_FILE_OPEN_CANCELLED)) {
        FltpOpenCancel(Operation->Objects.Instance, FileObject);
    }
}

/* FltpStepEnd or FltpStepSuspend. */
FLTP_STEP
FltpPostWalk(FLTP_OPERATION *Operation)
{
    volatile FLTP_STEP Step = FltpStepEnd;
    const FLTP_CALLBACK *Callback;
    KI_DRIVER_CALL Call;
    PVOID Context = NULL;

    Operation->Phase = FltpPhasePost;
    Operation->Data.Flags |= FLTFL_CALLBACK_DATA_POST_OPERATION;
    while ((Callback = FltpPostNext(Operation, &Context)) != NULL) {
        FltpCallInitialize(&Call, Callback->Filter, FltpOperationName(Operation), "post");
        Call.Name = Operation->Objects.FileObject != NULL ? &Operation->Objects.FileObject->FileName : NULL;
        Call.File = Operation->Index != IRP_MJ_CLOSE ? Operation->Objects.FileObject : NULL;
        Call.Id = Operation->Id;
        NT_CALL_INLINE(&Call, Step = FltpPostWalkCalls(Operation, &Call, Callback, Context));
        if (!Call.Faulted) {
            if (Step == FltpStepSuspend) {
                return FltpStepSuspend;
            }
            break;
        }
        FltpFilterMarkDead(Operation->Objects.Filter);
        FltpPostFaulted(Operation);
        Operation->Data.IoStatus.Status = STATUS_DRIVER_INTERNAL_ERROR;
        Operation->Data.IoStatus.Information = 0;
    }
    FltpPostRestore(Operation, -1);
    return FltpStepEnd;
}

/* ---- draining (G-09, G-11) ---- */

/* Swapped buffers in use below, clean-up and close: not drained but waited for. */
static BOOLEAN
FltpDrainMustWait(const FLTP_OPERATION *Operation, PFLT_INSTANCE Instance)
{
    if (Operation->Iopb.MajorFunction == IRP_MJ_CLEANUP || Operation->Iopb.MajorFunction == IRP_MJ_CLOSE) {
        return TRUE;
    }
    for (const FLTP_SAVED *Saved = Operation->Saved; Saved != NULL; Saved = Saved->Next) {
        if (Saved->Instance == Instance && Saved->Swapped) {
            return TRUE;
        }
    }
    return FALSE;
}

static FLTP_NODE *
FltpDrainNode(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance, LONG *Index)
{
    for (ULONG i = 0; i < Operation->NodeCount; i++) {
        if (Operation->Nodes[i].Callback != NULL && Operation->Nodes[i].Callback->Instance == Instance) {
            *Index = (LONG)i;
            return &Operation->Nodes[i];
        }
    }
    return NULL;
}

/* Copy becomes what the node's callback may see; the node is taken. */
static VOID
FltpDrainTakeLocked(FLTP_OPERATION *Operation, FLTP_NODE *Node, LONG Index, FLTP_OPERATION *Copy, FLTP_NODE *Taken)
{
    *Taken = *Node;
    Node->Callback = NULL;
    memcpy((PVOID)&Copy->Data, &Operation->Data, sizeof(Copy->Data));
    Copy->Iopb = Operation->Shown;
    for (const FLTP_SAVED *Saved = Operation->Saved; Saved != NULL && Saved->Node >= Index; Saved = Saved->Next) {
        Copy->Iopb = Saved->Iopb;
    }
    FltpParametersKeep(Copy);
    *(PFLT_IO_PARAMETER_BLOCK *)&Copy->Data.Iopb = &Copy->Iopb;
    Copy->Data.Flags |= FLTFL_CALLBACK_DATA_POST_OPERATION | FLTFL_CALLBACK_DATA_DRAINING_IO;
    Copy->Data.IoStatus.Status = STATUS_FLT_POST_OPERATION_CLEANUP;
    Copy->Data.IoStatus.Information = 0;
    memset(Copy->Data.FilterContext, 0, sizeof(Copy->Data.FilterContext));
    Copy->Objects = Operation->Objects;
    Copy->Objects.FileObject = Copy->Iopb.TargetFileObject;
    Copy->Objects.Volume = Operation->Volume;
    Copy->DrainCopy = TRUE;
    Copy->Index = Operation->Index;
    Copy->Phase = FltpPhasePost;
    Copy->Volume = Operation->Volume;
    /* The operation may end and another detach reclaim the snapshot, which the node's callback lies in, before the copy is done with it. */
    Copy->Snapshot = Operation->Snapshot;
    atomic_fetch_add_explicit(&Copy->Snapshot->References, 1, memory_order_relaxed);
    Copy->Id = Operation->Id;
    if (Copy->Objects.FileObject != NULL) {
        ObpReference(Copy->Objects.FileObject);
    }
}

typedef enum FLTP_DRAIN { FltpDrainDone, FltpDrainTaken, FltpDrainBusy } FLTP_DRAIN;

static FLTP_DRAIN
FltpDrainOneLocked(PFLT_INSTANCE Instance, FLTP_OPERATION *Operation, FLTP_OPERATION *Copy, FLTP_NODE *Taken)
{
    LONG Index;

    if (!Operation->Suspended) {
        /* It may owe the instance something if it began before the instance was taken out. */
        return Operation->Snapshot == atomic_load(&Instance->Volume->Snapshot) || Operation->Thread == FltpThread()
            ? FltpDrainDone : FltpDrainBusy;
    }
    FLTP_NODE *Node = FltpDrainNode(Operation, Instance, &Index);
    if (Node == NULL) {
        return FltpDrainDone;
    }
    if (FltpDrainMustWait(Operation, Instance)) {
        return FltpDrainBusy;
    }
    FltpDrainTakeLocked(Operation, Node, Index, Copy, Taken);
    return FltpDrainTaken;
}

static FLTP_DRAIN
FltpDrainStep(PFLT_INSTANCE Instance, FLTP_OPERATION *Copy, FLTP_NODE *Taken)
{
    PFLT_VOLUME Volume = Instance->Volume;
    FLTP_DRAIN Result = FltpDrainDone;

    FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
    for (PLIST_ENTRY Entry = Volume->InFlight.Flink; Entry != &Volume->InFlight; Entry = Entry->Flink) {
        FLTP_OPERATION *Operation = CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks);
        const FLTP_DRAIN One = FltpDrainOneLocked(Instance, Operation, Copy, Taken);
        if (One == FltpDrainTaken) {
            Result = One;
            break;
        }
        Result = One == FltpDrainBusy ? One : Result;
    }
    FltpLockRelease(&Volume->FlightLock);
    return Result;
}

static VOID
FltpDrainCall(FLTP_OPERATION *Copy, const FLTP_NODE *Taken)
{
    const FLTP_CALLBACK *Callback = Taken->Callback;
    volatile FLT_POSTOP_CALLBACK_STATUS Status = FLT_POSTOP_FINISHED_PROCESSING;
    KI_DRIVER_CALL Call;

    FltpPostPrepare(Copy, Callback);
    FltpCounterAdd(&FltpCountersOf(Copy->Thread, Callback)->Majors[Copy->Index].Post);
    FltpCallInitialize(&Call, Callback->Filter, FltpMajorName(Copy->Iopb.MajorFunction), "draining post");
    Call.Routine = (const VOID *)Callback->Post;
    Call.Name = Copy->Objects.FileObject != NULL ? &Copy->Objects.FileObject->FileName : NULL;
    Call.Id = Copy->Id;
    NT_CALL(&Call, Status = Callback->Post(&Copy->Data, FltpObjectsOf(Copy), Taken->Context, FLTFL_POST_OPERATION_DRAINING));
    if (Call.Faulted) {
        FltpFilterMarkDead(Callback->Filter);
    } else if (Status != FLT_POSTOP_FINISHED_PROCESSING) {
        vf_report_evidence("K-24", "J-12", NULL, Callback->Filter->Owner, FLTP_RETURNED(Copy, Callback->Post),
            "a draining post-operation call of %s returned %d", FltpMajorName(Copy->Iopb.MajorFunction), (int)Status);
    }
    if (vf_on()) {
        vf_reference_drained(Callback->Owner, Taken->Context, Copy->Id);
    }
    if (Copy->Objects.FileObject != NULL) {
        ObDereferenceObject(Copy->Objects.FileObject);
    }
    FltpSnapshotDereference(Copy->Snapshot);
}

/* Operations with swapped buffers are cancelled, so that the wait is short. */
static VOID
FltpDrainCancel(PFLT_INSTANCE Instance)
{
    PFLT_VOLUME Volume = Instance->Volume;
    LONG Index;

    FltpLockAcquire(&Volume->FlightLock, FLTP_RANK_FLIGHT);
    for (PLIST_ENTRY Entry = Volume->InFlight.Flink; Entry != &Volume->InFlight; Entry = Entry->Flink) {
        FLTP_OPERATION *Operation = CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks);
        if (Operation->Suspended && Operation->Phase == FltpPhaseLower && FltpDrainNode(Operation, Instance, &Index) != NULL &&
            FltpDrainMustWait(Operation, Instance)) {
            Operation->Irp->Cancel = TRUE;
        }
    }
    FltpLockRelease(&Volume->FlightLock);
}

/* Takes every post-operation call that suspended operations owe the instance, and waits until no operation can owe it one. */
VOID
FltpOperationDrain(PFLT_INSTANCE Instance)
{
    static const _Atomic(uint32_t) Never = 0;
    FLTP_DRAIN Result;

    FltpDrainCancel(Instance);
    do {
        FLTP_OPERATION *Copy = FltpOperationAllocate(FltpThread());
        FLTP_NODE Taken = { 0 };
        if (Copy == NULL) {
            Result = FltpDrainBusy;
        } else {
            Result = FltpDrainStep(Instance, Copy, &Taken);
            if (Result == FltpDrainTaken) {
                FltpDrainCall(Copy, &Taken);
            }
            FltpOperationFree(Copy);
        }
        if (Result == FltpDrainBusy) {
            port_wait(&Never, 0, port_clock_monotonic() + 500000);
        }
    } while (Result != FltpDrainDone);
}

/* ---- cancelled opens (J-20) ---- */

static BOOLEAN
FltpInPostCreate(VOID)
{
    const struct vf_operation *Current = vf_operation_current();

    return Current != NULL && Current->operation != NULL && Current->phase != NULL &&
           strcmp(Current->operation, "IRP_MJ_CREATE") == 0 && strcmp(Current->phase, "post") == 0;
}

/* Windows: fltKernel.h, FltCancelFileOpen.  Differences: a wrong call is reported and does nothing. */
VOID FLTAPI
FltCancelFileOpen(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    if ((FileObject->Flags & FO_HANDLE_CREATED) || !FltpInPostCreate()) {
        vf_report("K-23", "J-20", "0xF5/0x6A", Instance->Filter->Owner, FileObject, "FltCancelFileOpen %s",
            FileObject->Flags & FO_HANDLE_CREATED ? "on a file object that has a handle" : "outside post-create");
        return;
    }
    FltpOpenCancel(Instance, FileObject);
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations on their way down: entry, pre-operation callbacks, the lower device.
 *
 * What nobody registered costs one bit test (FltpDispatch).  Everything else becomes an FLTP_OPERATION, which FltpOperationRun drives through
 * its steps; a step that a callback or the lower driver pends suspends the operation, and whoever resumes it drives it on.
 */
#include "fltmgr/control.h"
#include "fltmgr/transact.h"

/* ---- pre-operation callbacks ---- */

static inline VOID
FltpNodePush(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, PVOID Context)
{
    FLTP_NODE *Node = &Operation->Nodes[Operation->NodeCount++];

    Node->Callback = Callback;
    Node->Context = Context;
}

/* J-04: a completion context where none may be is lost; what it holds leaks. */
static VOID
FltpPreCheckContext(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context)
{
    static const char *const Names[] = { "FLT_PREOP_SUCCESS_WITH_CALLBACK", "FLT_PREOP_SUCCESS_NO_CALLBACK", "FLT_PREOP_PENDING",
        "FLT_PREOP_DISALLOW_FASTIO", "FLT_PREOP_COMPLETE", "FLT_PREOP_SYNCHRONIZE", "FLT_PREOP_DISALLOW_FSFILTER_IO" };
    struct vf_evidence Evidence;

    if (Context != NULL) {
        vf_evidence_at(Callback->Filter->Owner, Context, &Evidence);
        Evidence.routine = true;
        Evidence.stack = vf_stack_routine((const VOID *)Callback->Pre);
        vf_report_evidence("K-12", "J-04", NULL, Callback->Filter->Owner, &Evidence,
            "the pre-operation callback of %s set a CompletionContext but returned %s: what it points to is lost",
            FltpMajorName(Operation->Iopb.MajorFunction), (ULONG)Status < RTL_NUMBER_OF(Names) ? Names[Status] : "an unknown status");
    }
}

static FLTP_STEP
FltpPreComplete(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    const UCHAR Major = Operation->Iopb.MajorFunction;

    if ((Major == IRP_MJ_CLEANUP || Major == IRP_MJ_CLOSE) && !NT_SUCCESS(Operation->Data.IoStatus.Status)) {
        vf_report_evidence("K-25", "J-18", NULL, Callback->Filter->Owner, FLTP_RETURNED(Operation, Callback->Pre),
            "a pre-operation callback completed %s with status 0x%08X: it goes on", FltpMajorName(Major),
            (unsigned)Operation->Data.IoStatus.Status);
        Operation->Data.IoStatus.Status = STATUS_SUCCESS;
        return FltpStepNext;
    }
    if (Operation->Data.IoStatus.Status == STATUS_PENDING) {
        vf_report_evidence("K-25", "J-06", NULL, Callback->Filter->Owner, FLTP_RETURNED(Operation, Callback->Pre),
            "a pre-operation callback completed %s with STATUS_PENDING", FltpMajorName(Major));
        Operation->Data.IoStatus.Status = STATUS_UNSUCCESSFUL;
    }
    return FltpStepUp;
}

static FLTP_STEP
FltpPreFail(FLTP_OPERATION *Operation, NTSTATUS Status)
{
    Operation->Data.IoStatus.Status = Status;
    Operation->Data.IoStatus.Information = 0;
    return FltpStepUp;
}

/* The filter sent the operation to another volume: it goes on below the new instance. */
static FLTP_STEP
FltpPreRedirect(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, PFLT_INSTANCE Target)
{
    FLTP_SAVED *Saved = Operation->Saved;

    if (Target == NULL || Target->Filter != Callback->Filter || Operation->Irp == NULL ||
        Operation->Irp->CurrentLocation <= Target->Volume->LowerDevice->StackSize ||
        FltpAltitudeCompare(&Target->Altitude, &Callback->Instance->Altitude) != 0) {
        return FltpPreFail(Operation, STATUS_INVALID_DEVICE_REQUEST);
    }
    FltpOperationList(Operation);
    FltpLockAcquire(&Operation->Volume->FlightLock, FLTP_RANK_FLIGHT);
    RemoveEntryList(&Operation->FlightLinks);
    FltpLockRelease(&Operation->Volume->FlightLock);
    Saved->Snapshot = Operation->Snapshot;
    Saved->Volume = Operation->Volume;
    Saved->HeldNodes = Operation->NodeCount;
    for (ULONG i = 0; i < Operation->NodeCount; i++) {
        FltpCountAcquire(&Operation->Nodes[i].Callback->Instance->Outstanding);
    }
    Operation->Volume = Target->Volume;
    Operation->Objects.Volume = Target->Volume;
    Operation->Snapshot = FltpSlotEnter(Operation->Thread, Target->Volume);
    Operation->Flags &= ~FLTP_OP_LISTED;
    FltpOperationList(Operation);
    Operation->Callbacks = &Operation->Snapshot->Callbacks[Operation->Snapshot->Operations[Operation->Index].First];
    Operation->Count = Operation->Snapshot->Operations[Operation->Index].Count;
    Operation->Position = 0;
    const ULONG Rank = FltpSnapshotRank(Operation->Snapshot, Target);
    while (Operation->Position < Operation->Count && Operation->Callbacks[Operation->Position].Rank < Rank) {
        Operation->Position++;
    }
    return FltpOperationReserve(Operation, Operation->NodeCount + Operation->Count)
        ? FltpStepNext : FltpPreFail(Operation, STATUS_INSUFFICIENT_RESOURCES);
}

static FLTP_STEP
FltpPreDirty(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
    if (!FltpOperationSave(Operation, Callback->Instance, (LONG)Operation->NodeCount - 1)) {
        return FltpPreFail(Operation, STATUS_INSUFFICIENT_RESOURCES);
    }
    return Operation->Iopb.TargetInstance != Callback->Instance
        ? FltpPreRedirect(Operation, Callback, Operation->Iopb.TargetInstance) : FltpStepNext;
}

static FLTP_STEP
FltpPrePending(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    if (Operation->Irp == NULL) {
        vf_report_evidence("K-12", "J-07", NULL, Callback->Filter->Owner, FLTP_RETURNED(Operation, Callback->Pre),
            "a pre-operation callback pended %s, which has no IRP", FltpMajorName(Operation->Iopb.MajorFunction));
        return FltpPreFail(Operation, STATUS_INVALID_DEVICE_REQUEST);
    }
    FltpCountAcquire(&Callback->Instance->Outstanding);
    Operation->PendedBy = Callback->Instance;
    return FltpStepSuspend;
}

/* J-05: 0xF5/0x66. */
static VOID
FltpPreWithCallback(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context)
{
    if (Callback->Post == NULL) {
        vf_report_evidence("K-13", "J-05", "0xF5/0x66", Callback->Filter->Owner, FLTP_RETURNED(Operation, Callback->Pre),
            "the pre-operation callback of %s asked for a post-operation callback, but none is registered",
            FltpMajorName(Operation->Iopb.MajorFunction));
        FltpPreCheckContext(Operation, Callback, Status, Context);
        return;
    }
    FltpNodePush(Operation, Callback, Context);
    if (Status == FLT_PREOP_SYNCHRONIZE && Operation->Irp != NULL) {
        Operation->Flags |= FLTP_OP_SYNCHRONIZE;
    }
}

FLTP_STEP
FltpPreApply(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context)
{
    switch (Status) {
    case FLT_PREOP_SUCCESS_WITH_CALLBACK:
    case FLT_PREOP_SYNCHRONIZE:
        FltpPreWithCallback(Operation, Callback, Status, Context);
        break;
    case FLT_PREOP_PENDING:
        FltpPreCheckContext(Operation, Callback, Status, Context);
        return FltpPrePending(Operation, Callback);
    case FLT_PREOP_COMPLETE:
        FltpPreCheckContext(Operation, Callback, Status, Context);
        Operation->Data.Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
        if (FltpPreComplete(Operation, Callback) == FltpStepUp) {
            return FltpStepUp;
        }
        break;
    case FLT_PREOP_DISALLOW_FASTIO:
    case FLT_PREOP_DISALLOW_FSFILTER_IO:
        FltpPreCheckContext(Operation, Callback, Status, Context);
        if (Operation->Irp == NULL) {
            return FltpPreFail(Operation, Status == FLT_PREOP_DISALLOW_FASTIO ? STATUS_FLT_DISALLOW_FAST_IO : STATUS_FLT_DISALLOW_FSFILTER_IO);
        }
        break;
    default:
        FltpPreCheckContext(Operation, Callback, Status, Context);
        break;
    }
    return Operation->Data.Flags & FLTFL_CALLBACK_DATA_DIRTY ? FltpPreDirty(Operation, Callback) : FltpStepNext;
}

static inline VOID
FltpPrePrepare(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    const PFLT_INSTANCE Instance = Callback->Instance;

    Operation->Objects.Filter = Callback->Filter;
    Operation->Objects.Instance = Instance;
    FltpParametersUndo(Operation);
    Operation->Iopb.TargetInstance = Instance;
}

/* The usual answers.  FALSE: FltpPreApply knows what it means. */
static inline BOOLEAN
FltpPreAnswered(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context)
{
    if (__builtin_expect(Operation->Data.Flags & FLTFL_CALLBACK_DATA_DIRTY, 0)) {
        return FALSE;
    }
    if (Status == FLT_PREOP_SUCCESS_WITH_CALLBACK && Callback->Post != NULL) {
        FltpNodePush(Operation, Callback, Context);
        return TRUE;
    }
    return Status == FLT_PREOP_SUCCESS_NO_CALLBACK && Context == NULL;
}

/* The filter is exempt or going, or it has no pre-operation callback (J-02). */
static VOID __attribute__((noinline))
FltpPreNotCalled(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback)
{
    if (!(Callback->Flags & Operation->SkipMask) && FltpCallbackState(Callback) == FLTP_CALLBACK_NO_PRE) {
        FltpNodePush(Operation, Callback, NULL);
    }
}

/* Runs inside the walk's driver-call frame; of its own, so that its variables need not survive a fault. */
static FLTP_STEP __attribute__((noinline))
FltpPreWalkCalls(FLTP_OPERATION *Operation, KI_DRIVER_CALL *Call)
{
    const FLTP_CALLBACK *Callback = &Operation->Callbacks[Operation->Position];
    const FLTP_CALLBACK *End = &Operation->Callbacks[Operation->Count];
    /* Nothing that runs in between changes these. */
    FLTP_THREAD *const Thread = Operation->Thread;
    const PKTHREAD Current = KiThread;
    const ULONGLONG SkipMask = Operation->SkipMask;
    const ULONG Index = Operation->Index;
    PVOID Context;

    for (; Callback < End; Callback++) {
        Operation->Position++;
        if (__builtin_expect((atomic_load_explicit(&Callback->FlagsAndState, memory_order_acquire) & SkipMask) != 0, 0)) {
            FltpPreNotCalled(Operation, Callback);
            continue;
        }
        FltpPrePrepare(Operation, Callback);
        FltpCounterAdd(&FltpCountersOf(Thread, Callback)->Majors[Index].Pre);
        KiDriverCallMove(Call, Current, Callback->Owner, (const VOID *)Callback->Pre);
        Context = NULL;
        const FLT_PREOP_CALLBACK_STATUS Status = Callback->Pre(&Operation->Data, FltpObjectsOf(Operation), &Context);
        if (__builtin_expect(!FltpPreAnswered(Operation, Callback, Status, Context), 0)) {
            const FLTP_STEP Step = FltpPreApply(Operation, Callback, Status, Context);
            if (Step != FltpStepNext) {
                return Step;
            }
            /* It may go on at another volume. */
            Callback = &Operation->Callbacks[Operation->Position] - 1;
            End = &Operation->Callbacks[Operation->Count];
        }
    }
    return FltpStepDown;
}

/* Nobody will be called: no frame is needed. */
static BOOLEAN
FltpPreWalkIsEmpty(FLTP_OPERATION *Operation)
{
    while (Operation->Position < Operation->Count) {
        const FLTP_CALLBACK *Callback = &Operation->Callbacks[Operation->Position];
        if (!(Callback->Flags & Operation->SkipMask) && (FltpCallbackState(Callback) & ~FLTP_CALLBACK_NO_PRE) == 0) {
            return FALSE;
        }
        Operation->Position++;
    }
    return TRUE;
}

FLTP_STEP
FltpPreWalk(FLTP_OPERATION *Operation)
{
    volatile FLTP_STEP Step = FltpStepDown;
    KI_DRIVER_CALL Call;

    if (FltpPreWalkIsEmpty(Operation)) {
        return FltpStepDown;
    }
    FltpCallInitialize(&Call, Operation->Callbacks[Operation->Position].Filter, FltpOperationName(Operation), "pre");
    Call.Name = Operation->Objects.FileObject != NULL ? &Operation->Objects.FileObject->FileName : NULL;
    Call.File = Operation->Objects.FileObject;
    Call.Id = Operation->Id;
    NT_CALL_INLINE(&Call, Step = FltpPreWalkCalls(Operation, &Call));
    if (!Call.Faulted) {
        return Step;
    }
    FltpFilterMarkDead(Operation->Callbacks[Operation->Position - 1].Filter);
    return FltpPreFail(Operation, STATUS_DRIVER_INTERNAL_ERROR);
}

/* ---- the lower device ---- */

/* Whoever completes in the thread that called down leaves the rest to it; another thread resumes. */
static NTSTATUS
FltpCompletion(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    FLTP_OPERATION *Operation = Context;

    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    if (Operation->Thread == FltpThread() && (Operation->Flags & FLTP_OP_IN_LOWER)) {
        atomic_store_explicit(&Operation->Handoff, FltpResumed, memory_order_relaxed);
    } else if (FltpOperationResume(Operation)) {
        FltpOperationContinue(Operation);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* Nothing is left to do here when it completes: our stack location goes to the lower driver. */
static NTSTATUS
FltpOperationSkip(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;
    PDEVICE_OBJECT Lower = Operation->Volume->LowerDevice;
    const BOOLEAN Pending = (Operation->Flags & FLTP_OP_MARKED_PENDING) != 0;

    FltpOperationRelease(Operation);
    IoSkipCurrentIrpStackLocation(Irp);
    const NTSTATUS Status = IofCallDriver(Lower, Irp);
    return Pending ? STATUS_PENDING : Status;
}

/* FltpStepUp: completed.  FltpStepSuspend: it will be resumed. */
static FLTP_STEP
FltpOperationCallLower(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;

    Operation->Phase = FltpPhaseLower;
    IoCopyCurrentIrpStackLocationToNext(Irp);
    if (Operation->Saved != NULL) {
        FltpParametersUndo(Operation);
        FltpParametersToNext(Operation);
    }
    IoSetCompletionRoutine(Irp, FltpCompletion, Operation, TRUE, TRUE, TRUE);
    Operation->Flags |= FLTP_OP_IN_LOWER;
    NTSTATUS Status = IofCallDriver(Operation->Volume->LowerDevice, Irp);
    Operation->Flags &= ~FLTP_OP_IN_LOWER;
    if (Operation->StatusRequests != NULL) {
        FltpStatusRequestsRun(Operation, Status);
    }
    if (atomic_load_explicit(&Operation->Handoff, memory_order_acquire) != FltpResumed && FltpOperationSuspend(Operation)) {
        return FltpStepSuspend;
    }
    atomic_store_explicit(&Operation->Handoff, FltpRunning, memory_order_relaxed);
    return FltpStepUp;
}

static BOOLEAN
FltpOperationNeedsCompletion(const FLTP_OPERATION *Operation)
{
    return Operation->NodeCount != 0 || Operation->Saved != NULL || Operation->StatusRequests != NULL || Operation->LockedMdl != NULL ||
           (atomic_load_explicit(&Operation->Volume->Forced, memory_order_relaxed) & (1ull << Operation->Index)) != 0;
}

/* ---- steps ---- */

/* The IRP's result becomes that of the callback data. */
static VOID
FltpOperationCompleted(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;

    if (Operation->Saved != NULL) {
        FltpParametersRestoreIrp(Operation);
    }
    Operation->Data.IoStatus = Irp->IoStatus;
    if (Irp->IoStatus.Status == STATUS_REPARSE && Operation->Index == IRP_MJ_CREATE) {
        Operation->Data.TagData = (PFLT_TAG_DATA_BUFFER)Irp->Tail.Overlay.AuxiliaryBuffer;
    }
}

static NTSTATUS
FltpOperationEnd(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;
    const NTSTATUS Status = Operation->Data.IoStatus.Status;
    const BOOLEAN Pending = (Operation->Flags & FLTP_OP_MARKED_PENDING) != 0;

    Operation->Phase = FltpPhaseDone;
    Irp->IoStatus = Operation->Data.IoStatus;
    if (Operation->LockedMdl != NULL) {
        Irp->MdlAddress = Irp->MdlAddress == Operation->LockedMdl ? NULL : Irp->MdlAddress;
        MmUnlockPages(Operation->LockedMdl);
        IoFreeMdl(Operation->LockedMdl);
    }
    if (NT_SUCCESS(Status) && (atomic_load_explicit(&Operation->Volume->Forced, memory_order_relaxed) & (1ull << Operation->Index))) {
        FltpNamesChanged(Operation->Volume, &Operation->Shown);
    }
    FltpOperationRelease(Operation);
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Pending ? STATUS_PENDING : Status;
}

/* After a suspended callback was resumed. */
FLTP_STEP
FltpOperationAfterPend(FLTP_OPERATION *Operation)
{
    PFLT_INSTANCE PendedBy = Operation->PendedBy;
    FLTP_STEP Step;

    Operation->PendedBy = NULL;
    if (Operation->Phase == FltpPhasePre) {
        Step = FltpPreApply(Operation, &Operation->Callbacks[Operation->Position - 1], Operation->ResumeStatus, Operation->ResumeContext);
        FltpCountRelease(&PendedBy->Outstanding);
        return Step == FltpStepNext ? FltpPreWalk(Operation) : Step;
    }
    FltpCountRelease(&PendedBy->Outstanding);
    return FltpPostWalk(Operation);
}

/* Drives the operation from Step on.  STATUS_PENDING: it is suspended, or was marked pending on its way. */
NTSTATUS
FltpOperationRun(FLTP_OPERATION *Operation, FLTP_STEP Step)
{
    for (;;) {
        switch (Step) {
        case FltpStepDown:
            if (__builtin_expect(atomic_load_explicit(&Operation->Volume->Scanned, memory_order_relaxed) != 0, 0)) {
                FltpParametersUndo(Operation);
                FltpScanConflicts(Operation);
            }
            if (Operation->Index == IRP_MJ_CLOSE && Operation->Volume == Operation->Volume->Base) {
                FltpFileClosing(Operation->Shown.TargetFileObject);
            }
            if (!FltpOperationNeedsCompletion(Operation)) {
                return FltpOperationSkip(Operation);
            }
            Step = FltpOperationCallLower(Operation);
            if (Step == FltpStepSuspend) {
                return STATUS_PENDING;
            }
            FltpOperationCompleted(Operation);
            Step = FltpPostWalk(Operation);
            break;
        case FltpStepUp:
            if (Operation->Index == IRP_MJ_CLOSE) {
                FltpFileClosing(Operation->Shown.TargetFileObject);
            }
            Step = FltpPostWalk(Operation);
            break;
        case FltpStepSuspend:
            if (FltpOperationSuspend(Operation)) {
                return STATUS_PENDING;
            }
            Step = FltpOperationAfterPend(Operation);
            break;
        default:
            return FltpOperationEnd(Operation);
        }
    }
}

VOID
FltpOperationContinue(FLTP_OPERATION *Operation)
{
    if (Operation->Phase == FltpPhaseLower) {
        FltpOperationCompleted(Operation);
        FltpOperationRun(Operation, FltpPostWalk(Operation));
    } else {
        FltpOperationRun(Operation, FltpOperationAfterPend(Operation));
    }
}

/* ---- entry ---- */

/* J-24: which registration flags exempt a filter from this operation. */
static ULONGLONG
FltpSkipMask(UCHAR Major, ULONG IrpFlags, PFILE_OBJECT FileObject)
{
    const ULONGLONG Mask =
        FLTP_SKIP_STATE | (FileObject != NULL && !(FileObject->Flags & FO_VOLUME_OPEN) ? FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO : 0);

    if (Major != IRP_MJ_READ && Major != IRP_MJ_WRITE) {
        return Mask;
    }
    if (IrpFlags & IRP_PAGING_IO) {
        return Mask | FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO;
    }
    return Mask | (IrpFlags & IRP_NOCACHE ? FLTFL_OPERATION_REGISTRATION_SKIP_NON_CACHED_NON_PAGING_IO
                                          : FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO);
}

/* The instance the operation enters below: kept in mind with the file object, for its later operations (fltp.h, FLTP_FILE.Opener). */
VOID
FltpRememberOpener(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    FLTP_FILE *File = FltpFileOf(FileObject, TRUE);
    PFLT_INSTANCE Expected = NULL;

    if (File == NULL) {
        return;
    }
    atomic_fetch_add(&Instance->Memory, 1);
    if (!atomic_compare_exchange_strong(&File->Opener, &Expected, Instance)) {
        FltpInstanceMemoryRelease(Instance);
    }
}

static VOID
FltpOperationEnterBelow(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance)
{
    Operation->Flags |= FLTP_OP_GENERATED;
    Operation->Data.Flags |= FLTFL_CALLBACK_DATA_GENERATED_IO;
    if (Operation->Volume != Instance->Volume) {
        return;                                /* it comes from a higher frame: all of this one is below */
    }
    const ULONG Rank = FltpSnapshotRank(Operation->Snapshot, Instance);
    while (Operation->Position < Operation->Count && Operation->Callbacks[Operation->Position].Rank < Rank) {
        Operation->Position++;
    }
    if (Operation->Index == IRP_MJ_CREATE) {
        FltpRememberOpener(Operation->Shown.TargetFileObject, Instance);
    }
}

static VOID
FltpOperationFill(FLTP_OPERATION *Operation, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    Operation->Irp = Irp;
    Operation->Stack = Stack;
    Operation->Id = Extension != NULL ? Extension->OperationId : 0;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_IRP_OPERATION | FltpParametersFromIrp(Operation, &Operation->Shown);
    *(PETHREAD *)&Operation->Data.Thread = Irp->Tail.Overlay.Thread;
    Operation->Data.RequestorMode = Irp->RequestorMode;
    Operation->Objects.Size = sizeof(FLT_RELATED_OBJECTS);
    Operation->Objects.Volume = Operation->Volume;
    Operation->Objects.FileObject = Stack->FileObject;
    if (Stack->FileObject != NULL && IopFileIsOurs(Stack->FileObject)) {
        const TXN_PARAMETER_BLOCK *Transaction = &IOP_FILE_FROM(Stack->FileObject)->Transaction;
        Operation->Objects.Transaction = Transaction->TransactionObject;
        Operation->Objects.TransactionContext = Transaction->TxFsContext;
    }
    Operation->SkipMask = FltpSkipMask(Stack->MajorFunction, Irp->Flags, Stack->FileObject);
    if (Stack->MajorFunction == IRP_MJ_CREATE) {
        Operation->Flags |= FLTP_OP_SYNCHRONIZE;
    }
    if (Extension != NULL && Extension->FilterTarget != NULL) {
        FltpOperationEnterBelow(Operation, Extension->FilterTarget);
    }
}

static NTSTATUS
FltpDispatchPass(PFLT_VOLUME Volume, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IofCallDriver(Volume->LowerDevice, Irp);
}

static NTSTATUS
FltpDispatchFail(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS __attribute__((noinline))
FltpDispatchObserved(PFLT_VOLUME Volume, PIRP Irp, PIO_STACK_LOCATION Stack, ULONG Index)
{
    if (__builtin_expect(atomic_load_explicit(&Volume->SetupOwed, memory_order_acquire) != 0, 0)) {
        FltpVolumeSetup(Volume, Irp->RequestorMode == UserMode);
    }
    FLTP_THREAD *Thread = FltpThread();
    FLTP_SNAPSHOT *Snapshot = FltpSlotEnter(Thread, Volume);
    FLTP_OPERATION *Operation = FltpOperationAllocateBare(Thread);
    if (Operation == NULL || !FltpOperationReserve(Operation, Snapshot->Operations[Index].Count)) {
        if (Operation != NULL) {
            FltpOperationFree(Operation);
        }
        FltpSlotLeave(Thread, Snapshot);
        return FltpDispatchFail(Irp, STATUS_INSUFFICIENT_RESOURCES);
    }
    Operation->Index = (UCHAR)Index;
    Operation->Volume = Volume;
    Operation->Snapshot = Snapshot;
    Operation->Callbacks = &Snapshot->Callbacks[Snapshot->Operations[Index].First];
    Operation->Count = Snapshot->Operations[Index].Count;
    FltpOperationFill(Operation, Irp, Stack);
    return FltpOperationRun(Operation, FltpPreWalk(Operation));
}

NTSTATUS
FltpDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFLT_VOLUME Volume = *(PFLT_VOLUME *)Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG Index = Stack->MajorFunction;

    if (Volume == NULL) {
        return FltpDispatchControl(Device, Irp);
    }
    if (!(atomic_load_explicit(&Volume->Interest, memory_order_relaxed) & (1ull << Index)) &&
        !(Index == IRP_MJ_CLOSE && FltpFileOf(Stack->FileObject, FALSE) != NULL)) {
        return FltpDispatchPass(Volume, Irp);
    }
    return FltpDispatchObserved(Volume, Irp, Stack, Index);
}

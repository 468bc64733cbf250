/* SPDX-License-Identifier: MIT */
/*
 * Callback data queues.  The filter supplies the queue and its lock; cancellation is settled by the IRP's cancel routine: whoever takes it
 * off (IoSetCancelRoutine returns it) owns the operation.
 *
 * While queued, the IRP's DriverContext holds: [0] operation, [1] queue, [2] the caller's FLT_CALLBACK_DATA_QUEUE_IO_CONTEXT.
 */
#include "fltmgr/fltp.h"

#define FLTP_CBDQ_DISABLED 1

static VOID
FltpCbdqAcquire(PFLT_CALLBACK_DATA_QUEUE Cbdq, PKIRQL Irql)
{
    *Irql = KeGetCurrentIrql();
    Cbdq->Acquire(Cbdq, Irql);
}

/* Windows: fltKernel.h, FltCbdqInitialize.  Differences: none. */
NTSTATUS FLTAPI
FltCbdqInitialize(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA_QUEUE_INSERT_IO CbdqInsertIo,
    PFLT_CALLBACK_DATA_QUEUE_REMOVE_IO CbdqRemoveIo, PFLT_CALLBACK_DATA_QUEUE_PEEK_NEXT_IO CbdqPeekNextIo,
    PFLT_CALLBACK_DATA_QUEUE_ACQUIRE CbdqAcquire, PFLT_CALLBACK_DATA_QUEUE_RELEASE CbdqRelease,
    PFLT_CALLBACK_DATA_QUEUE_COMPLETE_CANCELED_IO CbdqCompleteCanceledIo)
{
    memset(Cbdq, 0, sizeof(*Cbdq));
    Cbdq->Instance = Instance;
    Cbdq->InsertIo = CbdqInsertIo;
    Cbdq->RemoveIo = CbdqRemoveIo;
    Cbdq->PeekNextIo = CbdqPeekNextIo;
    Cbdq->Acquire = CbdqAcquire;
    Cbdq->Release = CbdqRelease;
    Cbdq->CompleteCanceledIo = CbdqCompleteCanceledIo;
    return STATUS_SUCCESS;
}

static VOID
FltpCbdqForget(PIRP Irp)
{
    PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Context = Irp->Tail.Overlay.DriverContext[2];

    if (Context != NULL) {
        Context->Irp = NULL;
        Irp->Tail.Overlay.DriverContext[2] = NULL;
    }
}

static VOID
FltpCbdqCancelCall(PFLT_CALLBACK_DATA_QUEUE Cbdq, FLTP_OPERATION *Operation, PIRP Irp)
{
    KIRQL Irql;

    FltpCbdqAcquire(Cbdq, &Irql);
    FltpCbdqForget(Irp);
    Cbdq->RemoveIo(Cbdq, &Operation->Data);
    Cbdq->Release(Cbdq, Irql);
    Cbdq->CompleteCanceledIo(Cbdq, &Operation->Data);
}

static VOID
FltpCbdqCancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    FLTP_OPERATION *Operation = Irp->Tail.Overlay.DriverContext[0];
    PFLT_CALLBACK_DATA_QUEUE Cbdq = Irp->Tail.Overlay.DriverContext[1];
    KI_DRIVER_CALL Call;

    UNREFERENCED_PARAMETER(Device);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    if (FltpCancelOfDead(Operation)) {
        return;
    }
    PFLT_FILTER Filter = Cbdq->Instance->Filter;
    FltpCallInitialize(&Call, Filter, NULL, "cancel");
    NT_CALL(&Call, FltpCbdqCancelCall(Cbdq, Operation, Irp));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
}

/* Windows: fltKernel.h, FltCbdqInsertIo.  Differences: none. */
NTSTATUS FLTAPI
FltCbdqInsertIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd, PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Context, PVOID InsertContext)
{
    FLTP_OPERATION *Operation = FltpOperationOf(Cbd);
    PIRP Irp = Operation->Irp;
    KIRQL Irql;

    if (Irp == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpCbdqAcquire(Cbdq, &Irql);
    NTSTATUS Status = STATUS_FLT_CBDQ_DISABLED;
    if ((int)Cbdq->Flags != FLTP_CBDQ_DISABLED) {
        Irp->Tail.Overlay.DriverContext[0] = Operation;
        Irp->Tail.Overlay.DriverContext[1] = Cbdq;
        Irp->Tail.Overlay.DriverContext[2] = Context;
        Status = Cbdq->InsertIo(Cbdq, Cbd, InsertContext);
    }
    if (!NT_SUCCESS(Status)) {
        Cbdq->Release(Cbdq, Irql);
        return Status;
    }
    if (Context != NULL) {
        Context->Type = IO_TYPE_CSQ_IRP_CONTEXT;
        Context->Irp = Irp;
        Context->Csq = &Cbdq->Csq;
    }
    atomic_store(&Operation->CancelArmed, TRUE);
    IoSetCancelRoutine(Irp, FltpCbdqCancel);
    const BOOLEAN Canceled = Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL;
    if (Canceled) {
        FltpCbdqForget(Irp);
        atomic_store(&Operation->CancelArmed, FALSE);
        Cbdq->RemoveIo(Cbdq, Cbd);
    }
    Cbdq->Release(Cbdq, Irql);
    if (Canceled) {
        Cbdq->CompleteCanceledIo(Cbdq, Cbd);
    }
    return Status;
}

/* Windows: fltKernel.h, FltCbdqRemoveIo.  Differences: none. */
PFLT_CALLBACK_DATA FLTAPI
FltCbdqRemoveIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Context)
{
    PFLT_CALLBACK_DATA Data = NULL;
    KIRQL Irql;

    FltpCbdqAcquire(Cbdq, &Irql);
    PIRP Irp = Context->Irp;
    if (Irp != NULL && IoSetCancelRoutine(Irp, NULL) != NULL) {
        Data = &((FLTP_OPERATION *)Irp->Tail.Overlay.DriverContext[0])->Data;
        FltpCbdqForget(Irp);
        atomic_store(&FltpOperationOf(Data)->CancelArmed, FALSE);
        Cbdq->RemoveIo(Cbdq, Data);
    }
    Cbdq->Release(Cbdq, Irql);
    return Data;
}

/* Windows: fltKernel.h, FltCbdqRemoveNextIo.  Differences: none. */
PFLT_CALLBACK_DATA FLTAPI
FltCbdqRemoveNextIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PVOID PeekContext)
{
    KIRQL Irql;

    FltpCbdqAcquire(Cbdq, &Irql);
    PFLT_CALLBACK_DATA Data = Cbdq->PeekNextIo(Cbdq, NULL, PeekContext);
    /* One whose cancel routine is gone is being cancelled: the routine waits for the lock. */
    while (Data != NULL && IoSetCancelRoutine(FltpOperationOf(Data)->Irp, NULL) == NULL) {
        Data = Cbdq->PeekNextIo(Cbdq, Data, PeekContext);
    }
    if (Data != NULL) {
        FltpCbdqForget(FltpOperationOf(Data)->Irp);
        atomic_store(&FltpOperationOf(Data)->CancelArmed, FALSE);
        Cbdq->RemoveIo(Cbdq, Data);
    }
    Cbdq->Release(Cbdq, Irql);
    return Data;
}

static VOID
FltpCbdqSetFlag(PFLT_CALLBACK_DATA_QUEUE Cbdq, int Flag)
{
    KIRQL Irql;

    FltpCbdqAcquire(Cbdq, &Irql);
    Cbdq->Flags = (FLT_CALLBACK_DATA_QUEUE_FLAGS)Flag;
    Cbdq->Release(Cbdq, Irql);
}

/* Windows: fltKernel.h, FltCbdqDisable.  Differences: none. */
VOID FLTAPI
FltCbdqDisable(PFLT_CALLBACK_DATA_QUEUE Cbdq)
{
    FltpCbdqSetFlag(Cbdq, FLTP_CBDQ_DISABLED);
}

/* Windows: fltKernel.h, FltCbdqEnable.  Differences: none. */
VOID FLTAPI
FltCbdqEnable(PFLT_CALLBACK_DATA_QUEUE Cbdq)
{
    FltpCbdqSetFlag(Cbdq, 0);
}

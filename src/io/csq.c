/* SPDX-License-Identifier: MIT */
/*
 * Cancel-safe queues.  The framework's cancel routine is set while the driver's lock is held; who takes the routine off the IRP
 * (IoSetCancelRoutine returns it) owns the IRP: a remover, or the cancel routine, never both.
 * Irp->Tail.Overlay.DriverContext[3] points to the queue or, for inserts with one, to the IRP context, as documented.
 */
#include "io/iopp.h"

/* Windows: wdm.h, IoCsqInitialize.  Differences: none. */
NTSTATUS
IoCsqInitialize(
    PIO_CSQ Csq,
    PIO_CSQ_INSERT_IRP CsqInsertIrp,
    PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
    PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
    PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
    PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    Csq->Type = IO_TYPE_CSQ;
    Csq->CsqInsertIrp = CsqInsertIrp;
    Csq->CsqRemoveIrp = CsqRemoveIrp;
    Csq->CsqPeekNextIrp = CsqPeekNextIrp;
    Csq->CsqAcquireLock = CsqAcquireLock;
    Csq->CsqReleaseLock = CsqReleaseLock;
    Csq->CsqCompleteCanceledIrp = CsqCompleteCanceledIrp;
    Csq->ReservePointer = NULL;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, IoCsqInitializeEx.  Differences: none. */
NTSTATUS
IoCsqInitializeEx(
    PIO_CSQ Csq,
    PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
    PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
    PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
    PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
    PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
    PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    IoCsqInitialize(
        Csq, (PIO_CSQ_INSERT_IRP)(ULONG_PTR)CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock,
        CsqCompleteCanceledIrp);
    Csq->Type = IO_TYPE_CSQ_EX;
    return STATUS_SUCCESS;
}

static VOID
IopCsqCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_CSQ Csq = Irp->Tail.Overlay.DriverContext[3];
    KIRQL Irql;

    UNREFERENCED_PARAMETER(DeviceObject);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    if (Csq->Type == IO_TYPE_CSQ_IRP_CONTEXT) {
        PIO_CSQ_IRP_CONTEXT Context = (PIO_CSQ_IRP_CONTEXT)Csq;
        Csq = Context->Csq;
        Csq->CsqAcquireLock(Csq, &Irql);
        Context->Irp = NULL;                   /* IoCsqRemoveIrp finds it gone */
    } else {
        Csq->CsqAcquireLock(Csq, &Irql);
    }
    Csq->CsqRemoveIrp(Csq, Irp);
    Csq->CsqReleaseLock(Csq, Irql);
    Csq->CsqCompleteCanceledIrp(Csq, Irp);
}

/* Windows: wdm.h, IoCsqInsertIrpEx.  Differences: none. */
NTSTATUS
IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext)
{
    NTSTATUS Status = STATUS_SUCCESS;
    KIRQL Irql;

    if (Context != NULL) {
        Irp->Tail.Overlay.DriverContext[3] = Context;
        Context->Type = IO_TYPE_CSQ_IRP_CONTEXT;
        Context->Irp = Irp;
        Context->Csq = Csq;
    } else {
        Irp->Tail.Overlay.DriverContext[3] = Csq;
    }
    Csq->CsqAcquireLock(Csq, &Irql);
    Csq->ReservePointer = NULL;
    if (Csq->Type == IO_TYPE_CSQ_EX) {
        Status = ((PIO_CSQ_INSERT_IRP_EX)(ULONG_PTR)Csq->CsqInsertIrp)(Csq, Irp, InsertContext);
    } else {
        Csq->CsqInsertIrp(Csq, Irp);
    }
    if (!NT_SUCCESS(Status)) {
        if (Context != NULL) {
            Context->Irp = NULL;
        }
        Irp->Tail.Overlay.DriverContext[3] = NULL;
        Csq->CsqReleaseLock(Csq, Irql);
        return Status;
    }
    IoMarkIrpPending(Irp);
    IoSetCancelRoutine(Irp, IopCsqCancel);
    if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) && IoSetCancelRoutine(Irp, NULL) != NULL) {
        /* Cancelled before the routine was set, and nobody will call it. */
        Csq->CsqRemoveIrp(Csq, Irp);
        if (Context != NULL) {
            Context->Irp = NULL;
        }
        Csq->CsqReleaseLock(Csq, Irql);
        Csq->CsqCompleteCanceledIrp(Csq, Irp);
        return Status;
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Status;
}

/* Windows: wdm.h, IoCsqInsertIrp.  Differences: none. */
VOID
IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
    IoCsqInsertIrpEx(Csq, Irp, Context, NULL);
}

/* Windows: wdm.h, IoCsqRemoveIrp.  Differences: none. */
PIRP
IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
    PIRP Irp;
    KIRQL Irql;

    Csq->CsqAcquireLock(Csq, &Irql);
    Irp = Context->Irp;
    if (Irp != NULL && IoSetCancelRoutine(Irp, NULL) == NULL) {
        Irp = NULL;                            /* the cancel routine has it */
    }
    if (Irp != NULL) {
        Context->Irp = NULL;
        Irp->Tail.Overlay.DriverContext[3] = NULL;
        Csq->CsqRemoveIrp(Csq, Irp);
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Irp;
}

/* Windows: wdm.h, IoCsqRemoveNextIrp.  Differences: none. */
PIRP
IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
    PIRP Irp = NULL;
    KIRQL Irql;

    Csq->CsqAcquireLock(Csq, &Irql);
    while ((Irp = Csq->CsqPeekNextIrp(Csq, Irp, PeekContext)) != NULL) {
        if (IoSetCancelRoutine(Irp, NULL) == NULL) {
            continue;                          /* being cancelled: look behind it */
        }
        PIO_CSQ_IRP_CONTEXT Context = Irp->Tail.Overlay.DriverContext[3];
        Csq->CsqRemoveIrp(Csq, Irp);
        if (Context->Type == IO_TYPE_CSQ_IRP_CONTEXT) {
            Context->Irp = NULL;
        }
        Irp->Tail.Overlay.DriverContext[3] = NULL;
        break;
    }
    Csq->CsqReleaseLock(Csq, Irql);
    return Irp;
}

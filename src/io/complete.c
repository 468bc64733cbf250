/* SPDX-License-Identifier: MIT */
/*
 * IofCompleteRequest: the walk from the location of the completing driver up to the top, and what the I/O manager does there.
 *
 * At location n the routine stored in n was put there by the driver of location n + 1; it is called with that driver's
 * device (NULL at the top).  STATUS_MORE_PROCESSING_REQUIRED ends the walk; completing the IRP again resumes it one location up.
 */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

/* ---- one completion routine ---- */

static NTSTATUS
IopCompletionForeign(IOP_DRIVER *Driver, vf_owner *Owner, PIO_COMPLETION_ROUTINE Routine, PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    volatile NTSTATUS Status = STATUS_SUCCESS;
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    KI_DRIVER_CALL Call = {.Owner = Owner, .Phase = "completion", .Routine = (const VOID *)Routine, .Id = Extension != NULL ? Extension->OperationId : 0};

    if (Driver != NULL && !IopDriverEnter(Driver, IOP_DRIVER_LEAVING)) {
        if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount) {
            IoMarkIrpPending(Irp);
        }
        return STATUS_SUCCESS;
    }
    if (Driver != NULL && Driver->Counts != NULL) {
        atomic_fetch_add_explicit(&Driver->Counts[port_thread_id() % IOP_COUNT_ROWS].Completion, 1, memory_order_relaxed);
    }
    NT_CALL(&Call, Status = Routine(Device, Irp, Context));
    if (Driver != NULL) {
        IopDriverLeave(Driver);
    }
    if (!Call.Faulted) {
        return Status;
    }
    if (Driver != NULL) {
        atomic_store_explicit(&Driver->Dead, 1, memory_order_release);
    }
    if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
IopCompletionCall(PIO_COMPLETION_ROUTINE Routine, PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    if (Device != NULL) {
        IOP_DRIVER *Driver = IOP_DRIVER_FROM(Device->DriverObject);
        if (Driver->Runtime) {
            return Routine(Device, Irp, Context);
        }
        return IopCompletionForeign(Driver, Driver->Owner, Routine, Device, Irp, Context);
    }
    /* The IRP's maker set it: ours or a driver's, only the address tells. */
    const struct port_module *Module = port_module_find((uintptr_t)Routine);
    if (Module == NULL) {
        return Routine(Device, Irp, Context);
    }
    return IopCompletionForeign(NULL, Module->owner, Routine, Device, Irp, Context);
}

/* A location is used once: whoever resubmits the IRP must not find an old routine. */
static VOID
IopLocationClear(PIO_STACK_LOCATION Stack)
{
    Stack->MinorFunction = 0;
    Stack->Flags = 0;
    Stack->Control &= SL_ERROR_RETURNED;
    memset(&Stack->Parameters, 0, sizeof(Stack->Parameters));
    Stack->FileObject = NULL;
    Stack->CompletionRoutine = NULL;
    Stack->Context = NULL;
}

/* The routine let the completion go on: then its location must be pending as the one below was. */
static VOID
IopCompleteCheckPending(PIRP Irp, PDRIVER_OBJECT Driver, PIO_COMPLETION_ROUTINE Routine)
{
    const uintptr_t Place = (uintptr_t)Routine + 1;

    if (!IopDriverIsRuntime(Driver) && Irp->CurrentLocation <= Irp->StackCount &&
        (IoGetCurrentIrpStackLocation(Irp)->Control & SL_PENDING_RETURNED) == 0) {
        vf_report_stack("IO-19", NULL, NULL, IOP_DRIVER_FROM(Driver)->Owner, NULL, vf_stack_intern(&Place, 1),
            "a completion routine of %s did not mark the IRP pending although Irp->PendingReturned is set",
            IopMajorName(IoGetCurrentIrpStackLocation(Irp)->MajorFunction));
        IoMarkIrpPending(Irp);                 /* said once is enough */
    }
}

/* TRUE: the walk stops. */
static BOOLEAN
IopCompleteLocation(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PIO_COMPLETION_ROUTINE Routine = Stack->CompletionRoutine;
    PVOID Context = Stack->Context;
    UCHAR Control = Stack->Control;

    Irp->PendingReturned = (BOOLEAN)((Control & SL_PENDING_RETURNED) != 0);
    IopLocationClear(Stack);
    if (Routine != NULL && ((NT_SUCCESS(Irp->IoStatus.Status) && (Control & SL_INVOKE_ON_SUCCESS) != 0) ||
                            (!NT_SUCCESS(Irp->IoStatus.Status) && (Control & SL_INVOKE_ON_ERROR) != 0) ||
                            (__atomic_load_n(&Irp->Cancel, __ATOMIC_RELAXED) && (Control & SL_INVOKE_ON_CANCEL) != 0))) {
        PDEVICE_OBJECT Device = Irp->CurrentLocation > Irp->StackCount ? NULL : IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
        /* The routine may take the IRP over, and another thread may then free it: mark before. */
        IopCallFrameMark(Irp, Irp->CurrentLocation, FALSE);
        const BOOLEAN Pending = Irp->PendingReturned;
        if (IopCompletionCall(Routine, Device, Irp, Context) == STATUS_MORE_PROCESSING_REQUIRED) {
            return TRUE;
        }
        if (__builtin_expect(vf_on() && Pending && Device != NULL, 0)) {
            IopCompleteCheckPending(Irp, Device->DriverObject, Routine);
        }
        IopCallFrameMark(Irp, 0, TRUE);
        return FALSE;
    }
    if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount) {
        IoMarkIrpPending(Irp);
    }
    return FALSE;
}

/* Bytes that the request's buffer has room for; MAXULONG_PTR: it has none that the I/O manager copies from. */
static ULONG_PTR
IopCompleteRoom(const IO_STACK_LOCATION *Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return Stack->MinorFunction == IRP_MN_NORMAL ? Stack->Parameters.Read.Length : MAXULONG_PTR;
    case IRP_MJ_QUERY_INFORMATION:
        return Stack->Parameters.QueryFile.Length;
    case IRP_MJ_QUERY_VOLUME_INFORMATION:
        return Stack->Parameters.QueryVolume.Length;
    case IRP_MJ_DEVICE_CONTROL:
        return (Stack->Parameters.DeviceIoControl.IoControlCode & 3) == METHOD_BUFFERED
                   ? Stack->Parameters.DeviceIoControl.OutputBufferLength : MAXULONG_PTR;
    default:
        return MAXULONG_PTR;
    }
}

static VOID
IopCompleteCheckInformation(PIRP Irp)
{
    if (Irp->CurrentLocation > Irp->StackCount || NT_ERROR(Irp->IoStatus.Status) || Irp->IoStatus.Status == STATUS_REPARSE) {
        return;
    }
    const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG_PTR Room = IopCompleteRoom(Stack);
    if (Irp->IoStatus.Information > Room && Stack->DeviceObject != NULL && !IopDriverIsRuntime(Stack->DeviceObject->DriverObject)) {
        vf_report("IO-17", NULL, NULL, IOP_DRIVER_FROM(Stack->DeviceObject->DriverObject)->Owner, Irp,
            "%s was completed with IoStatus.Information %llu, and its buffer has %llu bytes", IopMajorName(Stack->MajorFunction),
            (unsigned long long)Irp->IoStatus.Information, (unsigned long long)Room);
    }
}

static VOID
IopCompleteCheck(PIRP Irp)
{
    if (__builtin_expect(vf_on(), 0)) {
        IopCompleteCheckInformation(Irp);
    }
    if (__builtin_expect(Irp->IoStatus.Status == STATUS_PENDING || Irp->IoStatus.Status == (NTSTATUS)-1, 0)) {
        IopFinding("IO-04", "0x44", NULL, Irp, "IoCompleteRequest with IoStatus.Status STATUS_PENDING or -1");
        Irp->IoStatus.Status = STATUS_UNSUCCESSFUL;
    }
    if (__builtin_expect(__atomic_load_n(&Irp->CancelRoutine, __ATOMIC_RELAXED) != NULL, 0)) {
        IopFinding("IO-03", "0xC9/0x7", NULL, Irp, "IoCompleteRequest while a cancel routine is still set");
        IoSetCancelRoutine(Irp, NULL);
    }
}

/* Windows: wdm.h, IofCompleteRequest (IoCompleteRequest).  Differences: no priority boost; mistakes are reported and survived. */
VOID
IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    UNREFERENCED_PARAMETER(PriorityBoost);
    if (__builtin_expect(Irp->Type != IO_TYPE_IRP || Irp->CurrentLocation > Irp->StackCount + 1, 0)) {
        IopFinding("IO-01", "0x44", NULL, Irp, "IoCompleteRequest of an IRP that was completed before");
        return;
    }
    IopCompleteCheck(Irp);
    IopCallFrameMark(Irp, 0, TRUE);
    while (Irp->CurrentLocation <= Irp->StackCount) {
        PIO_STACK_LOCATION Stack = Irp->Tail.Overlay.CurrentStackLocation;
        Irp->CurrentLocation++;
        Irp->Tail.Overlay.CurrentStackLocation++;
        if (IopCompleteLocation(Irp, Stack)) {
            return;
        }
    }
    Irp->CurrentLocation = (CHAR)(Irp->StackCount + 2);   /* completed: once more is a mistake */
    IopIrpCompletionEnd(Irp);
}

/* ---- the last stage ---- */

static VOID
IopCompleteAssociated(PIRP Irp)
{
    PIRP Master = Irp->AssociatedIrp.MasterIrp;
    LONG Left = InterlockedDecrement(&Master->AssociatedIrp.IrpCount);

    Irp->Flags &= ~IRP_ASSOCIATED_IRP;
    while (Irp->MdlAddress != NULL) {
        PMDL Mdl = Irp->MdlAddress;
        Irp->MdlAddress = Mdl->Next;
        IoFreeMdl(Mdl);
    }
    IoFreeIrp(Irp);
    if (Left == 0) {
        IofCompleteRequest(Master, IO_NO_INCREMENT);
    }
}

static VOID
IopCompleteBuffers(PIRP Irp)
{
    if ((Irp->Flags & (IRP_BUFFERED_IO | IRP_INPUT_OPERATION)) == (IRP_BUFFERED_IO | IRP_INPUT_OPERATION) &&
        (NT_SUCCESS(Irp->IoStatus.Status) || NT_WARNING(Irp->IoStatus.Status)) && Irp->UserBuffer != NULL &&
        Irp->AssociatedIrp.SystemBuffer != Irp->UserBuffer) {
        memcpy(Irp->UserBuffer, Irp->AssociatedIrp.SystemBuffer, Irp->IoStatus.Information);
    }
    if ((Irp->Flags & IRP_DEALLOCATE_BUFFER) != 0) {
        ExFreePool(Irp->AssociatedIrp.SystemBuffer);
    }
    Irp->Flags &= ~(IRP_DEALLOCATE_BUFFER | IRP_BUFFERED_IO);
    while (Irp->MdlAddress != NULL) {
        PMDL Mdl = Irp->MdlAddress;
        Irp->MdlAddress = Mdl->Next;
        if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0) {
            MmUnlockPages(Mdl);
        }
        IoFreeMdl(Mdl);
    }
}

/* An IRP of IoBuildSynchronousFsdRequest, IoBuildDeviceIoControlRequest or a driver's own with event and status block. */
static VOID
IopCompleteThreaded(PIRP Irp)
{
    PIO_STATUS_BLOCK UserIosb = Irp->UserIosb;
    PKEVENT Event = Irp->UserEvent;

    IopCompleteBuffers(Irp);
    if (UserIosb != NULL) {
        *UserIosb = Irp->IoStatus;
    }
    if (IopIrpExtension(Irp) != NULL) {
        IoFreeIrp(Irp);
    }
    if (Event != NULL) {
        KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    }
}

VOID
IopIrpCompletionEnd(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension != NULL && Extension->Completion != NULL) {
        Extension->Completion(Irp, Extension->CompletionContext);
    } else if ((Irp->Flags & IRP_ASSOCIATED_IRP) != 0) {
        IopCompleteAssociated(Irp);
    } else {
        IopCompleteThreaded(Irp);
    }
}

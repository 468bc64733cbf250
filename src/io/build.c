/* SPDX-License-Identifier: MIT */
/* IRPs that drivers have the I/O manager build, cancellation. */
#include "io/iopp.h"

#include <string.h>

/* ---- IoBuildXxxRequest ---- */

static VOID
IopBuildFsdBuffer(PIRP Irp, PDEVICE_OBJECT Device, ULONG Major, PVOID Buffer, ULONG Length)
{
    if ((Device->Flags & DO_BUFFERED_IO) != 0 && Length != 0) {
        Irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, Length, IOP_TAG_GENERAL);
        Irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        if (Irp->AssociatedIrp.SystemBuffer != NULL && Major == IRP_MJ_WRITE) {
            memcpy(Irp->AssociatedIrp.SystemBuffer, Buffer, Length);
        } else {
            Irp->Flags |= IRP_INPUT_OPERATION;
            Irp->UserBuffer = Buffer;
        }
    } else if ((Device->Flags & DO_DIRECT_IO) != 0 && Length != 0) {
        Irp->MdlAddress = IopMdlAllocate(Buffer, Length);
        if (Irp->MdlAddress != NULL) {
            MmProbeAndLockPages(Irp->MdlAddress, KernelMode, Major == IRP_MJ_WRITE ? IoReadAccess : IoWriteAccess);
        }
    } else {
        Irp->UserBuffer = Buffer;
    }
}

static BOOLEAN
IopBuildFailed(PIRP Irp, PDEVICE_OBJECT Device, ULONG Length)
{
    return Length != 0 && (((Device->Flags & DO_BUFFERED_IO) != 0 && Irp->AssociatedIrp.SystemBuffer == NULL) ||
                           ((Device->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO)) == DO_DIRECT_IO && Irp->MdlAddress == NULL));
}

/* Windows: wdm.h, IoBuildAsynchronousFsdRequest.  Differences: none. */
PIRP
IoBuildAsynchronousFsdRequest(
    ULONG MajorFunction,
    PDEVICE_OBJECT DeviceObject,
    PVOID Buffer,
    ULONG Length,
    PLARGE_INTEGER StartingOffset,
    PIO_STATUS_BLOCK IoStatusBlock)
{
    BOOLEAN ReadWrite = MajorFunction == IRP_MJ_READ || MajorFunction == IRP_MJ_WRITE;
    PIRP Irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);

    if (Irp == NULL) {
        return NULL;
    }
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = (UCHAR)MajorFunction;
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Irp->UserIosb = IoStatusBlock;
    if (ReadWrite) {
        IopBuildFsdBuffer(Irp, DeviceObject, MajorFunction, Buffer, Length);
        if (IopBuildFailed(Irp, DeviceObject, Length)) {
            IoFreeIrp(Irp);
            return NULL;
        }
        Stack->Parameters.Read.Length = Length;
        Stack->Parameters.Read.ByteOffset.QuadPart = StartingOffset != NULL ? StartingOffset->QuadPart : 0;
    }
    return Irp;
}

/* Windows: wdm.h, IoBuildSynchronousFsdRequest.  Differences: none. */
PIRP
IoBuildSynchronousFsdRequest(
    ULONG MajorFunction,
    PDEVICE_OBJECT DeviceObject,
    PVOID Buffer,
    ULONG Length,
    PLARGE_INTEGER StartingOffset,
    PKEVENT Event,
    PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP Irp = IoBuildAsynchronousFsdRequest(MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IoStatusBlock);

    if (Irp != NULL) {
        Irp->UserEvent = Event;
        Irp->Flags |= IRP_SYNCHRONOUS_API;
    }
    return Irp;
}

static BOOLEAN
IopBuildControlBuffers(PIRP Irp, PIO_STACK_LOCATION Stack, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    ULONG Method = Stack->Parameters.DeviceIoControl.IoControlCode & 3;
    ULONG Bytes = Method == METHOD_BUFFERED && OutputLength > InputLength ? OutputLength : InputLength;

    if (Method == METHOD_NEITHER) {
        Irp->UserBuffer = Output;
        Stack->Parameters.DeviceIoControl.Type3InputBuffer = Input;
        return TRUE;
    }
    if (Bytes != 0 && (Input != NULL || Method == METHOD_BUFFERED)) {
        Irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPool, Bytes, IOP_TAG_GENERAL);
        if (Irp->AssociatedIrp.SystemBuffer == NULL) {
            return FALSE;
        }
        memset(Irp->AssociatedIrp.SystemBuffer, 0, Bytes);
        if (Input != NULL) {
            memcpy(Irp->AssociatedIrp.SystemBuffer, Input, InputLength);
        }
        Irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
    }
    if (Method == METHOD_BUFFERED) {
        Irp->UserBuffer = Output;
        Irp->Flags |= Output != NULL ? IRP_INPUT_OPERATION : 0;
        return TRUE;
    }
    if (Output != NULL) {
        Irp->MdlAddress = IopMdlAllocate(Output, OutputLength);
        if (Irp->MdlAddress == NULL) {
            return FALSE;
        }
        MmProbeAndLockPages(Irp->MdlAddress, KernelMode, Method == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
    }
    return TRUE;
}

/* Windows: wdm.h, IoBuildDeviceIoControlRequest.  Differences: none. */
PIRP
IoBuildDeviceIoControlRequest(
    ULONG IoControlCode,
    PDEVICE_OBJECT DeviceObject,
    PVOID InputBuffer,
    ULONG InputBufferLength,
    PVOID OutputBuffer,
    ULONG OutputBufferLength,
    BOOLEAN InternalDeviceIoControl,
    PKEVENT Event,
    PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP Irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);

    if (Irp == NULL) {
        return NULL;
    }
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);
    Stack->MajorFunction = InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    Stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;
    Stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
    Stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
    Irp->UserEvent = Event;
    Irp->UserIosb = IoStatusBlock;
    Irp->Flags |= IRP_SYNCHRONOUS_API;
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    if (!IopBuildControlBuffers(Irp, Stack, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength)) {
        if (Irp->AssociatedIrp.SystemBuffer != NULL) {
            ExFreePool(Irp->AssociatedIrp.SystemBuffer);
        }
        IoFreeIrp(Irp);
        return NULL;
    }
    return Irp;
}

/* ---- cancellation ---- */

static KSPIN_LOCK IopCancelLock;

/* Windows: wdm.h, IoAcquireCancelSpinLock.  Differences: none. */
VOID
IoAcquireCancelSpinLock(PKIRQL Irql)
{
    KeAcquireSpinLock(&IopCancelLock, Irql);
}

/* Windows: wdm.h, IoReleaseCancelSpinLock.  Differences: none. */
VOID
IoReleaseCancelSpinLock(KIRQL Irql)
{
    KeReleaseSpinLock(&IopCancelLock, Irql);
}

static VOID
IopCancelCall(PDRIVER_CANCEL Routine, PIRP Irp)
{
    PDEVICE_OBJECT Device = Irp->CurrentLocation > Irp->StackCount ? NULL : IoGetCurrentIrpStackLocation(Irp)->DeviceObject;
    const struct port_module *Module = port_module_find((uintptr_t)Routine);

    if (Module == NULL) {
        Routine(Device, Irp);
        return;
    }
    /* The routine returns below the IRQL it was entered at: it releases the cancel spin lock.  So no frame that compares them. */
    struct vf_operation Operation = {.phase = "cancel", .owner = Module->owner};
    vf_operation_enter(&Operation);
    Routine(Device, Irp);
    vf_operation_leave(&Operation);
}

/* Windows: wdm.h, IoCancelIrp.  Differences: a fault in a cancel routine is not survived. */
BOOLEAN
IoCancelIrp(PIRP Irp)
{
    KIRQL Irql;

    IoAcquireCancelSpinLock(&Irql);
    __atomic_store_n(&Irp->Cancel, TRUE, __ATOMIC_SEQ_CST);
    PDRIVER_CANCEL Routine = IoSetCancelRoutine(Irp, NULL);
    if (Routine == NULL) {
        IoReleaseCancelSpinLock(Irql);
        return FALSE;
    }
    Irp->CancelIrql = Irql;
    IopCancelCall(Routine, Irp);
    return TRUE;
}

/* Windows: ntifs.h, IoIsOperationSynchronous.  Differences: none. */
BOOLEAN
IoIsOperationSynchronous(PIRP Irp)
{
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    if ((Irp->Flags & (IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO)) == IRP_PAGING_IO) {
        return FALSE;
    }
    return (BOOLEAN)((FileObject != NULL && (FileObject->Flags & FO_SYNCHRONOUS_IO) != 0) ||
                     (Irp->Flags & (IRP_SYNCHRONOUS_API | IRP_SYNCHRONOUS_PAGING_IO)) != 0);
}

/* Windows: wdm.h, IoSetCompletionRoutineEx.  Differences: the driver is kept by its unload, which waits for operations. */
NTSTATUS
IoSetCompletionRoutineEx(
    PDEVICE_OBJECT DeviceObject,
    PIRP Irp,
    PIO_COMPLETION_ROUTINE CompletionRoutine,
    PVOID Context,
    BOOLEAN InvokeOnSuccess,
    BOOLEAN InvokeOnError,
    BOOLEAN InvokeOnCancel)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    IoSetCompletionRoutine(Irp, CompletionRoutine, Context, InvokeOnSuccess, InvokeOnError, InvokeOnCancel);
    return STATUS_SUCCESS;
}

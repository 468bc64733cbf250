/* SPDX-License-Identifier: MIT */
/* Entry, unload, and the requests. */
#include "legacyspy.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD SpyUnload;

PDRIVER_OBJECT SpyDriver;

BOOLEAN
SpyIsOurs(PDEVICE_OBJECT Device)
{
    return Device->DriverObject == SpyDriver && Device->DeviceExtension != NULL;
}

/* ---- passing on ---- */

static NTSTATUS
SpyPass(PDEVICE_OBJECT Device, PIRP Irp)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;

    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Spy->Lower, Irp);
}

static NTSTATUS
SpyWaited(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* The request comes back here: whoever calls completes it. */
NTSTATUS
SpyForwardAndWait(SPY_DEVICE *Spy, PIRP Irp)
{
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, SpyWaited, &Event, TRUE, TRUE, TRUE);
    IoCallDriver(Spy->Lower, Irp);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    return Irp->IoStatus.Status;
}

/* ---- creates: the stream is known when the file system has succeeded ---- */

static NTSTATUS
SpyCreate(PDEVICE_OBJECT Device, PIRP Irp)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    PAGED_CODE();
    if (!Spy->Volume || !NT_SUCCESS(IoAcquireRemoveLock(&Spy->Remove, Irp))) {
        return SpyPass(Device, Irp);
    }
    NTSTATUS Status = SpyForwardAndWait(Spy, Irp);
    if (NT_SUCCESS(Status) && Status != STATUS_REPARSE) {
        SpyStreamOpened(Spy, FileObject);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoReleaseRemoveLock(&Spy->Remove, Irp);
    return Status;
}

/* ---- data ---- */

static NTSTATUS
SpyDataDone(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;
    SPY_STREAM *Stream = Context;
    const BOOLEAN Read = IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_READ;

    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    if (NT_SUCCESS(Irp->IoStatus.Status)) {
        InterlockedExchangeAdd64(Read ? &Stream->BytesRead : &Stream->BytesWritten, (LONGLONG)Irp->IoStatus.Information);
    }
    InterlockedIncrement(Read ? &Stream->Reads : &Stream->Writes);
    IoReleaseRemoveLock(&Spy->Remove, Irp);
    return STATUS_SUCCESS;
}

static NTSTATUS
SpyData(PDEVICE_OBJECT Device, PIRP Irp)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;

    if (!Spy->Volume || !NT_SUCCESS(IoAcquireRemoveLock(&Spy->Remove, Irp))) {
        return SpyPass(Device, Irp);
    }
    SPY_STREAM *Stream = SpyStreamOf(Spy, IoGetCurrentIrpStackLocation(Irp)->FileObject);
    if (Stream == NULL) {
        NTSTATUS Status = SpyPass(Device, Irp);
        IoReleaseRemoveLock(&Spy->Remove, Irp);
        return Status;
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, SpyDataDone, Stream, TRUE, TRUE, TRUE);
    return IoCallDriver(Spy->Lower, Irp);
}

/* ---- life ---- */

/* Real drivers of this kind mostly stay: a request may still be on its way back.  Here everything that comes back holds the remove lock. */
VOID
SpyUnload(PDRIVER_OBJECT DriverObject)
{
    PAGED_CODE();
    IoUnregisterFsRegistrationChange(DriverObject, SpyFileSystemChange);
    SpyDetachAll();
    DbgPrint("unloaded\n");
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    SpyDriver = DriverObject;
    SpyAttachInitialize();
    SpyStreamsInitialize();
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = SpyPass;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = SpyCreate;
    DriverObject->MajorFunction[IRP_MJ_READ] = SpyData;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = SpyData;
    DriverObject->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = SpyFsControl;
    DriverObject->FastIoDispatch = &SpyFastIo;
    DriverObject->DriverUnload = SpyUnload;
    return IoRegisterFsRegistrationChange(DriverObject, SpyFileSystemChange);
}

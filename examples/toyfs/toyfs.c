/* SPDX-License-Identifier: MIT */
/* Entry, dispatch, unload. */
#include "toyfs.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD ToyUnload;

static PDEVICE_OBJECT ToyControl;

typedef NTSTATUS TOY_ROUTINE(TOY_VOLUME *Volume, PIRP Irp);

static NTSTATUS
ToyNothing(TOY_VOLUME *Volume, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Volume);
    UNREFERENCED_PARAMETER(Irp);
    return STATUS_SUCCESS;
}

static NTSTATUS
ToyControlVolume(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    UNREFERENCED_PARAMETER(Volume);
    return Stack->MinorFunction == IRP_MN_USER_FS_REQUEST && Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_DISMOUNT_VOLUME
               ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

static TOY_ROUTINE *const ToyRoutines[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = ToyCreate,
    [IRP_MJ_CLEANUP] = ToyCleanup,
    [IRP_MJ_CLOSE] = ToyClose,
    [IRP_MJ_READ] = ToyRead,
    [IRP_MJ_WRITE] = ToyWrite,
    [IRP_MJ_QUERY_INFORMATION] = ToyQuery,
    [IRP_MJ_SET_INFORMATION] = ToySet,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = ToyQueryVolume,
    [IRP_MJ_DIRECTORY_CONTROL] = ToyDirectory,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = ToyControlVolume,
    [IRP_MJ_FLUSH_BUFFERS] = ToyNothing,
};

PVOID
ToyBuffer(PIRP Irp)
{
    return Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : Irp->UserBuffer;
}

static NTSTATUS
ToyComplete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* Requests on the control device: opens and closes, and mounts. */
static NTSTATUS
ToyDispatchControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return ToyComplete(Irp, STATUS_SUCCESS);
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return ToyComplete(Irp, Stack->MinorFunction == IRP_MN_MOUNT_VOLUME ? ToyMount(Device, Irp) : STATUS_INVALID_DEVICE_REQUEST);
    default:
        return ToyComplete(Irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

static BOOLEAN
ToyOnlyLooks(UCHAR Major)
{
    return Major == IRP_MJ_READ || Major == IRP_MJ_QUERY_INFORMATION || Major == IRP_MJ_QUERY_VOLUME_INFORMATION;
}

static NTSTATUS
ToyDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const UCHAR Major = Stack->MajorFunction;
    TOY_VOLUME *Volume = Device->DeviceExtension;
    NTSTATUS Status;

    Irp->IoStatus.Information = 0;
    if (Device == ToyControl) {
        return ToyDispatchControl(Device, Irp);
    }
    if (Major == IRP_MJ_LOCK_CONTROL) {
        return FsRtlProcessFileLock(&((TOY_FCB *)Stack->FileObject->FsContext)->Lock, Irp, NULL);
    }
    if (ToyRoutines[Major] == NULL) {
        return ToyComplete(Irp, STATUS_INVALID_DEVICE_REQUEST);
    }
    FsRtlEnterFileSystem();
    if (ToyOnlyLooks(Major)) {
        ExAcquireResourceSharedLite(&Volume->Resource, TRUE);
    } else {
        ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
    }
    Status = ToyRoutines[Major](Volume, Irp);
    if (Major != IRP_MJ_CLOSE) {               /* which has let go of it */
        ExReleaseResourceLite(&Volume->Resource);
    }
    FsRtlExitFileSystem();
    return ToyComplete(Irp, Status);
}

/* Nothing is open any more, and the volumes are dismounted: whoever is attached to their devices is asked to let go. */
VOID
ToyUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    IoUnregisterFileSystem(ToyControl);
    ToyVolumesFree();
    IoDeleteDevice(ToyControl);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\ToyFs");

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &ToyControl);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = ToyDispatch;
    }
    DriverObject->DriverUnload = ToyUnload;
    IoRegisterFileSystem(ToyControl);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Load, mount, dispatch, unload. */
#include "toyfs.h"

DRIVER_INITIALIZE DriverEntry;

static PDEVICE_OBJECT ToyControl;
static LIST_ENTRY ToyVolumes = { &ToyVolumes, &ToyVolumes };   /* mounts are one at a time */

/* ---- mounting ---- */

/* Nothing is ever written to the disk: one whose first sector is empty is ours. */
static NTSTATUS
ToyRecognize(PDEVICE_OBJECT Disk)
{
    UCHAR Sector[512], Zeros[512] = { 0 };
    LARGE_INTEGER Offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK IoStatus;
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    PIRP Irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, Disk, Sector, sizeof(Sector), &Offset, &Event, &IoStatus);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = IoCallDriver(Disk, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = IoStatus.Status;
    }
    return NT_SUCCESS(Status) && RtlCompareMemory(Sector, Zeros, sizeof(Zeros)) != sizeof(Zeros) ? STATUS_UNRECOGNIZED_VOLUME : Status;
}

static VOID
ToyVolumeFree(TOY_VOLUME *Volume)
{
    if (Volume->Root != NULL) {
        ToyTreeFree(Volume->Root);
    }
    if (Volume->Itself != NULL) {
        ToyTreeFree(Volume->Itself);
    }
    ExDeleteResourceLite(&Volume->Resource);
    IoDeleteDevice(Volume->Device);
}

static NTSTATUS
ToyMount(const IO_STACK_LOCATION *Stack)
{
    const PDEVICE_OBJECT Disk = Stack->Parameters.MountVolume.DeviceObject;
    UNICODE_STRING Empty = { 0 };
    PDEVICE_OBJECT Device;
    NTSTATUS Status = ToyRecognize(Disk);

    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(ToyControl->DriverObject, sizeof(TOY_VOLUME), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    TOY_VOLUME *Volume = Device->DeviceExtension;
    Volume->Device = Device;
    ExInitializeResourceLite(&Volume->Resource);
    Volume->Root = ToyNodeCreate(Volume, NULL, &Empty, FILE_ATTRIBUTE_DIRECTORY);
    Volume->Itself = ToyNodeCreate(Volume, NULL, &Empty, FILE_ATTRIBUTE_DEVICE);
    if (Volume->Root == NULL || Volume->Itself == NULL) {
        ToyVolumeFree(Volume);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    InsertTailList(&ToyVolumes, &Volume->Links);
    Device->StackSize = Disk->StackSize + 1;
    Device->SectorSize = Disk->SectorSize;
    Stack->Parameters.MountVolume.Vpb->DeviceObject = Device;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;  /* filters attach as soon as this is done */
    return STATUS_SUCCESS;
}

/* ---- dispatch ---- */

static TOY_ROUTINE *const ToyRoutines[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = ToyCreate,
    [IRP_MJ_CLEANUP] = ToyCleanup,
    [IRP_MJ_CLOSE] = ToyClose,
    [IRP_MJ_READ] = ToyTransfer,
    [IRP_MJ_WRITE] = ToyTransfer,
    [IRP_MJ_QUERY_INFORMATION] = ToyQuery,
    [IRP_MJ_SET_INFORMATION] = ToySet,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = ToyQueryVolume,
    [IRP_MJ_DIRECTORY_CONTROL] = ToyDirectory,
};

/* The control device knows opens and mounts; volumes know dismounts, besides the table. */
static NTSTATUS
ToyDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const UCHAR Major = Stack->MajorFunction, Minor = Stack->MinorFunction;
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;

    Irp->IoStatus.Information = 0;
    if (Device == ToyControl) {
        if (Major == IRP_MJ_FILE_SYSTEM_CONTROL && Minor == IRP_MN_MOUNT_VOLUME) {
            Status = ToyMount(Stack);
        } else if (Major == IRP_MJ_CREATE || Major == IRP_MJ_CLEANUP || Major == IRP_MJ_CLOSE) {
            Status = STATUS_SUCCESS;
        }
    } else if (Major == IRP_MJ_FLUSH_BUFFERS || (Major == IRP_MJ_FILE_SYSTEM_CONTROL && Minor == IRP_MN_USER_FS_REQUEST &&
                                                 Stack->Parameters.FileSystemControl.FsControlCode == FSCTL_DISMOUNT_VOLUME)) {
        Status = STATUS_SUCCESS;
    } else if (ToyRoutines[Major] != NULL) {
        TOY_VOLUME *Volume = Device->DeviceExtension;
        FsRtlEnterFileSystem();
        ExAcquireResourceExclusiveLite(&Volume->Resource, TRUE);
        Status = ToyRoutines[Major](Irp, Stack);
        if (Major != IRP_MJ_CLOSE) {           /* which has let go of it */
            ExReleaseResourceLite(&Volume->Resource);
        }
        FsRtlExitFileSystem();
    }
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* ---- load and unload ---- */

/* Nothing is open any more, and the volumes are dismounted: whoever is attached to their devices is asked to let go. */
static VOID
ToyUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    IoUnregisterFileSystem(ToyControl);
    while (!IsListEmpty(&ToyVolumes)) {
        ToyVolumeFree(CONTAINING_RECORD(RemoveHeadList(&ToyVolumes), TOY_VOLUME, Links));
    }
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

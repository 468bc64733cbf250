/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory for file systems of others: \Device\HarddiskVolume<n>, direct I/O, the few control codes that a mount asks for.  Memory
 * that nobody has written costs nothing.
 */
#include <ntdddisk.h>
#include <ntddk.h>
#include <string.h>

#include "io/iop.h"
#include "port/port.h"

#include "host/ramdisk.h"

#define HOST_SECTOR 512u

typedef struct HOST_DISK {
    PUCHAR Bytes;
    ULONGLONG Size;
} HOST_DISK;

static PDRIVER_OBJECT HostDiskDriver;

static NTSTATUS
HostpDiskComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
HostpDiskTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    const HOST_DISK *Disk = Device->DeviceExtension;
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONGLONG Offset = (ULONGLONG)Stack->Parameters.Read.ByteOffset.QuadPart;
    const ULONG Length = Stack->Parameters.Read.Length;

    if (Length == 0) {
        return HostpDiskComplete(Irp, STATUS_SUCCESS, 0);
    }
    if (Offset > Disk->Size || Length > Disk->Size - Offset || (Offset | Length) % HOST_SECTOR != 0) {
        return HostpDiskComplete(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    const PVOID Buffer = Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : Irp->UserBuffer;
    if (Buffer == NULL) {
        return HostpDiskComplete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    if (Stack->MajorFunction == IRP_MJ_READ) {
        memcpy(Buffer, Disk->Bytes + Offset, Length);
    } else {
        memcpy(Disk->Bytes + Offset, Buffer, Length);
    }
    return HostpDiskComplete(Irp, STATUS_SUCCESS, Length);
}

static NTSTATUS
HostpDiskControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    const HOST_DISK *Disk = Device->DeviceExtension;
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG Room = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    const PVOID Out = Irp->AssociatedIrp.SystemBuffer;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_DISK_GET_LENGTH_INFO:
        if (Room < sizeof(GET_LENGTH_INFORMATION)) {
            return HostpDiskComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        ((PGET_LENGTH_INFORMATION)Out)->Length.QuadPart = (LONGLONG)Disk->Size;
        return HostpDiskComplete(Irp, STATUS_SUCCESS, sizeof(GET_LENGTH_INFORMATION));
    case IOCTL_DISK_GET_DRIVE_GEOMETRY: {
        DISK_GEOMETRY Geometry = { .MediaType = FixedMedia, .TracksPerCylinder = 255, .SectorsPerTrack = 63, .BytesPerSector = HOST_SECTOR };
        if (Room < sizeof(Geometry)) {
            return HostpDiskComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        Geometry.Cylinders.QuadPart = (LONGLONG)(Disk->Size / (255 * 63 * HOST_SECTOR));
        memcpy(Out, &Geometry, sizeof(Geometry));
        return HostpDiskComplete(Irp, STATUS_SUCCESS, sizeof(Geometry));
    }
    case IOCTL_DISK_IS_WRITABLE:
    case IOCTL_DISK_CHECK_VERIFY:
        return HostpDiskComplete(Irp, STATUS_SUCCESS, 0);
    default:
        return HostpDiskComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS
HostpDiskDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->MajorFunction) {
    case IRP_MJ_CREATE:
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
    case IRP_MJ_FLUSH_BUFFERS:
    case IRP_MJ_SHUTDOWN:
        return HostpDiskComplete(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return HostpDiskTransfer(Device, Irp);
    case IRP_MJ_DEVICE_CONTROL:
        return HostpDiskControl(Device, Irp);
    default:
        return HostpDiskComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS
HostpDiskEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = HostpDiskDispatch;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
HostDiskCreate(PUNICODE_STRING Name, ULONGLONG Size, PDEVICE_OBJECT *Device)
{
    NTSTATUS Status = HostDiskDriver != NULL ? STATUS_SUCCESS : IopLoadDriver("ramdisk", HostpDiskEntry, NULL, NULL, TRUE, &HostDiskDriver);

    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(HostDiskDriver, sizeof(HOST_DISK), Name, FILE_DEVICE_DISK, 0, FALSE, Device);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    HOST_DISK *Disk = (*Device)->DeviceExtension;
    Disk->Size = Size / HOST_SECTOR * HOST_SECTOR;
    Disk->Bytes = port_alloc_zeroed(Disk->Size);
    if (Disk->Bytes == NULL) {
        IoDeleteDevice(*Device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    (*Device)->Flags |= DO_DIRECT_IO;
    (*Device)->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

VOID
HostDiskDelete(PDEVICE_OBJECT Device)
{
    HOST_DISK *Disk = Device->DeviceExtension;

    port_free(Disk->Bytes);
    Disk->Bytes = NULL;
    Disk->Size = 0;
    IoDeleteDevice(Device);
}

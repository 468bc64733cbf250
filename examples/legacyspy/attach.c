/* SPDX-License-Identifier: MIT */
/* File systems and volumes: hearing of them, attaching, letting go. */
#include "legacyspy.h"

static FAST_MUTEX SpyAttachLock;

VOID
SpyAttachInitialize(VOID)
{
    ExInitializeFastMutex(&SpyAttachLock);
}

static BOOLEAN
SpyIsAttached(PDEVICE_OBJECT Target)
{
    PDEVICE_OBJECT Device = IoGetAttachedDeviceReference(Target);

    while (Device != NULL && !SpyIsOurs(Device)) {
        PDEVICE_OBJECT Lower = IoGetLowerDeviceObject(Device);
        ObDereferenceObject(Device);
        Device = Lower;
    }
    if (Device != NULL) {
        ObDereferenceObject(Device);
    }
    return Device != NULL;
}

/* SpyAttachLock */
static NTSTATUS
SpyAttachLocked(PDEVICE_OBJECT Target, BOOLEAN Volume)
{
    PDEVICE_OBJECT Device;

    if (SpyIsAttached(Target)) {
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = IoCreateDevice(SpyDriver, sizeof(SPY_DEVICE), NULL, Target->DeviceType, 0, FALSE, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    SPY_DEVICE *Spy = Device->DeviceExtension;
    Spy->This = Device;
    Spy->Volume = Volume;
    IoInitializeRemoveLock(&Spy->Remove, SPY_TAG_LOCK, 0, 0);
    Device->Flags |= Target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_SUPPORTS_TRANSACTIONS);
    Device->Characteristics |= Target->Characteristics & FILE_DEVICE_SECURE_OPEN;
    Status = IoAttachDeviceToDeviceStackSafe(Device, Target, &Spy->Lower);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
        return Status;
    }
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    DbgPrint("attached to a %s\n", Volume ? "volume" : "file system");
    return STATUS_SUCCESS;
}

static NTSTATUS
SpyAttach(PDEVICE_OBJECT Target, BOOLEAN Volume)
{
    ExAcquireFastMutex(&SpyAttachLock);
    NTSTATUS Status = SpyAttachLocked(Target, Volume);
    ExReleaseFastMutex(&SpyAttachLock);
    return Status;
}

/* ---- volumes that were there before us ---- */

static VOID
SpyAttachMounted(PDEVICE_OBJECT FileSystem)
{
    PDEVICE_OBJECT Devices[32];
    ULONG Count = 0;

    if (!NT_SUCCESS(IoEnumerateDeviceObjectList(FileSystem->DriverObject, Devices, sizeof(Devices), &Count))) {
        return;
    }
    for (ULONG i = 0; i < Count; i++) {
        PDEVICE_OBJECT Disk = NULL;
        if (Devices[i] != FileSystem && Devices[i]->DeviceType == FileSystem->DeviceType &&
            NT_SUCCESS(IoGetDiskDeviceObject(Devices[i], &Disk))) {
            SpyAttach(Devices[i], TRUE);
            ObDereferenceObject(Disk);
        }
        ObDereferenceObject(Devices[i]);
    }
}

VOID
SpyFileSystemChange(PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    PAGED_CODE();
    if (FileSystem->DeviceType != FILE_DEVICE_DISK_FILE_SYSTEM && FileSystem->DeviceType != FILE_DEVICE_CD_ROM_FILE_SYSTEM) {
        return;
    }
    if (Active) {
        if (NT_SUCCESS(SpyAttach(FileSystem, FALSE))) {
            SpyAttachMounted(FileSystem);
        }
        return;
    }
    for (PDEVICE_OBJECT Above = FileSystem; Above->AttachedDevice != NULL; Above = Above->AttachedDevice) {
        if (SpyIsOurs(Above->AttachedDevice)) {
            SpyDetach(Above->AttachedDevice);
            return;
        }
    }
}

/* ---- volumes that come ---- */

NTSTATUS
SpyFsControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    PAGED_CODE();
    if (Spy->Volume || Stack->MinorFunction != IRP_MN_MOUNT_VOLUME || !NT_SUCCESS(IoAcquireRemoveLock(&Spy->Remove, Irp))) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Spy->Lower, Irp);
    }
    /* The file system may exchange the VPB of the parameters: the device it belongs to stays. */
    PDEVICE_OBJECT Real = Stack->Parameters.MountVolume.Vpb->RealDevice;
    NTSTATUS Status = SpyForwardAndWait(Spy, Irp);
    if (NT_SUCCESS(Status) && Real->Vpb != NULL && Real->Vpb->DeviceObject != NULL) {
        SpyAttach(Real->Vpb->DeviceObject, TRUE);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    IoReleaseRemoveLock(&Spy->Remove, Irp);
    return Status;
}

/* ---- letting go ---- */

/* Nothing new comes after IoDetachDevice; what comes back is waited for; then nobody looks for the streams' contexts any more. */
VOID
SpyDetach(PDEVICE_OBJECT Device)
{
    SPY_DEVICE *Spy = Device->DeviceExtension;

    IoDetachDevice(Spy->Lower);
    IoAcquireRemoveLock(&Spy->Remove, Device);
    IoReleaseRemoveLockAndWait(&Spy->Remove, Device);
    SpyStreamsForget(Spy);
    IoDeleteDevice(Device);
}

VOID
SpyDetachAll(VOID)
{
    PDEVICE_OBJECT Devices[64];
    ULONG Count = 0;

    if (!NT_SUCCESS(IoEnumerateDeviceObjectList(SpyDriver, Devices, sizeof(Devices), &Count))) {
        return;
    }
    for (ULONG i = 0; i < Count; i++) {
        SpyDetach(Devices[i]);
        ObDereferenceObject(Devices[i]);
    }
}

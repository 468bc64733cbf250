/* SPDX-License-Identifier: MIT */
/* Device stacks: attach, detach, walk, enumerate. */
#include "io/foreign.h"
#include "io/iopp.h"

#include <stdatomic.h>

/* Puts Source on top of Target's stack.  *Below is set before anybody can send a request to Source. */
static NTSTATUS
IopAttachLocked(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target, PDEVICE_OBJECT *Below)
{
    PDEVICE_OBJECT Top = Target;

    while (Top->AttachedDevice != NULL) {
        Top = Top->AttachedDevice;
    }
    if ((Top->Flags & (DO_DEVICE_INITIALIZING | DO_UNLOAD_PENDING)) != 0 || IopDevice(Top)->DeletePending ||
        IopDevice(Source)->AttachedTo != NULL || Top == Source) {
        return STATUS_NO_SUCH_DEVICE;
    }
    Source->StackSize = (CCHAR)(Top->StackSize + 1);
    Source->AlignmentRequirement = Top->AlignmentRequirement;
    Source->SectorSize = Top->SectorSize;
    IopDevice(Source)->AttachedTo = Top;
    atomic_store_explicit(&IopDevice(Source)->Below, Top, memory_order_release);
    IopDevice(Source)->WasAttached = TRUE;
    if (Below != NULL) {
        *Below = Top;
    }
    __atomic_store_n(&Top->AttachedDevice, Source, __ATOMIC_RELEASE);
    IopStackUpdateLocked(Source);
    return STATUS_SUCCESS;
}

/* A file system's control device, a mounted volume, or something above one. */
static BOOLEAN
IopIsFileSystemStack(PDEVICE_OBJECT Device)
{
    port_lock_acquire(&IopDatabaseLock);
    while (IopDevice(Device)->AttachedTo != NULL) {
        Device = IopDevice(Device)->AttachedTo;
    }
    const BOOLEAN Is = IopDevice(Device)->RealDevice != NULL || IopIsFileSystemLocked(Device);
    port_lock_release(&IopDatabaseLock);
    return Is;
}

static NTSTATUS
IopAttach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target, PDEVICE_OBJECT *Below)
{
    if (IopIsFileSystemStack(Target) && IopLegacyIsBlocked(Source->DriverObject)) {
        return STATUS_NO_SUCH_DEVICE;
    }
    port_lock_acquire(&IopDatabaseLock);
    const NTSTATUS Status = IopAttachLocked(Source, Target, Below);
    port_lock_release(&IopDatabaseLock);
    return Status;
}

/* Windows: wdm.h, IoAttachDeviceToDeviceStack.  Differences: none. */
PDEVICE_OBJECT
IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    PDEVICE_OBJECT Below = NULL;

    return NT_SUCCESS(IopAttach(SourceDevice, TargetDevice, &Below)) ? Below : NULL;
}

/* Windows: wdm.h, IoAttachDeviceToDeviceStackSafe.  Differences: none. */
NTSTATUS
IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice, PDEVICE_OBJECT *AttachedToDeviceObject)
{
    return IopAttach(SourceDevice, TargetDevice, AttachedToDeviceObject);
}

/* Windows: wdm.h, IoAttachDevice.  Differences: none. */
NTSTATUS
IoAttachDevice(PDEVICE_OBJECT SourceDevice, PUNICODE_STRING TargetDevice, PDEVICE_OBJECT *AttachedDevice)
{
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT Target;
    NTSTATUS Status = IoGetDeviceObjectPointer(TargetDevice, FILE_READ_ATTRIBUTES, &FileObject, &Target);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoAttachDeviceToDeviceStackSafe(SourceDevice, Target, AttachedDevice);
    ObDereferenceObject(FileObject);
    return Status;
}

/* Windows: wdm.h, IoDetachDevice.  Differences: none. */
VOID
IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    port_lock_acquire(&IopDatabaseLock);
    PDEVICE_OBJECT Upper = TargetDevice->AttachedDevice;
    if (Upper != NULL) {
        IopDevice(Upper)->AttachedTo = NULL;
        __atomic_store_n(&TargetDevice->AttachedDevice, NULL, __ATOMIC_RELEASE);
        IopStackUpdateLocked(Upper);
        IopStackUpdateLocked(TargetDevice);
    }
    port_lock_release(&IopDatabaseLock);
}

/* Windows: ntifs.h, IoGetAttachedDevice.  Differences: none. */
PDEVICE_OBJECT
IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject)
{
    return IopStackTop(DeviceObject);
}

/* Windows: wdm.h, IoGetAttachedDeviceReference.  Differences: none. */
PDEVICE_OBJECT
IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject)
{
    PDEVICE_OBJECT Top;

    port_lock_acquire(&IopDatabaseLock);
    for (Top = DeviceObject; Top->AttachedDevice != NULL; Top = Top->AttachedDevice) {
    }
    ObReferenceObject(Top);
    port_lock_release(&IopDatabaseLock);
    return Top;
}

/* Windows: ntifs.h, IoGetLowerDeviceObject.  Differences: none. */
PDEVICE_OBJECT
IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject)
{
    port_lock_acquire(&IopDatabaseLock);
    PDEVICE_OBJECT Lower = IopDevice(DeviceObject)->AttachedTo;
    if (Lower != NULL) {
        ObReferenceObject(Lower);
    }
    port_lock_release(&IopDatabaseLock);
    return Lower;
}

/* Windows: ntifs.h, IoGetDeviceAttachmentBaseRef.  Differences: none. */
PDEVICE_OBJECT
IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject)
{
    port_lock_acquire(&IopDatabaseLock);
    while (IopDevice(DeviceObject)->AttachedTo != NULL) {
        DeviceObject = IopDevice(DeviceObject)->AttachedTo;
    }
    ObReferenceObject(DeviceObject);
    port_lock_release(&IopDatabaseLock);
    return DeviceObject;
}

/* Windows: ntifs.h, IoEnumerateDeviceObjectList.  Differences: none. */
NTSTATUS
IoEnumerateDeviceObjectList(
    PDRIVER_OBJECT DriverObject,
    PDEVICE_OBJECT *DeviceObjectList,
    ULONG DeviceObjectListSize,
    PULONG ActualNumberDeviceObjects)
{
    ULONG Room = DeviceObjectListSize / sizeof(PDEVICE_OBJECT);
    ULONG Count = 0;

    port_lock_acquire(&IopDatabaseLock);
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        Count++;
    }
    *ActualNumberDeviceObjects = Count;
    if (Count > Room) {
        port_lock_release(&IopDatabaseLock);
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        ObReferenceObject(Device);
        *DeviceObjectList++ = Device;
    }
    port_lock_release(&IopDatabaseLock);
    return STATUS_SUCCESS;
}

/* ---- from a file object to a device ---- */

/* The mounted volume device behind a file object, else the device it was opened on. */
static PDEVICE_OBJECT
IopFileBase(PFILE_OBJECT FileObject)
{
    PVPB Vpb = FileObject->Vpb;
    PDEVICE_OBJECT Device = FileObject->DeviceObject;

    if (Vpb != NULL && __atomic_load_n(&Vpb->DeviceObject, __ATOMIC_ACQUIRE) != NULL) {
        return __atomic_load_n(&Vpb->DeviceObject, __ATOMIC_ACQUIRE);
    }
    if ((FileObject->Flags & FO_DIRECT_DEVICE_OPEN) == 0 && Device->Vpb != NULL) {
        PDEVICE_OBJECT Volume = __atomic_load_n(&Device->Vpb->DeviceObject, __ATOMIC_ACQUIRE);
        return Volume != NULL ? Volume : Device;
    }
    return Device;
}

PDEVICE_OBJECT
IopBaseDevice(PFILE_OBJECT FileObject)
{
    return IopFileBase(FileObject);
}

/* Windows: ntifs.h, IoGetRelatedDeviceObject.  Differences: none. */
PDEVICE_OBJECT
IoGetRelatedDeviceObject(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT Hint = IopFileIsOurs(FileObject) ? IOP_FILE_FROM(FileObject)->HintDevice : NULL;

    return Hint != NULL ? Hint : IopStackTop(IopFileBase(FileObject));
}

PDEVICE_OBJECT
IopFileStart(PFILE_OBJECT FileObject, UCHAR Major)
{
    const BOOLEAN Ours = IopFileIsOurs(FileObject);
    PDEVICE_OBJECT Hint = Ours ? IOP_FILE_FROM(FileObject)->HintDevice : NULL;

    if (__builtin_expect(Hint != NULL, 0)) {
        return Hint;
    }
    PDEVICE_OBJECT Base = IopFileBase(FileObject);
    if (Major == IRP_MJ_CLOSE && Ours && atomic_load_explicit(&IOP_FILE_FROM(FileObject)->FilterBlock, memory_order_acquire) != NULL) {
        return IopStackTop(Base);              /* its contexts go before the file system hears of it */
    }
    return IopStackStart(Base, Major);
}

/* Windows: ntifs.h, IoGetBaseFileSystemDeviceObject.  Differences: none. */
PDEVICE_OBJECT
IoGetBaseFileSystemDeviceObject(PFILE_OBJECT FileObject)
{
    return IopFileBase(FileObject);
}

/* Windows: wdm.h, IoGetDeviceObjectPointer.  Differences: none. */
NTSTATUS
IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess, PFILE_OBJECT *FileObject, PDEVICE_OBJECT *DeviceObject)
{
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;
    IOP_CREATE Create = {
        .Name = *ObjectName, .DesiredAccess = DesiredAccess, .Disposition = FILE_OPEN, .CreateOptions = FILE_NON_DIRECTORY_FILE,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .ObjectAttributes = OBJ_CASE_INSENSITIVE, .RequestorMode = KernelMode};

    *FileObject = NULL;
    *DeviceObject = NULL;
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, &File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ObReferenceObject(File);                   /* the caller's; the handle goes, CLEANUP is sent */
    IopCloseFile(File);
    *FileObject = File;
    *DeviceObject = IoGetRelatedDeviceObject(File);
    return STATUS_SUCCESS;
}

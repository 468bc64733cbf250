/* SPDX-License-Identifier: MIT */
/* File system registration, its change notifications, shutdown notifications, links, DOS names. */
#include "io/foreign.h"
#include "io/iopp.h"

#include <string.h>

#define IOP_MAX_ENTRIES 64

/* IopDatabaseLock.  Each entry references its object. */
static PDEVICE_OBJECT IopFileSystems[IOP_MAX_ENTRIES];
static ULONG IopFileSystemCount;
static PDEVICE_OBJECT IopShutdownDevices[IOP_MAX_ENTRIES];
static ULONG IopShutdownCount;
typedef struct IOP_FS_NOTIFICATION {
    PDRIVER_OBJECT Driver;
    PDRIVER_FS_NOTIFICATION Routine;
} IOP_FS_NOTIFICATION;
static IOP_FS_NOTIFICATION IopNotifications[IOP_MAX_ENTRIES];
static ULONG IopNotificationCount;

static VOID
IopNotifyOne(const IOP_FS_NOTIFICATION *Notification, PDEVICE_OBJECT Device, BOOLEAN Active)
{
    KI_DRIVER_CALL Call = {.Owner = IOP_DRIVER_FROM(Notification->Driver)->Owner, .Phase = "file system notification"};

    if (IopDriverIsRuntime(Notification->Driver)) {
        Notification->Routine(Device, Active);
        return;
    }
    NT_CALL(&Call, Notification->Routine(Device, Active));
}

static VOID
IopNotifyAll(PDEVICE_OBJECT Device, BOOLEAN Active)
{
    IOP_FS_NOTIFICATION Copy[IOP_MAX_ENTRIES];

    port_lock_acquire(&IopDatabaseLock);
    ULONG Count = IopNotificationCount;
    memcpy(Copy, IopNotifications, Count * sizeof(Copy[0]));
    port_lock_release(&IopDatabaseLock);
    for (ULONG i = 0; i < Count; i++) {
        IopNotifyOne(&Copy[i], Device, Active);
    }
}

/* Windows: ntifs.h, IoRegisterFileSystem.  Differences: at most 64 at a time. */
VOID
IoRegisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Added = FALSE;

    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    port_lock_acquire(&IopDatabaseLock);
    if (IopFileSystemCount < IOP_MAX_ENTRIES) {
        ObpReference(DeviceObject);
        IopFileSystems[IopFileSystemCount++] = DeviceObject;
        Added = TRUE;
    }
    port_lock_release(&IopDatabaseLock);
    if (Added) {
        IopNotifyAll(DeviceObject, TRUE);
    }
}

static BOOLEAN
IopRemoveLocked(PDEVICE_OBJECT *Array, PULONG Count, PDEVICE_OBJECT Device)
{
    for (ULONG i = 0; i < *Count; i++) {
        if (Array[i] == Device) {
            (*Count)--;
            memmove(&Array[i], &Array[i + 1], (*Count - i) * sizeof(Array[0]));
            return TRUE;
        }
    }
    return FALSE;
}

/* Windows: ntifs.h, IoUnregisterFileSystem.  Differences: none. */
VOID
IoUnregisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    port_lock_acquire(&IopDatabaseLock);
    BOOLEAN Removed = IopRemoveLocked(IopFileSystems, &IopFileSystemCount, DeviceObject);
    port_lock_release(&IopDatabaseLock);
    if (Removed) {
        IopNotifyAll(DeviceObject, FALSE);
        ObpDereference(DeviceObject);
    }
}

static NTSTATUS
IopRegisterNotification(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION Routine)
{
    IOP_FS_NOTIFICATION Mine = {DriverObject, Routine};
    PDEVICE_OBJECT Copy[IOP_MAX_ENTRIES];

    if (IopLegacyIsBlocked(DriverObject)) {
        return STATUS_NOT_SUPPORTED;
    }
    port_lock_acquire(&IopDatabaseLock);
    /* Again is another registration if somebody else came in between: the place in the order is what it is for. */
    const IOP_FS_NOTIFICATION *Last = IopNotificationCount != 0 ? &IopNotifications[IopNotificationCount - 1] : NULL;
    if (Last != NULL && Last->Driver == DriverObject && Last->Routine == Routine) {
        port_lock_release(&IopDatabaseLock);
        return STATUS_DEVICE_ALREADY_ATTACHED;
    }
    if (IopNotificationCount == IOP_MAX_ENTRIES) {
        port_lock_release(&IopDatabaseLock);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    IopNotifications[IopNotificationCount++] = Mine;
    ULONG Count = IopFileSystemCount;
    memcpy(Copy, IopFileSystems, Count * sizeof(Copy[0]));
    for (ULONG i = 0; i < Count; i++) {
        ObpReference(Copy[i]);
    }
    port_lock_release(&IopDatabaseLock);
    for (ULONG i = 0; i < Count; i++) {
        IopNotifyOne(&Mine, Copy[i], TRUE);
        ObpDereference(Copy[i]);
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoRegisterFsRegistrationChange.  Differences: none (it reports the file systems that are there, as since Vista). */
NTSTATUS
IoRegisterFsRegistrationChange(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    return IopRegisterNotification(DriverObject, DriverNotificationRoutine);
}

/* Windows: ntifs.h, IoRegisterFsRegistrationChangeEx.  Differences: none. */
NTSTATUS
IoRegisterFsRegistrationChangeEx(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    return IopRegisterNotification(DriverObject, DriverNotificationRoutine);
}

/* Windows: ntifs.h, IoRegisterFsRegistrationChangeMountAware.  Differences: mounts are not held back. */
NTSTATUS
IoRegisterFsRegistrationChangeMountAware(
    PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine, BOOLEAN SynchronizeWithMounts)
{
    UNREFERENCED_PARAMETER(SynchronizeWithMounts);
    return IopRegisterNotification(DriverObject, DriverNotificationRoutine);
}

/* The others stay in their order. */
static VOID
IopNotificationRemoveLocked(ULONG Index)
{
    IopNotificationCount--;
    memmove(&IopNotifications[Index], &IopNotifications[Index + 1], (IopNotificationCount - Index) * sizeof(IopNotifications[0]));
}

/* Windows: ntifs.h, IoUnregisterFsRegistrationChange.  Differences: of several registrations the newest goes. */
VOID
IoUnregisterFsRegistrationChange(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    port_lock_acquire(&IopDatabaseLock);
    for (ULONG i = IopNotificationCount; i-- > 0;) {
        if (IopNotifications[i].Driver == DriverObject && IopNotifications[i].Routine == DriverNotificationRoutine) {
            IopNotificationRemoveLocked(i);
            break;
        }
    }
    port_lock_release(&IopDatabaseLock);
}

/* The driver goes: nobody calls it any more. */
VOID
IopNotificationsForget(PDRIVER_OBJECT DriverObject)
{
    port_lock_acquire(&IopDatabaseLock);
    for (ULONG i = IopNotificationCount; i-- > 0;) {
        if (IopNotifications[i].Driver == DriverObject) {
            IopNotificationRemoveLocked(i);
        }
    }
    port_lock_release(&IopDatabaseLock);
}

PDRIVER_OBJECT
IopNotifiedLocked(ULONG Index)
{
    return Index < IopNotificationCount ? IopNotifications[Index].Driver : NULL;
}

PDEVICE_OBJECT
IopFileSystemLocked(ULONG Index)
{
    return Index < IopFileSystemCount ? IopFileSystems[Index] : NULL;
}

NTSTATUS
IopNotificationsEnumerate(PDRIVER_OBJECT *List, ULONG Room, PULONG Actual)
{
    NTSTATUS Status = STATUS_SUCCESS;

    port_lock_acquire(&IopDatabaseLock);
    *Actual = IopNotificationCount;
    if (IopNotificationCount > Room) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        for (ULONG i = 0; i < IopNotificationCount; i++) {
            ObReferenceObject(IopNotifications[i].Driver);
            List[i] = IopNotifications[i].Driver;
        }
    }
    port_lock_release(&IopDatabaseLock);
    return Status;
}

BOOLEAN
IopIsFileSystemLocked(PDEVICE_OBJECT Device)
{
    for (ULONG i = 0; i < IopFileSystemCount; i++) {
        if (IopFileSystems[i] == Device) {
            return TRUE;
        }
    }
    return FALSE;
}

ULONG
IopFileSystemsEnumerate(PDEVICE_OBJECT *List, ULONG Room)
{
    ULONG Count = 0;

    port_lock_acquire(&IopDatabaseLock);
    for (ULONG i = IopFileSystemCount; i-- > 0 && Count < Room;) {
        ObpReference(IopFileSystems[i]);
        List[Count++] = IopFileSystems[i];
    }
    port_lock_release(&IopDatabaseLock);
    return Count;
}

PDEVICE_OBJECT
IopFileSystemOf(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT Device = NULL;

    port_lock_acquire(&IopDatabaseLock);
    for (ULONG i = 0; i < IopFileSystemCount && Device == NULL; i++) {
        if (IopFileSystems[i]->DriverObject == DriverObject) {
            Device = IopFileSystems[i];
            ObpReference(Device);
        }
    }
    port_lock_release(&IopDatabaseLock);
    return Device;
}

/* ---- shutdown ---- */

/* Windows: wdm.h, IoRegisterShutdownNotification.  Differences: at most 64 devices. */
NTSTATUS
IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;

    port_lock_acquire(&IopDatabaseLock);
    if (IopShutdownCount < IOP_MAX_ENTRIES) {
        ObpReference(DeviceObject);
        IopShutdownDevices[IopShutdownCount++] = DeviceObject;
        DeviceObject->Flags |= DO_SHUTDOWN_REGISTERED;
        Status = STATUS_SUCCESS;
    }
    port_lock_release(&IopDatabaseLock);
    return Status;
}

/* Windows: wdm.h, IoRegisterLastChanceShutdownNotification.  Differences: called with the others. */
NTSTATUS
IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    return IoRegisterShutdownNotification(DeviceObject);
}

/* Windows: wdm.h, IoUnregisterShutdownNotification.  Differences: none. */
VOID
IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    BOOLEAN Removed;

    do {
        port_lock_acquire(&IopDatabaseLock);
        Removed = IopRemoveLocked(IopShutdownDevices, &IopShutdownCount, DeviceObject);
        if (Removed) {
            __atomic_and_fetch(&DeviceObject->Flags, ~(ULONG)DO_SHUTDOWN_REGISTERED, __ATOMIC_RELAXED);
        }
        port_lock_release(&IopDatabaseLock);
        if (Removed) {
            ObpDereference(DeviceObject);
        }
    } while (Removed);
}

/* IRP_MJ_SHUTDOWN to everybody who asked, last registered first. */
VOID
IopShutdownNotify(VOID)
{
    for (;;) {
        port_lock_acquire(&IopDatabaseLock);
        PDEVICE_OBJECT Device = IopShutdownCount != 0 ? IopShutdownDevices[--IopShutdownCount] : NULL;
        port_lock_release(&IopDatabaseLock);
        if (Device == NULL) {
            return;
        }
        IO_STATUS_BLOCK IoStatus;
        IOP_REQUEST Request = {.StartDevice = IopStackTop(Device), .RequestorMode = KernelMode};
        Request.Stack.MajorFunction = IRP_MJ_SHUTDOWN;
        IopRequest(&Request, &IoStatus);
        ObpDereference(Device);
    }
}

/* ---- names ---- */

/* Windows: wdm.h, IoCreateSymbolicLink.  Differences: none. */
NTSTATUS
IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return ObpCreateSymbolicLink(SymbolicLinkName, DeviceName);
}

/* Windows: wdm.h, IoCreateUnprotectedSymbolicLink.  Differences: no security descriptor to begin with. */
NTSTATUS
IoCreateUnprotectedSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    return ObpCreateSymbolicLink(SymbolicLinkName, DeviceName);
}

/* Windows: wdm.h, IoDeleteSymbolicLink.  Differences: none. */
NTSTATUS
IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    return ObpDeleteSymbolicLink(SymbolicLinkName);
}

/* Windows: wdm.h, IoVolumeDeviceToDosName.  Differences: a volume without a drive letter is STATUS_OBJECT_NAME_NOT_FOUND. */
NTSTATUS
IoVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    PDEVICE_OBJECT Device = VolumeDeviceObject;
    PDEVICE_OBJECT Real = IopDevice(Device)->RealDevice != NULL ? IopDevice(Device)->RealDevice : Device;
    WCHAR Path[] = L"\\??\\A:";
    UNICODE_STRING Name = {sizeof(Path) - sizeof(WCHAR), sizeof(Path), Path};

    for (WCHAR Letter = L'A'; Letter <= L'Z'; Letter++) {
        UNICODE_STRING Rest;
        PWCH Buffer;
        PVOID Object;
        Path[4] = Letter;
        if (!NT_SUCCESS(ObpLookupName(&Name, OBJ_CASE_INSENSITIVE, &Object, &Rest, &Buffer))) {
            continue;
        }
        BOOLEAN Match = Object == Real && Rest.Length == 0;
        ObpDereference(Object);
        if (Buffer != NULL) {
            ExFreePool(Buffer);
        }
        if (Match) {
            DosName->Buffer = ExAllocatePoolWithTag(PagedPool, 3 * sizeof(WCHAR), IOP_TAG_NAME);
            if (DosName->Buffer == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            memcpy(DosName->Buffer, &Path[4], 3 * sizeof(WCHAR));
            DosName->Length = 2 * sizeof(WCHAR);
            DosName->MaximumLength = 3 * sizeof(WCHAR);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* Windows: ntddk.h, RtlVolumeDeviceToDosName.  Differences: as IoVolumeDeviceToDosName. */
NTSTATUS
RtlVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    return IoVolumeDeviceToDosName(VolumeDeviceObject, DosName);
}

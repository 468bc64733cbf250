/* SPDX-License-Identifier: MIT */
/* Routines around drivers and devices that stand on the rest of io: registry key, names, events, threads, remove locks, error log. */
#include "io/iopp.h"

#include <string.h>

/* ---- drivers ---- */

/* Windows: wdm.h, IoOpenDriverRegistryKey.  Differences: only the parameters key; it is made if it is not there. */
NTSTATUS
IoOpenDriverRegistryKey(PDRIVER_OBJECT DriverObject, DRIVER_REGKEY_TYPE RegKeyType, ACCESS_MASK DesiredAccess, ULONG Flags, PHANDLE DriverRegKey)
{
    static const WCHAR Tail[] = L"\\Parameters";
    PCUNICODE_STRING Path = &IOP_DRIVER_FROM(DriverObject)->RegistryPath;
    UNICODE_STRING Name = {0, (USHORT)(Path->Length + sizeof(Tail)), NULL};
    OBJECT_ATTRIBUTES Attributes;

    *DriverRegKey = NULL;
    if (Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (RegKeyType != DriverRegKeyParameters) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Path->Length == 0 || Path->Length > 0xF000) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Name.Buffer = ExAllocatePoolWithTag(PagedPool, Name.MaximumLength, IOP_TAG_NAME);
    if (Name.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Name.Buffer, Path->Buffer, Path->Length);
    memcpy((PUCHAR)Name.Buffer + Path->Length, Tail, sizeof(Tail));
    Name.Length = (USHORT)(Name.MaximumLength - sizeof(WCHAR));
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS Status = ZwCreateKey(DriverRegKey, DesiredAccess, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
    ExFreePool(Name.Buffer);
    return Status;
}

/* Windows: ntifs.h, IoEnumerateRegisteredFiltersList.  Differences: none. */
NTSTATUS
IoEnumerateRegisteredFiltersList(PDRIVER_OBJECT *DriverObjectList, ULONG DriverObjectListSize, PULONG ActualNumberDriverObjects)
{
    return IopNotificationsEnumerate(DriverObjectList, DriverObjectListSize / sizeof(PDRIVER_OBJECT), ActualNumberDriverObjects);
}

/* Windows: wdm.h, IoCreateSystemThread.  Differences: none. */
NTSTATUS
IoCreateSystemThread(
    PVOID IoObject,
    PHANDLE ThreadHandle,
    ULONG DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    HANDLE ProcessHandle,
    PCLIENT_ID ClientId,
    PKSTART_ROUTINE StartRoutine,
    PVOID StartContext)
{
    UNREFERENCED_PARAMETER(IoObject);          /* unload waits for threads of the driver anyway */
    return PsCreateSystemThread(ThreadHandle, DesiredAccess, ObjectAttributes, ProcessHandle, ClientId, StartRoutine, StartContext);
}

/* Windows: wdm.h, IoGetDeviceProperty.  Differences: no device here was enumerated by a bus. */
NTSTATUS
IoGetDeviceProperty(
    PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty, ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(DeviceProperty);
    UNREFERENCED_PARAMETER(BufferLength);
    UNREFERENCED_PARAMETER(PropertyBuffer);
    *ResultLength = 0;
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* ---- volumes and names ---- */

/* Windows: ntifs.h, IoGetDiskDeviceObject.  Differences: none. */
NTSTATUS
IoGetDiskDeviceObject(PDEVICE_OBJECT FileSystemDeviceObject, PDEVICE_OBJECT *DiskDeviceObject)
{
    PDEVICE_OBJECT Real = IopDevice(FileSystemDeviceObject)->RealDevice;

    if (FileSystemDeviceObject->Vpb != NULL) {
        return STATUS_INVALID_PARAMETER;       /* that is the storage device */
    }
    if (Real == NULL) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    ObReferenceObject(Real);
    *DiskDeviceObject = Real;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoQueryFileDosDeviceName.  Differences: none. */
NTSTATUS
IoQueryFileDosDeviceName(PFILE_OBJECT FileObject, POBJECT_NAME_INFORMATION *NameInformation)
{
    const ULONG NameBytes = sizeof(FILE_NAME_INFORMATION) + 0xFFFE;
    UNICODE_STRING DosName = {0};
    ULONG Returned;

    *NameInformation = NULL;
    PFILE_NAME_INFORMATION Name = ExAllocatePoolWithTag(PagedPool, NameBytes, IOP_TAG_GENERAL);
    if (Name == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = IopQueryInformation(FileObject, FileNameInformation, Name, NameBytes, KernelMode, &Returned);
    if (NT_SUCCESS(Status)) {
        Status = IoVolumeDeviceToDosName(FileObject->DeviceObject, &DosName);
    }
    ULONG Length = NT_SUCCESS(Status) ? DosName.Length + Name->FileNameLength : 0;
    if (NT_SUCCESS(Status) && Length > 0xFFFC) {
        Status = STATUS_NAME_TOO_LONG;
    }
    if (NT_SUCCESS(Status)) {
        POBJECT_NAME_INFORMATION Result =
            ExAllocatePoolWithTag(PagedPool, sizeof(*Result) + Length + sizeof(WCHAR), IOP_TAG_NAME);
        if (Result == NULL) {
            Status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            Result->Name.Buffer = (PWCH)(Result + 1);
            Result->Name.Length = (USHORT)Length;
            Result->Name.MaximumLength = (USHORT)(Length + sizeof(WCHAR));
            memcpy(Result->Name.Buffer, DosName.Buffer, DosName.Length);
            memcpy((PUCHAR)Result->Name.Buffer + DosName.Length, Name->FileName, Name->FileNameLength);
            Result->Name.Buffer[Length / sizeof(WCHAR)] = 0;
            *NameInformation = Result;
        }
    }
    if (DosName.Buffer != NULL) {
        ExFreePool(DosName.Buffer);
    }
    ExFreePool(Name);
    return Status;
}

/* What the file system calls the file; before it is open, or if it does not say: what the create says. */
static NTSTATUS
IopFileOwnName(PFILE_OBJECT FileObject, PFILE_NAME_INFORMATION Name, ULONG Bytes)
{
    ULONG Returned;

    if (FileObject->FsContext != NULL && (FileObject->Flags & (FO_DIRECT_DEVICE_OPEN | FO_VOLUME_OPEN | FO_CLEANUP_COMPLETE)) == 0) {
        const NTSTATUS Status = IopQueryInformation(FileObject, FileNameInformation, Name, Bytes, KernelMode, &Returned);
        if (NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Name->FileNameLength = FileObject->FileName.Length;
    memcpy(Name->FileName, FileObject->FileName.Buffer, FileObject->FileName.Length);
    return STATUS_SUCCESS;
}

/* For ObQueryNameString: the device's name and the file's. */
NTSTATUS
IopFileQueryName(PVOID Object, PUNICODE_STRING Name)
{
    PFILE_OBJECT FileObject = Object;
    const ULONG Bytes = sizeof(FILE_NAME_INFORMATION) + 0xFFFE;
    UNICODE_STRING Device;

    memset(Name, 0, sizeof(*Name));
    NTSTATUS Status = ObpObjectName(FileObject->DeviceObject, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PFILE_NAME_INFORMATION Own = ExAllocatePoolWithTag(PagedPool, Bytes, IOP_TAG_NAME);
    Status = Own != NULL ? IopFileOwnName(FileObject, Own, Bytes) : STATUS_INSUFFICIENT_RESOURCES;
    const ULONG Length = NT_SUCCESS(Status) ? Device.Length + Own->FileNameLength : 0;
    if (Length > 0xFFFC) {
        Status = STATUS_NAME_TOO_LONG;
    }
    if (NT_SUCCESS(Status)) {
        Name->Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), IOP_TAG_NAME);
        Status = Name->Buffer != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NT_SUCCESS(Status)) {
        Name->Length = (USHORT)Length;
        Name->MaximumLength = (USHORT)(Length + sizeof(WCHAR));
        memcpy(Name->Buffer, Device.Buffer, Device.Length);
        memcpy((PUCHAR)Name->Buffer + Device.Length, Own->FileName, Own->FileNameLength);
        Name->Buffer[Length / sizeof(WCHAR)] = 0;
    }
    if (Own != NULL) {
        ExFreePool(Own);
    }
    ExFreePool(Device.Buffer);
    return Status;
}

/* ---- events ---- */

static PKEVENT
IopNamedEvent(PUNICODE_STRING Name, EVENT_TYPE Type, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    PVOID Event = NULL;

    InitializeObjectAttributes(&Attributes, Name, OBJ_OPENIF | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwCreateEvent(Handle, EVENT_ALL_ACCESS, &Attributes, Type, TRUE))) {
        return NULL;
    }
    if (!NT_SUCCESS(ObReferenceObjectByHandle(*Handle, 0, ObpEventType, KernelMode, &Event, NULL))) {
        ZwClose(*Handle);
        return NULL;
    }
    ObDereferenceObject(Event);                /* the handle keeps it */
    return Event;
}

/* Windows: wdm.h, IoCreateNotificationEvent.  Differences: none. */
PKEVENT
IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return IopNamedEvent(EventName, NotificationEvent, EventHandle);
}

/* Windows: wdm.h, IoCreateSynchronizationEvent.  Differences: none. */
PKEVENT
IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return IopNamedEvent(EventName, SynchronizationEvent, EventHandle);
}

/* ---- file objects: what no file object here has ---- */

/* Windows: ntifs.h, IoGetOplockKeyContext.  Differences: oplock keys are not kept. */
struct _OPLOCK_KEY_ECP_CONTEXT *
IoGetOplockKeyContext(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return NULL;
}

/* Windows: ntifs.h, IoGetOplockKeyContextEx.  Differences: oplock keys are not kept. */
POPLOCK_KEY_CONTEXT
IoGetOplockKeyContextEx(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return NULL;
}

/* Windows: ntifs.h, IoGetSiloParameters.  Differences: there are no silos. */
PIO_FOEXT_SILO_PARAMETERS
IoGetSiloParameters(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return NULL;
}

/* Windows: ntifs.h, IoGetShadowFileInformation.  Differences: no file object has a shadow. */
PIO_FOEXT_SHADOW_FILE
IoGetShadowFileInformation(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return NULL;
}

/* Windows: ntifs.h, IoRaiseInformationalHardError.  Differences: nobody can be shown one. */
BOOLEAN
IoRaiseInformationalHardError(NTSTATUS ErrorStatus, PUNICODE_STRING String, PKTHREAD Thread)
{
    UNREFERENCED_PARAMETER(String);
    UNREFERENCED_PARAMETER(Thread);
    port_log(PORT_LOG_WARNING, "io", "a driver raised the informational hard error 0x%08X", (unsigned)ErrorStatus);
    return FALSE;
}

/* ---- remove locks ---- */

/* Windows: wdm.h, IoInitializeRemoveLock (IoInitializeRemoveLockEx).  Differences: no debugging layout. */
VOID
IoInitializeRemoveLockEx(PIO_REMOVE_LOCK Lock, ULONG AllocateTag, ULONG MaxLockedMinutes, ULONG HighWatermark, ULONG RemlockSize)
{
    UNREFERENCED_PARAMETER(AllocateTag);
    UNREFERENCED_PARAMETER(MaxLockedMinutes);
    UNREFERENCED_PARAMETER(HighWatermark);
    UNREFERENCED_PARAMETER(RemlockSize);
    Lock->Common.Removed = FALSE;
    Lock->Common.IoCount = 1;
    KeInitializeEvent(&Lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
}

/* Windows: wdm.h, IoReleaseRemoveLock (IoReleaseRemoveLockEx).  Differences: tags are not checked. */
VOID
IoReleaseRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    UNREFERENCED_PARAMETER(Tag);
    UNREFERENCED_PARAMETER(RemlockSize);
    if (InterlockedDecrement(&RemoveLock->Common.IoCount) == 0) {
        KeSetEvent(&RemoveLock->Common.RemoveEvent, IO_NO_INCREMENT, FALSE);
    }
}

/* Windows: wdm.h, IoAcquireRemoveLock (IoAcquireRemoveLockEx).  Differences: tags are not checked. */
NTSTATUS
IoAcquireRemoveLockEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, PCSTR File, ULONG Line, ULONG RemlockSize)
{
    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Line);
    InterlockedIncrement(&RemoveLock->Common.IoCount);
    if (__atomic_load_n(&RemoveLock->Common.Removed, __ATOMIC_SEQ_CST)) {
        IoReleaseRemoveLockEx(RemoveLock, Tag, RemlockSize);
        return STATUS_DELETE_PENDING;
    }
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, IoReleaseRemoveLockAndWait (IoReleaseRemoveLockAndWaitEx).  Differences: tags are not checked. */
VOID
IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK RemoveLock, PVOID Tag, ULONG RemlockSize)
{
    __atomic_store_n(&RemoveLock->Common.Removed, TRUE, __ATOMIC_SEQ_CST);
    IoReleaseRemoveLockEx(RemoveLock, Tag, RemlockSize);   /* the caller's own … */
    if (InterlockedDecrement(&RemoveLock->Common.IoCount) > 0) {   /* … and the one it was made with */
        KeWaitForSingleObject(&RemoveLock->Common.RemoveEvent, Executive, KernelMode, FALSE, NULL);
    }
}

/* ---- error log ---- */

/* Windows: wdm.h, IoAllocateErrorLogEntry.  Differences: none. */
PVOID
IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    PVOID Entry = NULL;

    UNREFERENCED_PARAMETER(IoObject);
    if (EntrySize >= sizeof(IO_ERROR_LOG_PACKET) && EntrySize <= ERROR_LOG_MAXIMUM_SIZE) {
        Entry = ExAllocatePoolWithTag(NonPagedPool, EntrySize, IOP_TAG_GENERAL);
    }
    if (Entry != NULL) {
        memset(Entry, 0, EntrySize);
    }
    return Entry;
}

/* Windows: wdm.h, IoFreeErrorLogEntry.  Differences: none. */
VOID
IoFreeErrorLogEntry(PVOID ElEntry)
{
    if (ElEntry != NULL) {
        ExFreePool(ElEntry);
    }
}

/* Windows: wdm.h, IoWriteErrorLogEntry.  Differences: goes to the log of the program; message texts are not looked up. */
VOID
IoWriteErrorLogEntry(PVOID ElEntry)
{
    PIO_ERROR_LOG_PACKET Packet = ElEntry;

    port_log(PORT_LOG_WARNING, "io", "error log entry: code 0x%08X, final status 0x%08X, unique value %u",
             (unsigned)Packet->ErrorCode, (unsigned)Packet->FinalStatus, (unsigned)Packet->UniqueErrorValue);
    ExFreePool(ElEntry);
}

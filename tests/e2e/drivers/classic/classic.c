/* SPDX-License-Identifier: MIT */
/* Entry and unload, the requests, the callbacks of sections. */
#include "classic.h"

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD ClassicUnload;

PDRIVER_OBJECT ClassicDriver;
LONG ClassicOpens, ClassicMounts, ClassicSections;

/* ---- passing on ---- */

static NTSTATUS
ClassicPassThrough(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo, Irp);
}

static NTSTATUS
ClassicSignal(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    KeSetEvent((PKEVENT)Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* The caller completes the request. */
NTSTATUS
ClassicForwardAndWait(PDEVICE_OBJECT Lower, PIRP Irp)
{
    KEVENT Event;
    NTSTATUS Status;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, ClassicSignal, &Event, TRUE, TRUE, TRUE);
    Status = IoCallDriver(Lower, Irp);
    if (Status == STATUS_PENDING) {
        Status = KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        ASSERT(Status == STATUS_SUCCESS);
    }
    ASSERT(KeReadStateEvent(&Event) != 0);
    return Irp->IoStatus.Status;
}

/* ---- opens ---- */

static VOID
ClassicShowOpen(PFILE_OBJECT FileObject)
{
    POBJECT_NAME_INFORMATION Name;
    ULONG Length = 0;
    NTSTATUS Status = ObQueryNameString(FileObject, NULL, 0, &Length);

    if (Status != STATUS_INFO_LENGTH_MISMATCH || Length == 0) {
        return;
    }
    Name = (POBJECT_NAME_INFORMATION)ExAllocatePoolWithTag(PagedPool, Length, CLASSIC_TAG);
    if (Name == NULL) {
        return;
    }
    Status = ObQueryNameString(FileObject, Name, Length, &Length);
    if (NT_SUCCESS(Status)) {
        DbgPrint("open of %wZ\n", &Name->Name);
    }
    ExFreePoolWithTag(Name, CLASSIC_TAG);
}

static NTSTATUS
ClassicCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PCLASSIC_EXTENSION Extension = CLASSIC_EXTENSION_OF(DeviceObject);
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    NTSTATUS Status;

    PAGED_CODE();
    if (Extension->Disk == NULL) {
        return ClassicPassThrough(DeviceObject, Irp);
    }
    Status = ClassicForwardAndWait(Extension->AttachedTo, Irp);
    /* every 64th: the log is to be read by somebody */
    if (NT_SUCCESS(Status) && Status != STATUS_REPARSE && (InterlockedIncrement(&ClassicOpens) & 63) == 1) {
        ClassicShowOpen(FileObject);
    }
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

/* ---- sections ---- */

static NTSTATUS
ClassicBeforeOperation(PFS_FILTER_CALLBACK_DATA Data, PVOID *CompletionContext)
{
    ASSERT(CLASSIC_IS_OURS(Data->DeviceObject));
    *CompletionContext = Data->DeviceObject;
    InterlockedIncrement(&ClassicSections);
    return STATUS_SUCCESS;
}

static VOID
ClassicAfterOperation(PFS_FILTER_CALLBACK_DATA Data, NTSTATUS OperationStatus, PVOID CompletionContext)
{
    UNREFERENCED_PARAMETER(OperationStatus);
    ASSERT(CompletionContext == Data->DeviceObject);
}

static NTSTATUS
ClassicRegisterCallbacks(PDRIVER_OBJECT DriverObject)
{
    FS_FILTER_CALLBACKS Callbacks;

    RtlZeroMemory(&Callbacks, sizeof(Callbacks));
    Callbacks.SizeOfFsFilterCallbacks = sizeof(FS_FILTER_CALLBACKS);
    Callbacks.PreAcquireForSectionSynchronization = ClassicBeforeOperation;
    Callbacks.PostAcquireForSectionSynchronization = ClassicAfterOperation;
    Callbacks.PreReleaseForSectionSynchronization = ClassicBeforeOperation;
    Callbacks.PostReleaseForSectionSynchronization = ClassicAfterOperation;
    Callbacks.PreAcquireForCcFlush = ClassicBeforeOperation;
    Callbacks.PostAcquireForCcFlush = ClassicAfterOperation;
    Callbacks.PreReleaseForCcFlush = ClassicBeforeOperation;
    Callbacks.PostReleaseForCcFlush = ClassicAfterOperation;
    Callbacks.PreAcquireForModifiedPageWriter = ClassicBeforeOperation;
    Callbacks.PostAcquireForModifiedPageWriter = ClassicAfterOperation;
    Callbacks.PreReleaseForModifiedPageWriter = ClassicBeforeOperation;
    Callbacks.PostReleaseForModifiedPageWriter = ClassicAfterOperation;
    return FsRtlRegisterFileSystemFilterCallbacks(DriverObject, &Callbacks);
}

/* ---- coming and going ---- */

VOID
ClassicUnload(PDRIVER_OBJECT DriverObject)
{
    PFAST_IO_DISPATCH FastIo = DriverObject->FastIoDispatch;

    PAGED_CODE();
    IoUnregisterFsRegistrationChange(DriverObject, ClassicFsNotification);
    ClassicLetGoOfAll();
    DbgPrint("%ld opens, %ld mounts, %ld sections\n", ClassicOpens, ClassicMounts, ClassicSections);
    DriverObject->FastIoDispatch = NULL;
    ExFreePoolWithTag(FastIo, CLASSIC_TAG);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;
    ULONG i;

    DbgPrint("DriverEntry, %wZ\n", RegistryPath);
    ClassicDriver = DriverObject;
    ClassicAttachInitialize();
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = ClassicPassThrough;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = ClassicCreate;
    DriverObject->MajorFunction[IRP_MJ_CREATE_NAMED_PIPE] = ClassicCreate;
    DriverObject->MajorFunction[IRP_MJ_CREATE_MAILSLOT] = ClassicCreate;
    DriverObject->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = ClassicFsControl;
    DriverObject->DriverUnload = ClassicUnload;
    DriverObject->FastIoDispatch = ClassicMakeFastIo();
    if (DriverObject->FastIoDispatch == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ClassicRegisterCallbacks(DriverObject);
    if (NT_SUCCESS(Status)) {
        Status = IoRegisterFsRegistrationChange(DriverObject, ClassicFsNotification);
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(DriverObject->FastIoDispatch, CLASSIC_TAG);
        DriverObject->FastIoDispatch = NULL;
    }
    return Status;
}

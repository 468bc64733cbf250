/* SPDX-License-Identifier: MIT */
/*
 * File objects.  Memory: object header and IOP_FILE in one block, cached per thread together with its name buffer, which is a
 * pool block because filters may free and replace FileObject->FileName.Buffer.
 *
 * Handles are counted in the object header.  The last one sends IRP_MJ_CLEANUP as the process that opened the file, once; the last
 * reference sends IRP_MJ_CLOSE as System, if the create had succeeded.
 */
#include "io/iopp.h"
#include "io/passage.h"

#include <stdatomic.h>
#include <string.h>

#include "ps/psp.h"

struct _OBJECT_TYPE IopFileType = {
    .Name = L"File", .Delete = IopFileDelete, .Close = IopFileHandleClosed, .WaitOffset = FIELD_OFFSET(FILE_OBJECT, Event),
    .QueryName = IopFileQueryName, .KeyClass = VF_OBJECT_REFERENCE};

#define IOP_FILE_BLOCK_BYTES (OBP_HEADER_SIZE + sizeof(IOP_FILE))

/* ---- memory ---- */

static VOID
IopFileReleaseCached(PVOID Block)
{
    IOP_FILE *File = (IOP_FILE *)((PUCHAR)Block + OBP_HEADER_SIZE);

    if (File->OwnName != NULL) {
        ExFreePool(File->OwnName);
    }
}

VOID
IopFileInitialize(VOID)
{
    IopCacheSetRelease(IOP_CACHE_FILE, IopFileReleaseCached);
}

static IOP_FILE *
IopFileBlock(VOID)
{
    PUCHAR Block = IopCachePop(IOP_CACHE_FILE);

    if (Block != NULL) {
        memset(Block + OBP_HEADER_SIZE, 0, FIELD_OFFSET(IOP_FILE, OwnName));
    } else {
        Block = port_alloc_zeroed(IOP_FILE_BLOCK_BYTES);
    }
    return Block != NULL ? (IOP_FILE *)(Block + OBP_HEADER_SIZE) : NULL;
}

static VOID
IopFileFreeBlock(IOP_FILE *File)
{
    PWCH Name = File->Public.FileName.Buffer;

    if (Name != NULL && Name != File->OwnName) {
        ExFreePool(Name);                      /* somebody replaced it, or it was too long for the cached buffer */
        File->OwnName = NULL;                  /* freed by whoever replaced it */
    }
    PVOID Block = (PUCHAR)File - OBP_HEADER_SIZE;
    if (!IopCachePush(IOP_CACHE_FILE, Block)) {
        IopFileReleaseCached(Block);
        port_free(Block);
    }
}

static NTSTATUS
IopFileSetName(IOP_FILE *File, PCUNICODE_STRING Name)
{
    PUNICODE_STRING Target = &File->Public.FileName;

    if (Name == NULL || Name->Length == 0) {
        return STATUS_SUCCESS;
    }
    if (File->OwnName != NULL && File->OwnNameBytes < Name->Length) {
        ExFreePool(File->OwnName);
        File->OwnName = NULL;
    }
    if (File->OwnName == NULL) {
        ULONG Bytes = Name->Length > IOP_NAME_BYTES ? Name->Length : IOP_NAME_BYTES;
        File->OwnName = ExAllocatePoolWithTag(PagedPool, Bytes, IOP_TAG_NAME);
        if (File->OwnName == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        File->OwnNameBytes = Bytes;
    }
    Target->Buffer = File->OwnName;
    Target->Length = Name->Length;
    Target->MaximumLength = (USHORT)(File->OwnNameBytes > 0xFFFE ? 0xFFFE : File->OwnNameBytes);
    memcpy(Target->Buffer, Name->Buffer, Name->Length);
    return STATUS_SUCCESS;
}

NTSTATUS
IopFileCreate(PDEVICE_OBJECT Device, PCUNICODE_STRING Name, IOP_FILE **File)
{
    IOP_FILE *New = IopFileBlock();

    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObpInitializeObject(New, &IopFileType);
    New->Public.Type = IO_TYPE_FILE;
    New->Public.Size = sizeof(FILE_OBJECT);
    New->Public.FileObjectExtension = New;
    New->Public.DeviceObject = Device;
    New->Public.Vpb = Device->Vpb;
    KeInitializeEvent(&New->Public.Lock, SynchronizationEvent, FALSE);
    KeInitializeEvent(&New->Public.Event, NotificationEvent, FALSE);
    KeInitializeSpinLock(&New->Public.IrpListLock);
    InitializeListHead(&New->Public.IrpList);
    InitializeListHead(&New->PerFileObjectContexts);
    NTSTATUS Status = IopFileSetName(New, Name);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(New);
        return Status;
    }
    IopDeviceOpened(Device);
    if (New->Public.Vpb != NULL) {
        __atomic_fetch_add(&New->Public.Vpb->ReferenceCount, 1, __ATOMIC_RELAXED);
    }
    atomic_store_explicit(&New->State, IOP_FILE_COUNTED, memory_order_relaxed);
    *File = New;
    return STATUS_SUCCESS;
}

NTSTATUS
IopFileAllocate(PDEVICE_OBJECT Device, PCUNICODE_STRING Name, PFILE_OBJECT *FileObject)
{
    IOP_FILE *File;
    NTSTATUS Status = IopFileCreate(Device, Name, &File);

    if (NT_SUCCESS(Status)) {
        *FileObject = &File->Public;
    }
    return Status;
}

/* H-01: filters find the lists of contexts through the header of a stream object. */
static VOID
IopFileCheckHeader(PFILE_OBJECT FileObject)
{
    const PDEVICE_OBJECT Base = IopBaseDevice(FileObject);
    const FSRTL_ADVANCED_FCB_HEADER *Header = FileObject->FsContext;

    if (!IopDriverIsRuntime(Base->DriverObject) && IopDevice(Base)->RealDevice != NULL && Header != NULL &&
        (Header->Flags & FSRTL_FLAG_ADVANCED_HEADER) == 0) {
        const uintptr_t Routine = (uintptr_t)Base->DriverObject->MajorFunction[IRP_MJ_CREATE] + 1;   /* it has returned */
        vf_report_stack("IO-16", "H-01", NULL, IOP_DRIVER_FROM(Base->DriverObject)->Owner, NULL, vf_stack_intern(&Routine, 1),
            "a create succeeded, and FsContext leads to no advanced header (FSRTL_FLAG_ADVANCED_HEADER is clear): filters cannot set contexts");
    }
}

/* The create succeeded: from now on a cleanup and a close are owed, and they know who opened. */
VOID
IopFileOpened(IOP_FILE *File)
{
    File->OpenerProcess = PsGetCurrentProcess();
    ObpReference(File->OpenerProcess);
    atomic_fetch_or_explicit(&File->State, IOP_FILE_OPENED | IOP_FILE_OPENER, memory_order_release);
    if (__builtin_expect(vf_on(), 0)) {
        IopFileCheckHeader(&File->Public);
    }
}

/* ---- cleanup and close ---- */

/* Sends IRP_MJ_CLEANUP or IRP_MJ_CLOSE and ignores what comes back. */
VOID
IopFileSendSimple(IOP_FILE *File, PDEVICE_OBJECT Device, UCHAR Major)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {.FileObject = &File->Public, .StartDevice = Device, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = Major;
    IopRequest(&Request, &IoStatus);
}

static VOID
IopFileSendCleanup(IOP_FILE *File)
{
    PSP_REQUESTOR Requestor;

    if (atomic_exchange_explicit(&File->CleanupSent, 1, memory_order_acq_rel) != 0 ||
        (atomic_load_explicit(&File->State, memory_order_acquire) & IOP_FILE_OPENED) == 0) {
        return;
    }
    if (File->OpenerProcess != NULL && File->OpenerProcess != PsGetCurrentProcess()) {
        PspAttachProcess(&Requestor, File->OpenerProcess);
        IopFileSendSimple(File, NULL, IRP_MJ_CLEANUP);
        PspDetachRequestor(&Requestor);
    } else {
        IopFileSendSimple(File, NULL, IRP_MJ_CLEANUP);
    }
}

static VOID
IopFileSendClose(IOP_FILE *File)
{
    PSP_REQUESTOR Requestor;

    PspAttachProcess(&Requestor, PsInitialSystemProcess);
    IopFileSendSimple(File, NULL, IRP_MJ_CLOSE);
    PspDetachRequestor(&Requestor);
}

static VOID
IopFileDestroy(IOP_FILE *File)
{
    ULONG State = atomic_load_explicit(&File->State, memory_order_acquire);
    PDEVICE_OBJECT Device = File->Public.DeviceObject;
    PVPB Vpb = File->Public.Vpb;

    /* The file system counts it as closed before the request has come back up, and hooks come after that. */
    IopPassageEnterAlways(Device);
    if ((State & IOP_FILE_OPENED) != 0) {
        /* The object lives once more while the request runs: filters may reference and dereference it. */
        ObpReference(File);
        IopFileSendClose(File);
        atomic_store_explicit(&ObpHeader(File)->PointerCount, 0, memory_order_relaxed);
    }
    IopHooksFileObjectClosing(&File->Public);
    if ((State & IOP_FILE_OPENER) != 0) {
        ObpDereference(File->OpenerProcess);
    }
    if (File->Transaction.TransactionObject != NULL) {
        ObpDereference(File->Transaction.TransactionObject);
    }
    IopPassageLeave(Device);
    if ((State & IOP_FILE_COUNTED) != 0) {
        if (Vpb != NULL) {
            __atomic_fetch_sub(&Vpb->ReferenceCount, 1, __ATOMIC_RELEASE);
        }
        IopDeviceClosed(Device);
    }
    IopFileFreeBlock(File);
}

static VOID
IopFileDestroyDeferred(PVOID Context)
{
    IopFileDestroy(Context);
}

/* ob: the last reference is gone. */
VOID
IopFileDelete(PVOID Object)
{
    IOP_FILE *File = Object;

    if (KeGetCurrentIrql() > PASSIVE_LEVEL && (atomic_load_explicit(&File->State, memory_order_acquire) & IOP_FILE_OPENED) != 0) {
        ExInitializeWorkItem(&File->DeleteItem, IopFileDestroyDeferred, File);
        ExQueueWorkItem(&File->DeleteItem, DelayedWorkQueue);
        return;
    }
    IopFileDestroy(File);
}

/* ob: a handle was closed. */
VOID
IopFileHandleClosed(PVOID Object, LONG Remaining)
{
    if (Remaining == 0) {
        IopFileSendCleanup(Object);
    }
}

VOID
IopHandleOpened(PFILE_OBJECT FileObject)
{
    atomic_fetch_add_explicit(&ObpHeader(FileObject)->HandleCount, 1, memory_order_relaxed);
}

VOID
IopHandleClosed(PFILE_OBJECT FileObject)
{
    LONG Remaining = atomic_fetch_sub_explicit(&ObpHeader(FileObject)->HandleCount, 1, memory_order_acq_rel) - 1;

    IopFileHandleClosed(FileObject, Remaining);
}

VOID
IopCloseFile(PFILE_OBJECT FileObject)
{
    IopHandleClosed(FileObject);
    ObpDereference(FileObject);
}

/* ---- file objects without a create ---- */

/* Windows: ntifs.h, IoCreateStreamFileObjectEx.  Differences: returns NULL where Windows raises. */
static PFILE_OBJECT
IopCreateStreamFile(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject, BOOLEAN Lite, PHANDLE FileHandle)
{
    PDEVICE_OBJECT Device = FileObject != NULL ? FileObject->DeviceObject : DeviceObject;
    IOP_FILE *File;

    if (Device == NULL || !NT_SUCCESS(IopFileCreate(Device, NULL, &File))) {
        return NULL;
    }
    File->Public.Flags = FO_STREAM_FILE;
    IopFileOpened(File);
    if (Lite) {
        atomic_store_explicit(&File->CleanupSent, 1, memory_order_relaxed);
        return &File->Public;
    }
    File->Public.Flags |= FO_HANDLE_CREATED;
    if (FileHandle != NULL) {
        if (!NT_SUCCESS(ObpCreateHandle(File, FILE_READ_DATA, OBJ_KERNEL_HANDLE, FileHandle))) {
            ObpDereference(File);
            return NULL;
        }
        return &File->Public;
    }
    /* The handle that Windows makes and closes at once. */
    IopHandleOpened(&File->Public);
    IopHandleClosed(&File->Public);
    return &File->Public;
}

/* Windows: ntifs.h, IoCreateStreamFileObjectEx.  Differences: returns NULL where Windows raises. */
PFILE_OBJECT
IoCreateStreamFileObjectEx(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject, PHANDLE FileHandle)
{
    return IopCreateStreamFile(FileObject, DeviceObject, FALSE, FileHandle);
}

/* Windows: ntifs.h, IoCreateStreamFileObject.  Differences: as IoCreateStreamFileObjectEx. */
PFILE_OBJECT
IoCreateStreamFileObject(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    return IopCreateStreamFile(FileObject, DeviceObject, FALSE, NULL);
}

/* Windows: ntifs.h, IoCreateStreamFileObjectLite.  Differences: as IoCreateStreamFileObjectEx. */
PFILE_OBJECT
IoCreateStreamFileObjectLite(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    return IopCreateStreamFile(FileObject, DeviceObject, TRUE, NULL);
}

/* Windows: ntifs.h, IoCancelFileOpen.  Differences: a file object that has a handle is left alone and reported. */
VOID
IoCancelFileOpen(PDEVICE_OBJECT DeviceObject, PFILE_OBJECT FileObject)
{
    IOP_FILE *File = IOP_FILE_FROM(FileObject);

    if ((FileObject->Flags & FO_HANDLE_CREATED) != 0) {
        IopFinding("K-23", "0xF5/0x6A", NULL, FileObject, "the open of a file object that has a handle cannot be cancelled");
        return;
    }
    FileObject->Flags |= FO_FILE_OPEN_CANCELLED;
    atomic_store_explicit(&File->CleanupSent, 1, memory_order_release);
    IopFileSendSimple(File, DeviceObject, IRP_MJ_CLEANUP);
    IopFileSendSimple(File, DeviceObject, IRP_MJ_CLOSE);
}

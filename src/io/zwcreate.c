/* SPDX-License-Identifier: MIT */
/* From OBJECT_ATTRIBUTES to IopCreateFile and a handle: ZwCreateFile and its family. */
#include "io/fastio.h"
#include "io/zwp.h"

#include <string.h>

/* Fills Name, RelatedFileObject or Device from OBJECT_ATTRIBUTES.  *Root is the referenced file object or NULL. */
static NTSTATUS
IopCreateFromAttributes(POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode, IOP_CREATE *Create, PFILE_OBJECT *Root)
{
    PVOID Object;

    *Root = NULL;
    if (Attributes == NULL || Attributes->Length != sizeof(OBJECT_ATTRIBUTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    Create->ObjectAttributes = Attributes->Attributes;
    if (Attributes->ObjectName != NULL) {
        if ((Attributes->ObjectName->Length & 1) != 0 && (Create->CreateOptions & FILE_OPEN_BY_FILE_ID) == 0) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Create->Name = *Attributes->ObjectName;
    }
    if (Attributes->RootDirectory == NULL) {
        return Create->Name.Length == 0 ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_SUCCESS;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(Attributes->RootDirectory, 0, &IopFileType, Mode, &Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Root = Object;
    Create->RelatedFileObject = Object;
    if (Create->Name.Length != 0 && Create->Name.Buffer[0] == L'\\' && (Create->CreateOptions & FILE_OPEN_BY_FILE_ID) == 0) {
        ObDereferenceObject(Object);
        *Root = NULL;
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    return STATUS_SUCCESS;
}

/* The file becomes a handle: the handle count of the open passes to it. */
static NTSTATUS
IopCreateHandle(PFILE_OBJECT FileObject, ULONG HandleAttributes, PHANDLE FileHandle)
{
    NTSTATUS Status = ObpCreateHandle(FileObject, IOP_FILE_FROM(FileObject)->GrantedAccess, HandleAttributes, FileHandle);

    IopCloseFile(FileObject);                  /* not the last handle unless that failed */
    return Status;
}

static NTSTATUS
IopCreateByAttributes(PHANDLE FileHandle, POBJECT_ATTRIBUTES Attributes, PIO_STATUS_BLOCK IoStatusBlock, IOP_CREATE *Create)
{
    IO_STATUS_BLOCK IoStatus = {.Information = 0};
    PFILE_OBJECT FileObject, Root;

    *FileHandle = NULL;
    NTSTATUS Status = IopCreateFromAttributes(Attributes, Create->RequestorMode, Create, &Root);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCreateFile(Create, &IoStatus, &FileObject);
    if (Root != NULL) {
        ObDereferenceObject(Root);
    }
    if (NT_SUCCESS(Status)) {
        NTSTATUS HandleStatus = IopCreateHandle(FileObject, Attributes->Attributes, FileHandle);
        Status = NT_SUCCESS(HandleStatus) ? Status : HandleStatus;
    }
    IoStatus.Status = Status;
    *IoStatusBlock = IoStatus;
    return Status;
}

/* Windows: ntddk.h, IoCreateFileEx.  Differences: pipes and mailslots are not there. */
NTSTATUS
IoCreateFileEx(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG Disposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength,
    CREATE_FILE_TYPE CreateFileType,
    PVOID InternalParameters,
    ULONG Options,
    PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    IOP_CREATE Create = {
        .DesiredAccess = DesiredAccess, .Disposition = Disposition, .CreateOptions = CreateOptions, .FileAttributes = FileAttributes,
        .ShareAccess = ShareAccess, .EaBuffer = EaBuffer, .EaLength = EaLength, .OpenFlags = Options, .RequestorMode = KernelMode,
        .DriverContext = DriverContext};

    UNREFERENCED_PARAMETER(InternalParameters);
    if (CreateFileType != CreateFileTypeNone) {
        VF_UNIMPLEMENTED();
        return STATUS_NOT_IMPLEMENTED;
    }
    if (AllocationSize != NULL) {
        Create.AllocationSize = *AllocationSize;
    }
    if (DriverContext != NULL && DriverContext->DeviceObjectHint != NULL) {
        Create.HintDevice = DriverContext->DeviceObjectHint;
    }
    if ((Options & IO_CHECK_CREATE_PARAMETERS) == 0) {
        Create.OpenFlags |= IO_NO_PARAMETER_CHECKING;
    }
    return IopCreateByAttributes(FileHandle, ObjectAttributes, IoStatusBlock, &Create);
}

/* Windows: ntddk.h, IoCreateFile.  Differences: as IoCreateFileEx. */
NTSTATUS
IoCreateFile(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG Disposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength,
    CREATE_FILE_TYPE CreateFileType,
    PVOID InternalParameters,
    ULONG Options)
{
    return IoCreateFileEx(
        FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess, Disposition,
        CreateOptions, EaBuffer, EaLength, CreateFileType, InternalParameters, Options, NULL);
}

/* Windows: ntddk.h, IoCreateFileSpecifyDeviceObjectHint.  Differences: none. */
NTSTATUS
IoCreateFileSpecifyDeviceObjectHint(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG Disposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength,
    CREATE_FILE_TYPE CreateFileType,
    PVOID InternalParameters,
    ULONG Options,
    PVOID DeviceObject)
{
    IO_DRIVER_CREATE_CONTEXT Context;

    IoInitializeDriverCreateContext(&Context);
    Context.DeviceObjectHint = DeviceObject;
    return IoCreateFileEx(
        FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess, Disposition,
        CreateOptions, EaBuffer, EaLength, CreateFileType, InternalParameters, Options, &Context);
}

static NTSTATUS
IopNtCreateFile(
    KPROCESSOR_MODE Mode,
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG CreateDisposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength)
{
    IOP_CREATE Create = {
        .DesiredAccess = DesiredAccess, .Disposition = CreateDisposition, .CreateOptions = CreateOptions,
        .FileAttributes = FileAttributes, .ShareAccess = ShareAccess, .EaBuffer = EaBuffer, .EaLength = EaLength,
        .RequestorMode = Mode};

    if (AllocationSize != NULL) {
        Create.AllocationSize = *AllocationSize;
    }
    return IopCreateByAttributes(FileHandle, ObjectAttributes, IoStatusBlock, &Create);
}

/* Windows: wdm.h, ZwCreateFile.  Differences: none. */
NTSTATUS
ZwCreateFile(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG CreateDisposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength)
{
    return IopNtCreateFile(
        KernelMode, FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
        CreateDisposition, CreateOptions, EaBuffer, EaLength);
}

/* Windows: ntifs.h, NtCreateFile.  Differences: none. */
NTSTATUS
NtCreateFile(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PLARGE_INTEGER AllocationSize,
    ULONG FileAttributes,
    ULONG ShareAccess,
    ULONG CreateDisposition,
    ULONG CreateOptions,
    PVOID EaBuffer,
    ULONG EaLength)
{
    return IopNtCreateFile(
        ExGetPreviousMode(), FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
        CreateDisposition, CreateOptions, EaBuffer, EaLength);
}

/* Windows: wdm.h, ZwOpenFile.  Differences: none. */
NTSTATUS
ZwOpenFile(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    ULONG ShareAccess,
    ULONG OpenOptions)
{
    return IopNtCreateFile(
        KernelMode, FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0, ShareAccess, FILE_OPEN, OpenOptions, NULL, 0);
}

/* Windows: ntifs.h, NtOpenFile.  Differences: none. */
NTSTATUS
NtOpenFile(
    PHANDLE FileHandle,
    ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    ULONG ShareAccess,
    ULONG OpenOptions)
{
    return IopNtCreateFile(
        ExGetPreviousMode(), FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0, ShareAccess, FILE_OPEN, OpenOptions,
        NULL, 0);
}

/* ---- by name, without a handle ---- */

/* Opens by attributes for one request; undone by IopCloseFile. */
static NTSTATUS
IopOpenByAttributes(POBJECT_ATTRIBUTES Attributes, ACCESS_MASK Access, ULONG Options, PFILE_OBJECT *FileObject)
{
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT Root;
    IOP_CREATE Create = {
        .DesiredAccess = Access, .Disposition = FILE_OPEN, .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .RequestorMode = KernelMode};
    NTSTATUS Status = IopCreateFromAttributes(Attributes, KernelMode, &Create, &Root);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopCreateFile(&Create, &IoStatus, FileObject);
    if (Root != NULL) {
        ObDereferenceObject(Root);
    }
    return Status;
}

/* Windows: ntifs.h, ZwDeleteFile.  Differences: none. */
NTSTATUS
ZwDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes)
{
    FILE_DISPOSITION_INFORMATION Disposition = {.DeleteFile = TRUE};
    PFILE_OBJECT FileObject;
    NTSTATUS Status = IopOpenByAttributes(ObjectAttributes, DELETE, FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT, &FileObject);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopSetInformation(FileObject, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL, NULL, KernelMode);
    IopCloseFile(FileObject);
    return Status;
}

static NTSTATUS
IopQueryNetworkOpen(PFILE_OBJECT FileObject, PFILE_NETWORK_OPEN_INFORMATION Information)
{
    IO_STATUS_BLOCK IoStatus;
    const IOP_FAST_IO Fast = {.Kind = IopFastQueryNetworkOpen, .FileObject = FileObject, .Wait = TRUE, .Buffer = Information,
        .IoStatus = &IoStatus};

    if (IopFastIoFile(IRP_MJ_QUERY_INFORMATION, &Fast)) {
        return IoStatus.Status;
    }
    return IopQueryInformation(FileObject, FileNetworkOpenInformation, Information, sizeof(*Information), KernelMode, NULL);
}

/* Windows: wdm.h, ZwQueryFullAttributesFile.  Differences: always by an open. */
NTSTATUS
ZwQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    PFILE_OBJECT FileObject;
    NTSTATUS Status = IopOpenByAttributes(
        ObjectAttributes, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT, &FileObject);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IopQueryNetworkOpen(FileObject, FileInformation);
    IopCloseFile(FileObject);
    return Status;
}

/* Windows: ntifs.h, NtQueryFullAttributesFile.  Differences: as ZwQueryFullAttributesFile. */
NTSTATUS
NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    return ZwQueryFullAttributesFile(ObjectAttributes, FileInformation);
}

/* Windows: ntifs.h, IoFastQueryNetworkAttributes.  Differences: always by an open. */
BOOLEAN
IoFastQueryNetworkAttributes(
    POBJECT_ATTRIBUTES ObjectAttributes,
    ACCESS_MASK DesiredAccess,
    ULONG OpenOptions,
    PIO_STATUS_BLOCK IoStatus,
    PFILE_NETWORK_OPEN_INFORMATION Buffer)
{
    PFILE_OBJECT FileObject;
    NTSTATUS Status = IopOpenByAttributes(ObjectAttributes, DesiredAccess, OpenOptions, &FileObject);

    if (NT_SUCCESS(Status)) {
        Status = IopQueryNetworkOpen(FileObject, Buffer);
        IopCloseFile(FileObject);
    }
    IoStatus->Status = Status;
    IoStatus->Information = NT_SUCCESS(Status) ? sizeof(*Buffer) : 0;
    return TRUE;
}

/* Windows: ntifs.h, ZwQueryInformationByName.  Differences: always by an open. */
NTSTATUS
ZwQueryInformationByName(
    POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID FileInformation,
    ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass)
{
    PFILE_OBJECT FileObject;
    ULONG Returned = 0;
    NTSTATUS Status = IopOpenByAttributes(
        ObjectAttributes, FILE_READ_ATTRIBUTES, FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT, &FileObject);

    if (NT_SUCCESS(Status)) {
        Status = IopQueryInformation(FileObject, FileInformationClass, FileInformation, Length, KernelMode, &Returned);
        IopCloseFile(FileObject);
    }
    IoStatusBlock->Status = Status;
    IoStatusBlock->Information = Returned;
    return Status;
}

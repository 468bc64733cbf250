/* SPDX-License-Identifier: MIT */
/*
 * Creates that filters issue.  With an instance they enter its volume's stack at our device, below that instance; the file object
 * remembers both, so that whatever is sent to it later goes the same way.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/target.h"
#include "ob/obp.h"

/* The file object carries the instance from now on, whether the create was watched or not. */
static VOID
FltpOpenedBelow(NTSTATUS Status, PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    if (NT_SUCCESS(Status) && IOP_FILE_FROM(FileObject)->FilterTarget == Instance) {
        FltpRememberOpener(FileObject, Instance);
    }
}

/* ---- for ourselves ---- */

NTSTATUS
FltpOpenBelow(const FLTP_OPEN *Open, PFILE_OBJECT *FileObject)
{
    PFLT_INSTANCE Instance = Open->Instance;
    IO_STATUS_BLOCK IoStatus;
    const IOP_CREATE Create = { .Device = Open->Volume->RealDevice, .HintDevice = Instance != NULL ? Open->Volume->FilterDevice : NULL,
        .FilterTarget = Instance, .RelatedFileObject = Open->Related, .Name = Open->Name, .DesiredAccess = Open->Access, .Disposition = FILE_OPEN,
        .CreateOptions = Open->Options | FILE_OPEN_FOR_BACKUP_INTENT | FILE_SYNCHRONOUS_IO_NONALERT, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .ObjectAttributes = Open->CaseSensitive ? 0 : OBJ_CASE_INSENSITIVE, .OpenFlags = IO_IGNORE_SHARE_ACCESS_CHECK,
        .RequestorMode = KernelMode };

    if (Instance != NULL && !FltpCountTryAcquire(&Instance->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, FileObject);
    if (Instance != NULL) {
        FltpOpenedBelow(Status, *FileObject, Instance);
        FltpCountRelease(&Instance->Outstanding);
    }
    if (Status == STATUS_MOUNT_POINT_NOT_RESOLVED) {
        return STATUS_NOT_SAME_DEVICE;
    }
    if (NT_SUCCESS(Status) && (*FileObject)->DeviceObject != Open->Volume->RealDevice) {
        IopCloseFile(*FileObject);
        return STATUS_NOT_SAME_DEVICE;
    }
    return Status;
}

/* ---- FltCreateFile ---- */

typedef struct FLTP_CREATE {
    PFLT_INSTANCE Instance;
    IOP_CREATE Create;
    PVOID Root, Device;                        /* references */
    PWCH LinkBuffer;
} FLTP_CREATE;

static VOID
FltpCreateForget(FLTP_CREATE *Call)
{
    if (Call->Root != NULL) {
        ObpDereference(Call->Root);
    }
    if (Call->Device != NULL) {
        ObpDereference(Call->Device);
    }
    if (Call->LinkBuffer != NULL) {
        ExFreePool(Call->LinkBuffer);
    }
}

/* Whether a device belongs to the instance's volume. */
static BOOLEAN
FltpIsOnVolume(PFLT_VOLUME Volume, PDEVICE_OBJECT Device)
{
    if (Device == Volume->RealDevice || Device == Volume->VolumeDevice) {
        return TRUE;
    }
    PFLT_VOLUME Found = FltpVolumeLookIn(Device, Volume->Frame);
    if (Found != NULL) {
        FltpCountRelease(&Found->Outstanding);
    }
    return Found == Volume;
}

static NTSTATUS
FltpCreateRoot(FLTP_CREATE *Call, HANDLE RootDirectory)
{
    IOP_CREATE *Create = &Call->Create;
    PVOID Root;
    NTSTATUS Status = ObReferenceObjectByHandle(RootDirectory, 0, *IoFileObjectType, KernelMode, &Root, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    /* The reference is ours, not the driver's. */
    ObpReference(Root);
    ObDereferenceObject(Root);
    Call->Root = Root;
    Create->RelatedFileObject = Root;
    if (Create->Name.Length != 0 && Create->Name.Buffer[0] == L'\\' && !(Create->CreateOptions & FILE_OPEN_BY_FILE_ID)) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (Call->Instance != NULL && !FltpIsOnVolume(Call->Instance->Volume, Create->RelatedFileObject->DeviceObject)) {
        return STATUS_INVALID_DEVICE_OBJECT_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* The device that a full name leads to must be the instance's volume: a device hint is not checked further on. */
static NTSTATUS
FltpCreateDevice(FLTP_CREATE *Call)
{
    IOP_CREATE *Create = &Call->Create;
    const UNICODE_STRING Path = Create->Name;
    NTSTATUS Status = ObpLookupName(&Path, Create->ObjectAttributes, &Call->Device, &Create->Name, &Call->LinkBuffer);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ObpTypeOf(Call->Device) != *IoDeviceObjectType) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (!FltpIsOnVolume(Call->Instance->Volume, Call->Device)) {
        return STATUS_INVALID_DEVICE_OBJECT_PARAMETER;
    }
    Create->Device = Call->Instance->Volume->RealDevice;
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpCreateName(FLTP_CREATE *Call, POBJECT_ATTRIBUTES Attributes)
{
    IOP_CREATE *Create = &Call->Create;

    if (Attributes == NULL || Attributes->Length != sizeof(OBJECT_ATTRIBUTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    Create->ObjectAttributes = Attributes->Attributes;
    if (Attributes->ObjectName != NULL) {
        Create->Name = *Attributes->ObjectName;
        if ((Create->Name.Length & 1) != 0 && !(Create->CreateOptions & FILE_OPEN_BY_FILE_ID)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
    }
    if (Attributes->RootDirectory != NULL) {
        return FltpCreateRoot(Call, Attributes->RootDirectory);
    }
    if (Create->Name.Length == 0) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    return Call->Instance != NULL ? FltpCreateDevice(Call) : STATUS_SUCCESS;
}

NTSTATUS
FltpOpenTargetDirectory(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFILE_RENAME_INFORMATION Rename, PFILE_OBJECT *Target)
{
    IO_STATUS_BLOCK IoStatus;
    FLTP_CREATE Call = { .Instance = Instance, .Create = { .HintDevice = Instance->Volume->FilterDevice, .FilterTarget = Instance,
        .Name = { (USHORT)Rename->FileNameLength, (USHORT)Rename->FileNameLength, Rename->FileName },
        .DesiredAccess = FILE_WRITE_DATA | SYNCHRONIZE, .Disposition = FILE_OPEN, .CreateOptions = FILE_OPEN_FOR_BACKUP_INTENT,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE, .OpenFlags = IO_OPEN_TARGET_DIRECTORY,
        .ObjectAttributes = FileObject->Flags & FO_OPENED_CASE_SENSITIVE ? 0 : OBJ_CASE_INSENSITIVE, .RequestorMode = KernelMode } };

    *Target = NULL;
    if (Rename->RootDirectory == NULL && (Rename->FileNameLength == 0 || Rename->FileName[0] != L'\\')) {
        return STATUS_SUCCESS;
    }
    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    NTSTATUS Status = Rename->RootDirectory != NULL ? FltpCreateRoot(&Call, Rename->RootDirectory) : FltpCreateDevice(&Call);
    if (NT_SUCCESS(Status)) {
        Status = IopCreateFile(&Call.Create, &IoStatus, Target);
        FltpOpenedBelow(Status, *Target, Instance);
    }
    FltpCreateForget(&Call);
    FltpCountRelease(&Instance->Outstanding);
    return Status == STATUS_INVALID_DEVICE_OBJECT_PARAMETER || Status == STATUS_MOUNT_POINT_NOT_RESOLVED ? STATUS_NOT_SAME_DEVICE : Status;
}

/* The file becomes a handle, to which the handle count of the open passes, and a reference for the driver. */
static NTSTATUS
FltpCreateResult(PFILE_OBJECT FileObject, ULONG HandleAttributes, PHANDLE FileHandle, PFILE_OBJECT *RetFileObject)
{
    NTSTATUS Status = ObpCreateHandle(FileObject, IOP_FILE_FROM(FileObject)->GrantedAccess, HandleAttributes, FileHandle);

    if (NT_SUCCESS(Status) && RetFileObject != NULL) {
        ObReferenceObject(FileObject);
        *RetFileObject = FileObject;
    }
    IopCloseFile(FileObject);
    return Status;
}

static NTSTATUS
FltpCreateIssue(FLTP_CREATE *Call, POBJECT_ATTRIBUTES Attributes, PIO_STATUS_BLOCK IoStatus, PHANDLE FileHandle, PFILE_OBJECT *RetFileObject)
{
    PFLT_INSTANCE Instance = Call->Instance;
    PFILE_OBJECT FileObject;

    if (Instance != NULL) {
        if (!FltpObjectIs(Instance, "FltCreateFile") || !FltpCountTryAcquire(&Instance->Outstanding)) {
            IoStatus->Status = STATUS_FLT_DELETING_OBJECT;
            return STATUS_FLT_DELETING_OBJECT;
        }
        Call->Create.FilterTarget = Instance;
        Call->Create.HintDevice = Instance->Volume->FilterDevice;
    }
    NTSTATUS Status = FltpCreateName(Call, Attributes);
    if (NT_SUCCESS(Status)) {
        Status = IopCreateFile(&Call->Create, IoStatus, &FileObject);
        if (Instance != NULL) {
            FltpOpenedBelow(Status, FileObject, Instance);
        }
    }
    FltpCreateForget(Call);
    if (Instance != NULL) {
        FltpCountRelease(&Instance->Outstanding);
    }
    if (NT_SUCCESS(Status)) {
        const NTSTATUS HandleStatus = FltpCreateResult(FileObject, Attributes->Attributes, FileHandle, RetFileObject);
        Status = NT_SUCCESS(HandleStatus) ? Status : HandleStatus;
    }
    IoStatus->Status = Status;
    return Status;
}

/* Windows: fltKernel.h, FltCreateFileEx2.  Differences: no redirected targets. */
NTSTATUS FLTAPI
FltCreateFileEx2(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle, PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
    ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength, ULONG Flags, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_CREATE Call = { .Instance = Instance, .Create = { .DesiredAccess = DesiredAccess, .Disposition = CreateDisposition,
        .CreateOptions = CreateOptions, .FileAttributes = FileAttributes, .ShareAccess = ShareAccess, .EaBuffer = EaBuffer, .EaLength = EaLength,
        .OpenFlags = Flags, .RequestorMode = KernelMode, .DriverContext = DriverContext } };

    *FileHandle = NULL;
    if (FileObject != NULL) {
        *FileObject = NULL;
    }
    IoStatusBlock->Information = 0;
    if (vf_inject("FltCreateFile", Filter->Owner)) {
        IoStatusBlock->Status = STATUS_INSUFFICIENT_RESOURCES;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (AllocationSize != NULL) {
        Call.Create.AllocationSize = *AllocationSize;
    }
    if (!(Flags & IO_CHECK_CREATE_PARAMETERS)) {
        Call.Create.OpenFlags |= IO_NO_PARAMETER_CHECKING;
    }
    if (Instance == NULL && DriverContext != NULL) {
        Call.Create.HintDevice = DriverContext->DeviceObjectHint;
    }
    return FltpCreateIssue(&Call, ObjectAttributes, IoStatusBlock, FileHandle, FileObject);
}

/* Windows: fltKernel.h, FltCreateFileEx.  Differences: as FltCreateFileEx2. */
NTSTATUS FLTAPI
FltCreateFileEx(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle, PFILE_OBJECT *FileObject, ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
    ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength, ULONG Flags)
{
    return FltCreateFileEx2(Filter, Instance, FileHandle, FileObject, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
        FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength, Flags, NULL);
}

/* Windows: fltKernel.h, FltCreateFile.  Differences: as FltCreateFileEx2. */
NTSTATUS FLTAPI
FltCreateFile(PFLT_FILTER Filter, PFLT_INSTANCE Instance, PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
    PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess, ULONG CreateDisposition,
    ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength, ULONG Flags)
{
    return FltCreateFileEx2(Filter, Instance, FileHandle, NULL, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes,
        ShareAccess, CreateDisposition, CreateOptions, EaBuffer, EaLength, Flags, NULL);
}

/* Windows: fltKernel.h, FltClose.  Differences: none. */
NTSTATUS FLTAPI
FltClose(HANDLE FileHandle)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    return ZwClose(FileHandle);
}

/* Windows: fltKernel.h, FltOpenVolume.  Differences: none. */
NTSTATUS FLTAPI
FltOpenVolume(PFLT_INSTANCE Instance, PHANDLE VolumeHandle, PFILE_OBJECT *VolumeFileObject)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    const FLTP_OPEN Open = { .Instance = Instance, .Volume = Instance->Volume,
        .Access = FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE };
    PFILE_OBJECT FileObject;
    *VolumeHandle = NULL;
    if (VolumeFileObject != NULL) {
        *VolumeFileObject = NULL;
    }
    if (Instance->Volume->DeviceType == FILE_DEVICE_NETWORK_FILE_SYSTEM) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpOpenBelow(&Open, &FileObject);
    return NT_SUCCESS(Status) ? FltpCreateResult(FileObject, OBJ_KERNEL_HANDLE, VolumeHandle, VolumeFileObject) : Status;
}

/* Windows: fltKernel.h, FltQueryInformationByName.  Differences: always by an open. */
NTSTATUS FLTAPI
FltQueryInformationByName(PFLT_FILTER Filter, PFLT_INSTANCE Instance, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
    PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass, PIO_DRIVER_CREATE_CONTEXT DriverContext)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    FLTP_CREATE Call = { .Instance = Instance, .Create = { .DesiredAccess = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN,
        .CreateOptions = FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .OpenFlags = IO_IGNORE_SHARE_ACCESS_CHECK, .RequestorMode = KernelMode, .DriverContext = DriverContext } };
    ULONG Returned = 0;
    PFILE_OBJECT FileObject;
    HANDLE Handle;
    NTSTATUS Status = FltpCreateIssue(&Call, ObjectAttributes, IoStatusBlock, &Handle, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&FileObject, NULL);
    if (NT_SUCCESS(Status)) {
        Status = Instance != NULL
            ? FltQueryInformationFile(Instance, FileObject, FileInformation, Length, FileInformationClass, &Returned)
            : IopQueryInformation(FileObject, FileInformationClass, FileInformation, Length, KernelMode, &Returned);
        ObDereferenceObject(FileObject);
    }
    ZwClose(Handle);
    IoStatusBlock->Status = Status;
    IoStatusBlock->Information = Returned;
    return Status;
}

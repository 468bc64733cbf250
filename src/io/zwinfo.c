/* SPDX-License-Identifier: MIT */
/* Queries and settings by handle: file, volume, directory, extended attributes; flush. */
#include "io/fastio.h"
#include "io/zwp.h"

#include <string.h>

/* One request whose parameters the caller has put into Request; Begin and End around it. */
static NTSTATUS
IopHandleRequest(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, KPROCESSOR_MODE Mode, IOP_REQUEST *Request)
{
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, NULL, NULL, NULL, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Request->FileObject = Call.FileObject;
    Request->RequestorMode = Mode;
    return IopHandleCallEnd(&Call, IopRequest(Request, &Call.IoStatus));
}

/* ---- what the I/O manager answers itself ---- */

static ULONG
IopFileMode(PFILE_OBJECT FileObject)
{
    ULONG Mode = 0;

    Mode |= (FileObject->Flags & FO_WRITE_THROUGH) != 0 ? FILE_WRITE_THROUGH : 0;
    Mode |= (FileObject->Flags & FO_SEQUENTIAL_ONLY) != 0 ? FILE_SEQUENTIAL_ONLY : 0;
    Mode |= (FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) != 0 ? FILE_NO_INTERMEDIATE_BUFFERING : 0;
    Mode |= (FileObject->Flags & FO_DELETE_ON_CLOSE) != 0 ? FILE_DELETE_ON_CLOSE : 0;
    if ((FileObject->Flags & FO_SYNCHRONOUS_IO) != 0) {
        Mode |= (FileObject->Flags & FO_ALERTABLE_IO) != 0 ? FILE_SYNCHRONOUS_IO_ALERT : FILE_SYNCHRONOUS_IO_NONALERT;
    }
    return Mode;
}

/* TRUE: answered here, as Windows does, without a request. */
static BOOLEAN
IopQueryHere(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PIO_STATUS_BLOCK IoStatus)
{
    ULONG Size;

    switch (Class) {
    case FilePositionInformation:
        if ((FileObject->Flags & FO_SYNCHRONOUS_IO) == 0) {
            return FALSE;
        }
        Size = sizeof(FILE_POSITION_INFORMATION);
        break;
    case FileAccessInformation:
    case FileModeInformation:
    case FileAlignmentInformation:
        Size = sizeof(ULONG);
        break;
    default:
        return FALSE;
    }
    IoStatus->Status = Length < Size ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
    IoStatus->Information = Length < Size ? 0 : Size;
    if (Length < Size) {
        return TRUE;
    }
    if (Class == FilePositionInformation) {
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = FileObject->CurrentByteOffset;
    } else if (Class == FileAccessInformation) {
        ((PFILE_ACCESS_INFORMATION)Buffer)->AccessFlags = IOP_FILE_FROM(FileObject)->GrantedAccess;
    } else if (Class == FileModeInformation) {
        ((PFILE_MODE_INFORMATION)Buffer)->Mode = IopFileMode(FileObject);
    } else {
        ((PFILE_ALIGNMENT_INFORMATION)Buffer)->AlignmentRequirement = IoGetRelatedDeviceObject(FileObject)->AlignmentRequirement;
    }
    return TRUE;
}

/* Two classes of synchronous file objects are asked for by a call first. */
static BOOLEAN
IopQueryFast(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PIO_STATUS_BLOCK IoStatus)
{
    const IOP_FAST_IO Fast = {.Kind = Class == FileBasicInformation ? IopFastQueryBasic : IopFastQueryStandard, .FileObject = FileObject,
        .Wait = TRUE, .Buffer = Buffer, .IoStatus = IoStatus};

    if ((FileObject->Flags & FO_SYNCHRONOUS_IO) == 0) {
        return FALSE;
    }
    if (Class == FileBasicInformation ? Length < sizeof(FILE_BASIC_INFORMATION)
                                      : Class != FileStandardInformation || Length < sizeof(FILE_STANDARD_INFORMATION)) {
        return FALSE;
    }
    return IopFastIoFile(IRP_MJ_QUERY_INFORMATION, &Fast);
}

static NTSTATUS
IopHandleQuery(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, FILE_INFORMATION_CLASS Class, KPROCESSOR_MODE Mode)
{
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, NULL, NULL, NULL, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (IopQueryHere(Call.FileObject, Class, Buffer, Length, &Call.IoStatus) ||
        IopQueryFast(Call.FileObject, Class, Buffer, Length, &Call.IoStatus)) {
        return IopHandleCallEnd(&Call, Call.IoStatus.Status);
    }
    IOP_REQUEST Request = {.FileObject = Call.FileObject, .OutputBuffer = Buffer, .OutputLength = Length, .RequestorMode = Mode};
    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.Length = Length;
    Request.Stack.Parameters.QueryFile.FileInformationClass = Class;
    return IopHandleCallEnd(&Call, IopRequest(&Request, &Call.IoStatus));
}

/* Windows: wdm.h, ZwQueryInformationFile.  Differences: none. */
NTSTATUS
ZwQueryInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    return IopHandleQuery(FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass, KernelMode);
}

/* Windows: ntifs.h, NtQueryInformationFile.  Differences: none. */
NTSTATUS
NtQueryInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    return IopHandleQuery(FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass, ExGetPreviousMode());
}

/* ---- set ---- */

/*
 * Rename and link with a full path or a root directory: the directory of the new name is opened (SL_OPEN_TARGET_DIRECTORY) and
 * goes along as SetFile.FileObject, as Windows does.  A simple name needs none.
 */
static NTSTATUS
IopOpenTargetDirectory(PFILE_OBJECT FileObject, PFILE_RENAME_INFORMATION Rename, PFILE_OBJECT *Target)
{
    IO_STATUS_BLOCK IoStatus;
    PVOID Root = NULL;
    IOP_CREATE Create = {
        .Name = {(USHORT)Rename->FileNameLength, (USHORT)Rename->FileNameLength, Rename->FileName},
        .DesiredAccess = FILE_WRITE_DATA | SYNCHRONIZE, .Disposition = FILE_OPEN, .CreateOptions = FILE_OPEN_FOR_BACKUP_INTENT,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE, .OpenFlags = IO_OPEN_TARGET_DIRECTORY,
        .ObjectAttributes = (FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0 ? 0 : OBJ_CASE_INSENSITIVE,
        .RequestorMode = KernelMode};

    *Target = NULL;
    if (Rename->RootDirectory == NULL && (Rename->FileNameLength == 0 || Rename->FileName[0] != L'\\')) {
        return STATUS_SUCCESS;
    }
    if (Rename->RootDirectory != NULL) {
        NTSTATUS Status = ObReferenceObjectByHandle(Rename->RootDirectory, 0, &IopFileType, KernelMode, &Root, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Create.RelatedFileObject = Root;
    }
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, Target);
    if (Root != NULL) {
        ObDereferenceObject(Root);
    }
    if (NT_SUCCESS(Status) && IopBaseDevice(*Target) != IopBaseDevice(FileObject)) {
        IopCloseFile(*Target);
        *Target = NULL;
        return STATUS_NOT_SAME_DEVICE;
    }
    return Status;
}

static BOOLEAN
IopClassHasTarget(FILE_INFORMATION_CLASS Class)
{
    return Class == FileRenameInformation || Class == FileRenameInformationEx || Class == FileLinkInformation ||
           Class == FileLinkInformationEx || Class == FileRenameInformationBypassAccessCheck;
}

static NTSTATUS
IopHandleSet(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, FILE_INFORMATION_CLASS Class, KPROCESSOR_MODE Mode)
{
    IOP_HANDLE_CALL Call;
    PFILE_OBJECT Target = NULL;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, NULL, NULL, NULL, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Class == FilePositionInformation) {
        if (Length >= sizeof(FILE_POSITION_INFORMATION)) {
            Call.FileObject->CurrentByteOffset = ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset;
        }
        return IopHandleCallEnd(&Call, Length >= sizeof(FILE_POSITION_INFORMATION) ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH);
    }
    if (IopClassHasTarget(Class)) {
        PFILE_RENAME_INFORMATION Rename = Buffer;
        if (Length < sizeof(FILE_RENAME_INFORMATION) ||
            Rename->FileNameLength > Length - FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName)) {
            return IopHandleCallEnd(&Call, STATUS_INFO_LENGTH_MISMATCH);
        }
        Status = IopOpenTargetDirectory(Call.FileObject, Rename, &Target);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopSetInformation(Call.FileObject, Class, Buffer, Length, Target, NULL, Mode);
    }
    if (Target != NULL) {
        IopCloseFile(Target);
    }
    return IopHandleCallEnd(&Call, Status);
}

/* Windows: wdm.h, ZwSetInformationFile.  Differences: completion ports are not there. */
NTSTATUS
ZwSetInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    return IopHandleSet(FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass, KernelMode);
}

/* Windows: ntifs.h, NtSetInformationFile.  Differences: as ZwSetInformationFile. */
NTSTATUS
NtSetInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    return IopHandleSet(FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass, ExGetPreviousMode());
}

/* ---- directories ---- */

static NTSTATUS
IopHandleDirectory(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                   PVOID Buffer, ULONG Length, FILE_INFORMATION_CLASS Class, UCHAR Flags, PUNICODE_STRING FileName, KPROCESSOR_MODE Mode)
{
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IOP_REQUEST Request = {.FileObject = Call.FileObject, .OutputBuffer = Buffer, .OutputLength = Length, .RequestorMode = Mode};
    Request.Stack.MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_QUERY_DIRECTORY;
    Request.Stack.Flags = Flags;
    Request.Stack.Parameters.QueryDirectory.Length = Length;
    Request.Stack.Parameters.QueryDirectory.FileName = FileName;
    Request.Stack.Parameters.QueryDirectory.FileInformationClass = Class;
    return IopHandleCallEnd(&Call, IopRequest(&Request, &Call.IoStatus));
}

/* Windows: ntifs.h, ZwQueryDirectoryFile.  Differences: never STATUS_PENDING. */
NTSTATUS
ZwQueryDirectoryFile(
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID FileInformation,
    ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass,
    BOOLEAN ReturnSingleEntry,
    PUNICODE_STRING FileName,
    BOOLEAN RestartScan)
{
    UCHAR Flags = (UCHAR)((ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0));

    return IopHandleDirectory(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FileInformation, Length,
                              FileInformationClass, Flags, FileName, KernelMode);
}

/* Windows: ntifs.h, NtQueryDirectoryFile.  Differences: as ZwQueryDirectoryFile. */
NTSTATUS
NtQueryDirectoryFile(
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID FileInformation,
    ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass,
    BOOLEAN ReturnSingleEntry,
    PUNICODE_STRING FileName,
    BOOLEAN RestartScan)
{
    UCHAR Flags = (UCHAR)((ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0));

    return IopHandleDirectory(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FileInformation, Length,
                              FileInformationClass, Flags, FileName, ExGetPreviousMode());
}

/* Windows: ntifs.h, ZwQueryDirectoryFileEx.  Differences: as ZwQueryDirectoryFile. */
NTSTATUS
ZwQueryDirectoryFileEx(
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID FileInformation,
    ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass,
    ULONG QueryFlags,
    PUNICODE_STRING FileName)
{
    return IopHandleDirectory(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FileInformation, Length,
                              FileInformationClass, (UCHAR)(QueryFlags & SL_QUERY_DIRECTORY_MASK), FileName, KernelMode);
}

/* ---- volumes ---- */

static NTSTATUS
IopHandleVolume(UCHAR Major, HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, FS_INFORMATION_CLASS Class, KPROCESSOR_MODE Mode)
{
    IOP_REQUEST Request = {0};

    Request.Stack.MajorFunction = Major;
    Request.Stack.Parameters.QueryVolume.Length = Length;
    Request.Stack.Parameters.QueryVolume.FsInformationClass = Class;
    if (Major == IRP_MJ_QUERY_VOLUME_INFORMATION) {
        Request.OutputBuffer = Buffer;
        Request.OutputLength = Length;
    } else {
        Request.InputBuffer = Buffer;
        Request.InputLength = Length;
    }
    return IopHandleRequest(FileHandle, IoStatusBlock, Mode, &Request);
}

/* Windows: ntifs.h, ZwQueryVolumeInformationFile.  Differences: none. */
NTSTATUS
ZwQueryVolumeInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopHandleVolume(
        IRP_MJ_QUERY_VOLUME_INFORMATION, FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass, KernelMode);
}

/* Windows: ntifs.h, NtQueryVolumeInformationFile.  Differences: none. */
NTSTATUS
NtQueryVolumeInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopHandleVolume(
        IRP_MJ_QUERY_VOLUME_INFORMATION, FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass, ExGetPreviousMode());
}

/* Windows: ntifs.h, ZwSetVolumeInformationFile.  Differences: none. */
NTSTATUS
ZwSetVolumeInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopHandleVolume(
        IRP_MJ_SET_VOLUME_INFORMATION, FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass, KernelMode);
}

/* Windows: ntifs.h, NtSetVolumeInformationFile.  Differences: none. */
NTSTATUS
NtSetVolumeInformationFile(
    HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    return IopHandleVolume(
        IRP_MJ_SET_VOLUME_INFORMATION, FileHandle, IoStatusBlock, FsInformation, Length, FsInformationClass, ExGetPreviousMode());
}

/* ---- extended attributes ---- */

/* Windows: ntifs.h, ZwQueryEaFile.  Differences: none. */
NTSTATUS
ZwQueryEaFile(
    HANDLE FileHandle,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID Buffer,
    ULONG Length,
    BOOLEAN ReturnSingleEntry,
    PVOID EaList,
    ULONG EaListLength,
    PULONG EaIndex,
    BOOLEAN RestartScan)
{
    IOP_REQUEST Request = {.OutputBuffer = Buffer, .OutputLength = Length};

    Request.Stack.MajorFunction = IRP_MJ_QUERY_EA;
    Request.Stack.Flags = (UCHAR)((ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0) |
                                  (EaIndex != NULL ? SL_INDEX_SPECIFIED : 0));
    Request.Stack.Parameters.QueryEa.Length = Length;
    Request.Stack.Parameters.QueryEa.EaList = EaListLength != 0 ? EaList : NULL;
    Request.Stack.Parameters.QueryEa.EaListLength = EaListLength;
    Request.Stack.Parameters.QueryEa.EaIndex = EaIndex != NULL ? *EaIndex : 0;
    return IopHandleRequest(FileHandle, IoStatusBlock, KernelMode, &Request);
}

/* Windows: ntifs.h, NtQueryEaFile.  Differences: none. */
NTSTATUS
NtQueryEaFile(
    HANDLE FileHandle,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID Buffer,
    ULONG Length,
    BOOLEAN ReturnSingleEntry,
    PVOID EaList,
    ULONG EaListLength,
    PULONG EaIndex,
    BOOLEAN RestartScan)
{
    return ZwQueryEaFile(FileHandle, IoStatusBlock, Buffer, Length, ReturnSingleEntry, EaList, EaListLength, EaIndex, RestartScan);
}

/* Windows: ntifs.h, ZwSetEaFile.  Differences: none. */
NTSTATUS
ZwSetEaFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length)
{
    IOP_REQUEST Request = {.InputBuffer = Buffer, .InputLength = Length};
    ULONG ErrorOffset;
    NTSTATUS Status = Length != 0 ? IoCheckEaBufferValidity(Buffer, Length, &ErrorOffset) : STATUS_SUCCESS;

    if (!NT_SUCCESS(Status)) {
        IoStatusBlock->Status = Status;
        IoStatusBlock->Information = ErrorOffset;
        return Status;
    }
    Request.Stack.MajorFunction = IRP_MJ_SET_EA;
    Request.Stack.Parameters.SetEa.Length = Length;
    return IopHandleRequest(FileHandle, IoStatusBlock, KernelMode, &Request);
}

/* Windows: ntifs.h, NtSetEaFile.  Differences: none. */
NTSTATUS
NtSetEaFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length)
{
    return ZwSetEaFile(FileHandle, IoStatusBlock, Buffer, Length);
}

/* ---- flush ---- */

/* Windows: ntifs.h, ZwFlushBuffersFileEx.  Differences: none. */
NTSTATUS
ZwFlushBuffersFileEx(HANDLE FileHandle, ULONG Flags, PVOID Parameters, ULONG ParametersSize, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_REQUEST Request = {0};

    UNREFERENCED_PARAMETER(Parameters);
    if (ParametersSize != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Request.Stack.MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    static const UCHAR Minors[] = {0, IRP_MN_FLUSH_DATA_ONLY, IRP_MN_FLUSH_NO_SYNC, 0, IRP_MN_FLUSH_DATA_SYNC_ONLY};
    if (Flags >= sizeof(Minors) || (Flags != 0 && Minors[Flags] == 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    Request.Stack.MinorFunction = Minors[Flags];
    return IopHandleRequest(FileHandle, IoStatusBlock, KernelMode, &Request);
}

/* Windows: ntifs.h, ZwFlushBuffersFile.  Differences: none. */
NTSTATUS
ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    return ZwFlushBuffersFileEx(FileHandle, 0, NULL, 0, IoStatusBlock);
}

/* Windows: ntifs.h, NtFlushBuffersFile.  Differences: none. */
NTSTATUS
NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    return ZwFlushBuffersFileEx(FileHandle, 0, NULL, 0, IoStatusBlock);
}

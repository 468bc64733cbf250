/* SPDX-License-Identifier: MIT */
/* Queries and settings that filters issue: files, volumes, directories, extended attributes, security. */
#include "fltmgr/target.h"

/* Issues, and returns how much came back. */
static NTSTATUS
FltpIssueReturning(PFLT_INSTANCE Instance, IOP_REQUEST *Request, PULONG LengthReturned)
{
    IO_STATUS_BLOCK IoStatus;
    NTSTATUS Status = FltpIssueBelow(Instance, Request, &IoStatus);

    if (LengthReturned != NULL) {
        *LengthReturned = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    }
    return Status;
}

/* ---- files ---- */

/* Windows: fltKernel.h, FltQueryInformationFile.  Differences: none. */
NTSTATUS FLTAPI
FltQueryInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = FileInformation, .OutputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.Length = Length;
    Request.Stack.Parameters.QueryFile.FileInformationClass = FileInformationClass;
    return FltpIssueReturning(Instance, &Request, LengthReturned);
}

static BOOLEAN
FltpClassHasTarget(FILE_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileRenameInformation:
    case FileRenameInformationEx:
    case FileRenameInformationBypassAccessCheck:
    case FileRenameInformationExBypassAccessCheck:
    case FileLinkInformation:
    case FileLinkInformationEx:
    case FileLinkInformationBypassAccessCheck:
    case FileLinkInformationExBypassAccessCheck:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Windows: fltKernel.h, FltSetInformationFile.  Differences: none. */
NTSTATUS FLTAPI
FltSetInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .InputBuffer = FileInformation, .InputLength = Length };
    PFILE_OBJECT Target = NULL;
    NTSTATUS Status;
    Request.Stack.MajorFunction = IRP_MJ_SET_INFORMATION;
    Request.Stack.Parameters.SetFile.Length = Length;
    Request.Stack.Parameters.SetFile.FileInformationClass = FileInformationClass;
    if (FltpClassHasTarget(FileInformationClass)) {
        PFILE_RENAME_INFORMATION Rename = FileInformation;
        if (Length < sizeof(FILE_RENAME_INFORMATION) ||
            Rename->FileNameLength > Length - FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Status = FltpOpenTargetDirectory(Instance, FileObject, Rename, &Target);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Request.Stack.Parameters.SetFile.FileObject = Target;
        Request.Stack.Parameters.SetFile.ReplaceIfExists = Rename->ReplaceIfExists;
    }
    Status = FltpIssueReturning(Instance, &Request, NULL);
    if (Target != NULL) {
        IopCloseFile(Target);
    }
    return Status;
}

/* Windows: fltKernel.h, FltIsDirectory.  Differences: always asks the file system. */
NTSTATUS FLTAPI
FltIsDirectory(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance, PBOOLEAN IsDirectory)
{
    VF_MAX_IRQL(APC_LEVEL);

    FILE_STANDARD_INFORMATION Standard;
    *IsDirectory = FALSE;
    if (FileObject->Flags & FO_VOLUME_OPEN) {
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = FltQueryInformationFile(Instance, FileObject, &Standard, sizeof(Standard), FileStandardInformation, NULL);
    if (NT_SUCCESS(Status)) {
        *IsDirectory = Standard.Directory;
    }
    return Status;
}

/* ---- volumes ---- */

NTSTATUS
FltpOpenVolumeBelow(PFLT_INSTANCE Instance, PFILE_OBJECT *FileObject)
{
    const FLTP_OPEN Open = { .Instance = Instance, .Volume = Instance->Volume, .Access = FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE };

    return FltpOpenBelow(&Open, FileObject);
}

/* Windows: fltKernel.h, FltQueryVolumeInformationFile.  Differences: none. */
NTSTATUS FLTAPI
FltQueryVolumeInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FsInformation, ULONG Length,
    FS_INFORMATION_CLASS FsInformationClass, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = FsInformation, .OutputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_VOLUME_INFORMATION;
    Request.Stack.Parameters.QueryVolume.Length = Length;
    Request.Stack.Parameters.QueryVolume.FsInformationClass = FsInformationClass;
    return FltpIssueReturning(Instance, &Request, LengthReturned);
}

/* Windows: fltKernel.h, FltQueryVolumeInformation.  Differences: none. */
NTSTATUS FLTAPI
FltQueryVolumeInformation(PFLT_INSTANCE Instance, PIO_STATUS_BLOCK Iosb, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PFILE_OBJECT FileObject;
    ULONG Returned = 0;
    if (Instance->Volume->DeviceType == FILE_DEVICE_NETWORK_FILE_SYSTEM) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpOpenVolumeBelow(Instance, &FileObject);
    if (NT_SUCCESS(Status)) {
        Status = FltQueryVolumeInformationFile(Instance, FileObject, FsInformation, Length, FsInformationClass, &Returned);
        IopCloseFile(FileObject);
    }
    Iosb->Status = Status;
    Iosb->Information = Returned;
    return Status;
}

/* Windows: fltKernel.h, FltSetVolumeInformation.  Differences: none. */
NTSTATUS FLTAPI
FltSetVolumeInformation(PFLT_INSTANCE Instance, PIO_STATUS_BLOCK Iosb, PVOID FsInformation, ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .InputBuffer = FsInformation, .InputLength = Length };
    NTSTATUS Status = FltpOpenVolumeBelow(Instance, &Request.FileObject);
    Iosb->Status = Status;
    Iosb->Information = 0;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Request.Stack.MajorFunction = IRP_MJ_SET_VOLUME_INFORMATION;
    Request.Stack.Parameters.SetVolume.Length = Length;
    Request.Stack.Parameters.SetVolume.FsInformationClass = FsInformationClass;
    Status = FltpIssueBelow(Instance, &Request, Iosb);
    IopCloseFile(Request.FileObject);
    return Status;
}

/* ---- directories ---- */

/* Windows: fltKernel.h, FltQueryDirectoryFileEx.  Differences: none. */
NTSTATUS FLTAPI
FltQueryDirectoryFileEx(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass, ULONG QueryFlags, PUNICODE_STRING FileName, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = FileInformation, .OutputLength = Length };
    if (QueryFlags & ~(ULONG)SL_QUERY_DIRECTORY_MASK) {
        return STATUS_INVALID_PARAMETER;
    }
    Request.Stack.MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_QUERY_DIRECTORY;
    Request.Stack.Flags = (UCHAR)QueryFlags;
    Request.Stack.Parameters.QueryDirectory.Length = Length;
    Request.Stack.Parameters.QueryDirectory.FileName = FileName;
    Request.Stack.Parameters.QueryDirectory.FileInformationClass = FileInformationClass;
    return FltpIssueReturning(Instance, &Request, LengthReturned);
}

/* Windows: fltKernel.h, FltQueryDirectoryFile.  Differences: none. */
NTSTATUS FLTAPI
FltQueryDirectoryFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID FileInformation, ULONG Length,
    FILE_INFORMATION_CLASS FileInformationClass, BOOLEAN ReturnSingleEntry, PUNICODE_STRING FileName, BOOLEAN RestartScan, PULONG LengthReturned)
{
    const ULONG Flags = (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0);

    return FltQueryDirectoryFileEx(Instance, FileObject, FileInformation, Length, FileInformationClass, Flags, FileName, LengthReturned);
}

/* ---- extended attributes and quota ---- */

static UCHAR
FltpScanFlags(BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, BOOLEAN Indexed)
{
    return (UCHAR)((ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0) | (Indexed ? SL_INDEX_SPECIFIED : 0));
}

/* Windows: fltKernel.h, FltQueryEaFile.  Differences: none. */
NTSTATUS FLTAPI
FltQueryEaFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID ReturnedEaData, ULONG Length, BOOLEAN ReturnSingleEntry, PVOID EaList,
    ULONG EaListLength, PULONG EaIndex, BOOLEAN RestartScan, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = ReturnedEaData, .OutputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_EA;
    Request.Stack.Flags = FltpScanFlags(ReturnSingleEntry, RestartScan, EaIndex != NULL);
    Request.Stack.Parameters.QueryEa.Length = Length;
    Request.Stack.Parameters.QueryEa.EaList = EaList;
    Request.Stack.Parameters.QueryEa.EaListLength = EaListLength;
    Request.Stack.Parameters.QueryEa.EaIndex = EaIndex != NULL ? *EaIndex : 0;
    return FltpIssueReturning(Instance, &Request, LengthReturned);
}

/* Windows: fltKernel.h, FltSetEaFile.  Differences: none. */
NTSTATUS FLTAPI
FltSetEaFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID EaBuffer, ULONG Length)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .InputBuffer = EaBuffer, .InputLength = Length };
    ULONG ErrorOffset;
    NTSTATUS Status = Length != 0 ? IoCheckEaBufferValidity(EaBuffer, Length, &ErrorOffset) : STATUS_SUCCESS;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Request.Stack.MajorFunction = IRP_MJ_SET_EA;
    Request.Stack.Parameters.SetEa.Length = Length;
    return FltpIssueReturning(Instance, &Request, NULL);
}

/* Windows: fltKernel.h, FltQueryQuotaInformationFile.  Differences: none. */
NTSTATUS FLTAPI
FltQueryQuotaInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length,
    BOOLEAN ReturnSingleEntry, PVOID SidList, ULONG SidListLength, PULONG StartSid, BOOLEAN RestartScan, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = Buffer, .OutputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_QUOTA;
    Request.Stack.Flags = FltpScanFlags(ReturnSingleEntry, RestartScan, StartSid != NULL);
    Request.Stack.Parameters.QueryQuota.Length = Length;
    Request.Stack.Parameters.QueryQuota.StartSid = (PSID)StartSid;
    Request.Stack.Parameters.QueryQuota.SidList = SidList;
    Request.Stack.Parameters.QueryQuota.SidListLength = SidListLength;
    NTSTATUS Status = FltpIssueBelow(Instance, &Request, IoStatusBlock);
    if (LengthReturned != NULL) {
        *LengthReturned = NT_ERROR(Status) ? 0 : (ULONG)IoStatusBlock->Information;
    }
    return Status;
}

/* Windows: fltKernel.h, FltSetQuotaInformationFile.  Differences: none. */
NTSTATUS FLTAPI
FltSetQuotaInformationFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PVOID Buffer, ULONG Length)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject, .InputBuffer = Buffer, .InputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_SET_QUOTA;
    Request.Stack.Parameters.SetQuota.Length = Length;
    return FltpIssueReturning(Instance, &Request, NULL);
}

/* ---- security ---- */

/* Windows: fltKernel.h, FltQuerySecurityObject.  Differences: none. */
NTSTATUS FLTAPI
FltQuerySecurityObject(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, SECURITY_INFORMATION SecurityInformation,
    PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = { .FileObject = FileObject, .OutputBuffer = SecurityDescriptor, .OutputLength = Length };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_SECURITY;
    Request.Stack.Parameters.QuerySecurity.SecurityInformation = SecurityInformation;
    Request.Stack.Parameters.QuerySecurity.Length = Length;
    NTSTATUS Status = FltpIssueBelow(Instance, &Request, &IoStatus);
    const BOOLEAN Short = Status == STATUS_BUFFER_OVERFLOW || Status == STATUS_BUFFER_TOO_SMALL;
    if (LengthNeeded != NULL) {
        *LengthNeeded = NT_SUCCESS(Status) || Short ? (ULONG)IoStatus.Information : 0;
    }
    return Short ? STATUS_BUFFER_TOO_SMALL : Status;
}

/* Windows: fltKernel.h, FltSetSecurityObject.  Differences: none. */
NTSTATUS FLTAPI
FltSetSecurityObject(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, SECURITY_INFORMATION SecurityInformation,
    PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_REQUEST Request = { .FileObject = FileObject };
    if (SecurityDescriptor == NULL) {
        return STATUS_ACCESS_VIOLATION;
    }
    Request.Stack.MajorFunction = IRP_MJ_SET_SECURITY;
    Request.Stack.Parameters.SetSecurity.SecurityInformation = SecurityInformation;
    Request.Stack.Parameters.SetSecurity.SecurityDescriptor = SecurityDescriptor;
    return FltpIssueReturning(Instance, &Request, NULL);
}

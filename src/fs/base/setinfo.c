/* SPDX-License-Identifier: MIT */
/* IRP_MJ_SET_INFORMATION: attributes, sizes, position, disposition.  Names: rename.c. */
#include "fs/base/fsb.h"

/* ---- basic ---- */

static BOOLEAN
FsbTimeGiven(LONGLONG Time)
{
    return Time > 0;                           /* 0: leave; -1, -2: automatic updates off and on again */
}

/* The exact value of the attachment counts as long as the NT field is what the requestor put there. */
static VOID
FsbSetTimesFrom(const struct iop_attachment *Attachment, const FILE_BASIC_INFORMATION *Info, FSB_SET *Set)
{
    if (FsbTimeGiven(Info->LastAccessTime.QuadPart)) {
        Set->Valid |= FSB_SET_ACCESS;
        Set->AccessTime = Info->LastAccessTime.QuadPart;
    }
    if (FsbTimeGiven(Info->LastWriteTime.QuadPart)) {
        Set->Valid |= FSB_SET_WRITE;
        Set->WriteTime = Info->LastWriteTime.QuadPart;
    }
    if (Attachment == NULL) {
        return;
    }
    if (Info->LastAccessTime.QuadPart == Attachment->nt_atime) {
        if (Attachment->valid & IOP_ATTACH_ATIME_NOW) {
            Set->Valid = (Set->Valid & ~FSB_SET_ACCESS) | FSB_SET_ACCESS_NOW;
        } else if (Attachment->valid & IOP_ATTACH_ATIME) {
            Set->Valid |= FSB_SET_ACCESS;
            Set->AccessTime = port_unix_to_nt(Attachment->atime_sec, Attachment->atime_nsec);
            Set->Sub100Access = (UCHAR)(Attachment->atime_nsec % 100);
        }
    }
    if (Info->LastWriteTime.QuadPart == Attachment->nt_mtime) {
        if (Attachment->valid & IOP_ATTACH_MTIME_NOW) {
            Set->Valid = (Set->Valid & ~FSB_SET_WRITE) | FSB_SET_WRITE_NOW;
        } else if (Attachment->valid & IOP_ATTACH_MTIME) {
            Set->Valid |= FSB_SET_WRITE;
            Set->WriteTime = port_unix_to_nt(Attachment->mtime_sec, Attachment->mtime_nsec);
            Set->Sub100Write = (UCHAR)(Attachment->mtime_nsec % 100);
        }
    }
}

static VOID
FsbSetOwnerFrom(const struct iop_attachment *Attachment, FSB_SET *Set)
{
    if (Attachment == NULL) {
        return;
    }
    Set->Valid |= (Attachment->valid & IOP_ATTACH_MODE) ? FSB_SET_MODE : 0;
    Set->Valid |= (Attachment->valid & IOP_ATTACH_UID) ? FSB_SET_UID : 0;
    Set->Valid |= (Attachment->valid & IOP_ATTACH_GID) ? FSB_SET_GID : 0;
    Set->Mode = Attachment->mode;
    Set->Uid = Attachment->uid;
    Set->Gid = Attachment->gid;
}

static NTSTATUS
FsbSetBasic(FSB_SCB *Scb, const FILE_BASIC_INFORMATION *Info, ULONG Length, struct iop_attachment *Attachment)
{
    FSB_SET Set = {0};
    if (Length < sizeof(*Info)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    const ULONG Attributes = Info->FileAttributes;
    const BOOLEAN Directory = FsbIsDirectory(Scb->Fcb);
    if ((!Directory && (Attributes & FILE_ATTRIBUTE_DIRECTORY)) || (Directory && (Attributes & FILE_ATTRIBUTE_TEMPORARY)) ||
        Info->LastAccessTime.QuadPart < -2 || Info->LastWriteTime.QuadPart < -2 || Info->CreationTime.QuadPart < -2 || Info->ChangeTime.QuadPart < -2) {
        return STATUS_INVALID_PARAMETER;
    }
    FsbSetTimesFrom(Attachment, Info, &Set);
    FsbSetOwnerFrom(Attachment, &Set);
    if (FsbTimeGiven(Info->CreationTime.QuadPart)) {
        Set.Valid |= FSB_SET_CREATION;
        Set.CreationTime = Info->CreationTime.QuadPart;
    }
    if (FsbTimeGiven(Info->ChangeTime.QuadPart)) {
        Set.Valid |= FSB_SET_CHANGE;
        Set.ChangeTime = Info->ChangeTime.QuadPart;
    }
    if (Attributes != 0) {
        Set.Valid |= FSB_SET_ATTRIBUTES;
        Set.Attributes = Attributes & FILE_ATTRIBUTE_VALID_SET_FLAGS & ~(ULONG)FILE_ATTRIBUTE_NORMAL;
    }
    return Set.Valid != 0 ? Scb->Volume->Store->Set(Scb->Fcb, &Set, Attachment) : STATUS_SUCCESS;
}

/* ---- sizes ---- */

static VOID
FsbHeaderSize(FSB_SCB *Scb, LONGLONG Size)
{
    ExAcquireFastMutex(&Scb->FastMutex);
    __atomic_store_n(&Scb->Header.FileSize.QuadPart, Size, __ATOMIC_RELAXED);
    Scb->Header.ValidDataLength.QuadPart = Size;
    ExReleaseFastMutex(&Scb->FastMutex);
}

static NTSTATUS
FsbCheckSized(FSB_SCB *Scb)
{
    if (Scb->Volume->Options.ReadOnly) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    return Scb->Name.Length != 0 || Scb->Fcb->Mode == FSB_S_IFREG ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static NTSTATUS
FsbSetEndOfFile(FSB_SCB *Scb, PFILE_OBJECT FileObject, LONGLONG Size, BOOLEAN AdvanceOnly, struct iop_attachment *Attachment)
{
    NTSTATUS Status = FsbCheckSized(Scb);
    if (!NT_SUCCESS(Status) || AdvanceOnly) {
        return Status;                         /* the lazy writer's note of valid data: all of it is valid here */
    }
    if (Size < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = Scb->Volume->Store->SetSize(Scb, Size, Attachment);
    if (NT_SUCCESS(Status)) {
        FsbHeaderSize(Scb, Size);
        FsbFileFlag(FileObject, FO_FILE_SIZE_CHANGED | FO_FILE_MODIFIED);
        FsbKillSetId(Scb, Attachment);
    }
    return Status;
}

static NTSTATUS
FsbSetAllocation(FSB_SCB *Scb, PFILE_OBJECT FileObject, LONGLONG Size, struct iop_attachment *Attachment)
{
    FSB_STAT Stat;
    NTSTATUS Status = FsbCheckSized(Scb);
    if (NT_SUCCESS(Status)) {
        Status = FsbQueryStat(Scb, &Stat, NULL);
    }
    if (!NT_SUCCESS(Status) || Size < 0) {
        return NT_SUCCESS(Status) ? STATUS_INVALID_PARAMETER : Status;
    }
    if (Size < Stat.Size) {
        return FsbSetEndOfFile(Scb, FileObject, Size, FALSE, Attachment);
    }
    return Size > 0 && Scb->Volume->Store->Allocate != NULL ? Scb->Volume->Store->Allocate(Scb, 0, Size, Attachment) : STATUS_SUCCESS;
}

static NTSTATUS
FsbSetValidData(FSB_SCB *Scb, LONGLONG Length)
{
    FSB_STAT Stat;
    NTSTATUS Status = FsbCheckSized(Scb);
    if (NT_SUCCESS(Status)) {
        Status = FsbQueryStat(Scb, &Stat, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    /* All data is valid, so the only length that is neither beyond the file nor a step back is its size. */
    return Length == Stat.Size ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* ---- dispatch ---- */

static NTSTATUS
FsbSetSizeClass(FSB_SCB *Scb, PIRP Irp, FILE_INFORMATION_CLASS Class, struct iop_attachment *Attachment)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const LARGE_INTEGER *Value = Irp->AssociatedIrp.SystemBuffer;
    if (Stack->Parameters.SetFile.Length < sizeof(*Value)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    switch (Class) {
    case FileEndOfFileInformation:
        return FsbSetEndOfFile(Scb, Stack->FileObject, Value->QuadPart, Stack->Parameters.SetFile.AdvanceOnly, Attachment);
    case FileAllocationInformation:
        return FsbSetAllocation(Scb, Stack->FileObject, Value->QuadPart, Attachment);
    case FileValidDataLengthInformation:
        return FsbSetValidData(Scb, Value->QuadPart);
    default:
        if (Value->QuadPart < 0) {
            return STATUS_INVALID_PARAMETER;
        }
        Stack->FileObject->CurrentByteOffset = *Value;
        return STATUS_SUCCESS;
    }
}

static NTSTATUS
FsbSetDispositionClass(PFILE_OBJECT FileObject, PIRP Irp, BOOLEAN Extended, struct iop_attachment *Attachment)
{
    const ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.SetFile.Length;
    const PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    if (Length < (Extended ? sizeof(FILE_DISPOSITION_INFORMATION_EX) : sizeof(FILE_DISPOSITION_INFORMATION))) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    const ULONG Flags = Extended ? ((PFILE_DISPOSITION_INFORMATION_EX)Buffer)->Flags
                                 : ((PFILE_DISPOSITION_INFORMATION)Buffer)->DeleteFile ? FILE_DISPOSITION_DELETE : 0;
    return FsbSetDisposition(FileObject, Flags, Attachment);
}

static NTSTATUS
FsbSetCaseSensitive(FSB_SCB *Scb, PIRP Irp)
{
    const PFILE_CASE_SENSITIVE_INFORMATION Info = Irp->AssociatedIrp.SystemBuffer;
    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.SetFile.Length < sizeof(*Info)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    const ULONG Now = Scb->Volume->Options.ExactCaseOnly ? FILE_CS_FLAG_CASE_SENSITIVE_DIR : 0;
    return Info->Flags == Now ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

NTSTATUS
FsbSetInformation(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_OBJECT FileObject = Stack->FileObject;
    FSB_SCB *Scb = FsbScbOf(FileObject);
    struct iop_attachment *Attachment = FsbAttachment(Irp);
    const FILE_INFORMATION_CLASS Class = Stack->Parameters.SetFile.FileInformationClass;
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Scb->Fcb == NULL || Irp->AssociatedIrp.SystemBuffer == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Volume->Options.ReadOnly && Class != FilePositionInformation) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    switch (Class) {
    case FileBasicInformation:
        return FsbSetBasic(Scb, Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.SetFile.Length, Attachment);
    case FileDispositionInformation:
    case FileDispositionInformationEx:
        return FsbSetDispositionClass(FileObject, Irp, Class == FileDispositionInformationEx, Attachment);
    case FileEndOfFileInformation:
    case FileAllocationInformation:
    case FileValidDataLengthInformation:
    case FilePositionInformation:
        return FsbSetSizeClass(Scb, Irp, Class, Attachment);
    case FileRenameInformation:
    case FileRenameInformationBypassAccessCheck:
        return FsbRenameOrLink(Irp, FileObject, FALSE, FALSE);
    case FileRenameInformationEx:
    case FileRenameInformationExBypassAccessCheck:
        return FsbRenameOrLink(Irp, FileObject, FALSE, TRUE);
    case FileLinkInformation:
    case FileLinkInformationBypassAccessCheck:
        return FsbRenameOrLink(Irp, FileObject, TRUE, FALSE);
    case FileLinkInformationEx:
    case FileLinkInformationExBypassAccessCheck:
        return FsbRenameOrLink(Irp, FileObject, TRUE, TRUE);
    case FileCaseSensitiveInformation:
        return FsbSetCaseSensitive(Scb, Irp);
    case FileShortNameInformation:
        return STATUS_SHORT_NAMES_NOT_ENABLED_ON_VOLUME;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

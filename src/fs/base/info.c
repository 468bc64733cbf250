/* SPDX-License-Identifier: MIT */
/* IRP_MJ_QUERY_INFORMATION, query-open, and the conversion of a stat into information classes. */
#include "fs/base/fsb.h"

VOID
FsbExactTimes(struct iop_attachment *Attachment, const FSB_STAT *Stat)
{
    if (Attachment == NULL) {
        return;
    }
    Attachment->sub100_atime = Stat->Sub100Access;
    Attachment->sub100_mtime = Stat->Sub100Write;
    Attachment->sub100_ctime = Stat->Sub100Change;
    Attachment->sub100_btime = Stat->Sub100Creation;
    Attachment->blksize = Stat->BlockSize;
    Attachment->device = Stat->Key.Device;
}

NTSTATUS
FsbQueryStat(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment)
{
    if (Scb == NULL || Scb->Fcb == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const NTSTATUS Status = Scb->Volume->Store->Query(Scb, Stat, Attachment);
    if (NT_SUCCESS(Status)) {
        FsbExactTimes(Attachment, Stat);
    }
    return Status;
}

/* ---- one structure each ---- */

static VOID
FsbFillBasic(const FSB_STAT *Stat, PFILE_BASIC_INFORMATION Out)
{
    Out->CreationTime.QuadPart = Stat->CreationTime;
    Out->LastAccessTime.QuadPart = Stat->LastAccessTime;
    Out->LastWriteTime.QuadPart = Stat->LastWriteTime;
    Out->ChangeTime.QuadPart = Stat->ChangeTime;
    Out->FileAttributes = Stat->Attributes;
}

static VOID
FsbFillStandard(const FSB_STAT *Stat, PFILE_STANDARD_INFORMATION Out)
{
    Out->AllocationSize.QuadPart = Stat->Allocation;
    Out->EndOfFile.QuadPart = Stat->Size;
    Out->NumberOfLinks = Stat->Links;
    Out->DeletePending = FALSE;
    Out->Directory = (Stat->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static VOID
FsbFillNetworkOpen(const FSB_STAT *Stat, PFILE_NETWORK_OPEN_INFORMATION Out)
{
    Out->CreationTime.QuadPart = Stat->CreationTime;
    Out->LastAccessTime.QuadPart = Stat->LastAccessTime;
    Out->LastWriteTime.QuadPart = Stat->LastWriteTime;
    Out->ChangeTime.QuadPart = Stat->ChangeTime;
    Out->AllocationSize.QuadPart = Stat->Allocation;
    Out->EndOfFile.QuadPart = Stat->Size;
    Out->FileAttributes = Stat->Attributes;
}

static VOID
FsbFillStat(const FSB_STAT *Stat, PFILE_STAT_INFORMATION Out)
{
    Out->FileId.QuadPart = (LONGLONG)Stat->Key.Inode;
    Out->CreationTime.QuadPart = Stat->CreationTime;
    Out->LastAccessTime.QuadPart = Stat->LastAccessTime;
    Out->LastWriteTime.QuadPart = Stat->LastWriteTime;
    Out->ChangeTime.QuadPart = Stat->ChangeTime;
    Out->AllocationSize.QuadPart = Stat->Allocation;
    Out->EndOfFile.QuadPart = Stat->Size;
    Out->FileAttributes = Stat->Attributes;
    Out->ReparseTag = Stat->ReparseTag;
    Out->NumberOfLinks = Stat->Links;
    Out->EffectiveAccess = FILE_ALL_ACCESS;
}

static VOID
FsbFillStatLx(FSB_VOLUME *Volume, const FSB_STAT *Stat, PFILE_STAT_LX_INFORMATION Out)
{
    const ULONG Type = Stat->Mode & FSB_S_IFMT;
    FsbFillStat(Stat, (PFILE_STAT_INFORMATION)Out);
    Out->LxFlags = LX_FILE_METADATA_HAS_UID | LX_FILE_METADATA_HAS_GID | LX_FILE_METADATA_HAS_MODE;
    Out->LxFlags |= Type == FSB_S_IFBLK || Type == FSB_S_IFCHR ? LX_FILE_METADATA_HAS_DEVICE_ID : 0;
    Out->LxFlags |= Type == FSB_S_IFDIR && Volume->Options.ExactCaseOnly ? LX_FILE_CASE_SENSITIVE_DIR : 0;
    Out->LxUid = Stat->Uid;
    Out->LxGid = Stat->Gid;
    Out->LxMode = Stat->Mode;
    Out->LxDeviceIdMajor = Stat->DeviceMajor;
    Out->LxDeviceIdMinor = Stat->DeviceMinor;
}

static VOID
FsbFillStatBasic(FSB_VOLUME *Volume, const FSB_STAT *Stat, PFILE_STAT_BASIC_INFORMATION Out)
{
    memset(Out, 0, sizeof(*Out));
    Out->FileId.QuadPart = (LONGLONG)Stat->Key.Inode;
    Out->CreationTime.QuadPart = Stat->CreationTime;
    Out->LastAccessTime.QuadPart = Stat->LastAccessTime;
    Out->LastWriteTime.QuadPart = Stat->LastWriteTime;
    Out->ChangeTime.QuadPart = Stat->ChangeTime;
    Out->AllocationSize.QuadPart = Stat->Allocation;
    Out->EndOfFile.QuadPart = Stat->Size;
    Out->FileAttributes = Stat->Attributes;
    Out->ReparseTag = Stat->ReparseTag;
    Out->NumberOfLinks = Stat->Links;
    Out->DeviceType = FILE_DEVICE_DISK;
    Out->DeviceCharacteristics = Volume->RealDevice->Characteristics;
    Out->VolumeSerialNumber.QuadPart = Volume->Serial;
    memcpy(Out->FileId128.Identifier, &Stat->Key.Inode, sizeof(ULONGLONG));
}

static ULONG
FsbStatClassSize(FILE_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileBasicInformation: return sizeof(FILE_BASIC_INFORMATION);
    case FileStandardInformation: return sizeof(FILE_STANDARD_INFORMATION);
    case FileStandardLinkInformation: return sizeof(FILE_STANDARD_LINK_INFORMATION);
    case FileInternalInformation: return sizeof(FILE_INTERNAL_INFORMATION);
    case FileEaInformation: return sizeof(FILE_EA_INFORMATION);
    case FileNetworkOpenInformation: return sizeof(FILE_NETWORK_OPEN_INFORMATION);
    case FileAttributeTagInformation: return sizeof(FILE_ATTRIBUTE_TAG_INFORMATION);
    case FileStatInformation: return sizeof(FILE_STAT_INFORMATION);
    case FileStatLxInformation: return sizeof(FILE_STAT_LX_INFORMATION);
    case FileStatBasicInformation: return sizeof(FILE_STAT_BASIC_INFORMATION);
    case FileIdInformation: return sizeof(FILE_ID_INFORMATION);
    case FileCompressionInformation: return sizeof(FILE_COMPRESSION_INFORMATION);
    case FileCaseSensitiveInformation: return sizeof(FILE_CASE_SENSITIVE_INFORMATION);
    default: return 0;
    }
}

static VOID
FsbFillSmall(FSB_VOLUME *Volume, FILE_INFORMATION_CLASS Class, const FSB_STAT *Stat, PVOID Buffer)
{
    switch (Class) {
    case FileStandardLinkInformation:
        *(PFILE_STANDARD_LINK_INFORMATION)Buffer = (FILE_STANDARD_LINK_INFORMATION){
            .NumberOfAccessibleLinks = Stat->Links, .TotalNumberOfLinks = Stat->Links,
            .Directory = (Stat->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0};
        break;
    case FileInternalInformation:
        ((PFILE_INTERNAL_INFORMATION)Buffer)->IndexNumber.QuadPart = (LONGLONG)Stat->Key.Inode;
        break;
    case FileEaInformation:
        ((PFILE_EA_INFORMATION)Buffer)->EaSize = Stat->EaSize;
        break;
    case FileAttributeTagInformation:
        ((PFILE_ATTRIBUTE_TAG_INFORMATION)Buffer)->FileAttributes = Stat->Attributes;
        ((PFILE_ATTRIBUTE_TAG_INFORMATION)Buffer)->ReparseTag = Stat->ReparseTag;
        break;
    case FileIdInformation:
        memset(Buffer, 0, sizeof(FILE_ID_INFORMATION));
        ((PFILE_ID_INFORMATION)Buffer)->VolumeSerialNumber = Volume->Serial;
        memcpy(((PFILE_ID_INFORMATION)Buffer)->FileId.Identifier, &Stat->Key.Inode, sizeof(ULONGLONG));
        break;
    case FileCompressionInformation:
        memset(Buffer, 0, sizeof(FILE_COMPRESSION_INFORMATION));
        ((PFILE_COMPRESSION_INFORMATION)Buffer)->CompressedFileSize.QuadPart = Stat->Allocation;
        break;
    default:
        ((PFILE_CASE_SENSITIVE_INFORMATION)Buffer)->Flags = Volume->Options.ExactCaseOnly ? FILE_CS_FLAG_CASE_SENSITIVE_DIR : 0;
        break;
    }
}

NTSTATUS
FsbFillStatClass(FSB_VOLUME *Volume, FILE_INFORMATION_CLASS Class, const FSB_STAT *Stat, PVOID Buffer, ULONG Length, PULONG Returned)
{
    const ULONG Size = FsbStatClassSize(Class);
    if (Size == 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < Size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    switch (Class) {
    case FileBasicInformation: FsbFillBasic(Stat, Buffer); break;
    case FileStandardInformation: FsbFillStandard(Stat, Buffer); break;
    case FileNetworkOpenInformation: FsbFillNetworkOpen(Stat, Buffer); break;
    case FileStatInformation: FsbFillStat(Stat, Buffer); break;
    case FileStatLxInformation: FsbFillStatLx(Volume, Stat, Buffer); break;
    case FileStatBasicInformation: FsbFillStatBasic(Volume, Stat, Buffer); break;
    default: FsbFillSmall(Volume, Class, Stat, Buffer); break;
    }
    *Returned = Size;
    return STATUS_SUCCESS;
}

/* ---- names ---- */

NTSTATUS
FsbFullName(PFILE_OBJECT FileObject, PWCH Buffer, ULONG Room, PULONG Bytes)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    FSB_PATH Path;
    if (Ccb->Lcb == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Scb->Volume->NameLock);
    NTSTATUS Status = FsbLcbPath(Ccb->Lcb, FALSE, &Path);
    port_rwlock_release_shared(&Scb->Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        /* \ path [: stream]; what does not fit is cut off */
        const UNICODE_STRING Parts[4] = {
            {sizeof(WCHAR), sizeof(WCHAR), L"\\"}, Path.Name,
            {Scb->Name.Length != 0 ? sizeof(WCHAR) : 0, sizeof(WCHAR), L":"}, Scb->Name};
        ULONG Total = 0;
        for (ULONG i = 0; i < 4; i++) {
            const ULONG Left = Total < Room ? Room - Total : 0;
            if (Parts[i].Length != 0) {
                memcpy((PUCHAR)Buffer + Total, Parts[i].Buffer, Parts[i].Length < Left ? Parts[i].Length : Left);
            }
            Total += Parts[i].Length;
        }
        *Bytes = Total;
        Status = Total > Room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    }
    FsbPathFree(&Path);
    return Status;
}

static NTSTATUS
FsbQueryName(PFILE_OBJECT FileObject, PFILE_NAME_INFORMATION Out, ULONG Length, PULONG Returned)
{
    const ULONG Head = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    ULONG Bytes;
    if (Length < Head) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    const NTSTATUS Status = FsbFullName(FileObject, Out->FileName, Length - Head, &Bytes);
    if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
        Out->FileNameLength = Bytes;
        *Returned = Head + (Bytes < Length - Head ? Bytes : Length - Head);
    }
    return Status;
}

/* ---- the rest ---- */

static NTSTATUS
FsbQueryAll(PFILE_OBJECT FileObject, const FSB_STAT *Stat, BOOLEAN DeletePending, PFILE_ALL_INFORMATION Out, ULONG Length, PULONG Returned)
{
    const ULONG Head = FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation);
    if (Length < FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation.FileName)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    FsbFillBasic(Stat, &Out->BasicInformation);
    FsbFillStandard(Stat, &Out->StandardInformation);
    Out->StandardInformation.DeletePending = DeletePending;
    Out->InternalInformation.IndexNumber.QuadPart = (LONGLONG)Stat->Key.Inode;
    Out->EaInformation.EaSize = Stat->EaSize;
    Out->AccessInformation.AccessFlags = FsbCcbOf(FileObject)->Granted;
    Out->PositionInformation.CurrentByteOffset = FileObject->CurrentByteOffset;
    Out->ModeInformation.Mode = 0;
    Out->AlignmentInformation.AlignmentRequirement = 0;
    ULONG Name = 0;
    const NTSTATUS Status = FsbQueryName(FileObject, &Out->NameInformation, Length - Head, &Name);
    *Returned = Head + Name;
    return Status;
}

static NTSTATUS
FsbQueryStreams(FSB_SCB *Scb, PUCHAR Buffer, ULONG Length, PULONG Returned)
{
    static const WCHAR Data[] = L":$DATA";
    ULONG Offset = 0, Index = 0, Last = 0;
    for (;; Index++) {
        WCHAR Name[FSB_MAX_NAME];
        USHORT Characters = FSB_MAX_NAME;
        LONGLONG Size, Allocation;
        const NTSTATUS Status = Scb->Volume->Store->EnumStream(Scb->Fcb, Index, Name, &Characters, &Size, &Allocation);
        if (Status == STATUS_NO_MORE_ENTRIES) {
            break;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        const ULONG NameBytes = (Characters + 7u) * sizeof(WCHAR);
        const ULONG Needed = FIELD_OFFSET(FILE_STREAM_INFORMATION, StreamName) + NameBytes;
        if (Offset + Needed > Length) {
            return Offset == 0 ? STATUS_BUFFER_OVERFLOW : (*Returned = Last, STATUS_BUFFER_OVERFLOW);
        }
        PFILE_STREAM_INFORMATION Entry = (PFILE_STREAM_INFORMATION)(Buffer + Offset);
        if (Index > 0) {
            ((PFILE_STREAM_INFORMATION)(Buffer + Last))->NextEntryOffset = Offset - Last;
        }
        Entry->NextEntryOffset = 0;
        Entry->StreamNameLength = NameBytes;
        Entry->StreamSize.QuadPart = Size;
        Entry->StreamAllocationSize.QuadPart = Allocation;
        Entry->StreamName[0] = L':';
        memcpy(Entry->StreamName + 1, Name, Characters * sizeof(WCHAR));
        memcpy(Entry->StreamName + 1 + Characters, Data, sizeof(Data) - sizeof(WCHAR));
        Last = Offset;
        *Returned = Offset + Needed;
        Offset = (Offset + Needed + 7) & ~7u;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbQueryOneStream(FSB_SCB *Scb, PFILE_STREAM_INFORMATION Out, ULONG Length, PULONG Returned)
{
    FSB_STAT Stat;
    const ULONG Needed = FIELD_OFFSET(FILE_STREAM_INFORMATION, StreamName) + 7 * sizeof(WCHAR);
    if (FsbIsDirectory(Scb->Fcb)) {
        return STATUS_SUCCESS;
    }
    if (Length < Needed) {
        return STATUS_BUFFER_OVERFLOW;
    }
    const NTSTATUS Status = FsbQueryStat(Scb, &Stat, NULL);
    if (NT_SUCCESS(Status)) {
        Out->NextEntryOffset = 0;
        Out->StreamNameLength = 7 * sizeof(WCHAR);
        Out->StreamSize.QuadPart = Stat.Size;
        Out->StreamAllocationSize.QuadPart = Stat.Allocation;
        memcpy(Out->StreamName, L"::$DATA", 7 * sizeof(WCHAR));
        *Returned = Needed;
    }
    return Status;
}

/* Classes answered out of the file object alone. */
static NTSTATUS
FsbQueryObject(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    switch (Class) {
    case FileNameInformation:
    case FileNormalizedNameInformation:
        return FsbQueryName(FileObject, Buffer, Length, Returned);
    case FilePositionInformation:
        if (Length < sizeof(FILE_POSITION_INFORMATION)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = FileObject->CurrentByteOffset;
        *Returned = sizeof(FILE_POSITION_INFORMATION);
        return STATUS_SUCCESS;
    case FileAccessInformation:
    case FileModeInformation:
    case FileAlignmentInformation:
        if (Length < sizeof(ULONG)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        *(PULONG)Buffer = Class == FileAccessInformation ? FsbCcbOf(FileObject)->Granted : 0;
        *Returned = sizeof(ULONG);
        return STATUS_SUCCESS;
    case FileIsRemoteDeviceInformation:
        if (Length < sizeof(FILE_IS_REMOTE_DEVICE_INFORMATION)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        ((PFILE_IS_REMOTE_DEVICE_INFORMATION)Buffer)->IsRemote = FALSE;
        *Returned = sizeof(FILE_IS_REMOTE_DEVICE_INFORMATION);
        return STATUS_SUCCESS;
    case FileAlternateNameInformation:
        return STATUS_OBJECT_NAME_NOT_FOUND;
    case FileStreamInformation:
        return Scb->Volume->Store->EnumStream != NULL ? FsbQueryStreams(Scb, Buffer, Length, Returned)
                                                      : FsbQueryOneStream(Scb, Buffer, Length, Returned);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

static BOOLEAN
FsbNeedsStat(FILE_INFORMATION_CLASS Class)
{
    return Class == FileAllInformation || FsbStatClassSize(Class) != 0;
}

/* A handle that was cleaned up after its file went away learns so; other handles of a POSIX-deleted file go on. */
BOOLEAN
FsbIsGone(PFILE_OBJECT FileObject, FSB_SCB *Scb)
{
    return (__atomic_load_n(&FileObject->Flags, __ATOMIC_RELAXED) & FO_CLEANUP_COMPLETE) && (Scb->Deleted || atomic_load(&Scb->Fcb->Deleted));
}

BOOLEAN
FsbIsPending(PFILE_OBJECT FileObject)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    const FSB_LCB *Lcb = FsbCcbOf(FileObject)->Lcb;
    if (Lcb == NULL) {
        return FALSE;
    }
    port_lock_acquire(&Scb->Fcb->Lock);
    const BOOLEAN Pending = Scb->DeletePending || Lcb->DeletePending || Lcb->Removed;
    port_lock_release(&Scb->Fcb->Lock);
    return Pending;
}

NTSTATUS
FsbQueryInformation(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_OBJECT FileObject = Stack->FileObject;
    FSB_SCB *Scb = FsbScbOf(FileObject);
    const FILE_INFORMATION_CLASS Class = Stack->Parameters.QueryFile.FileInformationClass;
    const PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    const ULONG Length = Stack->Parameters.QueryFile.Length;
    struct iop_attachment *Attachment = FsbAttachment(Irp);
    ULONG Returned = 0;
    FSB_STAT Stat;
    NTSTATUS Status;
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Scb->Fcb == NULL || Buffer == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FsbNeedsStat(Class)) {
        Status = FsbQueryObject(FileObject, Class, Buffer, Length, &Returned);
        Irp->IoStatus.Information = Returned;
        return Status;
    }
    if (FsbIsGone(FileObject, Scb)) {
        return STATUS_FILE_DELETED;
    }
    Status = FsbQueryStat(Scb, &Stat, Attachment);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const BOOLEAN Pending = FsbIsPending(FileObject);
    if (Class == FileAllInformation) {
        Status = FsbQueryAll(FileObject, &Stat, Pending, Buffer, Length, &Returned);
    } else {
        Status = FsbFillStatClass(Volume, Class, &Stat, Buffer, Length, &Returned);
    }
    if (NT_SUCCESS(Status) && Class == FileStandardInformation) {
        ((PFILE_STANDARD_INFORMATION)Buffer)->DeletePending = Pending;
    }
    if (NT_SUCCESS(Status) && (Class == FileStatInformation || Class == FileStatLxInformation)) {
        ((PFILE_STAT_INFORMATION)Buffer)->EffectiveAccess = FsbCcbOf(FileObject)->Granted;
    }
    Irp->IoStatus.Information = Returned;
    return Status;
}

/* ---- by name ---- */

static BOOLEAN
FsbNamePending(FSB_VOLUME *Volume, const FSB_STAT *Stat, PCUNICODE_STRING Path)
{
    BOOLEAN Pending = FALSE;
    FSB_FCB *Fcb = atomic_load_explicit(&Volume->DeletesPending, memory_order_relaxed) > 0 ? FsbFcbFind(Volume, &Stat->Key, FALSE) : NULL;
    if (Fcb == NULL) {
        return FALSE;
    }
    port_lock_acquire(&Fcb->Lock);
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        const FSB_LCB *Lcb = CONTAINING_RECORD(Entry, FSB_LCB, FcbLink);
        Pending = Pending || (Lcb->DeletePending && RtlEqualUnicodeString(&Lcb->Path, Path, TRUE));
    }
    port_lock_release(&Fcb->Lock);
    FsbFcbDereference(Fcb);
    return Pending;
}

NTSTATUS
FsbQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query)
{
    FSB_VOLUME *Volume = FsbVolumeOf(Device);
    UNICODE_STRING Name = Query->FileObject->FileName, Stream;
    BOOLEAN HasStream, Trailing;
    FSB_STAT Stat;
    struct iop_attachment *Attachment = Query->Attachment;
    Query->Returned = 0;
    if (FsbStatClassSize(Query->Class) == 0 || Query->FileObject->RelatedFileObject != NULL || Name.Length == 0 || Name.Buffer[0] != L'\\') {
        return STATUS_NOT_SUPPORTED;
    }
    if (atomic_load_explicit(&Volume->Dismounted, memory_order_relaxed) || atomic_load_explicit(&Volume->Forced, memory_order_relaxed)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    Name.Buffer++;
    Name.Length -= sizeof(WCHAR);
    NTSTATUS Status = FsbSplitName(&Name, &Stream, &HasStream, &Trailing);
    if (!NT_SUCCESS(Status) || HasStream) {
        return NT_SUCCESS(Status) ? STATUS_NOT_SUPPORTED : Status;
    }
    Status = Volume->Store->QueryName(Volume, &Name, Query->CaseSensitive || Volume->Options.ExactCaseOnly, &Stat, Attachment);
    if (!NT_SUCCESS(Status)) {
        if (Attachment != NULL) {
            Attachment->host_status = Status;
        }
        return Status;
    }
    if (Trailing && !(Stat.Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (FsbNamePending(Volume, &Stat, &Name)) {
        return STATUS_DELETE_PENDING;
    }
    FsbExactTimes(Attachment, &Stat);
    return FsbFillStatClass(Volume, Query->Class, &Stat, Query->Buffer, Query->Length, &Query->Returned);
}

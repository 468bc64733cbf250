/* SPDX-License-Identifier: MIT */
/* IRP_MJ_FILE_SYSTEM_CONTROL. */
#include "fs/base/fsb.h"

typedef struct FSB_CONTROL {
    PIRP Irp;
    PIO_STACK_LOCATION Stack;
    FSB_VOLUME *Volume;
    FSB_SCB *Scb;
    struct iop_attachment *Attachment;
    PVOID In, Out;
    ULONG InLength, OutLength;
    ULONG_PTR Information;
} FSB_CONTROL;

static VOID
FsbControlBuffers(FSB_CONTROL *Control)
{
    const ULONG Code = Control->Stack->Parameters.FileSystemControl.FsControlCode;
    Control->InLength = Control->Stack->Parameters.FileSystemControl.InputBufferLength;
    Control->OutLength = Control->Stack->Parameters.FileSystemControl.OutputBufferLength;
    switch (METHOD_FROM_CTL_CODE(Code)) {
    case METHOD_BUFFERED:
        Control->In = Control->Out = Control->Irp->AssociatedIrp.SystemBuffer;
        break;
    case METHOD_NEITHER:
        Control->In = Control->Stack->Parameters.FileSystemControl.Type3InputBuffer;
        Control->Out = Control->Irp->MdlAddress != NULL ? FsbDataBuffer(Control->Irp) : Control->Irp->UserBuffer;
        break;
    default:
        Control->In = Control->Irp->AssociatedIrp.SystemBuffer;
        Control->Out = Control->Irp->MdlAddress != NULL ? FsbDataBuffer(Control->Irp) : NULL;
        break;
    }
    Control->InLength = Control->In == NULL ? 0 : Control->InLength;
    Control->OutLength = Control->Out == NULL ? 0 : Control->OutLength;
}

static BOOLEAN
FsbControlIsData(const FSB_CONTROL *Control)
{
    return Control->Scb->Fcb != NULL && (Control->Scb->Name.Length != 0 || Control->Scb->Fcb->Mode == FSB_S_IFREG);
}

/* ---- reparse points ---- */

static NTSTATUS
FsbGetReparsePoint(FSB_CONTROL *Control)
{
    ULONG Length = Control->OutLength;
    if (Control->Scb->Fcb == NULL || Control->Volume->Store->GetReparse == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Length < (ULONG)REPARSE_DATA_BUFFER_HEADER_SIZE) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    const NTSTATUS Status = Control->Volume->Store->GetReparse(Control->Scb->Fcb, Control->Out, &Length);
    if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
        Control->Information = Length < Control->OutLength ? Length : Control->OutLength;
    }
    return Status;
}

static NTSTATUS
FsbSetReparsePoint(FSB_CONTROL *Control)
{
    const REPARSE_DATA_BUFFER *Buffer = Control->In;
    const FSB_STORE *Store = Control->Volume->Store;
    FSB_LCB *Lcb = FsbCcbOf(Control->Stack->FileObject)->Lcb;
    if (Lcb == NULL || Store->SetReparse == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const ULONG Head = Buffer != NULL && Control->InLength >= sizeof(ULONG) && !IsReparseTagMicrosoft(Buffer->ReparseTag)
                           ? REPARSE_GUID_DATA_BUFFER_HEADER_SIZE : REPARSE_DATA_BUFFER_HEADER_SIZE;
    if (Control->InLength < Head || Head + Buffer->ReparseDataLength != Control->InLength || Control->InLength > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (!IsReparseTagValid(Buffer->ReparseTag)) {
        return STATUS_IO_REPARSE_TAG_INVALID;
    }
    if (FsbIsDirectory(Control->Scb->Fcb)) {
        const NTSTATUS Empty = Store->IsEmpty(Control->Scb->Fcb);
        if (!NT_SUCCESS(Empty)) {
            return Empty;
        }
    }
    FSB_PATH Path;
    FsbPathInitialize(&Path);
    port_rwlock_exclusive(&Control->Volume->NameLock);
    NTSTATUS Status = FsbLcbPath(Lcb, FALSE, &Path);
    if (NT_SUCCESS(Status)) {
        Status = Store->SetReparse(Control->Scb->Fcb, &Path.Name, Buffer, Control->InLength, Control->Attachment);
    }
    port_rwlock_release_exclusive(&Control->Volume->NameLock);
    FsbPathFree(&Path);
    return Status;
}

static NTSTATUS
FsbDeleteReparsePoint(FSB_CONTROL *Control)
{
    const REPARSE_DATA_BUFFER *Buffer = Control->In;
    if (Control->Scb->Fcb == NULL || Control->Volume->Store->DeleteReparse == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Control->InLength < (ULONG)REPARSE_DATA_BUFFER_HEADER_SIZE || Buffer->ReparseDataLength != 0) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    return Control->Volume->Store->DeleteReparse(Control->Scb->Fcb, Buffer->ReparseTag);
}

/* ---- ranges ---- */

static NTSTATUS
FsbSetZeroData(FSB_CONTROL *Control)
{
    const FILE_ZERO_DATA_INFORMATION *Range = Control->In;
    FSB_STAT Stat;
    if (Control->InLength < sizeof(*Range) || Range->FileOffset.QuadPart < 0 || Range->BeyondFinalZero.QuadPart < Range->FileOffset.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FsbControlIsData(Control) || Control->Volume->Store->Zero == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!(FsbCcbOf(Control->Stack->FileObject)->Granted & FILE_WRITE_DATA)) {
        return STATUS_ACCESS_DENIED;
    }
    const LONGLONG Offset = Range->FileOffset.QuadPart;
    LONGLONG End = Range->BeyondFinalZero.QuadPart;
    const NTSTATUS Status = FsbQueryStat(Control->Scb, &Stat, Control->Attachment);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Offset >= Stat.Size || Offset == End) {
        return STATUS_SUCCESS;
    }
    /* Up to the end of the file; the rest of its last block is free to go with it. */
    End = End > Stat.Size ? (Stat.Size + 4095) & ~4095ll : End;
    return Control->Volume->Store->Zero(Control->Scb, Offset, End - Offset, Control->Attachment);
}

static NTSTATUS
FsbQueryAllocatedRanges(FSB_CONTROL *Control)
{
    const FILE_ALLOCATED_RANGE_BUFFER *Asked = Control->In;
    PFILE_ALLOCATED_RANGE_BUFFER Out = Control->Out;
    if (Control->InLength < sizeof(*Asked) || Asked->FileOffset.QuadPart < 0 || Asked->Length.QuadPart < 0 ||
        Asked->Length.QuadPart > MAXLONGLONG - Asked->FileOffset.QuadPart) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FsbControlIsData(Control) || Control->Volume->Store->NextRange == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const LONGLONG End = Asked->FileOffset.QuadPart + Asked->Length.QuadPart;
    LONGLONG Offset = Asked->FileOffset.QuadPart;
    for (ULONG Count = 0; Offset < End; Count++) {
        LONGLONG At = Offset, Length;
        const NTSTATUS Status = Control->Volume->Store->NextRange(Control->Scb, &At, &Length);
        if (Status == STATUS_NO_MORE_ENTRIES || (NT_SUCCESS(Status) && At >= End)) {
            return STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if ((Count + 1) * sizeof(*Out) > Control->OutLength) {
            return Count == 0 ? STATUS_BUFFER_TOO_SMALL : STATUS_BUFFER_OVERFLOW;
        }
        Out[Count].FileOffset.QuadPart = At;
        Out[Count].Length.QuadPart = (At + Length < End ? At + Length : End) - At;
        Control->Information = (Count + 1) * sizeof(*Out);
        Offset = At + Length;
    }
    return STATUS_SUCCESS;
}

/* Both forms of the structure have the same fields from the handle on. */
static NTSTATUS
FsbDuplicateExtents(FSB_CONTROL *Control, BOOLEAN Extended)
{
    const DUPLICATE_EXTENTS_DATA *Data = (const DUPLICATE_EXTENTS_DATA *)((PUCHAR)Control->In + (Extended ? FIELD_OFFSET(DUPLICATE_EXTENTS_DATA_EX, FileHandle) : 0));
    const ULONG Needed = Extended ? sizeof(DUPLICATE_EXTENTS_DATA_EX) : sizeof(DUPLICATE_EXTENTS_DATA);
    PFILE_OBJECT Source;
    LONGLONG Done = 0;
    if (!FsbControlIsData(Control) || Control->Volume->Store->Copy == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Control->InLength < Needed || Data->ByteCount.QuadPart < 0 || Data->SourceFileOffset.QuadPart < 0 || Data->TargetFileOffset.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!(FsbCcbOf(Control->Stack->FileObject)->Granted & FILE_WRITE_DATA)) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(Data->FileHandle, FILE_READ_DATA, NULL, Control->Irp->RequestorMode, (PVOID *)&Source, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FSB_SCB *From = Source->Type == IO_TYPE_FILE && IopBaseDevice(Source) == Control->Volume->VolumeDevice ? FsbScbOf(Source) : NULL;
    if (From == NULL || From->Volume != Control->Volume || From->Fcb == NULL || (From->Name.Length == 0 && From->Fcb->Mode != FSB_S_IFREG)) {
        Status = STATUS_NOT_SAME_DEVICE;
    } else {
        Status = Control->Volume->Store->Copy(From, Data->SourceFileOffset.QuadPart, Control->Scb, Data->TargetFileOffset.QuadPart,
                                              Data->ByteCount.QuadPart, &Done, Control->Attachment);
        Control->Information = 0;
    }
    ObDereferenceObject(Source);
    return Status;
}

/* ---- the small ones ---- */

static NTSTATUS
FsbHostFile(FSB_CONTROL *Control)
{
    FSB_LCB *Lcb = FsbCcbOf(Control->Stack->FileObject)->Lcb;
    FSB_PATH Path;
    if (Control->Volume->Store->HostFile == NULL || Lcb == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Control->OutLength < sizeof(struct iop_host_file)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Control->Volume->NameLock);
    NTSTATUS Status = FsbLcbPath(Lcb, FALSE, &Path);
    port_rwlock_release_shared(&Control->Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        Status = Control->Volume->Store->HostFile(Control->Scb->Fcb, &Path.Name, Control->Out);
        Control->Information = NT_SUCCESS(Status) ? sizeof(struct iop_host_file) : 0;
    }
    FsbPathFree(&Path);
    return Status;
}

static NTSTATUS
FsbStatfs(FSB_CONTROL *Control)
{
    FSB_VOLUME_SIZES Sizes = {0};
    struct iop_statfs *Out = Control->Out;
    if (Control->OutLength < sizeof(*Out)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    const NTSTATUS Status = Control->Volume->Store->Sizes(Control->Volume, &Sizes);
    if (NT_SUCCESS(Status)) {
        *Out = (struct iop_statfs){
            .blocks = Sizes.TotalUnits, .bfree = Sizes.FreeUnits, .bavail = Sizes.AvailableUnits, .files = Sizes.Files, .ffree = Sizes.FreeFiles,
            .bsize = Sizes.PreferredSize, .frsize = Sizes.SectorsPerUnit * Sizes.BytesPerSector, .namelen = Sizes.MaximumComponent};
        Control->Information = sizeof(*Out);
    }
    return Status;
}

static NTSTATUS
FsbGetObjectId(FSB_CONTROL *Control)
{
    FSB_FCB *Fcb = Control->Scb->Fcb;
    if (Fcb != NULL && atomic_load(&Fcb->Deleted)) {
        return STATUS_FILE_DELETED;
    }
    return STATUS_OBJECTID_NOT_FOUND;
}

static NTSTATUS
FsbGetCompression(FSB_CONTROL *Control)
{
    if (Control->OutLength < sizeof(USHORT)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *(PUSHORT)Control->Out = COMPRESSION_FORMAT_NONE;
    Control->Information = sizeof(USHORT);
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbSetCompression(FSB_CONTROL *Control)
{
    if (Control->InLength < sizeof(USHORT)) {
        return STATUS_INVALID_PARAMETER;
    }
    return *(PUSHORT)Control->In == COMPRESSION_FORMAT_NONE ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/*
 * By surprise: files may be open.  What is under way ends as if it had come before; every later request but a clean-up and a close fails.
 * Filters stay attached, see those, and are detached when whoever made the volume deletes it (FsbVolumeDelete), after the last close.
 */
static NTSTATUS
FsbForceDismount(FSB_CONTROL *Control)
{
    if (!(Control->Stack->FileObject->Flags & FO_VOLUME_OPEN)) {
        return STATUS_INVALID_PARAMETER;
    }
    atomic_store(&Control->Volume->Forced, 1);
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbUserControl(FSB_CONTROL *Control)
{
    switch (Control->Stack->Parameters.FileSystemControl.FsControlCode) {
    case IOP_FSCTL_HOST_FILE: return FsbHostFile(Control);
    case IOP_FSCTL_STATFS: return FsbStatfs(Control);
    case FSCTL_GET_REPARSE_POINT: return FsbGetReparsePoint(Control);
    case FSCTL_SET_REPARSE_POINT: return FsbSetReparsePoint(Control);
    case FSCTL_DELETE_REPARSE_POINT: return FsbDeleteReparsePoint(Control);
    case FSCTL_SET_SPARSE: return FsbControlIsData(Control) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;   /* every file may have holes */
    case FSCTL_SET_ZERO_DATA: return FsbSetZeroData(Control);
    case FSCTL_QUERY_ALLOCATED_RANGES: return FsbQueryAllocatedRanges(Control);
    case FSCTL_DUPLICATE_EXTENTS_TO_FILE: return FsbDuplicateExtents(Control, FALSE);
    case FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX: return FsbDuplicateExtents(Control, TRUE);
    case FSCTL_GET_OBJECT_ID: return FsbGetObjectId(Control);
    case FSCTL_GET_COMPRESSION: return FsbGetCompression(Control);
    case FSCTL_SET_COMPRESSION: return FsbSetCompression(Control);
    case FSCTL_IS_VOLUME_MOUNTED: return STATUS_SUCCESS;
    case FSCTL_DISMOUNT_VOLUME: return FsbForceDismount(Control);
    case FSCTL_IS_PATHNAME_VALID: return STATUS_SUCCESS;
    case FSCTL_CREATE_OR_GET_OBJECT_ID:
    case FSCTL_SET_OBJECT_ID:
    case FSCTL_DELETE_OBJECT_ID: return STATUS_NOT_SUPPORTED;
    case FSCTL_REQUEST_OPLOCK:
    case FSCTL_REQUEST_OPLOCK_LEVEL_1:
    case FSCTL_REQUEST_OPLOCK_LEVEL_2:
    case FSCTL_REQUEST_BATCH_OPLOCK:
    case FSCTL_REQUEST_FILTER_OPLOCK: return STATUS_OPLOCK_NOT_GRANTED;
    default: return STATUS_INVALID_DEVICE_REQUEST;
    }
}

NTSTATUS
FsbFileSystemControl(FSB_VOLUME *Volume, PIRP Irp)
{
    FSB_CONTROL Control = {.Irp = Irp, .Stack = IoGetCurrentIrpStackLocation(Irp), .Volume = Volume};
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    if (Control.Stack->MinorFunction == IRP_MN_USER_FS_REQUEST || Control.Stack->MinorFunction == IRP_MN_KERNEL_CALL) {
        Control.Scb = Control.Stack->FileObject != NULL ? FsbScbOf(Control.Stack->FileObject) : NULL;
        Control.Attachment = FsbAttachment(Irp);
        if (Control.Scb == NULL || FsbCcbOf(Control.Stack->FileObject) == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        FsbControlBuffers(&Control);
        Status = FsbUserControl(&Control);
        Irp->IoStatus.Information = Control.Information;
    } else if (Control.Stack->MinorFunction == IRP_MN_VERIFY_VOLUME) {
        Status = STATUS_SUCCESS;
    }
    return Status;
}

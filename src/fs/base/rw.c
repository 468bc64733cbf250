/* SPDX-License-Identifier: MIT */
/*
 * IRP_MJ_READ, IRP_MJ_WRITE, IRP_MJ_FLUSH_BUFFERS.
 *
 * The buffer is the one in the IRP: a filter may have put its own there.  No lock and no allocation on the way.
 */
#include "fs/base/fsb.h"

PVOID
FsbDataBuffer(PIRP Irp)
{
    if (Irp->MdlAddress != NULL) {
        return MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    }
    if ((Irp->Flags & IRP_BUFFERED_IO) && Irp->AssociatedIrp.SystemBuffer != NULL) {
        return Irp->AssociatedIrp.SystemBuffer;
    }
    return Irp->UserBuffer;
}

static BOOLEAN
FsbUsesPosition(LARGE_INTEGER Offset)
{
    return Offset.LowPart == FILE_USE_FILE_POINTER_POSITION && Offset.HighPart == -1;
}

static BOOLEAN
FsbIsAppend(LARGE_INTEGER Offset)
{
    return Offset.LowPart == FILE_WRITE_TO_END_OF_FILE && Offset.HighPart == -1;
}

static VOID
FsbMovePosition(PFILE_OBJECT FileObject, LONGLONG Position, PIRP Irp)
{
    if ((FsbFileFlags(FileObject) & FO_SYNCHRONOUS_IO) && !(Irp->Flags & IRP_PAGING_IO)) {
        FileObject->CurrentByteOffset.QuadPart = Position;
    }
}

static NTSTATUS
FsbCheckData(FSB_SCB *Scb, FSB_CCB *Ccb)
{
    if (Scb == NULL || Ccb == NULL || Scb->Fcb == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Scb->Name.Length == 0 && Scb->Fcb->Mode != FSB_S_IFREG) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    return STATUS_SUCCESS;
}

NTSTATUS
FsbRead(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_OBJECT FileObject = Stack->FileObject;
    FSB_SCB *Scb = FsbScbOf(FileObject);
    const ULONG Length = Stack->Parameters.Read.Length;
    LARGE_INTEGER Offset = Stack->Parameters.Read.ByteOffset;
    ULONG Done = 0;
    Irp->IoStatus.Information = 0;
    NTSTATUS Status = FsbCheckData(Scb, FsbCcbOf(FileObject));
    if (!NT_SUCCESS(Status) || Length == 0) {
        return Status;
    }
    if (FsbUsesPosition(Offset)) {
        Offset = FileObject->CurrentByteOffset;
    }
    if (Offset.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!(Irp->Flags & IRP_PAGING_IO) && FsRtlAreThereCurrentFileLocks(&Scb->FileLock) && !FsRtlCheckLockForReadAccess(&Scb->FileLock, Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    const PVOID Buffer = FsbDataBuffer(Irp);
    if (Buffer == NULL) {
        return STATUS_INVALID_USER_BUFFER;
    }
    Status = Volume->Store->Read(Scb, Buffer, Length, Offset.QuadPart, &Done, FsbAttachment(Irp));
    if (NT_SUCCESS(Status) && Done == 0) {
        Status = STATUS_END_OF_FILE;
    }
    if (NT_SUCCESS(Status)) {
        Irp->IoStatus.Information = Done;
        FsbMovePosition(FileObject, Offset.QuadPart + Done, Irp);
        FsbFileFlag(FileObject, FO_FILE_FAST_IO_READ);
    }
    return Status;
}

/* ---- writing ---- */

/* Sizes in the header follow what was written; the mutex guards them, and only a write that extends takes it. */
static VOID
FsbHeaderExtend(FSB_SCB *Scb, LONGLONG End)
{
    if (End <= __atomic_load_n(&Scb->Header.FileSize.QuadPart, __ATOMIC_RELAXED)) {
        return;
    }
    ExAcquireFastMutex(&Scb->FastMutex);
    if (End > Scb->Header.FileSize.QuadPart) {
        __atomic_store_n(&Scb->Header.FileSize.QuadPart, End, __ATOMIC_RELAXED);
        Scb->Header.ValidDataLength.QuadPart = End;
        if (End > Scb->Header.AllocationSize.QuadPart) {
            Scb->Header.AllocationSize.QuadPart = (End + 4095) & ~4095ll;
        }
    }
    ExReleaseFastMutex(&Scb->FastMutex);
}

/* A paging write never extends: what lies behind the end of the file is dropped. */
static NTSTATUS
FsbClipPaging(FSB_SCB *Scb, LONGLONG Offset, PULONG Length)
{
    FSB_STAT Stat;
    const NTSTATUS Status = FsbQueryStat(Scb, &Stat, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Offset >= Stat.Size) {
        *Length = 0;
    } else if (*Length > Stat.Size - Offset) {
        *Length = (ULONG)(Stat.Size - Offset);
    }
    return STATUS_SUCCESS;
}

VOID
FsbKillSetId(FSB_SCB *Scb, struct iop_attachment *Attachment)
{
    FSB_FCB *Fcb = Scb->Fcb;
    FSB_STAT Stat;
    if (Attachment == NULL || !(Attachment->valid & IOP_ATTACH_KILL_SUIDGID) ||
        !NT_SUCCESS(FsbQueryStat(Scb, &Stat, NULL)) || !(Stat.Mode & (FSB_S_ISUID | FSB_S_ISGID))) {
        return;
    }
    const ULONG Drop = FSB_S_ISUID | ((Stat.Mode & 010) ? FSB_S_ISGID : 0);
    if (Stat.Mode & Drop) {
        FSB_SET Set = {.Valid = FSB_SET_MODE, .Mode = Stat.Mode & ~Drop};
        Fcb->Volume->Store->Set(Fcb, &Set, NULL);
    }
}

static NTSTATUS
FsbWriteFlags(FSB_SCB *Scb, PIRP Irp, LARGE_INTEGER *Offset, PULONG Flags)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_OBJECT FileObject = Stack->FileObject;
    const FSB_CCB *Ccb = FsbCcbOf(FileObject);
    if (FsbUsesPosition(*Offset)) {
        *Offset = FileObject->CurrentByteOffset;
    }
    const BOOLEAN AppendOnly = (Ccb->Granted & (FILE_APPEND_DATA | FILE_WRITE_DATA)) == FILE_APPEND_DATA;
    if (FsbIsAppend(*Offset) || (AppendOnly && !(Irp->Flags & IRP_PAGING_IO))) {
        *Flags |= FSB_WRITE_APPEND;
    } else if (Offset->QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((FsbFileFlags(FileObject) & FO_WRITE_THROUGH) || (Stack->Flags & SL_WRITE_THROUGH)) {
        *Flags |= FSB_WRITE_THROUGH;
    }
    if (Scb->Volume->Options.ReadOnly) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    return STATUS_SUCCESS;
}

static VOID
FsbWritten(FSB_SCB *Scb, PIRP Irp, LONGLONG Offset, ULONG Done, ULONG Flags)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    LONGLONG End = Offset + Done;
    if (Flags & FSB_WRITE_APPEND) {
        FSB_STAT Stat;
        if (!(FsbFileFlags(FileObject) & FO_SYNCHRONOUS_IO) || !NT_SUCCESS(FsbQueryStat(Scb, &Stat, NULL))) {
            End = __atomic_load_n(&Scb->Header.FileSize.QuadPart, __ATOMIC_RELAXED) + Done;
        } else {
            End = Stat.Size;
        }
    }
    FsbHeaderExtend(Scb, End);
    FsbMovePosition(FileObject, End, Irp);
    FsbFileFlag(FileObject, FO_FILE_MODIFIED);
    FsbKillSetId(Scb, FsbAttachment(Irp));
}

NTSTATUS
FsbWrite(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    ULONG Length = Stack->Parameters.Write.Length;
    LARGE_INTEGER Offset = Stack->Parameters.Write.ByteOffset;
    ULONG Done = 0, Flags = 0;
    Irp->IoStatus.Information = 0;
    NTSTATUS Status = FsbCheckData(Scb, FsbCcbOf(Stack->FileObject));
    if (!NT_SUCCESS(Status) || Length == 0) {
        return Status;
    }
    Status = FsbWriteFlags(Scb, Irp, &Offset, &Flags);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Irp->Flags & IRP_PAGING_IO) {
        const ULONG Asked = Length;
        Status = FsbClipPaging(Scb, Offset.QuadPart, &Length);
        if (!NT_SUCCESS(Status) || Length == 0) {
            Irp->IoStatus.Information = NT_SUCCESS(Status) ? Asked : 0;
            return Status;
        }
    } else if (FsRtlAreThereCurrentFileLocks(&Scb->FileLock) && !FsRtlCheckLockForWriteAccess(&Scb->FileLock, Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    const PVOID Buffer = FsbDataBuffer(Irp);
    if (Buffer == NULL) {
        return STATUS_INVALID_USER_BUFFER;
    }
    Status = Volume->Store->Write(Scb, Buffer, Length, Offset.QuadPart, Flags, &Done, FsbAttachment(Irp));
    if (NT_SUCCESS(Status)) {
        Irp->IoStatus.Information = (Irp->Flags & IRP_PAGING_IO) && Done == Length ? Stack->Parameters.Write.Length : Done;
        FsbWritten(Scb, Irp, Offset.QuadPart, Done, Flags);
    }
    return Status;
}

NTSTATUS
FsbFlush(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Scb->Fcb == NULL) {
        return Volume->Store->FlushVolume != NULL ? Volume->Store->FlushVolume(Volume) : STATUS_SUCCESS;
    }
    const BOOLEAN DataOnly = Stack->MinorFunction == IRP_MN_FLUSH_DATA_ONLY || Stack->MinorFunction == IRP_MN_FLUSH_DATA_SYNC_ONLY;
    return Volume->Store->Flush != NULL ? Volume->Store->Flush(Scb, DataOnly, FsbAttachment(Irp)) : STATUS_SUCCESS;
}

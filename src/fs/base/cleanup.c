/* SPDX-License-Identifier: MIT */
/*
 * IRP_MJ_CLEANUP, IRP_MJ_CLOSE and the disposition that decides what the former does.
 *
 * Delete state is the link's.  Ordinary semantics: the name goes in the cleanup of the link's last handle, and opens fail with
 * STATUS_DELETE_PENDING until then.  POSIX semantics: it goes in the cleanup of the handle that asked; others stay usable.
 */
#include "fs/base/fsb.h"

/* What a cleanup did, in Irp->IoStatus.Information (FILE_RETURNS_CLEANUP_RESULT_INFO). */
#ifndef FILE_CLEANUP_UNKNOWN
#define FILE_CLEANUP_UNKNOWN 0
#define FILE_CLEANUP_FILE_REMAINS 2
#define FILE_CLEANUP_FILE_DELETED 3
#define FILE_CLEANUP_LINK_DELETED 4
#define FILE_CLEANUP_STREAM_DELETED 5
#define FILE_CLEANUP_POSIX_STYLE_DELETE 6
#endif

/* ---- disposition ---- */

static NTSTATUS
FsbCheckDelete(PFILE_OBJECT FileObject, ULONG Flags, struct iop_attachment *Attachment)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    FSB_STAT Stat;
    if (Ccb->Lcb == NULL) {
        return STATUS_CANNOT_DELETE;
    }
    port_lock_acquire(&Scb->Fcb->Lock);
    const BOOLEAN Root = !Ccb->Lcb->PathUnknown && Ccb->Lcb->Path.Length == 0;
    port_lock_release(&Scb->Fcb->Lock);
    if (Root) {
        return STATUS_CANNOT_DELETE;
    }
    if (Scb->Volume->Options.ReadOnly) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    if (Scb->Volume->Options.HonourReadOnlyAttribute && !(Flags & FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)) {
        const NTSTATUS Status = FsbQueryStat(Scb, &Stat, Attachment);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Stat.Attributes & FILE_ATTRIBUTE_READONLY) {
            return STATUS_CANNOT_DELETE;
        }
    }
    if (Scb->Name.Length == 0 && FsbIsDirectory(Scb->Fcb)) {
        return Scb->Volume->Store->IsEmpty(Scb->Fcb);
    }
    return STATUS_SUCCESS;
}

VOID
FsbPendingLocked(FSB_LCB *Lcb, BOOLEAN Pending)
{
    if (Lcb->DeletePending != Pending) {
        Lcb->DeletePending = Pending;
        atomic_fetch_add(&Lcb->Fcb->Volume->DeletesPending, Pending ? 1 : -1);
    }
}

static NTSTATUS
FsbDispositionOnClose(PFILE_OBJECT FileObject, ULONG Flags)
{
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    if (Flags & FILE_DISPOSITION_DELETE) {
        atomic_fetch_or(&Ccb->Flags, FSB_CCB_DELETE_ON_CLOSE);
        FileObject->Flags |= FO_DELETE_ON_CLOSE;
    } else {
        atomic_fetch_and(&Ccb->Flags, ~FSB_CCB_DELETE_ON_CLOSE);
        FileObject->Flags &= ~FO_DELETE_ON_CLOSE;
    }
    return STATUS_SUCCESS;
}

/* Flags: FILE_DISPOSITION_*. */
NTSTATUS
FsbSetDisposition(PFILE_OBJECT FileObject, ULONG Flags, struct iop_attachment *Attachment)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    const BOOLEAN Delete = (Flags & FILE_DISPOSITION_DELETE) != 0;
    NTSTATUS Status = Delete ? FsbCheckDelete(FileObject, Flags, Attachment) : STATUS_SUCCESS;
    if (!NT_SUCCESS(Status) || Ccb->Lcb == NULL) {
        return Status;
    }
    if (Flags & FILE_DISPOSITION_ON_CLOSE) {
        return FsbDispositionOnClose(FileObject, Flags);
    }
    port_lock_acquire(&Scb->Fcb->Lock);
    if (Ccb->Lcb->Removed) {
        Status = STATUS_FILE_DELETED;
    } else if (Scb->Name.Length != 0) {
        Scb->DeletePending = Delete;
    } else {
        FsbPendingLocked(Ccb->Lcb, Delete);
        Ccb->Lcb->DeleteFromView = Attachment != NULL;
        const BOOLEAN Posix = Delete && (Flags & FILE_DISPOSITION_POSIX_SEMANTICS);
        Ccb->Lcb->PosixDelete = Posix;
        if (Posix) {
            atomic_fetch_or(&Ccb->Flags, FSB_CCB_POSIX_DELETE);
        } else {
            atomic_fetch_and(&Ccb->Flags, ~FSB_CCB_POSIX_DELETE);
        }
    }
    port_lock_release(&Scb->Fcb->Lock);
    if (NT_SUCCESS(Status)) {
        FileObject->DeletePending = Delete;
        FsbNotifyDeleting(Scb->Volume, FileObject);
    }
    return Status;
}

/* ---- taking the name away ---- */

static NTSTATUS
FsbUnlinkOnce(FSB_LCB *Lcb, BOOLEAN Refresh, FSB_PATH *Path, PULONG Left, struct iop_attachment *Attachment)
{
    FSB_FCB *Fcb = Lcb->Fcb;
    NTSTATUS Status = FsbLcbPath(Lcb, Refresh, Path);
    if (NT_SUCCESS(Status)) {
        port_lock_acquire(&Fcb->Lock);
        const BOOLEAN Others = Fcb->Handles > 0;
        if (Others && Fcb->Volume->Store->Pin != NULL) {
            Fcb->Volume->Store->Pin(Fcb, &Path->Name);
        }
        port_lock_release(&Fcb->Lock);
        Status = Fcb->Volume->Store->Unlink(Fcb, Refresh ? NULL : Lcb, &Path->Name, Left, Attachment);
    }
    return Status;
}

NTSTATUS
FsbUnlinkLcb(FSB_LCB *Lcb, PULONG Left, struct iop_attachment *Attachment)
{
    FSB_FCB *Fcb = Lcb->Fcb;
    FSB_VOLUME *Volume = Fcb->Volume;
    FSB_PATH Path;
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Volume->NameLock);
    NTSTATUS Status = FsbUnlinkOnce(Lcb, FALSE, &Path, Left, Attachment);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND) {
        /* Somebody renamed behind our back: ask where it is now. */
        const NTSTATUS Again = FsbUnlinkOnce(Lcb, TRUE, &Path, Left, Attachment);
        Status = NT_SUCCESS(Again) ? Again : Status;
    }
    port_lock_acquire(&Fcb->Lock);
    const BOOLEAN FromView = Lcb->DeleteFromView;
    FsbPendingLocked(Lcb, FALSE);
    Lcb->Unlinking = FALSE;
    if (NT_SUCCESS(Status)) {
        if (!Lcb->Removed) {
            Lcb->Removed = TRUE;
            RemoveEntryList(&Lcb->FcbLink);
        }
        if (*Left == 0) {
            atomic_store(&Fcb->Deleted, TRUE);
        }
    }
    port_lock_release(&Fcb->Lock);
    port_rwlock_release_shared(&Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        FsbNotify(Volume, &Path.Name, FsbIsDirectory(Fcb) ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_REMOVED);
        if (!FromView) {
            FsbReportName(Volume, &Path.Name, Fcb->Key.Inode);
        }
        if (*Left == 0) {
            FsbIdlePurge(Volume, Fcb);
        }
    }
    FsbPathFree(&Path);
    return Status;
}

/* ---- cleanup ---- */

/* What goes with a handle.  The last handle of a file that is to be deleted may be that of a stream which is to be deleted too. */
#define FSB_DROP_STREAM 1
#define FSB_DROP_LINK   2
#define FSB_DROP_POSIX  4                      /* with FSB_DROP_LINK: how the deletion was asked for */

/* Takes the handle off the counts; says what goes with it. */
static ULONG
FsbCleanupLocked(PFILE_OBJECT FileObject, FSB_SCB *Scb, FSB_CCB *Ccb)
{
    FSB_LCB *Lcb = Ccb->Lcb;
    const ULONG Flags = atomic_fetch_or(&Ccb->Flags, FSB_CCB_CLEANED);
    if (Flags & FSB_CCB_DELETE_ON_CLOSE) {
        if (Scb->Name.Length != 0) {
            Scb->DeletePending = TRUE;
        } else if (!Lcb->Removed) {
            FsbPendingLocked(Lcb, TRUE);
            Lcb->DeleteFromView = FALSE;
        }
    }
    IoRemoveShareAccess(FileObject, Scb->Share);
    Scb->Handles--;
    Lcb->Handles--;
    Scb->Fcb->Handles--;
    if (Scb->Handles == 0) {
        atomic_store(&Scb->Sized, FALSE);
    }
    ULONG What = 0;
    if (Scb->Name.Length != 0 && Scb->DeletePending && Scb->Handles == 0 && !Scb->Deleted) {
        Scb->Deleted = TRUE;
        What |= FSB_DROP_STREAM;
    }
    if (Lcb->DeletePending && !Lcb->Removed && !Lcb->Unlinking && (Lcb->Handles == 0 || (Lcb->PosixDelete && (Flags & FSB_CCB_POSIX_DELETE)))) {
        Lcb->Unlinking = TRUE;
        What |= FSB_DROP_LINK | (Lcb->PosixDelete ? FSB_DROP_POSIX : 0);
    }
    return What;
}

static ULONG_PTR
FsbCleanupDelete(PIRP Irp, PFILE_OBJECT FileObject, ULONG What)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_LCB *Lcb = FsbCcbOf(FileObject)->Lcb;
    ULONG Left = 0;
    if (What & FSB_DROP_STREAM) {
        Scb->Volume->Store->DeleteStream(Scb->Fcb, Scb->Stream);
    }
    if (!(What & FSB_DROP_LINK)) {
        return FILE_CLEANUP_STREAM_DELETED;
    }
    const NTSTATUS Status = FsbUnlinkLcb(Lcb, &Left, FsbAttachment(Irp));
    FileObject->FinalStatus = Status;
    if (!NT_SUCCESS(Status)) {
        return FILE_CLEANUP_FILE_REMAINS;
    }
    return Left != 0 ? FILE_CLEANUP_LINK_DELETED : (What & FSB_DROP_POSIX) ? FILE_CLEANUP_POSIX_STYLE_DELETE : FILE_CLEANUP_FILE_DELETED;
}

NTSTATUS
FsbCleanup(FSB_VOLUME *Volume, PIRP Irp)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Ccb == NULL || (atomic_load(&Ccb->Flags) & FSB_CCB_CLEANED)) {
        return STATUS_SUCCESS;
    }
    if (Scb->Fcb == NULL) {
        atomic_fetch_or(&Ccb->Flags, FSB_CCB_CLEANED);
        FsbFileFlag(FileObject, FO_CLEANUP_COMPLETE);
        return STATUS_SUCCESS;
    }
    if (FsRtlAreThereCurrentFileLocks(&Scb->FileLock)) {
        FsRtlFastUnlockAll(&Scb->FileLock, FileObject, IoGetRequestorProcess(Irp), NULL);
    }
    port_lock_acquire(&Scb->Fcb->Lock);
    const ULONG What = FsbCleanupLocked(FileObject, Scb, Ccb);
    port_lock_release(&Scb->Fcb->Lock);
    FsbNotifyDeleting(Volume, FileObject);
    Irp->IoStatus.Information = What == 0 ? FILE_CLEANUP_FILE_REMAINS : FsbCleanupDelete(Irp, FileObject, What);
    FsbFileFlag(FileObject, FO_CLEANUP_COMPLETE);
    FsbNotifyCleanup(Volume, FileObject);
    return STATUS_SUCCESS;
}

NTSTATUS
FsbClose(FSB_VOLUME *Volume, PIRP Irp)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    FSB_SCB *Scb = FsbScbOf(FileObject);
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Ccb == NULL) {
        return STATUS_SUCCESS;
    }
    FileObject->FsContext = NULL;
    FileObject->FsContext2 = NULL;
    FileObject->SectionObjectPointer = NULL;
    if (Ccb->Listing != NULL) {
        FsbListingFree(Ccb, Scb->Fcb);
    }
    if (Ccb->Lcb != NULL) {
        FsbLcbDereference(Ccb->Lcb);
    }
    port_free(Ccb);
    FsbScbCloseIdle(Scb);
    atomic_fetch_sub(&Volume->Opens, 1);
    return STATUS_SUCCESS;
}

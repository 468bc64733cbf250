/* SPDX-License-Identifier: MIT */
/*
 * FileRenameInformation(Ex) and FileLinkInformation(Ex).
 *
 * All of it runs under the exclusive NameLock: no name is being resolved, and every path in a link is as the store has it.  After
 * a directory moved, the paths of all open files below it are rewritten.
 */
#include "fs/base/fsb.h"

typedef struct FSB_MOVE {
    FSB_VOLUME *Volume;
    PFILE_OBJECT FileObject;
    FSB_FCB *Fcb;
    FSB_FCB *TargetDirectory;                  /* NULL: by path */
    ULONG Flags;                               /* FSB_RENAME_* */
    BOOLEAN Link;
    struct iop_attachment *Attachment;
    FSB_PATH From, To;
    /* what stands in the way */
    BOOLEAN Exists;
    FSB_STAT Existing;
    FSB_FCB *Replaced;                         /* +1 if it is open */
    FSB_PATH ExistingPath;
    BOOLEAN PurgeReplaced;
    FSB_DEFERRED *Deferred;
} FSB_MOVE;

static BOOLEAN
FsbSameKey(const FSB_KEY *A, const FSB_KEY *B)
{
    return A->Inode == B->Inode && A->Device == B->Device && A->Generation == B->Generation;
}

static BOOLEAN
FsbSamePath(PCUNICODE_STRING A, PCUNICODE_STRING B)
{
    return A->Length == B->Length && memcmp(A->Buffer, B->Buffer, A->Length) == 0;
}

/* Path is Directory or below it. */
static BOOLEAN
FsbIsBelow(PCUNICODE_STRING Path, PCUNICODE_STRING Directory)
{
    return Path->Length >= Directory->Length && memcmp(Path->Buffer, Directory->Buffer, Directory->Length) == 0 &&
           (Path->Length == Directory->Length || Path->Buffer[Directory->Length / sizeof(WCHAR)] == L'\\');
}

/* ---- the names ---- */

static UNICODE_STRING
FsbLastComponent(PCUNICODE_STRING Name)
{
    USHORT Start = FsbParentBytes(Name);
    if (Start != 0 || (Name->Length > 0 && Name->Buffer[0] == L'\\')) {
        Start += sizeof(WCHAR);
    }
    return (UNICODE_STRING){.Buffer = Name->Buffer + Start / sizeof(WCHAR), .Length = Name->Length - Start, .MaximumLength = Name->Length - Start};
}

static NTSTATUS
FsbTargetFromFileObject(FSB_MOVE *Move, PFILE_OBJECT Target, PCUNICODE_STRING Name)
{
    FSB_SCB *Scb = FsbScbOf(Target);
    FSB_CCB *Ccb = FsbCcbOf(Target);
    if (Scb == NULL || Ccb == NULL || Scb->Volume != Move->Volume) {
        return STATUS_NOT_SAME_DEVICE;
    }
    if (Ccb->Lcb == NULL || !FsbIsDirectory(Scb->Fcb)) {
        return STATUS_INVALID_PARAMETER;
    }
    const BOOLEAN Named = (atomic_load(&Ccb->Flags) & FSB_CCB_TARGET_DIRECTORY) != 0;
    const UNICODE_STRING Last = FsbLastComponent(Named ? &Target->FileName : Name);
    const NTSTATUS Status = FsbLcbPath(Ccb->Lcb, FALSE, &Move->To);
    Move->TargetDirectory = Scb->Fcb;
    return NT_SUCCESS(Status) ? FsbPathAppend(&Move->To, &Last) : Status;
}

/* No target directory: a name in the directory of the file, or a path from the root. */
static NTSTATUS
FsbTargetFromName(FSB_MOVE *Move, PCUNICODE_STRING Name)
{
    if (Name->Buffer[0] == L'\\') {
        const UNICODE_STRING Rest = {.Buffer = Name->Buffer + 1, .Length = Name->Length - sizeof(WCHAR), .MaximumLength = Name->Length - sizeof(WCHAR)};
        return FsbPathAppend(&Move->To, &Rest);
    }
    const UNICODE_STRING Parent = {.Buffer = Move->From.Name.Buffer, .Length = FsbParentBytes(&Move->From.Name)};
    NTSTATUS Status = Parent.Length != 0 ? FsbPathAppend(&Move->To, &Parent) : STATUS_SUCCESS;
    if (NT_SUCCESS(Status) && FsbParentBytes(Name) != 0) {
        Status = STATUS_OBJECT_NAME_INVALID;
    }
    return NT_SUCCESS(Status) ? FsbPathAppend(&Move->To, Name) : Status;
}

static NTSTATUS
FsbMoveNames(FSB_MOVE *Move, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_RENAME_INFORMATION Info = Irp->AssociatedIrp.SystemBuffer;
    const ULONG Head = FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName);
    UNICODE_STRING Stream;
    BOOLEAN HasStream, Trailing;
    if (Stack->Parameters.SetFile.Length < Head || Info->FileNameLength > Stack->Parameters.SetFile.Length - Head ||
        Info->FileNameLength == 0 || Info->FileNameLength % sizeof(WCHAR) != 0 || Info->FileNameLength > 0xFFF0) {
        return STATUS_INVALID_PARAMETER;
    }
    const UNICODE_STRING Name = {.Buffer = Info->FileName, .Length = (USHORT)Info->FileNameLength, .MaximumLength = (USHORT)Info->FileNameLength};
    NTSTATUS Status = FsbLcbPath(FsbCcbOf(Move->FileObject)->Lcb, FALSE, &Move->From);
    if (NT_SUCCESS(Status)) {
        Status = Stack->Parameters.SetFile.FileObject != NULL
                     ? FsbTargetFromFileObject(Move, Stack->Parameters.SetFile.FileObject, &Name)
                     : FsbTargetFromName(Move, &Name);
    }
    if (NT_SUCCESS(Status)) {
        Status = FsbSplitName(&Move->To.Name, &Stream, &HasStream, &Trailing);
    }
    if (NT_SUCCESS(Status) && (HasStream || Trailing || Move->To.Name.Length == 0)) {
        Status = STATUS_OBJECT_NAME_INVALID;
    }
    return Status;
}

/* ---- what stands in the way ---- */

static NTSTATUS
FsbFindExisting(FSB_MOVE *Move)
{
    FSB_RESOLVE Resolve = {.Path = Move->To.Name, .Light = TRUE};
    Resolve.CaseSensitive = (atomic_load(&FsbCcbOf(Move->FileObject)->Flags) & FSB_CCB_CASE_SENSITIVE) || Move->Volume->Options.ExactCaseOnly;
    NTSTATUS Status = Resolve.CaseSensitive || Move->TargetDirectory != NULL ? STATUS_SUCCESS : FsbPathRealParent(Move->Volume, &Move->To);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Move->Volume->Store->Resolve(Move->Volume, &Resolve);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Move->Exists = TRUE;
    Move->Existing = Resolve.Stat;
    Status = FsbPathAppend(&Move->ExistingPath, &Resolve.RealPath);
    if (Resolve.RealPath.Buffer != Resolve.Path.Buffer) {
        port_free(Resolve.RealPath.Buffer);
    }
    Move->Volume->Store->Abandon(Move->Volume, &Resolve);
    Move->Replaced = FsbFcbFind(Move->Volume, &Move->Existing.Key, FALSE);
    return Status;
}

static NTSTATUS
FsbCheckReplace(FSB_MOVE *Move)
{
    const BOOLEAN Posix = (Move->Flags & FSB_RENAME_POSIX) != 0;
    if (!(Move->Flags & FSB_RENAME_REPLACE)) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (Move->Existing.Attributes & FILE_ATTRIBUTE_READONLY && Move->Volume->Options.HonourReadOnlyAttribute && !(Move->Flags & FSB_RENAME_IGNORE_READONLY)) {
        return STATUS_ACCESS_DENIED;
    }
    if (Posix) {
        return STATUS_SUCCESS;
    }
    if ((Move->Existing.Mode & FSB_S_IFMT) == FSB_S_IFDIR) {
        return STATUS_ACCESS_DENIED;
    }
    BOOLEAN Busy = FALSE;
    if (Move->Replaced != NULL && Move->Replaced != Move->Fcb) {
        port_lock_acquire(&Move->Replaced->Lock);
        Busy = Move->Replaced->Handles > 0;
        port_lock_release(&Move->Replaced->Lock);
    }
    return Busy ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

typedef struct FSB_DESCENDANTS {
    const FSB_MOVE *Move;
    BOOLEAN Found;
} FSB_DESCENDANTS;

static BOOLEAN
FsbSeekDescendant(FSB_FCB *Fcb, PVOID Context)
{
    FSB_DESCENDANTS *Seek = Context;
    port_lock_acquire(&Fcb->Lock);
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        const FSB_LCB *Lcb = CONTAINING_RECORD(Entry, FSB_LCB, FcbLink);
        Seek->Found = Seek->Found || (Fcb != Seek->Move->Fcb && Lcb->Handles > 0 && !Lcb->PathUnknown && FsbIsBelow(&Lcb->Path, &Seek->Move->From.Name));
    }
    port_lock_release(&Fcb->Lock);
    return !Seek->Found;
}

static NTSTATUS
FsbCheckMove(FSB_MOVE *Move)
{
    const BOOLEAN Directory = FsbIsDirectory(Move->Fcb);
    if (Move->From.Name.Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Move->Link) {
        return Directory ? STATUS_FILE_IS_A_DIRECTORY : STATUS_SUCCESS;
    }
    if (Directory && Move->To.Name.Length > Move->From.Name.Length && FsbIsBelow(&Move->To.Name, &Move->From.Name)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Directory && Move->Volume->Options.StrictDirectoryRename && !(Move->Flags & FSB_RENAME_POSIX)) {
        FSB_DESCENDANTS Seek = {.Move = Move};
        FsbFcbEnumerate(Move->Volume, FsbSeekDescendant, &Seek, &Move->Deferred);
        if (Seek.Found) {
            return STATUS_ACCESS_DENIED;
        }
    }
    return STATUS_SUCCESS;
}

/* ---- after the store moved it ---- */

static VOID
FsbRewriteLocked(FSB_LCB *Lcb, const FSB_MOVE *Move)
{
    FSB_PATH Path;
    if (Lcb->PathUnknown || !FsbIsBelow(&Lcb->Path, &Move->From.Name)) {
        return;
    }
    UNICODE_STRING Rest = Lcb->Path;
    Rest.Buffer += Move->From.Name.Length / sizeof(WCHAR);
    Rest.Length -= Move->From.Name.Length;
    if (Rest.Length == 0 && Lcb->StoreHint != 0) {
        Move->Volume->Store->ReleaseLink(Lcb);         /* nobody uses it: NameLock is exclusive */
    }
    FsbPathInitialize(&Path);
    NTSTATUS Status = FsbPathAppend(&Path, &Move->To.Name);
    if (NT_SUCCESS(Status) && Rest.Length > 0) {
        Rest.Buffer++;
        Rest.Length -= sizeof(WCHAR);
        Status = FsbPathAppend(&Path, &Rest);
    }
    if (NT_SUCCESS(Status)) {
        FsbLcbSetPathLocked(Lcb, &Path.Name);
    } else {
        Lcb->PathUnknown = TRUE;
    }
    FsbPathFree(&Path);
}

static BOOLEAN
FsbRewriteFcb(FSB_FCB *Fcb, PVOID Context)
{
    port_lock_acquire(&Fcb->Lock);
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        FsbRewriteLocked(CONTAINING_RECORD(Entry, FSB_LCB, FcbLink), Context);
    }
    port_lock_release(&Fcb->Lock);
    return TRUE;
}

/* The link under Path is gone from Fcb. */
static VOID
FsbDropLinks(FSB_FCB *Fcb, PCUNICODE_STRING Path, BOOLEAN Last)
{
    port_lock_acquire(&Fcb->Lock);
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink, Next; Entry != &Fcb->Lcbs; Entry = Next) {
        FSB_LCB *Lcb = CONTAINING_RECORD(Entry, FSB_LCB, FcbLink);
        Next = Entry->Flink;
        if (!Lcb->PathUnknown && FsbSamePath(&Lcb->Path, Path)) {
            FsbPendingLocked(Lcb, FALSE);
            Lcb->Removed = TRUE;
            RemoveEntryList(&Lcb->FcbLink);
        }
    }
    if (Last) {
        atomic_store(&Fcb->Deleted, TRUE);
    }
    port_lock_release(&Fcb->Lock);
}

static VOID
FsbMoved(FSB_MOVE *Move)
{
    const BOOLEAN Directory = FsbIsDirectory(Move->Fcb);
    if (Move->Exists && Move->Replaced != NULL && !FsbSamePath(&Move->From.Name, &Move->ExistingPath.Name)) {
        const BOOLEAN Last = Move->Replaced != Move->Fcb && (FsbIsDirectory(Move->Replaced) || Move->Existing.Links <= 1);
        FsbDropLinks(Move->Replaced, &Move->ExistingPath.Name, Last);
        Move->PurgeReplaced = Last;
    }
    const ULONG Filter = Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME;
    if (Move->Link) {
        FsbNotify(Move->Volume, &Move->To.Name, Filter, FILE_ACTION_ADDED);
        return;
    }
    if (Directory) {
        FsbFcbEnumerate(Move->Volume, FsbRewriteFcb, Move, &Move->Deferred);
    } else {
        FsbRewriteFcb(Move->Fcb, Move);
    }
    FsbNotify(Move->Volume, &Move->From.Name, Filter, FILE_ACTION_RENAMED_OLD_NAME);
    FsbNotify(Move->Volume, &Move->To.Name, Filter, FILE_ACTION_RENAMED_NEW_NAME);
    if (Directory) {
        FsbNotifyMoved(Move->Volume, &Move->From.Name, &Move->To.Name);
    }
}

/* ---- the way through ---- */

static NTSTATUS
FsbMoveReplacing(FSB_MOVE *Move, FSB_LCB *Hint)
{
    const FSB_STORE *Store = Move->Volume->Store;
    const BOOLEAN SameFile = Move->Exists && FsbSameKey(&Move->Existing.Key, &Move->Fcb->Key);
    const BOOLEAN SameLink = SameFile && FsbSamePath(&Move->From.Name, &Move->ExistingPath.Name);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Left;
    if (SameLink && (Move->Link || FsbSamePath(&Move->From.Name, &Move->To.Name))) {
        return Move->Link && !(Move->Flags & FSB_RENAME_REPLACE) ? STATUS_OBJECT_NAME_COLLISION : STATUS_ALREADY_COMMITTED;
    }
    if (Move->Exists && !SameLink) {
        Status = FsbCheckReplace(Move);
        if (NT_SUCCESS(Status) && SameFile && (Move->Flags & FSB_RENAME_POSIX)) {
            return STATUS_ALREADY_COMMITTED;   /* two names of one file: nothing happens */
        }
        if (NT_SUCCESS(Status) && Move->Replaced != NULL && Store->Pin != NULL) {
            port_lock_acquire(&Move->Replaced->Lock);
            Store->Pin(Move->Replaced, &Move->ExistingPath.Name);
            port_lock_release(&Move->Replaced->Lock);
        }
        const BOOLEAN OtherSpelling = !FsbSamePath(&Move->ExistingPath.Name, &Move->To.Name);
        if (NT_SUCCESS(Status) && (SameFile || OtherSpelling || Move->Link)) {
            FSB_FCB *Victim = Move->Replaced;
            Status = Victim != NULL ? STATUS_SUCCESS : FsbFcbGet(Move->Volume, &Move->Existing, &Victim);
            if (NT_SUCCESS(Status)) {
                Move->Replaced = Victim;
                Status = Store->Unlink(Victim, NULL, &Move->ExistingPath.Name, &Left, Move->Attachment);
            }
        }
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return Move->Link ? Store->Link(Move->Fcb, Move->TargetDirectory, &Move->To.Name, Move->Flags, Move->Attachment)
                      : Store->Rename(Move->Fcb, Hint, &Move->From.Name, Move->TargetDirectory, &Move->To.Name, Move->Flags, Move->Attachment);
}

/* For view, whose names are exact: most often nothing stands in the way, and the store finds that out by itself.  FALSE: nothing was
 * done. */
static BOOLEAN
FsbMoveFree(FSB_MOVE *Move, FSB_LCB *Hint)
{
    const BOOLEAN Exact = (atomic_load(&FsbCcbOf(Move->FileObject)->Flags) & FSB_CCB_CASE_SENSITIVE) || Move->Volume->Options.ExactCaseOnly;
    if (Move->Link || !Exact || Move->Attachment == NULL || !(Move->Attachment->valid & IOP_ATTACH_JUST_OPENED)) {
        return FALSE;
    }
    const NTSTATUS Status = Move->Volume->Store->Rename(Move->Fcb, Hint, &Move->From.Name, Move->TargetDirectory, &Move->To.Name,
                                                        Move->Flags & ~(ULONG)FSB_RENAME_REPLACE, Move->Attachment);
    Move->Attachment->host_errno = 0;
    Move->Attachment->host_status = 0;
    return NT_SUCCESS(Status);
}

static NTSTATUS
FsbMoveLocked(FSB_MOVE *Move, PIRP Irp)
{
    FSB_LCB *Lcb = FsbCcbOf(Move->FileObject)->Lcb;
    port_lock_acquire(&Move->Fcb->Lock);
    const BOOLEAN Gone = Lcb->Removed, Pending = Lcb->DeletePending;
    port_lock_release(&Move->Fcb->Lock);
    if (Gone || Pending) {
        return Pending ? STATUS_DELETE_PENDING : STATUS_FILE_DELETED;
    }
    NTSTATUS Status = FsbMoveNames(Move, Irp);
    if (NT_SUCCESS(Status)) {
        Status = FsbCheckMove(Move);
    }
    if (NT_SUCCESS(Status) && !FsbMoveFree(Move, Lcb)) {
        Status = FsbFindExisting(Move);
        Status = NT_SUCCESS(Status) ? FsbMoveReplacing(Move, Lcb) : Status;
    }
    if (!Move->Link && (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND)) {
        /* Renamed behind our back?  Once more from where the store finds it. */
        FSB_PATH Now;
        FsbPathInitialize(&Now);
        if (NT_SUCCESS(FsbLcbPath(Lcb, TRUE, &Now)) && !FsbSamePath(&Now.Name, &Move->From.Name)) {
            Move->From.Name.Length = 0;
            Status = FsbPathAppend(&Move->From, &Now.Name);
            Status = NT_SUCCESS(Status) ? FsbMoveReplacing(Move, NULL) : Status;
        }
        FsbPathFree(&Now);
    }
    if (NT_SUCCESS(Status)) {
        FsbMoved(Move);
    }
    return Status == STATUS_ALREADY_COMMITTED ? STATUS_SUCCESS : Status;
}

/* Whether view got the rename it asked for. */
static BOOLEAN
FsbMovedAsAsked(const FSB_MOVE *Move)
{
    const struct iop_attachment *Attachment = Move->Attachment;
    if (Attachment->old_path == NULL || Move->Link) {
        return FALSE;
    }
    UNICODE_STRING Old = {.Buffer = (PWCH)Attachment->old_path, .Length = Attachment->old_path_bytes};
    const UNICODE_STRING New = {.Buffer = (PWCH)Attachment->new_name, .Length = Attachment->new_name_bytes};
    const UNICODE_STRING Parent = {.Buffer = Move->From.Name.Buffer, .Length = FsbParentBytes(&Move->From.Name)};
    const UNICODE_STRING NewParent = {.Buffer = Move->To.Name.Buffer, .Length = FsbParentBytes(&Move->To.Name)};
    const UNICODE_STRING Last = FsbLastComponent(&Move->To.Name);
    if (Old.Length != 0 && Old.Buffer[0] == L'\\') {
        Old.Buffer++;
        Old.Length -= sizeof(WCHAR);
    }
    return FsbSamePath(&Move->From.Name, &Old) && FsbSamePath(&Parent, &NewParent) && FsbSamePath(&Last, &New);
}

/* For whoever caches names above.  No lock is held. */
static VOID
FsbReportMove(const FSB_MOVE *Move)
{
    if (Move->Exists && Move->Existing.Key.Inode != Move->Fcb->Key.Inode) {
        FsbReportName(Move->Volume, &Move->ExistingPath.Name, Move->Existing.Key.Inode);
    }
    if (!Move->Link) {
        FsbReportName(Move->Volume, &Move->From.Name, Move->Fcb->Key.Inode);
    }
    FsbReportName(Move->Volume, &Move->To.Name, Move->Fcb->Key.Inode);
}

NTSTATUS
FsbRenameOrLink(PIRP Irp, PFILE_OBJECT FileObject, BOOLEAN Link, BOOLEAN Extended)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_RENAME_INFORMATION Info = Irp->AssociatedIrp.SystemBuffer;
    FSB_MOVE Move = {.Volume = FsbScbOf(FileObject)->Volume, .FileObject = FileObject, .Fcb = FsbScbOf(FileObject)->Fcb, .Link = Link};
    if (Stack->Parameters.SetFile.Length < FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (FsbScbOf(FileObject)->Name.Length != 0 || FsbCcbOf(FileObject)->Lcb == NULL) {
        return STATUS_NOT_SUPPORTED;           /* renaming alternate streams */
    }
    Move.Attachment = FsbAttachment(Irp);
    if (Extended) {
        Move.Flags |= (Info->Flags & FILE_RENAME_REPLACE_IF_EXISTS) ? FSB_RENAME_REPLACE : 0;
        Move.Flags |= (Info->Flags & FILE_RENAME_POSIX_SEMANTICS) ? FSB_RENAME_POSIX : 0;
        Move.Flags |= (Info->Flags & FILE_RENAME_IGNORE_READONLY_ATTRIBUTE) ? FSB_RENAME_IGNORE_READONLY : 0;
    } else {
        Move.Flags |= Stack->Parameters.SetFile.ReplaceIfExists || Info->ReplaceIfExists ? FSB_RENAME_REPLACE : 0;
    }
    FsbPathInitialize(&Move.From);
    FsbPathInitialize(&Move.To);
    FsbPathInitialize(&Move.ExistingPath);
    port_rwlock_exclusive(&Move.Volume->NameLock);
    const NTSTATUS Status = FsbMoveLocked(&Move, Irp);
    port_rwlock_release_exclusive(&Move.Volume->NameLock);
    FsbDeferredRelease(Move.Deferred);
    if (NT_SUCCESS(Status) && !FsbFromView(Irp)) {
        FsbReportMove(&Move);
    }
    if (NT_SUCCESS(Status) && Move.Attachment != NULL) {
        Move.Attachment->renamed_as_asked = FsbMovedAsAsked(&Move);
    }
    if (Move.Replaced != NULL) {
        if (Move.PurgeReplaced) {
            FsbIdlePurge(Move.Volume, Move.Replaced);
        }
        FsbFcbDereference(Move.Replaced);
    }
    FsbPathFree(&Move.From);
    FsbPathFree(&Move.To);
    FsbPathFree(&Move.ExistingPath);
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* Opening what a name led to, and making what was not there. */
#include "fs/base/openp.h"

static BOOLEAN
FsbOverwrites(ULONG Disposition)
{
    return Disposition == FILE_OVERWRITE || Disposition == FILE_OVERWRITE_IF || Disposition == FILE_SUPERSEDE;
}

/* ---- checks of what was found ---- */

/* The object is a reparse point and nobody asked for the point itself: its data goes up with STATUS_REPARSE. */
static NTSTATUS
FsbReparse(FSB_OPEN *Open, FSB_FCB *Fcb)
{
    ULONG Length = MAXIMUM_REPARSE_DATA_BUFFER_SIZE;
    if (Open->Volume->Store->GetReparse == NULL) {
        return STATUS_IO_REPARSE_TAG_NOT_HANDLED;
    }
    PREPARSE_DATA_BUFFER Buffer = ExAllocatePoolWithTag(PagedPool, Length, 'RbsF');
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    const NTSTATUS Status = Open->Volume->Store->GetReparse(Fcb, Buffer, &Length);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Buffer, 'RbsF');
        return Status;
    }
    Buffer->Reserved = 0;
    Open->Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)Buffer;
    Open->Information = Buffer->ReparseTag;
    return STATUS_REPARSE;
}

static NTSTATUS
FsbCheckKind(FSB_OPEN *Open)
{
    const FSB_STAT *Stat = &Open->Resolve.Stat;
    const BOOLEAN Directory = (Stat->Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    if (Open->Disposition == FILE_CREATE && Open->Stream.Length == 0) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (Open->Stream.Length != 0) {
        return (Open->Options & FILE_DIRECTORY_FILE) ? STATUS_NOT_A_DIRECTORY : STATUS_SUCCESS;
    }
    if (Directory) {
        if (Open->DefaultStream) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        if (Open->Options & FILE_NON_DIRECTORY_FILE) {
            return STATUS_FILE_IS_A_DIRECTORY;
        }
        return FsbOverwrites(Open->Disposition) ? STATUS_OBJECT_NAME_COLLISION : STATUS_SUCCESS;
    }
    if (Open->TargetDirectory) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    if ((Open->Options & FILE_DIRECTORY_FILE) || Open->TrailingBackslash) {
        return Open->TrailingBackslash && !(Open->Options & FILE_DIRECTORY_FILE) ? STATUS_OBJECT_NAME_INVALID : STATUS_NOT_A_DIRECTORY;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbCheckAttributes(FSB_OPEN *Open)
{
    const FSB_STAT *Stat = &Open->Resolve.Stat;
    if ((Open->Options & FILE_DELETE_ON_CLOSE) && Open->Path.Name.Length == 0 && !Open->Resolve.ById) {
        return STATUS_CANNOT_DELETE;
    }
    if (!Open->Volume->Options.HonourReadOnlyAttribute || (Open->Stack->Flags & SL_IGNORE_READONLY_ATTRIBUTE)) {
        return STATUS_SUCCESS;
    }
    if (FsbOverwrites(Open->Disposition) && Open->Stream.Length == 0 && Open->Attachment == NULL) {
        /* What is hidden or a system file must be named so to be replaced. */
        const ULONG Kept = Stat->Attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);
        if (Kept & ~(ULONG)Open->Stack->Parameters.Create.FileAttributes) {
            return STATUS_ACCESS_DENIED;
        }
    }
    if (!(Stat->Attributes & FILE_ATTRIBUTE_READONLY) || (Stat->Mode & FSB_S_IFMT) == FSB_S_IFDIR) {
        return STATUS_SUCCESS;
    }
    if ((Open->Access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) || FsbOverwrites(Open->Disposition)) {
        return STATUS_ACCESS_DENIED;
    }
    return (Open->Options & FILE_DELETE_ON_CLOSE) ? STATUS_CANNOT_DELETE : STATUS_SUCCESS;
}

/* ---- registering the open ---- */

static NTSTATUS
FsbCheckPendingLocked(FSB_OPEN *Open, FSB_FCB *Fcb, FSB_LCB *Lcb)
{
    if (Lcb->DeletePending) {
        return STATUS_DELETE_PENDING;
    }
    if (atomic_load(&Fcb->Deleted)) {
        return Open->Resolve.ById ? STATUS_INVALID_PARAMETER : STATUS_RETRY;
    }
    if (!Open->Resolve.ById || Open->Resolve.Stat.Links > 1) {
        return STATUS_SUCCESS;
    }
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, FSB_LCB, FcbLink)->DeletePending) {
            return STATUS_DELETE_PENDING;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbShareLocked(FSB_OPEN *Open, FSB_SCB *Scb)
{
    ACCESS_MASK Implied = Open->Access;
    if (FsbOverwrites(Open->Disposition)) {
        Implied |= FILE_WRITE_DATA | (Open->Disposition == FILE_SUPERSEDE ? DELETE : 0);
    }
    NTSTATUS Status = STATUS_SUCCESS;
    if (Implied != Open->Access) {
        Status = IoCheckShareAccess(Implied, Open->Share, Open->FileObject, Scb->Share, FALSE);
    }
    if (NT_SUCCESS(Status)) {
        Status = IoCheckShareAccess(Open->Access, Open->Share, Open->FileObject, Scb->Share, TRUE);
    }
    return Status;
}

static NTSTATUS
FsbStreamLocked(FSB_OPEN *Open, FSB_FCB *Fcb, FSB_LCB *Lcb, FSB_SCB **Scb)
{
    PVOID Stream = NULL;
    if (Open->Stream.Length != 0) {
        const BOOLEAN MayExist = Open->Disposition != FILE_CREATE;
        const BOOLEAN Create = Open->Disposition != FILE_OPEN && Open->Disposition != FILE_OVERWRITE;
        BOOLEAN Created = FALSE;
        const NTSTATUS Status = Open->Volume->Store->OpenStream(Fcb, &Open->Stream, MayExist, Create, &Stream, &Created);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Open->Information = Created ? FILE_CREATED : Open->Information;
    }
    return FsbScbGetLocked(Fcb, &Open->Stream, Stream, Lcb, Scb);
}

static BOOLEAN
FsbIsLazy(const FSB_OPEN *Open)
{
    return Open->Attachment != NULL && (Open->Attachment->valid & IOP_ATTACH_LAZY_DATA);
}

/* Under Fcb->Lock: everything that makes this open one of the file's.  On failure nothing is left behind. */
static NTSTATUS
FsbRegisterLocked(FSB_OPEN *Open, FSB_FCB *Fcb, FSB_SCB **Scb, FSB_LCB **Lcb)
{
    const FSB_STORE *Store = Open->Volume->Store;
    const BOOLEAN Unknown = Open->Resolve.ById && Open->Resolve.RealPath.Buffer == NULL;
    Store->Adopt(Fcb, &Open->Resolve);
    NTSTATUS Status = FsbLcbGetLocked(Fcb, &Open->Resolve.RealPath, Unknown, Lcb);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Store->AdoptLink != NULL) {
        Store->AdoptLink(*Lcb, &Open->Resolve);
    }
    Status = FsbCheckPendingLocked(Open, Fcb, *Lcb);
    if (NT_SUCCESS(Status)) {
        Status = FsbStreamLocked(Open, Fcb, *Lcb, Scb);
    }
    if (NT_SUCCESS(Status) && (*Scb)->DeletePending) {
        Status = STATUS_DELETE_PENDING;
    }
    if (NT_SUCCESS(Status) && Store->Prepare != NULL && Fcb->Mode == FSB_S_IFREG && !FsbIsLazy(Open)) {
        const BOOLEAN Write = (Open->Access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0 || FsbOverwrites(Open->Disposition);
        if (Write) {
            Status = Store->Prepare(Fcb, &Open->Resolve, TRUE);
        }
        if (NT_SUCCESS(Status) && (Open->Access & (FILE_READ_DATA | FILE_EXECUTE))) {
            Status = Store->Prepare(Fcb, &Open->Resolve, FALSE);
        }
    }
    if (NT_SUCCESS(Status)) {
        Status = FsbShareLocked(Open, *Scb);
    }
    if (NT_SUCCESS(Status)) {
        (*Scb)->Handles++;
        (*Lcb)->Handles++;
        Fcb->Handles++;
    }
    return Status;
}

static VOID
FsbAttachFileObject(FSB_OPEN *Open, FSB_SCB *Scb, FSB_LCB *Lcb, FSB_CCB *Ccb)
{
    const PFILE_OBJECT FileObject = Open->FileObject;
    ULONG Flags = 0;
    if (Open->Options & FILE_DELETE_ON_CLOSE) {
        Flags |= FSB_CCB_DELETE_ON_CLOSE;
        FileObject->Flags |= FO_DELETE_ON_CLOSE;
    }
    Flags |= Open->TargetDirectory ? FSB_CCB_TARGET_DIRECTORY : 0;
    Flags |= Open->Resolve.ById ? FSB_CCB_BY_ID : 0;
    Flags |= Open->Resolve.CaseSensitive ? FSB_CCB_CASE_SENSITIVE : 0;
    memset(Ccb, 0, sizeof(*Ccb));
    Ccb->Lcb = Lcb;
    Ccb->Granted = Open->Access;
    atomic_init(&Ccb->Flags, Flags);
    FileObject->FsContext = Scb;
    FileObject->FsContext2 = Ccb;
    FileObject->SectionObjectPointer = &Scb->Sections;
    FileObject->Vpb = Open->Volume->RealDevice->Vpb;
    if (!(Open->Options & FILE_NO_INTERMEDIATE_BUFFERING) && !FsbIsDirectory(Scb->Fcb)) {
        FileObject->Flags |= FO_CACHE_SUPPORTED;
    }
    const PACCESS_STATE State = Open->Stack->Parameters.Create.SecurityContext->AccessState;
    if (State != NULL) {
        State->PreviouslyGrantedAccess |= Open->Access;
        State->RemainingDesiredAccess = 0;
    }
    atomic_fetch_add(&Open->Volume->Opens, 1);
}

/* Takes back what FsbRegisterLocked and FsbAttachFileObject did. */
static VOID
FsbUndoOpen(FSB_OPEN *Open, FSB_SCB *Scb, FSB_LCB *Lcb, FSB_CCB *Ccb)
{
    FSB_FCB *Fcb = Scb->Fcb;
    port_lock_acquire(&Fcb->Lock);
    IoRemoveShareAccess(Open->FileObject, Scb->Share);
    Scb->Handles--;
    Lcb->Handles--;
    Fcb->Handles--;
    const BOOLEAN Unlink = Lcb->DeletePending && Lcb->Handles == 0 && !Lcb->Removed && !Lcb->Unlinking;
    Lcb->Unlinking = Lcb->Unlinking || Unlink;
    port_lock_release(&Fcb->Lock);
    Open->FileObject->FsContext = NULL;
    Open->FileObject->FsContext2 = NULL;
    Open->FileObject->SectionObjectPointer = NULL;
    port_free(Ccb);
    if (Unlink) {
        Open->DeferredUnlink = Lcb;
    } else {
        FsbLcbDereference(Lcb);
    }
    Open->DeferredScb = Scb;
    atomic_fetch_sub(&Open->Volume->Opens, 1);
}

/* ---- what an open does to an existing file ---- */

static ULONG
FsbOverwriteResult(ULONG Disposition)
{
    return Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
}

/*
 * A request with a private attachment comes from a POSIX open with O_TRUNC: only the data goes.  Others also get their
 * attributes, as on Windows (extended attributes and alternate streams of an overwritten file go too).
 */
static NTSTATUS
FsbOverwrite(FSB_OPEN *Open, FSB_SCB *Scb)
{
    const FSB_STORE *Store = Open->Volume->Store;
    NTSTATUS Status = Store->SetSize(Scb, 0, Open->Attachment);
    if (!NT_SUCCESS(Status) || Open->Attachment != NULL || Open->Stream.Length != 0) {
        return Status;
    }
    FSB_SET Set = {.Valid = FSB_SET_ATTRIBUTES, .Attributes = Open->Stack->Parameters.Create.FileAttributes | FILE_ATTRIBUTE_ARCHIVE};
    Status = Store->Set(Scb->Fcb, &Set, NULL);
    CHAR Names[4096];
    ULONG Length = sizeof(Names);
    if (NT_SUCCESS(Status) && Store->Streams && Store->ListEa != NULL && NT_SUCCESS(Store->ListEa(Scb->Fcb, Names, &Length, NULL))) {
        for (ULONG At = 0; At < Length; At += (ULONG)strlen(Names + At) + 1) {
            Store->SetEa(Scb->Fcb, Names + At, NULL, 0, TRUE, NULL);
        }
    }
    return Status;
}

static NTSTATUS
FsbCreateEas(FSB_OPEN *Open, FSB_FCB *Fcb)
{
    const PFILE_FULL_EA_INFORMATION Eas = Open->Irp->AssociatedIrp.SystemBuffer;
    const ULONG Length = Open->Stack->Parameters.Create.EaLength;
    ULONG ErrorOffset;
    if (Eas == NULL || Length == 0) {
        return STATUS_SUCCESS;
    }
    if (Open->Options & FILE_NO_EA_KNOWLEDGE) {
        return STATUS_ACCESS_DENIED;
    }
    return FsbSetEaList(Fcb, Eas, Length, TRUE, Open->Attachment, &ErrorOffset);
}

/* The header learns what the store says: the host may have changed the file while nobody here had it open.  Of a stream that
 * others have open the sizes only grow here: what was looked up may be older than what they wrote. */
static VOID
FsbOpenSizes(FSB_OPEN *Open, FSB_SCB *Scb, BOOLEAN Created)
{
    FSB_STAT Stat;
    const FSB_STAT *Use = &Open->Resolve.Stat;
    if (FsbIsDirectory(Scb->Fcb) && Scb->Stream == NULL) {
        return;
    }
    if (Scb->Stream != NULL || (!Created && FsbOverwrites(Open->Disposition))) {
        if (!NT_SUCCESS(FsbQueryStat(Scb, &Stat, NULL))) {
            return;
        }
        Use = &Stat;
    }
    ExAcquireFastMutex(&Scb->FastMutex);
    if (Use->Size > Scb->Header.FileSize.QuadPart || FsbOverwrites(Open->Disposition) || !atomic_load(&Scb->Sized)) {
        __atomic_store_n(&Scb->Header.FileSize.QuadPart, Use->Size, __ATOMIC_RELAXED);
        Scb->Header.ValidDataLength.QuadPart = Use->Size;
        Scb->Header.AllocationSize.QuadPart = Use->Allocation;
    }
    atomic_store(&Scb->Sized, TRUE);
    ExReleaseFastMutex(&Scb->FastMutex);
}

/* Everything behind the name: Open->Resolve holds the object, which this takes over in any case. */
static NTSTATUS
FsbOpenObject(FSB_OPEN *Open, BOOLEAN Created)
{
    const FSB_STORE *Store = Open->Volume->Store;
    FSB_CCB *Ccb = port_alloc(sizeof(*Ccb));
    FSB_FCB *Fcb = NULL;
    FSB_SCB *Scb = NULL;
    FSB_LCB *Lcb = NULL;
    NTSTATUS Status = Ccb == NULL ? STATUS_INSUFFICIENT_RESOURCES : FsbFcbGet(Open->Volume, &Open->Resolve.Stat, &Fcb);
    if (!NT_SUCCESS(Status)) {
        Store->Abandon(Open->Volume, &Open->Resolve);
        FsbResolveDone(Open);
        port_free(Ccb);
        return Status;
    }
    Open->Information = Created ? FILE_CREATED : FILE_OPENED;
    port_lock_acquire(&Fcb->Lock);
    Status = FsbRegisterLocked(Open, Fcb, &Scb, &Lcb);
    port_lock_release(&Fcb->Lock);
    Store->Abandon(Open->Volume, &Open->Resolve);
    if (!NT_SUCCESS(Status)) {
        if (Lcb != NULL) {
            FsbLcbDereference(Lcb);
        }
        Open->DeferredScb = Scb;
        port_free(Ccb);
        goto Cleanup;
    }
    FsbAttachFileObject(Open, Scb, Lcb, Ccb);
    if (Created || Open->Information == FILE_CREATED) {
        Status = Created ? FsbCreateEas(Open, Fcb) : STATUS_SUCCESS;
        if (NT_SUCCESS(Status) && Store->Allocate != NULL && !FsbIsDirectory(Fcb) && Open->Irp->Overlay.AllocationSize.QuadPart > 0) {
            Status = Store->Allocate(Scb, 0, Open->Irp->Overlay.AllocationSize.QuadPart, Open->Attachment);
        }
    } else if (FsbOverwrites(Open->Disposition)) {
        Status = FsbOverwrite(Open, Scb);
        Open->Information = FsbOverwriteResult(Open->Disposition);
    }
    if (NT_SUCCESS(Status)) {
        FsbOpenSizes(Open, Scb, Created);
    } else {
        FsbUndoOpen(Open, Scb, Lcb, Ccb);
    }
Cleanup:
    FsbExactTimes(Open->Attachment, &Open->Resolve.Stat);
    if (Open->Attachment != NULL) {
        Open->Attachment->created = Created;
    }
    FsbDeferFcb(Open, Fcb);
    FsbResolveDone(Open);
    return Status;
}

NTSTATUS
FsbOpenFound(FSB_OPEN *Open)
{
    NTSTATUS Status = FsbCheckKind(Open);
    if (NT_SUCCESS(Status)) {
        Status = FsbCheckAttributes(Open);
    }
    if (NT_SUCCESS(Status) && Open->Resolve.Stat.ReparseTag != 0 && !(Open->Options & FILE_OPEN_REPARSE_POINT) && !Open->TargetDirectory) {
        FSB_FCB *Fcb;
        Status = FsbFcbGet(Open->Volume, &Open->Resolve.Stat, &Fcb);
        if (NT_SUCCESS(Status)) {
            port_lock_acquire(&Fcb->Lock);
            Open->Volume->Store->Adopt(Fcb, &Open->Resolve);
            port_lock_release(&Fcb->Lock);
            Open->Volume->Store->Abandon(Open->Volume, &Open->Resolve);
            Status = FsbReparse(Open, Fcb);
            FsbDeferFcb(Open, Fcb);
            FsbResolveDone(Open);
            return Status;
        }
    }
    if (!NT_SUCCESS(Status)) {
        Open->Volume->Store->Abandon(Open->Volume, &Open->Resolve);
        FsbResolveDone(Open);
        return Status;
    }
    return FsbOpenObject(Open, FALSE);
}

/* ---- making ---- */

/* Type, mode and owner: out of the attachment, then of $LX attributes (which a filter may have changed), else of what NT says. */
static VOID
FsbMakeFrom(FSB_OPEN *Open, FSB_MAKE *Make)
{
    const struct iop_attachment *Attachment = Open->Attachment;
    const BOOLEAN Directory = (Open->Options & FILE_DIRECTORY_FILE) && Open->Stream.Length == 0;
    const ULONG Attributes = Open->Stack->Parameters.Create.FileAttributes;
    FSB_SET Set = {0};
    if (Attachment != NULL) {
        Set.Valid |= (Attachment->valid & IOP_ATTACH_MODE) ? FSB_SET_MODE : 0;
        Set.Valid |= (Attachment->valid & IOP_ATTACH_UID) ? FSB_SET_UID : 0;
        Set.Valid |= (Attachment->valid & IOP_ATTACH_GID) ? FSB_SET_GID : 0;
        Set.Mode = Attachment->mode;
        Set.Uid = Attachment->uid;
        Set.Gid = Attachment->gid;
        if (Attachment->valid & IOP_ATTACH_RDEV) {
            Set.DeviceMajor = (ULONG)((Attachment->rdev >> 8 & 0xfff) | (Attachment->rdev >> 32 & ~0xfffull));
            Set.DeviceMinor = (ULONG)((Attachment->rdev & 0xff) | (Attachment->rdev >> 12 & ~0xffull));
        }
    }
    const UCHAR *Eas = Open->Irp->AssociatedIrp.SystemBuffer;
    for (ULONG At = 0, Next = 1; Eas != NULL && Next != 0 && At + sizeof(FILE_FULL_EA_INFORMATION) <= Open->Stack->Parameters.Create.EaLength; At += Next) {
        const FILE_FULL_EA_INFORMATION *Ea = (const FILE_FULL_EA_INFORMATION *)(Eas + At);
        FsbLxEa(Ea, &Set);
        Next = Ea->NextEntryOffset;
    }
    const ULONG Default = Directory ? 0755 : (Attributes & FILE_ATTRIBUTE_READONLY) && Open->Volume->Options.HonourReadOnlyAttribute == FALSE ? 0444 : 0644;
    Make->Mode = (Set.Valid & FSB_SET_MODE) ? Set.Mode : Default;
    if (Directory) {
        Make->Mode = (Make->Mode & ~FSB_S_IFMT) | FSB_S_IFDIR;
    } else if (Attachment != NULL && (Attachment->valid & IOP_ATTACH_SYMLINK)) {
        Make->Mode = (Make->Mode & ~FSB_S_IFMT) | FSB_S_IFLNK;
        Make->Symlink = Attachment->symlink;
    } else if ((Make->Mode & FSB_S_IFMT) == 0 || (Make->Mode & FSB_S_IFMT) == FSB_S_IFDIR || (Make->Mode & FSB_S_IFMT) == FSB_S_IFLNK) {
        Make->Mode = (Make->Mode & ~FSB_S_IFMT) | FSB_S_IFREG;
    }
    Make->SetOwner = (Set.Valid & (FSB_SET_UID | FSB_SET_GID)) != 0;
    Make->Uid = Set.Uid;
    Make->Gid = Set.Gid;
    Make->DeviceMajor = Set.DeviceMajor;
    Make->DeviceMinor = Set.DeviceMinor;
    Make->Attributes = (Attributes & FILE_ATTRIBUTE_VALID_SET_FLAGS & ~FILE_ATTRIBUTE_NORMAL) | (Directory ? 0 : FILE_ATTRIBUTE_ARCHIVE);
}

NTSTATUS
FsbOpenNew(FSB_OPEN *Open)
{
    FSB_MAKE Make = {0};
    if (Open->TrailingBackslash && !(Open->Options & FILE_DIRECTORY_FILE)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Open->Path.Name.Length == 0) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    FsbMakeFrom(Open, &Make);
    NTSTATUS Status = Open->Resolve.CaseSensitive ? STATUS_SUCCESS : FsbPathRealParent(Open->Volume, &Open->Path);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Open->Volume->Store->Make(Open->Volume, &Open->Resolve, &Make);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    UNICODE_STRING Path = Open->Path.Name;
    Status = FsbOpenObject(Open, TRUE);
    if (!NT_SUCCESS(Status)) {
        FSB_FCB *Fcb = FsbFcbFind(Open->Volume, &Open->Resolve.Stat.Key, FALSE);
        ULONG Left;
        if (Fcb != NULL || NT_SUCCESS(FsbFcbGet(Open->Volume, &Open->Resolve.Stat, &Fcb))) {
            Open->Volume->Store->Unlink(Fcb, NULL, &Path, &Left, NULL);
            FsbDeferFcb(Open, Fcb);
        }
        return Status == STATUS_OBJECT_NAME_COLLISION ? STATUS_ACCESS_DENIED : Status;
    }
    const BOOLEAN Directory = (Make.Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    FsbNotify(Open->Volume, &Path, Directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    return Status;
}

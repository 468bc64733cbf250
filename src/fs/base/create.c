/* SPDX-License-Identifier: MIT */
/* IRP_MJ_CREATE: the request's name and options; open.c does the opening. */
#include "fs/base/openp.h"

static BOOLEAN
FsbDispositionCreates(ULONG Disposition)
{
    return Disposition == FILE_CREATE || Disposition == FILE_OPEN_IF || Disposition == FILE_OVERWRITE_IF || Disposition == FILE_SUPERSEDE;
}

VOID
FsbResolveDone(FSB_OPEN *Open)
{
    FSB_RESOLVE *Resolve = &Open->Resolve;
    if (Resolve->RealPath.Buffer != NULL && Resolve->RealPath.Buffer != Resolve->Path.Buffer) {
        port_free(Resolve->RealPath.Buffer);
    }
    Resolve->RealPath.Buffer = NULL;
}

/* ---- options ---- */

/* What is opened in a transaction is not isolated by it, but the transaction must not have ended. */
static BOOLEAN
FsbTransactionIsOver(PFILE_OBJECT FileObject)
{
    const PTXN_PARAMETER_BLOCK Transaction = IoGetTransactionParameterBlock(FileObject);

    return Transaction != NULL && !TmIsTransactionActive(Transaction->TransactionObject);
}

static NTSTATUS
FsbCheckOptions(FSB_OPEN *Open)
{
    const ULONG Options = Open->Options;
    const BOOLEAN Directory = (Options & FILE_DIRECTORY_FILE) != 0;
    if (Directory && ((Options & FILE_NON_DIRECTORY_FILE) || Open->Disposition == FILE_SUPERSEDE ||
                      Open->Disposition == FILE_OVERWRITE || Open->Disposition == FILE_OVERWRITE_IF)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Open->Disposition > FILE_MAXIMUM_DISPOSITION) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DELETE_ON_CLOSE) && !(Open->Access & DELETE)) {
        return STATUS_INVALID_PARAMETER;
    }
    const ACCESS_MASK Writes = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES | FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER;
    const BOOLEAN Explicit = (Open->Access & Writes) != 0 && !(Open->Stack->Parameters.Create.SecurityContext->DesiredAccess & MAXIMUM_ALLOWED);
    if (Open->Volume->Options.ReadOnly && (Explicit || Open->Disposition == FILE_OVERWRITE || Open->Disposition == FILE_SUPERSEDE)) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    return FsbTransactionIsOver(Open->FileObject) ? STATUS_TRANSACTION_NOT_ACTIVE : STATUS_SUCCESS;
}

static ACCESS_MASK
FsbCreateAccess(PIO_SECURITY_CONTEXT Context)
{
    ACCESS_MASK Access = Context->DesiredAccess;
    RtlMapGenericMask(&Access, IoGetFileObjectGenericMapping());
    if (Access & MAXIMUM_ALLOWED) {
        Access = (Access & ~MAXIMUM_ALLOWED) | FILE_ALL_ACCESS;
    }
    return Access & ~ACCESS_SYSTEM_SECURITY;
}

/* ---- names ---- */

/* The path of the directory (or, for a stream, the file) that the name is relative to. */
static NTSTATUS
FsbRelatedPath(FSB_OPEN *Open, PFILE_OBJECT Related, BOOLEAN *Volume)
{
    FSB_CCB *Ccb = FsbCcbOf(Related);
    *Volume = FALSE;
    if (Related->FsContext == NULL || Ccb == NULL || FsbScbOf(Related)->Volume != Open->Volume) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Ccb->Lcb == NULL) {
        *Volume = TRUE;
        return STATUS_SUCCESS;
    }
    return FsbLcbPath(Ccb->Lcb, FALSE, &Open->Path);
}

static NTSTATUS
FsbRelativeName(FSB_OPEN *Open, UNICODE_STRING Name)
{
    const PFILE_OBJECT Related = Open->FileObject->RelatedFileObject;
    BOOLEAN Volume;
    NTSTATUS Status = FsbRelatedPath(Open, Related, &Volume);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Name.Length > 0 && Name.Buffer[0] == L'\\') {
        if (!Volume) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Name.Buffer++;
        Name.Length -= sizeof(WCHAR);
    }
    if (Name.Length == 0) {
        return STATUS_SUCCESS;
    }
    if (Name.Buffer[0] == L':') {
        Status = FsbPathRoom(&Open->Path, (ULONG)Open->Path.Name.Length + Name.Length);
        if (NT_SUCCESS(Status)) {
            memcpy((PUCHAR)Open->Path.Name.Buffer + Open->Path.Name.Length, Name.Buffer, Name.Length);
            Open->Path.Name.Length = (USHORT)(Open->Path.Name.Length + Name.Length);
        }
        return Status;
    }
    if (!Volume && !FsbIsDirectory(FsbScbOf(Related)->Fcb)) {
        return STATUS_INVALID_PARAMETER;
    }
    return FsbPathAppend(&Open->Path, &Name);
}

/* Fills Open->Path and Open->Stream.  NameLock shared. */
static NTSTATUS
FsbParseName(FSB_OPEN *Open)
{
    UNICODE_STRING Name = Open->FileObject->FileName;
    NTSTATUS Status;
    BOOLEAN HasStream;
    if (Open->Options & FILE_OPEN_BY_FILE_ID) {
        if (Name.Length != sizeof(ULONGLONG) && Name.Length != sizeof(FILE_ID_128)) {
            return STATUS_INVALID_PARAMETER;
        }
        memcpy(&Open->Resolve.Id, Name.Buffer, sizeof(ULONGLONG));
        Open->Resolve.ById = TRUE;
        return Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OPEN_IF ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    if (Open->FileObject->RelatedFileObject != NULL) {
        Status = FsbRelativeName(Open, Name);
    } else if (Name.Length == 0 || Name.Buffer[0] != L'\\') {
        Status = STATUS_OBJECT_NAME_INVALID;
    } else {
        Name.Buffer++;
        Name.Length -= sizeof(WCHAR);
        Status = FsbPathAppend(&Open->Path, &Name);
    }
    if (NT_SUCCESS(Status)) {
        Status = FsbSplitName(&Open->Path.Name, &Open->Stream, &HasStream, &Open->TrailingBackslash);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Open->DefaultStream = HasStream && Open->Stream.Length == 0;
    if ((Open->Stream.Length != 0 && !FsbProfileHasStreams(Open->Volume)) ||
        (Open->TrailingBackslash && (HasStream || (Open->Options & FILE_NON_DIRECTORY_FILE)))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    return STATUS_SUCCESS;
}

/* ---- volume opens ---- */

static BOOLEAN
FsbIsVolumeOpen(PFILE_OBJECT FileObject, ULONG Options)
{
    const PFILE_OBJECT Related = FileObject->RelatedFileObject;
    if (FileObject->FileName.Length != 0 || (Options & FILE_OPEN_BY_FILE_ID)) {
        return FALSE;
    }
    return Related == NULL || (FsbCcbOf(Related) != NULL && FsbCcbOf(Related)->Lcb == NULL);
}

static NTSTATUS
FsbOpenVolume(FSB_OPEN *Open)
{
    if (Open->Disposition != FILE_OPEN && Open->Disposition != FILE_OPEN_IF) {
        return STATUS_ACCESS_DENIED;
    }
    if (Open->Options & FILE_DIRECTORY_FILE) {
        return STATUS_NOT_A_DIRECTORY;
    }
    FSB_CCB *Ccb = port_alloc_zeroed(sizeof(*Ccb));
    if (Ccb == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FSB_SCB *Scb = Open->Volume->VolumeScb;
    /* Opens of the volume share it: nothing here writes to it. */
    Ccb->Flags = FSB_CCB_VOLUME;
    Ccb->Granted = Open->Access;
    FsbScbReference(Scb);
    Open->FileObject->FsContext = Scb;
    Open->FileObject->FsContext2 = Ccb;
    Open->FileObject->Flags |= FO_VOLUME_OPEN;
    Open->FileObject->Vpb = Open->Volume->RealDevice->Vpb;
    atomic_fetch_add(&Open->Volume->Opens, 1);
    Open->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

/* ---- rename targets ---- */

/* Opens the directory that holds the name, says whether the name exists, and leaves the last component in FileName. */
static NTSTATUS
FsbOpenTarget(FSB_OPEN *Open)
{
    const FSB_STORE *Store = Open->Volume->Store;
    FSB_RESOLVE *Resolve = &Open->Resolve;
    if (Open->Path.Name.Length == 0 || Open->Stream.Length != 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Resolve->Light = TRUE;
    NTSTATUS Status = Store->Resolve(Open->Volume, Resolve);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        Open->Information = FILE_DOES_NOT_EXIST;
    } else if (NT_SUCCESS(Status)) {
        Store->Abandon(Open->Volume, Resolve);
        FsbResolveDone(Open);
        Open->Information = FILE_EXISTS;
    } else {
        return Status;
    }
    const USHORT Parent = FsbParentBytes(&Open->Path.Name);
    const USHORT Skip = Parent == 0 ? 0 : Parent + sizeof(WCHAR);
    const USHORT Last = Open->Path.Name.Length - Skip;
    const ULONG Exists = Open->Information;
    PUNICODE_STRING FileName = &Open->FileObject->FileName;
    WCHAR Component[FSB_MAX_NAME];
    if (Last > sizeof(Component) || Last > FileName->MaximumLength) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    memcpy(Component, (PUCHAR)Open->Path.Name.Buffer + Skip, Last);
    Open->Path.Name.Length = Parent;
    Resolve->Path = Open->Path.Name;
    Resolve->Light = FALSE;
    Status = Store->Resolve(Open->Volume, Resolve);
    if (NT_SUCCESS(Status)) {
        Open->TargetDirectory = TRUE;
        Open->Disposition = FILE_OPEN;
        Status = FsbOpenFound(Open);
    }
    if (NT_SUCCESS(Status)) {
        memcpy(FileName->Buffer, Component, Last);
        FileName->Length = Last;
        Open->Information = Exists;
    }
    return Status;
}

/* ---- the way through ---- */

VOID
FsbDeferFcb(FSB_OPEN *Open, FSB_FCB *Fcb)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Open->DeferredFcbs); i++) {
        if (Open->DeferredFcbs[i] == NULL) {
            Open->DeferredFcbs[i] = Fcb;
            return;
        }
    }
    port_fatal("fs/base: more files in one create than it can hold");
}

static VOID
FsbOpenRelease(FSB_OPEN *Open)
{
    if (Open->Resolve.KeepFcb != NULL) {
        FsbFcbDereference(Open->Resolve.KeepFcb);
        Open->Resolve.KeepFcb = NULL;
    }
    if (Open->DeferredUnlink != NULL) {
        ULONG Left;
        FsbUnlinkLcb(Open->DeferredUnlink, &Left, NULL);
        FsbLcbDereference(Open->DeferredUnlink);
        Open->DeferredUnlink = NULL;
    }
    if (Open->DeferredScb != NULL) {
        FsbScbDereference(Open->DeferredScb);
        Open->DeferredScb = NULL;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Open->DeferredFcbs) && Open->DeferredFcbs[i] != NULL; i++) {
        FsbFcbDereference(Open->DeferredFcbs[i]);
        Open->DeferredFcbs[i] = NULL;
    }
}

static VOID
FsbOpenHow(FSB_OPEN *Open)
{
    const ACCESS_MASK LightAccess = DELETE | SYNCHRONIZE | READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_READ_EA;
    FSB_RESOLVE *Resolve = &Open->Resolve;
    Resolve->Path = Open->Path.Name;
    Resolve->CaseSensitive = (Open->Stack->Flags & SL_CASE_SENSITIVE) || Open->Volume->Options.ExactCaseOnly;
    Resolve->Attachment = Open->Attachment;
    Resolve->Light = (Open->Access & ~LightAccess) == 0 && (Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OPEN_IF);
    Resolve->Data = (Open->Access & (FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_EXECUTE)) != 0 &&
                    !(Open->Attachment != NULL && (Open->Attachment->valid & IOP_ATTACH_LAZY_DATA));
}

/* One look at the name.  STATUS_RETRY: it came or went meanwhile. */
static NTSTATUS
FsbOpenOnce(FSB_OPEN *Open, BOOLEAN First)
{
    FSB_RESOLVE *Resolve = &Open->Resolve;
    NTSTATUS Status = FsbParseName(Open);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FsbOpenHow(Open);
    if (Open->Stack->Flags & SL_OPEN_TARGET_DIRECTORY) {
        return FsbOpenTarget(Open);
    }
    const BOOLEAN Straight = First && Open->Disposition == FILE_CREATE && Open->Path.Name.Length != 0 && Resolve->CaseSensitive && Open->Stream.Length == 0;
    Status = Straight ? STATUS_OBJECT_NAME_NOT_FOUND : Open->Volume->Store->Resolve(Open->Volume, Resolve);
    if (NT_SUCCESS(Status)) {
        return FsbOpenFound(Open);
    }
    if (Status != STATUS_OBJECT_NAME_NOT_FOUND || !FsbDispositionCreates(Open->Disposition) || Resolve->ById) {
        return Status;
    }
    if (Open->Volume->Options.ReadOnly) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    Status = FsbOpenNew(Open);
    const BOOLEAN Final = Open->Disposition == FILE_CREATE && Open->Stream.Length == 0;
    return Status == STATUS_OBJECT_NAME_COLLISION && !Final ? STATUS_RETRY : Status;
}

NTSTATUS
FsbCreate(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_OPEN Open;
    memset(&Open, 0, offsetof(FSB_OPEN, Path));
    memset(&Open.Stream, 0, offsetof(FSB_OPEN, Resolve.StorePart) - offsetof(FSB_OPEN, Stream));
    memset(&Open.DeferredFcbs, 0, sizeof(Open) - offsetof(FSB_OPEN, DeferredFcbs));
    Open.Volume = Volume;
    Open.Irp = Irp;
    Open.Stack = Stack;
    Open.FileObject = Stack->FileObject;
    Open.Attachment = FsbAttachment(Irp);
    Open.Disposition = Stack->Parameters.Create.Options >> 24;
    Open.Options = Stack->Parameters.Create.Options & 0xFFFFFF;
    Open.Access = FsbCreateAccess(Stack->Parameters.Create.SecurityContext);
    Open.Share = Stack->Parameters.Create.ShareAccess;
    FsbPathInitialize(&Open.Path);
    NTSTATUS Status = atomic_load(&Volume->Dismounted) ? STATUS_VOLUME_DISMOUNTED : FsbCheckOptions(&Open);
    if (NT_SUCCESS(Status) && FsbIsVolumeOpen(Open.FileObject, Open.Options)) {
        Status = FsbOpenVolume(&Open);
    } else if (NT_SUCCESS(Status)) {
        Status = STATUS_RETRY;
        for (ULONG Tries = 0; Tries < 32 && Status == STATUS_RETRY; Tries++) {
            Open.Path.Name.Length = 0;
            port_rwlock_shared(&Volume->NameLock);
            Status = FsbOpenOnce(&Open, Tries == 0);
            port_rwlock_release_shared(&Volume->NameLock);
            FsbResolveDone(&Open);
            FsbOpenRelease(&Open);
        }
        Status = Status == STATUS_RETRY ? STATUS_OBJECT_NAME_NOT_FOUND : Status;
    }
    FsbPathFree(&Open.Path);
    Irp->IoStatus.Information = NT_SUCCESS(Status) || Status == STATUS_REPARSE ? Open.Information : 0;
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* Opening and closing. */
#include "toyfs.h"

/* ---- the stream object ---- */

static TOY_FCB *
ToyFcbCreate(TOY_NODE *Node)
{
    TOY_FCB *Fcb = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Fcb), TOY_TAG);

    if (Fcb == NULL) {
        return NULL;
    }
    RtlZeroMemory(Fcb, sizeof(*Fcb));
    Fcb->Header.NodeByteSize = sizeof(*Fcb);
    Fcb->Header.IsFastIoPossible = FastIoIsNotPossible;
    ExInitializeFastMutex(&Fcb->HeaderMutex);
    FsRtlSetupAdvancedHeaderEx(&Fcb->Header, &Fcb->HeaderMutex, &Fcb->FileContexts);
#if TOY_CLEARS_HEADER
    Fcb->Header.Flags = Fcb->Header.Flags2 = 0;
#endif
    FsRtlInitializeFileLock(&Fcb->Lock, NULL, NULL);
    Fcb->Node = Node;
    if (Node != NULL) {
        Node->Fcb = Fcb;
        Fcb->Header.FileSize.QuadPart = Fcb->Header.ValidDataLength.QuadPart = Node->Size;
        Fcb->Header.AllocationSize.QuadPart = Node->Capacity;
    }
    return Fcb;
}

/* Filters hear of the end of the stream here. */
static VOID
ToyFcbFree(TOY_FCB *Fcb)
{
#if !TOY_FORGETS_TEARDOWN
    FsRtlTeardownPerStreamContexts(&Fcb->Header);
#endif
    FsRtlTeardownPerFileContexts(&Fcb->FileContexts);
    FsRtlUninitializeFileLock(&Fcb->Lock);
    ExFreePoolWithTag(Fcb, TOY_TAG);
}

/* ---- open ---- */

typedef struct TOY_OPEN {
    PIRP Irp;
    PIO_STACK_LOCATION Stack;
    PFILE_OBJECT FileObject;
    ULONG Options, Disposition;
    TOY_NODE *Parent, *Node;                   /* Node: NULL, it is not there */
    UNICODE_STRING Last;                       /* component */
} TOY_OPEN;

/* "\a\b\c": Parent is b, Last is "c".  The root: Node alone. */
static NTSTATUS
ToyResolve(TOY_VOLUME *Volume, TOY_OPEN *Open)
{
    const PFILE_OBJECT Related = Open->FileObject->RelatedFileObject;
    const BOOLEAN CaseSensitive = (Open->Stack->Flags & SL_CASE_SENSITIVE) != 0;
    UNICODE_STRING Rest = Open->FileObject->FileName;

    Open->Node = Related != NULL ? ((TOY_FCB *)Related->FsContext)->Node : Volume->Root;
    while (Rest.Length != 0) {
        USHORT Characters = 0;
        if (Rest.Buffer[0] == L'\\') {
            Rest.Buffer++;
            Rest.Length -= sizeof(WCHAR);
            continue;
        }
        if (Open->Node == NULL || (Open->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        while (Characters < Rest.Length / sizeof(WCHAR) && Rest.Buffer[Characters] != L'\\') {
            if (Rest.Buffer[Characters] == L':') {
                return STATUS_OBJECT_NAME_INVALID;
            }
            Characters++;
        }
        Open->Last.Buffer = Rest.Buffer;
        Open->Last.Length = Open->Last.MaximumLength = Characters * sizeof(WCHAR);
        Open->Parent = Open->Node;
        Open->Node = ToyNodeFind(Open->Parent, &Open->Last, CaseSensitive);
        Rest.Buffer += Characters;
        Rest.Length -= Characters * sizeof(WCHAR);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ToyOpenExisting(TOY_OPEN *Open, PULONG_PTR Information)
{
    const BOOLEAN Directory = (Open->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    const BOOLEAN Replace = Open->Disposition == FILE_OVERWRITE || Open->Disposition == FILE_OVERWRITE_IF || Open->Disposition == FILE_SUPERSEDE;

    if (Open->Disposition == FILE_CREATE) {
        *Information = FILE_EXISTS;
        return STATUS_OBJECT_NAME_COLLISION;
    }
    if (Directory && ((Open->Options & FILE_NON_DIRECTORY_FILE) || Replace)) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    if (!Directory && (Open->Options & FILE_DIRECTORY_FILE)) {
        return STATUS_NOT_A_DIRECTORY;
    }
    if (Open->Node->Fcb != NULL && Open->Node->Fcb->DeletePending) {
        return STATUS_DELETE_PENDING;
    }
    *Information = Open->Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : Replace ? FILE_OVERWRITTEN : FILE_OPENED;
    return STATUS_SUCCESS;
}

static NTSTATUS
ToyOpenNew(TOY_VOLUME *Volume, TOY_OPEN *Open, PULONG_PTR Information)
{
    const ULONG Kept = FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM;
    const ULONG Kind = (Open->Options & FILE_DIRECTORY_FILE) ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;

    if (Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OVERWRITE) {
        *Information = FILE_DOES_NOT_EXIST;
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Open->Parent->Unlinked) {
        return STATUS_DELETE_PENDING;
    }
    Open->Node = ToyNodeCreate(Volume, Open->Parent, &Open->Last, (Open->Stack->Parameters.Create.FileAttributes & Kept) | Kind);
    *Information = FILE_CREATED;
    return Open->Node != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* The stream object of Node (NULL: the volume) gets one more file object. */
static NTSTATUS
ToyConnect(TOY_OPEN *Open, TOY_NODE *Node)
{
    const ACCESS_MASK Access = Open->Stack->Parameters.Create.SecurityContext->DesiredAccess;
    TOY_CCB *Ccb = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Ccb), TOY_TAG);
    TOY_FCB *Fcb = Node != NULL && Node->Fcb != NULL ? Node->Fcb : ToyFcbCreate(Node);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Ccb == NULL || Fcb == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else if (Fcb->Handles != 0) {
        Status = IoCheckShareAccess(Access, Open->Stack->Parameters.Create.ShareAccess, Open->FileObject, &Fcb->Share, TRUE);
    } else {
        IoSetShareAccess(Access, Open->Stack->Parameters.Create.ShareAccess, Open->FileObject, &Fcb->Share);
    }
    if (!NT_SUCCESS(Status)) {
        if (Ccb != NULL) {
            ExFreePoolWithTag(Ccb, TOY_TAG);
        }
        if (Fcb != NULL && Fcb->FileObjects == 0) {
            if (Node != NULL) {
                Node->Fcb = NULL;
            }
            ToyFcbFree(Fcb);                   /* nobody has seen it: nothing hangs on it */
        }
        return Status;
    }
    RtlZeroMemory(Ccb, sizeof(*Ccb));
    Ccb->DeleteOnClose = (Open->Options & FILE_DELETE_ON_CLOSE) != 0;
    Fcb->FileObjects++;
    Fcb->Handles++;
    Open->FileObject->FsContext = Fcb;
    Open->FileObject->FsContext2 = Ccb;
    Open->FileObject->SectionObjectPointer = &Fcb->Sections;
    return STATUS_SUCCESS;
}

/* For a rename: the directory is opened, and its last component said. */
static NTSTATUS
ToyOpenTarget(TOY_OPEN *Open, PULONG_PTR Information)
{
    if (Open->Parent == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = ToyConnect(Open, Open->Parent);
    if (NT_SUCCESS(Status)) {
        *Information = Open->Node != NULL ? FILE_EXISTS : FILE_DOES_NOT_EXIST;
        RtlMoveMemory(Open->FileObject->FileName.Buffer, Open->Last.Buffer, Open->Last.Length);
        Open->FileObject->FileName.Length = Open->Last.Length;
    }
    return Status;
}

NTSTATUS
ToyCreate(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    TOY_OPEN Open = { .Irp = Irp, .Stack = Stack, .FileObject = Stack->FileObject, .Options = Stack->Parameters.Create.Options & 0x00FFFFFF,
        .Disposition = Stack->Parameters.Create.Options >> 24 };

    if (Open.Options & FILE_OPEN_BY_FILE_ID) {
        return STATUS_NOT_IMPLEMENTED;
    }
    if (Stack->Parameters.Create.EaLength != 0) {
        return STATUS_EAS_NOT_SUPPORTED;
    }
    if (Open.FileObject->FileName.Length == 0 && Open.FileObject->RelatedFileObject == NULL) {
        Irp->IoStatus.Information = FILE_OPENED;
        return ToyConnect(&Open, NULL);
    }
    NTSTATUS Status = ToyResolve(Volume, &Open);
    if (NT_SUCCESS(Status) && (Stack->Flags & SL_OPEN_TARGET_DIRECTORY) != 0) {
        return ToyOpenTarget(&Open, &Irp->IoStatus.Information);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const BOOLEAN New = Open.Node == NULL;
    Status = New ? ToyOpenNew(Volume, &Open, &Irp->IoStatus.Information) : ToyOpenExisting(&Open, &Irp->IoStatus.Information);
    if (NT_SUCCESS(Status)) {
        Status = ToyConnect(&Open, Open.Node);
    }
    if (NT_SUCCESS(Status) && !New && Irp->IoStatus.Information != FILE_OPENED) {
        ToyNodeResize(Open.Node, 0);
        KeQuerySystemTime(&Open.Node->Written);
    }
    return Status;
}

/* ---- the last handle, the last reference ---- */

NTSTATUS
ToyCleanup(TOY_VOLUME *Volume, PIRP Irp)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    TOY_FCB *Fcb = FileObject->FsContext;
    TOY_CCB *Ccb = FileObject->FsContext2;

    FsRtlFastUnlockAll(&Fcb->Lock, FileObject, IoGetRequestorProcess(Irp), NULL);
    IoRemoveShareAccess(FileObject, &Fcb->Share);
    Fcb->Handles--;
    if (Fcb->Node != NULL && Ccb->DeleteOnClose && IsListEmpty(&Fcb->Node->Children)) {
        Fcb->DeletePending = TRUE;
    }
    if (Fcb->Handles == 0 && Fcb->DeletePending && !Fcb->Node->Unlinked && Fcb->Node != Volume->Root) {
        ToyNodeUnlink(Fcb->Node);
    }
    FileObject->Flags |= FO_CLEANUP_COMPLETE;
    return STATUS_SUCCESS;
}

/* The volume's resource is held exclusive on entry, and dropped here: contexts are torn down without it. */
NTSTATUS
ToyClose(TOY_VOLUME *Volume, PIRP Irp)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    TOY_FCB *Fcb = FileObject->FsContext;
    TOY_CCB *Ccb = FileObject->FsContext2;
    TOY_NODE *Node = Fcb->Node;
    const BOOLEAN Last = --Fcb->FileObjects == 0;
    const BOOLEAN Gone = Last && Node != NULL && Node->Unlinked;       /* others may open a node that is there, unlink and free it */

    if (Last && Node != NULL) {
        Node->Fcb = NULL;                      /* the next open makes another */
    }
    ExReleaseResourceLite(&Volume->Resource);
    if (Ccb->Pattern.Buffer != NULL) {
        ExFreePoolWithTag(Ccb->Pattern.Buffer, TOY_TAG);
    }
    ExFreePoolWithTag(Ccb, TOY_TAG);
    if (Last) {
        ToyFcbFree(Fcb);
    }
    if (Gone) {
        ToyNodeFree(Node);
    }
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Opening and closing. */
#include "toyfs.h"

typedef struct TOY_OPEN {
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
    UNICODE_STRING Rest = Open->FileObject->FileName, First;

    Open->Node = Related != NULL ? Related->FsContext : Rest.Length == 0 ? Volume->Itself : Volume->Root;
    while (Rest.Length != 0) {
        FsRtlDissectName(Rest, &First, &Rest);
        if (First.Length == 0) {
            continue;                          /* "\\" twice, or at the end */
        }
        if (Open->Node == NULL || (Open->Node->Info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        Open->Last = First;
        Open->Parent = Open->Node;
        Open->Node = ToyNodeFind(Open->Parent, &First, (Open->Stack->Flags & SL_CASE_SENSITIVE) != 0);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ToyOpenExisting(const TOY_OPEN *Open, PULONG_PTR Information)
{
    const BOOLEAN Directory = (Open->Node->Info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
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
    *Information = Open->Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : Replace ? FILE_OVERWRITTEN : FILE_OPENED;
    return Open->Node->DeletePending ? STATUS_DELETE_PENDING : STATUS_SUCCESS;
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

/* The node gets one more file object. */
static NTSTATUS
ToyConnect(const TOY_OPEN *Open, TOY_NODE *Node)
{
    TOY_CCB *Ccb = ExAllocatePoolZero(NonPagedPool, sizeof(*Ccb), TOY_TAG);

    if (Ccb == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = IoCheckShareAccess(Open->Stack->Parameters.Create.SecurityContext->DesiredAccess, Open->Stack->Parameters.Create.ShareAccess,
                                         Open->FileObject, &Node->Share, TRUE);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Ccb, TOY_TAG);
        return Status;
    }
    Ccb->DeleteOnClose = (Open->Options & FILE_DELETE_ON_CLOSE) != 0;
    Node->FileObjects++;
    Node->Handles++;
    Open->FileObject->FsContext = Node;
    Open->FileObject->FsContext2 = Ccb;
    Open->FileObject->SectionObjectPointer = &Node->Sections;
    return STATUS_SUCCESS;
}

/* For a rename: the directory is opened, and its last component said. */
static NTSTATUS
ToyOpenTarget(const TOY_OPEN *Open, PULONG_PTR Information)
{
    *Information = Open->Node != NULL ? FILE_EXISTS : FILE_DOES_NOT_EXIST;
    RtlMoveMemory(Open->FileObject->FileName.Buffer, Open->Last.Buffer, Open->Last.Length);
    Open->FileObject->FileName.Length = Open->Last.Length;
    return Open->Parent != NULL ? ToyConnect(Open, Open->Parent) : STATUS_INVALID_PARAMETER;
}

NTSTATUS
ToyCreate(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TOY_OPEN Open = { .Stack = Stack, .FileObject = Stack->FileObject, .Options = Stack->Parameters.Create.Options & 0x00FFFFFF,
        .Disposition = Stack->Parameters.Create.Options >> 24 };
    TOY_VOLUME *Volume = Stack->DeviceObject->DeviceExtension;
    PULONG_PTR Information = &Irp->IoStatus.Information;

    if ((Open.Options & FILE_OPEN_BY_FILE_ID) || Stack->Parameters.Create.EaLength != 0) {
        return Stack->Parameters.Create.EaLength != 0 ? STATUS_EAS_NOT_SUPPORTED : STATUS_NOT_IMPLEMENTED;
    }
    NTSTATUS Status = ToyResolve(Volume, &Open);
    if (NT_SUCCESS(Status) && (Stack->Flags & SL_OPEN_TARGET_DIRECTORY) != 0) {
        return ToyOpenTarget(&Open, Information);
    }
    if (NT_SUCCESS(Status)) {
        Status = Open.Node == NULL ? ToyOpenNew(Volume, &Open, Information) : ToyOpenExisting(&Open, Information);
    }
    if (NT_SUCCESS(Status)) {
        Status = ToyConnect(&Open, Open.Node);
    }
    if (NT_SUCCESS(Status) && (*Information == FILE_OVERWRITTEN || *Information == FILE_SUPERSEDED)) {
        ToyNodeResize(Open.Node, 0);
    }
    return Status;
}

/* ---- the last handle, the last reference ---- */

NTSTATUS
ToyCleanup(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TOY_NODE *Node = Stack->FileObject->FsContext;

    UNREFERENCED_PARAMETER(Irp);
    IoRemoveShareAccess(Stack->FileObject, &Node->Share);
    Node->DeletePending |= ((TOY_CCB *)Stack->FileObject->FsContext2)->DeleteOnClose && IsListEmpty(&Node->Children);
    if (--Node->Handles == 0 && Node->DeletePending && !Node->Unlinked && Node->Parent != NULL) {
        ToyNodeUnlink(Node);
    }
    Stack->FileObject->Flags |= FO_CLEANUP_COMPLETE;
    return STATUS_SUCCESS;
}

/* The volume's resource is held exclusive on entry, and dropped here: contexts are torn down without it. */
NTSTATUS
ToyClose(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TOY_NODE *Node = Stack->FileObject->FsContext;
    TOY_CCB *Ccb = Stack->FileObject->FsContext2;
    TOY_VOLUME *Volume = Stack->DeviceObject->DeviceExtension;

    UNREFERENCED_PARAMETER(Irp);
    if (--Node->FileObjects == 0 && Node->Unlinked) {
        Node->Parent = Ccb->Gone;
        Ccb->Gone = Node;
    }
    ExReleaseResourceLite(&Volume->Resource);
    while (Ccb->Gone != NULL) {
        Node = Ccb->Gone;
        Ccb->Gone = Node->Parent;
        ToyTreeFree(Node);
    }
    RtlFreeUnicodeString(&Ccb->Pattern);
    ExFreePoolWithTag(Ccb, TOY_TAG);
    return STATUS_SUCCESS;
}

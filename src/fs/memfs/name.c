/* SPDX-License-Identifier: MIT */
/* memfs: names to nodes, making, removing, renaming and linking names. */
#include "fs/memfs/mfsn.h"
#include "io/ntname.h"

typedef struct MFS_FOUND {
    MFS_NODE *Node;                            /* +1 */
} MFS_FOUND;

static MFS_FOUND *
MfsFoundOf(FSB_RESOLVE *Resolve)
{
    return (MFS_FOUND *)Resolve->StorePart;
}

/* ---- walking ---- */

/* Takes the first component off Path. */
static UNICODE_STRING
MfsNextComponent(PUNICODE_STRING Path)
{
    UNICODE_STRING Component = *Path;
    USHORT i = 0;
    while (i < Path->Length / sizeof(WCHAR) && Path->Buffer[i] != L'\\') {
        i++;
    }
    Component.Length = Component.MaximumLength = i * sizeof(WCHAR);
    const USHORT Skip = Component.Length < Path->Length ? i + 1 : i;
    Path->Buffer += Skip;
    Path->Length -= Skip * sizeof(WCHAR);
    return Component;
}

typedef struct MFS_WALK {
    BOOLEAN CaseSensitive;
    BOOLEAN Respelled;                         /* out: a component is spelled in another way */
    FSB_PATH *Real;                            /* NULL: not wanted */
} MFS_WALK;

static NTSTATUS
MfsStep(MFS_NODE *Directory, PCUNICODE_STRING Component, MFS_WALK *Walk, MFS_NODE **Next)
{
    NTSTATUS Status = STATUS_SUCCESS;
    if (Component->Length > FSB_MAX_NAME * sizeof(WCHAR)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    const USHORT Characters = Component->Length / sizeof(WCHAR);
    port_rwlock_shared(&Directory->Lock);
    MFS_ENTRY *Entry = MfsTreeFind(Directory->Tree, Component->Buffer, Characters);
    if (Entry == NULL && !Walk->CaseSensitive) {
        Entry = MfsTreeFindFolded(Directory->Tree, Component->Buffer, Characters);
        Walk->Respelled = Walk->Respelled || Entry != NULL;
    }
    if (Entry == NULL) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        if (Walk->Real != NULL) {
            const UNICODE_STRING Spelled = {.Buffer = Entry->Name, .Length = Entry->Characters * sizeof(WCHAR)};
            Status = FsbPathAppend(Walk->Real, &Spelled);
        }
        if (NT_SUCCESS(Status)) {
            MfsNodeReference(Entry->Node);
            *Next = Entry->Node;
        }
    }
    port_rwlock_release_shared(&Directory->Lock);
    return Status;
}

static NTSTATUS
MfsCheckThrough(MFS_NODE *Node)
{
    port_rwlock_shared(&Node->Lock);
    const BOOLEAN Reparse = Node->Reparse != NULL;
    const BOOLEAN Directory = (Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    port_rwlock_release_shared(&Node->Lock);
    return Reparse ? STATUS_IO_REPARSE_TAG_NOT_HANDLED : Directory ? STATUS_SUCCESS : STATUS_OBJECT_PATH_NOT_FOUND;
}

static NTSTATUS
MfsWalkPath(MFS_VOLUME *Volume, UNICODE_STRING Path, MFS_WALK *Walk, MFS_NODE **Node)
{
    MFS_NODE *At = Volume->Root;
    MfsNodeReference(At);
    while (Path.Length != 0) {
        MFS_NODE *Next = NULL;
        const UNICODE_STRING Component = MfsNextComponent(&Path);
        NTSTATUS Status = MfsStep(At, &Component, Walk, &Next);
        MfsNodeDereference(At);
        if (NT_SUCCESS(Status) && Path.Length != 0) {
            Status = MfsCheckThrough(Next);
            if (!NT_SUCCESS(Status)) {
                MfsNodeDereference(Next);
            }
        } else if (Status == STATUS_OBJECT_NAME_NOT_FOUND && Path.Length != 0) {
            Status = STATUS_OBJECT_PATH_NOT_FOUND;
        }
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        At = Next;
    }
    *Node = At;
    return STATUS_SUCCESS;
}

/* The directory of the last component (+1), and the component. */
static NTSTATUS
MfsWalkParent(MFS_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, MFS_NODE **Directory, PUNICODE_STRING Last)
{
    MFS_WALK Walk = {.CaseSensitive = CaseSensitive};
    const UNICODE_STRING Parent = {.Buffer = Path->Buffer, .Length = FsbParentBytes(Path)};
    const USHORT Skip = Parent.Length != 0 ? Parent.Length + sizeof(WCHAR) : 0;
    *Last = (UNICODE_STRING){.Buffer = Path->Buffer + Skip / sizeof(WCHAR), .Length = Path->Length - Skip, .MaximumLength = Path->Length - Skip};
    NTSTATUS Status = MfsWalkPath(Volume, Parent, &Walk, Directory);
    if (NT_SUCCESS(Status)) {
        Status = MfsCheckThrough(*Directory);
        if (!NT_SUCCESS(Status)) {
            MfsNodeDereference(*Directory);
        }
    }
    return Status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_OBJECT_PATH_NOT_FOUND : Status;
}

/* ---- the store's routines ---- */

NTSTATUS
MfsResolve(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve)
{
    MFS_NODE *Node;
    MfsFoundOf(Resolve)->Node = NULL;
    if (Resolve->ById) {
        Resolve->RealPath.Buffer = NULL;
        Node = MfsNodeFind(MfsVolumeOf(Volume), Resolve->Id);
        if (Node == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        MfsNodeStat(Node, NULL, &Resolve->Stat);
        if (Resolve->Stat.Links == 0) {
            MfsNodeDereference(Node);
            return STATUS_INVALID_PARAMETER;
        }
        MfsFoundOf(Resolve)->Node = Node;
        return STATUS_SUCCESS;
    }
    FSB_PATH Real;
    MFS_WALK Walk = {.CaseSensitive = Resolve->CaseSensitive, .Real = Resolve->CaseSensitive ? NULL : &Real};
    FsbPathInitialize(&Real);
    Resolve->RealPath = Resolve->Path;
    NTSTATUS Status = MfsWalkPath(MfsVolumeOf(Volume), Resolve->Path, &Walk, &Node);
    if (NT_SUCCESS(Status) && Walk.Respelled) {
        const PWCH Copy = port_alloc(Real.Name.Length + sizeof(WCHAR));
        if (Copy == NULL) {
            MfsNodeDereference(Node);
            Status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            memcpy(Copy, Real.Name.Buffer, Real.Name.Length);
            Resolve->RealPath = (UNICODE_STRING){.Buffer = Copy, .Length = Real.Name.Length, .MaximumLength = Real.Name.Length};
        }
    }
    FsbPathFree(&Real);
    if (NT_SUCCESS(Status)) {
        MfsNodeStat(Node, NULL, &Resolve->Stat);
        MfsFoundOf(Resolve)->Node = Node;
    }
    return Status;
}

VOID
MfsAbandon(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve)
{
    UNREFERENCED_PARAMETER(Volume);
    if (MfsFoundOf(Resolve)->Node != NULL) {
        MfsNodeDereference(MfsFoundOf(Resolve)->Node);
        MfsFoundOf(Resolve)->Node = NULL;
    }
}

VOID
MfsAdopt(FSB_FCB *Fcb, FSB_RESOLVE *Resolve)
{
    MFS_FILE *File = FsbStorePart(Fcb);
    if (File->Node == NULL) {
        File->Node = MfsFoundOf(Resolve)->Node;
        MfsFoundOf(Resolve)->Node = NULL;
    }
}

VOID
MfsRelease(FSB_FCB *Fcb)
{
    if (MfsNodeOf(Fcb) != NULL) {
        MfsNodeDereference(MfsNodeOf(Fcb));
    }
}

NTSTATUS
MfsQueryName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, FSB_STAT *Stat, struct iop_attachment *Attachment)
{
    MFS_WALK Walk = {.CaseSensitive = CaseSensitive};
    MFS_NODE *Node;
    UNREFERENCED_PARAMETER(Attachment);
    const NTSTATUS Status = MfsWalkPath(MfsVolumeOf(Volume), *Path, &Walk, &Node);
    if (NT_SUCCESS(Status)) {
        MfsNodeStat(Node, NULL, Stat);
        MfsNodeDereference(Node);
    }
    return Status;
}

/* ---- entries ---- */

static NTSTATUS
MfsCheckName(PCUNICODE_STRING Name)
{
    CHAR Bytes[FSB_MAX_NAME * 3];
    ULONG Length;
    if (Name->Length > FSB_MAX_NAME * sizeof(WCHAR)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    return IopNameToHost(Name->Buffer, Name->Length / sizeof(WCHAR), Bytes, sizeof(Bytes), &Length);
}

/* Directory->Lock exclusive, Node->Lock exclusive or Node not yet known to anybody. */
static VOID
MfsEntryAttach(MFS_NODE *Directory, MFS_ENTRY *Entry, MFS_NODE *Node)
{
    MfsNodeReference(Node);
    Entry->Node = Node;
    Entry->Directory = Directory;
    Entry->NextOfNode = Node->Names;
    Node->Names = Entry;
    MfsTreeInsert(&Directory->Tree, Entry);
    Directory->Entries++;
    if ((Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR) {
        Node->Parent = Directory;
        Directory->Links++;
    }
}

/* The same locks.  The caller frees the entry and drops its reference on the node. */
static VOID
MfsEntryDetach(MFS_NODE *Directory, MFS_ENTRY *Entry)
{
    MFS_NODE *Node = Entry->Node;
    MFS_ENTRY **Link = &Node->Names;
    while (*Link != Entry) {
        Link = &(*Link)->NextOfNode;
    }
    *Link = Entry->NextOfNode;
    MfsTreeRemove(&Directory->Tree, Entry);
    Directory->Entries--;
    if ((Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR) {
        Directory->Links--;
    }
}

static NTSTATUS
MfsMakeNode(MFS_VOLUME *Volume, MFS_NODE *Directory, const FSB_MAKE *Make, MFS_NODE **Out)
{
    MFS_NODE *Node = MfsNodeCreate(Volume, Make->Mode);
    if (Node == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    const ULONG Type = Make->Mode & FSB_S_IFMT;
    Node->Uid = Make->Uid;
    Node->Gid = (Directory->Mode & FSB_S_ISGID) ? Directory->Gid : Make->Gid;
    if (Type == FSB_S_IFDIR && (Directory->Mode & FSB_S_ISGID)) {
        Node->Mode |= FSB_S_ISGID;
    }
    Node->DeviceMajor = Make->DeviceMajor;
    Node->DeviceMinor = Make->DeviceMinor;
    Node->Attributes = Make->Attributes;
    Node->Links = Type == FSB_S_IFDIR ? 2 : 1;
    if (Type == FSB_S_IFLNK) {
        const NTSTATUS Status = MfsMakeSymlink(Node, Make->Symlink);
        if (!NT_SUCCESS(Status)) {
            MfsNodeDereference(Node);
            return Status;
        }
    }
    *Out = Node;
    return STATUS_SUCCESS;
}

NTSTATUS
MfsMake(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const FSB_MAKE *Make)
{
    MFS_NODE *Directory, *Node = NULL;
    UNICODE_STRING Last;
    MfsFoundOf(Resolve)->Node = NULL;
    Resolve->RealPath = Resolve->Path;
    NTSTATUS Status = MfsWalkParent(MfsVolumeOf(Volume), &Resolve->Path, Resolve->CaseSensitive, &Directory, &Last);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MfsCheckName(&Last);
    MFS_ENTRY *Entry = NT_SUCCESS(Status) ? MfsEntryCreate(&Last) : NULL;
    if (Entry == NULL) {
        MfsNodeDereference(Directory);
        return NT_SUCCESS(Status) ? STATUS_INSUFFICIENT_RESOURCES : Status;
    }
    port_rwlock_exclusive(&Directory->Lock);
    if (Directory->Links == 0) {
        Status = STATUS_OBJECT_PATH_NOT_FOUND;
    } else if (MfsTreeFind(Directory->Tree, Entry->Name, Entry->Characters) != NULL ||
               (!Resolve->CaseSensitive && MfsTreeFindFolded(Directory->Tree, Entry->Name, Entry->Characters) != NULL)) {
        Status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        Status = MfsMakeNode(MfsVolumeOf(Volume), Directory, Make, &Node);
    }
    if (NT_SUCCESS(Status)) {
        MfsEntryAttach(Directory, Entry, Node);
        MfsTouchWrite(Directory);
        MfsNodeStatLocked(Node, NULL, &Resolve->Stat);
        MfsFoundOf(Resolve)->Node = Node;
    }
    port_rwlock_release_exclusive(&Directory->Lock);
    if (!NT_SUCCESS(Status)) {
        port_free(Entry);
    }
    MfsNodeDereference(Directory);
    return Status;
}

/* ---- removing ---- */

/* Directory->Lock exclusive.  Takes the name away; *Left: links that remain. */
static NTSTATUS
MfsRemoveLocked(MFS_NODE *Directory, MFS_ENTRY *Entry, PULONG Left)
{
    MFS_NODE *Node = Entry->Node;
    port_rwlock_exclusive(&Node->Lock);
    const BOOLEAN IsDirectory = (Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    if (IsDirectory && Node->Entries != 0) {
        port_rwlock_release_exclusive(&Node->Lock);
        return STATUS_DIRECTORY_NOT_EMPTY;
    }
    MfsEntryDetach(Directory, Entry);
    if (IsDirectory) {
        Node->Parent = NULL;
        Node->Links = 0;
    } else {
        Node->Links--;
    }
    *Left = Node->Links;
    MfsTouchChange(Node);
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(Entry);
    MfsNodeDereference(Node);
    return STATUS_SUCCESS;
}

NTSTATUS
MfsUnlink(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, PULONG Left, struct iop_attachment *Attachment)
{
    MFS_NODE *Directory;
    UNICODE_STRING Last;
    UNREFERENCED_PARAMETER(Hint);
    UNREFERENCED_PARAMETER(Attachment);
    NTSTATUS Status = MfsWalkParent(MfsVolumeOf(Fcb->Volume), Path, TRUE, &Directory, &Last);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_exclusive(&Directory->Lock);
    MFS_ENTRY *Entry = MfsTreeFind(Directory->Tree, Last.Buffer, Last.Length / sizeof(WCHAR));
    if (Entry == NULL || Entry->Node->Inode != Fcb->Key.Inode) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        Status = MfsRemoveLocked(Directory, Entry, Left);
    }
    if (NT_SUCCESS(Status)) {
        MfsTouchWrite(Directory);
    }
    port_rwlock_release_exclusive(&Directory->Lock);
    MfsNodeDereference(Directory);
    return Status;
}

/* ---- renaming and linking ---- */

static VOID
MfsLockTwo(MFS_NODE *A, MFS_NODE *B)
{
    port_rwlock_exclusive(A <= B ? &A->Lock : &B->Lock);
    if (A != B) {
        port_rwlock_exclusive(A <= B ? &B->Lock : &A->Lock);
    }
}

static VOID
MfsUnlockTwo(MFS_NODE *A, MFS_NODE *B)
{
    port_rwlock_release_exclusive(&A->Lock);
    if (A != B) {
        port_rwlock_release_exclusive(&B->Lock);
    }
}

/* Makes room for Node under a name that is taken. */
static NTSTATUS
MfsReplaceLocked(MFS_NODE *From, MFS_NODE *To, MFS_ENTRY *Target, MFS_NODE *Node)
{
    const BOOLEAN TargetDirectory = (Target->Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    const BOOLEAN Directory = (Node->Mode & FSB_S_IFMT) == FSB_S_IFDIR;
    ULONG Left;
    if (TargetDirectory != Directory) {
        return TargetDirectory ? STATUS_FILE_IS_A_DIRECTORY : STATUS_NOT_A_DIRECTORY;
    }
    if (Target->Node == From) {
        return STATUS_DIRECTORY_NOT_EMPTY;     /* it holds what is to be moved; its lock is ours already */
    }
    return MfsRemoveLocked(To, Target, &Left);
}

static NTSTATUS
MfsRenameLocked(MFS_NODE *From, PCUNICODE_STRING FromName, MFS_NODE *To, MFS_ENTRY *New, MFS_NODE *Node, ULONG Flags)
{
    MFS_ENTRY *Old = MfsTreeFind(From->Tree, FromName->Buffer, FromName->Length / sizeof(WCHAR));
    if (Old == NULL || Old->Node != Node || To->Links == 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    MFS_ENTRY *Target = MfsTreeFind(To->Tree, New->Name, New->Characters);
    if (Target != NULL) {
        const NTSTATUS Status = (Flags & FSB_RENAME_REPLACE) ? MfsReplaceLocked(From, To, Target, Node) : STATUS_OBJECT_NAME_COLLISION;
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    port_rwlock_exclusive(&Node->Lock);
    MfsEntryDetach(From, Old);
    MfsEntryAttach(To, New, Node);
    MfsTouchChange(Node);
    port_rwlock_release_exclusive(&Node->Lock);
    MfsTouchWrite(From);
    MfsTouchWrite(To);
    port_free(Old);
    MfsNodeDereference(Node);                  /* the old name's */
    return STATUS_SUCCESS;
}

NTSTATUS
MfsRename(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment)
{
    MFS_NODE *From = NULL, *To = NULL;
    UNICODE_STRING FromName, ToName;
    UNREFERENCED_PARAMETER(Hint);
    UNREFERENCED_PARAMETER(TargetDirectory);
    UNREFERENCED_PARAMETER(Attachment);
    NTSTATUS Status = MfsWalkParent(MfsVolumeOf(Fcb->Volume), Path, TRUE, &From, &FromName);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MfsWalkParent(MfsVolumeOf(Fcb->Volume), Target, TRUE, &To, &ToName);
    if (NT_SUCCESS(Status)) {
        Status = MfsCheckName(&ToName);
        MFS_ENTRY *New = NT_SUCCESS(Status) ? MfsEntryCreate(&ToName) : NULL;
        if (New == NULL) {
            Status = NT_SUCCESS(Status) ? STATUS_INSUFFICIENT_RESOURCES : Status;
        } else {
            MfsLockTwo(From, To);
            Status = MfsRenameLocked(From, &FromName, To, New, MfsNodeOf(Fcb), Flags);
            MfsUnlockTwo(From, To);
            if (!NT_SUCCESS(Status)) {
                port_free(New);
            }
        }
        MfsNodeDereference(To);
    }
    MfsNodeDereference(From);
    return Status;
}

NTSTATUS
MfsLink(FSB_FCB *Fcb, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb), *To;
    UNICODE_STRING Name;
    UNREFERENCED_PARAMETER(TargetDirectory);
    UNREFERENCED_PARAMETER(Attachment);
    UNREFERENCED_PARAMETER(Flags);
    NTSTATUS Status = MfsWalkParent(MfsVolumeOf(Fcb->Volume), Target, TRUE, &To, &Name);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MfsCheckName(&Name);
    MFS_ENTRY *Entry = NT_SUCCESS(Status) ? MfsEntryCreate(&Name) : NULL;
    Status = NT_SUCCESS(Status) && Entry == NULL ? STATUS_INSUFFICIENT_RESOURCES : Status;
    if (NT_SUCCESS(Status)) {
        port_rwlock_exclusive(&To->Lock);
        port_rwlock_exclusive(&Node->Lock);
        if (To->Links == 0 || Node->Links == 0) {
            Status = To->Links == 0 ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_FILE_DELETED;
        } else if (MfsTreeFind(To->Tree, Entry->Name, Entry->Characters) != NULL) {
            Status = STATUS_OBJECT_NAME_COLLISION;
        } else {
            MfsEntryAttach(To, Entry, Node);
            Node->Links++;
            MfsTouchChange(Node);
            MfsTouchWrite(To);
        }
        port_rwlock_release_exclusive(&Node->Lock);
        port_rwlock_release_exclusive(&To->Lock);
    }
    if (!NT_SUCCESS(Status)) {
        port_free(Entry);
    }
    MfsNodeDereference(To);
    return Status;
}

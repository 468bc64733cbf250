/* SPDX-License-Identifier: MIT */
/* memfs: attributes, extended attributes, reparse points, security, alternate streams. */
#include "fs/memfs/mfsn.h"

#define MFS_EEXIST 17
#define MFS_MAX_EA 65536

NTSTATUS
MfsSet(FSB_FCB *Fcb, const FSB_SET *Set, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    const LONGLONG Now = port_clock_nt();
    UNREFERENCED_PARAMETER(Attachment);
    port_rwlock_exclusive(&Node->Lock);
    if (Set->Valid & FSB_SET_MODE) {
        Node->Mode = (Node->Mode & FSB_S_IFMT) | (Set->Mode & ~FSB_S_IFMT);
    }
    Node->Uid = (Set->Valid & FSB_SET_UID) ? Set->Uid : Node->Uid;
    Node->Gid = (Set->Valid & FSB_SET_GID) ? Set->Gid : Node->Gid;
    if (Set->Valid & FSB_SET_RDEV) {
        Node->DeviceMajor = Set->DeviceMajor;
        Node->DeviceMinor = Set->DeviceMinor;
    }
    if (Set->Valid & FSB_SET_ATTRIBUTES) {
        Node->Attributes = Set->Attributes & ~(ULONG)(FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_NORMAL);
    }
    if (Set->Valid & (FSB_SET_ACCESS | FSB_SET_ACCESS_NOW)) {
        atomic_store(&Node->AccessTime, (Set->Valid & FSB_SET_ACCESS) ? Set->AccessTime : Now);
        atomic_store(&Node->Sub100Access, (Set->Valid & FSB_SET_ACCESS) ? Set->Sub100Access : 0);
    }
    if (Set->Valid & (FSB_SET_WRITE | FSB_SET_WRITE_NOW)) {
        atomic_store(&Node->WriteTime, (Set->Valid & FSB_SET_WRITE) ? Set->WriteTime : Now);
        atomic_store(&Node->Sub100Write, (Set->Valid & FSB_SET_WRITE) ? Set->Sub100Write : 0);
    }
    if (Set->Valid & FSB_SET_CREATION) {
        atomic_store(&Node->CreationTime, Set->CreationTime);
    }
    atomic_store(&Node->ChangeTime, (Set->Valid & FSB_SET_CHANGE) ? Set->ChangeTime : Now);
    port_rwlock_release_exclusive(&Node->Lock);
    return STATUS_SUCCESS;
}

/* ---- extended attributes ---- */

static MFS_EA **
MfsEaFindLocked(MFS_NODE *Node, const CHAR *Name)
{
    MFS_EA **Link = &Node->Eas;
    while (*Link != NULL && strcmp((*Link)->Name, Name) != 0) {
        Link = &(*Link)->Next;
    }
    return Link;
}

NTSTATUS
MfsGetEa(FSB_FCB *Fcb, const CHAR *Name, PVOID Value, PULONG Length, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    NTSTATUS Status = STATUS_SUCCESS;
    UNREFERENCED_PARAMETER(Attachment);
    port_rwlock_shared(&Node->Lock);
    const MFS_EA *Ea = *MfsEaFindLocked(Node, Name);
    if (Ea == NULL) {
        Status = STATUS_NONEXISTENT_EA_ENTRY;
    } else if (Ea->Length > *Length) {
        Status = STATUS_BUFFER_OVERFLOW;
        *Length = Ea->Length;
    } else {
        memcpy(Value, Ea->Value, Ea->Length);
        *Length = Ea->Length;
    }
    port_rwlock_release_shared(&Node->Lock);
    return Status;
}

static MFS_EA *
MfsEaCreate(const CHAR *Name, const VOID *Value, ULONG Length)
{
    const SIZE_T NameBytes = strlen(Name) + 1;
    MFS_EA *Ea = port_alloc(sizeof(*Ea) + NameBytes + Length);
    if (Ea != NULL) {
        Ea->Next = NULL;
        Ea->Length = Length;
        Ea->Value = Ea->Name + NameBytes;
        memcpy(Ea->Name, Name, NameBytes);
        if (Length != 0) {
            memcpy(Ea->Value, Value, Length);
        }
    }
    return Ea;
}

NTSTATUS
MfsSetEa(FSB_FCB *Fcb, const CHAR *Name, const VOID *Value, ULONG Length, BOOLEAN Remove, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    NTSTATUS Status = STATUS_SUCCESS;
    const ULONG How = Attachment != NULL ? Attachment->valid : 0;
    MFS_EA *New = Remove || Length > MFS_MAX_EA ? NULL : MfsEaCreate(Name, Value, Length);
    if (New == NULL && !Remove) {
        return Length > MFS_MAX_EA ? STATUS_EA_TOO_LARGE : STATUS_INSUFFICIENT_RESOURCES;
    }
    port_rwlock_exclusive(&Node->Lock);
    MFS_EA **Link = MfsEaFindLocked(Node, Name);
    MFS_EA *Old = *Link;
    if (Old == NULL && (Remove || (How & IOP_ATTACH_EA_REPLACE))) {
        Status = STATUS_NONEXISTENT_EA_ENTRY;
    } else if (Old != NULL && (How & IOP_ATTACH_EA_CREATE) && !Remove) {
        Status = STATUS_OBJECT_NAME_COLLISION;
        Old = NULL;
    } else if (New != NULL) {
        New->Next = Old != NULL ? Old->Next : NULL;
        *Link = New;
        New = NULL;
    } else {
        *Link = Old->Next;
    }
    if (NT_SUCCESS(Status)) {
        MfsTouchChange(Node);
    }
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(NT_SUCCESS(Status) ? Old : New);
    if (!NT_SUCCESS(Status) && Attachment != NULL) {
        Attachment->host_errno = Status == STATUS_OBJECT_NAME_COLLISION ? MFS_EEXIST : FSB_ENODATA;
    }
    return Status;
}

NTSTATUS
MfsListEa(FSB_FCB *Fcb, CHAR *Names, PULONG Length, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    ULONG Needed = 0;
    UNREFERENCED_PARAMETER(Attachment);
    port_rwlock_shared(&Node->Lock);
    for (const MFS_EA *Ea = Node->Eas; Ea != NULL; Ea = Ea->Next) {
        const ULONG Bytes = (ULONG)strlen(Ea->Name) + 1;
        if (Needed + Bytes <= *Length) {
            memcpy(Names + Needed, Ea->Name, Bytes);
        }
        Needed += Bytes;
    }
    port_rwlock_release_shared(&Node->Lock);
    const NTSTATUS Status = Needed > *Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    *Length = Needed;
    return Status;
}

/* ---- reparse points ---- */

#define MFS_LX_SYMLINK_VERSION 2

NTSTATUS
MfsMakeSymlink(MFS_NODE *Node, const CHAR *Target)
{
    const ULONG Version = MFS_LX_SYMLINK_VERSION;
    const ULONG Bytes = Target != NULL ? (ULONG)strlen(Target) : 0;
    const ULONG Total = REPARSE_DATA_BUFFER_HEADER_SIZE + (ULONG)sizeof(Version) + Bytes;
    if (Bytes == 0 || Total > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) {
        return Bytes == 0 ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_NAME_INVALID;
    }
    PREPARSE_DATA_BUFFER Buffer = port_alloc_zeroed(Total);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Buffer->ReparseTag = IO_REPARSE_TAG_LX_SYMLINK;
    Buffer->ReparseDataLength = (USHORT)(sizeof(Version) + Bytes);
    memcpy(Buffer->GenericReparseBuffer.DataBuffer, &Version, sizeof(Version));
    memcpy(Buffer->GenericReparseBuffer.DataBuffer + sizeof(Version), Target, Bytes);
    Node->Reparse = Buffer;
    Node->ReparseLength = Total;
    return STATUS_SUCCESS;
}

static ULONG
MfsTypeOfTag(ULONG Tag)
{
    switch (Tag) {
    case IO_REPARSE_TAG_LX_SYMLINK: return FSB_S_IFLNK;
    case IO_REPARSE_TAG_AF_UNIX: return FSB_S_IFSOCK;
    case IO_REPARSE_TAG_LX_FIFO: return FSB_S_IFIFO;
    case IO_REPARSE_TAG_LX_CHR: return FSB_S_IFCHR;
    case IO_REPARSE_TAG_LX_BLK: return FSB_S_IFBLK;
    default: return 0;
    }
}

NTSTATUS
MfsGetReparse(FSB_FCB *Fcb, PREPARSE_DATA_BUFFER Buffer, PULONG Length)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    FSB_STAT Stat;
    NTSTATUS Status = STATUS_SUCCESS;
    port_rwlock_shared(&Node->Lock);
    MfsNodeStatLocked(Node, NULL, &Stat);
    const ULONG Needed = Node->Reparse != NULL ? Node->ReparseLength : REPARSE_DATA_BUFFER_HEADER_SIZE;
    if (Stat.ReparseTag == 0) {
        Status = STATUS_NOT_A_REPARSE_POINT;
    } else if (Needed > *Length) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else if (Node->Reparse != NULL) {
        memcpy(Buffer, Node->Reparse, Needed);
    } else {
        Buffer->ReparseTag = Stat.ReparseTag;
        Buffer->ReparseDataLength = Buffer->Reserved = 0;
    }
    *Length = Needed;
    port_rwlock_release_shared(&Node->Lock);
    return Status;
}

static NTSTATUS
MfsSetReparseLocked(MFS_NODE *Node, const REPARSE_DATA_BUFFER *Buffer, PVOID *Copy, ULONG Length)
{
    const ULONG Type = MfsTypeOfTag(Buffer->ReparseTag);
    const PREPARSE_DATA_BUFFER Old = Node->Reparse;
    if (Old != NULL && Old->ReparseTag != Buffer->ReparseTag) {
        return STATUS_IO_REPARSE_TAG_MISMATCH;
    }
    if (Type != 0 && (Node->Mode & FSB_S_IFMT) != FSB_S_IFREG && (Node->Mode & FSB_S_IFMT) != Type) {
        return STATUS_IO_REPARSE_TAG_MISMATCH;
    }
    if (Type == FSB_S_IFLNK && Buffer->ReparseDataLength <= sizeof(ULONG)) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    Node->Reparse = *Copy;
    Node->ReparseLength = Length;
    *Copy = Old;
    if (Type != 0) {
        Node->Mode = (Node->Mode & ~FSB_S_IFMT) | Type;
    }
    MfsTouchChange(Node);
    return STATUS_SUCCESS;
}

NTSTATUS
MfsSetReparse(FSB_FCB *Fcb, PCUNICODE_STRING Path, const REPARSE_DATA_BUFFER *Buffer, ULONG Length, struct iop_attachment *Attachment)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    UNREFERENCED_PARAMETER(Path);
    UNREFERENCED_PARAMETER(Attachment);
    PVOID Copy = port_alloc(Length);
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Copy, Buffer, Length);
    port_rwlock_exclusive(&Node->Lock);
    const NTSTATUS Status = MfsSetReparseLocked(Node, Buffer, &Copy, Length);
    atomic_store(&Fcb->Mode, Node->Mode & FSB_S_IFMT);
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(Copy);
    return Status;
}

NTSTATUS
MfsDeleteReparse(FSB_FCB *Fcb, ULONG Tag)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    PREPARSE_DATA_BUFFER Old = NULL;
    NTSTATUS Status = STATUS_SUCCESS;
    port_rwlock_exclusive(&Node->Lock);
    if (Node->Reparse == NULL) {
        Status = STATUS_NOT_A_REPARSE_POINT;
    } else if (((PREPARSE_DATA_BUFFER)Node->Reparse)->ReparseTag != Tag) {
        Status = STATUS_IO_REPARSE_TAG_MISMATCH;
    } else {
        Old = Node->Reparse;
        Node->Reparse = NULL;
        Node->ReparseLength = 0;
        if (MfsTypeOfTag(Tag) != 0) {
            Node->Mode = (Node->Mode & ~FSB_S_IFMT) | FSB_S_IFREG;
            atomic_store(&Fcb->Mode, FSB_S_IFREG);
        }
        MfsTouchChange(Node);
    }
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(Old);
    return Status;
}

/* ---- security ---- */

NTSTATUS
MfsGetSecurity(FSB_FCB *Fcb, PVOID Buffer, PULONG Length)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    NTSTATUS Status = STATUS_SUCCESS;
    port_rwlock_shared(&Node->Lock);
    if (Node->Security == NULL) {
        Status = STATUS_NOT_FOUND;
    } else if (Node->SecurityLength > *Length) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        memcpy(Buffer, Node->Security, Node->SecurityLength);
        *Length = Node->SecurityLength;
    }
    port_rwlock_release_shared(&Node->Lock);
    return Status;
}

NTSTATUS
MfsSetSecurity(FSB_FCB *Fcb, const VOID *Descriptor, ULONG Length)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    const PVOID New = port_alloc(Length);
    if (New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(New, Descriptor, Length);
    port_rwlock_exclusive(&Node->Lock);
    const PVOID Old = Node->Security;
    Node->Security = New;
    Node->SecurityLength = Length;
    MfsTouchChange(Node);
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(Old);
    return STATUS_SUCCESS;
}

/* ---- alternate streams ---- */

static MFS_STREAM **
MfsStreamFindLocked(MFS_NODE *Node, PCUNICODE_STRING Name)
{
    MFS_STREAM **Link = &Node->Streams;
    for (; *Link != NULL; Link = &(*Link)->Next) {
        UNICODE_STRING Other = {.Buffer = (*Link)->Name, .Length = (*Link)->Characters * sizeof(WCHAR), .MaximumLength = (*Link)->Characters * sizeof(WCHAR)};
        if (RtlEqualUnicodeString(&Other, Name, TRUE)) {
            break;
        }
    }
    return Link;
}

NTSTATUS
MfsOpenStream(FSB_FCB *Fcb, PCUNICODE_STRING Name, BOOLEAN MayExist, BOOLEAN Create, PVOID *Out, PBOOLEAN Created)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    NTSTATUS Status = STATUS_SUCCESS;
    MFS_STREAM *New = Create ? port_alloc_zeroed(sizeof(*New) + Name->Length) : NULL;
    if (Create && New == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    port_rwlock_exclusive(&Node->Lock);
    MFS_STREAM **Link = MfsStreamFindLocked(Node, Name);
    if (*Link != NULL) {
        Status = MayExist ? STATUS_SUCCESS : STATUS_OBJECT_NAME_COLLISION;
    } else if (!Create) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        New->Volume = Node->Volume;
        New->Characters = Name->Length / sizeof(WCHAR);
        memcpy(New->Name, Name->Buffer, Name->Length);
        atomic_init(&New->References, 1);      /* the node's */
        *Link = New;
        New = NULL;
        *Created = TRUE;
        MfsTouchChange(Node);
    }
    if (NT_SUCCESS(Status)) {
        atomic_fetch_add(&(*Link)->References, 1);
        *Out = *Link;
    }
    port_rwlock_release_exclusive(&Node->Lock);
    port_free(New);
    return Status;
}

VOID
MfsCloseStream(FSB_FCB *Fcb, PVOID Opaque)
{
    MFS_STREAM *Stream = Opaque;
    UNREFERENCED_PARAMETER(Fcb);
    if (atomic_fetch_sub(&Stream->References, 1) == 1) {
        MfsStreamFree(Stream);
        port_free(Stream);
    }
}

VOID
MfsDeleteStream(FSB_FCB *Fcb, PVOID Opaque)
{
    MFS_STREAM *Stream = Opaque;
    MFS_NODE *Node = MfsNodeOf(Fcb);
    port_rwlock_exclusive(&Node->Lock);
    MFS_STREAM **Link = &Node->Streams;
    while (*Link != NULL && *Link != Stream) {
        Link = &(*Link)->Next;
    }
    const BOOLEAN Listed = *Link != NULL;
    if (Listed) {
        *Link = Stream->Next;
        MfsTouchChange(Node);
    }
    port_rwlock_release_exclusive(&Node->Lock);
    if (Listed) {
        MfsCloseStream(Fcb, Stream);
    }
}

NTSTATUS
MfsEnumStream(FSB_FCB *Fcb, ULONG Index, WCHAR *Name, USHORT *Characters, LONGLONG *Size, LONGLONG *Allocation)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;
    port_rwlock_shared(&Node->Lock);
    const BOOLEAN HasDefault = (Node->Mode & FSB_S_IFMT) == FSB_S_IFREG;
    if (HasDefault && Index == 0) {
        *Characters = 0;
        MfsStreamSizes(&Node->Data, Size, Allocation);
        Status = STATUS_SUCCESS;
    } else {
        MFS_STREAM *Stream = Node->Streams;
        for (ULONG i = HasDefault ? 1 : 0; Stream != NULL && i < Index; i++) {
            Stream = Stream->Next;
        }
        if (Stream != NULL) {
            *Characters = Stream->Characters;
            memcpy(Name, Stream->Name, Stream->Characters * sizeof(WCHAR));
            MfsStreamSizes(Stream, Size, Allocation);
            Status = STATUS_SUCCESS;
        }
    }
    port_rwlock_release_shared(&Node->Lock);
    return Status;
}

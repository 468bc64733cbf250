/* SPDX-License-Identifier: MIT */
/* memfs: from nodes back to paths, and listings. */
#include "fs/memfs/mfsn.h"

/* ---- from a node to a path ---- */

/* One of the node's names and the directory it is in (+1); NULL: it has none. */
static MFS_NODE *
MfsNameOf(MFS_NODE *Node, WCHAR *Name, USHORT *Characters)
{
    MFS_NODE *Directory = NULL;
    port_rwlock_shared(&Node->Lock);
    if (Node->Names != NULL) {
        *Characters = Node->Names->Characters;
        memcpy(Name, Node->Names->Name, *Characters * sizeof(WCHAR));
        Directory = Node->Names->Directory;
        MfsNodeReference(Directory);
    }
    port_rwlock_release_shared(&Node->Lock);
    return Directory;
}

NTSTATUS
MfsPathOf(FSB_FCB *Fcb, PWCH Buffer, USHORT *Bytes)
{
    MFS_VOLUME *Volume = MfsVolumeOf(Fcb->Volume);
    MFS_NODE *At = MfsNodeOf(Fcb);
    ULONG Start = *Bytes / sizeof(WCHAR);
    const ULONG End = Start;
    MfsNodeReference(At);
    while (At != Volume->Root) {
        WCHAR Name[FSB_MAX_NAME];
        USHORT Characters = 0;
        MFS_NODE *Directory = MfsNameOf(At, Name, &Characters);
        MfsNodeDereference(At);
        if (Directory == NULL) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        At = Directory;
        const ULONG Separator = Start != End ? 1 : 0;
        if (Start < Characters + Separator) {
            MfsNodeDereference(At);
            return STATUS_BUFFER_TOO_SMALL;
        }
        Start -= Separator;
        if (Separator != 0) {
            Buffer[Start] = L'\\';
        }
        Start -= Characters;
        memcpy(Buffer + Start, Name, Characters * sizeof(WCHAR));
    }
    MfsNodeDereference(At);
    memmove(Buffer, Buffer + Start, (End - Start) * sizeof(WCHAR));
    *Bytes = (USHORT)((End - Start) * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* ---- listing: goes on behind the last name, whatever happened to it ---- */

typedef struct MFS_READER {
    USHORT Characters;
    WCHAR Last[FSB_MAX_NAME];
} MFS_READER;

NTSTATUS
MfsIsEmpty(FSB_FCB *Fcb)
{
    MFS_NODE *Node = MfsNodeOf(Fcb);
    port_rwlock_shared(&Node->Lock);
    const BOOLEAN Empty = Node->Entries == 0;
    port_rwlock_release_shared(&Node->Lock);
    return Empty ? STATUS_SUCCESS : STATUS_DIRECTORY_NOT_EMPTY;
}

NTSTATUS
MfsDirOpen(FSB_FCB *Fcb, PVOID *Reader)
{
    UNREFERENCED_PARAMETER(Fcb);
    *Reader = port_alloc_zeroed(sizeof(MFS_READER));
    return *Reader != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS
MfsDirNext(FSB_FCB *Fcb, PVOID Opaque, FSB_DIRENT *Out)
{
    MFS_READER *Reader = Opaque;
    MFS_NODE *Node = MfsNodeOf(Fcb);
    port_rwlock_shared(&Node->Lock);
    const MFS_ENTRY *Entry = MfsTreeAfter(Node->Tree, Reader->Last, Reader->Characters);
    if (Entry != NULL) {
        Out->Characters = Reader->Characters = Entry->Characters;
        memcpy(Out->Name, Entry->Name, Entry->Characters * sizeof(WCHAR));
        memcpy(Reader->Last, Entry->Name, Entry->Characters * sizeof(WCHAR));
    }
    port_rwlock_release_shared(&Node->Lock);
    return Entry != NULL ? STATUS_SUCCESS : STATUS_NO_MORE_FILES;
}

NTSTATUS
MfsDirStat(FSB_FCB *Fcb, PVOID Reader, const WCHAR *Name, USHORT Characters, FSB_STAT *Stat)
{
    MFS_NODE *Directory = MfsNodeOf(Fcb), *Node = NULL;
    UNREFERENCED_PARAMETER(Reader);
    port_rwlock_shared(&Directory->Lock);
    if (Characters == 2 && Name[0] == L'.' && Name[1] == L'.') {
        Node = Directory->Parent != NULL ? Directory->Parent : Directory;
    } else {
        const MFS_ENTRY *Entry = MfsTreeFind(Directory->Tree, Name, Characters);
        Node = Entry != NULL ? Entry->Node : NULL;
    }
    if (Node != NULL) {
        MfsNodeReference(Node);
    }
    port_rwlock_release_shared(&Directory->Lock);
    if (Node == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    MfsNodeStat(Node, NULL, Stat);
    MfsNodeDereference(Node);
    return STATUS_SUCCESS;
}

VOID
MfsDirClose(FSB_FCB *Fcb, PVOID Reader)
{
    UNREFERENCED_PARAMETER(Fcb);
    port_free(Reader);
}

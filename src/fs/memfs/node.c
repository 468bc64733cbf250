/* SPDX-License-Identifier: MIT */
/* memfs: nodes, their table by number, their attributes. */
#include "fs/memfs/mfsp.h"

/* ---- the table ---- */

static MFS_SHARD *
MfsShardOf(MFS_VOLUME *Volume, ULONGLONG Inode, ULONG *Hash)
{
    const ULONGLONG Mixed = Inode * 0x9E3779B97F4A7C15ull;
    *Hash = (ULONG)(Mixed >> 20);
    return &Volume->Shards[Mixed >> 58];
}

static BOOLEAN
MfsShardRoomLocked(MFS_SHARD *Shard)
{
    if (Shard->Buckets != NULL && Shard->Count <= Shard->Mask) {
        return TRUE;
    }
    const ULONG Size = Shard->Buckets == NULL ? 16 : (Shard->Mask + 1) * 2;
    MFS_NODE **Bigger = port_alloc_zeroed(Size * sizeof(MFS_NODE *));
    if (Bigger == NULL) {
        return Shard->Buckets != NULL;
    }
    for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
        for (MFS_NODE *Node = Shard->Buckets[i], *Next; Node != NULL; Node = Next) {
            ULONG Hash;
            Next = Node->HashNext;
            MfsShardOf(Node->Volume, Node->Inode, &Hash);
            Node->HashNext = Bigger[Hash & (Size - 1)];
            Bigger[Hash & (Size - 1)] = Node;
        }
    }
    port_free(Shard->Buckets);
    Shard->Buckets = Bigger;
    Shard->Mask = Size - 1;
    return TRUE;
}

MFS_NODE *
MfsNodeCreate(MFS_VOLUME *Volume, ULONG Mode)
{
    ULONG Hash;
    MFS_NODE *Node = port_alloc_zeroed(sizeof(*Node));
    if (Node == NULL) {
        return NULL;
    }
    const LONGLONG Now = port_clock_nt();
    Node->Volume = Volume;
    Node->Inode = atomic_fetch_add_explicit(&Volume->NextInode, 1, memory_order_relaxed);
    Node->Mode = Mode;
    Node->Data.Volume = Volume;
    atomic_init(&Node->References, 1);
    atomic_init(&Node->CreationTime, Now);
    atomic_init(&Node->AccessTime, Now);
    atomic_init(&Node->WriteTime, Now);
    atomic_init(&Node->ChangeTime, Now);
    MFS_SHARD *Shard = MfsShardOf(Volume, Node->Inode, &Hash);
    port_lock_acquire(&Shard->Lock);
    const BOOLEAN Room = MfsShardRoomLocked(Shard);
    if (Room) {
        Node->HashNext = Shard->Buckets[Hash & Shard->Mask];
        Shard->Buckets[Hash & Shard->Mask] = Node;
        Shard->Count++;
    }
    port_lock_release(&Shard->Lock);
    if (!Room) {
        port_free(Node);
        return NULL;
    }
    atomic_fetch_add_explicit(&Volume->Nodes, 1, memory_order_relaxed);
    return Node;
}

MFS_NODE *
MfsNodeFind(MFS_VOLUME *Volume, ULONGLONG Inode)
{
    ULONG Hash;
    MFS_NODE *Node = NULL;
    MFS_SHARD *Shard = MfsShardOf(Volume, Inode, &Hash);
    port_lock_acquire(&Shard->Lock);
    for (Node = Shard->Buckets != NULL ? Shard->Buckets[Hash & Shard->Mask] : NULL; Node != NULL; Node = Node->HashNext) {
        if (Node->Inode == Inode) {
            LONG Count = atomic_load_explicit(&Node->References, memory_order_relaxed);
            while (Count > 0 && !atomic_compare_exchange_weak(&Node->References, &Count, Count + 1)) {
            }
            Node = Count > 0 ? Node : NULL;
            break;
        }
    }
    port_lock_release(&Shard->Lock);
    return Node;
}

/* ---- lifetime ---- */

static VOID
MfsNodeEmpty(MFS_NODE *Node)
{
    MfsStreamFree(&Node->Data);
    for (MFS_STREAM *Stream = Node->Streams, *Next; Stream != NULL; Stream = Next) {
        Next = Stream->Next;
        MfsStreamFree(Stream);
        port_free(Stream);
    }
    for (MFS_EA *Ea = Node->Eas, *Next; Ea != NULL; Ea = Next) {
        Next = Ea->Next;
        port_free(Ea);
    }
    port_free(Node->Reparse);
    port_free(Node->Security);
    port_free(Node);
}

VOID
MfsNodeReference(MFS_NODE *Node)
{
    atomic_fetch_add_explicit(&Node->References, 1, memory_order_relaxed);
}

VOID
MfsNodeDereference(MFS_NODE *Node)
{
    ULONG Hash;
    if (atomic_fetch_sub_explicit(&Node->References, 1, memory_order_acq_rel) != 1) {
        return;
    }
    MFS_SHARD *Shard = MfsShardOf(Node->Volume, Node->Inode, &Hash);
    port_lock_acquire(&Shard->Lock);
    MFS_NODE **Link = &Shard->Buckets[Hash & Shard->Mask];
    while (*Link != Node) {
        Link = &(*Link)->HashNext;
    }
    *Link = Node->HashNext;
    Shard->Count--;
    port_lock_release(&Shard->Lock);
    atomic_fetch_sub_explicit(&Node->Volume->Nodes, 1, memory_order_relaxed);
    MfsNodeEmpty(Node);
}

static VOID
MfsTreeFree(MFS_ENTRY *Root)
{
    /* Rotates to the right until there is no left, so that neither depth nor memory is needed. */
    while (Root != NULL) {
        if (Root->Left != NULL) {
            MFS_ENTRY *Left = Root->Left;
            Root->Left = Left->Right;
            Left->Right = Root;
            Root = Left;
        } else {
            MFS_ENTRY *Right = Root->Right;
            port_free(Root);
            Root = Right;
        }
    }
}

/* The volume goes: nobody has a file open, and counts do not matter any more. */
VOID
MfsNodesFree(MFS_VOLUME *Volume)
{
    for (ULONG s = 0; s < MFS_SHARDS; s++) {
        MFS_SHARD *Shard = &Volume->Shards[s];
        for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
            for (MFS_NODE *Node = Shard->Buckets[i], *Next; Node != NULL; Node = Next) {
                Next = Node->HashNext;
                MfsTreeFree(Node->Tree);
                MfsNodeEmpty(Node);
            }
        }
        port_free(Shard->Buckets);
    }
}

/* ---- attributes ---- */

static ULONG
MfsTagOf(const MFS_NODE *Node)
{
    if (Node->Reparse != NULL) {
        return ((PREPARSE_DATA_BUFFER)Node->Reparse)->ReparseTag;
    }
    switch (Node->Mode & FSB_S_IFMT) {
    case FSB_S_IFSOCK: return IO_REPARSE_TAG_AF_UNIX;
    case FSB_S_IFIFO: return IO_REPARSE_TAG_LX_FIFO;
    case FSB_S_IFCHR: return IO_REPARSE_TAG_LX_CHR;
    case FSB_S_IFBLK: return IO_REPARSE_TAG_LX_BLK;
    default: return 0;
    }
}

static ULONG
MfsEaSize(const MFS_NODE *Node)
{
    ULONG Size = 0;
    for (const MFS_EA *Ea = Node->Eas; Ea != NULL; Ea = Ea->Next) {
        Size += (ULONG)(sizeof(ULONG) + 1 + strlen(Ea->Name)) + Ea->Length;
    }
    return Size != 0 ? Size + (ULONG)sizeof(ULONG) : 0;
}

VOID
MfsNodeStatLocked(MFS_NODE *Node, MFS_STREAM *Stream, FSB_STAT *Stat)
{
    const ULONG Type = Node->Mode & FSB_S_IFMT;
    memset(Stat, 0, sizeof(*Stat));
    Stat->Key.Device = Node->Volume->Number;
    Stat->Key.Inode = Node->Inode;
    Stat->CreationTime = atomic_load_explicit(&Node->CreationTime, memory_order_relaxed);
    Stat->LastAccessTime = atomic_load_explicit(&Node->AccessTime, memory_order_relaxed);
    Stat->LastWriteTime = atomic_load_explicit(&Node->WriteTime, memory_order_relaxed);
    Stat->ChangeTime = atomic_load_explicit(&Node->ChangeTime, memory_order_relaxed);
    Stat->Sub100Access = atomic_load_explicit(&Node->Sub100Access, memory_order_relaxed);
    Stat->Sub100Write = atomic_load_explicit(&Node->Sub100Write, memory_order_relaxed);
    if (Stream == NULL) {
        Stream = &Node->Data;
    }
    MfsStreamSizes(Stream, &Stat->Size, &Stat->Allocation);
    if (Type == FSB_S_IFLNK && Node->Reparse != NULL && Stream == &Node->Data) {
        Stat->Size = ((PREPARSE_DATA_BUFFER)Node->Reparse)->ReparseDataLength - (LONGLONG)sizeof(ULONG);
    }
    Stat->ReparseTag = MfsTagOf(Node);
    Stat->Attributes = Node->Attributes | (Type == FSB_S_IFDIR ? FILE_ATTRIBUTE_DIRECTORY : 0) | (Stat->ReparseTag != 0 ? FILE_ATTRIBUTE_REPARSE_POINT : 0);
    Stat->Attributes = Stat->Attributes == 0 ? FILE_ATTRIBUTE_NORMAL : Stat->Attributes;
    Stat->Links = Node->Links;
    Stat->Mode = Node->Mode;
    Stat->Uid = Node->Uid;
    Stat->Gid = Node->Gid;
    Stat->DeviceMajor = Node->DeviceMajor;
    Stat->DeviceMinor = Node->DeviceMinor;
    Stat->BlockSize = 4096;
    Stat->EaSize = MfsEaSize(Node);
}

VOID
MfsNodeStat(MFS_NODE *Node, MFS_STREAM *Stream, FSB_STAT *Stat)
{
    port_rwlock_shared(&Node->Lock);
    MfsNodeStatLocked(Node, Stream, Stat);
    port_rwlock_release_shared(&Node->Lock);
}

VOID
MfsTouchWrite(MFS_NODE *Node)
{
    const LONGLONG Now = port_clock_nt();
    atomic_store_explicit(&Node->WriteTime, Now, memory_order_relaxed);
    atomic_store_explicit(&Node->Sub100Write, 0, memory_order_relaxed);
    atomic_store_explicit(&Node->ChangeTime, Now, memory_order_relaxed);
}

VOID
MfsTouchChange(MFS_NODE *Node)
{
    atomic_store_explicit(&Node->ChangeTime, port_clock_nt(), memory_order_relaxed);
}

/* As Linux' relatime: only a read after a write, or a day later, is worth a store. */
VOID
MfsTouchAccess(MFS_NODE *Node)
{
    const LONGLONG Now = port_clock_tick_nt();
    const LONGLONG Then = atomic_load_explicit(&Node->AccessTime, memory_order_relaxed);
    if (Then <= atomic_load_explicit(&Node->WriteTime, memory_order_relaxed) || Now - Then > 864000000000ll) {
        if (Now > Then) {
            atomic_store_explicit(&Node->AccessTime, Now, memory_order_relaxed);
            atomic_store_explicit(&Node->Sub100Access, 0, memory_order_relaxed);
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * memfs, inward header.
 *
 *      MFS_NODE     a file, directory or special file; referenced by each of its names and by its FCB
 *      MFS_ENTRY    a name; in its directory's tree, ordered without case first, then with
 *      MFS_STREAM   data: the node's own, and alternate ones
 *
 * Node->Lock guards the node's attributes and, of a directory, its tree; a stream's Lock guards its data.  Order: directory before
 * what is in it (two directories, only in a rename: by address), node before stream.  A node's shard is a leaf.
 */
#ifndef FB_FS_MEMFS_MFSP_H
#define FB_FS_MEMFS_MFSP_H

#include "fs/base/fsb.h"

typedef struct MFS_NODE MFS_NODE;
typedef struct MFS_VOLUME MFS_VOLUME;

/* ---- names ---- */
typedef struct MFS_ENTRY {
    struct MFS_ENTRY *Left, *Right;            /* treap: by name, heap by Priority */
    ULONG Priority;
    MFS_NODE *Node;                            /* referenced */
    MFS_NODE *Directory;                       /* not referenced: an entry dies before its directory */
    struct MFS_ENTRY *NextOfNode;              /* Node->Lock: its other names */
    USHORT Characters;
    WCHAR Name[];
} MFS_ENTRY;

/* tree.c: of a directory whose Lock is held */
MFS_ENTRY *MfsTreeFind(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters);          /* exact */
MFS_ENTRY *MfsTreeFindFolded(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters);
MFS_ENTRY *MfsTreeAfter(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters);         /* Characters 0: the first */
VOID MfsTreeInsert(MFS_ENTRY **Root, MFS_ENTRY *Entry);
VOID MfsTreeRemove(MFS_ENTRY **Root, MFS_ENTRY *Entry);
MFS_ENTRY *MfsEntryCreate(PCUNICODE_STRING Name);

/* ---- data: 64 KiB chunks in a table of tables; a missing chunk is a hole ---- */
#define MFS_CHUNK 65536u
#define MFS_CHUNKS_PER_TABLE 512u
#define MFS_MAX_SIZE (1ll << 44)
typedef struct MFS_STREAM {
    struct MFS_STREAM *Next;                   /* Node->Lock */
    _Atomic(LONG) References;                  /* its node's list, open SCBs; alternate streams only */
    MFS_VOLUME *Volume;
    port_rwlock Lock;
    /* Lock */
    LONGLONG Size;
    LONGLONG Allocated;
    PUCHAR **Tables;
    ULONG TableCount;
    PUCHAR First;                              /* chunk 0 of a small file, not yet full size */
    ULONG FirstSize;
    USHORT Characters;
    WCHAR Name[];
} MFS_STREAM;
/* data.c */
NTSTATUS MfsStreamRead(MFS_STREAM *Stream, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done);
NTSTATUS MfsStreamWrite(MFS_STREAM *Stream, const VOID *Buffer, ULONG Length, LONGLONG Offset, BOOLEAN Append, PULONG Done);
NTSTATUS MfsStreamSetSize(MFS_STREAM *Stream, LONGLONG Size);
NTSTATUS MfsStreamAllocate(MFS_STREAM *Stream, LONGLONG Offset, LONGLONG Length);
VOID MfsStreamZero(MFS_STREAM *Stream, LONGLONG Offset, LONGLONG Length);
NTSTATUS MfsStreamNextRange(MFS_STREAM *Stream, LONGLONG *Offset, LONGLONG *Length);
VOID MfsStreamSizes(MFS_STREAM *Stream, LONGLONG *Size, LONGLONG *Allocated);
VOID MfsStreamFree(MFS_STREAM *Stream);        /* its chunks */

/* ---- nodes ---- */
typedef struct MFS_EA {
    struct MFS_EA *Next;
    ULONG Length;
    CHAR *Value;                               /* behind the name */
    CHAR Name[];
} MFS_EA;

struct MFS_NODE {
    /* constant after create */
    MFS_VOLUME *Volume;
    ULONGLONG Inode;
    _Atomic(LONG) References;
    /* shard lock */
    MFS_NODE *HashNext;
    port_rwlock Lock;
    /* Lock */
    _Atomic(ULONG) Mode;                       /* written under Lock; its type bits are looked at without */
    ULONG Uid, Gid, DeviceMajor, DeviceMinor;
    ULONG Attributes;                          /* what is stored: no DIRECTORY, no REPARSE_POINT */
    ULONG Links;
    MFS_ENTRY *Tree;                           /* directories */
    ULONG Entries;
    MFS_NODE *Parent;                          /* directories: not referenced; NULL when removed, itself for the root */
    MFS_ENTRY *Names;                          /* entries that lead here */
    MFS_STREAM *Streams;                       /* alternate ones */
    MFS_EA *Eas;
    PVOID Reparse;
    ULONG ReparseLength;
    PVOID Security;
    ULONG SecurityLength;
    /* interlocked */
    _Atomic(LONGLONG) CreationTime, AccessTime, WriteTime, ChangeTime;
    _Atomic(UCHAR) Sub100Access, Sub100Write;
    MFS_STREAM Data;
};

#define MFS_SHARDS 64
typedef struct MFS_SHARD {
    port_lock Lock;
    MFS_NODE **Buckets;
    ULONG Mask, Count;
} __attribute__((aligned(64))) MFS_SHARD;

struct MFS_VOLUME {
    ULONG Number;
    LONGLONG Limit;                            /* bytes of data */
    MFS_NODE *Root;
    _Atomic(ULONGLONG) NextInode;
    _Atomic(LONGLONG) Used;
    _Atomic(LONGLONG) Nodes;
    MFS_SHARD Shards[MFS_SHARDS];
};

typedef struct MFS_FILE {
    MFS_NODE *Node;
} MFS_FILE;
static inline MFS_NODE *MfsNodeOf(FSB_FCB *Fcb) { return ((MFS_FILE *)FsbStorePart(Fcb))->Node; }
static inline MFS_STREAM *MfsStreamOf(FSB_SCB *Scb) { return Scb->Stream != NULL ? Scb->Stream : &MfsNodeOf(Scb->Fcb)->Data; }
static inline MFS_VOLUME *MfsVolumeOf(FSB_VOLUME *Volume) { return Volume->StoreVolume; }

/* node.c */
MFS_NODE *MfsNodeCreate(MFS_VOLUME *Volume, ULONG Mode);               /* +1 */
MFS_NODE *MfsNodeFind(MFS_VOLUME *Volume, ULONGLONG Inode);            /* +1 or NULL */
VOID MfsNodeReference(MFS_NODE *Node);
VOID MfsNodeDereference(MFS_NODE *Node);
VOID MfsNodesFree(MFS_VOLUME *Volume);
VOID MfsNodeStatLocked(MFS_NODE *Node, MFS_STREAM *Stream, FSB_STAT *Stat);
VOID MfsNodeStat(MFS_NODE *Node, MFS_STREAM *Stream, FSB_STAT *Stat);
VOID MfsTouchWrite(MFS_NODE *Node);            /* data changed */
VOID MfsTouchChange(MFS_NODE *Node);           /* attributes changed */
VOID MfsTouchAccess(MFS_NODE *Node);

#endif

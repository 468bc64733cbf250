/* SPDX-License-Identifier: MIT */
/*
 * hostfs, inward header.
 *
 * A file holds up to three descriptors of its host file, each set once under Fcb->Lock and read without it: a location (O_PATH), one
 * for reading, one for writing.  A file opened only to be renamed or deleted holds none until something needs one; it is then
 * opened by one of its links' paths and must be the same object.
 */
#ifndef FB_FS_HOSTFS_HFSP_H
#define FB_FS_HOSTFS_HFSP_H

#include "fs/base/fsb.h"
#include "fs/hostfs/hostdir.h"

typedef struct HFS_VOLUME {
    struct hostdir *Directory;
    ULONG Uid, Gid;                            /* effective, of the process */
    port_lock FoldLock;                        /* one case-insensitive create at a time: the host compares bytes */
} HFS_VOLUME;

/* Descriptors plus one; 0 = none. */
typedef struct HFS_FILE {
    _Atomic(int) Location, Reading, Writing;
    int Former[3];                             /* of what the file was before it became a reparse point: closed with it */
} HFS_FILE;

static inline HFS_FILE *HfsFileOf(FSB_FCB *Fcb) { return FsbStorePart(Fcb); }
static inline HFS_VOLUME *HfsVolumeOf(FSB_VOLUME *Volume) { return Volume->StoreVolume; }
static inline struct hostdir *HfsDirectoryOf(FSB_FCB *Fcb) { return HfsVolumeOf(Fcb->Volume)->Directory; }

/* A path in bytes. */
typedef struct HFS_PATH {
    CHAR *Text;                                /* NUL-terminated */
    CHAR *Heap;
    CHAR Inline[1024];
} HFS_PATH;
/* What a resolution found, in FSB_RESOLVE.StorePart. */
typedef struct HFS_FOUND {
    int Descriptor;                            /* -1: none was needed */
    int Parent;                                /* directory of Name, -1 = none */
    BOOLEAN ParentOwned;
    BOOLEAN New;                               /* Descriptor is for reading and writing, of a file just made */
    const CHAR *Name;                          /* last component, in Path */
    HFS_PATH Path;
} HFS_FOUND;
static inline HFS_FOUND *HfsFoundOf(FSB_RESOLVE *Resolve) { return (HFS_FOUND *)Resolve->StorePart; }
_Static_assert(sizeof(HFS_FOUND) <= sizeof(((FSB_RESOLVE *)0)->StorePart), "FSB_RESOLVE has room");
NTSTATUS HfsPathFrom(PCUNICODE_STRING Path, HFS_PATH *Out);
VOID HfsPathFree(HFS_PATH *Path);

/* -errno to a status; the number itself goes to the attachment. */
NTSTATUS HfsStatus(int Result, struct iop_attachment *Attachment);
VOID HfsStatFrom(const struct hostdir_stat *Host, FSB_STAT *Stat);
BOOLEAN HfsIsObject(FSB_FCB *Fcb, const struct hostdir_stat *Host);

/* Any descriptor of the file (-errno).  The second form: Fcb->Lock held, Path one of its names or NULL. */
int HfsAnchor(FSB_FCB *Fcb);
int HfsAnchorLocked(FSB_FCB *Fcb, PCUNICODE_STRING Path);
int HfsData(FSB_FCB *Fcb, BOOLEAN Write);      /* takes Fcb->Lock when it must open one */

/* name.c */
NTSTATUS HfsResolve(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
NTSTATUS HfsMake(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const FSB_MAKE *Make);
VOID HfsAbandon(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
NTSTATUS HfsQueryName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, FSB_STAT *Stat, struct iop_attachment *Attachment);
/* link.c */
NTSTATUS HfsUnlink(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, PULONG Left, struct iop_attachment *Attachment);
NTSTATUS HfsRename(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);
NTSTATUS HfsLink(FSB_FCB *Fcb, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);
NTSTATUS HfsPathOf(FSB_FCB *Fcb, PWCH Buffer, USHORT *Bytes);
NTSTATUS HfsGetReparse(FSB_FCB *Fcb, PREPARSE_DATA_BUFFER Buffer, PULONG Length);
NTSTATUS HfsSetReparse(FSB_FCB *Fcb, PCUNICODE_STRING Path, const REPARSE_DATA_BUFFER *Buffer, ULONG Length, struct iop_attachment *Attachment);
/* file.c */
VOID HfsAdopt(FSB_FCB *Fcb, FSB_RESOLVE *Resolve);
VOID HfsRelease(FSB_FCB *Fcb);
VOID HfsAdoptLink(FSB_LCB *Lcb, FSB_RESOLVE *Resolve);
VOID HfsReleaseLink(FSB_LCB *Lcb);
NTSTATUS HfsPrepare(FSB_FCB *Fcb, FSB_RESOLVE *Resolve, BOOLEAN Write);
VOID HfsPin(FSB_FCB *Fcb, PCUNICODE_STRING Path);
NTSTATUS HfsQuery(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment);
NTSTATUS HfsSet(FSB_FCB *Fcb, const FSB_SET *Set, struct iop_attachment *Attachment);
NTSTATUS HfsRead(FSB_SCB *Scb, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done, struct iop_attachment *Attachment);
NTSTATUS HfsWrite(FSB_SCB *Scb, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG Flags, PULONG Done, struct iop_attachment *Attachment);
NTSTATUS HfsSetSize(FSB_SCB *Scb, LONGLONG Size, struct iop_attachment *Attachment);
NTSTATUS HfsAllocate(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment);
NTSTATUS HfsZero(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment);
NTSTATUS HfsNextRange(FSB_SCB *Scb, LONGLONG *Offset, LONGLONG *Length);
NTSTATUS HfsCopy(FSB_SCB *Source, LONGLONG From, FSB_SCB *Target, LONGLONG To, LONGLONG Length, LONGLONG *Done, struct iop_attachment *Attachment);
NTSTATUS HfsFlush(FSB_SCB *Scb, BOOLEAN DataOnly, struct iop_attachment *Attachment);
NTSTATUS HfsHostFile(FSB_FCB *Fcb, PCUNICODE_STRING Path, struct iop_host_file *Out);
/* dir.c */
NTSTATUS HfsIsEmpty(FSB_FCB *Fcb);
NTSTATUS HfsDirOpen(FSB_FCB *Fcb, PVOID *Reader);
NTSTATUS HfsDirNext(FSB_FCB *Fcb, PVOID Reader, FSB_DIRENT *Entry);
NTSTATUS HfsDirStat(FSB_FCB *Fcb, PVOID Reader, const WCHAR *Name, USHORT Characters, FSB_STAT *Stat);
VOID HfsDirClose(FSB_FCB *Fcb, PVOID Reader);
NTSTATUS HfsGetEa(FSB_FCB *Fcb, const CHAR *Name, PVOID Value, PULONG Length, struct iop_attachment *Attachment);
NTSTATUS HfsSetEa(FSB_FCB *Fcb, const CHAR *Name, const VOID *Value, ULONG Length, BOOLEAN Remove, struct iop_attachment *Attachment);
NTSTATUS HfsListEa(FSB_FCB *Fcb, CHAR *Names, PULONG Length, struct iop_attachment *Attachment);

#endif

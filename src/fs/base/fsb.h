/* SPDX-License-Identifier: MIT */
/*
 * fs/base: the NT file-system driver that memfs and hostfs share; each of them is a store below FSB_STORE.
 *
 *      FILE_OBJECT.FsContext  -> FSB_SCB   one per open stream (starts with the advanced FCB header)
 *      FILE_OBJECT.FsContext2 -> FSB_CCB   one per open
 *      FSB_SCB -> FSB_FCB                  one per open file, in the volume's table by (device, inode, generation)
 *      FSB_CCB -> FSB_LCB -> FSB_FCB       the name by which the file was opened; shared by opens through that name
 *
 * Lifetimes.  A CCB lives from create to IRP_MJ_CLOSE and holds one reference on its SCB and its LCB.  An SCB dies with its last
 * reference (per-stream contexts are torn down then) and holds one on the FCB; an FCB dies with its last (per-file contexts).  The
 * volume may keep the last few SCBs that were closed (FSB_OPTIONS.IdleStreams); each is one more reference.
 *
 * Synchronization.  1. Volume->NameLock: shared while a name is resolved, made or removed, exclusive while one is renamed or
 * replaced.  2. Fcb->Lock: opens, share access, links and their paths, delete state.  3. a shard of the table.  4. Volume->IdleLock.
 * 5. the store's own.  Taken in this order, never two of one rank; none is held while a driver is called.  Reads and writes take none.
 * A handle's ListingLock comes before Fcb->Lock, without NameLock; EventLock is a leaf below NameLock.
 */
#ifndef FB_FS_BASE_FSB_H
#define FB_FS_BASE_FSB_H

#include <ntifs.h>
#include <stdatomic.h>
#include <string.h>

#include "io/attach.h"
#include "io/iop.h"
#include "port/port.h"

typedef struct FSB_VOLUME FSB_VOLUME;
typedef struct FSB_FCB FSB_FCB;
typedef struct FSB_SCB FSB_SCB;
typedef struct FSB_LCB FSB_LCB;
typedef struct FSB_CCB FSB_CCB;
typedef struct FSB_STORE FSB_STORE;

/* POSIX file types, as in st_mode. */
#define FSB_S_IFMT  0170000u
#define FSB_S_IFSOCK 0140000u
#define FSB_S_IFLNK 0120000u
#define FSB_S_IFREG 0100000u
#define FSB_S_IFBLK 0060000u
#define FSB_S_IFDIR 0040000u
#define FSB_S_IFCHR 0020000u
#define FSB_S_IFIFO 0010000u
#define FSB_S_ISUID 04000u
#define FSB_S_ISGID 02000u
#define FSB_ENODATA 61
#define FSB_MAX_NAME 255                       /* characters of a component */

typedef struct FSB_KEY {
    ULONGLONG Device, Inode, Generation;
} FSB_KEY;

typedef struct FSB_STAT {
    FSB_KEY Key;
    LONGLONG CreationTime, LastAccessTime, LastWriteTime, ChangeTime;
    UCHAR Sub100Creation, Sub100Access, Sub100Write, Sub100Change;     /* ns that the NT time cuts off */
    LONGLONG Size, Allocation;                 /* of the stream asked for */
    ULONG Attributes, ReparseTag;
    ULONG Links, Mode, Uid, Gid, DeviceMajor, DeviceMinor, BlockSize, EaSize;
} FSB_STAT;

/* What the volume is like to filters: profile.c. */
typedef enum FSB_PROFILE { FsbProfileNtfs, FsbProfileFat, FsbProfileRefs, FsbProfilePagingFile, FsbProfileNoContexts, FsbProfileNetwork } FSB_PROFILE;

typedef struct FSB_OPTIONS {
    FSB_PROFILE Profile;
    ULONG IdleStreams;                         /* closed streams kept, with their contexts; 0: torn down in the last IRP_MJ_CLOSE */
    BOOLEAN ExactCaseOnly;                     /* no case-folded match even for case-insensitive opens */
    BOOLEAN ReadOnly;
    ULONGLONG MemoryLimit;                     /* memfs: bytes of data, 0 = 16 GiB */
    BOOLEAN HonourReadOnlyAttribute;           /* FILE_ATTRIBUTE_READONLY denies writing and deleting */
    BOOLEAN StrictDirectoryRename;             /* a directory with open descendants is renamed only with POSIX semantics */
    WCHAR DriveLetter;                         /* 0 = none */
    const WCHAR *Label;                        /* NULL = none */
    ULONG RootUid, RootGid;                    /* owner of a new memory volume's root */
} FSB_OPTIONS;

/* A name on its way to an object.  Paths: relative to the root, no leading '\', "" is the root. */
typedef struct FSB_RESOLVE {
    /* in */
    UNICODE_STRING Path;
    BOOLEAN CaseSensitive;
    BOOLEAN Light;                             /* attributes, renaming and deleting only: no descriptor needed yet */
    BOOLEAN Data;                              /* data of a file will be wanted at once: Prepare follows */
    BOOLEAN ById;
    ULONGLONG Id;
    struct iop_attachment *Attachment;         /* may be NULL */
    /* out */
    FSB_STAT Stat;
    UNICODE_STRING RealPath;                   /* as the store spells it; Buffer == Path.Buffer when it is the same, else owned */
    FSB_FCB *KeepFcb;                          /* a file whose last reference the store could not drop: the caller's */
    /* the store's: what it found, until adopted or abandoned; Resolve and Make initialise it */
    DECLSPEC_ALIGN(16) UCHAR StorePart[1088];
} FSB_RESOLVE;

typedef struct FSB_MAKE {
    ULONG Mode;                                /* with type bits */
    ULONG Uid, Gid;
    BOOLEAN SetOwner;
    ULONG DeviceMajor, DeviceMinor;
    const CHAR *Symlink;                       /* bytes, NUL-terminated */
    ULONG Attributes;                          /* FILE_ATTRIBUTE_* asked for */
} FSB_MAKE;

/* Attributes to set; only what Valid says. */
#define FSB_SET_MODE 0x01
#define FSB_SET_UID 0x02
#define FSB_SET_GID 0x04
#define FSB_SET_ACCESS 0x08
#define FSB_SET_WRITE 0x10
#define FSB_SET_CREATION 0x20
#define FSB_SET_CHANGE 0x40
#define FSB_SET_ATTRIBUTES 0x80
#define FSB_SET_ACCESS_NOW 0x100
#define FSB_SET_WRITE_NOW 0x200
#define FSB_SET_RDEV 0x400
typedef struct FSB_SET {
    ULONG Valid;
    ULONG Mode, Uid, Gid, Attributes, DeviceMajor, DeviceMinor;
    LONGLONG AccessTime, WriteTime, CreationTime, ChangeTime;          /* NT */
    UCHAR Sub100Access, Sub100Write;
} FSB_SET;

typedef struct FSB_DIRENT {
    WCHAR Name[FSB_MAX_NAME + 1];
    USHORT Characters;
} FSB_DIRENT;

typedef struct FSB_VOLUME_SIZES {
    ULONGLONG TotalUnits, FreeUnits, AvailableUnits;
    ULONG SectorsPerUnit, BytesPerSector;
    ULONG MaximumComponent, PreferredSize;
    ULONGLONG Files, FreeFiles;
    ULONGLONG ObjectId[2];
} FSB_VOLUME_SIZES;

#define FSB_RENAME_REPLACE 1
#define FSB_RENAME_POSIX 2
#define FSB_RENAME_IGNORE_READONLY 4
#define FSB_WRITE_APPEND 1
#define FSB_WRITE_THROUGH 2

/*
 * A store.  Every routine runs at PASSIVE_LEVEL with the volume's NameLock as said; NULL members are not supported.  Routines given an
 * attachment leave the host's errno there when they fail.
 */
struct FSB_STORE {
    const WCHAR *FileSystemName;
    ULONG FileSystemAttributes;
    ULONG FcbExtra;                            /* bytes of the store's in each FCB: FsbStorePart */
    BOOLEAN Streams;                           /* alternate data streams */

    /* NameLock shared.  OBJECT_NAME_NOT_FOUND: the directory is there; OBJECT_PATH_NOT_FOUND: it is not.
     * IO_REPARSE_TAG_NOT_HANDLED: the path goes through a reparse point.  Make: as Resolve, of an object that did not exist; OBJECT_NAME_COLLISION. */
    NTSTATUS (*Resolve)(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
    NTSTATUS (*Make)(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const FSB_MAKE *Make);
    VOID (*Abandon)(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
    /* Fcb->Lock.  Takes over what the resolution found; the FCB may have such a thing already.  Abandon is called in any case. */
    VOID (*Adopt)(FSB_FCB *Fcb, FSB_RESOLVE *Resolve);
    VOID (*Release)(FSB_FCB *Fcb);
    /* Fcb->Lock.  A link may keep a hint (Lcb->StoreHint) of where its name is; given up when the name changes or the link goes. */
    VOID (*AdoptLink)(FSB_LCB *Lcb, FSB_RESOLVE *Resolve);
    VOID (*ReleaseLink)(FSB_LCB *Lcb);
    /* Fcb->Lock, after Adopt.  The descriptor, buffers … that reading or writing needs. */
    NTSTATUS (*Prepare)(FSB_FCB *Fcb, FSB_RESOLVE *Resolve, BOOLEAN Write);
    /* Fcb->Lock.  Makes sure that the object survives the loss of its name. */
    VOID (*Pin)(FSB_FCB *Fcb, PCUNICODE_STRING Path);
    NTSTATUS (*PathOf)(FSB_FCB *Fcb, PWCH Buffer, USHORT *Bytes);      /* NameLock shared; Bytes in: room */

    NTSTATUS (*Query)(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment);
    NTSTATUS (*QueryName)(FSB_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, FSB_STAT *Stat, struct iop_attachment *Attachment);
    NTSTATUS (*Set)(FSB_FCB *Fcb, const FSB_SET *Set, struct iop_attachment *Attachment);

    NTSTATUS (*Read)(FSB_SCB *Scb, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done, struct iop_attachment *Attachment);
    NTSTATUS (*Write)(FSB_SCB *Scb, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG Flags, PULONG Done, struct iop_attachment *Attachment);
    NTSTATUS (*SetSize)(FSB_SCB *Scb, LONGLONG Size, struct iop_attachment *Attachment);
    NTSTATUS (*Allocate)(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment);
    NTSTATUS (*Zero)(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment);
    NTSTATUS (*NextRange)(FSB_SCB *Scb, LONGLONG *Offset, LONGLONG *Length);   /* STATUS_NO_MORE_ENTRIES */
    NTSTATUS (*Copy)(FSB_SCB *Source, LONGLONG From, FSB_SCB *Target, LONGLONG To, LONGLONG Length, LONGLONG *Done, struct iop_attachment *Attachment);
    NTSTATUS (*Flush)(FSB_SCB *Scb, BOOLEAN DataOnly, struct iop_attachment *Attachment);
    NTSTATUS (*FlushVolume)(FSB_VOLUME *Volume);

    NTSTATUS (*IsEmpty)(FSB_FCB *Fcb);         /* STATUS_DIRECTORY_NOT_EMPTY */
    /* NameLock shared.  Path must still lead to Fcb; *Left: links that remain.  Hint: a link of that path or NULL. */
    NTSTATUS (*Unlink)(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, PULONG Left, struct iop_attachment *Attachment);
    /* NameLock exclusive.  Path and Target are full paths; TargetDirectory is the open directory of Target or NULL. */
    NTSTATUS (*Rename)(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);
    NTSTATUS (*Link)(FSB_FCB *Fcb, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);

    /* One listing; a reader belongs to one open.  Next: STATUS_NO_MORE_FILES. */
    NTSTATUS (*DirOpen)(FSB_FCB *Fcb, PVOID *Reader);
    NTSTATUS (*DirNext)(FSB_FCB *Fcb, PVOID Reader, FSB_DIRENT *Entry);
    NTSTATUS (*DirStat)(FSB_FCB *Fcb, PVOID Reader, const WCHAR *Name, USHORT Characters, FSB_STAT *Stat);
    VOID (*DirClose)(FSB_FCB *Fcb, PVOID Reader);

    /* Names are bytes, NUL-terminated.  *Length in: room, out: bytes; BUFFER_OVERFLOW says how much; NONEXISTENT_EA_ENTRY. */
    NTSTATUS (*GetEa)(FSB_FCB *Fcb, const CHAR *Name, PVOID Value, PULONG Length, struct iop_attachment *Attachment);
    NTSTATUS (*SetEa)(FSB_FCB *Fcb, const CHAR *Name, const VOID *Value, ULONG Length, BOOLEAN Remove, struct iop_attachment *Attachment);
    NTSTATUS (*ListEa)(FSB_FCB *Fcb, CHAR *Names, PULONG Length, struct iop_attachment *Attachment);

    NTSTATUS (*GetReparse)(FSB_FCB *Fcb, PREPARSE_DATA_BUFFER Buffer, PULONG Length);
    NTSTATUS (*SetReparse)(FSB_FCB *Fcb, PCUNICODE_STRING Path, const REPARSE_DATA_BUFFER *Buffer, ULONG Length, struct iop_attachment *Attachment);
    NTSTATUS (*DeleteReparse)(FSB_FCB *Fcb, ULONG Tag);

    NTSTATUS (*Sizes)(FSB_VOLUME *Volume, FSB_VOLUME_SIZES *Sizes);
    NTSTATUS (*HostFile)(FSB_FCB *Fcb, PCUNICODE_STRING Path, struct iop_host_file *Out);
    NTSTATUS (*GetSecurity)(FSB_FCB *Fcb, PVOID Buffer, PULONG Length);
    NTSTATUS (*SetSecurity)(FSB_FCB *Fcb, const VOID *Descriptor, ULONG Length);

    /* Alternate streams.  Fcb->Lock.  OpenStream gives the store's handle for Scb->Stream. */
    NTSTATUS (*OpenStream)(FSB_FCB *Fcb, PCUNICODE_STRING Name, BOOLEAN MayExist, BOOLEAN Create, PVOID *Stream, PBOOLEAN Created);
    VOID (*CloseStream)(FSB_FCB *Fcb, PVOID Stream);
    VOID (*DeleteStream)(FSB_FCB *Fcb, PVOID Stream);
    /* Index 0 … ; the default stream has an empty name.  STATUS_NO_MORE_ENTRIES. */
    NTSTATUS (*EnumStream)(FSB_FCB *Fcb, ULONG Index, WCHAR *Name, USHORT *Characters, LONGLONG *Size, LONGLONG *Allocation);
    VOID (*Destroy)(FSB_VOLUME *Volume);       /* the store itself */
};

#define FSB_SHARDS 64
typedef struct FSB_SHARD {
    port_lock Lock;
    FSB_FCB **Buckets;
    ULONG Mask, Count;
} __attribute__((aligned(64))) FSB_SHARD;

struct FSB_VOLUME {
    /* constant after create */
    const FSB_STORE *Store;
    PVOID StoreVolume;
    PDEVICE_OBJECT RealDevice, VolumeDevice;
    FSB_OPTIONS Options;
    ULONG Number, Serial;
    LONGLONG CreationTime;
    FSB_SCB *VolumeScb;                        /* for volume opens; one reference */
    _Atomic(LONG) Forced;                      /* FSCTL_DISMOUNT_VOLUME: only clean-ups and closes are left; read with every request */
    port_rwlock NameLock __attribute__((aligned(64)));
    /* IdleLock */
    port_lock IdleLock;
    LIST_ENTRY Idle;
    ULONG IdleCount;
    WCHAR Label[32];
    USHORT LabelBytes;
    /* interlocked */
    _Atomic(LONG) Dismounted;
    _Atomic(LONG) Opens;                       /* CCBs */
    _Atomic(LONG) DeletesPending;
    /* change notification: notify.c */
    _Atomic(LONG) Watchers;                    /* handles with a notify structure */
    PNOTIFY_SYNC NotifySync;
    LIST_ENTRY NotifyList;
    port_lock EventLock;
    LIST_ENTRY Events;                         /* EventLock */
    _Atomic(uint32_t) EventWorker;             /* a work item reports them */
    FSB_SHARD Shards[FSB_SHARDS];
};

struct FSB_SCB {
    FSRTL_ADVANCED_FCB_HEADER Header;
    FAST_MUTEX FastMutex;
    SECTION_OBJECT_POINTERS Sections;
    ERESOURCE Resource;
    /* constant after create */
    FSB_FCB *Fcb;                              /* NULL: the volume itself */
    FSB_VOLUME *Volume;
    PVOID Stream;                              /* store's, alternate streams only */
    UNICODE_STRING Name;                       /* of an alternate stream, owned; empty = the default stream or a directory */
    BOOLEAN Inline;                            /* memory is part of the FCB's */
    struct FSB_LCB *Link;                      /* referenced: only opens by this name are of this SCB (H-09); NULL: by any name */
    PSHARE_ACCESS Share;                       /* Fcb->Lock: of the stream, which the SCBs of several names have together */
    _Atomic(LONG) References;
    _Atomic(BOOLEAN) Sized;                    /* somebody who has it open has set the header's sizes (FastMutex) */
    /* Fcb->Lock */
    LIST_ENTRY FcbLink;
    SHARE_ACCESS ShareAccess;
    LONG Handles;                              /* not cleaned up yet */
    BOOLEAN DeletePending;                     /* alternate streams */
    _Atomic(BOOLEAN) Deleted;
    FILE_LOCK FileLock;
    /* IdleLock */
    LIST_ENTRY IdleLink;
    BOOLEAN OnIdle;
};

struct FSB_FCB {
    /* constant after create */
    FSB_VOLUME *Volume;
    FSB_KEY Key;                               /* changes only in FsbFcbRekey */
    _Atomic(ULONG) Mode;                       /* type bits only */
    PVOID FileContexts;                        /* FSRTL per-file contexts */
    _Atomic(LONG) References;
    /* shard lock */
    FSB_FCB *HashNext;
    BOOLEAN Hashed;
    port_lock Lock;
    /* Lock */
    LIST_ENTRY Scbs, Lcbs;
    LONG Handles;
    _Atomic(BOOLEAN) Deleted;                  /* last link is gone */
    BOOLEAN InlineUsed;
    SHARE_ACCESS NamedShare;                   /* of the SCBs with a Link */
    FSB_SCB Main;                              /* memory of the first default-stream SCB */
};
#define FsbStorePart(Fcb) ((PVOID)((PUCHAR)(Fcb) + ((sizeof(FSB_FCB) + 15) & ~(SIZE_T)15)))

struct FSB_LCB {
    FSB_FCB *Fcb;
    /* Fcb->Lock */
    LIST_ENTRY FcbLink;
    LONG References;                           /* CCBs */
    LONG Handles;
    BOOLEAN DeletePending;
    BOOLEAN PosixDelete;
    BOOLEAN Removed;                           /* the name is gone; not in the list */
    BOOLEAN PathUnknown;                       /* opened by id: ask the store */
    BOOLEAN Unlinking;                         /* somebody's cleanup is taking the name away */
    BOOLEAN HintStale;                         /* the path was corrected: the hint is of the old one */
    BOOLEAN DeleteFromView;                    /* DeletePending came from view */
    LONG StoreHint;                            /* store's, 0 = none */
    UNICODE_STRING Path;                       /* owned if PathOwned, else behind this structure */
    BOOLEAN PathOwned;
};

#define FSB_CCB_DELETE_ON_CLOSE 0x1
#define FSB_CCB_TARGET_DIRECTORY 0x2
#define FSB_CCB_BY_ID 0x4
#define FSB_CCB_VOLUME 0x8
#define FSB_CCB_POSIX_DELETE 0x10              /* this handle's cleanup takes the name away */
#define FSB_CCB_CASE_SENSITIVE 0x20
#define FSB_CCB_CLEANED 0x40
#define FSB_CCB_WROTE 0x80
#define FSB_CCB_WATCHES 0x100                  /* asked for changes of its directory */
struct FSB_CCB {
    FSB_LCB *Lcb;                              /* NULL: volume */
    _Atomic(ULONG) Flags;
    ACCESS_MASK Granted;
    struct FSB_LISTING *Listing;               /* directories, from the first query on */
    port_lock ListingLock;
    ULONG EaIndex;                             /* ListingLock */
};

/* ---- volume.c ---- */
NTSTATUS FsbVolumeCreate(PDRIVER_OBJECT Driver, ULONG Number, const FSB_STORE *Store, PVOID StoreVolume, const FSB_OPTIONS *Options, FSB_VOLUME **Volume);
/* No opens may be left: STATUS_DEVICE_BUSY (of dismount: files still open). */
NTSTATUS FsbVolumeDelete(FSB_VOLUME *Volume);
uint64_t FsbFileNumber(const void *File);      /* vf_set_file_hook */
FSB_VOLUME *FsbVolumeOf(PDEVICE_OBJECT Device);                        /* real device or VDO of the driver */
/* Dispatch table, query-open; the control device, "\\<name>", by which legacy filters find the driver and its volumes. */
NTSTATUS FsbInitializeDriver(PDRIVER_OBJECT Driver, const WCHAR *ControlName);

/* ---- profile.c ---- */
BOOLEAN FsbProfileFind(const CHAR *Called, FSB_PROFILE *Profile);      /* "ntfs", "paging-file" …; FALSE: there is none */
VOID FsbProfileStream(const FSB_VOLUME *Volume, const FSB_FCB *Fcb, PFSRTL_ADVANCED_FCB_HEADER Header, BOOLEAN Directory);
ULONG FsbProfileDeviceType(const FSB_VOLUME *Volume);
ULONG FsbProfileFileSystemType(const FSB_VOLUME *Volume);              /* FLT_FILESYSTEM_TYPE */
const WCHAR *FsbProfileFileSystemName(const FSB_VOLUME *Volume);
ULONG FsbProfileAttributes(const FSB_VOLUME *Volume);
BOOLEAN FsbProfileHasStreams(const FSB_VOLUME *Volume);
BOOLEAN FsbProfileByName(const FSB_VOLUME *Volume);                     /* each name of a file has a stream object of its own (H-09) */

/* ---- fcb.c ---- */
/* Found or made; +1. */
NTSTATUS FsbFcbGet(FSB_VOLUME *Volume, const FSB_STAT *Stat, FSB_FCB **Fcb);
FSB_FCB *FsbFcbFind(FSB_VOLUME *Volume, const FSB_KEY *Key, BOOLEAN AnyGeneration);    /* +1 or NULL */
VOID FsbFcbReference(FSB_FCB *Fcb);
/* The file is another object now (a reparse point was set).  NameLock exclusive. */
VOID FsbFcbRekey(FSB_FCB *Fcb, const FSB_STAT *Stat);
VOID FsbFcbDereference(FSB_FCB *Fcb);
/* Calls back for every file in the table with one reference held and no lock; stops on FALSE.  The references go to *Deferred: the
 * last one may call drivers, so they are dropped with FsbDeferredRelease when no lock is held. */
typedef struct FSB_DEFERRED {
    struct FSB_DEFERRED *Next;
    ULONG Count;
    FSB_FCB *Fcbs[];
} FSB_DEFERRED;
VOID FsbFcbEnumerate(FSB_VOLUME *Volume, BOOLEAN (*Callback)(FSB_FCB *Fcb, PVOID Context), PVOID Context, FSB_DEFERRED **Deferred);
VOID FsbDeferredRelease(FSB_DEFERRED *Deferred);
NTSTATUS FsbScbGetLocked(FSB_FCB *Fcb, PCUNICODE_STRING StreamName, PVOID Stream, FSB_LCB *Link, FSB_SCB **Scb);
VOID FsbScbInitialize(FSB_SCB *Scb, FSB_VOLUME *Volume, FSB_FCB *Fcb, BOOLEAN Directory);
VOID FsbScbReference(FSB_SCB *Scb);
VOID FsbScbDereference(FSB_SCB *Scb);
VOID FsbScbCloseIdle(FSB_SCB *Scb);            /* a CCB's reference goes; the stream may become idle */
VOID FsbIdlePurge(FSB_VOLUME *Volume, FSB_FCB *Only);
NTSTATUS FsbLcbGetLocked(FSB_FCB *Fcb, PCUNICODE_STRING Path, BOOLEAN PathUnknown, FSB_LCB **Lcb);     /* +1 */
VOID FsbLcbDereference(FSB_LCB *Lcb);
NTSTATUS FsbLcbSetPathLocked(FSB_LCB *Lcb, PCUNICODE_STRING Path);
/* A private copy of a path; short ones stay on the stack. */
typedef struct FSB_PATH {
    UNICODE_STRING Name;
    PWCH Heap;
    WCHAR Inline[264];
} FSB_PATH;
VOID FsbPathInitialize(FSB_PATH *Path);
VOID FsbPathFree(FSB_PATH *Path);
NTSTATUS FsbPathRoom(FSB_PATH *Path, ULONG Bytes);                     /* MaximumLength at least Bytes; contents kept */
NTSTATUS FsbPathAppend(FSB_PATH *Path, PCUNICODE_STRING Component);    /* with a '\' between, if Path is not empty */
/* For a name that is about to be made: spells the directories before the last component as the store does, in place.  NameLock. */
NTSTATUS FsbPathRealParent(FSB_VOLUME *Volume, FSB_PATH *Path);
/* The link's path, NameLock at least shared: no rename is under way.  Refresh: as the store finds it now. */
NTSTATUS FsbLcbPath(FSB_LCB *Lcb, BOOLEAN Refresh, FSB_PATH *Path);

/* ---- cleanup.c ---- */
VOID FsbPendingLocked(FSB_LCB *Lcb, BOOLEAN Pending);
/* Takes the link's name away; NameLock is taken.  *Left: links that remain. */
NTSTATUS FsbUnlinkLcb(FSB_LCB *Lcb, PULONG Left, struct iop_attachment *Attachment);

/* ---- change.c ---- */
/* From view, on a file object of view's: the kernel above did what it asks for to its caches itself. */
BOOLEAN FsbFromView(PIRP Irp);
/* After a request that did not come from view; no lock is held. */
VOID FsbReportRequest(FSB_VOLUME *Volume, PIRP Irp, UCHAR Major);
/* The name at Path came, went or leads elsewhere. */
VOID FsbReportName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, ULONGLONG File);

/* ---- one routine per major ---- */
NTSTATUS FsbCreate(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbCleanup(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbClose(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbRead(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbWrite(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbFlush(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbQueryInformation(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbSetInformation(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbQueryEa(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbSetEa(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbQueryVolume(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbSetVolume(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbDirectoryControl(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbFileSystemControl(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbLockControl(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbQuerySecurity(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbSetSecurity(FSB_VOLUME *Volume, PIRP Irp);
NTSTATUS FsbQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query);

/* ---- shared ---- */
static inline FSB_SCB *FsbScbOf(PFILE_OBJECT FileObject) { return (FSB_SCB *)FileObject->FsContext; }
static inline FSB_CCB *FsbCcbOf(PFILE_OBJECT FileObject) { return (FSB_CCB *)FileObject->FsContext2; }
/* Requests on one file object run in parallel. */
static inline ULONG
FsbFileFlags(PFILE_OBJECT FileObject)
{
    return __atomic_load_n(&FileObject->Flags, __ATOMIC_RELAXED);
}
static inline VOID
FsbFileFlag(PFILE_OBJECT FileObject, ULONG Flag)
{
    if ((__atomic_load_n(&FileObject->Flags, __ATOMIC_RELAXED) & Flag) != Flag) {
        __atomic_fetch_or(&FileObject->Flags, Flag, __ATOMIC_RELAXED);
    }
}
static inline BOOLEAN FsbIsDirectory(const FSB_FCB *Fcb) { return Fcb != NULL && (Fcb->Mode & FSB_S_IFMT) == FSB_S_IFDIR; }
struct iop_attachment *FsbAttachment(PIRP Irp);
/* Data buffer of the IRP: the MDL's if there is one, then the system buffer of buffered I/O, then the user's.  NULL: none or not mappable. */
PVOID FsbDataBuffer(PIRP Irp);
/* What a query of this open sees: attributes of the file, sizes of the stream. */
NTSTATUS FsbQueryStat(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment);
/* After a change of data: drops set-id bits if the requestor says that they must go. */
VOID FsbKillSetId(FSB_SCB *Scb, struct iop_attachment *Attachment);
VOID FsbExactTimes(struct iop_attachment *Attachment, const FSB_STAT *Stat);
/* One information class out of a stat; used by query information and by query-open. */
NTSTATUS FsbFillStatClass(FSB_VOLUME *Volume, FILE_INFORMATION_CLASS Class, const FSB_STAT *Stat, PVOID Buffer, ULONG Length, PULONG Returned);
/* The handle's link or stream is going or gone. */
BOOLEAN FsbIsPending(PFILE_OBJECT FileObject);
BOOLEAN FsbIsGone(PFILE_OBJECT FileObject, FSB_SCB *Scb);
extern FAST_IO_DISPATCH FsbFastIoDispatch;      /* fastio.c */
NTSTATUS FsbFullName(PFILE_OBJECT FileObject, PWCH Buffer, ULONG Room, PULONG Bytes);   /* "\a\b:stream"; BUFFER_OVERFLOW: *Bytes needed */
NTSTATUS FsbSetEaList(FSB_FCB *Fcb, PFILE_FULL_EA_INFORMATION List, ULONG Length, BOOLEAN SkipLx, struct iop_attachment *Attachment, PULONG ErrorOffset);
BOOLEAN FsbLxEa(const FILE_FULL_EA_INFORMATION *Ea, FSB_SET *Set);     /* $LXUID … : adds to Set */
NTSTATUS FsbSetDisposition(PFILE_OBJECT FileObject, ULONG Flags, struct iop_attachment *Attachment);
NTSTATUS FsbRenameOrLink(PIRP Irp, PFILE_OBJECT FileObject, BOOLEAN Link, BOOLEAN Extended);
VOID FsbListingFree(FSB_CCB *Ccb, FSB_FCB *Fcb);
/* ---- notify.c ---- */
/* A change by name: told to those who watch the directory, by a worker; any locks may be held. */
VOID FsbNotify(FSB_VOLUME *Volume, PCUNICODE_STRING Path, ULONG Filter, ULONG Action);
VOID FsbNotifyRequest(FSB_VOLUME *Volume, PIRP Irp, UCHAR Major);      /* a request has succeeded that may change a file */
NTSTATUS FsbNotifyChange(FSB_VOLUME *Volume, PIRP Irp);                /* IRP_MN_NOTIFY_CHANGE_DIRECTORY: completes or keeps the IRP */
/* A directory was renamed: who watches it, or one below, goes on under its new name.  NameLock is held exclusively. */
VOID FsbNotifyMoved(FSB_VOLUME *Volume, PCUNICODE_STRING From, PCUNICODE_STRING To);
/* Completes what waits for changes in a directory that is to be deleted, if it is.  No locks held. */
VOID FsbNotifyDeleting(FSB_VOLUME *Volume, PFILE_OBJECT FileObject);
VOID FsbNotifyCleanup(FSB_VOLUME *Volume, PFILE_OBJECT FileObject);
NTSTATUS FsbNotifyStart(FSB_VOLUME *Volume);
VOID FsbNotifyWait(FSB_VOLUME *Volume);                                /* until no worker runs */
NTSTATUS FsbSplitName(PUNICODE_STRING Name, PUNICODE_STRING Stream, PBOOLEAN HasStream, PBOOLEAN TrailingBackslash);
USHORT FsbParentBytes(PCUNICODE_STRING Path);  /* bytes of the path without its last component and backslash */

#endif

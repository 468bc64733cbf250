/* SPDX-License-Identifier: MIT */
/*
 * view, inward header.
 *
 *   view.c      create, destroy, invalidation
 *   node.c      nodes and links: two sharded tables
 *   path.c      NT names from links, per-thread scratch memory
 *   call.c      one operation: requestor, attachment, opening a node
 *   stat.c      lookup, getattr, statfs       set.c     setattr
 *   open.c      open, create, release          data.c    read, write, sizes
 *   make.c      mkdir, mknod, symlink, tmpfile dir.c     readdir
 *   name.c      rename, link, unlink           xattr.c   extended attributes, readlink
 *   errmap.c    NTSTATUS to errno                  changed.c changes that the kernel did not ask for
 *
 * Objects.
 *
 *   VIEW_NODE   one NT file, found by file id           Count = kernel lookups + handles + links below it + callers
 *     Links     VIEW_LINK -> VIEW_LINK …                every live (parent, name), the most recent one first
 *     Handles   view_handle …                           each owns one FILE_OBJECT
 *
 * inv. 1  A node is in the id table while Hashed; a file that was just created never meets an older node with its id.
 * inv. 2  A link counts once in its parent's Count; it goes with the name or with its node, and is freed by RCU.
 * inv. 3  Names are built under RCU from the links alone, no lock.  A name that was overtaken by a rename is not found by the
 *         file system; then the next link is tried, and all again if View->Renames has moved on.
 *
 * Locks: link shard (VF_RANK_VIEW_TREE) > node (VF_RANK_VIEW_NODE); id shard > OrphanLock.  None is held over a request.
 */
#ifndef FB_VIEW_VIEWP_H
#define FB_VIEW_VIEWP_H

#include <ntifs.h>
#include <stdatomic.h>
#include <string.h>

#include "io/attach.h"
#include "io/iop.h"
#include "io/ntname.h"
#include "ob/obp.h"
#include "port/port.h"
#include "ps/psp.h"
#include "vf/ranks.h"
#include "view/view.h"

#define VIEW_SHARDS 64
#define VIEW_CHANGE_SLOTS 1024
#define VIEW_NAME_BYTES 255                    /* of one component, host side */
#define VIEW_NAME_CHARS 256
#define VIEW_TEMPORARY_PREFIX L".filterbed-tmp-"
#define VIEW_PATH_BYTES 65534                  /* the longest UNICODE_STRING */

/* Linux' numbers; POSIX headers are not for this side. */
enum {
    VIEW_O_ACCMODE = 3, VIEW_O_WRONLY = 1, VIEW_O_RDWR = 2, VIEW_O_EXEC = 040, VIEW_O_CREAT = 0100, VIEW_O_EXCL = 0200,
    VIEW_O_TRUNC = 01000, VIEW_O_APPEND = 02000, VIEW_O_DSYNC = 010000, VIEW_O_DIRECT = 040000, VIEW_O_NOATIME = 01000000,
    VIEW_O_SYNC = 04010000
};
enum { VIEW_S_IFMT = 0170000, VIEW_S_IFDIR = 0040000, VIEW_S_IFREG = 0100000, VIEW_S_IFLNK = 0120000, VIEW_S_IFCHR = 0020000,
       VIEW_S_IFBLK = 0060000, VIEW_S_IFIFO = 0010000, VIEW_S_IFSOCK = 0140000, VIEW_S_ISUID = 04000, VIEW_S_ISGID = 02000 };
enum {
    VIEW_EPERM = 1, VIEW_ENOENT = 2, VIEW_EINTR = 4, VIEW_EIO = 5, VIEW_ENXIO = 6, VIEW_E2BIG = 7, VIEW_EBADF = 9, VIEW_EAGAIN = 11,
    VIEW_ENOMEM = 12, VIEW_EACCES = 13, VIEW_EFAULT = 14, VIEW_EBUSY = 16, VIEW_EEXIST = 17, VIEW_EXDEV = 18, VIEW_ENODEV = 19,
    VIEW_ENOTDIR = 20, VIEW_EISDIR = 21, VIEW_EINVAL = 22, VIEW_ENFILE = 23, VIEW_EMFILE = 24, VIEW_ENOTTY = 25, VIEW_ETXTBSY = 26,
    VIEW_EFBIG = 27, VIEW_ENOSPC = 28, VIEW_EROFS = 30, VIEW_EMLINK = 31, VIEW_EPIPE = 32, VIEW_ERANGE = 34, VIEW_EDEADLK = 35,
    VIEW_ENAMETOOLONG = 36, VIEW_ENOSYS = 38, VIEW_ENOTEMPTY = 39, VIEW_ELOOP = 40, VIEW_ENODATA = 61, VIEW_ETIME = 62,
    VIEW_EOVERFLOW = 75, VIEW_EOPNOTSUPP = 95, VIEW_ENOBUFS = 105, VIEW_ETIMEDOUT = 110, VIEW_ECONNREFUSED = 111, VIEW_ESTALE = 116,
    VIEW_EDQUOT = 122, VIEW_ECANCELED = 125
};

/* Operations of the filter manager that interest shows beside the IRPs; <fltKernel.h> is not for this layer. */
enum {
    VIEW_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION = 0xff, VIEW_MJ_NETWORK_QUERY_OPEN = 0xf2, VIEW_MJ_QUERY_OPEN = 0xf9
};

typedef struct view VIEW;
typedef struct view_handle VIEW_HANDLE;

typedef struct VIEW_LINK {
    struct port_rcu_head Rcu;
    _Atomic(struct VIEW_LINK *) Next;          /* of the node; written under its lock, read under RCU */
    struct VIEW_LINK *HashNext;                /* link shard */
    ULONGLONG Hash;
    struct VIEW_NODE *Node;                    /* constant */
    struct VIEW_NODE *Parent;                  /* constant, counted */
    USHORT Bytes;
    WCHAR Name[];
} VIEW_LINK;

typedef struct VIEW_NODE {
    struct port_rcu_head Rcu;
    /* constant */
    ULONGLONG FileId, Generation;
    /* id shard */
    struct VIEW_NODE *HashNext;
    BOOLEAN Hashed;                            /* else on View->Orphans, under OrphanLock */
    struct VIEW_NODE *OrphanNext, **OrphanLink;
    /* interlocked */
    _Atomic(ULONGLONG) Count;
    _Atomic(ULONG) Mode;                       /* as last seen, 0 = never; type bits never change */
    _Atomic(BOOLEAN) Temporary;                /* O_TMPFILE without a name of its own */
    /* Lock */
    port_lock Lock;
    _Atomic(VIEW_LINK *) Links;                /* read under RCU */
    VIEW_HANDLE *Handles;
} VIEW_NODE;

typedef struct VIEW_LISTING {                  /* an open directory; Busy */
    PUCHAR Buffer;                             /* one batch of FILE_ID_BOTH_DIR_INFORMATION */
    ULONG Used;
    ULONG Offset;                              /* next entry in Buffer; Used = batch consumed */
    ULONGLONG Cookie;                          /* of the next entry */
    BOOLEAN Started, Ended;
} VIEW_LISTING;

struct view_handle {
    PFILE_OBJECT FileObject;                   /* one handle count, one reference */
    VIEW_NODE *Node;                           /* counted */
    VIEW_HANDLE *Next, **Link;                 /* node's Lock */
    ULONG Flags;                               /* O_* */
    ULONG IrpFlags;                            /* for reads and writes */
    UCHAR WriteFlags;                          /* SL_* of writes */
    BOOLEAN Directory;
    _Atomic(uint32_t) Busy;                    /* 0 free, 1 busy, 2 somebody waits: one listing call at a time */
    VIEW_LISTING Listing;
};

typedef struct VIEW_SHARD {
    port_lock Lock;
    ULONG Count, Mask;
    void **Buckets;
} VIEW_SHARD;

struct view {
    /* constant */
    ULONG Volume;
    PDEVICE_OBJECT RealDevice;                 /* referenced */
    PDEVICE_OBJECT VolumeDevice;
    ULONGLONG RootDevice;                      /* as struct iop_attachment says it */
    struct view_options Options;
    BOOLEAN Plain;                             /* the file system knows old information classes only: plain.c */
    struct view_callbacks Callbacks;
    WCHAR DeviceName[48];                      /* \Device\HarddiskVolume<n> */
    USHORT DeviceNameBytes;
    VIEW_NODE *Root;
    /* interlocked */
    _Atomic(ULONGLONG) Generation;
    _Atomic(ULONG) Renames;
    VIEW_SHARD Ids[VIEW_SHARDS], Names[VIEW_SHARDS];
    /* Changes by others, numbered; a slot has the number of the latest one to a file id that falls into it */
    _Atomic(ULONGLONG) Changes, AllChanged;
    _Atomic(ULONGLONG) Changed[VIEW_CHANGE_SLOTS];
    _Atomic(BOOLEAN) Untold;                   /* nobody tells of changes behind the mount any more */
    _Atomic(ULONG) Unwatched, UnwatchedSlots[VIEW_CHANGE_SLOTS];     /* files, in all and per slot */
    _Atomic(struct view *) NextView;           /* of those that hear of changes */
    /* OrphanLock: nodes whose id belongs to a newer file */
    port_lock OrphanLock;
    VIEW_NODE *Orphans;
};

/* Scratch memory of a thread; allocated at first use, freed with the thread. */
typedef struct VIEW_SCRATCH {
    struct VIEW_SCRATCH *Outer;
    UCHAR Path[VIEW_PATH_BYTES + 2];           /* name being opened */
    UCHAR Info[VIEW_PATH_BYTES + 1026];        /* rename and link information, EA lists, reparse data */
} VIEW_SCRATCH;

/* One request: who, exact values, result. */
typedef struct VIEW_CALL {
    VIEW *View;
    VIEW_SCRATCH *Scratch;
    PSP_REQUESTOR Requestor;
    struct iop_attachment Attach;
    IO_STATUS_BLOCK Io;
    ULONGLONG Began;                           /* View->Changes then */
} VIEW_CALL;

/* ---- node.c ---- */
static inline VIEW_NODE *
ViewNode(VIEW *View, view_node Node)
{
    return Node == VIEW_ROOT ? View->Root : (VIEW_NODE *)(ULONG_PTR)Node;
}
static inline view_node
ViewNodeId(VIEW *View, const VIEW_NODE *Node)
{
    return Node == View->Root ? VIEW_ROOT : (view_node)(ULONG_PTR)Node;
}
VIEW_NODE *ViewNodeCreate(VIEW *View, ULONGLONG FileId);
/* The node of a file, +1.  Fresh: the file was created just now.  NULL: no memory. */
VIEW_NODE *ViewNodeGet(VIEW *View, ULONGLONG FileId, ULONG Mode, BOOLEAN Fresh);
/* The node of a file, +1, if there is one. */
VIEW_NODE *ViewNodeFind(VIEW *View, ULONGLONG FileId);
VOID ViewNodeReference(VIEW_NODE *Node);
VOID ViewNodeRelease(VIEW *View, VIEW_NODE *Node, ULONGLONG Count);
/* Link is the name the file is known by now: added, or moved to the front; a link of another node by that name goes. */
BOOLEAN ViewLinkAdd(VIEW *View, VIEW_NODE *Node, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes);
VOID ViewLinkRemove(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes);
/* The node known by that name, +1, or NULL. */
VIEW_NODE *ViewLinkFind(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes);
VOID ViewHandleInsert(VIEW_HANDLE *Handle, VIEW_NODE *Node);
VOID ViewHandleRemove(VIEW_HANDLE *Handle);
/* Calls back for every node of the table, +1 meanwhile, no lock held. */
VOID ViewNodesEach(VIEW *View, VOID (*Callback)(VIEW *View, VIEW_NODE *Node, PVOID Context), PVOID Context);
VOID ViewTablesDestroy(VIEW *View);            /* closes handles, frees all nodes */

/* ---- path.c ---- */
VIEW_SCRATCH *ViewScratchGet(VOID);            /* NULL: no memory */
VOID ViewScratchPut(VIEW_SCRATCH *Scratch);
/* One component from the host.  0 or -errno. */
int ViewName(const char *Name, size_t Length, WCHAR *Buffer, USHORT *Bytes);
/* Name of Node by its Which-th link, with an optional component behind it; ends at the end of Buffer (Size bytes).
 * STATUS_OBJECT_NAME_NOT_FOUND: no such link; STATUS_NAME_TOO_LONG. */
NTSTATUS ViewPath(VIEW *View, VIEW_NODE *Node, ULONG Which, const WCHAR *Name, USHORT Bytes, PVOID Buffer, ULONG Size, PUNICODE_STRING Path);

/* ---- call.c ---- */
int ViewEnter(VIEW_CALL *Call, VIEW *View, const struct view_who *Who);   /* 0, or -ENOMEM and nothing to leave */
int ViewLeave(VIEW_CALL *Call, NTSTATUS Status);                          /* errno of it */
VOID ViewAttachReset(VIEW_CALL *Call);
typedef struct VIEW_OPEN {
    ACCESS_MASK Access;
    ULONG Disposition, Options;
    PVOID Ea;
    ULONG EaLength;
} VIEW_OPEN;
/* By name below Parent.  Opened objects are closed with IopCloseFile. */
NTSTATUS ViewOpenChild(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject);
/* By the most recent live link, else by file id. */
NTSTATUS ViewOpenNode(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject);
/* The same, but an open file object of the node serves if no name leads there any more.  *Borrowed: dereference, do not close. */
NTSTATUS ViewBorrowNode(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject, BOOLEAN *Borrowed);
/* … without trying names: they lead to another file now. */
NTSTATUS ViewBorrowUnnamed(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject, BOOLEAN *Borrowed);
/* A file object of the node, referenced, or NULL. */
PFILE_OBJECT ViewAnyFileObject(VIEW_NODE *Node, ACCESS_MASK Access);
NTSTATUS ViewShareFileObject(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject);
VOID ViewGiveBack(PFILE_OBJECT FileObject, BOOLEAN Borrowed);
NTSTATUS ViewQuery(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, BOOLEAN Below);
/* plain.c: what old file systems are asked instead. */
BOOLEAN ViewIsUnknownClass(NTSTATUS Status);
NTSTATUS ViewPlainStat(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat, BOOLEAN Below);
NTSTATUS ViewPlainSet(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target);
NTSTATUS ViewSet(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target);
NTSTATUS ViewControl(VIEW_CALL *Call, PFILE_OBJECT FileObject, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength);
/* A private control code to the base device, past all filters. */
NTSTATUS ViewPrivate(PFILE_OBJECT FileObject, ULONG Code, PVOID Output, ULONG Length);
BOOLEAN ViewIsNotFound(NTSTATUS Status);

/* ---- stat.c ---- */
VOID ViewAttrFromStat(VIEW_CALL *Call, VIEW_NODE *Node, const FILE_STAT_LX_INFORMATION *Stat, struct view_attr *Attr);
ULONG ViewStatMode(const FILE_STAT_LX_INFORMATION *Stat);
/* By name.  Below: past the stack. */
NTSTATUS ViewQueryOpen(VIEW_CALL *Call, const UNICODE_STRING *Path, BOOLEAN Below, FILE_STAT_LX_INFORMATION *Stat);
NTSTATUS ViewStatFile(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat);
NTSTATUS ViewStatReply(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat, uint64_t *Ttl);
/* How long the kernel may keep attributes and names, as long as nobody changes them. */
uint64_t ViewTtl(VIEW *View);
#define VIEW_DEFAULT_TTL 1000000000ull         /* where changes behind the mount are not told */
/* Majors that some filter observes. */
ULONGLONG ViewInterest(VIEW *View);
NTSTATUS ViewLookup(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, struct view_entry *Out);
/* The entry for a file object that was just opened or created by that name; *Node +1 (the lookup). */
NTSTATUS ViewEntryOfFile(VIEW_CALL *Call, PFILE_OBJECT FileObject, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, BOOLEAN Fresh,
                         struct view_entry *Out, VIEW_NODE **Node);

/* ---- changed.c ---- */
NTSTATUS ViewListen(VIEW *View);               /* begins to hear of changes */
VOID ViewListenEnd(VIEW *View);
/* Makes *Ttl right for a reply about a file: what changed since the call began may not be kept.  Parent: id or 0. */
VOID ViewTtlLimit(VIEW_CALL *Call, ULONGLONG FileId, ULONGLONG Parent, uint64_t *Ttl);
/* A name that a filter may have made another one of. */
VOID ViewDoubtName(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes);

/* ---- open.c ---- */
VOID ViewTranslateFlags(uint32_t Flags, VIEW_OPEN *Open);
int ViewHandleCreate(VIEW_CALL *Call, VIEW_NODE *Node, PFILE_OBJECT FileObject, uint32_t Flags, BOOLEAN Directory, VIEW_HANDLE **Handle);
VOID ViewHandleClose(VIEW *View, VIEW_HANDLE *Handle);
VOID ViewPresent(VIEW_CALL *Call, VIEW_HANDLE *Handle, struct view_open *Out);

/* ---- make.c ---- */
/* $LXMOD and $LXDEV for a create, into Buffer (at least 64 bytes, 4-aligned); returns the length. */
ULONG ViewLxEas(PVOID Buffer, ULONG Mode, BOOLEAN Device, uint64_t Rdev);
ULONG ViewEaAppend(PUCHAR Buffer, ULONG Used, ULONG *Last, const CHAR *Name, const VOID *Value, USHORT Length);

/* ---- errmap.c ---- */
int ViewErrno(NTSTATUS Status);                /* positive errno, 0 for success */
int ViewErrnoExact(NTSTATUS Status, const struct iop_attachment *Attach);

#endif

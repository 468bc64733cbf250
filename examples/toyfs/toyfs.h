/* SPDX-License-Identifier: MIT */
/*
 * toyfs: a file system that keeps its files in memory, small enough to be read in one sitting, and correct in what filters need of one.
 *
 *   FILE_OBJECT.FsContext  -> TOY_NODE   a file or directory, as long as it exists; begins with the advanced FCB header that contexts hang on
 *   FILE_OBJECT.FsContext2 -> TOY_CCB    one per open
 *
 * Read toyfs.c (load, mount, dispatch), node.c (the tree; where contexts are torn down), create.c (open and close), file.c (the rest).
 * Locking: one resource per volume.  Nothing is held while contexts are torn down: filters do what they like then.
 */
#ifndef TOYFS_H
#define TOYFS_H

#include <ntifs.h>

/* Two mistakes that file systems make, for the verifier to find: set one to 1. */
#define TOY_FORGETS_TEARDOWN 0
#define TOY_CLEARS_HEADER 0

#define TOY_TAG 'SFyT'
#define TOY_LARGEST 0x4000000

typedef struct TOY_NODE {
    FSRTL_ADVANCED_FCB_HEADER Header;
    FAST_MUTEX HeaderMutex;
    PVOID FileContexts;
    SECTION_OBJECT_POINTERS Sections;
    SHARE_ACCESS Share;
    ULONG FileObjects, Handles;
    BOOLEAN DeletePending, Unlinked;
    struct TOY_NODE *Parent;                   /* NULL: the root, or the volume itself; Unlinked and closed: the next to be freed */
    LIST_ENTRY Siblings, Children;
    UNICODE_STRING Name;
    FILE_NETWORK_OPEN_INFORMATION Info;        /* times, sizes, attributes */
    LONGLONG Index;
    PUCHAR Data;                               /* AllocationSize bytes, EndOfFile of them used */
} TOY_NODE;

typedef struct TOY_CCB {
    ULONG Next;                                /* entry of a directory */
    UNICODE_STRING Pattern;
    BOOLEAN Listed, DeleteOnClose;
    TOY_NODE *Gone;                            /* nobody has them open, nobody finds them: freed by the close */
} TOY_CCB;

typedef struct TOY_VOLUME {
    LIST_ENTRY Links;
    PDEVICE_OBJECT Device;
    ERESOURCE Resource;
    TOY_NODE *Root, *Itself;                   /* Itself: what an open without a name opens */
    LONGLONG LastIndex;
} TOY_VOLUME;

/* node.c; the volume's resource is held exclusive to change the tree, and not at all to free */
TOY_NODE *ToyNodeCreate(TOY_VOLUME *Volume, TOY_NODE *Parent, PCUNICODE_STRING Name, ULONG Attributes);
TOY_NODE *ToyNodeFind(TOY_NODE *Directory, PCUNICODE_STRING Name, BOOLEAN CaseSensitive);
NTSTATUS ToyNodeRename(TOY_NODE *Node, TOY_NODE *Directory, PCUNICODE_STRING Name);
NTSTATUS ToyNodeResize(TOY_NODE *Node, LONGLONG Size);
VOID ToyNodeUnlink(TOY_NODE *Node);
VOID ToyTreeFree(TOY_NODE *Node);

/* create.c, file.c: requests, with the volume's resource held; the status that they are completed with */
typedef NTSTATUS TOY_ROUTINE(PIRP Irp, PIO_STACK_LOCATION Stack);
TOY_ROUTINE ToyCreate, ToyCleanup, ToyClose, ToyTransfer, ToyQuery, ToySet, ToyQueryVolume, ToyDirectory;

#endif

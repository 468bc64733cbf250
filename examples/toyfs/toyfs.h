/* SPDX-License-Identifier: MIT */
/*
 * toyfs: a file system that keeps its files in memory, small enough to be read in one sitting, and correct in what filters need of one.
 *
 *   FILE_OBJECT.FsContext  -> TOY_FCB    one per open file or directory; begins with the advanced FCB header that contexts hang on
 *   FILE_OBJECT.FsContext2 -> TOY_CCB    one per open
 *   TOY_FCB -> TOY_NODE                  what is kept while nobody has it open
 *
 * Locking: one resource per volume, shared for what only looks.  Nothing is held while the contexts of a stream are torn down.
 */
#ifndef TOYFS_H
#define TOYFS_H

#include <ntifs.h>
#include <ntdddisk.h>

/* Two mistakes that file systems make, for the verifier to find: set one to 1. */
#define TOY_FORGETS_TEARDOWN 0
#define TOY_CLEARS_HEADER 0

#define TOY_TAG 'SFyT'
#define TOY_LABEL L"toy"
#define TOY_LARGEST 0x4000000u

typedef struct TOY_NODE {
    struct TOY_NODE *Parent;
    LIST_ENTRY Siblings, Children;
    struct TOY_FCB *Fcb;                       /* while it is open */
    UNICODE_STRING Name;
    ULONG Attributes;
    LARGE_INTEGER Created, Accessed, Written, Changed;
    LONGLONG Index;
    PUCHAR Data;
    ULONG Size, Capacity;
    BOOLEAN Unlinked;
} TOY_NODE;

typedef struct TOY_FCB {
    FSRTL_ADVANCED_FCB_HEADER Header;
    FAST_MUTEX HeaderMutex;
    PVOID FileContexts;
    SECTION_OBJECT_POINTERS Sections;
    FILE_LOCK Lock;
    SHARE_ACCESS Share;
    TOY_NODE *Node;                            /* NULL: the volume itself */
    ULONG FileObjects, Handles;
    BOOLEAN DeletePending;
} TOY_FCB;

typedef struct TOY_CCB {
    ULONG Next;                                /* entry of a directory */
    UNICODE_STRING Pattern;
    BOOLEAN Listed, DeleteOnClose;
} TOY_CCB;

typedef struct TOY_VOLUME {
    LIST_ENTRY Links;
    PDEVICE_OBJECT Device, Disk;
    PVPB Vpb;
    ERESOURCE Resource;
    TOY_NODE *Root;
    LONGLONG LastIndex;
} TOY_VOLUME;

/* toyfs.c */
PVOID ToyBuffer(PIRP Irp);

/* node.c: the tree; the volume's resource is held exclusive to change it */
TOY_NODE *ToyNodeCreate(TOY_VOLUME *Volume, TOY_NODE *Parent, PCUNICODE_STRING Name, ULONG Attributes);
TOY_NODE *ToyNodeFind(TOY_NODE *Directory, PCUNICODE_STRING Name, BOOLEAN CaseSensitive);
NTSTATUS ToyNodeRename(TOY_NODE *Node, TOY_NODE *Directory, PCUNICODE_STRING Name);
NTSTATUS ToyNodeResize(TOY_NODE *Node, ULONG Size);
VOID ToyNodeUnlink(TOY_NODE *Node);
VOID ToyNodeFree(TOY_NODE *Node);
VOID ToyTreeFree(TOY_NODE *Node);

/* create.c */
NTSTATUS ToyCreate(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToyCleanup(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToyClose(TOY_VOLUME *Volume, PIRP Irp);

/* file.c */
NTSTATUS ToyRead(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToyWrite(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToyQuery(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToySet(TOY_VOLUME *Volume, PIRP Irp);
ULONG ToyPath(TOY_NODE *Node, PWCH Buffer, ULONG Room);

/* volume.c */
NTSTATUS ToyMount(PDEVICE_OBJECT Control, PIRP Irp);
NTSTATUS ToyQueryVolume(TOY_VOLUME *Volume, PIRP Irp);
NTSTATUS ToyDirectory(TOY_VOLUME *Volume, PIRP Irp);
VOID ToyVolumesFree(VOID);

#endif

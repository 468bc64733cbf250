/* SPDX-License-Identifier: MIT */
/* memfs: the routines of the store (FSB_STORE), one per member. */
#ifndef FB_FS_MEMFS_MFSN_H
#define FB_FS_MEMFS_MFSN_H

#include "fs/memfs/mfsp.h"

/* name.c */
NTSTATUS MfsResolve(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
NTSTATUS MfsMake(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const FSB_MAKE *Make);
VOID MfsAbandon(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve);
VOID MfsAdopt(FSB_FCB *Fcb, FSB_RESOLVE *Resolve);
VOID MfsRelease(FSB_FCB *Fcb);
NTSTATUS MfsQueryName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, FSB_STAT *Stat, struct iop_attachment *Attachment);
NTSTATUS MfsUnlink(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, PULONG Left, struct iop_attachment *Attachment);
NTSTATUS MfsRename(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);
NTSTATUS MfsLink(FSB_FCB *Fcb, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment);
/* dir.c */
NTSTATUS MfsPathOf(FSB_FCB *Fcb, PWCH Buffer, USHORT *Bytes);
NTSTATUS MfsIsEmpty(FSB_FCB *Fcb);
NTSTATUS MfsDirOpen(FSB_FCB *Fcb, PVOID *Reader);
NTSTATUS MfsDirNext(FSB_FCB *Fcb, PVOID Opaque, FSB_DIRENT *Out);
NTSTATUS MfsDirStat(FSB_FCB *Fcb, PVOID Reader, const WCHAR *Name, USHORT Characters, FSB_STAT *Stat);
VOID MfsDirClose(FSB_FCB *Fcb, PVOID Reader);
/* meta.c */
NTSTATUS MfsMakeSymlink(MFS_NODE *Node, const CHAR *Target);
NTSTATUS MfsSet(FSB_FCB *Fcb, const FSB_SET *Set, struct iop_attachment *Attachment);
NTSTATUS MfsGetEa(FSB_FCB *Fcb, const CHAR *Name, PVOID Value, PULONG Length, struct iop_attachment *Attachment);
NTSTATUS MfsSetEa(FSB_FCB *Fcb, const CHAR *Name, const VOID *Value, ULONG Length, BOOLEAN Remove, struct iop_attachment *Attachment);
NTSTATUS MfsListEa(FSB_FCB *Fcb, CHAR *Names, PULONG Length, struct iop_attachment *Attachment);
NTSTATUS MfsGetReparse(FSB_FCB *Fcb, PREPARSE_DATA_BUFFER Buffer, PULONG Length);
NTSTATUS MfsSetReparse(FSB_FCB *Fcb, PCUNICODE_STRING Path, const REPARSE_DATA_BUFFER *Buffer, ULONG Length, struct iop_attachment *Attachment);
NTSTATUS MfsDeleteReparse(FSB_FCB *Fcb, ULONG Tag);
NTSTATUS MfsGetSecurity(FSB_FCB *Fcb, PVOID Buffer, PULONG Length);
NTSTATUS MfsSetSecurity(FSB_FCB *Fcb, const VOID *Descriptor, ULONG Length);
NTSTATUS MfsOpenStream(FSB_FCB *Fcb, PCUNICODE_STRING Name, BOOLEAN MayExist, BOOLEAN Create, PVOID *Stream, PBOOLEAN Created);
VOID MfsCloseStream(FSB_FCB *Fcb, PVOID Stream);
VOID MfsDeleteStream(FSB_FCB *Fcb, PVOID Stream);
NTSTATUS MfsEnumStream(FSB_FCB *Fcb, ULONG Index, WCHAR *Name, USHORT *Characters, LONGLONG *Size, LONGLONG *Allocation);

#endif

/* SPDX-License-Identifier: MIT */
/* hostfs: directories and extended attributes. */
#include "fs/hostfs/hfsp.h"
#include "io/ntname.h"

#define HFS_EACCES 13

NTSTATUS
HfsIsEmpty(FSB_FCB *Fcb)
{
    const int Anchor = HfsAnchor(Fcb);
    const int Result = Anchor < 0 ? Anchor : hostdir_is_empty(Anchor);
    if (Result == -HFS_EACCES) {
        return STATUS_SUCCESS;                 /* may be removed without being read: the host will tell */
    }
    return Result == 0 ? STATUS_DIRECTORY_NOT_EMPTY : HfsStatus(Result, NULL);
}

NTSTATUS
HfsDirOpen(FSB_FCB *Fcb, PVOID *Reader)
{
    hostdir_reader *Host = NULL;
    const int Anchor = HfsAnchor(Fcb);
    const int Result = Anchor < 0 ? Anchor : hostdir_reader_open(Anchor, &Host);
    *Reader = Host;
    return HfsStatus(Result, NULL);
}

NTSTATUS
HfsDirNext(FSB_FCB *Fcb, PVOID Reader, FSB_DIRENT *Entry)
{
    struct hostdir_entry Host;
    UNREFERENCED_PARAMETER(Fcb);
    for (;;) {
        ULONG Characters;
        const int Result = hostdir_reader_next(Reader, &Host);
        if (Result <= 0) {
            return Result == 0 ? STATUS_NO_MORE_FILES : HfsStatus(Result, NULL);
        }
        if (NT_SUCCESS(IopNameFromHost(Host.name, (ULONG)Host.length, Entry->Name, FSB_MAX_NAME, &Characters))) {
            Entry->Characters = (USHORT)Characters;
            return STATUS_SUCCESS;
        }
    }
}

NTSTATUS
HfsDirStat(FSB_FCB *Fcb, PVOID Reader, const WCHAR *Name, USHORT Characters, FSB_STAT *Stat)
{
    struct hostdir_stat Host;
    CHAR Bytes[FSB_MAX_NAME * 3 + 1];
    ULONG Length = 2;
    UNREFERENCED_PARAMETER(Reader);
    if (Characters == 2 && Name[0] == L'.' && Name[1] == L'.') {
        memcpy(Bytes, "..", 2);
    } else {
        const NTSTATUS Status = IopNameToHost(Name, Characters, Bytes, sizeof(Bytes) - 1, &Length);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Bytes[Length] = 0;
    const int Anchor = HfsAnchor(Fcb);
    int Result = Anchor < 0 ? Anchor : hostdir_stat_at(Anchor, Bytes, &Host);
    if (Result == -HFS_EACCES) {
        Result = Bytes[1] == '.' && Bytes[0] == '.' && Length == 2 ? hostdir_stat_fd(Anchor, &Host) : hostdir_entry_at(Anchor, Bytes, &Host);
    }
    if (Result < 0) {
        return HfsStatus(Result, NULL);
    }
    HfsStatFrom(&Host, Stat);
    return STATUS_SUCCESS;
}

VOID
HfsDirClose(FSB_FCB *Fcb, PVOID Reader)
{
    UNREFERENCED_PARAMETER(Fcb);
    hostdir_reader_close(Reader);
}

/* ---- extended attributes: the host's names as they are ---- */

static NTSTATUS
HfsEaStatus(int64_t Result, struct iop_attachment *Attachment)
{
    const NTSTATUS Status = HfsStatus((int)Result, Attachment);
    return Status == STATUS_NOT_SUPPORTED ? STATUS_EAS_NOT_SUPPORTED : Status;
}

NTSTATUS
HfsGetEa(FSB_FCB *Fcb, const CHAR *Name, PVOID Value, PULONG Length, struct iop_attachment *Attachment)
{
    CHAR Nothing;
    const int Anchor = HfsAnchor(Fcb);
    /* Size 0 would only ask for the size. */
    const int64_t Result = Anchor < 0 ? Anchor : hostdir_getxattr(HfsDirectoryOf(Fcb), Anchor, Name, *Length != 0 ? Value : &Nothing, *Length != 0 ? *Length : 1);
    if (Result < 0) {
        return HfsEaStatus(Result, Attachment);
    }
    if (Result > (int64_t)*Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    *Length = (ULONG)Result;
    return STATUS_SUCCESS;
}

NTSTATUS
HfsSetEa(FSB_FCB *Fcb, const CHAR *Name, const VOID *Value, ULONG Length, BOOLEAN Remove, struct iop_attachment *Attachment)
{
    const int Anchor = HfsAnchor(Fcb);
    unsigned How = 0;
    if (Anchor < 0) {
        return HfsStatus(Anchor, Attachment);
    }
    if (Remove) {
        return HfsEaStatus(hostdir_removexattr(HfsDirectoryOf(Fcb), Anchor, Name), Attachment);
    }
    if (Attachment != NULL) {
        How = ((Attachment->valid & IOP_ATTACH_EA_CREATE) ? HOSTDIR_XATTR_CREATE : 0) | ((Attachment->valid & IOP_ATTACH_EA_REPLACE) ? HOSTDIR_XATTR_REPLACE : 0);
    }
    return HfsEaStatus(hostdir_setxattr(HfsDirectoryOf(Fcb), Anchor, Name, Value, Length, How), Attachment);
}

NTSTATUS
HfsListEa(FSB_FCB *Fcb, CHAR *Names, PULONG Length, struct iop_attachment *Attachment)
{
    const int Anchor = HfsAnchor(Fcb);
    const int64_t Result = Anchor < 0 ? Anchor : hostdir_listxattr(HfsDirectoryOf(Fcb), Anchor, Names, *Length);
    if (Result < 0) {
        return HfsEaStatus(Result, Attachment);
    }
    *Length = (ULONG)Result;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* memfs: the driver, its volumes, and the data routines of the store. */
#include "fs/memfs/mfs.h"

#include "fs/memfs/mfsn.h"

#define MFS_DEFAULT_LIMIT (16ll << 30)
#define MFS_UNIT 4096

static PDRIVER_OBJECT MfsDriver;

/* ---- data ---- */

static NTSTATUS
MfsQuery(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    MfsNodeStat(MfsNodeOf(Scb->Fcb), Scb->Stream, Stat);
    return STATUS_SUCCESS;
}

static NTSTATUS
MfsRead(FSB_SCB *Scb, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    MfsTouchAccess(MfsNodeOf(Scb->Fcb));
    return MfsStreamRead(MfsStreamOf(Scb), Buffer, Length, Offset, Done);
}

static NTSTATUS
MfsWrite(FSB_SCB *Scb, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG Flags, PULONG Done, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    const NTSTATUS Status = MfsStreamWrite(MfsStreamOf(Scb), Buffer, Length, Offset, (Flags & FSB_WRITE_APPEND) != 0, Done);
    if (NT_SUCCESS(Status)) {
        MfsTouchWrite(MfsNodeOf(Scb->Fcb));
    }
    return Status;
}

static NTSTATUS
MfsSetSize(FSB_SCB *Scb, LONGLONG Size, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    const NTSTATUS Status = MfsStreamSetSize(MfsStreamOf(Scb), Size);
    if (NT_SUCCESS(Status)) {
        MfsTouchWrite(MfsNodeOf(Scb->Fcb));
    }
    return Status;
}

static NTSTATUS
MfsAllocate(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    return MfsStreamAllocate(MfsStreamOf(Scb), Offset, Length);
}

static NTSTATUS
MfsZero(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment)
{
    UNREFERENCED_PARAMETER(Attachment);
    MfsStreamZero(MfsStreamOf(Scb), Offset, Length);
    MfsTouchWrite(MfsNodeOf(Scb->Fcb));
    return STATUS_SUCCESS;
}

static NTSTATUS
MfsNextRange(FSB_SCB *Scb, LONGLONG *Offset, LONGLONG *Length)
{
    return MfsStreamNextRange(MfsStreamOf(Scb), Offset, Length);
}

static NTSTATUS
MfsCopy(FSB_SCB *Source, LONGLONG From, FSB_SCB *Target, LONGLONG To, LONGLONG Length, LONGLONG *Done, struct iop_attachment *Attachment)
{
    NTSTATUS Status = STATUS_SUCCESS;
    const PUCHAR Buffer = port_alloc(MFS_CHUNK);
    UNREFERENCED_PARAMETER(Attachment);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    while (NT_SUCCESS(Status) && *Done < Length) {
        const ULONG Part = Length - *Done < MFS_CHUNK ? (ULONG)(Length - *Done) : MFS_CHUNK;
        ULONG Got = 0, Put = 0;
        Status = MfsStreamRead(MfsStreamOf(Source), Buffer, Part, From + *Done, &Got);
        if (NT_SUCCESS(Status) && Got == 0) {
            Status = STATUS_END_OF_FILE;
        } else if (NT_SUCCESS(Status)) {
            Status = MfsStreamWrite(MfsStreamOf(Target), Buffer, Got, To + *Done, FALSE, &Put);
            *Done += Put;
        }
    }
    port_free(Buffer);
    if (*Done != 0) {
        MfsTouchWrite(MfsNodeOf(Target->Fcb));
    }
    return Status;
}

static NTSTATUS
MfsSizes(FSB_VOLUME *Volume, FSB_VOLUME_SIZES *Sizes)
{
    MFS_VOLUME *Memory = MfsVolumeOf(Volume);
    const LONGLONG Used = atomic_load(&Memory->Used);
    Sizes->TotalUnits = (ULONGLONG)Memory->Limit / MFS_UNIT;
    Sizes->FreeUnits = Sizes->AvailableUnits = (ULONGLONG)(Used < Memory->Limit ? Memory->Limit - Used : 0) / MFS_UNIT;
    Sizes->BytesPerSector = 512;
    Sizes->SectorsPerUnit = MFS_UNIT / 512;
    Sizes->MaximumComponent = FSB_MAX_NAME;
    Sizes->PreferredSize = MFS_UNIT;
    Sizes->Files = 1ull << 32;
    Sizes->FreeFiles = (1ull << 32) - (ULONGLONG)atomic_load(&Memory->Nodes);
    Sizes->ObjectId[0] = Volume->Serial;
    Sizes->ObjectId[1] = (ULONGLONG)Volume->CreationTime;
    return STATUS_SUCCESS;
}

/* ---- volumes ---- */

static VOID
MfsMemoryFree(MFS_VOLUME *Memory)
{
    MfsNodesFree(Memory);
    port_free(Memory);
}

static VOID
MfsDestroy(FSB_VOLUME *Volume)
{
    MfsMemoryFree(Volume->StoreVolume);
}

static const FSB_STORE MfsStore = {
    .FileSystemName = L"NTFS",
    .FileSystemAttributes = FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | FILE_PERSISTENT_ACLS |
                            FILE_SUPPORTS_SPARSE_FILES | FILE_SUPPORTS_REPARSE_POINTS | FILE_NAMED_STREAMS | FILE_SUPPORTS_HARD_LINKS |
                            FILE_SUPPORTS_EXTENDED_ATTRIBUTES | FILE_SUPPORTS_OPEN_BY_FILE_ID | FILE_RETURNS_CLEANUP_RESULT_INFO |
                            FILE_SUPPORTS_POSIX_UNLINK_RENAME,
    .FcbExtra = sizeof(MFS_FILE),
    .Streams = TRUE,
    .Resolve = MfsResolve,
    .Make = MfsMake,
    .Abandon = MfsAbandon,
    .Adopt = MfsAdopt,
    .Release = MfsRelease,
    .PathOf = MfsPathOf,
    .Query = MfsQuery,
    .QueryName = MfsQueryName,
    .Set = MfsSet,
    .Read = MfsRead,
    .Write = MfsWrite,
    .SetSize = MfsSetSize,
    .Allocate = MfsAllocate,
    .Zero = MfsZero,
    .NextRange = MfsNextRange,
    .Copy = MfsCopy,
    .IsEmpty = MfsIsEmpty,
    .Unlink = MfsUnlink,
    .Rename = MfsRename,
    .Link = MfsLink,
    .DirOpen = MfsDirOpen,
    .DirNext = MfsDirNext,
    .DirStat = MfsDirStat,
    .DirClose = MfsDirClose,
    .GetEa = MfsGetEa,
    .SetEa = MfsSetEa,
    .ListEa = MfsListEa,
    .GetReparse = MfsGetReparse,
    .SetReparse = MfsSetReparse,
    .DeleteReparse = MfsDeleteReparse,
    .Sizes = MfsSizes,
    .GetSecurity = MfsGetSecurity,
    .SetSecurity = MfsSetSecurity,
    .OpenStream = MfsOpenStream,
    .CloseStream = MfsCloseStream,
    .DeleteStream = MfsDeleteStream,
    .EnumStream = MfsEnumStream,
    .Destroy = MfsDestroy,
};

NTSTATUS
MfsVolumeCreate(ULONG Number, const FSB_OPTIONS *Options, PDEVICE_OBJECT *RealDevice)
{
    FSB_OPTIONS Own = {0};
    FSB_VOLUME *Volume;
    MFS_VOLUME *Memory = port_alloc_aligned(64, (sizeof(*Memory) + 63) & ~(SIZE_T)63);
    if (Memory == NULL || MfsDriver == NULL) {
        port_free(Memory);
        return MfsDriver == NULL ? STATUS_UNSUCCESSFUL : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Options != NULL) {
        Own = *Options;
    }
    Own.HonourReadOnlyAttribute = TRUE;
    Own.StrictDirectoryRename = TRUE;
    memset(Memory, 0, sizeof(*Memory));
    Memory->Number = Number;
    Memory->Limit = Own.MemoryLimit != 0 ? (LONGLONG)Own.MemoryLimit : MFS_DEFAULT_LIMIT;
    atomic_init(&Memory->NextInode, 1);
    Memory->Root = MfsNodeCreate(Memory, FSB_S_IFDIR | 0755);
    if (Memory->Root == NULL) {
        MfsMemoryFree(Memory);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Memory->Root->Links = 2;
    Memory->Root->Parent = Memory->Root;
    Memory->Root->Uid = Own.RootUid;
    Memory->Root->Gid = Own.RootGid;
    const NTSTATUS Status = FsbVolumeCreate(MfsDriver, Number, &MfsStore, Memory, &Own, &Volume);
    if (!NT_SUCCESS(Status)) {
        MfsMemoryFree(Memory);
        return Status;
    }
    *RealDevice = Volume->RealDevice;
    return STATUS_SUCCESS;
}

NTSTATUS
MfsVolumeDelete(PDEVICE_OBJECT RealDevice)
{
    return FsbVolumeDelete(FsbVolumeOf(RealDevice));
}

static NTSTATUS
MfsDriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    return FsbInitializeDriver(Driver, L"\\memfs");
}

NTSTATUS
MfsInitialize(VOID)
{
    return IopLoadDriver("memfs", MfsDriverEntry, NULL, NULL, TRUE, &MfsDriver);
}

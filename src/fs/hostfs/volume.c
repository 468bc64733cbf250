/* SPDX-License-Identifier: MIT */
/* hostfs: the driver, its volumes, and the conversions that all of it uses. */
#include "fs/hostfs/hfs.h"

#include "fs/hostfs/hfsp.h"
#include "io/ntname.h"

static PDRIVER_OBJECT HfsDriver;

/* ---- conversions ---- */

NTSTATUS
HfsPathFrom(PCUNICODE_STRING Path, HFS_PATH *Out)
{
    const ULONG Characters = Path->Length / sizeof(WCHAR);
    ULONG Capacity = sizeof(Out->Inline) - 1, Length;
    Out->Heap = NULL;
    Out->Text = Out->Inline;
    if (Characters == 0) {
        Out->Text[0] = 0;
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = IopPathToHost(Path->Buffer, Characters, Out->Text, Capacity, &Length);
    if (Status == STATUS_BUFFER_TOO_SMALL) {
        Capacity = Characters * 3;
        Out->Heap = Out->Text = port_alloc(Capacity + 1);
        if (Out->Text == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Status = IopPathToHost(Path->Buffer, Characters, Out->Text, Capacity, &Length);
    }
    if (!NT_SUCCESS(Status)) {
        HfsPathFree(Out);
        return Status;
    }
    Out->Text[Length] = 0;
    return STATUS_SUCCESS;
}

VOID
HfsPathFree(HFS_PATH *Path)
{
    port_free(Path->Heap);
    Path->Heap = NULL;
}

/* Linux' numbers; the POSIX header with their names is not for this side. */
static const struct { int Error; NTSTATUS Status; } HfsErrors[] = {
    {1, STATUS_ACCESS_DENIED},                 /* EPERM */
    {2, STATUS_OBJECT_NAME_NOT_FOUND},         /* ENOENT */
    {5, STATUS_IO_DEVICE_ERROR},               /* EIO */
    {6, STATUS_INVALID_DEVICE_REQUEST},        /* ENXIO */
    {7, STATUS_EA_TOO_LARGE},                  /* E2BIG */
    {9, STATUS_INVALID_HANDLE},                /* EBADF */
    {11, STATUS_RETRY},                        /* EAGAIN */
    {12, STATUS_INSUFFICIENT_RESOURCES},       /* ENOMEM */
    {13, STATUS_ACCESS_DENIED},                /* EACCES */
    {16, STATUS_DEVICE_BUSY},                  /* EBUSY */
    {17, STATUS_OBJECT_NAME_COLLISION},        /* EEXIST */
    {18, STATUS_NOT_SAME_DEVICE},              /* EXDEV */
    {20, STATUS_NOT_A_DIRECTORY},              /* ENOTDIR */
    {21, STATUS_FILE_IS_A_DIRECTORY},          /* EISDIR */
    {22, STATUS_INVALID_PARAMETER},            /* EINVAL */
    {23, STATUS_INSUFFICIENT_RESOURCES},       /* ENFILE */
    {24, STATUS_TOO_MANY_OPENED_FILES},        /* EMFILE */
    {26, STATUS_SHARING_VIOLATION},            /* ETXTBSY */
    {27, STATUS_FILE_TOO_LARGE},               /* EFBIG */
    {28, STATUS_DISK_FULL},                    /* ENOSPC */
    {30, STATUS_MEDIA_WRITE_PROTECTED},        /* EROFS */
    {31, STATUS_TOO_MANY_LINKS},               /* EMLINK */
    {34, STATUS_BUFFER_OVERFLOW},              /* ERANGE */
    {36, STATUS_OBJECT_NAME_INVALID},          /* ENAMETOOLONG */
    {38, STATUS_NOT_SUPPORTED},                /* ENOSYS */
    {39, STATUS_DIRECTORY_NOT_EMPTY},          /* ENOTEMPTY */
    {40, STATUS_IO_REPARSE_TAG_NOT_HANDLED},   /* ELOOP */
    {61, STATUS_NONEXISTENT_EA_ENTRY},         /* ENODATA */
    {95, STATUS_NOT_SUPPORTED},                /* EOPNOTSUPP */
    {116, STATUS_OBJECT_NAME_NOT_FOUND},       /* ESTALE */
    {122, STATUS_DISK_FULL},                   /* EDQUOT */
};

NTSTATUS
HfsStatus(int Result, struct iop_attachment *Attachment)
{
    if (Result >= 0) {
        return STATUS_SUCCESS;
    }
    if (Attachment != NULL) {
        Attachment->host_errno = -Result;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(HfsErrors); i++) {
        if (HfsErrors[i].Error == -Result) {
            return HfsErrors[i].Status;
        }
    }
    return STATUS_UNSUCCESSFUL;
}

static ULONG
HfsTagOf(ULONG Type)
{
    switch (Type) {
    case FSB_S_IFLNK: return IO_REPARSE_TAG_LX_SYMLINK;
    case FSB_S_IFSOCK: return IO_REPARSE_TAG_AF_UNIX;
    case FSB_S_IFIFO: return IO_REPARSE_TAG_LX_FIFO;
    case FSB_S_IFCHR: return IO_REPARSE_TAG_LX_CHR;
    case FSB_S_IFBLK: return IO_REPARSE_TAG_LX_BLK;
    default: return 0;
    }
}

VOID
HfsStatFrom(const struct hostdir_stat *Host, FSB_STAT *Stat)
{
    const ULONG Type = Host->mode & FSB_S_IFMT;
    Stat->Key.Device = Host->dev;
    Stat->Key.Inode = Host->ino;
    /* The host does not tell generations; an inode number that is used again has another time of birth. */
    Stat->Key.Generation = Host->has_btime ? (ULONGLONG)Host->btime.sec * 1000000000u + Host->btime.nsec : 0;
    Stat->CreationTime = port_unix_to_nt(Host->btime.sec, Host->btime.nsec);
    Stat->LastAccessTime = port_unix_to_nt(Host->atime.sec, Host->atime.nsec);
    Stat->LastWriteTime = port_unix_to_nt(Host->mtime.sec, Host->mtime.nsec);
    Stat->ChangeTime = port_unix_to_nt(Host->ctime.sec, Host->ctime.nsec);
    Stat->Sub100Creation = (UCHAR)(Host->btime.nsec % 100);
    Stat->Sub100Access = (UCHAR)(Host->atime.nsec % 100);
    Stat->Sub100Write = (UCHAR)(Host->mtime.nsec % 100);
    Stat->Sub100Change = (UCHAR)(Host->ctime.nsec % 100);
    Stat->Size = (LONGLONG)Host->size;
    Stat->Allocation = (LONGLONG)Host->blocks * 512;
    Stat->ReparseTag = HfsTagOf(Type);
    Stat->Attributes = Type == FSB_S_IFDIR ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE;
    Stat->Attributes |= Stat->ReparseTag != 0 ? FILE_ATTRIBUTE_REPARSE_POINT : 0;
    Stat->Attributes |= Type == FSB_S_IFREG && !(Host->mode & 0222) ? FILE_ATTRIBUTE_READONLY : 0;
    Stat->Links = Host->nlink;
    Stat->Mode = Host->mode;
    Stat->Uid = Host->uid;
    Stat->Gid = Host->gid;
    Stat->DeviceMajor = (ULONG)((Host->rdev >> 8 & 0xfff) | (Host->rdev >> 32 & ~0xfffull));
    Stat->DeviceMinor = (ULONG)((Host->rdev & 0xff) | (Host->rdev >> 12 & ~0xffull));
    Stat->BlockSize = Host->blksize;
    Stat->EaSize = 0;
}

BOOLEAN
HfsIsObject(FSB_FCB *Fcb, const struct hostdir_stat *Host)
{
    return Host->ino == Fcb->Key.Inode && Host->dev == Fcb->Key.Device;
}

/* ---- volumes ---- */

static NTSTATUS
HfsSizes(FSB_VOLUME *Volume, FSB_VOLUME_SIZES *Sizes)
{
    struct hostdir_statfs Host;
    const int Result = hostdir_statfs(HfsVolumeOf(Volume)->Directory, &Host);
    if (Result < 0) {
        return HfsStatus(Result, NULL);
    }
    Sizes->TotalUnits = Host.blocks;
    Sizes->FreeUnits = Host.bfree;
    Sizes->AvailableUnits = Host.bavail;
    Sizes->BytesPerSector = Host.frsize % 512 == 0 ? 512 : Host.frsize;
    Sizes->SectorsPerUnit = Host.frsize / Sizes->BytesPerSector;
    Sizes->MaximumComponent = Host.namelen;
    Sizes->PreferredSize = Host.bsize;
    Sizes->Files = Host.files;
    Sizes->FreeFiles = Host.ffree;
    Sizes->ObjectId[0] = Host.fsid;
    Sizes->ObjectId[1] = Volume->Serial;
    return STATUS_SUCCESS;
}

static NTSTATUS
HfsFlushVolume(FSB_VOLUME *Volume)
{
    return HfsStatus(hostdir_syncfs(HfsVolumeOf(Volume)->Directory), NULL);
}

static VOID
HfsDestroy(FSB_VOLUME *Volume)
{
    hostdir_destroy(HfsVolumeOf(Volume)->Directory);
    port_free(Volume->StoreVolume);
}

static const FSB_STORE HfsStore = {
    .FileSystemName = L"NTFS",
    .FileSystemAttributes = FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | FILE_SUPPORTS_SPARSE_FILES |
                            FILE_SUPPORTS_REPARSE_POINTS | FILE_SUPPORTS_HARD_LINKS | FILE_SUPPORTS_EXTENDED_ATTRIBUTES |
                            FILE_SUPPORTS_OPEN_BY_FILE_ID | FILE_RETURNS_CLEANUP_RESULT_INFO | FILE_SUPPORTS_POSIX_UNLINK_RENAME,
    .FcbExtra = sizeof(HFS_FILE),
    .Resolve = HfsResolve,
    .Make = HfsMake,
    .Abandon = HfsAbandon,
    .Adopt = HfsAdopt,
    .Release = HfsRelease,
    .AdoptLink = HfsAdoptLink,
    .ReleaseLink = HfsReleaseLink,
    .Prepare = HfsPrepare,
    .Pin = HfsPin,
    .PathOf = HfsPathOf,
    .Query = HfsQuery,
    .QueryName = HfsQueryName,
    .Set = HfsSet,
    .Read = HfsRead,
    .Write = HfsWrite,
    .SetSize = HfsSetSize,
    .Allocate = HfsAllocate,
    .Zero = HfsZero,
    .NextRange = HfsNextRange,
    .Copy = HfsCopy,
    .Flush = HfsFlush,
    .FlushVolume = HfsFlushVolume,
    .IsEmpty = HfsIsEmpty,
    .Unlink = HfsUnlink,
    .Rename = HfsRename,
    .Link = HfsLink,
    .DirOpen = HfsDirOpen,
    .DirNext = HfsDirNext,
    .DirStat = HfsDirStat,
    .DirClose = HfsDirClose,
    .GetEa = HfsGetEa,
    .SetEa = HfsSetEa,
    .ListEa = HfsListEa,
    .GetReparse = HfsGetReparse,
    .SetReparse = HfsSetReparse,
    .Sizes = HfsSizes,
    .HostFile = HfsHostFile,
    .Destroy = HfsDestroy,
};

NTSTATUS
HfsVolumeCreate(ULONG Number, int DirectoryFd, const FSB_OPTIONS *Options, PDEVICE_OBJECT *RealDevice)
{
    FSB_VOLUME *Volume;
    HFS_VOLUME *Host = port_alloc_zeroed(sizeof(*Host));
    if (Host == NULL || HfsDriver == NULL) {
        port_free(Host);
        return HfsDriver == NULL ? STATUS_UNSUCCESSFUL : STATUS_INSUFFICIENT_RESOURCES;
    }
    const int Result = hostdir_create(&Host->Directory, DirectoryFd);
    NTSTATUS Status = HfsStatus(Result, NULL);
    if (NT_SUCCESS(Status)) {
        hostdir_identity(&Host->Uid, &Host->Gid);
        Status = FsbVolumeCreate(HfsDriver, Number, &HfsStore, Host, Options, &Volume);
    }
    if (!NT_SUCCESS(Status)) {
        hostdir_destroy(Host->Directory);
        port_free(Host);
        return Status;
    }
    *RealDevice = Volume->RealDevice;
    return STATUS_SUCCESS;
}

NTSTATUS
HfsVolumeDelete(PDEVICE_OBJECT RealDevice)
{
    return FsbVolumeDelete(FsbVolumeOf(RealDevice));
}

static NTSTATUS
HfsDriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    return FsbInitializeDriver(Driver, L"\\hostfs");
}

NTSTATUS
HfsInitialize(VOID)
{
    return IopLoadDriver("hostfs", HfsDriverEntry, NULL, NULL, TRUE, &HfsDriver);
}

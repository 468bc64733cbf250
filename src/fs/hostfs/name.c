/* SPDX-License-Identifier: MIT */
/*
 * hostfs: names to host objects.
 *
 * How much is opened depends on what the create is for:
 *   light   only the directory of the name, and a stat in it: nothing stays open
 *   data    the same; HfsPrepare then opens the file in that directory
 *   else    a location (O_PATH), which the file keeps
 */
#include "fs/hostfs/hfsp.h"
#include "io/ntname.h"

#define HFS_ENOENT 2
#define HFS_EEXIST 17
#define HFS_ENOTDIR 20

static VOID
HfsFoundInitialize(HFS_FOUND *Found)
{
    Found->Descriptor = Found->Parent = -1;
    Found->ParentOwned = FALSE;
    Found->New = FALSE;
    Found->Name = NULL;
    Found->Path.Heap = NULL;
}

VOID
HfsAbandon(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve)
{
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    UNREFERENCED_PARAMETER(Volume);
    hostdir_close(Found->Descriptor);
    if (Found->ParentOwned) {
        hostdir_close(Found->Parent);
    }
    HfsPathFree(&Found->Path);
    HfsFoundInitialize(Found);
}

/* A failure before the last component means that its directory is not there. */
static NTSTATUS
HfsParentStatus(int Result, struct iop_attachment *Attachment)
{
    const NTSTATUS Status = HfsStatus(Result, Attachment);
    return Result == -HFS_ENOENT || Result == -HFS_ENOTDIR ? STATUS_OBJECT_PATH_NOT_FOUND : Status;
}

/* ---- without case ---- */

typedef struct HFS_FOLD {
    const WCHAR *Name;
    ULONG Characters;
} HFS_FOLD;

static bool
HfsFoldEqual(void *Context, const char *Name, size_t Length)
{
    const HFS_FOLD *Fold = Context;
    WCHAR Candidate[FSB_MAX_NAME];
    ULONG Characters;
    if (!NT_SUCCESS(IopNameFromHost(Name, (ULONG)Length, Candidate, RTL_NUMBER_OF(Candidate), &Characters)) || Characters != Fold->Characters) {
        return false;
    }
    for (ULONG i = 0; i < Characters; i++) {
        if (Candidate[i] != Fold->Name[i] && RtlUpcaseUnicodeChar(Candidate[i]) != RtlUpcaseUnicodeChar(Fold->Name[i])) {
            return false;
        }
    }
    return true;
}

/* The component as the host spells it, into Host: exact if there is such a name, else the first that folds equal. */
static int
HfsFoldComponent(int Directory, const WCHAR *Name, ULONG Characters, CHAR *Host, ULONG Size)
{
    struct hostdir_stat Stat;
    HFS_FOLD Fold = {.Name = Name, .Characters = Characters};
    ULONG Length;
    if (!NT_SUCCESS(IopNameToHost(Name, Characters, Host, Size - 1, &Length))) {
        return -22;
    }
    Host[Length] = 0;
    const int Result = hostdir_stat_at(Directory, Host, &Stat);
    return Result == -HFS_ENOENT ? hostdir_find(Directory, HfsFoldEqual, &Fold, Host, Size) : Result;
}

/* Spells the whole path as the host does.  Out is the caller's to free with FsbPathFree, also on failure. */
static NTSTATUS
HfsFoldPath(struct hostdir *Directory, PCUNICODE_STRING Path, FSB_PATH *Out)
{
    const ULONG Characters = Path->Length / sizeof(WCHAR);
    int At = hostdir_root(Directory);
    NTSTATUS Status = STATUS_SUCCESS;
    for (ULONG Start = 0, End; NT_SUCCESS(Status) && Start <= Characters; Start = End + 1) {
        CHAR Host[1024];
        WCHAR Real[FSB_MAX_NAME];
        UNICODE_STRING Component = {.Buffer = Real};
        ULONG Length;
        for (End = Start; End < Characters && Path->Buffer[End] != L'\\'; End++) {
        }
        int Result = HfsFoldComponent(At, Path->Buffer + Start, End - Start, Host, sizeof(Host));
        const int Before = At;
        if (Result >= 0 && End < Characters) {
            Result = hostdir_open(Directory, Before, Host, &At);
        }
        if (Before != hostdir_root(Directory)) {
            hostdir_close(Before);
            At = At == Before ? hostdir_root(Directory) : At;
        }
        if (Result < 0) {
            Status = End < Characters ? HfsParentStatus(Result, NULL) : HfsStatus(Result, NULL);
            break;
        }
        Status = IopNameFromHost(Host, (ULONG)strlen(Host), Real, RTL_NUMBER_OF(Real), &Length);
        if (NT_SUCCESS(Status)) {
            Component.Length = Component.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
            Status = FsbPathAppend(Out, &Component);
        }
    }
    if (At != hostdir_root(Directory)) {
        hostdir_close(At);
    }
    return Status;
}

/* ---- resolving ---- */

static NTSTATUS
HfsTakeLocation(FSB_RESOLVE *Resolve, int Descriptor)
{
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    struct hostdir_stat Host;
    const int Result = hostdir_stat_fd(Descriptor, &Host);
    if (Result < 0) {
        hostdir_close(Descriptor);
        return HfsStatus(Result, Resolve->Attachment);
    }
    Found->Descriptor = Descriptor;
    HfsStatFrom(&Host, &Resolve->Stat);
    return STATUS_SUCCESS;
}

/* The directory stays open for HfsPrepare; what is no regular file is opened as a location instead. */
static NTSTATUS
HfsResolveInParent(struct hostdir *Directory, FSB_RESOLVE *Resolve)
{
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    struct hostdir_stat Host;
    bool Owned;
    int Descriptor;
    int Result = hostdir_parent(Directory, hostdir_root(Directory), Found->Path.Text, &Found->Parent, &Found->Name, &Owned);
    if (Result < 0) {
        Found->Parent = -1;
        return HfsParentStatus(Result, Resolve->Attachment);
    }
    Found->ParentOwned = Owned;
    Result = hostdir_stat_at(Found->Parent, Found->Name, &Host);
    if (Result < 0) {
        return HfsStatus(Result, Resolve->Attachment);
    }
    HfsStatFrom(&Host, &Resolve->Stat);
    if (Resolve->Light || (Host.mode & FSB_S_IFMT) == FSB_S_IFREG) {
        return STATUS_SUCCESS;
    }
    Result = hostdir_open(Directory, Found->Parent, Found->Name, &Descriptor);
    return Result < 0 ? HfsStatus(Result, Resolve->Attachment) : HfsTakeLocation(Resolve, Descriptor);
}

static NTSTATUS
HfsResolveLocation(struct hostdir *Directory, FSB_RESOLVE *Resolve)
{
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    int Descriptor, Parent;
    const char *Name;
    bool Owned;
    int Result = hostdir_open(Directory, hostdir_root(Directory), Found->Path.Text, &Descriptor);
    if (Result >= 0) {
        return HfsTakeLocation(Resolve, Descriptor);
    }
    if (Result != -HFS_ENOENT) {
        return Result == -HFS_ENOTDIR ? HfsParentStatus(Result, Resolve->Attachment) : HfsStatus(Result, Resolve->Attachment);
    }
    /* Which of the components is missing? */
    const NTSTATUS Status = HfsStatus(Result, Resolve->Attachment);
    Result = hostdir_parent(Directory, hostdir_root(Directory), Found->Path.Text, &Parent, &Name, &Owned);
    if (Result < 0) {
        return HfsParentStatus(Result, Resolve->Attachment);
    }
    if (Owned) {
        hostdir_close(Parent);
    }
    return Status;
}

static NTSTATUS
HfsResolveExact(FSB_VOLUME *Volume, PCUNICODE_STRING Path, FSB_RESOLVE *Resolve)
{
    struct hostdir *Directory = HfsVolumeOf(Volume)->Directory;
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    HfsFoundInitialize(Found);
    NTSTATUS Status = HfsPathFrom(Path, &Found->Path);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Path->Length != 0 && (Resolve->Light || Resolve->Data) ? HfsResolveInParent(Directory, Resolve) : HfsResolveLocation(Directory, Resolve);
    if (!NT_SUCCESS(Status)) {
        HfsAbandon(Volume, Resolve);
    }
    return Status;
}

/* An inode number: of an open file, else by handle where the host lets us. */
static NTSTATUS
HfsResolveById(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve)
{
    struct hostdir *Directory = HfsVolumeOf(Volume)->Directory;
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    struct hostdir_stat Root;
    int Descriptor = -1;
    HfsFoundInitialize(Found);
    int Result = hostdir_stat_fd(hostdir_root(Directory), &Root);
    if (Result < 0) {
        return HfsStatus(Result, Resolve->Attachment);
    }
    const FSB_KEY Key = {.Device = Root.dev, .Inode = Resolve->Id};
    if (Root.ino == Resolve->Id) {
        Result = hostdir_open(Directory, hostdir_root(Directory), "", &Descriptor);
    } else {
        FSB_FCB *Fcb = FsbFcbFind(Volume, &Key, TRUE);
        const int Anchor = Fcb == NULL ? -HFS_ENOENT : HfsAnchor(Fcb);
        Result = Anchor < 0 ? Anchor : hostdir_duplicate(Directory, Anchor, &Descriptor);
        if (Fcb != NULL) {
            Resolve->KeepFcb = Fcb;            /* dropped by the create when no lock is held */
        }
    }
    if (Result < 0) {
        CHAR Path[4096];
        Result = hostdir_open_by_id(Directory, Resolve->Id, &Descriptor, Path, sizeof(Path));
    }
    if (Result < 0) {
        HfsStatus(Result, Resolve->Attachment);
        return STATUS_INVALID_PARAMETER;       /* what NTFS says of an identifier that leads nowhere */
    }
    return HfsTakeLocation(Resolve, Descriptor);
}

NTSTATUS
HfsResolve(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve)
{
    if (Resolve->ById) {
        Resolve->RealPath.Buffer = NULL;
        return HfsResolveById(Volume, Resolve);
    }
    Resolve->RealPath = Resolve->Path;
    NTSTATUS Status = HfsResolveExact(Volume, &Resolve->Path, Resolve);
    if (Resolve->CaseSensitive || (Status != STATUS_OBJECT_NAME_NOT_FOUND && Status != STATUS_OBJECT_PATH_NOT_FOUND)) {
        return Status;
    }
    FSB_PATH Real;
    FsbPathInitialize(&Real);
    const NTSTATUS Folded = HfsFoldPath(HfsVolumeOf(Volume)->Directory, &Resolve->Path, &Real);
    if (NT_SUCCESS(Folded)) {
        Status = HfsResolveExact(Volume, &Real.Name, Resolve);
        const PWCH Copy = NT_SUCCESS(Status) ? port_alloc(Real.Name.Length + sizeof(WCHAR)) : NULL;
        if (NT_SUCCESS(Status) && Copy == NULL) {
            HfsAbandon(Volume, Resolve);
            Status = STATUS_INSUFFICIENT_RESOURCES;
        }
        if (NT_SUCCESS(Status)) {
            memcpy(Copy, Real.Name.Buffer, Real.Name.Length);
            Resolve->RealPath = (UNICODE_STRING){.Buffer = Copy, .Length = Real.Name.Length, .MaximumLength = Real.Name.Length};
        }
    } else if (Status == STATUS_OBJECT_PATH_NOT_FOUND && Folded == STATUS_OBJECT_NAME_NOT_FOUND) {
        Status = Folded;
    }
    FsbPathFree(&Real);
    return Status;
}

/* ---- making ---- */

/* Another name that folds equal is there?  FoldLock. */
static BOOLEAN
HfsFoldCollides(FSB_VOLUME *Volume, PCUNICODE_STRING Path)
{
    FSB_PATH Real;
    FsbPathInitialize(&Real);
    const NTSTATUS Status = HfsFoldPath(HfsVolumeOf(Volume)->Directory, Path, &Real);
    FsbPathFree(&Real);
    return NT_SUCCESS(Status);
}

static int
HfsMakeOnHost(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const struct hostdir_make *What, struct hostdir_stat *Made)
{
    HFS_VOLUME *Host = HfsVolumeOf(Volume);
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    if (Resolve->CaseSensitive) {
        return hostdir_make(Host->Directory, hostdir_root(Host->Directory), Found->Path.Text, What, &Found->Descriptor, Made);
    }
    port_lock_acquire(&Host->FoldLock);
    int Result = -HFS_EEXIST;
    if (!HfsFoldCollides(Volume, &Resolve->Path)) {
        Result = hostdir_make(Host->Directory, hostdir_root(Host->Directory), Found->Path.Text, What, &Found->Descriptor, Made);
    }
    port_lock_release(&Host->FoldLock);
    return Result;
}

NTSTATUS
HfsMake(FSB_VOLUME *Volume, FSB_RESOLVE *Resolve, const FSB_MAKE *Make)
{
    const HFS_VOLUME *Host = HfsVolumeOf(Volume);
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    struct hostdir_stat Made;
    HfsFoundInitialize(Found);
    Resolve->RealPath = Resolve->Path;
    NTSTATUS Status = HfsPathFrom(&Resolve->Path, &Found->Path);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const struct hostdir_make What = {
        .mode = Make->Mode,
        .rdev = (uint64_t)(Make->DeviceMajor & 0xfff) << 8 | (uint64_t)(Make->DeviceMajor & ~0xfffu) << 32 | (Make->DeviceMinor & 0xff) | (uint64_t)(Make->DeviceMinor & ~0xffu) << 12,
        .symlink = Make->Symlink,
        .set_owner = Make->SetOwner && Host->Uid == 0 && (Make->Uid != Host->Uid || Make->Gid != Host->Gid),
        .uid = Make->Uid,
        .gid = Make->Gid,
    };
    const int Result = HfsMakeOnHost(Volume, Resolve, &What, &Made);
    if (Result < 0) {
        Found->Descriptor = -1;
        HfsAbandon(Volume, Resolve);
        return HfsParentStatus(Result, Resolve->Attachment);
    }
    Found->New = (Make->Mode & FSB_S_IFMT) == FSB_S_IFREG;
    HfsStatFrom(&Made, &Resolve->Stat);
    return STATUS_SUCCESS;
}

/* ---- attributes by name ---- */

NTSTATUS
HfsQueryName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, BOOLEAN CaseSensitive, FSB_STAT *Stat, struct iop_attachment *Attachment)
{
    FSB_RESOLVE Resolve;
    if (Path->Length == 0) {
        struct hostdir_stat Host;
        const int Result = hostdir_stat_fd(hostdir_root(HfsVolumeOf(Volume)->Directory), &Host);
        if (Result >= 0) {
            HfsStatFrom(&Host, Stat);
        }
        return HfsStatus(Result, Attachment);
    }
    memset(&Resolve, 0, offsetof(FSB_RESOLVE, StorePart));
    Resolve.Path = *Path;
    Resolve.CaseSensitive = CaseSensitive;
    Resolve.Light = TRUE;
    Resolve.Attachment = Attachment;
    const NTSTATUS Status = HfsResolve(Volume, &Resolve);
    if (NT_SUCCESS(Status)) {
        *Stat = Resolve.Stat;
        HfsAbandon(Volume, &Resolve);
        if (Resolve.RealPath.Buffer != Path->Buffer) {
            port_free(Resolve.RealPath.Buffer);
        }
    }
    return Status;
}

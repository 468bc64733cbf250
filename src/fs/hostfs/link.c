/* SPDX-License-Identifier: MIT */
/* hostfs: removing, renaming and linking names; symbolic links as reparse points. */
#include "fs/hostfs/hfsp.h"
#include "io/ntname.h"

#define HFS_ESTALE 116

/* A name taken apart: the directory's descriptor and the component in it. */
typedef struct HFS_PLACE {
    HFS_PATH Path;
    int Parent;
    bool Owned;
    const char *Name;
} HFS_PLACE;

static const CHAR *
HfsLastComponent(const CHAR *Path)
{
    const CHAR *Name = Path;
    for (const CHAR *At = Path; *At != 0; At++) {
        Name = *At == '/' ? At + 1 : Name;
    }
    return Name;
}

static int
HfsPlaceOpen(struct hostdir *Directory, PCUNICODE_STRING Path, FSB_FCB *ParentFcb, HFS_PLACE *Place)
{
    Place->Path.Heap = NULL;
    Place->Owned = false;
    if (!NT_SUCCESS(HfsPathFrom(Path, &Place->Path))) {
        return -22;
    }
    if (ParentFcb != NULL) {
        Place->Name = HfsLastComponent(Place->Path.Text);
        Place->Parent = HfsAnchor(ParentFcb);
        return Place->Parent < 0 ? Place->Parent : 0;
    }
    return hostdir_parent(Directory, hostdir_root(Directory), Place->Path.Text, &Place->Parent, &Place->Name, &Place->Owned);
}

static VOID
HfsPlaceClose(HFS_PLACE *Place)
{
    if (Place->Owned) {
        hostdir_close(Place->Parent);
    }
    HfsPathFree(&Place->Path);
}

/* The name still means this file? */
static int
HfsPlaceIs(const HFS_PLACE *Place, FSB_FCB *Fcb, struct hostdir_stat *Host)
{
    const int Result = hostdir_stat_at(Place->Parent, Place->Name, Host);
    return Result < 0 ? Result : HfsIsObject(Fcb, Host) ? 0 : -HFS_ESTALE;
}

/* Where the file is: in the directory that a light open left with the link, else by its path.  Host NULL: the name was looked up just
 * now and is not looked at again. */
static int
HfsPlaceOf(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, HFS_PLACE *Place, struct hostdir_stat *Host)
{
    int Parent = -1;
    Place->Path.Heap = NULL;
    Place->Owned = false;
    if (Hint != NULL) {
        port_lock_acquire(&Fcb->Lock);
        Parent = Hint->HintStale ? -1 : Hint->StoreHint - 1;
        port_lock_release(&Fcb->Lock);
    }
    if (Parent >= 0 && NT_SUCCESS(HfsPathFrom(Path, &Place->Path))) {
        Place->Name = HfsLastComponent(Place->Path.Text);
        Place->Parent = Parent;
        if (Host == NULL || HfsPlaceIs(Place, Fcb, Host) == 0) {
            return 0;
        }
        HfsPathFree(&Place->Path);
    }
    const int Result = HfsPlaceOpen(HfsDirectoryOf(Fcb), Path, NULL, Place);
    return Result < 0 || Host == NULL ? Result : HfsPlaceIs(Place, Fcb, Host);
}

NTSTATUS
HfsUnlink(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, PULONG Left, struct iop_attachment *Attachment)
{
    HFS_PLACE Place;
    struct hostdir_stat Host;
    int Result = HfsPlaceOf(Fcb, Hint, Path, &Place, &Host);
    if (Result >= 0) {
        Result = hostdir_unlink(Place.Parent, Place.Name, FsbIsDirectory(Fcb));
    }
    HfsPlaceClose(&Place);
    if (Result >= 0) {
        *Left = FsbIsDirectory(Fcb) ? 0 : Host.nlink - 1;
    }
    return HfsStatus(Result, Attachment);
}

NTSTATUS
HfsRename(FSB_FCB *Fcb, FSB_LCB *Hint, PCUNICODE_STRING Path, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment)
{
    HFS_PLACE From, To;
    struct hostdir_stat Host;
    const BOOLEAN Known = Hint != NULL && Attachment != NULL && (Attachment->valid & IOP_ATTACH_JUST_OPENED);
    int Result = HfsPlaceOf(Fcb, Hint, Path, &From, Known ? NULL : &Host);
    if (Result >= 0) {
        Result = HfsPlaceOpen(HfsDirectoryOf(Fcb), Target, TargetDirectory, &To);
        if (Result >= 0) {
            Result = hostdir_rename(From.Parent, From.Name, To.Parent, To.Name, (Flags & FSB_RENAME_REPLACE) ? 0 : HOSTDIR_RENAME_NOREPLACE);
        }
        HfsPlaceClose(&To);
    }
    HfsPlaceClose(&From);
    return HfsStatus(Result, Attachment);
}

NTSTATUS
HfsLink(FSB_FCB *Fcb, FSB_FCB *TargetDirectory, PCUNICODE_STRING Target, ULONG Flags, struct iop_attachment *Attachment)
{
    HFS_PLACE To;
    const int Anchor = HfsAnchor(Fcb);
    UNREFERENCED_PARAMETER(Flags);
    if (Anchor < 0) {
        return HfsStatus(Anchor, Attachment);
    }
    int Result = HfsPlaceOpen(HfsDirectoryOf(Fcb), Target, TargetDirectory, &To);
    if (Result >= 0) {
        Result = hostdir_link(HfsDirectoryOf(Fcb), Anchor, To.Parent, To.Name);
    }
    HfsPlaceClose(&To);
    return HfsStatus(Result, Attachment);
}

NTSTATUS
HfsPathOf(FSB_FCB *Fcb, PWCH Buffer, USHORT *Bytes)
{
    CHAR Path[4096];
    ULONG Characters;
    const int Anchor = HfsAnchor(Fcb);
    const int Result = Anchor < 0 ? Anchor : hostdir_path_of(HfsDirectoryOf(Fcb), Anchor, Path, sizeof(Path));
    if (Result < 0) {
        return HfsStatus(Result, NULL);
    }
    const NTSTATUS Status = IopPathFromHost(Path, (ULONG)strlen(Path), Buffer, *Bytes / sizeof(WCHAR), &Characters);
    if (NT_SUCCESS(Status)) {
        *Bytes = (USHORT)(Characters * sizeof(WCHAR));
    }
    return Status;
}

/* ---- reparse points ---- */

#define HFS_LX_SYMLINK_VERSION 2

/* A Linux symbolic link: a version word, then the target's bytes.  Special files have a tag and no data. */
NTSTATUS
HfsGetReparse(FSB_FCB *Fcb, PREPARSE_DATA_BUFFER Buffer, PULONG Length)
{
    FSB_STAT Stat;
    struct hostdir_stat Host;
    CHAR Target[4096];
    const ULONG Head = REPARSE_DATA_BUFFER_HEADER_SIZE;
    const int Anchor = HfsAnchor(Fcb);
    int64_t Bytes = Anchor < 0 ? Anchor : hostdir_stat_fd(Anchor, &Host);
    if (Bytes < 0) {
        return HfsStatus((int)Bytes, NULL);
    }
    HfsStatFrom(&Host, &Stat);
    if (Stat.ReparseTag == 0) {
        return STATUS_NOT_A_REPARSE_POINT;
    }
    ULONG Data = 0;
    if (Stat.ReparseTag == IO_REPARSE_TAG_LX_SYMLINK) {
        Bytes = hostdir_readlink(Anchor, Target, sizeof(Target));
        if (Bytes < 0) {
            return HfsStatus((int)Bytes, NULL);
        }
        Data = sizeof(ULONG) + (ULONG)Bytes;
    }
    if (*Length < Head + Data) {
        *Length = Head + Data;
        return STATUS_BUFFER_TOO_SMALL;
    }
    Buffer->ReparseTag = Stat.ReparseTag;
    Buffer->ReparseDataLength = (USHORT)Data;
    Buffer->Reserved = 0;
    if (Data != 0) {
        const ULONG Version = HFS_LX_SYMLINK_VERSION;
        memcpy(Buffer->GenericReparseBuffer.DataBuffer, &Version, sizeof(Version));
        memcpy(Buffer->GenericReparseBuffer.DataBuffer + sizeof(Version), Target, Data - sizeof(Version));
    }
    *Length = Head + Data;
    return STATUS_SUCCESS;
}

/* Puts a symbolic link, or a special file, where the empty file is: made beside it, then renamed over it. */
static int
HfsReplaceObject(FSB_FCB *Fcb, const HFS_PLACE *Place, const struct hostdir_make *Make, int *Descriptor, struct hostdir_stat *Made)
{
    CHAR Temporary[40] = ".filterbed-";
    struct hostdir *Directory = HfsDirectoryOf(Fcb);
    uint64_t Random = port_random();
    for (ULONG i = 0; i < 16; i++, Random >>= 4) {
        Temporary[11 + i] = "0123456789abcdef"[Random & 15];
    }
    int Result = hostdir_make(Directory, Place->Parent, Temporary, Make, Descriptor, Made);
    if (Result < 0) {
        return Result;
    }
    Result = hostdir_rename(Place->Parent, Temporary, Place->Parent, Place->Name, 0);
    if (Result < 0) {
        hostdir_unlink(Place->Parent, Temporary, false);
        hostdir_close(*Descriptor);
    }
    return Result;
}

static ULONG
HfsTypeOf(ULONG Tag)
{
    switch (Tag) {
    case IO_REPARSE_TAG_LX_SYMLINK: return FSB_S_IFLNK;
    case IO_REPARSE_TAG_AF_UNIX: return FSB_S_IFSOCK;
    case IO_REPARSE_TAG_LX_FIFO: return FSB_S_IFIFO;
    default: return 0;
    }
}

static VOID
HfsBecome(FSB_FCB *Fcb, int Descriptor, const struct hostdir_stat *Made)
{
    FSB_STAT Stat;
    HFS_FILE *File = HfsFileOf(Fcb);
    HfsStatFrom(Made, &Stat);
    port_lock_acquire(&Fcb->Lock);
    /* Somebody may be using the old ones this moment: they stay open as long as the file. */
    File->Former[0] = atomic_exchange(&File->Location, Descriptor + 1);
    File->Former[1] = atomic_exchange(&File->Reading, 0);
    File->Former[2] = atomic_exchange(&File->Writing, 0);
    if (File->Former[2] == File->Former[1]) {
        File->Former[2] = 0;
    }
    port_lock_release(&Fcb->Lock);
    FsbFcbRekey(Fcb, &Stat);
}

NTSTATUS
HfsSetReparse(FSB_FCB *Fcb, PCUNICODE_STRING Path, const REPARSE_DATA_BUFFER *Buffer, ULONG Length, struct iop_attachment *Attachment)
{
    HFS_PLACE Place;
    struct hostdir_stat Host, Made;
    CHAR Target[4096];
    int Descriptor;
    const ULONG Type = HfsTypeOf(Buffer->ReparseTag);
    const ULONG Data = Buffer->ReparseDataLength;
    UNREFERENCED_PARAMETER(Length);
    if (Type == 0 || Fcb->Mode != FSB_S_IFREG) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Type == FSB_S_IFLNK ? Data <= sizeof(ULONG) || Data - sizeof(ULONG) >= sizeof(Target) : Data != 0) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (Type == FSB_S_IFLNK) {
        memcpy(Target, Buffer->GenericReparseBuffer.DataBuffer + sizeof(ULONG), Data - sizeof(ULONG));
        Target[Data - sizeof(ULONG)] = 0;
    }
    int Result = HfsPlaceOpen(HfsDirectoryOf(Fcb), Path, NULL, &Place);
    if (Result >= 0) {
        Result = HfsPlaceIs(&Place, Fcb, &Host);
    }
    if (Result >= 0 && (Host.size != 0 || Host.nlink != 1)) {
        HfsPlaceClose(&Place);
        return STATUS_NOT_SUPPORTED;           /* on the host a link has no data and no second name */
    }
    if (Result >= 0) {
        const struct hostdir_make Make = {
            .mode = Type | (Type == FSB_S_IFLNK ? 0777 : Host.mode & 07777), .symlink = Target, .set_owner = true, .uid = Host.uid, .gid = Host.gid};
        Result = HfsReplaceObject(Fcb, &Place, &Make, &Descriptor, &Made);
    }
    HfsPlaceClose(&Place);
    if (Result >= 0) {
        HfsBecome(Fcb, Descriptor, &Made);
    }
    return HfsStatus(Result, Attachment);
}

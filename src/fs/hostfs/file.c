/* SPDX-License-Identifier: MIT */
/* hostfs: a file's descriptors, its attributes and its data. */
#include "fs/hostfs/hfsp.h"

/* ---- descriptors ---- */

static int
HfsGet(_Atomic(int) *Slot)
{
    return atomic_load_explicit(Slot, memory_order_acquire) - 1;
}

static VOID
HfsPut(_Atomic(int) *Slot, int Descriptor)
{
    atomic_store_explicit(Slot, Descriptor + 1, memory_order_release);
}

static int
HfsAny(HFS_FILE *File)
{
    int Descriptor = HfsGet(&File->Location);
    if (Descriptor < 0) {
        Descriptor = HfsGet(&File->Reading);
    }
    return Descriptor >= 0 ? Descriptor : HfsGet(&File->Writing);
}

static int
HfsOpenByPath(FSB_FCB *Fcb, PCUNICODE_STRING Path)
{
    struct hostdir *Directory = HfsDirectoryOf(Fcb);
    struct hostdir_stat Host;
    HFS_PATH Bytes;
    int Descriptor;
    if (!NT_SUCCESS(HfsPathFrom(Path, &Bytes))) {
        return -22;
    }
    int Result = hostdir_open(Directory, hostdir_root(Directory), Bytes.Text, &Descriptor);
    HfsPathFree(&Bytes);
    if (Result < 0) {
        return Result;
    }
    Result = hostdir_stat_fd(Descriptor, &Host);
    if (Result == 0 && !HfsIsObject(Fcb, &Host)) {
        Result = -116;
    }
    if (Result < 0) {
        hostdir_close(Descriptor);
        return Result;
    }
    return Descriptor;
}

int
HfsAnchorLocked(FSB_FCB *Fcb, PCUNICODE_STRING Path)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    int Descriptor = HfsAny(File);
    if (Descriptor >= 0) {
        return Descriptor;
    }
    Descriptor = Path != NULL ? HfsOpenByPath(Fcb, Path) : -116;
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Descriptor < 0 && Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        const FSB_LCB *Lcb = CONTAINING_RECORD(Entry, FSB_LCB, FcbLink);
        if (!Lcb->PathUnknown) {
            Descriptor = HfsOpenByPath(Fcb, &Lcb->Path);
        }
    }
    if (Descriptor >= 0) {
        HfsPut(&File->Location, Descriptor);
    }
    return Descriptor;
}

int
HfsAnchor(FSB_FCB *Fcb)
{
    const int Descriptor = HfsAny(HfsFileOf(Fcb));
    if (Descriptor >= 0) {
        return Descriptor;
    }
    port_lock_acquire(&Fcb->Lock);
    const int Opened = HfsAnchorLocked(Fcb, NULL);
    port_lock_release(&Fcb->Lock);
    return Opened;
}

/* Opens for data by the name just resolved (Parent, Name) or through the location.  Fcb->Lock. */
static int
HfsOpenData(FSB_FCB *Fcb, int Parent, const CHAR *Name, BOOLEAN Write)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    struct hostdir *Directory = HfsDirectoryOf(Fcb);
    const struct hostdir_stat Expected = {.dev = Fcb->Key.Device, .ino = Fcb->Key.Inode, .mode = Fcb->Mode};
    const unsigned Access = Write ? HOSTDIR_WRITE : HOSTDIR_READ;
    const int Have = HfsGet(Write ? &File->Writing : &File->Reading);
    int Descriptor;
    if (Have >= 0) {
        return Have;
    }
    const int Location = Parent >= 0 ? HfsGet(&File->Location) : HfsAnchorLocked(Fcb, NULL);
    if (Parent < 0 && Location < 0) {
        return Location;
    }
    int Result = hostdir_open_data(Directory, Parent, Name, Location, &Expected, Access | HOSTDIR_FRESH, &Descriptor);
    if (Result == -116 && Location < 0) {
        const int Anchor = HfsAnchorLocked(Fcb, NULL);
        Result = Anchor < 0 ? Anchor : hostdir_open_data(Directory, -1, NULL, Anchor, &Expected, Access, &Descriptor);
    }
    if (Result < 0) {
        return Result;
    }
    HfsPut(Write ? &File->Writing : &File->Reading, Descriptor);
    if (Write && (Result & HOSTDIR_READ) && HfsGet(&File->Reading) < 0) {
        HfsPut(&File->Reading, Descriptor);    /* a writer usually reads, too */
    }
    return Descriptor;
}

int
HfsData(FSB_FCB *Fcb, BOOLEAN Write)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    const int Descriptor = HfsGet(Write ? &File->Writing : &File->Reading);
    if (Descriptor >= 0) {
        return Descriptor;
    }
    port_lock_acquire(&Fcb->Lock);
    const int Opened = HfsOpenData(Fcb, -1, NULL, Write);
    port_lock_release(&Fcb->Lock);
    return Opened;
}

VOID
HfsAdopt(FSB_FCB *Fcb, FSB_RESOLVE *Resolve)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    if (Found->Descriptor < 0) {
        return;
    }
    if (Found->New && HfsGet(&File->Writing) < 0) {
        HfsPut(&File->Writing, Found->Descriptor);
        if (HfsGet(&File->Reading) < 0) {
            HfsPut(&File->Reading, Found->Descriptor);
        }
        Found->Descriptor = -1;
    } else if (!Found->New && HfsAny(File) < 0) {
        HfsPut(&File->Location, Found->Descriptor);
        Found->Descriptor = -1;
    }
}

/* A name that is going to go or to move is soon wanted again: its directory stays open, descriptor plus one. */
VOID
HfsAdoptLink(FSB_LCB *Lcb, FSB_RESOLVE *Resolve)
{
    HFS_FOUND *Found = HfsFoundOf(Resolve);
    if (Resolve->Light && !Resolve->ById && Found->ParentOwned && Lcb->StoreHint == 0) {
        Lcb->StoreHint = Found->Parent + 1;
        Found->ParentOwned = FALSE;
    }
}

VOID
HfsReleaseLink(FSB_LCB *Lcb)
{
    hostdir_close(Lcb->StoreHint - 1);
    Lcb->StoreHint = 0;
}

VOID
HfsRelease(FSB_FCB *Fcb)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    const int Reading = HfsGet(&File->Reading), Writing = HfsGet(&File->Writing);
    for (ULONG i = 0; i < RTL_NUMBER_OF(File->Former); i++) {
        hostdir_close(File->Former[i] - 1);
    }
    hostdir_close(HfsGet(&File->Location));
    hostdir_close(Reading);
    if (Writing != Reading) {
        hostdir_close(Writing);
    }
}

NTSTATUS
HfsPrepare(FSB_FCB *Fcb, FSB_RESOLVE *Resolve, BOOLEAN Write)
{
    const HFS_FOUND *Found = HfsFoundOf(Resolve);
    const int Result = HfsOpenData(Fcb, Found->Parent, Found->Name, Write);
    return HfsStatus(Result, Resolve->Attachment);
}

VOID
HfsPin(FSB_FCB *Fcb, PCUNICODE_STRING Path)
{
    HfsAnchorLocked(Fcb, Path);
}

NTSTATUS
HfsHostFile(FSB_FCB *Fcb, PCUNICODE_STRING Path, struct iop_host_file *Out)
{
    HFS_FILE *File = HfsFileOf(Fcb);
    int Descriptor = HfsGet(&File->Writing);
    Descriptor = Descriptor >= 0 ? Descriptor : HfsGet(&File->Reading);
    if (Descriptor < 0) {
        port_lock_acquire(&Fcb->Lock);
        Descriptor = HfsAnchorLocked(Fcb, Path);
        port_lock_release(&Fcb->Lock);
    }
    if (Descriptor < 0) {
        return HfsStatus(Descriptor, NULL);
    }
    Out->fd = Descriptor;
    Out->dev = Fcb->Key.Device;
    Out->ino = Fcb->Key.Inode;
    return STATUS_SUCCESS;
}

/* ---- attributes ---- */

NTSTATUS
HfsQuery(FSB_SCB *Scb, FSB_STAT *Stat, struct iop_attachment *Attachment)
{
    struct hostdir_stat Host;
    const int Anchor = HfsAnchor(Scb->Fcb);
    const int Result = Anchor < 0 ? Anchor : hostdir_stat_fd(Anchor, &Host);
    if (Result < 0) {
        return HfsStatus(Result, Attachment);
    }
    HfsStatFrom(&Host, Stat);
    return STATUS_SUCCESS;
}

static struct hostdir_time
HfsTimeFrom(LONGLONG Time, UCHAR Sub100)
{
    struct hostdir_time Host;
    port_nt_to_unix(Time, &Host.sec, &Host.nsec);
    Host.nsec += Sub100;
    return Host;
}

static int
HfsSetTimes(FSB_FCB *Fcb, int Descriptor, const FSB_SET *Set)
{
    struct hostdir_times Times = {0};
    if (Set->Valid & FSB_SET_ACCESS) {
        Times.atime_how = HOSTDIR_TIME_SET;
        Times.atime = HfsTimeFrom(Set->AccessTime, Set->Sub100Access);
    } else if (Set->Valid & FSB_SET_ACCESS_NOW) {
        Times.atime_how = HOSTDIR_TIME_NOW;
    }
    if (Set->Valid & FSB_SET_WRITE) {
        Times.mtime_how = HOSTDIR_TIME_SET;
        Times.mtime = HfsTimeFrom(Set->WriteTime, Set->Sub100Write);
    } else if (Set->Valid & FSB_SET_WRITE_NOW) {
        Times.mtime_how = HOSTDIR_TIME_NOW;
    }
    return hostdir_utimens(HfsDirectoryOf(Fcb), Descriptor, &Times);
}

/* FILE_ATTRIBUTE_READONLY is the absence of write permission; the other attributes have no place on the host. */
static int
HfsSetReadOnly(FSB_FCB *Fcb, int Descriptor, BOOLEAN ReadOnly)
{
    struct hostdir_stat Host;
    const int Result = hostdir_stat_fd(Descriptor, &Host);
    if (Result < 0 || (Host.mode & FSB_S_IFMT) != FSB_S_IFREG || ReadOnly == !(Host.mode & 0222)) {
        return Result;
    }
    return hostdir_chmod(HfsDirectoryOf(Fcb), Descriptor, ReadOnly ? Host.mode & 07555 : (Host.mode & 07777) | 0200);
}

NTSTATUS
HfsSet(FSB_FCB *Fcb, const FSB_SET *Set, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsAnchor(Fcb);
    int Result = Descriptor < 0 ? Descriptor : 0;
    /* Owner before mode: a change of owner may clear set-id bits. */
    if (Result >= 0 && (Set->Valid & (FSB_SET_UID | FSB_SET_GID))) {
        Result = hostdir_chown(Descriptor, (Set->Valid & FSB_SET_UID) ? Set->Uid : UINT32_MAX, (Set->Valid & FSB_SET_GID) ? Set->Gid : UINT32_MAX);
    }
    if (Result >= 0 && (Set->Valid & FSB_SET_MODE)) {
        Result = hostdir_chmod(HfsDirectoryOf(Fcb), Descriptor, Set->Mode);
    }
    if (Result >= 0 && (Set->Valid & FSB_SET_ATTRIBUTES) && !(Set->Valid & FSB_SET_MODE)) {
        Result = HfsSetReadOnly(Fcb, Descriptor, (Set->Attributes & FILE_ATTRIBUTE_READONLY) != 0);
    }
    if (Result >= 0 && (Set->Valid & (FSB_SET_ACCESS | FSB_SET_ACCESS_NOW | FSB_SET_WRITE | FSB_SET_WRITE_NOW))) {
        Result = HfsSetTimes(Fcb, Descriptor, Set);
    }
    return HfsStatus(Result, Attachment);
}

/* ---- data ---- */

static NTSTATUS
HfsTransferred(int64_t Result, PULONG Done, struct iop_attachment *Attachment)
{
    if (Result < 0) {
        return HfsStatus((int)Result, Attachment);
    }
    *Done = (ULONG)Result;
    return STATUS_SUCCESS;
}

NTSTATUS
HfsRead(FSB_SCB *Scb, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsData(Scb->Fcb, FALSE);
    return HfsTransferred(Descriptor < 0 ? Descriptor : hostdir_read(Descriptor, Buffer, Length, (uint64_t)Offset), Done, Attachment);
}

NTSTATUS
HfsWrite(FSB_SCB *Scb, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG Flags, PULONG Done, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsData(Scb->Fcb, TRUE);
    const unsigned How = ((Flags & FSB_WRITE_APPEND) ? HOSTDIR_APPEND : 0) | ((Flags & FSB_WRITE_THROUGH) ? HOSTDIR_SYNC : 0);
    const uint64_t At = (Flags & FSB_WRITE_APPEND) ? 0 : (uint64_t)Offset;
    return HfsTransferred(Descriptor < 0 ? Descriptor : hostdir_write(Descriptor, Buffer, Length, At, How), Done, Attachment);
}

NTSTATUS
HfsSetSize(FSB_SCB *Scb, LONGLONG Size, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsData(Scb->Fcb, TRUE);
    return HfsStatus(Descriptor < 0 ? Descriptor : hostdir_truncate(Descriptor, (uint64_t)Size), Attachment);
}

NTSTATUS
HfsAllocate(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsData(Scb->Fcb, TRUE);
    const int Result = Descriptor < 0 ? Descriptor : hostdir_allocate(Descriptor, (uint64_t)Offset, (uint64_t)Length);
    if (Result == -95 && Attachment == NULL) {
        return STATUS_SUCCESS;                 /* the host cannot reserve; an allocation size is a hint */
    }
    return HfsStatus(Result, Attachment);
}

NTSTATUS
HfsZero(FSB_SCB *Scb, LONGLONG Offset, LONGLONG Length, struct iop_attachment *Attachment)
{
    const int Descriptor = HfsData(Scb->Fcb, TRUE);
    return HfsStatus(Descriptor < 0 ? Descriptor : hostdir_zero(Descriptor, (uint64_t)Offset, (uint64_t)Length), Attachment);
}

NTSTATUS
HfsNextRange(FSB_SCB *Scb, LONGLONG *Offset, LONGLONG *Length)
{
    const int Descriptor = HfsData(Scb->Fcb, FALSE);
    uint64_t At = (uint64_t)*Offset, Bytes;
    const int Result = Descriptor < 0 ? Descriptor : hostdir_next_data(Descriptor, &At, &Bytes);
    if (Result <= 0) {
        return Result == 0 ? STATUS_NO_MORE_ENTRIES : HfsStatus(Result, NULL);
    }
    *Offset = (LONGLONG)At;
    *Length = (LONGLONG)Bytes;
    return STATUS_SUCCESS;
}

NTSTATUS
HfsCopy(FSB_SCB *Source, LONGLONG From, FSB_SCB *Target, LONGLONG To, LONGLONG Length, LONGLONG *Done, struct iop_attachment *Attachment)
{
    const int In = HfsData(Source->Fcb, FALSE);
    const int Out = In < 0 ? In : HfsData(Target->Fcb, TRUE);
    const int64_t Result = Out < 0 ? Out : hostdir_copy(In, (uint64_t)From, Out, (uint64_t)To, (uint64_t)Length);
    if (Result < 0) {
        return HfsStatus((int)Result, Attachment);
    }
    *Done = Result;
    return Result < Length ? STATUS_END_OF_FILE : STATUS_SUCCESS;
}

NTSTATUS
HfsFlush(FSB_SCB *Scb, BOOLEAN DataOnly, struct iop_attachment *Attachment)
{
    FSB_FCB *Fcb = Scb->Fcb;
    if (Fcb->Mode != FSB_S_IFREG && Fcb->Mode != FSB_S_IFDIR) {
        return STATUS_SUCCESS;
    }
    int Descriptor = HfsGet(&HfsFileOf(Fcb)->Writing);
    Descriptor = Descriptor >= 0 ? Descriptor : HfsData(Fcb, FALSE);
    return HfsStatus(Descriptor < 0 ? Descriptor : hostdir_sync(Descriptor, DataOnly), Attachment);
}

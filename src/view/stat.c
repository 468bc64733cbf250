/* SPDX-License-Identifier: MIT */
/*
 * Lookup and stat.
 *
 * A stat goes down as a query by name (VIEW_MJ_QUERY_OPEN) and, where a filter or the file system does not take that, as create, query,
 * cleanup, close.  A FUSE LOOKUP has no counterpart on Windows: the name is resolved below the stack.  If the reply lets the
 * kernel keep the attributes, they are asked for through the stack instead; if not, they are marked expired, so that the stat or
 * open that follows asks the filters.  A directory's are asked for through the stack and kept for an instant (one tick of the
 * kernel's clock): the kernel checks permissions on every component of a path, and would ask for each once more.  A name that the file
 * system does not have is asked for through the stack, too: a filter may lead it elsewhere, and nothing would follow.
 */
#include "view/viewp.h"

#define VIEWP_INSTANT 1ull
#define VIEWP_WATCHING                                                                                                     \
    (IOP_INTEREST_BIT(IRP_MJ_CREATE) | IOP_INTEREST_BIT(VIEW_MJ_QUERY_OPEN) | IOP_INTEREST_BIT(VIEW_MJ_NETWORK_QUERY_OPEN) |  \
     IOP_INTEREST_BIT(IRP_MJ_DIRECTORY_CONTROL))
#define VIEWP_SEES_STAT                                                                                                    \
    (IOP_INTEREST_BIT(IRP_MJ_CREATE) | IOP_INTEREST_BIT(VIEW_MJ_QUERY_OPEN) | IOP_INTEREST_BIT(VIEW_MJ_NETWORK_QUERY_OPEN) |  \
     IOP_INTEREST_BIT(IRP_MJ_QUERY_INFORMATION) | IOP_INTEREST_BIT(IRP_MJ_CLEANUP) | IOP_INTEREST_BIT(IRP_MJ_CLOSE))
#define VIEWP_LEADS_ELSEWHERE                                                                                              \
    (IOP_INTEREST_BIT(IRP_MJ_CREATE) | IOP_INTEREST_BIT(VIEW_MJ_QUERY_OPEN) | IOP_INTEREST_BIT(VIEW_MJ_NETWORK_QUERY_OPEN))

ULONGLONG
ViewInterest(VIEW *View)
{
    IOP_INTEREST Interest = { 0 };
    IopQueryInterest(View->VolumeDevice, &Interest);
    return Interest.Majors;
}

static uint64_t
ViewpTtlFor(VIEW *View, ULONGLONG Majors)
{
    if (View->Options.metadata == VIEW_METADATA_EXACT && (Majors & VIEWP_WATCHING) != 0) {
        return 0;
    }
    return View->Options.ttl_ns != 0 ? View->Options.ttl_ns : VIEW_DEFAULT_TTL;
}

uint64_t
ViewTtl(VIEW *View)
{
    return ViewpTtlFor(View, ViewInterest(View));
}

static VOID
ViewpTime(LARGE_INTEGER Time, uint8_t Rest, int64_t *Seconds, uint32_t *Nanoseconds)
{
    *Seconds = 0;
    *Nanoseconds = 0;
    if (Time.QuadPart != 0) {
        port_nt_to_unix(Time.QuadPart, Seconds, Nanoseconds);
        *Nanoseconds += Rest;
    }
}

ULONG
ViewStatMode(const FILE_STAT_LX_INFORMATION *Stat)
{
    if (Stat->LxFlags & LX_FILE_METADATA_HAS_MODE) {
        return Stat->LxMode;
    }
    if (Stat->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
        return VIEW_S_IFDIR | 0755;
    }
    if ((Stat->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && Stat->ReparseTag == IO_REPARSE_TAG_LX_SYMLINK) {
        return VIEW_S_IFLNK | 0777;
    }
    return VIEW_S_IFREG | ((Stat->FileAttributes & FILE_ATTRIBUTE_READONLY) ? 0555 : 0755);
}

VOID
ViewAttrFromStat(VIEW_CALL *Call, VIEW_NODE *Node, const FILE_STAT_LX_INFORMATION *Stat, struct view_attr *Attr)
{
    const struct iop_attachment *A = &Call->Attach;
    memset(Attr, 0, sizeof *Attr);
    Attr->ino = (uint64_t)Stat->FileId.QuadPart;
    Attr->size = (uint64_t)Stat->EndOfFile.QuadPart;
    Attr->blocks = ((uint64_t)Stat->AllocationSize.QuadPart + 511) / 512;
    Attr->mode = ViewStatMode(Stat);
    Attr->nlink = Stat->NumberOfLinks;
    Attr->blksize = A->blksize != 0 ? A->blksize : 4096;
    if (Stat->LxFlags & LX_FILE_METADATA_HAS_UID) {
        Attr->uid = Stat->LxUid;
    }
    if (Stat->LxFlags & LX_FILE_METADATA_HAS_GID) {
        Attr->gid = Stat->LxGid;
    }
    if (Stat->LxFlags & LX_FILE_METADATA_HAS_DEVICE_ID) {
        ULONG Major = Stat->LxDeviceIdMajor, Minor = Stat->LxDeviceIdMinor;
        Attr->rdev = (Minor & 0xff) | ((uint64_t)Major << 8) | ((uint64_t)(Minor & ~0xffu) << 12);
    }
    ViewpTime(Stat->LastAccessTime, A->sub100_atime, &Attr->atime, &Attr->atime_nsec);
    ViewpTime(Stat->LastWriteTime, A->sub100_mtime, &Attr->mtime, &Attr->mtime_nsec);
    ViewpTime(Stat->ChangeTime, A->sub100_ctime, &Attr->ctime, &Attr->ctime_nsec);
    ViewpTime(Stat->CreationTime, A->sub100_btime, &Attr->btime, &Attr->btime_nsec);
    if (Node != NULL) {
        atomic_store_explicit(&Node->Mode, Attr->mode, memory_order_relaxed);
        if (atomic_load_explicit(&Node->Temporary, memory_order_relaxed)) {
            Attr->nlink--;                     /* the generated name does not count */
        }
    }
}

NTSTATUS
ViewStatFile(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat)
{
    return ViewQuery(Call, FileObject, FileStatLxInformation, Stat, sizeof *Stat, FALSE);
}

/*
 * Attributes that go with the reply to something else, of a file object at hand.  As with a lookup: through the stack if the kernel may
 * keep them; else nobody asked for them, and the filters are spared a query that no program made.
 */
NTSTATUS
ViewStatReply(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat, uint64_t *Ttl)
{
    ViewAttachReset(Call);
    *Ttl = ViewTtl(Call->View);
    return ViewQuery(Call, FileObject, FileStatLxInformation, Stat, sizeof *Stat, *Ttl == 0);
}

NTSTATUS
ViewQueryOpen(VIEW_CALL *Call, const UNICODE_STRING *Path, BOOLEAN Below, FILE_STAT_LX_INFORMATION *Stat)
{
    VIEW *View = Call->View;
    FILE_OBJECT FileObject;
    memset(&FileObject, 0, sizeof FileObject);
    FileObject.Type = IO_TYPE_FILE;
    FileObject.Size = sizeof FileObject;
    FileObject.DeviceObject = View->RealDevice;
    FileObject.Vpb = View->RealDevice->Vpb;
    FileObject.FileName = *Path;
    IOP_QUERY_OPEN Query = {
        .FileObject = &FileObject, .Class = FileStatLxInformation, .Buffer = Stat, .Length = sizeof *Stat,
        .CaseSensitive = !View->Options.case_insensitive, .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Call->Attach.host_errno = 0;
    Call->Attach.device = 0;
    return Below ? IopQueryOpenLower(View->VolumeDevice, &Query) : IopQueryOpen(View->RealDevice, &Query);
}

static const VIEW_OPEN ViewpStatOpen = { .Access = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN, .Options = FILE_OPEN_REPARSE_POINT };

static NTSTATUS
ViewpStatChild(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, BOOLEAN Below, FILE_STAT_LX_INFORMATION *Stat)
{
    UNICODE_STRING Path;
    NTSTATUS Status;
    ULONG Renames, Tries = 0;
    do {
        Renames = atomic_load(&Call->View->Renames);
        Status = ViewPath(Call->View, Parent, 0, Name, Bytes, Call->Scratch->Path, VIEW_PATH_BYTES, &Path);
        if (NT_SUCCESS(Status)) {
            Status = ViewQueryOpen(Call, &Path, Below, Stat);
        }
    } while (Status == STATUS_OBJECT_PATH_NOT_FOUND && Renames != atomic_load(&Call->View->Renames) && Tries++ < 8);
    if (!IopQueryMustOpen(Status)) {
        return Status;
    }
    PFILE_OBJECT FileObject;
    Status = ViewOpenChild(Call, Parent, Name, Bytes, &ViewpStatOpen, &FileObject);
    if (NT_SUCCESS(Status)) {
        Status = ViewStatFile(Call, FileObject, Stat);
        IopCloseFile(FileObject);
    }
    return Status;
}

static BOOLEAN
ViewpIsKnownDirectory(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    VIEW_NODE *Node = ViewLinkFind(View, Parent, Name, Bytes);
    if (Node == NULL) {
        return FALSE;
    }
    ULONG Mode = atomic_load_explicit(&Node->Mode, memory_order_relaxed);
    ViewNodeRelease(View, Node, 1);
    return (Mode & VIEW_S_IFMT) == VIEW_S_IFDIR;
}

/* What the reply may say, and for how long. */
static NTSTATUS
ViewpLookupStat(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, struct view_entry *Out, FILE_STAT_LX_INFORMATION *Stat)
{
    ULONGLONG Majors = ViewInterest(Call->View);
    BOOLEAN Seen = (Majors & VIEWP_SEES_STAT) != 0;
    Out->entry_ttl_ns = Out->attr_ttl_ns = ViewpTtlFor(Call->View, Majors);
    if (Out->attr_ttl_ns != 0 || !Seen) {
        return ViewpStatChild(Call, Parent, Name, Bytes, !Seen, Stat);
    }
    BOOLEAN Directory = ViewpIsKnownDirectory(Call->View, Parent, Name, Bytes);
    NTSTATUS Status = STATUS_SUCCESS;
    if (!Directory) {
        Status = ViewpStatChild(Call, Parent, Name, Bytes, TRUE, Stat);
        if (ViewIsNotFound(Status) && (Majors & VIEWP_LEADS_ELSEWHERE) != 0) {
            return ViewpStatChild(Call, Parent, Name, Bytes, FALSE, Stat);
        }
        Directory = NT_SUCCESS(Status) && (ViewStatMode(Stat) & VIEW_S_IFMT) == VIEW_S_IFDIR;
    }
    if (Directory) {
        Status = ViewpStatChild(Call, Parent, Name, Bytes, FALSE, Stat);
        Out->attr_ttl_ns = VIEWP_INSTANT;
    }
    return Status;
}

/* Other spellings of a name lead to a file too: the kernel would not know which of them go with one. */
static VOID
ViewpEntryTtl(VIEW_CALL *Call, const VIEW_NODE *Node, const VIEW_NODE *Parent, struct view_entry *Out)
{
    ViewTtlLimit(Call, Node->FileId, Parent->FileId, &Out->attr_ttl_ns);
    if (Out->entry_ttl_ns > Out->attr_ttl_ns) {
        Out->entry_ttl_ns = Out->attr_ttl_ns;
    }
    if (Call->View->Options.case_insensitive) {
        Out->entry_ttl_ns = 0;
    }
}

/* That a name is not there is kept as well, for a second at most.  Another spelling may appear without the kernel's knowing. */
static VOID
ViewpAbsentTtl(VIEW_CALL *Call, const VIEW_NODE *Parent, struct view_entry *Out)
{
    ViewTtlLimit(Call, Parent->FileId, Parent->FileId, &Out->entry_ttl_ns);
    if (Out->entry_ttl_ns > VIEW_DEFAULT_TTL) {
        Out->entry_ttl_ns = VIEW_DEFAULT_TTL;
    }
    if (Call->View->Options.case_insensitive) {
        Out->entry_ttl_ns = 0;
    }
}

NTSTATUS
ViewLookup(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, struct view_entry *Out)
{
    VIEW *View = Call->View;
    FILE_STAT_LX_INFORMATION Stat;
    NTSTATUS Status = ViewpLookupStat(Call, Parent, Name, Bytes, Out, &Stat);
    if (!NT_SUCCESS(Status)) {
        ViewpAbsentTtl(Call, Parent, Out);
        return Status;
    }
    VIEW_NODE *Node = ViewNodeGet(View, (ULONGLONG)Stat.FileId.QuadPart, ViewStatMode(&Stat), FALSE);
    if (Node == NULL || !ViewLinkAdd(View, Node, Parent, Name, Bytes)) {
        if (Node != NULL) {
            ViewNodeRelease(View, Node, 1);
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Out->node = ViewNodeId(View, Node);
    Out->generation = Node->Generation;
    ViewpEntryTtl(Call, Node, Parent, Out);
    ViewAttrFromStat(Call, Node, &Stat, &Out->attr);
    return STATUS_SUCCESS;
}

NTSTATUS
ViewEntryOfFile(VIEW_CALL *Call, PFILE_OBJECT FileObject, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, BOOLEAN Fresh,
                struct view_entry *Out, VIEW_NODE **Node)
{
    VIEW *View = Call->View;
    FILE_STAT_LX_INFORMATION Stat;
    uint64_t Ttl;
    NTSTATUS Status = ViewStatReply(Call, FileObject, &Stat, &Ttl);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Node = ViewNodeGet(View, (ULONGLONG)Stat.FileId.QuadPart, ViewStatMode(&Stat), Fresh);
    if (*Node == NULL || !ViewLinkAdd(View, *Node, Parent, Name, Bytes)) {
        if (*Node != NULL) {
            ViewNodeRelease(View, *Node, 1);
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Out->node = ViewNodeId(View, *Node);
    Out->generation = (*Node)->Generation;
    Out->entry_ttl_ns = Ttl;
    Out->attr_ttl_ns = Ttl;
    ViewpEntryTtl(Call, *Node, Parent, Out);
    ViewAttrFromStat(Call, *Node, &Stat, &Out->attr);
    return STATUS_SUCCESS;
}

int
view_lookup(view *v, view_node parent, const char *name, size_t length, const struct view_who *who, struct view_entry *out)
{
    WCHAR Name[VIEW_NAME_CHARS];
    USHORT Bytes;
    VIEW_CALL Call;
    int Error = ViewName(name, length, Name, &Bytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, v, who);
    }
    return Error != 0 ? Error : ViewLeave(&Call, ViewLookup(&Call, ViewNode(v, parent), Name, Bytes, out));
}

void
view_forget(view *v, view_node node, uint64_t count)
{
    if (node != VIEW_ROOT && node != 0 && count != 0) {
        ViewNodeRelease(v, ViewNode(v, node), count);
    }
}

static BOOLEAN
ViewpIsNode(const VIEW_NODE *Node, const FILE_STAT_LX_INFORMATION *Stat)
{
    return (ULONGLONG)Stat->FileId.QuadPart == Node->FileId;
}

static NTSTATUS
ViewpStatOpened(VIEW_CALL *Call, VIEW_NODE *Node, BOOLEAN Named, FILE_STAT_LX_INFORMATION *Stat)
{
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = Named ? ViewBorrowNode(Call, Node, &ViewpStatOpen, &FileObject, &Borrowed)
                            : ViewBorrowUnnamed(Call, Node, &ViewpStatOpen, &FileObject, &Borrowed);
    if (NT_SUCCESS(Status)) {
        Status = ViewStatFile(Call, FileObject, Stat);
        ViewGiveBack(FileObject, Borrowed);
    }
    return Status;
}

/* By each link, then by an open file object, then by id. */
static NTSTATUS
ViewpStatNode(VIEW_CALL *Call, VIEW_NODE *Node, FILE_STAT_LX_INFORMATION *Stat)
{
    BOOLEAN Named = FALSE;
    for (ULONG Which = 0; !Named; Which++) {
        UNICODE_STRING Path;
        NTSTATUS Status = ViewPath(Call->View, Node, Which, NULL, 0, Call->Scratch->Path, VIEW_PATH_BYTES, &Path);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        Status = ViewQueryOpen(Call, &Path, FALSE, Stat);
        Named = IopQueryMustOpen(Status);
        if (NT_SUCCESS(Status) ? ViewpIsNode(Node, Stat) : !Named && !ViewIsNotFound(Status)) {
            return Status;
        }
    }
    NTSTATUS Status = ViewpStatOpened(Call, Node, Named, Stat);
    if (Named && NT_SUCCESS(Status) && !ViewpIsNode(Node, Stat)) {
        Status = ViewpStatOpened(Call, Node, FALSE, Stat);   /* another file has the name now */
    }
    return Status;
}

int
view_getattr(view *v, view_node node, view_handle *handle, const struct view_who *who, struct view_attr *out, uint64_t *ttl_ns)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    VIEW_NODE *Node = ViewNode(v, node);
    FILE_STAT_LX_INFORMATION Stat;
    NTSTATUS Status = handle != NULL ? ViewStatFile(&Call, handle->FileObject, &Stat) : ViewpStatNode(&Call, Node, &Stat);
    if (NT_SUCCESS(Status)) {
        ViewAttrFromStat(&Call, Node, &Stat, out);
        *ttl_ns = ViewTtl(v);
        if (*ttl_ns == 0 && (out->mode & VIEW_S_IFMT) == VIEW_S_IFDIR) {
            *ttl_ns = VIEWP_INSTANT;           /* the root and working directories have no lookup to bring them */
        }
        ViewTtlLimit(&Call, Node->FileId, 0, ttl_ns);
    }
    return ViewLeave(&Call, Status);
}

int
view_access(view *v, view_node node, uint32_t mask, const struct view_who *who)
{
    struct view_attr Attr;
    uint64_t Ttl;
    int Error = view_getattr(v, node, NULL, who, &Attr, &Ttl);
    if (Error != 0 || mask == 0 || who == NULL) {
        return Error;
    }
    ULONG Bits = Attr.mode & 7;
    if (who->uid == Attr.uid) {
        Bits = (Attr.mode >> 6) & 7;
    } else if (who->gid == Attr.gid) {
        Bits = (Attr.mode >> 3) & 7;
    }
    if (who->uid == 0) {
        Bits = 6 | (((Attr.mode & 0111) != 0 || (Attr.mode & VIEW_S_IFMT) == VIEW_S_IFDIR) ? 1u : 0);
    }
    return (mask & ~Bits & 7) == 0 ? 0 : -VIEW_EACCES;
}

/* Sizes as the filters let them through; what NT does not have, from the base file system. */
static VOID
ViewpFillStatfs(PFILE_OBJECT FileObject, const FILE_FS_FULL_SIZE_INFORMATION *Sizes, struct view_statfs *Out)
{
    struct iop_statfs Host;
    ULONG Unit = Sizes->SectorsPerAllocationUnit * Sizes->BytesPerSector;
    Out->frsize = Out->bsize = Unit;
    Out->blocks = (uint64_t)Sizes->TotalAllocationUnits.QuadPart;
    Out->bfree = (uint64_t)Sizes->ActualAvailableAllocationUnits.QuadPart;
    Out->bavail = (uint64_t)Sizes->CallerAvailableAllocationUnits.QuadPart;
    Out->namelen = VIEW_NAME_BYTES;
    memset(&Host, 0, sizeof Host);
    if (!NT_SUCCESS(ViewPrivate(FileObject, IOP_FSCTL_STATFS, &Host, sizeof Host)) || Host.frsize == 0) {
        return;
    }
    Out->files = Host.files;
    Out->ffree = Host.ffree;
    Out->namelen = Host.namelen;
    if (Host.blocks * Host.frsize == Out->blocks * Unit) {
        Out->frsize = Host.frsize;
        Out->bsize = Host.bsize;
        Out->blocks = Host.blocks;
        Out->bfree = Out->bfree * Unit / Host.frsize;
        Out->bavail = Out->bavail * Unit / Host.frsize;
    }
}

int
view_statfs(view *v, struct view_statfs *out, const struct view_who *who)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    memset(out, 0, sizeof *out);
    PFILE_OBJECT FileObject;
    NTSTATUS Status = ViewOpenNode(&Call, v->Root, &ViewpStatOpen, &FileObject);
    if (NT_SUCCESS(Status)) {
        FILE_FS_FULL_SIZE_INFORMATION Sizes;
        IOP_REQUEST Request = {
            .FileObject = FileObject, .OutputBuffer = &Sizes, .OutputLength = sizeof Sizes, .RequestorMode = UserMode,
            .Attachment = &Call.Attach,
        };
        Request.Stack.MajorFunction = IRP_MJ_QUERY_VOLUME_INFORMATION;
        Request.Stack.Parameters.QueryVolume.FsInformationClass = FileFsFullSizeInformation;
        Request.Stack.Parameters.QueryVolume.Length = sizeof Sizes;
        Status = IopRequest(&Request, &Call.Io);
        if (NT_SUCCESS(Status)) {
            ViewpFillStatfs(FileObject, &Sizes, out);
        }
        IopCloseFile(FileObject);
    }
    return ViewLeave(&Call, Status);
}

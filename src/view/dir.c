/* SPDX-License-Identifier: MIT */
/*
 * Listings: IRP_MJ_DIRECTORY_CONTROL / QUERY_DIRECTORY with FileIdBothDirectoryInformation, in batches of 32 KiB.
 *
 * Cookies: 1 and 2 resume behind "." and "..", which are made here (a root directory of NT has none); 2 + n behind the n-th entry of
 * the scan.  The kernel goes on where it stopped, so the batch in hand nearly always has the next entry; any other cookie restarts
 * the scan and skips.
 */
#include "view/viewp.h"

#define VIEWP_BATCH (32u * 1024)

/* One caller at a time lists through one handle, as a synchronous file object would have it. */
static VOID
ViewpListingEnter(VIEW_HANDLE *Handle)
{
    uint32_t Free = 0;
    if (atomic_compare_exchange_strong(&Handle->Busy, &Free, 1)) {
        return;
    }
    while (atomic_exchange(&Handle->Busy, 2) != 0) {
        port_wait(&Handle->Busy, 2, PORT_FOREVER);
    }
}

static VOID
ViewpListingLeave(VIEW_HANDLE *Handle)
{
    if (atomic_exchange(&Handle->Busy, 0) == 2) {
        port_wake(&Handle->Busy, 1);
    }
}

/* The next batch; Ended when there is none. */
static NTSTATUS
ViewpFetch(VIEW_CALL *Call, VIEW_HANDLE *Handle, BOOLEAN Restart)
{
    VIEW_LISTING *Listing = &Handle->Listing;
    if (Listing->Buffer == NULL && (Listing->Buffer = port_alloc_aligned(16, VIEWP_BATCH)) == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Restart) {
        Listing->Cookie = 2;
        Listing->Ended = FALSE;
    }
    Listing->Used = 0;
    Listing->Offset = 0;
    IOP_REQUEST Request = {
        .FileObject = Handle->FileObject, .OutputBuffer = Listing->Buffer, .OutputLength = VIEWP_BATCH, .RequestorMode = UserMode,
        .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_QUERY_DIRECTORY;
    Request.Stack.Flags = Restart ? SL_RESTART_SCAN : 0;
    Request.Stack.Parameters.QueryDirectory.Length = VIEWP_BATCH;
    Request.Stack.Parameters.QueryDirectory.FileInformationClass = FileIdBothDirectoryInformation;
    Call->Attach.host_errno = 0;
    NTSTATUS Status = IopRequest(&Request, &Call->Io);
    Listing->Started = TRUE;
    if (Status == STATUS_NO_MORE_FILES || Status == STATUS_NO_SUCH_FILE) {
        Listing->Ended = TRUE;
        return STATUS_SUCCESS;
    }
    if (NT_SUCCESS(Status) && Call->Io.Information == 0) {
        Listing->Ended = TRUE;
    } else if (NT_SUCCESS(Status)) {
        Listing->Used = (ULONG)Call->Io.Information;
    }
    return Status;
}

static BOOLEAN
ViewpIsDots(const FILE_ID_BOTH_DIR_INFORMATION *Entry)
{
    return (Entry->FileNameLength == 2 && Entry->FileName[0] == L'.') ||
           (Entry->FileNameLength == 4 && Entry->FileName[0] == L'.' && Entry->FileName[1] == L'.');
}

/* The current entry, or NULL at the end of the batch. */
static const FILE_ID_BOTH_DIR_INFORMATION *
ViewpCurrent(const VIEW_LISTING *Listing)
{
    if (Listing->Offset + FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName) > Listing->Used) {
        return NULL;
    }
    const FILE_ID_BOTH_DIR_INFORMATION *Entry = (const FILE_ID_BOTH_DIR_INFORMATION *)(Listing->Buffer + Listing->Offset);
    ULONG Room = Listing->Used - Listing->Offset - (ULONG)FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName);
    return Entry->FileNameLength <= Room ? Entry : NULL;
}

static VOID
ViewpAdvance(VIEW_LISTING *Listing, const FILE_ID_BOTH_DIR_INFORMATION *Entry)
{
    Listing->Offset = Entry->NextEntryOffset != 0 ? Listing->Offset + Entry->NextEntryOffset : Listing->Used;
    Listing->Cookie++;
}

/* Positions the listing behind cookie (>= 2). */
static NTSTATUS
ViewpSeekCookie(VIEW_CALL *Call, VIEW_HANDLE *Handle, ULONGLONG Cookie)
{
    VIEW_LISTING *Listing = &Handle->Listing;
    NTSTATUS Status = STATUS_SUCCESS;
    if (Listing->Started && Listing->Cookie == Cookie) {
        return STATUS_SUCCESS;
    }
    Status = ViewpFetch(Call, Handle, TRUE);
    while (NT_SUCCESS(Status) && Listing->Cookie < Cookie && !Listing->Ended) {
        const FILE_ID_BOTH_DIR_INFORMATION *Entry = ViewpCurrent(Listing);
        if (Entry != NULL) {
            ViewpAdvance(Listing, Entry);
        } else {
            Status = ViewpFetch(Call, Handle, FALSE);
        }
    }
    return Status;
}

static ULONG
ViewpEntryType(const FILE_ID_BOTH_DIR_INFORMATION *Entry)
{
    if (Entry->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) {
        switch (Entry->EaSize) {               /* the reparse tag, for such files */
        case IO_REPARSE_TAG_LX_SYMLINK:
        case IO_REPARSE_TAG_SYMLINK:
            return VIEW_S_IFLNK;
        case IO_REPARSE_TAG_LX_FIFO:
            return VIEW_S_IFIFO;
        case IO_REPARSE_TAG_LX_CHR:
            return VIEW_S_IFCHR;
        case IO_REPARSE_TAG_LX_BLK:
            return VIEW_S_IFBLK;
        case IO_REPARSE_TAG_AF_UNIX:
            return VIEW_S_IFSOCK;
        default:
            break;
        }
    }
    return (Entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) ? VIEW_S_IFDIR : VIEW_S_IFREG;
}

static BOOLEAN
ViewpIsTemporary(VIEW *View, VIEW_NODE *Parent, const FILE_ID_BOTH_DIR_INFORMATION *Entry)
{
    ULONG Prefix = sizeof(VIEW_TEMPORARY_PREFIX) - sizeof(WCHAR);
    if (Entry->FileNameLength <= Prefix || memcmp(Entry->FileName, VIEW_TEMPORARY_PREFIX, Prefix) != 0) {
        return FALSE;
    }
    VIEW_NODE *Node = ViewLinkFind(View, Parent, Entry->FileName, (USHORT)Entry->FileNameLength);
    BOOLEAN Temporary = Node != NULL && atomic_load(&Node->Temporary);
    if (Node != NULL) {
        ViewNodeRelease(View, Node, 1);
    }
    return Temporary;
}

typedef struct VIEW_FILL {
    view_fill Fill;
    void *Context;
    BOOLEAN Plus;
} VIEW_FILL;

/* Hands one entry on.  FALSE: no room, the entry comes again. */
static BOOLEAN
ViewpGive(VIEW_CALL *Call, VIEW_HANDLE *Handle, const FILE_ID_BOTH_DIR_INFORMATION *Entry, const VIEW_FILL *Fill)
{
    CHAR Name[VIEW_NAME_BYTES + 1];
    ULONG Length = 0;
    struct view_entry Out;
    if (!NT_SUCCESS(IopNameToHost(Entry->FileName, Entry->FileNameLength / sizeof(WCHAR), Name, VIEW_NAME_BYTES, &Length))) {
        return TRUE;                           /* a filter made up a name that the host cannot have */
    }
    if (ViewpIsTemporary(Call->View, Handle->Node, Entry)) {
        return TRUE;
    }
    memset(&Out, 0, sizeof Out);
    if (Fill->Plus) {
        /* A name that has just gone, or that a filter hides from stat, is listed without attributes. */
        NTSTATUS Status = ViewLookup(Call, Handle->Node, Entry->FileName, (USHORT)Entry->FileNameLength, &Out);
        if (!NT_SUCCESS(Status)) {
            memset(&Out, 0, sizeof Out);
        }
    }
    if (Out.node == 0) {
        Out.attr.ino = (uint64_t)Entry->FileId.QuadPart;
        Out.attr.mode = ViewpEntryType(Entry);
    }
    if (Fill->Fill(Fill->Context, Name, Length, Handle->Listing.Cookie + 1, &Out)) {
        return TRUE;
    }
    if (Out.node != 0 && Out.node != VIEW_ROOT) {
        ViewNodeRelease(Call->View, ViewNode(Call->View, Out.node), 1);
    }
    return FALSE;
}

static NTSTATUS
ViewpList(VIEW_CALL *Call, VIEW_HANDLE *Handle, ULONGLONG Cookie, const VIEW_FILL *Fill)
{
    VIEW_LISTING *Listing = &Handle->Listing;
    NTSTATUS Status = ViewpSeekCookie(Call, Handle, Cookie);
    while (NT_SUCCESS(Status) && !Listing->Ended) {
        const FILE_ID_BOTH_DIR_INFORMATION *Entry = ViewpCurrent(Listing);
        if (Entry == NULL) {
            Status = ViewpFetch(Call, Handle, FALSE);
            continue;
        }
        if (!ViewpIsDots(Entry) && !ViewpGive(Call, Handle, Entry, Fill)) {
            break;
        }
        ViewpAdvance(Listing, Entry);
    }
    return Status;
}

static ULONGLONG
ViewpParentId(VIEW *View, VIEW_NODE *Node)
{
    port_rcu_read_lock();
    VIEW_LINK *Link = Node == View->Root ? NULL : atomic_load_explicit(&Node->Links, memory_order_acquire);
    ULONGLONG Id = Link != NULL ? Link->Parent->FileId : Node->FileId;
    port_rcu_read_unlock();
    return Id;
}

/* TRUE: both are out. */
static BOOLEAN
ViewpListDots(VIEW *View, VIEW_HANDLE *Handle, ULONGLONG Cookie, const VIEW_FILL *Fill)
{
    struct view_entry Out;
    memset(&Out, 0, sizeof Out);
    Out.attr.mode = VIEW_S_IFDIR;
    Out.attr.ino = Handle->Node->FileId;
    if (Cookie < 1 && !Fill->Fill(Fill->Context, ".", 1, 1, &Out)) {
        return FALSE;
    }
    Out.attr.ino = ViewpParentId(View, Handle->Node);
    return Cookie >= 2 || Fill->Fill(Fill->Context, "..", 2, 2, &Out);
}

int
view_readdir(view *v, view_handle *dir, uint64_t cookie, bool plus, const struct view_who *who, view_fill fill, void *ctx)
{
    VIEW_FILL Fill = { .Fill = fill, .Context = ctx, .Plus = plus };
    VIEW_CALL Call;
    if (!dir->Directory) {
        return -VIEW_ENOTDIR;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    NTSTATUS Status = STATUS_SUCCESS;
    ViewpListingEnter(dir);
    if (cookie == 0) {
        dir->Listing.Started = FALSE;          /* rewound: what changed meanwhile is to be seen */
    }
    if (ViewpListDots(v, dir, cookie, &Fill)) {
        Status = ViewpList(&Call, dir, cookie < 2 ? 2 : cookie, &Fill);
    }
    ViewpListingLeave(dir);
    return ViewLeave(&Call, Status);
}

int
view_opendir(view *v, view_node node, uint32_t flags, const struct view_who *who, view_handle **out)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    VIEW_NODE *Node = ViewNode(v, node);
    VIEW_OPEN Open = {
        .Access = FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | FILE_READ_EA | READ_CONTROL, .Disposition = FILE_OPEN,
        .Options = FILE_DIRECTORY_FILE,
    };
    PFILE_OBJECT FileObject;
    NTSTATUS Status = ViewOpenNode(&Call, Node, &Open, &FileObject);
    if (NT_SUCCESS(Status) && ViewHandleCreate(&Call, Node, FileObject, flags, TRUE, out) != 0) {
        IopCloseFile(FileObject);
        Status = STATUS_INSUFFICIENT_RESOURCES;
    }
    return ViewLeave(&Call, Status);
}

/* SPDX-License-Identifier: MIT */
/* open, creat, close; which data regime a handle gets. */
#include "view/viewp.h"

#define VIEWP_DATA                                                                                                         \
    (IOP_INTEREST_BIT(IRP_MJ_READ) | IOP_INTEREST_BIT(IRP_MJ_WRITE) | IOP_INTEREST_BIT(VIEW_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION))

VOID
ViewTranslateFlags(uint32_t Flags, VIEW_OPEN *Open)
{
    memset(Open, 0, sizeof *Open);
    Open->Access = FILE_READ_ATTRIBUTES | READ_CONTROL;
    Open->Options = FILE_NON_DIRECTORY_FILE;
    switch (Flags & VIEW_O_ACCMODE) {
    case VIEW_O_WRONLY:
        Open->Access |= FILE_GENERIC_WRITE;
        break;
    case VIEW_O_RDWR:
        Open->Access |= FILE_GENERIC_READ | FILE_GENERIC_WRITE;
        break;
    default:
        Open->Access |= (Flags & VIEW_O_EXEC) ? FILE_GENERIC_EXECUTE | FILE_READ_DATA : FILE_GENERIC_READ;
        break;
    }
    if (Flags & VIEW_O_TRUNC) {
        Open->Access |= FILE_WRITE_DATA;
    }
    Open->Options |= (Flags & VIEW_O_DIRECT) ? FILE_NO_INTERMEDIATE_BUFFERING : 0;
    Open->Options |= (Flags & VIEW_O_DSYNC) ? FILE_WRITE_THROUGH : 0;
    if (!(Flags & VIEW_O_CREAT)) {
        Open->Disposition = (Flags & VIEW_O_TRUNC) ? FILE_OVERWRITE : FILE_OPEN;
    } else if (Flags & VIEW_O_EXCL) {
        Open->Disposition = FILE_CREATE;
    } else {
        Open->Disposition = (Flags & VIEW_O_TRUNC) ? FILE_OVERWRITE_IF : FILE_OPEN_IF;
    }
}

int
ViewHandleCreate(VIEW_CALL *Call, VIEW_NODE *Node, PFILE_OBJECT FileObject, uint32_t Flags, BOOLEAN Directory, VIEW_HANDLE **Result)
{
    UNREFERENCED_PARAMETER(Call);
    VIEW_HANDLE *Handle = port_alloc_zeroed(sizeof *Handle);
    if (Handle == NULL) {
        return -VIEW_ENOMEM;
    }
    Handle->FileObject = FileObject;
    Handle->Flags = Flags;
    Handle->Directory = Directory;
    Handle->IrpFlags = (__atomic_load_n(&FileObject->Flags, __ATOMIC_RELAXED) & FO_NO_INTERMEDIATE_BUFFERING) ? IRP_NOCACHE : 0;
    Handle->WriteFlags = (__atomic_load_n(&FileObject->Flags, __ATOMIC_RELAXED) & FO_WRITE_THROUGH) ? SL_WRITE_THROUGH : 0;
    IOP_FILE_FROM(FileObject)->ViewHandle = Handle;
    ViewHandleInsert(Handle, Node);
    *Result = Handle;
    return 0;
}

/* CLEANUP runs as the opener (io), CLOSE follows with the last reference. */
VOID
ViewHandleClose(VIEW *View, VIEW_HANDLE *Handle)
{
    VIEW_NODE *Node = Handle->Node;
    ViewHandleRemove(Handle);
    IOP_FILE_FROM(Handle->FileObject)->ViewHandle = NULL;
    IopCloseFile(Handle->FileObject);
    port_free(Handle->Listing.Buffer);
    port_free(Handle);
    ViewNodeRelease(View, Node, 1);
}

/* The host's descriptor behind a file object; FALSE: there is none. */
static BOOLEAN
ViewpHostFile(PFILE_OBJECT FileObject, struct iop_host_file *Host)
{
    Host->fd = -1;
    return NT_SUCCESS(ViewPrivate(FileObject, IOP_FSCTL_HOST_FILE, Host, sizeof *Host)) && Host->fd >= 0;
}

/*
 * Regime 1, passthrough: nobody watches data, and the host file is at hand.  Regime 3, direct, otherwise.  Regime 2 (page cache, with
 * paging I/O for filters that all skip cached I/O) is decided here when the cache layer can issue those transfers.
 * A writer of a set-id file goes through requests: passthrough writes would not clear the bits.
 */
VOID
ViewPresent(VIEW_CALL *Call, VIEW_HANDLE *Handle, struct view_open *Out)
{
    VIEW *View = Call->View;
    IOP_INTEREST Interest = { 0 };
    struct iop_host_file Host;
    Out->handle = Handle;
    Out->regime = VIEW_REGIME_DIRECT;
    Out->backing_fd = -1;
    Out->keep_cache = false;
    Out->no_flush = true;                      /* FLUSH comes once per duplicate and means nothing to anybody here */
    BOOLEAN Writer = (Handle->Flags & VIEW_O_ACCMODE) != 0;
    ULONG Mode = atomic_load_explicit(&Handle->Node->Mode, memory_order_relaxed);
    if (View->Options.no_passthrough || (Writer && (Mode & (VIEW_S_ISUID | VIEW_S_ISGID)) != 0)) {
        return;
    }
    IopQueryInterest(View->VolumeDevice, &Interest);
    if ((Interest.Majors & VIEWP_DATA) == 0 && ViewpHostFile(Handle->FileObject, &Host)) {
        Out->regime = VIEW_REGIME_PASSTHROUGH;
        Out->backing_fd = Host.fd;
    }
}

int
view_open(view *v, view_node node, uint32_t flags, const struct view_who *who, struct view_open *out)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    VIEW_NODE *Node = ViewNode(v, node);
    VIEW_OPEN Open;
    PFILE_OBJECT FileObject;
    VIEW_HANDLE *Handle;
    ViewTranslateFlags(flags & ~(uint32_t)(VIEW_O_CREAT | VIEW_O_EXCL), &Open);
    if (flags & VIEW_OPEN_DELETE_ON_CLOSE) {
        flags &= ~VIEW_OPEN_DELETE_ON_CLOSE;
        Open.Access |= DELETE;
        Open.Options |= FILE_DELETE_ON_CLOSE;
    }
    Call.Attach.open_flags = (int)flags;
    NTSTATUS Status = ViewOpenNode(&Call, Node, &Open, &FileObject);
    if (ViewIsNotFound(Status) && Call.Attach.host_errno == VIEW_ESTALE) {
        NTSTATUS Shared = ViewShareFileObject(&Call, Node, &Open, &FileObject);
        Status = ViewIsNotFound(Shared) ? Status : Shared;
    }
    if (NT_SUCCESS(Status)) {
        if (ViewHandleCreate(&Call, Node, FileObject, flags, FALSE, &Handle) != 0) {
            IopCloseFile(FileObject);
            Status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            ViewPresent(&Call, Handle, out);
        }
    }
    return ViewLeave(&Call, Status);
}

/* Entry and handle for a file object that a create gave; closes it on failure. */
static NTSTATUS
ViewpFinishCreate(VIEW_CALL *Call, PFILE_OBJECT FileObject, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, uint32_t Flags,
                  BOOLEAN Temporary, struct view_entry *Entry, struct view_open *Out)
{
    BOOLEAN Fresh = Call->Io.Information == FILE_CREATED;
    VIEW_NODE *Node;
    VIEW_HANDLE *Handle;
    NTSTATUS Status = ViewEntryOfFile(Call, FileObject, Parent, Name, Bytes, Fresh, Entry, &Node);
    if (!NT_SUCCESS(Status)) {
        IopCloseFile(FileObject);
        return Status;
    }
    if (ViewHandleCreate(Call, Node, FileObject, Flags, FALSE, &Handle) != 0) {
        IopCloseFile(FileObject);
        ViewNodeRelease(Call->View, Node, 1);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Temporary) {
        atomic_store(&Node->Temporary, TRUE);
        Entry->attr.nlink = 0;
    }
    ViewPresent(Call, Handle, Out);
    return STATUS_SUCCESS;
}

static VOID
ViewpCreateValues(VIEW_CALL *Call, uint32_t Flags, uint32_t Mode, const struct view_who *Who)
{
    Call->Attach.valid = IOP_ATTACH_MODE;
    Call->Attach.mode = (Mode & 07777) | VIEW_S_IFREG;
    Call->Attach.open_flags = (int)Flags;
    if (Who != NULL) {
        Call->Attach.valid |= IOP_ATTACH_UID | IOP_ATTACH_GID;
        Call->Attach.uid = Who->uid;
        Call->Attach.gid = Who->gid;
    }
}

int
view_create_file(view *v, view_node parent, const char *name, size_t length, uint32_t flags, uint32_t mode, const struct view_who *who,
                 struct view_entry *entry, struct view_open *out)
{
    WCHAR Name[VIEW_NAME_CHARS];
    USHORT Bytes;
    VIEW_CALL Call;
    int Error = ViewName(name, length, Name, &Bytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, v, who);
    }
    if (Error != 0) {
        return Error;
    }
    ULONG Eas[16];
    VIEW_OPEN Open;
    PFILE_OBJECT FileObject;
    VIEW_NODE *Parent = ViewNode(v, parent);
    ViewTranslateFlags(flags | VIEW_O_CREAT, &Open);
    ViewpCreateValues(&Call, flags, mode, who);
    Open.Ea = Eas;
    Open.EaLength = ViewLxEas(Eas, Call.Attach.mode, FALSE, 0);
    NTSTATUS Status = ViewOpenChild(&Call, Parent, Name, Bytes, &Open, &FileObject);
    if (NT_SUCCESS(Status)) {
        Status = ViewpFinishCreate(&Call, FileObject, Parent, Name, Bytes, flags, FALSE, entry, out);
    } else if (Status == STATUS_DELETE_PENDING) {
        Call.Attach.host_errno = VIEW_EBUSY;   /* the name is there, and cannot be had before its last handle is closed */
        Call.Attach.host_status = 0;
    }
    return ViewLeave(&Call, Status);
}

/* ".filterbed-tmp-" and 16 hexadecimal digits; listings leave these names out while they are temporary. */
static USHORT
ViewpTemporaryName(WCHAR *Name)
{
    static const WCHAR Digits[] = L"0123456789abcdef";
    ULONG Length = sizeof(VIEW_TEMPORARY_PREFIX) / sizeof(WCHAR) - 1;
    memcpy(Name, VIEW_TEMPORARY_PREFIX, Length * sizeof(WCHAR));
    uint64_t Random = port_random();
    for (ULONG i = 0; i < 16; i++, Random >>= 4) {
        Name[Length++] = Digits[Random & 15];
    }
    return (USHORT)(Length * sizeof(WCHAR));
}

int
view_tmpfile(view *v, view_node parent, uint32_t flags, uint32_t mode, const struct view_who *who, struct view_entry *entry, struct view_open *out)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    WCHAR Name[VIEW_NAME_CHARS];
    USHORT Bytes = ViewpTemporaryName(Name);
    ULONG Eas[16];
    VIEW_OPEN Open;
    PFILE_OBJECT FileObject;
    VIEW_NODE *Parent = ViewNode(v, parent);
    ViewTranslateFlags((flags & ~(uint32_t)VIEW_O_TRUNC) | VIEW_O_CREAT | VIEW_O_EXCL, &Open);
    Open.Access |= DELETE;
    Open.Options |= FILE_DELETE_ON_CLOSE;
    ViewpCreateValues(&Call, flags, mode, who);
    Open.Ea = Eas;
    Open.EaLength = ViewLxEas(Eas, Call.Attach.mode, FALSE, 0);
    NTSTATUS Status = ViewOpenChild(&Call, Parent, Name, Bytes, &Open, &FileObject);
    if (NT_SUCCESS(Status)) {
        Status = ViewpFinishCreate(&Call, FileObject, Parent, Name, Bytes, flags, TRUE, entry, out);
    }
    return ViewLeave(&Call, Status);
}

void
view_release(view *v, view_handle *handle)
{
    PSP_REQUESTOR Requestor;
    PspAttachRequestor(&Requestor, 0, 0, 0);   /* CLOSE as System */
    ViewHandleClose(v, handle);
    PspDetachRequestor(&Requestor);
}

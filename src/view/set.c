/* SPDX-License-Identifier: MIT */
/* chmod, chown, utimens, truncate by node: one open, SET_EA and SET_INFORMATION for what changes, one query for the reply. */
#include "view/viewp.h"

#define VIEWP_SET_TIMES (VIEW_SET_ATIME | VIEW_SET_MTIME | VIEW_SET_ATIME_NOW | VIEW_SET_MTIME_NOW)

/* SET_EA with $LXMOD, $LXUID, $LXGID; the attachment says the same exactly. */
static NTSTATUS
ViewpSetOwnerMode(VIEW_CALL *Call, PFILE_OBJECT FileObject, const struct view_setattr *Set)
{
    PUCHAR Buffer = Call->Scratch->Info;
    ULONG Used = 0, Last = 0;
    ViewAttachReset(Call);
    if (Set->valid & VIEW_SET_MODE) {
        Call->Attach.valid |= IOP_ATTACH_MODE;
        Call->Attach.mode = Set->mode;
        Used = ViewEaAppend(Buffer, Used, &Last, LX_FILE_METADATA_MODE_EA_NAME, &Set->mode, sizeof(ULONG));
    }
    if (Set->valid & VIEW_SET_UID) {
        Call->Attach.valid |= IOP_ATTACH_UID;
        Call->Attach.uid = Set->uid;
        Used = ViewEaAppend(Buffer, Used, &Last, LX_FILE_METADATA_UID_EA_NAME, &Set->uid, sizeof(ULONG));
    }
    if (Set->valid & VIEW_SET_GID) {
        Call->Attach.valid |= IOP_ATTACH_GID;
        Call->Attach.gid = Set->gid;
        Used = ViewEaAppend(Buffer, Used, &Last, LX_FILE_METADATA_GID_EA_NAME, &Set->gid, sizeof(ULONG));
    }
    if (Used == 0) {
        return STATUS_SUCCESS;
    }
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = Buffer, .InputLength = Used, .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_SET_EA;
    Request.Stack.Parameters.SetEa.Length = Used;
    return IopRequest(&Request, &Call->Io);
}

/* The NT value of one time; 0 leaves it alone. */
static LONGLONG
ViewpSetTime(uint32_t Valid, uint32_t Bit, uint32_t NowBit, int64_t Seconds, uint32_t Nanoseconds)
{
    if (Valid & NowBit) {
        return port_clock_nt();
    }
    return (Valid & Bit) ? port_unix_to_nt(Seconds, Nanoseconds) : 0;
}

static NTSTATUS
ViewpSetTimes(VIEW_CALL *Call, PFILE_OBJECT FileObject, const struct view_setattr *Set)
{
    FILE_BASIC_INFORMATION Basic;
    memset(&Basic, 0, sizeof Basic);
    ViewAttachReset(Call);
    struct iop_attachment *A = &Call->Attach;
    Basic.LastAccessTime.QuadPart = ViewpSetTime(Set->valid, VIEW_SET_ATIME, VIEW_SET_ATIME_NOW, Set->atime, Set->atime_nsec);
    Basic.LastWriteTime.QuadPart = ViewpSetTime(Set->valid, VIEW_SET_MTIME, VIEW_SET_MTIME_NOW, Set->mtime, Set->mtime_nsec);
    A->nt_atime = Basic.LastAccessTime.QuadPart;
    A->nt_mtime = Basic.LastWriteTime.QuadPart;
    if (Set->valid & VIEW_SET_ATIME_NOW) {
        A->valid |= IOP_ATTACH_ATIME_NOW;
    } else if (Set->valid & VIEW_SET_ATIME) {
        A->valid |= IOP_ATTACH_ATIME;
        A->atime_sec = Set->atime;
        A->atime_nsec = Set->atime_nsec;
    }
    if (Set->valid & VIEW_SET_MTIME_NOW) {
        A->valid |= IOP_ATTACH_MTIME_NOW;
    } else if (Set->valid & VIEW_SET_MTIME) {
        A->valid |= IOP_ATTACH_MTIME;
        A->mtime_sec = Set->mtime;
        A->mtime_nsec = Set->mtime_nsec;
    }
    return ViewSet(Call, FileObject, FileBasicInformation, &Basic, sizeof Basic, NULL);
}

static NTSTATUS
ViewpSetSize(VIEW_CALL *Call, PFILE_OBJECT FileObject, uint64_t Size)
{
    if (Size > INT64_MAX) {
        return STATUS_FILE_TOO_LARGE;
    }
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile.QuadPart = (LONGLONG)Size };
    ViewAttachReset(Call);
    return ViewSet(Call, FileObject, FileEndOfFileInformation, &End, sizeof End, NULL);
}

/* As Linux' rule for writers without CAP_FSETID: set-user-id goes, set-group-id goes where the group may execute. */
static NTSTATUS
ViewpKillSuidgid(VIEW_CALL *Call, PFILE_OBJECT FileObject)
{
    FILE_STAT_LX_INFORMATION Stat;
    ViewAttachReset(Call);
    NTSTATUS Status = ViewStatFile(Call, FileObject, &Stat);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ULONG Mode = ViewStatMode(&Stat), Kept = Mode & ~(ULONG)VIEW_S_ISUID;
    if ((Mode & VIEW_S_ISGID) && (Mode & 010)) {
        Kept &= ~(ULONG)VIEW_S_ISGID;
    }
    if (Kept == Mode || (Mode & VIEW_S_IFMT) == VIEW_S_IFDIR) {
        return STATUS_SUCCESS;
    }
    struct view_setattr Set = { .valid = VIEW_SET_MODE, .mode = Kept };
    return ViewpSetOwnerMode(Call, FileObject, &Set);
}

static NTSTATUS
ViewpSetAll(VIEW_CALL *Call, PFILE_OBJECT FileObject, const struct view_setattr *Set)
{
    NTSTATUS Status = STATUS_SUCCESS;
    if (Set->valid & VIEW_SET_SIZE) {
        Status = ViewpSetSize(Call, FileObject, Set->size);
    }
    if (NT_SUCCESS(Status) && (Set->valid & (VIEW_SET_MODE | VIEW_SET_UID | VIEW_SET_GID))) {
        Status = ViewpSetOwnerMode(Call, FileObject, Set);
    }
    if (NT_SUCCESS(Status) && (Set->valid & VIEW_SET_KILL_SUIDGID) && !(Set->valid & VIEW_SET_MODE)) {
        Status = ViewpKillSuidgid(Call, FileObject);
    }
    if (NT_SUCCESS(Status) && (Set->valid & VIEWP_SET_TIMES)) {
        Status = ViewpSetTimes(Call, FileObject, Set);
    }
    return Status;
}

/* A writer without privilege announces this with every write: nothing to do while the bits are known to be clear. */
static BOOLEAN
ViewpNothingToKill(VIEW_NODE *Node, const struct view_setattr *Set)
{
    ULONG Mode = atomic_load_explicit(&Node->Mode, memory_order_relaxed);
    return Set->valid == VIEW_SET_KILL_SUIDGID && Mode != 0 && (Mode & (VIEW_S_ISUID | VIEW_S_ISGID)) == 0;
}

int
view_setattr(view *v, view_node node, view_handle *handle, const struct view_setattr *set, const struct view_who *who, struct view_attr *out,
             uint64_t *ttl_ns)
{
    VIEW_NODE *Node = ViewNode(v, node);
    if (ViewpNothingToKill(Node, set)) {
        memset(out, 0, sizeof *out);
        *ttl_ns = 0;
        return 0;
    }
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    PFILE_OBJECT FileObject = handle != NULL ? handle->FileObject : NULL;
    BOOLEAN Borrowed = FALSE;
    NTSTATUS Status = STATUS_SUCCESS;
    if (FileObject == NULL) {
        VIEW_OPEN Open = { .Access = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN, .Options = FILE_OPEN_REPARSE_POINT };
        Open.Access |= (set->valid & VIEW_SET_SIZE) ? FILE_WRITE_DATA : 0;
        Open.Access |= (set->valid & VIEWP_SET_TIMES) ? FILE_WRITE_ATTRIBUTES : 0;
        Open.Access |= (set->valid & (VIEW_SET_MODE | VIEW_SET_UID | VIEW_SET_GID | VIEW_SET_KILL_SUIDGID)) ? FILE_WRITE_EA : 0;
        Status = ViewBorrowNode(&Call, Node, &Open, &FileObject, &Borrowed);
    }
    if (NT_SUCCESS(Status)) {
        FILE_STAT_LX_INFORMATION Stat;
        Status = ViewpSetAll(&Call, FileObject, set);
        if (NT_SUCCESS(Status)) {
            Status = ViewStatReply(&Call, FileObject, &Stat, ttl_ns);
        }
        if (NT_SUCCESS(Status)) {
            ViewAttrFromStat(&Call, Node, &Stat, out);
            ViewTtlLimit(&Call, Node->FileId, 0, ttl_ns);
        }
        if (handle == NULL) {
            ViewGiveBack(FileObject, Borrowed);
        }
    }
    return ViewLeave(&Call, Status);
}

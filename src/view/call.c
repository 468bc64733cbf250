/* SPDX-License-Identifier: MIT */
/* One request: in whose name it runs, how it reaches a node, what it returns. */
#include "view/viewp.h"

VOID
ViewAttachReset(VIEW_CALL *Call)
{
    memset(&Call->Attach, 0, sizeof Call->Attach);
    Call->Attach.magic = IOP_ATTACH_MAGIC;
}

int
ViewEnter(VIEW_CALL *Call, VIEW *View, const struct view_who *Who)
{
    Call->View = View;
    Call->Began = atomic_load(&View->Changes);
    Call->Scratch = ViewScratchGet();
    if (Call->Scratch == NULL) {
        return -VIEW_ENOMEM;
    }
    Call->Io.Information = 0;
    ViewAttachReset(Call);
    if (Who != NULL) {
        PspAttachRequestor(&Call->Requestor, Who->pid, Who->uid, Who->gid);
    } else {
        PspAttachRequestor(&Call->Requestor, 0, 0, 0);
    }
    return 0;
}

int
ViewLeave(VIEW_CALL *Call, NTSTATUS Status)
{
    PspDetachRequestor(&Call->Requestor);
    ViewScratchPut(Call->Scratch);
    return NT_SUCCESS(Status) ? 0 : -ViewErrnoExact(Status, &Call->Attach);
}

BOOLEAN
ViewIsNotFound(NTSTATUS Status)
{
    return Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND || Status == STATUS_NO_SUCH_FILE ||
           Status == STATUS_DELETE_PENDING;
}

/*
 * Failures of the moment.  ESTALE: the name was given to another file while the host opened it.  A create that meets a delete: the
 * name goes with the CLEANUP that is about to come.
 */
static BOOLEAN
ViewpPasses(const VIEW_CALL *Call, const VIEW_OPEN *Open, NTSTATUS Status)
{
    if (Call->Attach.host_errno == VIEW_ESTALE) {
        return TRUE;
    }
    if (Status != STATUS_DELETE_PENDING || Open->Disposition == FILE_OPEN || Open->Disposition == FILE_OVERWRITE) {
        return FALSE;
    }
    port_yield();
    return TRUE;
}

static NTSTATUS
ViewpOpenName(VIEW_CALL *Call, const UNICODE_STRING *Name, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    IOP_CREATE Create = {
        .Device = Call->View->RealDevice,
        .Name = *Name,
        .DesiredAccess = Open->Access | SYNCHRONIZE,
        .Disposition = Open->Disposition,
        .CreateOptions = Open->Options,
        .FileAttributes = FILE_ATTRIBUTE_NORMAL,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        .EaBuffer = Open->Ea,
        .EaLength = Open->EaLength,
        .ObjectAttributes = Call->View->Options.case_insensitive ? OBJ_CASE_INSENSITIVE : 0,
        .RequestorMode = UserMode,
        .Attachment = &Call->Attach,
    };
    NTSTATUS Status;
    ULONG Tries = 0;
    do {
        *FileObject = NULL;
        Call->Attach.host_errno = 0;
        Status = IopCreateFile(&Create, &Call->Io, FileObject);
        if (Status == STATUS_EAS_NOT_SUPPORTED && Call->View->Plain) {
            Create.EaBuffer = NULL;            /* modes and the like are not kept there */
            Create.EaLength = 0;
            Status = IopCreateFile(&Create, &Call->Io, FileObject);
        }
    } while (!NT_SUCCESS(Status) && Tries++ < 16 && ViewpPasses(Call, Open, Status));
    return Status;
}

NTSTATUS
ViewOpenChild(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    for (ULONG Tries = 0;; Tries++) {
        ULONG Renames = atomic_load(&Call->View->Renames);
        UNICODE_STRING Path;
        NTSTATUS Status = ViewPath(Call->View, Parent, 0, Name, Bytes, Call->Scratch->Path, VIEW_PATH_BYTES, &Path);
        if (NT_SUCCESS(Status)) {
            Status = ViewpOpenName(Call, &Path, Open, FileObject);
        }
        if (Status != STATUS_OBJECT_PATH_NOT_FOUND || Tries >= 8 || Renames == atomic_load(&Call->View->Renames)) {
            return Status;
        }
    }
}

static NTSTATUS
ViewpOpenById(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    VIEW_OPEN ById = *Open;
    ById.Options |= FILE_OPEN_BY_FILE_ID;
    ULONGLONG Id = Node->FileId;
    UNICODE_STRING Name = { .Length = sizeof Id, .MaximumLength = sizeof Id, .Buffer = (PWCH)&Id };
    return ViewpOpenName(Call, &Name, &ById, FileObject);
}

/* By each live link in turn. */
static NTSTATUS
ViewpOpenByLinks(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    NTSTATUS Result = STATUS_OBJECT_NAME_NOT_FOUND;
    for (ULONG Which = 0, Tries = 0;; Which++) {
        ULONG Renames = atomic_load(&Call->View->Renames);
        UNICODE_STRING Path;
        NTSTATUS Status = ViewPath(Call->View, Node, Which, NULL, 0, Call->Scratch->Path, VIEW_PATH_BYTES, &Path);
        if (!NT_SUCCESS(Status)) {
            return Which == 0 ? Status : Result;
        }
        Status = ViewpOpenName(Call, &Path, Open, FileObject);
        if (!ViewIsNotFound(Status)) {
            return Status;
        }
        Result = Status;
        if (Renames != atomic_load(&Call->View->Renames) && Tries++ < 8) {
            Which = (ULONG)-1;                 /* overtaken: from the first link again */
        }
    }
}

/* Does no name lead to the node below the stack any more?  If one does, a filter hides the file. */
static BOOLEAN
ViewpIsGone(VIEW_CALL *Call, VIEW_NODE *Node)
{
    FILE_STAT_LX_INFORMATION Stat;
    UNICODE_STRING Path;
    for (ULONG Which = 0;; Which++) {
        if (!NT_SUCCESS(ViewPath(Call->View, Node, Which, NULL, 0, Call->Scratch->Path, VIEW_PATH_BYTES, &Path))) {
            return TRUE;
        }
        if (NT_SUCCESS(ViewQueryOpen(Call, &Path, TRUE, &Stat)) && (ULONGLONG)Stat.FileId.QuadPart == Node->FileId) {
            return FALSE;
        }
    }
}

/*
 * Nothing leads to the node.  If its names are gone, the kernel's lookup was overtaken by an unlink or a replacing rename: ESTALE
 * makes it look up again, and so open what has the name now, where ENOENT would tell the program of a gap that never was.
 */
static NTSTATUS
ViewpNotReached(VIEW_CALL *Call, VIEW_NODE *Node, NTSTATUS Status)
{
    int Errno = ViewpIsGone(Call, Node) ? VIEW_ESTALE : ViewErrno(Status);
    Call->Attach.host_errno = Errno;
    Call->Attach.host_status = Status;
    return Status;
}

NTSTATUS
ViewOpenNode(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    NTSTATUS Status = ViewpOpenByLinks(Call, Node, Open, FileObject);
    if (!ViewIsNotFound(Status)) {
        return Status;
    }
    NTSTATUS ById = ViewpOpenById(Call, Node, Open, FileObject);
    return NT_SUCCESS(ById) ? ById : ViewpNotReached(Call, Node, Status);
}

static BOOLEAN
ViewpServes(PFILE_OBJECT FileObject, ACCESS_MASK Access)
{
    return (!(Access & FILE_WRITE_DATA) || FileObject->WriteAccess) && (!(Access & FILE_READ_DATA) || FileObject->ReadAccess);
}

/* Handle: as a further handle of it, to be closed with IopCloseFile. */
static PFILE_OBJECT
ViewpAnyFileObject(VIEW_NODE *Node, ACCESS_MASK Access, BOOLEAN Handle)
{
    PFILE_OBJECT Found = NULL;
    port_lock_acquire(&Node->Lock);
    for (VIEW_HANDLE *Open = Node->Handles; Open != NULL && Found == NULL; Open = Open->Next) {
        if (ViewpServes(Open->FileObject, Access)) {
            Found = Open->FileObject;
            ObpReference(Found);
            if (Handle) {
                IopHandleOpened(Found);        /* listed handles are not closed yet: CLEANUP is still to come */
            }
        }
    }
    port_lock_release(&Node->Lock);
    return Found;
}

PFILE_OBJECT
ViewAnyFileObject(VIEW_NODE *Node, ACCESS_MASK Access)
{
    return ViewpAnyFileObject(Node, Access, FALSE);
}

/*
 * A file without a name is opened again (/proc/self/fd/n): NT does not open deleted files, so the new handle shares a file object that is
 * open.  STATUS_OBJECT_NAME_NOT_FOUND: none allows what is asked.
 */
NTSTATUS
ViewShareFileObject(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject)
{
    *FileObject = ViewpAnyFileObject(Node, Open->Access, TRUE);
    if (*FileObject == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (Open->Disposition != FILE_OVERWRITE) {
        return STATUS_SUCCESS;
    }
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile.QuadPart = 0 };
    NTSTATUS Status = ViewSet(Call, *FileObject, FileEndOfFileInformation, &End, sizeof End, NULL);
    if (!NT_SUCCESS(Status)) {
        IopCloseFile(*FileObject);
    }
    return Status;
}

NTSTATUS
ViewBorrowUnnamed(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject, BOOLEAN *Borrowed)
{
    *FileObject = ViewAnyFileObject(Node, Open->Access);
    *Borrowed = *FileObject != NULL;
    if (*Borrowed || NT_SUCCESS(ViewpOpenById(Call, Node, Open, FileObject))) {
        return STATUS_SUCCESS;
    }
    return ViewpNotReached(Call, Node, STATUS_OBJECT_NAME_NOT_FOUND);
}

NTSTATUS
ViewBorrowNode(VIEW_CALL *Call, VIEW_NODE *Node, const VIEW_OPEN *Open, PFILE_OBJECT *FileObject, BOOLEAN *Borrowed)
{
    *Borrowed = FALSE;
    NTSTATUS Status = ViewpOpenByLinks(Call, Node, Open, FileObject);
    if (!ViewIsNotFound(Status)) {
        return Status;
    }
    return ViewBorrowUnnamed(Call, Node, Open, FileObject, Borrowed);
}

VOID
ViewGiveBack(PFILE_OBJECT FileObject, BOOLEAN Borrowed)
{
    if (Borrowed) {
        ObpDereference(FileObject);
    } else {
        IopCloseFile(FileObject);
    }
}

NTSTATUS
ViewQuery(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, BOOLEAN Below)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .StartDevice = Below ? Call->View->VolumeDevice : NULL, .OutputBuffer = Buffer, .OutputLength = Length,
        .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.FileInformationClass = Class;
    Request.Stack.Parameters.QueryFile.Length = Length;
    Call->Attach.host_errno = 0;
    Call->Attach.device = 0;
    if (Call->View->Plain && Class == FileStatLxInformation) {
        return ViewPlainStat(Call, FileObject, Buffer, Below);
    }
    return IopRequest(&Request, &Call->Io);
}

NTSTATUS
ViewSet(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target)
{
    Call->Attach.host_errno = 0;
    const NTSTATUS Status = IopSetInformation(FileObject, Class, Buffer, Length, Target, &Call->Attach, UserMode);
    const BOOLEAN HasOld = Class == FileDispositionInformationEx || Class == FileRenameInformationEx || Class == FileLinkInformationEx;
    return Call->View->Plain && HasOld && ViewIsUnknownClass(Status) ? ViewPlainSet(Call, FileObject, Class, Buffer, Length, Target) : Status;
}

NTSTATUS
ViewControl(VIEW_CALL *Call, PFILE_OBJECT FileObject, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = (PVOID)Input, .InputLength = InputLength, .OutputBuffer = Output,
        .OutputLength = OutputLength, .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_USER_FS_REQUEST;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = Code;
    Request.Stack.Parameters.FileSystemControl.InputBufferLength = InputLength;
    Request.Stack.Parameters.FileSystemControl.OutputBufferLength = OutputLength;
    Call->Attach.host_errno = 0;
    return IopRequest(&Request, &Call->Io);
}

NTSTATUS
ViewPrivate(PFILE_OBJECT FileObject, ULONG Code, PVOID Output, ULONG Length)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .StartDevice = IopBaseDevice(FileObject), .OutputBuffer = Output, .OutputLength = Length,
        .RequestorMode = KernelMode,
    };
    IO_STATUS_BLOCK Io;
    Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_USER_FS_REQUEST;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = Code;
    return IopRequest(&Request, &Io);
}

bool
view_cancel(view *v, uint32_t thread)
{
    UNREFERENCED_PARAMETER(v);
    return IopCancelThread(thread) != FALSE;
}

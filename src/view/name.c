/* SPDX-License-Identifier: MIT */
/*
 * rename, link, unlink, rmdir: open for DELETE (or attributes), SET_INFORMATION with POSIX semantics, CLEANUP, CLOSE; then the links of
 * the nodes follow.
 */
#include "view/viewp.h"

enum { VIEWP_RENAME_NOREPLACE = 1 };           /* RENAME_EXCHANGE (2) comes with a later issue; RENAME_WHITEOUT (4) never */

/* What the I/O manager does for a target in another directory: opens the directory, with the last component as its name. */
static NTSTATUS
ViewpOpenTarget(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, PUNICODE_STRING Path, PFILE_OBJECT *Target)
{
    NTSTATUS Status = ViewPath(Call->View, Parent, 0, Name, Bytes, Call->Scratch->Path, VIEW_PATH_BYTES, Path);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IOP_CREATE Create = {
        .Device = Call->View->RealDevice,
        .Name = *Path,
        .DesiredAccess = FILE_WRITE_DATA | SYNCHRONIZE,
        .Disposition = FILE_OPEN,
        .CreateOptions = FILE_OPEN_FOR_BACKUP_INTENT,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        .ObjectAttributes = Call->View->Options.case_insensitive ? OBJ_CASE_INSENSITIVE : 0,
        .OpenFlags = IO_OPEN_TARGET_DIRECTORY,
        .RequestorMode = UserMode,
        .Attachment = &Call->Attach,
    };
    return IopCreateFile(&Create, &Call->Io, Target);
}

/* FILE_RENAME_INFORMATION (FILE_LINK_INFORMATION has the same shape) in Scratch->Info.  Device: prefix of a full name, or 0 bytes. */
static ULONG
ViewpNameInformation(VIEW_CALL *Call, ULONG Flags, const WCHAR *Device, USHORT DeviceBytes, const WCHAR *Name, USHORT Bytes)
{
    FILE_RENAME_INFORMATION *Info = (FILE_RENAME_INFORMATION *)Call->Scratch->Info;
    ULONG Length = (ULONG)FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + DeviceBytes + Bytes;
    Info->Flags = Flags;
    Info->RootDirectory = NULL;
    Info->FileNameLength = (ULONG)DeviceBytes + Bytes;
    if (DeviceBytes != 0) {
        memcpy(Info->FileName, Device, DeviceBytes);
    }
    memcpy((PUCHAR)Info->FileName + DeviceBytes, Name, Bytes);
    return Length < sizeof *Info ? (ULONG)sizeof *Info : Length;
}

/* Gives FileObject's file the name Parent\Name.  Same: it is in that directory already. */
static NTSTATUS
ViewpSetName(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, ULONG Flags, BOOLEAN Same, VIEW_NODE *Parent,
             const WCHAR *Name, USHORT Bytes)
{
    if (Same) {
        ULONG Length = ViewpNameInformation(Call, Flags, NULL, 0, Name, Bytes);
        return ViewSet(Call, FileObject, Class, Call->Scratch->Info, Length, NULL);
    }
    UNICODE_STRING Path;
    PFILE_OBJECT Target;
    NTSTATUS Status = ViewpOpenTarget(Call, Parent, Name, Bytes, &Path, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ULONG Length = ViewpNameInformation(Call, Flags, Call->View->DeviceName, Call->View->DeviceNameBytes, Path.Buffer, Path.Length);
    Status = ViewSet(Call, FileObject, Class, Call->Scratch->Info, Length, Target);
    IopCloseFile(Target);
    return Status;
}

static VOID
ViewpMoveLink(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, VIEW_NODE *NewParent, const WCHAR *NewName, USHORT NewBytes)
{
    if (Parent == NewParent && Bytes == NewBytes && memcmp(Name, NewName, Bytes) == 0) {
        return;
    }
    VIEW_NODE *Node = ViewLinkFind(View, Parent, Name, Bytes);
    if (Node == NULL || !ViewLinkAdd(View, Node, NewParent, NewName, NewBytes)) {
        ViewLinkRemove(View, NewParent, NewName, NewBytes);
    }
    ViewLinkRemove(View, Parent, Name, Bytes);
    atomic_fetch_add(&View->Renames, 1);
    if (Node != NULL) {
        ViewNodeRelease(View, Node, 1);
    }
}

/* So that the base file system can say whether this is what happened in the end. */
static VOID
ViewpExpectRename(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, const WCHAR *NewName, USHORT NewBytes)
{
    UNICODE_STRING Path;
    if (NT_SUCCESS(ViewPath(Call->View, Parent, 0, Name, Bytes, Call->Scratch->Path, VIEW_PATH_BYTES, &Path))) {
        Call->Attach.old_path = (const uint16_t *)Path.Buffer;
        Call->Attach.old_path_bytes = Path.Length;
        Call->Attach.new_name = (const uint16_t *)NewName;
        Call->Attach.new_name_bytes = NewBytes;
    }
}

static NTSTATUS
ViewpRename(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, VIEW_NODE *NewParent, const WCHAR *NewName,
            USHORT NewBytes, uint32_t Flags)
{
    VIEW_OPEN Open = { .Access = DELETE | FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN, .Options = FILE_OPEN_REPARSE_POINT };
    PFILE_OBJECT FileObject;
    NTSTATUS Status = ViewOpenChild(Call, Parent, Name, Bytes, &Open, &FileObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ULONG Semantics = FILE_RENAME_POSIX_SEMANTICS | FILE_RENAME_IGNORE_READONLY_ATTRIBUTE;
    if (!(Flags & VIEWP_RENAME_NOREPLACE)) {
        Semantics |= FILE_RENAME_REPLACE_IF_EXISTS;
    }
    Call->Attach.valid |= IOP_ATTACH_JUST_OPENED;
    if (Parent == NewParent) {
        ViewpExpectRename(Call, Parent, Name, Bytes, NewName, NewBytes);
    }
    Status = ViewpSetName(Call, FileObject, FileRenameInformationEx, Semantics, Parent == NewParent, NewParent, NewName, NewBytes);
    if (NT_SUCCESS(Status)) {
        if (!Call->Attach.renamed_as_asked) {
            ViewDoubtName(Call->View, Parent, Name, Bytes);
            ViewDoubtName(Call->View, NewParent, NewName, NewBytes);
        }
        ViewpMoveLink(Call->View, Parent, Name, Bytes, NewParent, NewName, NewBytes);
    }
    IopCloseFile(FileObject);
    return Status;
}

int
view_rename(view *v, view_node parent, const char *name, size_t length, view_node new_parent, const char *new_name, size_t new_length,
            uint32_t flags, const struct view_who *who)
{
    WCHAR Name[VIEW_NAME_CHARS], NewName[VIEW_NAME_CHARS];
    USHORT Bytes, NewBytes;
    VIEW_CALL Call;
    if ((flags & ~(uint32_t)VIEWP_RENAME_NOREPLACE) != 0) {
        return -VIEW_EINVAL;
    }
    int Error = ViewName(name, length, Name, &Bytes);
    Error = Error != 0 ? Error : ViewName(new_name, new_length, NewName, &NewBytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, v, who);
    }
    if (Error != 0) {
        return Error;
    }
    return ViewLeave(&Call, ViewpRename(&Call, ViewNode(v, parent), Name, Bytes, ViewNode(v, new_parent), NewName, NewBytes, flags));
}

/* O_TMPFILE gets its name: no longer deleted at close, and renamed from the generated name. */
static NTSTATUS
ViewpLinkTemporary(VIEW_CALL *Call, VIEW_NODE *Node, PFILE_OBJECT FileObject, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    FILE_DISPOSITION_INFORMATION_EX Disposition = { .Flags = FILE_DISPOSITION_DO_NOT_DELETE | FILE_DISPOSITION_ON_CLOSE };
    NTSTATUS Status = ViewSet(Call, FileObject, FileDispositionInformationEx, &Disposition, sizeof Disposition, NULL);
    if (NT_SUCCESS(Status)) {
        ULONG Semantics = FILE_RENAME_POSIX_SEMANTICS | FILE_RENAME_IGNORE_READONLY_ATTRIBUTE;
        Status = ViewpSetName(Call, FileObject, FileRenameInformationEx, Semantics, FALSE, Parent, Name, Bytes);
        if (!NT_SUCCESS(Status)) {
            struct iop_attachment Kept = Call->Attach;
            Disposition.Flags = FILE_DISPOSITION_DELETE | FILE_DISPOSITION_ON_CLOSE;
            (VOID)ViewSet(Call, FileObject, FileDispositionInformationEx, &Disposition, sizeof Disposition, NULL);
            Call->Attach = Kept;
            return Status;
        }
    }
    if (NT_SUCCESS(Status)) {
        atomic_store(&Node->Temporary, FALSE);
    }
    return Status;
}

static NTSTATUS
ViewpLink(VIEW_CALL *Call, VIEW_NODE *Node, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, struct view_entry *Out)
{
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status;
    BOOLEAN Temporary = atomic_load(&Node->Temporary);
    if (Temporary) {
        FileObject = ViewAnyFileObject(Node, 0);
        Borrowed = TRUE;
        Status = FileObject != NULL ? ViewpLinkTemporary(Call, Node, FileObject, Parent, Name, Bytes) : STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        VIEW_OPEN Open = {
            .Access = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, .Disposition = FILE_OPEN, .Options = FILE_OPEN_REPARSE_POINT,
        };
        Status = ViewBorrowNode(Call, Node, &Open, &FileObject, &Borrowed);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = ViewpSetName(Call, FileObject, FileLinkInformationEx, FILE_LINK_POSIX_SEMANTICS, FALSE, Parent, Name, Bytes);
    }
    if (NT_SUCCESS(Status)) {
        VIEW_NODE *Found;
        Status = ViewEntryOfFile(Call, FileObject, Parent, Name, Bytes, FALSE, Out, &Found);
    }
    if (FileObject != NULL) {
        ViewGiveBack(FileObject, Borrowed);
    }
    return Status;
}

int
view_link(view *v, view_node node, view_node parent, const char *name, size_t length, const struct view_who *who, struct view_entry *out)
{
    WCHAR Name[VIEW_NAME_CHARS];
    USHORT Bytes;
    VIEW_CALL Call;
    int Error = ViewName(name, length, Name, &Bytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, v, who);
    }
    return Error != 0 ? Error : ViewLeave(&Call, ViewpLink(&Call, ViewNode(v, node), ViewNode(v, parent), Name, Bytes, out));
}

static NTSTATUS
ViewpRemove(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, ULONG Options)
{
    VIEW_OPEN Open = { .Access = DELETE | FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN, .Options = Options | FILE_OPEN_REPARSE_POINT };
    FILE_DISPOSITION_INFORMATION_EX Disposition = {
        .Flags = FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS | FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE,
    };
    PFILE_OBJECT FileObject;
    NTSTATUS Status = ViewOpenChild(Call, Parent, Name, Bytes, &Open, &FileObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ViewSet(Call, FileObject, FileDispositionInformationEx, &Disposition, sizeof Disposition, NULL);
    ObpReference(FileObject);
    IopCloseFile(FileObject);
    if (NT_SUCCESS(Status)) {
        Status = FileObject->FinalStatus;      /* the name goes in CLEANUP; what came of it */
    }
    ObpDereference(FileObject);
    if (NT_SUCCESS(Status)) {
        ViewLinkRemove(Call->View, Parent, Name, Bytes);
    }
    return Status;
}

static int
ViewpRemoveNamed(view *View, view_node Parent, const char *Name, size_t Length, ULONG Options, const struct view_who *Who)
{
    WCHAR Wide[VIEW_NAME_CHARS];
    USHORT Bytes;
    VIEW_CALL Call;
    int Error = ViewName(Name, Length, Wide, &Bytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, View, Who);
    }
    return Error != 0 ? Error : ViewLeave(&Call, ViewpRemove(&Call, ViewNode(View, Parent), Wide, Bytes, Options));
}

int
view_unlink(view *v, view_node parent, const char *name, size_t length, const struct view_who *who)
{
    return ViewpRemoveNamed(v, parent, name, length, FILE_NON_DIRECTORY_FILE, who);
}

int
view_rmdir(view *v, view_node parent, const char *name, size_t length, const struct view_who *who)
{
    return ViewpRemoveNamed(v, parent, name, length, FILE_DIRECTORY_FILE, who);
}

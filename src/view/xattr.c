/* SPDX-License-Identifier: MIT */
/* Extended attributes (QUERY_EA, SET_EA; the name is the whole Linux name, "user.x") and symbolic links. */
#include "view/viewp.h"

#include "io/eaname.h"

enum { VIEWP_XATTR_CREATE = 1, VIEWP_XATTR_REPLACE = 2 };

typedef struct VIEW_LX_SYMLINK {               /* data of IO_REPARSE_TAG_LX_SYMLINK */
    ULONG Version;
    CHAR Target[];
} VIEW_LX_SYMLINK;

static NTSTATUS
ViewpQueryEa(VIEW_CALL *Call, PFILE_OBJECT FileObject, PVOID List, ULONG ListLength, BOOLEAN Restart)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .OutputBuffer = Call->Scratch->Info, .OutputLength = sizeof Call->Scratch->Info,
        .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_EA;
    Request.Stack.Flags = Restart ? SL_RESTART_SCAN : 0;
    Request.Stack.Parameters.QueryEa.Length = Request.OutputLength;
    Request.Stack.Parameters.QueryEa.EaList = List;
    Request.Stack.Parameters.QueryEa.EaListLength = ListLength;
    Call->Attach.host_errno = 0;
    return IopRequest(&Request, &Call->Io);
}

static NTSTATUS
ViewpSetEa(VIEW_CALL *Call, PFILE_OBJECT FileObject, const char *Name, const void *Value, USHORT Length)
{
    ULONG Last = 0;
    ULONG Used = ViewEaAppend(Call->Scratch->Info, 0, &Last, Name, Value, Length);
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = Call->Scratch->Info, .InputLength = Used, .RequestorMode = UserMode,
        .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_SET_EA;
    Request.Stack.Parameters.SetEa.Length = Used;
    Call->Attach.host_errno = 0;
    return IopRequest(&Request, &Call->Io);
}

static NTSTATUS
ViewpEaOpen(VIEW_CALL *Call, VIEW_NODE *Node, ACCESS_MASK Access, PFILE_OBJECT *FileObject, BOOLEAN *Borrowed)
{
    VIEW_OPEN Open = { .Access = Access, .Disposition = FILE_OPEN, .Options = FILE_OPEN_REPARSE_POINT };
    return ViewBorrowNode(Call, Node, &Open, FileObject, Borrowed);
}

int
view_getxattr(view *v, view_node node, const char *name, void *buffer, size_t size, size_t *length, const struct view_who *who)
{
    struct {
        FILE_GET_EA_INFORMATION Get;
        CHAR Rest[256];
    } List;
    VIEW_CALL Call;
    size_t NameLength = strlen(name);
    if (NameLength == 0 || NameLength > VIEW_NAME_BYTES) {
        return -VIEW_ERANGE;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    List.Get.NextEntryOffset = 0;
    List.Get.EaNameLength = (UCHAR)NameLength;
    memcpy(List.Get.EaName, name, NameLength + 1);
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = ViewpEaOpen(&Call, ViewNode(v, node), FILE_READ_EA, &FileObject, &Borrowed);
    if (!NT_SUCCESS(Status)) {
        return ViewLeave(&Call, Status);
    }
    ULONG ListLength = (ULONG)FIELD_OFFSET(FILE_GET_EA_INFORMATION, EaName) + (ULONG)NameLength + 1;
    Status = ViewpQueryEa(&Call, FileObject, &List, ListLength, TRUE);
    const FILE_FULL_EA_INFORMATION *Ea = (const FILE_FULL_EA_INFORMATION *)Call.Scratch->Info;
    if (NT_SUCCESS(Status) && (Call.Io.Information == 0 || (Ea->EaValueLength == 0 && Call.Attach.host_errno != 0))) {
        Status = STATUS_NONEXISTENT_EA_ENTRY;  /* NT answers with an empty value */
    } else if (NT_SUCCESS(Status)) {
        *length = Ea->EaValueLength;
        if (size != 0 && *length > size) {
            Call.Attach.host_errno = 0;
            Status = STATUS_BUFFER_OVERFLOW;
        } else if (size != 0) {
            memcpy(buffer, Ea->EaName + Ea->EaNameLength + 1, *length);
        }
    }
    ViewGiveBack(FileObject, Borrowed);
    return ViewLeave(&Call, Status);
}

int
view_setxattr(view *v, view_node node, const char *name, const void *value, size_t size, uint32_t flags, const struct view_who *who)
{
    VIEW_CALL Call;
    size_t NameLength = strlen(name);
    if (NameLength == 0 || NameLength > VIEW_NAME_BYTES) {
        return -VIEW_ERANGE;
    }
    if (size > 0xffff) {
        return -VIEW_E2BIG;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = ViewpEaOpen(&Call, ViewNode(v, node), FILE_WRITE_EA, &FileObject, &Borrowed);
    if (NT_SUCCESS(Status)) {
        Call.Attach.valid |= size == 0 ? IOP_ATTACH_EA_EMPTY : 0;
        Call.Attach.valid |= (flags & VIEWP_XATTR_CREATE) ? IOP_ATTACH_EA_CREATE : 0;
        Call.Attach.valid |= (flags & VIEWP_XATTR_REPLACE) ? IOP_ATTACH_EA_REPLACE : 0;
        Status = ViewpSetEa(&Call, FileObject, name, value, (USHORT)size);
        ViewGiveBack(FileObject, Borrowed);
    }
    return ViewLeave(&Call, Status);
}

int
view_removexattr(view *v, view_node node, const char *name, const struct view_who *who)
{
    VIEW_CALL Call;
    size_t NameLength = strlen(name);
    if (NameLength == 0 || NameLength > VIEW_NAME_BYTES) {
        return -VIEW_ERANGE;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = ViewpEaOpen(&Call, ViewNode(v, node), FILE_WRITE_EA, &FileObject, &Borrowed);
    if (NT_SUCCESS(Status)) {
        Call.Attach.valid |= IOP_ATTACH_EA_REPLACE;    /* it must be there */
        Status = ViewpSetEa(&Call, FileObject, name, "", 0);
        ViewGiveBack(FileObject, Borrowed);
    }
    return ViewLeave(&Call, Status);
}

typedef struct VIEW_NAMES {
    PUCHAR Buffer;
    size_t Size, Used;
} VIEW_NAMES;

/* $LXUID and its like are answers of stat, no attributes of the file. */
static BOOLEAN
ViewpIsLxEa(const FILE_FULL_EA_INFORMATION *Ea)
{
    return Ea->EaNameLength == 6 && memcmp(Ea->EaName, "$LX", 3) == 0;
}

static VOID
ViewpCollect(const UCHAR *Info, ULONG Length, VIEW_NAMES *Names)
{
    ULONG At = 0;
    while (At + FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) < Length) {
        const FILE_FULL_EA_INFORMATION *Ea = (const FILE_FULL_EA_INFORMATION *)(Info + At);
        const size_t Prefix = IopEaNameIsLinux(Ea->EaName, Ea->EaNameLength) ? 0 : IOP_EA_PREFIX_BYTES;
        size_t Bytes = Prefix + Ea->EaNameLength + 1;
        if (Ea->EaNameLength != 0 && !ViewpIsLxEa(Ea)) {
            if (Names->Used + Bytes <= Names->Size) {
                memcpy(Names->Buffer + Names->Used, IOP_EA_PREFIX, Prefix);
                memcpy(Names->Buffer + Names->Used + Prefix, Ea->EaName, Ea->EaNameLength);
                Names->Buffer[Names->Used + Bytes - 1] = 0;
            }
            Names->Used += Bytes;
        }
        if (Ea->NextEntryOffset == 0) {
            break;
        }
        At += Ea->NextEntryOffset;
    }
}

int
view_listxattr(view *v, view_node node, void *buffer, size_t size, size_t *length, const struct view_who *who)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    VIEW_NAMES Names = { .Buffer = buffer, .Size = size };
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = ViewpEaOpen(&Call, ViewNode(v, node), FILE_READ_EA, &FileObject, &Borrowed);
    if (!NT_SUCCESS(Status)) {
        return ViewLeave(&Call, Status);
    }
    BOOLEAN Restart = TRUE;
    do {
        Status = ViewpQueryEa(&Call, FileObject, NULL, 0, Restart);
        Restart = FALSE;
        if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) {
            ViewpCollect(Call.Scratch->Info, (ULONG)Call.Io.Information, &Names);
        }
    } while ((NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW) && Call.Io.Information != 0);
    ViewGiveBack(FileObject, Borrowed);
    if (Status == STATUS_NO_MORE_EAS || Status == STATUS_NO_EAS_ON_FILE || Status == STATUS_NONEXISTENT_EA_ENTRY) {
        Status = STATUS_SUCCESS;
    }
    *length = Names.Used;
    if (NT_SUCCESS(Status) && size != 0 && Names.Used > size) {
        Call.Attach.host_errno = 0;
        Status = STATUS_BUFFER_OVERFLOW;
    }
    return ViewLeave(&Call, Status);
}

/* Windows' own symbolic links, made by a filter or a driver: the print name, else the substitute name. */
static NTSTATUS
ViewpWindowsLink(const REPARSE_DATA_BUFFER *Reparse, char *Buffer, size_t Size, size_t *Length)
{
    ULONG Characters = Reparse->SymbolicLinkReparseBuffer.PrintNameLength / sizeof(WCHAR);
    ULONG Offset = Reparse->SymbolicLinkReparseBuffer.PrintNameOffset / sizeof(WCHAR);
    if (Characters == 0) {
        Characters = Reparse->SymbolicLinkReparseBuffer.SubstituteNameLength / sizeof(WCHAR);
        Offset = Reparse->SymbolicLinkReparseBuffer.SubstituteNameOffset / sizeof(WCHAR);
    }
    ULONG Fixed = FIELD_OFFSET(REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer) - REPARSE_DATA_BUFFER_HEADER_SIZE;
    if (Fixed + (Offset + Characters) * sizeof(WCHAR) > Reparse->ReparseDataLength) {
        return STATUS_IO_REPARSE_TAG_INVALID;
    }
    ULONG Bytes = 0;
    NTSTATUS Status =
        IopPathToHost(Reparse->SymbolicLinkReparseBuffer.PathBuffer + Offset, Characters, Buffer, (ULONG)Size, &Bytes);
    *Length = Bytes;
    return Status;
}

int
view_readlink(view *v, view_node node, char *buffer, size_t size, size_t *length, const struct view_who *who)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    PFILE_OBJECT FileObject;
    BOOLEAN Borrowed;
    NTSTATUS Status = ViewpEaOpen(&Call, ViewNode(v, node), FILE_READ_ATTRIBUTES, &FileObject, &Borrowed);
    if (!NT_SUCCESS(Status)) {
        return ViewLeave(&Call, Status);
    }
    const REPARSE_DATA_BUFFER *Reparse = (const REPARSE_DATA_BUFFER *)Call.Scratch->Info;
    Status = ViewControl(&Call, FileObject, FSCTL_GET_REPARSE_POINT, NULL, 0, Call.Scratch->Info, MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
    if (NT_SUCCESS(Status) && Reparse->ReparseTag == IO_REPARSE_TAG_LX_SYMLINK && Reparse->ReparseDataLength >= sizeof(ULONG)) {
        const VIEW_LX_SYMLINK *Link = (const VIEW_LX_SYMLINK *)Reparse->GenericReparseBuffer.DataBuffer;
        *length = Reparse->ReparseDataLength - sizeof(ULONG);
        if (*length > size) {
            *length = size;                    /* readlink(2) cuts */
        }
        memcpy(buffer, Link->Target, *length);
    } else if (NT_SUCCESS(Status) && Reparse->ReparseTag == IO_REPARSE_TAG_SYMLINK) {
        Status = ViewpWindowsLink(Reparse, buffer, size, length);
    } else if (NT_SUCCESS(Status)) {
        Status = STATUS_NOT_A_REPARSE_POINT;
    }
    ViewGiveBack(FileObject, Borrowed);
    return ViewLeave(&Call, Status);
}

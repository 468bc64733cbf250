/* SPDX-License-Identifier: MIT */
/* Directories, special files, symbolic links: FILE_CREATE with $LXMOD and $LXDEV, exact values on the attachment. */
#include "view/viewp.h"

ULONG
ViewEaAppend(PUCHAR Buffer, ULONG Used, ULONG *Last, const CHAR *Name, const VOID *Value, USHORT Length)
{
    ULONG At = (Used + 3) & ~3u;
    FILE_FULL_EA_INFORMATION *Ea = (FILE_FULL_EA_INFORMATION *)(Buffer + At);
    size_t NameLength = strlen(Name);
    if (Used != 0) {
        ((FILE_FULL_EA_INFORMATION *)(Buffer + *Last))->NextEntryOffset = At - *Last;
        memset(Buffer + Used, 0, At - Used);
    }
    *Last = At;
    Ea->NextEntryOffset = 0;
    Ea->Flags = 0;
    Ea->EaNameLength = (UCHAR)NameLength;
    Ea->EaValueLength = Length;
    memcpy(Ea->EaName, Name, NameLength + 1);
    memcpy(Ea->EaName + NameLength + 1, Value, Length);
    return At + (ULONG)FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + (ULONG)NameLength + 1 + Length;
}

/* Linux' encoding of a device number in 32 bits. */
static VOID
ViewpDevice(uint64_t Rdev, ULONG *Major, ULONG *Minor)
{
    *Major = (ULONG)((Rdev >> 8) & 0xfff);
    *Minor = (ULONG)((Rdev & 0xff) | ((Rdev >> 12) & 0xfff00));
}

ULONG
ViewLxEas(PVOID Buffer, ULONG Mode, BOOLEAN Device, uint64_t Rdev)
{
    ULONG Last = 0;
    ULONG Used = ViewEaAppend(Buffer, 0, &Last, LX_FILE_METADATA_MODE_EA_NAME, &Mode, sizeof Mode);
    if (Device) {
        ULONG Numbers[2];
        ViewpDevice(Rdev, &Numbers[0], &Numbers[1]);
        Used = ViewEaAppend(Buffer, Used, &Last, LX_FILE_METADATA_DEVICE_ID_EA_NAME, Numbers, sizeof Numbers);
    }
    return Used;
}

typedef struct VIEW_MAKE {
    ULONG Mode, Options;
    BOOLEAN Device;
    uint64_t Rdev;
    const char *Symlink;
} VIEW_MAKE;

static NTSTATUS
ViewpMake(VIEW_CALL *Call, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes, const VIEW_MAKE *Make, const struct view_who *Who,
          struct view_entry *Out)
{
    ULONG Eas[16];
    VIEW_OPEN Open = {
        .Access = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, .Disposition = FILE_CREATE, .Options = Make->Options, .Ea = Eas,
        .EaLength = ViewLxEas(Eas, Make->Mode, Make->Device, Make->Rdev),
    };
    struct iop_attachment *A = &Call->Attach;
    A->valid = IOP_ATTACH_MODE | (Make->Device ? IOP_ATTACH_RDEV : 0) | (Make->Symlink != NULL ? IOP_ATTACH_SYMLINK : 0);
    A->mode = Make->Mode;
    A->rdev = Make->Rdev;
    A->symlink = Make->Symlink;
    if (Who != NULL) {
        A->valid |= IOP_ATTACH_UID | IOP_ATTACH_GID;
        A->uid = Who->uid;
        A->gid = Who->gid;
    }
    PFILE_OBJECT FileObject;
    NTSTATUS Status = ViewOpenChild(Call, Parent, Name, Bytes, &Open, &FileObject);
    if (NT_SUCCESS(Status)) {
        VIEW_NODE *Node;
        Status = ViewEntryOfFile(Call, FileObject, Parent, Name, Bytes, TRUE, Out, &Node);
        IopCloseFile(FileObject);
    }
    return Status;
}

static int
ViewpMakeNamed(view *View, view_node Parent, const char *Name, size_t Length, const VIEW_MAKE *Make, const struct view_who *Who,
               struct view_entry *Out)
{
    WCHAR Wide[VIEW_NAME_CHARS];
    USHORT Bytes;
    VIEW_CALL Call;
    int Error = ViewName(Name, Length, Wide, &Bytes);
    if (Error == 0) {
        Error = ViewEnter(&Call, View, Who);
    }
    return Error != 0 ? Error : ViewLeave(&Call, ViewpMake(&Call, ViewNode(View, Parent), Wide, Bytes, Make, Who, Out));
}

int
view_mkdir(view *v, view_node parent, const char *name, size_t length, uint32_t mode, const struct view_who *who, struct view_entry *out)
{
    VIEW_MAKE Make = { .Mode = (mode & 07777) | VIEW_S_IFDIR, .Options = FILE_DIRECTORY_FILE };
    return ViewpMakeNamed(v, parent, name, length, &Make, who, out);
}

int
view_mknod(view *v, view_node parent, const char *name, size_t length, uint32_t mode, uint64_t rdev, const struct view_who *who, struct view_entry *out)
{
    ULONG Type = mode & VIEW_S_IFMT;
    VIEW_MAKE Make = { .Mode = Type == 0 ? mode | VIEW_S_IFREG : mode, .Options = FILE_NON_DIRECTORY_FILE, .Rdev = rdev };
    if (Type != 0 && Type != VIEW_S_IFREG && Type != VIEW_S_IFCHR && Type != VIEW_S_IFBLK && Type != VIEW_S_IFIFO && Type != VIEW_S_IFSOCK) {
        return -VIEW_EINVAL;
    }
    if (Type != 0 && Type != VIEW_S_IFREG) {
        Make.Options |= FILE_OPEN_REPARSE_POINT;
        Make.Device = Type == VIEW_S_IFCHR || Type == VIEW_S_IFBLK;
    }
    return ViewpMakeNamed(v, parent, name, length, &Make, who, out);
}

int
view_symlink(view *v, view_node parent, const char *name, size_t length, const char *target, const struct view_who *who, struct view_entry *out)
{
    VIEW_MAKE Make = {
        .Mode = VIEW_S_IFLNK | 0777, .Options = FILE_NON_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT, .Symlink = target,
    };
    return ViewpMakeNamed(v, parent, name, length, &Make, who, out);
}

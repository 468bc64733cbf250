/* SPDX-License-Identifier: MIT */
/* Data, and what is known of a file. */
#include "toyfs.h"

/* ---- data ---- */

NTSTATUS
ToyRead(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    TOY_FCB *Fcb = Stack->FileObject->FsContext;
    const LONGLONG Offset = Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Length = Stack->Parameters.Read.Length;
    PVOID Buffer = ToyBuffer(Irp);

    UNREFERENCED_PARAMETER(Volume);
    if (Fcb->Node == NULL || (Fcb->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!(Irp->Flags & IRP_PAGING_IO) && !FsRtlCheckLockForReadAccess(&Fcb->Lock, Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    if (Length == 0) {
        return STATUS_SUCCESS;
    }
    if (Offset < 0 || Offset >= Fcb->Node->Size) {
        return Offset < 0 ? STATUS_INVALID_PARAMETER : STATUS_END_OF_FILE;
    }
    Length = Length < Fcb->Node->Size - (ULONG)Offset ? Length : Fcb->Node->Size - (ULONG)Offset;
    RtlCopyMemory(Buffer, Fcb->Node->Data + Offset, Length);
    if ((Stack->FileObject->Flags & FO_SYNCHRONOUS_IO) && !(Irp->Flags & IRP_PAGING_IO)) {
        Stack->FileObject->CurrentByteOffset.QuadPart = Offset + Length;
    }
    Irp->IoStatus.Information = Length;
    return STATUS_SUCCESS;
}

NTSTATUS
ToyWrite(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    TOY_FCB *Fcb = Stack->FileObject->FsContext;
    LONGLONG Offset = Stack->Parameters.Write.ByteOffset.QuadPart;
    const ULONG Length = Stack->Parameters.Write.Length;
    PVOID Buffer = ToyBuffer(Irp);
    NTSTATUS Status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(Volume);
    if (Fcb->Node == NULL || (Fcb->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!(Irp->Flags & IRP_PAGING_IO) && !FsRtlCheckLockForWriteAccess(&Fcb->Lock, Irp)) {
        return STATUS_FILE_LOCK_CONFLICT;
    }
    if (Offset == -1) {                        /* FILE_WRITE_TO_END_OF_FILE */
        Offset = Fcb->Node->Size;
    }
    if (Length == 0 || Offset < 0 || Offset + Length > TOY_LARGEST) {
        return Length == 0 ? STATUS_SUCCESS : Offset < 0 ? STATUS_INVALID_PARAMETER : STATUS_DISK_FULL;
    }
    if (Offset + Length > Fcb->Node->Size) {
        Status = ToyNodeResize(Fcb->Node, (ULONG)(Offset + Length));
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlCopyMemory(Fcb->Node->Data + Offset, Buffer, Length);
    KeQuerySystemTime(&Fcb->Node->Written);
    Fcb->Node->Changed = Fcb->Node->Written;
    if ((Stack->FileObject->Flags & FO_SYNCHRONOUS_IO) && !(Irp->Flags & IRP_PAGING_IO)) {
        Stack->FileObject->CurrentByteOffset.QuadPart = Offset + Length;
    }
    Irp->IoStatus.Information = Length;
    return STATUS_SUCCESS;
}

/* ---- queries ---- */

/* "\a\b"; the length in bytes, of which as much as there is room for is filled in. */
ULONG
ToyPath(TOY_NODE *Node, PWCH Buffer, ULONG Room)
{
    ULONG Used = Node->Parent == NULL ? 0 : ToyPath(Node->Parent, Buffer, Room);

    if (Node->Parent == NULL || Node->Parent->Parent != NULL) {
        if (Used + sizeof(WCHAR) <= Room) {
            Buffer[Used / sizeof(WCHAR)] = L'\\';
        }
        Used += sizeof(WCHAR);
    }
    if (Node->Parent != NULL && Used < Room) {
        const ULONG Left = Room - Used;
        RtlCopyMemory(&Buffer[Used / sizeof(WCHAR)], Node->Name.Buffer, Node->Name.Length < Left ? Node->Name.Length : Left);
    }
    return Used + (Node->Parent != NULL ? Node->Name.Length : 0);
}

static VOID
ToyFillBasic(const TOY_NODE *Node, PFILE_BASIC_INFORMATION Out)
{
    Out->CreationTime = Node->Created;
    Out->LastAccessTime = Node->Accessed;
    Out->LastWriteTime = Node->Written;
    Out->ChangeTime = Node->Changed;
    Out->FileAttributes = Node->Attributes;
}

static VOID
ToyFillStandard(const TOY_FCB *Fcb, PFILE_STANDARD_INFORMATION Out)
{
    RtlZeroMemory(Out, sizeof(*Out));
    Out->AllocationSize.QuadPart = Fcb->Node->Capacity;
    Out->EndOfFile.QuadPart = Fcb->Node->Size;
    Out->NumberOfLinks = Fcb->DeletePending ? 0 : 1;
    Out->DeletePending = Fcb->DeletePending;
    Out->Directory = (Fcb->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static VOID
ToyFillNetworkOpen(const TOY_NODE *Node, PFILE_NETWORK_OPEN_INFORMATION Out)
{
    Out->CreationTime = Node->Created;
    Out->LastAccessTime = Node->Accessed;
    Out->LastWriteTime = Node->Written;
    Out->ChangeTime = Node->Changed;
    Out->AllocationSize.QuadPart = Node->Capacity;
    Out->EndOfFile.QuadPart = Node->Size;
    Out->FileAttributes = Node->Attributes;
}

static NTSTATUS
ToyQueryName(TOY_NODE *Node, PFILE_NAME_INFORMATION Out, ULONG Length, PULONG_PTR Information)
{
    const ULONG Room = Length - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    const ULONG Whole = ToyPath(Node, Out->FileName, Room);

    Out->FileNameLength = Whole;
    *Information = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + (Whole < Room ? Whole : Room);
    return Whole <= Room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

NTSTATUS
ToyQuery(TOY_VOLUME *Volume, PIRP Irp)
{
    static const struct { FILE_INFORMATION_CLASS Class; ULONG Size; } Sizes[] = {
        { FileBasicInformation, sizeof(FILE_BASIC_INFORMATION) }, { FileStandardInformation, sizeof(FILE_STANDARD_INFORMATION) },
        { FileInternalInformation, sizeof(FILE_INTERNAL_INFORMATION) }, { FilePositionInformation, sizeof(FILE_POSITION_INFORMATION) },
        { FileEaInformation, sizeof(FILE_EA_INFORMATION) }, { FileNetworkOpenInformation, sizeof(FILE_NETWORK_OPEN_INFORMATION) },
        { FileNameInformation, FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + sizeof(WCHAR) },
    };
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const FILE_INFORMATION_CLASS Class = Stack->Parameters.QueryFile.FileInformationClass;
    TOY_FCB *Fcb = Stack->FileObject->FsContext;
    PVOID Out = Irp->AssociatedIrp.SystemBuffer;
    ULONG i = 0;

    UNREFERENCED_PARAMETER(Volume);
    while (i < RTL_NUMBER_OF(Sizes) && Sizes[i].Class != Class) {
        i++;
    }
    if (i == RTL_NUMBER_OF(Sizes) || Fcb->Node == NULL) {
        return i == RTL_NUMBER_OF(Sizes) ? STATUS_INVALID_INFO_CLASS : STATUS_INVALID_PARAMETER;
    }
    if (Stack->Parameters.QueryFile.Length < Sizes[i].Size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Irp->IoStatus.Information = Sizes[i].Size;
    switch (Class) {
    case FileBasicInformation:
        ToyFillBasic(Fcb->Node, Out);
        break;
    case FileStandardInformation:
        ToyFillStandard(Fcb, Out);
        break;
    case FileInternalInformation:
        ((PFILE_INTERNAL_INFORMATION)Out)->IndexNumber.QuadPart = Fcb->Node->Index;
        break;
    case FilePositionInformation:
        ((PFILE_POSITION_INFORMATION)Out)->CurrentByteOffset = Stack->FileObject->CurrentByteOffset;
        break;
    case FileEaInformation:
        ((PFILE_EA_INFORMATION)Out)->EaSize = 0;
        break;
    case FileNetworkOpenInformation:
        ToyFillNetworkOpen(Fcb->Node, Out);
        break;
    default:
        return ToyQueryName(Fcb->Node, Out, Stack->Parameters.QueryFile.Length, &Irp->IoStatus.Information);
    }
    return STATUS_SUCCESS;
}

/* ---- changes ---- */

static VOID
ToySetTime(PLARGE_INTEGER Time, LARGE_INTEGER New)
{
    if (New.QuadPart > 0) {
        *Time = New;
    }
}

static NTSTATUS
ToySetBasic(TOY_NODE *Node, const FILE_BASIC_INFORMATION *In)
{
    ToySetTime(&Node->Created, In->CreationTime);
    ToySetTime(&Node->Accessed, In->LastAccessTime);
    ToySetTime(&Node->Written, In->LastWriteTime);
    KeQuerySystemTime(&Node->Changed);
    if (In->FileAttributes != 0) {
        const ULONG Kept = Node->Attributes & FILE_ATTRIBUTE_DIRECTORY;
        Node->Attributes = (In->FileAttributes & ~(ULONG)(FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_NORMAL)) | Kept;
        if (Node->Attributes == 0) {
            Node->Attributes = FILE_ATTRIBUTE_NORMAL;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ToySetDelete(TOY_VOLUME *Volume, TOY_FCB *Fcb, BOOLEAN Delete)
{
    if (Delete && (Fcb->Node == Volume->Root || (Fcb->Node->Attributes & FILE_ATTRIBUTE_READONLY))) {
        return STATUS_CANNOT_DELETE;
    }
    if (Delete && !IsListEmpty(&Fcb->Node->Children)) {
        return STATUS_DIRECTORY_NOT_EMPTY;
    }
    Fcb->DeletePending = Delete;
    return STATUS_SUCCESS;
}

static BOOLEAN
ToyIsBelow(const TOY_NODE *Node, const TOY_NODE *Directory)
{
    while (Node != NULL && Node != Directory) {
        Node = Node->Parent;
    }
    return Node != NULL;
}

static NTSTATUS
ToySetRename(TOY_VOLUME *Volume, const IO_STACK_LOCATION *Stack, TOY_FCB *Fcb, PFILE_RENAME_INFORMATION In)
{
    const PFILE_OBJECT Target = Stack->Parameters.SetFile.FileObject;
    TOY_NODE *Directory = Target != NULL ? ((TOY_FCB *)Target->FsContext)->Node : Fcb->Node->Parent;
    UNICODE_STRING Name = { .Buffer = In->FileName, .Length = (USHORT)In->FileNameLength, .MaximumLength = (USHORT)In->FileNameLength };

    if (Target != NULL) {
        Name = Target->FileName;               /* the last component: ToyOpenTarget */
    }
    if (Fcb->Node == Volume->Root || Name.Length == 0 || ToyIsBelow(Directory, Fcb->Node)) {
        return STATUS_INVALID_PARAMETER;
    }
    TOY_NODE *There = ToyNodeFind(Directory, &Name, (Stack->FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0);
    if (There != NULL && There != Fcb->Node) {
        if (!Stack->Parameters.SetFile.ReplaceIfExists && !In->ReplaceIfExists) {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        if ((There->Attributes & FILE_ATTRIBUTE_DIRECTORY) || There->Fcb != NULL) {
            return STATUS_ACCESS_DENIED;       /* as Windows: nothing that is open is replaced */
        }
        ToyNodeUnlink(There);
        ToyNodeFree(There);
    }
    return ToyNodeRename(Fcb->Node, Directory, &Name);
}

NTSTATUS
ToySet(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    TOY_FCB *Fcb = Stack->FileObject->FsContext;
    PVOID In = Irp->AssociatedIrp.SystemBuffer;
    const LONGLONG Number = Stack->Parameters.SetFile.Length >= sizeof(LONGLONG) ? *(PLONGLONG)In : 0;

    if (Fcb->Node == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (Stack->Parameters.SetFile.FileInformationClass) {
    case FileBasicInformation:
        return ToySetBasic(Fcb->Node, In);
    case FileDispositionInformation:
        return ToySetDelete(Volume, Fcb, ((PFILE_DISPOSITION_INFORMATION)In)->DeleteFile);
    case FileRenameInformation:
        return ToySetRename(Volume, Stack, Fcb, In);
    case FileEndOfFileInformation:
        return Number < 0 || Number > TOY_LARGEST ? STATUS_DISK_FULL : ToyNodeResize(Fcb->Node, (ULONG)Number);
    case FileAllocationInformation:
        return Number < Fcb->Node->Size ? ToyNodeResize(Fcb->Node, (ULONG)Number) : STATUS_SUCCESS;
    case FilePositionInformation:
        Stack->FileObject->CurrentByteOffset.QuadPart = Number;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

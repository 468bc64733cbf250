/* SPDX-License-Identifier: MIT */
/* Data, what is known of files and of the volume, changes, listings. */
#include "toyfs.h"

static BOOLEAN
ToyIsFile(const TOY_NODE *Node)
{
    return (Node->Info.FileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) == 0;
}

static PVOID
ToyBuffer(PIRP Irp)
{
    return Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : Irp->UserBuffer;
}

/* ---- data ---- */

/* A read or a write. */
NTSTATUS
ToyTransfer(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TOY_NODE *Node = Stack->FileObject->FsContext;
    const BOOLEAN Write = Stack->MajorFunction == IRP_MJ_WRITE;
    const LONGLONG End = Node->Info.EndOfFile.QuadPart, Given = Stack->Parameters.Read.ByteOffset.QuadPart;
    const LONGLONG Offset = Write && Given == -1 ? End : Given;        /* FILE_WRITE_TO_END_OF_FILE */
    ULONG Length = Stack->Parameters.Read.Length;
    NTSTATUS Status = STATUS_SUCCESS;

    if (!ToyIsFile(Node) || Offset < 0 || Length == 0) {
        return ToyIsFile(Node) && Offset >= 0 ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Write && Offset > End - (LONGLONG)Length) {
        Status = ToyNodeResize(Node, Offset <= TOY_LARGEST ? Offset + Length : Offset);
    } else if (!Write && Offset > End - (LONGLONG)Length) {
        Status = Offset < End ? STATUS_SUCCESS : STATUS_END_OF_FILE;
        Length = (ULONG)(End - Offset);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Write) {
        RtlCopyMemory(Node->Data + Offset, ToyBuffer(Irp), Length);
        KeQuerySystemTime(&Node->Info.LastWriteTime);
        Node->Info.ChangeTime = Node->Info.LastWriteTime;
    } else {
        RtlCopyMemory(ToyBuffer(Irp), Node->Data + Offset, Length);
    }
    if ((Stack->FileObject->Flags & FO_SYNCHRONOUS_IO) && !(Irp->Flags & IRP_PAGING_IO)) {
        Stack->FileObject->CurrentByteOffset.QuadPart = Offset + Length;
    }
    Irp->IoStatus.Information = Length;
    return STATUS_SUCCESS;
}

/* ---- queries ---- */

/* Front bytes of Data and a text behind them, as far as there is room. */
static NTSTATUS
ToyAnswer(PIRP Irp, ULONG Room, const VOID *Data, ULONG Front, const VOID *Text, ULONG Length)
{
    const ULONG Some = Length < Room - Front ? Length : Room - Front;

    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Data, Front);
    RtlCopyMemory((PUCHAR)Irp->AssociatedIrp.SystemBuffer + Front, Text, Some);
    Irp->IoStatus.Information = Front + Some;
    return Some == Length ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

/* "\a\b", from its end. */
static NTSTATUS
ToyQueryName(PIRP Irp, ULONG Room, const TOY_NODE *Node)
{
    PFILE_NAME_INFORMATION Out = Irp->AssociatedIrp.SystemBuffer;
    ULONG Length = Node->Parent == NULL ? sizeof(WCHAR) : 0;

    for (const TOY_NODE *Up = Node; Up->Parent != NULL; Up = Up->Parent) {
        Length += sizeof(WCHAR) + Up->Name.Length;
    }
    Out->FileNameLength = Length;
    Out->FileName[0] = L'\\';
    Irp->IoStatus.Information = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Length;
    if (Irp->IoStatus.Information > Room) {
        Irp->IoStatus.Information = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);     /* whoever asks comes with more */
        return STATUS_BUFFER_OVERFLOW;
    }
    for (; Node->Parent != NULL; Node = Node->Parent) {
        Length -= Node->Name.Length;
        RtlCopyMemory((PUCHAR)Out->FileName + Length, Node->Name.Buffer, Node->Name.Length);
        Length -= sizeof(WCHAR);
        Out->FileName[Length / sizeof(WCHAR)] = L'\\';
    }
    return STATUS_SUCCESS;
}

/* Whoever asks for another class makes do with these. */
NTSTATUS
ToyQuery(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const TOY_NODE *Node = Stack->FileObject->FsContext;
    const FILE_BASIC_INFORMATION Basic = { .CreationTime = Node->Info.CreationTime, .LastAccessTime = Node->Info.LastAccessTime,
        .LastWriteTime = Node->Info.LastWriteTime, .ChangeTime = Node->Info.ChangeTime, .FileAttributes = Node->Info.FileAttributes };
    const FILE_STANDARD_INFORMATION Standard = { .AllocationSize = Node->Info.AllocationSize, .EndOfFile = Node->Info.EndOfFile,
        .NumberOfLinks = Node->DeletePending ? 0 : 1, .DeletePending = Node->DeletePending,
        .Directory = (Node->Info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 };
    const struct { FILE_INFORMATION_CLASS Class; ULONG Size; const VOID *Data; } Classes[] = {
        { FileBasicInformation, sizeof(Basic), &Basic },
        { FileStandardInformation, sizeof(Standard), &Standard },
        { FileInternalInformation, sizeof(FILE_INTERNAL_INFORMATION), &Node->Index },
        { FileNetworkOpenInformation, sizeof(Node->Info), &Node->Info },
        { FileNameInformation, sizeof(FILE_NAME_INFORMATION), NULL },
    };
    const ULONG Room = Stack->Parameters.QueryFile.Length;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++) {
        if (Classes[i].Class == Stack->Parameters.QueryFile.FileInformationClass) {
            return Room < Classes[i].Size ? STATUS_INFO_LENGTH_MISMATCH
                 : Classes[i].Data == NULL ? ToyQueryName(Irp, Room, Node) : ToyAnswer(Irp, Room, Classes[i].Data, Classes[i].Size, NULL, 0);
        }
    }
    return STATUS_INVALID_INFO_CLASS;
}

NTSTATUS
ToyQueryVolume(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    static const FILE_FS_FULL_SIZE_INFORMATION Size = { .TotalAllocationUnits.QuadPart = 65536, .CallerAvailableAllocationUnits.QuadPart = 32768,
        .ActualAvailableAllocationUnits.QuadPart = 32768, .SectorsPerAllocationUnit = 8, .BytesPerSector = 512 };
    static const FILE_FS_ATTRIBUTE_INFORMATION Attributes = { .MaximumComponentNameLength = 255, .FileSystemNameLength = 10,
        .FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_CASE_SENSITIVE_SEARCH | FILE_UNICODE_ON_DISK };
    const ULONG Room = Stack->Parameters.QueryVolume.Length;

    switch (Stack->Parameters.QueryVolume.FsInformationClass) {
    case FileFsFullSizeInformation:
        return Room < sizeof(Size) ? STATUS_INFO_LENGTH_MISMATCH : ToyAnswer(Irp, Room, &Size, sizeof(Size), NULL, 0);
    case FileFsAttributeInformation:
        return Room < sizeof(Attributes) ? STATUS_INFO_LENGTH_MISMATCH
             : ToyAnswer(Irp, Room, &Attributes, FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName), L"TOYFS", 10);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* ---- changes ---- */

static NTSTATUS
ToySetBasic(TOY_NODE *Node, const FILE_BASIC_INFORMATION *In)
{
    const LARGE_INTEGER *From[] = { &In->CreationTime, &In->LastAccessTime, &In->LastWriteTime };
    PLARGE_INTEGER To[] = { &Node->Info.CreationTime, &Node->Info.LastAccessTime, &Node->Info.LastWriteTime };

    for (ULONG i = 0; i < RTL_NUMBER_OF(To); i++) {
        *To[i] = From[i]->QuadPart > 0 ? *From[i] : *To[i];
    }
    KeQuerySystemTime(&Node->Info.ChangeTime);
    if (In->FileAttributes != 0) {
        const ULONG Kind = Node->Info.FileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE);
        Node->Info.FileAttributes = (In->FileAttributes & ~(ULONG)(FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) | Kind;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ToySetRename(const IO_STACK_LOCATION *Stack, TOY_NODE *Node, PFILE_RENAME_INFORMATION In)
{
    const PFILE_OBJECT Target = Stack->Parameters.SetFile.FileObject;  /* its FileName is the last component: ToyOpenTarget */
    TOY_CCB *Ccb = Stack->FileObject->FsContext2;
    TOY_NODE *Directory = Target != NULL ? Target->FsContext : Node->Parent, *Above = Directory;
    UNICODE_STRING Name = { .Buffer = In->FileName, .Length = (USHORT)In->FileNameLength, .MaximumLength = (USHORT)In->FileNameLength };

    Name = Target != NULL ? Target->FileName : Name;
    while (Above != NULL && Above != Node) {
        Above = Above->Parent;
    }
    if (Node->Parent == NULL || Name.Length == 0 || Above != NULL || Node->Unlinked || Directory->Unlinked) {
        return STATUS_INVALID_PARAMETER;
    }
    TOY_NODE *There = ToyNodeFind(Directory, &Name, (Stack->FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0);
    if (There != NULL && There != Node) {
        if (!Stack->Parameters.SetFile.ReplaceIfExists && !In->ReplaceIfExists) {
            return STATUS_OBJECT_NAME_COLLISION;
        }
        if (!ToyIsFile(There) || There->FileObjects != 0) {
            return STATUS_ACCESS_DENIED;       /* as Windows: nothing that is open is replaced */
        }
        ToyNodeUnlink(There);
        There->Parent = Ccb->Gone;
        Ccb->Gone = There;
    }
    return ToyNodeRename(Node, Directory, &Name);
}

NTSTATUS
ToySet(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TOY_NODE *Node = Stack->FileObject->FsContext;
    PVOID In = Irp->AssociatedIrp.SystemBuffer;
    const LONGLONG Number = Stack->Parameters.SetFile.Length >= sizeof(LONGLONG) ? *(PLONGLONG)In : 0;

    switch (Stack->Parameters.SetFile.FileInformationClass) {
    case FileBasicInformation:
        return ToySetBasic(Node, In);
    case FileDispositionInformation:
        Node->DeletePending = FALSE;
        if (((PFILE_DISPOSITION_INFORMATION)In)->DeleteFile) {
            Node->DeletePending = Node->Parent != NULL && !(Node->Info.FileAttributes & FILE_ATTRIBUTE_READONLY) && IsListEmpty(&Node->Children);
            return Node->DeletePending ? STATUS_SUCCESS : IsListEmpty(&Node->Children) ? STATUS_CANNOT_DELETE : STATUS_DIRECTORY_NOT_EMPTY;
        }
        return STATUS_SUCCESS;
    case FileRenameInformation:
        return ToySetRename(Stack, Node, In);
    case FileEndOfFileInformation:
        return ToyIsFile(Node) ? ToyNodeResize(Node, Number) : STATUS_INVALID_PARAMETER;
    case FileAllocationInformation:            /* which only ever cuts off */
        return ToyIsFile(Node) && Number < Node->Info.EndOfFile.QuadPart ? ToyNodeResize(Node, Number) : STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* ---- listings ---- */

static VOID
ToyFillEntry(const TOY_NODE *Node, PFILE_ID_BOTH_DIR_INFORMATION Out)
{
    RtlZeroMemory(Out, FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName));
    RtlCopyMemory(&Out->CreationTime, &Node->Info, 4 * sizeof(LARGE_INTEGER));     /* both have the four times in one order */
    Out->EndOfFile = Node->Info.EndOfFile;
    Out->AllocationSize = Node->Info.AllocationSize;
    Out->FileAttributes = Node->Info.FileAttributes;
    Out->FileNameLength = Node->Name.Length;
    Out->FileId.QuadPart = Node->Index;
    RtlCopyMemory(Out->FileName, Node->Name.Buffer, Node->Name.Length);
}

NTSTATUS
ToyDirectory(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const PUNICODE_STRING Pattern = Stack->Parameters.QueryDirectory.FileName;
    const PLIST_ENTRY Children = &((TOY_NODE *)Stack->FileObject->FsContext)->Children;
    TOY_CCB *Ccb = Stack->FileObject->FsContext2;
    PUCHAR Buffer = ToyBuffer(Irp);
    ULONG Index = 0, Used = 0, Last = 0;
    const BOOLEAN First = !Ccb->Listed;

    if (Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY || Stack->Parameters.QueryDirectory.FileInformationClass != FileIdBothDirectoryInformation) {
        return Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY ? STATUS_INVALID_DEVICE_REQUEST : STATUS_INVALID_INFO_CLASS;
    }
    NTSTATUS Status = First && Pattern != NULL && Pattern->Length != 0 ? RtlUpcaseUnicodeString(&Ccb->Pattern, Pattern, TRUE) : STATUS_SUCCESS;
    Ccb->Listed = TRUE;
    Ccb->Next = (Stack->Flags & SL_RESTART_SCAN) ? 0 : Ccb->Next;
    for (PLIST_ENTRY Entry = Children->Flink; NT_SUCCESS(Status) && Entry != Children; Entry = Entry->Flink) {
        const TOY_NODE *Node = CONTAINING_RECORD(Entry, TOY_NODE, Siblings);
        const ULONG At = (Used + 7) & ~7u, End = At + FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName) + Node->Name.Length;
        if (Index++ < Ccb->Next) {
            continue;
        }
        if (Ccb->Pattern.Length == 0 || FsRtlIsNameInExpression(&Ccb->Pattern, (PUNICODE_STRING)&Node->Name, TRUE, NULL)) {
            if (End > Stack->Parameters.QueryDirectory.Length) {
                Status = Used == 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
                break;
            }
            ToyFillEntry(Node, (PFILE_ID_BOTH_DIR_INFORMATION)(Buffer + At));
            *(PULONG)(Buffer + Last) = At - Last;      /* of the one before; of the first: 0 */
            Last = At;
            Used = End;
        }
        Ccb->Next = Index;
        if (Used != 0 && (Stack->Flags & SL_RETURN_SINGLE_ENTRY)) {
            break;
        }
    }
    Irp->IoStatus.Information = Used;
    return !NT_SUCCESS(Status) || Used != 0 ? Status : First ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
}

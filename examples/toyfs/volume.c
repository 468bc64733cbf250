/* SPDX-License-Identifier: MIT */
/* Volumes: mounting them, what they say of themselves, listings of their directories. */
#include "toyfs.h"

static LIST_ENTRY ToyVolumes = { &ToyVolumes, &ToyVolumes };   /* mounts are one at a time */
static const CHAR ToyMagic[8] = "TOYFS01";

/* ---- mounting ---- */

static NTSTATUS
ToyDiskSector(PDEVICE_OBJECT Disk, UCHAR Major, PVOID Sector)
{
    LARGE_INTEGER Offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK IoStatus;
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    PIRP Irp = IoBuildSynchronousFsdRequest(Major, Disk, Sector, 512, &Offset, &Event, &IoStatus);
    if (Irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = IoCallDriver(Disk, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = IoStatus.Status;
    }
    return Status;
}

/* Ours, or empty: then it becomes ours. */
static NTSTATUS
ToyRecognize(PDEVICE_OBJECT Disk)
{
    PUCHAR Sector = ExAllocatePoolWithTag(NonPagedPool, 512, TOY_TAG);
    ULONG Zeros = 0;

    if (Sector == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = ToyDiskSector(Disk, IRP_MJ_READ, Sector);
    while (NT_SUCCESS(Status) && Zeros < 512 && Sector[Zeros] == 0) {
        Zeros++;
    }
    if (NT_SUCCESS(Status) && Zeros == 512) {
        RtlCopyMemory(Sector, ToyMagic, sizeof(ToyMagic));
        Status = ToyDiskSector(Disk, IRP_MJ_WRITE, Sector);
    } else if (NT_SUCCESS(Status) && RtlCompareMemory(Sector, ToyMagic, sizeof(ToyMagic)) != sizeof(ToyMagic)) {
        Status = STATUS_UNRECOGNIZED_VOLUME;
    }
    ExFreePoolWithTag(Sector, TOY_TAG);
    return Status;
}

NTSTATUS
ToyMount(PDEVICE_OBJECT Control, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PVPB Vpb = Stack->Parameters.MountVolume.Vpb;
    const PDEVICE_OBJECT Disk = Stack->Parameters.MountVolume.DeviceObject;
    UNICODE_STRING Empty = { 0 };
    PDEVICE_OBJECT Device;
    NTSTATUS Status = ToyRecognize(Disk);

    if (NT_SUCCESS(Status)) {
        Status = IoCreateDevice(Control->DriverObject, sizeof(TOY_VOLUME), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    TOY_VOLUME *Volume = Device->DeviceExtension;
    Volume->Device = Device;
    Volume->Disk = Disk;
    Volume->Vpb = Vpb;
    Volume->Root = ToyNodeCreate(Volume, NULL, &Empty, FILE_ATTRIBUTE_DIRECTORY);
    if (Volume->Root == NULL) {
        IoDeleteDevice(Device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ExInitializeResourceLite(&Volume->Resource);
    InsertTailList(&ToyVolumes, &Volume->Links);
    Device->StackSize = Disk->StackSize + 1;
    Device->SectorSize = Disk->SectorSize;
    Vpb->SerialNumber = 0x70CF5;
    Vpb->VolumeLabelLength = sizeof(TOY_LABEL) - sizeof(WCHAR);
    RtlCopyMemory(Vpb->VolumeLabel, TOY_LABEL, Vpb->VolumeLabelLength);
    Vpb->DeviceObject = Device;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;  /* filters attach as soon as this is done */
    return STATUS_SUCCESS;
}

VOID
ToyVolumesFree(VOID)
{
    while (!IsListEmpty(&ToyVolumes)) {
        TOY_VOLUME *Volume = CONTAINING_RECORD(RemoveHeadList(&ToyVolumes), TOY_VOLUME, Links);
        ToyTreeFree(Volume->Root);
        ExDeleteResourceLite(&Volume->Resource);
        IoDeleteDevice(Volume->Device);
    }
}

/* ---- about the volume ---- */

static NTSTATUS
ToyVolumeName(TOY_VOLUME *Volume, PFILE_FS_VOLUME_INFORMATION Out, ULONG Length, PULONG_PTR Information)
{
    const ULONG Room = Length - FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel), Label = Volume->Vpb->VolumeLabelLength;

    Out->VolumeCreationTime = Volume->Root->Created;
    Out->VolumeSerialNumber = Volume->Vpb->SerialNumber;
    Out->VolumeLabelLength = Label;
    Out->SupportsObjects = FALSE;
    RtlCopyMemory(Out->VolumeLabel, Volume->Vpb->VolumeLabel, Label < Room ? Label : Room);
    *Information = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel) + (Label < Room ? Label : Room);
    return Label <= Room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static NTSTATUS
ToyVolumeAttributes(PFILE_FS_ATTRIBUTE_INFORMATION Out, ULONG Length, PULONG_PTR Information)
{
    const ULONG Room = Length - FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName), Name = 5 * sizeof(WCHAR);

    Out->FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_CASE_SENSITIVE_SEARCH | FILE_UNICODE_ON_DISK;
    Out->MaximumComponentNameLength = 255;
    Out->FileSystemNameLength = Name;
    RtlCopyMemory(Out->FileSystemName, L"TOYFS", Name < Room ? Name : Room);
    *Information = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName) + (Name < Room ? Name : Room);
    return Name <= Room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

NTSTATUS
ToyQueryVolume(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG Length = Stack->Parameters.QueryVolume.Length;
    PVOID Out = Irp->AssociatedIrp.SystemBuffer;
    FILE_FS_FULL_SIZE_INFORMATION Full = { .TotalAllocationUnits.QuadPart = 65536, .CallerAvailableAllocationUnits.QuadPart = 32768,
        .ActualAvailableAllocationUnits.QuadPart = 32768, .SectorsPerAllocationUnit = 8, .BytesPerSector = 512 };
    FILE_FS_SIZE_INFORMATION Size = { .TotalAllocationUnits.QuadPart = 65536, .AvailableAllocationUnits.QuadPart = 32768,
        .SectorsPerAllocationUnit = 8, .BytesPerSector = 512 };
    FILE_FS_DEVICE_INFORMATION Device = { .DeviceType = FILE_DEVICE_DISK, .Characteristics = Volume->Device->Characteristics };
    const VOID *From = &Full;
    ULONG Bytes = sizeof(Full);

    switch (Stack->Parameters.QueryVolume.FsInformationClass) {
    case FileFsVolumeInformation:
        return Length < sizeof(FILE_FS_VOLUME_INFORMATION) ? STATUS_INFO_LENGTH_MISMATCH : ToyVolumeName(Volume, Out, Length, &Irp->IoStatus.Information);
    case FileFsAttributeInformation:
        return Length < sizeof(FILE_FS_ATTRIBUTE_INFORMATION) ? STATUS_INFO_LENGTH_MISMATCH : ToyVolumeAttributes(Out, Length, &Irp->IoStatus.Information);
    case FileFsFullSizeInformation:
        break;
    case FileFsSizeInformation:
        From = &Size;
        Bytes = sizeof(Size);
        break;
    case FileFsDeviceInformation:
        From = &Device;
        Bytes = sizeof(Device);
        break;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < Bytes) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    RtlCopyMemory(Out, From, Bytes);
    Irp->IoStatus.Information = Bytes;
    return STATUS_SUCCESS;
}

/* ---- listings ---- */

/* Both classes begin alike; the longer one has an index between the short name and the name. */
static VOID
ToyFillEntry(const TOY_NODE *Node, BOOLEAN WithIndex, PUCHAR At, ULONG NameAt)
{
    PFILE_BOTH_DIR_INFORMATION Out = (PFILE_BOTH_DIR_INFORMATION)At;

    RtlZeroMemory(At, NameAt);
    Out->CreationTime = Node->Created;
    Out->LastAccessTime = Node->Accessed;
    Out->LastWriteTime = Node->Written;
    Out->ChangeTime = Node->Changed;
    Out->EndOfFile.QuadPart = Node->Size;
    Out->AllocationSize.QuadPart = Node->Capacity;
    Out->FileAttributes = Node->Attributes;
    Out->FileNameLength = Node->Name.Length;
    if (WithIndex) {
        ((PFILE_ID_BOTH_DIR_INFORMATION)At)->FileId.QuadPart = Node->Index;
    }
    RtlCopyMemory(At + NameAt, Node->Name.Buffer, Node->Name.Length);
}

static NTSTATUS
ToyPattern(TOY_CCB *Ccb, PCUNICODE_STRING Pattern)
{
    UNICODE_STRING Upper;

    Ccb->Listed = TRUE;
    if (Pattern == NULL || Pattern->Length == 0) {
        return STATUS_SUCCESS;
    }
    PWCH Buffer = ExAllocatePoolWithTag(NonPagedPool, Pattern->Length, TOY_TAG);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Upper.Buffer = Buffer;
    Upper.Length = Upper.MaximumLength = Pattern->Length;
    RtlUpcaseUnicodeString(&Upper, Pattern, FALSE);
    Ccb->Pattern = Upper;
    return STATUS_SUCCESS;
}

NTSTATUS
ToyDirectory(TOY_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const BOOLEAN WithIndex = Stack->Parameters.QueryDirectory.FileInformationClass == FileIdBothDirectoryInformation;
    const ULONG NameAt = WithIndex ? FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName) : FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName);
    TOY_FCB *Fcb = Stack->FileObject->FsContext;
    TOY_CCB *Ccb = Stack->FileObject->FsContext2;
    PUCHAR Buffer = ToyBuffer(Irp);
    ULONG Index = 0, Used = 0, Last = 0;
    const BOOLEAN First = !Ccb->Listed;
    NTSTATUS Status = First ? ToyPattern(Ccb, Stack->Parameters.QueryDirectory.FileName) : STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(Volume);
    if (Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY || Fcb->Node == NULL || !(Fcb->Node->Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!WithIndex && Stack->Parameters.QueryDirectory.FileInformationClass != FileBothDirectoryInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    Ccb->Next = (Stack->Flags & SL_RESTART_SCAN) ? 0 : Ccb->Next;
    for (PLIST_ENTRY Entry = Fcb->Node->Children.Flink; NT_SUCCESS(Status) && Entry != &Fcb->Node->Children; Entry = Entry->Flink) {
        const TOY_NODE *Node = CONTAINING_RECORD(Entry, TOY_NODE, Siblings);
        const ULONG At = (Used + 7) & ~7u;
        if (Index++ < Ccb->Next) {
            continue;
        }
        if (Ccb->Pattern.Length == 0 || FsRtlIsNameInExpression(&Ccb->Pattern, (PUNICODE_STRING)&Node->Name, TRUE, NULL)) {
            if (At + NameAt + Node->Name.Length > Stack->Parameters.QueryDirectory.Length) {
                Status = Used == 0 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
                break;
            }
            ToyFillEntry(Node, WithIndex, Buffer + At, NameAt);
            if (Used != 0) {
                *(PULONG)(Buffer + Last) = At - Last;
            }
            Last = At;
            Used = At + NameAt + Node->Name.Length;
        }
        Ccb->Next = Index;
        if (Used != 0 && (Stack->Flags & SL_RETURN_SINGLE_ENTRY)) {
            break;
        }
    }
    Irp->IoStatus.Information = Used;
    return !NT_SUCCESS(Status) || Used != 0 ? Status : First ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
}

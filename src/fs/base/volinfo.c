/* SPDX-License-Identifier: MIT */
/* IRP_MJ_QUERY_VOLUME_INFORMATION, IRP_MJ_SET_VOLUME_INFORMATION. */
#include "fs/base/fsb.h"

/* Copies a name behind Head bytes; what does not fit is cut off. */
static NTSTATUS
FsbPutName(PVOID Buffer, ULONG Length, ULONG Head, const VOID *Name, ULONG Bytes, PULONG Returned)
{
    const ULONG Room = Length - Head;
    memcpy((PUCHAR)Buffer + Head, Name, Bytes < Room ? Bytes : Room);
    *Returned = Head + (Bytes < Room ? Bytes : Room);
    return Bytes > Room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
FsbVolumeInformation(FSB_VOLUME *Volume, PVOID Buffer, ULONG Length, PULONG Returned)
{
    const PFILE_FS_VOLUME_INFORMATION Out = Buffer;
    const ULONG Head = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel);
    WCHAR Label[32];
    if (Length < Head) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    port_lock_acquire(&Volume->IdleLock);
    const USHORT Bytes = Volume->LabelBytes;
    memcpy(Label, Volume->Label, Bytes);
    port_lock_release(&Volume->IdleLock);
    Out->VolumeCreationTime.QuadPart = Volume->CreationTime;
    Out->VolumeSerialNumber = Volume->Serial;
    Out->VolumeLabelLength = Bytes;
    Out->SupportsObjects = FALSE;
    return FsbPutName(Buffer, Length, Head, Label, Bytes, Returned);
}

static NTSTATUS
FsbAttributeInformation(FSB_VOLUME *Volume, PVOID Buffer, ULONG Length, PULONG Returned)
{
    const PFILE_FS_ATTRIBUTE_INFORMATION Out = Buffer;
    const ULONG Head = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName);
    const WCHAR *Name = FsbProfileFileSystemName(Volume);
    ULONG Bytes = 0;
    if (Length < Head) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    while (Name[Bytes / sizeof(WCHAR)] != 0) {
        Bytes += sizeof(WCHAR);
    }
    Out->FileSystemAttributes = FsbProfileAttributes(Volume);
    Out->MaximumComponentNameLength = FSB_MAX_NAME;
    Out->FileSystemNameLength = Bytes;
    return FsbPutName(Buffer, Length, Head, Name, Bytes, Returned);
}

static VOID
FsbSizeExtended(const FSB_VOLUME_SIZES *Sizes, PFILE_FS_FULL_SIZE_INFORMATION_EX Out)
{
    memset(Out, 0, sizeof(*Out));
    Out->ActualTotalAllocationUnits = Out->CallerTotalAllocationUnits = Sizes->TotalUnits;
    Out->ActualAvailableAllocationUnits = Sizes->FreeUnits;
    Out->CallerAvailableAllocationUnits = Sizes->AvailableUnits;
    Out->UsedAllocationUnits = Sizes->TotalUnits - Sizes->FreeUnits;
    Out->SectorsPerAllocationUnit = Sizes->SectorsPerUnit;
    Out->BytesPerSector = Sizes->BytesPerSector;
}

static VOID
FsbSectorSize(const FSB_VOLUME_SIZES *Sizes, PFILE_FS_SECTOR_SIZE_INFORMATION Out)
{
    Out->LogicalBytesPerSector = Sizes->BytesPerSector;
    Out->PhysicalBytesPerSectorForAtomicity = Out->PhysicalBytesPerSectorForPerformance =
        Out->FileSystemEffectivePhysicalBytesPerSectorForAtomicity = 4096;
    Out->Flags = SSINFO_FLAGS_ALIGNED_DEVICE | SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE | SSINFO_FLAGS_NO_SEEK_PENALTY;
    Out->ByteOffsetForSectorAlignment = 0;
    Out->ByteOffsetForPartitionAlignment = 0;
}

/* Classes of fixed size. */
static ULONG
FsbFixedSize(FS_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileFsSizeInformation: return sizeof(FILE_FS_SIZE_INFORMATION);
    case FileFsFullSizeInformation: return sizeof(FILE_FS_FULL_SIZE_INFORMATION);
    case FileFsFullSizeInformationEx: return sizeof(FILE_FS_FULL_SIZE_INFORMATION_EX);
    case FileFsDeviceInformation: return sizeof(FILE_FS_DEVICE_INFORMATION);
    case FileFsObjectIdInformation: return sizeof(FILE_FS_OBJECTID_INFORMATION);
    case FileFsSectorSizeInformation: return sizeof(FILE_FS_SECTOR_SIZE_INFORMATION);
    default: return 0;
    }
}

static VOID
FsbFixedInformation(FSB_VOLUME *Volume, FS_INFORMATION_CLASS Class, const FSB_VOLUME_SIZES *Sizes, PVOID Buffer)
{
    switch (Class) {
    case FileFsSizeInformation:
        *(PFILE_FS_SIZE_INFORMATION)Buffer = (FILE_FS_SIZE_INFORMATION){
            .TotalAllocationUnits.QuadPart = (LONGLONG)Sizes->TotalUnits, .AvailableAllocationUnits.QuadPart = (LONGLONG)Sizes->AvailableUnits,
            .SectorsPerAllocationUnit = Sizes->SectorsPerUnit, .BytesPerSector = Sizes->BytesPerSector};
        break;
    case FileFsFullSizeInformation:
        *(PFILE_FS_FULL_SIZE_INFORMATION)Buffer = (FILE_FS_FULL_SIZE_INFORMATION){
            .TotalAllocationUnits.QuadPart = (LONGLONG)Sizes->TotalUnits, .CallerAvailableAllocationUnits.QuadPart = (LONGLONG)Sizes->AvailableUnits,
            .ActualAvailableAllocationUnits.QuadPart = (LONGLONG)Sizes->FreeUnits,
            .SectorsPerAllocationUnit = Sizes->SectorsPerUnit, .BytesPerSector = Sizes->BytesPerSector};
        break;
    case FileFsFullSizeInformationEx:
        FsbSizeExtended(Sizes, Buffer);
        break;
    case FileFsDeviceInformation:
        ((PFILE_FS_DEVICE_INFORMATION)Buffer)->DeviceType = FILE_DEVICE_DISK;
        ((PFILE_FS_DEVICE_INFORMATION)Buffer)->Characteristics = Volume->RealDevice->Characteristics | FILE_DEVICE_IS_MOUNTED;
        break;
    case FileFsObjectIdInformation:
        memset(Buffer, 0, sizeof(FILE_FS_OBJECTID_INFORMATION));
        memcpy(((PFILE_FS_OBJECTID_INFORMATION)Buffer)->ObjectId, Sizes->ObjectId, sizeof(Sizes->ObjectId));
        break;
    default:
        FsbSectorSize(Sizes, Buffer);
        break;
    }
}

NTSTATUS
FsbQueryVolume(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const FS_INFORMATION_CLASS Class = Stack->Parameters.QueryVolume.FsInformationClass;
    const PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    const ULONG Length = Stack->Parameters.QueryVolume.Length;
    ULONG Returned = FsbFixedSize(Class);
    NTSTATUS Status;
    Irp->IoStatus.Information = 0;
    if (Buffer == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Class == FileFsVolumeInformation) {
        Status = FsbVolumeInformation(Volume, Buffer, Length, &Returned);
    } else if (Class == FileFsAttributeInformation) {
        Status = FsbAttributeInformation(Volume, Buffer, Length, &Returned);
    } else if (Returned == 0) {
        return STATUS_INVALID_INFO_CLASS;
    } else if (Length < Returned) {
        return STATUS_INFO_LENGTH_MISMATCH;
    } else {
        FSB_VOLUME_SIZES Sizes = {0};
        Status = Volume->Store->Sizes(Volume, &Sizes);
        if (NT_SUCCESS(Status)) {
            FsbFixedInformation(Volume, Class, &Sizes, Buffer);
        }
    }
    Irp->IoStatus.Information = NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW ? Returned : 0;
    return Status;
}

NTSTATUS
FsbSetVolume(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_FS_LABEL_INFORMATION Info = Irp->AssociatedIrp.SystemBuffer;
    const ULONG Head = FIELD_OFFSET(FILE_FS_LABEL_INFORMATION, VolumeLabel);
    Irp->IoStatus.Information = 0;
    if (Stack->Parameters.SetVolume.FsInformationClass != FileFsLabelInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Info == NULL || Stack->Parameters.SetVolume.Length < Head || Info->VolumeLabelLength > Stack->Parameters.SetVolume.Length - Head) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Info->VolumeLabelLength > sizeof(Volume->Label)) {
        return STATUS_INVALID_VOLUME_LABEL;
    }
    port_lock_acquire(&Volume->IdleLock);
    memcpy(Volume->Label, Info->VolumeLabel, Info->VolumeLabelLength);
    Volume->LabelBytes = (USHORT)Info->VolumeLabelLength;
    port_lock_release(&Volume->IdleLock);
    return STATUS_SUCCESS;
}

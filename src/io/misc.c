/* SPDX-License-Identifier: MIT */
/* Small public routines: thread state, file object extras, checks of buffers, request routines that take a file object. */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

/* Windows: ntifs.h, IoGetTopLevelIrp.  Differences: none. */
PIRP
IoGetTopLevelIrp(VOID)
{
    return KiCurrent()->TopLevelIrp;
}

/* Windows: ntifs.h, IoSetTopLevelIrp.  Differences: none. */
VOID
IoSetTopLevelIrp(PIRP Irp)
{
    KiCurrent()->TopLevelIrp = Irp;
}

/* Windows: wdm.h, IoGetStackLimits.  Differences: none. */
VOID
IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit)
{
    uintptr_t Low, High;

    port_thread_stack_limits(&Low, &High);
    *LowLimit = Low;
    *HighLimit = High;
}

/* Windows: wdm.h, IoWithinStackLimits.  Differences: none. */
LOGICAL
IoWithinStackLimits(ULONG_PTR RegionStart, SIZE_T RegionSize)
{
    ULONG_PTR Low, High;

    IoGetStackLimits(&Low, &High);
    return RegionStart >= Low && RegionStart + RegionSize <= High && RegionStart + RegionSize >= RegionStart;
}

/* Windows: ntddk.h, IoGetInitialStack.  Differences: none. */
PVOID
IoGetInitialStack(VOID)
{
    ULONG_PTR Low, High;

    IoGetStackLimits(&Low, &High);
    return (PVOID)High;
}

/* Windows: wdm.h, IoIs32bitProcess.  Differences: there are no 32-bit requestors. */
BOOLEAN
IoIs32bitProcess(PIRP Irp)
{
    UNREFERENCED_PARAMETER(Irp);
    return FALSE;
}

/* Windows: ntifs.h, IoGetInitiatorProcess.  Differences: none. */
PEPROCESS
IoGetInitiatorProcess(PFILE_OBJECT FileObject)
{
    return IopFileIsOurs(FileObject) ? IOP_FILE_FROM(FileObject)->OpenerProcess : NULL;
}

/* Windows: ntifs.h, IoSetThreadHardErrorMode.  Differences: there are no hard errors; they count as enabled. */
BOOLEAN
IoSetThreadHardErrorMode(BOOLEAN EnableHardErrors)
{
    static __thread BOOLEAN Disabled;
    BOOLEAN Old = !Disabled;

    Disabled = !EnableHardErrors;
    return Old;
}

/* Windows: ntifs.h, IoSetHardErrorOrVerifyDevice.  Differences: the device is not remembered: nothing here verifies volumes. */
VOID
IoSetHardErrorOrVerifyDevice(PIRP Irp, PDEVICE_OBJECT DeviceObject)
{
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(DeviceObject);
}

/* Windows: ntddk.h, IoGetTransactionParameterBlock.  Differences: none. */
PTXN_PARAMETER_BLOCK
IoGetTransactionParameterBlock(PFILE_OBJECT FileObject)
{
    const BOOLEAN Transacted = IopFileIsOurs(FileObject) && IOP_FILE_FROM(FileObject)->Transaction.TransactionObject != NULL;

    return Transacted ? &IOP_FILE_FROM(FileObject)->Transaction : NULL;
}

/* Windows: wdm.h, IoGetIoPriorityHint.  Differences: all requests are normal. */
IO_PRIORITY_HINT
IoGetIoPriorityHint(PIRP Irp)
{
    UNREFERENCED_PARAMETER(Irp);
    return IoPriorityNormal;
}

/* Windows: wdm.h, IoInitializePriorityInfo.  Differences: none. */
VOID
IoInitializePriorityInfo(PIO_PRIORITY_INFO PriorityInfo)
{
    PriorityInfo->Size = sizeof(*PriorityInfo);
    PriorityInfo->ThreadPriority = 0xFFFF;
    PriorityInfo->PagePriority = 0;
    PriorityInfo->IoPriority = IoPriorityNormal;
}

/* Windows: ntifs.h, IoGetPagingIoPriority.  Differences: all paging requests are normal. */
IO_PAGING_PRIORITY
IoGetPagingIoPriority(PIRP Irp)
{
    return (Irp->Flags & (IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO)) != 0 ? IoPagingPriorityNormal : IoPagingPriorityInvalid;
}

static GENERIC_MAPPING IopFileMapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};

/* Windows: ntifs.h, IoGetFileObjectGenericMapping.  Differences: none. */
PGENERIC_MAPPING
IoGetFileObjectGenericMapping(VOID)
{
    return &IopFileMapping;
}

/* Windows: ntifs.h, IoCheckDesiredAccess.  Differences: none. */
NTSTATUS
IoCheckDesiredAccess(PACCESS_MASK DesiredAccess, ACCESS_MASK GrantedAccess)
{
    RtlMapGenericMask(DesiredAccess, &IopFileMapping);
    return (*DesiredAccess & ~GrantedAccess) != 0 ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoReplaceFileObjectName.  Differences: none. */
NTSTATUS
IoReplaceFileObjectName(PFILE_OBJECT FileObject, PWSTR NewFileName, USHORT FileNameLength)
{
    PUNICODE_STRING Name = &FileObject->FileName;

    if (Name->Buffer == NULL || Name->MaximumLength < FileNameLength) {
        PWCH Buffer = ExAllocatePoolWithTag(PagedPool, FileNameLength != 0 ? FileNameLength : sizeof(WCHAR), IOP_TAG_NAME);
        if (Buffer == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (Name->Buffer != NULL) {
            if (IopFileIsOurs(FileObject) && IOP_FILE_FROM(FileObject)->OwnName == Name->Buffer) {
                IOP_FILE_FROM(FileObject)->OwnName = NULL;
            }
            ExFreePool(Name->Buffer);
        }
        Name->Buffer = Buffer;
        Name->MaximumLength = FileNameLength;
    }
    memmove(Name->Buffer, NewFileName, FileNameLength);
    Name->Length = FileNameLength;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoCheckEaBufferValidity.  Differences: none. */
NTSTATUS
IoCheckEaBufferValidity(PFILE_FULL_EA_INFORMATION EaBuffer, ULONG EaLength, PULONG ErrorOffset)
{
    ULONG Offset = 0;

    for (;;) {
        PFILE_FULL_EA_INFORMATION Ea = (PFILE_FULL_EA_INFORMATION)((PUCHAR)EaBuffer + Offset);
        ULONG Left = EaLength - Offset;
        *ErrorOffset = Offset;
        if (EaLength < Offset || Left < FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + 1u) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        ULONG Size = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1u + Ea->EaValueLength;
        if (Left < Size || Ea->EaName[Ea->EaNameLength] != '\0') {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        if (Ea->NextEntryOffset == 0) {
            return STATUS_SUCCESS;
        }
        if (Ea->NextEntryOffset != ((Size + 3) & ~3u) || Ea->NextEntryOffset > Left) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        Offset += Ea->NextEntryOffset;
    }
}

/* ---- requests on a file object ---- */

/* Windows: ntifs.h, IoQueryFileInformation.  Differences: none. */
NTSTATUS
IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length, PVOID FileInformation, PULONG ReturnedLength)
{
    return IopQueryInformation(FileObject, FileInformationClass, FileInformation, Length, KernelMode, ReturnedLength);
}

/* Windows: ntifs.h, IoSetInformation.  Differences: none. */
NTSTATUS
IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length, PVOID FileInformation)
{
    return IopSetInformation(FileObject, FileInformationClass, FileInformation, Length, NULL, NULL, KernelMode);
}

/* Windows: ntifs.h, IoQueryVolumeInformation.  Differences: none. */
NTSTATUS
IoQueryVolumeInformation(PFILE_OBJECT FileObject, FS_INFORMATION_CLASS FsInformationClass, ULONG Length, PVOID FsInformation, PULONG ReturnedLength)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {.FileObject = FileObject, .OutputBuffer = FsInformation, .OutputLength = Length, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_QUERY_VOLUME_INFORMATION;
    Request.Stack.Parameters.QueryVolume.Length = Length;
    Request.Stack.Parameters.QueryVolume.FsInformationClass = FsInformationClass;
    NTSTATUS Status = IopRequest(&Request, &IoStatus);
    *ReturnedLength = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    return Status;
}

/* Paging transfers: the MDL is the caller's, so the buffer is its mapping. */
static NTSTATUS
IopPageTransfer(UCHAR Major, PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, PKEVENT Event, PIO_STATUS_BLOCK IoStatus)
{
    PVOID Address = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    IOP_REQUEST Request = {
        .FileObject = FileObject, .RequestorMode = KernelMode,
        .IrpFlags = IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO};

    if (Address == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Request.Stack.MajorFunction = Major;
    Request.Stack.Parameters.Read.Length = MmGetMdlByteCount(Mdl);
    Request.Stack.Parameters.Read.ByteOffset = *Offset;
    if (Major == IRP_MJ_READ) {
        Request.OutputBuffer = Address;
        Request.OutputLength = MmGetMdlByteCount(Mdl);
    } else {
        Request.InputBuffer = Address;
        Request.InputLength = MmGetMdlByteCount(Mdl);
    }
    NTSTATUS Status = IopRequest(&Request, IoStatus);
    KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    return Status;
}

/* Windows: ntifs.h, IoPageRead.  Differences: returns when the read is done. */
NTSTATUS
IoPageRead(PFILE_OBJECT FileObject, PMDL MemoryDescriptorList, PLARGE_INTEGER StartingOffset, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    return IopPageTransfer(IRP_MJ_READ, FileObject, MemoryDescriptorList, StartingOffset, Event, IoStatusBlock);
}

/* Windows: ntifs.h, IoSynchronousPageWrite.  Differences: returns when the write is done. */
NTSTATUS
IoSynchronousPageWrite(PFILE_OBJECT FileObject, PMDL MemoryDescriptorList, PLARGE_INTEGER StartingOffset, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    return IopPageTransfer(IRP_MJ_WRITE, FileObject, MemoryDescriptorList, StartingOffset, Event, IoStatusBlock);
}

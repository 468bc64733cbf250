/* SPDX-License-Identifier: MIT */
/* Fast I/O: every slot is filled, and asks the slot of the driver below, whose table may be missing, shorter, or have holes. */
#include "classic.h"

#define CLASSIC_HAS(Table, Slot) \
    ((Table) != NULL && (Table)->SizeOfFastIoDispatch >= RTL_SIZEOF_THROUGH_FIELD(FAST_IO_DISPATCH, Slot) && (Table)->Slot != NULL)

/* The table of the driver below, and its device. */
static PFAST_IO_DISPATCH
ClassicBelow(PDEVICE_OBJECT DeviceObject, PDEVICE_OBJECT *Lower)
{
    *Lower = NULL;
    if (!CLASSIC_IS_OURS(DeviceObject) || CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo == NULL) {
        return NULL;
    }
    *Lower = CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo;
    return (*Lower)->DriverObject->FastIoDispatch;
}

#define CLASSIC_FORWARD(Otherwise, Slot, ...) \
    PDEVICE_OBJECT Lower; \
    PFAST_IO_DISPATCH Table = ClassicBelow(DeviceObject, &Lower); \
    PAGED_CODE(); \
    return CLASSIC_HAS(Table, Slot) ? Table->Slot(__VA_ARGS__, Lower) : (Otherwise)

static BOOLEAN
ClassicFastIoCheckIfPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey,
    BOOLEAN CheckForReadOperation, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoCheckIfPossible, FileObject, FileOffset, Length, Wait, LockKey, CheckForReadOperation, IoStatus);
}

static BOOLEAN
ClassicFastIoRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoRead, FileObject, FileOffset, Length, Wait, LockKey, Buffer, IoStatus);
}

static BOOLEAN
ClassicFastIoWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoWrite, FileObject, FileOffset, Length, Wait, LockKey, Buffer, IoStatus);
}

static BOOLEAN
ClassicFastIoQueryBasicInfo(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoQueryBasicInfo, FileObject, Wait, Buffer, IoStatus);
}

static BOOLEAN
ClassicFastIoQueryStandardInfo(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoQueryStandardInfo, FileObject, Wait, Buffer, IoStatus);
}

static BOOLEAN
ClassicFastIoLock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS ProcessId, ULONG Key,
    BOOLEAN FailImmediately, BOOLEAN ExclusiveLock, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoLock, FileObject, FileOffset, Length, ProcessId, Key, FailImmediately, ExclusiveLock, IoStatus);
}

static BOOLEAN
ClassicFastIoUnlockSingle(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS ProcessId, ULONG Key,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoUnlockSingle, FileObject, FileOffset, Length, ProcessId, Key, IoStatus);
}

static BOOLEAN
ClassicFastIoUnlockAll(PFILE_OBJECT FileObject, PEPROCESS ProcessId, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoUnlockAll, FileObject, ProcessId, IoStatus);
}

static BOOLEAN
ClassicFastIoUnlockAllByKey(PFILE_OBJECT FileObject, PVOID ProcessId, ULONG Key, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoUnlockAllByKey, FileObject, ProcessId, Key, IoStatus);
}

static BOOLEAN
ClassicFastIoDeviceControl(PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer,
    ULONG OutputBufferLength, ULONG IoControlCode, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoDeviceControl, FileObject, Wait, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength,
        IoControlCode, IoStatus);
}

/* The two for sections have no device among their parameters: it is looked for from the file object. */
static PDEVICE_OBJECT
ClassicUnderFile(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT Device = IoGetAttachedDeviceReference(IoGetBaseFileSystemDeviceObject(FileObject)), Lower;

    while (Device != NULL && !CLASSIC_IS_OURS(Device)) {
        Lower = IoGetLowerDeviceObject(Device);
        ObDereferenceObject(Device);
        Device = Lower;
    }
    if (Device == NULL) {
        return NULL;
    }
    Lower = IoGetLowerDeviceObject(Device);
    ObDereferenceObject(Device);
    return Lower;
}

static VOID
ClassicAcquireFileForNtCreateSection(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT Lower = ClassicUnderFile(FileObject);

    if (Lower != NULL) {
        if (CLASSIC_HAS(Lower->DriverObject->FastIoDispatch, AcquireFileForNtCreateSection)) {
            Lower->DriverObject->FastIoDispatch->AcquireFileForNtCreateSection(FileObject);
        }
        ObDereferenceObject(Lower);
    }
}

static VOID
ClassicReleaseFileForNtCreateSection(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT Lower = ClassicUnderFile(FileObject);

    if (Lower != NULL) {
        if (CLASSIC_HAS(Lower->DriverObject->FastIoDispatch, ReleaseFileForNtCreateSection)) {
            Lower->DriverObject->FastIoDispatch->ReleaseFileForNtCreateSection(FileObject);
        }
        ObDereferenceObject(Lower);
    }
}

static BOOLEAN
ClassicFastIoQueryNetworkOpenInfo(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoQueryNetworkOpenInfo, FileObject, Wait, Buffer, IoStatus);
}

static NTSTATUS
ClassicAcquireForModWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset, struct _ERESOURCE **ResourceToRelease,
    PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(STATUS_INVALID_DEVICE_REQUEST, AcquireForModWrite, FileObject, EndingOffset, ResourceToRelease);
}

static BOOLEAN
ClassicMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, MdlRead, FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus);
}

static BOOLEAN
ClassicMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, MdlReadComplete, FileObject, MdlChain);
}

static BOOLEAN
ClassicPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, PrepareMdlWrite, FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus);
}

static BOOLEAN
ClassicMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, MdlWriteComplete, FileObject, FileOffset, MdlChain);
}

static BOOLEAN
ClassicFastIoReadCompressed(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PVOID Buffer,
    PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus, struct _COMPRESSED_DATA_INFO *CompressedDataInfo, ULONG CompressedDataInfoLength,
    PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoReadCompressed, FileObject, FileOffset, Length, LockKey, Buffer, MdlChain, IoStatus, CompressedDataInfo,
        CompressedDataInfoLength);
}

static BOOLEAN
ClassicFastIoWriteCompressed(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PVOID Buffer,
    PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus, struct _COMPRESSED_DATA_INFO *CompressedDataInfo, ULONG CompressedDataInfoLength,
    PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, FastIoWriteCompressed, FileObject, FileOffset, Length, LockKey, Buffer, MdlChain, IoStatus, CompressedDataInfo,
        CompressedDataInfoLength);
}

static BOOLEAN
ClassicMdlReadCompleteCompressed(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, MdlReadCompleteCompressed, FileObject, MdlChain);
}

static BOOLEAN
ClassicMdlWriteCompleteCompressed(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(FALSE, MdlWriteCompleteCompressed, FileObject, FileOffset, MdlChain);
}

/* The one whose device is in the request. */
static BOOLEAN
ClassicFastIoQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION NetworkInformation, PDEVICE_OBJECT DeviceObject)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PDEVICE_OBJECT Lower;
    PFAST_IO_DISPATCH Table = ClassicBelow(DeviceObject, &Lower);
    BOOLEAN Answered;

    PAGED_CODE();
    if (!CLASSIC_HAS(Table, FastIoQueryOpen)) {
        return FALSE;
    }
    Stack->DeviceObject = Lower;
    Answered = Table->FastIoQueryOpen(Irp, NetworkInformation, Lower);
    if (!Answered) {
        Stack->DeviceObject = DeviceObject;
    }
    return Answered;
}

static NTSTATUS
ClassicReleaseForModWrite(PFILE_OBJECT FileObject, struct _ERESOURCE *ResourceToRelease, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(STATUS_INVALID_DEVICE_REQUEST, ReleaseForModWrite, FileObject, ResourceToRelease);
}

static NTSTATUS
ClassicAcquireForCcFlush(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(STATUS_INVALID_DEVICE_REQUEST, AcquireForCcFlush, FileObject);
}

static NTSTATUS
ClassicReleaseForCcFlush(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    CLASSIC_FORWARD(STATUS_INVALID_DEVICE_REQUEST, ReleaseForCcFlush, FileObject);
}

#define CLASSIC_FILL(Slot) Table->Slot = Classic##Slot

PFAST_IO_DISPATCH
ClassicMakeFastIo(VOID)
{
    PFAST_IO_DISPATCH Table = (PFAST_IO_DISPATCH)ExAllocatePoolWithTag(NonPagedPool, sizeof(FAST_IO_DISPATCH), CLASSIC_TAG);

    if (Table == NULL) {
        return NULL;
    }
    RtlZeroMemory(Table, sizeof(FAST_IO_DISPATCH));
    Table->SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH);
    CLASSIC_FILL(FastIoCheckIfPossible);
    CLASSIC_FILL(FastIoRead);
    CLASSIC_FILL(FastIoWrite);
    CLASSIC_FILL(FastIoQueryBasicInfo);
    CLASSIC_FILL(FastIoQueryStandardInfo);
    CLASSIC_FILL(FastIoLock);
    CLASSIC_FILL(FastIoUnlockSingle);
    CLASSIC_FILL(FastIoUnlockAll);
    CLASSIC_FILL(FastIoUnlockAllByKey);
    CLASSIC_FILL(FastIoDeviceControl);
    CLASSIC_FILL(AcquireFileForNtCreateSection);
    CLASSIC_FILL(ReleaseFileForNtCreateSection);
    Table->FastIoDetachDevice = ClassicLetGo;
    CLASSIC_FILL(FastIoQueryNetworkOpenInfo);
    CLASSIC_FILL(AcquireForModWrite);
    CLASSIC_FILL(MdlRead);
    CLASSIC_FILL(MdlReadComplete);
    CLASSIC_FILL(PrepareMdlWrite);
    CLASSIC_FILL(MdlWriteComplete);
    CLASSIC_FILL(FastIoReadCompressed);
    CLASSIC_FILL(FastIoWriteCompressed);
    CLASSIC_FILL(MdlReadCompleteCompressed);
    CLASSIC_FILL(MdlWriteCompleteCompressed);
    CLASSIC_FILL(FastIoQueryOpen);
    CLASSIC_FILL(ReleaseForModWrite);
    CLASSIC_FILL(AcquireForCcFlush);
    CLASSIC_FILL(ReleaseForCcFlush);
    return Table;
}

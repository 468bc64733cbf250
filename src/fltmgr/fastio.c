/* SPDX-License-Identifier: MIT */
/*
 * The filter manager's own fast I/O routines, for whoever calls them: the I/O manager, a legacy filter above.  What no minifilter watches
 * goes on to the device below; for the rest the answer is FALSE, and minifilters see the request that is sent instead.
 */
#include "fltmgr/control.h"
#include "io/fastio.h"

static BOOLEAN
FltpFastPass(PDEVICE_OBJECT Device, UCHAR Major, const IOP_FAST_IO *Call)
{
    PFLT_VOLUME Volume = *(PFLT_VOLUME *)Device->DeviceExtension;

    if (Volume == NULL) {
        return FALSE;                          /* a file system's control device: a request does */
    }
    if ((atomic_load_explicit(&Volume->Interest, memory_order_relaxed) & (1ull << Major)) != 0) {
        return FALSE;
    }
    return IopFastIo(Volume->LowerDevice, Call);
}

static BOOLEAN
FltpFastPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, BOOLEAN Read,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    UNREFERENCED_PARAMETER(FileObject);
    UNREFERENCED_PARAMETER(FileOffset);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Wait);
    UNREFERENCED_PARAMETER(LockKey);
    UNREFERENCED_PARAMETER(Read);
    UNREFERENCED_PARAMETER(IoStatus);
    UNREFERENCED_PARAMETER(Device);
    return FALSE;
}

static BOOLEAN
FltpFastRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastRead, .FileObject = FileObject, .Offset = FileOffset, .Length = Length, .Wait = Wait,
        .Key = LockKey, .Buffer = Buffer, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_READ, &Call);
}

static BOOLEAN
FltpFastWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastWrite, .FileObject = FileObject, .Offset = FileOffset, .Length = Length, .Wait = Wait,
        .Key = LockKey, .Buffer = Buffer, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_WRITE, &Call);
}

static BOOLEAN
FltpFastQuery(IOP_FAST_KIND Kind, PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = Kind, .FileObject = FileObject, .Wait = Wait, .Buffer = Buffer, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_QUERY_INFORMATION, &Call);
}

static BOOLEAN
FltpFastQueryBasic(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    return FltpFastQuery(IopFastQueryBasic, FileObject, Wait, Buffer, IoStatus, Device);
}

static BOOLEAN
FltpFastQueryStandard(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT Device)
{
    return FltpFastQuery(IopFastQueryStandard, FileObject, Wait, Buffer, IoStatus, Device);
}

static BOOLEAN
FltpFastQueryNetworkOpen(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT Device)
{
    return FltpFastQuery(IopFastQueryNetworkOpen, FileObject, Wait, Buffer, IoStatus, Device);
}

static BOOLEAN
FltpFastLock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key,
    BOOLEAN FailImmediately, BOOLEAN Exclusive, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastLock, .FileObject = FileObject, .Offset = FileOffset, .Bytes = Length, .Process = Process,
        .Key = Key, .FailImmediately = FailImmediately, .Exclusive = Exclusive, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_LOCK_CONTROL, &Call);
}

static BOOLEAN
FltpFastUnlockSingle(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastUnlockSingle, .FileObject = FileObject, .Offset = FileOffset, .Bytes = Length,
        .Process = Process, .Key = Key, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_LOCK_CONTROL, &Call);
}

static BOOLEAN
FltpFastUnlockAll(PFILE_OBJECT FileObject, PEPROCESS Process, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastUnlockAll, .FileObject = FileObject, .Process = Process, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_LOCK_CONTROL, &Call);
}

static BOOLEAN
FltpFastUnlockAllByKey(PFILE_OBJECT FileObject, PVOID Process, ULONG Key, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastUnlockAllByKey, .FileObject = FileObject, .Process = Process, .Key = Key,
        .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_LOCK_CONTROL, &Call);
}

static BOOLEAN
FltpFastDeviceControl(PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, ULONG Code,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    const IOP_FAST_IO Call = { .Kind = IopFastDeviceControl, .FileObject = FileObject, .Wait = Wait, .Input = Input,
        .InputLength = InputLength, .Buffer = Output, .Length = OutputLength, .Code = Code, .IoStatus = IoStatus };

    return FltpFastPass(Device, IRP_MJ_DEVICE_CONTROL, &Call);
}

/* The device below goes.  Volumes go by IopVolumeDismount, which the filter manager hears of first; below a frame it is a legacy filter's. */
static VOID
FltpFastDetach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target)
{
    IoDetachDevice(Target);
    if (*(PFLT_VOLUME *)Source->DeviceExtension == NULL) {
        IoDeleteDevice(Source);
    }
}

FAST_IO_DISPATCH FltpFastIoDispatch = {
    .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH),
    .FastIoCheckIfPossible = FltpFastPossible,
    .FastIoRead = FltpFastRead,
    .FastIoWrite = FltpFastWrite,
    .FastIoQueryBasicInfo = FltpFastQueryBasic,
    .FastIoQueryStandardInfo = FltpFastQueryStandard,
    .FastIoLock = FltpFastLock,
    .FastIoUnlockSingle = FltpFastUnlockSingle,
    .FastIoUnlockAll = FltpFastUnlockAll,
    .FastIoUnlockAllByKey = FltpFastUnlockAllByKey,
    .FastIoDeviceControl = FltpFastDeviceControl,
    .FastIoDetachDevice = FltpFastDetach,
    .FastIoQueryNetworkOpenInfo = FltpFastQueryNetworkOpen,
    .FastIoQueryOpen = IopFastQueryOpen,
};

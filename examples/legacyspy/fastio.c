/* SPDX-License-Identifier: MIT */
/*
 * Fast I/O: calls instead of requests.  Each is passed to the device below if that has the routine; FALSE makes the I/O manager
 * send a request instead.
 */
#include "legacyspy.h"

/* The routine of the device below, in a table that may be shorter than ours. */
#define SPY_LOWER(Device) (((SPY_DEVICE *)(Device)->DeviceExtension)->Lower)
#define SPY_TABLE(Device) (SPY_LOWER(Device)->DriverObject->FastIoDispatch)
#define SPY_HAS(Table, Routine)                                                                                                         \
    ((Table) != NULL && (Table)->SizeOfFastIoDispatch >= FIELD_OFFSET(FAST_IO_DISPATCH, Routine) + sizeof(PVOID) && (Table)->Routine != NULL)
#define SPY_PASS(Routine, ...)                                                                                                          \
    PFAST_IO_DISPATCH Table = SPY_TABLE(DeviceObject);                                                                                  \
    return SPY_HAS(Table, Routine) ? Table->Routine(__VA_ARGS__, SPY_LOWER(DeviceObject)) : FALSE

static BOOLEAN
SpyCheckIfPossible(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, BOOLEAN Read,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoCheckIfPossible, FileObject, FileOffset, Length, Wait, LockKey, Read, IoStatus);
}

static BOOLEAN
SpyRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoRead, FileObject, FileOffset, Length, Wait, LockKey, Buffer, IoStatus);
}

static BOOLEAN
SpyWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoWrite, FileObject, FileOffset, Length, Wait, LockKey, Buffer, IoStatus);
}

static BOOLEAN
SpyQueryBasic(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoQueryBasicInfo, FileObject, Wait, Buffer, IoStatus);
}

static BOOLEAN
SpyQueryStandard(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoQueryStandardInfo, FileObject, Wait, Buffer, IoStatus);
}

static BOOLEAN
SpyQueryNetworkOpen(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoQueryNetworkOpenInfo, FileObject, Wait, Buffer, IoStatus);
}

static BOOLEAN
SpyLock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, BOOLEAN FailImmediately,
    BOOLEAN Exclusive, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoLock, FileObject, FileOffset, Length, Process, Key, FailImmediately, Exclusive, IoStatus);
}

static BOOLEAN
SpyUnlockSingle(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoUnlockSingle, FileObject, FileOffset, Length, Process, Key, IoStatus);
}

static BOOLEAN
SpyUnlockAll(PFILE_OBJECT FileObject, PEPROCESS Process, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoUnlockAll, FileObject, Process, IoStatus);
}

static BOOLEAN
SpyUnlockAllByKey(PFILE_OBJECT FileObject, PVOID Process, ULONG Key, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoUnlockAllByKey, FileObject, Process, Key, IoStatus);
}

static BOOLEAN
SpyDeviceControl(PFILE_OBJECT FileObject, BOOLEAN Wait, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, ULONG Code,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(FastIoDeviceControl, FileObject, Wait, Input, InputLength, Output, OutputLength, Code, IoStatus);
}

static BOOLEAN
SpyMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(MdlRead, FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus);
}

static BOOLEAN
SpyMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(MdlReadComplete, FileObject, MdlChain);
}

static BOOLEAN
SpyPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(PrepareMdlWrite, FileObject, FileOffset, Length, LockKey, MdlChain, IoStatus);
}

static BOOLEAN
SpyMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain, PDEVICE_OBJECT DeviceObject)
{
    SPY_PASS(MdlWriteComplete, FileObject, FileOffset, MdlChain);
}

static BOOLEAN
SpyQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Network, PDEVICE_OBJECT DeviceObject)
{
    PFAST_IO_DISPATCH Table = SPY_TABLE(DeviceObject);
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN Done = FALSE;

    if (SPY_HAS(Table, FastIoQueryOpen)) {
        /* The routine below finds its own device in the location that is current. */
        Stack->DeviceObject = SPY_LOWER(DeviceObject);
        Done = Table->FastIoQueryOpen(Irp, Network, SPY_LOWER(DeviceObject));
        if (!Done) {
            Stack->DeviceObject = DeviceObject;
        }
    }
    return Done;
}

/* The device below goes. */
static VOID
SpyDetachDevice(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    UNREFERENCED_PARAMETER(TargetDevice);
    SpyDetach(SourceDevice);
}

FAST_IO_DISPATCH SpyFastIo = {
    .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH),
    .FastIoCheckIfPossible = SpyCheckIfPossible,
    .FastIoRead = SpyRead,
    .FastIoWrite = SpyWrite,
    .FastIoQueryBasicInfo = SpyQueryBasic,
    .FastIoQueryStandardInfo = SpyQueryStandard,
    .FastIoLock = SpyLock,
    .FastIoUnlockSingle = SpyUnlockSingle,
    .FastIoUnlockAll = SpyUnlockAll,
    .FastIoUnlockAllByKey = SpyUnlockAllByKey,
    .FastIoDeviceControl = SpyDeviceControl,
    .FastIoDetachDevice = SpyDetachDevice,
    .FastIoQueryNetworkOpenInfo = SpyQueryNetworkOpen,
    .MdlRead = SpyMdlRead,
    .MdlReadComplete = SpyMdlReadComplete,
    .PrepareMdlWrite = SpyPrepareMdlWrite,
    .MdlWriteComplete = SpyMdlWriteComplete,
    .FastIoQueryOpen = SpyQueryOpen,
};

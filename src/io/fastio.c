/* SPDX-License-Identifier: MIT */
/* Calls of drivers' FAST_IO_DISPATCH routines; see fastio.h. */
#include "io/fastio.h"

#include <stdatomic.h>

#include "io/iopp.h"

static BOOLEAN
IopFastData(const FAST_IO_DISPATCH *Table, PDEVICE_OBJECT Device, const IOP_FAST_IO *C)
{
    if (C->Kind == IopFastRead) {
        return IOP_FAST_IO_HAS(Table, FastIoRead) &&
               Table->FastIoRead(C->FileObject, C->Offset, C->Length, C->Wait, C->Key, C->Buffer, C->IoStatus, Device);
    }
    return IOP_FAST_IO_HAS(Table, FastIoWrite) &&
           Table->FastIoWrite(C->FileObject, C->Offset, C->Length, C->Wait, C->Key, C->Buffer, C->IoStatus, Device);
}

static BOOLEAN
IopFastQuery(const FAST_IO_DISPATCH *Table, PDEVICE_OBJECT Device, const IOP_FAST_IO *C)
{
    switch (C->Kind) {
    case IopFastQueryBasic:
        return IOP_FAST_IO_HAS(Table, FastIoQueryBasicInfo) && Table->FastIoQueryBasicInfo(C->FileObject, C->Wait, C->Buffer, C->IoStatus, Device);
    case IopFastQueryStandard:
        return IOP_FAST_IO_HAS(Table, FastIoQueryStandardInfo) &&
               Table->FastIoQueryStandardInfo(C->FileObject, C->Wait, C->Buffer, C->IoStatus, Device);
    default:
        return IOP_FAST_IO_HAS(Table, FastIoQueryNetworkOpenInfo) &&
               Table->FastIoQueryNetworkOpenInfo(C->FileObject, C->Wait, C->Buffer, C->IoStatus, Device);
    }
}

static BOOLEAN
IopFastLocks(const FAST_IO_DISPATCH *Table, PDEVICE_OBJECT Device, const IOP_FAST_IO *C)
{
    switch (C->Kind) {
    case IopFastLock:
        return IOP_FAST_IO_HAS(Table, FastIoLock) &&
               Table->FastIoLock(C->FileObject, C->Offset, C->Bytes, C->Process, C->Key, C->FailImmediately, C->Exclusive, C->IoStatus, Device);
    case IopFastUnlockSingle:
        return IOP_FAST_IO_HAS(Table, FastIoUnlockSingle) &&
               Table->FastIoUnlockSingle(C->FileObject, C->Offset, C->Bytes, C->Process, C->Key, C->IoStatus, Device);
    case IopFastUnlockAll:
        return IOP_FAST_IO_HAS(Table, FastIoUnlockAll) && Table->FastIoUnlockAll(C->FileObject, C->Process, C->IoStatus, Device);
    default:
        return IOP_FAST_IO_HAS(Table, FastIoUnlockAllByKey) &&
               Table->FastIoUnlockAllByKey(C->FileObject, C->Process, C->Key, C->IoStatus, Device);
    }
}

static BOOLEAN
IopFastCall(const FAST_IO_DISPATCH *Table, PDEVICE_OBJECT Device, const IOP_FAST_IO *C)
{
    switch (C->Kind) {
    case IopFastRead:
    case IopFastWrite:
        return IopFastData(Table, Device, C);
    case IopFastQueryBasic:
    case IopFastQueryStandard:
    case IopFastQueryNetworkOpen:
        return IopFastQuery(Table, Device, C);
    case IopFastDeviceControl:
        return IOP_FAST_IO_HAS(Table, FastIoDeviceControl) &&
               Table->FastIoDeviceControl(
                   C->FileObject, C->Wait, C->Input, C->InputLength, C->Buffer, C->Length, C->Code, C->IoStatus, Device);
    default:
        return IopFastLocks(Table, Device, C);
    }
}

BOOLEAN
IopFastIo(PDEVICE_OBJECT Device, const IOP_FAST_IO *Call)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Device->DriverObject);
    const FAST_IO_DISPATCH *const Table = Driver->Public.FastIoDispatch;
    volatile BOOLEAN Done = FALSE;

    if (Driver->Runtime) {
        return Table != NULL && IopFastCall(Table, Device, Call);
    }
    if (Table == NULL || !IopDriverEnter(Driver, 0)) {
        return FALSE;
    }
    KI_DRIVER_CALL Frame = {.Owner = Driver->Owner, .Operation = "fast I/O", .Phase = "dispatch"};
    NT_CALL(&Frame, Done = IopFastCall(Table, Device, Call));
    IopDriverLeave(Driver);
    if (Frame.Faulted) {
        atomic_store_explicit(&Driver->Dead, 1, memory_order_release);
        return FALSE;
    }
    return Done;
}

BOOLEAN
IopFastIoFile(UCHAR Major, const IOP_FAST_IO *Call)
{
    const PDEVICE_OBJECT Device = IopFileStart(Call->FileObject, Major);

    if (IopFileIsOurs(Call->FileObject) && IOP_FILE_FROM(Call->FileObject)->FilterTarget != NULL) {
        return FALSE;                          /* it begins below an instance: only a request can say so */
    }
    return Device->DriverObject->FastIoDispatch != NULL && IopFastIo(Device, Call);
}

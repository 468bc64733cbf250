/* SPDX-License-Identifier: MIT */
/*
 * io: fast I/O, a call of a driver's FAST_IO_DISPATCH routine instead of a request.  FALSE: the driver has no such routine or does
 * not want to answer this way; a request is sent instead.
 */
#ifndef FB_IO_FASTIO_H
#define FB_IO_FASTIO_H

#include "io/iop.h"

typedef enum IOP_FAST_KIND {
    IopFastRead, IopFastWrite, IopFastQueryBasic, IopFastQueryStandard, IopFastQueryNetworkOpen,
    IopFastLock, IopFastUnlockSingle, IopFastUnlockAll, IopFastUnlockAllByKey, IopFastDeviceControl
} IOP_FAST_KIND;

typedef struct IOP_FAST_IO {
    IOP_FAST_KIND Kind;
    PFILE_OBJECT FileObject;
    PIO_STATUS_BLOCK IoStatus;
    PLARGE_INTEGER Offset, Bytes;              /* reads and writes: Offset; locks: both */
    PVOID Buffer;                              /* data; the answer; a control's output */
    ULONG Length;                              /* of Buffer */
    PVOID Input;                               /* controls */
    ULONG InputLength, Code;
    PVOID Process;                             /* locks: PEPROCESS */
    ULONG Key;
    BOOLEAN Wait, FailImmediately, Exclusive;
} IOP_FAST_IO;

/* Calls Device's driver.  IoStatus is set if TRUE is returned. */
BOOLEAN IopFastIo(PDEVICE_OBJECT Device, const IOP_FAST_IO *Call);
/* The same for the device where a request of Major on the file object would start. */
BOOLEAN IopFastIoFile(UCHAR Major, const IOP_FAST_IO *Call);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * io, private to the Zw and Nt file routines: a call on a handle.
 *
 *   IOP_HANDLE_CALL Call;
 *   Status = IopHandleCallBegin(&Call, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Mode);
 *   … IopRequest(&Request, &Call.IoStatus) …
 *   return IopHandleCallEnd(&Call, Status);
 *
 * Calls are complete when they return, whatever FO_SYNCHRONOUS_IO says; an event is then signaled, an APC routine called.
 */
#ifndef FB_IO_ZWP_H
#define FB_IO_ZWP_H

#include "io/iopp.h"

typedef struct IOP_HANDLE_CALL {
    PFILE_OBJECT FileObject;                   /* referenced */
    PKEVENT Event;                             /* referenced, or NULL */
    PIO_APC_ROUTINE ApcRoutine;
    PVOID ApcContext;
    PIO_STATUS_BLOCK Caller;
    IO_STATUS_BLOCK IoStatus;
    KPROCESSOR_MODE Mode;
    ACCESS_MASK Granted;                       /* to the handle */
    BOOLEAN Locked;                            /* this call has the file object to itself (FO_SYNCHRONOUS_IO) */
} IOP_HANDLE_CALL;

NTSTATUS IopHandleCallBegin(
    IOP_HANDLE_CALL *Call,
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    KPROCESSOR_MODE Mode);
NTSTATUS IopHandleCallEnd(IOP_HANDLE_CALL *Call, NTSTATUS Status);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes that filters issue (J-23).  The common way is FltpIssueBelow: an I/O manager request sent to our device with the
 * instance as its filter target.  Asynchronous ones, and those by MDL, go through callback data of their own, which the filter's completion
 * routine gets to see.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/target.h"

NTSTATUS
FltpIssueBelow(PFLT_INSTANCE Instance, IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus)
{
    IoStatus->Information = 0;
    if (!FltpObjectIs(Instance, "a request for an instance") || !FltpCountTryAcquire(&Instance->Outstanding)) {
        IoStatus->Status = STATUS_FLT_DELETING_OBJECT;
        return STATUS_FLT_DELETING_OBJECT;
    }
    Request->StartDevice = Instance->Volume->FilterDevice;
    Request->FilterTarget = Instance;
    Request->RequestorMode = KernelMode;
    NTSTATUS Status = IopRequest(Request, IoStatus);
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

/* ---- one transfer ---- */

typedef struct FLTP_TRANSFER {
    UCHAR Major;
    PFLT_INSTANCE Instance;
    PFILE_OBJECT FileObject;
    PLARGE_INTEGER ByteOffset;
    ULONG Length;
    PVOID Buffer;
    PMDL Mdl;
    FLT_IO_OPERATION_FLAGS Flags;
    ULONG Key;
    PULONG Done;
    PFLT_COMPLETED_ASYNC_IO_CALLBACK Callback;
    PVOID Context;
    /* worked out */
    LARGE_INTEGER Start;
    ULONG IrpFlags;
} FLTP_TRANSFER;

static BOOLEAN
FltpIsSpecialOffset(const LARGE_INTEGER *Offset, ULONG Low)
{
    return Offset->HighPart == -1 && Offset->LowPart == Low;
}

/* Where it starts.  Without an offset only files opened for synchronous I/O have a place. */
static NTSTATUS
FltpTransferStart(FLTP_TRANSFER *Transfer)
{
    const PLARGE_INTEGER Offset = Transfer->ByteOffset;

    if (Offset == NULL || FltpIsSpecialOffset(Offset, FILE_USE_FILE_POINTER_POSITION)) {
        Transfer->Start = Transfer->FileObject->CurrentByteOffset;
        return Transfer->FileObject->Flags & FO_SYNCHRONOUS_IO ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    Transfer->Start = *Offset;
    if (Offset->QuadPart < 0 && !(Transfer->Major == IRP_MJ_WRITE && FltpIsSpecialOffset(Offset, FILE_WRITE_TO_END_OF_FILE))) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpTransferFlags(FLTP_TRANSFER *Transfer)
{
    const ULONG Paging = FLTFL_IO_OPERATION_PAGING | FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING;

    if ((Transfer->Flags & Paging) == FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Transfer->Flags & FLTFL_IO_OPERATION_NON_CACHED) || (Transfer->FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING)) {
        Transfer->IrpFlags |= IRP_NOCACHE;
    }
    if (Transfer->Flags & FLTFL_IO_OPERATION_PAGING) {
        Transfer->IrpFlags |= IRP_PAGING_IO | IRP_NOCACHE;
    }
    if (Transfer->Flags & FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING) {
        Transfer->IrpFlags |= IRP_SYNCHRONOUS_PAGING_IO;
    }
    return STATUS_SUCCESS;
}

static UCHAR
FltpTransferStackFlags(const FLTP_TRANSFER *Transfer)
{
    return Transfer->Major == IRP_MJ_WRITE && (Transfer->FileObject->Flags & FO_WRITE_THROUGH) ? SL_WRITE_THROUGH : 0;
}

/* The file system moves the file position; a caller that does not want that gets the old one back. */
static VOID
FltpTransferPosition(const FLTP_TRANSFER *Transfer, LARGE_INTEGER Before, const IO_STATUS_BLOCK *IoStatus)
{
    PFILE_OBJECT FileObject = Transfer->FileObject;

    if (!(FileObject->Flags & FO_SYNCHRONOUS_IO)) {
        return;
    }
    if (Transfer->Flags & FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET) {
        FileObject->CurrentByteOffset = Before;
    } else if (NT_SUCCESS(IoStatus->Status) && Transfer->Start.QuadPart >= 0 && !(Transfer->IrpFlags & IRP_PAGING_IO)) {
        FileObject->CurrentByteOffset.QuadPart = Transfer->Start.QuadPart + (LONGLONG)IoStatus->Information;
    }
}

/* ---- synchronous ---- */

static NTSTATUS
FltpTransferRequest(const FLTP_TRANSFER *Transfer, PIO_STATUS_BLOCK IoStatus)
{
    IOP_REQUEST Request = { .FileObject = Transfer->FileObject, .IrpFlags = Transfer->IrpFlags };

    if (!(Transfer->IrpFlags & IRP_PAGING_IO)) {
        Request.IrpFlags |= IRP_SYNCHRONOUS_API;
    }
    Request.Stack.MajorFunction = Transfer->Major;
    Request.Stack.Flags = FltpTransferStackFlags(Transfer);
    if (Transfer->Major == IRP_MJ_READ) {
        Request.Stack.Parameters.Read.Length = Transfer->Length;
        Request.Stack.Parameters.Read.Key = Transfer->Key;
        Request.Stack.Parameters.Read.ByteOffset = Transfer->Start;
        Request.OutputBuffer = Transfer->Buffer;
        Request.OutputLength = Transfer->Length;
    } else {
        Request.Stack.Parameters.Write.Length = Transfer->Length;
        Request.Stack.Parameters.Write.Key = Transfer->Key;
        Request.Stack.Parameters.Write.ByteOffset = Transfer->Start;
        Request.InputBuffer = Transfer->Buffer;
        Request.InputLength = Transfer->Length;
    }
    return FltpIssueBelow(Transfer->Instance, &Request, IoStatus);
}

/* ---- by callback data ---- */

static NTSTATUS
FltpTransferData(const FLTP_TRANSFER *Transfer, PFLT_CALLBACK_DATA *Data)
{
    NTSTATUS Status = FltAllocateCallbackData(Transfer->Instance, Transfer->FileObject, Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PFLT_IO_PARAMETER_BLOCK Iopb = (*Data)->Iopb;
    Iopb->IrpFlags = Transfer->IrpFlags;
    Iopb->MajorFunction = Transfer->Major;
    Iopb->OperationFlags = FltpTransferStackFlags(Transfer);
    if (Transfer->Major == IRP_MJ_READ) {
        Iopb->Parameters.Read.Length = Transfer->Length;
        Iopb->Parameters.Read.Key = Transfer->Key;
        Iopb->Parameters.Read.ByteOffset = Transfer->Start;
        Iopb->Parameters.Read.ReadBuffer = Transfer->Buffer;
        Iopb->Parameters.Read.MdlAddress = Transfer->Mdl;
    } else {
        Iopb->Parameters.Write.Length = Transfer->Length;
        Iopb->Parameters.Write.Key = Transfer->Key;
        Iopb->Parameters.Write.ByteOffset = Transfer->Start;
        Iopb->Parameters.Write.WriteBuffer = Transfer->Buffer;
        Iopb->Parameters.Write.MdlAddress = Transfer->Mdl;
    }
    return STATUS_SUCCESS;
}

/* What an asynchronous transfer still needs when it ends.  Two hold it: the issuing call, and the completion if there is one. */
typedef struct FLTP_ASYNC {
    FLTP_TRANSFER Transfer;
    LARGE_INTEGER Before;
    _Atomic(ULONG) Holders;
    _Atomic(BOOLEAN) Completed;
} FLTP_ASYNC;

static VOID
FltpAsyncRelease(FLTP_ASYNC *Async)
{
    if (atomic_fetch_sub(&Async->Holders, 1) == 1) {
        port_free(Async);
    }
}

/* Runs as the filter's completion routine.  The callback data is ours again when that has returned. */
static VOID FLTAPI
FltpTransferCompleted(PFLT_CALLBACK_DATA Data, PFLT_CONTEXT Context)
{
    FLTP_ASYNC *Async = Context;

    atomic_store(&Async->Completed, TRUE);
    FltpTransferPosition(&Async->Transfer, Async->Before, &Data->IoStatus);
    Async->Transfer.Callback(Data, Async->Transfer.Context);
    FltFreeCallbackData(Data);
    FltpAsyncRelease(Async);
}

static NTSTATUS
FltpTransferAsync(const FLTP_TRANSFER *Transfer, PFLT_CALLBACK_DATA Data)
{
    FLTP_ASYNC *Async = port_alloc_zeroed(sizeof(*Async));

    if (Async == NULL) {
        FltFreeCallbackData(Data);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Async->Transfer = *Transfer;
    Async->Before = Transfer->FileObject->CurrentByteOffset;
    atomic_init(&Async->Holders, 2);
    NTSTATUS Status = FltPerformAsynchronousIo(Data, FltpTransferCompleted, Async);
    if (Status != STATUS_PENDING && !atomic_load(&Async->Completed)) {
        /* It was never sent, so nobody completes it. */
        FltFreeCallbackData(Data);
        FltpAsyncRelease(Async);
    }
    FltpAsyncRelease(Async);
    return Status;
}

static NTSTATUS
FltpTransferByData(const FLTP_TRANSFER *Transfer, PIO_STATUS_BLOCK IoStatus)
{
    PFLT_CALLBACK_DATA Data;
    NTSTATUS Status = FltpTransferData(Transfer, &Data);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Transfer->Callback != NULL) {
        return FltpTransferAsync(Transfer, Data);
    }
    FltPerformSynchronousIo(Data);
    *IoStatus = Data->IoStatus;
    FltFreeCallbackData(Data);
    return IoStatus->Status;
}

/* ---- the routines ---- */

static NTSTATUS
FltpTransferRun(FLTP_TRANSFER *Transfer)
{
    const LARGE_INTEGER Before = Transfer->FileObject->CurrentByteOffset;
    IO_STATUS_BLOCK IoStatus = { .Information = 0 };
    NTSTATUS Status = FltpObjectIs(Transfer->Instance, Transfer->Major == IRP_MJ_READ ? "FltReadFile" : "FltWriteFile")
        ? FltpTransferStart(Transfer) : STATUS_FLT_DELETING_OBJECT;

    if (Transfer->Callback == NULL && Transfer->Done != NULL) {
        *Transfer->Done = 0;
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpTransferFlags(Transfer);
    }
    if (!NT_SUCCESS(Status) || (Transfer->Buffer != NULL && Transfer->Mdl != NULL)) {
        return NT_SUCCESS(Status) ? STATUS_INVALID_PARAMETER : Status;
    }
    if (Transfer->Callback != NULL) {
        return FltpTransferByData(Transfer, &IoStatus);
    }
    Status = Transfer->Mdl != NULL ? FltpTransferByData(Transfer, &IoStatus) : FltpTransferRequest(Transfer, &IoStatus);
    IoStatus.Status = Status;
    FltpTransferPosition(Transfer, Before, &IoStatus);
    if (Transfer->Done != NULL) {
        *Transfer->Done = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    }
    return Status;
}

/* Windows: fltKernel.h, FltReadFileEx.  Differences: none. */
NTSTATUS FLTAPI
FltReadFileEx(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset, ULONG Length, PVOID Buffer,
    FLT_IO_OPERATION_FLAGS Flags, PULONG BytesRead, PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext, PULONG Key, PMDL Mdl)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_TRANSFER Transfer = { .Major = IRP_MJ_READ, .Instance = InitiatingInstance, .FileObject = FileObject, .ByteOffset = ByteOffset,
        .Length = Length, .Buffer = Buffer, .Mdl = Mdl, .Flags = Flags, .Key = Key != NULL ? *Key : 0, .Done = BytesRead,
        .Callback = CallbackRoutine, .Context = CallbackContext };
    return FltpTransferRun(&Transfer);
}

/* Windows: fltKernel.h, FltReadFile.  Differences: none. */
NTSTATUS FLTAPI
FltReadFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset, ULONG Length, PVOID Buffer,
    FLT_IO_OPERATION_FLAGS Flags, PULONG BytesRead, PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    return FltReadFileEx(InitiatingInstance, FileObject, ByteOffset, Length, Buffer, Flags, BytesRead, CallbackRoutine, CallbackContext, NULL,
        NULL);
}

/* Windows: fltKernel.h, FltWriteFileEx.  Differences: none. */
NTSTATUS FLTAPI
FltWriteFileEx(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset, ULONG Length, PVOID Buffer,
    FLT_IO_OPERATION_FLAGS Flags, PULONG BytesWritten, PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext, PULONG Key, PMDL Mdl)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_TRANSFER Transfer = { .Major = IRP_MJ_WRITE, .Instance = InitiatingInstance, .FileObject = FileObject, .ByteOffset = ByteOffset,
        .Length = Length, .Buffer = Buffer, .Mdl = Mdl, .Flags = Flags, .Key = Key != NULL ? *Key : 0, .Done = BytesWritten,
        .Callback = CallbackRoutine, .Context = CallbackContext };
    return FltpTransferRun(&Transfer);
}

/* Windows: fltKernel.h, FltWriteFile.  Differences: none. */
NTSTATUS FLTAPI
FltWriteFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, PLARGE_INTEGER ByteOffset, ULONG Length, PVOID Buffer,
    FLT_IO_OPERATION_FLAGS Flags, PULONG BytesWritten, PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    return FltWriteFileEx(InitiatingInstance, FileObject, ByteOffset, Length, Buffer, Flags, BytesWritten, CallbackRoutine, CallbackContext, NULL,
        NULL);
}

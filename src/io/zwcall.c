/* SPDX-License-Identifier: MIT */
/* Begin and end of a call on a file handle; ZwReadFile, ZwWriteFile, control, lock and flush. */
#include "io/fastio.h"
#include "io/zwp.h"

#include <string.h>

/* ---- the file object's own lock ---- */

static VOID
IopFileLockAcquire(PFILE_OBJECT FileObject)
{
    if (__atomic_exchange_n(&FileObject->Busy, 1, __ATOMIC_ACQUIRE) == 0) {
        return;
    }
    __atomic_fetch_add(&FileObject->Waiters, 1, __ATOMIC_SEQ_CST);
    while (__atomic_exchange_n(&FileObject->Busy, 1, __ATOMIC_SEQ_CST) != 0) {
        KeWaitForSingleObject(&FileObject->Lock, Executive, KernelMode, FALSE, NULL);
    }
    __atomic_fetch_sub(&FileObject->Waiters, 1, __ATOMIC_SEQ_CST);
}

static VOID
IopFileLockRelease(PFILE_OBJECT FileObject)
{
    __atomic_exchange_n(&FileObject->Busy, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&FileObject->Waiters, __ATOMIC_SEQ_CST) != 0) {
        KeSetEvent(&FileObject->Lock, IO_NO_INCREMENT, FALSE);
    }
}

/* ---- begin and end ---- */

static VOID
IopFileCallLock(IOP_HANDLE_CALL *Call)
{
    if ((Call->FileObject->Flags & FO_SYNCHRONOUS_IO) != 0) {
        IopFileLockAcquire(Call->FileObject);
        Call->Locked = TRUE;
    }
}

NTSTATUS
IopHandleCallBegin(
    IOP_HANDLE_CALL *Call,
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    KPROCESSOR_MODE Mode)
{
    OBJECT_HANDLE_INFORMATION Handle;
    PVOID Object;

    memset(Call, 0, sizeof(*Call));
    Call->ApcRoutine = ApcRoutine;
    Call->ApcContext = ApcContext;
    Call->Caller = IoStatusBlock;
    Call->Mode = Mode;
    NTSTATUS Status = ObReferenceObjectByHandle(FileHandle, 0, &IopFileType, Mode, &Object, &Handle);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Call->FileObject = Object;
    Call->Granted = Handle.GrantedAccess;
    if (Event != NULL) {
        Status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ObpEventType, Mode, &Object, NULL);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Call->FileObject);
            return Status;
        }
        Call->Event = Object;
        KeClearEvent(Call->Event);
    }
    IopFileCallLock(Call);
    return STATUS_SUCCESS;
}

/* The same for somebody who has the file object itself and not a handle. */
static VOID
IopFileCallBegin(IOP_HANDLE_CALL *Call, PFILE_OBJECT FileObject, PIO_STATUS_BLOCK IoStatus, KPROCESSOR_MODE Mode)
{
    memset(Call, 0, sizeof(*Call));
    ObReferenceObject(FileObject);
    Call->FileObject = FileObject;
    Call->Granted = IOP_FILE_FROM(FileObject)->GrantedAccess;
    Call->Caller = IoStatus;
    Call->Mode = Mode;
    IopFileCallLock(Call);
}

/* A program's handle must have been opened for what is asked (any of Access); the kernel's own are not looked at. */
static NTSTATUS
IopCallCheckAccess(const IOP_HANDLE_CALL *Call, ACCESS_MASK Access)
{
    return Call->Mode == KernelMode || Access == 0 || (Call->Granted & Access) != 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

static VOID
IopHandleCallApc(IOP_HANDLE_CALL *Call)
{
    KI_DRIVER_CALL DriverCall = {.Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Call->ApcRoutine), .Phase = "APC"};

    if (DriverCall.Owner == NULL) {
        Call->ApcRoutine(Call->ApcContext, Call->Caller, 0);
        return;
    }
    NT_CALL(&DriverCall, Call->ApcRoutine(Call->ApcContext, Call->Caller, 0));
}

NTSTATUS
IopHandleCallEnd(IOP_HANDLE_CALL *Call, NTSTATUS Status)
{
    if (Call->Locked) {
        IopFileLockRelease(Call->FileObject);
    }
    Call->IoStatus.Status = Status;
    *Call->Caller = Call->IoStatus;
    if (!NT_ERROR(Status)) {
        KeSetEvent(Call->Event != NULL ? Call->Event : &Call->FileObject->Event, IO_NO_INCREMENT, FALSE);
        if (Call->ApcRoutine != NULL) {
            IopHandleCallApc(Call);
        }
    }
    if (Call->Event != NULL) {
        ObDereferenceObject(Call->Event);
    }
    ObDereferenceObject(Call->FileObject);
    return Status;
}

/* ---- read and write ---- */

/* Where a transfer starts.  Without an offset, or with "use the file pointer", only synchronous file objects have one. */
static NTSTATUS
IopTransferOffset(PFILE_OBJECT FileObject, UCHAR Major, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Start)
{
    BOOLEAN Pointer = ByteOffset == NULL || (ByteOffset->HighPart == -1 && ByteOffset->LowPart == FILE_USE_FILE_POINTER_POSITION);

    if (Pointer) {
        *Start = FileObject->CurrentByteOffset;
        return (FileObject->Flags & FO_SYNCHRONOUS_IO) != 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    *Start = *ByteOffset;
    if (Start->QuadPart < 0) {
        return Major == IRP_MJ_WRITE && ByteOffset->HighPart == -1 && ByteOffset->LowPart == FILE_WRITE_TO_END_OF_FILE
                   ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* A file that its file system caches is read and written by a call first. */
static BOOLEAN
IopTransferFast(UCHAR Major, IOP_HANDLE_CALL *Call, PVOID Buffer, ULONG Length, PLARGE_INTEGER Start, ULONG Key)
{
    const PFILE_OBJECT FileObject = Call->FileObject;
    const IOP_FAST_IO Fast = {.Kind = Major == IRP_MJ_READ ? IopFastRead : IopFastWrite, .FileObject = FileObject, .Offset = Start,
        .Length = Length, .Wait = TRUE, .Key = Key, .Buffer = Buffer, .IoStatus = &Call->IoStatus};

    return FileObject->PrivateCacheMap != NULL && (FileObject->Flags & (FO_SYNCHRONOUS_IO | FO_NO_INTERMEDIATE_BUFFERING)) == FO_SYNCHRONOUS_IO &&
           IopFastIoFile(Major, &Fast);
}

static NTSTATUS
IopTransfer(UCHAR Major, IOP_HANDLE_CALL *Call, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    PFILE_OBJECT FileObject = Call->FileObject;
    LARGE_INTEGER Start;
    IOP_REQUEST Request = {.FileObject = FileObject, .RequestorMode = Call->Mode};
    NTSTATUS Status = IopCallCheckAccess(Call, Major == IRP_MJ_READ ? FILE_READ_DATA : FILE_WRITE_DATA | FILE_APPEND_DATA);

    if (NT_SUCCESS(Status)) {
        Status = IopTransferOffset(FileObject, Major, ByteOffset, &Start);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Request.Stack.MajorFunction = Major;
    Request.Stack.Parameters.Read.Length = Length;
    Request.Stack.Parameters.Read.ByteOffset = Start;
    Request.Stack.Parameters.Read.Key = Key != NULL ? *Key : 0;
    Request.IrpFlags = (FileObject->Flags & FO_NO_INTERMEDIATE_BUFFERING) != 0 ? IRP_NOCACHE : 0;
    if (Major == IRP_MJ_READ) {
        Request.OutputBuffer = Buffer;
        Request.OutputLength = Length;
    } else {
        Request.InputBuffer = Buffer;
        Request.InputLength = Length;
        Request.Stack.Flags = (FileObject->Flags & FO_WRITE_THROUGH) != 0 ? SL_WRITE_THROUGH : 0;
    }
    Status = IopTransferFast(Major, Call, Buffer, Length, &Start, Request.Stack.Parameters.Read.Key)
                 ? Call->IoStatus.Status : IopRequest(&Request, &Call->IoStatus);
    if (NT_SUCCESS(Status) && (FileObject->Flags & FO_SYNCHRONOUS_IO) != 0 && Start.QuadPart >= 0) {
        FileObject->CurrentByteOffset.QuadPart = Start.QuadPart + (LONGLONG)Call->IoStatus.Information;
    }
    return Status;
}

static NTSTATUS
IopHandleTransfer(
    UCHAR Major,
    KPROCESSOR_MODE Mode,
    HANDLE FileHandle,
    HANDLE Event,
    PIO_APC_ROUTINE ApcRoutine,
    PVOID ApcContext,
    PIO_STATUS_BLOCK IoStatusBlock,
    PVOID Buffer,
    ULONG Length,
    PLARGE_INTEGER ByteOffset,
    PULONG Key)
{
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return IopHandleCallEnd(&Call, IopTransfer(Major, &Call, Buffer, Length, ByteOffset, Key));
}

NTSTATUS
IopFileTransfer(PFILE_OBJECT FileObject, UCHAR Major, KPROCESSOR_MODE Mode, PVOID Buffer, ULONG Length, LONGLONG Offset, PIO_STATUS_BLOCK IoStatus)
{
    LARGE_INTEGER Start = {.QuadPart = Offset};
    IOP_HANDLE_CALL Call;

    IopFileCallBegin(&Call, FileObject, IoStatus, Mode);
    return IopHandleCallEnd(&Call, IopTransfer(Major, &Call, Buffer, Length, &Start, NULL));
}

/* Windows: wdm.h, ZwReadFile.  Differences: never STATUS_PENDING. */
NTSTATUS
ZwReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
           PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    return IopHandleTransfer(
        IRP_MJ_READ, KernelMode, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer, Length, ByteOffset, Key);
}

/* Windows: ntifs.h, NtReadFile.  Differences: as ZwReadFile. */
NTSTATUS
NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
           PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    return IopHandleTransfer(IRP_MJ_READ, ExGetPreviousMode(), FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer,
                             Length, ByteOffset, Key);
}

/* Windows: wdm.h, ZwWriteFile.  Differences: never STATUS_PENDING. */
NTSTATUS
ZwWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
            PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    return IopHandleTransfer(
        IRP_MJ_WRITE, KernelMode, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer, Length, ByteOffset, Key);
}

/* Windows: ntifs.h, NtWriteFile.  Differences: as ZwWriteFile. */
NTSTATUS
NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
            PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    return IopHandleTransfer(IRP_MJ_WRITE, ExGetPreviousMode(), FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer,
                             Length, ByteOffset, Key);
}

/* ---- control ---- */

typedef struct IOP_CONTROL {
    UCHAR Major;
    ULONG Code;
    PVOID Input;
    ULONG InputLength;
    PVOID Output;
    ULONG OutputLength;
} IOP_CONTROL;

/* CTL_CODE's access: each right that the code asks for. */
static NTSTATUS
IopControlCheckAccess(const IOP_HANDLE_CALL *Call, ULONG Code)
{
    NTSTATUS Status = IopCallCheckAccess(Call, ((Code >> 14) & FILE_READ_ACCESS) != 0 ? FILE_READ_DATA : 0);

    return NT_SUCCESS(Status) ? IopCallCheckAccess(Call, ((Code >> 14) & FILE_WRITE_ACCESS) != 0 ? FILE_WRITE_DATA : 0) : Status;
}

static NTSTATUS
IopControl(IOP_HANDLE_CALL *Call, const IOP_CONTROL *Control)
{
    const IOP_FAST_IO Fast = {.Kind = IopFastDeviceControl, .FileObject = Call->FileObject, .Wait = TRUE, .Input = Control->Input,
        .InputLength = Control->InputLength, .Buffer = Control->Output, .Length = Control->OutputLength, .Code = Control->Code,
        .IoStatus = &Call->IoStatus};
    NTSTATUS Status = IopControlCheckAccess(Call, Control->Code);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Control->Major == IRP_MJ_DEVICE_CONTROL && IopFastIoFile(Control->Major, &Fast)) {
        return Call->IoStatus.Status;
    }
    IOP_REQUEST Request = {
        .FileObject = Call->FileObject, .InputBuffer = Control->Input, .InputLength = Control->InputLength,
        .OutputBuffer = Control->Output, .OutputLength = Control->OutputLength, .RequestorMode = Call->Mode};
    Request.Stack.MajorFunction = Control->Major;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = Control->Code;
    return IopRequest(&Request, &Call->IoStatus);
}

static NTSTATUS
IopHandleControl(UCHAR Major, KPROCESSOR_MODE Mode, HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                 PIO_STATUS_BLOCK IoStatusBlock, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    const IOP_CONTROL Control = {Major, Code, Input, InputLength, Output, OutputLength};
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return IopHandleCallEnd(&Call, IopControl(&Call, &Control));
}

NTSTATUS
IopFileControl(PFILE_OBJECT FileObject, UCHAR Major, KPROCESSOR_MODE Mode, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output,
               ULONG OutputLength, PIO_STATUS_BLOCK IoStatus)
{
    const IOP_CONTROL Control = {Major, Code, Input, InputLength, Output, OutputLength};
    IOP_HANDLE_CALL Call;

    IopFileCallBegin(&Call, FileObject, IoStatus, Mode);
    return IopHandleCallEnd(&Call, IopControl(&Call, &Control));
}

/* Windows: ntifs.h, ZwFsControlFile.  Differences: never STATUS_PENDING. */
NTSTATUS
ZwFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopHandleControl(IRP_MJ_FILE_SYSTEM_CONTROL, KernelMode, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock,
                            FsControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength);
}

/* Windows: ntifs.h, NtFsControlFile.  Differences: as ZwFsControlFile. */
NTSTATUS
NtFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopHandleControl(IRP_MJ_FILE_SYSTEM_CONTROL, ExGetPreviousMode(), FileHandle, Event, ApcRoutine, ApcContext,
                            IoStatusBlock, FsControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength);
}

/* Windows: ntifs.h, ZwDeviceIoControlFile.  Differences: never STATUS_PENDING. */
NTSTATUS
ZwDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                      ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopHandleControl(IRP_MJ_DEVICE_CONTROL, KernelMode, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock,
                            IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength);
}

/* Windows: ntifs.h, NtDeviceIoControlFile.  Differences: as ZwDeviceIoControlFile. */
NTSTATUS
NtDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                      ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    return IopHandleControl(IRP_MJ_DEVICE_CONTROL, ExGetPreviousMode(), FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock,
                            IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength);
}

/* ---- locks ---- */

static NTSTATUS
IopHandleLock(UCHAR Minor, UCHAR Flags, KPROCESSOR_MODE Mode, IOP_HANDLE_CALL *Call, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key)
{
    LARGE_INTEGER Bytes = *Length;
    IOP_REQUEST Request = {.FileObject = Call->FileObject, .RequestorMode = Mode};

    const IOP_FAST_IO Fast = {.Kind = Minor == IRP_MN_LOCK ? IopFastLock : IopFastUnlockSingle, .FileObject = Call->FileObject,
        .Offset = ByteOffset, .Bytes = &Bytes, .Process = PsGetCurrentProcess(), .Key = Key, .IoStatus = &Call->IoStatus,
        .FailImmediately = (Flags & SL_FAIL_IMMEDIATELY) != 0, .Exclusive = (Flags & SL_EXCLUSIVE_LOCK) != 0};
    if (IopFastIoFile(IRP_MJ_LOCK_CONTROL, &Fast)) {
        Call->FileObject->LockOperation |= Minor == IRP_MN_LOCK && NT_SUCCESS(Call->IoStatus.Status);
        return Call->IoStatus.Status;
    }
    Request.Stack.MajorFunction = IRP_MJ_LOCK_CONTROL;
    Request.Stack.MinorFunction = Minor;
    Request.Stack.Flags = Flags;
    Request.Stack.Parameters.LockControl.Length = &Bytes;
    Request.Stack.Parameters.LockControl.Key = Key;
    Request.Stack.Parameters.LockControl.ByteOffset = *ByteOffset;
    NTSTATUS Status = IopRequest(&Request, &Call->IoStatus);
    if (NT_SUCCESS(Status) && Minor == IRP_MN_LOCK) {
        Call->FileObject->LockOperation = TRUE;
    }
    return Status;
}

/* Windows: ntifs.h, ZwLockFile.  Differences: waits for the lock unless FailImmediately. */
NTSTATUS
ZwLockFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
           PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock)
{
    UCHAR Flags = (UCHAR)((FailImmediately ? SL_FAIL_IMMEDIATELY : 0) | (ExclusiveLock ? SL_EXCLUSIVE_LOCK : 0));
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, KernelMode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return IopHandleCallEnd(&Call, IopHandleLock(IRP_MN_LOCK, Flags, KernelMode, &Call, ByteOffset, Length, Key));
}

/* Windows: ntifs.h, NtLockFile.  Differences: as ZwLockFile. */
NTSTATUS
NtLockFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
           PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock)
{
    return ZwLockFile(
        FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, ByteOffset, Length, Key, FailImmediately, ExclusiveLock);
}

/* Windows: ntifs.h, ZwUnlockFile.  Differences: none. */
NTSTATUS
ZwUnlockFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key)
{
    IOP_HANDLE_CALL Call;
    NTSTATUS Status = IopHandleCallBegin(&Call, FileHandle, NULL, NULL, NULL, IoStatusBlock, KernelMode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return IopHandleCallEnd(&Call, IopHandleLock(IRP_MN_UNLOCK_SINGLE, 0, KernelMode, &Call, ByteOffset, Length, Key));
}

/* Windows: ntifs.h, NtUnlockFile.  Differences: none. */
NTSTATUS
NtUnlockFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key)
{
    return ZwUnlockFile(FileHandle, IoStatusBlock, ByteOffset, Length, Key);
}

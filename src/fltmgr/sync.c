/* SPDX-License-Identifier: MIT */
/* Push locks, resources and byte-range locks: the executive's and the run-time library's, with normal kernel APCs off while held. */
#include "fltmgr/fltp.h"

/* ---- resources ---- */

/* Windows: fltKernel.h, FltAcquireResourceExclusive.  Differences: none. */
VOID FLTAPI
FltAcquireResourceExclusive(PERESOURCE Resource)
{
    VF_MAX_IRQL(APC_LEVEL);

    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(Resource, TRUE);
}

/* Windows: fltKernel.h, FltAcquireResourceShared.  Differences: none. */
VOID FLTAPI
FltAcquireResourceShared(PERESOURCE Resource)
{
    VF_MAX_IRQL(APC_LEVEL);

    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(Resource, TRUE);
}

/* Windows: fltKernel.h, FltReleaseResource.  Differences: none. */
VOID FLTAPI
FltReleaseResource(PERESOURCE Resource)
{
    VF_MAX_IRQL(DISPATCH_LEVEL);

    ExReleaseResourceLite(Resource);
    KeLeaveCriticalRegion();
}

/* ---- push locks ---- */

/* Windows: fltKernel.h, FltInitializePushLock.  Differences: none. */
VOID FLTAPI
FltInitializePushLock(PEX_PUSH_LOCK PushLock)
{
    ExInitializePushLock(PushLock);
}

/* Windows: fltKernel.h, FltDeletePushLock.  Differences: none (a push lock owns nothing). */
VOID FLTAPI
FltDeletePushLock(PEX_PUSH_LOCK PushLock)
{
    UNREFERENCED_PARAMETER(PushLock);
}

/* Windows: fltKernel.h, FltAcquirePushLockExclusiveEx.  Differences: the flags are not used. */
VOID FLTAPI
FltAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    VF_MAX_IRQL(APC_LEVEL);

    KeEnterCriticalRegion();
    ExAcquirePushLockExclusiveEx(PushLock, Flags);
}

/* Windows: fltKernel.h, FltAcquirePushLockExclusive.  Differences: none. */
VOID FLTAPI
FltAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
    FltAcquirePushLockExclusiveEx(PushLock, FLT_PUSH_LOCK_DEFAULT);
}

/* Windows: fltKernel.h, FltAcquirePushLockSharedEx.  Differences: the flags are not used. */
VOID FLTAPI
FltAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    VF_MAX_IRQL(APC_LEVEL);

    KeEnterCriticalRegion();
    ExAcquirePushLockSharedEx(PushLock, Flags);
}

/* Windows: fltKernel.h, FltAcquirePushLockShared.  Differences: none. */
VOID FLTAPI
FltAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
    FltAcquirePushLockSharedEx(PushLock, FLT_PUSH_LOCK_DEFAULT);
}

/* Windows: fltKernel.h, FltReleasePushLockEx.  Differences: the flags are not used. */
VOID FLTAPI
FltReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    VF_MAX_IRQL(APC_LEVEL);

    ExReleasePushLockEx(PushLock, Flags);
    KeLeaveCriticalRegion();
}

/* Windows: fltKernel.h, FltReleasePushLock.  Differences: none. */
VOID FLTAPI
FltReleasePushLock(PEX_PUSH_LOCK PushLock)
{
    FltReleasePushLockEx(PushLock, FLT_PUSH_LOCK_DEFAULT);
}

/* ---- byte-range locks ---- */

/* Windows: fltKernel.h, FltInitializeFileLock.  Differences: none. */
VOID FLTAPI
FltInitializeFileLock(PFILE_LOCK FileLock)
{
    FsRtlInitializeFileLock(FileLock, NULL, NULL);
}

/* Windows: fltKernel.h, FltUninitializeFileLock.  Differences: none. */
VOID FLTAPI
FltUninitializeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
}

/* Windows: fltKernel.h, FltAllocateFileLock.  Differences: none.  The run-time library never calls the completion routine: it is given no IRP. */
PFILE_LOCK FLTAPI
FltAllocateFileLock(PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE CompleteLockCallbackDataRoutine, PUNLOCK_ROUTINE UnlockRoutine)
{
    VF_MAX_IRQL(APC_LEVEL);

    return FsRtlAllocateFileLock((PCOMPLETE_LOCK_IRP_ROUTINE)(ULONG_PTR)CompleteLockCallbackDataRoutine, UnlockRoutine);
}

/* Windows: fltKernel.h, FltFreeFileLock.  Differences: none. */
VOID FLTAPI
FltFreeFileLock(PFILE_LOCK FileLock)
{
    FsRtlFreeFileLock(FileLock);
}

/* Windows: fltKernel.h, FltCheckLockForReadAccess.  Differences: none. */
BOOLEAN FLTAPI
FltCheckLockForReadAccess(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = CallbackData->Iopb;
    LARGE_INTEGER Length = { .QuadPart = Iopb->Parameters.Read.Length };

    return FsRtlFastCheckLockForRead(FileLock, &Iopb->Parameters.Read.ByteOffset, &Length, Iopb->Parameters.Read.Key, Iopb->TargetFileObject,
        FltGetRequestorProcess(CallbackData));
}

/* Windows: fltKernel.h, FltCheckLockForWriteAccess.  Differences: none. */
BOOLEAN FLTAPI
FltCheckLockForWriteAccess(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = CallbackData->Iopb;
    LARGE_INTEGER Length = { .QuadPart = Iopb->Parameters.Write.Length };

    return FsRtlFastCheckLockForWrite(FileLock, &Iopb->Parameters.Write.ByteOffset, &Length, Iopb->Parameters.Write.Key, Iopb->TargetFileObject,
        FltGetRequestorProcess(CallbackData));
}

/* STATUS_PENDING: it is not free. */
static NTSTATUS
FltpFileLockTake(PFILE_LOCK FileLock, PFLT_IO_PARAMETER_BLOCK Iopb, PVOID Context)
{
    IO_STATUS_BLOCK IoStatus;

    return FsRtlPrivateLock(FileLock, Iopb->TargetFileObject, &Iopb->Parameters.LockControl.ByteOffset, Iopb->Parameters.LockControl.Length,
               Iopb->Parameters.LockControl.ProcessId, Iopb->Parameters.LockControl.Key, Iopb->Parameters.LockControl.FailImmediately,
               Iopb->Parameters.LockControl.ExclusiveLock, &IoStatus, NULL, Context, TRUE)
        ? IoStatus.Status : STATUS_PENDING;
}

/* Windows: fltKernel.h, FltProcessFileLock.  Differences: a lock that would have to be waited for fails with STATUS_NOT_IMPLEMENTED. */
FLT_PREOP_CALLBACK_STATUS FLTAPI
FltProcessFileLock(PFILE_LOCK FileLock, PFLT_CALLBACK_DATA CallbackData, PVOID Context)
{
    VF_MAX_IRQL(APC_LEVEL);

    PFLT_IO_PARAMETER_BLOCK Iopb = CallbackData->Iopb;
    const PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE Complete =
        (PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE)(ULONG_PTR)FileLock->CompleteLockIrpRoutine;
    PEPROCESS Process = Iopb->Parameters.LockControl.ProcessId;
    NTSTATUS Status;
    switch (Iopb->MinorFunction) {
    case IRP_MN_LOCK:
        Status = FltpFileLockTake(FileLock, Iopb, Context);
        if (Status == STATUS_PENDING) {
            VF_UNIMPLEMENTED();
            Status = STATUS_NOT_IMPLEMENTED;
        }
        break;
    case IRP_MN_UNLOCK_SINGLE:
        Status = FsRtlFastUnlockSingle(FileLock, Iopb->TargetFileObject, &Iopb->Parameters.LockControl.ByteOffset,
            Iopb->Parameters.LockControl.Length, Process, Iopb->Parameters.LockControl.Key, Context, TRUE);
        break;
    case IRP_MN_UNLOCK_ALL:
        Status = FsRtlFastUnlockAll(FileLock, Iopb->TargetFileObject, Process, Context);
        break;
    case IRP_MN_UNLOCK_ALL_BY_KEY:
        Status = FsRtlFastUnlockAllByKey(FileLock, Iopb->TargetFileObject, Process, Iopb->Parameters.LockControl.Key, Context);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    CallbackData->IoStatus.Status = Status;
    CallbackData->IoStatus.Information = 0;
    if (Complete != NULL && FLT_IS_IRP_OPERATION(CallbackData)) {
        CallbackData->IoStatus.Status = Complete(Context, CallbackData);
    }
    return FLT_PREOP_COMPLETE;
}

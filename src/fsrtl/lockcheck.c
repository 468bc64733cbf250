/* SPDX-License-Identifier: MIT */
/* Byte-range locks: who may read and write, enumeration, the FILE_LOCK structure itself. */
#include <string.h>

#include "fsrtl/filelockp.h"
#include "io/iop.h"

/* ---- access ---- */

static BOOLEAN
FsRtlpAccess(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Access, BOOLEAN Write)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);
    BOOLEAN Allowed = TRUE;

    if (Locks == NULL || !__atomic_load_n(&FileLock->FastIoIsQuestionable, __ATOMIC_ACQUIRE) || Access->Length.QuadPart == 0) {
        return TRUE;
    }
    port_lock_acquire(&Locks->Guard);
    for (PLIST_ENTRY Links = Locks->Granted.Flink; Links != &Locks->Granted && Allowed; Links = Links->Flink) {
        const FILE_LOCK_INFO *Held = &CONTAINING_RECORD(Links, FSRTLP_LOCK, Links)->Info;
        if (FsRtlpOverlap(Held, Access)) {
            /* A shared lock denies writing to everybody, its owner included. */
            Allowed = Held->ExclusiveLock ? FsRtlpSameOwner(Held, Access) : !Write;
        }
    }
    port_lock_release(&Locks->Guard);
    return Allowed;
}

/* Windows: ntifs.h, FsRtlFastCheckLockForRead.  Differences: none. */
BOOLEAN
FsRtlFastCheckLockForRead(
    PFILE_LOCK FileLock, PLARGE_INTEGER StartingByte, PLARGE_INTEGER Length, ULONG Key, PFILE_OBJECT FileObject, PVOID ProcessId)
{
    FILE_LOCK_INFO Access = {.FileObject = FileObject, .ProcessId = ProcessId, .Key = Key};

    FsRtlpRange(&Access, StartingByte->QuadPart, Length->QuadPart);
    return FsRtlpAccess(FileLock, &Access, FALSE);
}

/* Windows: ntifs.h, FsRtlFastCheckLockForWrite.  Differences: none. */
BOOLEAN
FsRtlFastCheckLockForWrite(
    PFILE_LOCK FileLock, PLARGE_INTEGER StartingByte, PLARGE_INTEGER Length, ULONG Key, PVOID FileObject, PVOID ProcessId)
{
    FILE_LOCK_INFO Access = {.FileObject = FileObject, .ProcessId = ProcessId, .Key = Key};

    FsRtlpRange(&Access, StartingByte->QuadPart, Length->QuadPart);
    return FsRtlpAccess(FileLock, &Access, TRUE);
}

static BOOLEAN
FsRtlpAccessByIrp(PFILE_LOCK FileLock, PIRP Irp, BOOLEAN Write)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FILE_LOCK_INFO Access = {
        .FileObject = Stack->FileObject, .ProcessId = IoGetRequestorProcess(Irp), .Key = Stack->Parameters.Read.Key};

    FsRtlpRange(&Access, Stack->Parameters.Read.ByteOffset.QuadPart, Stack->Parameters.Read.Length);
    return FsRtlpAccess(FileLock, &Access, Write);
}

/* Windows: ntifs.h, FsRtlCheckLockForReadAccess.  Differences: none. */
BOOLEAN
FsRtlCheckLockForReadAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    return FsRtlpAccessByIrp(FileLock, Irp, FALSE);
}

/* Windows: ntifs.h, FsRtlCheckLockForWriteAccess.  Differences: none. */
BOOLEAN
FsRtlCheckLockForWriteAccess(PFILE_LOCK FileLock, PIRP Irp)
{
    return FsRtlpAccessByIrp(FileLock, Irp, TRUE);
}

/* ---- the structure ---- */

/* Windows: ntifs.h, FsRtlInitializeFileLock.  Differences: none. */
VOID
FsRtlInitializeFileLock(PFILE_LOCK FileLock, PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine, PUNLOCK_ROUTINE UnlockRoutine)
{
    memset(FileLock, 0, sizeof(*FileLock));
    FileLock->CompleteLockIrpRoutine = CompleteLockIrpRoutine;
    FileLock->UnlockRoutine = UnlockRoutine;
}

/* Windows: ntifs.h, FsRtlUninitializeFileLock.  Differences: none. */
VOID
FsRtlUninitializeFileLock(PFILE_LOCK FileLock)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);

    if (Locks == NULL) {
        return;
    }
    FsRtlpAbandonWaiting(FileLock, NULL, NULL);
    for (BOOLEAN Empty = FALSE; !Empty;) {     /* requests that are just being cancelled take themselves out */
        port_lock_acquire(&Locks->Guard);
        Empty = IsListEmpty(&Locks->Waiting);
        port_lock_release(&Locks->Guard);
        if (!Empty) {
            port_yield();
        }
    }
    while (!IsListEmpty(&Locks->Granted)) {
        port_free(CONTAINING_RECORD(RemoveHeadList(&Locks->Granted), FSRTLP_LOCK, Links));
    }
    FileLock->LockInformation = NULL;
    FileLock->FastIoIsQuestionable = FALSE;
    port_free(Locks);
}

/* Windows: ntifs.h, FsRtlAllocateFileLock.  Differences: none. */
PFILE_LOCK
FsRtlAllocateFileLock(PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine, PUNLOCK_ROUTINE UnlockRoutine)
{
    PFILE_LOCK FileLock = ExAllocatePoolWithTag(NonPagedPool, sizeof(*FileLock), FSRTLP_TAG);

    if (FileLock != NULL) {
        FsRtlInitializeFileLock(FileLock, CompleteLockIrpRoutine, UnlockRoutine);
    }
    return FileLock;
}

/* Windows: ntifs.h, FsRtlFreeFileLock.  Differences: none. */
VOID
FsRtlFreeFileLock(PFILE_LOCK FileLock)
{
    FsRtlUninitializeFileLock(FileLock);
    ExFreePool(FileLock);
}

/* Windows: ntifs.h, FsRtlGetNextFileLock.  Differences: none. */
PFILE_LOCK_INFO
FsRtlGetNextFileLock(PFILE_LOCK FileLock, BOOLEAN Restart)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);
    PFILE_LOCK_INFO Result = NULL;

    if (Locks == NULL) {
        return NULL;
    }
    port_lock_acquire(&Locks->Guard);
    BOOLEAN Found = Restart || FileLock->LastReturnedLock == NULL;
    for (PLIST_ENTRY Links = Locks->Granted.Flink; Links != &Locks->Granted; Links = Links->Flink) {
        if (Found) {
            FileLock->LastReturnedLock = Links;
            FileLock->LastReturnedLockInfo = CONTAINING_RECORD(Links, FSRTLP_LOCK, Links)->Info;
            Result = &FileLock->LastReturnedLockInfo;
            break;
        }
        Found = FileLock->LastReturnedLock == Links;
    }
    port_lock_release(&Locks->Guard);
    if (Result == NULL) {
        FileLock->LastReturnedLock = NULL;
    }
    return Result;
}

/* Windows: ntifs.h, FsRtlAreThereCurrentOrInProgressFileLocks.  Differences: none. */
BOOLEAN
FsRtlAreThereCurrentOrInProgressFileLocks(PFILE_LOCK FileLock)
{
    return __atomic_load_n(&FileLock->FastIoIsQuestionable, __ATOMIC_ACQUIRE) || FileLock->LockRequestsInProgress != 0;
}

/* Windows: ntifs.h, FsRtlAreThereWaitingFileLocks.  Differences: none. */
BOOLEAN
FsRtlAreThereWaitingFileLocks(PFILE_LOCK FileLock)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);
    BOOLEAN Waiting = FALSE;

    if (Locks != NULL) {
        port_lock_acquire(&Locks->Guard);
        Waiting = !IsListEmpty(&Locks->Waiting);
        port_lock_release(&Locks->Guard);
    }
    return Waiting;
}

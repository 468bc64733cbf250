/* SPDX-License-Identifier: MIT */
/*
 * Byte-range locks.
 *
 * A FILE_LOCK's LockInformation points to an FSRTLP_LOCKS, made with the first lock.  Granted locks and waiting IRPs stand in lists in the
 * order they came; after every unlock the waiting ones are tried in that order.  No lock of ours is held while an IRP is completed
 * or a routine of the file system is called.
 *
 * A waiting IRP is in the Waiting list by Tail.Overlay.ListEntry; DriverContext[0] is the FSRTLP_LOCKS, [1] the caller's context.
 */
#include <string.h>

#include "fsrtl/filelockp.h"
#include "io/iop.h"

static FSRTLP_LOCKS *
FsRtlpLocksMake(PFILE_LOCK FileLock)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock), *Expected = NULL;

    if (Locks != NULL) {
        return Locks;
    }
    Locks = port_alloc_zeroed(sizeof(*Locks));
    if (Locks == NULL) {
        return NULL;
    }
    InitializeListHead(&Locks->Granted);
    InitializeListHead(&Locks->Waiting);
    Locks->FileLock = FileLock;
    if (!__atomic_compare_exchange_n(
            (FSRTLP_LOCKS **)&FileLock->LockInformation, &Expected, Locks, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        port_free(Locks);
        return Expected;
    }
    return Locks;
}

/* ---- granting ---- */

/* A shared lock may stand over an exclusive one of the same owner; nothing may stand under a new exclusive one. */
static BOOLEAN
FsRtlpMayGrantLocked(const FSRTLP_LOCKS *Locks, const FILE_LOCK_INFO *Wanted)
{
    for (PLIST_ENTRY Links = Locks->Granted.Flink; Links != &Locks->Granted; Links = Links->Flink) {
        const FILE_LOCK_INFO *Held = &CONTAINING_RECORD(Links, FSRTLP_LOCK, Links)->Info;
        if (!FsRtlpOverlap(Held, Wanted)) {
            continue;
        }
        if (Wanted->ExclusiveLock || (Held->ExclusiveLock && !FsRtlpSameOwner(Held, Wanted))) {
            return FALSE;
        }
    }
    return TRUE;
}

static BOOLEAN
FsRtlpGrantLocked(FSRTLP_LOCKS *Locks, const FILE_LOCK_INFO *Wanted, FSRTLP_LOCK *Lock)
{
    if (!FsRtlpMayGrantLocked(Locks, Wanted)) {
        return FALSE;
    }
    Lock->Info = *Wanted;
    InsertTailList(&Locks->Granted, &Lock->Links);
    __atomic_store_n(&Locks->FileLock->FastIoIsQuestionable, TRUE, __ATOMIC_RELEASE);
    return TRUE;
}

/* ---- completing ---- */

static VOID
FsRtlpCompleteBy(PCOMPLETE_LOCK_IRP_ROUTINE Routine, PIRP Irp, PVOID Context, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    if (Routine != NULL) {
        Routine(Context, Irp);
    } else {
        IofCompleteRequest(Irp, IO_DISK_INCREMENT);
    }
}

static VOID
FsRtlpLockComplete(PFILE_LOCK FileLock, PIRP Irp, PVOID Context, NTSTATUS Status)
{
    FsRtlpCompleteBy(FileLock->CompleteLockIrpRoutine, Irp, Context, Status);
}

static VOID
FsRtlpLockCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    FSRTLP_LOCKS *Locks = Irp->Tail.Overlay.DriverContext[0];
    PVOID Context = Irp->Tail.Overlay.DriverContext[1];
    /* Once the IRP is out of the list the FILE_LOCK may be uninitialised. */
    PCOMPLETE_LOCK_IRP_ROUTINE Routine = Locks->FileLock->CompleteLockIrpRoutine;

    UNREFERENCED_PARAMETER(DeviceObject);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    port_lock_acquire(&Locks->Guard);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    port_lock_release(&Locks->Guard);
    FsRtlpCompleteBy(Routine, Irp, Context, STATUS_CANCELLED);
}

static VOID
FsRtlpInfoFromIrp(PIRP Irp, FILE_LOCK_INFO *Info)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    memset(Info, 0, sizeof(*Info));
    Info->FileObject = Stack->FileObject;
    Info->ProcessId = IoGetRequestorProcess(Irp);
    Info->Key = Stack->Parameters.LockControl.Key;
    Info->ExclusiveLock = (BOOLEAN)((Stack->Flags & SL_EXCLUSIVE_LOCK) != 0);
    if (Stack->MinorFunction == IRP_MN_LOCK || Stack->MinorFunction == IRP_MN_UNLOCK_SINGLE) {
        FsRtlpRange(Info, Stack->Parameters.LockControl.ByteOffset.QuadPart, Stack->Parameters.LockControl.Length->QuadPart);
    }
}

/* The first waiting IRP that can have its lock now, with the lock granted; NULL: none. */
static PIRP
FsRtlpNextGrantable(FSRTLP_LOCKS *Locks, FSRTLP_LOCK *Lock)
{
    PIRP Result = NULL;

    port_lock_acquire(&Locks->Guard);
    for (PLIST_ENTRY Links = Locks->Waiting.Flink; Links != &Locks->Waiting && Result == NULL; Links = Links->Flink) {
        PIRP Irp = CONTAINING_RECORD(Links, IRP, Tail.Overlay.ListEntry);
        FILE_LOCK_INFO Wanted;
        FsRtlpInfoFromIrp(Irp, &Wanted);
        if (!FsRtlpMayGrantLocked(Locks, &Wanted) || IoSetCancelRoutine(Irp, NULL) == NULL) {
            continue;                          /* not yet, or being cancelled */
        }
        FsRtlpGrantLocked(Locks, &Wanted, Lock);
        RemoveEntryList(Links);
        Result = Irp;
    }
    port_lock_release(&Locks->Guard);
    return Result;
}

static VOID
FsRtlpGrantWaiting(PFILE_LOCK FileLock, FSRTLP_LOCKS *Locks)
{
    for (;;) {
        FSRTLP_LOCK *Lock = port_alloc(sizeof(*Lock));
        PIRP Irp = Lock != NULL ? FsRtlpNextGrantable(Locks, Lock) : NULL;
        if (Irp == NULL) {
            port_free(Lock);
            return;
        }
        FsRtlpLockComplete(FileLock, Irp, Irp->Tail.Overlay.DriverContext[1], STATUS_SUCCESS);
    }
}

/* ---- unlocking ---- */

static BOOLEAN
FsRtlpTestSingle(const FILE_LOCK_INFO *Held, const FILE_LOCK_INFO *Wanted)
{
    return FsRtlpSameOwner(Held, Wanted) && Held->StartingByte.QuadPart == Wanted->StartingByte.QuadPart &&
           Held->Length.QuadPart == Wanted->Length.QuadPart;
}

static BOOLEAN
FsRtlpTestAll(const FILE_LOCK_INFO *Held, const FILE_LOCK_INFO *Wanted)
{
    return Held->FileObject == Wanted->FileObject && Held->ProcessId == Wanted->ProcessId;
}

static FSRTLP_LOCK *
FsRtlpTakeGranted(PFILE_LOCK FileLock, FSRTLP_LOCKS *Locks, const FILE_LOCK_INFO *Wanted, FSRTLP_LOCK_TEST Test)
{
    FSRTLP_LOCK *Found = NULL;

    port_lock_acquire(&Locks->Guard);
    for (PLIST_ENTRY Links = Locks->Granted.Flink; Links != &Locks->Granted; Links = Links->Flink) {
        FSRTLP_LOCK *Lock = CONTAINING_RECORD(Links, FSRTLP_LOCK, Links);
        if (Test(&Lock->Info, Wanted) && (Found == NULL || (Lock->Info.ExclusiveLock && !Found->Info.ExclusiveLock))) {
            Found = Lock;                      /* of two on one range the exclusive one goes first */
        }
    }
    if (Found != NULL) {
        RemoveEntryList(&Found->Links);
    }
    if (IsListEmpty(&Locks->Granted)) {
        __atomic_store_n(&FileLock->FastIoIsQuestionable, FALSE, __ATOMIC_RELEASE);
    }
    port_lock_release(&Locks->Guard);
    return Found;
}

static NTSTATUS
FsRtlpUnlock(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Wanted, FSRTLP_LOCK_TEST Test, BOOLEAN One, PVOID Context)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);
    NTSTATUS Status = STATUS_RANGE_NOT_LOCKED;
    FSRTLP_LOCK *Lock;

    while (Locks != NULL && (Lock = FsRtlpTakeGranted(FileLock, Locks, Wanted, Test)) != NULL) {
        Status = STATUS_SUCCESS;
        if (FileLock->UnlockRoutine != NULL) {
            FileLock->UnlockRoutine(Context, &Lock->Info);
        }
        port_free(Lock);
        if (One) {
            break;
        }
    }
    if (NT_SUCCESS(Status)) {
        FsRtlpGrantWaiting(FileLock, Locks);
    }
    return Status;
}

/* Windows: ntifs.h, FsRtlFastUnlockSingle.  Differences: none. */
NTSTATUS
FsRtlFastUnlockSingle(
    PFILE_LOCK FileLock,
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    PLARGE_INTEGER Length,
    PEPROCESS ProcessId,
    ULONG Key,
    PVOID Context,
    BOOLEAN AlreadySynchronized)
{
    FILE_LOCK_INFO Wanted = {.FileObject = FileObject, .ProcessId = ProcessId, .Key = Key};

    UNREFERENCED_PARAMETER(AlreadySynchronized);
    FsRtlpRange(&Wanted, FileOffset->QuadPart, Length->QuadPart);
    return FsRtlpUnlock(FileLock, &Wanted, FsRtlpTestSingle, TRUE, Context);
}

static BOOLEAN
FsRtlpTestAllByKey(const FILE_LOCK_INFO *Held, const FILE_LOCK_INFO *Wanted)
{
    return FsRtlpSameOwner(Held, Wanted);
}

/* Waiting requests of the owner end too: nobody is there to have the lock. */
VOID
FsRtlpAbandonWaiting(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Wanted, FSRTLP_LOCK_TEST Test)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocks(FileLock);
    PIRP Irp;

    do {
        Irp = NULL;
        if (Locks == NULL) {
            return;
        }
        port_lock_acquire(&Locks->Guard);
        for (PLIST_ENTRY Links = Locks->Waiting.Flink; Links != &Locks->Waiting && Irp == NULL; Links = Links->Flink) {
            PIRP Candidate = CONTAINING_RECORD(Links, IRP, Tail.Overlay.ListEntry);
            FILE_LOCK_INFO Info;
            FsRtlpInfoFromIrp(Candidate, &Info);
            if ((Test == NULL || Test(&Info, Wanted)) && IoSetCancelRoutine(Candidate, NULL) != NULL) {
                RemoveEntryList(Links);
                Irp = Candidate;
            }
        }
        port_lock_release(&Locks->Guard);
        if (Irp != NULL) {
            FsRtlpLockComplete(FileLock, Irp, Irp->Tail.Overlay.DriverContext[1], STATUS_RANGE_NOT_LOCKED);
        }
    } while (Irp != NULL);
}

/* Windows: ntifs.h, FsRtlFastUnlockAll.  Differences: none. */
NTSTATUS
FsRtlFastUnlockAll(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS ProcessId, PVOID Context)
{
    FILE_LOCK_INFO Wanted = {.FileObject = FileObject, .ProcessId = ProcessId};

    FsRtlpAbandonWaiting(FileLock, &Wanted, FsRtlpTestAll);
    return FsRtlpUnlock(FileLock, &Wanted, FsRtlpTestAll, FALSE, Context);
}

/* Windows: ntifs.h, FsRtlFastUnlockAllByKey.  Differences: none. */
NTSTATUS
FsRtlFastUnlockAllByKey(PFILE_LOCK FileLock, PFILE_OBJECT FileObject, PEPROCESS ProcessId, ULONG Key, PVOID Context)
{
    FILE_LOCK_INFO Wanted = {.FileObject = FileObject, .ProcessId = ProcessId, .Key = Key};

    FsRtlpAbandonWaiting(FileLock, &Wanted, FsRtlpTestAllByKey);
    return FsRtlpUnlock(FileLock, &Wanted, FsRtlpTestAllByKey, FALSE, Context);
}

/* ---- locking ---- */

/* Queues the IRP; FALSE: it was cancelled before and is the caller's to complete.  Returns with Guard dropped. */
static BOOLEAN
FsRtlpQueueAndUnlock(FSRTLP_LOCKS *Locks, PIRP Irp, PVOID Context)
{
    BOOLEAN Queued = TRUE;

    IoMarkIrpPending(Irp);
    Irp->Tail.Overlay.DriverContext[0] = Locks;
    Irp->Tail.Overlay.DriverContext[1] = Context;
    InsertTailList(&Locks->Waiting, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, FsRtlpLockCancel);
    if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
        Queued = FALSE;
    }
    port_lock_release(&Locks->Guard);
    return Queued;
}

/* Irp NULL: STATUS_PENDING means "not now". */
static NTSTATUS
FsRtlpLock(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Wanted, BOOLEAN FailImmediately, PIRP Irp, PVOID Context)
{
    FSRTLP_LOCKS *Locks = FsRtlpLocksMake(FileLock);
    FSRTLP_LOCK *Lock = Locks != NULL ? port_alloc(sizeof(*Lock)) : NULL;

    if (Lock == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    port_lock_acquire(&Locks->Guard);
    if (FsRtlpGrantLocked(Locks, Wanted, Lock)) {
        port_lock_release(&Locks->Guard);
        return STATUS_SUCCESS;
    }
    port_free(Lock);
    if (FailImmediately || Irp == NULL) {
        port_lock_release(&Locks->Guard);
        return FailImmediately ? STATUS_LOCK_NOT_GRANTED : STATUS_PENDING;
    }
    return FsRtlpQueueAndUnlock(Locks, Irp, Context) ? STATUS_PENDING : STATUS_CANCELLED;
}

/* Windows: ntifs.h, FsRtlPrivateLock (FsRtlFastLock).  Differences: none. */
BOOLEAN
FsRtlPrivateLock(
    PFILE_LOCK FileLock,
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    PLARGE_INTEGER Length,
    PEPROCESS ProcessId,
    ULONG Key,
    BOOLEAN FailImmediately,
    BOOLEAN ExclusiveLock,
    PIO_STATUS_BLOCK Iosb,
    PIRP Irp,
    PVOID Context,
    BOOLEAN AlreadySynchronized)
{
    FILE_LOCK_INFO Wanted = {.FileObject = FileObject, .ProcessId = ProcessId, .Key = Key, .ExclusiveLock = ExclusiveLock};

    UNREFERENCED_PARAMETER(AlreadySynchronized);
    Iosb->Information = 0;
    Iosb->Status = FsRtlpRange(&Wanted, FileOffset->QuadPart, Length->QuadPart)
                       ? FsRtlpLock(FileLock, &Wanted, FailImmediately, Irp, Context)
                       : STATUS_INVALID_LOCK_RANGE;
    if (Irp == NULL) {
        return (BOOLEAN)(Iosb->Status != STATUS_PENDING);
    }
    if (Iosb->Status != STATUS_PENDING) {
        NTSTATUS Status = Iosb->Status;
        FsRtlpLockComplete(FileLock, Irp, Context, Status);
    }
    return TRUE;
}

/* Windows: ntifs.h, FsRtlProcessFileLock.  Differences: none. */
NTSTATUS
FsRtlProcessFileLock(PFILE_LOCK FileLock, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FILE_LOCK_INFO Wanted;
    NTSTATUS Status;

    FsRtlpInfoFromIrp(Irp, &Wanted);
    switch (Stack->MinorFunction) {
    case IRP_MN_LOCK:
        Status = FsRtlpRange(&Wanted, Wanted.StartingByte.QuadPart, Wanted.Length.QuadPart)
                     ? FsRtlpLock(FileLock, &Wanted, (BOOLEAN)((Stack->Flags & SL_FAIL_IMMEDIATELY) != 0), Irp, Context)
                     : STATUS_INVALID_LOCK_RANGE;
        if (Status == STATUS_PENDING) {
            return Status;
        }
        break;
    case IRP_MN_UNLOCK_SINGLE:
        Status = FsRtlpUnlock(FileLock, &Wanted, FsRtlpTestSingle, TRUE, Context);
        break;
    case IRP_MN_UNLOCK_ALL:
        Status = FsRtlFastUnlockAll(FileLock, Wanted.FileObject, Wanted.ProcessId, Context);
        break;
    case IRP_MN_UNLOCK_ALL_BY_KEY:
        Status = FsRtlFastUnlockAllByKey(FileLock, Wanted.FileObject, Wanted.ProcessId, Wanted.Key, Context);
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    FsRtlpLockComplete(FileLock, Irp, Context, Status);
    return Status;
}

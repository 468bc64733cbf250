/* SPDX-License-Identifier: MIT */
/* Fast I/O of the two file systems: what their IRPs answer, for queries and locks.  Data always goes through requests: nothing is cached. */
#include "fs/base/fsb.h"

/* NULL: not a file of a volume that is there. */
static FSB_SCB *
FsbFastScb(PFILE_OBJECT FileObject, PDEVICE_OBJECT Device)
{
    FSB_VOLUME *Volume = FsbVolumeOf(Device);
    return Volume != NULL && Device == Volume->VolumeDevice && atomic_load(&Volume->Forced) == 0 ? FsbScbOf(FileObject) : NULL;
}

/* FALSE: not a file of a volume, or the query fails: the request says how. */
static BOOLEAN
FsbFastStat(PFILE_OBJECT FileObject, PDEVICE_OBJECT Device, FSB_STAT *Stat)
{
    FSB_SCB *Scb = FsbFastScb(FileObject, Device);
    return Scb != NULL && Scb->Fcb != NULL && !FsbIsGone(FileObject, Scb) && NT_SUCCESS(FsbQueryStat(Scb, Stat, NULL));
}

static BOOLEAN
FsbFastFill(PFILE_OBJECT FileObject, PDEVICE_OBJECT Device, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PIO_STATUS_BLOCK IoStatus)
{
    FSB_STAT Stat;
    ULONG Returned = 0;
    if (!FsbFastStat(FileObject, Device, &Stat)) {
        return FALSE;
    }
    IoStatus->Status = FsbFillStatClass(FsbVolumeOf(Device), Class, &Stat, Buffer, Length, &Returned);
    IoStatus->Information = Returned;
    return NT_SUCCESS(IoStatus->Status);
}

static BOOLEAN
FsbFastBasic(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    UNREFERENCED_PARAMETER(Wait);
    return FsbFastFill(FileObject, Device, FileBasicInformation, Buffer, sizeof(*Buffer), IoStatus);
}

static BOOLEAN
FsbFastStandard(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    UNREFERENCED_PARAMETER(Wait);
    if (!FsbFastFill(FileObject, Device, FileStandardInformation, Buffer, sizeof(*Buffer), IoStatus)) {
        return FALSE;
    }
    Buffer->DeletePending = FsbIsPending(FileObject);
    return TRUE;
}

static BOOLEAN
FsbFastNetworkOpen(PFILE_OBJECT FileObject, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    UNREFERENCED_PARAMETER(Wait);
    return FsbFastFill(FileObject, Device, FileNetworkOpenInformation, Buffer, sizeof(*Buffer), IoStatus);
}

/* ---- locks ---- */

static FILE_LOCK *
FsbFastLockOf(PFILE_OBJECT FileObject, PDEVICE_OBJECT Device)
{
    FSB_SCB *Scb = FsbFastScb(FileObject, Device);
    if (Scb == NULL || Scb->Fcb == NULL || (Scb->Name.Length == 0 && Scb->Fcb->Mode != FSB_S_IFREG)) {
        return NULL;
    }
    return &Scb->FileLock;
}

static BOOLEAN
FsbFastLock(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, BOOLEAN FailImmediately,
            BOOLEAN Exclusive, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    FILE_LOCK *Lock = FsbFastLockOf(FileObject, Device);
    return Lock != NULL &&
           FsRtlFastLock(Lock, FileObject, FileOffset, Length, Process, Key, FailImmediately, Exclusive, IoStatus, NULL, FALSE);
}

static BOOLEAN
FsbFastUnlockSingle(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key,
                    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    FILE_LOCK *Lock = FsbFastLockOf(FileObject, Device);
    if (Lock == NULL) {
        return FALSE;
    }
    IoStatus->Information = 0;
    IoStatus->Status = FsRtlFastUnlockSingle(Lock, FileObject, FileOffset, Length, Process, Key, NULL, FALSE);
    return TRUE;
}

static BOOLEAN
FsbFastUnlockAll(PFILE_OBJECT FileObject, PEPROCESS Process, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    FILE_LOCK *Lock = FsbFastLockOf(FileObject, Device);
    if (Lock == NULL) {
        return FALSE;
    }
    IoStatus->Information = 0;
    IoStatus->Status = FsRtlFastUnlockAll(Lock, FileObject, Process, NULL);
    return TRUE;
}

static BOOLEAN
FsbFastUnlockAllByKey(PFILE_OBJECT FileObject, PVOID Process, ULONG Key, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    FILE_LOCK *Lock = FsbFastLockOf(FileObject, Device);
    if (Lock == NULL) {
        return FALSE;
    }
    IoStatus->Information = 0;
    IoStatus->Status = FsRtlFastUnlockAllByKey(Lock, FileObject, Process, Key, NULL);
    return TRUE;
}

FAST_IO_DISPATCH FsbFastIoDispatch = {
    .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH),
    .FastIoQueryBasicInfo = FsbFastBasic,
    .FastIoQueryStandardInfo = FsbFastStandard,
    .FastIoLock = FsbFastLock,
    .FastIoUnlockSingle = FsbFastUnlockSingle,
    .FastIoUnlockAll = FsbFastUnlockAll,
    .FastIoUnlockAllByKey = FsbFastUnlockAllByKey,
    .FastIoQueryNetworkOpenInfo = FsbFastNetworkOpen,
    .FastIoQueryOpen = IopFastQueryOpen,
};

/* SPDX-License-Identifier: MIT */
/* Status classes, file sizes, filter callbacks, requests by file object, oplocks that nobody holds. */
#include <stdatomic.h>
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "io/iop.h"
#include "ke/ki.h"
#include "port/port.h"

/* Windows: ntifs.h, FsRtlIsNtstatusExpected.  Differences: none. */
BOOLEAN
FsRtlIsNtstatusExpected(NTSTATUS Exception)
{
    switch (Exception) {
    case STATUS_DATATYPE_MISALIGNMENT:
    case STATUS_ACCESS_VIOLATION:
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_INSTRUCTION_MISALIGNMENT:
        return FALSE;
    default:
        return TRUE;
    }
}

/* Windows: ntifs.h, FsRtlNormalizeNtstatus.  Differences: none. */
NTSTATUS
FsRtlNormalizeNtstatus(NTSTATUS Exception, NTSTATUS GenericException)
{
    return FsRtlIsNtstatusExpected(Exception) ? Exception : GenericException;
}

/* Windows: ntifs.h, FsRtlIsTotalDeviceFailure.  Differences: none. */
BOOLEAN
FsRtlIsTotalDeviceFailure(NTSTATUS Status)
{
    if (NT_SUCCESS(Status)) {
        return FALSE;
    }
    switch (Status) {
    case STATUS_CRC_ERROR:
    case STATUS_DEVICE_DATA_ERROR:
        return FALSE;                          /* one place of the medium */
    default:
        return TRUE;
    }
}

/* ---- by file object ---- */

/* Windows: ntifs.h, FsRtlIsPagingFile.  Differences: none. */
LOGICAL
FsRtlIsPagingFile(PFILE_OBJECT FileObject)
{
    PFSRTL_ADVANCED_FCB_HEADER Header = FileObject->FsContext;

    return Header != NULL && (Header->Flags & FSRTL_FLAG_ADVANCED_HEADER) != 0 && (Header->Flags2 & FSRTL_FLAG2_IS_PAGING_FILE) != 0;
}

/* Windows: ntifs.h, FsRtlIsSystemPagingFile.  Differences: the system has no paging file of its own. */
LOGICAL
FsRtlIsSystemPagingFile(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return FALSE;
}

/* Windows: ntifs.h, FsRtlIsDaxVolume.  Differences: no volume is one. */
BOOLEAN
FsRtlIsDaxVolume(PFILE_OBJECT FileObject)
{
    UNREFERENCED_PARAMETER(FileObject);
    return FALSE;
}

/* Windows: ntifs.h, FsRtlGetFileSize.  Differences: asked by an IRP. */
NTSTATUS
FsRtlGetFileSize(PFILE_OBJECT FileObject, PLARGE_INTEGER FileSize)
{
    FILE_STANDARD_INFORMATION Information;
    NTSTATUS Status = IopQueryInformation(FileObject, FileStandardInformation, &Information, sizeof(Information), KernelMode, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Information.Directory) {
        return STATUS_FILE_IS_A_DIRECTORY;
    }
    *FileSize = Information.EndOfFile;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlQueryInformationFile.  Differences: none. */
NTSTATUS
FsRtlQueryInformationFile(
    PFILE_OBJECT FileObject, PVOID FileInformation, ULONG Length, FILE_INFORMATION_CLASS FileInformationClass, PULONG RetFileInformationSize)
{
    return IopQueryInformation(FileObject, FileInformationClass, FileInformation, Length, KernelMode, RetFileInformationSize);
}

/* ---- filter callbacks ---- */

/* Windows: ntifs.h, FsRtlRegisterFileSystemFilterCallbacks.  Differences: none. */
NTSTATUS
FsRtlRegisterFileSystemFilterCallbacks(PDRIVER_OBJECT FilterDriverObject, PFS_FILTER_CALLBACKS Callbacks)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(FilterDriverObject);
    FS_FILTER_CALLBACKS *Expected = NULL;
    ULONG Size = Callbacks != NULL ? Callbacks->SizeOfFsFilterCallbacks : 0;

    if (FilterDriverObject == NULL || Size < FIELD_OFFSET(FS_FILTER_CALLBACKS, PreAcquireForSectionSynchronization)) {
        return STATUS_INVALID_PARAMETER;
    }
    FS_FILTER_CALLBACKS *Copy = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Copy), FSRTLP_TAG);
    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Copy, 0, sizeof(*Copy));
    memcpy(Copy, Callbacks, Size < sizeof(*Copy) ? Size : sizeof(*Copy));
    if (!__atomic_compare_exchange_n(&Driver->FsFilterCallbacks, &Expected, Copy, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        ExFreePool(Copy);                      /* one registration per driver */
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlCheckFileSystemFilterCallbacksRegistered.  Differences: none. */
BOOLEAN
FsRtlCheckFileSystemFilterCallbacksRegistered(PDRIVER_OBJECT FilterDriverObject)
{
    return __atomic_load_n(&IOP_DRIVER_FROM(FilterDriverObject)->FsFilterCallbacks, __ATOMIC_ACQUIRE) != NULL;
}

/* ---- oplocks: requests for one are refused, so that none is ever held ---- */

/* Windows: ntifs.h, FsRtlInitializeOplock.  Differences: no oplock is granted yet. */
VOID
FsRtlInitializeOplock(POPLOCK Oplock)
{
    *Oplock = NULL;
}

/* Windows: ntifs.h, FsRtlUninitializeOplock.  Differences: none. */
VOID
FsRtlUninitializeOplock(POPLOCK Oplock)
{
    *Oplock = NULL;
}

/* Windows: ntifs.h, FsRtlCheckOplockEx.  Differences: no oplock is held, so there is nothing to break. */
NTSTATUS
FsRtlCheckOplockEx(
    POPLOCK Oplock,
    PIRP Irp,
    ULONG Flags,
    PVOID Context,
    POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    UNREFERENCED_PARAMETER(Oplock);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(CompletionRoutine);
    UNREFERENCED_PARAMETER(PostIrpRoutine);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlCheckOplock.  Differences: as FsRtlCheckOplockEx. */
NTSTATUS
FsRtlCheckOplock(
    POPLOCK Oplock, PIRP Irp, PVOID Context, POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlCheckOplockEx(Oplock, Irp, 0, Context, CompletionRoutine, PostIrpRoutine);
}

/* Windows: ntifs.h, FsRtlOplockFsctrl.  Differences: refuses; the IRP is completed, as on every failure. */
NTSTATUS
FsRtlOplockFsctrl(POPLOCK Oplock, PIRP Irp, ULONG OpenCount)
{
    UNREFERENCED_PARAMETER(Oplock);
    UNREFERENCED_PARAMETER(OpenCount);
    VF_UNIMPLEMENTED();
    Irp->IoStatus.Status = STATUS_OPLOCK_NOT_GRANTED;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_OPLOCK_NOT_GRANTED;
}

/* Windows: ntifs.h, FsRtlOplockIsFastIoPossible.  Differences: none: without an oplock it is. */
BOOLEAN
FsRtlOplockIsFastIoPossible(POPLOCK Oplock)
{
    UNREFERENCED_PARAMETER(Oplock);
    return TRUE;
}

/* Windows: ntifs.h, FsRtlCurrentBatchOplock.  Differences: none is held. */
BOOLEAN
FsRtlCurrentBatchOplock(POPLOCK Oplock)
{
    UNREFERENCED_PARAMETER(Oplock);
    return FALSE;
}

/* Windows: ntifs.h, FsRtlCurrentOplock.  Differences: none is held. */
BOOLEAN
FsRtlCurrentOplock(POPLOCK Oplock)
{
    UNREFERENCED_PARAMETER(Oplock);
    return FALSE;
}

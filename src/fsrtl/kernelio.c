/* SPDX-License-Identifier: MIT */
/* Requests that drivers make by file object or device, waits, stack overflow, oplock routines beyond the basic ones. */
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "io/iop.h"
#include "ke/ki.h"
#include "ke/ntcall.h"
#include "port/port.h"

/* ---- requests ---- */

/* Windows: ntifs.h, FsRtlKernelFsControlFile.  Differences: none. */
NTSTATUS
FsRtlKernelFsControlFile(
    PFILE_OBJECT FileObject,
    ULONG FsControlCode,
    PVOID InputBuffer,
    ULONG InputBufferLength,
    PVOID OutputBuffer,
    ULONG OutputBufferLength,
    PULONG RetOutputBufferSize)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = InputBuffer, .InputLength = InputBufferLength, .OutputBuffer = OutputBuffer,
        .OutputLength = OutputBufferLength, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_KERNEL_CALL;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = FsControlCode;
    NTSTATUS Status = IopRequest(&Request, &IoStatus);
    *RetOutputBufferSize = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    return Status;
}

/* Windows: ntifs.h, FsRtlIssueDeviceIoControl.  Differences: none. */
NTSTATUS
FsRtlIssueDeviceIoControl(
    PDEVICE_OBJECT DeviceObject,
    ULONG IoCtl,
    UCHAR Flags,
    PVOID InputBuffer,
    ULONG InputBufferLength,
    PVOID OutputBuffer,
    ULONG OutputBufferLength,
    PULONG_PTR IosbInformation)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {
        .StartDevice = DeviceObject, .InputBuffer = InputBuffer, .InputLength = InputBufferLength, .OutputBuffer = OutputBuffer,
        .OutputLength = OutputBufferLength, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_DEVICE_CONTROL;
    Request.Stack.Flags = Flags;
    Request.Stack.Parameters.DeviceIoControl.IoControlCode = IoCtl;
    NTSTATUS Status = IopRequest(&Request, &IoStatus);
    if (IosbInformation != NULL) {
        *IosbInformation = IoStatus.Information;
    }
    return Status;
}

/* Windows: ntifs.h, FsRtlQueryKernelEaFile.  Differences: none. */
NTSTATUS
FsRtlQueryKernelEaFile(
    PFILE_OBJECT FileObject,
    PVOID ReturnedEaData,
    ULONG Length,
    BOOLEAN ReturnSingleEntry,
    PVOID EaList,
    ULONG EaListLength,
    PULONG EaIndex,
    BOOLEAN RestartScan,
    PULONG LengthReturned)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {
        .FileObject = FileObject, .OutputBuffer = ReturnedEaData, .OutputLength = Length, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_QUERY_EA;
    Request.Stack.Flags = (UCHAR)((ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) | (RestartScan ? SL_RESTART_SCAN : 0) |
                                  (EaIndex != NULL ? SL_INDEX_SPECIFIED : 0));
    Request.Stack.Parameters.QueryEa.Length = Length;
    Request.Stack.Parameters.QueryEa.EaList = EaListLength != 0 ? EaList : NULL;
    Request.Stack.Parameters.QueryEa.EaListLength = EaListLength;
    Request.Stack.Parameters.QueryEa.EaIndex = EaIndex != NULL ? *EaIndex : 0;
    NTSTATUS Status = IopRequest(&Request, &IoStatus);
    if (LengthReturned != NULL) {
        *LengthReturned = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    }
    return Status;
}

/* Windows: ntifs.h, FsRtlSetKernelEaFile.  Differences: none. */
NTSTATUS
FsRtlSetKernelEaFile(PFILE_OBJECT FileObject, PVOID EaBuffer, ULONG Length)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {.FileObject = FileObject, .InputBuffer = EaBuffer, .InputLength = Length, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_SET_EA;
    Request.Stack.Parameters.SetEa.Length = Length;
    return IopRequest(&Request, &IoStatus);
}

/* ---- memory, waits ---- */

/* Windows: ntifs.h, FsRtlAllocatePool (obsolete).  Differences: none. */
PVOID
FsRtlAllocatePool(POOL_TYPE PoolType, ULONG NumberOfBytes)
{
    PVOID Block = ExAllocatePoolWithTag(PoolType, NumberOfBytes, FSRTLP_TAG);

    if (Block == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

/* Windows: ntifs.h, FsRtlCancellableWaitForSingleObject.  Differences: a request that is cancelled meanwhile is noticed in steps of
 * 10 ms; the end of the thread's process is not. */
NTSTATUS
FsRtlCancellableWaitForSingleObject(PVOID Object, PLARGE_INTEGER Timeout, PIRP Irp)
{
    PVOID Objects[1] = {Object};

    return FsRtlCancellableWaitForMultipleObjects(1, Objects, WaitAny, Timeout, NULL, Irp);
}

/* Windows: ntifs.h, FsRtlCancellableWaitForMultipleObjects.  Differences: as FsRtlCancellableWaitForSingleObject. */
NTSTATUS
FsRtlCancellableWaitForMultipleObjects(
    ULONG Count, PVOID ObjectArray[], WAIT_TYPE WaitType, PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray, PIRP Irp)
{
    if (Irp == NULL) {
        return KeWaitForMultipleObjects(Count, ObjectArray, WaitType, Executive, KernelMode, FALSE, Timeout, WaitBlockArray);
    }
    uint64_t Deadline = KiDeadline(Timeout);
    for (;;) {
        LARGE_INTEGER Step = {.QuadPart = -100000};
        uint64_t Now = port_clock_monotonic();
        if (__atomic_load_n(&Irp->Cancel, __ATOMIC_ACQUIRE)) {
            return STATUS_CANCELLED;
        }
        if (Deadline != PORT_FOREVER && Deadline < Now + 10000000u) {
            Step.QuadPart = Deadline > Now ? -(LONGLONG)((Deadline - Now + 99) / 100) : 0;
        }
        NTSTATUS Status =
            KeWaitForMultipleObjects(Count, ObjectArray, WaitType, Executive, KernelMode, FALSE, &Step, WaitBlockArray);
        if (Status != STATUS_TIMEOUT || (Deadline != PORT_FOREVER && port_clock_monotonic() >= Deadline)) {
            return Status;
        }
    }
}

/* ---- stack overflow ---- */

typedef struct FSRTLP_OVERFLOW {
    WORK_QUEUE_ITEM Item;
    PVOID Context;
    PKEVENT Event;
    PFSRTL_STACK_OVERFLOW_ROUTINE Routine;
} FSRTLP_OVERFLOW;

static VOID
FsRtlpOverflowRun(PVOID Parameter)
{
    FSRTLP_OVERFLOW *Overflow = Parameter;
    KI_DRIVER_CALL Call = {.Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Overflow->Routine), .Phase = "stack overflow routine"};

    if (Call.Owner == NULL) {
        Overflow->Routine(Overflow->Context, Overflow->Event);
    } else {
        NT_CALL(&Call, Overflow->Routine(Overflow->Context, Overflow->Event));
    }
    port_free(Overflow);
}

/* Windows: ntifs.h, FsRtlPostStackOverflow.  Differences: raises nothing: without memory the routine runs here and now. */
VOID
FsRtlPostStackOverflow(PVOID Context, PKEVENT Event, PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine)
{
    FSRTLP_OVERFLOW *Overflow = port_alloc(sizeof(*Overflow));

    if (Overflow == NULL) {
        StackOverflowRoutine(Context, Event);
        return;
    }
    Overflow->Context = Context;
    Overflow->Event = Event;
    Overflow->Routine = StackOverflowRoutine;
    ExInitializeWorkItem(&Overflow->Item, FsRtlpOverflowRun, Overflow);
    ExQueueWorkItem(&Overflow->Item, CriticalWorkQueue);
}

/* Windows: ntifs.h, FsRtlPostPagingFileStackOverflow.  Differences: as FsRtlPostStackOverflow. */
VOID
FsRtlPostPagingFileStackOverflow(PVOID Context, PKEVENT Event, PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine)
{
    FsRtlPostStackOverflow(Context, Event, StackOverflowRoutine);
}

/* ---- oplocks: none is held ---- */

/* Windows: ntifs.h, FsRtlOplockFsctrlEx.  Differences: as FsRtlOplockFsctrl. */
NTSTATUS
FsRtlOplockFsctrlEx(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    return FsRtlOplockFsctrl(Oplock, Irp, OpenCount);
}

/* Windows: ntifs.h, FsRtlOplockBreakH.  Differences: none is held, so there is nothing to break. */
NTSTATUS
FsRtlOplockBreakH(
    POPLOCK Oplock,
    PIRP Irp,
    ULONG Flags,
    PVOID Context,
    POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlCheckOplockEx(Oplock, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine);
}

/* Windows: ntifs.h, FsRtlOplockBreakToNoneEx.  Differences: as FsRtlOplockBreakH. */
NTSTATUS
FsRtlOplockBreakToNoneEx(
    POPLOCK Oplock,
    PIRP Irp,
    ULONG Flags,
    PVOID Context,
    POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    POPLOCK_FS_PREPOST_IRP PostIrpRoutine)
{
    return FsRtlCheckOplockEx(Oplock, Irp, Flags, Context, CompletionRoutine, PostIrpRoutine);
}

/* Windows: ntifs.h, FsRtlCurrentOplockH.  Differences: none is held. */
BOOLEAN
FsRtlCurrentOplockH(POPLOCK Oplock)
{
    return FsRtlCurrentOplock(Oplock);
}

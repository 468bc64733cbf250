/* SPDX-License-Identifier: MIT */
/*
 * Reads go through a cancel-safe queue and a worker thread; writes of small blocks through deferred work items; a timer and DPC tick; post-operations
 * are done when it is safe.
 */
#include <fltKernel.h>

#define Q_TAG 'ueuQ'

typedef struct _Q_INSTANCE {
    FLT_CALLBACK_DATA_QUEUE Cbdq;
    LIST_ENTRY Head;
    KSPIN_LOCK Lock;
    KSEMAPHORE Work;
    PKTHREAD Thread;
    volatile LONG Stop;
    LONG Queued, Completed, Canceled, Deferred, Posted;
} Q_INSTANCE, *PQ_INSTANCE;

static PFLT_FILTER QFilter;
static KTIMER QTimer;
static KDPC QDpc;
static LONG QTicks;

static NTSTATUS
QInsertIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data, PVOID InsertContext)
{
    PQ_INSTANCE q = CONTAINING_RECORD(Cbdq, Q_INSTANCE, Cbdq);

    UNREFERENCED_PARAMETER(InsertContext);
    InsertTailList(&q->Head, &Data->QueueLinks);
    return STATUS_SUCCESS;
}

static VOID
QRemoveIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data)
{
    UNREFERENCED_PARAMETER(Cbdq);
    RemoveEntryList(&Data->QueueLinks);
}

static PFLT_CALLBACK_DATA
QPeekNextIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data, PVOID PeekContext)
{
    PQ_INSTANCE q = CONTAINING_RECORD(Cbdq, Q_INSTANCE, Cbdq);
    PLIST_ENTRY next = Data == NULL ? q->Head.Flink : Data->QueueLinks.Flink;

    for (; next != &q->Head; next = next->Flink) {
        PFLT_CALLBACK_DATA found = CONTAINING_RECORD(next, FLT_CALLBACK_DATA, QueueLinks);
        if (PeekContext == NULL || found->Iopb->TargetFileObject == PeekContext) {
            return found;
        }
    }
    return NULL;
}

_IRQL_raises_(DISPATCH_LEVEL) static VOID
QAcquire(PFLT_CALLBACK_DATA_QUEUE Cbdq, PKIRQL Irql)
{
    KeAcquireSpinLock(&CONTAINING_RECORD(Cbdq, Q_INSTANCE, Cbdq)->Lock, Irql);
}

static VOID
QRelease(PFLT_CALLBACK_DATA_QUEUE Cbdq, KIRQL Irql)
{
    KeReleaseSpinLock(&CONTAINING_RECORD(Cbdq, Q_INSTANCE, Cbdq)->Lock, Irql);
}

static VOID
QCompleteCanceledIo(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data)
{
    PQ_INSTANCE q = CONTAINING_RECORD(Cbdq, Q_INSTANCE, Cbdq);

    InterlockedIncrement(&q->Canceled);
    Data->IoStatus.Status = STATUS_CANCELLED;
    Data->IoStatus.Information = 0;
    FltCompletePendedPreOperation(Data, FLT_PREOP_COMPLETE, NULL);
}

static VOID
QThread(PVOID Context)
{
    PQ_INSTANCE q = Context;

    for (;;) {
        KeWaitForSingleObject(&q->Work, Executive, KernelMode, FALSE, NULL);
        PFLT_CALLBACK_DATA data = FltCbdqRemoveNextIo(&q->Cbdq, NULL);
        if (data != NULL) {
            InterlockedIncrement(&q->Completed);
            FltCompletePendedPreOperation(data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
        } else if (q->Stop) {
            break;
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static FLT_PREOP_CALLBACK_STATUS
QPreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PQ_INSTANCE q;
    FLT_PREOP_CALLBACK_STATUS result = FLT_PREOP_SUCCESS_NO_CALLBACK;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!FLT_IS_IRP_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    if (FlagOn(Data->Iopb->IrpFlags, IRP_PAGING_IO) || IoGetTopLevelIrp() != NULL) {
        return result;
    }
    if (!NT_SUCCESS(FltGetInstanceContext(Objects->Instance, (PFLT_CONTEXT *)&q))) {
        return result;
    }
    NTSTATUS status = FltLockUserBuffer(Data);
    if (NT_SUCCESS(status)) {
        InterlockedIncrement(&q->Queued);
        status = FltCbdqInsertIo(&q->Cbdq, Data, NULL, NULL);
        if (NT_SUCCESS(status)) {
            KeReleaseSemaphore(&q->Work, IO_NO_INCREMENT, 1, FALSE);
            result = FLT_PREOP_PENDING;
        } else {
            InterlockedDecrement(&q->Queued);
        }
    }
    FltReleaseContext(q);
    return result;
}

static VOID
QDeferredWrite(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    PQ_INSTANCE q = Context;

    FLT_ASSERT(KeGetCurrentIrql() == PASSIVE_LEVEL);
    InterlockedIncrement(&q->Deferred);
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_WITH_CALLBACK, q);
    FltFreeDeferredIoWorkItem(Item);
}

static FLT_PREOP_CALLBACK_STATUS
QPreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PQ_INSTANCE q;
    PFLT_DEFERRED_IO_WORKITEM item;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (Data->Iopb->Parameters.Write.Length > 4096 || !FLT_IS_IRP_OPERATION(Data) || !NT_SUCCESS(FltGetInstanceContext(Objects->Instance, (PFLT_CONTEXT *)&q))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    item = FltAllocateDeferredIoWorkItem();
    if (item != NULL) {
        if (NT_SUCCESS(FltQueueDeferredIoWorkItem(item, Data, QDeferredWrite, DelayedWorkQueue, q))) {
            return FLT_PREOP_PENDING;            /* the reference on q goes on to the post-operation */
        }
        FltFreeDeferredIoWorkItem(item);
    }
    FltReleaseContext(q);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
QPostWriteSafe(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    PQ_INSTANCE q = CompletionContext;

    UNREFERENCED_PARAMETER(Objects);
    UNREFERENCED_PARAMETER(Flags);
    FLT_ASSERT(KeGetCurrentIrql() <= APC_LEVEL);
    if (NT_SUCCESS(Data->IoStatus.Status)) {
        InterlockedExchangeAdd(&q->Posted, (LONG)Data->IoStatus.Information);
    }
    FltReleaseContext(q);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS
QPostWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    FLT_POSTOP_CALLBACK_STATUS result;

    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) ||
        !FltDoCompletionProcessingWhenSafe(Data, Objects, CompletionContext, Flags, QPostWriteSafe, &result)) {
        FltReleaseContext(CompletionContext);
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    return result;
}

static NTSTATUS
QInstanceSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type)
{
    PQ_INSTANCE q;
    HANDLE thread;

    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(DeviceType);
    UNREFERENCED_PARAMETER(Type);
    NTSTATUS status = FltAllocateContext(QFilter, FLT_INSTANCE_CONTEXT, sizeof(*q), NonPagedPoolNx, (PFLT_CONTEXT *)&q);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    RtlZeroMemory(q, sizeof(*q));
    InitializeListHead(&q->Head);
    KeInitializeSpinLock(&q->Lock);
    KeInitializeSemaphore(&q->Work, 0, MAXLONG);
    status = FltCbdqInitialize(Objects->Instance, &q->Cbdq, QInsertIo, QRemoveIo, QPeekNextIo, QAcquire, QRelease, QCompleteCanceledIo);
    if (NT_SUCCESS(status)) {
        status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, QThread, q);
    }
    if (NT_SUCCESS(status)) {
        ObReferenceObjectByHandle(thread, SYNCHRONIZE, *PsThreadType, KernelMode, (PVOID *)&q->Thread, NULL);
        ZwClose(thread);
        status = FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, q, NULL);
    }
    FltReleaseContext(q);
    return status;
}

static VOID
QTeardownStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PQ_INSTANCE q;
    PFLT_CALLBACK_DATA data;

    UNREFERENCED_PARAMETER(Reason);
    if (!NT_SUCCESS(FltGetInstanceContext(Objects->Instance, (PFLT_CONTEXT *)&q))) {
        return;
    }
    FltCbdqDisable(&q->Cbdq);
    while ((data = FltCbdqRemoveNextIo(&q->Cbdq, NULL)) != NULL) {
        InterlockedIncrement(&q->Completed);
        FltCompletePendedPreOperation(data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    }
    InterlockedExchange(&q->Stop, 1);
    KeReleaseSemaphore(&q->Work, IO_NO_INCREMENT, 1, FALSE);
    KeWaitForSingleObject(q->Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(q->Thread);
    DbgPrint("queue: balance %d, canceled %d, deferred %s, posted %s\n", q->Queued - q->Completed - q->Canceled, q->Canceled,
        q->Deferred > 0 ? "yes" : "no", q->Posted > 0 ? "yes" : "no");
    FltReleaseContext(q);
}

static VOID
QTick(PKDPC Dpc, PVOID Context, PVOID One, PVOID Two)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(One);
    UNREFERENCED_PARAMETER(Two);
    FLT_ASSERT(KeGetCurrentIrql() == DISPATCH_LEVEL);
    InterlockedIncrement(&QTicks);
}

static NTSTATUS
QUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    KeCancelTimer(&QTimer);
    KeFlushQueuedDpcs();
    FltUnregisterFilter(QFilter);
    return STATUS_SUCCESS;
}

static const FLT_CONTEXT_REGISTRATION QContexts[] = { { FLT_INSTANCE_CONTEXT, 0, NULL, sizeof(Q_INSTANCE), Q_TAG }, { FLT_CONTEXT_END } };
static const FLT_OPERATION_REGISTRATION QOperations[] = {
    { IRP_MJ_READ, 0, QPreRead, NULL }, { IRP_MJ_WRITE, 0, QPreWrite, QPostWrite }, { IRP_MJ_OPERATION_END } };
static const FLT_REGISTRATION QRegistration = { .Size = sizeof(FLT_REGISTRATION), .Version = FLT_REGISTRATION_VERSION, .ContextRegistration = QContexts,
    .OperationRegistration = QOperations, .FilterUnloadCallback = QUnload, .InstanceSetupCallback = QInstanceSetup, .InstanceTeardownStartCallback = QTeardownStart };

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    LARGE_INTEGER due = { .QuadPart = -10 * 1000 * 10 };

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS status = FltRegisterFilter(DriverObject, &QRegistration, &QFilter);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    KeInitializeTimerEx(&QTimer, SynchronizationTimer);
    KeInitializeDpc(&QDpc, QTick, NULL);
    KeSetTimerEx(&QTimer, due, 10, &QDpc);
    status = FltStartFiltering(QFilter);
    if (!NT_SUCCESS(status)) {
        KeCancelTimer(&QTimer);
        FltUnregisterFilter(QFilter);
    }
    return status;
}

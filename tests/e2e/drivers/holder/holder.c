/* SPDX-License-Identifier: MIT */
/* A test driver that pends every read of a file named "held" in a callback data queue, until cancellation or teardown. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

typedef struct HOLDER_INSTANCE {
    FLT_CALLBACK_DATA_QUEUE Queue;
    KSPIN_LOCK Lock;
    LIST_ENTRY Head;
    LONG Cancelled;
} HOLDER_INSTANCE;

static PFLT_FILTER Filter;

#define HOLDER_OF(Q) CONTAINING_RECORD(Q, HOLDER_INSTANCE, Queue)

static NTSTATUS
HolderInsert(PFLT_CALLBACK_DATA_QUEUE Queue, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    InsertTailList(&HOLDER_OF(Queue)->Head, &Data->QueueLinks);
    return STATUS_SUCCESS;
}

static VOID
HolderRemove(PFLT_CALLBACK_DATA_QUEUE Queue, PFLT_CALLBACK_DATA Data)
{
    UNREFERENCED_PARAMETER(Queue);
    RemoveEntryList(&Data->QueueLinks);
}

static PFLT_CALLBACK_DATA
HolderPeek(PFLT_CALLBACK_DATA_QUEUE Queue, PFLT_CALLBACK_DATA Data, PVOID Peek)
{
    PLIST_ENTRY Head = &HOLDER_OF(Queue)->Head;
    PLIST_ENTRY Next = Data == NULL ? Head->Flink : Data->QueueLinks.Flink;
    UNREFERENCED_PARAMETER(Peek);
    return Next == Head ? NULL : CONTAINING_RECORD(Next, FLT_CALLBACK_DATA, QueueLinks);
}

static VOID
HolderAcquire(PFLT_CALLBACK_DATA_QUEUE Queue, PKIRQL Irql)
{
    KeAcquireSpinLock(&HOLDER_OF(Queue)->Lock, Irql);
}

static VOID
HolderRelease(PFLT_CALLBACK_DATA_QUEUE Queue, KIRQL Irql)
{
    KeReleaseSpinLock(&HOLDER_OF(Queue)->Lock, Irql);
}

static VOID
HolderCanceled(PFLT_CALLBACK_DATA_QUEUE Queue, PFLT_CALLBACK_DATA Data)
{
    InterlockedIncrement(&HOLDER_OF(Queue)->Cancelled);
    Data->IoStatus.Status = STATUS_CANCELLED;
    Data->IoStatus.Information = 0;
    ExFreePoolWithTag(Data->QueueContext[0], 'dloH');
    FltCompletePendedPreOperation(Data, FLT_PREOP_COMPLETE, NULL);
}

static NTSTATUS FLTAPI
HolderSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE System)
{
    HOLDER_INSTANCE *Instance;
    NTSTATUS Status = FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, sizeof *Instance, NonPagedPool, (PFLT_CONTEXT *)&Instance);
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(System);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeListHead(&Instance->Head);
    KeInitializeSpinLock(&Instance->Lock);
    Instance->Cancelled = 0;
    Status = FltCbdqInitialize(Objects->Instance, &Instance->Queue, HolderInsert, HolderRemove, HolderPeek, HolderAcquire,
                               HolderRelease, HolderCanceled);
    if (NT_SUCCESS(Status)) {
        Status = FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Instance, NULL);
    }
    FltReleaseContext(Instance);
    return Status;
}

static VOID FLTAPI
HolderTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Flags)
{
    HOLDER_INSTANCE *Instance;
    PFLT_CALLBACK_DATA Data;
    UNREFERENCED_PARAMETER(Flags);
    if (!NT_SUCCESS(FltGetInstanceContext(Objects->Instance, (PFLT_CONTEXT *)&Instance))) {
        return;
    }
    FltCbdqDisable(&Instance->Queue);
    while ((Data = FltCbdqRemoveNextIo(&Instance->Queue, NULL)) != NULL) {
        ExFreePoolWithTag(Data->QueueContext[0], 'dloH');
        FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    }
    DbgPrint("%ld cancelled\n", Instance->Cancelled);
    FltReleaseContext(Instance);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
HolderPreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    static UNICODE_STRING Held = RTL_CONSTANT_STRING(L"*\\HELD");
    HOLDER_INSTANCE *Instance;
    PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT Io;
    FLT_PREOP_CALLBACK_STATUS Result = FLT_PREOP_SUCCESS_NO_CALLBACK;
    PFLT_FILE_NAME_INFORMATION Name;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!FLT_IS_IRP_OPERATION(Data) || (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0 ||
        !NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return Result;
    }
    BOOLEAN IsHeld = FsRtlIsNameInExpression(&Held, &Name->Name, TRUE, NULL);
    FltReleaseFileNameInformation(Name);
    if (!IsHeld || !NT_SUCCESS(FltGetInstanceContext(Objects->Instance, (PFLT_CONTEXT *)&Instance))) {
        return Result;
    }
    Io = ExAllocatePoolZero(NonPagedPool, sizeof *Io, 'dloH');
    if (Io != NULL) {
        Data->QueueContext[0] = Io;
        if (FltCbdqInsertIo(&Instance->Queue, Data, Io, NULL) == STATUS_SUCCESS) {
            Result = FLT_PREOP_PENDING;
        } else {
            ExFreePoolWithTag(Io, 'dloH');
        }
    }
    FltReleaseContext(Instance);
    return Result;
}

static NTSTATUS FLTAPI
HolderUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {.ContextType = FLT_INSTANCE_CONTEXT, .Size = sizeof(HOLDER_INSTANCE), .PoolTag = 'dloH'},
    {.ContextType = FLT_CONTEXT_END},
};

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_READ, 0, HolderPreRead, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = Contexts,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = HolderUnload,
    .InstanceSetupCallback = HolderSetup,
    .InstanceTeardownStartCallback = HolderTeardown,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltStartFiltering(Filter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(Filter);
    }
    return Status;
}

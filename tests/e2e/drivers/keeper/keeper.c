/* SPDX-License-Identifier: MIT */
/* A test driver that pends reads: of "*forgotten" for ever (planted), of "*slow" for three seconds, as one that fetches the data from elsewhere. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;

static VOID FLTAPI
KeeperFetch(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    LARGE_INTEGER Delay = {.QuadPart = -3 * 10000000ll};

    UNREFERENCED_PARAMETER(Context);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    FltFreeDeferredIoWorkItem(Item);
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
KeeperPreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNICODE_STRING Forgotten = RTL_CONSTANT_STRING(L"forgotten"), Slow = RTL_CONSTANT_STRING(L"slow");
    const UNICODE_STRING *Name = &FltObjects->FileObject->FileName;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!FLT_IS_IRP_OPERATION(Data) || (Data->Iopb->IrpFlags & IRP_PAGING_IO) != 0) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (RtlSuffixUnicodeString(&Forgotten, Name, TRUE)) {
        return FLT_PREOP_PENDING;              /* planted: nobody remembers it */
    }
    if (!RtlSuffixUnicodeString(&Slow, Name, TRUE)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    PFLT_DEFERRED_IO_WORKITEM Item = FltAllocateDeferredIoWorkItem();
    if (Item == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (!NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, KeeperFetch, DelayedWorkQueue, NULL))) {
        FltFreeDeferredIoWorkItem(Item);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return FLT_PREOP_PENDING;
}

static NTSTATUS FLTAPI
KeeperUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_READ, 0, KeeperPreRead, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = KeeperUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);

    UNREFERENCED_PARAMETER(RegistryPath);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* Registration; the mistakes are in the other files. */
#include "leaky.h"

DRIVER_INITIALIZE DriverEntry;

PFLT_FILTER LeakyFilter;

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
LeakyPostCreate(PFLT_CALLBACK_DATA Data,
                PCFLT_RELATED_OBJECTS FltObjects,
                PVOID CompletionContext,
                FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(CompletionContext);
    if (!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) && NT_SUCCESS(Data->IoStatus.Status) &&
        Data->IoStatus.Status != STATUS_REPARSE) {
        LeakyCountOpen(FltObjects);
        LeakyRememberOptions(Data);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
LeakyUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(LeakyFilter);
    return STATUS_SUCCESS;
}

static const FLT_CONTEXT_REGISTRATION LeakyContexts[] = {
    {FLT_STREAM_CONTEXT, 0, NULL, sizeof(LEAKY_STREAM), LEAKY_TAG, NULL, NULL, NULL},
    {FLT_STREAMHANDLE_CONTEXT, 0, NULL, sizeof(LEAKY_HANDLE), LEAKY_TAG, NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL},
};

static const FLT_OPERATION_REGISTRATION LeakyOperations[] = {
    {IRP_MJ_CREATE, 0, NULL, LeakyPostCreate, NULL},
    {IRP_MJ_WRITE, 0, LeakyPreWrite, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION LeakyRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = LeakyContexts,
    .OperationRegistration = LeakyOperations,
    .FilterUnloadCallback = LeakyUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &LeakyRegistration, &LeakyFilter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltStartFiltering(LeakyFilter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(LeakyFilter);
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
/*
 * null: the smallest useful minifilter.  It sees every create, read, write, cleanup and close, and changes nothing.
 * Start here; every routine in it is described on the Windows documentation page of the same name.
 */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER NullFilter;

static FLT_PREOP_CALLBACK_STATUS FLTAPI
NullPreOperation(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
NullPostOperation(PFLT_CALLBACK_DATA Data,
                  PCFLT_RELATED_OBJECTS FltObjects,
                  PVOID CompletionContext,
                  FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
NullUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(NullFilter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION NullOperations[] = {
    {IRP_MJ_CREATE, 0, NullPreOperation, NullPostOperation, NULL},
    {IRP_MJ_READ, 0, NullPreOperation, NullPostOperation, NULL},
    {IRP_MJ_WRITE, 0, NullPreOperation, NullPostOperation, NULL},
    {IRP_MJ_CLEANUP, 0, NullPreOperation, NullPostOperation, NULL},
    {IRP_MJ_CLOSE, 0, NullPreOperation, NullPostOperation, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION NullRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = NullOperations,
    .FilterUnloadCallback = NullUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &NullRegistration, &NullFilter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltStartFiltering(NullFilter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(NullFilter);
    }
    return Status;
}

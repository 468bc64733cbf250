/* SPDX-License-Identifier: MIT */
/* A test driver that never comes back from the creates of some files. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;
static KEVENT Never;

#ifndef ENTRY_HANGS
#define ENTRY_HANGS 0
#endif

static FLT_PREOP_CALLBACK_STATUS FLTAPI
HangingPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    static const WCHAR Wanted[] = L"hang-here";
    const UNICODE_STRING *Name = &Data->Iopb->TargetFileObject->FileName;
    const USHORT Bytes = sizeof(Wanted) - sizeof(WCHAR);

    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (Name->Length >= Bytes && RtlEqualMemory((PUCHAR)Name->Buffer + Name->Length - Bytes, Wanted, Bytes)) {
        KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
HangingUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, HangingPreCreate, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = HangingUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
#if ENTRY_HANGS
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
#endif
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    return NT_SUCCESS(Status) ? FltStartFiltering(Filter) : Status;
}

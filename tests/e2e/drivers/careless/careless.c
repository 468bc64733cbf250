/* SPDX-License-Identifier: MIT */
/* A test driver whose mistakes only a sanitizer sees; the name of a file asks for one. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;
static volatile UCHAR Sink;

static BOOLEAN
CarelessAsked(PFLT_CALLBACK_DATA Data, PCWSTR Word)
{
    UNICODE_STRING Wanted;
    PFLT_FILE_NAME_INFORMATION Name;
    BOOLEAN Asked = FALSE;

    RtlInitUnicodeString(&Wanted, Word);
    if (NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        Asked = NT_SUCCESS(FltParseFileNameInformation(Name)) && RtlEqualUnicodeString(&Name->FinalComponent, &Wanted, FALSE);
        FltReleaseFileNameInformation(Name);
    }
    return Asked;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
CarelessPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    volatile UCHAR *Block = ExAllocatePoolZero(NonPagedPool, 100, 'eraC');
    UCHAR Local[16];
    volatile UCHAR *Index = Local;

    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    RtlZeroMemory(Local, sizeof Local);
    if (Block == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (CarelessAsked(Data, L"read-beyond")) {
        Sink = Block[100];
    }
    if (CarelessAsked(Data, L"write-before")) {
        Block[-1] = 1;
    }
    if (CarelessAsked(Data, L"local-beyond")) {
        Sink = Index[sizeof Local + (Sink & 1)];
    }
    if (CarelessAsked(Data, L"use-after-free")) {
        ExFreePoolWithTag((PVOID)Block, 'eraC');
        Sink = Block[4];
        Block = ExAllocatePoolZero(NonPagedPool, 100, 'eraC');
    }
    ExFreePoolWithTag((PVOID)Block, 'eraC');
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
CarelessUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, CarelessPreCreate, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = CarelessUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}

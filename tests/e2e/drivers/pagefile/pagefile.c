/* SPDX-License-Identifier: MIT */
/*
 * Allocates a stream context in pre-create of files that will be deleted, attaches it in post-create, and forgets it where a stream takes
 * none: right on every volume that supports contexts.
 */
#include <fltKernel.h>

#define TAG 'egaP'

static PFLT_FILTER Filter;

static FLT_PREOP_CALLBACK_STATUS
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_CONTEXT Context;

    UNREFERENCED_PARAMETER(Objects);
    if (!FlagOn(Data->Iopb->Parameters.Create.Options, FILE_DELETE_ON_CLOSE) ||
        !NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 16, PagedPool, &Context))) { /* finds K-01 */
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    *CompletionContext = Context;
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_CONTEXT Old;
    NTSTATUS Status = Data->IoStatus.Status;

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Status)) {
        Status = FltGetStreamContext(Objects->Instance, Objects->FileObject, &Old); /* fails there */
        if (NT_SUCCESS(Status)) {
            FltReleaseContext(Old);
        } else if (Status == STATUS_NOT_FOUND) {
            FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, CompletionContext, NULL);
        } else {
            return FLT_POSTOP_FINISHED_PROCESSING;
        }
    }
    FltReleaseContext(CompletionContext);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, PostCreate, NULL},
                                                        {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {{FLT_STREAM_CONTEXT, 0, NULL, 16, TAG, NULL, NULL, NULL},
                                                    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL}};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    const FLT_REGISTRATION Registration = {.Size = sizeof(Registration),
                                           .Version = FLT_REGISTRATION_VERSION,
                                           .ContextRegistration = Contexts,
                                           .OperationRegistration = Operations,
                                           .FilterUnloadCallback = Unload};

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}

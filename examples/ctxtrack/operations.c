/* SPDX-License-Identifier: MIT */
/* The callbacks: create attaches contexts, read and write count, cleanup folds a handle into its stream. */
#include "ctxtrack.h"

static FLT_PREOP_CALLBACK_STATUS FLTAPI
TrackPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
TrackPostCreate(PFLT_CALLBACK_DATA Data,
                PCFLT_RELATED_OBJECTS FltObjects,
                PVOID CompletionContext,
                FLT_POST_OPERATION_FLAGS Flags)
{
    PTRACK_INSTANCE_CONTEXT Instance;
    BOOLEAN Opened = NT_SUCCESS(Data->IoStatus.Status) && Data->IoStatus.Status != STATUS_REPARSE;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, (PFLT_CONTEXT *)&Instance))) {
        InterlockedIncrement64(Opened ? &Instance->Creates : &Instance->FailedCreates);
        FltReleaseContext(Instance);
    }
    if (Opened) {
        (VOID)TrackAttachContexts(Data, FltObjects);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* One counter for all transfers; the handle's own figures are folded into the stream at cleanup. */
static FLT_POSTOP_CALLBACK_STATUS FLTAPI
TrackPostTransfer(PFLT_CALLBACK_DATA Data,
                  PCFLT_RELATED_OBJECTS FltObjects,
                  PVOID CompletionContext,
                  FLT_POST_OPERATION_FLAGS Flags)
{
    PTRACK_HANDLE_CONTEXT Handle;
    LONG64 Bytes = (LONG64)Data->IoStatus.Information;
    BOOLEAN Write = Data->Iopb->MajorFunction == IRP_MJ_WRITE;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (NT_SUCCESS(FltGetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Handle))) {
        InterlockedIncrement64(Write ? &Handle->Writes : &Handle->Reads);
        InterlockedExchangeAdd64(Write ? &Handle->BytesWritten : &Handle->BytesRead, Bytes);
        FltReleaseContext(Handle);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID
TrackFold(PTRACK_RECORD Record, PTRACK_HANDLE_CONTEXT Handle)
{
    InterlockedExchangeAdd64(&Record->Reads, InterlockedExchange64(&Handle->Reads, 0));
    InterlockedExchangeAdd64(&Record->BytesRead, InterlockedExchange64(&Handle->BytesRead, 0));
    InterlockedExchangeAdd64(&Record->Writes, InterlockedExchange64(&Handle->Writes, 0));
    InterlockedExchangeAdd64(&Record->BytesWritten, InterlockedExchange64(&Handle->BytesWritten, 0));
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
TrackPreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    FLT_RELATED_CONTEXTS Contexts;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    FltGetContexts(FltObjects, FLT_STREAM_CONTEXT | FLT_STREAMHANDLE_CONTEXT, &Contexts);
    if (Contexts.StreamContext != NULL && Contexts.StreamHandleContext != NULL) {
        TrackFold(((PTRACK_STREAM_CONTEXT)Contexts.StreamContext)->Record, Contexts.StreamHandleContext);
    }
    FltReleaseContexts(&Contexts);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
TrackPreSetInformation(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    FILE_INFORMATION_CLASS Class = Data->Iopb->Parameters.SetFileInformation.FileInformationClass;

    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (Class == FileRenameInformation || Class == FileRenameInformationEx) {
        return FLT_PREOP_SYNCHRONIZE;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
TrackPostRename(PFLT_CALLBACK_DATA Data,
                PCFLT_RELATED_OBJECTS FltObjects,
                PVOID CompletionContext,
                FLT_POST_OPERATION_FLAGS Flags)
{
    PTRACK_STREAM_CONTEXT Stream;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (NT_SUCCESS(FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Stream))) {
        InterlockedIncrement64(&Stream->Record->Renames);
        FltReleaseContext(Stream);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

const FLT_OPERATION_REGISTRATION TrackOperations[] = {
    {IRP_MJ_CREATE, 0, TrackPre, TrackPostCreate, NULL},
    {IRP_MJ_READ, 0, TrackPre, TrackPostTransfer, NULL},
    {IRP_MJ_WRITE, 0, TrackPre, TrackPostTransfer, NULL},
    {IRP_MJ_SET_INFORMATION, 0, TrackPreSetInformation, TrackPostRename, NULL},
    {IRP_MJ_CLEANUP, 0, TrackPreCleanup, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

/* SPDX-License-Identifier: MIT */
/* The four contexts: made in post-create, found again by every later operation. */
#include "ctxtrack.h"

const FLT_CONTEXT_REGISTRATION TrackContexts[] = {
    {FLT_INSTANCE_CONTEXT, 0, NULL, sizeof(TRACK_INSTANCE_CONTEXT), TRACK_TAG_CONTEXT, NULL, NULL, NULL},
    {FLT_FILE_CONTEXT, 0, NULL, sizeof(TRACK_FILE_CONTEXT), TRACK_TAG_CONTEXT, NULL, NULL, NULL},
    {FLT_STREAM_CONTEXT, 0, NULL, sizeof(TRACK_STREAM_CONTEXT), TRACK_TAG_CONTEXT, NULL, NULL, NULL},
    {FLT_STREAMHANDLE_CONTEXT, 0, NULL, sizeof(TRACK_HANDLE_CONTEXT), TRACK_TAG_CONTEXT, NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL},
};

static NTSTATUS
TrackAllocate(FLT_CONTEXT_TYPE Type, SIZE_T Size, PFLT_CONTEXT *Context)
{
    NTSTATUS Status = FltAllocateContext(Track.Filter, Type, Size, NonPagedPool, Context);

    if (NT_SUCCESS(Status)) {
        RtlZeroMemory(*Context, Size);
    }
    return Status;
}

NTSTATUS
TrackAttachInstance(PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_CONTEXT Context;
    NTSTATUS Status = TrackAllocate(FLT_INSTANCE_CONTEXT, sizeof(TRACK_INSTANCE_CONTEXT), &Context);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltSetInstanceContext(FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
    FltReleaseContext(Context);
    return Status;
}

static NTSTATUS
TrackCountFileOpen(PCFLT_RELATED_OBJECTS FltObjects)
{
    PTRACK_FILE_CONTEXT File;
    PTRACK_FILE_CONTEXT Winner;
    NTSTATUS Status = FltGetFileContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&File);

    if (Status == STATUS_NOT_FOUND) {
        Status = TrackAllocate(FLT_FILE_CONTEXT, sizeof(*File), (PFLT_CONTEXT *)&File);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = FltSetFileContext(FltObjects->Instance, FltObjects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS,
                                   File, (PFLT_CONTEXT *)&Winner);
        if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
            FltReleaseContext(File);
            File = Winner;
            Status = STATUS_SUCCESS;
        } else if (NT_SUCCESS(Status)) {
            InterlockedIncrement64(&Track.Files);
        } else {
            FltReleaseContext(File);
        }
    }
    if (NT_SUCCESS(Status)) {
        InterlockedIncrement64(&File->Opens);
        FltReleaseContext(File);
    }
    return Status;
}

static NTSTATUS
TrackNewStream(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PTRACK_STREAM_CONTEXT *Stream)
{
    PFLT_FILE_NAME_INFORMATION Name;
    PTRACK_STREAM_CONTEXT Winner;
    NTSTATUS Status = FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Name);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = TrackAllocate(FLT_STREAM_CONTEXT, sizeof(**Stream), (PFLT_CONTEXT *)Stream);
    if (!NT_SUCCESS(Status)) {
        FltReleaseFileNameInformation(Name);
        return Status;
    }
    Status = TrackRecordFind(&Name->Name, &(*Stream)->Record);
    FltReleaseFileNameInformation(Name);
    if (NT_SUCCESS(Status)) {
        Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS,
                                     *Stream, (PFLT_CONTEXT *)&Winner);
    }
    if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
        FltReleaseContext(*Stream);
        *Stream = Winner;
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        FltReleaseContext(*Stream);
    }
    return Status;
}

static NTSTATUS
TrackCountStreamOpen(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    PTRACK_STREAM_CONTEXT Stream;
    NTSTATUS Status = FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Stream);

    if (Status == STATUS_NOT_FOUND) {
        Status = TrackNewStream(Data, FltObjects, &Stream);
    }
    if (NT_SUCCESS(Status)) {
        InterlockedIncrement64(&Stream->Record->Opens);
        FltReleaseContext(Stream);
    }
    return Status;
}

static NTSTATUS
TrackNewHandle(PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_CONTEXT Handle;
    NTSTATUS Status = TrackAllocate(FLT_STREAMHANDLE_CONTEXT, sizeof(TRACK_HANDLE_CONTEXT), &Handle);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltSetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject,
                                       FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Handle, NULL);
    if (NT_SUCCESS(Status)) {
        InterlockedIncrement64(&Track.Handles);
    }
    FltReleaseContext(Handle);
    return Status;
}

NTSTATUS
TrackAttachContexts(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    NTSTATUS Status = TrackCountStreamOpen(Data, FltObjects);

    if (NT_SUCCESS(Status)) {
        Status = TrackNewHandle(FltObjects);
    }
    if (NT_SUCCESS(Status)) {
        Status = TrackCountFileOpen(FltObjects);
    }
    if (Status == STATUS_NOT_SUPPORTED) {
        InterlockedIncrement64(&Track.Unsupported);
    }
    return Status;
}

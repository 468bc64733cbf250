/* SPDX-License-Identifier: MIT */
/* Load, attach, unload. */
#include "ctxtrack.h"

DRIVER_INITIALIZE DriverEntry;

TRACK_GLOBALS Track;

static NTSTATUS FLTAPI
TrackInstanceSetup(PCFLT_RELATED_OBJECTS FltObjects,
                   FLT_INSTANCE_SETUP_FLAGS Flags,
                   DEVICE_TYPE VolumeDeviceType,
                   FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(VolumeDeviceType);
    UNREFERENCED_PARAMETER(VolumeFilesystemType);
    return NT_SUCCESS(TrackAttachInstance(FltObjects)) ? STATUS_SUCCESS : STATUS_FLT_DO_NOT_ATTACH;
}

static NTSTATUS FLTAPI
TrackQueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_SUCCESS;
}

static VOID FLTAPI
TrackTeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PTRACK_INSTANCE_CONTEXT Instance;

    UNREFERENCED_PARAMETER(Reason);
    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, (PFLT_CONTEXT *)&Instance))) {
        DbgPrint("detached: %I64d creates, %I64d failed\n", Instance->Creates, Instance->FailedCreates);
        FltReleaseContext(Instance);
    }
}

static NTSTATUS FLTAPI
TrackUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Track.Filter);
    TrackPrintTable();
    TrackFreeRecords();
    ExDeleteResourceLite(&Track.Lock);
    return STATUS_SUCCESS;
}

static const FLT_REGISTRATION TrackRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = TrackContexts,
    .OperationRegistration = TrackOperations,
    .FilterUnloadCallback = TrackUnload,
    .InstanceSetupCallback = TrackInstanceSetup,
    .InstanceQueryTeardownCallback = TrackQueryTeardown,
    .InstanceTeardownCompleteCallback = TrackTeardownComplete,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    InitializeListHead(&Track.Records);
    Status = ExInitializeResourceLite(&Track.Lock);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltRegisterFilter(DriverObject, &TrackRegistration, &Track.Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Track.Filter);
        if (NT_SUCCESS(Status)) {
            return Status;
        }
        FltUnregisterFilter(Track.Filter);
    }
    ExDeleteResourceLite(&Track.Lock);
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* A test driver that does not do what filters usually do; each test turns one of the switches to 1. */
#include <fltKernel.h>

#define CALLS_MISSING 0        /* DriverEntry needs a routine that is not there */
#define NEVER_REGISTERS 0
#define NEVER_STARTS 0
#define SETUP_REFUSES 0
#define SETUP_FAILS 0
#define NO_UNLOAD 0            /* no FilterUnloadCallback */
#define REFUSES 0              /* FilterUnload refuses unless it is mandatory */
#define NO_SERVICE_STOP 0      /* with REFUSES: a mandatory unload is not possible either */
#define FORGETS 0              /* a context is never released */
#define LEGACY_CONTEXT 0       /* uses what legacy filters have for lack of stream handle contexts */
#define DEFERS 0               /* opens of \pended wait for ever; opening \fault crashes */

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;

static NTSTATUS FLTAPI
MoodySetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE FileSystem)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(DeviceType);
    UNREFERENCED_PARAMETER(FileSystem);
#if FORGETS
    PFLT_CONTEXT Context;
    FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 8, PagedPool, &Context);
#endif
    return SETUP_REFUSES ? STATUS_FLT_DO_NOT_ATTACH : SETUP_FAILS ? STATUS_DISK_FULL : STATUS_SUCCESS;
}

static VOID FLTAPI
MoodyTeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    UNREFERENCED_PARAMETER(FltObjects);
    DbgPrint("teardown, reason %u\n", Reason);
}

static NTSTATUS FLTAPI
MoodyUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    DbgPrint("unload, flags %u\n", Flags);
    if (REFUSES && !(Flags & FLTFL_FILTER_UNLOAD_MANDATORY)) {
        return STATUS_FLT_DO_NOT_DETACH;
    }
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
MoodyPreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    static const UNICODE_STRING Fault = RTL_CONSTANT_STRING(L"\\fault"), Pended = RTL_CONSTANT_STRING(L"\\pended");

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
#if LEGACY_CONTEXT
    FSRTL_PER_FILEOBJECT_CONTEXT Legacy;
    FsRtlInitPerFileObjectContext(&Legacy, &Filter, NULL);
    FsRtlInsertPerFileObjectContext(FltObjects->FileObject, &Legacy);
    FsRtlRemovePerFileObjectContext(FltObjects->FileObject, &Filter, NULL);
#endif
    if (DEFERS && RtlEqualUnicodeString(&FltObjects->FileObject->FileName, &Fault, TRUE)) {
        *(volatile int *)16 = 1;
    }
    if (DEFERS && RtlEqualUnicodeString(&FltObjects->FileObject->FileName, &Pended, TRUE)) {
        return FLT_PREOP_PENDING;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, MoodyPreCreate, NULL, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, NULL, 8, 'dooM', NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .Flags = NO_SERVICE_STOP ? FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP : 0,
    .ContextRegistration = Contexts,
    .OperationRegistration = Operations,
    .InstanceSetupCallback = MoodySetup,
    .InstanceTeardownCompleteCallback = MoodyTeardownComplete,
    .FilterUnloadCallback = NO_UNLOAD ? NULL : MoodyUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
#if NEVER_REGISTERS
    return STATUS_SUCCESS;
#endif
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
#if CALLS_MISSING
    BOOLEAN Adjusted;
    if (NT_SUCCESS(Status)) {
        Status = FltAdjustDeviceStackSizeForIoRedirection(NULL, NULL, &Adjusted);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
#endif
    return !NT_SUCCESS(Status) || NEVER_STARTS ? Status : FltStartFiltering(Filter);
}

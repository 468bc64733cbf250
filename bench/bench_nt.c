/* SPDX-License-Identifier: MIT */
/*
 * The NT side of the micro benchmarks.  One filter ("benchctx") owns the contexts; up to 16 no-op filters stand above it for the cost of
 * an operation.  All of them are functions of this program, loaded as services with altitudes of their own.
 */
#include <fltKernel.h>

#include "bench_nt.h"
#include "host/host.h"
#include "io/iop.h"
#include "port/port.h"

#define BENCH_TAG 'hcnB'
#define MAX_FILTERS 16

typedef struct BENCH_CONTEXT {
    ULONG64 Value[4];
} BENCH_CONTEXT;

static PFLT_FILTER BenchFilter;
static PFLT_INSTANCE BenchInstance;
static PFILE_OBJECT BenchFiles[BENCH_OBJECTS];
static PVOID BenchDriver;

static PFLT_FILTER NoopFilters[MAX_FILTERS];
static PVOID NoopDrivers[MAX_FILTERS];
static ULONG NoopCount;
static ULONG NoopLoading;

static VOID
BenchCheck(ULONG Status, const char *What)
{
    if ((LONG)Status < 0) {
        char Text[64];
        port_fatal("bench: %s: %s", What, host_status_text(Status, Text, sizeof(Text)));
    }
}

static NTSTATUS FLTAPI
BenchInstanceSetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE FileSystem)
{
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(FileSystem);
    BenchInstance = FltObjects->Instance;
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
BenchUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(BenchFilter);
    return STATUS_SUCCESS;
}

static const FLT_CONTEXT_REGISTRATION BenchContexts[] = {
    {FLT_STREAM_CONTEXT, 0, NULL, sizeof(BENCH_CONTEXT), BENCH_TAG, NULL, NULL, NULL},
    {FLT_STREAMHANDLE_CONTEXT, 0, NULL, sizeof(BENCH_CONTEXT), BENCH_TAG, NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION BenchRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = BenchContexts,
    .FilterUnloadCallback = BenchUnload,
    .InstanceSetupCallback = BenchInstanceSetup,
};

static NTSTATUS
BenchEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &BenchRegistration, &BenchFilter);
    return NT_SUCCESS(Status) ? FltStartFiltering(BenchFilter) : Status;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
NoopPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
NoopPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
NoopUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(NoopFilters[NoopLoading]);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION NoopOperations[] = {
    {IRP_MJ_QUERY_INFORMATION, 0, NoopPre, NoopPost, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION NoopRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = NoopOperations,
    .FilterUnloadCallback = NoopUnload,
};

static NTSTATUS
NoopEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &NoopRegistration, &NoopFilters[NoopLoading]);
    return NT_SUCCESS(Status) ? FltStartFiltering(NoopFilters[NoopLoading]) : Status;
}

static PVOID
BenchLoad(const char *Service, const char *Altitude, PVOID Entry)
{
    PVOID Driver = NULL;

    BenchCheck(host_nt_service_create(Service), "service key");
    BenchCheck(host_nt_service_value(Service, "Instances", "DefaultInstance", REG_SZ, "bench", 6), "DefaultInstance");
    BenchCheck(host_nt_service_value(Service, "Instances\\bench", "Altitude", REG_SZ, Altitude, strlen(Altitude) + 1), "Altitude");
    BenchCheck(host_nt_load(Service, Entry, vf_owner_create(Service), &Driver), Service);
    return Driver;
}

static VOID
BenchOpen(ULONG Index)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_CREATE Create = {
        .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .Disposition = FILE_OPEN_IF,
        .CreateOptions = FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        .RequestorMode = KernelMode,
    };
    WCHAR Full[] = L"\\Device\\HarddiskVolume1\\file0";

    Full[sizeof(Full) / sizeof(WCHAR) - 2] = (WCHAR)(L'0' + Index);
    RtlInitUnicodeString(&Create.Name, Full);
    BenchCheck((ULONG)IopCreateFile(&Create, &IoStatus, &BenchFiles[Index]), "open");
}

static VOID
BenchContext(ULONG Index)
{
    PFLT_CONTEXT Context;

    BenchCheck((ULONG)FltAllocateContext(BenchFilter, FLT_STREAM_CONTEXT, sizeof(BENCH_CONTEXT), NonPagedPool, &Context), "allocate");
    BenchCheck((ULONG)FltSetStreamContext(BenchInstance, BenchFiles[Index], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), "set stream");
    FltReleaseContext(Context);
    BenchCheck((ULONG)FltAllocateContext(BenchFilter, FLT_STREAMHANDLE_CONTEXT, sizeof(BENCH_CONTEXT), NonPagedPool, &Context), "allocate");
    BenchCheck((ULONG)FltSetStreamHandleContext(BenchInstance, BenchFiles[Index], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
               "set handle");
    FltReleaseContext(Context);
}

void
bench_start(void)
{
    struct host_nt_volume Volume = {.number = 1, .fd = -1};

    vf_set_level(VF_OFF);
    BenchCheck(host_nt_start(NULL), "start");
    BenchCheck(host_nt_volume_add(&Volume), "volume");
    BenchDriver = BenchLoad("benchctx", "1000", (PVOID)BenchEntry);
    for (ULONG i = 0; i < BENCH_OBJECTS; i++) {
        BenchOpen(i);
        BenchContext(i);
    }
}

void
bench_stop(void)
{
    bool Gone;

    bench_set_filters(0);
    for (ULONG i = 0; i < BENCH_OBJECTS; i++) {
        IopCloseFile(BenchFiles[i]);
    }
    BenchCheck(host_nt_unload(BenchDriver, &Gone), "unload");
    host_nt_stop();
}

void
bench_set_filters(unsigned count)
{
    while (NoopCount < count) {
        char Service[] = "noopA";
        char Altitude[] = "200A";
        Service[4] = (char)('A' + NoopCount);
        Altitude[2] = (char)('0' + NoopCount / 10);
        Altitude[3] = (char)('0' + NoopCount % 10);
        NoopLoading = NoopCount;
        NoopDrivers[NoopCount] = BenchLoad(Service, Altitude, (PVOID)NoopEntry);
        NoopCount++;
    }
    while (NoopCount > count) {
        char Service[] = "noopA";
        bool Gone;
        NoopCount--;
        NoopLoading = NoopCount;
        Service[4] = (char)('A' + NoopCount);
        BenchCheck(host_nt_unload(NoopDrivers[NoopCount], &Gone), "unload");
        host_nt_service_delete(Service);
    }
}

void
bench_get_release_stream(unsigned object)
{
    PFLT_CONTEXT Context;

    if (NT_SUCCESS(FltGetStreamContext(BenchInstance, BenchFiles[object], &Context))) {
        FltReleaseContext(Context);
    }
}

void
bench_get_release_handle(unsigned object)
{
    PFLT_CONTEXT Context;

    if (NT_SUCCESS(FltGetStreamHandleContext(BenchInstance, BenchFiles[object], &Context))) {
        FltReleaseContext(Context);
    }
}

/* Takes the handle's context off and puts it back. */
void
bench_set_delete_stream(unsigned object)
{
    PFLT_CONTEXT Old = NULL;

    (VOID)FltDeleteStreamHandleContext(BenchInstance, BenchFiles[object], &Old);
    (VOID)FltSetStreamHandleContext(BenchInstance, BenchFiles[object], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Old, NULL);
    FltReleaseContext(Old);
}

void
bench_operation(unsigned object)
{
    FILE_INTERNAL_INFORMATION Information;
    ULONG Returned;

    (VOID)IopQueryInformation(BenchFiles[object], FileInternalInformation, &Information, sizeof(Information), UserMode, &Returned);
}

/* SPDX-License-Identifier: MIT */
/*
 * The NT side of the micro benchmarks.  One filter ("benchctx") owns the contexts that are measured; up to 16 no-op filters stand above
 * it for the cost of an operation, and up to 16 devices of a legacy filter on a volume of their own.  All of them are functions of this program,
 * loaded as services, the minifilters with altitudes.
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
static PFILE_OBJECT BenchBareFiles[BENCH_OBJECTS];   /* on a volume whose stack is the file system alone */
static PFLT_VOLUME BenchVolume;                 /* the one that is filtered */

static PFILE_OBJECT BenchLegacyFiles[BENCH_OBJECTS]; /* on a volume with legacy filters above the file system, and nothing else */
static PVOID LegacyDriver;
static PDRIVER_OBJECT LegacyDriverObject;
static PDEVICE_OBJECT LegacyDevices[MAX_FILTERS];
static ULONG LegacyCount;

static PFLT_FILTER NoopFilters[MAX_FILTERS];
static PFLT_INSTANCE NoopInstances[MAX_FILTERS];
static _Atomic(ULONGLONG) NoopCalls;            /* of the post-operation, while bench_set_filters checks */
static BOOLEAN NoopChecking;
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
    if (FltObjects->Volume != BenchVolume) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
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
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume1");

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &BenchRegistration, &BenchFilter);
    if (NT_SUCCESS(Status)) {
        Status = FltGetVolumeFromName(BenchFilter, &Name, &BenchVolume);
    }
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
    if (NoopChecking) {
        NoopCalls++;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* The same with the stream's context taken and given back. */
static FLT_PREOP_CALLBACK_STATUS FLTAPI
LookPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    PFLT_CONTEXT Context;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (NT_SUCCESS(FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Context))) {
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static NTSTATUS FLTAPI
NoopInstanceSetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE FileSystem)
{
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(FileSystem);
    if (FltObjects->Volume != BenchVolume) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    NoopInstances[NoopLoading] = FltObjects->Instance;
    return STATUS_SUCCESS;
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

static const FLT_OPERATION_REGISTRATION LookOperations[] = {
    {IRP_MJ_QUERY_INFORMATION, 0, LookPre, NoopPost, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static FLT_REGISTRATION NoopRegistration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = BenchContexts,
    .OperationRegistration = NoopOperations,
    .FilterUnloadCallback = NoopUnload,
    .InstanceSetupCallback = NoopInstanceSetup,
};

static NTSTATUS
NoopEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &NoopRegistration, &NoopFilters[NoopLoading]);
    return NT_SUCCESS(Status) ? FltStartFiltering(NoopFilters[NoopLoading]) : Status;
}

/* ---- a legacy filter that sees each request before and after, and does nothing ---- */

typedef struct LEGACY_EXTENSION {
    PDEVICE_OBJECT Lower;
} LEGACY_EXTENSION;

static NTSTATUS NTAPI
LegacyDone(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Context);
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    if (NoopChecking) {
        NoopCalls++;
    }
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS NTAPI
LegacyPass(PDEVICE_OBJECT Device, PIRP Irp)
{
    LEGACY_EXTENSION *Extension = Device->DeviceExtension;

    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, LegacyDone, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(Extension->Lower, Irp);
}

static VOID NTAPI
LegacyUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

static NTSTATUS
LegacyEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = LegacyPass;
    }
    DriverObject->DriverUnload = LegacyUnload;
    LegacyDriverObject = DriverObject;
    return STATUS_SUCCESS;
}

static VOID
LegacyDetach(VOID)
{
    PDEVICE_OBJECT Device = LegacyDevices[--LegacyCount];

    IoDetachDevice(((LEGACY_EXTENSION *)Device->DeviceExtension)->Lower);
    IoDeleteDevice(Device);
}

void
bench_set_legacy(unsigned count)
{
    while (LegacyCount > count) {
        LegacyDetach();
    }
    while (LegacyCount < count) {
        PDEVICE_OBJECT Device;
        BenchCheck((ULONG)IoCreateDevice(LegacyDriverObject, sizeof(LEGACY_EXTENSION), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device),
                   "device");
        LEGACY_EXTENSION *Extension = Device->DeviceExtension;
        BenchCheck((ULONG)IoAttachDeviceToDeviceStackSafe(Device, IopBaseDevice(BenchLegacyFiles[0]), &Extension->Lower), "attach");
        Device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        LegacyDevices[LegacyCount++] = Device;
    }
    NoopCalls = 0;
    NoopChecking = TRUE;
    bench_operation_legacy(0);
    NoopChecking = FALSE;
    if (NoopCalls != count) {
        port_fatal("bench: %u legacy filters are attached, %llu were called", count, (unsigned long long)NoopCalls);
    }
}

/* Instance names are unique on a volume: each is named after its service. */
static PVOID
BenchLoad(const char *Service, const char *Altitude, PVOID Entry)
{
    PVOID Driver = NULL;
    char Instance[64] = "Instances\\";

    memcpy(Instance + strlen(Instance), Service, strlen(Service) + 1);
    BenchCheck(host_nt_service_create(Service), "service key");
    BenchCheck(host_nt_service_value(Service, "Instances", "DefaultInstance", REG_SZ, Service, strlen(Service) + 1), "DefaultInstance");
    BenchCheck(host_nt_service_value(Service, Instance, "Altitude", REG_SZ, Altitude, strlen(Altitude) + 1), "Altitude");
    BenchCheck(host_nt_load(Service, Entry, vf_owner_create(Service), &Driver), Service);
    return Driver;
}

static VOID
BenchOpen(ULONG Volume, ULONG Index, PFILE_OBJECT *File)
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

    Full[sizeof(L"\\Device\\HarddiskVolume") / sizeof(WCHAR) - 1] = (WCHAR)(L'0' + Volume);
    Full[sizeof(Full) / sizeof(WCHAR) - 2] = (WCHAR)(L'0' + Index);
    RtlInitUnicodeString(&Create.Name, Full);
    BenchCheck((ULONG)IopCreateFile(&Create, &IoStatus, File), "open");
}

static VOID
BenchStreamContext(PFLT_FILTER Filter, PFLT_INSTANCE Instance, ULONG Index)
{
    PFLT_CONTEXT Context;

    BenchCheck((ULONG)FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(BENCH_CONTEXT), NonPagedPool, &Context), "allocate");
    BenchCheck((ULONG)FltSetStreamContext(Instance, BenchFiles[Index], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), "set stream");
    FltReleaseContext(Context);
}

static VOID
BenchContext(ULONG Index)
{
    PFLT_CONTEXT Context;

    BenchStreamContext(BenchFilter, BenchInstance, Index);
    BenchCheck((ULONG)FltAllocateContext(BenchFilter, FLT_STREAMHANDLE_CONTEXT, sizeof(BENCH_CONTEXT), NonPagedPool, &Context), "allocate");
    BenchCheck((ULONG)FltSetStreamHandleContext(BenchInstance, BenchFiles[Index], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
               "set handle");
    FltReleaseContext(Context);
}

void
bench_start(void)
{
    struct host_nt_volume Volume = {.number = 1, .fd = -1}, Bare = {.number = 2, .fd = -1}, Legacy = {.number = 3, .fd = -1};

    vf_set_level(VF_OFF);
    BenchCheck(host_nt_start(NULL), "start");
    BenchCheck(host_nt_volume_add(&Volume), "volume");
    BenchCheck(host_nt_volume_add(&Bare), "volume");
    BenchCheck(host_nt_volume_add(&Legacy), "volume");
    BenchCheck(host_nt_service_create("benchlegacy"), "service key");
    BenchCheck(host_nt_load("benchlegacy", (PVOID)LegacyEntry, vf_owner_create("benchlegacy"), &LegacyDriver), "benchlegacy");
    BenchDriver = BenchLoad("benchctx", "1000", (PVOID)BenchEntry);
    for (ULONG i = 0; i < BENCH_OBJECTS; i++) {
        BenchOpen(1, i, &BenchFiles[i]);
        BenchContext(i);
        BenchOpen(2, i, &BenchBareFiles[i]);
        BenchOpen(3, i, &BenchLegacyFiles[i]);
    }
    IoDetachDevice(IopBaseDevice(BenchBareFiles[0]));   /* takes the filter manager's device off */
    IoDetachDevice(IopBaseDevice(BenchLegacyFiles[0]));
}

void
bench_stop(void)
{
    struct host_nt_unloaded Gone;

    bench_set_filters(0, false);
    bench_set_legacy(0);
    for (ULONG i = 0; i < BENCH_OBJECTS; i++) {
        IopCloseFile(BenchFiles[i]);
        IopCloseFile(BenchBareFiles[i]);
        IopCloseFile(BenchLegacyFiles[i]);
    }
    BenchCheck(host_nt_unload(LegacyDriver, &Gone), "unload");
    FltObjectDereference(BenchVolume);
    BenchCheck(host_nt_unload(BenchDriver, &Gone), "unload");
    host_nt_stop();
}

static VOID
BenchNoopName(ULONG Number, char *Service, char *Altitude)
{
    memcpy(Service, "noopA", 6);
    memcpy(Altitude, "2000", 5);
    Service[4] = (char)('A' + Number);
    Altitude[2] = (char)('0' + Number / 10);
    Altitude[3] = (char)('0' + Number % 10);
}

static VOID
BenchNoopUnload(VOID)
{
    char Service[8], Altitude[8];
    struct host_nt_unloaded Gone;

    NoopLoading = --NoopCount;
    BenchNoopName(NoopCount, Service, Altitude);
    BenchCheck(host_nt_unload(NoopDrivers[NoopCount], &Gone), "unload");
    host_nt_service_delete(Service);
}

/* Every filter's post-operation really runs. */
static VOID
BenchVerify(VOID)
{
    NoopCalls = 0;
    NoopChecking = TRUE;
    bench_operation(0);
    NoopChecking = FALSE;
    if (NoopCalls != NoopCount) {
        port_fatal("bench: %u filters are loaded, %llu were called", (unsigned)NoopCount, (unsigned long long)NoopCalls);
    }
}

void
bench_set_filters(unsigned count, bool look)
{
    static bool Looking;

    while (NoopCount > (Looking == look ? count : 0)) {
        BenchNoopUnload();
    }
    Looking = look;
    NoopRegistration.OperationRegistration = look ? LookOperations : NoopOperations;
    while (NoopCount < count) {
        char Service[8], Altitude[8];
        BenchNoopName(NoopCount, Service, Altitude);
        NoopLoading = NoopCount;
        NoopDrivers[NoopCount] = BenchLoad(Service, Altitude, (PVOID)NoopEntry);
        for (ULONG i = 0; i < BENCH_OBJECTS; i++) {
            BenchStreamContext(NoopFilters[NoopCount], NoopInstances[NoopCount], i);
        }
        NoopCount++;
    }
    BenchVerify();
}

void
bench_get_release_stream(unsigned object, unsigned times)
{
    PFLT_CONTEXT Context;

    for (unsigned i = 0; i < times; i++) {
        if (NT_SUCCESS(FltGetStreamContext(BenchInstance, BenchFiles[object], &Context))) {
            FltReleaseContext(Context);
        }
    }
}

void
bench_get_release_handle(unsigned object, unsigned times)
{
    PFLT_CONTEXT Context;

    for (unsigned i = 0; i < times; i++) {
        if (NT_SUCCESS(FltGetStreamHandleContext(BenchInstance, BenchFiles[object], &Context))) {
            FltReleaseContext(Context);
        }
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

static VOID
BenchQuery(PFILE_OBJECT File)
{
    FILE_INTERNAL_INFORMATION Information;
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {.FileObject = File, .OutputBuffer = &Information, .OutputLength = sizeof(Information), .RequestorMode = UserMode};

    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.Length = sizeof(Information);
    Request.Stack.Parameters.QueryFile.FileInformationClass = FileInternalInformation;
    (VOID)IopRequest(&Request, &IoStatus);
}

void
bench_operation(unsigned object)
{
    BenchQuery(BenchFiles[object]);
}

void
bench_operation_bare(unsigned object)
{
    BenchQuery(BenchBareFiles[object]);
}

void
bench_operation_legacy(unsigned object)
{
    BenchQuery(BenchLegacyFiles[object]);
}

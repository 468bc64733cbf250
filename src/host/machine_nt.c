/* SPDX-License-Identifier: MIT */
/* The NT side of host: starts and stops the layers, mounts volumes, drives FltMgr; see host.h. */
#include "host/host.h"

#include <ntifs.h>
#include <string.h>

#include "cm/cmp.h"
#include "ex/exp.h"
#include "fltmgr/fltmgr.h"
#include "fltmgr/fltp.h"
#include "fs/hostfs/hfs.h"
#include "fs/memfs/mfs.h"
#include "fsrtl/fsrtlp.h"
#include "io/iop.h"
#include "io/iopp.h"
#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"
#include "rtl/rtlp.h"

#include "host/ramdisk.h"

#define HOST_MAX_VOLUMES 64
#define HOST_NAME_CHARS 4096

/* One caller at a time (host/fbed.c holds the machine's lock). */
enum { HOST_NO_VOLUME, HOST_MEMORY, HOST_DIRECTORY, HOST_DISK };
static struct {
    struct { UCHAR Kind; PDEVICE_OBJECT Device; } Volumes[HOST_MAX_VOLUMES + 1];
    bool (*WaitHook)(vf_owner *owner, unsigned seconds);
} HostMachine;

/* Filters that are gone, kept for the report.  HostRetiredLock. */
static port_lock HostRetiredLock;
static struct HOST_RETIRED {
    struct HOST_RETIRED *Next;
    struct host_nt_filter Filter;
} *HostRetired;

/* ---- text ---- */

/* UTF-8 to a string in port memory (port_free(String->Buffer)), NUL-terminated. */
static NTSTATUS
HostpString(PUNICODE_STRING String, const char *Text, SIZE_T Bytes)
{
    SIZE_T Units = RtlpUtf8ToUtf16(NULL, 0, Text, Bytes);

    if (Units >= 32767) {
        return STATUS_NAME_TOO_LONG;
    }
    String->Buffer = port_alloc((Units + 1) * sizeof(WCHAR));
    if (String->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlpUtf8ToUtf16(String->Buffer, Units, Text, Bytes);
    String->Buffer[Units] = 0;
    String->Length = (USHORT)(Units * sizeof(WCHAR));
    String->MaximumLength = (USHORT)(String->Length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static void
HostpText(char *Text, size_t Size, PCUNICODE_STRING String)
{
    SIZE_T Used = RtlpUtf16ToUtf8(Text, Size - 1, String->Buffer, String->Length / sizeof(WCHAR));

    Text[Used < Size - 1 ? Used : Size - 1] = 0;
}

/* ---- life ---- */

static BOOLEAN
HostpUnloadWaits(PFLT_FILTER Filter, ULONG Seconds, PVOID Context)
{
    (void)Context;
    return HostMachine.WaitHook != NULL && HostMachine.WaitHook(Filter->Owner, Seconds);
}

static void
HostpDescribe(const FLTP_FILTER_REPORT *Report, struct host_nt_filter *Filter)
{
    memset(Filter, 0, sizeof(*Filter));
    HostpText(Filter->name, sizeof(Filter->name), &Report->Name);
    HostpText(Filter->altitude, sizeof(Filter->altitude), &Report->Altitude);
    Filter->owner = Report->Owner;
    Filter->dead = Report->Dead;
    Filter->instances = Report->Instances;
    Filter->started = Report->Started;
    Filter->definitions = Report->Definitions;
    Filter->no_automatic = Report->NoAutomatic;
    Filter->attached = Report->Attached;
    Filter->setup_status = (uint32_t)Report->SetupStatus;
    Filter->attach_status = (uint32_t)Report->AttachStatus;
    for (ULONG i = 0; i < Report->MajorCount && i < 64; i++) {
        struct host_nt_operation *Operation = &Filter->operations[Filter->operation_count++];
        Operation->name = FltpMajorName(Report->Majors[i].Major);
        Operation->pre = Report->Majors[i].Pre;
        Operation->post = Report->Majors[i].Post;
    }
}

static VOID
HostpFilterRetired(const FLTP_FILTER_REPORT *Report, PVOID Context)
{
    struct HOST_RETIRED *Retired = port_alloc_zeroed(sizeof(*Retired));

    (void)Context;
    if (Retired == NULL) {
        return;
    }
    HostpDescribe(Report, &Retired->Filter);
    Retired->Filter.retired = true;
    port_lock_acquire(&HostRetiredLock);
    Retired->Next = HostRetired;
    HostRetired = Retired;
    port_lock_release(&HostRetiredLock);
}

uint32_t
host_nt_start(void (*fatal)(const struct port_fault_info *info))
{
    KiSetFaultFatal(fatal);
    KeInitialize();
    ObpInitialize();
    CmpInitialize();
    PspInitialize();
    IopInitialize();
    FsRtlpInitialize();
    NTSTATUS Status = FltpInitialize();
    if (NT_SUCCESS(Status)) {
        Status = MfsInitialize();
    }
    if (NT_SUCCESS(Status)) {
        Status = HfsInitialize();
    }
    if (NT_SUCCESS(Status)) {
        FltpSetWaitHook(HostpUnloadWaits, NULL);
        FltpSetRetiredHook(HostpFilterRetired, NULL);
        vf_set_file_hook(FsbFileNumber);
    }
    return (uint32_t)Status;
}

unsigned
host_nt_report_waiting(unsigned seconds, enum host_held action, char *text, size_t size)
{
    return IopReportWaiting(seconds, action == HOST_HELD_NOTE ? IopHeldNote : action == HOST_HELD_END ? IopHeldEnd : IopHeldFinish, text, size);
}

bool
host_nt_dispatched_name(char *name, size_t size)
{
    return IopDispatchedName(name, size);
}

void
host_nt_check_freed(vf_owner *owner)
{
    ExpPoolQuarantineEmpty(owner);
}

/* Opened at the file system: no filter sees it. */
uint64_t
host_nt_file_number(const char *name)
{
    PDEVICE_OBJECT Device = NULL;
    WCHAR Buffer[HOST_NAME_CHARS];
    const SIZE_T Units = RtlpUtf8ToUtf16(Buffer, HOST_NAME_CHARS, name, strlen(name));
    IO_STATUS_BLOCK IoStatus;
    uint64_t Number = 0;
    PFILE_OBJECT File;

    for (unsigned i = 1; i <= HOST_MAX_VOLUMES && Device == NULL; i++) {
        Device = HostMachine.Volumes[i].Kind != HOST_NO_VOLUME ? HostMachine.Volumes[i].Device : NULL;
    }
    if (Device == NULL || Device->Vpb == NULL || Device->Vpb->DeviceObject == NULL || Units > HOST_NAME_CHARS) {
        return 0;
    }
    const IOP_CREATE Create = { .Device = Device, .HintDevice = Device->Vpb->DeviceObject,
        .Name = { (USHORT)(Units * sizeof(WCHAR)), (USHORT)(Units * sizeof(WCHAR)), Buffer }, .DesiredAccess = FILE_READ_ATTRIBUTES,
        .Disposition = FILE_OPEN, .CreateOptions = FILE_OPEN_REPARSE_POINT, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .RequestorMode = KernelMode };
    if (NT_SUCCESS(IopCreateFile(&Create, &IoStatus, &File))) {
        Number = FsbFileNumber(File);
        IopCloseFile(File);
    }
    return Number;
}

void
host_nt_filter_manager(void)
{
    FltpWatchFileSystems();
}

void
host_nt_stop(void)
{
    FltpShutdown();
    IopShutdown();
    port_rcu_barrier();
}

void
host_nt_set_wait_hook(bool (*hook)(vf_owner *owner, unsigned seconds))
{
    HostMachine.WaitHook = hook;
}

/* ---- volumes ---- */

/* L"<Prefix><Number>", L"\\DosDevices\\<Letter>:" for volume Number. */
static VOID
HostpVolumeNames(unsigned Number, PWCHAR Device, PUNICODE_STRING Name, PWCHAR Dos, PUNICODE_STRING Link)
{
    static const WCHAR Prefix[] = L"\\Device\\HarddiskVolume", Letters[] = L"\\DosDevices\\C:";
    SIZE_T Length = sizeof(Prefix) / sizeof(WCHAR) - 1;

    memcpy(Device, Prefix, sizeof(Prefix));
    if (Number >= 10) {
        Device[Length++] = (WCHAR)(L'0' + Number / 10);
    }
    Device[Length++] = (WCHAR)(L'0' + Number % 10);
    Device[Length] = 0;
    RtlInitUnicodeString(Name, Device);
    memcpy(Dos, Letters, sizeof(Letters));
    Dos[sizeof(Letters) / sizeof(WCHAR) - 3] = (WCHAR)(L'C' + Number - 1);
    RtlInitUnicodeString(Link, Dos);
}

static NTSTATUS
HostpDiskAdd(const struct host_nt_volume *volume, PDEVICE_OBJECT *Device)
{
    WCHAR NameBuffer[40], LinkBuffer[20];
    UNICODE_STRING Name, Link;

    HostpVolumeNames(volume->number, NameBuffer, &Name, LinkBuffer, &Link);
    NTSTATUS Status = HostDiskCreate(&Name, volume->disk_bytes, Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (volume->number <= 24) {
        IoCreateSymbolicLink(&Link, &Name);
    }
    Status = IopVolumeMountByAnybody(*Device);
    if (!NT_SUCCESS(Status)) {
        IoDeleteSymbolicLink(&Link);
        HostDiskDelete(*Device);
    }
    return Status;
}

/* The file system hears of it, if it wants to; then the stack above it goes. */
static VOID
HostpDiskRemove(unsigned number)
{
    const PDEVICE_OBJECT Device = HostMachine.Volumes[number].Device;
    const IOP_CREATE Create = { .Device = Device, .HintDevice = Device->Vpb->DeviceObject, .DesiredAccess = FILE_READ_DATA | SYNCHRONIZE,
        .Disposition = FILE_OPEN, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = KernelMode };
    WCHAR NameBuffer[40], LinkBuffer[20];
    UNICODE_STRING Name, Link;
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    if (NT_SUCCESS(IopCreateFile(&Create, &IoStatus, &File))) {
        IOP_REQUEST Request = { .FileObject = File, .StartDevice = Device->Vpb->DeviceObject, .RequestorMode = KernelMode };
        Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
        Request.Stack.MinorFunction = IRP_MN_USER_FS_REQUEST;
        Request.Stack.Parameters.FileSystemControl.FsControlCode = FSCTL_DISMOUNT_VOLUME;
        IopRequest(&Request, &IoStatus);
        IopCloseFile(File);
    }
    HostpVolumeNames(number, NameBuffer, &Name, LinkBuffer, &Link);
    IoDeleteSymbolicLink(&Link);
    IopVolumeDismount(Device);
    HostDiskDelete(Device);
}

uint32_t
host_nt_volume_add(const struct host_nt_volume *volume)
{
    NTSTATUS Status;

    if (volume->number == 0 || volume->number > HOST_MAX_VOLUMES || HostMachine.Volumes[volume->number].Kind != HOST_NO_VOLUME) {
        return (uint32_t)STATUS_INVALID_PARAMETER;
    }
    FSB_OPTIONS Options = {
        .ReadOnly = volume->read_only, .Label = L"filterbed", .RootUid = volume->uid, .RootGid = volume->gid};
    if (volume->profile != NULL && !FsbProfileFind(volume->profile, &Options.Profile)) {
        return (uint32_t)STATUS_INVALID_PARAMETER;
    }
    if (volume->number <= 24) {
        Options.DriveLetter = (WCHAR)(L'C' + volume->number - 1);
    }
    PDEVICE_OBJECT Device = NULL;
    if (volume->disk_bytes != 0) {
        Status = HostpDiskAdd(volume, &Device);
    } else if (volume->fd < 0) {
        Status = MfsVolumeCreate(volume->number, &Options, &Device);
    } else {
        Status = HfsVolumeCreate(volume->number, volume->fd, &Options, &Device);
    }
    if (NT_SUCCESS(Status)) {
        HostMachine.Volumes[volume->number].Kind = volume->disk_bytes != 0 ? HOST_DISK : volume->fd < 0 ? HOST_MEMORY : HOST_DIRECTORY;
        HostMachine.Volumes[volume->number].Device = Device;
    }
    return (uint32_t)Status;
}

void
host_nt_volume_remove(unsigned number)
{
    if (number > HOST_MAX_VOLUMES || HostMachine.Volumes[number].Kind == HOST_NO_VOLUME) {
        return;
    }
    if (HostMachine.Volumes[number].Kind == HOST_DISK) {
        HostpDiskRemove(number);
    } else if (HostMachine.Volumes[number].Kind == HOST_MEMORY) {
        MfsVolumeDelete(HostMachine.Volumes[number].Device);
    } else {
        HfsVolumeDelete(HostMachine.Volumes[number].Device);
    }
    HostMachine.Volumes[number].Kind = HOST_NO_VOLUME;
}

/* ---- services ---- */

/* "\Registry\Machine\System\CurrentControlSet\Services\<service>[\<subkey>]" */
static NTSTATUS
HostpServicePath(PUNICODE_STRING Path, const char *Service, const char *Subkey)
{
    static const char Services[] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    char Text[2048];
    SIZE_T First = sizeof(Services) - 1, Second = strlen(Service), Third = strlen(Subkey);

    if (First + Second + Third + 2 > sizeof(Text)) {
        return STATUS_NAME_TOO_LONG;
    }
    memcpy(Text, Services, First);
    memcpy(Text + First, Service, Second);
    if (Third != 0) {
        Text[First + Second++] = '\\';
        memcpy(Text + First + Second, Subkey, Third);
    }
    return HostpString(Path, Text, First + Second + Third);
}

uint32_t
host_nt_service_create(const char *service)
{
    UNICODE_STRING Path;
    NTSTATUS Status = HostpServicePath(&Path, service, "");

    if (NT_SUCCESS(Status)) {
        Status = CmpCreateKeyPath(&Path);
        port_free(Path.Buffer);
    }
    return (uint32_t)Status;
}

void
host_nt_service_delete(const char *service)
{
    UNICODE_STRING Path;

    if (NT_SUCCESS(HostpServicePath(&Path, service, ""))) {
        CmpDeleteKeyPath(&Path);
        port_free(Path.Buffer);
    }
}

static NTSTATUS
HostpSetValue(PCUNICODE_STRING Path, PCUNICODE_STRING Name, uint32_t Type, const void *Data, size_t Size)
{
    UNICODE_STRING Wide;

    if (Type != REG_SZ && Type != REG_EXPAND_SZ && Type != REG_MULTI_SZ) {
        return CmpSetValuePath(Path, Name, Type, Data, (ULONG)Size);
    }
    NTSTATUS Status = HostpString(&Wide, Data, Size);  /* NULs are text as well */
    if (NT_SUCCESS(Status)) {
        Status = CmpSetValuePath(Path, Name, Type, Wide.Buffer, Wide.Length);
        port_free(Wide.Buffer);
    }
    return Status;
}

uint32_t
host_nt_service_value(const char *service, const char *subkey, const char *name, uint32_t type, const void *data, size_t size)
{
    UNICODE_STRING Path, Name;
    NTSTATUS Status = HostpServicePath(&Path, service, subkey);

    if (!NT_SUCCESS(Status)) {
        return (uint32_t)Status;
    }
    Status = HostpString(&Name, name, strlen(name));
    if (NT_SUCCESS(Status)) {
        Status = CmpCreateKeyPath(&Path);
        if (NT_SUCCESS(Status)) {
            Status = HostpSetValue(&Path, &Name, type, data, size);
        }
        port_free(Name.Buffer);
    }
    port_free(Path.Buffer);
    return (uint32_t)Status;
}

/* ---- drivers ---- */

uint32_t
host_nt_load(const char *service, void *entry, vf_owner *owner, void **driver)
{
    UNICODE_STRING Path;
    PDRIVER_OBJECT Driver;
    NTSTATUS Status = HostpServicePath(&Path, service, "");

    *driver = NULL;
    if (!NT_SUCCESS(Status)) {
        return (uint32_t)Status;
    }
    Status = IopLoadDriver(service, (PDRIVER_INITIALIZE)entry, &Path, owner, FALSE, &Driver);
    port_free(Path.Buffer);
    if (NT_SUCCESS(Status)) {
        *driver = Driver;
    }
    return (uint32_t)Status;
}

bool
host_nt_filter_name(void *driver, char *name, size_t size)
{
    PFLT_FILTER Filter = FltpFilterOfDriver(driver);

    if (Filter == NULL) {
        return false;
    }
    HostpText(name, size, &Filter->Name);
    FltObjectDereference(Filter);
    return true;
}

static VOID
HostpNothingToUnload(PDRIVER_OBJECT Driver)
{
    (void)Driver;
}

/* FilterUnload, asked, then told.  FALSE: its driver stays. */
static BOOLEAN
HostpUnloadFilter(PDRIVER_OBJECT Driver, PUNICODE_STRING Name, struct host_nt_unloaded *Unloaded)
{
    PFLT_FILTER Filter = FltpFilterOfDriver(Driver);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Filter != NULL) {
        Unloaded->no_callback = Filter->Registration.FilterUnloadCallback == NULL && !atomic_load(&Filter->Dead);
        FltObjectDereference(Filter);
        Status = FltpUnloadFilter(Name, FALSE);
    }
    if (!NT_SUCCESS(Status) && !Unloaded->no_callback) {
        Unloaded->refused = (uint32_t)Status;
        Status = FltpUnloadFilter(Name, TRUE);
    }
    Unloaded->stays = !NT_SUCCESS(Status);
    FltpEndFilter(Driver);
    return NT_SUCCESS(Status);
}

uint32_t
host_nt_unload(void *driver, struct host_nt_unloaded *unloaded)
{
    PDRIVER_OBJECT Driver = driver;
    char Text[256];

    memset(unloaded, 0, sizeof(*unloaded));
    if (host_nt_filter_name(driver, Text, sizeof(Text))) {
        UNICODE_STRING Name;
        NTSTATUS Status = HostpString(&Name, Text, strlen(Text));
        if (!NT_SUCCESS(Status)) {
            return (uint32_t)Status;
        }
        const BOOLEAN Goes = HostpUnloadFilter(Driver, &Name, unloaded);
        port_free(Name.Buffer);
        if (!Goes) {
            return (uint32_t)STATUS_SUCCESS;
        }
        /* A minifilter needs no DriverUnload: the filter manager stands in for it. */
        if (Driver->DriverUnload == NULL) {
            Driver->DriverUnload = HostpNothingToUnload;
        }
    }
    if (Driver->DriverUnload == NULL) {
        unloaded->stays = unloaded->no_unload = true;
        return (uint32_t)STATUS_SUCCESS;
    }
    FltpFramesTrim();                          /* what is left of those that lay above it */
    NTSTATUS Status = IopUnloadDriver(Driver);
    unloaded->driver_gone = NT_SUCCESS(Status);
    if (Status == STATUS_DEVICE_BUSY) {
        unloaded->stays = unloaded->is_below = true;
        return (uint32_t)STATUS_SUCCESS;
    }
    return (uint32_t)Status;
}

void
host_nt_module_use(uintptr_t base, uintptr_t end, unsigned *timers, unsigned *dpcs, unsigned *threads)
{
    KI_MODULE_USE Use;

    KiModuleUse(base, end, &Use);
    *timers = Use.Timers;
    *dpcs = Use.Dpcs;
    *threads = Use.Threads;
}

/* ---- report ---- */

void
host_nt_legacy(void *driver, struct host_nt_filter *filter, uint64_t *completions)
{
    memset(filter, 0, sizeof(*filter));
    strcpy(filter->name, IOP_DRIVER_FROM(driver)->Name);
    filter->owner = IOP_DRIVER_FROM(driver)->Owner;
    filter->dead = atomic_load(&IOP_DRIVER_FROM(driver)->Dead) == IOP_DRIVER_FAULTED;
    filter->started = true;
    filter->instances = filter->attached = IopDriverVolumes(driver);
    for (UCHAR Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++) {
        const uint64_t Calls = IopDriverDispatched(driver, Major);
        if (Calls != 0) {
            filter->operations[filter->operation_count++] = (struct host_nt_operation){.name = IopMajorName(Major), .pre = Calls};
        }
    }
    *completions = IopDriverCompletions(driver);
}

struct HOST_FILTER_WALK {
    void (*Fn)(const struct host_nt_filter *filter, void *ctx);
    void *Context;
};

static VOID
HostpFilterLive(const FLTP_FILTER_REPORT *Report, PVOID Context)
{
    struct HOST_FILTER_WALK *Walk = Context;
    struct host_nt_filter Filter;

    HostpDescribe(Report, &Filter);
    Walk->Fn(&Filter, Walk->Context);
}

void
host_nt_filters(void (*fn)(const struct host_nt_filter *filter, void *ctx), void *ctx)
{
    struct HOST_FILTER_WALK Walk = {fn, ctx};

    FltpReportFilters(HostpFilterLive, &Walk);
    port_lock_acquire(&HostRetiredLock);
    struct HOST_RETIRED *First = HostRetired;
    port_lock_release(&HostRetiredLock);
    for (; First != NULL; First = First->Next) {
        fn(&First->Filter, ctx);
    }
}

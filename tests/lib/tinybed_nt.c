/* SPDX-License-Identifier: MIT */
/* The bed of filter manager tests: start, volumes, files, filters. */
#include "cm/cmp.h"
#include "ob/obp.h"
#include "ps/psp.h"
#include "tinyfs.h"
#include "tinyfsp.h"

/* ---- start ---- */

VOID
TinyStart(VOID)
{
    static BOOLEAN Started;

    if (Started) {
        return;
    }
    Started = TRUE;
    vf_set_level(VF_STANDARD);
    KeInitialize();
    ObpInitialize();
    CmpInitialize();
    PspInitialize();
    IopInitialize();
    if (!NT_SUCCESS(FltpInitialize())) {
        port_fatal("the filter manager does not start");
    }
}

UNICODE_STRING
TinyString(const char *Text)
{
    static _Thread_local WCHAR Ring[64][128];
    static _Thread_local ULONG Next;
    PWCH Buffer = Ring[Next++ % 64];
    UNICODE_STRING String = { .Buffer = Buffer };
    ULONG n = 0;

    for (; Text[n] != 0 && n < 127; n++) {
        Buffer[n] = (UCHAR)Text[n];
    }
    Buffer[n] = 0;
    String.Length = (USHORT)(n * sizeof(WCHAR));
    String.MaximumLength = (USHORT)(String.Length + sizeof(WCHAR));
    return String;
}

VOID
TinySleep(ULONG Milliseconds)
{
    LARGE_INTEGER Interval;

    Interval.QuadPart = -10000ll * Milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

ULONG
TinyContextCount(PFLT_CONTEXT Context)
{
    const int64_t Word = atomic_load(&FltpContextHeader(Context)->Node->Word);

    return FLTP_NODE_COUNT(Word) + ((Word & FLTP_NODE_LINKED) != 0);
}

/* ---- volumes ---- */

static PDRIVER_OBJECT
TinyDriver(const char *FileSystem)
{
    static struct { char Name[16]; PDRIVER_OBJECT Driver; } Known[8];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Known); i++) {
        if (Known[i].Driver == NULL) {
            strcpy(Known[i].Name, FileSystem);
            if (!NT_SUCCESS(IopLoadDriver(FileSystem, TinyDriverEntry, NULL, NULL, TRUE, &Known[i].Driver))) {
                port_fatal("cannot load %s", FileSystem);
            }
        }
        if (strcmp(Known[i].Name, FileSystem) == 0) {
            return Known[i].Driver;
        }
    }
    port_fatal("too many file systems");
}

TINY_VOLUME *
TinyMount(const char *FileSystem)
{
    static ULONG Number = 100;
    PDRIVER_OBJECT Driver = TinyDriver(FileSystem != NULL ? FileSystem : "tinyfs");
    TINY_VOLUME *Volume = port_alloc_zeroed(sizeof(*Volume));
    char Text[] = "\\Device\\HarddiskVolume000";

    Number++;
    Text[22] = (char)('0' + Number / 100 % 10);
    Text[23] = (char)('0' + Number / 10 % 10);
    Text[24] = (char)('0' + Number % 10);
    UNICODE_STRING Name = TinyString(Text);
    InitializeListHead(&Volume->Streams);
    InitializeListHead(&Volume->Files);
    InitializeListHead(&Volume->Pended);
    KeInitializeSpinLock(&Volume->Lock);
    Volume->PerFile = FileSystem == NULL;
    if (!NT_SUCCESS(IoCreateDevice(Driver, sizeof(PVOID), &Name, FILE_DEVICE_DISK, 0, FALSE, &Volume->Real)) ||
        !NT_SUCCESS(IoCreateDevice(Driver, sizeof(PVOID), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Volume->Device))) {
        port_fatal("no device");
    }
    *(TINY_VOLUME **)Volume->Device->DeviceExtension = Volume;
    *(TINY_VOLUME **)Volume->Real->DeviceExtension = Volume;
    if (!NT_SUCCESS(IopVolumeMount(Volume->Real, Volume->Device))) {
        port_fatal("no mount");
    }
    return Volume;
}

VOID
TinyForceTeardown(TINY_VOLUME *Volume)
{
    KIRQL Irql;

    for (;;) {
        TINY_STREAM *Stream = NULL;
        BOOLEAN FileToo = FALSE;
        KeAcquireSpinLock(&Volume->Lock, &Irql);
        for (PLIST_ENTRY Entry = Volume->Streams.Flink; Entry != &Volume->Streams; Entry = Entry->Flink) {
            TINY_STREAM *Candidate = CONTAINING_RECORD(Entry, TINY_STREAM, Links);
            if (Candidate->Opens == 0) {
                Stream = Candidate;
                FileToo = TinyStreamRemoveLocked(Stream);
                break;
            }
        }
        KeReleaseSpinLock(&Volume->Lock, Irql);
        if (Stream == NULL) {
            return;
        }
        TinyStreamFree(Stream, FileToo);
    }
}

VOID
TinyDismount(TINY_VOLUME *Volume)
{
    TinyForceTeardown(Volume);
    IopVolumeDismount(Volume->Real);
    IoDeleteDevice(Volume->Device);
    IoDeleteDevice(Volume->Real);
    port_free(Volume);
}

PFLT_VOLUME
TinyFltVolume(TINY_VOLUME *Volume)
{
    PFLT_VOLUME Found = FltpVolumeOfDevice(Volume->Device, NULL);

    FltpCountRelease(&Found->Object.References);
    return Found;
}

VOID
TinyWaitSuspended(TINY_VOLUME *Volume)
{
    PFLT_VOLUME Flt = TinyFltVolume(Volume);
    BOOLEAN Found = FALSE;

    while (!Found) {
        port_lock_acquire(&Flt->FlightLock);
        for (PLIST_ENTRY Entry = Flt->InFlight.Flink; Entry != &Flt->InFlight; Entry = Entry->Flink) {
            Found = Found || CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks)->Suspended;
        }
        port_lock_release(&Flt->FlightLock);
        if (!Found) {
            TinySleep(1);
        }
    }
    TinySleep(2);
}

/* ---- files ---- */

PFILE_OBJECT
TinyOpen(TINY_VOLUME *Volume, const char *Name, NTSTATUS *Status)
{
    IOP_CREATE Create = { .Device = Volume->Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA,
        .Disposition = FILE_OPEN_IF, .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File = NULL;

    NTSTATUS Result = IopCreateFile(&Create, &IoStatus, &File);
    if (Status != NULL) {
        *Status = Result;
    }
    return File;
}

VOID
TinyClose(PFILE_OBJECT File)
{
    IopCloseFile(File);
}

NTSTATUS
TinyRead(PFILE_OBJECT File, PVOID Buffer, ULONG Length, LONGLONG Offset)
{
    IO_STATUS_BLOCK IoStatus;

    return IopRead(File, Buffer, Length, Offset, 0, UserMode, &IoStatus);
}

NTSTATUS
TinyWrite(PFILE_OBJECT File, const VOID *Buffer, ULONG Length, LONGLONG Offset)
{
    IO_STATUS_BLOCK IoStatus;

    return IopWrite(File, Buffer, Length, Offset, 0, UserMode, &IoStatus);
}

NTSTATUS
TinyQueryBasic(PFILE_OBJECT File)
{
    FILE_BASIC_INFORMATION Basic;
    ULONG Returned;

    return IopQueryInformation(File, FileBasicInformation, &Basic, sizeof(Basic), UserMode, &Returned);
}

static void
TinyReadThread(void *Argument)
{
    TINY_ASYNC *Async = Argument;

    Async->ThreadId = port_thread_id();
    Async->Status = TinyRead(Async->File, Async->Buffer, Async->Length, Async->Offset);
}

VOID
TinyReadStart(TINY_ASYNC *Async, PFILE_OBJECT File)
{
    memset(Async, 0, sizeof(*Async));
    Async->File = File;
    Async->Length = sizeof(Async->Buffer);
    if (port_thread_start(&Async->Thread, TinyReadThread, Async, "read") != 0) {
        port_fatal("no thread");
    }
}

VOID
TinyReadWait(TINY_ASYNC *Async)
{
    port_thread_join(Async->Thread);
}

/* ---- filters ---- */

static VOID
TinyKeySet(const char *Path, const char *Name, ULONG Type, const VOID *Data, ULONG Length)
{
    UNICODE_STRING Key = TinyString(Path);

    CmpCreateKeyPath(&Key);
    if (Name != NULL) {
        UNICODE_STRING Value = TinyString(Name);
        if (!NT_SUCCESS(CmpSetValuePath(&Key, &Value, Type, Data, Length))) {
            port_fatal("no registry value");
        }
    }
}

static VOID
TinyKeyString(const char *Path, const char *Name, const char *Text)
{
    UNICODE_STRING String = TinyString(Text);

    TinyKeySet(Path, Name, REG_SZ, String.Buffer, String.Length + sizeof(WCHAR));
}

static VOID
TinyKeyInstance(const char *Instances, const char *Name, const char *Altitude, ULONG Flags)
{
    char Path[160];

    strcpy(Path, Instances);
    strcat(Path, "\\");
    strcat(Path, Name);
    TinyKeyString(Path, "Altitude", Altitude);
    TinyKeySet(Path, "Flags", REG_DWORD, &Flags, sizeof(Flags));
}

VOID
TinyFilterKeys(const TINY_FILTER *Filter)
{
    char Path[120] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    char Default[40];

    strcat(Path, Filter->Name);
    UNICODE_STRING Key = TinyString(Path);
    CmpDeleteKeyPath(&Key);
    strcat(Path, Filter->NewLayout ? "\\Parameters\\Instances" : "\\Instances");
    strcpy(Default, Filter->Name);
    strcat(Default, " Instance");
    TinyKeyString(Path, "DefaultInstance", Default);
    TinyKeyInstance(Path, Default, Filter->Altitude, Filter->InstanceFlags);
    if (Filter->SecondInstance != NULL) {
        TinyKeyInstance(Path, Filter->SecondInstance, Filter->SecondAltitude, Filter->InstanceFlags);
    }
}

static TINY_FILTER *TinyLoading;
static PFLT_FILTER TinyUnloading;

NTSTATUS
TinyUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(TinyUnloading);
    return STATUS_SUCCESS;
}

static NTSTATUS
TinyFilterEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    TINY_FILTER *Filter = TinyLoading;

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(Driver, &Filter->Registration, &Filter->Filter);
    Filter->RegisterStatus = Status;
    if (NT_SUCCESS(Status) && !Filter->NoStart) {
        Status = FltStartFiltering(Filter->Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter->Filter);
        }
    }
    return Status;
}

NTSTATUS
TinyFilterLoad(TINY_FILTER *Filter)
{
    TinyStart();
    TinyFilterKeys(Filter);
    Filter->Owner = vf_owner_create(Filter->Name);
    if (Filter->Registration.Version == 0) {
        Filter->Registration.Version = FLT_REGISTRATION_VERSION;
        Filter->Registration.Size = sizeof(FLT_REGISTRATION);
    }
    if (Filter->Registration.FilterUnloadCallback == NULL) {
        Filter->Registration.FilterUnloadCallback = TinyUnload;
    }
    TinyLoading = Filter;
    return IopLoadDriver(Filter->Name, TinyFilterEntry, NULL, Filter->Owner, FALSE, &Filter->Driver);
}

NTSTATUS
TinyFilterUnload(TINY_FILTER *Filter)
{
    UNICODE_STRING Name = TinyString(Filter->Name);

    TinyUnloading = Filter->Filter;
    NTSTATUS Status = FltpUnloadFilter(&Name, FALSE);
    if (NT_SUCCESS(Status)) {
        Status = IopUnloadDriver(Filter->Driver);
    }
    return Status;
}

PFLT_INSTANCE
TinyInstance(TINY_FILTER *Filter, TINY_VOLUME *Volume)
{
    PFLT_INSTANCE Instance = FltpInstanceFind(Filter->Filter, TinyFltVolume(Volume), NULL);

    if (Instance != NULL) {
        FltpCountRelease(&Instance->Object.References);
    }
    return Instance;
}

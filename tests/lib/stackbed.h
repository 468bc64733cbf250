/* SPDX-License-Identifier: MIT */
/*
 * Stacks of legacy filters and minifilters over a volume in memory, in any order of loading.  Each filter has a letter: legacy filters A to F,
 * minifilters a to f.  While Tracing is set each adds its letter to Trace when a request of Only passes it on its way down.
 */
#ifndef FB_TESTS_LIB_STACKBED_H
#define FB_TESTS_LIB_STACKBED_H

#include "../fltmgr/testnt.h"

#include "cm/cmp.h"
#include "fltmgr/fltmgr.h"
#include "fltmgr/frame.h"
#include "fs/memfs/mfs.h"
#include "io/iopp.h"

#define FILTERS 6
#define VOLUME_NAME "\\Device\\HarddiskVolume7"

static char Trace[64];
static ULONG Traced;
static BOOLEAN Tracing;
static UCHAR Only = IRP_MJ_CREATE;
static PDEVICE_OBJECT Real;

static inline void
TraceAdd(char Letter, UCHAR Major)
{
    if (Tracing && Major == Only && Traced < sizeof(Trace) - 1) {
        Trace[Traced++] = Letter;
        Trace[Traced] = 0;
    }
}

static inline void
TraceStart(UCHAR Major)
{
    Traced = 0;
    Trace[0] = 0;
    Only = Major;
    Tracing = TRUE;
}

/* ---- legacy filters ---- */

typedef enum LEGACY_STYLE { LegacySkips, LegacyCompletes, LegacyWaits, LegacyPends, LegacyStyles } LEGACY_STYLE;
typedef struct LEGACY {
    PDRIVER_OBJECT Driver;                     /* NULL: not loaded */
    vf_owner *Owner;
    LEGACY_STYLE Style;                        /* how it passes requests on */
    BOOLEAN Late;                              /* it looks for volumes that were mounted before it came */
    BOOLEAN Stays;                             /* StackEmpty leaves it: it lies below the filter manager */
    _Atomic(ULONG) Held;                       /* requests that have not come back to it */
} LEGACY;
static LEGACY Legacies[FILTERS];
typedef struct LEGACY_DEVICE { PDEVICE_OBJECT Lower; LEGACY *Legacy; BOOLEAN Volume; } LEGACY_DEVICE;

static LEGACY *
LegacyOf(PDRIVER_OBJECT Driver)
{
    for (ULONG i = 0; i < FILTERS; i++) {
        if (Legacies[i].Driver == Driver) {
            return &Legacies[i];
        }
    }
    fail_msg("whose driver is that?");
    return NULL;
}

static VOID
LegacyAttach(LEGACY *Legacy, PDEVICE_OBJECT Target, BOOLEAN Volume)
{
    PDEVICE_OBJECT Device;

    assert_status(IoCreateDevice(Legacy->Driver, sizeof(LEGACY_DEVICE), NULL, Target->DeviceType, 0, FALSE, &Device), STATUS_SUCCESS);
    *(LEGACY_DEVICE *)Device->DeviceExtension = (LEGACY_DEVICE){ .Legacy = Legacy, .Volume = Volume };
    assert_status(IoAttachDeviceToDeviceStackSafe(Device, Target, &((LEGACY_DEVICE *)Device->DeviceExtension)->Lower), STATUS_SUCCESS);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
}

static NTSTATUS
LegacyCompletion(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    (void)Device;
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    atomic_fetch_sub(&((LEGACY *)Context)->Held, 1);
    return STATUS_SUCCESS;
}

typedef struct LEGACY_LATER { WORK_QUEUE_ITEM Item; PDEVICE_OBJECT Lower; PIRP Irp; LEGACY *Legacy; } LEGACY_LATER;

static VOID
LegacySend(PVOID Parameter)
{
    LEGACY_LATER Later = *(LEGACY_LATER *)Parameter;

    port_free(Parameter);
    IoCopyCurrentIrpStackLocationToNext(Later.Irp);
    IoSetCompletionRoutine(Later.Irp, LegacyCompletion, Later.Legacy, TRUE, TRUE, TRUE);
    IoCallDriver(Later.Lower, Later.Irp);
}

/* From a thread of the system; a create has to stay in its own. */
static NTSTATUS
LegacyPend(LEGACY *Legacy, PDEVICE_OBJECT Lower, PIRP Irp)
{
    LEGACY_LATER *Later = port_alloc_zeroed(sizeof(*Later));

    *Later = (LEGACY_LATER){ .Lower = Lower, .Irp = Irp, .Legacy = Legacy };
    IoMarkIrpPending(Irp);
    ExInitializeWorkItem(&Later->Item, LegacySend, Later);
    ExQueueWorkItem(&Later->Item, DelayedWorkQueue);
    return STATUS_PENDING;
}

static NTSTATUS
LegacyWait(PDEVICE_OBJECT Lower, PIRP Irp)
{
    if (!IoForwardIrpSynchronously(Lower, Irp)) {
        Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    }
    const NTSTATUS Status = Irp->IoStatus.Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
LegacyMount(LEGACY *Legacy, PDEVICE_OBJECT Lower, PIRP Irp)
{
    const PDEVICE_OBJECT Disk = IoGetCurrentIrpStackLocation(Irp)->Parameters.MountVolume.Vpb->RealDevice;

    assert_true(IoForwardIrpSynchronously(Lower, Irp));
    const NTSTATUS Status = Irp->IoStatus.Status;
    if (NT_SUCCESS(Status)) {
        LegacyAttach(Legacy, Disk->Vpb->DeviceObject, TRUE);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
LegacyDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    const LEGACY_DEVICE *Extension = Device->DeviceExtension;
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    LEGACY *Legacy = Extension->Legacy;

    if (!Extension->Volume) {
        if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL && Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
            return LegacyMount(Legacy, Extension->Lower, Irp);
        }
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Extension->Lower, Irp);
    }
    TraceAdd((char)('A' + (Legacy - Legacies)), Stack->MajorFunction);
    if (Legacy->Style == LegacySkips || Stack->MajorFunction == IRP_MJ_CLOSE) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Extension->Lower, Irp);
    }
    if (Legacy->Style == LegacyWaits) {
        return LegacyWait(Extension->Lower, Irp);
    }
    atomic_fetch_add(&Legacy->Held, 1);
    if (Legacy->Style == LegacyPends && (Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE)) {
        return LegacyPend(Legacy, Extension->Lower, Irp);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, LegacyCompletion, Legacy, TRUE, TRUE, TRUE);
    return IoCallDriver(Extension->Lower, Irp);
}

static VOID
LegacyFastDetach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target)
{
    IoDetachDevice(Target);
    IoDeleteDevice(Source);
}

/* The one that waits wants to see an open. */
static BOOLEAN
LegacyFastQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Network, PDEVICE_OBJECT Device)
{
    const LEGACY_DEVICE *Extension = Device->DeviceExtension;
    const PFAST_IO_DISPATCH Table = Extension->Lower->DriverObject->FastIoDispatch;

    if (Extension->Legacy->Style == LegacyWaits || Table == NULL || Table->FastIoQueryOpen == NULL) {
        return FALSE;
    }
    IoGetCurrentIrpStackLocation(Irp)->DeviceObject = Extension->Lower;
    return Table->FastIoQueryOpen(Irp, Network, Extension->Lower);
}
static FAST_IO_DISPATCH LegacyFastIo = { .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH), .FastIoDetachDevice = LegacyFastDetach,
    .FastIoQueryOpen = LegacyFastQueryOpen };

static VOID
LegacyAttachMounted(LEGACY *Legacy, PDEVICE_OBJECT FileSystem)
{
    PDEVICE_OBJECT Devices[32], Disk;
    ULONG Count = 0;

    assert_status(IoEnumerateDeviceObjectList(FileSystem->DriverObject, Devices, sizeof(Devices), &Count), STATUS_SUCCESS);
    for (ULONG i = 0; i < Count; i++) {
        if (Devices[i] != FileSystem && Devices[i]->DeviceType == FileSystem->DeviceType && NT_SUCCESS(IoGetDiskDeviceObject(Devices[i], &Disk))) {
            LegacyAttach(Legacy, Devices[i], TRUE);
            ObDereferenceObject(Disk);
        }
        ObDereferenceObject(Devices[i]);
    }
}

static VOID
LegacyArrives(LEGACY *Legacy, PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    if (Active) {
        LegacyAttach(Legacy, FileSystem, FALSE);
        if (Legacy->Late) {
            LegacyAttachMounted(Legacy, FileSystem);
        }
    }
}

#define LEGACY_ARRIVED(N) static VOID LegacyArrived##N(PDEVICE_OBJECT FileSystem, BOOLEAN Active) { LegacyArrives(&Legacies[N], FileSystem, Active); }
LEGACY_ARRIVED(0)
LEGACY_ARRIVED(1)
LEGACY_ARRIVED(2)
LEGACY_ARRIVED(3)
LEGACY_ARRIVED(4)
LEGACY_ARRIVED(5)
static const PDRIVER_FS_NOTIFICATION LegacyArrived[FILTERS] = { LegacyArrived0, LegacyArrived1, LegacyArrived2, LegacyArrived3, LegacyArrived4, LegacyArrived5 };

static VOID
LegacyDriverUnload(PDRIVER_OBJECT Driver)
{
    LEGACY *Legacy = LegacyOf(Driver);

    IoUnregisterFsRegistrationChange(Driver, LegacyArrived[Legacy - Legacies]);
    while (Driver->DeviceObject != NULL) {
        PDEVICE_OBJECT Device = Driver->DeviceObject;
        IoDetachDevice(((LEGACY_DEVICE *)Device->DeviceExtension)->Lower);
        IoDeleteDevice(Device);
    }
}

static ULONG LegacyLoading;

static NTSTATUS
LegacyEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    (void)RegistryPath;
    Legacies[LegacyLoading].Driver = Driver;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = LegacyDispatch;
    }
    Driver->FastIoDispatch = &LegacyFastIo;
    Driver->DriverUnload = LegacyDriverUnload;
    return IoRegisterFsRegistrationChange(Driver, LegacyArrived[LegacyLoading]);
}

/* Group: of its service; NULL: none. */
static NTSTATUS
LegacyLoad(ULONG Which, const char *Group)
{
    char Name[] = "oldA", Path[] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\oldA";
    PDRIVER_OBJECT Driver;

    Name[3] = Path[sizeof(Path) - 2] = (char)('A' + Which);
    UNICODE_STRING Key = TinyString(Path), Value = TinyString("Group"), Text = TinyString(Group != NULL ? Group : "");
    CmpDeleteKeyPath(&Key);
    CmpCreateKeyPath(&Key);
    if (Group != NULL) {
        CmpSetValuePath(&Key, &Value, REG_SZ, Text.Buffer, Text.Length + sizeof(WCHAR));
    }
    Legacies[Which].Owner = vf_owner_create(Name);
    LegacyLoading = Which;
    const NTSTATUS Status = IopLoadDriver(Name, LegacyEntry, &Key, Legacies[Which].Owner, FALSE, &Driver);
    if (!NT_SUCCESS(Status)) {
        Legacies[Which].Driver = NULL;
    }
    return Status;
}

static NTSTATUS
LegacyUnload(ULONG Which)
{
    const NTSTATUS Status = IopUnloadDriver(Legacies[Which].Driver);

    if (NT_SUCCESS(Status)) {
        Legacies[Which].Driver = NULL;
    }
    return Status;
}

/* ---- minifilters ---- */

typedef FLT_PREOP_CALLBACK_STATUS (*PRE)(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context);
typedef FLT_POSTOP_CALLBACK_STATUS (*POST)(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context);
static PRE OnPre[FILTERS];
static POST OnPost[FILTERS];

static FLT_PREOP_CALLBACK_STATUS
MiniPre(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    TraceAdd((char)('a' + Which), Data->Iopb->MajorFunction);
    if (OnPre[Which] != NULL) {
        return OnPre[Which](Which, Data, Objects, Context);
    }
    return OnPost[Which] != NULL ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

#define MINI_OPERATION(N, Major) { Major, 0, MiniPre##N, MiniPost##N, NULL }
#define MINI(N) \
    static FLT_PREOP_CALLBACK_STATUS MiniPre##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context) { return MiniPre(N, Data, Objects, Context); } \
    static FLT_POSTOP_CALLBACK_STATUS MiniPost##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags) { (void)Flags; return OnPost[N] != NULL ? OnPost[N](N, Data, Objects, Context) : FLT_POSTOP_FINISHED_PROCESSING; } \
    static const FLT_OPERATION_REGISTRATION MiniOperations##N[] = { MINI_OPERATION(N, IRP_MJ_CREATE), MINI_OPERATION(N, IRP_MJ_READ), \
        MINI_OPERATION(N, IRP_MJ_WRITE), MINI_OPERATION(N, IRP_MJ_QUERY_INFORMATION), MINI_OPERATION(N, IRP_MJ_SET_INFORMATION), \
        MINI_OPERATION(N, IRP_MJ_CLEANUP), MINI_OPERATION(N, IRP_MJ_CLOSE), MINI_OPERATION(N, IRP_MJ_DIRECTORY_CONTROL), \
        { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
MINI(0)
MINI(1)
MINI(2)
MINI(3)
MINI(4)
MINI(5)
static const FLT_OPERATION_REGISTRATION *const MiniOperations[FILTERS] = { MiniOperations0, MiniOperations1, MiniOperations2, MiniOperations3, MiniOperations4, MiniOperations5 };
static const FLT_CONTEXT_REGISTRATION MiniContexts[] = { { FLT_STREAM_CONTEXT, 0, NULL, 16, 'xtcM', NULL, NULL, NULL },
    { FLT_STREAMHANDLE_CONTEXT, 0, NULL, 16, 'xtcM', NULL, NULL, NULL }, { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
static char MiniNames[FILTERS][8];
static TINY_FILTER Minis[FILTERS];             /* Filter NULL: not loaded */

static NTSTATUS
MiniQueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}

static void
MiniLoad(ULONG Which, const char *Altitude)
{
    strcpy(MiniNames[Which], "newa");
    MiniNames[Which][3] = (char)('a' + Which);
    Minis[Which] = (TINY_FILTER){ .Name = MiniNames[Which], .Altitude = Altitude, .Registration = { .OperationRegistration = MiniOperations[Which],
        .ContextRegistration = MiniContexts, .InstanceQueryTeardownCallback = MiniQueryTeardown } };
    assert_status(TinyFilterLoad(&Minis[Which]), STATUS_SUCCESS);
}

static void
MiniUnload(ULONG Which)
{
    assert_status(TinyFilterUnload(&Minis[Which]), STATUS_SUCCESS);
    Minis[Which].Filter = NULL;
}

static inline PFLT_INSTANCE
MiniInstance(ULONG Which)
{
    PFLT_VOLUME Volume = FltpVolumeOfDevice(Real, Minis[Which].Filter);
    PFLT_INSTANCE Instance = FltpInstanceFind(Minis[Which].Filter, Volume, NULL);

    FltpCountRelease(&Volume->Object.References);
    assert_non_null(Instance);
    FltpCountRelease(&Instance->Object.References);
    return Instance;
}

/* ---- the volume ---- */

static inline void
VolumeMount(void)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };

    assert_status(MfsVolumeCreate(7, &Options, &Real), STATUS_SUCCESS);
}

static inline void
VolumeDismount(void)
{
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    Real = NULL;
}

static inline PFILE_OBJECT
FileOpen(const char *Name)
{
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name),
        .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | DELETE | SYNCHRONIZE, .Disposition = FILE_OPEN_IF,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    return File;
}

/* What a create passes on its way down. */
static inline const char *
Order(void)
{
    TraceStart(IRP_MJ_CREATE);
    PFILE_OBJECT File = FileOpen("\\order");
    Tracing = FALSE;
    IopCloseFile(File);
    return Trace;
}

/* Everything above the file system goes. */
static inline void
StackEmpty(void)
{
    for (ULONG i = 0; i < FILTERS; i++) {
        OnPre[i] = NULL;
        OnPost[i] = NULL;
        if (Minis[i].Filter != NULL) {
            MiniUnload(i);
        }
    }
    for (BOOLEAN Again = TRUE; Again;) {       /* from the top */
        Again = FALSE;
        FltpFramesTrim();
        for (ULONG i = 0; i < FILTERS; i++) {
            Again = (Legacies[i].Driver != NULL && !Legacies[i].Stays && NT_SUCCESS(LegacyUnload(i))) || Again;
        }
    }
    FltpFramesTrim();
    assert_int_equal(atomic_load(&FltpGlobals.FrameCount), 1);
    for (ULONG i = 0; i < FILTERS; i++) {
        assert_true(Legacies[i].Driver == NULL || Legacies[i].Stays);
        assert_int_equal(atomic_load(&Legacies[i].Held), 0);
    }
}

/* Findings since the program began. */
static inline void
FindingCount(const struct vf_finding *Finding, void *Context)
{
    print_error("finding %s: %s\n", Finding->code, Finding->text);
    (*(PULONG)Context)++;
}

static inline ULONG
FindingsAll(void)
{
    ULONG Count = 0;

    vf_findings(FindingCount, &Count);
    return Count;
}

#endif

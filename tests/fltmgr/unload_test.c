/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Legacy filters under load: unloaded while requests pass, and requests that they pend completed by others, cancelled, timed out. */
#include "testnt.h"

#include "fltmgr/fltmgr.h"
#include "fs/memfs/mfs.h"
#include "io/iopp.h"
#include "storm.h"

#define WORKERS 3
#define BYTES 2048

static struct storm Storm;
#define CHECK(Condition) storm_check(&Storm, (Condition))
static PDEVICE_OBJECT Real;

/* ---- a legacy filter that comes and goes ---- */

typedef enum STYLE { Skips, Waits, Completes, Pends, Styles } STYLE;   /* how it passes requests on */
static struct {
    vf_owner *Owner;
    PDRIVER_OBJECT Driver;
    STYLE Style;
    _Atomic(LONG) Loaded, Inside;              /* its routines may run; that run */
    _Atomic(ULONG) Calls[Styles], Fast;
} Legacy;

typedef struct LEGACY_DEVICE {
    PDEVICE_OBJECT Lower;
    STYLE Style;
    IO_REMOVE_LOCK Remove;                     /* held by what comes back here: nobody else waits for that */
} LEGACY_DEVICE;
typedef struct LATER { WORK_QUEUE_ITEM Item; LEGACY_DEVICE *Device; PIRP Irp; } LATER;

/* A routine that ran as late as this would be in a module that is no longer there. */
static VOID
Enter(VOID)
{
    atomic_fetch_add(&Legacy.Inside, 1);
    CHECK(atomic_load(&Legacy.Loaded) == 1);
}

static VOID
Leave(VOID)
{
    CHECK(atomic_load(&Legacy.Loaded) == 1);
    atomic_fetch_sub(&Legacy.Inside, 1);
}

static NTSTATUS
CameBack(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    (void)Device;
    Enter();
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    IoReleaseRemoveLock(&((LEGACY_DEVICE *)Context)->Remove, Irp);
    Leave();
    return STATUS_SUCCESS;
}

static NTSTATUS
SendDown(LEGACY_DEVICE *Device, PIRP Irp)
{
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, CameBack, Device, TRUE, TRUE, TRUE);
    return IoCallDriver(Device->Lower, Irp);
}

static VOID
SendLater(PVOID Parameter)
{
    const LATER Later = *(LATER *)Parameter;

    port_free(Parameter);
    SendDown(Later.Device, Later.Irp);
}

static NTSTATUS
SendFromThread(LEGACY_DEVICE *Device, PIRP Irp)
{
    LATER *Later = port_alloc_zeroed(sizeof(*Later));

    Later->Device = Device;
    Later->Irp = Irp;
    IoMarkIrpPending(Irp);
    ExInitializeWorkItem(&Later->Item, SendLater, Later);
    ExQueueWorkItem(&Later->Item, DelayedWorkQueue);
    return STATUS_PENDING;
}

static NTSTATUS
SendAndWait(LEGACY_DEVICE *Device, PIRP Irp)
{
    CHECK(IoForwardIrpSynchronously(Device->Lower, Irp));
    const NTSTATUS Status = Irp->IoStatus.Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
PassOn(LEGACY_DEVICE *Device, PIRP Irp)
{
    const UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    const STYLE Style = Device->Style;

    if (Style == Waits && Major != IRP_MJ_CLOSE) {
        return SendAndWait(Device, Irp);
    }
    if (Style <= Waits || !NT_SUCCESS(IoAcquireRemoveLock(&Device->Remove, Irp))) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Device->Lower, Irp);
    }
    return Style == Pends && (Major == IRP_MJ_READ || Major == IRP_MJ_WRITE) ? SendFromThread(Device, Irp) : SendDown(Device, Irp);
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Enter();
    atomic_fetch_add_explicit(&Legacy.Calls[((LEGACY_DEVICE *)DeviceObject->DeviceExtension)->Style], 1, memory_order_relaxed);
    const NTSTATUS Status = PassOn(DeviceObject->DeviceExtension, Irp);
    port_yield();                              /* others may get far before it returns */
    Leave();
    return Status;
}

static BOOLEAN
FastBasic(PFILE_OBJECT File, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    const PDEVICE_OBJECT Lower = ((LEGACY_DEVICE *)DeviceObject->DeviceExtension)->Lower;

    Enter();
    atomic_fetch_add_explicit(&Legacy.Fast, 1, memory_order_relaxed);
    const BOOLEAN Done = Lower->DriverObject->FastIoDispatch->FastIoQueryBasicInfo(File, Wait, Buffer, IoStatus, Lower);
    port_yield();
    Leave();
    return Done;
}
static FAST_IO_DISPATCH FastTable = { .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH), .FastIoQueryBasicInfo = FastBasic };

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    const PDEVICE_OBJECT DeviceObject = Driver->DeviceObject;
    LEGACY_DEVICE *Device = DeviceObject->DeviceExtension;

    IoDetachDevice(Device->Lower);
    if (Device->Style > Waits) {
        IoAcquireRemoveLock(&Device->Remove, Driver);
        IoReleaseRemoveLockAndWait(&Device->Remove, Driver);
    }
    IoDeleteDevice(DeviceObject);
}

static NTSTATUS
Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;

    (void)RegistryPath;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->FastIoDispatch = &FastTable;
    Driver->DriverUnload = Unload;
    atomic_store(&Legacy.Loaded, 1);
    NTSTATUS Status = IoCreateDevice(Driver, sizeof(LEGACY_DEVICE), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &DeviceObject);
    if (NT_SUCCESS(Status)) {
        LEGACY_DEVICE *Device = DeviceObject->DeviceExtension;
        Device->Style = Legacy.Style;
        IoInitializeRemoveLock(&Device->Remove, 'tset', 0, 0);
        Status = IoAttachDeviceToDeviceStackSafe(DeviceObject, Real->Vpb->DeviceObject, &Device->Lower);
    }
    return Status;
}

static VOID
LegacyComeAndGo(struct storm_thread *Thread)
{
    Legacy.Style = (STYLE)(storm_random(Thread) % Styles);
    CHECK(NT_SUCCESS(IopLoadDriver("comes", Entry, NULL, Legacy.Owner, FALSE, &Legacy.Driver)));
    TinySleep(storm_random(Thread) % 4);
    CHECK(NT_SUCCESS(IopUnloadDriver(Legacy.Driver)));
    CHECK(atomic_load(&Legacy.Inside) == 0);
    atomic_store(&Legacy.Loaded, 0);
    storm_did(&Storm, 1);
}

/* ---- minifilters: one stays, one comes and goes ---- */

static FLT_PREOP_CALLBACK_STATUS
Pre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
Post(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    (void)Flags;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
OnQueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}
static const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_CREATE, 0, Pre, Post, NULL }, { IRP_MJ_READ, 0, Pre, Post, NULL },
    { IRP_MJ_WRITE, 0, Pre, Post, NULL }, { IRP_MJ_CLOSE, 0, Pre, Post, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
#define FILTER(Called, High) { .Name = Called, .Altitude = High, \
    .Registration = { .OperationRegistration = Operations, .InstanceQueryTeardownCallback = OnQueryTeardown } }
static TINY_FILTER Stays = FILTER("stays", "200"), Guest = FILTER("guest", "100");

static VOID
MiniComeAndGo(struct storm_thread *Thread)
{
    CHECK(NT_SUCCESS(TinyFilterLoad(&Guest)));
    TinySleep(storm_random(Thread) % 4);
    CHECK(NT_SUCCESS(TinyFilterUnload(&Guest)));
}

/* ---- workers ---- */

static HANDLE
Open(const char *Name)
{
    UNICODE_STRING String = TinyString(Name);
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&Attributes, &String, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NT_SUCCESS(ZwCreateFile(&Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &IoStatus, NULL, FILE_ATTRIBUTE_NORMAL,
        FILE_SHARE_VALID_FLAGS, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0)));
    return Handle;
}

static VOID
Work(struct storm_thread *Thread)
{
    char Name[] = "\\??\\Q:\\worker0", Written[BYTES], Got[BYTES];
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER Zero = { .QuadPart = 0 };

    Name[sizeof(Name) - 2] = (char)('0' + Thread->index);
    const HANDLE Handle = Open(Name);
    memset(Written, (int)(storm_random(Thread) % 256), sizeof(Written));
    CHECK(NT_SUCCESS(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, Written, BYTES, &Zero, NULL)));
    CHECK(IoStatus.Information == BYTES);
    CHECK(NT_SUCCESS(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation)));
    memset(Got, 0, sizeof(Got));
    CHECK(NT_SUCCESS(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Got, BYTES, &Zero, NULL)));
    CHECK(IoStatus.Information == BYTES && memcmp(Written, Got, BYTES) == 0);
    CHECK(NT_SUCCESS(ZwClose(Handle)));
}

static void
Body(struct storm_thread *Thread)
{
    while (storm_more(&Storm)) {
        if (Thread->index < WORKERS) {
            Work(Thread);
        } else if (Thread->index == WORKERS) {
            LegacyComeAndGo(Thread);
        } else {
            MiniComeAndGo(Thread);
        }
    }
}

static void
test_fltmgr_unload__drivers_come_and_go_under_io(void **State)
{
    (void)State;
    assert_status(TinyFilterLoad(&Stays), STATUS_SUCCESS);
    storm_begin(&Storm, "unload under load", WORKERS + 2, storm_full() ? 20000 : 400);
    storm_run(&Storm, Body);
    assert_true(storm_end(&Storm));
    assert_status(TinyFilterUnload(&Stays), STATUS_SUCCESS);
    for (ULONG i = 0; i < Styles; i++) {
        assert_true(atomic_load(&Legacy.Calls[i]) != 0);
    }
    assert_true(atomic_load(&Legacy.Fast) != 0);
    assert_int_equal(vf_finding_count(), 0);
}

/* ---- a driver that goes while a thread is in its dispatch routine: the unload waits ---- */

static KEVENT Arrived, GoOn;
static _Atomic(LONG) Returned;

static NTSTATUS
SlowDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_READ) {
        KeSetEvent(&Arrived, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(&GoOn, Executive, KernelMode, FALSE, NULL);
        TinySleep(50);
    }
    const NTSTATUS Status = SendAndWait(DeviceObject->DeviceExtension, Irp);
    atomic_fetch_add(&Returned, 1);
    return Status;
}

static VOID
SlowUnload(PDRIVER_OBJECT Driver)
{
    Unload(Driver);
    KeSetEvent(&GoOn, IO_NO_INCREMENT, FALSE);
}

static void
ReadOne(void *Context)
{
    const HANDLE Handle = Context;
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    IO_STATUS_BLOCK IoStatus;
    char Got[4];

    CHECK(NT_SUCCESS(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Got, sizeof(Got), &Zero, NULL)));
    CHECK(memcmp(Got, "data", 4) == 0);
}

static void
test_fltmgr_unload__waits_for_who_is_inside(void **State)
{
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    IO_STATUS_BLOCK IoStatus;
    port_thread *Thread;

    (void)State;
    const HANDLE Handle = Open("\\??\\Q:\\slow");
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "data", 4, &Zero, NULL), STATUS_SUCCESS);
    KeInitializeEvent(&Arrived, NotificationEvent, FALSE);
    KeInitializeEvent(&GoOn, NotificationEvent, FALSE);
    Legacy.Style = Waits;
    assert_status(IopLoadDriver("slow", Entry, NULL, Legacy.Owner, FALSE, &Legacy.Driver), STATUS_SUCCESS);
    Legacy.Driver->MajorFunction[IRP_MJ_READ] = SlowDispatch;
    Legacy.Driver->DriverUnload = SlowUnload;
    const PDEVICE_OBJECT Device = Legacy.Driver->DeviceObject;
    assert_int_equal(port_thread_start(&Thread, ReadOne, Handle, "reads"), 0);
    KeWaitForSingleObject(&Arrived, Executive, KernelMode, FALSE, NULL);
    assert_status(IopUnloadDriver(Legacy.Driver), STATUS_SUCCESS);
    assert_int_equal(atomic_load(&Returned), 1);
    port_thread_join(Thread);
    /* who was on his way to the device when it went passes it by */
    PIRP Irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Device, NULL, 0, NULL, &Arrived, &IoStatus);
    assert_non_null(Irp);
    KeClearEvent(&Arrived);
    PFILE_OBJECT File;
    assert_status(ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL), STATUS_SUCCESS);
    IoGetNextIrpStackLocation(Irp)->FileObject = File;
    assert_status(IoCallDriver(Device, Irp), STATUS_SUCCESS);
    assert_status(IoStatus.Status, STATUS_SUCCESS);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

/* ---- set-up ---- */

static int
Setup(void **State)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };

    (void)State;
    TinyStart();
    Legacy.Owner = vf_owner_create("comes");
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    FltpWatchFileSystems();
    assert_status(MfsVolumeCreate(7, &Options, &Real), STATUS_SUCCESS);
    return 0;
}

static int
Teardown(void **State)
{
    (void)State;
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    FltpShutdown();
    return vf_finding_count() == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(unload__waits_for_who_is_inside), T(unload__drivers_come_and_go_under_io) };
    return cmocka_run_group_tests(Tests, Setup, Teardown);
}

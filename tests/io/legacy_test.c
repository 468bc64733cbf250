/* SPDX-License-Identifier: MIT */
/* A legacy filter over a file system: passes requests, faults in dispatch and in completion, with no filter manager anywhere. */
#include "tfs.h"

#include <string.h>

#include "io/iopp.h"
#include "port/port.h"

/* The filter's code lies in a section that is registered as a module, so that its faults are a driver's. */
#define DRIVER_CODE __attribute__((section("drivercode"), noinline))
extern const char __start_drivercode[], __stop_drivercode[];

typedef enum { PASS, FAULT_BEFORE, FAULT_AFTER, FAULT_IN_COMPLETION, SYNCHRONOUS, FAULT_WHILE_HELD } FILTER_MODE;
static volatile FILTER_MODE Mode;
static PDEVICE_OBJECT Filter, Below, Second;   /* Second: a device above Filter, in one test */
static PDRIVER_OBJECT FilterDriver;
static vf_owner *Owner;
static TFS_VOLUME *Volume;
static volatile ULONG Completions;
static ULONG Seen[IRP_MJ_MAXIMUM_FUNCTION + 1], SeenBySecond[IRP_MJ_MAXIMUM_FUNCTION + 1];

static DRIVER_CODE __attribute__((no_sanitize("undefined", "address"))) NTSTATUS
Crash(void)
{
    volatile int *volatile Nowhere = NULL;

    return *Nowhere;
}

static DRIVER_CODE NTSTATUS
FilterCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (Context != NULL) {
        if (Irp->PendingReturned) {
            KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
        }
        return STATUS_MORE_PROCESSING_REQUIRED;
    }
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    Completions++;
    return Mode == FAULT_IN_COMPLETION ? Crash() : STATUS_CONTINUE_COMPLETION;
}

static DRIVER_CODE NTSTATUS
FilterSynchronous(PIRP Irp)
{
    KEVENT Event;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, FilterCompletion, &Event, TRUE, TRUE, TRUE);
    NTSTATUS Status = IoCallDriver(Below, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
    if (Mode == FAULT_WHILE_HELD) {
        Crash();
    }
    Status = Irp->IoStatus.Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static DRIVER_CODE NTSTATUS
FilterDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    const UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    if (DeviceObject == Second) {
        SeenBySecond[Major]++;
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Filter, Irp);
    }
    Seen[Major]++;
    if (Major != IRP_MJ_READ || Mode == PASS) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Below, Irp);
    }
    if (Mode == FAULT_BEFORE) {
        return Crash();
    }
    if (Mode == SYNCHRONOUS || Mode == FAULT_WHILE_HELD) {
        return FilterSynchronous(Irp);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, FilterCompletion, NULL, TRUE, TRUE, TRUE);
    NTSTATUS Status = IoCallDriver(Below, Irp);
    return Mode == FAULT_AFTER ? Crash() : Status;
}

static DRIVER_CODE VOID
FilterUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    IoDetachDevice(Below);
    IoDeleteDevice(Filter);
}

static DRIVER_CODE NTSTATUS
FilterEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = FilterDispatch;
    }
    DriverObject->DriverUnload = FilterUnload;
    NTSTATUS Status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = IoAttachDeviceToDeviceStackSafe(Filter, Volume->Device, &Below);
    }
    return Status;
}

static int
GroupSetup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    Owner = vf_owner_create("legacyfilter");
    struct port_module Module = {
        .base = (uintptr_t)__start_drivercode, .end = (uintptr_t)__stop_drivercode, .name = "legacyfilter", .path = "legacyfilter",
        .owner = Owner};
    return port_module_register(&Module);
}

static int
Setup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    Mode = PASS;
    Completions = 0;
    memset(Seen, 0, sizeof(Seen));
    memset(SeenBySecond, 0, sizeof(SeenBySecond));
    TfsLogClear();
    Volume = TfsVolumeCreate("LegacyTest");
    assert_int_equal(IopLoadDriver("legacyfilter", FilterEntry, NULL, Owner, FALSE, &FilterDriver), STATUS_SUCCESS);
    return 0;
}

static int
Teardown(void **State)
{
    UNREFERENCED_PARAMETER(State);
    BOOLEAN Dead = IOP_DRIVER_FROM(FilterDriver)->Dead != 0;
    ULONG Before = TfsFindings("IO-10");
    assert_int_equal(IopUnloadDriver(FilterDriver), STATUS_SUCCESS);
    assert_int_equal(TfsFindings("IO-10"), Before + (Dead ? 1 : 0));   /* a dead driver cannot clean up */
    TfsVolumeDelete(Volume);
    return 0;
}

/* Status of reading "data" back. */
static NTSTATUS
ReadThrough(void)
{
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;
    CHAR Buffer[4];

    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    assert_ptr_equal(IoGetRelatedDeviceObject(File), Filter);
    assert_ptr_equal(IoGetBaseFileSystemDeviceObject(File), Volume->Device);
    assert_int_equal(IopWrite(File, "data", 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    NTSTATUS Status = IopRead(File, Buffer, 4, 0, 0, UserMode, &IoStatus);
    if (NT_SUCCESS(Status)) {
        assert_memory_equal(Buffer, "data", 4);
    }
    IopCloseFile(File);
    return Status;
}

static void
test_io_legacy__passes_through(void **State)
{
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    assert_int_equal(IOP_DRIVER_FROM(FilterDriver)->Dead, 0);
}

static void
test_io_legacy__synchronous_completion(void **State)
{
    UNREFERENCED_PARAMETER(State);
    Mode = SYNCHRONOUS;
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
}

static void
FaultsOnce(FILTER_MODE Now, NTSTATUS First)
{
    ULONG Before = TfsFindings("K-00");
    KiSetFaultFatal(NULL);                     /* installs the handlers again: cmocka has taken the signals */
    Mode = Now;
    assert_int_equal(ReadThrough(), First);
    assert_int_equal(IOP_DRIVER_FROM(FilterDriver)->Dead, 1);
    assert_int_equal(TfsFindings("K-00"), Before + 1);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(ExGetPreviousMode(), KernelMode);
    /* dead: passed over */
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    assert_int_equal(TfsFindings("K-00"), Before + 1);
}

static void
test_io_legacy__fault_before_passing_on_fails_the_request(void **State)
{
    UNREFERENCED_PARAMETER(State);
    FaultsOnce(FAULT_BEFORE, STATUS_DRIVER_INTERNAL_ERROR);
}

static void
test_io_legacy__fault_after_passing_on_keeps_the_result(void **State)
{
    UNREFERENCED_PARAMETER(State);
    FaultsOnce(FAULT_AFTER, STATUS_SUCCESS);
}

static void
test_io_legacy__fault_in_completion_goes_on(void **State)
{
    UNREFERENCED_PARAMETER(State);
    FaultsOnce(FAULT_IN_COMPLETION, STATUS_SUCCESS);
}

static void
test_io_legacy__fault_while_the_request_is_held_fails_it(void **State)
{
    UNREFERENCED_PARAMETER(State);
    FaultsOnce(FAULT_WHILE_HELD, STATUS_DRIVER_INTERNAL_ERROR);
}

/* ---- a device that does not watch everything ---- */

static void
ExpectSeen(const ULONG *Counts, ULONG Create, ULONG Read, ULONG Write, ULONG Cleanup, ULONG Close)
{
    assert_int_equal(Counts[IRP_MJ_CREATE], Create);
    assert_int_equal(Counts[IRP_MJ_READ], Read);
    assert_int_equal(Counts[IRP_MJ_WRITE], Write);
    assert_int_equal(Counts[IRP_MJ_CLEANUP], Cleanup);
    assert_int_equal(Counts[IRP_MJ_CLOSE], Close);
}

static void
test_io_legacy__unwatched_requests_start_below(void **State)
{
    static _Atomic(ULONGLONG) Watched = 1ull << IRP_MJ_READ;

    UNREFERENCED_PARAMETER(State);
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    ExpectSeen(Seen, 1, 1, 1, 1, 1);
    IopDeviceWatch(Filter, &Watched);
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    ExpectSeen(Seen, 1, 2, 1, 1, 1);
    Watched |= 1ull << IRP_MJ_CREATE | 1ull << IRP_MJ_CLOSE;
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    ExpectSeen(Seen, 2, 3, 1, 1, 2);
    IopDeviceWatch(Filter, NULL);
    assert_int_equal(ReadThrough(), STATUS_SUCCESS);
    ExpectSeen(Seen, 3, 4, 2, 2, 3);
}

/* What the filter manager has to clean up makes it watch the close. */
static void
test_io_legacy__unwatched_close_passes_with_a_filter_block(void **State)
{
    static const _Atomic(ULONGLONG) Nothing;
    PFILE_OBJECT File;

    UNREFERENCED_PARAMETER(State);
    IopDeviceWatch(Filter, &Nothing);
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    IOP_FILE_FROM(File)->FilterBlock = File;
    IopCloseFile(File);
    ExpectSeen(Seen, 0, 0, 0, 0, 1);
}

/* Whoever attaches above sees everything, and passes everything on. */
static void
test_io_legacy__unwatched_requests_pass_a_device_above(void **State)
{
    static const _Atomic(ULONGLONG) Nothing;
    PDEVICE_OBJECT To;

    UNREFERENCED_PARAMETER(State);
    IopDeviceWatch(Filter, &Nothing);
    assert_int_equal(IoCreateDevice(FilterDriver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Second), STATUS_SUCCESS);
    Second->Flags &= ~DO_DEVICE_INITIALIZING;
    Filter->Flags &= ~DO_DEVICE_INITIALIZING;
    assert_int_equal(IoAttachDeviceToDeviceStackSafe(Second, Volume->Device, &To), STATUS_SUCCESS);
    assert_ptr_equal(To, Filter);
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    assert_int_equal(IopWrite(File, "data", 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    ExpectSeen(SeenBySecond, 1, 0, 1, 0, 0);
    ExpectSeen(Seen, 1, 0, 1, 0, 0);
    IoDetachDevice(Filter);
    IoDeleteDevice(Second);
    Second = NULL;
    IopCloseFile(File);
    ExpectSeen(SeenBySecond, 1, 0, 1, 0, 0);
    ExpectSeen(Seen, 1, 0, 1, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test_setup_teardown(test_io_legacy__passes_through, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__synchronous_completion, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__fault_before_passing_on_fails_the_request, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__fault_after_passing_on_keeps_the_result, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__fault_in_completion_goes_on, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__fault_while_the_request_is_held_fails_it, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__unwatched_requests_start_below, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__unwatched_close_passes_with_a_filter_block, Setup, Teardown),
        cmocka_unit_test_setup_teardown(test_io_legacy__unwatched_requests_pass_a_device_above, Setup, Teardown),
    };
    return cmocka_run_group_tests(Tests, GroupSetup, NULL);
}

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
static PDEVICE_OBJECT Filter, Below;
static PDRIVER_OBJECT FilterDriver;
static vf_owner *Owner;
static TFS_VOLUME *Volume;
static volatile ULONG Completions;

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
    UNREFERENCED_PARAMETER(DeviceObject);
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction != IRP_MJ_READ || Mode == PASS) {
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
    };
    return cmocka_run_group_tests(Tests, GroupSetup, NULL);
}

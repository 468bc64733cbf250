/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Life of an IRP: completion walk, pending, cancel, associated IRPs, cancel-safe queues. */
#include "tfs.h"

#include <stdatomic.h>
#include <string.h>

#include "port/port.h"

/* ---- a stack of three devices of a driver that records completions ---- */

static PDRIVER_OBJECT Driver;
static PDEVICE_OBJECT Devices[3];
static NTSTATUS (*Bottom)(PDEVICE_OBJECT Device, PIRP Irp);
static char Trace[256];
static NTSTATUS CompletionResult[3];
static PIRP Held;

static void
Note(const char *Text)
{
    strncat(Trace, Text, sizeof(Trace) - strlen(Trace) - 1);
}

static ULONG
Level(PDEVICE_OBJECT Device)
{
    return *(PULONG)Device->DeviceExtension;
}

static NTSTATUS
Completed(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    ULONG Me = (ULONG)(ULONG_PTR)Context;
    char Text[8] = {'c', (char)('0' + Me), Irp->PendingReturned ? 'p' : '-', 0};

    assert_ptr_equal(Device, Devices[Me]);
    Note(Text);
    if (Irp->PendingReturned && CompletionResult[Me] != STATUS_MORE_PROCESSING_REQUIRED) {
        IoMarkIrpPending(Irp);
    }
    return CompletionResult[Me];
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    ULONG Me = Level(Device);
    char Text[8] = {'d', (char)('0' + Me), 0};

    Note(Text);
    if (Me == 0) {
        return Bottom(Device, Irp);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    if (Me == 1) {
        assert_int_equal(IoSetCompletionRoutineEx(Device, Irp, Completed, (PVOID)(ULONG_PTR)Me, TRUE, TRUE, TRUE), STATUS_SUCCESS);
    } else {
        IoSetCompletionRoutine(Irp, Completed, (PVOID)(ULONG_PTR)Me, TRUE, TRUE, TRUE);
    }
    return IoCallDriver(Devices[Me - 1], Irp);
}

static NTSTATUS
Entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Dispatch;
    }
    for (ULONG i = 0; i < 3; i++) {
        if (!NT_SUCCESS(IoCreateDevice(DriverObject, sizeof(ULONG), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Devices[i]))) {
            return STATUS_UNSUCCESSFUL;
        }
        *(PULONG)Devices[i]->DeviceExtension = i;
    }
    return STATUS_SUCCESS;
}

static int
Setup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    assert_true(NT_SUCCESS(IopLoadDriver("irptest", Entry, NULL, NULL, TRUE, &Driver)));
    assert_ptr_equal(IoAttachDeviceToDeviceStack(Devices[1], Devices[0]), Devices[0]);
    assert_ptr_equal(IoAttachDeviceToDeviceStack(Devices[2], Devices[0]), Devices[1]);
    return 0;
}

static int
Teardown(void **State)
{
    UNREFERENCED_PARAMETER(State);
    IoDetachDevice(Devices[1]);
    IoDetachDevice(Devices[0]);
    assert_int_equal(IopUnloadDriver(Driver), STATUS_SUCCESS);
    return 0;
}

static int
Reset(void **State)
{
    UNREFERENCED_PARAMETER(State);
    Trace[0] = 0;
    memset(CompletionResult, 0, sizeof(CompletionResult));
    Held = NULL;
    return 0;
}

static NTSTATUS
CompleteNow(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    TfsComplete(Irp, STATUS_SUCCESS, 7);
    return STATUS_SUCCESS;
}

static NTSTATUS
FailNow(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    TfsComplete(Irp, STATUS_DISK_FULL, 0);
    return STATUS_DISK_FULL;
}

static PIRP
NewIrp(void)
{
    IOP_REQUEST Request = {.RequestorMode = UserMode};

    Request.Stack.MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    return IopIrpAllocateForRequest(&Request, Devices[2]);
}

/* ---- walk ---- */

static void
test_io_irp__completion_goes_up_in_order(void **State)
{
    IO_STATUS_BLOCK IoStatus;
    UNREFERENCED_PARAMETER(State);
    Bottom = CompleteNow;
    PIRP Irp = NewIrp();
    assert_int_equal(Irp->StackCount, 3);
    assert_int_equal(IopIssueIrp(Devices[2], Irp, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, 7);
    assert_string_equal(Trace, "d2d1d0c1-c2-");
    IopIrpFree(Irp);
}

static void
test_io_irp__routine_is_called_by_outcome(void **State)
{
    static const struct {
        BOOLEAN Success, Error, Fail, Called;
    } Rows[] = {{TRUE, FALSE, FALSE, TRUE}, {TRUE, FALSE, TRUE, FALSE}, {FALSE, TRUE, FALSE, FALSE}, {FALSE, TRUE, TRUE, TRUE}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        IO_STATUS_BLOCK IoStatus;
        Trace[0] = 0;
        Bottom = Rows[i].Fail ? FailNow : CompleteNow;
        PIRP Irp = IopIrpAllocate(2);
        IoSetNextIrpStackLocation(Irp);        /* a location of our own, so that the routine gets a device */
        IoGetCurrentIrpStackLocation(Irp)->DeviceObject = Devices[1];
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
        IoSetCompletionRoutine(Irp, Completed, (PVOID)1, Rows[i].Success, Rows[i].Error, FALSE);
        IopIssueIrp(Devices[0], Irp, &IoStatus);
        assert_string_equal(Trace, Rows[i].Called ? "d0c1-" : "d0");
        IopIrpFree(Irp);
    }
}

static VOID
CountEnd(PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Irp);
    (*(int *)Context)++;
}

static void
test_io_irp__more_processing_stops_the_walk(void **State)
{
    int Ends = 0;
    UNREFERENCED_PARAMETER(State);
    Bottom = CompleteNow;
    CompletionResult[1] = STATUS_MORE_PROCESSING_REQUIRED;
    PIRP Irp = NewIrp();
    IopIssueIrpAsync(Devices[2], Irp, CountEnd, &Ends);
    assert_string_equal(Trace, "d2d1d0c1-");
    assert_int_equal(Ends, 0);
    assert_int_equal(IoGetCurrentIrpStackLocation(Irp)->MajorFunction, IRP_MJ_FLUSH_BUFFERS);
    /* The driver of level 1 has it again: completing goes on above it. */
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    assert_string_equal(Trace, "d2d1d0c1-c2-");
    assert_int_equal(Ends, 1);
    assert_int_equal(Irp->IoStatus.Information, 7);
    IopIrpFree(Irp);
}

/* ---- pending ---- */

static atomic_bool Pended;

static NTSTATUS
PendNow(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    IoMarkIrpPending(Irp);
    Held = Irp;
    atomic_store_explicit(&Pended, true, memory_order_release);
    return STATUS_PENDING;
}

static void
CompleterThread(void *Context)
{
    ULONG Count = (ULONG)(ULONG_PTR)Context;

    while (Count-- > 0) {
        while (!atomic_exchange_explicit(&Pended, false, memory_order_acq_rel)) {
            port_yield();
        }
        TfsComplete(Held, STATUS_SUCCESS, 9);
    }
}

static void
test_io_irp__pended_and_completed_by_another_thread(void **State)
{
    enum { Rounds = 2000 };
    port_thread *Thread;

    UNREFERENCED_PARAMETER(State);
    Bottom = PendNow;
    assert_int_equal(port_thread_start(&Thread, CompleterThread, (void *)(uintptr_t)Rounds, "completer"), 0);
    for (ULONG i = 0; i < Rounds; i++) {
        IO_STATUS_BLOCK IoStatus;
        Trace[0] = 0;
        PIRP Irp = NewIrp();
        assert_int_equal(IopIssueIrp(Devices[2], Irp, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(IoStatus.Information, 9);
        assert_string_equal(Trace, "d2d1d0c1pc2p");
        IopIrpFree(Irp);
    }
    port_thread_join(Thread);
}

/* ---- cancel ---- */

static VOID
CancelRoutine(PDEVICE_OBJECT Device, PIRP Irp)
{
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_ptr_equal(Device, Devices[0]);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Note("x");
    TfsComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
PendCancelable(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    IoMarkIrpPending(Irp);
    Held = Irp;
    IoSetCancelRoutine(Irp, CancelRoutine);
    return STATUS_PENDING;
}

static void
test_io_irp__cancel_calls_the_routine_once(void **State)
{
    int Ends = 0;
    UNREFERENCED_PARAMETER(State);
    Bottom = PendCancelable;
    PIRP Irp = NewIrp();
    assert_int_equal(IopIssueIrpAsync(Devices[2], Irp, CountEnd, &Ends), STATUS_PENDING);
    assert_int_equal(Ends, 0);
    assert_true(IoCancelIrp(Irp));
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(Ends, 1);
    assert_int_equal(Irp->IoStatus.Status, STATUS_CANCELLED);
    assert_true(Irp->Cancel);
    assert_string_equal(Trace, "d2d1d0xc1pc2p");
    assert_false(IoCancelIrp(Irp));
    IopIrpFree(Irp);
}

/* ---- associated, drivers' own, mistakes ---- */

static void
test_io_irp__master_completes_after_all_associated(void **State)
{
    int Ends = 0;
    UNREFERENCED_PARAMETER(State);
    Bottom = PendNow;
    PIRP Master = NewIrp();
    assert_int_equal(IopIssueIrpAsync(Devices[2], Master, CountEnd, &Ends), STATUS_PENDING);
    Bottom = CompleteNow;
    Master->AssociatedIrp.IrpCount = 3;
    Master->IoStatus.Status = STATUS_SUCCESS;
    for (ULONG i = 0; i < 3; i++) {
        assert_int_equal(Ends, 0);
        PIRP Associated = IoMakeAssociatedIrp(Master, Devices[0]->StackSize);
        IoGetNextIrpStackLocation(Associated)->MajorFunction = IRP_MJ_READ;
        IoCallDriver(Devices[0], Associated);
    }
    assert_int_equal(Ends, 1);
    IopIrpFree(Master);
}

static void
test_io_irp__reuse_and_initialize(void **State)
{
    UCHAR Memory[sizeof(IRP) + 2 * sizeof(IO_STACK_LOCATION)] __attribute__((aligned(16)));
    PIRP Own = (PIRP)Memory;
    UNREFERENCED_PARAMETER(State);
    memset(Memory, 0xA5, sizeof(Memory));
    IoInitializeIrp(Own, sizeof(Memory), 2);
    assert_int_equal(Own->Type, IO_TYPE_IRP);
    assert_int_equal(Own->StackCount, 2);
    assert_int_equal(Own->CurrentLocation, 3);
    assert_ptr_equal(IoGetCurrentIrpStackLocation(Own), (PIO_STACK_LOCATION)(Own + 1) + 2);
    assert_null(IopIrpExtension(Own));
    PIRP Irp = IoAllocateIrp(3, FALSE);
    assert_non_null(IopIrpExtension(Irp));
    Irp->Flags = 5;
    Irp->IoStatus.Information = 4;
    IoReuseIrp(Irp, STATUS_NOT_FOUND);
    assert_int_equal(Irp->Flags, 0);
    assert_int_equal(Irp->IoStatus.Status, STATUS_NOT_FOUND);
    assert_non_null(IopIrpExtension(Irp));
    IoFreeIrp(Irp);
}

static void
test_io_irp__second_completion_is_reported(void **State)
{
    int Ends = 0;
    UNREFERENCED_PARAMETER(State);
    Bottom = CompleteNow;
    ULONG Before = TfsFindings("IO-01");
    PIRP Irp = NewIrp();
    IopIssueIrpAsync(Devices[2], Irp, CountEnd, &Ends);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    assert_int_equal(Ends, 1);
    assert_int_equal(TfsFindings("IO-01"), Before + 1);
    IopIrpFree(Irp);
}

static NTSTATUS
CallAgain(PDEVICE_OBJECT Device, PIRP Irp)
{
    return IoCallDriver(Device, Irp);
}

static void
test_io_irp__no_location_left_is_completed_and_reported(void **State)
{
    IO_STATUS_BLOCK IoStatus;
    UNREFERENCED_PARAMETER(State);
    Bottom = CallAgain;
    PIRP Irp = IopIrpAllocate(1);
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    assert_int_equal(IopIssueIrp(Devices[0], Irp, &IoStatus), STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(TfsFindings("IO-02"), 1);
    IopIrpFree(Irp);
}

/* ---- requests that drivers have built ---- */

static NTSTATUS
Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG Length = Stack->Parameters.DeviceIoControl.InputBufferLength;

    UNREFERENCED_PARAMETER(Device);
    if ((Stack->Parameters.DeviceIoControl.IoControlCode & 3) == METHOD_NEITHER) {
        memcpy(Irp->UserBuffer, Stack->Parameters.DeviceIoControl.Type3InputBuffer, Length);
    } else if ((Stack->Parameters.DeviceIoControl.IoControlCode & 3) != METHOD_BUFFERED) {
        memcpy(MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority), Buffer, Length);
    } else {
        for (ULONG i = 0; i < Length; i++) {
            Buffer[i] ^= 0xFF;
        }
    }
    TfsComplete(Irp, STATUS_SUCCESS, Length);
    return STATUS_SUCCESS;
}

static void
test_io_irp__device_io_control_transports_every_method(void **State)
{
    UNREFERENCED_PARAMETER(State);
    Bottom = Control;
    for (ULONG Method = METHOD_BUFFERED; Method <= METHOD_NEITHER; Method++) {
        UCHAR In[4] = {1, 2, 3, 4}, Out[8] = {0};
        IO_STATUS_BLOCK IoStatus;
        KEVENT Event;
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        PIRP Irp = IoBuildDeviceIoControlRequest(
            CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, Method, FILE_ANY_ACCESS), Devices[2], In, sizeof(In), Out, sizeof(Out), FALSE,
            &Event, &IoStatus);
        assert_non_null(Irp);
        assert_int_equal(IoCallDriver(Devices[2], Irp), STATUS_SUCCESS);
        assert_true(KeReadStateEvent(&Event) != 0);
        assert_int_equal(IoStatus.Information, 4);
        assert_int_equal(Out[0], Method == METHOD_BUFFERED ? 0xFE : 1);
        assert_int_equal(Out[4], 0);
        assert_int_equal(In[0], 1);
        /* the same through IopRequest */
        memset(Out, 0, sizeof(Out));
        IOP_REQUEST Request = {
            .StartDevice = Devices[2], .InputBuffer = In, .InputLength = sizeof(In), .OutputBuffer = Out, .OutputLength = sizeof(Out)};
        Request.Stack.MajorFunction = IRP_MJ_DEVICE_CONTROL;
        Request.Stack.Parameters.DeviceIoControl.IoControlCode = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, Method, FILE_ANY_ACCESS);
        assert_int_equal(IopRequest(&Request, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(Out[0], Method == METHOD_BUFFERED ? 0xFE : 1);
        assert_int_equal(In[0], 1);
    }
}

/* ---- cancel-safe queue ---- */

static struct {
    IO_CSQ Csq;
    KSPIN_LOCK Lock;
    LIST_ENTRY List;
    atomic_int Cancelled;
} Queue;

static VOID CsqInsert(PIO_CSQ Csq, PIRP Irp) { UNREFERENCED_PARAMETER(Csq); InsertTailList(&Queue.List, &Irp->Tail.Overlay.ListEntry); }
static VOID CsqRemove(PIO_CSQ Csq, PIRP Irp) { UNREFERENCED_PARAMETER(Csq); RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static PIRP
CsqPeek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Next = Irp == NULL ? Queue.List.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    UNREFERENCED_PARAMETER(Csq);
    UNREFERENCED_PARAMETER(Context);
    return Next == &Queue.List ? NULL : CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
}
static VOID CsqAcquire(PIO_CSQ Csq, PKIRQL Irql) { UNREFERENCED_PARAMETER(Csq); KeAcquireSpinLock(&Queue.Lock, Irql); }
static VOID CsqRelease(PIO_CSQ Csq, KIRQL Irql) { UNREFERENCED_PARAMETER(Csq); KeReleaseSpinLock(&Queue.Lock, Irql); }
static VOID
CsqCancelled(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    atomic_fetch_add(&Queue.Cancelled, 1);
    TfsComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS
QueueIt(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    IoCsqInsertIrp(&Queue.Csq, Irp, NULL);
    return STATUS_PENDING;
}

static atomic_bool CsqStop;
static atomic_int CsqServed;

static void
CsqServer(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        BOOLEAN Stop = atomic_load(&CsqStop);
        PIRP Irp = IoCsqRemoveNextIrp(&Queue.Csq, NULL);
        if (Irp != NULL) {
            atomic_fetch_add(&CsqServed, 1);
            TfsComplete(Irp, STATUS_SUCCESS, 0);
        } else if (Stop) {
            return;
        } else {
            port_yield();
        }
    }
}

static VOID
CsqEnd(PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Irp);
    atomic_store_explicit((atomic_int *)Context, 1, memory_order_release);
}

static void
test_io_irp__csq_completes_each_irp_once_under_cancel(void **State)
{
    enum { Rounds = 3000 };
    port_thread *Thread;

    UNREFERENCED_PARAMETER(State);
    KeInitializeSpinLock(&Queue.Lock);
    InitializeListHead(&Queue.List);
    IoCsqInitialize(&Queue.Csq, CsqInsert, CsqRemove, CsqPeek, CsqAcquire, CsqRelease, CsqCancelled);
    Bottom = QueueIt;
    assert_int_equal(port_thread_start(&Thread, CsqServer, NULL, "csq"), 0);
    for (ULONG i = 0; i < Rounds; i++) {
        atomic_int Ended = 0;
        PIRP Irp = IopIrpAllocate(1);
        IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_READ;
        Irp->Tail.Overlay.OriginalFileObject = NULL;
        IopIrpExtension(Irp)->Completion = CsqEnd;
        IopIrpExtension(Irp)->CompletionContext = &Ended;
        /* The bottom device only: no trace, so that two threads do not share it. */
        IoSetNextIrpStackLocation(Irp);
        IoGetCurrentIrpStackLocation(Irp)->DeviceObject = Devices[0];
        QueueIt(Devices[0], Irp);
        IoCancelIrp(Irp);
        while (!atomic_load_explicit(&Ended, memory_order_acquire)) {
            port_yield();
        }
        assert_true(Irp->IoStatus.Status == STATUS_SUCCESS || Irp->IoStatus.Status == STATUS_CANCELLED);
        IopIrpFree(Irp);
    }
    atomic_store(&CsqStop, true);
    port_thread_join(Thread);
    assert_int_equal(atomic_load(&CsqServed) + atomic_load(&Queue.Cancelled), Rounds);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test_setup(test_io_irp__completion_goes_up_in_order, Reset),
        cmocka_unit_test_setup(test_io_irp__routine_is_called_by_outcome, Reset),
        cmocka_unit_test_setup(test_io_irp__more_processing_stops_the_walk, Reset),
        cmocka_unit_test_setup(test_io_irp__pended_and_completed_by_another_thread, Reset),
        cmocka_unit_test_setup(test_io_irp__cancel_calls_the_routine_once, Reset),
        cmocka_unit_test_setup(test_io_irp__master_completes_after_all_associated, Reset),
        cmocka_unit_test_setup(test_io_irp__reuse_and_initialize, Reset),
        cmocka_unit_test_setup(test_io_irp__second_completion_is_reported, Reset),
        cmocka_unit_test_setup(test_io_irp__no_location_left_is_completed_and_reported, Reset),
        cmocka_unit_test_setup(test_io_irp__device_io_control_transports_every_method, Reset),
        cmocka_unit_test_setup(test_io_irp__csq_completes_each_irp_once_under_cancel, Reset),
    };
    return cmocka_run_group_tests(Tests, Setup, Teardown);
}

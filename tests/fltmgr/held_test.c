/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* A legacy filter that holds reads in a cancel-safe queue: another thread sends them on, a canceller or a timer ends them; each ends once. */
#include "testnt.h"

#include "fltmgr/fltmgr.h"
#include "fs/memfs/mfs.h"
#include "io/iopp.h"
#include "storm.h"

#define READERS 3
static struct storm Storm;
#define CHECK(Condition) storm_check(&Storm, (Condition))
static PDEVICE_OBJECT Real;
static PFILE_OBJECT File;

/* ---- the filter ---- */

typedef struct HELD {
    IO_CSQ_IRP_CONTEXT Queued;
    PIRP Irp;
    KTIMER Timer;
    KDPC Dpc;
    _Atomic(LONG) References;                  /* the queue's and the timer's */
} HELD;
static struct {
    PDRIVER_OBJECT Driver;
    PDEVICE_OBJECT Lower;
    IO_CSQ Csq;
    KSPIN_LOCK Lock;
    LIST_ENTRY List;                           /* Lock */
    _Atomic(LONG) Entries, Queued, Sent, Cancelled, TimedOut, Back;
    _Atomic(LONG) Milliseconds;                /* of the timer; 0: none */
} Holder;

static VOID
HeldRelease(HELD *Held)
{
    if (atomic_fetch_sub(&Held->References, 1) == 1) {
        port_free(Held);
        atomic_fetch_sub(&Holder.Entries, 1);
    }
}

/* Out of the queue, by whomever. */
static VOID
HeldEnds(PIRP Irp)
{
    HELD *Held = Irp->Tail.Overlay.DriverContext[0];

    atomic_fetch_sub(&Holder.Queued, 1);
    if (KeCancelTimer(&Held->Timer)) {
        HeldRelease(Held);
    }
    HeldRelease(Held);
}

static VOID
Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID QueueInsert(PIO_CSQ Csq, PIRP Irp) { (void)Csq; InsertTailList(&Holder.List, &Irp->Tail.Overlay.ListEntry); }
static VOID QueueRemove(PIO_CSQ Csq, PIRP Irp) { (void)Csq; RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static VOID QueueAcquire(PIO_CSQ Csq, PKIRQL Irql) { (void)Csq; KeAcquireSpinLock(&Holder.Lock, Irql); }
static VOID QueueRelease(PIO_CSQ Csq, KIRQL Irql) { (void)Csq; KeReleaseSpinLock(&Holder.Lock, Irql); }
static PIRP
QueuePeek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    const PLIST_ENTRY Next = Irp == NULL ? Holder.List.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    (void)Csq;
    (void)Context;
    return Next == &Holder.List ? NULL : CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
}

static VOID
QueueCancelled(PIO_CSQ Csq, PIRP Irp)
{
    (void)Csq;
    atomic_fetch_add(&Holder.Cancelled, 1);
    HeldEnds(Irp);
    Complete(Irp, STATUS_CANCELLED);
}

static VOID
TimeIsOver(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    HELD *Held = Context;
    const PIRP Irp = IoCsqRemoveIrp(&Holder.Csq, &Held->Queued);

    (void)Dpc;
    (void)Argument1;
    (void)Argument2;
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    if (Irp != NULL) {
        atomic_fetch_add(&Holder.TimedOut, 1);
        HeldEnds(Irp);
        Complete(Irp, STATUS_IO_TIMEOUT);
    }
    HeldRelease(Held);
}

static NTSTATUS
Hold(PIRP Irp)
{
    HELD *Held = port_alloc_zeroed(sizeof(*Held));
    LARGE_INTEGER Due = { .QuadPart = -10000ll * atomic_load(&Holder.Milliseconds) };
    const BOOLEAN Timed = Due.QuadPart != 0;

    atomic_fetch_add(&Holder.Entries, 1);
    atomic_fetch_add(&Holder.Queued, 1);
    Held->Irp = Irp;
    atomic_init(&Held->References, Timed ? 2 : 1);
    KeInitializeTimer(&Held->Timer);
    KeInitializeDpc(&Held->Dpc, TimeIsOver, Held);
    Irp->Tail.Overlay.DriverContext[0] = Held;
    IoCsqInsertIrp(&Holder.Csq, Irp, &Held->Queued);
    if (Timed) {                               /* the timer's reference keeps it, should the read have ended */
        KeSetTimer(&Held->Timer, Due, &Held->Dpc);
    }
    return STATUS_PENDING;
}

static NTSTATUS
CameBack(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    (void)Device;
    (void)Context;
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    atomic_fetch_add(&Holder.Back, 1);
    return STATUS_SUCCESS;
}

/* By a thread that is not the reader's. */
static BOOLEAN
SendNext(VOID)
{
    const PIRP Irp = IoCsqRemoveNextIrp(&Holder.Csq, NULL);

    if (Irp == NULL) {
        return FALSE;
    }
    HeldEnds(Irp);
    atomic_fetch_add(&Holder.Sent, 1);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, CameBack, NULL, TRUE, TRUE, TRUE);
    IoCallDriver(Holder.Lower, Irp);
    return TRUE;
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    (void)DeviceObject;
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_READ) {
        return Hold(Irp);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Holder.Lower, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    IoDetachDevice(Holder.Lower);
    while (SendNext()) {
    }
    while (atomic_load(&Holder.Entries) != 0 || atomic_load(&Holder.Back) != atomic_load(&Holder.Sent)) {
        TinySleep(1);
    }
    IoDeleteDevice(Driver->DeviceObject);
}

static NTSTATUS
Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    PDEVICE_OBJECT DeviceObject;

    (void)RegistryPath;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->DriverUnload = Unload;
    KeInitializeSpinLock(&Holder.Lock);
    InitializeListHead(&Holder.List);
    IoCsqInitialize(&Holder.Csq, QueueInsert, QueueRemove, QueuePeek, QueueAcquire, QueueRelease, QueueCancelled);
    NTSTATUS Status = IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &DeviceObject);
    return NT_SUCCESS(Status) ? IoAttachDeviceToDeviceStackSafe(DeviceObject, Real->Vpb->DeviceObject, &Holder.Lower) : Status;
}

/* ---- readers ---- */

typedef struct READER { _Atomic(ULONG) Id; _Atomic(ULONG) Status; } READER;

static NTSTATUS
Read(VOID)
{
    IO_STATUS_BLOCK IoStatus;
    char Got[4] = "";

    const NTSTATUS Status = IopRead(File, Got, sizeof(Got), 0, 0, UserMode, &IoStatus);
    CHECK(!NT_SUCCESS(Status) || (IoStatus.Information == 4 && memcmp(Got, "data", 4) == 0));
    return Status;
}

static void
ReaderMain(void *Context)
{
    READER *Reader = Context;

    atomic_store(&Reader->Id, port_thread_id());
    atomic_store(&Reader->Status, (ULONG)Read());
}

static port_thread *
ReaderStart(READER *Reader, LONG Milliseconds)
{
    port_thread *Thread;

    Holder.Milliseconds = Milliseconds;
    *Reader = (READER){ 0 };
    assert_int_equal(port_thread_start(&Thread, ReaderMain, Reader, "reads"), 0);
    return Thread;
}

static VOID
AwaitQueued(LONG Count)
{
    while (atomic_load(&Holder.Queued) != Count) {
        TinySleep(1);
    }
}

static NTSTATUS
ReaderEnd(READER *Reader, port_thread *Thread)
{
    port_thread_join(Thread);
    assert_int_equal(atomic_load(&Holder.Queued), 0);
    return (NTSTATUS)atomic_load(&Reader->Status);
}

static void
test_fltmgr_held__another_thread_sends_it_on(void **State)
{
    READER Reader;

    (void)State;
    port_thread *Thread = ReaderStart(&Reader, 0);
    AwaitQueued(1);
    assert_true(SendNext());
    assert_status(ReaderEnd(&Reader, Thread), STATUS_SUCCESS);
    assert_false(SendNext());
}

static void
test_fltmgr_held__cancelled(void **State)
{
    READER Reader;

    (void)State;
    port_thread *Thread = ReaderStart(&Reader, 0);
    AwaitQueued(1);
    while (!IopCancelThread(atomic_load(&Reader.Id))) {   /* it is about to wait */
        TinySleep(1);
    }
    assert_status(ReaderEnd(&Reader, Thread), STATUS_CANCELLED);
    assert_int_equal(atomic_load(&Holder.Cancelled), 1);
}

static void
test_fltmgr_held__timed_out(void **State)
{
    READER Reader;

    (void)State;
    assert_status(ReaderEnd(&Reader, ReaderStart(&Reader, 30)), STATUS_IO_TIMEOUT);
    assert_int_equal(atomic_load(&Holder.TimedOut), 1);
}

static void
test_fltmgr_held__unload_sends_them_on(void **State)
{
    READER Readers[READERS];
    port_thread *Threads[READERS];

    (void)State;
    for (ULONG i = 0; i < READERS; i++) {
        Threads[i] = ReaderStart(&Readers[i], 60000);
    }
    AwaitQueued(READERS);
    assert_status(IopUnloadDriver(Holder.Driver), STATUS_SUCCESS);
    Holder.Driver = NULL;
    for (ULONG i = 0; i < READERS; i++) {
        assert_status(ReaderEnd(&Readers[i], Threads[i]), STATUS_SUCCESS);
    }
}

/* ---- all at once ---- */

static _Atomic(ULONG) ReaderIds[READERS];
static _Atomic(LONG) Ended[3];                 /* read, cancelled, timed out */

static void
Body(struct storm_thread *Thread)
{
    if (Thread->index < READERS) {
        atomic_store(&ReaderIds[Thread->index], port_thread_id());
    }
    while (storm_more(&Storm)) {
        if (Thread->index < READERS) {
            const NTSTATUS Status = Read();
            CHECK(Status == STATUS_SUCCESS || Status == STATUS_CANCELLED || Status == STATUS_IO_TIMEOUT);
            atomic_fetch_add(&Ended[Status == STATUS_SUCCESS ? 0 : Status == STATUS_CANCELLED ? 1 : 2], 1);
            storm_did(&Storm, 1);
        } else if (Thread->index == READERS) {
            TinySleep(storm_random(Thread) % 3);
            SendNext();
        } else {
            TinySleep(storm_random(Thread) % 3);
            IopCancelThread(atomic_load(&ReaderIds[storm_random(Thread) % READERS]));
        }
    }
}

static void
test_fltmgr_held__each_ends_once(void **State)
{
    (void)State;
    Holder.Milliseconds = 1;
    storm_begin(&Storm, "held reads", READERS + 2, storm_full() ? 50000 : 2000);
    storm_run(&Storm, Body);
    assert_true(storm_end(&Storm));
    assert_int_equal(atomic_load(&Holder.Queued), 0);
    assert_int_equal(atomic_load(&Ended[0]), atomic_load(&Holder.Sent));
    assert_int_equal(atomic_load(&Ended[1]), atomic_load(&Holder.Cancelled));
    assert_int_equal(atomic_load(&Ended[2]), atomic_load(&Holder.TimedOut));
    assert_int_equal(atomic_load(&Holder.Back), atomic_load(&Holder.Sent));
    assert_true(atomic_load(&Ended[0]) > 0 && atomic_load(&Ended[1]) > 0 && atomic_load(&Ended[2]) > 0);
}

/* ---- set-up ---- */

static int
Load(void **State)
{
    (void)State;
    atomic_store(&Holder.Sent, 0);
    atomic_store(&Holder.Back, 0);
    atomic_store(&Holder.Cancelled, 0);
    atomic_store(&Holder.TimedOut, 0);
    return NT_SUCCESS(IopLoadDriver("holds", Entry, NULL, vf_owner_create("holds"), FALSE, &Holder.Driver)) ? 0 : -1;
}

static int
Unloaded(void **State)
{
    (void)State;
    if (Holder.Driver != NULL && !NT_SUCCESS(IopUnloadDriver(Holder.Driver))) {
        return -1;
    }
    return atomic_load(&Holder.Entries) == 0 && vf_finding_count() == 0 && atomic_load(&Storm.wrong) == 0 ? 0 : -1;
}

static int
GroupSetup(void **State)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };
    IO_STATUS_BLOCK IoStatus;

    (void)State;
    TinyStart();
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    FltpWatchFileSystems();
    assert_status(MfsVolumeCreate(7, &Options, &Real), STATUS_SUCCESS);
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString("\\held"), .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA,
        .Disposition = FILE_OPEN_IF, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    assert_status(IopWrite(File, "data", 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    return 0;
}

static int
GroupTeardown(void **State)
{
    (void)State;
    IopCloseFile(File);
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    FltpShutdown();
    return vf_finding_count() == 0 ? 0 : -1;
}

int
main(void)
{
#define H(Function) cmocka_unit_test_setup_teardown(test_fltmgr_held__##Function, Load, Unloaded)
    const struct CMUnitTest Tests[] = { H(another_thread_sends_it_on), H(cancelled), H(timed_out), H(unload_sends_them_on), H(each_ends_once) };
    return cmocka_run_group_tests(Tests, GroupSetup, GroupTeardown);
}

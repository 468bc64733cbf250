/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* A filter that faults: what it held pended is completed, so that nobody waits for ever. */
#include "testnt.h"

enum { PLAIN = 100, CANCELLABLE, QUEUED, AFTERWARDS, HELD = 4, FAULT = 666 };

static TINY_VOLUME *Volume;
static FLT_CALLBACK_DATA_QUEUE Queue;
static PFLT_CALLBACK_DATA Queued;
static _Atomic(LONG) HighPosts;
static _Atomic(LONG) HighFailures;

/* ---- a queue of one ---- */

static NTSTATUS
QueueInsert(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    (void)Cbdq;
    (void)Context;
    Queued = Data;
    return STATUS_SUCCESS;
}

static VOID
QueueRemove(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data)
{
    (void)Cbdq;
    (void)Data;
    Queued = NULL;
}

static PFLT_CALLBACK_DATA
QueuePeek(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    (void)Cbdq;
    (void)Context;
    return Data == NULL ? Queued : NULL;
}

static VOID
QueueLock(PFLT_CALLBACK_DATA_QUEUE Cbdq, PKIRQL Irql)
{
    (void)Cbdq;
    (void)Irql;
}

static VOID
QueueUnlock(PFLT_CALLBACK_DATA_QUEUE Cbdq, KIRQL Irql)
{
    (void)Cbdq;
    (void)Irql;
}

static VOID
QueueCanceled(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Data)
{
    (void)Cbdq;
    (void)Data;
    fail_msg("nothing was cancelled");
}

/* ---- the victim, and one above it ---- */

static VOID
NotCanceled(PFLT_CALLBACK_DATA Data)
{
    (void)Data;
    fail_msg("nothing was cancelled");
}

static FLT_PREOP_CALLBACK_STATUS
VictimPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    static const struct port_fault_info Info = { .signo = 11 };

    (void)Objects;
    (void)Context;
    switch (Data->Iopb->Parameters.Read.ByteOffset.QuadPart) {
    case PLAIN:
        return FLT_PREOP_PENDING;
    case CANCELLABLE:
        assert_status(FltSetCancelCompletion(Data, NotCanceled), STATUS_SUCCESS);
        return FLT_PREOP_PENDING;
    case QUEUED:
        assert_status(FltCbdqInsertIo(&Queue, Data, NULL, NULL), STATUS_SUCCESS);
        return FLT_PREOP_PENDING;
    case AFTERWARDS:
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    default:
        port_fault_raise(&Info);
    }
}

static FLT_POSTOP_CALLBACK_STATUS
VictimPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    (void)Flags;
    return FLT_POSTOP_MORE_PROCESSING_REQUIRED;
}

static FLT_PREOP_CALLBACK_STATUS
HighPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
HighPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Objects;
    (void)Context;
    (void)Flags;
    atomic_fetch_add(&HighPosts, 1);
    atomic_fetch_add(&HighFailures, Data->IoStatus.Status == STATUS_DRIVER_INTERNAL_ERROR);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
VictimSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Device, FLT_FILESYSTEM_TYPE FileSystem)
{
    (void)Flags;
    (void)Device;
    (void)FileSystem;
    return FltCbdqInitialize(Objects->Instance, &Queue, QueueInsert, QueueRemove, QueuePeek, QueueLock, QueueUnlock, QueueCanceled);
}

static const FLT_OPERATION_REGISTRATION VictimOperations[] = { { IRP_MJ_READ, 0, VictimPre, VictimPost, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
static const FLT_OPERATION_REGISTRATION HighOperations[] = { { IRP_MJ_READ, 0, HighPre, HighPost, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };

typedef struct HOLD { PFILE_OBJECT File; LONGLONG Offset; NTSTATUS Status; port_thread *Thread; } HOLD;

static void
WaitSuspended(ULONG Wanted)
{
    PFLT_VOLUME Flt = TinyFltVolume(Volume);

    for (ULONG Found = 0; Found < Wanted; TinySleep(1)) {
        Found = 0;
        port_lock_acquire(&Flt->FlightLock);
        for (PLIST_ENTRY Entry = Flt->InFlight.Flink; Entry != &Flt->InFlight; Entry = Entry->Flink) {
            Found += CONTAINING_RECORD(Entry, FLTP_OPERATION, FlightLinks)->Suspended;
        }
        port_lock_release(&Flt->FlightLock);
    }
}

static void
Hold(void *Parameter)
{
    HOLD *Read = Parameter;
    UCHAR Buffer[8];

    Read->Status = TinyRead(Read->File, Buffer, sizeof(Buffer), Read->Offset);
}

static void
test_fltmgr_dead__pended_operations_are_completed(void **state)
{
    (void)state;
    TINY_FILTER High = { .Name = "high", .Altitude = "300", .Registration = { .OperationRegistration = HighOperations } };
    TINY_FILTER Victim = { .Name = "victim", .Altitude = "250",
        .Registration = { .OperationRegistration = VictimOperations, .InstanceSetupCallback = VictimSetup } };
    HOLD Held[HELD];
    UCHAR Buffer[16];

    HighPosts = HighFailures = 0;
    assert_status(TinyFilterLoad(&High), STATUS_SUCCESS);
    assert_status(TinyFilterLoad(&Victim), STATUS_SUCCESS);
    PFILE_OBJECT File = TinyOpen(Volume, "\\f", NULL);
    for (int i = 0; i < HELD; i++) {
        Held[i] = (HOLD){ .File = TinyOpen(Volume, "\\f", NULL), .Offset = PLAIN + i };
        assert_int_equal(port_thread_start(&Held[i].Thread, Hold, &Held[i], "hold"), 0);
        WaitSuspended((ULONG)i + 1);
    }
    assert_int_equal(HighPosts, 0);
    assert_status(TinyRead(File, Buffer, 16, FAULT), STATUS_DRIVER_INTERNAL_ERROR);
    for (int i = 0; i < HELD; i++) {
        port_thread_join(Held[i].Thread);
        TinyClose(Held[i].File);
        assert_status(Held[i].Status, STATUS_DRIVER_INTERNAL_ERROR);
    }
    assert_int_equal(HighPosts, HELD + 1);
    assert_int_equal(HighFailures, HELD + 1);
    assert_status(TinyRead(File, Buffer, 16, PLAIN), STATUS_SUCCESS);
    TinyClose(File);
    UNICODE_STRING Name = TinyString("victim");
    assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
    assert_status(IopUnloadDriver(Victim.Driver), STATUS_SUCCESS);
    assert_status(TinyFilterUnload(&High), STATUS_SUCCESS);
}

/* Operations go on arriving, and being pended, while it dies. */
static _Atomic(LONG) Going;

static void
Reader(void *File)
{
    while (Going) {
        UCHAR Buffer[8];
        const NTSTATUS Status = TinyRead(File, Buffer, 8, PLAIN);
        assert_true(Status == STATUS_SUCCESS || Status == STATUS_DRIVER_INTERNAL_ERROR);
    }
}

static void
test_fltmgr_dead__while_operations_arrive(void **state)
{
    (void)state;
    for (int Round = 0; Round < 30; Round++) {
        TINY_FILTER Victim = { .Name = "victim", .Altitude = "250",
            .Registration = { .OperationRegistration = VictimOperations, .InstanceSetupCallback = VictimSetup } };
        port_thread *Threads[4];
        UCHAR Buffer[8];
        assert_status(TinyFilterLoad(&Victim), STATUS_SUCCESS);
        PFILE_OBJECT File = TinyOpen(Volume, "\\f", NULL);
        Going = 1;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(port_thread_start(&Threads[i], Reader, File, "reader"), 0);
        }
        assert_status(TinyRead(File, Buffer, 8, FAULT), STATUS_DRIVER_INTERNAL_ERROR);
        Going = 0;
        for (int i = 0; i < 4; i++) {
            port_thread_join(Threads[i]);
        }
        TinyClose(File);
        UNICODE_STRING Name = TinyString("victim");
        assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
        assert_status(IopUnloadDriver(Victim.Driver), STATUS_SUCCESS);
    }
}

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    Volume = TinyMount(NULL);
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    TinyDismount(Volume);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(dead__pended_operations_are_completed),
        T(dead__while_operations_arrive),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* Section G: instances come and go. */
#include "bed.h"

static VOID
SayStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    if (Objects->Filter == A.Filter) {
        Say("start");
    }
}

static VOID
SayComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    if (Objects->Filter == A.Filter) {
        Say("complete");
    }
}

/* ---- G-04 ---- */

static NTSTATUS DetachAgain;

static VOID
DetachInStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    DetachAgain = FltDetachVolume(Objects->Filter, Objects->Volume, NULL);
}

static void
test_conformance__G_04_which_instance_is_detached(void **state)
{
    (void)state;
    TINY_FILTER Twice = FILTER("conftwice", "500");
    UNICODE_STRING LowName = TinyString("conftwice low"), Unknown = TinyString("unknown");
    PFLT_INSTANCE High, Low, Left;

    Fresh();
    Twice.SecondInstance = "conftwice low";
    Twice.SecondAltitude = "400";
    assert_status(TinyFilterLoad(&Twice), STATUS_SUCCESS);
    High = TinyInstance(&Twice, Volume);
    assert_status(FltGetVolumeInstanceFromName(Twice.Filter, FltVolume, &LowName, &Low), STATUS_SUCCESS);
    FltObjectDereference(Low);
    assert_ptr_not_equal(High, Low);
    assert_status(FltDetachVolume(Twice.Filter, FltVolume, &Unknown), STATUS_FLT_INSTANCE_NOT_FOUND);
    Detach(&Twice, Volume);                    /* no name: the highest */
    Left = TinyInstance(&Twice, Volume);
    assert_ptr_equal(Left, Low);
    StartHook = DetachInStart;
    assert_status(FltDetachVolume(Twice.Filter, FltVolume, &LowName), STATUS_SUCCESS);
    assert_status(DetachAgain, STATUS_FLT_DELETING_OBJECT);
    assert_status(FltDetachVolume(Twice.Filter, FltVolume, NULL), STATUS_FLT_INSTANCE_NOT_FOUND);
    Fresh();
    assert_status(TinyFilterUnload(&Twice), STATUS_SUCCESS);
}

/* ---- G-05 ---- */

static ULONG StartReason, CompleteReason;

static VOID
ReasonStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    StartReason = Reason;
}

static VOID
ReasonComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    CompleteReason = Reason;
}

static void
assert_reason(ULONG Want)
{
    assert_int_equal(StartReason, Want);
    assert_int_equal(CompleteReason, Want);
    StartReason = CompleteReason = 0;
}

static void
test_conformance__G_05_reasons(void **state)
{
    (void)state;
    TINY_FILTER Own = FILTER("confreason", "50");
    UNICODE_STRING Name = TinyString("confreason");

    Fresh();
    assert_status(TinyFilterLoad(&Own), STATUS_SUCCESS);
    StartHook = ReasonStart;
    CompleteHook = ReasonComplete;
    Detach(&Own, Volume);
    assert_reason(FLTFL_INSTANCE_TEARDOWN_MANUAL);
    TINY_VOLUME *Other = TinyMount(NULL);
    TinyClose(TinyOpen(Other, "\\x", NULL));
    TinyDismount(Other);
    assert_reason(FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
    Attach(&Own, Volume);
    assert_status(TinyFilterUnload(&Own), STATUS_SUCCESS);
    assert_reason(FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD);
    TINY_FILTER Stubborn = FILTER("confreason", "50");
    assert_status(TinyFilterLoad(&Stubborn), STATUS_SUCCESS);
    FltpUnloadFilter(&Name, TRUE);
    assert_reason(FLTFL_INSTANCE_TEARDOWN_MANDATORY_FILTER_UNLOAD);
    assert_int_equal(FLTFL_INSTANCE_TEARDOWN_INTERNAL_ERROR, 0x10);
    Fresh();
}

/* ---- G-06: one pre-operation runs, one post-operation is owed, one reference is held ---- */

static _Atomic(LONG) Inside, Started, Calls;
static NTSTATUS SetWhileRunning, GetWhileDraining;

static FLT_PREOP_CALLBACK_STATUS
SlowPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Made;

    (void)Context;
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    atomic_fetch_add(&Calls, 1);
    if (Data->Iopb->MajorFunction == IRP_MJ_READ) {
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_QUERY_INFORMATION) {
        Inside = 1;
        for (int i = 0; i < 5000 && !Started; i++) {
            TinySleep(1);
        }
        TinySleep(20);                         /* InstanceTeardownStart has returned, and G-06 waits for this callback */
        Made = NewOf(Objects->Filter, FLT_INSTANCE_CONTEXT);
        SetWhileRunning = FltSetInstanceContext(Objects->Instance, REPLACE, Made, NULL);
        FltReleaseContext(Made);
        Log[0] = 0;
        Say("start");
        Say("ran");
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
DrainPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Got;

    (void)Data;
    (void)Context;
    GetWhileDraining = FltGetInstanceContext(Objects->Instance, &Got);
    if (NT_SUCCESS(GetWhileDraining)) {
        FltReferenceContext(Got);
        FltReleaseContext(Got);
        FltReleaseContext(Got);
    }
    Say(Flags & FLTFL_POST_OPERATION_DRAINING ? "drained" : "post");
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID
StartedStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    SayStart(Objects, Reason);
    Started = 1;
}

static void
QueryThread(void *Status)
{
    *(NTSTATUS *)Status = TinyQueryBasic(File);
}

static void
test_conformance__G_06_G_12_G_13_order_of_a_detach(void **state)
{
    (void)state;
    TINY_ASYNC Read;
    NTSTATUS QueryStatus = STATUS_PENDING;
    PFLT_CONTEXT Held;

    Fresh();
    PFLT_CONTEXT OfInstance = Linked(HERE, FLT_INSTANCE_CONTEXT), Stream = Linked(HERE, FLT_STREAM_CONTEXT);
    assert_status(Get(FLT_STREAM_CONTEXT, &Held), STATUS_SUCCESS);
    Inside = Started = Calls = 0;
    PreHook = SlowPre;
    PostHook = DrainPost;
    Only = IRP_MJ_READ;
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    Only = IRP_MJ_QUERY_INFORMATION;
    struct port_thread *Thread = Start(QueryThread, &QueryStatus);
    WaitFor(&Inside, 1);
    StartHook = StartedStart;
    CompleteHook = SayComplete;
    Detach(&A, Volume);
    port_thread_join(Thread);
    assert_status(QueryStatus, STATUS_SUCCESS);
    /* start, the running callback ends, the waiting one is drained, complete, then the contexts; the stream's is still held */
    assert_string_equal(Log, "start ran drained complete ~instance ");
    assert_status(SetWhileRunning, STATUS_FLT_DELETING_OBJECT);
    assert_status(GetWhileDraining, STATUS_SUCCESS);
    assert_int_equal(Deaths(OfInstance), 1);
    assert_int_equal(Deaths(Stream), 0);
    const LONG Before = Calls;
    Only = EVERY_MAJOR;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(Calls, Before);
    assert_int_equal(TinyCompleteReads(Volume, PASSIVE_LEVEL), 1);
    TinyReadWait(&Read);
    Volume->PendReads = FALSE;
    assert_string_equal(Log, "start ran drained complete ~instance ");   /* the real completion is not told */
    FltReleaseContext(Held);
    assert_int_equal(Deaths(Stream), 1);
    Fresh();
    Attach(&A, Volume);
}

/* ---- G-07 ---- */

static ULONG TeardownCalls;
static KIRQL HighestIrql;

static VOID
CountingTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    if (KeGetCurrentIrql() > HighestIrql) {
        HighestIrql = KeGetCurrentIrql();
    }
    assert_non_null(Objects->Instance);
    TeardownCalls++;
}

static void
test_conformance__G_07_either_callback_may_be_missing(void **state)
{
    (void)state;
    Fresh();
    HighestIrql = PASSIVE_LEVEL;
    for (ULONG Bits = 0; Bits < 4; Bits++) {
        TINY_FILTER Own = FILTER("confhalf", "60");
        Own.Registration.InstanceTeardownStartCallback = Bits & 1 ? CountingTeardown : NULL;
        Own.Registration.InstanceTeardownCompleteCallback = Bits & 2 ? CountingTeardown : NULL;
        assert_status(TinyFilterLoad(&Own), STATUS_SUCCESS);
        TeardownCalls = 0;
        Detach(&Own, Volume);
        assert_int_equal(TeardownCalls, (Bits & 1) + (Bits >> 1));
        assert_null(TinyInstance(&Own, Volume));
        assert_status(TinyFilterUnload(&Own), STATUS_SUCCESS);
    }
    assert_int_equal(HighestIrql, PASSIVE_LEVEL);
}

/* ---- G-10 ---- */

static _Atomic(LONG) Completed;

static VOID
CompletedComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    (void)Reason;
    Completed = 1;
}

static void
DetachThread(void *Status)
{
    *(NTSTATUS *)Status = FltDetachVolume(A.Filter, FltVolume, NULL);
}

static void
test_conformance__G_08_G_10_references_hold_contexts_not_the_callback(void **state)
{
    (void)state;
    NTSTATUS Status = STATUS_PENDING;
    PFLT_CONTEXT Got;

    Fresh();
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFLT_CONTEXT OfInstance = Linked(HERE, FLT_INSTANCE_CONTEXT), Stream = Linked(HERE, FLT_STREAM_CONTEXT);
    assert_status(FltObjectReference(Instance), STATUS_SUCCESS);
    CompleteHook = CompletedComplete;
    Completed = 0;
    struct port_thread *Thread = Start(DetachThread, &Status);
    WaitFor(&Completed, 1);
    TinySleep(20);
    assert_status(FltGetInstanceContext(Instance, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, OfInstance);
    FltReleaseContext(Got);
    assert_int_equal(Deaths(OfInstance) + Deaths(Stream), 0);
    FltObjectDereference(Instance);
    port_thread_join(Thread);
    assert_status(Status, STATUS_SUCCESS);
    assert_int_equal(Deaths(OfInstance), 1);
    assert_int_equal(Deaths(Stream), 1);
    Fresh();
    Attach(&A, Volume);
}

/* ---- G-12, G-14, G-18 ---- */

static TINY_FILTER Going = FILTER("confgoing", "70");
static NTSTATUS InStart[4], InComplete[4];

static void
Probe(PCFLT_RELATED_OBJECTS Objects, NTSTATUS *Out)
{
    PFLT_CONTEXT Context;
    PFLT_FILTER Filter;
    PFLT_INSTANCE Instance;

    Out[0] = FltAllocateContext(Objects->Filter, FLT_STREAM_CONTEXT, SIZE, PagedPool, &Context);
    if (NT_SUCCESS(Out[0])) {
        FltReleaseContext(Context);
    }
    Out[1] = FltGetFilterFromInstance(Objects->Instance, &Filter);
    if (NT_SUCCESS(Out[1])) {
        FltObjectDereference(Filter);
    }
    Out[2] = FltGetVolumeInstanceFromName(Objects->Filter, Objects->Volume, NULL, &Instance);
    if (NT_SUCCESS(Out[2])) {
        FltObjectDereference(Instance);
    }
    KIRQL Irql;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Out[3] = FltObjectReference(Objects->Instance);
    KeLowerIrql(Irql);
    if (NT_SUCCESS(Out[3])) {
        FltObjectDereference(Objects->Instance);
    }
}

static VOID
ProbeStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    Probe(Objects, InStart);
}

static VOID
ProbeComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    Probe(Objects, InComplete);
}

static void
test_conformance__G_12_G_14_G_18_detach_and_unregister(void **state)
{
    (void)state;
    Fresh();
    assert_status(TinyFilterLoad(&Going), STATUS_SUCCESS);
    StartHook = ProbeStart;
    CompleteHook = ProbeComplete;
    Detach(&Going, Volume);                    /* the filter stays: contexts can be allocated all the time */
    assert_status(InStart[0], STATUS_SUCCESS);
    assert_status(InStart[1], STATUS_SUCCESS);
    assert_status(InStart[2], STATUS_SUCCESS);
    assert_status(InStart[3], STATUS_SUCCESS);
    assert_status(InComplete[0], STATUS_SUCCESS);
    assert_status(InComplete[1], STATUS_SUCCESS);
    assert_status(InComplete[2], STATUS_FLT_DELETING_OBJECT);
    assert_status(InComplete[3], STATUS_FLT_DELETING_OBJECT);
    StartHook = CompleteHook = NULL;
    Attach(&Going, Volume);
    StartHook = ProbeStart;
    CompleteHook = ProbeComplete;
    assert_status(TinyFilterUnload(&Going), STATUS_SUCCESS);
    assert_status(InStart[0], STATUS_FLT_DELETING_OBJECT);   /* from the entry of FltUnregisterFilter */
    assert_status(InStart[3], STATUS_SUCCESS);
    assert_status(InComplete[0], STATUS_FLT_DELETING_OBJECT);
    assert_status(InComplete[3], STATUS_FLT_DELETING_OBJECT);
    Fresh();
}

static void
test_conformance__G_12_G_14_volume_after_its_instances(void **state)
{
    (void)state;
    static PFLT_VOLUME Kept;                   /* its memory stays, since it is referenced */
    TINY_VOLUME *Other = TinyMount(NULL);
    PFLT_CONTEXT Old = POISON;

    Fresh();
    TinyClose(TinyOpen(Other, "\\x", NULL));
    PFLT_CONTEXT Linked1 = Linked(On(&A, Other, NULL), FLT_VOLUME_CONTEXT), Late = New(&A, FLT_VOLUME_CONTEXT);
    Kept = TinyFltVolume(Other);
    assert_status(FltObjectReference(Kept), STATUS_SUCCESS);
    TinyDismount(Other);
    assert_int_equal(Deaths(Linked1), 1);
    assert_status(FltSetVolumeContext(Kept, KEEP, Late, NULL), STATUS_FLT_DELETING_OBJECT);
    assert_status(FltDeleteVolumeContext(A.Filter, Kept, &Old), STATUS_FLT_DELETING_OBJECT);
    assert_null(Old);
    assert_status(FltObjectReference(Kept), STATUS_FLT_DELETING_OBJECT);
    FltReleaseContext(Late);
    assert_int_equal(Deaths(Late), 1);
}

/* ---- G-15 ---- */

static void
test_conformance__G_15_unregister_tears_every_instance_down(void **state)
{
    (void)state;
    TINY_FILTER Own = FILTER("confthree", "80");
    TINY_VOLUME *More[2] = { TinyMount(NULL), TinyMount(NULL) };
    PFLT_CONTEXT Made[3];

    Fresh();
    for (ULONG i = 0; i < 2; i++) {
        TinyClose(TinyOpen(More[i], "\\x", NULL));
    }
    Own.Registration.InstanceTeardownStartCallback = Own.Registration.InstanceTeardownCompleteCallback = CountingTeardown;
    assert_status(TinyFilterLoad(&Own), STATUS_SUCCESS);
    Made[0] = Linked(On(&Own, Volume, NULL), FLT_INSTANCE_CONTEXT);
    Made[1] = Linked(On(&Own, More[0], NULL), FLT_INSTANCE_CONTEXT);
    Made[2] = Linked(On(&Own, More[1], NULL), FLT_VOLUME_CONTEXT);
    TeardownCalls = 0;
    assert_status(TinyFilterUnload(&Own), STATUS_SUCCESS);
    assert_int_equal(TeardownCalls, 6);
    for (ULONG i = 0; i < 3; i++) {
        assert_int_equal(Deaths(Made[i]), 1);
    }
    TinyDismount(More[0]);
    TinyDismount(More[1]);
}

static ULONG UnloadCalls;
static NTSTATUS
CountUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    (void)Flags;
    UnloadCalls++;
    return STATUS_SUCCESS;
}

static FLT_REGISTRATION EntryRegistration = { .Size = sizeof(EntryRegistration), .Version = FLT_REGISTRATION_VERSION, .ContextRegistration = Contexts };
static PFLT_FILTER EntryFilter;

static NTSTATUS
FailingEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    (void)Path;
    assert_status(FltRegisterFilter(Driver, &EntryRegistration, &EntryFilter), STATUS_SUCCESS);
    FltUnregisterFilter(EntryFilter);
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS
GoodEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    (void)Path;
    assert_status(FltRegisterFilter(Driver, &EntryRegistration, &EntryFilter), STATUS_SUCCESS);
    return FltStartFiltering(EntryFilter);
}

static void
test_conformance__G_15_entry_fails_or_nothing_unloads(void **state)
{
    (void)state;
    const TINY_FILTER Keys = { .Name = "confentry", .Altitude = "90" };
    UNICODE_STRING Name = TinyString("confentry");
    PDRIVER_OBJECT Driver;
    PFLT_FILTER Got;

    Fresh();
    TinyFilterKeys(&Keys);
    UnloadCalls = 0;
    EntryRegistration.FilterUnloadCallback = CountUnload;
    assert_status(IopLoadDriver("confentry", FailingEntry, NULL, NULL, FALSE, &Driver), STATUS_UNSUCCESSFUL);
    assert_int_equal(UnloadCalls, 0);
    assert_status(FltGetFilterFromName(&Name, &Got), STATUS_FLT_FILTER_NOT_FOUND);
    EntryRegistration.FilterUnloadCallback = NULL;
    assert_status(IopLoadDriver("confentry", GoodEntry, NULL, NULL, FALSE, &Driver), STATUS_SUCCESS);
    assert_false(NT_SUCCESS(FltpUnloadFilter(&Name, FALSE)));
    assert_false(NT_SUCCESS(FltpUnloadFilter(&Name, TRUE)));
    assert_status(FltGetFilterFromName(&Name, &Got), STATUS_SUCCESS);
    FltObjectDereference(Got);
    FltpEndFilter(Driver);
    assert_status(IopUnloadDriver(Driver), STATUS_INVALID_DEVICE_REQUEST);   /* it has no unload routine */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(G_04_which_instance_is_detached), R(G_05_reasons), R(G_06_G_12_G_13_order_of_a_detach),
        R(G_07_either_callback_may_be_missing), R(G_08_G_10_references_hold_contexts_not_the_callback),
        R(G_12_G_14_G_18_detach_and_unregister), R(G_12_G_14_volume_after_its_instances),
        R(G_15_unregister_tears_every_instance_down), R(G_15_entry_fails_or_nothing_unloads),
    };
    return BED_RUN(tests);
}

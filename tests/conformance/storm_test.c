/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* ctest-timeout: 3600 */
/*
 * Sections C, D, E with sixteen threads on each type of context: 10^5 operations each, 10^6 with FILTERBED_FULL=1 (lib/storm.h).
 *
 * A context knows the type it is set on, whether it was handed out as the old one, and when.  Its clean-up callback checks that nobody uses
 * it.  What the storms share among threads beside the routines under test is relaxed atomics: nothing is ordered by them, so that
 * ThreadSanitizer sees what the routines order.
 */
#include "bed.h"

#include "storm.h"

#define THREADS 16

static struct storm Storm;
static TINY_FILTER S;

typedef struct MARK {
    ULONG Canary;
    FLT_CONTEXT_TYPE Type;
    ULONG Group;
    _Atomic(LONG) Uses;
    _Atomic(LONG) Out;                         /* handed out as old context, or deleted */
    _Atomic(ULONGLONG) Gone;                   /* when that call had returned */
} MARK;
#define CANARY 0x5EA51DE5u
static _Atomic(LONG) Live, LiveOf[THREADS];
static _Atomic(BOOLEAN) OutExpected;           /* every context is handed out before it dies */

static LONG
Now(_Atomic(LONG) *Counter)
{
    return atomic_load_explicit(Counter, memory_order_relaxed);
}

static VOID
OnStormCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    MARK *Mark = Context;

    storm_check(&Storm, Mark->Canary == CANARY && Mark->Type == Type);
    storm_check(&Storm, Now(&Mark->Uses) == 0);
    storm_check(&Storm, !OutExpected || Now(&Mark->Out) == 1);
    Mark->Canary = 0;
    atomic_fetch_sub_explicit(&LiveOf[Mark->Group], 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&Live, 1, memory_order_relaxed);
}

static PFLT_CONTEXT
Make(FLT_CONTEXT_TYPE Type, ULONG Group)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(S.Filter, Type, sizeof(MARK), NonPagedPool, &Context))) {
        storm_wrong(&Storm, "no context");
        storm_stop(&Storm);
        return NULL;
    }
    MARK *Mark = Context;
    Mark->Canary = CANARY;
    Mark->Type = Type;
    Mark->Group = Group;
    atomic_init(&Mark->Uses, 0);
    atomic_init(&Mark->Out, 0);
    atomic_init(&Mark->Gone, 0);
    atomic_fetch_add_explicit(&LiveOf[Group], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&Live, 1, memory_order_relaxed);
    return Context;
}

static void
Use(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    MARK *Mark = Context;

    atomic_fetch_add_explicit(&Mark->Uses, 1, memory_order_relaxed);
    storm_check(&Storm, Mark->Canary == CANARY && Mark->Type == Type);
    atomic_fetch_sub_explicit(&Mark->Uses, 1, memory_order_relaxed);
}

/* The context that a call took off its target and gave us the reference of. */
static void
HandedOut(PFLT_CONTEXT Old, FLT_CONTEXT_TYPE Type, ULONGLONG When)
{
    MARK *Mark = Old;

    Use(Old, Type);
    storm_check(&Storm, atomic_exchange_explicit(&Mark->Out, 1, memory_order_relaxed) == 0);
    atomic_store_explicit(&Mark->Gone, When, memory_order_relaxed);
}

static TARGET
There(void)
{
    return On(&S, Volume, File);
}

static void
Nothing(void)
{
    for (int i = 0; i < 10000 && Live != 0; i++) {
        TinySleep(1);                          /* the last release may be a deferred one */
    }
    assert_int_equal(Live, 0);
    assert_int_equal(vf_finding_count(), 0);
}

/* ---- C-26 ---- */

static _Atomic(PFLT_CONTEXT) Winner;
static _Atomic(LONG) Winners;

static void
KeepRound(struct storm_thread *Thread, TARGET Target, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Made = Make(Type, 0), Old = NULL;

    storm_meet(&Storm.gate);
    const NTSTATUS Status = SetOn(Target, Type, KEEP, Made, &Old);
    if (Status == STATUS_SUCCESS) {
        storm_check(&Storm, Old == NULL);
        atomic_store(&Winner, Made);
        atomic_fetch_add(&Winners, 1);
    } else {
        storm_check(&Storm, Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED && Old != NULL);
    }
    storm_meet(&Storm.gate);
    storm_check(&Storm, Winners == 1);
    storm_check(&Storm, (Old != NULL ? Old : Made) == Winner);
    if (Thread->index == 0) {
        storm_check(&Storm, TinyContextCount(Winner) == THREADS + 1);   /* the link, and one for each of us */
    }
    storm_meet(&Storm.gate);
    if (Old != NULL) {
        Use(Old, Type);
        FltReleaseContext(Old);
    } else {
        FltDeleteContext(Made);
        atomic_fetch_sub(&Winners, 1);
    }
    FltReleaseContext(Made);
    storm_did(&Storm, 1);
}

static void
KeepBody(struct storm_thread *Thread)
{
    const TARGET Target = There();
    const ULONGLONG Rounds = (Storm.wanted + THREADS - 1) / THREADS;

    for (ULONGLONG i = 0; i < Rounds && !Storm.over; i++) {
        KeepRound(Thread, Target, Types[(i + Storm.seed) % TYPES]);
    }
}

/* The rule wants 10^5 rounds; so many are 1.6 10^6 sets. */
static void
test_conformance__C_26_of_sixteen_keeps_one_wins(void **state)
{
    (void)state;
    storm_begin(&Storm, "C-26", THREADS, storm_full() ? 100000 * THREADS : 0);
    storm_run(&Storm, KeepBody);
    assert_true(storm_end(&Storm));
    Nothing();
}

/* ---- C-27 ---- */

static _Atomic(ULONGLONG) Sets[TYPES], Outs[TYPES];

static void
ReplaceBody(struct storm_thread *Thread)
{
    const TARGET Target = There();

    while (storm_more(&Storm)) {
        const ULONG Which = storm_random(Thread) % TYPES;
        const FLT_CONTEXT_TYPE Type = Types[Which];
        PFLT_CONTEXT Made = Make(Type, 0), Old = POISON;
        const NTSTATUS Status = SetOn(Target, Type, REPLACE, Made, &Old);
        storm_check(&Storm, Status == STATUS_SUCCESS && Old != Made);
        atomic_fetch_add(&Sets[Which], 1);
        if (Old != NULL) {
            HandedOut(Old, Type, 1);
            atomic_fetch_add(&Outs[Which], 1);
            FltReleaseContext(Old);
        }
        Use(Made, Type);
        FltReleaseContext(Made);
        storm_did(&Storm, 1);
    }
}

static void
test_conformance__C_27_each_displaced_context_is_handed_out_once(void **state)
{
    (void)state;
    storm_begin(&Storm, "C-27", THREADS, storm_full() ? 0 : 5 * storm_operations());
    OutExpected = TRUE;
    storm_run(&Storm, ReplaceBody);
    for (ULONG i = 0; i < TYPES; i++) {
        PFLT_CONTEXT Last;
        assert_status(DeleteOn(There(), Types[i], &Last), STATUS_SUCCESS);
        HandedOut(Last, Types[i], 1);
        FltReleaseContext(Last);
        assert_int_equal(Sets[i], Outs[i] + 1);
    }
    assert_true(storm_end(&Storm));
    Nothing();
    OutExpected = FALSE;
}

/* ---- D-07 ---- */

static _Atomic(ULONGLONG) Clock = 1;           /* relaxed: a number for each moment */

static ULONGLONG
Moment(void)
{
    return atomic_fetch_add_explicit(&Clock, 1, memory_order_relaxed);
}

/* A key of the first half of the types is only replaced: there is always something to get. */
#define ALWAYS(Which) ((Which) < TYPES / 2)

static void
GetStep(TARGET Target, ULONG Which)
{
    PFLT_CONTEXT Got;
    const ULONGLONG Before = Moment();
    const NTSTATUS Status = GetOn(Target, Types[Which], &Got);

    if (Status != STATUS_SUCCESS) {
        storm_check(&Storm, Status == STATUS_NOT_FOUND && Got == NULL && !ALWAYS(Which));
        return;
    }
    const ULONGLONG Gone = atomic_load_explicit(&((MARK *)Got)->Gone, memory_order_relaxed);
    storm_check(&Storm, Gone == 0 || Gone > Before);   /* what had been taken off before this began is not found any more */
    Use(Got, Types[Which]);
    FltReleaseContext(Got);
}

static void
ChangeStep(struct storm_thread *Thread, TARGET Target, ULONG Which)
{
    const FLT_CONTEXT_TYPE Type = Types[Which];
    PFLT_CONTEXT Old = NULL, Made = NULL;

    if (ALWAYS(Which) || storm_random(Thread) % 2 == 0) {
        Made = Make(Type, 0);
        const NTSTATUS Status = SetOn(Target, Type, REPLACE, Made, &Old);
        storm_check(&Storm, Status == STATUS_SUCCESS);
        FltReleaseContext(Made);
    } else {
        const NTSTATUS Status = DeleteOn(Target, Type, &Old);
        storm_check(&Storm, Status == (Old != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND));
    }
    if (Old != NULL) {
        HandedOut(Old, Type, Moment());
        FltReleaseContext(Old);
    }
}

static void
GetBody(struct storm_thread *Thread)
{
    const TARGET Target = There();

    while (storm_more(&Storm)) {
        const ULONG Which = storm_random(Thread) % TYPES;
        if (Thread->index % 4 == 0) {
            ChangeStep(Thread, Target, Which);
        } else {
            GetStep(Target, Which);
        }
        storm_did(&Storm, 1);
    }
}

static void
test_conformance__D_07_gets_against_sets_and_deletes(void **state)
{
    (void)state;
    storm_begin(&Storm, "D-07", THREADS, storm_full() ? 0 : 10 * storm_operations());   /* they are quick */
    for (ULONG i = 0; i < TYPES; i++) {
        PFLT_CONTEXT First = Make(Types[i], 0);
        assert_status(SetOn(There(), Types[i], KEEP, First, NULL), STATUS_SUCCESS);
        FltReleaseContext(First);
    }
    storm_run(&Storm, GetBody);
    for (ULONG i = 0; i < TYPES; i++) {
        DeleteOn(There(), Types[i], NULL);
    }
    assert_true(storm_end(&Storm));
    Nothing();
}

/* ---- E-12 ---- */

static _Atomic(LONG) Successes, NotFounds;

static void
DeleteRound(struct storm_thread *Thread, TARGET Target, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Old = NULL;

    if (Thread->index == 0) {
        PFLT_CONTEXT Made = Make(Type, 0);
        const NTSTATUS Status = SetOn(Target, Type, KEEP, Made, NULL);
        storm_check(&Storm, Status == STATUS_SUCCESS);
        FltReleaseContext(Made);
        Successes = NotFounds = 0;
    }
    storm_meet(&Storm.gate);
    const NTSTATUS Status = DeleteOn(Target, Type, Thread->index % 2 ? &Old : NULL);
    if (Status == STATUS_SUCCESS) {
        atomic_fetch_add(&Successes, 1);
    } else {
        storm_check(&Storm, Status == STATUS_NOT_FOUND && Old == NULL);
        atomic_fetch_add(&NotFounds, 1);
    }
    if (Old != NULL) {
        HandedOut(Old, Type, 1);
        FltReleaseContext(Old);
    }
    storm_did(&Storm, 1);
    storm_meet(&Storm.gate);
    if (Thread->index == 0) {
        storm_check(&Storm, Successes == 1 && NotFounds == THREADS - 1);
        storm_check(&Storm, Live == 0);        /* cleaned up, once */
    }
}

static void
DeleteBody(struct storm_thread *Thread)
{
    const TARGET Target = There();
    const ULONGLONG Rounds = (Storm.wanted + THREADS - 1) / THREADS;

    for (ULONGLONG i = 0; i < Rounds && !Storm.over; i++) {
        DeleteRound(Thread, Target, Types[(i + Storm.seed) % TYPES]);
    }
}

static void
test_conformance__E_12_of_sixteen_deletes_one_succeeds(void **state)
{
    (void)state;
    storm_begin(&Storm, "E-12", THREADS, 0);
    storm_run(&Storm, DeleteBody);
    assert_true(storm_end(&Storm));
    Nothing();
}

/* ---- C-28, E-12: against the end of a stream ---- */

#define GROUPS 4
static struct storm_gate Gates[GROUPS];
static PFILE_OBJECT Opened[GROUPS];            /* of the round */

static void
TeardownStep(TARGET Target, ULONG Role, ULONG Group)
{
    PFLT_CONTEXT Old = NULL;
    NTSTATUS Status;

    if (Role == 0) {
        FsRtlTeardownPerStreamContexts(FsRtlGetPerStreamContextPointer(Target.File));
        return;
    }
    if (Role == 3) {
        Status = DeleteOn(Target, FLT_STREAM_CONTEXT, &Old);
        storm_check(&Storm, Status == STATUS_SUCCESS || Status == STATUS_NOT_FOUND || Status == STATUS_NOT_SUPPORTED);
        storm_check(&Storm, (Status == STATUS_SUCCESS) == (Old != NULL));
    } else {
        PFLT_CONTEXT Made = Make(FLT_STREAM_CONTEXT, Group);
        Status = SetOn(Target, FLT_STREAM_CONTEXT, Role == 1 ? KEEP : REPLACE, Made, &Old);
        storm_check(&Storm, Status == STATUS_SUCCESS || Status == STATUS_NOT_SUPPORTED || Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        Use(Made, FLT_STREAM_CONTEXT);
        FltReleaseContext(Made);
    }
    if (Old != NULL) {
        Use(Old, FLT_STREAM_CONTEXT);
        FltReleaseContext(Old);
    }
    storm_did(&Storm, 1);
}

static void
TeardownBody(struct storm_thread *Thread)
{
    const ULONG Group = Thread->index % GROUPS, Role = Thread->index / GROUPS;
    const ULONGLONG Rounds = (Storm.wanted + 3 * GROUPS - 1) / (3 * GROUPS);
    char Name[8] = "\\race0";

    Name[5] = (char)('0' + Group);
    for (ULONGLONG i = 0; i < Rounds; i++) {
        if (Role == 0) {
            Opened[Group] = TinyOpen(Volume, Name, NULL);
        }
        storm_meet(&Gates[Group]);
        for (volatile ULONG n = storm_random(Thread) % 2000; n > 0; n--) {
        }
        TeardownStep(On(&S, Volume, Opened[Group]), Role, Group);
        storm_meet(&Gates[Group]);
        if (Role == 0) {
            TinyClose(Opened[Group]);
            storm_check(&Storm, LiveOf[Group] == 0);   /* nothing is left linked to what is gone */
        }
    }
}

static void
test_conformance__C_28_E_12_sets_and_deletes_against_the_end_of_a_stream(void **state)
{
    (void)state;
    storm_begin(&Storm, "C-28, stream", THREADS, 0);
    for (ULONG i = 0; i < GROUPS; i++) {
        Gates[i] = (struct storm_gate){ .threads = THREADS / GROUPS };
    }
    storm_run(&Storm, TeardownBody);
    assert_true(storm_end(&Storm));
    Nothing();
}

/* ---- C-28: against detach ---- */

static port_rwlock Checking;                   /* shared by whoever sets */
static _Atomic(ULONGLONG) Won, Lost, Detaches;

static void
DetachStep(struct storm_thread *Thread)
{
    PFLT_INSTANCE Instance = NULL;
    NTSTATUS Status = FltDetachVolume(S.Filter, FltVolume, NULL);

    storm_check(&Storm, Status == STATUS_SUCCESS);
    if (storm_random(Thread) % 4 == 0) {
        port_driver_rwlock_exclusive(&Checking);
        storm_check(&Storm, Live == 0);
        port_driver_rwlock_release(&Checking);
    }
    Status = FltAttachVolume(S.Filter, FltVolume, NULL, &Instance);
    storm_check(&Storm, Status == STATUS_SUCCESS);
    if (Instance != NULL) {
        FltObjectDereference(Instance);
    }
    atomic_fetch_add(&Detaches, 1);
}

static void
SetOnce(struct storm_thread *Thread, TARGET Target)
{
    const FLT_CONTEXT_TYPE Type = Types[1 + storm_random(Thread) % (TYPES - 1)];   /* not the volume's: it outlives instances */
    PFLT_CONTEXT Made = Make(Type, 0), Old = NULL;
    const NTSTATUS Status = SetOn(Target, Type, storm_random(Thread) % 2 ? KEEP : REPLACE, Made, &Old);

    storm_check(&Storm, Status == STATUS_SUCCESS || Status == STATUS_FLT_DELETING_OBJECT || Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    atomic_fetch_add_explicit(Status == STATUS_FLT_DELETING_OBJECT ? &Lost : &Won, 1, memory_order_relaxed);
    if (Old != NULL) {
        Use(Old, Type);
        FltReleaseContext(Old);
    }
    Use(Made, Type);
    FltReleaseContext(Made);
    storm_did(&Storm, 1);
}

static void
SetStep(struct storm_thread *Thread)
{
    PFLT_INSTANCE Instance;

    if (!NT_SUCCESS(FltGetVolumeInstanceFromName(S.Filter, FltVolume, NULL, &Instance))) {
        port_yield();
        return;
    }
    const TARGET Target = { S.Filter, FltVolume, Instance, File, Txn };
    for (ULONG i = 0; i < 8; i++) {
        SetOnce(Thread, Target);
    }
    FltObjectDereference(Instance);
}

static void
DetachBody(struct storm_thread *Thread)
{
    while (storm_more(&Storm)) {
        if (Thread->index == 0) {
            DetachStep(Thread);
            continue;
        }
        port_driver_rwlock_shared(&Checking);
        SetStep(Thread);
        port_driver_rwlock_release(&Checking);
    }
}

static void
test_conformance__C_28_sets_against_detach(void **state)
{
    (void)state;
    storm_begin(&Storm, "C-28, instance", THREADS, 0);
    storm_run(&Storm, DetachBody);
    print_message("%llu sets before, %llu during, %llu detaches\n", (unsigned long long)Won, (unsigned long long)Lost, (unsigned long long)Detaches);
    assert_true(storm_end(&Storm));
    assert_true(Detaches > 10);
    assert_status(FltDetachVolume(S.Filter, FltVolume, NULL), STATUS_SUCCESS);
    Nothing();
    assert_status(FltAttachVolume(S.Filter, FltVolume, NULL, NULL), STATUS_SUCCESS);
}

/* ---- program ---- */

#define MARKED(Type) { Type, 0, OnStormCleanup, sizeof(MARK), 'mrtS', NULL, NULL, NULL }
static const FLT_CONTEXT_REGISTRATION Marked[] = { MARKED(FLT_VOLUME_CONTEXT), MARKED(FLT_INSTANCE_CONTEXT), MARKED(FLT_FILE_CONTEXT),
    MARKED(FLT_STREAM_CONTEXT), MARKED(FLT_STREAMHANDLE_CONTEXT), MARKED(FLT_TRANSACTION_CONTEXT),
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
static TINY_FILTER S = { .Name = "storm", .Altitude = "365000", .Registration = { .ContextRegistration = Marked,
    .OperationRegistration = Operations, .InstanceQueryTeardownCallback = OnQuery } };

static int
StormSetup(void **state)
{
    const int Result = BedSetup(state);

    return Result == 0 && NT_SUCCESS(TinyFilterLoad(&S)) ? 0 : -1;
}

static int
StormTeardown(void **state)
{
    const NTSTATUS Status = TinyFilterUnload(&S);
    const unsigned Left = vf_owner_references(S.Owner, OnLeft, NULL);

    return BedTeardown(state) == 0 && NT_SUCCESS(Status) && Left == 0 && vf_finding_count() == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(C_26_of_sixteen_keeps_one_wins), R(C_27_each_displaced_context_is_handed_out_once), R(D_07_gets_against_sets_and_deletes),
        R(E_12_of_sixteen_deletes_one_succeeds), R(C_28_E_12_sets_and_deletes_against_the_end_of_a_stream), R(C_28_sets_against_detach),
    };
    return cmocka_run_group_tests_name("conformance", tests, StormSetup, StormTeardown);
}

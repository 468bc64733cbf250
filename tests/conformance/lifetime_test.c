/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section F: when contexts die, in which order, and what holds them. */
#include "bed.h"

/* ---- the callback ---- */

/* A transaction context whose cleanup releases stream contexts while it holds a resource of the filter's. */
static ERESOURCE Resource;
static PFLT_CONTEXT Nested[3];
static ULONG NestedDeaths;

static VOID
NestingCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    if (Type == FLT_STREAM_CONTEXT) {
        NestedDeaths++;
        assert_true(ExIsResourceAcquiredExclusiveLite(&Resource));
        return;
    }
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    for (ULONG i = 0; i < 3; i++) {
        FltReferenceContext(Nested[i]);
        FltDeleteContext(Nested[i]);
        FltReleaseContext(Nested[i]);
        FltReleaseContext(Nested[i]);
    }
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
}

static void
test_conformance__F_05_cleanup_inside_cleanup(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Outer = New(&A, FLT_TRANSACTION_CONTEXT);
    for (ULONG i = 0; i < 3; i++) {
        Nested[i] = New(&A, FLT_STREAM_CONTEXT);
    }
    assert_status(Set(FLT_STREAM_CONTEXT, KEEP, Nested[1], NULL), STATUS_SUCCESS);
    NestedDeaths = 0;
    CleanupHook = NestingCleanup;
    FltReleaseContext(Outer);
    assert_int_equal(NestedDeaths, 3);
    assert_linked(HERE, FLT_STREAM_CONTEXT, NULL);
    Fresh();
}

static VOID
FreeingCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    ExFreePool(Context);
}

static void
test_conformance__F_06_cleanup_frees_the_context(void **state)
{
    (void)state;
    Fresh();
    const ULONG Before = Findings("K-22");
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    CleanupHook = FreeingCleanup;
    FltReleaseContext(Context);
    CleanupHook = NULL;
    assert_int_equal(Findings("K-22"), Before + 1);
    assert_int_equal(Deaths(Context), 1);      /* and it was freed once, by whom it belongs to */
}

/* A volume context outlives the instance whose pointer it has kept without a reference. */
static PFLT_INSTANCE Kept;
static ULONG KeptFindings;
static NTSTATUS KeptStatus;

static VOID
StaleCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Got;

    (void)Context;
    if (Type == FLT_VOLUME_CONTEXT) {
        const ULONG Before = Findings("K-27");
        KeptStatus = FltGetInstanceContext(Kept, &Got);
        KeptFindings = Findings("K-27") - Before;
    }
}

static void
test_conformance__F_07_instances_are_gone_unless_referenced(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Context = Linked(HERE, FLT_VOLUME_CONTEXT);
    Kept = TinyInstance(&A, Volume);
    Detach(&A, Volume);
    CleanupHook = StaleCleanup;
    assert_status(FltDeleteVolumeContext(A.Filter, FltVolume, NULL), STATUS_SUCCESS);
    assert_int_equal(Deaths(Context), 1);
    assert_int_equal(KeptFindings, 1);
    assert_false(NT_SUCCESS(KeptStatus));
    Fresh();
    Attach(&A, Volume);
}

/* ---- what goes away takes its contexts along ---- */

static void
test_conformance__F_08_target_goes_away(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFILE_OBJECT There = TinyOpen(Other, "\\gone", NULL);
    static const FLT_CONTEXT_TYPE OfFile[] = { FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    PFLT_CONTEXT Made[3];
    HANDLE Handle;
    PKTRANSACTION Own;

    Fresh();
    for (ULONG i = 0; i < 3; i++) {
        Made[i] = Linked(On(&A, Other, There), OfFile[i]);
    }
    TinyClose(There);
    for (ULONG i = 0; i < 3; i++) {
        assert_int_equal(Deaths(Made[i]), 1);
    }
    assert_status(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, NULL), STATUS_SUCCESS);
    assert_status(ObReferenceObjectByHandle(Handle, TRANSACTION_ENLIST, *TmTransactionObjectType, KernelMode, (PVOID *)&Own, NULL), STATUS_SUCCESS);
    const TARGET OnOwn = { A.Filter, FltVolume, TinyInstance(&A, Volume), NULL, Own };
    PFLT_CONTEXT OfTransaction = Linked(OnOwn, FLT_TRANSACTION_CONTEXT);
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_SUCCESS);
    assert_int_equal(Deaths(OfTransaction), 1);
    ObDereferenceObject(Own);
    ZwClose(Handle);
    PFLT_CONTEXT OfInstance = Linked(On(&A, Other, NULL), FLT_INSTANCE_CONTEXT), OfVolume = Linked(On(&A, Other, NULL), FLT_VOLUME_CONTEXT);
    TinyDismount(Other);
    assert_int_equal(Deaths(OfInstance), 1);
    assert_int_equal(Deaths(OfVolume), 1);
}

static void
test_conformance__F_08_F_22_instance_is_detached_files_stay_open(void **state)
{
    (void)state;
    PFLT_CONTEXT Made[TYPES];
    UCHAR Buffer[8];

    Fresh();
    for (ULONG i = 0; i < TYPES; i++) {
        Made[i] = Linked(HERE, Types[i]);
    }
    Detach(&A, Volume);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_int_equal(Deaths(Made[i]), Types[i] == FLT_VOLUME_CONTEXT ? 0 : 1);   /* C-30 */
    }
    assert_status(TinyRead(File, Buffer, sizeof(Buffer), 0), STATUS_SUCCESS);
    Attach(&A, Volume);
    assert_linked(HERE, FLT_STREAM_CONTEXT, NULL);
    assert_status(Delete(FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
    assert_int_equal(Deaths(Made[0]), 1);
}

static void
test_conformance__F_08_filter_is_unregistered(void **state)
{
    (void)state;
    TINY_FILTER Filter = FILTER("confgoes", "30");
    PFLT_CONTEXT Made[TYPES];

    Fresh();
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    for (ULONG i = 0; i < TYPES; i++) {
        Made[i] = Linked(On(&Filter, Volume, File), Types[i]);
    }
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_int_equal(Deaths(Made[i]), 1);
    }
}

static PFLT_CONTEXT Followed;
static NTSTATUS InCleanup, InPreClose;
static LONG DeathsBeforeClose;

static FLT_PREOP_CALLBACK_STATUS
FollowPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Got;

    (void)Context;
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    NTSTATUS Status = FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got);
    if (NT_SUCCESS(Status)) {
        FltReleaseContext(Got);
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_CLOSE) {
        InPreClose = Status;
        DeathsBeforeClose = Deaths(Followed);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
FollowPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Got;

    (void)Context;
    (void)Flags;
    if (Data->Iopb->MajorFunction == IRP_MJ_CLEANUP) {
        InCleanup = FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got);
        if (NT_SUCCESS(InCleanup)) {
            FltReleaseContext(Got);
        }
        Say("cleaned-up");
    } else if (Data->Iopb->MajorFunction == IRP_MJ_CLOSE) {
        Say("closed");
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__F_09_during_close_not_at_cleanup(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Own = TinyOpen(Volume, "\\f09", NULL);
    Followed = Linked(On(&A, Volume, Own), FLT_STREAM_CONTEXT);
    PreHook = FollowPre;
    PostHook = FollowPost;
    Only = EVERY_MAJOR;
    TinyClose(Own);
    assert_status(InCleanup, STATUS_SUCCESS);
    assert_status(InPreClose, STATUS_SUCCESS);
    assert_int_equal(DeathsBeforeClose, 0);
    assert_string_equal(Log, "cleaned-up ~stream closed ");
    Fresh();
}

static void
test_conformance__F_13_each_once_in_any_order(void **state)
{
    (void)state;
    TINY_FILTER Third = FILTER("confthird", "300");
    PFLT_CONTEXT Made[9];
    ULONG Count = 0;

    Fresh();
    assert_status(TinyFilterLoad(&Third), STATUS_SUCCESS);
    TINY_FILTER *Filters[] = { &A, &B, &Third };
    PFILE_OBJECT Own = TinyOpen(Volume, "\\f13", NULL);
    for (ULONG i = 0; i < 3; i++) {
        Made[Count++] = Linked(On(Filters[i], Volume, Own), FLT_STREAM_CONTEXT);
        Made[Count++] = Linked(On(Filters[i], Volume, Own), FLT_FILE_CONTEXT);
        Made[Count++] = Linked(On(Filters[i], Volume, Own), FLT_STREAMHANDLE_CONTEXT);
    }
    TinyClose(Own);
    for (ULONG i = 0; i < Count; i++) {
        assert_int_equal(Deaths(Made[i]), 1);
    }
    assert_status(TinyFilterUnload(&Third), STATUS_SUCCESS);
}

static void
test_conformance__F_18_dismount_with_two_filters(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);

    Fresh();
    TinyClose(TinyOpen(Other, "\\x", NULL));
    PFLT_CONTEXT OfA = Linked(On(&A, Other, NULL), FLT_VOLUME_CONTEXT), OfB = Linked(On(&B, Other, NULL), FLT_VOLUME_CONTEXT);
    PFLT_CONTEXT InstanceA = Linked(On(&A, Other, NULL), FLT_INSTANCE_CONTEXT), InstanceB = Linked(On(&B, Other, NULL), FLT_INSTANCE_CONTEXT);
    Log[0] = 0;
    TinyDismount(Other);
    assert_string_equal(Log, "~instance ~instance ~volume ~volume ");   /* after all instances are gone */
    assert_int_equal(Deaths(OfA) + Deaths(OfB) + Deaths(InstanceA) + Deaths(InstanceB), 4);
    assert_linked(HERE, FLT_VOLUME_CONTEXT, NULL);
}

/* ---- leaks ---- */

static BOOLEAN
GiveUp(PFLT_FILTER Filter, ULONG Seconds, PVOID Context)
{
    (void)Filter;
    (void)Seconds;
    *(ULONG *)Context += 1;
    return TRUE;
}

static ULONG KindsSeen;

static VOID
OnKind(const struct vf_reference_view *Reference, void *Context)
{
    (void)Context;
    if (Reference->kind <= VF_CONTEXT_SECTION) {
        KindsSeen |= 1u << Reference->kind;
        assert_string_equal(Reference->routine, "FltAllocateContext");
        assert_true(Reference->stack != 0);
    }
}

static void
test_conformance__F_19_F_20_a_leak_of_each_type(void **state)
{
    (void)state;
    TINY_FILTER Leaker = FILTER("confleaker", "40");
    ULONG GivenUp = 0;

    Fresh();
    assert_status(TinyFilterLoad(&Leaker), STATUS_SUCCESS);
    for (FLT_CONTEXT_TYPE Type = 1; Type <= FLT_SECTION_CONTEXT; Type <<= 1) {
        NewOf(Leaker.Filter, Type);
    }
    const ULONG Before = Findings("K-01");
    FltpSetWaitHook(GiveUp, &GivenUp);
    TinyFilterUnload(&Leaker);
    FltpSetWaitHook(NULL, NULL);
    assert_true(GivenUp >= 1);                 /* it waited: nothing but the limit ended it */
    assert_int_equal(Findings("K-01"), Before + 1);
    KindsSeen = 0;
    vf_owner_references(Leaker.Owner, OnKind, NULL);
    assert_int_equal(KindsSeen, 0x7F);
    assert_int_equal(vf_report_leaks(Leaker.Owner), 7);
    Fresh();
}

/* ---- F-21 to F-25 ---- */

static void
test_conformance__F_21_others_are_untouched(void **state)
{
    (void)state;
    PFLT_CONTEXT Mine[TYPES], Theirs[TYPES];

    Fresh();
    for (ULONG i = 0; i < TYPES; i++) {
        Mine[i] = Linked(HERE, Types[i]);
        Theirs[i] = Linked(On(&B, Volume, File), Types[i]);
    }
    Detach(&A, Volume);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_int_equal(Deaths(Theirs[i]), 0);
        assert_linked(On(&B, Volume, File), Types[i], Theirs[i]);
        assert_status(DeleteOn(On(&B, Volume, File), Types[i], NULL), STATUS_SUCCESS);
    }
    Attach(&A, Volume);
    assert_status(Delete(FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
    assert_int_equal(Deaths(Mine[0]), 1);
}

/* A stream's cleanup reads the instance context whose pointer it has kept. */
static ULONG ReadFromInstance;

static VOID
ReadingCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    if (Type == FLT_STREAM_CONTEXT) {
        PULONG Cached = *(PULONG *)Context;
        assert_int_equal(*Cached, 0x1257A9CE);
        ReadFromInstance++;
    }
}

static void
test_conformance__F_24_instance_context_goes_last(void **state)
{
    (void)state;
    PFILE_OBJECT More = TinyOpen(Volume, "\\f24", NULL);

    Fresh();
    PFLT_CONTEXT First = Linked(HERE, FLT_STREAM_CONTEXT);
    PFLT_CONTEXT OfInstance = Linked(HERE, FLT_INSTANCE_CONTEXT);
    PFLT_CONTEXT Second = Linked(On(&A, Volume, More), FLT_STREAM_CONTEXT);
    *(PULONG)OfInstance = 0x1257A9CE;
    *(PVOID *)First = *(PVOID *)Second = OfInstance;
    EACH(Type) {
        if (Type & (FLT_FILE_CONTEXT | FLT_STREAMHANDLE_CONTEXT | FLT_TRANSACTION_CONTEXT)) {
            Linked(HERE, Type);
        }
    }
    ReadFromInstance = 0;
    Log[0] = 0;
    CleanupHook = ReadingCleanup;
    Detach(&A, Volume);
    assert_int_equal(ReadFromInstance, 2);
    assert_true(strlen(Log) > 10 && strcmp(Log + strlen(Log) - 10, "~instance ") == 0);
    Fresh();
    TinyClose(More);
    Attach(&A, Volume);
}

static void
test_conformance__F_23_only_teardown_ends_contexts(void **state)
{
    (void)state;
    FILE_BASIC_INFORMATION Basic = { 0 };
    FILE_DISPOSITION_INFORMATION Disposition = { TRUE };
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile.QuadPart = 0 };
    PFILE_OBJECT Own = TinyOpen(Volume, "\\f23", NULL);

    Fresh();
    PFLT_CONTEXT Stream = Linked(On(&A, Volume, Own), FLT_STREAM_CONTEXT), PerFile = Linked(On(&A, Volume, Own), FLT_FILE_CONTEXT),
        Handle = Linked(On(&A, Volume, Own), FLT_STREAMHANDLE_CONTEXT);
#define STILL assert_linked(On(&A, Volume, Own), FLT_STREAM_CONTEXT, Stream); assert_linked(On(&A, Volume, Own), FLT_FILE_CONTEXT, PerFile); \
    assert_linked(On(&A, Volume, Own), FLT_STREAMHANDLE_CONTEXT, Handle)
    assert_status(IopSetInformation(Own, FileBasicInformation, &Basic, sizeof(Basic), NULL, NULL, UserMode), STATUS_SUCCESS);
    STILL;
    assert_status(IopSetInformation(Own, FileEndOfFileInformation, &End, sizeof(End), NULL, NULL, UserMode), STATUS_SUCCESS);
    STILL;
    assert_status(IopSetInformation(Own, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL, NULL, UserMode), STATUS_SUCCESS);
    STILL;
    TinyClose(Own);
    assert_int_equal(Deaths(Stream) + Deaths(PerFile) + Deaths(Handle), 3);
    Own = TinyOpen(Volume, "\\f23", NULL);     /* the same name, a new stream object */
    assert_linked(On(&A, Volume, Own), FLT_STREAM_CONTEXT, NULL);
    assert_linked(On(&A, Volume, Own), FLT_FILE_CONTEXT, NULL);
    TinyClose(Own);
}

static void
test_conformance__F_25_a_reference_pins_memory_only(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFILE_OBJECT There = TinyOpen(Other, "\\pin", NULL);
    PFLT_CONTEXT Held[TYPES];
    const LONG Closes = Other->Closes;

    Fresh();
    for (ULONG i = 0; i < TYPES; i++) {
        Held[i] = Linked(On(&A, Other, There), Types[i]);
        assert_status(GetOn(On(&A, Other, There), Types[i], &Held[i]), STATUS_SUCCESS);
        memset(Held[i], 0x77, SIZE);
    }
    TinyClose(There);
    assert_int_equal(Other->Closes, Closes + 1);
    assert_true(IsListEmpty(&Other->Streams));     /* stream and file objects are gone */
    assert_true(IsListEmpty(&Other->Files));
    Detach(&A, Other);
    assert_null(TinyInstance(&A, Other));
    TinyDismount(Other);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_int_equal(Deaths(Held[i]), 0);
        assert_int_equal(((PUCHAR)Held[i])[SIZE - 1], 0x77);
        FltReleaseContext(Held[i]);
        assert_int_equal(Deaths(Held[i]), 1);
    }
}

int
main(void)
{
    ExInitializeResourceLite(&Resource);
    const struct CMUnitTest tests[] = {
        R(F_05_cleanup_inside_cleanup), R(F_06_cleanup_frees_the_context), R(F_07_instances_are_gone_unless_referenced), R(F_08_target_goes_away), R(F_08_F_22_instance_is_detached_files_stay_open),
        R(F_08_filter_is_unregistered), R(F_09_during_close_not_at_cleanup), R(F_13_each_once_in_any_order),
        R(F_18_dismount_with_two_filters), R(F_21_others_are_untouched), R(F_23_only_teardown_ends_contexts),
        R(F_24_instance_context_goes_last), R(F_25_a_reference_pins_memory_only), R(F_19_F_20_a_leak_of_each_type),
    };
    const int Failed = BED_RUN(tests);
    ExDeleteResourceLite(&Resource);
    return Failed;
}

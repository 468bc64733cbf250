/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section C: the set routines, each rule on all six of them where it holds for all. */
#include "bed.h"

/* ---- outcomes ---- */

static void
test_conformance__C_08_old_context_is_always_written(void **state)
{
    (void)state;
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT First = New(&A, Type), Second = New(&A, Type), Foreign = New(&B, Type), Old;
#define OUTCOME(Call, Status, Out) Old = POISON; assert_status((Call), (Status)); assert_ptr_equal(Old, (Out))
        OUTCOME(Set(Type, (FLT_SET_CONTEXT_OPERATION)7, First, &Old), STATUS_INVALID_PARAMETER, NULL);
        OUTCOME(Set(Type, KEEP, NULL, &Old), STATUS_INVALID_PARAMETER, NULL);
        OUTCOME(Set(Type, KEEP, First, &Old), STATUS_SUCCESS, NULL);
        OUTCOME(Set(Type, REPLACE, First, &Old), STATUS_FLT_CONTEXT_ALREADY_LINKED, NULL);
        OUTCOME(Set(Type, KEEP, Second, &Old), STATUS_FLT_CONTEXT_ALREADY_DEFINED, First);
        FltReleaseContext(Old);
        OUTCOME(Set(Type, REPLACE, Second, &Old), STATUS_SUCCESS, First);
        FltReleaseContext(Old);
        if (Type != FLT_VOLUME_CONTEXT) {
            OUTCOME(Set(Type, REPLACE, Foreign, &Old), STATUS_INVALID_PARAMETER, NULL);
        }
        if (OF_FILES(Type)) {
            OUTCOME(SetOn(On(&A, Volume, Paging), Type, REPLACE, First, &Old), STATUS_NOT_SUPPORTED, NULL);
        }
        FltReleaseContext(First);
        FltReleaseContext(Second);
        FltReleaseContext(Foreign);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        OUTCOME(Set(Type, REPLACE, (First = New(&A, Type)), &Old), STATUS_SUCCESS, NULL);
        FltReleaseContext(First);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
    TinyClose(Paging);
}

static void
test_conformance__C_09_failure_keeps_the_count(void **state)
{
    (void)state;
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT First = New(&A, Type), Second = New(&A, Type);
        assert_status(Set(Type, KEEP, First, NULL), STATUS_SUCCESS);
        assert_count(First, 2);                /* success does not take the caller's over either */
        assert_status(Set(Type, REPLACE, First, NULL), STATUS_FLT_CONTEXT_ALREADY_LINKED);
        assert_count(First, 2);
        assert_status(Set(Type, KEEP, Second, NULL), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        assert_count(Second, 1);
        assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)2, Second, NULL), STATUS_INVALID_PARAMETER);
        assert_count(Second, 1);
        if (OF_FILES(Type)) {
            assert_status(SetOn(On(&A, Volume, Paging), Type, KEEP, Second, NULL), STATUS_NOT_SUPPORTED);
            assert_count(Second, 1);
        }
        FltReleaseContext(Second);
        assert_int_equal(Deaths(Second), 1);
        FltReleaseContext(First);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
    TinyClose(Paging);
}

static void
test_conformance__C_10_one_context_per_key(void **state)
{
    (void)state;
    TINY_FILTER Twice = FILTER("conftwice", "500");
    UNICODE_STRING LowName = TinyString("conftwice low");
    PFLT_INSTANCE Low, High;

    Fresh();
    Twice.SecondInstance = "conftwice low";
    Twice.SecondAltitude = "400";
    assert_status(TinyFilterLoad(&Twice), STATUS_SUCCESS);
    assert_status(FltGetVolumeInstanceFromName(Twice.Filter, FltVolume, NULL, &High), STATUS_SUCCESS);
    assert_status(FltGetVolumeInstanceFromName(Twice.Filter, FltVolume, &LowName, &Low), STATUS_SUCCESS);
    assert_ptr_not_equal(High, Low);
    EACH(Type) {
        const TARGET ToHigh = { Twice.Filter, FltVolume, High, File, Txn }, ToLow = { Twice.Filter, FltVolume, Low, File, Txn };
        PFLT_CONTEXT OfHigh = Linked(ToHigh, Type), OfA = Linked(HERE, Type), OfB = Linked(On(&B, Volume, File), Type);
        if (Type == FLT_VOLUME_CONTEXT) {
            assert_linked(ToLow, Type, OfHigh);    /* the volume context belongs to the filter */
        } else {
            assert_linked(ToLow, Type, NULL);
            PFLT_CONTEXT OfLow = Linked(ToLow, Type);
            assert_linked(ToLow, Type, OfLow);
            assert_status(DeleteOn(ToLow, Type, NULL), STATUS_SUCCESS);
        }
        assert_linked(ToHigh, Type, OfHigh);
        assert_linked(HERE, Type, OfA);
        assert_linked(On(&B, Volume, File), Type, OfB);
        assert_status(DeleteOn(ToHigh, Type, NULL), STATUS_SUCCESS);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        assert_linked(On(&B, Volume, File), Type, OfB);
        assert_status(DeleteOn(On(&B, Volume, File), Type, NULL), STATUS_SUCCESS);
    }
    FltObjectDereference(High);
    FltObjectDereference(Low);
    assert_status(TinyFilterUnload(&Twice), STATUS_SUCCESS);
}

/* ---- errors ---- */

static void
test_conformance__C_11_every_other_type(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        for (ULONG Bit = 1; Bit <= FLT_SECTION_CONTEXT; Bit <<= 1) {
            if (Bit == Type) {
                continue;
            }
            PFLT_CONTEXT Other = New(&A, (FLT_CONTEXT_TYPE)Bit);
            assert_status(Set(Type, KEEP, Other, NULL), STATUS_INVALID_PARAMETER);
            assert_count(Other, 1);
            FltReleaseContext(Other);
        }
        PFLT_CONTEXT Right = New(&A, Type);
        assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)2, Right, NULL), STATUS_INVALID_PARAMETER);
        assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)-1, Right, NULL), STATUS_INVALID_PARAMETER);
        assert_status(Set(Type, KEEP, NULL, NULL), STATUS_INVALID_PARAMETER);
        assert_linked(HERE, Type, NULL);
        FltReleaseContext(Right);
    }
}

static void
test_conformance__C_13_linked_anywhere(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFILE_OBJECT There = TinyOpen(Other, "\\there", NULL);

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type);
        assert_status(Set(Type, KEEP, Context, NULL), STATUS_SUCCESS);
        assert_status(SetOn(On(&A, Other, There), Type, KEEP, Context, NULL), STATUS_FLT_CONTEXT_ALREADY_LINKED);
        assert_linked(On(&A, Other, There), Type, NULL);
        assert_status(Set(Type, REPLACE, Context, NULL), STATUS_FLT_CONTEXT_ALREADY_LINKED);
        assert_linked(HERE, Type, Context);
        FltReleaseContext(Context);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
    TinyClose(There);
    TinyDismount(Other);
}

static NTSTATUS InComplete[TYPES];
static PFLT_CONTEXT Spares[TYPES];

static VOID
SetInComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    if (Objects->Filter != A.Filter) {
        return;
    }
    for (ULONG i = 0; i < TYPES; i++) {
        const TARGET To = { Objects->Filter, Objects->Volume, Objects->Instance, File, Txn };
        PFLT_CONTEXT Old = POISON;
        InComplete[i] = SetOn(To, Types[i], REPLACE, Spares[i], &Old);
        assert_null(Old);
    }
}

static void
test_conformance__C_16_instance_being_torn_down(void **state)
{
    (void)state;
    Fresh();
    for (ULONG i = 0; i < TYPES; i++) {
        Spares[i] = New(&A, Types[i]);
    }
    CompleteHook = SetInComplete;
    Detach(&A, Volume);
    for (ULONG i = 0; i < TYPES; i++) {
        /* the volume is not going: its context can be set */
        assert_status(InComplete[i], Types[i] == FLT_VOLUME_CONTEXT ? STATUS_SUCCESS : STATUS_FLT_DELETING_OBJECT);
        assert_count(Spares[i], Types[i] == FLT_VOLUME_CONTEXT ? 2 : 1);
        FltReleaseContext(Spares[i]);
    }
    CompleteHook = NULL;
    Attach(&A, Volume);
    assert_status(Delete(FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
}

static void
assert_unsupported(PFILE_OBJECT Object, BOOLEAN FileToo)
{
    EACH(Type) {
        if (!OF_FILES(Type) || (Type == FLT_FILE_CONTEXT && !FileToo)) {
            continue;
        }
        PFLT_CONTEXT Context = New(&A, Type), Got;
        assert_status(SetOn(On(&A, Volume, Object), Type, KEEP, Context, NULL), STATUS_NOT_SUPPORTED);
        assert_status(GetOn(On(&A, Volume, Object), Type, &Got), STATUS_NOT_SUPPORTED);
        assert_null(Got);
        assert_status(DeleteOn(On(&A, Volume, Object), Type, NULL), STATUS_NOT_SUPPORTED);
        assert_count(Context, 1);
        FltReleaseContext(Context);
    }
}

static void
test_conformance__C_17_streams_without_support(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL), Cleared = TinyOpen(Volume, "\\cleared", NULL);
    assert_unsupported(Paging, TRUE);
    PFSRTL_ADVANCED_FCB_HEADER Header = FsRtlGetPerStreamContextPointer(Cleared);
    Header->Flags2 &= ~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    assert_unsupported(Cleared, TRUE);
    TinyClose(Paging);
    TinyClose(Cleared);
}

static void
test_conformance__C_18_no_file_object(void **state)
{
    (void)state;
    Fresh();
    assert_unsupported(NULL, TRUE);
}

/* ---- phases ---- */

static NTSTATUS Statuses[3];
static PFLT_CONTEXT PhaseOld[3];

static void
SetThree(PCFLT_RELATED_OBJECTS Objects)
{
    static const FLT_CONTEXT_TYPE Three[] = { FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };

    for (ULONG i = 0; i < 3; i++) {
        const TARGET To = { Objects->Filter, Objects->Volume, Objects->Instance, Objects->FileObject, NULL };
        PFLT_CONTEXT Context = NewOf(Objects->Filter, Three[i]);
        PhaseOld[i] = POISON;
        Statuses[i] = SetOn(To, Three[i], KEEP, Context, &PhaseOld[i]);
        FltReleaseContext(Context);
    }
}

static void
assert_three(NTSTATUS Want)
{
    for (ULONG i = 0; i < 3; i++) {
        assert_status(Statuses[i], Want);
        assert_null(PhaseOld[i]);
        Statuses[i] = STATUS_PENDING;
    }
}

static FLT_PREOP_CALLBACK_STATUS
SetPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    if (Objects->Filter == A.Filter) {
        SetThree(Objects);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
SetPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    (void)Context;
    (void)Flags;
    if (Objects->Filter == A.Filter) {
        SetThree(Objects);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__C_19_unopened_file_objects(void **state)
{
    (void)state;
    NTSTATUS Status;

    Fresh();
    const ULONG Before = Findings("K-06");
    Only = IRP_MJ_CREATE;
    PreHook = SetPre;
    PFILE_OBJECT Own = TinyOpen(Volume, "\\unopened", NULL);
    assert_three(STATUS_NOT_SUPPORTED);
    assert_true(Findings("K-06") > Before);
    PreHook = NULL;
    PostHook = SetPost;
    assert_null(TinyOpen(Volume, "\\missing", &Status));
    assert_status(Status, STATUS_OBJECT_NAME_NOT_FOUND);
    assert_three(STATUS_NOT_SUPPORTED);
    assert_null(TinyOpen(Volume, "\\reparse", &Status));
    assert_three(STATUS_NOT_SUPPORTED);
    TinyClose(TinyOpen(Volume, "\\opened", NULL));
    assert_three(STATUS_SUCCESS);
    Fresh();
    TinyClose(Own);
}

static void
test_conformance__C_20_post_close(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Own = TinyOpen(Volume, "\\closing", NULL);
    const ULONG Before = Findings("K-07");
    Only = IRP_MJ_CLOSE;
    PostHook = SetPost;
    TinyClose(Own);
    assert_three(STATUS_NOT_SUPPORTED);
    assert_true(Findings("K-07") > Before);
    Fresh();
}

static void
test_conformance__C_21_query_opens(void **state)
{
    (void)state;
    static const UCHAR Majors[] = { IRP_MJ_NETWORK_QUERY_OPEN, IRP_MJ_QUERY_OPEN };
    UNICODE_STRING Name = TinyString("\\stat");
    FILE_STAT_LX_INFORMATION Stat;
    PFILE_OBJECT OnStack;

    Fresh();
    for (ULONG i = 0; i < 2; i++) {
        const FLT_OPERATION_REGISTRATION Array[] = { { Majors[i], 0, OnPre, OnPost, NULL }, { IRP_MJ_CREATE, 0, NULL, OnPost, NULL },
            { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
        const FLT_OPERATION_REGISTRATION *Saved = A.Registration.OperationRegistration;
        assert_status(TinyFilterUnload(&A), STATUS_SUCCESS);
        assert_status(TinyFilterUnload(&B), STATUS_SUCCESS);
        A.Registration.OperationRegistration = Array;
        assert_status(TinyFilterLoad(&A), STATUS_SUCCESS);
        assert_status(IopFileAllocate(Volume->Real, &Name, &OnStack), STATUS_SUCCESS);
        IOP_QUERY_OPEN Query = { .FileObject = OnStack, .Class = FileStatLxInformation, .Buffer = &Stat, .Length = sizeof(Stat), .RequestorMode = UserMode };
        Only = Majors[i];
        PreHook = SetPre;
        assert_status(IopQueryOpen(Volume->Real, &Query), STATUS_SUCCESS);
        assert_three(STATUS_NOT_SUPPORTED);
        PreHook = NULL;
        PostHook = SetPost;
        assert_status(IopQueryOpen(Volume->Real, &Query), STATUS_SUCCESS);
        assert_three(STATUS_NOT_SUPPORTED);
        Fresh();
        ObDereferenceObject(OnStack);
        assert_status(TinyFilterUnload(&A), STATUS_SUCCESS);
        A.Registration.OperationRegistration = Saved;
        assert_status(TinyFilterLoad(&A), STATUS_SUCCESS);
        assert_status(TinyFilterLoad(&B), STATUS_SUCCESS);
    }
}

static void
test_conformance__C_22_no_memory_changes_nothing(void **state)
{
    (void)state;
    static const char *const Routines[] = { "FltSetFileContext", "FltSetStreamContext", "FltSetStreamHandleContext" };
    static const FLT_CONTEXT_TYPE Three[] = { FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };

    Fresh();
    for (ULONG i = 0; i < 3; i++) {
        PFILE_OBJECT Own = TinyOpen(Volume, "\\first", NULL);   /* nothing was ever set on it */
        PFLT_CONTEXT Context = New(&A, Three[i]), Old = POISON;
        assert_true(vf_inject_add(Routines[i], NULL, 1, 0) >= 0);
        assert_status(SetOn(On(&A, Volume, Own), Three[i], KEEP, Context, &Old), STATUS_INSUFFICIENT_RESOURCES);
        vf_inject_clear();
        assert_null(Old);
        assert_count(Context, 1);
        assert_linked(On(&A, Volume, Own), Three[i], NULL);
        assert_status(SetOn(On(&A, Volume, Own), Three[i], KEEP, Context, &Old), STATUS_SUCCESS);
        FltReleaseContext(Context);
        TinyClose(Own);
        assert_int_equal(Deaths(Context), 1);
    }
}

static void
test_conformance__C_23_irql(void **state)
{
    (void)state;
    KIRQL Irql;

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type);
        const TARGET To = HERE;
        ULONG Before = Findings("K-08");
        KeRaiseIrql(APC_LEVEL, &Irql);
        assert_status(SetOn(To, Type, KEEP, Context, NULL), STATUS_SUCCESS);
        KeLowerIrql(Irql);
        assert_int_equal(Findings("K-08"), Before);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        SetOn(To, Type, KEEP, Context, NULL);
        KeLowerIrql(Irql);
        assert_int_equal(Findings("K-08"), Before + 1);
        Delete(Type, NULL);
        FltReleaseContext(Context);
    }
}

/* A filter marks a file as it is renamed or deleted. */
static void
test_conformance__C_24_set_in_any_operation(void **state)
{
    (void)state;
    FILE_BASIC_INFORMATION Basic = { 0 };
    UCHAR Buffer[8] = { 0 };
    PFILE_OBJECT Own[3] = { TinyOpen(Volume, "\\c24a", NULL), TinyOpen(Volume, "\\c24b", NULL), TinyOpen(Volume, "\\c24c", NULL) };

    Fresh();
    PreHook = SetPre;
    Only = IRP_MJ_SET_INFORMATION;
    assert_status(IopSetInformation(Own[0], FileBasicInformation, &Basic, sizeof(Basic), NULL, NULL, UserMode), STATUS_SUCCESS);
    assert_three(STATUS_SUCCESS);
    Only = IRP_MJ_WRITE;
    assert_status(TinyWrite(Own[1], Buffer, sizeof(Buffer), 0), STATUS_SUCCESS);
    assert_three(STATUS_SUCCESS);
    Only = IRP_MJ_CLEANUP;
    TinyClose(Own[2]);
    assert_three(STATUS_SUCCESS);
    Fresh();
    TinyClose(Own[0]);
    TinyClose(Own[1]);
}

static void
test_conformance__C_25_file_of_another_volume(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFILE_OBJECT There = TinyOpen(Other, "\\there", NULL);

    Fresh();
    EACH(Type) {
        if (!OF_FILES(Type)) {
            continue;
        }
        const TARGET Across = { A.Filter, FltVolume, TinyInstance(&A, Volume), There, NULL };
        const ULONG Before = Findings("K-11");
        PFLT_CONTEXT Context = Linked(Across, Type);
        assert_int_equal(Findings("K-11"), Before + 1);
        assert_linked(Across, Type, Context);
        assert_linked(On(&A, Other, There), Type, NULL);   /* the key is the instance, not the volume */
        assert_status(DeleteOn(Across, Type, NULL), STATUS_SUCCESS);
    }
    TinyClose(There);
    TinyDismount(Other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(C_08_old_context_is_always_written), R(C_09_failure_keeps_the_count), R(C_10_one_context_per_key),
        R(C_11_every_other_type), R(C_13_linked_anywhere), R(C_16_instance_being_torn_down), R(C_17_streams_without_support),
        R(C_18_no_file_object), R(C_19_unopened_file_objects), R(C_20_post_close), R(C_21_query_opens),
        R(C_22_no_memory_changes_nothing), R(C_23_irql), R(C_24_set_in_any_operation), R(C_25_file_of_another_volume),
    };
    return BED_RUN(tests);
}

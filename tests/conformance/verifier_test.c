/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* The verifier's checks of section K that no other test makes fire; each once with the mistake and, where it could be mistaken, once without. */
#include "bed.h"

#include "fltmgr/ctxcheck.h"
#include "fsrtl/fsrtlp.h"

/* ---- the last finding of a code ---- */

static struct { char Text[1024], Operation[512], Rule[16], Kind[64]; const void *Object; vf_stack Stack, Acquire, Related; const char *What; vf_owner *Owner; } Last;

static VOID
OnLast(const struct vf_finding *Finding, void *Code)
{
    if (strcmp(Finding->code, Code) == 0) {
        strncpy(Last.Text, Finding->text, sizeof(Last.Text) - 1);
        strncpy(Last.Operation, Finding->operation, sizeof(Last.Operation) - 1);
        strncpy(Last.Rule, Finding->rule != NULL ? Finding->rule : "", sizeof(Last.Rule) - 1);
        strncpy(Last.Kind, Finding->kind != NULL ? Finding->kind : "", sizeof(Last.Kind) - 1);
        Last.Object = Finding->object;
        Last.Stack = Finding->stack;
        Last.Acquire = Finding->acquire;
        Last.Related = Finding->related[0].stack;
        Last.What = Finding->related[0].what;
    }
}

static ULONG
Look(const char *Code)
{
    memset(&Last, 0, sizeof(Last));
    vf_findings(OnLast, (void *)(ULONG_PTR)Code);
    return Findings(Code);
}

#define FIRES(Code, Statement) \
    do { \
        const ULONG Before_ = Findings(Code); \
        Statement; \
        assert_int_equal(Look(Code), Before_ + 1); \
        assert_true(Last.Stack != 0); \
    } while (0)
#define SILENT(Code, Statement) \
    do { \
        const ULONG Silent_ = Findings(Code); \
        Statement; \
        assert_int_equal(Findings(Code), Silent_); \
    } while (0)

static void
Touch(const char *Name)
{
    PFILE_OBJECT Object = TinyOpen(Volume, Name, NULL);

    assert_non_null(Object);
    TinyClose(Object);
}

/* ---- K-05 ---- */

static void
test_conformance__K_05_written_after_the_last_release(void **state)
{
    (void)state;
    Fresh();
    SILENT("K-05", { FltReleaseContext(New(&A, FLT_STREAM_CONTEXT)); FltpContextQuarantineEmpty(A.Owner); });
    PUCHAR Context = New(&A, FLT_STREAM_CONTEXT);
    FltReleaseContext(Context);
    ((volatile UCHAR *)Context)[17] = 1;
    FIRES("K-05", FltpContextQuarantineEmpty(A.Owner));
    assert_ptr_equal(Last.Object, Context);
    assert_string_equal(Last.Kind, "stream context");
    assert_non_null(strstr(Last.Text, "at offset 17"));
    assert_true(Last.Acquire != 0 && Last.Acquire != Last.Stack);
}

static void
test_conformance__K_05_checked_when_the_filter_goes(void **state)
{
    (void)state;
    static TINY_FILTER Short = FILTER("confshort", "310000");
    Fresh();
    assert_status(TinyFilterLoad(&Short), STATUS_SUCCESS);
    PUCHAR Context = New(&Short, FLT_STREAMHANDLE_CONTEXT);
    FltReleaseContext(Context);
    ((volatile UCHAR *)Context)[3] = 7;
    FIRES("K-05", assert_status(TinyFilterUnload(&Short), STATUS_SUCCESS));
}

/* ---- K-08 ---- */

static void
test_conformance__K_08_every_routine_looks_at_the_irql(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT), Paged, Got;
    KIRQL Irql;

    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, SIZE, PagedPool, &Paged), STATUS_SUCCESS);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    FIRES("K-08", Set(FLT_STREAM_CONTEXT, KEEP, Context, NULL));
    FIRES("K-08", Get(FLT_STREAM_CONTEXT, &Got));
    FltReleaseContext(Got);                    /* nonpaged: legal here */
    FIRES("K-08", Delete(FLT_STREAM_CONTEXT, NULL));
    FIRES("K-08", FltReleaseContext(Paged));
    FIRES("K-08", FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPool, &Got));
    SILENT("K-08", FltReleaseContext(Got));
    KeLowerIrql(Irql);
    FltReleaseContext(Context);
    FltpContextFlushDeferred();
}

/* ---- K-10 ---- */

static void
test_conformance__K_10_new_context_kept_after_a_failed_set(void **state)
{
    (void)state;
    static TINY_FILTER Short = FILTER("conften", "310000");
    Fresh();
    assert_status(TinyFilterLoad(&Short), STATUS_SUCCESS);
    const TARGET To = On(&Short, Volume, File);
    Linked(To, FLT_STREAM_CONTEXT);
    PFLT_CONTEXT Second = New(&Short, FLT_STREAM_CONTEXT), Third = New(&Short, FLT_STREAM_CONTEXT);
    assert_status(SetOn(To, FLT_STREAM_CONTEXT, KEEP, Second, NULL), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    FIRES("K-10", vf_report_leaks(Short.Owner));
    assert_ptr_equal(Last.Object, Second);
    assert_string_equal(Last.Rule, "C-09");
    assert_non_null(strstr(Last.Text, "FltSetStreamContext failed with STATUS_FLT_CONTEXT_ALREADY_DEFINED"));
    assert_string_equal(Last.What, "the set failed");
    assert_true(Last.Related != 0 && Last.Related != Last.Stack);
    /* The third was never tried to be set: a leak like any other. */
    assert_true(Look("K-01") != 0);
    assert_ptr_equal(Last.Object, Third);
    FltReleaseContext(Second);
    FltReleaseContext(Third);
    assert_status(TinyFilterUnload(&Short), STATUS_SUCCESS);
}

static PFLT_CONTEXT Kept;

static FLT_PREOP_CALLBACK_STATUS
AllocateInPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    PFLT_CONTEXT Got;
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Kept = New(&A, FLT_STREAM_CONTEXT);
    assert_status(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got), STATUS_NOT_SUPPORTED);
    *Context = NULL;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_conformance__K_01_a_call_that_failed_in_the_operation_is_named(void **state)
{
    (void)state;
    Fresh();
    PreHook = AllocateInPre;
    Only = IRP_MJ_CREATE;
    Touch("\\file");
    PreHook = NULL;
    FIRES("K-01", vf_report_leaks(A.Owner));
    assert_ptr_equal(Last.Object, Kept);
    assert_non_null(strstr(Last.Text, "FltGetStreamContext failed with STATUS_NOT_SUPPORTED in the same operation"));
    assert_non_null(strstr(Last.Operation, "pre IRP_MJ_CREATE"));
    FltReleaseContext(Kept);
}

/* ---- K-21, K-22 ---- */

typedef struct RAW { UNICODE_STRING Name; ULONG Number; } RAW;

static VOID
FreeName(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    if (((RAW *)Context)->Name.Buffer != NULL) {
        ExFreePoolWithTag(((RAW *)Context)->Name.Buffer, TAG);
    }
}

static void
test_conformance__K_21_cleanup_frees_what_was_never_set(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    CleanupHook = FreeName;
    SILENT("K-21", FltReleaseContext(Context));                        /* New zeroes it */
    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPool, &Context), STATUS_SUCCESS);
    SILENT("P-02", FIRES("K-21", FltReleaseContext(Context)));
    assert_ptr_equal(Last.Object, Context);
    assert_string_equal(Last.Rule, "F-03");
    assert_true(Last.Acquire != 0 && Last.Acquire != Last.Stack);
}

static VOID
FreeItself(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    ExFreePoolWithTag(Context, TAG);
}

static VOID
ReleaseItself(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    FltReleaseContext(Context);
}

static void
test_conformance__K_22_cleanup_gives_the_context_back(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    CleanupHook = FreeItself;
    FIRES("K-22", FltReleaseContext(Context));
    assert_ptr_equal(Last.Object, Context);
    Context = New(&A, FLT_STREAM_CONTEXT);
    CleanupHook = ReleaseItself;
    SILENT("K-02", FIRES("K-22", FltReleaseContext(Context)));
    assert_string_equal(Last.Rule, "F-06");
}

/* ---- K-27 ---- */

static void
test_conformance__K_27_what_is_gone_is_named(void **state)
{
    (void)state;
    static TINY_FILTER Short = FILTER("confgone", "310000");
    Fresh();
    assert_status(TinyFilterLoad(&Short), STATUS_SUCCESS);
    PFLT_INSTANCE Instance = TinyInstance(&Short, Volume);
    PFLT_FILTER Filter = Short.Filter;
    PFLT_CONTEXT Got = POISON, Context;
    PFLT_VOLUME Of = POISON;

    SILENT("K-27", assert_status(FltGetStreamContext(Instance, File, &Got), STATUS_NOT_FOUND));
    assert_status(TinyFilterUnload(&Short), STATUS_SUCCESS);
    FIRES("K-27", assert_status(FltGetStreamContext(Instance, File, &Got), STATUS_INVALID_PARAMETER));
    assert_null(Got);
    assert_string_equal(Last.Kind, "instance");
    assert_ptr_equal(Last.Object, Instance);
    assert_string_equal(Last.What, "it was freed");
    assert_true(Last.Related != 0);
    FIRES("K-27", assert_status(FltGetVolumeFromInstance(Instance, &Of), STATUS_INVALID_PARAMETER));
    FIRES("K-27", assert_status(FltObjectReference(Instance), STATUS_INVALID_PARAMETER));
    FIRES("K-27", assert_status(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPool, &Context), STATUS_INVALID_PARAMETER));
    assert_string_equal(Last.Kind, "filter");
}

/* ---- K-28 ---- */

static VOID
OpenInside(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    CleanupHook = NULL;
    if (Type == FLT_STREAM_CONTEXT) {
        FsRtlpWaitRequest(IRP_MJ_READ);        /* as a file system's dispatch does */
    }
}

static VOID
CloseInside(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    (void)Type;
    CleanupHook = NULL;
    FsRtlpWaitRequest(IRP_MJ_CLEANUP);
    FsRtlpWaitRequest(IRP_MJ_CLOSE);
}

/* A stream with a context; it is torn down when the file object that is returned is closed. */
static PFILE_OBJECT
WithContext(const char *Name)
{
    PFILE_OBJECT Object = TinyOpen(Volume, Name, NULL);

    assert_non_null(Object);
    Linked(On(&A, Volume, Object), FLT_STREAM_CONTEXT);
    return Object;
}

static void
test_conformance__K_28_request_from_inside_a_teardown(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Object = WithContext("\\torn");
    CleanupHook = OpenInside;
    FsRtlpWaitRequest(IRP_MJ_CREATE);          /* outside of any teardown */
    SILENT("K-28", FltReleaseContext(New(&A, FLT_INSTANCE_CONTEXT)));
    CleanupHook = OpenInside;
    FIRES("K-28", TinyClose(Object));
    assert_string_equal(Last.Rule, "F-07");
    /* Closing another file there is not a mistake by itself. */
    Object = WithContext("\\torn");
    CleanupHook = CloseInside;
    SILENT("K-28", TinyClose(Object));
}

static ERESOURCE Resource;

static VOID
TakeInside(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    (void)Type;
    FltAcquireResourceExclusive(&Resource);
    FltReleaseResource(&Resource);
}

static VOID
OpenHolding(VOID)
{
    KI_DRIVER_CALL Call = { .Owner = A.Owner, .Phase = "test" };

    NT_CALL(&Call, { FltAcquireResourceExclusive(&Resource); FsRtlpWaitRequest(IRP_MJ_CREATE); FltReleaseResource(&Resource); });
}

static void
test_conformance__K_28_lock_order_with_full(void **state)
{
    (void)state;
    Fresh();
    assert_status(ExInitializeResourceLite(&Resource), STATUS_SUCCESS);
    CleanupHook = TakeInside;
    SILENT("K-28", { TinyClose(WithContext("\\order")); OpenHolding(); });
    vf_set_level(VF_FULL);
    FsRtlpWaitInitialize();
    SILENT("K-28", TinyClose(WithContext("\\order")));
    FIRES("K-28", OpenHolding());
    assert_ptr_equal(Last.Object, &Resource);
    assert_string_equal(Last.Rule, "F-05");
    assert_true(Last.Related != 0 && Last.Related != Last.Stack);
    /* Memory that is used again is another lock. */
    FsRtlpWaitForget(&Resource, sizeof(Resource));
    SILENT("K-28", OpenHolding());
    FsRtlpWaitForget(&Resource, sizeof(Resource));
    SILENT("K-28", TinyClose(WithContext("\\order")));
    FsRtlpWaitForget(&Resource, sizeof(Resource));
    vf_set_level(VF_STANDARD);
    FsRtlpWaitInitialize();
    ExDeleteResourceLite(&Resource);
}

/* ---- K-29 ---- */

static FLT_PREOP_CALLBACK_STATUS
DetachInside(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    if (Objects->Filter == A.Filter && Only == IRP_MJ_QUERY_INFORMATION) {
        Only = NO_MAJOR;
        FltDetachVolume(A.Filter, FltVolume, NULL);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_conformance__K_29_detach_from_an_operation_callback(void **state)
{
    (void)state;
    FILE_STANDARD_INFORMATION Standard;
    ULONG Returned;

    Fresh();
    SILENT("K-29", { Detach(&A, Volume); Attach(&A, Volume); });
    PreHook = DetachInside;
    Only = IRP_MJ_QUERY_INFORMATION;
    FIRES("K-29", IopQueryInformation(File, FileStandardInformation, &Standard, sizeof(Standard), KernelMode, &Returned));
    assert_string_equal(Last.Rule, "G-06");
    assert_non_null(strstr(Last.Operation, "pre IRP_MJ_QUERY_INFORMATION"));
    Attach(&A, Volume);
}

static void
test_conformance__K_29_unregister_from_an_operation_callback(void **state)
{
    (void)state;
    static TINY_FILTER Short = FILTER("confself", "310000");
    Fresh();
    assert_status(TinyFilterLoad(&Short), STATUS_SUCCESS);
    struct vf_operation Operation = { .operation = "IRP_MJ_READ", .phase = "pre", .owner = Short.Owner };
    vf_operation_enter(&Operation);
    FIRES("K-29", assert_status(TinyFilterUnload(&Short), STATUS_SUCCESS));
    vf_operation_leave(&Operation);
    assert_string_equal(Last.Rule, "F-19");
}

/* ---- K-24 ---- */

static BOOLEAN Draining;

static FLT_POSTOP_CALLBACK_STATUS
WhenSafe(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    (void)Flags;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS
CompleteSafely(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Status = FLT_POSTOP_FINISHED_PROCESSING;

    if (Objects->Filter == A.Filter) {
        FltDoCompletionProcessingWhenSafe(Data, Objects, Context, Flags | (Draining ? FLTFL_POST_OPERATION_DRAINING : 0),
            WhenSafe, &Status);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__K_24_safe_completion_while_draining(void **state)
{
    (void)state;
    FILE_STANDARD_INFORMATION Standard;
    ULONG Returned;

    Fresh();
    PostHook = CompleteSafely;
    Only = IRP_MJ_QUERY_INFORMATION;
    Draining = FALSE;
    SILENT("K-24", IopQueryInformation(File, FileStandardInformation, &Standard, sizeof(Standard), KernelMode, &Returned));
    Draining = TRUE;
    FIRES("K-24", IopQueryInformation(File, FileStandardInformation, &Standard, sizeof(Standard), KernelMode, &Returned));
    assert_string_equal(Last.Rule, "J-11");
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        R(K_05_written_after_the_last_release),
        R(K_05_checked_when_the_filter_goes),
        R(K_08_every_routine_looks_at_the_irql),
        R(K_10_new_context_kept_after_a_failed_set),
        R(K_01_a_call_that_failed_in_the_operation_is_named),
        R(K_21_cleanup_frees_what_was_never_set),
        R(K_22_cleanup_gives_the_context_back),
        R(K_27_what_is_gone_is_named),
        R(K_28_request_from_inside_a_teardown),
        R(K_28_lock_order_with_full),
        R(K_29_detach_from_an_operation_callback),
        R(K_29_unregister_from_an_operation_callback),
        R(K_24_safe_completion_while_draining),
    };

    vf_set_level(VF_STANDARD);
    return BED_RUN(Tests);
}

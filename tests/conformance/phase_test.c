/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section J: what callbacks may do with contexts, and when. */
#include "bed.h"


/* The statuses of get for the six types, in this callback. */
static void
GetSix(PCFLT_RELATED_OBJECTS Objects, NTSTATUS *Out)
{
    const TARGET From = { Objects->Filter, Objects->Volume, Objects->Instance, Objects->FileObject, Txn };

    for (ULONG i = 0; i < TYPES; i++) {
        PFLT_CONTEXT Got;
        Out[i] = GetOn(From, Types[i], &Got);
        if (NT_SUCCESS(Out[i])) {
            FltReleaseContext(Got);
        }
    }
}

/* Of files: Files; of volume, instance and transaction: success. */
static void
assert_six_at(const NTSTATUS *Got, NTSTATUS Files, int Line)
{
    for (ULONG i = 0; i < TYPES; i++) {
        assert_status_at(Got[i], OF_FILES(Types[i]) ? Files : STATUS_SUCCESS, __FILE__, Line);
    }
}
#define assert_six(Got, Files) assert_six_at((Got), (Files), __LINE__)

static void
LinkAll(TINY_FILTER *Filter, PFILE_OBJECT Object)
{
    EACH(Type) {
        Linked(On(Filter, Volume, Object), Type);
    }
}

/* What belongs to volume, instance and transaction. */
static void
UnlinkRest(TINY_FILTER *Filter)
{
    assert_status(DeleteOn(On(Filter, Volume, NULL), FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
    assert_status(DeleteOn(On(Filter, Volume, NULL), FLT_INSTANCE_CONTEXT, NULL), STATUS_SUCCESS);
    assert_status(DeleteOn(On(Filter, Volume, NULL), FLT_TRANSACTION_CONTEXT, NULL), STATUS_SUCCESS);
}

/* ---- J-02, J-03, J-04 ---- */

static ULONG PreCalls, PostCalls;
static PVOID SeenContext;

static FLT_PREOP_CALLBACK_STATUS
CountPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    assert_null(*Context);
    *Context = POISON;
    PreCalls++;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS
CountOnlyPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    PreCalls++;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
CountPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Flags;
    SeenContext = Context;
    PostCalls++;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_02_either_callback_without_the_other(void **state)
{
    (void)state;
    Fresh();
    for (ULONG Bits = 0; Bits < 4; Bits++) {
        const FLT_OPERATION_REGISTRATION Array[] = { { IRP_MJ_QUERY_INFORMATION, 0, Bits == 3 ? CountPre : Bits & 1 ? CountOnlyPre : NULL,
            Bits & 2 ? CountPost : NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
        TINY_FILTER Own = { .Name = "confhalves", .Altitude = "100", .Registration.OperationRegistration = Array };
        assert_status(TinyFilterLoad(&Own), STATUS_SUCCESS);
        PreCalls = PostCalls = 0;
        SeenContext = &PreCalls;
        assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
        assert_int_equal(PreCalls, Bits & 1);
        assert_int_equal(PostCalls, Bits >> 1);
        if (Bits & 2) {
            assert_ptr_equal(SeenContext, Bits & 1 ? POISON : NULL);
        }
        assert_status(TinyFilterUnload(&Own), STATUS_SUCCESS);
    }
}

static ULONG Right;

static FLT_PREOP_CALLBACK_STATUS
NestingPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    UCHAR Buffer[4];

    assert_null(*Context);
    *Context = (PVOID)(ULONG_PTR)(((ULONG_PTR)Data->Iopb->MajorFunction << 8) | (Objects->Filter == A.Filter ? 1 : 2));
    if (Data->Iopb->MajorFunction == IRP_MJ_QUERY_INFORMATION) {
        TinyRead(Objects->FileObject, Buffer, sizeof(Buffer), 0);   /* another operation inside this one, through all filters */
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
NestingPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Flags;
    Right += (ULONG_PTR)Context == (((ULONG_PTR)Data->Iopb->MajorFunction << 8) | (Objects->Filter == A.Filter ? 1 : 2));
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_03_nested_operations_keep_their_contexts(void **state)
{
    (void)state;
    Fresh();
    Only = EVERY_MAJOR;
    PreHook = NestingPre;
    PostHook = NestingPost;
    Right = 0;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(Right, 2 + 2 * 2);        /* the query, and a read from within each pre-operation, in two filters */
    Fresh();
}

static FLT_PREOP_CALLBACK_STATUS Answer;

static void
CompleteThread(void *Data)
{
    TinySleep(5);
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
}

static struct port_thread *Completer;

static FLT_PREOP_CALLBACK_STATUS
AnswerPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    *Context = POISON;
    if (Answer == FLT_PREOP_PENDING) {
        Completer = Start(CompleteThread, Data);
    }
    Data->IoStatus.Status = STATUS_SUCCESS;
    return Answer;
}

static void
test_conformance__J_04_context_where_none_may_be(void **state)
{
    (void)state;
    static const FLT_PREOP_CALLBACK_STATUS Answers[] = { FLT_PREOP_SUCCESS_NO_CALLBACK, FLT_PREOP_COMPLETE, FLT_PREOP_PENDING };
    UCHAR Buffer[4];

    Fresh();
    Only = IRP_MJ_READ;
    PreHook = AnswerPre;
    PostHook = NestingPost;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Answers); i++) {
        const ULONG Before = Findings("K-12");
        Right = 0;
        Answer = Answers[i];
        assert_status(TinyRead(File, Buffer, sizeof(Buffer), 0), STATUS_SUCCESS);
        if (Answer == FLT_PREOP_PENDING) {
            port_thread_join(Completer);
        }
        assert_int_equal(Findings("K-12"), Before + 1);
        assert_int_equal(Right, 0);            /* the value reaches nobody */
    }
    Fresh();
}

/* ---- J-09, J-11 ---- */

static ULONG HighFindings[4];

static FLT_POSTOP_CALLBACK_STATUS
DispatchPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Got;

    (void)Data;
    (void)Flags;
    if (Objects->Filter != A.Filter) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    HighFindings[0] = Findings("K-08");
    FltReferenceContext(Context);              /* legal here */
    FltReleaseContext(Context);
    HighFindings[1] = Findings("K-08");
    if (NT_SUCCESS(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got))) {
        FltReleaseContext(Got);
    }
    HighFindings[2] = Findings("K-08");
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
TakePre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return NT_SUCCESS(FltGetStreamContext(Objects->Instance, Objects->FileObject, Context)) ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* A read that is completed at DISPATCH_LEVEL; Irp: IRP_PAGING_IO or 0. */
static void
ReadAtDispatch(PFILE_OBJECT Object)
{
    TINY_ASYNC Read;

    Volume->PendReads = TRUE;
    TinyReadStart(&Read, Object);
    TinyWaitSuspended(Volume);
    while (TinyCompleteReads(Volume, DISPATCH_LEVEL) == 0) {
        TinySleep(1);
    }
    TinyReadWait(&Read);
    Volume->PendReads = FALSE;
    assert_status(Read.Status, STATUS_SUCCESS);
}

static void
test_conformance__J_09_contexts_at_dispatch_level(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT Context = Linked(HERE, FLT_STREAM_CONTEXT);
    Only = IRP_MJ_READ;
    PreHook = TakePre;
    PostHook = DispatchPost;
    ReadAtDispatch(File);
    assert_int_equal(HighFindings[1], HighFindings[0]);
    assert_int_equal(HighFindings[2], HighFindings[1] + 1);
    assert_count(Context, 1);
    Fresh();
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
}

static BOOLEAN WhenSafe;
static ULONG SafeCalls;

static FLT_POSTOP_CALLBACK_STATUS
SafePost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Flags;
    SafeCalls++;
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS
UnsafePost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Status = (FLT_POSTOP_CALLBACK_STATUS)-1;
    KIRQL Irql;

    if (Objects->Filter != A.Filter) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    WhenSafe = FltDoCompletionProcessingWhenSafe(Data, Objects, Context, Flags, SafePost, &Status);
    KeLowerIrql(Irql);
    if (!WhenSafe) {
        assert_int_equal(Status, FLT_POSTOP_FINISHED_PROCESSING);
        FltReleaseContext(Context);            /* nobody else will */
    }
    return Status;
}

static void
test_conformance__J_11_paging_reads_cannot_be_made_safe(void **state)
{
    (void)state;
    UCHAR Buffer[16];
    IO_STATUS_BLOCK IoStatus;

    Fresh();
    PFLT_CONTEXT Context = Linked(HERE, FLT_STREAM_CONTEXT);
    Only = IRP_MJ_READ;
    PreHook = TakePre;
    PostHook = UnsafePost;
    SafeCalls = 0;
    assert_status(IopRead(File, Buffer, sizeof(Buffer), 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus), STATUS_SUCCESS);
    assert_false(WhenSafe);
    assert_int_equal(SafeCalls, 0);
    assert_status(IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_true(WhenSafe);
    assert_int_equal(SafeCalls, 1);
    assert_count(Context, 1);
    Fresh();
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
}

/* A read that waits below is drained; its post-operation may only clean up. */
static ULONG DrainCalls;

static FLT_POSTOP_CALLBACK_STATUS
DrainPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Status = (FLT_POSTOP_CALLBACK_STATUS)-1;

    if (!(Flags & FLTFL_POST_OPERATION_DRAINING)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    DrainCalls++;
    assert_status(Data->IoStatus.Status, STATUS_FLT_POST_OPERATION_CLEANUP);
    assert_false(FltDoCompletionProcessingWhenSafe(Data, Objects, Context, Flags, SafePost, &Status));
    assert_int_equal(Status, FLT_POSTOP_FINISHED_PROCESSING);
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_11_J_12_K_24_when_safe_while_draining(void **state)
{
    (void)state;
    TINY_ASYNC Read;

    Fresh();
    PFLT_CONTEXT Context = Linked(HERE, FLT_STREAM_CONTEXT);
    const ULONG Before = Findings("K-24");
    Only = IRP_MJ_READ;
    PreHook = TakePre;
    PostHook = DrainPost;
    SafeCalls = DrainCalls = 0;
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    Detach(&A, Volume);
    assert_int_equal(DrainCalls, 1);
    assert_int_equal(SafeCalls, 0);
    assert_int_equal(Findings("K-24"), Before + 1);
    assert_int_equal(Deaths(Context), 1);
    assert_int_equal(TinyCompleteReads(Volume, PASSIVE_LEVEL), 1);
    TinyReadWait(&Read);
    Volume->PendReads = FALSE;
    Fresh();
    Attach(&A, Volume);
}

/* ---- J-13, J-14: create ---- */

static NTSTATUS InPre[TYPES], InPost[TYPES];
static ULONG PreMask;

static FLT_PREOP_CALLBACK_STATUS
CreatePre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    FLT_RELATED_CONTEXTS Got;

    (void)Data;
    (void)Context;
    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    GetSix(Objects, InPre);
    FLT_RELATED_OBJECTS WithTransaction;
    memcpy(&WithTransaction, Objects, sizeof(WithTransaction));
    *(PKTRANSACTION *)&WithTransaction.Transaction = Txn;
    FltGetContexts(&WithTransaction, FLT_ALL_CONTEXTS, &Got);
    PreMask = 0;
    for (ULONG i = 0; i < TYPES; i++) {
        PreMask |= (&Got.VolumeContext)[i] != NULL ? Types[i] : 0;
    }
    FltReleaseContexts(&Got);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
CreatePost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    const TARGET To = { Objects->Filter, Objects->Volume, Objects->Instance, Objects->FileObject, Txn };

    (void)Data;
    (void)Context;
    (void)Flags;
    for (ULONG i = 0; i < TYPES && Objects->Filter == A.Filter; i++) {
        PFLT_CONTEXT Made = NewOf(Objects->Filter, Types[i]);
        InPost[i] = SetOn(To, Types[i], REPLACE, Made, NULL);
        FltReleaseContext(Made);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_13_J_14_J_15_create(void **state)
{
    (void)state;
    NTSTATUS Status;

    Fresh();
    PFILE_OBJECT Before = TinyOpen(Volume, "\\j13", NULL);
    LinkAll(&A, Before);
    Only = IRP_MJ_CREATE;
    PreHook = CreatePre;
    PostHook = CreatePost;
    PFILE_OBJECT Own = TinyOpen(Volume, "\\j13", NULL);
    assert_six(InPre, STATUS_NOT_SUPPORTED);
    assert_int_equal(PreMask, FLT_VOLUME_CONTEXT | FLT_INSTANCE_CONTEXT | FLT_TRANSACTION_CONTEXT);
    assert_six(InPost, STATUS_SUCCESS);        /* J-14 */
    assert_null(TinyOpen(Volume, "\\reparse", &Status));
    assert_six(InPost, STATUS_NOT_SUPPORTED);  /* J-15 */
    Fresh();
    TinyClose(Before);
    TinyClose(Own);
    UnlinkRest(&A);
}

/* ---- J-16, J-17: cleanup and close ---- */

static NTSTATUS Seen[2][2][4][TYPES];          /* filter; 0 cleanup, 1 close, paging write: [..][2]; pre, post */
static NTSTATUS SeenPaging[TYPES];

static FLT_PREOP_CALLBACK_STATUS
EndPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    const int Which = Objects->Filter == A.Filter ? 0 : 1;

    (void)Context;
    if (Data->Iopb->MajorFunction == IRP_MJ_WRITE && Which == 0) {
        GetSix(Objects, SeenPaging);
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_CLEANUP || Data->Iopb->MajorFunction == IRP_MJ_CLOSE) {
        GetSix(Objects, Seen[Which][Data->Iopb->MajorFunction == IRP_MJ_CLOSE][0]);
        return FLT_PREOP_SYNCHRONIZE;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
EndPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    UCHAR Buffer[16] = { 0 };
    IO_STATUS_BLOCK IoStatus;

    (void)Context;
    (void)Flags;
    GetSix(Objects, Seen[Objects->Filter == A.Filter ? 0 : 1][Data->Iopb->MajorFunction == IRP_MJ_CLOSE][1]);
    if (Data->Iopb->MajorFunction == IRP_MJ_CLEANUP && Objects->Filter == B.Filter) {
        /* the cache writes back after the last handle has gone */
        assert_status(IopWrite(Objects->FileObject, Buffer, sizeof(Buffer), 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus), STATUS_SUCCESS);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_16_J_17_cleanup_and_close(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Own = TinyOpen(Volume, "\\j16", NULL);
    LinkAll(&A, Own);
    LinkAll(&B, Own);
    Only = EVERY_MAJOR;
    PreHook = EndPre;
    PostHook = EndPost;
    SeenPaging[0] = STATUS_PENDING;
    TinyClose(Own);
    for (int Which = 0; Which < 2; Which++) {
        assert_six(Seen[Which][0][0], STATUS_SUCCESS);
        assert_six(Seen[Which][0][1], STATUS_SUCCESS);
        assert_six(Seen[Which][1][0], STATUS_SUCCESS);
        assert_six(Seen[Which][1][1], STATUS_NOT_SUPPORTED);
    }
    assert_six(SeenPaging, STATUS_SUCCESS);
    Fresh();
    UnlinkRest(&A);
    UnlinkRest(&B);
}

/* ---- J-22 ---- */

static TINY_VOLUME *Other;
static PFILE_OBJECT There;
static PFLT_CONTEXT SeenBelow, SeenAbove;

static FLT_PREOP_CALLBACK_STATUS
RedirectPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Context;
    if (Objects->Filter == A.Filter) {
        Data->Iopb->TargetInstance = TinyInstance(&A, Other);
        Data->Iopb->TargetFileObject = There;
        FltSetCallbackDataDirty(Data);
        return FLT_PREOP_SYNCHRONIZE;
    }
    FltGetStreamContext(Objects->Instance, Objects->FileObject, &SeenBelow);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
RedirectPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    (void)Context;
    (void)Flags;
    FltGetStreamContext(Objects->Instance, Objects->FileObject, &SeenAbove);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__J_22_contexts_of_the_objects_one_is_given(void **state)
{
    (void)state;
    UCHAR Buffer[4];

    Fresh();
    Other = TinyMount(NULL);
    There = TinyOpen(Other, "\\there", NULL);
    PFLT_CONTEXT Mine = Linked(HERE, FLT_STREAM_CONTEXT), OfBHere = Linked(On(&B, Volume, File), FLT_STREAM_CONTEXT),
        OfBThere = Linked(On(&B, Other, There), FLT_STREAM_CONTEXT);
    Only = IRP_MJ_READ;
    PreHook = RedirectPre;
    PostHook = RedirectPost;
    assert_status(TinyRead(File, Buffer, sizeof(Buffer), 0), STATUS_SUCCESS);
    assert_ptr_equal(SeenBelow, OfBThere);
    assert_ptr_equal(SeenAbove, Mine);
    FltReleaseContext(SeenBelow);
    FltReleaseContext(SeenAbove);
    assert_int_equal(Deaths(OfBHere), 0);
    Fresh();
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
    assert_status(DeleteOn(On(&B, Volume, File), FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
    TinyClose(There);
    TinyDismount(Other);
}

/* ---- J-24: the paging file's create ---- */

static void
test_conformance__J_24_paging_file_reaches_post_create(void **state)
{
    (void)state;
    Fresh();
    Only = IRP_MJ_CREATE;
    PostHook = CreatePost;
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);
    assert_six(InPost, STATUS_NOT_SUPPORTED);
    for (ULONG i = 0; i < LifeCount; i++) {
        if (OF_FILES(Lives[i].Type)) {
            assert_int_equal(Lives[i].Deaths, 1);   /* released by the filter: nothing is left of it */
        }
    }
    Fresh();
    TinyClose(Paging);
    UnlinkRest(&A);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(J_02_either_callback_without_the_other), R(J_03_nested_operations_keep_their_contexts), R(J_04_context_where_none_may_be),
        R(J_09_contexts_at_dispatch_level), R(J_11_paging_reads_cannot_be_made_safe), R(J_11_J_12_K_24_when_safe_while_draining), R(J_13_J_14_J_15_create),
        R(J_16_J_17_cleanup_and_close), R(J_22_contexts_of_the_objects_one_is_given), R(J_24_paging_file_reaches_post_create),
    };
    return BED_RUN(tests);
}

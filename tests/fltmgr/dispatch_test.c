/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Dispatch: section J of the specification, draining (G-08 … G-11), changed parameters and swapped buffers. */
#include "testnt.h"

#include "ps/psp.h"

/* ---- three filters whose callbacks do what a test tells them ---- */

typedef FLT_PREOP_CALLBACK_STATUS (*PRE)(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context);
typedef FLT_POSTOP_CALLBACK_STATUS (*POST)(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags);
static PRE Pre[3];
static POST Post[3];
static UCHAR Only;                             /* major that the functions see; 0xFF: every one */
static char Log[256];
static _Atomic(LONG) PreCalls[3], PostCalls[3];
static _Atomic(LONG) Cleanups;
static TINY_VOLUME *Volume;

static FLT_PREOP_CALLBACK_STATUS
OnPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    if (Data->Iopb->MajorFunction != Only && Only != 0xFF) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    atomic_fetch_add(&PreCalls[Which], 1);
    return Pre[Which] != NULL ? Pre[Which](Which, Data, Objects, Context) : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    atomic_fetch_add(&PostCalls[Which], 1);
    return Post[Which] != NULL ? Post[Which](Which, Data, Objects, Context, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

#define CALLBACKS(N) \
    static FLT_PREOP_CALLBACK_STATUS Pre##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context) { return OnPre(N, Data, Objects, Context); } \
    static FLT_POSTOP_CALLBACK_STATUS Post##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags) { return OnPost(N, Data, Objects, Context, Flags); } \
    static const FLT_OPERATION_REGISTRATION Operations##N[] = { { IRP_MJ_CREATE, 0, Pre##N, Post##N, NULL }, { IRP_MJ_READ, 0, Pre##N, Post##N, NULL }, \
        { IRP_MJ_WRITE, 0, Pre##N, Post##N, NULL }, { IRP_MJ_QUERY_INFORMATION, 0, Pre##N, Post##N, NULL }, { IRP_MJ_CLEANUP, 0, Pre##N, Post##N, NULL }, \
        { IRP_MJ_CLOSE, 0, Pre##N, Post##N, NULL }, { IRP_MJ_QUERY_OPEN, 0, Pre##N, Post##N, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
CALLBACKS(0)
CALLBACKS(1)
CALLBACKS(2)

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    strcat(Log, Type == FLT_STREAMHANDLE_CONTEXT ? "handle-cleanup " : "stream-cleanup ");
    atomic_fetch_add(&Cleanups, 1);
}

static POST VictimPost;

static FLT_PREOP_CALLBACK_STATUS
OnVictimPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnVictimPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    return VictimPost != NULL ? VictimPost(0, Data, Objects, Context, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

static const FLT_OPERATION_REGISTRATION OperationsVictim[] = { { IRP_MJ_CREATE, 0, OnVictimPre, OnVictimPost, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_STREAM_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_STREAMHANDLE_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, NULL, 32, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static NTSTATUS
OnQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}

static _Atomic(LONG) Completed;
static VOID
OnTeardownComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    (void)Reason;
    atomic_fetch_add(&Completed, 1);
}

#define FILTER(N, Called, High) { .Name = Called, .Altitude = High, .Registration = { .ContextRegistration = Contexts, \
    .OperationRegistration = Operations##N, .InstanceQueryTeardownCallback = OnQuery, .InstanceTeardownCompleteCallback = OnTeardownComplete } }
static TINY_FILTER Filters[3] = { FILTER(0, "top", "300"), FILTER(1, "middle", "200.5"), FILTER(2, "bottom", "0200") };

static void
Reset(UCHAR Major)
{
    memset(Pre, 0, sizeof(Pre));
    memset(Post, 0, sizeof(Post));
    Log[0] = 0;
    for (int i = 0; i < 3; i++) {
        PreCalls[i] = PostCalls[i] = 0;
    }
    Only = Major;
}

static void
Mark(const char *What, int Which)
{
    const char Digit[3] = { (char)('0' + Which), ' ', 0 };

    strcat(Log, What);
    strcat(Log, Digit);
}

static FLT_PREOP_CALLBACK_STATUS
LogPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    Mark("pre", Which);
    assert_null(*Context);
    assert_ptr_equal(Objects->Instance, Data->Iopb->TargetInstance);
    assert_ptr_equal(Objects->Filter, Filters[Which].Filter);
    *Context = (PVOID)(ULONG_PTR)(Which + 1);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
LogPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    Mark(Flags & FLTFL_POST_OPERATION_DRAINING ? "drain" : "post", Which);
    assert_ptr_equal(Objects->Filter, Filters[Which].Filter);
    assert_ptr_equal(Context, (PVOID)(ULONG_PTR)(Which + 1));
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
LogAll(UCHAR Major)
{
    Reset(Major);
    for (int i = 0; i < 3; i++) {
        Pre[i] = LogPre;
        Post[i] = LogPost;
    }
}

static PFILE_OBJECT
Open(const char *Name)
{
    const UCHAR Saved = Only;

    Only = 0xFE;
    PFILE_OBJECT File = TinyOpen(Volume, Name, NULL);
    Only = Saved;
    return File;
}

static void
Close(PFILE_OBJECT File)
{
    Only = 0xFE;
    TinyClose(File);
}

/* ---- order and return values ---- */

static void
test_fltmgr_dispatch__J_01_J_03_order_and_completion_contexts(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");

    LogAll(IRP_MJ_QUERY_INFORMATION);
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 pre1 pre2 post2 post1 post0 ");
    Pre[1] = NULL;
    Log[0] = 0;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 pre2 post2 post0 ");
    Close(File);
}

static FLT_PREOP_CALLBACK_STATUS
CompletePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    Mark("complete", Which);
    Data->IoStatus.Status = STATUS_ACCESS_DENIED;
    return FLT_PREOP_COMPLETE;
}

static void
test_fltmgr_dispatch__J_06_complete(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");

    LogAll(IRP_MJ_QUERY_INFORMATION);
    Pre[1] = CompletePre;
    const LONG Before = Volume->Queries;
    assert_status(TinyQueryBasic(File), STATUS_ACCESS_DENIED);
    assert_int_equal(Volume->Queries, Before);
    assert_string_equal(Log, "pre0 complete1 post0 ");
    Close(File);
}

static FLT_PREOP_CALLBACK_STATUS
ContextNoCallbackPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    *Context = POISON;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_dispatch__J_04_K_12_context_without_callback_is_a_finding(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    const unsigned Before = vf_finding_count();

    Reset(IRP_MJ_QUERY_INFORMATION);
    Pre[1] = ContextNoCallbackPre;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_int_equal(PostCalls[1], 0);
    Close(File);
}

static FLT_PREOP_CALLBACK_STATUS
FailCleanupPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Objects;
    (void)Context;
    Data->IoStatus.Status = STATUS_ACCESS_DENIED;
    return FLT_PREOP_COMPLETE;
}

static void
test_fltmgr_dispatch__J_18_K_25_cleanup_cannot_fail(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    const unsigned Before = vf_finding_count();
    const LONG Cleanup = Volume->Cleanups;

    Reset(IRP_MJ_CLEANUP);
    Pre[0] = FailCleanupPre;
    TinyClose(File);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_int_equal(Volume->Cleanups, Cleanup + 1);
}

/* ---- pend ---- */

static PFLT_CALLBACK_DATA Pended;
static KEVENT PendedEvent;

static FLT_PREOP_CALLBACK_STATUS
PendPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    Mark("pend", Which);
    Pended = Data;
    KeSetEvent(&PendedEvent, 0, FALSE);
    return FLT_PREOP_PENDING;
}

static void
WaitPended(void)
{
    KeWaitForSingleObject(&PendedEvent, Executive, KernelMode, FALSE, NULL);
}

static void
test_fltmgr_dispatch__J_07_pending_resumed_elsewhere(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    TINY_ASYNC Read;

    LogAll(IRP_MJ_READ);
    Pre[1] = PendPre;
    TinyReadStart(&Read, File);
    WaitPended();
    TinySleep(5);
    assert_string_equal(Log, "pre0 pend1 ");
    FltCompletePendedPreOperation(Pended, FLT_PREOP_SUCCESS_WITH_CALLBACK, (PVOID)2);
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 pend1 pre2 post2 post1 post0 ");
    /* completed while pended */
    Log[0] = 0;
    TinyReadStart(&Read, File);
    WaitPended();
    Pended->IoStatus.Status = STATUS_ACCESS_DENIED;
    FltCompletePendedPreOperation(Pended, FLT_PREOP_COMPLETE, NULL);
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_ACCESS_DENIED);
    assert_string_equal(Log, "pre0 pend1 post0 ");
    Close(File);
}

static FLT_PREOP_CALLBACK_STATUS
PendDonePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Objects;
    (void)Context;
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    return FLT_PREOP_PENDING;
}

static void
test_fltmgr_dispatch__J_07_resumed_before_the_callback_returned(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[16];

    LogAll(IRP_MJ_READ);
    Pre[1] = PendDonePre;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 pre2 post2 post0 ");
    Close(File);
}

static FLT_POSTOP_CALLBACK_STATUS
PendPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    (void)Context;
    (void)Flags;
    Mark("pendpost", Which);
    Pended = Data;
    KeSetEvent(&PendedEvent, 0, FALSE);
    return FLT_POSTOP_MORE_PROCESSING_REQUIRED;
}

static void
test_fltmgr_dispatch__J_11_more_processing_required(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    TINY_ASYNC Read;

    LogAll(IRP_MJ_READ);
    Post[1] = PendPost;
    TinyReadStart(&Read, File);
    WaitPended();
    TinySleep(5);
    assert_string_equal(Log, "pre0 pre1 pre2 post2 pendpost1 ");
    FltCompletePendedPostOperation(Pended);
    TinyReadWait(&Read);
    assert_string_equal(Log, "pre0 pre1 pre2 post2 pendpost1 post0 ");
    assert_status(Read.Status, STATUS_SUCCESS);
    Close(File);
}

/* ---- threads and levels ---- */

static ULONG PreThread, PostThread;
static KIRQL PostIrql;

static FLT_PREOP_CALLBACK_STATUS
SynchronizePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    PreThread = port_thread_id();
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
WherePost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    (void)Flags;
    PostThread = port_thread_id();
    PostIrql = KeGetCurrentIrql();
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__J_08_J_09_synchronised_and_not(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    TINY_ASYNC Read;

    Reset(IRP_MJ_READ);
    Pre[1] = SynchronizePre;
    Post[1] = WherePost;
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    while (TinyCompleteReads(Volume, DISPATCH_LEVEL) == 0) {
        TinySleep(1);
    }
    TinyReadWait(&Read);
    assert_int_equal(PostThread, PreThread);
    assert_int_equal(PreThread, Read.ThreadId);
    assert_int_equal(PostIrql, PASSIVE_LEVEL);
    Pre[1] = LogPre;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    while (TinyCompleteReads(Volume, DISPATCH_LEVEL) == 0) {
        TinySleep(1);
    }
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_SUCCESS);
    assert_int_equal(PostThread, port_thread_id());
    assert_int_equal(PostIrql, DISPATCH_LEVEL);
    Volume->PendReads = FALSE;
    Close(File);
}

static FLT_POSTOP_CALLBACK_STATUS
SafePost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    return WherePost(0, Data, Objects, Context, Flags);
}

static BOOLEAN SafeResult;

static FLT_POSTOP_CALLBACK_STATUS
WhenSafePost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Status;

    (void)Which;
    SafeResult = FltDoCompletionProcessingWhenSafe(Data, Objects, Context, Flags, SafePost, &Status);
    return Status;
}

static void
test_fltmgr_dispatch__J_11_completion_when_safe(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    TINY_ASYNC Read;
    UCHAR Buffer[16];

    Reset(IRP_MJ_READ);
    Pre[1] = LogPre;
    Post[1] = WhenSafePost;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_true(SafeResult);
    assert_int_equal(PostThread, port_thread_id());
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    while (TinyCompleteReads(Volume, DISPATCH_LEVEL) == 0) {
        TinySleep(1);
    }
    TinyReadWait(&Read);
    assert_true(SafeResult);
    assert_true(PostThread != port_thread_id());
    assert_true(PostIrql < DISPATCH_LEVEL);
    Volume->PendReads = FALSE;
    Close(File);
}

/* ---- create, cleanup, close ---- */

static NTSTATUS CreateGets[4];
static FLT_RELATED_CONTEXTS CreateContexts;

static FLT_PREOP_CALLBACK_STATUS
CreatePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    (void)Context;
    PFLT_CONTEXT Got;
    CreateGets[0] = FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got);
    CreateGets[1] = FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Got);
    FltGetContexts(Objects, FLT_ALL_CONTEXTS, &CreateContexts);
    FltReleaseContexts(&CreateContexts);
    PreThread = port_thread_id();
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
CreatePost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Stream, Handle;

    (void)Context;
    WherePost(Which, Data, Objects, Context, Flags);
    FltAllocateContext(Objects->Filter, FLT_STREAM_CONTEXT, 32, PagedPool, &Stream);
    FltAllocateContext(Objects->Filter, FLT_STREAMHANDLE_CONTEXT, 32, PagedPool, &Handle);
    CreateGets[2] = FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL);
    CreateGets[3] = FltSetStreamHandleContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Handle, NULL);
    FltReleaseContext(Stream);
    FltReleaseContext(Handle);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__J_10_J_13_to_J_15_create(void **state)
{
    (void)state;
    NTSTATUS Status;

    Reset(IRP_MJ_CREATE);
    Pre[1] = CreatePre;
    Post[1] = CreatePost;
    PFILE_OBJECT File = TinyOpen(Volume, "\\new", &Status);
    assert_status(Status, STATUS_SUCCESS);
    assert_status(CreateGets[0], STATUS_NOT_SUPPORTED);
    assert_status(CreateGets[1], STATUS_NOT_SUPPORTED);
    assert_status(CreateGets[2], STATUS_SUCCESS);
    assert_status(CreateGets[3], STATUS_SUCCESS);
    assert_int_equal(PostThread, PreThread);
    assert_int_equal(PostIrql, PASSIVE_LEVEL);
    Close(File);
    Reset(IRP_MJ_CREATE);
    Pre[1] = CreatePre;
    Post[1] = CreatePost;
    assert_null(TinyOpen(Volume, "\\missing", &Status));
    assert_status(Status, STATUS_OBJECT_NAME_NOT_FOUND);
    assert_status(CreateGets[2], STATUS_NOT_SUPPORTED);
    assert_null(TinyOpen(Volume, "\\reparse", &Status));
    assert_status(CreateGets[3], STATUS_NOT_SUPPORTED);
}

static NTSTATUS CloseGets[4];

static FLT_PREOP_CALLBACK_STATUS
ClosePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Got;
    const int i = Data->Iopb->MajorFunction == IRP_MJ_CLEANUP ? 0 : 2;

    (void)Context;
    Mark(i == 0 ? "precleanup" : "preclose", Which);
    CloseGets[i] = FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Got);
    if (NT_SUCCESS(CloseGets[i])) {
        FltReleaseContext(Got);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
ClosePost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Got;
    const int i = Data->Iopb->MajorFunction == IRP_MJ_CLEANUP ? 1 : 3;

    (void)Context;
    (void)Flags;
    Mark(i == 1 ? "postcleanup" : "postclose", Which);
    CloseGets[i] = FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Got);
    if (NT_SUCCESS(CloseGets[i])) {
        FltReleaseContext(Got);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__J_16_J_17_F_11_cleanup_and_close(void **state)
{
    (void)state;
    Reset(IRP_MJ_CREATE);
    Pre[1] = CreatePre;
    Post[1] = CreatePost;
    PFILE_OBJECT File = TinyOpen(Volume, "\\closing", NULL);
    Reset(0xFF);
    Pre[1] = ClosePre;
    Post[1] = ClosePost;
    const unsigned Before = vf_finding_count();
    TinyClose(File);
    assert_string_equal(Log, "precleanup1 postcleanup1 preclose1 handle-cleanup stream-cleanup postclose1 ");
    assert_status(CloseGets[0], STATUS_SUCCESS);
    assert_status(CloseGets[1], STATUS_SUCCESS);
    assert_status(CloseGets[2], STATUS_SUCCESS);
    assert_status(CloseGets[3], STATUS_NOT_SUPPORTED);
    assert_int_equal(vf_finding_count(), Before + 1);   /* K-07 */
}

static FLT_POSTOP_CALLBACK_STATUS
CancelPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Handle;

    CreatePost(Which, Data, Objects, Context, Flags);
    FltCancelFileOpen(Objects->Instance, Objects->FileObject);
    FltAllocateContext(Objects->Filter, FLT_STREAMHANDLE_CONTEXT, 32, PagedPool, &Handle);
    CreateGets[3] = FltSetStreamHandleContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Handle, NULL);
    FltReleaseContext(Handle);
    Data->IoStatus.Status = STATUS_ACCESS_DENIED;
    Data->IoStatus.Information = 0;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
MajorPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    Mark(Data->Iopb->MajorFunction == IRP_MJ_CREATE ? "create" : Data->Iopb->MajorFunction == IRP_MJ_CLEANUP ? "cleanup" : "close", Which);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static NTSTATUS SeenStatus;

static FLT_POSTOP_CALLBACK_STATUS
StatusPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Which;
    (void)Objects;
    (void)Context;
    (void)Flags;
    if (Data->Iopb->MajorFunction == IRP_MJ_CREATE) {
        SeenStatus = Data->IoStatus.Status;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__J_20_J_21_cancel_file_open(void **state)
{
    (void)state;
    NTSTATUS Status;
    const LONG CleanupsBefore = Volume->Cleanups, ClosesBefore = Volume->Closes, ContextsBefore = Cleanups;

    Reset(0xFF);
    Pre[0] = Pre[1] = Pre[2] = MajorPre;
    Post[0] = StatusPost;
    Post[1] = CancelPost;
    assert_null(TinyOpen(Volume, "\\cancelled", &Status));
    assert_status(Status, STATUS_ACCESS_DENIED);
    assert_status(SeenStatus, STATUS_ACCESS_DENIED);
    /* the last one is the context that could not be set */
    assert_string_equal(Log, "create0 create1 create2 cleanup2 close2 handle-cleanup stream-cleanup handle-cleanup ");
    assert_int_equal(Volume->Cleanups, CleanupsBefore + 1);
    assert_int_equal(Volume->Closes, ClosesBefore + 1);
    assert_status(CreateGets[3], STATUS_NOT_SUPPORTED);
    assert_int_equal(Cleanups, ContextsBefore + 3);
}

/* ---- parameters ---- */

static ULONGLONG SeenPre[3], SeenPost[3];

static FLT_PREOP_CALLBACK_STATUS
SeePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    SeenPre[Which] = (ULONGLONG)Data->Iopb->Parameters.Read.ByteOffset.QuadPart;
    if (Which < 2) {
        Data->Iopb->Parameters.Read.ByteOffset.QuadPart += 100 * (Which + 1);
        FltSetCallbackDataDirty(Data);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
SeePost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    (void)Context;
    (void)Flags;
    SeenPost[Which] = (ULONGLONG)Data->Iopb->Parameters.Read.ByteOffset.QuadPart;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__J_22_changed_parameters(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[16];

    Reset(IRP_MJ_READ);
    Pre[0] = Pre[1] = Pre[2] = SeePre;
    Post[0] = Post[1] = Post[2] = SeePost;
    assert_status(TinyRead(File, Buffer, 16, 7), STATUS_SUCCESS);
    assert_int_equal(Volume->LastOffset, 307);
    assert_int_equal(SeenPre[0], 7);
    assert_int_equal(SeenPre[1], 107);
    assert_int_equal(SeenPre[2], 307);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SeenPost[i], SeenPre[i]);
    }
    Close(File);
}

/* Changes without FltSetCallbackDataDirty reach nobody: neither below, nor the own post-operation, nor above. */
static FLT_PREOP_CALLBACK_STATUS
QuietPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    SeenPre[Which] = (ULONGLONG)Data->Iopb->Parameters.Read.ByteOffset.QuadPart;
    Data->Iopb->Parameters.Read.ByteOffset.QuadPart += 100;
    Data->Iopb->Parameters.Read.Length = 1;
    if (Which == 1) {
        Data->Iopb->Parameters.Read.ByteOffset.QuadPart = 1000;
        Data->Iopb->Parameters.Read.Length = 16;
        FltSetCallbackDataDirty(Data);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
QuietPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    SeePost(Which, Data, Objects, Context, Flags);
    assert_int_equal(Data->Iopb->Parameters.Read.Length, 16);
    assert_ptr_equal(Data->Iopb->TargetInstance, Objects->Instance);
    Data->Iopb->Parameters.Read.ByteOffset.QuadPart = 55;
    Data->Iopb->Parameters.Read.Length = 3;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__undeclared_changes_are_ignored(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[16];

    Reset(IRP_MJ_READ);
    Pre[0] = Pre[1] = Pre[2] = QuietPre;
    Post[0] = Post[1] = Post[2] = QuietPost;
    assert_status(TinyRead(File, Buffer, 16, 7), STATUS_SUCCESS);
    assert_int_equal(Volume->LastOffset, 1000);
    assert_int_equal(SeenPre[0], 7);
    assert_int_equal(SeenPre[1], 7);
    assert_int_equal(SeenPre[2], 1000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SeenPost[i], SeenPre[i]);
    }
    Pre[1] = NULL;
    assert_status(TinyRead(File, Buffer, 16, 7), STATUS_SUCCESS);
    assert_int_equal(Volume->LastOffset, 7);
    assert_int_equal(SeenPre[2], 7);
    Close(File);
}

static UCHAR SwapBuffer[2][64];
static PMDL SwapMdl[2], SeenMdl[2];
static PVOID SeenBuffer[3];

static FLT_PREOP_CALLBACK_STATUS
SwapPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    *Context = Data->Iopb->Parameters.Read.ReadBuffer;
    SwapMdl[Which] = IoAllocateMdl(SwapBuffer[Which], 64, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(SwapMdl[Which]);
    Data->Iopb->Parameters.Read.ReadBuffer = SwapBuffer[Which];
    Data->Iopb->Parameters.Read.MdlAddress = SwapMdl[Which];
    FltSetCallbackDataDirty(Data);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
SwapPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    (void)Flags;
    SeenBuffer[Which] = Data->Iopb->Parameters.Read.ReadBuffer;
    assert_ptr_equal(SeenBuffer[Which], Context);
    SeenMdl[Which] = FltGetSwappedBufferMdlAddress(Data);
    for (ULONG i = 0; i < Data->IoStatus.Information; i++) {
        ((PUCHAR)Context)[i] = SwapBuffer[Which][i] ^ (UCHAR)(0x10 << Which);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS
BufferPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    (void)Context;
    (void)Flags;
    SeenBuffer[Which] = Data->Iopb->Parameters.Read.ReadBuffer;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
WithPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static void
test_fltmgr_dispatch__J_22_swapped_buffers(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\swap");
    UCHAR Data[64], Buffer[64];

    memset(Data, 0x03, sizeof(Data));
    Reset(IRP_MJ_READ);
    assert_status(TinyWrite(File, Data, 64, 0), STATUS_SUCCESS);
    Pre[0] = Pre[1] = SwapPre;
    Post[0] = Post[1] = SwapPost;
    Pre[2] = WithPre;
    Post[2] = BufferPost;
    assert_status(TinyRead(File, Buffer, 64, 0), STATUS_SUCCESS);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(Buffer[i], 0x03 ^ 0x10 ^ 0x20);
    }
    assert_ptr_equal(Volume->LastBuffer, SwapBuffer[1]);
    assert_ptr_equal(SeenBuffer[2], SwapBuffer[1]);
    assert_ptr_equal(SeenBuffer[1], SwapBuffer[0]);
    assert_ptr_equal(SeenBuffer[0], Buffer);
    assert_ptr_equal(SeenMdl[0], SwapMdl[0]);
    assert_ptr_equal(SeenMdl[1], SwapMdl[1]);
    Close(File);
}

static FLT_PREOP_CALLBACK_STATUS
LockPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Objects;
    (void)Context;
    assert_false(FltIsCallbackDataDirty(Data));
    assert_status(FltLockUserBuffer(Data), STATUS_SUCCESS);
    assert_non_null(Data->Iopb->Parameters.Read.MdlAddress);
    assert_true(FltIsCallbackDataDirty(Data));
    FltClearCallbackDataDirty(Data);
    assert_status(FltLockUserBuffer(Data), STATUS_SUCCESS);
    assert_false(FltIsCallbackDataDirty(Data));    /* there was an MDL */
    FltSetCallbackDataDirty(Data);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static PMDL LockedSeen[3];

static FLT_PREOP_CALLBACK_STATUS
LockSeenPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    LockedSeen[Which] = Data->Iopb->Parameters.Read.MdlAddress;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* A lock afterwards makes nothing dirty. */
static FLT_POSTOP_CALLBACK_STATUS
LockPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    (void)Context;
    (void)Flags;
    assert_status(FltLockUserBuffer(Data), STATUS_SUCCESS);
    assert_false(FltIsCallbackDataDirty(Data));
    LockedSeen[Which] = Data->Iopb->Parameters.Read.MdlAddress;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_dispatch__lock_user_buffer(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[64];

    Reset(IRP_MJ_READ);
    Pre[1] = LockPre;
    Post[1] = LockPost;
    Pre[2] = LockSeenPre;
    assert_status(TinyRead(File, Buffer, 64, 0), STATUS_SUCCESS);
    assert_non_null(LockedSeen[2]);
    assert_ptr_equal(LockedSeen[1], LockedSeen[2]);
    Reset(IRP_MJ_READ);
    Pre[0] = WithPre;
    Post[0] = LockPost;
    assert_status(TinyRead(File, Buffer, 64, 0), STATUS_SUCCESS);
    assert_non_null(LockedSeen[0]);
    Close(File);
}

/* ---- draining ---- */

static NTSTATUS DrainStatus;
static ULONG DrainFlags;

static FLT_POSTOP_CALLBACK_STATUS
DrainPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Objects;
    Mark(Flags & FLTFL_POST_OPERATION_DRAINING ? "drain" : "post", Which);
    DrainStatus = Data->IoStatus.Status;
    DrainFlags = Data->Flags;
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
AllocatePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    return NT_SUCCESS(FltAllocateContext(Objects->Filter, FLT_STREAM_CONTEXT, 32, NonPagedPool, Context))
        ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_dispatch__G_09_G_11_J_12_draining(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    PFLT_INSTANCE Instance;
    TINY_ASYNC Read;
    const LONG Before = Cleanups;

    Reset(IRP_MJ_READ);
    Pre[1] = AllocatePre;
    Post[1] = DrainPost;
    Pre[0] = LogPre;
    Post[0] = LogPost;
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    assert_status(FltDetachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL), STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 drain1 stream-cleanup ");
    assert_status(DrainStatus, STATUS_FLT_POST_OPERATION_CLEANUP);
    assert_true(DrainFlags & FLTFL_CALLBACK_DATA_DRAINING_IO);
    assert_int_equal(Cleanups, Before + 1);
    assert_int_equal(TinyCompleteReads(Volume, PASSIVE_LEVEL), 1);
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 drain1 stream-cleanup post0 ");
    Volume->PendReads = FALSE;
    assert_status(FltAttachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_SUCCESS);
    FltObjectDereference(Instance);
    Close(File);
}

/* K-14: a draining call that keeps its completion context; what is not released later either is reported with that. */
static PFLT_CONTEXT Kept;

static FLT_POSTOP_CALLBACK_STATUS
KeepPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    assert_true(Flags & FLTFL_POST_OPERATION_DRAINING);
    Kept = Context;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
CountDrained(const struct vf_reference_view *View, void *Context)
{
    *(int *)Context += View->address == Kept && View->drained;
}

static void
test_fltmgr_dispatch__K_14_kept_by_a_draining_call(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    PFLT_INSTANCE Instance;
    TINY_ASYNC Read;
    int Drained = 0;

    Reset(IRP_MJ_READ);
    Pre[1] = AllocatePre;
    Post[1] = KeepPost;
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    TinyWaitSuspended(Volume);
    assert_status(FltDetachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL), STATUS_SUCCESS);
    assert_int_equal(TinyCompleteReads(Volume, PASSIVE_LEVEL), 1);
    TinyReadWait(&Read);
    Volume->PendReads = FALSE;
    assert_non_null(Kept);
    vf_owner_references(Filters[1].Owner, CountDrained, &Drained);
    assert_int_equal(Drained, 1);
    FltReleaseContext(Kept);
    Drained = 0;
    vf_owner_references(Filters[1].Owner, CountDrained, &Drained);
    assert_int_equal(Drained, 0);
    assert_status(FltAttachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_SUCCESS);
    FltObjectDereference(Instance);
    Close(File);
}

static void
DetachThread(void *Argument)
{
    *(NTSTATUS *)Argument = FltDetachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL);
}

static void
test_fltmgr_dispatch__G_08_complete_waits_for_pended_operations(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    PFLT_INSTANCE Instance;
    NTSTATUS Status = STATUS_PENDING;
    struct port_thread *Thread;
    TINY_ASYNC Read;
    const LONG Before = Completed;

    Reset(IRP_MJ_READ);
    Pre[1] = PendPre;
    TinyReadStart(&Read, File);
    WaitPended();
    TinySleep(5);
    assert_int_equal(port_thread_start(&Thread, DetachThread, &Status, "detach"), 0);
    TinySleep(30);
    assert_int_equal(Completed, Before);
    FltCompletePendedPreOperation(Pended, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    port_thread_join(Thread);
    TinyReadWait(&Read);
    assert_status(Status, STATUS_SUCCESS);
    assert_int_equal(Completed, Before + 1);
    assert_status(FltAttachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_SUCCESS);
    /* G-10: a reference does not hold the complete callback back, but the contexts */
    assert_int_equal(port_thread_start(&Thread, DetachThread, &Status, "detach"), 0);
    for (int i = 0; i < 5000 && Completed != Before + 2; i++) {
        TinySleep(1);
    }
    assert_int_equal(Completed, Before + 2);
    PFLT_CONTEXT Got;
    assert_status(FltGetInstanceContext(Instance, &Got), STATUS_NOT_FOUND);
    FltObjectDereference(Instance);
    port_thread_join(Thread);
    assert_status(FltAttachVolume(Filters[1].Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_SUCCESS);
    FltObjectDereference(Instance);
    Close(File);
}

/* ---- filters' own I/O ---- */

static FLT_PREOP_CALLBACK_STATUS
OwnReadPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    static UCHAR Buffer[32];
    PFLT_CALLBACK_DATA Own;

    (void)Context;
    Mark("own", Which);
    assert_status(FltAllocateCallbackData(Objects->Instance, Objects->FileObject, &Own), STATUS_SUCCESS);
    Own->Iopb->MajorFunction = IRP_MJ_READ;
    Own->Iopb->Parameters.Read.Length = sizeof(Buffer);
    Own->Iopb->Parameters.Read.ReadBuffer = Buffer;
    Own->Iopb->Parameters.Read.ByteOffset = Data->Iopb->Parameters.Read.ByteOffset;
    FltPerformSynchronousIo(Own);
    assert_status(Own->IoStatus.Status, STATUS_SUCCESS);
    assert_int_equal(Own->IoStatus.Information, sizeof(Buffer));
    FltFreeCallbackData(Own);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS
GeneratedPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    Mark(Data->Flags & FLTFL_CALLBACK_DATA_GENERATED_IO ? "generated" : "pre", Which);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_dispatch__J_23_own_io_enters_below(void **state)
{
    (void)state;
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[16];

    Reset(IRP_MJ_READ);
    Pre[0] = Pre[2] = GeneratedPre;
    Pre[1] = OwnReadPre;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_string_equal(Log, "pre0 own1 generated2 pre2 ");
    Close(File);
}

/* ---- faults ---- */

static FLT_PREOP_CALLBACK_STATUS
FaultPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    static const struct port_fault_info Info = { .signo = 11 };

    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    port_fault_raise(&Info);
}

static void
test_fltmgr_dispatch__fault_kills_the_filter_not_the_rest(void **state)
{
    (void)state;
    TINY_FILTER Victim = { .Name = "victim", .Altitude = "250", .Registration = { .ContextRegistration = Contexts,
        .OperationRegistration = Operations1, .InstanceQueryTeardownCallback = OnQuery } };
    PFILE_OBJECT File = Open("\\f");
    UCHAR Buffer[16];
    const unsigned Before = vf_finding_count();

    Only = 0xFE;
    assert_status(TinyFilterLoad(&Victim), STATUS_SUCCESS);
    Reset(IRP_MJ_READ);
    Pre[0] = LogPre;
    Post[0] = StatusPost;
    Pre[1] = FaultPre;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_DRIVER_INTERNAL_ERROR);
    assert_int_equal(PostCalls[0], 1);
    assert_true(vf_finding_count() > Before);
    Pre[1] = NULL;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_int_equal(PreCalls[1], 2);          /* the faulting call, and filter "middle": the victim is passed over */
    Close(File);
    UNICODE_STRING Name = TinyString("victim");
    assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
    assert_status(IopUnloadDriver(Victim.Driver), STATUS_SUCCESS);
}

static FLT_POSTOP_CALLBACK_STATUS
FaultPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    static const struct port_fault_info Info = { .signo = 11 };

    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    (void)Flags;
    port_fault_raise(&Info);
}

/* The file system opened the file: it gets clean-up and close, and so does the filter below, but none above. */
static void
test_fltmgr_dispatch__fault_in_post_create_closes_the_file_below(void **state)
{
    (void)state;
    static const struct { const char *Name; NTSTATUS Status; LONG Closed; } Rows[] = {
        { "\\f", STATUS_DRIVER_INTERNAL_ERROR, 1 }, { "\\missing", STATUS_DRIVER_INTERNAL_ERROR, 0 } };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        TINY_FILTER Victim = { .Name = "victim", .Altitude = "250", .Registration = { .ContextRegistration = Contexts,
            .OperationRegistration = OperationsVictim, .InstanceQueryTeardownCallback = OnQuery } };
        NTSTATUS Status;
        Only = 0xFE;
        assert_status(TinyFilterLoad(&Victim), STATUS_SUCCESS);
        Reset(IRP_MJ_CREATE);
        Pre[0] = WithPre;
        Post[0] = StatusPost;
        VictimPost = FaultPost;
        const LONG Creates = Volume->Creates, Closes = Volume->Closes, Cleaned = Volume->Cleanups;
        assert_null(TinyOpen(Volume, Rows[i].Name, &Status));
        VictimPost = NULL;
        assert_status(Status, Rows[i].Status);
        assert_int_equal(PostCalls[0], 1);
        assert_int_equal(Volume->Creates - Creates, 1);
        assert_int_equal(Volume->Cleanups - Cleaned, Rows[i].Closed);
        assert_int_equal(Volume->Closes - Closes, Rows[i].Closed);
        UNICODE_STRING Name = TinyString("victim");
        assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
        assert_status(IopUnloadDriver(Victim.Driver), STATUS_SUCCESS);
    }
}

/* ---- query-open ---- */

static FLT_PREOP_CALLBACK_STATUS
DisallowPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Which;
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_DISALLOW_FSFILTER_IO;
}

static FLT_POSTOP_CALLBACK_STATUS
GrowPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Which;
    (void)Objects;
    (void)Context;
    (void)Flags;
    assert_true(FLT_IS_FS_FILTER_OPERATION(Data));
    ((PFILE_STAT_LX_INFORMATION)Data->Iopb->Parameters.QueryOpen.FileInformation)->EndOfFile.QuadPart += 1;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_queryopen__walk_and_disallow(void **state)
{
    (void)state;
    FILE_STAT_LX_INFORMATION Stat;
    PFILE_OBJECT File;
    UNICODE_STRING Name = TinyString("\\stat");
    assert_status(IopFileAllocate(Volume->Real, &Name, &File), STATUS_SUCCESS);
    IOP_QUERY_OPEN Query = { .FileObject = File, .Class = FileStatLxInformation, .Buffer = &Stat, .Length = sizeof(Stat), .RequestorMode = UserMode };

    Reset(IRP_MJ_QUERY_OPEN);
    Pre[0] = Pre[1] = WithPre;
    Post[0] = Post[1] = GrowPost;
    assert_status(IopQueryOpen(Volume->Real, &Query), STATUS_SUCCESS);
    assert_int_equal(Stat.EndOfFile.QuadPart, 9);
    assert_int_equal(Query.Returned, sizeof(Stat));
    Pre[2] = DisallowPre;
    const LONG Before = Volume->QueryOpens;
    assert_status(IopQueryOpen(Volume->Real, &Query), STATUS_FLT_DISALLOW_FSFILTER_IO);
    assert_int_equal(Volume->QueryOpens, Before);
    ObDereferenceObject(File);
}

/* ---- program ---- */

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    KeInitializeEvent(&PendedEvent, SynchronizationEvent, FALSE);
    Volume = TinyMount(NULL);
    Only = 0xFE;
    for (int i = 2; i >= 0; i--) {
        if (!NT_SUCCESS(TinyFilterLoad(&Filters[i]))) {
            return -1;
        }
    }
    TinyClose(TinyOpen(Volume, "\\first", NULL));
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    Only = 0xFE;
    for (int i = 0; i < 3; i++) {
        if (!NT_SUCCESS(TinyFilterUnload(&Filters[i]))) {
            return -1;
        }
    }
    TinyDismount(Volume);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(dispatch__J_01_J_03_order_and_completion_contexts),
        T(dispatch__J_06_complete),
        T(dispatch__J_04_K_12_context_without_callback_is_a_finding),
        T(dispatch__J_18_K_25_cleanup_cannot_fail),
        T(dispatch__J_07_pending_resumed_elsewhere),
        T(dispatch__J_07_resumed_before_the_callback_returned),
        T(dispatch__J_11_more_processing_required),
        T(dispatch__J_08_J_09_synchronised_and_not),
        T(dispatch__J_11_completion_when_safe),
        T(dispatch__J_10_J_13_to_J_15_create),
        T(dispatch__J_16_J_17_F_11_cleanup_and_close),
        T(dispatch__J_20_J_21_cancel_file_open),
        T(dispatch__J_22_changed_parameters), T(dispatch__undeclared_changes_are_ignored),
        T(dispatch__J_22_swapped_buffers),
        T(dispatch__lock_user_buffer),
        T(dispatch__G_09_G_11_J_12_draining),
        T(dispatch__K_14_kept_by_a_draining_call),
        T(dispatch__G_08_complete_waits_for_pended_operations),
        T(dispatch__J_23_own_io_enters_below),
        T(dispatch__fault_kills_the_filter_not_the_rest),
        T(dispatch__fault_in_post_create_closes_the_file_below),
        T(queryopen__walk_and_disallow),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

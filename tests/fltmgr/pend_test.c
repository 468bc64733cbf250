/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Queues, work items, cancellation, redirection, registration flags, queries by name, and rules that need an odd filter. */
#include "testnt.h"

/* ---- two filters whose callbacks a test replaces ---- */

typedef FLT_PREOP_CALLBACK_STATUS (*PRE)(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context);
typedef FLT_POSTOP_CALLBACK_STATUS (*POST)(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags);
static PRE HighPre, LowPre;
static POST HighPost, LowPost;
static _Atomic(LONG) HighPres, HighPosts, LowPres, LowPosts, Cleanups;
static TINY_VOLUME *Volume;
static PFILE_OBJECT File;
static UCHAR Buffer[64];

static FLT_PREOP_CALLBACK_STATUS
OnHighPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    atomic_fetch_add(&HighPres, 1);
    return HighPre != NULL ? HighPre(Data, Objects, Context) : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnHighPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    atomic_fetch_add(&HighPosts, 1);
    return HighPost != NULL ? HighPost(Data, Objects, Context, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
OnLowPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    atomic_fetch_add(&LowPres, 1);
    return LowPre != NULL ? LowPre(Data, Objects, Context) : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnLowPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    atomic_fetch_add(&LowPosts, 1);
    return LowPost != NULL ? LowPost(Data, Objects, Context, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    /* F-05: the first word of a context may be another one, released from inside the callback */
    if (*(PFLT_CONTEXT *)Context != NULL) {
        FltReleaseContext(*(PFLT_CONTEXT *)Context);
    }
    atomic_fetch_add(&Cleanups, 1);
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_STREAM_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_VOLUME_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};
static const FLT_OPERATION_REGISTRATION HighOperations[] = {
    { IRP_MJ_READ, 0, OnHighPre, OnHighPost, NULL },
    { IRP_MJ_QUERY_INFORMATION, 0, OnHighPre, NULL, NULL },
    { IRP_MJ_SET_INFORMATION, 0, NULL, OnHighPost, NULL },
    { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL },
};
static const FLT_OPERATION_REGISTRATION LowOperations[] = {
    { IRP_MJ_READ, 0, OnLowPre, OnLowPost, NULL },
    { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL },
};
static NTSTATUS
OnQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}
static TINY_FILTER High = { .Name = "high", .Altitude = "300", .Registration = { .ContextRegistration = Contexts,
    .OperationRegistration = HighOperations, .InstanceQueryTeardownCallback = OnQuery } };
static TINY_FILTER Low = { .Name = "low", .Altitude = "200", .Registration = { .ContextRegistration = Contexts,
    .OperationRegistration = LowOperations, .InstanceQueryTeardownCallback = OnQuery } };

static void
Reset(void)
{
    HighPre = LowPre = NULL;
    HighPost = LowPost = NULL;
    HighPres = HighPosts = LowPres = LowPosts = 0;
}

static PFLT_CONTEXT
New(TINY_FILTER *Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    assert_status(FltAllocateContext(Filter->Filter, Type, 32, NonPagedPool, &Context), STATUS_SUCCESS);
    memset(Context, 0, 32);
    return Context;
}

/* ---- J-02, J-05 ---- */

static void
test_fltmgr_pend__J_02_post_without_pre(void **state)
{
    (void)state;
    FILE_BASIC_INFORMATION Basic = { 0 };

    Reset();
    assert_status(IopSetInformation(File, FileBasicInformation, &Basic, sizeof(Basic), NULL, NULL, UserMode), STATUS_SUCCESS);
    assert_int_equal(HighPosts, 1);
    assert_int_equal(HighPres, 0);
}

static FLT_PREOP_CALLBACK_STATUS
WithCallback(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static void
test_fltmgr_pend__J_05_K_13_no_post_registered(void **state)
{
    (void)state;
    const unsigned Before = vf_finding_count();

    Reset();
    HighPre = WithCallback;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), Before + 1);
}

/* ---- J-24 ---- */

static void
test_fltmgr_pend__J_24_skip_flags(void **state)
{
    (void)state;
    static const ULONG Flags[] = { FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO,
        FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO, FLTFL_OPERATION_REGISTRATION_SKIP_NON_CACHED_NON_PAGING_IO };
    static const ULONG Irp[] = { IRP_PAGING_IO | IRP_NOCACHE, 0, IRP_NOCACHE };
    static const BOOLEAN Called[4][3] = { { 0, 1, 1 }, { 1, 0, 1 }, { 0, 0, 0 }, { 1, 1, 0 } };
    IO_STATUS_BLOCK IoStatus;

    for (ULONG f = 0; f < 4; f++) {
        const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_READ, Flags[f], OnHighPre, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
        TINY_FILTER Filter = { .Name = "skip", .Altitude = "250", .Registration = { .OperationRegistration = Operations } };
        assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
        for (ULONG i = 0; i < 3; i++) {
            Reset();
            assert_status(IopRead(File, Buffer, sizeof(Buffer), 0, Irp[i], UserMode, &IoStatus), STATUS_SUCCESS);
            assert_int_equal(HighPres, 1 + Called[f][i]);
        }
        PFILE_OBJECT Dasd = TinyOpen(Volume, "", NULL);
        Reset();
        assert_status(IopRead(Dasd, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(HighPres, 1 + (f != 1));
        TinyClose(Dasd);
        assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    }
}

/* ---- J-22: another volume ---- */

static TINY_VOLUME *Other;
static PFILE_OBJECT OtherFile;
static PFLT_VOLUME SeenVolume;
static PFILE_OBJECT SeenFile, SeenFileAfter;

static FLT_PREOP_CALLBACK_STATUS
RedirectPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    Data->Iopb->TargetInstance = TinyInstance(&High, Other);
    Data->Iopb->TargetFileObject = OtherFile;
    FltSetCallbackDataDirty(Data);
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
RedirectPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    (void)Context;
    (void)Flags;
    SeenFileAfter = Objects->FileObject;
    assert_ptr_equal(Objects->Volume, TinyFltVolume(Volume));
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
WherePre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    SeenVolume = Objects->Volume;
    SeenFile = Objects->FileObject;
    assert_ptr_equal(Objects->Instance, TinyInstance(&Low, Other));
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static void
test_fltmgr_pend__J_22_redirected_to_another_volume(void **state)
{
    (void)state;
    UCHAR Data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, Got[8];

    Reset();
    Other = TinyMount(NULL);
    OtherFile = TinyOpen(Other, "\\there", NULL);
    assert_status(TinyWrite(OtherFile, Data, 8, 0), STATUS_SUCCESS);
    HighPre = RedirectPre;
    HighPost = RedirectPost;
    LowPre = WherePre;
    const LONG Reads = Volume->Reads;
    assert_status(TinyRead(File, Got, 8, 0), STATUS_SUCCESS);
    assert_memory_equal(Got, Data, 8);
    assert_int_equal(Volume->Reads, Reads);
    assert_ptr_equal(SeenVolume, TinyFltVolume(Other));
    assert_ptr_equal(SeenFile, OtherFile);
    assert_ptr_equal(SeenFileAfter, File);
    assert_int_equal(LowPosts, 1);
    Reset();
    TinyClose(OtherFile);
    TinyDismount(Other);
}

/* ---- cancel ---- */

static KEVENT Event;
static PFLT_CALLBACK_DATA Held;
static _Atomic(LONG) CancelCalls;

static VOID
OnCanceled(PFLT_CALLBACK_DATA Data)
{
    atomic_fetch_add(&CancelCalls, 1);
    Data->IoStatus.Status = STATUS_CANCELLED;
    Data->IoStatus.Information = 0;
    FltCompletePendedPreOperation(Data, FLT_PREOP_COMPLETE, NULL);
}

static FLT_PREOP_CALLBACK_STATUS
CancelablePre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    assert_false(FltIsIoCanceled(Data));
    assert_status(FltSetCancelCompletion(Data, OnCanceled), STATUS_SUCCESS);
    Held = Data;
    KeSetEvent(&Event, 0, FALSE);
    return FLT_PREOP_PENDING;
}

static void
test_fltmgr_pend__cancel_completion(void **state)
{
    (void)state;
    TINY_ASYNC Read;

    Reset();
    HighPre = CancelablePre;
    TinyReadStart(&Read, File);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    TinySleep(5);
    assert_true(FltCancelIo(Held));
    TinyReadWait(&Read);
    assert_int_equal(CancelCalls, 1);
    assert_status(Read.Status, STATUS_CANCELLED);
    TinyReadStart(&Read, File);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    assert_status(FltClearCancelCompletion(Held), STATUS_SUCCESS);
    assert_false(FltCancelIo(Held));
    assert_true(FltIsIoCanceled(Held));
    FltCompletePendedPreOperation(Held, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    TinyReadWait(&Read);
    Reset();
}

/* ---- callback data queue ---- */

static FLT_CALLBACK_DATA_QUEUE Queue;
static LIST_ENTRY QueueHead;
static KSPIN_LOCK QueueLock;
static _Atomic(LONG) QueueCanceled;

static NTSTATUS
QueueInsert(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd, PVOID Context)
{
    (void)Cbdq;
    (void)Context;
    InsertTailList(&QueueHead, &Cbd->QueueLinks);
    return STATUS_SUCCESS;
}

static VOID
QueueRemove(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd)
{
    (void)Cbdq;
    RemoveEntryList(&Cbd->QueueLinks);
}

static PFLT_CALLBACK_DATA
QueuePeek(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd, PVOID Context)
{
    PLIST_ENTRY Next = Cbd == NULL ? QueueHead.Flink : Cbd->QueueLinks.Flink;

    (void)Cbdq;
    (void)Context;
    return Next == &QueueHead ? NULL : CONTAINING_RECORD(Next, FLT_CALLBACK_DATA, QueueLinks);
}

static VOID
QueueAcquire(PFLT_CALLBACK_DATA_QUEUE Cbdq, PKIRQL Irql)
{
    (void)Cbdq;
    KeAcquireSpinLock(&QueueLock, Irql);
}

static VOID
QueueRelease(PFLT_CALLBACK_DATA_QUEUE Cbdq, KIRQL Irql)
{
    (void)Cbdq;
    KeReleaseSpinLock(&QueueLock, Irql);
}

static VOID
QueueComplete(PFLT_CALLBACK_DATA_QUEUE Cbdq, PFLT_CALLBACK_DATA Cbd)
{
    (void)Cbdq;
    atomic_fetch_add(&QueueCanceled, 1);
    Cbd->IoStatus.Status = STATUS_CANCELLED;
    FltCompletePendedPreOperation(Cbd, FLT_PREOP_COMPLETE, NULL);
}

static FLT_PREOP_CALLBACK_STATUS
QueuePre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    if (FltCbdqInsertIo(&Queue, Data, NULL, NULL) == STATUS_FLT_CBDQ_DISABLED) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Held = Data;
    KeSetEvent(&Event, 0, FALSE);
    return FLT_PREOP_PENDING;
}

static void
test_fltmgr_pend__callback_data_queue(void **state)
{
    (void)state;
    TINY_ASYNC Read;

    Reset();
    InitializeListHead(&QueueHead);
    KeInitializeSpinLock(&QueueLock);
    assert_status(FltCbdqInitialize(TinyInstance(&High, Volume), &Queue, QueueInsert, QueueRemove, QueuePeek, QueueAcquire, QueueRelease, QueueComplete), STATUS_SUCCESS);
    HighPre = QueuePre;
    TinyReadStart(&Read, File);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    TinySleep(5);
    PFLT_CALLBACK_DATA Data = FltCbdqRemoveNextIo(&Queue, NULL);
    assert_ptr_equal(Data, Held);
    assert_null(FltCbdqRemoveNextIo(&Queue, NULL));
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_SUCCESS);
    TinyReadStart(&Read, File);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    TinySleep(5);
    assert_true(FltCancelIo(Held));
    TinyReadWait(&Read);
    assert_status(Read.Status, STATUS_CANCELLED);
    assert_int_equal(QueueCanceled, 1);
    assert_true(IsListEmpty(&QueueHead));
    FltCbdqDisable(&Queue);
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    FltCbdqEnable(&Queue);
    Reset();
}

/* ---- work items ---- */

static VOID
GenericWork(PFLT_GENERIC_WORKITEM Item, PVOID FltObject, PVOID Context)
{
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_ptr_equal(FltObject, High.Filter);
    FltFreeGenericWorkItem(Item);
    KeSetEvent(Context, 0, FALSE);
}

static VOID
DeferredWork(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    (void)Context;
    FltFreeDeferredIoWorkItem(Item);
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_WITH_CALLBACK, NULL);
}

static FLT_PREOP_CALLBACK_STATUS
DeferPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_DEFERRED_IO_WORKITEM Item = FltAllocateDeferredIoWorkItem();

    (void)Objects;
    (void)Context;
    if (!NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, DeferredWork, DelayedWorkQueue, NULL))) {
        FltFreeDeferredIoWorkItem(Item);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return FLT_PREOP_PENDING;
}

static void
test_fltmgr_pend__work_items(void **state)
{
    (void)state;
    PFLT_GENERIC_WORKITEM Item = FltAllocateGenericWorkItem();
    IO_STATUS_BLOCK IoStatus;

    Reset();
    assert_status(FltQueueGenericWorkItem(Item, High.Filter, GenericWork, DelayedWorkQueue, &Event), STATUS_SUCCESS);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    HighPre = DeferPre;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_int_equal(HighPosts, 1);
    assert_status(IopRead(File, Buffer, 16, 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(HighPosts, 1);            /* paging I/O cannot be posted */
    Reset();
}

/* ---- status of the lower driver, asynchronous I/O of one's own ---- */

static NTSTATUS LowerStatus;

static VOID
OnLowerStatus(PCFLT_RELATED_OBJECTS Objects, PFLT_IO_PARAMETER_BLOCK Iopb, NTSTATUS Status, PVOID Context)
{
    assert_ptr_equal(Objects->FileObject, File);
    assert_int_equal(Iopb->MajorFunction, IRP_MJ_READ);
    assert_ptr_equal(Context, POISON);
    LowerStatus = Status;
}

static FLT_PREOP_CALLBACK_STATUS
RequestPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    assert_status(FltRequestOperationStatusCallback(Data, OnLowerStatus, POISON), STATUS_SUCCESS);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_pend__operation_status_callback(void **state)
{
    (void)state;
    TINY_ASYNC Read;

    Reset();
    HighPre = RequestPre;
    assert_status(TinyRead(File, Buffer, 16, 0), STATUS_SUCCESS);
    assert_status(LowerStatus, STATUS_SUCCESS);
    Volume->PendReads = TRUE;
    TinyReadStart(&Read, File);
    while (TinyCompleteReads(Volume, PASSIVE_LEVEL) == 0) {
        TinySleep(2);
    }
    TinyReadWait(&Read);
    Volume->PendReads = FALSE;
    assert_status(LowerStatus, STATUS_PENDING);
    Reset();
}

static NTSTATUS AsyncStatus;

static VOID
OnAsyncDone(PFLT_CALLBACK_DATA Data, PFLT_CONTEXT Context)
{
    AsyncStatus = Data->IoStatus.Status;
    FltFreeCallbackData(Data);
    KeSetEvent(Context, 0, FALSE);
}

static void
test_fltmgr_pend__asynchronous_io_of_a_filter(void **state)
{
    (void)state;
    PFLT_CALLBACK_DATA Data;

    Reset();
    AsyncStatus = STATUS_PENDING;
    assert_status(FltAllocateCallbackData(TinyInstance(&High, Volume), File, &Data), STATUS_SUCCESS);
    Data->Iopb->MajorFunction = IRP_MJ_READ;
    Data->Iopb->Parameters.Read.Length = sizeof(Buffer);
    Data->Iopb->Parameters.Read.ReadBuffer = Buffer;
    Volume->PendReads = TRUE;
    assert_status(FltPerformAsynchronousIo(Data, OnAsyncDone, &Event), STATUS_PENDING);
    assert_int_equal(HighPres, 0);
    assert_int_equal(LowPres, 1);
    assert_int_equal(TinyCompleteReads(Volume, DISPATCH_LEVEL), 1);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    Volume->PendReads = FALSE;
    assert_status(AsyncStatus, STATUS_SUCCESS);
}

/* ---- contexts, odd cases ---- */

static void
test_fltmgr_pend__F_05_cleanup_releases_another_context(void **state)
{
    (void)state;
    const LONG Before = Cleanups;
    PFLT_CONTEXT Outer = New(&High, FLT_STREAM_CONTEXT), Inner = New(&High, FLT_INSTANCE_CONTEXT);

    *(PFLT_CONTEXT *)Outer = Inner;
    FltReleaseContext(Outer);
    assert_int_equal(Cleanups, Before + 2);
}

static void
test_fltmgr_pend__H_07_one_entry_per_stream(void **state)
{
    (void)state;
    PFILE_OBJECT Own = TinyOpen(Volume, "\\list", NULL);
    PFSRTL_ADVANCED_FCB_HEADER Header = FsRtlGetPerStreamContextPointer(Own);
    PFLT_CONTEXT One = New(&High, FLT_STREAM_CONTEXT), Two = New(&Low, FLT_STREAM_CONTEXT);

    assert_true(IsListEmpty(&Header->FilterContexts));
    assert_status(FltSetStreamContext(TinyInstance(&High, Volume), Own, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL), STATUS_SUCCESS);
    assert_status(FltSetStreamContext(TinyInstance(&Low, Volume), Own, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Two, NULL), STATUS_SUCCESS);
    assert_ptr_equal(Header->FilterContexts.Flink->Flink, &Header->FilterContexts);
    FltReleaseContext(One);
    FltReleaseContext(Two);
    TinyClose(Own);
}

static void
test_fltmgr_pend__J_19_H_17_stream_file_objects(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&High, Volume);
    PFLT_CONTEXT Stream = New(&High, FLT_STREAM_CONTEXT), Got;
    PFILE_OBJECT Own = TinyOpen(Volume, "\\sfo", NULL);
    UNICODE_STRING Name = TinyString("\\sfo");
    PFILE_OBJECT Lite;

    assert_status(FltSetStreamContext(Instance, Own, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL), STATUS_SUCCESS);
    FltReleaseContext(Stream);
    assert_status(IopFileAllocate(Volume->Real, &Name, &Lite), STATUS_SUCCESS);
    Lite->Flags |= FO_STREAM_FILE;
    Lite->FsContext = Own->FsContext;
    assert_true(FltSupportsStreamContexts(Lite));
    assert_false(FltSupportsStreamHandleContexts(Lite));
    assert_status(FltGetStreamContext(Instance, Lite, &Got), STATUS_SUCCESS);
    FltReleaseContext(Got);
    assert_status(FltGetStreamHandleContext(Instance, Lite, &Got), STATUS_NOT_SUPPORTED);
    Lite->FsContext = NULL;
    ObDereferenceObject(Lite);
    TinyClose(Own);
}

static TINY_FILTER Leaving;
static NTSTATUS AllocateWhileLeaving;

static VOID
LeavingStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PFLT_CONTEXT Context;

    (void)Reason;
    AllocateWhileLeaving = FltAllocateContext(Objects->Filter, FLT_STREAM_CONTEXT, 32, PagedPool, &Context);
}

static void
test_fltmgr_pend__B_15_G_18_D_18_unregistering(void **state)
{
    (void)state;
    PFLT_VOLUME Got;
    PFLT_FILTER Filter;
    KIRQL Irql;

    Leaving = (TINY_FILTER){ .Name = "leaving", .Altitude = "10", .Registration = { .ContextRegistration = Contexts,
        .InstanceTeardownStartCallback = LeavingStart } };
    assert_status(TinyFilterLoad(&Leaving), STATUS_SUCCESS);
    assert_status(FltGetVolumeFromInstance(TinyInstance(&Leaving, Volume), &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, TinyFltVolume(Volume));
    FltObjectDereference(Got);
    assert_status(FltGetFilterFromInstance(TinyInstance(&Leaving, Volume), &Filter), STATUS_SUCCESS);
    assert_ptr_equal(Filter, Leaving.Filter);
    FltObjectDereference(Filter);
    const LONG Before = Cleanups;
    PFLT_CONTEXT Context = New(&Leaving, FLT_STREAM_CONTEXT);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    FltReleaseContext(Context);
    KeLowerIrql(Irql);
    assert_status(TinyFilterUnload(&Leaving), STATUS_SUCCESS);
    assert_int_equal(Cleanups, Before + 1);
    assert_status(AllocateWhileLeaving, STATUS_FLT_DELETING_OBJECT);
}

/* ---- queries by name ---- */

static FLT_POSTOP_CALLBACK_STATUS
NetworkPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    PFLT_CONTEXT Got;

    (void)Context;
    (void)Flags;
    assert_true(FLT_IS_FASTIO_OPERATION(Data));
    assert_status(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got), STATUS_NOT_SUPPORTED);   /* C-21 */
    PIRP Irp = Data->Iopb->Parameters.NetworkQueryOpen.Irp;
    assert_non_null(Irp);
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    assert_int_equal(Stack->MajorFunction, IRP_MJ_CREATE);
    assert_ptr_equal(Stack->FileObject, Objects->FileObject);
    assert_int_equal(Stack->Parameters.Create.Options >> 24, FILE_OPEN);
    assert_int_equal(Stack->Parameters.Create.SecurityContext->DesiredAccess, FILE_READ_ATTRIBUTES);
    Data->Iopb->Parameters.NetworkQueryOpen.NetworkInformation->EndOfFile.QuadPart += 5;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_pend__C_21_network_query_open(void **state)
{
    (void)state;
    const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_CREATE, 0, OnHighPre, NULL, NULL },
        { IRP_MJ_NETWORK_QUERY_OPEN, 0, OnHighPre, OnHighPost, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    const FLT_OPERATION_REGISTRATION CreateOnly[] = { { IRP_MJ_CREATE, 0, OnHighPre, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    TINY_FILTER Network = { .Name = "network", .Altitude = "50", .Registration = { .OperationRegistration = Operations } };
    TINY_FILTER Create = { .Name = "create", .Altitude = "60", .Registration = { .OperationRegistration = CreateOnly } };
    FILE_STAT_LX_INFORMATION Stat;
    UNICODE_STRING Name = TinyString("\\stat");
    PFILE_OBJECT Query;

    assert_status(IopFileAllocate(Volume->Real, &Name, &Query), STATUS_SUCCESS);
    IOP_QUERY_OPEN Open = { .FileObject = Query, .Class = FileStatLxInformation, .Buffer = &Stat, .Length = sizeof(Stat), .RequestorMode = UserMode };
    Reset();
    assert_status(IopQueryOpen(Volume->Real, &Open), STATUS_SUCCESS);
    assert_int_equal(Stat.EndOfFile.QuadPart, 7);
    assert_status(TinyFilterLoad(&Network), STATUS_SUCCESS);
    HighPre = WithCallback;
    HighPost = NetworkPost;
    assert_status(IopQueryOpen(Volume->Real, &Open), STATUS_SUCCESS);
    assert_int_equal(Stat.EndOfFile.QuadPart, 12);
    assert_int_equal(Stat.LxMode, 0100644);
    assert_int_equal(HighPosts, 1);
    assert_status(TinyFilterLoad(&Create), STATUS_SUCCESS);
    assert_status(IopQueryOpen(Volume->Real, &Open), STATUS_FLT_DISALLOW_FSFILTER_IO);
    Reset();
    assert_status(TinyFilterUnload(&Network), STATUS_SUCCESS);
    assert_status(TinyFilterUnload(&Create), STATUS_SUCCESS);
    ObDereferenceObject(Query);
}

/* ---- interest and report ---- */

static ULONG Reported;

static VOID
OnReport(const FLTP_FILTER_REPORT *Report, PVOID Context)
{
    UNICODE_STRING Name = TinyString("low");

    (void)Context;
    if (RtlEqualUnicodeString(&Report->Name, &Name, TRUE)) {
        Reported++;
        assert_int_equal(Report->Instances, 1);
        assert_int_equal(Report->MajorCount, 1);
        assert_int_equal(Report->Majors[0].Major, IRP_MJ_READ);
        assert_true(Report->Majors[0].Pre > 0);
    }
}

static void
test_fltmgr_pend__report_and_interest(void **state)
{
    (void)state;
    IOP_INTEREST Interest = { 0 };

    FltpReportFilters(OnReport, NULL);
    assert_int_equal(Reported, 1);
    IopQueryInterest(Volume->Device, &Interest);
    assert_true(Interest.Majors & IOP_INTEREST_BIT(IRP_MJ_READ));
    assert_true(Interest.CachedMajors & IOP_INTEREST_BIT(IRP_MJ_READ));
    assert_false(Interest.Majors & IOP_INTEREST_BIT(IRP_MJ_WRITE));
}

/* ---- program ---- */

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    Volume = TinyMount(NULL);
    if (!NT_SUCCESS(TinyFilterLoad(&High)) || !NT_SUCCESS(TinyFilterLoad(&Low))) {
        return -1;
    }
    File = TinyOpen(Volume, "\\file", NULL);
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    TinyClose(File);
    if (!NT_SUCCESS(TinyFilterUnload(&High)) || !NT_SUCCESS(TinyFilterUnload(&Low))) {
        return -1;
    }
    TinyDismount(Volume);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(pend__J_02_post_without_pre),
        T(pend__J_05_K_13_no_post_registered),
        T(pend__J_24_skip_flags),
        T(pend__J_22_redirected_to_another_volume),
        T(pend__cancel_completion),
        T(pend__callback_data_queue),
        T(pend__work_items),
        T(pend__operation_status_callback),
        T(pend__asynchronous_io_of_a_filter),
        T(pend__F_05_cleanup_releases_another_context),
        T(pend__H_07_one_entry_per_stream),
        T(pend__J_19_H_17_stream_file_objects),
        T(pend__B_15_G_18_D_18_unregistering),
        T(pend__C_21_network_query_open),
        T(pend__report_and_interest),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* ctest-timeout: 3600 */
/*
 * Attach and detach under I/O (G-06, J-25), load and unload under I/O, pended operations: 10^5 transfers that
 * meet a filter each, 10^6 with FILTERBED_FULL=1.
 */
#include "testnt.h"

#include "storm.h"

#define THREADS 6
static struct storm Storm;
static TINY_VOLUME *Volume;
static _Atomic(LONG) Live;

/* ---- filter ---- */

typedef struct MARK { ULONG Canary; _Atomic(LONG) Uses; } MARK;
#define CANARY 0x5EA51DE5u

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    MARK *Mark = Context;

    (void)Type;
    storm_check(&Storm, Mark->Canary == CANARY && Mark->Uses == 0);
    Mark->Canary = 0;
    atomic_fetch_sub(&Live, 1);
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_STREAM_CONTEXT, 0, OnCleanup, sizeof(MARK), 'tseT', NULL, NULL, NULL },
    { FLT_STREAMHANDLE_CONTEXT, 0, OnCleanup, sizeof(MARK), 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, OnCleanup, sizeof(MARK), 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static PFLT_CONTEXT
New(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter, Type, sizeof(MARK), NonPagedPool, &Context))) {
        return NULL;
    }
    ((MARK *)Context)->Canary = CANARY;
    atomic_init(&((MARK *)Context)->Uses, 0);
    atomic_fetch_add(&Live, 1);
    return Context;
}

static void
Use(PFLT_CONTEXT Context)
{
    MARK *Mark = Context;

    storm_check(&Storm, Mark->Canary == CANARY);
    atomic_fetch_add(&Mark->Uses, 1);
    atomic_fetch_sub(&Mark->Uses, 1);
}

/* A context is made with the post-create and used in each read. */
static FLT_PREOP_CALLBACK_STATUS
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Stream, Made, Old = NULL;

    (void)Data;
    storm_did(&Storm, 1);
    if (!NT_SUCCESS(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Stream))) {
        Made = New(Objects->Filter, FLT_STREAM_CONTEXT);
        if (Made == NULL) {
            return FLT_PREOP_SUCCESS_NO_CALLBACK;
        }
        NTSTATUS Status = FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Made, &Old);
        if (Old != NULL) {
            FltReleaseContext(Made);
            Made = Old;
        } else if (!NT_SUCCESS(Status)) {
            FltReleaseContext(Made);
            return FLT_PREOP_SUCCESS_NO_CALLBACK;
        }
        Stream = Made;
    }
    Use(Stream);
    *Context = Stream;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
PostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    (void)Data;
    (void)Objects;
    (void)Flags;
    Use(Context);
    FltReleaseContext(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* Pends every write and completes it in a system thread. */
static VOID
WriteWorker(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_WITH_CALLBACK, Context);
    FltFreeDeferredIoWorkItem(Item);
}

static FLT_PREOP_CALLBACK_STATUS
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Made = New(Objects->Filter, FLT_STREAM_CONTEXT);
    PFLT_DEFERRED_IO_WORKITEM Item = FltAllocateDeferredIoWorkItem();

    (void)Context;
    storm_did(&Storm, 1);
    if (Made == NULL || !NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, WriteWorker, DelayedWorkQueue, Made))) {
        FltFreeDeferredIoWorkItem(Item);
        if (Made != NULL) {
            FltReleaseContext(Made);
        }
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return FLT_PREOP_PENDING;
}

static NTSTATUS
OnQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    { IRP_MJ_READ, 0, PreRead, PostRead, NULL },
    { IRP_MJ_WRITE, 0, PreWrite, PostRead, NULL },
    { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL },
};
#define FILTER(Called, High) { .Name = Called, .Altitude = High, .Registration = { .ContextRegistration = Contexts, \
    .OperationRegistration = Operations, .InstanceQueryTeardownCallback = OnQuery } }
static TINY_FILTER A = FILTER("stormA", "100"), B = FILTER("stormB", "200");

/* ---- attach and detach under I/O ---- */

static void
IoStep(struct storm_thread *Thread)
{
    UCHAR Buffer[64] = { 0 };
    char Name[8] = "\\storm0";

    Name[6] = (char)('0' + Thread->index % 2);
    PFILE_OBJECT Own = TinyOpen(Volume, Name, NULL);
    if (Own == NULL) {
        storm_wrong(&Storm, "no open");
        return;
    }
    for (int i = 0; i < 8; i++) {
        const NTSTATUS Read = TinyRead(Own, Buffer, 64, 0);
        const NTSTATUS Written = TinyWrite(Own, Buffer, 64, 64);
        if (!NT_SUCCESS(Read) || !NT_SUCCESS(Written)) {
            storm_wrong(&Storm, "transfer %d: read %08x, write %08x", i, (unsigned)Read, (unsigned)Written);
        }
    }
    TinyClose(Own);
}

static _Atomic(ULONG) Changes;                 /* detaches, unloads */

/* Things are as they are for so many transfers; else most of them would meet no filter. */
static void
Stay(struct storm_thread *Thread)
{
    const ULONGLONG Until = atomic_load(&Storm.done) + storm_random(Thread) % 200;

    while (storm_more(&Storm) && atomic_load(&Storm.done) < Until) {
        port_yield();
    }
}

static void
DetachStep(TINY_FILTER *Filter)
{
    PFLT_VOLUME FltVolume = TinyFltVolume(Volume);
    PFLT_INSTANCE Instance;
    const NTSTATUS Detached = FltDetachVolume(Filter->Filter, FltVolume, NULL);
    const NTSTATUS Attached = NT_SUCCESS(Detached) ? FltAttachVolume(Filter->Filter, FltVolume, NULL, &Instance) : STATUS_SUCCESS;

    if (!NT_SUCCESS(Detached) || !NT_SUCCESS(Attached)) {
        storm_wrong(&Storm, "detach %08x, attach %08x", (unsigned)Detached, (unsigned)Attached);
        storm_stop(&Storm);
        return;
    }
    FltObjectDereference(Instance);
    atomic_fetch_add(&Changes, 1);
}

static void
StormBody(struct storm_thread *Thread)
{
    while (storm_more(&Storm)) {
        if (Thread->index < 2) {
            Stay(Thread);
            DetachStep(Thread->index & 1 ? &A : &B);
        } else {
            IoStep(Thread);
        }
    }
}

static void
PrintReference(const struct vf_reference_view *Reference, void *Context)
{
    (void)Context;
    print_error("held: %s reason %d by %s during %s %s\n", vf_kind_name(Reference->kind), (int)Reference->reason, Reference->routine,
        Reference->phase != NULL ? Reference->phase : "-", Reference->operation != NULL ? Reference->operation : "-");
}

static void
PrintHeldOf(vf_owner *Owner, void *Context)
{
    vf_owner_references(Owner, PrintReference, Context);
}

static void
PrintHeld(void)
{
    vf_owner_each(PrintHeldOf, NULL);
}

static void
test_fltmgr_storm__G_06_J_25_detach_under_io(void **state)
{
    (void)state;
    Changes = 0;
    storm_begin(&Storm, "G-06, J-25", THREADS, 0);
    storm_run(&Storm, StormBody);
    print_message("%u detaches\n", (unsigned)Changes);
    assert_true(storm_end(&Storm));
    assert_true(Changes > 20);
    for (int i = 0; i < 1000 && Live != 0; i++) {
        TinySleep(1);
    }
    if (Live != 0) {
        PrintHeld();
    }
    assert_int_equal(Live, 0);
}

/* ---- unload under I/O ---- */

static void
LoadBody(struct storm_thread *Thread)
{
    while (storm_more(&Storm)) {
        if (Thread->index != 0) {
            IoStep(Thread);
            continue;
        }
        TINY_FILTER Filter = FILTER("stormC", "150");
        const BOOLEAN Loaded = NT_SUCCESS(TinyFilterLoad(&Filter));
        Stay(Thread);
        if (!Loaded || !NT_SUCCESS(TinyFilterUnload(&Filter))) {
            storm_wrong(&Storm, "load and unload");
            storm_stop(&Storm);
        }
        atomic_fetch_add(&Changes, 1);
    }
}

static void
test_fltmgr_storm__load_and_unload_under_io(void **state)
{
    (void)state;
    Changes = 0;
    storm_begin(&Storm, "load and unload", THREADS, 0);
    storm_run(&Storm, LoadBody);
    print_message("%u unloads\n", (unsigned)Changes);
    assert_true(storm_end(&Storm));
    assert_true(Changes > 10);
}

/* ---- program ---- */

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    Volume = TinyMount(NULL);
    if (!NT_SUCCESS(TinyFilterLoad(&A)) || !NT_SUCCESS(TinyFilterLoad(&B))) {
        return -1;
    }
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    if (!NT_SUCCESS(TinyFilterUnload(&A)) || !NT_SUCCESS(TinyFilterUnload(&B))) {
        return -1;
    }
    TinyDismount(Volume);
    FltpShutdown();
    return vf_finding_count() == 0 ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(storm__G_06_J_25_detach_under_io),
        T(storm__load_and_unload_under_io),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

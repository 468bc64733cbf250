/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* Races: sets, gets and deletes of one key (C-26, C-27, D-07, E-12), attach and detach under I/O (G-06, J-25), pended operations. */
#include "testnt.h"

#define THREADS 6
static ULONG Rounds = 6000;
static TINY_VOLUME *Volume;
static PFILE_OBJECT File;
static _Atomic(LONG) Live, Wrong;
static _Atomic(LONG) Stop;

/* ---- filter ---- */

typedef struct STORM { ULONG Canary; _Atomic(LONG) Uses; } STORM;
#define CANARY 0x5EA51DE5u

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    STORM *Storm = Context;

    (void)Type;
    if (Storm->Canary != CANARY || Storm->Uses != 0) {
        atomic_fetch_add(&Wrong, 1);
    }
    Storm->Canary = 0;
    atomic_fetch_sub(&Live, 1);
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_STREAM_CONTEXT, 0, OnCleanup, sizeof(STORM), 'tseT', NULL, NULL, NULL },
    { FLT_STREAMHANDLE_CONTEXT, 0, OnCleanup, sizeof(STORM), 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, OnCleanup, sizeof(STORM), 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static PFLT_CONTEXT
New(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter, Type, sizeof(STORM), NonPagedPool, &Context))) {
        return NULL;
    }
    ((STORM *)Context)->Canary = CANARY;
    atomic_init(&((STORM *)Context)->Uses, 0);
    atomic_fetch_add(&Live, 1);
    return Context;
}

static void
Use(PFLT_CONTEXT Context)
{
    STORM *Storm = Context;

    if (Storm->Canary != CANARY) {
        atomic_fetch_add(&Wrong, 1);
    }
    atomic_fetch_add(&Storm->Uses, 1);
    atomic_fetch_sub(&Storm->Uses, 1);
}

/* A context is made with the post-create and used in each read. */
static FLT_PREOP_CALLBACK_STATUS
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Stream, Made, Old = NULL;

    (void)Data;
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

static void
Run(void (*Body)(void *), ULONG Count)
{
    struct port_thread *Threads[THREADS];

    for (ULONG i = 0; i < Count; i++) {
        assert_int_equal(port_thread_start(&Threads[i], Body, (void *)(uintptr_t)i, "storm"), 0);
    }
    for (ULONG i = 0; i < Count; i++) {
        port_thread_join(Threads[i]);
    }
}

/* ---- C-26 ---- */

static _Atomic(PFLT_CONTEXT) Winner;
static _Atomic(LONG) Winners, Arrived[2];

static void
Barrier(int Which, LONG Round)
{
    atomic_fetch_add(&Arrived[Which], 1);
    while (atomic_load(&Arrived[Which]) < (Round + 1) * THREADS) {
        port_yield();
    }
}

static void
KeepBody(void *Argument)
{
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);

    (void)Argument;
    for (ULONG i = 0; i < Rounds / 10; i++) {
        PFLT_CONTEXT Made = New(A.Filter, FLT_STREAM_CONTEXT), Old = NULL;
        Barrier(0, (LONG)i);
        NTSTATUS Status = FltSetStreamContext(Instance, File, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Made, &Old);
        if (NT_SUCCESS(Status)) {
            atomic_store(&Winner, Made);
            atomic_fetch_add(&Winners, 1);
        } else if (Status != STATUS_FLT_CONTEXT_ALREADY_DEFINED || Old == NULL) {
            atomic_fetch_add(&Wrong, 1);
        }
        Barrier(1, (LONG)i);
        if (Old != NULL && Old != atomic_load(&Winner)) {
            atomic_fetch_add(&Wrong, 1);
        }
        if (Old != NULL) {
            Use(Old);
            FltReleaseContext(Old);
        } else {
            FltDeleteContext(Made);
        }
        FltReleaseContext(Made);
    }
}

static void
test_fltmgr_storm__C_26_one_keep_wins(void **state)
{
    (void)state;
    Run(KeepBody, THREADS);
    assert_int_equal(Winners, Rounds / 10);
    assert_int_equal(Wrong, 0);
    assert_int_equal(Live, 0);
}

/* ---- C-27, D-07, E-12 ---- */

static void
ChurnBody(void *Argument)
{
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    const ULONG Role = (ULONG)(uintptr_t)Argument % 3;

    for (ULONG i = 0; i < Rounds; i++) {
        PFLT_CONTEXT Context = NULL;
        if (Role == 0) {
            PFLT_CONTEXT Made = New(A.Filter, FLT_STREAM_CONTEXT);
            FltSetStreamContext(Instance, File, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Made, i & 1 ? &Context : NULL);
            Use(Made);
            FltReleaseContext(Made);
        } else if (Role == 1) {
            FltGetStreamContext(Instance, File, &Context);
        } else if (i % 8 == 0) {
            FltDeleteStreamContext(Instance, File, i & 16 ? &Context : NULL);
        } else {
            FltGetStreamContext(Instance, File, &Context);
            if (Context != NULL && i % 8 == 1) {
                FltDeleteContext(Context);
            }
        }
        if (Context != NULL) {
            Use(Context);
            FltReleaseContext(Context);
        }
    }
}

static void
test_fltmgr_storm__C_27_D_07_E_12_churn(void **state)
{
    (void)state;
    Run(ChurnBody, THREADS);
    FltDeleteStreamContext(TinyInstance(&A, Volume), File, NULL);
    assert_int_equal(Wrong, 0);
    for (int i = 0; i < 1000 && Live != 0; i++) {
        TinySleep(1);
    }
    assert_int_equal(Live, 0);
}

/* ---- attach and detach under I/O ---- */

static void
IoBody(void *Argument)
{
    UCHAR Buffer[64] = { 0 };
    char Name[8] = "\\storm0";

    Name[6] = (char)('0' + (ULONG)(uintptr_t)Argument % 2);
    while (!atomic_load(&Stop)) {
        PFILE_OBJECT Own = TinyOpen(Volume, Name, NULL);
        if (Own == NULL) {
            atomic_fetch_add(&Wrong, 1);
            return;
        }
        for (int i = 0; i < 8; i++) {
            NTSTATUS Read = TinyRead(Own, Buffer, 64, 0);
            NTSTATUS Written = TinyWrite(Own, Buffer, 64, 64);
            if (!NT_SUCCESS(Read) || !NT_SUCCESS(Written)) {
                print_error("transfer %d: read %08x, write %08x\n", i, (unsigned)Read, (unsigned)Written);
                atomic_fetch_add(&Wrong, 1);
            }
        }
        TinyClose(Own);
    }
}

static void
DetachBody(void *Argument)
{
    TINY_FILTER *Filter = (ULONG)(uintptr_t)Argument & 1 ? &A : &B;
    PFLT_VOLUME FltVolume = TinyFltVolume(Volume);

    for (ULONG i = 0; i < Rounds / 60; i++) {
        PFLT_INSTANCE Instance;
        NTSTATUS Detached = FltDetachVolume(Filter->Filter, FltVolume, NULL);
        NTSTATUS Attached = NT_SUCCESS(Detached) ? FltAttachVolume(Filter->Filter, FltVolume, NULL, &Instance) : STATUS_SUCCESS;
        if (!NT_SUCCESS(Detached) || !NT_SUCCESS(Attached)) {
            print_error("round %u: detach %08x, attach %08x\n", i, (unsigned)Detached, (unsigned)Attached);
            atomic_fetch_add(&Wrong, 1);
            break;
        }
        FltObjectDereference(Instance);
    }
    atomic_fetch_add(&Stop, (LONG)((uintptr_t)Argument & 1));
}

static void
StormBody(void *Argument)
{
    if ((uintptr_t)Argument < 2) {
        DetachBody(Argument);
    } else {
        IoBody(Argument);
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
    Run(StormBody, THREADS);
    assert_int_equal(Wrong, 0);
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
LoadBody(void *Argument)
{
    if ((uintptr_t)Argument != 0) {
        IoBody(Argument);
        return;
    }
    for (ULONG i = 0; i < Rounds / 100; i++) {
        TINY_FILTER Filter = FILTER("stormC", "150");
        if (!NT_SUCCESS(TinyFilterLoad(&Filter)) || !NT_SUCCESS(TinyFilterUnload(&Filter))) {
            atomic_fetch_add(&Wrong, 1);
            break;
        }
    }
    atomic_store(&Stop, 1);
}

static void
test_fltmgr_storm__load_and_unload_under_io(void **state)
{
    (void)state;
    atomic_store(&Stop, 0);
    Run(LoadBody, THREADS);
    assert_int_equal(Wrong, 0);
}

/* ---- program ---- */

static int
Setup(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    Rounds = 1000;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    Rounds = 1000;
#endif
#endif
    TinyStart();
    Volume = TinyMount(NULL);
    if (!NT_SUCCESS(TinyFilterLoad(&A)) || !NT_SUCCESS(TinyFilterLoad(&B))) {
        return -1;
    }
    File = TinyOpen(Volume, "\\storm", NULL);
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    TinyClose(File);
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
        T(storm__C_26_one_keep_wins),
        T(storm__C_27_D_07_E_12_churn),
        T(storm__G_06_J_25_detach_under_io),
        T(storm__load_and_unload_under_io),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

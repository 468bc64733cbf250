/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section B: FltAllocateContext, and the reference-count walk of section 12.1. */
#include "bed.h"

static NTSTATUS
Allocate(TINY_FILTER *Filter, FLT_CONTEXT_TYPE Type, SIZE_T Size)
{
    PFLT_CONTEXT Context = POISON;

    NTSTATUS Status = FltAllocateContext(Filter->Filter, Type, Size, NonPagedPool, &Context);
    if (NT_SUCCESS(Status)) {
        FltReleaseContext(Context);
    } else {
        assert_null(Context);
    }
    return Status;
}

/* A filter of its own for a registration; unloaded by the caller. */
static void
LoadWith(TINY_FILTER *Filter, const FLT_CONTEXT_REGISTRATION *Array)
{
    *Filter = (TINY_FILTER){ .Name = "confalloc", .Altitude = "20", .Registration.ContextRegistration = Array };
    assert_status(TinyFilterLoad(Filter), STATUS_SUCCESS);
}
#define END { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL }
#define ROW(Type, Size) { (Type), 0, OnCleanup, (Size), TAG, NULL, NULL, NULL }

static void
test_conformance__B_03_types_that_are_none(void **state)
{
    (void)state;
    static const FLT_CONTEXT_TYPE Bad[] = { 0, 0x3, 0x80, FLT_ALL_CONTEXTS, FLT_CONTEXT_END };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        assert_status(Allocate(&A, Bad[i], SIZE), STATUS_INVALID_PARAMETER);
    }
}

static void
test_conformance__B_04_size_zero(void **state)
{
    (void)state;
    static const FLT_CONTEXT_REGISTRATION Array[] = { ROW(FLT_STREAM_CONTEXT, 0), END };
    TINY_FILTER Filter;

    LoadWith(&Filter, Array);
    assert_status(Allocate(&Filter, FLT_STREAM_CONTEXT, 0), STATUS_INVALID_PARAMETER);
    assert_status(Allocate(&Filter, FLT_STREAM_CONTEXT, 1), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static void
test_conformance__B_05_size_above_maxushort(void **state)
{
    (void)state;
    static const FLT_CONTEXT_REGISTRATION Array[] = { ROW(FLT_STREAM_CONTEXT, FLT_VARIABLE_SIZED_CONTEXTS), END };
    TINY_FILTER Filter;

    LoadWith(&Filter, Array);
    assert_status(Allocate(&Filter, FLT_STREAM_CONTEXT, 65535), STATUS_SUCCESS);
    assert_status(Allocate(&Filter, FLT_STREAM_CONTEXT, 65536), STATUS_INVALID_BUFFER_SIZE);
    assert_status(Allocate(&Filter, FLT_STREAM_CONTEXT, (SIZE_T)-1), STATUS_INVALID_BUFFER_SIZE);
    assert_status(Allocate(&Filter, FLT_FILE_CONTEXT, 65536), STATUS_INVALID_BUFFER_SIZE);   /* whatever definitions exist */
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static void
test_conformance__B_06_exact_size(void **state)
{
    (void)state;
    assert_status(Allocate(&A, FLT_STREAM_CONTEXT, SIZE - 1), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_status(Allocate(&A, FLT_STREAM_CONTEXT, SIZE + 1), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_status(Allocate(&A, FLT_STREAM_CONTEXT, SIZE), STATUS_SUCCESS);
}

/* The pool, not a filter's own allocator, has nothing left. */
static void
test_conformance__B_14_pool_is_empty(void **state)
{
    (void)state;
    Fresh();
    const LONG Before = Cleanups;

    assert_true(vf_inject_add("FltAllocateContext", NULL, 1, 0) >= 0);
    assert_status(Allocate(&A, FLT_STREAM_CONTEXT, SIZE), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    assert_int_equal(Cleanups, Before);
    assert_status(Allocate(&A, FLT_STREAM_CONTEXT, SIZE), STATUS_SUCCESS);
}

/* Bound to filter and type only: any target of that type will do, one after the other. */
static void
test_conformance__B_19_set_on_any_target_of_the_filter(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFILE_OBJECT There = TinyOpen(Other, "\\there", NULL);
    PFLT_CONTEXT Old;

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type);
        assert_status(Set(Type, KEEP, Context, NULL), STATUS_SUCCESS);
        assert_status(Delete(Type, &Old), STATUS_SUCCESS);
        assert_ptr_equal(Old, Context);
        FltReleaseContext(Old);
        assert_status(SetOn(On(&A, Other, There), Type, KEEP, Context, NULL), STATUS_SUCCESS);
        assert_linked(On(&A, Other, There), Type, Context);
        FltReleaseContext(Context);
        assert_status(DeleteOn(On(&A, Other, There), Type, NULL), STATUS_SUCCESS);
        assert_int_equal(Deaths(Context), 1);
    }
    TinyClose(There);
    TinyDismount(Other);
}

/* ---- B-21: section 12.1 ---- */

static ULONG Counts[16], CountsSeen;
static PFLT_CONTEXT Walked;

static void
Note(PFLT_CONTEXT Context)
{
    Counts[CountsSeen++] = TinyContextCount(Context);
}

static FLT_PREOP_CALLBACK_STATUS
WalkPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Got;

    if (Objects->Filter != A.Filter) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    switch (Data->Iopb->MajorFunction) {
    case IRP_MJ_CREATE:
        *Context = Walked = New(&A, FLT_STREAM_CONTEXT);
        Note(Walked);
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    case IRP_MJ_READ:
    case IRP_MJ_CLEANUP:
        if (NT_SUCCESS(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Got))) {
            Note(Got);
            FltReleaseContext(Got);
            Note(Got);
        }
        break;
    default:
        break;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
WalkPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    (void)Flags;
    if (NT_SUCCESS(FltSetStreamContext(Objects->Instance, Objects->FileObject, KEEP, Context, NULL))) {
        Note(Context);
    }
    FltReleaseContext(Context);
    Note(Context);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_conformance__B_21_count_walk_from_pre_create_to_close(void **state)
{
    (void)state;
    static const ULONG Expected[] = { 1, 2, 1, 2, 1, 2, 1 };
    UCHAR Buffer[8];

    Fresh();
    CountsSeen = 0;
    Only = EVERY_MAJOR;
    PreHook = WalkPre;
    PostHook = WalkPost;
    PFILE_OBJECT Own = TinyOpen(Volume, "\\walk", NULL);
    assert_status(TinyRead(Own, Buffer, sizeof(Buffer), 0), STATUS_SUCCESS);
    assert_int_equal(Deaths(Walked), 0);
    TinyClose(Own);
    assert_int_equal(CountsSeen, RTL_NUMBER_OF(Expected));
    for (ULONG i = 0; i < CountsSeen; i++) {
        assert_int_equal(Counts[i], Expected[i]);
    }
    assert_int_equal(Deaths(Walked), 1);       /* the link reference, with the stream's teardown in the close */
    Fresh();
}

/* ---- B-22 ---- */

static BOOLEAN
GiveUp(PFLT_FILTER Filter, ULONG Seconds, PVOID Context)
{
    (void)Filter;
    (void)Seconds;
    atomic_fetch_add((_Atomic(LONG) *)Context, 1);
    return FALSE;
}

static _Atomic(LONG) Unregistered;

static void
UnloadThread(void *Filter)
{
    TinyFilterUnload(Filter);
    Unregistered = 1;
}

static void
test_conformance__B_22_a_live_context_holds_its_filter(void **state)
{
    (void)state;
    static _Atomic(LONG) Waits;
    TINY_FILTER Filter;

    Fresh();
    LoadWith(&Filter, Contexts);
    PFLT_CONTEXT Held = NewOf(Filter.Filter, FLT_STREAM_CONTEXT);
    FltpSetWaitHook(GiveUp, (PVOID)&Waits);    /* waits are asked about: they are reported, not given up */
    struct port_thread *Thread = Start(UnloadThread, &Filter);
    WaitFor(&Waits, 1);
    assert_int_equal(Unregistered, 0);
    assert_true(vf_owner_references(Filter.Owner, OnLeft, NULL) >= 1);
    FltReleaseContext(Held);
    port_thread_join(Thread);
    FltpSetWaitHook(NULL, NULL);
    assert_int_equal(Unregistered, 1);
    assert_int_equal(Deaths(Held), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(B_03_types_that_are_none), R(B_04_size_zero), R(B_05_size_above_maxushort), R(B_06_exact_size), R(B_14_pool_is_empty),
        R(B_19_set_on_any_target_of_the_filter), R(B_21_count_walk_from_pre_create_to_close), R(B_22_a_live_context_holds_its_filter),
    };
    return BED_RUN(tests);
}

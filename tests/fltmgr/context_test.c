/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Contexts: sections B, C, D, E and F of the specification, on every context type that has a target. */
#include "testnt.h"

/* ---- the filter and its clean-up log ---- */

static _Atomic(LONG) Cleanups, Frees, Allocates;
static PFLT_CONTEXT LastCleanup;
static FLT_CONTEXT_TYPE LastCleanupType;
static ULONG LastCleanupThread;
static KIRQL LastCleanupIrql;
static PVOID LastAllocated, LastFreed;
static SIZE_T LastAllocatedSize;
static POOL_TYPE LastPool;

static VOID
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    LastCleanup = Context;
    LastCleanupType = Type;
    LastCleanupThread = port_thread_id();
    LastCleanupIrql = KeGetCurrentIrql();
    atomic_fetch_add(&Cleanups, 1);
}

static PVOID
CustomAllocate(POOL_TYPE Pool, SIZE_T Size, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    LastPool = Pool;
    LastAllocatedSize = Size;
    LastAllocated = Size > 5000 ? NULL : port_alloc(Size);
    atomic_fetch_add(&Allocates, 1);
    return LastAllocated;
}

static VOID
CustomFree(PVOID Pool, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    LastFreed = Pool;
    atomic_fetch_add(&Frees, 1);
    port_free(Pool);
}

#define SIZE 64
static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_VOLUME_CONTEXT, 0, Cleanup, SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, Cleanup, SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_FILE_CONTEXT, 0, Cleanup, SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_STREAM_CONTEXT, 0, Cleanup, SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_STREAM_CONTEXT, 0, Cleanup, FLT_VARIABLE_SIZED_CONTEXTS, 'tseT', NULL, NULL, NULL },
    { FLT_STREAMHANDLE_CONTEXT, 0, Cleanup, 0, 0, CustomAllocate, CustomFree, NULL },
    { FLT_TRANSACTION_CONTEXT, FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH, Cleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_TRANSACTION_CONTEXT, FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH, Cleanup, 128, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 9, Cleanup, 1, 1, NULL, CustomFree, POISON },
};

static TINY_FILTER A = { .Name = "ctxa", .Altitude = "370000", .Registration.ContextRegistration = Contexts };
static TINY_FILTER B = { .Name = "ctxb", .Altitude = "360000.5", .Registration.ContextRegistration = Contexts };
static TINY_VOLUME *Volume;
static PFLT_VOLUME FltVolume;
static PFILE_OBJECT File;

static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT,
    FLT_STREAMHANDLE_CONTEXT };
#define EACH(Type) for (ULONG i_ = 0; i_ < 5; i_++) for (FLT_CONTEXT_TYPE Type = Types[i_]; Type != 0; Type = 0)

/* ---- one form for all types ---- */

static PFLT_CONTEXT
New(TINY_FILTER *Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context = POISON;

    assert_status(FltAllocateContext(Filter->Filter, Type, SIZE, NonPagedPool, &Context), STATUS_SUCCESS);
    memset(Context, 0x11, SIZE);
    return Context;
}

static NTSTATUS
Set(FLT_CONTEXT_TYPE Type, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT Context, PFLT_CONTEXT *Old)
{
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);

    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltSetVolumeContext(FltVolume, Operation, Context, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltSetInstanceContext(Instance, Operation, Context, Old);
    case FLT_FILE_CONTEXT:
        return FltSetFileContext(Instance, File, Operation, Context, Old);
    case FLT_STREAM_CONTEXT:
        return FltSetStreamContext(Instance, File, Operation, Context, Old);
    default:
        return FltSetStreamHandleContext(Instance, File, Operation, Context, Old);
    }
}

static NTSTATUS
Get(FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context)
{
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);

    *Context = POISON;
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltGetVolumeContext(A.Filter, FltVolume, Context);
    case FLT_INSTANCE_CONTEXT:
        return FltGetInstanceContext(Instance, Context);
    case FLT_FILE_CONTEXT:
        return FltGetFileContext(Instance, File, Context);
    case FLT_STREAM_CONTEXT:
        return FltGetStreamContext(Instance, File, Context);
    default:
        return FltGetStreamHandleContext(Instance, File, Context);
    }
}

static NTSTATUS
Delete(FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Old)
{
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);

    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltDeleteVolumeContext(A.Filter, FltVolume, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltDeleteInstanceContext(Instance, Old);
    case FLT_FILE_CONTEXT:
        return FltDeleteFileContext(Instance, File, Old);
    case FLT_STREAM_CONTEXT:
        return FltDeleteStreamContext(Instance, File, Old);
    default:
        return FltDeleteStreamHandleContext(Instance, File, Old);
    }
}

static void
assert_count(PFLT_CONTEXT Context, ULONG Want)
{
    assert_int_equal(TinyContextCount(Context), Want);
}

/* ---- B: allocate ---- */

static void
test_fltmgr_context__B_01_counts_one_and_release_cleans_up(void **state)
{
    (void)state;
    EACH(Type) {
        const LONG Before = Cleanups;
        PFLT_CONTEXT Context = New(&A, Type);
        assert_count(Context, 1);
        assert_int_equal((ULONG_PTR)Context % 16, 0);
        FltReleaseContext(Context);
        assert_int_equal(Cleanups, Before + 1);
        assert_ptr_equal(LastCleanup, Context);
        assert_int_equal(LastCleanupType, Type);
    }
}

static void
test_fltmgr_context__B_02_to_08_sizes_and_types(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = POISON;
    static const FLT_CONTEXT_TYPE Bad[] = { 0, 3, 0x80, FLT_ALL_CONTEXTS, FLT_CONTEXT_END };

    assert_status(FltAllocateContext(A.Filter, FLT_SECTION_CONTEXT, SIZE, PagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_null(Context);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        Context = POISON;
        assert_status(FltAllocateContext(A.Filter, Bad[i], SIZE, PagedPool, &Context), STATUS_INVALID_PARAMETER);
        assert_null(Context);
    }
    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, 0, PagedPool, &Context), STATUS_INVALID_PARAMETER);
    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, 65536, PagedPool, &Context), STATUS_INVALID_BUFFER_SIZE);
    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, 65535, PagedPool, &Context), STATUS_SUCCESS);
    FltReleaseContext(Context);
    assert_status(FltAllocateContext(A.Filter, FLT_FILE_CONTEXT, 63, PagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_status(FltAllocateContext(A.Filter, FLT_FILE_CONTEXT, 65, PagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_status(FltAllocateContext(NULL, FLT_FILE_CONTEXT, 65, PagedPool, &Context), STATUS_INVALID_PARAMETER);
    assert_null(Context);
}

static void
test_fltmgr_context__B_07_smallest_sufficient_definition(void **state)
{
    (void)state;
    PFLT_CONTEXT Context;

    assert_status(FltAllocateContext(A.Filter, FLT_TRANSACTION_CONTEXT, 33, PagedPool, &Context), STATUS_SUCCESS);
    assert_int_equal(FltpContextHeader(Context)->Node->Definition->Registration.Size, 128);
    FltReleaseContext(Context);
    assert_status(FltAllocateContext(A.Filter, FLT_TRANSACTION_CONTEXT, 32, PagedPool, &Context), STATUS_SUCCESS);
    assert_int_equal(FltpContextHeader(Context)->Node->Definition->Registration.Size, 32);
    FltReleaseContext(Context);
    assert_status(FltAllocateContext(A.Filter, FLT_TRANSACTION_CONTEXT, 129, PagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
}

static void
test_fltmgr_context__B_08_variable_size_when_nothing_fits(void **state)
{
    (void)state;
    PFLT_CONTEXT Context;

    assert_status(FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, 65, PagedPool, &Context), STATUS_SUCCESS);
    assert_true(FltpContextHeader(Context)->Node->Definition->Variable);
    for (ULONG i = 0; i < 65; i++) {
        assert_int_equal(((PUCHAR)Context)[i], 0);   /* B-12 */
    }
    FltReleaseContext(Context);
}

static void
test_fltmgr_context__B_09_volume_contexts_are_nonpaged(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = POISON;

    assert_status(FltAllocateContext(A.Filter, FLT_VOLUME_CONTEXT, SIZE, PagedPool, &Context), STATUS_FLT_MUST_BE_NONPAGED_POOL);
    assert_null(Context);
    assert_status(FltAllocateContext(A.Filter, FLT_VOLUME_CONTEXT, SIZE, NonPagedPoolNx, &Context), STATUS_SUCCESS);
    FltReleaseContext(Context);
}

static void
test_fltmgr_context__B_13_custom_allocator(void **state)
{
    (void)state;
    PFLT_CONTEXT Context;
    const LONG Before = Frees;

    assert_status(FltAllocateContext(A.Filter, FLT_STREAMHANDLE_CONTEXT, 4096, PagedPool, &Context), STATUS_SUCCESS);
    assert_int_equal(LastPool, PagedPool);
    assert_true(LastAllocatedSize > 4096);
    assert_true((PUCHAR)Context > (PUCHAR)LastAllocated);
    assert_true((PUCHAR)Context + 4096 <= (PUCHAR)LastAllocated + LastAllocatedSize);
    PVOID Block = LastAllocated;
    FltReleaseContext(Context);
    assert_int_equal(Frees, Before + 1);
    assert_ptr_equal(LastFreed, Block);
}

static void
test_fltmgr_context__B_14_no_memory(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = POISON;
    const LONG Before = Cleanups, FreesBefore = Frees;

    assert_status(FltAllocateContext(A.Filter, FLT_STREAMHANDLE_CONTEXT, 6000, PagedPool, &Context), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(Context);
    assert_int_equal(Cleanups, Before);
    assert_int_equal(Frees, FreesBefore);
}

/* ---- C: set ---- */

static void
test_fltmgr_context__C_01_C_04_first_set_links(void **state)
{
    (void)state;
    EACH(Type) {
        for (int Operation = 0; Operation < 2; Operation++) {
            PFLT_CONTEXT Context = New(&A, Type), Old = POISON, Got;
            assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)Operation, Context, &Old), STATUS_SUCCESS);
            assert_null(Old);                  /* C-08 */
            assert_count(Context, 2);
            assert_status(Get(Type, &Got), STATUS_SUCCESS);
            assert_ptr_equal(Got, Context);
            assert_count(Context, 3);          /* D-01 */
            FltReleaseContext(Got);
            FltReleaseContext(Context);
            const LONG Before = Cleanups;
            assert_status(Delete(Type, NULL), STATUS_SUCCESS);
            assert_int_equal(Cleanups, Before + 1);   /* E-02 */
        }
    }
}

static void
test_fltmgr_context__C_02_C_03_keep_returns_existing(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT First = New(&A, Type), Second = New(&A, Type), Old = POISON;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, First, NULL), STATUS_SUCCESS);
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Second, NULL), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        assert_count(First, 2);
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Second, &Old), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        assert_ptr_equal(Old, First);
        assert_count(First, 3);
        assert_count(Second, 1);               /* C-09 */
        FltReleaseContext(Old);
        FltReleaseContext(Second);
        FltReleaseContext(First);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__C_05_C_06_replace_hands_over_link_reference(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT First = New(&A, Type), Second = New(&A, Type), Old = POISON, Got;
        assert_status(Set(Type, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, First, NULL), STATUS_SUCCESS);
        assert_status(Set(Type, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Second, &Old), STATUS_SUCCESS);
        assert_ptr_equal(Old, First);
        assert_count(First, 2);                /* unchanged: ours and the former link reference */
        assert_count(Second, 2);
        assert_status(Get(Type, &Got), STATUS_SUCCESS);
        assert_ptr_equal(Got, Second);
        FltReleaseContext(Got);
        FltReleaseContext(First);
        const LONG Before = Cleanups;
        FltReleaseContext(Old);
        assert_int_equal(Cleanups, Before + 1);
        FltReleaseContext(Second);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__C_07_replace_without_old_drops_it_inside_the_call(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT First = New(&A, Type), Second = New(&A, Type);
        assert_status(Set(Type, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, First, NULL), STATUS_SUCCESS);
        FltReleaseContext(First);
        const LONG Before = Cleanups;
        assert_status(Set(Type, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Second, NULL), STATUS_SUCCESS);
        assert_int_equal(Cleanups, Before + 1);
        assert_ptr_equal(LastCleanup, First);
        FltReleaseContext(Second);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__C_10_isolated_by_filter_and_instance(void **state)
{
    (void)state;
    PFLT_CONTEXT Ours = New(&A, FLT_STREAM_CONTEXT), Theirs = New(&B, FLT_STREAM_CONTEXT), Got;
    PFLT_INSTANCE InstanceB = TinyInstance(&B, Volume);

    assert_status(Set(FLT_STREAM_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Ours, NULL), STATUS_SUCCESS);
    assert_status(FltGetStreamContext(InstanceB, File, &Got), STATUS_NOT_FOUND);
    assert_status(FltSetStreamContext(InstanceB, File, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Theirs, NULL), STATUS_SUCCESS);
    assert_status(Get(FLT_STREAM_CONTEXT, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Ours);
    FltReleaseContext(Got);
    FltReleaseContext(Ours);
    FltReleaseContext(Theirs);
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
    assert_status(FltDeleteStreamContext(InstanceB, File, NULL), STATUS_SUCCESS);
}

static void
test_fltmgr_context__C_11_C_12_wrong_type_operation_or_filter(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type == FLT_FILE_CONTEXT ? FLT_STREAM_CONTEXT : FLT_FILE_CONTEXT), Old = POISON;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old), STATUS_INVALID_PARAMETER);
        assert_null(Old);
        assert_count(Context, 1);
        FltReleaseContext(Context);
        Old = POISON;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, NULL, &Old), STATUS_INVALID_PARAMETER);
        assert_null(Old);
        Context = New(&A, Type);
        assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)2, Context, NULL), STATUS_INVALID_PARAMETER);
        assert_status(Set(Type, (FLT_SET_CONTEXT_OPERATION)-1, Context, NULL), STATUS_INVALID_PARAMETER);
        FltReleaseContext(Context);
    }
    PFLT_CONTEXT Foreign = New(&B, FLT_STREAM_CONTEXT);
    assert_status(Set(FLT_STREAM_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Foreign, NULL), STATUS_INVALID_PARAMETER);
    FltReleaseContext(Foreign);
}

static void
test_fltmgr_context__C_13_C_15_already_linked(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type), Old = POISON;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
        assert_status(Set(Type, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Context, &Old), STATUS_FLT_CONTEXT_ALREADY_LINKED);
        assert_null(Old);
        Old = POISON;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old), STATUS_FLT_CONTEXT_ALREADY_LINKED);
        assert_null(Old);
        assert_count(Context, 2);
        FltReleaseContext(Context);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__C_14_unlinked_context_can_be_set_again(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type), Old = POISON, Got;
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
        assert_status(Delete(Type, &Old), STATUS_SUCCESS);
        assert_ptr_equal(Old, Context);
        assert_count(Context, 2);              /* E-03 */
        assert_status(Get(Type, &Got), STATUS_NOT_FOUND);
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
        assert_count(Context, 3);
        FltReleaseContext(Old);
        FltReleaseContext(Context);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__C_17_C_18_unsupported(void **state)
{
    (void)state;
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT), Old = POISON, Got = POISON;

    assert_status(FltSetStreamContext(Instance, Paging, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old), STATUS_NOT_SUPPORTED);
    assert_null(Old);
    assert_count(Context, 1);
    assert_status(FltGetStreamContext(Instance, Paging, &Got), STATUS_NOT_SUPPORTED);
    assert_null(Got);                          /* D-03 */
    assert_status(FltDeleteStreamContext(Instance, Paging, NULL), STATUS_NOT_SUPPORTED);   /* E-05 */
    assert_status(FltSetStreamContext(Instance, NULL, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_NOT_SUPPORTED);
    assert_status(FltGetStreamHandleContext(Instance, NULL, &Got), STATUS_NOT_SUPPORTED);
    assert_status(FltGetFileContext(Instance, NULL, &Got), STATUS_NOT_SUPPORTED);
    FltReleaseContext(Context);
    TinyClose(Paging);
}

static void
test_fltmgr_context__C_33_to_C_35_sharing(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFILE_OBJECT Again = TinyOpen(Volume, "\\file", NULL), Alternate = TinyOpen(Volume, "\\file:ads", NULL);
    PFLT_CONTEXT Stream = New(&A, FLT_STREAM_CONTEXT), Handle = New(&A, FLT_STREAMHANDLE_CONTEXT), PerFile = New(&A, FLT_FILE_CONTEXT), Got;

    Set(FLT_STREAM_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL);
    Set(FLT_STREAMHANDLE_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Handle, NULL);
    Set(FLT_FILE_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, PerFile, NULL);
    assert_status(FltGetStreamContext(Instance, Again, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Stream);
    FltReleaseContext(Got);
    assert_status(FltGetStreamContext(Instance, Alternate, &Got), STATUS_NOT_FOUND);
    assert_status(FltGetStreamHandleContext(Instance, Again, &Got), STATUS_NOT_FOUND);
    assert_status(FltGetFileContext(Instance, Alternate, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, PerFile);
    FltReleaseContext(Got);
    TinyClose(Again);
    TinyClose(Alternate);
    FltReleaseContext(Stream);
    FltReleaseContext(Handle);
    FltReleaseContext(PerFile);
    EACH(Type) {
        Delete(Type, NULL);
    }
}

/* ---- D: get, reference, release ---- */

static void
test_fltmgr_context__D_02_E_04_nothing_set(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT Got, Old = POISON;
        assert_status(Get(Type, &Got), STATUS_NOT_FOUND);
        assert_null(Got);
        assert_status(Delete(Type, &Old), STATUS_NOT_FOUND);
        assert_null(Old);
    }
}

static void
test_fltmgr_context__D_09_to_D_13_several_at_once(void **state)
{
    (void)state;
    const FLT_RELATED_OBJECTS Objects = { .Size = sizeof(Objects), .Filter = A.Filter, .Volume = FltVolume,
        .Instance = TinyInstance(&A, Volume), .FileObject = File };
    FLT_RELATED_CONTEXTS Got;
    FLT_RELATED_CONTEXTS_EX GotEx;
    PFLT_CONTEXT Made[5];

    for (ULONG i = 0; i < 5; i++) {
        Made[i] = New(&A, Types[i]);
        assert_status(Set(Types[i], FLT_SET_CONTEXT_KEEP_IF_EXISTS, Made[i], NULL), STATUS_SUCCESS);
    }
    for (ULONG Mask = 0; Mask < 32; Mask++) {
        memset(&Got, 0xA5, sizeof(Got));
        FltGetContexts(&Objects, (FLT_CONTEXT_TYPE)Mask, &Got);
        for (ULONG i = 0; i < 5; i++) {
            assert_ptr_equal((&Got.VolumeContext)[i], Mask & (1u << i) ? Made[i] : NULL);
            assert_count(Made[i], Mask & (1u << i) ? 3 : 2);
        }
        assert_null(Got.TransactionContext);
        FltReleaseContexts(&Got);
        FltReleaseContexts(&Got);
        for (ULONG i = 0; i < 5; i++) {
            assert_null((&Got.VolumeContext)[i]);
            assert_count(Made[i], 2);
        }
    }
    memset(&Got, 0xA5, sizeof(Got));
    FltGetContexts(&Objects, FLT_SECTION_CONTEXT, &Got);
    assert_null(Got.VolumeContext);
    assert_status(FltGetContextsEx(&Objects, 0x80, sizeof(GotEx), &GotEx), STATUS_INVALID_PARAMETER);
    assert_status(FltGetContextsEx(&Objects, FLT_ALL_CONTEXTS, 0x30, &GotEx), STATUS_INVALID_PARAMETER);
    assert_status(FltGetContextsEx(&Objects, FLT_ALL_CONTEXTS, sizeof(GotEx), &GotEx), STATUS_SUCCESS);
    assert_ptr_equal(GotEx.StreamContext, Made[3]);
    assert_null(GotEx.SectionContext);
    FltReleaseContextsEx(sizeof(GotEx), &GotEx);
    for (ULONG i = 0; i < 5; i++) {
        FltReleaseContext(Made[i]);
        assert_status(Delete(Types[i], NULL), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_context__D_16_release_cleans_up_in_the_calling_thread(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    KIRQL Old;

    KeRaiseIrql(APC_LEVEL, &Old);
    FltReleaseContext(Context);
    KeLowerIrql(Old);
    assert_int_equal(LastCleanupThread, port_thread_id());
    assert_int_equal(LastCleanupIrql, APC_LEVEL);
}

static void
test_fltmgr_context__D_14_D_17_at_dispatch_level(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    const LONG Before = Cleanups;
    KIRQL Old;

    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    FltReferenceContext(Context);
    FltReleaseContext(Context);
    FltReleaseContext(Context);                /* another thread may clean up at once, this one not */
    KeLowerIrql(Old);
    for (int i = 0; i < 500 && Cleanups == Before; i++) {
        TinySleep(2);
    }
    assert_int_equal(Cleanups, Before + 1);
    assert_true(LastCleanupIrql <= APC_LEVEL);
    assert_true(LastCleanupThread != port_thread_id());
}

static void
test_fltmgr_context__D_19_D_22_support_agrees_with_set(void **state)
{
    (void)state;
    static const struct { const char *Name; BOOLEAN Stream, Handle, File; } Rows[] = { { "\\file", 1, 1, 1 }, { "\\dir", 1, 1, 1 },
        { "\\file:ads", 1, 1, 1 }, { "", 1, 1, 0 }, { "\\pagefile.sys", 0, 0, 0 } };
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);

    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        PFILE_OBJECT Object = TinyOpen(Volume, Rows[i].Name, NULL);
        assert_int_equal(FltSupportsStreamContexts(Object), Rows[i].Stream);
        assert_int_equal(FltSupportsStreamHandleContexts(Object), Rows[i].Handle);
        assert_int_equal(FltSupportsFileContexts(Object), Rows[i].File);
        assert_int_equal(FltSupportsFileContextsEx(Object, Instance), Rows[i].File);
        PFLT_CONTEXT Stream = New(&A, FLT_STREAM_CONTEXT), Handle = New(&A, FLT_STREAMHANDLE_CONTEXT), PerFile = New(&A, FLT_FILE_CONTEXT);
        assert_status(FltSetStreamContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL),
            Rows[i].Stream ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
        assert_status(FltSetStreamHandleContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Handle, NULL),
            Rows[i].Handle ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
        assert_status(FltSetFileContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, PerFile, NULL),
            Rows[i].File ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
        FltReleaseContext(Stream);
        FltReleaseContext(Handle);
        FltReleaseContext(PerFile);
        if (Rows[i].Stream) {
            FltDeleteStreamContext(Instance, Object, NULL);
            FltDeleteFileContext(Instance, Object, NULL);
        }
        TinyClose(Object);
    }
    assert_false(FltSupportsStreamContexts(NULL));
    assert_false(FltSupportsStreamHandleContexts(NULL));
    assert_false(FltSupportsFileContextsEx(NULL, NULL));
}

static void
test_fltmgr_context__D_21_H_13_file_contexts_emulated_on_fat(void **state)
{
    (void)state;
    TINY_VOLUME *Fat = TinyMount("FastFat");
    PFILE_OBJECT Object = TinyOpen(Fat, "\\file", NULL);
    PFLT_INSTANCE Instance = TinyInstance(&A, Fat);
    PFLT_CONTEXT Stream = New(&A, FLT_STREAM_CONTEXT), PerFile = New(&A, FLT_FILE_CONTEXT), Got;

    assert_non_null(Instance);
    assert_false(FltSupportsFileContexts(Object));
    assert_false(FltSupportsFileContextsEx(Object, NULL));
    assert_true(FltSupportsFileContextsEx(Object, Instance));
    assert_status(FltSetFileContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, PerFile, NULL), STATUS_SUCCESS);
    assert_status(FltGetStreamContext(Instance, Object, &Got), STATUS_NOT_FOUND);
    assert_status(FltSetStreamContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL), STATUS_SUCCESS);
    assert_status(FltGetFileContext(Instance, Object, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, PerFile);
    FltReleaseContext(Got);
    FltReleaseContext(Stream);
    FltReleaseContext(PerFile);
    const LONG Before = Cleanups;
    TinyClose(Object);
    assert_int_equal(Cleanups, Before + 2);
    TinyDismount(Fat);
}

/* ---- E: delete ---- */

static void
test_fltmgr_context__E_07_E_08_delete_context_is_idempotent(void **state)
{
    (void)state;
    EACH(Type) {
        PFLT_CONTEXT Context = New(&A, Type), Got;
        FltDeleteContext(Context);             /* E-09: no effect */
        assert_count(Context, 1);
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
        FltReferenceContext(Context);
        assert_count(Context, 3);
        FltDeleteContext(Context);
        assert_count(Context, 2);
        assert_status(Get(Type, &Got), STATUS_NOT_FOUND);
        FltDeleteContext(Context);
        assert_count(Context, 2);
        assert_int_equal(((PUCHAR)Context)[0], 0x11);   /* E-10 */
        PFLT_CONTEXT Next = New(&A, Type);
        assert_status(Set(Type, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Next, NULL), STATUS_SUCCESS);   /* E-11 */
        FltReleaseContext(Next);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        FltReleaseContext(Context);
        const LONG Before = Cleanups;
        FltReleaseContext(Context);
        assert_int_equal(Cleanups, Before + 1);
    }
}

/* ---- F: lifetime ---- */

static void
test_fltmgr_context__F_09_F_10_stream_contexts_live_as_long_as_the_stream(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFILE_OBJECT First = TinyOpen(Volume, "\\delayed", NULL);
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT), Got;

    assert_status(FltSetStreamContext(Instance, First, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    FltReleaseContext(Context);
    Volume->DelayedClose = TRUE;
    LONG Before = Cleanups;
    TinyClose(First);
    assert_int_equal(Cleanups, Before);
    PFILE_OBJECT Second = TinyOpen(Volume, "\\delayed", NULL);
    assert_status(FltGetStreamContext(Instance, Second, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Context);
    FltReleaseContext(Got);
    TinyClose(Second);
    Volume->DelayedClose = FALSE;
    TinyForceTeardown(Volume);
    assert_int_equal(Cleanups, Before + 1);
    /* F-23: a new stream object starts without contexts */
    Second = TinyOpen(Volume, "\\delayed", NULL);
    assert_status(FltGetStreamContext(Instance, Second, &Got), STATUS_NOT_FOUND);
    TinyClose(Second);
}

static void
test_fltmgr_context__F_11_handle_contexts_go_with_the_file_object(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFILE_OBJECT First = TinyOpen(Volume, "\\two", NULL), Second = TinyOpen(Volume, "\\two", NULL);
    PFLT_CONTEXT One = New(&A, FLT_STREAMHANDLE_CONTEXT), Two = New(&A, FLT_STREAMHANDLE_CONTEXT), Stream = New(&A, FLT_STREAM_CONTEXT), Got;

    FltSetStreamHandleContext(Instance, First, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL);
    FltSetStreamHandleContext(Instance, Second, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Two, NULL);
    FltSetStreamContext(Instance, First, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL);
    FltReleaseContext(One);
    FltReleaseContext(Two);
    FltReleaseContext(Stream);
    const LONG Before = Cleanups;
    TinyClose(First);
    assert_int_equal(Cleanups, Before + 1);
    assert_ptr_equal(LastCleanup, One);
    assert_status(FltGetStreamHandleContext(Instance, Second, &Got), STATUS_SUCCESS);
    FltReleaseContext(Got);
    TinyClose(Second);
    assert_int_equal(Cleanups, Before + 3);
}

static void
test_fltmgr_context__F_12_file_contexts_go_with_the_last_stream(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFILE_OBJECT First = TinyOpen(Volume, "\\multi", NULL), Second = TinyOpen(Volume, "\\multi:b", NULL);
    PFLT_CONTEXT PerFile = New(&A, FLT_FILE_CONTEXT);

    assert_status(FltSetFileContext(Instance, First, FLT_SET_CONTEXT_KEEP_IF_EXISTS, PerFile, NULL), STATUS_SUCCESS);
    FltReleaseContext(PerFile);
    const LONG Before = Cleanups;
    TinyClose(First);
    assert_int_equal(Cleanups, Before);
    TinyClose(Second);
    assert_int_equal(Cleanups, Before + 1);
}

static void
test_fltmgr_context__F_25_references_do_not_pin_targets(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = TinyInstance(&A, Volume);
    PFILE_OBJECT Object = TinyOpen(Volume, "\\pin", NULL);
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);

    assert_status(FltSetStreamContext(Instance, Object, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    const LONG Before = Cleanups;
    TinyClose(Object);
    assert_int_equal(Cleanups, Before);
    assert_count(Context, 1);
    FltReleaseContext(Context);
    assert_int_equal(Cleanups, Before + 1);
}

/* ---- K: findings ---- */

static void
test_fltmgr_context__K_02_K_03_K_04_wrong_counts_are_findings(void **state)
{
    (void)state;
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT), Got;
    unsigned Before = vf_finding_count();

    assert_status(Set(FLT_STREAM_CONTEXT, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    FltReleaseContext(Context);
    FltReleaseContext(Context);                /* K-03: only the link is left */
    assert_int_equal(vf_finding_count(), ++Before);
    assert_status(Get(FLT_STREAM_CONTEXT, &Got), STATUS_SUCCESS);
    FltReleaseContext(Got);
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
    FltReleaseContext(Context);                /* K-02: dead */
    assert_int_equal(vf_finding_count(), ++Before);
    FltReferenceContext(Context);              /* K-04 */
    assert_int_equal(vf_finding_count(), ++Before);
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
    FltVolume = TinyFltVolume(Volume);
    File = TinyOpen(Volume, "\\file", NULL);
    return File != NULL && TinyInstance(&A, Volume) != NULL ? 0 : -1;
}

static int
Teardown(void **state)
{
    (void)state;
    TinyClose(File);
    NTSTATUS One = TinyFilterUnload(&A), Two = TinyFilterUnload(&B);
    TinyDismount(Volume);
    FltpShutdown();
    return NT_SUCCESS(One) && NT_SUCCESS(Two) ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(context__B_01_counts_one_and_release_cleans_up),
        T(context__B_02_to_08_sizes_and_types),
        T(context__B_07_smallest_sufficient_definition),
        T(context__B_08_variable_size_when_nothing_fits),
        T(context__B_09_volume_contexts_are_nonpaged),
        T(context__B_13_custom_allocator),
        T(context__B_14_no_memory),
        T(context__C_01_C_04_first_set_links),
        T(context__C_02_C_03_keep_returns_existing),
        T(context__C_05_C_06_replace_hands_over_link_reference),
        T(context__C_07_replace_without_old_drops_it_inside_the_call),
        T(context__C_10_isolated_by_filter_and_instance),
        T(context__C_11_C_12_wrong_type_operation_or_filter),
        T(context__C_13_C_15_already_linked),
        T(context__C_14_unlinked_context_can_be_set_again),
        T(context__C_17_C_18_unsupported),
        T(context__C_33_to_C_35_sharing),
        T(context__D_02_E_04_nothing_set),
        T(context__D_09_to_D_13_several_at_once),
        T(context__D_16_release_cleans_up_in_the_calling_thread),
        T(context__D_14_D_17_at_dispatch_level),
        T(context__D_19_D_22_support_agrees_with_set),
        T(context__D_21_H_13_file_contexts_emulated_on_fat),
        T(context__E_07_E_08_delete_context_is_idempotent),
        T(context__F_09_F_10_stream_contexts_live_as_long_as_the_stream),
        T(context__F_11_handle_contexts_go_with_the_file_object),
        T(context__F_12_file_contexts_go_with_the_last_stream),
        T(context__F_25_references_do_not_pin_targets),
        T(context__K_02_K_03_K_04_wrong_counts_are_findings),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

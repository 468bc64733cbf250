/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* What a registration offers and what FltAllocateContext makes of it, for all seven types: sections A, B and D of the specification. */
#include "testnt.h"

static _Atomic(LONG) Small, Middle, Large, Any, Custom, CustomFrees;
static FLT_CONTEXT_TYPE LastType;
static PFLT_CONTEXT LastContext;
static LONG FreesAtCleanup;

#define CLEANUP(Name, Counter) \
    static VOID Name(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type) \
    { LastContext = Context; LastType = Type; FreesAtCleanup = CustomFrees; assert_true(KeGetCurrentIrql() <= APC_LEVEL); atomic_fetch_add(&Counter, 1); }
CLEANUP(CleanSmall, Small)
CLEANUP(CleanMiddle, Middle)
CLEANUP(CleanLarge, Large)
CLEANUP(CleanAny, Any)
CLEANUP(CleanCustom, Custom)

static PVOID
Allocate(POOL_TYPE Pool, SIZE_T Size, FLT_CONTEXT_TYPE Type)
{
    (void)Pool;
    (void)Type;
    return port_alloc(Size);
}

static VOID
Free(PVOID Pool, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    atomic_fetch_add(&CustomFrees, 1);
    port_free(Pool);
}

static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT,
    FLT_STREAMHANDLE_CONTEXT, FLT_TRANSACTION_CONTEXT, FLT_SECTION_CONTEXT };
#define NO_EXACT FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH
#define END { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL }
#define FIXED(Type, Flags, Clean, Size) { Type, Flags, Clean, Size, 'tseT', NULL, NULL, NULL }

static TINY_FILTER Filter = { .Name = "ctxalloc", .Altitude = "370001" };

static void
Load(const FLT_CONTEXT_REGISTRATION *Contexts)
{
    Filter.Registration.ContextRegistration = Contexts;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    Small = Middle = Large = Any = Custom = CustomFrees = 0;
}

static void
Unload(void)
{
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static NTSTATUS
Make(FLT_CONTEXT_TYPE Type, SIZE_T Size, POOL_TYPE Pool, PFLT_CONTEXT *Context)
{
    *Context = POISON;
    return FltAllocateContext(Filter.Filter, Type, Size, Pool, Context);
}

static PFLT_CONTEXT
Made(FLT_CONTEXT_TYPE Type, SIZE_T Size, POOL_TYPE Pool)
{
    PFLT_CONTEXT Context;

    assert_status(Make(Type, Size, Pool, &Context), STATUS_SUCCESS);
    assert_non_null(Context);
    return Context;
}

static const FLT_CONTEXT_REGISTRATION AllTypes[] = { FIXED(FLT_VOLUME_CONTEXT, 0, CleanSmall, 40), FIXED(FLT_INSTANCE_CONTEXT, 0, CleanSmall, 40),
    FIXED(FLT_FILE_CONTEXT, 0, CleanSmall, 40), FIXED(FLT_STREAM_CONTEXT, 0, CleanSmall, 40), FIXED(FLT_STREAMHANDLE_CONTEXT, 0, CleanSmall, 40),
    FIXED(FLT_TRANSACTION_CONTEXT, 0, CleanSmall, 40), FIXED(FLT_SECTION_CONTEXT, 0, CleanSmall, 40), END };

static void
test_fltmgr_ctxalloc__A_03_A_17_B_10_B_17_F_03_every_type_and_pool(void **state)
{
    static const POOL_TYPE Pools[] = { NonPagedPool, PagedPool, NonPagedPoolNx };
    LONG Count = 0;
    (void)state;
    Load(AllTypes);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Types); i++) {
        assert_int_equal(Types[i], 1 << i);
        for (ULONG k = 0; k < RTL_NUMBER_OF(Pools); k++) {
            if (Types[i] == FLT_VOLUME_CONTEXT && Pools[k] == PagedPool) {
                continue;
            }
            PFLT_CONTEXT Context = Made(Types[i], 40, Pools[k]);
            FltReleaseContext(Context);        /* never set, and cleaned up all the same */
            assert_int_equal(Small, ++Count);
            assert_ptr_equal(LastContext, Context);
            assert_int_equal(LastType, Types[i]);
        }
    }
    Unload();
}

static void
test_fltmgr_ctxalloc__A_13_A_14_order_and_flag(void **state)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = { FIXED(FLT_SECTION_CONTEXT, NO_EXACT, CleanLarge, 128),
        FIXED(FLT_SECTION_CONTEXT, NO_EXACT, CleanSmall, 32), FIXED(FLT_SECTION_CONTEXT, NO_EXACT, CleanAny, FLT_VARIABLE_SIZED_CONTEXTS),
        FIXED(FLT_SECTION_CONTEXT, NO_EXACT, CleanMiddle, 64),
        { FLT_TRANSACTION_CONTEXT, NO_EXACT, CleanCustom, 1, 0, Allocate, Free, NULL }, END };
    (void)state;
    Load(Contexts);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 40, PagedPool));
    assert_int_equal(Middle, 1);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 64, PagedPool));
    assert_int_equal(Middle, 2);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 1, PagedPool));
    assert_int_equal(Small, 1);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 65, PagedPool));
    assert_int_equal(Large, 1);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 129, PagedPool));
    assert_int_equal(Any, 1);
    FltReleaseContext(Made(FLT_TRANSACTION_CONTEXT, 4096, PagedPool));   /* the Size of 1 does not count */
    assert_int_equal(Custom, 1);
    Unload();
}

static void
test_fltmgr_ctxalloc__A_16_no_cleanup_callback(void **state)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = { FIXED(FLT_SECTION_CONTEXT, 0, NULL, 16),
        { FLT_TRANSACTION_CONTEXT, 0, NULL, 0, 0, Allocate, Free, NULL }, END };
    (void)state;
    Load(Contexts);
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 16, NonPagedPool));
    FltReleaseContext(Made(FLT_TRANSACTION_CONTEXT, 16, NonPagedPool));
    assert_int_equal(CustomFrees, 1);
    Unload();                                  /* would wait for a context that is left */
}

static void
test_fltmgr_ctxalloc__A_18_arrays_are_copied(void **state)
{
    (void)state;
    FLT_CONTEXT_REGISTRATION *Contexts = port_alloc(sizeof(AllTypes));

    memcpy(Contexts, AllTypes, sizeof(AllTypes));
    Load(Contexts);
    memset(Contexts, 0xEE, sizeof(AllTypes));
    port_free(Contexts);
    FltReleaseContext(Made(FLT_TRANSACTION_CONTEXT, 40, NonPagedPool));
    assert_int_equal(Small, 1);
    Unload();
}

static void
test_fltmgr_ctxalloc__A_26_before_filtering_starts(void **state)
{
    (void)state;
    Filter.NoStart = TRUE;
    Load(AllTypes);
    Filter.NoStart = FALSE;
    PFLT_CONTEXT Context = Made(FLT_STREAM_CONTEXT, 40, PagedPool);
    FltReferenceContext(Context);
    FltReleaseContext(Context);
    assert_status(FltStartFiltering(Filter.Filter), STATUS_SUCCESS);
    assert_int_equal(Small, 0);
    FltReleaseContext(Context);
    assert_int_equal(Small, 1);
    Unload();
}

static void
test_fltmgr_ctxalloc__B_11_K_26_unusual_pool(void **state)
{
    (void)state;
    Load(AllTypes);
    const unsigned Before = vf_finding_count();
    FltReleaseContext(Made(FLT_SECTION_CONTEXT, 40, NonPagedPoolCacheAligned));
    assert_int_equal(vf_finding_count(), Before + 1);
    Unload();
}

static void
test_fltmgr_ctxalloc__B_12_contents(void **state)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = { FIXED(FLT_SECTION_CONTEXT, 0, NULL, FLT_VARIABLE_SIZED_CONTEXTS),
        FIXED(FLT_TRANSACTION_CONTEXT, 0, NULL, 100), END };
    (void)state;
    Load(Contexts);
    for (int Round = 0; Round < 3; Round++) {
        PUCHAR Variable = Made(FLT_SECTION_CONTEXT, 100, PagedPool), Fixed = Made(FLT_TRANSACTION_CONTEXT, 100, PagedPool);
        for (ULONG i = 0; i < 100; i++) {
            assert_int_equal(Variable[i], 0);
            assert_int_equal(Fixed[i], Fixed[0]);
        }
        assert_int_not_equal(Fixed[0], 0);     /* the verifier's pattern: whoever relies on zero fails */
        memset(Variable, 0x77, 100);
        memset(Fixed, 0x77, 100);
        FltReleaseContext(Variable);
        FltReleaseContext(Fixed);
    }
    Unload();
}

static void
test_fltmgr_ctxalloc__B_16_B_23_failures_give_NULL(void **state)
{
    (void)state;
    PFLT_CONTEXT Context;
    Load(AllTypes);
    assert_status(Make(FLT_SECTION_CONTEXT, 41, PagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    assert_null(Context);
    assert_status(Make(FLT_SECTION_CONTEXT, 65536, PagedPool, &Context), STATUS_INVALID_BUFFER_SIZE);
    assert_null(Context);
    assert_status(Make(FLT_ALL_CONTEXTS, 40, PagedPool, &Context), STATUS_INVALID_PARAMETER);
    assert_null(Context);
    assert_status(Make(FLT_VOLUME_CONTEXT, 40, PagedPool, &Context), STATUS_FLT_MUST_BE_NONPAGED_POOL);
    assert_null(Context);
    vf_inject_add("FltAllocateContext", Filter.Owner, 1, 0);
    assert_status(Make(FLT_SECTION_CONTEXT, 40, PagedPool, &Context), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(Context);
    vf_inject_clear();
    Context = POISON;
    assert_status(FltAllocateContext(NULL, FLT_SECTION_CONTEXT, 40, PagedPool, &Context), STATUS_INVALID_PARAMETER);
    assert_null(Context);
    Unload();
}

static void
test_fltmgr_ctxalloc__B_18_alignment_and_room(void **state)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = { FIXED(FLT_SECTION_CONTEXT, 0, NULL, FLT_VARIABLE_SIZED_CONTEXTS),
        FIXED(FLT_TRANSACTION_CONTEXT, NO_EXACT, NULL, 77), END };
    (void)state;
    Load(Contexts);
    for (ULONG Size = 1; Size < 1000; Size += 2) {
        PFLT_CONTEXT Context = Made(FLT_SECTION_CONTEXT, Size, PagedPool);
        assert_int_equal((ULONG_PTR)Context % MEMORY_ALLOCATION_ALIGNMENT, 0);
        memset(Context, 0xFF, Size);
        FltReleaseContext(Context);
    }
    PFLT_CONTEXT Context = Made(FLT_TRANSACTION_CONTEXT, 5, PagedPool);
    memset(Context, 0xFF, 77);                 /* the definition's size is usable */
    FltReleaseContext(Context);
    Unload();
}

static void
test_fltmgr_ctxalloc__B_20_D_15_K_08_irql(void **state)
{
    (void)state;
    PFLT_CONTEXT Context;
    KIRQL Old;
    Load(AllTypes);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Types); i++) {
        Context = Made(Types[i], 40, NonPagedPool);
        unsigned Before = vf_finding_count();
        FltReferenceContext(Context);
        KeRaiseIrql(DISPATCH_LEVEL, &Old);
        FltReferenceContext(Context);
        FltReleaseContext(Context);
        FltReleaseContext(Context);
        KeLowerIrql(Old);
        assert_int_equal(vf_finding_count(), Before);
        FltReleaseContext(Context);
        assert_int_equal(Small, i + 1);
    }
    Context = Made(FLT_SECTION_CONTEXT, 40, PagedPool);
    FltReferenceContext(Context);
    unsigned Before = vf_finding_count();
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    FltReleaseContext(Context);
    KeLowerIrql(Old);
    assert_int_equal(vf_finding_count(), Before + 1);
    FltReleaseContext(Context);
    KeRaiseIrql(DISPATCH_LEVEL, &Old);
    Before = vf_finding_count();
    const NTSTATUS Status = Make(FLT_SECTION_CONTEXT, 40, NonPagedPool, &Context);
    KeLowerIrql(Old);
    assert_int_equal(vf_finding_count(), Before + 1);
    if (NT_SUCCESS(Status)) {
        FltReleaseContext(Context);
    }
    Unload();
}

static void
test_fltmgr_ctxalloc__F_01_F_02_F_04_cleanup_before_free(void **state)
{
    static const FLT_CONTEXT_REGISTRATION Contexts[] = { { FLT_SECTION_CONTEXT, 0, CleanCustom, 0, 0, Allocate, Free, NULL }, END };
    (void)state;
    Load(Contexts);
    PFLT_CONTEXT Context = Made(FLT_SECTION_CONTEXT, 300, PagedPool);
    FltReferenceContext(Context);
    FltReleaseContext(Context);
    assert_int_equal(Custom, 0);
    FltReleaseContext(Context);
    assert_int_equal(Custom, 1);
    assert_int_equal(FreesAtCleanup, 0);
    assert_int_equal(CustomFrees, 1);
    Unload();
    assert_int_equal(Custom, 1);
    assert_int_equal(CustomFrees, 1);
}

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    FltpShutdown();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(ctxalloc__A_03_A_17_B_10_B_17_F_03_every_type_and_pool),
        T(ctxalloc__A_13_A_14_order_and_flag),
        T(ctxalloc__A_16_no_cleanup_callback),
        T(ctxalloc__A_18_arrays_are_copied),
        T(ctxalloc__A_26_before_filtering_starts),
        T(ctxalloc__B_11_K_26_unusual_pool),
        T(ctxalloc__B_12_contents),
        T(ctxalloc__B_16_B_23_failures_give_NULL),
        T(ctxalloc__B_18_alignment_and_room),
        T(ctxalloc__B_20_D_15_K_08_irql),
        T(ctxalloc__F_01_F_02_F_04_cleanup_before_free),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

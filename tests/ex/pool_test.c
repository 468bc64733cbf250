/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Pool and lookaside lists: owners, leaks, double and foreign frees, guards, injection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ex/exp.h"
#include "ke/ntcall.h"

#include <ntos/mm.h>

#define DRIVER __attribute__((section("fbdriver"), noinline, used))
#define TAG 'tseT'

extern char __start_fbdriver[], __stop_fbdriver[];
extern void __asan_init(void) __attribute__((weak));

static vf_owner *Owner;

struct seen {
    unsigned count;
    char code[8], text[512];
};

static void
collect(const struct vf_finding *finding, void *ctx)
{
    struct seen *Seen = ctx;
    Seen->count++;
    strncpy(Seen->code, finding->code, sizeof(Seen->code) - 1);
    strncpy(Seen->text, finding->text, sizeof(Seen->text) - 1);
}

static struct seen
last_finding(void)
{
    struct seen Seen = {.count = 0};
    vf_findings(collect, &Seen);
    return Seen;
}

static int
setup(void **state)
{
    (void)state;
    vf_set_level(VF_STANDARD);
    Owner = vf_owner_create("pooldrv");
    struct port_module Module = {
        .base = (uintptr_t)__start_fbdriver, .end = (uintptr_t)__stop_fbdriver, .name = "pooldrv", .path = "", .owner = Owner};
    KeInitialize();
    return port_module_register(&Module);
}

DRIVER static PVOID
driver_allocate(SIZE_T Bytes)
{
    PVOID volatile Block = ExAllocatePoolWithTag(PagedPool, Bytes, TAG);
    return Block;
}

DRIVER static VOID
driver_free(PVOID Block)
{
    ExFreePoolWithTag(Block, TAG);
    __asm__ volatile("" ::: "memory");
}

static uint64_t
live_blocks(void)
{
    struct vf_counts Counts;
    vf_owner_counts(Owner, VF_POOL, &Counts);
    return Counts.live;
}

static void
test_ex_pool__is_charged_to_the_calling_driver(void **state)
{
    (void)state;
    PVOID Mine = ExAllocatePoolWithTag(PagedPool, 10, TAG);
    assert_int_equal(live_blocks(), 0);
    PVOID Block = driver_allocate(100);
    assert_int_equal(live_blocks(), 1);
    assert_int_equal((ULONG_PTR)Block % 16, 0);
    assert_int_equal(ExpPoolSize(Block), 100);
    unsigned Before = vf_finding_count();
    assert_int_equal(vf_report_leaks(Owner), 1);
    assert_int_equal(vf_finding_count(), Before + 1);
    struct seen Seen = last_finding();
    assert_string_equal(Seen.code, "K-01");
    assert_non_null(strstr(Seen.text, "(100 bytes, tag 'Test'): created by ExAllocatePoolWithTag"));
    driver_free(Block);
    assert_int_equal(live_blocks(), 0);
    assert_int_equal(vf_report_leaks(Owner), 0);
    ExFreePool(Mine);
}

static void
test_ex_pool__sizes_alignment_and_zeroing(void **state)
{
    (void)state;
    for (SIZE_T Size = 0; Size < 20000; Size = Size * 2 + 1) {
        UCHAR *Block = ExAllocatePool2(POOL_FLAG_NON_PAGED, Size + 1, TAG);
        assert_non_null(Block);
        for (SIZE_T i = 0; i <= Size; i++) {
            assert_int_equal(Block[i], 0);
        }
        memset(Block, 0x5A, Size + 1);
        assert_int_equal((ULONG_PTR)Block % (Size + 1 >= PAGE_SIZE ? PAGE_SIZE : 16), 0);
        ExFreePoolWithTag(Block, TAG);
    }
    UCHAR *Aligned = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 10, TAG);
    assert_int_equal((ULONG_PTR)Aligned % 64, 0);
    ExFreePool(Aligned);
    UCHAR *Zeroed = ExAllocatePoolZero(NonPagedPoolNx, 33, TAG);
    assert_int_equal(Zeroed[32], 0);
    ExFreePool(Zeroed);
    assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 10, TAG));
    assert_null(ExAllocatePool2(0, 10, TAG));
    assert_null(ExAllocatePool2(POOL_FLAG_PAGED, 10, 0));
    assert_null(ExAllocatePoolWithTag(PagedPool, (SIZE_T)-100, TAG));
}

static void
expect_one_finding(unsigned Before, const char *Code)
{
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_string_equal(last_finding().code, Code);
}

static void
test_ex_pool__bad_frees_are_findings(void **state)
{
    (void)state;
    DECLSPEC_ALIGN(16) static UCHAR NotPool[64];
    PVOID Block = driver_allocate(64);
    unsigned Before = vf_finding_count();
    driver_free(Block);
    driver_free(Block);
    expect_one_finding(Before, "P-01");
    driver_free(NotPool + 32);
    expect_one_finding(Before + 1, "P-02");
    ExFreePoolWithTag(NULL, TAG);
    expect_one_finding(Before + 2, "P-02");
    Block = driver_allocate(64);
    ExFreePoolWithTag(Block, 'rehO');
    expect_one_finding(Before + 3, "P-03");
    assert_int_equal(live_blocks(), 0);
}

static void
test_ex_pool__overruns_and_late_writes(void **state)
{
    (void)state;
    if (__asan_init) {
        skip();                                /* the sanitizer stops at these itself */
    }
    unsigned Before = vf_finding_count();
    volatile UCHAR *Block = driver_allocate(40);
    Block[40] = 1;
    driver_free((PVOID)Block);
    expect_one_finding(Before, "P-05");
    Block = driver_allocate(40);
    driver_free((PVOID)Block);
    Block[3] = 1;
    ExpPoolQuarantineEmpty(NULL);
    expect_one_finding(Before + 1, "P-04");
}

static void
test_ex_pool__injected_failure(void **state)
{
    (void)state;
    int Rule = vf_inject_add("ExAllocatePoolWithTag", Owner, 2, 0);
    PVOID First = driver_allocate(8), Second = driver_allocate(8), Third = driver_allocate(8);
    uint64_t Calls, Failed;
    assert_true(vf_inject_result(Rule, &Calls, &Failed));
    vf_inject_clear();
    assert_true(First != NULL && Second == NULL && Third != NULL);
    assert_int_equal(Calls, 3);
    assert_int_equal(Failed, 1);
    driver_free(First);
    driver_free(Third);
}

static void
test_ex_pool__paged_above_apc_level(void **state)
{
    (void)state;
    KIRQL Irql;
    unsigned Before = vf_finding_count();
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    PVOID Block = driver_allocate(8);
    KeLowerIrql(Irql);
    driver_free(Block);
    expect_one_finding(Before, "N-03");
}

/* ---- lookaside lists ---- */

static NPAGED_LOOKASIDE_LIST Lookaside;
static LONG CustomLive;

static PVOID
custom_allocate(POOL_TYPE Type, SIZE_T Size, ULONG Tag)
{
    CustomLive++;
    return ExAllocatePoolWithTag(Type, Size, Tag);
}

static VOID
custom_free(PVOID Block)
{
    CustomLive--;
    ExFreePool(Block);
}

DRIVER static VOID
driver_initialize_lookaside(PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free)
{
    ExInitializeNPagedLookasideList(&Lookaside, Allocate, Free, 0, 40, TAG, 0);
    __asm__ volatile("" ::: "memory");
}

static uint64_t
live_lists(void)
{
    struct vf_counts Counts;
    vf_owner_counts(Owner, VF_LOOKASIDE, &Counts);
    return Counts.live;
}

static void
lookaside_rounds(enum vf_level Level)
{
    PVOID Entries[10];
    vf_set_level(Level);
    driver_initialize_lookaside(NULL, NULL);
    assert_int_equal(live_lists(), 1);
    for (int Round = 0; Round < 3; Round++) {
        for (int i = 0; i < 10; i++) {
            Entries[i] = ExAllocateFromNPagedLookasideList(&Lookaside);
            assert_non_null(Entries[i]);
            memset(Entries[i], i, 40);
        }
        for (int i = 0; i < 10; i++) {
            ExFreeToNPagedLookasideList(&Lookaside, Entries[i]);
        }
    }
    assert_int_equal(Lookaside.L.TotalAllocates, 30);
    assert_int_equal(Lookaside.L.AllocateMisses, Level == VF_OFF && !__asan_init ? 10 : 30);
    ExDeleteNPagedLookasideList(&Lookaside);
    assert_int_equal(live_lists(), 0);
    assert_int_equal(live_blocks(), 0);
    vf_set_level(VF_STANDARD);
}

static void
test_ex_lookaside__reuses_and_gives_back(void **state)
{
    (void)state;
    assert_int_equal(sizeof(Lookaside), 128);
    lookaside_rounds(VF_OFF);
    lookaside_rounds(VF_STANDARD);
    driver_initialize_lookaside(custom_allocate, custom_free);
    PVOID Entry = ExAllocateFromNPagedLookasideList(&Lookaside);
    assert_int_equal(CustomLive, 1);
    ExFreeToNPagedLookasideList(&Lookaside, Entry);
    ExDeleteNPagedLookasideList(&Lookaside);
    assert_int_equal(CustomLive, 0);
}

static void
test_ex_lookaside__forgotten_list_is_a_leak(void **state)
{
    (void)state;
    driver_initialize_lookaside(NULL, NULL);
    assert_int_equal(vf_report_leaks(Owner), 1);
    assert_non_null(strstr(last_finding().text, "lookaside list"));
    ExDeleteNPagedLookasideList(&Lookaside);
    assert_int_equal(vf_report_leaks(Owner), 0);
}

static void
test_ex_lookaside__ex_lists(void **state)
{
    (void)state;
    DECLSPEC_ALIGN(16) static LOOKASIDE_LIST_EX List;
    assert_int_equal(ExInitializeLookasideListEx(&List, NULL, NULL, PagedPool, 3, 40, TAG, 0), STATUS_INVALID_PARAMETER_5);
    assert_int_equal(ExInitializeLookasideListEx(&List, NULL, NULL, PagedPool, 0, 40, TAG, 1), STATUS_INVALID_PARAMETER_8);
    assert_int_equal(ExInitializeLookasideListEx(&List, NULL, NULL, PagedPool, 0, 40, TAG, 0), STATUS_SUCCESS);
    PVOID Entry = ExAllocateFromLookasideListEx(&List);
    assert_non_null(Entry);
    ExFreeToLookasideListEx(&List, Entry);
    ExFlushLookasideListEx(&List);
    ExDeleteLookasideListEx(&List);
}

/* ---- threads ---- */

static volatile LONG Left;
static KEVENT Done;

DRIVER static VOID
driver_storm(PVOID Context)
{
    PVOID Blocks[8] = {NULL};
    for (ULONG i = 0; i < 6000; i++) {
        ULONG Slot = (i * 7 + (ULONG)(ULONG_PTR)Context) % 8;
        if (Blocks[Slot] != NULL) {
            ExFreePoolWithTag(Blocks[Slot], TAG);
        }
        Blocks[Slot] = ExAllocatePoolWithTag(NonPagedPool, 1 + i % 300, TAG);
    }
    for (ULONG i = 0; i < 8; i++) {
        ExFreePoolWithTag(Blocks[i], TAG);
    }
    if (InterlockedDecrement(&Left) == 0) {
        KeSetEvent(&Done, 0, FALSE);
    }
}

static void
test_ex_pool__threads_allocate_in_parallel(void **state)
{
    (void)state;
    unsigned Before = vf_finding_count();
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Left = 4;
    for (ULONG_PTR i = 0; i < 4; i++) {
        assert_int_equal(KiStartThread(NULL, driver_storm, (PVOID)i), STATUS_SUCCESS);
    }
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    assert_int_equal(live_blocks(), 0);
    assert_int_equal(vf_finding_count(), Before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ex_pool__is_charged_to_the_calling_driver),
        cmocka_unit_test(test_ex_pool__sizes_alignment_and_zeroing),
        cmocka_unit_test(test_ex_pool__bad_frees_are_findings),
        cmocka_unit_test(test_ex_pool__overruns_and_late_writes),
        cmocka_unit_test(test_ex_pool__injected_failure),
        cmocka_unit_test(test_ex_pool__paged_above_apc_level),
        cmocka_unit_test(test_ex_lookaside__reuses_and_gives_back),
        cmocka_unit_test(test_ex_lookaside__forgotten_list_is_a_leak),
        cmocka_unit_test(test_ex_lookaside__ex_lists),
        cmocka_unit_test(test_ex_pool__threads_allocate_in_parallel),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

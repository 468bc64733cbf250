/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/port.h"
#include "vf/ranks.h"
#include "vf/vf.h"

#define TAG 0x78537463u               /* 'ctSx' as it stands in memory: c t S x */

struct collected {
    unsigned count;
    struct vf_finding last;
    char text[1024], rule[16];
    const char *owner;
};

static void
collect(const struct vf_finding *finding, void *ctx)
{
    struct collected *all = ctx;
    if (all->owner != NULL && strcmp(all->owner, finding->owner) != 0) {
        return;
    }
    all->count++;
    all->last = *finding;
    snprintf(all->text, sizeof(all->text), "%s", finding->text);
    snprintf(all->rule, sizeof(all->rule), "%s", finding->rule != NULL ? finding->rule : "");
}

static int
setup(void **state)
{
    (void)state;
    vf_set_level(VF_STANDARD);
    return 0;
}

static void
test_vf_count__live_freed_and_peak(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("counted");
    struct vf_counts counts;
    for (int i = 0; i < 5; i++) {
        vf_count(owner, VF_POOL, 1);
    }
    vf_count(owner, VF_POOL, -1);
    vf_owner_counts(owner, VF_POOL, &counts);
    assert_int_equal(counts.allocated, 5);
    assert_int_equal(counts.freed, 1);
    assert_int_equal(counts.live, 4);
    assert_int_equal(counts.peak, 5);
}

static void
test_vf_leak__names_acquirer_operation_and_rule(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("leaker");
    static const uint16_t name[] = {'\\', 'a', '\\', 0xE9};
    struct vf_operation operation = {.operation = "IRP_MJ_CREATE", .phase = "pre", .name = name, .name_bytes = sizeof(name), .id = 7, .owner = owner};
    vf_operation_enter(&operation);
    vf_object *object = vf_object_create(owner, VF_CONTEXT_STREAM, &setup, 48, TAG, VF_REASON_ALLOCATE, "FltAllocateContext");
    vf_object_reference(object, VF_REASON_LINK, "FltSetStreamContext");
    vf_object_reference(object, VF_REASON_GET, "FltGetStreamContext");
    vf_object_release(object, VF_REASON_GET, "FltReleaseContext");
    vf_object_reference(object, VF_REASON_GET, "FltGetStreamContext");
    vf_operation_leave(&operation);
    vf_object_note(object, "FltSetStreamContext failed: %s", "STATUS_NOT_SUPPORTED");
    /* No operation now: the newest of this thread goes, which is the get of the create. */
    vf_object_release(object, VF_REASON_ALLOCATE, "FltReleaseContext");

    assert_int_equal(vf_report_leaks(owner), 1);
    struct collected all = {.owner = "leaker"};
    vf_findings(collect, &all);
    assert_int_equal(all.count, 1);
    assert_string_equal(all.last.code, "K-01");
    assert_string_equal(all.last.operation, "pre IRP_MJ_CREATE of \\a\\\xC3\xA9");
    assert_non_null(strstr(all.text, "(48 bytes, tag 'ctSx')"));
    assert_non_null(strstr(all.text, "taken by FltAllocateContext during pre IRP_MJ_CREATE"));
    assert_non_null(strstr(all.text, "STATUS_NOT_SUPPORTED"));
    assert_string_equal(all.rule, "B-01");
    assert_true(all.last.stack != 0 && all.last.acquire != 0);
    assert_int_equal(vf_report_leaks(owner), 1);
    all.count = 0;
    vf_findings(collect, &all);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.last.count, 2);
    vf_object_destroy(object, owner, VF_CONTEXT_STREAM);
    assert_int_equal(vf_report_leaks(owner), 0);
}

static void
test_vf_leak__old_context_has_its_own_code(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("oldctx");
    vf_object *object = vf_object_create(owner, VF_CONTEXT_FILE, &collect, 8, 0, VF_REASON_LINK, "FltSetFileContext");
    vf_object_rename_reference(object, VF_REASON_LINK, VF_REASON_OLD_CONTEXT, "FltDeleteFileContext");
    assert_int_equal(vf_report_leaks(owner), 1);
    struct collected all = {.owner = "oldctx"};
    vf_findings(collect, &all);
    assert_string_equal(all.last.code, "K-09");
    assert_string_equal(all.rule, "E-03");
    vf_object_destroy(object, NULL, VF_CONTEXT_FILE);
}

static void
other_thread_reference(void *arg)
{
    vf_object_reference(arg, VF_REASON_REFERENCE, "FltReferenceContext");
}

static void
find_reason(const struct vf_reference_view *view, void *ctx)
{
    ((unsigned *)ctx)[view->reason]++;
}

static void
test_vf_release__prefers_this_thread_then_the_oldest(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("attribution");
    vf_object *object = vf_object_create(owner, VF_CONTEXT_STREAM, owner, 8, 0, VF_REASON_ALLOCATE, "A");
    port_thread *thread;
    assert_int_equal(port_thread_start(&thread, other_thread_reference, object, "ref"), 0);
    port_thread_join(thread);
    unsigned reasons[VF_REASON_COUNT] = {0};
    vf_object_release(object, VF_REASON_REFERENCE, "FltReleaseContext");
    assert_int_equal(vf_owner_references(owner, find_reason, reasons), 1);
    assert_int_equal(reasons[VF_REASON_REFERENCE], 1);
    vf_object_release(object, VF_REASON_REFERENCE, "FltReleaseContext");
    assert_int_equal(vf_owner_references(owner, find_reason, reasons), 0);
    vf_object_destroy(object, owner, VF_CONTEXT_STREAM);
}

/* Got and given away in one callback: the callback's own release is of what it got, whoever comes later gives back what was added. */
static void
test_vf_release__a_reference_that_is_added_is_given_away(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("given");
    struct vf_operation pre = {.operation = "IRP_MJ_READ", .phase = "pre", .id = 7001, .owner = owner};
    struct vf_operation later = {.phase = "work item", .owner = owner};
    unsigned reasons[VF_REASON_COUNT] = {0};
    vf_operation_enter(&pre);
    vf_object *object = vf_object_create(owner, VF_CONTEXT_STREAM, owner, 8, 0, VF_REASON_LINK, "FltSetStreamContext");
    vf_object_reference(object, VF_REASON_GET, "FltGetStreamContext");
    vf_object_reference(object, VF_REASON_REFERENCE, "FltReferenceContext");
    vf_object_release(object, VF_REASON_GET, "FltReleaseContext");
    vf_owner_references(owner, find_reason, reasons);
    assert_int_equal(reasons[VF_REASON_GET], 0);
    assert_int_equal(reasons[VF_REASON_REFERENCE], 1);
    vf_object_reference(object, VF_REASON_GET, "FltGetStreamContext");      /* this one is never released */
    vf_operation_leave(&pre);
    vf_operation_enter(&later);
    vf_object_release(object, VF_REASON_GET, "FltReleaseContext");
    vf_operation_leave(&later);
    memset(reasons, 0, sizeof(reasons));
    vf_owner_references(owner, find_reason, reasons);
    assert_int_equal(reasons[VF_REASON_GET], 1);
    assert_int_equal(reasons[VF_REASON_REFERENCE], 0);
    vf_object_destroy(object, owner, VF_CONTEXT_STREAM);
}

static void
test_vf_object_was__remembers_the_dead(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("dead"), *found = NULL;
    char place;
    assert_false(vf_object_was(&place, VF_POOL, NULL));
    vf_object_destroy(vf_object_create(owner, VF_POOL, &place, 1, 0, VF_REASON_ALLOCATE, "ExAllocatePool2"), owner, VF_POOL);
    assert_true(vf_object_was(&place, VF_POOL, &found));
    assert_ptr_equal(found, owner);
    assert_false(vf_object_was(&place, VF_RESOURCE, NULL));
}

static void
test_vf_scale__many_objects_and_many_references(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    vf_owner *owner = vf_owner_create("scale");
    vf_object **objects = calloc(COUNT, sizeof(*objects));
    uint64_t start = port_clock_monotonic();
    for (int i = 0; i < COUNT; i++) {
        objects[i] = vf_object_create(owner, VF_POOL, (char *)owner + 16 * i, 1, 0, VF_REASON_ALLOCATE, "ExAllocatePool2");
    }
    for (int i = 0; i < COUNT; i++) {
        vf_object_reference(objects[0], VF_REASON_GET, "get");
    }
    assert_int_equal(vf_report_leaks(owner), 2 * COUNT);
    for (int i = 0; i < COUNT; i++) {
        vf_object_release(objects[0], VF_REASON_GET, "release");
    }
    for (int i = 0; i < COUNT; i++) {
        vf_object_destroy(objects[i], owner, VF_POOL);
    }
    free(objects);
    assert_true(port_clock_monotonic() - start < UINT64_C(30000000000));
    assert_int_equal(vf_owner_references(owner, find_reason, NULL), 0);
}

static vf_object *shared_object;
static void
storm(void *arg)
{
    vf_owner *owner = arg;
    for (int i = 0; i < 3000; i++) {
        struct vf_operation operation = {.operation = "IRP_MJ_READ", .phase = "pre", .id = (uint64_t)i + 1, .owner = owner};
        vf_operation_enter(&operation);
        vf_object *mine = vf_object_create(owner, VF_POOL, &operation, 1, 0, VF_REASON_ALLOCATE, "ExAllocatePool2");
        vf_object_reference(shared_object, VF_REASON_GET, "get");
        vf_object_release(shared_object, VF_REASON_GET, "release");
        vf_object_destroy(mine, owner, VF_POOL);
        vf_operation_leave(&operation);
        if (i % 100 == 0) {
            vf_report("T-01", NULL, NULL, owner, NULL, "storm");
        }
    }
}

static void
test_vf_storm__threads_share_one_owner(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("storm");
    shared_object = vf_object_create(owner, VF_CONTEXT_STREAM, owner, 1, 0, VF_REASON_ALLOCATE, "A");
    port_thread *threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(port_thread_start(&threads[i], storm, owner, "storm"), 0);
    }
    for (int i = 0; i < 4; i++) {
        port_thread_join(threads[i]);
    }
    unsigned reasons[VF_REASON_COUNT] = {0};
    assert_int_equal(vf_owner_references(owner, find_reason, reasons), 1);
    assert_int_equal(reasons[VF_REASON_ALLOCATE], 1);
    struct vf_counts counts;
    vf_owner_counts(owner, VF_POOL, &counts);
    assert_int_equal(counts.allocated, 12000);
    assert_int_equal(counts.live, 0);
    struct collected all = {.owner = "storm"};
    vf_findings(collect, &all);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.last.count, 120);
    vf_object_destroy(shared_object, owner, VF_CONTEXT_STREAM);
}

static void
test_vf_off__counts_but_records_nothing(void **state)
{
    (void)state;
    vf_set_level(VF_OFF);
    vf_owner *owner = vf_owner_create("off");
    struct vf_counts counts;
    assert_null(vf_object_create(owner, VF_POOL, owner, 1, 0, VF_REASON_ALLOCATE, "x"));
    vf_object_reference(NULL, VF_REASON_GET, "x");
    vf_object_release(NULL, VF_REASON_GET, "x");
    vf_owner_counts(owner, VF_POOL, &counts);
    assert_int_equal(counts.live, 1);
    vf_object_destroy(NULL, owner, VF_POOL);
    vf_owner_counts(owner, VF_POOL, &counts);
    assert_int_equal(counts.live, 0);
    vf_set_level(VF_STANDARD);
}

static __attribute__((noinline)) vf_stack
take_stack(void)
{
    vf_stack stack = vf_stack_here(0);
    __asm__ volatile("" ::: "memory");
    return stack;
}

static void
test_vf_stack__is_interned(void **state)
{
    (void)state;
    vf_stack seen[3];
    for (volatile int i = 0; i < 3; i++) {
        seen[i] = take_stack();
    }
    assert_true(seen[0] != 0 && seen[0] == seen[1] && seen[1] == seen[2]);
    assert_true(take_stack() != seen[0]);
    uintptr_t frames[4] = {0};
    assert_true(vf_stack_frames(seen[0], frames, 4) >= 2);
    assert_true(frames[0] > (uintptr_t)take_stack && frames[0] < (uintptr_t)take_stack + 300);
}

static void
count_missing(const char *routine, uintptr_t caller, uint64_t count, void *ctx)
{
    (void)caller;
    if (strcmp(routine, "FltNothing") == 0) {
        *(uint64_t *)ctx += count;
    }
}

static void
test_vf_unimplemented__counts_per_caller(void **state)
{
    (void)state;
    uint64_t total = 0;
    vf_unimplemented("FltNothing", 0x1000);
    vf_unimplemented("FltNothing", 0x1000);
    vf_unimplemented("FltNothing", 0x2000);
    vf_unimplemented_each(count_missing, &total);
    assert_int_equal(total, 3);
}

static void
test_vf_lockdep__order_is_checked(void **state)
{
    (void)state;
    int low[2];
    struct collected all = {.owner = "filterbed"};
    vf_findings(collect, &all);
    unsigned before = all.count;
    vf_lock_acquired(&low[0], VF_RANK_EX);
    vf_lock_acquired(&low[1], VF_RANK_LEAF);
    assert_int_equal(vf_locks_held(), 2);
    assert_true(vf_lock_is_held(&low[0]));
    vf_lock_released(&low[0]);
    vf_lock_released(&low[1]);
    assert_false(vf_lock_is_held(&low[0]));
    all.count = 0;
    vf_findings(collect, &all);
    assert_int_equal(all.count, before);
    vf_lock_acquired(&low[0], VF_RANK_LEAF);
    vf_lock_acquired(&low[1], VF_RANK_EX);
    vf_lock_released(&low[1]);
    vf_lock_released(&low[0]);
    all.count = 0;
    vf_findings(collect, &all);
    assert_int_equal(all.count, before + 1);
    assert_int_equal(vf_locks_held(), 0);
}

static void
test_vf_inject__nth_and_period(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("inject");
    assert_false(vf_inject("ExAllocatePool2", owner));
    int rule = vf_inject_add("ExAllocatePool2", owner, 3, 2);
    bool expected[] = {false, false, true, false, true, false, true};
    for (unsigned i = 0; i < 7; i++) {
        assert_false(vf_inject("FltAllocateContext", owner));
        assert_false(vf_inject("ExAllocatePool2", NULL));
        assert_int_equal(vf_inject("ExAllocatePool2", owner), expected[i]);
    }
    uint64_t calls, failed;
    assert_true(vf_inject_result(rule, &calls, &failed));
    assert_int_equal(calls, 7);
    assert_int_equal(failed, 3);
    vf_inject_clear();
    assert_false(vf_inject("ExAllocatePool2", owner));
}

struct sites {
    unsigned count;
    struct vf_site_view last;
};

static void
take_site(const struct vf_site_view *site, void *ctx)
{
    struct sites *all = ctx;
    all->count++;
    all->last = *site;
}

static __attribute__((noinline)) vf_object *
make(vf_owner *owner, const void *address)
{
    return vf_object_create(owner, VF_CONTEXT_STREAM, address, 16, TAG, VF_REASON_ALLOCATE, "FltAllocateContext");
}

static void
site_storm(void *arg)
{
    char places[64];
    for (int round = 0; round < 200; round++) {
        vf_object *objects[64];
        for (int i = 0; i < 64; i++) {
            objects[i] = make(arg, &places[i]);
        }
        for (int i = 0; i < 64; i++) {
            vf_object_destroy(objects[i], arg, VF_CONTEXT_STREAM);
        }
    }
}

static void
test_vf_site__counts_by_place(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("placed");
    struct sites all = {0};
    char here[2];
    vf_object *one = NULL, *two = NULL;
    volatile int limit = 2;           /* one place: not unrolled */
    for (int i = 0; i < limit; i++) {
        *(i == 0 ? &one : &two) = make(owner, &here[i]);
    }
    vf_object_destroy(one, owner, VF_CONTEXT_STREAM);
    vf_owner_sites(owner, take_site, &all);
    assert_int_equal(all.count, 1);
    assert_int_equal(all.last.kind, VF_CONTEXT_STREAM);
    assert_int_equal(all.last.tag, TAG);
    assert_int_equal(all.last.counts.allocated, 2);
    assert_int_equal(all.last.counts.live, 1);
    assert_int_equal(all.last.counts.peak, 2);
    vf_object_destroy(two, owner, VF_CONTEXT_STREAM);
    port_thread *threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(port_thread_start(&threads[i], site_storm, owner, "site"), 0);
    }
    for (int i = 0; i < 4; i++) {
        port_thread_join(threads[i]);
    }
    all.count = 0;
    vf_owner_sites(owner, take_site, &all);
    assert_int_equal(all.count, 2);
    struct vf_counts counts;
    vf_owner_counts(owner, VF_CONTEXT_STREAM, &counts);
    assert_int_equal(counts.allocated, 2 + 4 * 200 * 64);
    assert_int_equal(counts.live, 0);
}

static void
count_reference(const struct vf_reference_view *view, void *ctx)
{
    assert_string_equal(view->name, "\\a\\File");
    (*(unsigned *)ctx)++;
}

static void
test_vf_references__by_file_name(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("asked");
    static const uint16_t name[] = {'\\', 'a', '\\', 'F', 'i', 'l', 'e'};
    struct vf_operation operation = {.operation = "IRP_MJ_CREATE", .phase = "post", .name = name, .name_bytes = sizeof(name), .id = 9, .owner = owner};
    char places[2];
    unsigned seen = 0;
    vf_operation_enter(&operation);
    vf_object *mine = make(owner, &places[0]);
    vf_object_reference(mine, VF_REASON_LINK, "FltSetStreamContext");
    vf_operation_leave(&operation);
    vf_object *other = make(owner, &places[1]);
    assert_int_equal(vf_owner_references_named(owner, "\\A\\file", 0, count_reference, &seen), 2);
    assert_int_equal(seen, 2);
    assert_int_equal(vf_owner_references_named(owner, "\\a", 0, count_reference, &seen), 0);
    vf_object_destroy(mine, owner, VF_CONTEXT_STREAM);
    vf_object_destroy(other, owner, VF_CONTEXT_STREAM);
}

static void
test_vf_leak__set_that_failed_is_k_10_until_one_succeeds(void **state)
{
    (void)state;
    vf_owner *owner = vf_owner_create("setter");
    struct collected all = {.owner = "setter"};
    char place;
    vf_object *object = make(owner, &place);
    vf_object_set_failed(object, "FltSetStreamContext", 0xC01C0002);
    vf_report_leaks(owner);
    vf_findings(collect, &all);
    assert_string_equal(all.last.code, "K-10");
    assert_string_equal(all.rule, "C-09");
    assert_non_null(strstr(all.text, "FltSetStreamContext failed with STATUS_FLT_CONTEXT_ALREADY_DEFINED"));
    assert_string_equal(all.last.related[0].what, "the set failed");
    assert_int_not_equal(all.last.related[0].stack, 0);
    vf_object_reference(object, VF_REASON_LINK, "FltSetStreamContext");
    vf_report_leaks(owner);
    vf_findings(collect, &all);
    assert_string_equal(all.last.code, "K-01");
    vf_object_destroy(object, owner, VF_CONTEXT_STREAM);
}

static void
test_vf_codes__each_is_complete_and_there_once(void **state)
{
    (void)state;
    unsigned count = 0;
    for (const struct vf_code *code; (code = vf_code_at(count)) != NULL; count++) {
        assert_true(code->title[0] != 0 && code->windows[0] != 0 && code->fix[0] != 0);
        assert_ptr_equal(vf_code_find(code->code), code);
    }
    assert_true(count >= 30);
    assert_null(vf_code_find("K-99"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vf_count__live_freed_and_peak),
        cmocka_unit_test(test_vf_leak__names_acquirer_operation_and_rule),
        cmocka_unit_test(test_vf_leak__old_context_has_its_own_code),
        cmocka_unit_test(test_vf_release__prefers_this_thread_then_the_oldest),
        cmocka_unit_test(test_vf_release__a_reference_that_is_added_is_given_away),
        cmocka_unit_test(test_vf_object_was__remembers_the_dead),
        cmocka_unit_test(test_vf_scale__many_objects_and_many_references),
        cmocka_unit_test(test_vf_storm__threads_share_one_owner),
        cmocka_unit_test(test_vf_off__counts_but_records_nothing),
        cmocka_unit_test(test_vf_stack__is_interned),
        cmocka_unit_test(test_vf_unimplemented__counts_per_caller),
        cmocka_unit_test(test_vf_lockdep__order_is_checked),
        cmocka_unit_test(test_vf_inject__nth_and_period),
        cmocka_unit_test(test_vf_site__counts_by_place),
        cmocka_unit_test(test_vf_references__by_file_name),
        cmocka_unit_test(test_vf_leak__set_that_failed_is_k_10_until_one_succeeds),
        cmocka_unit_test(test_vf_codes__each_is_complete_and_there_once),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

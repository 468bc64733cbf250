/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Calls that are made to fail: the table, the entries that drivers call instead, places, rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port/port.h"
#include "vf/injectp.h"

#define THREADS 4
#define CALLS 2000

static char message[1024];

/* ---- the table ---- */

static void
test_vf_inject__table_is_sorted_and_its_statuses_exist(void **state)
{
    (void)state;
    assert_true(fault_row_count > 150);
    for (unsigned i = 0; i < fault_row_count; i++) {
        const struct fault_row *row = &fault_rows[i];
        assert_true(i == 0 || strcmp(fault_rows[i - 1].routine, row->routine) < 0);
        assert_ptr_equal(fault_row_find(row->routine, strlen(row->routine)), row);
        assert_int_equal(strncmp(row->routine, "Flt", 3) == 0 || row->kind == FAULT_MEMORY, 1);
        for (const char *at = row->statuses; strcmp(row->statuses, "NULL") != 0 && *at != 0;) {
            const size_t n = strcspn(at, " ");
            char text[160];
            snprintf(text, sizeof(text), "status:%s=STATUS_%.*s", row->routine, (int)n, at);
            assert_int_equal(vf_inject_option(text, false, message, sizeof(message)), 0);
            const char *name = strstr(text, "STATUS_");
            const uint32_t value = fb_status_value(name, strlen(name));
            assert_true((value & 0x80000000u) != 0 || strcmp(name, "STATUS_TIMEOUT") == 0);
            at += n + (at[n] == ' ');
        }
    }
}

static void
test_vf_inject__unknown_names_are_answered_with_near_ones(void **state)
{
    (void)state;
    assert_int_equal(vf_inject_option("status:fltgetstreamcontext=STATUS_NOT_FOUND", false, message, sizeof(message)), -1);
    assert_non_null(strstr(message, "near names that can: FltGetStreamContext,"));
    assert_int_equal(vf_inject_option("status:FltGetStreamContext=STATUS_PENDING", false, message, sizeof(message)), -1);
    assert_non_null(strstr(message, "it does with: STATUS_NOT_FOUND STATUS_NOT_SUPPORTED"));
    assert_int_equal(vf_inject_option("status:FltAllocateFileLock=NULL", false, message, sizeof(message)), -1);
}

static void
test_vf_inject__memory(void **state)
{
    (void)state;
    uint32_t status;
    assert_true(fault_row_memory(fault_row_find("FltReadFile", 11), &status));
    assert_int_equal(status, 0xC000009A);
    assert_true(fault_row_memory(fault_row_find("RtlDuplicateUnicodeString", 25), &status));
    assert_int_equal(status, 0xC0000017);
    assert_true(fault_row_memory(fault_row_find("IoMakeAssociatedIrp", 19), &status));
    assert_int_equal(status, 0);
    assert_false(fault_row_memory(fault_row_find("FltGetStreamContext", 19), &status));
}

/* ---- entries ---- */

static uint64_t seen[15];

static uint32_t
target(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h, uint64_t i, uint64_t j,
       uint64_t k, uint64_t l, uint64_t m, uint64_t n, uint64_t o)
{
    const uint64_t all[15] = {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o};
    memcpy(seen, all, sizeof(seen));
    return 0x40000000;
}

static int set_calls, get_calls;
static uint32_t set_status;

static uint32_t
fake_set(uint64_t instance, uint64_t file, uint64_t operation, uint64_t new, void **old)
{
    assert_int_equal(instance, 1);
    assert_int_equal(file, 2);
    assert_int_equal(operation, 1);
    assert_int_equal(new, 4);
    assert_null(old);
    set_calls++;
    return set_status;
}

static uint32_t
fake_get(uint64_t instance, uint64_t file, void **context)
{
    assert_int_equal(instance, 1);
    assert_int_equal(file, 2);
    *context = (void *)4;
    get_calls++;
    return 0;
}

static const void *
find(const char *name)
{
    const void *function;
    uint32_t (*get)(uint64_t, uint64_t, void **) = fake_get;
    assert_string_equal(name, "FltGetStreamContext");
    memcpy(&function, &get, sizeof(function));
    return function;
}

static void *
entry_of(const char *routine, const void *function)
{
    union { const void *constant; void *function; } entry = {vf_inject_entry(routine, function, find)};
    return entry.function;
}

static const void *
address(uint32_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                             uint64_t, uint64_t, uint64_t, uint64_t))
{
    const void *result;
    memcpy(&result, &function, sizeof(result));
    return result;
}

static void
test_vf_inject__an_entry_goes_on_or_fails(void **state)
{
    (void)state;
    struct { uint32_t status; uint64_t information; } block = {77, 77};
    uint64_t handle = 77, file = 77;
    uint32_t (*call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                     uint64_t, uint64_t, uint64_t);
    assert_null(entry_of("FltCreateFileEx", address(target)));
    assert_null(entry_of("FltNoSuchRoutine", address(target)));
    assert_int_equal(vf_inject_option("status:FltCreateFileEx=STATUS_SHARING_VIOLATION@2", true, message, sizeof(message)), 0);
    void *entry = entry_of("FltCreateFileEx", address(target));
    assert_non_null(entry);
    memcpy(&call, &entry, sizeof(call));
    for (int i = 0; i < 3; i++) {
        memset(seen, 0, sizeof(seen));
        const uint32_t status = call(1, 2, (uintptr_t)&handle, (uintptr_t)&file, 5, 6, (uintptr_t)&block, 8, 9, 10, 11, 12, 13, 14, 15);
        assert_int_equal(status, i == 1 ? 0xC0000043 : 0x40000000);
        assert_int_equal(seen[0], i == 1 ? 0 : 1);
        assert_int_equal(seen[14], i == 1 ? 0 : 15);
        assert_int_equal(handle, i < 1 ? 77 : 0);
        assert_int_equal(block.status, i < 1 ? 77 : 0xC0000043);
        assert_int_equal(block.information, i < 1 ? 77 : 0);
        assert_int_equal(file, i < 1 ? 77 : 0);
    }
}

static void
test_vf_inject__a_larger_buffer_is_asked_for(void **state)
{
    (void)state;
    uint32_t needed = 77, (*call)(uint64_t, uint64_t, uint64_t);
    assert_int_equal(vf_inject_option("status:FltGetVolumeName=STATUS_BUFFER_TOO_SMALL", true, message, sizeof(message)), 0);
    void *entry = entry_of("FltGetVolumeName", address(target));
    memcpy(&call, &entry, sizeof(call));
    assert_int_equal(call(1, 0, (uintptr_t)&needed), 0xC0000023);
    assert_true(needed >= 1024);
    assert_int_equal(call(1, 0, 0), 0xC0000023);
}

static void
test_vf_inject__calls_that_cannot_end_so_are_left_alone(void **state)
{
    (void)state;
    uint32_t (*call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    assert_int_equal(vf_inject_option("status:FltSendMessage=STATUS_TIMEOUT", true, message, sizeof(message)), 0);
    assert_int_equal(vf_inject_option("status:FltReadFile=STATUS_END_OF_FILE", true, message, sizeof(message)), 0);
    void *entry = entry_of("FltSendMessage", address(target));
    memcpy(&call, &entry, sizeof(call));
    assert_int_equal(call(1, 2, 3, 4, 0, 0, 0, 0), 0x40000000);
    assert_int_equal(call(1, 2, 3, 4, 0, 0, 7, 0), 0x102);
    entry = entry_of("FltReadFile", address(target));
    memcpy(&call, &entry, sizeof(call));
    assert_int_equal(call(1, 2, 3, 4, 5, 6, 0, 8), 0x40000000);
    assert_int_equal(call(1, 2, 3, 4, 5, 6, 0, 0), 0xC0000011);
}

static void
test_vf_inject__somebody_else_set_the_context_first(void **state)
{
    (void)state;
    const void *function;
    void *old = NULL;
    uint32_t (*set)(uint64_t, uint64_t, uint64_t, uint64_t, void **) = fake_set, (*call)(uint64_t, uint64_t, uint64_t, uint64_t, void **);
    memcpy(&function, &set, sizeof(function));
    assert_int_equal(vf_inject_option("status:FltSetStreamContext=STATUS_FLT_CONTEXT_ALREADY_DEFINED", true, message, sizeof(message)), 0);
    void *entry = entry_of("FltSetStreamContext", function);
    memcpy(&call, &entry, sizeof(call));
    assert_int_equal(call(1, 2, 1, 4, &old), 0xC01C0002);
    assert_ptr_equal(old, (void *)4);
    assert_int_equal(call(1, 2, 1, 4, NULL), 0xC01C0002);
    assert_int_equal(set_calls, 2);
    assert_int_equal(get_calls, 1);
    set_status = 0xC00000BB;
    assert_int_equal(call(1, 2, 1, 4, NULL), 0xC00000BB);
}

/* ---- places ---- */

static vf_owner *owner;
static bool result;

__attribute__((noinline)) static void
place_one(void)
{
    result = vf_inject("ExAllocatePool2", owner);
    atomic_signal_fence(memory_order_seq_cst); /* no sibling call */
}

__attribute__((noinline)) static void
place_two(void)
{
    result = vf_inject("ExAllocatePool2", owner);
    atomic_signal_fence(memory_order_seq_cst);
    result |= vf_inject("FltStartFiltering", owner); /* its page knows of no lack of memory */
    result |= vf_inject("FltReadFile", owner);       /* counted by its entry, where drivers call it */
    atomic_signal_fence(memory_order_seq_cst);
}

struct noted {
    unsigned count;
    uint64_t key, calls;
};

static void
note_site(const struct vf_inject_site_view *view, void *ctx)
{
    struct noted *noted = ctx;
    assert_string_equal(view->routine, "ExAllocatePool2");
    assert_null(view->statuses);
    noted->count++;
    if (view->calls == 3) {
        noted->key = view->key;
    }
    noted->calls += view->calls;
}

static void
test_vf_inject__places(void **state)
{
    (void)state;
    struct noted noted = {0};
    char text[64];
    const uintptr_t one = (uintptr_t)place_one, two = (uintptr_t)place_two, low = one < two ? one : two;
    struct port_module module = {.name = "places", .base = low, .end = (one < two ? two : one) + 256};
    assert_int_equal(port_module_register(&module), 0);
    owner = vf_owner_create("places");
    assert_int_equal(vf_inject_option("alloc:note", true, message, sizeof(message)), 0);
    for (int i = 0; i < 3; i++) {
        place_two();
        assert_false(result);
    }
    place_one();
    assert_int_equal(vf_inject_each_site(note_site, &noted), 0);
    assert_int_equal(noted.count, 2);
    assert_int_equal(noted.calls, 4);
    snprintf(text, sizeof(text), "alloc:site=%016llx", (unsigned long long)noted.key);
    assert_int_equal(vf_inject_option(text, true, message, sizeof(message)), 0);
    place_one();
    assert_false(result);
    place_two();
    assert_true(result);
    place_two();
    assert_false(result);
    vf_inject_clear();
}

static _Atomic(unsigned) failures;

static void
allocate(void *arg)
{
    (void)arg;
    for (int i = 0; i < CALLS; i++) {
        if (vf_inject("ExAllocatePool2", owner)) {
            atomic_fetch_add(&failures, 1);
        }
    }
}

static void
count_rule(const struct vf_inject_view *view, void *ctx)
{
    if (strcmp(view->text, "alloc:5000") == 0) {
        assert_int_equal(view->calls, THREADS * CALLS);
        assert_int_equal(view->failed, 1);
        ++*(unsigned *)ctx;
    }
}

static void
test_vf_inject__one_of_many_threads_fails(void **state)
{
    (void)state;
    port_thread *threads[THREADS];
    unsigned rules = 0;
    assert_int_equal(vf_inject_option("alloc:5000", true, message, sizeof(message)), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(port_thread_start(&threads[i], allocate, NULL, "allocate"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        port_thread_join(threads[i]);
    }
    assert_int_equal(failures, 1);
    vf_inject_each(count_rule, &rules);
    assert_int_equal(rules, 1);
    vf_inject_clear();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vf_inject__table_is_sorted_and_its_statuses_exist),
        cmocka_unit_test(test_vf_inject__unknown_names_are_answered_with_near_ones),
        cmocka_unit_test(test_vf_inject__memory),
        cmocka_unit_test(test_vf_inject__an_entry_goes_on_or_fails),
        cmocka_unit_test(test_vf_inject__a_larger_buffer_is_asked_for),
        cmocka_unit_test(test_vf_inject__calls_that_cannot_end_so_are_left_alone),
        cmocka_unit_test(test_vf_inject__somebody_else_set_the_context_first),
        cmocka_unit_test(test_vf_inject__places),
        cmocka_unit_test(test_vf_inject__one_of_many_threads_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

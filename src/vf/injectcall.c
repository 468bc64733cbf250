/* SPDX-License-Identifier: MIT */
/*
 * Calls that return a failure without doing anything.  faults.def says which routines can be made to fail, with what, and what becomes of
 * their output then.  inject_amd64.S has the entries that drivers call.
 *
 * STATUS_FLT_CONTEXT_ALREADY_DEFINED means that somebody else was first.  A driver may then use what it got as the old context, so there
 * must be one: the context is set, and is the old context too, as if it were another of the same contents.  All references are right.
 */
#include <string.h>

#include "vf/injectp.h"

#define ENTRY_BYTES 16                /* of inject_amd64.S */
#define BUFFER_TOO_SMALL 0xC0000023u
#define ALREADY_DEFINED 0xC01C0002u
#define TIMEOUT 0x00000102u
#define LARGER 4096                   /* "the buffer would have to be this large" */
#define KEEP_IF_EXISTS 1

#define ROW(name, is, may, ...) {.routine = #name, .kind = is, .statuses = may, __VA_ARGS__},
const struct fault_row fault_rows[] = {
#include "vf/faults.def"
};
const unsigned fault_row_count = sizeof(fault_rows) / sizeof(fault_rows[0]);
_Static_assert(sizeof(fault_rows) / sizeof(fault_rows[0]) <= FAULT_ROWS, "inject_amd64.S has an entry for every row");

/* Constant once drivers run, but for the counters. */
struct call_state {
    struct fault_rule rule;           /* text NULL: none */
    const void *target, *get;
    bool memory;                      /* an allocation, and allocations are made to fail or noted */
    uint32_t memory_status;
    _Atomic(uint64_t) calls, failed;
    _Atomic(vf_stack) stack;
};
static struct call_state call_states[sizeof(fault_rows) / sizeof(fault_rows[0])];
static bool call_memory;              /* there are rules for allocations */

extern const char vf_inject_stubs[] __attribute__((visibility("hidden")));
const void *vf_inject_decide(uint64_t *slots);

/* ---- the table ---- */

bool
fault_list_has(const char *list, const char *word, size_t length)
{
    while (*list != 0) {
        const size_t n = strcspn(list, " ");
        if (n == length && memcmp(list, word, n) == 0) {
            return true;
        }
        list += n + (list[n] == ' ');
    }
    return false;
}

const struct fault_row *
fault_row_find(const char *routine, size_t length)
{
    size_t low = 0, high = fault_row_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const char *name = fault_rows[middle].routine;
        int order = strncmp(routine, name, length);
        order = order == 0 && name[length] != 0 ? -1 : order;
        if (order == 0) {
            return &fault_rows[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool
fault_row_memory(const struct fault_row *row, uint32_t *status)
{
    static const char *const names[] = {"INSUFFICIENT_RESOURCES", "NO_MEMORY"};
    *status = 0;
    if (row->kind == FAULT_MEMORY && strcmp(row->statuses, "NULL") == 0) {
        return true;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (fault_list_has(row->statuses, names[i], strlen(names[i]))) {
            char name[40] = "STATUS_";
            strcat(name, names[i]);
            *status = fb_status_value(name, strlen(name));
            return row->kind != FAULT_UNDO;
        }
    }
    return false;
}

void
fault_rule_set(const struct fault_row *row, const struct fault_rule *rule)
{
    if (row == NULL) {
        call_memory = true;
    } else {
        call_states[row - fault_rows].rule = *rule;
    }
}

/* ---- a call ---- */

static uint64_t
call_argument(const uint64_t *slots, unsigned number)
{
    return number <= 6 ? slots[1 + number] : slots[10 + number - 7];
}

static void
call_outputs(const struct fault_row *row, const uint64_t *slots, uint32_t status)
{
    for (int i = 0; i < 2; i++) {
        void **pointer = row->pointer[i] != 0 ? (void **)(uintptr_t)call_argument(slots, row->pointer[i]) : NULL;
        if (pointer != NULL) {
            *pointer = NULL;
        }
    }
    uint32_t *number = row->number != 0 ? (uint32_t *)(uintptr_t)call_argument(slots, row->number) : NULL;
    if (number != NULL) {
        *number = status == BUFFER_TOO_SMALL ? LARGER : 0;
    }
    struct { uint32_t status; uint64_t information; } *block =
        row->block != 0 ? (void *)(uintptr_t)call_argument(slots, row->block) : NULL;
    if (block != NULL) {
        block->status = status;
        block->information = 0;
    }
}

/* Can the call end so at all? */
static bool
call_possible(const struct fault_row *row, const uint64_t *slots, uint32_t status)
{
    if (status == ALREADY_DEFINED && row->operation != 0) {
        return (uint32_t)call_argument(slots, row->operation) == KEEP_IF_EXISTS &&
               (row->get != NULL || call_argument(slots, row->operation + 2u) == 0);
    }
    return status != TIMEOUT || row->timeout == 0 || call_argument(slots, row->timeout) != 0;
}

/* Somebody else was first. */
static uint32_t
call_second(const struct fault_row *row, const struct call_state *state, const uint64_t *slots)
{
    uint32_t (*set)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    uint32_t (*get)(uint64_t, uint64_t, uint64_t);
    void **old = (void **)(uintptr_t)call_argument(slots, row->operation + 2u);
    const uint64_t none = 0, object = call_argument(slots, 2);
    memcpy(&set, &state->target, sizeof(set));
    memcpy(&get, &state->get, sizeof(get));
    const uint32_t status = row->operation == 3 ? set(slots[2], object, KEEP_IF_EXISTS, slots[5], none)
                                                : set(slots[2], KEEP_IF_EXISTS, slots[4], none, none);
    if (status != 0) {
        return status;
    }
    if (old != NULL) {
        vf_reference_as_old = row->routine; /* what the driver owes is for this call */
        const uint32_t got = get == NULL            ? 1
                             : row->operation == 3 ? get(slots[2], object, (uintptr_t)old)
                                                    : get(slots[2], (uintptr_t)old, none);
        vf_reference_as_old = NULL;
        if (got != 0) {
            *old = NULL; /* gone again */
        }
    }
    return ALREADY_DEFINED;
}

/* Does this call fail now, by the rule of its routine? */
static bool
call_due(const struct fault_row *row, struct call_state *state, const uint64_t *slots)
{
    const struct fault_rule *rule = &state->rule;
    if (rule->text == NULL || !call_possible(row, slots, rule->status) || (rule->key != 0 && fault_site_key(row->routine) != rule->key)) {
        return false;
    }
    const uint64_t call = atomic_fetch_add_explicit(&state->calls, 1, memory_order_relaxed) + 1;
    if (rule->nth != 0 && rule->nth != call) {
        return false;
    }
    if (atomic_fetch_add_explicit(&state->failed, 1, memory_order_relaxed) == 0) {
        atomic_store_explicit(&state->stack, vf_stack_here(1), memory_order_relaxed);
    }
    return true;
}

/* From inject_amd64.S: where to go on, or NULL with the status in the first slot. */
__attribute__((visibility("hidden"))) const void *
vf_inject_decide(uint64_t *slots)
{
    const struct fault_row *row = &fault_rows[slots[1]];
    struct call_state *state = &call_states[slots[1]];
    uint32_t status;
    if ((row->asynchronous != 0 && call_argument(slots, row->asynchronous) != 0) ||
        (row->only != 0 && (uint8_t)call_argument(slots, row->only) == 0)) {
        return state->target;
    }
    if ((fault_noting & FAULT_NOTE_CALLS) != 0 && row->kind != FAULT_MEMORY && row->kind != FAULT_UNDO) {
        fault_site_note(row, row->routine);
    }
    if (state->memory && vf_inject_allocation(row->routine)) {
        status = state->memory_status;
    } else if (!call_due(row, state, slots)) {
        return state->target;
    } else if (state->rule.status == ALREADY_DEFINED && row->operation != 0) {
        slots[0] = call_second(row, state, slots);
        return NULL;
    } else {
        status = state->rule.status;
    }
    call_outputs(row, slots, status);
    slots[0] = status;
    return NULL;
}

const void *
vf_inject_entry(const char *routine, const void *target, const void *(*find)(const char *name))
{
    const struct fault_row *row = fault_row_find(routine, strlen(routine));
    if (row == NULL) {
        return NULL;
    }
    struct call_state *state = &call_states[row - fault_rows];
    state->memory = call_memory && fault_row_memory(row, &state->memory_status);
    if (state->rule.text == NULL && !state->memory && (fault_noting & FAULT_NOTE_CALLS) == 0) {
        return NULL;
    }
    state->target = target;
    state->get = row->get != NULL ? find(row->get) : NULL;
    return vf_inject_stubs + (row - fault_rows) * ENTRY_BYTES;
}

void
vf_inject_each_call(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx)
{
    for (unsigned i = 0; i < fault_row_count; i++) {
        const struct call_state *state = &call_states[i];
        if (state->rule.text != NULL) {
            struct vf_inject_view view = {state->rule.text, fault_rows[i].routine, state->calls, state->failed, state->stack};
            fn(&view, ctx);
        }
    }
}

void
vf_inject_each(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx)
{
    vf_inject_each_rule(fn, ctx);
    vf_inject_each_call(fn, ctx);
}

/* SPDX-License-Identifier: MIT */
/* Fault injection: rules that make the n-th call of a routine fail. */
#include <string.h>

#include "vf/injectp.h"

#define INJECT_RULES 16

struct inject_rule {
    char routine[64];                 /* empty: any */
    vf_owner *owner;
    uint64_t nth, period;
    uint64_t calls, failed;
    bool allocations;                 /* every routine that allocates, every driver */
    uint64_t key;                     /* of them: at this place only; 0: all */
    const char *text;                 /* of the option; NULL: made by vf_inject_add, or nothing fails */
    const char *first;                /* routine of the first failure */
    vf_stack stack;
};

_Atomic(int) vf_inject_on;
static port_lock inject_lock;         /* protects the rules */
static struct inject_rule inject_rules[INJECT_RULES];
static int inject_count;

int
vf_inject_add(const char *routine, vf_owner *owner, uint64_t nth, uint64_t period)
{
    int rule = -1;
    port_lock_acquire(&inject_lock);
    if (inject_count < INJECT_RULES && (routine == NULL || strlen(routine) < sizeof(inject_rules[0].routine))) {
        rule = inject_count++;
        inject_rules[rule] = (struct inject_rule){.owner = owner, .nth = nth, .period = period};
        if (routine != NULL) {
            strcpy(inject_rules[rule].routine, routine);
        }
        atomic_store_explicit(&vf_inject_on, 1, memory_order_release);
    }
    port_lock_release(&inject_lock);
    return rule;
}

int
vf_inject_add_allocation(const struct fault_rule *of)
{
    int rule = -1;
    port_lock_acquire(&inject_lock);
    if (inject_count < INJECT_RULES) {
        rule = inject_count++;
        inject_rules[rule] = (struct inject_rule){.nth = of->nth, .allocations = true, .key = of->key, .text = of->text};
        atomic_store_explicit(&vf_inject_on, 1, memory_order_release);
    }
    port_lock_release(&inject_lock);
    return rule;
}

void
vf_inject_each_rule(void (*fn)(const struct vf_inject_view *view, void *ctx), void *ctx)
{
    struct inject_rule rules[INJECT_RULES];
    port_lock_acquire(&inject_lock);
    const int count = inject_count;
    memcpy(rules, inject_rules, sizeof(rules));
    port_lock_release(&inject_lock);
    for (int i = 0; i < count; i++) {
        if (rules[i].text != NULL) {
            struct vf_inject_view view = {rules[i].text, rules[i].first, rules[i].calls, rules[i].failed, rules[i].stack};
            fn(&view, ctx);
        }
    }
}

void
vf_inject_clear(void)
{
    port_lock_acquire(&inject_lock);
    inject_count = 0;
    atomic_store_explicit(&vf_inject_on, 0, memory_order_release);
    port_lock_release(&inject_lock);
}

bool
vf_inject_result(int rule, uint64_t *calls, uint64_t *failed)
{
    port_lock_acquire(&inject_lock);
    bool known = rule >= 0 && rule < inject_count;
    if (known) {
        *calls = inject_rules[rule].calls;
        *failed = inject_rules[rule].failed;
    }
    port_lock_release(&inject_lock);
    return known;
}

/* The calls of some routines are caught on their way here (injectcall.c): they do not count twice. */
static bool
inject_allocates(const char *routine)
{
    uint32_t status;
    const struct fault_row *row = fault_row_find(routine, strlen(routine));
    return (row == NULL || !fault_row_memory(row, &status)) && (strncmp(routine, "Flt", 3) != 0 || strstr(routine, "Allocate") != NULL);
}

static bool
inject_match(const struct inject_rule *rule, const char *routine, const vf_owner *owner)
{
    return (rule->owner == NULL || rule->owner == owner) && (rule->routine[0] == 0 || strcmp(rule->routine, routine) == 0);
}

/* Lock: inject_lock. */
static bool
inject_count_call(struct inject_rule *rule, const char *routine)
{
    rule->calls++;
    if (rule->calls != rule->nth && (rule->period == 0 || rule->calls <= rule->nth || (rule->calls - rule->nth) % rule->period != 0)) {
        return false;
    }
    if (rule->failed++ == 0) {
        rule->first = routine;
        rule->stack = vf_stack_here(2);
    }
    return true;
}

bool
vf_inject_allocation(const char *routine)
{
    const uint64_t key = fault_site_key(routine);
    bool fail = false;
    if ((fault_noting & FAULT_NOTE_ALLOCATIONS) != 0) {
        fault_site_note(NULL, routine);
    }
    port_lock_acquire(&inject_lock);
    for (int i = 0; i < inject_count; i++) {
        struct inject_rule *rule = &inject_rules[i];
        if (rule->allocations && (rule->key == 0 || rule->key == key)) {
            fail |= inject_count_call(rule, routine);
        }
    }
    port_lock_release(&inject_lock);
    return fail;
}

bool
vf_inject_slow(const char *routine, vf_owner *owner)
{
    bool fail = false;
    port_lock_acquire(&inject_lock);
    for (int i = 0; i < inject_count; i++) {
        struct inject_rule *rule = &inject_rules[i];
        if (!rule->allocations && inject_match(rule, routine, owner)) {
            fail |= inject_count_call(rule, routine);
        }
    }
    port_lock_release(&inject_lock);
    if (owner != NULL && owner != &vf_runtime_owner && inject_allocates(routine)) {
        fail |= vf_inject_allocation(routine);
    }
    return fail;
}

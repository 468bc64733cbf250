/* SPDX-License-Identifier: MIT */
/* Fault injection: rules that make the n-th call of a routine fail. */
#include <string.h>

#include "vf/vfp.h"

#define INJECT_RULES 16

struct inject_rule {
    char routine[64];                 /* empty: any */
    vf_owner *owner;
    uint64_t nth, period;
    uint64_t calls, failed;
    bool allocations;                 /* every routine that allocates, every driver */
    const char *text;                 /* of the option; NULL: made by vf_inject_add */
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
vf_inject_add_allocation(const char *text, uint64_t nth)
{
    int rule = -1;
    port_lock_acquire(&inject_lock);
    if (inject_count < INJECT_RULES) {
        rule = inject_count++;
        inject_rules[rule] = (struct inject_rule){.nth = nth, .allocations = true, .text = text};
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

static bool
inject_match(const struct inject_rule *rule, const char *routine, const vf_owner *owner)
{
    if (rule->allocations) {
        return owner != NULL && owner != &vf_runtime_owner && strstr(routine, "Allocate") != NULL;
    }
    return (rule->owner == NULL || rule->owner == owner) && (rule->routine[0] == 0 || strcmp(rule->routine, routine) == 0);
}

bool
vf_inject_slow(const char *routine, vf_owner *owner)
{
    bool fail = false;
    port_lock_acquire(&inject_lock);
    for (int i = 0; i < inject_count; i++) {
        struct inject_rule *rule = &inject_rules[i];
        if (!inject_match(rule, routine, owner)) {
            continue;
        }
        rule->calls++;
        if (rule->calls == rule->nth ||
            (rule->period != 0 && rule->calls > rule->nth && (rule->calls - rule->nth) % rule->period == 0)) {
            if (rule->failed++ == 0) {
                rule->first = routine;
                rule->stack = vf_stack_here(1);
            }
            fail = true;
        }
    }
    port_lock_release(&inject_lock);
    return fail;
}

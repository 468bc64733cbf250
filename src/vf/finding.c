/* SPDX-License-Identifier: MIT */
/* Findings: found by code, owner and stack (and text, where no stack is known); the first of a kind is kept, the rest counted. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

#define FINDING_BUCKETS 1024

struct finding_entry {
    struct finding_entry *chain;      /* constant */
    struct finding_entry *next;       /* findings_lock: in order of arrival */
    vf_owner *owner;
    const void *check;                /* constant */
    struct vf_finding finding;        /* constant but for the count, which is under findings_lock */
};

static port_lock findings_lock;       /* protects all below */
static struct finding_entry *finding_buckets[FINDING_BUCKETS];
static struct finding_entry *findings_first, **findings_tail = &findings_first;
static _Atomic(unsigned) findings_total;
static void (*finding_hook)(const struct vf_finding *finding, void *ctx);
static void *finding_hook_ctx;

static uint32_t
finding_hash(const struct vf_finding_input *input)
{
    uint64_t hash = (uintptr_t)input->owner ^ ((uint64_t)input->stack << 20);
    for (const char *at = input->code; *at != 0; at++) {
        hash = hash * 31 + (unsigned char)*at;
    }
    return (uint32_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> 40) % FINDING_BUCKETS;
}

/* A place that is a whole routine does not say what was wrong there; the text does. */
static bool
finding_same(const struct finding_entry *entry, const struct vf_finding_input *input)
{
    return entry->owner == input->owner && entry->check == input->check && entry->finding.stack == input->stack &&
           strcmp(entry->finding.code, input->code) == 0 && ((input->stack != 0 && !input->routine) || strcmp(entry->finding.text, input->text) == 0);
}

static char *
finding_copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

static struct finding_entry *
finding_create(const struct vf_finding_input *input)
{
    struct finding_entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return NULL;
    }
    entry->owner = input->owner;
    entry->check = input->check;
    entry->finding.code = finding_copy(input->code);
    entry->finding.rule = finding_copy(input->rule);
    entry->finding.bugcheck = finding_copy(input->bugcheck);
    entry->finding.owner = vf_owner_name(input->owner);
    entry->finding.text = finding_copy(input->text);
    entry->finding.object = input->object;
    entry->finding.kind = input->kind;
    entry->finding.thread = input->thread;
    entry->finding.stack = input->stack;
    entry->finding.acquire = input->acquire;
    memcpy(entry->finding.related, input->related, sizeof(input->related));
    entry->finding.fault = input->fault;
    entry->finding.count = 1;
    if (input->operation != NULL) {
        snprintf(entry->finding.operation, sizeof(entry->finding.operation), "%s", input->operation);
    }
    if (entry->finding.code == NULL || entry->finding.text == NULL) {
        free(entry);                  /* out of memory: the finding is lost, the run goes on */
        return NULL;
    }
    return entry;
}

void
vf_finding_add(const struct vf_finding_input *input)
{
    struct finding_entry **bucket = &finding_buckets[finding_hash(input)];
    struct finding_entry *fresh = NULL;

    port_lock_acquire(&findings_lock);
    struct finding_entry *entry = *bucket;
    while (entry != NULL && !finding_same(entry, input)) {
        entry = entry->chain;
    }
    if (entry != NULL) {
        entry->finding.count++;
    } else {
        fresh = finding_create(input);
        if (fresh != NULL) {
            fresh->chain = *bucket;
            *bucket = fresh;
            *findings_tail = fresh;
            findings_tail = &fresh->next;
            atomic_fetch_add_explicit(&findings_total, 1, memory_order_relaxed);
        }
    }
    void (*hook)(const struct vf_finding *, void *) = finding_hook;
    void *ctx = finding_hook_ctx;
    struct vf_finding copy;
    if (fresh != NULL) {
        copy = fresh->finding;
    }
    port_lock_release(&findings_lock);
    if (fresh != NULL && hook != NULL) {
        hook(&copy, ctx);
    }
}

void
vf_set_finding_hook(void (*fn)(const struct vf_finding *, void *), void *ctx)
{
    port_lock_acquire(&findings_lock);
    finding_hook = fn;
    finding_hook_ctx = ctx;
    port_lock_release(&findings_lock);
}

static void
finding_report(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, const struct vf_evidence *evidence, vf_stack stack,
               const char *fmt, va_list args)
{
    char text[1024], operation[320];
    vsnprintf(text, sizeof(text), fmt, args);
    vf_operation_text(operation, sizeof(operation));
    struct vf_finding_input input = {
        .code = code, .rule = rule, .bugcheck = bugcheck, .owner = owner, .object = evidence->object, .kind = evidence->kind,
        .operation = operation, .stack = stack, .acquire = evidence->acquire, .thread = port_thread_id(), .text = text,
        .fault = evidence->fault, .routine = evidence->routine, .check = fmt};
    memcpy(input.related, evidence->related, sizeof(input.related));
    vf_finding_add(&input);
}

void
vf_report(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, const void *object, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    finding_report(code, rule, bugcheck, owner, &(struct vf_evidence){.object = object}, vf_stack_here(1), fmt, args);
    va_end(args);
}

void
vf_report_stack(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, vf_object *object, vf_stack stack,
                const char *fmt, ...)
{
    struct vf_evidence evidence;
    va_list args;
    vf_evidence_of(object, &evidence);
    va_start(args, fmt);
    finding_report(code, rule, bugcheck, owner, &evidence, stack, fmt, args);
    va_end(args);
}

void
vf_evidence_of(vf_object *object, struct vf_evidence *evidence)
{
    memset(evidence, 0, sizeof(*evidence));
    if (object != NULL) {
        evidence->object = object->address;
        evidence->kind = vf_kind_name(object->kind);
        evidence->acquire = object->allocation;
    }
}

void
vf_report_evidence(const char *code, const char *rule, const char *bugcheck, vf_owner *owner, const struct vf_evidence *evidence,
                   const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    finding_report(code, rule, bugcheck, owner, evidence, evidence->stack != 0 ? evidence->stack : vf_stack_here(1), fmt, args);
    va_end(args);
}

unsigned
vf_finding_count(void)
{
    return atomic_load_explicit(&findings_total, memory_order_relaxed);
}

void
vf_findings(void (*fn)(const struct vf_finding *, void *), void *ctx)
{
    port_lock_acquire(&findings_lock);
    struct finding_entry *entry = findings_first;
    while (entry != NULL) {
        struct vf_finding copy = entry->finding;
        port_lock_release(&findings_lock);
        fn(&copy, ctx);
        port_lock_acquire(&findings_lock);
        entry = entry->next;
    }
    port_lock_release(&findings_lock);
}

/* SPDX-License-Identifier: MIT */
/* References that were never released, as findings. */
#include <stdio.h>
#include <string.h>

#include "vf/vfp.h"

struct leak_walk {
    vf_owner *owner;
    unsigned count;
};

static bool
kind_is_context(enum vf_kind kind)
{
    return kind <= VF_CONTEXT_SECTION;
}

static const char *
leak_rule(const struct vf_reference_view *view)
{
    if (!kind_is_context(view->kind)) {
        return NULL;
    }
    switch (view->reason) {
    case VF_REASON_ALLOCATE:
        return "B-01";
    case VF_REASON_GET:
        return "D-01";
    case VF_REASON_REFERENCE:
        return "D-14";
    case VF_REASON_OLD_CONTEXT:
        return view->routine != NULL && strncmp(view->routine, "FltDelete", 9) == 0 ? "E-03" : "C-03/C-06";
    default:
        return NULL;
    }
}

static void
leak_duty(char *text, size_t size, const struct vf_reference_view *view)
{
    const char *release = vf_kind_release(view->kind);
    if (view->drained) {
        snprintf(text, size, "it was the completion context of a post-operation call made for draining, which must call %s", release);
        return;
    }
    switch (view->reason) {
    case VF_REASON_GET:
        snprintf(text, size, "every successful get must be matched by %s", release);
        break;
    case VF_REASON_REFERENCE:
        snprintf(text, size, "every added reference must be matched by %s", release);
        break;
    case VF_REASON_OLD_CONTEXT:
        snprintf(text, size, "an OldContext that is returned belongs to the caller, who must call %s", release);
        break;
    case VF_REASON_OPEN:
        snprintf(text, size, "whatever is opened must be closed with %s", release);
        break;
    default:
        snprintf(text, size, "%s must be called when it is no longer needed", release);
        break;
    }
}

static const char *
leak_verb(const struct vf_reference_view *view)
{
    if (kind_is_context(view->kind) || view->reason == VF_REASON_GET || view->reason == VF_REASON_REFERENCE) {
        return "reference taken by";
    }
    return view->reason == VF_REASON_OPEN ? "opened by" : "created by";
}

static void
leak_size_text(char *text, size_t size, const struct vf_reference_view *view)
{
    char tag[5] = "";
    for (unsigned i = 0; i < 4; i++) {
        char letter = (char)(view->tag >> (8 * i));
        tag[i] = letter >= 0x20 && letter < 0x7F ? letter : '.';
    }
    if (view->size != 0 && view->tag != 0) {
        snprintf(text, size, " (%llu bytes, tag '%s')", (unsigned long long)view->size, tag);
    } else if (view->size != 0) {
        snprintf(text, size, " (%llu bytes)", (unsigned long long)view->size);
    } else {
        text[0] = 0;
    }
}

/* A context that was to be set, and was not. */
static bool
leak_is_unset(const struct vf_reference_view *view)
{
    return view->failed_routine != NULL && view->reason == VF_REASON_ALLOCATE && kind_is_context(view->kind);
}

static const char *
leak_code(const struct vf_reference_view *view)
{
    return view->drained                               ? "K-14"
           : view->reason == VF_REASON_OLD_CONTEXT     ? "K-09"
           : leak_is_unset(view)                       ? "K-10"
                                                       : "K-01";
}

/* The call after which nobody released it: the failed set, or a call on this kind that failed in the operation that allocated. */
static void
leak_failed(const struct vf_reference_view *view, char *text, size_t size, struct vf_finding_input *input)
{
    const char *routine = view->failed_routine;
    uint32_t status = view->failed_status;
    char name[64];
    vf_stack stack = view->failed;
    text[0] = 0;
    if (view->reason != VF_REASON_ALLOCATE || !kind_is_context(view->kind)) {
        return;
    }
    if (leak_is_unset(view)) {
        input->related[0].what = "the set failed";
    } else if (vf_call_failed_find(input->owner, view->kind, view->operation_id, &routine, &status, &stack)) {
        input->related[0].what = "a call that failed in the same operation";
    } else {
        return;
    }
    vf_status_text(name, sizeof(name), status);
    snprintf(text, size, "; %s failed with %s%s", routine, name, leak_is_unset(view) ? "" : " in the same operation");
    input->related[0].stack = stack;
}

static void
leak_report_one(const struct vf_reference_view *view, void *ctx)
{
    struct leak_walk *walk = ctx;
    if (view->reason == VF_REASON_LINK || view->reason == VF_REASON_INTERNAL) {
        return;
    }
    char operation[320], size[48], duty[160], failed[160], text[1024];
    vf_format_operation(operation, sizeof(operation), view->operation, view->phase, view->name);
    leak_size_text(size, sizeof(size), view);
    leak_duty(duty, sizeof(duty), view);
    struct vf_finding_input input = {
        .code = leak_code(view),
        .rule = view->drained ? "J-12" : leak_is_unset(view) ? "C-09" : leak_rule(view),
        .owner = walk->owner,
        .object = view->address,
        .kind = vf_kind_name(view->kind),
        .operation = operation,
        .stack = view->stack,
        .acquire = view->allocation,
        .thread = view->thread,
        .text = text,
    };
    leak_failed(view, failed, sizeof(failed), &input);
    snprintf(text, sizeof(text), "%s %p%s: %s %s%s%s was never released; %s%s%s%s", vf_kind_name(view->kind), view->address, size,
             leak_verb(view), view->routine != NULL ? view->routine : "the driver", operation[0] != 0 ? " during " : "", operation,
             duty, failed, view->note != NULL ? "; " : "", view->note != NULL ? view->note : "");
    vf_finding_add(&input);
    walk->count++;
}

unsigned
vf_report_leaks(vf_owner *owner)
{
    struct leak_walk walk = {.owner = owner};
    vf_owner_references(owner, leak_report_one, &walk);
    return walk.count;
}

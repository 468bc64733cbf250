/* SPDX-License-Identifier: MIT */
/*
 * Where objects come from: per owner one record for each kind, tag and way through drivers to the allocation, with what was allocated
 * there and is still alive; beside it one for each whole stack, which only leads to the other.  Records are only added, without a lock (whoever loses the race walks the new part of the chain), and counted by atomics; reading
 * them disturbs nobody.
 */
#include <stdlib.h>

#include "vf/vfp.h"

struct vf_site {
    struct vf_site *next;             /* constant */
    enum vf_kind kind;
    uint32_t tag;
    vf_stack stack;
    struct vf_site *counted;          /* constant: the one with the drivers' frames of stack, maybe this one */
    struct vf_counter counter;        /* interlocked */
};

/* The frames of drivers; all of them if there are none. */
static vf_stack
site_driver_stack(vf_stack stack)
{
    uintptr_t frames[64];
    unsigned kept = 0;
    const unsigned count = vf_stack_frames(stack, frames, 64);
    for (unsigned i = 0; i < count; i++) {
        if (port_module_find(frames[i]) != NULL) {
            frames[kept++] = frames[i];
        }
    }
    return kept == 0 || kept == count ? stack : vf_stack_intern(frames, kept);
}

static struct vf_site *
site_find(struct vf_site *from, const struct vf_site *until, enum vf_kind kind, uint32_t tag, vf_stack stack)
{
    while (from != until && (from->stack != stack || from->kind != kind || from->tag != tag)) {
        from = from->next;
    }
    return from != until ? from : NULL;
}

static struct vf_site *
site_get(vf_owner *owner, enum vf_kind kind, uint32_t tag, vf_stack stack, bool is_driver_stack)
{
    _Atomic(struct vf_site *) *bucket = &owner->sites[(stack * 31 + (uint32_t)kind) % VF_OWNER_SITES];
    struct vf_site *head = atomic_load_explicit(bucket, memory_order_acquire);
    struct vf_site *site = site_find(head, NULL, kind, tag, stack);
    if (site == NULL) {
        struct vf_site *fresh = calloc(1, sizeof(*fresh));
        if (fresh == NULL) {
            return NULL;
        }
        fresh->kind = kind;
        fresh->tag = tag;
        fresh->stack = stack;
        const vf_stack drivers = is_driver_stack ? stack : site_driver_stack(stack);
        fresh->counted = drivers == stack ? fresh : site_get(owner, kind, tag, drivers, true);
        if (fresh->counted == NULL) {
            free(fresh);
            return NULL;
        }
        while (site == NULL) {            /* the other may have been added to this very chain: head may be older */
            struct vf_site *seen = head;
            fresh->next = head;
            if (atomic_compare_exchange_strong_explicit(bucket, &head, fresh, memory_order_acq_rel, memory_order_acquire)) {
                site = fresh;
            } else {
                site = site_find(head, seen, kind, tag, stack);
            }
        }
        if (site != fresh) {
            free(fresh);
        }
    }
    return site->counted;
}

struct vf_site *
vf_site_enter(vf_owner *owner, enum vf_kind kind, uint32_t tag, vf_stack stack)
{
    struct vf_site *site = site_get(owner, kind, tag, stack, false);
    if (site != NULL) {
        vf_counter_add(&site->counter, 1);
    }
    return site;
}

void
vf_site_leave(struct vf_site *site)
{
    if (site != NULL) {
        vf_counter_add(&site->counter, -1);
    }
}

void
vf_owner_sites(vf_owner *owner, void (*fn)(const struct vf_site_view *site, void *ctx), void *ctx)
{
    for (unsigned i = 0; owner != NULL && i < VF_OWNER_SITES; i++) {
        struct vf_site *site = atomic_load_explicit(&owner->sites[i], memory_order_acquire);
        for (; site != NULL; site = site->next) {
            struct vf_site_view view = {.kind = site->kind, .tag = site->tag, .stack = site->stack};
            if (site->counted == site) {
                vf_counter_read(&site->counter, &view.counts);
                fn(&view, ctx);
            }
        }
    }
}

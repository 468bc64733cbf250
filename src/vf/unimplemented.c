/* SPDX-License-Identifier: MIT */
/* Routines that a driver called and that are not there: by routine and call site. */
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

#define MISSING_BUCKETS 256

struct missing_entry {
    struct missing_entry *chain;      /* constant once published */
    const char *routine;
    uintptr_t caller;
    _Atomic(uint64_t) count;
};

static port_lock missing_lock;        /* insertions */
static _Atomic(struct missing_entry *) missing_buckets[MISSING_BUCKETS];

static struct missing_entry *
missing_find(struct missing_entry *entry, const char *routine, uintptr_t caller)
{
    while (entry != NULL && (entry->caller != caller || strcmp(entry->routine, routine) != 0)) {
        entry = entry->chain;
    }
    return entry;
}

void
vf_unimplemented(const char *routine, uintptr_t caller)
{
    _Atomic(struct missing_entry *) *bucket = &missing_buckets[(caller >> 2) % MISSING_BUCKETS];
    struct missing_entry *entry = missing_find(atomic_load_explicit(bucket, memory_order_acquire), routine, caller);
    if (entry == NULL) {
        port_lock_acquire(&missing_lock);
        struct missing_entry *head = atomic_load_explicit(bucket, memory_order_relaxed);
        entry = missing_find(head, routine, caller);
        if (entry == NULL && (entry = calloc(1, sizeof(*entry))) != NULL) {
            entry->routine = routine;
            entry->caller = caller;
            entry->chain = head;
            atomic_store_explicit(bucket, entry, memory_order_release);
        }
        port_lock_release(&missing_lock);
    }
    if (entry != NULL) {
        atomic_fetch_add_explicit(&entry->count, 1, memory_order_relaxed);
    }
}

void
vf_unimplemented_each(void (*fn)(const char *, uintptr_t, uint64_t, void *), void *ctx)
{
    for (unsigned i = 0; i < MISSING_BUCKETS; i++) {
        for (struct missing_entry *at = atomic_load_explicit(&missing_buckets[i], memory_order_acquire); at != NULL; at = at->chain) {
            fn(at->routine, at->caller, atomic_load_explicit(&at->count, memory_order_relaxed), ctx);
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Interned stacks.  A bucket is a chain of entries that only grows at its head: lookups and insertions take no lock (an
 * insertion that lost the race walks the new part of the chain).  Entries are never freed, and images stay mapped until
 * exit, so absolute addresses remain unambiguous.
 */
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

#define STACK_DEPTH 24
#define STACK_BUCKETS 16384
#define STACK_CHUNK 4096
#define STACK_CHUNKS 1024

struct stack_entry {
    struct stack_entry *next;
    uint64_t hash;
    vf_stack id;
    unsigned count;
    uintptr_t frames[];
};

static _Atomic(struct stack_entry *) stack_buckets[STACK_BUCKETS];
/* id -> entry; a slot is set before the id leaves this file. */
static _Atomic(_Atomic(struct stack_entry *) *) stack_chunks[STACK_CHUNKS];
static _Atomic(uint32_t) stack_next_id = 1;

static uint64_t
stack_hash(const uintptr_t *frames, unsigned count)
{
    uint64_t hash = count;
    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ frames[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash;
}

static struct stack_entry *
stack_find(struct stack_entry *from, const struct stack_entry *until, uint64_t hash, const uintptr_t *frames, unsigned count)
{
    for (; from != until; from = from->next) {
        if (from->hash == hash && from->count == count && memcmp(from->frames, frames, count * sizeof(*frames)) == 0) {
            return from;
        }
    }
    return NULL;
}

static bool
stack_assign_id(struct stack_entry *entry)
{
    uint32_t id = atomic_fetch_add_explicit(&stack_next_id, 1, memory_order_relaxed);
    if (id >= STACK_CHUNK * STACK_CHUNKS) {
        atomic_store_explicit(&stack_next_id, STACK_CHUNK * STACK_CHUNKS, memory_order_relaxed);
        return false;
    }
    _Atomic(struct stack_entry *) *chunk = atomic_load_explicit(&stack_chunks[id / STACK_CHUNK], memory_order_acquire);
    if (chunk == NULL) {
        _Atomic(struct stack_entry *) *fresh = calloc(STACK_CHUNK, sizeof(*fresh));
        if (fresh == NULL) {
            return false;
        }
        if (atomic_compare_exchange_strong_explicit(&stack_chunks[id / STACK_CHUNK], &chunk, fresh, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            chunk = fresh;
        } else {
            free(fresh);
        }
    }
    entry->id = id;
    atomic_store_explicit(&chunk[id % STACK_CHUNK], entry, memory_order_release);
    return true;
}

vf_stack
vf_stack_intern(const uintptr_t *frames, unsigned count)
{
    if (count == 0) {
        return 0;
    }
    if (count > STACK_DEPTH) {
        count = STACK_DEPTH;
    }
    const uint64_t hash = stack_hash(frames, count);
    _Atomic(struct stack_entry *) *bucket = &stack_buckets[hash % STACK_BUCKETS];
    struct stack_entry *head = atomic_load_explicit(bucket, memory_order_acquire);
    struct stack_entry *found = stack_find(head, NULL, hash, frames, count);
    if (found != NULL) {
        return found->id;
    }
    struct stack_entry *fresh = malloc(sizeof(*fresh) + count * sizeof(*frames));
    if (fresh == NULL) {
        return 0;
    }
    fresh->hash = hash;
    fresh->count = count;
    memcpy(fresh->frames, frames, count * sizeof(*frames));
    if (!stack_assign_id(fresh)) {
        free(fresh);
        return 0;
    }
    for (;;) {
        fresh->next = head;
        struct stack_entry *seen = head;
        if (atomic_compare_exchange_strong_explicit(bucket, &head, fresh, memory_order_acq_rel, memory_order_acquire)) {
            return fresh->id;
        }
        found = stack_find(head, seen, hash, frames, count);
        if (found != NULL) {
            atomic_store_explicit(&stack_chunks[fresh->id / STACK_CHUNK][fresh->id % STACK_CHUNK], NULL, memory_order_release);
            free(fresh);
            return found->id;
        }
    }
}

__attribute__((noinline)) vf_stack
vf_stack_here(unsigned skip)
{
    uintptr_t frames[STACK_DEPTH];
    unsigned count = port_stack_capture(frames, STACK_DEPTH, skip + 1);
    return vf_stack_intern(frames, count);
}

vf_stack
vf_stack_routine(const void *routine)
{
    const uintptr_t frame = (uintptr_t)routine + 1;        /* frames are return addresses: named by the byte before them */
    return routine != NULL ? vf_stack_intern(&frame, 1) : 0;
}

unsigned
vf_stack_frames(vf_stack stack, uintptr_t *frames, unsigned max)
{
    if (stack == 0 || stack >= STACK_CHUNK * STACK_CHUNKS) {
        return 0;
    }
    _Atomic(struct stack_entry *) *chunk = atomic_load_explicit(&stack_chunks[stack / STACK_CHUNK], memory_order_acquire);
    struct stack_entry *entry = chunk != NULL ? atomic_load_explicit(&chunk[stack % STACK_CHUNK], memory_order_acquire) : NULL;
    unsigned count = entry != NULL ? entry->count : 0;
    if (count > max) {
        count = max;
    }
    if (count != 0) {
        memcpy(frames, entry->frames, count * sizeof(*frames));
    }
    return count;
}

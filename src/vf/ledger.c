/* SPDX-License-Identifier: MIT */
/*
 * The ledger: one record per live object, one per reference to it.
 *
 * An object stands in one of its owner's shards (by address) while it lives.  Dead objects are remembered by address in a
 * bounded table, newest over oldest, so that a stale pointer can still be named.  Searches for the record to drop look at
 * a bounded number of records: an object with very many references is then attributed less exactly, never slowly.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vf/vfp.h"

#define SEARCH_LIMIT 64
#define RANK_OPERATION 4              /* of reference_rank: taken by the operation that runs */
#define DEAD_SHARDS 64
#define DEAD_PER_SHARD 256

struct dead_object {
    const void *address;
    struct vf_dead dead;
};

static struct dead_shard {
    port_lock lock;
    uint32_t next;                    /* lock */
    struct dead_object entries[DEAD_PER_SHARD];
} dead_shards[DEAD_SHARDS];

static uint32_t
ledger_hash(const void *address)
{
    return (uint32_t)(((uintptr_t)address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 40);
}

static struct vf_shard *
object_shard(const struct vf_object *object)
{
    return &object->owner->shards[ledger_hash(object->address) % VF_OWNER_SHARDS];
}

/* ---- reference lists ---- */

static struct vf_reference_list *
object_list(struct vf_object *object, enum vf_reason reason)
{
    return reason == VF_REASON_LINK || reason == VF_REASON_INTERNAL ? &object->linked : &object->held;
}

static void
list_insert_locked(struct vf_reference_list *list, struct vf_reference *reference)
{
    reference->newer = NULL;
    reference->older = list->newest;
    if (list->newest != NULL) {
        list->newest->newer = reference;
    } else {
        list->oldest = reference;
    }
    list->newest = reference;
}

static void
list_append_locked(struct vf_reference_list *list, struct vf_reference *reference)
{
    reference->older = NULL;
    reference->newer = list->oldest;
    if (list->oldest != NULL) {
        list->oldest->older = reference;
    } else {
        list->newest = reference;
    }
    list->oldest = reference;
}

static void
list_remove_locked(struct vf_reference_list *list, struct vf_reference *reference)
{
    if (reference->newer != NULL) {
        reference->newer->older = reference->older;
    } else {
        list->newest = reference->older;
    }
    if (reference->older != NULL) {
        reference->older->newer = reference->newer;
    } else {
        list->oldest = reference->newer;
    }
}

static struct vf_reference *
list_find_reason_locked(const struct vf_reference_list *list, enum vf_reason reason)
{
    unsigned left = SEARCH_LIMIT;
    for (struct vf_reference *at = list->newest; at != NULL && left-- > 0; at = at->older) {
        if (at->reason == reason) {
            return at;
        }
    }
    return NULL;
}

/*
 * Whose reference a release gives back is not said, so it is taken for the likeliest: one of the callback that runs; there FltReferenceContext
 * comes last, since who adds a reference to what he holds means to give it away.  Then one of the same operation, whose pre-operation
 * callback took it (outside of callbacks: one of this thread).  Else it was given away: one that was added for that, or the allocation's, before one of an operation that should have
 * released it itself.
 */
static unsigned
reference_rank(const struct vf_reference *at, const struct vf_operation *operation)
{
    if (operation != NULL && operation->record != NULL && at->operation == operation->record) {
        return at->reason != VF_REASON_REFERENCE ? 6 : 5;
    }
    if (operation == NULL ? at->thread == port_thread_id() && at->reason != VF_REASON_REFERENCE
                          : operation->id != 0 && at->operation_id == operation->id) {
        return RANK_OPERATION;
    }
    return at->reason == VF_REASON_REFERENCE ? 3 : at->reason == VF_REASON_GET ? 1 : 2;
}

/* Of equals, the newest of the operation that runs, else the oldest. */
static struct vf_reference *
list_find_holder_locked(const struct vf_reference_list *list)
{
    const struct vf_operation *operation = vf_operation_current();
    struct vf_reference *best = NULL;
    unsigned best_rank = RANK_OPERATION - 1, left = SEARCH_LIMIT;
    for (struct vf_reference *at = list->newest; at != NULL && left-- > 0; at = at->older) {
        const unsigned rank = reference_rank(at, operation);
        if (rank > best_rank) {
            best = at;
            best_rank = rank;
        }
    }
    best_rank = 0;
    left = best == NULL ? SEARCH_LIMIT : 0;
    for (struct vf_reference *at = list->oldest; at != NULL && left-- > 0; at = at->newer) {
        const unsigned rank = reference_rank(at, operation);
        if (rank > best_rank) {
            best = at;
            best_rank = rank;
        }
    }
    return best;
}

static void
reference_fill(struct vf_reference *reference, enum vf_reason reason, const char *routine, unsigned skip)
{
    reference->routine = routine;
    reference->operation = vf_op_record_current();
    reference->operation_id = reference->operation != NULL ? reference->operation->id : 0;
    reference->thread = port_thread_id();
    reference->stack = vf_stack_here(skip + 1);
    reference->reason = reason;
    reference->drained = false;
}

static __attribute__((noinline)) struct vf_reference *
reference_create(enum vf_reason reason, const char *routine)
{
    struct vf_reference *reference = malloc(sizeof(*reference));
    if (reference != NULL) {
        reference_fill(reference, reason, routine, 2);
    }
    return reference;
}

static void
reference_free(struct vf_reference *reference)
{
    vf_op_record_drop(reference->operation);
    free(reference);
}

/* ---- objects ---- */

vf_object *
vf_object_create(vf_owner *owner, enum vf_kind kind, const void *address, uint64_t size, uint32_t tag, enum vf_reason reason,
                 const char *routine)
{
    vf_count(owner, kind, 1);
    if (!vf_on() || owner == NULL) {
        return NULL;
    }
    struct vf_object *object = calloc(1, sizeof(*object));
    struct vf_reference *reference = object != NULL ? reference_create(reason, routine) : NULL;
    if (reference == NULL) {
        free(object);
        return NULL;
    }
    object->owner = owner;
    object->kind = kind;
    object->address = address;
    object->size = size;
    object->tag = tag;
    object->allocation = reference->stack;
    object->site = vf_site_enter(owner, kind, tag, reference->stack);
    list_insert_locked(object_list(object, reason), reference);

    struct vf_shard *shard = object_shard(object);
    port_lock_acquire(&shard->lock);
    object->next = shard->first;
    if (shard->first != NULL) {
        shard->first->previous = object;
    }
    shard->first = object;
    port_lock_release(&shard->lock);
    return object;
}

__thread const char *vf_reference_as_old;

void
vf_object_reference(vf_object *object, enum vf_reason reason, const char *routine)
{
    if (object == NULL) {
        return;
    }
    const bool old = vf_reference_as_old != NULL && reason == VF_REASON_GET;
    if (old) {
        reason = VF_REASON_OLD_CONTEXT;
        routine = vf_reference_as_old;
    }
    struct vf_reference *reference = reference_create(reason, routine);
    if (reference == NULL) {
        return;
    }
    port_lock_acquire(&object->lock);
    if (old) { /* a release is taken for one of what was held before: what this call brought is what is forgotten */
        list_append_locked(object_list(object, reason), reference);
    } else {
        list_insert_locked(object_list(object, reason), reference);
    }
    if (reason == VF_REASON_LINK) {
        object->failed_routine = NULL;
    }
    port_lock_release(&object->lock);
}

void
vf_object_release(vf_object *object, enum vf_reason reason, const char *routine)
{
    (void)routine;
    if (object == NULL) {
        return;
    }
    struct vf_reference_list *list = object_list(object, reason);
    port_lock_acquire(&object->lock);
    struct vf_reference *reference = list == &object->linked ? list_find_reason_locked(list, reason) : list_find_holder_locked(list);
    if (reference != NULL) {
        list_remove_locked(list, reference);
    }
    port_lock_release(&object->lock);
    if (reference != NULL) {
        reference_free(reference);
    }
}

void
vf_object_rename_reference(vf_object *object, enum vf_reason from, enum vf_reason to, const char *routine)
{
    if (object == NULL) {
        return;
    }
    struct vf_reference now;
    reference_fill(&now, to, routine, 1);
    port_lock_acquire(&object->lock);
    struct vf_reference *reference = list_find_reason_locked(object_list(object, from), from);
    struct vf_op_record *before = now.operation;
    if (reference != NULL) {
        list_remove_locked(object_list(object, from), reference);
        before = reference->operation;
        *reference = now;
        list_insert_locked(object_list(object, to), reference);
    }
    port_lock_release(&object->lock);
    vf_op_record_drop(before);
}

/* The way to the last release is worth a stack where drivers count references themselves. */
static __attribute__((noinline)) void
object_remember_dead(const struct vf_object *object)
{
    const vf_stack released = object->kind <= VF_CONTEXT_SECTION ? vf_stack_here(2) : 0;
    struct dead_shard *shard = &dead_shards[ledger_hash(object->address) % DEAD_SHARDS];
    port_lock_acquire(&shard->lock);
    shard->entries[shard->next % DEAD_PER_SHARD] =
        (struct dead_object){.address = object->address,
                             .dead = {.owner = object->owner, .kind = object->kind, .allocated = object->allocation, .released = released}};
    shard->next++;
    port_lock_release(&shard->lock);
}

static void
list_free(struct vf_reference_list *list)
{
    while (list->newest != NULL) {
        struct vf_reference *reference = list->newest;
        list->newest = reference->older;
        reference_free(reference);
    }
}

void
vf_object_destroy(vf_object *object, vf_owner *owner, enum vf_kind kind)
{
    if (object == NULL) {
        vf_count(owner, kind, -1);
        return;
    }
    vf_count(object->owner, object->kind, -1);
    struct vf_shard *shard = object_shard(object);
    port_lock_acquire(&shard->lock);
    if (object->previous != NULL) {
        object->previous->next = object->next;
    } else {
        shard->first = object->next;
    }
    if (object->next != NULL) {
        object->next->previous = object->previous;
    }
    port_lock_release(&shard->lock);
    object_remember_dead(object);
    vf_site_leave(object->site);
    list_free(&object->held);
    list_free(&object->linked);
    free(object->note);
    free(object);
}

void
vf_object_note(vf_object *object, const char *fmt, ...)
{
    if (object == NULL) {
        return;
    }
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    char *note = strdup(text);
    port_lock_acquire(&object->lock);
    char *before = object->note;
    object->note = note;
    port_lock_release(&object->lock);
    free(before);
}

void
vf_object_set_failed(vf_object *object, const char *routine, uint32_t status)
{
    if (object == NULL) {
        return;
    }
    const vf_stack stack = vf_stack_here(1);
    port_lock_acquire(&object->lock);
    object->failed_routine = routine;
    object->failed_status = status;
    object->failed = stack;
    port_lock_release(&object->lock);
}

/* ---- the dead ---- */

/* any: of whatever kind. */
static bool
dead_find(const void *address, bool any, enum vf_kind kind, struct vf_dead *dead)
{
    struct dead_shard *shard = &dead_shards[ledger_hash(address) % DEAD_SHARDS];
    bool found = false;
    port_lock_acquire(&shard->lock);
    for (uint32_t i = 0; i < DEAD_PER_SHARD && i < shard->next && !found; i++) {
        const struct dead_object *entry = &shard->entries[(shard->next - 1 - i) % DEAD_PER_SHARD];
        if (entry->address == address && (any || entry->dead.kind == kind)) {
            found = true;
            *dead = entry->dead;
        }
    }
    port_lock_release(&shard->lock);
    return found;
}

bool
vf_object_was(const void *address, enum vf_kind kind, vf_owner **owner)
{
    struct vf_dead dead;
    const bool found = dead_find(address, false, kind, &dead);
    if (found && owner != NULL) {
        *owner = dead.owner;
    }
    return found;
}

bool
vf_object_dead(const void *address, struct vf_dead *dead)
{
    return dead_find(address, true, VF_OTHER, dead);
}

void
vf_object_describe(vf_object *object, struct vf_reference_view *view)
{
    memset(view, 0, sizeof(*view));
    if (object != NULL) {
        view->kind = object->kind;
        view->address = object->address;
        view->size = object->size;
        view->tag = object->tag;
        view->allocation = object->allocation;
    }
}

/* ---- views ---- */

struct view_list {
    struct vf_reference_view *views;
    size_t count, room;
};

static void
view_add(struct view_list *list, struct vf_object *object, const struct vf_reference *reference)
{
    if (list->count == list->room) {
        size_t room = list->room != 0 ? list->room * 2 : 32;
        struct vf_reference_view *grown = realloc(list->views, room * sizeof(*grown));
        if (grown == NULL) {
            return;
        }
        list->views = grown;
        list->room = room;
    }
    struct vf_reference_view *view = &list->views[list->count++];
    vf_object_describe(object, view);
    view->routine = reference->routine;
    view->reason = reference->reason;
    view->drained = reference->drained;
    view->stack = reference->stack;
    view->thread = reference->thread;
    view->operation_id = reference->operation_id;
    if (reference->operation != NULL) {
        view->operation = reference->operation->operation;
        view->phase = reference->operation->phase;
        strncpy(view->name, reference->operation->name, sizeof(view->name) - 1);
    }
    view->note = object->note != NULL ? strdup(object->note) : NULL;
    view->failed_routine = object->failed_routine;
    view->failed_status = object->failed_status;
    view->failed = object->failed;
}

static bool
list_has_name(const struct vf_reference_list *list, const char *name, uint64_t file)
{
    for (const struct vf_reference *at = list->oldest; at != NULL; at = at->newer) {
        if (at->operation != NULL &&
            (strcasecmp(at->operation->name, name) == 0 || (file != 0 && at->operation->file == file))) {
            return true;
        }
    }
    return false;
}

/* name: of a file, or NULL for everything. */
static void
shard_snapshot(struct vf_shard *shard, const char *name, uint64_t file, struct view_list *list)
{
    port_lock_acquire(&shard->lock);
    for (struct vf_object *object = shard->first; object != NULL; object = object->next) {
        port_lock_acquire(&object->lock);
        const bool wanted = name == NULL || list_has_name(&object->held, name, file) || list_has_name(&object->linked, name, file);
        for (struct vf_reference *at = object->held.oldest; wanted && at != NULL; at = at->newer) {
            view_add(list, object, at);
        }
        for (struct vf_reference *at = object->linked.oldest; wanted && at != NULL; at = at->newer) {
            view_add(list, object, at);
        }
        port_lock_release(&object->lock);
    }
    port_lock_release(&shard->lock);
}

unsigned
vf_owner_references(vf_owner *owner, void (*fn)(const struct vf_reference_view *, void *), void *ctx)
{
    return vf_owner_references_named(owner, NULL, 0, fn, ctx);
}

unsigned
vf_owner_references_named(vf_owner *owner, const char *name, uint64_t file, void (*fn)(const struct vf_reference_view *, void *), void *ctx)
{
    unsigned total = 0;
    if (owner == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < VF_OWNER_SHARDS; i++) {
        struct view_list list = {0};
        shard_snapshot(&owner->shards[i], name, file, &list);
        for (size_t n = 0; n < list.count; n++) {
            fn(&list.views[n], ctx);
            free((char *)list.views[n].note);
        }
        total += (unsigned)list.count;
        free(list.views);
    }
    return total;
}

vf_stack
vf_object_link_stack(vf_object *object)
{
    vf_stack stack = 0;
    if (object != NULL) {
        port_lock_acquire(&object->lock);
        stack = object->linked.newest != NULL ? object->linked.newest->stack : 0;
        port_lock_release(&object->lock);
    }
    return stack;
}

void
vf_evidence_at(vf_owner *owner, const void *address, struct vf_evidence *evidence)
{
    struct vf_shard *shard = owner != NULL ? &owner->shards[ledger_hash(address) % VF_OWNER_SHARDS] : NULL;
    memset(evidence, 0, sizeof(*evidence));
    evidence->object = address;
    if (shard == NULL) {
        return;
    }
    port_lock_acquire(&shard->lock);
    for (struct vf_object *object = shard->first; object != NULL && evidence->kind == NULL; object = object->next) {
        if (object->address == address) {
            vf_evidence_of(object, evidence);
        }
    }
    port_lock_release(&shard->lock);
}

static void
shard_drained(struct vf_shard *shard, const void *address, uint64_t id)
{
    port_lock_acquire(&shard->lock);
    for (struct vf_object *object = shard->first; object != NULL; object = object->next) {
        if (object->address != address) {
            continue;
        }
        port_lock_acquire(&object->lock);
        for (struct vf_reference *at = object->held.oldest; at != NULL; at = at->newer) {
            at->drained = at->drained || at->operation_id == id;
        }
        port_lock_release(&object->lock);
    }
    port_lock_release(&shard->lock);
}

void
vf_reference_drained(vf_owner *owner, const void *address, uint64_t id)
{
    for (unsigned i = 0; i < VF_OWNER_SHARDS && owner != NULL && address != NULL && id != 0; i++) {
        shard_drained(&owner->shards[i], address, id);
    }
}

/* SPDX-License-Identifier: MIT */
/* Owners and their counters.  An owner is never freed: findings and dead objects point to it until the process ends. */
#include <stdlib.h>
#include <string.h>

#include "vf/vfp.h"

_Atomic(int) vf_level_now;
struct vf_owner vf_runtime_owner = {.name = (char *)"filterbed"};

static _Atomic(struct vf_owner *) owners;

static const struct {
    const char *name, *release;
} kind_table[VF_KIND_COUNT] = {
    [VF_CONTEXT_VOLUME] = {"volume context", "FltReleaseContext"},
    [VF_CONTEXT_INSTANCE] = {"instance context", "FltReleaseContext"},
    [VF_CONTEXT_FILE] = {"file context", "FltReleaseContext"},
    [VF_CONTEXT_STREAM] = {"stream context", "FltReleaseContext"},
    [VF_CONTEXT_STREAMHANDLE] = {"stream handle context", "FltReleaseContext"},
    [VF_CONTEXT_TRANSACTION] = {"transaction context", "FltReleaseContext"},
    [VF_CONTEXT_SECTION] = {"section context", "FltReleaseContext"},
    [VF_NAME_INFORMATION] = {"file name information", "FltReleaseFileNameInformation"},
    [VF_CALLBACK_DATA] = {"callback data", "FltFreeCallbackData"},
    [VF_GENERIC_WORK_ITEM] = {"generic work item", "FltFreeGenericWorkItem"},
    [VF_WORK_ITEM] = {"work item", "IoFreeWorkItem or FltFreeDeferredIoWorkItem"},
    [VF_PORT] = {"communication port", "FltCloseCommunicationPort or FltCloseClientPort"},
    [VF_POOL] = {"pool block", "ExFreePoolWithTag"},
    [VF_LOOKASIDE] = {"lookaside list", "ExDeleteNPagedLookasideList, ExDeletePagedLookasideList or ExDeleteLookasideListEx"},
    [VF_RESOURCE] = {"resource", "ExDeleteResourceLite"},
    [VF_MDL] = {"memory descriptor list", "IoFreeMdl"},
    [VF_IRP] = {"IRP", "IoFreeIrp"},
    [VF_HANDLE] = {"handle", "ZwClose or FltClose"},
    [VF_OBJECT_REFERENCE] = {"object reference", "ObDereferenceObject"},
    [VF_FLT_REFERENCE] = {"filter manager object reference", "FltObjectDereference"},
    [VF_DEVICE] = {"device object", "IoDeleteDevice"},
    [VF_THREAD] = {"system thread", "PsTerminateSystemThread"},
    [VF_TIMER] = {"timer", "KeCancelTimer"},
    [VF_SECURITY_DESCRIPTOR] = {"security descriptor", "FltFreeSecurityDescriptor"},
    [VF_OTHER] = {"object", "the matching release"},
};

void
vf_set_level(enum vf_level level)
{
    atomic_store_explicit(&vf_level_now, (int)level, memory_order_relaxed);
}

const char *
vf_kind_name(enum vf_kind kind)
{
    return (unsigned)kind < VF_KIND_COUNT ? kind_table[kind].name : "object";
}

const char *
vf_kind_release(enum vf_kind kind)
{
    return kind_table[kind].release;
}

vf_owner *
vf_owner_create(const char *name)
{
    struct vf_owner *owner = calloc(1, sizeof(*owner));
    if (owner != NULL) {
        owner->name = strdup(name);
    }
    if (owner == NULL || owner->name == NULL) {
        free(owner);
        return NULL;
    }
    owner->next = atomic_load_explicit(&owners, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&owners, &owner->next, owner, memory_order_release, memory_order_relaxed)) {
    }
    return owner;
}

void
vf_owner_each(void (*fn)(vf_owner *owner, void *ctx), void *ctx)
{
    for (struct vf_owner *owner = atomic_load_explicit(&owners, memory_order_acquire); owner != NULL; owner = owner->next) {
        fn(owner, ctx);
    }
}

const char *
vf_owner_name(const vf_owner *owner)
{
    return owner != NULL ? owner->name : vf_runtime_owner.name;
}

void
vf_count(vf_owner *owner, enum vf_kind kind, int delta)
{
#ifdef FILTERBED_WITHOUT_VERIFIER
    (void)owner, (void)kind, (void)delta;
#else
    vf_counter_add(&vf_owner_or_runtime(owner)->counters[kind], delta);
#endif
}

void
vf_counter_add(struct vf_counter *counter, int delta)
{
    int64_t live = atomic_fetch_add_explicit(&counter->live, delta, memory_order_relaxed) + delta;
    if (delta <= 0) {
        return;
    }
    atomic_fetch_add_explicit(&counter->allocated, (uint64_t)delta, memory_order_relaxed);
    int64_t peak = atomic_load_explicit(&counter->peak, memory_order_relaxed);
    while (live > peak && !atomic_compare_exchange_weak_explicit(&counter->peak, &peak, live, memory_order_relaxed,
                                                                 memory_order_relaxed)) {
    }
}

void
vf_owner_counts(const vf_owner *owner, enum vf_kind kind, struct vf_counts *out)
{
    vf_counter_read(&vf_owner_or_runtime((vf_owner *)owner)->counters[kind], out);
}

void
vf_counter_read(struct vf_counter *counter, struct vf_counts *out)
{
    int64_t live = atomic_load_explicit(&counter->live, memory_order_relaxed);
    out->allocated = atomic_load_explicit(&counter->allocated, memory_order_relaxed);
    out->live = live > 0 ? (uint64_t)live : 0;
    out->freed = out->allocated - (uint64_t)live;
    int64_t peak = atomic_load_explicit(&counter->peak, memory_order_relaxed);
    out->peak = peak > 0 ? (uint64_t)peak : 0;
}

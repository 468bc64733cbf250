/* SPDX-License-Identifier: MIT */
/* ERESOURCE: life, queries, and the forms that include a critical region. */
#include <string.h>

#include "ex/resourcep.h"

static vf_object *
ExpResourceObject(const ERESOURCE *Resource)
{
    return (vf_object *)Resource->CreatorBackTraceIndex;
}

/* Windows: wdm.h, ExInitializeResourceLite.  Differences: none. */
NTSTATUS
ExInitializeResourceLite(PERESOURCE Resource)
{
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));

    memset(Resource, 0, sizeof(*Resource));
    InitializeListHead(&Resource->SystemResourcesList);
    Resource->Reserved2 = Owner;
    Resource->CreatorBackTraceIndex =
        (ULONG_PTR)vf_object_create(Owner, VF_RESOURCE, Resource, 0, 0, VF_REASON_ALLOCATE, __func__);
    return STATUS_SUCCESS;
}

static VOID
ExpCheckIdle(PERESOURCE Resource, const char *Routine, const VOID *Caller)
{
    EXP_RESOURCE_STATE State;

    ExpResourceQuery(Resource, (ERESOURCE_THREAD)KiCurrent(), &State);
    if (State.Active != 0 || State.SharedWaiters != 0 || State.ExclusiveWaiters != 0) {
        vf_report("N-09", NULL, "0xC4/0xD2", KiOwnerOfCall(Caller), Resource, "%s: resource %p is still owned or waited for", Routine,
                  (void *)Resource);
    }
}

/* Windows: wdm.h, ExReinitializeResourceLite.  Differences: none. */
NTSTATUS
ExReinitializeResourceLite(PERESOURCE Resource)
{
    ExpCheckIdle(Resource, __func__, __builtin_return_address(0));
    Resource->ContentionCount = 0;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, ExDeleteResourceLite.  Differences: none. */
NTSTATUS
ExDeleteResourceLite(PERESOURCE Resource)
{
    VF_MAX_IRQL(APC_LEVEL);
    ExpCheckIdle(Resource, __func__, __builtin_return_address(0));
    vf_object_destroy(ExpResourceObject(Resource), Resource->Reserved2, VF_RESOURCE);
    Resource->CreatorBackTraceIndex = 0;
    port_free(Resource->OwnerTable);
    Resource->OwnerTable = NULL;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, ExIsResourceAcquiredExclusiveLite.  Differences: none. */
BOOLEAN
ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
    EXP_RESOURCE_STATE State;
    ExpResourceQuery(Resource, (ERESOURCE_THREAD)KiCurrent(), &State);
    return State.Exclusive;
}

/* Windows: wdm.h, ExIsResourceAcquiredSharedLite.  Differences: none. */
ULONG
ExIsResourceAcquiredSharedLite(PERESOURCE Resource)
{
    EXP_RESOURCE_STATE State;
    ExpResourceQuery(Resource, (ERESOURCE_THREAD)KiCurrent(), &State);
    return State.Depth;
}

/* Windows: wdm.h, ExGetExclusiveWaiterCount.  Differences: none. */
ULONG
ExGetExclusiveWaiterCount(PERESOURCE Resource)
{
    EXP_RESOURCE_STATE State;
    ExpResourceQuery(Resource, (ERESOURCE_THREAD)KiCurrent(), &State);
    return State.ExclusiveWaiters;
}

/* Windows: wdm.h, ExGetSharedWaiterCount.  Differences: none. */
ULONG
ExGetSharedWaiterCount(PERESOURCE Resource)
{
    EXP_RESOURCE_STATE State;
    ExpResourceQuery(Resource, (ERESOURCE_THREAD)KiCurrent(), &State);
    return State.SharedWaiters;
}

/* Windows: ntifs.h, ExDisableResourceBoostLite.  Differences: owners are never boosted. */
VOID
ExDisableResourceBoostLite(PERESOURCE Resource)
{
    UNREFERENCED_PARAMETER(Resource);
}

/* ---- with a critical region ---- */

/* Windows: ntddk.h, ExEnterCriticalRegionAndAcquireResourceExclusive.  Differences: none. */
PVOID
ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE Resource)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(Resource, TRUE);
    return NULL;
}

/* Windows: ntddk.h, ExEnterCriticalRegionAndAcquireResourceShared.  Differences: none. */
PVOID
ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE Resource)
{
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(Resource, TRUE);
    return NULL;
}

/* Windows: ntddk.h, ExEnterCriticalRegionAndAcquireSharedWaitForExclusive.  Differences: none. */
PVOID
ExEnterCriticalRegionAndAcquireSharedWaitForExclusive(PERESOURCE Resource)
{
    KeEnterCriticalRegion();
    ExAcquireSharedWaitForExclusive(Resource, TRUE);
    return NULL;
}

/* Windows: ntddk.h, ExReleaseResourceAndLeaveCriticalRegion.  Differences: none. */
VOID
ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE Resource)
{
    ExReleaseResourceLite(Resource);
    KeLeaveCriticalRegion();
}

/* SPDX-License-Identifier: MIT */
/*
 * ERESOURCE, wholly in its 104 bytes.
 *
 *   SpinLock                 a port_lock (low half), protects everything below
 *   OwnerEntry               the exclusive owner and its depth (ResourceOwnedExclusive set in Flag), else unused
 *   OwnerTable               shared owners: entry 0 holds the capacity, the others a thread and its depth; freed by delete
 *   ActiveEntries            number of owners (1 if exclusive); ActiveCount != 0 says the same
 *   SharedWaiters,
 *   ExclusiveWaiters         heads of lists of EXP_RESOURCE_WAITs on the waiters' stacks, first come first
 *   CreatorBackTraceIndex    the ledger's record
 *
 * Ownership is handed over: the releaser enters the waiter as an owner and then tells it.  After the lock is dropped the
 * releaser touches only the waiters' blocks, and each of those until its State is set.
 */
#include <string.h>

#include "ex/resourcep.h"

static VOID
ExpResourceLock(PERESOURCE Resource)
{
    port_lock_acquire((port_lock *)(void *)&Resource->SpinLock);
}

static VOID
ExpResourceUnlock(PERESOURCE Resource)
{
    port_lock_release((port_lock *)(void *)&Resource->SpinLock);
}

static BOOLEAN
ExpIsExclusive(const ERESOURCE *Resource)
{
    return (Resource->Flag & ResourceOwnedExclusive) != 0;
}

/* The shared owner's entry, or NULL. */
static POWNER_ENTRY
ExpFindShared(PERESOURCE Resource, ERESOURCE_THREAD Thread)
{
    if (Resource->OwnerTable != NULL) {
        const ULONG Size = Resource->OwnerTable[0].TableSize;
        for (ULONG i = 1; i < Size; i++) {
            if (Resource->OwnerTable[i].OwnerThread == Thread) {
                return &Resource->OwnerTable[i];
            }
        }
    }
    return NULL;
}

/* Room for one more shared owner beside those that are promised to waiters.  FALSE: no memory. */
static BOOLEAN
ExpReserveShared(PERESOURCE Resource)
{
    const ULONG Old = Resource->OwnerTable != NULL ? Resource->OwnerTable[0].TableSize : 0;
    const ULONG Needed = 1 + (ExpIsExclusive(Resource) ? 0 : Resource->ActiveEntries) + Resource->NumberOfSharedWaiters + 1 + 1;
    if (Needed <= Old) {
        return TRUE;
    }
    const ULONG Size = Needed < 4 ? 4 : Needed * 2;
    POWNER_ENTRY Table = port_alloc_zeroed(Size * sizeof(*Table));
    if (Table == NULL) {
        return FALSE;
    }
    if (Old != 0) {
        memcpy(Table, Resource->OwnerTable, Old * sizeof(*Table));
        port_free(Resource->OwnerTable);
    }
    Table[0].TableSize = Size;
    Resource->OwnerTable = Table;
    return TRUE;
}

static VOID
ExpSetActive(PERESOURCE Resource, ULONG Entries)
{
    Resource->ActiveEntries = Entries;
    Resource->ActiveCount = Entries != 0;
}

static VOID
ExpAddShared(PERESOURCE Resource, ERESOURCE_THREAD Thread)
{
    POWNER_ENTRY Entry = ExpFindShared(Resource, 0);
    Entry->OwnerThread = Thread;
    Entry->OwnerCount = 1;
    ExpSetActive(Resource, Resource->ActiveEntries + 1);
}

static VOID
ExpSetExclusive(PERESOURCE Resource, ERESOURCE_THREAD Thread)
{
    Resource->OwnerEntry.OwnerThread = Thread;
    Resource->OwnerEntry.OwnerCount = 1;
    Resource->Flag |= ResourceOwnedExclusive;
    ExpSetActive(Resource, 1);
}

/* ---- waiting ---- */

static VOID
ExpEnqueue(EXP_RESOURCE_WAIT **Head, EXP_RESOURCE_WAIT *Wait)
{
    while (*Head != NULL) {
        Head = &(*Head)->Next;
    }
    *Head = Wait;
}

static EXP_RESOURCE_WAIT **
ExpSharedQueue(PERESOURCE Resource)
{
    return (EXP_RESOURCE_WAIT **)&Resource->SharedWaiters;
}

static EXP_RESOURCE_WAIT **
ExpExclusiveQueue(PERESOURCE Resource)
{
    return (EXP_RESOURCE_WAIT **)&Resource->ExclusiveWaiters;
}

/* All shared waiters become owners; returns them. */
static EXP_RESOURCE_WAIT *
ExpGrantShared(PERESOURCE Resource)
{
    EXP_RESOURCE_WAIT *First = *ExpSharedQueue(Resource);
    *ExpSharedQueue(Resource) = NULL;
    Resource->NumberOfSharedWaiters = 0;
    for (EXP_RESOURCE_WAIT *Wait = First; Wait != NULL; Wait = Wait->Next) {
        POWNER_ENTRY Mine = ExpFindShared(Resource, Wait->Thread);
        if (Mine != NULL) {
            Mine->OwnerCount++;
        } else {
            ExpAddShared(Resource, Wait->Thread);
        }
    }
    return First;
}

static EXP_RESOURCE_WAIT *
ExpGrantExclusive(PERESOURCE Resource)
{
    EXP_RESOURCE_WAIT *First = *ExpExclusiveQueue(Resource);
    *ExpExclusiveQueue(Resource) = First->Next;
    First->Next = NULL;
    Resource->NumberOfExclusiveWaiters--;
    ExpSetExclusive(Resource, First->Thread);
    return First;
}

/* Nobody owns it any more: who is next?  After an exclusive owner the readers, after the readers a writer. */
static EXP_RESOURCE_WAIT *
ExpGrantNext(PERESOURCE Resource, BOOLEAN WasExclusive)
{
    if (*ExpSharedQueue(Resource) != NULL && (WasExclusive || *ExpExclusiveQueue(Resource) == NULL)) {
        return ExpGrantShared(Resource);
    }
    return *ExpExclusiveQueue(Resource) != NULL ? ExpGrantExclusive(Resource) : NULL;
}

static VOID
ExpTellGranted(EXP_RESOURCE_WAIT *Wait)
{
    while (Wait != NULL) {
        EXP_RESOURCE_WAIT *Next = Wait->Next;
        _Atomic(uint32_t) *State = &Wait->State;
        atomic_store_explicit(State, 1, memory_order_release);
        port_wake(State, 1);
        Wait = Next;
    }
}

/* Queues the calling thread, drops the lock and sleeps until it is an owner. */
static VOID
ExpWaitUnlocks(PERESOURCE Resource, EXP_RESOURCE_WAIT **Queue, ERESOURCE_THREAD Thread)
{
    EXP_RESOURCE_WAIT Wait = {.State = 0, .Next = NULL, .Thread = Thread};

    ExpEnqueue(Queue, &Wait);
    Resource->ContentionCount++;
    ExpResourceUnlock(Resource);
    while (atomic_load_explicit(&Wait.State, memory_order_acquire) == 0) {
        port_wait(&Wait.State, 0, PORT_FOREVER);
    }
}

/* ---- acquire ---- */

static BOOLEAN
ExpAcquireExclusive(PERESOURCE Resource, BOOLEAN Wait, const VOID *Caller)
{
    PKTHREAD Thread = KiCurrent();
    const ERESOURCE_THREAD Me = (ERESOURCE_THREAD)Thread;

    ExpResourceLock(Resource);
    if (Resource->ActiveEntries == 0) {
        ExpSetExclusive(Resource, Me);
        ExpResourceUnlock(Resource);
    } else if (ExpIsExclusive(Resource) && Resource->OwnerEntry.OwnerThread == Me) {
        Resource->OwnerEntry.OwnerCount++;
        ExpResourceUnlock(Resource);
    } else if (!Wait) {
        ExpResourceUnlock(Resource);
        return FALSE;
    } else {
        const BOOLEAN Deadlock = !ExpIsExclusive(Resource) && ExpFindShared(Resource, Me) != NULL;
        if (Deadlock) {
            vf_report("N-10", NULL, NULL, KiOwnerOfCall(Caller), Resource,
                      "resource %p is acquired exclusive by a thread that owns it shared: it waits for itself", (void *)Resource);
        }
        Resource->NumberOfExclusiveWaiters++;
        ExpWaitUnlocks(Resource, ExpExclusiveQueue(Resource), Me);
    }
    KiHeldPush(Thread, Resource, KiHeldResource);
    return TRUE;
}

enum EXP_SHARED_POLICY { ExpSharedNormal, ExpSharedStarveExclusive, ExpSharedWaitForExclusive };

static BOOLEAN
ExpMaySharedLocked(PERESOURCE Resource, BOOLEAN Owner, enum EXP_SHARED_POLICY Policy)
{
    if (*ExpExclusiveQueue(Resource) == NULL) {
        return TRUE;
    }
    return Policy == ExpSharedStarveExclusive || (Policy == ExpSharedNormal && Owner);
}

static BOOLEAN
ExpAcquireShared(PERESOURCE Resource, BOOLEAN Wait, enum EXP_SHARED_POLICY Policy)
{
    PKTHREAD Thread = KiCurrent();
    const ERESOURCE_THREAD Me = (ERESOURCE_THREAD)Thread;

    ExpResourceLock(Resource);
    if (ExpIsExclusive(Resource) && Resource->OwnerEntry.OwnerThread == Me) {
        Resource->OwnerEntry.OwnerCount++;
        ExpResourceUnlock(Resource);
        KiHeldPush(Thread, Resource, KiHeldResource);
        return TRUE;
    }
    if (!ExpReserveShared(Resource)) {
        ExpResourceUnlock(Resource);
        KeBugCheckEx(0x000000E3, (ULONG_PTR)Resource, 0, 0, 0);
    }
    POWNER_ENTRY Mine = ExpIsExclusive(Resource) ? NULL : ExpFindShared(Resource, Me);
    if (!ExpIsExclusive(Resource) && ExpMaySharedLocked(Resource, Mine != NULL, Policy)) {
        if (Mine != NULL) {
            Mine->OwnerCount++;
        } else {
            ExpAddShared(Resource, Me);
        }
        ExpResourceUnlock(Resource);
    } else if (!Wait) {
        ExpResourceUnlock(Resource);
        return FALSE;
    } else {
        Resource->NumberOfSharedWaiters++;
        ExpWaitUnlocks(Resource, ExpSharedQueue(Resource), Me);
    }
    KiHeldPush(Thread, Resource, KiHeldResource);
    return TRUE;
}

/* Windows: wdm.h, ExAcquireResourceExclusiveLite.  Differences: none. */
BOOLEAN
ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);
    return ExpAcquireExclusive(Resource, Wait, __builtin_return_address(0));
}

/* Windows: ntddk.h, ExTryToAcquireResourceExclusiveLite.  Differences: none. */
BOOLEAN
ExTryToAcquireResourceExclusiveLite(PERESOURCE Resource)
{
    return ExpAcquireExclusive(Resource, FALSE, __builtin_return_address(0));
}

/* Windows: wdm.h, ExAcquireResourceSharedLite.  Differences: none. */
BOOLEAN
ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);
    return ExpAcquireShared(Resource, Wait, ExpSharedNormal);
}

/* Windows: wdm.h, ExAcquireSharedStarveExclusive.  Differences: none. */
BOOLEAN
ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);
    return ExpAcquireShared(Resource, Wait, ExpSharedStarveExclusive);
}

/* Windows: ntddk.h, ExAcquireSharedWaitForExclusive.  Differences: none. */
BOOLEAN
ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
    VF_MAX_IRQL(APC_LEVEL);
    return ExpAcquireShared(Resource, Wait, ExpSharedWaitForExclusive);
}

/* ---- release ---- */

static VOID
ExpReportNotOwned(PERESOURCE Resource, ERESOURCE_THREAD Thread, const VOID *Caller)
{
    vf_report("N-09", NULL, "0xE3", KiOwnerOfCall(Caller), Resource, "resource %p is released for thread %p, which does not own it",
              (void *)Resource, (void *)Thread);
}

static VOID
ExpRelease(PERESOURCE Resource, ERESOURCE_THREAD Thread, const VOID *Caller)
{
    EXP_RESOURCE_WAIT *Granted = NULL;
    PKTHREAD Current = KiCurrent();

    ExpResourceLock(Resource);
    const BOOLEAN WasExclusive = ExpIsExclusive(Resource);
    POWNER_ENTRY Entry = WasExclusive ? &Resource->OwnerEntry : ExpFindShared(Resource, Thread);
    if (Entry == NULL || Entry->OwnerThread != Thread || Thread == 0) {
        ExpResourceUnlock(Resource);
        ExpReportNotOwned(Resource, Thread, Caller);
        return;
    }
    if (--Entry->OwnerCount == 0) {
        Entry->OwnerThread = 0;
        Resource->Flag &= (USHORT)~ResourceOwnedExclusive;
        ExpSetActive(Resource, Resource->ActiveEntries - 1);
        if (Resource->ActiveEntries == 0) {
            Granted = ExpGrantNext(Resource, WasExclusive);
        }
    }
    ExpResourceUnlock(Resource);
    KiHeldPop(Current, Resource);
    ExpTellGranted(Granted);
}

/* Windows: wdm.h, ExReleaseResourceLite.  Differences: releasing what is not owned is a finding, not a bug check. */
VOID
ExReleaseResourceLite(PERESOURCE Resource)
{
    ExpRelease(Resource, (ERESOURCE_THREAD)KiCurrent(), __builtin_return_address(0));
}

/* Windows: wdm.h, ExReleaseResourceForThreadLite.  Differences: as ExReleaseResourceLite. */
VOID
ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId)
{
    ExpRelease(Resource, ResourceThreadId, __builtin_return_address(0));
}

/* Windows: ntddk.h, ExConvertExclusiveToSharedLite.  Differences: none. */
VOID
ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
    const ERESOURCE_THREAD Me = (ERESOURCE_THREAD)KiCurrent();

    ExpResourceLock(Resource);
    if (!ExpIsExclusive(Resource) || Resource->OwnerEntry.OwnerThread != Me || !ExpReserveShared(Resource)) {
        ExpResourceUnlock(Resource);
        ExpReportNotOwned(Resource, Me, __builtin_return_address(0));
        return;
    }
    const ULONG Depth = Resource->OwnerEntry.OwnerCount;
    Resource->OwnerEntry.OwnerThread = 0;
    Resource->OwnerEntry.OwnerCount = 0;
    Resource->Flag &= (USHORT)~ResourceOwnedExclusive;
    ExpSetActive(Resource, 0);
    ExpAddShared(Resource, Me);
    ExpFindShared(Resource, Me)->OwnerCount = Depth;
    EXP_RESOURCE_WAIT *Granted = *ExpSharedQueue(Resource) != NULL ? ExpGrantShared(Resource) : NULL;
    ExpResourceUnlock(Resource);
    ExpTellGranted(Granted);
}

/* Windows: ntifs.h, ExSetResourceOwnerPointer.  Differences: none. */
VOID
ExSetResourceOwnerPointer(PERESOURCE Resource, PVOID OwnerPointer)
{
    const ERESOURCE_THREAD Me = (ERESOURCE_THREAD)KiCurrent();

    ExpResourceLock(Resource);
    POWNER_ENTRY Entry = ExpIsExclusive(Resource) ? &Resource->OwnerEntry : ExpFindShared(Resource, Me);
    const BOOLEAN Owned = Entry != NULL && Entry->OwnerThread == Me;
    if (Owned) {
        POWNER_ENTRY Other = ExpIsExclusive(Resource) ? NULL : ExpFindShared(Resource, (ERESOURCE_THREAD)OwnerPointer);
        if (Other != NULL) {
            Other->OwnerCount += Entry->OwnerCount;
            Entry->OwnerThread = 0;
            Entry->OwnerCount = 0;
            ExpSetActive(Resource, Resource->ActiveEntries - 1);
        } else {
            Entry->OwnerThread = (ERESOURCE_THREAD)OwnerPointer;
        }
    }
    ExpResourceUnlock(Resource);
    if (Owned) {
        KiHeldPop(KiCurrent(), Resource);
    } else {
        ExpReportNotOwned(Resource, Me, __builtin_return_address(0));
    }
}

/* Windows: ntifs.h, ExSetResourceOwnerPointerEx.  Differences: none. */
VOID
ExSetResourceOwnerPointerEx(PERESOURCE Resource, PVOID OwnerPointer, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    ExSetResourceOwnerPointer(Resource, OwnerPointer);
}

/* ---- queries, used by resourceapi.c ---- */

VOID
ExpResourceQuery(PERESOURCE Resource, ERESOURCE_THREAD Thread, EXP_RESOURCE_STATE *State)
{
    ExpResourceLock(Resource);
    POWNER_ENTRY Shared = ExpIsExclusive(Resource) ? NULL : ExpFindShared(Resource, Thread);
    State->Active = Resource->ActiveEntries;
    State->Exclusive = ExpIsExclusive(Resource) && Resource->OwnerEntry.OwnerThread == Thread;
    State->Depth = State->Exclusive ? Resource->OwnerEntry.OwnerCount : Shared != NULL ? Shared->OwnerCount : 0;
    State->SharedWaiters = Resource->NumberOfSharedWaiters;
    State->ExclusiveWaiters = Resource->NumberOfExclusiveWaiters;
    ExpResourceUnlock(Resource);
}

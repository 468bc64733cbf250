/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of a volume's instances, and the rundown slots that tell who uses one (fltp.h, synchronization 1 and 2).
 *
 * Life of a snapshot:  built and published under Volume->Lock  ->  replaced, moved to Retired  ->  freed by
 * FltpSnapshotReclaim once a grace period has passed, no slot holds it and no suspended operation references it.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/fltp.h"

/* ---- threads ---- */

VOID
FltpThreadExit(PVOID Value)
{
    FLTP_THREAD *Thread = Value;

    if (Thread == NULL) {
        return;
    }
    FltpLockAcquire(&FltpGlobals.ThreadLock, FLTP_RANK_LEAF);
    RemoveEntryList(&Thread->Links);
    FltpLockRelease(&FltpGlobals.ThreadLock);
    while (Thread->Spare != NULL) {
        FLTP_OPERATION *Operation = Thread->Spare;
        Thread->Spare = Operation->NextSpare;
        FltpOperationDestroy(Operation);
    }
    port_free(Thread);
}

FLTP_THREAD *__attribute__((noinline))
FltpThreadCreate(VOID)
{
    FLTP_THREAD *Thread = port_alloc_zeroed(sizeof(*Thread));

    if (Thread == NULL) {
        port_fatal("fltmgr: no memory for a thread's block");
    }
    FltpLockAcquire(&FltpGlobals.ThreadLock, FLTP_RANK_LEAF);
    InsertTailList(&FltpGlobals.Threads, &Thread->Links);
    FltpLockRelease(&FltpGlobals.ThreadLock);
    KiCurrent()->Cache[KI_CACHE_FLTMGR] = Thread;
    return Thread;
}

/* ---- slots ---- */

/*
 * Slots are taken and given back in any order, but nearly always as a stack.  A thread that is nested deeper than it has slots takes a
 * counted reference instead, which FltpSlotLeave recognises by not finding a slot (FltpVolumeQuiesce does not see it).
 */
FLTP_SNAPSHOT *
FltpSlotEnterDeep(FLTP_SNAPSHOT *Snapshot)
{
    atomic_fetch_add_explicit(&Snapshot->References, 1, memory_order_relaxed);
    return Snapshot;
}

VOID
FltpSlotLeaveOut(FLTP_THREAD *Thread, FLTP_SNAPSHOT *Snapshot)
{
    for (ULONG i = Thread->Depth; i-- > 0;) {
        if (atomic_load_explicit(&Thread->Slots[i], memory_order_relaxed) != Snapshot) {
            continue;
        }
        /* Never moved: a scan must not miss a slot on its way. */
        atomic_store_explicit(&Thread->Slots[i], NULL, memory_order_release);
        while (Thread->Depth > 0 &&
               atomic_load_explicit(&Thread->Slots[Thread->Depth - 1], memory_order_relaxed) == NULL) {
            Thread->Depth--;
        }
        return;
    }
    FltpSnapshotDereference(Snapshot);
}

/* ---- build ---- */

static ULONG
FltpInstanceCountLocked(PFLT_VOLUME Volume, ULONG *Callbacks)
{
    ULONG Count = 0;

    *Callbacks = 0;
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if (atomic_load(&Instance->State) != FltpStateAttached || atomic_load(&Instance->Skip)) {
            continue;
        }
        Count++;
        for (ULONG i = 0; i < FLTP_MAJORS; i++) {
            *Callbacks += Instance->Filter->Operations[i].Registered;
        }
    }
    return Count;
}

static VOID
FltpSnapshotFill(FLTP_SNAPSHOT *Snapshot)
{
    ULONG Next = 0;

    for (ULONG Index = 0; Index < FLTP_MAJORS; Index++) {
        Snapshot->Operations[Index].Name = FltpMajorName(FltpMajorOfIndex(Index));
        Snapshot->Operations[Index].First = Next;
        for (ULONG Rank = 0; Rank < Snapshot->InstanceCount; Rank++) {
            PFLT_INSTANCE Instance = Snapshot->Instances[Rank];
            const FLTP_OPERATION_CALLBACKS *Operation = &Instance->Filter->Operations[Index];
            if (!Operation->Registered) {
                continue;
            }
            Snapshot->Callbacks[Next++] = (FLTP_CALLBACK){ .Instance = Instance, .Filter = Instance->Filter,
                .Pre = Operation->Pre, .Post = Operation->Post, .Owner = Instance->Filter->Owner,
                .FilterId = Instance->Filter->Id, .Flags = Operation->Flags, .Rank = Rank,
                .State = Operation->Pre == NULL ? FLTP_CALLBACK_NO_PRE : 0 };
        }
        Snapshot->Operations[Index].Count = Next - Snapshot->Operations[Index].First;
        if (Snapshot->Operations[Index].Count != 0) {
            Snapshot->Majors |= 1ull << Index;
        }
    }
}

/* Nobody who registered creates would be bypassed by a query of that kind. */
static BOOLEAN
FltpSnapshotAllows(const FLTP_SNAPSHOT *Snapshot, UCHAR Major)
{
    for (ULONG Rank = 0; Rank < Snapshot->InstanceCount; Rank++) {
        const FLTP_OPERATION_CALLBACKS *Operations = Snapshot->Instances[Rank]->Filter->Operations;
        if (Operations[IRP_MJ_CREATE].Registered && !Operations[FltpMajorIndex(Major)].Registered) {
            return FALSE;
        }
    }
    return TRUE;
}

static FLTP_SNAPSHOT *
FltpSnapshotBuildLocked(PFLT_VOLUME Volume)
{
    ULONG Callbacks;
    const ULONG Count = FltpInstanceCountLocked(Volume, &Callbacks);
    const size_t Head = sizeof(FLTP_SNAPSHOT) + Callbacks * sizeof(FLTP_CALLBACK);
    FLTP_SNAPSHOT *Snapshot = port_alloc_aligned(64, Head + Count * sizeof(PFLT_INSTANCE));

    if (Snapshot == NULL) {
        return NULL;
    }
    memset(Snapshot, 0, Head);
    Snapshot->Volume = Volume;
    atomic_init(&Snapshot->References, 1);
    Snapshot->Instances = (PFLT_INSTANCE *)((PUCHAR)Snapshot + Head);
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if (Snapshot->InstanceCount < Count && atomic_load(&Instance->State) == FltpStateAttached &&
            !atomic_load(&Instance->Skip)) {
            atomic_fetch_add(&Instance->Memory, 1);
            Snapshot->Instances[Snapshot->InstanceCount++] = Instance;
        }
    }
    FltpSnapshotFill(Snapshot);
    Snapshot->QueryOpenAllowed = FltpSnapshotAllows(Snapshot, IRP_MJ_QUERY_OPEN);
    Snapshot->NetworkQueryOpenAllowed = FltpSnapshotAllows(Snapshot, IRP_MJ_NETWORK_QUERY_OPEN);
    return Snapshot;
}

/*
 * Builds a snapshot of the attached instances and makes it the current one; the old one is retired.
 *
 * Locks:  Volume->Lock
 * Fails:  STATUS_INSUFFICIENT_RESOURCES (the old one stays; Skip still keeps detached instances from being called)
 */
NTSTATUS
FltpSnapshotPublishLocked(PFLT_VOLUME Volume)
{
    FLTP_SNAPSHOT *Snapshot = FltpSnapshotBuildLocked(Volume);

    if (Snapshot == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FLTP_SNAPSHOT *Old = atomic_exchange_explicit(&Volume->Snapshot, Snapshot, memory_order_acq_rel);
    const BOOLEAN Owed = atomic_load(&Volume->SetupOwed) != 0;
    atomic_store_explicit(
        &Volume->Interest, Owed ? ~0ull : Snapshot->Majors | atomic_load(&Volume->Forced) | atomic_load(&Volume->Scanned), memory_order_release);
    Volume->Generation++;
    IopInterestChanged();
    if (Old != NULL) {
        InsertTailList(&Volume->Retired, &Old->Links);
    }
    return STATUS_SUCCESS;
}

static VOID
FltpSnapshotSkip(FLTP_SNAPSHOT *Snapshot, PFLT_INSTANCE Instance, ULONG State)
{
    ULONG Callbacks = 0;

    for (ULONG Index = 0; Index < FLTP_MAJORS; Index++) {
        Callbacks += Snapshot->Operations[Index].Count;
    }
    for (ULONG i = 0; i < Callbacks; i++) {
        if (Snapshot->Callbacks[i].Instance == Instance) {
            atomic_fetch_or(&Snapshot->Callbacks[i].State, State);
        }
    }
}

VOID
FltpVolumeSkipLocked(PFLT_VOLUME Volume, PFLT_INSTANCE Instance, ULONG State)
{
    atomic_store(&Instance->Skip, 1);
    FltpSnapshotSkip(atomic_load(&Volume->Snapshot), Instance, State);
    for (PLIST_ENTRY Entry = Volume->Retired.Flink; Entry != &Volume->Retired; Entry = Entry->Flink) {
        FltpSnapshotSkip(CONTAINING_RECORD(Entry, FLTP_SNAPSHOT, Links), Instance, State);
    }
    FltpSnapshotPublishLocked(Volume);
}

/* ---- use ---- */

VOID
FltpSnapshotDereference(FLTP_SNAPSHOT *Snapshot)
{
    /* Memory goes in FltpSnapshotReclaim: the publisher's own reference is dropped there. */
    atomic_fetch_sub_explicit(&Snapshot->References, 1, memory_order_acq_rel);
}

/* The first rank below Instance; by altitude if the snapshot does not have it. */
ULONG
FltpSnapshotRank(const FLTP_SNAPSHOT *Snapshot, PFLT_INSTANCE Instance)
{
    for (ULONG Rank = 0; Rank < Snapshot->InstanceCount; Rank++) {
        if (Snapshot->Instances[Rank] == Instance) {
            return Rank + 1;
        }
    }
    for (ULONG Rank = 0; Rank < Snapshot->InstanceCount; Rank++) {
        if (FltpAltitudeCompare(&Snapshot->Instances[Rank]->Altitude, &Instance->Altitude) < 0) {
            return Rank;
        }
    }
    return Snapshot->InstanceCount;
}

/* ---- retire ---- */

/* How many slots of threads other than the caller hold one of the snapshots. */
static BOOLEAN
FltpSnapshotInSlot(const FLTP_SNAPSHOT *Snapshot, const FLTP_THREAD *Except)
{
    BOOLEAN Found = FALSE;

    FltpLockAcquire(&FltpGlobals.ThreadLock, FLTP_RANK_LEAF);
    for (PLIST_ENTRY Entry = FltpGlobals.Threads.Flink; Entry != &FltpGlobals.Threads && !Found; Entry = Entry->Flink) {
        FLTP_THREAD *Thread = CONTAINING_RECORD(Entry, FLTP_THREAD, Links);
        for (ULONG i = 0; i < FLTP_SLOTS && Thread != Except && !Found; i++) {
            Found = atomic_load_explicit(&Thread->Slots[i], memory_order_acquire) == Snapshot;
        }
    }
    FltpLockRelease(&FltpGlobals.ThreadLock);
    return Found;
}

static BOOLEAN
FltpVolumeBusy(PFLT_VOLUME Volume, const FLTP_THREAD *Except)
{
    BOOLEAN Busy = FALSE;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    for (PLIST_ENTRY Entry = Volume->Retired.Flink; Entry != &Volume->Retired && !Busy; Entry = Entry->Flink) {
        Busy = FltpSnapshotInSlot(CONTAINING_RECORD(Entry, FLTP_SNAPSHOT, Links), Except);
    }
    FltpLockRelease(&Volume->Lock);
    return Busy;
}

/* Waits until no other thread runs an operation on a retired snapshot.  Long waits are polled: the leaving side stays a plain store. */
VOID
FltpVolumeQuiesce(PFLT_VOLUME Volume)
{
    static const _Atomic(uint32_t) Never = 0;
    uint64_t Pause = 20000;

    port_rcu_synchronize();
    while (FltpVolumeBusy(Volume, FltpThread())) {
        port_wait(&Never, 0, port_clock_monotonic() + Pause);
        Pause = Pause < 2000000 ? Pause * 2 : Pause;
    }
}

VOID
FltpInstanceMemoryRelease(PFLT_INSTANCE Instance)
{
    if (atomic_fetch_sub_explicit(&Instance->Memory, 1, memory_order_acq_rel) == 1) {
        FltpStringFree(&Instance->Name);
        FltpStringFree(&Instance->Altitude);
        FltpObjectFree(&Instance->Object, "instance", NULL);
    }
}

static VOID
FltpSnapshotFree(FLTP_SNAPSHOT *Snapshot)
{
    for (ULONG Rank = 0; Rank < Snapshot->InstanceCount; Rank++) {
        FltpInstanceMemoryRelease(Snapshot->Instances[Rank]);
    }
    port_free(Snapshot);
}

VOID
FltpSnapshotReclaim(PFLT_VOLUME Volume)
{
    LIST_ENTRY Dead;

    InitializeListHead(&Dead);
    port_rcu_synchronize();
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    for (PLIST_ENTRY Entry = Volume->Retired.Flink, Next; Entry != &Volume->Retired; Entry = Next) {
        FLTP_SNAPSHOT *Snapshot = CONTAINING_RECORD(Entry, FLTP_SNAPSHOT, Links);
        Next = Entry->Flink;
        /* An operation that suspends takes its reference before it leaves the slot, and keeps it to its end: slots are read first. */
        if (!FltpSnapshotInSlot(Snapshot, NULL) &&
            atomic_load_explicit(&Snapshot->References, memory_order_acquire) == 1) {
            RemoveEntryList(Entry);
            InsertTailList(&Dead, Entry);
        }
    }
    FltpLockRelease(&Volume->Lock);
    while (!IsListEmpty(&Dead)) {
        FltpSnapshotFree(CONTAINING_RECORD(RemoveHeadList(&Dead), FLTP_SNAPSHOT, Links));
    }
}

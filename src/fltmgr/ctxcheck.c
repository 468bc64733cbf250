/* SPDX-License-Identifier: MIT */
/*
 * What the verifier asks of contexts when they die, and of pointers to what is gone (K-02, K-04, K-05, K-21, K-22, K-27).
 *
 * Dead blocks stay for a while, filled, in rings that a thread picks by its number; what was written to one since is seen when it leaves
 * its ring, at the latest when its filter goes.  With --verify=full a dead block's memory is taken away instead (port/guard.c), and whoever
 * touches it faults there.  Freed filters, instances and volumes stay as well, so that their type can be asked for.
 */
#include "fltmgr/ctxcheck.h"

#include "ex/exp.h"
#include "fsrtl/fsrtlp.h"

#define FLTP_FILL_FRESH 0xCD
#define FLTP_FILL_DEAD 0xDD
#define FLTP_FRESH_WORD 0xCDCDCDCDCDCDCDCDull
#define FLTP_NEAR 0x10000ull                   /* a member at this offset behind a bad pointer */

static BOOLEAN
FltpIsFull(VOID)
{
    return __atomic_load_n((int *)&vf_level_now, __ATOMIC_RELAXED) == VF_FULL;
}

/* ---- blocks ---- */

PVOID
FltpBlockCreate(SIZE_T Size, BOOLEAN Zeroed)
{
    PVOID Block = vf_on() && FltpIsFull() ? port_guard_alloc(sizeof(FLTP_CONTEXT_HEADER), Size - sizeof(FLTP_CONTEXT_HEADER)) : NULL;

    if (Block == NULL) {
        Block = Zeroed ? port_alloc_zeroed(Size) : port_alloc(Size);
    } else if (Zeroed) {
        memset(Block, 0, Size);
    }
    if (Block != NULL && !Zeroed && vf_on()) {
        memset(Block, FLTP_FILL_FRESH, Size);  /* B-12: fixed-size ones are not zeroed; that shall be visible */
    }
    return Block;
}

static BOOLEAN
FltpBlockIsGuarded(const FLTP_CONTEXT_HEADER *Header)
{
    return port_guard_owns((uintptr_t)Header);
}

typedef struct FLTP_DEAD {
    FLTP_CONTEXT_HEADER *Header;
    SIZE_T Size;
    vf_owner *Owner;
    vf_stack Allocated, Released;
    const char *Kind;
} FLTP_DEAD;

#define FLTP_RINGS 16
#define FLTP_RING 64
#define FLTP_RING_GUARDED 512                  /* their memory is gone already */
typedef struct FLTP_DEAD_RING {
    port_lock Lock;
    ULONG Next;
    FLTP_DEAD Entries[FLTP_RING_GUARDED];
} FLTP_DEAD_RING;
static FLTP_DEAD_RING FltpDead[FLTP_RINGS];

static VOID
FltpDeadEvidence(const FLTP_DEAD *Dead, struct vf_evidence *Evidence)
{
    *Evidence = (struct vf_evidence){ .object = Dead->Header + 1, .kind = Dead->Kind, .stack = Dead->Released, .acquire = Dead->Allocated };
}

/* What was written to it since.  Who did is not known. */
static VOID
FltpDeadCheck(const FLTP_DEAD *Dead)
{
    const UCHAR *Bytes = (const UCHAR *)(Dead->Header + 1);
    struct vf_evidence Evidence;

    for (SIZE_T i = 0; i < Dead->Size - sizeof(*Dead->Header); i++) {
        if (Bytes[i] != FLTP_FILL_DEAD) {
            FltpDeadEvidence(Dead, &Evidence);
            vf_report_evidence("K-05", "D-15", NULL, Dead->Owner, &Evidence,
                "%s %p (%llu bytes) was written to after its last release, at offset %llu; the stack is that of the last release, who wrote is "
                "not known (--verify=full names the instruction)", Dead->Kind, (PVOID)(Dead->Header + 1),
                (unsigned long long)(Dead->Size - sizeof(*Dead->Header)), (unsigned long long)i);
            return;
        }
    }
}

static VOID
FltpDeadExpire(const FLTP_DEAD *Dead)
{
    if (Dead->Header == NULL) {
        return;
    }
    if (FltpBlockIsGuarded(Dead->Header)) {
        port_guard_free(Dead->Header, sizeof(*Dead->Header));
    } else {
        FltpDeadCheck(Dead);
        port_free(Dead->Header);
    }
}

/* Header->Node is not valid any more. */
VOID
FltpBlockDestroy(FLTP_CONTEXT_HEADER *Header, SIZE_T Size, vf_owner *Owner)
{
    struct vf_dead Dead = { 0 };

    if (!vf_on() && !FltpBlockIsGuarded(Header)) {
        port_free(Header);
        return;
    }
    FsRtlpWaitForget(Header, Size);
    if (FltpBlockIsGuarded(Header)) {
        port_guard_forbid(Header, sizeof(*Header));
    } else {
        memset(Header + 1, FLTP_FILL_DEAD, Size - sizeof(*Header));
    }
    vf_object_dead(Header + 1, &Dead);
    FLTP_DEAD Entry = { .Header = Header, .Size = Size, .Owner = Owner, .Allocated = Dead.allocated, .Released = Dead.released,
        .Kind = vf_kind_name(Dead.kind) };
    FLTP_DEAD_RING *Ring = &FltpDead[port_thread_id() % FLTP_RINGS];
    FltpLockAcquire(&Ring->Lock, FLTP_RANK_LEAF);
    FLTP_DEAD *Place = &Ring->Entries[Ring->Next++ % (FltpIsFull() ? FLTP_RING_GUARDED : FLTP_RING)];
    const FLTP_DEAD Oldest = *Place;
    *Place = Entry;
    FltpLockRelease(&Ring->Lock);
    FltpDeadExpire(&Oldest);
}

/* Checks and frees what is kept of an owner; NULL: of all. */
VOID
FltpContextQuarantineEmpty(vf_owner *Owner)
{
    for (ULONG r = 0; r < FLTP_RINGS; r++) {
        for (ULONG i = 0; i < FLTP_RING_GUARDED; i++) {
            FltpLockAcquire(&FltpDead[r].Lock, FLTP_RANK_LEAF);
            FLTP_DEAD Dead = FltpDead[r].Entries[i];
            if (Owner == NULL || Dead.Owner == Owner) {
                FltpDead[r].Entries[i].Header = NULL;
            } else {
                Dead.Header = NULL;
            }
            FltpLockRelease(&FltpDead[r].Lock);
            FltpDeadExpire(&Dead);
        }
    }
}

/* The dead block that Address lies in. */
static BOOLEAN
FltpDeadFind(ULONG_PTR Address, FLTP_DEAD *Found)
{
    for (ULONG r = 0; r < FLTP_RINGS; r++) {
        BOOLEAN Hit = FALSE;
        FltpLockAcquire(&FltpDead[r].Lock, FLTP_RANK_LEAF);
        for (ULONG i = 0; i < FLTP_RING_GUARDED && !Hit; i++) {
            const FLTP_DEAD *Dead = &FltpDead[r].Entries[i];
            Hit = Dead->Header != NULL && Address - (ULONG_PTR)Dead->Header < ((Dead->Size + 0xFFF) & ~(SIZE_T)0xFFF);
            *Found = *Dead;
        }
        FltpLockRelease(&FltpDead[r].Lock);
        if (Hit) {
            return TRUE;
        }
    }
    return FALSE;
}

VOID
FltpContextReportStale(PFLT_CONTEXT Context, const char *Code, const char *BugCheck, const char *Routine)
{
    struct vf_evidence Evidence = { .object = Context };
    struct vf_dead Dead = { 0 };

    if (FltpCleanupMistake(Context, Routine)) {
        return;
    }
    if (vf_object_dead(Context, &Dead) && Dead.kind <= VF_CONTEXT_SECTION) {
        Evidence.kind = vf_kind_name(Dead.kind);
        Evidence.acquire = Dead.allocated;
        Evidence.related[0] = (struct vf_related){ "last release", Dead.released };
    }
    vf_report_evidence(Code, strcmp(Code, "K-04") == 0 ? "D-14" : "D-15", BugCheck, Dead.owner != NULL ? Dead.owner : KiCurrentOwner(), &Evidence,
        "%s on %p, which is not a context (any more)", Routine, Context);
}

/* ---- cleanup callbacks ---- */

static __thread FLTP_CLEANUP *FltpCleanupTop __attribute__((tls_model("initial-exec")));

VOID
FltpCleanupEnter(FLTP_CLEANUP *Cleanup, FLTP_CONTEXT_NODE *Node)
{
    Cleanup->Node = Node;
    Cleanup->Outer = FltpCleanupTop;
    FltpCleanupTop = Cleanup;
    if (vf_on() && Cleanup->Outer == NULL) {
        FsRtlpWaitTeardown();                  /* what a cleanup around this one holds, it took inside */
    }
}

VOID
FltpCleanupLeave(FLTP_CLEANUP *Cleanup)
{
    FltpCleanupTop = Cleanup->Outer;
}

/* Offset of a pointer-sized member that nobody ever wrote; -1: there is none, or it cannot be told. */
static LONG
FltpFreshOffset(const FLTP_CONTEXT_NODE *Node)
{
    const SIZE_T Size = Node->BlockSize - sizeof(FLTP_CONTEXT_HEADER);
    const ULONGLONG *Words = Node->Context;

    if (Node->Custom || Node->Definition->Variable) {
        return -1;
    }
    for (SIZE_T i = 0; i < Size / sizeof(*Words); i++) {
        if (Words[i] == FLTP_FRESH_WORD) {
            return (LONG)(i * sizeof(*Words));
        }
    }
    return -1;
}

static VOID
FltpCleanupEvidence(struct vf_evidence *Evidence)
{
    vf_evidence_of(FltpCleanupTop->Node->Ledger, Evidence);
}

/* A routine that gives something back was called with Pointer: TRUE if it is a mistake that belongs to the cleanup callback that runs. */
BOOLEAN
FltpCleanupMistake(const VOID *Pointer, const char *Routine)
{
    struct vf_evidence Evidence;
    const FLTP_CLEANUP *Cleanup = vf_on() ? FltpCleanupTop : NULL;

    if (Cleanup == NULL) {
        return FALSE;
    }
    FltpCleanupEvidence(&Evidence);
    if ((ULONG_PTR)Pointer - (ULONG_PTR)Cleanup->Node->Block < Cleanup->Node->BlockSize) {
        vf_report_evidence("K-22", "F-06", NULL, Cleanup->Node->Filter->Owner, &Evidence,
            "the cleanup callback gives the context %s (%s): the filter manager frees it",
            Pointer == Cleanup->Node->Context || Pointer == Cleanup->Node->Block ? "itself back" : "back by a pointer into it", Routine);
        return TRUE;
    }
    const LONG Offset = (ULONG_PTR)Pointer == FLTP_FRESH_WORD ? FltpFreshOffset(Cleanup->Node) : -1;
    if (Offset < 0) {
        return FALSE;
    }
    vf_report_evidence("K-21", "F-03", NULL, Cleanup->Node->Filter->Owner, &Evidence,
        "the cleanup callback gives %s a pointer that was never written since FltAllocateContext (the context's member at offset %d, for one)",
        Routine, (int)Offset);
    return TRUE;
}

static BOOLEAN
FltpPoolMistake(const VOID *Block, const char *Routine)
{
    return FltpCleanupMistake(Block, Routine);
}

/* ---- faults ---- */

static BOOLEAN
FltpFaultIsFresh(const struct port_fault_info *Info)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Info->registers); i++) {
        if (Info->registers[i] - (FLTP_FRESH_WORD - FLTP_NEAR) < 2 * FLTP_NEAR) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
FltpExplainFault(const VOID *Which)
{
    const KI_DRIVER_CALL *Call = Which;
    const struct port_fault_info *Info = &Call->Fault.info;
    struct vf_evidence Evidence;
    FLTP_DEAD Dead;

    if (vf_on() && Info->signo == 11 && port_guard_owns(Info->address) && FltpDeadFind(Info->address, &Dead)) {
        FltpDeadEvidence(&Dead, &Evidence);
        Evidence.related[0] = (struct vf_related){ "last release", Dead.Released };
        Evidence.stack = vf_stack_intern(Info->frames, Info->frame_count);
        Evidence.fault = TRUE;
        vf_report_evidence("K-05", "D-15", "0x50", Call->Owner, &Evidence,
            "%s %p was touched after its last release, at offset %llu; the call was abandoned and the driver is not called again", Dead.Kind,
            (PVOID)(Dead.Header + 1), (unsigned long long)(Info->address - (ULONG_PTR)(Dead.Header + 1)));
        return TRUE;
    }
    if (vf_on() && FltpCleanupTop != NULL && Info->signo == 11 && FltpFaultIsFresh(Info) && FltpFreshOffset(FltpCleanupTop->Node) >= 0) {
        FltpCleanupEvidence(&Evidence);
        Evidence.stack = vf_stack_intern(Info->frames, Info->frame_count);
        Evidence.fault = TRUE;
        vf_report_evidence("K-21", "F-03", "0x50", Call->Owner, &Evidence,
            "the cleanup callback follows a pointer that was never written since FltAllocateContext (the context's member at offset %d, for "
            "one); the call was abandoned and the driver is not called again", (int)FltpFreshOffset(FltpCleanupTop->Node));
        return TRUE;
    }
    return FALSE;
}

VOID
FltpCheckInitialize(VOID)
{
    KiSetFaultExplain(FltpExplainFault);
    ExpSetPoolBadHook(FltpPoolMistake);
}

/* ---- filters, instances and volumes that are gone ---- */

#define FLTP_GONE 256
typedef struct FLTP_GONE_OBJECT {
    FLTP_OBJECT *Object;
    const char *Kind;
    vf_owner *Owner;
    vf_stack Freed;
} FLTP_GONE_OBJECT;
static port_lock FltpGoneLock;                 /* protects the ring; nobody is in a hurry who frees an instance */
static ULONG FltpGoneNext;
static FLTP_GONE_OBJECT FltpGone[FLTP_GONE];

VOID
FltpObjectFree(FLTP_OBJECT *Object, const char *Kind, vf_owner *Owner)
{
    atomic_store(&Object->Type, FltpTypeGone);
    if (!vf_on()) {
        port_free(Object);
        return;
    }
    const FLTP_GONE_OBJECT Entry = { Object, Kind, Owner, vf_stack_here(1) };
    FltpLockAcquire(&FltpGoneLock, FLTP_RANK_LEAF);
    FLTP_GONE_OBJECT *Place = &FltpGone[FltpGoneNext++ % FLTP_GONE];
    FLTP_OBJECT *Oldest = Place->Object;
    *Place = Entry;
    FltpLockRelease(&FltpGoneLock);
    port_free(Oldest);
}

VOID
FltpGoneEmpty(VOID)
{
    for (ULONG i = 0; i < FLTP_GONE; i++) {
        port_free(FltpGone[i].Object);
        FltpGone[i].Object = NULL;
    }
}

static VOID
FltpObjectReportGone(PVOID Object, const char *Routine)
{
    struct vf_evidence Evidence = { .object = Object, .kind = "filter manager object" };
    const char *Kind = "filter, instance or volume (any more)";
    vf_owner *Owner = KiCurrentOwner();

    FltpLockAcquire(&FltpGoneLock, FLTP_RANK_LEAF);
    for (ULONG i = 0; i < FLTP_GONE; i++) {
        if (FltpGone[i].Object == Object) {
            Evidence.related[0] = (struct vf_related){ "it was freed", FltpGone[i].Freed };
            Evidence.kind = Kind = FltpGone[i].Kind;
            Owner = Owner != NULL ? Owner : FltpGone[i].Owner;
        }
    }
    FltpLockRelease(&FltpGoneLock);
    vf_report_evidence("K-27", "F-07", NULL, Owner, &Evidence,
        Evidence.related[0].stack != 0 ? "%s: %p was %s%s; it is gone" : "%s: %p is not a %s%s", Routine, Object,
        Evidence.related[0].stack != 0 ? (Kind[0] == 'i' ? "an " : "a ") : "", Kind);
}

BOOLEAN
FltpObjectIsSlowly(PVOID Object, const char *Routine)
{
    if (Object == NULL) {
        return TRUE;                           /* what NULL means is the caller's affair */
    }
    switch (atomic_load_explicit(&((FLTP_OBJECT *)Object)->Type, memory_order_relaxed)) {
    case FltpTypeFilter:
    case FltpTypeInstance:
    case FltpTypeVolume:
        return TRUE;
    default:
        FltpObjectReportGone(Object, Routine);
        return FALSE;
    }
}

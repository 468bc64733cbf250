/* SPDX-License-Identifier: MIT */
/*
 * The one mechanism behind every set, get and delete of a context: a target's list of nodes.
 *
 * Invariants
 *  1. A node is on the list of its Target, and on the list of its LinkOwner, exactly while it has the linked bit and Target is not
 *     NULL; all of that changes under Target->Lock.
 *  2. A list has at most one node per (Key, Type).  A replacement is inserted before the replaced node loses its linked bit, so a search that
 *     meets a node without the bit starts again and cannot miss the newer one (D-07).
 *  3. Searches run in RCU sections without a lock.  A node's Next is written only before it is linked, at least a grace period after
 *     it was last unlinked.
 *  4. The link reference is dropped, or handed to the caller, by the one who unlinks: nobody else saw the bit go (E-12).
 *  5. Finalising happens after the lock is dropped.
 */
#include "fltmgr/ctxget.h"
#include "fltmgr/fltp.h"

VOID
FltpTargetInitialize(FLTP_TARGET *Target, FLTP_TARGET_KIND Kind, VOID (*Free)(FLTP_TARGET *))
{
    atomic_init(&Target->Head, NULL);
    for (ULONG i = 0; i < FLTP_NEAR_COUNT; i++) {
        atomic_init(&Target->Near[i], NULL);
    }
    Target->Lock = (port_lock){ 0 };
    Target->Kind = (USHORT)Kind;
    Target->Dead = FALSE;
    atomic_init(&Target->Memory, 1);
    Target->Free = Free;
}

VOID
FltpTargetReference(FLTP_TARGET *Target)
{
    atomic_fetch_add_explicit(&Target->Memory, 1, memory_order_relaxed);
}

VOID
FltpTargetDereference(FLTP_TARGET *Target)
{
    VOID (*const Free)(FLTP_TARGET *) = Target->Free;

    if (atomic_fetch_sub_explicit(&Target->Memory, 1, memory_order_acq_rel) == 1 && Free != NULL) {
        Free(Target);
    }
}

VOID
FltpLinkOwnerInitialize(FLTP_LINK_OWNER *Owner)
{
    Owner->Lock = (port_lock){ 0 };
    Owner->Closed = FALSE;
    Owner->Near = 0;
    InitializeListHead(&Owner->Links);
}

/* ---- get ---- */

typedef enum FLTP_TRY { FltpTryGot, FltpTryUnlinked, FltpTryDied } FLTP_TRY;

/* Inside the read section that found the node. */
static FLTP_TRY
FltpNodeTryGet(FLTP_CONTEXT_NODE *Node)
{
    if (FltpNodeGet(Node)) {
        return FltpTryGot;
    }
    const int64_t Left = atomic_fetch_sub_explicit(&Node->Word, 1, memory_order_acq_rel) - 1;
    return FltpContextClaimDead(Node, Left) ? FltpTryDied : FltpTryUnlinked;
}

VOID
FltpNodeUngot(FLTP_CONTEXT_NODE *Node)
{
    const int64_t Left = atomic_fetch_sub_explicit(&Node->Word, 1, memory_order_acq_rel) - 1;
    const BOOLEAN Died = FltpContextClaimDead(Node, Left);

    port_rcu_read_unlock();
    if (Died) {
        FltpContextFinalize(Node);
    }
}

/* *Found is referenced (FltpTryGot) or is to be finalised (FltpTryDied). */
static FLTP_TRY
FltpTargetSearch(const FLTP_TARGET *Target, const void *Key, FLT_CONTEXT_TYPE Type, FLTP_CONTEXT_NODE **Found)
{
    FLTP_TRY Try = FltpTryGot;

    *Found = NULL;
    port_rcu_read_lock();
    FLTP_CONTEXT_NODE *Node = FltpTargetFind(Target, Key, Type);
    if (Node != NULL) {
        Try = FltpNodeTryGet(Node);
        *Found = Try == FltpTryUnlinked ? NULL : Node;
    }
    port_rcu_read_unlock();
    return Try;
}

/* The linked context of a key, with one more reference.  Fails: STATUS_NOT_FOUND. */
NTSTATUS
FltpSlotGet(const FLTP_TARGET *Target, const void *Key, FLT_CONTEXT_TYPE Type, const char *Routine, PFLT_CONTEXT *Context)
{
    FLTP_CONTEXT_NODE *Node;
    FLTP_TRY Try;

    while ((Try = FltpTargetSearch(Target, Key, Type, &Node)) != FltpTryGot) {
        if (Try == FltpTryDied) {
            FltpContextFinalize(Node);
        }
    }
    if (Node == NULL) {
        return STATUS_NOT_FOUND;
    }
    *Context = Node->Context;
    if (vf_on()) {
        vf_object_reference(Node->Ledger, VF_REASON_GET, Routine);
    }
    return STATUS_SUCCESS;
}

/* ---- link and unlink ---- */

static VOID
FltpNodeSetTarget(FLTP_CONTEXT_NODE *Node, FLTP_TARGET *Target)
{
    FltpLockAcquire(&Node->Lock, FLTP_RANK_OWNER);
    Node->Target = Target;
    FltpLockRelease(&Node->Lock);
}

/* Fails: the owner takes no more links (its instance or filter is gone). */
static BOOLEAN
FltpNodeLinkLocked(FLTP_CONTEXT_NODE *Node, const FLTP_SLOT *Slot)
{
    Node->Key = FltpNodeKey(Slot->Key, Slot->Type);
    Node->LinkOwner = Slot->Owner;
    FltpNodeSetTarget(Node, Slot->Target);
    FltpLockAcquire(&Slot->Owner->Lock, FLTP_RANK_OWNER);
    const BOOLEAN Open = !Slot->Owner->Closed;
    if (Open && Slot->Type == FLT_INSTANCE_CONTEXT) {
        InsertTailList(&Slot->Owner->Links, &Node->OwnerLinks);   /* F-24: goes after all others */
    } else if (Open) {
        InsertHeadList(&Slot->Owner->Links, &Node->OwnerLinks);
    }
    FltpLockRelease(&Slot->Owner->Lock);
    if (Open) {
        FLTP_CONTEXT_NODE *First = atomic_load_explicit(&Slot->Target->Head, memory_order_relaxed);
        atomic_store_explicit(&Node->Next, First, memory_order_relaxed);
        /* Pairs with the acquire loads of FltpTargetSearch. */
        atomic_store_explicit(&Slot->Target->Head, Node, memory_order_release);
        _Atomic(FLTP_CONTEXT_NODE *) *Near = &Slot->Target->Near[Slot->Owner->Near];
        if (atomic_load_explicit(Near, memory_order_relaxed) == NULL) {
            atomic_store_explicit(Near, Node, memory_order_release);
        }
    } else {
        FltpNodeSetTarget(Node, NULL);
    }
    return Open;
}

/* Off both lists; the linked bit is still set.  FALSE: it is not on this target's list. */
static BOOLEAN
FltpNodeUnlinkLocked(FLTP_TARGET *Target, FLTP_CONTEXT_NODE *Node)
{
    _Atomic(FLTP_CONTEXT_NODE *) *Link = &Target->Head;
    FLTP_CONTEXT_NODE *Current;

    while ((Current = atomic_load_explicit(Link, memory_order_relaxed)) != Node) {
        if (Current == NULL) {
            return FALSE;
        }
        Link = &Current->Next;
    }
    atomic_store_explicit(Link, atomic_load_explicit(&Node->Next, memory_order_relaxed), memory_order_release);
    _Atomic(FLTP_CONTEXT_NODE *) *Near = &Target->Near[Node->LinkOwner->Near];
    if (atomic_load_explicit(Near, memory_order_relaxed) == Node) {
        atomic_store_explicit(Near, NULL, memory_order_release);
    }
    FltpLockAcquire(&Node->LinkOwner->Lock, FLTP_RANK_OWNER);
    RemoveEntryList(&Node->OwnerLinks);
    FltpLockRelease(&Node->LinkOwner->Lock);
    FltpNodeSetTarget(Node, NULL);
    atomic_fetch_add_explicit(&Node->Unlinks, 1, memory_order_release);
    return TRUE;
}

/* The link reference of an unlinked node: to the caller (Old not NULL), or dropped.  TRUE: the node died and is to be finalised. */
static BOOLEAN
FltpNodeSettle(FLTP_CONTEXT_NODE *Node, PFLT_CONTEXT *Old, const char *Routine)
{
    if (Old != NULL) {
        *Old = Node->Context;
        if (vf_on()) {
            vf_object_rename_reference(Node->Ledger, VF_REASON_LINK, VF_REASON_OLD_CONTEXT, Routine);
        }
        atomic_fetch_add_explicit(&Node->Word, 1 - FLTP_NODE_LINKED, memory_order_acq_rel);
        return FALSE;
    }
    if (vf_on()) {
        vf_object_release(Node->Ledger, VF_REASON_LINK, Routine);
    }
    const int64_t Left = atomic_fetch_sub_explicit(&Node->Word, FLTP_NODE_LINKED, memory_order_acq_rel) - FLTP_NODE_LINKED;
    return FltpContextClaimDead(Node, Left);
}

static NTSTATUS
FltpTargetDeadStatus(const FLTP_TARGET *Target)
{
    switch (Target->Kind) {
    case FltpTargetVolume:
    case FltpTargetInstance:
    case FltpTargetTransaction:
        return STATUS_FLT_DELETING_OBJECT;
    default:
        return STATUS_NOT_SUPPORTED;
    }
}

/* ---- set ---- */

/*
 * Takes the linked bit of a node that may have been linked before: then a grace period must lie between (invariant 3).  Locks: enters
 * and leaves with Target->Lock held, drops it for the wait.
 */
static BOOLEAN
FltpNodeTakeLinkLocked(FLTP_TARGET *Target, FLTP_CONTEXT_NODE *Node)
{
    ULONG Waited = 0;

    for (;;) {
        const ULONG Unlinks = atomic_load_explicit(&Node->Unlinks, memory_order_acquire);
        if (Unlinks != Waited) {
            FltpLockRelease(&Target->Lock);
            port_rcu_synchronize();
            FltpLockAcquire(&Target->Lock, FLTP_RANK_TARGET);
            Waited = Unlinks;
            continue;
        }
        if (atomic_fetch_or_explicit(&Node->Word, FLTP_NODE_LINKED, memory_order_acq_rel) & FLTP_NODE_LINKED) {
            return FALSE;
        }
        if (atomic_load_explicit(&Node->Unlinks, memory_order_acquire) == Waited) {
            return TRUE;
        }
        atomic_fetch_and_explicit(&Node->Word, ~FLTP_NODE_LINKED, memory_order_acq_rel);
    }
}

/* C-02, C-03. */
static NTSTATUS
FltpSlotKeepLocked(FLTP_CONTEXT_NODE *Existing, PFLT_CONTEXT *OldContext, const char *Routine)
{
    if (OldContext != NULL) {
        atomic_fetch_add_explicit(&Existing->Word, 1, memory_order_relaxed);
        *OldContext = Existing->Context;
        if (vf_on()) {
            vf_object_reference(Existing->Ledger, VF_REASON_OLD_CONTEXT, Routine);
        }
    }
    return STATUS_FLT_CONTEXT_ALREADY_DEFINED;
}

static NTSTATUS
FltpSlotSetLocked(const FLTP_SLOT *Slot, FLT_SET_CONTEXT_OPERATION Operation, FLTP_CONTEXT_NODE *Node, PFLT_CONTEXT *OldContext,
    FLTP_CONTEXT_NODE **Died)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (!FltpNodeTakeLinkLocked(Slot->Target, Node)) {
        return Slot->Target->Dead ? FltpTargetDeadStatus(Slot->Target) : STATUS_FLT_CONTEXT_ALREADY_LINKED;
    }
    FLTP_CONTEXT_NODE *Existing = FltpTargetFind(Slot->Target, Slot->Key, Slot->Type);
    if (Slot->Target->Dead) {
        Status = FltpTargetDeadStatus(Slot->Target);
    } else if (Existing != NULL && Operation == FLT_SET_CONTEXT_KEEP_IF_EXISTS) {
        Status = FltpSlotKeepLocked(Existing, OldContext, Slot->Routine);
    } else if (!FltpNodeLinkLocked(Node, Slot)) {
        Status = STATUS_FLT_DELETING_OBJECT;
    }
    if (!NT_SUCCESS(Status)) {
        atomic_fetch_and_explicit(&Node->Word, ~FLTP_NODE_LINKED, memory_order_acq_rel);
        return Status;
    }
    if (vf_on()) {
        vf_object_reference(Node->Ledger, VF_REASON_LINK, Slot->Routine);
    }
    if (Existing != NULL) {
        FltpNodeUnlinkLocked(Slot->Target, Existing);
        *Died = FltpNodeSettle(Existing, OldContext, Slot->Routine) ? Existing : NULL;
    }
    return STATUS_SUCCESS;
}

/*
 * Sets a context.  The caller has checked Node (type, filter) and holds a reference on it.
 *
 * IRQL:   <= APC_LEVEL
 * Fails:  STATUS_FLT_CONTEXT_ALREADY_LINKED, STATUS_FLT_CONTEXT_ALREADY_DEFINED (*OldContext is the existing one, +1),
 *         STATUS_FLT_DELETING_OBJECT, STATUS_NOT_SUPPORTED (target gone)
 */
NTSTATUS
FltpSlotSet(const FLTP_SLOT *Slot, FLT_SET_CONTEXT_OPERATION Operation, FLTP_CONTEXT_NODE *Node, PFLT_CONTEXT *OldContext)
{
    FLTP_CONTEXT_NODE *Died = NULL;

    FltpLockAcquire(&Slot->Target->Lock, FLTP_RANK_TARGET);
    NTSTATUS Status = FltpSlotSetLocked(Slot, Operation, Node, OldContext, &Died);
    FltpLockRelease(&Slot->Target->Lock);
    if (Died != NULL) {
        FltpContextFinalize(Died);
    }
    return Status;
}

/* ---- delete ---- */

/* Fails: STATUS_NOT_FOUND. */
NTSTATUS
FltpSlotDelete(const FLTP_SLOT *Slot, PFLT_CONTEXT *OldContext)
{
    BOOLEAN Died = FALSE;

    FltpLockAcquire(&Slot->Target->Lock, FLTP_RANK_TARGET);
    FLTP_CONTEXT_NODE *Node = FltpTargetFind(Slot->Target, Slot->Key, Slot->Type);
    if (Node != NULL) {
        FltpNodeUnlinkLocked(Slot->Target, Node);
        Died = FltpNodeSettle(Node, OldContext, Slot->Routine);
    }
    FltpLockRelease(&Slot->Target->Lock);
    if (Died) {
        FltpContextFinalize(Node);
    }
    return Node != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

/* Only the first call finds a target (E-08) and returns TRUE; the caller holds a reference. */
BOOLEAN
FltpSlotUnlink(FLTP_CONTEXT_NODE *Node, const char *Routine)
{
    FltpLockAcquire(&Node->Lock, FLTP_RANK_OWNER);
    FLTP_TARGET *Target = Node->Target;
    if (Target != NULL) {
        FltpTargetReference(Target);
    }
    FltpLockRelease(&Node->Lock);
    if (Target == NULL) {
        return FALSE;
    }
    FltpLockAcquire(&Target->Lock, FLTP_RANK_TARGET);
    const BOOLEAN Unlinked = FltpNodeUnlinkLocked(Target, Node);
    if (Unlinked) {
        FltpNodeSettle(Node, NULL, Routine);
    }
    FltpLockRelease(&Target->Lock);
    FltpTargetDereference(Target);
    return Unlinked;
}

/* ---- teardown ---- */

/* A section context whose stream or instance goes was to be closed before (K-20): what is told of it, outside of the locks. */
typedef struct FLTP_OPEN_SECTION {
    vf_owner *Owner;                           /* NULL: it is none */
    struct vf_evidence Evidence;               /* the place is where its section was made */
} FLTP_OPEN_SECTION;

/* Target->Lock */
static VOID
FltpSlotLookOpen(const FLTP_CONTEXT_NODE *Node, FLTP_OPEN_SECTION *Open)
{
    Open->Owner = Node->Type == FLT_SECTION_CONTEXT && vf_on() ? Node->Filter->Owner : NULL;
    if (Open->Owner != NULL) {
        vf_evidence_of(Node->Ledger, &Open->Evidence);
        Open->Evidence.object = Node->Context;
        Open->Evidence.stack = vf_object_link_stack(Node->Ledger);
    }
}

static VOID
FltpSlotReportOpen(const FLTP_OPEN_SECTION *Open, const char *End)
{
    if (Open->Owner != NULL) {
        vf_report_evidence("K-20", "F-16", NULL, Open->Owner, &Open->Evidence,
            "a section context is still open at the end of its %s: FltCloseSectionForDataScan was not called", End);
    }
}

/* By target.  An embedded target is not used any more when this returns. */
VOID
FltpTargetTeardown(FLTP_TARGET *Target)
{
    FLTP_CONTEXT_NODE *Node;

    do {
        BOOLEAN Died = FALSE;
        FLTP_OPEN_SECTION Open = { .Owner = NULL };
        FltpLockAcquire(&Target->Lock, FLTP_RANK_TARGET);
        Target->Dead = TRUE;
        Node = atomic_load_explicit(&Target->Head, memory_order_relaxed);
        if (Node != NULL) {
            FltpSlotLookOpen(Node, &Open);
            FltpNodeUnlinkLocked(Target, Node);
            Died = FltpNodeSettle(Node, NULL, "teardown");
        }
        FltpLockRelease(&Target->Lock);
        FltpSlotReportOpen(&Open, "stream");
        if (Died) {
            FltpContextFinalize(Node);
        }
    } while (Node != NULL);
    while (Target->Free == NULL && atomic_load_explicit(&Target->Memory, memory_order_acquire) != 1) {
        port_yield();
    }
}

/* One node of a closed owner.  The node may be unlinked and freed by others as soon as Owner->Lock is dropped: compare, then touch. */
static VOID
FltpLinkOwnerUnlinkOne(FLTP_LINK_OWNER *Owner, FLTP_TARGET *Target, FLTP_CONTEXT_NODE *Node)
{
    FLTP_OPEN_SECTION Open = { .Owner = NULL };
    BOOLEAN Died = FALSE;

    FltpLockAcquire(&Target->Lock, FLTP_RANK_TARGET);
    FLTP_CONTEXT_NODE *Listed = atomic_load_explicit(&Target->Head, memory_order_relaxed);
    while (Listed != NULL && Listed != Node) {
        Listed = atomic_load_explicit(&Listed->Next, memory_order_relaxed);
    }
    if (Listed != NULL && Listed->LinkOwner == Owner) {
        FltpSlotLookOpen(Node, &Open);
        FltpNodeUnlinkLocked(Target, Node);
        Died = FltpNodeSettle(Node, NULL, "teardown");
    }
    FltpLockRelease(&Target->Lock);
    FltpSlotReportOpen(&Open, "instance");
    if (Died) {
        FltpContextFinalize(Node);
    }
}

VOID
FltpLinkOwnerTeardown(FLTP_LINK_OWNER *Owner)
{
    for (;;) {
        FltpLockAcquire(&Owner->Lock, FLTP_RANK_OWNER);
        Owner->Closed = TRUE;
        if (IsListEmpty(&Owner->Links)) {
            FltpLockRelease(&Owner->Lock);
            return;
        }
        FLTP_CONTEXT_NODE *Node = CONTAINING_RECORD(Owner->Links.Flink, FLTP_CONTEXT_NODE, OwnerLinks);
        FLTP_TARGET *Target = Node->Target;
        FltpTargetReference(Target);
        FltpLockRelease(&Owner->Lock);
        FltpLinkOwnerUnlinkOne(Owner, Target, Node);
        FltpTargetDereference(Target);
    }
}

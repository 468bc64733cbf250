/* SPDX-License-Identifier: MIT */
/*
 * Contexts: allocate, reference, release, die (sections B, D and F of the specification).
 *
 * FLTP_CONTEXT_NODE.Word:  bits 0-31 references of the driver | FLTP_NODE_LINKED link reference | FLTP_NODE_DEAD
 *
 *      ALLOCATED  1            LINKED  LINKED + n            UNLINKED  n            DEAD  DEAD (+ failed gets on their way)
 *
 * Whoever makes the word zero sets DEAD by compare-exchange (FltpContextClaimDead) and finalises: a get that came too late adds and
 * subtracts one, and may thereby be the one.  After DEAD the block goes at once, the node after a grace period.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/ctxget.h"
#include "fltmgr/fltp.h"
#include "fltmgr/transact.h"

FLTP_CONTEXT_NODE *
FltpContextNode(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    if ((ULONG_PTR)Context < 0x10000 || (ULONG_PTR)Context >= 0x0000800000000000ull || ((ULONG_PTR)Context & 7) != 0) {
        return NULL;                           /* no address at all */
    }
    const FLTP_CONTEXT_HEADER *Header = FltpContextHeader(Context);
    if ((Header->Magic != FLTP_CONTEXT_MAGIC && Header->Magic != FLTP_CONTEXT_MAGIC_WATCHED) || (Type != 0 && Header->Node->Type != Type)) {
        return NULL;
    }
    return Header->Node;
}

static enum vf_kind
FltpContextKind(FLT_CONTEXT_TYPE Type)
{
    return (enum vf_kind)(VF_CONTEXT_VOLUME + FltpContextTypeIndex(Type));
}

/* ---- allocate ---- */

static const FLTP_DEFINITION *
FltpDefinitionFind(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type, SIZE_T Size)
{
    const FLTP_DEFINITIONS *Definitions = &Filter->Definitions[FltpContextTypeIndex(Type)];

    for (ULONG i = 0; i < Definitions->Count; i++) {
        const FLTP_DEFINITION *Definition = &Definitions->Entries[i];
        const SIZE_T Fixed = Definition->Registration.Size;
        if (Definition->Custom || Definition->Variable || Size == Fixed || (Definition->AnySmaller && Size < Fixed)) {
            return Definition;
        }
    }
    return NULL;
}

static PVOID
FltpBlockAllocateCustom(PFLT_FILTER Filter, const FLTP_DEFINITION *Definition, POOL_TYPE PoolType, SIZE_T Size)
{
    PVOID volatile Block = NULL;
    const FLT_CONTEXT_REGISTRATION *Registration = &Definition->Registration;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Filter, NULL, "context allocate");
    NT_CALL(&Call, Block = Registration->ContextAllocateCallback(PoolType, Size, Registration->ContextType));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
    return Block;
}

/* B-12: variable-size ones are zeroed; fixed-size ones are not, and the verifier makes that visible. */
static PVOID
FltpBlockAllocate(PFLT_FILTER Filter, const FLTP_DEFINITION *Definition, POOL_TYPE PoolType, SIZE_T *Size)
{
    if (Definition->Custom) {
        *Size += sizeof(FLTP_CONTEXT_HEADER);
        return FltpBlockAllocateCustom(Filter, Definition, PoolType, *Size);
    }
    *Size = (Definition->Variable ? *Size : Definition->Registration.Size) + sizeof(FLTP_CONTEXT_HEADER);
    return FltpBlockCreate(*Size, Definition->Variable);
}

static NTSTATUS
FltpContextCreate(PFLT_FILTER Filter, const FLTP_DEFINITION *Definition, SIZE_T Size, POOL_TYPE PoolType, PFLT_CONTEXT *Context)
{
    FLTP_CONTEXT_NODE *Node = port_alloc_aligned(_Alignof(FLTP_CONTEXT_NODE), sizeof(*Node));
    SIZE_T BlockSize = Size;
    FLTP_CONTEXT_HEADER *Header = Node != NULL ? FltpBlockAllocate(Filter, Definition, PoolType, &BlockSize) : NULL;

    if (Header == NULL) {
        port_free(Node);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Header->Node = Node;
    Header->Magic = vf_on() ? FLTP_CONTEXT_MAGIC_WATCHED : FLTP_CONTEXT_MAGIC;
    Header->Reserved = 0;
    memset(Node, 0, sizeof(*Node));
    Node->Context = Header + 1;
    Node->Type = Definition->Registration.ContextType;
    Node->Paged = (PoolType & PagedPool) != 0;
    Node->Custom = Definition->Custom;
    Node->Filter = Filter;
    Node->Definition = Definition;
    Node->Block = Header;
    Node->BlockSize = BlockSize;
    atomic_init(&Node->Word, 1);
    Node->Ledger = vf_object_create(Filter->Owner, FltpContextKind(Node->Type), Node->Context, Size,
        Definition->Registration.PoolTag, VF_REASON_ALLOCATE, "FltAllocateContext");
    *Context = Node->Context;
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpContextCheck(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type, SIZE_T Size, POOL_TYPE PoolType)
{
    if (Filter == NULL || !FltpObjectIs(Filter, "FltAllocateContext") || FltpContextTypeIndex(Type) < 0 || Size == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Size > MAXUSHORT) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    if (Type == FLT_VOLUME_CONTEXT && (PoolType & PagedPool)) {
        return STATUS_FLT_MUST_BE_NONPAGED_POOL;
    }
    if (PoolType != NonPagedPool && PoolType != PagedPool && PoolType != NonPagedPoolNx) {
        vf_report("K-26", "B-11", NULL, Filter->Owner, NULL, "FltAllocateContext with pool type %d", (int)PoolType);
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltAllocateContext.  Differences: none. */
NTSTATUS FLTAPI
FltAllocateContext(PFLT_FILTER Filter, FLT_CONTEXT_TYPE ContextType, SIZE_T ContextSize, POOL_TYPE PoolType,
    PFLT_CONTEXT *ReturnedContext)
{
    *ReturnedContext = NULL_CONTEXT;
    NTSTATUS Status = FltpContextCheck(Filter, ContextType, ContextSize, PoolType);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (KeGetCurrentIrql() > APC_LEVEL) {
        vf_report("K-08", "B-20", "0xD1", Filter->Owner, NULL, "FltAllocateContext at IRQL %u", (unsigned)KeGetCurrentIrql());
    }
    if (atomic_load_explicit(&Filter->Unregistering, memory_order_acquire) || !FltpCountTryAcquire(&Filter->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    const FLTP_DEFINITION *Definition = FltpDefinitionFind(Filter, ContextType, ContextSize);
    Status = STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND;
    if (Definition != NULL) {
        Status = vf_inject(__func__, Filter->Owner)
            ? STATUS_INSUFFICIENT_RESOURCES
            : FltpContextCreate(Filter, Definition, ContextSize, PoolType, ReturnedContext);
    }
    if (!NT_SUCCESS(Status)) {
        FltpCountRelease(&Filter->Outstanding);
    }
    return Status;
}

/* ---- die ---- */

static VOID
FltpNodeFree(struct port_rcu_head *Head)
{
    port_free(CONTAINING_RECORD(Head, FLTP_CONTEXT_NODE, Rcu));
}

static VOID
FltpBlockFree(FLTP_CONTEXT_NODE *Node)
{
    FLTP_CONTEXT_HEADER *Header = FltpContextHeader(Node->Context);

    Header->Magic = FLTP_CONTEXT_MAGIC_DEAD;
    Header->Node = NULL;
    if (Node->Custom) {
        KI_DRIVER_CALL Call;
        FltpCallInitialize(&Call, Node->Filter, NULL, "context free");
        NT_CALL(&Call, Node->Definition->Registration.ContextFreeCallback(Node->Block, Node->Type));
        if (Call.Faulted) {
            FltpFilterMarkDead(Node->Filter);
        }
    } else {
        FltpBlockDestroy(Header, Node->BlockSize, Node->Filter->Owner);
    }
}

static VOID
FltpContextFinalizeNow(FLTP_CONTEXT_NODE *Node)
{
    PFLT_FILTER Filter = Node->Filter;
    const PFLT_CONTEXT_CLEANUP_CALLBACK Cleanup = Node->Definition->Registration.ContextCleanupCallback;

    if (Cleanup != NULL && !atomic_load(&Filter->Dead)) {
        KI_DRIVER_CALL Call;
        FLTP_CLEANUP Running;
        FltpCallInitialize(&Call, Filter, NULL, "context cleanup");
        Call.Routine = (const VOID *)Cleanup;
        FltpCleanupEnter(&Running, Node);
        NT_CALL(&Call, Cleanup(Node->Context, Node->Type));
        FltpCleanupLeave(&Running);
        if (Call.Faulted) {
            FltpFilterMarkDead(Filter);
        }
    }
    vf_object_destroy(Node->Ledger, Filter->Owner, FltpContextKind(Node->Type));
    FltpBlockFree(Node);
    port_rcu_call(&Node->Rcu, FltpNodeFree);
    FltpCountRelease(&Filter->Outstanding);
}

/* D-17: releases at DISPATCH_LEVEL leave the work to a system thread. */
static _Atomic(FLTP_CONTEXT_NODE *) FltpDeferred;
static WORK_QUEUE_ITEM FltpDeferredItem;

VOID
FltpContextFlushDeferred(VOID)
{
    FLTP_CONTEXT_NODE *Node = atomic_exchange_explicit(&FltpDeferred, NULL, memory_order_acq_rel);

    while (Node != NULL) {
        FLTP_CONTEXT_NODE *Next = Node->NextDeferred;
        FltpContextFinalizeNow(Node);
        Node = Next;
    }
}

static VOID
FltpDeferredWorker(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    FltpContextFlushDeferred();
}

/* The item is on the queue, or being started, as long as the chain is not empty: it is queued by who finds it empty. */
static VOID
FltpContextDefer(FLTP_CONTEXT_NODE *Node)
{
    FLTP_CONTEXT_NODE *First = atomic_load_explicit(&FltpDeferred, memory_order_relaxed);

    do {
        Node->NextDeferred = First;
    } while (!atomic_compare_exchange_weak_explicit(&FltpDeferred, &First, Node, memory_order_acq_rel, memory_order_relaxed));
    if (First == NULL) {
        ExInitializeWorkItem(&FltpDeferredItem, FltpDeferredWorker, NULL);
        ExQueueWorkItem(&FltpDeferredItem, DelayedWorkQueue);
    }
}

VOID
FltpContextFinalize(FLTP_CONTEXT_NODE *Node)
{
    if (KeGetCurrentIrql() > APC_LEVEL) {
        FltpContextDefer(Node);
    } else {
        FltpContextFinalizeNow(Node);
    }
}

BOOLEAN
FltpContextClaimDead(FLTP_CONTEXT_NODE *Node, int64_t Value)
{
    int64_t Zero = 0;

    return Value == 0 && atomic_compare_exchange_strong_explicit(
        &Node->Word, &Zero, FLTP_NODE_DEAD, memory_order_acq_rel, memory_order_relaxed);
}

/* ---- reference, release ---- */

/* Windows: fltKernel.h, FltReferenceContext.  Differences: none. */
VOID FLTAPI
FltReferenceContext(PFLT_CONTEXT Context)
{
    FLTP_CONTEXT_NODE *Node = FltpContextNode(Context, 0);

    if (Node == NULL || (atomic_load_explicit(&Node->Word, memory_order_relaxed) & FLTP_NODE_DEAD)) {
        FltpContextReportStale(Context, "K-04", "0xF5/0x6E", __func__);
        return;
    }
    atomic_fetch_add_explicit(&Node->Word, 1, memory_order_relaxed);
    if (vf_on()) {
        vf_object_reference(Node->Ledger, VF_REASON_REFERENCE, __func__);
    }
}

/* FALSE: there was nothing to release. */
static BOOLEAN
FltpContextCheckRelease(FLTP_CONTEXT_NODE *Node)
{
    const int64_t Word = atomic_load_explicit(&Node->Word, memory_order_relaxed);

    if (vf_on() && Node->Paged && KeGetCurrentIrql() > APC_LEVEL) {
        vf_report("K-08", "D-15", "0xD1", Node->Filter->Owner, Node->Context, "FltReleaseContext of a paged context at IRQL %u",
            (unsigned)KeGetCurrentIrql());
    }
    if (FLTP_NODE_COUNT(Word) != 0) {
        return TRUE;
    }
    struct vf_evidence Evidence;
    if (FltpCleanupMistake(Node->Context, "FltReleaseContext")) {
        return FALSE;
    }
    vf_evidence_of(Node->Ledger, &Evidence);
    Evidence.object = Node->Context;
    if (Word & FLTP_NODE_LINKED) {
        vf_report_evidence("K-03", "F-01", "0xF5/0x6D", Node->Filter->Owner, &Evidence,
            "released once too often: only the link reference of the object it is set on is left");
    } else {
        vf_report_evidence("K-02", "D-15", NULL, Node->Filter->Owner, &Evidence, "released once too often");
    }
    return FALSE;
}

static VOID
FltpContextReleased(FLTP_CONTEXT_NODE *Node, int64_t Left)
{
    if (Left == 0 && FltpContextClaimDead(Node, Left)) {
        FltpContextFinalize(Node);
    }
}

static VOID
FltpContextRelease(FLTP_CONTEXT_NODE *Node, const char *Routine)
{
    if (!FltpContextCheckRelease(Node)) {
        return;
    }
    if (vf_on()) {
        vf_object_release(Node->Ledger, VF_REASON_GET, Routine);
    }
    FltpContextReleased(Node, atomic_fetch_sub_explicit(&Node->Word, 1, memory_order_acq_rel) - 1);
}

VOID
FltpContextReleaseSlowly(PFLT_CONTEXT Context, const char *Routine)
{
    FLTP_CONTEXT_NODE *Node = FltpContextNode(Context, 0);

    if (Node == NULL) {
        FltpContextReportStale(Context, "K-02", NULL, Routine);
        return;
    }
    FltpContextRelease(Node, Routine);
}

/* The last reference is gone, or there was none to give back. */
VOID
FltpContextReleasedLast(PFLT_CONTEXT Context, int64_t Before, const char *Routine)
{
    FLTP_CONTEXT_NODE *Node = FltpContextHeader(Context)->Node;

    if (FLTP_NODE_COUNT(Before) != 0) {
        FltpContextReleased(Node, Before - 1);
        return;
    }
    atomic_fetch_add_explicit(&Node->Word, 1, memory_order_relaxed);
    FltpContextReleaseSlowly(Context, Routine);
}

/* Windows: fltKernel.h, FltDeleteContext.  Differences: none. */
VOID FLTAPI
FltDeleteContext(PFLT_CONTEXT Context)
{
    FLTP_CONTEXT_NODE *Node = FltpContextNode(Context, 0);

    if (Node == NULL) {
        FltpContextReportStale(Context, "K-02", NULL, __func__);
        return;
    }
    FltpContextCheckIrql(Node->Filter, __func__);
    if (Node->Type == FLT_SECTION_CONTEXT && (atomic_load(&Node->Word) & FLTP_NODE_LINKED)) {
        vf_report("K-19", "C-45", NULL, Node->Filter->Owner, Context, "FltDeleteContext on a section context in use");
        return;
    }
    FltpSlotUnlink(Node, __func__);
}

static VOID
FltpContextsRelease(PFLT_CONTEXT *Contexts, ULONG Count, const char *Routine)
{
    for (ULONG i = 0; i < Count; i++) {
        FLTP_CONTEXT_NODE *Node = FltpContextNode(Contexts[i], 0);
        if (Node != NULL) {
            FltpContextRelease(Node, Routine);
        } else if (Contexts[i] != NULL_CONTEXT) {
            FltpContextReportStale(Contexts[i], "K-02", NULL, Routine);
        }
        Contexts[i] = NULL_CONTEXT;
    }
}

/* Windows: fltKernel.h, FltReleaseContexts.  Differences: none. */
VOID FLTAPI
FltReleaseContexts(PFLT_RELATED_CONTEXTS Contexts)
{
    FltpContextsRelease(&Contexts->VolumeContext, sizeof(*Contexts) / sizeof(PFLT_CONTEXT), __func__);
}

/* Windows: fltKernel.h, FltReleaseContextsEx.  Differences: none. */
VOID FLTAPI
FltReleaseContextsEx(SIZE_T ContextsSize, PFLT_RELATED_CONTEXTS_EX Contexts)
{
    if (ContextsSize == sizeof(*Contexts)) {
        FltpContextsRelease(&Contexts->VolumeContext, sizeof(*Contexts) / sizeof(PFLT_CONTEXT), __func__);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The verifier's own record of linked context entries: where each is linked, whose it is, what it contained.  Kept from the first
 * entry of a loaded driver on, while the verifier is on; the filter manager alone costs nothing unless the level is "full".  A list is
 * checked against it before it is changed, so that an entry that was freed or overwritten while it was linked (K-16) is named, and taken
 * out of the list without following its pointers.
 */
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "ke/ki.h"
#include "port/port.h"

#define FSRTLP_BUCKETS 1024

typedef struct FSRTLP_SHADOW {
    struct FSRTLP_SHADOW *Next;                /* in the bucket of the entry's page */
    struct FSRTLP_SHADOW *HeadNext;            /* in the bucket of the head's page */
    FSRTLP_ENTRY *Entry;
    PLIST_ENTRY Head;
    FSRTLP_ENTRY Copy;                         /* ids and callback at insertion */
    vf_owner *Owner;
    vf_stack Inserted;                         /* by a driver; else 0 */
    ULONGLONG Order;                           /* larger = inserted later = nearer to the head */
    const char *Kind;
    BOOLEAN HasCallback;
    BOOLEAN Freed;                             /* reported; its memory is not touched any more */
} FSRTLP_SHADOW;

/* Lock guards everything here; a leaf, taken under a list's lock. */
static port_lock FsRtlpShadowLock;
static FSRTLP_SHADOW *FsRtlpShadows[FSRTLP_BUCKETS];
static FSRTLP_SHADOW *FsRtlpShadowHeads[FSRTLP_BUCKETS];
static _Atomic(ULONG) FsRtlpShadowCount;
static ULONGLONG FsRtlpShadowOrder;

/* By page, so that a freed block has to look into one or two buckets. */
static ULONG
FsRtlpShadowHash(const VOID *Address)
{
    return (ULONG)(((ULONG_PTR)Address >> 12) % FSRTLP_BUCKETS);
}

static FSRTLP_SHADOW *
FsRtlpShadowFindLocked(const VOID *Entry)
{
    FSRTLP_SHADOW *Shadow = FsRtlpShadows[FsRtlpShadowHash(Entry)];

    while (Shadow != NULL && (VOID *)Shadow->Entry != Entry) {
        Shadow = Shadow->Next;
    }
    return Shadow;
}

static VOID
FsRtlpShadowUnlinkLocked(FSRTLP_SHADOW *Shadow)
{
    FSRTLP_SHADOW **Link = &FsRtlpShadows[FsRtlpShadowHash(Shadow->Entry)];

    while (*Link != Shadow) {
        Link = &(*Link)->Next;
    }
    *Link = Shadow->Next;
    Link = &FsRtlpShadowHeads[FsRtlpShadowHash(Shadow->Head)];
    while (*Link != Shadow) {
        Link = &(*Link)->HeadNext;
    }
    *Link = Shadow->HeadNext;
    atomic_fetch_sub_explicit(&FsRtlpShadowCount, 1, memory_order_relaxed);
}

static FSRTLP_SHADOW *
FsRtlpShadowTakeLocked(const VOID *Entry)
{
    FSRTLP_SHADOW *Shadow = FsRtlpShadowFindLocked(Entry);

    if (Shadow != NULL) {
        FsRtlpShadowUnlinkLocked(Shadow);
    }
    return Shadow;
}

BOOLEAN
FsRtlpShadowCheckInsert(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry, vf_owner *Owner)
{
    if (atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0) {
        return TRUE;
    }
    port_lock_acquire(&FsRtlpShadowLock);
    BOOLEAN Linked = FsRtlpShadowFindLocked(Entry) != NULL;
    port_lock_release(&FsRtlpShadowLock);
    if (Linked) {
        vf_report("K-16", "I-07", NULL, Owner, Entry, "%s inserted while it is in a list already", List->Kind);
    }
    return !Linked;
}

VOID
FsRtlpShadowInsert(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry, vf_owner *Owner)
{
    if (Owner == NULL && atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0 && vf_level_now < VF_FULL) {
        return;
    }
    FSRTLP_SHADOW *Shadow = port_alloc_zeroed(sizeof(*Shadow));
    if (Shadow == NULL) {
        return;
    }
    Shadow->Entry = Entry;
    Shadow->Head = List->Head;
    Shadow->Copy.OwnerId = Entry->OwnerId;
    Shadow->Copy.InstanceId = Entry->InstanceId;
    Shadow->Copy.FreeCallback = List->HasCallback ? Entry->FreeCallback : NULL;
    Shadow->Owner = Owner;
    Shadow->Inserted = Owner != NULL ? vf_stack_here(1) : 0;
    Shadow->Kind = List->Kind;
    Shadow->HasCallback = List->HasCallback;
    port_lock_acquire(&FsRtlpShadowLock);
    Shadow->Order = ++FsRtlpShadowOrder;
    Shadow->Next = FsRtlpShadows[FsRtlpShadowHash(Entry)];
    FsRtlpShadows[FsRtlpShadowHash(Entry)] = Shadow;
    Shadow->HeadNext = FsRtlpShadowHeads[FsRtlpShadowHash(List->Head)];
    FsRtlpShadowHeads[FsRtlpShadowHash(List->Head)] = Shadow;
    atomic_fetch_add_explicit(&FsRtlpShadowCount, 1, memory_order_relaxed);
    port_lock_release(&FsRtlpShadowLock);
}

VOID
FsRtlpShadowRemove(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry)
{
    UNREFERENCED_PARAMETER(List);
    if (atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0) {
        return;
    }
    port_lock_acquire(&FsRtlpShadowLock);
    FSRTLP_SHADOW *Shadow = FsRtlpShadowTakeLocked(Entry);
    port_lock_release(&FsRtlpShadowLock);
    port_free(Shadow);
}

/* Whose a linked entry is and where it was inserted. */
VOID
FsRtlpShadowEvidence(const VOID *Entry, vf_owner **Owner, struct vf_evidence *Evidence)
{
    *Evidence = (struct vf_evidence){ .object = Entry };
    port_lock_acquire(&FsRtlpShadowLock);
    const FSRTLP_SHADOW *Shadow = FsRtlpShadowFindLocked(Entry);
    if (Shadow != NULL) {
        Evidence->kind = Shadow->Kind;
        Evidence->acquire = Shadow->Inserted;
        *Owner = Shadow->Owner;
    }
    port_lock_release(&FsRtlpShadowLock);
}

/* ---- checking a list ---- */

static BOOLEAN
FsRtlpShadowIntactLocked(const FSRTLP_SHADOW *Shadow, const FSRTLP_ENTRY *Entry)
{
    return !Shadow->Freed && Entry->OwnerId == Shadow->Copy.OwnerId && Entry->InstanceId == Shadow->Copy.InstanceId &&
           (!Shadow->HasCallback || Entry->FreeCallback == Shadow->Copy.FreeCallback);
}

/* First entry that is not what was inserted; NULL: all are.  Follows only pointers to recorded entries. */
static FSRTLP_SHADOW *
FsRtlpShadowFindDamageLocked(const FSRTLP_LIST *List)
{
    PLIST_ENTRY Before = List->Head;

    for (PLIST_ENTRY Links = List->Head->Flink; Links != List->Head; Links = Links->Flink) {
        FSRTLP_SHADOW *Shadow = FsRtlpShadowFindLocked(Links);
        if (Shadow == NULL) {
            /* Linked before the first record was made, or garbage out of the entry before. */
            if (Before != List->Head && (!MmIsAddressValid(Links) || Links->Blink != Before)) {
                return FsRtlpShadowFindLocked(Before);
            }
            Before = Links;
            continue;
        }
        if (Shadow->Freed || Shadow->Head != List->Head || Links->Blink != Before ||
            !FsRtlpShadowIntactLocked(Shadow, Shadow->Entry)) {
            return Shadow;
        }
        Before = Links;
    }
    return NULL;
}

/* Links the recorded entries of the list anew, newest first. */
static VOID
FsRtlpShadowRebuildLocked(const FSRTLP_LIST *List)
{
    ULONGLONG Above = 0;

    InitializeListHead(List->Head);
    for (;;) {
        FSRTLP_SHADOW *Next = NULL, *Shadow = FsRtlpShadowHeads[FsRtlpShadowHash(List->Head)];
        for (; Shadow != NULL; Shadow = Shadow->HeadNext) {
            if (Shadow->Head == List->Head && !Shadow->Freed && Shadow->Order > Above &&
                (Next == NULL || Shadow->Order < Next->Order)) {
                Next = Shadow;
            }
        }
        if (Next == NULL) {
            return;
        }
        InsertHeadList(List->Head, &Next->Entry->Links);
        Above = Next->Order;
    }
}

VOID
FsRtlpShadowCheckList(const FSRTLP_LIST *List)
{
    while (atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) != 0) {
        port_lock_acquire(&FsRtlpShadowLock);
        FSRTLP_SHADOW *Damaged = FsRtlpShadowFindDamageLocked(List);
        if (Damaged == NULL) {
            port_lock_release(&FsRtlpShadowLock);
            return;
        }
        FsRtlpShadowTakeLocked(Damaged->Entry);
        FsRtlpShadowRebuildLocked(List);
        port_lock_release(&FsRtlpShadowLock);
        if (!Damaged->Freed) {
            const struct vf_evidence Evidence = { .object = Damaged->Entry, .kind = Damaged->Kind, .acquire = Damaged->Inserted };
            vf_report_evidence("K-16", "I-17", NULL, Damaged->Owner, &Evidence, "%s was overwritten while it was linked", Damaged->Kind);
        }
        port_free(Damaged);
    }
}

/* ---- pool ---- */

/* Takes the records whose list head lies in the block out, chained through Next. */
static FSRTLP_SHADOW *
FsRtlpShadowTakeHeadsLocked(ULONG Bucket, PUCHAR Low, PUCHAR High, FSRTLP_SHADOW *Chain)
{
    FSRTLP_SHADOW *Next;

    for (FSRTLP_SHADOW *Shadow = FsRtlpShadowHeads[Bucket]; Shadow != NULL; Shadow = Next) {
        Next = Shadow->HeadNext;
        if ((PUCHAR)Shadow->Head >= Low && (PUCHAR)Shadow->Head < High) {
            FsRtlpShadowUnlinkLocked(Shadow);
            Shadow->Next = Chain;
            Chain = Shadow;
        }
    }
    return Chain;
}

/* An entry in the block that is linked; marked, so that nobody looks at its memory again. */
static FSRTLP_SHADOW *
FsRtlpShadowMarkFreedLocked(ULONG Bucket, PUCHAR Low, PUCHAR High)
{
    for (FSRTLP_SHADOW *Shadow = FsRtlpShadows[Bucket]; Shadow != NULL; Shadow = Shadow->Next) {
        if (!Shadow->Freed && (PUCHAR)Shadow->Entry >= Low && (PUCHAR)Shadow->Entry < High) {
            Shadow->Freed = TRUE;
            return Shadow;
        }
    }
    return NULL;
}

static VOID
FsRtlpShadowReportHeads(FSRTLP_SHADOW *Chain, PVOID Block)
{
    vf_owner *Freer = KiCurrentOwner();        /* who owed the teardown, not who set the contexts */

    while (Chain != NULL) {
        FSRTLP_SHADOW *Next = Chain->Next;
        const struct vf_evidence Evidence = { .object = Block, .kind = Chain->Kind, .acquire = Chain->Inserted };
        vf_report_evidence("K-15", "H-06", NULL, Freer != NULL ? Freer : Chain->Owner, &Evidence,
            "a stream or file object was freed with a %s still in its list", Chain->Kind);
        port_free(Chain);
        Chain = Next;
    }
}

VOID
FsRtlpShadowBlockFreed(PVOID Block, SIZE_T Size)
{
    PUCHAR Low = Block, High = Low + Size;

    FsRtlpWaitForget(Block, Size);
    if (atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0) {
        return;
    }
    for (ULONG_PTR Page = (ULONG_PTR)Low >> 12; Page <= ((ULONG_PTR)High - 1) >> 12; Page++) {
        ULONG Bucket = (ULONG)(Page % FSRTLP_BUCKETS);
        for (BOOLEAN Again = TRUE; Again;) {
            port_lock_acquire(&FsRtlpShadowLock);
            FSRTLP_SHADOW *Freed = FsRtlpShadowMarkFreedLocked(Bucket, Low, High);
            vf_owner *Owner = Freed != NULL ? Freed->Owner : NULL;
            const char *Kind = Freed != NULL ? Freed->Kind : NULL;
            const struct vf_evidence Evidence = { .object = Block, .kind = Kind, .acquire = Freed != NULL ? Freed->Inserted : 0 };
            FSRTLP_SHADOW *Chain = FsRtlpShadowTakeHeadsLocked(Bucket, Low, High, NULL);
            port_lock_release(&FsRtlpShadowLock);
            FsRtlpShadowReportHeads(Chain, Block);
            if (Kind != NULL) {
                vf_report_evidence("K-16", "I-17", NULL, Owner, &Evidence, "%s was freed while it was linked", Kind);
            }
            Again = Kind != NULL;
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The verifier's own record of linked context entries: where each is linked, whose it is, what it contained.  Kept from the first
 * entry of a loaded driver on, while the verifier is on; the filter manager alone costs nothing.  A list is checked against it before
 * it is changed, so that an entry that was freed or overwritten while it was linked (K-16) is named, and taken out of the list
 * without following its pointers.
 */
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "ke/ki.h"
#include "port/port.h"

#define FSRTLP_BUCKETS 1024

typedef struct FSRTLP_SHADOW {
    struct FSRTLP_SHADOW *Next;
    FSRTLP_ENTRY *Entry;
    PLIST_ENTRY Head;
    FSRTLP_ENTRY Copy;                         /* ids and callback at insertion */
    vf_owner *Owner;
    ULONGLONG Order;                           /* larger = inserted later = nearer to the head */
    const char *Kind;
    BOOLEAN HasCallback;
} FSRTLP_SHADOW;

/* Lock guards everything here; a leaf, taken under a list's lock. */
static port_lock FsRtlpShadowLock;
static FSRTLP_SHADOW *FsRtlpShadows[FSRTLP_BUCKETS];
static _Atomic(ULONG) FsRtlpShadowCount;
static ULONGLONG FsRtlpShadowOrder;

static FSRTLP_SHADOW **
FsRtlpShadowBucket(const VOID *Entry)
{
    return &FsRtlpShadows[((ULONG_PTR)Entry >> 4) % FSRTLP_BUCKETS];
}

static FSRTLP_SHADOW *
FsRtlpShadowFindLocked(const VOID *Entry)
{
    FSRTLP_SHADOW *Shadow = *FsRtlpShadowBucket(Entry);

    while (Shadow != NULL && (VOID *)Shadow->Entry != Entry) {
        Shadow = Shadow->Next;
    }
    return Shadow;
}

static FSRTLP_SHADOW *
FsRtlpShadowTakeLocked(const VOID *Entry)
{
    FSRTLP_SHADOW **Link = FsRtlpShadowBucket(Entry);

    while (*Link != NULL && (VOID *)(*Link)->Entry != Entry) {
        Link = &(*Link)->Next;
    }
    FSRTLP_SHADOW *Shadow = *Link;
    if (Shadow != NULL) {
        *Link = Shadow->Next;
        atomic_fetch_sub_explicit(&FsRtlpShadowCount, 1, memory_order_relaxed);
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
    if (Owner == NULL && atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0) {
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
    Shadow->Kind = List->Kind;
    Shadow->HasCallback = List->HasCallback;
    port_lock_acquire(&FsRtlpShadowLock);
    Shadow->Order = ++FsRtlpShadowOrder;
    Shadow->Next = *FsRtlpShadowBucket(Entry);
    *FsRtlpShadowBucket(Entry) = Shadow;
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

/* ---- checking a list ---- */

static BOOLEAN
FsRtlpShadowIntactLocked(const FSRTLP_SHADOW *Shadow, const FSRTLP_ENTRY *Entry)
{
    return Entry->OwnerId == Shadow->Copy.OwnerId && Entry->InstanceId == Shadow->Copy.InstanceId &&
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
        if (Shadow->Head != List->Head || Links->Blink != Before || !FsRtlpShadowIntactLocked(Shadow, Shadow->Entry)) {
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
        FSRTLP_SHADOW *Next = NULL;
        for (ULONG i = 0; i < FSRTLP_BUCKETS; i++) {
            for (FSRTLP_SHADOW *Shadow = FsRtlpShadows[i]; Shadow != NULL; Shadow = Shadow->Next) {
                if (Shadow->Head == List->Head && Shadow->Order > Above && (Next == NULL || Shadow->Order < Next->Order)) {
                    Next = Shadow;
                }
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
        vf_report("K-16", "I-17", NULL, Damaged->Owner, Damaged->Entry,
                  "%s was freed or overwritten while it was linked", Damaged->Kind);
        port_free(Damaged);
    }
}

/* ---- pool ---- */

VOID
FsRtlpShadowBlockFreed(PVOID Block, SIZE_T Size)
{
    PUCHAR Low = Block, High = Low + Size;

    if (atomic_load_explicit(&FsRtlpShadowCount, memory_order_relaxed) == 0) {
        return;
    }
    port_lock_acquire(&FsRtlpShadowLock);
    for (ULONG i = 0; i < FSRTLP_BUCKETS; i++) {
        FSRTLP_SHADOW **Link = &FsRtlpShadows[i];
        while (*Link != NULL) {
            FSRTLP_SHADOW *Shadow = *Link;
            if ((PUCHAR)Shadow->Head < Low || (PUCHAR)Shadow->Head >= High) {
                Link = &Shadow->Next;
                continue;
            }
            *Link = Shadow->Next;
            atomic_fetch_sub_explicit(&FsRtlpShadowCount, 1, memory_order_relaxed);
            vf_report("K-15", "H-06", NULL, Shadow->Owner, Block, "a stream or file object was freed with a %s still in its list",
                      Shadow->Kind);
            port_free(Shadow);
        }
    }
    port_lock_release(&FsRtlpShadowLock);
}

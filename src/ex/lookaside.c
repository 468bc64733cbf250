/* SPDX-License-Identifier: MIT */
/*
 * Lookaside lists, wholly in the driver's structure.  L.ListEntry holds the ledger's record and the owner.  While the verifier is
 * on, or under AddressSanitizer, freed entries go straight back, so that every use after free is seen.
 */
#include "ex/exp.h"

#define EXP_LOOKASIDE_DEPTH 256

extern void __asan_init(void) __attribute__((weak));

/* The two structures differ in alignment only; both begin with the same members. */
_Static_assert(sizeof(GENERAL_LOOKASIDE) == 128 && sizeof(LOOKASIDE_LIST_EX) >= 96, "Windows' sizes");

typedef GENERAL_LOOKASIDE_POOL EXP_LOOKASIDE;

/*
 * Windows' declarations ask for a cache line's alignment, but lists lie in pool blocks and contexts as well, which are aligned to 16: the
 * compiler must not believe the declaration.
 */
static EXP_LOOKASIDE *
ExpLookasideOf(PVOID Lookaside)
{
    return Lookaside;
}
_Static_assert(FIELD_OFFSET(NPAGED_LOOKASIDE_LIST, L) == 0 && FIELD_OFFSET(PAGED_LOOKASIDE_LIST, L) == 0, "the list is the structure");

static vf_object **
ExpLookasideObject(EXP_LOOKASIDE *List)
{
    return (vf_object **)&List->ListEntry.Flink;
}

static vf_owner *
ExpLookasideOwner(const EXP_LOOKASIDE *List)
{
    return (vf_owner *)List->ListEntry.Blink;
}

static PVOID
ExpLookasideAllocateEx(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    UNREFERENCED_PARAMETER(PoolType);
    return ExpPoolAllocate(NumberOfBytes, Tag, ExpLookasideOwner(&Lookaside->L), "ExAllocateFromLookasideListEx");
}

static VOID
ExpLookasideFreeEx(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    UNREFERENCED_PARAMETER(Lookaside);
    ExpPoolFree(Buffer);
}

static VOID
ExpLookasideInitialize(EXP_LOOKASIDE *List, POOL_TYPE Type, SIZE_T Size, ULONG Tag, vf_owner *Owner, const char *Routine)
{
    InitializeSListHead(&List->ListHead);
    List->Depth = vf_on() || __asan_init ? 0 : EXP_LOOKASIDE_DEPTH;
    List->MaximumDepth = EXP_LOOKASIDE_DEPTH;
    List->TotalAllocates = 0;
    List->AllocateMisses = 0;
    List->TotalFrees = 0;
    List->FreeMisses = 0;
    List->Type = Type;
    List->Tag = Tag;
    List->Size = (ULONG)(Size < sizeof(SLIST_ENTRY) ? sizeof(SLIST_ENTRY) : Size);
    List->LastTotalAllocates = 0;
    List->LastAllocateMisses = 0;
    List->Future[0] = 0;
    List->Future[1] = 0;
    List->ListEntry.Blink = (PLIST_ENTRY)Owner;
    *ExpLookasideObject(List) = vf_object_create(Owner, VF_LOOKASIDE, List, Size, Tag, VF_REASON_ALLOCATE, Routine);
}

static PVOID
ExpLookasidePop(EXP_LOOKASIDE *List)
{
    __atomic_add_fetch(&List->TotalAllocates, 1, __ATOMIC_RELAXED);
    PVOID Entry = ExpInterlockedPopEntrySList(&List->ListHead);
    if (Entry == NULL) {
        __atomic_add_fetch(&List->AllocateMisses, 1, __ATOMIC_RELAXED);
    }
    return Entry;
}

static BOOLEAN
ExpLookasidePush(EXP_LOOKASIDE *List, PVOID Entry)
{
    __atomic_add_fetch(&List->TotalFrees, 1, __ATOMIC_RELAXED);
    if (ExQueryDepthSList(&List->ListHead) >= List->Depth) {
        __atomic_add_fetch(&List->FreeMisses, 1, __ATOMIC_RELAXED);
        return FALSE;
    }
    ExpInterlockedPushEntrySList(&List->ListHead, Entry);
    return TRUE;
}

static VOID
ExpLookasideEnd(EXP_LOOKASIDE *List)
{
    vf_object_destroy(*ExpLookasideObject(List), ExpLookasideOwner(List), VF_LOOKASIDE);
    *ExpLookasideObject(List) = NULL;
    List->Depth = 0;
}

/* ---- nonpaged and paged lists ---- */

static PVOID
ExpLookasideFresh(EXP_LOOKASIDE *List, const char *Routine)
{
    if (vf_inject(Routine, ExpLookasideOwner(List))) {
        return NULL;
    }
    if (List->Allocate == ExAllocatePoolWithTag) {
        return ExpPoolAllocate(List->Size, List->Tag, ExpLookasideOwner(List), Routine);
    }
    return List->Allocate(List->Type, List->Size, List->Tag);
}

static VOID
ExpLookasideGiveBack(EXP_LOOKASIDE *List, PVOID Entry)
{
    if (List->Free == ExFreePool) {
        ExpPoolFree(Entry);
    } else {
        List->Free(Entry);
    }
}

static VOID
ExpLookasideFlush(EXP_LOOKASIDE *List)
{
    PVOID Entry;
    while ((Entry = ExpInterlockedPopEntrySList(&List->ListHead)) != NULL) {
        ExpLookasideGiveBack(List, Entry);
    }
}

/* Windows: wdm.h, ExInitializeNPagedLookasideList.  Differences: none. */
VOID
ExInitializeNPagedLookasideList(
    PNPAGED_LOOKASIDE_LIST Lookaside,
    PALLOCATE_FUNCTION Allocate,
    PFREE_FUNCTION Free,
    ULONG Flags,
    SIZE_T Size,
    ULONG Tag,
    USHORT Depth)
{
    UNREFERENCED_PARAMETER(Depth);
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    POOL_TYPE Type = (POOL_TYPE)(NonPagedPool | (Flags & (POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_NX_ALLOCATION)));
    ExpLookasideInitialize(List, Type, Size, Tag, KiOwnerOfCall(__builtin_return_address(0)), __func__);
    List->Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag;
    List->Free = Free != NULL ? Free : ExFreePool;
}

/* Windows: wdm.h, ExDeleteNPagedLookasideList.  Differences: none. */
VOID
ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    ExpLookasideFlush(ExpLookasideOf(Lookaside));
    ExpLookasideEnd(ExpLookasideOf(Lookaside));
}

/* Windows: wdm.h, ExAllocateFromNPagedLookasideList.  Differences: none. */
PVOID
ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    PVOID Entry = ExpLookasidePop(List);
    return Entry != NULL ? Entry : ExpLookasideFresh(List, __func__);
}

/* Windows: wdm.h, ExFreeToNPagedLookasideList.  Differences: none. */
VOID
ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    if (!ExpLookasidePush(List, Entry)) {
        ExpLookasideGiveBack(List, Entry);
    }
}

/* Windows: wdm.h, ExInitializePagedLookasideList.  Differences: none. */
VOID
ExInitializePagedLookasideList(
    PPAGED_LOOKASIDE_LIST Lookaside,
    PALLOCATE_FUNCTION Allocate,
    PFREE_FUNCTION Free,
    ULONG Flags,
    SIZE_T Size,
    ULONG Tag,
    USHORT Depth)
{
    UNREFERENCED_PARAMETER(Depth);
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    POOL_TYPE Type = (POOL_TYPE)(PagedPool | (Flags & POOL_RAISE_IF_ALLOCATION_FAILURE));
    ExpLookasideInitialize(List, Type, Size, Tag, KiOwnerOfCall(__builtin_return_address(0)), __func__);
    List->Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag;
    List->Free = Free != NULL ? Free : ExFreePool;
}

/* Windows: wdm.h, ExDeletePagedLookasideList.  Differences: none. */
VOID
ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    ExpLookasideFlush(ExpLookasideOf(Lookaside));
    ExpLookasideEnd(ExpLookasideOf(Lookaside));
}

/* Windows: wdm.h, ExAllocateFromPagedLookasideList.  Differences: none. */
PVOID
ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    VF_MAX_IRQL(APC_LEVEL);
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    PVOID Entry = ExpLookasidePop(List);
    return Entry != NULL ? Entry : ExpLookasideFresh(List, __func__);
}

/* Windows: wdm.h, ExFreeToPagedLookasideList.  Differences: none. */
VOID
ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    VF_MAX_IRQL(APC_LEVEL);
    EXP_LOOKASIDE *List = ExpLookasideOf(Lookaside);
    if (!ExpLookasidePush(List, Entry)) {
        ExpLookasideGiveBack(List, Entry);
    }
}

/* ---- LOOKASIDE_LIST_EX ---- */

/* Windows: wdm.h, ExInitializeLookasideListEx.  Differences: none. */
NTSTATUS
ExInitializeLookasideListEx(
    PLOOKASIDE_LIST_EX Lookaside,
    PALLOCATE_FUNCTION_EX Allocate,
    PFREE_FUNCTION_EX Free,
    POOL_TYPE PoolType,
    ULONG Flags,
    SIZE_T Size,
    ULONG Tag,
    USHORT Depth)
{
    const ULONG Known = EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL | EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE;
    if (Depth != 0) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if ((Flags & ~Known) != 0 || Flags == Known) {
        return STATUS_INVALID_PARAMETER_5;
    }
    POOL_TYPE Type = PoolType;
    if (Flags & EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL) {
        Type = (POOL_TYPE)((ULONG)PoolType | POOL_RAISE_IF_ALLOCATION_FAILURE);
    }
    ExpLookasideInitialize(&Lookaside->L, Type, Size, Tag, KiOwnerOfCall(__builtin_return_address(0)), __func__);
    Lookaside->L.AllocateEx = Allocate != NULL ? Allocate : ExpLookasideAllocateEx;
    Lookaside->L.FreeEx = Free != NULL ? Free : ExpLookasideFreeEx;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, ExFlushLookasideListEx.  Differences: none. */
VOID
ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    PVOID Entry;
    while ((Entry = ExpInterlockedPopEntrySList(&Lookaside->L.ListHead)) != NULL) {
        Lookaside->L.FreeEx(Entry, Lookaside);
    }
}

/* Windows: wdm.h, ExDeleteLookasideListEx.  Differences: none. */
VOID
ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    ExFlushLookasideListEx(Lookaside);
    ExpLookasideEnd(&Lookaside->L);
}

/* Windows: wdm.h, ExAllocateFromLookasideListEx.  Differences: none. */
PVOID
ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    PVOID Entry = ExpLookasidePop(&Lookaside->L);
    if (Entry == NULL && !vf_inject(__func__, ExpLookasideOwner(&Lookaside->L))) {
        Entry = Lookaside->L.AllocateEx(Lookaside->L.Type, Lookaside->L.Size, Lookaside->L.Tag, Lookaside);
    }
    if (Entry == NULL && ((ULONG)Lookaside->L.Type & POOL_RAISE_IF_ALLOCATION_FAILURE)) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Entry;
}

/* Windows: wdm.h, ExFreeToLookasideListEx.  Differences: none. */
VOID
ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry)
{
    if (!ExpLookasidePush(&Lookaside->L, Entry)) {
        Lookaside->L.FreeEx(Entry, Lookaside);
    }
}

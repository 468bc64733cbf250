/* SPDX-License-Identifier: MIT */
/*
 * Pool.  In front of every block stands an EXP_POOL; behind it, in verifier mode, a guard.  Blocks of a page or more are
 * page-aligned, as on Windows.  A freed block keeps a dead mark in its header; in verifier mode it also rests in a quarantine
 * (poolcheck.c) before its memory is reused, so that a second free and a write after free are seen.
 *
 * Under AddressSanitizer there is no guard and no quarantine of ours: the block ends where malloc's does, and the header is
 * poisoned, so that overrun, underrun and use after free are the sanitizer's.
 */
#include "ex/poolp.h"

#include <string.h>

static BOOLEAN
ExpPoolLooksMapped(const VOID *Block)
{
    ULONG_PTR Address = (ULONG_PTR)Block;
    return Address >= 0x10000 && Address < 0x0000800000000000ull && (Address & 15) == 0;
}

/* ---- allocation ---- */

static UCHAR *
ExpPoolRaw(SIZE_T Bytes, SIZE_T Alignment, SIZE_T *Front)
{
    *Front = Alignment > sizeof(EXP_POOL) ? Alignment : sizeof(EXP_POOL);
    SIZE_T Total;
    if (__builtin_add_overflow(Bytes, *Front + EXP_POOL_GUARD, &Total) || Total > PTRDIFF_MAX) {
        return NULL;
    }
    Total -= ExpPoolGuarded() ? 0 : EXP_POOL_GUARD;
    return Alignment > 16 ? port_alloc_aligned(Alignment, Total) : port_alloc(Total);
}

PVOID
ExpPoolCreate(SIZE_T Bytes, ULONG Tag, ULONG Traits, vf_owner *Owner, const char *Routine)
{
    SIZE_T Front;
    SIZE_T Alignment = 16;
    if (Bytes >= PAGE_SIZE) {
        Alignment = PAGE_SIZE;
        Traits |= EXP_POOL_PAGE;
    } else if (Traits & EXP_POOL_CACHE) {
        Alignment = SYSTEM_CACHE_ALIGNMENT_SIZE;
    }
    UCHAR *Raw = ExpPoolRaw(Bytes, Alignment, &Front);
    if (Raw == NULL) {
        return NULL;
    }
    UCHAR *Block = Raw + Front;
    if (Traits & EXP_POOL_ZERO) {
        memset(Block, 0, Bytes);
    } else if (vf_on()) {
        memset(Block, EXP_FILL_FRESH, Bytes);
    }
    if (ExpPoolGuarded()) {
        memset(Block + Bytes, EXP_FILL_GUARD, EXP_POOL_GUARD);
        Traits |= EXP_POOL_GUARDED;
    }
    EXP_POOL Header = {.Size = Bytes, .Owner = Owner, .Tag = Tag, .Magic = EXP_POOL_LIVE | (Traits & EXP_POOL_KEPT)};
    Header.Object = vf_object_create(Owner, VF_POOL, Block, Bytes, Tag, VF_REASON_ALLOCATE, Routine);
    ExpPoolWriteHeader(Block, &Header);
    return Block;
}

PVOID
ExpPoolAllocate(SIZE_T Bytes, ULONG Tag, vf_owner *Owner, const char *Routine)
{
    return ExpPoolCreate(Bytes, Tag, 0, Owner, Routine);
}

SIZE_T
ExpPoolSize(PVOID Block)
{
    EXP_POOL Header;
    if (!ExpPoolLooksMapped(Block)) {
        return 0;
    }
    ExpPoolReadHeader(Block, &Header);
    return (Header.Magic & EXP_POOL_MAGIC_MASK) == EXP_POOL_LIVE ? Header.Size : 0;
}

/* ---- free ---- */

static BOOLEAN (*ExpPoolBadHook)(const VOID *Block, const char *Routine);

VOID
ExpSetPoolBadHook(BOOLEAN (*Hook)(const VOID *Block, const char *Routine))
{
    __atomic_store_n(&ExpPoolBadHook, Hook, __ATOMIC_RELEASE);
}

static VOID
ExpPoolReportBad(PVOID Block, ULONG Magic, const char *Routine, vf_owner *Caller)
{
    BOOLEAN (*const Hook)(const VOID *, const char *) = __atomic_load_n(&ExpPoolBadHook, __ATOMIC_ACQUIRE);
    vf_owner *Owner = NULL;

    if (Hook != NULL && Hook(Block, Routine)) {
        return;
    }
    if (Magic == EXP_POOL_DEAD || vf_object_was(Block, VF_POOL, &Owner)) {
        vf_report("P-01", NULL, "0xC2/0x7", Owner != NULL ? Owner : Caller, Block, "%s frees pool block %p a second time",
                  Routine, Block);
    } else {
        vf_report("P-02", NULL, "0xC2/0x46", Caller, Block,
                  "%s is given %p, which is no pool block (or the 16 bytes before it were overwritten)", Routine, Block);
    }
}

static VOID
ExpPoolCheckFree(PVOID Block, const EXP_POOL *Header, ULONG Tag, const char *Routine, vf_owner *Caller)
{
    if (Tag != 0 && Header->Tag != 0 && ((Tag ^ Header->Tag) & ~PROTECTED_POOL) != 0) {
        vf_report("P-03", NULL, "0xC2/0xA", Caller, Block, "%s frees pool block %p with tag 0x%x, it was allocated with 0x%x",
                  Routine, Block, (unsigned)Tag, (unsigned)Header->Tag);
    }
    if ((Header->Magic & EXP_POOL_GUARDED) && !ExpPoolIsFilled((UCHAR *)Block + Header->Size, EXP_FILL_GUARD, EXP_POOL_GUARD)) {
        vf_report_stack("P-05", NULL, "0x19", Header->Owner, Header->Object, vf_stack_here(1),
                        "pool block %p of %llu bytes was written beyond its end", Block, (unsigned long long)Header->Size);
    }
}

static VOID (*ExpPoolFreeHook)(PVOID Block, SIZE_T Size);

VOID
ExpSetPoolFreeHook(VOID (*Hook)(PVOID Block, SIZE_T Size))
{
    __atomic_store_n(&ExpPoolFreeHook, Hook, __ATOMIC_RELEASE);
}

static VOID
ExpPoolDestroy(PVOID Block, ULONG Tag, const char *Routine, vf_owner *Caller)
{
    EXP_POOL Header = {.Magic = 0};

    if (ExpPoolLooksMapped(Block)) {
        ExpPoolReadHeader(Block, &Header);
    }
    if ((Header.Magic & EXP_POOL_MAGIC_MASK) != EXP_POOL_LIVE || !ExpPoolClaim(Block, Header.Magic)) {
        ExpPoolReportBad(Block, Header.Magic & EXP_POOL_MAGIC_MASK, Routine, Caller);
        return;
    }
    ExpPoolCheckFree(Block, &Header, Tag, Routine, Caller);
    if (vf_on() && __atomic_load_n(&ExpPoolFreeHook, __ATOMIC_ACQUIRE) != NULL) {
        ExpPoolFreeHook(Block, Header.Size);
    }
    vf_object_destroy(Header.Object, Header.Owner, VF_POOL);
    SIZE_T Front = sizeof(EXP_POOL);
    if (Header.Magic & EXP_POOL_PAGE) {
        Front = PAGE_SIZE;
    } else if (Header.Magic & EXP_POOL_CACHE) {
        Front = SYSTEM_CACHE_ALIGNMENT_SIZE;
    }
    if (vf_on() && (Header.Magic & EXP_POOL_GUARDED)) {
        ExpPoolQuarantine((UCHAR *)Block - Front, Block, Header.Size, Header.Owner);
    } else {
        port_free((UCHAR *)Block - Front);
    }
}

VOID
ExpPoolFree(PVOID Block)
{
    ExpPoolDestroy(Block, 0, "ExpPoolFree", NULL);
}

/* Windows: wdm.h, ExFreePoolWithTag.  Differences: a bad pointer is a finding, not a bug check. */
VOID
ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    ExpPoolDestroy(P, Tag, "ExFreePoolWithTag", KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: wdm.h, ExFreePool.  Differences: as ExFreePoolWithTag. */
VOID
ExFreePool(PVOID P)
{
    ExpPoolDestroy(P, 0, "ExFreePool", KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: wdm.h, ExFreePool2.  Differences: the extended parameters are not used. */
VOID
ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER ExtendedParameters, ULONG ExtendedParametersCount)
{
    UNREFERENCED_PARAMETER(ExtendedParameters);
    UNREFERENCED_PARAMETER(ExtendedParametersCount);
    ExpPoolDestroy(P, Tag, "ExFreePool2", KiOwnerOfCall(__builtin_return_address(0)));
}

/* SPDX-License-Identifier: MIT */
/*
 * Rundown protection.  Bit 0: rundown has begun; above it the number of holders.  The waiter sleeps on the low half of the word
 * until only bit 0 is left; the last releaser touches nothing after its subtraction but the address.
 */
#include "ex/exp.h"

#include "port/tsan.h"

#define EXP_RUNDOWN_ACTIVE 1ull
#define EXP_RUNDOWN_ONE 2ull

static _Atomic(uint64_t) *
ExpRundownWord(PEX_RUNDOWN_REF RunRef)
{
    return (_Atomic(uint64_t) *)(volatile void *)&RunRef->Count;
}

/* Windows: wdm.h, ExInitializeRundownProtection.  Differences: none. */
VOID
ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    atomic_store_explicit(ExpRundownWord(RunRef), 0, memory_order_release);
}

/* Windows: wdm.h, ExReInitializeRundownProtection.  Differences: none. */
VOID
ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    uint64_t Before = atomic_exchange_explicit(ExpRundownWord(RunRef), 0, memory_order_acq_rel);
    if (Before != EXP_RUNDOWN_ACTIVE) {
        vf_report("N-11", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), RunRef,
                  "rundown reference %p is reinitialised before its rundown was completed", (void *)RunRef);
    }
}

/* Windows: wdm.h, ExAcquireRundownProtectionEx.  Differences: none. */
BOOLEAN
ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    _Atomic(uint64_t) *Word = ExpRundownWord(RunRef);
    uint64_t Value = atomic_load_explicit(Word, memory_order_relaxed);

    while (!(Value & EXP_RUNDOWN_ACTIVE)) {
        if (atomic_compare_exchange_weak_explicit(
                Word, &Value, Value + Count * EXP_RUNDOWN_ONE, memory_order_acquire, memory_order_relaxed)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Windows: wdm.h, ExAcquireRundownProtection.  Differences: none. */
BOOLEAN
ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    return ExAcquireRundownProtectionEx(RunRef, 1);
}

/* Windows: wdm.h, ExReleaseRundownProtectionEx.  Differences: none. */
VOID
ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
    _Atomic(uint64_t) *Word = ExpRundownWord(RunRef);

    port_tsan_release(RunRef);
    uint64_t Before = atomic_fetch_sub_explicit(Word, Count * EXP_RUNDOWN_ONE, memory_order_release);
    if (Before - Count * EXP_RUNDOWN_ONE == EXP_RUNDOWN_ACTIVE) {
        port_wake((_Atomic(uint32_t) *)(void *)Word, UINT32_MAX);
    } else if (Before < Count * EXP_RUNDOWN_ONE) {
        vf_report("N-11", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), RunRef,
                  "rundown reference %p is released more often than acquired", (void *)RunRef);
    }
}

/* Windows: wdm.h, ExReleaseRundownProtection.  Differences: none. */
VOID
ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
    ExReleaseRundownProtectionEx(RunRef, 1);
}

/* Windows: wdm.h, ExWaitForRundownProtectionRelease.  Differences: none. */
VOID
ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
    VF_MAX_IRQL(APC_LEVEL);
    _Atomic(uint64_t) *Word = ExpRundownWord(RunRef);
    uint64_t Value = atomic_fetch_or_explicit(Word, EXP_RUNDOWN_ACTIVE, memory_order_acq_rel) | EXP_RUNDOWN_ACTIVE;

    while (Value != EXP_RUNDOWN_ACTIVE) {
        port_wait((_Atomic(uint32_t) *)(void *)Word, (uint32_t)Value, PORT_FOREVER);
        Value = atomic_load_explicit(Word, memory_order_acquire);
    }
    port_tsan_acquire(RunRef);
}

/* Windows: wdm.h, ExRundownCompleted.  Differences: none. */
VOID
ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
    atomic_store_explicit(ExpRundownWord(RunRef), EXP_RUNDOWN_ACTIVE, memory_order_release);
}

/* ---- cache-aware form: one count, in a cache line of its own ---- */

struct _EX_RUNDOWN_REF_CACHE_AWARE {
    DECLSPEC_CACHEALIGN EX_RUNDOWN_REF Ref;
};

/* Windows: ntifs.h, ExAllocateCacheAwareRundownProtection.  Differences: one count for all processors. */
PEX_RUNDOWN_REF_CACHE_AWARE
ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType, ULONG PoolTag)
{
    UNREFERENCED_PARAMETER(PoolType);
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    PEX_RUNDOWN_REF Ref = NULL;
    if (!vf_inject(__func__, Owner)) {
        Ref = ExpPoolAllocate(sizeof(EX_RUNDOWN_REF_CACHE_AWARE), PoolTag, Owner, __func__);
    }
    if (Ref != NULL) {
        ExInitializeRundownProtection(Ref);
    }
    return (PEX_RUNDOWN_REF_CACHE_AWARE)(void *)Ref;
}

static PEX_RUNDOWN_REF
ExpCacheAwareRef(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    return (PEX_RUNDOWN_REF)(void *)RunRefCacheAware;   /* pool blocks are 16-aligned only */
}

/* Windows: ntifs.h, ExFreeCacheAwareRundownProtection.  Differences: none. */
VOID
ExFreeCacheAwareRundownProtection(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExpPoolFree(RunRefCacheAware);
}

/* Windows: ntifs.h, ExAcquireRundownProtectionCacheAware.  Differences: none. */
BOOLEAN
ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    return ExAcquireRundownProtection(ExpCacheAwareRef(RunRefCacheAware));
}

/* Windows: ntifs.h, ExReleaseRundownProtectionCacheAware.  Differences: none. */
VOID
ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExReleaseRundownProtection(ExpCacheAwareRef(RunRefCacheAware));
}

/* Windows: ntifs.h, ExWaitForRundownProtectionReleaseCacheAware.  Differences: none. */
VOID
ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExWaitForRundownProtectionRelease(ExpCacheAwareRef(RunRefCacheAware));
}

/* Windows: ntifs.h, ExReInitializeRundownProtectionCacheAware.  Differences: none. */
VOID
ExReInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExReInitializeRundownProtection(ExpCacheAwareRef(RunRefCacheAware));
}

/* Windows: ntifs.h, ExRundownCompletedCacheAware.  Differences: none. */
VOID
ExRundownCompletedCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
    ExRundownCompleted(ExpCacheAwareRef(RunRefCacheAware));
}

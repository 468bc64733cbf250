/* SPDX-License-Identifier: MIT */
/* Fast mutexes, push locks, reader-writer spin locks; what an abandoned driver call gives back. */
#include "ex/resourcep.h"
#include "ke/kiobj.h"
#include "port/tsan.h"

/* ---- fast mutexes ---- */

/* Windows: wdm.h, ExInitializeFastMutex.  Differences: none. */
VOID
ExInitializeFastMutex(PFAST_MUTEX FastMutex)
{
    KiFastMutexInitialize(FastMutex, KiEventSynchronization);
}

/* Windows: wdm.h, ExAcquireFastMutex.  Differences: none. */
VOID
ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    VF_MAX_IRQL(APC_LEVEL);
    KIRQL OldIrql = KfRaiseIrql(APC_LEVEL);
    KiFastMutexAcquire(FastMutex, KiHeldFastMutex);
    FastMutex->OldIrql = OldIrql;
}

/* Windows: wdm.h, ExReleaseFastMutex.  Differences: none. */
VOID
ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL OldIrql = (KIRQL)FastMutex->OldIrql;
    KiFastMutexRelease(FastMutex);
    KeLowerIrql(OldIrql);
}

/* Windows: wdm.h, ExTryToAcquireFastMutex.  Differences: none. */
BOOLEAN
ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    VF_MAX_IRQL(APC_LEVEL);
    KIRQL OldIrql = KfRaiseIrql(APC_LEVEL);
    if (KiFastMutexTryAcquire(FastMutex, KiHeldFastMutex)) {
        FastMutex->OldIrql = OldIrql;
        return TRUE;
    }
    KeLowerIrql(OldIrql);
    return FALSE;
}

/* Windows: wdm.h, ExAcquireFastMutexUnsafe.  Differences: none. */
VOID
ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    KiFastMutexAcquire(FastMutex, KiHeldFastMutex);
}

/* Windows: wdm.h, ExReleaseFastMutexUnsafe.  Differences: none. */
VOID
ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    KiFastMutexRelease(FastMutex);
}

/* ---- push locks: a port_rwlock in the 8 bytes ---- */

_Static_assert(sizeof(port_rwlock) == sizeof(EX_PUSH_LOCK), "a push lock holds one");

static port_rwlock *
ExpPushLock(PEX_PUSH_LOCK PushLock)
{
    return (port_rwlock *)(void *)PushLock;
}

/* Windows: wdm.h, ExInitializePushLock.  Differences: none. */
VOID
ExInitializePushLock(PEX_PUSH_LOCK PushLock)
{
    __atomic_store_n(PushLock, 0, __ATOMIC_RELEASE);
}

/* Windows: wdm.h, ExAcquirePushLockExclusiveEx.  Differences: the flags are not used. */
VOID
ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    VF_MAX_IRQL(APC_LEVEL);
    port_driver_rwlock_exclusive(ExpPushLock(PushLock));
    KiHeldPush(KiCurrent(), PushLock, KiHeldPushLock);
}

/* Windows: wdm.h, ExAcquirePushLockSharedEx.  Differences: the flags are not used. */
VOID
ExAcquirePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    VF_MAX_IRQL(APC_LEVEL);
    port_driver_rwlock_shared(ExpPushLock(PushLock));
    KiHeldPush(KiCurrent(), PushLock, KiHeldPushLock);
}

/* Windows: wdm.h, ExReleasePushLockEx.  Differences: releasing a free lock is a finding. */
VOID
ExReleasePushLockEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    KiHeldPop(KiCurrent(), PushLock);
    if ((atomic_load_explicit(&ExpPushLock(PushLock)->word, memory_order_relaxed) & 0xBFFFFFFFu) == 0) {
        vf_report("N-04", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), PushLock, "push lock %p is released but not held",
                  (void *)PushLock);
        return;
    }
    port_driver_rwlock_release(ExpPushLock(PushLock));
}

/* Windows: wdm.h, ExReleasePushLockExclusiveEx.  Differences: as ExReleasePushLockEx. */
VOID
ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExReleasePushLockEx(PushLock, Flags);
}

/* Windows: wdm.h, ExReleasePushLockSharedEx.  Differences: as ExReleasePushLockEx. */
VOID
ExReleasePushLockSharedEx(PEX_PUSH_LOCK PushLock, ULONG Flags)
{
    ExReleasePushLockEx(PushLock, Flags);
}

/*
 * ---- reader-writer spin locks: EXP_RW_WRITER, EXP_RW_SLEEPERS (somebody may sleep), and the number of readers; 32 bits ----
 */

#define EXP_RW_WRITER 0x80000000u
#define EXP_RW_SLEEPERS 0x40000000u

static _Atomic(uint32_t) *
ExpSpinWord(PEX_SPIN_LOCK SpinLock)
{
    return (_Atomic(uint32_t) *)(volatile void *)SpinLock;
}

static VOID
ExpSpinAcquire(PEX_SPIN_LOCK SpinLock, BOOLEAN Exclusive)
{
    _Atomic(uint32_t) *Word = ExpSpinWord(SpinLock);
    const uint32_t Blocking = Exclusive ? ~EXP_RW_SLEEPERS : EXP_RW_WRITER;
    uint32_t Value = atomic_load_explicit(Word, memory_order_relaxed);

    for (ULONG Spins = 0;; Value = atomic_load_explicit(Word, memory_order_relaxed)) {
        if ((Value & Blocking) == 0) {
            uint32_t Taken = Exclusive ? Value | EXP_RW_WRITER : Value + 1;
            if (atomic_compare_exchange_weak_explicit(Word, &Value, Taken, memory_order_acquire, memory_order_relaxed)) {
                break;
            }
        } else if (Spins++ < 200) {
            __builtin_ia32_pause();
        } else if ((Value & EXP_RW_SLEEPERS) ||
                   atomic_compare_exchange_weak_explicit(
                       Word, &Value, Value | EXP_RW_SLEEPERS, memory_order_relaxed, memory_order_relaxed)) {
            port_wait(Word, Value | EXP_RW_SLEEPERS, PORT_FOREVER);
        }
    }
    port_tsan_acquire(SpinLock);
    KiHeldPush(KiCurrent(), (PVOID)SpinLock, KiHeldSharedSpinLock);
}

static VOID
ExpSpinRelease(PEX_SPIN_LOCK SpinLock)
{
    _Atomic(uint32_t) *Word = ExpSpinWord(SpinLock);
    uint32_t Value = atomic_load_explicit(Word, memory_order_relaxed);

    KiHeldPop(KiCurrent(), (PVOID)SpinLock);
    if ((Value & ~EXP_RW_SLEEPERS) == 0) {
        vf_report("N-04", NULL, "0x10", KiCurrentOwner(), (PVOID)SpinLock, "spin lock %p is released but not held", (PVOID)SpinLock);
        return;
    }
    port_tsan_release(SpinLock);
    uint32_t Left;
    do {
        Left = (Value & EXP_RW_WRITER) ? 0 : Value - 1;
        Left = (Left & ~EXP_RW_SLEEPERS) == 0 ? 0 : Left;
    } while (!atomic_compare_exchange_weak_explicit(Word, &Value, Left, memory_order_release, memory_order_relaxed));
    if (Left == 0 && (Value & EXP_RW_SLEEPERS)) {
        port_wake(Word, UINT32_MAX);
    }
}

/* Windows: wdm.h, ExAcquireSpinLockExclusive.  Differences: waiters sleep when spinning does not help. */
KIRQL
ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    ExpSpinAcquire(SpinLock, TRUE);
    return OldIrql;
}

/* Windows: wdm.h, ExAcquireSpinLockShared.  Differences: as ExAcquireSpinLockExclusive. */
KIRQL
ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    ExpSpinAcquire(SpinLock, FALSE);
    return OldIrql;
}

/* Windows: wdm.h, ExAcquireSpinLockExclusiveAtDpcLevel.  Differences: as ExAcquireSpinLockExclusive. */
VOID
ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinAcquire(SpinLock, TRUE);
}

/* Windows: wdm.h, ExAcquireSpinLockSharedAtDpcLevel.  Differences: as ExAcquireSpinLockExclusive. */
VOID
ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinAcquire(SpinLock, FALSE);
}

/* Windows: wdm.h, ExReleaseSpinLockExclusive.  Differences: none. */
VOID
ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExpSpinRelease(SpinLock);
    KeLowerIrql(OldIrql);
}

/* Windows: wdm.h, ExReleaseSpinLockShared.  Differences: none. */
VOID
ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExpSpinRelease(SpinLock);
    KeLowerIrql(OldIrql);
}

/* Windows: wdm.h, ExReleaseSpinLockExclusiveFromDpcLevel.  Differences: none. */
VOID
ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinRelease(SpinLock);
}

/* Windows: wdm.h, ExReleaseSpinLockSharedFromDpcLevel.  Differences: none. */
VOID
ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    ExpSpinRelease(SpinLock);
}

/* Windows: wdm.h, ExTryConvertSharedSpinLockExclusive.  Differences: none. */
LOGICAL
ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    uint32_t Value = atomic_load_explicit(ExpSpinWord(SpinLock), memory_order_relaxed);
    while ((Value & ~EXP_RW_SLEEPERS) == 1) {
        uint32_t Taken = (Value & EXP_RW_SLEEPERS) | EXP_RW_WRITER;
        if (atomic_compare_exchange_weak_explicit(
                ExpSpinWord(SpinLock), &Value, Taken, memory_order_acquire, memory_order_relaxed)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- after a fault ---- */

static VOID
ExpHeldPushLockRelease(PVOID Lock)
{
    ExReleasePushLockEx(Lock, 0);
}

static VOID
ExpHeldSpinRelease(PVOID Lock)
{
    ExpSpinRelease(Lock);
}

static VOID
ExpHeldResourceRelease(PVOID Lock)
{
    EXP_RESOURCE_STATE State;
    ExpResourceQuery(Lock, (ERESOURCE_THREAD)KiCurrent(), &State);
    if (State.Depth != 0) {
        ExReleaseResourceLite(Lock);
    }
}

/* Only fills ke's table: may run before anything else of the machine. */
__attribute__((constructor)) static void
ExpRegisterHeldReleases(void)
{
    KiSetHeldRelease(KiHeldPushLock, ExpHeldPushLockRelease);
    KiSetHeldRelease(KiHeldSharedSpinLock, ExpHeldSpinRelease);
    KiSetHeldRelease(KiHeldResource, ExpHeldResourceRelease);
}

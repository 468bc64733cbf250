/* SPDX-License-Identifier: MIT */
/*
 * Spin locks.  DISPATCH_LEVEL is emulated and does not stop the scheduler, so a waiter spins a little and then sleeps.
 * Low half of the KSPIN_LOCK: 0 free, 1 held, 2 held and somebody may sleep.  High half: the holder's thread id.
 */
#include "ke/kip.h"
#include "port/tsan.h"

#define KI_SPIN_ALREADY_OWNED 0x0000000F       /* bug check SPIN_LOCK_ALREADY_OWNED */

static _Atomic(uint32_t) *
KiSpinWord(PKSPIN_LOCK SpinLock)
{
    return (_Atomic(uint32_t) *)(void *)SpinLock;
}

static _Atomic(uint32_t) *
KiSpinOwner(PKSPIN_LOCK SpinLock)
{
    return (_Atomic(uint32_t) *)(void *)SpinLock + 1;
}

static VOID
KiSpinOwned(PKSPIN_LOCK SpinLock, PKTHREAD Thread)
{
    atomic_store_explicit(KiSpinOwner(SpinLock), Thread->UniqueThread, memory_order_relaxed);
    port_tsan_acquire(SpinLock);
    KiHeldPush(Thread, SpinLock, KiHeldSpinLock);
}

static VOID
KiSpinAcquireSlow(PKSPIN_LOCK SpinLock, PKTHREAD Thread)
{
    _Atomic(uint32_t) *Word = KiSpinWord(SpinLock);

    if (atomic_load_explicit(KiSpinOwner(SpinLock), memory_order_relaxed) == Thread->UniqueThread) {
        KeBugCheckEx(KI_SPIN_ALREADY_OWNED, (ULONG_PTR)SpinLock, 0, 0, 0);
    }
    for (ULONG i = 0; i < 200; i++) {
        uint32_t Free = 0;
        if (atomic_load_explicit(Word, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(Word, &Free, 1, memory_order_acquire, memory_order_relaxed)) {
            return;
        }
        __builtin_ia32_pause();
    }
    while (atomic_exchange_explicit(Word, 2, memory_order_acquire) != 0) {
        port_wait(Word, 2, PORT_FOREVER);
    }
}

VOID
KiSpinAcquire(PKSPIN_LOCK SpinLock)
{
    PKTHREAD Thread = KiCurrent();
    uint32_t Free = 0;

    if (!atomic_compare_exchange_strong_explicit(
            KiSpinWord(SpinLock), &Free, 1, memory_order_acquire, memory_order_relaxed)) {
        KiSpinAcquireSlow(SpinLock, Thread);
    }
    KiSpinOwned(SpinLock, Thread);
}

BOOLEAN
KiSpinTryAcquire(PKSPIN_LOCK SpinLock)
{
    uint32_t Free = 0;

    if (!atomic_compare_exchange_strong_explicit(
            KiSpinWord(SpinLock), &Free, 1, memory_order_acquire, memory_order_relaxed)) {
        return FALSE;
    }
    KiSpinOwned(SpinLock, KiCurrent());
    return TRUE;
}

VOID
KiSpinRelease(PKSPIN_LOCK SpinLock)
{
    if (vf_on() && atomic_load_explicit(KiSpinWord(SpinLock), memory_order_relaxed) == 0) {
        vf_report("N-04", NULL, "0x10", KiCurrentOwner(), SpinLock, "spin lock %p is released but not held", (void *)SpinLock);
        return;
    }
    KiHeldPop(KiCurrent(), SpinLock);
    port_tsan_release(SpinLock);
    atomic_store_explicit(KiSpinOwner(SpinLock), 0, memory_order_relaxed);
    if (atomic_exchange_explicit(KiSpinWord(SpinLock), 0, memory_order_release) == 2) {
        port_wake(KiSpinWord(SpinLock), 1);
    }
}

/* For an abandoned driver call: only if this thread still is the holder. */
VOID
KiSpinLockRelease(PKSPIN_LOCK SpinLock)
{
    if (atomic_load_explicit(KiSpinOwner(SpinLock), memory_order_relaxed) == KiCurrent()->UniqueThread) {
        KiSpinRelease(SpinLock);
    }
}

/* Windows: wdm.h, KeInitializeSpinLock.  Differences: none. */
VOID
KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    atomic_store_explicit((_Atomic(uint64_t) *)(void *)SpinLock, 0, memory_order_release);
}

/* Windows: wdm.h, KeAcquireSpinLock.  Differences: the waiter sleeps when spinning does not help. */
KIRQL
KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    KiSpinAcquire(SpinLock);
    return OldIrql;
}

/* Windows: wdm.h, KeReleaseSpinLock.  Differences: none. */
VOID
KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    KiSpinRelease(SpinLock);
    KeLowerIrql(NewIrql);
}

/* Windows: wdm.h, KeAcquireSpinLockAtDpcLevel.  Differences: as KeAcquireSpinLock. */
VOID
KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    KiSpinAcquire(SpinLock);
}

/* Windows: wdm.h, KeReleaseSpinLockFromDpcLevel.  Differences: none. */
VOID
KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    KiSpinRelease(SpinLock);
}

/* Windows: wdm.h, KeTryToAcquireSpinLockAtDpcLevel.  Differences: none. */
BOOLEAN
KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    return KiSpinTryAcquire(SpinLock);
}

/* Windows: wdm.h, KeTestSpinLock.  Differences: none. */
BOOLEAN
KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    return atomic_load_explicit(KiSpinWord(SpinLock), memory_order_relaxed) == 0;
}

/* Windows: wdm.h, KeAcquireSpinLockForDpc.  Differences: none. */
KIRQL
KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock)
{
    return KeAcquireSpinLockRaiseToDpc(SpinLock);
}

/* Windows: wdm.h, KeReleaseSpinLockForDpc.  Differences: none. */
VOID
KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql)
{
    KeReleaseSpinLock(SpinLock, OldIrql);
}

/* Windows: wdm.h, KeAcquireInStackQueuedSpinLock.  Differences: waiters are not served strictly in order. */
VOID
KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    KiSpinAcquire(SpinLock);
}

/* Windows: wdm.h, KeReleaseInStackQueuedSpinLock.  Differences: none. */
VOID
KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KiSpinRelease(LockHandle->LockQueue.Lock);
    KeLowerIrql(LockHandle->OldIrql);
}

/* Windows: wdm.h, KeAcquireInStackQueuedSpinLockAtDpcLevel.  Differences: as KeAcquireInStackQueuedSpinLock. */
VOID
KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    KiSpinAcquire(SpinLock);
}

/* Windows: wdm.h, KeReleaseInStackQueuedSpinLockFromDpcLevel.  Differences: none. */
VOID
KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KiSpinRelease(LockHandle->LockQueue.Lock);
}

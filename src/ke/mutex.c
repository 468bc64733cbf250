/* SPDX-License-Identifier: MIT */
/*
 * Fast and guarded mutexes.  Count: 1 free, 0 owned, below that the number of waiters.  The event hands the mutex over: a
 * releaser that saw waiters sets it, one waiter consumes it and is the owner.
 */
#include <stddef.h>

#include "ke/kip.h"
#include "port/tsan.h"

_Static_assert(sizeof(FAST_MUTEX) == sizeof(KGUARDED_MUTEX), "one algorithm serves both");
_Static_assert(offsetof(FAST_MUTEX, Event) == offsetof(KGUARDED_MUTEX, Gate), "one algorithm serves both");

VOID
KiFastMutexInitialize(PFAST_MUTEX Mutex, enum KI_OBJECT_TYPE Type)
{
    Mutex->Count = 1;
    Mutex->Owner = NULL;
    Mutex->Contention = 0;
    KiInitializeHeader(&Mutex->Event.Header, Type, sizeof(Mutex->Event), 0);
    Mutex->OldIrql = 0;
}

static VOID
KiFastMutexOwned(PFAST_MUTEX Mutex, enum KI_HELD_KIND Kind)
{
    PKTHREAD Thread = KiCurrent();
    __atomic_store_n(&Mutex->Owner, Thread, __ATOMIC_RELAXED);
    KiHeldPush(Thread, Mutex, Kind);
    port_tsan_acquire(Mutex);
}

VOID
KiFastMutexAcquire(PFAST_MUTEX Mutex, enum KI_HELD_KIND Kind)
{
    if (__atomic_load_n(&Mutex->Owner, __ATOMIC_RELAXED) == KiCurrent()) {
        KeBugCheckEx(0x000000BF /* MUTEX_ALREADY_OWNED */, (ULONG_PTR)Mutex, (ULONG_PTR)KiCurrent(), 0, 0);
    }
    if (__atomic_sub_fetch(&Mutex->Count, 1, __ATOMIC_ACQUIRE) != 0) {
        __atomic_add_fetch(&Mutex->Contention, 1, __ATOMIC_RELAXED);
        KeWaitForSingleObject(&Mutex->Event, WrFastMutex, KernelMode, FALSE, NULL);
    }
    KiFastMutexOwned(Mutex, Kind);
}

BOOLEAN
KiFastMutexTryAcquire(PFAST_MUTEX Mutex, enum KI_HELD_KIND Kind)
{
    LONG Free = 1;
    if (!__atomic_compare_exchange_n(&Mutex->Count, &Free, 0, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return FALSE;
    }
    KiFastMutexOwned(Mutex, Kind);
    return TRUE;
}

VOID
KiFastMutexRelease(PFAST_MUTEX Mutex)
{
    PKTHREAD Thread = KiCurrent();
    if (__atomic_load_n(&Mutex->Owner, __ATOMIC_RELAXED) != Thread) {
        vf_report("N-04", NULL, "0xC4", KiCurrentOwner(), Mutex, "fast mutex %p is released by a thread that does not own it",
                  (void *)Mutex);
        return;
    }
    port_tsan_release(Mutex);
    KiHeldPop(Thread, Mutex);
    __atomic_store_n(&Mutex->Owner, NULL, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&Mutex->Count, 1, __ATOMIC_RELEASE) <= 0) {
        KeSetEvent(&Mutex->Event, 0, FALSE);
    }
}

/* Windows: wdm.h, KeInitializeGuardedMutex.  Differences: none. */
VOID
KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    KiFastMutexInitialize((PFAST_MUTEX)Mutex, KiGate);
}

/* Windows: wdm.h, KeAcquireGuardedMutex.  Differences: none. */
VOID
KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    KeEnterGuardedRegion();
    KiFastMutexAcquire((PFAST_MUTEX)Mutex, KiHeldGuardedMutex);
}

/* Windows: wdm.h, KeReleaseGuardedMutex.  Differences: none. */
VOID
KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    KiFastMutexRelease((PFAST_MUTEX)Mutex);
    KeLeaveGuardedRegion();
}

/* Windows: wdm.h, KeAcquireGuardedMutexUnsafe.  Differences: none. */
VOID
KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex)
{
    KiFastMutexAcquire((PFAST_MUTEX)Mutex, KiHeldGuardedMutex);
}

/* Windows: wdm.h, KeReleaseGuardedMutexUnsafe.  Differences: none. */
VOID
KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX Mutex)
{
    KiFastMutexRelease((PFAST_MUTEX)Mutex);
}

/* Windows: wdm.h, KeTryToAcquireGuardedMutex.  Differences: none. */
BOOLEAN
KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    KeEnterGuardedRegion();
    if (KiFastMutexTryAcquire((PFAST_MUTEX)Mutex, KiHeldGuardedMutex)) {
        return TRUE;
    }
    KeLeaveGuardedRegion();
    return FALSE;
}

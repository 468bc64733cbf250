/* SPDX-License-Identifier: MIT */
/*
 * ke, private: dispatcher objects.
 *
 * All state of an object is in its DISPATCHER_HEADER.  The first word is the object's type (low 7 bits, as on Windows) and
 * its lock: KI_LOCKED is the lock, KI_CONTENDED says that somebody may sleep on the word.  The lock protects SignalState and
 * WaitListHead, the list of KI_WAIT_BLOCKs on the stacks of the waiting threads.
 *
 * Invariants:
 *  1. A waiter takes the object's lock at least once after it was satisfied, so it cannot return, and its caller cannot free
 *     the object, while the signalling thread is still inside.
 *  2. After the lock word is released the object is not touched again; futex calls get only addresses.
 *  3. A WaitAny wait is satisfied by exactly one thread: whoever moves KI_WAIT.State away from KiWaitPending.  That thread
 *     consumes the object's signal on the waiter's behalf, under the object's lock.
 *  4. A WaitAll wait is only told to look again; the waiter itself takes all locks, in address order, and consumes.
 */
#ifndef FB_KE_KIP_H
#define FB_KE_KIP_H

#include "ke/ki.h"
#include "ke/kiobj.h"

#define KI_LOCKED 0x80u
#define KI_CONTENDED 0x100u

enum {
    KiWaitPending = 0,
    KiWaitRetry = 1,
    KiWaitTimedOut = 2,
    KiWaitSatisfied = 0x100,       /* + index */
    KiWaitAbandoned = 0x200        /* + index */
};

typedef struct KI_WAIT {
    _Atomic(uint32_t) State;
    BOOLEAN All;
    PKTHREAD Thread;
} KI_WAIT;

typedef struct KI_WAIT_BLOCK {
    LIST_ENTRY Links;              /* lock of Object */
    BOOLEAN Linked;                /* lock of Object */
    ULONG Index;
    KI_WAIT *Wait;
    PDISPATCHER_HEADER Object;
} KI_WAIT_BLOCK;

/* Waiters to wake once the object's lock is released. */
#define KI_WAKE_MAX 8
typedef struct KI_WAKE_LIST {
    ULONG Count;
    const _Atomic(uint32_t) *Words[KI_WAKE_MAX];
} KI_WAKE_LIST;

VOID KiObjectLock(PDISPATCHER_HEADER Header);
VOID KiObjectUnlock(PDISPATCHER_HEADER Header);

static inline UCHAR
KiObjectType(const DISPATCHER_HEADER *Header)
{
    return (UCHAR)(__atomic_load_n((const volatile ULONG *)&Header->Lock, __ATOMIC_RELAXED) & 0x7F);
}

static inline LONG
KiObjectState(const DISPATCHER_HEADER *Header)
{
    return __atomic_load_n(&Header->SignalState, __ATOMIC_ACQUIRE);
}

static inline VOID
KiObjectSetState(PDISPATCHER_HEADER Header, LONG State)
{
    __atomic_store_n(&Header->SignalState, State, __ATOMIC_RELEASE);
}

/* Hands the object's signal to waiters while it lasts.  Object lock held. */
VOID KiSatisfyWaitersLocked(PDISPATCHER_HEADER Header, KI_WAKE_LIST *Wake);
VOID KiWake(const KI_WAKE_LIST *Wake);
/* Sets SignalState to State, satisfies waiters, unlocks, wakes. */
VOID KiSignalUnlocks(PDISPATCHER_HEADER Header, LONG State);

VOID KiMutantAcquired(PKMUTANT Mutant, PKTHREAD Thread);
VOID KiAbandonMutants(PKTHREAD Thread);

VOID KiReportUninitialised(const VOID *Object);

/* Fault codes of port_fault_raise */
#define KI_FAULT_REPORTED 0x4B690001           /* a bug check: the finding was made where it was called */
#define KI_FAULT_THREAD_EXIT 0x4B690002        /* PsTerminateSystemThread */

VOID KiInitializeHeldReleases(VOID);
VOID KiSpinLockRelease(PKSPIN_LOCK SpinLock);
VOID KiTimerUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use);
VOID KiDpcUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use);

#endif

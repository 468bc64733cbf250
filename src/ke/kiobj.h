/* SPDX-License-Identifier: MIT */
/* ke, inward: dispatcher objects for the layers above (processes, file objects) and the fast mutex that ex shares. */
#ifndef FB_KE_KIOBJ_H
#define FB_KE_KIOBJ_H

#include "ke/ki.h"

enum KI_OBJECT_TYPE {                          /* values of DISPATCHER_HEADER.Type */
    KiEventNotification = 0,
    KiEventSynchronization = 1,
    KiMutant = 2,
    KiProcess = 3,
    KiQueue = 4,
    KiSemaphore = 5,
    KiThreadObject = 6,
    KiGate = 7,
    KiTimerNotification = 8,
    KiTimerSynchronization = 9
};

VOID KiInitializeHeader(PDISPATCHER_HEADER Header, enum KI_OBJECT_TYPE Type, SIZE_T Size, LONG State);
/* Signals a notification-like object (process, thread) for good. */
VOID KiSignalObject(PDISPATCHER_HEADER Header);

/* FAST_MUTEX and KGUARDED_MUTEX have the same shape.  IRQL and regions are the callers' business. */
VOID KiFastMutexInitialize(PFAST_MUTEX Mutex, enum KI_OBJECT_TYPE Type);
VOID KiFastMutexAcquire(PFAST_MUTEX Mutex, enum KI_HELD_KIND Kind);
BOOLEAN KiFastMutexTryAcquire(PFAST_MUTEX Mutex, enum KI_HELD_KIND Kind);
VOID KiFastMutexRelease(PFAST_MUTEX Mutex);

/* KSPIN_LOCK without IRQL: free, held, contended in the low half; the holder's thread id in the high half. */
VOID KiSpinAcquire(PKSPIN_LOCK SpinLock);
BOOLEAN KiSpinTryAcquire(PKSPIN_LOCK SpinLock);
VOID KiSpinRelease(PKSPIN_LOCK SpinLock);

#endif

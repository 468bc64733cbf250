/* SPDX-License-Identifier: MIT */
/* Events, semaphores, mutexes: what sets and resets them. */
#include "ke/kip.h"

#include <ntos/ex.h>

/* Windows: wdm.h, KeInitializeEvent.  Differences: none. */
VOID
KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    KiInitializeHeader(
        &Event->Header, Type == NotificationEvent ? KiEventNotification : KiEventSynchronization, sizeof(*Event), State ? 1 : 0);
}

/* Windows: wdm.h, KeSetEvent.  Differences: Increment and Wait have no effect. */
LONG
KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    UNREFERENCED_PARAMETER(Increment);
    UNREFERENCED_PARAMETER(Wait);

    KiObjectLock(&Event->Header);
    LONG Previous = Event->Header.SignalState;
    KiSignalUnlocks(&Event->Header, 1);
    return Previous;
}

/* Windows: wdm.h, KePulseEvent.  Differences: Increment and Wait have no effect. */
LONG
KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    UNREFERENCED_PARAMETER(Increment);
    UNREFERENCED_PARAMETER(Wait);
    KI_WAKE_LIST Wake;

    Wake.Count = 0;
    KiObjectLock(&Event->Header);
    LONG Previous = Event->Header.SignalState;
    KiObjectSetState(&Event->Header, 1);
    KiSatisfyWaitersLocked(&Event->Header, &Wake);
    KiObjectSetState(&Event->Header, 0);
    KiObjectUnlock(&Event->Header);
    KiWake(&Wake);
    return Previous;
}

/* Windows: wdm.h, KeResetEvent.  Differences: none. */
LONG
KeResetEvent(PRKEVENT Event)
{
    KiObjectLock(&Event->Header);
    LONG Previous = Event->Header.SignalState;
    KiObjectSetState(&Event->Header, 0);
    KiObjectUnlock(&Event->Header);
    return Previous;
}

/* Windows: wdm.h, KeClearEvent.  Differences: none. */
VOID
KeClearEvent(PRKEVENT Event)
{
    KeResetEvent(Event);
}

/* Windows: wdm.h, KeReadStateEvent.  Differences: none. */
LONG
KeReadStateEvent(PRKEVENT Event)
{
    return KiObjectState(&Event->Header);
}

/* ---- semaphores ---- */

/* Windows: wdm.h, KeInitializeSemaphore.  Differences: none. */
VOID
KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    KiInitializeHeader(&Semaphore->Header, KiSemaphore, sizeof(*Semaphore), Count);
    Semaphore->Limit = Limit;
}

/* Windows: wdm.h, KeReleaseSemaphore.  Differences: Increment and Wait have no effect. */
LONG
KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
    UNREFERENCED_PARAMETER(Increment);
    UNREFERENCED_PARAMETER(Wait);

    KiObjectLock(&Semaphore->Header);
    LONG Previous = Semaphore->Header.SignalState;
    if (Adjustment <= 0 || Previous > Semaphore->Limit - Adjustment) {
        KiObjectUnlock(&Semaphore->Header);
        vf_report("N-04", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), Semaphore,
                  "semaphore %p is released beyond its limit of %d", (void *)Semaphore, (int)Semaphore->Limit);
        ExRaiseStatus(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    }
    KiSignalUnlocks(&Semaphore->Header, Previous + Adjustment);
    return Previous;
}

/* Windows: wdm.h, KeReadStateSemaphore.  Differences: none. */
LONG
KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
    return KiObjectState(&Semaphore->Header);
}

/* ---- mutexes: SignalState 1 free, 0 and below owned (0 once, -1 twice, ...) ---- */

/* Windows: wdm.h, KeInitializeMutex.  Differences: none. */
VOID
KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    UNREFERENCED_PARAMETER(Level);

    KiInitializeHeader(&Mutex->Header, KiMutant, sizeof(*Mutex), 1);
    InitializeListHead(&Mutex->MutantListEntry);
    Mutex->OwnerThread = NULL;
    Mutex->Abandoned = FALSE;
    Mutex->ApcDisable = 1;
}

/* The first acquisition, in the owner's context, under the object's lock. */
VOID
KiMutantAcquired(PKMUTANT Mutant, PKTHREAD Thread)
{
    InsertTailList(&Thread->MutantListHead, &Mutant->MutantListEntry);
    Thread->KernelApcDisable += Mutant->ApcDisable;
    KiHeldPush(Thread, Mutant, KiHeldMutant);
}

static LONG
KiMutantRelease(PKMUTANT Mutant, PKTHREAD Thread, BOOLEAN Abandon)
{
    LONG Previous = Mutant->Header.SignalState;
    LONG State = Abandon ? 1 : Previous + 1;

    if (State == 1) {
        RemoveEntryList(&Mutant->MutantListEntry);
        Mutant->OwnerThread = NULL;
        Mutant->Abandoned = Abandon;
        Thread->KernelApcDisable -= Mutant->ApcDisable;
        KiHeldPop(Thread, Mutant);
        KiSignalUnlocks(&Mutant->Header, 1);
    } else {
        KiObjectSetState(&Mutant->Header, State);
        KiObjectUnlock(&Mutant->Header);
    }
    return Previous;
}

/* Windows: wdm.h, KeReleaseMutex.  Differences: Wait has no effect. */
LONG
KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    UNREFERENCED_PARAMETER(Wait);
    PKTHREAD Thread = KiCurrent();

    KiObjectLock(&Mutex->Header);
    if (Mutex->OwnerThread != Thread) {
        KiObjectUnlock(&Mutex->Header);
        vf_report("N-04", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), Mutex,
                  "mutex %p is released by a thread that does not own it", (void *)Mutex);
        ExRaiseStatus(STATUS_MUTANT_NOT_OWNED);
    }
    return KiMutantRelease(Mutex, Thread, FALSE);
}

/* Windows: wdm.h, KeReadStateMutex.  Differences: none. */
LONG
KeReadStateMutex(PRKMUTEX Mutex)
{
    return KiObjectState(&Mutex->Header);
}

/* A thread ends, or a driver call is abandoned, with the mutex owned: the next owner is told. */
static VOID
KiMutantAbandon(PVOID Lock)
{
    PKMUTANT Mutant = Lock;
    PKTHREAD Thread = KiCurrent();

    KiObjectLock(&Mutant->Header);
    if (Mutant->OwnerThread == Thread) {
        KiMutantRelease(Mutant, Thread, TRUE);
    } else {
        KiObjectUnlock(&Mutant->Header);
    }
}

VOID
KiAbandonMutants(PKTHREAD Thread)
{
    while (!IsListEmpty(&Thread->MutantListHead)) {
        PKMUTANT Mutant = CONTAINING_RECORD(Thread->MutantListHead.Flink, KMUTANT, MutantListEntry);
        vf_report("N-05", NULL, "0x4000008A", KiOwnerOfAddress((PVOID)(ULONG_PTR)Thread->StartRoutine), Mutant,
                  "a thread ended while it owned mutex %p", (void *)Mutant);
        KiMutantAbandon(Mutant);
    }
}

VOID
KiInitializeHeldReleases(VOID)
{
    KiSetHeldRelease(KiHeldMutant, KiMutantAbandon);
}

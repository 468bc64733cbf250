/* SPDX-License-Identifier: MIT */
/*
 * Timers.  One list of all set timers, soonest first, under KiTimerLock; one thread that sleeps until the first is due.
 * A timer's expiry (signal, DPC) is finished under the lock, so after KeCancelTimer returned nobody touches the KTIMER.
 * DueTime holds the monotonic time in ns; Header.Inserted says whether the timer is in the list.
 */
#include "ke/kip.h"
#include "vf/ranks.h"

static port_lock KiTimerLock;                  /* VF_RANK_KE_TIMERS; then the object's lock, then the DPC queue's */
static LIST_ENTRY KiTimerList = {&KiTimerList, &KiTimerList};
static _Atomic(uint32_t) KiTimerWord;          /* changes when the first due time may have become sooner */
static BOOLEAN KiTimerThreadStarted;           /* KiTimerLock */

/* In the timer's own storage, but apart from the word that is the object's lock. */
static BOOLEAN
KiTimerIsSetLocked(const KTIMER *Timer)
{
    return Timer->TimerListEntry.Flink != NULL;
}

static VOID
KiTimerRemoveLocked(PKTIMER Timer)
{
    RemoveEntryList(&Timer->TimerListEntry);
    Timer->TimerListEntry.Flink = NULL;
}

static VOID
KiTimerInsertLocked(PKTIMER Timer, ULONGLONG DueTime)
{
    PLIST_ENTRY Link = KiTimerList.Blink;

    Timer->DueTime.QuadPart = DueTime;
    while (Link != &KiTimerList && CONTAINING_RECORD(Link, KTIMER, TimerListEntry)->DueTime.QuadPart > DueTime) {
        Link = Link->Blink;
    }
    InsertHeadList(Link, &Timer->TimerListEntry);
}

static VOID
KiTimerExpireLocked(PKTIMER Timer, ULONGLONG Now)
{
    PKDPC Dpc = Timer->Dpc;

    KiTimerRemoveLocked(Timer);
    if (Timer->Period != 0) {
        ULONGLONG Due = Timer->DueTime.QuadPart + (ULONGLONG)Timer->Period * 1000000;
        KiTimerInsertLocked(Timer, Due > Now ? Due : Now + 1);
    }
    KiSignalObject(&Timer->Header);
    if (Dpc != NULL) {
        KeInsertQueueDpc(Dpc, NULL, NULL);
    }
}

static void
KiTimerMain(void *Context)
{
    UNREFERENCED_PARAMETER(Context);

    for (;;) {
        uint64_t Deadline = PORT_FOREVER;
        port_lock_acquire(&KiTimerLock);
        uint32_t Word = atomic_load(&KiTimerWord);
        ULONGLONG Now = port_clock_monotonic();
        while (!IsListEmpty(&KiTimerList)) {
            PKTIMER Timer = CONTAINING_RECORD(KiTimerList.Flink, KTIMER, TimerListEntry);
            if (Timer->DueTime.QuadPart > Now) {
                Deadline = Timer->DueTime.QuadPart;
                break;
            }
            KiTimerExpireLocked(Timer, Now);
        }
        port_lock_release(&KiTimerLock);
        port_wait(&KiTimerWord, Word, Deadline);
    }
}

static VOID
KiTimerThreadNeededLocked(VOID)
{
    port_thread *Handle;

    if (!KiTimerThreadStarted) {
        if (port_thread_start(&Handle, KiTimerMain, NULL, "nt-timers") != 0) {
            port_fatal("cannot start the timer thread");
        }
        port_thread_detach(Handle);
        KiTimerThreadStarted = TRUE;
    }
}

VOID
KiTimerUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use)
{
    port_lock_acquire(&KiTimerLock);
    for (PLIST_ENTRY Link = KiTimerList.Flink; Link != &KiTimerList; Link = Link->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(Link, KTIMER, TimerListEntry);
        ULONG_PTR Routine = Timer->Dpc != NULL ? (ULONG_PTR)Timer->Dpc->DeferredRoutine : 0;
        ULONG_PTR Storage = (ULONG_PTR)Timer;
        if ((Routine >= Base && Routine < End) || (Storage >= Base && Storage < End)) {
            Use->Timers++;
        }
    }
    port_lock_release(&KiTimerLock);
}

/* Windows: wdm.h, KeInitializeTimer.  Differences: none. */
VOID
KeInitializeTimer(PKTIMER Timer)
{
    KeInitializeTimerEx(Timer, NotificationTimer);
}

/* Windows: wdm.h, KeInitializeTimerEx.  Differences: none. */
VOID
KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    KiInitializeHeader(
        &Timer->Header, Type == NotificationTimer ? KiTimerNotification : KiTimerSynchronization, sizeof(*Timer), 0);
    Timer->DueTime.QuadPart = 0;
    Timer->TimerListEntry.Flink = NULL;
    Timer->TimerListEntry.Blink = NULL;
    Timer->Dpc = NULL;
    Timer->Processor = 0;
    Timer->Period = 0;
}

/* Windows: wdm.h, KeSetTimerEx.  Differences: none. */
BOOLEAN
KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    uint64_t Due = KiDeadline(&DueTime);

    port_lock_acquire(&KiTimerLock);
    KiTimerThreadNeededLocked();
    const BOOLEAN WasSet = KiTimerIsSetLocked(Timer);
    if (WasSet) {
        KiTimerRemoveLocked(Timer);
    }
    KiObjectLock(&Timer->Header);
    KiObjectSetState(&Timer->Header, 0);
    KiObjectUnlock(&Timer->Header);
    Timer->Dpc = Dpc;
    Timer->Period = (ULONG)Period;
    KiTimerInsertLocked(Timer, Due != 0 ? Due : port_clock_monotonic());
    const BOOLEAN First = KiTimerList.Flink == &Timer->TimerListEntry;
    if (First) {
        atomic_fetch_add(&KiTimerWord, 1);
    }
    port_lock_release(&KiTimerLock);
    if (First) {
        port_wake(&KiTimerWord, 1);
    }
    return WasSet;
}

/* Windows: wdm.h, KeSetTimer.  Differences: none. */
BOOLEAN
KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

/* Windows: wdm.h, KeSetCoalescableTimer.  Differences: the tolerable delay is not used. */
BOOLEAN
KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay, PKDPC Dpc)
{
    UNREFERENCED_PARAMETER(TolerableDelay);
    return KeSetTimerEx(Timer, DueTime, (LONG)Period, Dpc);
}

/* Windows: wdm.h, KeCancelTimer.  Differences: none. */
BOOLEAN
KeCancelTimer(PKTIMER Timer)
{
    port_lock_acquire(&KiTimerLock);
    const BOOLEAN WasSet = KiTimerIsSetLocked(Timer);
    if (WasSet) {
        KiTimerRemoveLocked(Timer);
    }
    port_lock_release(&KiTimerLock);
    return WasSet;
}

/* Windows: wdm.h, KeReadStateTimer.  Differences: none. */
BOOLEAN
KeReadStateTimer(PKTIMER Timer)
{
    return KiObjectState(&Timer->Header) > 0;
}

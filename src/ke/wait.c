/* SPDX-License-Identifier: MIT */
/* Waiting for dispatcher objects.  The protocol is in kip.h. */
#include "ke/kip.h"

/* ---- the object's lock ---- */

VOID
KiReportUninitialised(const VOID *Object)
{
    vf_report("N-01", NULL, "0xA", KiCurrentOwner(), Object,
              "dispatcher object %p is used without KeInitializeEvent, KeInitializeMutex, KeInitializeSemaphore or KeInitializeTimer",
              Object);
}

static VOID
KiObjectLockSlow(PDISPATCHER_HEADER Header)
{
    _Atomic(uint32_t) *Word = (_Atomic(uint32_t) *)(volatile void *)&Header->Lock;
    ULONG Spins = 0;

    for (;;) {
        uint32_t Value = atomic_load_explicit(Word, memory_order_relaxed);
        if (!(Value & KI_LOCKED)) {
            /* Others may still sleep: whoever comes from here keeps the mark. */
            if (atomic_compare_exchange_weak_explicit(
                    Word, &Value, Value | KI_LOCKED | KI_CONTENDED, memory_order_acquire, memory_order_relaxed)) {
                return;
            }
            continue;
        }
        if (Spins++ < 100) {
            __builtin_ia32_pause();
            continue;
        }
        if ((Value & KI_CONTENDED) ||
            atomic_compare_exchange_weak_explicit(
                Word, &Value, Value | KI_CONTENDED, memory_order_relaxed, memory_order_relaxed)) {
            port_wait(Word, Value | KI_CONTENDED, PORT_FOREVER);
        }
    }
}

VOID
KiObjectLock(PDISPATCHER_HEADER Header)
{
    _Atomic(uint32_t) *Word = (_Atomic(uint32_t) *)(volatile void *)&Header->Lock;
    uint32_t Value = atomic_load_explicit(Word, memory_order_relaxed);

    if ((Value & KI_LOCKED) || !atomic_compare_exchange_strong_explicit(
                                   Word, &Value, Value | KI_LOCKED, memory_order_acquire, memory_order_relaxed)) {
        KiObjectLockSlow(Header);
    }
    if (__builtin_expect(Header->WaitListHead.Flink == NULL, 0)) {
        KiReportUninitialised(Header);
        InitializeListHead(&Header->WaitListHead);
    }
}

VOID
KiObjectUnlock(PDISPATCHER_HEADER Header)
{
    _Atomic(uint32_t) *Word = (_Atomic(uint32_t) *)(volatile void *)&Header->Lock;

    if (atomic_fetch_and_explicit(Word, ~(KI_LOCKED | KI_CONTENDED), memory_order_release) & KI_CONTENDED) {
        port_wake(Word, 1);
    }
}

/* ---- signals ---- */

static BOOLEAN
KiIsSatisfiableLocked(const DISPATCHER_HEADER *Header, PKTHREAD Thread)
{
    return Header->SignalState > 0 ||
           (KiObjectType(Header) == KiMutant && CONTAINING_RECORD(Header, KMUTANT, Header)->OwnerThread == Thread);
}

/* Takes the signal for Thread.  TRUE: the mutant had been abandoned. */
static BOOLEAN
KiConsumeLocked(PDISPATCHER_HEADER Header, PKTHREAD Thread)
{
    BOOLEAN Abandoned = FALSE;

    switch (KiObjectType(Header)) {
    case KiEventSynchronization:
    case KiTimerSynchronization:
    case KiGate:
        KiObjectSetState(Header, 0);
        break;
    case KiSemaphore:
        KiObjectSetState(Header, Header->SignalState - 1);
        break;
    case KiMutant: {
        PKMUTANT Mutant = CONTAINING_RECORD(Header, KMUTANT, Header);
        KiObjectSetState(Header, Header->SignalState - 1);
        if (Header->SignalState == 0) {
            Mutant->OwnerThread = Thread;
            Abandoned = Mutant->Abandoned;
            Mutant->Abandoned = FALSE;
        }
        break;
    }
    default:
        break;
    }
    return Abandoned;
}

/* The waiter's own part of an acquisition, in its context, under the object's lock. */
static VOID
KiAcquiredLocked(PDISPATCHER_HEADER Header, PKTHREAD Thread)
{
    if (KiObjectType(Header) == KiMutant && Header->SignalState == 0) {
        KiMutantAcquired(CONTAINING_RECORD(Header, KMUTANT, Header), Thread);
    }
}

static VOID
KiWakeListAdd(KI_WAKE_LIST *Wake, const _Atomic(uint32_t) *Word)
{
    if (Wake->Count < KI_WAKE_MAX) {
        Wake->Words[Wake->Count++] = Word;
    } else {
        port_wake(Word, UINT32_MAX);
    }
}

VOID
KiWake(const KI_WAKE_LIST *Wake)
{
    for (ULONG i = 0; i < Wake->Count; i++) {
        port_wake(Wake->Words[i], UINT32_MAX);
    }
}

static VOID (*KiWokenHook)(VOID);

VOID
KiSetWokenHook(VOID (*Hook)(VOID))
{
    KiWokenHook = Hook;
}

/* Thread waits inside a teardown; the calling thread ends its wait. */
static __attribute__((noinline)) VOID
KiNoteWakerLocked(PKTHREAD Thread, ULONGLONG Since)
{
    Thread->WokenByRequest = KiCurrent() != Thread && KiCurrent()->LastRequest >= Since;
}

/* Its wait is over, in the waiter's own name: who waits can be told. */
static inline VOID
KiTellWoken(PKTHREAD Thread)
{
    if (__builtin_expect(Thread->WokenByRequest, 0)) {
        Thread->WokenByRequest = FALSE;
        KiWokenHook();
    }
}

VOID
KiSatisfyWaitersLocked(PDISPATCHER_HEADER Header, KI_WAKE_LIST *Wake)
{
    PLIST_ENTRY Link = Header->WaitListHead.Flink;

    while (Link != &Header->WaitListHead && Header->SignalState > 0) {
        KI_WAIT_BLOCK *Block = CONTAINING_RECORD(Link, KI_WAIT_BLOCK, Links);
        KI_WAIT *Wait = Block->Wait;
        uint32_t Pending = KiWaitPending;
        Link = Link->Flink;
        if (Wait->All) {
            if (atomic_compare_exchange_strong(&Wait->State, &Pending, KiWaitRetry)) {
                KiWakeListAdd(Wake, &Wait->State);
            }
            continue;
        }
        const BOOLEAN Abandoned = KiObjectType(Header) == KiMutant && CONTAINING_RECORD(Header, KMUTANT, Header)->Abandoned;
        const PKTHREAD Thread = Wait->Thread;
        const uint32_t Done = (Abandoned ? KiWaitAbandoned : KiWaitSatisfied) + Block->Index;
        RemoveEntryList(&Block->Links);
        Block->Linked = FALSE;
        const ULONGLONG Since = atomic_load_explicit(&Thread->TeardownSince, memory_order_relaxed);
        if (__builtin_expect(Since != 0, 0)) {
            KiNoteWakerLocked(Thread, Since);
        }
        /* From here on the waiter may look, but it cannot pass the object's lock (inv. 1). */
        if (atomic_compare_exchange_strong(&Wait->State, &Pending, Done)) {
            KiConsumeLocked(Header, Thread);
            KiWakeListAdd(Wake, &Wait->State);
        }
    }
}

VOID
KiSignalUnlocks(PDISPATCHER_HEADER Header, LONG State)
{
    KI_WAKE_LIST Wake;

    Wake.Count = 0;
    KiObjectSetState(Header, State);
    if (!IsListEmpty(&Header->WaitListHead)) {
        KiSatisfyWaitersLocked(Header, &Wake);
    }
    KiObjectUnlock(Header);
    KiWake(&Wake);
}

VOID
KiSignalObject(PDISPATCHER_HEADER Header)
{
    KiObjectLock(Header);
    KiSignalUnlocks(Header, 1);
}

VOID
KiInitializeHeader(PDISPATCHER_HEADER Header, enum KI_OBJECT_TYPE Type, SIZE_T Size, LONG State)
{
    __atomic_store_n(&Header->Lock, (LONG)((ULONG)Type | (ULONG)(Size / sizeof(LONG)) << 16), __ATOMIC_RELAXED);
    KiObjectSetState(Header, State);
    InitializeListHead(&Header->WaitListHead);
}

/* ---- waiting ---- */

uint64_t
KiDeadline(const LARGE_INTEGER *Timeout)
{
    if (Timeout == NULL) {
        return PORT_FOREVER;
    }
    LONGLONG Left = Timeout->QuadPart < 0 ? -Timeout->QuadPart : Timeout->QuadPart - port_clock_nt();
    if (Left <= 0) {
        return 0;
    }
    const uint64_t Now = port_clock_monotonic();
    if ((uint64_t)Left > (INT64_MAX - Now) / 100) {
        return PORT_FOREVER;
    }
    return Now + (uint64_t)Left * 100;
}

static VOID
KiCheckWaitIrql(const LARGE_INTEGER *Timeout, const VOID *Caller)
{
    if (vf_on() && KiCurrent()->Irql >= DISPATCH_LEVEL && (Timeout == NULL || Timeout->QuadPart != 0)) {
        vf_report("N-02", NULL, "0xB8", KiOwnerOfCall(Caller), Caller, "a wait that may block at DISPATCH_LEVEL or above");
    }
}

/* Sleeps until the wait is decided; returns what it came to. */
static uint32_t
KiWaitSleep(KI_WAIT *Wait, uint64_t Deadline)
{
    for (;;) {
        uint32_t State = atomic_load(&Wait->State);
        if (State != KiWaitPending) {
            return State;
        }
        if (!port_wait(&Wait->State, KiWaitPending, Deadline)) {
            if (atomic_compare_exchange_strong(&Wait->State, &State, KiWaitTimedOut)) {
                return KiWaitTimedOut;
            }
        }
    }
}

static NTSTATUS
KiWaitStatus(uint32_t State)
{
    if (State >= KiWaitAbandoned) {
        return STATUS_ABANDONED_WAIT_0 + (NTSTATUS)(State - KiWaitAbandoned);
    }
    return State >= KiWaitSatisfied ? STATUS_WAIT_0 + (NTSTATUS)(State - KiWaitSatisfied) : STATUS_TIMEOUT;
}

/* Takes a block off its object; finishes the acquisition if this object was the one. */
static VOID
KiWaitBlockRemove(KI_WAIT_BLOCK *Block, uint32_t State)
{
    PDISPATCHER_HEADER Header = Block->Object;

    KiObjectLock(Header);
    if (Block->Linked) {
        RemoveEntryList(&Block->Links);
        Block->Linked = FALSE;
    } else if (State >= KiWaitSatisfied && (State & 0xFF) == Block->Index) {
        KiAcquiredLocked(Header, Block->Wait->Thread);
    }
    KiObjectUnlock(Header);
}

/* Windows: wdm.h, KeWaitForSingleObject.  Differences: Alertable is ignored, there are no user APCs. */
NTSTATUS
KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    UNREFERENCED_PARAMETER(WaitReason);
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    PDISPATCHER_HEADER Header = Object;
    PKTHREAD Thread = KiCurrent();

    KiCheckWaitIrql(Timeout, __builtin_return_address(0));
    KiObjectLock(Header);
    if (KiIsSatisfiableLocked(Header, Thread)) {
        BOOLEAN Abandoned = KiConsumeLocked(Header, Thread);
        KiAcquiredLocked(Header, Thread);
        KiObjectUnlock(Header);
        return Abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0;
    }
    if (Timeout != NULL && Timeout->QuadPart == 0) {
        KiObjectUnlock(Header);
        return STATUS_TIMEOUT;
    }
    KI_WAIT Wait = {.State = KiWaitPending, .All = FALSE, .Thread = Thread};
    KI_WAIT_BLOCK Block = {.Linked = TRUE, .Index = 0, .Wait = &Wait, .Object = Header};
    InsertTailList(&Header->WaitListHead, &Block.Links);
    KiObjectUnlock(Header);

    uint32_t State = KiWaitSleep(&Wait, KiDeadline(Timeout));
    KiWaitBlockRemove(&Block, State);
    KiTellWoken(Thread);
    return KiWaitStatus(State);
}

/* ---- several objects ---- */

typedef struct KI_MULTIPLE_WAIT {
    KI_WAIT Wait;
    ULONG Count, UniqueCount;
    PDISPATCHER_HEADER Sorted[MAXIMUM_WAIT_OBJECTS];   /* by address, each once: the order of locking */
    KI_WAIT_BLOCK Blocks[MAXIMUM_WAIT_OBJECTS];
} KI_MULTIPLE_WAIT;

static VOID
KiMultipleInitialize(KI_MULTIPLE_WAIT *Multiple, ULONG Count, PVOID Object[], WAIT_TYPE WaitType)
{
    Multiple->Wait.All = WaitType == WaitAll;
    Multiple->Wait.Thread = KiCurrent();
    atomic_init(&Multiple->Wait.State, KiWaitPending);
    Multiple->Count = Count;
    Multiple->UniqueCount = 0;
    for (ULONG i = 0; i < Count; i++) {
        PDISPATCHER_HEADER Header = Object[i];
        Multiple->Blocks[i] = (KI_WAIT_BLOCK){.Index = i, .Wait = &Multiple->Wait, .Object = Header};
        ULONG At = Multiple->UniqueCount;
        while (At > 0 && Multiple->Sorted[At - 1] > Header) {
            At--;
        }
        if (At > 0 && Multiple->Sorted[At - 1] == Header) {
            continue;
        }
        for (ULONG n = Multiple->UniqueCount; n > At; n--) {
            Multiple->Sorted[n] = Multiple->Sorted[n - 1];
        }
        Multiple->Sorted[At] = Header;
        Multiple->UniqueCount++;
    }
}

static VOID
KiMultipleLock(KI_MULTIPLE_WAIT *Multiple)
{
    for (ULONG i = 0; i < Multiple->UniqueCount; i++) {
        KiObjectLock(Multiple->Sorted[i]);
    }
}

static VOID
KiMultipleUnlock(KI_MULTIPLE_WAIT *Multiple)
{
    for (ULONG i = Multiple->UniqueCount; i-- > 0;) {
        KiObjectUnlock(Multiple->Sorted[i]);
    }
}

/* With all locks held: satisfies the wait if it can be, else STATUS_TIMEOUT. */
static NTSTATUS
KiMultipleTryLocked(KI_MULTIPLE_WAIT *Multiple)
{
    PKTHREAD Thread = Multiple->Wait.Thread;
    NTSTATUS Status = STATUS_WAIT_0;

    for (ULONG i = 0; i < Multiple->Count; i++) {
        PDISPATCHER_HEADER Header = Multiple->Blocks[i].Object;
        const BOOLEAN Satisfiable = KiIsSatisfiableLocked(Header, Thread);
        if (!Multiple->Wait.All && Satisfiable) {
            BOOLEAN Abandoned = KiConsumeLocked(Header, Thread);
            KiAcquiredLocked(Header, Thread);
            return (Abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0) + (NTSTATUS)i;
        }
        if (Multiple->Wait.All && !Satisfiable) {
            return STATUS_TIMEOUT;
        }
    }
    if (!Multiple->Wait.All) {
        return STATUS_TIMEOUT;
    }
    for (ULONG i = 0; i < Multiple->Count; i++) {
        if (KiConsumeLocked(Multiple->Blocks[i].Object, Thread)) {
            Status = STATUS_ABANDONED_WAIT_0;
        }
        KiAcquiredLocked(Multiple->Blocks[i].Object, Thread);
    }
    return Status;
}

static VOID
KiMultipleUnlinkLocked(KI_MULTIPLE_WAIT *Multiple)
{
    for (ULONG i = 0; i < Multiple->Count; i++) {
        if (Multiple->Blocks[i].Linked) {
            RemoveEntryList(&Multiple->Blocks[i].Links);
            Multiple->Blocks[i].Linked = FALSE;
        }
    }
}

static NTSTATUS
KiMultipleWaitAll(KI_MULTIPLE_WAIT *Multiple, uint64_t Deadline)
{
    for (;;) {
        uint32_t State = KiWaitSleep(&Multiple->Wait, Deadline);
        KiMultipleLock(Multiple);
        NTSTATUS Status = KiMultipleTryLocked(Multiple);
        if (Status != STATUS_TIMEOUT || State == KiWaitTimedOut) {
            KiMultipleUnlinkLocked(Multiple);
            KiMultipleUnlock(Multiple);
            return Status;
        }
        atomic_store(&Multiple->Wait.State, KiWaitPending);
        KiMultipleUnlock(Multiple);
    }
}

/* Windows: wdm.h, KeWaitForMultipleObjects.  Differences: WaitBlockArray is not needed; more than THREAD_WAIT_OBJECTS without it is
 * no bug check.  Alertable is ignored. */
NTSTATUS
KeWaitForMultipleObjects(
    ULONG Count,
    PVOID Object[],
    WAIT_TYPE WaitType,
    KWAIT_REASON WaitReason,
    KPROCESSOR_MODE WaitMode,
    BOOLEAN Alertable,
    PLARGE_INTEGER Timeout,
    PKWAIT_BLOCK WaitBlockArray)
{
    UNREFERENCED_PARAMETER(WaitReason);
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    UNREFERENCED_PARAMETER(WaitBlockArray);
    KI_MULTIPLE_WAIT Multiple;

    KiCheckWaitIrql(Timeout, __builtin_return_address(0));
    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS) {
        KeBugCheckEx(0x0000000C, Count, 0, 0, 0);
    }
    KiMultipleInitialize(&Multiple, Count, Object, WaitType);
    KiMultipleLock(&Multiple);
    NTSTATUS Status = KiMultipleTryLocked(&Multiple);
    if (Status != STATUS_TIMEOUT || (Timeout != NULL && Timeout->QuadPart == 0)) {
        KiMultipleUnlock(&Multiple);
        return Status;
    }
    for (ULONG i = 0; i < Count; i++) {
        InsertTailList(&Multiple.Blocks[i].Object->WaitListHead, &Multiple.Blocks[i].Links);
        Multiple.Blocks[i].Linked = TRUE;
    }
    KiMultipleUnlock(&Multiple);

    const uint64_t Deadline = KiDeadline(Timeout);
    if (WaitType == WaitAll) {
        return KiMultipleWaitAll(&Multiple, Deadline);
    }
    uint32_t State = KiWaitSleep(&Multiple.Wait, Deadline);
    for (ULONG i = 0; i < Count; i++) {
        KiWaitBlockRemove(&Multiple.Blocks[i], State);
    }
    KiTellWoken(Multiple.Wait.Thread);
    return KiWaitStatus(State);
}

/* Windows: wdm.h, KeDelayExecutionThread.  Differences: Alertable is ignored. */
NTSTATUS
KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    UNREFERENCED_PARAMETER(WaitMode);
    UNREFERENCED_PARAMETER(Alertable);
    _Atomic(uint32_t) Never = 0;

    KiCheckWaitIrql(Interval, __builtin_return_address(0));
    const uint64_t Deadline = KiDeadline(Interval);
    if (Deadline == 0) {
        port_yield();
        return STATUS_SUCCESS;
    }
    while (port_wait(&Never, 0, Deadline)) {
    }
    return STATUS_SUCCESS;
}

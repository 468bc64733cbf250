/* SPDX-License-Identifier: MIT */
/*
 * Work items: one queue, workers that come and go.
 *
 * A worker is started when an item is queued and none is idle, up to EXP_WORKERS_EAGER.  Beyond that, more are started only
 * when workers cannot make progress: a worker that blocks in a wait says so (block hooks), and a balancer looks every
 * EXP_BALANCE_NS for an item that nobody took, which covers workers that block elsewhere.  An idle worker leaves after a while.
 */
#include "ex/exp.h"
#include "ke/ntcall.h"
#include "vf/ranks.h"

#define EXP_WORKERS_EAGER 4u
#define EXP_WORKERS_MAX 1024u
#define EXP_WORKER_IDLE_NS 10000000000ull
#define EXP_BALANCE_NS 20000000ull

static port_lock ExpWorkLock;                  /* VF_RANK_EX_WORKERS; protects all below */
static LIST_ENTRY ExpWorkQueue = {&ExpWorkQueue, &ExpWorkQueue};
static ULONG ExpWorkers, ExpWorkersIdle, ExpWorkersBlocked;
static ULONGLONG ExpWorkTaken;                 /* items ever taken from the queue */
static LIST_ENTRY ExpWorkRunning = {&ExpWorkRunning, &ExpWorkRunning};
static BOOLEAN ExpBalancerStarted;
static _Atomic(uint32_t) ExpWorkWord;          /* changes when an item is queued */
static _Atomic(uint32_t) ExpWorkDoneWord;      /* changes when an item has run */
static _Atomic(uint32_t) ExpBalanceWord;       /* changes when the queue gets its first item */

/* An item that runs, on its worker's stack; the WORK_QUEUE_ITEM itself belongs to the driver again. */
typedef struct EXP_RUNNING {
    LIST_ENTRY Links;
    PWORKER_THREAD_ROUTINE Routine;
} EXP_RUNNING;

static void ExpWorkerMain(void *Context);

static VOID
ExpStartWorkerLocked(VOID)
{
    port_thread *Handle;

    if (ExpWorkers < EXP_WORKERS_MAX && port_thread_start(&Handle, ExpWorkerMain, NULL, "nt-worker") == 0) {
        port_thread_detach(Handle);
        ExpWorkers++;
    }
}

/* Workers that are neither idle nor blocked. */
static ULONG
ExpBusyLocked(VOID)
{
    const ULONG Away = ExpWorkersIdle + ExpWorkersBlocked;
    return ExpWorkers > Away ? ExpWorkers - Away : 0;
}

static void
ExpBlockBegin(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    port_lock_acquire(&ExpWorkLock);
    ExpWorkersBlocked++;
    if (!IsListEmpty(&ExpWorkQueue) && ExpWorkersIdle == 0 && ExpBusyLocked() < port_cpu_count()) {
        ExpStartWorkerLocked();
    }
    port_lock_release(&ExpWorkLock);
}

static void
ExpBlockEnd(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    port_lock_acquire(&ExpWorkLock);
    ExpWorkersBlocked--;
    port_lock_release(&ExpWorkLock);
}

/* Starts a worker whenever an item waited for a whole interval and nothing was taken. */
static void
ExpBalanceMain(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    _Atomic(uint32_t) Never = 0;

    for (;;) {
        port_lock_acquire(&ExpWorkLock);
        const uint32_t Word = atomic_load(&ExpBalanceWord);
        const ULONGLONG Taken = ExpWorkTaken;
        const BOOLEAN Empty = IsListEmpty(&ExpWorkQueue);
        port_lock_release(&ExpWorkLock);
        if (Empty) {
            port_wait(&ExpBalanceWord, Word, PORT_FOREVER);
            continue;
        }
        port_wait(&Never, 0, port_clock_monotonic() + EXP_BALANCE_NS);
        port_lock_acquire(&ExpWorkLock);
        if (Taken == ExpWorkTaken && !IsListEmpty(&ExpWorkQueue)) {
            ExpStartWorkerLocked();
        }
        port_lock_release(&ExpWorkLock);
    }
}

/* ---- running ---- */

static __attribute__((noinline)) VOID
ExpRunDriverItem(vf_owner *Owner, PWORKER_THREAD_ROUTINE Routine, PVOID Parameter)
{
    KI_DRIVER_CALL Call = {.Owner = Owner, .Phase = "work item", .Routine = (const VOID *)Routine};

    NT_CALL(&Call, Routine(Parameter));
}

static VOID
ExpRunItem(PWORKER_THREAD_ROUTINE Routine, PVOID Parameter)
{
    PKTHREAD Thread = KiCurrent();
    const struct port_module *Module = port_module_find((uintptr_t)Routine);

    if (Module == NULL) {
        Routine(Parameter);                    /* the runtime's own */
        return;
    }
    ExpRunDriverItem(Module->owner, Routine, Parameter);
    Thread->Irql = PASSIVE_LEVEL;
    Thread->AttachedProcess = NULL;
}

/* Lock held on entry and exit. */
static VOID
ExpTakeAndRunLocked(VOID)
{
    PWORK_QUEUE_ITEM Item = CONTAINING_RECORD(RemoveHeadList(&ExpWorkQueue), WORK_QUEUE_ITEM, List);
    EXP_RUNNING Running = {.Routine = Item->WorkerRoutine};
    PVOID Parameter = Item->Parameter;

    Item->List.Flink = NULL;
    ExpWorkTaken++;
    InsertTailList(&ExpWorkRunning, &Running.Links);
    port_lock_release(&ExpWorkLock);

    ExpRunItem(Running.Routine, Parameter);

    port_lock_acquire(&ExpWorkLock);
    RemoveEntryList(&Running.Links);
    atomic_fetch_add(&ExpWorkDoneWord, 1);
    port_wake(&ExpWorkDoneWord, UINT32_MAX);
}

static void
ExpWorkerMain(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    const struct port_block_hooks Hooks = {.begin = ExpBlockBegin, .end = ExpBlockEnd, .ctx = NULL};

    KiCurrent()->SystemThread = TRUE;
    port_set_block_hooks(&Hooks);
    port_lock_acquire(&ExpWorkLock);
    for (;;) {
        while (!IsListEmpty(&ExpWorkQueue)) {
            ExpTakeAndRunLocked();
        }
        const uint32_t Word = atomic_load(&ExpWorkWord);
        ExpWorkersIdle++;
        port_lock_release(&ExpWorkLock);
        port_set_block_hooks(NULL);
        const BOOLEAN Woken = port_wait(&ExpWorkWord, Word, port_clock_monotonic() + EXP_WORKER_IDLE_NS);
        port_set_block_hooks(&Hooks);
        port_lock_acquire(&ExpWorkLock);
        ExpWorkersIdle--;
        if (!Woken && IsListEmpty(&ExpWorkQueue)) {
            break;
        }
    }
    ExpWorkers--;
    port_lock_release(&ExpWorkLock);
}

/* ---- interface ---- */

static VOID
ExpQueue(PWORK_QUEUE_ITEM Item)
{
    port_thread *Handle;

    port_lock_acquire(&ExpWorkLock);
    const BOOLEAN First = IsListEmpty(&ExpWorkQueue);
    InsertTailList(&ExpWorkQueue, &Item->List);
    atomic_fetch_add(&ExpWorkWord, 1);
    if (ExpWorkersIdle == 0 && (ExpWorkers < EXP_WORKERS_EAGER || ExpBusyLocked() < port_cpu_count())) {
        ExpStartWorkerLocked();
    }
    if (ExpWorkers == 0) {
        port_fatal("cannot start a worker thread");
    }
    if (!ExpBalancerStarted && port_thread_start(&Handle, ExpBalanceMain, NULL, "nt-balance") == 0) {
        port_thread_detach(Handle);
        ExpBalancerStarted = TRUE;
    }
    if (First) {
        atomic_fetch_add(&ExpBalanceWord, 1);
    }
    const BOOLEAN Wake = ExpWorkersIdle != 0;
    port_lock_release(&ExpWorkLock);
    if (Wake) {
        port_wake(&ExpWorkWord, 1);
    }
    if (First) {
        port_wake(&ExpBalanceWord, 1);
    }
}

/* Windows: wdm.h, ExQueueWorkItem.  Differences: all queue types are one queue. */
VOID
ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
    UNREFERENCED_PARAMETER(QueueType);

    if (WorkItem->List.Flink != NULL) {
        vf_report("N-12", NULL, "0x96", KiOwnerOfCall(__builtin_return_address(0)), WorkItem,
                  "work item %p is queued while it is queued already, or was not initialised", (void *)WorkItem);
        return;
    }
    ExpQueue(WorkItem);
}

static ULONG
ExpCountRange(PLIST_ENTRY Head, SIZE_T RoutineOffset, ULONG_PTR Base, ULONG_PTR End)
{
    ULONG Count = 0;
    for (PLIST_ENTRY Link = Head->Flink; Link != Head; Link = Link->Flink) {
        const ULONG_PTR Routine = *(const ULONG_PTR *)((const UCHAR *)Link + RoutineOffset);
        Count += Routine >= Base && Routine < End;
    }
    return Count;
}

ULONG
ExpWorkItemUse(ULONG_PTR Base, ULONG_PTR End)
{
    port_lock_acquire(&ExpWorkLock);
    ULONG Count = ExpCountRange(&ExpWorkQueue, FIELD_OFFSET(WORK_QUEUE_ITEM, WorkerRoutine), Base, End) +
                  ExpCountRange(&ExpWorkRunning, FIELD_OFFSET(EXP_RUNNING, Routine), Base, End);
    port_lock_release(&ExpWorkLock);
    return Count;
}

VOID
ExpDrainWorkItems(VOID)
{
    port_lock_acquire(&ExpWorkLock);
    while (!IsListEmpty(&ExpWorkQueue) || !IsListEmpty(&ExpWorkRunning)) {
        const uint32_t Word = atomic_load(&ExpWorkDoneWord);
        port_lock_release(&ExpWorkLock);
        port_wait(&ExpWorkDoneWord, Word, PORT_FOREVER);
        port_lock_acquire(&ExpWorkLock);
    }
    port_lock_release(&ExpWorkLock);
}

/* SPDX-License-Identifier: MIT */
/*
 * Deferred procedure calls: one queue, one thread, in order.  DpcData is not NULL while a DPC is queued.  The KDPC is
 * copied and unqueued before its routine runs, so the routine may requeue or free it.
 */
#include "ke/kip.h"
#include "ke/ntcall.h"

static port_lock KiDpcLock;                    /* VF_RANK_KE_DPC; protects the queue, DpcData and the counts */
static LIST_ENTRY KiDpcQueue = {&KiDpcQueue, &KiDpcQueue};
static ULONGLONG KiDpcQueued;                  /* ever queued */
static ULONGLONG KiDpcDone;                    /* ... and run or removed, in order */
static PKDPC KiDpcActive;                      /* its routine runs; only the address counts */
static BOOLEAN KiDpcThreadStarted;
static _Atomic(uint32_t) KiDpcWord;            /* changes when a DPC is queued */
static _Atomic(uint32_t) KiDpcDoneWord;        /* changes when one is done */

static __attribute__((noinline)) VOID
KiDpcCall(PKDPC Dpc, const KDPC *Copy)
{
    const struct port_module *Module = port_module_find((uintptr_t)Copy->DeferredRoutine);

    if (Module != NULL && port_module_retired(Module)) {
        vf_report("K-00", "F-19", "0xCE", Module->owner, Dpc, "a DPC of driver %s (unloaded) was to run at +0x%llx; it was not called",
            Module->name, (unsigned long long)((uintptr_t)Copy->DeferredRoutine - Module->base));
        return;
    }
    KI_DRIVER_CALL Call = {.Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Copy->DeferredRoutine), .Phase = "dpc",
                           .Routine = (const VOID *)Copy->DeferredRoutine};

    NT_CALL(&Call, Copy->DeferredRoutine(Dpc, Copy->DeferredContext, Copy->SystemArgument1, Copy->SystemArgument2));
}

static VOID
KiDpcRunOne(PKDPC Dpc)
{
    PKTHREAD Thread = KiCurrent();

    RemoveEntryList(&Dpc->DpcListEntry);
    Dpc->DpcData = NULL;
    KiDpcActive = Dpc;
    /* The routine and its context are read before the lock is dropped: from then on the KDPC may be requeued or freed. */
    KDPC Copy = *Dpc;
    port_lock_release(&KiDpcLock);

    Thread->Irql = DISPATCH_LEVEL;
    Thread->DpcActive = TRUE;
    KiDpcCall(Dpc, &Copy);
    Thread->DpcActive = FALSE;
    Thread->Irql = PASSIVE_LEVEL;

    port_lock_acquire(&KiDpcLock);
    KiDpcActive = NULL;
    KiDpcDone++;
    atomic_fetch_add(&KiDpcDoneWord, 1);
}

static void
KiDpcMain(void *Context)
{
    UNREFERENCED_PARAMETER(Context);

    KiCurrent()->SystemThread = TRUE;
    for (;;) {
        port_lock_acquire(&KiDpcLock);
        uint32_t Word = atomic_load(&KiDpcWord);
        while (!IsListEmpty(&KiDpcQueue)) {
            KiDpcRunOne(CONTAINING_RECORD(KiDpcQueue.Flink, KDPC, DpcListEntry));
        }
        port_lock_release(&KiDpcLock);
        port_wake(&KiDpcDoneWord, UINT32_MAX);
        port_wait(&KiDpcWord, Word, PORT_FOREVER);
    }
}

VOID
KiDpcUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use)
{
    port_lock_acquire(&KiDpcLock);
    for (PLIST_ENTRY Link = KiDpcQueue.Flink; Link != &KiDpcQueue; Link = Link->Flink) {
        ULONG_PTR Routine = (ULONG_PTR)CONTAINING_RECORD(Link, KDPC, DpcListEntry)->DeferredRoutine;
        if (Routine >= Base && Routine < End) {
            Use->Dpcs++;
        }
    }
    port_lock_release(&KiDpcLock);
}

/* Windows: wdm.h, KeInitializeDpc.  Differences: none. */
VOID
KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    Dpc->Type = 19;
    Dpc->Importance = MediumImportance;
    Dpc->Number = 0;
    Dpc->DpcListEntry.Flink = NULL;
    Dpc->DpcListEntry.Blink = NULL;
    Dpc->DeferredRoutine = DeferredRoutine;
    Dpc->DeferredContext = DeferredContext;
    Dpc->SystemArgument1 = NULL;
    Dpc->SystemArgument2 = NULL;
    Dpc->DpcData = NULL;
}

/* Windows: wdm.h, KeInitializeThreadedDpc.  Differences: runs at DISPATCH_LEVEL, as on a Windows that disabled threaded DPCs. */
VOID
KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    KeInitializeDpc(Dpc, DeferredRoutine, DeferredContext);
    Dpc->Type = 24;
}

/* Windows: wdm.h, KeInsertQueueDpc.  Differences: none. */
BOOLEAN
KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    port_thread *Handle;

    port_lock_acquire(&KiDpcLock);
    if (!KiDpcThreadStarted) {
        if (port_thread_start(&Handle, KiDpcMain, NULL, "nt-dpc") != 0) {
            port_fatal("cannot start the DPC thread");
        }
        port_thread_detach(Handle);
        KiDpcThreadStarted = TRUE;
    }
    const BOOLEAN Insert = Dpc->DpcData == NULL;
    if (Insert) {
        Dpc->DpcData = &KiDpcQueue;
        Dpc->SystemArgument1 = SystemArgument1;
        Dpc->SystemArgument2 = SystemArgument2;
        if (Dpc->Importance == HighImportance) {
            InsertHeadList(&KiDpcQueue, &Dpc->DpcListEntry);
        } else {
            InsertTailList(&KiDpcQueue, &Dpc->DpcListEntry);
        }
        KiDpcQueued++;
        atomic_fetch_add(&KiDpcWord, 1);
    }
    port_lock_release(&KiDpcLock);
    if (Insert) {
        port_wake(&KiDpcWord, 1);
    }
    return Insert;
}

/* Waits, with the lock held, until Done says so. */
static VOID
KiDpcWaitLocked(BOOLEAN (*Done)(PVOID Context), PVOID Context)
{
    if (KiCurrent()->DpcActive) {
        return;                                /* inside a DPC: it cannot wait for itself */
    }
    while (!Done(Context)) {
        uint32_t Word = atomic_load(&KiDpcDoneWord);
        port_lock_release(&KiDpcLock);
        port_wait(&KiDpcDoneWord, Word, port_clock_monotonic() + 10000000);
        port_lock_acquire(&KiDpcLock);
    }
}

static BOOLEAN
KiDpcIsNotActive(PVOID Dpc)
{
    return KiDpcActive != Dpc;
}

static BOOLEAN
KiDpcIsDone(PVOID Target)
{
    return KiDpcDone >= *(ULONGLONG *)Target;
}

/* Windows: wdm.h, KeRemoveQueueDpcEx.  Differences: none. */
BOOLEAN
KeRemoveQueueDpcEx(PRKDPC Dpc, BOOLEAN WaitIfActive)
{
    port_lock_acquire(&KiDpcLock);
    const BOOLEAN Removed = Dpc->DpcData != NULL;
    if (Removed) {
        RemoveEntryList(&Dpc->DpcListEntry);
        Dpc->DpcData = NULL;
        KiDpcDone++;
    }
    if (WaitIfActive) {
        KiDpcWaitLocked(KiDpcIsNotActive, Dpc);
    }
    port_lock_release(&KiDpcLock);
    return Removed;
}

/* Windows: wdm.h, KeRemoveQueueDpc.  Differences: none. */
BOOLEAN
KeRemoveQueueDpc(PRKDPC Dpc)
{
    return KeRemoveQueueDpcEx(Dpc, FALSE);
}

/* Windows: wdm.h, KeFlushQueuedDpcs.  Differences: none. */
VOID
KeFlushQueuedDpcs(VOID)
{
    port_lock_acquire(&KiDpcLock);
    ULONGLONG Target = KiDpcQueued;
    KiDpcWaitLocked(KiDpcIsDone, &Target);
    port_lock_release(&KiDpcLock);
}

/* Windows: wdm.h, KeSetImportanceDpc.  Differences: none. */
VOID
KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    Dpc->Importance = (UCHAR)Importance;
}

/* Windows: wdm.h, KeSetTargetProcessorDpc.  Differences: the number is kept; all DPCs run on one thread. */
VOID
KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    Dpc->Number = (USHORT)(Number + 1);
}

/* Windows: wdm.h, KeSetTargetProcessorDpcEx.  Differences: as KeSetTargetProcessorDpc. */
NTSTATUS
KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcNumber->Group != 0 || ProcNumber->Number >= port_cpu_count()) {
        return STATUS_INVALID_PARAMETER;
    }
    Dpc->Number = (USHORT)(ProcNumber->Number + 1);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, KeIsExecutingDpc.  Differences: none. */
BOOLEAN
KeIsExecutingDpc(VOID)
{
    return KiCurrent()->DpcActive;
}

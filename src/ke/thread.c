/* SPDX-License-Identifier: MIT */
/*
 * Thread blocks and system threads.
 *
 *   KiThreadCreate / KiThreadAttach -> (Created hook) -> runs -> KiThreadExit -> (Exited hook) -> KiThreadFree
 *
 * KiThreadExit runs as the thread's last exit callback: cache destructors, abandoned mutexes, then the thread object is signaled.
 */
#include <string.h>

#include "ke/kip.h"
#include "ke/ntcall.h"
#include "vf/ranks.h"

__thread PKTHREAD KiThread __attribute__((tls_model("initial-exec")));

static port_lock KiThreadListLock;             /* protects the list and the hooks; VF_RANK_KE_THREADS */
static LIST_ENTRY KiThreadList = {&KiThreadList, &KiThreadList};
static KI_THREAD_HOOKS KiThreadHooks;
static VOID (*KiCacheDestructors[KI_CACHE_COUNT])(PVOID Value);

_Static_assert(KI_THREAD_PREFIX % 16 == 0, "the block stays 16-aligned");

PKTHREAD
KiThreadCreate(VOID)
{
    UCHAR *Memory = port_alloc_zeroed(KI_THREAD_PREFIX + sizeof(struct _ETHREAD));
    if (Memory == NULL) {
        return NULL;
    }
    PKTHREAD Thread = (PKTHREAD)(Memory + KI_THREAD_PREFIX);
    KiInitializeHeader(&Thread->Header, KiThreadObject, 0, 0);
    InitializeListHead(&Thread->MutantListHead);
    Thread->PreviousMode = KernelMode;
    Thread->Priority = 8;
    Thread->ExitStatus = STATUS_PENDING;
    port_lock_acquire(&KiThreadListLock);
    InsertTailList(&KiThreadList, &Thread->ThreadListEntry);
    VOID (*Created)(PKTHREAD) = KiThreadHooks.Created;
    port_lock_release(&KiThreadListLock);
    if (Created != NULL) {
        Created(Thread);
    }
    return Thread;
}

VOID
KiThreadFree(PKTHREAD Thread)
{
    port_free((UCHAR *)Thread - KI_THREAD_PREFIX);
}

static VOID
KiThreadUnlink(PKTHREAD Thread)
{
    port_lock_acquire(&KiThreadListLock);
    RemoveEntryList(&Thread->ThreadListEntry);
    port_lock_release(&KiThreadListLock);
}

static VOID
KiThreadDispose(PKTHREAD Thread)
{
    port_lock_acquire(&KiThreadListLock);
    VOID (*Exited)(PKTHREAD) = KiThreadHooks.Exited;
    port_lock_release(&KiThreadListLock);
    if (Exited != NULL) {
        Exited(Thread);
    } else {
        KiThreadFree(Thread);
    }
}

static void
KiThreadExit(void *Context)
{
    PKTHREAD Thread = Context;

    for (ULONG i = KI_CACHE_COUNT; i-- > 0;) {
        PVOID Value = Thread->Cache[i];
        Thread->Cache[i] = NULL;
        if (Value != NULL && KiCacheDestructors[i] != NULL) {
            KiCacheDestructors[i](Value);
        }
    }
    KiAbandonMutants(Thread);
    if (Thread->ExitStatus == STATUS_PENDING) {
        Thread->ExitStatus = STATUS_SUCCESS;
    }
    KiThreadUnlink(Thread);                    /* whoever waited for it may unload its code */
    KiSignalObject(&Thread->Header);
    KiThreadDispose(Thread);
    KiThread = NULL;
}

static VOID
KiThreadEnter(PKTHREAD Thread)
{
    Thread->UniqueThread = port_thread_id();
    KiThread = Thread;
    port_thread_at_exit(KiThreadExit, Thread);
}

PKTHREAD
KiThreadAttach(VOID)
{
    port_thread_attach();
    PKTHREAD Thread = KiThreadCreate();
    if (Thread == NULL) {
        port_fatal("no memory for a thread block");
    }
    KiThreadEnter(Thread);
    return Thread;
}

VOID
KiSetThreadHooks(const KI_THREAD_HOOKS *Hooks)
{
    port_lock_acquire(&KiThreadListLock);
    KiThreadHooks = *Hooks;
    for (PLIST_ENTRY Link = KiThreadList.Flink; Link != &KiThreadList; Link = Link->Flink) {
        if (Hooks->Created != NULL) {
            Hooks->Created(CONTAINING_RECORD(Link, struct _KTHREAD, ThreadListEntry));
        }
    }
    port_lock_release(&KiThreadListLock);
}

VOID
KiThreadEnumerate(BOOLEAN (*Callback)(PKTHREAD Thread, PVOID Context), PVOID Context)
{
    port_lock_acquire(&KiThreadListLock);
    for (PLIST_ENTRY Link = KiThreadList.Flink; Link != &KiThreadList; Link = Link->Flink) {
        if (!Callback(CONTAINING_RECORD(Link, struct _KTHREAD, ThreadListEntry), Context)) {
            break;
        }
    }
    port_lock_release(&KiThreadListLock);
}

VOID
KiSetCacheDestructor(enum KI_CACHE_SLOT Slot, VOID (*Destructor)(PVOID Value))
{
    KiCacheDestructors[Slot] = Destructor;
}

/* ---- system threads ---- */

static void
KiThreadMain(void *Context)
{
    PKTHREAD Thread = Context;
    KI_DRIVER_CALL Call = {
        .Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Thread->StartRoutine), .Phase = "system thread"};

    KiThreadEnter(Thread);
    NT_CALL(&Call, Thread->StartRoutine(Thread->StartContext));
    if (Call.Faulted) {
        Thread->ExitStatus = STATUS_UNHANDLED_EXCEPTION;
    }
}

NTSTATUS
KiThreadStart(PKTHREAD Thread, PKSTART_ROUTINE Routine, PVOID Context)
{
    port_thread *Handle;

    Thread->SystemThread = TRUE;
    Thread->StartRoutine = Routine;
    Thread->StartContext = Context;
    if (port_thread_start(&Handle, KiThreadMain, Thread, "nt-thread") != 0) {
        Thread->ExitStatus = STATUS_INSUFFICIENT_RESOURCES;
        KiThreadUnlink(Thread);
        KiThreadDispose(Thread);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    port_thread_detach(Handle);
    return STATUS_SUCCESS;
}

NTSTATUS
KiStartThread(PKTHREAD *Out, PKSTART_ROUTINE Routine, PVOID Context)
{
    PKTHREAD Thread = KiThreadCreate();
    if (Thread == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = KiThreadStart(Thread, Routine, Context);
    if (NT_SUCCESS(Status) && Out != NULL) {
        *Out = Thread;
    }
    return Status;
}

NTSTATUS
KiThreadTerminate(NTSTATUS ExitStatus)
{
    PKTHREAD Thread = KiCurrent();

    if (Thread->StartRoutine == NULL || Thread->Call == NULL) {   /* not made by KiThreadStart: a worker, a foreign thread */
        return STATUS_INVALID_PARAMETER;
    }
    Thread->ExitStatus = ExitStatus;
    Thread->Terminating = TRUE;
    struct port_fault_info Info;
    memset(&Info, 0, sizeof(Info));
    Info.code = KI_FAULT_THREAD_EXIT;
    port_fault_raise(&Info);
}

/* ---- queries ---- */

/* Windows: wdm.h, KeGetCurrentThread.  Differences: none. */
PKTHREAD
KeGetCurrentThread(VOID)
{
    return KiCurrent();
}

/* Windows: wdm.h, KeQueryPriorityThread.  Differences: none. */
KPRIORITY
KeQueryPriorityThread(PKTHREAD Thread)
{
    return __atomic_load_n(&Thread->Priority, __ATOMIC_RELAXED);
}

/* Windows: wdm.h, KeSetPriorityThread.  Differences: the value is kept; Linux schedules as it likes. */
KPRIORITY
KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    return __atomic_exchange_n(&Thread->Priority, (UCHAR)Priority, __ATOMIC_RELAXED);
}

/* Windows: ntddk.h, KeSetBasePriorityThread.  Differences: as KeSetPriorityThread. */
LONG
KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    return (LONG)__atomic_exchange_n(&Thread->Priority, (UCHAR)(8 + Increment), __ATOMIC_RELAXED) - 8;
}

/* ---- floating point: user-mode threads have their own registers, nothing has to be saved ---- */

/* Windows: wdm.h, KeSaveFloatingPointState.  Differences: none. */
NTSTATUS
KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    FloatSave->Dummy = 0;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, KeRestoreFloatingPointState.  Differences: none. */
NTSTATUS
KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    UNREFERENCED_PARAMETER(FloatSave);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, KeSaveExtendedProcessorState.  Differences: none. */
NTSTATUS
KeSaveExtendedProcessorState(ULONG64 Mask, PXSTATE_SAVE XStateSave)
{
    memset(XStateSave, 0, sizeof(*XStateSave));
    XStateSave->XStateContext.Mask = Mask;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, KeRestoreExtendedProcessorState.  Differences: none. */
VOID
KeRestoreExtendedProcessorState(PXSTATE_SAVE XStateSave)
{
    UNREFERENCED_PARAMETER(XStateSave);
}

/* Windows: wdm.h, KeExpandKernelStackAndCallout.  Differences: user stacks are large enough, the callout runs on the current one. */
NTSTATUS
KeExpandKernelStackAndCallout(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size)
{
    if (Size > MAXIMUM_EXPANSION_SIZE) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Callout(Parameter);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, KeExpandKernelStackAndCalloutEx.  Differences: as KeExpandKernelStackAndCallout. */
NTSTATUS
KeExpandKernelStackAndCalloutEx(
    PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size, BOOLEAN Wait, PVOID Context)
{
    UNREFERENCED_PARAMETER(Wait);
    if (Context != NULL) {
        return STATUS_INVALID_PARAMETER_5;
    }
    return KeExpandKernelStackAndCallout(Callout, Parameter, Size);
}

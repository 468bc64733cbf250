/* SPDX-License-Identifier: MIT */
/*
 * ke, inward header for the layers above: the thread block and what hangs on it (NT side).
 *
 * A KTHREAD exists for every thread that entered the NT side: made by KiThreadCreate for system threads, lazily on first use for
 * all others, freed when the thread has ended and nobody references it.  KI_THREAD_PREFIX bytes in front of it belong to the
 * object manager's header; ps fills them in through KiSetThreadHooks.  ETHREAD and KTHREAD are the same address.
 *
 * Unless noted, fields belong to the thread itself and need no lock.
 */
#ifndef FB_KE_KI_H
#define FB_KE_KI_H

#include <ntdef.h>
#include <ntstatus.h>
#include <ntos/ke.h>

#include <stdatomic.h>
#include <stdbool.h>

#include "port/port.h"
#include "vf/vf.h"

struct KI_DRIVER_CALL;

/* Slots of KTHREAD.Cache: per-thread free lists and such; the destructor runs when the thread ends. */
enum KI_CACHE_SLOT {
    KI_CACHE_EX,
    KI_CACHE_OB,
    KI_CACHE_PS,
    KI_CACHE_IO,
    KI_CACHE_FSRTL,
    KI_CACHE_FLTMGR,
    KI_CACHE_FS,
    KI_CACHE_VIEW,
    KI_CACHE_COUNT
};

/* Locks of drivers that the thread holds, so that a fault in driver code can give them back. */
enum KI_HELD_KIND {
    KiHeldSpinLock,
    KiHeldMutant,
    KiHeldFastMutex,
    KiHeldGuardedMutex,
    KiHeldResource,
    KiHeldPushLock,
    KiHeldSharedSpinLock,
    KiHeldKindCount
};
typedef struct KI_HELD {
    PVOID Lock;
    ULONG_PTR Kind;
} KI_HELD;
#define KI_HELD_MAX 32

#define KI_THREAD_PREFIX 128

struct _KTHREAD {
    DISPATCHER_HEADER Header;                  /* Header's lock: signaled when the thread has ended */
    KIRQL Irql;
    KPROCESSOR_MODE PreviousMode;
    BOOLEAN SystemThread;                      /* runs for the system: KiThreadStart's, workers */
    BOOLEAN Terminating;
    BOOLEAN DpcActive;                         /* runs a DPC */
    UCHAR Priority;
    ULONG KernelApcDisable;                    /* depth of critical regions, counted up */
    ULONG SpecialApcDisable;                   /* depth of guarded regions */
    struct KI_DRIVER_CALL *Call;               /* innermost driver call */
    PVOID TopLevelIrp;                         /* io */
    PEPROCESS Process;                         /* ps: on whose behalf; NULL = System */
    PEPROCESS AttachedProcess;                 /* KeStackAttachProcess */
    ULONG ClientThreadId;                      /* ps: the requestor's; 0 = this thread's own */
    ULONG Uid, Gid;                            /* ps */
    ULONG UniqueThread;                        /* Linux thread id */
    PVOID Cache[KI_CACHE_COUNT];
    PVOID PsData[4];                           /* ps */
    LIST_ENTRY MutantListHead;
    ULONG HeldCount;
    KI_HELD Held[KI_HELD_MAX];                 /* oldest first; beyond the capacity the oldest are forgotten */
    /* K-28: who waits inside a stream's teardown for somebody who asks the file system */
    _Atomic(ULONGLONG) TeardownSince;          /* callbacks of a teardown run on this thread since then; 0: none do */
    ULONGLONG LastRequest;                     /* the thread's own: when its driver sent the last request */
    BOOLEAN WokenByRequest;                    /* under the lock of the object that it waits for */
    NTSTATUS ExitStatus;                       /* set before Header is signaled */
    PKSTART_ROUTINE StartRoutine;              /* system threads */
    PVOID StartContext;
    LIST_ENTRY ThreadListEntry;                /* thread list lock */
};

struct _ETHREAD {
    struct _KTHREAD Tcb;
};

extern __thread PKTHREAD KiThread __attribute__((tls_model("initial-exec"), visibility("hidden")));
PKTHREAD KiThreadAttach(VOID);                 /* makes the block of a foreign thread */

static inline PKTHREAD
KiCurrent(VOID)
{
    PKTHREAD Thread = KiThread;
    return __builtin_expect(Thread != NULL, 1) ? Thread : KiThreadAttach();
}

/* ---- initialisation ---- */
VOID KeInitialize(VOID);                       /* once per process, before anything else of the NT side */
/* try_resume and fatal of port_fault_install, at any time.  Without them: the run-time library's SEH, and none. */
VOID KiSetFaultResume(VOID (*Resume)(const struct port_fault_info *Info));
/* Asked first how a fault is to be reported; TRUE: it was.  Call: struct KI_DRIVER_CALL. */
VOID KiSetFaultExplain(BOOLEAN (*Explain)(const VOID *Call));
VOID KiSetFaultFatal(VOID (*Fatal)(const struct port_fault_info *Info));

/* ---- threads ---- */
typedef struct KI_THREAD_HOOKS {
    /* A block was made: initialise the header in the KI_THREAD_PREFIX bytes before it, with one reference (ke's own). */
    VOID (*Created)(PKTHREAD Thread);
    /* The thread has ended: drop that reference; the last one calls KiThreadFree. */
    VOID (*Exited)(PKTHREAD Thread);
} KI_THREAD_HOOKS;
VOID KiSetThreadHooks(const KI_THREAD_HOOKS *Hooks);              /* Created is called for the threads that exist already */
VOID KiThreadFree(PKTHREAD Thread);

PKTHREAD KiThreadCreate(VOID);                 /* not running yet; NULL: no memory */
/* Runs Routine(Context) as driver code of the module it lies in.  On failure the block is given back. */
NTSTATUS KiThreadStart(PKTHREAD Thread, PKSTART_ROUTINE Routine, PVOID Context);
/* Both; *Thread (may be NULL) is valid only while the caller knows that the thread runs, or through its own reference. */
NTSTATUS KiStartThread(PKTHREAD *Thread, PKSTART_ROUTINE Routine, PVOID Context);
/* Ends the calling system thread from inside its routine.  STATUS_INVALID_PARAMETER if it is no system thread. */
NTSTATUS KiThreadTerminate(NTSTATUS ExitStatus);
/* Calls back under the thread list's lock until FALSE. */
VOID KiThreadEnumerate(BOOLEAN (*Callback)(PKTHREAD Thread, PVOID Context), PVOID Context);

VOID KiSetCacheDestructor(enum KI_CACHE_SLOT Slot, VOID (*Destructor)(PVOID Value));

static inline KPROCESSOR_MODE
KiPreviousModeSwap(KPROCESSOR_MODE Mode)
{
    PKTHREAD Thread = KiCurrent();
    KPROCESSOR_MODE Old = Thread->PreviousMode;
    Thread->PreviousMode = Mode;
    return Old;
}

static inline PVOID
KiTopLevelIrpSwap(PVOID Irp)
{
    PKTHREAD Thread = KiCurrent();
    PVOID Old = Thread->TopLevelIrp;
    Thread->TopLevelIrp = Irp;
    return Old;
}

/* ---- owners ---- */
/* Whose code lies at Address; NULL: not a driver's. */
vf_owner *KiOwnerOfAddress(const VOID *Address);
/* Whose callback runs on this thread; NULL: none. */
vf_owner *KiCurrentOwner(VOID);
/* The owner to charge for a call from ReturnAddress: the module it lies in, else, unless it is the runtime, the running driver. */
vf_owner *KiOwnerOfCall(const VOID *ReturnAddress);
/* What of a module is still to run: queued timers and DPCs whose routine lies in [Base, End), threads started there. */
typedef struct KI_MODULE_USE {
    ULONG Timers, Dpcs, Threads;
} KI_MODULE_USE;
VOID KiModuleUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use);

/* ---- held locks ---- */
VOID KiSetHeldRelease(enum KI_HELD_KIND Kind, VOID (*Release)(PVOID Lock));

/* Told of every lock that a thread takes; NULL: nobody listens. */
extern VOID (*KiHeldHook)(PVOID Lock) __attribute__((visibility("hidden")));
VOID KiSetHeldHook(VOID (*Hook)(PVOID Lock));

/* Called by a thread that waited inside a teardown (TeardownSince) for one whose driver sent a request meanwhile (LastRequest). */
VOID KiSetWokenHook(VOID (*Hook)(VOID));

static inline VOID
KiHeldPush(PKTHREAD Thread, PVOID Lock, enum KI_HELD_KIND Kind)
{
    if (__builtin_expect(KiHeldHook != NULL, 0)) {
        KiHeldHook(Lock);
    }
    ULONG Count = Thread->HeldCount;
    if (__builtin_expect(Count == KI_HELD_MAX, 0)) {
        for (ULONG i = 1; i < KI_HELD_MAX; i++) {
            Thread->Held[i - 1] = Thread->Held[i];
        }
        Count--;
    }
    Thread->Held[Count].Lock = Lock;
    Thread->Held[Count].Kind = Kind;
    Thread->HeldCount = Count + 1;
}

/* FALSE: the thread is not known to hold it. */
static inline BOOLEAN
KiHeldPop(PKTHREAD Thread, PVOID Lock)
{
    for (ULONG i = Thread->HeldCount; i-- > 0;) {
        if (Thread->Held[i].Lock == Lock) {
            for (Thread->HeldCount--; i < Thread->HeldCount; i++) {
                Thread->Held[i] = Thread->Held[i + 1];
            }
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- IRQL ---- */
VOID KiIrqlViolation(const char *Routine, KIRQL Maximum, const VOID *Caller);
/* First line of a routine that must not be called above an IRQL; free while the verifier is off. */
#define VF_MAX_IRQL(Level) \
    do { \
        if (vf_on() && KiCurrent()->Irql > (Level)) { \
            KiIrqlViolation(__func__, (Level), __builtin_return_address(0)); \
        } \
    } while (0)

/* ---- waiting ---- */
/* NT timeout (NULL: for ever; negative: relative; else absolute system time) as a deadline of port_wait. */
uint64_t KiDeadline(const LARGE_INTEGER *Timeout);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * fltmgr, inward header: the Filter Manager's objects and how they hang together.
 *
 *      FLTP_GLOBALS ── Filters ──> FLT_FILTER ── Instances ──┐
 *           │                        │ Definitions[7]        │
 *           │                        └ Counters (per thread) │
 *           └───── Volumes ──> FLT_VOLUME ── Instances ──> FLT_INSTANCE ── Links ──> nodes of all its contexts      (one per frame: frame.c)
 *                                 │ Contexts (key: filter)     └ Contexts (its own one)
 *                                 │ Snapshot ──> FLTP_SNAPSHOT ── Majors[] ──> dense FLTP_CALLBACK[] per operation
 *                                 └ InFlight ──> suspended FLTP_OPERATIONs
 *
 *      KTRANSACTION.FilterBlock ──> FLTP_TRANSACTION (target: transaction contexts)
 *      IOP_FILE.FilterBlock ──> FLTP_FILE ── Handles (target: stream handle contexts)
 *                                  ├──> FLTP_STREAM (target: stream, section and emulated file contexts), in FilterContexts of FsContext
 *                                  └──> FLTP_STREAM (target: file contexts), in the file's per-file list
 *
 *      FLTP_TARGET ── Head ──> FLTP_CONTEXT_NODE ── Next ──> …      (what a context is set on; searched under RCU)
 *                                  │ Word (count, linked, dead)
 *                                  └──> [FLTP_CONTEXT_HEADER | the driver's block]
 *
 *      FLTP_THREAD   one per thread: rundown slots, spare operation blocks, counters
 *
 * An operation
 *
 *      FltpDispatch ──> FltpPreWalk ──> lower device ──> completion ──> FltpPostWalk ──> IoCompleteRequest
 *                          │ PENDING        │ STATUS_PENDING  ^            │ MORE_PROCESSING_REQUIRED
 *                          └──> suspended <─┴─────────────────┴────────────┘
 *
 * One thread at a time *runs* an operation; between two runs it is *suspended*.  The word Handoff decides who goes on: the
 * thread that suspends exchanges in Suspended, the one that resumes exchanges in Resumed, and whoever comes second runs
 * it.  A lower driver that completes in the running thread only stores Resumed; post-operation callbacks then run when
 * IofCallDriver has returned.
 *
 * Synchronization
 *
 *  1. The volume's snapshot is fetched inside an RCU section that also stores it in a rundown slot of the thread
 *     (FLTP_THREAD.Slots).  No RCU section spans driver code.  An operation holds the slot until it ends or is suspended for the first
 *     time; from then on it is listed (Volume->InFlight) and holds a counted reference.  Nothing on the path of an operation that is
 *     never suspended writes memory that another thread writes.
 *  2. Detach sets Instance->Skip and FLTP_CALLBACK_SKIP in every snapshot, publishes one without the instance, waits for an RCU
 *     grace period, then until no slot of another thread holds a retired snapshot (FltpVolumeQuiesce); then, under FlightLock, takes the post-operation calls that listed,
 *     suspended operations still owe the instance and waits until no listed operation on a retired snapshot runs (FltpOperationDrain).
 *     Whoever runs later sees the callbacks' State.  Snapshots keep the memory of their instances.
 *  3. Globals.Lock guards the lists of filters and volumes and the instance list of each filter; Volume->Lock the volume's instance list
 *     and the publishing of snapshots; Volume->FlightLock the list of suspended operations and the nodes of listed operations;
 *     Target->Lock writing a target's list; LinkOwner->Lock the list of nodes of an instance or filter.
 *     Node->Lock a node's Target pointer.
 *     Order: Globals.Lock > Volume->Lock > FlightLock; Target->Lock > Node->Lock, LinkOwner->Lock.
 *     None is held across driver code, completion, a wait or a grace period.
 *  4. A context's count, its linked bit and its dead bit are one word (FLTP_NODE_*), so that a get needs one addition:
 *     it succeeded if the old value had the linked bit.  The one who takes the word to zero sets the dead bit by compare-exchange and
 *     finalises.  Nodes are freed through RCU; a node that is linked a second time first waits for a grace period.
 *  5. FLTP_COUNT (references, outstanding work) closes once; the closer waits for zero (FltpCountCloseAndWait).
 */
#ifndef FB_FLTMGR_FLTP_H
#define FB_FLTMGR_FLTP_H

#include <fltKernel.h>
#include <stdatomic.h>

#include "fltmgr/fltmgr.h"
#include "io/iop.h"
#include "ke/ki.h"
#include "ke/ntcall.h"
#include "port/port.h"
#include "vf/ranks.h"
#include "vf/vf.h"

/* ---- locks (sync. rule 3) ---- */
static inline VOID
FltpLockAcquire(port_lock *Lock, enum VF_RANK Rank)
{
    port_lock_acquire(Lock);
    vf_lock_acquired_if_on(Lock, Rank);
}
static inline VOID
FltpLockRelease(port_lock *Lock)
{
    vf_lock_released_if_on(Lock);
    port_lock_release(Lock);
}
#define FLTP_RANK_GLOBALS VF_RANK_FLTMGR_FILTERS
#define FLTP_RANK_VOLUME VF_RANK_FLTMGR_VOLUME
#define FLTP_RANK_FLIGHT VF_RANK_FLTMGR_QUEUE
#define FLTP_RANK_TARGET VF_RANK_FLTMGR_STREAM
#define FLTP_RANK_OWNER VF_RANK_FLTMGR_CONTEXT    /* nodes and link owners; never both */
#define FLTP_RANK_LEAF VF_RANK_LEAF

/* ---- counts that close ---- */
#define FLTP_COUNT_CLOSED 0x80000000u
typedef struct FLTP_COUNT { _Atomic(uint32_t) Word; } FLTP_COUNT;

/* FALSE once closed. */
BOOLEAN FltpCountTryAcquire(FLTP_COUNT *Count);
/* One more by somebody who already holds one: also when closed. */
VOID FltpCountAcquire(FLTP_COUNT *Count);
VOID FltpCountRelease(FLTP_COUNT *Count);
VOID FltpCountClose(FLTP_COUNT *Count);
/* Waits for zero; asks the wait hook every second in Filter's name (NULL: never asks).  FALSE: given up. */
BOOLEAN FltpCountWait(FLTP_COUNT *Count, PFLT_FILTER Filter);
static inline ULONG FltpCountValue(FLTP_COUNT *Count) { return atomic_load_explicit(&Count->Word, memory_order_acquire) & ~FLTP_COUNT_CLOSED; }

/* ---- base of filter, instance, volume ---- */
typedef enum FLTP_TYPE { FltpTypeFilter = 0x46746C46, FltpTypeInstance = 0x49746C46, FltpTypeVolume = 0x56746C46, FltpTypeGone = 0x47746C46 } FLTP_TYPE;
typedef struct FLTP_OBJECT {
    _Atomic(ULONG) Type;                       /* FLTP_TYPE */
    FLTP_COUNT References;                     /* FltObjectReference; closed when teardown waits for them */
    vf_object *Ledger;
} FLTP_OBJECT;
NTSTATUS FltpObjectReference(PVOID FltObject, const char *Routine);    /* Fails: STATUS_FLT_DELETING_OBJECT */

#include "fltmgr/ctxnode.h"

/* ---- major functions as dense indices ---- */
#define FLTP_MAJORS 48
static inline ULONG
FltpMajorIndex(UCHAR Major)                    /* IRP_MJ_CREATE … IRP_MJ_PNP: 0-27; pseudo majors -1 … -20: 28-47; else FLTP_MAJORS */
{
    return Major <= IRP_MJ_MAXIMUM_FUNCTION ? Major : Major >= IRP_MJ_VOLUME_DISMOUNT ? 27u + (256u - Major) : FLTP_MAJORS;
}
UCHAR FltpMajorOfIndex(ULONG Index);
const char *FltpMajorName(UCHAR Major);        /* "IRP_MJ_CREATE"; never NULL */
/* Of what a callback of an operation returned: the callback is the place. */
#define FLTP_RETURNED(Operation, Routine) \
    &(const struct vf_evidence){ .object = &(Operation)->Data, .routine = true, .stack = vf_stack_routine((const VOID *)(Routine)) }

/* ---- filters ---- */
typedef struct FLTP_COUNTERS {                 /* one thread's counts for one filter; written by that thread only */
    struct FLTP_COUNTERS *Next;
    struct { _Atomic(ULONGLONG) Pre, Post; } Majors[FLTP_MAJORS];
} FLTP_COUNTERS;

typedef struct FLTP_OPERATION_CALLBACKS {
    PFLT_PRE_OPERATION_CALLBACK Pre;
    PFLT_POST_OPERATION_CALLBACK Post;
    ULONG Flags;
    BOOLEAN Registered;
} FLTP_OPERATION_CALLBACKS;

#define FLTP_INSTANCE_NO_AUTOMATIC 0x1         /* Flags value of an instance's registry key */
#define FLTP_INSTANCE_NO_MANUAL 0x2
typedef struct FLTP_INSTANCE_DEFINITION {      /* a subkey of Instances */
    UNICODE_STRING Name, Altitude;             /* own allocations */
    ULONG Flags;
} FLTP_INSTANCE_DEFINITION;

typedef struct _FLT_FILTER {
    FLTP_OBJECT Object;
    /* Globals.Lock */
    LIST_ENTRY Links;
    LIST_ENTRY Instances;                      /* FLT_INSTANCE.FilterLinks */
    /* constant after register */
    ULONG Id;                                  /* never used twice */
    ULONG Frame;                               /* all its instances are in the volumes of this frame (frame.c) */
    UNICODE_STRING Name;
    PDRIVER_OBJECT Driver;
    vf_owner *Owner;
    FLT_REGISTRATION Registration;             /* members beyond the declared version are zero; arrays are not kept */
    FLTP_OPERATION_CALLBACKS Operations[FLTP_MAJORS];
    FLTP_DEFINITIONS Definitions[FLTP_CONTEXT_TYPES];
    FLTP_INSTANCE_DEFINITION *InstanceDefinitions;   /* [0] is the default instance */
    ULONG InstanceDefinitionCount;
    /* interlocked */
    _Atomic(LONG) Started, Dead;
    _Atomic(LONG) Unregistering;               /* entry of FltUnregisterFilter */
    _Atomic(LONG) Mandatory;                   /* a mandatory unload runs: teardown reason */
    _Atomic(LONG) Unloading;                   /* FilterUnload runs, under the claim of its driver */
    _Atomic(ULONG) Attached;                   /* instances that ever were */
    _Atomic(LONG) SetupStatus, AttachStatus;   /* the last failures: of its InstanceSetup, of anything else */
    ULONGLONG StartSequence;
    FLTP_COUNT Outstanding;                    /* live contexts, instances, work items, attaches under way */
    FLTP_LINK_OWNER VolumeLinks;               /* its volume contexts */
    port_lock CountersLock;
    FLTP_COUNTERS *Counters;                   /* CountersLock */
    /* the other parts' own (ports, …) */
    _Atomic(void *) Ports;
} FLT_FILTER;

/* ---- instances ---- */
typedef enum FLTP_INSTANCE_STATE { FltpStateSetup, FltpStateAttached, FltpStateTeardown, FltpStateGone } FLTP_INSTANCE_STATE;

typedef struct _FLT_INSTANCE {
    FLTP_OBJECT Object;
    _Atomic(UCHAR) Skip;                       /* being detached, or its filter is dead: left out of snapshots, see FltpVolumeSkipLocked */
    /* constant after create */
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    UNICODE_STRING Name, Altitude;             /* own allocations */
    /* Globals.Lock; Volume->Lock */
    LIST_ENTRY FilterLinks, VolumeLinks;
    _Atomic(LONG) State;                       /* FLTP_INSTANCE_STATE; leaves Attached by compare-exchange */
    _Atomic(LONG) Deleting;                    /* from the return of InstanceTeardownStart: G-12 */
    FLTP_COUNT Outstanding;                    /* operations it holds pended, I/O it issued */
    FLTP_TARGET Contexts;
    FLTP_LINK_OWNER Links;
    _Atomic(LONG) Scans;                       /* FltRegisterForDataScan was called */
    struct { port_lock Lock; LIST_ENTRY List; } Enlistments;   /* FLTP_ENLISTMENT.Links (transaction.c) */
    _Atomic(ULONG) Memory;                     /* 1 + snapshots that list it, and so on */
} FLT_INSTANCE;

/* ---- volumes ---- */
#define FLTP_CALLBACK_SKIP 1                   /* not called before operations any more: its instance is being detached */
#define FLTP_CALLBACK_DEAD 2                   /* nor after them: its filter is dead */
#define FLTP_CALLBACK_NO_PRE 4                 /* constant: has a post-operation callback only */
typedef struct FLTP_CALLBACK {                 /* all that a walk reads: one cache line */
    PFLT_INSTANCE Instance;
    PFLT_FILTER Filter;
    PFLT_PRE_OPERATION_CALLBACK Pre;
    PFLT_POST_OPERATION_CALLBACK Post;
    vf_owner *Owner;
    union {
        struct {
            ULONG Flags;                       /* FLTFL_OPERATION_REGISTRATION_* */
            _Atomic(ULONG) State;              /* FLTP_CALLBACK_* */
        };
        _Atomic(ULONGLONG) FlagsAndState;      /* both at one look; see FLTP_SKIP_STATE */
    };
    ULONG FilterId;
    ULONG Rank;                                /* of Instance in FLTP_SNAPSHOT.Instances */
    ULONGLONG Reserved;
} FLTP_CALLBACK;
/* In FLTP_OPERATION.SkipMask: any State. */
#define FLTP_SKIP_STATE 0xFFFFFFFF00000000ull
static inline ULONG FltpCallbackState(const FLTP_CALLBACK *Callback) { return atomic_load_explicit(&Callback->State, memory_order_acquire); }

_Static_assert(sizeof(FLTP_CALLBACK) == 64, "one cache line");

typedef struct FLTP_SNAPSHOT {                 /* constant after publish, but for References, Links and the callbacks' State */
    PFLT_VOLUME Volume;
    _Atomic(ULONG) References;                 /* 1 while published + suspended operations */
    LIST_ENTRY Links;                          /* Volume->Retired; Volume->Lock */
    ULONGLONG Majors;                          /* bit per index that anybody registered */
    BOOLEAN QueryOpenAllowed;                  /* whoever registered creates registered IRP_MJ_QUERY_OPEN too */
    BOOLEAN NetworkQueryOpenAllowed;           /* … IRP_MJ_NETWORK_QUERY_OPEN */
    ULONG InstanceCount;
    PFLT_INSTANCE *Instances;                  /* highest altitude first */
    struct { const char *Name; ULONG First, Count; } Operations[FLTP_MAJORS];   /* Name: FltpMajorName */
    _Alignas(64) FLTP_CALLBACK Callbacks[];
} FLTP_SNAPSHOT;

typedef struct _FLT_VOLUME {
    FLTP_OBJECT Object;
    /* read by every operation */
    _Atomic(ULONGLONG) Interest;               /* bit per major index: somebody wants it, or set-up is owed */
    _Atomic(ULONGLONG) Forced;                 /* bits that Interest always has (name cache) */
    _Atomic(ULONGLONG) Scanned;                /* the same, once a section for a data scan was created: what may conflict with one */
    _Atomic(ULONG) InstancesMade;
    PDEVICE_OBJECT LowerDevice;                /* next below FilterDevice; constant after mount */
    _Atomic(FLTP_SNAPSHOT *) Snapshot;
    /* constant after mount */
    PDEVICE_OBJECT FilterDevice;               /* ours, attached above VolumeDevice */
    PDEVICE_OBJECT VolumeDevice, RealDevice;
    ULONG Frame;
    struct _FLT_VOLUME *Base;                  /* the same volume in the lowest frame: what everybody passes.  Outlives this one */
    UNICODE_STRING Name;                       /* "\Device\HarddiskVolume1"; own allocation */
    FLT_FILESYSTEM_TYPE FileSystemType;
    DEVICE_TYPE DeviceType;
    _Atomic(ULONGLONG) MountSequence;          /* 0: not listed yet */
    LIST_ENTRY Links;                          /* Globals.Lock */
    _Atomic(LONG) SetupOwed;                   /* 2: automatic attachments come with the first operation, 1: under way, 0: done */
    _Atomic(LONG) Dismounting;
    port_lock Lock;
    LIST_ENTRY Instances;                      /* Lock; highest altitude first */
    LIST_ENTRY Retired;                        /* Lock; snapshots that may still be in use */
    ULONG Generation;                          /* Lock */
    FLTP_TARGET Contexts;
    port_lock FlightLock;
    LIST_ENTRY InFlight;                       /* FlightLock; FLTP_OPERATION.FlightLinks */
    FLTP_COUNT Outstanding;                    /* instances, operations that sleep on it */
    _Atomic(void *) NameCache;                 /* namecache.c's own */
} FLT_VOLUME;

/* ---- per file object, per stream ---- */
typedef struct FLTP_STREAM {                   /* a stream, or a file (Contexts.Kind says which) */
    FLTP_TARGET Contexts;
    port_lock *Lock;                           /* stream.c: held while it is looked up and referenced; constant */
    union { FSRTL_PER_STREAM_CONTEXT Stream; FSRTL_PER_FILE_CONTEXT File; } Entry;
} FLTP_STREAM;

typedef struct FLTP_FILE {                     /* IOP_FILE.FilterBlock */
    FLTP_TARGET Handles;
    _Atomic(FLTP_STREAM *) Stream;             /* cached; each holds a Memory reference */
    _Atomic(FLTP_STREAM *) File;
    _Atomic(PFLT_INSTANCE) Opener;             /* opened below this instance; its Memory is held */
    _Atomic(void *) Name;                      /* namecache.c's own; freed by FltpFileNameFree */
} FLTP_FILE;
#define FLTP_FILE_CLOSED ((void *)1)           /* FilterBlock after the last pre-close */
/*
 * While the verifier is on, FilterBlock and the magic number of a context are others: what ctxfast.c tests anyway then sends each call the
 * slow way, and nothing more has to be asked.  A flag in the pointer, as it comes from and goes to FilterBlock.
 */
#define FLTP_FILE_WATCHED 0x8000000000000000ull
static inline void *FltpFileMark(FLTP_FILE *File) { return vf_on() ? (void *)((ULONG_PTR)File | FLTP_FILE_WATCHED) : File; }
static inline FLTP_FILE *FltpFileUnmark(void *Block) { return (FLTP_FILE *)((ULONG_PTR)Block & ~FLTP_FILE_WATCHED); }

#include "fltmgr/operation.h"

/* ---- globals ---- */
typedef struct FLTP_GLOBALS {
    port_lock Lock;
    LIST_ENTRY Filters, Volumes;               /* Lock */
    _Atomic(ULONG) FrameCount;                 /* at least 1 */
    _Atomic(ULONGLONG) Sequence;
    _Atomic(ULONG) NextFilterId;
    port_lock ThreadLock;
    LIST_ENTRY Threads;                        /* ThreadLock */
    PDRIVER_OBJECT Driver;
    BOOLEAN Initialized;
    VOID (*RetiredHook)(const FLTP_FILTER_REPORT *, PVOID);
    PVOID RetiredContext;
    BOOLEAN (*WaitHook)(PFLT_FILTER, ULONG, PVOID);
    PVOID WaitContext;
} FLTP_GLOBALS;
extern FLTP_GLOBALS FltpGlobals;

/* ---- altitude.c ---- */
BOOLEAN FltpAltitudeIsValid(PCUNICODE_STRING Altitude);
LONG FltpAltitudeCompare(PCUNICODE_STRING A, PCUNICODE_STRING B);      /* <0, 0, >0 as numbers */

/* ---- strings ---- */
NTSTATUS FltpStringCopy(PUNICODE_STRING To, PCUNICODE_STRING From);    /* NUL-terminated own copy */
VOID FltpStringFree(PUNICODE_STRING String);

/* ---- calls into a filter outside operations: fills what the machinery does not ---- */
static inline VOID
FltpCallInitialize(KI_DRIVER_CALL *Call, PFLT_FILTER Filter, const char *Operation, const char *Phase)
{
    Call->Owner = Filter->Owner;
    Call->Operation = Operation;
    Call->Phase = Phase;
    Call->Name = NULL;
    Call->File = NULL;
    Call->Routine = NULL;
    Call->Id = 0;
    Call->Faulted = FALSE;
}

/* ---- register.c, registry.c ---- */
NTSTATUS FltpRegistrationCheck(const FLT_REGISTRATION *Registration, PFLT_FILTER Filter);   /* fills Registration, Operations, Definitions */
NTSTATUS FltpRegistryReadInstances(PFLT_FILTER Filter);                /* fills Name, InstanceDefinitions */
NTSTATUS FltpRegistryFindInstance(PFLT_FILTER Filter, PCUNICODE_STRING Name, const FLTP_INSTANCE_DEFINITION **Definition);

/* ---- filter.c ---- */
PFLT_FILTER FltpFilterFind(PCUNICODE_STRING Name);                     /* +1 reference or NULL */
BOOLEAN FltpInsideCallbackOf(PFLT_FILTER Filter);                      /* this thread runs one of its operation callbacks */
VOID FltpReportRetired(PFLT_FILTER Filter);

/* ---- volume.c ---- */
VOID FltpVolumeMounted(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice);
VOID FltpVolumeDismounting(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice);
VOID FltpVolumeInterest(PDEVICE_OBJECT VolumeDevice, IOP_INTEREST *Interest);
/* Any device of its stack or the real device; +1 Outstanding or NULL.  In the lowest frame, or in the given one. */
PFLT_VOLUME FltpVolumeLook(PDEVICE_OBJECT Device);
PFLT_VOLUME FltpVolumeLookIn(PDEVICE_OBJECT Device, ULONG Frame);
PFLT_VOLUME FltpVolumeOfDevice(PDEVICE_OBJECT Device, PFLT_FILTER Filter);   /* +1 reference; in Filter's frame (NULL: the lowest) */
VOID FltpVolumeSetup(PFLT_VOLUME Volume, BOOLEAN Wait);                /* pays the automatic attachments that are owed */
PFLT_VOLUME FltpVolumeNext(PFLT_VOLUME Previous);                      /* iteration; +1 Outstanding, drops Previous */

/* ---- snapshot.c ---- */
NTSTATUS FltpSnapshotPublishLocked(PFLT_VOLUME Volume);                /* Volume->Lock held; from the attached instances */
/* Marks the instance's callbacks in every snapshot there is (FLTP_CALLBACK_*), then publishes one without it.  Volume->Lock held. */
VOID FltpVolumeSkipLocked(PFLT_VOLUME Volume, PFLT_INSTANCE Instance, ULONG State);
VOID FltpSnapshotReclaim(PFLT_VOLUME Volume);                          /* frees retired ones that nobody uses */
VOID FltpSnapshotDereference(FLTP_SNAPSHOT *Snapshot);
VOID FltpVolumeQuiesce(PFLT_VOLUME Volume);                            /* sync. rule 2 */
ULONG FltpSnapshotRank(const FLTP_SNAPSHOT *Snapshot, PFLT_INSTANCE Instance);   /* callbacks with Rank >= this are below it */
VOID FltpInstanceMemoryRelease(PFLT_INSTANCE Instance);

/* Rundown slots: the volume's current snapshot. */
FLTP_SNAPSHOT *FltpSlotEnterDeep(FLTP_SNAPSHOT *Snapshot);             /* no slot is left: counted */
VOID FltpSlotLeaveOut(FLTP_THREAD *Thread, FLTP_SNAPSHOT *Snapshot);   /* not the latest slot, or none */
static inline FLTP_SNAPSHOT *
FltpSlotEnter(FLTP_THREAD *Thread, PFLT_VOLUME Volume)
{
    port_rcu_read_lock();
    FLTP_SNAPSHOT *Snapshot = atomic_load_explicit(&Volume->Snapshot, memory_order_acquire);
    if (__builtin_expect(Thread->Depth < FLTP_SLOTS, 1)) {
        /* Pairs with the acquire in FltpVolumeQuiesce; a grace period lies between. */
        atomic_store_explicit(&Thread->Slots[Thread->Depth], Snapshot, memory_order_release);
        Thread->Depth++;
    } else {
        FltpSlotEnterDeep(Snapshot);
    }
    port_rcu_read_unlock();
    return Snapshot;
}
static inline VOID
FltpSlotLeave(FLTP_THREAD *Thread, FLTP_SNAPSHOT *Snapshot)
{
    const ULONG Depth = Thread->Depth;

    if (__builtin_expect(Depth == 1 && atomic_load_explicit(&Thread->Slots[0], memory_order_relaxed) == Snapshot, 1)) {
        atomic_store_explicit(&Thread->Slots[0], NULL, memory_order_release);
        Thread->Depth = 0;
    } else {
        FltpSlotLeaveOut(Thread, Snapshot);
    }
}

/* ---- instance.c, teardown.c ---- */
typedef struct FLTP_ATTACH {
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    PCUNICODE_STRING Name, Altitude;
    FLT_INSTANCE_SETUP_FLAGS Flags;
} FLTP_ATTACH;
NTSTATUS FltpInstanceAttach(const FLTP_ATTACH *Attach, PFLT_INSTANCE *Instance);        /* *Instance (may be NULL) +1 reference */
VOID FltpInstanceAttachAutomatic(PFLT_FILTER Filter, PFLT_VOLUME Volume, FLT_INSTANCE_SETUP_FLAGS Flags);
PFLT_INSTANCE FltpInstanceFind(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name);   /* Filter, Name may be NULL; +1 or NULL */
/* Whole teardown; returns when the instance is gone.  Fails: STATUS_FLT_DELETING_OBJECT if somebody else tears it down. */
NTSTATUS FltpInstanceTeardown(PFLT_INSTANCE Instance, FLT_INSTANCE_TEARDOWN_FLAGS Reason);
VOID FltpInstanceDiscard(PFLT_INSTANCE Instance);                     /* contexts, lists, memory: the last step of teardown */
VOID FltpInstanceObjects(PFLT_INSTANCE Instance, PVOID Objects);       /* fills a FLT_RELATED_OBJECTS */

/* ---- context.c ---- */
FLTP_CONTEXT_NODE *FltpContextNode(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type);   /* NULL: not a live context (of Type, if not 0) */
/* Takes the last step when Word has become Value: zero means that the caller must call FltpContextFinalize.  Allowed under locks and in RCU sections. */
BOOLEAN FltpContextClaimDead(FLTP_CONTEXT_NODE *Node, int64_t Value);
VOID FltpContextFinalize(FLTP_CONTEXT_NODE *Node);                     /* clean-up callback and free; deferred above APC_LEVEL.  No locks held */
VOID FltpContextFlushDeferred(VOID);                                   /* D-18 */
VOID FltpContextQuarantineEmpty(vf_owner *Owner);                     /* ctxcheck.c; NULL: all */

/* ---- ctxslot.c: the one mechanism behind all set, get and delete routines ---- */
VOID FltpTargetInitialize(FLTP_TARGET *Target, FLTP_TARGET_KIND Kind, VOID (*Free)(FLTP_TARGET *));
VOID FltpTargetReference(FLTP_TARGET *Target);
VOID FltpTargetDereference(FLTP_TARGET *Target);
typedef struct FLTP_SLOT {
    FLTP_TARGET *Target;
    const void *Key;
    FLTP_LINK_OWNER *Owner;
    FLT_CONTEXT_TYPE Type;
    const char *Routine;
} FLTP_SLOT;
NTSTATUS FltpSlotGet(const FLTP_TARGET *Target, const void *Key, FLT_CONTEXT_TYPE Type, const char *Routine, PFLT_CONTEXT *Context);
NTSTATUS FltpSlotSet(const FLTP_SLOT *Slot, FLT_SET_CONTEXT_OPERATION Operation, FLTP_CONTEXT_NODE *Node, PFLT_CONTEXT *OldContext);
NTSTATUS FltpSlotDelete(const FLTP_SLOT *Slot, PFLT_CONTEXT *OldContext);
BOOLEAN FltpSlotUnlink(FLTP_CONTEXT_NODE *Node, const char *Routine);  /* from wherever it is; FALSE: it is not linked */
VOID FltpTargetTeardown(FLTP_TARGET *Target);                          /* unlinks everything, nothing can be set afterwards */
VOID FltpLinkOwnerInitialize(FLTP_LINK_OWNER *Owner);
VOID FltpLinkOwnerTeardown(FLTP_LINK_OWNER *Owner);                    /* the same, by key */

/* ---- stream.c ---- */
typedef enum FLTP_FIND { FltpFindExisting, FltpFindCreate } FLTP_FIND;
/* The target of a type for a file object; borrowed while the file object is open.  Fails: STATUS_NOT_SUPPORTED; STATUS_NOT_FOUND (FindExisting
 * and nothing was ever set there); STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS FltpStreamTarget(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, FLTP_FIND Find, FLTP_TARGET **Target);
FLTP_FILE *FltpFileOf(PFILE_OBJECT FileObject, BOOLEAN Create);        /* NULL: none, closed, or no memory */
VOID FltpFileClosing(PFILE_OBJECT FileObject);                         /* after the last pre-close: handle contexts go */
VOID FltpFileObjectClosing(PFILE_OBJECT FileObject);                   /* IOP_HOOKS.FileObjectClosing */

/* ---- operation.c ---- */
VOID FltpOperationFree(FLTP_OPERATION *Operation);
static inline const char *FltpOperationName(const FLTP_OPERATION *Operation) { return Operation->Snapshot->Operations[Operation->Index].Name; }
VOID FltpOperationDestroy(FLTP_OPERATION *Operation);                  /* a spare block's memory */
BOOLEAN FltpOperationReserve(FLTP_OPERATION *Operation, ULONG Nodes);
/* Ends the operation's use of its snapshot and frees the block. */
VOID FltpOperationReleaseListed(FLTP_OPERATION *Operation);
static inline VOID
FltpOperationRelease(FLTP_OPERATION *Operation)
{
    if (__builtin_expect(Operation->Flags & FLTP_OP_LISTED, 0)) {
        FltpOperationReleaseListed(Operation);
    } else {
        FltpSlotLeave(Operation->Thread, Operation->Snapshot);
    }
    FltpOperationFree(Operation);
}
/* TRUE: it is suspended, somebody else goes on.  FALSE: the caller runs on (it was resumed meanwhile, or the caller has waited). */
BOOLEAN FltpOperationSuspend(FLTP_OPERATION *Operation);
BOOLEAN FltpPendedBy(PIRP Irp, IOP_PENDED *Pended);   /* IOP_HOOKS.Pended */
/* TRUE: the caller runs it now. */
BOOLEAN FltpOperationResume(FLTP_OPERATION *Operation);
/* Lists a running operation: its snapshot is counted, the slot given back. */
VOID FltpOperationList(FLTP_OPERATION *Operation);
/* Parameters as node Node sees them; frees nothing. */
VOID FltpOperationRestore(FLTP_OPERATION *Operation, LONG Node);
VOID FltpSavedFree(FLTP_OPERATION *Operation);                         /* the popped ones, with their MDLs */
/* A filter changed parameters (dirty): keeps the old ones. */
BOOLEAN FltpOperationSave(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance, LONG Node);

/* ---- dispatch.c, complete.c ---- */
typedef enum FLTP_STEP {
    FltpStepNext,                              /* go on with the next callback */
    FltpStepDown,                              /* all pre-operations done: to the lower device */
    FltpStepUp,                                /* completed below, or by a pre-operation: post-operations */
    FltpStepSuspend,                           /* a callback pended it */
    FltpStepEnd                                /* all done */
} FLTP_STEP;
NTSTATUS FltpDispatch(PDEVICE_OBJECT Device, PIRP Irp);
VOID FltpRememberOpener(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance);   /* it was opened below Instance */
FLTP_STEP FltpPreWalk(FLTP_OPERATION *Operation);
/* What a pre-operation's return value means; also for FltCompletePendedPreOperation. */
FLTP_STEP FltpPreApply(FLTP_OPERATION *Operation, const FLTP_CALLBACK *Callback, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context);
FLTP_STEP FltpPostWalk(FLTP_OPERATION *Operation);
NTSTATUS FltpOperationRun(FLTP_OPERATION *Operation, FLTP_STEP Step);  /* from Step to the end or the next suspension */
VOID FltpOperationContinue(FLTP_OPERATION *Operation);                 /* after FltpOperationResume returned TRUE */
FLTP_STEP FltpOperationAfterPend(FLTP_OPERATION *Operation);           /* what comes after a callback that pended was resumed */
VOID FltpOperationDrain(PFLT_INSTANCE Instance);                       /* G-09 */
VOID FltpStatusRequestsRun(FLTP_OPERATION *Operation, NTSTATUS Status);
VOID FltpStatusRequestsFree(FLTP_OPERATION *Operation);

/* ---- queryopen.c ---- */
NTSTATUS FltpQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query);

/* ---- generated.c: what FltReadFile, FltQueryInformationFile … stand on ---- */
/*
 * Starts the operation described by Data->Iopb (from FltAllocateCallbackData) below Instance: callbacks of the instances below it, then the
 * file system.  Synchronous: waits; the result is in Data->IoStatus and returned.  Else STATUS_PENDING or the final status; the callback of
 * FltPerformAsynchronousIo is called in either case.
 * IRQL:   PASSIVE_LEVEL if Synchronous, else <= APC_LEVEL
 * Refs:   Instance->Outstanding is held until the operation ends (G-08)
 * Fails:  STATUS_FLT_DELETING_OBJECT, STATUS_INSUFFICIENT_RESOURCES
 */
NTSTATUS FltpOperationStartBelow(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, BOOLEAN Synchronous);

/* ---- of the second half (name.c, namecache.c): called by operation.c and stream.c; weak defaults do nothing ---- */
VOID FltpOperationNameFree(FLTP_OPERATION *Operation);
VOID FltpFileNameFree(FLTP_FILE *File);
VOID FltpVolumeNamesFree(PFLT_VOLUME Volume);
/* Operations that may change names or delete files pass by here after they succeeded (post-walk done). */
VOID FltpNamesChanged(PFLT_VOLUME Volume, const FLT_IO_PARAMETER_BLOCK *Iopb);

/*
 * Who defines which public routine:
 *   object.c     FltObjectReference, FltObjectDereference, FltGetVolumeFromInstance, FltGetFilterFromInstance
 *   filter.c     FltRegisterFilter, FltStartFiltering, FltUnregisterFilter, FltUnloadFilter, FltGetFilterFromName
 *   volume.c     FltGetVolumeFromFileObject, FltGetVolumeFromDeviceObject, FltGetDeviceObject, FltGetDiskDeviceObject,
 *                FltIsFltMgrVolumeDeviceObject, FltGetFileSystemType
 *   instance.c   FltAttachVolume(AtAltitude), FltDetachVolume, FltGetVolumeInstanceFromName, FltGet{Top,Bottom,Upper,Lower}Instance,
 *                FltCompareInstanceAltitudes
 *   enum.c       FltEnumerate*, Flt*Information, FltGetVolumeFromName, FltGetVolumeName, FltGetVolumeGuidName, FltGetVolumeProperties …
 *   name.c, namecache.c, targetio.c, fltcreate.c      the families FltGetFileNameInformation, FltReadFile, FltCreateFile
 *   data.c, pend.c, cbdq.c, workitem.c, generated.c   func_data.h but for the priority hints
 *   context.c, ctxapi.c, ctxfast.c                    func_context.h
 */
#endif

/* SPDX-License-Identifier: MIT */
/* fltmgr, inward: threads and operations.  Part of fltp.h, which says how they work; included by it only. */
#ifndef FB_FLTMGR_OPERATION_H
#define FB_FLTMGR_OPERATION_H

/* ---- threads ---- */
#define FLTP_SLOTS 32
#define FLTP_COUNTER_SLOTS 64
typedef struct FLTP_THREAD {
    LIST_ENTRY Links;                          /* Globals.ThreadLock */
    _Atomic(FLTP_SNAPSHOT *) Slots[FLTP_SLOTS];/* written by the thread, read by FltpVolumeQuiesce */
    /* owner thread only */
    ULONG Depth;                               /* slots in use */
    struct FLTP_OPERATION *Spare;
    ULONG SpareCount;
    struct { ULONG FilterId; FLTP_COUNTERS *Counters; } Counters[FLTP_COUNTER_SLOTS];
} FLTP_THREAD;
FLTP_THREAD *FltpThreadCreate(VOID);
VOID FltpThreadExit(PVOID Value);
static inline FLTP_THREAD *
FltpThread(VOID)                               /* the calling thread's; never NULL */
{
    FLTP_THREAD *Thread = KiCurrent()->Cache[KI_CACHE_FLTMGR];

    return __builtin_expect(Thread != NULL, 1) ? Thread : FltpThreadCreate();
}

/* The thread's counters for the filter of a callback. */
FLTP_COUNTERS *FltpCountersCreate(FLTP_THREAD *Thread, PFLT_FILTER Filter);
static inline FLTP_COUNTERS *
FltpCountersOf(FLTP_THREAD *Thread, const FLTP_CALLBACK *Callback)
{
    const ULONGLONG Slot = Callback->FilterId % FLTP_COUNTER_SLOTS;

    return __builtin_expect(Thread->Counters[Slot].FilterId == Callback->FilterId, 1) ? Thread->Counters[Slot].Counters
                                                                                     : FltpCountersCreate(Thread, Callback->Filter);
}
static inline VOID
FltpCounterAdd(_Atomic(ULONGLONG) *Counter)    /* written by one thread only */
{
#if defined(__x86_64__) && !defined(FB_TSAN)
    __asm__("incq %0" : "+m"(*Counter) : : "cc");   /* the compiler makes three instructions of it */
    return;
#endif
    atomic_store_explicit(Counter, atomic_load_explicit(Counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* ---- operations ---- */
typedef struct FLTP_NODE {                     /* a post-operation call that is owed */
    const FLTP_CALLBACK *Callback;             /* NULL: drained */
    PVOID Context;
} FLTP_NODE;

typedef struct FLTP_SAVED {                    /* parameters as they were above a filter that changed them */
    struct FLTP_SAVED *Next;
    LONG Node;                                 /* post-operation nodes 0 … Node see these parameters; -1: only the IRP does */
    BOOLEAN Swapped, Retain;                   /* buffer or MDL replaced; the filter keeps the MDL */
    PFLT_INSTANCE Instance;                    /* who changed them */
    PMDL NewMdl;                               /* MDL of the swapped-in buffer, known after completion */
    FLT_IO_PARAMETER_BLOCK Iopb;               /* before the change */
    FLT_IO_PARAMETER_BLOCK After;              /* and after it */
    /* The operation went over to another volume: what it was on before */
    FLTP_SNAPSHOT *Snapshot;
    PFLT_VOLUME Volume;
    ULONG HeldNodes;                           /* instances of nodes 0 … HeldNodes - 1 are kept by their Outstanding */
} FLTP_SAVED;

typedef enum FLTP_HANDOFF { FltpRunning, FltpSuspended, FltpResumed } FLTP_HANDOFF;
typedef enum FLTP_PHASE { FltpPhasePre, FltpPhaseLower, FltpPhasePost, FltpPhaseDone } FLTP_PHASE;

#define FLTP_OP_SYNCHRONIZE 0x0001             /* post-operations run in the issuing thread */
#define FLTP_OP_IN_LOWER 0x0002                /* Thread is inside IofCallDriver */
#define FLTP_OP_MARKED_PENDING 0x0004          /* Stack is marked pending: the dispatch routine returns STATUS_PENDING */
#define FLTP_OP_LISTED 0x0008                  /* on Volume->InFlight since its first suspension; holds a reference on Snapshot */
#define FLTP_OP_GENERATED 0x0020               /* issued by a filter */
#define FLTP_OP_ALLOCATED 0x0040               /* FltAllocateCallbackData: belongs to a filter until FltFreeCallbackData */
#define FLTP_OP_NO_IRP 0x0080                  /* query-open and the like */
#define FLTP_OP_POST_PENDED 0x0100             /* a post-operation returned MORE_PROCESSING_REQUIRED */
#define FLTP_OP_ORPHANED 0x0200                /* a dead filter had it pended and may know its address: the block is not used again */

/* Zeroes Words times eight bytes; a call of memset takes longer. */
static inline VOID
FltpClear(PVOID Block, ULONG Words)
{
    typedef ULONGLONG FLTP_PAIR __attribute__((vector_size(16), aligned(8)));
    PUCHAR To = Block;
    ULONG i = 0;

#pragma GCC unroll 24
    for (; i + 2 <= Words; i += 2) {
        *(FLTP_PAIR *)(To + i * 8) = (FLTP_PAIR){ 0, 0 };
    }
    if (i < Words) {
        *(ULONGLONG *)(To + i * 8) = 0;
    }
}

#define FLTP_INLINE_NODES 12
typedef struct FLTP_OPERATION {
    FLT_CALLBACK_DATA Data;                    /* first: what callbacks get */
    ULONGLONG Id;                              /* operation number, for findings */
    FLT_IO_PARAMETER_BLOCK Iopb;               /* at a multiple of 16, as Shown: copies of it never straddle two pages, which takes 15 ns */
    /* see FltpOperationAllocateBare */
    PIRP Irp;                                  /* NULL: query-open and other operations without an IRP */
    PIO_STACK_LOCATION Stack;                  /* our own location in it: the current one changes while it is below */
    PFLT_VOLUME Volume;
    FLTP_SNAPSHOT *Snapshot;
    const FLTP_CALLBACK *Callbacks;
    ULONGLONG SkipMask;                        /* registration flags that exempt a filter from this operation; FLTP_SKIP_STATE */
    ULONG Count;                               /* of Callbacks */
    UCHAR Index;                               /* FltpMajorIndex */
    /* zero with every use */
    struct {                                   /* FLT_RELATED_OBJECTS without its CONSTs */
        USHORT Size, TransactionContext;
        PFLT_FILTER Filter;
        PFLT_VOLUME Volume;
        PFLT_INSTANCE Instance;
        PFILE_OBJECT FileObject;
        PKTRANSACTION Transaction;
    } Objects;
    ULONG Flags;                               /* FLTP_OP_* */
    ULONG Position;                            /* next pre-operation */
    _Atomic(uint32_t) Handoff;                 /* FLTP_HANDOFF */
    ULONG NodeCount;
    UCHAR Phase;                               /* FLTP_PHASE */
    BOOLEAN DrainCopy;                         /* a copy, made for a draining call; constant */
    FLTP_SAVED *Saved;                         /* newest first */
    FLTP_SAVED *Popped;                        /* restored ones of the post-operation that runs now */
    PMDL LockedMdl;                            /* made by FltLockUserBuffer */
    const FLT_IO_PARAMETER_BLOCK *Original;    /* FLTP_OP_NO_IRP: as issued */
    /* FlightLock, while FLTP_OP_LISTED */
    LIST_ENTRY FlightLinks;
    BOOLEAN Suspended;                         /* no thread runs it: nodes may be drained */
    PKEVENT Waiter;                            /* the issuing thread waits here and goes on itself */
    PFLT_INSTANCE PendedBy;                    /* its Outstanding is held */
    FLT_PREOP_CALLBACK_STATUS ResumeStatus;
    PVOID ResumeContext;
    PFLT_COMPLETE_CANCELED_CALLBACK CanceledCallback;
    _Atomic(BOOLEAN) CancelArmed;              /* a cancel routine of ours is set, or taken off and about to call the filter */
    /* FLTP_OP_ALLOCATED */
    PFLT_INSTANCE Initiator;                   /* whose I/O it is */
    PFLT_COMPLETED_ASYNC_IO_CALLBACK AsyncCallback;
    PVOID AsyncContext;
    PIRP GeneratedIrp;                         /* in flight below the initiator */
    vf_object *Ledger;
    PVOID StatusRequests;                      /* FltRequestOperationStatusCallback */
    _Atomic(void *) Name;                      /* namecache.c's own; freed by FltpOperationNameFree */
    struct FLTP_OPERATION *NextSpare;
    /* not zeroed */
    FLTP_THREAD *Thread;                       /* runs it, or ran it last */
    FLTP_NODE *Nodes;                          /* kept with the block */
    ULONG NodeCapacity;
    FLTP_NODE InlineNodes[FLTP_INLINE_NODES];
    _Alignas(16) FLT_IO_PARAMETER_BLOCK Shown;              /* the parameters that count: Iopb without changes that nobody declared (not zeroed) */
} FLTP_OPERATION;
_Static_assert(offsetof(FLTP_OPERATION, Iopb) % 16 == 0 && offsetof(FLTP_OPERATION, Shown) % 16 == 0, "16-byte moves are aligned");
/* What a callback changed in Iopb without FltSetCallbackDataDirty is ignored: it is gone before anybody else looks. */
static inline VOID FltpParametersKeep(FLTP_OPERATION *Operation) { Operation->Shown = Operation->Iopb; }
static inline VOID FltpParametersUndo(FLTP_OPERATION *Operation) { Operation->Iopb = Operation->Shown; }
static inline FLTP_OPERATION *FltpOperationOf(const FLT_CALLBACK_DATA *Data) { return (FLTP_OPERATION *)Data; }
static inline PCFLT_RELATED_OBJECTS FltpObjectsOf(FLTP_OPERATION *Operation) { return (PCFLT_RELATED_OBJECTS)&Operation->Objects; }

FLTP_OPERATION *FltpOperationNew(VOID);
/* Of the thread's spare blocks; for a dispatch, which fills the parameters and the fields before Objects itself.  The rest is zero. */
static inline FLTP_OPERATION *
FltpOperationAllocateBare(FLTP_THREAD *Thread)
{
    FLTP_OPERATION *Operation = Thread->Spare;

    if (__builtin_expect(Operation != NULL, 1)) {
        Thread->Spare = Operation->NextSpare;
        Thread->SpareCount--;
    } else if ((Operation = FltpOperationNew()) == NULL) {
        return NULL;
    }
    FltpClear(&Operation->Data, sizeof(Operation->Data) / 8);
    FltpClear(&Operation->Objects, (FIELD_OFFSET(FLTP_OPERATION, Thread) - FIELD_OFFSET(FLTP_OPERATION, Objects)) / 8);
    Operation->Thread = Thread;
    *(PFLT_IO_PARAMETER_BLOCK *)&Operation->Data.Iopb = &Operation->Iopb;
    return Operation;
}
/* The same, all zero. */
static inline FLTP_OPERATION *
FltpOperationAllocate(FLTP_THREAD *Thread)
{
    FLTP_OPERATION *Operation = FltpOperationAllocateBare(Thread);

    if (Operation != NULL) {
        FltpClear(&Operation->Iopb, (FIELD_OFFSET(FLTP_OPERATION, Objects) - FIELD_OFFSET(FLTP_OPERATION, Iopb)) / 8);
    }
    return Operation;
}

/* ---- params.c ---- */
ULONG FltpParametersFromIrp(FLTP_OPERATION *Operation, FLT_IO_PARAMETER_BLOCK *Iopb);   /* FLTFL_CALLBACK_DATA_SYSTEM_BUFFER or 0 */
VOID FltpParametersToNext(FLTP_OPERATION *Operation);                  /* next stack location and the IRP's buffers */
VOID FltpParametersRestoreIrp(FLTP_OPERATION *Operation);              /* the IRP's buffers, after completion */
/* A request below an instance from parameters; MDL: to be put into the IRP. */
NTSTATUS FltpParametersToRequest(const FLT_IO_PARAMETER_BLOCK *Iopb, IOP_REQUEST *Request, PMDL *Mdl);
typedef struct FLTP_BUFFERS { PMDL *Mdl; PVOID *Buffer; PULONG Length; LOCK_OPERATION Access; } FLTP_BUFFERS;
BOOLEAN FltpParametersBuffers(FLT_IO_PARAMETER_BLOCK *Iopb, FLTP_BUFFERS *Buffers);   /* FALSE: no buffer parameters */
BOOLEAN FltpParametersSwapped(const FLT_IO_PARAMETER_BLOCK *A, const FLT_IO_PARAMETER_BLOCK *B);

/* ---- dead.c; FltpFilterMarkDead is in fltmgr.h ---- */
BOOLEAN FltpOwnerIsDead(const vf_owner *Owner);                        /* a filter of that driver faulted */
VOID FltpDeadReap(PFLT_FILTER Filter);                                 /* what it holds pended is completed, on another thread */
VOID FltpDeadAnswer(FLTP_OPERATION *Operation);                        /* what a pended operation is resumed with then */
BOOLEAN FltpCancelOfDead(FLTP_OPERATION *Operation);                   /* pend.c: first thing in a cancel routine */
VOID FltpOrphanKeep(FLTP_OPERATION *Operation);
VOID FltpOrphansFree(VOID);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The stress program, NT side.
 *
 *      workers    each has a directory on each volume and four files in it, whose contents it knows
 *      filters    four; at each operation they draw what to do: ask for a post-operation call, pend, set and get contexts, I/O of their own
 *      changers   attach, detach, load, unload, mount, dismount, transactions, look at everything
 *
 * What must hold: each request has the result and the data that the worker knows it must have; who asked for a post-operation call is called,
 * once; no callback of an instance runs before its set-up has ended or after its InstanceTeardownComplete; nothing of a filter runs after its
 * unload; contexts are cleaned up once, those of a worker's files when it has closed them; the verifier finds nothing.
 */
#ifndef FB_TESTS_STRESSP_H
#define FB_TESTS_STRESSP_H

#include "tinyfs.h"

#include "fs/memfs/mfs.h"
#include "stress.h"
#include "tm/tmp.h"

#define CHECK(Condition) storm_check(&Stress, (Condition))
#define CHECK_STATUS(Status, Condition) \
    do { \
        if (!(Condition)) { \
            storm_wrong(&Stress, "%s:%d: status %08x", __FILE__, __LINE__, (unsigned)(Status)); \
        } \
    } while (0)

/* Relaxed: counters order nothing, so that ThreadSanitizer sees what the routines under test order. */
static inline LONG Add(_Atomic(LONG) *Counter, LONG What) { return atomic_fetch_add_explicit(Counter, What, memory_order_relaxed) + What; }
static inline LONG Read(_Atomic(LONG) *Counter) { return atomic_load_explicit(Counter, memory_order_relaxed); }
static inline void Count(_Atomic(uint64_t) *Counter) { atomic_fetch_add_explicit(Counter, 1, memory_order_relaxed); }

/* ---- volumes ---- */
#define VOLUMES 3                              /* the first one stays */
typedef struct STRESS_VOLUME {
    ULONG Number;                              /* \Device\HarddiskVolume<Number> */
    PDEVICE_OBJECT Real;                       /* whoever mounts and dismounts it */
    _Atomic(BOOLEAN) Leaving;                  /* workers close their files there */
    _Atomic(BOOLEAN) Unsure;                   /* it goes without being said: anything may fail */
    _Atomic(ULONG) Mounts;                     /* another even number with each mount: its contents are new then; odd meanwhile */
} STRESS_VOLUME;
extern STRESS_VOLUME StressVolumes[VOLUMES];
UNICODE_STRING StressVolumeName(const STRESS_VOLUME *Volume);

/* ---- filters: filter_nt.c ---- */
#define FILTERS 4
typedef struct STRESS_FILTER {
    TINY_FILTER Tiny;
    port_rwlock Using;                         /* shared: Tiny.Filter is used; exclusive: it is loaded or unloaded */
    _Atomic(LONG) Loaded;                      /* its callbacks may run */
    _Atomic(LONG) Inside;                      /* callbacks that run, contexts' clean-up included */
    _Atomic(LONG) Contexts;                    /* that live */
    _Atomic(LONG) Tokens;                      /* post-operation calls that are owed */
} STRESS_FILTER;
extern STRESS_FILTER StressFilters[FILTERS];
#define MAX_WORKERS 128
extern _Atomic(LONG) StressContextsOf[MAX_WORKERS];   /* contexts that live on files of a worker's directories */
extern struct storm_thread *StressRandom(void);        /* of this thread, whoever it is */
NTSTATUS StressFilterLoad(STRESS_FILTER *Filter);
VOID StressFilterUnload(STRESS_FILTER *Filter);
VOID StressFiltersDefine(VOID);
/* What the trampolines of each filter lead to. */
FLT_PREOP_CALLBACK_STATUS StressPre(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context);
FLT_POSTOP_CALLBACK_STATUS StressPost(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags);
/* contexts: ctx_nt.c.  A step in a callback, with the contexts of what Objects says. */
VOID StressContextStep(STRESS_FILTER *Filter, PCFLT_RELATED_OBJECTS Objects, BOOLEAN MaySet);
VOID StressTransactionStep(STRESS_FILTER *Filter, PFLT_INSTANCE Instance, PKTRANSACTION Transaction);
extern const FLT_CONTEXT_REGISTRATION *const StressContextRegistrations[FILTERS];
/* An instance as its filter sees it: its instance context. */
typedef struct STRESS_RECORD {
    ULONG Canary;
    STRESS_FILTER *Filter;
    _Atomic(LONG) State;                       /* 1 set up, 2 torn down */
    _Atomic(LONG) Inside;                      /* operation callbacks that run */
    _Atomic(LONG) Owed;                        /* post-operation calls */
} STRESS_RECORD;
#define CANARY 0x57e55000u
STRESS_RECORD *StressRecordMake(STRESS_FILTER *Filter);
NTSTATUS StressInstanceSetup(ULONG Which, PCFLT_RELATED_OBJECTS Objects);
VOID StressInstanceComplete(ULONG Which, PCFLT_RELATED_OBJECTS Objects);

/* ---- workers: io_nt.c ---- */
VOID StressWork(struct storm_thread *Thread);

/* ---- changers: change_nt.c ---- */
VOID StressAttachStep(struct storm_thread *Thread);
VOID StressLoadStep(struct storm_thread *Thread);
VOID StressMountStep(struct storm_thread *Thread);
VOID StressTransactStep(struct storm_thread *Thread);
VOID StressLookStep(struct storm_thread *Thread);

extern struct STRESS_COUNTERS {
    _Atomic(uint64_t) Compared, Pre, Post, Drained, Pended, Contexts, Attaches, Loads, Mounts, Surprises, Transactions;
} StressCounters;

#endif

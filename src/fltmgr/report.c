/* SPDX-License-Identifier: MIT */
/* Counters per filter, the report of filters, start and end of the Filter Manager. */
#include "fltmgr/control.h"
#include "fltmgr/ctxcheck.h"
#include "fltmgr/frame.h"
#include "fltmgr/transact.h"
#include "fsrtl/fsrtlp.h"

/* ---- counters: one block per thread and filter ---- */

FLTP_COUNTERS *
FltpCountersCreate(FLTP_THREAD *Thread, PFLT_FILTER Filter)
{
    static FLTP_COUNTERS Lost;                 /* out of memory: counted, never shown */
    const ULONG Slot = Filter->Id % FLTP_COUNTER_SLOTS;
    FLTP_COUNTERS *Counters = port_alloc_zeroed(sizeof(*Counters));

    if (Counters == NULL) {
        return &Lost;
    }
    FltpLockAcquire(&Filter->CountersLock, FLTP_RANK_LEAF);
    Counters->Next = Filter->Counters;
    Filter->Counters = Counters;
    FltpLockRelease(&Filter->CountersLock);
    Thread->Counters[Slot].FilterId = Filter->Id;
    Thread->Counters[Slot].Counters = Counters;
    return Counters;
}

/* ---- report ---- */

static VOID
FltpReportFill(PFLT_FILTER Filter, FLTP_FILTER_REPORT *Report)
{
    memset(Report, 0, sizeof(*Report));
    Report->Name = Filter->Name;
    Report->Altitude = Filter->InstanceDefinitions[0].Altitude;
    Report->Owner = Filter->Owner;
    Report->Dead = atomic_load(&Filter->Dead) != 0;
    Report->Started = atomic_load(&Filter->Started) != 0;
    Report->Definitions = Filter->InstanceDefinitionCount;
    for (ULONG i = 0; i < Filter->InstanceDefinitionCount; i++) {
        Report->NoAutomatic += (Filter->InstanceDefinitions[i].Flags & FLTP_INSTANCE_NO_AUTOMATIC) != 0;
    }
    Report->Attached = atomic_load(&Filter->Attached);
    Report->SetupStatus = atomic_load(&Filter->SetupStatus);
    Report->AttachStatus = atomic_load(&Filter->AttachStatus);
    for (ULONG Index = 0; Index < FLTP_MAJORS; Index++) {
        FLTP_MAJOR_COUNT Count = { .Major = FltpMajorOfIndex(Index) };
        FltpLockAcquire(&Filter->CountersLock, FLTP_RANK_LEAF);
        for (FLTP_COUNTERS *Counters = Filter->Counters; Counters != NULL; Counters = Counters->Next) {
            Count.Pre += atomic_load_explicit(&Counters->Majors[Index].Pre, memory_order_relaxed);
            Count.Post += atomic_load_explicit(&Counters->Majors[Index].Post, memory_order_relaxed);
        }
        FltpLockRelease(&Filter->CountersLock);
        if (Count.Pre != 0 || Count.Post != 0) {
            Report->Majors[Report->MajorCount++] = Count;
        }
    }
}

static PFLT_FILTER
FltpReportNext(ULONG AfterId, ULONG *Instances)
{
    PFLT_FILTER Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters && Found == NULL; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Links);
        if (Filter->Id > AfterId && FltpCountTryAcquire(&Filter->Object.References)) {
            Found = Filter;
            *Instances = 0;
            for (PLIST_ENTRY Links = Filter->Instances.Flink; Links != &Filter->Instances; Links = Links->Flink) {
                (*Instances)++;
            }
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

VOID
FltpReportFilters(VOID (*Callback)(const FLTP_FILTER_REPORT *Report, PVOID Context), PVOID Context)
{
    FLTP_FILTER_REPORT *Report = port_alloc(sizeof(*Report));
    ULONG Instances = 0;

    if (Report == NULL) {
        return;
    }
    for (PFLT_FILTER Filter = FltpReportNext(0, &Instances); Filter != NULL;) {
        const ULONG Id = Filter->Id;
        FltpReportFill(Filter, Report);
        Report->Instances = Instances;
        Callback(Report, Context);
        FltpCountRelease(&Filter->Object.References);
        Filter = FltpReportNext(Id, &Instances);
    }
    port_free(Report);
}

VOID
FltpReportRetired(PFLT_FILTER Filter)
{
    FLTP_FILTER_REPORT *Report = FltpGlobals.RetiredHook != NULL ? port_alloc(sizeof(*Report)) : NULL;

    if (Report != NULL) {
        FltpReportFill(Filter, Report);
        FltpGlobals.RetiredHook(Report, FltpGlobals.RetiredContext);
        port_free(Report);
    }
}

VOID
FltpSetRetiredHook(VOID (*Callback)(const FLTP_FILTER_REPORT *Report, PVOID Context), PVOID Context)
{
    FltpGlobals.RetiredContext = Context;
    FltpGlobals.RetiredHook = Callback;
}

VOID
FltpSetWaitHook(BOOLEAN (*Callback)(PFLT_FILTER Filter, ULONG Seconds, PVOID Context), PVOID Context)
{
    FltpGlobals.WaitContext = Context;
    FltpGlobals.WaitHook = Callback;
}

/* ---- start and end ---- */

static NTSTATUS
FltpDriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++) {
        Driver->MajorFunction[Major] = FltpDispatch;
    }
    IOP_DRIVER_FROM(Driver)->QueryOpen = FltpQueryOpen;
    Driver->FastIoDispatch = &FltpFastIoDispatch;
    FltpGlobals.Driver = Driver;
    return STATUS_SUCCESS;
}

/* For FsRtl (I-29): has that driver registered a filter? */
static BOOLEAN
FltpIsMinifilter(vf_owner *Owner)
{
    BOOLEAN Found = FALSE;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters && !Found; Entry = Entry->Flink) {
        Found = CONTAINING_RECORD(Entry, FLT_FILTER, Links)->Owner == Owner;
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

NTSTATUS
FltpInitialize(VOID)
{
    static const IOP_HOOKS Hooks = { .VolumeMounted = FltpVolumeMounted, .VolumeDismounting = FltpVolumeDismounting,
        .FileObjectClosing = FltpFileObjectClosing, .Interest = FltpVolumeInterest, .Pended = FltpPendedBy };
    PDRIVER_OBJECT Driver;

    if (FltpGlobals.Initialized) {
        return STATUS_SUCCESS;
    }
    if (FltpGlobals.Filters.Flink == NULL) {
        InitializeListHead(&FltpGlobals.Filters);
        InitializeListHead(&FltpGlobals.Volumes);
        InitializeListHead(&FltpGlobals.Threads);
        atomic_store(&FltpGlobals.FrameCount, 1);
    }
    KiSetCacheDestructor(KI_CACHE_FLTMGR, FltpThreadExit);
    FltpTransactionsInitialize();
    FltpCheckInitialize();
    NTSTATUS Status = IopLoadDriver("FltMgr", FltpDriverEntry, NULL, NULL, TRUE, &Driver);
    if (NT_SUCCESS(Status)) {
        Status = IopRegisterHooks(&Hooks);
    }
    FltpGlobals.Initialized = NT_SUCCESS(Status);
    FsRtlpSetMinifilterTest(FltpIsMinifilter);
    return Status;
}

/* Filters and volumes are gone. */
VOID
FltpShutdown(VOID)
{
    if (!FltpGlobals.Initialized) {
        return;
    }
    FltpForgetFileSystems();
    FltpGlobals.Initialized = FALSE;
    FsRtlpSetMinifilterTest(NULL);
    FltpContextFlushDeferred();
    port_rcu_barrier();
    FltpContextQuarantineEmpty(NULL);
    FltpFramesForget();
    FltpGoneEmpty();
    FltpOrphansFree();
    if (IsListEmpty(&FltpGlobals.Volumes) && IsListEmpty(&FltpGlobals.Filters)) {
        IopUnloadDriver(FltpGlobals.Driver);
        FltpGlobals.Driver = NULL;
    }
}

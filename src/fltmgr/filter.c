/* SPDX-License-Identifier: MIT */
/*
 * Filters: register, start, unregister, unload.
 *
 *      FltRegisterFilter ──> registered ── FltStartFiltering ──> started ── FltUnregisterFilter ──> instances torn down
 *                                 └──────────── FltUnregisterFilter (failed start) ──────────┘       └─> volume contexts dropped
 *                                                                             references and live contexts waited for ─> freed
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/frame.h"
#include "fltmgr/port.h"

static NTSTATUS FltpUnloadClaimed(PFLT_FILTER Filter, BOOLEAN Mandatory);

/* ---- create, free ---- */

static VOID
FltpFilterFree(PFLT_FILTER Filter)
{
    for (ULONG i = 0; i < Filter->InstanceDefinitionCount; i++) {
        FltpStringFree(&Filter->InstanceDefinitions[i].Name);
        FltpStringFree(&Filter->InstanceDefinitions[i].Altitude);
    }
    port_free(Filter->InstanceDefinitions);
    FltpStringFree(&Filter->Name);
    while (Filter->Counters != NULL) {
        FLTP_COUNTERS *Counters = Filter->Counters;
        Filter->Counters = Counters->Next;
        port_free(Counters);
    }
    FltpContextQuarantineEmpty(Filter->Owner);
    FltpObjectFree(&Filter->Object, "filter", Filter->Owner);
}

static PFLT_FILTER
FltpFilterAllocate(PDRIVER_OBJECT Driver)
{
    PFLT_FILTER Filter = port_alloc_zeroed(sizeof(*Filter));

    if (Filter != NULL) {
        atomic_store(&Filter->Object.Type, FltpTypeFilter);
        InitializeListHead(&Filter->Instances);
        FltpLinkOwnerInitialize(&Filter->VolumeLinks);
        Filter->Id = atomic_fetch_add(&FltpGlobals.NextFilterId, 1) + 1;
        Filter->Driver = Driver;
        Filter->Owner = IOP_DRIVER_FROM(Driver)->Owner;
    }
    return Filter;
}

static PFLT_FILTER
FltpFilterFindLocked(PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Links);
        if (RtlEqualUnicodeString(&Filter->Name, Name, TRUE)) {
            return Filter;
        }
    }
    return NULL;
}

PFLT_FILTER
FltpFilterFind(PCUNICODE_STRING Name)
{
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    PFLT_FILTER Filter = FltpFilterFindLocked(Name);
    if (Filter != NULL && !FltpCountTryAcquire(&Filter->Object.References)) {
        Filter = NULL;
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Filter;
}

PFLT_FILTER
FltpFilterOfDriver(PDRIVER_OBJECT DriverObject)
{
    PFLT_FILTER Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Links);
        if (Filter->Driver == DriverObject && FltpCountTryAcquire(&Filter->Object.References)) {
            Found = Filter;
            break;
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

/* Windows: fltKernel.h, FltGetFilterFromName.  Differences: none. */
NTSTATUS FLTAPI
FltGetFilterFromName(PCUNICODE_STRING FilterName, PFLT_FILTER *RetFilter)
{
    *RetFilter = FltpFilterFind(FilterName);
    if (*RetFilter == NULL) {
        return STATUS_FLT_FILTER_NOT_FOUND;
    }
    if (vf_on()) {
        vf_object_reference((*RetFilter)->Object.Ledger, VF_REASON_REFERENCE, __func__);
    }
    return STATUS_SUCCESS;
}

/* ---- register ---- */

static NTSTATUS
FltpFilterInsert(PFLT_FILTER Filter)
{
    NTSTATUS Status = STATUS_SUCCESS;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    if (FltpFilterFindLocked(&Filter->Name) != NULL) {
        Status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        InsertTailList(&FltpGlobals.Filters, &Filter->Links);
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Status;
}

/* The I/O manager unloads a driver through this routine, under its claim: a filter that is still registered goes first. */
static VOID
FltpDriverUnload(PDRIVER_OBJECT Driver)
{
    PFLT_FILTER Filter = FltpFilterOfDriver(Driver);

    if (Filter != NULL) {
        FltpUnloadClaimed(Filter, TRUE);
    }
}

/* Windows: fltKernel.h, FltRegisterFilter.  Differences: versions 0x0200 to 0x0203 are all accepted. */
NTSTATUS FLTAPI
FltRegisterFilter(PDRIVER_OBJECT Driver, const FLT_REGISTRATION *Registration, PFLT_FILTER *RetFilter)
{
    *RetFilter = NULL;
    if (!FltpGlobals.Initialized) {
        return STATUS_FLT_NOT_INITIALIZED;
    }
    if (Driver == NULL || Registration == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    PFLT_FILTER Filter = vf_inject(__func__, IOP_DRIVER_FROM(Driver)->Owner) ? NULL : FltpFilterAllocate(Driver);
    if (Filter == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = FltpRegistrationCheck(Registration, Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltpRegistryReadInstances(Filter);
    }
    if (!NT_SUCCESS(Status)) {
        FltpFilterFree(Filter);
        return Status;
    }
    FltpFrameEnter(Filter);
    Status = FltpFilterInsert(Filter);
    if (!NT_SUCCESS(Status)) {
        FltpFrameLeave(Filter);
        FltpFilterFree(Filter);
        return Status;
    }
    Filter->Object.Ledger = vf_object_create(Filter->Owner, VF_FLT_REFERENCE, Filter, sizeof(*Filter), 0, VF_REASON_INTERNAL, __func__);
    if (Driver->DriverUnload == NULL && Filter->Registration.FilterUnloadCallback != NULL) {
        Driver->DriverUnload = FltpDriverUnload;
    }
    *RetFilter = Filter;
    return STATUS_SUCCESS;
}

/* ---- start ---- */

/* Windows: fltKernel.h, FltStartFiltering.  Differences: none. */
NTSTATUS FLTAPI
FltStartFiltering(PFLT_FILTER Filter)
{
    LONG Expected = 0;

    if (atomic_load(&Filter->Unregistering)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (vf_inject(__func__, Filter->Owner)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Filter->StartSequence = atomic_fetch_add(&FltpGlobals.Sequence, 1) + 1;
    if (!atomic_compare_exchange_strong(&Filter->Started, &Expected, 1)) {
        return STATUS_INVALID_PARAMETER;
    }
    for (PFLT_VOLUME Volume = FltpVolumeNext(NULL); Volume != NULL; Volume = FltpVolumeNext(Volume)) {
        if (Volume->Frame == Filter->Frame && atomic_load(&Volume->MountSequence) < Filter->StartSequence) {
            FltpInstanceAttachAutomatic(Filter, Volume, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT);
        }
    }
    return STATUS_SUCCESS;
}

/* ---- unregister ---- */

/* An operation callback of the filter is running on this thread: waiting for it would never end (K-29). */
BOOLEAN
FltpInsideCallbackOf(PFLT_FILTER Filter)
{
    for (struct vf_operation *Operation = vf_operation_current(); Operation != NULL; Operation = Operation->outer) {
        if (Operation->owner == Filter->Owner && Operation->operation != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

static PFLT_INSTANCE
FltpFilterFirstInstance(PFLT_FILTER Filter)
{
    PFLT_INSTANCE Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = Filter->Instances.Flink; Entry != &Filter->Instances && Found == NULL; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, FilterLinks);
        if (atomic_load(&Instance->State) == FltpStateAttached) {
            atomic_fetch_add(&Instance->Memory, 1);
            Found = Instance;
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

static VOID
FltpFilterDetachAll(PFLT_FILTER Filter)
{
    const FLT_INSTANCE_TEARDOWN_FLAGS Reason = atomic_load(&Filter->Mandatory)
        ? FLTFL_INSTANCE_TEARDOWN_MANDATORY_FILTER_UNLOAD : FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD;

    for (PFLT_INSTANCE Instance; (Instance = FltpFilterFirstInstance(Filter)) != NULL;) {
        FltpInstanceTeardown(Instance, Reason);
        FltpInstanceMemoryRelease(Instance);
    }
}

/* Takes it off the list, so that nobody finds it any more. */
static VOID
FltpFilterRemove(PFLT_FILTER Filter)
{
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    RemoveEntryList(&Filter->Links);
    InitializeListHead(&Filter->Links);
    FltpLockRelease(&FltpGlobals.Lock);
}

/* Waits for references and whatever else is outstanding.  FALSE: the wait was given up. */
static BOOLEAN
FltpFilterWait(PFLT_FILTER Filter)
{
    FltpCountClose(&Filter->Object.References);
    FltpContextFlushDeferred();
    if (!FltpCountWait(&Filter->Object.References, Filter)) {
        return FALSE;
    }
    FltpCountClose(&Filter->Outstanding);
    return FltpCountWait(&Filter->Outstanding, Filter);
}

/* Windows: fltKernel.h, FltUnregisterFilter.  Differences: a wait that never ends is reported and can be given up (F-19). */
VOID FLTAPI
FltUnregisterFilter(PFLT_FILTER Filter)
{
    if (atomic_exchange(&Filter->Unregistering, 1)) {
        vf_report("K-02", "G-15", NULL, Filter->Owner, Filter, "FltUnregisterFilter called twice");
        return;
    }
    if (FltpInsideCallbackOf(Filter)) {
        vf_report("K-29", "F-19", NULL, Filter->Owner, Filter, "FltUnregisterFilter called from an operation callback of the same filter");
    }
    FltpFilterPortsClose(Filter);              /* callbacks that wait for an answer end here */
    FltpFilterDetachAll(Filter);
    FltpLinkOwnerTeardown(&Filter->VolumeLinks);
    if (!FltpFilterWait(Filter)) {
        FltpFilterRemove(Filter);
        FltpContextQuarantineEmpty(Filter->Owner);
        vf_report("K-01", "F-19", NULL, Filter->Owner, Filter,
            "FltUnregisterFilter would wait for ever: %u references and %u contexts, instances or work items are outstanding",
            FltpCountValue(&Filter->Object.References), FltpCountValue(&Filter->Outstanding));
        return;
    }
    FltpFilterRemove(Filter);
    FltpFrameLeave(Filter);
    FltpReportRetired(Filter);
    vf_object_destroy(Filter->Object.Ledger, Filter->Owner, VF_FLT_REFERENCE);
    FltpFilterFree(Filter);
}

/* ---- unload ---- */

/*
 * Unloads of one filter come one after the other, and after its load: whoever unloads holds a claim on its driver (io/claim.c).  So nobody
 * else takes the filter away between the look-up and the call, although no reference can be held then.
 */

/* Drops the caller's reference: the unregister inside the callback waits for references. */
static NTSTATUS
FltpFilterCallUnload(PFLT_FILTER Filter, BOOLEAN Mandatory)
{
    const PFLT_FILTER_UNLOAD_CALLBACK Callback = Filter->Registration.FilterUnloadCallback;
    const PDRIVER_OBJECT Driver = Filter->Driver;
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Filter, NULL, "FilterUnload");
    FltpCountRelease(&Filter->Object.References);
    NT_CALL(&Call, Status = Callback(Mandatory ? FLTFL_FILTER_UNLOAD_MANDATORY : 0));
    Filter = FltpFilterOfDriver(Driver);
    if (Filter != NULL) {
        atomic_store(&Filter->Unloading, 0);   /* it refused */
        FltpCountRelease(&Filter->Object.References);
    }
    return Status;
}

static NTSTATUS
FltpUnloadCheck(PFLT_FILTER Filter, BOOLEAN Mandatory)
{
    if (Filter->Registration.FilterUnloadCallback == NULL) {
        return STATUS_FLT_DO_NOT_DETACH;
    }
    if (Mandatory && (Filter->Registration.Flags & FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP)) {
        return STATUS_FLT_DO_NOT_DETACH;
    }
    /* The claim is this thread's own: its FilterUnload callback is running already. */
    return atomic_exchange(&Filter->Unloading, 1) ? STATUS_FLT_DELETING_OBJECT : STATUS_SUCCESS;
}

/* G-15, G-16, A-23.  The claim on the driver is held; the reference goes. */
static NTSTATUS
FltpUnloadClaimed(PFLT_FILTER Filter, BOOLEAN Mandatory)
{
    const PDRIVER_OBJECT Driver = Filter->Driver;

    if (atomic_load(&Filter->Dead)) {
        FltpCountRelease(&Filter->Object.References);
        FltUnregisterFilter(Filter);
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = FltpUnloadCheck(Filter, Mandatory);
    if (!NT_SUCCESS(Status)) {
        FltpCountRelease(&Filter->Object.References);
        return Status;
    }
    atomic_store(&Filter->Mandatory, Mandatory);
    Status = FltpFilterCallUnload(Filter, Mandatory);
    if (!Mandatory) {
        return NT_SUCCESS(Status) ? STATUS_SUCCESS : Status;
    }
    /* A mandatory unload is not refused (G-16): what the callback left undone is done for it. */
    Filter = FltpFilterOfDriver(Driver);
    if (Filter != NULL) {
        FltpCountRelease(&Filter->Object.References);
        FltUnregisterFilter(Filter);
    }
    return STATUS_SUCCESS;
}

/* NULL: there is no such filter (any more), nothing is claimed.  Else +1 reference. */
static PFLT_FILTER
FltpFilterClaim(PCUNICODE_STRING Name, IOP_DRIVER_CLAIM *Claim)
{
    for (;;) {
        PFLT_FILTER Filter = FltpFilterFind(Name);
        if (Filter == NULL) {
            return NULL;
        }
        const PDRIVER_OBJECT Driver = Filter->Driver;
        FltpCountRelease(&Filter->Object.References);
        IopDriverClaim(Driver, Claim);
        Filter = FltpFilterFind(Name);
        if (Filter != NULL && Filter->Driver == Driver) {
            return Filter;
        }
        if (Filter != NULL) {
            FltpCountRelease(&Filter->Object.References);
        }
        IopDriverRelease(Claim);
    }
}

NTSTATUS
FltpUnloadFilter(PCUNICODE_STRING Name, BOOLEAN Mandatory)
{
    IOP_DRIVER_CLAIM Claim;
    PFLT_FILTER Filter = FltpFilterClaim(Name, &Claim);

    if (Filter == NULL) {
        return STATUS_FLT_FILTER_NOT_FOUND;
    }
    const NTSTATUS Status = FltpUnloadClaimed(Filter, Mandatory);
    IopDriverRelease(&Claim);
    return Status;
}

VOID
FltpEndFilter(PDRIVER_OBJECT Driver)
{
    IOP_DRIVER_CLAIM Claim;

    IopDriverClaim(Driver, &Claim);
    PFLT_FILTER Filter = FltpFilterOfDriver(Driver);
    if (Filter != NULL) {
        FltpCountRelease(&Filter->Object.References);
        atomic_store(&Filter->Mandatory, TRUE);
        FltUnregisterFilter(Filter);
    }
    IopDriverRelease(&Claim);
}

/* Windows: fltKernel.h, FltUnloadFilter.  Differences: none. */
NTSTATUS FLTAPI
FltUnloadFilter(PCUNICODE_STRING FilterName)
{
    IOP_DRIVER_CLAIM Claim;
    PFLT_FILTER Filter = FltpFilterClaim(FilterName, &Claim);

    if (Filter == NULL) {
        return STATUS_FLT_FILTER_NOT_FOUND;
    }
    const PDRIVER_OBJECT Driver = Filter->Driver;
    NTSTATUS Status = FltpUnloadClaimed(Filter, FALSE);
    if (NT_SUCCESS(Status)) {
        Status = IopUnloadDriver(Driver);
    }
    IopDriverRelease(&Claim);
    return Status;
}

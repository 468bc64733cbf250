/* SPDX-License-Identifier: MIT */
/*
 * Instances: attach, find, neighbours.
 *
 *      Setup ── InstanceSetup succeeds ──> Attached ── FltpInstanceTeardown ──> Teardown ──> Gone
 *        └──── InstanceSetup fails ─────────────────────────────────────────────────────> Gone     (C-32: its contexts go)
 *
 * An instance is on the lists of its filter and volume from Setup to Gone; only Attached ones are in snapshots and are found.
 */
#include "fltmgr/transact.h"

VOID
FltpInstanceObjects(PFLT_INSTANCE Instance, PVOID Objects)
{
    const FLT_RELATED_OBJECTS Filled = { .Size = sizeof(FLT_RELATED_OBJECTS), .Filter = Instance->Filter,
        .Volume = Instance->Volume, .Instance = Instance };

    memcpy(Objects, &Filled, sizeof(Filled));
}

/* ---- create ---- */

static PFLT_INSTANCE
FltpInstanceAllocate(const FLTP_ATTACH *Attach)
{
    PFLT_INSTANCE Instance = port_alloc_zeroed(sizeof(*Instance));

    if (Instance == NULL) {
        return NULL;
    }
    atomic_store(&Instance->Object.Type, FltpTypeInstance);
    atomic_store(&Instance->Memory, 1);
    Instance->Filter = Attach->Filter;
    Instance->Volume = Attach->Volume;
    atomic_store(&Instance->Skip, (UCHAR)atomic_load(&Attach->Filter->Dead));
    FltpTargetInitialize(&Instance->Contexts, FltpTargetInstance, NULL);
    FltpLinkOwnerInitialize(&Instance->Links);
    Instance->Links.Near = atomic_fetch_add(&Attach->Volume->InstancesMade, 1) % FLTP_NEAR_COUNT;
    InitializeListHead(&Instance->Enlistments.List);
    if (!NT_SUCCESS(FltpStringCopy(&Instance->Name, Attach->Name)) ||
        !NT_SUCCESS(FltpStringCopy(&Instance->Altitude, Attach->Altitude))) {
        FltpInstanceMemoryRelease(Instance);
        return NULL;
    }
    return Instance;
}

/* Where an instance goes, highest altitude first; collisions (G-17). */
static NTSTATUS
FltpInstancePlaceLocked(PFLT_INSTANCE Instance, PLIST_ENTRY *Before)
{
    PLIST_ENTRY Head = &Instance->Volume->Instances;

    *Before = NULL;
    for (PLIST_ENTRY Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        PFLT_INSTANCE Other = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        const LONG Order = FltpAltitudeCompare(&Instance->Altitude, &Other->Altitude);
        if (RtlEqualUnicodeString(&Instance->Name, &Other->Name, TRUE)) {
            return STATUS_FLT_INSTANCE_NAME_COLLISION;
        }
        if (Order == 0) {
            return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        }
        if (Order > 0 && *Before == NULL) {
            *Before = Entry;
        }
    }
    if (*Before == NULL) {
        *Before = Head;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpInstanceInsert(PFLT_INSTANCE Instance)
{
    PLIST_ENTRY Before;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    FltpLockAcquire(&Instance->Volume->Lock, FLTP_RANK_VOLUME);
    NTSTATUS Status = FltpInstancePlaceLocked(Instance, &Before);
    if (NT_SUCCESS(Status)) {
        InsertTailList(Before, &Instance->VolumeLinks);
        InsertTailList(&Instance->Filter->Instances, &Instance->FilterLinks);
    }
    FltpLockRelease(&Instance->Volume->Lock);
    FltpLockRelease(&FltpGlobals.Lock);
    return Status;
}

static VOID
FltpInstanceRemove(PFLT_INSTANCE Instance)
{
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    FltpLockAcquire(&Instance->Volume->Lock, FLTP_RANK_VOLUME);
    RemoveEntryList(&Instance->VolumeLinks);
    RemoveEntryList(&Instance->FilterLinks);
    FltpLockRelease(&Instance->Volume->Lock);
    FltpLockRelease(&FltpGlobals.Lock);
}

/* Setup becomes Attached, and the volume's operations see it. */
static NTSTATUS
FltpInstancePublish(PFLT_INSTANCE Instance)
{
    PFLT_VOLUME Volume = Instance->Volume;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    atomic_store(&Instance->State, FltpStateAttached);
    NTSTATUS Status = FltpSnapshotPublishLocked(Volume);
    if (!NT_SUCCESS(Status)) {
        atomic_store(&Instance->State, FltpStateGone);
    }
    FltpLockRelease(&Volume->Lock);
    return Status;
}

static NTSTATUS
FltpInstanceCallSetup(PFLT_INSTANCE Instance, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    const PFLT_INSTANCE_SETUP_CALLBACK Callback = Instance->Filter->Registration.InstanceSetupCallback;
    FLT_RELATED_OBJECTS Objects = { 0 };
    KI_DRIVER_CALL Call;

    if (Callback == NULL) {
        return STATUS_SUCCESS;
    }
    FltpInstanceObjects(Instance, &Objects);
    FltpCallInitialize(&Call, Instance->Filter, NULL, "InstanceSetup");
    NT_CALL(&Call, Status = Callback(&Objects, Flags, Instance->Volume->DeviceType, Instance->Volume->FileSystemType));
    if (Call.Faulted) {
        FltpFilterMarkDead(Instance->Filter);
        return STATUS_DRIVER_INTERNAL_ERROR;
    }
    return Status;
}

/* What is left of an instance that was never attached, or is detached. */
VOID
FltpInstanceDiscard(PFLT_INSTANCE Instance)
{
    atomic_store(&Instance->Deleting, 1);
    FltpEnlistmentsWithdraw(Instance);
    FltpLinkOwnerTeardown(&Instance->Links);
    FltpTargetTeardown(&Instance->Contexts);
    atomic_store(&Instance->State, FltpStateGone);
    FltpInstanceRemove(Instance);
    vf_object_destroy(Instance->Object.Ledger, Instance->Filter->Owner, VF_FLT_REFERENCE);
    FltpCountRelease(&Instance->Volume->Outstanding);
    FltpCountRelease(&Instance->Filter->Outstanding);
    FltpInstanceMemoryRelease(Instance);
}

/* Set-up failed: I/O that the callback issued and references that it took end first. */
static VOID
FltpInstanceAbandon(PFLT_INSTANCE Instance, BOOLEAN Referenced)
{
    if (Referenced) {
        FltpCountRelease(&Instance->Object.References);
    }
    FltpCountClose(&Instance->Outstanding);
    FltpCountWait(&Instance->Outstanding, Instance->Filter);
    FltpCountClose(&Instance->Object.References);
    FltpCountWait(&Instance->Object.References, Instance->Filter);
    FltpInstanceDiscard(Instance);
}

/* An unregister or dismount that began meanwhile has not seen this instance attached. */
static NTSTATUS
FltpInstanceCheckLate(PFLT_INSTANCE Instance, PFLT_INSTANCE *RetInstance)
{
    if (!atomic_load(&Instance->Filter->Unregistering) && !atomic_load(&Instance->Volume->Dismounting)) {
        return STATUS_SUCCESS;
    }
    if (RetInstance != NULL) {
        *RetInstance = NULL;
        FltpCountRelease(&Instance->Object.References);
    }
    FltpInstanceTeardown(Instance, FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD);
    return STATUS_FLT_DELETING_OBJECT;
}

static NTSTATUS
FltpInstanceAttachHeld(const FLTP_ATTACH *Attach, PFLT_INSTANCE *RetInstance)
{
    PFLT_INSTANCE Instance = FltpInstanceAllocate(Attach);

    if (Instance == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = FltpInstanceInsert(Instance);
    if (!NT_SUCCESS(Status)) {
        atomic_store(&Attach->Filter->AttachStatus, Status);
        FltpInstanceMemoryRelease(Instance);
        return Status;
    }
    FltpCountAcquire(&Attach->Filter->Outstanding);
    FltpCountAcquire(&Attach->Volume->Outstanding);
    Instance->Object.Ledger = vf_object_create(Attach->Filter->Owner, VF_FLT_REFERENCE, Instance, sizeof(*Instance), 0,
        VF_REASON_INTERNAL, "FltAttachVolume");
    Status = FltpInstanceCallSetup(Instance, Attach->Flags);
    if (!NT_SUCCESS(Status)) {
        atomic_store(&Attach->Filter->SetupStatus, Status);
    }
    if (RetInstance != NULL) {
        /* For the caller, before anybody can detach it. */
        FltpCountTryAcquire(&Instance->Object.References);
    }
    atomic_fetch_add(&Instance->Memory, 1);
    if (NT_SUCCESS(Status)) {
        Status = FltpInstancePublish(Instance);
    }
    if (!NT_SUCCESS(Status)) {
        FltpInstanceAbandon(Instance, RetInstance != NULL);
        FltpInstanceMemoryRelease(Instance);
        return Status;
    }
    atomic_fetch_add(&Attach->Filter->Attached, 1);
    if (RetInstance != NULL) {
        *RetInstance = Instance;
    }
    FltpSnapshotReclaim(Attach->Volume);
    Status = FltpInstanceCheckLate(Instance, RetInstance);
    FltpInstanceMemoryRelease(Instance);
    return Status;
}

/*
 * Attaches an instance: set-up callback, then publication.  Errors and warnings of the callback mean no attachment (G-01).
 *
 * IRQL:   PASSIVE_LEVEL
 * Refs:   *Instance +1 for the caller (if Instance is not NULL)
 * Fails:  STATUS_FLT_DELETING_OBJECT, STATUS_FLT_INSTANCE_NAME_COLLISION, STATUS_FLT_INSTANCE_ALTITUDE_COLLISION,
 *         STATUS_INSUFFICIENT_RESOURCES, or the set-up callback's status
 */
NTSTATUS
FltpInstanceAttach(const FLTP_ATTACH *Attach, PFLT_INSTANCE *Instance)
{
    if (Instance != NULL) {
        *Instance = NULL;
    }
    if (atomic_load(&Attach->Filter->Unregistering) || atomic_load(&Attach->Volume->Dismounting)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (!FltpCountTryAcquire(&Attach->Filter->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    NTSTATUS Status = STATUS_FLT_DELETING_OBJECT;
    FLTP_ATTACH Here = *Attach;
    if (Here.Volume->Frame != Here.Filter->Frame) {
        Here.Volume = FltpVolumeLookIn(Here.Volume->VolumeDevice, Here.Filter->Frame);   /* the same volume where the filter is */
    } else if (!FltpCountTryAcquire(&Here.Volume->Outstanding)) {
        Here.Volume = NULL;
    }
    if (Here.Volume != NULL) {
        Status = FltpInstanceAttachHeld(&Here, Instance);
        FltpCountRelease(&Here.Volume->Outstanding);
    }
    FltpCountRelease(&Attach->Filter->Outstanding);
    return Status;
}

VOID
FltpInstanceAttachAutomatic(PFLT_FILTER Filter, PFLT_VOLUME Volume, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    for (ULONG i = 0; i < Filter->InstanceDefinitionCount; i++) {
        const FLTP_INSTANCE_DEFINITION *Definition = &Filter->InstanceDefinitions[i];
        const FLTP_ATTACH Attach = { .Filter = Filter, .Volume = Volume, .Name = &Definition->Name,
            .Altitude = &Definition->Altitude, .Flags = Flags };
        if (!(Definition->Flags & FLTP_INSTANCE_NO_AUTOMATIC)) {
            NTSTATUS Status = FltpInstanceAttach(&Attach, NULL);
            if (Status == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION) {
                port_log(PORT_LOG_WARNING, "fltmgr", "%s is not attached: another instance has its altitude",
                    vf_owner_name(Filter->Owner));
            }
        }
    }
}

/* Windows: fltKernel.h, FltAttachVolume.  Differences: none. */
NTSTATUS FLTAPI
FltAttachVolume(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName, PFLT_INSTANCE *RetInstance)
{
    const FLTP_INSTANCE_DEFINITION *Definition;

    if (RetInstance != NULL) {
        *RetInstance = NULL;
    }
    if (!atomic_load(&Filter->Started)) {
        return STATUS_FLT_FILTER_NOT_READY;
    }
    NTSTATUS Status = FltpRegistryFindInstance(Filter, InstanceName, &Definition);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Definition->Flags & FLTP_INSTANCE_NO_MANUAL) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    Status = FltAttachVolumeAtAltitude(Filter, Volume, &Definition->Altitude, &Definition->Name, RetInstance);
    return Status == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION ? STATUS_OBJECT_NAME_COLLISION : Status;
}

/* Windows: fltKernel.h, FltAttachVolumeAtAltitude.  Differences: none. */
NTSTATUS FLTAPI
FltAttachVolumeAtAltitude(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Altitude, PCUNICODE_STRING InstanceName,
    PFLT_INSTANCE *RetInstance)
{
    if (RetInstance != NULL) {
        *RetInstance = NULL;
    }
    if (!atomic_load(&Filter->Started)) {
        return STATUS_FLT_FILTER_NOT_READY;
    }
    if (!FltpAltitudeIsValid(Altitude)) {
        return STATUS_INVALID_PARAMETER;
    }
    const FLTP_ATTACH Attach = { .Filter = Filter, .Volume = Volume, .Altitude = Altitude,
        .Name = InstanceName != NULL ? InstanceName : &Filter->InstanceDefinitions[0].Name,
        .Flags = FLTFL_INSTANCE_SETUP_MANUAL_ATTACHMENT };
    NTSTATUS Status = FltpInstanceAttach(&Attach, RetInstance);
    if (NT_SUCCESS(Status) && RetInstance != NULL && vf_on()) {
        vf_object_reference((*RetInstance)->Object.Ledger, VF_REASON_REFERENCE, __func__);
    }
    return Status;
}

/* ---- find ---- */

/* The highest attached instance that matches. */
static PFLT_INSTANCE
FltpInstanceFindLocked(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if ((Filter == NULL || Instance->Filter == Filter) &&
            (Name == NULL || RtlEqualUnicodeString(&Instance->Name, Name, TRUE)) &&
            atomic_load(&Instance->State) != FltpStateSetup) {
            return Instance;
        }
    }
    return NULL;
}

/* Finds one that may be going away; +1 Memory. */
static PFLT_INSTANCE
FltpInstanceFindIn(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name)
{
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    PFLT_INSTANCE Instance = FltpInstanceFindLocked(Filter, Volume, Name);
    if (Instance != NULL) {
        atomic_fetch_add(&Instance->Memory, 1);
    }
    FltpLockRelease(&Volume->Lock);
    return Instance;
}

/* Whichever frame's volume it is, a filter's instances are in that of its own. */
static PFLT_INSTANCE
FltpInstanceFindAny(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name)
{
    if (Filter == NULL || Filter->Frame == Volume->Frame) {
        return FltpInstanceFindIn(Filter, Volume, Name);
    }
    PFLT_VOLUME Own = FltpVolumeLookIn(Volume->VolumeDevice, Filter->Frame);
    if (Own == NULL) {
        return NULL;
    }
    PFLT_INSTANCE Instance = FltpInstanceFindIn(Filter, Own, Name);
    FltpCountRelease(&Own->Outstanding);
    return Instance;
}

PFLT_INSTANCE
FltpInstanceFind(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name)
{
    PFLT_INSTANCE Instance = FltpInstanceFindAny(Filter, Volume, Name);

    if (Instance == NULL) {
        return NULL;
    }
    const BOOLEAN Found = FltpCountTryAcquire(&Instance->Object.References);
    FltpInstanceMemoryRelease(Instance);
    return Found ? Instance : NULL;
}

/* Windows: fltKernel.h, FltGetVolumeInstanceFromName.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeInstanceFromName(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName, PFLT_INSTANCE *RetInstance)
{
    *RetInstance = NULL;
    PFLT_INSTANCE Instance = FltpInstanceFindAny(Filter, Volume, InstanceName);
    if (Instance == NULL) {
        return STATUS_FLT_INSTANCE_NOT_FOUND;
    }
    NTSTATUS Status = FltpObjectReference(Instance, __func__);
    if (NT_SUCCESS(Status)) {
        *RetInstance = Instance;
    }
    FltpInstanceMemoryRelease(Instance);
    return Status;
}

/* The next attached instance from Entry on, upwards or downwards; +1. */
static NTSTATUS
FltpInstanceNeighbour(PFLT_VOLUME Volume, PFLT_INSTANCE From, BOOLEAN Down, PFLT_INSTANCE *Found, const char *Routine)
{
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;

    *Found = NULL;
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    PLIST_ENTRY Head = &Volume->Instances;
    PLIST_ENTRY Entry = From != NULL ? &From->VolumeLinks : Head;
    for (Entry = Down ? Entry->Flink : Entry->Blink; Entry != Head; Entry = Down ? Entry->Flink : Entry->Blink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if (atomic_load(&Instance->State) == FltpStateAttached && NT_SUCCESS(FltpObjectReference(Instance, Routine))) {
            *Found = Instance;
            Status = STATUS_SUCCESS;
            break;
        }
    }
    FltpLockRelease(&Volume->Lock);
    return Status;
}

/* Windows: fltKernel.h, FltGetTopInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetTopInstance(PFLT_VOLUME Volume, PFLT_INSTANCE *Instance)
{
    return FltpInstanceNeighbour(Volume, NULL, TRUE, Instance, __func__);
}

/* Windows: fltKernel.h, FltGetBottomInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetBottomInstance(PFLT_VOLUME Volume, PFLT_INSTANCE *Instance)
{
    return FltpInstanceNeighbour(Volume, NULL, FALSE, Instance, __func__);
}

/* Windows: fltKernel.h, FltGetLowerInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetLowerInstance(PFLT_INSTANCE CurrentInstance, PFLT_INSTANCE *LowerInstance)
{
    return FltpInstanceNeighbour(CurrentInstance->Volume, CurrentInstance, TRUE, LowerInstance, __func__);
}

/* Windows: fltKernel.h, FltGetUpperInstance.  Differences: none. */
NTSTATUS FLTAPI
FltGetUpperInstance(PFLT_INSTANCE CurrentInstance, PFLT_INSTANCE *UpperInstance)
{
    return FltpInstanceNeighbour(CurrentInstance->Volume, CurrentInstance, FALSE, UpperInstance, __func__);
}

/* Windows: fltKernel.h, FltCompareInstanceAltitudes.  Differences: none. */
LONG FLTAPI
FltCompareInstanceAltitudes(PFLT_INSTANCE Instance1, PFLT_INSTANCE Instance2)
{
    return FltpAltitudeCompare(&Instance1->Altitude, &Instance2->Altitude);
}

/* ---- manual detach ---- */

static NTSTATUS
FltpInstanceCallQuery(PFLT_INSTANCE Instance)
{
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    const PFLT_INSTANCE_QUERY_TEARDOWN_CALLBACK Callback = Instance->Filter->Registration.InstanceQueryTeardownCallback;
    FLT_RELATED_OBJECTS Objects = { 0 };
    KI_DRIVER_CALL Call;

    if (Callback == NULL) {
        return STATUS_FLT_DO_NOT_DETACH;
    }
    FltpInstanceObjects(Instance, &Objects);
    FltpCallInitialize(&Call, Instance->Filter, NULL, "InstanceQueryTeardown");
    NT_CALL(&Call, Status = Callback(&Objects, 0));
    if (Call.Faulted) {
        FltpFilterMarkDead(Instance->Filter);
    }
    return Status;
}

/* Windows: fltKernel.h, FltDetachVolume.  Differences: none. */
NTSTATUS FLTAPI
FltDetachVolume(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName)
{
    PFLT_INSTANCE Instance = FltpInstanceFindAny(Filter, Volume, InstanceName);

    if (Instance == NULL) {
        return STATUS_FLT_INSTANCE_NOT_FOUND;
    }
    NTSTATUS Status = STATUS_FLT_DELETING_OBJECT;
    if (FltpInsideCallbackOf(Filter)) {
        vf_report("K-29", "G-06", NULL, Filter->Owner, Instance, "FltDetachVolume called from an operation callback of the same filter");
    }
    if (atomic_load(&Instance->State) == FltpStateAttached) {
        Status = FltpInstanceCallQuery(Instance);
        if (NT_SUCCESS(Status)) {
            Status = FltpInstanceTeardown(Instance, FLTFL_INSTANCE_TEARDOWN_MANUAL);
        }
    }
    FltpInstanceMemoryRelease(Instance);
    return Status;
}

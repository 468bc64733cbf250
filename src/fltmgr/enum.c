/* SPDX-License-Identifier: MIT */
/*
 * Lists of filters, volumes and instances.  A list is collected with one reference on each object under the lists' locks; what is returned
 * to drivers keeps them (FltObjectDereference), the rest is released.
 */
#include "fltmgr/listing.h"

/* ---- collecting ---- */

static BOOLEAN
FltpListAdd(FLTP_LIST *List, ULONG Capacity, FLTP_OBJECT *Object)
{
    if (List->Count == Capacity) {
        return FALSE;
    }
    if (FltpCountTryAcquire(&Object->References)) {
        List->Objects[List->Count++] = Object;
    }
    return TRUE;
}

VOID
FltpListFree(FLTP_LIST *List)
{
    for (ULONG i = 0; i < List->Count; i++) {
        FltpCountRelease(&List->Objects[i]->References);
    }
    port_free(List->Objects);
    List->Objects = NULL;
    List->Count = 0;
}

static BOOLEAN
FltpListFilters(FLTP_LIST *List, ULONG Capacity)
{
    BOOLEAN Fits = TRUE;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters && Fits; Entry = Entry->Flink) {
        Fits = FltpListAdd(List, Capacity, &CONTAINING_RECORD(Entry, FLT_FILTER, Links)->Object);
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Fits;
}

static BOOLEAN
FltpListVolumes(FLTP_LIST *List, ULONG Capacity)
{
    BOOLEAN Fits = TRUE;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Volumes.Flink; Entry != &FltpGlobals.Volumes && Fits; Entry = Entry->Flink) {
        const PFLT_VOLUME Volume = CONTAINING_RECORD(Entry, FLT_VOLUME, Links);
        if (List->Filter == NULL || Volume->Frame == List->Filter->Frame) {
            Fits = FltpListAdd(List, Capacity, &Volume->Object);
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Fits;
}

static BOOLEAN
FltpListVolumeInstances(FLTP_LIST *List, ULONG Capacity)
{
    PFLT_VOLUME Volume = List->Volume;
    BOOLEAN Fits = TRUE;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances && Fits; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if (atomic_load(&Instance->State) == FltpStateAttached && (List->Filter == NULL || Instance->Filter == List->Filter)) {
            Fits = FltpListAdd(List, Capacity, &Instance->Object);
        }
    }
    FltpLockRelease(&Volume->Lock);
    return Fits;
}

static BOOLEAN
FltpListFilterInstances(FLTP_LIST *List, ULONG Capacity)
{
    PFLT_FILTER Filter = List->Filter;
    BOOLEAN Fits = TRUE;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = Filter->Instances.Flink; Entry != &Filter->Instances && Fits; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, FilterLinks);
        if (atomic_load(&Instance->State) == FltpStateAttached) {
            Fits = FltpListAdd(List, Capacity, &Instance->Object);
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Fits;
}

/* Collects into a list that is large enough: the objects are counted while they are added. */
static NTSTATUS
FltpListCollect(FLTP_LIST *List, BOOLEAN (*Fill)(FLTP_LIST *List, ULONG Capacity))
{
    for (ULONG Capacity = 16;; Capacity *= 2) {
        List->Count = 0;
        List->Objects = port_alloc(Capacity * sizeof(List->Objects[0]));
        if (List->Objects == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        if (Fill(List, Capacity)) {
            return STATUS_SUCCESS;
        }
        FltpListFree(List);
    }
}

/* ---- highest altitude first ---- */

static PCUNICODE_STRING
FltpFilterAltitude(const FLTP_OBJECT *Object)
{
    const FLT_FILTER *Filter = (const FLT_FILTER *)Object;

    return Filter->InstanceDefinitionCount != 0 ? &Filter->InstanceDefinitions[0].Altitude : NULL;
}

static BOOLEAN
FltpFilterIsAbove(const FLTP_OBJECT *A, const FLTP_OBJECT *B)
{
    PCUNICODE_STRING Left = FltpFilterAltitude(A), Right = FltpFilterAltitude(B);

    return Left != NULL && (Right == NULL || FltpAltitudeCompare(Left, Right) > 0);
}

NTSTATUS
FltpFiltersCollect(FLTP_LIST *List)
{
    NTSTATUS Status = FltpListCollect(List, FltpListFilters);

    for (ULONG i = 1; NT_SUCCESS(Status) && i < List->Count; i++) {
        FLTP_OBJECT *Object = List->Objects[i];
        ULONG At = i;
        for (; At > 0 && FltpFilterIsAbove(Object, List->Objects[At - 1]); At--) {
            List->Objects[At] = List->Objects[At - 1];
        }
        List->Objects[At] = Object;
    }
    return Status;
}

NTSTATUS
FltpVolumesCollect(FLTP_LIST *List)
{
    return FltpListCollect(List, FltpListVolumes);
}

NTSTATUS
FltpInstancesCollect(FLTP_LIST *List)
{
    return FltpListCollect(List, List->Volume != NULL ? FltpListVolumeInstances : FltpListFilterInstances);
}

/* ---- returning ---- */

/* Hands a collected list to a driver; the references go along. */
static NTSTATUS
FltpListReturn(FLTP_LIST *List, PVOID *Array, ULONG Size, PULONG Number, const char *Routine)
{
    *Number = List->Count;
    if (List->Count > Size || (List->Count != 0 && Array == NULL)) {
        FltpListFree(List);
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (ULONG i = 0; i < List->Count; i++) {
        Array[i] = List->Objects[i];
        if (vf_on()) {
            vf_object_reference(List->Objects[i]->Ledger, VF_REASON_REFERENCE, Routine);
        }
    }
    List->Count = 0;
    FltpListFree(List);
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltEnumerateFilters.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateFilters(PFLT_FILTER *FilterList, ULONG FilterListSize, PULONG NumberFiltersReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_LIST List = { 0 };
    NTSTATUS Status = FltpFiltersCollect(&List);
    *NumberFiltersReturned = 0;
    return NT_SUCCESS(Status) ? FltpListReturn(&List, (PVOID *)FilterList, FilterListSize, NumberFiltersReturned, __func__) : Status;
}

/* Windows: fltKernel.h, FltEnumerateVolumes.  Differences: those of the filter's frame. */
NTSTATUS FLTAPI
FltEnumerateVolumes(PFLT_FILTER Filter, PFLT_VOLUME *VolumeList, ULONG VolumeListSize, PULONG NumberVolumesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_LIST List = { .Filter = Filter };
    NTSTATUS Status = FltpVolumesCollect(&List);
    *NumberVolumesReturned = 0;
    return NT_SUCCESS(Status) ? FltpListReturn(&List, (PVOID *)VolumeList, VolumeListSize, NumberVolumesReturned, __func__) : Status;
}

/* Windows: fltKernel.h, FltEnumerateInstances.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateInstances(PFLT_VOLUME Volume, PFLT_FILTER Filter, PFLT_INSTANCE *InstanceList, ULONG InstanceListSize, PULONG NumberInstancesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_LIST List = { .Volume = Volume, .Filter = Filter };
    *NumberInstancesReturned = 0;
    if (Volume == NULL && Filter == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpInstancesCollect(&List);
    return NT_SUCCESS(Status) ? FltpListReturn(&List, (PVOID *)InstanceList, InstanceListSize, NumberInstancesReturned, __func__) : Status;
}

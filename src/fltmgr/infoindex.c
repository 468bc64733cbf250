/* SPDX-License-Identifier: MIT */
/*
 * Information about filters, instances and volumes by index.  What a stack holds is gone through from its top: the legacy filters above a
 * frame, the frame's minifilters, highest altitude first, and so on to the legacy filters below the lowest frame.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/listing.h"

typedef struct FLTP_BY_INDEX {
    ULONG Index, Class;
    PVOID Buffer;
    ULONG BufferSize;
    PULONG BytesReturned;
    /* own */
    NTSTATUS Status;                           /* STATUS_NO_MORE_ENTRIES until it is found */
    BOOLEAN Found;
    ULONG Seen;                                /* entries passed */
} FLTP_BY_INDEX;

static FLTP_BY_INDEX
FltpByIndex(ULONG Index, ULONG Class, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    *BytesReturned = 0;
    return (FLTP_BY_INDEX){ .Index = Index, .Class = Class, .Buffer = Buffer, .BufferSize = BufferSize, .BytesReturned = BytesReturned,
        .Status = STATUS_NO_MORE_ENTRIES };
}

/* The next entry. */
static VOID
FltpByPass(FLTP_BY_INDEX *By, FLTP_DESCRIBE *Describe, const VOID *Object)
{
    if (By->Seen++ == By->Index) {
        By->Found = TRUE;
        By->Status = FltpDescribe(Describe, Object, By->Class, By->Buffer, By->BufferSize, By->BytesReturned);
    }
}

/* A list that was collected with Status. */
static VOID
FltpByPassList(FLTP_BY_INDEX *By, FLTP_DESCRIBE *Describe, FLTP_LIST *List, NTSTATUS Status)
{
    if (!NT_SUCCESS(Status)) {
        By->Found = TRUE;
        By->Status = Status;
        return;
    }
    for (ULONG i = 0; i < List->Count; i++) {
        FltpByPass(By, Describe, List->Objects[i]);
    }
    FltpListFree(List);
}

/* ---- legacy filters ---- */

typedef struct FLTP_LEGACIES_FOUND {
    ULONG Count;
    IOP_FOREIGN List[FLTP_LEGACIES];
    PFLT_VOLUME Volume;                        /* of instances; NULL: filters */
} FLTP_LEGACIES_FOUND;

/* Those on a level, the highest first; Attached FALSE: those that are attached to nothing. */
static VOID
FltpByPassLegacies(FLTP_BY_INDEX *By, const FLTP_LEGACIES_FOUND *Found, ULONG Level, BOOLEAN Attached)
{
    ULONG Below = ~0u;

    for (;;) {
        const IOP_FOREIGN *Next = NULL;
        for (ULONG i = 0; i < Found->Count; i++) {
            const IOP_FOREIGN *Entry = &Found->List[i];
            const ULONG Place = Attached ? Entry->Place : i + 1;
            if ((Entry->Place != 0) == Attached && Entry->Level == Level && Place < Below &&
                (Next == NULL || Place > (Attached ? Next->Place : (ULONG)(Next - Found->List) + 1))) {
                Next = Entry;
            }
        }
        if (Next == NULL) {
            return;
        }
        const FLTP_LEGACY Legacy = { .Driver = Next->Driver, .Volume = Found->Volume };
        FltpByPass(By, Found->Volume != NULL ? FltpDescribeLegacyInstance : FltpDescribeLegacyFilter, &Legacy);
        Below = Attached ? Next->Place : (ULONG)(Next - Found->List) + 1;
    }
}

/* ---- filters ---- */

static BOOLEAN
FltpIsAggregate(ULONG Class)
{
    return Class == FilterAggregateBasicInformation || Class == FilterAggregateStandardInformation;
}

static VOID
FltpByPassFrame(FLTP_BY_INDEX *By, const FLTP_LIST *List, ULONG Frame)
{
    for (ULONG i = 0; i < List->Count; i++) {
        if (((PFLT_FILTER)List->Objects[i])->Frame == Frame) {
            FltpByPass(By, FltpDescribeFilter, List->Objects[i]);
        }
    }
}

/* Windows: fltKernel.h, FltEnumerateFilterInformation.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateFilterInformation(ULONG Index, FILTER_INFORMATION_CLASS InformationClass, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    FLTP_LEGACIES_FOUND Legacies = { 0 };
    FLTP_LIST List = { 0 };
    NTSTATUS Status = FltpFiltersCollect(&List);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (FltpIsAggregate(InformationClass)) {
        Legacies.Count = IopForeignDrivers(FltpGlobals.Driver, NULL, Legacies.List, FLTP_LEGACIES);
    }
    FltpByPassLegacies(&By, &Legacies, 0, FALSE);
    for (ULONG Frame = atomic_load(&FltpGlobals.FrameCount); Frame-- > 0;) {
        FltpByPassLegacies(&By, &Legacies, Frame + 1, TRUE);
        FltpByPassFrame(&By, &List, Frame);
    }
    FltpByPassLegacies(&By, &Legacies, 0, TRUE);
    IopForeignRelease(Legacies.List, Legacies.Count);
    FltpListFree(&List);
    return By.Status;
}

/* ---- volumes ---- */

/* Windows: fltKernel.h, FltEnumerateVolumeInformation.  Differences: those of the filter's frame. */
NTSTATUS FLTAPI
FltEnumerateVolumeInformation(PFLT_FILTER Filter, ULONG Index, FILTER_VOLUME_INFORMATION_CLASS InformationClass, PVOID Buffer, ULONG BufferSize,
    PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_LIST List = { .Filter = Filter };
    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    const NTSTATUS Status = FltpVolumesCollect(&List);
    FltpByPassList(&By, FltpDescribeVolume, &List, Status);
    return By.Status;
}

/* ---- instances ---- */

/* Windows: fltKernel.h, FltEnumerateInstanceInformationByFilter.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateInstanceInformationByFilter(PFLT_FILTER Filter, ULONG Index, INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
    ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_LIST List = { .Filter = Filter };
    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    const NTSTATUS Status = FltpInstancesCollect(&List);
    FltpByPassList(&By, FltpDescribeInstance, &List, Status);
    return By.Status;
}

/* A volume in one frame: what is above it up to the next frame, what is in it, and, of the lowest, what is below. */
static VOID
FltpByPassVolume(FLTP_BY_INDEX *By, PFLT_VOLUME Volume)
{
    FLTP_LEGACIES_FOUND Legacies = { .Volume = Volume };
    FLTP_LIST List = { .Volume = Volume };
    const NTSTATUS Status = FltpInstancesCollect(&List);

    if (By->Class == InstanceAggregateStandardInformation) {
        Legacies.Count = IopForeignDrivers(FltpGlobals.Driver, Volume->VolumeDevice, Legacies.List, FLTP_LEGACIES);
    }
    FltpByPassLegacies(By, &Legacies, Volume->Frame + 1, TRUE);
    FltpByPassList(By, FltpDescribeInstance, &List, Status);
    if (Volume->Base == Volume) {
        FltpByPassLegacies(By, &Legacies, 0, TRUE);
    }
    IopForeignRelease(Legacies.List, Legacies.Count);
}

/* Windows: fltKernel.h, FltEnumerateInstanceInformationByVolume.  Differences: the volume is that of one frame, and so are its instances. */
NTSTATUS FLTAPI
FltEnumerateInstanceInformationByVolume(PFLT_VOLUME Volume, ULONG Index, INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
    ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    FltpByPassVolume(&By, Volume);
    return By.Status;
}

/* In all frames.  Volume: one reference of the caller's, which goes; one without anything above it counts as Empty. */
static NTSTATUS
FltpByVolume(PFLT_VOLUME Volume, FLTP_BY_INDEX *By, NTSTATUS Empty)
{
    for (ULONG Frame = atomic_load(&FltpGlobals.FrameCount); Frame-- > 0;) {
        PFLT_VOLUME There = FltpVolumeLookIn(Volume->VolumeDevice, Frame);
        if (There != NULL) {
            FltpByPassVolume(By, There);
            FltpCountRelease(&There->Outstanding);
        }
    }
    FltpCountRelease(&Volume->Object.References);
    return By->Seen == 0 && !By->Found ? Empty : By->Status;
}

/* Windows: fltKernel.h, FltEnumerateInstanceInformationByVolumeName.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateInstanceInformationByVolumeName(PUNICODE_STRING VolumeName, ULONG Index, INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
    ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    PFLT_VOLUME Volume;
    NTSTATUS Status = FltpVolumeByName(VolumeName, NULL, &Volume);
    return NT_SUCCESS(Status) ? FltpByVolume(Volume, &By, STATUS_FLT_VOLUME_NOT_FOUND) : Status;
}

/* Windows: fltKernel.h, FltEnumerateInstanceInformationByDeviceObject.  Differences: none. */
NTSTATUS FLTAPI
FltEnumerateInstanceInformationByDeviceObject(PDEVICE_OBJECT DeviceObject, ULONG Index, INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer,
    ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_BY_INDEX By = FltpByIndex(Index, InformationClass, Buffer, BufferSize, BytesReturned);
    PFLT_VOLUME Volume = FltpVolumeOfDevice(DeviceObject, NULL);
    return Volume != NULL ? FltpByVolume(Volume, &By, STATUS_FLT_INTERNAL_ERROR) : STATUS_FLT_VOLUME_NOT_FOUND;
}

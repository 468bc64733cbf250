/* SPDX-License-Identifier: MIT */
/*
 * Information structures about filters, instances and volumes: a fixed part, then the strings it refers to by offset and length (or one
 * string that stands in it).  A structure is laid out once for its size and, if that fits, once for real.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/listing.h"

/* ---- laying out ---- */

static VOID
FltpLayoutString(FLTP_LAYOUT *Layout, PCUNICODE_STRING String, PUSHORT Length, PUSHORT Offset)
{
    *Length = String->Length;
    if (Offset != NULL) {
        *Offset = (USHORT)Layout->Used;
    }
    if (Layout->Buffer != NULL && String->Length != 0) {
        memcpy(Layout->Buffer + Layout->Used, String->Buffer, String->Length);
    }
    Layout->Used += String->Length;
}

/* The fixed part, which the strings before have filled in. */
static VOID
FltpLayoutFixed(const FLTP_LAYOUT *Layout, const VOID *Fixed, ULONG Bytes)
{
    if (Layout->Buffer != NULL) {
        memcpy(Layout->Buffer, Fixed, Bytes);
    }
}

NTSTATUS
FltpDescribe(FLTP_DESCRIBE *Describe, const VOID *Object, ULONG Class, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    FLTP_LAYOUT Layout = { 0 };
    NTSTATUS Status = Describe(&Layout, Object, Class);

    *BytesReturned = 0;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *BytesReturned = Layout.Used;
    if (Layout.Used > BufferSize) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Layout = (FLTP_LAYOUT){ .Buffer = Buffer };
    return Describe(&Layout, Object, Class);
}

/* ---- filters ---- */

static ULONG
FltpFilterInstanceCount(const FLT_FILTER *Filter)
{
    FLTP_LIST List = { .Filter = (PFLT_FILTER)Filter };
    ULONG Count = 0;

    if (NT_SUCCESS(FltpInstancesCollect(&List))) {
        Count = List.Count;
        FltpListFree(&List);
    }
    return Count;
}

static const UNICODE_STRING FltpNoString;

static PCUNICODE_STRING
FltpDefaultAltitude(const FLT_FILTER *Filter)
{
    return Filter->InstanceDefinitionCount != 0 ? &Filter->InstanceDefinitions[0].Altitude : &FltpNoString;
}

NTSTATUS
FltpDescribeFilter(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class)
{
    const FLT_FILTER *Filter = Object;
    FILTER_FULL_INFORMATION Full = { 0 };
    FILTER_AGGREGATE_BASIC_INFORMATION Basic = { .Flags = FLTFL_AGGREGATE_INFO_IS_MINIFILTER };
    FILTER_AGGREGATE_STANDARD_INFORMATION Standard = { .Flags = FLTFL_ASI_IS_MINIFILTER };

    switch (Class) {
    case FilterFullInformation:
        Full.FrameID = Filter->Frame;
        Full.NumberOfInstances = FltpFilterInstanceCount(Filter);
        Layout->Used = FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer);
        FltpLayoutString(Layout, &Filter->Name, &Full.FilterNameLength, NULL);
        FltpLayoutFixed(Layout, &Full, FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer));
        return STATUS_SUCCESS;
    case FilterAggregateBasicInformation:
        Basic.Type.MiniFilter.FrameID = Filter->Frame;
        Basic.Type.MiniFilter.NumberOfInstances = FltpFilterInstanceCount(Filter);
        Layout->Used = sizeof(Basic);
        FltpLayoutString(Layout, &Filter->Name, &Basic.Type.MiniFilter.FilterNameLength, &Basic.Type.MiniFilter.FilterNameBufferOffset);
        FltpLayoutString(Layout, FltpDefaultAltitude(Filter), &Basic.Type.MiniFilter.FilterAltitudeLength,
            &Basic.Type.MiniFilter.FilterAltitudeBufferOffset);
        FltpLayoutFixed(Layout, &Basic, sizeof(Basic));
        return STATUS_SUCCESS;
    case FilterAggregateStandardInformation:
        Standard.Type.MiniFilter.FrameID = Filter->Frame;
        Standard.Type.MiniFilter.NumberOfInstances = FltpFilterInstanceCount(Filter);
        Layout->Used = sizeof(Standard);
        FltpLayoutString(Layout, &Filter->Name, &Standard.Type.MiniFilter.FilterNameLength, &Standard.Type.MiniFilter.FilterNameBufferOffset);
        FltpLayoutString(Layout, FltpDefaultAltitude(Filter), &Standard.Type.MiniFilter.FilterAltitudeLength,
            &Standard.Type.MiniFilter.FilterAltitudeBufferOffset);
        FltpLayoutFixed(Layout, &Standard, sizeof(Standard));
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* Windows: fltKernel.h, FltGetFilterInformation.  Differences: none. */
NTSTATUS FLTAPI
FltGetFilterInformation(PFLT_FILTER Filter, FILTER_INFORMATION_CLASS InformationClass, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    return FltpDescribe(FltpDescribeFilter, Filter, InformationClass, Buffer, BufferSize, BytesReturned);
}

/* ---- legacy filters ---- */

NTSTATUS
FltpDescribeLegacyFilter(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class)
{
    const FLTP_LEGACY *Legacy = Object;
    FILTER_AGGREGATE_BASIC_INFORMATION Basic = { .Flags = FLTFL_AGGREGATE_INFO_IS_LEGACYFILTER };
    FILTER_AGGREGATE_STANDARD_INFORMATION Standard = { .Flags = FLTFL_ASI_IS_LEGACYFILTER };
    UNICODE_STRING Name, Altitude;

    FltpLegacyName(Legacy->Driver, &Name);
    if (Class == FilterAggregateBasicInformation) {
        Layout->Used = sizeof(Basic);
        FltpLayoutString(Layout, &Name, &Basic.Type.LegacyFilter.FilterNameLength, &Basic.Type.LegacyFilter.FilterNameBufferOffset);
        FltpLayoutFixed(Layout, &Basic, sizeof(Basic));
        return STATUS_SUCCESS;
    }
    FltpLegacyAltitude(Legacy->Driver, &Altitude);
    Layout->Used = sizeof(Standard);
    FltpLayoutString(Layout, &Name, &Standard.Type.LegacyFilter.FilterNameLength, &Standard.Type.LegacyFilter.FilterNameBufferOffset);
    FltpLayoutString(Layout, &Altitude, &Standard.Type.LegacyFilter.FilterAltitudeLength, &Standard.Type.LegacyFilter.FilterAltitudeBufferOffset);
    FltpLayoutFixed(Layout, &Standard, sizeof(Standard));
    return STATUS_SUCCESS;
}

NTSTATUS
FltpDescribeLegacyInstance(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class)
{
    const FLTP_LEGACY *Legacy = Object;
    INSTANCE_AGGREGATE_STANDARD_INFORMATION Standard = { .Flags = FLTFL_IASI_IS_LEGACYFILTER };
    UNICODE_STRING Name, Altitude;

    UNREFERENCED_PARAMETER(Class);
    FltpLegacyName(Legacy->Driver, &Name);
    FltpLegacyAltitude(Legacy->Driver, &Altitude);
    Standard.Type.LegacyFilter.Flags = atomic_load(&Legacy->Volume->Dismounting) ? FLTFL_IASIL_DETACHED_VOLUME : 0;
    Layout->Used = sizeof(Standard);
    FltpLayoutString(Layout, &Altitude, &Standard.Type.LegacyFilter.AltitudeLength, &Standard.Type.LegacyFilter.AltitudeBufferOffset);
    FltpLayoutString(Layout, &Legacy->Volume->Name, &Standard.Type.LegacyFilter.VolumeNameLength,
        &Standard.Type.LegacyFilter.VolumeNameBufferOffset);
    FltpLayoutString(Layout, &Name, &Standard.Type.LegacyFilter.FilterNameLength, &Standard.Type.LegacyFilter.FilterNameBufferOffset);
    FltpLayoutFixed(Layout, &Standard, sizeof(Standard));
    return STATUS_SUCCESS;
}

/* ---- instances ---- */

static NTSTATUS
FltpDescribeAggregateInstance(FLTP_LAYOUT *Layout, const FLT_INSTANCE *Instance)
{
    INSTANCE_AGGREGATE_STANDARD_INFORMATION Standard = { .Flags = FLTFL_IASI_IS_MINIFILTER };

    Standard.Type.MiniFilter.Flags = atomic_load(&Instance->Volume->Dismounting) ? FLTFL_IASIM_DETACHED_VOLUME : 0;
    Standard.Type.MiniFilter.FrameID = Instance->Volume->Frame;
    Standard.Type.MiniFilter.VolumeFileSystemType = Instance->Volume->FileSystemType;
    Layout->Used = sizeof(Standard);
    FltpLayoutString(Layout, &Instance->Name, &Standard.Type.MiniFilter.InstanceNameLength, &Standard.Type.MiniFilter.InstanceNameBufferOffset);
    FltpLayoutString(Layout, &Instance->Altitude, &Standard.Type.MiniFilter.AltitudeLength, &Standard.Type.MiniFilter.AltitudeBufferOffset);
    FltpLayoutString(Layout, &Instance->Volume->Name, &Standard.Type.MiniFilter.VolumeNameLength, &Standard.Type.MiniFilter.VolumeNameBufferOffset);
    FltpLayoutString(Layout, &Instance->Filter->Name, &Standard.Type.MiniFilter.FilterNameLength, &Standard.Type.MiniFilter.FilterNameBufferOffset);
    FltpLayoutFixed(Layout, &Standard, sizeof(Standard));
    return STATUS_SUCCESS;
}

NTSTATUS
FltpDescribeInstance(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class)
{
    const FLT_INSTANCE *Instance = Object;
    INSTANCE_BASIC_INFORMATION Basic = { 0 };
    INSTANCE_PARTIAL_INFORMATION Partial = { 0 };
    INSTANCE_FULL_INFORMATION Full = { 0 };

    switch (Class) {
    case InstanceBasicInformation:
        Layout->Used = sizeof(Basic);
        FltpLayoutString(Layout, &Instance->Name, &Basic.InstanceNameLength, &Basic.InstanceNameBufferOffset);
        FltpLayoutFixed(Layout, &Basic, sizeof(Basic));
        return STATUS_SUCCESS;
    case InstancePartialInformation:
        Layout->Used = sizeof(Partial);
        FltpLayoutString(Layout, &Instance->Name, &Partial.InstanceNameLength, &Partial.InstanceNameBufferOffset);
        FltpLayoutString(Layout, &Instance->Altitude, &Partial.AltitudeLength, &Partial.AltitudeBufferOffset);
        FltpLayoutFixed(Layout, &Partial, sizeof(Partial));
        return STATUS_SUCCESS;
    case InstanceFullInformation:
        Layout->Used = sizeof(Full);
        FltpLayoutString(Layout, &Instance->Name, &Full.InstanceNameLength, &Full.InstanceNameBufferOffset);
        FltpLayoutString(Layout, &Instance->Altitude, &Full.AltitudeLength, &Full.AltitudeBufferOffset);
        FltpLayoutString(Layout, &Instance->Volume->Name, &Full.VolumeNameLength, &Full.VolumeNameBufferOffset);
        FltpLayoutString(Layout, &Instance->Filter->Name, &Full.FilterNameLength, &Full.FilterNameBufferOffset);
        FltpLayoutFixed(Layout, &Full, sizeof(Full));
        return STATUS_SUCCESS;
    case InstanceAggregateStandardInformation:
        return FltpDescribeAggregateInstance(Layout, Instance);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* Windows: fltKernel.h, FltGetInstanceInformation.  Differences: SupportedFeatures is 0. */
NTSTATUS FLTAPI
FltGetInstanceInformation(PFLT_INSTANCE Instance, INSTANCE_INFORMATION_CLASS InformationClass, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FltpObjectIs(Instance, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    return FltpDescribe(FltpDescribeInstance, Instance, InformationClass, Buffer, BufferSize, BytesReturned);
}

/* ---- volumes ---- */

NTSTATUS
FltpDescribeVolume(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class)
{
    const FLT_VOLUME *Volume = Object;
    FILTER_VOLUME_BASIC_INFORMATION Basic = { 0 };
    FILTER_VOLUME_STANDARD_INFORMATION Standard = { .FrameID = Volume->Frame, .FileSystemType = Volume->FileSystemType };

    switch (Class) {
    case FilterVolumeBasicInformation:
        Layout->Used = FIELD_OFFSET(FILTER_VOLUME_BASIC_INFORMATION, FilterVolumeName);
        FltpLayoutString(Layout, &Volume->Name, &Basic.FilterVolumeNameLength, NULL);
        FltpLayoutFixed(Layout, &Basic, FIELD_OFFSET(FILTER_VOLUME_BASIC_INFORMATION, FilterVolumeName));
        return STATUS_SUCCESS;
    case FilterVolumeStandardInformation:
        Standard.Flags = atomic_load(&Volume->Dismounting) ? FLTFL_VSI_DETACHED_VOLUME : 0;
        Layout->Used = FIELD_OFFSET(FILTER_VOLUME_STANDARD_INFORMATION, FilterVolumeName);
        FltpLayoutString(Layout, &Volume->Name, &Standard.FilterVolumeNameLength, NULL);
        FltpLayoutFixed(Layout, &Standard, FIELD_OFFSET(FILTER_VOLUME_STANDARD_INFORMATION, FilterVolumeName));
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* Windows: fltKernel.h, FltGetVolumeInformation.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeInformation(PFLT_VOLUME Volume, FILTER_VOLUME_INFORMATION_CLASS InformationClass, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    return FltpDescribe(FltpDescribeVolume, Volume, InformationClass, Buffer, BufferSize, BytesReturned);
}

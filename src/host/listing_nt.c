/* SPDX-License-Identifier: MIT */
/* What the filter manager has, for listings: filters, instances and volumes, asked as a driver would; see host.h. */
#include "host/host.h"

#include <fltKernel.h>
#include <string.h>

#include "fltmgr/listing.h"
#include "rtl/rtlp.h"

#define HOST_LISTING_BYTES 8192

/* A string of Length bytes at Offset in an information structure. */
static VOID
HostpListText(char *Text, size_t Size, const UCHAR *Base, USHORT Offset, USHORT Length)
{
    const SIZE_T Used = RtlpUtf16ToUtf8(Text, Size - 1, (const WCHAR *)(const VOID *)(Base + Offset), Length / sizeof(WCHAR));

    Text[Used < Size - 1 ? Used : Size - 1] = 0;
}

typedef VOID HOST_SHOW(const struct host_nt_listed *Listed, PVOID Context);

static VOID
HostpShowFilter(const UCHAR *Buffer, HOST_SHOW *Show, PVOID Context)
{
    const FILTER_AGGREGATE_STANDARD_INFORMATION *Standard = (const VOID *)Buffer;
    struct host_nt_listed Listed = {.legacy = Standard->Flags == FLTFL_ASI_IS_LEGACYFILTER};

    if (Listed.legacy) {
        HostpListText(Listed.filter, sizeof(Listed.filter), Buffer, Standard->Type.LegacyFilter.FilterNameBufferOffset,
            Standard->Type.LegacyFilter.FilterNameLength);
        HostpListText(Listed.altitude, sizeof(Listed.altitude), Buffer, Standard->Type.LegacyFilter.FilterAltitudeBufferOffset,
            Standard->Type.LegacyFilter.FilterAltitudeLength);
    } else {
        HostpListText(Listed.filter, sizeof(Listed.filter), Buffer, Standard->Type.MiniFilter.FilterNameBufferOffset,
            Standard->Type.MiniFilter.FilterNameLength);
        HostpListText(Listed.altitude, sizeof(Listed.altitude), Buffer, Standard->Type.MiniFilter.FilterAltitudeBufferOffset,
            Standard->Type.MiniFilter.FilterAltitudeLength);
        Listed.frame = Standard->Type.MiniFilter.FrameID;
        Listed.instances = Standard->Type.MiniFilter.NumberOfInstances;
    }
    Show(&Listed, Context);
}

static VOID
HostpShowInstance(const UCHAR *Buffer, HOST_SHOW *Show, PVOID Context)
{
    const INSTANCE_AGGREGATE_STANDARD_INFORMATION *Standard = (const VOID *)Buffer;
    struct host_nt_listed Listed = {.legacy = Standard->Flags == FLTFL_IASI_IS_LEGACYFILTER};

    if (Listed.legacy) {
        HostpListText(Listed.filter, sizeof(Listed.filter), Buffer, Standard->Type.LegacyFilter.FilterNameBufferOffset,
            Standard->Type.LegacyFilter.FilterNameLength);
        HostpListText(Listed.altitude, sizeof(Listed.altitude), Buffer, Standard->Type.LegacyFilter.AltitudeBufferOffset,
            Standard->Type.LegacyFilter.AltitudeLength);
        HostpListText(Listed.volume, sizeof(Listed.volume), Buffer, Standard->Type.LegacyFilter.VolumeNameBufferOffset,
            Standard->Type.LegacyFilter.VolumeNameLength);
    } else {
        HostpListText(Listed.filter, sizeof(Listed.filter), Buffer, Standard->Type.MiniFilter.FilterNameBufferOffset,
            Standard->Type.MiniFilter.FilterNameLength);
        HostpListText(Listed.altitude, sizeof(Listed.altitude), Buffer, Standard->Type.MiniFilter.AltitudeBufferOffset,
            Standard->Type.MiniFilter.AltitudeLength);
        HostpListText(Listed.volume, sizeof(Listed.volume), Buffer, Standard->Type.MiniFilter.VolumeNameBufferOffset,
            Standard->Type.MiniFilter.VolumeNameLength);
        HostpListText(Listed.instance, sizeof(Listed.instance), Buffer, Standard->Type.MiniFilter.InstanceNameBufferOffset,
            Standard->Type.MiniFilter.InstanceNameLength);
        Listed.frame = Standard->Type.MiniFilter.FrameID;
        Listed.features = Standard->Type.MiniFilter.SupportedFeatures;
        Listed.detached = (Standard->Type.MiniFilter.Flags & FLTFL_IASIM_DETACHED_VOLUME) != 0;
    }
    Show(&Listed, Context);
}

static const char *
HostpFileSystem(FLT_FILESYSTEM_TYPE Type)
{
    static const char *const Names[] = {"", "RAW", "NTFS", "FAT", "CDFS", "UDFS", "Remote", "WebDAV", "RDP", "NFS"};

    return (ULONG)Type < RTL_NUMBER_OF(Names) ? Names[Type]
           : Type == FLT_FSTYPE_MUP           ? "Remote"
           : Type == FLT_FSTYPE_EXFAT         ? "exFAT"
           : Type == FLT_FSTYPE_NPFS          ? "NamedPipe"
           : Type == FLT_FSTYPE_MSFS          ? "Mailslot"
           : Type == FLT_FSTYPE_REFS          ? "REFS"
                                              : "";
}

/* "C:", if the volume has a letter. */
static VOID
HostpDosName(PFLT_VOLUME Volume, struct host_nt_listed *Listed)
{
    PDEVICE_OBJECT Device;
    UNICODE_STRING Name;

    if (!NT_SUCCESS(FltGetDiskDeviceObject(Volume, &Device))) {
        return;
    }
    if (NT_SUCCESS(IoVolumeDeviceToDosName(Device, &Name))) {
        HostpListText(Listed->dos, sizeof(Listed->dos), (const UCHAR *)Name.Buffer, 0, Name.Length);
        ExFreePool(Name.Buffer);
    }
    ObDereferenceObject(Device);
}

static NTSTATUS
HostpShowVolume(PFLT_VOLUME Volume, UCHAR *Buffer, HOST_SHOW *Show, PVOID Context)
{
    FILTER_VOLUME_STANDARD_INFORMATION *Standard = (VOID *)Buffer;
    struct host_nt_listed Listed = {0};
    ULONG Length;
    NTSTATUS Status = FltGetVolumeInformation(Volume, FilterVolumeStandardInformation, Buffer, HOST_LISTING_BYTES, &Length);

    if (NT_SUCCESS(Status)) {
        HostpListText(Listed.volume, sizeof(Listed.volume), Buffer, FIELD_OFFSET(FILTER_VOLUME_STANDARD_INFORMATION, FilterVolumeName),
            Standard->FilterVolumeNameLength);
        Listed.file_system = HostpFileSystem(Standard->FileSystemType);
        Listed.frame = Standard->FrameID;
        Listed.detached = (Standard->Flags & FLTFL_VSI_DETACHED_VOLUME) != 0;
        HostpDosName(Volume, &Listed);
        Show(&Listed, Context);
    }
    return Status;
}

static VOID
HostpShowInstances(PFLT_VOLUME Volume, UCHAR *Buffer, HOST_SHOW *Show, PVOID Context)
{
    ULONG Length;

    for (ULONG i = 0; FltEnumerateInstanceInformationByDeviceObject(
                          Volume->RealDevice, i, InstanceAggregateStandardInformation, Buffer, HOST_LISTING_BYTES, &Length) == STATUS_SUCCESS; i++) {
        HostpShowInstance(Buffer, Show, Context);
    }
}

void
host_nt_list(enum host_nt_listing what, void (*fn)(const struct host_nt_listed *listed, void *ctx), void *ctx)
{
    UCHAR *Buffer = port_alloc_zeroed(HOST_LISTING_BYTES);
    FLTP_LIST List = {0};
    ULONG Length;

    for (ULONG i = 0; Buffer != NULL && what == HOST_LIST_FILTERS &&
                      FltEnumerateFilterInformation(i, FilterAggregateStandardInformation, Buffer, HOST_LISTING_BYTES, &Length) == STATUS_SUCCESS; i++) {
        HostpShowFilter(Buffer, fn, ctx);
    }
    if (Buffer != NULL && what != HOST_LIST_FILTERS && NT_SUCCESS(FltpVolumesCollect(&List))) {
        for (ULONG i = 0; i < List.Count; i++) {
            PFLT_VOLUME Volume = (PFLT_VOLUME)List.Objects[i];
            if (Volume->Base != Volume) {
                continue;                      /* the same in a higher frame */
            }
            if (what == HOST_LIST_VOLUMES) {
                HostpShowVolume(Volume, Buffer, fn, ctx);
            } else {
                HostpShowInstances(Volume, Buffer, fn, ctx);
            }
        }
        FltpListFree(&List);
    }
    port_free(Buffer);
}

/* SPDX-License-Identifier: MIT */
/* Lists of filters, volumes and instances; information about them; names and properties of volumes. */
#include "membed.h"

static union { UCHAR Room[1024]; FILTER_FULL_INFORMATION Filter; FILTER_AGGREGATE_BASIC_INFORMATION Basic; FILTER_AGGREGATE_STANDARD_INFORMATION Standard;
    INSTANCE_BASIC_INFORMATION InstanceBasic; INSTANCE_PARTIAL_INFORMATION InstancePartial; INSTANCE_FULL_INFORMATION InstanceFull;
    INSTANCE_AGGREGATE_STANDARD_INFORMATION InstanceStandard; FILTER_VOLUME_BASIC_INFORMATION VolumeBasic; FILTER_VOLUME_STANDARD_INFORMATION VolumeStandard; } Buffer;
static ULONG Returned;

static void
assert_part_at(USHORT Offset, USHORT Length, const char *Want, int Line)
{
    const UNICODE_STRING Part = { Length, Length, (PWCH)(Buffer.Room + Offset) };

    _assert_true(Offset + Length <= (int)Returned, "the string lies in the buffer", __FILE__, Line);
    assert_text_at(&Part, Want, __FILE__, Line);
}
#define assert_part(Offset, Length, Want) assert_part_at((Offset), (Length), (Want), __LINE__)

/* ---- lists ---- */

static void
test_fltmgr_enum__filters(void **State)
{
    PFLT_FILTER List[4];
    ULONG Count = 0;

    (void)State;
    assert_status(FltEnumerateFilters(NULL, 0, &Count), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Count, 3);
    assert_status(FltEnumerateFilters(List, 2, &Count), STATUS_BUFFER_TOO_SMALL);
    const ULONG Before = FltpCountValue(&Filters[TOP].Filter->Object.References);
    assert_status(FltEnumerateFilters(List, 4, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 3);
    assert_int_equal(FltpCountValue(&Filters[TOP].Filter->Object.References), Before + 1);
    for (ULONG i = 0; i < Count; i++) {
        assert_ptr_equal(List[i], Filters[i].Filter);
        FltObjectDereference(List[i]);
    }
    assert_int_equal(FltpCountValue(&Filters[TOP].Filter->Object.References), Before);
}

static void
test_fltmgr_enum__volumes(void **State)
{
    PFLT_VOLUME List[8];
    TINY_VOLUME *Other = TinyMount(NULL);
    ULONG Count;

    (void)State;
    assert_status(FltEnumerateVolumes(Filters[TOP].Filter, List, 8, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 2);
    assert_ptr_equal(List[0], Volume);
    for (ULONG i = 0; i < Count; i++) {
        FltObjectDereference(List[i]);
    }
    assert_status(FltEnumerateVolumes(Filters[TOP].Filter, List, 1, &Count), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Count, 2);
    TinyDismount(Other);
}

static void
test_fltmgr_enum__instances(void **State)
{
    PFLT_INSTANCE List[8];
    ULONG Count = 77;

    (void)State;
    assert_status(FltEnumerateInstances(NULL, NULL, List, 8, &Count), STATUS_INVALID_PARAMETER);
    assert_int_equal(Count, 0);
    assert_status(FltEnumerateInstances(Volume, NULL, List, 8, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 3);
    for (ULONG i = 0; i < Count; i++) {
        assert_ptr_equal(List[i], Instances[i]);
        FltObjectDereference(List[i]);
    }
    assert_status(FltEnumerateInstances(NULL, Filters[MIDDLE].Filter, List, 8, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 1);
    assert_ptr_equal(List[0], Instances[MIDDLE]);
    FltObjectDereference(List[0]);
    assert_status(FltEnumerateInstances(Volume, Filters[BOTTOM].Filter, List, 8, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 1);
    FltObjectDereference(List[0]);
    assert_status(FltEnumerateInstances(Volume, NULL, List, 2, &Count), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Count, 3);
}

/* A list that is longer than the first guess at its length. */
static void
test_fltmgr_enum__many_volumes(void **State)
{
    TINY_VOLUME *Others[20];
    PFLT_VOLUME List[32];
    ULONG Count;

    (void)State;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Others); i++) {
        Others[i] = TinyMount(NULL);
    }
    assert_status(FltEnumerateVolumes(Filters[TOP].Filter, List, 32, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 21);
    for (ULONG i = 0; i < Count; i++) {
        assert_int_equal(FltpCountValue(&List[i]->Object.References), 1);
        FltObjectDereference(List[i]);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Others); i++) {
        TinyDismount(Others[i]);
    }
}

/* ---- information ---- */

static void
test_fltmgr_enum__filter_information(void **State)
{
    static const char *const Names[] = { "top", "middle", "bottom" };
    static const char *const Altitudes[] = { "300", "200", "100" };

    (void)State;
    for (ULONG i = 0; i < 3; i++) {
        assert_status(FltEnumerateFilterInformation(i, FilterFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
        assert_int_equal(Buffer.Filter.NextEntryOffset, 0);
        assert_int_equal(Buffer.Filter.NumberOfInstances, 1);
        assert_part(FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer), Buffer.Filter.FilterNameLength, Names[i]);
        assert_int_equal(Returned, FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer) + Buffer.Filter.FilterNameLength);
        assert_status(FltEnumerateFilterInformation(i, FilterAggregateBasicInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
        assert_int_equal(Buffer.Basic.Flags, FLTFL_AGGREGATE_INFO_IS_MINIFILTER);
        assert_part(Buffer.Basic.Type.MiniFilter.FilterNameBufferOffset, Buffer.Basic.Type.MiniFilter.FilterNameLength, Names[i]);
        assert_part(Buffer.Basic.Type.MiniFilter.FilterAltitudeBufferOffset, Buffer.Basic.Type.MiniFilter.FilterAltitudeLength, Altitudes[i]);
        assert_status(FltEnumerateFilterInformation(i, FilterAggregateStandardInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
        assert_part(Buffer.Standard.Type.MiniFilter.FilterAltitudeBufferOffset, Buffer.Standard.Type.MiniFilter.FilterAltitudeLength, Altitudes[i]);
    }
    assert_status(FltEnumerateFilterInformation(3, FilterFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_NO_MORE_ENTRIES);
    assert_status(FltGetFilterInformation(Filters[TOP].Filter, (FILTER_INFORMATION_CLASS)9, &Buffer, sizeof(Buffer), &Returned), STATUS_INVALID_PARAMETER);
    memset(&Buffer, 0xEE, sizeof(Buffer));
    assert_status(FltGetFilterInformation(Filters[TOP].Filter, FilterFullInformation, &Buffer, 8, &Returned), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Returned, FIELD_OFFSET(FILTER_FULL_INFORMATION, FilterNameBuffer) + 6);
    assert_int_equal(Buffer.Room[0], 0xEE);
    assert_status(FltGetFilterInformation(Filters[TOP].Filter, FilterFullInformation, &Buffer, Returned, &Returned), STATUS_SUCCESS);
    assert_int_equal(Buffer.Room[Returned], 0xEE);
}

static void
CheckFull(const char *Filter, const char *Altitude)
{
    char Instance[40];

    strcat(strcpy(Instance, Filter), " Instance");
    assert_part(Buffer.InstanceFull.InstanceNameBufferOffset, Buffer.InstanceFull.InstanceNameLength, Instance);
    assert_part(Buffer.InstanceFull.AltitudeBufferOffset, Buffer.InstanceFull.AltitudeLength, Altitude);
    assert_part(Buffer.InstanceFull.VolumeNameBufferOffset, Buffer.InstanceFull.VolumeNameLength, VOLUME_NAME);
    assert_part(Buffer.InstanceFull.FilterNameBufferOffset, Buffer.InstanceFull.FilterNameLength, Filter);
}

static void
test_fltmgr_enum__instance_information(void **State)
{
    UNICODE_STRING Name = TinyString("Q:"), Bad = TinyString("nonsense"), Missing = TinyString("\\Device\\HarddiskVolume99");
    PDEVICE_OBJECT Disk;

    (void)State;
    assert_status(FltGetInstanceInformation(Instances[MIDDLE], InstanceBasicInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_part(Buffer.InstanceBasic.InstanceNameBufferOffset, Buffer.InstanceBasic.InstanceNameLength, "middle Instance");
    assert_status(FltGetInstanceInformation(Instances[MIDDLE], InstancePartialInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_part(Buffer.InstancePartial.AltitudeBufferOffset, Buffer.InstancePartial.AltitudeLength, "200");
    assert_status(FltGetInstanceInformation(Instances[MIDDLE], InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    CheckFull("middle", "200");
    assert_status(FltGetInstanceInformation(Instances[MIDDLE], InstanceAggregateStandardInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_int_equal(Buffer.InstanceStandard.Type.MiniFilter.VolumeFileSystemType, FLT_FSTYPE_NTFS);
    assert_part(Buffer.InstanceStandard.Type.MiniFilter.FilterNameBufferOffset, Buffer.InstanceStandard.Type.MiniFilter.FilterNameLength, "middle");
    assert_status(FltGetInstanceInformation(Instances[MIDDLE], (INSTANCE_INFORMATION_CLASS)9, &Buffer, sizeof(Buffer), &Returned), STATUS_INVALID_PARAMETER);
    assert_status(FltEnumerateInstanceInformationByFilter(Filters[TOP].Filter, 0, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    CheckFull("top", "300");
    assert_status(FltEnumerateInstanceInformationByFilter(Filters[TOP].Filter, 1, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned),
        STATUS_NO_MORE_ENTRIES);
    assert_status(FltEnumerateInstanceInformationByVolume(Volume, 2, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    CheckFull("bottom", "100");
    assert_status(FltEnumerateInstanceInformationByVolumeName(&Name, 1, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    CheckFull("middle", "200");
    assert_status(FltEnumerateInstanceInformationByVolumeName(&Bad, 0, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_INVALID_PARAMETER);
    assert_status(FltEnumerateInstanceInformationByVolumeName(&Missing, 0, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned),
        STATUS_OBJECT_NAME_NOT_FOUND);
    assert_status(FltGetDiskDeviceObject(Volume, &Disk), STATUS_SUCCESS);
    assert_status(FltEnumerateInstanceInformationByDeviceObject(Disk, 0, InstanceFullInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    CheckFull("top", "300");
    ObDereferenceObject(Disk);
}

static void
test_fltmgr_enum__volume_information(void **State)
{
    (void)State;
    assert_status(FltGetVolumeInformation(Volume, FilterVolumeBasicInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_part(FIELD_OFFSET(FILTER_VOLUME_BASIC_INFORMATION, FilterVolumeName), Buffer.VolumeBasic.FilterVolumeNameLength, VOLUME_NAME);
    assert_status(FltEnumerateVolumeInformation(Filters[TOP].Filter, 0, FilterVolumeStandardInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_part(FIELD_OFFSET(FILTER_VOLUME_STANDARD_INFORMATION, FilterVolumeName), Buffer.VolumeStandard.FilterVolumeNameLength, VOLUME_NAME);
    assert_int_equal(Buffer.VolumeStandard.FileSystemType, FLT_FSTYPE_NTFS);
    assert_int_equal(Buffer.VolumeStandard.Flags, 0);
    assert_status(FltEnumerateVolumeInformation(Filters[TOP].Filter, 1, FilterVolumeBasicInformation, &Buffer, sizeof(Buffer), &Returned), STATUS_NO_MORE_ENTRIES);
    assert_status(FltGetVolumeInformation(Volume, FilterVolumeBasicInformation, &Buffer, 4, &Returned), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Returned, 2 + 2 * strlen(VOLUME_NAME));
}

/* ---- volume names ---- */

static void
test_fltmgr_enum__volume_from_name(void **State)
{
    static const char *const Good[] = { VOLUME_NAME, "\\DosDevices\\Q:", "\\??\\Q:", "Q:", "q:", VOLUME_NAME "\\" };
    static const struct { const char *Name; NTSTATUS Status; } Bad[] = { { "", STATUS_INVALID_PARAMETER }, { "x", STATUS_INVALID_PARAMETER },
        { "Q", STATUS_INVALID_PARAMETER }, { "R:", STATUS_FLT_VOLUME_NOT_FOUND }, { "\\Device\\Nothing", STATUS_FLT_VOLUME_NOT_FOUND },
        { VOLUME_NAME "\\dir", STATUS_FLT_VOLUME_NOT_FOUND }, { "\\Device", STATUS_FLT_VOLUME_NOT_FOUND } };
    PFLT_VOLUME Found;

    (void)State;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Good); i++) {
        UNICODE_STRING Name = TinyString(Good[i]);
        assert_status(FltGetVolumeFromName(Filters[TOP].Filter, &Name, &Found), STATUS_SUCCESS);
        assert_ptr_equal(Found, Volume);
        FltObjectDereference(Found);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        UNICODE_STRING Name = TinyString(Bad[i].Name);
        assert_status(FltGetVolumeFromName(Filters[TOP].Filter, &Name, &Found), Bad[i].Status);
        assert_null(Found);
    }
    assert_int_equal(FltpCountValue(&Volume->Object.References), 0);
}

static void
test_fltmgr_enum__volume_name(void **State)
{
    WCHAR Room[64];
    UNICODE_STRING Name = { 0, sizeof(Room), Room };
    ULONG Needed = 0;

    (void)State;
    assert_status(FltGetVolumeName(Volume, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltGetVolumeName(Volume, NULL, &Needed), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Needed, 2 * strlen(VOLUME_NAME));
    Name.MaximumLength = (USHORT)(Needed - 2);
    assert_status(FltGetVolumeName(Volume, &Name, NULL), STATUS_BUFFER_TOO_SMALL);
    Name.MaximumLength = (USHORT)Needed;
    assert_status(FltGetVolumeName(Volume, &Name, &Needed), STATUS_SUCCESS);
    assert_text(&Name, VOLUME_NAME);
}

static void
test_fltmgr_enum__volume_guid_name(void **State)
{
    WCHAR Room[2][64];
    UNICODE_STRING Name = { 0, sizeof(Room[0]), Room[0] }, Again = { 0, sizeof(Room[1]), Room[1] }, Start = TinyString("\\??\\Volume{");
    PFLT_VOLUME Found;
    ULONG Needed = 0;

    (void)State;
    assert_status(FltGetVolumeGuidName(Volume, NULL, &Needed), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(Needed, 2 * strlen("\\??\\Volume{00000000-0000-0000-0000-000000000000}"));
    assert_status(FltGetVolumeGuidName(Volume, &Name, NULL), STATUS_SUCCESS);
    assert_true(RtlPrefixUnicodeString(&Start, &Name, FALSE));
    assert_int_equal(Name.Buffer[Name.Length / 2 - 1], '}');
    assert_status(FltGetVolumeGuidName(Volume, &Again, NULL), STATUS_SUCCESS);
    assert_true(RtlEqualUnicodeString(&Name, &Again, FALSE));
    /* It leads to the volume. */
    assert_status(FltGetVolumeFromName(Filters[TOP].Filter, &Name, &Found), STATUS_SUCCESS);
    assert_ptr_equal(Found, Volume);
    FltObjectDereference(Found);
    /* Another volume has another one. */
    TINY_VOLUME *Other = TinyMount(NULL);
    assert_status(FltGetVolumeGuidName(TinyFltVolume(Other), &Again, NULL), STATUS_SUCCESS);
    assert_false(RtlEqualUnicodeString(&Name, &Again, FALSE));
    TinyDismount(Other);
}

static void
test_fltmgr_enum__volume_properties(void **State)
{
    union { FLT_VOLUME_PROPERTIES Properties; UCHAR Room[512]; } Out;
    ULONG Needed = 0, Length = 0;

    (void)State;
    assert_status(FltGetVolumeProperties(Volume, NULL, 0, &Needed), STATUS_BUFFER_TOO_SMALL);
    assert_true(Needed > sizeof(FLT_VOLUME_PROPERTIES));
    memset(&Out, 0xEE, sizeof(Out));
    assert_status(FltGetVolumeProperties(Volume, &Out.Properties, sizeof(Out.Properties), &Length), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(Length, sizeof(FLT_VOLUME_PROPERTIES));
    assert_int_equal(Out.Properties.DeviceType, Real->DeviceType);
    assert_true(Out.Properties.SectorSize >= 512);
    assert_int_equal(Out.Room[sizeof(Out.Properties)], 0xEE);
    assert_status(FltGetVolumeProperties(Volume, &Out.Properties, Needed, &Length), STATUS_SUCCESS);
    assert_int_equal(Length, Needed);
    assert_text(&Out.Properties.FileSystemDriverName, "\\FileSystem\\memfs");
    assert_text(&Out.Properties.RealDeviceName, VOLUME_NAME);
    assert_int_equal(Out.Room[Needed], 0xEE);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(enum__filters), T(enum__volumes), T(enum__instances), T(enum__many_volumes), T(enum__filter_information),
        T(enum__instance_information), T(enum__volume_information), T(enum__volume_from_name), T(enum__volume_name), T(enum__volume_guid_name),
        T(enum__volume_properties) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

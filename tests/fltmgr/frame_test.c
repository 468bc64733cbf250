/* SPDX-License-Identifier: MIT */
/* Frames: minifilters above and below legacy filters. */
/* ctest-labels: unit;concurrent */
#include "stackbed.h"

#include "port/port.h"

#define ENCRYPTION "FSFilter Encryption"       /* a legacy filter of it is at 149998.99 */
#define MONITOR "FSFilter Activity Monitor"    /* 389998.99 */

static ULONG Before;

static int
GroupSetup(void **State)
{
    (void)State;
    TinyStart();
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    FltpWatchFileSystems();
    return 0;
}

static int
Setup(void **State)
{
    (void)State;
    Before = FindingsAll();
    for (ULONG i = 0; i < FILTERS; i++) {
        Legacies[i].Style = (LEGACY_STYLE)(i % LegacyStyles);
    }
    return 0;
}

static int
Teardown(void **State)
{
    (void)State;
    if (Real != NULL) {
        VolumeDismount();
    }
    StackEmpty();
    return FindingsAll() == Before ? 0 : -1;
}

static ULONG
FrameOf(ULONG Which)
{
    UCHAR Buffer[512];
    ULONG Length;

    assert_status(FltGetFilterInformation(Minis[Which].Filter, FilterAggregateStandardInformation, Buffer, sizeof(Buffer), &Length), STATUS_SUCCESS);
    const FILTER_AGGREGATE_STANDARD_INFORMATION *Standard = (PVOID)Buffer;
    assert_int_equal(Standard->Flags, FLTFL_ASI_IS_MINIFILTER);
    const ULONG Frame = Standard->Type.MiniFilter.FrameID;
    assert_status(FltGetFilterInformation(Minis[Which].Filter, FilterAggregateBasicInformation, Buffer, sizeof(Buffer), &Length), STATUS_SUCCESS);
    assert_int_equal(((PFILTER_AGGREGATE_BASIC_INFORMATION)Buffer)->Type.MiniFilter.FrameID, Frame);
    assert_status(FltGetFilterInformation(Minis[Which].Filter, FilterFullInformation, Buffer, sizeof(Buffer), &Length), STATUS_SUCCESS);
    assert_int_equal(((PFILTER_FULL_INFORMATION)Buffer)->FrameID, Frame);
    return Frame;
}

/* ---- where filters come to lie ---- */

static void
test_fltmgr_frame__a_legacy_filter_between_two_minifilters_splits_them(void **State)
{
    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    assert_string_equal(Order(), "bAa");
    assert_int_equal(FrameOf(0), 0);
    assert_int_equal(FrameOf(1), 1);
    /* each frame has its device, and its volume, in the stack */
    PFLT_VOLUME Low = MiniInstance(0)->Volume, High = MiniInstance(1)->Volume, Found;
    assert_ptr_not_equal(Low, High);
    assert_ptr_equal(Low->LowerDevice, Real->Vpb->DeviceObject);
    assert_ptr_equal(High->LowerDevice->DriverObject, Legacies[0].Driver);
    assert_ptr_equal(High->LowerDevice, Low->FilterDevice->AttachedDevice);
    assert_true(FltIsFltMgrVolumeDeviceObject(High->FilterDevice));
    /* who asks gets the one of its frame */
    const UNICODE_STRING Name = TinyString(VOLUME_NAME);
    assert_status(FltGetVolumeFromName(Minis[0].Filter, &Name, &Found), STATUS_SUCCESS);
    assert_ptr_equal(Found, Low);
    FltObjectDereference(Found);
    assert_status(FltGetVolumeFromName(Minis[1].Filter, &Name, &Found), STATUS_SUCCESS);
    assert_ptr_equal(Found, High);
    FltObjectDereference(Found);
    assert_status(FltGetVolumeFromDeviceObject(Minis[1].Filter, Low->FilterDevice, &Found), STATUS_SUCCESS);
    assert_ptr_equal(Found, High);
    FltObjectDereference(Found);
    ULONG Count;
    PFLT_VOLUME List[4];
    assert_status(FltEnumerateVolumes(Minis[1].Filter, List, RTL_NUMBER_OF(List), &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 1);
    assert_ptr_equal(List[0], High);
    FltObjectDereference(List[0]);
}

static void
test_fltmgr_frame__a_frame_comes_while_files_are_open(void **State)
{
    (void)State;
    VolumeMount();
    assert_status(LegacyLoad(1, ENCRYPTION), STATUS_SUCCESS);
    LegacyAttach(&Legacies[1], Real->Vpb->DeviceObject, TRUE);
    MiniLoad(0, "100000");
    assert_string_equal(Order(), "Ba");
    PFILE_OBJECT File = FileOpen("\\file");
    MiniLoad(1, "200000");
    TraceStart(IRP_MJ_QUERY_INFORMATION);
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_string_equal(Trace, "bBa");
    Tracing = FALSE;
    IopCloseFile(File);
    assert_string_equal(Order(), "bBa");
}

static void
test_fltmgr_frame__groups_say_where_a_legacy_filter_belongs(void **State)
{
    (void)State;
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    MiniLoad(0, "149998");                     /* the highest altitude of the group below a legacy filter */
    MiniLoad(1, "149999");
    MiniLoad(2, "40000");
    MiniLoad(3, "320000");
    VolumeMount();
    assert_string_equal(Order(), "dbAac");
    /* in one frame they are as altitudes say, whenever they come */
    MiniLoad(4, "149998.995");
    assert_string_equal(Order(), "dbeAac");
}

static void
test_fltmgr_frame__no_frame_between_two_legacy_filters(void **State)
{
    (void)State;
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    assert_status(LegacyLoad(1, MONITOR), STATUS_SUCCESS);
    MiniLoad(0, "320000");                     /* above one, below the other: there is no place */
    MiniLoad(1, "400000");
    VolumeMount();
    assert_string_equal(Order(), "bBAa");
    /* with a frame between them there is */
    VolumeDismount();
    MiniUnload(1);
    MiniUnload(0);
    FltpFramesTrim();
    assert_status(LegacyUnload(1), STATUS_SUCCESS);
    assert_status(LegacyUnload(0), STATUS_SUCCESS);
    FltpFramesTrim();
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    MiniLoad(1, "160000");
    MiniUnload(1);
    assert_status(LegacyLoad(1, MONITOR), STATUS_SUCCESS);
    MiniLoad(0, "100");
    MiniLoad(2, "300000");
    MiniLoad(3, "390000");
    VolumeMount();
    assert_string_equal(Order(), "dBcAa");
    assert_int_equal(FrameOf(2), 1);
    assert_int_equal(FrameOf(3), 2);
}

static void
test_fltmgr_frame__a_filter_comes_back_to_its_frame(void **State)
{
    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    MiniUnload(1);
    assert_string_equal(Order(), "Aa");
    assert_status(LegacyLoad(2, NULL), STATUS_SUCCESS);
    LegacyAttach(&Legacies[2], Real->Vpb->DeviceObject, TRUE);
    MiniLoad(1, "200");                        /* though another legacy filter lies above now */
    assert_string_equal(Order(), "CbAa");
    MiniUnload(0);
    MiniLoad(0, "90");
    assert_string_equal(Order(), "CbAa");
    assert_int_equal(FrameOf(0), 0);
}

static void
test_fltmgr_frame__a_legacy_filter_without_a_group_belongs_above_what_it_found(void **State)
{
    (void)State;
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);     /* it found nothing: above all */
    MiniLoad(0, "100");
    MiniLoad(1, "429999");
    VolumeMount();
    assert_string_equal(Order(), "Aba");
    assert_status(LegacyLoad(1, "no such group"), STATUS_SUCCESS);
    LegacyAttach(&Legacies[1], Real->Vpb->DeviceObject, TRUE);
    MiniLoad(2, "430000");
    assert_string_equal(Order(), "BAcba");     /* above B, but not above A, which is below B */
}

/* ---- what filters see ---- */

static POBJECT_ATTRIBUTES
Attributes(POBJECT_ATTRIBUTES Object, PUNICODE_STRING Name, const char *Path)
{
    *Name = TinyString(Path);
    InitializeObjectAttributes(Object, Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return Object;
}

static PFILE_OBJECT
OpenBelow(ULONG Which, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Object;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    assert_status(FltCreateFileEx(Minis[Which].Filter, MiniInstance(Which), Handle, &File, FILE_GENERIC_READ | FILE_GENERIC_WRITE,
                      Attributes(&Object, &Name, VOLUME_NAME "\\below"), &IoStatus, NULL, 0, FILE_SHARE_VALID_FLAGS, FILE_OPEN_IF, 0, NULL, 0, 0), STATUS_SUCCESS);
    return File;
}

static void
test_fltmgr_frame__a_filters_own_requests_pass_what_is_below_it(void **State)
{
    static const char *const Below[] = { "", "cAa", "Aa" };

    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    MiniLoad(2, "150");
    assert_status(LegacyLoad(1, NULL), STATUS_SUCCESS);
    VolumeMount();
    assert_string_equal(Order(), "BbcAa");
    for (ULONG i = 0; i < 3; i++) {
        LARGE_INTEGER Zero = { .QuadPart = 0 };
        ULONG Bytes;
        HANDLE Handle;
        TraceStart(IRP_MJ_CREATE);
        PFILE_OBJECT File = OpenBelow(i, &Handle);
        assert_string_equal(Trace, Below[i]);
        TraceStart(IRP_MJ_WRITE);
        assert_status(FltWriteFile(MiniInstance(i), File, &Zero, 4, "data", 0, &Bytes, NULL, NULL), STATUS_SUCCESS);
        assert_string_equal(Trace, Below[i]);
        /* by the handle: the file object knows */
        IO_STATUS_BLOCK IoStatus;
        FILE_BASIC_INFORMATION Basic;
        TraceStart(IRP_MJ_QUERY_INFORMATION);
        assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation), STATUS_SUCCESS);
        assert_string_equal(Trace, Below[i]);
        TraceStart(IRP_MJ_CLEANUP);
        ObDereferenceObject(File);
        FltClose(Handle);
        assert_string_equal(Trace, Below[i]);
        Tracing = FALSE;
    }
}

/* A file's contexts, of filters of both frames. */
static ULONG PreCloses, StreamsSeen;

static FLT_POSTOP_CALLBACK_STATUS
SetContexts(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context)
{
    PFLT_CONTEXT Stream, Handle;

    (void)Context;
    if (Data->Iopb->MajorFunction != IRP_MJ_CREATE || !NT_SUCCESS(Data->IoStatus.Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (!NT_SUCCESS(FltAllocateContext(Objects->Filter, FLT_STREAM_CONTEXT, 16, PagedPool, &Stream))) {
        return FLT_POSTOP_FINISHED_PROCESSING; /* it is being unregistered */
    }
    if (!NT_SUCCESS(FltAllocateContext(Objects->Filter, FLT_STREAMHANDLE_CONTEXT, 16, PagedPool, &Handle))) {
        FltReleaseContext(Stream);
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    *(PULONG)Handle = Which;
    const NTSTATUS Status = FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL);
    if (!NT_SUCCESS(Status) && Status != STATUS_FLT_CONTEXT_ALREADY_DEFINED && Status != STATUS_FLT_DELETING_OBJECT) {
        port_fatal("a stream context cannot be set: 0x%08x", (unsigned)Status);
    }
    FltSetStreamHandleContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Handle, NULL);
    FltReleaseContext(Stream);
    FltReleaseContext(Handle);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
SeeContexts(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Found;

    (void)Context;
    if (Data->Iopb->MajorFunction == IRP_MJ_CLOSE) {
        PreCloses++;
        assert_status(FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Found), STATUS_SUCCESS);
        assert_int_equal(*(PULONG)Found, Which);
        FltReleaseContext(Found);
        assert_status(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Found), STATUS_SUCCESS);
        FltReleaseContext(Found);
        StreamsSeen++;
    }
    return Data->Iopb->MajorFunction == IRP_MJ_CREATE ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_frame__contexts_of_all_frames_live_until_the_last_pre_close(void **State)
{
    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(1, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    PreCloses = StreamsSeen = 0;
    for (ULONG i = 0; i < 2; i++) {
        OnPre[i] = SeeContexts;
        OnPost[i] = SetContexts;
    }
    IopCloseFile(FileOpen("\\file"));
    assert_int_equal(PreCloses, 2);
    assert_int_equal(StreamsSeen, 2);
    OnPre[0] = OnPre[1] = NULL;
    OnPost[0] = OnPost[1] = NULL;
}

/* ---- names ---- */

static UNICODE_STRING NameSeen;
static WCHAR NameBuffer[128];

static FLT_PREOP_CALLBACK_STATUS
AskName(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_FILE_NAME_INFORMATION Name;

    (void)Which;
    (void)Objects;
    (void)Context;
    if (Data->Iopb->MajorFunction == IRP_MJ_READ) {
        assert_status(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name), STATUS_SUCCESS);
        NameSeen = (UNICODE_STRING){ 0, sizeof(NameBuffer), NameBuffer };
        RtlCopyUnicodeString(&NameSeen, &Name->Name);
        FltReleaseFileNameInformation(Name);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
ReadName(PFILE_OBJECT File, const char *Expected)
{
    UCHAR Byte;
    UNICODE_STRING Want = TinyString(Expected);

    TinyRead(File, &Byte, 1, 0);
    assert_true(RtlEqualUnicodeString(&NameSeen, &Want, FALSE));
}

static void
test_fltmgr_frame__a_rename_below_is_known_above(void **State)
{
    struct { FILE_RENAME_INFORMATION Rename; WCHAR Room[16]; } Set = { 0 };
    static const WCHAR New[] = L"renamed";

    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    OnPre[0] = OnPre[1] = AskName;
    PFILE_OBJECT File = FileOpen("\\name");
    TinyWrite(File, "data", 4, 0);
    ReadName(File, VOLUME_NAME "\\name");
    TinySleep(1100);                           /* from now on names are kept */
    ReadName(File, VOLUME_NAME "\\name");
    ReadName(File, VOLUME_NAME "\\name");
    Set.Rename.FileNameLength = sizeof(New) - sizeof(WCHAR);
    memcpy(Set.Rename.FileName, New, sizeof(New));
    assert_status(FltSetInformationFile(MiniInstance(0), File, &Set, sizeof(Set), FileRenameInformation), STATUS_SUCCESS);
    ReadName(File, VOLUME_NAME "\\renamed");
    IopCloseFile(File);
}

/* ---- listings ---- */

static void
ListAdd(char *Text, PCUNICODE_STRING Name, const char *More)
{
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        const char Character[2] = { (char)Name->Buffer[i], 0 };
        strcat(Text, Character);
    }
    strcat(Text, More);
}

static UNICODE_STRING
StringAt(PVOID Buffer, USHORT Offset, USHORT Length)
{
    return (UNICODE_STRING){ Length, Length, (PWCH)((PUCHAR)Buffer + Offset) };
}

static const char *
ListFilters(void)
{
    static char Text[512];
    union { UCHAR Bytes[512]; FILTER_AGGREGATE_STANDARD_INFORMATION Standard; } B;
    NTSTATUS Status;
    ULONG Length;

    Text[0] = 0;
    for (ULONG i = 0; (Status = FltEnumerateFilterInformation(i, FilterAggregateStandardInformation, &B, sizeof(B), &Length)) == STATUS_SUCCESS; i++) {
        char Frame[8] = "@? ";
        const BOOLEAN Legacy = B.Standard.Flags == FLTFL_ASI_IS_LEGACYFILTER;
        const UNICODE_STRING Name = Legacy
            ? StringAt(&B, B.Standard.Type.LegacyFilter.FilterNameBufferOffset, B.Standard.Type.LegacyFilter.FilterNameLength)
            : StringAt(&B, B.Standard.Type.MiniFilter.FilterNameBufferOffset, B.Standard.Type.MiniFilter.FilterNameLength);
        const UNICODE_STRING Altitude = Legacy
            ? StringAt(&B, B.Standard.Type.LegacyFilter.FilterAltitudeBufferOffset, B.Standard.Type.LegacyFilter.FilterAltitudeLength)
            : StringAt(&B, B.Standard.Type.MiniFilter.FilterAltitudeBufferOffset, B.Standard.Type.MiniFilter.FilterAltitudeLength);
        ListAdd(Text, &Name, "=");
        Frame[1] = Legacy ? 'L' : (char)('0' + B.Standard.Type.MiniFilter.FrameID);
        ListAdd(Text, &Altitude, Frame);
    }
    assert_status(Status, STATUS_NO_MORE_ENTRIES);
    return Text;
}

static void
test_fltmgr_frame__filters_are_listed_from_the_top_with_their_frames(void **State)
{
    UCHAR Buffer[512];
    ULONG Length, Full = 0;

    (void)State;
    MiniLoad(0, "100000");
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    MiniLoad(1, "200000");
    MiniLoad(2, "300000");
    assert_status(LegacyLoad(1, MONITOR), STATUS_SUCCESS);
    assert_status(LegacyLoad(2, NULL), STATUS_SUCCESS);
    VolumeMount();
    assert_string_equal(ListFilters(), "oldC=@L oldB=389998.99@L newc=300000@1 newb=200000@1 oldA=149998.99@L newa=100000@0 ");
    /* classes that know no legacy filters leave them out */
    while (FltEnumerateFilterInformation(Full, FilterFullInformation, Buffer, sizeof(Buffer), &Length) == STATUS_SUCCESS) {
        Full++;
    }
    assert_int_equal(Full, 3);
    assert_status(FltEnumerateFilterInformation(0, FilterAggregateBasicInformation, Buffer, sizeof(Buffer), &Length), STATUS_SUCCESS);
    assert_int_equal(((PFILTER_AGGREGATE_BASIC_INFORMATION)Buffer)->Flags, FLTFL_AGGREGATE_INFO_IS_LEGACYFILTER);
    assert_status(FltEnumerateFilterInformation(0, FilterAggregateStandardInformation, Buffer, 4, &Length), STATUS_BUFFER_TOO_SMALL);
    assert_true(Length > sizeof(FILTER_AGGREGATE_STANDARD_INFORMATION));
}

static void
ListInstance(char *Text, INSTANCE_AGGREGATE_STANDARD_INFORMATION *Standard)
{
    const BOOLEAN Legacy = Standard->Flags == FLTFL_IASI_IS_LEGACYFILTER;
    const UNICODE_STRING Volume = Legacy
        ? StringAt(Standard, Standard->Type.LegacyFilter.VolumeNameBufferOffset, Standard->Type.LegacyFilter.VolumeNameLength)
        : StringAt(Standard, Standard->Type.MiniFilter.VolumeNameBufferOffset, Standard->Type.MiniFilter.VolumeNameLength);
    const UNICODE_STRING Name = Legacy
        ? StringAt(Standard, Standard->Type.LegacyFilter.FilterNameBufferOffset, Standard->Type.LegacyFilter.FilterNameLength)
        : StringAt(Standard, Standard->Type.MiniFilter.FilterNameBufferOffset, Standard->Type.MiniFilter.FilterNameLength);
    UNICODE_STRING Want = TinyString(VOLUME_NAME);
    char Frame[4] = "@? ";

    assert_true(RtlEqualUnicodeString(&Volume, &Want, FALSE));
    Frame[1] = Legacy ? 'L' : (char)('0' + Standard->Type.MiniFilter.FrameID);
    ListAdd(Text, &Name, Frame);
}

static void
test_fltmgr_frame__instances_of_a_volume_are_those_of_all_frames(void **State)
{
    union { UCHAR Bytes[512]; INSTANCE_AGGREGATE_STANDARD_INFORMATION Standard; FILTER_VOLUME_STANDARD_INFORMATION Volume; } B;
    char Text[256] = "", Own[256] = "";
    UNICODE_STRING Name = TinyString(VOLUME_NAME);
    ULONG Length, i;

    (void)State;
    MiniLoad(0, "100000");
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    MiniLoad(1, "200000");
    assert_status(LegacyLoad(1, MONITOR), STATUS_SUCCESS);
    VolumeMount();
    assert_string_equal(Order(), "BbAa");      /* instances come with the first request */
    for (i = 0; FltEnumerateInstanceInformationByVolumeName(&Name, i, InstanceAggregateStandardInformation, &B, sizeof(B), &Length) == STATUS_SUCCESS; i++) {
        ListInstance(Text, &B.Standard);
    }
    assert_string_equal(Text, "oldB@L newb@1 oldA@L newa@0 ");
    for (i = 0; FltEnumerateInstanceInformationByVolume(MiniInstance(0)->Volume, i, InstanceAggregateStandardInformation, &B, sizeof(B), &Length) == STATUS_SUCCESS; i++) {
        ListInstance(Own, &B.Standard);
    }
    assert_string_equal(Own, "oldA@L newa@0 ");
    for (i = 0; FltEnumerateInstanceInformationByDeviceObject(Real, i, InstanceBasicInformation, &B, sizeof(B), &Length) == STATUS_SUCCESS; i++) {
    }
    assert_int_equal(i, 2);
    assert_status(FltGetVolumeInformation(MiniInstance(1)->Volume, FilterVolumeStandardInformation, &B, sizeof(B), &Length), STATUS_SUCCESS);
    assert_int_equal(B.Volume.FrameID, 1);
}

/* ---- coming and going ---- */

static void
test_fltmgr_frame__a_frame_without_filters_goes_with_the_legacy_filter_below(void **State)
{
    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    PFILE_OBJECT File = FileOpen("\\file");
    FltpFramesTrim();                          /* somebody is in it */
    assert_string_equal(Order(), "bAa");
    assert_status(LegacyUnload(0), STATUS_DEVICE_BUSY);
    MiniUnload(1);
    assert_status(LegacyUnload(0), STATUS_DEVICE_BUSY);
    FltpFramesTrim();
    assert_status(LegacyUnload(0), STATUS_SUCCESS);
    assert_string_equal(Order(), "a");
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    IopCloseFile(File);
    MiniLoad(1, "200");
    assert_string_equal(Order(), "ba");
    assert_int_equal(FrameOf(1), 0);
}

static void
test_fltmgr_frame__volumes_come_and_go_in_all_frames(void **State)
{
    IOP_INTEREST Interest;

    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    assert_status(LegacyLoad(1, NULL), STATUS_SUCCESS);
    for (ULONG i = 0; i < 3; i++) {
        VolumeMount();
        assert_string_equal(Order(), "BbAa");
        IopQueryInterest(Real, &Interest);
        assert_true(Interest.Majors == ~0ull);
        VolumeDismount();
    }
    VolumeMount();
    /* a volume of another file system driver, which tells nobody of its mounts */
    TINY_VOLUME *Tiny = TinyMount(NULL);
    PFLT_VOLUME High = FltpVolumeOfDevice(Tiny->Device, Minis[1].Filter);
    assert_int_equal(High->Frame, 1);
    assert_ptr_equal(High->LowerDevice->DriverObject, FltpGlobals.Driver);
    FltpCountRelease(&High->Object.References);
    TraceStart(IRP_MJ_CREATE);
    PFILE_OBJECT File = TinyOpen(Tiny, "\\file", NULL);
    assert_string_equal(Trace, "ba");
    Tracing = FALSE;
    assert_non_null(TinyInstance(&Minis[0], Tiny));
    TinyClose(File);
    TinyDismount(Tiny);
}

static void
test_fltmgr_frame__an_instance_goes_where_its_filter_is(void **State)
{
    UNICODE_STRING Altitude = TinyString("50"), Name = TinyString("further");
    PFLT_INSTANCE Instance;

    (void)State;
    MiniLoad(0, "100");
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    MiniLoad(1, "200");
    VolumeMount();
    assert_string_equal(Order(), "bAa");
    assert_status(FltAttachVolumeAtAltitude(Minis[1].Filter, MiniInstance(0)->Volume, &Altitude, &Name, &Instance), STATUS_SUCCESS);
    assert_int_equal(Instance->Volume->Frame, 1);
    FltObjectDereference(Instance);
    assert_string_equal(Order(), "bbAa");
    /* and is found there */
    assert_status(FltGetVolumeInstanceFromName(Minis[1].Filter, MiniInstance(0)->Volume, &Name, &Instance), STATUS_SUCCESS);
    FltObjectDereference(Instance);
    assert_status(FltDetachVolume(Minis[1].Filter, MiniInstance(0)->Volume, &Name), STATUS_SUCCESS);
    assert_string_equal(Order(), "bAa");
}

/* ---- IoBlockLegacyFsFilters ---- */

static ULONG Refused;

static VOID
CountRefused(PDRIVER_OBJECT Driver)
{
    (void)Driver;
    Refused++;
}

static void
test_fltmgr_frame__legacy_filters_can_be_refused(void **State)
{
    PDEVICE_OBJECT Device, Below = NULL;

    (void)State;
    assert_status(LegacyLoad(0, NULL), STATUS_SUCCESS);
    VolumeMount();
    Refused = 0;
    IopBlockLegacy(CountRefused);
    assert_status(LegacyLoad(1, NULL), STATUS_NOT_SUPPORTED);
    assert_int_equal(Refused, 1);
    /* nor may one that is there attach further */
    assert_status(IoCreateDevice(Legacies[0].Driver, sizeof(LEGACY_DEVICE), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device), STATUS_SUCCESS);
    assert_status(IoAttachDeviceToDeviceStackSafe(Device, Real->Vpb->DeviceObject, &Below), STATUS_NO_SUCH_DEVICE);
    assert_null(Below);
    assert_null(IoAttachDeviceToDeviceStack(Device, Real->Vpb->DeviceObject->AttachedDevice));
    assert_int_equal(Refused, 3);
    IoDeleteDevice(Device);
    MiniLoad(0, "100");
    assert_string_equal(Order(), "Aa");
    VolumeDismount();
    assert_status(LegacyUnload(0), STATUS_SUCCESS);
    VolumeMount();                             /* the filter manager still attaches */
    assert_string_equal(Order(), "a");
    IopBlockLegacy(NULL);
    assert_int_equal(Refused, 3);
}

/* ---- while requests run ---- */

static _Atomic(BOOLEAN) Stop;

static void
Work(void *Argument)
{
    UCHAR Data[64], Back[64];
    char Name[] = "\\work0";

    Name[5] = (char)('0' + *(ULONG *)Argument);
    memset(Data, Name[5], sizeof(Data));
    for (ULONG i = 0; !atomic_load(&Stop); i++) {
        IO_STATUS_BLOCK IoStatus;
        const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE,
            .Disposition = FILE_OPEN_IF, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
        PFILE_OBJECT File;
        if (!NT_SUCCESS(IopCreateFile(&Create, &IoStatus, &File))) {
            port_fatal("create failed with 0x%08x", (unsigned)IoStatus.Status);
        }
        const LONGLONG Offset = (LONGLONG)(i % 16) * 64;
        if (TinyWrite(File, Data, sizeof(Data), Offset) != STATUS_SUCCESS || TinyRead(File, Back, sizeof(Back), Offset) != STATUS_SUCCESS ||
            memcmp(Data, Back, sizeof(Data)) != 0) {
            port_fatal("what was written is not read");
        }
        IopCloseFile(File);
    }
}

static void
test_fltmgr_frame__frames_come_and_go_while_requests_run(void **State)
{
    port_thread *Threads[3];
    ULONG Numbers[3] = { 0, 1, 2 };

    (void)State;
    Legacies[0].Style = LegacyPends;
    assert_status(LegacyLoad(0, ENCRYPTION), STATUS_SUCCESS);
    MiniLoad(0, "100000");
    VolumeMount();
    atomic_store(&Stop, FALSE);
    OnPost[1] = SetContexts;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Threads); i++) {
        assert_int_equal(port_thread_start(&Threads[i], Work, &Numbers[i], "work"), 0);
    }
    for (ULONG i = 0; i < 40; i++) {
        MiniLoad(1, "200000");
        assert_int_equal(FrameOf(1), 1);
        TinySleep(2);
        MiniUnload(1);
        FltpFramesTrim();
    }
    atomic_store(&Stop, TRUE);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Threads); i++) {
        port_thread_join(Threads[i]);
    }
}

int
main(void)
{
#define F(Function) cmocka_unit_test_setup_teardown(test_fltmgr_frame__##Function, Setup, Teardown)
    const struct CMUnitTest Tests[] = {
        F(a_legacy_filter_between_two_minifilters_splits_them), F(a_frame_comes_while_files_are_open),
        F(groups_say_where_a_legacy_filter_belongs), F(no_frame_between_two_legacy_filters), F(a_filter_comes_back_to_its_frame),
        F(a_legacy_filter_without_a_group_belongs_above_what_it_found), F(a_filters_own_requests_pass_what_is_below_it),
        F(contexts_of_all_frames_live_until_the_last_pre_close), F(a_rename_below_is_known_above),
        F(filters_are_listed_from_the_top_with_their_frames), F(instances_of_a_volume_are_those_of_all_frames),
        F(a_frame_without_filters_goes_with_the_legacy_filter_below), F(volumes_come_and_go_in_all_frames),
        F(an_instance_goes_where_its_filter_is), F(legacy_filters_can_be_refused), F(frames_come_and_go_while_requests_run),
    };
    return cmocka_run_group_tests(Tests, GroupSetup, NULL);
}

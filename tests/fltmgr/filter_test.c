/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Registration (section A), instances and teardown (section G). */
#include "testnt.h"

static TINY_VOLUME *Volume;

/* ---- a log of callbacks ---- */

static char Log[512];
static _Atomic(LONG) Setups, Cleanups;
static NTSTATUS SetupStatus, QueryStatus;
static FLT_INSTANCE_SETUP_FLAGS LastSetupFlags;
static FLT_INSTANCE_TEARDOWN_FLAGS LastReason;
static FLT_RELATED_OBJECTS LastObjects;
static FLT_FILESYSTEM_TYPE LastType;
static PFLT_INSTANCE LastInstance;

static void
Say(const char *Word)
{
    strcat(Log, Word);
    strcat(Log, " ");
}

static NTSTATUS
OnSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type)
{
    assert_int_equal(DeviceType, FILE_DEVICE_DISK_FILE_SYSTEM);   /* the file system's, not the storage's */
    memcpy((PVOID)&LastObjects, Objects, sizeof(LastObjects));
    LastSetupFlags = Flags;
    LastType = Type;
    LastInstance = Objects->Instance;
    atomic_fetch_add(&Setups, 1);
    Say("setup");
    return SetupStatus;
}

static NTSTATUS
OnQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    Say("query");
    return QueryStatus;
}

static VOID
OnStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    LastReason = Reason;
    Say("start");
}

static VOID
OnComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    (void)Reason;
    Say("complete");
}

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    atomic_fetch_add(&Cleanups, 1);
    Say(Type == FLT_INSTANCE_CONTEXT ? "instance-cleanup" : Type == FLT_VOLUME_CONTEXT ? "volume-cleanup" : "stream-cleanup");
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_VOLUME_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_STREAM_CONTEXT, 0, OnCleanup, 32, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

static void
Reset(void)
{
    Log[0] = 0;
    SetupStatus = QueryStatus = STATUS_SUCCESS;
    LastSetupFlags = 0;
    LastReason = 0;
}

static TINY_FILTER
Whole(const char *Name, const char *Altitude)
{
    TINY_FILTER Filter = { .Name = Name, .Altitude = Altitude,
        .Registration = { .Size = sizeof(FLT_REGISTRATION), .Version = FLT_REGISTRATION_VERSION, .ContextRegistration = Contexts,
            .InstanceSetupCallback = OnSetup, .InstanceQueryTeardownCallback = OnQuery,
            .InstanceTeardownStartCallback = OnStart, .InstanceTeardownCompleteCallback = OnComplete } };

    Reset();
    return Filter;
}

/* Registers without starting, gives the status, unregisters. */
static NTSTATUS
TryRegister(const FLT_REGISTRATION *Registration)
{
    TINY_FILTER Filter = { .Name = "try", .Altitude = "1", .NoStart = TRUE, .Registration = *Registration };

    NTSTATUS Status = TinyFilterLoad(&Filter);
    if (NT_SUCCESS(Status)) {
        TinyFilterUnload(&Filter);
    } else {
        assert_null(Filter.Filter);
    }
    return Filter.RegisterStatus;
}

static NTSTATUS
TryContexts(const FLT_CONTEXT_REGISTRATION *Array)
{
    const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION, .ContextRegistration = Array };

    return TryRegister(&Registration);
}

static NTSTATUS
TryOperations(const FLT_OPERATION_REGISTRATION *Array)
{
    const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION, .OperationRegistration = Array };

    return TryRegister(&Registration);
}

#define C(Type, Size) { (Type), 0, NULL, (Size), 'tseT', NULL, NULL, NULL }
#define END { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL }

/* ---- altitudes ---- */

static void
test_fltmgr_altitude__J_01_decimal_of_any_length(void **state)
{
    (void)state;
    static const struct { const char *A, *B; LONG Order; } Rows[] = {
        { "100", "99", 1 }, { "100.123456", "100.1234559", 1 }, { "03333", "3333", 0 }, { "3333.5", "3333", 1 },
        { "3333.50", "3333.5", 0 }, { "3333.0", "3333", 0 }, { "0.5", ".5", 0 }, { "1", "10", -1 }, { "0", "000.000", 0 },
        { "123456789012345678901234567890", "123456789012345678901234567891", -1 }, { "370030", "370030.00000000000000000001", -1 } };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        UNICODE_STRING A = TinyString(Rows[i].A), B = TinyString(Rows[i].B);
        assert_int_equal(FltpAltitudeCompare(&A, &B), Rows[i].Order);
        assert_int_equal(FltpAltitudeCompare(&B, &A), -Rows[i].Order);
    }
    UNICODE_STRING Bad = TinyString("12a"), Empty = TinyString(""), Two = TinyString("1.2.3"), Point = TinyString(".");
    assert_false(FltpAltitudeIsValid(&Bad));
    assert_false(FltpAltitudeIsValid(&Empty));
    assert_false(FltpAltitudeIsValid(&Two));
    assert_false(FltpAltitudeIsValid(&Point));
}

/* ---- A ---- */

static void
test_fltmgr_register__A_01_A_02_empty_and_terminator(void **state)
{
    (void)state;
    static const FLT_CONTEXT_REGISTRATION Garbage[] = { { FLT_CONTEXT_END, 0xFFFF, (PVOID)1, 99999999, 1, (PVOID)1, NULL, POISON } };

    assert_status(TryContexts(NULL), STATUS_SUCCESS);
    assert_status(TryContexts(Garbage), STATUS_SUCCESS);
}

static PVOID
NoAllocate(POOL_TYPE Pool, SIZE_T Size, FLT_CONTEXT_TYPE Type)
{
    (void)Pool;
    (void)Size;
    (void)Type;
    return NULL;
}

static VOID
NoFree(PVOID Pool, FLT_CONTEXT_TYPE Type)
{
    (void)Pool;
    (void)Type;
}

static void
test_fltmgr_register__A_04_to_A_12_context_definitions(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Bad1[] = { C(FLT_STREAM_CONTEXT, 8), C(0, 8), END };
    const FLT_CONTEXT_REGISTRATION Bad2[] = { C(3, 8), END };
    const FLT_CONTEXT_REGISTRATION Bad3[] = { C(0x80, 8), END };
    const FLT_CONTEXT_REGISTRATION Sizes[] = { C(FLT_STREAM_CONTEXT, 0), C(FLT_FILE_CONTEXT, 1), C(FLT_STREAMHANDLE_CONTEXT, 65535), END };
    const FLT_CONTEXT_REGISTRATION Big[] = { C(FLT_STREAM_CONTEXT, 65536), END };
    const FLT_CONTEXT_REGISTRATION Variable[] = { C(FLT_STREAM_CONTEXT, (SIZE_T)-1), END };
    const FLT_CONTEXT_REGISTRATION Three[] = { C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 1), C(FLT_STREAM_CONTEXT, 2), C(FLT_STREAM_CONTEXT, (SIZE_T)-1), END };
    const FLT_CONTEXT_REGISTRATION Four[] = { C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 1), C(FLT_STREAM_CONTEXT, 2), C(FLT_STREAM_CONTEXT, 4), END };
    const FLT_CONTEXT_REGISTRATION Five[] = { C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 3), C(FLT_STREAM_CONTEXT, 3), END };
    const FLT_CONTEXT_REGISTRATION TwoVariable[] = { C(FLT_STREAM_CONTEXT, (SIZE_T)-1), { FLT_STREAM_CONTEXT, 0, OnCleanup, (SIZE_T)-1, 'tseT', NULL, NULL, NULL }, END };
    const FLT_CONTEXT_REGISTRATION CustomAndFixed[] = { { FLT_STREAM_CONTEXT, 0, NULL, 1, 0, NoAllocate, NoFree, NULL }, C(FLT_STREAM_CONTEXT, 8), END };
    const FLT_CONTEXT_REGISTRATION CustomAlone[] = { { FLT_STREAM_CONTEXT, 0, NULL, 99999, 0, NoAllocate, NoFree, NULL }, C(FLT_FILE_CONTEXT, 8), END };
    const FLT_CONTEXT_REGISTRATION Half1[] = { { FLT_STREAM_CONTEXT, 0, NULL, 8, 1, NoAllocate, NULL, NULL }, END };
    const FLT_CONTEXT_REGISTRATION Half2[] = { { FLT_STREAM_CONTEXT, 0, NULL, 8, 1, NULL, NoFree, NULL }, END };

    assert_status(TryContexts(Bad1), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Bad2), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Bad3), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Sizes), STATUS_SUCCESS);
    assert_status(TryContexts(Big), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Variable), STATUS_SUCCESS);
    assert_status(TryContexts(Three), STATUS_SUCCESS);
    assert_status(TryContexts(Four), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Five), STATUS_SUCCESS);
    assert_status(TryContexts(TwoVariable), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(CustomAndFixed), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(CustomAlone), STATUS_SUCCESS);
    assert_status(TryContexts(Half1), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_status(TryContexts(Half2), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
}

static void
test_fltmgr_register__A_15_A_22_oddities_are_accepted_and_reported(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION NoTag[] = { { FLT_STREAM_CONTEXT, 0, NULL, 24, 0, NULL, NULL, NULL }, END };
    const FLT_CONTEXT_REGISTRATION Reserved[] = { { FLT_STREAM_CONTEXT, 0, NULL, 24, 1, NULL, NULL, POISON }, END };
    unsigned Before = vf_finding_count();

    assert_status(TryContexts(NoTag), STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), ++Before);
    assert_status(TryContexts(Reserved), STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), ++Before);
}

static void
test_fltmgr_register__A_19_to_A_21_versions_and_sizes(void **state)
{
    (void)state;
    static const USHORT Versions[] = { 0x0200, 0x0201, 0x0202, 0x0203 }, Sizes[] = { 0x58, 0x60, 0x68, 0x70 };
    FLT_REGISTRATION Registration = { 0 };

    for (ULONG i = 0; i < 4; i++) {
        Registration.Version = Versions[i];
        Registration.Size = Sizes[i];
        assert_status(TryRegister(&Registration), STATUS_SUCCESS);
        Registration.Size = (USHORT)(Sizes[i] - 8);
        assert_status(TryRegister(&Registration), STATUS_INVALID_PARAMETER);
        Registration.Size = (USHORT)(Sizes[i] + 8);
        assert_status(TryRegister(&Registration), STATUS_SUCCESS);
    }
    Registration.Version = 0x0100;
    assert_status(TryRegister(&Registration), STATUS_INVALID_PARAMETER);
    Registration.Version = 0x0300;
    assert_status(TryRegister(&Registration), STATUS_INVALID_PARAMETER);
}

static NTSTATUS
RegisterOnly(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    static const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION };
    PFLT_FILTER Filter;

    (void)Path;
    return FltRegisterFilter(Driver, &Registration, &Filter);
}

static void
test_fltmgr_register__A_19_no_service_key(void **state)
{
    (void)state;
    PDRIVER_OBJECT Driver;

    assert_status(IopLoadDriver("nokey", RegisterOnly, NULL, NULL, FALSE, &Driver), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void
test_fltmgr_register__A_24_operations(void **state)
{
    (void)state;
    const FLT_OPERATION_REGISTRATION Shutdown[] = { { IRP_MJ_SHUTDOWN, 0, NULL, (PVOID)TryOperations, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    const FLT_OPERATION_REGISTRATION Power[] = { { IRP_MJ_POWER, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    const FLT_OPERATION_REGISTRATION Twice[] = { { IRP_MJ_READ, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_READ, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    const FLT_OPERATION_REGISTRATION Every[] = { { IRP_MJ_QUERY_OPEN, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_VOLUME_DISMOUNT, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_PNP, 0, (PVOID)TryOperations, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };

    assert_status(TryOperations(Shutdown), STATUS_INVALID_PARAMETER);
    assert_status(TryOperations(Power), STATUS_INVALID_PARAMETER);
    assert_status(TryOperations(Twice), STATUS_FLT_DUPLICATE_ENTRY);
    assert_status(TryOperations(Every), STATUS_SUCCESS);
}

static void
test_fltmgr_register__A_25_start_once_setup_before_return(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("start", "5000");

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_string_equal(Log, "setup ");
    assert_status(FltStartFiltering(Filter.Filter), STATUS_INVALID_PARAMETER);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static void
test_fltmgr_register__new_registry_layout(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("layout", "5000.25");

    Filter.NewLayout = TRUE;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_non_null(TinyInstance(&Filter, Volume));
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

/* ---- G ---- */

static void
test_fltmgr_instance__G_01_G_02_setup(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("setup", "5000");
    PFLT_INSTANCE Instance;

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_int_equal(LastSetupFlags, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT);
    assert_ptr_equal(LastObjects.Filter, Filter.Filter);
    assert_ptr_equal(LastObjects.Volume, TinyFltVolume(Volume));
    assert_null(LastObjects.FileObject);
    assert_null(LastObjects.Transaction);
    assert_ptr_equal(TinyInstance(&Filter, Volume), LastObjects.Instance);
    assert_status(FltDetachVolume(Filter.Filter, TinyFltVolume(Volume), NULL), STATUS_SUCCESS);
    assert_status(FltAttachVolume(Filter.Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_SUCCESS);
    assert_int_equal(LastSetupFlags, FLTFL_INSTANCE_SETUP_MANUAL_ATTACHMENT);
    FltObjectDereference(Instance);
    /* a new volume: with the first operation */
    Reset();
    TINY_VOLUME *Other = TinyMount(NULL);
    assert_string_equal(Log, "");
    PFILE_OBJECT File = TinyOpen(Other, "\\x", NULL);
    assert_string_equal(Log, "setup ");
    assert_int_equal(LastSetupFlags, FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT | FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME);
    TinyClose(File);
    TinyDismount(Other);
    assert_int_equal(LastReason, FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
    SetupStatus = STATUS_FLT_DO_NOT_ATTACH;
    Other = TinyMount(NULL);
    TinyClose(TinyOpen(Other, "\\x", NULL));
    assert_null(TinyInstance(&Filter, Other));
    TinyDismount(Other);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static void
test_fltmgr_instance__G_03_G_04_query_teardown(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("query", "5000");
    PFLT_VOLUME FltVolume = TinyFltVolume(Volume);
    UNICODE_STRING Unknown = TinyString("unknown");

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_status(FltDetachVolume(Filter.Filter, FltVolume, &Unknown), STATUS_FLT_INSTANCE_NOT_FOUND);
    QueryStatus = STATUS_FLT_DO_NOT_DETACH;
    assert_status(FltDetachVolume(Filter.Filter, FltVolume, NULL), STATUS_FLT_DO_NOT_DETACH);
    assert_non_null(TinyInstance(&Filter, Volume));
    QueryStatus = STATUS_SUCCESS;
    Log[0] = 0;
    assert_status(FltDetachVolume(Filter.Filter, FltVolume, NULL), STATUS_SUCCESS);
    assert_string_equal(Log, "query start complete ");
    assert_int_equal(LastReason, FLTFL_INSTANCE_TEARDOWN_MANUAL);
    assert_status(FltDetachVolume(Filter.Filter, FltVolume, NULL), STATUS_FLT_INSTANCE_NOT_FOUND);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    /* no callback: never by hand */
    TINY_FILTER Bare = Whole("bare", "5000");
    Bare.Registration.InstanceQueryTeardownCallback = NULL;
    Bare.Registration.InstanceTeardownStartCallback = NULL;
    assert_status(TinyFilterLoad(&Bare), STATUS_SUCCESS);
    assert_status(FltDetachVolume(Bare.Filter, FltVolume, NULL), STATUS_FLT_DO_NOT_DETACH);
    Log[0] = 0;
    assert_status(TinyFilterUnload(&Bare), STATUS_SUCCESS);
    assert_string_equal(Log, "complete ");
}

static void
test_fltmgr_instance__G_05_G_16_unload_reasons(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("unload", "5000");

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    Log[0] = 0;
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_int_equal(LastReason, FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD);
    assert_string_equal(Log, "start complete ");
    UNICODE_STRING Name = TinyString("unload");
    assert_status(FltpUnloadFilter(&Name, FALSE), STATUS_FLT_FILTER_NOT_FOUND);
    /* */
    TINY_FILTER Sticky = Whole("sticky", "5000");
    Sticky.Registration.Flags = FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP;
    assert_status(TinyFilterLoad(&Sticky), STATUS_SUCCESS);
    UNICODE_STRING StickyName = TinyString("sticky");
    assert_status(FltpUnloadFilter(&StickyName, TRUE), STATUS_FLT_DO_NOT_DETACH);
    assert_status(TinyFilterUnload(&Sticky), STATUS_SUCCESS);
}

static NTSTATUS
Refuse(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    Say(Flags & FLTFL_FILTER_UNLOAD_MANDATORY ? "mandatory" : "asked");
    return STATUS_FLT_DO_NOT_DETACH;
}

static void
test_fltmgr_filter__G_16_unload_refused_unless_mandatory(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("refuse", "5000");
    UNICODE_STRING Name = TinyString("refuse");

    Filter.Registration.FilterUnloadCallback = Refuse;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    Log[0] = 0;
    assert_status(FltpUnloadFilter(&Name, FALSE), STATUS_FLT_DO_NOT_DETACH);
    assert_string_equal(Log, "asked ");
    assert_non_null(TinyInstance(&Filter, Volume));
    Log[0] = 0;
    assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
    assert_string_equal(Log, "mandatory start complete ");
    assert_int_equal(LastReason, FLTFL_INSTANCE_TEARDOWN_MANDATORY_FILTER_UNLOAD);
    assert_null(FltpFilterOfDriver(Filter.Driver));
    assert_status(IopUnloadDriver(Filter.Driver), STATUS_SUCCESS);
}

static void
test_fltmgr_instance__G_17_attach_errors(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("attach", "5000"), Other = Whole("other", "4000"), Idle = Whole("idle", "3000");
    PFLT_VOLUME FltVolume = TinyFltVolume(Volume);
    PFLT_INSTANCE Instance;
    UNICODE_STRING Altitude = TinyString("4000.0"), High = TinyString("6000"), Second = TinyString("second"), Bad = TinyString("x");

    Idle.NoStart = TRUE;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_status(TinyFilterLoad(&Other), STATUS_SUCCESS);
    assert_status(TinyFilterLoad(&Idle), STATUS_SUCCESS);
    assert_status(FltAttachVolume(Idle.Filter, FltVolume, NULL, &Instance), STATUS_FLT_FILTER_NOT_READY);
    assert_null(Instance);
    assert_status(FltAttachVolume(Filter.Filter, FltVolume, NULL, &Instance), STATUS_FLT_INSTANCE_NAME_COLLISION);
    assert_status(FltAttachVolumeAtAltitude(Filter.Filter, FltVolume, &Altitude, &Second, &Instance), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    TINY_FILTER Same = Whole("same", "05000");
    assert_status(TinyFilterLoad(&Same), STATUS_SUCCESS);
    assert_null(TinyInstance(&Same, Volume));
    assert_status(FltAttachVolume(Same.Filter, FltVolume, NULL, &Instance), STATUS_OBJECT_NAME_COLLISION);
    assert_status(TinyFilterUnload(&Same), STATUS_SUCCESS);
    assert_status(FltAttachVolumeAtAltitude(Filter.Filter, FltVolume, &Bad, &Second, &Instance), STATUS_INVALID_PARAMETER);
    assert_status(FltAttachVolumeAtAltitude(Filter.Filter, FltVolume, &High, &Second, &Instance), STATUS_SUCCESS);
    assert_int_equal(FltCompareInstanceAltitudes(Instance, TinyInstance(&Other, Volume)), 1);
    PFLT_INSTANCE Top, Lower;
    assert_status(FltGetTopInstance(FltVolume, &Top), STATUS_SUCCESS);
    assert_ptr_equal(Top, Instance);
    assert_status(FltGetLowerInstance(Top, &Lower), STATUS_SUCCESS);
    assert_ptr_equal(Lower->Filter, Filter.Filter);
    FltObjectDereference(Top);
    FltObjectDereference(Lower);
    FltObjectDereference(Instance);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_status(TinyFilterUnload(&Other), STATUS_SUCCESS);
    assert_status(TinyFilterUnload(&Idle), STATUS_SUCCESS);
}

static void
test_fltmgr_instance__F_17_F_24_contexts_at_detach(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("order", "5000");
    PFLT_CONTEXT Stream, OfInstance, OfVolume;
    PFILE_OBJECT File = TinyOpen(Volume, "\\open", NULL);

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    PFLT_INSTANCE Instance = TinyInstance(&Filter, Volume);
    FltAllocateContext(Filter.Filter, FLT_STREAM_CONTEXT, 32, PagedPool, &Stream);
    FltAllocateContext(Filter.Filter, FLT_INSTANCE_CONTEXT, 32, PagedPool, &OfInstance);
    FltAllocateContext(Filter.Filter, FLT_VOLUME_CONTEXT, 32, NonPagedPool, &OfVolume);
    assert_status(FltSetInstanceContext(Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, OfInstance, NULL), STATUS_SUCCESS);
    assert_status(FltSetStreamContext(Instance, File, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Stream, NULL), STATUS_SUCCESS);
    assert_status(FltSetVolumeContext(TinyFltVolume(Volume), FLT_SET_CONTEXT_KEEP_IF_EXISTS, OfVolume, NULL), STATUS_SUCCESS);
    FltReleaseContext(Stream);
    FltReleaseContext(OfInstance);
    FltReleaseContext(OfVolume);
    Log[0] = 0;
    assert_status(FltDetachVolume(Filter.Filter, TinyFltVolume(Volume), NULL), STATUS_SUCCESS);
    assert_string_equal(Log, "query start complete stream-cleanup instance-cleanup ");   /* F-22: the file is still open */
    /* C-30 */
    PFLT_CONTEXT Got;
    assert_status(FltGetVolumeContext(Filter.Filter, TinyFltVolume(Volume), &Got), STATUS_SUCCESS);
    FltReleaseContext(Got);
    Log[0] = 0;
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_string_equal(Log, "volume-cleanup ");   /* F-18 */
    TinyClose(File);
}

/* In each phase of teardown: what works. */
static NTSTATUS InStart[4], InComplete[4];
static PFLT_CONTEXT Spare;

static void
Probe(PCFLT_RELATED_OBJECTS Objects, NTSTATUS *Out)
{
    PFLT_CONTEXT Got;

    Out[0] = FltGetInstanceContext(Objects->Instance, &Got);
    if (NT_SUCCESS(Out[0])) {
        FltReleaseContext(Got);
    }
    Out[1] = FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Spare, NULL);
    Out[2] = FltObjectReference(Objects->Instance);
    if (NT_SUCCESS(Out[2])) {
        FltObjectDereference(Objects->Instance);
    }
}

static VOID
ProbeStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    Probe(Objects, InStart);
}

static VOID
ProbeComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    Probe(Objects, InComplete);
}

static void
test_fltmgr_instance__G_12_G_14_deleting_object(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("deleting", "5000");
    PFLT_CONTEXT First;

    Filter.Registration.InstanceTeardownStartCallback = ProbeStart;
    Filter.Registration.InstanceTeardownCompleteCallback = ProbeComplete;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    FltAllocateContext(Filter.Filter, FLT_INSTANCE_CONTEXT, 32, PagedPool, &First);
    FltAllocateContext(Filter.Filter, FLT_INSTANCE_CONTEXT, 32, PagedPool, &Spare);
    FltSetInstanceContext(TinyInstance(&Filter, Volume), FLT_SET_CONTEXT_KEEP_IF_EXISTS, First, NULL);
    FltReleaseContext(First);
    assert_status(FltDetachVolume(Filter.Filter, TinyFltVolume(Volume), NULL), STATUS_SUCCESS);
    assert_status(InStart[0], STATUS_SUCCESS);
    assert_status(InStart[1], STATUS_SUCCESS);
    assert_status(InStart[2], STATUS_SUCCESS);
    assert_status(InComplete[0], STATUS_SUCCESS);   /* D-05, G-13 */
    assert_status(InComplete[1], STATUS_FLT_DELETING_OBJECT);
    assert_status(InComplete[2], STATUS_FLT_DELETING_OBJECT);
    FltReleaseContext(Spare);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static void
test_fltmgr_instance__C_32_failed_setup_drops_contexts(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("failing", "5000");

    /* attached by hand, so that the callback can be told what to do */
    Filter.InstanceFlags = FLTP_INSTANCE_NO_AUTOMATIC;
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_string_equal(Log, "");
    SetupStatus = STATUS_FLT_DO_NOT_ATTACH;
    PFLT_INSTANCE Instance = POISON;
    assert_status(FltAttachVolume(Filter.Filter, TinyFltVolume(Volume), NULL, &Instance), STATUS_FLT_DO_NOT_ATTACH);
    assert_null(Instance);
    assert_string_equal(Log, "setup ");
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_string_equal(Log, "setup ");
}

static void
test_fltmgr_instance__two_instances_of_one_filter(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("double", "5000");
    PFLT_INSTANCE High, Low;
    UNICODE_STRING Name = TinyString("double low");
    PFLT_CONTEXT Context, Got;

    Filter.SecondInstance = "double low";
    Filter.SecondAltitude = "10";
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    assert_string_equal(Log, "setup setup ");
    assert_status(FltGetVolumeInstanceFromName(Filter.Filter, TinyFltVolume(Volume), NULL, &High), STATUS_SUCCESS);
    assert_status(FltGetVolumeInstanceFromName(Filter.Filter, TinyFltVolume(Volume), &Name, &Low), STATUS_SUCCESS);
    assert_true(FltCompareInstanceAltitudes(High, Low) > 0);
    FltAllocateContext(Filter.Filter, FLT_INSTANCE_CONTEXT, 32, PagedPool, &Context);
    assert_status(FltSetInstanceContext(High, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    assert_status(FltGetInstanceContext(Low, &Got), STATUS_NOT_FOUND);   /* C-10 */
    FltReleaseContext(Context);
    FltObjectDereference(High);
    FltObjectDereference(Low);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
}

static BOOLEAN
GiveUp(PFLT_FILTER Filter, ULONG Seconds, PVOID Context)
{
    (void)Filter;
    *(ULONG *)Context += 1;
    return Seconds >= 1;
}

static void
test_fltmgr_filter__F_19_F_20_leak_is_reported_instead_of_hanging(void **state)
{
    (void)state;
    TINY_FILTER Filter = Whole("leaker", "5000");
    PFLT_CONTEXT Leaked;
    ULONG Asked = 0;
    const unsigned Before = vf_finding_count();

    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    FltAllocateContext(Filter.Filter, FLT_STREAM_CONTEXT, 32, PagedPool, &Leaked);
    FltpSetWaitHook(GiveUp, &Asked);
    TinyFilterUnload(&Filter);
    FltpSetWaitHook(NULL, NULL);
    assert_true(Asked >= 1);
    assert_true(vf_finding_count() > Before);
}

static _Atomic(LONG) Dismounted;

static void
DismountIt(void *Parameter)
{
    TinyDismount(Parameter);
    atomic_store(&Dismounted, 1);
}

/* Who goes through the volumes (FltStartFiltering does) is waited for, and finds his way on. */
static void
test_fltmgr_volume__dismount_waits_for_whoever_looks_at_the_volume(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    PFLT_VOLUME Flt = TinyFltVolume(Other), Seen = FltpVolumeNext(NULL);
    const unsigned Before = vf_finding_count();
    port_thread *Thread;

    while (Seen != Flt) {
        Seen = FltpVolumeNext(Seen);
    }
    assert_int_equal(port_thread_start(&Thread, DismountIt, Other, "dismount"), 0);
    while (!atomic_load(&Flt->Dismounting)) {
        TinySleep(1);
    }
    TinySleep(20);
    assert_int_equal(atomic_load(&Dismounted), 0);
    assert_null(FltpVolumeNext(Seen));
    port_thread_join(Thread);
    assert_int_equal(atomic_load(&Dismounted), 1);
    assert_int_equal(vf_finding_count(), Before);
}

/* A look of ours is waited for, a filter's reference that is on its way back too: neither is a leak. */
static void
test_fltmgr_volume__dismount_gives_references_time(void **state)
{
    (void)state;
    const unsigned Before = vf_finding_count();

    for (int Ours = 0; Ours < 2; Ours++) {
        TINY_VOLUME *Other = TinyMount(NULL);
        port_thread *Thread;
        PFLT_VOLUME Seen = NULL;
        if (Ours) {
            Seen = FltpVolumeLook(Other->Device);
        } else {
            assert_status(FltGetVolumeFromDeviceObject(NULL, Other->Device, &Seen), STATUS_SUCCESS);
        }
        assert_ptr_equal(Seen, TinyFltVolume(Other));
        atomic_store(&Dismounted, 0);
        assert_int_equal(port_thread_start(&Thread, DismountIt, Other, "dismount"), 0);
        while (!atomic_load(&Seen->Dismounting)) {
            TinySleep(1);
        }
        TinySleep(20);
        assert_int_equal(atomic_load(&Dismounted), 0);
        if (Ours) {
            FltpCountRelease(&Seen->Outstanding);
        } else {
            FltObjectDereference(Seen);
        }
        port_thread_join(Thread);
        assert_int_equal(vf_finding_count(), Before);
    }
}

/* ---- loads and unloads of one filter at once ---- */

static PFLT_FILTER Slow;
static _Atomic(LONG) SlowRuns, SlowStarted, SlowLoading, SlowAsked, SlowOverlaps;

static NTSTATUS
SlowUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    (void)Flags;
    UNICODE_STRING Name = TinyString("slow");

    atomic_fetch_add(&SlowRuns, 1);
    atomic_fetch_add(&SlowOverlaps, atomic_load(&SlowLoading) != 0);
    assert_status(FltUnloadFilter(&Name), STATUS_FLT_DELETING_OBJECT);   /* it is doing so */
    TinySleep(30);
    FltUnregisterFilter(Slow);
    return STATUS_SUCCESS;
}

static NTSTATUS
SlowSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type)
{
    (void)Flags;
    (void)DeviceType;
    (void)Type;
    Slow = Objects->Filter;
    atomic_store(&SlowLoading, 1);             /* inside DriverEntry */
    atomic_store(&SlowStarted, 1);
    while (atomic_load(&SlowAsked) == 0) {
        TinySleep(1);
    }
    TinySleep(30);
    atomic_store(&SlowLoading, 0);
    return STATUS_SUCCESS;
}

static void
SlowThread(void *Status)
{
    UNICODE_STRING Name = TinyString("slow");

    while (atomic_load(&SlowStarted) == 0) {   /* stays: on a busy machine the load may be over when this looks */
        TinySleep(1);
    }
    atomic_fetch_add(&SlowAsked, 1);
    *(NTSTATUS *)Status = FltUnloadFilter(&Name);
}

static void
test_fltmgr_filter__loads_and_unloads_of_one_come_one_after_the_other(void **state)
{
    (void)state;
    const unsigned Before = vf_finding_count();

    for (int Round = 0; Round < 5; Round++) {
        TINY_FILTER Filter = { .Name = "slow", .Altitude = "5500",
            .Registration = { .FilterUnloadCallback = SlowUnload, .InstanceSetupCallback = SlowSetup } };
        NTSTATUS Status[3];
        port_thread *Threads[3];
        int Good = 0, None = 0;
        SlowRuns = SlowStarted = SlowLoading = SlowAsked = SlowOverlaps = 0;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(port_thread_start(&Threads[i], SlowThread, &Status[i], "unload"), 0);
        }
        assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
        for (int i = 0; i < 3; i++) {
            port_thread_join(Threads[i]);
            Good += Status[i] == STATUS_SUCCESS;
            None += Status[i] == STATUS_FLT_FILTER_NOT_FOUND;
        }
        assert_int_equal(Good, 1);
        assert_int_equal(None, 2);
        assert_int_equal(SlowRuns, 1);
        assert_int_equal(SlowOverlaps, 0);
    }
    assert_int_equal(vf_finding_count(), Before);
}

/* ---- program ---- */

static int
Setup(void **state)
{
    (void)state;
    TinyStart();
    Volume = TinyMount(NULL);
    TinyClose(TinyOpen(Volume, "\\first", NULL));
    return 0;
}

static int
Teardown(void **state)
{
    (void)state;
    TinyDismount(Volume);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(altitude__J_01_decimal_of_any_length),
        T(register__A_01_A_02_empty_and_terminator),
        T(register__A_04_to_A_12_context_definitions),
        T(register__A_15_A_22_oddities_are_accepted_and_reported),
        T(register__A_19_to_A_21_versions_and_sizes),
        T(register__A_19_no_service_key),
        T(register__A_24_operations),
        T(register__A_25_start_once_setup_before_return),
        T(register__new_registry_layout),
        T(instance__G_01_G_02_setup),
        T(instance__G_03_G_04_query_teardown),
        T(instance__G_05_G_16_unload_reasons),
        T(filter__G_16_unload_refused_unless_mandatory),
        T(instance__G_17_attach_errors),
        T(instance__F_17_F_24_contexts_at_detach),
        T(instance__G_12_G_14_deleting_object),
        T(instance__C_32_failed_setup_drops_contexts),
        T(instance__two_instances_of_one_filter),
        T(volume__dismount_waits_for_whoever_looks_at_the_volume),
        T(volume__dismount_gives_references_time),
        T(filter__loads_and_unloads_of_one_come_one_after_the_other),
        T(filter__F_19_F_20_leak_is_reported_instead_of_hanging),
    };
    return cmocka_run_group_tests(tests, Setup, Teardown);
}

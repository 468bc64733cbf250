/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section A: what FltRegisterFilter accepts, refuses and keeps. */
#include "bed.h"

#include "guard.h"

#define ALL_TYPES 7
#define NO_EXACT FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH
#define END { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL }
#define D(Type, Size) { (Type), 0, OnCleanup, (Size), TAG, NULL, NULL, NULL }
#define VARIABLE FLT_VARIABLE_SIZED_CONTEXTS

static TINY_FILTER Try = { .Name = "conftry", .Altitude = "10", .NoStart = TRUE };

static NTSTATUS
Register(const FLT_REGISTRATION *Registration)
{
    Try.Registration = *Registration;
    Try.Filter = POISON;
    TinyFilterLoad(&Try);
    return Try.RegisterStatus;
}

static NTSTATUS
RegisterContexts(const FLT_CONTEXT_REGISTRATION *Array)
{
    const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION, .ContextRegistration = Array };

    return Register(&Registration);
}

static void
Unregister(void)
{
    assert_status(TinyFilterUnload(&Try), STATUS_SUCCESS);
}

/* A refused registration leaves nothing behind: no pointer, no name, no filter in the enumeration. */
static void
assert_refused(const FLT_CONTEXT_REGISTRATION *Array)
{
    UNICODE_STRING Name = TinyString("conftry");
    PFLT_FILTER Found[16], Got;
    ULONG Count = 0;

    assert_status(RegisterContexts(Array), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    assert_null(Try.Filter);
    assert_status(FltGetFilterFromName(&Name, &Got), STATUS_FLT_FILTER_NOT_FOUND);
    assert_status(FltEnumerateFilters(Found, 16, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 2);
    for (ULONG i = 0; i < Count; i++) {
        assert_true(Found[i] == A.Filter || Found[i] == B.Filter);
        FltObjectDereference(Found[i]);
    }
}

static void
assert_accepted(const FLT_CONTEXT_REGISTRATION *Array)
{
    assert_status(RegisterContexts(Array), STATUS_SUCCESS);
    Unregister();
}

static NTSTATUS
Allocate(FLT_CONTEXT_TYPE Type, SIZE_T Size)
{
    PFLT_CONTEXT Context = POISON;

    NTSTATUS Status = FltAllocateContext(Try.Filter, Type, Size, NonPagedPool, &Context);
    if (NT_SUCCESS(Status)) {
        memset(Context, 0x5A, Size);
        FltReleaseContext(Context);
    } else {
        assert_null(Context);
    }
    return Status;
}

/* ---- the array ---- */

static void
test_conformance__A_01_no_context_registration(void **state)
{
    (void)state;
    static const FLT_CONTEXT_REGISTRATION OnlyEnd[] = { END };
    const FLT_CONTEXT_REGISTRATION *Forms[] = { NULL, OnlyEnd };

    for (ULONG f = 0; f < 2; f++) {
        assert_status(RegisterContexts(Forms[f]), STATUS_SUCCESS);
        for (ULONG i = 0; i < ALL_TYPES; i++) {
            assert_status(Allocate((FLT_CONTEXT_TYPE)(1u << i), 16), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
        }
        Unregister();
    }
}

static char Chosen[8];
#define CHOICE(Letter) static VOID Chose##Letter(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type) { (void)Context; (void)Type; strcpy(Chosen, #Letter); }
CHOICE(a)
CHOICE(b)
CHOICE(c)
CHOICE(d)

static void
test_conformance__A_02_terminator_and_order(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Rows[] = { { FLT_STREAM_CONTEXT, NO_EXACT, Chosea, 32, TAG, NULL, NULL, NULL },
        { FLT_STREAM_CONTEXT, 0, Choseb, 48, TAG, NULL, NULL, NULL }, { FLT_FILE_CONTEXT, 0, Chosec, 8, TAG, NULL, NULL, NULL },
        { FLT_STREAM_CONTEXT, 0, Chosed, VARIABLE, TAG, NULL, NULL, NULL } };
    static const UCHAR Orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 3, 0, 1 }, { 1, 3, 2, 0 } };
    char First[2][100], Now[2][100];

    memset(First, 0, sizeof(First));
    for (ULONG o = 0; o < RTL_NUMBER_OF(Orders); o++) {
        FLT_CONTEXT_REGISTRATION Array[6];
        for (ULONG i = 0; i < 4; i++) {
            Array[i] = Rows[Orders[o][i]];
        }
        Array[4] = (FLT_CONTEXT_REGISTRATION){ FLT_CONTEXT_END, 0xFFFF, POISON, 0x12345678, 0, POISON, NULL, POISON };
        Array[5] = (FLT_CONTEXT_REGISTRATION){ 0x1234, 0xFFFF, NULL, 1, 1, NULL, NULL, NULL };   /* behind the end: not looked at */
        assert_status(RegisterContexts(Array), STATUS_SUCCESS);
        for (ULONG Size = 1; Size < 100; Size++) {
            for (ULONG t = 0; t < 2; t++) {
                strcpy(Chosen, "-");
                Allocate(t ? FLT_FILE_CONTEXT : FLT_STREAM_CONTEXT, Size);
                Now[t][Size] = Chosen[0];
            }
        }
        if (o == 0) {
            memcpy(First, Now, sizeof(Now));
            assert_int_equal(First[0][20], 'a');
            assert_int_equal(First[0][48], 'b');
            assert_int_equal(First[0][49], 'd');
            assert_int_equal(First[1][9], '-');
        }
        for (ULONG Size = 1; Size < 100; Size++) {
            assert_int_equal(Now[0][Size], First[0][Size]);
            assert_int_equal(Now[1][Size], First[1][Size]);
        }
        Unregister();
    }
}

static void
test_conformance__A_04_bad_types_register_nothing(void **state)
{
    (void)state;
    static const FLT_CONTEXT_TYPE Bad[] = { 0, 0x3, 0x80, 0x7F, 0x8000, 0xFFFE };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        const FLT_CONTEXT_REGISTRATION Array[] = { D(FLT_STREAM_CONTEXT, 8), D(Bad[i], 8), D(FLT_FILE_CONTEXT, 8), END };
        assert_refused(Array);
    }
}

/* ---- sizes ---- */

static void
test_conformance__A_05_fixed_sizes(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Array[] = { D(FLT_STREAM_CONTEXT, 0), D(FLT_FILE_CONTEXT, 1), D(FLT_STREAMHANDLE_CONTEXT, 65535), END };

    assert_status(RegisterContexts(Array), STATUS_SUCCESS);
    assert_status(Allocate(FLT_FILE_CONTEXT, 1), STATUS_SUCCESS);
    assert_status(Allocate(FLT_STREAMHANDLE_CONTEXT, 65535), STATUS_SUCCESS);
    Unregister();
}

static void
test_conformance__A_06_size_above_maxushort(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Big[] = { D(FLT_STREAM_CONTEXT, 65536), END };
    const FLT_CONTEXT_REGISTRATION AlmostVariable[] = { D(FLT_STREAM_CONTEXT, (SIZE_T)-2), END };
    const FLT_CONTEXT_REGISTRATION Variable[] = { D(FLT_STREAM_CONTEXT, (SIZE_T)-1), END };

    assert_refused(Big);
    assert_refused(AlmostVariable);
    assert_accepted(Variable);
}

static void
test_conformance__A_07_variable_size(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Array[] = { D(FLT_STREAM_CONTEXT, VARIABLE), END };

    _Static_assert(FLT_VARIABLE_SIZED_CONTEXTS == (SIZE_T)-1, "the value of the macro");
    assert_status(RegisterContexts(Array), STATUS_SUCCESS);
    assert_status(Allocate(FLT_STREAM_CONTEXT, 1), STATUS_SUCCESS);
    assert_status(Allocate(FLT_STREAM_CONTEXT, 17), STATUS_SUCCESS);
    assert_status(Allocate(FLT_STREAM_CONTEXT, 65535), STATUS_SUCCESS);
    Unregister();
}

static void
test_conformance__A_08_three_fixed_one_variable(void **state)
{
    (void)state;
#define S FLT_STREAM_CONTEXT
    const FLT_CONTEXT_REGISTRATION Most[] = { D(S, 3), D(S, VARIABLE), D(S, 1), D(S, 2), END };
    const FLT_CONTEXT_REGISTRATION Four[] = { D(S, 3), D(S, 1), D(S, 2), D(S, 4), END };
    const FLT_CONTEXT_REGISTRATION TwoVariable[] = { D(S, VARIABLE), { S, 0, NULL, VARIABLE, TAG, NULL, NULL, NULL }, END };
    const FLT_CONTEXT_REGISTRATION OfTwoTypes[] = { D(S, 3), D(S, 1), D(S, 2), D(FLT_FILE_CONTEXT, 4), END };

    assert_accepted(Most);
    assert_refused(Four);
    assert_refused(TwoVariable);
    assert_accepted(OfTwoTypes);
}

static void
test_conformance__A_09_duplicates_are_ignored(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Five[] = { D(S, 3), D(S, 3), D(S, 3), D(S, 3), D(S, 3), D(S, 4), D(S, 5), END };
    const FLT_CONTEXT_REGISTRATION SameSize[] = { { S, 0, Chosea, 16, TAG, NULL, NULL, NULL }, { S, 0, Choseb, 16, TAG, NULL, NULL, NULL }, END };

    assert_accepted(Five);
    assert_status(RegisterContexts(SameSize), STATUS_SUCCESS);
    strcpy(Chosen, "-");
    assert_status(Allocate(S, 16), STATUS_SUCCESS);
    assert_string_equal(Chosen, "a");          /* the first wins, and the verifier says so */
    assert_true(Findings("K-26") > 0);
    Unregister();
}

/* ---- custom allocators ---- */

static SIZE_T LastSize;

static PVOID
OwnAllocate(POOL_TYPE Pool, SIZE_T Size, FLT_CONTEXT_TYPE Type)
{
    (void)Pool;
    (void)Type;
    LastSize = Size;
    return port_alloc(Size);
}

static VOID
OwnFree(PVOID Pool, FLT_CONTEXT_TYPE Type)
{
    (void)Type;
    port_free(Pool);
}
#define CUSTOM(Type, Size) { (Type), NO_EXACT, OnCleanup, (Size), 0, OwnAllocate, OwnFree, NULL }

static void
test_conformance__A_10_custom_allocator_is_alone(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Before[] = { CUSTOM(S, 0), D(S, 8), END };
    const FLT_CONTEXT_REGISTRATION Behind[] = { D(S, 8), CUSTOM(S, 0), END };
    const FLT_CONTEXT_REGISTRATION Other[] = { CUSTOM(S, 0), D(FLT_FILE_CONTEXT, 8), D(FLT_FILE_CONTEXT, 9), END };

    assert_refused(Before);
    assert_refused(Behind);
    assert_accepted(Other);
}

static void
test_conformance__A_11_size_and_tag_are_ignored(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Array[] = { CUSTOM(S, 1), END };
    const ULONG Before = Findings("K-26");

    assert_status(RegisterContexts(Array), STATUS_SUCCESS);
    LastSize = 0;
    assert_status(Allocate(S, 4096), STATUS_SUCCESS);
    assert_true(LastSize > 4096);
    Unregister();
    assert_int_equal(Findings("K-26"), Before);   /* a tag of zero is no oddity here */
}

static void
test_conformance__A_12_half_a_pair(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION NoFree[] = { { S, 0, NULL, 8, TAG, OwnAllocate, NULL, NULL }, END };
    const FLT_CONTEXT_REGISTRATION NoAllocate[] = { { S, 0, NULL, 8, TAG, NULL, OwnFree, NULL }, END };

    assert_refused(NoFree);
    assert_refused(NoAllocate);
}

/* ---- oddities ---- */

static void
test_conformance__A_15_pool_tag_zero(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Array[] = { { S, 0, NULL, 24, 0, NULL, NULL, NULL }, END };
    const ULONG Before = Findings("K-26");

    assert_status(RegisterContexts(Array), STATUS_SUCCESS);
    assert_int_equal(Findings("K-26"), Before + 1);
    assert_status(Allocate(S, 24), STATUS_SUCCESS);
    Unregister();
    vf_set_level(VF_FULL);                     /* strict */
    assert_refused(Array);
    vf_set_level(VF_STANDARD);
}

static FLT_PREOP_CALLBACK_STATUS
Pass(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_conformance__A_22_reserved_members(void **state)
{
    (void)state;
    const FLT_CONTEXT_REGISTRATION Array[] = { { S, 0, NULL, 25, TAG, NULL, NULL, POISON }, END };
    const FLT_OPERATION_REGISTRATION Odd[] = { { IRP_MJ_READ, 0, Pass, NULL, POISON }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION, .OperationRegistration = Odd };
    const ULONG Before = Findings("K-26");

    assert_accepted(Array);
    assert_int_equal(Findings("K-26"), Before + 1);
    assert_status(Register(&Registration), STATUS_SUCCESS);
    Unregister();
    assert_int_equal(Findings("K-26"), Before + 2);
}

/* ---- versions and statuses ---- */

static void
test_conformance__A_19_statuses(void **state)
{
    (void)state;
    static FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION };
    FLT_REGISTRATION Bad = Registration;
    PFLT_FILTER Filter = POISON;

    Bad.Version = 0x0100;
    assert_status(Register(&Bad), STATUS_INVALID_PARAMETER);
    Bad = Registration;
    Bad.NormalizeNameComponentCallback = POISON;   /* without GenerateFileNameCallback */
    assert_status(Register(&Bad), STATUS_INVALID_PARAMETER);
    assert_true(vf_inject_add("FltRegisterFilter", NULL, 1, 0) >= 0);
    assert_status(Register(&Registration), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    assert_null(Try.Filter);
    FltpGlobals.Initialized = FALSE;
    assert_status(FltRegisterFilter(A.Driver, &Registration, &Filter), STATUS_FLT_NOT_INITIALIZED);
    FltpGlobals.Initialized = TRUE;
    assert_null(Filter);
    assert_status(Register(&Registration), STATUS_SUCCESS);   /* nothing of the failures was left under this name */
    Unregister();
}

static NTSTATUS
RegisterBare(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    static const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION };
    PFLT_FILTER Filter = POISON;

    (void)Path;
    NTSTATUS Status = FltRegisterFilter(Driver, &Registration, &Filter);
    assert_null(Filter);
    return Status;
}

static void
test_conformance__A_19_nothing_configured(void **state)
{
    (void)state;
    PDRIVER_OBJECT Driver;

    assert_status(IopLoadDriver("confnokey", RegisterBare, NULL, NULL, FALSE, &Driver), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void
test_conformance__A_20_versions_read_their_members_only(void **state)
{
    (void)state;
    static const USHORT Versions[] = { 0x0200, 0x0201, 0x0202, 0x0203 }, Sizes[] = { 0x58, 0x60, 0x68, 0x70 };
    static const USHORT Unknown[] = { 0x0100, 0x0300, 0x0302, 0x0003 };
    PFLT_FILTER Filter;

    for (ULONG i = 0; i < 4; i++) {
        const FLT_REGISTRATION Registration = { .Size = Sizes[i], .Version = Versions[i], .FilterUnloadCallback = TinyUnload };
        /* a driver whose filter was unregistered: its key is still there */
        assert_status(RegisterContexts(NULL), STATUS_SUCCESS);
        FltUnregisterFilter(Try.Filter);
        FLT_REGISTRATION *Guarded = guard_copy(&Registration, Sizes[i]);
        assert_status(FltRegisterFilter(Try.Driver, Guarded, &Filter), STATUS_SUCCESS);
        guard_free(Guarded, Sizes[i]);
        FltUnregisterFilter(Filter);
        assert_status(IopUnloadDriver(Try.Driver), STATUS_SUCCESS);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Unknown); i++) {
        const FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = Unknown[i] };
        assert_status(Register(&Registration), STATUS_INVALID_PARAMETER);
    }
}

/* ---- unload ---- */

static ULONG Asked;

static NTSTATUS
OnUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    (void)Flags;
    Asked++;
    FltUnregisterFilter(Try.Filter);
    return STATUS_SUCCESS;
}

static void
test_conformance__A_23_service_stop(void **state)
{
    (void)state;
    UNICODE_STRING Name = TinyString("conftry");
    FLT_REGISTRATION Registration = { .Size = sizeof(Registration), .Version = FLT_REGISTRATION_VERSION, .FilterUnloadCallback = OnUnload,
        .Flags = FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP };
    PFLT_FILTER Got;

    _Static_assert(FLTFL_REGISTRATION_DO_NOT_SUPPORT_SERVICE_STOP == 1 && FLTFL_REGISTRATION_SUPPORT_NPFS_MSFS == 2 &&
        FLTFL_REGISTRATION_SUPPORT_DAX_VOLUME == 4, "values");
    Asked = 0;
    assert_status(Register(&Registration), STATUS_SUCCESS);
    assert_false(NT_SUCCESS(FltpUnloadFilter(&Name, TRUE)));
    assert_int_equal(Asked, 0);
    assert_status(FltGetFilterFromName(&Name, &Got), STATUS_SUCCESS);
    FltObjectDereference(Got);
    assert_status(FltpUnloadFilter(&Name, FALSE), STATUS_SUCCESS);   /* by hand it goes */
    assert_int_equal(Asked, 1);
    assert_status(IopUnloadDriver(Try.Driver), STATUS_SUCCESS);
    Registration.Flags = FLTFL_REGISTRATION_SUPPORT_NPFS_MSFS | FLTFL_REGISTRATION_SUPPORT_DAX_VOLUME;
    assert_status(Register(&Registration), STATUS_SUCCESS);
    assert_status(FltpUnloadFilter(&Name, TRUE), STATUS_SUCCESS);
    assert_int_equal(Asked, 2);
    assert_status(IopUnloadDriver(Try.Driver), STATUS_SUCCESS);
}

static void
test_conformance__A_25_after_a_failed_start(void **state)
{
    (void)state;
    assert_status(RegisterContexts(NULL), STATUS_SUCCESS);
    assert_true(vf_inject_add("FltStartFiltering", NULL, 1, 0) >= 0);
    assert_status(FltStartFiltering(Try.Filter), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    UNICODE_STRING Name = TinyString("conftry");
    PFLT_FILTER Got;
    assert_status(FltGetFilterFromName(&Name, &Got), STATUS_SUCCESS);   /* still registered: it is to be unregistered */
    FltObjectDereference(Got);
    Unregister();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(A_01_no_context_registration), R(A_02_terminator_and_order), R(A_04_bad_types_register_nothing), R(A_05_fixed_sizes),
        R(A_06_size_above_maxushort), R(A_07_variable_size), R(A_08_three_fixed_one_variable), R(A_09_duplicates_are_ignored),
        R(A_10_custom_allocator_is_alone), R(A_11_size_and_tag_are_ignored), R(A_12_half_a_pair), R(A_15_pool_tag_zero),
        R(A_22_reserved_members), R(A_19_statuses), R(A_19_nothing_configured), R(A_20_versions_read_their_members_only),
        R(A_23_service_stop), R(A_25_after_a_failed_start),
    };
    return BED_RUN(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Name providers: the middle filter shows every "…\real…" as "…\shown…" to the filters above it, and writes components that it is asked to
 * normalize in capitals.
 */
#include "membed.h"

static ULONG Generated, Normalized, Cleaned;
static NTSTATUS Failure;
static PFLT_CALLBACK_DATA GeneratedData;

static NTSTATUS FLTAPI
Generate(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA Data, FLT_FILE_NAME_OPTIONS Wanted, PBOOLEAN Cache, PFLT_NAME_CONTROL Name)
{
    static const WCHAR Shown[] = { 's', 'h', 'o', 'w', 'n' };
    const UNICODE_STRING To = { sizeof(Shown), sizeof(Shown), (PWCH)Shown };
    PFLT_FILE_NAME_INFORMATION Below;

    Generated++;
    GeneratedData = Data;
    assert_ptr_equal(Instance->Filter, Filters[MIDDLE].Filter);
    *Cache = TRUE;
    if (!NT_SUCCESS(Failure)) {
        return Failure;
    }
    /* Who asks from inside asks further down: not this routine again. */
    NTSTATUS Status = Data != NULL && Data->Iopb->MajorFunction == IRP_MJ_CREATE
        ? FltGetFileNameInformation(Data, (Wanted & 0xFFFF) | FLT_FILE_NAME_DO_NOT_CACHE, &Below)
        : FltGetFileNameInformationUnsafe(FileObject, Instance, (Wanted & 0xFFFF) | FLT_FILE_NAME_DO_NOT_CACHE, &Below);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    assert_status(FltParseFileNameInformation(Below), STATUS_SUCCESS);
    Status = FltCheckAndGrowNameControl(Name, (USHORT)(Below->Name.Length + To.Length));
    if (NT_SUCCESS(Status)) {
        Name->Name.Length = (USHORT)(Below->Volume.Length + Below->ParentDir.Length);
        memcpy(Name->Name.Buffer, Below->Name.Buffer, Name->Name.Length);
        RtlAppendUnicodeStringToString(&Name->Name, &To);
    }
    FltReleaseFileNameInformation(Below);
    return Status;
}

static NTSTATUS FLTAPI
NormalizeComponent(PFLT_INSTANCE Instance, PCUNICODE_STRING ParentDirectory, USHORT VolumeNameLength, PCUNICODE_STRING Component,
    PFILE_NAMES_INFORMATION Expanded, ULONG ExpandedLength, FLT_NORMALIZE_NAME_FLAGS Flags, PVOID *Context)
{
    (void)Flags;
    Normalized++;
    assert_ptr_equal(Instance->Filter, Filters[MIDDLE].Filter);
    assert_int_equal(VolumeNameLength, 2 * strlen(VOLUME_NAME));
    assert_int_equal(ParentDirectory->Buffer[ParentDirectory->Length / 2 - 1], '\\');
    assert_true((ULONG)FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName) + Component->Length <= ExpandedLength);
    *Context = &Cleaned;
    if (Component->Buffer[0] == 's' && Component->Buffer[1] == 'h') {
        return STATUS_NO_SUCH_FILE;
    }
    Expanded->FileNameLength = Component->Length;
    for (ULONG i = 0; i < Component->Length / sizeof(WCHAR); i++) {
        Expanded->FileName[i] = (WCHAR)(Component->Buffer[i] - 32);
    }
    return STATUS_SUCCESS;
}

static VOID FLTAPI
CleanContext(PVOID *Context)
{
    assert_ptr_equal(*Context, &Cleaned);
    Cleaned++;
}

static NTSTATUS Got[3];
static char Names[3][300];
static FLT_FILE_NAME_OPTIONS Wanted;

static void
Keep(int Which, NTSTATUS Status, PFLT_FILE_NAME_INFORMATION Information)
{
    ULONG n = 0;

    Got[Which] = Status;
    if (NT_SUCCESS(Status)) {
        for (; n < Information->Name.Length / sizeof(WCHAR); n++) {
            Names[Which][n] = (char)Information->Name.Buffer[n];
        }
        FltReleaseFileNameInformation(Information);
    }
    Names[Which][n] = 0;
}

static FLT_PREOP_CALLBACK_STATUS
Ask(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_FILE_NAME_INFORMATION Information;

    (void)Objects;
    NTSTATUS Status = FltGetFileNameInformation(Data, Wanted, &Information);
    Keep(Which, Status, Information);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
AskOpen(int Which, PFILE_OBJECT File, FLT_FILE_NAME_OPTIONS Options)
{
    PFLT_FILE_NAME_INFORMATION Information;

    NTSTATUS Status = FltGetFileNameInformationUnsafe(File, Instances[Which], Options, &Information);
    Keep(Which, Status, Information);
}

static int
Setup(void **State)
{
    Filters[MIDDLE].Registration.GenerateFileNameCallback = Generate;
    Filters[MIDDLE].Registration.NormalizeNameComponentCallback = NormalizeComponent;
    Filters[MIDDLE].Registration.NormalizeContextCleanupCallback = CleanContext;
    return BedSetup(State);
}

static void
test_fltmgr_provider__open_file(void **State)
{
    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\real");
    for (int Round = 0; Round < 2; Round++) {
        AskOpen(TOP, File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT);
        assert_status(Got[TOP], STATUS_SUCCESS);
        assert_string_equal(Names[TOP], VOLUME_NAME "\\dir\\shown");
        assert_null(GeneratedData);
        AskOpen(MIDDLE, File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT);
        assert_string_equal(Names[MIDDLE], VOLUME_NAME "\\dir\\real");
        AskOpen(BOTTOM, File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT);
        assert_string_equal(Names[BOTTOM], VOLUME_NAME "\\dir\\real");
    }
    assert_int_equal(Generated, 2);
    AskOpen(MIDDLE, File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT | FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER);
    assert_string_equal(Names[MIDDLE], VOLUME_NAME "\\dir\\shown");
    assert_int_equal(Generated, 3);
    Failure = STATUS_ACCESS_DENIED;
    AskOpen(TOP, File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT);
    assert_status(Got[TOP], STATUS_ACCESS_DENIED);
    Failure = STATUS_SUCCESS;
    IopCloseFile(File);
}

/* Normalized: component by component by the provider; the last one need not exist. */
static void
test_fltmgr_provider__normalized(void **State)
{
    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\sub\\real");
    Normalized = Cleaned = 0;
    AskOpen(TOP, File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT);
    assert_status(Got[TOP], STATUS_SUCCESS);
    assert_string_equal(Names[TOP], VOLUME_NAME "\\DIR\\SUB\\shown");
    assert_int_equal(Normalized, 3);
    assert_int_equal(Cleaned, 1);
    AskOpen(BOTTOM, File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT);
    assert_string_equal(Names[BOTTOM], VOLUME_NAME "\\dir\\sub\\real");
    assert_int_equal(Normalized, 3);
    IopCloseFile(File);
}

static void
test_fltmgr_provider__pre_create(void **State)
{
    (void)State;
    Reset();
    Only = IRP_MJ_CREATE;
    Pre[BOTTOM] = Ask;
    Wanted = FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT;
    Generated = 0;
    IopCloseFile(Open("\\dir\\real"));
    assert_status(Got[BOTTOM], STATUS_SUCCESS);
    assert_string_equal(Names[BOTTOM], VOLUME_NAME "\\dir\\real");
    assert_int_equal(Generated, 0);
    /* The filter above asks the provider, which asks about the same operation itself. */
    Reset();
    Only = IRP_MJ_CREATE;
    Pre[TOP] = Ask;
    IopCloseFile(Open("\\dir\\real"));
    assert_status(Got[TOP], STATUS_SUCCESS);
    assert_string_equal(Names[TOP], VOLUME_NAME "\\dir\\shown");
    assert_int_equal(Generated, 1);
    assert_non_null(GeneratedData);
    Reset();
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(provider__open_file), T(provider__normalized), T(provider__pre_create) };

    return cmocka_run_group_tests(Tests, Setup, BedTeardown);
}

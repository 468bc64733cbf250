/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Names that are kept, their blocks in the ledger, and name controls. */
#include "nameask.h"

static FLT_PREOP_CALLBACK_STATUS
AskBefore(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Objects;
    Options = OPENED;
    Ask(Which, Data);
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
AskCacheAfter(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags)
{
    (void)Objects;
    (void)Flags;
    Options = FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY;
    Ask(Which, Data);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_namecache__operation(void **State)
{
    NTSTATUS Status;

    (void)State;
    CacheIsReady();
    Asking(IRP_MJ_CREATE, OPENED, FALSE);
    for (int i = 0; i < 3; i++) {
        Pre[i] = AskBefore;
        Post[i] = AskCacheAfter;
    }
    assert_null(OpenAt(NULL, "\\dir\\nothing", FILE_OPEN, 0, &Status));
    assert_int_equal(Calls, 6);
    assert_names(VOLUME_NAME "\\dir\\nothing");
}

static void
test_fltmgr_namecache__file(void **State)
{
    char Name[300];

    (void)State;
    Reset();
    CacheIsReady();
    PFILE_OBJECT File = Open("\\dir\\cached");
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, Name), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED | FLT_FILE_NAME_DO_NOT_CACHE, Name), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    const LONG Asked = Seen[BOTTOM][IRP_MJ_QUERY_INFORMATION];
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\cached");
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_QUERY_INFORMATION], Asked);
    assert_status(Unsafe(File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    /* A rename of a directory above forgets it. */
    PFILE_OBJECT Directory = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    MoveDirectory(Directory, "moved");
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\moved\\cached");
    MoveDirectory(Directory, "dir");
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\cached");
    /* So does a purge, of the file's names or of all. */
    assert_status(FltPurgeFileNameInformationCache(Instances[TOP], File), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_status(FltPurgeFileNameInformationCache(Instances[TOP], NULL), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    IopCloseFile(Directory);
    IopCloseFile(File);
}

/* ---- the ledger (K-01, K-02) ---- */

static struct { unsigned K01, K02; } Found;
static void
OnFinding(const struct vf_finding *Finding, void *Context)
{
    (void)Context;
    Found.K01 += strcmp(Finding->code, "K-01") == 0;
    Found.K02 += strcmp(Finding->code, "K-02") == 0;
}

static void
test_fltmgr_namecache__ledger_K01_K02(void **State)
{
    struct vf_counts Counts;
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 0);
    assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], OPENED, &Information), STATUS_SUCCESS);
    FltReferenceFileNameInformation(Information);
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 1);
    assert_int_equal(Held(MIDDLE), 2);
    assert_int_equal(Held(TOP), 0);
    vf_set_finding_hook(OnFinding, NULL);
    vf_report_leaks(Filters[MIDDLE].Owner);
    assert_true(Found.K01 >= 1);
    FltReleaseFileNameInformation(Information);
    FltReleaseFileNameInformation(Information);
    assert_int_equal(Found.K02, 0);
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 0);
    FltReleaseFileNameInformation(Information);
    assert_int_equal(Found.K02, 1);
    FltReferenceFileNameInformation(Information);
    assert_int_equal(Found.K02, 2);
    vf_set_finding_hook(NULL, NULL);
    IopCloseFile(File);
}

/* Failing allocations leave nothing behind. */
static void
test_fltmgr_namecache__injected_failure(void **State)
{
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    vf_inject_add("FltGetFileNameInformationUnsafe", Filters[MIDDLE].Owner, 1, 0);
    assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], OPENED, &Information), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(Information);
    vf_inject_clear();
    assert_int_equal(Held(MIDDLE), 0);
    IopCloseFile(File);
}

/* ---- name control ---- */

static void
test_fltmgr_namecache__control(void **State)
{
    FLT_NAME_CONTROL Control;
    UNICODE_STRING Part = TinyString("0123456789");

    (void)State;
    assert_status(FltpControlInitialize(&Control), STATUS_SUCCESS);
    const USHORT First = Control.Name.MaximumLength;
    assert_status(FltCheckAndGrowNameControl(&Control, First), STATUS_SUCCESS);
    assert_int_equal(Control.Name.MaximumLength, First);
    for (int i = 0; i < 100; i++) {
        assert_status(FltpControlAppend(&Control, &Part), STATUS_SUCCESS);
    }
    assert_int_equal(Control.Name.Length, 2000);
    assert_status(FltCheckAndGrowNameControl(&Control, 60000), STATUS_SUCCESS);
    assert_int_equal(Control.Name.MaximumLength, 60000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(Control.Name.Buffer[i], '0' + i % 10);
    }
    FltpControlFree(&Control);
}

/* ---- many threads: names of files in a directory that is renamed all the time ---- */

static _Atomic(BOOLEAN) Stop;
static _Atomic(ULONG) Asked;

static void
AskThread(void *Argument)
{
    PFILE_OBJECT File = Argument;

    while (!atomic_load(&Stop)) {
        PFLT_FILE_NAME_INFORMATION Information;
        char Name[300];
        const FLT_FILE_NAME_OPTIONS Wanted = atomic_fetch_add(&Asked, 1) & 1 ? NORMALIZED : OPENED;
        assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], Wanted, &Information), STATUS_SUCCESS);
        assert_status(FltParseFileNameInformation(Information), STATUS_SUCCESS);
        Narrow(&Information->Name, Name, sizeof(Name));
        FltReleaseFileNameInformation(Information);
        assert_true(strcmp(Name, VOLUME_NAME "\\one\\file") == 0 || strcmp(Name, VOLUME_NAME "\\two\\file") == 0);
    }
}

static void
test_fltmgr_namecache__renames_and_questions(void **State)
{
    struct port_thread *Threads[3];
    char Name[300];

    (void)State;
    Reset();
    CacheIsReady();
    MakeDirectory("\\one");
    PFILE_OBJECT File = Open("\\one\\file");
    PFILE_OBJECT Directory = OpenAt(NULL, "\\one", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(port_thread_start(&Threads[i], AskThread, File, "ask"), 0);
    }
    for (int i = 0; i < 200; i++) {
        MoveDirectory(Directory, i & 1 ? "one" : "two");
        /* Whoever asks after the rename gets the new name. */
        assert_status(Unsafe(File, NORMALIZED, Name), STATUS_SUCCESS);
        assert_string_equal(Name, i & 1 ? VOLUME_NAME "\\one\\file" : VOLUME_NAME "\\two\\file");
    }
    atomic_store(&Stop, TRUE);
    for (int i = 0; i < 3; i++) {
        port_thread_join(Threads[i]);
    }
    IopCloseFile(Directory);
    IopCloseFile(File);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(namecache__operation), T(namecache__file), T(namecache__ledger_K01_K02), T(namecache__injected_failure),
        T(namecache__control), T(namecache__renames_and_questions) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Directory change notification of both file systems, and the FsRtl routines behind it. */
#include <string.h>

#include "fsbox.h"

typedef struct WATCH {
    PFILE_OBJECT Directory;
    UCHAR Buffer[512] __attribute__((aligned(8)));
    ULONG Length;
    PIRP Irp;
    _Atomic(uint32_t) Done;
    NTSTATUS Status;
    ULONG Information;
} WATCH;

static FSBOX *Box;

static VOID
Completed(PIRP Irp, PVOID Context)
{
    WATCH *Watch = Context;

    Watch->Status = Irp->IoStatus.Status;
    Watch->Information = (ULONG)Irp->IoStatus.Information;
    IopIrpFinish(Irp);
    atomic_store(&Watch->Done, 1);
    port_wake(&Watch->Done, UINT32_MAX);
}

static VOID
Start(WATCH *Watch, ULONG Length, ULONG Filter, BOOLEAN Tree)
{
    IOP_REQUEST Request = {.FileObject = Watch->Directory, .OutputBuffer = Watch->Buffer, .OutputLength = Length, .RequestorMode = KernelMode};

    Request.Stack.MajorFunction = IRP_MJ_DIRECTORY_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    Request.Stack.Flags = Tree ? SL_WATCH_TREE : 0;
    Request.Stack.Parameters.NotifyDirectory.Length = Length;
    Request.Stack.Parameters.NotifyDirectory.CompletionFilter = Filter;
    atomic_store(&Watch->Done, 0);
    memset(Watch->Buffer, 0xEE, sizeof(Watch->Buffer));
    PDEVICE_OBJECT Top = IopVolumeTop(Box->Device);
    Watch->Irp = IopIrpAllocateForRequest(&Request, Top);
    assert_non_null(Watch->Irp);
    IopIssueIrpAsync(Top, Watch->Irp, Completed, Watch);
}

static NTSTATUS
Wait(WATCH *Watch)
{
    const uint64_t Deadline = port_clock_monotonic() + 20000000000ull;
    while (atomic_load(&Watch->Done) == 0 && port_wait(&Watch->Done, 0, Deadline)) {
    }
    assert_int_equal(Watch->Done, 1);
    if (Watch->Irp != NULL) {
        IopIrpFree(Watch->Irp);                /* not by whom completes it: somebody may be cancelling it */
        Watch->Irp = NULL;
    }
    return Watch->Status;
}

/* The next entry is this one; *At moves on. */
static VOID
Entry(const WATCH *Watch, ULONG *At, ULONG Action, const WCHAR *Name)
{
    UNICODE_STRING Wanted;
    const FILE_NOTIFY_INFORMATION *Info = (const FILE_NOTIFY_INFORMATION *)(Watch->Buffer + *At);

    FsboxString(&Wanted, Name);
    assert_true(*At + FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Info->FileNameLength <= Watch->Information);
    assert_int_equal(Info->Action, Action);
    assert_int_equal(Info->FileNameLength, Wanted.Length);
    assert_memory_equal(Info->FileName, Wanted.Buffer, Wanted.Length);
    *At = Info->NextEntryOffset == 0 ? Watch->Information : *At + Info->NextEntryOffset;
}

static void
test_fs_notify__names(void **State)
{
    WATCH Watch = {.Directory = FsboxDirectory(Box, L"\\d")};
    ULONG At = 0;

    (void)State;
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    FsboxPut(Box, L"\\elsewhere", "x");
    FsboxPut(Box, L"\\dd", "x");
    FsbNotifyWait(Box->Volume);
    assert_int_equal(Watch.Done, 0);
    FsboxPut(Box, L"\\d\\new", "x");
    assert_int_equal(Wait(&Watch), STATUS_SUCCESS);
    Entry(&Watch, &At, FILE_ACTION_ADDED, L"new");
    assert_int_equal(At, Watch.Information);
    /* What happens between two requests is kept */
    PFILE_OBJECT File = FsboxFile(Box, L"\\d\\new");
    assert_int_equal(FsboxRename(File, L"\\d\\other", 0, FALSE), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxDelete1(Box, L"\\d\\other", FILE_DISPOSITION_DELETE), STATUS_SUCCESS);
    FsbNotifyWait(Box->Volume);
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    assert_int_equal(Wait(&Watch), STATUS_SUCCESS);
    At = 0;
    Entry(&Watch, &At, FILE_ACTION_RENAMED_OLD_NAME, L"new");
    Entry(&Watch, &At, FILE_ACTION_RENAMED_NEW_NAME, L"other");
    Entry(&Watch, &At, FILE_ACTION_REMOVED, L"other");
    assert_int_equal(At, Watch.Information);
    /* Both halves of a rename come in one buffer */
    FsboxPut(Box, L"\\d\\one", "x");
    FsbNotifyWait(Box->Volume);
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    Wait(&Watch);
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    File = FsboxFile(Box, L"\\d\\one");
    assert_int_equal(FsboxRename(File, L"\\d\\two", 0, FALSE), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(Wait(&Watch), STATUS_SUCCESS);
    At = 0;
    Entry(&Watch, &At, FILE_ACTION_RENAMED_OLD_NAME, L"one");
    Entry(&Watch, &At, FILE_ACTION_RENAMED_NEW_NAME, L"two");
    FsboxClose(Watch.Directory);
}

static void
test_fs_notify__trees_and_data(void **State)
{
    WATCH Tree = {.Directory = FsboxDirectory(Box, L"\\")}, Flat = {.Directory = FsboxDirectory(Box, L"\\t")};
    FILE_BASIC_INFORMATION Basic = {.FileAttributes = FILE_ATTRIBUTE_HIDDEN};
    ULONG At = 0;

    (void)State;
    FsboxClose(FsboxDirectory(Box, L"\\t\\u"));
    Start(&Tree, sizeof(Tree.Buffer), FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_FILE_NAME, TRUE);
    Start(&Flat, sizeof(Flat.Buffer), FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_DIR_NAME, FALSE);
    PFILE_OBJECT File = FsboxFile(Box, L"\\t\\u\\f");
    assert_int_equal(Wait(&Tree), STATUS_SUCCESS);
    Entry(&Tree, &At, FILE_ACTION_ADDED, L"t\\u\\f");
    FsboxClose(File);
    Start(&Tree, sizeof(Tree.Buffer), FILE_NOTIFY_CHANGE_SIZE, TRUE);
    FsboxPut(Box, L"\\t\\u\\f", "text");
    assert_int_equal(Wait(&Tree), STATUS_SUCCESS);
    At = 0;
    Entry(&Tree, &At, FILE_ACTION_MODIFIED, L"t\\u\\f");
    FsbNotifyWait(Box->Volume);
    assert_int_equal(Flat.Done, 0);
    FsboxPut(Box, L"\\t\\g", "");
    File = FsboxFile(Box, L"\\t\\g");
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Basic, sizeof(Basic), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(Wait(&Flat), STATUS_SUCCESS);
    At = 0;
    Entry(&Flat, &At, FILE_ACTION_MODIFIED, L"g");
    FsboxClose(Tree.Directory);
    FsboxClose(Flat.Directory);
}

static void
test_fs_notify__overflow_cancel_cleanup(void **State)
{
    WATCH Watch = {.Directory = FsboxDirectory(Box, L"\\o")}, Second = {.Directory = Watch.Directory};

    (void)State;
    Start(&Watch, 24, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    FsboxPut(Box, L"\\o\\a name that does not fit", "x");
    assert_int_equal(Wait(&Watch), STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(Watch.Information, 0);
    Start(&Watch, 24, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    Start(&Second, 24, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    assert_true(IoCancelIrp(Watch.Irp));
    assert_int_equal(Wait(&Watch), STATUS_CANCELLED);
    assert_int_equal(Second.Done, 0);
    FsboxClose(Second.Directory);
    assert_int_equal(Wait(&Second), STATUS_NOTIFY_CLEANUP);
    assert_int_equal(Box->Volume->Watchers, 0);
    PFILE_OBJECT File = FsboxFile(Box, L"\\o\\b");
    WATCH Wrong = {.Directory = File};
    Start(&Wrong, 24, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    assert_int_equal(Wait(&Wrong), STATUS_INVALID_PARAMETER);
    FsboxClose(File);
}

static void
test_fs_notify__directory_is_deleted(void **State)
{
    (void)State;
    for (int Way = 0; Way < 3; Way++) {
        WATCH Watch = {.Directory = FsboxDirectory(Box, L"\\gone")}, Other = {.Directory = FsboxDirectory(Box, L"\\stays")};
        FILE_DISPOSITION_INFORMATION_EX Disposition = {.Flags = FILE_DISPOSITION_DELETE | (Way == 1 ? FILE_DISPOSITION_POSIX_SEMANTICS : 0)};
        PFILE_OBJECT File;
        Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
        Start(&Other, sizeof(Other.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
        assert_int_equal(FsboxOpen(Box, L"\\gone", DELETE, FILE_OPEN, FILE_DIRECTORY_FILE | (Way == 2 ? FILE_DELETE_ON_CLOSE : 0), FSBOX_SHARE, &File), STATUS_SUCCESS);
        if (Way != 2) {
            assert_int_equal(Watch.Done, 0);
            assert_int_equal(FsboxSet(File, FileDispositionInformationEx, &Disposition, sizeof(Disposition), NULL), STATUS_SUCCESS);
        } else {
            FsboxClose(File);
        }
        assert_int_equal(Wait(&Watch), STATUS_DELETE_PENDING);
        assert_int_equal(Watch.Information, 0);
        Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
        assert_int_equal(Wait(&Watch), STATUS_DELETE_PENDING);
        if (Way != 2) {
            FsboxClose(File);
        }
        FsboxClose(Watch.Directory);
        assert_int_equal(Other.Done, 0);
        FsboxClose(Other.Directory);
        assert_int_equal(Wait(&Other), STATUS_NOTIFY_CLEANUP);
    }
}

/* A watch follows its directory; what happened before the rename is told too, and a new directory of the old name is another one. */
static void
test_fs_notify__directory_is_renamed(void **State)
{
    WATCH Watch = {.Directory = FsboxDirectory(Box, L"\\old")}, Below = {0};
    ULONG At = 0;

    (void)State;
    Below.Directory = FsboxDirectory(Box, L"\\old\\sub");
    FsbNotifyWait(Box->Volume);
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    Start(&Below, sizeof(Below.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    FsboxPut(Box, L"\\old\\first", "x");
    for (int i = 0; i < 3; i++) {
        static const WCHAR *const Names[] = {L"\\middle", L"\\other", L"\\new"};
        PFILE_OBJECT File;
        assert_int_equal(FsboxOpen(Box, i == 0 ? L"\\old" : Names[i - 1], DELETE, FILE_OPEN, FILE_DIRECTORY_FILE, FSBOX_SHARE, &File), STATUS_SUCCESS);
        assert_int_equal(FsboxRename(File, Names[i], FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
        FsboxClose(File);
    }
    FsboxClose(FsboxDirectory(Box, L"\\old"));
    FsboxPut(Box, L"\\old\\stranger", "x");
    FsboxPut(Box, L"\\new\\second", "x");
    FsboxPut(Box, L"\\new\\sub\\third", "x");
    FsbNotifyWait(Box->Volume);
    assert_int_equal(Wait(&Watch), STATUS_SUCCESS);
    Entry(&Watch, &At, FILE_ACTION_ADDED, L"first");
    assert_int_equal(At, Watch.Information);
    Start(&Watch, sizeof(Watch.Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE);
    assert_int_equal(Wait(&Watch), STATUS_SUCCESS);
    At = 0;
    Entry(&Watch, &At, FILE_ACTION_ADDED, L"second");
    assert_int_equal(At, Watch.Information);
    assert_int_equal(Wait(&Below), STATUS_SUCCESS);
    At = 0;
    Entry(&Below, &At, FILE_ACTION_ADDED, L"third");
    assert_int_equal(At, Below.Information);
    FsboxClose(Watch.Directory);
    FsboxClose(Below.Directory);
}

/* ---- many at a time ---- */

static _Atomic(LONG) Going;

static void
Change(void *Context)
{
    const WCHAR *Name = Context;
    while (Going) {
        FsboxPut(Box, Name, "x");
        FsboxDelete1(Box, Name, FILE_DISPOSITION_DELETE);
    }
}

static void
test_fs_notify__storm(void **State)
{
    static const WCHAR *const Names[] = {L"\\s\\a", L"\\s\\b", L"\\s\\c"};
    port_thread *Threads[3];

    (void)State;
    FsboxClose(FsboxDirectory(Box, L"\\s"));
    Going = 1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(port_thread_start(&Threads[i], Change, (void *)Names[i], "change"), 0);
    }
    for (int Round = 0; Round < 200; Round++) {
        WATCH Watch = {.Directory = FsboxDirectory(Box, L"\\s")};
        for (int i = 0; i < 3; i++) {
            Start(&Watch, 64, FILE_NOTIFY_CHANGE_FILE_NAME, (Round & 1) != 0);
            if (i == 2) {
                IoCancelIrp(Watch.Irp);
                break;
            }
            Wait(&Watch);
        }
        FsboxClose(Watch.Directory);
        Wait(&Watch);
    }
    Going = 0;
    for (int i = 0; i < 3; i++) {
        port_thread_join(Threads[i]);
    }
}

static int
SetupMemory(void **State)
{
    (void)State;
    return (Box = FsboxCreate(TRUE, NULL)) != NULL ? 0 : -1;
}

static int
SetupHost(void **State)
{
    (void)State;
    return (Box = FsboxCreate(FALSE, NULL)) != NULL ? 0 : -1;
}

static int
Teardown(void **State)
{
    (void)State;
    FsboxDelete(Box);
    return 0;
}

#define CASES(Setup) \
    cmocka_unit_test_setup_teardown(test_fs_notify__names, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs_notify__trees_and_data, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs_notify__overflow_cancel_cleanup, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs_notify__directory_is_deleted, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs_notify__directory_is_renamed, Setup, Teardown), \
    cmocka_unit_test_setup_teardown(test_fs_notify__storm, Setup, Teardown)

int
main(void)
{
    const struct CMUnitTest Tests[] = {CASES(SetupMemory), CASES(SetupHost)};
    return cmocka_run_group_tests(Tests, NULL, NULL);
}

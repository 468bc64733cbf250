/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* memfs: what both file systems do, alternate streams, and what is its own. */
#include "fsbox.h"

static int
SetUp(void **State)
{
    *State = FsboxCreate(TRUE, NULL);
    return 0;
}

static int
TearDown(void **State)
{
    FsboxDelete(*State);
    return 0;
}

static VOID
WriteText(PFILE_OBJECT File, const char *Text)
{
    IO_STATUS_BLOCK IoStatus;
    assert_int_equal(IopWrite(File, Text, (ULONG)strlen(Text), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
}

static void
test_memfs__alternate_streams(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File, Stream, Same;
    union { FILE_STREAM_INFORMATION Info; UCHAR Room[512]; } Streams;
    FILE_STANDARD_INFORMATION Standard;
    FsboxPut(Box, L"\\f", "main");
    assert_int_equal(FsboxOpen(Box, L"\\f:ads", FSBOX_ALL, FILE_OPEN, 0, FSBOX_SHARE, &Stream), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(FsboxOpen(Box, L"\\f:ads", FSBOX_ALL, FILE_CREATE, 0, FSBOX_SHARE, &Stream), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_CREATED);
    WriteText(Stream, "other data");
    assert_int_equal(FsboxOpen(Box, L"\\f:ads", FSBOX_ALL, FILE_CREATE, 0, FSBOX_SHARE, &Same), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(FsboxOpen(Box, L"\\f:ADS:$DATA", FSBOX_ALL, FILE_OPEN, 0, FSBOX_SHARE, &Same), STATUS_SUCCESS);
    File = FsboxFile(Box, L"\\f");
    /* a stream object of its own, the file's contexts in common */
    assert_ptr_equal(Stream->FsContext, Same->FsContext);
    assert_ptr_not_equal(Stream->FsContext, File->FsContext);
    assert_ptr_equal(FsRtlGetPerFileContextPointer(Stream), FsRtlGetPerFileContextPointer(File));
    FsboxNameIs(Stream, L"\\f:ads");
    FsboxClose(Same);
    assert_int_equal(FsboxQuery(Stream, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_int_equal(Standard.EndOfFile.QuadPart, 10);
    assert_int_equal(FsboxQuery(File, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_int_equal(Standard.EndOfFile.QuadPart, 4);
    assert_int_equal(FsboxQuery(File, FileStreamInformation, &Streams, sizeof(Streams)), STATUS_SUCCESS);
    assert_true(Streams.Info.NextEntryOffset != 0);
    const FILE_STREAM_INFORMATION *Second = (const FILE_STREAM_INFORMATION *)(Streams.Room + Streams.Info.NextEntryOffset);
    assert_int_equal(Second->StreamNameLength, 20);
    assert_memory_equal(Second->StreamName, L":ads:$DATA", 20);
    assert_int_equal(Second->StreamSize.QuadPart, 10);
    assert_int_equal(FsboxQuery(File, FileStreamInformation, &Streams, sizeof(FILE_STREAM_INFORMATION) + 16), STATUS_BUFFER_OVERFLOW);
    FsboxClose(Stream);
    FsboxExpect(Box, L"\\f:ads", "other data");
    FsboxExpect(Box, L"\\f", "main");
    /* sharing is per stream */
    assert_int_equal(FsboxOpen(Box, L"\\f:ads", FILE_READ_DATA, FILE_OPEN, 0, 0, &Stream), STATUS_SUCCESS);
    assert_int_equal(FsboxOpen(Box, L"\\f:ads", FILE_READ_DATA, FILE_OPEN, 0, FSBOX_SHARE, &Same), STATUS_SHARING_VIOLATION);
    FsboxExpect(Box, L"\\f", "main");
    FsboxClose(Stream);
    /* deleting a stream leaves the file */
    assert_int_equal(FsboxDelete1(Box, L"\\f:ads", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\f:ads"), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxExpect(Box, L"\\f", "main");
    FsboxClose(File);
    /* a stream of a file that did not exist makes both; of a directory is possible */
    assert_int_equal(FsboxOpen(Box, L"\\new:s", FSBOX_ALL, FILE_OPEN_IF, 0, FSBOX_SHARE, &Stream), STATUS_SUCCESS);
    FsboxClose(Stream);
    FsboxExpect(Box, L"\\new", "");
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    assert_int_equal(FsboxOpen(Box, L"\\d:s", FSBOX_ALL, FILE_CREATE, 0, FSBOX_SHARE, &Stream), STATUS_SUCCESS);
    WriteText(Stream, "x");
    FsboxClose(Stream);
    FsboxExpect(Box, L"\\d:s", "x");
    assert_int_equal(FsboxOpen(Box, L"\\d::$DATA", FSBOX_ALL, FILE_OPEN, 0, FSBOX_SHARE, &Stream), STATUS_OBJECT_NAME_INVALID);
    /* the file goes with all its streams; an open one holds it */
    assert_int_equal(FsboxOpen(Box, L"\\new:s", FSBOX_ALL, FILE_OPEN, 0, FSBOX_SHARE, &Stream), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\new", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\new"), STATUS_DELETE_PENDING);
    FsboxClose(Stream);
    assert_int_equal(FsboxTry(Box, L"\\new"), STATUS_OBJECT_NAME_NOT_FOUND);
    /* also if that one is of a stream which is to be deleted itself */
    FILE_DISPOSITION_INFORMATION Disposition = { .DeleteFile = TRUE };
    FILE_OBJECTID_BUFFER ObjectId;
    assert_int_equal(FsboxOpen(Box, L"\\both:s", FSBOX_ALL, FILE_OPEN_IF, 0, FSBOX_SHARE, &Stream), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\both", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\both"), STATUS_DELETE_PENDING);
    assert_int_equal(FsboxSet(Stream, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxControl(Stream, FSCTL_GET_OBJECT_ID, NULL, 0, &ObjectId, sizeof(ObjectId), NULL), STATUS_OBJECTID_NOT_FOUND);
    FsboxClose(Stream);
    assert_int_equal(FsboxTry(Box, L"\\both"), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void
test_memfs__nt_reparse_point(void **State)
{
    FSBOX *Box = *State;
    union { REPARSE_DATA_BUFFER Data; UCHAR Room[64]; } Set = {.Data = {.ReparseTag = IO_REPARSE_TAG_WOF, .ReparseDataLength = 4}};
    FILE_ATTRIBUTE_TAG_INFORMATION Tag;
    PFILE_OBJECT Other;
    FsboxPut(Box, L"\\f", "text");
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxControl(File, FSCTL_SET_REPARSE_POINT, &Set, 12, NULL, 0, NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileAttributeTagInformation, &Tag, sizeof(Tag)), STATUS_SUCCESS);
    assert_int_equal(Tag.ReparseTag, IO_REPARSE_TAG_WOF);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_DATA, FILE_OPEN, 0, FSBOX_SHARE, &Other), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    Set.Data.ReparseTag = IO_REPARSE_TAG_SYMLINK;
    assert_int_equal(FsboxControl(File, FSCTL_SET_REPARSE_POINT, &Set, 12, NULL, 0, NULL), STATUS_IO_REPARSE_TAG_MISMATCH);
    Set.Data.ReparseDataLength = 0;
    assert_int_equal(FsboxControl(File, FSCTL_DELETE_REPARSE_POINT, &Set, 8, NULL, 0, NULL), STATUS_IO_REPARSE_TAG_MISMATCH);
    Set.Data.ReparseTag = IO_REPARSE_TAG_WOF;
    assert_int_equal(FsboxControl(File, FSCTL_DELETE_REPARSE_POINT, &Set, 8, NULL, 0, NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxControl(File, FSCTL_DELETE_REPARSE_POINT, &Set, 8, NULL, 0, NULL), STATUS_NOT_A_REPARSE_POINT);
    FsboxClose(File);
    FsboxExpect(Box, L"\\f", "text");
}

static void
test_memfs__limit_and_accounting(void **State)
{
    (void)State;
    FSB_OPTIONS Options = {.MemoryLimit = 1 << 20};
    FSBOX *Box = FsboxCreate(TRUE, &Options);
    struct iop_statfs Before, After;
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    static char Data[300000];
    assert_int_equal(FsboxControl(File, IOP_FSCTL_STATFS, NULL, 0, &Before, sizeof(Before), NULL), STATUS_SUCCESS);
    NTSTATUS Status = STATUS_SUCCESS;
    for (ULONG i = 0; i < 8 && NT_SUCCESS(Status); i++) {
        Status = IopWrite(File, Data, sizeof(Data), (LONGLONG)i * (LONGLONG)sizeof(Data), 0, UserMode, &IoStatus);
    }
    assert_int_equal(Status, STATUS_DISK_FULL);
    FsboxClose(File);
    assert_int_equal(FsboxDelete1(Box, L"\\f", 0), STATUS_SUCCESS);
    File = FsboxFile(Box, L"\\g");
    assert_int_equal(FsboxControl(File, IOP_FSCTL_STATFS, NULL, 0, &After, sizeof(After), NULL), STATUS_SUCCESS);
    assert_int_equal(Before.bfree, After.bfree);
    /* far away: a hole costs nothing */
    assert_int_equal(IopWrite(File, "x", 1, 1ll << 40, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    FILE_END_OF_FILE_INFORMATION End = {.EndOfFile.QuadPart = 1};
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &End, sizeof(End), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    FsboxDelete(Box);
}

static void
test_memfs__many_files(void **State)
{
    FSBOX *Box = *State;
    const ULONG Count = 20000;
    WCHAR Name[16];
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    for (ULONG i = 0; i < Count; i++) {
        WCHAR *At = Name;
        *At++ = L'\\'; *At++ = L'd'; *At++ = L'\\';
        for (ULONG n = i * 2654435761u, k = 0; k < 8; k++, n >>= 4) {
            *At++ = L"0123456789abcdef"[n & 15];
        }
        *At = 0;
        FsboxClose(FsboxFile(Box, Name));
    }
    /* in order, each once */
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
    UCHAR Buffer[4096] __attribute__((aligned(8)));
    WCHAR Last[8] = {0};
    ULONG Returned, Seen = 0;
    while (FsboxList(Directory, L"?*", 0, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned) == STATUS_SUCCESS) {
        for (ULONG At = 0;;) {
            const FILE_NAMES_INFORMATION *Entry = (const FILE_NAMES_INFORMATION *)(Buffer + At);
            if (Entry->FileName[0] != L'.') {
                LONG Order = 0;
                for (ULONG i = 0; i < 8 && Order == 0; i++) {
                    Order = (LONG)Entry->FileName[i] - Last[i];
                }
                assert_true(Order > 0);
                memcpy(Last, Entry->FileName, sizeof(Last));
                Seen++;
            }
            if (Entry->NextEntryOffset == 0) {
                break;
            }
            At += Entry->NextEntryOffset;
        }
    }
    assert_int_equal(Seen, Count);
    FsboxClose(Directory);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        FSCASES(SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_memfs__alternate_streams, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_memfs__nt_reparse_point, SetUp, TearDown),
        cmocka_unit_test(test_memfs__limit_and_accounting),
        cmocka_unit_test_setup_teardown(test_memfs__many_files, SetUp, TearDown),
    };
    return cmocka_run_group_tests(Tests, NULL, NULL);
}

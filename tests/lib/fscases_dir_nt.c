/* SPDX-License-Identifier: MIT */
/* Both file systems: directory listings. */
#include "fsbox.h"

/* "<prefix>0007" */
static VOID
Numbered(WCHAR *Out, const WCHAR *Prefix, ULONG Number)
{
    while (*Prefix != 0) {
        *Out++ = *Prefix++;
    }
    for (ULONG Divisor = 1000; Divisor != 0; Divisor /= 10) {
        *Out++ = (WCHAR)(L'0' + Number / Divisor % 10);
    }
    *Out = 0;
}

typedef struct SEEN {
    ULONG Count, Dots;
    BOOLEAN Number[4000];
} SEEN;

static VOID
See(SEEN *Seen, const WCHAR *Name, ULONG Bytes)
{
    if (Name[0] == L'.') {
        Seen->Dots++;
        return;
    }
    ULONG Number = 0;
    for (ULONG i = 1; i < Bytes / sizeof(WCHAR); i++) {
        Number = Number * 10 + (Name[i] - L'0');
    }
    assert_true(Number < RTL_NUMBER_OF(Seen->Number));
    assert_false(Seen->Number[Number]);
    Seen->Number[Number] = TRUE;
    Seen->Count++;
}

/* Reads on to the end with Names entries. */
static VOID
ReadAll(PFILE_OBJECT Directory, const WCHAR *Pattern, UCHAR Flags, SEEN *Seen)
{
    UCHAR Buffer[1000] __attribute__((aligned(8)));
    ULONG Returned;
    for (;;) {
        const NTSTATUS Status = FsboxList(Directory, Pattern, Flags, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned);
        if (Status == STATUS_NO_MORE_FILES) {
            return;
        }
        assert_int_equal(Status, STATUS_SUCCESS);
        for (ULONG At = 0;;) {
            const FILE_NAMES_INFORMATION *Entry = (const FILE_NAMES_INFORMATION *)(Buffer + At);
            assert_true(At + FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName) + Entry->FileNameLength <= Returned);
            See(Seen, Entry->FileName, Entry->FileNameLength);
            if (Entry->NextEntryOffset == 0) {
                break;
            }
            At += Entry->NextEntryOffset;
        }
        Flags &= (UCHAR)~SL_RESTART_SCAN;
    }
}

static PFILE_OBJECT
Filled(FSBOX *Box, ULONG Count)
{
    WCHAR Name[32];
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    for (ULONG i = 0; i < Count; i++) {
        Numbered(Name, L"\\d\\f", i);
        FsboxClose(FsboxFile(Box, Name));
    }
    return FsboxDirectory(Box, L"\\d");
}

void
test_fs__listing(void **State)
{
    FSBOX *Box = *State;
    static SEEN Seen;
    PFILE_OBJECT Directory = Filled(Box, 1200);
    memset(&Seen, 0, sizeof(Seen));
    ReadAll(Directory, NULL, 0, &Seen);
    assert_int_equal(Seen.Count, 1200);
    assert_int_equal(Seen.Dots, 2);
    memset(&Seen, 0, sizeof(Seen));
    ReadAll(Directory, NULL, SL_RESTART_SCAN, &Seen);
    assert_int_equal(Seen.Count, 1200);
    memset(&Seen, 0, sizeof(Seen));
    ReadAll(Directory, L"F00?7", SL_RESTART_SCAN, &Seen);
    assert_int_equal(Seen.Count, 10);
    assert_int_equal(Seen.Dots, 0);
    FsboxClose(Directory);

    UCHAR Buffer[512] __attribute__((aligned(8)));
    ULONG Returned;
    Directory = FsboxDirectory(Box, L"\\d");
    assert_int_equal(FsboxList(Directory, L"none*", 0, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned), STATUS_NO_SUCH_FILE);
    FsboxClose(Directory);
    /* the root has no dots */
    Directory = FsboxDirectory(Box, L"\\");
    memset(&Seen, 0, sizeof(Seen));
    FsboxClose(FsboxFile(Box, L"\\f7"));
    assert_int_equal(FsboxDelete1(Box, L"\\f7", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxList(Directory, L"*", SL_RETURN_SINGLE_ENTRY, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_int_equal(((FILE_NAMES_INFORMATION *)Buffer)->FileNameLength, 2);
    assert_int_equal(((FILE_NAMES_INFORMATION *)Buffer)->FileName[0], 'd');
    assert_int_equal(FsboxList(Directory, NULL, 0, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned), STATUS_NO_MORE_FILES);
    FsboxClose(Directory);
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxList(File, NULL, 0, 0, FileNamesInformation, Buffer, sizeof(Buffer), &Returned), STATUS_INVALID_PARAMETER);
    FsboxClose(File);
}

void
test_fs__listing_goes_on_under_changes(void **State)
{
    FSBOX *Box = *State;
    static SEEN Seen;
    WCHAR Name[32];
    UCHAR Buffer[4096] __attribute__((aligned(8)));
    ULONG Returned, Index[50] = {0};
    PFILE_OBJECT Directory = Filled(Box, 600);
    memset(&Seen, 0, sizeof(Seen));
    for (ULONG i = 0; i < 50; i++) {
        assert_int_equal(FsboxList(Directory, NULL, SL_RETURN_SINGLE_ENTRY, 0, FileIdBothDirectoryInformation, Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
        const FILE_ID_BOTH_DIR_INFORMATION *Entry = (const FILE_ID_BOTH_DIR_INFORMATION *)Buffer;
        See(&Seen, Entry->FileName, Entry->FileNameLength);
        Index[i] = Entry->FileIndex;
    }
    /* what was seen may go, what is new may come: the rest is seen once each */
    for (ULONG i = 0; i < 600; i++) {
        Numbered(Name, L"\\d\\f", i);
        if (Seen.Number[i] || i % 3 == 0) {
            assert_int_equal(FsboxDelete1(Box, Name, 0), STATUS_SUCCESS);
        }
        Numbered(Name, L"\\d\\g", 1000 + i);
        FsboxClose(FsboxFile(Box, Name));
    }
    ULONG Expected = 0;
    for (ULONG i = 0; i < 600; i++) {
        Expected += !Seen.Number[i] && i % 3 != 0;
    }
    const ULONG Before = Seen.Count;
    ReadAll(Directory, NULL, 0, &Seen);
    assert_true(Seen.Count - Before >= Expected);
    for (ULONG i = 0; i < 600; i++) {
        assert_true(Seen.Number[i] || i % 3 == 0);
    }
    /* back to a remembered place: what follows it, as far as it is still there */
    assert_int_equal(FsboxList(Directory, NULL, SL_INDEX_SPECIFIED | SL_RETURN_SINGLE_ENTRY, Index[1], FileNamesInformation, Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
    assert_int_equal(((FILE_NAMES_INFORMATION *)Buffer)->FileIndex, Index[2]);
    FsboxClose(Directory);
}

void
test_fs__listing_small_buffers(void **State)
{
    FSBOX *Box = *State;
    static const struct { FILE_INFORMATION_CLASS Class; ULONG NameOffset, LengthOffset; } Classes[] = {
        {FileDirectoryInformation, FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileName), FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileNameLength)},
        {FileFullDirectoryInformation, FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileNameLength)},
        {FileBothDirectoryInformation, FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileNameLength)},
        {FileIdBothDirectoryInformation, FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileNameLength)},
        {FileIdFullDirectoryInformation, FIELD_OFFSET(FILE_ID_FULL_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_ID_FULL_DIR_INFORMATION, FileNameLength)},
        {FileIdExtdDirectoryInformation, FIELD_OFFSET(FILE_ID_EXTD_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_ID_EXTD_DIR_INFORMATION, FileNameLength)},
        {FileIdExtdBothDirectoryInformation, FIELD_OFFSET(FILE_ID_EXTD_BOTH_DIR_INFORMATION, FileName), FIELD_OFFSET(FILE_ID_EXTD_BOTH_DIR_INFORMATION, FileNameLength)},
        {FileNamesInformation, FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName), FIELD_OFFSET(FILE_NAMES_INFORMATION, FileNameLength)},
    };
    UCHAR Buffer[400] __attribute__((aligned(8)));
    ULONG Returned;
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\long_name", "12345");
    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++) {
        const ULONG Head = Classes[i].NameOffset;
        PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
        assert_int_equal(FsboxList(Directory, L"long*", 0, 0, Classes[i].Class, Buffer, Head, &Returned), STATUS_INFO_LENGTH_MISMATCH);
        assert_int_equal(FsboxList(Directory, L"long*", 0, 0, Classes[i].Class, Buffer, Head + 8, &Returned), STATUS_BUFFER_OVERFLOW);
        assert_int_equal(Returned, Head + 8);
        assert_int_equal(*(PULONG)(Buffer + Classes[i].LengthOffset), 18);
        assert_memory_equal(Buffer + Head, L"long", 8);
        assert_int_equal(FsboxList(Directory, L"long*", SL_RESTART_SCAN, 0, Classes[i].Class, Buffer, Head + 18, &Returned), STATUS_SUCCESS);
        assert_int_equal(Returned, Head + 18);
        assert_memory_equal(Buffer + Head, L"long_name", 18);
        if (Classes[i].Class != FileNamesInformation) {
            assert_int_equal(((FILE_DIRECTORY_INFORMATION *)Buffer)->EndOfFile.QuadPart, 5);
            assert_false(((FILE_DIRECTORY_INFORMATION *)Buffer)->FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
        }
        FsboxClose(Directory);
    }
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
    assert_int_equal(FsboxList(Directory, NULL, 0, 0, FileBasicInformation, Buffer, sizeof(Buffer), &Returned), STATUS_INVALID_INFO_CLASS);
    FsboxClose(Directory);
}

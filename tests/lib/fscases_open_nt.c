/* SPDX-License-Identifier: MIT */
/* Both file systems: opening, data, sharing, deleting. */
#include "fsbox.h"

static NTSTATUS
Open(FSBOX *Box, const WCHAR *Name, ULONG Disposition, ULONG Options)
{
    PFILE_OBJECT File;
    const NTSTATUS Status = FsboxOpen(Box, Name, FSBOX_ALL, Disposition, Options, FSBOX_SHARE, &File);
    if (NT_SUCCESS(Status)) {
        FsboxClose(File);
    }
    return Status;
}

void
test_fs__dispositions(void **State)
{
    FSBOX *Box = *State;
    assert_int_equal(Open(Box, L"\\a", FILE_OPEN, 0), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\a", FILE_OVERWRITE, 0), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\a", FILE_CREATE, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_CREATED);
    assert_int_equal(Open(Box, L"\\a", FILE_CREATE, 0), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(Open(Box, L"\\a", FILE_OPEN, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_OPENED);
    FsboxPut(Box, L"\\a", "text");
    assert_int_equal(Open(Box, L"\\a", FILE_OPEN_IF, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_OPENED);
    FsboxExpect(Box, L"\\a", "text");
    assert_int_equal(Open(Box, L"\\a", FILE_OVERWRITE, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_OVERWRITTEN);
    FsboxExpect(Box, L"\\a", "");
    FsboxPut(Box, L"\\a", "text");
    assert_int_equal(Open(Box, L"\\a", FILE_OVERWRITE_IF, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_OVERWRITTEN);
    FsboxPut(Box, L"\\a", "text");
    assert_int_equal(Open(Box, L"\\a", FILE_SUPERSEDE, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_SUPERSEDED);
    FsboxExpect(Box, L"\\a", "");
    assert_int_equal(Open(Box, L"\\b", FILE_OPEN_IF, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_CREATED);
    assert_int_equal(Open(Box, L"\\c", FILE_OVERWRITE_IF, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_CREATED);
    assert_int_equal(Open(Box, L"\\d", FILE_SUPERSEDE, 0), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_CREATED);
}

void
test_fs__wrong_names(void **State)
{
    FSBOX *Box = *State;
    FsboxPut(Box, L"\\file", "x");
    assert_int_equal(Open(Box, L"\\none\\a", FILE_OPEN, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\none\\a", FILE_CREATE, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\none\\a\\b", FILE_OPEN_IF, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\file\\a", FILE_OPEN, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\file\\a", FILE_CREATE, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Open(Box, L"\\a\\\\b", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\\\a", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"a", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\..", FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\a*b", FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\a<b", FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\a/b", FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    const WCHAR Lone[] = {'\\', 'a', 0xD800, 0};
    assert_int_equal(Open(Box, Lone, FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\file\\", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\new\\", FILE_CREATE, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\new\\", FILE_CREATE, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\file::$DATA", FILE_OPEN, 0), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\file::$INDEX", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Open(Box, L"\\file:", FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
}

void
test_fs__directory_and_file_options(void **State)
{
    FSBOX *Box = *State;
    FsboxPut(Box, L"\\file", "x");
    assert_int_equal(Open(Box, L"\\dir", FILE_CREATE, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\dir", FILE_CREATE, FILE_DIRECTORY_FILE), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(Open(Box, L"\\dir", FILE_OPEN_IF, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\dir", FILE_OPEN, 0), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\dir", FILE_OPEN, FILE_NON_DIRECTORY_FILE), STATUS_FILE_IS_A_DIRECTORY);
    assert_int_equal(Open(Box, L"\\file", FILE_OPEN, FILE_DIRECTORY_FILE), STATUS_NOT_A_DIRECTORY);
    assert_int_equal(Open(Box, L"\\dir", FILE_OVERWRITE, 0), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(Open(Box, L"\\dir", FILE_SUPERSEDE, FILE_DIRECTORY_FILE), STATUS_INVALID_PARAMETER);
    assert_int_equal(Open(Box, L"\\", FILE_OPEN, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    assert_int_equal(Open(Box, L"\\", FILE_CREATE, FILE_DIRECTORY_FILE), STATUS_OBJECT_NAME_COLLISION);
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\dir");
    char Buffer[16];
    IO_STATUS_BLOCK IoStatus;
    assert_int_equal(IopRead(Directory, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_INVALID_DEVICE_REQUEST);
    FsboxClose(Directory);
}

/* ---- data ---- */

static VOID
WriteAt(PFILE_OBJECT File, const char *Text, LONGLONG Offset, NTSTATUS Expected)
{
    IO_STATUS_BLOCK IoStatus = {0};
    assert_int_equal(IopWrite(File, Text, (ULONG)strlen(Text), Offset, 0, UserMode, &IoStatus), Expected);
    assert_int_equal(IoStatus.Information, NT_SUCCESS(Expected) ? strlen(Text) : 0);
}

void
test_fs__read_write_append(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus;
    FILE_POSITION_INFORMATION Position;
    char Buffer[32];
    assert_int_equal(FsboxOpen(Box, L"\\f", FSBOX_ALL, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT, FSBOX_SHARE, &File), STATUS_SUCCESS);
    const LONGLONG Append = (LONGLONG)(0xFFFFFFFF00000000ull | FILE_WRITE_TO_END_OF_FILE);
    const LONGLONG Current = (LONGLONG)(0xFFFFFFFF00000000ull | FILE_USE_FILE_POINTER_POSITION);
    WriteAt(File, "hello", 0, STATUS_SUCCESS);
    WriteAt(File, " world", Append, STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FilePositionInformation, &Position, sizeof(Position)), STATUS_SUCCESS);
    assert_int_equal(Position.CurrentByteOffset.QuadPart, 11);
    WriteAt(File, "!", Current, STATUS_SUCCESS);
    WriteAt(File, "", 3, STATUS_SUCCESS);
    Position.CurrentByteOffset.QuadPart = 6;
    assert_int_equal(FsboxSet(File, FilePositionInformation, &Position, sizeof(Position), NULL), STATUS_SUCCESS);
    assert_int_equal(IopRead(File, Buffer, sizeof(Buffer), Current, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, 6);
    assert_memory_equal(Buffer, "world!", 6);
    assert_int_equal(IopRead(File, Buffer, sizeof(Buffer), 12, 0, UserMode, &IoStatus), STATUS_END_OF_FILE);
    assert_int_equal(IopRead(File, Buffer, 0, 100, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IopRead(File, Buffer, 4, -5, 0, UserMode, &IoStatus), STATUS_INVALID_PARAMETER);
    WriteAt(File, "x", -5, STATUS_INVALID_PARAMETER);
    FsboxClose(File);
    /* who may only append, appends wherever the offset says */
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_APPEND_DATA | SYNCHRONIZE, FILE_OPEN, 0, FSBOX_SHARE, &File), STATUS_SUCCESS);
    WriteAt(File, "+", 0, STATUS_SUCCESS);
    FsboxClose(File);
    FsboxExpect(Box, L"\\f", "hello world!+");
}

static LONGLONG
SizeOf(PFILE_OBJECT File)
{
    FILE_STANDARD_INFORMATION Standard;
    assert_int_equal(FsboxQuery(File, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    return Standard.EndOfFile.QuadPart;
}

void
test_fs__sizes_and_holes(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    FILE_END_OF_FILE_INFORMATION End = {.EndOfFile.QuadPart = 1 << 20};
    FILE_ALLOCATED_RANGE_BUFFER Asked = {.Length.QuadPart = 1 << 21}, Range[4];
    FILE_ZERO_DATA_INFORMATION Zero = {.FileOffset.QuadPart = 1 << 20, .BeyondFinalZero.QuadPart = (1 << 20) + 2};
    FILE_VALID_DATA_LENGTH_INFORMATION Valid;
    IO_STATUS_BLOCK IoStatus;
    ULONG Returned;
    char Buffer[8];
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &End, sizeof(End), NULL), STATUS_SUCCESS);
    assert_int_equal(SizeOf(File), 1 << 20);
    assert_int_equal(FsboxControl(File, FSCTL_QUERY_ALLOCATED_RANGES, &Asked, sizeof(Asked), Range, sizeof(Range), &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, 0);
    WriteAt(File, "data", 1 << 20, STATUS_SUCCESS);
    assert_int_equal(FsboxControl(File, FSCTL_QUERY_ALLOCATED_RANGES, &Asked, sizeof(Asked), Range, sizeof(Range), &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, sizeof(Range[0]));
    assert_true(Range[0].FileOffset.QuadPart <= 1 << 20);
    assert_int_equal(Range[0].FileOffset.QuadPart + Range[0].Length.QuadPart, (1 << 20) + 4);
    assert_int_equal(FsboxControl(File, FSCTL_QUERY_ALLOCATED_RANGES, &Asked, sizeof(Asked), Range, 4, &Returned), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(IopRead(File, Buffer, 8, (1 << 20) - 4, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "\0\0\0\0data", 8);
    assert_int_equal(FsboxControl(File, FSCTL_SET_ZERO_DATA, &Zero, sizeof(Zero), NULL, 0, NULL), STATUS_SUCCESS);
    assert_int_equal(IopRead(File, Buffer, 4, 1 << 20, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "\0\0ta", 4);
    assert_int_equal(SizeOf(File), (1 << 20) + 4);
    Valid.ValidDataLength.QuadPart = 100;
    assert_int_equal(FsboxSet(File, FileValidDataLengthInformation, &Valid, sizeof(Valid), NULL), STATUS_INVALID_PARAMETER);
    /* shrunk and grown again: what was there is gone */
    End.EndOfFile.QuadPart = (1 << 20) + 3;
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &End, sizeof(End), NULL), STATUS_SUCCESS);
    End.EndOfFile.QuadPart = (1 << 20) + 4;
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &End, sizeof(End), NULL), STATUS_SUCCESS);
    assert_int_equal(IopRead(File, Buffer, 4, 1 << 20, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "\0\0t\0", 4);
    FILE_ALLOCATION_INFORMATION Allocation = {.AllocationSize.QuadPart = 10};
    assert_int_equal(FsboxSet(File, FileAllocationInformation, &Allocation, sizeof(Allocation), NULL), STATUS_SUCCESS);
    assert_int_equal(SizeOf(File), 10);
    Allocation.AllocationSize.QuadPart = 100000;
    assert_int_equal(FsboxSet(File, FileAllocationInformation, &Allocation, sizeof(Allocation), NULL), STATUS_SUCCESS);
    assert_int_equal(SizeOf(File), 10);
    End.EndOfFile.QuadPart = -1;
    assert_int_equal(FsboxSet(File, FileEndOfFileInformation, &End, sizeof(End), NULL), STATUS_INVALID_PARAMETER);
    FsboxClose(File);
}

void
test_fs__paging_writes_never_extend(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    IO_STATUS_BLOCK IoStatus;
    char Page[4096];
    memset(Page, 'p', sizeof(Page));
    WriteAt(File, "0123456789", 0, STATUS_SUCCESS);
    assert_int_equal(IopWrite(File, Page, sizeof(Page), 0, IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(SizeOf(File), 10);
    assert_int_equal(IopWrite(File, Page, sizeof(Page), 4096, IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(SizeOf(File), 10);
    FsboxClose(File);
    FsboxExpect(Box, L"\\f", "pppppppppp");
}

/* ---- sharing ---- */

void
test_fs__share_access(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT First, Second;
    FsboxPut(Box, L"\\f", "x");
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_DATA, FILE_OPEN, 0, FILE_SHARE_READ, &First), STATUS_SUCCESS);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_DATA, FILE_OPEN, 0, FILE_SHARE_READ, &Second), STATUS_SUCCESS);
    FsboxClose(Second);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_WRITE_DATA, FILE_OPEN, 0, FSBOX_SHARE, &Second), STATUS_SHARING_VIOLATION);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_DATA, FILE_OPEN, 0, 0, &Second), STATUS_SHARING_VIOLATION);
    assert_int_equal(FsboxOpen(Box, L"\\f", DELETE, FILE_OPEN, 0, FSBOX_SHARE, &Second), STATUS_SHARING_VIOLATION);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_DATA, FILE_OVERWRITE, 0, FSBOX_SHARE, &Second), STATUS_SHARING_VIOLATION);
    FsboxExpect(Box, L"\\f", "x");
    /* attributes are nobody's business */
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_READ_ATTRIBUTES, FILE_OPEN, 0, 0, &Second), STATUS_SUCCESS);
    FsboxClose(Second);
    FsboxClose(First);
    assert_int_equal(FsboxOpen(Box, L"\\f", FILE_WRITE_DATA, FILE_OPEN, 0, 0, &Second), STATUS_SUCCESS);
    FsboxClose(Second);
}

/* ---- deleting ---- */

void
test_fs__delete_on_close_and_disposition(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File, Other;
    FILE_DISPOSITION_INFORMATION Disposition = {.DeleteFile = TRUE};
    FILE_STANDARD_INFORMATION Standard;
    assert_int_equal(FsboxOpen(Box, L"\\t", DELETE | FILE_WRITE_DATA, FILE_CREATE, FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &File), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\t"), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\t"), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(FsboxOpen(Box, L"\\t", FILE_WRITE_DATA, FILE_CREATE, FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &File), STATUS_INVALID_PARAMETER);

    File = FsboxFile(Box, L"\\f");
    Other = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL), STATUS_SUCCESS);
    assert_true(File->DeletePending);
    assert_int_equal(FsboxQuery(Other, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_true(Standard.DeletePending);
    assert_int_equal(FsboxTry(Box, L"\\f"), STATUS_DELETE_PENDING);
    assert_int_equal(Open(Box, L"\\f", FILE_CREATE, 0), Box->Memory ? STATUS_OBJECT_NAME_COLLISION : STATUS_OBJECT_NAME_COLLISION);
    Disposition.DeleteFile = FALSE;
    assert_int_equal(FsboxSet(Other, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\f"), STATUS_SUCCESS);
    Disposition.DeleteFile = TRUE;
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\f"), STATUS_DELETE_PENDING);      /* the other handle is open */
    WriteAt(Other, "still there", 0, STATUS_SUCCESS);
    FsboxClose(Other);
    assert_int_equal(FsboxTry(Box, L"\\f"), STATUS_OBJECT_NAME_NOT_FOUND);

    /* delete-on-close that is taken back */
    FILE_DISPOSITION_INFORMATION_EX Keep = {.Flags = FILE_DISPOSITION_ON_CLOSE};
    assert_int_equal(FsboxOpen(Box, L"\\k", DELETE, FILE_CREATE, FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &File), STATUS_SUCCESS);
    assert_int_equal(FsboxSet(File, FileDispositionInformationEx, &Keep, sizeof(Keep), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\k"), STATUS_SUCCESS);
}

void
test_fs__posix_delete(void **State)
{
    FSBOX *Box = *State;
    char Buffer[8];
    IO_STATUS_BLOCK IoStatus;
    FILE_STANDARD_INFORMATION Standard;
    FsboxPut(Box, L"\\f", "kept");
    PFILE_OBJECT Reader = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxDelete1(Box, L"\\f", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\f"), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(IopRead(Reader, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "kept", 4);
    WriteAt(Reader, "more", 4, STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(Reader, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_int_equal(Standard.NumberOfLinks, 0);
    assert_int_equal(Standard.EndOfFile.QuadPart, 8);
    /* the name is free */
    FsboxPut(Box, L"\\f", "new");
    FsboxExpect(Box, L"\\f", "new");
    FsboxClose(Reader);
    FsboxExpect(Box, L"\\f", "new");

    /* a light handle, opened only for deletion, survives the deletion of the name by another */
    PFILE_OBJECT Light;
    FILE_BASIC_INFORMATION Basic;
    assert_int_equal(FsboxOpen(Box, L"\\f", DELETE | FILE_READ_ATTRIBUTES, FILE_OPEN, 0, FSBOX_SHARE, &Light), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\f", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(Light, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_SUCCESS);
    FsboxClose(Light);
}

void
test_fs__delete_directory(void **State)
{
    FSBOX *Box = *State;
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\f", "x");
    assert_int_equal(FsboxDelete1(Box, L"\\d", 0), STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(FsboxDelete1(Box, L"\\d", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(FsboxDelete1(Box, L"\\d\\f", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\d", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\d"), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(FsboxTry(Box, L"\\d\\f"), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(FsboxDelete1(Box, L"\\", 0), STATUS_CANNOT_DELETE);
    /* delete on close of a directory that is not empty leaves it */
    PFILE_OBJECT Directory;
    assert_int_equal(FsboxOpen(Box, L"\\e", DELETE, FILE_CREATE, FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &Directory), STATUS_SUCCESS);
    FsboxPut(Box, L"\\e\\f", "x");
    FsboxClose(Directory);
    FsboxExpect(Box, L"\\e\\f", "x");
}

/* SPDX-License-Identifier: MIT */
/* Both file systems: renaming, linking, names by other ways. */
#include "fsbox.h"

void
test_fs__rename_file(void **State)
{
    FSBOX *Box = *State;
    FsboxPut(Box, L"\\a", "text");
    FsboxPut(Box, L"\\b", "other");
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    PFILE_OBJECT File = FsboxFile(Box, L"\\a");
    PFILE_OBJECT Second = FsboxFile(Box, L"\\a");
    FsboxNameIs(File, L"\\a");
    assert_int_equal(FsboxRename(File, L"\\b", 0, FALSE), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(FsboxRename(File, L"\\none\\x", 0, FALSE), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(FsboxRename(File, L"\\x*", 0, FALSE), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(FsboxRename(File, L"\\a", 0, FALSE), STATUS_SUCCESS);
    assert_int_equal(FsboxRename(File, L"c", 0, FALSE), STATUS_SUCCESS);           /* a name in the same directory */
    FsboxNameIs(File, L"\\c");
    FsboxNameIs(Second, L"\\c");
    assert_int_equal(FsboxRename(Second, L"\\d\\e", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\d\\e");
    assert_int_equal(FsboxRename(File, L"f", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(Second, L"\\d\\f");
    assert_int_equal(FsboxTry(Box, L"\\a"), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxExpect(Box, L"\\d\\f", "text");
    /* only the case */
    assert_int_equal(FsboxRename(File, L"\\d\\F", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\d\\F");
    FsboxClose(File);
    FsboxClose(Second);
    FsboxExpect(Box, L"\\d\\F", "text");
    PFILE_OBJECT Root = FsboxDirectory(Box, L"\\");
    assert_int_equal(FsboxRename(Root, L"\\r", 0, FALSE), STATUS_INVALID_PARAMETER);
    FsboxNameIs(Root, L"\\");
    FsboxClose(Root);
}

void
test_fs__rename_directory_with_open_files(void **State)
{
    FSBOX *Box = *State;
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxClose(FsboxDirectory(Box, L"\\d\\e"));
    FsboxClose(FsboxDirectory(Box, L"\\dd"));
    FsboxPut(Box, L"\\d\\e\\f", "text");
    FsboxPut(Box, L"\\dd\\f", "no");
    PFILE_OBJECT File = FsboxFile(Box, L"\\d\\e\\f");
    PFILE_OBJECT Neighbour = FsboxFile(Box, L"\\dd\\f");
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
    if (Box->Memory) {
        assert_int_equal(FsboxRename(Directory, L"\\x", 0, FALSE), STATUS_ACCESS_DENIED);
    }
    assert_int_equal(FsboxRename(Directory, L"\\x", FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    FsboxNameIs(Directory, L"\\x");
    FsboxNameIs(File, L"\\x\\e\\f");
    FsboxNameIs(Neighbour, L"\\dd\\f");
    assert_int_equal(FsboxRename(Directory, L"\\x\\e\\y", FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_INVALID_PARAMETER);
    /* the open file can be renamed and deleted under its new name */
    assert_int_equal(FsboxRename(File, L"g", FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\x\\e\\g");
    FsboxExpect(Box, L"\\x\\e\\g", "text");
    FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\x\\e\\g"), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxClose(Directory);
    FsboxClose(Neighbour);
}

void
test_fs__rename_replaces(void **State)
{
    FSBOX *Box = *State;
    char Buffer[8];
    IO_STATUS_BLOCK IoStatus;
    FILE_STANDARD_INFORMATION Standard;
    FsboxPut(Box, L"\\a", "new");
    FsboxPut(Box, L"\\b", "old");
    PFILE_OBJECT Old = FsboxFile(Box, L"\\b");
    PFILE_OBJECT File = FsboxFile(Box, L"\\a");
    assert_int_equal(FsboxRename(File, L"\\b", FILE_RENAME_REPLACE_IF_EXISTS, FALSE), STATUS_ACCESS_DENIED);       /* it is open */
    assert_int_equal(FsboxRename(File, L"\\b", FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    FsboxExpect(Box, L"\\b", "new");
    assert_int_equal(IopRead(Old, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "old", 3);
    assert_int_equal(FsboxQuery(Old, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_int_equal(Standard.NumberOfLinks, 0);
    FsboxClose(Old);
    FsboxClose(File);
    FsboxExpect(Box, L"\\b", "new");
    /* closed: ordinary replacement */
    FsboxPut(Box, L"\\c", "again");
    File = FsboxFile(Box, L"\\c");
    assert_int_equal(FsboxRename(File, L"\\b", FILE_RENAME_REPLACE_IF_EXISTS, FALSE), STATUS_SUCCESS);
    FsboxClose(File);
    FsboxExpect(Box, L"\\b", "again");
    /* directories */
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxClose(FsboxDirectory(Box, L"\\e"));
    FsboxPut(Box, L"\\e\\f", "x");
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
    const ULONG Replace = FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS;
    assert_int_equal(FsboxRename(Directory, L"\\e", FILE_RENAME_REPLACE_IF_EXISTS, FALSE), STATUS_ACCESS_DENIED);
    assert_int_equal(FsboxRename(Directory, L"\\e", Replace, FALSE), STATUS_DIRECTORY_NOT_EMPTY);
    assert_int_equal(FsboxRename(Directory, L"\\b", Replace, FALSE), STATUS_NOT_A_DIRECTORY);
    assert_int_equal(FsboxDelete1(Box, L"\\e\\f", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxRename(Directory, L"\\e", Replace, FALSE), STATUS_SUCCESS);
    FsboxNameIs(Directory, L"\\e");
    FsboxClose(Directory);
    File = FsboxFile(Box, L"\\b");
    assert_int_equal(FsboxRename(File, L"\\e", Replace, FALSE), STATUS_FILE_IS_A_DIRECTORY);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\d"), STATUS_OBJECT_NAME_NOT_FOUND);
}

void
test_fs__rename_by_target_directory(void **State)
{
    FSBOX *Box = *State;
    union { FILE_RENAME_INFORMATION Info; WCHAR Room[64]; } Buffer = {0};
    PFILE_OBJECT Target;
    IOP_CREATE Create = {.DesiredAccess = FILE_WRITE_DATA | SYNCHRONIZE, .Disposition = FILE_OPEN, .ShareAccess = FSBOX_SHARE, .OpenFlags = IO_OPEN_TARGET_DIRECTORY};
    FsboxPut(Box, L"\\a", "text");
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxString(&Create.Name, L"\\d\\new");
    assert_int_equal(FsboxOpenFull(Box, &Create, &Target), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_DOES_NOT_EXIST);
    assert_int_equal(Target->FileName.Length, 6);
    assert_memory_equal(Target->FileName.Buffer, L"new", 6);
    PFILE_OBJECT File = FsboxFile(Box, L"\\a");
    Buffer.Info.FileNameLength = 12;
    memcpy(Buffer.Info.FileName, L"\\d\\new", 12);
    IOP_REQUEST Request = {.InputBuffer = &Buffer, .InputLength = sizeof(Buffer)};
    IO_STATUS_BLOCK IoStatus;
    Request.Stack.Parameters.SetFile.Length = sizeof(Buffer);
    Request.Stack.Parameters.SetFile.FileInformationClass = FileRenameInformation;
    Request.Stack.Parameters.SetFile.FileObject = Target;
    assert_int_equal(FsboxRequest(File, IRP_MJ_SET_INFORMATION, 0, &Request, &IoStatus), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\d\\new");
    FsboxClose(File);
    FsboxClose(Target);
    assert_int_equal(FsboxOpenFull(Box, &Create, &Target), STATUS_SUCCESS);
    assert_int_equal(FsboxInformation(), FILE_EXISTS);
    FsboxClose(Target);
    FsboxString(&Create.Name, L"\\none\\new");
    assert_int_equal(FsboxOpenFull(Box, &Create, &Target), STATUS_OBJECT_PATH_NOT_FOUND);
    FsboxString(&Create.Name, L"\\");
    assert_int_equal(FsboxOpenFull(Box, &Create, &Target), STATUS_OBJECT_NAME_INVALID);
}

static ULONG
Links(PFILE_OBJECT File)
{
    FILE_STANDARD_INFORMATION Standard;
    assert_int_equal(FsboxQuery(File, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    return Standard.NumberOfLinks;
}

void
test_fs__hard_links(void **State)
{
    FSBOX *Box = *State;
    FILE_INTERNAL_INFORMATION One, Two;
    FsboxPut(Box, L"\\a", "text");
    FsboxPut(Box, L"\\c", "other");
    PFILE_OBJECT A = FsboxFile(Box, L"\\a");
    assert_int_equal(FsboxRename(A, L"\\b", 0, TRUE), STATUS_SUCCESS);
    assert_int_equal(FsboxRename(A, L"\\b", 0, TRUE), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(Links(A), 2);
    PFILE_OBJECT B = FsboxFile(Box, L"\\b");
    /* one file, one stream, two names */
    assert_ptr_equal(A->FsContext, B->FsContext);
    assert_int_equal(FsboxQuery(A, FileInternalInformation, &One, sizeof(One)), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(B, FileInternalInformation, &Two, sizeof(Two)), STATUS_SUCCESS);
    assert_int_equal(One.IndexNumber.QuadPart, Two.IndexNumber.QuadPart);
    FsboxNameIs(A, L"\\a");
    FsboxNameIs(B, L"\\b");
    assert_int_equal(FsboxRename(B, L"\\bb", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(A, L"\\a");
    FsboxNameIs(B, L"\\bb");
    /* deletion takes the name of the handle */
    FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
    assert_int_equal(FsboxSet(A, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\a"), STATUS_DELETE_PENDING);
    assert_int_equal(FsboxTry(Box, L"\\bb"), STATUS_SUCCESS);
    FsboxClose(A);
    assert_int_equal(FsboxTry(Box, L"\\a"), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxExpect(Box, L"\\bb", "text");
    assert_int_equal(Links(B), 1);
    /* replacing by a link, and a rename onto another name of the same file */
    assert_int_equal(FsboxRename(B, L"\\c", FILE_LINK_REPLACE_IF_EXISTS, TRUE), STATUS_SUCCESS);
    FsboxExpect(Box, L"\\c", "text");
    assert_int_equal(FsboxRename(B, L"\\c", FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    assert_int_equal(Links(B), 2);
    assert_int_equal(FsboxRename(B, L"\\c", FILE_RENAME_REPLACE_IF_EXISTS, FALSE), STATUS_SUCCESS);
    assert_int_equal(Links(B), 1);
    FsboxNameIs(B, L"\\c");
    FsboxClose(B);
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
    assert_int_equal(FsboxRename(Directory, L"\\e", 0, TRUE), STATUS_FILE_IS_A_DIRECTORY);
    FsboxClose(Directory);
    /* the same last component in two directories: each handle's own name goes */
    FsboxClose(FsboxDirectory(Box, L"\\e"));
    FsboxPut(Box, L"\\d\\same", "text");
    A = FsboxFile(Box, L"\\d\\same");
    assert_int_equal(FsboxRename(A, L"\\e\\same", 0, TRUE), STATUS_SUCCESS);
    FsboxClose(A);
    assert_int_equal(FsboxOpen(Box, L"\\d\\same", DELETE, FILE_OPEN, 0, FSBOX_SHARE, &A), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\e\\same", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\e\\same"), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(FsboxTry(Box, L"\\d\\same"), STATUS_SUCCESS);
    assert_int_equal(FsboxRename(A, L"\\e\\other", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(A, L"\\e\\other");
    assert_int_equal(FsboxSet(A, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    FsboxClose(A);
    assert_int_equal(FsboxTry(Box, L"\\e\\other"), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* ---- other ways to an object ---- */

void
test_fs__query_open(void **State)
{
    FSBOX *Box = *State;
    FILE_STAT_LX_INFORMATION Stat, Opened;
    FILE_NETWORK_OPEN_INFORMATION Network;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC};
    IOP_QUERY_OPEN Query = {.Class = FileStatLxInformation, .Buffer = &Stat, .Length = sizeof(Stat), .CaseSensitive = TRUE, .RequestorMode = UserMode, .Attachment = &Attachment};
    FILE_OBJECT Fake = {.Type = IO_TYPE_FILE, .Size = sizeof(Fake), .DeviceObject = Box->Device};
    Query.FileObject = &Fake;
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\f", "12345");
    FsboxString(&Fake.FileName, L"\\d\\f");
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_SUCCESS);
    assert_int_equal(Query.Returned, sizeof(Stat));
    assert_int_equal(Stat.EndOfFile.QuadPart, 5);
    assert_int_equal(Stat.LxMode & FSB_S_IFMT, FSB_S_IFREG);
    PFILE_OBJECT File = FsboxFile(Box, L"\\d\\f");
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Opened, sizeof(Opened)), STATUS_SUCCESS);
    Opened.EffectiveAccess = Stat.EffectiveAccess;
    assert_memory_equal(&Stat, &Opened, sizeof(Stat));
    Query.Class = FileNetworkOpenInformation;
    Query.Buffer = &Network;
    Query.Length = sizeof(Network);
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_SUCCESS);
    assert_int_equal(Network.EndOfFile.QuadPart, 5);
    Query.Length = 8;
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_INFO_LENGTH_MISMATCH);
    Query.Length = sizeof(Network);
    FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_DELETE_PENDING);
    FsboxClose(File);
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxString(&Fake.FileName, L"\\none\\f");
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_OBJECT_PATH_NOT_FOUND);
    FsboxString(&Fake.FileName, L"\\D");
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_OBJECT_NAME_NOT_FOUND);
    Query.CaseSensitive = FALSE;
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_SUCCESS);
    FsboxString(&Fake.FileName, L"\\");
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_SUCCESS);
    Query.Class = FileNameInformation;
    assert_int_equal(IopQueryOpen(Box->Device, &Query), STATUS_NOT_SUPPORTED);
}

static NTSTATUS
OpenId(FSBOX *Box, ULONGLONG Id, PFILE_OBJECT *File)
{
    IOP_CREATE Create = {.DesiredAccess = FILE_READ_ATTRIBUTES | DELETE, .Disposition = FILE_OPEN,
                         .CreateOptions = FILE_OPEN_BY_FILE_ID | FILE_OPEN_REPARSE_POINT, .ShareAccess = FSBOX_SHARE};
    Create.Name = (UNICODE_STRING){sizeof(Id), sizeof(Id), (PWCH)&Id};
    return FsboxOpenFull(Box, &Create, File);
}

void
test_fs__open_by_id(void **State)
{
    FSBOX *Box = *State;
    FILE_INTERNAL_INFORMATION Id, Same;
    PFILE_OBJECT ById;
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    FsboxPut(Box, L"\\d\\f", "text");
    PFILE_OBJECT File = FsboxFile(Box, L"\\d\\f");
    assert_int_equal(FsboxQuery(File, FileInternalInformation, &Id, sizeof(Id)), STATUS_SUCCESS);
    /* while it is open, always */
    assert_int_equal(OpenId(Box, (ULONGLONG)Id.IndexNumber.QuadPart, &ById), STATUS_SUCCESS);
    assert_ptr_equal(ById->FsContext, File->FsContext);
    assert_int_equal(FsboxQuery(ById, FileInternalInformation, &Same, sizeof(Same)), STATUS_SUCCESS);
    assert_int_equal(Same.IndexNumber.QuadPart, Id.IndexNumber.QuadPart);
    FsboxNameIs(ById, L"\\d\\f");
    assert_int_equal(FsboxRename(File, L"\\g", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\g");
    FsboxClose(ById);
    FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    assert_int_equal(OpenId(Box, (ULONGLONG)Id.IndexNumber.QuadPart, &ById), STATUS_DELETE_PENDING);
    FsboxClose(File);
    assert_int_equal(OpenId(Box, (ULONGLONG)Id.IndexNumber.QuadPart, &ById), STATUS_INVALID_PARAMETER);
    assert_int_equal(OpenId(Box, 0x123456789ABCull, &ById), STATUS_INVALID_PARAMETER);
}

void
test_fs__relative_and_case(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    FsboxClose(FsboxDirectory(Box, L"\\Dir"));
    FsboxPut(Box, L"\\Dir\\File", "text");
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\Dir");
    IOP_CREATE Create = {.DesiredAccess = FSBOX_ALL, .Disposition = FILE_OPEN, .ShareAccess = FSBOX_SHARE, .RelatedFileObject = Directory};
    FsboxString(&Create.Name, L"File");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\File");
    FsboxClose(File);
    FsboxString(&Create.Name, L"\\Dir\\File");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_NAME_INVALID);
    FsboxString(&Create.Name, L"");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir");
    FsboxClose(File);
    /* relative to where the directory is now */
    assert_int_equal(FsboxRename(Directory, L"\\Moved", FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
    FsboxString(&Create.Name, L"File");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Moved\\File");
    FsboxClose(File);
    FsboxClose(Directory);
    /* case-sensitive opens want the exact name; others take it first, then the folded one */
    assert_int_equal(FsboxTry(Box, L"\\MOVED\\FILE"), STATUS_OBJECT_PATH_NOT_FOUND);
    Create.RelatedFileObject = NULL;
    Create.ObjectAttributes = OBJ_CASE_INSENSITIVE;
    FsboxString(&Create.Name, L"\\MOVED\\FILE");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Moved\\File");
    FsboxClose(File);
    Create.Disposition = FILE_CREATE;
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_NAME_COLLISION);
    Create.ObjectAttributes = 0;
    FsboxString(&Create.Name, L"\\Moved\\FILE");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Moved\\FILE");
    FsboxClose(File);
    Create.Disposition = FILE_OPEN;
    Create.ObjectAttributes = OBJ_CASE_INSENSITIVE;
    FsboxString(&Create.Name, L"\\moved\\File");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Moved\\File");
    FsboxClose(File);
    FsboxString(&Create.Name, L"\\moved\\none");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* Case-insensitive: the directories of a name that is made, or renamed or linked to, are found by any spelling too. */
void
test_fs__case_of_new_names(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    IOP_CREATE Create = {.DesiredAccess = FSBOX_ALL, .Disposition = FILE_CREATE, .ShareAccess = FSBOX_SHARE, .ObjectAttributes = OBJ_CASE_INSENSITIVE};
    FsboxClose(FsboxDirectory(Box, L"\\Dir"));
    FsboxClose(FsboxDirectory(Box, L"\\Dir\\Below"));
    FsboxString(&Create.Name, L"\\DIR\\below\\New");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\Below\\New");
    assert_int_equal(FsboxRename(File, L"\\dir\\Renamed", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\Renamed");
    assert_int_equal(FsboxRename(File, L"\\DIR\\BELOW\\Linked", 0, TRUE), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\Dir\\Below\\Linked"), STATUS_SUCCESS);
    /* the case of the name itself, and of its directory at once */
    assert_int_equal(FsboxRename(File, L"\\DIR\\RENAMED", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\RENAMED");
    assert_int_equal(FsboxRename(File, L"\\DIR\\below\\LINKED", 0, FALSE), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(FsboxRename(File, L"\\DIR\\none\\x", 0, FALSE), STATUS_OBJECT_PATH_NOT_FOUND);
    FsboxClose(File);
    FsboxString(&Create.Name, L"\\dir\\renamed");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_NAME_COLLISION);
    FsboxString(&Create.Name, L"\\dir\\none\\x");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_PATH_NOT_FOUND);
    FsboxString(&Create.Name, L"\\dIR\\Sub");
    Create.CreateOptions = FILE_DIRECTORY_FILE;
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\Sub");
    FsboxClose(File);
    Create.CreateOptions = 0;
    Create.Disposition = FILE_SUPERSEDE;
    FsboxString(&Create.Name, L"\\dIR\\renamed");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\Dir\\RENAMED");
    FsboxClose(File);
    Create.Disposition = FILE_OPEN;
    Create.DesiredAccess = DELETE;
    Create.CreateOptions = FILE_DELETE_ON_CLOSE;
    FsboxString(&Create.Name, L"\\dir\\Renamed");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\Dir\\RENAMED"), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* hostfs: what both file systems do, and that the host sees what was done and nothing else. */
#include "fsbox.h"

static int
SetUp(void **State)
{
    *State = FsboxCreate(FALSE, NULL);
    return 0;
}

static int
TearDown(void **State)
{
    FsboxDelete(*State);
    return 0;
}

static void
test_hostfs__host_sees_the_same(void **State)
{
    FSBOX *Box = *State;
    struct fsbox_host_stat Host;
    FILE_STAT_LX_INFORMATION Lx;
    char Text[16];
    FsboxPut(Box, L"\\f", "text");
    assert_int_equal(fsbox_host_read(Box->HostFd, "f", Text, sizeof(Text)), 4);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "f", &Host), 0);
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.FileId.QuadPart, Host.ino);
    assert_int_equal(Lx.EndOfFile.QuadPart, Host.size);
    assert_int_equal(Lx.AllocationSize.QuadPart, Host.blocks * 512);
    assert_int_equal(Lx.LxMode, Host.mode);
    assert_int_equal(Lx.LxUid, Host.uid);
    assert_int_equal(Lx.NumberOfLinks, Host.nlink);
    assert_int_equal(Lx.LastWriteTime.QuadPart, port_unix_to_nt(Host.mtime, Host.mtime_nsec));
    FsboxClose(File);
    /* names that NT cannot spell */
    const WCHAR Odd[] = {'\\', 'a', 0xF03A, 0xF0FF, 0xE9, 0};
    FsboxPut(Box, Odd, "odd");
    assert_int_equal(fsbox_host_read(Box->HostFd, "a:\xFF\xC3\xA9", Text, sizeof(Text)), 3);
    assert_int_equal(fsbox_host_write(Box->HostFd, "q?*", "host", 4), 0);
    const WCHAR Escaped[] = {'\\', 'q', 0xF03F, 0xF02A, 0};
    FsboxExpect(Box, Escaped, "host");
}

static void
test_hostfs__owner_and_mode_at_create(void **State)
{
    FSBOX *Box = *State;
    struct fsbox_host_stat Host;
    PFILE_OBJECT File;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC, .valid = IOP_ATTACH_MODE, .mode = FSB_S_IFREG | 0751};
    IOP_CREATE Create = {.DesiredAccess = FSBOX_ALL, .Disposition = FILE_CREATE, .ShareAccess = FSBOX_SHARE, .Attachment = &Attachment};
    FsboxString(&Create.Name, L"\\f");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "f", &Host), 0);
    assert_int_equal(Host.mode, FSB_S_IFREG | 0751);
    Create.CreateOptions = FILE_DIRECTORY_FILE;
    Attachment.mode = FSB_S_IFDIR | 01730;
    FsboxString(&Create.Name, L"\\d");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "d", &Host), 0);
    assert_int_equal(Host.mode, FSB_S_IFDIR | 01730);
    if (!fsbox_host_is_root()) {
        skip();
    }
    Create.CreateOptions = 0;
    Attachment.valid |= IOP_ATTACH_UID | IOP_ATTACH_GID;
    Attachment.uid = 1001;
    Attachment.gid = 1002;
    Attachment.mode = FSB_S_IFREG | 04755;
    FsboxString(&Create.Name, L"\\d\\suid");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "d/suid", &Host), 0);
    assert_int_equal(Host.uid, 1001);
    assert_int_equal(Host.gid, 1002);
    assert_int_equal(Host.mode, FSB_S_IFREG | 04755);
    /* a write by somebody who must not keep it drops the bit */
    IO_STATUS_BLOCK IoStatus;
    struct iop_attachment Kill = {.magic = IOP_ATTACH_MAGIC, .valid = IOP_ATTACH_KILL_SUIDGID};
    IOP_REQUEST Request = {.InputBuffer = "x", .InputLength = 1, .Attachment = &Kill};
    Request.Stack.Parameters.Write.Length = 1;
    assert_int_equal(FsboxRequest(File, IRP_MJ_WRITE, 0, &Request, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "d/suid", &Host), 0);
    assert_int_equal(Host.mode, FSB_S_IFREG | 0755);
    FsboxClose(File);
}

static void
test_hostfs__changes_behind_the_volume(void **State)
{
    FSBOX *Box = *State;
    char Text[16];
    FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
    FILE_BASIC_INFORMATION Basic;
    /* renamed by the host: the handle's name and its deletion find it again */
    FsboxPut(Box, L"\\a", "text");
    PFILE_OBJECT File = FsboxFile(Box, L"\\a");
    assert_int_equal(fsbox_host_rename(Box->HostFd, "a", "b"), 0);
    assert_int_equal(fsbox_host_write(Box->HostFd, "a", "other", 5), 0);
    assert_int_equal(FsboxSet(File, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(fsbox_host_read(Box->HostFd, "a", Text, sizeof(Text)), 5);
    assert_true(fsbox_host_read(Box->HostFd, "b", Text, sizeof(Text)) < 0);
    /* renamed here after the host renamed it */
    FsboxPut(Box, L"\\c", "text");
    File = FsboxFile(Box, L"\\c");
    assert_int_equal(fsbox_host_rename(Box->HostFd, "c", "d"), 0);
    assert_int_equal(FsboxRename(File, L"\\e", 0, FALSE), STATUS_SUCCESS);
    FsboxNameIs(File, L"\\e");
    FsboxClose(File);
    FsboxExpect(Box, L"\\e", "text");
    /* replaced by the host while open only for deletion: the other file is not the one */
    PFILE_OBJECT Light;
    assert_int_equal(FsboxOpen(Box, L"\\e", DELETE, FILE_OPEN, 0, FSBOX_SHARE, &Light), STATUS_SUCCESS);
    assert_int_equal(fsbox_host_write(Box->HostFd, "f", "innocent", 8), 0);
    assert_int_equal(fsbox_host_rename(Box->HostFd, "f", "e"), 0);
    assert_int_equal(FsboxSet(Light, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_SUCCESS);
    FsboxClose(Light);
    FsboxExpect(Box, L"\\e", "innocent");
    assert_int_equal(FsboxOpen(Box, L"\\e", DELETE | FILE_READ_ATTRIBUTES, FILE_OPEN, 0, FSBOX_SHARE, &Light), STATUS_SUCCESS);
    assert_int_equal(fsbox_host_unlink(Box->HostFd, "e"), 0);
    assert_int_equal(FsboxQuery(Light, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_OBJECT_NAME_NOT_FOUND);
    FsboxClose(Light);
    assert_int_equal(FsboxTry(Box, L"\\e"), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void
test_hostfs__links_are_not_followed(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    assert_int_equal(fsbox_host_symlink(Box->HostFd, "/etc", "etc"), 0);
    assert_int_equal(fsbox_host_symlink(Box->HostFd, "..", "up"), 0);
    assert_int_equal(FsboxTry(Box, L"\\etc\\passwd"), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(FsboxTry(Box, L"\\up\\x"), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(FsboxOpen(Box, L"\\etc\\fsbox-new", FSBOX_ALL, FILE_CREATE, 0, FSBOX_SHARE, &File), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(FsboxTry(Box, L"\\..\\x"), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(FsboxTry(Box, L"\\etc"), STATUS_SUCCESS);
    File = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxRename(File, L"\\up\\escaped", FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(FsboxRename(File, L"\\up\\escaped", 0, TRUE), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    FsboxClose(File);
}

static void
test_hostfs__fifo_is_not_opened(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    assert_int_equal(fsbox_host_mkfifo(Box->HostFd, "fifo"), 0);
    /* would block for ever if it were opened for data */
    assert_int_equal(FsboxOpen(Box, L"\\fifo", FSBOX_ALL, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &File), STATUS_SUCCESS);
    FsboxClose(File);
    assert_int_equal(FsboxOpen(Box, L"\\fifo", FSBOX_ALL, FILE_OPEN, 0, FSBOX_SHARE, &File), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
}

static void
test_hostfs__exact_errors_and_host_file(void **State)
{
    FSBOX *Box = *State;
    PFILE_OBJECT File;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC};
    struct iop_host_file Host = {.fd = -1};
    struct fsbox_host_stat Stat;
    IOP_CREATE Create = {.DesiredAccess = FILE_READ_DATA, .Disposition = FILE_OPEN, .ShareAccess = FSBOX_SHARE, .Attachment = &Attachment};
    FsboxString(&Create.Name, L"\\none\\f");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(Attachment.host_errno, 2);
    assert_int_equal(Attachment.host_status, STATUS_OBJECT_PATH_NOT_FOUND);
    WCHAR Long[300] = L"\\";
    for (ULONG i = 1; i < 280; i++) {
        Long[i] = L'x';
    }
    FsboxString(&Create.Name, Long);
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(Attachment.host_errno, 36);
    FsboxPut(Box, L"\\f", "x");
    Attachment.valid = IOP_ATTACH_LAZY_DATA;
    FsboxString(&Create.Name, L"\\f");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    assert_int_equal(FsboxControl(File, IOP_FSCTL_HOST_FILE, NULL, 0, &Host, sizeof(Host), NULL), STATUS_SUCCESS);
    assert_int_equal(fsbox_host_stat(Box->HostFd, "f", &Stat), 0);
    assert_true(Host.fd >= 0);
    assert_int_equal(Host.ino, Stat.ino);
    char Buffer[4];
    IO_STATUS_BLOCK IoStatus;
    assert_int_equal(IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    FsboxClose(File);
}

static void
test_hostfs__no_descriptor_is_left(void **State)
{
    FSBOX *Box = *State;
    const unsigned Before = fsbox_host_descriptors();
    for (ULONG i = 0; i < 50; i++) {
        FsboxPut(Box, L"\\f", "x");
        FsboxExpect(Box, L"\\f", "x");
        FsboxClose(FsboxDirectory(Box, L"\\d"));
        PFILE_OBJECT File = FsboxFile(Box, L"\\f");
        assert_int_equal(FsboxRename(File, L"\\d\\g", FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS, FALSE), STATUS_SUCCESS);
        FsboxClose(File);
        assert_int_equal(FsboxTry(Box, L"\\none"), STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(FsboxTry(Box, L"\\none\\x"), STATUS_OBJECT_PATH_NOT_FOUND);
        PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\d");
        UCHAR Buffer[512] __attribute__((aligned(8)));
        ULONG Returned;
        assert_int_equal(FsboxList(Directory, NULL, 0, 0, FileIdBothDirectoryInformation, Buffer, sizeof(Buffer), &Returned), STATUS_SUCCESS);
        FsboxClose(Directory);
        assert_int_equal(FsboxDelete1(Box, L"\\d\\g", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_SUCCESS);
    }
    assert_int_equal(fsbox_host_descriptors(), Before);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        FSCASES(SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__host_sees_the_same, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__owner_and_mode_at_create, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__changes_behind_the_volume, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__links_are_not_followed, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__fifo_is_not_opened, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__exact_errors_and_host_file, SetUp, TearDown),
        cmocka_unit_test_setup_teardown(test_hostfs__no_descriptor_is_left, SetUp, TearDown),
    };
    return cmocka_run_group_tests(Tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Both file systems: information classes, extended attributes, Linux metadata, links, volumes. */
#include "fsbox.h"

void
test_fs__query_classes(void **State)
{
    FSBOX *Box = *State;
    FILE_STAT_LX_INFORMATION Lx;
    FILE_STAT_INFORMATION Stat;
    FILE_NETWORK_OPEN_INFORMATION Network;
    FILE_STANDARD_INFORMATION Standard;
    FILE_ID_INFORMATION Id;
    FILE_ATTRIBUTE_TAG_INFORMATION Tag;
    union { FILE_ALL_INFORMATION Info; UCHAR Room[400]; } All;
    union { FILE_NAME_INFORMATION Info; UCHAR Room[32]; } Name;
    FsboxPut(Box, L"\\file", "12345");
    PFILE_OBJECT File = FsboxFile(Box, L"\\file");
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileStatInformation, &Stat, sizeof(Stat)), STATUS_SUCCESS);
    assert_memory_equal(&Lx, &Stat, FIELD_OFFSET(FILE_STAT_INFORMATION, EffectiveAccess) + sizeof(ACCESS_MASK));
    assert_int_equal(Lx.LxFlags & 7, 7);
    assert_int_equal(FsboxQuery(File, FileNetworkOpenInformation, &Network, sizeof(Network)), STATUS_SUCCESS);
    assert_int_equal(Network.LastWriteTime.QuadPart, Lx.LastWriteTime.QuadPart);
    assert_int_equal(Network.EndOfFile.QuadPart, 5);
    assert_int_equal(FsboxQuery(File, FileStandardInformation, &Standard, sizeof(Standard)), STATUS_SUCCESS);
    assert_int_equal(Standard.NumberOfLinks, 1);
    assert_false(Standard.Directory || Standard.DeletePending);
    assert_int_equal(FsboxQuery(File, FileIdInformation, &Id, sizeof(Id)), STATUS_SUCCESS);
    assert_memory_equal(Id.FileId.Identifier, &Lx.FileId, 8);
    assert_int_equal(FsboxQuery(File, FileAttributeTagInformation, &Tag, sizeof(Tag)), STATUS_SUCCESS);
    assert_int_equal(Tag.ReparseTag, 0);
    assert_int_equal(Tag.FileAttributes, Lx.FileAttributes);
    assert_int_equal(FsboxQuery(File, FileAllInformation, &All, sizeof(All)), STATUS_SUCCESS);
    assert_int_equal(All.Info.StandardInformation.EndOfFile.QuadPart, 5);
    assert_int_equal(All.Info.NameInformation.FileNameLength, 10);
    assert_memory_equal(All.Info.NameInformation.FileName, L"\\file", 10);
    assert_int_equal(FsboxQuery(File, FileAllInformation, &All, sizeof(FILE_ALL_INFORMATION)), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(FsboxQuery(File, FileNameInformation, &Name, FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + 4), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(Name.Info.FileNameLength, 10);
    assert_memory_equal(Name.Info.FileName, L"\\f", 4);
    assert_int_equal(FsboxQuery(File, FileNormalizedNameInformation, &Name, sizeof(Name)), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileBasicInformation, &Name, 8), STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(FsboxQuery(File, FileQuotaInformation, &All, sizeof(All)), STATUS_INVALID_INFO_CLASS);
    union { FILE_STREAM_INFORMATION Info; UCHAR Room[128]; } Streams;
    assert_int_equal(FsboxQuery(File, FileStreamInformation, &Streams, sizeof(Streams)), STATUS_SUCCESS);
    assert_int_equal(Streams.Info.StreamNameLength, 14);
    assert_memory_equal(Streams.Info.StreamName, L"::$DATA", 14);
    assert_int_equal(Streams.Info.StreamSize.QuadPart, 5);
    FsboxClose(File);
    PFILE_OBJECT Directory = FsboxDirectory(Box, L"\\");
    assert_int_equal(FsboxQuery(Directory, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_true(Lx.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    assert_int_equal(Lx.LxMode & FSB_S_IFMT, FSB_S_IFDIR);
    FsboxClose(Directory);
}

void
test_fs__basic_information(void **State)
{
    FSBOX *Box = *State;
    FILE_BASIC_INFORMATION Basic, Set = {0};
    FILE_STAT_LX_INFORMATION Lx;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC};
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    Set.LastWriteTime.QuadPart = 116444736000000000ll + 12345678901234567ll;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_SUCCESS);
    assert_int_equal(Basic.LastWriteTime.QuadPart, Set.LastWriteTime.QuadPart);
    /* the attachment's nanoseconds, as long as nobody touched the NT value */
    Set.LastAccessTime.QuadPart = 1;
    Set.LastWriteTime.QuadPart = 7;
    Attachment.valid = IOP_ATTACH_ATIME | IOP_ATTACH_MTIME;
    Attachment.nt_atime = 1;
    Attachment.nt_mtime = 7;
    Attachment.atime_sec = 1000;
    Attachment.atime_nsec = 123456789;
    Attachment.mtime_sec = 2000;
    Attachment.mtime_nsec = 987654321;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), &Attachment), STATUS_SUCCESS);
    IOP_REQUEST Request = {.OutputBuffer = &Lx, .OutputLength = sizeof(Lx), .Attachment = &Attachment};
    IO_STATUS_BLOCK IoStatus;
    Request.Stack.Parameters.QueryFile.Length = sizeof(Lx);
    Request.Stack.Parameters.QueryFile.FileInformationClass = FileStatLxInformation;
    assert_int_equal(FsboxRequest(File, IRP_MJ_QUERY_INFORMATION, 0, &Request, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(Lx.LastAccessTime.QuadPart, port_unix_to_nt(1000, 123456789));
    assert_int_equal(Attachment.sub100_atime, 89);
    assert_int_equal(Lx.LastWriteTime.QuadPart, port_unix_to_nt(2000, 987654321));
    assert_int_equal(Attachment.sub100_mtime, 21);
    /* a filter changed one of them: that one counts as NT has it */
    Set.LastWriteTime.QuadPart = port_unix_to_nt(5000, 0);
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), &Attachment), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_SUCCESS);
    assert_int_equal(Basic.LastWriteTime.QuadPart, port_unix_to_nt(5000, 0));
    assert_int_equal(Basic.LastAccessTime.QuadPart, port_unix_to_nt(1000, 123456789));
    /* read-only */
    memset(&Set, 0, sizeof(Set));
    Set.FileAttributes = FILE_ATTRIBUTE_READONLY;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_SUCCESS);
    assert_true(Basic.FileAttributes & FILE_ATTRIBUTE_READONLY);
    if (Box->Memory) {
        FILE_DISPOSITION_INFORMATION Delete = {.DeleteFile = TRUE};
        PFILE_OBJECT Other;
        assert_int_equal(FsboxSet(File, FileDispositionInformation, &Delete, sizeof(Delete), NULL), STATUS_CANNOT_DELETE);
        assert_int_equal(FsboxOpen(Box, L"\\f", FILE_WRITE_DATA, FILE_OPEN, 0, FSBOX_SHARE, &Other), STATUS_ACCESS_DENIED);
        assert_int_equal(FsboxOpen(Box, L"\\f", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE, FSBOX_SHARE, &Other), STATUS_CANNOT_DELETE);
    }
    Set.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileBasicInformation, &Basic, sizeof(Basic)), STATUS_SUCCESS);
    assert_false(Basic.FileAttributes & FILE_ATTRIBUTE_READONLY);
    Set.FileAttributes = FILE_ATTRIBUTE_DIRECTORY;
    assert_int_equal(FsboxSet(File, FileBasicInformation, &Set, sizeof(Set), NULL), STATUS_INVALID_PARAMETER);
    FsboxClose(File);
}

/* ---- extended attributes ---- */

static NTSTATUS
SetEa(PFILE_OBJECT File, const char *Name, const VOID *Value, USHORT Length, struct iop_attachment *Attachment)
{
    union { FILE_FULL_EA_INFORMATION Ea; UCHAR Room[512]; } Buffer;
    IO_STATUS_BLOCK IoStatus;
    memset(&Buffer, 0, sizeof(Buffer));
    Buffer.Ea.EaNameLength = (UCHAR)strlen(Name);
    Buffer.Ea.EaValueLength = Length;
    memcpy(Buffer.Ea.EaName, Name, strlen(Name) + 1);
    memcpy(Buffer.Ea.EaName + strlen(Name) + 1, Value, Length);
    const ULONG Total = (ULONG)FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + (ULONG)strlen(Name) + 1 + Length;
    IOP_REQUEST Request = {.InputBuffer = &Buffer, .InputLength = Total, .Attachment = Attachment};
    Request.Stack.Parameters.SetEa.Length = Total;
    return FsboxRequest(File, IRP_MJ_SET_EA, 0, &Request, &IoStatus);
}

static NTSTATUS
GetEa(PFILE_OBJECT File, const char *Name, UCHAR Flags, PFILE_FULL_EA_INFORMATION Out, ULONG Room, struct iop_attachment *Attachment)
{
    union { FILE_GET_EA_INFORMATION Get; UCHAR Room[128]; } Buffer;
    IO_STATUS_BLOCK IoStatus;
    memset(&Buffer, 0, sizeof(Buffer));
    IOP_REQUEST Request = {.OutputBuffer = Out, .OutputLength = Room, .Attachment = Attachment};
    Request.Stack.Parameters.QueryEa.Length = Room;
    Request.Stack.Flags = Flags;
    if (Name != NULL) {
        Buffer.Get.EaNameLength = (UCHAR)strlen(Name);
        memcpy(Buffer.Get.EaName, Name, strlen(Name) + 1);
        Request.Stack.Parameters.QueryEa.EaList = &Buffer;
        Request.Stack.Parameters.QueryEa.EaListLength = (ULONG)FIELD_OFFSET(FILE_GET_EA_INFORMATION, EaName) + (ULONG)strlen(Name) + 1;
    }
    return FsboxRequest(File, IRP_MJ_QUERY_EA, 0, &Request, &IoStatus);
}

void
test_fs__extended_attributes(void **State)
{
    FSBOX *Box = *State;
    union { FILE_FULL_EA_INFORMATION Ea; UCHAR Room[512]; } Out;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC};
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    assert_int_equal(GetEa(File, NULL, 0, &Out.Ea, sizeof(Out), NULL), STATUS_NO_EAS_ON_FILE);
    if (SetEa(File, "user.one", "1", 1, NULL) == STATUS_EAS_NOT_SUPPORTED) {
        FsboxClose(File);
        skip();
    }
    assert_int_equal(SetEa(File, "user.two", "22", 2, NULL), STATUS_SUCCESS);
    assert_int_equal(GetEa(File, "user.two", 0, &Out.Ea, sizeof(Out), &Attachment), STATUS_SUCCESS);
    assert_int_equal(Out.Ea.EaValueLength, 2);
    assert_memory_equal(Out.Ea.EaName, "user.two\00022", 11);
    assert_int_equal(Attachment.host_errno, 0);
    assert_int_equal(GetEa(File, "user.none", 0, &Out.Ea, sizeof(Out), &Attachment), STATUS_SUCCESS);
    assert_int_equal(Out.Ea.EaValueLength, 0);
    assert_int_equal(Attachment.host_errno, FSB_ENODATA);
    assert_int_equal(GetEa(File, NULL, SL_RESTART_SCAN, &Out.Ea, sizeof(Out), NULL), STATUS_SUCCESS);
    assert_true(Out.Ea.NextEntryOffset != 0);
    assert_int_equal(GetEa(File, NULL, 0, &Out.Ea, sizeof(Out), NULL), STATUS_NO_MORE_EAS);
    assert_int_equal(GetEa(File, NULL, SL_RESTART_SCAN | SL_RETURN_SINGLE_ENTRY, &Out.Ea, sizeof(Out), NULL), STATUS_SUCCESS);
    assert_int_equal(Out.Ea.NextEntryOffset, 0);
    assert_int_equal(GetEa(File, NULL, 0, &Out.Ea, sizeof(Out), NULL), STATUS_SUCCESS);
    assert_int_equal(GetEa(File, NULL, SL_RESTART_SCAN, &Out.Ea, 12, NULL), STATUS_BUFFER_TOO_SMALL);
    /* XATTR_CREATE, XATTR_REPLACE, an empty value, removal */
    Attachment.valid = IOP_ATTACH_EA_CREATE;
    assert_false(NT_SUCCESS(SetEa(File, "user.one", "x", 1, &Attachment)));
    assert_int_equal(Attachment.host_errno, 17);
    Attachment.valid = IOP_ATTACH_EA_REPLACE;
    assert_false(NT_SUCCESS(SetEa(File, "user.none", "x", 1, &Attachment)));
    assert_int_equal(Attachment.host_errno, FSB_ENODATA);
    Attachment.valid = IOP_ATTACH_EA_EMPTY;
    assert_int_equal(SetEa(File, "user.one", "", 0, &Attachment), STATUS_SUCCESS);
    Attachment.valid = 0;
    assert_int_equal(GetEa(File, "user.one", 0, &Out.Ea, sizeof(Out), &Attachment), STATUS_SUCCESS);
    assert_int_equal(Attachment.host_errno, 0);
    assert_int_equal(SetEa(File, "user.one", "", 0, NULL), STATUS_SUCCESS);
    assert_int_equal(SetEa(File, "user.one", "", 0, NULL), STATUS_SUCCESS);
    assert_false(NT_SUCCESS(SetEa(File, "user.one", "", 0, &Attachment)));
    assert_int_equal(Attachment.host_errno, FSB_ENODATA);
    FsboxClose(File);
}

void
test_fs__linux_metadata(void **State)
{
    FSBOX *Box = *State;
    union { FILE_FULL_EA_INFORMATION Ea; UCHAR Room[128]; } Out;
    FILE_STAT_LX_INFORMATION Lx;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    ULONG Mode = FSB_S_IFREG | 02751;
    assert_int_equal(SetEa(File, "$LXMOD", &Mode, sizeof(Mode), NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.LxMode, FSB_S_IFREG | 02751);
    assert_int_equal(GetEa(File, "$LXMOD", 0, &Out.Ea, sizeof(Out), NULL), STATUS_SUCCESS);
    assert_int_equal(Out.Ea.EaValueLength, sizeof(ULONG));
    assert_memory_equal(Out.Ea.EaName + 7, &Lx.LxMode, sizeof(ULONG));
    if (Box->Memory || fsbox_host_is_root()) {
        const ULONG Uid = 1234, Gid = 4321;
        assert_int_equal(SetEa(File, "$LXUID", &Uid, sizeof(Uid), NULL), STATUS_SUCCESS);
        assert_int_equal(SetEa(File, "$lxgid", &Gid, sizeof(Gid), NULL), STATUS_SUCCESS);
        assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
        assert_int_equal(Lx.LxUid, 1234);
        assert_int_equal(Lx.LxGid, 4321);
    }
    FsboxClose(File);
    /* at create: out of the attachment */
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC, .valid = IOP_ATTACH_MODE, .mode = FSB_S_IFIFO | 0640};
    IOP_CREATE Create = {.DesiredAccess = FILE_READ_ATTRIBUTES, .Disposition = FILE_CREATE, .CreateOptions = FILE_OPEN_REPARSE_POINT,
                         .ShareAccess = FSBOX_SHARE, .Attachment = &Attachment};
    FsboxString(&Create.Name, L"\\fifo");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    assert_int_equal(Attachment.created, 1);
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.LxMode, FSB_S_IFIFO | 0640);
    assert_int_equal(Lx.ReparseTag, IO_REPARSE_TAG_LX_FIFO);
    FsboxClose(File);
    /* a fifo can be looked at, and nothing else; nobody waits for its other end */
    char Buffer[4];
    IO_STATUS_BLOCK IoStatus;
    Create.DesiredAccess = FSBOX_ALL;
    Create.Disposition = FILE_OPEN;
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    assert_int_equal(IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_INVALID_DEVICE_REQUEST);
    FsboxClose(File);
    Create.CreateOptions = 0;
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    /* out of $LX attributes, which win: a filter may have changed them */
    struct { FILE_FULL_EA_INFORMATION Ea; UCHAR Room[32]; } Eas = {.Ea = {.EaNameLength = 6, .EaValueLength = 4}};
    Mode = FSB_S_IFREG | 0604;
    memcpy(Eas.Ea.EaName, "$LXMOD", 7);
    memcpy(Eas.Ea.EaName + 7, &Mode, 4);
    Attachment.mode = FSB_S_IFREG | 0600;
    Create.Disposition = FILE_CREATE;
    Create.EaBuffer = &Eas;
    Create.EaLength = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + 11;
    FsboxString(&Create.Name, L"\\withea");
    assert_int_equal(FsboxOpenFull(Box, &Create, &File), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.LxMode, FSB_S_IFREG | 0604);
    FsboxClose(File);
}

/* ---- links ---- */

static NTSTATUS
MakeSymlink(FSBOX *Box, const WCHAR *Name, const char *Target)
{
    PFILE_OBJECT File;
    struct iop_attachment Attachment = {.magic = IOP_ATTACH_MAGIC, .valid = IOP_ATTACH_SYMLINK, .symlink = Target};
    IOP_CREATE Create = {.DesiredAccess = FILE_READ_ATTRIBUTES, .Disposition = FILE_CREATE, .CreateOptions = FILE_OPEN_REPARSE_POINT,
                         .ShareAccess = FSBOX_SHARE, .Attachment = &Attachment};
    FsboxString(&Create.Name, Name);
    const NTSTATUS Status = FsboxOpenFull(Box, &Create, &File);
    if (NT_SUCCESS(Status)) {
        FsboxClose(File);
    }
    return Status;
}

void
test_fs__symbolic_links(void **State)
{
    FSBOX *Box = *State;
    union { REPARSE_DATA_BUFFER Data; UCHAR Room[256]; } Out;
    FILE_STAT_LX_INFORMATION Lx;
    PFILE_OBJECT File;
    ULONG Returned;
    FsboxPut(Box, L"\\f", "x");
    FsboxClose(FsboxDirectory(Box, L"\\d"));
    assert_int_equal(MakeSymlink(Box, L"\\l", "d"), STATUS_SUCCESS);
    assert_int_equal(MakeSymlink(Box, L"\\l", "d"), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(FsboxOpen(Box, L"\\l", FILE_READ_ATTRIBUTES | DELETE, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &File), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.LxMode & FSB_S_IFMT, FSB_S_IFLNK);
    assert_int_equal(Lx.ReparseTag, IO_REPARSE_TAG_LX_SYMLINK);
    assert_int_equal(Lx.EndOfFile.QuadPart, 1);
    assert_true(Lx.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT);
    assert_int_equal(FsboxControl(File, FSCTL_GET_REPARSE_POINT, NULL, 0, &Out, sizeof(Out), &Returned), STATUS_SUCCESS);
    assert_int_equal(Out.Data.ReparseTag, IO_REPARSE_TAG_LX_SYMLINK);
    assert_int_equal(Out.Data.ReparseDataLength, 5);
    assert_memory_equal(Out.Data.GenericReparseBuffer.DataBuffer, "\2\0\0\0d", 5);
    assert_int_equal(FsboxRename(File, L"\\m", 0, FALSE), STATUS_SUCCESS);
    FsboxClose(File);
    /* nothing is followed here, in last place or before */
    assert_int_equal(FsboxOpen(Box, L"\\m", FILE_READ_DATA, FILE_OPEN, 0, FSBOX_SHARE, &File), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    assert_int_equal(FsboxTry(Box, L"\\m\\x"), STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    File = FsboxFile(Box, L"\\f");
    assert_int_equal(FsboxControl(File, FSCTL_GET_REPARSE_POINT, NULL, 0, &Out, sizeof(Out), &Returned), STATUS_NOT_A_REPARSE_POINT);
    FsboxClose(File);
    assert_int_equal(FsboxDelete1(Box, L"\\m", 0), STATUS_SUCCESS);
    assert_int_equal(FsboxTry(Box, L"\\d"), STATUS_SUCCESS);
}

void
test_fs__set_reparse_point(void **State)
{
    FSBOX *Box = *State;
    union { REPARSE_DATA_BUFFER Data; UCHAR Room[64]; } Set = {.Data = {.ReparseTag = IO_REPARSE_TAG_LX_SYMLINK, .ReparseDataLength = 10}}, Out;
    FILE_STAT_LX_INFORMATION Lx;
    ULONG Returned;
    memcpy(Set.Data.GenericReparseBuffer.DataBuffer, "\2\0\0\0target", 10);
    PFILE_OBJECT File = FsboxFile(Box, L"\\l");
    assert_int_equal(FsboxControl(File, FSCTL_SET_REPARSE_POINT, &Set, 12, NULL, 0, NULL), STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(FsboxControl(File, FSCTL_SET_REPARSE_POINT, &Set, 18, NULL, 0, NULL), STATUS_SUCCESS);
    assert_int_equal(FsboxQuery(File, FileStatLxInformation, &Lx, sizeof(Lx)), STATUS_SUCCESS);
    assert_int_equal(Lx.LxMode & FSB_S_IFMT, FSB_S_IFLNK);
    assert_int_equal(FsboxControl(File, FSCTL_GET_REPARSE_POINT, NULL, 0, &Out, sizeof(Out), &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, 18);
    assert_memory_equal(&Out, &Set, 18);
    /* the same file to another open */
    PFILE_OBJECT Other;
    assert_int_equal(FsboxOpen(Box, L"\\l", FILE_READ_ATTRIBUTES | DELETE, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &Other), STATUS_SUCCESS);
    assert_ptr_equal(File->FsContext, Other->FsContext);
    FsboxClose(Other);
    FsboxClose(File);
    assert_int_equal(FsboxTry(Box, L"\\l"), STATUS_SUCCESS);
    assert_int_equal(FsboxDelete1(Box, L"\\l", 0), STATUS_SUCCESS);
}

/* ---- volumes ---- */

void
test_fs__volume_information(void **State)
{
    FSBOX *Box = *State;
    static const struct { FS_INFORMATION_CLASS Class; ULONG Size; } Classes[] = {
        {FileFsSizeInformation, sizeof(FILE_FS_SIZE_INFORMATION)},
        {FileFsFullSizeInformation, sizeof(FILE_FS_FULL_SIZE_INFORMATION)},
        {FileFsDeviceInformation, sizeof(FILE_FS_DEVICE_INFORMATION)},
        {FileFsObjectIdInformation, sizeof(FILE_FS_OBJECTID_INFORMATION)},
        {FileFsSectorSizeInformation, sizeof(FILE_FS_SECTOR_SIZE_INFORMATION)},
    };
    UCHAR Buffer[256] __attribute__((aligned(8)));
    struct iop_statfs Statfs;
    ULONG Returned;
    PFILE_OBJECT Volume;
    assert_int_equal(FsboxOpen(Box, L"", FILE_READ_ATTRIBUTES, FILE_OPEN, 0, FSBOX_SHARE, &Volume), STATUS_SUCCESS);
    assert_true(Volume->Flags & FO_VOLUME_OPEN);
    assert_true(FsRtlSupportsPerStreamContexts(Volume));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++) {
        IOP_REQUEST Request = {.OutputBuffer = Buffer, .OutputLength = sizeof(Buffer)};
        IO_STATUS_BLOCK IoStatus;
        Request.Stack.Parameters.QueryVolume.FsInformationClass = Classes[i].Class;
        Request.Stack.Parameters.QueryVolume.Length = sizeof(Buffer);
        assert_int_equal(FsboxRequest(Volume, IRP_MJ_QUERY_VOLUME_INFORMATION, 0, &Request, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(IoStatus.Information, Classes[i].Size);
    }
    IOP_REQUEST Attribute = {.OutputBuffer = Buffer, .OutputLength = sizeof(Buffer)};
    IO_STATUS_BLOCK IoStatus;
    Attribute.Stack.Parameters.QueryVolume.FsInformationClass = FileFsAttributeInformation;
    Attribute.Stack.Parameters.QueryVolume.Length = sizeof(Buffer);
    assert_int_equal(FsboxRequest(Volume, IRP_MJ_QUERY_VOLUME_INFORMATION, 0, &Attribute, &IoStatus), STATUS_SUCCESS);
    assert_true(((FILE_FS_ATTRIBUTE_INFORMATION *)Buffer)->FileSystemNameLength > 0);
    assert_int_equal(!!(((FILE_FS_ATTRIBUTE_INFORMATION *)Buffer)->FileSystemAttributes & FILE_NAMED_STREAMS), Box->Memory);
    assert_int_equal(FsboxControl(Volume, IOP_FSCTL_STATFS, NULL, 0, &Statfs, sizeof(Statfs), &Returned), STATUS_SUCCESS);
    assert_true(Statfs.blocks >= Statfs.bfree && Statfs.frsize > 0);
    FsboxClose(Volume);
    /* the label */
    struct { FILE_FS_LABEL_INFORMATION Label; WCHAR More[8]; } Label = {.Label.VolumeLabelLength = 6};
    memcpy(Label.Label.VolumeLabel, L"LBL", 6);
    PFILE_OBJECT Root = FsboxDirectory(Box, L"\\");
    IOP_REQUEST Set = {.InputBuffer = &Label, .InputLength = sizeof(Label)};
    Set.Stack.Parameters.SetVolume.FsInformationClass = FileFsLabelInformation;
    Set.Stack.Parameters.SetVolume.Length = sizeof(Label);
    assert_int_equal(FsboxRequest(Root, IRP_MJ_SET_VOLUME_INFORMATION, 0, &Set, &IoStatus), STATUS_SUCCESS);
    Attribute.Stack.Parameters.QueryVolume.FsInformationClass = FileFsVolumeInformation;
    assert_int_equal(FsboxRequest(Root, IRP_MJ_QUERY_VOLUME_INFORMATION, 0, &Attribute, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(((FILE_FS_VOLUME_INFORMATION *)Buffer)->VolumeLabelLength, 6);
    assert_memory_equal(((FILE_FS_VOLUME_INFORMATION *)Buffer)->VolumeLabel, L"LBL", 6);
    FsboxClose(Root);
}

void
test_fs__security(void **State)
{
    FSBOX *Box = *State;
    UCHAR Buffer[256] __attribute__((aligned(8)));
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File = FsboxFile(Box, L"\\f");
    IOP_REQUEST Query = {.OutputBuffer = Buffer, .OutputLength = sizeof(Buffer)};
    Query.Stack.Parameters.QuerySecurity.SecurityInformation = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    Query.Stack.Parameters.QuerySecurity.Length = sizeof(Buffer);
    assert_int_equal(FsboxRequest(File, IRP_MJ_QUERY_SECURITY, 0, &Query, &IoStatus), STATUS_SUCCESS);
    assert_true(RtlValidSecurityDescriptor(Buffer));
    assert_int_equal(RtlLengthSecurityDescriptor(Buffer), IoStatus.Information);
    Query.Stack.Parameters.QuerySecurity.Length = Query.OutputLength = 8;
    assert_int_equal(FsboxRequest(File, IRP_MJ_QUERY_SECURITY, 0, &Query, &IoStatus), STATUS_BUFFER_OVERFLOW);
    IOP_REQUEST Set = {0};
    Set.Stack.Parameters.SetSecurity.SecurityInformation = OWNER_SECURITY_INFORMATION;
    Set.Stack.Parameters.SetSecurity.SecurityDescriptor = Buffer;
    Query.Stack.Parameters.QuerySecurity.Length = Query.OutputLength = sizeof(Buffer);
    assert_int_equal(FsboxRequest(File, IRP_MJ_QUERY_SECURITY, 0, &Query, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(FsboxRequest(File, IRP_MJ_SET_SECURITY, 0, &Set, &IoStatus), Box->Memory ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
    FsboxClose(File);
}

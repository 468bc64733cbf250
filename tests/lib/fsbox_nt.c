/* SPDX-License-Identifier: MIT */
#include "fsbox.h"

#include "cm/cmp.h"
#include "fs/hostfs/hfs.h"
#include "fs/memfs/mfs.h"
#include "fsrtl/fsrtlp.h"
#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"

static _Thread_local ULONG_PTR FsboxLast;

static VOID
FsboxBoot(VOID)
{
    static BOOLEAN Booted;
    if (Booted) {
        return;
    }
    Booted = TRUE;
    vf_set_level(VF_STANDARD);
    KeInitialize();
    ObpInitialize();
    PspInitialize();
    CmpInitialize();
    IopInitialize();
    FsRtlpInitialize();
    assert_int_equal(MfsInitialize(), STATUS_SUCCESS);
    assert_int_equal(HfsInitialize(), STATUS_SUCCESS);
}

FSBOX *
FsboxCreate(BOOLEAN Memory, const FSB_OPTIONS *Options)
{
    static ULONG Number;
    FsboxBoot();
    FSBOX *Box = port_alloc_zeroed(sizeof(*Box));
    Box->Memory = Memory;
    Box->HostFd = -1;
    Number++;
    if (Memory) {
        assert_int_equal(MfsVolumeCreate(Number, Options, &Box->Device), STATUS_SUCCESS);
    } else {
        Box->HostFd = fsbox_host_make(Box->HostPath);
        assert_true(Box->HostFd >= 0);
        assert_int_equal(HfsVolumeCreate(Number, Box->HostFd, Options, &Box->Device), STATUS_SUCCESS);
    }
    Box->Volume = FsbVolumeOf(Box->Device);
    return Box;
}

VOID
FsboxDelete(FSBOX *Box)
{
    if (Box->Memory) {
        assert_int_equal(MfsVolumeDelete(Box->Device), STATUS_SUCCESS);
    } else {
        assert_int_equal(HfsVolumeDelete(Box->Device), STATUS_SUCCESS);
        fsbox_host_remove(Box->HostPath, Box->HostFd);
    }
    port_free(Box);
}

VOID
FsboxString(PUNICODE_STRING String, const WCHAR *Text)
{
    USHORT Length = 0;
    while (Text[Length] != 0) {
        Length++;
    }
    String->Buffer = (PWCH)Text;
    String->Length = String->MaximumLength = Length * sizeof(WCHAR);
}

ULONG_PTR
FsboxInformation(VOID)
{
    return FsboxLast;
}

NTSTATUS
FsboxOpenFull(FSBOX *Box, IOP_CREATE *Create, PFILE_OBJECT *File)
{
    IO_STATUS_BLOCK IoStatus = {0};
    Create->Device = Box->Device;
    Create->RequestorMode = UserMode;
    const NTSTATUS Status = IopCreateFile(Create, &IoStatus, File);
    FsboxLast = IoStatus.Information;
    return Status;
}

NTSTATUS
FsboxOpen(FSBOX *Box, const WCHAR *Name, ACCESS_MASK Access, ULONG Disposition, ULONG Options, ULONG Share, PFILE_OBJECT *File)
{
    IOP_CREATE Create = {.DesiredAccess = Access, .Disposition = Disposition, .CreateOptions = Options, .ShareAccess = Share};
    FsboxString(&Create.Name, Name);
    return FsboxOpenFull(Box, &Create, File);
}

PFILE_OBJECT
FsboxFile(FSBOX *Box, const WCHAR *Name)
{
    PFILE_OBJECT File;
    assert_int_equal(FsboxOpen(Box, Name, FSBOX_ALL, FILE_OPEN_IF, FILE_NON_DIRECTORY_FILE | FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &File), STATUS_SUCCESS);
    return File;
}

PFILE_OBJECT
FsboxDirectory(FSBOX *Box, const WCHAR *Name)
{
    PFILE_OBJECT File;
    assert_int_equal(FsboxOpen(Box, Name, FILE_GENERIC_READ | DELETE, FILE_OPEN_IF, FILE_DIRECTORY_FILE, FSBOX_SHARE, &File), STATUS_SUCCESS);
    return File;
}

VOID
FsboxClose(PFILE_OBJECT File)
{
    IopCloseFile(File);
}

NTSTATUS
FsboxTry(FSBOX *Box, const WCHAR *Name)
{
    PFILE_OBJECT File;
    const NTSTATUS Status = FsboxOpen(Box, Name, FILE_READ_ATTRIBUTES, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &File);
    if (NT_SUCCESS(Status)) {
        FsboxClose(File);
    }
    return Status;
}

VOID
FsboxPut(FSBOX *Box, const WCHAR *Name, const char *Text)
{
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus;
    assert_int_equal(FsboxOpen(Box, Name, FILE_WRITE_DATA, FILE_OVERWRITE_IF, 0, FSBOX_SHARE, &File), STATUS_SUCCESS);
    assert_int_equal(IopWrite(File, Text, (ULONG)strlen(Text), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, strlen(Text));
    FsboxClose(File);
}

VOID
FsboxExpect(FSBOX *Box, const WCHAR *Name, const char *Text)
{
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus = {0};
    char Buffer[256];
    assert_int_equal(FsboxOpen(Box, Name, FILE_READ_DATA, FILE_OPEN, 0, FSBOX_SHARE, &File), STATUS_SUCCESS);
    const NTSTATUS Status = IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus);
    assert_int_equal(Status, Text[0] == 0 ? STATUS_END_OF_FILE : STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, strlen(Text));
    assert_memory_equal(Buffer, Text, strlen(Text));
    FsboxClose(File);
}

NTSTATUS
FsboxDelete1(FSBOX *Box, const WCHAR *Name, ULONG Flags)
{
    PFILE_OBJECT File;
    FILE_DISPOSITION_INFORMATION_EX Disposition = {.Flags = FILE_DISPOSITION_DELETE | Flags};
    NTSTATUS Status = FsboxOpen(Box, Name, DELETE, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FSBOX_SHARE, &File);
    if (NT_SUCCESS(Status)) {
        Status = FsboxSet(File, FileDispositionInformationEx, &Disposition, sizeof(Disposition), NULL);
        FsboxClose(File);
    }
    return Status;
}

NTSTATUS
FsboxRename(PFILE_OBJECT File, const WCHAR *Name, ULONG Flags, BOOLEAN Link)
{
    union { FILE_RENAME_INFORMATION Info; WCHAR Room[300]; } Buffer;
    UNICODE_STRING String;
    FsboxString(&String, Name);
    memset(&Buffer, 0, sizeof(Buffer));
    Buffer.Info.Flags = Flags;
    Buffer.Info.FileNameLength = String.Length;
    memcpy(Buffer.Info.FileName, String.Buffer, String.Length);
    return FsboxSet(File, Link ? FileLinkInformationEx : FileRenameInformationEx, &Buffer,
                    (ULONG)FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + String.Length, NULL);
}

NTSTATUS
FsboxQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length)
{
    ULONG Returned;
    return IopQueryInformation(File, Class, Buffer, Length, UserMode, &Returned);
}

NTSTATUS
FsboxSet(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, const VOID *Buffer, ULONG Length, struct iop_attachment *Attachment)
{
    IOP_REQUEST Request = {.InputBuffer = (PVOID)Buffer, .InputLength = Length, .Attachment = Attachment};
    IO_STATUS_BLOCK IoStatus;
    Request.Stack.Parameters.SetFile.Length = Length;
    Request.Stack.Parameters.SetFile.FileInformationClass = Class;
    return FsboxRequest(File, IRP_MJ_SET_INFORMATION, 0, &Request, &IoStatus);
}

VOID
FsboxNameIs(PFILE_OBJECT File, const WCHAR *Name)
{
    union { FILE_NAME_INFORMATION Info; WCHAR Room[300]; } Buffer;
    UNICODE_STRING Expected;
    FsboxString(&Expected, Name);
    assert_int_equal(FsboxQuery(File, FileNameInformation, &Buffer, sizeof(Buffer)), STATUS_SUCCESS);
    assert_int_equal(Buffer.Info.FileNameLength, Expected.Length);
    assert_memory_equal(Buffer.Info.FileName, Expected.Buffer, Expected.Length);
}

NTSTATUS
FsboxRequest(PFILE_OBJECT File, UCHAR Major, UCHAR Minor, IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus)
{
    Request->FileObject = File;
    Request->RequestorMode = UserMode;
    Request->Stack.MajorFunction = Major;
    Request->Stack.MinorFunction = Minor;
    return IopRequest(Request, IoStatus);
}

NTSTATUS
FsboxControl(PFILE_OBJECT File, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength, PULONG Returned)
{
    IOP_REQUEST Request = {.InputBuffer = In, .InputLength = InLength, .OutputBuffer = Out, .OutputLength = OutLength};
    IO_STATUS_BLOCK IoStatus = {0};
    Request.Stack.Parameters.FileSystemControl.FsControlCode = Code;
    const NTSTATUS Status = FsboxRequest(File, IRP_MJ_FILE_SYSTEM_CONTROL, IRP_MN_USER_FS_REQUEST, &Request, &IoStatus);
    if (Returned != NULL) {
        *Returned = (ULONG)IoStatus.Information;
    }
    return Status;
}

NTSTATUS
FsboxList(PFILE_OBJECT File, const WCHAR *Pattern, UCHAR Flags, ULONG Index, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    IOP_REQUEST Request = {.OutputBuffer = Buffer, .OutputLength = Length};
    IO_STATUS_BLOCK IoStatus = {0};
    UNICODE_STRING String;
    if (Pattern != NULL) {
        FsboxString(&String, Pattern);
    }
    Request.Stack.Flags = Flags;
    Request.Stack.Parameters.QueryDirectory.Length = Length;
    Request.Stack.Parameters.QueryDirectory.FileName = Pattern != NULL ? &String : NULL;
    Request.Stack.Parameters.QueryDirectory.FileInformationClass = Class;
    Request.Stack.Parameters.QueryDirectory.FileIndex = Index;
    const NTSTATUS Status = FsboxRequest(File, IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY, &Request, &IoStatus);
    *Returned = (ULONG)IoStatus.Information;
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Volume profiles: H-17 row by row, the three FltSupports routines against the three set routines; what each volume calls itself. */
#include "testnt.h"

#include "fs/memfs/mfs.h"

#define OPERATION FLT_SET_CONTEXT_REPLACE_IF_EXISTS

typedef struct SUPPORT { BOOLEAN Stream, Handle, File, FileEx; } SUPPORT;
#define YES { TRUE, TRUE, TRUE, TRUE }
#define NO { FALSE, FALSE, FALSE, FALSE }
#define EMULATED { TRUE, TRUE, FALSE, TRUE }   /* per-file contexts by the filter manager only (H-13) */
#define NO_FILE { TRUE, TRUE, FALSE, FALSE }

typedef struct ROW {
    const char *Called;
    FLT_FILESYSTEM_TYPE Type;
    DEVICE_TYPE Device;
    const WCHAR *FileSystem;
    BOOLEAN Streams;
    SUPPORT File, Directory, Volume;
} ROW;

static const ROW Rows[] = {
    { "ntfs", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, L"NTFS", TRUE, YES, YES, NO_FILE },
    { "refs", FLT_FSTYPE_REFS, FILE_DEVICE_DISK_FILE_SYSTEM, L"ReFS", TRUE, YES, YES, NO_FILE },
    { "fat", FLT_FSTYPE_FAT, FILE_DEVICE_DISK_FILE_SYSTEM, L"FAT32", FALSE, EMULATED, EMULATED, NO_FILE },
    { "paging-file", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, L"NTFS", TRUE, NO, YES, NO_FILE },
    { "no-contexts", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, L"NTFS", TRUE, NO, NO, NO },
    { "network", FLT_FSTYPE_LANMAN, FILE_DEVICE_NETWORK_FILE_SYSTEM, L"NTFS", TRUE, NO_FILE, NO_FILE, NO_FILE },
};

static FLT_FILESYSTEM_TYPE SetupType;
static DEVICE_TYPE SetupDevice;

static NTSTATUS
OnSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type)
{
    (void)Objects;
    (void)Flags;
    SetupType = Type;
    SetupDevice = DeviceType;
    return STATUS_SUCCESS;
}

#define DEFINITION(Type) { Type, 0, NULL, 16, 'forP', NULL, NULL, NULL }
static const FLT_CONTEXT_REGISTRATION Contexts[] = { DEFINITION(FLT_FILE_CONTEXT), DEFINITION(FLT_STREAM_CONTEXT),
    DEFINITION(FLT_STREAMHANDLE_CONTEXT), { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
static const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
static TINY_FILTER Filter = { .Name = "profiled", .Altitude = "300", .Registration = { .ContextRegistration = Contexts,
    .OperationRegistration = Operations, .InstanceSetupCallback = OnSetup } };

static PFILE_OBJECT
Open(PDEVICE_OBJECT Real, const char *Name, ULONG Options, NTSTATUS *Status)
{
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .Disposition = Name[0] != 0 ? FILE_OPEN_IF : FILE_OPEN, .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File = NULL;

    *Status = IopCreateFile(&Create, &IoStatus, &File);
    return File;
}

static NTSTATUS
SetOne(PFLT_INSTANCE Instance, PFILE_OBJECT File, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context, Got;
    NTSTATUS Status;

    assert_status(FltAllocateContext(Filter.Filter, Type, 16, NonPagedPool, &Context), STATUS_SUCCESS);
    if (Type == FLT_STREAM_CONTEXT) {
        Status = FltSetStreamContext(Instance, File, OPERATION, Context, NULL);
        assert_status(FltGetStreamContext(Instance, File, &Got), Status);
    } else if (Type == FLT_STREAMHANDLE_CONTEXT) {
        Status = FltSetStreamHandleContext(Instance, File, OPERATION, Context, NULL);
        assert_status(FltGetStreamHandleContext(Instance, File, &Got), Status);
    } else {
        Status = FltSetFileContext(Instance, File, OPERATION, Context, NULL);
        assert_status(FltGetFileContext(Instance, File, &Got), Status);
    }
    if (NT_SUCCESS(Status)) {
        assert_ptr_equal(Got, Context);
        FltReleaseContext(Got);
    }
    FltReleaseContext(Context);
    return Status;
}

static void
Supports(PFLT_INSTANCE Instance, PFILE_OBJECT File, const SUPPORT *Want)
{
    assert_int_equal(FltSupportsStreamContexts(File), Want->Stream);
    assert_int_equal(FltSupportsStreamHandleContexts(File), Want->Handle);
    assert_int_equal(FltSupportsFileContexts(File), Want->File);
    assert_int_equal(FltSupportsFileContextsEx(File, Instance), Want->FileEx);
    assert_status(SetOne(Instance, File, FLT_STREAM_CONTEXT), Want->Stream ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
    assert_status(SetOne(Instance, File, FLT_STREAMHANDLE_CONTEXT), Want->Handle ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
    assert_status(SetOne(Instance, File, FLT_FILE_CONTEXT), Want->FileEx ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
}

static void
CallsItself(PFLT_INSTANCE Instance, PFILE_OBJECT File, const ROW *Row)
{
    union { FILE_FS_ATTRIBUTE_INFORMATION Information; UCHAR Room[128]; } Attributes;
    FLT_FILESYSTEM_TYPE Type;
    UNICODE_STRING Name;

    assert_status(FltGetFileSystemType(Instance, &Type), STATUS_SUCCESS);
    assert_int_equal(Type, Row->Type);
    assert_int_equal(SetupType, Row->Type);
    assert_int_equal(SetupDevice, Row->Device);
    assert_status(FltQueryVolumeInformationFile(Instance, File, &Attributes, sizeof(Attributes), FileFsAttributeInformation, NULL), STATUS_SUCCESS);
    RtlInitUnicodeString(&Name, Row->FileSystem);
    assert_int_equal(Attributes.Information.FileSystemNameLength, Name.Length);
    assert_memory_equal(Attributes.Information.FileSystemName, Name.Buffer, Name.Length);
    assert_int_equal((Attributes.Information.FileSystemAttributes & FILE_NAMED_STREAMS) != 0, Row->Streams);
}

/* H-09: on a network each name of a file has a stream object of its own, which keeps it; sharing is the file's. */
static void
Names(PFLT_INSTANCE Instance, PDEVICE_OBJECT Real, PFILE_OBJECT File, BOOLEAN Network)
{
    union { FILE_LINK_INFORMATION Link; UCHAR Room[64]; } Link = { 0 };
    PFLT_CONTEXT Context, Got;
    NTSTATUS Status;

    Link.Link.FileNameLength = 4 * sizeof(WCHAR);
    memcpy(Link.Link.FileName, L"link", 4 * sizeof(WCHAR));      /* beside it */
    assert_status(FltSetInformationFile(Instance, File, &Link, sizeof(Link), FileLinkInformation), STATUS_SUCCESS);
    PFILE_OBJECT Same = Open(Real, "\\file", 0, &Status), Other = Open(Real, "\\link", 0, &Status);
    assert_status(Status, STATUS_SUCCESS);
    assert_ptr_equal(Same->FsContext, File->FsContext);
    assert_int_equal(Other->FsContext != File->FsContext, Network);
    assert_status(FltAllocateContext(Filter.Filter, FLT_STREAM_CONTEXT, 16, NonPagedPool, &Context), STATUS_SUCCESS);
    assert_status(FltSetStreamContext(Instance, File, OPERATION, Context, NULL), STATUS_SUCCESS);
    FltReleaseContext(Context);
    assert_status(FltGetStreamContext(Instance, Same, &Got), STATUS_SUCCESS);
    FltReleaseContext(Got);
    assert_status(FltGetStreamContext(Instance, Other, &Got), Network ? STATUS_NOT_FOUND : STATUS_SUCCESS);
    if (!Network) {
        FltReleaseContext(Got);
    }
    IopCloseFile(Same);
    IopCloseFile(Other);
    const IOP_CREATE Alone = { .Device = Real, .Name = TinyString("\\link"), .DesiredAccess = FILE_READ_DATA, .Disposition = FILE_OPEN };
    IO_STATUS_BLOCK IoStatus;
    assert_status(IopCreateFile(&Alone, &IoStatus, &Other), STATUS_SHARING_VIOLATION);
}

static void
test_fltmgr_profile__H_09_H_17_support_matrix(void **state)
{
    (void)state;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        const ROW *Row = &Rows[i];
        FSB_OPTIONS Options = { .ReadOnly = FALSE };
        PDEVICE_OBJECT Real;
        NTSTATUS Status;

        print_message("%s\n", Row->Called);
        assert_true(FsbProfileFind(Row->Called, &Options.Profile));
        assert_status(MfsVolumeCreate(11 + i, &Options, &Real), STATUS_SUCCESS);
        PFLT_VOLUME Volume = FltpVolumeOfDevice(Real, NULL);
        PFILE_OBJECT File = Open(Real, "\\file", 0, &Status);       /* filters attach at the first open */
        assert_status(Status, STATUS_SUCCESS);
        PFLT_INSTANCE Instance = FltpInstanceFind(Filter.Filter, Volume, NULL);
        assert_non_null(Instance);
        FltpCountRelease(&Instance->Object.References);
        FltpCountRelease(&Volume->Object.References);
        PFILE_OBJECT Directory = Open(Real, "\\directory", FILE_DIRECTORY_FILE, &Status);
        assert_status(Status, STATUS_SUCCESS);
        PFILE_OBJECT Whole = Open(Real, "", 0, &Status);
        assert_status(Status, STATUS_SUCCESS);
        CallsItself(Instance, Whole, Row);
        Supports(Instance, File, &Row->File);
        Supports(Instance, Directory, &Row->Directory);
        Supports(Instance, Whole, &Row->Volume);
        PFILE_OBJECT Stream = Open(Real, "\\file:other", 0, &Status);
        assert_status(Status, Row->Streams ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID);
        if (Stream != NULL) {
            Supports(Instance, Stream, &(const SUPPORT){ Row->File.Stream, Row->File.Handle, Row->File.File, Row->File.FileEx });
            IopCloseFile(Stream);
        }
        if (Row->File.Stream && Row->Streams) {
            Names(Instance, Real, File, Row->Device == FILE_DEVICE_NETWORK_FILE_SYSTEM);
        }
        IopCloseFile(File);
        IopCloseFile(Directory);
        IopCloseFile(Whole);
        assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    }
}

static void
test_fltmgr_profile__unknown_ones_are_refused(void **state)
{
    (void)state;
    FSB_PROFILE Profile = FsbProfileNetwork;

    assert_false(FsbProfileFind("ext4", &Profile));
    assert_int_equal(Profile, FsbProfileNetwork);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(profile__H_09_H_17_support_matrix), T(profile__unknown_ones_are_refused) };

    vf_set_level(VF_STANDARD);
    TinyStart();
    if (!NT_SUCCESS(MfsInitialize()) || !NT_SUCCESS(TinyFilterLoad(&Filter))) {
        return 1;
    }
    const int Failed = cmocka_run_group_tests_name("profile", Tests, NULL, NULL);
    return Failed != 0 ? Failed : !NT_SUCCESS(TinyFilterUnload(&Filter));
}

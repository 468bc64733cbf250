/* SPDX-License-Identifier: MIT */
/* The name cache sees renames although no filter registered for them, and keeps nothing right after it began to watch. */
#include "testnt.h"

#include "fltmgr/fltname.h"
#include "fs/memfs/mfs.h"

static FLT_PREOP_CALLBACK_STATUS
OnCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_CREATE, 0, OnCreate, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
static TINY_FILTER Filter = { .Name = "creates", .Altitude = "100", .Registration = { .OperationRegistration = Operations } };

static PFILE_OBJECT
Open(PDEVICE_OBJECT Real, const char *Name, ULONG Options)
{
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | DELETE | SYNCHRONIZE, .Disposition = FILE_OPEN_IF,
        .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    return File;
}

static void
Rename(PFILE_OBJECT File, const char *To)
{
    union { FILE_RENAME_INFORMATION Information; UCHAR Room[200]; } Buffer = { .Information = { .Flags = FILE_RENAME_POSIX_SEMANTICS } };
    const UNICODE_STRING Name = TinyString(To);

    Buffer.Information.FileNameLength = Name.Length;
    memcpy(Buffer.Information.FileName, Name.Buffer, Name.Length);
    assert_status(IopSetInformation(File, FileRenameInformationEx, &Buffer, sizeof(Buffer), NULL, NULL, UserMode), STATUS_SUCCESS);
}

static NTSTATUS
Ask(PFILE_OBJECT File, PFLT_INSTANCE Instance, FLT_FILE_NAME_OPTIONS Method, const char *Want)
{
    PFLT_FILE_NAME_INFORMATION Information;
    NTSTATUS Status = FltGetFileNameInformationUnsafe(File, Instance, FLT_FILE_NAME_NORMALIZED | Method, &Information);

    if (NT_SUCCESS(Status)) {
        UNICODE_STRING Name = TinyString(Want);
        assert_true(RtlEqualUnicodeString(&Information->Name, &Name, FALSE));
        FltReleaseFileNameInformation(Information);
    }
    return Status;
}

static void
test_fltmgr_namewatch__rename_that_nobody_registered(void **State)
{
    const FSB_OPTIONS Options = { 0 };
    PDEVICE_OBJECT Real;

    (void)State;
    TinyStart();
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    assert_status(MfsVolumeCreate(8, &Options, &Real), STATUS_SUCCESS);
    PFLT_VOLUME Volume = FltpVolumeOfDevice(Real, NULL);
    FltpCountRelease(&Volume->Object.References);
    assert_status(TinyFilterLoad(&Filter), STATUS_SUCCESS);
    PFILE_OBJECT Directory = Open(Real, "\\one", FILE_DIRECTORY_FILE), File = Open(Real, "\\one\\file", 0);
    PFLT_INSTANCE Instance = FltpInstanceFind(Filter.Filter, Volume, NULL);
    assert_non_null(Instance);
    const ULONGLONG Bit = 1ull << IRP_MJ_SET_INFORMATION;
    assert_int_equal(atomic_load(&Volume->Interest) & Bit, 0);
    /* The first question begins the watch; renames unwatched so far may still be under way, so nothing is kept. */
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_DEFAULT, "\\Device\\HarddiskVolume8\\one\\file"), STATUS_SUCCESS);
    assert_true(atomic_load(&Volume->Interest) & Bit);
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_CACHE_ONLY, ""), STATUS_FLT_NAME_CACHE_MISS);
    TinySleep(1100);
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_DEFAULT, "\\Device\\HarddiskVolume8\\one\\file"), STATUS_SUCCESS);
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_CACHE_ONLY, "\\Device\\HarddiskVolume8\\one\\file"), STATUS_SUCCESS);
    Rename(Directory, "two");
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_CACHE_ONLY, ""), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Ask(File, Instance, FLT_FILE_NAME_QUERY_DEFAULT, "\\Device\\HarddiskVolume8\\two\\file"), STATUS_SUCCESS);
    FltpCountRelease(&Instance->Object.References);
    IopCloseFile(File);
    IopCloseFile(Directory);
    assert_status(TinyFilterUnload(&Filter), STATUS_SUCCESS);
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(namewatch__rename_that_nobody_registered) };

    return cmocka_run_group_tests(Tests, NULL, NULL);
}

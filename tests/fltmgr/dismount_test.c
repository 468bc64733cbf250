/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Dismounts of a volume in memory: under open files, and with creates on their way. */
#include "membed.h"

static PDEVICE_OBJECT Other;
static _Atomic(ULONG) Reached, Go, Deleted;
static NTSTATUS Opened, DeleteStatus;

static NTSTATUS
OpenOther(const char *Name, PFILE_OBJECT *File)
{
    const IOP_CREATE Create = { .Device = Other, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE,
        .Disposition = FILE_OPEN_IF, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;

    return IopCreateFile(&Create, &IoStatus, File);
}

static NTSTATUS
Dismount(PFILE_OBJECT File)
{
    IOP_REQUEST Request = { .FileObject = File, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;

    Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_USER_FS_REQUEST;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = FSCTL_DISMOUNT_VOLUME;
    return IopRequest(&Request, &IoStatus);
}

static void
MountOther(void)
{
    const FSB_OPTIONS Options = { .DriveLetter = 0 };

    Reset();
    assert_status(MfsVolumeCreate(8, &Options, &Other), STATUS_SUCCESS);
}

static ULONG
InstancesOfOther(void)
{
    PFLT_VOLUME FltVolume = FltpVolumeOfDevice(Other, NULL);
    PFLT_INSTANCE List[8];
    ULONG Count = 0;

    assert_non_null(FltVolume);
    assert_status(FltEnumerateInstances(FltVolume, NULL, List, RTL_NUMBER_OF(List), &Count), STATUS_SUCCESS);
    for (ULONG i = 0; i < Count; i++) {
        FltObjectDereference(List[i]);
    }
    FltpCountRelease(&FltVolume->Object.References);
    return Count;
}

/* Windows keeps filters attached to a volume that was dismounted under open files: they see its clean-ups and closes. */
static void
test_fltmgr_dismount__by_surprise_leaves_files_to_close(void **State)
{
    PFILE_OBJECT File, Whole, None;
    UCHAR Byte = 1;

    (void)State;
    MountOther();
    assert_status(OpenOther("\\open", &File), STATUS_SUCCESS);
    assert_status(TinyWrite(File, &Byte, 1, 0), STATUS_SUCCESS);
    assert_status(Dismount(File), STATUS_INVALID_PARAMETER);
    assert_status(TinyRead(File, &Byte, 1, 0), STATUS_SUCCESS);
    assert_status(OpenOther("", &Whole), STATUS_SUCCESS);
    assert_status(Dismount(Whole), STATUS_SUCCESS);
    IopCloseFile(Whole);
    memset((void *)Seen, 0, sizeof(Seen));
    assert_status(TinyRead(File, &Byte, 1, 0), STATUS_VOLUME_DISMOUNTED);
    assert_status(TinyWrite(File, &Byte, 1, 0), STATUS_VOLUME_DISMOUNTED);
    assert_status(TinyQueryBasic(File), STATUS_VOLUME_DISMOUNTED);
    assert_status(OpenOther("\\open", &None), STATUS_VOLUME_DISMOUNTED);
    assert_null(None);
    assert_status(MfsVolumeDelete(Other), STATUS_DEVICE_BUSY);
    assert_status(OpenOther("\\open", &None), STATUS_VOLUME_DISMOUNTED);
    assert_int_equal(Seen[TOP][IRP_MJ_READ], 1);
    assert_int_equal(InstancesOfOther(), 3);
    IopCloseFile(File);
    assert_int_equal(Seen[TOP][IRP_MJ_CLEANUP], 1);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_CLOSE], 1);
    assert_status(MfsVolumeDelete(Other), STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), 0);
}

static FLT_PREOP_CALLBACK_STATUS
HoldCreate(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Data;
    (void)Objects;
    if (Which == TOP && !Reached) {
        Reached = 1;
        while (!Go) {
            TinySleep(1);
        }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
Opener(void *Argument)
{
    PFILE_OBJECT File;

    Opened = OpenOther(Argument, &File);
}

static void
Deleter(void *Argument)
{
    (void)Argument;
    DeleteStatus = MfsVolumeDelete(Other);
    Deleted = 1;
}

/* The file system has no file open, but a create is on its way to it: the volume stays until that has come back. */
static void
test_fltmgr_dismount__waits_for_creates_under_way(void **State)
{
    struct port_thread *Threads[2];
    PFILE_OBJECT None;

    (void)State;
    MountOther();
    Only = IRP_MJ_CREATE;
    Pre[TOP] = HoldCreate;
    assert_int_equal(port_thread_start(&Threads[0], Opener, "\\late", "open"), 0);
    while (!Reached) {
        TinySleep(1);
    }
    assert_int_equal(port_thread_start(&Threads[1], Deleter, NULL, "delete"), 0);
    while (OpenOther("\\later", &None) != STATUS_VOLUME_DISMOUNTED) {
        if (None != NULL) {
            IopCloseFile(None);
        }
        assert_false(Deleted);
    }
    TinySleep(50);
    assert_false(Deleted);
    Go = 1;
    port_thread_join(Threads[0]);
    port_thread_join(Threads[1]);
    assert_status(Opened, STATUS_VOLUME_DISMOUNTED);
    assert_status(DeleteStatus, STATUS_SUCCESS);
    assert_int_equal(vf_finding_count(), 0);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(dismount__by_surprise_leaves_files_to_close), T(dismount__waits_for_creates_under_way) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

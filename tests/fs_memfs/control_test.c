/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit */
/* The file systems' control devices: how a legacy filter finds file systems and the volumes that are mounted. */
#include <string.h>

#include "fsbox.h"

static FSBOX *Box;
static PDRIVER_OBJECT Legacy;
static ULONG Found, Mounted;

static NTSTATUS
Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    (void)Driver;
    (void)RegistryPath;
    return STATUS_SUCCESS;
}

static VOID
Registered(PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    PDEVICE_OBJECT List[16];
    ULONG Count = 0;

    assert_true(Active);
    assert_int_equal(FileSystem->DeviceType, FILE_DEVICE_DISK_FILE_SYSTEM);
    Found++;
    assert_int_equal(IoEnumerateDeviceObjectList(FileSystem->DriverObject, List, sizeof(List), &Count), STATUS_SUCCESS);
    for (ULONG i = 0; i < Count; i++) {
        Mounted += List[i] == Box->Volume->VolumeDevice;
        ObDereferenceObject(List[i]);
    }
}

static void
test_fs_control__legacy_filters_find_volumes(void **State)
{
    PFILE_OBJECT File;
    PDEVICE_OBJECT Device;
    UNICODE_STRING Name;

    (void)State;
    assert_int_equal(IopLoadDriver("legacy", Entry, NULL, NULL, TRUE, &Legacy), STATUS_SUCCESS);
    assert_int_equal(IoRegisterFsRegistrationChange(Legacy, Registered), STATUS_SUCCESS);
    assert_int_equal(Found, 2);
    assert_int_equal(Mounted, 1);
    FsboxString(&Name, L"\\memfs");
    assert_int_equal(IoGetDeviceObjectPointer(&Name, FILE_READ_ATTRIBUTES, &File, &Device), STATUS_SUCCESS);
    assert_ptr_equal(Device->DriverObject, Box->Device->DriverObject);
    ObDereferenceObject(File);
    IoUnregisterFsRegistrationChange(Legacy, Registered);
}

static int
Setup(void **State)
{
    (void)State;
    return (Box = FsboxCreate(TRUE, NULL)) != NULL ? 0 : -1;
}

static int
Teardown(void **State)
{
    (void)State;
    FsboxDelete(Box);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {cmocka_unit_test_setup_teardown(test_fs_control__legacy_filters_find_volumes, Setup, Teardown)};
    return cmocka_run_group_tests(Tests, NULL, NULL);
}

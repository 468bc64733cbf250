/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* File objects: name parse, create, cleanup, close and their order, reparse, handles, share access, transfers. */
#include "tfs.h"

#include <stdatomic.h>
#include <string.h>

#include "io/iopp.h"
#include "ob/obp.h"
#include "port/port.h"
#include "ps/psp.h"

static TFS_VOLUME *Volume;

static int
Setup(void **State)
{
    UNICODE_STRING Link, Target;
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    Volume = TfsVolumeCreate("FileTest1");
    TfsString(&Link, L"\\DosDevices\\C:");
    TfsString(&Target, L"\\Device\\FileTest1");
    assert_int_equal(IoCreateSymbolicLink(&Link, &Target), STATUS_SUCCESS);
    return 0;
}

static int
Teardown(void **State)
{
    UNICODE_STRING Link;
    UNREFERENCED_PARAMETER(State);
    TfsString(&Link, L"\\DosDevices\\C:");
    assert_int_equal(IoDeleteSymbolicLink(&Link), STATUS_SUCCESS);
    assert_int_equal(Volume->Real->ReferenceCount, 0);
    assert_int_equal(Volume->Real->Vpb->ReferenceCount, 0);
    TfsVolumeDelete(Volume);
    return 0;
}

static int
Reset(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsLogClear();
    TfsHook = NULL;
    Volume->Opens = Volume->Cleanups = Volume->Closes = Volume->Size = 0;
    return 0;
}

static VOID
AssertMajors(const UCHAR *Majors, ULONG Count)
{
    assert_int_equal(TfsLogCount, Count);
    for (ULONG i = 0; i < Count; i++) {
        assert_int_equal(TfsLog[i].Major, Majors[i]);
    }
}

static NTSTATUS
OpenPath(const WCHAR *Path, ULONG Attributes, PFILE_OBJECT *FileObject)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_CREATE Create = {
        .DesiredAccess = GENERIC_READ | SYNCHRONIZE, .Disposition = FILE_OPEN, .ShareAccess = FILE_SHARE_READ,
        .ObjectAttributes = Attributes, .RequestorMode = KernelMode};

    TfsString(&Create.Name, Path);
    return IopCreateFile(&Create, &IoStatus, FileObject);
}

/* ---- create, cleanup, close ---- */

static void
test_io_file__create_cleanup_close_in_order(void **State)
{
    static const UCHAR Order[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\a\\b", &File), STATUS_SUCCESS);
    assert_int_equal(File->Type, IO_TYPE_FILE);
    assert_ptr_equal(File->DeviceObject, Volume->Real);
    assert_ptr_equal(File->Vpb, Volume->Real->Vpb);
    assert_true((File->Flags & FO_HANDLE_CREATED) != 0);
    assert_true((File->Flags & FO_VOLUME_OPEN) == 0);
    assert_int_equal(Volume->Real->Vpb->ReferenceCount, 1);
    assert_int_equal(TfsLog[0].Mode, UserMode);
    assert_int_equal(TfsLog[0].PreviousMode, UserMode);
    assert_int_equal(ExGetPreviousMode(), KernelMode);
    ObReferenceObject(File);
    IopCloseFile(File);
    AssertMajors(Order, 2);                    /* cleanup with the last handle … */
    assert_int_equal(TfsLog[1].Mode, KernelMode);
    ObDereferenceObject(File);
    AssertMajors(Order, 3);                    /* … close with the last reference */
    assert_ptr_equal(TfsLog[2].FileObject, TfsLog[0].FileObject);
    assert_int_equal(Volume->Real->Vpb->ReferenceCount, 0);
}

static void
test_io_file__cleanup_runs_as_the_opener_close_as_system(void **State)
{
    PSP_REQUESTOR Requestor;
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    PspAttachRequestor(&Requestor, port_process_id(), 0, 0);
    PEPROCESS Opener = PsGetCurrentProcess();
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    PspDetachRequestor(&Requestor);
    assert_ptr_not_equal(PsGetCurrentProcess(), Opener);
    IopCloseFile(File);
    assert_int_equal(TfsLogCount, 3);
    assert_ptr_equal(TfsLog[0].Process, Opener);
    assert_ptr_equal(TfsLog[1].Process, Opener);
    assert_ptr_equal(TfsLog[2].Process, PsInitialSystemProcess);
}

static BOOLEAN
FailCreate(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS *Status)
{
    UNREFERENCED_PARAMETER(Device);
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction != IRP_MJ_CREATE) {
        return FALSE;
    }
    *Status = STATUS_OBJECT_NAME_NOT_FOUND;
    TfsComplete(Irp, *Status, 0);
    return TRUE;
}

static void
test_io_file__failed_create_has_no_cleanup_and_no_close(void **State)
{
    static const UCHAR Order[] = {IRP_MJ_CREATE};
    PFILE_OBJECT File = (PFILE_OBJECT)1;
    UNREFERENCED_PARAMETER(State);
    TfsHook = FailCreate;
    assert_int_equal(TfsOpen(Volume, L"\\missing", &File), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_null(File);
    AssertMajors(Order, 1);
    assert_int_equal(Volume->Real->Vpb->ReferenceCount, 0);
}

static BOOLEAN
FailWithPopup(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS *Status)
{
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction != IRP_MJ_CREATE) {
        return FALSE;
    }
    /* The file system has opened it; a filter takes that back. */
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    File->FsContext = &Volume->Header;
    IoCancelFileOpen(Device, File);
    *Status = STATUS_VIRUS_INFECTED;
    TfsComplete(Irp, *Status, 0);
    return TRUE;
}

static void
test_io_file__cancelled_open_gets_cleanup_and_close_once(void **State)
{
    static const UCHAR Order[] = {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    TfsHook = FailWithPopup;
    assert_int_equal(TfsOpen(Volume, L"\\virus", &File), STATUS_VIRUS_INFECTED);
    AssertMajors(Order, 3);
    TfsHook = NULL;
    assert_int_equal(TfsOpen(Volume, L"\\ok", &File), STATUS_SUCCESS);
    ULONG Before = TfsFindings("K-23");
    IoCancelFileOpen(Volume->Device, File);
    assert_int_equal(TfsFindings("K-23"), Before + 1);
    IopCloseFile(File);
}

static void
test_io_file__close_above_passive_is_deferred(void **State)
{
    PFILE_OBJECT File;
    KIRQL Irql;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    ObReferenceObject(File);
    IopCloseFile(File);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    ObDereferenceObject(File);
    KeLowerIrql(Irql);
    for (ULONG i = 0; i < 10000 && __atomic_load_n(&Volume->Closes, __ATOMIC_ACQUIRE) == 0; i++) {
        LARGE_INTEGER Delay = {.QuadPart = -10000};
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    }
    assert_int_equal(__atomic_load_n(&Volume->Closes, __ATOMIC_ACQUIRE), 1);
    for (ULONG i = 0; i < 10000 && __atomic_load_n(&Volume->Real->ReferenceCount, __ATOMIC_ACQUIRE) != 0; i++) {
        LARGE_INTEGER Delay = {.QuadPart = -10000};
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    }
}

static void
test_io_file__stream_file_object(void **State)
{
    static const UCHAR Order[] = {IRP_MJ_CLEANUP, IRP_MJ_CLOSE};
    UNREFERENCED_PARAMETER(State);
    PFILE_OBJECT Stream = IoCreateStreamFileObject(NULL, Volume->Real);
    assert_true((Stream->Flags & FO_STREAM_FILE) != 0);
    AssertMajors(Order, 1);
    ObDereferenceObject(Stream);
    AssertMajors(Order, 2);
    TfsLogClear();
    Stream = IoCreateStreamFileObjectLite(NULL, Volume->Real);
    assert_int_equal(TfsLogCount, 0);
    ObDereferenceObject(Stream);
    AssertMajors(Order + 1, 1);
}

/* ---- names ---- */

static void
test_io_file__full_paths(void **State)
{
    static const struct {
        const WCHAR *Path, *Name;
        ULONG VolumeOpen;
    } Rows[] = {
        {L"\\Device\\FileTest1\\a\\b", L"\\a\\b", 0},
        {L"\\device\\filetest1\\A", L"\\A", 0},
        {L"\\??\\C:\\x", L"\\x", 0},
        {L"\\DosDevices\\C:\\x", L"\\x", 0},
        {L"\\??\\C:\\", L"\\", 0},
        {L"\\??\\C:", L"", FO_VOLUME_OPEN},
        {L"\\Device\\FileTest1", L"", FO_VOLUME_OPEN}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        UNICODE_STRING Expected;
        PFILE_OBJECT File;
        assert_int_equal(OpenPath(Rows[i].Path, OBJ_CASE_INSENSITIVE, &File), STATUS_SUCCESS);
        TfsString(&Expected, Rows[i].Name);
        assert_true(RtlEqualUnicodeString(&File->FileName, &Expected, FALSE));
        assert_ptr_equal(File->DeviceObject, Volume->Real);
        assert_int_equal(File->Flags & FO_VOLUME_OPEN, Rows[i].VolumeOpen);
        IopCloseFile(File);
    }
}

static void
test_io_file__bad_paths(void **State)
{
    static const struct {
        const WCHAR *Path;
        NTSTATUS Status;
    } Rows[] = {
        {L"\\Device\\NoSuchDevice\\a", STATUS_OBJECT_PATH_NOT_FOUND},
        {L"\\Device\\NoSuchDevice", STATUS_OBJECT_NAME_NOT_FOUND},
        {L"\\Device", STATUS_OBJECT_TYPE_MISMATCH},
        {L"relative", STATUS_OBJECT_PATH_SYNTAX_BAD}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        PFILE_OBJECT File;
        assert_int_equal(OpenPath(Rows[i].Path, OBJ_CASE_INSENSITIVE, &File), Rows[i].Status);
        assert_null(File);
    }
    assert_int_equal(TfsLogCount, 0);
}

static void
test_io_file__case_sensitivity_reaches_the_file_system(void **State)
{
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(OpenPath(L"\\Device\\FileTest1\\a", 0, &File), STATUS_SUCCESS);
    assert_true((File->Flags & FO_OPENED_CASE_SENSITIVE) != 0);
    assert_true((TfsLog[0].Flags & SL_CASE_SENSITIVE) != 0);
    IopCloseFile(File);
    TfsLogClear();
    assert_int_equal(OpenPath(L"\\Device\\FileTest1\\a", OBJ_CASE_INSENSITIVE, &File), STATUS_SUCCESS);
    assert_true((File->Flags & FO_OPENED_CASE_SENSITIVE) == 0);
    assert_int_equal(TfsLog[0].Flags, 0);
    IopCloseFile(File);
}

static void
test_io_file__relative_open(void **State)
{
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT Directory, File;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\dir", &Directory), STATUS_SUCCESS);
    IOP_CREATE Create = {
        .RelatedFileObject = Directory, .DesiredAccess = FILE_READ_DATA, .Disposition = FILE_OPEN, .RequestorMode = UserMode};
    TfsString(&Create.Name, L"child");
    assert_int_equal(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    assert_int_equal(File->FileName.Length, 10);
    assert_null(File->RelatedFileObject);
    IopCloseFile(File);
    IopCloseFile(Directory);
}

static void
test_io_file__long_names_and_many_opens_keep_their_names(void **State)
{
    static WCHAR Long[3000];
    PFILE_OBJECT Files[100];
    UNREFERENCED_PARAMETER(State);
    Long[0] = L'\\';
    for (ULONG i = 1; i < 2999; i++) {
        Long[i] = (WCHAR)(L'a' + i % 26);
    }
    for (ULONG Round = 0; Round < 3; Round++) {
        for (ULONG i = 0; i < ARRAYSIZE(Files); i++) {
            assert_int_equal(TfsOpen(Volume, i % 2 != 0 ? Long : L"\\short", &Files[i]), STATUS_SUCCESS);
        }
        for (ULONG i = 0; i < ARRAYSIZE(Files); i++) {
            assert_int_equal(Files[i]->FileName.Length, i % 2 != 0 ? 2999 * 2 : 12);
            assert_int_equal(Files[i]->FileName.Buffer[1], i % 2 != 0 ? L'b' : L's');
            IopCloseFile(Files[i]);
        }
    }
}

/* ---- reparse ---- */

static TFS_VOLUME *OtherVolume;
static ULONG ReparseLeft;

static VOID
ReplaceName(PFILE_OBJECT File, const WCHAR *Text, BOOLEAN ByHand)
{
    UNICODE_STRING Name;

    TfsString(&Name, Text);
    if (!ByHand) {
        assert_int_equal(IoReplaceFileObjectName(File, Name.Buffer, Name.Length), STATUS_SUCCESS);
        return;
    }
    /* What filters did before there was a routine for it. */
    ExFreePool(File->FileName.Buffer);
    File->FileName.Buffer = ExAllocatePoolWithTag(PagedPool, Name.Length, 'tseT');
    File->FileName.Length = File->FileName.MaximumLength = Name.Length;
    memcpy(File->FileName.Buffer, Name.Buffer, Name.Length);
}

static BOOLEAN
Reparse(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS *Status)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    UNREFERENCED_PARAMETER(Device);
    if (Stack->MajorFunction != IRP_MJ_CREATE || ReparseLeft == 0) {
        return FALSE;
    }
    ReparseLeft--;
    ReplaceName(Stack->FileObject, ReparseLeft == 0 ? L"\\Device\\FileTest2\\there" : L"\\??\\C:\\again", (ReparseLeft & 1) != 0);
    *Status = STATUS_REPARSE;
    TfsComplete(Irp, STATUS_REPARSE, IO_REPARSE);
    return TRUE;
}

static void
test_io_file__reparse_restarts_with_the_new_name(void **State)
{
    UNICODE_STRING Expected;
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    OtherVolume = TfsVolumeCreate("FileTest2");
    TfsHook = Reparse;
    ReparseLeft = 4;
    assert_int_equal(TfsOpen(Volume, L"\\link", &File), STATUS_SUCCESS);
    assert_ptr_equal(File->DeviceObject, OtherVolume->Real);
    TfsString(&Expected, L"\\there");
    assert_true(RtlEqualUnicodeString(&File->FileName, &Expected, FALSE));
    assert_int_equal(TfsLogCount, 5);
    assert_int_equal(Volume->Opens, 0);
    IopCloseFile(File);
    assert_int_equal(OtherVolume->Closes, 1);
    ReparseLeft = 1000;
    assert_int_equal(TfsOpen(Volume, L"\\loop", &File), STATUS_REPARSE_POINT_NOT_RESOLVED);
    TfsHook = NULL;
    TfsVolumeDelete(OtherVolume);
}

/* ---- parameters ---- */

static void
test_io_file__parameters_are_checked_as_windows_does(void **State)
{
    static const struct {
        ULONG Disposition, Options;
        ACCESS_MASK Access;
        NTSTATUS Status;
    } Rows[] = {
        {FILE_MAXIMUM_DISPOSITION + 1, 0, FILE_READ_DATA, STATUS_INVALID_PARAMETER},
        {FILE_OPEN, FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE, FILE_READ_DATA, STATUS_INVALID_PARAMETER},
        {FILE_OVERWRITE, FILE_DIRECTORY_FILE, FILE_READ_DATA, STATUS_INVALID_PARAMETER},
        {FILE_OPEN, FILE_DELETE_ON_CLOSE, FILE_READ_DATA, STATUS_INVALID_PARAMETER},
        {FILE_OPEN, FILE_DELETE_ON_CLOSE, DELETE, STATUS_SUCCESS},
        {FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, FILE_READ_DATA, STATUS_INVALID_PARAMETER},
        {FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, FILE_READ_DATA | SYNCHRONIZE, STATUS_SUCCESS},
        {FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, FILE_APPEND_DATA, STATUS_INVALID_PARAMETER}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        IO_STATUS_BLOCK IoStatus;
        PFILE_OBJECT File;
        IOP_CREATE Create = {
            .Device = Volume->Real, .Disposition = Rows[i].Disposition, .CreateOptions = Rows[i].Options,
            .DesiredAccess = Rows[i].Access};
        TfsString(&Create.Name, L"\\a");
        assert_int_equal(IopCreateFile(&Create, &IoStatus, &File), Rows[i].Status);
        if (File != NULL) {
            assert_int_equal((File->Flags & FO_SYNCHRONOUS_IO) != 0, (Rows[i].Options & FILE_SYNCHRONOUS_IO_NONALERT) != 0);
            IopCloseFile(File);
        }
    }
}

/* ---- handles ---- */

static void
test_io_file__zw_handle_reads_and_writes_at_the_file_pointer(void **State)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle, Duplicate;
    CHAR Buffer[16];
    FILE_POSITION_INFORMATION Position;
    UNREFERENCED_PARAMETER(State);
    TfsString(&Name, L"\\??\\C:\\file");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_int_equal(
        ZwCreateFile(&Handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes, &IoStatus, NULL, FILE_ATTRIBUTE_NORMAL, 0,
                     FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
        STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, FILE_OPENED);
    assert_int_equal(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "hello", 5, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "world", 5, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(ZwQueryInformationFile(Handle, &IoStatus, &Position, sizeof(Position), FilePositionInformation), STATUS_SUCCESS);
    assert_int_equal(Position.CurrentByteOffset.QuadPart, 10);
    Position.CurrentByteOffset.QuadPart = 3;
    assert_int_equal(ZwSetInformationFile(Handle, &IoStatus, &Position, sizeof(Position), FilePositionInformation), STATUS_SUCCESS);
    assert_int_equal(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Buffer, 4, NULL, NULL), STATUS_SUCCESS);
    assert_memory_equal(Buffer, "lowo", 4);
    LARGE_INTEGER Zero = {.QuadPart = 0};
    assert_int_equal(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Buffer, sizeof(Buffer), &Zero, NULL), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, 10);
    assert_int_equal(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Buffer, sizeof(Buffer), NULL, NULL), STATUS_END_OF_FILE);
    assert_int_equal(ZwDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Duplicate, 0, 0, DUPLICATE_SAME_ACCESS),
                     STATUS_SUCCESS);
    assert_int_equal(ZwClose(Handle), STATUS_SUCCESS);
    assert_int_equal(Volume->Cleanups, 0);
    assert_int_equal(ZwClose(Duplicate), STATUS_SUCCESS);
    assert_int_equal(Volume->Cleanups, 1);
    assert_int_equal(Volume->Closes, 1);
    assert_int_equal(ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, Buffer, 4, NULL, NULL), STATUS_INVALID_HANDLE);
}

static void
test_io_file__transports_by_device_flags(void **State)
{
    static const ULONG Flags[] = {0, DO_BUFFERED_IO, DO_DIRECT_IO};
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Flags); i++) {
        IO_STATUS_BLOCK IoStatus;
        PFILE_OBJECT File;
        CHAR Buffer[8] = {0};
        Volume->Device->Flags |= Flags[i];
        assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
        assert_int_equal(IopWrite(File, "payload", 7, 1, 0, UserMode, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(IopRead(File, Buffer, 4, 2, 0, UserMode, &IoStatus), STATUS_SUCCESS);
        assert_memory_equal(Buffer, "aylo", 4);
        assert_int_equal(IopRead(File, Buffer, 4, 2, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus), STATUS_SUCCESS);
        assert_int_equal(IoStatus.Information, 4);
        IopCloseFile(File);
        /* and as drivers ask: an IRP built for them, a driver's own buffer */
        KEVENT Event;
        LARGE_INTEGER Offset = {.QuadPart = 1};
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        memset(Buffer, 0, sizeof(Buffer));
        PIRP Irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, Volume->Device, Buffer, 7, &Offset, &Event, &IoStatus);
        assert_int_equal(IoCallDriver(Volume->Device, Irp), STATUS_SUCCESS);
        assert_memory_equal(Buffer, "payload", 7);
        Volume->Device->Flags &= ~Flags[i];
    }
}

static void
test_io_file__locks_by_handle(void **State)
{
    PFILE_OBJECT A, B;
    IO_STATUS_BLOCK IoStatus;
    HANDLE HandleA, HandleB;
    LARGE_INTEGER Offset = {.QuadPart = 0}, Length = {.QuadPart = 10};
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\a", &A), STATUS_SUCCESS);
    assert_int_equal(TfsOpen(Volume, L"\\a", &B), STATUS_SUCCESS);
    assert_int_equal(ObOpenObjectByPointer(A, OBJ_KERNEL_HANDLE, NULL, 0, *IoFileObjectType, KernelMode, &HandleA), STATUS_SUCCESS);
    assert_int_equal(ObOpenObjectByPointer(B, OBJ_KERNEL_HANDLE, NULL, 0, *IoFileObjectType, KernelMode, &HandleB), STATUS_SUCCESS);
    assert_int_equal(ZwLockFile(HandleA, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, TRUE), STATUS_SUCCESS);
    assert_true(A->LockOperation);
    assert_int_equal(ZwLockFile(HandleB, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, FALSE), STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(ZwUnlockFile(HandleB, &IoStatus, &Offset, &Length, 0), STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(ZwUnlockFile(HandleA, &IoStatus, &Offset, &Length, 0), STATUS_SUCCESS);
    ZwClose(HandleA);
    ZwClose(HandleB);
    IopCloseFile(A);
    IopCloseFile(B);
}

/* ---- share access ---- */

static void
test_io_file__share_access(void **State)
{
    static const struct {
        ACCESS_MASK FirstAccess;
        ULONG FirstShare;
        ACCESS_MASK SecondAccess;
        ULONG SecondShare;
        NTSTATUS Status;
    } Rows[] = {
        {FILE_READ_DATA, FILE_SHARE_READ, FILE_READ_DATA, FILE_SHARE_READ, STATUS_SUCCESS},
        {FILE_READ_DATA, 0, FILE_READ_DATA, FILE_SHARE_READ, STATUS_SHARING_VIOLATION},
        {FILE_READ_DATA, FILE_SHARE_READ, FILE_READ_DATA, 0, STATUS_SHARING_VIOLATION},
        {FILE_READ_DATA, FILE_SHARE_READ, FILE_WRITE_DATA, FILE_SHARE_READ, STATUS_SHARING_VIOLATION},
        {FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_WRITE_DATA, FILE_SHARE_READ, STATUS_SUCCESS},
        {FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_READ_DATA, FILE_SHARE_READ, STATUS_SHARING_VIOLATION},
        {DELETE, FILE_SHARE_READ, FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, STATUS_SHARING_VIOLATION},
        {DELETE, FILE_SHARE_READ, FILE_READ_DATA, FILE_SHARE_DELETE, STATUS_SUCCESS},
        {FILE_READ_DATA, 0, FILE_READ_ATTRIBUTES, 0, STATUS_SUCCESS},
        {FILE_READ_ATTRIBUTES, 0, FILE_WRITE_DATA, 0, STATUS_SUCCESS}};

    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Rows); i++) {
        FILE_OBJECT First = {0}, Second = {0};
        SHARE_ACCESS Share, Zero = {0};
        IoSetShareAccess(Rows[i].FirstAccess, Rows[i].FirstShare, &First, &Share);
        assert_int_equal(
            IoCheckShareAccess(Rows[i].SecondAccess, Rows[i].SecondShare, &Second, &Share, TRUE), Rows[i].Status);
        if (NT_SUCCESS(Rows[i].Status)) {
            IoRemoveShareAccess(&Second, &Share);
        }
        IoRemoveShareAccess(&First, &Share);
        assert_memory_equal(&Share, &Zero, sizeof(Share));
    }
}

/* ---- many threads ---- */

static atomic_int StormErrors;

static void
Storm(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (ULONG i = 0; i < 1500; i++) {
        PFILE_OBJECT File;
        if (TfsOpen(Volume, (i & 1) != 0 ? L"\\storm" : L"\\a\\rather\\longer\\name\\for\\the\\buffer", &File) != STATUS_SUCCESS) {
            atomic_fetch_add(&StormErrors, 1);
            continue;
        }
        ObReferenceObject(File);
        IopCloseFile(File);
        ObDereferenceObject(File);
    }
}

static void
test_io_file__storm_of_opens(void **State)
{
    port_thread *Threads[4];
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        assert_int_equal(port_thread_start(&Threads[i], Storm, NULL, "storm"), 0);
    }
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        port_thread_join(Threads[i]);
    }
    assert_int_equal(atomic_load(&StormErrors), 0);
    assert_int_equal(Volume->Opens, 6000);
    assert_int_equal(Volume->Cleanups, 6000);
    assert_int_equal(Volume->Closes, 6000);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test_setup(test_io_file__create_cleanup_close_in_order, Reset),
        cmocka_unit_test_setup(test_io_file__cleanup_runs_as_the_opener_close_as_system, Reset),
        cmocka_unit_test_setup(test_io_file__failed_create_has_no_cleanup_and_no_close, Reset),
        cmocka_unit_test_setup(test_io_file__cancelled_open_gets_cleanup_and_close_once, Reset),
        cmocka_unit_test_setup(test_io_file__close_above_passive_is_deferred, Reset),
        cmocka_unit_test_setup(test_io_file__stream_file_object, Reset),
        cmocka_unit_test_setup(test_io_file__full_paths, Reset),
        cmocka_unit_test_setup(test_io_file__bad_paths, Reset),
        cmocka_unit_test_setup(test_io_file__case_sensitivity_reaches_the_file_system, Reset),
        cmocka_unit_test_setup(test_io_file__relative_open, Reset),
        cmocka_unit_test_setup(test_io_file__long_names_and_many_opens_keep_their_names, Reset),
        cmocka_unit_test_setup(test_io_file__reparse_restarts_with_the_new_name, Reset),
        cmocka_unit_test_setup(test_io_file__parameters_are_checked_as_windows_does, Reset),
        cmocka_unit_test_setup(test_io_file__zw_handle_reads_and_writes_at_the_file_pointer, Reset),
        cmocka_unit_test_setup(test_io_file__transports_by_device_flags, Reset),
        cmocka_unit_test_setup(test_io_file__locks_by_handle, Reset),
        cmocka_unit_test_setup(test_io_file__share_access, Reset),
        cmocka_unit_test_setup(test_io_file__storm_of_opens, Reset),
    };
    return cmocka_run_group_tests(Tests, Setup, Teardown);
}

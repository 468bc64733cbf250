/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* ctest-timeout: 600 */
/*
 * Threads open, read, rename and close while every filter asks for names and reads files itself, and the middle one is detached and
 * attached again and again.
 */
#include "membed.h"

#include "storm.h"

static _Atomic(BOOLEAN) Stop;
static _Atomic(ULONG) Named, Refused, OwnReads, OwnOpens;

static FLT_PREOP_CALLBACK_STATUS
NamePre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_FILE_NAME_INFORMATION Information;
    const ULONG Format = Data->Iopb->MajorFunction == IRP_MJ_CREATE && Which != BOTTOM ? FLT_FILE_NAME_OPENED : FLT_FILE_NAME_NORMALIZED;

    (void)Objects;
    if (Data->Iopb->MajorFunction == IRP_MJ_QUERY_INFORMATION || Data->Iopb->MajorFunction == IRP_MJ_DIRECTORY_CONTROL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (NT_SUCCESS(FltGetFileNameInformation(Data, Format | FLT_FILE_NAME_QUERY_DEFAULT, &Information))) {
        assert_status(FltParseFileNameInformation(Information), STATUS_SUCCESS);
        assert_text(&Information->Volume, VOLUME_NAME);
        FltReleaseFileNameInformation(Information);
        atomic_fetch_add(&Named, 1);
    } else {
        atomic_fetch_add(&Refused, 1);
    }
    return Data->Iopb->MajorFunction == IRP_MJ_CREATE ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OwnPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags)
{
    UNICODE_STRING Name = TinyString(VOLUME_NAME "\\dir\\file.txt");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;
    LARGE_INTEGER Start = { .QuadPart = 0 };
    UCHAR Byte;

    if ((Flags & FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status) || Which == BOTTOM) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    if (NT_SUCCESS(FltReadFile(Objects->Instance, Objects->FileObject, &Start, 1, &Byte, 0, NULL, NULL, NULL))) {
        atomic_fetch_add(&OwnReads, 1);
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(FltCreateFile(Objects->Filter, Objects->Instance, &Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &IoStatus, NULL, 0,
            FILE_SHARE_VALID_FLAGS, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0))) {
        ZwReadFile(Handle, NULL, NULL, NULL, &IoStatus, &Byte, 1, &Start, NULL);
        FltClose(Handle);
        atomic_fetch_add(&OwnOpens, 1);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
Work(void *Argument)
{
    const int Which = (int)(ULONG_PTR)Argument;
    char Names[2][40] = { "\\storm\\a0", "\\storm\\b0" };

    Names[0][8] = Names[1][8] = (char)('0' + Which);
    for (ULONG i = 0; !atomic_load(&Stop); i++) {
        NTSTATUS Status;
        UCHAR Byte = (UCHAR)i;
        PFILE_OBJECT File = OpenAt(NULL, Names[i & 1], FILE_OPEN_IF, 0, &Status);
        assert_status(Status, STATUS_SUCCESS);
        assert_status(TinyWrite(File, &Byte, 1, 0), STATUS_SUCCESS);
        assert_status(TinyRead(File, &Byte, 1, 0), STATUS_SUCCESS);
        union { FILE_RENAME_INFORMATION Information; UCHAR Room[80]; } Rename = { .Information = { .ReplaceIfExists = TRUE } };
        const UNICODE_STRING To = TinyString(Names[!(i & 1)] + 7);
        Rename.Information.FileNameLength = To.Length;
        memcpy(Rename.Information.FileName, To.Buffer, To.Length);
        assert_status(IopSetInformation(File, FileRenameInformation, &Rename, sizeof(Rename), NULL, NULL, UserMode), STATUS_SUCCESS);
        IopCloseFile(File);
    }
}

static void
test_fltmgr_namestorm__detach_while_filters_ask(void **State)
{
    struct port_thread *Threads[3];

    (void)State;
    Reset();
    MakeDirectory("\\storm");
    for (int i = 0; i < 3; i++) {
        Pre[i] = NamePre;
        Post[i] = OwnPost;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(port_thread_start(&Threads[i], Work, (void *)(ULONG_PTR)i, "work"), 0);
    }
    for (int i = 0; i < (storm_full() ? 2000 : 40); i++) {
        TinySleep(5);
        assert_status(FltDetachVolume(Filters[MIDDLE].Filter, Volume, NULL), STATUS_SUCCESS);
        TinySleep(2);
        assert_status(FltAttachVolume(Filters[MIDDLE].Filter, Volume, NULL, NULL), STATUS_SUCCESS);
    }
    atomic_store(&Stop, TRUE);
    for (int i = 0; i < 3; i++) {
        port_thread_join(Threads[i]);
    }
    Reset();
    assert_true(Named > 100);
    assert_true(OwnReads > 10);
    assert_true(OwnOpens > 10);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(namestorm__detach_while_filters_ask) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Creates and I/O that filters issue: what they do, and who sees them (J-23). */
#include "membed.h"

/* Major was seen by the bottom filter only (the others' counts are zero), at least once. */
static void
assert_below_at(UCHAR Major, int Line)
{
    _assert_int_equal(Seen[TOP][Major], 0, __FILE__, Line);
    _assert_int_equal(Seen[MIDDLE][Major], 0, __FILE__, Line);
    _assert_true(Seen[BOTTOM][Major] > 0, "seen by the bottom filter", __FILE__, Line);
}
#define assert_below(Major) assert_below_at((Major), __LINE__)

static NTSTATUS
Create(PFLT_INSTANCE Instance, const char *Path, HANDLE Root, ULONG Disposition, ULONG CreateOptions, PHANDLE Handle, PFILE_OBJECT *File)
{
    UNICODE_STRING Name = TinyString(Path);
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, Root, NULL);
    NTSTATUS Status = FltCreateFileEx(Filters[MIDDLE].Filter, Instance, Handle, File,
        FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | FILE_READ_EA | FILE_WRITE_EA | DELETE | SYNCHRONIZE, &Attributes, &IoStatus, NULL,
        FILE_ATTRIBUTE_NORMAL, FILE_SHARE_VALID_FLAGS, Disposition, CreateOptions, NULL, 0, 0);
    assert_status(IoStatus.Status, Status);
    return Status;
}

static void
Close(HANDLE Handle, PFILE_OBJECT File)
{
    ObDereferenceObject(File);
    assert_status(FltClose(Handle), STATUS_SUCCESS);
}

/* ---- creates ---- */

static void
test_fltmgr_targetio__create_below_J23(void **State)
{
    HANDLE Handle;
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus;
    UCHAR Byte = 7;
    LARGE_INTEGER Start = { .QuadPart = 0 };

    (void)State;
    Reset();
    assert_status(Create(Instances[MIDDLE], VOLUME_NAME "\\dir\\own", NULL, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, &Handle, &File), STATUS_SUCCESS);
    assert_below(IRP_MJ_CREATE);
    assert_non_null(File);
    /* What goes through the handle later takes the same way. */
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, &Byte, 1, &Start, NULL), STATUS_SUCCESS);
    assert_below(IRP_MJ_WRITE);
    Close(Handle, File);
    assert_below(IRP_MJ_CLEANUP);
    assert_below(IRP_MJ_CLOSE);
}

static void
test_fltmgr_targetio__create_from_top(void **State)
{
    HANDLE Handle;
    PFILE_OBJECT File;

    (void)State;
    Reset();
    assert_status(Create(NULL, "\\??\\Q:\\dir\\own", NULL, FILE_OPEN, 0, &Handle, &File), STATUS_SUCCESS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(Seen[i][IRP_MJ_CREATE], 1);
    }
    Close(Handle, File);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(Seen[i][IRP_MJ_CLOSE], 1);
    }
}

static void
test_fltmgr_targetio__create_fails(void **State)
{
    HANDLE Handle = POISON;
    PFILE_OBJECT File = POISON;
    char Path[120] = "";
    OBJECT_ATTRIBUTES Attributes = { 0 };
    IO_STATUS_BLOCK IoStatus;
    TINY_VOLUME *Other = TinyMount(NULL);
    const PFLT_VOLUME OtherVolume = TinyFltVolume(Other);

    (void)State;
    Reset();
    assert_status(Create(Instances[MIDDLE], VOLUME_NAME "\\dir\\nothing", NULL, FILE_OPEN, 0, &Handle, &File), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_null(Handle);
    assert_null(File);
    assert_status(Create(Instances[MIDDLE], "relative", NULL, FILE_OPEN, 0, &Handle, &File), STATUS_OBJECT_PATH_SYNTAX_BAD);
    for (ULONG i = 0; i < OtherVolume->Name.Length / sizeof(WCHAR); i++) {
        Path[i] = (char)OtherVolume->Name.Buffer[i];
    }
    strcat(Path, "\\file");
    assert_status(Create(Instances[MIDDLE], Path, NULL, FILE_OPEN_IF, 0, &Handle, &File), STATUS_INVALID_DEVICE_OBJECT_PARAMETER);
    assert_status(FltCreateFile(Filters[MIDDLE].Filter, Instances[MIDDLE], &Handle, 0, &Attributes, &IoStatus, NULL, 0, 0, FILE_OPEN, 0, NULL, 0, 0),
        STATUS_INVALID_PARAMETER);
    vf_inject_add("FltCreateFile", Filters[MIDDLE].Owner, 1, 0);
    assert_status(Create(Instances[MIDDLE], VOLUME_NAME "\\dir\\own", NULL, FILE_OPEN, 0, &Handle, &File), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    assert_status(FltClose((HANDLE)(ULONG_PTR)0x7777777C), STATUS_INVALID_HANDLE);
    TinyDismount(Other);
}

static void
test_fltmgr_targetio__create_relative(void **State)
{
    HANDLE Root, Handle;
    PFILE_OBJECT RootFile, File;

    (void)State;
    Reset();
    assert_status(Create(Instances[MIDDLE], VOLUME_NAME "\\dir", NULL, FILE_OPEN, FILE_DIRECTORY_FILE, &Root, &RootFile), STATUS_SUCCESS);
    assert_status(Create(Instances[MIDDLE], "sub\\deep", Root, FILE_OPEN, 0, &Handle, &File), STATUS_SUCCESS);
    assert_below(IRP_MJ_CREATE);
    Close(Handle, File);
    Close(Root, RootFile);
}

static void
test_fltmgr_targetio__volume(void **State)
{
    struct { FILE_FS_ATTRIBUTE_INFORMATION Information; WCHAR Name[32]; } Attributes;
    FILE_FS_SIZE_INFORMATION Size;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;
    PFILE_OBJECT File;
    ULONG Returned;
    BOOLEAN Answer;

    (void)State;
    Reset();
    assert_status(FltOpenVolume(Instances[MIDDLE], &Handle, &File), STATUS_SUCCESS);
    assert_true(File->Flags & FO_VOLUME_OPEN);
    assert_below(IRP_MJ_CREATE);
    assert_status(FltQueryVolumeInformationFile(Instances[MIDDLE], File, &Size, sizeof(Size), FileFsSizeInformation, &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, sizeof(Size));
    assert_true(Size.BytesPerSector >= 512);
    assert_below(IRP_MJ_QUERY_VOLUME_INFORMATION);
    assert_status(FltFlushBuffers2(Instances[MIDDLE], File, FLT_FLUSH_TYPE_NO_SYNC, NULL), STATUS_INVALID_PARAMETER);
    Close(Handle, File);
    assert_status(FltQueryVolumeInformation(Instances[MIDDLE], &IoStatus, &Attributes, sizeof(Attributes), FileFsAttributeInformation), STATUS_SUCCESS);
    assert_true(IoStatus.Information >= sizeof(FILE_FS_ATTRIBUTE_INFORMATION));
    assert_false(NT_SUCCESS(FltQueryVolumeInformation(Instances[MIDDLE], &IoStatus, &Attributes, sizeof(Attributes), (FS_INFORMATION_CLASS)99)));
    assert_status(FltIsVolumeWritable(Volume, &Answer), STATUS_SUCCESS);
    assert_true(Answer);
    assert_status(FltIsVolumeWritable(Instances[TOP], &Answer), STATUS_SUCCESS);
    assert_true(Answer);
    assert_status(FltIsVolumeWritable(Filters[TOP].Filter, &Answer), STATUS_INVALID_PARAMETER);
    assert_status(FltIsVolumeSnapshot(Instances[TOP], &Answer), STATUS_SUCCESS);
    assert_false(Answer);
    assert_status(FltIsVolumeSnapshot(Filters[TOP].Filter, &Answer), STATUS_INVALID_PARAMETER);
}

static void
test_fltmgr_targetio__system_folder(void **State)
{
    FILE_BASIC_INFORMATION Basic;

    (void)State;
    Reset();
    assert_status(FltCreateSystemVolumeInformationFolder(Instances[MIDDLE]), STATUS_SUCCESS);
    assert_below(IRP_MJ_CREATE);
    assert_status(FltCreateSystemVolumeInformationFolder(Instances[MIDDLE]), STATUS_SUCCESS);
    PFILE_OBJECT File = OpenAt(NULL, "\\System Volume Information", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    assert_status(IopQueryInformation(File, FileBasicInformation, &Basic, sizeof(Basic), KernelMode, NULL), STATUS_SUCCESS);
    assert_true(Basic.FileAttributes & FILE_ATTRIBUTE_HIDDEN);
    IopCloseFile(File);
}

/* ---- reads and writes ---- */

static void
test_fltmgr_targetio__read_write_J23(void **State)
{
    char Text[] = "what a filter writes", Back[32] = "";
    LARGE_INTEGER Start = { .QuadPart = 100 };
    ULONG Done = 99;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\data");
    Reset();
    assert_status(FltWriteFile(Instances[MIDDLE], File, &Start, sizeof(Text), Text, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(Done, sizeof(Text));
    assert_below(IRP_MJ_WRITE);
    assert_status(FltReadFile(Instances[MIDDLE], File, &Start, sizeof(Text), Back, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(Done, sizeof(Text));
    assert_string_equal(Back, Text);
    assert_below(IRP_MJ_READ);
    Start.QuadPart = 5000;
    assert_status(FltReadFile(Instances[MIDDLE], File, &Start, 10, Back, 0, &Done, NULL, NULL), STATUS_END_OF_FILE);
    assert_int_equal(Done, 0);
    /* from the bottom: nobody sees it */
    Reset();
    Start.QuadPart = 100;
    assert_status(FltReadFile(Instances[BOTTOM], File, &Start, 4, Back, 0, NULL, NULL, NULL), STATUS_SUCCESS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(Seen[i][IRP_MJ_READ], 0);
    }
    IopCloseFile(File);
}

static void
test_fltmgr_targetio__offsets(void **State)
{
    LARGE_INTEGER Pointer = { .LowPart = FILE_USE_FILE_POINTER_POSITION, .HighPart = -1 };
    LARGE_INTEGER End = { .LowPart = FILE_WRITE_TO_END_OF_FILE, .HighPart = -1 }, Negative = { .QuadPart = -5 }, Zero = { .QuadPart = 0 };
    char Text[8] = "01234567", Back[8];
    ULONG Done;

    (void)State;
    Reset();
    PFILE_OBJECT Plain = Open("\\dir\\offsets");
    assert_status(FltReadFile(Instances[TOP], Plain, NULL, 1, Back, 0, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltReadFile(Instances[TOP], Plain, &Pointer, 1, Back, 0, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltReadFile(Instances[TOP], Plain, &Negative, 1, Back, 0, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltReadFile(Instances[TOP], Plain, &End, 1, Back, 0, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltReadFile(Instances[TOP], Plain, &Zero, 1, Back, FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    PFILE_OBJECT File = OpenAt(NULL, "\\dir\\offsets", FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL);
    assert_status(FltWriteFile(Instances[TOP], File, NULL, 8, Text, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(File->CurrentByteOffset.QuadPart, 8);
    assert_status(FltWriteFile(Instances[TOP], File, &Pointer, 8, Text, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(File->CurrentByteOffset.QuadPart, 16);
    assert_status(FltWriteFile(Instances[TOP], File, &End, 4, Text, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(File->CurrentByteOffset.QuadPart, 20);
    assert_status(FltReadFile(Instances[TOP], File, &Zero, 8, Back, FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(File->CurrentByteOffset.QuadPart, 20);
    assert_memory_equal(Back, Text, 8);
    assert_status(FltReadFile(Instances[TOP], File, &Zero, 8, Back, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(File->CurrentByteOffset.QuadPart, 8);
    assert_int_equal(Plain->CurrentByteOffset.QuadPart, 0);
    IopCloseFile(File);
    IopCloseFile(Plain);
}

static ULONG SeenFlags;
static FLT_PREOP_CALLBACK_STATUS
NoteFlags(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    (void)Objects;
    SeenFlags = Data->Iopb->IrpFlags;
    assert_int_equal(Data->RequestorMode, KernelMode);
    assert_true(Data->Flags & FLTFL_CALLBACK_DATA_GENERATED_IO);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_targetio__flags(void **State)
{
    static const struct { FLT_IO_OPERATION_FLAGS Flags; ULONG Set, Clear; } Wanted[] = {
        { 0, IRP_SYNCHRONOUS_API, IRP_NOCACHE | IRP_PAGING_IO },
        { FLTFL_IO_OPERATION_NON_CACHED, IRP_NOCACHE, IRP_PAGING_IO },
        { FLTFL_IO_OPERATION_PAGING, IRP_PAGING_IO | IRP_NOCACHE, IRP_SYNCHRONOUS_PAGING_IO },
        { FLTFL_IO_OPERATION_PAGING | FLTFL_IO_OPERATION_SYNCHRONOUS_PAGING, IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO, 0 },
    };
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    UCHAR *Buffer = FltAllocatePoolAlignedWithTag(Instances[MIDDLE], NonPagedPool, 4096, 'tseT');

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\flags");
    memset(Buffer, 1, 4096);
    assert_status(FltWriteFile(Instances[MIDDLE], File, &Zero, 4096, Buffer, 0, NULL, NULL, NULL), STATUS_SUCCESS);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wanted); i++) {
        Only = IRP_MJ_READ;
        Pre[BOTTOM] = NoteFlags;
        SeenFlags = 0;
        assert_status(FltReadFile(Instances[MIDDLE], File, &Zero, 4096, Buffer, Wanted[i].Flags, NULL, NULL, NULL), STATUS_SUCCESS);
        assert_int_equal(SeenFlags & Wanted[i].Set, Wanted[i].Set);
        assert_int_equal(SeenFlags & Wanted[i].Clear, 0);
    }
    Reset();
    FltFreePoolAlignedWithTag(Instances[MIDDLE], Buffer, 'tseT');
    IopCloseFile(File);
}

/* ---- asynchronous, by MDL ---- */

typedef struct ASYNC { KEVENT Event; NTSTATUS Status; ULONG_PTR Information; PFLT_CALLBACK_DATA Data; } ASYNC;
static VOID FLTAPI
AsyncDone(PFLT_CALLBACK_DATA Data, PFLT_CONTEXT Context)
{
    ASYNC *Async = Context;

    Async->Status = Data->IoStatus.Status;
    Async->Information = Data->IoStatus.Information;
    Async->Data = Data;
    KeSetEvent(&Async->Event, 0, FALSE);
}

static void
test_fltmgr_targetio__asynchronous(void **State)
{
    char Text[] = "later", Back[8] = "";
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    ASYNC Async;
    struct vf_counts Counts;
    ULONG Done = 77;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\async");
    Reset();
    KeInitializeEvent(&Async.Event, SynchronizationEvent, FALSE);
    NTSTATUS Status = FltWriteFile(Instances[MIDDLE], File, &Zero, sizeof(Text), Text, 0, &Done, AsyncDone, &Async);
    assert_true(NT_SUCCESS(Status));
    KeWaitForSingleObject(&Async.Event, Executive, KernelMode, FALSE, NULL);
    assert_status(Async.Status, STATUS_SUCCESS);
    assert_int_equal(Async.Information, sizeof(Text));
    assert_int_equal(Done, 77);                /* ignored */
    assert_below(IRP_MJ_WRITE);
    Status = FltReadFile(Instances[MIDDLE], File, &Zero, sizeof(Text), Back, 0, NULL, AsyncDone, &Async);
    assert_true(NT_SUCCESS(Status));
    KeWaitForSingleObject(&Async.Event, Executive, KernelMode, FALSE, NULL);
    assert_string_equal(Back, Text);
    /* a failure is completed too */
    Zero.QuadPart = 1000;
    FltReadFile(Instances[MIDDLE], File, &Zero, sizeof(Text), Back, 0, NULL, AsyncDone, &Async);
    KeWaitForSingleObject(&Async.Event, Executive, KernelMode, FALSE, NULL);
    assert_status(Async.Status, STATUS_END_OF_FILE);
    /* nothing is sent for want of memory: nothing is completed */
    vf_inject_add("FltAllocateCallbackDataEx", Filters[MIDDLE].Owner, 1, 0);
    assert_status(FltReadFile(Instances[MIDDLE], File, &Zero, sizeof(Text), Back, 0, NULL, AsyncDone, &Async), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    vf_owner_counts(Filters[MIDDLE].Owner, VF_CALLBACK_DATA, &Counts);
    assert_int_equal(Counts.live, 0);
    IopCloseFile(File);
}

static void
test_fltmgr_targetio__mdl(void **State)
{
    static char Text[512], Back[512];
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    ULONG Done = 0;

    (void)State;
    Reset();
    memset(Text, 'm', sizeof(Text));
    PFILE_OBJECT File = Open("\\dir\\mdl");
    Reset();
    PMDL Mdl = IoAllocateMdl(Text, sizeof(Text), FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    assert_status(FltWriteFileEx(Instances[MIDDLE], File, &Zero, sizeof(Text), NULL, 0, &Done, NULL, NULL, NULL, Mdl), STATUS_SUCCESS);
    assert_int_equal(Done, sizeof(Text));
    assert_below(IRP_MJ_WRITE);
    assert_status(FltWriteFileEx(Instances[MIDDLE], File, &Zero, sizeof(Text), Text, 0, &Done, NULL, NULL, NULL, Mdl), STATUS_INVALID_PARAMETER);
    IoFreeMdl(Mdl);
    Mdl = IoAllocateMdl(Back, sizeof(Back), FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Mdl);
    assert_status(FltReadFileEx(Instances[MIDDLE], File, &Zero, sizeof(Back), NULL, 0, &Done, NULL, NULL, NULL, Mdl), STATUS_SUCCESS);
    assert_memory_equal(Back, Text, sizeof(Text));
    IoFreeMdl(Mdl);
    IopCloseFile(File);
}

/* ---- information ---- */

static void
test_fltmgr_targetio__file_information(void **State)
{
    FILE_STANDARD_INFORMATION Standard;
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile = { .QuadPart = 1234 } };
    ULONG Returned = 0;
    BOOLEAN IsDirectory;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\info"), Directory = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    Reset();
    assert_status(FltSetInformationFile(Instances[MIDDLE], File, &End, sizeof(End), FileEndOfFileInformation), STATUS_SUCCESS);
    assert_below(IRP_MJ_SET_INFORMATION);
    assert_status(FltQueryInformationFile(Instances[MIDDLE], File, &Standard, sizeof(Standard), FileStandardInformation, &Returned), STATUS_SUCCESS);
    assert_int_equal(Returned, sizeof(Standard));
    assert_int_equal(Standard.EndOfFile.QuadPart, 1234);
    assert_below(IRP_MJ_QUERY_INFORMATION);
    assert_false(NT_SUCCESS(FltQueryInformationFile(Instances[MIDDLE], File, &Standard, 1, FileStandardInformation, &Returned)));
    assert_int_equal(Returned, 0);
    assert_status(FltIsDirectory(File, Instances[MIDDLE], &IsDirectory), STATUS_SUCCESS);
    assert_false(IsDirectory);
    assert_status(FltIsDirectory(Directory, Instances[MIDDLE], &IsDirectory), STATUS_SUCCESS);
    assert_true(IsDirectory);
    assert_status(FltFlushBuffers(Instances[MIDDLE], File), STATUS_SUCCESS);
    assert_below(IRP_MJ_FLUSH_BUFFERS);
    assert_status(FltFlushBuffers2(Instances[MIDDLE], File, FLT_FLUSH_TYPE_FILE_DATA_ONLY, NULL), STATUS_SUCCESS);
    assert_status(FltFlushBuffers2(Instances[MIDDLE], File, 3, NULL), STATUS_INVALID_PARAMETER);
    IopCloseFile(Directory);
    IopCloseFile(File);
}

static void
test_fltmgr_targetio__rename(void **State)
{
    char Path[120] = "";
    ULONG Length;
    NTSTATUS Status;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\here");
    Reset();
    PFILE_RENAME_INFORMATION Rename = Renaming("beside", NULL, &Length);
    assert_status(FltSetInformationFile(Instances[MIDDLE], File, Rename, Length, FileRenameInformation), STATUS_SUCCESS);
    assert_below(IRP_MJ_SET_INFORMATION);
    Rename = Renaming(VOLUME_NAME "\\dir\\sub\\there", NULL, &Length);
    assert_status(FltSetInformationFile(Instances[MIDDLE], File, Rename, Length, FileRenameInformation), STATUS_SUCCESS);
    assert_below(IRP_MJ_CREATE);               /* the target directory */
    Rename = Renaming("x", NULL, &Length);
    assert_status(FltSetInformationFile(Instances[MIDDLE], File, Rename, 8, FileRenameInformation), STATUS_INFO_LENGTH_MISMATCH);
    TINY_VOLUME *Other = TinyMount(NULL);
    const PFLT_VOLUME OtherVolume = TinyFltVolume(Other);
    for (ULONG i = 0; i < OtherVolume->Name.Length / sizeof(WCHAR); i++) {
        Path[i] = (char)OtherVolume->Name.Buffer[i];
    }
    Rename = Renaming(strcat(Path, "\\there"), NULL, &Length);
    const LONG Creates = Other->Creates;
    assert_status(FltSetInformationFile(Instances[MIDDLE], File, Rename, Length, FileRenameInformation), STATUS_NOT_SAME_DEVICE);
    assert_int_equal(Other->Creates, Creates);
    TinyDismount(Other);
    Reset();
    IopCloseFile(File);
    IopCloseFile(OpenAt(NULL, "\\dir\\sub\\there", FILE_OPEN, 0, &Status));
    assert_status(Status, STATUS_SUCCESS);
}

static void
test_fltmgr_targetio__directory(void **State)
{
    union { FILE_NAMES_INFORMATION Information; UCHAR Room[1024]; } Entries;
    UNICODE_STRING Pattern = TinyString("file.txt");
    ULONG Returned = 0;

    (void)State;
    Reset();
    PFILE_OBJECT Directory = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    Reset();
    assert_status(FltQueryDirectoryFile(Instances[MIDDLE], Directory, &Entries, sizeof(Entries), FileNamesInformation, TRUE, &Pattern, TRUE, &Returned),
        STATUS_SUCCESS);
    const UNICODE_STRING Found = { (USHORT)Entries.Information.FileNameLength, (USHORT)Entries.Information.FileNameLength, Entries.Information.FileName };
    assert_text(&Found, "file.txt");
    assert_true(Returned > 0);
    assert_below(IRP_MJ_DIRECTORY_CONTROL);
    assert_status(FltQueryDirectoryFile(Instances[MIDDLE], Directory, &Entries, sizeof(Entries), FileNamesInformation, TRUE, NULL, FALSE, &Returned),
        STATUS_NO_MORE_FILES);
    assert_status(FltQueryDirectoryFileEx(Instances[MIDDLE], Directory, &Entries, sizeof(Entries), FileNamesInformation, 0x100, NULL, NULL),
        STATUS_INVALID_PARAMETER);
    IopCloseFile(Directory);
}

static void
test_fltmgr_targetio__attributes(void **State)
{
    union { FILE_FULL_EA_INFORMATION Information; UCHAR Room[64]; } Ea, Back;
    ULONG Returned = 0;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\ea");
    Reset();
    memset(&Ea, 0, sizeof(Ea));
    Ea.Information.EaNameLength = 4;
    Ea.Information.EaValueLength = 5;
    memcpy(Ea.Information.EaName, "NAME\0value", 10);
    const ULONG Length = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + 10;
    assert_status(FltSetEaFile(Instances[MIDDLE], File, &Ea, Length), STATUS_SUCCESS);
    assert_below(IRP_MJ_SET_EA);
    assert_status(FltQueryEaFile(Instances[MIDDLE], File, &Back, sizeof(Back), TRUE, NULL, 0, NULL, TRUE, &Returned), STATUS_SUCCESS);
    assert_below(IRP_MJ_QUERY_EA);
    assert_memory_equal(Back.Information.EaName, "NAME\0value", 10);
    Ea.Information.EaNameLength = 60;
    assert_false(NT_SUCCESS(FltSetEaFile(Instances[MIDDLE], File, &Ea, Length)));
    IopCloseFile(File);
}

/* ---- controls ---- */

static UCHAR Sent[64];
static ULONG SentLength, SentCode;
static FLT_PREOP_CALLBACK_STATUS
AnswerControl(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    (void)Objects;
    SentCode = Data->Iopb->Parameters.FileSystemControl.Common.FsControlCode;
    SentLength = Data->Iopb->Parameters.FileSystemControl.Common.InputBufferLength;
    memcpy(Sent, Data->Iopb->Parameters.FileSystemControl.Buffered.SystemBuffer, SentLength < sizeof(Sent) ? SentLength : sizeof(Sent));
    Data->IoStatus.Status = STATUS_SUCCESS;
    Data->IoStatus.Information = 0;
    if (Data->Iopb->Parameters.FileSystemControl.Common.OutputBufferLength >= 4) {
        memcpy(Data->Iopb->Parameters.FileSystemControl.Buffered.SystemBuffer, "back", 4);
        Data->IoStatus.Information = 4;
    }
    return FLT_PREOP_COMPLETE;
}

static void
test_fltmgr_targetio__controls(void **State)
{
    static GUID Guid = { 1, 2, 3, { 4 } };
    const ULONG Code = CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS);
    char Out[8] = "";
    ULONG Returned = 0;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\control");
    Only = IRP_MJ_FILE_SYSTEM_CONTROL;
    Pre[BOTTOM] = AnswerControl;
    assert_status(FltFsControlFile(Instances[MIDDLE], File, Code, "input", 5, Out, sizeof(Out), &Returned), STATUS_SUCCESS);
    assert_int_equal(SentCode, Code);
    assert_int_equal(SentLength, 5);
    assert_memory_equal(Sent, "input", 5);
    assert_int_equal(Returned, 4);
    assert_string_equal(Out, "back");
    assert_below(IRP_MJ_FILE_SYSTEM_CONTROL);
    /* reparse points */
    assert_status(FltTagFile(Instances[MIDDLE], File, 0x1234, NULL, "data", 4), STATUS_INVALID_PARAMETER);
    assert_status(FltUntagFile(Instances[MIDDLE], File, 0x1234, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltTagFile(Instances[MIDDLE], File, 0x1234, &Guid, "data", 4), STATUS_SUCCESS);
    assert_int_equal(SentCode, FSCTL_SET_REPARSE_POINT);
    assert_int_equal(SentLength, REPARSE_GUID_DATA_BUFFER_HEADER_SIZE + 4);
    PREPARSE_GUID_DATA_BUFFER Reparse = (PREPARSE_GUID_DATA_BUFFER)Sent;
    assert_int_equal(Reparse->ReparseTag, 0x1234);
    assert_int_equal(Reparse->ReparseDataLength, 4);
    assert_memory_equal(&Reparse->ReparseGuid, &Guid, sizeof(Guid));
    assert_memory_equal(Reparse->GenericReparseBuffer.DataBuffer, "data", 4);
    assert_status(FltTagFile(Instances[MIDDLE], File, IO_REPARSE_TAG_SYMLINK, NULL, "data", 4), STATUS_SUCCESS);
    assert_int_equal(SentLength, REPARSE_DATA_BUFFER_HEADER_SIZE + 4);
    assert_status(FltUntagFile(Instances[MIDDLE], File, 0x1234, &Guid), STATUS_SUCCESS);
    assert_int_equal(SentCode, FSCTL_DELETE_REPARSE_POINT);
    assert_int_equal(SentLength, REPARSE_GUID_DATA_BUFFER_HEADER_SIZE);
    Reset();
    IopCloseFile(File);
}

static void
test_fltmgr_targetio__by_name(void **State)
{
    UNICODE_STRING Name = TinyString(VOLUME_NAME "\\dir\\file.txt"), Missing = TinyString(VOLUME_NAME "\\dir\\nothing");
    OBJECT_ATTRIBUTES Attributes;
    FILE_STAT_INFORMATION Stat;
    IO_STATUS_BLOCK IoStatus;

    (void)State;
    Reset();
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_status(FltQueryInformationByName(Filters[MIDDLE].Filter, Instances[MIDDLE], &Attributes, &IoStatus, &Stat, sizeof(Stat), FileStatInformation, NULL),
        STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, sizeof(Stat));
    assert_int_equal(Stat.NumberOfLinks, 1);
    assert_below(IRP_MJ_CREATE);
    InitializeObjectAttributes(&Attributes, &Missing, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_status(FltQueryInformationByName(Filters[MIDDLE].Filter, Instances[MIDDLE], &Attributes, &IoStatus, &Stat, sizeof(Stat), FileStatInformation, NULL),
        STATUS_OBJECT_NAME_NOT_FOUND);
}

/* ---- teardown: what a filter issues is waited for, afterwards nothing can be issued (G-08) ---- */

static void
test_fltmgr_targetio__after_detach_G08(void **State)
{
    HANDLE Handle;
    PFILE_OBJECT Opened;
    char Byte;
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    IO_STATUS_BLOCK IoStatus;

    (void)State;
    Reset();
    PFLT_INSTANCE Instance = Instances[MIDDLE];
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    assert_status(Create(Instance, VOLUME_NAME "\\dir\\kept", NULL, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, &Handle, &Opened), STATUS_SUCCESS);
    atomic_fetch_add(&Instance->Memory, 1);
    assert_status(FltDetachVolume(Filters[MIDDLE].Filter, Volume, NULL), STATUS_SUCCESS);
    assert_status(FltReadFile(Instance, File, &Zero, 1, &Byte, 0, NULL, NULL, NULL), STATUS_FLT_DELETING_OBJECT);
    assert_status(FltFlushBuffers(Instance, File), STATUS_FLT_DELETING_OBJECT);
    HANDLE Another;
    PFILE_OBJECT AnotherFile;
    assert_status(Create(Instance, VOLUME_NAME "\\dir\\kept", NULL, FILE_OPEN, 0, &Another, &AnotherFile), STATUS_FLT_DELETING_OBJECT);
    /* A file that was opened below it still works, below where it was. */
    Reset();
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "x", 1, &Zero, NULL), STATUS_SUCCESS);
    assert_int_equal(Seen[TOP][IRP_MJ_WRITE], 0);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_WRITE], 1);
    Close(Handle, Opened);
    FltpInstanceMemoryRelease(Instance);
    IopCloseFile(File);
    assert_status(FltAttachVolume(Filters[MIDDLE].Filter, Volume, NULL, NULL), STATUS_SUCCESS);
    Instances[MIDDLE] = InstanceOf(MIDDLE);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(targetio__create_below_J23), T(targetio__create_from_top), T(targetio__create_fails),
        T(targetio__create_relative), T(targetio__volume), T(targetio__system_folder), T(targetio__read_write_J23), T(targetio__offsets),
        T(targetio__flags), T(targetio__asynchronous), T(targetio__mdl), T(targetio__file_information), T(targetio__rename),
        T(targetio__directory), T(targetio__attributes), T(targetio__controls), T(targetio__by_name), T(targetio__after_detach_G08) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

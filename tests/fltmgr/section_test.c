/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section contexts and sections for data scans: C-40 … C-46, D-04, D-11, F-16, K-19, K-20. */
#include "txnbed.h"

#define FILE_BYTES 70000u
static PFILE_OBJECT File;
static UCHAR Content[FILE_BYTES];

typedef struct SCAN { HANDLE Handle; PVOID Object; LARGE_INTEGER Size; } SCAN;

static NTSTATUS
Scan(int Which, PFILE_OBJECT Of, PFLT_CONTEXT Context, SCAN *Section)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    *Section = (SCAN){ POISON, POISON, { .QuadPart = -1 } };
    return FltCreateSectionForDataScan(InstanceOf(Which), Of, Context, SECTION_MAP_READ | SECTION_QUERY, &Attributes, NULL, PAGE_READONLY,
        SEC_COMMIT, 0, &Section->Handle, &Section->Object, &Section->Size);
}

static void
Drop(SCAN *Section)
{
    assert_status(ZwClose(Section->Handle), STATUS_SUCCESS);
    ObDereferenceObject(Section->Object);
}

static void
WriteAll(PFILE_OBJECT To, ULONG IrpFlags)
{
    IO_STATUS_BLOCK IoStatus;

    for (ULONG i = 0; i < FILE_BYTES; i++) {
        Content[i] = (UCHAR)(i * 7 + i / 4096);
    }
    assert_status(IopWrite(To, Content, FILE_BYTES, 0, IrpFlags, UserMode, &IoStatus), STATUS_SUCCESS);
}

static NTSTATUS
SetEnd(LONGLONG Size)
{
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile.QuadPart = Size };

    return IopSetInformation(File, FileEndOfFileInformation, &End, sizeof(End), NULL, NULL, UserMode);
}

static void
test_fltmgr_section__C_40_register_first(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(BOTTOM, FLT_SECTION_CONTEXT), Stream = NewContext(BOTTOM, FLT_STREAM_CONTEXT), Got;

    assert_status(Scan(BOTTOM, File, Context, &Section), STATUS_INVALID_PARAMETER);
    assert_null(Section.Handle);
    assert_null(Section.Object);
    assert_status(FltRegisterForDataScan(InstanceOf(BOTTOM)), STATUS_SUCCESS);
    assert_status(Scan(BOTTOM, File, Stream, &Section), STATUS_INVALID_PARAMETER);
    assert_status(Scan(BOTTOM, File, Context, &Section), STATUS_SUCCESS);
    assert_int_equal(Section.Size.QuadPart, FILE_BYTES);
    assert_status(FltGetSectionContext(InstanceOf(BOTTOM), File, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Context);
    FltReleaseContext(Got);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    Drop(&Section);
    FltReleaseContext(Context);
    FltReleaseContext(Stream);
    assert_int_equal(Cleanups, 2);
}

static void
test_fltmgr_section__C_40_D_04_volumes_without_data_scans(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT), Got = POISON;
    const DEVICE_TYPE Type = Volume->DeviceType;

    Volume->DeviceType = FILE_DEVICE_NETWORK_FILE_SYSTEM;
    assert_status(FltRegisterForDataScan(InstanceOf(TOP)), STATUS_NOT_SUPPORTED);
    assert_status(Scan(TOP, File, Context, &Section), STATUS_NOT_SUPPORTED);
    assert_status(FltGetSectionContext(InstanceOf(TOP), File, &Got), STATUS_NOT_SUPPORTED);
    assert_null(Got);
    Volume->DeviceType = Type;
    FltReleaseContext(Context);
}

static void
test_fltmgr_section__C_41_C_44_references(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT), Got = POISON;

    assert_status(FltCloseSectionForDataScan(Context), STATUS_INVALID_PARAMETER);
    assert_status(FltGetSectionContext(InstanceOf(TOP), File, &Got), STATUS_NOT_FOUND);
    assert_null(Got);
    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    assert_int_equal(TinyContextCount(Context), 2);
    FltReleaseContext(Context);
    assert_int_equal(Cleanups, 0);
    assert_status(FltGetSectionContext(InstanceOf(TOP), File, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Context);
    assert_status(FltCloseSectionForDataScan(Got), STATUS_SUCCESS);
    assert_int_equal(TinyContextCount(Context), 1);
    assert_status(FltCloseSectionForDataScan(Got), STATUS_NOT_FOUND);
    FltReleaseContext(Got);
    assert_int_equal(Cleanups, 1);
    Drop(&Section);
    assert_status(FltCloseSectionForDataScan(NULL), STATUS_INVALID_PARAMETER);
}

static void
test_fltmgr_section__C_42_one_per_stream_and_instance(void **state)
{
    (void)state;
    TxnReset();
    SCAN One, Two, Other;
    PFLT_CONTEXT First = NewContext(TOP, FLT_SECTION_CONTEXT), Second = NewContext(TOP, FLT_SECTION_CONTEXT);
    PFLT_CONTEXT Third = NewContext(BOTTOM, FLT_SECTION_CONTEXT);
    PFILE_OBJECT Again = Open("\\dir\\scanned");

    assert_status(Scan(TOP, File, First, &One), STATUS_SUCCESS);
    assert_status(Scan(TOP, Again, Second, &Two), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    assert_int_equal(TinyContextCount(Second), 1);
    assert_status(Scan(BOTTOM, Again, Third, &Other), STATUS_SUCCESS);
    assert_status(FltCloseSectionForDataScan(First), STATUS_SUCCESS);
    assert_status(Scan(TOP, Again, Second, &Two), STATUS_SUCCESS);
    assert_status(FltCloseSectionForDataScan(Second), STATUS_SUCCESS);
    assert_status(FltCloseSectionForDataScan(Third), STATUS_SUCCESS);
    Drop(&One);
    Drop(&Two);
    Drop(&Other);
    FltReleaseContext(First);
    FltReleaseContext(Second);
    FltReleaseContext(Third);
    IopCloseFile(Again);
    assert_int_equal(Cleanups, 3);
}

static NTSTATUS
ScanWith(PFILE_OBJECT Of, PFLT_CONTEXT Context, ULONG Protection, ULONG Allocation)
{
    SCAN Section;

    return FltCreateSectionForDataScan(InstanceOf(TOP), Of, Context, SECTION_MAP_READ, NULL, NULL, Protection, Allocation, 0, &Section.Handle,
        &Section.Object, NULL);
}

static NTSTATUS Refusal;
static NTSTATUS
RefuseSection(PFS_FILTER_CALLBACK_DATA Data, PVOID *Completion)
{
    (void)Completion;
    assert_int_equal(Data->Operation, FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION);
    assert_int_equal(Data->Parameters.AcquireForSectionSynchronization.PageProtection, PAGE_READONLY);
    return Refusal;
}

static void
test_fltmgr_section__C_43_refusals_leave_the_context_alone(void **state)
{
    (void)state;
    TxnReset();
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT), Got;
    PFILE_OBJECT Empty = Open("\\dir\\empty"), Directory = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    PFILE_OBJECT Whole = OpenAt(NULL, "", FILE_OPEN, 0, NULL);
    FS_FILTER_CALLBACKS Callbacks = { .SizeOfFsFilterCallbacks = sizeof(Callbacks), .PreAcquireForSectionSynchronization = RefuseSection };

    assert_status(ScanWith(Empty, Context, PAGE_READONLY, SEC_COMMIT), STATUS_END_OF_FILE);
    assert_status(ScanWith(Directory, Context, PAGE_READONLY, SEC_COMMIT), STATUS_FILE_IS_A_DIRECTORY);
    assert_status(ScanWith(Whole, Context, PAGE_READONLY, SEC_COMMIT), STATUS_INVALID_FILE_FOR_SECTION);
    assert_status(ScanWith(File, Context, 0, SEC_COMMIT), STATUS_INVALID_PARAMETER_8);
    assert_status(ScanWith(File, Context, PAGE_EXECUTE_READ, SEC_COMMIT), STATUS_INVALID_PARAMETER_8);
    assert_status(ScanWith(File, Context, PAGE_READONLY, 0), STATUS_INVALID_PARAMETER_9);
    assert_status(ScanWith(File, Context, PAGE_READONLY, SEC_COMMIT | SEC_IMAGE), STATUS_INVALID_PARAMETER_9);
    vf_inject_add("FltCreateSectionForDataScan", Filters[TOP].Owner, 1, 0);
    assert_status(ScanWith(File, Context, PAGE_READONLY, SEC_COMMIT), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_clear();
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(IopBaseDevice(File)->DriverObject);
    FS_FILTER_CALLBACKS *Before = Driver->FsFilterCallbacks;
    Driver->FsFilterCallbacks = &Callbacks;
    Refusal = STATUS_FILE_LOCK_CONFLICT;
    assert_status(ScanWith(File, Context, PAGE_READONLY, SEC_COMMIT), STATUS_FILE_LOCK_CONFLICT);
    Refusal = STATUS_PRIVILEGE_NOT_HELD;
    assert_status(ScanWith(File, Context, PAGE_READONLY, SEC_COMMIT), STATUS_PRIVILEGE_NOT_HELD);
    Driver->FsFilterCallbacks = Before;
    assert_int_equal(TinyContextCount(Context), 1);
    assert_status(FltGetSectionContext(InstanceOf(TOP), File, &Got), STATUS_NOT_FOUND);
    FltReleaseContext(Context);
    assert_int_equal(Cleanups, 1);
    IopCloseFile(Empty);
    IopCloseFile(Directory);
    IopCloseFile(Whole);
}

static void
test_fltmgr_section__C_45_K_19_delete_is_a_finding(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    const unsigned Before = vf_finding_count();

    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    FltDeleteContext(Context);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_int_equal(TinyContextCount(Context), 2);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    Drop(&Section);
    FltReleaseContext(Context);
}

/* ---- contents ---- */

static _Atomic(LONG) PagingReads;
static FLT_PREOP_CALLBACK_STATUS
CountPaging(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    (void)Objects;
    if (Data->Iopb->MajorFunction == IRP_MJ_READ && (Data->Iopb->IrpFlags & IRP_PAGING_IO)) {
        atomic_fetch_add(&PagingReads, 1);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_section__C_40_views_hold_the_file(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    PVOID View = NULL, Part = NULL;
    SIZE_T Size = 0, PartSize = 100;
    LARGE_INTEGER Offset = { .QuadPart = 0x10001 };

    Pre[TOP] = CountPaging;
    PagingReads = 0;
    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    assert_status(ZwMapViewOfSection(Section.Handle, NtCurrentProcess(), &View, 0, 0, NULL, &Size, ViewUnmap, 0, PAGE_READONLY), STATUS_SUCCESS);
    assert_int_equal(Size, ROUND_TO_PAGES(FILE_BYTES));
    assert_memory_equal(View, Content, FILE_BYTES);
    assert_int_equal(((PUCHAR)View)[FILE_BYTES], 0);
    assert_true(PagingReads > 0);              /* they enter at the top of the stack, as page faults do */
    assert_status(ZwMapViewOfSection(Section.Handle, NtCurrentProcess(), &Part, 0, 0, &Offset, &PartSize, ViewUnmap, 0, PAGE_WRITECOPY),
        STATUS_SUCCESS);
    assert_int_equal(Offset.QuadPart, 0x10000);
    assert_int_equal(PartSize, PAGE_SIZE);
    assert_memory_equal(Part, Content + 0x10000, PAGE_SIZE < FILE_BYTES - 0x10000 ? PAGE_SIZE : FILE_BYTES - 0x10000);
    *(PUCHAR)Part = 1;
    assert_int_equal(((PUCHAR)View)[0x10000], Content[0x10000]);
    assert_status(ZwUnmapViewOfSection(NtCurrentProcess(), (PUCHAR)Part + 17), STATUS_SUCCESS);
    assert_status(ZwUnmapViewOfSection(NtCurrentProcess(), Part), STATUS_NOT_MAPPED_VIEW);
    Part = NULL;
    PartSize = 0;
    assert_status(ZwMapViewOfSection(Section.Handle, NtCurrentProcess(), &Part, 0, 0, NULL, &PartSize, ViewUnmap, 0, PAGE_READWRITE),
        STATUS_SECTION_PROTECTION);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    Drop(&Section);
    assert_memory_equal(View, Content, FILE_BYTES);   /* the view keeps the section */
    assert_status(MmUnmapViewInSystemSpace(View), STATUS_SUCCESS);
    FltReleaseContext(Context);
}

static void
test_fltmgr_section__F_16_a_section_keeps_the_stream(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFILE_OBJECT Other = Open("\\dir\\kept");
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    SIZE_T Size = 0;
    PVOID View;

    WriteAll(Other, 0);
    assert_status(Scan(TOP, Other, Context, &Section), STATUS_SUCCESS);
    FltReleaseContext(Context);
    IopCloseFile(Other);
    assert_int_equal(Cleanups, 0);
    assert_status(MmMapViewInSystemSpace(Section.Object, &View, &Size), STATUS_SUCCESS);
    assert_memory_equal(View, Content, FILE_BYTES);
    assert_status(MmUnmapViewInSystemSpace(View), STATUS_SUCCESS);
    FltReferenceContext(Context);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    FltReleaseContext(Context);
    assert_int_equal(Cleanups, 1);
    Drop(&Section);
}

static void
test_fltmgr_section__F_16_K_20_forgotten_at_detach(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    const unsigned Before = vf_finding_count();

    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    FltReleaseContext(Context);
    Detach(TOP);
    assert_int_equal(vf_finding_count(), Before + 1);
    assert_int_equal(Cleanups, 1);
    Drop(&Section);
    Attach(TOP);
    assert_status(FltRegisterForDataScan(InstanceOf(TOP)), STATUS_SUCCESS);
}

static void
test_fltmgr_section__D_11_D_13_in_FltGetContextsEx(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    FLT_RELATED_OBJECTS Objects = { .Size = sizeof(Objects), .Filter = Filters[TOP].Filter, .Volume = Volume, .Instance = InstanceOf(TOP),
        .FileObject = File };
    FLT_RELATED_CONTEXTS_EX Got;
    FLT_RELATED_CONTEXTS Old;

    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    memset(&Got, 0xA5, sizeof(Got));
    assert_status(FltGetContextsEx(&Objects, FLT_ALL_CONTEXTS, sizeof(Got), &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got.SectionContext, Context);
    assert_null(Got.StreamContext);
    assert_int_equal(TinyContextCount(Context), 3);
    FltReleaseContextsEx(sizeof(Got), &Got);
    assert_null(Got.SectionContext);
    assert_int_equal(TinyContextCount(Context), 2);
    FltReleaseContextsEx(sizeof(Got), &Got);
    assert_int_equal(TinyContextCount(Context), 2);
    memset(&Old, 0xA5, sizeof(Old));
    FltGetContexts(&Objects, FLT_SECTION_CONTEXT, &Old);   /* D-10 */
    for (ULONG i = 0; i < sizeof(Old) / sizeof(PVOID); i++) {
        assert_null(((PVOID *)&Old)[i]);
    }
    assert_int_equal(TinyContextCount(Context), 2);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    Drop(&Section);
    FltReleaseContext(Context);
}

/* ---- conflicts ---- */

static _Atomic(ULONG) Conflicts;
static UCHAR ConflictMajor;
static PFLT_CONTEXT ConflictContext;
static PFLT_INSTANCE ConflictInstance;
static LONG ConflictCount;
static BOOLEAN CloseOnConflict;
static PFLT_CONTEXT Early;

static NTSTATUS
OnConflict(PFLT_INSTANCE Instance, PFLT_CONTEXT SectionContext, PFLT_CALLBACK_DATA Data)
{
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    ConflictMajor = Data->Iopb->MajorFunction;
    ConflictContext = SectionContext;
    ConflictInstance = Instance;
    ConflictCount = (LONG)TinyContextCount(SectionContext);
    atomic_fetch_add(&Conflicts, 1);
    if (CloseOnConflict) {
        FltCloseSectionForDataScan(SectionContext);
    }
    return STATUS_SUCCESS;
}

static void
test_fltmgr_section__C_46_conflicting_operations_are_told(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);
    PFILE_OBJECT Writer = Open("\\dir\\scanned"), Stranger = Open("\\dir\\other");
    UCHAR Byte = Content[0];
    IO_STATUS_BLOCK IoStatus;

    Conflicts = 0;
    CloseOnConflict = FALSE;
    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    WriteAll(Writer, 0);                       /* cached: goes with a section */
    WriteAll(Stranger, IRP_NOCACHE);           /* another stream */
    assert_status(SetEnd(FILE_BYTES + 1), STATUS_SUCCESS);
    assert_int_equal(Conflicts, 0);
    assert_status(IopWrite(Writer, &Byte, 1, 0, IRP_NOCACHE, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(Conflicts, 1);
    assert_int_equal(ConflictMajor, IRP_MJ_WRITE);
    assert_ptr_equal(ConflictContext, Context);
    assert_ptr_equal(ConflictInstance, InstanceOf(TOP));
    assert_int_equal(ConflictCount, 3);        /* FltMgr's own reference on top */
    CloseOnConflict = TRUE;
    assert_status(SetEnd(FILE_BYTES), STATUS_SUCCESS);
    assert_int_equal(Conflicts, 2);
    assert_int_equal(ConflictMajor, IRP_MJ_SET_INFORMATION);
    assert_int_equal(TinyContextCount(Context), 1);
    assert_status(IopWrite(Writer, &Byte, 1, 0, IRP_NOCACHE, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(Conflicts, 2);            /* closed: not synchronised any more */
    Drop(&Section);
    FltReleaseContext(Context);
    IopCloseFile(Writer);
    IopCloseFile(Stranger);
    assert_int_equal(Cleanups, 1);
}

/* The query that the create makes below TOP is the moment at which somebody writes. */
static FLT_PREOP_CALLBACK_STATUS
WriteDuringCreate(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    IO_STATUS_BLOCK IoStatus;
    UCHAR Byte = Content[0];

    (void)Which;
    (void)Objects;
    if (Data->Iopb->MajorFunction == IRP_MJ_QUERY_INFORMATION && Early != NULL) {
        assert_status(IopWrite(File, &Byte, 1, 0, IRP_NOCACHE, UserMode, &IoStatus), STATUS_SUCCESS);
        Early = NULL;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_section__C_46_told_before_the_create_returns(void **state)
{
    (void)state;
    TxnReset();
    SCAN Section;
    PFLT_CONTEXT Context = NewContext(TOP, FLT_SECTION_CONTEXT);

    Conflicts = 0;
    CloseOnConflict = FALSE;
    Early = Context;
    Pre[BOTTOM] = WriteDuringCreate;
    assert_status(Scan(TOP, File, Context, &Section), STATUS_SUCCESS);
    assert_int_equal(Conflicts, 1);
    assert_ptr_equal(ConflictContext, Context);
    assert_status(FltCloseSectionForDataScan(Context), STATUS_SUCCESS);
    Drop(&Section);
    FltReleaseContext(Context);
}

/* ---- without the filter manager ---- */

static void
test_fltmgr_section__zw_sections(void **state)
{
    (void)state;
    TxnReset();
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = TinyString("\\BaseNamedObjects\\shared"), Path = TinyString(VOLUME_NAME "\\dir\\scanned");
    LARGE_INTEGER Size = { .QuadPart = 5000 };
    IO_STATUS_BLOCK IoStatus;
    HANDLE One, Two, FileHandle;
    PVOID A = NULL, B = NULL;
    SIZE_T Length = 0, Other = 0;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    assert_status(ZwCreateSection(&One, SECTION_ALL_ACCESS, &Attributes, &Size, PAGE_READWRITE, SEC_COMMIT, NULL), STATUS_SUCCESS);
    assert_status(ZwOpenSection(&Two, SECTION_ALL_ACCESS, &Attributes), STATUS_SUCCESS);
    assert_status(ZwMapViewOfSection(One, NtCurrentProcess(), &A, 0, 0, NULL, &Length, ViewUnmap, 0, PAGE_READWRITE), STATUS_SUCCESS);
    assert_status(ZwMapViewOfSection(Two, NtCurrentProcess(), &B, 0, 0, NULL, &Other, ViewUnmap, 0, PAGE_READONLY), STATUS_SUCCESS);
    assert_int_equal(Length, 0x2000);
    ((PUCHAR)A)[4999] = 42;
    assert_int_equal(((PUCHAR)B)[4999], 42);
    assert_status(ZwUnmapViewOfSection(NtCurrentProcess(), A), STATUS_SUCCESS);
    assert_status(ZwUnmapViewOfSection(NtCurrentProcess(), B), STATUS_SUCCESS);
    assert_status(ZwClose(One), STATUS_SUCCESS);
    assert_status(ZwClose(Two), STATUS_SUCCESS);
    assert_status(ZwOpenSection(&Two, SECTION_ALL_ACCESS, &Attributes), STATUS_OBJECT_NAME_NOT_FOUND);
    InitializeObjectAttributes(&Attributes, &Path, 0, NULL, NULL);
    assert_status(ZwOpenFile(&FileHandle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &IoStatus, FILE_SHARE_VALID_FLAGS,
        FILE_SYNCHRONOUS_IO_NONALERT), STATUS_SUCCESS);
    Size.QuadPart = FILE_BYTES * 2;
    assert_status(ZwCreateSection(&One, SECTION_MAP_READ, NULL, &Size, PAGE_READONLY, SEC_COMMIT, FileHandle), STATUS_SECTION_TOO_BIG);
    assert_status(ZwCreateSection(&One, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, FileHandle), STATUS_SUCCESS);
    A = NULL;
    Length = 10;
    assert_status(ZwMapViewOfSection(One, NtCurrentProcess(), &A, 0, 0, NULL, &Length, ViewUnmap, 0, PAGE_READONLY), STATUS_SUCCESS);
    assert_memory_equal(A, Content, 10);
    assert_status(ZwUnmapViewOfSection(NtCurrentProcess(), A), STATUS_SUCCESS);
    assert_status(ZwClose(One), STATUS_SUCCESS);
    assert_status(ZwClose(FileHandle), STATUS_SUCCESS);
    assert_status(ZwCreateSection(&One, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, NULL), STATUS_INVALID_PARAMETER_4);
}

static int
SectionSetup(void **state)
{
    Filters[TOP].Registration.SectionNotificationCallback = OnConflict;
    if (TxnSetup(state) != 0) {
        return -1;
    }
    File = Open("\\dir\\scanned");
    WriteAll(File, 0);
    return NT_SUCCESS(FltRegisterForDataScan(InstanceOf(TOP))) ? 0 : -1;
}

static int
SectionTeardown(void **state)
{
    IopCloseFile(File);
    return BedTeardown(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(section__C_40_register_first),
        T(section__C_40_D_04_volumes_without_data_scans),
        T(section__C_41_C_44_references),
        T(section__C_42_one_per_stream_and_instance),
        T(section__C_43_refusals_leave_the_context_alone),
        T(section__C_45_K_19_delete_is_a_finding),
        T(section__C_40_views_hold_the_file),
        T(section__F_16_a_section_keeps_the_stream),
        T(section__F_16_K_20_forgotten_at_detach),
        T(section__D_11_D_13_in_FltGetContextsEx),
        T(section__C_46_conflicting_operations_are_told),
        T(section__C_46_told_before_the_create_returns),
        T(section__zw_sections),
    };
    return cmocka_run_group_tests(tests, SectionSetup, SectionTeardown);
}

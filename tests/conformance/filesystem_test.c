/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section H: what the file system provides, and what it does not. */
#include "bed.h"

#include "fs/memfs/mfs.h"
#include "fsrtl/fsrtlp.h"

static const FLT_CONTEXT_TYPE Three[] = { FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT, FLT_FILE_CONTEXT };

/* A row of the matrix: what the queries say and what the set routines do must be the same. */
static void
assert_support_at(TARGET To, BOOLEAN Stream, BOOLEAN Handle, BOOLEAN PerFile, BOOLEAN Emulated, int Line)
{
    const BOOLEAN Want[] = { Stream, Handle, PerFile || Emulated };

    if (FltSupportsStreamContexts(To.File) != Stream || FltSupportsStreamHandleContexts(To.File) != Handle ||
        FltSupportsFileContexts(To.File) != PerFile || FltSupportsFileContextsEx(To.File, NULL) != PerFile ||
        FltSupportsFileContextsEx(To.File, To.Instance) != (PerFile || Emulated)) {
        print_error("%s:%d: another answer\n", __FILE__, Line);
        _fail(__FILE__, Line);
    }
    for (ULONG i = 0; i < 3; i++) {
        PFLT_CONTEXT Context = NewOf(To.Filter, Three[i]);
        assert_status_at(SetOn(To, Three[i], KEEP, Context, NULL), Want[i] ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED, __FILE__, Line);
        assert_count_at(Context, Want[i] ? 2 : 1, __FILE__, Line);
        FltReleaseContext(Context);
        DeleteOn(To, Three[i], NULL);
    }
}
#define assert_support(To, Stream, Handle, PerFile, Emulated) assert_support_at((To), (Stream), (Handle), (PerFile), (Emulated), __LINE__)

/* ---- H-01: the memory file system's own stream objects ---- */

static ULONG Valid, Premature;

static FLT_PREOP_CALLBACK_STATUS
HeaderPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    Premature += Objects->FileObject->FsContext != NULL;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
HeaderPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    const PFSRTL_ADVANCED_FCB_HEADER Header = Objects->FileObject->FsContext;

    (void)Context;
    (void)Flags;
    if (NT_SUCCESS(Data->IoStatus.Status) && Header != NULL && (Header->Flags & FSRTL_FLAG_ADVANCED_HEADER) && Header->FastMutex != NULL &&
        Header->Version >= FSRTL_FCB_HEADER_V1 && Header->FilterContexts.Flink != NULL) {
        Valid++;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static PFILE_OBJECT
MemoryOpen(PDEVICE_OBJECT Real, const char *Name, ULONG Options)
{
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .Disposition = Name[0] == 0 ? FILE_OPEN : FILE_OPEN_IF, .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT Object = NULL;

    assert_status(IopCreateFile(&Create, &IoStatus, &Object), STATUS_SUCCESS);
    return Object;
}

static PDEVICE_OBJECT Memory;

static void
test_conformance__H_01_headers_of_every_open_class(void **state)
{
    (void)state;
    Fresh();
    PreHook = HeaderPre;
    PostHook = HeaderPost;
    Only = IRP_MJ_CREATE;
    Valid = Premature = 0;
    static const struct { const char *Name; ULONG Options; } Opens[] = { { "\\file", 0 }, { "\\directory", FILE_DIRECTORY_FILE },
        { "\\file:stream", 0 }, { "\\", FILE_DIRECTORY_FILE }, { "", 0 } };
    for (ULONG i = 0; i < RTL_NUMBER_OF(Opens); i++) {
        PFILE_OBJECT Object = MemoryOpen(Memory, Opens[i].Name, Opens[i].Options);
        assert_int_equal(Valid, 2 * (i + 1));  /* two filters */
        IopCloseFile(Object);
    }
    assert_int_equal(Premature, 0);
    Fresh();
}

static void
test_conformance__H_16_headers_are_resident(void **state)
{
    (void)state;
    struct vf_counts Before, After;
    KIRQL Irql;

    Fresh();
    vf_owner_counts(NULL, VF_POOL, &Before);
    PFILE_OBJECT Object = MemoryOpen(Memory, "\\h16", 0);
    vf_owner_counts(NULL, VF_POOL, &After);
    assert_int_equal(After.allocated, Before.allocated);   /* not from any pool that could be paged */
    const PFSRTL_ADVANCED_FCB_HEADER Header = Object->FsContext;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    const BOOLEAN Empty = IsListEmpty(&Header->FilterContexts);
    const LONG Count = Header->FastMutex->Count;
    KeLowerIrql(Irql);
    assert_true(Empty);
    assert_int_equal(Count, 1);
    IopCloseFile(Object);
}

/* ---- H-06: a stream object that is freed without its teardown ---- */

/* What such a file system makes the filter manager lose is lost. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

static void
test_conformance__H_06_K_15_freed_without_teardown(void **state)
{
    (void)state;
    PFILE_OBJECT Object;
    UNICODE_STRING Name = TinyString("\\h06");
    const ULONG Before = Findings("K-15");

    Fresh();
    PFSRTL_ADVANCED_FCB_HEADER Header = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Header), TAG);
    FAST_MUTEX Mutex;
    ExInitializeFastMutex(&Mutex);
    memset(Header, 0, sizeof(*Header));
    FsRtlSetupAdvancedHeader(Header, &Mutex);
    assert_status(IopFileAllocate(Volume->Real, &Name, &Object), STATUS_SUCCESS);
    Object->FsContext = Header;
    Object->FsContext2 = Header;
    PFLT_CONTEXT Context = New(&A, FLT_STREAM_CONTEXT);
    vf_set_level(VF_FULL);                     /* on this level the filter manager's own entries are followed */
    if (__lsan_disable != NULL) {
        __lsan_disable();
    }
    assert_status(SetOn(On(&A, Volume, Object), FLT_STREAM_CONTEXT, KEEP, Context, NULL), STATUS_SUCCESS);
    if (__lsan_enable != NULL) {
        __lsan_enable();
    }
    ExFreePoolWithTag(Header, TAG);            /* FsRtlTeardownPerStreamContexts is missing */
    vf_set_level(VF_STANDARD);
    const ULONG After = Findings("K-15");
    Object->FsContext = Object->FsContext2 = NULL;
    FltDeleteContext(Context);
    FltReleaseContext(Context);
    ObDereferenceObject(Object);
    assert_int_equal(After, Before + 1);
}

/* ---- H-08: teardown with the file system's locks held ---- */

static KIRQL TeardownIrql;

static VOID
IrqlCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    (void)Context;
    (void)Type;
    TeardownIrql = KeGetCurrentIrql();
}

static void
test_conformance__H_08_teardown_at_apc_level(void **state)
{
    (void)state;
    FAST_MUTEX OfFileSystem;

    Fresh();
    PFILE_OBJECT Own = TinyOpen(Volume, "\\h08", NULL);
    PFLT_CONTEXT Context = Linked(On(&A, Volume, Own), FLT_STREAM_CONTEXT);
    ExInitializeFastMutex(&OfFileSystem);
    CleanupHook = IrqlCleanup;
    ExAcquireFastMutex(&OfFileSystem);
    FsRtlTeardownPerStreamContexts(FsRtlGetPerStreamContextPointer(Own));
    ExReleaseFastMutex(&OfFileSystem);
    assert_int_equal(Deaths(Context), 1);
    assert_int_equal(TeardownIrql, APC_LEVEL);
    Fresh();
    TinyClose(Own);
}

static NTSTATUS OpenedInside;

static VOID
OpeningCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    IO_STATUS_BLOCK IoStatus;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = TinyString("\\Device\\HarddiskVolume36\\other");
    HANDLE Handle;

    (void)Context;
    (void)Type;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    OpenedInside = FltCreateFile(A.Filter, NULL, &Handle, FILE_READ_DATA, &Attributes, &IoStatus, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0, NULL, 0, 0);
    if (NT_SUCCESS(OpenedInside)) {
        FltClose(Handle);
    }
}

/* The memory file system holds what it tears the stream down with: a request from in there waits for it on another system. */
static void
test_conformance__H_08_F_07_file_system_called_from_a_stream_teardown(void **state)
{
    (void)state;
    Fresh();
    IopCloseFile(MemoryOpen(Memory, "\\other", 0));
    PFILE_OBJECT Own = MemoryOpen(Memory, "\\h08", 0);
    PFLT_VOLUME Where = FltpVolumeOfDevice(Memory, NULL);
    PFLT_INSTANCE Instance = FltpInstanceFind(A.Filter, Where, NULL);
    Linked((TARGET){ A.Filter, Where, Instance, Own, NULL }, FLT_STREAM_CONTEXT);
    FltpCountRelease(&Instance->Object.References);
    FltpCountRelease(&Where->Object.References);
    const ULONG Before = Findings("K-28");
    CleanupHook = OpeningCleanup;
    IopCloseFile(Own);
    Fresh();
    assert_status(OpenedInside, STATUS_SUCCESS);
    assert_true(Findings("K-28") > Before);
}

/* ---- which object is which ---- */

/* Two share names of a network file system: two stream objects, though the server has one file. */
static void
test_conformance__H_09_the_stream_object_is_the_key(void **state)
{
    (void)state;
    TINY_VOLUME *Network = TinyMount("rdbss");
    PFILE_OBJECT One = TinyOpen(Network, "\\server\\share1\\file", NULL), Two = TinyOpen(Network, "\\server\\share2\\file", NULL),
        Same = TinyOpen(Network, "\\server\\share1\\file", NULL);

    Fresh();
    assert_ptr_not_equal(One->FsContext, Two->FsContext);
    assert_ptr_equal(One->FsContext, Same->FsContext);
    PFLT_CONTEXT Context = Linked(On(&A, Network, One), FLT_STREAM_CONTEXT);
    assert_linked(On(&A, Network, Same), FLT_STREAM_CONTEXT, Context);
    assert_linked(On(&A, Network, Two), FLT_STREAM_CONTEXT, NULL);
    TinyClose(One);
    TinyClose(Two);
    TinyClose(Same);
    TinyDismount(Network);
}

static void
test_conformance__H_11_support_is_per_stream(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL), Normal = TinyOpen(Volume, "\\normal", NULL);
    assert_support(On(&A, Volume, Paging), FALSE, FALSE, FALSE, FALSE);
    assert_support(On(&A, Volume, Normal), TRUE, TRUE, TRUE, FALSE);
    TinyClose(Paging);
    TinyClose(Normal);
}

static void
test_conformance__H_14_no_emulation_where_files_have_streams(void **state)
{
    (void)state;
    TINY_VOLUME *Ntfs = TinyMount("Ntfs");     /* without FileContextSupportPointer */
    PFILE_OBJECT Own = TinyOpen(Ntfs, "\\file", NULL), Alternate = TinyOpen(Ntfs, "\\file:ads", NULL);

    Fresh();
    assert_support(On(&A, Ntfs, Own), TRUE, TRUE, FALSE, FALSE);
    assert_support(On(&A, Ntfs, Alternate), TRUE, TRUE, FALSE, FALSE);
    TinyClose(Own);
    TinyClose(Alternate);
    TinyDismount(Ntfs);
}

static void
test_conformance__H_15_paging_file_with_the_pointer(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);
    assert_true(FsRtlSupportsPerFileContexts(Paging));     /* the macro alone would say yes */
    assert_false(FltSupportsFileContexts(Paging));
    assert_false(FltSupportsFileContextsEx(Paging, TinyInstance(&A, Volume)));
    TinyClose(Paging);
}

static void
test_conformance__D_22_H_17_matrix(void **state)
{
    (void)state;
    TINY_VOLUME *Fat = TinyMount("FastFat");
    static const struct { const char *Name; BOOLEAN Fat, Stream, Handle, PerFile, Emulated; } Rows[] = {
        { "\\file", FALSE, 1, 1, 1, 0 }, { "\\dir", FALSE, 1, 1, 1, 0 }, { "\\file:ads", FALSE, 1, 1, 1, 0 },
        { "\\file", TRUE, 1, 1, 0, 1 }, { "\\dir", TRUE, 1, 1, 0, 1 },
        { "", FALSE, 1, 1, 0, 0 }, { "\\pagefile.sys", FALSE, 0, 0, 0, 0 }, { "\\pagefile.sys", TRUE, 0, 0, 0, 0 } };

    Fresh();
    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        TINY_VOLUME *Where = Rows[i].Fat ? Fat : Volume;
        PFILE_OBJECT Object = TinyOpen(Where, Rows[i].Name, NULL);
        assert_support(On(&A, Where, Object), Rows[i].Stream, Rows[i].Handle, Rows[i].PerFile, Rows[i].Emulated);
        TinyClose(Object);
    }
    /* a stream file object: no handle, FsContext2 NULL */
    PFILE_OBJECT Own = TinyOpen(Volume, "\\file", NULL), Lite;
    UNICODE_STRING Name = TinyString("\\file");
    assert_status(IopFileAllocate(Volume->Real, &Name, &Lite), STATUS_SUCCESS);
    assert_support(On(&A, Volume, Lite), FALSE, FALSE, FALSE, FALSE);      /* not opened */
    Lite->Flags |= FO_STREAM_FILE;
    Lite->FsContext = Own->FsContext;
    assert_support(On(&A, Volume, Lite), TRUE, FALSE, TRUE, FALSE);
    Lite->FsContext = NULL;
    ObDereferenceObject(Lite);
    TinyClose(Own);
    TinyDismount(Fat);
}

static void
test_conformance__todo_A_23_H_17_named_pipes(void **state)
{
    (void)state;
    UNICODE_STRING Pipes = TinyString("\\Device\\NamedPipe");
    PFLT_VOLUME Found = NULL;

    const NTSTATUS Status = FltGetVolumeFromName(A.Filter, &Pipes, &Found);
    if (NT_SUCCESS(Status)) {
        FltObjectDereference(Found);
    }
    todo("there are no volumes of named pipes and mailslots to opt in to", NT_SUCCESS(Status));
}

static int
Setup(void **state)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };

    TinyStart();
    FsRtlpInitialize();                        /* looks at freed pool */
    return BedSetup(state) == 0 && NT_SUCCESS(MfsInitialize()) && NT_SUCCESS(MfsVolumeCreate(36, &Options, &Memory)) ? 0 : -1;
}

static int
Teardown(void **state)
{
    const NTSTATUS Status = MfsVolumeDelete(Memory);

    return BedTeardown(state) == 0 && NT_SUCCESS(Status) ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(H_01_headers_of_every_open_class), R(H_16_headers_are_resident), R(H_06_K_15_freed_without_teardown),
        R(H_08_teardown_at_apc_level), R(H_08_F_07_file_system_called_from_a_stream_teardown), R(H_09_the_stream_object_is_the_key),
        R(H_11_support_is_per_stream), R(H_14_no_emulation_where_files_have_streams), R(H_15_paging_file_with_the_pointer),
        R(D_22_H_17_matrix), R(todo_A_23_H_17_named_pipes),
    };
    return cmocka_run_group_tests_name("conformance", tests, Setup, Teardown);
}

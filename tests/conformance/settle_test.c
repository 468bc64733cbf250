/* SPDX-License-Identifier: MIT */
/* ctest-labels: concurrent;conformance */
/* Section C: sets against the end of their target, and what holds for each type. */
#include "bed.h"

#include "fs/memfs/mfs.h"

static ULONG Rounds = 300;

/* ---- C-28: against the last close, and against a detach ---- */

typedef struct RACE { PFILE_OBJECT File; PFLT_INSTANCE Instance; _Atomic(LONG) Ready, Go; NTSTATUS Status; } RACE;

static void
SetThread(void *Argument)
{
    RACE *Race = Argument;
    PFLT_CONTEXT Context = NULL;

    FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPool, &Context);
    Race->Ready = 1;
    while (!Race->Go) {
        port_yield();
    }
    Race->Status = FltSetStreamContext(Race->Instance, Race->File, KEEP, Context, NULL);
    FltReleaseContext(Context);
    FltObjectDereference(Race->Instance);
}

static void
test_conformance__C_28_set_against_detach(void **state)
{
    (void)state;
    ULONG Won = 0, Lost = 0;

    Fresh();
    for (ULONG i = 0; i < Rounds; i++) {
        RACE Race = { .File = File, .Instance = TinyInstance(&A, Volume) };
        const LONG Before = Cleanups;
        assert_status(FltObjectReference(Race.Instance), STATUS_SUCCESS);
        struct port_thread *Thread = Start(SetThread, &Race);
        WaitFor(&Race.Ready, 1);
        Race.Go = 1;
        for (volatile ULONG n = 0; n < (i % 2 ? i * 40 % 4000 : i * 97 % 30000); n++) {
        }
        Detach(&A, Volume);
        port_thread_join(Thread);
        assert_true(Race.Status == STATUS_SUCCESS || Race.Status == STATUS_FLT_DELETING_OBJECT);
        Won += Race.Status == STATUS_SUCCESS;
        Lost += Race.Status != STATUS_SUCCESS;
        assert_int_equal(Cleanups, Before + 1);    /* set or not, it is gone with the instance */
        Attach(&A, Volume);
        assert_linked(HERE, FLT_STREAM_CONTEXT, NULL);
    }
    print_message("%u sets came first, %u the detach\n", (unsigned)Won, (unsigned)Lost);
}

static void
TeardownThread(void *Argument)
{
    RACE *Race = Argument;

    Race->Ready = 1;
    while (!Race->Go) {
        port_yield();
    }
    FsRtlTeardownPerStreamContexts(FsRtlGetPerStreamContextPointer(Race->File));
}

/* The file system tears the stream's contexts down while a set is under way. */
static void
test_conformance__C_28_set_against_stream_teardown(void **state)
{
    (void)state;
    Fresh();
    for (ULONG i = 0; i < Rounds; i++) {
        PFILE_OBJECT Own = TinyOpen(Volume, "\\race", NULL);
        RACE Race = { .File = Own, .Instance = TinyInstance(&A, Volume) };
        const LONG Before = Cleanups;
        PFLT_CONTEXT Context;
        FltAllocateContext(A.Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPool, &Context);
        struct port_thread *Thread = Start(TeardownThread, &Race);
        WaitFor(&Race.Ready, 1);
        Race.Go = 1;
        for (volatile ULONG n = 0; n < i * 40 % 4000; n++) {
        }
        NTSTATUS Status = FltSetStreamContext(Race.Instance, Own, KEEP, Context, NULL);
        port_thread_join(Thread);
        assert_true(Status == STATUS_SUCCESS || Status == STATUS_NOT_SUPPORTED);
        FltReleaseContext(Context);
        TinyClose(Own);
        assert_int_equal(Cleanups, Before + 1);
    }
}

/* Two streams of a file, each on its own thread: the file gets one context, not one by way of each stream. */
typedef struct SIDE { PFILE_OBJECT File; _Atomic(LONG) *Ready, *Go; NTSTATUS Status; PFLT_CONTEXT Context, Old; } SIDE;

static void
KeepThread(void *Argument)
{
    SIDE *Side = Argument;

    atomic_fetch_add(Side->Ready, 1);
    while (!*Side->Go) {
    }
    Side->Status = FltSetFileContext(TinyInstance(&A, Volume), Side->File, KEEP, Side->Context, &Side->Old);
}

static void
test_conformance__C_26_C_35_one_file_context_through_two_streams(void **state)
{
    (void)state;
    Fresh();
    for (ULONG i = 0; i < Rounds; i++) {
        _Atomic(LONG) Ready = 0, Go = 0;
        SIDE Sides[2] = { { .File = TinyOpen(Volume, "\\sides", NULL) }, { .File = TinyOpen(Volume, "\\sides:b", NULL) } };
        struct port_thread *Threads[2];
        LifeCount = 0;
        for (ULONG n = 0; n < 2; n++) {
            Sides[n].Ready = &Ready;
            Sides[n].Go = &Go;
            Sides[n].Context = New(&A, FLT_FILE_CONTEXT);
            Threads[n] = Start(KeepThread, &Sides[n]);
        }
        WaitFor(&Ready, 2);
        Go = 1;
        port_thread_join(Threads[0]);
        port_thread_join(Threads[1]);
        const ULONG Winner = Sides[0].Status == STATUS_SUCCESS ? 0 : 1;
        assert_status(Sides[Winner].Status, STATUS_SUCCESS);
        assert_status(Sides[1 - Winner].Status, STATUS_FLT_CONTEXT_ALREADY_DEFINED);
        assert_ptr_equal(Sides[1 - Winner].Old, Sides[Winner].Context);
        FltReleaseContext(Sides[1 - Winner].Old);
        for (ULONG n = 0; n < 2; n++) {
            FltReleaseContext(Sides[n].Context);
            TinyClose(Sides[n].File);
        }
        assert_int_equal(Deaths(Sides[0].Context) + Deaths(Sides[1].Context), 2);
    }
}

/* ---- types ---- */

static void
test_conformance__C_29_D_06_volume_contexts_by_filter(void **state)
{
    (void)state;
    Fresh();
    PFLT_CONTEXT OfA = New(&A, FLT_VOLUME_CONTEXT), OfB = New(&B, FLT_VOLUME_CONTEXT), Got;

    assert_status(FltSetVolumeContext(FltVolume, KEEP, OfA, NULL), STATUS_SUCCESS);
    assert_status(FltGetVolumeContext(B.Filter, FltVolume, &Got), STATUS_NOT_FOUND);
    assert_null(Got);
    assert_status(FltSetVolumeContext(FltVolume, KEEP, OfB, NULL), STATUS_SUCCESS);
    assert_linked(HERE, FLT_VOLUME_CONTEXT, OfA);
    assert_linked(On(&B, Volume, NULL), FLT_VOLUME_CONTEXT, OfB);
    assert_status(FltDeleteVolumeContext(A.Filter, FltVolume, NULL), STATUS_SUCCESS);
    assert_linked(On(&B, Volume, NULL), FLT_VOLUME_CONTEXT, OfB);
    FltReleaseContext(OfA);
    FltReleaseContext(OfB);
    assert_status(FltDeleteVolumeContext(B.Filter, FltVolume, NULL), STATUS_SUCCESS);
}

/* As swapBuffers does: set with KEEP at each set-up, ALREADY_DEFINED is success. */
static NTSTATUS SetupSet;
static NTSTATUS
VolumeSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    (void)Flags;
    if (Objects->Filter == A.Filter) {
        PFLT_CONTEXT Context = New(&A, FLT_VOLUME_CONTEXT);
        SetupSet = FltSetVolumeContext(Objects->Volume, KEEP, Context, NULL);
        FltReleaseContext(Context);
    }
    return STATUS_SUCCESS;
}

static void
test_conformance__C_30_volume_contexts_outlive_the_detach(void **state)
{
    (void)state;
    PFLT_CONTEXT First;

    Fresh();
    Detach(&A, Volume);
    SetupHook = VolumeSetup;
    Attach(&A, Volume);
    assert_status(SetupSet, STATUS_SUCCESS);
    assert_status(FltGetVolumeContext(A.Filter, FltVolume, &First), STATUS_SUCCESS);
    FltReleaseContext(First);
    Detach(&A, Volume);
    assert_int_equal(Deaths(First), 0);
    const TARGET Gone = { A.Filter, FltVolume, NULL, NULL, NULL };
    assert_linked(Gone, FLT_VOLUME_CONTEXT, First);
    Attach(&A, Volume);
    assert_status(SetupSet, STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    assert_linked(Gone, FLT_VOLUME_CONTEXT, First);
    assert_status(FltDeleteVolumeContext(A.Filter, FltVolume, NULL), STATUS_SUCCESS);
    assert_int_equal(Deaths(First), 1);
    Fresh();
}

static PFLT_CONTEXT OfSetup, SeenByThread, SeenByOperation;
static PFLT_INSTANCE SetupInstance;

static void
GetThread(void *Context)
{
    (void)Context;
    FltGetInstanceContext(SetupInstance, &SeenByThread);
}

static NTSTATUS
InstanceSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    (void)Flags;
    if (Objects->Filter == A.Filter) {
        OfSetup = New(&A, FLT_INSTANCE_CONTEXT);
        SetupInstance = Objects->Instance;
        NTSTATUS Status = FltSetInstanceContext(Objects->Instance, KEEP, OfSetup, NULL);
        FltReleaseContext(OfSetup);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        port_thread_join(Start(GetThread, NULL));   /* still inside the callback */
    }
    return STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS
FirstPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    if (Objects->Filter == A.Filter && SeenByOperation == NULL) {
        FltGetInstanceContext(Objects->Instance, &SeenByOperation);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_conformance__C_31_instance_contexts_from_setup_on(void **state)
{
    (void)state;
    Fresh();
    Detach(&A, Volume);
    SetupHook = InstanceSetup;
    PreHook = FirstPre;
    Only = EVERY_MAJOR;
    Attach(&A, Volume);
    assert_ptr_equal(SeenByThread, OfSetup);
    TinyClose(TinyOpen(Volume, "\\c31", NULL));
    assert_ptr_equal(SeenByOperation, OfSetup);
    FltReleaseContext(SeenByThread);
    FltReleaseContext(SeenByOperation);
    Fresh();
    assert_status(FltDeleteInstanceContext(TinyInstance(&A, Volume), NULL), STATUS_SUCCESS);
}

static PFLT_CONTEXT SetInSetup[TYPES];
static ULONG SetInSetupCount, TeardownCalls;

static NTSTATUS
FailingSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    static const FLT_CONTEXT_TYPE Some[] = { FLT_INSTANCE_CONTEXT, FLT_STREAM_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAMHANDLE_CONTEXT, FLT_TRANSACTION_CONTEXT };

    (void)Flags;
    if (Objects->Filter != A.Filter) {
        return STATUS_SUCCESS;
    }
    SetInSetupCount = 0;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Some); i++) {
        const TARGET To = { Objects->Filter, Objects->Volume, Objects->Instance, File, Txn };
        SetInSetup[SetInSetupCount++] = Linked(To, Some[i]);
    }
    return STATUS_FLT_DO_NOT_ATTACH;
}

static VOID
CountTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Objects;
    (void)Reason;
    TeardownCalls++;
}

static void
test_conformance__C_32_setup_that_fails_after_sets(void **state)
{
    (void)state;
    PFLT_INSTANCE Instance = POISON;

    Fresh();
    Detach(&A, Volume);
    SetupHook = FailingSetup;
    StartHook = CompleteHook = CountTeardown;
    TeardownCalls = 0;
    assert_status(FltAttachVolume(A.Filter, FltVolume, NULL, &Instance), STATUS_FLT_DO_NOT_ATTACH);
    assert_null(Instance);
    assert_null(TinyInstance(&A, Volume));
    assert_int_equal(TeardownCalls, 0);
    assert_int_equal(SetInSetupCount, 5);
    for (ULONG i = 0; i < SetInSetupCount; i++) {
        assert_int_equal(Deaths(SetInSetup[i]), 1);
    }
    Fresh();
    Attach(&A, Volume);
}

static void
test_conformance__C_33_H_10_streams_of_a_file(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Again = TinyOpen(Volume, "\\file", NULL), Alternate = TinyOpen(Volume, "\\file:ads", NULL);
    PFLT_CONTEXT Main = Linked(HERE, FLT_STREAM_CONTEXT);

    assert_linked(On(&A, Volume, Again), FLT_STREAM_CONTEXT, Main);
    assert_linked(On(&A, Volume, Alternate), FLT_STREAM_CONTEXT, NULL);
    PFLT_CONTEXT Own = Linked(On(&A, Volume, Alternate), FLT_STREAM_CONTEXT);
    assert_linked(On(&A, Volume, Alternate), FLT_STREAM_CONTEXT, Own);
    assert_linked(HERE, FLT_STREAM_CONTEXT, Main);
    TinyClose(Again);
    TinyClose(Alternate);
    assert_int_equal(Deaths(Own), 1);
    assert_int_equal(Deaths(Main), 0);
    assert_status(Delete(FLT_STREAM_CONTEXT, NULL), STATUS_SUCCESS);
}

static void
test_conformance__C_34_a_handle_context_per_open(void **state)
{
    (void)state;
    Fresh();
    PFILE_OBJECT Again = TinyOpen(Volume, "\\file", NULL);
    PFLT_CONTEXT First = Linked(HERE, FLT_STREAMHANDLE_CONTEXT);

    assert_linked(On(&A, Volume, Again), FLT_STREAMHANDLE_CONTEXT, NULL);
    PFLT_CONTEXT Second = Linked(On(&A, Volume, Again), FLT_STREAMHANDLE_CONTEXT);
    assert_linked(On(&A, Volume, Again), FLT_STREAMHANDLE_CONTEXT, Second);
    assert_linked(HERE, FLT_STREAMHANDLE_CONTEXT, First);
    TinyClose(Again);
    assert_int_equal(Deaths(Second), 1);
    assert_linked(HERE, FLT_STREAMHANDLE_CONTEXT, First);
    assert_status(Delete(FLT_STREAMHANDLE_CONTEXT, NULL), STATUS_SUCCESS);
}

/* ---- links: on the memory file system, which has them ---- */

static PFILE_OBJECT
MemoryOpen(PDEVICE_OBJECT Real, const char *Name)
{
    const IOP_CREATE Create = { .Device = Real, .Name = TinyString(Name), .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | DELETE,
        .Disposition = FILE_OPEN_IF, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT Object = NULL;

    assert_status(IopCreateFile(&Create, &IoStatus, &Object), STATUS_SUCCESS);
    return Object;
}

static void
Link(PFILE_OBJECT From, const char *Name)
{
    union { FILE_LINK_INFORMATION Information; UCHAR Room[200]; } Buffer;
    const UNICODE_STRING Text = TinyString(Name);

    memset(&Buffer, 0, sizeof(Buffer));
    Buffer.Information.FileNameLength = Text.Length;
    memcpy(Buffer.Information.FileName, Text.Buffer, Text.Length);
    assert_status(IopSetInformation(From, FileLinkInformation, &Buffer, sizeof(Buffer), NULL, NULL, UserMode), STATUS_SUCCESS);
}

static void
test_conformance__C_35_H_10_links_share_file_and_stream_contexts(void **state)
{
    (void)state;
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };
    PDEVICE_OBJECT Real;

    Fresh();
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    assert_status(MfsVolumeCreate(35, &Options, &Real), STATUS_SUCCESS);
    PFILE_OBJECT First = MemoryOpen(Real, "\\one");
    Link(First, "\\two");
    PFILE_OBJECT Second = MemoryOpen(Real, "\\two"), Other = MemoryOpen(Real, "\\three"), Alternate = MemoryOpen(Real, "\\one:ads");
    PFLT_VOLUME Where = FltpVolumeOfDevice(Real, NULL);
    PFLT_INSTANCE Instance = FltpInstanceFind(A.Filter, Where, NULL);
    assert_non_null(Instance);
    const TARGET ToFirst = { A.Filter, Where, Instance, First, NULL }, ToSecond = { A.Filter, Where, Instance, Second, NULL },
        ToOther = { A.Filter, Where, Instance, Other, NULL }, ToAlternate = { A.Filter, Where, Instance, Alternate, NULL };
    assert_ptr_equal(First->FsContext, Second->FsContext);
    assert_ptr_not_equal(First->FsContext, Alternate->FsContext);
    PFLT_CONTEXT Stream = Linked(ToFirst, FLT_STREAM_CONTEXT), PerFile = Linked(ToFirst, FLT_FILE_CONTEXT);
    assert_linked(ToSecond, FLT_STREAM_CONTEXT, Stream);
    assert_linked(ToSecond, FLT_FILE_CONTEXT, PerFile);
    assert_linked(ToAlternate, FLT_STREAM_CONTEXT, NULL);
    assert_linked(ToAlternate, FLT_FILE_CONTEXT, PerFile);
    assert_linked(ToOther, FLT_FILE_CONTEXT, NULL);
    IopCloseFile(First);
    assert_linked(ToSecond, FLT_FILE_CONTEXT, PerFile);
    IopCloseFile(Second);
    IopCloseFile(Alternate);
    IopCloseFile(Other);
    assert_int_equal(Deaths(Stream), 1);
    assert_int_equal(Deaths(PerFile), 1);
    FltpCountRelease(&Instance->Object.References);
    FltpCountRelease(&Where->Object.References);
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(C_28_set_against_detach), R(C_28_set_against_stream_teardown), R(C_26_C_35_one_file_context_through_two_streams), R(C_29_D_06_volume_contexts_by_filter),
        R(C_30_volume_contexts_outlive_the_detach), R(C_31_instance_contexts_from_setup_on), R(C_32_setup_that_fails_after_sets),
        R(C_33_H_10_streams_of_a_file), R(C_34_a_handle_context_per_open), R(C_35_H_10_links_share_file_and_stream_contexts),
    };
    return BED_RUN(tests);
}

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent;conformance */
/* Per-stream, per-file and per-file-object contexts: rules H and I of the conformance specification. */
#include "tfs.h"

#include <stdatomic.h>
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "ke/ki.h"
#include "port/port.h"

static int O1, O2, I1, I2;                     /* owner and instance ids are addresses */
static FSRTL_ADVANCED_FCB_HEADER Header;
static FAST_MUTEX Mutex;
static PVOID FilePointer;
static TFS_VOLUME *Volume;

static ULONG FreeCount;
static PVOID FreeLast;

static VOID
Free(PVOID Buffer)
{
    FreeCount++;
    FreeLast = Buffer;
}

static VOID
FreePool(PVOID Buffer)
{
    FreeCount++;
    ExFreePool(Buffer);
}

static int
Reset(void **State)
{
    UNREFERENCED_PARAMETER(State);
    ExInitializeFastMutex(&Mutex);
    memset(&Header, 0, sizeof(Header));
    FilePointer = NULL;
    FsRtlSetupAdvancedHeaderEx(&Header, &Mutex, &FilePointer);
    FreeCount = 0;
    FreeLast = NULL;
    return 0;
}

static VOID
Insert(PFSRTL_PER_STREAM_CONTEXT Context, PVOID Owner, PVOID Instance)
{
    FsRtlInitPerStreamContext(Context, Owner, Instance, Free);
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, Context), STATUS_SUCCESS);
}

/* Code that plays a driver's: it lies in a section that is registered as a module. */
#define DRIVER_CODE __attribute__((section("drivercode"), noinline))
extern const char __start_drivercode[], __stop_drivercode[];

static vf_owner *
DriverOwner(void)
{
    static vf_owner *Owner;

    if (Owner == NULL) {
        Owner = vf_owner_create("contexttest");
        struct port_module Module = {
            .base = (uintptr_t)__start_drivercode, .end = (uintptr_t)__stop_drivercode, .name = "contexttest", .path = "contexttest",
            .owner = Owner};
        assert_int_equal(port_module_register(&Module), 0);
    }
    return Owner;
}

static DRIVER_CODE NTSTATUS
DriverInsert(PFSRTL_ADVANCED_FCB_HEADER Into, PFSRTL_PER_STREAM_CONTEXT Context, PVOID Owner)
{
    FsRtlInitPerStreamContext(Context, Owner, NULL, Free);
    NTSTATUS Status = FsRtlInsertPerStreamContext(Into, Context);
    __asm__ volatile("" ::: "memory");         /* no sibling call: the return address counts */
    return Status;
}

static DRIVER_CODE PVOID
DriverRemove(PVOID Owner)
{
    PVOID Removed = FsRtlRemovePerStreamContext(&Header, Owner, NULL);
    __asm__ volatile("" ::: "memory");
    return Removed;
}

static DRIVER_CODE NTSTATUS
DriverInsertFileObject(PFILE_OBJECT File, PFSRTL_PER_FILEOBJECT_CONTEXT Context)
{
    NTSTATUS Status = FsRtlInsertPerFileObjectContext(File, Context);
    __asm__ volatile("" ::: "memory");
    return Status;
}

static DRIVER_CODE VOID
FreeAndRemove(PVOID Buffer)
{
    Free(Buffer);
    FsRtlRemovePerStreamContext(&Header, &O2, NULL);
    __asm__ volatile("" ::: "memory");
}

static PVOID
RemoveDuring(const char *Operation, PVOID Owner)
{
    struct vf_operation Now = {.operation = Operation, .phase = "dispatch", .owner = DriverOwner()};

    vf_operation_enter(&Now);
    PVOID Removed = DriverRemove(Owner);
    vf_operation_leave(&Now);
    return Removed;
}

static int
Setup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    Volume = TfsVolumeCreate("FsRtlTest");
    DriverOwner();
    return 0;
}

static int
Teardown(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsVolumeDelete(Volume);
    return 0;
}

/* ---- H: the header ---- */

static void
test_fsrtl_context__H_02_setup_keeps_other_bits(void **State)
{
    FSRTL_ADVANCED_FCB_HEADER Own;
    FAST_MUTEX Other;
    UNREFERENCED_PARAMETER(State);
    memset(&Own, 0, sizeof(Own));
    Own.Flags = FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX;
    Own.Flags2 = FSRTL_FLAG2_PURGE_WHEN_MAPPED;
    Own.FastMutex = &Other;
    Own.PushLock = 77;
    Own.FileContextSupportPointer = (PVOID *)&Own;
    FsRtlSetupAdvancedHeader(&Own, NULL);
    assert_int_equal(Own.Flags, FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX | FSRTL_FLAG_ADVANCED_HEADER);
    assert_int_equal(Own.Flags2, FSRTL_FLAG2_PURGE_WHEN_MAPPED | FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS);
    assert_ptr_equal(Own.FastMutex, &Other);
    assert_true(IsListEmpty(&Own.FilterContexts));
    assert_true(Own.Version >= FSRTL_FCB_HEADER_V1);
    assert_int_equal(Own.PushLock, 0);
    assert_null(Own.FileContextSupportPointer);
    FsRtlSetupAdvancedHeader(&Own, &Mutex);
    assert_ptr_equal(Own.FastMutex, &Mutex);
}

static void
test_fsrtl_context__H_03_setup_ex_stores_the_file_pointer(void **State)
{
    PVOID Pointer = NULL;
    UNREFERENCED_PARAMETER(State);
    FsRtlSetupAdvancedHeaderEx(&Header, &Mutex, &Pointer);
    assert_ptr_equal(Header.FileContextSupportPointer, &Pointer);
    FsRtlSetupAdvancedHeaderEx(&Header, &Mutex, NULL);
    assert_null(Header.FileContextSupportPointer);
}

static void
test_fsrtl_context__H_04_lock_is_chosen_by_version(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    /* V1 and later: the fast mutex may be held meanwhile. */
    ExAcquireFastMutex(&Mutex);
    Insert(&Context, &O1, NULL);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &Context);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, NULL), &Context);
    ExReleaseFastMutex(&Mutex);
    /* V3 with an auto-expand push lock: PushLock stays free. */
    Header.AePushLock = FsRtlAllocateAePushLock(NonPagedPool, 'tseT');
    KeEnterCriticalRegion();
    ExAcquirePushLockExclusive(&Header.PushLock);
    Insert(&Context, &O1, NULL);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, NULL), &Context);
    ExReleasePushLockExclusive(&Header.PushLock);
    KeLeaveCriticalRegion();
    FsRtlFreeAePushLock(Header.AePushLock);
    Header.AePushLock = NULL;
    /* V0: the fast mutex. */
    Header.Version = FSRTL_FCB_HEADER_V0;
    Insert(&Context, &O1, NULL);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &Context);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 1);
}

static void
test_fsrtl_context__H_05_a_stream_can_be_opted_out(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    FILE_OBJECT File = {.FsContext = &Header};
    UNREFERENCED_PARAMETER(State);
    Header.Flags2 &= (UCHAR)~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    FsRtlInitPerStreamContext(&Context, &O1, NULL, Free);
    assert_false(FsRtlSupportsPerStreamContexts(&File));
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, &Context), STATUS_INVALID_DEVICE_REQUEST);
    Header.Flags2 |= FSRTL_FLAG2_IS_PAGING_FILE;
    assert_true(FsRtlIsPagingFile(&File));
}

static void
test_fsrtl_context__H_12_file_support_truth_table(void **State)
{
    FILE_OBJECT File = {0};
    UNREFERENCED_PARAMETER(State);
    assert_false(FsRtlSupportsPerFileContexts(&File));
    File.FsContext = &Header;
    assert_true(FsRtlSupportsPerFileContexts(&File));
    Header.Version = FSRTL_FCB_HEADER_V0;
    assert_false(FsRtlSupportsPerFileContexts(&File));
    Header.Version = FSRTL_FCB_HEADER_V1;
    Header.FileContextSupportPointer = NULL;
    assert_false(FsRtlSupportsPerFileContexts(&File));
}

/* ---- I: per stream ---- */

static void
test_fsrtl_context__I_01_init_touches_three_fields(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    memset(&Context, 0xA5, sizeof(Context));
    LIST_ENTRY Links = Context.Links;
    FsRtlInitPerStreamContext(&Context, &O1, &I1, Free);
    assert_memory_equal(&Links, &Context.Links, sizeof(Links));
    assert_ptr_equal(Context.OwnerId, &O1);
    assert_ptr_equal(Context.InstanceId, &I1);
    assert_true(Context.FreeCallback == Free);
    /* NULL owner and NULL callback are findings. */
    ULONG Before = TfsFindings("K-16");
    FsRtlInitPerStreamContext(&Context, NULL, NULL, Free);
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, &Context), STATUS_SUCCESS);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, NULL, NULL), &Context);
    FsRtlInitPerStreamContext(&Context, &O1, NULL, NULL);
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, &Context), STATUS_SUCCESS);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(TfsFindings("K-16"), Before + 2);
}

static void
test_fsrtl_context__I_02_pointer_is_fs_context(void **State)
{
    FILE_OBJECT File = {.FsContext = &Header};
    UNREFERENCED_PARAMETER(State);
    assert_ptr_equal(FsRtlGetPerStreamContextPointer(&File), &Header);
}

static void
test_fsrtl_context__I_03_support_truth_table(void **State)
{
    FILE_OBJECT File = {0};
    UNREFERENCED_PARAMETER(State);
    assert_false(FsRtlSupportsPerStreamContexts(&File));
    File.FsContext = &Header;
    assert_true(FsRtlSupportsPerStreamContexts(&File));
    Header.Flags2 = 0;
    assert_false(FsRtlSupportsPerStreamContexts(&File));
}

static void
test_fsrtl_context__I_04_insert_status(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerStreamContext(&Context, &O1, NULL, Free);
    assert_int_equal(FsRtlInsertPerStreamContext(NULL, &Context), STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, &Context), STATUS_SUCCESS);
    FsRtlTeardownPerStreamContexts(&Header);
    Header.Flags2 = 0;
    assert_int_equal(FsRtlInsertPerStreamContext(&Header, &Context), STATUS_INVALID_DEVICE_REQUEST);
}

static void
test_fsrtl_context__I_05_newest_first(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    Insert(&A, &O1, NULL);
    Insert(&B, &O1, NULL);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &B);
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_06_duplicates_are_allowed(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    Insert(&A, &O1, &I1);
    Insert(&B, &O1, &I1);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, &I1), &B);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, &I1), &A);
    assert_null(FsRtlRemovePerStreamContext(&Header, &O1, &I1));
}

static void
test_fsrtl_context__I_07_double_insert_is_reported(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    ULONG Before = TfsFindings("K-16");
    DriverInsert(&Header, &A, &O1);
    DriverInsert(&Header, &B, &O2);
    DriverInsert(&Header, &A, &O1);
    assert_int_equal(TfsFindings("K-16"), Before + 1);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 2);            /* the list has not been tied into a knot */
}

static void
test_fsrtl_context__I_08_lookup_macro_conditions(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    PFSRTL_ADVANCED_FCB_HEADER None = NULL;
    UNREFERENCED_PARAMETER(State);
    assert_null(FsRtlLookupPerStreamContext(None, &O1, NULL));
    assert_null(FsRtlLookupPerStreamContext(&Header, &O1, NULL));
    Insert(&Context, &O1, NULL);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &Context);
    Header.Flags2 = 0;
    assert_null(FsRtlLookupPerStreamContext(&Header, &O1, NULL));
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_09_match_rules(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B, C;
    UNREFERENCED_PARAMETER(State);
    Insert(&C, &O2, &I1);
    Insert(&B, &O1, &I2);
    Insert(&A, &O1, &I1);                      /* list: A B C */
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, NULL, NULL), &A);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &A);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, &I1), &A);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, &I2), &B);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O2, NULL), &C);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O2, &I1), &C);
    assert_null(FsRtlLookupPerStreamContext(&Header, &O2, &I2));
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_10_instance_without_owner(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    Insert(&Context, &O1, &I1);
    ULONG Before = TfsFindings("K-16");
    assert_null(FsRtlLookupPerStreamContext(&Header, NULL, &I1));
    assert_null(FsRtlRemovePerStreamContext(&Header, NULL, &I1));
    assert_int_equal(TfsFindings("K-16"), Before + 2);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 1);
}

static void
test_fsrtl_context__I_11_lookup_does_not_reorder(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    Insert(&A, &O1, NULL);
    Insert(&B, &O2, NULL);
    for (ULONG i = 0; i < 5; i++) {
        FsRtlLookupPerStreamContext(&Header, &O1, NULL);
    }
    assert_ptr_equal(Header.FilterContexts.Flink, &B.Links);
    assert_ptr_equal(B.Links.Flink, &A.Links);
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_12_remove_does_not_free(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    Insert(&A, &O1, &I1);
    Insert(&B, &O1, &I2);
    assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, &I1), &A);
    assert_null(FsRtlRemovePerStreamContext(&Header, &O1, &I1));
    assert_int_equal(FreeCount, 0);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &B);
    Header.Flags2 &= (UCHAR)~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    assert_null(FsRtlRemovePerStreamContext(&Header, &O1, NULL));
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_13_remove_in_callback_or_close_is_reported(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    ULONG Before = TfsFindings("K-17");
    Insert(&B, &O2, NULL);
    Insert(&A, &O1, NULL);
    A.FreeCallback = FreeAndRemove;
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 1);            /* no deadlock; B was removed, not freed */
    assert_int_equal(TfsFindings("K-17"), Before + 1);
    Insert(&A, &O1, NULL);
    assert_ptr_equal(RemoveDuring("IRP_MJ_CLOSE", &O1), &A);
    assert_int_equal(TfsFindings("K-17"), Before + 2);
    Insert(&A, &O1, NULL);
    assert_ptr_equal(RemoveDuring("IRP_MJ_CLEANUP", &O1), &A);
    assert_int_equal(TfsFindings("K-17"), Before + 2);
}

static void
test_fsrtl_context__I_14_every_entry_is_freed_once(void **State)
{
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < 10; i++) {
        PFSRTL_PER_STREAM_CONTEXT Context = ExAllocatePoolWithTag(PagedPool, sizeof(*Context), 'tseT');
        FsRtlInitPerStreamContext(Context, &O1, NULL, FreePool);
        assert_int_equal(FsRtlInsertPerStreamContext(&Header, Context), STATUS_SUCCESS);
    }
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 10);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 10);
}

/* A callback and another thread that removes entries: no deadlock, every entry exactly once. */
typedef struct RACE_ENTRY {
    FSRTL_PER_STREAM_CONTEXT Context;
    atomic_int Seen;
} RACE_ENTRY;
static RACE_ENTRY RaceEntries[64];
static atomic_bool RaceGo;

static VOID
RaceFree(PVOID Buffer)
{
    atomic_fetch_add(&CONTAINING_RECORD((PFSRTL_PER_STREAM_CONTEXT)Buffer, RACE_ENTRY, Context)->Seen, 1);
    port_yield();
}

static void
RaceRemover(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (!atomic_load(&RaceGo)) {
        port_yield();
    }
    for (;;) {
        PFSRTL_PER_STREAM_CONTEXT Removed = FsRtlRemovePerStreamContext(&Header, &O1, NULL);
        if (Removed == NULL) {
            return;
        }
        atomic_fetch_add(&CONTAINING_RECORD(Removed, RACE_ENTRY, Context)->Seen, 1);
    }
}

static void
test_fsrtl_context__I_14_teardown_races_with_remove(void **State)
{
    UNREFERENCED_PARAMETER(State);
    for (ULONG Round = 0; Round < 100; Round++) {
        port_thread *Thread;
        memset(RaceEntries, 0, sizeof(RaceEntries));
        atomic_store(&RaceGo, false);
        for (ULONG i = 0; i < ARRAYSIZE(RaceEntries); i++) {
            FsRtlInitPerStreamContext(&RaceEntries[i].Context, &O1, NULL, RaceFree);
            FsRtlInsertPerStreamContext(&Header, &RaceEntries[i].Context);
        }
        assert_int_equal(port_thread_start(&Thread, RaceRemover, NULL, "remover"), 0);
        atomic_store(&RaceGo, true);
        FsRtlTeardownPerStreamContexts(&Header);
        port_thread_join(Thread);
        for (ULONG i = 0; i < ARRAYSIZE(RaceEntries); i++) {
            assert_int_equal(atomic_load(&RaceEntries[i].Seen), 1);
        }
        assert_true(IsListEmpty(&Header.FilterContexts));
    }
}

static FSRTL_PER_STREAM_CONTEXT LateEntry;

static VOID
FreeAndInsert(PVOID Buffer)
{
    Free(Buffer);
    FsRtlInitPerStreamContext(&LateEntry, &O2, NULL, Free);
    FsRtlInsertPerStreamContext(&Header, &LateEntry);
}

static void
test_fsrtl_context__I_15_entries_inserted_meanwhile_go_too(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A;
    UNREFERENCED_PARAMETER(State);
    Insert(&A, &O1, NULL);
    A.FreeCallback = FreeAndInsert;
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 2);
    assert_ptr_equal(FreeLast, &LateEntry);
    assert_true(IsListEmpty(&Header.FilterContexts));
}

static KIRQL FreeIrql;

static VOID
FreeNoteIrql(PVOID Buffer)
{
    FreeIrql = KeGetCurrentIrql();
    Free(Buffer);
}

static void
test_fsrtl_context__I_16_callback_gets_the_entry_at_passive_level(void **State)
{
    struct {
        int Front;
        FSRTL_PER_STREAM_CONTEXT Context;
    } Outer;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerStreamContext(&Outer.Context, &O1, NULL, FreeNoteIrql);
    FsRtlInsertPerStreamContext(&Header, &Outer.Context);
    FreeIrql = HIGH_LEVEL;
    FsRtlTeardownPerStreamContexts(&Header);
    assert_ptr_equal(FreeLast, &Outer.Context);
    assert_int_equal(FreeIrql, PASSIVE_LEVEL);
}

static void
test_fsrtl_context__I_17_overwritten_while_linked_is_reported(void **State)
{
    FSRTL_PER_STREAM_CONTEXT A, B, C;
    UNREFERENCED_PARAMETER(State);
    DriverInsert(&Header, &A, &O1);
    DriverInsert(&Header, &B, &O1);
    DriverInsert(&Header, &C, &O2);
    ULONG Before = TfsFindings("K-16");
    memset(&B, 0x6B, sizeof(B));               /* what a pool does to freed memory */
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(TfsFindings("K-16"), Before + 1);
    assert_int_equal(FreeCount, 2);            /* A and C, and no pointer out of B was followed */
}

static void
test_fsrtl_context__I_17_freed_while_linked_is_reported(void **State)
{
    PFSRTL_PER_STREAM_CONTEXT Freed = ExAllocatePoolWithTag(PagedPool, sizeof(*Freed), 'tseT');
    FSRTL_PER_STREAM_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    DriverInsert(&Header, &A, &O1);
    DriverInsert(&Header, Freed, &O1);
    DriverInsert(&Header, &B, &O2);
    ULONG Before = TfsFindings("K-16");
    ExFreePool(Freed);
    assert_int_equal(TfsFindings("K-16"), Before + 1);
    FsRtlTeardownPerStreamContexts(&Header);   /* does not touch it again */
    assert_int_equal(TfsFindings("K-16"), Before + 1);
    assert_int_equal(FreeCount, 2);
}

static void
test_fsrtl_context__I_18_nothing_before_the_create_has_succeeded(void **State)
{
    FILE_OBJECT File = {0};
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerStreamContext(&Context, &O1, NULL, Free);
    assert_int_equal(FsRtlInsertPerStreamContext(FsRtlGetPerStreamContextPointer(&File), &Context), STATUS_INVALID_DEVICE_REQUEST);
}

static void
test_fsrtl_context__I_19_null_instance_is_found_by_owner(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    Insert(&Context, &O1, NULL);
    assert_ptr_equal(FsRtlLookupPerStreamContext(&Header, &O1, NULL), &Context);
    assert_null(FsRtlLookupPerStreamContext(&Header, &O1, &I1));
    FsRtlTeardownPerStreamContexts(&Header);
}

static void
test_fsrtl_context__I_20_teardown_ignores_the_support_flag(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    Insert(&Context, &O1, NULL);
    Header.Flags2 &= (UCHAR)~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 1);
}

/* ---- I: per file ---- */

static void
test_fsrtl_context__I_21_file_pointer_truth_table(void **State)
{
    FILE_OBJECT File = {.FsContext = &Header};
    FSRTL_PER_FILE_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    assert_ptr_equal(FsRtlGetPerFileContextPointer(&File), &FilePointer);
    Header.FileContextSupportPointer = NULL;
    assert_null(FsRtlGetPerFileContextPointer(&File));
    FsRtlInitPerFileContext(&Context, &O1, &I1, Free);
    assert_ptr_equal(Context.OwnerId, &O1);
    assert_ptr_equal(Context.InstanceId, &I1);
    assert_true(Context.FreeCallback == Free);
}

static void
test_fsrtl_context__I_22_file_insert_status(void **State)
{
    FSRTL_PER_FILE_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerFileContext(&Context, &O1, NULL, Free);
    assert_int_equal(FsRtlInsertPerFileContext(NULL, &Context), STATUS_INVALID_DEVICE_REQUEST);
    vf_inject_add("FsRtlInsertPerFileContext", NULL, 1, 0);
    assert_int_equal(FsRtlInsertPerFileContext(&FilePointer, &Context), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(FilePointer);
    vf_inject_clear();
    assert_int_equal(FsRtlInsertPerFileContext(&FilePointer, &Context), STATUS_SUCCESS);
    assert_non_null(FilePointer);
    FsRtlTeardownPerFileContexts(&FilePointer);
}

static void
test_fsrtl_context__I_23_file_lookup_and_remove(void **State)
{
    FSRTL_PER_FILE_CONTEXT A, B, C;
    UNREFERENCED_PARAMETER(State);
    assert_null(FsRtlLookupPerFileContext(NULL, &O1, NULL));
    assert_null(FsRtlLookupPerFileContext(&FilePointer, &O1, NULL));
    assert_null(FsRtlRemovePerFileContext(&FilePointer, &O1, NULL));
    FsRtlInitPerFileContext(&A, &O1, &I1, Free);
    FsRtlInitPerFileContext(&B, &O1, &I2, Free);
    FsRtlInitPerFileContext(&C, &O2, &I1, Free);
    FsRtlInsertPerFileContext(&FilePointer, &C);
    FsRtlInsertPerFileContext(&FilePointer, &B);
    FsRtlInsertPerFileContext(&FilePointer, &A);
    assert_ptr_equal(FsRtlLookupPerFileContext(&FilePointer, NULL, NULL), &A);
    assert_ptr_equal(FsRtlLookupPerFileContext(&FilePointer, &O1, &I2), &B);
    assert_ptr_equal(FsRtlLookupPerFileContext(&FilePointer, &O2, NULL), &C);
    assert_null(FsRtlLookupPerFileContext(&FilePointer, NULL, &I1));
    assert_ptr_equal(FsRtlRemovePerFileContext(&FilePointer, &O1, NULL), &A);
    assert_ptr_equal(FsRtlRemovePerFileContext(&FilePointer, &O1, &I2), &B);
    assert_null(FsRtlRemovePerFileContext(&FilePointer, &O1, NULL));
    assert_int_equal(FreeCount, 0);
    FsRtlTeardownPerFileContexts(&FilePointer);
    assert_int_equal(FreeCount, 1);
}

static VOID
FreeAndLookupFile(PVOID Buffer)
{
    Free(Buffer);
    FsRtlLookupPerFileContext(&FilePointer, &O1, NULL);
    FsRtlRemovePerFileContext(&FilePointer, &O2, NULL);
}

static void
test_fsrtl_context__I_24_file_teardown_twice(void **State)
{
    FSRTL_PER_FILE_CONTEXT A, B;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerFileContext(&B, &O2, NULL, Free);
    FsRtlInitPerFileContext(&A, &O1, NULL, FreeAndLookupFile);
    FsRtlInsertPerFileContext(&FilePointer, &B);
    FsRtlInsertPerFileContext(&FilePointer, &A);
    FsRtlTeardownPerFileContexts(&FilePointer);
    assert_int_equal(FreeCount, 1);            /* the callback of A took B out; the lock was not held */
    assert_null(FilePointer);
    FsRtlTeardownPerFileContexts(&FilePointer);
    assert_int_equal(FreeCount, 1);
}

static void
test_fsrtl_context__I_25_stream_teardown_leaves_file_contexts(void **State)
{
    FSRTL_PER_STREAM_CONTEXT Stream;
    FSRTL_PER_FILE_CONTEXT File;
    UNREFERENCED_PARAMETER(State);
    Insert(&Stream, &O1, NULL);
    FsRtlInitPerFileContext(&File, &O1, NULL, Free);
    FsRtlInsertPerFileContext(&FilePointer, &File);
    FsRtlTeardownPerStreamContexts(&Header);
    assert_int_equal(FreeCount, 1);
    assert_ptr_equal(FsRtlLookupPerFileContext(&FilePointer, &O1, NULL), &File);
    FsRtlTeardownPerFileContexts(&FilePointer);
    assert_int_equal(FreeCount, 2);
}

/* ---- I: per file object ---- */

static void
test_fsrtl_context__I_26_file_object_insert_status(void **State)
{
    FSRTL_PER_FILEOBJECT_CONTEXT Context;
    FILE_OBJECT OnStack = {0};
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    FsRtlInitPerFileObjectContext(&Context, &O1, NULL);
    assert_int_equal(FsRtlInsertPerFileObjectContext(NULL, &Context), STATUS_INVALID_PARAMETER);
    assert_int_equal(FsRtlInsertPerFileObjectContext(&OnStack, &Context), STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    assert_int_equal(FsRtlInsertPerFileObjectContext(File, &Context), STATUS_SUCCESS);
    assert_ptr_equal(FsRtlRemovePerFileObjectContext(File, &O1, NULL), &Context);
    IopCloseFile(File);
}

static void
test_fsrtl_context__I_27_entries_left_at_the_end_are_reported(void **State)
{
    FSRTL_PER_FILEOBJECT_CONTEXT Left, Gone;
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    ULONG Before = TfsFindings("K-18");
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    FsRtlInitPerFileObjectContext(&Left, &O1, NULL);
    FsRtlInitPerFileObjectContext(&Gone, &O2, NULL);
    FsRtlInsertPerFileObjectContext(File, &Left);
    FsRtlInsertPerFileObjectContext(File, &Gone);
    FsRtlRemovePerFileObjectContext(File, &O2, NULL);
    IopCloseFile(File);
    assert_int_equal(TfsFindings("K-18"), Before + 1);
}

static void
test_fsrtl_context__I_28_file_object_match_rules(void **State)
{
    FSRTL_PER_FILEOBJECT_CONTEXT A, B, C;
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    FsRtlInitPerFileObjectContext(&A, &O1, &I1);
    FsRtlInitPerFileObjectContext(&B, &O1, &I2);
    FsRtlInitPerFileObjectContext(&C, &O2, &I1);
    FsRtlInsertPerFileObjectContext(File, &C);
    FsRtlInsertPerFileObjectContext(File, &B);
    FsRtlInsertPerFileObjectContext(File, &A);
    assert_ptr_equal(FsRtlLookupPerFileObjectContext(File, NULL, NULL), &A);
    assert_ptr_equal(FsRtlLookupPerFileObjectContext(File, &O1, &I2), &B);
    assert_ptr_equal(FsRtlLookupPerFileObjectContext(File, &O2, NULL), &C);
    assert_null(FsRtlLookupPerFileObjectContext(File, &O2, &I2));
    assert_null(FsRtlLookupPerFileObjectContext(NULL, &O1, NULL));
    assert_ptr_equal(FsRtlRemovePerFileObjectContext(File, &O1, NULL), &A);
    assert_ptr_equal(FsRtlRemovePerFileObjectContext(File, &O1, NULL), &B);
    assert_null(FsRtlRemovePerFileObjectContext(File, &O1, NULL));
    assert_ptr_equal(FsRtlRemovePerFileObjectContext(File, NULL, NULL), &C);
    IopCloseFile(File);
}

static BOOLEAN
IsMinifilter(vf_owner *Owner)
{
    return Owner == DriverOwner();
}

static void
test_fsrtl_context__I_29_minifilters_are_noted(void **State)
{
    FSRTL_PER_FILEOBJECT_CONTEXT Context;
    PFILE_OBJECT File;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(TfsOpen(Volume, L"\\a", &File), STATUS_SUCCESS);
    FsRtlInitPerFileObjectContext(&Context, &O1, NULL);
    FsRtlpSetMinifilterTest(IsMinifilter);
    ULONG Before = TfsFindings("FS-01");
    assert_int_equal(DriverInsertFileObject(File, &Context), STATUS_SUCCESS);
    assert_int_equal(TfsFindings("FS-01"), Before + 1);
    FsRtlpSetMinifilterTest(NULL);
    FsRtlRemovePerFileObjectContext(File, &O1, NULL);
    IopCloseFile(File);
}

/* ---- K-15, and lookups while others change the list ---- */

static void
test_fsrtl_context__K_15_stream_freed_without_teardown(void **State)
{
    PFSRTL_ADVANCED_FCB_HEADER Own = ExAllocatePoolWithTag(PagedPool, sizeof(*Own), 'tseT');
    FSRTL_PER_STREAM_CONTEXT Context;
    UNREFERENCED_PARAMETER(State);
    memset(Own, 0, sizeof(*Own));
    FsRtlSetupAdvancedHeader(Own, &Mutex);
    assert_int_equal(DriverInsert(Own, &Context, &O1), STATUS_SUCCESS);
    ULONG Before = TfsFindings("K-15");
    ExFreePool(Own);
    assert_int_equal(TfsFindings("K-15"), Before + 1);
}

static atomic_bool StormStop;

static void
StormLookup(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (!atomic_load(&StormStop)) {
        PFSRTL_PER_STREAM_CONTEXT Found = FsRtlLookupPerStreamContext(&Header, &O2, NULL);
        assert_true(Found == NULL || Found->OwnerId == &O2);
    }
}

static void
test_fsrtl_context__I_11_shared_lookups_run_beside_changes(void **State)
{
    static FSRTL_PER_STREAM_CONTEXT Fixed, Moving;
    port_thread *Threads[3];
    UNREFERENCED_PARAMETER(State);
    Insert(&Fixed, &O2, NULL);
    atomic_store(&StormStop, false);
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        assert_int_equal(port_thread_start(&Threads[i], StormLookup, NULL, "lookup"), 0);
    }
    for (ULONG i = 0; i < 3000; i++) {
        Insert(&Moving, &O1, NULL);
        assert_ptr_equal(FsRtlRemovePerStreamContext(&Header, &O1, NULL), &Moving);
    }
    atomic_store(&StormStop, true);
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        port_thread_join(Threads[i]);
    }
    FsRtlTeardownPerStreamContexts(&Header);
}

#define TEST(Name) cmocka_unit_test_setup(test_fsrtl_context__##Name, Reset)
int
main(void)
{
    const struct CMUnitTest Tests[] = {
        TEST(H_02_setup_keeps_other_bits),
        TEST(H_03_setup_ex_stores_the_file_pointer),
        TEST(H_04_lock_is_chosen_by_version),
        TEST(H_05_a_stream_can_be_opted_out),
        TEST(H_12_file_support_truth_table),
        TEST(I_01_init_touches_three_fields),
        TEST(I_02_pointer_is_fs_context),
        TEST(I_03_support_truth_table),
        TEST(I_04_insert_status),
        TEST(I_05_newest_first),
        TEST(I_06_duplicates_are_allowed),
        TEST(I_07_double_insert_is_reported),
        TEST(I_08_lookup_macro_conditions),
        TEST(I_09_match_rules),
        TEST(I_10_instance_without_owner),
        TEST(I_11_lookup_does_not_reorder),
        TEST(I_11_shared_lookups_run_beside_changes),
        TEST(I_12_remove_does_not_free),
        TEST(I_13_remove_in_callback_or_close_is_reported),
        TEST(I_14_every_entry_is_freed_once),
        TEST(I_14_teardown_races_with_remove),
        TEST(I_15_entries_inserted_meanwhile_go_too),
        TEST(I_16_callback_gets_the_entry_at_passive_level),
        TEST(I_17_overwritten_while_linked_is_reported),
        TEST(I_17_freed_while_linked_is_reported),
        TEST(I_18_nothing_before_the_create_has_succeeded),
        TEST(I_19_null_instance_is_found_by_owner),
        TEST(I_20_teardown_ignores_the_support_flag),
        TEST(I_21_file_pointer_truth_table),
        TEST(I_22_file_insert_status),
        TEST(I_23_file_lookup_and_remove),
        TEST(I_24_file_teardown_twice),
        TEST(I_25_stream_teardown_leaves_file_contexts),
        TEST(I_26_file_object_insert_status),
        TEST(I_27_entries_left_at_the_end_are_reported),
        TEST(I_28_file_object_match_rules),
        TEST(I_29_minifilters_are_noted),
        TEST(K_15_stream_freed_without_teardown),
    };
    return cmocka_run_group_tests(Tests, Setup, Teardown);
}

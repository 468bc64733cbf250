/* SPDX-License-Identifier: MIT */
/* Locks, waits, aligned pool, security descriptors, extra create parameters. */
#include "membed.h"

/* ---- locks ---- */

static void
test_fltmgr_misc__resource(void **State)
{
    static ERESOURCE Resource;

    (void)State;
    assert_status(ExInitializeResourceLite(&Resource), STATUS_SUCCESS);
    FltAcquireResourceExclusive(&Resource);
    assert_true(ExIsResourceAcquiredExclusiveLite(&Resource));
    assert_true(KeAreApcsDisabled());
    assert_false(KeAreAllApcsDisabled());
    FltReleaseResource(&Resource);
    assert_false(KeAreApcsDisabled());
    FltAcquireResourceShared(&Resource);
    FltAcquireResourceShared(&Resource);
    assert_true(ExIsResourceAcquiredSharedLite(&Resource));
    FltReleaseResource(&Resource);
    FltReleaseResource(&Resource);
    assert_int_equal(ExIsResourceAcquiredSharedLite(&Resource), 0);
    ExDeleteResourceLite(&Resource);
}

static EX_PUSH_LOCK Push;
static ULONG Guarded;                          /* Push */

static void
Count(void *Argument)
{
    (void)Argument;
    for (int i = 0; i < 10000; i++) {
        if (i % 4 == 0) {
            FltAcquirePushLockShared(&Push);
            FltReleasePushLock(&Push);
        }
        FltAcquirePushLockExclusive(&Push);
        Guarded++;
        FltReleasePushLock(&Push);
    }
}

static void
test_fltmgr_misc__push_lock(void **State)
{
    struct port_thread *Thread;

    (void)State;
    FltInitializePushLock(&Push);
    FltAcquirePushLockExclusive(&Push);
    assert_true(KeAreApcsDisabled());
    FltReleasePushLock(&Push);
    assert_false(KeAreApcsDisabled());
    assert_int_equal(port_thread_start(&Thread, Count, NULL, "count"), 0);
    Count(NULL);
    port_thread_join(Thread);
    assert_int_equal(Guarded, 20000);
    FltDeletePushLock(&Push);
}

/* ---- byte-range locks, by a filter that keeps them itself ---- */

static PFILE_LOCK Locks;
static ULONG Completions, Unlocks;

static NTSTATUS FLTAPI
LockCompleted(PVOID Context, PFLT_CALLBACK_DATA Data)
{
    assert_ptr_equal(Context, &Locks);
    Completions++;
    return Data->IoStatus.Status;
}

static VOID
Unlocked(PVOID Context, PFILE_LOCK_INFO Info)
{
    assert_ptr_equal(Context, &Locks);
    assert_int_equal(Info->Length.QuadPart, 10);
    Unlocks++;
}

static NTSTATUS
Lock(PFLT_CALLBACK_DATA Data, UCHAR Minor, LONGLONG Start, BOOLEAN Exclusive, BOOLEAN Wait)
{
    static LARGE_INTEGER Length = { .QuadPart = 10 };

    Data->Iopb->MajorFunction = IRP_MJ_LOCK_CONTROL;
    Data->Iopb->MinorFunction = Minor;
    Data->Iopb->Parameters.LockControl.Length = &Length;
    Data->Iopb->Parameters.LockControl.ByteOffset.QuadPart = Start;
    Data->Iopb->Parameters.LockControl.ProcessId = PsGetCurrentProcess();
    Data->Iopb->Parameters.LockControl.ExclusiveLock = Exclusive;
    Data->Iopb->Parameters.LockControl.FailImmediately = !Wait;
    assert_int_equal(FltProcessFileLock(Locks, Data, &Locks), FLT_PREOP_COMPLETE);
    return Data->IoStatus.Status;
}

static BOOLEAN
MayWrite(PFLT_CALLBACK_DATA Data, LONGLONG Start)
{
    Data->Iopb->MajorFunction = IRP_MJ_WRITE;
    Data->Iopb->Parameters.Write.Length = 5;
    Data->Iopb->Parameters.Write.Key = 0;
    Data->Iopb->Parameters.Write.ByteOffset.QuadPart = Start;
    return FltCheckLockForWriteAccess(Locks, Data);
}

static void
test_fltmgr_misc__file_lock(void **State)
{
    PFLT_CALLBACK_DATA First, Second;

    (void)State;
    Reset();
    PFILE_OBJECT A = Open("\\dir\\locked"), B = Open("\\dir\\locked");
    assert_status(FltAllocateCallbackData(Instances[TOP], A, &First), STATUS_SUCCESS);
    assert_status(FltAllocateCallbackData(Instances[TOP], B, &Second), STATUS_SUCCESS);
    Locks = FltAllocateFileLock(LockCompleted, Unlocked);
    assert_non_null(Locks);
    assert_status(Lock(First, IRP_MN_LOCK, 100, TRUE, FALSE), STATUS_SUCCESS);
    assert_int_equal(Completions, 1);
    assert_status(Lock(Second, IRP_MN_LOCK, 105, FALSE, FALSE), STATUS_LOCK_NOT_GRANTED);
    assert_status(Lock(Second, IRP_MN_LOCK, 105, FALSE, TRUE), STATUS_NOT_IMPLEMENTED);
    assert_true(MayWrite(First, 100));
    assert_false(MayWrite(Second, 100));
    assert_true(MayWrite(Second, 200));
    assert_status(Lock(First, IRP_MN_UNLOCK_SINGLE, 100, TRUE, FALSE), STATUS_SUCCESS);
    assert_int_equal(Unlocks, 1);
    assert_status(Lock(First, IRP_MN_UNLOCK_SINGLE, 100, TRUE, FALSE), STATUS_RANGE_NOT_LOCKED);
    assert_true(MayWrite(Second, 100));
    assert_status(Lock(Second, IRP_MN_LOCK, 105, TRUE, FALSE), STATUS_SUCCESS);
    assert_status(Lock(Second, IRP_MN_UNLOCK_ALL, 0, TRUE, FALSE), STATUS_SUCCESS);
    assert_int_equal(Unlocks, 2);
    FltFreeFileLock(Locks);
    FltFreeCallbackData(First);
    FltFreeCallbackData(Second);
    IopCloseFile(A);
    IopCloseFile(B);
}

/* ---- waits ---- */

static KEVENT Wanted;
static NTSTATUS WaitStatus;
static _Atomic(PIRP) Waiting;

static FLT_PREOP_CALLBACK_STATUS
WaitInPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    (void)Objects;
    atomic_store(&Waiting, FltpOperationOf(Data)->Irp);
    WaitStatus = FltCancellableWaitForSingleObject(&Wanted, NULL, Data);
    assert_null(__atomic_load_n(&FltpOperationOf(Data)->Irp->CancelRoutine, __ATOMIC_RELAXED));
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
ReadIt(void *Argument)
{
    TinyRead(Argument, &(UCHAR){ 0 }, 1, 0);
}

static void
test_fltmgr_misc__cancellable_wait(void **State)
{
    LARGE_INTEGER Now = { .QuadPart = 0 }, Soon = { .QuadPart = -10000 };
    struct port_thread *Thread;

    (void)State;
    Reset();
    KeInitializeEvent(&Wanted, SynchronizationEvent, FALSE);
    assert_status(FltCancellableWaitForSingleObject(&Wanted, &Now, NULL), STATUS_TIMEOUT);
    assert_status(FltCancellableWaitForSingleObject(&Wanted, &Soon, NULL), STATUS_TIMEOUT);
    KeSetEvent(&Wanted, 0, FALSE);
    assert_status(FltCancellableWaitForSingleObject(&Wanted, &Soon, NULL), STATUS_SUCCESS);
    PFILE_OBJECT File = Open("\\dir\\waited");
    for (int Round = 0; Round < 3; Round++) {
        Only = IRP_MJ_READ;
        Pre[TOP] = WaitInPre;
        atomic_store(&Waiting, NULL);
        WaitStatus = STATUS_UNSUCCESSFUL;
        if (Round == 2) {
            KeSetEvent(&Wanted, 0, FALSE);
        }
        assert_int_equal(port_thread_start(&Thread, ReadIt, File, "read"), 0);
        while (Round < 2 && atomic_load(&Waiting) == NULL) {
            TinySleep(1);
        }
        if (Round == 0) {
            TinySleep(20);
            KeSetEvent(&Wanted, 0, FALSE);
        } else if (Round == 1) {
            TinySleep(20);
            IoCancelIrp(atomic_load(&Waiting));
        }
        port_thread_join(Thread);
        assert_status(WaitStatus, Round == 1 ? STATUS_CANCELLED : STATUS_SUCCESS);
    }
    Reset();
    IopCloseFile(File);
}

static void
test_fltmgr_misc__wait_for_several(void **State)
{
    LARGE_INTEGER Soon = { .QuadPart = -10000 };
    KEVENT Events[2];
    PVOID Objects[] = { &Events[0], &Events[1] };

    (void)State;
    KeInitializeEvent(&Events[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&Events[1], SynchronizationEvent, TRUE);
    assert_status(FltCancellableWaitForMultipleObjects(2, Objects, WaitAll, &Soon, NULL, NULL), STATUS_TIMEOUT);
    assert_status(FltCancellableWaitForMultipleObjects(2, Objects, WaitAny, &Soon, NULL, NULL), STATUS_WAIT_1);
    assert_status(FltCancellableWaitForMultipleObjects(2, Objects, WaitAny, &Soon, NULL, NULL), STATUS_TIMEOUT);
}

/* ---- memory ---- */

static void
test_fltmgr_misc__aligned_pool(void **State)
{
    static const SIZE_T Sizes[] = { 0, 1, 100, 512, 4096, 10000 };
    const ULONG Saved = Real->AlignmentRequirement;

    (void)State;
    for (ULONG Requirement = 0; Requirement <= FILE_512_BYTE_ALIGNMENT; Requirement = Requirement * 2 + 1) {
        Real->AlignmentRequirement = Requirement;
        for (ULONG i = 0; i < RTL_NUMBER_OF(Sizes); i++) {
            PUCHAR Block = FltAllocatePoolAlignedWithTag(Instances[TOP], i & 1 ? PagedPool : NonPagedPool, Sizes[i], 'tseT');
            assert_non_null(Block);
            assert_int_equal((ULONG_PTR)Block & Requirement, 0);
            memset(Block, 0x11, Sizes[i]);
            FltFreePoolAlignedWithTag(Instances[TOP], Block, 'tseT');
        }
    }
    Real->AlignmentRequirement = Saved;
    vf_inject_add("FltAllocatePoolAlignedWithTag", Filters[TOP].Owner, 1, 0);
    assert_null(FltAllocatePoolAlignedWithTag(Instances[TOP], PagedPool, 10, 'tseT'));
    vf_inject_clear();
}

static void
test_fltmgr_misc__security_descriptor(void **State)
{
    PSECURITY_DESCRIPTOR Descriptor;
    BOOLEAN Present = FALSE, Defaulted = TRUE;
    PACL Dacl = NULL;

    (void)State;
    assert_status(FltBuildDefaultSecurityDescriptor(&Descriptor, FLT_PORT_ALL_ACCESS), STATUS_SUCCESS);
    assert_true(RtlValidSecurityDescriptor(Descriptor));
    assert_status(RtlGetDaclSecurityDescriptor(Descriptor, &Present, &Dacl, &Defaulted), STATUS_SUCCESS);
    assert_true(Present);
    assert_false(Defaulted);
    assert_int_equal(Dacl->AceCount, 2);
    for (ULONG i = 0; i < 2; i++) {
        PVOID Ace;
        assert_status(RtlGetAce(Dacl, i, &Ace), STATUS_SUCCESS);
        assert_int_equal(((PACCESS_ALLOWED_ACE)Ace)->Mask, FLT_PORT_ALL_ACCESS);
        assert_true(RtlEqualSid(&((PACCESS_ALLOWED_ACE)Ace)->SidStart, i == 0 ? SeExports->SeLocalSystemSid : SeExports->SeAliasAdminsSid));
    }
    FltFreeSecurityDescriptor(Descriptor);
}

/* ---- extra create parameters ---- */

static const GUID EcpOne = { 0x11111111, 1, 2, { 3 } }, EcpTwo = { 0x22222222, 1, 2, { 3 } };
static ULONG EcpCleanups;
static NTSTATUS EcpFound[3];
static ULONG EcpValue[3];

static VOID
EcpCleanup(PVOID Context, LPCGUID Type)
{
    (void)Context;
    (void)Type;
    EcpCleanups++;
}

static FLT_PREOP_CALLBACK_STATUS
LookForEcp(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    PECP_LIST List = POISON;
    PULONG Context = NULL;
    ULONG Size = 0;

    EcpFound[Which] = FltGetEcpListFromCallbackData(Objects->Filter, Data, &List);
    if (NT_SUCCESS(EcpFound[Which]) && List != NULL) {
        EcpFound[Which] = FltFindExtraCreateParameter(Objects->Filter, List, &EcpOne, (PVOID *)&Context, &Size);
    }
    if (Context != NULL) {
        assert_int_equal(Size, sizeof(ULONG));
        EcpValue[Which] = *Context;
        assert_false(FltIsEcpFromUserMode(Objects->Filter, Context));
        FltAcknowledgeEcp(Objects->Filter, Context);
        assert_status(FltSetEcpListIntoCallbackData(Objects->Filter, Data, List), STATUS_INVALID_PARAMETER_3);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_fltmgr_misc__ecp(void **State)
{
    PFLT_FILTER Filter = Filters[TOP].Filter;
    UNICODE_STRING Name = TinyString(VOLUME_NAME "\\dir\\file.txt");
    IO_DRIVER_CREATE_CONTEXT Context;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    PECP_LIST List;
    PULONG One, Two, Next;
    PVOID Removed;
    GUID Type;
    ULONG Size;
    HANDLE Handle;

    (void)State;
    Reset();
    assert_status(FltAllocateExtraCreateParameterList(Filter, 0, &List), STATUS_SUCCESS);
    assert_status(FltAllocateExtraCreateParameter(Filter, &EcpOne, sizeof(ULONG), 0, EcpCleanup, 'tseT', (PVOID *)&One), STATUS_SUCCESS);
    *One = 4711;
    assert_status(FltInsertExtraCreateParameter(Filter, List, One), STATUS_SUCCESS);
    assert_status(FltAllocateExtraCreateParameter(Filter, &EcpTwo, 8, FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL, NULL, 'tseT', (PVOID *)&Two), STATUS_SUCCESS);
    assert_status(FltInsertExtraCreateParameter(Filter, List, Two), STATUS_SUCCESS);
    assert_status(FltGetNextExtraCreateParameter(Filter, List, NULL, &Type, (PVOID *)&Next, &Size), STATUS_SUCCESS);
    assert_status(FltGetNextExtraCreateParameter(Filter, List, Next, &Type, (PVOID *)&Next, &Size), STATUS_SUCCESS);
    assert_status(FltGetNextExtraCreateParameter(Filter, List, Next, &Type, (PVOID *)&Next, &Size), STATUS_NOT_FOUND);
    assert_status(FltRemoveExtraCreateParameter(Filter, List, &EcpTwo, &Removed, &Size), STATUS_SUCCESS);
    assert_ptr_equal(Removed, Two);
    FltFreeExtraCreateParameter(Filter, Two);
    assert_status(FltRemoveExtraCreateParameter(Filter, List, &EcpTwo, &Removed, NULL), STATUS_NOT_FOUND);
    /* It travels with a create to those below. */
    Only = IRP_MJ_CREATE;
    Pre[MIDDLE] = Pre[BOTTOM] = LookForEcp;
    IoInitializeDriverCreateContext(&Context);
    Context.ExtraCreateParameter = List;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_status(FltCreateFileEx2(Filter, Instances[TOP], &Handle, NULL, FILE_READ_DATA, &Attributes, &IoStatus, NULL, 0, FILE_SHARE_VALID_FLAGS, FILE_OPEN, 0,
        NULL, 0, 0, &Context), STATUS_SUCCESS);
    for (int i = MIDDLE; i <= BOTTOM; i++) {
        assert_status(EcpFound[i], STATUS_SUCCESS);
        assert_int_equal(EcpValue[i], 4711);
    }
    assert_true(FltIsEcpAcknowledged(Filter, One));
    FltPrepareToReuseEcp(Filter, One);
    assert_false(FltIsEcpAcknowledged(Filter, One));
    assert_status(FltClose(Handle), STATUS_SUCCESS);
    assert_int_equal(EcpCleanups, 0);
    FltFreeExtraCreateParameterList(Filter, List);
    assert_int_equal(EcpCleanups, 1);
    /* Other operations have none. */
    Only = IRP_MJ_READ;
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    EcpFound[MIDDLE] = STATUS_SUCCESS;
    TinyRead(File, &Size, 1, 0);
    assert_status(EcpFound[MIDDLE], STATUS_INVALID_PARAMETER);
    Reset();
    IopCloseFile(File);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(misc__resource), T(misc__push_lock), T(misc__file_lock), T(misc__cancellable_wait),
        T(misc__wait_for_several), T(misc__aligned_pool), T(misc__security_descriptor), T(misc__ecp) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

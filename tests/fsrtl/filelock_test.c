/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;concurrent */
/* Byte-range locks. */
#include "tfs.h"

#include <stdatomic.h>
#include <string.h>

#include "io/iopp.h"
#include "port/port.h"

static TFS_VOLUME *Volume;
static PFILE_OBJECT A, B;

static int
Setup(void **State)
{
    UNREFERENCED_PARAMETER(State);
    TfsBoot();
    Volume = TfsVolumeCreate("LockTest");
    assert_int_equal(TfsOpen(Volume, L"\\a", &A), STATUS_SUCCESS);
    assert_int_equal(TfsOpen(Volume, L"\\a", &B), STATUS_SUCCESS);
    return 0;
}

static int
Teardown(void **State)
{
    UNREFERENCED_PARAMETER(State);
    IopCloseFile(A);
    IopCloseFile(B);
    TfsVolumeDelete(Volume);
    return 0;
}

static NTSTATUS
Lock(PFILE_OBJECT File, LONGLONG Offset, LONGLONG Length, ULONG Key, BOOLEAN Exclusive)
{
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER From = {.QuadPart = Offset}, Bytes = {.QuadPart = Length};

    assert_true(FsRtlFastLock(
        &Volume->Locks, File, &From, &Bytes, PsGetCurrentProcess(), Key, TRUE, Exclusive, &IoStatus, NULL, FALSE));
    return IoStatus.Status;
}

static NTSTATUS
Unlock(PFILE_OBJECT File, LONGLONG Offset, LONGLONG Length, ULONG Key)
{
    LARGE_INTEGER From = {.QuadPart = Offset}, Bytes = {.QuadPart = Length};

    return FsRtlFastUnlockSingle(&Volume->Locks, File, &From, &Bytes, PsGetCurrentProcess(), Key, NULL, FALSE);
}

static BOOLEAN
May(PFILE_OBJECT File, LONGLONG Offset, LONGLONG Length, ULONG Key, BOOLEAN Write)
{
    LARGE_INTEGER From = {.QuadPart = Offset}, Bytes = {.QuadPart = Length};

    return Write ? FsRtlFastCheckLockForWrite(&Volume->Locks, &From, &Bytes, Key, File, PsGetCurrentProcess())
                 : FsRtlFastCheckLockForRead(&Volume->Locks, &From, &Bytes, Key, File, PsGetCurrentProcess());
}

static void
test_fsrtl_filelock__grants_and_refusals(void **State)
{
    UNREFERENCED_PARAMETER(State);
    assert_false(FsRtlAreThereCurrentFileLocks(&Volume->Locks));
    assert_int_equal(Lock(A, 0, 10, 0, TRUE), STATUS_SUCCESS);
    assert_true(FsRtlAreThereCurrentFileLocks(&Volume->Locks));
    assert_int_equal(Lock(B, 5, 1, 0, FALSE), STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(Lock(B, 9, 100, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(Lock(B, 10, 100, 0, TRUE), STATUS_SUCCESS);
    assert_int_equal(Lock(A, 0, 10, 0, TRUE), STATUS_LOCK_NOT_GRANTED);    /* exclusive over one's own too */
    assert_int_equal(Lock(A, 0, 10, 1, FALSE), STATUS_LOCK_NOT_GRANTED);   /* another key is another owner */
    assert_int_equal(Lock(A, 0, 10, 0, FALSE), STATUS_SUCCESS);            /* shared over one's own exclusive */
    assert_int_equal(Lock(B, 5, 0, 0, TRUE), STATUS_SUCCESS);              /* nothing is locked by no bytes */
    assert_int_equal(Lock(B, -1, 3, 0, TRUE), STATUS_INVALID_LOCK_RANGE);
    assert_int_equal(Unlock(A, 0, 9, 0), STATUS_RANGE_NOT_LOCKED);
    assert_int_equal(Unlock(A, 0, 10, 0), STATUS_SUCCESS);                 /* the exclusive one goes first … */
    assert_int_equal(Lock(B, 5, 1, 0, FALSE), STATUS_SUCCESS);             /* … a shared one is left */
    assert_int_equal(Lock(B, 5, 1, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(FsRtlFastUnlockAll(&Volume->Locks, A, PsGetCurrentProcess(), NULL), STATUS_SUCCESS);
    assert_int_equal(FsRtlFastUnlockAll(&Volume->Locks, B, PsGetCurrentProcess(), NULL), STATUS_SUCCESS);
    assert_int_equal(FsRtlFastUnlockAll(&Volume->Locks, B, PsGetCurrentProcess(), NULL), STATUS_RANGE_NOT_LOCKED);
    assert_false(FsRtlAreThereCurrentFileLocks(&Volume->Locks));
}

static void
test_fsrtl_filelock__access(void **State)
{
    UNREFERENCED_PARAMETER(State);
    assert_true(May(B, 0, 100, 0, TRUE));
    assert_int_equal(Lock(A, 0, 10, 0, TRUE), STATUS_SUCCESS);
    assert_int_equal(Lock(A, 20, 10, 0, FALSE), STATUS_SUCCESS);
    assert_true(May(A, 0, 10, 0, TRUE));
    assert_false(May(A, 0, 10, 1, FALSE));
    assert_false(May(B, 9, 1, 0, FALSE));
    assert_true(May(B, 10, 10, 0, TRUE));
    assert_true(May(B, 20, 10, 0, FALSE));
    assert_false(May(B, 29, 1, 0, TRUE));
    assert_false(May(A, 20, 1, 0, TRUE));      /* a shared lock keeps its owner from writing too */
    assert_true(May(A, 5, 0, 0, TRUE));
    FsRtlFastUnlockAll(&Volume->Locks, A, PsGetCurrentProcess(), NULL);
}

static void
test_fsrtl_filelock__enumerate_and_unlock_by_key(void **State)
{
    ULONG Count = 0;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(Lock(A, 0, 1, 1, TRUE), STATUS_SUCCESS);
    assert_int_equal(Lock(A, 1, 1, 2, TRUE), STATUS_SUCCESS);
    assert_int_equal(Lock(A, 2, 1, 1, FALSE), STATUS_SUCCESS);
    for (PFILE_LOCK_INFO Info = FsRtlGetNextFileLock(&Volume->Locks, TRUE); Info != NULL;
         Info = FsRtlGetNextFileLock(&Volume->Locks, FALSE)) {
        assert_ptr_equal(Info->FileObject, A);
        assert_int_equal(Info->EndingByte.QuadPart, Info->StartingByte.QuadPart);
        Count++;
    }
    assert_int_equal(Count, 3);
    assert_int_equal(FsRtlFastUnlockAllByKey(&Volume->Locks, A, PsGetCurrentProcess(), 1, NULL), STATUS_SUCCESS);
    assert_int_equal(Lock(B, 0, 1, 0, TRUE), STATUS_SUCCESS);
    assert_int_equal(Lock(B, 1, 1, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    FsRtlFastUnlockAll(&Volume->Locks, A, PsGetCurrentProcess(), NULL);
    FsRtlFastUnlockAll(&Volume->Locks, B, PsGetCurrentProcess(), NULL);
}

/* ---- waiting ---- */

static LARGE_INTEGER WaitLength = {.QuadPart = 10};

static PIRP
LockIrp(PFILE_OBJECT File)
{
    IOP_REQUEST Request = {.FileObject = File, .RequestorMode = UserMode};

    Request.Stack.MajorFunction = IRP_MJ_LOCK_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_LOCK;
    Request.Stack.Flags = SL_EXCLUSIVE_LOCK;
    Request.Stack.Parameters.LockControl.Length = &WaitLength;
    return IopIrpAllocateForRequest(&Request, Volume->Device);
}

static VOID
Ended(PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Irp);
    atomic_fetch_add((atomic_int *)Context, 1);
}

static void
test_fsrtl_filelock__waits_until_unlocked(void **State)
{
    atomic_int Ends = 0;
    UNREFERENCED_PARAMETER(State);
    assert_int_equal(Lock(A, 0, 10, 0, TRUE), STATUS_SUCCESS);
    PIRP Irp = LockIrp(B);
    assert_int_equal(IopIssueIrpAsync(Volume->Device, Irp, Ended, &Ends), STATUS_PENDING);
    assert_true(FsRtlAreThereWaitingFileLocks(&Volume->Locks));
    assert_int_equal(atomic_load(&Ends), 0);
    assert_int_equal(Unlock(A, 0, 10, 0), STATUS_SUCCESS);
    assert_int_equal(atomic_load(&Ends), 1);
    assert_int_equal(Irp->IoStatus.Status, STATUS_SUCCESS);
    IopIrpFree(Irp);
    assert_false(May(A, 0, 1, 0, FALSE));
    /* and cancelled */
    Irp = LockIrp(A);
    assert_int_equal(IopIssueIrpAsync(Volume->Device, Irp, Ended, &Ends), STATUS_PENDING);
    assert_true(IoCancelIrp(Irp));
    assert_int_equal(atomic_load(&Ends), 2);
    assert_int_equal(Irp->IoStatus.Status, STATUS_CANCELLED);
    IopIrpFree(Irp);
    assert_false(FsRtlAreThereWaitingFileLocks(&Volume->Locks));
    FsRtlFastUnlockAll(&Volume->Locks, B, PsGetCurrentProcess(), NULL);
}

static volatile ULONG Inside;
static atomic_int Conflicts;

static void
Contender(void *Context)
{
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus;

    UNREFERENCED_PARAMETER(Context);
    if (TfsOpen(Volume, L"\\a", &File) != STATUS_SUCCESS) {
        atomic_fetch_add(&Conflicts, 1);
        return;
    }
    for (ULONG i = 0; i < 300; i++) {
        PIRP Irp = LockIrp(File);
        if (IopIssueIrp(Volume->Device, Irp, &IoStatus) != STATUS_SUCCESS || __atomic_add_fetch(&Inside, 1, __ATOMIC_ACQ_REL) != 1) {
            atomic_fetch_add(&Conflicts, 1);
        }
        IopIrpFree(Irp);
        __atomic_sub_fetch(&Inside, 1, __ATOMIC_ACQ_REL);
        if (Unlock(File, 0, 10, 0) != STATUS_SUCCESS) {
            atomic_fetch_add(&Conflicts, 1);
        }
    }
    IopCloseFile(File);
}

static void
test_fsrtl_filelock__contention(void **State)
{
    port_thread *Threads[4];
    UNREFERENCED_PARAMETER(State);
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        assert_int_equal(port_thread_start(&Threads[i], Contender, NULL, "contender"), 0);
    }
    for (ULONG i = 0; i < ARRAYSIZE(Threads); i++) {
        port_thread_join(Threads[i]);
    }
    assert_int_equal(atomic_load(&Conflicts), 0);
    assert_false(FsRtlAreThereCurrentFileLocks(&Volume->Locks));
}

int
main(void)
{
    const struct CMUnitTest Tests[] = {
        cmocka_unit_test(test_fsrtl_filelock__grants_and_refusals),
        cmocka_unit_test(test_fsrtl_filelock__access),
        cmocka_unit_test(test_fsrtl_filelock__enumerate_and_unlock_by_key),
        cmocka_unit_test(test_fsrtl_filelock__waits_until_unlocked),
        cmocka_unit_test(test_fsrtl_filelock__contention),
    };
    return cmocka_run_group_tests(Tests, Setup, Teardown);
}

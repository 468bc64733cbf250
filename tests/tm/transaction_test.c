/* SPDX-License-Identifier: MIT */
/* Transaction objects by their handles, and the way enlistments are walked, without a filter manager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"
#include "tm/tmp.h"

#define ALL 0x4000000F

static HANDLE
Begin(GUID *Uow, LONGLONG Timeout)
{
    LARGE_INTEGER Limit = { .QuadPart = Timeout };
    HANDLE Handle;

    assert_int_equal(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, Uow, NULL, 0, 0, 0, &Limit, NULL), STATUS_SUCCESS);
    return Handle;
}

static TRANSACTION_BASIC_INFORMATION
Ask(HANDLE Handle)
{
    TRANSACTION_BASIC_INFORMATION Basic;
    ULONG Length;

    assert_int_equal(ZwQueryInformationTransaction(Handle, TransactionBasicInformation, &Basic, sizeof(Basic), &Length), STATUS_SUCCESS);
    assert_int_equal(Length, sizeof(Basic));
    return Basic;
}

static void
test_tm_transaction__create_refusals(void **state)
{
    (void)state;
    WCHAR Text[65] = { 0 };
    UNICODE_STRING Long = { sizeof(Text), sizeof(Text), Text };
    HANDLE Handle = (HANDLE)1;

    assert_int_equal(ZwCreateTransaction(&Handle, 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_null(Handle);
    assert_int_equal(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 2, 0, 0, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_int_equal(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, &Long), STATUS_INVALID_PARAMETER);
    assert_int_equal(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, (HANDLE)0x7FFFFFF0, 0, 0, 0, NULL, NULL),
        STATUS_INVALID_HANDLE);
    assert_int_equal(ZwCommitTransaction((HANDLE)0x7FFFFFF0, TRUE), STATUS_INVALID_HANDLE);
    assert_int_equal(ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE), STATUS_SUCCESS);
    assert_int_equal(ZwCommitTransaction(Handle, TRUE), STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(ZwRollbackTransaction(Handle, TRUE), STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(Handle);
}

static void
test_tm_transaction__open_by_identifier(void **state)
{
    (void)state;
    GUID Uow = { 0x12345678, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } }, Other = { 0x87654321, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } };
    HANDLE One = Begin(&Uow, 0), Two, Wrong;

    assert_int_equal(ZwOpenTransaction(&Two, TRANSACTION_ALL_ACCESS, NULL, &Uow, NULL), STATUS_SUCCESS);
    assert_int_equal(ZwOpenTransaction(&Wrong, TRANSACTION_ALL_ACCESS, NULL, &Other, NULL), STATUS_TRANSACTION_NOT_FOUND);
    assert_int_equal(ZwOpenTransaction(&Wrong, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_int_equal(ZwOpenTransaction(&Wrong, 0, NULL, &Uow, NULL), STATUS_INVALID_PARAMETER);
    const TRANSACTION_BASIC_INFORMATION Basic = Ask(Two);
    assert_memory_equal(&Basic.TransactionId, &Uow, sizeof(Uow));
    ZwClose(One);                              /* not the last handle */
    assert_int_equal(Ask(Two).Outcome, TransactionOutcomeUndetermined);
    assert_int_equal(ZwCommitTransaction(Two, TRUE), STATUS_SUCCESS);
    assert_int_equal(Ask(Two).Outcome, TransactionOutcomeCommitted);
    assert_int_equal(Ask(Two).State, TransactionStateCommittedNotify);
    ZwClose(Two);
    assert_int_equal(ZwOpenTransaction(&Wrong, TRANSACTION_ALL_ACCESS, NULL, &Uow, NULL), STATUS_TRANSACTION_NOT_FOUND);
}

static void
test_tm_transaction__query(void **state)
{
    (void)state;
    WCHAR Text[] = L"describes it";
    UNICODE_STRING Description = { sizeof(Text) - 2, sizeof(Text), Text };
    union { TRANSACTION_PROPERTIES_INFORMATION Properties; UCHAR Room[100]; } Buffer;
    ULONG Length;
    HANDLE Handle;

    assert_int_equal(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, &Description), STATUS_SUCCESS);
    assert_int_equal(ZwQueryInformationTransaction(Handle, TransactionPropertiesInformation, &Buffer, sizeof(Buffer), &Length), STATUS_SUCCESS);
    assert_int_equal(Buffer.Properties.DescriptionLength, Description.Length);
    assert_memory_equal(Buffer.Properties.Description, Text, Description.Length);
    assert_int_equal(ZwQueryInformationTransaction(Handle, TransactionPropertiesInformation, &Buffer,
        FIELD_OFFSET(TRANSACTION_PROPERTIES_INFORMATION, Description) + 2, NULL), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(ZwQueryInformationTransaction(Handle, TransactionBasicInformation, &Buffer, 8, &Length), STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(ZwQueryInformationTransaction(Handle, TransactionBindInformation, &Buffer, 8, &Length), STATUS_INVALID_INFO_CLASS);
    PKTRANSACTION Transaction;
    GUID Id;
    assert_int_equal(ObReferenceObjectByHandle(Handle, 0, *TmTransactionObjectType, KernelMode, (PVOID *)&Transaction, NULL), STATUS_SUCCESS);
    TmGetTransactionId(Transaction, &Id);
    const TRANSACTION_BASIC_INFORMATION Basic = Ask(Handle);
    assert_memory_equal(&Id, &Basic.TransactionId, sizeof(Id));
    assert_int_equal(TmCommitTransaction(Transaction, TRUE), STATUS_SUCCESS);
    assert_int_equal(TmRollbackTransaction(Transaction, TRUE), STATUS_TRANSACTION_ALREADY_COMMITTED);
    ObDereferenceObject(Transaction);
    ZwClose(Handle);
}

static void
test_tm_transaction__time_limit_rolls_back(void **state)
{
    (void)state;
    HANDLE Handle = Begin(NULL, -200000);      /* 20 ms */
    LARGE_INTEGER Wait = { .QuadPart = -100000000 };

    assert_int_equal(ZwWaitForSingleObject(Handle, FALSE, &Wait), STATUS_SUCCESS);
    assert_int_equal(Ask(Handle).Outcome, TransactionOutcomeAborted);
    assert_int_equal(ZwCommitTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_ABORTED);
    ZwClose(Handle);
    Handle = Begin(NULL, -100000000);          /* not reached: the timer goes with the transaction */
    assert_int_equal(ZwCommitTransaction(Handle, TRUE), STATUS_SUCCESS);
    ZwClose(Handle);
}

static void
test_tm_transaction__named(void **state)
{
    (void)state;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\txn");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE One, Two;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    assert_int_equal(ZwCreateTransaction(&One, TRANSACTION_ALL_ACCESS, &Attributes, NULL, NULL, 0, 0, 0, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(ZwCreateTransaction(&Two, TRANSACTION_ALL_ACCESS, &Attributes, NULL, NULL, 0, 0, 0, NULL, NULL),
        STATUS_OBJECT_NAME_COLLISION);
    ZwClose(One);
    assert_int_equal(ZwCreateTransaction(&Two, TRANSACTION_ALL_ACCESS, &Attributes, NULL, NULL, 0, 0, 0, NULL, NULL), STATUS_SUCCESS);
    ZwClose(Two);
}

/* ---- enlistments ---- */

typedef struct MANAGER { TMP_ENLISTMENT Tm; _Atomic(ULONG) Seen; ULONG Pends; _Atomic(ULONG) Ended, Freed; } MANAGER;

static NTSTATUS
OnNotify(TMP_ENLISTMENT *Enlistment, PKTRANSACTION Transaction, ULONG Notification)
{
    MANAGER *Manager = CONTAINING_RECORD(Enlistment, MANAGER, Tm);

    (void)Transaction;
    assert_int_equal(atomic_fetch_or(&Manager->Seen, Notification) & Notification, 0);
    return (Manager->Pends & Notification) ? STATUS_PENDING : STATUS_SUCCESS;
}

static VOID
OnEnded(TMP_ENLISTMENT *Enlistment, PKTRANSACTION Transaction)
{
    (void)Transaction;
    atomic_fetch_add(&CONTAINING_RECORD(Enlistment, MANAGER, Tm)->Ended, 1);
}

static VOID
OnFree(TMP_ENLISTMENT *Enlistment)
{
    atomic_fetch_add(&CONTAINING_RECORD(Enlistment, MANAGER, Tm)->Freed, 1);
}

static void
Join(MANAGER *Manager, PKTRANSACTION Transaction, ULONG Mask, ULONG Pends)
{
    memset(Manager, 0, sizeof(*Manager));
    Manager->Pends = Pends;
    Manager->Tm.Mask = Mask;
    Manager->Tm.Notify = OnNotify;
    Manager->Tm.Ended = OnEnded;
    Manager->Tm.Free = OnFree;
    TmpEnlistmentPrepare(&Manager->Tm);
    assert_int_equal(TmpEnlist(Transaction, &Manager->Tm), STATUS_SUCCESS);
}

static void
Until(_Atomic(ULONG) *Value, ULONG Bits)
{
    while ((*Value & Bits) != Bits) {
        port_yield();
    }
}

static PKTRANSACTION
ObjectOf(HANDLE Handle)
{
    PVOID Transaction;

    assert_int_equal(ObReferenceObjectByHandle(Handle, 0, *TmTransactionObjectType, KernelMode, &Transaction, NULL), STATUS_SUCCESS);
    return Transaction;
}

static void
test_tm_transaction__each_phase_waits_for_all_answers(void **state)
{
    (void)state;
    HANDLE Handle = Begin(NULL, 0);
    PKTRANSACTION Transaction = ObjectOf(Handle);
    MANAGER A, B;

    Join(&A, Transaction, ALL, TRANSACTION_NOTIFY_PREPARE | TRANSACTION_NOTIFY_COMMIT);
    Join(&B, Transaction, TRANSACTION_NOTIFY_COMMIT, 0);
    assert_int_equal(TmCommitTransaction(Transaction, FALSE), STATUS_PENDING);
    Until(&A.Seen, TRANSACTION_NOTIFY_PREPARE);
    assert_int_equal(B.Seen, 0);
    assert_false(TmpEnlistmentAnswer(Transaction, &A.Tm, TRANSACTION_NOTIFY_COMMIT));
    assert_true(TmpEnlistmentAnswer(Transaction, &A.Tm, TRANSACTION_NOTIFY_PREPARE));
    assert_false(TmpEnlistmentAnswer(Transaction, &A.Tm, TRANSACTION_NOTIFY_PREPARE));
    Until(&A.Seen, TRANSACTION_NOTIFY_COMMIT);
    Until(&B.Seen, TRANSACTION_NOTIFY_COMMIT);
    assert_int_equal(Ask(Handle).Outcome, TransactionOutcomeUndetermined);
    assert_true(TmpEnlistmentAnswer(Transaction, &A.Tm, TRANSACTION_NOTIFY_COMMIT));
    assert_int_equal(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    Until(&A.Ended, 1);
    Until(&B.Ended, 1);
    assert_int_equal(A.Seen, TRANSACTION_NOTIFY_PREPREPARE | TRANSACTION_NOTIFY_PREPARE | TRANSACTION_NOTIFY_COMMIT | TRANSACTION_NOTIFY_COMMIT_FINALIZE);
    TmpEnlistmentDereference(&A.Tm);
    TmpEnlistmentDereference(&B.Tm);
    Until(&A.Freed, 1);
    Until(&B.Freed, 1);
    ObDereferenceObject(Transaction);
    ZwClose(Handle);
}

static void
test_tm_transaction__withdrawing_answers(void **state)
{
    (void)state;
    HANDLE Handle = Begin(NULL, 0);
    PKTRANSACTION Transaction = ObjectOf(Handle);
    MANAGER A, B;

    Join(&A, Transaction, ALL, TRANSACTION_NOTIFY_PREPREPARE);
    Join(&B, Transaction, ALL, 0);
    assert_int_equal(TmCommitTransaction(Transaction, FALSE), STATUS_PENDING);
    Until(&B.Seen, TRANSACTION_NOTIFY_PREPREPARE);
    TmpEnlistmentWithdraw(Transaction, &A.Tm);
    assert_int_equal(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    Until(&B.Ended, 1);
    assert_int_equal(A.Seen, TRANSACTION_NOTIFY_PREPREPARE);
    assert_int_equal(A.Ended, 0);
    TmpEnlistmentWithdraw(Transaction, &A.Tm);
    TmpEnlistmentDereference(&A.Tm);
    TmpEnlistmentDereference(&B.Tm);
    Until(&A.Freed, 1);
    Until(&B.Freed, 1);
    MANAGER Late = { .Tm = { .Mask = ALL } };
    TmpEnlistmentPrepare(&Late.Tm);
    assert_int_equal(TmpEnlist(Transaction, &Late.Tm), STATUS_TRANSACTION_NOT_ACTIVE);
    ObDereferenceObject(Transaction);
    ZwClose(Handle);
}

static void
test_tm_transaction__last_handle_rolls_back(void **state)
{
    (void)state;
    HANDLE Handle = Begin(NULL, 0);
    PKTRANSACTION Transaction = ObjectOf(Handle);
    MANAGER A;

    Join(&A, Transaction, ALL, 0);
    ZwClose(Handle);
    assert_int_equal(A.Seen, TRANSACTION_NOTIFY_ROLLBACK);
    assert_int_equal(A.Ended, 1);
    assert_int_equal(TmpState(Transaction), TmpAborted);
    TmpEnlistmentDereference(&A.Tm);
    assert_int_equal(A.Freed, 1);
    ObDereferenceObject(Transaction);
}

#define T(Name) cmocka_unit_test(test_tm_transaction__##Name)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(create_refusals), T(open_by_identifier), T(query), T(time_limit_rolls_back), T(named),
        T(each_phase_waits_for_all_answers), T(withdrawing_answers), T(last_handle_rolls_back),
    };
    vf_set_level(VF_STANDARD);
    KeInitialize();
    ObpInitialize();
    PspInitialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

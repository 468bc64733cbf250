/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Transaction contexts, enlistments, notifications: sections C, D, E, F of the specification as far as they speak of transactions. */
#include "txnbed.h"

/* ---- outcome rules on transactions ---- */

static void
test_fltmgr_transaction__C_01_C_04_C_09_first_set_links(void **state)
{
    (void)state;
    TxnReset();
    for (FLT_SET_CONTEXT_OPERATION Operation = FLT_SET_CONTEXT_REPLACE_IF_EXISTS; Operation <= FLT_SET_CONTEXT_KEEP_IF_EXISTS; Operation++) {
        PKTRANSACTION Transaction;
        PFLT_CONTEXT Old = POISON, Got;
        HANDLE Handle = Begin(&Transaction);
        PFLT_CONTEXT Context = NewContext(TOP, FLT_TRANSACTION_CONTEXT);
        assert_status(GetTxn(TOP, Transaction, &Got), STATUS_NOT_FOUND);
        assert_null(Got);                      /* D-02 */
        assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, Operation, Context, &Old), STATUS_SUCCESS);
        assert_null(Old);                      /* C-08 */
        assert_int_equal(TinyContextCount(Context), 2);
        assert_status(GetTxn(TOP, Transaction, &Got), STATUS_SUCCESS);
        assert_ptr_equal(Got, Context);
        assert_int_equal(TinyContextCount(Context), 3);   /* D-01 */
        FltReleaseContext(Got);
        FltReleaseContext(Context);
        Forget(Handle, Transaction);
    }
    assert_int_equal(Cleanups, 2);
    assert_int_equal(ToldCount, 0);            /* C-36: setting does not enlist */
}

static void
test_fltmgr_transaction__C_02_C_03_C_08_keep_returns_existing(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    PFLT_CONTEXT Old = POISON, Got;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT First = Enlist(TOP, Transaction, 0), Second = NewContext(TOP, FLT_TRANSACTION_CONTEXT);

    assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Second, &Old),
        STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    assert_ptr_equal(Old, First);
    assert_int_equal(TinyContextCount(First), 2);
    assert_int_equal(TinyContextCount(Second), 1);
    FltReleaseContext(Old);
    assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Second, NULL),
        STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    assert_int_equal(TinyContextCount(First), 1);
    assert_status(GetTxn(TOP, Transaction, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, First);
    FltReleaseContext(Got);
    FltReleaseContext(Second);
    Forget(Handle, Transaction);
    assert_int_equal(Cleanups, 2);
}

static void
test_fltmgr_transaction__C_05_C_06_C_07_replace(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    PFLT_CONTEXT Old = POISON, Got;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT First = Enlist(TOP, Transaction, 0), Second = NewContext(TOP, FLT_TRANSACTION_CONTEXT);
    PFLT_CONTEXT Third = NewContext(TOP, FLT_TRANSACTION_CONTEXT);

    assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Second, &Old), STATUS_SUCCESS);
    assert_ptr_equal(Old, First);
    assert_int_equal(TinyContextCount(First), 1);
    FltReleaseContext(Old);
    assert_int_equal(Cleanups, 1);
    FltReleaseContext(Second);
    assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Third, NULL), STATUS_SUCCESS);
    assert_int_equal(Cleanups, 2);
    assert_status(GetTxn(TOP, Transaction, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Third);
    FltReleaseContext(Got);
    FltReleaseContext(Third);
    Forget(Handle, Transaction);
    assert_int_equal(Cleanups, 3);
}

static void
test_fltmgr_transaction__C_10_one_context_per_instance_and_transaction(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION One, Two;
    PFLT_CONTEXT Got;
    HANDLE First = Begin(&One), Second = Begin(&Two);
    PFLT_CONTEXT Contexts[] = { Enlist(TOP, One, 0), Enlist(TOP, Two, 0), Enlist(BOTTOM, One, 0) };

    assert_status(GetTxn(TOP, One, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Contexts[0]);
    FltReleaseContext(Got);
    assert_status(GetTxn(TOP, Two, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Contexts[1]);
    FltReleaseContext(Got);
    assert_status(GetTxn(BOTTOM, One, &Got), STATUS_SUCCESS);
    assert_ptr_equal(Got, Contexts[2]);
    FltReleaseContext(Got);
    assert_status(GetTxn(BOTTOM, Two, &Got), STATUS_NOT_FOUND);
    Forget(First, One);
    Forget(Second, Two);
    assert_int_equal(Cleanups, 3);
}

static void
test_fltmgr_transaction__C_11_C_12_C_13_C_15_refusals(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    PFLT_CONTEXT Old = POISON;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Wrong = NewContext(TOP, FLT_STREAM_CONTEXT), Right = Enlist(TOP, Transaction, 0), New = NewContext(TOP, FLT_TRANSACTION_CONTEXT);
    PFLT_CONTEXT Foreign = NewContext(BOTTOM, FLT_TRANSACTION_CONTEXT);
    PFLT_INSTANCE Instance = InstanceOf(TOP);

    assert_status(FltSetTransactionContext(Instance, Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Wrong, &Old), STATUS_INVALID_PARAMETER);
    assert_null(Old);
    assert_status(FltSetTransactionContext(Instance, Transaction, (FLT_SET_CONTEXT_OPERATION)2, New, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltSetTransactionContext(Instance, Transaction, (FLT_SET_CONTEXT_OPERATION)-1, New, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltSetTransactionContext(Instance, Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, NULL, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltSetTransactionContext(Instance, Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Foreign, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltSetTransactionContext(Instance, NULL, FLT_SET_CONTEXT_KEEP_IF_EXISTS, New, NULL), STATUS_INVALID_PARAMETER);
    Old = POISON;
    assert_status(FltSetTransactionContext(Instance, Transaction, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Right, &Old),
        STATUS_FLT_CONTEXT_ALREADY_LINKED);
    assert_null(Old);
    assert_int_equal(TinyContextCount(New), 1);
    FltReleaseContext(Wrong);
    FltReleaseContext(New);
    FltReleaseContext(Foreign);
    Forget(Handle, Transaction);
    assert_int_equal(Cleanups, 4);
}

static void
test_fltmgr_transaction__C_14_E_01_to_E_04_E_07_E_10_E_11_delete(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    PFLT_CONTEXT Old = POISON, Got;
    HANDLE Handle = Begin(&Transaction);
    PFLT_INSTANCE Instance = InstanceOf(TOP);

    assert_status(FltDeleteTransactionContext(Instance, Transaction, &Old), STATUS_NOT_FOUND);
    assert_null(Old);
    PFLT_CONTEXT Context = Enlist(TOP, Transaction, 0);
    assert_status(FltDeleteTransactionContext(Instance, Transaction, &Old), STATUS_SUCCESS);
    assert_ptr_equal(Old, Context);
    assert_int_equal(TinyContextCount(Context), 1);
    assert_status(FltDeleteTransactionContext(Instance, Transaction, NULL), STATUS_NOT_FOUND);
    assert_status(FltSetTransactionContext(Instance, Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    assert_int_equal(Cleanups, 0);
    FltDeleteContext(Context);
    assert_status(GetTxn(TOP, Transaction, &Got), STATUS_NOT_FOUND);
    assert_int_equal(*(UCHAR *)Context, 0x11);
    FltDeleteContext(Context);                 /* E-08 */
    PFLT_CONTEXT Next = Enlist(TOP, Transaction, 0);
    FltReleaseContext(Context);
    assert_int_equal(Cleanups, 1);
    assert_status(FltDeleteTransactionContext(Instance, Transaction, NULL), STATUS_SUCCESS);
    assert_int_equal(Cleanups, 2);
    (void)Next;
    Forget(Handle, Transaction);
}

static void
test_fltmgr_transaction__C_37_nothing_can_be_set_after_the_end(void **state)
{
    (void)state;
    TxnReset();
    for (int Used = 0; Used < 2; Used++) {
        PKTRANSACTION Transaction;
        PFLT_CONTEXT Got, Old = POISON;
        HANDLE Handle = Begin(&Transaction);
        if (Used) {
            Enlist(TOP, Transaction, TRANSACTION_NOTIFY_ROLLBACK);
        }
        assert_status(ZwRollbackTransaction(Handle, TRUE), STATUS_SUCCESS);
        PFLT_CONTEXT Context = NewContext(TOP, FLT_TRANSACTION_CONTEXT);
        assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old),
            STATUS_FLT_DELETING_OBJECT);
        assert_null(Old);
        assert_int_equal(TinyContextCount(Context), 1);
        assert_status(GetTxn(TOP, Transaction, &Got), STATUS_NOT_FOUND);
        assert_status(FltEnlistInTransaction(InstanceOf(TOP), Transaction, Context, ALL_NOTIFICATIONS), STATUS_TRANSACTION_NOT_ACTIVE);
        assert_int_equal(TinyContextCount(Context), 1);
        FltReleaseContext(Context);
        Forget(Handle, Transaction);
    }
}

/* ---- enlistments ---- */

static void
test_fltmgr_transaction__C_38_enlist_refusals(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Context = Enlist(TOP, Transaction, ALL_NOTIFICATIONS), Stream = NewContext(TOP, FLT_STREAM_CONTEXT);
    PFLT_CONTEXT Mute = NewContext(MIDDLE, FLT_TRANSACTION_CONTEXT);
    PFLT_INSTANCE Instance = InstanceOf(TOP);

    assert_status(FltEnlistInTransaction(Instance, Transaction, Context, ALL_NOTIFICATIONS), STATUS_FLT_ALREADY_ENLISTED);
    assert_status(FltEnlistInTransaction(Instance, Transaction, NULL, ALL_NOTIFICATIONS), STATUS_INVALID_PARAMETER);
    assert_status(FltEnlistInTransaction(Instance, Transaction, Stream, ALL_NOTIFICATIONS), STATUS_INVALID_PARAMETER);
    assert_status(FltEnlistInTransaction(InstanceOf(MIDDLE), Transaction, Mute, ALL_NOTIFICATIONS), STATUS_INVALID_PARAMETER);
    assert_status(FltEnlistInTransaction(Instance, Transaction, Context, 0), STATUS_INVALID_PARAMETER_4);
    assert_status(FltEnlistInTransaction(Instance, Transaction, Context, TRANSACTION_NOTIFY_INDOUBT), STATUS_INVALID_PARAMETER_4);
    assert_status(FltEnlistInTransaction(Instance, Transaction, Context, 0x80000000 | TRANSACTION_NOTIFY_COMMIT), STATUS_INVALID_PARAMETER_4);
    FltReleaseContext(Stream);
    FltReleaseContext(Mute);
    Forget(Handle, Transaction);
    assert_int_equal(ToldCount, 1);            /* the last handle: rolled back */
    assert_int_equal(Told[0].Notification, TRANSACTION_NOTIFY_ROLLBACK);
}

static void
test_fltmgr_transaction__C_38_no_memory(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Context = NewContext(TOP, FLT_TRANSACTION_CONTEXT);

    vf_inject_add("FltEnlistInTransaction", Filters[TOP].Owner, 1, 0);
    assert_status(FltEnlistInTransaction(InstanceOf(TOP), Transaction, Context, ALL_NOTIFICATIONS), STATUS_INSUFFICIENT_RESOURCES);
    vf_inject_add("FltSetTransactionContext", Filters[TOP].Owner, 1, 0);
    assert_status(FltSetTransactionContext(InstanceOf(TOP), Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL),
        STATUS_INSUFFICIENT_RESOURCES);        /* C-22 */
    vf_inject_clear();
    assert_int_equal(TinyContextCount(Context), 1);
    assert_status(FltEnlistInTransaction(InstanceOf(TOP), Transaction, Context, ALL_NOTIFICATIONS), STATUS_SUCCESS);
    FltReleaseContext(Context);
    Forget(Handle, Transaction);
    assert_int_equal(Cleanups, 1);
}

static void
test_fltmgr_transaction__C_39_answers_without_a_context(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_INSTANCE Instance = InstanceOf(TOP);
    NTSTATUS(FLTAPI *const Answers[])(PFLT_INSTANCE, PKTRANSACTION, PFLT_CONTEXT) = { FltPrePrepareComplete, FltPrepareComplete,
        FltCommitComplete, FltCommitFinalizeComplete, FltRollbackComplete, FltRollbackEnlistment };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Answers); i++) {
        assert_status(Answers[i](Instance, Transaction, NULL), STATUS_NOT_FOUND);
    }
    PFLT_CONTEXT Context = Enlist(TOP, Transaction, 0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Answers); i++) {
        assert_status(Answers[i](Instance, Transaction, Context), STATUS_TRANSACTION_REQUEST_NOT_VALID);
    }
    Forget(Handle, Transaction);
}

/* ---- notifications ---- */

static void
CheckTold(ULONG At, int Which, ULONG Notification, PFLT_CONTEXT Context, PKTRANSACTION Transaction)
{
    assert_int_equal(Told[At].Which, Which);
    assert_int_equal(Told[At].Notification, Notification);
    assert_ptr_equal(Told[At].Context, Context);
    assert_ptr_equal(Told[At].Transaction, Transaction);
    assert_ptr_equal(Told[At].Instance, InstanceOf(Which));
}

static void
test_fltmgr_transaction__C_36_F_14_commit_tells_every_phase_to_all(void **state)
{
    static const ULONG Phases[] = { TRANSACTION_NOTIFY_PREPREPARE, TRANSACTION_NOTIFY_PREPARE, TRANSACTION_NOTIFY_COMMIT,
        TRANSACTION_NOTIFY_COMMIT_FINALIZE };
    (void)state;
    TxnReset();
    Holds = TRUE;
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS), Bottom = Enlist(BOTTOM, Transaction, ALL_NOTIFICATIONS);

    assert_true(TmIsTransactionActive(Transaction));
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_SUCCESS);
    assert_false(TmIsTransactionActive(Transaction));
    assert_int_equal(ToldCount, 8);
    for (ULONG i = 0; i < 4; i++) {
        CheckTold(2 * i, TOP, Phases[i], Top, Transaction);
        CheckTold(2 * i + 1, BOTTOM, Phases[i], Bottom, Transaction);
    }
    assert_int_equal(Cleanups, 2);             /* though the object lives on */
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_COMMITTED);
    assert_status(ZwRollbackTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_COMMITTED);
    Forget(Handle, Transaction);
}

static void
test_fltmgr_transaction__F_14_rollback_and_contexts_without_enlistment(void **state)
{
    (void)state;
    TxnReset();
    Holds = TRUE;
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, TRANSACTION_NOTIFY_ROLLBACK);
    Enlist(MIDDLE, Transaction, 0);
    Enlist(BOTTOM, Transaction, TRANSACTION_NOTIFY_COMMIT);   /* not told of a rollback */

    assert_status(ZwRollbackTransaction(Handle, TRUE), STATUS_SUCCESS);
    assert_int_equal(ToldCount, 1);
    CheckTold(0, TOP, TRANSACTION_NOTIFY_ROLLBACK, Top, Transaction);
    assert_int_equal(Cleanups, 3);
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_ABORTED);
    assert_status(ZwRollbackTransaction(Handle, TRUE), STATUS_TRANSACTION_REQUEST_NOT_VALID);
    Forget(Handle, Transaction);
}

static void
test_fltmgr_transaction__F_15_a_pending_notification_keeps_the_context(void **state)
{
    static NTSTATUS(FLTAPI *const Answers[])(PFLT_INSTANCE, PKTRANSACTION, PFLT_CONTEXT) = { FltPrePrepareComplete, FltPrepareComplete,
        FltCommitComplete, FltCommitFinalizeComplete };
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS);
    PFLT_INSTANCE Instance = InstanceOf(TOP);

    Pend[TOP] = ALL_NOTIFICATIONS;
    assert_status(ZwCommitTransaction(Handle, FALSE), STATUS_PENDING);
    for (ULONG i = 0; i < 4; i++) {
        WaitFor(&ToldCount, i + 1);
        CheckTold(i, TOP, 1u << (i < 3 ? i : 30), Top, Transaction);
        assert_int_equal(Cleanups, 0);
        assert_status(FltRollbackComplete(Instance, Transaction, Top), STATUS_TRANSACTION_REQUEST_NOT_VALID);
        assert_status(ZwCommitTransaction(Handle, TRUE), i < 3 ? STATUS_TRANSACTION_REQUEST_NOT_VALID : STATUS_TRANSACTION_ALREADY_COMMITTED);
        if (i == 1) {
            FltDeleteContext(Top);             /* FltMgr's own reference keeps it */
        }
        assert_status(Answers[i](Instance, Transaction, Top), STATUS_SUCCESS);
    }
    assert_int_equal(Cleanups, 1);             /* inside the last answer */
    assert_status(FltCommitFinalizeComplete(Instance, Transaction, NULL), STATUS_NOT_FOUND);
    assert_status(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    Forget(Handle, Transaction);
}

static void
test_fltmgr_transaction__C_39_a_filter_rolls_back_while_it_prepares(void **state)
{
    static const ULONG When[] = { TRANSACTION_NOTIFY_PREPREPARE, TRANSACTION_NOTIFY_PREPARE };
    (void)state;
    for (ULONG i = 0; i < RTL_NUMBER_OF(When); i++) {
        TxnReset();
        PKTRANSACTION Transaction;
        HANDLE Handle = Begin(&Transaction);
        PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS), Bottom = Enlist(BOTTOM, Transaction, ALL_NOTIFICATIONS);
        RollBackAt[TOP] = When[i];
        assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_ABORTED);
        assert_int_equal(ToldCount, 2 * (i + 1) + 2);
        CheckTold(2 * (i + 1), TOP, TRANSACTION_NOTIFY_ROLLBACK, Top, Transaction);
        CheckTold(2 * (i + 1) + 1, BOTTOM, TRANSACTION_NOTIFY_ROLLBACK, Bottom, Transaction);
        assert_int_equal(Cleanups, 2);
        Forget(Handle, Transaction);
    }
}

static void
test_fltmgr_transaction__C_39_a_filter_rolls_back_an_active_transaction(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS);

    assert_status(FltRollbackEnlistment(InstanceOf(TOP), Transaction, Top), STATUS_SUCCESS);
    assert_status(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    assert_int_equal(ToldCount, 1);
    CheckTold(0, TOP, TRANSACTION_NOTIFY_ROLLBACK, Top, Transaction);
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_TRANSACTION_ALREADY_ABORTED);
    Forget(Handle, Transaction);
}

static void
test_fltmgr_transaction__C_39_no_rollback_once_prepared(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS);
    Enlist(BOTTOM, Transaction, ALL_NOTIFICATIONS);

    Pend[BOTTOM] = TRANSACTION_NOTIFY_PREPARE;
    assert_status(ZwCommitTransaction(Handle, FALSE), STATUS_PENDING);
    WaitFor(&ToldCount, 4);
    assert_status(FltRollbackEnlistment(InstanceOf(TOP), Transaction, Top), STATUS_TRANSACTION_REQUEST_NOT_VALID);
    assert_status(FltPrepareComplete(InstanceOf(BOTTOM), Transaction, NULL), STATUS_SUCCESS);
    assert_status(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    WaitFor(&ToldCount, 8);
    Forget(Handle, Transaction);
}

/* ---- detach ---- */

static void
test_fltmgr_transaction__F_08_F_21_detach_drops_contexts_and_enlistments(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    Enlist(TOP, Transaction, ALL_NOTIFICATIONS);
    PFLT_CONTEXT Bottom = Enlist(BOTTOM, Transaction, TRANSACTION_NOTIFY_COMMIT);

    Detach(TOP);
    assert_int_equal(Cleanups, 1);
    assert_int_equal(ToldCount, 0);
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_SUCCESS);
    assert_int_equal(ToldCount, 1);
    CheckTold(0, BOTTOM, TRANSACTION_NOTIFY_COMMIT, Bottom, Transaction);
    Attach(TOP);
    Forget(Handle, Transaction);
}

static void
AnswerLater(void *Context)
{
    TinySleep(50);
    assert_int_equal(Cleanups, 0);
    assert_status(FltPrepareComplete(Told[1].Instance, Told[1].Transaction, Context), STATUS_SUCCESS);
}

static void
test_fltmgr_transaction__G_08_detach_waits_for_a_pended_notification(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Top = Enlist(TOP, Transaction, ALL_NOTIFICATIONS);

    Pend[TOP] = TRANSACTION_NOTIFY_PREPARE;
    assert_status(ZwCommitTransaction(Handle, FALSE), STATUS_PENDING);
    WaitFor(&ToldCount, 2);
    port_thread *Thread;
    assert_int_equal(port_thread_start(&Thread, AnswerLater, Top, "answer"), 0);
    Detach(TOP);
    port_thread_join(Thread);
    assert_int_equal(Cleanups, 1);
    assert_status(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    assert_int_equal(ToldCount, 2);            /* nothing after InstanceTeardownStart */
    Attach(TOP);
    Forget(Handle, Transaction);
}

static NTSTATUS StartStatus, EndStatus[4];
static PKTRANSACTION TeardownTransaction;

static VOID
OnTeardownStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PFLT_CONTEXT Got;

    (void)Reason;
    if (TeardownTransaction == NULL) {
        return;
    }
    StartStatus = FltGetTransactionContext(Objects->Instance, TeardownTransaction, &Got);
    if (NT_SUCCESS(StartStatus)) {
        FltReleaseContext(Got);
    }
}

static VOID
OnTeardownComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PFLT_CONTEXT Got, New;

    (void)Reason;
    if (TeardownTransaction == NULL) {
        return;
    }
    New = NewContext(TOP, FLT_TRANSACTION_CONTEXT);
    EndStatus[0] = FltGetTransactionContext(Objects->Instance, TeardownTransaction, &Got);
    if (NT_SUCCESS(EndStatus[0])) {
        FltReleaseContext(Got);
    }
    EndStatus[1] = FltSetTransactionContext(Objects->Instance, TeardownTransaction, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, New, NULL);
    EndStatus[2] = FltDeleteTransactionContext(Objects->Instance, TeardownTransaction, NULL);
    EndStatus[3] = FltEnlistInTransaction(Objects->Instance, TeardownTransaction, New, ALL_NOTIFICATIONS);
    FltReleaseContext(New);
}

static void
test_fltmgr_transaction__C_16_C_38_D_05_E_06_during_teardown(void **state)
{
    (void)state;
    TxnReset();
    HANDLE Handle = Begin(&TeardownTransaction);
    Enlist(TOP, TeardownTransaction, 0);

    Detach(TOP);
    assert_status(StartStatus, STATUS_SUCCESS);
    assert_status(EndStatus[0], STATUS_SUCCESS);
    assert_status(EndStatus[1], STATUS_FLT_DELETING_OBJECT);
    assert_status(EndStatus[2], STATUS_FLT_DELETING_OBJECT);
    assert_status(EndStatus[3], STATUS_FLT_DELETING_OBJECT);
    assert_int_equal(Cleanups, 2);
    PKTRANSACTION Transaction = TeardownTransaction;
    TeardownTransaction = NULL;
    Attach(TOP);
    Forget(Handle, Transaction);
}

/* ---- transacted files ---- */

static PKTRANSACTION SeenTransaction[256];
static USHORT SeenMiniVersion;
static FLT_RELATED_CONTEXTS InPreCreate;
static FLT_RELATED_CONTEXTS_EX InPreCreateEx;

static FLT_PREOP_CALLBACK_STATUS
LookAtTransaction(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    SeenTransaction[Data->Iopb->MajorFunction] = Objects->Transaction;
    if (Data->Iopb->MajorFunction == IRP_MJ_CREATE && Objects->Transaction != NULL) {
        SeenMiniVersion = Objects->TransactionContext;
        memset(&InPreCreate, 0xA5, sizeof(InPreCreate));
        FltGetContexts(Objects, FLT_ALL_CONTEXTS, &InPreCreate);
        assert_status(FltGetContextsEx(Objects, FLT_ALL_CONTEXTS, sizeof(InPreCreateEx), &InPreCreateEx), STATUS_SUCCESS);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static HANDLE
OpenTransacted(PKTRANSACTION Transaction, PFILE_OBJECT *FileObject, NTSTATUS Want)
{
    UNICODE_STRING Name = TinyString(VOLUME_NAME "\\dir\\file.txt");
    TXN_PARAMETER_BLOCK Parameters = { .Length = sizeof(Parameters), .TxFsContext = TXF_MINIVERSION_DEFAULT_VIEW, .TransactionObject = Transaction };
    IO_DRIVER_CREATE_CONTEXT Context = { .Size = sizeof(Context), .TxnParameters = &Parameters };
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_status(FltCreateFileEx2(Filters[TOP].Filter, InstanceOf(TOP), &Handle, FileObject, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE,
        &Attributes, &IoStatus, NULL, 0, FILE_SHARE_VALID_FLAGS, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0, &Context), Want);
    return Handle;
}

static void
test_fltmgr_transaction__D_09_D_11_J_13_file_operations_show_the_transaction(void **state)
{
    (void)state;
    TxnReset();
    memset(SeenTransaction, 0, sizeof(SeenTransaction));
    PKTRANSACTION Transaction;
    PFILE_OBJECT File;
    HANDLE Handle = Begin(&Transaction);
    PFLT_CONTEXT Context = Enlist(BOTTOM, Transaction, 0), Fresh = NewContext(BOTTOM, FLT_INSTANCE_CONTEXT);
    char Text[4] = "abc";
    ULONG Done;

    assert_status(FltSetInstanceContext(InstanceOf(BOTTOM), FLT_SET_CONTEXT_KEEP_IF_EXISTS, Fresh, NULL), STATUS_SUCCESS);
    FltReleaseContext(Fresh);
    Pre[BOTTOM] = LookAtTransaction;
    HANDLE FileHandle = OpenTransacted(Transaction, &File, STATUS_SUCCESS);
    assert_ptr_equal(SeenTransaction[IRP_MJ_CREATE], Transaction);
    assert_int_equal(SeenMiniVersion, TXF_MINIVERSION_DEFAULT_VIEW);
    assert_ptr_equal(InPreCreate.TransactionContext, Context);
    assert_ptr_equal(InPreCreate.InstanceContext, Fresh);
    assert_null(InPreCreate.VolumeContext);
    assert_null(InPreCreate.StreamContext);
    assert_int_equal(TinyContextCount(Context), 3);
    FltReleaseContexts(&InPreCreate);
    assert_null(InPreCreate.TransactionContext);
    assert_ptr_equal(InPreCreateEx.TransactionContext, Context);
    assert_null(InPreCreateEx.SectionContext);
    FltReleaseContextsEx(sizeof(InPreCreateEx), &InPreCreateEx);
    assert_int_equal(TinyContextCount(Context), 1);
    const PTXN_PARAMETER_BLOCK Block = IoGetTransactionParameterBlock(File);
    assert_non_null(Block);
    assert_ptr_equal(Block->TransactionObject, Transaction);
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    assert_status(FltWriteFile(InstanceOf(TOP), File, &Zero, 3, Text, 0, &Done, NULL, NULL), STATUS_SUCCESS);
    assert_ptr_equal(SeenTransaction[IRP_MJ_WRITE], Transaction);
    ObDereferenceObject(File);
    assert_status(FltClose(FileHandle), STATUS_SUCCESS);
    assert_ptr_equal(SeenTransaction[IRP_MJ_CLEANUP], Transaction);
    assert_ptr_equal(SeenTransaction[IRP_MJ_CLOSE], Transaction);
    PFILE_OBJECT Plain = Open("\\dir\\file.txt");
    assert_null(SeenTransaction[IRP_MJ_CREATE]);
    assert_null(IoGetTransactionParameterBlock(Plain));
    IopCloseFile(Plain);
    assert_status(FltDeleteInstanceContext(InstanceOf(BOTTOM), NULL), STATUS_SUCCESS);
    assert_status(ZwCommitTransaction(Handle, TRUE), STATUS_SUCCESS);
    OpenTransacted(Transaction, &File, STATUS_TRANSACTION_NOT_ACTIVE);
    Forget(Handle, Transaction);
}

/* A transacted file keeps the transaction object, not the transaction: the last handle rolls it back. */
static void
test_fltmgr_transaction__F_25_a_file_object_keeps_the_object_only(void **state)
{
    (void)state;
    TxnReset();
    PKTRANSACTION Transaction;
    PFILE_OBJECT File;
    HANDLE Handle = Begin(&Transaction);
    Enlist(TOP, Transaction, TRANSACTION_NOTIFY_ROLLBACK);
    HANDLE FileHandle = OpenTransacted(Transaction, &File, STATUS_SUCCESS);

    Forget(Handle, Transaction);
    assert_int_equal(ToldCount, 1);
    assert_int_equal(Cleanups, 1);
    assert_ptr_equal(IoGetTransactionParameterBlock(File)->TransactionObject, Transaction);
    assert_false(TmIsTransactionActive(Transaction));
    ObDereferenceObject(File);
    assert_status(FltClose(FileHandle), STATUS_SUCCESS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(transaction__C_01_C_04_C_09_first_set_links),
        T(transaction__C_02_C_03_C_08_keep_returns_existing),
        T(transaction__C_05_C_06_C_07_replace),
        T(transaction__C_10_one_context_per_instance_and_transaction),
        T(transaction__C_11_C_12_C_13_C_15_refusals),
        T(transaction__C_14_E_01_to_E_04_E_07_E_10_E_11_delete),
        T(transaction__C_37_nothing_can_be_set_after_the_end),
        T(transaction__C_38_enlist_refusals),
        T(transaction__C_38_no_memory),
        T(transaction__C_39_answers_without_a_context),
        T(transaction__C_36_F_14_commit_tells_every_phase_to_all),
        T(transaction__F_14_rollback_and_contexts_without_enlistment),
        T(transaction__F_15_a_pending_notification_keeps_the_context),
        T(transaction__C_39_a_filter_rolls_back_while_it_prepares),
        T(transaction__C_39_a_filter_rolls_back_an_active_transaction),
        T(transaction__C_39_no_rollback_once_prepared),
        T(transaction__F_08_F_21_detach_drops_contexts_and_enlistments),
        T(transaction__G_08_detach_waits_for_a_pended_notification),
        T(transaction__C_16_C_38_D_05_E_06_during_teardown),
        T(transaction__D_09_D_11_J_13_file_operations_show_the_transaction),
        T(transaction__F_25_a_file_object_keeps_the_object_only),
    };
    Filters[TOP].Registration.InstanceTeardownStartCallback = OnTeardownStart;
    Filters[TOP].Registration.InstanceTeardownCompleteCallback = OnTeardownComplete;
    return cmocka_run_group_tests(tests, TxnSetup, BedTeardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * Transaction objects: create, open, query, close.
 *
 * The last handle of an active transaction rolls it back.  TmpList.Lock guards the list by which identifiers are looked up; an object whose
 * last reference is gone leaves the list before its memory goes.
 */
#include "tm/tmp.h"

#include <string.h>

#include "ke/ki.h"
#include "ob/obp.h"
#include "vf/ranks.h"
#include "vf/vf.h"

#define TMP_DESCRIPTION_BYTES (MAX_TRANSACTION_DESCRIPTION_LENGTH * sizeof(WCHAR))

static struct { port_lock Lock; LIST_ENTRY Head; } TmpList = { .Head = { &TmpList.Head, &TmpList.Head } };

static VOID TmpDelete(PVOID Object);
static VOID TmpHandleClosed(PVOID Object, LONG Remaining);

static struct _OBJECT_TYPE TmpTransactionTypeBody = { .Name = L"TmTx", .Delete = TmpDelete, .Close = TmpHandleClosed,
    .WaitOffset = FIELD_OFFSET(struct _KTRANSACTION, Outcome), .KeyClass = VF_OBJECT_REFERENCE };
static POBJECT_TYPE TmpTransactionType = &TmpTransactionTypeBody;
POBJECT_TYPE *TmTransactionObjectType = &TmpTransactionType;

static VOID
TmpListLock(VOID)
{
    port_lock_acquire(&TmpList.Lock);
    vf_lock_acquired_if_on(&TmpList.Lock, VF_RANK_OB_OBJECT);
}

static VOID
TmpListUnlock(VOID)
{
    vf_lock_released_if_on(&TmpList.Lock);
    port_lock_release(&TmpList.Lock);
}

/* ---- life ---- */

static VOID
TmpDelete(PVOID Object)
{
    PKTRANSACTION Transaction = Object;

    TmpListLock();
    if (Transaction->Links.Flink != NULL) {
        RemoveEntryList(&Transaction->Links);
    }
    TmpListUnlock();
    if (TmpHooks.Deleting != NULL) {
        TmpHooks.Deleting(Transaction);
    }
    port_free(Transaction->Description.Buffer);
}

static VOID
TmpHandleClosed(PVOID Object, LONG Remaining)
{
    if (Remaining != 0) {
        return;
    }
    TmpRollback(Object, KeGetCurrentIrql() == PASSIVE_LEVEL ? TmpHere : TmpQueue);
    ObpRemoveName(Object);
}

/* ---- the time limit ---- */

static VOID
TmpTimeoutWorker(PVOID Parameter)
{
    TmpRollback(Parameter, TmpHere);
    ObpDereference(Parameter);
}

static VOID
TmpTimeoutDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PKTRANSACTION Transaction = Context;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    ExInitializeWorkItem(&Transaction->TimeoutItem, TmpTimeoutWorker, Transaction);
    ExQueueWorkItem(&Transaction->TimeoutItem, DelayedWorkQueue);
}

static VOID
TmpTimerSet(PKTRANSACTION Transaction)
{
    if (Transaction->Timeout.QuadPart == 0) {
        return;
    }
    Transaction->Timed = TRUE;
    KeInitializeTimer(&Transaction->Timer);
    KeInitializeDpc(&Transaction->TimerDpc, TmpTimeoutDpc, Transaction);
    ObpReference(Transaction);
    KeSetTimer(&Transaction->Timer, Transaction->Timeout, &Transaction->TimerDpc);
}

VOID
TmpTimerCancel(PKTRANSACTION Transaction)
{
    if (Transaction->Timed && KeCancelTimer(&Transaction->Timer)) {
        ObpDereference(Transaction);
    }
}

/* ---- create ---- */

static NTSTATUS
TmpDescribe(PKTRANSACTION Transaction, PCUNICODE_STRING Description)
{
    if (Description == NULL || Description->Length == 0) {
        return STATUS_SUCCESS;
    }
    Transaction->Description.Buffer = port_alloc(Description->Length);
    if (Transaction->Description.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Transaction->Description.Buffer, Description->Buffer, Description->Length);
    Transaction->Description.Length = Transaction->Description.MaximumLength = Description->Length;
    return STATUS_SUCCESS;
}

static PKTRANSACTION
TmpFindLocked(const GUID *Uow)
{
    for (PLIST_ENTRY Entry = TmpList.Head.Flink; Entry != &TmpList.Head; Entry = Entry->Flink) {
        PKTRANSACTION Transaction = CONTAINING_RECORD(Entry, struct _KTRANSACTION, Links);
        if (memcmp(&Transaction->Id, Uow, sizeof(*Uow)) == 0) {
            return Transaction;
        }
    }
    return NULL;
}

static NTSTATUS
TmpInsert(PKTRANSACTION Transaction, POBJECT_ATTRIBUTES Attributes)
{
    if (Attributes != NULL && Attributes->ObjectName != NULL && Attributes->ObjectName->Length != 0) {
        const NTSTATUS Status = ObpInsertName(Transaction, Attributes->ObjectName);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    TmpListLock();
    const BOOLEAN Taken = TmpFindLocked(&Transaction->Id) != NULL;
    if (!Taken) {
        InsertTailList(&TmpList.Head, &Transaction->Links);
    }
    TmpListUnlock();
    if (Taken) {
        ObpRemoveName(Transaction);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
TmpCreate(const GUID *Uow, PLARGE_INTEGER Timeout, PCUNICODE_STRING Description, PKTRANSACTION *Created)
{
    PKTRANSACTION Transaction;
    NTSTATUS Status = ObpCreateObject(TmpTransactionType, sizeof(*Transaction), (PVOID *)&Transaction);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(&Transaction->Outcome, NotificationEvent, FALSE);
    InitializeListHead(&Transaction->Enlistments);
    if (Uow != NULL) {
        Transaction->Id = *Uow;
    } else {
        ExUuidCreate(&Transaction->Id);
    }
    if (Timeout != NULL) {
        Transaction->Timeout = *Timeout;
    }
    Status = TmpDescribe(Transaction, Description);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(Transaction);
        return Status;
    }
    *Created = Transaction;
    return STATUS_SUCCESS;
}

/* No transaction manager object exists, so every handle that is given is a wrong one. */
static NTSTATUS
TmpCheckManager(HANDLE TmHandle)
{
    PVOID Manager;

    if (TmHandle == NULL) {
        return STATUS_SUCCESS;
    }
    const NTSTATUS Status = ObReferenceObjectByHandle(TmHandle, 0, *TmTransactionManagerObjectType, KernelMode, &Manager, NULL);
    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Manager);
    }
    return NT_SUCCESS(Status) ? STATUS_OBJECT_TYPE_MISMATCH : Status;
}

/* Windows: wdm.h, ZwCreateTransaction.  Differences: no transaction managers; a name that is taken is STATUS_OBJECT_NAME_COLLISION. */
NTSTATUS
ZwCreateTransaction(PHANDLE TransactionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, GUID *Uow, HANDLE TmHandle,
    ULONG CreateOptions, ULONG IsolationLevel, ULONG IsolationFlags, PLARGE_INTEGER Timeout, PUNICODE_STRING Description)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PKTRANSACTION Transaction;
    *TransactionHandle = NULL;
    if (DesiredAccess == 0 || (CreateOptions & ~TRANSACTION_DO_NOT_PROMOTE) != 0 || IsolationLevel != 0 ||
        (Description != NULL && Description->Length > TMP_DESCRIPTION_BYTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = TmpCheckManager(TmHandle);
    if (NT_SUCCESS(Status)) {
        Status = TmpCreate(Uow, Timeout, Description, &Transaction);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Transaction->IsolationFlags = IsolationFlags;
    Status = TmpInsert(Transaction, ObjectAttributes);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(Transaction, DesiredAccess, ObjectAttributes != NULL ? ObjectAttributes->Attributes : 0, TransactionHandle);
        if (NT_SUCCESS(Status)) {
            TmpTimerSet(Transaction);
        } else {
            ObpRemoveName(Transaction);
        }
    }
    ObpDereference(Transaction);
    return Status;
}

/* Windows: wdm.h, ZwOpenTransaction.  Differences: no transaction managers. */
NTSTATUS
ZwOpenTransaction(PHANDLE TransactionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, GUID *Uow, HANDLE TmHandle)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    *TransactionHandle = NULL;
    if (DesiredAccess == 0 || Uow == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = TmpCheckManager(TmHandle);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    TmpListLock();
    PKTRANSACTION Transaction = TmpFindLocked(Uow);
    if (Transaction != NULL && !ObpTryReference(Transaction)) {
        Transaction = NULL;
    }
    TmpListUnlock();
    if (Transaction == NULL) {
        return STATUS_TRANSACTION_NOT_FOUND;
    }
    Status = ObpCreateHandle(Transaction, DesiredAccess, ObjectAttributes != NULL ? ObjectAttributes->Attributes : 0, TransactionHandle);
    ObpDereference(Transaction);
    return Status;
}

/* ---- end ---- */

static NTSTATUS
TmpByHandle(HANDLE Handle, ACCESS_MASK Access, PKTRANSACTION *Transaction)
{
    PVOID Object;
    const NTSTATUS Status = ObReferenceObjectByHandle(Handle, Access, TmpTransactionType, KernelMode, &Object, NULL);

    *Transaction = NT_SUCCESS(Status) ? Object : NULL;
    return Status;
}

/* Windows: wdm.h, ZwCommitTransaction.  Differences: as TmCommitTransaction. */
NTSTATUS
ZwCommitTransaction(HANDLE TransactionHandle, BOOLEAN Wait)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PKTRANSACTION Transaction;
    NTSTATUS Status = TmpByHandle(TransactionHandle, TRANSACTION_COMMIT, &Transaction);
    if (NT_SUCCESS(Status)) {
        Status = TmCommitTransaction(Transaction, Wait);
        ObDereferenceObject(Transaction);
    }
    return Status;
}

/* Windows: wdm.h, ZwRollbackTransaction.  Differences: as TmRollbackTransaction. */
NTSTATUS
ZwRollbackTransaction(HANDLE TransactionHandle, BOOLEAN Wait)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PKTRANSACTION Transaction;
    NTSTATUS Status = TmpByHandle(TransactionHandle, TRANSACTION_ROLLBACK, &Transaction);
    if (NT_SUCCESS(Status)) {
        Status = TmRollbackTransaction(Transaction, Wait);
        ObDereferenceObject(Transaction);
    }
    return Status;
}

/* ---- query ---- */

/* Windows: wdm.h, TmGetTransactionId.  Differences: none. */
VOID
TmGetTransactionId(PKTRANSACTION Transaction, PUOW TransactionId)
{
    *TransactionId = Transaction->Id;
}

/* Windows: wdm.h, TmIsTransactionActive.  Differences: none. */
BOOLEAN
TmIsTransactionActive(PKTRANSACTION Transaction)
{
    return TmpState(Transaction) == TmpActive;
}

static TRANSACTION_OUTCOME
TmpOutcome(TMP_STATE State)
{
    switch (State) {
    case TmpFinalizing:
    case TmpCommitted:
        return TransactionOutcomeCommitted;
    case TmpAborted:
        return TransactionOutcomeAborted;
    default:
        return TransactionOutcomeUndetermined;
    }
}

static NTSTATUS
TmpQueryBasic(PKTRANSACTION Transaction, PVOID Buffer, ULONG Length, PULONG Returned)
{
    PTRANSACTION_BASIC_INFORMATION Basic = Buffer;
    const TMP_STATE State = TmpState(Transaction);

    if (Length < sizeof(*Basic)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Basic->TransactionId = Transaction->Id;
    Basic->State = State == TmpFinalizing || State == TmpCommitted ? TransactionStateCommittedNotify : TransactionStateNormal;
    Basic->Outcome = TmpOutcome(State);
    *Returned = sizeof(*Basic);
    return STATUS_SUCCESS;
}

static NTSTATUS
TmpQueryProperties(PKTRANSACTION Transaction, PVOID Buffer, ULONG Length, PULONG Returned)
{
    PTRANSACTION_PROPERTIES_INFORMATION Properties = Buffer;
    const ULONG Fixed = FIELD_OFFSET(TRANSACTION_PROPERTIES_INFORMATION, Description);
    const ULONG Text = Transaction->Description.Length;

    if (Length < Fixed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Properties->IsolationLevel = Transaction->IsolationLevel;
    Properties->IsolationFlags = Transaction->IsolationFlags;
    Properties->Timeout = Transaction->Timeout;
    Properties->Outcome = TmpOutcome(TmpState(Transaction));
    Properties->DescriptionLength = Text;
    *Returned = Fixed + Text;
    if (Text != 0) {
        memcpy(Properties->Description, Transaction->Description.Buffer, Text < Length - Fixed ? Text : Length - Fixed);
    }
    return Length < Fixed + Text ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* Windows: wdm.h, ZwQueryInformationTransaction.  Differences: enlistments are not listed. */
NTSTATUS
ZwQueryInformationTransaction(HANDLE TransactionHandle, TRANSACTION_INFORMATION_CLASS TransactionInformationClass,
    PVOID TransactionInformation, ULONG TransactionInformationLength, PULONG ReturnLength)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PKTRANSACTION Transaction;
    ULONG Returned = 0;
    NTSTATUS Status = TmpByHandle(TransactionHandle, TRANSACTION_QUERY_INFORMATION, &Transaction);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    switch (TransactionInformationClass) {
    case TransactionBasicInformation:
        Status = TmpQueryBasic(Transaction, TransactionInformation, TransactionInformationLength, &Returned);
        break;
    case TransactionPropertiesInformation:
        Status = TmpQueryProperties(Transaction, TransactionInformation, TransactionInformationLength, &Returned);
        break;
    case TransactionEnlistmentInformation:
        VF_UNIMPLEMENTED();
        Status = STATUS_NOT_IMPLEMENTED;
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Transaction);
    if (ReturnLength != NULL) {
        *ReturnLength = Returned;
    }
    return Status;
}

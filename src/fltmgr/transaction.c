/* SPDX-License-Identifier: MIT */
/*
 * Transactions: where their contexts hang, enlistments of instances, notifications.
 *
 * A transaction's contexts hang on an FLTP_TRANSACTION, made with the first one.  When the transaction has ended nothing can be set on it any
 * more (C-37) and what is still set goes (F-14); the memory stays until the transaction object goes.
 *
 * An enlistment is on its instance's list and on the transaction's.  Whoever takes it off the instance's list (its last notification was
 * answered; the transaction ended; the instance goes) drops the context.  FLTP_ENLISTMENT.Told is the notification that is not answered yet:
 * whoever exchanges it for 0 answers it, and gives back the instance's Outstanding that was taken for it.
 */
#include "fltmgr/transact.h"
#include "ob/obp.h"
#include "tm/tmp.h"

typedef struct FLTP_TRANSACTION { FLTP_TARGET Contexts; } FLTP_TRANSACTION;
#define FLTP_TRANSACTION_ENDED ((void *)1)     /* KTRANSACTION.FilterBlock: it ended before anything was set on it */

typedef struct FLTP_ENLISTMENT {
    TMP_ENLISTMENT Tm;                         /* first; its references keep all the rest */
    /* constant */
    PFLT_INSTANCE Instance;                    /* its Memory is held */
    PKTRANSACTION Transaction;                 /* referenced */
    FLTP_CONTEXT_NODE *Node;                   /* referenced while listed (F-15) */
    /* Instance->Enlistments.Lock */
    LIST_ENTRY Links;
    BOOLEAN Listed;
    /* interlocked */
    _Atomic(ULONG) Told;
} FLTP_ENLISTMENT;

/* ---- contexts ---- */

static VOID
FltpTransactionFree(FLTP_TARGET *Target)
{
    port_free(CONTAINING_RECORD(Target, FLTP_TRANSACTION, Contexts));
}

static void *
FltpTransactionCreate(PKTRANSACTION Transaction)
{
    FLTP_TRANSACTION *Block = port_alloc_zeroed(sizeof(*Block));
    void *Existing = NULL;

    if (Block == NULL) {
        return NULL;
    }
    FltpTargetInitialize(&Block->Contexts, FltpTargetTransaction, FltpTransactionFree);
    if (atomic_compare_exchange_strong(&Transaction->FilterBlock, &Existing, Block)) {
        return Block;
    }
    port_free(Block);
    return Existing;
}

NTSTATUS
FltpTransactionTarget(PKTRANSACTION Transaction, FLTP_FIND Find, FLTP_TARGET **Target)
{
    if (Transaction == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    void *Block = atomic_load_explicit(&Transaction->FilterBlock, memory_order_acquire);
    if (Block == NULL && Find == FltpFindCreate) {
        Block = FltpTransactionCreate(Transaction);
        if (Block == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    if (Block == NULL || Block == FLTP_TRANSACTION_ENDED) {
        return Find == FltpFindCreate ? STATUS_FLT_DELETING_OBJECT : STATUS_NOT_FOUND;
    }
    *Target = &((FLTP_TRANSACTION *)Block)->Contexts;
    return STATUS_SUCCESS;
}

static VOID
FltpTransactionEnded(PKTRANSACTION Transaction)
{
    void *Block = NULL;

    if (!atomic_compare_exchange_strong(&Transaction->FilterBlock, &Block, FLTP_TRANSACTION_ENDED)) {
        FltpTargetTeardown(&((FLTP_TRANSACTION *)Block)->Contexts);
    }
}

static VOID
FltpTransactionDeleting(PKTRANSACTION Transaction)
{
    FLTP_TRANSACTION *Block = atomic_load(&Transaction->FilterBlock);

    if (Block != NULL && (void *)Block != FLTP_TRANSACTION_ENDED) {
        FltpTargetTeardown(&Block->Contexts);
        FltpTargetDereference(&Block->Contexts);
    }
}

VOID
FltpTransactionsInitialize(VOID)
{
    static const TMP_HOOKS Hooks = { .Ended = FltpTransactionEnded, .Deleting = FltpTransactionDeleting };

    TmpSetHooks(&Hooks);
}

/* C-39. */
static BOOLEAN
FltpTransactionHasContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction)
{
    PFLT_CONTEXT Context;
    const NTSTATUS Status = FltGetTransactionContext(Instance, Transaction, &Context);

    if (NT_SUCCESS(Status)) {
        FltReleaseContext(Context);
    }
    return NT_SUCCESS(Status);
}

/* ---- enlistments ---- */

static VOID
FltpEnlistmentFree(TMP_ENLISTMENT *Tm)
{
    FLTP_ENLISTMENT *Enlistment = CONTAINING_RECORD(Tm, FLTP_ENLISTMENT, Tm);

    FltpInstanceMemoryRelease(Enlistment->Instance);
    ObpDereference(Enlistment->Transaction);
    port_free(Enlistment);
}

static VOID
FltpEnlistmentDropNode(FLTP_CONTEXT_NODE *Node)
{
    if (vf_on()) {
        vf_object_release(Node->Ledger, VF_REASON_INTERNAL, "enlistment");
    }
    const int64_t Left = atomic_fetch_sub_explicit(&Node->Word, 1, memory_order_acq_rel) - 1;
    if (FltpContextClaimDead(Node, Left)) {
        FltpContextFinalize(Node);
    }
}

/* FALSE: somebody else has. */
static BOOLEAN
FltpEnlistmentUnlist(FLTP_ENLISTMENT *Enlistment)
{
    PFLT_INSTANCE Instance = Enlistment->Instance;

    FltpLockAcquire(&Instance->Enlistments.Lock, FLTP_RANK_LEAF);
    const BOOLEAN Listed = Enlistment->Listed;
    if (Listed) {
        RemoveEntryList(&Enlistment->Links);
        Enlistment->Listed = FALSE;
    }
    FltpLockRelease(&Instance->Enlistments.Lock);
    return Listed;
}

/* F-14: the filter has finished with the transaction. */
static VOID
FltpEnlistmentRetire(FLTP_ENLISTMENT *Enlistment)
{
    FLTP_SLOT Slot = { .Key = Enlistment->Instance, .Owner = &Enlistment->Instance->Links, .Type = FLT_TRANSACTION_CONTEXT,
        .Routine = "end of transaction" };

    if (!FltpEnlistmentUnlist(Enlistment)) {
        return;
    }
    if (NT_SUCCESS(FltpTransactionTarget(Enlistment->Transaction, FltpFindExisting, &Slot.Target))) {
        FltpSlotDelete(&Slot, NULL);
    }
    FltpEnlistmentDropNode(Enlistment->Node);
}

static FLTP_ENLISTMENT *
FltpEnlistmentFindLocked(PFLT_INSTANCE Instance, PKTRANSACTION Transaction)
{
    for (PLIST_ENTRY Entry = Instance->Enlistments.List.Flink; Entry != &Instance->Enlistments.List; Entry = Entry->Flink) {
        FLTP_ENLISTMENT *Enlistment = CONTAINING_RECORD(Entry, FLTP_ENLISTMENT, Links);
        if (Enlistment->Transaction == Transaction) {
            return Enlistment;
        }
    }
    return NULL;
}

/* Referenced (TmpEnlistmentDereference), or NULL. */
static FLTP_ENLISTMENT *
FltpEnlistmentFind(PFLT_INSTANCE Instance, PKTRANSACTION Transaction)
{
    FltpLockAcquire(&Instance->Enlistments.Lock, FLTP_RANK_LEAF);
    FLTP_ENLISTMENT *Enlistment = FltpEnlistmentFindLocked(Instance, Transaction);
    if (Enlistment != NULL) {
        TmpEnlistmentReference(&Enlistment->Tm);
    }
    FltpLockRelease(&Instance->Enlistments.Lock);
    return Enlistment;
}

VOID
FltpEnlistmentsWithdraw(PFLT_INSTANCE Instance)
{
    FLTP_ENLISTMENT *Enlistment;

    do {
        FltpLockAcquire(&Instance->Enlistments.Lock, FLTP_RANK_LEAF);
        Enlistment = NULL;
        if (!IsListEmpty(&Instance->Enlistments.List)) {
            Enlistment = CONTAINING_RECORD(RemoveHeadList(&Instance->Enlistments.List), FLTP_ENLISTMENT, Links);
            Enlistment->Listed = FALSE;
            TmpEnlistmentReference(&Enlistment->Tm);
        }
        FltpLockRelease(&Instance->Enlistments.Lock);
        if (Enlistment != NULL) {
            TmpEnlistmentWithdraw(Enlistment->Transaction, &Enlistment->Tm);
            FltpEnlistmentDropNode(Enlistment->Node);
            TmpEnlistmentDereference(&Enlistment->Tm);
        }
    } while (Enlistment != NULL);
}

/* ---- notifications ---- */

static BOOLEAN
FltpIsLastNotification(const FLTP_ENLISTMENT *Enlistment, ULONG Notification)
{
    return Notification == TRANSACTION_NOTIFY_ROLLBACK || Notification == TRANSACTION_NOTIFY_COMMIT_FINALIZE ||
           (Notification == TRANSACTION_NOTIFY_COMMIT && !(Enlistment->Tm.Mask & TRANSACTION_NOTIFY_COMMIT_FINALIZE));
}

/* TRUE: the caller answers Notification, and releases the instance's Outstanding afterwards. */
static BOOLEAN
FltpNotificationTake(FLTP_ENLISTMENT *Enlistment, ULONG Notification)
{
    ULONG Expected = Notification;

    if (!atomic_compare_exchange_strong(&Enlistment->Told, &Expected, 0)) {
        return FALSE;
    }
    if (FltpIsLastNotification(Enlistment, Notification)) {
        FltpEnlistmentRetire(Enlistment);
    }
    return TRUE;
}

/* TRUE: the instance takes notifications; its Outstanding is held twice, for the call and for the answer. */
static BOOLEAN
FltpNotificationEnter(PFLT_INSTANCE Instance)
{
    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        return FALSE;
    }
    if (atomic_load(&Instance->Deleting) || atomic_load(&Instance->Filter->Dead)) {
        FltpCountRelease(&Instance->Outstanding);
        return FALSE;
    }
    FltpCountAcquire(&Instance->Outstanding);
    return TRUE;
}

static NTSTATUS
FltpNotificationCall(FLTP_ENLISTMENT *Enlistment, ULONG Notification)
{
    PFLT_FILTER Filter = Enlistment->Instance->Filter;
    const PFLT_TRANSACTION_NOTIFICATION_CALLBACK Callback = Filter->Registration.TransactionNotificationCallback;
    struct { USHORT Size, TransactionContext; PVOID Filter, Volume, Instance, FileObject, Transaction; } Objects = {
        .Size = sizeof(FLT_RELATED_OBJECTS), .Filter = Filter, .Volume = Enlistment->Instance->Volume, .Instance = Enlistment->Instance,
        .Transaction = Enlistment->Transaction };
    volatile NTSTATUS Status = STATUS_SUCCESS;
    KI_DRIVER_CALL Call;

    _Static_assert(sizeof(Objects) == sizeof(FLT_RELATED_OBJECTS), "the same without CONSTs");
    FltpCallInitialize(&Call, Filter, NULL, "transaction notification");
    NT_CALL(&Call, Status = Callback((PCFLT_RELATED_OBJECTS)&Objects, Enlistment->Node->Context, Notification));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
        return STATUS_SUCCESS;
    }
    return Status;
}

static NTSTATUS
FltpTransactionNotify(TMP_ENLISTMENT *Tm, PKTRANSACTION Transaction, ULONG Notification)
{
    FLTP_ENLISTMENT *Enlistment = CONTAINING_RECORD(Tm, FLTP_ENLISTMENT, Tm);
    PFLT_INSTANCE Instance = Enlistment->Instance;
    NTSTATUS Status = STATUS_PENDING;

    UNREFERENCED_PARAMETER(Transaction);
    if (!FltpNotificationEnter(Instance)) {
        return STATUS_SUCCESS;
    }
    atomic_store(&Enlistment->Told, Notification);
    if (FltpNotificationCall(Enlistment, Notification) != STATUS_PENDING && FltpNotificationTake(Enlistment, Notification)) {
        FltpCountRelease(&Instance->Outstanding);
        Status = STATUS_SUCCESS;
    }
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

static VOID
FltpTransactionEnlistmentEnded(TMP_ENLISTMENT *Tm, PKTRANSACTION Transaction)
{
    UNREFERENCED_PARAMETER(Transaction);
    FltpEnlistmentRetire(CONTAINING_RECORD(Tm, FLTP_ENLISTMENT, Tm));
}

/* ---- enlist ---- */

static FLTP_ENLISTMENT *
FltpEnlistmentCreate(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, FLTP_CONTEXT_NODE *Node, ULONG Mask)
{
    FLTP_ENLISTMENT *Enlistment = port_alloc_zeroed(sizeof(*Enlistment));

    if (Enlistment == NULL) {
        return NULL;
    }
    Enlistment->Tm.Mask = Mask;
    Enlistment->Tm.Notify = FltpTransactionNotify;
    Enlistment->Tm.Ended = FltpTransactionEnlistmentEnded;
    Enlistment->Tm.Free = FltpEnlistmentFree;
    Enlistment->Instance = Instance;
    atomic_fetch_add(&Instance->Memory, 1);
    Enlistment->Transaction = Transaction;
    ObpReference(Transaction);
    Enlistment->Node = Node;
    atomic_fetch_add_explicit(&Node->Word, 1, memory_order_relaxed);
    if (vf_on()) {
        vf_object_reference(Node->Ledger, VF_REASON_INTERNAL, "FltEnlistInTransaction");
    }
    return Enlistment;
}

/* On the instance's list first: who enlists in the same transaction meanwhile finds it. */
static NTSTATUS
FltpEnlist(FLTP_ENLISTMENT *Enlistment)
{
    PFLT_INSTANCE Instance = Enlistment->Instance;
    NTSTATUS Status = STATUS_SUCCESS;

    FltpLockAcquire(&Instance->Enlistments.Lock, FLTP_RANK_LEAF);
    if (FltpEnlistmentFindLocked(Instance, Enlistment->Transaction) != NULL) {
        Status = STATUS_FLT_ALREADY_ENLISTED;
    } else {
        Enlistment->Listed = TRUE;
        InsertTailList(&Instance->Enlistments.List, &Enlistment->Links);
    }
    FltpLockRelease(&Instance->Enlistments.Lock);
    return Status;
}

static NTSTATUS
FltpEnlistHeld(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, FLTP_CONTEXT_NODE *Node, ULONG Mask)
{
    if (atomic_load_explicit(&Instance->Deleting, memory_order_acquire)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FLTP_ENLISTMENT *Enlistment = vf_inject("FltEnlistInTransaction", Instance->Filter->Owner)
        ? NULL : FltpEnlistmentCreate(Instance, Transaction, Node, Mask);
    if (Enlistment == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    TmpEnlistmentPrepare(&Enlistment->Tm);
    NTSTATUS Status = FltpEnlist(Enlistment);
    if (NT_SUCCESS(Status)) {
        Status = TmpEnlist(Transaction, &Enlistment->Tm);
        if (!NT_SUCCESS(Status) && FltpEnlistmentUnlist(Enlistment)) {
            FltpEnlistmentDropNode(Node);
        }
    } else {
        FltpEnlistmentDropNode(Node);
    }
    TmpEnlistmentDereference(&Enlistment->Tm);
    return Status;
}

/* Windows: fltKernel.h, FltEnlistInTransaction.  Differences: STATUS_TRANSACTION_NOT_ACTIVE when the transaction is ending. */
NTSTATUS FLTAPI
FltEnlistInTransaction(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext, NOTIFICATION_MASK NotificationMask)
{
    FltpContextCheckIrql(Instance->Filter, __func__);
    FLTP_CONTEXT_NODE *Node = FltpContextNode(TransactionContext, FLT_TRANSACTION_CONTEXT);
    if (Instance->Filter->Registration.TransactionNotificationCallback == NULL || Transaction == NULL || Node == NULL ||
        Node->Filter != Instance->Filter) {
        return STATUS_INVALID_PARAMETER;
    }
    if (NotificationMask == 0 || (NotificationMask & ~(ULONG)FLT_MAX_TRANSACTION_NOTIFICATIONS) != 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    const NTSTATUS Status = FltpEnlistHeld(Instance, Transaction, Node, NotificationMask);
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

/* ---- answers ---- */

/* C-39, and what is left: a context, but nothing that could be answered. */
static NTSTATUS
FltpAnswerNone(PFLT_INSTANCE Instance, PKTRANSACTION Transaction)
{
    return FltpTransactionHasContext(Instance, Transaction) ? STATUS_TRANSACTION_REQUEST_NOT_VALID : STATUS_NOT_FOUND;
}

static NTSTATUS
FltpAnswer(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, ULONG Notification)
{
    FLTP_ENLISTMENT *Enlistment = FltpEnlistmentFind(Instance, Transaction);
    NTSTATUS Status = STATUS_TRANSACTION_REQUEST_NOT_VALID;

    if (Enlistment == NULL) {
        return FltpAnswerNone(Instance, Transaction);
    }
    if (FltpNotificationTake(Enlistment, Notification)) {
        TmpEnlistmentAnswer(Transaction, &Enlistment->Tm, Notification);
        FltpCountRelease(&Instance->Outstanding);
        Status = STATUS_SUCCESS;
    }
    TmpEnlistmentDereference(&Enlistment->Tm);
    return Status;
}

/* Windows: fltKernel.h, FltPrePrepareComplete.  Differences: STATUS_TRANSACTION_REQUEST_NOT_VALID when nothing is to be answered. */
NTSTATUS FLTAPI
FltPrePrepareComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    UNREFERENCED_PARAMETER(TransactionContext);
    return FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_PREPREPARE);
}

/* Windows: fltKernel.h, FltPrepareComplete.  Differences: as FltPrePrepareComplete. */
NTSTATUS FLTAPI
FltPrepareComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    UNREFERENCED_PARAMETER(TransactionContext);
    return FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_PREPARE);
}

/* Windows: fltKernel.h, FltCommitComplete.  Differences: as FltPrePrepareComplete. */
NTSTATUS FLTAPI
FltCommitComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    UNREFERENCED_PARAMETER(TransactionContext);
    return FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_COMMIT);
}

/* Windows: fltKernel.h, FltCommitFinalizeComplete.  Differences: as FltPrePrepareComplete. */
NTSTATUS FLTAPI
FltCommitFinalizeComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    UNREFERENCED_PARAMETER(TransactionContext);
    return FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_COMMIT_FINALIZE);
}

/* Windows: fltKernel.h, FltRollbackComplete.  Differences: as FltPrePrepareComplete. */
NTSTATUS FLTAPI
FltRollbackComplete(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    UNREFERENCED_PARAMETER(TransactionContext);
    return FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_ROLLBACK);
}

/*
 * What the enlistment still owes of the commit is answered by this call.
 *
 * Windows: fltKernel.h, FltRollbackEnlistment.  Differences: other filters are told when all have answered the phase that runs.
 */
NTSTATUS FLTAPI
FltRollbackEnlistment(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT TransactionContext)
{
    FLTP_ENLISTMENT *Enlistment = FltpEnlistmentFind(Instance, Transaction);

    UNREFERENCED_PARAMETER(TransactionContext);
    if (Enlistment == NULL) {
        return FltpAnswerNone(Instance, Transaction);
    }
    const NTSTATUS Status = TmpEnlistmentRollback(Transaction, &Enlistment->Tm);
    if (NT_SUCCESS(Status)) {
        FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_PREPREPARE);
        FltpAnswer(Instance, Transaction, TRANSACTION_NOTIFY_PREPARE);
    }
    TmpEnlistmentDereference(&Enlistment->Tm);
    return Status;
}

/* SPDX-License-Identifier: MIT */
/*
 * tm, outward header: kernel transactions (NT side).  A transaction has an identifier, a state and enlistments; ending it walks the
 * enlistments phase by phase and waits for their answers.  Nothing is logged and nothing recovered: resource managers are the ones that
 * enlist here (the filter manager), and they live as long as the machine.
 *
 *      TmpActive ──commit──> PrePreparing ──> Preparing ──> Committing ──> Finalizing ──> Committed
 *          │                      │               │
 *          └──rollback──> RollingBack <───────────┘ (somebody asked for a rollback)  ──> Aborted
 *
 * One thread at a time runs a transaction (TmpRun): it tells each enlistment that wants the phase's notification, once.  Outstanding counts
 * the answers that are owed, and one for the runner; whoever takes it to zero moves to the next phase, under Lock, and runs on (the runner) or
 * queues the work item that does (an answer that came late).  No lock is held across Notify.
 */
#ifndef FB_TM_TMP_H
#define FB_TM_TMP_H

#include <ntifs.h>
#include <stdatomic.h>

#include "port/port.h"

typedef enum TMP_STATE {
    TmpActive, TmpPrePreparing, TmpPreparing, TmpCommitting, TmpFinalizing, TmpRollingBack,
    TmpCommitted, TmpAborted                   /* ended: every notification is answered */
} TMP_STATE;

struct _KTRANSACTION {
    KEVENT Outcome;                            /* first: what waits on the object wait for; committed or rolled back */
    /* constant after create */
    GUID Id;
    ULONG IsolationLevel, IsolationFlags;
    LARGE_INTEGER Timeout;
    UNICODE_STRING Description;                /* own allocation */
    LIST_ENTRY Links;                          /* the lock of the list of transactions */
    port_lock Lock;
    /* Lock */
    TMP_STATE State;
    BOOLEAN RollbackWanted;                    /* the phases before Committing end in a rollback */
    ULONG Outstanding;                         /* answers owed in this phase, and 1 for the runner */
    LIST_ENTRY Enlistments;
    /* the runner's: one thread at a time */
    WORK_QUEUE_ITEM RunItem;
    /* the time limit; holds a reference while the timer is set */
    BOOLEAN Timed;
    KTIMER Timer;
    KDPC TimerDpc;
    WORK_QUEUE_ITEM TimeoutItem;
    _Atomic(void *) FilterBlock;               /* owned by the filter manager: contexts; freed by the Deleting hook */
};

/* Embedded in an object of whoever enlists.  Lives by its references: one while it is on the transaction's list. */
typedef struct TMP_ENLISTMENT {
    ULONG Mask;                                /* TRANSACTION_NOTIFY_* it is told */
    /* STATUS_PENDING: TmpEnlistmentAnswer comes, or has come; all else is the answer.  PASSIVE_LEVEL, no locks. */
    NTSTATUS (*Notify)(struct TMP_ENLISTMENT *Enlistment, PKTRANSACTION Transaction, ULONG Notification);
    VOID (*Ended)(struct TMP_ENLISTMENT *Enlistment, PKTRANSACTION Transaction);   /* the transaction has ended; not when withdrawn */
    VOID (*Free)(struct TMP_ENLISTMENT *Enlistment);
    /* tm's own: Transaction->Lock */
    LIST_ENTRY Links;
    BOOLEAN Listed, Told;
    ULONG Owed;                                /* the notification to be answered, or 0 */
    _Atomic(ULONG) References;
} TMP_ENLISTMENT;

typedef struct TMP_HOOKS {
    VOID (*Ended)(PKTRANSACTION Transaction);          /* after all enlistments */
    VOID (*Deleting)(PKTRANSACTION Transaction);       /* the last reference is gone */
} TMP_HOOKS;
VOID TmpSetHooks(const TMP_HOOKS *Hooks);      /* once; NULL members are fine */
extern TMP_HOOKS TmpHooks;

/* The members before `tm's own` are filled in; the one reference is the caller's. */
VOID TmpEnlistmentPrepare(TMP_ENLISTMENT *Enlistment);
/* One more reference is the list's.  Fails: STATUS_TRANSACTION_NOT_ACTIVE. */
NTSTATUS TmpEnlist(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment);
VOID TmpEnlistmentReference(TMP_ENLISTMENT *Enlistment);
VOID TmpEnlistmentDereference(TMP_ENLISTMENT *Enlistment);
/* The late answer to Notification.  FALSE: it is not owed. */
BOOLEAN TmpEnlistmentAnswer(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment, ULONG Notification);
/* It is told nothing more; what it owes counts as answered. */
VOID TmpEnlistmentWithdraw(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment);
/* Until it has answered TRANSACTION_NOTIFY_PREPARE.  Fails: STATUS_TRANSACTION_REQUEST_NOT_VALID.  Notifications come in a system thread. */
NTSTATUS TmpEnlistmentRollback(PKTRANSACTION Transaction, TMP_ENLISTMENT *Enlistment);

TMP_STATE TmpState(PKTRANSACTION Transaction);
/* Begins a rollback if the transaction is active: run in this thread (TmpHere) or in a system thread (TmpQueue, STATUS_PENDING).  Fails: as TmRollbackTransaction. */
typedef enum TMP_WHO { TmpQueue, TmpHere } TMP_WHO;
NTSTATUS TmpRollback(PKTRANSACTION Transaction, TMP_WHO Who);
VOID TmpTimerCancel(PKTRANSACTION Transaction);        /* transaction.c */

#endif

/* SPDX-License-Identifier: MIT */
/* Filters that log the notifications of transactions they enlisted in, over the volume of membed.h. */
#ifndef FB_TESTS_FLTMGR_TXNBED_H
#define FB_TESTS_FLTMGR_TXNBED_H

#include "membed.h"
#include "ob/obp.h"
#include "tm/tmp.h"

#define CONTEXT_SIZE 64
#define ALL_NOTIFICATIONS FLT_MAX_TRANSACTION_NOTIFICATIONS

typedef struct TOLD { int Which; ULONG Notification; PFLT_CONTEXT Context; PFLT_INSTANCE Instance; PKTRANSACTION Transaction; } TOLD;
static TOLD Told[64];
static _Atomic(ULONG) ToldCount;
static _Atomic(ULONG) Pend[3];                 /* notifications that the filter answers with STATUS_PENDING */
static _Atomic(ULONG) RollBackAt[3];           /* … with FltRollbackEnlistment */
static _Atomic(LONG) Cleanups;
static BOOLEAN Holds;                          /* contexts hold a reference on their transaction: the first pointer in them */

static int
WhichOf(PFLT_FILTER Filter)
{
    for (int i = 0; i < 3; i++) {
        if (Filters[i].Filter == Filter) {
            return i;
        }
    }
    return -1;
}

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    assert_true(KeGetCurrentIrql() <= APC_LEVEL);
    if (Type == FLT_TRANSACTION_CONTEXT && Holds) {
        ObDereferenceObject(*(PVOID *)Context);
    }
    atomic_fetch_add(&Cleanups, 1);
}

static NTSTATUS
OnNotify(PCFLT_RELATED_OBJECTS Objects, PFLT_CONTEXT Context, ULONG Notification)
{
    const int Which = WhichOf(Objects->Filter);
    const ULONG n = ToldCount;                 /* one thread at a time tells */

    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(Objects->Size, sizeof(*Objects));
    assert_true(n < RTL_NUMBER_OF(Told));
    Told[n] = (TOLD){ Which, Notification, Context, Objects->Instance, Objects->Transaction };
    ToldCount = n + 1;
    if (RollBackAt[Which] & Notification) {
        assert_status(FltRollbackEnlistment(Objects->Instance, Objects->Transaction, Context), STATUS_SUCCESS);
        return STATUS_SUCCESS;
    }
    return (Pend[Which] & Notification) ? STATUS_PENDING : STATUS_SUCCESS;
}

static inline void
TxnReset(void)
{
    Reset();
    memset(Told, 0, sizeof(Told));
    ToldCount = 0;
    for (int i = 0; i < 3; i++) {
        Pend[i] = RollBackAt[i] = 0;
    }
    Cleanups = 0;
    Holds = FALSE;
}

/* ---- transactions ---- */

static inline HANDLE
Begin(PKTRANSACTION *Transaction)
{
    HANDLE Handle;

    assert_status(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, NULL), STATUS_SUCCESS);
    assert_status(ObReferenceObjectByHandle(Handle, TRANSACTION_ENLIST, *TmTransactionObjectType, KernelMode, (PVOID *)Transaction, NULL),
        STATUS_SUCCESS);
    return Handle;
}

/* The handle and the reference that Begin gave. */
static inline void
Forget(HANDLE Handle, PKTRANSACTION Transaction)
{
    assert_status(ZwClose(Handle), STATUS_SUCCESS);
    ObDereferenceObject(Transaction);
}

static inline PFLT_CONTEXT
NewContext(int Which, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context = POISON;

    assert_status(FltAllocateContext(Filters[Which].Filter, Type, CONTEXT_SIZE, NonPagedPool, &Context), STATUS_SUCCESS);
    memset(Context, 0x11, CONTEXT_SIZE);
    return Context;
}

/* A context of the filter, set on the transaction and enlisted; only the links are left. */
static inline PFLT_CONTEXT
Enlist(int Which, PKTRANSACTION Transaction, ULONG Mask)
{
    PFLT_CONTEXT Context = NewContext(Which, FLT_TRANSACTION_CONTEXT);

    if (Holds) {
        *(PVOID *)Context = Transaction;
        ObReferenceObject(Transaction);
    }
    assert_status(FltSetTransactionContext(InstanceOf(Which), Transaction, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL), STATUS_SUCCESS);
    if (Mask != 0) {
        assert_status(FltEnlistInTransaction(InstanceOf(Which), Transaction, Context, Mask), STATUS_SUCCESS);
    }
    FltReleaseContext(Context);
    return Context;
}

static inline NTSTATUS
GetTxn(int Which, PKTRANSACTION Transaction, PFLT_CONTEXT *Context)
{
    *Context = POISON;
    return FltGetTransactionContext(InstanceOf(Which), Transaction, Context);
}

static inline void
WaitFor(_Atomic(ULONG) *Value, ULONG Wanted)
{
    for (int i = 0; i < 10000 && *Value < Wanted; i++) {
        TinySleep(1);
    }
    assert_int_equal(*Value, Wanted);
}

/* ---- set-up ---- */

static const FLT_CONTEXT_REGISTRATION TxnContexts[] = {
    { FLT_TRANSACTION_CONTEXT, 0, OnCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_SECTION_CONTEXT, 0, OnCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_STREAM_CONTEXT, 0, OnCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_INSTANCE_CONTEXT, 0, OnCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_VOLUME_CONTEXT, 0, OnCleanup, CONTEXT_SIZE, 'tseT', NULL, NULL, NULL },
    { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL },
};

/* MIDDLE has no notification callback. */
static inline int
TxnSetup(void **State)
{
    for (int i = 0; i < 3; i++) {
        Filters[i].Registration.ContextRegistration = TxnContexts;
        Filters[i].Registration.TransactionNotificationCallback = i == MIDDLE ? NULL : OnNotify;
    }
    return BedSetup(State);
}

static inline void
Detach(int Which)
{
    assert_status(FltDetachVolume(Filters[Which].Filter, Volume, NULL), STATUS_SUCCESS);
}

static inline void
Attach(int Which)
{
    assert_status(FltAttachVolume(Filters[Which].Filter, Volume, NULL, NULL), STATUS_SUCCESS);
    Instances[Which] = InstanceOf(Which);
}

#endif

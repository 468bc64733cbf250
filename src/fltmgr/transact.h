/* SPDX-License-Identifier: MIT */
/* fltmgr, inward: transactions (transaction.c) and sections for data scans (section.c). */
#ifndef FB_FLTMGR_TRANSACT_H
#define FB_FLTMGR_TRANSACT_H

#include "fltmgr/fltp.h"

/* ---- ctxapi.c ---- */
VOID FltpContextCheckIrql(PFLT_FILTER Filter, const char *Routine);
/* C-11, C-12: NULL if Context is not one that can be set so.  Filter NULL: any. */
FLTP_CONTEXT_NODE *FltpContextForSet(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type, PFLT_FILTER Filter, FLT_SET_CONTEXT_OPERATION Operation,
    const char *Routine);

/* ---- transaction.c ---- */
VOID FltpTransactionsInitialize(VOID);
/* Fails: STATUS_INVALID_PARAMETER (no transaction); STATUS_NOT_FOUND (FindExisting and nothing was ever set there);
 * STATUS_FLT_DELETING_OBJECT (Create, and it has ended); STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS FltpTransactionTarget(PKTRANSACTION Transaction, FLTP_FIND Find, FLTP_TARGET **Target);
VOID FltpEnlistmentsWithdraw(PFLT_INSTANCE Instance);                  /* its Outstanding is closed and zero */

/* ---- section.c ---- */
BOOLEAN FltpVolumeSupportsScan(PFLT_VOLUME Volume);
/* Before an operation goes down: tells the owners of sections of its stream, if it conflicts with them. */
VOID FltpScanConflicts(FLTP_OPERATION *Operation);

#endif

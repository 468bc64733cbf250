/* SPDX-License-Identifier: MIT */
/*
 * The one way into driver code.  Every call of a driver's routine goes through NT_CALL, so that a fault in it is caught,
 * named and survived, the verifier knows what runs, and IRQL and locks are checked on return.
 *
 *   NTSTATUS Status = STATUS_UNSUCCESSFUL;
 *   KI_DRIVER_CALL Call = { .Owner = Filter->Owner, .Phase = "pre", .Operation = FltpMajorName(Major) };
 *   NT_CALL(&Call, Status = Callback(Data, Objects, &Context));
 *   if (Call.Faulted) { … the driver is dead: mark it, fail the operation … }
 *
 * The statement must not declare variables or jump out.  Variables it assigns that are read after a fault must be volatile.
 * A walk over many callbacks may open one frame with KiDriverCallEnter and move it with KiDriverCallMove (two plain stores), see fltmgr.
 */
#ifndef FB_KE_NTCALL_H
#define FB_KE_NTCALL_H

#include <ntdef.h>

#include "ke/ki.h"
#include "port/port.h"
#include "vf/vf.h"

typedef struct KI_DRIVER_CALL {
    vf_owner *Owner;
    const char *Operation;                     /* literal: "IRP_MJ_CREATE"; NULL outside operations */
    const char *Phase;                         /* literal: "pre", "post", "DriverEntry", "context cleanup" … */
    PCUNICODE_STRING Name;                     /* file name or NULL */
    ULONGLONG Id;
    /* filled in by the machinery */
    volatile BOOLEAN Faulted;
    UCHAR EntryIrql;
    ULONG EntryHeld;                           /* locks of drivers that the thread held before */
    ULONG EntryKernelApc, EntrySpecialApc;
    struct KI_DRIVER_CALL *Outer;
    PVOID OuterSeh;                            /* SEH frames of the caller's side: hidden from the callee */
    struct vf_operation Vf;
    struct port_fault_frame Fault;
} KI_DRIVER_CALL;

VOID KiDriverCallEnter(KI_DRIVER_CALL *Call);  /* pushes the operation, remembers IRQL and held locks */
VOID KiDriverCallLeave(KI_DRIVER_CALL *Call);  /* checks IRQL, locks, critical regions; pops */
VOID KiDriverCallFault(KI_DRIVER_CALL *Call);  /* after a fault: releases what the thread held, restores IRQL, reports K-00 with the stack */
VOID KiDriverCallCheck(KI_DRIVER_CALL *Call);  /* reports and repairs IRQL and critical regions that the callee left changed */

/* The frame of a running walk now belongs to the next callback (of Owner, in the same phase).  Between two callbacks only. */
static inline VOID
KiDriverCallMove(KI_DRIVER_CALL *Call, vf_owner *Owner)
{
    if (__builtin_expect(KiThread->Irql != Call->EntryIrql, 0)) {
        KiDriverCallCheck(Call);
    }
    if (__builtin_expect(Call->Vf.record != NULL, 0)) {
        vf_operation_reset(&Call->Vf);
    }
    Call->Owner = Call->Vf.owner = Owner;
}

#define NT_CALL(Call, Statement)                                   \
    do {                                                           \
        KiDriverCallEnter(Call);                                   \
        if (port_fault_enter(&(Call)->Fault) == 0) {               \
            Statement;                                             \
            port_fault_leave(&(Call)->Fault);                      \
            KiDriverCallLeave(Call);                               \
        } else {                                                   \
            KiDriverCallFault(Call);                               \
        }                                                          \
    } while (0)

#endif

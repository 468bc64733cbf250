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
#include "rtl/sehp.h"
#include "vf/vf.h"

typedef struct KI_DRIVER_CALL {
    union {                                    /* what the caller says is where the verifier reads it */
        struct vf_operation Vf;
        struct {
            const char *Operation;             /* literal: "IRP_MJ_CREATE"; NULL outside operations */
            const char *Phase;                 /* literal: "pre", "post", "DriverEntry", "context cleanup" … */
            const uint16_t *VfName;
            uint32_t VfNameBytes;
            ULONGLONG Id;
            vf_owner *Owner;
            const VOID *File;                  /* file object that is open, for what the verifier is asked about a file; or NULL */
        };
    };
    PCUNICODE_STRING Name;                     /* file name or NULL */
    const VOID *Routine;                       /* that is called, for what is wrong after its return; NULL: not said */
    /* filled in by the machinery */
    volatile BOOLEAN Faulted;
    UCHAR EntryIrql;
    ULONG EntryHeld;                           /* locks of drivers that the thread held before */
    ULONG EntryKernelApc, EntrySpecialApc;
    struct KI_DRIVER_CALL *Outer;
    PVOID OuterSeh;                            /* SEH frames of the caller's side: hidden from the callee */
    struct port_fault_frame Fault;
} KI_DRIVER_CALL;
_Static_assert(__builtin_offsetof(KI_DRIVER_CALL, VfName) == __builtin_offsetof(struct vf_operation, name) &&
                   __builtin_offsetof(KI_DRIVER_CALL, VfNameBytes) == __builtin_offsetof(struct vf_operation, name_bytes) &&
                   __builtin_offsetof(KI_DRIVER_CALL, Id) == __builtin_offsetof(struct vf_operation, id) &&
                   __builtin_offsetof(KI_DRIVER_CALL, Owner) == __builtin_offsetof(struct vf_operation, owner) &&
                   __builtin_offsetof(KI_DRIVER_CALL, File) == __builtin_offsetof(struct vf_operation, file),
               "members of the union lie on each other");

VOID KiDriverCallEnter(KI_DRIVER_CALL *Call);  /* pushes the operation, remembers IRQL and held locks */
VOID KiDriverCallLeave(KI_DRIVER_CALL *Call);  /* checks IRQL, locks, critical regions; pops */
VOID KiDriverCallFault(KI_DRIVER_CALL *Call);  /* after a fault: releases what the thread held, restores IRQL, reports K-00 with the stack */
VOID KiDriverCallCheck(KI_DRIVER_CALL *Call);  /* reports and repairs IRQL and critical regions that the callee left changed */

/* The frame of a running walk now belongs to the next callback (of Owner, in the same phase).  Between two callbacks only.  Thread: the
 * calling one. */
static inline VOID
KiDriverCallMove(KI_DRIVER_CALL *Call, const struct _KTHREAD *Thread, vf_owner *Owner, const VOID *Routine)
{
    if (__builtin_expect(Thread->Irql != Call->EntryIrql, 0)) {
        KiDriverCallCheck(Call);
    }
    if (__builtin_expect(Call->Vf.record != NULL, 0)) {
        vf_operation_reset(&Call->Vf);
    }
    Call->Owner = Owner;
    Call->Routine = Routine;
}

/* docs/locking.md, rule 2.  Checked in builds for debugging and under sanitizers only. */
#if defined(FILTERBED_DEBUG) || defined(FILTERBED_SANITIZE)
#define KI_ASSERT_UNLOCKED() port_assert_unlocked("driver code is called")
#else
#define KI_ASSERT_UNLOCKED() ((void)0)
#endif

/* KiDriverCallEnter and KiDriverCallLeave for the few places that every operation passes. */
static inline VOID
KiDriverCallPush(KI_DRIVER_CALL *Call)
{
    PKTHREAD Thread = KiCurrent();
    const UNICODE_STRING *Name = Call->Name;

    KI_ASSERT_UNLOCKED();
    Call->Faulted = FALSE;
    Call->EntryIrql = Thread->Irql;
    Call->EntryHeld = Thread->HeldCount;
    Call->EntryKernelApc = Thread->KernelApcDisable;
    Call->EntrySpecialApc = Thread->SpecialApcDisable;
    Call->Outer = Thread->Call;
    Thread->Call = Call;
    Call->OuterSeh = RtlpSehSwapTop(NULL);
    Call->VfName = Name != NULL ? (const uint16_t *)Name->Buffer : NULL;
    Call->VfNameBytes = Name != NULL ? Name->Length : 0;
    vf_operation_enter(&Call->Vf);
}

static inline VOID
KiDriverCallPop(KI_DRIVER_CALL *Call)
{
    PKTHREAD Thread = KiThread;

    if (__builtin_expect(Thread->Irql != Call->EntryIrql || Thread->HeldCount != Call->EntryHeld ||
                             Thread->KernelApcDisable != Call->EntryKernelApc || Thread->SpecialApcDisable != Call->EntrySpecialApc, 0)) {
        KiDriverCallCheck(Call);
    }
    RtlpSehSwapTop(Call->OuterSeh);
    vf_operation_leave(&Call->Vf);
    Thread->Call = Call->Outer;
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

/* The same without a call for entry and exit. */
#define NT_CALL_INLINE(Call, Statement)                            \
    do {                                                           \
        KiDriverCallPush(Call);                                    \
        if (port_fault_enter(&(Call)->Fault) == 0) {               \
            Statement;                                             \
            port_fault_leave(&(Call)->Fault);                      \
            KiDriverCallPop(Call);                                 \
        } else {                                                   \
            KiDriverCallFault(Call);                               \
        }                                                          \
    } while (0)

#endif

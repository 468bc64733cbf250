/* SPDX-License-Identifier: MIT */
/* The frame around every call into driver code; see ntcall.h. */
#include <string.h>

#include "ke/ntcall.h"

#include "ke/kip.h"

static VOID (*KiHeldReleases[KiHeldKindCount])(PVOID Lock);

VOID
KiSetHeldRelease(enum KI_HELD_KIND Kind, VOID (*Release)(PVOID Lock))
{
    KiHeldReleases[Kind] = Release;
}

VOID (*KiHeldHook)(PVOID Lock);

VOID
KiSetHeldHook(VOID (*Hook)(PVOID Lock))
{
    KiHeldHook = Hook;
}

/* ---- owners ---- */

vf_owner *
KiOwnerOfAddress(const VOID *Address)
{
    const struct port_module *Module = port_module_find((uintptr_t)Address);
    return Module != NULL ? Module->owner : NULL;
}

vf_owner *
KiCurrentOwner(VOID)
{
    PKTHREAD Thread = KiCurrent();
    return Thread->Call != NULL ? Thread->Call->Owner : NULL;
}

vf_owner *
KiOwnerOfCall(const VOID *ReturnAddress)
{
    const struct port_module *Module = port_module_find((uintptr_t)ReturnAddress);
    if (Module != NULL) {
        return Module->owner;
    }
    return port_pc_in_runtime((uintptr_t)ReturnAddress) ? NULL : KiCurrentOwner();
}

/* ---- enter, leave ---- */

VOID
KiDriverCallEnter(KI_DRIVER_CALL *Call)
{
    KiDriverCallPush(Call);
}

static BOOLEAN
KiPhaseIs(const KI_DRIVER_CALL *Call, const char *Phase)
{
    return Call->Phase != NULL && strcmp(Call->Phase, Phase) == 0;
}

/* A pre-operation may keep a lock for its post-operation; a context cleanup callback has no second half. */
static BOOLEAN
KiPhaseIsWhole(const KI_DRIVER_CALL *Call)
{
    return KiPhaseIs(Call, "context cleanup") || KiPhaseIs(Call, "work item") || KiPhaseIs(Call, "system thread") ||
           KiPhaseIs(Call, "dpc");
}

static VOID
KiReleaseHeld(PKTHREAD Thread, ULONG Keep)
{
    while (Thread->HeldCount > Keep) {
        const ULONG Count = Thread->HeldCount;
        KI_HELD Held = Thread->Held[Count - 1];
        if (KiHeldReleases[Held.Kind] != NULL) {
            KiHeldReleases[Held.Kind](Held.Lock);
        }
        if (Thread->HeldCount == Count) {
            Thread->HeldCount--;               /* no longer held, or unknown how to release */
        }
    }
}

/* Of a cleanup callback nobody else can release it: that is done for it, with what the lock brought along (IRQL, critical region). */
static VOID
KiReportHeld(const KI_DRIVER_CALL *Call, BOOLEAN Cleanup)
{
    static const char *const Kinds[KiHeldKindCount] = {"a spin lock", "a mutant", "a fast mutex", "a guarded mutex", "a resource", "a push lock",
                                                       "a shared spin lock"};
    PKTHREAD Thread = KiCurrent();
    const KI_HELD *Held = &Thread->Held[Thread->HeldCount - 1];
    const struct vf_evidence Evidence = {.object = Held->Lock, .routine = true, .stack = vf_stack_routine(Call->Routine)};

    vf_report_evidence(Cleanup ? "K-22" : "N-08", Cleanup ? "F-06" : NULL, NULL, Call->Owner, &Evidence,
                       "the callback (%s) returned while it held %s", Call->Phase, Kinds[Held->Kind]);
    if (Cleanup) {
        KiReleaseHeld(Thread, Call->EntryHeld);
        Thread->Irql = Call->EntryIrql;
        Thread->KernelApcDisable = Call->EntryKernelApc;
        Thread->SpecialApcDisable = Call->EntrySpecialApc;
    }
}

VOID
KiDriverCallCheck(KI_DRIVER_CALL *Call)
{
    PKTHREAD Thread = KiCurrent();
    const BOOLEAN Cleanup = KiPhaseIs(Call, "context cleanup");
    const BOOLEAN Whole = KiPhaseIsWhole(Call) && !Thread->Terminating;
    const char *Code = Cleanup ? "K-22" : "N-06";
    const char *Rule = Cleanup ? "F-06" : NULL;
    const struct vf_evidence Evidence = {.routine = true, .stack = vf_stack_routine(Call->Routine)};

    if (Whole && Thread->HeldCount > Call->EntryHeld && vf_on()) {
        KiReportHeld(Call, Cleanup);
    }
    if (Thread->Irql != Call->EntryIrql) {
        vf_report_evidence(Code, Rule, "0xC8", Call->Owner, &Evidence, "the callback (%s) was called at IRQL %u and returned at IRQL %u",
                  Call->Phase != NULL ? Call->Phase : "driver", (unsigned)Call->EntryIrql, (unsigned)Thread->Irql);
        Thread->Irql = Call->EntryIrql;
    }
    if (!Whole) {
        return;
    }
    if (Thread->KernelApcDisable != Call->EntryKernelApc || Thread->SpecialApcDisable != Call->EntrySpecialApc) {
        vf_report_evidence(Cleanup ? Code : "N-07", Rule, "0x1", Call->Owner, &Evidence,
                  "the callback (%s) did not leave as many critical or guarded regions as it entered", Call->Phase);
        Thread->KernelApcDisable = Call->EntryKernelApc;
        Thread->SpecialApcDisable = Call->EntrySpecialApc;
    }
}

VOID
KiDriverCallLeave(KI_DRIVER_CALL *Call)
{
    KiDriverCallPop(Call);
}

/* ---- faults ---- */

static BOOLEAN (*KiFaultExplain)(const VOID *Call);

VOID
KiSetFaultExplain(BOOLEAN (*Explain)(const VOID *Call))
{
    KiFaultExplain = Explain;
}

static VOID
KiReportFault(const KI_DRIVER_CALL *Call)
{
    const struct port_fault_info *Info = &Call->Fault.info;

    if (KiFaultExplain != NULL && KiFaultExplain(Call)) {
        return;
    }
    const struct port_module *Module = port_module_find(Info->pc);

    vf_report_stack(
        "K-00", NULL, Info->signo == 8 || Info->signo == 4 ? "0x1E" : "0x50", Call->Owner, NULL,
        vf_stack_intern(Info->frames, Info->frame_count),
        "driver %s faulted: %s at %s%s0x%llx, address 0x%llx; the call was abandoned and the driver is not called again",
        vf_owner_name(Call->Owner), port_signal_name(Info->signo), Module != NULL ? Module->name : "",
        Module != NULL ? (port_module_retired(Module) ? " (unloaded)+" : "+") : "",
        (unsigned long long)(Module != NULL ? Info->pc - Module->base : Info->pc), (unsigned long long)Info->address);
}

VOID
KiDriverCallFault(KI_DRIVER_CALL *Call)
{
    PKTHREAD Thread = KiCurrent();
    const int Code = Call->Fault.info.code;
    const BOOLEAN Exit = Call->Fault.info.signo == 0 && Code == KI_FAULT_THREAD_EXIT;

    Thread->Call = Call;
    KiReleaseHeld(Thread, Call->EntryHeld);
    Thread->Irql = Call->EntryIrql;
    Thread->KernelApcDisable = Call->EntryKernelApc;
    Thread->SpecialApcDisable = Call->EntrySpecialApc;
    if (Call->Fault.info.signo != 0) {
        KiReportFault(Call);
    }
    Call->Faulted = !Exit;
    while (vf_operation_current() != NULL && vf_operation_current() != &Call->Vf) {
        vf_operation_leave(vf_operation_current());
    }
    RtlpSehSwapTop(Call->OuterSeh);
    vf_operation_leave(&Call->Vf);
    Thread->Call = Call->Outer;
    if (Exit && Call->Outer != NULL) {
        /* The thread ends: the calls around this one are abandoned too. */
        struct port_fault_info Info = Call->Fault.info;
        port_fault_raise(&Info);
    }
}

/* ---- bug checks ---- */

/* Windows: wdm.h, KeBugCheckEx.  Differences: ends the driver call it was made from, not the machine. */
DECLSPEC_NORETURN VOID
KeBugCheckEx(
    ULONG BugCheckCode,
    ULONG_PTR BugCheckParameter1,
    ULONG_PTR BugCheckParameter2,
    ULONG_PTR BugCheckParameter3,
    ULONG_PTR BugCheckParameter4)
{
    static const char Digits[] = "0123456789ABCDEF";
    char Code[12] = "0x";
    ULONG Length = 2;
    for (LONG Shift = 28; Shift >= 0; Shift -= 4) {
        ULONG Digit = (BugCheckCode >> Shift) & 0xF;
        if (Digit != 0 || Length > 2 || Shift == 0) {
            Code[Length++] = Digits[Digit];
        }
    }
    vf_report("K-00", NULL, Code, KiCurrentOwner(), NULL, "bug check %s (0x%llx, 0x%llx, 0x%llx, 0x%llx)", Code,
              (unsigned long long)BugCheckParameter1, (unsigned long long)BugCheckParameter2,
              (unsigned long long)BugCheckParameter3, (unsigned long long)BugCheckParameter4);
    if (!port_fault_active()) {
        port_fatal("bug check %s outside of driver code (0x%llx, 0x%llx, 0x%llx, 0x%llx)", Code,
                   (unsigned long long)BugCheckParameter1, (unsigned long long)BugCheckParameter2,
                   (unsigned long long)BugCheckParameter3, (unsigned long long)BugCheckParameter4);
    }
    struct port_fault_info Info;
    memset(&Info, 0, sizeof(Info));
    Info.code = KI_FAULT_REPORTED;
    port_fault_raise(&Info);
}

/* Windows: wdm.h, KeBugCheck.  Differences: as KeBugCheckEx. */
DECLSPEC_NORETURN VOID
KeBugCheck(ULONG BugCheckCode)
{
    KeBugCheckEx(BugCheckCode, 0, 0, 0, 0);
}

/* SPDX-License-Identifier: MIT */
/* Emulated IRQL, critical and guarded regions, process attachment: counters on the thread. */
#include <string.h>

#include "ke/kip.h"

VOID
KiIrqlViolation(const char *Routine, KIRQL Maximum, const VOID *Caller)
{
    if (KiCurrent()->Call != NULL && port_pc_in_runtime((uintptr_t)Caller)) {
        return;                                /* a routine's own business: what the driver called is checked there */
    }
    vf_report("N-03", NULL, "0xD1", KiOwnerOfCall(Caller), NULL, "%s is called at IRQL %u; at most %u is allowed", Routine,
              (unsigned)KiCurrent()->Irql, (unsigned)Maximum);
}

/* Windows: wdm.h, KeGetCurrentIrql.  Differences: none. */
KIRQL
KeGetCurrentIrql(VOID)
{
    return KiCurrent()->Irql;
}

/* Windows: wdm.h, KeRaiseIrql.  Differences: none. */
KIRQL
KfRaiseIrql(KIRQL NewIrql)
{
    PKTHREAD Thread = KiCurrent();
    KIRQL OldIrql = Thread->Irql;

    if (__builtin_expect(NewIrql < OldIrql, 0)) {
        vf_report("N-06", NULL, "0x9", KiCurrentOwner(), NULL, "KeRaiseIrql to %u while the IRQL is %u", (unsigned)NewIrql,
                  (unsigned)OldIrql);
    }
    Thread->Irql = NewIrql;
    return OldIrql;
}

/* Windows: wdm.h, KeLowerIrql.  Differences: none. */
VOID
KeLowerIrql(KIRQL NewIrql)
{
    PKTHREAD Thread = KiCurrent();

    if (__builtin_expect(NewIrql > Thread->Irql, 0)) {
        vf_report("N-06", NULL, "0xA", KiCurrentOwner(), NULL, "KeLowerIrql to %u while the IRQL is %u", (unsigned)NewIrql,
                  (unsigned)Thread->Irql);
    }
    Thread->Irql = NewIrql;
}

/* Windows: wdm.h, KeRaiseIrqlToDpcLevel.  Differences: none. */
KIRQL
KeRaiseIrqlToDpcLevel(VOID)
{
    return KfRaiseIrql(DISPATCH_LEVEL);
}

/* Windows: wdm.h, KeRaiseIrqlToSynchLevel.  Differences: none. */
KIRQL
KeRaiseIrqlToSynchLevel(VOID)
{
    return KfRaiseIrql(DISPATCH_LEVEL);
}

/* ---- regions ---- */

/* Windows: ntddk.h, KeEnterCriticalRegion.  Differences: none. */
VOID
KeEnterCriticalRegion(VOID)
{
    KiCurrent()->KernelApcDisable++;
}

/* Windows: ntddk.h, KeLeaveCriticalRegion.  Differences: none. */
VOID
KeLeaveCriticalRegion(VOID)
{
    PKTHREAD Thread = KiCurrent();

    if (__builtin_expect(Thread->KernelApcDisable == 0, 0)) {
        vf_report("N-07", NULL, "0x1", KiOwnerOfCall(__builtin_return_address(0)), NULL,
                  "KeLeaveCriticalRegion (FsRtlExitFileSystem) without a matching entry");
        return;
    }
    Thread->KernelApcDisable--;
}

/* Windows: ntddk.h, KeEnterGuardedRegion.  Differences: none. */
VOID
KeEnterGuardedRegion(VOID)
{
    KiCurrent()->SpecialApcDisable++;
}

/* Windows: ntddk.h, KeLeaveGuardedRegion.  Differences: none. */
VOID
KeLeaveGuardedRegion(VOID)
{
    PKTHREAD Thread = KiCurrent();

    if (__builtin_expect(Thread->SpecialApcDisable == 0, 0)) {
        vf_report("N-07", NULL, "0x1", KiOwnerOfCall(__builtin_return_address(0)), NULL,
                  "KeLeaveGuardedRegion without a matching entry");
        return;
    }
    Thread->SpecialApcDisable--;
}

/* Windows: wdm.h, KeAreApcsDisabled.  Differences: none. */
BOOLEAN
KeAreApcsDisabled(VOID)
{
    PKTHREAD Thread = KiCurrent();
    return Thread->KernelApcDisable != 0 || Thread->SpecialApcDisable != 0 || Thread->Irql >= APC_LEVEL;
}

/* Windows: wdm.h, KeAreAllApcsDisabled.  Differences: none. */
BOOLEAN
KeAreAllApcsDisabled(VOID)
{
    PKTHREAD Thread = KiCurrent();
    return Thread->SpecialApcDisable != 0 || Thread->Irql >= APC_LEVEL;
}

/* ---- process attachment ---- */

/* Windows: ntifs.h, KeStackAttachProcess.  Differences: the process is noted; there is one address space. */
VOID
KeStackAttachProcess(PRKPROCESS Process, PRKAPC_STATE ApcState)
{
    PKTHREAD Thread = KiCurrent();

    memset(ApcState, 0, sizeof(*ApcState));
    ApcState->Process = (PKPROCESS)Thread->AttachedProcess;
    Thread->AttachedProcess = (PEPROCESS)Process;
}

/* Windows: ntifs.h, KeUnstackDetachProcess.  Differences: none. */
VOID
KeUnstackDetachProcess(PRKAPC_STATE ApcState)
{
    KiCurrent()->AttachedProcess = (PEPROCESS)ApcState->Process;
}

/* Windows: ntifs.h, KeAttachProcess.  Differences: as KeStackAttachProcess. */
VOID
KeAttachProcess(PRKPROCESS Process)
{
    KiCurrent()->AttachedProcess = (PEPROCESS)Process;
}

/* Windows: ntifs.h, KeDetachProcess.  Differences: none. */
VOID
KeDetachProcess(VOID)
{
    KiCurrent()->AttachedProcess = NULL;
}

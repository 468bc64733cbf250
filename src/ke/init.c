/* SPDX-License-Identifier: MIT */
/* Start of the layer, and what of a module is still to run. */
#include "ke/kip.h"
#include "rtl/sehp.h"

static VOID (*KiFaultResume)(const struct port_fault_info *Info) = RtlpSehFaultResume;
static VOID (*KiFaultFatal)(const struct port_fault_info *Info);
static BOOLEAN KiInitialized;

VOID
KiSetFaultResume(VOID (*Resume)(const struct port_fault_info *Info))
{
    KiFaultResume = Resume;
    if (KiInitialized) {
        port_fault_install(KiFaultResume, KiFaultFatal);
    }
}

VOID
KiSetFaultFatal(VOID (*Fatal)(const struct port_fault_info *Info))
{
    KiFaultFatal = Fatal;
    if (KiInitialized) {
        port_fault_install(KiFaultResume, KiFaultFatal);
    }
}

static VOID
KiHeldSpinLockRelease(PVOID Lock)
{
    KiSpinLockRelease(Lock);
}

static VOID
KiHeldFastMutexRelease(PVOID Lock)
{
    PFAST_MUTEX Mutex = Lock;
    if (__atomic_load_n(&Mutex->Owner, __ATOMIC_RELAXED) == KiCurrent()) {
        KiFastMutexRelease(Mutex);
    }
}

VOID
KeInitialize(VOID)
{
    KiInitializeHeldReleases();
    KiSetHeldRelease(KiHeldSpinLock, KiHeldSpinLockRelease);
    KiSetHeldRelease(KiHeldFastMutex, KiHeldFastMutexRelease);
    KiSetHeldRelease(KiHeldGuardedMutex, KiHeldFastMutexRelease);
    (void)KiCurrent();
    port_fault_install(KiFaultResume, KiFaultFatal);
    KiInitialized = TRUE;
}

typedef struct KI_THREAD_USE {
    ULONG_PTR Base, End;
    KI_MODULE_USE *Use;
} KI_THREAD_USE;

static BOOLEAN
KiThreadUseOne(PKTHREAD Thread, PVOID Context)
{
    KI_THREAD_USE *Walk = Context;
    ULONG_PTR Routine = (ULONG_PTR)Thread->StartRoutine;
    if (Routine >= Walk->Base && Routine < Walk->End) {
        Walk->Use->Threads++;
    }
    return TRUE;
}

VOID
KiModuleUse(ULONG_PTR Base, ULONG_PTR End, KI_MODULE_USE *Use)
{
    KI_THREAD_USE Walk = {.Base = Base, .End = End, .Use = Use};

    Use->Timers = 0;
    Use->Dpcs = 0;
    Use->Threads = 0;
    KiTimerUse(Base, End, Use);
    KiDpcUse(Base, End, Use);
    KiThreadEnumerate(KiThreadUseOne, &Walk);
}

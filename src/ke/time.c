/* SPDX-License-Identifier: MIT */
/* Time and processors. */
#include "ke/kip.h"

#define KI_TIME_INCREMENT 156250               /* 15.625 ms in 100 ns, as on Windows */
#define KI_QPC_FREQUENCY 10000000              /* the performance counter counts 100 ns */

/* Windows: wdm.h, KeQuerySystemTime.  Differences: none. */
VOID
KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = port_clock_nt();
}

/* Windows: wdm.h, KeQuerySystemTimePrecise.  Differences: none. */
VOID
KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = port_clock_nt();
}

/* Windows: wdm.h, KeQueryTickCount.  Differences: none. */
VOID
KeQueryTickCount(PLARGE_INTEGER CurrentCount)
{
    CurrentCount->QuadPart = (LONGLONG)(port_clock_monotonic() / 100 / KI_TIME_INCREMENT);
}

/* Windows: wdm.h, KeQueryTimeIncrement.  Differences: none. */
ULONG
KeQueryTimeIncrement(VOID)
{
    return KI_TIME_INCREMENT;
}

/* Windows: wdm.h, KeQueryInterruptTime.  Differences: none. */
ULONGLONG
KeQueryInterruptTime(VOID)
{
    return port_clock_monotonic() / 100;
}

/* Windows: wdm.h, KeQueryInterruptTimePrecise.  Differences: none. */
ULONGLONG
KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
    ULONGLONG Now = port_clock_monotonic() / 100;
    *QpcTimeStamp = Now;
    return Now;
}

/* Windows: wdm.h, KeQueryUnbiasedInterruptTime.  Differences: none (CLOCK_MONOTONIC does not count sleep). */
ULONGLONG
KeQueryUnbiasedInterruptTime(VOID)
{
    return port_clock_monotonic() / 100;
}

/* Windows: wdm.h, KeQueryPerformanceCounter.  Differences: none. */
LARGE_INTEGER
KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER Now;

    if (PerformanceFrequency != NULL) {
        PerformanceFrequency->QuadPart = KI_QPC_FREQUENCY;
    }
    Now.QuadPart = (LONGLONG)(port_clock_monotonic() / 100);
    return Now;
}

/* Windows: wdm.h, KeStallExecutionProcessor.  Differences: long stalls give the processor away. */
VOID
KeStallExecutionProcessor(ULONG MicroSeconds)
{
    const uint64_t End = port_clock_monotonic() + (uint64_t)MicroSeconds * 1000;
    while (port_clock_monotonic() < End) {
        if (MicroSeconds > 50) {
            port_yield();
        }
    }
}

/* ---- processors: one group ---- */

/* Windows: wdm.h, KeGetCurrentProcessorNumberEx.  Differences: none. */
ULONG
KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
    ULONG Number = port_cpu_current() % KeQueryMaximumProcessorCount();
    if (ProcNumber != NULL) {
        ProcNumber->Group = 0;
        ProcNumber->Number = (UCHAR)Number;
        ProcNumber->Reserved = 0;
    }
    return Number;
}

/* Windows: wdm.h, KeGetCurrentProcessorNumber.  Differences: none. */
ULONG
KeGetCurrentProcessorNumber(VOID)
{
    return KeGetCurrentProcessorNumberEx(NULL);
}

/* Windows: wdm.h, KeQueryMaximumProcessorCount.  Differences: at most 64, one group. */
ULONG
KeQueryMaximumProcessorCount(VOID)
{
    ULONG Count = port_cpu_count();
    return Count < MAXIMUM_PROCESSORS ? Count : MAXIMUM_PROCESSORS;
}

/* Windows: wdm.h, KeQueryMaximumProcessorCountEx.  Differences: as KeQueryMaximumProcessorCount. */
ULONG
KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? KeQueryMaximumProcessorCount() : 0;
}

/* Windows: wdm.h, KeQueryActiveProcessors.  Differences: as KeQueryMaximumProcessorCount. */
KAFFINITY
KeQueryActiveProcessors(VOID)
{
    ULONG Count = KeQueryMaximumProcessorCount();
    return Count == 64 ? ~(KAFFINITY)0 : ((KAFFINITY)1 << Count) - 1;
}

/* Windows: wdm.h, KeQueryActiveProcessorCount.  Differences: as KeQueryMaximumProcessorCount. */
ULONG
KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    if (ActiveProcessors != NULL) {
        *ActiveProcessors = KeQueryActiveProcessors();
    }
    return KeQueryMaximumProcessorCount();
}

/* Windows: wdm.h, KeQueryActiveProcessorCountEx.  Differences: as KeQueryMaximumProcessorCount. */
ULONG
KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
    return KeQueryMaximumProcessorCountEx(GroupNumber);
}

/* Windows: wdm.h, KeQueryActiveGroupCount.  Differences: always one. */
USHORT
KeQueryActiveGroupCount(VOID)
{
    return 1;
}

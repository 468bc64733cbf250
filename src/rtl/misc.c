/* SPDX-License-Identifier: MIT */
/* Memory, time, random numbers, byte order, versions, stacks. */
#include <ntifs.h>

#include <string.h>

#include "port/port.h"
#include "rtl/rtlp.h"

#define TICKS_PER_SECOND 10000000ll
#define SECONDS_1601_TO_1970 11644473600ll
#define SECONDS_1601_TO_1980 11960006400ll
#define DAYS_PER_400_YEARS 146097
#define DAYS_1601_TO_MARCH_1600 306            /* negative: 1 March 1600 is 306 days before 1 January 1601 */

/* Windows: wdm.h, RtlCompareMemory.  Differences: none. */
SIZE_T
RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const UCHAR *A = Source1;
    const UCHAR *B = Source2;
    SIZE_T i = 0;

    while (i < Length && A[i] == B[i]) {
        i++;
    }
    return i;
}

/* Windows: ntifs.h, RtlCompareMemoryUlong.  Differences: none. */
SIZE_T
RtlCompareMemoryUlong(PVOID Source, SIZE_T Length, ULONG Pattern)
{
    PULONG Words = Source;
    SIZE_T i = 0;

    while (i < Length / sizeof(ULONG) && Words[i] == Pattern) {
        i++;
    }
    return i * sizeof(ULONG);
}

/* Windows: ntifs.h, RtlFillMemoryUlong.  Differences: none. */
VOID
RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern)
{
    PULONG Words = Destination;

    for (SIZE_T i = 0; i < Length / sizeof(ULONG); i++) {
        Words[i] = Pattern;
    }
}

/* Windows: ntifs.h, RtlFillMemoryUlonglong.  Differences: none. */
VOID
RtlFillMemoryUlonglong(PVOID Destination, SIZE_T Length, ULONGLONG Pattern)
{
    PULONGLONG Words = Destination;

    for (SIZE_T i = 0; i < Length / sizeof(ULONGLONG); i++) {
        Words[i] = Pattern;
    }
}

/* Windows: ntifs.h, RtlIsZeroMemory.  Differences: none. */
BOOLEAN
RtlIsZeroMemory(PVOID Buffer, SIZE_T Length)
{
    const UCHAR *Bytes = Buffer;

    for (SIZE_T i = 0; i < Length; i++) {
        if (Bytes[i] != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Day number (0 = 1 January 1601) to civil date; years start in March, so that the leap day comes last. */
static VOID
RtlpDateOfDay(LONGLONG Day, PTIME_FIELDS Fields)
{
    LONGLONG Shifted = Day + DAYS_1601_TO_MARCH_1600;
    LONGLONG Era = Shifted / DAYS_PER_400_YEARS;
    ULONG DayOfEra = (ULONG)(Shifted % DAYS_PER_400_YEARS);
    ULONG YearOfEra = (DayOfEra - DayOfEra / 1460 + DayOfEra / 36524 - DayOfEra / 146096) / 365;
    ULONG DayOfYear = DayOfEra - (365 * YearOfEra + YearOfEra / 4 - YearOfEra / 100);
    ULONG Month = (5 * DayOfYear + 2) / 153;

    Fields->Day = (CSHORT)(DayOfYear - (153 * Month + 2) / 5 + 1);
    Fields->Month = (CSHORT)(Month < 10 ? Month + 3 : Month - 9);
    Fields->Year = (CSHORT)(1600 + Era * 400 + YearOfEra + (Fields->Month <= 2 ? 1 : 0));
    Fields->Weekday = (CSHORT)((Day + 1) % 7);
}

static LONGLONG
RtlpDayOfDate(const TIME_FIELDS *Fields)
{
    LONGLONG Year = (LONGLONG)Fields->Year - (Fields->Month <= 2) - 1600;
    ULONG Month = (ULONG)(Fields->Month > 2 ? Fields->Month - 3 : Fields->Month + 9);
    LONGLONG Era = Year / 400;
    ULONG YearOfEra = (ULONG)(Year % 400);
    ULONG DayOfYear = (153 * Month + 2) / 5 + (ULONG)Fields->Day - 1;
    ULONG DayOfEra = YearOfEra * 365 + YearOfEra / 4 - YearOfEra / 100 + DayOfYear;

    return Era * DAYS_PER_400_YEARS + DayOfEra - DAYS_1601_TO_MARCH_1600;
}

/* Windows: wdm.h, RtlTimeToTimeFields.  Differences: none. */
VOID
RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    LONGLONG Seconds = Time->QuadPart / TICKS_PER_SECOND;
    ULONG InDay = (ULONG)(Seconds % 86400);

    RtlpDateOfDay(Seconds / 86400, TimeFields);
    TimeFields->Hour = (CSHORT)(InDay / 3600);
    TimeFields->Minute = (CSHORT)(InDay / 60 % 60);
    TimeFields->Second = (CSHORT)(InDay % 60);
    TimeFields->Milliseconds = (CSHORT)(Time->QuadPart % TICKS_PER_SECOND / 10000);
}

/* Windows: wdm.h, RtlTimeFieldsToTime.  Differences: none. */
BOOLEAN
RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
    static const CSHORT Days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const TIME_FIELDS *F = TimeFields;

    if (F->Year < 1601 || F->Month < 1 || F->Month > 12 || F->Day < 1 || F->Hour < 0 || F->Hour > 23 || F->Minute < 0 ||
        F->Minute > 59 || F->Second < 0 || F->Second > 59 || F->Milliseconds < 0 || F->Milliseconds > 999) {
        return FALSE;
    }
    BOOLEAN Leap = F->Year % 4 == 0 && (F->Year % 100 != 0 || F->Year % 400 == 0);
    if (F->Day > Days[F->Month - 1] + (F->Month == 2 && Leap ? 1 : 0)) {
        return FALSE;
    }
    LONGLONG Seconds = RtlpDayOfDate(F) * 86400 + F->Hour * 3600 + F->Minute * 60 + F->Second;
    Time->QuadPart = Seconds * TICKS_PER_SECOND + F->Milliseconds * 10000ll;
    return TRUE;
}

static BOOLEAN
RtlpElapsed(LONGLONG Time, LONGLONG Epoch, PULONG ElapsedSeconds)
{
    LONGLONG Seconds = Time / TICKS_PER_SECOND - Epoch;

    if (Seconds < 0 || Seconds > 0xFFFFFFFFll) {
        return FALSE;
    }
    *ElapsedSeconds = (ULONG)Seconds;
    return TRUE;
}

/* Windows: ntifs.h, RtlTimeToSecondsSince1970.  Differences: none. */
BOOLEAN
RtlTimeToSecondsSince1970(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpElapsed(Time->QuadPart, SECONDS_1601_TO_1970, ElapsedSeconds);
}

/* Windows: ntifs.h, RtlSecondsSince1970ToTime.  Differences: none. */
VOID
RtlSecondsSince1970ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart = (SECONDS_1601_TO_1970 + ElapsedSeconds) * TICKS_PER_SECOND;
}

/* Windows: ntifs.h, RtlTimeToSecondsSince1980.  Differences: none. */
BOOLEAN
RtlTimeToSecondsSince1980(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpElapsed(Time->QuadPart, SECONDS_1601_TO_1980, ElapsedSeconds);
}

/* Windows: ntifs.h, RtlSecondsSince1980ToTime.  Differences: none. */
VOID
RtlSecondsSince1980ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart = (SECONDS_1601_TO_1980 + ElapsedSeconds) * TICKS_PER_SECOND;
}

/* Windows: ntddk.h, RtlRandomEx.  Differences: another generator (multiplicative, modulus 2^31-1); values 0 to MAXLONG-1. */
ULONG
RtlRandomEx(PULONG Seed)
{
    ULONGLONG Next = *Seed % 0x7FFFFFFFu;

    Next = (Next == 0 ? 1 : Next) * 48271u % 0x7FFFFFFFu;
    *Seed = (ULONG)Next;
    return (ULONG)Next - 1;
}

/* Windows: ntifs.h, RtlRandom.  Differences: as RtlRandomEx. */
ULONG
RtlRandom(PULONG Seed)
{
    return RtlRandomEx(Seed);
}

/* Windows: wdm.h, RtlUshortByteSwap.  Differences: none. */
USHORT
RtlUshortByteSwap(USHORT Source)
{
    return __builtin_bswap16(Source);
}

/* Windows: wdm.h, RtlUlongByteSwap.  Differences: none. */
ULONG
RtlUlongByteSwap(ULONG Source)
{
    return __builtin_bswap32(Source);
}

/* Windows: wdm.h, RtlUlonglongByteSwap.  Differences: none. */
ULONGLONG
RtlUlonglongByteSwap(ULONGLONG Source)
{
    return __builtin_bswap64(Source);
}

/* Windows: wdm.h, RtlGetVersion.  Differences: Windows 10 22H2, always. */
NTSTATUS
RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation)
{
    ULONG Size = lpVersionInformation->dwOSVersionInfoSize;

    if (Size != sizeof(RTL_OSVERSIONINFOW) && Size != sizeof(RTL_OSVERSIONINFOEXW)) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(lpVersionInformation, 0, Size);
    lpVersionInformation->dwOSVersionInfoSize = Size;
    lpVersionInformation->dwMajorVersion = 10;
    lpVersionInformation->dwBuildNumber = 19045;
    lpVersionInformation->dwPlatformId = 2;    /* VER_PLATFORM_WIN32_NT */
    if (Size == sizeof(RTL_OSVERSIONINFOEXW)) {
        ((PRTL_OSVERSIONINFOEXW)lpVersionInformation)->wProductType = 1;
    }
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlIsNtDdiVersionAvailable.  Differences: as RtlGetVersion. */
BOOLEAN
RtlIsNtDdiVersionAvailable(ULONG Version)
{
    return (Version & 0xFFFF) == 0 && Version <= 0x0A000000;
}

/* Windows: ntddk.h, RtlCaptureStackBackTrace.  Differences: none. */
USHORT
RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture, PVOID *BackTrace, PULONG BackTraceHash)
{
    uintptr_t Frames[64];
    ULONG Limit = FramesToCapture > 64 ? 64 : FramesToCapture;
    unsigned Count = port_stack_capture(Frames, Limit, FramesToSkip + 1);

    if (BackTraceHash != NULL) {
        *BackTraceHash = 0;
    }
    for (unsigned i = 0; i < Count; i++) {
        BackTrace[i] = (PVOID)Frames[i];
        if (BackTraceHash != NULL) {
            *BackTraceHash += (ULONG)Frames[i];
        }
    }
    return (USHORT)Count;
}

/* Windows: ntifs.h, RtlWalkFrameChain.  Differences: kernel frames only (Flags is not used). */
ULONG
RtlWalkFrameChain(PVOID *Callers, ULONG Count, ULONG Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    return RtlCaptureStackBackTrace(1, Count, Callers, NULL);
}

/* Windows: ntifs.h, RtlMapGenericMask.  Differences: none. */
VOID
RtlMapGenericMask(PACCESS_MASK AccessMask, const GENERIC_MAPPING *GenericMapping)
{
    ACCESS_MASK Mask = *AccessMask;

    Mask |= (Mask & GENERIC_READ) != 0 ? GenericMapping->GenericRead : 0;
    Mask |= (Mask & GENERIC_WRITE) != 0 ? GenericMapping->GenericWrite : 0;
    Mask |= (Mask & GENERIC_EXECUTE) != 0 ? GenericMapping->GenericExecute : 0;
    Mask |= (Mask & GENERIC_ALL) != 0 ? GenericMapping->GenericAll : 0;
    *AccessMask = Mask & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

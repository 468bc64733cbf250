/* SPDX-License-Identifier: MIT */
/* Previous mode, local time, unique identifiers. */
#include "ex/exp.h"

/* Windows: ntifs.h, ExGetPreviousMode.  Differences: none. */
KPROCESSOR_MODE
ExGetPreviousMode(VOID)
{
    return KiCurrent()->PreviousMode;
}

/* Windows: wdm.h, ExSystemTimeToLocalTime.  Differences: none. */
VOID
ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    LocalTime->QuadPart = SystemTime->QuadPart - port_timezone_bias();
}

/* Windows: wdm.h, ExLocalTimeToSystemTime.  Differences: none. */
VOID
ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime)
{
    SystemTime->QuadPart = LocalTime->QuadPart + port_timezone_bias();
}

/* Windows: ntddk.h, ExUuidCreate.  Differences: always a random identifier (version 4). */
NTSTATUS
ExUuidCreate(UUID *Uuid)
{
    const uint64_t Low = port_random();
    const uint64_t High = port_random();

    Uuid->Data1 = (ULONG)Low;
    Uuid->Data2 = (USHORT)(Low >> 32);
    Uuid->Data3 = (USHORT)(((Low >> 48) & 0x0FFF) | 0x4000);
    for (ULONG i = 0; i < 8; i++) {
        Uuid->Data4[i] = (UCHAR)(High >> (8 * i));
    }
    Uuid->Data4[0] = (UCHAR)((Uuid->Data4[0] & 0x3F) | 0x80);
    return STATUS_SUCCESS;
}

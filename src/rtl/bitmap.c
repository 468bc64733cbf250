/* SPDX-License-Identifier: MIT */
/* RTL_BITMAP. */
#include <ntifs.h>

#include <string.h>

#define NOT_FOUND_INDEX 0xFFFFFFFFu

/* Windows: wdm.h, RtlInitializeBitMap.  Differences: none. */
VOID
RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}

/* Windows: wdm.h, RtlTestBit.  Differences: none. */
BOOLEAN
RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    return (BitMapHeader->Buffer[BitNumber / 32] >> (BitNumber % 32)) & 1;
}

/* Windows: wdm.h, RtlSetBit.  Differences: none. */
VOID
RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    BitMapHeader->Buffer[BitNumber / 32] |= 1u << (BitNumber % 32);
}

/* Windows: wdm.h, RtlClearBit.  Differences: none. */
VOID
RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    BitMapHeader->Buffer[BitNumber / 32] &= ~(1u << (BitNumber % 32));
}

/* Windows: wdm.h, RtlSetAllBits.  Differences: none. */
VOID
RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
    memset(BitMapHeader->Buffer, 0xFF, (BitMapHeader->SizeOfBitMap + 31) / 32 * 4);
}

/* Windows: wdm.h, RtlClearAllBits.  Differences: none. */
VOID
RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
    memset(BitMapHeader->Buffer, 0, (BitMapHeader->SizeOfBitMap + 31) / 32 * 4);
}

/* Windows: wdm.h, RtlSetBits.  Differences: none. */
VOID
RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
    for (ULONG i = 0; i < NumberToSet; i++) {
        RtlSetBit(BitMapHeader, StartingIndex + i);
    }
}

/* Windows: wdm.h, RtlClearBits.  Differences: none. */
VOID
RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
    for (ULONG i = 0; i < NumberToClear; i++) {
        RtlClearBit(BitMapHeader, StartingIndex + i);
    }
}

static BOOLEAN
RtlpAll(PRTL_BITMAP Map, ULONG Start, ULONG Length, BOOLEAN Value)
{
    if (Start > Map->SizeOfBitMap || Length > Map->SizeOfBitMap - Start) {
        return FALSE;
    }
    for (ULONG i = 0; i < Length; i++) {
        if (RtlTestBit(Map, Start + i) != Value) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Windows: wdm.h, RtlAreBitsClear.  Differences: none. */
BOOLEAN
RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpAll(BitMapHeader, StartingIndex, Length, FALSE);
}

/* Windows: wdm.h, RtlAreBitsSet.  Differences: none. */
BOOLEAN
RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpAll(BitMapHeader, StartingIndex, Length, TRUE);
}

/* First run of Count bits of Value that begins in [From, To). */
static ULONG
RtlpFindRun(PRTL_BITMAP Map, ULONG Count, ULONG From, ULONG To, BOOLEAN Value)
{
    ULONG Run = 0;

    for (ULONG i = From; i < Map->SizeOfBitMap && i - Run < To; i++) {
        Run = RtlTestBit(Map, i) == Value ? Run + 1 : 0;
        if (Run == Count) {
            return i + 1 - Count;
        }
    }
    return NOT_FOUND_INDEX;
}

static ULONG
RtlpFind(PRTL_BITMAP Map, ULONG Count, ULONG Hint, BOOLEAN Value)
{
    ULONG Found;

    if (Hint >= Map->SizeOfBitMap) {
        Hint = 0;
    }
    if (Count == 0) {
        return Hint & ~7u;
    }
    Found = RtlpFindRun(Map, Count, Hint, Map->SizeOfBitMap, Value);
    return Found != NOT_FOUND_INDEX || Hint == 0 ? Found : RtlpFindRun(Map, Count, 0, Hint, Value);
}

/* Windows: wdm.h, RtlFindClearBits.  Differences: none. */
ULONG
RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFind(BitMapHeader, NumberToFind, HintIndex, FALSE);
}

/* Windows: wdm.h, RtlFindSetBits.  Differences: none. */
ULONG
RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFind(BitMapHeader, NumberToFind, HintIndex, TRUE);
}

/* Windows: wdm.h, RtlFindClearBitsAndSet.  Differences: none. */
ULONG
RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG Found = RtlFindClearBits(BitMapHeader, NumberToFind, HintIndex);

    if (Found != NOT_FOUND_INDEX) {
        RtlSetBits(BitMapHeader, Found, NumberToFind);
    }
    return Found;
}

/* Windows: wdm.h, RtlFindSetBitsAndClear.  Differences: none. */
ULONG
RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG Found = RtlFindSetBits(BitMapHeader, NumberToFind, HintIndex);

    if (Found != NOT_FOUND_INDEX) {
        RtlClearBits(BitMapHeader, Found, NumberToFind);
    }
    return Found;
}

/* Windows: wdm.h, RtlNumberOfSetBits.  Differences: none. */
ULONG
RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < BitMapHeader->SizeOfBitMap; i++) {
        Count += RtlTestBit(BitMapHeader, i);
    }
    return Count;
}

/* Windows: wdm.h, RtlNumberOfClearBits.  Differences: none. */
ULONG
RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
    return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}

/* Windows: wdm.h, RtlFindMostSignificantBit.  Differences: none. */
CCHAR
RtlFindMostSignificantBit(ULONGLONG Set)
{
    return (CCHAR)(Set == 0 ? -1 : 63 - __builtin_clzll(Set));
}

/* Windows: wdm.h, RtlFindLeastSignificantBit.  Differences: none. */
CCHAR
RtlFindLeastSignificantBit(ULONGLONG Set)
{
    return (CCHAR)(Set == 0 ? -1 : __builtin_ctzll(Set));
}

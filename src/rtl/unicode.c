/* SPDX-License-Identifier: MIT */
/* UNICODE_STRING: initialise, copy, append, compare, prefix, case, hash. */
#include <ntifs.h>

#include <string.h>

#include "rtl/rtlp.h"

#define RTLP_MAX_UNICODE 0xFFFE                /* MAXUSHORT rounded down to a whole character */

static RTLP_ALLOCATE *RtlpAllocateHook;
static RTLP_FREE *RtlpFreeHook;
static const uint16_t *RtlpUp;
static const uint16_t *RtlpDown;

#include "port/port.h"

VOID
RtlpSetAllocator(RTLP_ALLOCATE *Allocate, RTLP_FREE *Free)
{
    RtlpAllocateHook = Allocate;
    RtlpFreeHook = Free;
}

PVOID
RtlpAllocate(SIZE_T Size, ULONG Tag)
{
    return RtlpAllocateHook != NULL ? RtlpAllocateHook(Size, Tag) : port_alloc(Size);
}

VOID
RtlpFree(PVOID Block)
{
    if (Block == NULL) {
        return;
    }
    if (RtlpFreeHook != NULL) {
        RtlpFreeHook(Block);
    } else {
        port_free(Block);
    }
}

static const uint16_t *
RtlpUpcase(VOID)
{
    const uint16_t *Table = __atomic_load_n(&RtlpUp, __ATOMIC_ACQUIRE);

    if (Table == NULL) {
        Table = rtl_upcase_table();
        __atomic_store_n(&RtlpUp, Table, __ATOMIC_RELEASE);
    }
    return Table;
}

static const uint16_t *
RtlpDowncase(VOID)
{
    const uint16_t *Table = __atomic_load_n(&RtlpDown, __ATOMIC_ACQUIRE);

    if (Table == NULL) {
        Table = rtl_downcase_table();
        __atomic_store_n(&RtlpDown, Table, __ATOMIC_RELEASE);
    }
    return Table;
}

static SIZE_T
RtlpUnits(PCWSTR Text)
{
    SIZE_T Units = 0;

    while (Text[Units] != 0) {
        Units++;
    }
    return Units;
}

/* Windows: wdm.h, RtlInitUnicodeString.  Differences: none. */
VOID
RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    (VOID)RtlInitUnicodeStringEx(DestinationString, SourceString);
}

/* Windows: ntifs.h, RtlInitUnicodeStringEx.  Differences: none; STATUS_NAME_TOO_LONG cuts the string as RtlInitUnicodeString does. */
NTSTATUS
RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T Bytes = SourceString == NULL ? 0 : RtlpUnits(SourceString) * sizeof(WCHAR);
    BOOLEAN TooLong = Bytes > RTLP_MAX_UNICODE - sizeof(WCHAR);

    DestinationString->Buffer = (PWCH)SourceString;
    DestinationString->Length = TooLong ? RTLP_MAX_UNICODE - sizeof(WCHAR) : (USHORT)Bytes;
    DestinationString->MaximumLength = SourceString == NULL ? 0 : (USHORT)(DestinationString->Length + sizeof(WCHAR));
    return TooLong ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlCopyUnicodeString.  Differences: none. */
VOID
RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    if (SourceString == NULL) {
        DestinationString->Length = 0;
        return;
    }
    USHORT Bytes = SourceString->Length < DestinationString->MaximumLength ? SourceString->Length
                                                                          : DestinationString->MaximumLength;
    if (Bytes != 0) {
        memmove(DestinationString->Buffer, SourceString->Buffer, Bytes);
    }
    DestinationString->Length = Bytes;
    if ((ULONG)Bytes + sizeof(WCHAR) <= DestinationString->MaximumLength) {
        DestinationString->Buffer[Bytes / sizeof(WCHAR)] = 0;
    }
}

static NTSTATUS
RtlpAppend(PUNICODE_STRING Destination, const WCHAR *Source, SIZE_T Bytes)
{
    if (Bytes + Destination->Length > Destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (Bytes != 0) {
        memmove((CHAR *)Destination->Buffer + Destination->Length, Source, Bytes);
    }
    Destination->Length = (USHORT)(Destination->Length + Bytes);
    if ((ULONG)Destination->Length + sizeof(WCHAR) <= Destination->MaximumLength) {
        Destination->Buffer[Destination->Length / sizeof(WCHAR)] = 0;
    }
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlAppendUnicodeStringToString.  Differences: none. */
NTSTATUS
RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return RtlpAppend(Destination, Source->Buffer, Source->Length);
}

/* Windows: wdm.h, RtlAppendUnicodeToString.  Differences: none. */
NTSTATUS
RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    return Source == NULL ? STATUS_SUCCESS : RtlpAppend(Destination, Source, RtlpUnits(Source) * sizeof(WCHAR));
}

/* Windows: wdm.h, RtlCompareUnicodeString.  Differences: none. */
LONG
RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    USHORT Units1 = String1->Length / sizeof(WCHAR);
    USHORT Units2 = String2->Length / sizeof(WCHAR);
    USHORT Shorter = Units1 < Units2 ? Units1 : Units2;
    const uint16_t *Up = CaseInSensitive ? RtlpUpcase() : NULL;

    for (USHORT i = 0; i < Shorter; i++) {
        WCHAR A = String1->Buffer[i];
        WCHAR B = String2->Buffer[i];
        if (A != B && Up != NULL) {
            A = Up[A];
            B = Up[B];
        }
        if (A != B) {
            return (LONG)A - (LONG)B;
        }
    }
    return (LONG)Units1 - (LONG)Units2;
}

/* Windows: wdm.h, RtlEqualUnicodeString.  Differences: none. */
BOOLEAN
RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    if (String1->Length != String2->Length) {
        return FALSE;
    }
    if (!CaseInSensitive) {
        return String1->Length == 0 || memcmp(String1->Buffer, String2->Buffer, String1->Length) == 0;
    }
    return RtlCompareUnicodeString(String1, String2, TRUE) == 0;
}

/* Windows: ntddk.h, RtlPrefixUnicodeString.  Differences: none. */
BOOLEAN
RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    UNICODE_STRING Head = *String2;

    if (String2->Length < String1->Length) {
        return FALSE;
    }
    Head.Length = String1->Length;
    return RtlEqualUnicodeString(String1, &Head, CaseInSensitive);
}

/* Windows: ntifs.h, RtlSuffixUnicodeString.  Differences: none. */
BOOLEAN
RtlSuffixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    UNICODE_STRING Tail = *String2;

    if (String2->Length < String1->Length) {
        return FALSE;
    }
    Tail.Buffer = (PWCH)((CHAR *)Tail.Buffer + (Tail.Length - String1->Length));
    Tail.Length = String1->Length;
    return RtlEqualUnicodeString(String1, &Tail, CaseInSensitive);
}

/* Windows: ntifs.h, RtlUpcaseUnicodeChar.  Differences: none. */
WCHAR
RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpUpcase()[SourceCharacter];
}

/* Windows: ntifs.h, RtlDowncaseUnicodeChar.  Differences: none. */
WCHAR
RtlDowncaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpDowncase()[SourceCharacter];
}

static NTSTATUS
RtlpMapString(PUNICODE_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate, const uint16_t *Table)
{
    if (Allocate) {
        Destination->Buffer = RtlpAllocate(Source->Length == 0 ? sizeof(WCHAR) : Source->Length, 'rtSR');
        if (Destination->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        Destination->MaximumLength = Source->Length;
    } else if (Destination->MaximumLength < Source->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (USHORT i = 0; i < Source->Length / sizeof(WCHAR); i++) {
        Destination->Buffer[i] = Table[Source->Buffer[i]];
    }
    Destination->Length = Source->Length;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlUpcaseUnicodeString.  Differences: none. */
NTSTATUS
RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString)
{
    return RtlpMapString(DestinationString, SourceString, AllocateDestinationString, RtlpUpcase());
}

/* Windows: ntifs.h, RtlDowncaseUnicodeString.  Differences: none. */
NTSTATUS
RtlDowncaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString)
{
    return RtlpMapString(DestinationString, SourceString, AllocateDestinationString, RtlpDowncase());
}

/* Windows: wdm.h, RtlFreeUnicodeString.  Differences: none. */
VOID
RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    if (UnicodeString->Buffer != NULL) {
        RtlpFree(UnicodeString->Buffer);
        memset(UnicodeString, 0, sizeof(*UnicodeString));
    }
}

/* Windows: ntifs.h, RtlCreateUnicodeString.  Differences: none. */
BOOLEAN
RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    SIZE_T Bytes = RtlpUnits(SourceString) * sizeof(WCHAR);

    if (Bytes > RTLP_MAX_UNICODE - sizeof(WCHAR)) {
        return FALSE;
    }
    DestinationString->Buffer = RtlpAllocate(Bytes + sizeof(WCHAR), 'rtSR');
    if (DestinationString->Buffer == NULL) {
        return FALSE;
    }
    memcpy(DestinationString->Buffer, SourceString, Bytes + sizeof(WCHAR));
    DestinationString->Length = (USHORT)Bytes;
    DestinationString->MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
    return TRUE;
}

/* Windows: ntifs.h, RtlDuplicateUnicodeString.  Differences: none. */
NTSTATUS
RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING StringIn, PUNICODE_STRING StringOut)
{
    ULONG Extra = (Flags & 1) != 0 ? sizeof(WCHAR) : 0;

    if ((Flags & ~3u) != 0 || StringIn->Length > RTLP_MAX_UNICODE - Extra) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(StringOut, 0, sizeof(*StringOut));
    if (StringIn->Length == 0 && (Flags & 2) == 0) {
        return STATUS_SUCCESS;
    }
    StringOut->Buffer = RtlpAllocate(StringIn->Length + sizeof(WCHAR), 'rtSR');
    if (StringOut->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(StringOut->Buffer, StringIn->Buffer, StringIn->Length);
    StringOut->Buffer[StringIn->Length / sizeof(WCHAR)] = 0;
    StringOut->Length = StringIn->Length;
    StringOut->MaximumLength = (USHORT)(StringIn->Length + Extra);
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlHashUnicodeString.  Differences: none known (algorithm x65599). */
NTSTATUS
RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm, PULONG HashValue)
{
    const uint16_t *Up = CaseInSensitive ? RtlpUpcase() : NULL;
    ULONG Hash = 0;

    if (String == NULL || HashValue == NULL || HashAlgorithm > 1) {
        return STATUS_INVALID_PARAMETER;
    }
    for (USHORT i = 0; i < String->Length / sizeof(WCHAR); i++) {
        WCHAR Character = String->Buffer[i];
        Hash = Hash * 65599 + (Up != NULL ? Up[Character] : Character);
    }
    *HashValue = Hash;
    return STATUS_SUCCESS;
}

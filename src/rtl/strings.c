/* SPDX-License-Identifier: MIT */
/* Counted 8-bit strings, and the rest of the string routines. */
#include <ntifs.h>

#include <string.h>

#include "rtl/rtlp.h"

/* Windows: ntddk.h, RtlUpperChar.  Differences: ASCII letters only (ANSI is UTF-8 here). */
CHAR
RtlUpperChar(CHAR Character)
{
    return (CHAR)(Character >= 'a' && Character <= 'z' ? Character - 32 : Character);
}

/* Windows: ntifs.h, RtlCopyString.  Differences: none. */
VOID
RtlCopyString(PSTRING DestinationString, const STRING *SourceString)
{
    USHORT Length = SourceString == NULL ? 0 : SourceString->Length;

    Length = Length < DestinationString->MaximumLength ? Length : DestinationString->MaximumLength;
    if (Length != 0) {
        memmove(DestinationString->Buffer, SourceString->Buffer, Length);
    }
    DestinationString->Length = Length;
}

/* Windows: ntifs.h, RtlAppendStringToString.  Differences: none. */
NTSTATUS
RtlAppendStringToString(PSTRING Destination, const STRING *Source)
{
    if ((ULONG)Destination->Length + Source->Length > Destination->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (Source->Length != 0) {
        memmove(Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    }
    Destination->Length = (USHORT)(Destination->Length + Source->Length);
    return STATUS_SUCCESS;
}

/* Windows: ntddk.h, RtlCompareString.  Differences: case of ASCII letters. */
LONG
RtlCompareString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    USHORT Shorter = String1->Length < String2->Length ? String1->Length : String2->Length;

    for (USHORT i = 0; i < Shorter; i++) {
        CHAR A = CaseInSensitive ? RtlUpperChar(String1->Buffer[i]) : String1->Buffer[i];
        CHAR B = CaseInSensitive ? RtlUpperChar(String2->Buffer[i]) : String2->Buffer[i];
        if (A != B) {
            return (LONG)(UCHAR)A - (LONG)(UCHAR)B;
        }
    }
    return (LONG)String1->Length - (LONG)String2->Length;
}

/* Windows: ntddk.h, RtlEqualString.  Differences: case of ASCII letters. */
BOOLEAN
RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length && RtlCompareString(String1, String2, CaseInSensitive) == 0;
}

/* Windows: ntifs.h, RtlPrefixString.  Differences: case of ASCII letters. */
BOOLEAN
RtlPrefixString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    STRING Head = *String2;

    if (String2->Length < String1->Length) {
        return FALSE;
    }
    Head.Length = String1->Length;
    return RtlEqualString(String1, &Head, CaseInSensitive);
}

/* Windows: ntddk.h, RtlUpperString.  Differences: case of ASCII letters. */
VOID
RtlUpperString(PSTRING DestinationString, const STRING *SourceString)
{
    USHORT Length = SourceString->Length < DestinationString->MaximumLength ? SourceString->Length : DestinationString->MaximumLength;

    for (USHORT i = 0; i < Length; i++) {
        DestinationString->Buffer[i] = RtlUpperChar(SourceString->Buffer[i]);
    }
    DestinationString->Length = Length;
}

/* Windows: ntifs.h, RtlCompareUnicodeStrings.  Differences: none. */
LONG
RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length, BOOLEAN CaseInSensitive)
{
    SIZE_T Shorter = String1Length < String2Length ? String1Length : String2Length;

    for (SIZE_T i = 0; i < Shorter; i++) {
        WCHAR A = CaseInSensitive ? RtlUpcaseUnicodeChar(String1[i]) : String1[i];
        WCHAR B = CaseInSensitive ? RtlUpcaseUnicodeChar(String2[i]) : String2[i];
        if (A != B) {
            return (LONG)A - (LONG)B;
        }
    }
    return String1Length == String2Length ? 0 : String1Length < String2Length ? -1 : 1;
}

/* Windows: ntifs.h, RtlValidateUnicodeString.  Differences: none. */
NTSTATUS
RtlValidateUnicodeString(ULONG Flags, PCUNICODE_STRING String)
{
    if (Flags != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (String != NULL && ((String->Length | String->MaximumLength) % sizeof(WCHAR) != 0 || String->Length > String->MaximumLength ||
                           (String->Buffer == NULL && (String->Length != 0 || String->MaximumLength != 0)))) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlUnicodeToUTF8N.  Differences: none. */
NTSTATUS
RtlUnicodeToUTF8N(PCHAR UTF8StringDestination,
                  ULONG UTF8StringMaxByteCount,
                  PULONG UTF8StringActualByteCount,
                  PCWCH UnicodeStringSource,
                  ULONG UnicodeStringByteCount)
{
    SIZE_T Room = UTF8StringDestination == NULL ? 0 : UTF8StringMaxByteCount;
    SIZE_T Needed = RtlpUtf16ToUtf8(UTF8StringDestination, Room, UnicodeStringSource, UnicodeStringByteCount / sizeof(WCHAR));

    if (UTF8StringActualByteCount != NULL) {
        *UTF8StringActualByteCount = (ULONG)Needed;
    }
    return UTF8StringDestination != NULL && Needed > Room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlUTF8ToUnicodeN.  Differences: none. */
NTSTATUS
RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination,
                  ULONG UnicodeStringMaxByteCount,
                  PULONG UnicodeStringActualByteCount,
                  PCCH UTF8StringSource,
                  ULONG UTF8StringByteCount)
{
    SIZE_T Room = UnicodeStringDestination == NULL ? 0 : UnicodeStringMaxByteCount / sizeof(WCHAR);
    SIZE_T Needed = RtlpUtf8ToUtf16(UnicodeStringDestination, Room, UTF8StringSource, UTF8StringByteCount);

    if (UnicodeStringActualByteCount != NULL) {
        *UnicodeStringActualByteCount = (ULONG)(Needed * sizeof(WCHAR));
    }
    return UnicodeStringDestination != NULL && Needed > Room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

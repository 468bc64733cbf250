/* SPDX-License-Identifier: MIT */
/*
 * RtlUnicodeString*: the safe routines on counted strings.  All are one routine (SafeStore) with a source, a limit and flags.  What does not
 * fit is cut and gives STATUS_BUFFER_OVERFLOW; nothing is terminated.
 *
 * Windows: ntstrsafe.h, RtlUnicodeStringCopy and the others.  Differences: they are routines of the library, not inline code.
 */
#include <ntifs.h>
#include <ntstrsafe.h>

#include <string.h>

#include "rtl/rtlp.h"

#define WHOLE NTSTRSAFE_UNICODE_STRING_MAX_CCH

/* Windows: ntstrsafe.h, RtlUnicodeStringValidateEx.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringValidateEx(PCUNICODE_STRING SourceString, STRSAFE_DWORD dwFlags)
{
    if (SourceString == NULL) {
        return (dwFlags & STRSAFE_IGNORE_NULLS) != 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    if ((SourceString->Length | SourceString->MaximumLength) % sizeof(WCHAR) != 0 || SourceString->Length > SourceString->MaximumLength ||
        (SourceString->Buffer == NULL && SourceString->MaximumLength != 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntstrsafe.h, RtlUnicodeStringValidate.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringValidate(PCUNICODE_STRING SourceString)
{
    return RtlUnicodeStringValidateEx(SourceString, 0);
}

/* Windows: ntstrsafe.h, RtlUnicodeStringInitEx.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringInitEx(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc, STRSAFE_DWORD dwFlags)
{
    if (pszSrc == NULL && (dwFlags & STRSAFE_IGNORE_NULLS) == 0) {
        memset(DestinationString, 0, sizeof(*DestinationString));
        return STATUS_SUCCESS;
    }
    return NT_SUCCESS(RtlInitUnicodeStringEx(DestinationString, pszSrc)) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* Windows: ntstrsafe.h, RtlUnicodeStringInit.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringInit(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc)
{
    return RtlUnicodeStringInitEx(DestinationString, pszSrc, 0);
}

typedef struct SAFE_STRING {
    RTLP_SINK Sink;
    PUNICODE_STRING Target;
    BOOLEAN Cut;
} SAFE_STRING;

static VOID
SafePut(RTLP_SINK *Base, WCHAR Character)
{
    SAFE_STRING *String = (SAFE_STRING *)Base;

    if ((ULONG)String->Target->Length + sizeof(WCHAR) > String->Target->MaximumLength) {
        String->Cut = TRUE;
        return;
    }
    String->Target->Buffer[String->Target->Length / sizeof(WCHAR)] = Character;
    String->Target->Length += sizeof(WCHAR);
}

static NTSTATUS
SafeEnd(SAFE_STRING *String, NTSTATUS Status, PUNICODE_STRING Remaining, STRSAFE_DWORD Flags)
{
    PUNICODE_STRING T = String->Target;
    int Pattern = STRSAFE_GET_FILL_PATTERN(Flags);

    if (NT_SUCCESS(Status) && String->Cut) {
        Status = STATUS_BUFFER_OVERFLOW;
    }
    if (T != NULL && NT_SUCCESS(Status) && (Flags & STRSAFE_FILL_BEHIND) != 0) {
        memset((PUCHAR)T->Buffer + T->Length, Pattern, (size_t)(T->MaximumLength - T->Length));
    } else if (T != NULL && !NT_SUCCESS(Status) && (Flags & STRSAFE_FILL_ON_FAILURE) != 0) {
        memset(T->Buffer, Pattern, T->MaximumLength);
        T->Length = Pattern == 0 ? 0 : T->MaximumLength;
    } else if (T != NULL && !NT_SUCCESS(Status) && (Flags & (STRSAFE_ZERO_LENGTH_ON_FAILURE | STRSAFE_NO_TRUNCATION)) != 0) {
        T->Length = 0;
    }
    if (Remaining != NULL && T != NULL) {
        Remaining->Buffer = T->Buffer + T->Length / sizeof(WCHAR);
        Remaining->Length = 0;
        Remaining->MaximumLength = (USHORT)(T->MaximumLength - T->Length);
    }
    return Status;
}

/* Units of Source are copied (Append: added) up to Limit; Counted tells whether a terminator ends them. */
static NTSTATUS
SafeStore(PUNICODE_STRING Target, const WCHAR *Source, size_t Limit, BOOLEAN Counted, BOOLEAN Append, PUNICODE_STRING Remaining, STRSAFE_DWORD Flags)
{
    SAFE_STRING String = {{SafePut}, Target, FALSE};
    NTSTATUS Status = RtlUnicodeStringValidateEx(Target, Flags);

    if (NT_SUCCESS(Status) && Source == NULL && Limit != 0 && (Flags & STRSAFE_IGNORE_NULLS) == 0) {
        Status = STATUS_INVALID_PARAMETER;
    }
    if (!NT_SUCCESS(Status) || Target == NULL) {
        return Status;
    }
    Target->Length = Append ? Target->Length : 0;
    for (size_t i = 0; Source != NULL && i < Limit && (Counted || Source[i] != 0) && !String.Cut; i++) {
        SafePut(&String.Sink, Source[i]);
    }
    return SafeEnd(&String, Status, Remaining, Flags);
}

static NTSTATUS
SafeStoreString(PUNICODE_STRING Target, PCUNICODE_STRING Source, size_t Limit, BOOLEAN Append, PUNICODE_STRING Remaining, STRSAFE_DWORD Flags)
{
    NTSTATUS Status = RtlUnicodeStringValidateEx(Source, Flags);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    size_t Units = Source == NULL ? 0 : Source->Length / sizeof(WCHAR);
    return SafeStore(Target, Source == NULL ? NULL : Source->Buffer, Units < Limit ? Units : Limit, TRUE, Append, Remaining, Flags);
}

#define SAFE_PAIR(Verb, Append)                                                                                                      \
    NTSTATUS RtlUnicodeString##Verb(PUNICODE_STRING D, PCUNICODE_STRING S)                                                            \
    {                                                                                                                                \
        return SafeStoreString(D, S, WHOLE, Append, NULL, 0);                                                                        \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Verb##Ex(PUNICODE_STRING D, PCUNICODE_STRING S, PUNICODE_STRING R, STRSAFE_DWORD F)                     \
    {                                                                                                                                \
        return SafeStoreString(D, S, WHOLE, Append, R, F);                                                                           \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Verb##String(PUNICODE_STRING D, NTSTRSAFE_PCWSTR S)                                                    \
    {                                                                                                                                \
        return SafeStore(D, S, STRSAFE_MAX_CCH, FALSE, Append, NULL, 0);                                                             \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Verb##StringEx(PUNICODE_STRING D, NTSTRSAFE_PCWSTR S, PUNICODE_STRING R, STRSAFE_DWORD F)               \
    {                                                                                                                                \
        return SafeStore(D, S, STRSAFE_MAX_CCH, FALSE, Append, R, F);                                                                \
    }
#define SAFE_LIMITED(Unit, Verb, Append, Scale)                                                                                      \
    NTSTATUS RtlUnicodeString##Unit##Verb##N(PUNICODE_STRING D, PCUNICODE_STRING S, size_t N)                                          \
    {                                                                                                                                \
        return SafeStoreString(D, S, N / (Scale), Append, NULL, 0);                                                                  \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Unit##Verb##NEx(PUNICODE_STRING D, PCUNICODE_STRING S, size_t N, PUNICODE_STRING R, STRSAFE_DWORD F)    \
    {                                                                                                                                \
        return SafeStoreString(D, S, N / (Scale), Append, R, F);                                                                     \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Unit##Verb##StringN(PUNICODE_STRING D, NTSTRSAFE_PCWSTR S, size_t N)                                    \
    {                                                                                                                                \
        return SafeStore(D, S, N / (Scale), FALSE, Append, NULL, 0);                                                                 \
    }                                                                                                                                \
    NTSTATUS RtlUnicodeString##Unit##Verb##StringNEx(PUNICODE_STRING D, NTSTRSAFE_PCWSTR S, size_t N, PUNICODE_STRING R, STRSAFE_DWORD F) \
    {                                                                                                                                \
        return SafeStore(D, S, N / (Scale), FALSE, Append, R, F);                                                                    \
    }

SAFE_PAIR(Copy, FALSE)
SAFE_PAIR(Cat, TRUE)
SAFE_LIMITED(Cb, Copy, FALSE, sizeof(WCHAR))
SAFE_LIMITED(Cch, Copy, FALSE, 1)
SAFE_LIMITED(Cb, Cat, TRUE, sizeof(WCHAR))
SAFE_LIMITED(Cch, Cat, TRUE, 1)

/* Windows: ntstrsafe.h, RtlUnicodeStringVPrintfEx.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringVPrintfEx(PUNICODE_STRING DestinationString, PUNICODE_STRING RemainingString, STRSAFE_DWORD dwFlags, NTSTRSAFE_PCWSTR pszFormat, va_list argList)
{
    SAFE_STRING String = {{SafePut}, DestinationString, FALSE};
    NTSTATUS Status = RtlUnicodeStringValidateEx(DestinationString, dwFlags);

    if (!NT_SUCCESS(Status) || DestinationString == NULL) {
        return Status;
    }
    DestinationString->Length = 0;
    RtlpFormatW(&String.Sink, pszFormat, argList);
    return SafeEnd(&String, Status, RemainingString, dwFlags);
}

/* Windows: ntstrsafe.h, RtlUnicodeStringVPrintf.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringVPrintf(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszFormat, va_list argList)
{
    return RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, argList);
}

/* Windows: ntstrsafe.h, RtlUnicodeStringPrintf.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszFormat, ...)
{
    va_list Arguments;

    va_start(Arguments, pszFormat);
    NTSTATUS Status = RtlUnicodeStringVPrintfEx(DestinationString, NULL, 0, pszFormat, Arguments);
    va_end(Arguments);
    return Status;
}

/* Windows: ntstrsafe.h, RtlUnicodeStringPrintfEx.  Differences: a routine, not inline. */
NTSTATUS
RtlUnicodeStringPrintfEx(PUNICODE_STRING DestinationString, PUNICODE_STRING RemainingString, STRSAFE_DWORD dwFlags, NTSTRSAFE_PCWSTR pszFormat, ...)
{
    va_list Arguments;

    va_start(Arguments, pszFormat);
    NTSTATUS Status = RtlUnicodeStringVPrintfEx(DestinationString, RemainingString, dwFlags, pszFormat, Arguments);
    va_end(Arguments);
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* The UNICODE_STRING half of ntstrsafe.h. */
#ifndef _NTOS_STRSAFE_UNICODE_H_
#define _NTOS_STRSAFE_UNICODE_H_

#include <ntdef.h>
#include <ntstrsafe.h>

EXTERN_C_START

NTSYSAPI NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlUnicodeStringInitEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS RtlUnicodeStringValidate(PCUNICODE_STRING SourceString);
NTSYSAPI NTSTATUS RtlUnicodeStringValidateEx(PCUNICODE_STRING SourceString, STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCopyString(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlUnicodeStringCopyStringEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCopy(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString);
NTSYSAPI NTSTATUS
RtlUnicodeStringCopyEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCopyStringN(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToCopy);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCopyStringNEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToCopy,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCopyN(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cbToCopy);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCopyNEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cbToCopy,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCopyStringN(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToCopy);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCopyStringNEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToCopy,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCopyN(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cchToCopy);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCopyNEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cchToCopy,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCatString(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlUnicodeStringCatStringEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCat(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString);
NTSYSAPI NTSTATUS
RtlUnicodeStringCatEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCatStringN(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToAppend);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCatStringNEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToAppend,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCatN(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cbToAppend);
NTSYSAPI NTSTATUS
RtlUnicodeStringCbCatNEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cbToAppend,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCatStringN(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToAppend);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCatStringNEx(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToAppend,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCatN(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cchToAppend);
NTSYSAPI NTSTATUS
RtlUnicodeStringCchCatNEx(
    PUNICODE_STRING DestinationString,
    PCUNICODE_STRING SourceString,
    size_t cchToAppend,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, NTSTRSAFE_PCWSTR pszFormat, ...);
NTSYSAPI NTSTATUS
RtlUnicodeStringPrintfEx(
    PUNICODE_STRING DestinationString,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    ...);
NTSYSAPI NTSTATUS
RtlUnicodeStringVPrintf(
    PUNICODE_STRING DestinationString,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlUnicodeStringVPrintfEx(
    PUNICODE_STRING DestinationString,
    PUNICODE_STRING RemainingString,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlUnalignedStringCbLengthW(NTSTRSAFE_PCWSTR psz, size_t cbMax, size_t *pcbLength);
NTSYSAPI NTSTATUS
RtlUnalignedStringCchLengthW(NTSTRSAFE_PCWSTR psz, size_t cchMax, size_t *pcchLength);

EXTERN_C_END

#endif /* _NTOS_STRSAFE_UNICODE_H_ */

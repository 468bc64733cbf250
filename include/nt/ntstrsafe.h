/* SPDX-License-Identifier: MIT */
/* Safe string routines of the kernel: bounded, always terminated, NTSTATUS results. */
#ifndef _NTSTRSAFE_H_INCLUDED_
#define _NTSTRSAFE_H_INCLUDED_

#include <ntdef.h>
#include <ntos/strsafe_common.h>

EXTERN_C_START

#define NTSTRSAFEDDI NTSYSAPI NTSTATUS
#define NTSTRSAFE_MAX_CCH STRSAFE_MAX_CCH
#define NTSTRSAFE_MAX_LENGTH (NTSTRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xffff / sizeof(wchar_t))
#define NTSTRSAFE_MAX_UNICODE_STRING_MAX_CCH NTSTRSAFE_UNICODE_STRING_MAX_CCH
typedef char *NTSTRSAFE_PSTR;
typedef const char *NTSTRSAFE_PCSTR;
typedef wchar_t *NTSTRSAFE_PWSTR;
typedef const wchar_t *NTSTRSAFE_PCWSTR;

NTSYSAPI NTSTATUS RtlStringCbCopyA(NTSTRSAFE_PSTR pszDest, size_t cbDest, NTSTRSAFE_PCSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCbCopyExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCSTR pszSrc,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbCopyNA(NTSTRSAFE_PSTR pszDest, size_t cbDest, NTSTRSAFE_PCSTR pszSrc, size_t cbToCopy);
NTSYSAPI NTSTATUS
RtlStringCbCopyNExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cbToCopy,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS RtlStringCbCatA(NTSTRSAFE_PSTR pszDest, size_t cbDest, NTSTRSAFE_PCSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCbCatExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCSTR pszSrc,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbCatNA(NTSTRSAFE_PSTR pszDest, size_t cbDest, NTSTRSAFE_PCSTR pszSrc, size_t cbToAppend);
NTSYSAPI NTSTATUS
RtlStringCbCatNExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cbToAppend,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbPrintfA(NTSTRSAFE_PSTR pszDest, size_t cbDest, NTSTRSAFE_PCSTR pszFormat, ...);
NTSYSAPI NTSTATUS
RtlStringCbPrintfExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCSTR pszFormat,
    ...);
NTSYSAPI NTSTATUS
RtlStringCbVPrintfA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlStringCbVPrintfExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS RtlStringCbLengthA(NTSTRSAFE_PCSTR psz, size_t cbMax, size_t *pcbLength);
NTSYSAPI NTSTATUS RtlStringCbCopyW(NTSTRSAFE_PWSTR pszDest, size_t cbDest, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCbCopyExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszSrc,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbCopyNW(NTSTRSAFE_PWSTR pszDest, size_t cbDest, NTSTRSAFE_PCWSTR pszSrc, size_t cbToCopy);
NTSYSAPI NTSTATUS
RtlStringCbCopyNExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToCopy,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS RtlStringCbCatW(NTSTRSAFE_PWSTR pszDest, size_t cbDest, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCbCatExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszSrc,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbCatNW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToAppend);
NTSYSAPI NTSTATUS
RtlStringCbCatNExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cbToAppend,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCbPrintfW(NTSTRSAFE_PWSTR pszDest, size_t cbDest, NTSTRSAFE_PCWSTR pszFormat, ...);
NTSYSAPI NTSTATUS
RtlStringCbPrintfExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    ...);
NTSYSAPI NTSTATUS
RtlStringCbVPrintfW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlStringCbVPrintfExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS RtlStringCbLengthW(NTSTRSAFE_PCWSTR psz, size_t cbMax, size_t *pcbLength);
NTSYSAPI NTSTATUS RtlStringCchCopyA(NTSTRSAFE_PSTR pszDest, size_t cchDest, NTSTRSAFE_PCSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCchCopyExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCopyNA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cchToCopy);
NTSYSAPI NTSTATUS
RtlStringCchCopyNExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cchToCopy,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS RtlStringCchCatA(NTSTRSAFE_PSTR pszDest, size_t cchDest, NTSTRSAFE_PCSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCchCatExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCatNA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cchToAppend);
NTSYSAPI NTSTATUS
RtlStringCchCatNExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszSrc,
    size_t cchToAppend,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchPrintfA(NTSTRSAFE_PSTR pszDest, size_t cchDest, NTSTRSAFE_PCSTR pszFormat, ...);
NTSYSAPI NTSTATUS
RtlStringCchPrintfExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCSTR pszFormat,
    ...);
NTSYSAPI NTSTATUS
RtlStringCchVPrintfA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlStringCchVPrintfExA(
    NTSTRSAFE_PSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS RtlStringCchLengthA(NTSTRSAFE_PCSTR psz, size_t cchMax, size_t *pcchLength);
NTSYSAPI NTSTATUS
RtlStringCchCopyW(NTSTRSAFE_PWSTR pszDest, size_t cchDest, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCchCopyExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCopyNW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToCopy);
NTSYSAPI NTSTATUS
RtlStringCchCopyNExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToCopy,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCatW(NTSTRSAFE_PWSTR pszDest, size_t cchDest, NTSTRSAFE_PCWSTR pszSrc);
NTSYSAPI NTSTATUS
RtlStringCchCatExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCatNW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToAppend);
NTSYSAPI NTSTATUS
RtlStringCchCatNExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszSrc,
    size_t cchToAppend,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchPrintfW(NTSTRSAFE_PWSTR pszDest, size_t cchDest, NTSTRSAFE_PCWSTR pszFormat, ...);
NTSYSAPI NTSTATUS
RtlStringCchPrintfExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    ...);
NTSYSAPI NTSTATUS
RtlStringCchVPrintfW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS
RtlStringCchVPrintfExW(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    NTSTRSAFE_PCWSTR pszFormat,
    va_list argList);
NTSYSAPI NTSTATUS RtlStringCchLengthW(NTSTRSAFE_PCWSTR psz, size_t cchMax, size_t *pcchLength);
NTSYSAPI NTSTATUS
RtlStringCbCopyUnicodeString(NTSTRSAFE_PWSTR pszDest, size_t cbDest, PCUNICODE_STRING SourceString);
NTSYSAPI NTSTATUS
RtlStringCchCopyUnicodeString(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    PCUNICODE_STRING SourceString);
NTSYSAPI NTSTATUS
RtlStringCbCopyUnicodeStringEx(
    NTSTRSAFE_PWSTR pszDest,
    size_t cbDest,
    PCUNICODE_STRING SourceString,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI NTSTATUS
RtlStringCchCopyUnicodeStringEx(
    NTSTRSAFE_PWSTR pszDest,
    size_t cchDest,
    PCUNICODE_STRING SourceString,
    NTSTRSAFE_PWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);

#include <ntos/strsafe_unicode.h>

#ifdef UNICODE
#define RtlStringCbCat RtlStringCbCatW
#define RtlStringCbCatEx RtlStringCbCatExW
#define RtlStringCbCatN RtlStringCbCatNW
#define RtlStringCbCatNEx RtlStringCbCatNExW
#define RtlStringCbCopy RtlStringCbCopyW
#define RtlStringCbCopyEx RtlStringCbCopyExW
#define RtlStringCbCopyN RtlStringCbCopyNW
#define RtlStringCbCopyNEx RtlStringCbCopyNExW
#define RtlStringCbLength RtlStringCbLengthW
#define RtlStringCbPrintf RtlStringCbPrintfW
#define RtlStringCbPrintfEx RtlStringCbPrintfExW
#define RtlStringCbVPrintf RtlStringCbVPrintfW
#define RtlStringCbVPrintfEx RtlStringCbVPrintfExW
#define RtlStringCchCat RtlStringCchCatW
#define RtlStringCchCatEx RtlStringCchCatExW
#define RtlStringCchCatN RtlStringCchCatNW
#define RtlStringCchCatNEx RtlStringCchCatNExW
#define RtlStringCchCopy RtlStringCchCopyW
#define RtlStringCchCopyEx RtlStringCchCopyExW
#define RtlStringCchCopyN RtlStringCchCopyNW
#define RtlStringCchCopyNEx RtlStringCchCopyNExW
#define RtlStringCchLength RtlStringCchLengthW
#define RtlStringCchPrintf RtlStringCchPrintfW
#define RtlStringCchPrintfEx RtlStringCchPrintfExW
#define RtlStringCchVPrintf RtlStringCchVPrintfW
#define RtlStringCchVPrintfEx RtlStringCchVPrintfExW
#else
#define RtlStringCbCat RtlStringCbCatA
#define RtlStringCbCatEx RtlStringCbCatExA
#define RtlStringCbCatN RtlStringCbCatNA
#define RtlStringCbCatNEx RtlStringCbCatNExA
#define RtlStringCbCopy RtlStringCbCopyA
#define RtlStringCbCopyEx RtlStringCbCopyExA
#define RtlStringCbCopyN RtlStringCbCopyNA
#define RtlStringCbCopyNEx RtlStringCbCopyNExA
#define RtlStringCbLength RtlStringCbLengthA
#define RtlStringCbPrintf RtlStringCbPrintfA
#define RtlStringCbPrintfEx RtlStringCbPrintfExA
#define RtlStringCbVPrintf RtlStringCbVPrintfA
#define RtlStringCbVPrintfEx RtlStringCbVPrintfExA
#define RtlStringCchCat RtlStringCchCatA
#define RtlStringCchCatEx RtlStringCchCatExA
#define RtlStringCchCatN RtlStringCchCatNA
#define RtlStringCchCatNEx RtlStringCchCatNExA
#define RtlStringCchCopy RtlStringCchCopyA
#define RtlStringCchCopyEx RtlStringCchCopyExA
#define RtlStringCchCopyN RtlStringCchCopyNA
#define RtlStringCchCopyNEx RtlStringCchCopyNExA
#define RtlStringCchLength RtlStringCchLengthA
#define RtlStringCchPrintf RtlStringCchPrintfA
#define RtlStringCchPrintfEx RtlStringCchPrintfExA
#define RtlStringCchVPrintf RtlStringCchVPrintfA
#define RtlStringCchVPrintfEx RtlStringCchVPrintfExA
#endif

EXTERN_C_END

#endif /* _NTSTRSAFE_H_INCLUDED_ */

/* SPDX-License-Identifier: MIT */
/* Safe string routines with HRESULT results. */
#ifndef _STRSAFE_H_INCLUDED_
#define _STRSAFE_H_INCLUDED_

#include <ntdef.h>
#include <ntos/strsafe_common.h>

EXTERN_C_START

#define STRSAFEAPI NTSYSAPI HRESULT
typedef char *STRSAFE_LPSTR;
typedef const char *STRSAFE_LPCSTR;
typedef wchar_t *STRSAFE_LPWSTR;
typedef const wchar_t *STRSAFE_LPCWSTR;
#define STRSAFE_MAX_LENGTH (STRSAFE_MAX_CCH - 1)
#ifndef S_OK
#define S_OK ((HRESULT)0)
#endif
#ifndef SUCCEEDED
#define SUCCEEDED(Result) (((HRESULT)(Result)) >= 0)
#define FAILED(Result) (((HRESULT)(Result)) < 0)
#endif
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007AL)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057L)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026L)

NTSYSAPI HRESULT StringCbCopyA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszSrc);
NTSYSAPI HRESULT
StringCbCopyExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCSTR pszSrc,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbCopyNA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszSrc, size_t cbToCopy);
NTSYSAPI HRESULT
StringCbCopyNExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCSTR pszSrc,
    size_t cbToCopy,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT StringCbCatA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszSrc);
NTSYSAPI HRESULT
StringCbCatExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCSTR pszSrc,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbCatNA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszSrc, size_t cbToAppend);
NTSYSAPI HRESULT
StringCbCatNExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCSTR pszSrc,
    size_t cbToAppend,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbPrintfA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszFormat, ...);
NTSYSAPI HRESULT
StringCbPrintfExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCSTR pszFormat,
    ...);
NTSYSAPI HRESULT
StringCbVPrintfA(STRSAFE_LPSTR pszDest, size_t cbDest, STRSAFE_LPCSTR pszFormat, va_list argList);
NTSYSAPI HRESULT
StringCbVPrintfExA(
    STRSAFE_LPSTR pszDest,
    size_t cbDest,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCSTR pszFormat,
    va_list argList);
NTSYSAPI HRESULT StringCbLengthA(STRSAFE_LPCSTR psz, size_t cbMax, size_t *pcbLength);
NTSYSAPI HRESULT StringCbCopyW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszSrc);
NTSYSAPI HRESULT
StringCbCopyExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCWSTR pszSrc,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbCopyNW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszSrc, size_t cbToCopy);
NTSYSAPI HRESULT
StringCbCopyNExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCWSTR pszSrc,
    size_t cbToCopy,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT StringCbCatW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszSrc);
NTSYSAPI HRESULT
StringCbCatExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCWSTR pszSrc,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbCatNW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszSrc, size_t cbToAppend);
NTSYSAPI HRESULT
StringCbCatNExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPCWSTR pszSrc,
    size_t cbToAppend,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCbPrintfW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszFormat, ...);
NTSYSAPI HRESULT
StringCbPrintfExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCWSTR pszFormat,
    ...);
NTSYSAPI HRESULT
StringCbVPrintfW(STRSAFE_LPWSTR pszDest, size_t cbDest, STRSAFE_LPCWSTR pszFormat, va_list argList);
NTSYSAPI HRESULT
StringCbVPrintfExW(
    STRSAFE_LPWSTR pszDest,
    size_t cbDest,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcbRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCWSTR pszFormat,
    va_list argList);
NTSYSAPI HRESULT StringCbLengthW(STRSAFE_LPCWSTR psz, size_t cbMax, size_t *pcbLength);
NTSYSAPI HRESULT StringCchCopyA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszSrc);
NTSYSAPI HRESULT
StringCchCopyExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCSTR pszSrc,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchCopyNA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszSrc, size_t cchToCopy);
NTSYSAPI HRESULT
StringCchCopyNExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCSTR pszSrc,
    size_t cchToCopy,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT StringCchCatA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszSrc);
NTSYSAPI HRESULT
StringCchCatExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCSTR pszSrc,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchCatNA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszSrc, size_t cchToAppend);
NTSYSAPI HRESULT
StringCchCatNExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCSTR pszSrc,
    size_t cchToAppend,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchPrintfA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszFormat, ...);
NTSYSAPI HRESULT
StringCchPrintfExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCSTR pszFormat,
    ...);
NTSYSAPI HRESULT
StringCchVPrintfA(STRSAFE_LPSTR pszDest, size_t cchDest, STRSAFE_LPCSTR pszFormat, va_list argList);
NTSYSAPI HRESULT
StringCchVPrintfExA(
    STRSAFE_LPSTR pszDest,
    size_t cchDest,
    STRSAFE_LPSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCSTR pszFormat,
    va_list argList);
NTSYSAPI HRESULT StringCchLengthA(STRSAFE_LPCSTR psz, size_t cchMax, size_t *pcchLength);
NTSYSAPI HRESULT StringCchCopyW(STRSAFE_LPWSTR pszDest, size_t cchDest, STRSAFE_LPCWSTR pszSrc);
NTSYSAPI HRESULT
StringCchCopyExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCWSTR pszSrc,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchCopyNW(STRSAFE_LPWSTR pszDest, size_t cchDest, STRSAFE_LPCWSTR pszSrc, size_t cchToCopy);
NTSYSAPI HRESULT
StringCchCopyNExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCWSTR pszSrc,
    size_t cchToCopy,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT StringCchCatW(STRSAFE_LPWSTR pszDest, size_t cchDest, STRSAFE_LPCWSTR pszSrc);
NTSYSAPI HRESULT
StringCchCatExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCWSTR pszSrc,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchCatNW(STRSAFE_LPWSTR pszDest, size_t cchDest, STRSAFE_LPCWSTR pszSrc, size_t cchToAppend);
NTSYSAPI HRESULT
StringCchCatNExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCWSTR pszSrc,
    size_t cchToAppend,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags);
NTSYSAPI HRESULT
StringCchPrintfW(STRSAFE_LPWSTR pszDest, size_t cchDest, STRSAFE_LPCWSTR pszFormat, ...);
NTSYSAPI HRESULT
StringCchPrintfExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCWSTR pszFormat,
    ...);
NTSYSAPI HRESULT
StringCchVPrintfW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPCWSTR pszFormat,
    va_list argList);
NTSYSAPI HRESULT
StringCchVPrintfExW(
    STRSAFE_LPWSTR pszDest,
    size_t cchDest,
    STRSAFE_LPWSTR *ppszDestEnd,
    size_t *pcchRemaining,
    STRSAFE_DWORD dwFlags,
    STRSAFE_LPCWSTR pszFormat,
    va_list argList);
NTSYSAPI HRESULT StringCchLengthW(STRSAFE_LPCWSTR psz, size_t cchMax, size_t *pcchLength);

#ifdef UNICODE
#define StringCbCat StringCbCatW
#define StringCbCatEx StringCbCatExW
#define StringCbCatN StringCbCatNW
#define StringCbCatNEx StringCbCatNExW
#define StringCbCopy StringCbCopyW
#define StringCbCopyEx StringCbCopyExW
#define StringCbCopyN StringCbCopyNW
#define StringCbCopyNEx StringCbCopyNExW
#define StringCbLength StringCbLengthW
#define StringCbPrintf StringCbPrintfW
#define StringCbPrintfEx StringCbPrintfExW
#define StringCbVPrintf StringCbVPrintfW
#define StringCbVPrintfEx StringCbVPrintfExW
#define StringCchCat StringCchCatW
#define StringCchCatEx StringCchCatExW
#define StringCchCatN StringCchCatNW
#define StringCchCatNEx StringCchCatNExW
#define StringCchCopy StringCchCopyW
#define StringCchCopyEx StringCchCopyExW
#define StringCchCopyN StringCchCopyNW
#define StringCchCopyNEx StringCchCopyNExW
#define StringCchLength StringCchLengthW
#define StringCchPrintf StringCchPrintfW
#define StringCchPrintfEx StringCchPrintfExW
#define StringCchVPrintf StringCchVPrintfW
#define StringCchVPrintfEx StringCchVPrintfExW
#else
#define StringCbCat StringCbCatA
#define StringCbCatEx StringCbCatExA
#define StringCbCatN StringCbCatNA
#define StringCbCatNEx StringCbCatNExA
#define StringCbCopy StringCbCopyA
#define StringCbCopyEx StringCbCopyExA
#define StringCbCopyN StringCbCopyNA
#define StringCbCopyNEx StringCbCopyNExA
#define StringCbLength StringCbLengthA
#define StringCbPrintf StringCbPrintfA
#define StringCbPrintfEx StringCbPrintfExA
#define StringCbVPrintf StringCbVPrintfA
#define StringCbVPrintfEx StringCbVPrintfExA
#define StringCchCat StringCchCatA
#define StringCchCatEx StringCchCatExA
#define StringCchCatN StringCchCatNA
#define StringCchCatNEx StringCchCatNExA
#define StringCchCopy StringCchCopyA
#define StringCchCopyEx StringCchCopyExA
#define StringCchCopyN StringCchCopyNA
#define StringCchCopyNEx StringCchCopyNExA
#define StringCchLength StringCchLengthA
#define StringCchPrintf StringCchPrintfA
#define StringCchPrintfEx StringCchPrintfExA
#define StringCchVPrintf StringCchVPrintfA
#define StringCchVPrintfEx StringCchVPrintfExA
#endif

EXTERN_C_END

#endif /* _STRSAFE_H_INCLUDED_ */

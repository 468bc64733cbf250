/* SPDX-License-Identifier: MIT */
/* RtlString{Cb,Cch}CopyUnicodeString: counted strings into terminated ones. */
#include <ntifs.h>
#include <ntstrsafe.h>

#include <string.h>

/* Windows: ntstrsafe.h, RtlStringCchCopyUnicodeStringEx.  Differences: a routine, not inline; stops at a null character inside the string. */
NTSTATUS
RtlStringCchCopyUnicodeStringEx(NTSTRSAFE_PWSTR pszDest, size_t cchDest, PCUNICODE_STRING SourceString, NTSTRSAFE_PWSTR *ppszDestEnd,
                                size_t *pcchRemaining, STRSAFE_DWORD dwFlags)
{
    const NTSTATUS Status = RtlUnicodeStringValidateEx(SourceString, dwFlags);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (SourceString == NULL || SourceString->Length == 0) {
        return RtlStringCchCopyExW(pszDest, cchDest, L"", ppszDestEnd, pcchRemaining, dwFlags);
    }
    return RtlStringCchCopyNExW(pszDest, cchDest, SourceString->Buffer, SourceString->Length / sizeof(WCHAR), ppszDestEnd, pcchRemaining, dwFlags);
}

/* Windows: ntstrsafe.h, RtlStringCbCopyUnicodeStringEx.  Differences: as RtlStringCchCopyUnicodeStringEx. */
NTSTATUS
RtlStringCbCopyUnicodeStringEx(NTSTRSAFE_PWSTR pszDest, size_t cbDest, PCUNICODE_STRING SourceString, NTSTRSAFE_PWSTR *ppszDestEnd,
                               size_t *pcbRemaining, STRSAFE_DWORD dwFlags)
{
    size_t Characters = 0;
    const NTSTATUS Status =
        RtlStringCchCopyUnicodeStringEx(pszDest, cbDest / sizeof(WCHAR), SourceString, ppszDestEnd, &Characters, dwFlags);

    if (pcbRemaining != NULL && (NT_SUCCESS(Status) || Status == STATUS_BUFFER_OVERFLOW)) {
        *pcbRemaining = Characters * sizeof(WCHAR) + cbDest % sizeof(WCHAR);
    }
    return Status;
}

/* Windows: ntstrsafe.h, RtlStringCchCopyUnicodeString.  Differences: as RtlStringCchCopyUnicodeStringEx. */
NTSTATUS
RtlStringCchCopyUnicodeString(NTSTRSAFE_PWSTR pszDest, size_t cchDest, PCUNICODE_STRING SourceString)
{
    return RtlStringCchCopyUnicodeStringEx(pszDest, cchDest, SourceString, NULL, NULL, 0);
}

/* Windows: ntstrsafe.h, RtlStringCbCopyUnicodeString.  Differences: as RtlStringCchCopyUnicodeStringEx. */
NTSTATUS
RtlStringCbCopyUnicodeString(NTSTRSAFE_PWSTR pszDest, size_t cbDest, PCUNICODE_STRING SourceString)
{
    return RtlStringCbCopyUnicodeStringEx(pszDest, cbDest, SourceString, NULL, NULL, 0);
}

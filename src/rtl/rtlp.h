/* SPDX-License-Identifier: MIT */
/* rtl, outward header: what the runtime needs beyond the public Rtl* routines (NT side). */
#ifndef FB_RTL_RTLP_H
#define FB_RTL_RTLP_H

#include <ntdef.h>
#include <ntstatus.h>
#include <stdarg.h>
#include <stdint.h>

/* Allocation hooks that ex installs (rtl is below ex); before that, port memory is used. */
typedef PVOID RTLP_ALLOCATE(SIZE_T Size, ULONG Tag);
typedef VOID RTLP_FREE(PVOID Block);
VOID RtlpSetAllocator(RTLP_ALLOCATE *Allocate, RTLP_FREE *Free);
PVOID RtlpAllocate(SIZE_T Size, ULONG Tag);
VOID RtlpFree(PVOID Block);

/* Case mapping, one UTF-16 unit to one unit, as NTFS' $UpCase does.  rtl/upcase_posix.c builds the tables once. */
const uint16_t *rtl_upcase_table(void);        /* 65536 entries */
const uint16_t *rtl_downcase_table(void);

/*
 * The formatter behind DbgPrint, _snwprintf, RtlStringCb*: Windows' conversions (%wZ %Z %ws %ls %S %C %I64 %I32 %Iu %p …, `l` is 32
 * bits).  Wide tells whether %s and %c take WCHARs (wide format) or CHARs.  Format characters are read through Next.
 */
typedef struct RTLP_SINK {
    VOID (*Put)(struct RTLP_SINK *Sink, WCHAR Character);
} RTLP_SINK;
VOID RtlpFormatW(RTLP_SINK *Sink, const WCHAR *Format, va_list Arguments);
VOID RtlpFormatA(RTLP_SINK *Sink, const CHAR *Format, va_list Arguments);

/* The same, exported for the C run-time archive that is linked into every driver (src/crt). */
void fbed_format_wide(RTLP_SINK *Sink, const WCHAR *Format, va_list Arguments);
void fbed_format_narrow(RTLP_SINK *Sink, const CHAR *Format, va_list Arguments);
const uint16_t *fbed_case_table(int upper);

/* UTF-16 to UTF-8 and back; lone surrogates become U+FFFD.  Return the bytes/units needed; write at most Size. */
SIZE_T RtlpUtf16ToUtf8(PCHAR Target, SIZE_T Size, const WCHAR *Source, SIZE_T Units);
SIZE_T RtlpUtf8ToUtf16(PWCH Target, SIZE_T Units, const CHAR *Source, SIZE_T Size);

#endif

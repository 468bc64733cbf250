/* SPDX-License-Identifier: MIT */
/* What the archive stands on: the formatter and the case tables of the library. */
#ifndef FB_CRT_CRT_H
#define FB_CRT_CRT_H

#include <ntdef.h>
#include <ntos/crt.h>
#include <stdint.h>

#define CRT_EINVAL 22
#define CRT_ERANGE 34
#define CRT_STRUNCATE 80

typedef struct CRT_SINK {
    VOID (*Put)(struct CRT_SINK *Sink, WCHAR Character);
} CRT_SINK;
void fbed_format_wide(CRT_SINK *Sink, const WCHAR *Format, va_list Arguments);
void fbed_format_narrow(CRT_SINK *Sink, const CHAR *Format, va_list Arguments);
const uint16_t *fbed_case_table(int upper);

/* Where a string goes: behind the `used` first of `size` characters of `unit` bytes. */
typedef struct CRT_TEXT {
    void *text;
    size_t size, used, unit;
} CRT_TEXT;
/* Copies length characters and ends the string; too little room empties the target, or cuts. */
errno_t fbed_crt_put(CRT_TEXT to, const void *from, size_t length, int truncate);

#endif

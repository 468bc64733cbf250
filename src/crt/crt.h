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

#endif

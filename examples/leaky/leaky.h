/* SPDX-License-Identifier: MIT */
/*
 * leaky: three planted mistakes, one per file, which the report must name with file and line.
 *
 *   forgotten_get.c    a successful FltGetStreamContext is not released when a write is short
 *   forgotten_old.c    the OldContext of a KEEP_IF_EXISTS that found one is forgotten
 *   released_twice.c   a context is released once more than it was referenced
 */
#ifndef LEAKY_H
#define LEAKY_H

#include <fltKernel.h>

#define LEAKY_TAG 'ykaL'

typedef struct LEAKY_STREAM {
    volatile LONG Writes;
} LEAKY_STREAM, *PLEAKY_STREAM;

typedef struct LEAKY_HANDLE {
    ULONG Options;
} LEAKY_HANDLE, *PLEAKY_HANDLE;

extern PFLT_FILTER LeakyFilter;

FLT_PREOP_CALLBACK_STATUS FLTAPI LeakyPreWrite(PFLT_CALLBACK_DATA, PCFLT_RELATED_OBJECTS, PVOID *);
VOID LeakyCountOpen(PCFLT_RELATED_OBJECTS FltObjects);
VOID LeakyRememberOptions(PFLT_CALLBACK_DATA Data);

#endif

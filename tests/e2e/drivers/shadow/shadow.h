/* SPDX-License-Identifier: MIT */
/* Keeps the first version of every file that is changed in \Shadow. */
#pragma once
#include <fltKernel.h>
#include <dontuse.h>
#include <suppress.h>

#define SHADOW_TAG 'wdhS'
#define SHADOW_CHUNK (16 * 1024)

typedef struct _SHADOW_ENTRY {
    FILE_ID_128 FileId;
    LARGE_INTEGER Bytes;
} SHADOW_ENTRY, *PSHADOW_ENTRY;

typedef struct _SHADOW_INSTANCE_CONTEXT {
    PFLT_INSTANCE Instance;
    UNICODE_STRING VolumeName;
    ERESOURCE Resource;
    RTL_AVL_TABLE Table;
    PAGED_LOOKASIDE_LIST Entries;
    ULONG Copied;
    ULONG Failed;
} SHADOW_INSTANCE_CONTEXT, *PSHADOW_INSTANCE_CONTEXT;

typedef struct _SHADOW_GLOBALS {
    PFLT_FILTER Filter;
} SHADOW_GLOBALS;

extern SHADOW_GLOBALS Globals;

/* copy.c */
NTSTATUS
ShadowCopy (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ PFLT_CALLBACK_DATA Data
    );

VOID
ShadowList (
    _In_ PSHADOW_INSTANCE_CONTEXT Context
    );

BOOLEAN
ShadowRemember (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ const FILE_ID_128 *FileId
    );

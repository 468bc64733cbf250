/* SPDX-License-Identifier: MIT */
/* fltmgr, inward header: collected lists of filters, volumes and instances. */
#ifndef FB_FLTMGR_LISTING_H
#define FB_FLTMGR_LISTING_H

#include "fltmgr/frame.h"

typedef struct FLTP_LIST {
    PFLT_VOLUME Volume;                        /* whose instances; NULL: any */
    PFLT_FILTER Filter;
    FLTP_OBJECT **Objects;                     /* own allocation; +1 each */
    ULONG Count;
} FLTP_LIST;

NTSTATUS FltpFiltersCollect(FLTP_LIST *List);                          /* highest altitude first */
NTSTATUS FltpVolumesCollect(FLTP_LIST *List);                          /* as mounted; in Filter's frame (NULL: in all) */
NTSTATUS FltpInstancesCollect(FLTP_LIST *List);                        /* Volume's: highest altitude first; else Filter's */
VOID FltpListFree(FLTP_LIST *List);

/* ---- information.c ---- */
typedef struct FLTP_LAYOUT {
    PUCHAR Buffer;                             /* NULL: only measured */
    ULONG Used;
} FLTP_LAYOUT;
typedef NTSTATUS FLTP_DESCRIBE(FLTP_LAYOUT *Layout, const VOID *Object, ULONG Class);
typedef struct FLTP_LEGACY { PDRIVER_OBJECT Driver; PFLT_VOLUME Volume; } FLTP_LEGACY;   /* Volume: of one of its instances */
NTSTATUS FltpDescribe(FLTP_DESCRIBE *Describe, const VOID *Object, ULONG Class, PVOID Buffer, ULONG BufferSize, PULONG BytesReturned);
FLTP_DESCRIBE FltpDescribeFilter, FltpDescribeInstance, FltpDescribeVolume;
FLTP_DESCRIBE FltpDescribeLegacyFilter, FltpDescribeLegacyInstance;      /* of a FLTP_LEGACY; aggregate classes only */

/* ---- volname.c ---- */
/* "\Device\HarddiskVolume1", "\??\C:", "C:": +1 reference; in Filter's frame (NULL: the lowest).  Fails: STATUS_INVALID_PARAMETER, STATUS_FLT_VOLUME_NOT_FOUND, those of the lookup. */
NTSTATUS FltpVolumeByName(PCUNICODE_STRING Name, PFLT_FILTER Filter, PFLT_VOLUME *Volume);

#endif

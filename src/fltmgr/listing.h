/* SPDX-License-Identifier: MIT */
/* fltmgr, inward header: collected lists of filters, volumes and instances. */
#ifndef FB_FLTMGR_LISTING_H
#define FB_FLTMGR_LISTING_H

#include "fltmgr/fltp.h"

typedef struct FLTP_LIST {
    PFLT_VOLUME Volume;                        /* whose instances; NULL: any */
    PFLT_FILTER Filter;
    FLTP_OBJECT **Objects;                     /* own allocation; +1 each */
    ULONG Count;
} FLTP_LIST;

NTSTATUS FltpFiltersCollect(FLTP_LIST *List);                          /* highest altitude first */
NTSTATUS FltpVolumesCollect(FLTP_LIST *List);                          /* as mounted */
NTSTATUS FltpInstancesCollect(FLTP_LIST *List);                        /* Volume's: highest altitude first; else Filter's */
VOID FltpListFree(FLTP_LIST *List);

/* ---- volname.c ---- */
/* "\Device\HarddiskVolume1", "\??\C:", "C:": +1 reference.  Fails: STATUS_INVALID_PARAMETER, STATUS_FLT_VOLUME_NOT_FOUND, those of the lookup. */
NTSTATUS FltpVolumeByName(PCUNICODE_STRING Name, PFLT_VOLUME *Volume);

#endif

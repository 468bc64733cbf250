/* SPDX-License-Identifier: MIT */
/* fltmgr, private: checks of contexts that die and of pointers to what is gone; see ctxcheck.c. */
#ifndef FB_FLTMGR_CTXCHECK_H
#define FB_FLTMGR_CTXCHECK_H

#include "fltmgr/fltp.h"

VOID FltpCheckInitialize(VOID);

/* A context's block, header included; Destroy: it may stay for a while. */
PVOID FltpBlockCreate(SIZE_T Size, BOOLEAN Zeroed);
VOID FltpBlockDestroy(FLTP_CONTEXT_HEADER *Header, SIZE_T Size, vf_owner *Owner);
VOID FltpContextReportStale(PFLT_CONTEXT Context, const char *Code, const char *BugCheck, const char *Routine);

/* Around a cleanup callback. */
typedef struct FLTP_CLEANUP {
    FLTP_CONTEXT_NODE *Node;
    struct FLTP_CLEANUP *Outer;
} FLTP_CLEANUP;
VOID FltpCleanupEnter(FLTP_CLEANUP *Cleanup, FLTP_CONTEXT_NODE *Node);
VOID FltpCleanupLeave(FLTP_CLEANUP *Cleanup);
BOOLEAN FltpCleanupMistake(const VOID *Pointer, const char *Routine);

/* Frees a filter, instance or volume; with the verifier its memory stays for a while.  Object is its first member. */
VOID FltpObjectFree(FLTP_OBJECT *Object, const char *Kind, vf_owner *Owner);
VOID FltpGoneEmpty(VOID);
BOOLEAN FltpObjectIsSlowly(PVOID Object, const char *Routine);
/* FALSE: a driver's pointer leads to something that is gone (K-27); only looked at while the verifier is on. */
static inline BOOLEAN
FltpObjectIs(PVOID Object, const char *Routine)
{
    return !vf_on() || FltpObjectIsSlowly(Object, Routine);
}

#endif

/* SPDX-License-Identifier: MIT */
/* fsrtl, inward and outward header beside the public FsRtl* routines. */
#ifndef FB_FSRTL_FSRTLP_H
#define FB_FSRTL_FSRTLP_H

#include <ntifs.h>

#include "vf/vf.h"

/* Once per machine, after IopInitialize: registers the file-object teardown hook. */
VOID FsRtlpInitialize(VOID);
/* Tells whether a driver is a registered minifilter, for I-29 (fltmgr sets it); NULL: nobody is. */
VOID FsRtlpSetMinifilterTest(BOOLEAN (*Test)(vf_owner *Owner));

/* ---- contexts: what the three kinds have in common ---- */
typedef struct FSRTLP_ENTRY {
    LIST_ENTRY Links;
    PVOID OwnerId;
    PVOID InstanceId;
    PFREE_FUNCTION FreeCallback;               /* not there in the per-file-object kind */
} FSRTLP_ENTRY;

enum { FSRTLP_LOCK_PUSH, FSRTLP_LOCK_FAST_MUTEX };
typedef struct FSRTLP_LIST {
    PLIST_ENTRY Head;
    PVOID Lock;
    UCHAR LockKind;
    BOOLEAN HasCallback;
    const char *Kind;                          /* "per-stream context" … */
} FSRTLP_LIST;

/* Shadow records of linked entries, kept while the verifier is on (K-16). */
VOID FsRtlpShadowInsert(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry, vf_owner *Owner);   /* the list's lock is held */
VOID FsRtlpShadowRemove(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry);
BOOLEAN FsRtlpShadowCheckInsert(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry, vf_owner *Owner);  /* FALSE: linked already */
VOID FsRtlpShadowEvidence(const VOID *Entry, vf_owner **Owner, struct vf_evidence *Evidence);   /* whose it is and where it was inserted */
VOID FsRtlpShadowCheckList(const FSRTLP_LIST *List);
/* A block of pool is being freed: entries that are still linked, and lists of streams that were not torn down, are findings (K-15,
 * K-16).  For the pool's free path while the verifier is on. */
VOID FsRtlpShadowBlockFreed(PVOID Block, SIZE_T Size);

/* How deep this thread is in FreeCallbacks. */
ULONG FsRtlpFreeDepth(VOID);

/* ---- waitfor.c: K-28 ---- */
VOID FsRtlpWaitInitialize(VOID);
VOID FsRtlpWaitRequest(UCHAR Major);           /* a request reaches a file system; only while the verifier is on */
VOID FsRtlpWaitTeardown(VOID);                 /* a callback is about to be called; the locks of its thread are held across a teardown */
VOID FsRtlpWaitInside(BOOLEAN Inside);         /* callbacks of a teardown begin, end */
VOID FsRtlpWaitForget(const VOID *Block, SIZE_T Size);     /* memory that may hold locks is freed */

/* ---- notify.c: watched directories that are renamed ---- */
/*
 * A directory was renamed.  Changes are reported late, under the names of their time: what is reported before the settling with the
 * number that this returns is below From still.  Both are full names.
 */
ULONG FsRtlpNotifyMoved(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PCUNICODE_STRING From, PCUNICODE_STRING To);
VOID FsRtlpNotifySettle(PNOTIFY_SYNC Sync, PLIST_ENTRY List, ULONG Number);
/* The name of one watch, if that is another one. */
VOID FsRtlpNotifyName(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PVOID FsContext, PCUNICODE_STRING Directory);

/* Around a create (io's hooks): entries added in between belong to the create. */
VOID FsRtlpEcpCreateBegin(PECP_LIST Callers);
VOID FsRtlpEcpCreateEnd(PECP_LIST Callers, PECP_LIST Last);

#define FSRTLP_TAG 'rsF '

#endif

/* SPDX-License-Identifier: MIT */
/*
 * fltmgr, inward: the part of getting and releasing a context that nearly every call needs, inline.  While the verifier is off it is
 * all there is: a search without a lock, one locked addition; one more to release.  Everything unusual is left to ctxslot.c and context.c.
 */
#ifndef FB_FLTMGR_CTXGET_H
#define FB_FLTMGR_CTXGET_H

#include "fltmgr/fltp.h"

/* The block of an open file object, or NULL: it has none, or it is closed, or the verifier is on. */
static inline FLTP_FILE *
FltpFileCached(PFILE_OBJECT FileObject)
{
    if (__builtin_expect(FileObject == NULL, 0)) {
        return NULL;
    }
    FLTP_FILE *File = atomic_load_explicit(&IOP_FILE_FROM(FileObject)->FilterBlock, memory_order_acquire);
    /* None, FLTP_FILE_CLOSED or FLTP_FILE_WATCHED: one comparison. */
    return __builtin_expect((LONG_PTR)File <= (LONG_PTR)FLTP_FILE_CLOSED, 0) ? NULL : File;
}

/* The node of a key on a target's list, or NULL.  In a read section, or with the target's lock held. */
static inline FLTP_CONTEXT_NODE *
FltpTargetFind(const FLTP_TARGET *Target, const void *Key, FLT_CONTEXT_TYPE Type)
{
    FLTP_CONTEXT_NODE *Node = atomic_load_explicit(&Target->Head, memory_order_acquire);
    const ULONG_PTR Wanted = FltpNodeKey(Key, Type);

    while (Node != NULL && Node->Key != Wanted) {
        Node = atomic_load_explicit(&Node->Next, memory_order_acquire);
    }
    return Node;
}

/* The same for a key that is an instance: mostly found without a look at the list, however many contexts are on it. */
static inline FLTP_CONTEXT_NODE *
FltpTargetFindNear(const FLTP_TARGET *Target, const FLT_INSTANCE *Instance, FLT_CONTEXT_TYPE Type)
{
    FLTP_CONTEXT_NODE *Node = atomic_load_explicit(&Target->Near[Instance->Links.Near], memory_order_acquire);

    return __builtin_expect(Node != NULL && Node->Key == FltpNodeKey(Instance, Type), 1) ? Node : FltpTargetFind(Target, Instance, Type);
}

/* FALSE: the node is not linked any more; to be undone by FltpNodeUngot. */
static inline BOOLEAN
FltpNodeGet(FLTP_CONTEXT_NODE *Node)
{
    return (atomic_fetch_add_explicit(&Node->Word, 1, memory_order_acquire) & FLTP_NODE_LINKED) != 0;
}

/* Takes the reference of a failed FltpNodeGet back, leaves the read section that found the node. */
VOID FltpNodeUngot(FLTP_CONTEXT_NODE *Node);

/* ---- ctxapi.c, context.c: what ctxfast.c does not do ---- */
NTSTATUS FltpContextGetSlowly(PFLT_INSTANCE Instance, PVOID Object, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context, const char *Routine);
/* Undoes a failed FltpNodeGet of Failed first. */
NTSTATUS FltpContextGetAgain(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, FLTP_CONTEXT_NODE *Failed,
    PFLT_CONTEXT *Context, const char *Routine);
VOID FltpContextReleaseSlowly(PFLT_CONTEXT Context, const char *Routine);
/* One reference was taken off a word that was Before: the last one, or there was none. */
VOID FltpContextReleasedLast(PFLT_CONTEXT Context, int64_t Before, const char *Routine);

#endif

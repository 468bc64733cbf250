/* SPDX-License-Identifier: MIT */
/*
 * fltmgr, inward: the part of getting and releasing a context that nearly every call needs, inline.  While the verifier is off it is
 * all there is: a search without a lock, one locked addition; one more to release.  Everything unusual is left to ctxslot.c and context.c.
 */
#ifndef FB_FLTMGR_CTXGET_H
#define FB_FLTMGR_CTXGET_H

#include "fltmgr/fltp.h"

/* The block of an open file object, or NULL: it has none, or it is closed. */
static inline FLTP_FILE *
FltpFileCached(PFILE_OBJECT FileObject)
{
    if (__builtin_expect(FileObject == NULL, 0)) {
        return NULL;
    }
    FLTP_FILE *File = atomic_load_explicit(&IOP_FILE_FROM(FileObject)->FilterBlock, memory_order_acquire);
    return __builtin_expect(File == FLTP_FILE_CLOSED || FileObject->FsContext == NULL, 0) ? NULL : File;
}

/* The node of a key on a target's list, or NULL.  In a read section. */
static inline FLTP_CONTEXT_NODE *
FltpTargetFind(const FLTP_TARGET *Target, const void *Key, FLT_CONTEXT_TYPE Type)
{
    FLTP_CONTEXT_NODE *Node = atomic_load_explicit(&Target->Head, memory_order_acquire);

    while (Node != NULL && (Node->Key != Key || Node->Type != Type)) {
        Node = atomic_load_explicit(&Node->Next, memory_order_acquire);
    }
    return Node;
}

/* FALSE: the node is not linked any more; to be undone by FltpNodeUngot. */
static inline BOOLEAN
FltpNodeGet(FLTP_CONTEXT_NODE *Node)
{
    return (atomic_fetch_add_explicit(&Node->Word, 1, memory_order_acquire) & FLTP_NODE_LINKED) != 0;
}

/* Takes the reference of a failed FltpNodeGet back, leaves the read section that found the node. */
VOID FltpNodeUngot(FLTP_CONTEXT_NODE *Node);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Getting and releasing a context, as far as nearly every call needs it; the rest goes to ctxapi.c and context.c.  This file alone is compiled
 * without frame pointers and with sibling calls: the locked instructions wait for all stores before them, and each frame is one.  So what
 * is not done here must be reached by a sibling call: then the return address on the stack is the driver's, as the verifier needs it.
 */
#include "fltmgr/ctxget.h"
#include "fltmgr/fltp.h"

/* Target: where it hangs, if that is known already.  Nothing is needed after one of the rare calls, so that registers need not be saved. */
static inline __attribute__((always_inline)) NTSTATUS
FltpContextGet(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, const FLTP_TARGET *Target, PFLT_CONTEXT *Context,
    const char *Routine)
{
    struct port_rcu_section Section;

    if (__builtin_expect(Target == NULL || !port_rcu_read_try(&Section), 0)) {
        return FltpContextGetSlowly(Instance, FileObject, Type, Context, Routine);
    }
    FLTP_CONTEXT_NODE *Node = FltpTargetFindNear(Target, Instance, Type);
    if (__builtin_expect(Node == NULL, 0)) {
        port_rcu_read_end(&Section);
        if (FileObject != NULL && FileObject->FsContext == NULL) {     /* not open yet: that is another status */
            return FltpContextGetSlowly(Instance, FileObject, Type, Context, Routine);
        }
        *Context = NULL_CONTEXT;
        return STATUS_NOT_FOUND;
    }
    const PFLT_CONTEXT Found = Node->Context;  /* read before the locked instruction: loads after it wait */
    __asm__ volatile("" ::: "memory");
    if (__builtin_expect(!FltpNodeGet(Node), 0)) {
        return FltpContextGetAgain(Instance, FileObject, Type, Node, Context, Routine);
    }
    *Context = Found;
    port_rcu_read_end(&Section);
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltGetInstanceContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetInstanceContext(PFLT_INSTANCE Instance, PFLT_CONTEXT *Context)
{
    return FltpContextGet(Instance, NULL, FLT_INSTANCE_CONTEXT, vf_on() ? NULL : &Instance->Contexts, Context, __func__);
}

/* Windows: fltKernel.h, FltGetFileContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetFileContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    FLTP_FILE *File = FltpFileCached(FileObject);
    FLTP_STREAM *PerFile = File != NULL ? atomic_load_explicit(&File->File, memory_order_acquire) : NULL;

    return FltpContextGet(Instance, FileObject, FLT_FILE_CONTEXT, PerFile != NULL ? &PerFile->Contexts : NULL, Context, __func__);
}

/* Windows: fltKernel.h, FltGetStreamContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetStreamContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    const FLTP_TARGET *Target =
        __builtin_expect(FileObject != NULL, 1) ? atomic_load_explicit(&IOP_FILE_FROM(FileObject)->FilterStream, memory_order_acquire) : NULL;

    return FltpContextGet(Instance, FileObject, FLT_STREAM_CONTEXT, Target, Context, __func__);
}

/* Windows: fltKernel.h, FltGetStreamHandleContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetStreamHandleContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    FLTP_FILE *File = FltpFileCached(FileObject);

    return FltpContextGet(Instance, FileObject, FLT_STREAMHANDLE_CONTEXT, File != NULL ? &File->Handles : NULL, Context, __func__);
}

/* Windows: fltKernel.h, FltReleaseContext.  Differences: one too many is reported, not a bug check. */
VOID FLTAPI
FltReleaseContext(PFLT_CONTEXT Context)
{
    const FLTP_CONTEXT_HEADER *Header = FltpContextHeader(Context);

    if (__builtin_expect(Context != NULL && Header->Magic == FLTP_CONTEXT_MAGIC, 1)) {
        const int64_t Before = atomic_fetch_sub_explicit(&Header->Node->Word, 1, memory_order_acq_rel);
        if (__builtin_expect(FLTP_NODE_COUNT(Before) != 0 && Before != 1, 1)) {
            return;
        }
        FltpContextReleasedLast(Context, Before, __func__);
        return;
    }
    FltpContextReleaseSlowly(Context, __func__);
}

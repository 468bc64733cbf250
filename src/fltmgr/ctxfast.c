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
    if (__builtin_expect(Target == NULL || vf_on() || !port_rcu_read_try(), 0)) {
        return FltpContextGetSlowly(Instance, FileObject, Type, Context, Routine);
    }
    FLTP_CONTEXT_NODE *Node = FltpTargetFind(Target, Instance, Type);
    if (Node == NULL) {
        *Context = NULL_CONTEXT;
        port_rcu_read_end();
        return STATUS_NOT_FOUND;
    }
    if (__builtin_expect(!FltpNodeGet(Node), 0)) {
        return FltpContextGetAgain(Instance, FileObject, Type, Node, Context, Routine);
    }
    *Context = Node->Context;
    port_rcu_read_end();
    return STATUS_SUCCESS;
}

static inline const FLTP_TARGET *
FltpStreamContexts(FLTP_STREAM *Stream)
{
    return Stream != NULL ? &Stream->Contexts : NULL;
}

/* Windows: fltKernel.h, FltGetInstanceContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetInstanceContext(PFLT_INSTANCE Instance, PFLT_CONTEXT *Context)
{
    return FltpContextGet(Instance, NULL, FLT_INSTANCE_CONTEXT, &Instance->Contexts, Context, __func__);
}

/* Windows: fltKernel.h, FltGetFileContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetFileContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    FLTP_FILE *File = FltpFileCached(FileObject);
    const FLTP_TARGET *Target = File != NULL ? FltpStreamContexts(atomic_load_explicit(&File->File, memory_order_acquire)) : NULL;

    return FltpContextGet(Instance, FileObject, FLT_FILE_CONTEXT, Target, Context, __func__);
}

/* Windows: fltKernel.h, FltGetStreamContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetStreamContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    FLTP_FILE *File = FltpFileCached(FileObject);
    const FLTP_TARGET *Target = File != NULL ? FltpStreamContexts(atomic_load_explicit(&File->Stream, memory_order_acquire)) : NULL;

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

    if (__builtin_expect(Context != NULL && !vf_on() && Header->Magic == FLTP_CONTEXT_MAGIC, 1)) {
        const int64_t Before = atomic_fetch_sub_explicit(&Header->Node->Word, 1, memory_order_acq_rel);
        if (__builtin_expect(FLTP_NODE_COUNT(Before) != 0 && Before != 1, 1)) {
            return;
        }
        FltpContextReleasedLast(Context, Before, __func__);
        return;
    }
    FltpContextReleaseSlowly(Context, __func__);
}

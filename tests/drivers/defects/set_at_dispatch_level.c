/* SPDX-License-Identifier: MIT */
/* Contexts are got, set and deleted at DISPATCH_LEVEL; what the filter manager then calls itself is no mistake of its own. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL), ROW(FLT_INSTANCE_CONTEXT, NULL));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);
    FLT_RELATED_CONTEXTS Contexts;
    KIRQL Irql;

    UNUSED_PRE;
    if (Context == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    FltGetContexts(FltObjects, FLT_INSTANCE_CONTEXT, &Contexts); /* expect: K-08 */
    FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL); /* expect: K-08 */
    FltDeleteContext(Context); /* expect: K-08 */
    FltReleaseContext(Context);
    KeLowerIrql(Irql);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

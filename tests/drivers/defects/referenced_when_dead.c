/* SPDX-License-Identifier: MIT */
/* A pointer to a context is kept without a reference; when it is used the context has gone. */
/* script: write a hello */
/* script: read a */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));
static PFLT_CONTEXT Cached;

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        Cached = Context;
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

PRE(PreRead)
{
    UNUSED_PRE;
    if (Cached != NULL) {
        FltReferenceContext(Cached); /* expect: K-04 */
        Cached = NULL;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL }, { IRP_MJ_READ, 0, PreRead, NULL, NULL });
DRIVER(NULL)

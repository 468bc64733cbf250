/* SPDX-License-Identifier: MIT */
/* A stream context is set as a file context. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL), ROW(FLT_FILE_CONTEXT, NULL));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetFileContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL); /* expect: K-11 */
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

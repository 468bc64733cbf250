/* SPDX-License-Identifier: MIT */
/* The set fails with STATUS_FLT_CONTEXT_ALREADY_DEFINED: the new context is released, the existing one that was handed out is not. */
/* script: write a hello */
/* script: read a */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreIo)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT), Old = NULL;

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, &Old); /* expect: K-09 */
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreIo, NULL, NULL }, { IRP_MJ_READ, 0, PreIo, NULL, NULL }, { IRP_MJ_CLEANUP, 0, PreIo, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A stream context is set in pre-create, where the file is not open. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreCreate)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL); /* expect: K-06 */
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_CREATE, 0, PreCreate, NULL, NULL });
DRIVER(NULL)

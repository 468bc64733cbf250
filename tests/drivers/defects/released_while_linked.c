/* SPDX-License-Identifier: MIT */
/* "The set took my reference over": it did not, but the filter releases twice as if there were one more. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, REPLACE, Context, NULL);
        FltReleaseContext(Context);
        FltReleaseContext(Context); /* expect: K-03 */
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A context is written to after it was released for the last time. */
/* script: write a hello */
/* unsanitized */
/* expect-code: K-05 */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltReleaseContext(Context);
        *(volatile ULONG *)Context = 1;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

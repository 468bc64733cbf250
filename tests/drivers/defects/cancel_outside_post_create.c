/* SPDX-License-Identifier: MIT */
/* An open is cancelled long after there is a handle. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    UNUSED_PRE;
    FltCancelFileOpen(FltObjects->Instance, FltObjects->FileObject); /* expect: K-23 */
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

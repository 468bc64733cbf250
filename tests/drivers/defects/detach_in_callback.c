/* SPDX-License-Identifier: MIT */
/* An instance is detached from inside one of its own callbacks, and waits for it to return. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    UNUSED_PRE;
    FltDetachVolume(Filter, FltObjects->Volume, NULL); /* expect: K-29 */
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

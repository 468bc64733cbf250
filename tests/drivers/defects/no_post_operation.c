/* SPDX-License-Identifier: MIT */
/* A post-operation call is asked for, and none is registered. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite) /* expect: K-13 */
{
    UNUSED_PRE;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

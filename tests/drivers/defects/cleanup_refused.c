/* SPDX-License-Identifier: MIT */
/* A cleanup is completed with an error: whoever closes a file cannot be told. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreCleanup) /* expect: K-25 */
{
    UNUSED_PRE;
    Data->IoStatus.Status = STATUS_ACCESS_DENIED;
    return FLT_PREOP_COMPLETE;
}

OPERATIONS({ IRP_MJ_CLEANUP, 0, PreCleanup, NULL, NULL });
DRIVER(NULL)

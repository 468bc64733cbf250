/* SPDX-License-Identifier: MIT */
/* Contexts are allocated from a pool type that FltAllocateContext does not document. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    PFLT_CONTEXT Context;

    UNUSED_PRE;
    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, SIZE, NonPagedPoolCacheAligned, &Context))) { /* expect: K-26 */
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A pre-operation callback stores a context for its post-operation callback, and then says that there will be none. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

static DECLSPEC_NOINLINE PFLT_CONTEXT
Make(VOID)
{
    return New(FLT_STREAM_CONTEXT); /* expect: K-01 */
}

PRE(PreWrite) /* expect: K-12 */
{
    UNUSED_PRE;
    *CompletionContext = Make();
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

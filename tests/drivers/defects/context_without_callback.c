/* SPDX-License-Identifier: MIT */
/* A context is put into the completion context, but no post-operation call is asked for: it is lost. */
/* script: write a hello */
/* expect-code: K-12 */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreWrite)
{
    UNUSED_PRE;
    *CompletionContext = New(FLT_STREAM_CONTEXT); /* expect: K-01 */
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

POST(PostWrite)
{
    UNUSED_POST;
    FltReleaseContext(CompletionContext);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, PostWrite, NULL });
DRIVER(NULL)

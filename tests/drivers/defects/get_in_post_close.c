/* SPDX-License-Identifier: MIT */
/* The stream context is asked for after the close. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreClose)
{
    UNUSED_PRE;
    return FLT_PREOP_SYNCHRONIZE;
}

POST(PostClose)
{
    FLT_RELATED_CONTEXTS Contexts;
    PFLT_CONTEXT Context;

    UNUSED_POST;
    if (NT_SUCCESS(FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Context))) { /* expect: K-07 */
        FltReleaseContext(Context);
    }
    FltGetContexts(FltObjects, FLT_STREAM_CONTEXT | FLT_INSTANCE_CONTEXT, &Contexts); /* expect: K-07 */
    FltReleaseContexts(&Contexts);
    FltGetContexts(FltObjects, FLT_ALL_CONTEXTS, &Contexts);   /* what there is: no mistake */
    FltReleaseContexts(&Contexts);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_CLOSE, 0, PreClose, PostClose, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/*
 * An instance is detached while a write waits below it.  Its post-operation callback is called to clean up, does something else that it may
 * not do then, and forgets its completion context.
 */
/* script: write a hello */
/* beside: detacher */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_SUCCESS;
}

PRE(PreWrite)
{
    UNUSED_PRE;
    *CompletionContext = New(FLT_STREAM_CONTEXT); /* expect: K-14 */
    return *CompletionContext != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

POST(Safe)
{
    UNUSED_POST;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

POST(PostWrite)
{
    FLT_POSTOP_CALLBACK_STATUS Status;

    UNUSED_POST;
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        FltDoCompletionProcessingWhenSafe(Data, FltObjects, CompletionContext, Flags, Safe, &Status); /* expect: K-24 */
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    FltReleaseContext(CompletionContext);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, PostWrite, NULL });
DRIVER_ALL(NULL, QueryTeardown, NULL)

/* SPDX-License-Identifier: MIT */
/*
 * A context is allocated in pre-create; in post-create a get that fails with STATUS_NOT_SUPPORTED makes the routine return, and nobody
 * releases it.  It takes a file without context support (here: a create that failed), so it stays unnoticed for long.
 */
/* script: write a hello */
/* script: create a 0644 */
/* script-fails */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreCreate)
{
    UNUSED_PRE;
    *CompletionContext = New(FLT_STREAM_CONTEXT); /* expect: K-01 */
    return *CompletionContext != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS
GetOrSet(PCFLT_RELATED_OBJECTS FltObjects, PFLT_CONTEXT New, PFLT_CONTEXT *Context)
{
    NTSTATUS Status = FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, Context);

    if (Status != STATUS_NOT_FOUND) {
        if (NT_SUCCESS(Status)) {
            FltReleaseContext(New);
        }
        return Status;                         /* the mistake: New is still held */
    }
    Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, New, NULL);
    *Context = New;
    return Status;
}

POST(PostCreate)
{
    PFLT_CONTEXT Context = NULL;

    UNUSED_POST;
    if (NT_SUCCESS(GetOrSet(FltObjects, CompletionContext, &Context))) {
        FltReleaseContext(Context);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_CREATE, 0, PreCreate, PostCreate, NULL });
DRIVER(NULL)

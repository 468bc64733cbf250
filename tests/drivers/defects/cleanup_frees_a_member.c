/* SPDX-License-Identifier: MIT */
/* The cleanup callback frees a buffer that is not allocated, but part of the context. */
/* script: write a hello */
/* unsanitized */
#include "defect.h"

typedef struct MEMBER { ULONG Length; UCHAR Buffer[16]; } MEMBER;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    UNREFERENCED_PARAMETER(Type);
    ExFreePoolWithTag(((MEMBER *)Context)->Buffer, TAG); /* expect: K-22 */
}

CONTEXTS(ROW(FLT_STREAMHANDLE_CONTEXT, Cleanup));

POST(PostCreate)
{
    PFLT_CONTEXT Context = New(FLT_STREAMHANDLE_CONTEXT);

    UNUSED_POST;
    if (Context != NULL) {
        FltSetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL);
        FltReleaseContext(Context);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_CREATE, 0, NULL, PostCreate, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* After a set that failed the filter frees the members itself and then releases the context, whose cleanup frees them again. */
/* script: write a hello */
/* unsanitized */
#include "defect.h"

typedef struct _STREAM { PVOID Name; } STREAM, *PSTREAM;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    UNREFERENCED_PARAMETER(Type);
    if (((PSTREAM)Context)->Name != NULL) {
        ExFreePoolWithTag(((PSTREAM)Context)->Name, TAG); /* expect: P-01 */
    }
}

CONTEXTS(ROW(FLT_STREAM_CONTEXT, Cleanup));

PRE(PreIo)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);
    NTSTATUS Status;

    UNUSED_PRE;
    if (Context == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    ((PSTREAM)Context)->Name = ExAllocatePoolWithTag(PagedPool, 64, TAG);
    Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL);
    if (!NT_SUCCESS(Status) && ((PSTREAM)Context)->Name != NULL) {
        ExFreePoolWithTag(((PSTREAM)Context)->Name, TAG);
    }
    FltReleaseContext(Context);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreIo, NULL, NULL }, { IRP_MJ_CLEANUP, 0, PreIo, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A context whose memory is the driver's own (ContextAllocateCallback) is written after its last release. */
/* script: write a hello */
/* unsanitized */
#include "defect.h"

static PVOID FLTAPI
Allocate(POOL_TYPE Type, SIZE_T Size, FLT_CONTEXT_TYPE Context)
{
    UNREFERENCED_PARAMETER(Context);
    return ExAllocatePoolWithTag(Type, Size, TAG);
}

static VOID FLTAPI
Free(PVOID Pool, FLT_CONTEXT_TYPE Context)
{
    UNREFERENCED_PARAMETER(Context);
    ExFreePoolWithTag(Pool, TAG); /* expect: P-04 */
}

CONTEXTS({ FLT_STREAM_CONTEXT, 0, NULL, SIZE, TAG, Allocate, Free, NULL });

PRE(PreWrite)
{
    volatile ULONG *Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltReleaseContext((PFLT_CONTEXT)Context);
        Context[1] = 1;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

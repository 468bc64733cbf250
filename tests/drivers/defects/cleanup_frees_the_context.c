/* SPDX-License-Identifier: MIT */
/* The cleanup callback frees the context itself. */
/* script: write a hello */
/* unsanitized */
#include "defect.h"

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    UNREFERENCED_PARAMETER(Type);
    ExFreePool(Context); /* expect: K-22 */
}

CONTEXTS(ROW(FLT_STREAM_CONTEXT, Cleanup));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

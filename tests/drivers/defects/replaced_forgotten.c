/* SPDX-License-Identifier: MIT */
/* A context that was replaced comes back as OldContext and is forgotten. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAMHANDLE_CONTEXT, NULL));

PRE(PreIo)
{
    PFLT_CONTEXT Context = New(FLT_STREAMHANDLE_CONTEXT), Old = NULL;

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetStreamHandleContext(FltObjects->Instance, FltObjects->FileObject, REPLACE, Context, &Old); /* expect: K-09 */
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreIo, NULL, NULL }, { IRP_MJ_CLEANUP, 0, PreIo, NULL, NULL });
DRIVER(NULL)

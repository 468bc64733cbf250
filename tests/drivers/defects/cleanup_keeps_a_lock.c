/* SPDX-License-Identifier: MIT */
/* A cleanup callback returns on one way without giving its lock back.  The IRQL that came with it is part of the same mistake. */
/* script: write a hello */
#include "defect.h"

static FAST_MUTEX Lock;
static ULONG Count;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type) /* expect: K-22 */
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Type);
    ExAcquireFastMutex(&Lock);
    if (Count++ % 2 == 0) {
        return;
    }
    ExReleaseFastMutex(&Lock);
}

CONTEXTS(ROW(FLT_STREAM_CONTEXT, Cleanup));

PRE(PreWrite)
{
    ULONG i;

    UNUSED_PRE;
    ExInitializeFastMutex(&Lock);
    for (i = 0; i < 3; i++) {
        PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);
        if (Context != NULL) {
            FltReleaseContext(Context);
        }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A context is asked for while a spin lock is held. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_INSTANCE_CONTEXT, NULL));
static KSPIN_LOCK Lock;

PRE(PreWrite)
{
    PFLT_CONTEXT Context;
    KIRQL Irql;

    UNUSED_PRE;
    KeAcquireSpinLock(&Lock, &Irql);
    if (NT_SUCCESS(FltGetInstanceContext(FltObjects->Instance, &Context))) { /* expect: K-08 */
        FltReleaseContext(Context);
    }
    KeReleaseSpinLock(&Lock, Irql);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

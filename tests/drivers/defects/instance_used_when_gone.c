/* SPDX-License-Identifier: MIT */
/* An instance is remembered without a reference and used when it has gone. */
/* script: write a hello */
/* unsanitized */
#include "defect.h"

static PFLT_INSTANCE Remembered;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT OfInstance;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Type);
    if (Remembered != NULL && NT_SUCCESS(FltGetInstanceContext(Remembered, &OfInstance))) { /* expect: K-27 */
        FltReleaseContext(OfInstance);
    }
}

CONTEXTS(ROW(FLT_VOLUME_CONTEXT, Cleanup), ROW(FLT_INSTANCE_CONTEXT, NULL));

/* The volume context outlives the instance. */
static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE System)
{
    PFLT_CONTEXT Context = New(FLT_VOLUME_CONTEXT);

    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(System);
    Remembered = FltObjects->Instance;
    if (Context != NULL) {
        FltSetVolumeContext(FltObjects->Volume, KEEP, Context, NULL);
        FltReleaseContext(Context);
    }
    return STATUS_SUCCESS;
}

PRE(PreRead)
{
    UNUSED_PRE;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_READ, 0, PreRead, NULL, NULL });
DRIVER(Setup)

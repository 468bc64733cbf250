/* SPDX-License-Identifier: MIT */
/* A fixed-size volume context is not zeroed; what fills it fails, and its cleanup frees a buffer that was never allocated. */
/* script: write a hello */
#include "defect.h"

typedef struct _VOLUME { UNICODE_STRING Name; } VOLUME, *PVOLUME;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    PVOLUME Volume = Context;

    UNREFERENCED_PARAMETER(Type);
    if (Volume->Name.Buffer != NULL) {
        ExFreePoolWithTag(Volume->Name.Buffer, TAG); /* expect: K-21 */
    }
}

CONTEXTS(ROW(FLT_VOLUME_CONTEXT, Cleanup));

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE System)
{
    PFLT_CONTEXT Context;
    FLT_VOLUME_PROPERTIES Properties;
    ULONG Length;

    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(System);
    if (!NT_SUCCESS(FltAllocateContext(Filter, FLT_VOLUME_CONTEXT, SIZE, NonPagedPool, &Context))) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    if (NT_SUCCESS(FltGetVolumeProperties(FltObjects->Volume, &Properties, 4, &Length))) {
        ((PVOLUME)Context)->Name.Buffer = NULL;
    }
    FltReleaseContext(Context);
    return STATUS_SUCCESS;
}

PRE(PreRead)
{
    UNUSED_PRE;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_READ, 0, PreRead, NULL, NULL });
DRIVER(Setup)

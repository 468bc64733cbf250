/* SPDX-License-Identifier: MIT */
/* The cleanup frees a name unconditionally, also if the set-up failed before there was one. */
/* script: write a hello */
#include "defect.h"

typedef struct _INSTANCE { PVOID VolumeName; } INSTANCE, *PINSTANCE;

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    UNREFERENCED_PARAMETER(Type);
    ExFreePool(((PINSTANCE)Context)->VolumeName); /* expect: K-21 */
}

CONTEXTS(ROW(FLT_INSTANCE_CONTEXT, Cleanup));

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE System)
{
    PFLT_CONTEXT Context;
    ULONG Needed = 0;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(System);
    Status = FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, SIZE, PagedPool, &Context);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltGetVolumeName(FltObjects->Volume, NULL, &Needed);
    if (Status == STATUS_BUFFER_TOO_SMALL && Needed > 0xFFFFFF) {
        ((PINSTANCE)Context)->VolumeName = ExAllocatePoolWithTag(PagedPool, Needed, TAG);
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

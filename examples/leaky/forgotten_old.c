/* SPDX-License-Identifier: MIT */
/* Mistake 2: KEEP_IF_EXISTS hands out the context that is there; nobody releases it. */
#include "leaky.h"

VOID
LeakyCountOpen(PCFLT_RELATED_OBJECTS FltObjects)
{
    PLEAKY_STREAM New;
    PLEAKY_STREAM Old;
    NTSTATUS Status;

    Status = FltAllocateContext(LeakyFilter, FLT_STREAM_CONTEXT, sizeof(*New), PagedPool, (PFLT_CONTEXT *)&New);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    New->Writes = 0;
    Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, New,
                                 (PFLT_CONTEXT *)&Old);
    if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
        Old->Writes += 0; /* planted: FltReleaseContext(Old) is missing */
    }
    FltReleaseContext(New);
}

/* SPDX-License-Identifier: MIT */
/* Mistake 3: a context that was never set is released in the error path and again at the end. */
#include "leaky.h"

VOID
LeakyRememberOptions(PFLT_CALLBACK_DATA Data)
{
    PLEAKY_HANDLE Handle;
    NTSTATUS Status;

    Status = FltAllocateContext(LeakyFilter, FLT_STREAMHANDLE_CONTEXT, sizeof(*Handle), PagedPool,
                                (PFLT_CONTEXT *)&Handle);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    Handle->Options = Data->Iopb->Parameters.Create.Options;
    if (!FlagOn(Handle->Options, FILE_WRITE_THROUGH)) {
        FltReleaseContext(Handle);
    }
    FltReleaseContext(Handle); /* planted: released a second time */
}

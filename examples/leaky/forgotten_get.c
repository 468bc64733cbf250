/* SPDX-License-Identifier: MIT */
/* Mistake 1: the early return for short writes keeps the reference that the get took. */
#include "leaky.h"

FLT_PREOP_CALLBACK_STATUS FLTAPI
LeakyPreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    PLEAKY_STREAM Stream;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (!NT_SUCCESS(FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, (PFLT_CONTEXT *)&Stream))) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (Data->Iopb->Parameters.Write.Length < 16) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK; /* planted: FltReleaseContext(Stream) is missing */
    }
    InterlockedIncrement(&Stream->Writes);
    FltReleaseContext(Stream);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

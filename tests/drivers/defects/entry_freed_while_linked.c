/* SPDX-License-Identifier: MIT */
/* A per-stream context is freed without being removed: the list of the stream leads into freed memory. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

static VOID
FreeEntry(PVOID Entry)
{
    ExFreePoolWithTag(Entry, TAG);
}

PRE(PreWrite)
{
    PFSRTL_PER_STREAM_CONTEXT Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Entry), TAG);

    UNUSED_PRE;
    if (Entry != NULL) {
        FsRtlInitPerStreamContext(Entry, &Filter, NULL, FreeEntry);
        FsRtlInsertPerStreamContext(FsRtlGetPerStreamContextPointer(FltObjects->FileObject), Entry);
        ExFreePoolWithTag(Entry, TAG); /* expect: K-16 */
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* A FreeCallback removes another entry of the stream that is being torn down. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));
static PFSRTL_ADVANCED_FCB_HEADER Header;

static VOID
FreeEntry(PVOID Entry)
{
    PVOID Other = FsRtlRemovePerStreamContext(Header, &Filter, NULL); /* expect: K-17 */

    if (Other != NULL) {
        ExFreePoolWithTag(Other, TAG);
    }
    ExFreePoolWithTag(Entry, TAG);
}

PRE(PreWrite)
{
    ULONG i;

    UNUSED_PRE;
    Header = FsRtlGetPerStreamContextPointer(FltObjects->FileObject);
    for (i = 0; i < 2; i++) {
        PFSRTL_PER_STREAM_CONTEXT Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Entry), TAG);
        if (Entry != NULL) {
            FsRtlInitPerStreamContext(Entry, &Filter, NULL, FreeEntry);
            FsRtlInsertPerStreamContext(Header, Entry);
        }
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

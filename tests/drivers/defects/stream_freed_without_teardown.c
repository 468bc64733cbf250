/* SPDX-License-Identifier: MIT */
/* Code that plays a file system frees a stream object with its advanced header and never tore the contexts in it down. */
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
    PFSRTL_ADVANCED_FCB_HEADER Header = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Header) + sizeof(FAST_MUTEX), TAG);
    PFSRTL_PER_STREAM_CONTEXT Entry;

    UNUSED_PRE;
    if (Header == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    RtlZeroMemory(Header, sizeof(*Header));
    ExInitializeFastMutex((PFAST_MUTEX)(Header + 1));
    FsRtlSetupAdvancedHeader(Header, (PFAST_MUTEX)(Header + 1));
    Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Entry), TAG);
    if (Entry != NULL) {
        FsRtlInitPerStreamContext(Entry, &Filter, NULL, FreeEntry);
        FsRtlInsertPerStreamContext(Header, Entry);
    }
    ExFreePoolWithTag(Header, TAG); /* expect: K-15 */
    if (Entry != NULL) {
        ExFreePoolWithTag(Entry, TAG);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

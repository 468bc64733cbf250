/* SPDX-License-Identifier: MIT */
/* A per-file-object context is never removed, and a minifilter should not have one. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));
static FSRTL_PER_FILEOBJECT_CONTEXT Entry;

PRE(PreWrite)
{
    UNUSED_PRE;
    Entry.OwnerId = &Filter;
    FsRtlInsertPerFileObjectContext(FltObjects->FileObject, &Entry); /* expect: FS-01 */ /* expect: K-18 */
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* One file and one stream context reference is left behind by every open. */
/* script: write a hello */
/* script: read a */
/* script: read a */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL), ROW(FLT_FILE_CONTEXT, NULL));

PRE(PreCreate)
{
    UNUSED_PRE;
    return FLT_PREOP_SYNCHRONIZE;
}

POST(PostCreate)
{
    PFLT_CONTEXT Stream, PerFile, Old = NULL;

    UNUSED_POST;
    if (!NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Status == STATUS_REPARSE) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Stream = New(FLT_STREAM_CONTEXT);
    if (Stream == NULL) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, REPLACE, Stream, &Old);
    FltReleaseContext(Stream);
    if (Old != NULL) {
        FltReleaseContext(Old);
    }
    FltGetStreamContext(FltObjects->Instance, FltObjects->FileObject, &Stream); /* expect: K-01 */
    PerFile = New(FLT_FILE_CONTEXT);
    if (PerFile != NULL) {
        Old = NULL;
        FltSetFileContext(FltObjects->Instance, FltObjects->FileObject, KEEP, PerFile, &Old);
        FltReleaseContext(PerFile);
        if (Old != NULL) {
            FltReleaseContext(Old);
        }
        FltGetFileContext(FltObjects->Instance, FltObjects->FileObject, &PerFile); /* expect: K-01 */
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

OPERATIONS({ IRP_MJ_CREATE, 0, PreCreate, PostCreate, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* The cleanup of a stream context opens a file, while the file system holds what it tears the stream down with. */
/* script: write other x */
/* script: write a hello */
#include "defect.h"

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\other");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Type);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(FltCreateFile(Filter, NULL, &Handle, FILE_READ_ATTRIBUTES, &Attributes, &IoStatus, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0, NULL, 0, 0))) { /* expect: K-28 */
        FltClose(Handle);
    }
}

CONTEXTS(ROW(FLT_STREAM_CONTEXT, Cleanup));

PRE(PreWrite)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    UNUSED_PRE;
    if (Context != NULL) {
        FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, KEEP, Context, NULL);
        FltReleaseContext(Context);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* The cleanup of a stream context opens no file itself: it waits for a work item that does. */
/* script: write other x */
/* script: write a hello */
#include "defect.h"

static KEVENT Done;

static VOID FLTAPI
Open(PFLT_GENERIC_WORKITEM Item, PVOID Object, PVOID Context)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\other");
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Shortly;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(Object);
    UNREFERENCED_PARAMETER(Context);
    FltFreeGenericWorkItem(Item);
    Shortly.QuadPart = -200000;
    KeDelayExecutionThread(KernelMode, FALSE, &Shortly);   /* until it is waited for */
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(FltCreateFile(Filter, NULL, &Handle, FILE_READ_ATTRIBUTES, &Attributes, &IoStatus, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0, NULL, 0, 0))) {
        FltClose(Handle);
    }
    KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

static VOID FLTAPI
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    PFLT_GENERIC_WORKITEM Item = FltAllocateGenericWorkItem();

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Type);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    if (Item != NULL && NT_SUCCESS(FltQueueGenericWorkItem(Item, Filter, Open, DelayedWorkQueue, NULL))) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL); /* expect: K-28 */
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

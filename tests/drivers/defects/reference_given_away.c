/* SPDX-License-Identifier: MIT */
/*
 * Two mistakes with references that are added to be given away.  The write is deferred; its worker adds one for a list that it then does
 * not use.  A system worker is given one and leaves early.  What was got is released in both: not the get is to blame.
 */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_FILE_CONTEXT, NULL));

static VOID FLTAPI
Early(PFLT_GENERIC_WORKITEM Item, PVOID Object, PVOID Context)
{
    UNREFERENCED_PARAMETER(Object);
    FltFreeGenericWorkItem(Item);
    if (*(PULONG)Context == 0) {
        return;
    }
    FltReleaseContext(Context);
}

static VOID
Give(PFLT_CALLBACK_DATA Data)
{
    PFLT_GENERIC_WORKITEM Item = FltAllocateGenericWorkItem();
    PFLT_CONTEXT Context;

    if (Item == NULL || !NT_SUCCESS(FltGetFileContext(Data->Iopb->TargetInstance, Data->Iopb->TargetFileObject, &Context))) {
        return;
    }
    FltReferenceContext(Context); /* expect: K-01 */
    FltQueueGenericWorkItem(Item, Filter, Early, DelayedWorkQueue, Context);
    FltReleaseContext(Context);
}

static VOID FLTAPI
Worker(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Parameter)
{
    PFLT_CONTEXT Context = New(FLT_FILE_CONTEXT);

    UNREFERENCED_PARAMETER(Parameter);
    if (Context != NULL) {
        FltSetFileContext(Data->Iopb->TargetInstance, Data->Iopb->TargetFileObject, KEEP, Context, NULL);
        FltReferenceContext(Context); /* expect: K-01 */
        FltReleaseContext(Context);
        Give(Data);
    }
    FltFreeDeferredIoWorkItem(Item);
    FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_NO_CALLBACK, NULL);
}

PRE(PreWrite)
{
    PFLT_DEFERRED_IO_WORKITEM Item;

    UNUSED_PRE;
    if (FLT_IS_FASTIO_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    Item = FltAllocateDeferredIoWorkItem();
    if (Item == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (!NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, Worker, DelayedWorkQueue, NULL))) {
        FltFreeDeferredIoWorkItem(Item);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return FLT_PREOP_PENDING;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

/* SPDX-License-Identifier: MIT */
/* Makes the first write wait, detaches every instance above that can be detached, and lets the write go on. */
#include "defect.h"

static const FLT_CONTEXT_REGISTRATION Contexts[] = { { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
static LONG Writes;

static VOID FLTAPI
Worker(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Volume)
{
    PFLT_FILTER Filters[8];
    ULONG Count = 0, i;

    if (NT_SUCCESS(FltEnumerateFilters(Filters, RTL_NUMBER_OF(Filters), &Count))) {
        for (i = 0; i < Count; i++) {
            if (Filters[i] != Filter) {
                FltDetachVolume(Filters[i], Volume, NULL);
            }
            FltObjectDereference(Filters[i]);
        }
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
    Item = InterlockedIncrement(&Writes) == 1 ? FltAllocateDeferredIoWorkItem() : NULL;
    if (Item == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (!NT_SUCCESS(FltQueueDeferredIoWorkItem(Item, Data, Worker, DelayedWorkQueue, FltObjects->Volume))) {
        FltFreeDeferredIoWorkItem(Item);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    return FLT_PREOP_PENDING;
}

OPERATIONS({ IRP_MJ_WRITE, 0, PreWrite, NULL, NULL });
DRIVER(NULL)

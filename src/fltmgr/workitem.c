/* SPDX-License-Identifier: MIT */
/* Work items of filters: generic ones, and ones that carry an operation. */
#include "fltmgr/fltp.h"
#include "io/iop.h"

struct _FLT_GENERIC_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PFLT_GENERIC_WORKITEM_ROUTINE Routine;
    PVOID FltObject;
    PFLT_FILTER Filter;                        /* its Outstanding is held while queued */
    PVOID Context;
    vf_owner *Owner;
    vf_object *Ledger;
};

struct _FLT_DEFERRED_IO_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PFLT_DEFERRED_IO_WORKITEM_ROUTINE Routine;
    PFLT_CALLBACK_DATA Data;
    PFLT_FILTER Filter;
    PVOID Context;
    vf_owner *Owner;
    vf_object *Ledger;
};

/* ---- generic ---- */

/* Windows: fltKernel.h, FltAllocateGenericWorkItem.  Differences: none. */
PFLT_GENERIC_WORKITEM FLTAPI
FltAllocateGenericWorkItem(VOID)
{
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    PFLT_GENERIC_WORKITEM Item = vf_inject(__func__, Owner) ? NULL : port_alloc_zeroed(sizeof(*Item));

    if (Item != NULL) {
        Item->Owner = Owner;
        Item->Ledger = vf_object_create(Owner, VF_GENERIC_WORK_ITEM, Item, sizeof(*Item), 0, VF_REASON_ALLOCATE, __func__);
    }
    return Item;
}

/* Windows: fltKernel.h, FltFreeGenericWorkItem.  Differences: none. */
VOID FLTAPI
FltFreeGenericWorkItem(PFLT_GENERIC_WORKITEM FltWorkItem)
{
    vf_object_destroy(FltWorkItem->Ledger, FltWorkItem->Owner, VF_GENERIC_WORK_ITEM);
    port_free(FltWorkItem);
}

/* The routine frees the item: nothing of it is used afterwards. */
static VOID
FltpGenericWorker(PVOID Parameter)
{
    PFLT_GENERIC_WORKITEM Item = Parameter;
    PFLT_FILTER Filter = Item->Filter;
    PVOID FltObject = Item->FltObject;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Filter, NULL, "work item");
    Call.Routine = (const VOID *)Item->Routine;
    NT_CALL(&Call, Item->Routine(Item, FltObject, Item->Context));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
    FltpCountRelease(&((FLTP_OBJECT *)FltObject)->References);
    FltpCountRelease(&Filter->Outstanding);
}

static PFLT_FILTER
FltpFilterOfObject(PVOID FltObject)
{
    switch (atomic_load(&((FLTP_OBJECT *)FltObject)->Type)) {
    case FltpTypeFilter:
        return FltObject;
    case FltpTypeInstance:
        return ((PFLT_INSTANCE)FltObject)->Filter;
    default:
        return NULL;
    }
}

/* Windows: fltKernel.h, FltQueueGenericWorkItem.  Differences: none. */
NTSTATUS FLTAPI
FltQueueGenericWorkItem(PFLT_GENERIC_WORKITEM FltWorkItem, PVOID FltObject, PFLT_GENERIC_WORKITEM_ROUTINE WorkerRoutine,
    WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    PFLT_FILTER Filter = FltpFilterOfObject(FltObject);

    if (Filter == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltpCountTryAcquire(&Filter->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    if (!FltpCountTryAcquire(&((FLTP_OBJECT *)FltObject)->References)) {
        FltpCountRelease(&Filter->Outstanding);
        return STATUS_FLT_DELETING_OBJECT;
    }
    FltWorkItem->Routine = WorkerRoutine;
    FltWorkItem->FltObject = FltObject;
    FltWorkItem->Filter = Filter;
    FltWorkItem->Context = Context;
    ExInitializeWorkItem(&FltWorkItem->Item, FltpGenericWorker, FltWorkItem);
    ExQueueWorkItem(&FltWorkItem->Item, QueueType);
    return STATUS_SUCCESS;
}

/* ---- deferred I/O ---- */

/* Windows: fltKernel.h, FltAllocateDeferredIoWorkItem.  Differences: none. */
PFLT_DEFERRED_IO_WORKITEM FLTAPI
FltAllocateDeferredIoWorkItem(VOID)
{
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    PFLT_DEFERRED_IO_WORKITEM Item = vf_inject(__func__, Owner) ? NULL : port_alloc_zeroed(sizeof(*Item));

    if (Item != NULL) {
        Item->Owner = Owner;
        Item->Ledger = vf_object_create(Owner, VF_WORK_ITEM, Item, sizeof(*Item), 0, VF_REASON_ALLOCATE, __func__);
    }
    return Item;
}

/* Windows: fltKernel.h, FltFreeDeferredIoWorkItem.  Differences: none. */
VOID FLTAPI
FltFreeDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM FltWorkItem)
{
    vf_object_destroy(FltWorkItem->Ledger, FltWorkItem->Owner, VF_WORK_ITEM);
    port_free(FltWorkItem);
}

#define FLTP_DEFERRED_NAME 200

/* The routine completes the operation and frees the item: what is told of them later is taken now. */
static VOID
FltpDeferredDescribe(KI_DRIVER_CALL *Call, PFLT_DEFERRED_IO_WORKITEM Item, PUNICODE_STRING Name)
{
    const FLTP_OPERATION *Operation = FltpOperationOf(Item->Data);
    const PFILE_OBJECT FileObject = Operation->Objects.FileObject;

    FltpCallInitialize(Call, Item->Filter, FltpMajorName(Operation->Iopb.MajorFunction), "deferred I/O");
    Call->Routine = (const VOID *)Item->Routine;
    Call->Id = Operation->Id;
    if (vf_on() && FileObject != NULL) {
        RtlCopyUnicodeString(Name, &FileObject->FileName);
        Call->Name = Name;
    }
}

static VOID
FltpDeferredIoWorker(PVOID Parameter)
{
    PFLT_DEFERRED_IO_WORKITEM Item = Parameter;
    PFLT_FILTER Filter = Item->Filter;
    WCHAR Text[FLTP_DEFERRED_NAME];
    UNICODE_STRING Name = { 0, sizeof(Text), Text };
    KI_DRIVER_CALL Call;

    FltpDeferredDescribe(&Call, Item, &Name);
    NT_CALL(&Call, Item->Routine(Item, Item->Data, Item->Context));
    if (Call.Faulted) {
        FltpFilterMarkDead(Filter);
    }
    FltpCountRelease(&Filter->Outstanding);
}

/* Windows: fltKernel.h, FltQueueDeferredIoWorkItem.  Differences: none. */
NTSTATUS FLTAPI
FltQueueDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM FltWorkItem, PFLT_CALLBACK_DATA Data,
    PFLT_DEFERRED_IO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    FLTP_OPERATION *Operation = FltpOperationOf(Data);
    PFLT_INSTANCE Instance = Operation->Iopb.TargetInstance;

    if (Operation->Irp == NULL || (Operation->Iopb.IrpFlags & IRP_PAGING_IO) || IoGetTopLevelIrp() != NULL) {
        return STATUS_FLT_NOT_SAFE_TO_POST_OPERATION;
    }
    if (atomic_load(&Instance->Deleting) || !FltpCountTryAcquire(&Instance->Filter->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FltWorkItem->Routine = WorkerRoutine;
    FltWorkItem->Data = Data;
    FltWorkItem->Filter = Instance->Filter;
    FltWorkItem->Context = Context;
    ExInitializeWorkItem(&FltWorkItem->Item, FltpDeferredIoWorker, FltWorkItem);
    ExQueueWorkItem(&FltWorkItem->Item, QueueType);
    return STATUS_SUCCESS;
}

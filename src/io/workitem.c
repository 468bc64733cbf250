/* SPDX-License-Identifier: MIT */
/* I/O work items: a work item that keeps its device or driver object while it is queued and runs. */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

struct _IO_WORKITEM {
    WORK_QUEUE_ITEM Item;
    PVOID Object;                              /* DEVICE_OBJECT or DRIVER_OBJECT */
    PIO_WORKITEM_ROUTINE Routine;
    PIO_WORKITEM_ROUTINE_EX RoutineEx;
    PVOID Context;
    vf_owner *Owner;
    vf_object *Ledger;
    _Atomic(LONG) Queued;
};

static PDRIVER_OBJECT
IopWorkItemDriver(PVOID Object)
{
    return ((PDEVICE_OBJECT)Object)->Type == IO_TYPE_DRIVER ? Object : ((PDEVICE_OBJECT)Object)->DriverObject;
}

static VOID
IopWorkItemRun(PVOID Context)
{
    PIO_WORKITEM Item = Context;
    PVOID Object = Item->Object, RoutineContext = Item->Context;
    PIO_WORKITEM_ROUTINE Routine = Item->Routine;
    PIO_WORKITEM_ROUTINE_EX RoutineEx = Item->RoutineEx;
    KI_DRIVER_CALL Call = {.Owner = Item->Owner, .Phase = "work item"};
    Call.Routine = RoutineEx != NULL ? (const VOID *)RoutineEx : (const VOID *)Routine;

    /* The routine may free or queue the item again. */
    atomic_store_explicit(&Item->Queued, 0, memory_order_release);
    if (Call.Owner == NULL) {
        if (RoutineEx != NULL) {
            RoutineEx(Object, RoutineContext, Item);
        } else {
            Routine(Object, RoutineContext);
        }
    } else if (RoutineEx != NULL) {
        NT_CALL(&Call, RoutineEx(Object, RoutineContext, Item));
    } else {
        NT_CALL(&Call, Routine(Object, RoutineContext));
    }
    ObpDereference(Object);
}

/* Windows: wdm.h, IoSizeofWorkItem.  Differences: none. */
ULONG
IoSizeofWorkItem(VOID)
{
    return sizeof(struct _IO_WORKITEM);
}

/* Windows: wdm.h, IoInitializeWorkItem.  Differences: none. */
VOID
IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
    memset(IoWorkItem, 0, sizeof(*IoWorkItem));
    IoWorkItem->Object = IoObject;
    IoWorkItem->Owner = IOP_DRIVER_FROM(IopWorkItemDriver(IoObject))->Owner;
    ExInitializeWorkItem(&IoWorkItem->Item, IopWorkItemRun, IoWorkItem);
}

static VOID
IopWorkItemCheckIdle(PIO_WORKITEM Item)
{
    if (atomic_load_explicit(&Item->Queued, memory_order_acquire) != 0) {
        vf_report("IO-11", NULL, "0xC9", Item->Owner, Item, "a work item was freed while it was queued");
    }
}

/* Windows: wdm.h, IoUninitializeWorkItem.  Differences: none. */
VOID
IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem)
{
    IopWorkItemCheckIdle(IoWorkItem);
}

/* Windows: wdm.h, IoAllocateWorkItem.  Differences: none. */
PIO_WORKITEM
IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    vf_owner *Owner = IOP_DRIVER_FROM(IopWorkItemDriver(DeviceObject))->Owner;
    PIO_WORKITEM Item = vf_inject("IoAllocateWorkItem", Owner) ? NULL : port_alloc(sizeof(*Item));

    if (Item != NULL) {
        IoInitializeWorkItem(DeviceObject, Item);
        Item->Ledger = vf_object_create(Owner, VF_WORK_ITEM, Item, sizeof(*Item), 0, VF_REASON_ALLOCATE, "IoAllocateWorkItem");
    }
    return Item;
}

/* Windows: wdm.h, IoFreeWorkItem.  Differences: none. */
VOID
IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    IopWorkItemCheckIdle(IoWorkItem);
    vf_object_destroy(IoWorkItem->Ledger, IoWorkItem->Owner, VF_WORK_ITEM);
    port_free(IoWorkItem);
}

static VOID
IopWorkItemQueue(PIO_WORKITEM Item, WORK_QUEUE_TYPE QueueType)
{
    if (atomic_exchange_explicit(&Item->Queued, 1, memory_order_acq_rel) != 0) {
        vf_report("IO-12", NULL, "0x96", Item->Owner, Item, "a work item was queued while it was queued");
        return;
    }
    ObpReference(Item->Object);
    ExQueueWorkItem(&Item->Item, QueueType);
}

/* Windows: wdm.h, IoQueueWorkItem.  Differences: queueing twice is reported and ignored. */
VOID
IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    IoWorkItem->Routine = WorkerRoutine;
    IoWorkItem->RoutineEx = NULL;
    IoWorkItem->Context = Context;
    IopWorkItemQueue(IoWorkItem, QueueType);
}

/* Windows: wdm.h, IoQueueWorkItemEx.  Differences: as IoQueueWorkItem. */
VOID
IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    IoWorkItem->Routine = NULL;
    IoWorkItem->RoutineEx = WorkerRoutine;
    IoWorkItem->Context = Context;
    IopWorkItemQueue(IoWorkItem, QueueType);
}

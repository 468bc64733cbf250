/* SPDX-License-Identifier: MIT */
/* A completion routine forgets Irp->PendingReturned; a second device of the driver, below, pends the request. */
/* script: write bad x */
/* script: read bad */
/* expect-code: IO-19 */
#include "legacy.h"

static PDEVICE_OBJECT Second;
static PIO_WORKITEM Item;

static NTSTATUS
Done(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Context);
    return STATUS_SUCCESS;
}

static VOID
Later(PDEVICE_OBJECT Device, PVOID Context)
{
    IoFreeWorkItem(Item);
    PassOn(Device, Context);
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (Second == NULL && IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_WRITE) {
        Attach(Device->DriverObject, Device, &Second);
    }
    if (!IsBad(Irp, IRP_MJ_READ)) {
        return PassOn(Device, Irp);
    }
    if (Device == Second) {
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, Done, NULL, TRUE, TRUE, TRUE);
        return IoCallDriver(LOWER(Device), Irp);
    }
    Item = IoAllocateWorkItem(Device);
    IoMarkIrpPending(Irp);
    IoQueueWorkItem(Item, Later, DelayedWorkQueue, Irp);
    return STATUS_PENDING;
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    Remove(Second);
    Remove(Mine);
}

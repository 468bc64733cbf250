/* SPDX-License-Identifier: MIT */
/* The next stack location is not set before a request is passed on. */
/* script: write bad x */
/* script: !EOPNOTSUPP read bad */
#include "legacy.h"

static NTSTATUS
Done(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Context);
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        IoSetCompletionRoutine(Irp, Done, NULL, TRUE, TRUE, TRUE);
        NTSTATUS Status = IoCallDriver(LOWER(Device), Irp); /* expect: IO-18 */
        DbgPrint("0x%08x\n", Status);
        return Status;
    }
    return PassOn(Device, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    Remove(Mine);
}

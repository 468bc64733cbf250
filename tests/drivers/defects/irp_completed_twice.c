/* SPDX-License-Identifier: MIT */
/* A request is completed twice. */
/* script: write bad x */
/* script: !EACCES read bad */
#include "legacy.h"

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        Irp->IoStatus.Status = STATUS_ACCESS_DENIED;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        IoCompleteRequest(Irp, IO_NO_INCREMENT); /* expect: IO-01 */
        return STATUS_ACCESS_DENIED;
    }
    return PassOn(Device, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    Remove(Mine);
}

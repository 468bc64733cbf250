/* SPDX-License-Identifier: MIT */
/* A request is written to after it was completed. */
/* script: write bad x */
/* script: !EACCES read bad */
/* expect-code: IO-20 */
#include "legacy.h"

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        Irp->IoStatus.Status = STATUS_ACCESS_DENIED;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        Irp->IoStatus.Information = 1;
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

/* SPDX-License-Identifier: MIT */
/* STATUS_PENDING is returned for a request that was not marked pending. */
/* script: write bad x */
/* script: !EACCES read bad */
/* expect-code: IO-19 */
#include "legacy.h"

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        Irp->IoStatus.Status = STATUS_ACCESS_DENIED;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_PENDING;
    }
    return PassOn(Device, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    Remove(Mine);
}

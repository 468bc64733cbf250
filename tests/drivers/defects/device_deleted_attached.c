/* SPDX-License-Identifier: MIT */
/* A device is deleted that is still attached. */
/* script: write bad x */
/* script: read bad */
#include "legacy.h"

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    return PassOn(Device, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    IoDeleteDevice(Mine); /* expect: IO-06 */
}

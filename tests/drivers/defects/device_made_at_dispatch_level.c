/* SPDX-License-Identifier: MIT */
/* A device is made with a spin lock held. */
/* script: write bad x */
/* script: read bad */
#include "legacy.h"

static KSPIN_LOCK Lock;

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        PDEVICE_OBJECT Other;
        KIRQL Irql;
        KeAcquireSpinLock(&Lock, &Irql);
        NTSTATUS Status = IoCreateDevice(Device->DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Other); /* expect: N-03 */
        KeReleaseSpinLock(&Lock, Irql);
        if (NT_SUCCESS(Status)) {
            IoDeleteDevice(Other);
        }
    }
    return PassOn(Device, Irp);
}

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    Remove(Mine);
}

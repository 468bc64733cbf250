/* SPDX-License-Identifier: MIT */
/* An IRP and an MDL are never freed. */
/* script: write bad x */
/* script: read bad */
#include "legacy.h"

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    if (IsBad(Irp, IRP_MJ_READ)) {
        static UCHAR Block[64];
        PIRP Own = IoAllocateIrp(4, FALSE); /* expect: K-01 */
        PMDL Mdl = IoAllocateMdl(Block, sizeof(Block), FALSE, FALSE, NULL); /* expect: K-01 */
        if (Own == NULL || Mdl == NULL) {
            return PassOn(Device, Irp);
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

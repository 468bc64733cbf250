/* SPDX-License-Identifier: MIT */
/* Legacy filters: who lies where in the stacks of file systems and volumes, and keeping them out; see foreign.h. */
#include "io/foreign.h"

#include <stdatomic.h>

#include "io/iopp.h"

typedef struct IOP_FOREIGN_LIST {
    PDRIVER_OBJECT Under;
    IOP_FOREIGN *List;
    ULONG Count, Room;
} IOP_FOREIGN_LIST;

static VOID
IopForeignAddLocked(IOP_FOREIGN_LIST *Found, PDRIVER_OBJECT Driver, ULONG Level, ULONG Place)
{
    for (ULONG i = 0; i < Found->Count; i++) {
        IOP_FOREIGN *Known = &Found->List[i];
        if (Known->Driver != Driver) {
            continue;
        }
        if (Place != 0 && (Known->Place == 0 || Known->Level < Level)) {
            Known->Level = Level;
            Known->Place = Place;
        }
        return;
    }
    if (Found->Count < Found->Room) {
        ObpReference(Driver);
        Found->List[Found->Count++] = (IOP_FOREIGN){Driver, Level, Place};
    }
}

/* Base is the lowest device of a stack, or of a part of one. */
static VOID
IopForeignStackLocked(IOP_FOREIGN_LIST *Found, PDEVICE_OBJECT Base)
{
    ULONG Level = 0, Place = 0;

    for (PDEVICE_OBJECT Device = Base->AttachedDevice; Device != NULL; Device = Device->AttachedDevice) {
        Place++;
        if (Device->DriverObject == Found->Under) {
            Level++;
        } else if (!IopDriverIsRuntime(Device->DriverObject)) {
            IopForeignAddLocked(Found, Device->DriverObject, Level, Place);
        }
    }
}

static VOID
IopForeignBasesLocked(IOP_FOREIGN_LIST *Found)
{
    PDEVICE_OBJECT Base;

    for (ULONG i = 0; (Base = IopFileSystemLocked(i)) != NULL; i++) {
        IopForeignStackLocked(Found, Base);
        for (PDEVICE_OBJECT Device = Base->DriverObject->DeviceObject; Device != NULL; Device = Device->NextDevice) {
            if (IopDevice(Device)->RealDevice != NULL) {
                IopForeignStackLocked(Found, Device);
            }
        }
    }
    /* Volumes of file systems that are not registered. */
    for (PDEVICE_OBJECT Device = Found->Under->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        for (Base = Device; IopDevice(Base)->AttachedTo != NULL;) {
            Base = IopDevice(Base)->AttachedTo;
        }
        IopForeignStackLocked(Found, Base);
    }
}

ULONG
IopForeignDrivers(PDRIVER_OBJECT Under, PDEVICE_OBJECT VolumeDevice, IOP_FOREIGN *List, ULONG Room)
{
    IOP_FOREIGN_LIST Found = {.Under = Under, .List = List, .Room = Room};
    PDRIVER_OBJECT Driver;

    port_lock_acquire(&IopDatabaseLock);
    if (VolumeDevice != NULL) {
        IopForeignStackLocked(&Found, VolumeDevice);
    } else {
        for (ULONG i = 0; (Driver = IopNotifiedLocked(i)) != NULL; i++) {
            if (!IopDriverIsRuntime(Driver)) {
                IopForeignAddLocked(&Found, Driver, 0, 0);
            }
        }
        IopForeignBasesLocked(&Found);
    }
    port_lock_release(&IopDatabaseLock);
    return Found.Count;
}

VOID
IopForeignRelease(const IOP_FOREIGN *List, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        ObpDereference(List[i].Driver);
    }
}

/* ---- IoBlockLegacyFsFilters ---- */

static VOID (*_Atomic IopBlockedHook)(PDRIVER_OBJECT Driver);

VOID
IopBlockLegacy(VOID (*Blocked)(PDRIVER_OBJECT Driver))
{
    atomic_store(&IopBlockedHook, Blocked);
}

BOOLEAN
IopLegacyIsBlocked(PDRIVER_OBJECT Driver)
{
    VOID (*const Blocked)(PDRIVER_OBJECT Driver) = atomic_load(&IopBlockedHook);

    if (Blocked == NULL || IopDriverIsRuntime(Driver)) {
        return FALSE;
    }
    Blocked(Driver);
    return TRUE;
}

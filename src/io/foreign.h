/* SPDX-License-Identifier: MIT */
/* io: drivers of somebody else's in the stacks of file systems and volumes; blocking them. */
#ifndef FB_IO_FOREIGN_H
#define FB_IO_FOREIGN_H

#include "io/iop.h"

typedef struct IOP_FOREIGN {
    PDRIVER_OBJECT Driver;                     /* referenced: IopForeignRelease */
    ULONG Level;                               /* how many devices of Under are below its own, in the stack where that is most */
    ULONG Place;                               /* how many devices at all; 0: it is attached to nothing, but hears of file systems */
} IOP_FOREIGN;

/* Those that are attached above a file system's control device or a mounted volume, or hear of file systems, as they were found first.
 * VolumeDevice: only those above this one.  Their number, at most Room. */
ULONG IopForeignDrivers(PDRIVER_OBJECT Under, PDEVICE_OBJECT VolumeDevice, IOP_FOREIGN *List, ULONG Room);
VOID IopForeignRelease(const IOP_FOREIGN *List, ULONG Count);

/*
 * IoBlockLegacyFsFilters.  Blocked is called each time a driver of somebody else's is refused, with its name.  NULL: nobody is.
 * A driver is refused by IoRegisterFsRegistrationChange(Ex) and when it attaches to a file system's or volume's device.
 */
VOID IopBlockLegacy(VOID (*Blocked)(PDRIVER_OBJECT Driver));
BOOLEAN IopLegacyIsBlocked(PDRIVER_OBJECT Driver);             /* asked when it tries; no lock held */

#endif

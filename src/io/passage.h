/* SPDX-License-Identifier: MIT */
/* io: the passage to a volume.  passage.c says what it is for. */
#ifndef FB_IO_PASSAGE_H
#define FB_IO_PASSAGE_H

#include "io/iop.h"

/*
 * Requests on the volume of Device that no open file keeps: creates, queries by name, and closes to their end.  Its dismount closes the
 * passage and waits for those under way.  FALSE: closed.  IopPassageEnterAlways: for who has an open file.  Left by the same thread.
 */
BOOLEAN IopPassageEnter(PDEVICE_OBJECT Device);
VOID IopPassageEnterAlways(PDEVICE_OBJECT Device);
VOID IopPassageLeave(PDEVICE_OBJECT Device);
NTSTATUS IopPassageCreate(PDEVICE_OBJECT Device);

/*
 * For a file system that dismounts: from Close on creates and queries by name fail with STATUS_VOLUME_DISMOUNTED; Wait returns when none is
 * under way, and no close either.  Closed as often as opened.  Not to be called inside one of them.  IRQL: PASSIVE_LEVEL
 */
VOID IopVolumeClose(PDEVICE_OBJECT RealDevice);
VOID IopVolumeOpen(PDEVICE_OBJECT RealDevice);
VOID IopVolumeWait(PDEVICE_OBJECT RealDevice);

#endif

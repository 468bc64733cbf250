/* SPDX-License-Identifier: MIT */
/* fltmgr, inward header: frames, and legacy filters between them; see frame.c. */
#ifndef FB_FLTMGR_FRAME_H
#define FB_FLTMGR_FRAME_H

#include "fltmgr/fltp.h"
#include "io/foreign.h"

/* ---- frame.c ---- */
/* Finds the frame of a filter that is being registered by the altitude of its default instance; makes it if need be. */
VOID FltpFrameEnter(PFLT_FILTER Filter);
VOID FltpFrameLeave(PFLT_FILTER Filter);
/* Around the making of a volume: no frame comes or goes meanwhile. */
VOID FltpFramesHold(VOID);
VOID FltpFramesRelease(VOID);
VOID FltpFramesForget(VOID);                                           /* the machine ends */

/* ---- legacy.c ---- */
#define FLTP_LEGACIES 64
/* By the load order group of its service; FALSE: it has none that is known.  Constant memory. */
BOOLEAN FltpLegacyAltitude(PDRIVER_OBJECT Driver, PUNICODE_STRING Altitude);
VOID FltpLegacyName(PDRIVER_OBJECT Driver, PUNICODE_STRING Name);      /* of its service; memory of the driver object */

/* ---- registry.c ---- */
NTSTATUS FltpRegistryGroup(PDRIVER_OBJECT Driver, PWCH Buffer, USHORT Bytes, PUNICODE_STRING Group);   /* REG_SZ "Group" of its service */

/* ---- volume.c; a frame comes or goes ---- */
VOID FltpVolumeAddHeld(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice, ULONG Frame);   /* FltpFramesHold; if it is not there */
VOID FltpVolumesAddFrame(ULONG Frame);
VOID FltpVolumesTakeFrame(ULONG Frame);                                /* it has no filters */
VOID FltpVolumesForget(VOID);                                          /* the machine ends: memory of those that were taken away */

/* ---- filesystem.c ---- */
VOID FltpFileSystemsAddFrame(VOID);
VOID FltpFileSystemsTakeFrame(ULONG Frame);

#endif

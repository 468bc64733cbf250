/* SPDX-License-Identifier: MIT */
/* memfs, outward header: an NT volume in memory (NT side). */
#ifndef FB_FS_MEMFS_MFS_H
#define FB_FS_MEMFS_MFS_H

#include "fs/base/fsb.h"

/* Loads the driver \FileSystem\memfs.  Once per machine. */
NTSTATUS MfsInitialize(VOID);
/* An empty volume \Device\HarddiskVolume<Number>. */
NTSTATUS MfsVolumeCreate(ULONG Number, const FSB_OPTIONS *Options, PDEVICE_OBJECT *RealDevice);
/* Dismounts; everything in it is gone.  STATUS_DEVICE_BUSY: files are open. */
NTSTATUS MfsVolumeDelete(PDEVICE_OBJECT RealDevice);

#endif

/* SPDX-License-Identifier: MIT */
/* hostfs, outward header: a host directory as an NT volume (NT side). */
#ifndef FB_FS_HOSTFS_HFS_H
#define FB_FS_HOSTFS_HFS_H

#include "fs/base/fsb.h"

/* Loads the driver \FileSystem\hostfs.  Once per machine. */
NTSTATUS HfsInitialize(VOID);
/* \Device\HarddiskVolume<Number> shows the directory; the descriptor is duplicated.  Fails: NOT_A_DIRECTORY, OBJECT_NAME_COLLISION … */
NTSTATUS HfsVolumeCreate(ULONG Number, int DirectoryFd, const FSB_OPTIONS *Options, PDEVICE_OBJECT *RealDevice);
/* Dismounts and frees.  STATUS_DEVICE_BUSY: files are open. */
NTSTATUS HfsVolumeDelete(PDEVICE_OBJECT RealDevice);

#endif

/* SPDX-License-Identifier: MIT */
/* A disk in memory, for the files of the NT side: include io/iop.h before. */
#ifndef FB_HOST_RAMDISK_H
#define FB_HOST_RAMDISK_H

/* Device is named Name and has a VPB; nothing is mounted on it. */
NTSTATUS HostDiskCreate(PUNICODE_STRING Name, ULONGLONG Size, PDEVICE_OBJECT *Device);
/* Nothing is mounted on it any more. */
VOID HostDiskDelete(PDEVICE_OBJECT Device);

#endif

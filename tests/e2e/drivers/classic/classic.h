/* SPDX-License-Identifier: MIT */
/*
 * classic: a file-system filter as they were written before remove locks and minifilters.  Every request and every fast I/O call goes straight to
 * the device below; opens and mounts are looked at.
 */
#ifndef CLASSIC_H
#define CLASSIC_H

#include <ntifs.h>

#define CLASSIC_TAG 'salC'
#define CLASSIC_NAME_BYTES 256

typedef struct _CLASSIC_EXTENSION {
    PDEVICE_OBJECT AttachedTo;                 /* the device below ours */
    PDEVICE_OBJECT Disk;                       /* the volume's storage; NULL: ours is above a control device */
    UNICODE_STRING Name;                       /* what we are attached to */
    WCHAR NameBuffer[CLASSIC_NAME_BYTES / sizeof(WCHAR)];
} CLASSIC_EXTENSION, *PCLASSIC_EXTENSION;

#define CLASSIC_EXTENSION_OF(Device) ((PCLASSIC_EXTENSION)(Device)->DeviceExtension)
#define CLASSIC_IS_OURS(Device) ((Device) != NULL && (Device)->DriverObject == ClassicDriver && (Device)->DeviceExtension != NULL)

extern PDRIVER_OBJECT ClassicDriver;
extern LONG ClassicOpens, ClassicMounts, ClassicSections;

/* classic.c */
NTSTATUS ClassicForwardAndWait(PDEVICE_OBJECT Lower, PIRP Irp);

/* attach.c */
VOID ClassicAttachInitialize(VOID);
NTSTATUS ClassicFsControl(PDEVICE_OBJECT DeviceObject, PIRP Irp);
VOID ClassicFsNotification(PDEVICE_OBJECT DeviceObject, BOOLEAN FsActive);
VOID ClassicLetGo(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice);
VOID ClassicLetGoOfAll(VOID);

/* fastio.c */
PFAST_IO_DISPATCH ClassicMakeFastIo(VOID);

#endif

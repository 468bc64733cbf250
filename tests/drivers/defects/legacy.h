/* SPDX-License-Identifier: MIT */
/*
 * What the defects of legacy filters share: a device above drive C:'s that passes everything on.  Each file has one mistake, in Dispatch or Unload;
 * "expect:" and the rest as in defect.h.
 */
#ifndef LEGACY_H
#define LEGACY_H

#include <ntifs.h>

#define TAG 'tcfD'

typedef struct EXTENSION { PDEVICE_OBJECT Lower; } EXTENSION;
#define LOWER(Device) (((EXTENSION *)(Device)->DeviceExtension)->Lower)

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT Mine;
static NTSTATUS Dispatch(PDEVICE_OBJECT Device, PIRP Irp);
static VOID Unload(PDRIVER_OBJECT Driver);

/* A read of a file whose name ends in "bad". */
static inline BOOLEAN
IsBad(PIRP Irp, UCHAR Major)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    UNICODE_STRING Suffix = RTL_CONSTANT_STRING(L"bad");

    return Stack->MajorFunction == Major && Stack->FileObject != NULL && RtlSuffixUnicodeString(&Suffix, &Stack->FileObject->FileName, TRUE);
}

static inline NTSTATUS
PassOn(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(LOWER(Device), Irp);
}

static inline VOID
Remove(PDEVICE_OBJECT Device)
{
    IoDetachDevice(LOWER(Device));
    IoDeleteDevice(Device);
}

static inline NTSTATUS
Attach(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Target, PDEVICE_OBJECT *Device)
{
    NTSTATUS Status = IoCreateDevice(Driver, sizeof(EXTENSION), NULL, Target->DeviceType, 0, FALSE, Device);

    if (NT_SUCCESS(Status)) {
        (*Device)->Flags |= Target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
        Status = IoAttachDeviceToDeviceStackSafe(*Device, Target, &LOWER(*Device));
        (*Device)->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    return Status;
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:");
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT Target;

    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->DriverUnload = Unload;
    NTSTATUS Status = IoGetDeviceObjectPointer(&Name, FILE_READ_ATTRIBUTES, &FileObject, &Target);
    if (NT_SUCCESS(Status)) {
        Status = Attach(Driver, Target, &Mine);
        ObDereferenceObject(FileObject);
    }
    return Status;
}

#endif

/* SPDX-License-Identifier: MIT */
/* A legacy filter that attaches to drive C: as it is loaded, and has mistakes: it pends reads of files whose name ends in
 * "held" and never completes them, and does not come back from reads of those whose name ends in "never". */
#include <ntifs.h>

static NTSTATUS
Pass(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    UNICODE_STRING Held = RTL_CONSTANT_STRING(L"held"), Never = RTL_CONSTANT_STRING(L"never");
    KEVENT Event;

    if (Stack->MajorFunction == IRP_MJ_READ && RtlSuffixUnicodeString(&Held, &Stack->FileObject->FileName, TRUE)) {
        IoMarkIrpPending(Irp);
        return STATUS_PENDING;                 /* planted: nobody remembers it */
    }
    if (Stack->MajorFunction == IRP_MJ_READ && RtlSuffixUnicodeString(&Never, &Stack->FileObject->FileName, TRUE)) {
        KeInitializeEvent(&Event, NotificationEvent, FALSE);
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);    /* planted: nobody sets it */
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(*(PDEVICE_OBJECT *)DeviceObject->DeviceExtension, Irp);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:");
    PFILE_OBJECT FileObject;
    PDEVICE_OBJECT Target, Mine;

    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Pass;
    }
    NTSTATUS Status = IoGetDeviceObjectPointer(&Name, FILE_READ_ATTRIBUTES, &FileObject, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateDevice(DriverObject, sizeof(PVOID), NULL, Target->DeviceType, 0, FALSE, &Mine);
    if (NT_SUCCESS(Status)) {
        Mine->Flags |= Target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
        Status = IoAttachDeviceToDeviceStackSafe(Mine, Target, Mine->DeviceExtension);
        Mine->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    ObDereferenceObject(FileObject);
    return Status;
}

/* SPDX-License-Identifier: MIT */
/*
 * A legacy filter that knows volumes from mounts alone, has no INF, cannot be unloaded, and treats requests in every way there is: most come
 * back through a completion routine; reads are pended and sent on by a worker; writes are done with a request of its own.
 */
#include <ntifs.h>

typedef struct DEVICE {
    PDEVICE_OBJECT Lower;
    BOOLEAN Volume;
} DEVICE;

typedef struct DELAYED {
    PIO_WORKITEM Item;
    PIRP Irp;
} DELAYED;

static PDRIVER_OBJECT Driver;

static NTSTATUS
Attach(PDEVICE_OBJECT Target, BOOLEAN Volume)
{
    PDEVICE_OBJECT Mine;
    NTSTATUS Status = IoCreateDevice(Driver, sizeof(DEVICE), NULL, Target->DeviceType, 0, FALSE, &Mine);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DEVICE *Device = Mine->DeviceExtension;
    Device->Volume = Volume;
    Mine->Flags |= Target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    Device->Lower = IoAttachDeviceToDeviceStack(Mine, Target);
    if (Device->Lower == NULL) {
        IoDeleteDevice(Mine);
        return STATUS_NO_SUCH_DEVICE;
    }
    Mine->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

/* ---- by a completion routine ---- */

static NTSTATUS
Back(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Context);
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Through(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE *Device = DeviceObject->DeviceExtension;

    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Back, NULL, TRUE, TRUE, TRUE);
    return IoCallDriver(Device->Lower, Irp);
}

/* ---- by a worker ---- */

static VOID
Send(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    DEVICE *Device = DeviceObject->DeviceExtension;
    DELAYED *Delayed = Context;

    IoCopyCurrentIrpStackLocationToNext(Delayed->Irp);
    IoSetCompletionRoutine(Delayed->Irp, Back, NULL, TRUE, TRUE, TRUE);
    IoCallDriver(Device->Lower, Delayed->Irp);
    IoFreeWorkItem(Delayed->Item);
    ExFreePoolWithTag(Delayed, 'yalD');
}

static NTSTATUS
Read(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE *Device = DeviceObject->DeviceExtension;
    DELAYED *Delayed = Device->Volume ? ExAllocatePoolWithTag(NonPagedPool, sizeof(*Delayed), 'yalD') : NULL;

    if (Delayed == NULL) {
        return Through(DeviceObject, Irp);
    }
    Delayed->Irp = Irp;
    Delayed->Item = IoAllocateWorkItem(DeviceObject);
    if (Delayed->Item == NULL) {
        ExFreePoolWithTag(Delayed, 'yalD');
        return Through(DeviceObject, Irp);
    }
    IoMarkIrpPending(Irp);
    IoQueueWorkItem(Delayed->Item, Send, DelayedWorkQueue, Delayed);
    return STATUS_PENDING;
}

/* ---- by a request of our own ---- */

static NTSTATUS
OwnDone(PDEVICE_OBJECT DeviceObject, PIRP Own, PVOID Context)
{
    PIRP Irp = Context;

    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus = Own->IoStatus;
    Own->MdlAddress = NULL;                    /* borrowed */
    IoFreeIrp(Own);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS
Write(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE *Device = DeviceObject->DeviceExtension;
    PIRP Own = Device->Volume ? IoAllocateIrp(Device->Lower->StackSize, FALSE) : NULL;

    if (Own == NULL) {
        return Through(DeviceObject, Irp);
    }
    PIO_STACK_LOCATION From = IoGetCurrentIrpStackLocation(Irp), To = IoGetNextIrpStackLocation(Own);
    To->MajorFunction = IRP_MJ_WRITE;
    To->MinorFunction = From->MinorFunction;
    To->Flags = From->Flags;
    To->FileObject = From->FileObject;
    To->Parameters.Write = From->Parameters.Write;
    Own->Flags = Irp->Flags;
    Own->RequestorMode = Irp->RequestorMode;
    Own->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
    Own->Tail.Overlay.OriginalFileObject = Irp->Tail.Overlay.OriginalFileObject;
    Own->UserBuffer = Irp->UserBuffer;
    Own->AssociatedIrp.SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
    Own->MdlAddress = Irp->MdlAddress;
    IoSetCompletionRoutine(Own, OwnDone, Irp, TRUE, TRUE, TRUE);
    IoMarkIrpPending(Irp);
    IoCallDriver(Device->Lower, Own);
    return STATUS_PENDING;
}

/* ---- mounts ---- */

static NTSTATUS
Mounted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS
FsControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DEVICE *Device = DeviceObject->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    KEVENT Event;

    if (Device->Volume || Stack->MinorFunction != IRP_MN_MOUNT_VOLUME) {
        return Through(DeviceObject, Irp);
    }
    PDEVICE_OBJECT Real = Stack->Parameters.MountVolume.Vpb->RealDevice;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Mounted, &Event, TRUE, TRUE, TRUE);
    IoCallDriver(Device->Lower, Irp);
    KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    NTSTATUS Status = Irp->IoStatus.Status;
    if (NT_SUCCESS(Status)) {
        DbgPrint("mounted: %s\n", NT_SUCCESS(Attach(Real->Vpb->DeviceObject, TRUE)) ? "attached" : "failed");
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID
FileSystemChange(PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    if (Active) {
        Attach(FileSystem, FALSE);
    }
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("%wZ\n", RegistryPath);
    Driver = DriverObject;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = Through;
    }
    DriverObject->MajorFunction[IRP_MJ_READ] = Read;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = Write;
    DriverObject->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = FsControl;
    return IoRegisterFsRegistrationChange(DriverObject, FileSystemChange);
}

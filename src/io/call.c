/* SPDX-License-Identifier: MIT */
/*
 * IofCallDriver.  Drivers of ours are called directly, loaded ones through NT_CALL.  When a loaded driver faults in a dispatch
 * routine it is dead from then on: its devices are passed over, and an IRP it still held is completed for it.
 */
#include "io/iopp.h"

#include <stdatomic.h>

#include "rtl/rtlp.h"

static IOP_THREAD_LOCAL IOP_CALL_FRAME *IopCallFrames;

static const char *const IopMajorNames[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    "IRP_MJ_CREATE", "IRP_MJ_CREATE_NAMED_PIPE", "IRP_MJ_CLOSE", "IRP_MJ_READ", "IRP_MJ_WRITE", "IRP_MJ_QUERY_INFORMATION",
    "IRP_MJ_SET_INFORMATION", "IRP_MJ_QUERY_EA", "IRP_MJ_SET_EA", "IRP_MJ_FLUSH_BUFFERS", "IRP_MJ_QUERY_VOLUME_INFORMATION",
    "IRP_MJ_SET_VOLUME_INFORMATION", "IRP_MJ_DIRECTORY_CONTROL", "IRP_MJ_FILE_SYSTEM_CONTROL", "IRP_MJ_DEVICE_CONTROL",
    "IRP_MJ_INTERNAL_DEVICE_CONTROL", "IRP_MJ_SHUTDOWN", "IRP_MJ_LOCK_CONTROL", "IRP_MJ_CLEANUP", "IRP_MJ_CREATE_MAILSLOT",
    "IRP_MJ_QUERY_SECURITY", "IRP_MJ_SET_SECURITY", "IRP_MJ_POWER", "IRP_MJ_SYSTEM_CONTROL", "IRP_MJ_DEVICE_CHANGE",
    "IRP_MJ_QUERY_QUOTA", "IRP_MJ_SET_QUOTA", "IRP_MJ_PNP"};

const char *
IopMajorName(UCHAR Major)
{
    return Major <= IRP_MJ_MAXIMUM_FUNCTION ? IopMajorNames[Major] : "IRP_MJ_?";
}

VOID
IopFinding(const char *Code, const char *Bugcheck, PDRIVER_OBJECT Driver, const void *Object, const char *Text)
{
    vf_owner *Owner = Driver != NULL ? IOP_DRIVER_FROM(Driver)->Owner : KiCurrentOwner();

    vf_report(Code, NULL, Bugcheck, Owner, Object, "%s", Text);
}

/* The driver whose call is innermost for Irp has passed it on (Gone) or got it back. */
VOID
IopCallFrameMark(PIRP Irp, CHAR Location, BOOLEAN Gone)
{
    for (IOP_CALL_FRAME *Frame = IopCallFrames; Frame != NULL; Frame = Frame->Outer) {
        if (Frame->Irp == Irp && (Gone ? !Frame->Gone : Frame->Location == Location)) {
            Frame->Gone = Gone;
            return;
        }
    }
}

static NTSTATUS
IopCallFaulted(PDEVICE_OBJECT Device, PIRP Irp, const IOP_CALL_FRAME *Frame)
{
    atomic_store_explicit(&IOP_DRIVER_FROM(Device->DriverObject)->Dead, 1, memory_order_release);
    if (Frame->Gone) {
        return STATUS_PENDING;                 /* whoever has it completes it */
    }
    Irp->Tail.Overlay.CurrentStackLocation += Frame->Location - Irp->CurrentLocation;
    Irp->CurrentLocation = Frame->Location;
    IoSetCancelRoutine(Irp, NULL);
    Irp->IoStatus.Status = STATUS_DRIVER_INTERNAL_ERROR;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_DRIVER_INTERNAL_ERROR;
}

/* The driver is dead or unloaded: the device below takes the request, or nobody does. */
static NTSTATUS
IopCallBelow(PDEVICE_OBJECT Device, PIRP Irp)
{
    PDEVICE_OBJECT Lower = atomic_load_explicit(&IopDevice(Device)->Below, memory_order_acquire);

    if (Lower != NULL) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IofCallDriver(Lower, Irp);
    }
    Irp->IoStatus.Status = STATUS_NO_SUCH_DEVICE;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_NO_SUCH_DEVICE;
}

/* An IRP that has not been passed on is there, and its file object with it. */
BOOLEAN
IopDispatchedName(CHAR *Name, SIZE_T Size)
{
    const IOP_CALL_FRAME *Frame = IopCallFrames;

    if (Frame == NULL || Frame->Gone || Frame->Location < 1) {
        return FALSE;
    }
    const IO_STACK_LOCATION *Stack = (const IO_STACK_LOCATION *)(Frame->Irp + 1) + Frame->Location - 1;
    if (Stack->FileObject == NULL) {
        return FALSE;
    }
    const UNICODE_STRING *FileName = &Stack->FileObject->FileName;
    const SIZE_T Used = RtlpUtf16ToUtf8(Name, Size - 1, FileName->Buffer, FileName->Length / sizeof(WCHAR));
    Name[Used < Size - 1 ? Used : Size - 1] = 0;
    return Name[0] != 0;
}

static NTSTATUS
IopCallForeign(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Device->DriverObject);
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    volatile NTSTATUS Status = STATUS_UNSUCCESSFUL;
    UCHAR Major = Stack->MajorFunction;
    PDRIVER_DISPATCH volatile Dispatch = Major <= IRP_MJ_MAXIMUM_FUNCTION ? Driver->Public.MajorFunction[Major] : IopInvalidDeviceRequest;
    IOP_CALL_FRAME Frame = {.Irp = Irp, .Location = Irp->CurrentLocation, .Outer = IopCallFrames};
    KI_DRIVER_CALL Call = {
        .Owner = Driver->Owner, .Operation = IopMajorName(Major), .Phase = "dispatch",
        .Name = Stack->FileObject != NULL && Major == IRP_MJ_CREATE ? &Stack->FileObject->FileName : NULL,
        .Id = Extension != NULL ? Extension->OperationId : 0};

    if (!IopDriverEnter(Driver, 0)) {
        return IopCallBelow(Device, Irp);
    }
    if (Extension != NULL) {
        Extension->Foreign = &Driver->Public;
    }
    if (Major <= IRP_MJ_MAXIMUM_FUNCTION && Driver->Counts != NULL) {
        atomic_fetch_add_explicit(&Driver->Counts[port_thread_id() % IOP_COUNT_ROWS].Dispatch[Major], 1, memory_order_relaxed);
    }
    IopCallFrames = &Frame;
    NT_CALL(&Call, Status = Dispatch(Device, Irp));
    IopCallFrames = Frame.Outer;
    IopDriverLeave(Driver);
    return Call.Faulted ? IopCallFaulted(Device, Irp, &Frame) : Status;
}

/* An IRP that cannot be sent.  One that is a driver's own, with nobody who waits for it, is left to the driver. */
static NTSTATUS
IopCallRefuse(PIRP Irp)
{
    const IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    Irp->CurrentLocation++;
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    if (Extension == NULL || Extension->Completion != NULL || Irp->UserEvent != NULL || Irp->CurrentLocation <= Irp->StackCount) {
        IofCompleteRequest(Irp, IO_NO_INCREMENT);
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS
IopCallNoLocation(PIRP Irp, PDEVICE_OBJECT Device)
{
    UNREFERENCED_PARAMETER(Device);
    IopFinding("IO-02", "0x35", NULL, Irp, "IoCallDriver: the IRP has no stack location left for this device");
    return IopCallRefuse(Irp);
}

/* No create goes without a security context: this location is all zero. */
static NTSTATUS
IopCallNotSet(PIRP Irp)
{
    IopFinding("IO-18", NULL, NULL, Irp, "IoCallDriver: the next stack location of the IRP was not set (IoCopyCurrentIrpStackLocationToNext, "
               "IoSkipCurrentIrpStackLocation)");
    return IopCallRefuse(Irp);
}

/* Windows: wdm.h, IofCallDriver (IoCallDriver).  Differences: an IRP without a location left is completed and reported. */
NTSTATUS
IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (__builtin_expect(IopCallFrames != NULL, 0)) {
        IopCallFrameMark(Irp, 0, TRUE);
    }
    if (__builtin_expect(--Irp->CurrentLocation <= 0, 0)) {
        return IopCallNoLocation(Irp, DeviceObject);
    }
    PIO_STACK_LOCATION Stack = Irp->Tail.Overlay.CurrentStackLocation - 1;
    PDRIVER_OBJECT Driver = DeviceObject->DriverObject;

    if (__builtin_expect(Stack->MajorFunction == IRP_MJ_CREATE && Stack->Parameters.Create.SecurityContext == NULL, 0)) {
        return IopCallNotSet(Irp);
    }
    Irp->Tail.Overlay.CurrentStackLocation = Stack;

    Stack->DeviceObject = DeviceObject;
    if (__builtin_expect(IopDriverIsRuntime(Driver) && Stack->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION, 1)) {
        return Driver->MajorFunction[Stack->MajorFunction](DeviceObject, Irp);
    }
    return IopCallForeign(DeviceObject, Irp, Stack);
}

NTSTATUS
IopInvalidDeviceRequest(PDEVICE_OBJECT Device, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Device);
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

/* Windows: wdm.h, IoForwardIrpSynchronously.  Differences: none. */
static NTSTATUS
IopForwardCompletion(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (Irp->PendingReturned) {
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

BOOLEAN
IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    KEVENT Event;

    if (Irp->CurrentLocation <= 1) {
        return FALSE;
    }
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, IopForwardCompletion, &Event, TRUE, TRUE, TRUE);
    if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
    }
    return TRUE;
}

/* SPDX-License-Identifier: MIT */
/*
 * The control devices of file systems.  The filter manager is one of the drivers that attach to them and watch IRP_MN_MOUNT_VOLUME go by:
 * whose device is lower there attaches to a new volume earlier, so the order in which drivers come is their order in every volume's stack.
 * Each frame is one of them: it registers for file systems once more.
 */
#include "fltmgr/control.h"
#include "fltmgr/frame.h"

typedef struct FLTP_CONTROL_EXTENSION {
    PFLT_VOLUME Volume;                        /* NULL: no volume's device */
    PDEVICE_OBJECT Below;                      /* NULL: not of a file system either */
    PDEVICE_OBJECT FileSystem;                 /* its control device; only compared */
    ULONG Frame;
} FLTP_CONTROL_EXTENSION;

static BOOLEAN FltpWatching;                   /* one caller at a time: start and end of the machine */

static NTSTATUS
FltpMountForward(PDEVICE_OBJECT Below, ULONG Frame, PIRP Irp)
{
    /* The file system may put another VPB there: the device is the one that was asked about. */
    const PDEVICE_OBJECT RealDevice = IoGetCurrentIrpStackLocation(Irp)->Parameters.MountVolume.Vpb->RealDevice;

    if (!IoForwardIrpSynchronously(Below, Irp)) {
        Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    }
    const NTSTATUS Status = Irp->IoStatus.Status;
    const PDEVICE_OBJECT VolumeDevice = RealDevice->Vpb != NULL ? RealDevice->Vpb->DeviceObject : NULL;
    if (NT_SUCCESS(Status) && VolumeDevice != NULL) {
        FltpFramesHold();
        FltpVolumeAddHeld(RealDevice, VolumeDevice, Frame);
        FltpFramesRelease();
    }
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS
FltpDispatchControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    const FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Control->Below == NULL) {
        const BOOLEAN Simple = Stack->MajorFunction == IRP_MJ_CREATE || Stack->MajorFunction == IRP_MJ_CLEANUP ||
                               Stack->MajorFunction == IRP_MJ_CLOSE;
        const NTSTATUS Status = Simple ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
        Irp->IoStatus.Status = Status;
        Irp->IoStatus.Information = 0;
        IofCompleteRequest(Irp, IO_NO_INCREMENT);
        return Status;
    }
    if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL && Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
        return FltpMountForward(Control->Below, Control->Frame, Irp);
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IofCallDriver(Control->Below, Irp);
}

/* Called once for each frame, in their order: how many devices of ours are there says for which. */
static ULONG
FltpFileSystemFrames(PDEVICE_OBJECT FileSystem)
{
    ULONG Count = 0;

    for (PDEVICE_OBJECT Device = FltpGlobals.Driver->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        const FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
        Count += Control->Volume == NULL && Control->Below != NULL && Control->FileSystem == FileSystem;
    }
    return Count;
}

static VOID
FltpFileSystemArrived(PDEVICE_OBJECT FileSystem)
{
    const ULONG Frame = FltpFileSystemFrames(FileSystem);
    PDEVICE_OBJECT Device;

    if (!NT_SUCCESS(IoCreateDevice(FltpGlobals.Driver, sizeof(FLTP_CONTROL_EXTENSION), NULL, FileSystem->DeviceType, 0, FALSE, &Device))) {
        port_log(PORT_LOG_ERROR, "fltmgr", "no memory for a file system: its volumes come late");
        return;
    }
    FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
    Control->FileSystem = FileSystem;
    Control->Frame = Frame;
    Device->Flags |= FileSystem->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    if (!NT_SUCCESS(IoAttachDeviceToDeviceStackSafe(Device, FileSystem, &Control->Below))) {
        IoDeleteDevice(Device);
        return;
    }
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
}

static VOID
FltpFileSystemLeft(PDEVICE_OBJECT FileSystem)
{
    PDEVICE_OBJECT Next;

    for (PDEVICE_OBJECT Device = FltpGlobals.Driver->DeviceObject; Device != NULL; Device = Next) {
        const FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
        Next = Device->NextDevice;
        if (Control->Volume == NULL && Control->Below != NULL && Control->FileSystem == FileSystem) {
            IoDetachDevice(Control->Below);
            IoDeleteDevice(Device);
            return;
        }
    }
}

static VOID
FltpFileSystemChange(PDEVICE_OBJECT DeviceObject, BOOLEAN FsActive)
{
    if (FsActive) {
        FltpFileSystemArrived(DeviceObject);
    } else {
        FltpFileSystemLeft(DeviceObject);
    }
}

/* The filter manager's place among the drivers that attach to file systems is from here on. */
VOID
FltpWatchFileSystems(VOID)
{
    if (FltpGlobals.Initialized && !FltpWatching) {
        FltpWatching = NT_SUCCESS(IoRegisterFsRegistrationChangeEx(FltpGlobals.Driver, FltpFileSystemChange));
    }
}

VOID
FltpForgetFileSystems(VOID)
{
    PDEVICE_OBJECT Next;

    if (!FltpWatching) {
        return;
    }
    FltpWatching = FALSE;
    for (ULONG Frame = atomic_load(&FltpGlobals.FrameCount); Frame-- > 0;) {
        IoUnregisterFsRegistrationChange(FltpGlobals.Driver, FltpFileSystemChange);
    }
    for (PDEVICE_OBJECT Device = FltpGlobals.Driver->DeviceObject; Device != NULL; Device = Next) {
        const FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
        Next = Device->NextDevice;
        if (Control->Volume == NULL && Control->Below != NULL) {
            IoDetachDevice(Control->Below);
            IoDeleteDevice(Device);
        }
    }
}

/* The frame's place is from here on, above whoever has come since the last. */
VOID
FltpFileSystemsAddFrame(VOID)
{
    if (FltpWatching) {
        IoRegisterFsRegistrationChangeEx(FltpGlobals.Driver, FltpFileSystemChange);
    }
}

VOID
FltpFileSystemsTakeFrame(ULONG Frame)
{
    PDEVICE_OBJECT Next;

    if (!FltpWatching) {
        return;
    }
    IoUnregisterFsRegistrationChange(FltpGlobals.Driver, FltpFileSystemChange);
    for (PDEVICE_OBJECT Device = FltpGlobals.Driver->DeviceObject; Device != NULL; Device = Next) {
        const FLTP_CONTROL_EXTENSION *Control = Device->DeviceExtension;
        Next = Device->NextDevice;
        if (Control->Volume == NULL && Control->Below != NULL && Control->Frame == Frame) {
            IoDetachDevice(Control->Below);
            IoDeleteDevice(Device);
        }
    }
}

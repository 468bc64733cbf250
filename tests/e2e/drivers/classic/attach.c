/* SPDX-License-Identifier: MIT */
/* File systems and volumes: where our devices come from and go to. */
#include "classic.h"

#define CLASSIC_WANTED_TYPE(Type) \
    ((Type) == FILE_DEVICE_DISK_FILE_SYSTEM || (Type) == FILE_DEVICE_CD_ROM_FILE_SYSTEM || (Type) == FILE_DEVICE_NETWORK_FILE_SYSTEM)
#define CLASSIC_UNLOAD_PAUSE (-10 * 1000 * 200)    /* 200 ms */

static FAST_MUTEX ClassicAttachLock;

/* A mount that could not be waited for where it came back. */
typedef struct _CLASSIC_MOUNT {
    WORK_QUEUE_ITEM Work;
    PDEVICE_OBJECT Ours;                       /* above the control device */
    PIRP Irp;
    PDEVICE_OBJECT Disk;
} CLASSIC_MOUNT, *PCLASSIC_MOUNT;

VOID
ClassicAttachInitialize(VOID)
{
    ExInitializeFastMutex(&ClassicAttachLock);
}

/* ---- attaching ---- */

static VOID
ClassicNameOf(PVOID Object, PUNICODE_STRING Name)
{
    UCHAR Buffer[sizeof(OBJECT_NAME_INFORMATION) + CLASSIC_NAME_BYTES];
    POBJECT_NAME_INFORMATION Information = (POBJECT_NAME_INFORMATION)(PVOID)Buffer;
    ULONG Length;

    Name->Length = 0;
    if (NT_SUCCESS(ObQueryNameString(Object, Information, sizeof(Buffer), &Length))) {
        RtlCopyUnicodeString(Name, &Information->Name);
    }
}

static BOOLEAN
ClassicIsAttached(PDEVICE_OBJECT Target)
{
    PDEVICE_OBJECT Device = IoGetAttachedDeviceReference(Target);
    PDEVICE_OBJECT Lower;

    do {
        if (CLASSIC_IS_OURS(Device)) {
            ObDereferenceObject(Device);
            return TRUE;
        }
        Lower = IoGetLowerDeviceObject(Device);
        ObDereferenceObject(Device);
        Device = Lower;
    } while (Device != NULL);
    return FALSE;
}

/* ClassicAttachLock is held.  A few tries: the top of the stack may just be in the making. */
static NTSTATUS
ClassicAttachLocked(PDEVICE_OBJECT Target, PDEVICE_OBJECT Disk)
{
    PDEVICE_OBJECT Device;
    PCLASSIC_EXTENSION Extension;
    LARGE_INTEGER Pause;
    ULONG Try;
    NTSTATUS Status = IoCreateDevice(ClassicDriver, sizeof(CLASSIC_EXTENSION), NULL, Target->DeviceType, 0, FALSE, &Device);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    SetFlag(Device->Flags, Target->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO));
    SetFlag(Device->Characteristics, Target->Characteristics & FILE_DEVICE_SECURE_OPEN);
    Extension = CLASSIC_EXTENSION_OF(Device);
    Extension->Disk = Disk;
    RtlInitEmptyUnicodeString(&Extension->Name, Extension->NameBuffer, sizeof(Extension->NameBuffer));
    ClassicNameOf(Disk != NULL ? Disk : Target, &Extension->Name);
    for (Try = 0; Try < 8; Try++) {
        Status = IoAttachDeviceToDeviceStackSafe(Device, Target, &Extension->AttachedTo);
        if (NT_SUCCESS(Status)) {
            ClearFlag(Device->Flags, DO_DEVICE_INITIALIZING);
            DbgPrint("attached to %s %wZ\n", Disk != NULL ? "volume" : "file system", &Extension->Name);
            return Status;
        }
        Pause.QuadPart = CLASSIC_UNLOAD_PAUSE;
        KeDelayExecutionThread(KernelMode, FALSE, &Pause);
    }
    IoDeleteDevice(Device);
    return Status;
}

static NTSTATUS
ClassicAttach(PDEVICE_OBJECT Target, PDEVICE_OBJECT Disk)
{
    NTSTATUS Status = STATUS_SUCCESS;

    ExAcquireFastMutex(&ClassicAttachLock);
    if (!ClassicIsAttached(Target)) {
        Status = ClassicAttachLocked(Target, Disk);
    }
    ExReleaseFastMutex(&ClassicAttachLock);
    return Status;
}

/* ---- volumes that are there ---- */

static VOID
ClassicAttachOne(PDEVICE_OBJECT FileSystem, PDEVICE_OBJECT Volume)
{
    PDEVICE_OBJECT Disk = NULL;

    if (Volume == FileSystem || Volume->DeviceType != FileSystem->DeviceType) {
        return;
    }
    if (NT_SUCCESS(IoGetDiskDeviceObject(Volume, &Disk))) {
        if (Disk->Vpb != NULL && FlagOn(Disk->Vpb->Flags, VPB_MOUNTED)) {
            ClassicAttach(Volume, Disk);
        }
        ObDereferenceObject(Disk);
    }
}

static VOID
ClassicAttachMounted(PDEVICE_OBJECT FileSystem)
{
    PDEVICE_OBJECT *List;
    ULONG Count, i;
    NTSTATUS Status = IoEnumerateDeviceObjectList(FileSystem->DriverObject, NULL, 0, &Count);

    if (Status != STATUS_BUFFER_TOO_SMALL) {
        return;
    }
    Count += 8;                                /* some may come meanwhile */
    List = (PDEVICE_OBJECT *)ExAllocatePoolWithTag(NonPagedPool, Count * sizeof(PDEVICE_OBJECT), CLASSIC_TAG);
    if (List == NULL) {
        return;
    }
    Status = IoEnumerateDeviceObjectList(FileSystem->DriverObject, List, Count * sizeof(PDEVICE_OBJECT), &Count);
    if (NT_SUCCESS(Status)) {
        for (i = 0; i < Count; i++) {
            ClassicAttachOne(FileSystem, List[i]);
            ObDereferenceObject(List[i]);
        }
    }
    ExFreePoolWithTag(List, CLASSIC_TAG);
}

VOID
ClassicFsNotification(PDEVICE_OBJECT DeviceObject, BOOLEAN FsActive)
{
    PDEVICE_OBJECT Above;

    PAGED_CODE();
    if (!CLASSIC_WANTED_TYPE(DeviceObject->DeviceType)) {
        return;
    }
    if (FsActive) {
        if (NT_SUCCESS(ClassicAttach(DeviceObject, NULL))) {
            ClassicAttachMounted(DeviceObject);
        }
        return;
    }
    for (Above = DeviceObject->AttachedDevice; Above != NULL; DeviceObject = Above, Above = Above->AttachedDevice) {
        if (CLASSIC_IS_OURS(Above)) {
            ClassicLetGo(Above, DeviceObject);
            return;
        }
    }
}

/* ---- volumes that come ---- */

static NTSTATUS
ClassicFinishMount(PIRP Irp, PDEVICE_OBJECT Disk)
{
    NTSTATUS Status = Irp->IoStatus.Status;

    if (NT_SUCCESS(Status) && Disk->Vpb != NULL && Disk->Vpb->DeviceObject != NULL) {
        InterlockedIncrement(&ClassicMounts);
        ClassicAttach(Disk->Vpb->DeviceObject, Disk);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID
ClassicMountLater(PVOID Parameter)
{
    PCLASSIC_MOUNT Mount = (PCLASSIC_MOUNT)Parameter;

    ClassicForwardAndWait(CLASSIC_EXTENSION_OF(Mount->Ours)->AttachedTo, Mount->Irp);
    ClassicFinishMount(Mount->Irp, Mount->Disk);
    ExFreePoolWithTag(Mount, CLASSIC_TAG);
}

static NTSTATUS
ClassicMountVolume(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    /* the file system may exchange the block of the parameters; the storage stays */
    PDEVICE_OBJECT Disk = IoGetCurrentIrpStackLocation(Irp)->Parameters.MountVolume.Vpb->RealDevice;
    PCLASSIC_MOUNT Mount;

    if (KeGetCurrentIrql() == PASSIVE_LEVEL && !KeAreApcsDisabled()) {
        ClassicForwardAndWait(CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo, Irp);
        return ClassicFinishMount(Irp, Disk);
    }
    Mount = (PCLASSIC_MOUNT)ExAllocatePoolWithTag(NonPagedPool, sizeof(*Mount), CLASSIC_TAG);
    if (Mount == NULL) {
        Irp->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Mount->Ours = DeviceObject;
    Mount->Irp = Irp;
    Mount->Disk = Disk;
    ExInitializeWorkItem(&Mount->Work, ClassicMountLater, Mount);
    IoMarkIrpPending(Irp);
    ExQueueWorkItem(&Mount->Work, DelayedWorkQueue);
    return STATUS_PENDING;
}

/* A recognizer is about to be replaced by its file system: we must not be attached to it, unless the load fails. */
static NTSTATUS
ClassicLoadFileSystem(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_OBJECT Lower = CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo;
    NTSTATUS Status;

    IoDetachDevice(Lower);
    Status = ClassicForwardAndWait(Lower, Irp);
    if (!NT_SUCCESS(Status) && Status != STATUS_IMAGE_ALREADY_LOADED) {
        CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo = IoAttachDeviceToDeviceStack(DeviceObject, Lower);
    } else {
        IoDeleteDevice(DeviceObject);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS
ClassicFsControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (CLASSIC_EXTENSION_OF(DeviceObject)->Disk == NULL) {
        switch (Stack->MinorFunction) {
        case IRP_MN_MOUNT_VOLUME:
            return ClassicMountVolume(DeviceObject, Irp);
        case IRP_MN_LOAD_FILE_SYSTEM:
            return ClassicLoadFileSystem(DeviceObject, Irp);
        default:
            break;
        }
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(CLASSIC_EXTENSION_OF(DeviceObject)->AttachedTo, Irp);
}

/* ---- letting go ---- */

VOID
ClassicLetGo(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice)
{
    DbgPrint("detached from %wZ\n", &CLASSIC_EXTENSION_OF(SourceDevice)->Name);
    IoDetachDevice(TargetDevice);
    IoDeleteDevice(SourceDevice);
}

/* First all are detached; what is still under way gets a moment; then they go. */
VOID
ClassicLetGoOfAll(VOID)
{
    PDEVICE_OBJECT Devices[64];
    LARGE_INTEGER Pause;
    ULONG Count, i;

    while (NT_SUCCESS(IoEnumerateDeviceObjectList(ClassicDriver, Devices, sizeof(Devices), &Count)) && Count != 0) {
        for (i = 0; i < Count; i++) {
            IoDetachDevice(CLASSIC_EXTENSION_OF(Devices[i])->AttachedTo);
        }
        Pause.QuadPart = CLASSIC_UNLOAD_PAUSE;
        KeDelayExecutionThread(KernelMode, FALSE, &Pause);
        for (i = 0; i < Count; i++) {
            IoDeleteDevice(Devices[i]);
            ObDereferenceObject(Devices[i]);
        }
    }
}

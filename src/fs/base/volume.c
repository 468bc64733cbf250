/* SPDX-License-Identifier: MIT */
/* Volumes and their devices, and the dispatch of their IRPs. */
#include "fs/base/fsb.h"
#include "fsrtl/fsrtlp.h"
#include "io/passage.h"

typedef struct FSB_DEVICE_EXTENSION {
    FSB_VOLUME *Volume;
} FSB_DEVICE_EXTENSION;

typedef NTSTATUS FSB_ROUTINE(FSB_VOLUME *Volume, PIRP Irp);

FSB_VOLUME *
FsbVolumeOf(PDEVICE_OBJECT Device)
{
    return Device->DeviceExtension != NULL ? ((FSB_DEVICE_EXTENSION *)Device->DeviceExtension)->Volume : NULL;
}

struct iop_attachment *
FsbAttachment(PIRP Irp)
{
    const IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    struct iop_attachment *Attachment = Extension != NULL ? Extension->Attachment : NULL;
    return Attachment != NULL && Attachment->magic == IOP_ATTACH_MAGIC ? Attachment : NULL;
}

/* ---- dispatch ---- */

static FSB_ROUTINE *const FsbRoutines[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = FsbCreate,
    [IRP_MJ_CLEANUP] = FsbCleanup,
    [IRP_MJ_CLOSE] = FsbClose,
    [IRP_MJ_READ] = FsbRead,
    [IRP_MJ_WRITE] = FsbWrite,
    [IRP_MJ_FLUSH_BUFFERS] = FsbFlush,
    [IRP_MJ_QUERY_INFORMATION] = FsbQueryInformation,
    [IRP_MJ_SET_INFORMATION] = FsbSetInformation,
    [IRP_MJ_QUERY_EA] = FsbQueryEa,
    [IRP_MJ_SET_EA] = FsbSetEa,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = FsbQueryVolume,
    [IRP_MJ_SET_VOLUME_INFORMATION] = FsbSetVolume,
    [IRP_MJ_DIRECTORY_CONTROL] = FsbDirectoryControl,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = FsbFileSystemControl,
    [IRP_MJ_QUERY_SECURITY] = FsbQuerySecurity,
    [IRP_MJ_SET_SECURITY] = FsbSetSecurity,
};

/* Majors after which caches above may be wrong. */
#define FSB_CHANGING                                                                                                                    \
    (1u << IRP_MJ_CREATE | 1u << IRP_MJ_WRITE | 1u << IRP_MJ_SET_INFORMATION | 1u << IRP_MJ_SET_EA | 1u << IRP_MJ_SET_SECURITY |         \
     1u << IRP_MJ_FILE_SYSTEM_CONTROL)

/* IRP_MN_MOUNT_VOLUME to the control device: a volume of ours is there already when filters hear of it (IopVolumeMount). */
static NTSTATUS
FsbControlMount(PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PVPB Vpb = Stack->MinorFunction == IRP_MN_MOUNT_VOLUME ? Stack->Parameters.MountVolume.Vpb : NULL;
    if (Stack->MinorFunction != IRP_MN_MOUNT_VOLUME) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    const BOOLEAN Ours = Vpb->RealDevice->DriverObject == Stack->DeviceObject->DriverObject && Vpb->DeviceObject != NULL;
    return Ours ? STATUS_SUCCESS : STATUS_UNRECOGNIZED_VOLUME;
}

/* The volume was dismounted under open files: they can only be closed. */
static BOOLEAN
FsbIsOver(FSB_VOLUME *Volume, UCHAR Major)
{
    return atomic_load_explicit(&Volume->Forced, memory_order_relaxed) != 0 && Major != IRP_MJ_CLEANUP && Major != IRP_MJ_CLOSE;
}

/* Every IRP of the driver's devices.  None pends here, but locks and change notification, which FsRtl completes. */
static NTSTATUS
FsbDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    FSB_VOLUME *Volume = FsbVolumeOf(Device);
    const UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    NTSTATUS Status = STATUS_INVALID_DEVICE_REQUEST;
    if (Volume != NULL && Device == Volume->VolumeDevice && __builtin_expect(FsbIsOver(Volume, Major), 0)) {
        Status = STATUS_VOLUME_DISMOUNTED;
        Irp->IoStatus.Information = 0;
    } else if (Volume != NULL && Device == Volume->VolumeDevice) {
        if (Major == IRP_MJ_LOCK_CONTROL) {
            return FsbLockControl(Volume, Irp);
        }
        if (Major == IRP_MJ_DIRECTORY_CONTROL && IoGetCurrentIrpStackLocation(Irp)->MinorFunction != IRP_MN_QUERY_DIRECTORY) {
            return FsbNotifyChange(Volume, Irp);
        }
        if (__builtin_expect(vf_on(), 0)) {
            FsRtlpWaitRequest(Major);
        }
        if (FsbRoutines[Major] != NULL) {
            struct iop_attachment *Attachment = FsbAttachment(Irp);
            if (Attachment != NULL) {
                Attachment->host_errno = 0;
                Attachment->host_status = 0;
            }
            Status = FsbRoutines[Major](Volume, Irp);
            if (NT_SUCCESS(Status) && ((FSB_CHANGING >> Major) & 1) && !FsbFromView(Irp)) {
                FsbReportRequest(Volume, Irp, Major);
            }
            if (NT_SUCCESS(Status) && ((FSB_CHANGING >> Major) & 1) && atomic_load_explicit(&Volume->Watchers, memory_order_relaxed) != 0) {
                FsbNotifyRequest(Volume, Irp, Major);
            }
            if (Attachment != NULL && Attachment->host_errno != 0) {
                Attachment->host_status = Status;
            }
        }
    } else if (Major == IRP_MJ_CREATE || Major == IRP_MJ_CLEANUP || Major == IRP_MJ_CLOSE) {
        Status = STATUS_SUCCESS;               /* the bare disk device, the control device */
        Irp->IoStatus.Information = 0;
    } else if (Volume == NULL && Major == IRP_MJ_FILE_SYSTEM_CONTROL) {
        Status = FsbControlMount(Irp);
    }
    Irp->IoStatus.Status = Status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS
FsbInitializeDriver(PDRIVER_OBJECT Driver, const WCHAR *ControlName)
{
    UNICODE_STRING Name;
    PDEVICE_OBJECT Control;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = FsbDispatch;
    }
    IOP_DRIVER_FROM(Driver)->QueryOpen = FsbQueryOpen;
    Driver->FastIoDispatch = &FsbFastIoDispatch;
    RtlInitUnicodeString(&Name, ControlName);
    const NTSTATUS Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Control);
    if (NT_SUCCESS(Status)) {
        IoRegisterFileSystem(Control);
    }
    return Status;
}

/* ---- making a volume ---- */

static VOID
FsbAppendText(PUNICODE_STRING Name, const WCHAR *Text)
{
    while (*Text != 0 && Name->Length + sizeof(WCHAR) <= Name->MaximumLength) {
        Name->Buffer[Name->Length / sizeof(WCHAR)] = *Text++;
        Name->Length += sizeof(WCHAR);
    }
}

static VOID
FsbVolumeName(ULONG Number, PUNICODE_STRING Name)
{
    WCHAR Digits[12];
    ULONG At = RTL_NUMBER_OF(Digits) - 1;
    Digits[At] = 0;
    do {
        Digits[--At] = (WCHAR)(L'0' + Number % 10);
        Number /= 10;
    } while (Number != 0);
    FsbAppendText(Name, L"\\Device\\HarddiskVolume");
    FsbAppendText(Name, Digits + At);
}

static NTSTATUS
FsbDriveLink(FSB_VOLUME *Volume, BOOLEAN Create)
{
    WCHAR LinkBuffer[20], NameBuffer[48];
    UNICODE_STRING Link = {.Buffer = LinkBuffer, .MaximumLength = sizeof(LinkBuffer)};
    UNICODE_STRING Name = {.Buffer = NameBuffer, .MaximumLength = sizeof(NameBuffer)};
    const WCHAR Letter[] = {Volume->Options.DriveLetter, L':', 0};
    if (Letter[0] == 0) {
        return STATUS_SUCCESS;
    }
    FsbAppendText(&Link, L"\\DosDevices\\");
    FsbAppendText(&Link, Letter);
    FsbVolumeName(Volume->Number, &Name);
    return Create ? IoCreateSymbolicLink(&Link, &Name) : IoDeleteSymbolicLink(&Link);
}

static NTSTATUS
FsbCreateDevices(PDRIVER_OBJECT Driver, FSB_VOLUME *Volume)
{
    WCHAR Buffer[48];
    UNICODE_STRING Name = {.Buffer = Buffer, .MaximumLength = sizeof(Buffer)};
    FsbVolumeName(Volume->Number, &Name);
    NTSTATUS Status = IoCreateDevice(Driver, sizeof(FSB_DEVICE_EXTENSION), &Name, FILE_DEVICE_DISK, 0, FALSE, &Volume->RealDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateDevice(Driver, sizeof(FSB_DEVICE_EXTENSION), NULL, FsbProfileDeviceType(Volume), 0, FALSE, &Volume->VolumeDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ((FSB_DEVICE_EXTENSION *)Volume->RealDevice->DeviceExtension)->Volume = Volume;
    ((FSB_DEVICE_EXTENSION *)Volume->VolumeDevice->DeviceExtension)->Volume = Volume;
    IopSetFileSystemType(Volume->VolumeDevice, FsbProfileFileSystemType(Volume));
    Volume->RealDevice->SectorSize = 512;
    Volume->VolumeDevice->SectorSize = 512;
    Volume->VolumeDevice->StackSize = 1;
    return STATUS_SUCCESS;
}

static VOID
FsbSetLabel(FSB_VOLUME *Volume, const WCHAR *Label)
{
    USHORT Characters = 0;
    while (Label != NULL && Label[Characters] != 0 && Characters < RTL_NUMBER_OF(Volume->Label)) {
        Volume->Label[Characters] = Label[Characters];
        Characters++;
    }
    Volume->LabelBytes = Characters * sizeof(WCHAR);
    const PVPB Vpb = Volume->RealDevice->Vpb;
    if (Vpb != NULL) {
        Vpb->SerialNumber = Volume->Serial;
        Vpb->VolumeLabelLength = Volume->LabelBytes;
        memcpy(Vpb->VolumeLabel, Volume->Label, Volume->LabelBytes);
    }
}

static VOID
FsbVolumeFree(FSB_VOLUME *Volume)
{
    if (Volume->VolumeScb != NULL) {
        FsbScbDereference(Volume->VolumeScb);
    }
    if (Volume->VolumeDevice != NULL) {
        IoDeleteDevice(Volume->VolumeDevice);
    }
    if (Volume->RealDevice != NULL) {
        IoDeleteDevice(Volume->RealDevice);
    }
    for (ULONG i = 0; i < FSB_SHARDS; i++) {
        port_free(Volume->Shards[i].Buckets);
    }
    FsRtlNotifyUninitializeSync(&Volume->NotifySync);
    port_free(Volume);
}

/* On failure StoreVolume is still the caller's. */
NTSTATUS
FsbVolumeCreate(PDRIVER_OBJECT Driver, ULONG Number, const FSB_STORE *Store, PVOID StoreVolume, const FSB_OPTIONS *Options, FSB_VOLUME **Out)
{
    FSB_VOLUME *Volume = port_alloc_aligned(64, (sizeof(*Volume) + 63) & ~(SIZE_T)63);
    if (Volume == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Volume, 0, sizeof(*Volume));
    Volume->Store = Store;
    Volume->StoreVolume = StoreVolume;
    Volume->Number = Number;
    Volume->Serial = 0xFB000000u + Number;
    Volume->CreationTime = port_clock_nt();
    InitializeListHead(&Volume->Idle);
    if (Options != NULL) {
        Volume->Options = *Options;
        Volume->Options.Label = NULL;
    }
    Volume->VolumeScb = port_alloc(sizeof(FSB_SCB));
    NTSTATUS Status = FsbNotifyStart(Volume);
    if (NT_SUCCESS(Status)) {
        Status = Volume->VolumeScb == NULL ? STATUS_INSUFFICIENT_RESOURCES : FsbCreateDevices(Driver, Volume);
    }
    if (Volume->VolumeScb != NULL) {
        FsbScbInitialize(Volume->VolumeScb, Volume, NULL, FALSE);
    }
    if (NT_SUCCESS(Status)) {
        FsbSetLabel(Volume, Options != NULL ? Options->Label : NULL);
        Status = FsbDriveLink(Volume, TRUE);
    }
    if (NT_SUCCESS(Status)) {
        *Out = Volume;
        Status = IopVolumeMount(Volume->RealDevice, Volume->VolumeDevice);
        if (!NT_SUCCESS(Status)) {
            FsbDriveLink(Volume, FALSE);
        }
    }
    if (!NT_SUCCESS(Status)) {
        FsbVolumeFree(Volume);
    }
    return Status;
}

NTSTATUS
FsbVolumeDelete(FSB_VOLUME *Volume)
{
    LONG Mounted = 0;
    if (!atomic_compare_exchange_strong(&Volume->Dismounted, &Mounted, 1)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    /* A create that did not see the mark yet is on its way; so may be the rest of a close that Opens does not count any more: IopVolumeDismount waits. */
    IopVolumeClose(Volume->RealDevice);
    IopVolumeWait(Volume->RealDevice);
    if (atomic_load(&Volume->Opens) != 0) {
        atomic_store(&Volume->Dismounted, 0);
        IopVolumeOpen(Volume->RealDevice);
        return STATUS_DEVICE_BUSY;
    }
    FsbNotifyWait(Volume);
    FsbIdlePurge(Volume, NULL);
    FsbDriveLink(Volume, FALSE);
    IopVolumeDismount(Volume->RealDevice);
    Volume->Store->Destroy(Volume);
    FsbVolumeFree(Volume);
    return STATUS_SUCCESS;
}

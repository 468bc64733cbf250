/* SPDX-License-Identifier: MIT */
/* VPBs, mount and dismount, hooks, interest. */
#include "io/iopp.h"
#include "io/passage.h"

#include <stdatomic.h>
#include <string.h>

/* ---- hooks: at most four users, never removed while requests run ---- */

#define IOP_MAX_HOOKS 4
static IOP_HOOKS IopHooks[IOP_MAX_HOOKS];
static _Atomic(ULONG) IopHookCount;

NTSTATUS
IopRegisterHooks(const IOP_HOOKS *Hooks)
{
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;

    port_lock_acquire(&IopDatabaseLock);
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_relaxed), Same = 0;
    while (Same < Count && memcmp(&IopHooks[Same], Hooks, sizeof(*Hooks)) != 0) {
        Same++;
    }
    if (Same < Count) {
        Status = STATUS_SUCCESS;
    } else if (Count < IOP_MAX_HOOKS) {
        IopHooks[Count] = *Hooks;
        atomic_store_explicit(&IopHookCount, Count + 1, memory_order_release);
        IopInterestChanged();
        Status = STATUS_SUCCESS;
    }
    port_lock_release(&IopDatabaseLock);
    return Status;
}

VOID
IopUnregisterHooks(VOID)
{
    atomic_store_explicit(&IopHookCount, 0, memory_order_release);
    IopInterestChanged();
}

VOID
IopHooksFileObjectClosing(PFILE_OBJECT FileObject)
{
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);

    for (ULONG i = 0; i < Count; i++) {
        if (IopHooks[i].FileObjectClosing != NULL) {
            IopHooks[i].FileObjectClosing(FileObject);
        }
    }
}

VOID
IopReportChange(PDEVICE_OBJECT VolumeDevice, const IOP_CHANGE *Change)
{
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);

    for (ULONG i = 0; i < Count; i++) {
        if (IopHooks[i].FileChanged != NULL) {
            IopHooks[i].FileChanged(VolumeDevice, Change);
        }
    }
}

static VOID
IopHooksVolume(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice, BOOLEAN Mounted)
{
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);

    for (ULONG i = 0; i < Count; i++) {
        VOID (*Hook)(PDEVICE_OBJECT, PDEVICE_OBJECT) = Mounted ? IopHooks[i].VolumeMounted : IopHooks[i].VolumeDismounting;
        if (Hook != NULL) {
            Hook(RealDevice, VolumeDevice);
        }
    }
}

VOID
IopHooksEcpBegin(PECP_LIST Callers)
{
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);

    for (ULONG i = 0; i < Count; i++) {
        if (IopHooks[i].EcpCreateBegin != NULL) {
            IopHooks[i].EcpCreateBegin(Callers);
        }
    }
}

VOID
IopHooksEcpEnd(PECP_LIST Callers, PECP_LIST Last)
{
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);

    for (ULONG i = 0; i < Count; i++) {
        if (IopHooks[i].EcpCreateEnd != NULL) {
            IopHooks[i].EcpCreateEnd(Callers, Last);
        }
    }
}

BOOLEAN
IopHooksPended(PIRP Irp, IOP_PENDED *Pended)
{
    const ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);
    BOOLEAN Found = FALSE;

    for (ULONG i = 0; i < Count && !Found; i++) {
        Found = IopHooks[i].Pended != NULL && IopHooks[i].Pended(Irp, Pended);
    }
    return Found;
}

/* ---- VPB ---- */

NTSTATUS
IopVpbCreate(PDEVICE_OBJECT Device)
{
    PVPB Vpb = ExAllocatePoolWithTag(NonPagedPool, sizeof(VPB), 'bpV ');

    if (Vpb == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Vpb, 0, sizeof(*Vpb));
    Vpb->Type = IO_TYPE_VPB;
    Vpb->Size = sizeof(VPB);
    Vpb->RealDevice = Device;
    Device->Vpb = Vpb;
    return IopPassageCreate(Device);
}

VOID
IopVpbFree(PDEVICE_OBJECT Device)
{
    if (Device->Vpb != NULL && Device->Vpb->RealDevice == Device) {
        ExFreePool(Device->Vpb);
        Device->Vpb = NULL;
        port_free(IopDevice(Device)->Passage);
    }
}

static KSPIN_LOCK IopVpbLock;

/* Windows: ntifs.h, IoAcquireVpbSpinLock.  Differences: none. */
VOID
IoAcquireVpbSpinLock(PKIRQL Irql)
{
    KeAcquireSpinLock(&IopVpbLock, Irql);
}

/* Windows: ntifs.h, IoReleaseVpbSpinLock.  Differences: none. */
VOID
IoReleaseVpbSpinLock(KIRQL Irql)
{
    KeReleaseSpinLock(&IopVpbLock, Irql);
}

/* ---- mount ---- */

/*
 * Legacy filters learn of a volume from IRP_MN_MOUNT_VOLUME to the file system's control device, to which they are attached, and
 * attach to the volume device when it has come back.  The volume is mounted already: the file system only says yes.
 */
static VOID
IopMountAnnounce(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice)
{
    PDEVICE_OBJECT Control = IopFileSystemOf(VolumeDevice->DriverObject);
    IO_STATUS_BLOCK IoStatus;

    if (Control == NULL) {
        return;
    }
    if (IopStackTop(Control) != Control) {
        IOP_REQUEST Request = {.StartDevice = IopStackTop(Control), .RequestorMode = KernelMode};
        Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
        Request.Stack.MinorFunction = IRP_MN_MOUNT_VOLUME;
        Request.Stack.Parameters.MountVolume.Vpb = RealDevice->Vpb;
        Request.Stack.Parameters.MountVolume.DeviceObject = RealDevice;
        IopRequest(&Request, &IoStatus);
    }
    ObpDereference(Control);
}

VOID
IopSetFileSystemType(PDEVICE_OBJECT VolumeDevice, ULONG Type)
{
    IopDevice(VolumeDevice)->FileSystemType = Type + 1;
}

BOOLEAN
IopFileSystemType(PDEVICE_OBJECT VolumeDevice, PULONG Type)
{
    const ULONG Said = IopDevice(VolumeDevice)->FileSystemType;

    *Type = Said - 1;
    return Said != 0;
}

NTSTATUS
IopVolumeMount(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice)
{
    PVPB Vpb = RealDevice->Vpb;
    KIRQL Irql;

    if (Vpb == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    IoAcquireVpbSpinLock(&Irql);
    if ((Vpb->Flags & VPB_MOUNTED) != 0) {
        IoReleaseVpbSpinLock(Irql);
        return STATUS_DEVICE_BUSY;
    }
    VolumeDevice->Flags &= ~DO_DEVICE_INITIALIZING;
    IopDevice(VolumeDevice)->RealDevice = RealDevice;
    __atomic_store_n(&Vpb->DeviceObject, VolumeDevice, __ATOMIC_RELEASE);
    Vpb->Flags |= VPB_MOUNTED;
    /* Last: a create that finds the device ready finds the volume, not the bare disk (IopOpenEnter). */
    __atomic_and_fetch(&RealDevice->Flags, ~(ULONG)DO_DEVICE_INITIALIZING, __ATOMIC_RELEASE);
    IoReleaseVpbSpinLock(Irql);
    IopMountAnnounce(RealDevice, VolumeDevice);
    IopHooksVolume(RealDevice, VolumeDevice, TRUE);
    return STATUS_SUCCESS;
}

NTSTATUS
IopVolumeMountByAnybody(PDEVICE_OBJECT RealDevice)
{
    PDEVICE_OBJECT FileSystems[64];
    const ULONG Count = IopFileSystemsEnumerate(FileSystems, RTL_NUMBER_OF(FileSystems));
    NTSTATUS Status = STATUS_UNRECOGNIZED_VOLUME;
    IO_STATUS_BLOCK IoStatus;

    RealDevice->Flags &= ~DO_DEVICE_INITIALIZING;
    for (ULONG i = 0; i < Count; i++) {
        if (!NT_SUCCESS(Status) && FileSystems[i]->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM) {
            IOP_REQUEST Request = {.StartDevice = IopStackTop(FileSystems[i]), .RequestorMode = KernelMode};
            Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
            Request.Stack.MinorFunction = IRP_MN_MOUNT_VOLUME;
            Request.Stack.Parameters.MountVolume.Vpb = RealDevice->Vpb;
            Request.Stack.Parameters.MountVolume.DeviceObject = RealDevice;
            Status = IopRequest(&Request, &IoStatus);
        }
        ObpDereference(FileSystems[i]);
    }
    const PDEVICE_OBJECT VolumeDevice = RealDevice->Vpb->DeviceObject;
    if (NT_SUCCESS(Status) && VolumeDevice == NULL) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    if (NT_SUCCESS(Status)) {
        RealDevice->Vpb->Flags |= VPB_MOUNTED;
        RealDevice->Vpb->ReferenceCount++;
        VolumeDevice->Flags &= ~DO_DEVICE_INITIALIZING;
        IopDevice(VolumeDevice)->RealDevice = RealDevice;
        IopHooksVolume(RealDevice, VolumeDevice, TRUE);
    }
    return Status;
}

NTSTATUS
IopVolumeDismount(PDEVICE_OBJECT RealDevice)
{
    PVPB Vpb = RealDevice->Vpb;
    KIRQL Irql;

    if (Vpb == NULL || (Vpb->Flags & VPB_MOUNTED) == 0) {
        return STATUS_NO_SUCH_DEVICE;
    }
    PDEVICE_OBJECT VolumeDevice = Vpb->DeviceObject;
    IopVolumeClose(RealDevice);
    IopVolumeWait(RealDevice);
    IopHooksVolume(RealDevice, VolumeDevice, FALSE);
    if (VolumeDevice->AttachedDevice != NULL) {
        IopDeviceAskDetach(VolumeDevice);
    }
    IoAcquireVpbSpinLock(&Irql);
    Vpb->Flags &= ~VPB_MOUNTED;
    __atomic_store_n(&Vpb->DeviceObject, NULL, __ATOMIC_RELEASE);
    IopDevice(VolumeDevice)->RealDevice = NULL;
    IoReleaseVpbSpinLock(Irql);
    IopVolumeOpen(RealDevice);
    return STATUS_SUCCESS;
}

/* A real device stands for the volume that is mounted on it. */
static PDEVICE_OBJECT
IopVolumeOf(PDEVICE_OBJECT Device)
{
    PDEVICE_OBJECT Volume = Device->Vpb != NULL ? __atomic_load_n(&Device->Vpb->DeviceObject, __ATOMIC_ACQUIRE) : NULL;

    return Volume != NULL ? Volume : Device;
}

PDEVICE_OBJECT
IopVolumeTop(PDEVICE_OBJECT RealOrVolumeDevice)
{
    return IopStackTop(IopVolumeOf(RealOrVolumeDevice));
}

/*
 * Asked for with every request and changed by every attach and detach, so each volume device keeps the last answer together with the
 * epoch it belongs to.  InterestEpoch is written before (0) and after the words: who reads the same valid epoch twice has read them whole.
 */
static _Atomic(ULONGLONG) IopInterestEpoch = 1;

VOID
IopInterestChanged(VOID)
{
    atomic_fetch_add_explicit(&IopInterestEpoch, 1, memory_order_acq_rel);
}

static BOOLEAN
IopInterestKnown(IOP_DEVICE *Extension, ULONGLONG Epoch, IOP_INTEREST *Interest)
{
    if (atomic_load_explicit(&Extension->InterestEpoch, memory_order_acquire) != Epoch) {
        return FALSE;
    }
    Interest->Majors = atomic_load_explicit(&Extension->InterestMajors, memory_order_acquire);
    Interest->CachedMajors = atomic_load_explicit(&Extension->InterestCached, memory_order_acquire);
    Interest->PagingMajors = atomic_load_explicit(&Extension->InterestPaging, memory_order_acquire);
    Interest->Generation = (ULONG)atomic_load_explicit(&Extension->InterestGeneration, memory_order_acquire);
    return atomic_load_explicit(&Extension->InterestEpoch, memory_order_relaxed) == Epoch;
}

static VOID
IopInterestKeep(IOP_DEVICE *Extension, ULONGLONG Epoch, const IOP_INTEREST *Interest)
{
    port_lock_acquire(&IopDatabaseLock);
    if (atomic_load_explicit(&IopInterestEpoch, memory_order_acquire) == Epoch) {
        atomic_exchange_explicit(&Extension->InterestEpoch, 0, memory_order_acq_rel);
        atomic_store_explicit(&Extension->InterestMajors, Interest->Majors, memory_order_release);
        atomic_store_explicit(&Extension->InterestCached, Interest->CachedMajors, memory_order_release);
        atomic_store_explicit(&Extension->InterestPaging, Interest->PagingMajors, memory_order_release);
        atomic_store_explicit(&Extension->InterestGeneration, Interest->Generation, memory_order_release);
        atomic_store_explicit(&Extension->InterestEpoch, Epoch, memory_order_release);
    }
    port_lock_release(&IopDatabaseLock);
}

VOID
IopQueryInterest(PDEVICE_OBJECT VolumeDevice, IOP_INTEREST *Interest)
{
    PDEVICE_OBJECT Volume = IopVolumeOf(VolumeDevice);
    IOP_DEVICE *Extension = IopDevice(Volume);
    const ULONGLONG Epoch = atomic_load_explicit(&IopInterestEpoch, memory_order_acquire);

    if (IopInterestKnown(Extension, Epoch, Interest)) {
        return;
    }
    ULONG Count = atomic_load_explicit(&IopHookCount, memory_order_acquire);
    memset(Interest, 0, sizeof(*Interest));
    Interest->Generation = atomic_load_explicit(&Extension->Generation, memory_order_acquire);
    for (ULONG i = 0; i < Count; i++) {
        if (IopHooks[i].Interest != NULL) {
            IopHooks[i].Interest(Volume, Interest);
        }
    }
    if (atomic_load_explicit(&Extension->Foreign, memory_order_relaxed) != 0) {
        Interest->Majors = Interest->CachedMajors = Interest->PagingMajors = ~0ull;
    }
    IopInterestKeep(Extension, Epoch, Interest);
}

/* SPDX-License-Identifier: MIT */
/*
 * Volumes: one device of ours above each volume device and for each frame (frame.c), made when a file system mounts.
 *
 * Automatic attachments to a new volume come with its first operation (G-01): until then SetupOwed is 2 and Interest all ones, so
 * that the first operation leaves the fast path and pays them.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/frame.h"

#define FLTP_DISMOUNT_PATIENCE 2000000000ull   /* nanoseconds */

#define FLTP_ANY_FRAME (~0u)

typedef struct FLTP_DEVICE_EXTENSION { PFLT_VOLUME Volume; } FLTP_DEVICE_EXTENSION;

/* ---- find ---- */

static BOOLEAN
FltpVolumeIsOf(PFLT_VOLUME Volume, PDEVICE_OBJECT Device)
{
    if (Device == Volume->RealDevice || Device == Volume->VolumeDevice || Device == Volume->FilterDevice) {
        return TRUE;
    }
    for (PDEVICE_OBJECT Above = Volume->VolumeDevice; Above != NULL; Above = Above->AttachedDevice) {
        if (Above == Device) {
            return TRUE;
        }
    }
    return FALSE;
}

/* That of the lowest frame is listed first. */
static PFLT_VOLUME
FltpVolumeFind(PDEVICE_OBJECT Device, ULONG Frame, BOOLEAN Reference)
{
    PFLT_VOLUME Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Volumes.Flink; Entry != &FltpGlobals.Volumes && Found == NULL; Entry = Entry->Flink) {
        PFLT_VOLUME Volume = CONTAINING_RECORD(Entry, FLT_VOLUME, Links);
        if ((Frame == FLTP_ANY_FRAME || Volume->Frame == Frame) && FltpVolumeIsOf(Volume, Device) &&
            FltpCountTryAcquire(Reference ? &Volume->Object.References : &Volume->Outstanding)) {
            Found = Volume;
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

/* Outstanding: a dismount waits for a look of our own; it is none of the references that a filter may have forgotten. */
PFLT_VOLUME
FltpVolumeLook(PDEVICE_OBJECT Device)
{
    return FltpVolumeFind(Device, FLTP_ANY_FRAME, FALSE);
}

PFLT_VOLUME
FltpVolumeLookIn(PDEVICE_OBJECT Device, ULONG Frame)
{
    return FltpVolumeFind(Device, Frame, FALSE);
}

PFLT_VOLUME
FltpVolumeOfDevice(PDEVICE_OBJECT Device, PFLT_FILTER Filter)
{
    return FltpVolumeFind(Device, Filter != NULL ? Filter->Frame : FLTP_ANY_FRAME, TRUE);
}

/* Outstanding, not References: a dismount waits for whoever looks at the volume, so that it stays in the list until he has gone on. */
PFLT_VOLUME
FltpVolumeNext(PFLT_VOLUME Previous)
{
    PFLT_VOLUME Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    PLIST_ENTRY Entry = Previous == NULL ? FltpGlobals.Volumes.Flink : Previous->Links.Flink;
    for (; Entry != &FltpGlobals.Volumes && Found == NULL; Entry = Entry->Flink) {
        PFLT_VOLUME Volume = CONTAINING_RECORD(Entry, FLT_VOLUME, Links);
        if (FltpCountTryAcquire(&Volume->Outstanding)) {
            Found = Volume;
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    if (Previous != NULL) {
        FltpCountRelease(&Previous->Outstanding);
    }
    return Found;
}

static NTSTATUS
FltpVolumeReturn(PFLT_VOLUME Volume, PFLT_VOLUME *RetVolume, const char *Routine)
{
    *RetVolume = Volume;
    if (Volume == NULL) {
        return STATUS_FLT_VOLUME_NOT_FOUND;
    }
    if (vf_on()) {
        vf_object_reference(Volume->Object.Ledger, VF_REASON_REFERENCE, Routine);
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltGetVolumeFromDeviceObject.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeFromDeviceObject(PFLT_FILTER Filter, PDEVICE_OBJECT DeviceObject, PFLT_VOLUME *RetVolume)
{
    return FltpVolumeReturn(FltpVolumeOfDevice(DeviceObject, Filter), RetVolume, __func__);
}

/* Windows: fltKernel.h, FltGetVolumeFromFileObject.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeFromFileObject(PFLT_FILTER Filter, PFILE_OBJECT FileObject, PFLT_VOLUME *RetVolume)
{
    PFLT_VOLUME Volume = FileObject->DeviceObject != NULL ? FltpVolumeOfDevice(FileObject->DeviceObject, Filter) : NULL;
    return FltpVolumeReturn(Volume, RetVolume, __func__);
}

/* Windows: fltKernel.h, FltGetDeviceObject.  Differences: none. */
NTSTATUS FLTAPI
FltGetDeviceObject(PFLT_VOLUME Volume, PDEVICE_OBJECT *DeviceObject)
{
    *DeviceObject = Volume->FilterDevice;
    ObReferenceObject(Volume->FilterDevice);
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltGetDiskDeviceObject.  Differences: the file system's named device stands for the disk. */
NTSTATUS FLTAPI
FltGetDiskDeviceObject(PFLT_VOLUME Volume, PDEVICE_OBJECT *DiskDeviceObject)
{
    *DiskDeviceObject = Volume->RealDevice;
    ObReferenceObject(Volume->RealDevice);
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltIsFltMgrVolumeDeviceObject.  Differences: none. */
BOOLEAN FLTAPI
FltIsFltMgrVolumeDeviceObject(PDEVICE_OBJECT DeviceObject)
{
    return DeviceObject->DriverObject == FltpGlobals.Driver && DeviceObject->DeviceExtension != NULL &&
           ((FLTP_DEVICE_EXTENSION *)DeviceObject->DeviceExtension)->Volume != NULL;
}

/* Windows: fltKernel.h, FltGetFileSystemType.  Differences: our own file systems are what the volume's profile says. */
NTSTATUS FLTAPI
FltGetFileSystemType(PVOID FltObject, PFLT_FILESYSTEM_TYPE FileSystemType)
{
    switch (atomic_load(&((FLTP_OBJECT *)FltObject)->Type)) {
    case FltpTypeVolume:
        *FileSystemType = ((PFLT_VOLUME)FltObject)->FileSystemType;
        return STATUS_SUCCESS;
    case FltpTypeInstance:
        *FileSystemType = ((PFLT_INSTANCE)FltObject)->Volume->FileSystemType;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* ---- mount ---- */

/* As the file system says (profiles of volumes), else by the driver's name, as Windows does.  Ours are NTFS to filters: named streams, hard links, file IDs, reparse points. */
static FLT_FILESYSTEM_TYPE
FltpFileSystemType(PDEVICE_OBJECT VolumeDevice)
{
    const PDRIVER_OBJECT Driver = VolumeDevice->DriverObject;
    ULONG Said;

    static const struct { const WCHAR *Name; FLT_FILESYSTEM_TYPE Type; } Known[] = {
        { L"\\FileSystem\\Ntfs", FLT_FSTYPE_NTFS }, { L"\\FileSystem\\memfs", FLT_FSTYPE_NTFS },
        { L"\\FileSystem\\hostfs", FLT_FSTYPE_NTFS }, { L"\\FileSystem\\FastFat", FLT_FSTYPE_FAT },
        { L"\\FileSystem\\exfat", FLT_FSTYPE_EXFAT }, { L"\\FileSystem\\cdfs", FLT_FSTYPE_CDFS },
        { L"\\FileSystem\\udfs", FLT_FSTYPE_UDFS }, { L"\\FileSystem\\ReFS", FLT_FSTYPE_REFS },
        { L"\\FileSystem\\npfs", FLT_FSTYPE_NPFS }, { L"\\FileSystem\\msfs", FLT_FSTYPE_MSFS },
        { L"\\FileSystem\\mrxsmb", FLT_FSTYPE_LANMAN }, { L"\\FileSystem\\Mup", FLT_FSTYPE_MUP },
    };

    if (IopFileSystemType(VolumeDevice, &Said)) {
        return (FLT_FILESYSTEM_TYPE)Said;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Known); i++) {
        UNICODE_STRING Name;
        RtlInitUnicodeString(&Name, Known[i].Name);
        if (RtlEqualUnicodeString(&Name, &Driver->DriverName, TRUE)) {
            return Known[i].Type;
        }
    }
    return FLT_FSTYPE_UNKNOWN;
}

static NTSTATUS
FltpVolumeName(PDEVICE_OBJECT RealDevice, PUNICODE_STRING Name)
{
    struct { OBJECT_NAME_INFORMATION Information; WCHAR Room[VOLUME_NAME_MAX_CHARS]; } *Query = port_alloc(sizeof(*Query));
    ULONG Length;

    if (Query == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = ObQueryNameString(RealDevice, &Query->Information, sizeof(*Query), &Length);
    if (NT_SUCCESS(Status)) {
        Status = FltpStringCopy(Name, &Query->Information.Name);
    }
    port_free(Query);
    return Status;
}

static NTSTATUS
FltpVolumeAttachDevice(PFLT_VOLUME Volume)
{
    NTSTATUS Status = IoCreateDevice(FltpGlobals.Driver, sizeof(FLTP_DEVICE_EXTENSION), NULL, Volume->VolumeDevice->DeviceType,
        Volume->VolumeDevice->Characteristics, FALSE, &Volume->FilterDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PDEVICE_OBJECT Device = Volume->FilterDevice;
    ((FLTP_DEVICE_EXTENSION *)Device->DeviceExtension)->Volume = Volume;
    Device->Flags |= Volume->VolumeDevice->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_SUPPORTS_TRANSACTIONS);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    IopDeviceWatch(Device, &Volume->Interest);
    Status = IoAttachDeviceToDeviceStackSafe(Device, Volume->VolumeDevice, &Volume->LowerDevice);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(Device);
        return Status;
    }
    return STATUS_SUCCESS;
}

static PFLT_VOLUME
FltpVolumeAllocate(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice, ULONG Frame)
{
    PFLT_VOLUME Volume = port_alloc_zeroed(sizeof(*Volume));

    if (Volume == NULL || !NT_SUCCESS(FltpVolumeName(RealDevice, &Volume->Name))) {
        port_free(Volume);
        return NULL;
    }
    atomic_store(&Volume->Object.Type, FltpTypeVolume);
    Volume->RealDevice = RealDevice;
    Volume->VolumeDevice = VolumeDevice;
    Volume->Frame = Frame;
    Volume->Base = Frame != 0 ? FltpVolumeLook(VolumeDevice) : NULL;
    if (Volume->Base != NULL) {
        FltpCountRelease(&Volume->Base->Outstanding);   /* dismounts take the higher frames first */
    } else {
        Volume->Base = Volume;
    }
    Volume->DeviceType = VolumeDevice->DeviceType;
    Volume->FileSystemType = FltpFileSystemType(VolumeDevice);
    atomic_store(&Volume->SetupOwed, 1);       /* until it is listed: a first operation that comes already waits for that */
    InitializeListHead(&Volume->Instances);
    InitializeListHead(&Volume->Retired);
    InitializeListHead(&Volume->InFlight);
    FltpTargetInitialize(&Volume->Contexts, FltpTargetVolume, NULL);
    return Volume;
}

static VOID
FltpVolumeFree(PFLT_VOLUME Volume)
{
    FLTP_SNAPSHOT *Last = atomic_exchange(&Volume->Snapshot, NULL);

    FltpVolumeNamesFree(Volume);
    if (Last != NULL) {
        FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
        InsertTailList(&Volume->Retired, &Last->Links);
        FltpLockRelease(&Volume->Lock);
        FltpVolumeQuiesce(Volume);
        FltpSnapshotReclaim(Volume);
    }
    FltpStringFree(&Volume->Name);
    FltpObjectFree(&Volume->Object, "volume", NULL);
}

VOID
FltpVolumeAddHeld(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice, ULONG Frame)
{
    PFLT_VOLUME Volume = FltpVolumeLookIn(VolumeDevice, Frame);

    if (Volume != NULL) {
        FltpCountRelease(&Volume->Outstanding);
        return;
    }
    Volume = FltpVolumeAllocate(RealDevice, VolumeDevice, Frame);
    if (Volume == NULL) {
        port_log(PORT_LOG_ERROR, "fltmgr", "no memory for a volume: it is not filtered");
        return;
    }
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    NTSTATUS Status = FltpSnapshotPublishLocked(Volume);
    FltpLockRelease(&Volume->Lock);
    Volume->Object.Ledger = vf_object_create(NULL, VF_FLT_REFERENCE, Volume, sizeof(*Volume), 0, VF_REASON_INTERNAL, __func__);
    if (NT_SUCCESS(Status)) {
        Status = FltpVolumeAttachDevice(Volume);
    }
    if (!NT_SUCCESS(Status)) {
        vf_object_destroy(Volume->Object.Ledger, NULL, VF_FLT_REFERENCE);
        port_log(PORT_LOG_ERROR, "fltmgr", "cannot attach to a volume (status 0x%08x): it is not filtered", (unsigned)Status);
        FltpVolumeFree(Volume);
        return;
    }
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    atomic_store(&Volume->MountSequence, atomic_fetch_add(&FltpGlobals.Sequence, 1) + 1);
    InsertTailList(&FltpGlobals.Volumes, &Volume->Links);
    FltpLockRelease(&FltpGlobals.Lock);
    atomic_store(&Volume->SetupOwed, 2);
    port_wake((_Atomic(uint32_t) *)&Volume->SetupOwed, UINT32_MAX);
}

/* In the frames whose devices above the file system's control device the mount did not pass. */
VOID
FltpVolumeMounted(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice)
{
    FltpFramesHold();
    for (ULONG Frame = 0; Frame < atomic_load(&FltpGlobals.FrameCount); Frame++) {
        FltpVolumeAddHeld(RealDevice, VolumeDevice, Frame);
    }
    FltpFramesRelease();
}

/* One that comes meanwhile waits to be added. */
VOID
FltpVolumesAddFrame(ULONG Frame)
{
    for (PFLT_VOLUME Volume = FltpVolumeNext(NULL); Volume != NULL; Volume = FltpVolumeNext(Volume)) {
        if (Volume->Base == Volume && !atomic_load(&Volume->Dismounting)) {
            FltpVolumeAddHeld(Volume->RealDevice, Volume->VolumeDevice, Frame);
        }
    }
}

/* ---- automatic attachments that are owed ---- */

static PFLT_FILTER
FltpFilterStartedBefore(ULONG Frame, ULONGLONG Sequence, ULONG AfterId)
{
    PFLT_FILTER Found = NULL;

    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    for (PLIST_ENTRY Entry = FltpGlobals.Filters.Flink; Entry != &FltpGlobals.Filters; Entry = Entry->Flink) {
        PFLT_FILTER Filter = CONTAINING_RECORD(Entry, FLT_FILTER, Links);
        if (Filter->Id > AfterId && Filter->Frame == Frame && atomic_load(&Filter->Started) && Filter->StartSequence < Sequence &&
            FltpCountTryAcquire(&Filter->Outstanding)) {
            Found = Filter;
            break;
        }
    }
    FltpLockRelease(&FltpGlobals.Lock);
    return Found;
}

/*
 * Pays the attachments; called with the first operation on a volume.  Another thread that comes meanwhile waits if Wait is set
 * (requests of user mode), else it passes unfiltered by the new instances: set-up callbacks do I/O themselves.
 */
VOID
FltpVolumeSetup(PFLT_VOLUME Volume, BOOLEAN Wait)
{
    LONG Expected = 2;
    const FLT_INSTANCE_SETUP_FLAGS Flags = FLTFL_INSTANCE_SETUP_AUTOMATIC_ATTACHMENT | FLTFL_INSTANCE_SETUP_NEWLY_MOUNTED_VOLUME;

    while (!atomic_compare_exchange_strong(&Volume->SetupOwed, &Expected, 1)) {
        if (!Wait || Expected == 0) {
            return;
        }
        port_wait((_Atomic(uint32_t) *)&Volume->SetupOwed, 1, PORT_FOREVER);
        Expected = 2;
    }
    const ULONGLONG Sequence = atomic_load(&Volume->MountSequence);
    for (PFLT_FILTER Filter = FltpFilterStartedBefore(Volume->Frame, Sequence, 0); Filter != NULL;) {
        const ULONG Id = Filter->Id;
        FltpInstanceAttachAutomatic(Filter, Volume, Flags);
        FltpCountRelease(&Filter->Outstanding);
        Filter = FltpFilterStartedBefore(Volume->Frame, Sequence, Id);
    }
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    atomic_store(&Volume->SetupOwed, 0);
    if (!NT_SUCCESS(FltpSnapshotPublishLocked(Volume))) {
        atomic_store(&Volume->Interest, ~0ull);
    }
    FltpLockRelease(&Volume->Lock);
    port_wake((_Atomic(uint32_t) *)&Volume->SetupOwed, UINT32_MAX);
    FltpSnapshotReclaim(Volume);
}

/* ---- interest ---- */

static VOID
FltpInterestOfData(const FLTP_SNAPSHOT *Snapshot, IOP_INTEREST *Interest)
{
    static const UCHAR Majors[] = { IRP_MJ_READ, IRP_MJ_WRITE };

    for (ULONG m = 0; m < RTL_NUMBER_OF(Majors); m++) {
        const ULONG Index = FltpMajorIndex(Majors[m]);
        for (ULONG i = 0; i < Snapshot->Operations[Index].Count; i++) {
            const ULONG Flags = Snapshot->Callbacks[Snapshot->Operations[Index].First + i].Flags;
            if (Flags & FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO) {
                continue;
            }
            if (!(Flags & FLTFL_OPERATION_REGISTRATION_SKIP_CACHED_IO)) {
                Interest->CachedMajors |= IOP_INTEREST_BIT(Majors[m]);
            }
            if (!(Flags & FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO)) {
                Interest->PagingMajors |= IOP_INTEREST_BIT(Majors[m]);
            }
        }
    }
}

static VOID
FltpVolumeInterestIn(PDEVICE_OBJECT VolumeDevice, ULONG Frame, IOP_INTEREST *Interest)
{
    PFLT_VOLUME Volume = FltpVolumeLookIn(VolumeDevice, Frame);

    if (Volume == NULL) {
        return;
    }
    if (atomic_load(&Volume->SetupOwed) == 2) {
        FltpVolumeSetup(Volume, FALSE);
    }
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    const FLTP_SNAPSHOT *Snapshot = atomic_load(&Volume->Snapshot);
    for (ULONG Index = 0; Index < FLTP_MAJORS; Index++) {
        if (Snapshot->Operations[Index].Count != 0) {
            Interest->Majors |= IOP_INTEREST_BIT(FltpMajorOfIndex(Index));
        }
    }
    FltpInterestOfData(Snapshot, Interest);
    Interest->Generation += Volume->Generation;
    FltpLockRelease(&Volume->Lock);
    FltpCountRelease(&Volume->Outstanding);
}

VOID
FltpVolumeInterest(PDEVICE_OBJECT VolumeDevice, IOP_INTEREST *Interest)
{
    for (ULONG Frame = 0; Frame < atomic_load(&FltpGlobals.FrameCount); Frame++) {
        FltpVolumeInterestIn(VolumeDevice, Frame, Interest);
    }
}

/* ---- dismount ---- */

static PFLT_INSTANCE
FltpVolumeFirstInstance(PFLT_VOLUME Volume)
{
    PFLT_INSTANCE Found = NULL;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances && Found == NULL; Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, VolumeLinks);
        if (atomic_load(&Instance->State) == FltpStateAttached) {
            atomic_fetch_add(&Instance->Memory, 1);
            Found = Instance;
        }
    }
    FltpLockRelease(&Volume->Lock);
    return Found;
}

/* A reference that another thread is just giving back is not forgotten: there is time for that.  Returns what is left. */
static ULONG
FltpVolumeWait(PFLT_VOLUME Volume)
{
    const uint64_t Deadline = port_clock_monotonic() + FLTP_DISMOUNT_PATIENCE;
    uint32_t Word;

    while (((Word = atomic_load(&Volume->Object.References.Word)) & ~FLTP_COUNT_CLOSED) != 0 && port_clock_monotonic() < Deadline) {
        port_wait(&Volume->Object.References.Word, Word, Deadline);
    }
    return Word & ~FLTP_COUNT_CLOSED;
}

/* Its instances go, then its device.  FALSE: somebody has references on it, so its memory stays. */
static BOOLEAN
FltpVolumeTakeAway(PFLT_VOLUME Volume)
{
    atomic_store(&Volume->Dismounting, 1);
    for (PFLT_INSTANCE Instance; (Instance = FltpVolumeFirstInstance(Volume)) != NULL;) {
        FltpInstanceTeardown(Instance, FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
        FltpInstanceMemoryRelease(Instance);
    }
    FltpCountClose(&Volume->Outstanding);
    FltpCountWait(&Volume->Outstanding, NULL);
    FltpTargetTeardown(&Volume->Contexts);
    FltpCountClose(&Volume->Object.References);
    const ULONG Left = FltpVolumeWait(Volume);
    FltpLockAcquire(&FltpGlobals.Lock, FLTP_RANK_GLOBALS);
    RemoveEntryList(&Volume->Links);
    InitializeListHead(&Volume->Links);
    FltpLockRelease(&FltpGlobals.Lock);
    FltpVolumeQuiesce(Volume);
    IoDetachDevice(Volume->LowerDevice);
    IoDeleteDevice(Volume->FilterDevice);
    if (Left != 0) {
        vf_report("K-01", "G-18", NULL, NULL, Volume, "%u references on a volume are left at its dismount", Left);
        return FALSE;
    }
    vf_object_destroy(Volume->Object.Ledger, NULL, VF_FLT_REFERENCE);
    return TRUE;
}

VOID
FltpVolumeDismounting(PDEVICE_OBJECT RealDevice, PDEVICE_OBJECT VolumeDevice)
{
    UNREFERENCED_PARAMETER(RealDevice);
    for (ULONG Frame = atomic_load(&FltpGlobals.FrameCount); Frame-- > 0;) {
        PFLT_VOLUME Volume = FltpVolumeLookIn(VolumeDevice, Frame);
        if (Volume == NULL) {
            continue;
        }
        FltpCountRelease(&Volume->Outstanding);
        if (FltpVolumeTakeAway(Volume)) {
            FltpVolumeFree(Volume);
        }
    }
}

/* ---- a frame goes ---- */

static LIST_ENTRY FltpVolumesTaken;            /* frames are held */

static PFLT_VOLUME
FltpVolumeFirstIn(ULONG Frame)
{
    PFLT_VOLUME Volume = FltpVolumeNext(NULL);

    while (Volume != NULL && Volume->Frame != Frame) {
        Volume = FltpVolumeNext(Volume);
    }
    return Volume;
}

/* The mounts stay, and a request may be on its way to a device: it passes, and finds the volume until the machine ends. */
VOID
FltpVolumesTakeFrame(ULONG Frame)
{
    for (PFLT_VOLUME Volume; (Volume = FltpVolumeFirstIn(Frame)) != NULL;) {
        FltpCountRelease(&Volume->Outstanding);
        atomic_store(&Volume->SetupOwed, 0);
        atomic_store(&Volume->Interest, 0);
        if (FltpVolumeTakeAway(Volume)) {
            if (FltpVolumesTaken.Flink == NULL) {
                InitializeListHead(&FltpVolumesTaken);
            }
            InsertTailList(&FltpVolumesTaken, &Volume->Links);
        }
    }
}

VOID
FltpVolumesForget(VOID)
{
    while (FltpVolumesTaken.Flink != NULL && !IsListEmpty(&FltpVolumesTaken)) {
        FltpVolumeFree(CONTAINING_RECORD(RemoveHeadList(&FltpVolumesTaken), FLT_VOLUME, Links));
    }
}

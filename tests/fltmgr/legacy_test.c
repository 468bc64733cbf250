/* SPDX-License-Identifier: MIT */
/* Legacy filters around the filter manager: who lies where, what passes them, fast I/O, letting go. */
#include "testnt.h"

#include "fs/memfs/mfs.h"
#include "fltmgr/fltmgr.h"
#include "io/iopp.h"

/* ---- a legacy filter, twice: one below the filter manager, one above ---- */

typedef struct LEGACY {
    const char *Name;
    vf_owner *Owner;
    PDRIVER_OBJECT Driver;
    PDEVICE_OBJECT Device;                     /* on the volume; NULL: none */
    ULONG Mounts, Detached, Irps[IRP_MJ_MAXIMUM_FUNCTION + 1], FastBasic, FastStandard, FastNetwork, FastLocks, FastOpens;
    BOOLEAN RefuseFast, KeepAttached, AnswerOpens;
} LEGACY;
static LEGACY Below = { .Name = "below" }, Above = { .Name = "above" };

typedef struct LEGACY_DEVICE { PDEVICE_OBJECT Lower; BOOLEAN Volume; } LEGACY_DEVICE;

static LEGACY *
LegacyOf(PDEVICE_OBJECT Device)
{
    return Device->DriverObject == Below.Driver ? &Below : &Above;
}

static PDEVICE_OBJECT
LowerOf(PDEVICE_OBJECT Device)
{
    return ((LEGACY_DEVICE *)Device->DeviceExtension)->Lower;
}

static PDEVICE_OBJECT
Attach(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Target, BOOLEAN Volume)
{
    PDEVICE_OBJECT Device;

    assert_status(IoCreateDevice(Driver, sizeof(LEGACY_DEVICE), NULL, Target->DeviceType, 0, FALSE, &Device), STATUS_SUCCESS);
    LEGACY_DEVICE *Extension = Device->DeviceExtension;
    Extension->Volume = Volume;
    assert_status(IoAttachDeviceToDeviceStackSafe(Device, Target, &Extension->Lower), STATUS_SUCCESS);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    return Device;
}

static NTSTATUS
Mount(LEGACY *Legacy, PDEVICE_OBJECT Device, PIRP Irp)
{
    const PDEVICE_OBJECT Disk = IoGetCurrentIrpStackLocation(Irp)->Parameters.MountVolume.Vpb->RealDevice;

    assert_true(IoForwardIrpSynchronously(LowerOf(Device), Irp));
    const NTSTATUS Status = Irp->IoStatus.Status;
    if (NT_SUCCESS(Status)) {
        Legacy->Mounts++;
        Legacy->Device = Attach(Legacy->Driver, Disk->Vpb->DeviceObject, TRUE);
    }
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    LEGACY *Legacy = LegacyOf(Device);

    if (!((LEGACY_DEVICE *)Device->DeviceExtension)->Volume && Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
        Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
        return Mount(Legacy, Device, Irp);
    }
    Legacy->Irps[Stack->MajorFunction]++;
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(LowerOf(Device), Irp);
}

static PFAST_IO_DISPATCH
LowerTable(PDEVICE_OBJECT Device)
{
    return LegacyOf(Device)->RefuseFast ? NULL : LowerOf(Device)->DriverObject->FastIoDispatch;
}

static BOOLEAN
FastBasic(PFILE_OBJECT File, BOOLEAN Wait, PFILE_BASIC_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    LegacyOf(Device)->FastBasic++;
    return LowerTable(Device) != NULL && LowerTable(Device)->FastIoQueryBasicInfo(File, Wait, Buffer, IoStatus, LowerOf(Device));
}

static BOOLEAN
FastStandard(PFILE_OBJECT File, BOOLEAN Wait, PFILE_STANDARD_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    LegacyOf(Device)->FastStandard++;
    return LowerTable(Device) != NULL && LowerTable(Device)->FastIoQueryStandardInfo(File, Wait, Buffer, IoStatus, LowerOf(Device));
}

static BOOLEAN
FastNetwork(PFILE_OBJECT File, BOOLEAN Wait, PFILE_NETWORK_OPEN_INFORMATION Buffer, PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    LegacyOf(Device)->FastNetwork++;
    return LowerTable(Device) != NULL && LowerTable(Device)->FastIoQueryNetworkOpenInfo(File, Wait, Buffer, IoStatus, LowerOf(Device));
}

static BOOLEAN
FastLock(PFILE_OBJECT File, PLARGE_INTEGER Offset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, BOOLEAN Fail, BOOLEAN Exclusive,
    PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT Device)
{
    LegacyOf(Device)->FastLocks++;
    return LowerTable(Device) != NULL &&
           LowerTable(Device)->FastIoLock(File, Offset, Length, Process, Key, Fail, Exclusive, IoStatus, LowerOf(Device));
}

static BOOLEAN
FastUnlock(PFILE_OBJECT File, PLARGE_INTEGER Offset, PLARGE_INTEGER Length, PEPROCESS Process, ULONG Key, PIO_STATUS_BLOCK IoStatus,
    PDEVICE_OBJECT Device)
{
    LegacyOf(Device)->FastLocks++;
    return LowerTable(Device) != NULL &&
           LowerTable(Device)->FastIoUnlockSingle(File, Offset, Length, Process, Key, IoStatus, LowerOf(Device));
}

static BOOLEAN
FastOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Network, PDEVICE_OBJECT Device)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    LEGACY *Legacy = LegacyOf(Device);

    Legacy->FastOpens++;
    assert_int_equal(Stack->MajorFunction, IRP_MJ_CREATE);
    assert_ptr_equal(Stack->DeviceObject, Device);
    assert_true(Stack->FileObject->FileName.Length != 0);
    assert_non_null(Stack->Parameters.Create.SecurityContext);
    if (Legacy->RefuseFast) {
        return FALSE;
    }
    Stack->DeviceObject = LowerOf(Device);
    if (Legacy->AnswerOpens) {                 /* by itself; the file is not even there */
        Network->EndOfFile.QuadPart = 4711;
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = sizeof(*Network);
        return TRUE;
    }
    const BOOLEAN Done = LowerOf(Device)->DriverObject->FastIoDispatch->FastIoQueryOpen(Irp, Network, LowerOf(Device));
    if (Done && NT_SUCCESS(Irp->IoStatus.Status) && Network->EndOfFile.QuadPart == 4) {
        Network->EndOfFile.QuadPart += Legacy == &Above ? 100 : 1000;
    }
    return Done;
}

static VOID
FastDetach(PDEVICE_OBJECT Source, PDEVICE_OBJECT Target)
{
    LEGACY *Legacy = LegacyOf(Source);

    assert_ptr_equal(LowerOf(Source), Target);
    assert_ptr_equal(Legacy->Device, Source);
    Legacy->Detached++;
    if (!Legacy->KeepAttached) {
        IoDetachDevice(Target);
        IoDeleteDevice(Source);
        Legacy->Device = NULL;
    }
}

static FAST_IO_DISPATCH FastTable = { .SizeOfFastIoDispatch = sizeof(FAST_IO_DISPATCH), .FastIoQueryBasicInfo = FastBasic,
    .FastIoQueryStandardInfo = FastStandard, .FastIoQueryNetworkOpenInfo = FastNetwork, .FastIoLock = FastLock,
    .FastIoUnlockSingle = FastUnlock, .FastIoDetachDevice = FastDetach, .FastIoQueryOpen = FastOpen };

static VOID
FileSystemBelow(PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    assert_true(Active);
    Attach(Below.Driver, FileSystem, FALSE);
}

static VOID
FileSystemAbove(PDEVICE_OBJECT FileSystem, BOOLEAN Active)
{
    assert_true(Active);
    Attach(Above.Driver, FileSystem, FALSE);
}

static char Order[64];
static LEGACY *Refuses;

static NTSTATUS
PreSection(PFS_FILTER_CALLBACK_DATA Data, PVOID *Context)
{
    LEGACY *Legacy = LegacyOf(Data->DeviceObject);

    assert_ptr_equal(Data->DeviceObject, Legacy->Device);
    assert_int_equal(Data->Operation, FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION);
    strcat(Order, Legacy == &Above ? "A" : "B");
    *Context = Legacy;
    return Refuses == Legacy ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

static VOID
PostSection(PFS_FILTER_CALLBACK_DATA Data, NTSTATUS Status, PVOID Context)
{
    assert_ptr_equal(LegacyOf(Data->DeviceObject), Context);
    assert_status(Status, Refuses != NULL ? STATUS_ACCESS_DENIED : STATUS_SUCCESS);
    strcat(Order, Context == &Above ? "a" : "b");
}

static NTSTATUS
PreRelease(PFS_FILTER_CALLBACK_DATA Data, PVOID *Context)
{
    (void)Context;
    assert_int_equal(Data->Operation, FS_FILTER_RELEASE_FOR_SECTION_SYNCHRONIZATION);
    strcat(Order, LegacyOf(Data->DeviceObject) == &Above ? "X" : "Y");
    return STATUS_SUCCESS;
}

static FS_FILTER_CALLBACKS SectionCallbacks = { .SizeOfFsFilterCallbacks = sizeof(SectionCallbacks),
    .PreAcquireForSectionSynchronization = PreSection, .PostAcquireForSectionSynchronization = PostSection,
    .PreReleaseForSectionSynchronization = PreRelease };

static VOID
Unload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    fail_msg("DriverUnload must not be called");
}

static NTSTATUS
Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    LEGACY *Legacy = Below.Driver == NULL ? &Below : &Above;

    UNREFERENCED_PARAMETER(RegistryPath);
    Legacy->Driver = Driver;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = Dispatch;
    }
    Driver->FastIoDispatch = &FastTable;
    Driver->DriverUnload = Unload;
    assert_status(FsRtlRegisterFileSystemFilterCallbacks(Driver, &SectionCallbacks), STATUS_SUCCESS);
    return IoRegisterFsRegistrationChange(Driver, Legacy == &Below ? FileSystemBelow : FileSystemAbove);
}

/* ---- the bed: below, the filter manager, above; then a volume ---- */

static FLT_PREOP_CALLBACK_STATUS
PreQuery(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Objects;
    (void)Context;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS
OnQueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_QUERY_INFORMATION, 0, PreQuery, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
static TINY_FILTER Minifilter = { .Name = "mini", .Altitude = "200",
    .Registration = { .OperationRegistration = Operations, .InstanceQueryTeardownCallback = OnQueryTeardown } };
static PDEVICE_OBJECT Real;

static int
GroupSetup(void **State)
{
    PDRIVER_OBJECT Driver;

    (void)State;
    TinyStart();
    Below.Owner = vf_owner_create(Below.Name);
    Above.Owner = vf_owner_create(Above.Name);
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    assert_status(IopLoadDriver(Below.Name, Entry, NULL, Below.Owner, FALSE, &Driver), STATUS_SUCCESS);
    FltpWatchFileSystems();
    assert_status(IopLoadDriver(Above.Name, Entry, NULL, Above.Owner, FALSE, &Driver), STATUS_SUCCESS);
    return 0;
}

static int
Setup(void **State)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };

    (void)State;
    memset(Above.Irps, 0, sizeof(Above.Irps));
    memset(Below.Irps, 0, sizeof(Below.Irps));
    Above.FastBasic = Above.FastStandard = Above.FastNetwork = Above.FastLocks = Above.Detached = Above.Mounts = 0;
    Below.FastBasic = Below.FastStandard = Below.FastNetwork = Below.FastLocks = Below.Detached = Below.Mounts = 0;
    Above.FastOpens = Below.FastOpens = 0;
    Above.RefuseFast = Above.KeepAttached = Above.AnswerOpens = FALSE;
    assert_status(MfsVolumeCreate(7, &Options, &Real), STATUS_SUCCESS);
    return 0;
}

static int
Teardown(void **State)
{
    (void)State;
    if (Real != NULL) {
        assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    }
    return 0;
}

static HANDLE
Open(const char *Name, ULONG Options)
{
    UNICODE_STRING String = TinyString(Name);
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &String, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_status(ZwCreateFile(&Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &IoStatus, NULL, FILE_ATTRIBUTE_NORMAL,
                      FILE_SHARE_VALID_FLAGS, FILE_OPEN_IF, Options, NULL, 0), STATUS_SUCCESS);
    return Handle;
}

static VOID
CountFinding(const struct vf_finding *Finding, void *Context)
{
    *(PULONG)Context += strcmp(Finding->code, "IO-06") == 0;
}

static ULONG
Findings(VOID)
{
    ULONG Count = 0;

    vf_findings(CountFinding, &Count);
    return Count;
}

/* ---- tests ---- */

static void
test_fltmgr_legacy__the_order_of_loading_is_the_order_in_the_stack(void **State)
{
    (void)State;
    PDEVICE_OBJECT Volume = Real->Vpb->DeviceObject;
    assert_int_equal(Below.Mounts, 1);
    assert_int_equal(Above.Mounts, 1);
    assert_ptr_equal(Volume->AttachedDevice, Below.Device);
    assert_true(FltIsFltMgrVolumeDeviceObject(Below.Device->AttachedDevice));
    assert_ptr_equal(Below.Device->AttachedDevice->AttachedDevice, Above.Device);
    assert_null(Above.Device->AttachedDevice);
    IOP_INTEREST Interest;
    IopQueryInterest(Real, &Interest);
    assert_true(Interest.Majors == ~0ull && Interest.CachedMajors == ~0ull && Interest.PagingMajors == ~0ull);
    assert_int_equal(IopDriverVolumes(Above.Driver), 1);
}

static void
test_fltmgr_legacy__every_request_passes_though_no_minifilter_watches(void **State)
{
    (void)State;
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    HANDLE Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "data", 4, &Zero, NULL), STATUS_SUCCESS);
    ZwClose(Handle);
    for (LEGACY *Legacy = &Below;; Legacy = &Above) {
        assert_int_equal(Legacy->Irps[IRP_MJ_CREATE], 1);
        assert_int_equal(Legacy->Irps[IRP_MJ_WRITE], 1);
        assert_int_equal(Legacy->Irps[IRP_MJ_CLEANUP], 1);
        assert_int_equal(Legacy->Irps[IRP_MJ_CLOSE], 1);
        assert_true(IopDriverDispatched(Legacy->Driver, IRP_MJ_WRITE) >= 1);
        if (Legacy == &Above) {
            break;
        }
    }
}

static void
test_fltmgr_legacy__fast_queries_pass_and_fall_back(void **State)
{
    (void)State;
    FILE_BASIC_INFORMATION Basic = { 0 };
    FILE_STANDARD_INFORMATION Standard = { 0 };
    FILE_NETWORK_OPEN_INFORMATION Network = { 0 };
    IO_STATUS_BLOCK IoStatus;
    UNICODE_STRING Name = TinyString("\\??\\Q:\\file");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, sizeof(Basic));
    assert_true(Basic.CreationTime.QuadPart != 0);
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Standard, sizeof(Standard), FileStandardInformation), STATUS_SUCCESS);
    assert_int_equal(Standard.NumberOfLinks, 1);
    assert_int_equal(Above.FastBasic + Above.FastStandard, 2);
    assert_int_equal(Below.FastBasic + Below.FastStandard, 2);
    assert_int_equal(Above.Irps[IRP_MJ_QUERY_INFORMATION] + Below.Irps[IRP_MJ_QUERY_INFORMATION], 0);
    /* too small: a request says so */
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, 8, FileBasicInformation), STATUS_INFO_LENGTH_MISMATCH);
    assert_int_equal(Above.FastBasic, 1);
    /* the filter does not want to answer this way */
    ULONG Irps = Above.Irps[IRP_MJ_QUERY_INFORMATION];
    Above.RefuseFast = TRUE;
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation), STATUS_SUCCESS);
    assert_int_equal(Above.FastBasic, 2);
    assert_int_equal(Below.FastBasic, 1);
    assert_int_equal(Above.Irps[IRP_MJ_QUERY_INFORMATION], Irps + 1);
    Above.RefuseFast = FALSE;
    ZwClose(Handle);
    /* by name */
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_status(ZwQueryFullAttributesFile(&Attributes, &Network), STATUS_SUCCESS);
    assert_int_equal(Above.FastNetwork, 1);
    assert_int_equal(Below.FastNetwork, 1);
    /* a file object that is not synchronous is asked by a request */
    Handle = Open("\\??\\Q:\\file", 0);
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation), STATUS_SUCCESS);
    assert_int_equal(Above.FastBasic, 2);
    ZwClose(Handle);
}

static void
test_fltmgr_legacy__what_a_minifilter_watches_becomes_a_request(void **State)
{
    (void)State;
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK IoStatus;
    assert_status(TinyFilterLoad(&Minifilter), STATUS_SUCCESS);
    HANDLE Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwQueryInformationFile(Handle, &IoStatus, &Basic, sizeof(Basic), FileBasicInformation), STATUS_SUCCESS);
    assert_int_equal(Above.FastBasic, 1);
    assert_int_equal(Below.FastBasic, 0);
    assert_int_equal(Above.Irps[IRP_MJ_QUERY_INFORMATION], 1);
    assert_int_equal(Below.Irps[IRP_MJ_QUERY_INFORMATION], 1);
    ZwClose(Handle);
    assert_status(TinyFilterUnload(&Minifilter), STATUS_SUCCESS);
}

static NTSTATUS
QueryByName(const char *Name, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length)
{
    FILE_OBJECT File = { .Type = IO_TYPE_FILE, .Size = sizeof(File), .DeviceObject = Real, .Vpb = Real->Vpb, .FileName = TinyString(Name) };
    IOP_QUERY_OPEN Query = { .FileObject = &File, .Class = Class, .Buffer = Buffer, .Length = Length, .RequestorMode = UserMode };

    return IopQueryOpen(Real, &Query);
}

static void
test_fltmgr_legacy__queries_by_name_pass_fast_query_open(void **State)
{
    (void)State;
    FILE_STAT_INFORMATION Stat;
    FILE_NETWORK_OPEN_INFORMATION Network;
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    HANDLE Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "data", 4, &Zero, NULL), STATUS_SUCCESS);
    ZwClose(Handle);
    const ULONG Creates = Above.Irps[IRP_MJ_CREATE];
    /* both are asked, and what the lower one changed goes up; what network information does not have is the file system's */
    assert_status(QueryByName("\\file", FileStatInformation, &Stat, sizeof(Stat)), STATUS_SUCCESS);
    assert_int_equal(Stat.EndOfFile.QuadPart, 1004);
    assert_true(Stat.FileId.QuadPart != 0);
    assert_int_equal(Stat.NumberOfLinks, 1);
    assert_status(QueryByName("\\file", FileNetworkOpenInformation, &Network, sizeof(Network)), STATUS_SUCCESS);
    assert_int_equal(Network.EndOfFile.QuadPart, 1004);
    assert_status(QueryByName("\\not there", FileStatInformation, &Stat, sizeof(Stat)), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(Above.FastOpens, 3);
    assert_int_equal(Below.FastOpens, 3);
    assert_int_equal(Above.Irps[IRP_MJ_CREATE], Creates);
    /* one that answers itself */
    Above.AnswerOpens = TRUE;
    assert_status(QueryByName("\\file", FileStatInformation, &Stat, sizeof(Stat)), STATUS_SUCCESS);
    assert_int_equal(Stat.EndOfFile.QuadPart, 4711);
    assert_true(Stat.FileId.QuadPart != 0);
    assert_int_equal(Below.FastOpens, 3);
    Above.AnswerOpens = FALSE;
    /* one that wants to see an open; a minifilter that does */
    Above.RefuseFast = TRUE;
    assert_true(IopQueryMustOpen(QueryByName("\\file", FileStatInformation, &Stat, sizeof(Stat))));
    Above.RefuseFast = FALSE;
    /* an IRP that a driver has made itself is not a query's */
    PIRP Irp = IoAllocateIrp(2, FALSE);
    IoSetNextIrpStackLocation(Irp);
    assert_false(Above.Device->AttachedDevice != NULL);
    assert_false(LowerOf(Above.Device)->DriverObject->FastIoDispatch->FastIoQueryOpen(Irp, &Network, LowerOf(Above.Device)));
    IoFreeIrp(Irp);
}

static FLT_PREOP_CALLBACK_STATUS
PreNetwork(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Objects;
    (void)Context;
    assert_true(FLT_IS_FASTIO_OPERATION(Data));
    return FLT_PREOP_DISALLOW_FASTIO;
}

static const FLT_OPERATION_REGISTRATION NetworkOperations[] = { { IRP_MJ_CREATE, 0, PreQuery, NULL, NULL }, { IRP_MJ_NETWORK_QUERY_OPEN, 0, PreNetwork, NULL, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
static TINY_FILTER Disallows = { .Name = "disallows", .Altitude = "300",
    .Registration = { .OperationRegistration = NetworkOperations, .InstanceQueryTeardownCallback = OnQueryTeardown } };

static void
test_fltmgr_legacy__a_minifilter_disallows_a_fast_query_between_legacy_filters(void **State)
{
    (void)State;
    FILE_STAT_INFORMATION Stat;
    assert_status(TinyFilterLoad(&Disallows), STATUS_SUCCESS);
    ZwClose(Open("\\??\\Q:\\file", 0));
    assert_true(IopQueryMustOpen(QueryByName("\\file", FileStatInformation, &Stat, sizeof(Stat))));
    assert_int_equal(Above.FastOpens, 1);
    assert_int_equal(Below.FastOpens, 0);
    assert_status(TinyFilterUnload(&Disallows), STATUS_SUCCESS);
}

static void
test_fltmgr_legacy__fast_locks(void **State)
{
    (void)State;
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER Offset = { .QuadPart = 0 }, Length = { .QuadPart = 10 };
    HANDLE Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT), Other = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwLockFile(Handle, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, TRUE), STATUS_SUCCESS);
    assert_status(ZwLockFile(Other, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, TRUE), STATUS_LOCK_NOT_GRANTED);
    assert_status(ZwUnlockFile(Other, &IoStatus, &Offset, &Length, 0), STATUS_RANGE_NOT_LOCKED);
    assert_status(ZwUnlockFile(Handle, &IoStatus, &Offset, &Length, 0), STATUS_SUCCESS);
    assert_status(ZwLockFile(Other, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, TRUE), STATUS_SUCCESS);
    assert_int_equal(Above.FastLocks, 5);
    assert_int_equal(Below.FastLocks, 5);
    assert_int_equal(Below.Irps[IRP_MJ_LOCK_CONTROL], 0);
    ZwClose(Other);                            /* with its lock */
    assert_status(ZwLockFile(Handle, NULL, NULL, NULL, &IoStatus, &Offset, &Length, 0, TRUE, TRUE), STATUS_SUCCESS);
    ZwClose(Handle);
}

static void
test_fltmgr_legacy__sections_ask_the_stack_from_the_top(void **State)
{
    (void)State;
    IO_STATUS_BLOCK IoStatus;
    LARGE_INTEGER Zero = { .QuadPart = 0 };
    HANDLE Section, Handle = Open("\\??\\Q:\\file", FILE_SYNCHRONOUS_IO_NONALERT);
    assert_status(ZwWriteFile(Handle, NULL, NULL, NULL, &IoStatus, "data", 4, &Zero, NULL), STATUS_SUCCESS);
    Order[0] = 0;
    assert_status(ZwCreateSection(&Section, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, Handle), STATUS_SUCCESS);
    assert_string_equal(Order, "ABbaXY");
    ZwClose(Section);
    Refuses = &Below;
    Order[0] = 0;
    assert_status(ZwCreateSection(&Section, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, Handle), STATUS_ACCESS_DENIED);
    assert_string_equal(Order, "ABa");
    Refuses = &Above;
    Order[0] = 0;
    assert_status(ZwCreateSection(&Section, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, Handle), STATUS_ACCESS_DENIED);
    assert_string_equal(Order, "A");
    Refuses = NULL;
    ZwClose(Handle);
}

static void
test_fltmgr_legacy__a_volume_that_goes_asks_for_detaching(void **State)
{
    (void)State;
    const ULONG Before = Findings();
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    Real = NULL;
    assert_int_equal(Above.Detached, 1);
    assert_int_equal(Below.Detached, 1);
    assert_null(Above.Device);
    assert_null(Below.Device);
    assert_int_equal(IopDriverVolumes(Above.Driver), 0);
    assert_int_equal(Findings(), Before);
}

static void
test_fltmgr_legacy__a_device_that_stays_attached_is_a_finding(void **State)
{
    (void)State;
    const ULONG Before = Findings();
    Above.KeepAttached = TRUE;
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    Real = NULL;
    assert_int_equal(Above.Detached, 1);
    assert_int_equal(Findings(), Before + 1);
    IoDeleteDevice(Above.Device);
    Above.Device = NULL;
}

static void
test_fltmgr_legacy__a_driver_below_others_is_not_unloaded(void **State)
{
    (void)State;
    assert_status(IopUnloadDriver(Below.Driver), STATUS_DEVICE_BUSY);
    assert_int_equal(Below.Driver->Flags & DRVO_UNLOAD_INVOKED, 0);
    ZwClose(Open("\\??\\Q:\\file", 0));
    assert_int_equal(Below.Irps[IRP_MJ_CREATE], 1);
}

int
main(void)
{
#define L(Function) cmocka_unit_test_setup_teardown(test_fltmgr_legacy__##Function, Setup, Teardown)
    const struct CMUnitTest Tests[] = {
        L(the_order_of_loading_is_the_order_in_the_stack), L(every_request_passes_though_no_minifilter_watches),
        L(fast_queries_pass_and_fall_back), L(what_a_minifilter_watches_becomes_a_request),
        L(queries_by_name_pass_fast_query_open), L(a_minifilter_disallows_a_fast_query_between_legacy_filters), L(fast_locks), L(sections_ask_the_stack_from_the_top),
        L(a_volume_that_goes_asks_for_detaching), L(a_device_that_stays_attached_is_a_finding), L(a_driver_below_others_is_not_unloaded),
    };
    return cmocka_run_group_tests(Tests, GroupSetup, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Driver objects: load, unload, reinitialization, extensions; start and end of io. */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

struct _OBJECT_TYPE IopDriverType = {
    .Name = L"Driver", .Delete = IopDriverDelete, .WaitOffset = (ULONG)-1, .KeyClass = VF_OBJECT_REFERENCE};

static POBJECT_TYPE IopFileTypePointer = &IopFileType, IopDeviceTypePointer = &IopDeviceType, IopDriverTypePointer = &IopDriverType;
POBJECT_TYPE *IoFileObjectType = &IopFileTypePointer;
POBJECT_TYPE *IoDeviceObjectType = &IopDeviceTypePointer;
POBJECT_TYPE *IoDriverObjectType = &IopDriverTypePointer;

/* What a driver hangs on its driver object; freed with it. */
typedef struct IOP_CLIENT {
    LIST_ENTRY Links;
    PDRIVER_OBJECT Driver;
    PVOID Address;
    DECLSPEC_ALIGN(16) UCHAR Data[1];
} IOP_CLIENT;
typedef struct IOP_REINITIALIZE {
    LIST_ENTRY Links;
    PDRIVER_OBJECT Driver;
    PDRIVER_REINITIALIZE Routine;
    PVOID Context;
} IOP_REINITIALIZE;
static LIST_ENTRY IopClients = {&IopClients, &IopClients};                 /* IopDatabaseLock */
static LIST_ENTRY IopReinitializations = {&IopReinitializations, &IopReinitializations};  /* IopDatabaseLock */

/* ---- names ---- */

/* UTF-8 name of a driver -> L"\FileSystem\Name"; ASCII is enough for service names. */
static NTSTATUS
IopDriverName(const CHAR *Name, PUNICODE_STRING Result)
{
    static const WCHAR Prefix[] = L"\\FileSystem\\";
    ULONG PrefixLength = sizeof(Prefix) / sizeof(WCHAR) - 1;
    ULONG Length = (ULONG)strlen(Name);

    if (Length == 0 || Length >= sizeof(((IOP_DRIVER *)0)->Name)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    PWCH Buffer = ExAllocatePoolWithTag(NonPagedPool, (PrefixLength + Length + 1) * sizeof(WCHAR), IOP_TAG_NAME);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Buffer, Prefix, PrefixLength * sizeof(WCHAR));
    for (ULONG i = 0; i <= Length; i++) {
        Buffer[PrefixLength + i] = (UCHAR)Name[i];
    }
    Result->Buffer = Buffer;
    Result->Length = (USHORT)((PrefixLength + Length) * sizeof(WCHAR));
    Result->MaximumLength = (USHORT)(Result->Length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* ---- load ---- */

static NTSTATUS
IopDriverCreate(const CHAR *Name, PDRIVER_INITIALIZE Entry, vf_owner *Owner, BOOLEAN Runtime, IOP_DRIVER **Result)
{
    PVOID Object;
    NTSTATUS Status = ObpCreateObject(&IopDriverType, sizeof(IOP_DRIVER), &Object);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IOP_DRIVER *Driver = Object;
    Driver->Public.Type = IO_TYPE_DRIVER;
    Driver->Public.Size = sizeof(DRIVER_OBJECT);
    Driver->Public.Flags = DRVO_LEGACY_DRIVER | (Runtime ? DRVO_BUILTIN_DRIVER : 0);
    Driver->Public.DriverExtension = &Driver->Extension;
    Driver->Public.DriverInit = Entry;
    Driver->Extension.DriverObject = &Driver->Public;
    Driver->Owner = Owner;
    Driver->Runtime = Runtime;
    Driver->Counts = Runtime ? NULL : port_alloc_aligned(64, IOP_COUNT_ROWS * sizeof(*Driver->Counts));
    if (Driver->Counts != NULL) {
        memset(Driver->Counts, 0, IOP_COUNT_ROWS * sizeof(*Driver->Counts));
    }
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->Public.MajorFunction[i] = IopInvalidDeviceRequest;
    }
    Status = IopDriverName(Name, &Driver->Public.DriverName);
    if (NT_SUCCESS(Status)) {
        strcpy(Driver->Name, Name);
        Driver->Extension.ServiceKeyName = Driver->Public.DriverName;
        Driver->Extension.ServiceKeyName.Buffer += sizeof("\\FileSystem\\") - 1;
        Driver->Extension.ServiceKeyName.Length -= (sizeof("\\FileSystem\\") - 1) * sizeof(WCHAR);
        Driver->Extension.ServiceKeyName.MaximumLength -= (sizeof("\\FileSystem\\") - 1) * sizeof(WCHAR);
        Status = ObpInsertName(Driver, &Driver->Public.DriverName);
    }
    if (!NT_SUCCESS(Status)) {
        ObpDereference(Driver);
        return Status;
    }
    *Result = Driver;
    return STATUS_SUCCESS;
}

VOID
IopDriverDelete(PVOID Object)
{
    IOP_DRIVER *Driver = Object;
    PLIST_ENTRY Next;

    for (PLIST_ENTRY Entry = IopClients.Flink; Entry != &IopClients; Entry = Next) {
        IOP_CLIENT *Client = CONTAINING_RECORD(Entry, IOP_CLIENT, Links);
        Next = Entry->Flink;
        if (Client->Driver == &Driver->Public) {
            RemoveEntryList(Entry);
            ExFreePool(Client);
        }
    }
    if (Driver->RegistryPath.Buffer != NULL) {
        ExFreePool(Driver->RegistryPath.Buffer);
    }
    if (Driver->FsFilterCallbacks != NULL) {
        ExFreePool(Driver->FsFilterCallbacks);
    }
    if (Driver->Public.DriverName.Buffer != NULL) {
        ExFreePool(Driver->Public.DriverName.Buffer);
    }
    port_free(Driver->Counts);
}

/* ---- what it was called for ---- */

ULONGLONG
IopDriverDispatched(PDRIVER_OBJECT DriverObject, UCHAR Major)
{
    const struct IOP_DRIVER_COUNTS *Counts = IOP_DRIVER_FROM(DriverObject)->Counts;
    ULONGLONG Sum = 0;

    for (ULONG i = 0; Counts != NULL && i < IOP_COUNT_ROWS; i++) {
        Sum += atomic_load_explicit(&Counts[i].Dispatch[Major], memory_order_relaxed);
    }
    return Sum;
}

ULONGLONG
IopDriverCompletions(PDRIVER_OBJECT DriverObject)
{
    const struct IOP_DRIVER_COUNTS *Counts = IOP_DRIVER_FROM(DriverObject)->Counts;
    ULONGLONG Sum = 0;

    for (ULONG i = 0; Counts != NULL && i < IOP_COUNT_ROWS; i++) {
        Sum += atomic_load_explicit(&Counts[i].Completion, memory_order_relaxed);
    }
    return Sum;
}

ULONG
IopDriverVolumes(PDRIVER_OBJECT DriverObject)
{
    ULONG Count = 0;

    port_lock_acquire(&IopDatabaseLock);
    for (PDEVICE_OBJECT Device = DriverObject->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        PDEVICE_OBJECT Base = Device;
        while (IopDevice(Base)->AttachedTo != NULL) {
            Base = IopDevice(Base)->AttachedTo;
        }
        Count += Base != Device && IopDevice(Base)->RealDevice != NULL;
    }
    port_lock_release(&IopDatabaseLock);
    return Count;
}

/* The driver gets a copy of its own, NUL-terminated as services are used to. */
static NTSTATUS
IopDriverSetRegistryPath(IOP_DRIVER *Driver, PCUNICODE_STRING Path)
{
    if (Path == NULL || Path->Length == 0) {
        return STATUS_SUCCESS;
    }
    Driver->RegistryPath.Buffer = ExAllocatePoolWithTag(NonPagedPool, Path->Length + sizeof(WCHAR), IOP_TAG_NAME);
    if (Driver->RegistryPath.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Driver->RegistryPath.Buffer, Path->Buffer, Path->Length);
    Driver->RegistryPath.Buffer[Path->Length / sizeof(WCHAR)] = 0;
    Driver->RegistryPath.Length = Path->Length;
    Driver->RegistryPath.MaximumLength = (USHORT)(Path->Length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static NTSTATUS
IopDriverEntry(IOP_DRIVER *Driver, PDRIVER_INITIALIZE Entry)
{
    volatile NTSTATUS Status = STATUS_UNSUCCESSFUL;
    UNICODE_STRING Path = Driver->RegistryPath;
    KI_DRIVER_CALL Call = {.Owner = Driver->Owner, .Phase = "DriverEntry"};

    if (Driver->Runtime) {
        return Entry(&Driver->Public, &Path);
    }
    NT_CALL(&Call, Status = Entry(&Driver->Public, &Path));
    if (Call.Faulted) {
        atomic_store_explicit(&Driver->Dead, 1, memory_order_release);
        return STATUS_DRIVER_INTERNAL_ERROR;
    }
    return Status;
}

static IOP_REINITIALIZE *
IopReinitializeTake(PDRIVER_OBJECT Driver)
{
    IOP_REINITIALIZE *Found = NULL;

    port_lock_acquire(&IopDatabaseLock);
    for (PLIST_ENTRY Entry = IopReinitializations.Flink; Entry != &IopReinitializations; Entry = Entry->Flink) {
        IOP_REINITIALIZE *Item = CONTAINING_RECORD(Entry, IOP_REINITIALIZE, Links);
        if (Item->Driver == Driver) {
            RemoveEntryList(Entry);
            Found = Item;
            break;
        }
    }
    port_lock_release(&IopDatabaseLock);
    return Found;
}

static VOID
IopReinitializeCall(IOP_DRIVER *Driver, PDRIVER_REINITIALIZE Routine, PVOID Context)
{
    KI_DRIVER_CALL Call = {.Owner = Driver->Owner, .Phase = "reinitialize"};

    Driver->Extension.Count++;
    NT_CALL(&Call, Routine(&Driver->Public, Context, Driver->Extension.Count));
}

/* Reinitialization routines run once DriverEntry has succeeded; a routine may register again and is then called again. */
static VOID
IopDriverReinitialize(IOP_DRIVER *Driver)
{
    for (ULONG Round = 0; Round < 1000; Round++) {
        IOP_REINITIALIZE *Item = IopReinitializeTake(&Driver->Public);
        if (Item == NULL) {
            return;
        }
        IopReinitializeCall(Driver, Item->Routine, Item->Context);
        ExFreePool(Item);
    }
}

static VOID
IopDriverDeleteDevices(IOP_DRIVER *Driver, const char *Text)
{
    while (Driver->Public.DeviceObject != NULL) {
        if (Text != NULL) {
            IopFinding("IO-10", NULL, &Driver->Public, Driver->Public.DeviceObject, Text);
        }
        PDEVICE_OBJECT Device = Driver->Public.DeviceObject;
        if (IopDevice(Device)->AttachedTo != NULL) {
            IoDetachDevice(IopDevice(Device)->AttachedTo);
        }
        IoDeleteDevice(Device);
    }
}

static NTSTATUS
IopDriverStart(IOP_DRIVER *Driver, PDRIVER_INITIALIZE Entry, PCUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = IopDriverSetRegistryPath(Driver, RegistryPath);

    if (NT_SUCCESS(Status)) {
        Status = IopDriverEntry(Driver, Entry);
    }
    if (!NT_SUCCESS(Status)) {
        IopDriverDeleteDevices(Driver, "DriverEntry failed and left a device object");
        ObpRemoveName(Driver);
        ObpDereference(Driver);
        return Status;
    }
    IopDriverDevicesReady(&Driver->Public);
    Driver->Public.Flags |= DRVO_INITIALIZED;
    IopDriverReinitialize(Driver);
    return Status;
}

NTSTATUS
IopLoadDriver(const CHAR *Name, PDRIVER_INITIALIZE Entry, PCUNICODE_STRING RegistryPath, vf_owner *Owner, BOOLEAN Runtime, PDRIVER_OBJECT *DriverObject)
{
    IOP_DRIVER_CLAIM Claim;
    IOP_DRIVER *Driver;
    NTSTATUS Status = IopDriverCreate(Name, Entry, Owner, Runtime, &Driver);

    *DriverObject = NULL;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopDriverClaim(&Driver->Public, &Claim);
    Status = IopDriverStart(Driver, Entry, RegistryPath);
    if (NT_SUCCESS(Status)) {
        *DriverObject = &Driver->Public;
    }
    IopDriverRelease(&Claim);
    return Status;
}

/* ---- unload ---- */

/* A driver is not unloaded while another one's device is attached above one of its, but for file systems' control devices, which drivers let go
 * of when the file system unregisters; a dead one's are passed over anyway. */
static BOOLEAN
IopDriverIsBelow(PDRIVER_OBJECT Driver)
{
    BOOLEAN Below = FALSE;

    port_lock_acquire(&IopDatabaseLock);
    for (PDEVICE_OBJECT Device = Driver->DeviceObject; Device != NULL; Device = Device->NextDevice) {
        Below = Below || (Device->AttachedDevice != NULL && !IopIsFileSystemLocked(Device) && Device->AttachedDevice->DriverObject != Driver);
    }
    port_lock_release(&IopDatabaseLock);
    return Below && atomic_load(&IOP_DRIVER_FROM(Driver)->Dead) == 0;
}

/* Polled, as unloads are rare; a routine that does not return after so long is stuck, and the run says so elsewhere. */
#define IOP_UNLOAD_SECONDS 10
static VOID
IopDriverWait(IOP_DRIVER *Driver)
{
    static const _Atomic(uint32_t) Never = 0;
    const uint64_t Until = port_clock_monotonic() + IOP_UNLOAD_SECONDS * 1000000000ull;
    uint64_t Pause = 20000;

    for (ULONG i = 0; Driver->Counts != NULL && i < IOP_COUNT_ROWS; i++) {
        while (atomic_load(&Driver->Counts[i].Inside) != 0 && port_clock_monotonic() < Until) {
            port_wait(&Never, 0, port_clock_monotonic() + Pause);
            Pause = Pause < 2000000 ? Pause * 2 : Pause;
        }
    }
}

/* DriverUnload has returned: nobody enters the driver any more, what is inside leaves.  Who waits in a dispatch routine is woken by a completion routine. */
static VOID
IopDriverDrain(IOP_DRIVER *Driver)
{
    LONG Alive = 0;

    atomic_compare_exchange_strong(&Driver->Dead, &Alive, IOP_DRIVER_LEAVING);
    IopDriverWait(Driver);
    LONG Leaving = IOP_DRIVER_LEAVING;
    atomic_compare_exchange_strong(&Driver->Dead, &Leaving, IOP_DRIVER_GONE);
    IopDriverWait(Driver);
}

static NTSTATUS
IopDriverStop(PDRIVER_OBJECT DriverObject)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(DriverObject);
    KI_DRIVER_CALL Call = {.Owner = Driver->Owner, .Phase = "DriverUnload"};

    if (DriverObject->DriverUnload == NULL && !Driver->Runtime) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if ((DriverObject->Flags & DRVO_UNLOAD_INVOKED) != 0) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!Driver->Runtime && IopDriverIsBelow(DriverObject)) {
        return STATUS_DEVICE_BUSY;
    }
    DriverObject->Flags |= DRVO_UNLOAD_INVOKED;
    if (DriverObject->DriverUnload != NULL && Driver->Runtime) {
        DriverObject->DriverUnload(DriverObject);
    } else if (DriverObject->DriverUnload != NULL && atomic_load_explicit(&Driver->Dead, memory_order_acquire) == 0) {
        NT_CALL(&Call, DriverObject->DriverUnload(DriverObject));
    }
    IopNotificationsForget(DriverObject);
    if (!Driver->Runtime) {
        IopDriverDrain(Driver);
    }
    IopDriverDeleteDevices(Driver, Driver->Runtime ? NULL : "DriverUnload left a device object");
    ObpRemoveName(Driver);
    ObpDereference(Driver);
    return STATUS_SUCCESS;
}

NTSTATUS
IopUnloadDriver(PDRIVER_OBJECT DriverObject)
{
    IOP_DRIVER_CLAIM Claim;

    IopDriverClaim(DriverObject, &Claim);
    const NTSTATUS Status = IopDriverStop(DriverObject);
    IopDriverRelease(&Claim);
    return Status;
}

/* ---- what drivers hang on ---- */

/* Windows: wdm.h, IoAllocateDriverObjectExtension.  Differences: none. */
NTSTATUS
IoAllocateDriverObjectExtension(
    PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress, ULONG DriverObjectExtensionSize, PVOID *DriverObjectExtension)
{
    NTSTATUS Status = STATUS_SUCCESS;

    *DriverObjectExtension = NULL;
    IOP_CLIENT *Client = ExAllocatePoolWithTag(NonPagedPool, sizeof(IOP_CLIENT) + DriverObjectExtensionSize, IOP_TAG_GENERAL);
    if (Client == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Client, 0, sizeof(IOP_CLIENT) + DriverObjectExtensionSize);
    Client->Driver = DriverObject;
    Client->Address = ClientIdentificationAddress;
    port_lock_acquire(&IopDatabaseLock);
    for (PLIST_ENTRY Entry = IopClients.Flink; Entry != &IopClients; Entry = Entry->Flink) {
        IOP_CLIENT *Other = CONTAINING_RECORD(Entry, IOP_CLIENT, Links);
        if (Other->Driver == DriverObject && Other->Address == ClientIdentificationAddress) {
            Status = STATUS_OBJECT_NAME_COLLISION;
        }
    }
    if (NT_SUCCESS(Status)) {
        InsertTailList(&IopClients, &Client->Links);
    }
    port_lock_release(&IopDatabaseLock);
    if (!NT_SUCCESS(Status)) {
        ExFreePool(Client);
        return Status;
    }
    *DriverObjectExtension = Client->Data;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, IoGetDriverObjectExtension.  Differences: none. */
PVOID
IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress)
{
    PVOID Result = NULL;

    port_lock_acquire(&IopDatabaseLock);
    for (PLIST_ENTRY Entry = IopClients.Flink; Entry != &IopClients; Entry = Entry->Flink) {
        IOP_CLIENT *Client = CONTAINING_RECORD(Entry, IOP_CLIENT, Links);
        if (Client->Driver == DriverObject && Client->Address == ClientIdentificationAddress) {
            Result = Client->Data;
        }
    }
    port_lock_release(&IopDatabaseLock);
    return Result;
}

/* Windows: ntddk.h, IoRegisterDriverReinitialization.  Differences: runs right after DriverEntry. */
VOID
IoRegisterDriverReinitialization(PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context)
{
    IOP_REINITIALIZE *Item = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Item), IOP_TAG_GENERAL);

    if (Item == NULL) {
        return;
    }
    Item->Driver = DriverObject;
    Item->Routine = DriverReinitializationRoutine;
    Item->Context = Context;
    DriverObject->Flags |= DRVO_REINIT_REGISTERED;
    port_lock_acquire(&IopDatabaseLock);
    InsertTailList(&IopReinitializations, &Item->Links);
    port_lock_release(&IopDatabaseLock);
}

/* Windows: ntddk.h, IoRegisterBootDriverReinitialization.  Differences: as IoRegisterDriverReinitialization. */
VOID
IoRegisterBootDriverReinitialization(PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context)
{
    IoRegisterDriverReinitialization(DriverObject, DriverReinitializationRoutine, Context);
}

/* ---- start and end ---- */

VOID
IopInitialize(VOID)
{
    IopFileInitialize();
}

VOID
IopShutdown(VOID)
{
    IopShutdownNotify();
    IopUnregisterHooks();
    IopDevicesForget();
    IopCacheFlushThread();
}

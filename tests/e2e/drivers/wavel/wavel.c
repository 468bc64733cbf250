/* SPDX-License-Identifier: MIT */
/*
 * Calls each routine that the older filters of the survey call and newer ones do not, and says by its load status whether each did what it is for.
 * Those that belong to mounts run when the first volume comes.
 */
#include <ntifs.h>
#include <ntstrsafe.h>
#include <wdmsec.h>

#define TAG 'LvaW'
#define REQUIRE(Condition) \
    do { \
        if (!(Condition)) { \
            DbgPrint("wavel: line %d: %s\n", __LINE__, #Condition); \
            Failures++; \
        } \
    } while (0)

static LONG Failures;
static PDRIVER_OBJECT WavelDriver;
static PDEVICE_OBJECT WavelControl;
static ULONG Registrations;
static WORK_QUEUE_ITEM WavelItem;
static KEVENT WavelDone;

typedef struct WAVEL_EXTENSION { PDEVICE_OBJECT Lower; } WAVEL_EXTENSION;
typedef struct WAVEL_STREAM { FSRTL_PER_STREAM_CONTEXT Context; } WAVEL_STREAM;

static VOID
WavelFreeStream(PVOID Context)
{
    ExFreePoolWithTag(Context, TAG);
}

/* ---- what needs a file ---- */

static VOID
WavelTryStream(PFILE_OBJECT File)
{
    WAVEL_STREAM *Stream;
    PFSRTL_ADVANCED_FCB_HEADER Header = FsRtlGetPerStreamContextPointer(File);

    if (!FsRtlSupportsPerStreamContexts(File) || FsRtlLookupPerStreamContext(Header, WavelDriver, NULL) != NULL) {
        return;
    }
    Stream = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Stream), TAG);
    if (Stream == NULL) {
        return;
    }
    FsRtlInitPerStreamContext(&Stream->Context, WavelDriver, NULL, WavelFreeStream);
    REQUIRE(NT_SUCCESS(FsRtlInsertPerStreamContext(Header, &Stream->Context)));
    REQUIRE(FsRtlLookupPerStreamContext(Header, WavelDriver, NULL) == &Stream->Context);
    REQUIRE(FsRtlRemovePerStreamContext(Header, WavelDriver, NULL) == &Stream->Context);
    ExFreePoolWithTag(Stream, TAG);
    REQUIRE(CcGetFileObjectFromSectionPtrs(File->SectionObjectPointer) == NULL);
    REQUIRE(IoGetBaseFileSystemDeviceObject(File) != NULL);
}

static NTSTATUS
WavelCreated(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    const PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    UNREFERENCED_PARAMETER(Context);
    if (Irp->PendingReturned) {
        IoMarkIrpPending(Irp);
    }
    if (Irp->IoStatus.Status == STATUS_SUCCESS && File != NULL && File->FsContext != NULL) {
        WavelTryStream(File);
        if (File->FileName.Length == sizeof(L"\\refused") - sizeof(WCHAR)) {
            IoCancelFileOpen(((WAVEL_EXTENSION *)Device->DeviceExtension)->Lower, File);
            Irp->IoStatus.Status = STATUS_ACCESS_DENIED;
            Irp->IoStatus.Information = 0;
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
WavelDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    WAVEL_EXTENSION *Extension = Device->DeviceExtension;

    if (Device == WavelControl) {
        Irp->IoStatus.Status = STATUS_SUCCESS;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_SUCCESS;
    }
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE) {
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, WavelCreated, NULL, TRUE, TRUE, TRUE);
    } else {
        IoSkipCurrentIrpStackLocation(Irp);
    }
    return IoCallDriver(Extension->Lower, Irp);
}

static VOID
WavelAttachVolume(PDEVICE_OBJECT Volume)
{
    PDEVICE_OBJECT Device, Lower, List[8];
    ULONG Count = 0;

    if (!NT_SUCCESS(IoCreateDevice(WavelDriver, sizeof(WAVEL_EXTENSION), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device))) {
        return;
    }
    Device->Flags |= Volume->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO);
    REQUIRE(NT_SUCCESS(IoAttachDeviceToDeviceStackSafe(Device, Volume, &((WAVEL_EXTENSION *)Device->DeviceExtension)->Lower)));
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    Lower = IoGetLowerDeviceObject(Device);
    REQUIRE(Lower == ((WAVEL_EXTENSION *)Device->DeviceExtension)->Lower);
    if (Lower != NULL) {
        ObDereferenceObject(Lower);
    }
    REQUIRE(IoEnumerateDeviceObjectList(WavelDriver, List, sizeof(List), &Count) == STATUS_SUCCESS && Count >= 2);
    for (ULONG i = 0; i < Count; i++) {
        ObDereferenceObject(List[i]);
    }
}

static VOID
WavelFileSystem(PDEVICE_OBJECT Device, BOOLEAN Active)
{
    PDEVICE_OBJECT Volumes[64];
    ULONG Count = 0;

    Registrations++;
    if (!Active || !NT_SUCCESS(IoEnumerateDeviceObjectList(Device->DriverObject, Volumes, sizeof(Volumes), &Count))) {
        return;
    }
    for (ULONG i = 0; i < Count; i++) {
        if (Volumes[i] != Device && Volumes[i]->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM && Volumes[i]->AttachedDevice != NULL) {
            WavelAttachVolume(Volumes[i]);
        }
        ObDereferenceObject(Volumes[i]);
    }
}

/* ---- what needs nothing ---- */

static VOID
WavelWork(PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
}

static VOID
WavelTryMdl(VOID)
{
    static UCHAR Block[100];
    PMDL Mdl = IoAllocateMdl(Block + 10, 50, FALSE, FALSE, NULL);

    REQUIRE(Mdl != NULL);
    if (Mdl != NULL) {
        MmBuildMdlForNonPagedPool(Mdl);
        REQUIRE(MmGetMdlVirtualAddress(Mdl) == Block + 10);
        REQUIRE(MmGetSystemAddressForMdl(Mdl) == Block + 10);
        IoFreeMdl(Mdl);
    }
}

static VOID
WavelTryText(VOID)
{
    WCHAR Text[40] = L"a";
    UUID First = { 0 }, Second = { 0 };
    ULONG Bits = 0xFF;

    REQUIRE(swprintf(Text, L"%s-%d-%wZ", L"wide", 42, &WavelDriver->DriverName) >= 8);
    REQUIRE(wcsncmp(Text, L"wide-42-", 8) == 0);
    RtlCopyMemory(Text, L"ab", sizeof(L"ab"));
    wcsncat(Text, L"cdef", 2);
    REQUIRE(wcscmp(Text, L"abcd") == 0);
    RtlInterlockedClearBitsDiscardReturn(&Bits, 0x0F);
    REQUIRE(Bits == 0xF0);
    REQUIRE(NT_SUCCESS(ExUuidCreate(&First)) && NT_SUCCESS(ExUuidCreate(&Second)));
    REQUIRE(RtlCompareMemory(&First, &Second, sizeof(First)) != sizeof(First));
    if (Bits == 0) {
        RtlAssert("never", __FILE__, __LINE__, NULL);      /* it stops the machine */
    }
}

static VOID
WavelTryRegistry(PUNICODE_STRING RegistryPath)
{
    WCHAR Path[256] = L"";
    ULONG Value = 7;

    RtlCopyMemory(Path, RegistryPath->Buffer, min(RegistryPath->Length, sizeof(Path) - sizeof(WCHAR)));
    REQUIRE(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, Path) == STATUS_SUCCESS);
    REQUIRE(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"wavel") == STATUS_SUCCESS);
    REQUIRE(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"nobody") == STATUS_OBJECT_NAME_NOT_FOUND);
    REQUIRE(RtlCheckRegistryKey(99, L"wavel") == STATUS_INVALID_PARAMETER);
    REQUIRE(NT_SUCCESS(RtlCreateRegistryKey(RTL_REGISTRY_SERVICES, L"wavel\\Some\\Where")));
    REQUIRE(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"WAVEL\\some\\where") == STATUS_SUCCESS);
    REQUIRE(NT_SUCCESS(RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"wavel\\Some", L"Value", REG_DWORD, &Value, sizeof(Value))));
    REQUIRE(NT_SUCCESS(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"wavel\\Some", L"Value")));
    REQUIRE(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"wavel\\Some", L"Value") == STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
WavelTryDevices(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\WavelSecure");
    UNICODE_STRING Descriptor = RTL_CONSTANT_STRING(L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
    PDEVICE_OBJECT Device, Above, Lower;

    REQUIRE(NT_SUCCESS(IoCreateDeviceSecure(WavelDriver, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Descriptor, NULL, &Device)));
    REQUIRE(NT_SUCCESS(IoCreateDevice(WavelDriver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Above)));
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    Lower = IoAttachDeviceToDeviceStack(Above, Device);
    REQUIRE(Lower == Device);
    IoDetachDevice(Device);
    IoDeleteDevice(Above);
    IoDeleteDevice(Device);
}

/* ---- load and unload ---- */

static VOID
WavelUnload(PDRIVER_OBJECT Driver)
{
    IoUnregisterFsRegistrationChange(Driver, WavelFileSystem);
    IoUnregisterShutdownNotification(WavelControl);
    for (PDEVICE_OBJECT Device = Driver->DeviceObject, Next; Device != NULL; Device = Next) {
        Next = Device->NextDevice;
        if (Device != WavelControl) {
            IoDetachDevice(((WAVEL_EXTENSION *)Device->DeviceExtension)->Lower);
        }
        IoDeleteDevice(Device);
    }
    DbgPrint("wavel: %d failures, told of %u file systems\n", Failures, Registrations);
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    WavelDriver = Driver;
    NTSTATUS Status = IoCreateDevice(Driver, sizeof(WAVEL_EXTENSION), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &WavelControl);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = WavelDispatch;
    }
    Driver->DriverUnload = WavelUnload;
    KeInitializeEvent(&WavelDone, NotificationEvent, FALSE);
    ExInitializeWorkItem(&WavelItem, WavelWork, &WavelDone);
    ExQueueWorkItem(&WavelItem, DelayedWorkQueue);
    KeWaitForSingleObject(&WavelDone, Executive, KernelMode, FALSE, NULL);
    WavelTryMdl();
    WavelTryText();
    WavelTryRegistry(RegistryPath);
    WavelTryDevices();
    REQUIRE(NT_SUCCESS(IoRegisterShutdownNotification(WavelControl)));
    REQUIRE(NT_SUCCESS(IoRegisterFsRegistrationChange(Driver, WavelFileSystem)));
    return STATUS_SUCCESS;
}

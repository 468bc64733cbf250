/* SPDX-License-Identifier: MIT */
/* A driver with devices that programs open: every method, pended requests, identities, an exclusive device. No filter. */
#include <ntifs.h>

#include "codes.h"

#define CONTROL_TAG 'lrtC'
#define STORE_BYTES 4096

static IO_CSQ ControlQueue;
static LIST_ENTRY ControlList;
static KSPIN_LOCK ControlLock;
static struct control_counts Counts;
static UCHAR Store[STORE_BYTES];
static LIST_ENTRY HeldList;                    /* ControlLock; without a cancel routine */

/* ---- the queue of pended requests ---- */

static VOID
ControlInsert(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    InsertTailList(&ControlList, &Irp->Tail.Overlay.ListEntry);
    Counts.pended++;
}

static VOID
ControlRemove(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP
ControlPeek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY Entry = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : ControlList.Flink;

    UNREFERENCED_PARAMETER(Csq);
    for (; Entry != &ControlList; Entry = Entry->Flink) {
        PIRP Next = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        if (Context == NULL || IoGetCurrentIrpStackLocation(Next)->FileObject == Context) {
            return Next;
        }
    }
    return NULL;
}

static VOID
ControlAcquire(PIO_CSQ Csq, PKIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeAcquireSpinLock(&ControlLock, Irql);
}

static VOID
ControlRelease(PIO_CSQ Csq, KIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeReleaseSpinLock(&ControlLock, Irql);
}

static VOID
ControlComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID
ControlCancelled(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    InterlockedIncrement((PLONG)&Counts.cancels);
    ControlComplete(Irp, STATUS_CANCELLED, 0);
}

/* ---- requests ---- */

static VOID
Reverse(PUCHAR To, const UCHAR *From, ULONG Length)
{
    for (ULONG i = 0; i < Length / 2; i++) {
        UCHAR Last = From[Length - 1 - i];
        To[Length - 1 - i] = From[i];
        To[i] = Last;
    }
    if (Length % 2 != 0) {
        To[Length / 2] = From[Length / 2];
    }
}

static NTSTATUS
ReverseNeither(PIRP Irp, PUCHAR In, ULONG InLength, ULONG OutLength)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (OutLength < InLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    __try {
        if (Irp->RequestorMode != KernelMode) {
            ProbeForRead(In, InLength, 1);
            ProbeForWrite(Irp->UserBuffer, OutLength, 1);
        }
        Reverse(Irp->UserBuffer, In, InLength);
        Irp->IoStatus.Information = InLength;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

static NTSTATUS
SumOf(PIRP Irp, ULONG InLength, ULONG OutLength)
{
    const UCHAR *In = Irp->AssociatedIrp.SystemBuffer;
    const UCHAR *Out = OutLength != 0 ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : NULL;

    for (ULONG i = 0; i < InLength; i++) {
        Irp->IoStatus.Information += In[i];
    }
    for (ULONG i = 0; i < OutLength; i++) {
        Irp->IoStatus.Information += Out[i];
    }
    return OutLength == 0 || MmGetMdlByteCount(Irp->MdlAddress) == OutLength ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static NTSTATUS
Who(PIRP Irp, ULONG OutLength)
{
    struct control_who *Out = Irp->AssociatedIrp.SystemBuffer;

    if (OutLength < sizeof(*Out)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Out->current = (ULONG_PTR)PsGetCurrentProcessId();
    Out->requestor = IoGetRequestorProcessId(Irp);
    Out->mode = (unsigned)Irp->RequestorMode;
    Out->major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;
    Irp->IoStatus.Information = sizeof(*Out);
    return STATUS_SUCCESS;
}

static NTSTATUS
WakeAll(PIRP Irp, ULONG OutLength)
{
    ULONG Woken = 0;
    PIRP Next;

    while ((Next = IoCsqRemoveNextIrp(&ControlQueue, NULL)) != NULL) {
        ULONG Length = IoGetCurrentIrpStackLocation(Next)->Parameters.DeviceIoControl.OutputBufferLength;
        Length = Length < 4 ? Length : 4;
        RtlCopyMemory(Next->AssociatedIrp.SystemBuffer, "woke", Length);
        ControlComplete(Next, STATUS_SUCCESS, Length);
        Woken++;
    }
    if (OutLength >= sizeof(Woken)) {
        *(PULONG)Irp->AssociatedIrp.SystemBuffer = Woken;
        Irp->IoStatus.Information = sizeof(Woken);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
Hold(PIRP Irp)
{
    KIRQL Irql;

    IoMarkIrpPending(Irp);
    KeAcquireSpinLock(&ControlLock, &Irql);
    InsertTailList(&HeldList, &Irp->Tail.Overlay.ListEntry);
    Counts.pended++;
    KeReleaseSpinLock(&ControlLock, Irql);
    return STATUS_PENDING;
}

static VOID
LaterRoutine(PDEVICE_OBJECT Device, PVOID Context)
{
    PIRP Irp = ((PVOID *)Context)[0];
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Length = Stack->Parameters.DeviceIoControl.InputBufferLength;

    UNREFERENCED_PARAMETER(Device);
    Reverse(Irp->AssociatedIrp.SystemBuffer, Irp->AssociatedIrp.SystemBuffer, Length);
    ControlComplete(Irp, STATUS_SUCCESS, min(Length, Stack->Parameters.DeviceIoControl.OutputBufferLength));
    IoFreeWorkItem(((PVOID *)Context)[1]);
    ExFreePoolWithTag(Context, CONTROL_TAG);
}

static NTSTATUS
Later(PDEVICE_OBJECT Device, PIRP Irp)
{
    PVOID *Context = ExAllocatePoolWithTag(NonPagedPoolNx, 2 * sizeof(PVOID), CONTROL_TAG);
    PIO_WORKITEM Item = Context != NULL ? IoAllocateWorkItem(Device) : NULL;

    if (Item == NULL) {
        if (Context != NULL) {
            ExFreePoolWithTag(Context, CONTROL_TAG);
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Context[0] = Irp;
    Context[1] = Item;
    IoMarkIrpPending(Irp);
    IoQueueWorkItem(Item, LaterRoutine, DelayedWorkQueue, Context);
    return STATUS_PENDING;
}

static NTSTATUS
Pend(PIRP Irp)
{
    IoCsqInsertIrp(&ControlQueue, Irp, NULL);
    return STATUS_PENDING;
}

static VOID
Wait(LONG Milliseconds)
{
    LARGE_INTEGER Time = {.QuadPart = -10000ll * Milliseconds};

    KeDelayExecutionThread(KernelMode, FALSE, &Time);
}

/* STATUS_PENDING: the IRP is away. */
static NTSTATUS
ControlRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PVOID System = Irp->AssociatedIrp.SystemBuffer;
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength, Out = Stack->Parameters.DeviceIoControl.OutputBufferLength;

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case CONTROL_REVERSE:
        if (Out < In) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Reverse(System, System, In);
        Irp->IoStatus.Information = In;
        return STATUS_SUCCESS;
    case CONTROL_SUM:
        return SumOf(Irp, In, Out);
    case CONTROL_REVERSE_DIRECT:
        if (Out < In || Irp->MdlAddress == NULL) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Reverse(MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority), System, In);
        Irp->IoStatus.Information = In;
        return STATUS_SUCCESS;
    case CONTROL_REVERSE_NEITHER:
        return ReverseNeither(Irp, Stack->Parameters.DeviceIoControl.Type3InputBuffer, In, Out);
    case CONTROL_WHO:
        return Who(Irp, Out);
    case CONTROL_BLOCK:
        Wait(300);
        return Pend(Irp);
    case CONTROL_PEND:
        return Pend(Irp);
    case CONTROL_WAKE:
        return WakeAll(Irp, Out);
    case CONTROL_UNTIL_CLEANUP:
        return Hold(Irp);
    case CONTROL_NEVER:
        IoMarkIrpPending(Irp);
        return STATUS_PENDING;
    case CONTROL_READER:
    case CONTROL_WRITER:
        return STATUS_SUCCESS;
    case CONTROL_TOO_MUCH:
        Irp->IoStatus.Information = Out + 100; /* the mistake */
        return STATUS_SUCCESS;
    case CONTROL_PART:
        RtlFillMemory(System, Out, 'p');
        Irp->IoStatus.Information = Out;
        return STATUS_BUFFER_OVERFLOW;
    case CONTROL_CRASH:
        *(volatile int *)16 = 0;
        return STATUS_SUCCESS;
    case CONTROL_COUNTS:
        if (Out < sizeof(Counts)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        *(struct control_counts *)System = Counts;
        Irp->IoStatus.Information = sizeof(Counts);
        return STATUS_SUCCESS;
    case CONTROL_LATER:
        return Later(Device, Irp);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

static NTSTATUS
ControlDeviceControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    NTSTATUS Status;

    Irp->IoStatus.Information = 0;
    Status = ControlRequest(Device, Irp, IoGetCurrentIrpStackLocation(Irp));
    if (Status != STATUS_PENDING) {
        ControlComplete(Irp, Status, Irp->IoStatus.Information);
    }
    return Status;
}

static NTSTATUS
ControlTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Length = Stack->Parameters.Read.Length, At = Stack->Parameters.Read.ByteOffset.LowPart;
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Device->Flags & DO_DIRECT_IO) != 0 && Irp->MdlAddress != NULL) {
        Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    }
    if (Stack->Parameters.Read.ByteOffset.QuadPart >= STORE_BYTES) {
        Status = Stack->MajorFunction == IRP_MJ_READ ? STATUS_END_OF_FILE : STATUS_DISK_FULL;
        Length = 0;
    } else if (Length > STORE_BYTES - At) {
        Length = STORE_BYTES - At;
    }
    if (Length != 0 && Stack->MajorFunction == IRP_MJ_READ) {
        RtlCopyMemory(Buffer, Store + At, Length);
    } else if (Length != 0) {
        RtlCopyMemory(Store + At, Buffer, Length);
    }
    ControlComplete(Irp, Status, Length);
    return Status;
}

/* ---- open and close ---- */

static NTSTATUS
ControlOpenClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    UNREFERENCED_PARAMETER(Device);
    InterlockedIncrement((PLONG)(Major == IRP_MJ_CREATE ? &Counts.creates : &Counts.closes));
    ControlComplete(Irp, STATUS_SUCCESS, 0);
    return STATUS_SUCCESS;
}

static NTSTATUS
ControlCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    LIST_ENTRY Mine;
    PIRP Next;
    KIRQL Irql;

    UNREFERENCED_PARAMETER(Device);
    InterlockedIncrement((PLONG)&Counts.cleanups);
    while ((Next = IoCsqRemoveNextIrp(&ControlQueue, File)) != NULL) {
        ControlComplete(Next, STATUS_CANCELLED, 0);
    }
    InitializeListHead(&Mine);
    KeAcquireSpinLock(&ControlLock, &Irql);
    for (PLIST_ENTRY Entry = HeldList.Flink, After; Entry != &HeldList; Entry = After) {
        After = Entry->Flink;
        if (IoGetCurrentIrpStackLocation(CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry))->FileObject == File) {
            RemoveEntryList(Entry);
            InsertTailList(&Mine, Entry);
        }
    }
    KeReleaseSpinLock(&ControlLock, Irql);
    while (!IsListEmpty(&Mine)) {
        ControlComplete(CONTAINING_RECORD(RemoveHeadList(&Mine), IRP, Tail.Overlay.ListEntry), STATUS_CANCELLED, 0);
    }
    ControlComplete(Irp, STATUS_SUCCESS, 0);
    return STATUS_SUCCESS;
}

/* ---- load and unload ---- */

static const struct { const WCHAR *Name, *Link; BOOLEAN Exclusive; ULONG Flags; } Devices[] = {
    {L"\\Device\\FbControl", L"\\DosDevices\\FbControl", FALSE, DO_BUFFERED_IO},
    {L"\\Device\\FbExclusive", L"\\DosDevices\\FbExclusive", TRUE, DO_BUFFERED_IO},
    {L"\\Device\\FbDirect", L"\\??\\FbDirect", FALSE, DO_DIRECT_IO},
};

static VOID
ControlUnload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Devices); i++) {
        RtlInitUnicodeString(&Link, Devices[i].Link);
        IoDeleteSymbolicLink(&Link);
    }
    while (Driver->DeviceObject != NULL) {
        IoDeleteDevice(Driver->DeviceObject);
    }
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = STATUS_SUCCESS;
    UNICODE_STRING Name, Link;
    PDEVICE_OBJECT Device;

    UNREFERENCED_PARAMETER(RegistryPath);
    InitializeListHead(&ControlList);
    InitializeListHead(&HeldList);
    KeInitializeSpinLock(&ControlLock);
    IoCsqInitialize(&ControlQueue, ControlInsert, ControlRemove, ControlPeek, ControlAcquire, ControlRelease, ControlCancelled);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Devices) && NT_SUCCESS(Status); i++) {
        RtlInitUnicodeString(&Name, Devices[i].Name);
        RtlInitUnicodeString(&Link, Devices[i].Link);
        Status = IoCreateDevice(Driver, 0, &Name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, Devices[i].Exclusive, &Device);
        if (NT_SUCCESS(Status)) {
            Device->Flags |= Devices[i].Flags;
            Status = IoCreateSymbolicLink(&Link, &Name);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ControlUnload(Driver);
        return Status;
    }
    Driver->MajorFunction[IRP_MJ_CREATE] = ControlOpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = ControlOpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = ControlCleanup;
    Driver->MajorFunction[IRP_MJ_READ] = ControlTransfer;
    Driver->MajorFunction[IRP_MJ_WRITE] = ControlTransfer;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = ControlDeviceControl;
    Driver->DriverUnload = ControlUnload;
    return STATUS_SUCCESS;
}

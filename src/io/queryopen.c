/* SPDX-License-Identifier: MIT */
/*
 * Queries by name without an open.  Drivers of ours answer IOP_QUERY_OPEN; a legacy filter is asked by its FastIoQueryOpen, as the I/O manager of
 * Windows asks: with the IRP of the open that the query stands for, which is never sent.  It hands the IRP to the FastIoQueryOpen of
 * the device below, and so the query comes back to drivers of ours: the IRP remembers it.
 */
#include "io/iopp.h"
#include "io/passage.h"
#include "ps/psp.h"

#include <stdatomic.h>
#include <string.h>

/* ---- the IRP ---- */

/* Marks the IRP of a query; nobody completes it. */
static VOID
IopQueryIrpMark(PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Context);
}

BOOLEAN
IopQueryIrpCreate(IOP_QUERY_IRP *Query, IOP_QUERY_OPEN *Open, PDEVICE_OBJECT Device)
{
    PIRP Irp = IopIrpAllocate(Device->StackSize);

    if (Irp == NULL) {
        return FALSE;
    }
    memset(Query, 0, sizeof(*Query));
    IoSetNextIrpStackLocation(Irp);
    Irp->Flags = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API | IRP_DEFER_IO_COMPLETION;
    Irp->RequestorMode = Open->RequestorMode;
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Irp->Tail.Overlay.OriginalFileObject = Open->FileObject;
    IopIrpExtension(Irp)->Completion = IopQueryIrpMark;
    IopIrpExtension(Irp)->CompletionContext = Open;
    Query->Access.OriginalDesiredAccess = Query->Access.RemainingDesiredAccess = FILE_READ_ATTRIBUTES;
    SeCaptureSubjectContext(&Query->Access.SubjectSecurityContext);
    Query->Security.AccessState = &Query->Access;
    Query->Security.DesiredAccess = FILE_READ_ATTRIBUTES;
    Query->Security.FullCreateOptions = FILE_OPEN_REPARSE_POINT;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_CREATE;
    Stack->Flags = Open->CaseSensitive ? SL_CASE_SENSITIVE : 0;
    Stack->DeviceObject = Device;
    Stack->FileObject = Open->FileObject;
    Stack->Parameters.Create.SecurityContext = &Query->Security;
    Stack->Parameters.Create.Options = ((ULONG)FILE_OPEN << 24) | FILE_OPEN_REPARSE_POINT;
    Stack->Parameters.Create.ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    Query->Irp = Irp;
    return TRUE;
}

VOID
IopQueryIrpDelete(IOP_QUERY_IRP *Query)
{
    if (Query->Irp != NULL) {
        SeReleaseSubjectContext(&Query->Access.SubjectSecurityContext);
        IopIrpExtension(Query->Irp)->Completion = NULL;
        IopIrpFree(Query->Irp);
    }
}

/* ---- network information <-> what was asked for ---- */

BOOLEAN
IopQueryHasNetwork(const IOP_QUERY_OPEN *Open)
{
    return Open->Class == FileStatLxInformation || Open->Class == FileStatInformation || Open->Class == FileNetworkOpenInformation;
}

VOID
IopQueryToNetwork(const IOP_QUERY_OPEN *Open, FILE_NETWORK_OPEN_INFORMATION *Network)
{
    if (Open->Class == FileNetworkOpenInformation) {
        memcpy(Network, Open->Buffer, sizeof(*Network));
        return;
    }
    const FILE_STAT_INFORMATION *Stat = Open->Buffer;
    Network->CreationTime = Stat->CreationTime;
    Network->LastAccessTime = Stat->LastAccessTime;
    Network->LastWriteTime = Stat->LastWriteTime;
    Network->ChangeTime = Stat->ChangeTime;
    Network->AllocationSize = Stat->AllocationSize;
    Network->EndOfFile = Stat->EndOfFile;
    Network->FileAttributes = Stat->FileAttributes;
}

VOID
IopQueryFromNetwork(const FILE_NETWORK_OPEN_INFORMATION *Network, IOP_QUERY_OPEN *Open)
{
    if (Open->Class == FileNetworkOpenInformation) {
        memcpy(Open->Buffer, Network, sizeof(*Network));
        Open->Returned = sizeof(*Network);
        return;
    }
    FILE_STAT_INFORMATION *Stat = Open->Buffer;
    Stat->CreationTime = Network->CreationTime;
    Stat->LastAccessTime = Network->LastAccessTime;
    Stat->LastWriteTime = Network->LastWriteTime;
    Stat->ChangeTime = Network->ChangeTime;
    Stat->AllocationSize = Network->AllocationSize;
    Stat->EndOfFile = Network->EndOfFile;
    Stat->FileAttributes = Network->FileAttributes;
}

/* ---- a driver of ours below a legacy filter ---- */

BOOLEAN
IopQueryMustOpen(NTSTATUS Status)
{
    return Status == STATUS_FLT_DISALLOW_FSFILTER_IO || Status == STATUS_NOT_SUPPORTED || Status == STATUS_FLT_DISALLOW_FAST_IO;
}

BOOLEAN
IopFastQueryOpen(PIRP Irp, PFILE_NETWORK_OPEN_INFORMATION Network, PDEVICE_OBJECT Device)
{
    const IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension == NULL || Extension->Completion != IopQueryIrpMark) {
        return FALSE;                          /* an IRP of somebody else's making */
    }
    IOP_QUERY_OPEN *Open = Extension->CompletionContext;
    const NTSTATUS Status = IopQueryOpenLower(Device, Open);
    if (IopQueryMustOpen(Status)) {
        return FALSE;
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    if (NT_SUCCESS(Status)) {
        IopQueryToNetwork(Open, Network);
        Irp->IoStatus.Information = sizeof(*Network);
    }
    Open->Answered = TRUE;
    return TRUE;
}

/* ---- a legacy filter ---- */

static PDEVICE_OBJECT
IopQueryBase(PDEVICE_OBJECT Device)
{
    for (PDEVICE_OBJECT Below; (Below = atomic_load_explicit(&IopDevice(Device)->Below, memory_order_acquire)) != NULL;) {
        Device = Below;
    }
    return Device;
}

/* What it said, and, of what network information does not have, what the file system says. */
static NTSTATUS
IopQueryForeignFinish(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Open, NTSTATUS Status, const FILE_NETWORK_OPEN_INFORMATION *Network)
{
    if (NT_SUCCESS(Status) && !Open->Answered && Open->Class != FileNetworkOpenInformation) {
        const NTSTATUS Below = IopQueryOpenLower(IopQueryBase(Device), Open);
        if (!NT_SUCCESS(Below)) {
            return Below;
        }
    }
    if (NT_SUCCESS(Status)) {
        IopQueryFromNetwork(Network, Open);
    }
    return Status;
}

static NTSTATUS
IopQueryForeign(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Open)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Device->DriverObject);
    const FAST_IO_DISPATCH *const Table = Driver->Public.FastIoDispatch;
    FILE_NETWORK_OPEN_INFORMATION Network = {0};
    volatile BOOLEAN Done = FALSE;
    KI_DRIVER_CALL Frame = {.Owner = Driver->Owner, .Operation = "fast I/O", .Phase = "FastIoQueryOpen", .Name = &Open->FileObject->FileName};
    IOP_QUERY_IRP Query;

    /* A file system of somebody else's has nobody below who would say the rest. */
    if (atomic_load_explicit(&IopDevice(Device)->Below, memory_order_acquire) == NULL && Open->Class != FileNetworkOpenInformation) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!IOP_FAST_IO_HAS(Table, FastIoQueryOpen) || !IopQueryHasNetwork(Open) || !IopQueryIrpCreate(&Query, Open, Device)) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!IopDriverEnter(Driver, 0)) {
        IopQueryIrpDelete(&Query);
        return STATUS_NOT_SUPPORTED;
    }
    Open->Answered = FALSE;
    NT_CALL(&Frame, Done = Table->FastIoQueryOpen(Query.Irp, &Network, Device));
    IopDriverLeave(Driver);
    NTSTATUS Status = Query.Irp->IoStatus.Status;
    IopQueryIrpDelete(&Query);
    if (Frame.Faulted) {
        atomic_store_explicit(&Driver->Dead, 1, memory_order_release);
        return STATUS_NOT_SUPPORTED;
    }
    return Done ? IopQueryForeignFinish(Device, Open, Status, &Network) : STATUS_NOT_SUPPORTED;
}

/* ---- entry ---- */

NTSTATUS
IopQueryOpenLower(PDEVICE_OBJECT Lower, IOP_QUERY_OPEN *Query)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Lower->DriverObject);

    return Driver->QueryOpen != NULL ? Driver->QueryOpen(Lower, Query) : Driver->Runtime ? STATUS_NOT_SUPPORTED : IopQueryForeign(Lower, Query);
}

NTSTATUS
IopQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query)
{
    const PDEVICE_OBJECT Real = IopDevice(Device)->RealDevice != NULL ? IopDevice(Device)->RealDevice : Device;

    if (!IopPassageEnter(Real)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    KPROCESSOR_MODE Mode = IopPreviousModeSwap(Query->RequestorMode);
    NTSTATUS Status = IopQueryOpenLower(IopVolumeTop(Device), Query);
    IopPreviousModeSwap(Mode);
    IopPassageLeave(Real);
    return Status;
}

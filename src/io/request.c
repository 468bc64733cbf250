/* SPDX-License-Identifier: MIT */
/*
 * Requests: an IRP out of an IOP_REQUEST, its buffers, sending it and waiting.
 *
 * Extension.State while IopIssueIrp sends: SENT -> DONE by the last stage of completion; or SENT -> WAITING by the sender, who then
 * waits on an event of its own stack that the last stage sets.  Completed on the sender's thread, no event is ever touched.
 */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

#include "ps/psp.h"

/* ---- buffers ---- */

/* How a major function hands over its buffers when the device does not decide. */
enum { IOP_KIND_NONE, IOP_KIND_SYSTEM, IOP_KIND_DEVICE_IN, IOP_KIND_DEVICE_OUT, IOP_KIND_CONTROL, IOP_KIND_USER };
static const UCHAR IopMajorKind[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = IOP_KIND_SYSTEM,
    [IRP_MJ_READ] = IOP_KIND_DEVICE_OUT,
    [IRP_MJ_WRITE] = IOP_KIND_DEVICE_IN,
    [IRP_MJ_QUERY_INFORMATION] = IOP_KIND_SYSTEM,
    [IRP_MJ_SET_INFORMATION] = IOP_KIND_SYSTEM,
    [IRP_MJ_QUERY_EA] = IOP_KIND_DEVICE_OUT,
    [IRP_MJ_SET_EA] = IOP_KIND_DEVICE_IN,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = IOP_KIND_SYSTEM,
    [IRP_MJ_SET_VOLUME_INFORMATION] = IOP_KIND_SYSTEM,
    [IRP_MJ_DIRECTORY_CONTROL] = IOP_KIND_DEVICE_OUT,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = IOP_KIND_CONTROL,
    [IRP_MJ_DEVICE_CONTROL] = IOP_KIND_CONTROL,
    [IRP_MJ_INTERNAL_DEVICE_CONTROL] = IOP_KIND_CONTROL,
    [IRP_MJ_QUERY_SECURITY] = IOP_KIND_USER,
    [IRP_MJ_QUERY_QUOTA] = IOP_KIND_DEVICE_OUT,
    [IRP_MJ_SET_QUOTA] = IOP_KIND_DEVICE_IN};

static NTSTATUS
IopTransportMdl(PIRP Irp, PVOID Buffer, ULONG Length)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Buffer == NULL || Length == 0) {
        return STATUS_SUCCESS;
    }
    PMDL Mdl = IopMdlAllocate(Buffer, Length);
    if (Mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MmBuildMdlForNonPagedPool(Mdl);            /* everything is mapped and resident here */
    Irp->MdlAddress = Mdl;
    Extension->Transport |= IOP_TRANSPORT_MDL;
    return STATUS_SUCCESS;
}

/* One system buffer for input and output that are two places: the last stage copies out. */
static NTSTATUS
IopTransportBounce(PIRP Irp, const IOP_REQUEST *Request)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    ULONG Bytes = Request->InputLength > Request->OutputLength ? Request->InputLength : Request->OutputLength;

    Extension->Bounce = ExAllocatePoolWithTag(NonPagedPool, Bytes, IOP_TAG_GENERAL);
    if (Extension->Bounce == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Extension->Bounce, Request->InputBuffer, Request->InputLength);
    memset((PUCHAR)Extension->Bounce + Request->InputLength, 0, Bytes - Request->InputLength);
    Extension->Transport |= IOP_TRANSPORT_BOUNCE;
    Extension->OutputBuffer = Request->OutputBuffer;
    Extension->OutputLength = Request->OutputLength;
    Irp->AssociatedIrp.SystemBuffer = Extension->Bounce;
    Irp->UserBuffer = Request->OutputBuffer;
    Irp->Flags |= IRP_BUFFERED_IO;
    return STATUS_SUCCESS;
}

static NTSTATUS
IopTransportControl(PIRP Irp, const IOP_REQUEST *Request, PIO_STACK_LOCATION Stack)
{
    ULONG Method = Stack->Parameters.FileSystemControl.FsControlCode & 3;

    Stack->Parameters.FileSystemControl.InputBufferLength = Request->InputLength;
    Stack->Parameters.FileSystemControl.OutputBufferLength = Request->OutputLength;
    Irp->UserBuffer = Request->OutputBuffer;
    if (Method == METHOD_NEITHER) {
        Stack->Parameters.FileSystemControl.Type3InputBuffer = Request->InputBuffer;
        return STATUS_SUCCESS;
    }
    if (Method != METHOD_BUFFERED) {
        Irp->AssociatedIrp.SystemBuffer = Request->InputBuffer;
        return IopTransportMdl(Irp, Request->OutputBuffer, Request->OutputLength);
    }
    if (Request->InputLength != 0 && Request->OutputLength != 0 && Request->InputBuffer != Request->OutputBuffer) {
        return IopTransportBounce(Irp, Request);
    }
    Irp->AssociatedIrp.SystemBuffer = Request->InputLength != 0 ? Request->InputBuffer : Request->OutputBuffer;
    Irp->Flags |= IRP_BUFFERED_IO;
    return STATUS_SUCCESS;
}

/* READ, WRITE and their like: as the device asks. The requestor's memory can serve as system buffer: it waits. */
static NTSTATUS
IopTransportDevice(PIRP Irp, PVOID Buffer, ULONG Length, PDEVICE_OBJECT Device)
{
    Irp->UserBuffer = Buffer;
    if ((__atomic_load_n(&Device->Flags, __ATOMIC_RELAXED) & DO_BUFFERED_IO) != 0) {
        Irp->AssociatedIrp.SystemBuffer = Buffer;
        Irp->Flags |= IRP_BUFFERED_IO;
        return STATUS_SUCCESS;
    }
    if ((__atomic_load_n(&Device->Flags, __ATOMIC_RELAXED) & DO_DIRECT_IO) != 0) {
        return IopTransportMdl(Irp, Buffer, Length);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
IopIrpTransport(PIRP Irp, const IOP_REQUEST *Request, PIO_STACK_LOCATION Stack, PDEVICE_OBJECT Device)
{
    BOOLEAN Paging = (Irp->Flags & IRP_PAGING_IO) != 0;

    switch (Stack->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION ? IopMajorKind[Stack->MajorFunction] : IOP_KIND_NONE) {
    case IOP_KIND_SYSTEM:
        Irp->AssociatedIrp.SystemBuffer = Request->InputLength != 0 ? Request->InputBuffer : Request->OutputBuffer;
        Irp->UserBuffer = Request->OutputBuffer;
        Irp->Flags |= Stack->MajorFunction == IRP_MJ_CREATE ? 0 : IRP_BUFFERED_IO;
        return STATUS_SUCCESS;
    case IOP_KIND_DEVICE_OUT:
        if (Paging) {
            Irp->UserBuffer = Request->OutputBuffer;
            return IopTransportMdl(Irp, Request->OutputBuffer, Request->OutputLength);
        }
        return IopTransportDevice(Irp, Request->OutputBuffer, Request->OutputLength, Device);
    case IOP_KIND_DEVICE_IN:
        if (Paging) {
            Irp->UserBuffer = Request->InputBuffer;
            return IopTransportMdl(Irp, Request->InputBuffer, Request->InputLength);
        }
        return IopTransportDevice(Irp, Request->InputBuffer, Request->InputLength, Device);
    case IOP_KIND_USER:
        Irp->UserBuffer = Request->OutputBuffer;
        return STATUS_SUCCESS;
    case IOP_KIND_CONTROL:
        if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
            (Stack->MinorFunction == IRP_MN_MOUNT_VOLUME || Stack->MinorFunction == IRP_MN_VERIFY_VOLUME)) {
            return STATUS_SUCCESS;             /* other parameters, no buffers */
        }
        return IopTransportControl(Irp, Request, Stack);
    default:
        return STATUS_SUCCESS;
    }
}

VOID
IopIrpFinish(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if ((Extension->Transport & IOP_TRANSPORT_BOUNCE) != 0) {
        if (NT_SUCCESS(Irp->IoStatus.Status) || NT_WARNING(Irp->IoStatus.Status)) {
            SIZE_T Bytes = Irp->IoStatus.Information;
            memcpy(Extension->OutputBuffer, Extension->Bounce, Bytes < Extension->OutputLength ? Bytes : Extension->OutputLength);
        }
        ExFreePool(Extension->Bounce);
        Extension->Bounce = NULL;
    }
    if ((Extension->Transport & IOP_TRANSPORT_MDL) != 0) {
        while (Irp->MdlAddress != NULL) {
            PMDL Mdl = Irp->MdlAddress;
            Irp->MdlAddress = Mdl->Next;
            IoFreeMdl(Mdl);
        }
    }
    Extension->Transport = 0;
}

/* ---- building ---- */

static const ULONG IopMajorIrpFlags[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API | IRP_DEFER_IO_COMPLETION,
    [IRP_MJ_READ] = IRP_READ_OPERATION | IRP_DEFER_IO_COMPLETION,
    [IRP_MJ_WRITE] = IRP_WRITE_OPERATION | IRP_DEFER_IO_COMPLETION,
    [IRP_MJ_CLOSE] = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API,
    [IRP_MJ_CLEANUP] = IRP_CLOSE_OPERATION | IRP_SYNCHRONOUS_API};

static VOID
IopIrpIdentity(PIRP Irp, const IOP_REQUEST *Request)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    Extension->OperationId = IopOperationId();
    Extension->Attachment = Request->Attachment;
    Extension->FilterTarget = Request->FilterTarget;
    Extension->RequestorProcess = PsGetCurrentProcess();
    if (Request->FilterTarget == NULL && Request->FileObject != NULL && IopFileIsOurs(Request->FileObject)) {
        Extension->FilterTarget = IOP_FILE_FROM(Request->FileObject)->FilterTarget;
    }
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    Irp->Tail.Overlay.OriginalFileObject = Request->FileObject;
    Irp->RequestorMode = Request->RequestorMode;
}

PIRP
IopIrpAllocateForRequest(const IOP_REQUEST *Request, PDEVICE_OBJECT Device)
{
    PIRP Irp = IopIrpAllocate(Device->StackSize);

    if (Irp == NULL) {
        return NULL;
    }
    PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);
    *Stack = Request->Stack;
    Stack->Control = 0;
    Stack->CompletionRoutine = NULL;
    Stack->Context = NULL;
    Stack->FileObject = Request->FileObject;
    Stack->DeviceObject = Device;
    Irp->Flags = Request->IrpFlags;
    if (Stack->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION && (Request->IrpFlags & IRP_PAGING_IO) == 0) {
        Irp->Flags |= IopMajorIrpFlags[Stack->MajorFunction];
    }
    IopIrpIdentity(Irp, Request);
    if (!NT_SUCCESS(IopIrpTransport(Irp, Request, Stack, Device))) {
        IopIrpFree(Irp);
        return NULL;
    }
    return Irp;
}

/* ---- sending ---- */

/* What a driver might still write to, one number; never 0. */
static ULONGLONG
IopIrpSeal(PIRP Irp)
{
    const ULONGLONG *Words = (const ULONGLONG *)(Irp + 1);
    const SIZE_T Count = (SIZE_T)Irp->StackCount * sizeof(IO_STACK_LOCATION) / sizeof(ULONGLONG);
    ULONGLONG Seal = (ULONG)Irp->IoStatus.Status ^ Irp->IoStatus.Information << 32 ^ (ULONGLONG)Irp->PendingReturned << 31 ^ Irp->Flags;

    for (SIZE_T i = 0; i < Count; i++) {
        Seal = (Seal ^ Words[i]) * 0x100000001B3ull;
    }
    return Seal | 1;
}

/* The dispatch routine has returned, long ago perhaps: its name is the best there is. */
static VOID
IopIssueFinding(const char *Code, PDRIVER_OBJECT Driver, PIRP Irp, const char *Text)
{
    const UCHAR Major = ((PIO_STACK_LOCATION)(Irp + 1) + Irp->StackCount - 1)->MajorFunction;
    const uintptr_t Routine = (uintptr_t)Driver->MajorFunction[Major <= IRP_MJ_MAXIMUM_FUNCTION ? Major : 0] + 1;

    if (!IopDriverIsRuntime(Driver)) {
        vf_report_stack(Code, NULL, NULL, IOP_DRIVER_FROM(Driver)->Owner, NULL, vf_stack_intern(&Routine, 1), "%s: %s", IopMajorName(Major), Text);
    }
}

/* It is completed and the dispatch routine has returned Status. */
static VOID
IopIssueCheck(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS Status)
{
    const IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Status == STATUS_PENDING && !Irp->PendingReturned) {
        IopIssueFinding("IO-19", Device->DriverObject, Irp, "STATUS_PENDING was returned, and the IRP was not marked pending");
    }
    if (Extension->Seal != 0 && Extension->Seal != IopIrpSeal(Irp)) {
        IopIssueFinding("IO-20", Extension->Foreign, Irp, "the IRP was written to after it was completed");
    }
}

/* Last stage of an IRP somebody waits for. */
static VOID
IopIssueCompletion(PIRP Irp, PVOID Context)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    PKEVENT Event = Context;

    if (__builtin_expect(Extension->Foreign != NULL && vf_on(), 0)) {
        Extension->Seal = IopIrpSeal(Irp);
    }
    if (atomic_exchange_explicit(&Extension->State, IOP_IRP_DONE, memory_order_acq_rel) == IOP_IRP_WAITING) {
        KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    }
}

static VOID
IopIssueWait(PIRP Irp, IOP_IRP_EXTENSION *Extension, PKEVENT Event)
{
    ULONG Expected = IOP_IRP_SENT;
    IOP_WAITING Waiting;

    KeInitializeEvent(Event, NotificationEvent, FALSE);
    if (atomic_compare_exchange_strong_explicit(
            &Extension->State, &Expected, IOP_IRP_WAITING, memory_order_acq_rel, memory_order_acquire)) {
        IopWaitingEnter(&Waiting, Irp);
        KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL);
        IopWaitingLeave(&Waiting);
    }
}

NTSTATUS
IopIssueIrp(PDEVICE_OBJECT Device, PIRP Irp, PIO_STATUS_BLOCK IoStatus)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    KPROCESSOR_MODE Mode = IopPreviousModeSwap(Irp->RequestorMode);
    KEVENT Event;

    Extension->Completion = IopIssueCompletion;
    Extension->CompletionContext = &Event;
    Extension->Foreign = NULL;
    Extension->Seal = 0;
    atomic_store_explicit(&Extension->State, IOP_IRP_SENT, memory_order_relaxed);
    NTSTATUS Status = IofCallDriver(Device, Irp);
    if (atomic_load_explicit(&Extension->State, memory_order_acquire) != IOP_IRP_DONE) {
        if (Status != STATUS_PENDING) {
            IopIssueFinding("IO-05", Device->DriverObject, Irp, "the dispatch routine returned before its IRP was completed, not STATUS_PENDING");
        }
        IopIssueWait(Irp, Extension, &Event);
    }
    if (__builtin_expect(Extension->Foreign != NULL && vf_on(), 0)) {
        IopIssueCheck(Device, Irp, Status);
    }
    IopPreviousModeSwap(Mode);
    if (Extension->Transport != 0) {
        IopIrpFinish(Irp);
    }
    if (IoStatus != NULL) {
        *IoStatus = Irp->IoStatus;
    }
    return Irp->IoStatus.Status;
}

NTSTATUS
IopIssueIrpAsync(PDEVICE_OBJECT Device, PIRP Irp, VOID (*Completion)(PIRP Irp, PVOID Context), PVOID Context)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    Extension->Completion = Completion;
    Extension->CompletionContext = Context;
    return IofCallDriver(Device, Irp);
}

NTSTATUS
IopRequest(IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus)
{
    PDEVICE_OBJECT Device =
        Request->StartDevice != NULL ? Request->StartDevice : IopFileStart(Request->FileObject, Request->Stack.MajorFunction);
    PIRP Irp = IopIrpAllocateForRequest(Request, Device);

    if (Irp == NULL) {
        IoStatus->Status = STATUS_INSUFFICIENT_RESOURCES;
        IoStatus->Information = 0;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = IopIssueIrp(Device, Irp, IoStatus);
    IopIrpFree(Irp);
    return Status;
}

/* ---- convenience ---- */

NTSTATUS
IopRead(PFILE_OBJECT FileObject, PVOID Buffer, ULONG Length, LONGLONG Offset, ULONG IrpFlags, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK IoStatus)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .OutputBuffer = Buffer, .OutputLength = Length, .IrpFlags = IrpFlags, .RequestorMode = Mode};

    Request.Stack.MajorFunction = IRP_MJ_READ;
    Request.Stack.Parameters.Read.Length = Length;
    Request.Stack.Parameters.Read.ByteOffset.QuadPart = Offset;
    return IopRequest(&Request, IoStatus);
}

NTSTATUS
IopWrite(PFILE_OBJECT FileObject, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG IrpFlags, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK IoStatus)
{
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = (PVOID)Buffer, .InputLength = Length, .IrpFlags = IrpFlags, .RequestorMode = Mode};

    Request.Stack.MajorFunction = IRP_MJ_WRITE;
    Request.Stack.Flags = (FileObject->Flags & FO_WRITE_THROUGH) != 0 ? SL_WRITE_THROUGH : 0;
    Request.Stack.Parameters.Write.Length = Length;
    Request.Stack.Parameters.Write.ByteOffset.QuadPart = Offset;
    return IopRequest(&Request, IoStatus);
}

NTSTATUS
IopQueryInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, KPROCESSOR_MODE Mode, PULONG Returned)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {.FileObject = FileObject, .OutputBuffer = Buffer, .OutputLength = Length, .RequestorMode = Mode};

    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.Length = Length;
    Request.Stack.Parameters.QueryFile.FileInformationClass = Class;
    NTSTATUS Status = IopRequest(&Request, &IoStatus);
    if (Returned != NULL) {
        *Returned = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    }
    return Status;
}

NTSTATUS
IopSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target, void *Attachment, KPROCESSOR_MODE Mode)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = {
        .FileObject = FileObject, .InputBuffer = Buffer, .InputLength = Length, .Attachment = Attachment, .RequestorMode = Mode};

    Request.Stack.MajorFunction = IRP_MJ_SET_INFORMATION;
    Request.Stack.Parameters.SetFile.Length = Length;
    Request.Stack.Parameters.SetFile.FileInformationClass = Class;
    Request.Stack.Parameters.SetFile.FileObject = Target;
    if (Length >= sizeof(BOOLEAN) && (Class == FileRenameInformation || Class == FileLinkInformation)) {
        Request.Stack.Parameters.SetFile.ReplaceIfExists = *(PBOOLEAN)Buffer;
    }
    return IopRequest(&Request, &IoStatus);
}

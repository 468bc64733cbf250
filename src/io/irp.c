/* SPDX-License-Identifier: MIT */
/*
 * IRP memory.  A block: IOP_IRP_EXTENSION, IRP, stack locations.  Two sizes are cached per thread; larger ones come from the
 * heap.  An IRP made by IoAllocateIrp is in the ledger in the name of the driver that runs, one of IopIrpAllocate is not.
 */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

enum { IOP_SMALL_LOCATIONS = 4, IOP_LARGE_LOCATIONS = 12, IOP_CLASS_UNCACHED = 0xFF };
_Static_assert(sizeof(IRP) % 16 == 0, "stack locations follow the IRP");

ULONGLONG
IopOperationId(VOID)
{
    static _Atomic(ULONGLONG) Next = 1;
    static IOP_THREAD_LOCAL ULONGLONG Mine, End;

    if (Mine == End) {
        Mine = atomic_fetch_add_explicit(&Next, 1024, memory_order_relaxed);
        End = Mine + 1024;
    }
    return Mine++;
}

static PVOID
IopIrpBlock(UCHAR *Class, CCHAR StackSize)
{
    CCHAR Room = StackSize;
    PVOID Block = NULL;

    if (StackSize <= IOP_SMALL_LOCATIONS) {
        *Class = IOP_CACHE_IRP_SMALL;
        Room = IOP_SMALL_LOCATIONS;
    } else if (StackSize <= IOP_LARGE_LOCATIONS) {
        *Class = IOP_CACHE_IRP_LARGE;
        Room = IOP_LARGE_LOCATIONS;
    } else {
        *Class = IOP_CLASS_UNCACHED;
    }
    if (*Class != IOP_CLASS_UNCACHED) {
        Block = IopCachePop(*Class);
    }
    return Block != NULL ? Block : port_alloc(IOP_IRP_EXTENSION_BYTES + sizeof(IRP) + (SIZE_T)Room * sizeof(IO_STACK_LOCATION));
}

static VOID
IopIrpReset(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    memset(Irp, 0, sizeof(IRP) + (SIZE_T)StackSize * sizeof(IO_STACK_LOCATION));
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = PacketSize;
    Irp->StackCount = StackSize;
    Irp->CurrentLocation = (CHAR)(StackSize + 1);
    Irp->ApcEnvironment = 0;
    InitializeListHead(&Irp->ThreadListEntry);
    Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(Irp + 1) + StackSize;
}

PIRP
IopIrpAllocate(CCHAR StackSize)
{
    UCHAR Class;

    if (StackSize < 1 || StackSize > 126) {
        return NULL;
    }
    IOP_IRP_EXTENSION *Extension = IopIrpBlock(&Class, StackSize);
    if (Extension == NULL) {
        return NULL;
    }
    memset(Extension, 0, sizeof(*Extension));
    Extension->SizeClass = Class;
    PIRP Irp = (PIRP)((PUCHAR)Extension + IOP_IRP_EXTENSION_BYTES);
    IopIrpReset(Irp, IoSizeOfIrp(StackSize), StackSize);
    Irp->AllocationFlags = IOP_IRP_OURS;
    return Irp;
}

VOID
IopIrpFree(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension->Transport != 0) {
        IopIrpFinish(Irp);
    }
    Irp->Type = 0;
    if (Extension->SizeClass == IOP_CLASS_UNCACHED || !IopCachePush(Extension->SizeClass, Extension)) {
        port_free(Extension);
    }
}

/* Windows: wdm.h, IoAllocateIrp.  Differences: quota is not charged. */
PIRP
IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    vf_owner *Owner = KiCurrentOwner();

    UNREFERENCED_PARAMETER(ChargeQuota);
    if (vf_inject("IoAllocateIrp", Owner)) {
        return NULL;
    }
    PIRP Irp = IopIrpAllocate(StackSize);
    if (Irp != NULL && Owner != NULL) {
        IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
        Extension->Owner = Owner;
        Extension->Ledger = vf_object_create(Owner, VF_IRP, Irp, Irp->Size, 0, VF_REASON_ALLOCATE, "IoAllocateIrp");
    }
    return Irp;
}

/* Windows: wdm.h, IoAllocateIrpEx.  Differences: none; the device is not needed. */
PIRP
IoAllocateIrpEx(PDEVICE_OBJECT DeviceObject, CCHAR StackSize, BOOLEAN ChargeQuota)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return IoAllocateIrp(StackSize, ChargeQuota);
}

/* Windows: wdm.h, IoFreeIrp.  Differences: an IRP in memory of the driver's own is left alone and reported. */
VOID
IoFreeIrp(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension == NULL || Irp->Type != IO_TYPE_IRP) {
        IopFinding("IO-08", "0x44", NULL, Irp, "IoFreeIrp of memory that is no IRP of IoAllocateIrp, or is free already");
        return;
    }
    if (Extension->Owner != NULL) {
        vf_object_destroy(Extension->Ledger, Extension->Owner, VF_IRP);
    }
    IopIrpFree(Irp);
}

/* Windows: wdm.h, IoInitializeIrp.  Differences: on an IRP of IoAllocateIrp, which Windows forbids, it works as IoReuseIrp. */
VOID
IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    IopIrpReset(Irp, PacketSize, StackSize);
}

/* Windows: wdm.h, IoReuseIrp.  Differences: none. */
VOID
IoReuseIrp(PIRP Irp, NTSTATUS Iostatus)
{
    UCHAR Flags = Irp->AllocationFlags;

    IopIrpReset(Irp, Irp->Size, Irp->StackCount);
    Irp->AllocationFlags = Flags;
    Irp->IoStatus.Status = Iostatus;
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);
    if (Extension != NULL) {
        Extension->Completion = NULL;
        Extension->Attachment = NULL;
        Extension->FilterTarget = NULL;
        Extension->EcpList = NULL;
        atomic_store_explicit(&Extension->State, IOP_IRP_IDLE, memory_order_relaxed);
    }
}

/* Windows: ntifs.h, IoMakeAssociatedIrp.  Differences: none. */
PIRP
IoMakeAssociatedIrp(PIRP Irp, CCHAR StackSize)
{
    PIRP Associated = IopIrpAllocate(StackSize);

    if (Associated != NULL) {
        Associated->Flags |= IRP_ASSOCIATED_IRP;
        Associated->Tail.Overlay.Thread = Irp->Tail.Overlay.Thread;
        Associated->AssociatedIrp.MasterIrp = Irp;
        IopIrpExtension(Associated)->RequestorProcess = IoGetRequestorProcess(Irp);
    }
    return Associated;
}

/* ---- what fltmgr and fsrtl find in an IRP ---- */

PECP_LIST
IopIrpEcpList(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    return Extension != NULL ? Extension->EcpList : NULL;
}

NTSTATUS
IopIrpSetEcpList(PIRP Irp, PECP_LIST List)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Extension->EcpList = List;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoGetRequestorProcess.  Differences: none. */
PEPROCESS
IoGetRequestorProcess(PIRP Irp)
{
    IOP_IRP_EXTENSION *Extension = IopIrpExtension(Irp);

    if (Extension != NULL && Extension->RequestorProcess != NULL) {
        return Extension->RequestorProcess;
    }
    return Irp->Tail.Overlay.Thread != NULL ? IoThreadToProcess(Irp->Tail.Overlay.Thread) : NULL;
}

/* Windows: ntifs.h, IoGetRequestorProcessId.  Differences: none. */
ULONG
IoGetRequestorProcessId(PIRP Irp)
{
    PEPROCESS Process = IoGetRequestorProcess(Irp);

    return Process != NULL ? (ULONG)(ULONG_PTR)PsGetProcessId(Process) : 0;
}

/* Windows: ntifs.h, IoGetRequestorSessionId.  Differences: there is one session, 0. */
NTSTATUS
IoGetRequestorSessionId(PIRP Irp, PULONG pSessionId)
{
    if (IoGetRequestorProcess(Irp) == NULL) {
        *pSessionId = (ULONG)-1;
        return STATUS_UNSUCCESSFUL;
    }
    *pSessionId = 0;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Cancellable waits, aligned pool, security descriptors of ports, the system's own folder. */
#include "fltmgr/fltname.h"

/* ---- cancellable waits ---- */

/*
 * While the wait lasts the IRP has a cancel routine that signals an event of the waiter.  The waiter leaves only when it has taken the
 * routine back or the routine has signaled, so that the event outlives it.
 */
static VOID
FltpWaitCancelled(PDEVICE_OBJECT Device, PIRP Irp)
{
    PKEVENT Event = Irp->Tail.Overlay.DriverContext[3];

    UNREFERENCED_PARAMETER(Device);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
}

typedef struct FLTP_CANCEL_WAIT {
    PIRP Irp;
    PVOID Saved;
    KEVENT Cancelled;
} FLTP_CANCEL_WAIT;

/* FALSE: the IRP is cancelled already. */
static BOOLEAN
FltpCancelWaitBegin(FLTP_CANCEL_WAIT *Wait, PIRP Irp)
{
    Wait->Irp = Irp;
    Wait->Saved = Irp->Tail.Overlay.DriverContext[3];
    KeInitializeEvent(&Wait->Cancelled, NotificationEvent, FALSE);
    Irp->Tail.Overlay.DriverContext[3] = &Wait->Cancelled;
    IoSetCancelRoutine(Irp, FltpWaitCancelled);
    return !__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST);
}

static VOID
FltpCancelWaitEnd(FLTP_CANCEL_WAIT *Wait)
{
    if (IoSetCancelRoutine(Wait->Irp, NULL) == NULL) {
        KeWaitForSingleObject(&Wait->Cancelled, Executive, KernelMode, FALSE, NULL);
    }
    Wait->Irp->Tail.Overlay.DriverContext[3] = Wait->Saved;
}

static PIRP
FltpWaitIrp(PFLT_CALLBACK_DATA CallbackData)
{
    return CallbackData != NULL && (CallbackData->Flags & FLTFL_CALLBACK_DATA_IRP_OPERATION) ? FltpOperationOf(CallbackData)->Irp : NULL;
}

/* Windows: fltKernel.h, FltCancellableWaitForSingleObject.  Differences: a thread's end does not interrupt the wait. */
NTSTATUS FLTAPI
FltCancellableWaitForSingleObject(PVOID Object, PLARGE_INTEGER Timeout, PFLT_CALLBACK_DATA CallbackData)
{
    VF_MAX_IRQL(APC_LEVEL);

    PIRP Irp = FltpWaitIrp(CallbackData);
    FLTP_CANCEL_WAIT Wait;
    if (Irp == NULL) {
        return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, Timeout);
    }
    NTSTATUS Status = STATUS_CANCELLED;
    if (FltpCancelWaitBegin(&Wait, Irp)) {
        PVOID Objects[] = { Object, &Wait.Cancelled };
        Status = KeWaitForMultipleObjects(2, Objects, WaitAny, Executive, KernelMode, FALSE, Timeout, NULL);
        Status = Status == STATUS_WAIT_1 ? STATUS_CANCELLED : Status;
    }
    FltpCancelWaitEnd(&Wait);
    return Status;
}

/* Windows: fltKernel.h, FltCancellableWaitForMultipleObjects.  Differences: a wait for all objects cannot be cancelled. */
NTSTATUS FLTAPI
FltCancellableWaitForMultipleObjects(ULONG Count, PVOID ObjectArray[], WAIT_TYPE WaitType, PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray,
    PFLT_CALLBACK_DATA CallbackData)
{
    VF_MAX_IRQL(APC_LEVEL);

    PIRP Irp = FltpWaitIrp(CallbackData);
    PVOID Objects[MAXIMUM_WAIT_OBJECTS];
    KWAIT_BLOCK Blocks[MAXIMUM_WAIT_OBJECTS];
    FLTP_CANCEL_WAIT Wait;
    if (Irp == NULL || WaitType == WaitAll || Count >= MAXIMUM_WAIT_OBJECTS) {
        return KeWaitForMultipleObjects(Count, ObjectArray, WaitType, Executive, KernelMode, FALSE, Timeout, WaitBlockArray);
    }
    NTSTATUS Status = STATUS_CANCELLED;
    memcpy(Objects, ObjectArray, Count * sizeof(PVOID));
    Objects[Count] = &Wait.Cancelled;
    if (FltpCancelWaitBegin(&Wait, Irp)) {
        Status = KeWaitForMultipleObjects(Count + 1, Objects, WaitAny, Executive, KernelMode, FALSE, Timeout, Blocks);
        Status = Status == STATUS_WAIT_0 + (NTSTATUS)Count ? STATUS_CANCELLED : Status;
    }
    FltpCancelWaitEnd(&Wait);
    return Status;
}

/* ---- aligned pool ---- */

/* The pool aligns to 16 bytes, and to a page from a page on: enough for every FILE_xxx_ALIGNMENT. */
static SIZE_T
FltpAlignedBytes(PFLT_INSTANCE Instance, SIZE_T NumberOfBytes)
{
    const ULONG Alignment = Instance->Volume->RealDevice->AlignmentRequirement + 1;

    if (Alignment > 16 && NumberOfBytes < PAGE_SIZE) {
        return PAGE_SIZE;
    }
    return NumberOfBytes != 0 ? NumberOfBytes : Alignment;
}

/* Windows: fltKernel.h, FltAllocatePoolAlignedWithTag.  Differences: none. */
PVOID FLTAPI
FltAllocatePoolAlignedWithTag(PFLT_INSTANCE Instance, POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    VF_MAX_IRQL((PoolType & 1) != 0 ? APC_LEVEL : DISPATCH_LEVEL);

    return vf_inject(__func__, Instance->Filter->Owner) ? NULL
                                                        : ExAllocatePoolWithTag(PoolType, FltpAlignedBytes(Instance, NumberOfBytes), Tag);
}

/* Windows: fltKernel.h, FltFreePoolAlignedWithTag.  Differences: none. */
VOID FLTAPI
FltFreePoolAlignedWithTag(PFLT_INSTANCE Instance, PVOID Buffer, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Instance);
    ExFreePoolWithTag(Buffer, Tag);
}

/* ---- security descriptors ---- */

#define FLTP_SECURITY_MAGIC 0x64536C46u
typedef struct FLTP_SECURITY {
    ULONG Magic;
    vf_owner *Owner;
    vf_object *Ledger;
    SECURITY_DESCRIPTOR Descriptor;            /* what the driver gets */
    union { ACL Acl; UCHAR Room[sizeof(ACL) + 2 * (sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE)]; } Dacl;
} FLTP_SECURITY;

/* The system and administrators, nobody else. */
static NTSTATUS
FltpSecurityFill(FLTP_SECURITY *Security, ACCESS_MASK DesiredAccess)
{
    const PSID Sids[] = { SeExports->SeLocalSystemSid, SeExports->SeAliasAdminsSid };
    NTSTATUS Status = RtlCreateSecurityDescriptor(&Security->Descriptor, SECURITY_DESCRIPTOR_REVISION);

    if (NT_SUCCESS(Status)) {
        Status = RtlCreateAcl(&Security->Dacl.Acl, sizeof(Security->Dacl), ACL_REVISION);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Sids) && NT_SUCCESS(Status); i++) {
        Status = RtlAddAccessAllowedAce(&Security->Dacl.Acl, ACL_REVISION, DesiredAccess, Sids[i]);
    }
    return NT_SUCCESS(Status) ? RtlSetDaclSecurityDescriptor(&Security->Descriptor, TRUE, &Security->Dacl.Acl, FALSE) : Status;
}

/* Windows: fltKernel.h, FltBuildDefaultSecurityDescriptor.  Differences: none. */
NTSTATUS FLTAPI
FltBuildDefaultSecurityDescriptor(PSECURITY_DESCRIPTOR *SecurityDescriptor, ACCESS_MASK DesiredAccess)
{
    VF_MAX_IRQL(APC_LEVEL);

    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    FLTP_SECURITY *Security = vf_inject(__func__, Owner) ? NULL : port_alloc_zeroed(sizeof(*Security));
    *SecurityDescriptor = NULL;
    if (Security == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = FltpSecurityFill(Security, DesiredAccess);
    if (!NT_SUCCESS(Status)) {
        port_free(Security);
        return Status;
    }
    Security->Magic = FLTP_SECURITY_MAGIC;
    Security->Owner = Owner;
    Security->Ledger = vf_object_create(Owner, VF_SECURITY_DESCRIPTOR, &Security->Descriptor, sizeof(*Security), 0, VF_REASON_ALLOCATE, __func__);
    *SecurityDescriptor = &Security->Descriptor;
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltFreeSecurityDescriptor.  Differences: a foreign descriptor is reported and left alone. */
VOID FLTAPI
FltFreeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_SECURITY *Security = CONTAINING_RECORD(SecurityDescriptor, FLTP_SECURITY, Descriptor);
    if (SecurityDescriptor == NULL || Security->Magic != FLTP_SECURITY_MAGIC) {
        vf_report("K-02", NULL, NULL, KiOwnerOfCall(__builtin_return_address(0)), SecurityDescriptor,
            "FltFreeSecurityDescriptor: %p does not come from FltBuildDefaultSecurityDescriptor, or was freed before", (void *)SecurityDescriptor);
        return;
    }
    Security->Magic = 0;
    vf_object_destroy(Security->Ledger, Security->Owner, VF_SECURITY_DESCRIPTOR);
    port_free(Security);
}

/* ---- the system's own folder ---- */

/* Windows: fltKernel.h, FltCreateSystemVolumeInformationFolder.  Differences: no access control list. */
NTSTATUS FLTAPI
FltCreateSystemVolumeInformationFolder(PFLT_INSTANCE Instance)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    static const UNICODE_STRING Folder = RTL_CONSTANT_STRING(L"\\System Volume Information");
    const IOP_CREATE Create = { .Device = Instance->Volume->RealDevice, .HintDevice = Instance->Volume->FilterDevice, .FilterTarget = Instance,
        .Name = Folder, .DesiredAccess = FILE_READ_ATTRIBUTES | SYNCHRONIZE, .Disposition = FILE_OPEN_IF, .CreateOptions = FILE_DIRECTORY_FILE,
        .FileAttributes = FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .ObjectAttributes = OBJ_CASE_INSENSITIVE, .RequestorMode = KernelMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT FileObject;
    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, &FileObject);
    if (NT_SUCCESS(Status)) {
        IopCloseFile(FileObject);
    }
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

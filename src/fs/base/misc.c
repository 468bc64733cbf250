/* SPDX-License-Identifier: MIT */
/* IRP_MJ_LOCK_CONTROL, IRP_MJ_QUERY_SECURITY, IRP_MJ_SET_SECURITY, change notification. */
#include "fs/base/fsb.h"

/* ---- locks: FsRtl keeps them and completes the IRP ---- */

NTSTATUS
FsbLockControl(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    UNREFERENCED_PARAMETER(Volume);
    if (Scb == NULL || Scb->Fcb == NULL || (Scb->Name.Length == 0 && Scb->Fcb->Mode != FSB_S_IFREG)) {
        Irp->IoStatus.Status = STATUS_INVALID_PARAMETER;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return STATUS_INVALID_PARAMETER;
    }
    return FsRtlProcessFileLock(&Scb->FileLock, Irp, NULL);
}

/* ---- security ---- */

/* Everybody may do everything: what POSIX modes allow is decided elsewhere.  Owner and group: Administrators. */
static const UCHAR FsbDefaultDescriptor[] = {
    1, 0, 0x04, 0x80,                          /* revision, SE_DACL_PRESENT | SE_SELF_RELATIVE */
    20, 0, 0, 0,  36, 0, 0, 0,                 /* owner, group */
    0, 0, 0, 0,  52, 0, 0, 0,                  /* no SACL; DACL */
    1, 2, 0, 0, 0, 0, 0, 5,  32, 0, 0, 0,  0x20, 2, 0, 0,
    1, 2, 0, 0, 0, 0, 0, 5,  32, 0, 0, 0,  0x20, 2, 0, 0,
    2, 0, 28, 0, 1, 0, 0, 0,                   /* ACL: one entry */
    0, 0, 20, 0, 0xff, 1, 0x1f, 0,             /* allow FILE_ALL_ACCESS */
    1, 1, 0, 0, 0, 0, 0, 1,  0, 0, 0, 0,       /* S-1-1-0 */
};

#define FSB_MAX_DESCRIPTOR 65536

/* The whole descriptor, self-relative, in pool. */
static NTSTATUS
FsbLoadDescriptor(FSB_FCB *Fcb, PVOID *Descriptor)
{
    ULONG Length = FSB_MAX_DESCRIPTOR;
    const PVOID Block = ExAllocatePoolWithTag(PagedPool, Length, 'SbsF');
    NTSTATUS Status = STATUS_NOT_FOUND;
    if (Block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Fcb != NULL && Fcb->Volume->Store->GetSecurity != NULL) {
        Status = Fcb->Volume->Store->GetSecurity(Fcb, Block, &Length);
    }
    if (Status == STATUS_NOT_FOUND) {
        memcpy(Block, FsbDefaultDescriptor, sizeof(FsbDefaultDescriptor));
        Status = STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Block, 'SbsF');
        return Status;
    }
    *Descriptor = Block;
    return STATUS_SUCCESS;
}

NTSTATUS
FsbQuerySecurity(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    SECURITY_INFORMATION Information = Stack->Parameters.QuerySecurity.SecurityInformation;
    ULONG Length = Stack->Parameters.QuerySecurity.Length;
    PVOID Stored;
    UNREFERENCED_PARAMETER(Volume);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FsbLoadDescriptor(Scb->Fcb, &Stored);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PSECURITY_DESCRIPTOR Object = Stored;
    Status = SeQuerySecurityDescriptorInfo(&Information, FsbDataBuffer(Irp), &Length, &Object);
    ExFreePoolWithTag(Stored, 'SbsF');
    if (NT_SUCCESS(Status)) {
        Irp->IoStatus.Information = Length;
    } else if (Status == STATUS_BUFFER_TOO_SMALL) {
        Irp->IoStatus.Information = Length;
        Status = STATUS_BUFFER_OVERFLOW;
    }
    return Status;
}

NTSTATUS
FsbSetSecurity(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    SECURITY_INFORMATION Information = Stack->Parameters.SetSecurity.SecurityInformation;
    PVOID Stored;
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || Scb->Fcb == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Volume->Store->SetSecurity == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    NTSTATUS Status = FsbLoadDescriptor(Scb->Fcb, &Stored);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PSECURITY_DESCRIPTOR Object = Stored;
    Status = SeSetSecurityDescriptorInfo(NULL, &Information, Stack->Parameters.SetSecurity.SecurityDescriptor, &Object, PagedPool,
                                         IoGetFileObjectGenericMapping());
    if (NT_SUCCESS(Status)) {
        Status = Volume->Store->SetSecurity(Scb->Fcb, Object, RtlLengthSecurityDescriptor(Object));
        if (Object != Stored) {
            ExFreePool(Object);
        }
    }
    ExFreePoolWithTag(Stored, 'SbsF');
    return Status;
}

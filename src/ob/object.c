/* SPDX-License-Identifier: MIT */
/* Object headers, references, types.  References taken by drivers are in the ledger, those of the runtime are not. */
#include "ob/obp.h"

#include <stdatomic.h>
#include <string.h>

#include "ke/ki.h"
#include "port/port.h"

static vf_owner *
ObpCallingOwner(VOID)
{
    struct vf_operation *Operation = vf_operation_current();

    return Operation != NULL ? Operation->owner : NULL;
}

VOID
ObpInitializeObject(PVOID Body, POBJECT_TYPE Type)
{
    OBP_HEADER *Header = ObpHeader(Body);

    memset(Header, 0, sizeof(*Header));
    atomic_init(&Header->PointerCount, 1);
    Header->Type = Type;
    Header->Flags = OBP_FLAG_EMBEDDED;
    atomic_fetch_add_explicit(&Type->Objects, 1, memory_order_relaxed);
}

NTSTATUS
ObpCreateObject(POBJECT_TYPE Type, SIZE_T BodySize, PVOID *Object)
{
    CHAR *Block = port_alloc_zeroed(OBP_HEADER_SIZE + BodySize);

    if (Block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObpInitializeObject(Block + OBP_HEADER_SIZE, Type);
    ObpHeader(Block + OBP_HEADER_SIZE)->Flags = 0;
    *Object = Block + OBP_HEADER_SIZE;
    return STATUS_SUCCESS;
}

POBJECT_TYPE
ObpTypeOf(PVOID Object)
{
    return ObpHeader(Object)->Type;
}

BOOLEAN
ObpTryReference(PVOID Object)
{
    OBP_HEADER *Header = ObpHeader(Object);
    LONG64 Count = atomic_load_explicit(&Header->PointerCount, memory_order_relaxed);

    while (Count > 0) {
        if (atomic_compare_exchange_weak_explicit(&Header->PointerCount, &Count, Count + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return TRUE;
        }
    }
    return FALSE;
}

VOID
ObpReference(PVOID Object)
{
    atomic_fetch_add_explicit(&ObpHeader(Object)->PointerCount, 1, memory_order_relaxed);
}

static VOID
ObpDelete(OBP_HEADER *Header, PVOID Object)
{
    POBJECT_TYPE Type = Header->Type;
    BOOLEAN Embedded = (Header->Flags & OBP_FLAG_EMBEDDED) != 0;

    atomic_fetch_sub_explicit(&Type->Objects, 1, memory_order_relaxed);
    if (Header->Ledger != NULL) {
        vf_object_destroy(Header->Ledger, NULL, VF_OBJECT_REFERENCE);
    }
    port_free(Header->Name.Buffer);
    Header->Name.Buffer = NULL;
    if (Type->Delete != NULL) {
        Type->Delete(Object);
    }
    if (!Embedded) {
        port_free(Header);
    }
}

VOID
ObpDereference(PVOID Object)
{
    OBP_HEADER *Header = ObpHeader(Object);

    if (atomic_fetch_sub_explicit(&Header->PointerCount, 1, memory_order_acq_rel) == 1) {
        ObpDelete(Header, Object);
    }
}

/* Windows: wdm.h, ObReferenceObject (ObfReferenceObject).  Differences: none. */
LONG_PTR FASTCALL
ObfReferenceObject(PVOID Object)
{
    OBP_HEADER *Header = ObpHeader(Object);
    LONG_PTR Count = atomic_fetch_add_explicit(&Header->PointerCount, 1, memory_order_relaxed) + 1;

    if (vf_on()) {
        vf_count(ObpCallingOwner(), VF_OBJECT_REFERENCE, 1);
    }
    return Count;
}

/* Windows: wdm.h, ObDereferenceObject (ObfDereferenceObject).  Differences: a count below zero is a finding. */
LONG_PTR FASTCALL
ObfDereferenceObject(PVOID Object)
{
    OBP_HEADER *Header = ObpHeader(Object);
    LONG64 Count;

    if (vf_on()) {
        vf_count(ObpCallingOwner(), VF_OBJECT_REFERENCE, -1);
    }
    Count = atomic_fetch_sub_explicit(&Header->PointerCount, 1, memory_order_acq_rel) - 1;
    if (Count == 0) {
        ObpDelete(Header, Object);
    } else if (Count < 0) {
        vf_report("K-02", "ObDereferenceObject", "0x18", ObpCallingOwner(), Object,
                  "object dereferenced more often than it was referenced");
    }
    return (LONG_PTR)Count;
}

/* Windows: wdm.h, ObDereferenceObjectDeferDelete.  Differences: the delete is not deferred at IRQL PASSIVE_LEVEL. */
VOID
ObDereferenceObjectDeferDelete(PVOID Object)
{
    ObfDereferenceObject(Object);
}

/* Windows: wdm.h, ObReferenceObjectByPointer.  Differences: access is not checked. */
NTSTATUS
ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode)
{
    UNREFERENCED_PARAMETER(DesiredAccess);
    if (ObjectType != NULL && ObpTypeOf(Object) != ObjectType) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (ObjectType == NULL && AccessMode != KernelMode) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    ObfReferenceObject(Object);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, ObIsKernelHandle.  Differences: none (kernel handles have the top bit set). */
BOOLEAN
ObIsKernelHandle(HANDLE Handle)
{
    return (LONG_PTR)Handle < 0 && (LONG_PTR)Handle != -1 && (LONG_PTR)Handle != -2;
}

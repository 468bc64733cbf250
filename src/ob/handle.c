/* SPDX-License-Identifier: MIT */
/*
 * The handle table.  One for the machine: handle = (index + 1) * 4, kernel handles with the top bits set.  Chunks of entries are
 * never moved, so a lookup holds the lock shared for a few instructions only.
 */
#include "ob/obp.h"

#include <stdatomic.h>
#include <string.h>

#include "ke/ki.h"
#include "port/port.h"

#define OBP_CHUNK 1024
#define OBP_CHUNKS 1024

typedef struct OBP_HANDLE {
    PVOID Object;                              /* NULL = free */
    ACCESS_MASK Access;
    ULONG Attributes;
    ULONG NextFree;
    vf_object *Ledger;
    vf_owner *Owner;
} OBP_HANDLE;

static struct {
    port_rwlock Lock;
    OBP_HANDLE *Chunks[OBP_CHUNKS];            /* Lock */
    ULONG Count;                               /* Lock: entries ever used */
    ULONG FirstFree;                           /* Lock: index + 1; 0 = none */
} ObpTable;

static OBP_HANDLE *
ObpHandleEntryLocked(HANDLE Handle)
{
    ULONG_PTR Value = (ULONG_PTR)Handle;
    ULONG Index;

    if (ObIsKernelHandle(Handle)) {
        Value &= 0x7FFFFFFF;
    }
    if (Value == 0 || (Value & 3) != 0 || Value / 4 > ObpTable.Count) {
        return NULL;
    }
    Index = (ULONG)(Value / 4) - 1;
    OBP_HANDLE *Entry = &ObpTable.Chunks[Index / OBP_CHUNK][Index % OBP_CHUNK];
    return Entry->Object != NULL ? Entry : NULL;
}

static NTSTATUS
ObpAllocateIndexLocked(PULONG Index)
{
    if (ObpTable.FirstFree != 0) {
        *Index = ObpTable.FirstFree - 1;
        ObpTable.FirstFree = ObpTable.Chunks[*Index / OBP_CHUNK][*Index % OBP_CHUNK].NextFree;
        return STATUS_SUCCESS;
    }
    if (ObpTable.Count == OBP_CHUNK * OBP_CHUNKS) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (ObpTable.Chunks[ObpTable.Count / OBP_CHUNK] == NULL) {
        OBP_HANDLE *Chunk = port_alloc_zeroed(OBP_CHUNK * sizeof(OBP_HANDLE));
        if (Chunk == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        ObpTable.Chunks[ObpTable.Count / OBP_CHUNK] = Chunk;
    }
    *Index = ObpTable.Count++;
    return STATUS_SUCCESS;
}

static NTSTATUS
ObpInsertHandle(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle)
{
    struct vf_operation *Operation = vf_operation_current();
    vf_owner *Owner = Operation != NULL ? Operation->owner : NULL;
    ULONG Index;

    port_rwlock_exclusive(&ObpTable.Lock);
    NTSTATUS Status = ObpAllocateIndexLocked(&Index);
    if (NT_SUCCESS(Status)) {
        OBP_HANDLE *Entry = &ObpTable.Chunks[Index / OBP_CHUNK][Index % OBP_CHUNK];
        Entry->Object = Object;
        Entry->Access = Access;
        Entry->Attributes = Attributes;
        Entry->Owner = Owner;
        Entry->Ledger = Owner == NULL ? NULL : vf_object_create(Owner, VF_HANDLE, Object, 0, 0, VF_REASON_OPEN, "handle");
        if (Owner != NULL && Entry->Ledger == NULL) {
            vf_count(Owner, VF_HANDLE, 1);
        }
        ObpReference(Object);
        atomic_fetch_add_explicit(&ObpHeader(Object)->HandleCount, 1, memory_order_relaxed);
        ULONG_PTR Value = ((ULONG_PTR)Index + 1) * 4;
        *Handle = (HANDLE)((Attributes & OBJ_KERNEL_HANDLE) != 0 ? Value | 0xFFFFFFFF80000000ull : Value);
    }
    port_rwlock_release_exclusive(&ObpTable.Lock);
    if (NT_SUCCESS(Status) && ObpTypeOf(Object)->Open != NULL) {
        ObpTypeOf(Object)->Open(Object);
    }
    return Status;
}

static BOOLEAN
ObpIsWatched(PVOID Object)
{
    return ObpTypeOf(Object)->SupportsCallbacks && atomic_load_explicit(&ObpWatchers, memory_order_relaxed) != 0;
}

NTSTATUS
ObpCreateHandle(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle)
{
    if (ObpIsWatched(Object)) {
        const OBP_HANDLE_OPERATION Operation = {
            .Operation = OB_OPERATION_HANDLE_CREATE, .Object = Object, .Access = Access, .Attributes = Attributes};
        return ObpWatchedHandle(&Operation, ObpInsertHandle, Handle);
    }
    return ObpInsertHandle(Object, Access, Attributes, Handle);
}

static NTSTATUS
ObpDuplicateHandle(PVOID Object, ACCESS_MASK Access, ULONG Attributes, PHANDLE Handle)
{
    if (ObpIsWatched(Object)) {
        /* There is one handle table: both processes are the caller's. */
        const OBP_HANDLE_OPERATION Operation = {.Operation = OB_OPERATION_HANDLE_DUPLICATE, .Object = Object, .Access = Access,
            .Attributes = Attributes, .SourceProcess = PsGetCurrentProcess(), .TargetProcess = PsGetCurrentProcess()};
        return ObpWatchedHandle(&Operation, ObpInsertHandle, Handle);
    }
    return ObpInsertHandle(Object, Access, Attributes, Handle);
}

NTSTATUS
ObpCloseHandle(HANDLE Handle)
{
    PVOID Object;
    vf_object *Ledger;
    vf_owner *Owner;

    port_rwlock_exclusive(&ObpTable.Lock);
    OBP_HANDLE *Entry = ObpHandleEntryLocked(Handle);
    if (Entry == NULL) {
        port_rwlock_release_exclusive(&ObpTable.Lock);
        return STATUS_INVALID_HANDLE;
    }
    Object = Entry->Object;
    Ledger = Entry->Ledger;
    Owner = Entry->Owner;
    Entry->Object = NULL;
    Entry->NextFree = ObpTable.FirstFree;
    ULONG_PTR Value = (ULONG_PTR)Handle;
    ObpTable.FirstFree = (ULONG)((ObIsKernelHandle(Handle) ? Value & 0x7FFFFFFF : Value) / 4);
    port_rwlock_release_exclusive(&ObpTable.Lock);

    if (Owner != NULL) {
        vf_object_destroy(Ledger, Owner, VF_HANDLE);
    }
    LONG Remaining = atomic_fetch_sub_explicit(&ObpHeader(Object)->HandleCount, 1, memory_order_acq_rel) - 1;
    if (ObpTypeOf(Object)->Close != NULL) {
        ObpTypeOf(Object)->Close(Object, Remaining);
    }
    ObpDereference(Object);
    return STATUS_SUCCESS;
}

static NTSTATUS
ObpReferenceByHandle(HANDLE Handle, POBJECT_TYPE Type, PVOID *Object, POBJECT_HANDLE_INFORMATION Information)
{
    NTSTATUS Status = STATUS_SUCCESS;

    port_rwlock_shared(&ObpTable.Lock);
    OBP_HANDLE *Entry = ObpHandleEntryLocked(Handle);
    if (Entry == NULL) {
        Status = STATUS_INVALID_HANDLE;
    } else if (Type != NULL && ObpTypeOf(Entry->Object) != Type) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    } else {
        *Object = Entry->Object;
        ObpReference(Entry->Object);
        if (Information != NULL) {
            Information->GrantedAccess = Entry->Access;
            Information->HandleAttributes = Entry->Attributes;
        }
    }
    port_rwlock_release_shared(&ObpTable.Lock);
    return Status;
}

/* Windows: wdm.h, ObReferenceObjectByHandle.  Differences: access is not checked. */
NTSTATUS
ObReferenceObjectByHandle(HANDLE Handle,
                          ACCESS_MASK DesiredAccess,
                          POBJECT_TYPE ObjectType,
                          KPROCESSOR_MODE AccessMode,
                          PVOID *Object,
                          POBJECT_HANDLE_INFORMATION HandleInformation)
{
    UNREFERENCED_PARAMETER(DesiredAccess);
    UNREFERENCED_PARAMETER(AccessMode);
    *Object = NULL;
    if (Handle == NtCurrentProcess()) {
        *Object = PsGetCurrentProcess();
        ObfReferenceObject(*Object);
        return STATUS_SUCCESS;
    }
    if (Handle == NtCurrentThread()) {
        *Object = PsGetCurrentThread();
        ObfReferenceObject(*Object);
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = ObpReferenceByHandle(Handle, ObjectType, Object, HandleInformation);
    if (NT_SUCCESS(Status) && vf_on()) {
        struct vf_operation *Operation = vf_operation_current();
        vf_count(Operation != NULL ? Operation->owner : NULL, VF_OBJECT_REFERENCE, 1);
    }
    return Status;
}

/* Windows: ntifs.h, ObOpenObjectByPointer.  Differences: access is not checked. */
NTSTATUS
ObOpenObjectByPointer(PVOID Object,
                      ULONG HandleAttributes,
                      PACCESS_STATE PassedAccessState,
                      ACCESS_MASK DesiredAccess,
                      POBJECT_TYPE ObjectType,
                      KPROCESSOR_MODE AccessMode,
                      PHANDLE Handle)
{
    UNREFERENCED_PARAMETER(PassedAccessState);
    UNREFERENCED_PARAMETER(AccessMode);
    *Handle = NULL;
    if (ObjectType != NULL && ObpTypeOf(Object) != ObjectType) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return ObpCreateHandle(Object, DesiredAccess, HandleAttributes, Handle);
}

/* Windows: ntifs.h, ObCloseHandle.  Differences: none. */
NTSTATUS
ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
    UNREFERENCED_PARAMETER(PreviousMode);
    return ObpCloseHandle(Handle);
}

/* Windows: wdm.h, ZwClose.  Differences: closing a bad handle is a finding, not an exception. */
NTSTATUS
ZwClose(HANDLE Handle)
{
    NTSTATUS Status = ObpCloseHandle(Handle);

    if (Status == STATUS_INVALID_HANDLE && vf_on()) {
        struct vf_operation *Operation = vf_operation_current();
        if (Operation != NULL && Operation->owner != NULL) {
            vf_report("K-02", "ZwClose", "0x93", Operation->owner, Handle, "handle %p is not open", Handle);
        }
    }
    return Status;
}

/* Windows: ntifs.h, NtClose.  Differences: as ZwClose. */
NTSTATUS
NtClose(HANDLE Handle)
{
    return ZwClose(Handle);
}

/* Windows: ntifs.h, ZwDuplicateObject.  Differences: one handle table, so the process handles are not used. */
NTSTATUS
ZwDuplicateObject(HANDLE SourceProcessHandle,
                  HANDLE SourceHandle,
                  HANDLE TargetProcessHandle,
                  PHANDLE TargetHandle,
                  ACCESS_MASK DesiredAccess,
                  ULONG HandleAttributes,
                  ULONG Options)
{
    OBJECT_HANDLE_INFORMATION Information;
    PVOID Object;
    NTSTATUS Status = ObpReferenceByHandle(SourceHandle, NULL, &Object, &Information);

    UNREFERENCED_PARAMETER(SourceProcessHandle);
    UNREFERENCED_PARAMETER(TargetProcessHandle);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (TargetHandle != NULL) {
        BOOLEAN SameAccess = (Options & DUPLICATE_SAME_ACCESS) != 0;
        Status = ObpDuplicateHandle(Object, SameAccess ? Information.GrantedAccess : DesiredAccess, HandleAttributes, TargetHandle);
    }
    if ((Options & DUPLICATE_CLOSE_SOURCE) != 0) {
        ObpCloseHandle(SourceHandle);
    }
    ObpDereference(Object);
    return Status;
}

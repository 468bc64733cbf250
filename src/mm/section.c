/* SPDX-License-Identifier: MIT */
/*
 * Section objects, and views of them.  All views are in the one address space there is: the process handle of a map is not looked at.
 *
 * MmpViews.Lock guards the list of views.  A view holds a reference on its section.
 */
#include "mm/section.h"

#include <string.h>

#include "ke/ki.h"
#include "mm/mmp.h"
#include "ob/obp.h"
#include "port/port.h"
#include "vf/ranks.h"

#define MMP_GRANULARITY 0x10000

typedef struct MMP_VIEW {
    LIST_ENTRY Links;
    PUCHAR Base;
    SIZE_T Size;                               /* whole pages */
    MMP_SECTION *Section;
} MMP_VIEW;

static struct { port_lock Lock; LIST_ENTRY Head; } MmpViews = { .Head = { &MmpViews.Head, &MmpViews.Head } };

static VOID
MmpSectionDelete(PVOID Object)
{
    MMP_SECTION *Section = Object;

    mm_store_destroy(Section->Store);
    if (Section->Backing.Release != NULL) {
        Section->Backing.Release(Section->Backing.Context);
    }
}

static VOID
MmpSectionHandleClosed(PVOID Object, LONG Remaining)
{
    if (Remaining == 0) {
        ObpRemoveName(Object);
    }
}

static struct _OBJECT_TYPE MmpSectionTypeBody = { .Name = L"Section", .Delete = MmpSectionDelete, .Close = MmpSectionHandleClosed,
    .WaitOffset = (ULONG)-1, .KeyClass = VF_OBJECT_REFERENCE };
static POBJECT_TYPE MmpSectionType = &MmpSectionTypeBody;
POBJECT_TYPE *MmSectionObjectType = &MmpSectionType;

/* ---- sections ---- */

NTSTATUS
MmpSectionCreate(LONGLONG Size, ULONG Protection, const MMP_BACKING *Backing, PVOID *Object)
{
    MMP_SECTION *Section;
    NTSTATUS Status = ObpCreateObject(MmpSectionType, sizeof(*Section), (PVOID *)&Section);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Section->Size = Size;
    Section->Protection = Protection;
    Section->Store = MM_NO_STORE;
    if (Backing != NULL) {
        Section->Backing = *Backing;
    } else {
        Section->Store = mm_store_create((uint64_t)ROUND_TO_PAGES(Size));
        if (Section->Store == MM_NO_STORE) {
            ObpDereference(Section);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    *Object = Section;
    return STATUS_SUCCESS;
}

NTSTATUS
MmpSectionHandle(PVOID Section, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, PHANDLE Handle)
{
    if (Attributes != NULL && Attributes->ObjectName != NULL && Attributes->ObjectName->Length != 0) {
        const NTSTATUS Status = ObpInsertName(Section, Attributes->ObjectName);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    const NTSTATUS Status = ObpCreateHandle(Section, Access, Attributes != NULL ? Attributes->Attributes : 0, Handle);
    if (!NT_SUCCESS(Status)) {
        ObpRemoveName(Section);
    }
    return Status;
}

/* Windows: wdm.h, ZwOpenSection.  Differences: access is not checked. */
NTSTATUS
ZwOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PVOID Section;
    *SectionHandle = NULL;
    if (ObjectAttributes == NULL || ObjectAttributes->ObjectName == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    OBP_PARSE Parse = { .Attributes = ObjectAttributes->Attributes, .DesiredAccess = DesiredAccess };
    NTSTATUS Status = ObpOpenByName(ObjectAttributes->ObjectName, &Parse, MmpSectionType, &Section);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(Section, DesiredAccess, ObjectAttributes->Attributes, SectionHandle);
        ObpDereference(Section);
    }
    return Status;
}

/* ---- map ---- */

typedef struct MMP_MAP {
    MMP_SECTION *Section;
    LONGLONG Offset;
    SIZE_T Size;                               /* whole pages */
    BOOLEAN Writable, Private;
    PVOID Hint;
} MMP_MAP;

/* What the file has of the view's range; the rest of the last page stays zero. */
static NTSTATUS
MmpViewFill(const MMP_MAP *Map, PUCHAR Base)
{
    const MMP_SECTION *Section = Map->Section;
    const SIZE_T Left = (SIZE_T)(Section->Size - Map->Offset);

    if (Section->Backing.Read == NULL) {
        return STATUS_SUCCESS;
    }
    return Section->Backing.Read(Section->Backing.Context, Map->Offset, Base, Left < Map->Size ? Left : Map->Size);
}

static NTSTATUS
MmpViewMap(const MMP_MAP *Map, PVOID *Mapped)
{
    MMP_VIEW *View = port_alloc_zeroed(sizeof(*View));
    PUCHAR Base = View == NULL ? NULL : mm_view_map(
        Map->Section->Store, (uint64_t)Map->Offset, Map->Size, Map->Private ? MM_MAP_PRIVATE : MM_MAP_SHARED, Map->Hint);
    NTSTATUS Status = Map->Hint != NULL ? STATUS_CONFLICTING_ADDRESSES : STATUS_INSUFFICIENT_RESOURCES;

    if (Base != NULL) {
        Status = MmpViewFill(Map, Base);
        if (!NT_SUCCESS(Status)) {
            mm_view_unmap(Base, Map->Size);
        }
    }
    if (!NT_SUCCESS(Status)) {
        port_free(View);
        return Status;
    }
    if (!Map->Writable) {
        mm_view_make_read_only(Base, Map->Size);
    }
    View->Base = Base;
    View->Size = Map->Size;
    View->Section = Map->Section;
    ObpReference(Map->Section);
    port_lock_acquire(&MmpViews.Lock);
    InsertHeadList(&MmpViews.Head, &View->Links);
    port_lock_release(&MmpViews.Lock);
    *Mapped = Base;
    return STATUS_SUCCESS;
}

/* Fills Size from the caller's, 0 meaning the rest of the section. */
static NTSTATUS
MmpMapRange(MMP_MAP *Map, SIZE_T Wanted)
{
    const LONGLONG Whole = (LONGLONG)ROUND_TO_PAGES(Map->Section->Size);

    if (Map->Offset < 0 || Map->Offset >= Map->Section->Size) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    const SIZE_T Rest = (SIZE_T)(Whole - Map->Offset);
    if (Wanted > Rest) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    Map->Size = Wanted == 0 ? Rest : ROUND_TO_PAGES(Wanted);
    return STATUS_SUCCESS;
}

/* Windows: ntddk.h, MmMapViewInSystemSpace.  Differences: a view of a file is a copy of what the file held when it was mapped. */
NTSTATUS
MmMapViewInSystemSpace(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize)
{
    VF_MAX_IRQL(APC_LEVEL);

    MMP_MAP Map = { .Section = Section, .Writable = ((MMP_SECTION *)Section)->Protection == PAGE_READWRITE };
    NTSTATUS Status = MmpMapRange(&Map, *ViewSize);
    if (NT_SUCCESS(Status)) {
        Status = MmpViewMap(&Map, MappedBase);
    }
    if (NT_SUCCESS(Status)) {
        *ViewSize = Map.Size;
    }
    return Status;
}

/* Windows: ntddk.h, MmMapViewInSessionSpace.  Differences: as MmMapViewInSystemSpace; there are no sessions. */
NTSTATUS
MmMapViewInSessionSpace(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize)
{
    return MmMapViewInSystemSpace(Section, MappedBase, ViewSize);
}

/* Which views a section allows. */
static NTSTATUS
MmpMapProtect(MMP_MAP *Map, ULONG Protect)
{
    switch (Protect) {
    case PAGE_READONLY:
        return STATUS_SUCCESS;
    case PAGE_WRITECOPY:
        Map->Writable = Map->Private = TRUE;
        return STATUS_SUCCESS;
    case PAGE_READWRITE:
        Map->Writable = TRUE;
        return Map->Section->Protection == PAGE_READWRITE ? STATUS_SUCCESS : STATUS_SECTION_PROTECTION;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_READWRITE:
    case PAGE_EXECUTE_WRITECOPY:
        return STATUS_SECTION_PROTECTION;
    default:
        return STATUS_INVALID_PAGE_PROTECTION;
    }
}

/* Windows: wdm.h, ZwMapViewOfSection.  Differences: as MmMapViewInSystemSpace; one address space; no executable views. */
NTSTATUS
ZwMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
    PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize, SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    PVOID Section;
    UNREFERENCED_PARAMETER(ProcessHandle);
    UNREFERENCED_PARAMETER(ZeroBits);
    UNREFERENCED_PARAMETER(CommitSize);
    UNREFERENCED_PARAMETER(AllocationType);
    if (InheritDisposition != ViewShare && InheritDisposition != ViewUnmap) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(SectionHandle, SECTION_MAP_READ, MmpSectionType, KernelMode, &Section, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    MMP_MAP Map = { .Section = Section, .Hint = (PVOID)((ULONG_PTR)*BaseAddress & ~(ULONG_PTR)(MMP_GRANULARITY - 1)),
        .Offset = SectionOffset != NULL ? SectionOffset->QuadPart & ~(LONGLONG)(MMP_GRANULARITY - 1) : 0 };
    Status = MmpMapProtect(&Map, Win32Protect);
    if (NT_SUCCESS(Status)) {
        Status = MmpMapRange(&Map, *ViewSize);
    }
    if (NT_SUCCESS(Status)) {
        Status = MmpViewMap(&Map, BaseAddress);
    }
    if (NT_SUCCESS(Status)) {
        *ViewSize = Map.Size;
        if (SectionOffset != NULL) {
            SectionOffset->QuadPart = Map.Offset;
        }
    }
    ObDereferenceObject(Section);
    return Status;
}

/* ---- unmap ---- */

/* Any address within the view will do. */
static NTSTATUS
MmpViewUnmap(PVOID Address)
{
    const PUCHAR At = Address;
    MMP_VIEW *Found = NULL;

    port_lock_acquire(&MmpViews.Lock);
    for (PLIST_ENTRY Entry = MmpViews.Head.Flink; Entry != &MmpViews.Head && Found == NULL; Entry = Entry->Flink) {
        MMP_VIEW *View = CONTAINING_RECORD(Entry, MMP_VIEW, Links);
        if (At >= View->Base && At < View->Base + View->Size) {
            RemoveEntryList(&View->Links);
            Found = View;
        }
    }
    port_lock_release(&MmpViews.Lock);
    if (Found == NULL) {
        return STATUS_NOT_MAPPED_VIEW;
    }
    mm_view_unmap(Found->Base, Found->Size);
    ObpDereference(Found->Section);
    port_free(Found);
    return STATUS_SUCCESS;
}

/* Windows: ntddk.h, MmUnmapViewInSystemSpace.  Differences: none. */
NTSTATUS
MmUnmapViewInSystemSpace(PVOID MappedBase)
{
    VF_MAX_IRQL(APC_LEVEL);

    return MmpViewUnmap(MappedBase);
}

/* Windows: ntddk.h, MmUnmapViewInSessionSpace.  Differences: there are no sessions. */
NTSTATUS
MmUnmapViewInSessionSpace(PVOID MappedBase)
{
    return MmUnmapViewInSystemSpace(MappedBase);
}

/* Windows: wdm.h, ZwUnmapViewOfSection.  Differences: one address space: the process handle is not used. */
NTSTATUS
ZwUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    UNREFERENCED_PARAMETER(ProcessHandle);
    return MmpViewUnmap(BaseAddress);
}

/* ---- the Nt names ---- */

/* Windows: wdm.h, NtOpenSection.  Differences: as ZwOpenSection. */
NTSTATUS
NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ZwOpenSection(SectionHandle, DesiredAccess, ObjectAttributes);
}

/* Windows: wdm.h, NtMapViewOfSection.  Differences: as ZwMapViewOfSection. */
NTSTATUS
NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, SIZE_T CommitSize,
    PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize, SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    return ZwMapViewOfSection(SectionHandle, ProcessHandle, BaseAddress, ZeroBits, CommitSize, SectionOffset, ViewSize, InheritDisposition,
        AllocationType, Win32Protect);
}

/* Windows: wdm.h, NtUnmapViewOfSection.  Differences: as ZwUnmapViewOfSection. */
NTSTATUS
NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    return ZwUnmapViewOfSection(ProcessHandle, BaseAddress);
}

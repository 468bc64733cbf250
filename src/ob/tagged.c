/* SPDX-License-Identifier: MIT */
/* References with a tag.  Windows keeps counts per tag for its debugger; here who took a reference is known by the call's owner anyway. */
#include "ob/obp.h"

/* Windows: wdm.h, ObReferenceObjectWithTag (ObfReferenceObjectWithTag).  Differences: the tag is not kept. */
LONG_PTR FASTCALL
ObfReferenceObjectWithTag(PVOID Object, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    return ObfReferenceObject(Object);
}

/* Windows: wdm.h, ObDereferenceObjectWithTag (ObfDereferenceObjectWithTag).  Differences: the tag is not compared. */
LONG_PTR FASTCALL
ObfDereferenceObjectWithTag(PVOID Object, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    return ObfDereferenceObject(Object);
}

/* Windows: wdm.h, ObDereferenceObjectDeferDeleteWithTag.  Differences: the tag is not compared. */
VOID
ObDereferenceObjectDeferDeleteWithTag(PVOID Object, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    ObDereferenceObjectDeferDelete(Object);
}

/* Windows: wdm.h, ObReferenceObjectByHandleWithTag.  Differences: the tag is not kept. */
NTSTATUS
ObReferenceObjectByHandleWithTag(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
    ULONG Tag, PVOID *Object, POBJECT_HANDLE_INFORMATION HandleInformation)
{
    UNREFERENCED_PARAMETER(Tag);
    return ObReferenceObjectByHandle(Handle, DesiredAccess, ObjectType, AccessMode, Object, HandleInformation);
}

/* Windows: wdm.h, ObReferenceObjectByPointerWithTag.  Differences: the tag is not kept. */
NTSTATUS
ObReferenceObjectByPointerWithTag(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    return ObReferenceObjectByPointer(Object, DesiredAccess, ObjectType, AccessMode);
}

/* Windows: ntifs.h, ObOpenObjectByPointerWithTag.  Differences: the tag is not kept; access is not checked. */
NTSTATUS
ObOpenObjectByPointerWithTag(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
    POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, ULONG Tag, PHANDLE Handle)
{
    UNREFERENCED_PARAMETER(Tag);
    return ObOpenObjectByPointer(Object, HandleAttributes, PassedAccessState, DesiredAccess, ObjectType, AccessMode, Handle);
}

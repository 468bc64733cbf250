/* SPDX-License-Identifier: MIT */
/* Asking for names: of objects, of links, and the drive letter that leads to a device. */
#include "ob/namep.h"

#include <string.h>

#define OBP_TAG 'manO'

/* Length of the full path; the namespace lock is held. */
static ULONG
ObpPathBytesLocked(PVOID Object)
{
    ULONG Bytes = 0;

    for (PVOID Current = Object; Current != (PVOID)ObpRoot && Current != NULL; Current = ObpHeader(Current)->Directory) {
        Bytes += ObpHeader(Current)->Name.Length + sizeof(WCHAR);
    }
    return Bytes;
}

static VOID
ObpWritePathLocked(PVOID Object, PWCH End)
{
    for (PVOID Current = Object; Current != (PVOID)ObpRoot && Current != NULL; Current = ObpHeader(Current)->Directory) {
        UNICODE_STRING *Name = &ObpHeader(Current)->Name;
        End -= Name->Length / sizeof(WCHAR);
        memcpy(End, Name->Buffer, Name->Length);
        *--End = L'\\';
    }
}

NTSTATUS
ObpObjectName(PVOID Object, PUNICODE_STRING Name)
{
    NTSTATUS Status = STATUS_SUCCESS;

    memset(Name, 0, sizeof(*Name));
    port_rwlock_shared(&ObpNamespaceLock);
    ULONG Bytes = ObpHeader(Object)->Directory == NULL ? 0 : ObpPathBytesLocked(Object);
    if (Bytes == 0 || Bytes > 0xFFF0) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        Name->Buffer = ExAllocatePoolWithTag(PagedPool, Bytes + sizeof(WCHAR), OBP_TAG);
        if (Name->Buffer == NULL) {
            Status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            Name->Length = (USHORT)Bytes;
            Name->MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
            ObpWritePathLocked(Object, Name->Buffer + Bytes / sizeof(WCHAR));
            Name->Buffer[Bytes / sizeof(WCHAR)] = 0;
        }
    }
    port_rwlock_release_shared(&ObpNamespaceLock);
    return Status;
}

/* Windows: ntifs.h, ObQueryNameString.  Differences: none. */
NTSTATUS
ObQueryNameString(PVOID Object, POBJECT_NAME_INFORMATION ObjectNameInfo, ULONG Length, PULONG ReturnLength)
{
    UNICODE_STRING Name = {0};
    NTSTATUS Status = ObpTypeOf(Object)->QueryName != NULL ? ObpTypeOf(Object)->QueryName(Object, &Name) : ObpObjectName(Object, &Name);

    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        Status = STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ULONG Needed = (ULONG)sizeof(*ObjectNameInfo) + (Name.Length == 0 ? 0 : Name.Length + (ULONG)sizeof(WCHAR));
    *ReturnLength = Needed;
    if (Length < Needed) {
        Status = STATUS_INFO_LENGTH_MISMATCH;
    } else {
        ObjectNameInfo->Name.Buffer = Name.Length == 0 ? NULL : (PWCH)(ObjectNameInfo + 1);
        ObjectNameInfo->Name.Length = Name.Length;
        ObjectNameInfo->Name.MaximumLength = Name.Length == 0 ? 0 : (USHORT)(Name.Length + sizeof(WCHAR));
        if (Name.Length != 0) {
            memcpy(ObjectNameInfo->Name.Buffer, Name.Buffer, Name.Length + sizeof(WCHAR));
        }
    }
    if (Name.Buffer != NULL) {
        ExFreePool(Name.Buffer);
    }
    return Status;
}

static BOOLEAN
ObpIsDriveLetter(PCUNICODE_STRING Name)
{
    return Name->Length == 2 * sizeof(WCHAR) && Name->Buffer[1] == L':';
}

NTSTATUS
ObpFindDosName(PCUNICODE_STRING Target, PUNICODE_STRING DosName)
{
    UNICODE_STRING Path;
    UNICODE_STRING Rest;
    PVOID Directory;
    PWCH Buffer;
    const UNICODE_STRING *Best = NULL;
    NTSTATUS Status;

    memset(DosName, 0, sizeof(*DosName));
    RtlInitUnicodeString(&Path, L"\\GLOBAL??");
    Status = ObpLookupName(&Path, 0, &Directory, &Rest, &Buffer);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_shared(&ObpNamespaceLock);
    for (OBP_ENTRY *Entry = ((OBP_DIRECTORY *)Directory)->First; Entry != NULL; Entry = Entry->Next) {
        if (ObpTypeOf(Entry->Object) == ObpSymbolicLinkType &&
            RtlEqualUnicodeString(&((OBP_SYMBOLIC_LINK *)Entry->Object)->Target, Target, TRUE) &&
            (Best == NULL || ObpIsDriveLetter(&ObpHeader(Entry->Object)->Name))) {
            Best = &ObpHeader(Entry->Object)->Name;
        }
    }
    Status = STATUS_OBJECT_NAME_NOT_FOUND;
    if (Best != NULL) {
        DosName->Buffer = ExAllocatePoolWithTag(PagedPool, Best->Length + sizeof(WCHAR), OBP_TAG);
        Status = DosName->Buffer == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
        DosName->MaximumLength = (USHORT)(Best->Length + sizeof(WCHAR));
        if (NT_SUCCESS(Status)) {
            RtlCopyUnicodeString(DosName, Best);
        }
    }
    port_rwlock_release_shared(&ObpNamespaceLock);
    ObpDereference(Directory);
    return Status;
}

/* Windows: wdm.h, ZwOpenSymbolicLinkObject.  Differences: access is not checked. */
NTSTATUS
ZwOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    UNICODE_STRING Rest;
    PVOID Link;
    PWCH Buffer;
    NTSTATUS Status;

    *LinkHandle = NULL;
    if (ObjectAttributes->ObjectName == NULL || ObjectAttributes->RootDirectory != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObpLookupName(ObjectAttributes->ObjectName, ObjectAttributes->Attributes | OBJ_OPENLINK, &Link, &Rest, &Buffer);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpTypeOf(Link) != ObpSymbolicLinkType
                 ? STATUS_OBJECT_TYPE_MISMATCH
                 : ObpCreateHandle(Link, DesiredAccess, ObjectAttributes->Attributes, LinkHandle);
    ObpDereference(Link);
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
    return Status;
}

/* Windows: wdm.h, ZwQuerySymbolicLinkObject.  Differences: none. */
NTSTATUS
ZwQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    OBP_SYMBOLIC_LINK *Link;
    NTSTATUS Status = ObReferenceObjectByHandle(LinkHandle, 0, ObpSymbolicLinkType, KernelMode, (PVOID *)&Link, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ReturnedLength != NULL) {
        *ReturnedLength = Link->Target.Length + (ULONG)sizeof(WCHAR);
    }
    if (LinkTarget->MaximumLength < Link->Target.Length) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        RtlCopyUnicodeString(LinkTarget, &Link->Target);
    }
    ObfDereferenceObject(Link);
    return Status;
}

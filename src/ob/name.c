/* SPDX-License-Identifier: MIT */
/*
 * The object namespace.  A tree of directories; names are compared without case, as Windows does for \Device and \??.
 * One reader/writer lock; no I/O path takes it (view and FltMgr keep device pointers).
 */
#include "ob/namep.h"
#include "ob/path.h"

#include <stdatomic.h>
#include <string.h>

#include "port/port.h"

#define OBP_MAX_LINKS 32

port_rwlock ObpNamespaceLock;
OBP_DIRECTORY *ObpRoot;

static VOID
ObpSymbolicLinkDelete(PVOID Object)
{
    port_free(((OBP_SYMBOLIC_LINK *)Object)->Target.Buffer);
}

static struct _OBJECT_TYPE ObpDirectoryTypeBody = {.Name = L"Directory", .WaitOffset = (ULONG)-1};
static struct _OBJECT_TYPE ObpSymbolicLinkTypeBody = {
    .Name = L"SymbolicLink", .Delete = ObpSymbolicLinkDelete, .WaitOffset = (ULONG)-1};
POBJECT_TYPE ObpDirectoryType = &ObpDirectoryTypeBody;
POBJECT_TYPE ObpSymbolicLinkType = &ObpSymbolicLinkTypeBody;

NTSTATUS
ObpCopyName(PUNICODE_STRING Target, PCUNICODE_STRING Source)
{
    Target->Buffer = port_alloc(Source->Length + sizeof(WCHAR));
    if (Target->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Source->Length != 0) {
        memcpy(Target->Buffer, Source->Buffer, Source->Length);
    }
    Target->Buffer[Source->Length / sizeof(WCHAR)] = 0;
    Target->Length = Source->Length;
    Target->MaximumLength = Source->Length + sizeof(WCHAR);
    return STATUS_SUCCESS;
}

static OBP_ENTRY **
ObpFindEntryLocked(OBP_DIRECTORY *Directory, PCUNICODE_STRING Name)
{
    OBP_ENTRY **Link;

    for (Link = &Directory->First; *Link != NULL; Link = &(*Link)->Next) {
        if (RtlEqualUnicodeString(&ObpHeader((*Link)->Object)->Name, Name, TRUE)) {
            break;
        }
    }
    return Link;
}

BOOLEAN
ObpFirstComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component)
{
    while (Rest->Length != 0 && Rest->Buffer[0] == L'\\') {
        Rest->Buffer++;
        Rest->Length -= sizeof(WCHAR);
    }
    Component->Buffer = Rest->Buffer;
    Component->Length = 0;
    while (Rest->Length != 0 && Rest->Buffer[0] != L'\\') {
        Rest->Buffer++;
        Rest->Length -= sizeof(WCHAR);
        Component->Length += sizeof(WCHAR);
    }
    Component->MaximumLength = Component->Length;
    return Component->Length != 0;
}

static BOOLEAN
ObpOnlySlashes(PCUNICODE_STRING Rest)
{
    for (USHORT i = 0; i < Rest->Length / sizeof(WCHAR); i++) {
        if (Rest->Buffer[i] != L'\\') {
            return FALSE;
        }
    }
    return TRUE;
}

/* Walks Path as far as directories go.  Out: the directory and the last component; PATH_NOT_FOUND when one between is missing. */
static NTSTATUS
ObpFindParentLocked(PCUNICODE_STRING Path, OBP_DIRECTORY **Directory, PUNICODE_STRING Last)
{
    UNICODE_STRING Rest = *Path;

    if (Path->Length == 0 || Path->Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    *Directory = ObpRoot;
    if (!ObpFirstComponent(&Rest, Last)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    while (!ObpOnlySlashes(&Rest)) {
        OBP_ENTRY *Entry = *ObpFindEntryLocked(*Directory, Last);
        PVOID Object = Entry != NULL ? Entry->Object : NULL;
        UNICODE_STRING Global;
        RtlInitUnicodeString(&Global, L"\\GLOBAL??");
        if (Object != NULL && ObpTypeOf(Object) == ObpSymbolicLinkType &&
            RtlEqualUnicodeString(&((OBP_SYMBOLIC_LINK *)Object)->Target, &Global, TRUE)) {
            RtlInitUnicodeString(&Global, L"GLOBAL??");
            Entry = *ObpFindEntryLocked(ObpRoot, &Global);
            Object = Entry != NULL ? Entry->Object : NULL;
        }
        if (Object == NULL || ObpTypeOf(Object) != ObpDirectoryType) {
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        *Directory = Object;
        ObpFirstComponent(&Rest, Last);
    }
    return STATUS_SUCCESS;
}

NTSTATUS
ObpInsertName(PVOID Object, PCUNICODE_STRING Path)
{
    OBP_DIRECTORY *Directory;
    UNICODE_STRING Last;
    OBP_ENTRY *Entry = port_alloc_zeroed(sizeof(*Entry));

    if (Entry == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    port_rwlock_exclusive(&ObpNamespaceLock);
    NTSTATUS Status = ObpFindParentLocked(Path, &Directory, &Last);
    if (NT_SUCCESS(Status) && *ObpFindEntryLocked(Directory, &Last) != NULL) {
        Status = STATUS_OBJECT_NAME_COLLISION;
    }
    if (NT_SUCCESS(Status)) {
        Status = ObpCopyName(&ObpHeader(Object)->Name, &Last);
    }
    if (NT_SUCCESS(Status)) {
        ObpReference(Object);
        ObpHeader(Object)->Directory = Directory;
        Entry->Object = Object;
        Entry->Next = Directory->First;
        Directory->First = Entry;
        Entry = NULL;
    }
    port_rwlock_release_exclusive(&ObpNamespaceLock);
    port_free(Entry);
    return Status;
}

VOID
ObpRemoveName(PVOID Object)
{
    OBP_ENTRY *Removed = NULL;

    port_rwlock_exclusive(&ObpNamespaceLock);
    OBP_DIRECTORY *Directory = ObpHeader(Object)->Directory;
    if (Directory != NULL) {
        for (OBP_ENTRY **Link = &Directory->First; *Link != NULL; Link = &(*Link)->Next) {
            if ((*Link)->Object == Object) {
                Removed = *Link;
                *Link = Removed->Next;
                break;
            }
        }
        ObpHeader(Object)->Directory = NULL;
    }
    port_rwlock_release_exclusive(&ObpNamespaceLock);
    if (Removed != NULL) {
        port_free(Removed);
        ObpDereference(Object);
    }
}

NTSTATUS
ObpCreateSymbolicLink(PCUNICODE_STRING Path, PCUNICODE_STRING Target)
{
    OBP_SYMBOLIC_LINK *Link;
    NTSTATUS Status = ObpCreateObject(ObpSymbolicLinkType, sizeof(*Link), (PVOID *)&Link);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpCopyName(&Link->Target, Target);
    if (NT_SUCCESS(Status)) {
        Status = ObpInsertName(Link, Path);
    }
    ObpDereference(Link);
    return Status;
}

NTSTATUS
ObpDeleteSymbolicLink(PCUNICODE_STRING Path)
{
    OBP_DIRECTORY *Directory;
    UNICODE_STRING Last;
    PVOID Object = NULL;

    port_rwlock_shared(&ObpNamespaceLock);
    NTSTATUS Status = ObpFindParentLocked(Path, &Directory, &Last);
    if (NT_SUCCESS(Status)) {
        OBP_ENTRY *Entry = *ObpFindEntryLocked(Directory, &Last);
        if (Entry == NULL) {
            Status = STATUS_OBJECT_NAME_NOT_FOUND;
        } else if (ObpTypeOf(Entry->Object) != ObpSymbolicLinkType) {
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        } else {
            Object = Entry->Object;
            ObpReference(Object);
        }
    }
    port_rwlock_release_shared(&ObpNamespaceLock);
    if (Object != NULL) {
        ObpRemoveName(Object);
        ObpDereference(Object);
    }
    return Status;
}

/* One pass without following links.  Out: the object (+1) and what is left behind it. */
static NTSTATUS
ObpWalk(PCUNICODE_STRING Path, PVOID *Object, PUNICODE_STRING Rest)
{
    UNICODE_STRING Component;
    PVOID Current;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Path->Length == 0 || Path->Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    *Rest = *Path;
    port_rwlock_shared(&ObpNamespaceLock);
    Current = ObpRoot;
    while (ObpTypeOf(Current) == ObpDirectoryType && !ObpOnlySlashes(Rest)) {
        ObpFirstComponent(Rest, &Component);
        OBP_ENTRY *Entry = *ObpFindEntryLocked(Current, &Component);
        if (Entry == NULL) {
            Status = ObpOnlySlashes(Rest) ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
            break;
        }
        Current = Entry->Object;
    }
    if (NT_SUCCESS(Status)) {
        ObpReference(Current);
        *Object = Current;
    }
    port_rwlock_release_shared(&ObpNamespaceLock);
    return Status;
}

/* *Buffer becomes link target + rest. */
static NTSTATUS
ObpFollowLink(OBP_SYMBOLIC_LINK *Link, PUNICODE_STRING Path, PWCH *Buffer, PCUNICODE_STRING Rest)
{
    ULONG Length = (ULONG)Link->Target.Length + Rest->Length;
    PWCH New = Length > 0xFFF0 ? NULL : ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), 'manO');

    if (New == NULL) {
        return Length > 0xFFF0 ? STATUS_OBJECT_NAME_INVALID : STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(New, Link->Target.Buffer, Link->Target.Length);
    memcpy((CHAR *)New + Link->Target.Length, Rest->Buffer, Rest->Length);
    if (*Buffer != NULL) {
        ExFreePool(*Buffer);
    }
    *Buffer = New;
    Path->Buffer = New;
    Path->Length = (USHORT)Length;
    Path->MaximumLength = (USHORT)Length;
    return STATUS_SUCCESS;
}

NTSTATUS
ObpLookupName(PCUNICODE_STRING Path, ULONG Attributes, PVOID *Object, PUNICODE_STRING Remaining, PWCH *Buffer)
{
    UNICODE_STRING Now = *Path;
    NTSTATUS Status = STATUS_OBJECT_NAME_INVALID;

    *Object = NULL;
    *Buffer = NULL;
    for (ULONG Links = 0; Links < OBP_MAX_LINKS; Links++) {
        PVOID Found;
        Status = ObpWalk(&Now, &Found, Remaining);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        if (ObpTypeOf(Found) != ObpSymbolicLinkType ||
            ((Attributes & OBJ_OPENLINK) != 0 && Remaining->Length == 0)) {
            if (Remaining->Length != 0 && ObpTypeOf(Found)->Parse == NULL && ObpTypeOf(Found) != ObpDirectoryType) {
                ObpDereference(Found);
                Status = STATUS_OBJECT_PATH_NOT_FOUND;
                break;
            }
            *Object = Found;
            return STATUS_SUCCESS;
        }
        Status = ObpFollowLink((OBP_SYMBOLIC_LINK *)Found, &Now, Buffer, Remaining);
        ObpDereference(Found);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        Status = STATUS_OBJECT_NAME_INVALID;   /* too many links, unless the next round succeeds */
    }
    if (*Buffer != NULL) {
        ExFreePool(*Buffer);
        *Buffer = NULL;
    }
    return Status;
}

NTSTATUS
ObpOpenByName(PCUNICODE_STRING Path, OBP_PARSE *Parse, POBJECT_TYPE Type, PVOID *Object)
{
    PVOID Found;
    PWCH Buffer;
    NTSTATUS Status = ObpLookupName(Path, Parse->Attributes, &Found, &Parse->Remaining, &Buffer);

    *Object = NULL;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ObpTypeOf(Found)->Parse != NULL) {
        Status = ObpTypeOf(Found)->Parse(Found, Parse, Object);
        ObpDereference(Found);
    } else {
        *Object = Found;
    }
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
    if (NT_SUCCESS(Status) && Type != NULL && ObpTypeOf(*Object) != Type) {
        ObpDereference(*Object);
        *Object = NULL;
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Status;
}

VOID
ObpEnumerateDirectory(PCUNICODE_STRING Path, BOOLEAN (*Callback)(PCUNICODE_STRING Name, PVOID Object, PVOID Context), PVOID Context)
{
    PVOID Directory;
    UNICODE_STRING Remaining;
    PWCH Buffer;

    if (!NT_SUCCESS(ObpLookupName(Path, 0, &Directory, &Remaining, &Buffer))) {
        return;
    }
    if (ObpTypeOf(Directory) == ObpDirectoryType) {
        port_rwlock_shared(&ObpNamespaceLock);
        for (OBP_ENTRY *Entry = ((OBP_DIRECTORY *)Directory)->First; Entry != NULL; Entry = Entry->Next) {
            if (!Callback(&ObpHeader(Entry->Object)->Name, Entry->Object, Context)) {
                break;
            }
        }
        port_rwlock_release_shared(&ObpNamespaceLock);
    }
    ObpDereference(Directory);
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
}

static VOID
ObpMakeDirectory(const WCHAR *Path)
{
    UNICODE_STRING Name;
    PVOID Directory;

    RtlInitUnicodeString(&Name, Path);
    if (NT_SUCCESS(ObpCreateObject(ObpDirectoryType, sizeof(OBP_DIRECTORY), &Directory))) {
        (VOID)ObpInsertName(Directory, &Name);
        ObpDereference(Directory);
    }
}

static VOID
ObpMakeLink(const WCHAR *Path, const WCHAR *Target)
{
    UNICODE_STRING Name;
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Name, Path);
    RtlInitUnicodeString(&Value, Target);
    (VOID)ObpCreateSymbolicLink(&Name, &Value);
}

VOID
ObpInitialize(VOID)
{
    static const WCHAR *const Directories[] = {
        L"\\Device", L"\\Driver", L"\\FileSystem", L"\\FileSystem\\Filters", L"\\GLOBAL??", L"\\Callback",
        L"\\BaseNamedObjects", L"\\KernelObjects", L"\\ObjectTypes", L"\\Registry",
    };

    if (ObpRoot != NULL) {
        return;
    }
    if (!NT_SUCCESS(ObpCreateObject(ObpDirectoryType, sizeof(OBP_DIRECTORY), (PVOID *)&ObpRoot))) {
        port_fatal("no memory for the object namespace");
    }
    for (ULONG i = 0; i < sizeof(Directories) / sizeof(Directories[0]); i++) {
        ObpMakeDirectory(Directories[i]);
    }
    ObpMakeLink(L"\\??", L"\\GLOBAL??");
    ObpMakeLink(L"\\DosDevices", L"\\GLOBAL??");
}

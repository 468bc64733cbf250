/* SPDX-License-Identifier: MIT */
/* The tree of keys and values. */
#include "cm/cmpp.h"
#include "ob/path.h"

#include <string.h>

port_rwlock CmpLock;
CMP_KEY *CmpRoot;

static VOID CmpKeyDelete(PVOID Object);
static struct _OBJECT_TYPE CmpKeyTypeBody = {.Name = L"Key", .Delete = CmpKeyDelete, .WaitOffset = (ULONG)-1};
POBJECT_TYPE CmpKeyType = &CmpKeyTypeBody;

static VOID
CmpFreeValue(CMP_VALUE *Value)
{
    RemoveEntryList(&Value->Links);
    port_free(Value->Data);
    port_free(Value->Name.Buffer);
    port_free(Value);
}

static VOID
CmpKeyDelete(PVOID Object)
{
    CMP_KEY *Key = Object;

    while (!IsListEmpty(&Key->Values)) {
        CmpFreeValue(CONTAINING_RECORD(Key->Values.Flink, CMP_VALUE, Links));
    }
    port_free(Key->Name.Buffer);
}

CMP_KEY *
CmpFindChildLocked(CMP_KEY *Key, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Key->Children.Flink; Entry != &Key->Children; Entry = Entry->Flink) {
        CMP_KEY *Child = CONTAINING_RECORD(Entry, CMP_KEY, Links);
        if (RtlEqualUnicodeString(&Child->Name, Name, TRUE)) {
            return Child;
        }
    }
    return NULL;
}

CMP_VALUE *
CmpFindValueLocked(CMP_KEY *Key, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Key->Values.Flink; Entry != &Key->Values; Entry = Entry->Flink) {
        CMP_VALUE *Value = CONTAINING_RECORD(Entry, CMP_VALUE, Links);
        if (RtlEqualUnicodeString(&Value->Name, Name, TRUE)) {
            return Value;
        }
    }
    return NULL;
}

CMP_KEY *
CmpNthChildLocked(CMP_KEY *Key, ULONG Index)
{
    for (PLIST_ENTRY Entry = Key->Children.Flink; Entry != &Key->Children; Entry = Entry->Flink) {
        if (Index-- == 0) {
            return CONTAINING_RECORD(Entry, CMP_KEY, Links);
        }
    }
    return NULL;
}

CMP_VALUE *
CmpNthValueLocked(CMP_KEY *Key, ULONG Index)
{
    for (PLIST_ENTRY Entry = Key->Values.Flink; Entry != &Key->Values; Entry = Entry->Flink) {
        if (Index-- == 0) {
            return CONTAINING_RECORD(Entry, CMP_VALUE, Links);
        }
    }
    return NULL;
}

static NTSTATUS
CmpAllocateKey(PCUNICODE_STRING Name, CMP_KEY **Key)
{
    NTSTATUS Status = ObpCreateObject(CmpKeyType, sizeof(CMP_KEY), (PVOID *)Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    InitializeListHead(&(*Key)->Links);
    InitializeListHead(&(*Key)->Children);
    InitializeListHead(&(*Key)->Values);
    (*Key)->LastWriteTime.QuadPart = port_clock_nt();
    Status = ObpCopyName(&(*Key)->Name, Name);
    if (!NT_SUCCESS(Status)) {
        ObpDereference(*Key);
    }
    return Status;
}

NTSTATUS
CmpCreateChildLocked(CMP_KEY *Key, PCUNICODE_STRING Name, CMP_KEY **Child)
{
    NTSTATUS Status = CmpAllocateKey(Name, Child);

    if (NT_SUCCESS(Status)) {
        (*Child)->Parent = Key;
        InsertTailList(&Key->Children, &(*Child)->Links);
        Key->ChildCount++;
        Key->LastWriteTime.QuadPart = port_clock_nt();
    }
    return Status;
}

VOID
CmpDeleteKeyLocked(CMP_KEY *Key)
{
    while (!IsListEmpty(&Key->Children)) {
        CmpDeleteKeyLocked(CONTAINING_RECORD(Key->Children.Flink, CMP_KEY, Links));
    }
    RemoveEntryList(&Key->Links);
    if (Key->Parent != NULL) {
        Key->Parent->ChildCount--;
    }
    Key->Parent = NULL;
    Key->Deleted = TRUE;
    ObpDereference(Key);
}

NTSTATUS
CmpSetValueLocked(CMP_KEY *Key, PCUNICODE_STRING Name, ULONG Type, const VOID *Data, ULONG Length)
{
    CMP_VALUE *Value = CmpFindValueLocked(Key, Name);
    UCHAR *Copy = port_alloc(Length == 0 ? 1 : Length);

    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Length != 0) {
        memcpy(Copy, Data, Length);
    }
    if (Value == NULL) {
        Value = port_alloc_zeroed(sizeof(*Value));
        if (Value == NULL || !NT_SUCCESS(ObpCopyName(&Value->Name, Name))) {
            port_free(Value);
            port_free(Copy);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        InsertTailList(&Key->Values, &Value->Links);
        Key->ValueCount++;
    }
    port_free(Value->Data);
    Value->Data = Copy;
    Value->Length = Length;
    Value->Type = Type;
    Key->LastWriteTime.QuadPart = port_clock_nt();
    return STATUS_SUCCESS;
}

VOID
CmpDeleteValueLocked(CMP_KEY *Key, CMP_VALUE *Value)
{
    CmpFreeValue(Value);
    Key->ValueCount--;
    Key->LastWriteTime.QuadPart = port_clock_nt();
}

NTSTATUS
CmpWalkLocked(CMP_KEY *Start, PCUNICODE_STRING Path, BOOLEAN Create, CMP_KEY **Key, PBOOLEAN Created)
{
    UNICODE_STRING Rest = *Path;
    UNICODE_STRING Component;
    CMP_KEY *Current = Start;

    *Created = FALSE;
    if (Start == NULL) {
        if (Path->Length == 0 || Path->Buffer[0] != L'\\' || !ObpFirstComponent(&Rest, &Component)) {
            return STATUS_OBJECT_PATH_SYNTAX_BAD;
        }
        if (!RtlEqualUnicodeString(&Component, &CmpRoot->Name, TRUE)) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        Current = CmpRoot;
    } else if (Path->Length != 0 && Path->Buffer[0] == L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (Current->Deleted) {
        return STATUS_KEY_DELETED;
    }
    while (ObpFirstComponent(&Rest, &Component)) {
        CMP_KEY *Child = CmpFindChildLocked(Current, &Component);
        if (Child == NULL) {
            NTSTATUS Status = Create ? CmpCreateChildLocked(Current, &Component, &Child) : STATUS_OBJECT_NAME_NOT_FOUND;
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
            *Created = TRUE;
        }
        Current = Child;
    }
    *Key = Current;
    return STATUS_SUCCESS;
}

NTSTATUS
CmpCreateKeyPath(PCUNICODE_STRING Path)
{
    CMP_KEY *Key;
    BOOLEAN Created;

    port_rwlock_exclusive(&CmpLock);
    NTSTATUS Status = CmpWalkLocked(NULL, Path, TRUE, &Key, &Created);
    port_rwlock_release_exclusive(&CmpLock);
    return Status;
}

NTSTATUS
CmpDeleteKeyPath(PCUNICODE_STRING Path)
{
    CMP_KEY *Key;
    BOOLEAN Created;

    port_rwlock_exclusive(&CmpLock);
    NTSTATUS Status = CmpWalkLocked(NULL, Path, FALSE, &Key, &Created);
    if (NT_SUCCESS(Status)) {
        if (Key == CmpRoot) {
            Status = STATUS_ACCESS_DENIED;
        } else {
            CmpDeleteKeyLocked(Key);
        }
    }
    port_rwlock_release_exclusive(&CmpLock);
    return Status;
}

NTSTATUS
CmpSetValuePath(PCUNICODE_STRING Path, PCUNICODE_STRING Name, ULONG Type, const VOID *Data, ULONG Length)
{
    CMP_KEY *Key;
    BOOLEAN Created;

    port_rwlock_exclusive(&CmpLock);
    NTSTATUS Status = CmpWalkLocked(NULL, Path, FALSE, &Key, &Created);
    if (NT_SUCCESS(Status)) {
        Status = CmpSetValueLocked(Key, Name, Type, Data, Length);
    }
    port_rwlock_release_exclusive(&CmpLock);
    return Status;
}

VOID
CmpInitialize(VOID)
{
    UNICODE_STRING Name;

    if (CmpRoot != NULL) {
        return;
    }
    RtlInitUnicodeString(&Name, L"Registry");
    if (!NT_SUCCESS(CmpAllocateKey(&Name, &CmpRoot))) {
        port_fatal("no memory for the registry");
    }
    RtlInitUnicodeString(&Name, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services");
    (VOID)CmpCreateKeyPath(&Name);
    RtlInitUnicodeString(&Name, L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\FileSystem");
    (VOID)CmpCreateKeyPath(&Name);
}

/* SPDX-License-Identifier: MIT */
/* Zw*Key: the registry as drivers see it. */
#include "cm/cmpp.h"

#include <string.h>

/* Key of a handle, +1. */
static NTSTATUS
CmpReferenceHandle(HANDLE Handle, CMP_KEY **Key)
{
    return ObReferenceObjectByHandle(Handle, 0, CmpKeyType, KernelMode, (PVOID *)Key, NULL);
}

static NTSTATUS
CmpOpen(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES Attributes, BOOLEAN Create, PULONG Disposition)
{
    UNICODE_STRING Empty = {0};
    CMP_KEY *Start = NULL;
    CMP_KEY *Key = NULL;
    BOOLEAN Created = FALSE;
    NTSTATUS Status = STATUS_SUCCESS;

    *KeyHandle = NULL;
    if (Attributes->RootDirectory != NULL) {
        Status = CmpReferenceHandle(Attributes->RootDirectory, &Start);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    port_rwlock_exclusive(&CmpLock);
    Status = CmpWalkLocked(Start, Attributes->ObjectName != NULL ? Attributes->ObjectName : &Empty, Create, &Key, &Created);
    if (NT_SUCCESS(Status)) {
        ObpReference(Key);
    }
    port_rwlock_release_exclusive(&CmpLock);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(Key, DesiredAccess, Attributes->Attributes, KeyHandle);
        ObpDereference(Key);
    }
    if (NT_SUCCESS(Status) && Disposition != NULL) {
        *Disposition = Created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    }
    if (Start != NULL) {
        ObfDereferenceObject(Start);
    }
    return Status;
}

/* Windows: wdm.h, ZwOpenKey.  Differences: access is not checked. */
NTSTATUS
ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return CmpOpen(KeyHandle, DesiredAccess, ObjectAttributes, FALSE, NULL);
}

/* Windows: wdm.h, ZwOpenKeyEx.  Differences: open options have no effect. */
NTSTATUS
ZwOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG OpenOptions)
{
    UNREFERENCED_PARAMETER(OpenOptions);
    return CmpOpen(KeyHandle, DesiredAccess, ObjectAttributes, FALSE, NULL);
}

/* Windows: wdm.h, ZwCreateKey.  Differences: creates keys that are missing above; class and options have no effect. */
NTSTATUS
ZwCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex, PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    UNREFERENCED_PARAMETER(TitleIndex);
    UNREFERENCED_PARAMETER(Class);
    UNREFERENCED_PARAMETER(CreateOptions);
    return CmpOpen(KeyHandle, DesiredAccess, ObjectAttributes, TRUE, Disposition);
}

/* Copies Length bytes to Offset of a buffer of Size; what does not fit is left out. */
static VOID
CmpPut(PVOID Buffer, ULONG Size, ULONG Offset, const VOID *Data, ULONG Length)
{
    if (Offset < Size && Length != 0) {
        memcpy((UCHAR *)Buffer + Offset, Data, Length < Size - Offset ? Length : Size - Offset);
    }
}

/* Fixed part must fit (BUFFER_TOO_SMALL), the rest may be cut (BUFFER_OVERFLOW). */
static NTSTATUS
CmpFit(ULONG Length, ULONG Fixed, ULONG Needed)
{
    return Length < Fixed ? STATUS_BUFFER_TOO_SMALL : Length < Needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS
CmpQueryValueFull(const CMP_VALUE *Value, PVOID Information, ULONG Length, PULONG Needed)
{
    ULONG Fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
    ULONG DataOffset = (Fixed + Value->Name.Length + 7) & ~7u;
    PKEY_VALUE_FULL_INFORMATION Full = Information;

    *Needed = DataOffset + Value->Length;
    NTSTATUS Status = CmpFit(Length, Fixed, *Needed);
    if (Status != STATUS_BUFFER_TOO_SMALL) {
        Full->TitleIndex = 0;
        Full->Type = Value->Type;
        Full->DataOffset = DataOffset;
        Full->DataLength = Value->Length;
        Full->NameLength = Value->Name.Length;
        CmpPut(Information, Length, Fixed, Value->Name.Buffer, Value->Name.Length);
        CmpPut(Information, Length, DataOffset, Value->Data, Value->Length);
    }
    return Status;
}

static NTSTATUS
CmpQueryValue(const CMP_VALUE *Value, KEY_VALUE_INFORMATION_CLASS Class, PVOID Information, ULONG Length, PULONG Needed)
{
    NTSTATUS Status;

    if (Class == KeyValuePartialInformation) {
        PKEY_VALUE_PARTIAL_INFORMATION Partial = Information;
        ULONG Fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
        *Needed = Fixed + Value->Length;
        Status = CmpFit(Length, Fixed, *Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL) {
            Partial->TitleIndex = 0;
            Partial->Type = Value->Type;
            Partial->DataLength = Value->Length;
            CmpPut(Information, Length, Fixed, Value->Data, Value->Length);
        }
        return Status;
    }
    if (Class == KeyValueBasicInformation) {
        PKEY_VALUE_BASIC_INFORMATION Basic = Information;
        ULONG Fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
        *Needed = Fixed + Value->Name.Length;
        Status = CmpFit(Length, Fixed, *Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL) {
            Basic->TitleIndex = 0;
            Basic->Type = Value->Type;
            Basic->NameLength = Value->Name.Length;
            CmpPut(Information, Length, Fixed, Value->Name.Buffer, Value->Name.Length);
        }
        return Status;
    }
    return Class == KeyValueFullInformation ? CmpQueryValueFull(Value, Information, Length, Needed) : STATUS_INVALID_PARAMETER;
}

/* Windows: wdm.h, ZwQueryValueKey.  Differences: the 64-bit aligned classes are not there. */
NTSTATUS
ZwQueryValueKey(HANDLE KeyHandle,
                PUNICODE_STRING ValueName,
                KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                PVOID KeyValueInformation,
                ULONG Length,
                PULONG ResultLength)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_shared(&CmpLock);
    CMP_VALUE *Value = Key->Deleted ? NULL : CmpFindValueLocked(Key, ValueName);
    Status = Key->Deleted    ? STATUS_KEY_DELETED
             : Value == NULL ? STATUS_OBJECT_NAME_NOT_FOUND
                             : CmpQueryValue(Value, KeyValueInformationClass, KeyValueInformation, Length, ResultLength);
    port_rwlock_release_shared(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwEnumerateValueKey.  Differences: as ZwQueryValueKey. */
NTSTATUS
ZwEnumerateValueKey(HANDLE KeyHandle,
                    ULONG Index,
                    KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                    PVOID KeyValueInformation,
                    ULONG Length,
                    PULONG ResultLength)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_shared(&CmpLock);
    CMP_VALUE *Value = CmpNthValueLocked(Key, Index);
    Status = Key->Deleted    ? STATUS_KEY_DELETED
             : Value == NULL ? STATUS_NO_MORE_ENTRIES
                             : CmpQueryValue(Value, KeyValueInformationClass, KeyValueInformation, Length, ResultLength);
    port_rwlock_release_shared(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

static VOID
CmpLongestLocked(const CMP_KEY *Key, PULONG Child, PULONG Name, PULONG Data)
{
    *Child = *Name = *Data = 0;
    for (PLIST_ENTRY Entry = Key->Children.Flink; Entry != &Key->Children; Entry = Entry->Flink) {
        ULONG Length = CONTAINING_RECORD(Entry, CMP_KEY, Links)->Name.Length;
        *Child = Length > *Child ? Length : *Child;
    }
    for (PLIST_ENTRY Entry = Key->Values.Flink; Entry != &Key->Values; Entry = Entry->Flink) {
        CMP_VALUE *Value = CONTAINING_RECORD(Entry, CMP_VALUE, Links);
        *Name = Value->Name.Length > *Name ? Value->Name.Length : *Name;
        *Data = Value->Length > *Data ? Value->Length : *Data;
    }
}

static NTSTATUS
CmpQueryKeyFull(const CMP_KEY *Key, PVOID Information, ULONG Length, PULONG Needed)
{
    PKEY_FULL_INFORMATION Full = Information;

    *Needed = FIELD_OFFSET(KEY_FULL_INFORMATION, Class);
    if (Length < *Needed) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memset(Full, 0, *Needed);
    Full->LastWriteTime = Key->LastWriteTime;
    Full->ClassOffset = (ULONG)-1;
    Full->SubKeys = Key->ChildCount;
    Full->Values = Key->ValueCount;
    CmpLongestLocked(Key, &Full->MaxNameLen, &Full->MaxValueNameLen, &Full->MaxValueDataLen);
    return STATUS_SUCCESS;
}

static NTSTATUS
CmpQueryKey(const CMP_KEY *Key, KEY_INFORMATION_CLASS Class, PVOID Information, ULONG Length, PULONG Needed)
{
    NTSTATUS Status;

    if (Class == KeyBasicInformation) {
        PKEY_BASIC_INFORMATION Basic = Information;
        ULONG Fixed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
        *Needed = Fixed + Key->Name.Length;
        Status = CmpFit(Length, Fixed, *Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL) {
            Basic->LastWriteTime = Key->LastWriteTime;
            Basic->TitleIndex = 0;
            Basic->NameLength = Key->Name.Length;
            CmpPut(Information, Length, Fixed, Key->Name.Buffer, Key->Name.Length);
        }
        return Status;
    }
    if (Class == KeyNodeInformation) {
        PKEY_NODE_INFORMATION Node = Information;
        ULONG Fixed = FIELD_OFFSET(KEY_NODE_INFORMATION, Name);
        *Needed = Fixed + Key->Name.Length;
        Status = CmpFit(Length, Fixed, *Needed);
        if (Status != STATUS_BUFFER_TOO_SMALL) {
            memset(Node, 0, Fixed);
            Node->LastWriteTime = Key->LastWriteTime;
            Node->ClassOffset = (ULONG)-1;
            Node->NameLength = Key->Name.Length;
            CmpPut(Information, Length, Fixed, Key->Name.Buffer, Key->Name.Length);
        }
        return Status;
    }
    return Class == KeyFullInformation ? CmpQueryKeyFull(Key, Information, Length, Needed) : STATUS_INVALID_PARAMETER;
}

/* Windows: wdm.h, ZwQueryKey.  Differences: classes Basic, Node and Full. */
NTSTATUS
ZwQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_shared(&CmpLock);
    Status = Key->Deleted ? STATUS_KEY_DELETED : CmpQueryKey(Key, KeyInformationClass, KeyInformation, Length, ResultLength);
    port_rwlock_release_shared(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwEnumerateKey.  Differences: classes Basic, Node and Full. */
NTSTATUS
ZwEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_shared(&CmpLock);
    CMP_KEY *Child = CmpNthChildLocked(Key, Index);
    Status = Key->Deleted    ? STATUS_KEY_DELETED
             : Child == NULL ? STATUS_NO_MORE_ENTRIES
                             : CmpQueryKey(Child, KeyInformationClass, KeyInformation, Length, ResultLength);
    port_rwlock_release_shared(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwSetValueKey.  Differences: none. */
NTSTATUS
ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data, ULONG DataSize)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    UNREFERENCED_PARAMETER(TitleIndex);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_exclusive(&CmpLock);
    Status = Key->Deleted ? STATUS_KEY_DELETED : CmpSetValueLocked(Key, ValueName, Type, Data, DataSize);
    port_rwlock_release_exclusive(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwDeleteKey.  Differences: none. */
NTSTATUS
ZwDeleteKey(HANDLE KeyHandle)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_exclusive(&CmpLock);
    if (Key->Deleted) {
        Status = STATUS_KEY_DELETED;
    } else if (Key == CmpRoot || !IsListEmpty(&Key->Children)) {
        Status = STATUS_CANNOT_DELETE;
    } else {
        CmpDeleteKeyLocked(Key);
    }
    port_rwlock_release_exclusive(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwDeleteValueKey.  Differences: none. */
NTSTATUS
ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    port_rwlock_exclusive(&CmpLock);
    CMP_VALUE *Value = Key->Deleted ? NULL : CmpFindValueLocked(Key, ValueName);
    if (Value == NULL) {
        Status = Key->Deleted ? STATUS_KEY_DELETED : STATUS_OBJECT_NAME_NOT_FOUND;
    } else {
        CmpDeleteValueLocked(Key, Value);
    }
    port_rwlock_release_exclusive(&CmpLock);
    ObfDereferenceObject(Key);
    return Status;
}

/* Windows: wdm.h, ZwFlushKey.  Differences: the registry lives in memory, so there is nothing to write. */
NTSTATUS
ZwFlushKey(HANDLE KeyHandle)
{
    CMP_KEY *Key;
    NTSTATUS Status = CmpReferenceHandle(KeyHandle, &Key);

    if (NT_SUCCESS(Status)) {
        ObfDereferenceObject(Key);
    }
    return Status;
}

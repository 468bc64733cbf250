/* SPDX-License-Identifier: MIT */
/* Rtl routines over the registry: keys by a place that Windows knows and a path relative to it. */
#include "cm/cmpp.h"

#define CMP_PATH_CHARS 1024

static const WCHAR *const CmpPlaces[] = {
    [RTL_REGISTRY_ABSOLUTE] = L"",
    [RTL_REGISTRY_SERVICES] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
    [RTL_REGISTRY_CONTROL] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
    [RTL_REGISTRY_WINDOWS_NT] = L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\",
    [RTL_REGISTRY_DEVICEMAP] = L"\\Registry\\Machine\\Hardware\\DeviceMap\\",
    [RTL_REGISTRY_USER] = L"\\Registry\\User\\.Default\\",
};

/* RTL_REGISTRY_HANDLE: Path is the handle, and the caller's. */
static NTSTATUS
CmpOpenRelative(ULONG RelativeTo, PCWSTR Path, BOOLEAN Create, PHANDLE Key)
{
    const ULONG Place = RelativeTo & ~(ULONG)RTL_REGISTRY_OPTIONAL;
    WCHAR Buffer[CMP_PATH_CHARS];
    UNICODE_STRING Name = {0, sizeof(Buffer), Buffer};
    OBJECT_ATTRIBUTES Attributes;

    if ((RelativeTo & RTL_REGISTRY_HANDLE) != 0) {
        *Key = (HANDLE)Path;
        return STATUS_SUCCESS;
    }
    if (Place >= RTL_NUMBER_OF(CmpPlaces)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = RtlAppendUnicodeToString(&Name, CmpPlaces[Place]);
    if (NT_SUCCESS(Status) && Path != NULL) {
        Status = RtlAppendUnicodeToString(&Name, Path);
    }
    if (!NT_SUCCESS(Status)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    while (Name.Length > sizeof(WCHAR) && Buffer[Name.Length / sizeof(WCHAR) - 1] == L'\\') {
        Name.Length -= sizeof(WCHAR);
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return Create ? ZwCreateKey(Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, 0, NULL) : ZwOpenKey(Key, KEY_ALL_ACCESS, &Attributes);
}

static VOID
CmpCloseRelative(ULONG RelativeTo, HANDLE Key)
{
    if ((RelativeTo & RTL_REGISTRY_HANDLE) == 0) {
        ZwClose(Key);
    }
}

/* Windows: wdm.h, RtlCheckRegistryKey.  Differences: there is one user. */
NTSTATUS
RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, FALSE, &Key);

    if (NT_SUCCESS(Status)) {
        ZwClose(Key);                          /* also one that was passed in: so it is documented */
    }
    return Status;
}

/* Windows: wdm.h, RtlCreateRegistryKey.  Differences: as RtlCheckRegistryKey. */
NTSTATUS
RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, TRUE, &Key);

    if (NT_SUCCESS(Status)) {
        ZwClose(Key);
    }
    return Status;
}

/* Windows: wdm.h, RtlWriteRegistryValue.  Differences: as RtlCheckRegistryKey. */
NTSTATUS
RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, TRUE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = ZwSetValueKey(Key, &Name, 0, ValueType, ValueData, ValueLength);
    CmpCloseRelative(RelativeTo, Key);
    return Status;
}

/* Windows: wdm.h, RtlDeleteRegistryValue.  Differences: as RtlCheckRegistryKey. */
NTSTATUS
RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = CmpOpenRelative(RelativeTo, Path, FALSE, &Key);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Name, ValueName);
    Status = ZwDeleteValueKey(Key, &Name);
    CmpCloseRelative(RelativeTo, Key);
    return Status;
}

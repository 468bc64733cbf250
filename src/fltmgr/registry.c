/* SPDX-License-Identifier: MIT */
/*
 * The service key of a minifilter: its name and its instances.
 *
 *      <service>\Instances               DefaultInstance = "Name"           the layout of all Windows versions
 *          <service>\Instances\Name      Altitude = "370030", Flags = 0
 *      <service>\Parameters\Instances    the same, below Parameters          preferred where it exists
 */
#include "fltmgr/frame.h"

#define FLTP_VALUE_BYTES 4096
typedef struct FLTP_VALUE {
    union { KEY_VALUE_PARTIAL_INFORMATION Information; UCHAR Bytes[FLTP_VALUE_BYTES]; };
} FLTP_VALUE;

static const WCHAR FltpServicesPath[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";

static NTSTATUS
FltpKeyOpen(HANDLE Parent, PUNICODE_STRING Name, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent, NULL);
    return ZwOpenKey(Key, KEY_READ, &Attributes);
}

static NTSTATUS
FltpKeyOpenLiteral(HANDLE Parent, const WCHAR *Name, PHANDLE Key)
{
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Name);
    return FltpKeyOpen(Parent, &String, Key);
}

static NTSTATUS
FltpValueQuery(HANDLE Key, const WCHAR *Name, ULONG Type, FLTP_VALUE *Value)
{
    UNICODE_STRING String;
    ULONG Length;

    RtlInitUnicodeString(&String, Name);
    NTSTATUS Status = ZwQueryValueKey(Key, &String, KeyValuePartialInformation, Value, sizeof(*Value), &Length);
    if (NT_SUCCESS(Status) && Value->Information.Type != Type) {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    return Status;
}

/* The REG_SZ of a value as a string of Value's own memory. */
static VOID
FltpValueString(FLTP_VALUE *Value, PUNICODE_STRING String)
{
    String->Buffer = (PWCH)Value->Information.Data;
    String->Length = (USHORT)(Value->Information.DataLength & ~1u);
    while (String->Length != 0 && String->Buffer[String->Length / sizeof(WCHAR) - 1] == 0) {
        String->Length -= sizeof(WCHAR);
    }
    String->MaximumLength = String->Length;
}

/* The service name is the last component of the key's path. */
static VOID
FltpServiceName(PCUNICODE_STRING Path, PUNICODE_STRING Name)
{
    ULONG Start = Path->Length / sizeof(WCHAR);

    while (Start > 0 && Path->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    Name->Buffer = Path->Buffer + Start;
    Name->Length = Name->MaximumLength = (USHORT)(Path->Length - Start * sizeof(WCHAR));
}

VOID
FltpLegacyName(PDRIVER_OBJECT Driver, PUNICODE_STRING Name)
{
    const UNICODE_STRING *Service = &Driver->DriverExtension->ServiceKeyName;

    FltpServiceName(Service->Length != 0 ? Service : &Driver->DriverName, Name);
}

static NTSTATUS
FltpServiceOpen(PDRIVER_OBJECT Driver, PHANDLE Key)
{
    UNICODE_STRING *Service = &Driver->DriverExtension->ServiceKeyName;
    UNICODE_STRING Name;

    FltpLegacyName(Driver, &Name);
    if (Service->Length != 0 && Service->Buffer[0] == L'\\') {
        return FltpKeyOpen(NULL, Service, Key);
    }
    UNICODE_STRING Path;
    Path.MaximumLength = (USHORT)(sizeof(FltpServicesPath) + Name.Length);
    Path.Length = 0;
    Path.Buffer = port_alloc(Path.MaximumLength);
    if (Path.Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlAppendUnicodeToString(&Path, FltpServicesPath);
    RtlAppendUnicodeStringToString(&Path, &Name);
    NTSTATUS Status = FltpKeyOpen(NULL, &Path, Key);
    port_free(Path.Buffer);
    return Status;
}

static NTSTATUS
FltpInstancesOpen(PFLT_FILTER Filter, PHANDLE Key)
{
    UNICODE_STRING Name;
    HANDLE Service;

    FltpLegacyName(Filter->Driver, &Name);
    NTSTATUS Status = Filter->Name.Buffer == NULL ? FltpStringCopy(&Filter->Name, &Name) : STATUS_SUCCESS;
    if (NT_SUCCESS(Status)) {
        Status = FltpServiceOpen(Filter->Driver, &Service);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpKeyOpenLiteral(Service, L"Parameters\\Instances", Key);
    if (!NT_SUCCESS(Status)) {
        Status = FltpKeyOpenLiteral(Service, L"Instances", Key);
    }
    ZwClose(Service);
    return Status;
}

NTSTATUS
FltpRegistryGroup(PDRIVER_OBJECT Driver, PWCH Buffer, USHORT Bytes, PUNICODE_STRING Group)
{
    FLTP_VALUE Value;
    UNICODE_STRING Text;
    HANDLE Key;

    NTSTATUS Status = FltpServiceOpen(Driver, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpValueQuery(Key, L"Group", REG_SZ, &Value);
    ZwClose(Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FltpValueString(&Value, &Text);
    *Group = (UNICODE_STRING){ 0, Bytes, Buffer };
    RtlCopyUnicodeString(Group, &Text);
    return Text.Length <= Bytes ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}

static NTSTATUS
FltpInstanceRead(HANDLE Instances, PUNICODE_STRING Name, FLTP_INSTANCE_DEFINITION *Definition)
{
    HANDLE Key;
    FLTP_VALUE Value;
    UNICODE_STRING Altitude;

    NTSTATUS Status = FltpKeyOpen(Instances, Name, &Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Definition->Flags = 0;
    if (NT_SUCCESS(FltpValueQuery(Key, L"Flags", REG_DWORD, &Value))) {
        memcpy(&Definition->Flags, Value.Information.Data, sizeof(ULONG));
    }
    Status = FltpValueQuery(Key, L"Altitude", REG_SZ, &Value);
    ZwClose(Key);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    FltpValueString(&Value, &Altitude);
    if (!FltpAltitudeIsValid(&Altitude)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = FltpStringCopy(&Definition->Name, Name);
    if (NT_SUCCESS(Status)) {
        Status = FltpStringCopy(&Definition->Altitude, &Altitude);
    }
    return Status;
}

static NTSTATUS
FltpDefinitionAppend(PFLT_FILTER Filter, HANDLE Instances, PUNICODE_STRING Name)
{
    const ULONG Count = Filter->InstanceDefinitionCount;
    FLTP_INSTANCE_DEFINITION *Grown = port_alloc_zeroed((Count + 1) * sizeof(*Grown));

    if (Grown == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Count != 0) {
        memcpy(Grown, Filter->InstanceDefinitions, Count * sizeof(*Grown));
    }
    port_free(Filter->InstanceDefinitions);
    Filter->InstanceDefinitions = Grown;
    NTSTATUS Status = FltpInstanceRead(Instances, Name, &Grown[Count]);
    if (NT_SUCCESS(Status)) {
        Filter->InstanceDefinitionCount++;
    } else {
        FltpStringFree(&Grown[Count].Name);
        FltpStringFree(&Grown[Count].Altitude);
    }
    return Status;
}

/* The other subkeys; those that cannot be read are left out. */
static VOID
FltpInstancesReadOthers(PFLT_FILTER Filter, HANDLE Instances)
{
    struct { KEY_BASIC_INFORMATION Information; WCHAR Room[INSTANCE_NAME_MAX_CHARS + 1]; } Key;
    ULONG Length;

    for (ULONG i = 0; NT_SUCCESS(ZwEnumerateKey(Instances, i, KeyBasicInformation, &Key, sizeof(Key), &Length)); i++) {
        UNICODE_STRING Name;
        Name.Buffer = Key.Information.Name;
        Name.Length = Name.MaximumLength = (USHORT)Key.Information.NameLength;
        if (!RtlEqualUnicodeString(&Name, &Filter->InstanceDefinitions[0].Name, TRUE)) {
            FltpDefinitionAppend(Filter, Instances, &Name);
        }
    }
}

/*
 * Fills Filter->Name and Filter->InstanceDefinitions.
 *
 * Fails:  STATUS_OBJECT_NAME_NOT_FOUND: no service key, no Instances key, no default instance, no altitude
 */
static NTSTATUS
FltpRegistryRead(PFLT_FILTER Filter)
{
    HANDLE Instances;
    FLTP_VALUE Value;
    UNICODE_STRING Default;

    NTSTATUS Status = FltpInstancesOpen(Filter, &Instances);
    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_INSUFFICIENT_RESOURCES ? Status : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Status = FltpValueQuery(Instances, L"DefaultInstance", REG_SZ, &Value);
    if (NT_SUCCESS(Status)) {
        FltpValueString(&Value, &Default);
        Status = FltpDefinitionAppend(Filter, Instances, &Default);
    }
    if (NT_SUCCESS(Status)) {
        FltpInstancesReadOthers(Filter, Instances);
    } else if (Status != STATUS_INSUFFICIENT_RESOURCES && Status != STATUS_INVALID_PARAMETER) {
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    }
    ZwClose(Instances);
    return Status;
}

NTSTATUS
FltpRegistryReadInstances(PFLT_FILTER Filter)
{
    /* The keys are ours: their handles are not counted as the driver's. */
    struct vf_operation Ours = { .phase = "FltRegisterFilter" };

    vf_operation_enter(&Ours);
    NTSTATUS Status = FltpRegistryRead(Filter);
    vf_operation_leave(&Ours);
    return Status;
}

/* Name NULL: the default instance. */
NTSTATUS
FltpRegistryFindInstance(PFLT_FILTER Filter, PCUNICODE_STRING Name, const FLTP_INSTANCE_DEFINITION **Definition)
{
    for (ULONG i = 0; i < Filter->InstanceDefinitionCount; i++) {
        if (Name == NULL || RtlEqualUnicodeString(&Filter->InstanceDefinitions[i].Name, Name, TRUE)) {
            *Definition = &Filter->InstanceDefinitions[i];
            return STATUS_SUCCESS;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* SPDX-License-Identifier: MIT */
/* Names and properties of volumes. */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/listing.h"
#include "fltmgr/fltname.h"
#include "ob/obp.h"

/* ---- find ---- */

static NTSTATUS
FltpVolumeByPath(PCUNICODE_STRING Path, PFLT_FILTER Filter, PFLT_VOLUME *Volume)
{
    UNICODE_STRING Rest;
    PVOID Device;
    PWCH Buffer;
    NTSTATUS Status = ObpLookupName(Path, OBJ_CASE_INSENSITIVE, &Device, &Rest, &Buffer);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const BOOLEAN Whole = Rest.Length == 0 || (Rest.Length == sizeof(WCHAR) && Rest.Buffer[0] == L'\\');
    *Volume = Whole && ObpTypeOf(Device) == *IoDeviceObjectType ? FltpVolumeOfDevice(Device, Filter) : NULL;
    ObpDereference(Device);
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
    return *Volume != NULL ? STATUS_SUCCESS : STATUS_FLT_VOLUME_NOT_FOUND;
}

NTSTATUS
FltpVolumeByName(PCUNICODE_STRING Name, PFLT_FILTER Filter, PFLT_VOLUME *Volume)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\??\\");
    FLT_NAME_CONTROL Path;

    *Volume = NULL;
    if (Name->Length == 0 || (Name->Length & 1) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Name->Buffer[0] == L'\\') {
        return FltpVolumeByPath(Name, Filter, Volume);
    }
    if (Name->Length < 2 * sizeof(WCHAR) || Name->Buffer[1] != L':') {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpControlInitialize(&Path);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpControlAppend(&Path, &Prefix);
    if (NT_SUCCESS(Status)) {
        Status = FltpControlAppend(&Path, Name);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpVolumeByPath(&Path.Name, Filter, Volume);
    }
    FltpControlFree(&Path);
    return Status;
}

/* Windows: fltKernel.h, FltGetVolumeFromName.  Differences: the volume is not opened, so access is not checked. */
NTSTATUS FLTAPI
FltGetVolumeFromName(PFLT_FILTER Filter, PCUNICODE_STRING VolumeName, PFLT_VOLUME *RetVolume)
{
    VF_MAX_IRQL(APC_LEVEL);

    NTSTATUS Status = FltpVolumeByName(VolumeName, Filter, RetVolume);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND) {
        return STATUS_FLT_VOLUME_NOT_FOUND;
    }
    if (NT_SUCCESS(Status) && vf_on()) {
        vf_object_reference((*RetVolume)->Object.Ledger, VF_REASON_REFERENCE, __func__);
    }
    return Status;
}

/* ---- names ---- */

static NTSTATUS
FltpReturnName(PCUNICODE_STRING Name, PUNICODE_STRING Result, PULONG BufferSizeNeeded)
{
    if (Result == NULL && BufferSizeNeeded == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (BufferSizeNeeded != NULL) {
        *BufferSizeNeeded = Name->Length;
    }
    if (Result == NULL || Result->Buffer == NULL || Result->MaximumLength < Name->Length) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyUnicodeString(Result, Name);
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltGetVolumeName.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeName(PFLT_VOLUME Volume, PUNICODE_STRING VolumeName, PULONG BufferSizeNeeded)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    return FltpReturnName(&Volume->Name, VolumeName, BufferSizeNeeded);
}

/* ---- the mount manager's name ---- */

#define FLTP_GUID_NAME L"\\??\\Volume{00000000-0000-0000-0000-000000000000}"
#define FLTP_GUID_NAME_CHARACTERS (sizeof(FLTP_GUID_NAME) / sizeof(WCHAR) - 1)

typedef struct FLTP_GUID_SEARCH {
    ULONG Skip;
    BOOLEAN Found;
    UNICODE_STRING Name;
    WCHAR Buffer[FLTP_GUID_NAME_CHARACTERS];
} FLTP_GUID_SEARCH;

/* Notes the link that comes after Skip others. */
static BOOLEAN
FltpGuidLink(PCUNICODE_STRING Name, PVOID Object, PVOID Context)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"Volume{"), Root = RTL_CONSTANT_STRING(L"\\??\\");
    FLTP_GUID_SEARCH *Search = Context;

    if (ObpTypeOf(Object) != ObpSymbolicLinkType || Name->Length + Root.Length != FLTP_GUID_NAME_CHARACTERS * sizeof(WCHAR) ||
        !RtlPrefixUnicodeString(&Prefix, Name, TRUE)) {
        return TRUE;
    }
    if (Search->Skip > 0) {
        Search->Skip--;
        return TRUE;
    }
    Search->Found = TRUE;
    RtlCopyUnicodeString(&Search->Name, &Root);
    RtlAppendUnicodeStringToString(&Search->Name, Name);
    return FALSE;
}

/* The n-th link with such a name that leads to the volume. */
static BOOLEAN
FltpGuidFind(PFLT_VOLUME Volume, FLTP_GUID_SEARCH *Search)
{
    UNICODE_STRING Directory;

    RtlInitUnicodeString(&Directory, L"\\GLOBAL??");
    for (ULONG i = 0;; i++) {
        PFLT_VOLUME Target;
        *Search = (FLTP_GUID_SEARCH){ .Skip = i };
        Search->Name.Buffer = Search->Buffer;
        Search->Name.MaximumLength = sizeof(Search->Buffer);
        ObpEnumerateDirectory(&Directory, FltpGuidLink, Search);
        if (!Search->Found) {
            return FALSE;
        }
        if (NT_SUCCESS(FltpVolumeByPath(&Search->Name, NULL, &Target))) {
            FltpCountRelease(&Target->Object.References);
            if (Target->Base == Volume->Base) {
                return TRUE;
            }
        }
    }
}

static NTSTATUS
FltpGuidCreate(PFLT_VOLUME Volume, FLTP_GUID_SEARCH *Search)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\??\\Volume");
    UNICODE_STRING Text;
    UUID Guid;
    NTSTATUS Status = ExUuidCreate(&Guid);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlStringFromGUID(&Guid, &Text);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Search->Name.Length = 0;
    RtlCopyUnicodeString(&Search->Name, &Prefix);
    Status = RtlAppendUnicodeStringToString(&Search->Name, &Text);
    RtlFreeUnicodeString(&Text);
    return NT_SUCCESS(Status) ? ObpCreateSymbolicLink(&Search->Name, &Volume->Name) : Status;
}

/* Windows: fltKernel.h, FltGetVolumeGuidName.  Differences: the identifier is made at the first question and differs from run to run. */
NTSTATUS FLTAPI
FltGetVolumeGuidName(PFLT_VOLUME Volume, PUNICODE_STRING VolumeGuidName, PULONG BufferSizeNeeded)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    static port_lock Making;
    FLTP_GUID_SEARCH Search;
    NTSTATUS Status = STATUS_SUCCESS;
    if (Volume->DeviceType == FILE_DEVICE_NETWORK_FILE_SYSTEM) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!FltpGuidFind(Volume, &Search)) {
        port_lock_acquire(&Making);
        if (!FltpGuidFind(Volume, &Search)) {
            Status = FltpGuidCreate(Volume, &Search);
        }
        port_lock_release(&Making);
    }
    return NT_SUCCESS(Status) ? FltpReturnName(&Search.Name, VolumeGuidName, BufferSizeNeeded) : Status;
}

/* ---- properties ---- */

/* The name of a driver's named device, its control device: what it registered as a file system. */
static NTSTATUS
FltpControlDeviceName(PDRIVER_OBJECT Driver, PFLT_VOLUME Volume, PUNICODE_STRING Name)
{
    NTSTATUS Status = STATUS_OBJECT_NAME_NOT_FOUND;

    for (PDEVICE_OBJECT Device = Driver->DeviceObject; Device != NULL && !NT_SUCCESS(Status); Device = Device->NextDevice) {
        if (Device != Volume->RealDevice && Device->Vpb == NULL) {
            Status = ObpObjectName(Device, Name);
        }
    }
    return Status;
}

static VOID
FltpPropertyString(PUCHAR *Next, PUNICODE_STRING To, PCUNICODE_STRING From)
{
    To->Length = To->MaximumLength = From->Length;
    To->Buffer = (PWCH)*Next;
    if (From->Length != 0) {
        memcpy(*Next, From->Buffer, From->Length);
    }
    *Next += From->Length;
}

static VOID
FltpPropertiesFill(PFLT_VOLUME Volume, PFLT_VOLUME_PROPERTIES Properties)
{
    const USHORT Sector = Volume->RealDevice->SectorSize != 0 ? Volume->RealDevice->SectorSize : Volume->VolumeDevice->SectorSize;

    RtlZeroMemory(Properties, sizeof(*Properties));
    Properties->DeviceType = Volume->RealDevice->DeviceType;
    Properties->DeviceCharacteristics = Volume->RealDevice->Characteristics;
    Properties->DeviceObjectFlags = Volume->RealDevice->Flags;
    Properties->AlignmentRequirement = Volume->RealDevice->AlignmentRequirement;
    Properties->SectorSize = Sector;
}

/* Windows: fltKernel.h, FltGetVolumeProperties.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeProperties(PFLT_VOLUME Volume, PFLT_VOLUME_PROPERTIES VolumeProperties, ULONG VolumePropertiesLength, PULONG LengthReturned)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    PDRIVER_OBJECT Driver = Volume->VolumeDevice->DriverObject;
    UNICODE_STRING Device = { 0 };
    const BOOLEAN HasDevice = NT_SUCCESS(FltpControlDeviceName(Driver, Volume, &Device));
    const ULONG Needed = (ULONG)sizeof(*VolumeProperties) + Driver->DriverName.Length + Device.Length + Volume->Name.Length;
    NTSTATUS Status = STATUS_SUCCESS;

    *LengthReturned = Needed;
    if (VolumePropertiesLength < sizeof(*VolumeProperties)) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        FltpPropertiesFill(Volume, VolumeProperties);
    }
    if (NT_SUCCESS(Status) && VolumePropertiesLength < Needed) {
        *LengthReturned = sizeof(*VolumeProperties);
        Status = STATUS_BUFFER_OVERFLOW;
    }
    if (NT_SUCCESS(Status)) {
        PUCHAR Next = (PUCHAR)(VolumeProperties + 1);
        FltpPropertyString(&Next, &VolumeProperties->FileSystemDriverName, &Driver->DriverName);
        FltpPropertyString(&Next, &VolumeProperties->FileSystemDeviceName, &Device);
        FltpPropertyString(&Next, &VolumeProperties->RealDeviceName, &Volume->Name);
    }
    if (HasDevice) {
        ExFreePool(Device.Buffer);
    }
    return Status;
}

/* ---- what kind of volume ---- */

static PFLT_VOLUME
FltpVolumeOfObject(PVOID FltObject)
{
    switch (FltObject != NULL ? atomic_load(&((FLTP_OBJECT *)FltObject)->Type) : 0) {
    case FltpTypeVolume:
        return FltObject;
    case FltpTypeInstance:
        return ((PFLT_INSTANCE)FltObject)->Volume;
    default:
        return NULL;
    }
}

/* Windows: fltKernel.h, FltIsVolumeWritable.  Differences: the file system is asked, there is no disk below it. */
NTSTATUS FLTAPI
FltIsVolumeWritable(PVOID FltObject, PBOOLEAN IsWritable)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    struct { FILE_FS_ATTRIBUTE_INFORMATION Information; WCHAR Name[64]; } Attributes;
    PFLT_VOLUME Volume = FltpVolumeOfObject(FltObject);
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT FileObject;
    *IsWritable = FALSE;
    if (Volume == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const IOP_CREATE Create = { .Device = Volume->RealDevice, .HintDevice = Volume->LowerDevice, .DesiredAccess = FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .Disposition = FILE_OPEN, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = KernelMode };
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, &FileObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IOP_REQUEST Request = { .FileObject = FileObject, .StartDevice = Volume->LowerDevice, .OutputBuffer = &Attributes,
        .OutputLength = sizeof(Attributes), .RequestorMode = KernelMode };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_VOLUME_INFORMATION;
    Request.Stack.Parameters.QueryVolume.Length = sizeof(Attributes);
    Request.Stack.Parameters.QueryVolume.FsInformationClass = FileFsAttributeInformation;
    Status = IopRequest(&Request, &IoStatus);
    IopCloseFile(FileObject);
    if (Status == STATUS_BUFFER_OVERFLOW) {
        Status = STATUS_SUCCESS;               /* only the name is cut */
    }
    if (NT_SUCCESS(Status)) {
        *IsWritable = !(Attributes.Information.FileSystemAttributes & FILE_READ_ONLY_VOLUME) &&
                      !(Volume->RealDevice->Characteristics & FILE_READ_ONLY_DEVICE);
    }
    return Status;
}

/* Windows: fltKernel.h, FltIsVolumeSnapshot.  Differences: there are no snapshot volumes. */
NTSTATUS FLTAPI
FltIsVolumeSnapshot(PVOID FltObject, PBOOLEAN IsSnapshotVolume)
{
    VF_MAX_IRQL(APC_LEVEL);

    *IsSnapshotVolume = FALSE;
    return FltpVolumeOfObject(FltObject) != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

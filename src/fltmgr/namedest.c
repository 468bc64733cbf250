/* SPDX-License-Identifier: MIT */
/*
 * FltGetDestinationFileNameInformation: the full name that a rename or a new link gives.
 *
 *      RootDirectory   FileName       the destination is
 *      NULL            :stream        another stream of the file
 *      NULL            name           in the file's own directory
 *      NULL            \full\name     below the device that the name leads to
 *      handle          path           below that directory
 */
#include "fltmgr/fltname.h"
#include "ob/obp.h"

typedef struct FLTP_DESTINATION {
    FLTP_NAME_QUERY Query;                     /* Format: the caller's */
    PFILE_OBJECT FileObject;
    HANDLE Root;
    UNICODE_STRING Name;
} FLTP_DESTINATION;

static NTSTATUS
FltpAppendOpenName(const FLTP_DESTINATION *Destination, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control, USHORT *Length)
{
    FLTP_NAME_QUERY Query = Destination->Query;
    FLTP_TEXT *Text;

    /* What is still to be normalized is normalized as a whole later. */
    Query.Format = FLT_FILE_NAME_OPENED;
    Query.Options = (Query.Options & ~(ULONG)FLT_VALID_FILE_NAME_FORMATS) | FLT_FILE_NAME_OPENED;
    NTSTATUS Status = FltpQueryOpenText(&Query, FileObject, &Text);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const UNICODE_STRING Name = { Text->Length, Text->Length, Text->Buffer };
    Status = FltpControlAppend(Control, &Name);
    *Length = Text->Length;
    FltpTextRelease(Text);
    return Status;
}

/* Next to the file itself, or one of its streams. */
static NTSTATUS
FltpDestinationBeside(const FLTP_DESTINATION *Destination, PFLT_NAME_CONTROL Control)
{
    const USHORT Volume = Destination->Query.Volume->Name.Length;
    UNICODE_STRING Parent, Last;
    USHORT Length;
    NTSTATUS Status = FltpAppendOpenName(Destination, Destination->FileObject, Control, &Length);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (!FltpSplitPath(&Control->Name, Volume, &Parent, &Last)) {
        return STATUS_INVALID_PARAMETER;       /* the root directory has no other name */
    }
    Control->Name.Length = Parent.Length;
    if (Destination->Name.Length != 0 && Destination->Name.Buffer[0] == L':') {
        for (USHORT i = 0; i < Last.Length && Last.Buffer[i / sizeof(WCHAR)] != L':'; i += sizeof(WCHAR)) {
            Control->Name.Length += sizeof(WCHAR);
        }
    }
    return FltpControlAppend(Control, &Destination->Name);
}

static NTSTATUS
FltpDestinationBelowRoot(const FLTP_DESTINATION *Destination, PFLT_NAME_CONTROL Control)
{
    PVOID Root;
    USHORT Length = 0;
    NTSTATUS Status = ObReferenceObjectByHandle(Destination->Root, 0, *IoFileObjectType, KernelMode, &Root, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (((PFILE_OBJECT)Root)->DeviceObject != Destination->Query.Volume->RealDevice) {
        Status = STATUS_NOT_SAME_DEVICE;
    } else {
        Status = FltpAppendOpenName(Destination, Root, Control, &Length);
    }
    ObDereferenceObject(Root);
    if (NT_SUCCESS(Status) && Control->Name.Buffer[Length / sizeof(WCHAR) - 1] != L'\\') {
        Status = FltpControlAppendCharacter(Control, L'\\');
    }
    return NT_SUCCESS(Status) ? FltpControlAppend(Control, &Destination->Name) : Status;
}

/* A full name leads through the object namespace to a device, which must be the file's. */
static NTSTATUS
FltpDestinationFull(const FLTP_DESTINATION *Destination, PFLT_NAME_CONTROL Control)
{
    UNICODE_STRING Rest;
    PVOID Device;
    PWCH Buffer;
    NTSTATUS Status = ObpLookupName(&Destination->Name, OBJ_CASE_INSENSITIVE, &Device, &Rest, &Buffer);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PFLT_VOLUME Volume = ObpTypeOf(Device) == *IoDeviceObjectType ? FltpVolumeLook(Device) : NULL;
    if (Volume != NULL) {
        FltpCountRelease(&Volume->Outstanding);
    }
    Status = Volume != NULL && Volume->VolumeDevice == Destination->Query.Volume->VolumeDevice ? STATUS_SUCCESS : STATUS_MOUNT_POINT_NOT_RESOLVED;
    if (NT_SUCCESS(Status)) {
        Status = FltpControlAppend(Control, &Volume->Name);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpControlAppend(Control, &Rest);
    }
    ObpDereference(Device);
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
    return Status;
}

static NTSTATUS
FltpDestinationOpened(const FLTP_DESTINATION *Destination, PFLT_NAME_CONTROL Control)
{
    if (Destination->Root != NULL) {
        return FltpDestinationBelowRoot(Destination, Control);
    }
    if (Destination->Name.Length != 0 && Destination->Name.Buffer[0] == L'\\') {
        return FltpDestinationFull(Destination, Control);
    }
    return FltpDestinationBeside(Destination, Control);
}

static NTSTATUS
FltpDestinationText(const FLTP_DESTINATION *Destination, FLTP_TEXT **Text)
{
    FLT_NAME_CONTROL Opened, Control = { .Name = { 0 } };
    NTSTATUS Status = FltpControlInitialize(&Opened);

    if (NT_SUCCESS(Status)) {
        Status = FltpControlInitialize(&Control);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpDestinationOpened(Destination, &Opened);
    }
    PUNICODE_STRING Name = &Opened.Name;
    if (NT_SUCCESS(Status) && Destination->Query.Format == FLT_FILE_NAME_NORMALIZED) {
        Status = FltpNormalizePath(&Destination->Query, &Opened.Name, &Control);
        Name = &Control.Name;
    }
    if (NT_SUCCESS(Status)) {
        *Text = FltpTextCreate(Name, Destination->Query.Volume->Name.Length);
        Status = *Text != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    FltpControlFree(&Opened);
    FltpControlFree(&Control);
    return Status;
}

static NTSTATUS
FltpDestinationOptions(FLT_FILE_NAME_OPTIONS NameOptions, FLTP_NAME_QUERY *Query)
{
    const ULONG Method = FltGetFileNameQueryMethod(NameOptions);

    Query->Options = NameOptions;
    Query->Format = FltGetFileNameFormat(NameOptions);
    if (Query->Format == FLT_FILE_NAME_SHORT) {
        return STATUS_FLT_INVALID_NAME_REQUEST;
    }
    if (Query->Format < FLT_FILE_NAME_NORMALIZED || Query->Format > FLT_FILE_NAME_SHORT || Method < FLT_FILE_NAME_QUERY_DEFAULT ||
        Method > FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP) {
        return STATUS_INVALID_PARAMETER;
    }
    Query->UseCache = Method != FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY;
    Query->Store = Query->UseCache && !(NameOptions & FLT_FILE_NAME_DO_NOT_CACHE);
    if (Method == FLT_FILE_NAME_QUERY_CACHE_ONLY) {
        return STATUS_FLT_NAME_CACHE_MISS;     /* destinations are not cached */
    }
    if (IoGetTopLevelIrp() != NULL || KeGetCurrentIrql() != PASSIVE_LEVEL || KeAreAllApcsDisabled()) {
        return Method == FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP ? STATUS_FLT_NAME_CACHE_MISS : STATUS_FLT_INVALID_NAME_REQUEST;
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltGetDestinationFileNameInformation.  Differences: destinations are not cached; providers below are asked for the
 * directory's name only. */
NTSTATUS FLTAPI
FltGetDestinationFileNameInformation(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, HANDLE RootDirectory, PWSTR FileName, ULONG FileNameLength,
    FLT_FILE_NAME_OPTIONS NameOptions, PFLT_FILE_NAME_INFORMATION *RetFileNameInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    FLTP_DESTINATION Destination = { .Query = { .Instance = Instance, .Volume = Instance->Volume,
        .CaseSensitive = (FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0 }, .FileObject = FileObject, .Root = RootDirectory };
    FLTP_TEXT *Text;
    *RetFileNameInformation = NULL;
    if (FileNameLength > 0xFFFE || (FileNameLength & 1) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Destination.Name.Buffer = FileName;
    Destination.Name.Length = Destination.Name.MaximumLength = (USHORT)FileNameLength;
    NTSTATUS Status = FltpDestinationOptions(NameOptions, &Destination.Query);
    if (NT_SUCCESS(Status)) {
        Status = FltpDestinationText(&Destination, &Text);
    }
    return NT_SUCCESS(Status) ? FltpNameCreate(Text, Destination.Query.Format, Instance->Filter->Owner, __func__, RetFileNameInformation) : Status;
}

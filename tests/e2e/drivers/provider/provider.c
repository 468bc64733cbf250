/* SPDX-License-Identifier: MIT */
/*
 * A name provider over a view of its own: below it a file is called "name.enc", above it "name".  Creates get the suffix, listings and names
 * lose it; GenerateFileName and NormalizeNameComponent keep the two worlds apart for the filters above.
 */
#include <fltKernel.h>
#include <ntstrsafe.h>

#define P_TAG 'vorP'
static PFLT_FILTER Filter;
static const UNICODE_STRING Suffix = RTL_CONSTANT_STRING(L".enc");
static LONG Generated, Normalized, Stripped, Added;

static BOOLEAN
HasSuffix(_In_ PCUNICODE_STRING Name)
{
    return Name->Length > Suffix.Length &&
        RtlCompareMemory((PUCHAR)Name->Buffer + Name->Length - Suffix.Length, Suffix.Buffer, Suffix.Length) == Suffix.Length;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _Out_ PVOID *CompletionContext)
{
    PFILE_OBJECT file = FltObjects->FileObject;
    UNICODE_STRING name;
    NTSTATUS status;

    *CompletionContext = NULL;
    if (FlagOn(Data->Iopb->Parameters.Create.Options, FILE_DIRECTORY_FILE | FILE_OPEN_BY_FILE_ID) || FlagOn(file->Flags, FO_VOLUME_OPEN) ||
        FlagOn(Data->Iopb->OperationFlags, SL_OPEN_TARGET_DIRECTORY) || file->FileName.Length <= sizeof(WCHAR) || HasSuffix(&file->FileName)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    name.Length = 0;
    name.MaximumLength = file->FileName.Length + Suffix.Length;
    name.Buffer = ExAllocatePoolWithTag(PagedPool, name.MaximumLength, P_TAG);
    if (name.Buffer == NULL) {
        Data->IoStatus.Status = STATUS_INSUFFICIENT_RESOURCES;
        return FLT_PREOP_COMPLETE;
    }
    RtlAppendUnicodeStringToString(&name, &file->FileName);
    RtlAppendUnicodeStringToString(&name, &Suffix);
    /* Directories keep their names: is there one? */
    {
        OBJECT_ATTRIBUTES attributes;
        IO_STATUS_BLOCK ioStatus;
        HANDLE handle;
        PFLT_FILE_NAME_INFORMATION opened;
        BOOLEAN directory = FALSE;
        if (NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, &opened))) {
            InitializeObjectAttributes(&attributes, &opened->Name, OBJ_KERNEL_HANDLE, NULL, NULL);
            status = FltCreateFile(Filter, FltObjects->Instance, &handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &ioStatus, NULL, 0,
                FILE_SHARE_VALID_FLAGS, FILE_OPEN, FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
            if (NT_SUCCESS(status)) {
                directory = TRUE;
                FltClose(handle);
            }
            FltReleaseFileNameInformation(opened);
        }
        if (directory) {
            ExFreePoolWithTag(name.Buffer, P_TAG);
            return FLT_PREOP_SUCCESS_NO_CALLBACK;
        }
    }
    status = IoReplaceFileObjectName(file, name.Buffer, name.Length);
    ExFreePoolWithTag(name.Buffer, P_TAG);
    if (!NT_SUCCESS(status)) {
        Data->IoStatus.Status = status;
        return FLT_PREOP_COMPLETE;
    }
    InterlockedIncrement(&Added);
    FltSetCallbackDataDirty(Data);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreNoFastQuery(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _Out_ PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_DISALLOW_FASTIO;
}

/* Rename targets get the suffix: same directory, simple name. */
static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreSetInformation(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _Out_ PVOID *CompletionContext)
{
    const FILE_INFORMATION_CLASS class = Data->Iopb->Parameters.SetFileInformation.FileInformationClass;
    PFILE_RENAME_INFORMATION rename = Data->Iopb->Parameters.SetFileInformation.InfoBuffer, copy;
    PFLT_FILE_NAME_INFORMATION destination;
    BOOLEAN directory = FALSE;
    ULONG length;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(CompletionContext);
    if ((class != FileRenameInformation && class != FileRenameInformationEx) ||
        !NT_SUCCESS(FltIsDirectory(FltObjects->FileObject, FltObjects->Instance, &directory)) || directory) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    status = FltGetDestinationFileNameInformation(FltObjects->Instance, FltObjects->FileObject, rename->RootDirectory, rename->FileName,
        rename->FileNameLength, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &destination);
    if (!NT_SUCCESS(status)) {
        Data->IoStatus.Status = status;
        return FLT_PREOP_COMPLETE;
    }
    length = FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + destination->Name.Length + Suffix.Length;
    copy = ExAllocatePoolWithTag(PagedPool, length, P_TAG);
    if (copy == NULL) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        RtlCopyMemory(copy, rename, FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName));
        copy->RootDirectory = NULL;
        copy->FileNameLength = destination->Name.Length + Suffix.Length;
        RtlCopyMemory(copy->FileName, destination->Name.Buffer, destination->Name.Length);
        RtlCopyMemory((PUCHAR)copy->FileName + destination->Name.Length, Suffix.Buffer, Suffix.Length);
        status = FltSetInformationFile(FltObjects->Instance, FltObjects->FileObject, copy, length, class);
        ExFreePoolWithTag(copy, P_TAG);
    }
    FltReleaseFileNameInformation(destination);
    Data->IoStatus.Status = status;
    Data->IoStatus.Information = 0;
    return FLT_PREOP_COMPLETE;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreDirectory(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _Out_ PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return Data->Iopb->MinorFunction == IRP_MN_QUERY_DIRECTORY ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostDirectory(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _In_opt_ PVOID CompletionContext, _In_ FLT_POST_OPERATION_FLAGS Flags)
{
    PFILE_ID_BOTH_DIR_INFORMATION entry;

    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Information == 0 ||
        Data->Iopb->Parameters.DirectoryControl.QueryDirectory.FileInformationClass != FileIdBothDirectoryInformation) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    entry = Data->Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress != NULL
        ? MmGetSystemAddressForMdlSafe(Data->Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress, NormalPagePriority)
        : Data->Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer;
    try {
        for (;;) {
            UNICODE_STRING name = { (USHORT)entry->FileNameLength, (USHORT)entry->FileNameLength, entry->FileName };
            if (!FlagOn(entry->FileAttributes, FILE_ATTRIBUTE_DIRECTORY) && HasSuffix(&name)) {
                entry->FileNameLength -= Suffix.Length;
                InterlockedIncrement(&Stripped);
            }
            if (entry->NextEntryOffset == 0) {
                break;
            }
            entry = (PFILE_ID_BOTH_DIR_INFORMATION)((PUCHAR)entry + entry->NextEntryOffset);
        }
    } except (EXCEPTION_EXECUTE_HANDLER) {
        Data->IoStatus.Status = GetExceptionCode();
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
GenerateFileName(_In_ PFLT_INSTANCE Instance, _In_ PFILE_OBJECT FileObject, _In_opt_ PFLT_CALLBACK_DATA Data, _In_ FLT_FILE_NAME_OPTIONS Options,
    _Out_ PBOOLEAN CacheFileNameInformation, _Inout_ PFLT_NAME_CONTROL FileName)
{
    PFLT_FILE_NAME_INFORMATION lower = NULL;
    NTSTATUS status;
    UNICODE_STRING name;

    InterlockedIncrement(&Generated);
    ClearFlag(Options, FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER);
    if (Data != NULL) {
        status = FltGetFileNameInformation(Data, Options, &lower);
    } else {
        status = FltGetFileNameInformationUnsafe(FileObject, Instance, Options, &lower);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    name = lower->Name;
    if (FltGetFileNameFormat(Options) != FLT_FILE_NAME_SHORT && HasSuffix(&name)) {
        name.Length -= Suffix.Length;
    }
    status = FltCheckAndGrowNameControl(FileName, name.Length);
    if (NT_SUCCESS(status)) {
        RtlCopyUnicodeString(&FileName->Name, &name);
        *CacheFileNameInformation = TRUE;
    }
    FltReleaseFileNameInformation(lower);
    return status;
}

static NTSTATUS FLTAPI
NormalizeNameComponent(_In_ PFLT_INSTANCE Instance, _In_ PCUNICODE_STRING ParentDirectory, _In_ USHORT VolumeNameLength, _In_ PCUNICODE_STRING Component,
    _Out_writes_bytes_(ExpandComponentNameLength) PFILE_NAMES_INFORMATION ExpandComponentName, _In_ ULONG ExpandComponentNameLength,
    _In_ FLT_NORMALIZE_NAME_FLAGS Flags, _Inout_ PVOID *NormalizationContext)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK ioStatus;
    HANDLE handle;
    PFILE_OBJECT directory;
    UNICODE_STRING component = *Component;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(VolumeNameLength);
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(NormalizationContext);
    InterlockedIncrement(&Normalized);
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)ParentDirectory, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = FltCreateFileEx(Filter, Instance, &handle, &directory, FILE_LIST_DIRECTORY | SYNCHRONIZE, &attributes, &ioStatus, NULL, 0,
        FILE_SHARE_VALID_FLAGS, FILE_OPEN, FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
    if (NT_SUCCESS(status)) {
        status = FltQueryDirectoryFile(Instance, directory, ExpandComponentName, ExpandComponentNameLength, FileNamesInformation, TRUE, &component, TRUE, NULL);
        ObDereferenceObject(directory);
        FltClose(handle);
    }
    if (!NT_SUCCESS(status)) {
        /* Not below us: taken as it is. */
        if (ExpandComponentNameLength < FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName) + Component->Length) {
            return STATUS_BUFFER_OVERFLOW;
        }
        RtlZeroMemory(ExpandComponentName, FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName));
        ExpandComponentName->FileNameLength = Component->Length;
        RtlCopyMemory(ExpandComponentName->FileName, Component->Buffer, Component->Length);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
Unload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    DbgPrint("provider: generated %s, added %s, stripped %s\n", Generated > 0 ? "yes" : "no", Added > 0 ? "yes" : "no", Stripped > 0 ? "yes" : "no");
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    { IRP_MJ_CREATE, 0, PreCreate, NULL },
    { IRP_MJ_NETWORK_QUERY_OPEN, 0, PreNoFastQuery, NULL },
    { IRP_MJ_SET_INFORMATION, 0, PreSetInformation, NULL },
    { IRP_MJ_DIRECTORY_CONTROL, 0, PreDirectory, PostDirectory },
    { IRP_MJ_OPERATION_END }
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = Unload,
    .GenerateFileNameCallback = GenerateFileName,
    .NormalizeNameComponentCallback = NormalizeNameComponent,
};

DRIVER_INITIALIZE DriverEntry;
NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    UNREFERENCED_PARAMETER(RegistryPath);
    status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(status)) {
        status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return status;
}

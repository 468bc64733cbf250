/* SPDX-License-Identifier: MIT */
/* Leads \old and everything below it to \new by STATUS_REPARSE; names are only known to the filter. */
#include <fltKernel.h>

static PFLT_FILTER Filter;
static const UNICODE_STRING Old = RTL_CONSTANT_STRING(L"\\old"), New = RTL_CONSTANT_STRING(L"\\new");

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    PFLT_FILE_NAME_INFORMATION name;
    UNICODE_STRING relative, target;
    BOOLEAN targetDirectory;
    NTSTATUS status;
    FLT_PREOP_CALLBACK_STATUS result = FLT_PREOP_SUCCESS_NO_CALLBACK;

    UNREFERENCED_PARAMETER(CompletionContext);
    if (FlagOn(Data->Iopb->OperationFlags, SL_OPEN_PAGING_FILE) || FlagOn(Data->Iopb->TargetFileObject->Flags, FO_VOLUME_OPEN) ||
        FlagOn(Data->Iopb->Parameters.Create.Options, FILE_OPEN_BY_FILE_ID)) {
        return result;
    }
    /* The name of a rename's target, not of its directory. */
    targetDirectory = BooleanFlagOn(Data->Iopb->OperationFlags, SL_OPEN_TARGET_DIRECTORY);
    ClearFlag(Data->Iopb->OperationFlags, SL_OPEN_TARGET_DIRECTORY);
    status = FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, &name);
    if (targetDirectory) {
        SetFlag(Data->Iopb->OperationFlags, SL_OPEN_TARGET_DIRECTORY);
    }
    if (!NT_SUCCESS(status)) {
        return result;
    }
    if (NT_SUCCESS(FltParseFileNameInformation(name))) {
        relative = name->Name;
        relative.Buffer = (PWCH)((PUCHAR)relative.Buffer + name->Volume.Length);
        relative.Length = relative.MaximumLength = name->Name.Length - name->Volume.Length;
        if (RtlPrefixUnicodeString(&Old, &relative, TRUE) &&
            (relative.Length == Old.Length || relative.Buffer[Old.Length / sizeof(WCHAR)] == L'\\')) {
            target.Length = 0;
            target.MaximumLength = name->Name.Length + New.Length;
            target.Buffer = ExAllocatePoolWithTag(PagedPool, target.MaximumLength, 'rdeR');
            if (target.Buffer != NULL) {
                RtlCopyUnicodeString(&target, &name->Volume);
                RtlAppendUnicodeStringToString(&target, &New);
                relative.Buffer += Old.Length / sizeof(WCHAR);
                relative.Length -= Old.Length;
                RtlAppendUnicodeStringToString(&target, &relative);
                if (NT_SUCCESS(IoReplaceFileObjectName(FltObjects->FileObject, target.Buffer, target.Length))) {
                    Data->IoStatus.Status = STATUS_REPARSE;
                    Data->IoStatus.Information = IO_REPARSE;
                    result = FLT_PREOP_COMPLETE;
                }
                ExFreePoolWithTag(target.Buffer, 'rdeR');
            }
        }
    }
    FltReleaseFileNameInformation(name);
    return result;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreNetworkQueryOpen(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_DISALLOW_FASTIO;
}

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Callbacks[] = {
    { IRP_MJ_CREATE, 0, PreCreate, NULL },
    { IRP_MJ_NETWORK_QUERY_OPEN, 0, PreNetworkQueryOpen, NULL },
    { IRP_MJ_OPERATION_END }
};
static const FLT_REGISTRATION Registration = { sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, NULL, Callbacks, Unload };

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(status)) {
        status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return status;
}

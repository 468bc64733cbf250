/* SPDX-License-Identifier: MIT */
#include "shadow.h"

#ifdef ALLOC_PRAGMA
#pragma alloc_text(PAGE, ShadowCopy)
#pragma alloc_text(PAGE, ShadowList)
#pragma alloc_text(PAGE, ShadowRemember)
#endif

static const UNICODE_STRING Folder = RTL_CONSTANT_STRING( L"\\Shadow" );

/* FALSE: it is known already. */
BOOLEAN
ShadowRemember (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ const FILE_ID_128 *FileId
    )
{
    SHADOW_ENTRY entry = { *FileId, { { 0 } } };
    BOOLEAN newElement = FALSE;

    PAGED_CODE();

    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite( &Context->Resource, TRUE );
    RtlInsertElementGenericTableAvl( &Context->Table, &entry, sizeof(entry), &newElement );
    ExReleaseResourceLite( &Context->Resource );
    KeLeaveCriticalRegion();
    return newElement;
}

static NTSTATUS
ShadowOpen (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ PUNICODE_STRING Name,
    _In_ ACCESS_MASK Access,
    _In_ ULONG Disposition,
    _In_ ULONG Options,
    _Out_ PHANDLE Handle,
    _Outptr_ PFILE_OBJECT *FileObject
    )
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK ioStatus;

    InitializeObjectAttributes( &attributes, Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL );
    return FltCreateFileEx( Globals.Filter, Context->Instance, Handle, FileObject, Access | SYNCHRONIZE, &attributes, &ioStatus, NULL,
                            FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                            Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK );
}

static NTSTATUS
ShadowCopyData (
    _In_ PFLT_INSTANCE Instance,
    _In_ PFILE_OBJECT From,
    _In_ PFILE_OBJECT To
    )
{
    LARGE_INTEGER offset = { { 0 } };
    ULONG got, put;
    NTSTATUS status;
    PVOID buffer = FltAllocatePoolAlignedWithTag( Instance, NonPagedPool, SHADOW_CHUNK, SHADOW_TAG );

    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (;;) {
        status = FltReadFile( Instance, From, &offset, SHADOW_CHUNK, buffer, FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET, &got, NULL, NULL );
        if (status == STATUS_END_OF_FILE || (NT_SUCCESS( status ) && got == 0)) {
            status = STATUS_SUCCESS;
            break;
        }
        if (!NT_SUCCESS( status )) {
            break;
        }
        status = FltWriteFile( Instance, To, &offset, got, buffer, FLTFL_IO_OPERATION_DO_NOT_UPDATE_BYTE_OFFSET, &put, NULL, NULL );
        if (!NT_SUCCESS( status )) {
            break;
        }
        if (put != got) {
            status = STATUS_DISK_FULL;
            break;
        }
        offset.QuadPart += got;
    }
    FltFreePoolAlignedWithTag( Instance, buffer, SHADOW_TAG );
    return status;
}

/* \Device\…\Shadow\a\b becomes one flat name: a!b. */
static NTSTATUS
ShadowBuildName (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ PFLT_FILE_NAME_INFORMATION Name,
    _In_ PCWSTR Suffix,
    _Out_ PUNICODE_STRING Result
    )
{
    UNICODE_STRING relative = { Name->Name.Length - Name->Volume.Length, Name->Name.Length - Name->Volume.Length,
                                Name->Name.Buffer + Name->Volume.Length / sizeof(WCHAR) };
    USHORT i, start;

    Result->MaximumLength = Context->VolumeName.Length + Folder.Length + relative.Length + 32;
    Result->Length = 0;
    Result->Buffer = ExAllocatePoolZero( PagedPool, Result->MaximumLength, SHADOW_TAG );
    if (Result->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyUnicodeString( Result, &Context->VolumeName );
    RtlAppendUnicodeStringToString( Result, &Folder );
    start = Result->Length / sizeof(WCHAR) + 1;
    RtlAppendUnicodeStringToString( Result, &relative );
    for (i = start; i < Result->Length / sizeof(WCHAR); i++) {
        if (Result->Buffer[i] == L'\\') {
            Result->Buffer[i] = L'!';
        }
    }
    return RtlAppendUnicodeToString( Result, Suffix );
}

/* Gives the finished copy its final name. */
static NTSTATUS
ShadowFinish (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ PFILE_OBJECT FileObject,
    _In_ PUNICODE_STRING Name
    )
{
    NTSTATUS status;
    ULONG length = FIELD_OFFSET( FILE_RENAME_INFORMATION, FileName ) + Name->Length;
    PFILE_RENAME_INFORMATION rename = ExAllocatePoolWithTag( PagedPool, length, SHADOW_TAG );

    if (rename == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory( rename, FIELD_OFFSET( FILE_RENAME_INFORMATION, FileName ) );
    rename->ReplaceIfExists = FALSE;
    rename->FileNameLength = Name->Length;
    RtlCopyMemory( rename->FileName, Name->Buffer, Name->Length );
    status = FltSetInformationFile( Context->Instance, FileObject, rename, length, FileRenameInformation );
    ExFreePoolWithTag( rename, SHADOW_TAG );
    return status;
}

NTSTATUS
ShadowCopy (
    _In_ PSHADOW_INSTANCE_CONTEXT Context,
    _In_ PFLT_CALLBACK_DATA Data
    )
{
    PFLT_FILE_NAME_INFORMATION name = NULL;
    UNICODE_STRING temporary = { 0 }, final = { 0 };
    HANDLE source = NULL, target = NULL;
    PFILE_OBJECT sourceObject = NULL, targetObject = NULL;
    FILE_ID_INFORMATION id;
    FILE_STANDARD_INFORMATION standard;
    NTSTATUS status = STATUS_SUCCESS;

    PAGED_CODE();

    try {

        status = FltGetFileNameInformation( Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &name );
        if (!NT_SUCCESS( status )) {
            leave;
        }
        FltParseFileNameInformation( name );
        status = ShadowOpen( Context, &name->Name, FILE_READ_DATA | FILE_READ_ATTRIBUTES, FILE_OPEN, FILE_OPEN_REPARSE_POINT, &source, &sourceObject );
        if (!NT_SUCCESS( status )) {
            if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
                status = STATUS_SUCCESS;        /* created just now */
            }
            leave;
        }
        status = FltQueryInformationFile( Context->Instance, sourceObject, &standard, sizeof(standard), FileStandardInformation, NULL );
        if (!NT_SUCCESS( status ) || standard.Directory || standard.EndOfFile.QuadPart == 0) {
            leave;
        }
        status = FltQueryInformationFile( Context->Instance, sourceObject, &id, sizeof(id), FileIdInformation, NULL );
        if (!NT_SUCCESS( status ) || !ShadowRemember( Context, &id.FileId )) {
            leave;
        }
        status = ShadowBuildName( Context, name, L".part", &temporary );
        if (NT_SUCCESS( status )) {
            status = ShadowBuildName( Context, name, L"", &final );
        }
        if (!NT_SUCCESS( status )) {
            leave;
        }
        status = ShadowOpen( Context, &temporary, FILE_WRITE_DATA | DELETE, FILE_OVERWRITE_IF, FILE_NON_DIRECTORY_FILE, &target, &targetObject );
        if (!NT_SUCCESS( status )) {
            leave;
        }
        status = ShadowCopyData( Context->Instance, sourceObject, targetObject );
        if (NT_SUCCESS( status )) {
            status = FltFlushBuffers( Context->Instance, targetObject );
        }
        if (NT_SUCCESS( status )) {
            status = ShadowFinish( Context, targetObject, &final );
        }
        if (NT_SUCCESS( status )) {
            InterlockedIncrement( (PLONG)&Context->Copied );
        }

    } finally {

        if (targetObject != NULL) {
            ObDereferenceObject( targetObject );
            FltClose( target );
        }
        if (sourceObject != NULL) {
            ObDereferenceObject( sourceObject );
            FltClose( source );
        }
        if (final.Buffer != NULL) {
            ExFreePoolWithTag( final.Buffer, SHADOW_TAG );
        }
        if (temporary.Buffer != NULL) {
            ExFreePoolWithTag( temporary.Buffer, SHADOW_TAG );
        }
        if (name != NULL) {
            FltReleaseFileNameInformation( name );
        }
    }
    return status;
}

/* What is in \Shadow, by FltQueryDirectoryFile with two classes. */
VOID
ShadowList (
    _In_ PSHADOW_INSTANCE_CONTEXT Context
    )
{
    UNICODE_STRING path = { 0 };
    HANDLE handle = NULL;
    PFILE_OBJECT fileObject = NULL;
    PFILE_BOTH_DIR_INFORMATION buffer = NULL, entry;
    BOOLEAN restart = TRUE;
    NTSTATUS status;
    ULONG returned;

    PAGED_CODE();

    try {
        path.MaximumLength = Context->VolumeName.Length + Folder.Length;
        path.Buffer = ExAllocatePoolZero( PagedPool, path.MaximumLength, SHADOW_TAG );
        buffer = ExAllocatePoolZero( PagedPool, 1024, SHADOW_TAG );
        if (path.Buffer == NULL || buffer == NULL) {
            leave;
        }
        RtlCopyUnicodeString( &path, &Context->VolumeName );
        RtlAppendUnicodeStringToString( &path, &Folder );
        status = ShadowOpen( Context, &path, FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, &handle, &fileObject );
        if (!NT_SUCCESS( status )) {
            DbgPrint( "shadow: no folder: %08x\n", status );
            leave;
        }
        for (;;) {
            status = FltQueryDirectoryFile( Context->Instance, fileObject, buffer, 1024, FileBothDirectoryInformation, FALSE, NULL, restart, &returned );
            if (!NT_SUCCESS( status )) {
                break;
            }
            restart = FALSE;
            for (entry = buffer;; entry = Add2Ptr( entry, entry->NextEntryOffset )) {
                UNICODE_STRING name = { (USHORT)entry->FileNameLength, (USHORT)entry->FileNameLength, entry->FileName };
                if (!FlagOn( entry->FileAttributes, FILE_ATTRIBUTE_DIRECTORY )) {
                    DbgPrint( "shadow: %wZ %I64d\n", &name, entry->EndOfFile.QuadPart );
                }
                if (entry->NextEntryOffset == 0) {
                    break;
                }
            }
        }
        if (status != STATUS_NO_MORE_FILES) {
            DbgPrint( "shadow: listing ended with %08x\n", status );
        }
    } finally {
        if (fileObject != NULL) {
            ObDereferenceObject( fileObject );
            FltClose( handle );
        }
        if (buffer != NULL) {
            ExFreePoolWithTag( buffer, SHADOW_TAG );
        }
        if (path.Buffer != NULL) {
            ExFreePoolWithTag( path.Buffer, SHADOW_TAG );
        }
    }
}

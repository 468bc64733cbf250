/* SPDX-License-Identifier: MIT */
#include "Shadow.h"

SHADOW_GLOBALS Globals;

DRIVER_INITIALIZE DriverEntry;
NTSTATUS DriverEntry (_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath);
NTSTATUS ShadowUnload (_In_ FLT_FILTER_UNLOAD_FLAGS Flags);
NTSTATUS ShadowInstanceSetup (_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_SETUP_FLAGS Flags, _In_ DEVICE_TYPE VolumeDeviceType, _In_ FLT_FILESYSTEM_TYPE VolumeFilesystemType);
NTSTATUS ShadowInstanceQueryTeardown (_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags);
VOID ShadowTeardownStart (_In_ PCFLT_RELATED_OBJECTS FltObjects, _In_ FLT_INSTANCE_TEARDOWN_FLAGS Flags);
VOID ShadowContextCleanup (_In_ PFLT_CONTEXT Context, _In_ FLT_CONTEXT_TYPE ContextType);
FLT_PREOP_CALLBACK_STATUS ShadowPreOperation (_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects, _Flt_CompletionContext_Outptr_ PVOID *CompletionContext);

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, ShadowUnload)
#pragma alloc_text(PAGE, ShadowInstanceSetup)
#pragma alloc_text(PAGE, ShadowInstanceQueryTeardown)
#pragma alloc_text(PAGE, ShadowTeardownStart)
#pragma alloc_text(PAGE, ShadowPreOperation)
#endif

CONST FLT_OPERATION_REGISTRATION Callbacks[] = {
    { IRP_MJ_CREATE, FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, ShadowPreOperation, NULL },
    { IRP_MJ_WRITE, FLTFL_OPERATION_REGISTRATION_SKIP_PAGING_IO, ShadowPreOperation, NULL },
    { IRP_MJ_SET_INFORMATION, 0, ShadowPreOperation, NULL },
    { IRP_MJ_OPERATION_END }
};

CONST FLT_CONTEXT_REGISTRATION Contexts[] = {
    { FLT_INSTANCE_CONTEXT, 0, ShadowContextCleanup, sizeof(SHADOW_INSTANCE_CONTEXT), SHADOW_TAG },
    { FLT_CONTEXT_END }
};

CONST FLT_REGISTRATION FilterRegistration = {
    sizeof( FLT_REGISTRATION ),
    FLT_REGISTRATION_VERSION,
    0,
    Contexts,
    Callbacks,
    ShadowUnload,
    ShadowInstanceSetup,
    ShadowInstanceQueryTeardown,
    ShadowTeardownStart,
    NULL,
    NULL, NULL, NULL
};

static RTL_GENERIC_COMPARE_RESULTS
NTAPI
ShadowCompare (
    _In_ PRTL_AVL_TABLE Table,
    _In_ PVOID First,
    _In_ PVOID Second
    )
{
    int order = memcmp( &((PSHADOW_ENTRY)First)->FileId, &((PSHADOW_ENTRY)Second)->FileId, sizeof(FILE_ID_128) );

    UNREFERENCED_PARAMETER( Table );

    return order < 0 ? GenericLessThan : order > 0 ? GenericGreaterThan : GenericEqual;
}

static PVOID
NTAPI
ShadowAllocate (
    _In_ PRTL_AVL_TABLE Table,
    _In_ CLONG Bytes
    )
{
    PSHADOW_INSTANCE_CONTEXT context = Table->TableContext;

    FLT_ASSERT( Bytes <= sizeof(RTL_BALANCED_LINKS) + sizeof(SHADOW_ENTRY) );
    UNREFERENCED_PARAMETER( Bytes );
    return ExAllocateFromPagedLookasideList( &context->Entries );
}

static VOID
NTAPI
ShadowFree (
    _In_ PRTL_AVL_TABLE Table,
    _In_ PVOID Buffer
    )
{
    PSHADOW_INSTANCE_CONTEXT context = Table->TableContext;

    ExFreeToPagedLookasideList( &context->Entries, Buffer );
}

NTSTATUS
DriverEntry (
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ PUNICODE_STRING RegistryPath
    )
{
    NTSTATUS status;

    UNREFERENCED_PARAMETER( RegistryPath );
    ExInitializeDriverRuntime( DrvRtPoolNxOptIn );

    status = FltRegisterFilter( DriverObject, &FilterRegistration, &Globals.Filter );
    FLT_ASSERT( NT_SUCCESS( status ) );
    if (NT_SUCCESS( status )) {
        status = FltStartFiltering( Globals.Filter );
        if (!NT_SUCCESS( status )) {
            FltUnregisterFilter( Globals.Filter );
        }
    }
    return status;
}

NTSTATUS
ShadowUnload (
    _In_ FLT_FILTER_UNLOAD_FLAGS Flags
    )
{
    UNREFERENCED_PARAMETER( Flags );
    PAGED_CODE();

    FltUnregisterFilter( Globals.Filter );
    return STATUS_SUCCESS;
}

NTSTATUS
ShadowInstanceSetup (
    _In_ PCFLT_RELATED_OBJECTS FltObjects,
    _In_ FLT_INSTANCE_SETUP_FLAGS Flags,
    _In_ DEVICE_TYPE VolumeDeviceType,
    _In_ FLT_FILESYSTEM_TYPE VolumeFilesystemType
    )
{
    PSHADOW_INSTANCE_CONTEXT context = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG length = 0;

    UNREFERENCED_PARAMETER( Flags );
    PAGED_CODE();

    if (VolumeDeviceType == FILE_DEVICE_NETWORK_FILE_SYSTEM || VolumeFilesystemType == FLT_FSTYPE_RAW) {
        return STATUS_FLT_DO_NOT_ATTACH;
    }

    try {

        status = FltAllocateContext( FltObjects->Filter, FLT_INSTANCE_CONTEXT, sizeof(SHADOW_INSTANCE_CONTEXT), NonPagedPool, &context );
        if (!NT_SUCCESS( status )) {
            leave;
        }
        RtlZeroMemory( context, sizeof(*context) );
        context->Instance = FltObjects->Instance;
        ExInitializeResourceLite( &context->Resource );
        ExInitializePagedLookasideList( &context->Entries, NULL, NULL, 0, sizeof(RTL_BALANCED_LINKS) + sizeof(SHADOW_ENTRY), SHADOW_TAG, 0 );
        RtlInitializeGenericTableAvl( &context->Table, ShadowCompare, ShadowAllocate, ShadowFree, context );

        status = FltGetVolumeName( FltObjects->Volume, NULL, &length );
        if (status != STATUS_BUFFER_TOO_SMALL) {
            leave;
        }
        context->VolumeName.Buffer = ExAllocatePoolWithTag( PagedPool, length, SHADOW_TAG );
        if (context->VolumeName.Buffer == NULL) {
            status = STATUS_INSUFFICIENT_RESOURCES;
            leave;
        }
        context->VolumeName.MaximumLength = (USHORT)length;
        status = FltGetVolumeName( FltObjects->Volume, &context->VolumeName, NULL );
        if (!NT_SUCCESS( status )) {
            leave;
        }
        status = FltSetInstanceContext( FltObjects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, context, NULL );

    } finally {

        if (context != NULL) {
            FltReleaseContext( context );
        }
        if (AbnormalTermination()) {
            DbgPrint( "shadow: set-up ended abnormally\n" );
        }
    }
    return status;
}

NTSTATUS
ShadowInstanceQueryTeardown (
    _In_ PCFLT_RELATED_OBJECTS FltObjects,
    _In_ FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags
    )
{
    UNREFERENCED_PARAMETER( FltObjects );
    UNREFERENCED_PARAMETER( Flags );
    PAGED_CODE();
    return STATUS_SUCCESS;
}

VOID
ShadowTeardownStart (
    _In_ PCFLT_RELATED_OBJECTS FltObjects,
    _In_ FLT_INSTANCE_TEARDOWN_FLAGS Flags
    )
{
    PSHADOW_INSTANCE_CONTEXT context;

    UNREFERENCED_PARAMETER( Flags );
    PAGED_CODE();

    if (NT_SUCCESS( FltGetInstanceContext( FltObjects->Instance, &context ) )) {
        DbgPrint( "shadow: %u copied, %u failed on %wZ\n", context->Copied, context->Failed, &context->VolumeName );
        ShadowList( context );
        FltReleaseContext( context );
    }
}

VOID
ShadowContextCleanup (
    _In_ PFLT_CONTEXT Context,
    _In_ FLT_CONTEXT_TYPE ContextType
    )
{
    PSHADOW_INSTANCE_CONTEXT context = Context;
    PVOID entry;

    UNREFERENCED_PARAMETER( ContextType );

    while ((entry = RtlGetElementGenericTableAvl( &context->Table, 0 )) != NULL) {
        RtlDeleteElementGenericTableAvl( &context->Table, entry );
    }
    ExDeletePagedLookasideList( &context->Entries );
    ExDeleteResourceLite( &context->Resource );
    if (context->VolumeName.Buffer != NULL) {
        ExFreePoolWithTag( context->VolumeName.Buffer, SHADOW_TAG );
    }
}

static BOOLEAN
ShadowDestroys (
    _In_ PFLT_IO_PARAMETER_BLOCK Iopb
    )
{
    switch (Iopb->MajorFunction) {
    case IRP_MJ_WRITE:
        return TRUE;
    case IRP_MJ_CREATE:
        switch ((Iopb->Parameters.Create.Options >> 24) & 0xff) {
        case FILE_SUPERSEDE:
        case FILE_OVERWRITE:
        case FILE_OVERWRITE_IF:
            return TRUE;
        }
        return FALSE;
    case IRP_MJ_SET_INFORMATION:
        return Iopb->Parameters.SetFileInformation.FileInformationClass == FileEndOfFileInformation ||
               Iopb->Parameters.SetFileInformation.FileInformationClass == FileDispositionInformation ||
               Iopb->Parameters.SetFileInformation.FileInformationClass == FileDispositionInformationEx;
    }
    return FALSE;
}

FLT_PREOP_CALLBACK_STATUS
ShadowPreOperation (
    _Inout_ PFLT_CALLBACK_DATA Data,
    _In_ PCFLT_RELATED_OBJECTS FltObjects,
    _Flt_CompletionContext_Outptr_ PVOID *CompletionContext
    )
{
    PSHADOW_INSTANCE_CONTEXT context;
    NTSTATUS status;

    UNREFERENCED_PARAMETER( CompletionContext );
    PAGED_CODE();

    if (!ShadowDestroys( Data->Iopb ) || Data->RequestorMode == KernelMode || FsRtlIsPagingFile( FltObjects->FileObject )) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    status = FltGetInstanceContext( FltObjects->Instance, &context );
    if (NT_SUCCESS( status )) {
        status = ShadowCopy( context, Data );
        if (!NT_SUCCESS( status )) {
            InterlockedIncrement( (PLONG)&context->Failed );
            DbgPrint( "shadow: copy failed %08x\n", status );
        }
        FltReleaseContext( context );
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

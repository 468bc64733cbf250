/* SPDX-License-Identifier: MIT */
/*
 * A minifilter with one mistake per file name: opening \K02 releases a context twice, and so on.  The line that the verifier must name
 * carries the check's code in a comment "finds".
 */
#include <fltKernel.h>

#define TAG 'tsiM'

typedef struct STREAM {
    UNICODE_STRING Name;
    ULONG Kind;
} STREAM;

static PFLT_FILTER Filter;
static PFLT_INSTANCE Gone;

/* The digits of \Knn; 0: another name. */
static ULONG
MistakeOf(PFILE_OBJECT FileObject)
{
    PCUNICODE_STRING Name = &FileObject->FileName;

    if (Name->Length < 4 * sizeof(WCHAR) || Name->Buffer[0] != L'\\' || Name->Buffer[1] != L'K') {
        return 0;
    }
    return (ULONG)(Name->Buffer[2] - L'0') * 10 + (ULONG)(Name->Buffer[3] - L'0');
}

static PVOID
New(FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter, Type, sizeof(STREAM), NonPagedPoolNx, &Context))) {
        return NULL;
    }
    RtlZeroMemory(Context, sizeof(STREAM));
    return Context;
}

static VOID
ReleasedTwice(VOID)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    FltReleaseContext(Context);
    FltReleaseContext(Context); /* finds K-02 */
}

static VOID
ReleasedWhileSet(PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
    FltReleaseContext(Context);
    FltReleaseContext(Context); /* finds K-03 */
}

static VOID
ReferencedDead(VOID)
{
    PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);

    FltReleaseContext(Context);
    FltReferenceContext(Context); /* finds K-04 */
}

static VOID
TouchedDead(VOID)
{
    volatile STREAM *Context = New(FLT_STREAM_CONTEXT);

    FltReleaseContext((PFLT_CONTEXT)Context); /* finds K-05 */
    Context->Kind = 5; /* finds K-05 with full */
}

static VOID
GotTooHigh(PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Context;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    if (NT_SUCCESS(FltGetStreamContext(Objects->Instance, Objects->FileObject, &Context))) { /* finds K-08 */
        FltReleaseContext(Context);
    }
    KeLowerIrql(Irql);
}

static VOID
ForgotOld(PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Old = NULL;

    for (ULONG i = 0; i < 2; i++) {
        PFLT_CONTEXT Context = New(FLT_STREAM_CONTEXT);
        FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old); /* finds K-09 */
        FltReleaseContext(Context);
    }
}

static VOID
ForgotNew(PCFLT_RELATED_OBJECTS Objects)
{
    for (ULONG i = 0; i < 2; i++) {
        PFLT_CONTEXT Context;
        if (!NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), NonPagedPoolNx, &Context))) { /* finds K-10 */
            return;
        }
        RtlZeroMemory(Context, sizeof(STREAM));
        if (NT_SUCCESS(FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL))) {
            FltReleaseContext(Context);
        }
    }
}

static VOID
SetWrongType(PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Context = New(FLT_STREAMHANDLE_CONTEXT);

    FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL); /* finds K-11 */
    FltReleaseContext(Context);
}

static VOID
NeverZeroed(VOID)
{
    PFLT_CONTEXT Context;

    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), NonPagedPoolNx, &Context))) {
        FltReleaseContext(Context);
    }
}

static VOID
WithKind(PCFLT_RELATED_OBJECTS Objects, ULONG Kind)
{
    STREAM *Context = New(FLT_STREAM_CONTEXT);

    Context->Kind = Kind;
    FltSetStreamContext(Objects->Instance, Objects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, NULL);
    FltReleaseContext(Context);
}

static VOID
UnusualPool(VOID)
{
    PFLT_CONTEXT Context;

    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, sizeof(STREAM), NonPagedPoolCacheAligned, &Context))) { /* finds K-26 */
        FltReleaseContext(Context);
    }
}

/* ---- callbacks ---- */

static VOID
OpenSomething(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\HarddiskVolume1\\plain");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(ZwCreateFile(&Handle, GENERIC_READ, &Attributes, &IoStatus, NULL, 0, FILE_SHARE_READ, FILE_OPEN, 0, NULL, 0))) { /* finds K-28 */
        ZwClose(Handle);
    }
}

static VOID
Cleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    STREAM *Stream = Context;
    KIRQL Irql;

    if (Type != FLT_STREAM_CONTEXT) {
        return;
    }
    if (Stream->Kind == 22) {
        KeRaiseIrql(APC_LEVEL, &Irql);
    } else if (Stream->Kind == 28) {
        OpenSomething();
    }
    if (Stream->Name.Buffer != NULL) {
        ExFreePoolWithTag(Stream->Name.Buffer, TAG); /* finds K-21 */
    }
}

static FLT_PREOP_CALLBACK_STATUS
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_CONTEXT Context;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (MistakeOf(Objects->FileObject) == 6) {
        FltGetStreamContext(Objects->Instance, Objects->FileObject, &Context); /* finds K-06 */
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    if (!NT_SUCCESS(Data->IoStatus.Status)) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    switch (MistakeOf(Objects->FileObject)) {
    case 2:
        ReleasedTwice();
        break;
    case 3:
        ReleasedWhileSet(Objects);
        break;
    case 4:
        ReferencedDead();
        break;
    case 5:
        TouchedDead();
        break;
    case 8:
        GotTooHigh(Objects);
        break;
    case 9:
        ForgotOld(Objects);
        break;
    case 10:
        ForgotNew(Objects);
        break;
    case 11:
        SetWrongType(Objects);
        break;
    case 21:
        NeverZeroed();
        break;
    case 22:
    case 28:
        WithKind(Objects, MistakeOf(Objects->FileObject));
        break;
    case 26:
        UnusualPool();
        break;
    default:
        break;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS
PreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    switch (MistakeOf(Objects->FileObject)) {
    case 12:
        *CompletionContext = Data;
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    case 13:
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    case 23:
        FltCancelFileOpen(Objects->Instance, Objects->FileObject); /* finds K-23 */
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    default:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
}

static FLT_PREOP_CALLBACK_STATUS
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(CompletionContext);
    if (MistakeOf(Objects->FileObject) == 25) {
        Data->IoStatus.Status = STATUS_ACCESS_DENIED;
        return FLT_PREOP_COMPLETE;
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
PostClose(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_CONTEXT Context;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    if (MistakeOf(Objects->FileObject) == 7) {
        FltGetStreamHandleContext(Objects->Instance, Objects->FileObject, &Context); /* finds K-07 */
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
QueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Objects);
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_SUCCESS;
}

static VOID
TeardownComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    UNREFERENCED_PARAMETER(Reason);
    Gone = Objects->Instance;
}

static NTSTATUS
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    if (NT_SUCCESS(FltObjectReference(Gone))) { /* finds K-27 */
        FltObjectDereference(Gone);
    }
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, PostCreate, NULL},
                                                        {IRP_MJ_WRITE, 0, PreWrite, NULL, NULL},
                                                        {IRP_MJ_CLEANUP, 0, PreCleanup, NULL, NULL},
                                                        {IRP_MJ_CLOSE, 0, NULL, PostClose, NULL},
                                                        {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL}};
static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, Cleanup, sizeof(STREAM), TAG, NULL, NULL, NULL},
    {FLT_STREAMHANDLE_CONTEXT, 0, Cleanup, sizeof(STREAM), TAG, NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL}};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    const FLT_REGISTRATION Registration = {.Size = sizeof(Registration),
                                           .Version = FLT_REGISTRATION_VERSION,
                                           .ContextRegistration = Contexts,
                                           .OperationRegistration = Operations,
                                           .FilterUnloadCallback = Unload,
                                           .InstanceQueryTeardownCallback = QueryTeardown,
                                           .InstanceTeardownCompleteCallback = TeardownComplete};

    UNREFERENCED_PARAMETER(RegistryPath);
    NTSTATUS Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}

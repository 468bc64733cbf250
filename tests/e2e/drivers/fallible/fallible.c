/* SPDX-License-Identifier: MIT */
/* A test driver whose calls can all fail: it copes with that.  With a switch turned to 1 it forgets something when one does. */
#include <fltKernel.h>

#define FORGETS_BUFFER 0       /* if there is no name */
#define FORGETS_CONTEXT 0      /* if it cannot be set */
#define FORGETS_OLD 0          /* the context that somebody else has set */
#define FORGETS_ENTRY 0        /* what DriverEntry allocated, if filtering cannot start */
#define COPIES 0               /* makes a copy of the name, too */
#define FORGETS_NAME 0         /* if there is no copy */
#define TRUSTS 0               /* there is always a copy */
#define WAITS 0                /* for ever, if there is no copy */

#define FALLIBLE_TAG 'llaF'

DRIVER_INITIALIZE DriverEntry;

static PFLT_FILTER Filter;

static VOID
FallibleRemember(PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_CONTEXT Context = NULL, Old = NULL;
    NTSTATUS Status = FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 32, PagedPool, &Context);

    if (!NT_SUCCESS(Status)) {
        DbgPrint("no context: %08X %p\n", Status, Context);
        return;
    }
    Status = FltSetStreamContext(FltObjects->Instance, FltObjects->FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Context, &Old);
    if (Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED) {
        DbgPrint("there was one\n");
        if (!FORGETS_OLD) {
            FltReleaseContext(Old);
        }
    } else if (!NT_SUCCESS(Status)) {
        DbgPrint("not set: %08X\n", Status);
        if (FORGETS_CONTEXT) {
            return;
        }
    }
    FltReleaseContext(Context);
}

/* Many arguments: outputs that are passed on the stack. */
static VOID
FallibleOpen(PCFLT_RELATED_OBJECTS FltObjects, PUNICODE_STRING Path)
{
    UCHAR Bytes[4];
    ULONG Read = 77;
    LARGE_INTEGER Offset = {.QuadPart = 0};
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Block = {.Information = 77};
    HANDLE Handle = (HANDLE)77;
    PFILE_OBJECT File = (PFILE_OBJECT)77;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = FltCreateFileEx(Filter, FltObjects->Instance, &Handle, &File, GENERIC_READ, &Attributes, &Block, NULL, FILE_ATTRIBUTE_NORMAL,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK);
    if (!NT_SUCCESS(Status)) {
        DbgPrint("not opened: %08X %08X %u %u %u\n", Status, Block.Status, (ULONG)Block.Information, Handle == NULL, File == NULL);
        return;
    }
    Status = FltReadFile(FltObjects->Instance, File, &Offset, sizeof(Bytes), Bytes, 0, &Read, NULL, NULL);
    DbgPrint("read: %08X %u\n", Status, Read);
    FltClose(Handle);
    ObDereferenceObject(File);
}

#if COPIES
static VOID
FallibleWait(VOID)
{
    KEVENT Never;

    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
}

static NTSTATUS
FallibleCopy(PFLT_FILE_NAME_INFORMATION Name)
{
    PVOID Copy = ExAllocatePoolWithTag(PagedPool, Name->Name.Length, FALLIBLE_TAG);

    if (Copy == NULL && !TRUSTS) {
        DbgPrint("no copy\n");
        if (WAITS) {
            FallibleWait();
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Copy, Name->Name.Buffer, Name->Name.Length);
    ExFreePoolWithTag(Copy, FALLIBLE_TAG);
    return STATUS_SUCCESS;
}
#endif

static VOID
FallibleName(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_FILE_NAME_INFORMATION Name;
    PVOID Buffer = ExAllocatePoolWithTag(PagedPool, 100, FALLIBLE_TAG);
    NTSTATUS Status;

    if (Buffer == NULL) {
        DbgPrint("no buffer\n");
        return;
    }
    Status = FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name);
    if (!NT_SUCCESS(Status)) {
        DbgPrint("no name: %08X\n", Status);
        if (FORGETS_BUFFER) {
            return;
        }
    } else {
        FallibleOpen(FltObjects, &Name->Name);
#if COPIES
        if (!NT_SUCCESS(FallibleCopy(Name)) && FORGETS_NAME) {
            ExFreePoolWithTag(Buffer, FALLIBLE_TAG);
            return;
        }
#endif
        FltReleaseFileNameInformation(Name);
    }
    ExFreePoolWithTag(Buffer, FALLIBLE_TAG);
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
FalliblePostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(CompletionContext);
    if (!FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) && NT_SUCCESS(Data->IoStatus.Status)) {
        FallibleRemember(FltObjects);
        FallibleName(Data, FltObjects);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
FallibleUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, NULL, FalliblePostCreate, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, NULL, 32, FALLIBLE_TAG, NULL, NULL, NULL},
    {FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .ContextRegistration = Contexts,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = FallibleUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PVOID Kept = FORGETS_ENTRY ? ExAllocatePoolWithTag(PagedPool, 64, FALLIBLE_TAG) : NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
            return Status;
        }
    }
    if (Kept != NULL) {
        ExFreePoolWithTag(Kept, FALLIBLE_TAG);
    }
    return Status;
}

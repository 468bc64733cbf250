/* SPDX-License-Identifier: MIT */
/*
 * A test driver that swaps the buffers of reads, writes and directory queries.  Data is masked on its way down and unmasked on its
 * way up, so that the files below show whether the file system really was given the other buffer.
 */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

#define MASKER_TAG 'ksaM'
#define MASKER_MASK 0x5A

typedef struct MASKER_SWAP {
    PVOID Buffer;
    ULONG Length;
} MASKER_SWAP;

static PFLT_FILTER Filter;
static LONG Reads, Writes, Lists, Wrong;

static VOID
MaskerCopy(PUCHAR To, const UCHAR *From, SIZE_T Length, UCHAR Mask)
{
    for (SIZE_T i = 0; i < Length; i++) {
        To[i] = From[i] ^ Mask;
    }
}

/* Another buffer of Length bytes, with an MDL where the operation is an IRP. */
static MASKER_SWAP *
MaskerNew(PFLT_CALLBACK_DATA Data, ULONG Length, PMDL *Mdl)
{
    MASKER_SWAP *Swap = ExAllocatePoolWithTag(NonPagedPool, sizeof *Swap, MASKER_TAG);
    *Mdl = NULL;
    if (Swap == NULL) {
        return NULL;
    }
    Swap->Length = Length;
    Swap->Buffer = FltAllocatePoolAlignedWithTag(Data->Iopb->TargetInstance, NonPagedPool, ROUND_TO_PAGES(Length), MASKER_TAG);
    if (Swap->Buffer != NULL && FLT_IS_IRP_OPERATION(Data)) {
        *Mdl = IoAllocateMdl(Swap->Buffer, Length, FALSE, FALSE, NULL);
        if (*Mdl != NULL) {
            MmBuildMdlForNonPagedPool(*Mdl);
        }
    }
    if (Swap->Buffer == NULL || (FLT_IS_IRP_OPERATION(Data) && *Mdl == NULL)) {
        if (Swap->Buffer != NULL) {
            FltFreePoolAlignedWithTag(Data->Iopb->TargetInstance, Swap->Buffer, MASKER_TAG);
        }
        ExFreePoolWithTag(Swap, MASKER_TAG);
        return NULL;
    }
    return Swap;
}

static VOID
MaskerFree(PFLT_INSTANCE Instance, MASKER_SWAP *Swap)
{
    FltFreePoolAlignedWithTag(Instance, Swap->Buffer, MASKER_TAG);
    ExFreePoolWithTag(Swap, MASKER_TAG);
}

static PVOID
MaskerAddress(PMDL Mdl, PVOID Buffer)
{
    return Mdl != NULL ? MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) : Buffer;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
MaskerPreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    MASKER_SWAP *Swap;
    PMDL Mdl;

    UNREFERENCED_PARAMETER(Objects);
    if (Iopb->Parameters.Read.Length == 0 || (Swap = MaskerNew(Data, Iopb->Parameters.Read.Length, &Mdl)) == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Iopb->Parameters.Read.ReadBuffer = Swap->Buffer;
    Iopb->Parameters.Read.MdlAddress = Mdl;
    FltSetCallbackDataDirty(Data);
    *CompletionContext = Swap;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
MaskerReadSafe(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    MASKER_SWAP *Swap = CompletionContext;
    NTSTATUS Status = FltLockUserBuffer(Data);

    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Status)) {
        PUCHAR To = MaskerAddress(Iopb->Parameters.Read.MdlAddress, Iopb->Parameters.Read.ReadBuffer);
        if (To == Swap->Buffer) {
            InterlockedIncrement(&Wrong);          /* after the operation it is the caller's buffer again */
        }
        MaskerCopy(To, Swap->Buffer, Data->IoStatus.Information, MASKER_MASK);
        InterlockedIncrement(&Reads);
    } else {
        Data->IoStatus.Status = Status;
        Data->IoStatus.Information = 0;
    }
    MaskerFree(Objects->Instance, Swap);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
MaskerPostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    FLT_POSTOP_CALLBACK_STATUS Result = FLT_POSTOP_FINISHED_PROCESSING;
    if (!NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Information == 0 || FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING)) {
        MaskerFree(Objects->Instance, CompletionContext);
    } else if (!FltDoCompletionProcessingWhenSafe(Data, Objects, CompletionContext, Flags, MaskerReadSafe, &Result)) {
        Data->IoStatus.Status = STATUS_UNSUCCESSFUL;
        Data->IoStatus.Information = 0;
        MaskerFree(Objects->Instance, CompletionContext);
    }
    return Result;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
MaskerPreWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    MASKER_SWAP *Swap;
    PMDL Mdl;

    UNREFERENCED_PARAMETER(Objects);
    if (Iopb->Parameters.Write.Length == 0 || (Swap = MaskerNew(Data, Iopb->Parameters.Write.Length, &Mdl)) == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    MaskerCopy(Swap->Buffer, MaskerAddress(Iopb->Parameters.Write.MdlAddress, Iopb->Parameters.Write.WriteBuffer), Swap->Length,
               MASKER_MASK);
    Iopb->Parameters.Write.WriteBuffer = Swap->Buffer;
    Iopb->Parameters.Write.MdlAddress = Mdl;
    FltSetCallbackDataDirty(Data);
    *CompletionContext = Swap;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
MaskerPostWrite(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    MASKER_SWAP *Swap = CompletionContext;
    UNREFERENCED_PARAMETER(Flags);
    if (Data->Iopb->Parameters.Write.WriteBuffer == Swap->Buffer) {
        InterlockedIncrement(&Wrong);
    }
    InterlockedIncrement(&Writes);
    MaskerFree(Objects->Instance, Swap);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
MaskerPreDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *CompletionContext)
{
    PFLT_IO_PARAMETER_BLOCK Iopb = Data->Iopb;
    MASKER_SWAP *Swap;
    PMDL Mdl;

    UNREFERENCED_PARAMETER(Objects);
    if (Iopb->MinorFunction != IRP_MN_QUERY_DIRECTORY || Iopb->Parameters.DirectoryControl.QueryDirectory.Length == 0 ||
        (Swap = MaskerNew(Data, Iopb->Parameters.DirectoryControl.QueryDirectory.Length, &Mdl)) == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer = Swap->Buffer;
    Iopb->Parameters.DirectoryControl.QueryDirectory.MdlAddress = Mdl;
    FltSetCallbackDataDirty(Data);
    *CompletionContext = Swap;
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
MaskerPostDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    MASKER_SWAP *Swap = CompletionContext;
    UNREFERENCED_PARAMETER(Flags);
    if (NT_SUCCESS(Data->IoStatus.Status) && Data->IoStatus.Information > 0 && NT_SUCCESS(FltLockUserBuffer(Data))) {
        PFLT_PARAMETERS Parameters = &Data->Iopb->Parameters;
        MaskerCopy(MaskerAddress(Parameters->DirectoryControl.QueryDirectory.MdlAddress,
                                 Parameters->DirectoryControl.QueryDirectory.DirectoryBuffer),
                   Swap->Buffer, Data->IoStatus.Information, 0);
        InterlockedIncrement(&Lists);
    }
    MaskerFree(Objects->Instance, Swap);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
MaskerUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(Filter);
    DbgPrint("swapped: reads %s, writes %s, lists %s, wrong %ld\n", Reads ? "yes" : "no", Writes ? "yes" : "no",
             Lists ? "yes" : "no", Wrong);
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_READ, 0, MaskerPreRead, MaskerPostRead, NULL},
    {IRP_MJ_WRITE, 0, MaskerPreWrite, MaskerPostWrite, NULL},
    {IRP_MJ_DIRECTORY_CONTROL, 0, MaskerPreDirectory, MaskerPostDirectory, NULL},
    {IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL},
};

static const FLT_REGISTRATION Registration = {
    .Size = sizeof(FLT_REGISTRATION),
    .Version = FLT_REGISTRATION_VERSION,
    .OperationRegistration = Operations,
    .FilterUnloadCallback = MaskerUnload,
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltStartFiltering(Filter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(Filter);
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
/*
 * Queries by name without an open: IRP_MJ_QUERY_OPEN and IRP_MJ_NETWORK_QUERY_OPEN.
 *
 * A filter that watches creates must not be bypassed: the query passes as IRP_MJ_QUERY_OPEN if every instance that registered
 * IRP_MJ_CREATE registered that too, else as IRP_MJ_NETWORK_QUERY_OPEN if each registered that, else, or if a callback disallows it, the
 * caller opens (STATUS_FLT_DISALLOW_FSFILTER_IO).  Filters see a network query through FILE_NETWORK_OPEN_INFORMATION; what it does not
 * have comes from below the stack.
 */
#include "fltmgr/fltp.h"

#define FLTP_QUERY_BITS \
    ((1ull << IRP_MJ_CREATE) | (1ull << (27 + 256 - IRP_MJ_QUERY_OPEN)) | (1ull << (27 + 256 - IRP_MJ_NETWORK_QUERY_OPEN)))

typedef struct FLTP_QUERY {
    IOP_QUERY_OPEN *Open;
    ULONG Length;                              /* QueryOpen.Length points here */
    FILE_NETWORK_OPEN_INFORMATION Network;
    FLT_IO_PARAMETER_BLOCK Original;
    IOP_QUERY_IRP Stands;                      /* what filters find in the parameters */
} FLTP_QUERY;

/* ---- one walk ---- */

static VOID
FltpQueryFill(FLTP_OPERATION *Operation, FLTP_QUERY *Query, UCHAR Major)
{
    IOP_QUERY_OPEN *Open = Query->Open;

    Operation->Flags = FLTP_OP_NO_IRP;
    Operation->Data.Flags = Major == IRP_MJ_QUERY_OPEN ? FLTFL_CALLBACK_DATA_FS_FILTER_OPERATION : FLTFL_CALLBACK_DATA_FAST_IO_OPERATION;
    Operation->Data.RequestorMode = Open->RequestorMode;
    *(PETHREAD *)&Operation->Data.Thread = PsGetCurrentThread();
    Operation->Iopb.MajorFunction = Major;
    Operation->Iopb.TargetFileObject = Open->FileObject;
    if (Major == IRP_MJ_QUERY_OPEN) {
        Query->Length = Open->Length;
        Operation->Iopb.Parameters.QueryOpen.Irp = Query->Stands.Irp;
        Operation->Iopb.Parameters.QueryOpen.FileInformation = Open->Buffer;
        Operation->Iopb.Parameters.QueryOpen.Length = &Query->Length;
        Operation->Iopb.Parameters.QueryOpen.FileInformationClass = Open->Class;
    } else {
        Operation->Iopb.Parameters.NetworkQueryOpen.Irp = Query->Stands.Irp;
        Operation->Iopb.Parameters.NetworkQueryOpen.NetworkInformation = &Query->Network;
    }
    Query->Original = Operation->Iopb;
    FltpParametersKeep(Operation);
    Operation->Original = &Query->Original;
    Operation->Objects.Size = sizeof(FLT_RELATED_OBJECTS);
    Operation->Objects.Volume = Operation->Volume;
    Operation->Objects.FileObject = Open->FileObject;
    Operation->SkipMask = FLTP_SKIP_STATE | FLTFL_OPERATION_REGISTRATION_SKIP_NON_DASD_IO;
}

/* The file system's answer, as filters see it. */
static VOID
FltpQueryLower(FLTP_OPERATION *Operation, FLTP_QUERY *Query)
{
    IOP_QUERY_OPEN *Open = Query->Open;
    NTSTATUS Status = IopQueryOpenLower(Operation->Volume->LowerDevice, Open);

    Operation->Data.IoStatus.Status = Status;
    Operation->Data.IoStatus.Information = NT_SUCCESS(Status) ? Open->Returned : 0;
    if (Operation->Iopb.MajorFunction == IRP_MJ_QUERY_OPEN) {
        Query->Length = NT_SUCCESS(Status) ? Open->Returned : 0;
    } else if (NT_SUCCESS(Status)) {
        IopQueryToNetwork(Open, &Query->Network);
    }
}

/* What filters made of it, for the caller.  Completed: by a pre-operation, the file system was not asked. */
static NTSTATUS
FltpQueryFinish(FLTP_OPERATION *Operation, FLTP_QUERY *Query, BOOLEAN Completed)
{
    IOP_QUERY_OPEN *Open = Query->Open;
    NTSTATUS Status = Operation->Data.IoStatus.Status;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Query->Original.MajorFunction == IRP_MJ_QUERY_OPEN) {
        Open->Returned = Query->Length;
        return Status;
    }
    if (Completed && Open->Class != FileNetworkOpenInformation) {
        const NTSTATUS Below = IopQueryOpenLower(Operation->Volume->VolumeDevice, Open);
        if (!NT_SUCCESS(Below)) {
            return Below;
        }
    }
    IopQueryFromNetwork(&Query->Network, Open);
    return Status;
}

static NTSTATUS
FltpQueryRun(FLTP_OPERATION *Operation, FLTP_QUERY *Query)
{
    const FLTP_STEP Step = FltpPreWalk(Operation);

    if (Step == FltpStepDown) {
        Operation->Phase = FltpPhaseLower;
        FltpQueryLower(Operation, Query);
    }
    FltpPostWalk(Operation);
    return FltpQueryFinish(Operation, Query, Step != FltpStepDown);
}

static NTSTATUS
FltpQueryWalk(PFLT_VOLUME Volume, FLTP_SNAPSHOT *Snapshot, FLTP_THREAD *Thread, IOP_QUERY_OPEN *Open, UCHAR Major)
{
    FLTP_QUERY Query = { .Open = Open };
    const ULONG Index = FltpMajorIndex(Major);
    FLTP_OPERATION *Operation = FltpOperationAllocate(Thread);

    if (Operation == NULL || !FltpOperationReserve(Operation, Snapshot->Operations[Index].Count) || !IopQueryIrpCreate(&Query.Stands, Open, Volume->FilterDevice)) {
        if (Operation != NULL) {
            FltpOperationFree(Operation);
        }
        FltpSlotLeave(Thread, Snapshot);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Operation->Index = (UCHAR)Index;
    Operation->Volume = Volume;
    Operation->Snapshot = Snapshot;
    Operation->Callbacks = &Snapshot->Callbacks[Snapshot->Operations[Index].First];
    Operation->Count = Snapshot->Operations[Index].Count;
    FltpQueryFill(Operation, &Query, Major);
    NTSTATUS Status = FltpQueryRun(Operation, &Query);
    FltpOperationRelease(Operation);
    IopQueryIrpDelete(&Query.Stands);
    return Status;
}

/* ---- entry ---- */

NTSTATUS
FltpQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query)
{
    PFLT_VOLUME Volume = *(PFLT_VOLUME *)Device->DeviceExtension;
    UCHAR Major = 0;

    if (Volume == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!(atomic_load_explicit(&Volume->Interest, memory_order_relaxed) & FLTP_QUERY_BITS)) {
        return IopQueryOpenLower(Volume->LowerDevice, Query);
    }
    if (atomic_load_explicit(&Volume->SetupOwed, memory_order_acquire) != 0) {
        FltpVolumeSetup(Volume, Query->RequestorMode == UserMode);
    }
    FLTP_THREAD *Thread = FltpThread();
    FLTP_SNAPSHOT *Snapshot = FltpSlotEnter(Thread, Volume);
    if (Snapshot->QueryOpenAllowed) {
        Major = IRP_MJ_QUERY_OPEN;
    } else if (Snapshot->NetworkQueryOpenAllowed && IopQueryHasNetwork(Query)) {
        Major = IRP_MJ_NETWORK_QUERY_OPEN;
    } else {
        FltpSlotLeave(Thread, Snapshot);
        return STATUS_FLT_DISALLOW_FSFILTER_IO;
    }
    if (Snapshot->Operations[FltpMajorIndex(Major)].Count == 0) {
        FltpSlotLeave(Thread, Snapshot);
        return IopQueryOpenLower(Volume->LowerDevice, Query);
    }
    return FltpQueryWalk(Volume, Snapshot, Thread, Query, Major);
}

/* SPDX-License-Identifier: MIT */
/*
 * I/O that filters issue: callback data of their own, started below an instance.
 *
 * The request is built by the I/O manager's own steps and sent to our device with the instance as FilterTarget, so it takes
 * the same way as every other operation, entered below that instance.  The initiator's callback data only describes it.
 */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/fltp.h"

/* ---- callback data ---- */

static VOID
FltpAllocatedInitialize(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    Operation->Flags = FLTP_OP_ALLOCATED;
    Operation->Initiator = Instance;
    Operation->Volume = Instance->Volume;
    Operation->Data.Flags = FLTFL_CALLBACK_DATA_IRP_OPERATION | FLTFL_CALLBACK_DATA_GENERATED_IO;
    Operation->Data.RequestorMode = KernelMode;
    *(PETHREAD *)&Operation->Data.Thread = PsGetCurrentThread();
    Operation->Iopb.TargetInstance = Instance;
    Operation->Iopb.TargetFileObject = FileObject;
    Operation->Objects.Size = sizeof(FLT_RELATED_OBJECTS);
    Operation->Objects.Filter = Instance->Filter;
    Operation->Objects.Volume = Instance->Volume;
    Operation->Objects.Instance = Instance;
    Operation->Objects.FileObject = FileObject;
}

/* Windows: fltKernel.h, FltAllocateCallbackDataEx.  Differences: nothing has to be preallocated. */
NTSTATUS FLTAPI
FltAllocateCallbackDataEx(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_ALLOCATE_CALLBACK_DATA_FLAGS Flags,
    PFLT_CALLBACK_DATA *RetNewCallbackData)
{
    *RetNewCallbackData = NULL;
    if (Flags & ~FLT_ALLOCATE_CALLBACK_DATA_PREALLOCATE_ALL_MEMORY) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltpObjectIs(Instance, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    FLTP_OPERATION *Operation = vf_inject(__func__, Instance->Filter->Owner) ? NULL : FltpOperationAllocate(FltpThread());
    if (Operation == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FltpAllocatedInitialize(Operation, Instance, FileObject);
    Operation->Ledger = vf_object_create(Instance->Filter->Owner, VF_CALLBACK_DATA, Operation, sizeof(Operation->Data), 0,
        VF_REASON_ALLOCATE, "FltAllocateCallbackData");
    *RetNewCallbackData = &Operation->Data;
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltAllocateCallbackData.  Differences: none. */
NTSTATUS FLTAPI
FltAllocateCallbackData(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA *RetNewCallbackData)
{
    return FltAllocateCallbackDataEx(Instance, FileObject, 0, RetNewCallbackData);
}

static BOOLEAN
FltpAllocatedCheck(FLTP_OPERATION *Operation, const char *Routine)
{
    if (!(Operation->Flags & FLTP_OP_ALLOCATED)) {
        vf_report("K-02", "J-23", NULL, KiCurrentOwner(), &Operation->Data,
            "%s on callback data that does not come from FltAllocateCallbackData", Routine);
        return FALSE;
    }
    return TRUE;
}

/* Windows: fltKernel.h, FltFreeCallbackData.  Differences: none. */
VOID FLTAPI
FltFreeCallbackData(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (!FltpAllocatedCheck(Operation, __func__)) {
        return;
    }
    if (Operation->LockedMdl != NULL) {
        MmUnlockPages(Operation->LockedMdl);
        IoFreeMdl(Operation->LockedMdl);
    }
    vf_object_destroy(Operation->Ledger, Operation->Initiator->Filter->Owner, VF_CALLBACK_DATA);
    Operation->Flags = 0;
    FltpOperationFree(Operation);
}

/* Windows: fltKernel.h, FltReuseCallbackData.  Differences: none. */
VOID FLTAPI
FltReuseCallbackData(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (!FltpAllocatedCheck(Operation, __func__)) {
        return;
    }
    PFLT_INSTANCE Instance = Operation->Initiator;
    memset(&Operation->Iopb, 0, sizeof(Operation->Iopb));
    Operation->Data.IoStatus.Status = STATUS_SUCCESS;
    Operation->Data.IoStatus.Information = 0;
    Operation->Data.TagData = NULL;
    memset(Operation->Data.FilterContext, 0, sizeof(Operation->Data.FilterContext));
    FltpAllocatedInitialize(Operation, Instance, Operation->Objects.FileObject);
}

/* ---- start ---- */

static VOID
FltpGeneratedFree(PIRP Irp, PMDL Mdl)
{
    if (Mdl != NULL && Irp->MdlAddress == Mdl) {
        Irp->MdlAddress = NULL;                /* the initiator's */
    }
    IopIrpFinish(Irp);
    IopIrpFree(Irp);
}

static VOID
FltpGeneratedDone(PIRP Irp, PVOID Context)
{
    FLTP_OPERATION *Operation = Context;
    PFLT_INSTANCE Instance = Operation->Initiator;
    const PFLT_COMPLETED_ASYNC_IO_CALLBACK Callback = Operation->AsyncCallback;
    KI_DRIVER_CALL Call;

    Operation->Data.IoStatus = Irp->IoStatus;
    Operation->GeneratedIrp = NULL;
    FltpGeneratedFree(Irp, Operation->ResumeContext);
    if (Callback != NULL) {
        FltpCallInitialize(&Call, Instance->Filter, NULL, "completed I/O");
        NT_CALL(&Call, Callback(&Operation->Data, Operation->AsyncContext));
        if (Call.Faulted) {
            FltpFilterMarkDead(Instance->Filter);
        }
    }
    FltpCountRelease(&Instance->Outstanding);
}

static NTSTATUS
FltpGeneratedFail(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, NTSTATUS Status)
{
    FltpCountRelease(&Instance->Outstanding);
    Data->IoStatus.Status = Status;
    Data->IoStatus.Information = 0;
    return Status;
}

NTSTATUS
FltpOperationStartBelow(PFLT_INSTANCE Instance, PFLT_CALLBACK_DATA Data, BOOLEAN Synchronous)
{
    FLTP_OPERATION *Operation = FltpOperationOf(Data);
    PDEVICE_OBJECT Device = Instance->Volume->FilterDevice;
    IOP_REQUEST Request = { .StartDevice = Device, .RequestorMode = Data->RequestorMode, .FilterTarget = Instance };
    PMDL Mdl;

    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        Data->IoStatus.Status = STATUS_FLT_DELETING_OBJECT;
        Data->IoStatus.Information = 0;
        return STATUS_FLT_DELETING_OBJECT;
    }
    NTSTATUS Status = FltpParametersToRequest(Data->Iopb, &Request, &Mdl);
    if (!NT_SUCCESS(Status)) {
        return FltpGeneratedFail(Instance, Data, Status);
    }
    PIRP Irp = IopIrpAllocateForRequest(&Request, Device);
    if (Irp == NULL) {
        return FltpGeneratedFail(Instance, Data, STATUS_INSUFFICIENT_RESOURCES);
    }
    if (Mdl != NULL && Irp->MdlAddress == NULL) {
        Irp->MdlAddress = Mdl;
    }
    if (Data->Iopb->MajorFunction == IRP_MJ_CREATE) {
        Irp->Overlay.AllocationSize = Data->Iopb->Parameters.Create.AllocationSize;
    }
    Operation->GeneratedIrp = Irp;
    if (!Synchronous) {
        Operation->ResumeContext = Mdl;
        return IopIssueIrpAsync(Device, Irp, FltpGeneratedDone, Operation);
    }
    Status = IopIssueIrp(Device, Irp, &Data->IoStatus);
    Operation->GeneratedIrp = NULL;
    FltpGeneratedFree(Irp, Mdl);
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

/* Windows: fltKernel.h, FltPerformSynchronousIo.  Differences: none. */
VOID FLTAPI
FltPerformSynchronousIo(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (!FltpAllocatedCheck(Operation, __func__)) {
        CallbackData->IoStatus.Status = STATUS_INVALID_PARAMETER;
        return;
    }
    FltpOperationStartBelow(CallbackData->Iopb->TargetInstance, CallbackData, TRUE);
}

/* Windows: fltKernel.h, FltPerformAsynchronousIo.  Differences: none. */
NTSTATUS FLTAPI
FltPerformAsynchronousIo(PFLT_CALLBACK_DATA CallbackData, PFLT_COMPLETED_ASYNC_IO_CALLBACK CallbackRoutine, PVOID CallbackContext)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (!FltpAllocatedCheck(Operation, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    Operation->AsyncCallback = CallbackRoutine;
    Operation->AsyncContext = CallbackContext;
    Operation->Initiator = CallbackData->Iopb->TargetInstance;
    return FltpOperationStartBelow(CallbackData->Iopb->TargetInstance, CallbackData, FALSE);
}

/* Windows: fltKernel.h, FltReissueSynchronousIo.  Differences: none. */
VOID FLTAPI
FltReissueSynchronousIo(PFLT_INSTANCE InitiatingInstance, PFLT_CALLBACK_DATA CallbackData)
{
    PFLT_CALLBACK_DATA Again;

    NTSTATUS Status = FltAllocateCallbackData(InitiatingInstance, CallbackData->Iopb->TargetFileObject, &Again);
    if (!NT_SUCCESS(Status)) {
        CallbackData->IoStatus.Status = Status;
        CallbackData->IoStatus.Information = 0;
        return;
    }
    *Again->Iopb = *CallbackData->Iopb;
    Again->Flags |= FLTFL_CALLBACK_DATA_REISSUED_IO;
    Again->RequestorMode = CallbackData->RequestorMode;
    FltpOperationStartBelow(InitiatingInstance, Again, TRUE);
    CallbackData->IoStatus = Again->IoStatus;
    CallbackData->Flags |= FLTFL_CALLBACK_DATA_REISSUED_IO;
    FltFreeCallbackData(Again);
}

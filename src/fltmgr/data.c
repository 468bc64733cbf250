/* SPDX-License-Identifier: MIT */
/* Questions about one operation, and its buffers. */
#include "fltmgr/fltp.h"
#include "ps/psp.h"

const void *fb_export_find(const char *name) __attribute__((weak));   /* generated from exports.def */

/* ---- dirty ---- */

/* Windows: fltKernel.h, FltSetCallbackDataDirty.  Differences: none. */
VOID FLTAPI
FltSetCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    Data->Flags |= FLTFL_CALLBACK_DATA_DIRTY;
}

/* Windows: fltKernel.h, FltClearCallbackDataDirty.  Differences: none. */
VOID FLTAPI
FltClearCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    Data->Flags &= ~FLTFL_CALLBACK_DATA_DIRTY;
}

/* Windows: fltKernel.h, FltIsCallbackDataDirty.  Differences: none. */
BOOLEAN FLTAPI
FltIsCallbackDataDirty(PFLT_CALLBACK_DATA Data)
{
    return (Data->Flags & FLTFL_CALLBACK_DATA_DIRTY) != 0;
}

/* ---- who asks ---- */

/* Windows: fltKernel.h, FltGetRequestorProcess.  Differences: none. */
PEPROCESS FLTAPI
FltGetRequestorProcess(PFLT_CALLBACK_DATA CallbackData)
{
    const FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (Operation->Irp != NULL) {
        return IoGetRequestorProcess(Operation->Irp);
    }
    return CallbackData->Thread != NULL ? IoThreadToProcess(CallbackData->Thread) : NULL;
}

/* Windows: fltKernel.h, FltGetRequestorProcessIdEx.  Differences: none. */
HANDLE FLTAPI
FltGetRequestorProcessIdEx(PFLT_CALLBACK_DATA CallbackData)
{
    PEPROCESS Process = FltGetRequestorProcess(CallbackData);

    return Process != NULL ? PsGetProcessId(Process) : NULL;
}

/* Windows: fltKernel.h, FltGetRequestorProcessId.  Differences: none. */
ULONG FLTAPI
FltGetRequestorProcessId(PFLT_CALLBACK_DATA CallbackData)
{
    return HandleToULong(FltGetRequestorProcessIdEx(CallbackData));
}

/* Windows: fltKernel.h, FltGetRequestorSessionId.  Differences: there is one session. */
NTSTATUS FLTAPI
FltGetRequestorSessionId(PFLT_CALLBACK_DATA CallbackData, PULONG SessionId)
{
    *SessionId = (ULONG)-1;
    if (FltGetRequestorProcess(CallbackData) == NULL) {
        return STATUS_UNSUCCESSFUL;
    }
    *SessionId = 0;
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltIs32bitProcess.  Differences: every process counts as 64-bit. */
BOOLEAN FLTAPI
FltIs32bitProcess(PFLT_CALLBACK_DATA CallbackData)
{
    UNREFERENCED_PARAMETER(CallbackData);
    return FALSE;
}

/* Windows: fltKernel.h, FltIsOperationSynchronous.  Differences: none. */
BOOLEAN FLTAPI
FltIsOperationSynchronous(PFLT_CALLBACK_DATA CallbackData)
{
    const FLT_IO_PARAMETER_BLOCK *Iopb = CallbackData->Iopb;

    if (!FLT_IS_IRP_OPERATION(CallbackData)) {
        return TRUE;
    }
    if (Iopb->IrpFlags & IRP_PAGING_IO) {
        return (Iopb->IrpFlags & IRP_SYNCHRONOUS_PAGING_IO) != 0;
    }
    if ((Iopb->IrpFlags & IRP_SYNCHRONOUS_API) ||
        (Iopb->TargetFileObject != NULL && (Iopb->TargetFileObject->Flags & FO_SYNCHRONOUS_IO))) {
        return TRUE;
    }
    switch (Iopb->MajorFunction) {
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return (Iopb->Parameters.FileSystemControl.Common.FsControlCode & 3) == METHOD_BUFFERED;
    default:
        return FALSE;
    }
}

/* ---- buffers ---- */

static NTSTATUS
FltpBufferLock(FLTP_OPERATION *Operation, const FLTP_BUFFERS *Buffers)
{
    PMDL Mdl = IoAllocateMdl(*Buffers->Buffer, *Buffers->Length, FALSE, FALSE, NULL);

    if (Mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    MmProbeAndLockPages(Mdl, Operation->Data.RequestorMode, Buffers->Access);
    FLTP_BUFFERS Shown;
    if (FltpParametersBuffers(&Operation->Shown, &Shown) && *Shown.Buffer == *Buffers->Buffer) {
        *Shown.Mdl = Mdl;                      /* our own change: not one of the filter's */
    }
    *Buffers->Mdl = Mdl;
    Operation->LockedMdl = Mdl;
    if (Operation->Irp != NULL) {
        Operation->Irp->MdlAddress = Mdl;
    }
    if (Operation->Saved != NULL) {
        Operation->Saved->After = Operation->Iopb;
    }
    if (Operation->Phase == FltpPhasePre && !(Operation->Flags & FLTP_OP_ALLOCATED)) {
        FltSetCallbackDataDirty(&Operation->Data);   /* as on Windows: what else the filter changed counts too */
    }
    return STATUS_SUCCESS;
}

/* Windows: fltKernel.h, FltLockUserBuffer.  Differences: none. */
NTSTATUS FLTAPI
FltLockUserBuffer(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    FLTP_BUFFERS Buffers;

    if (!FltpParametersBuffers(&Operation->Iopb, &Buffers) || Buffers.Mdl == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const UCHAR Major = Operation->Iopb.MajorFunction;
    if ((Major == IRP_MJ_READ || Major == IRP_MJ_WRITE) && (Operation->Iopb.MinorFunction & IRP_MN_MDL)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (*Buffers.Mdl != NULL || *Buffers.Length == 0 || *Buffers.Buffer == NULL) {
        return STATUS_SUCCESS;
    }
    if (Operation->LockedMdl != NULL) {
        /* Only one level can own an MDL of ours: the buffer was locked above and swapped since. */
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return FltpBufferLock(Operation, &Buffers);
}

/* The swap of the filter whose post-operation callback runs. */
static FLTP_SAVED *
FltpSwapOf(FLTP_OPERATION *Operation)
{
    for (FLTP_SAVED *Saved = Operation->Popped; Saved != NULL; Saved = Saved->Next) {
        if (Saved->Swapped && Saved->Instance == Operation->Objects.Instance) {
            return Saved;
        }
    }
    return NULL;
}

/* Windows: fltKernel.h, FltGetSwappedBufferMdlAddress.  Differences: none. */
PMDL FLTAPI
FltGetSwappedBufferMdlAddress(PFLT_CALLBACK_DATA CallbackData)
{
    const FLTP_SAVED *Saved = FltpSwapOf(FltpOperationOf(CallbackData));

    return Saved != NULL ? Saved->NewMdl : NULL;
}

/* Windows: fltKernel.h, FltRetainSwappedBufferMdlAddress.  Differences: none. */
VOID FLTAPI
FltRetainSwappedBufferMdlAddress(PFLT_CALLBACK_DATA CallbackData)
{
    FLTP_SAVED *Saved = FltpSwapOf(FltpOperationOf(CallbackData));

    if (Saved != NULL) {
        Saved->Retain = TRUE;
    }
}

/* Windows: fltKernel.h, FltGetNewSystemBufferAddress.  Differences: none. */
PVOID FLTAPI
FltGetNewSystemBufferAddress(PFLT_CALLBACK_DATA CallbackData)
{
    const FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);

    if (Operation->Irp == NULL || !(CallbackData->Flags & FLTFL_CALLBACK_DATA_NEW_SYSTEM_BUFFER)) {
        return NULL;
    }
    return Operation->Irp->AssociatedIrp.SystemBuffer;
}

/* ---- routines by name ---- */

/* Windows: fltKernel.h, FltGetRoutineAddress.  Differences: none. */
PVOID FLTAPI
FltGetRoutineAddress(PCSTR FltMgrRoutineName)
{
    if (fb_export_find == NULL || strncmp(FltMgrRoutineName, "Flt", 3) != 0) {
        return NULL;
    }
    return (PVOID)fb_export_find(FltMgrRoutineName);
}

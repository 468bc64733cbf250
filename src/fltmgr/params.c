/* SPDX-License-Identifier: MIT */
/*
 * Parameters: IRP <-> FLT_IO_PARAMETER_BLOCK.
 *
 * For every major function the parameters of the stack location are a prefix of those of FLT_PARAMETERS; behind it stand buffer and
 * MDL.  So a row says how long the prefix is, where buffer, MDL and length stand, and where the IRP keeps the buffer.  Three have
 * more to say: create (allocation size), the two controls (by transfer method), locks (flags of the location).
 */
#include "fltmgr/fltp.h"

enum { FltpNoBuffer, FltpSystem, FltpEither, FltpUser, FltpControl };
enum { FltpNone = 0xFF };
enum { FltpIn = 1, FltpOut = 2 };

typedef struct FLTP_ROW {
    const char *Name;
    UCHAR Prefix, Buffer, Mdl, Length;         /* bytes; offsets in FLT_PARAMETERS */
    UCHAR Transport, Direction, Access;
} FLTP_ROW;

#define AT(Member) FIELD_OFFSET(FLT_PARAMETERS, Member)
#define PLAIN(Name) { #Name, 32, FltpNone, FltpNone, FltpNone, FltpNoBuffer, 0, 0 }
static const FLTP_ROW FltpRows[FLTP_MAJORS] = {
    [IRP_MJ_CREATE] = { "IRP_MJ_CREATE", 32, AT(Create.EaBuffer), FltpNone, AT(Create.EaLength), FltpSystem, FltpIn, IoReadAccess },
    [IRP_MJ_CREATE_NAMED_PIPE] = PLAIN(IRP_MJ_CREATE_NAMED_PIPE),
    [IRP_MJ_CLOSE] = PLAIN(IRP_MJ_CLOSE),
    [IRP_MJ_READ] = { "IRP_MJ_READ", 24, AT(Read.ReadBuffer), AT(Read.MdlAddress), AT(Read.Length), FltpEither, FltpOut, IoWriteAccess },
    [IRP_MJ_WRITE] = { "IRP_MJ_WRITE", 24, AT(Write.WriteBuffer), AT(Write.MdlAddress), AT(Write.Length), FltpEither, FltpIn, IoReadAccess },
    [IRP_MJ_QUERY_INFORMATION] = { "IRP_MJ_QUERY_INFORMATION", 16, AT(QueryFileInformation.InfoBuffer), FltpNone,
        AT(QueryFileInformation.Length), FltpSystem, FltpOut, IoWriteAccess },
    [IRP_MJ_SET_INFORMATION] = { "IRP_MJ_SET_INFORMATION", 32, AT(SetFileInformation.InfoBuffer), FltpNone,
        AT(SetFileInformation.Length), FltpSystem, FltpIn, IoReadAccess },
    [IRP_MJ_QUERY_EA] = { "IRP_MJ_QUERY_EA", 32, AT(QueryEa.EaBuffer), AT(QueryEa.MdlAddress), AT(QueryEa.Length), FltpEither, FltpOut, IoWriteAccess },
    [IRP_MJ_SET_EA] = { "IRP_MJ_SET_EA", 8, AT(SetEa.EaBuffer), AT(SetEa.MdlAddress), AT(SetEa.Length), FltpEither, FltpIn, IoReadAccess },
    [IRP_MJ_FLUSH_BUFFERS] = PLAIN(IRP_MJ_FLUSH_BUFFERS),
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = { "IRP_MJ_QUERY_VOLUME_INFORMATION", 16, AT(QueryVolumeInformation.VolumeBuffer), FltpNone,
        AT(QueryVolumeInformation.Length), FltpSystem, FltpOut, IoWriteAccess },
    [IRP_MJ_SET_VOLUME_INFORMATION] = { "IRP_MJ_SET_VOLUME_INFORMATION", 16, AT(SetVolumeInformation.VolumeBuffer), FltpNone,
        AT(SetVolumeInformation.Length), FltpSystem, FltpIn, IoReadAccess },
    [IRP_MJ_DIRECTORY_CONTROL] = { "IRP_MJ_DIRECTORY_CONTROL", 32, AT(DirectoryControl.QueryDirectory.DirectoryBuffer),
        AT(DirectoryControl.QueryDirectory.MdlAddress), AT(DirectoryControl.QueryDirectory.Length), FltpEither, FltpOut, IoWriteAccess },
    [IRP_MJ_FILE_SYSTEM_CONTROL] = { "IRP_MJ_FILE_SYSTEM_CONTROL", 24, FltpNone, FltpNone,
        AT(FileSystemControl.Common.OutputBufferLength), FltpControl, FltpIn | FltpOut, IoModifyAccess },
    [IRP_MJ_DEVICE_CONTROL] = { "IRP_MJ_DEVICE_CONTROL", 24, FltpNone, FltpNone,
        AT(DeviceIoControl.Common.OutputBufferLength), FltpControl, FltpIn | FltpOut, IoModifyAccess },
    [IRP_MJ_INTERNAL_DEVICE_CONTROL] = { "IRP_MJ_INTERNAL_DEVICE_CONTROL", 24, FltpNone, FltpNone,
        AT(DeviceIoControl.Common.OutputBufferLength), FltpControl, FltpIn | FltpOut, IoModifyAccess },
    [IRP_MJ_SHUTDOWN] = PLAIN(IRP_MJ_SHUTDOWN),
    [IRP_MJ_LOCK_CONTROL] = { "IRP_MJ_LOCK_CONTROL", 24, FltpNone, FltpNone, FltpNone, FltpNoBuffer, 0, 0 },
    [IRP_MJ_CLEANUP] = PLAIN(IRP_MJ_CLEANUP),
    [IRP_MJ_CREATE_MAILSLOT] = PLAIN(IRP_MJ_CREATE_MAILSLOT),
    [IRP_MJ_QUERY_SECURITY] = { "IRP_MJ_QUERY_SECURITY", 16, AT(QuerySecurity.SecurityBuffer), AT(QuerySecurity.MdlAddress),
        AT(QuerySecurity.Length), FltpUser, FltpOut, IoWriteAccess },
    [IRP_MJ_SET_SECURITY] = { "IRP_MJ_SET_SECURITY", 16, FltpNone, FltpNone, FltpNone, FltpNoBuffer, 0, 0 },
    [IRP_MJ_POWER] = PLAIN(IRP_MJ_POWER),
    [IRP_MJ_SYSTEM_CONTROL] = PLAIN(IRP_MJ_SYSTEM_CONTROL),
    [IRP_MJ_DEVICE_CHANGE] = PLAIN(IRP_MJ_DEVICE_CHANGE),
    [IRP_MJ_QUERY_QUOTA] = { "IRP_MJ_QUERY_QUOTA", 32, AT(QueryQuota.QuotaBuffer), AT(QueryQuota.MdlAddress), AT(QueryQuota.Length), FltpEither, FltpOut, IoWriteAccess },
    [IRP_MJ_SET_QUOTA] = { "IRP_MJ_SET_QUOTA", 8, AT(SetQuota.QuotaBuffer), AT(SetQuota.MdlAddress), AT(SetQuota.Length), FltpEither, FltpIn, IoReadAccess },
    [IRP_MJ_PNP] = PLAIN(IRP_MJ_PNP),
    /* without an IRP: FLT_PARAMETERS is made by whoever issues them */
    [28] = PLAIN(IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION), PLAIN(IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION),
    PLAIN(IRP_MJ_ACQUIRE_FOR_MOD_WRITE), PLAIN(IRP_MJ_RELEASE_FOR_MOD_WRITE), PLAIN(IRP_MJ_ACQUIRE_FOR_CC_FLUSH),
    PLAIN(IRP_MJ_RELEASE_FOR_CC_FLUSH), PLAIN(IRP_MJ_QUERY_OPEN),
    [40] = PLAIN(IRP_MJ_FAST_IO_CHECK_IF_POSSIBLE), PLAIN(IRP_MJ_NETWORK_QUERY_OPEN), PLAIN(IRP_MJ_MDL_READ),
    PLAIN(IRP_MJ_MDL_READ_COMPLETE), PLAIN(IRP_MJ_PREPARE_MDL_WRITE), PLAIN(IRP_MJ_MDL_WRITE_COMPLETE),
    PLAIN(IRP_MJ_VOLUME_MOUNT), PLAIN(IRP_MJ_VOLUME_DISMOUNT),
};
_Static_assert(sizeof(((IO_STACK_LOCATION *)0)->Parameters) == 32, "the prefix of a row is at most the location's parameters");

static const FLTP_ROW *
FltpRow(UCHAR Major)
{
    const ULONG Index = FltpMajorIndex(Major);

    return Index < FLTP_MAJORS && FltpRows[Index].Name != NULL ? &FltpRows[Index] : NULL;
}

const char *
FltpMajorName(UCHAR Major)
{
    const FLTP_ROW *Row = FltpRow(Major);

    return Row != NULL ? Row->Name : "IRP_MJ_UNKNOWN";
}

UCHAR
FltpMajorOfIndex(ULONG Index)
{
    return (UCHAR)(Index <= IRP_MJ_MAXIMUM_FUNCTION ? Index : 283 - Index);
}

/* Windows: fltKernel.h, FltGetIrpName.  Differences: none. */
PCHAR FLTAPI
FltGetIrpName(UCHAR IrpMajorCode)
{
    return (PCHAR)FltpMajorName(IrpMajorCode);
}

static PVOID *
FltpPointerAt(FLT_IO_PARAMETER_BLOCK *Iopb, UCHAR Offset)
{
    return (PVOID *)((PUCHAR)&Iopb->Parameters + Offset);
}

/* ---- IRP to parameters ---- */

static VOID
FltpControlFromIrp(PIRP Irp, const IO_STACK_LOCATION *Stack, FLT_PARAMETERS *Parameters)
{
    switch (Stack->Parameters.FileSystemControl.FsControlCode & 3) {
    case METHOD_BUFFERED:
        Parameters->FileSystemControl.Buffered.SystemBuffer = Irp->AssociatedIrp.SystemBuffer;
        break;
    case METHOD_NEITHER:
        Parameters->FileSystemControl.Neither.InputBuffer = Stack->Parameters.FileSystemControl.Type3InputBuffer;
        Parameters->FileSystemControl.Neither.OutputBuffer = Irp->UserBuffer;
        Parameters->FileSystemControl.Neither.OutputMdlAddress = Irp->MdlAddress;
        break;
    default:
        Parameters->FileSystemControl.Direct.InputSystemBuffer = Irp->AssociatedIrp.SystemBuffer;
        Parameters->FileSystemControl.Direct.OutputBuffer = Irp->UserBuffer;
        Parameters->FileSystemControl.Direct.OutputMdlAddress = Irp->MdlAddress;
        break;
    }
}

static BOOLEAN
FltpUsesSystemBuffer(const FLTP_ROW *Row, PIRP Irp)
{
    switch (Row->Transport) {
    case FltpSystem:
        return TRUE;
    case FltpEither:
        return (Irp->Flags & IRP_BUFFERED_IO) != 0 && Irp->AssociatedIrp.SystemBuffer != NULL;
    default:
        return FALSE;
    }
}

static VOID
FltpLockFromIrp(PIRP Irp, const IO_STACK_LOCATION *Stack, FLT_PARAMETERS *Parameters)
{
    Parameters->LockControl.ProcessId = IoGetRequestorProcess(Irp);
    Parameters->LockControl.FailImmediately = (Stack->Flags & SL_FAIL_IMMEDIATELY) != 0;
    Parameters->LockControl.ExclusiveLock = (Stack->Flags & SL_EXCLUSIVE_LOCK) != 0;
}

/* Returns FLTFL_CALLBACK_DATA_SYSTEM_BUFFER or 0. */
ULONG
FltpParametersFromIrp(FLTP_OPERATION *Operation, FLT_IO_PARAMETER_BLOCK *Iopb)
{
    PIRP Irp = Operation->Irp;
    const IO_STACK_LOCATION *Stack = IoGetCurrentIrpStackLocation(Irp);
    const FLTP_ROW *Row = &FltpRows[Operation->Index];
    ULONG Flag = 0;

    Iopb->IrpFlags = Irp->Flags;
    Iopb->MajorFunction = Stack->MajorFunction;
    Iopb->MinorFunction = Stack->MinorFunction;
    Iopb->OperationFlags = Stack->Flags;
    Iopb->Reserved = 0;
    Iopb->TargetFileObject = Stack->FileObject;
    memcpy(&Iopb->Parameters, &Stack->Parameters, sizeof(Stack->Parameters));
    memset((PUCHAR)&Iopb->Parameters + sizeof(Stack->Parameters), 0, sizeof(Iopb->Parameters) - sizeof(Stack->Parameters));
    if (Row->Buffer != FltpNone) {
        const BOOLEAN System = FltpUsesSystemBuffer(Row, Irp);
        *FltpPointerAt(Iopb, Row->Buffer) = System ? Irp->AssociatedIrp.SystemBuffer : Irp->UserBuffer;
        Flag = System ? FLTFL_CALLBACK_DATA_SYSTEM_BUFFER : 0;
    }
    if (Row->Mdl != FltpNone) {
        *FltpPointerAt(Iopb, Row->Mdl) = Irp->MdlAddress;
    }
    if (Stack->MajorFunction == IRP_MJ_CREATE) {
        Iopb->Parameters.Create.AllocationSize = Irp->Overlay.AllocationSize;
    } else if (Row->Transport == FltpControl) {
        Flag = (Stack->Parameters.FileSystemControl.FsControlCode & 3) != METHOD_NEITHER ? FLTFL_CALLBACK_DATA_SYSTEM_BUFFER : 0;
        if (Stack->MinorFunction != IRP_MN_MOUNT_VOLUME && Stack->MinorFunction != IRP_MN_VERIFY_VOLUME) {
            FltpControlFromIrp(Irp, Stack, &Iopb->Parameters);
        }
    } else if (Stack->MajorFunction == IRP_MJ_LOCK_CONTROL) {
        FltpLockFromIrp(Irp, Stack, &Iopb->Parameters);
    }
    return Flag;
}

/* ---- parameters to IRP ---- */

static VOID
FltpControlToIrp(PIRP Irp, PIO_STACK_LOCATION Next, FLT_PARAMETERS *Parameters)
{
    switch (Next->Parameters.FileSystemControl.FsControlCode & 3) {
    case METHOD_BUFFERED:
        Irp->AssociatedIrp.SystemBuffer = Parameters->FileSystemControl.Buffered.SystemBuffer;
        break;
    case METHOD_NEITHER:
        Next->Parameters.FileSystemControl.Type3InputBuffer = Parameters->FileSystemControl.Neither.InputBuffer;
        Irp->UserBuffer = Parameters->FileSystemControl.Neither.OutputBuffer;
        Irp->MdlAddress = Parameters->FileSystemControl.Neither.OutputMdlAddress;
        break;
    default:
        Irp->AssociatedIrp.SystemBuffer = Parameters->FileSystemControl.Direct.InputSystemBuffer;
        Irp->UserBuffer = Parameters->FileSystemControl.Direct.OutputBuffer;
        Irp->MdlAddress = Parameters->FileSystemControl.Direct.OutputMdlAddress;
        break;
    }
}

/* The IRP's own fields, which all its locations share. */
static VOID
FltpBuffersToIrp(PIRP Irp, const FLTP_ROW *Row, FLT_IO_PARAMETER_BLOCK *Iopb, BOOLEAN System)
{
    Irp->Flags = Iopb->IrpFlags;
    if (Row->Buffer != FltpNone) {
        *(System ? &Irp->AssociatedIrp.SystemBuffer : &Irp->UserBuffer) = *FltpPointerAt(Iopb, Row->Buffer);
    }
    if (Row->Mdl != FltpNone) {
        Irp->MdlAddress = *FltpPointerAt(Iopb, Row->Mdl);
    }
    if (Iopb->MajorFunction == IRP_MJ_CREATE) {
        Irp->Overlay.AllocationSize = Iopb->Parameters.Create.AllocationSize;
    }
}

VOID
FltpParametersToNext(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;
    FLT_IO_PARAMETER_BLOCK *Iopb = &Operation->Iopb;
    const FLTP_ROW *Row = &FltpRows[Operation->Index];
    PIO_STACK_LOCATION Next = IoGetNextIrpStackLocation(Irp);

    Next->MinorFunction = Iopb->MinorFunction;
    Next->Flags = Iopb->OperationFlags;
    Next->FileObject = Iopb->TargetFileObject;
    memcpy(&Next->Parameters, &Iopb->Parameters, Row->Prefix);
    FltpBuffersToIrp(Irp, Row, Iopb, (Operation->Data.Flags & FLTFL_CALLBACK_DATA_SYSTEM_BUFFER) != 0);
    if (Row->Transport == FltpControl && Iopb->MinorFunction != IRP_MN_MOUNT_VOLUME && Iopb->MinorFunction != IRP_MN_VERIFY_VOLUME) {
        FltpControlToIrp(Irp, Next, &Iopb->Parameters);
    }
    if (Iopb->MajorFunction == IRP_MJ_LOCK_CONTROL) {
        Next->Flags = (UCHAR)((Next->Flags & ~(SL_FAIL_IMMEDIATELY | SL_EXCLUSIVE_LOCK)) |
            (Iopb->Parameters.LockControl.FailImmediately ? SL_FAIL_IMMEDIATELY : 0) |
            (Iopb->Parameters.LockControl.ExclusiveLock ? SL_EXCLUSIVE_LOCK : 0));
    }
}

/*
 * After completion: who swapped a buffer gets to know the MDL that is there now, and the IRP gets its own buffers back.  The records go
 * from the lowest change to the highest: each hands its own replaced MDL to the one above.
 */
VOID
FltpParametersRestoreIrp(FLTP_OPERATION *Operation)
{
    PIRP Irp = Operation->Irp;
    const FLTP_ROW *Row = &FltpRows[Operation->Index];
    PMDL Current = Irp->MdlAddress;
    FLTP_SAVED *Original = NULL;
    BOOLEAN Swapped = FALSE;

    for (FLTP_SAVED *Saved = Operation->Saved; Saved != NULL; Saved = Saved->Next) {
        FLTP_BUFFERS Above;
        if (Saved->Swapped && FltpParametersBuffers(&Saved->Iopb, &Above)) {
            Saved->NewMdl = Current;
            Current = Above.Mdl != NULL ? *Above.Mdl : NULL;
            Swapped = TRUE;
        }
        Original = Saved;
    }
    if (Original != NULL) {
        const ULONG Flags = Irp->Flags;
        FltpBuffersToIrp(Irp, Row, &Original->Iopb, (Operation->Data.Flags & FLTFL_CALLBACK_DATA_SYSTEM_BUFFER) != 0);
        Irp->Flags = (Flags & ~0xFFFFu) | (Original->Iopb.IrpFlags & 0xFFFFu);
        if (Row->Transport == FltpControl && Operation->Iopb.MinorFunction != IRP_MN_MOUNT_VOLUME) {
            IO_STACK_LOCATION Scratch = *IoGetCurrentIrpStackLocation(Irp);
            FltpControlToIrp(Irp, &Scratch, &Original->Iopb.Parameters);
        }
    }
    Irp->MdlAddress = Swapped || Original == NULL ? Current : Irp->MdlAddress != NULL ? Irp->MdlAddress : Current;
}

/* ---- parameters to a request of its own ---- */

static VOID
FltpControlToRequest(const FLT_PARAMETERS *Parameters, IOP_REQUEST *Request, PMDL *Mdl)
{
    Request->InputLength = Parameters->FileSystemControl.Common.InputBufferLength;
    Request->OutputLength = Parameters->FileSystemControl.Common.OutputBufferLength;
    switch (Parameters->FileSystemControl.Common.FsControlCode & 3) {
    case METHOD_BUFFERED:
        Request->InputBuffer = Request->OutputBuffer = Parameters->FileSystemControl.Buffered.SystemBuffer;
        break;
    default:
        Request->InputBuffer = Parameters->FileSystemControl.Neither.InputBuffer;
        Request->OutputBuffer = Parameters->FileSystemControl.Neither.OutputBuffer;
        *Mdl = Parameters->FileSystemControl.Neither.OutputMdlAddress;
        break;
    }
}

NTSTATUS
FltpParametersToRequest(const FLT_IO_PARAMETER_BLOCK *Iopb, IOP_REQUEST *Request, PMDL *Mdl)
{
    const FLTP_ROW *Row = Iopb->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION ? FltpRow(Iopb->MajorFunction) : NULL;
    FLT_IO_PARAMETER_BLOCK Copy = *Iopb;

    *Mdl = NULL;
    if (Row == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Request->FileObject = Iopb->TargetFileObject;
    Request->IrpFlags = Iopb->IrpFlags;
    Request->Stack.MajorFunction = Iopb->MajorFunction;
    Request->Stack.MinorFunction = Iopb->MinorFunction;
    Request->Stack.Flags = Iopb->OperationFlags;
    memcpy(&Request->Stack.Parameters, &Iopb->Parameters, Row->Prefix);
    if (Row->Transport == FltpControl) {
        FltpControlToRequest(&Iopb->Parameters, Request, Mdl);
    } else if (Row->Buffer != FltpNone) {
        PVOID Buffer = *FltpPointerAt(&Copy, Row->Buffer);
        const ULONG Length = *(PULONG)FltpPointerAt(&Copy, Row->Length);
        *Mdl = Row->Mdl != FltpNone ? *FltpPointerAt(&Copy, Row->Mdl) : NULL;
        if (Buffer == NULL && *Mdl != NULL) {
            Buffer = MmGetSystemAddressForMdlSafe(*Mdl, NormalPagePriority);
        }
        Request->InputBuffer = Row->Direction & FltpIn ? Buffer : NULL;
        Request->InputLength = Row->Direction & FltpIn ? Length : 0;
        Request->OutputBuffer = Row->Direction & FltpOut ? Buffer : NULL;
        Request->OutputLength = Row->Direction & FltpOut ? Length : 0;
    }
    return STATUS_SUCCESS;
}

/* ---- where the buffers stand ---- */

static VOID
FltpControlBuffers(FLT_IO_PARAMETER_BLOCK *Iopb, FLTP_BUFFERS *Buffers)
{
    FLT_PARAMETERS *Parameters = &Iopb->Parameters;

    if ((Parameters->FileSystemControl.Common.FsControlCode & 3) == METHOD_BUFFERED) {
        Buffers->Mdl = NULL;
        Buffers->Buffer = &Parameters->FileSystemControl.Buffered.SystemBuffer;
    } else {
        Buffers->Mdl = &Parameters->FileSystemControl.Neither.OutputMdlAddress;
        Buffers->Buffer = &Parameters->FileSystemControl.Neither.OutputBuffer;
    }
    Buffers->Access = (Parameters->FileSystemControl.Common.FsControlCode & 3) == METHOD_IN_DIRECT ? IoReadAccess : IoModifyAccess;
}

BOOLEAN
FltpParametersBuffers(FLT_IO_PARAMETER_BLOCK *Iopb, FLTP_BUFFERS *Buffers)
{
    const FLTP_ROW *Row = FltpRow(Iopb->MajorFunction);

    if (Row == NULL || Row->Length == FltpNone) {
        return FALSE;
    }
    Buffers->Length = (PULONG)FltpPointerAt(Iopb, Row->Length);
    Buffers->Access = (LOCK_OPERATION)Row->Access;
    if (Row->Transport == FltpControl) {
        FltpControlBuffers(Iopb, Buffers);
    } else {
        Buffers->Mdl = Row->Mdl != FltpNone ? (PMDL *)FltpPointerAt(Iopb, Row->Mdl) : NULL;
        Buffers->Buffer = FltpPointerAt(Iopb, Row->Buffer);
    }
    return TRUE;
}

BOOLEAN
FltpParametersSwapped(const FLT_IO_PARAMETER_BLOCK *A, const FLT_IO_PARAMETER_BLOCK *B)
{
    FLTP_BUFFERS Left, Right;

    if (!FltpParametersBuffers((FLT_IO_PARAMETER_BLOCK *)A, &Left) || !FltpParametersBuffers((FLT_IO_PARAMETER_BLOCK *)B, &Right)) {
        return FALSE;
    }
    return *Left.Buffer != *Right.Buffer || (Left.Mdl != NULL && *Left.Mdl != *Right.Mdl);
}

/* Windows: fltKernel.h, FltDecodeParameters.  Differences: none. */
NTSTATUS FLTAPI
FltDecodeParameters(PFLT_CALLBACK_DATA CallbackData, PMDL **MdlAddressPointer, PVOID **Buffer, PULONG *Length, LOCK_OPERATION *DesiredAccess)
{
    FLTP_BUFFERS Buffers;
    const BOOLEAN Found = FltpParametersBuffers(CallbackData->Iopb, &Buffers);

    if (MdlAddressPointer != NULL) {
        *MdlAddressPointer = Found ? Buffers.Mdl : NULL;
    }
    if (Buffer != NULL) {
        *Buffer = Found ? Buffers.Buffer : NULL;
    }
    if (Length != NULL) {
        *Length = Found ? Buffers.Length : NULL;
    }
    if (Found && DesiredAccess != NULL) {
        *DesiredAccess = Buffers.Access;
    }
    return Found ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

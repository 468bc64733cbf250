/* SPDX-License-Identifier: MIT */
/* Controls, flushes and reparse points that filters issue. */
#include "fltmgr/target.h"

typedef struct FLTP_CONTROL_CALL {
    PFLT_INSTANCE Instance;
    PFILE_OBJECT FileObject;
    UCHAR Major;
    ULONG Code;
    PVOID Input, Output;
    ULONG InputLength, OutputLength;
} FLTP_CONTROL_CALL;

static NTSTATUS
FltpControl(const FLTP_CONTROL_CALL *Call, PULONG LengthReturned)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = { .FileObject = Call->FileObject, .InputBuffer = Call->Input, .InputLength = Call->InputLength,
        .OutputBuffer = Call->Output, .OutputLength = Call->OutputLength };

    Request.Stack.MajorFunction = Call->Major;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = Call->Code;
    Request.Stack.Parameters.FileSystemControl.InputBufferLength = Call->InputLength;
    Request.Stack.Parameters.FileSystemControl.OutputBufferLength = Call->OutputLength;
    NTSTATUS Status = FltpIssueBelow(Call->Instance, &Request, &IoStatus);
    if (LengthReturned != NULL) {
        *LengthReturned = NT_ERROR(Status) ? 0 : (ULONG)IoStatus.Information;
    }
    return Status;
}

/* Windows: fltKernel.h, FltFsControlFile.  Differences: none. */
NTSTATUS FLTAPI
FltFsControlFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength,
    PVOID OutputBuffer, ULONG OutputBufferLength, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    const FLTP_CONTROL_CALL Call = { .Instance = Instance, .FileObject = FileObject, .Major = IRP_MJ_FILE_SYSTEM_CONTROL, .Code = FsControlCode,
        .Input = InputBuffer, .InputLength = InputBufferLength, .Output = OutputBuffer, .OutputLength = OutputBufferLength };
    return FltpControl(&Call, LengthReturned);
}

/* Windows: fltKernel.h, FltDeviceIoControlFile.  Differences: none. */
NTSTATUS FLTAPI
FltDeviceIoControlFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG IoControlCode, PVOID InputBuffer, ULONG InputBufferLength,
    PVOID OutputBuffer, ULONG OutputBufferLength, PULONG LengthReturned)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    const FLTP_CONTROL_CALL Call = { .Instance = Instance, .FileObject = FileObject, .Major = IRP_MJ_DEVICE_CONTROL, .Code = IoControlCode,
        .Input = InputBuffer, .InputLength = InputBufferLength, .Output = OutputBuffer, .OutputLength = OutputBufferLength };
    return FltpControl(&Call, LengthReturned);
}

/* ---- flush ---- */

static NTSTATUS
FltpFlush(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Minor)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_REQUEST Request = { .FileObject = FileObject };

    Request.Stack.MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    Request.Stack.MinorFunction = Minor;
    return FltpIssueBelow(Instance, &Request, &IoStatus);
}

/* Windows: fltKernel.h, FltFlushBuffers.  Differences: none. */
NTSTATUS FLTAPI
FltFlushBuffers(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    return FltpFlush(Instance, FileObject, 0);
}

/* Windows: fltKernel.h, FltFlushBuffers2.  Differences: the caller's IRP extension is not passed on. */
NTSTATUS FLTAPI
FltFlushBuffers2(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG FlushType, PFLT_CALLBACK_DATA CallbackData)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    static const struct { ULONG Type; UCHAR Minor; } Types[] = {
        { FLT_FLUSH_TYPE_FLUSH_AND_PURGE, IRP_MN_FLUSH_AND_PURGE }, { FLT_FLUSH_TYPE_FILE_DATA_ONLY, IRP_MN_FLUSH_DATA_ONLY },
        { FLT_FLUSH_TYPE_NO_SYNC, IRP_MN_FLUSH_NO_SYNC }, { FLT_FLUSH_TYPE_DATA_SYNC_ONLY, IRP_MN_FLUSH_DATA_SYNC_ONLY } };
    UNREFERENCED_PARAMETER(CallbackData);
    if (FlushType == 0) {
        return FltpFlush(Instance, FileObject, 0);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Types); i++) {
        if (Types[i].Type == FlushType) {
            /* All but the first are for files only. */
            return i != 0 && (FileObject->Flags & FO_VOLUME_OPEN) ? STATUS_INVALID_PARAMETER : FltpFlush(Instance, FileObject, Types[i].Minor);
        }
    }
    return STATUS_INVALID_PARAMETER;
}

/* ---- reparse points ---- */

static NTSTATUS
FltpReparse(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, ULONG Code, PVOID Buffer, ULONG Length)
{
    const FLTP_CONTROL_CALL Call = { .Instance = Instance, .FileObject = FileObject, .Major = IRP_MJ_FILE_SYSTEM_CONTROL, .Code = Code,
        .Input = Buffer, .InputLength = Length };

    return FltpControl(&Call, NULL);
}

/* The buffer of FSCTL_SET_REPARSE_POINT: with a GUID unless the tag is Microsoft's. */
static ULONG
FltpReparseFill(PVOID Buffer, ULONG FileTag, const GUID *Guid, const VOID *Data, USHORT DataLength)
{
    PREPARSE_GUID_DATA_BUFFER WithGuid = Buffer;
    const ULONG Header = IsReparseTagMicrosoft(FileTag) ? REPARSE_DATA_BUFFER_HEADER_SIZE : REPARSE_GUID_DATA_BUFFER_HEADER_SIZE;

    WithGuid->ReparseTag = FileTag;
    WithGuid->ReparseDataLength = DataLength;
    WithGuid->Reserved = 0;
    if (!IsReparseTagMicrosoft(FileTag)) {
        WithGuid->ReparseGuid = *Guid;
    }
    if (DataLength != 0) {
        memcpy((PUCHAR)Buffer + Header, Data, DataLength);
    }
    return Header + DataLength;
}

/* Windows: fltKernel.h, FltTagFile.  Differences: none. */
NTSTATUS FLTAPI
FltTagFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, ULONG FileTag, GUID *Guid, PVOID DataBuffer, USHORT DataBufferLength)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    if (!IsReparseTagMicrosoft(FileTag) && Guid == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    PVOID Buffer = port_alloc_zeroed(sizeof(REPARSE_GUID_DATA_BUFFER) + DataBufferLength);
    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    const ULONG Length = FltpReparseFill(Buffer, FileTag, Guid, DataBuffer, DataBufferLength);
    NTSTATUS Status = FltpReparse(InitiatingInstance, FileObject, FSCTL_SET_REPARSE_POINT, Buffer, Length);
    port_free(Buffer);
    return Status;
}

/* Windows: fltKernel.h, FltUntagFile.  Differences: none. */
NTSTATUS FLTAPI
FltUntagFile(PFLT_INSTANCE InitiatingInstance, PFILE_OBJECT FileObject, ULONG FileTag, GUID *Guid)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    REPARSE_GUID_DATA_BUFFER Buffer = { 0 };
    if (!IsReparseTagMicrosoft(FileTag) && Guid == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    const ULONG Length = FltpReparseFill(&Buffer, FileTag, Guid, NULL, 0);
    return FltpReparse(InitiatingInstance, FileObject, FSCTL_DELETE_REPARSE_POINT, &Buffer, Length);
}

/* SPDX-License-Identifier: MIT */
/* Data of open files. */
#include "view/viewp.h"

/* fallocate's modes, lseek's directions. */
enum { VIEWP_KEEP_SIZE = 1, VIEWP_PUNCH_HOLE = 2, VIEWP_ZERO_RANGE = 0x10 };
enum { VIEWP_SEEK_DATA = 3, VIEWP_SEEK_HOLE = 4 };
#define VIEWP_COPY_CHUNK (256u * 1024)

static NTSTATUS
ViewpRead(VIEW_CALL *Call, VIEW_HANDLE *Handle, PVOID Buffer, ULONG Length, LONGLONG Offset, ULONG *Done)
{
    IOP_REQUEST Request = {
        .FileObject = Handle->FileObject, .OutputBuffer = Buffer, .OutputLength = Length, .IrpFlags = Handle->IrpFlags,
        .RequestorMode = UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_READ;
    Request.Stack.Parameters.Read.Length = Length;
    Request.Stack.Parameters.Read.ByteOffset.QuadPart = Offset;
    Call->Attach.host_errno = 0;
    NTSTATUS Status = IopRequest(&Request, &Call->Io);
    *Done = NT_SUCCESS(Status) ? (ULONG)Call->Io.Information : 0;
    return Status == STATUS_END_OF_FILE ? STATUS_SUCCESS : Status;
}

static NTSTATUS
ViewpWrite(VIEW_CALL *Call, VIEW_HANDLE *Handle, const VOID *Buffer, ULONG Length, LONGLONG Offset, ULONG IrpFlags, ULONG *Done)
{
    IOP_REQUEST Request = {
        .FileObject = Handle->FileObject, .InputBuffer = (PVOID)Buffer, .InputLength = Length, .IrpFlags = IrpFlags,
        .RequestorMode = (IrpFlags & IRP_PAGING_IO) ? KernelMode : UserMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_WRITE;
    Request.Stack.Flags = Handle->WriteFlags;
    Request.Stack.Parameters.Write.Length = Length;
    Request.Stack.Parameters.Write.ByteOffset.QuadPart = Offset;
    Call->Attach.host_errno = 0;
    NTSTATUS Status = IopRequest(&Request, &Call->Io);
    *Done = NT_SUCCESS(Status) ? (ULONG)Call->Io.Information : 0;
    return Status;
}

int
view_read(view *v, view_handle *handle, void *buffer, size_t length, uint64_t offset, const struct view_who *who, size_t *done)
{
    VIEW_CALL Call;
    ULONG Done = 0;
    *done = 0;
    if (offset > INT64_MAX || length > INT32_MAX) {
        return -VIEW_EINVAL;
    }
    if (length == 0) {
        return 0;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    NTSTATUS Status = ViewpRead(&Call, handle, buffer, (ULONG)length, (LONGLONG)offset, &Done);
    *done = Done;
    return ViewLeave(&Call, Status);
}

int
view_write(view *v, view_handle *handle, const void *buffer, size_t length, uint64_t offset, bool append, bool paging, const struct view_who *who,
           size_t *done)
{
    VIEW_CALL Call;
    ULONG Done = 0;
    *done = 0;
    if (offset > INT64_MAX || length > INT32_MAX || offset + length > INT64_MAX) {
        return -VIEW_EFBIG;
    }
    if (length == 0) {
        return 0;
    }
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    LARGE_INTEGER At = { .QuadPart = (LONGLONG)offset };
    ULONG IrpFlags = handle->IrpFlags;
    if (append) {
        At.LowPart = FILE_WRITE_TO_END_OF_FILE;
        At.HighPart = -1;
    }
    if (paging) {
        IrpFlags = IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO;
    }
    NTSTATUS Status = ViewpWrite(&Call, handle, buffer, (ULONG)length, At.QuadPart, IrpFlags, &Done);
    *done = Done;
    return ViewLeave(&Call, Status);
}

int
view_flush(view *v, view_handle *handle, const struct view_who *who)
{
    UNREFERENCED_PARAMETER(v);
    UNREFERENCED_PARAMETER(handle);
    UNREFERENCED_PARAMETER(who);
    return 0;                                  /* close(2) of one duplicate: NT has no such event; CLEANUP is the RELEASE */
}

int
view_fsync(view *v, view_handle *handle, bool data_only, const struct view_who *who)
{
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    IOP_REQUEST Request = { .FileObject = handle->FileObject, .RequestorMode = UserMode, .Attachment = &Call.Attach };
    Request.Stack.MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    Request.Stack.MinorFunction = data_only ? IRP_MN_FLUSH_DATA_SYNC_ONLY : 0;
    return ViewLeave(&Call, IopRequest(&Request, &Call.Io));
}

static NTSTATUS
ViewpSetEnd(VIEW_CALL *Call, PFILE_OBJECT FileObject, LONGLONG End)
{
    FILE_END_OF_FILE_INFORMATION Information = { .EndOfFile.QuadPart = End };
    return ViewSet(Call, FileObject, FileEndOfFileInformation, &Information, sizeof Information, NULL);
}

static NTSTATUS
ViewpAllocate(VIEW_CALL *Call, PFILE_OBJECT FileObject, uint32_t Mode, LONGLONG Offset, LONGLONG End)
{
    FILE_STANDARD_INFORMATION Standard;
    NTSTATUS Status = ViewQuery(Call, FileObject, FileStandardInformation, &Standard, sizeof Standard, FALSE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    LONGLONG Old = Standard.EndOfFile.QuadPart;
    BOOLEAN Grow = !(Mode & VIEWP_KEEP_SIZE) && End > Old;
    if (Mode & (VIEWP_PUNCH_HOLE | VIEWP_ZERO_RANGE)) {
        Status = Grow ? ViewpSetEnd(Call, FileObject, End) : STATUS_SUCCESS;
        LONGLONG Limit = Grow ? End : (End < Old ? End : Old);
        FILE_ZERO_DATA_INFORMATION Zero = { .FileOffset.QuadPart = Offset, .BeyondFinalZero.QuadPart = Limit };
        if (NT_SUCCESS(Status) && Offset < Limit) {
            Status = ViewControl(Call, FileObject, FSCTL_SET_ZERO_DATA, &Zero, sizeof Zero, NULL, 0);
        }
        return Status;
    }
    /* Setting an allocation below the end of file would cut the file: only ever grow. */
    if (End > Old && End > Standard.AllocationSize.QuadPart) {
        FILE_ALLOCATION_INFORMATION Allocation = { .AllocationSize.QuadPart = End };
        Status = ViewSet(Call, FileObject, FileAllocationInformation, &Allocation, sizeof Allocation, NULL);
    }
    return NT_SUCCESS(Status) && Grow ? ViewpSetEnd(Call, FileObject, End) : Status;
}

int
view_fallocate(view *v, view_handle *handle, uint32_t mode, uint64_t offset, uint64_t length, const struct view_who *who)
{
    if (length == 0 || offset > INT64_MAX) {
        return -VIEW_EINVAL;
    }
    if (length > (uint64_t)INT64_MAX - offset) {
        return -VIEW_EFBIG;
    }
    BOOLEAN Known = mode == 0 || mode == VIEWP_KEEP_SIZE || mode == (VIEWP_PUNCH_HOLE | VIEWP_KEEP_SIZE) || mode == VIEWP_ZERO_RANGE ||
                    mode == (VIEWP_ZERO_RANGE | VIEWP_KEEP_SIZE);
    if (!Known) {
        return -VIEW_EOPNOTSUPP;
    }
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    return ViewLeave(&Call, ViewpAllocate(&Call, handle->FileObject, mode, (LONGLONG)offset, (LONGLONG)(offset + length)));
}

/* The first allocated range at or behind Offset; Range->Length 0: none. */
static NTSTATUS
ViewpNextRange(VIEW_CALL *Call, PFILE_OBJECT FileObject, LONGLONG Offset, LONGLONG End, FILE_ALLOCATED_RANGE_BUFFER *Range)
{
    FILE_ALLOCATED_RANGE_BUFFER Asked = { .FileOffset.QuadPart = Offset, .Length.QuadPart = End - Offset };
    memset(Range, 0, sizeof *Range);
    NTSTATUS Status =
        ViewControl(Call, FileObject, FSCTL_QUERY_ALLOCATED_RANGES, &Asked, sizeof Asked, Range, sizeof *Range);
    if (Status == STATUS_BUFFER_OVERFLOW) {
        Status = STATUS_SUCCESS;               /* more ranges follow */
    }
    if (NT_SUCCESS(Status) && Call->Io.Information < sizeof *Range) {
        Range->Length.QuadPart = 0;
    }
    return Status;
}

/* 0, or ENXIO where there is no such place. */
static NTSTATUS
ViewpSeek(VIEW_CALL *Call, PFILE_OBJECT FileObject, LONGLONG Offset, int Whence, LONGLONG *Found, int *Error)
{
    FILE_STANDARD_INFORMATION Standard;
    FILE_ALLOCATED_RANGE_BUFFER Range;
    NTSTATUS Status = ViewQuery(Call, FileObject, FileStandardInformation, &Standard, sizeof Standard, FALSE);
    LONGLONG End = Standard.EndOfFile.QuadPart;
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Offset >= End) {
        *Error = VIEW_ENXIO;
        return STATUS_SUCCESS;
    }
    for (LONGLONG At = Offset; At < End;) {
        Status = ViewpNextRange(Call, FileObject, At, End, &Range);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        LONGLONG Start = Range.FileOffset.QuadPart > At ? Range.FileOffset.QuadPart : At;
        if (Whence == VIEWP_SEEK_DATA) {
            *Found = Start;
            *Error = Range.Length.QuadPart == 0 ? VIEW_ENXIO : 0;
            return STATUS_SUCCESS;
        }
        if (Range.Length.QuadPart == 0 || Start > At) {
            *Found = At;
            return STATUS_SUCCESS;
        }
        At = Range.FileOffset.QuadPart + Range.Length.QuadPart;
    }
    *Found = End;                              /* the end counts as a hole */
    return STATUS_SUCCESS;
}

int
view_lseek(view *v, view_handle *handle, uint64_t offset, int whence, uint64_t *out)
{
    if (whence != VIEWP_SEEK_DATA && whence != VIEWP_SEEK_HOLE) {
        return -VIEW_EINVAL;
    }
    if (offset > INT64_MAX) {
        return -VIEW_ENXIO;
    }
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, NULL);
    if (Error != 0) {
        return Error;
    }
    LONGLONG Found = 0;
    int Place = 0;
    Error = ViewLeave(&Call, ViewpSeek(&Call, handle->FileObject, (LONGLONG)offset, whence, &Found, &Place));
    *out = (uint64_t)Found;
    return Error != 0 ? Error : -Place;
}

int
view_copy_range(view *v, view_handle *in, uint64_t in_offset, view_handle *out, uint64_t out_offset, size_t length, const struct view_who *who,
                size_t *done)
{
    *done = 0;
    if (in_offset > INT64_MAX || out_offset > INT64_MAX || length > INT64_MAX - in_offset || length > INT64_MAX - out_offset) {
        return -VIEW_EFBIG;
    }
    VIEW_CALL Call;
    int Error = ViewEnter(&Call, v, who);
    if (Error != 0) {
        return Error;
    }
    NTSTATUS Status = STATUS_SUCCESS;
    PVOID Buffer = port_alloc_aligned(4096, VIEWP_COPY_CHUNK);
    if (Buffer == NULL) {
        return ViewLeave(&Call, STATUS_INSUFFICIENT_RESOURCES);
    }
    while (*done < length) {
        ULONG Chunk = length - *done < VIEWP_COPY_CHUNK ? (ULONG)(length - *done) : VIEWP_COPY_CHUNK;
        ULONG Got = 0, Put = 0;
        Status = ViewpRead(&Call, in, Buffer, Chunk, (LONGLONG)(in_offset + *done), &Got);
        if (!NT_SUCCESS(Status) || Got == 0) {
            break;
        }
        Status = ViewpWrite(&Call, out, Buffer, Got, (LONGLONG)(out_offset + *done), out->IrpFlags, &Put);
        *done += Put;
        if (!NT_SUCCESS(Status) || Put < Got) {
            break;
        }
    }
    port_free(Buffer);
    return ViewLeave(&Call, *done != 0 ? STATUS_SUCCESS : Status);
}

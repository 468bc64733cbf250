/* SPDX-License-Identifier: MIT */
/* A view of one mounted volume: made, and ended. */
#include "view/viewp.h"

/* \Device\HarddiskVolume<n> */
static VOID
ViewpDeviceName(VIEW *View, unsigned Volume)
{
    static const WCHAR Prefix[] = L"\\Device\\HarddiskVolume";
    ULONG Length = sizeof Prefix / sizeof(WCHAR) - 1;
    WCHAR Digits[12];
    ULONG Count = 0;
    memcpy(View->DeviceName, Prefix, Length * sizeof(WCHAR));
    do {
        Digits[Count++] = (WCHAR)(L'0' + Volume % 10);
        Volume /= 10;
    } while (Volume != 0);
    while (Count != 0) {
        View->DeviceName[Length++] = Digits[--Count];
    }
    View->DeviceNameBytes = (USHORT)(Length * sizeof(WCHAR));
}

static NTSTATUS
ViewpFindVolume(VIEW *View)
{
    UNICODE_STRING Path = { .Length = View->DeviceNameBytes, .MaximumLength = View->DeviceNameBytes, .Buffer = View->DeviceName };
    UNICODE_STRING Remaining;
    PWCH Buffer = NULL;
    PVOID Object = NULL;
    NTSTATUS Status = ObpLookupName(&Path, 0, &Object, &Remaining, &Buffer);
    if (Buffer != NULL) {
        ExFreePool(Buffer);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    View->RealDevice = Object;
    if (View->RealDevice->Vpb == NULL || View->RealDevice->Vpb->DeviceObject == NULL) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    View->VolumeDevice = View->RealDevice->Vpb->DeviceObject;
    return STATUS_SUCCESS;
}

/* The root's identity, below the stack: no filter shall see the view begin. */
static NTSTATUS
ViewpRoot(VIEW_CALL *Call)
{
    VIEW *View = Call->View;
    WCHAR Backslash[] = L"\\";
    FILE_STAT_LX_INFORMATION Stat;
    IOP_CREATE Create = {
        .Device = View->RealDevice, .HintDevice = View->VolumeDevice, .DesiredAccess = FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        .Name = { .Length = sizeof(WCHAR), .MaximumLength = sizeof(WCHAR), .Buffer = Backslash },
        .Disposition = FILE_OPEN, .CreateOptions = FILE_DIRECTORY_FILE,
        .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, .RequestorMode = KernelMode,
        .Attachment = &Call->Attach,
    };
    PFILE_OBJECT FileObject;
    NTSTATUS Status = IopCreateFile(&Create, &Call->Io, &FileObject);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IOP_REQUEST Request = {
        .FileObject = FileObject, .StartDevice = View->VolumeDevice, .OutputBuffer = &Stat, .OutputLength = sizeof Stat,
        .RequestorMode = KernelMode, .Attachment = &Call->Attach,
    };
    Request.Stack.MajorFunction = IRP_MJ_QUERY_INFORMATION;
    Request.Stack.Parameters.QueryFile.FileInformationClass = FileStatLxInformation;
    Request.Stack.Parameters.QueryFile.Length = sizeof Stat;
    Status = IopRequest(&Request, &Call->Io);
    if (ViewIsUnknownClass(Status)) {
        View->Plain = TRUE;
        Status = ViewPlainStat(Call, FileObject, &Stat, TRUE);
    }
    IopCloseFile(FileObject);
    if (NT_SUCCESS(Status)) {
        View->RootDevice = Call->Attach.device;
        View->Root = ViewNodeGet(View, (ULONGLONG)Stat.FileId.QuadPart, ViewStatMode(&Stat), FALSE);
        Status = View->Root != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    return Status;
}

int
view_create(view **v, unsigned volume, const struct view_options *options, const struct view_callbacks *callbacks)
{
    VIEW *View = port_alloc_zeroed(sizeof *View);
    if (View == NULL) {
        return -VIEW_ENOMEM;
    }
    View->Volume = volume;
    atomic_store(&View->Generation, 1);
    if (options != NULL) {
        View->Options = *options;
    }
    if (callbacks != NULL) {
        View->Callbacks = *callbacks;
    }
    ViewpDeviceName(View, volume);
    NTSTATUS Status = ViewpFindVolume(View);
    int Error = -ViewErrno(Status);
    VIEW_CALL Call;
    if (NT_SUCCESS(Status) && (Error = ViewEnter(&Call, View, NULL)) == 0) {
        Error = ViewLeave(&Call, ViewpRoot(&Call));
        Error = Error != 0 ? Error : -ViewErrno(ViewListen(View));
    }
    if (Error != 0) {
        view_destroy(View);
        return Error;
    }
    *v = View;
    return 0;
}

void
view_destroy(view *v)
{
    if (v == NULL) {
        return;
    }
    ViewListenEnd(v);
    PSP_REQUESTOR Requestor;
    PspAttachRequestor(&Requestor, 0, 0, 0);
    ViewTablesDestroy(v);
    PspDetachRequestor(&Requestor);
    if (v->RealDevice != NULL) {
        ObpDereference(v->RealDevice);
    }
    port_free(v);
}

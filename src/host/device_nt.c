/* SPDX-License-Identifier: MIT */
/* Devices as a program opens and uses them, for the POSIX side; see host.h. */
#include "host/host.h"

#include <ntifs.h>
#include <stdatomic.h>
#include <string.h>

#include "io/iop.h"
#include "ob/obp.h"
#include "ps/psp.h"
#include "rtl/rtlp.h"

#define HOST_TAG_BUFFER 'fuBH'

struct host_nt_device {
    PFILE_OBJECT FileObject;                   /* one handle until the close, one reference */
    _Atomic(uint32_t) Users;                   /* requests under way, and 1 until the close */
    uint32_t Pid, Uid, Gid;
};

/* ---- names ---- */

/* "\\.\Name", "//./Name", "Name" -> "\??\Name"; a name of the object namespace stays as it is.  port_free(Name->Buffer). */
static NTSTATUS
HostpDeviceName(const char *Text, PUNICODE_STRING Name)
{
    static const char Dos[] = "\\??\\";
    char Prefix[4];
    const SIZE_T Given = strlen(Text);

    for (ULONG i = 0; i < 4; i++) {
        Prefix[i] = i < Given ? Text[i] == '/' ? '\\' : Text[i] : 0;
    }
    const BOOLEAN Win32 = Prefix[0] == '\\' && Prefix[1] == '\\' && (Prefix[2] == '.' || Prefix[2] == '?') && Prefix[3] == '\\';
    const char *Rest = Win32 ? Text + 4 : Text;
    const SIZE_T Front = Win32 || Text[0] != '\\' ? sizeof(Dos) - 1 : 0;
    const SIZE_T Units = RtlpUtf8ToUtf16(NULL, 0, Rest, strlen(Rest)) + Front;

    if (*Rest == 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Units > 32766) {
        return STATUS_NAME_TOO_LONG;
    }
    Name->Buffer = port_alloc(Units * sizeof(WCHAR));
    if (Name->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (SIZE_T i = 0; i < Front; i++) {
        Name->Buffer[i] = (UCHAR)Dos[i];
    }
    RtlpUtf8ToUtf16(Name->Buffer + Front, Units - Front, Rest, strlen(Rest));
    for (SIZE_T i = Front; Win32 && i < Units; i++) {
        Name->Buffer[i] = Name->Buffer[i] == L'/' ? L'\\' : Name->Buffer[i];
    }
    Name->Length = Name->MaximumLength = (USHORT)(Units * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

typedef struct HOST_NAMES {
    const char *Prefix;
    void (*Fn)(const struct host_nt_name *name, void *ctx);
    void *Context;
} HOST_NAMES;

static BOOLEAN
HostpNameOf(PCUNICODE_STRING Name, PVOID Object, PVOID Context)
{
    const HOST_NAMES *Names = Context;
    const POBJECT_TYPE Type = ObpTypeOf(Object);
    char Text[256];
    const SIZE_T Front = strlen(Names->Prefix);

    if (Type == *IoDeviceObjectType || (Type == ObpSymbolicLinkType && Front > 1)) {   /* links of the root lead to directories */
        memcpy(Text, Names->Prefix, Front);
        SIZE_T Used = RtlpUtf16ToUtf8(Text + Front, sizeof(Text) - Front - 1, Name->Buffer, Name->Length / sizeof(WCHAR));
        if (Front + Used < sizeof(Text)) {
            const IOP_DRIVER *Driver = Type == *IoDeviceObjectType ? IOP_DRIVER_FROM(((PDEVICE_OBJECT)Object)->DriverObject) : NULL;
            const struct host_nt_name Found = {Text, Driver != NULL ? Driver->Name : NULL, Driver != NULL && !Driver->Runtime};
            Text[Front + Used] = 0;
            Names->Fn(&Found, Names->Context);
        }
    }
    return TRUE;
}

void
host_nt_devices(void (*fn)(const struct host_nt_name *name, void *ctx), void *ctx)
{
    static const struct { const WCHAR *Directory; const char *Prefix; } Places[] = {
        {L"\\Device", "\\Device\\"}, {L"\\", "\\"}, {L"\\FileSystem", "\\FileSystem\\"},
        {L"\\FileSystem\\Filters", "\\FileSystem\\Filters\\"}, {L"\\GLOBAL??", "\\??\\"}};

    for (ULONG i = 0; i < sizeof(Places) / sizeof(Places[0]); i++) {
        HOST_NAMES Names = {Places[i].Prefix, fn, ctx};
        UNICODE_STRING Path;
        RtlInitUnicodeString(&Path, Places[i].Directory);
        ObpEnumerateDirectory(&Path, HostpNameOf, &Names);
    }
}

/* ---- open and close ---- */

uint32_t
host_nt_device_open(const struct host_nt_open *open, struct host_nt_device **device)
{
    struct host_nt_device *New = port_alloc_zeroed(sizeof(*New));
    IOP_CREATE Create = {
        .DesiredAccess = open->access | FILE_READ_ATTRIBUTES | SYNCHRONIZE, .Disposition = FILE_OPEN, .ShareAccess = FILE_SHARE_VALID_FLAGS,
        .ObjectAttributes = OBJ_CASE_INSENSITIVE, .RequestorMode = UserMode,
        .CreateOptions = open->synchronous ? FILE_SYNCHRONOUS_IO_NONALERT : 0};
    IO_STATUS_BLOCK IoStatus;
    PSP_REQUESTOR Requestor;
    NTSTATUS Status = New == NULL ? STATUS_INSUFFICIENT_RESOURCES : HostpDeviceName(open->name, &Create.Name);

    *device = NULL;
    if (NT_SUCCESS(Status)) {
        New->Pid = open->pid;
        New->Uid = open->uid;
        New->Gid = open->gid;
        atomic_init(&New->Users, 1);
        PspAttachRequestor(&Requestor, New->Pid, New->Uid, New->Gid);
        Status = IopCreateFile(&Create, &IoStatus, &New->FileObject);
        PspDetachRequestor(&Requestor);
        port_free(Create.Name.Buffer);
    }
    if (!NT_SUCCESS(Status)) {
        port_free(New);
        return (uint32_t)Status;
    }
    *device = New;
    return (uint32_t)Status;
}

static VOID
HostpDeviceLeave(struct host_nt_device *Device)
{
    if (atomic_fetch_sub(&Device->Users, 1) == 1) {
        ObDereferenceObject(Device->FileObject);
        port_free(Device);
    }
}

void
host_nt_device_close(struct host_nt_device *device)
{
    IopHandleClosed(device->FileObject);
    HostpDeviceLeave(device);
}

bool
host_nt_cancel(uint32_t thread)
{
    return IopCancelThread(thread);
}

/* ---- requests ---- */

/* Buffers are pool blocks of their own: what a driver writes behind them is found. */
static PVOID
HostpBuffer(const void *Contents, uint32_t Length)
{
    PVOID Buffer = Length != 0 ? ExAllocatePoolWithTag(NonPagedPoolNx, Length, HOST_TAG_BUFFER) : NULL;

    if (Buffer != NULL && Contents != NULL) {
        memcpy(Buffer, Contents, Length);
    } else if (Buffer != NULL) {
        memset(Buffer, 0, Length);
    }
    return Buffer;
}

static NTSTATUS
HostpRequest(struct host_nt_device *Device, const struct host_nt_request *Request, PVOID In, PVOID Out, PIO_STATUS_BLOCK IoStatus)
{
    switch (Request->what) {
    case HOST_NT_READ:
        return IopFileTransfer(Device->FileObject, IRP_MJ_READ, UserMode, Out, Request->out_size, Request->offset, IoStatus);
    case HOST_NT_WRITE:
        return IopFileTransfer(Device->FileObject, IRP_MJ_WRITE, UserMode, In, Request->in_size, Request->offset, IoStatus);
    case HOST_NT_CONTROL:
        return IopFileControl(Device->FileObject, IRP_MJ_DEVICE_CONTROL, UserMode, Request->code, In, Request->in_size, Out,
                              Request->out_size, IoStatus);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

void
host_nt_device_enter(struct host_nt_device *device)
{
    atomic_fetch_add(&device->Users, 1);
}

void
host_nt_device_leave(struct host_nt_device *device)
{
    HostpDeviceLeave(device);
}

uint32_t
host_nt_device_request(struct host_nt_device *device, struct host_nt_request *request)
{
    IO_STATUS_BLOCK IoStatus = {.Information = 0};
    PSP_REQUESTOR Requestor;
    NTSTATUS Status = STATUS_INSUFFICIENT_RESOURCES;
    PVOID In = HostpBuffer(request->in, request->in_size), Out = HostpBuffer(request->out_in, request->out_size);

    if ((In != NULL || request->in_size == 0) && (Out != NULL || request->out_size == 0)) {
        PspAttachRequestor(&Requestor, device->Pid, device->Uid, device->Gid);
        Status = HostpRequest(device, request, In, Out, &IoStatus);
        PspDetachRequestor(&Requestor);
        if (Out != NULL) {
            memcpy(request->out, Out, request->out_size);
        }
    }
    request->information = IoStatus.Information;
    if (In != NULL) {
        ExFreePool(In);
    }
    if (Out != NULL) {
        ExFreePool(Out);
    }
    HostpDeviceLeave(device);
    return (uint32_t)Status;
}

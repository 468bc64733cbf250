/* SPDX-License-Identifier: MIT */
/*
 * IopCreateFile: from a name to IRP_MJ_CREATE.
 *
 *   resolve: device and rest of the name (given; the related file object's; or out of the object namespace)
 *   once:    file object, IRP_MJ_CREATE to the top of the stack
 *   STATUS_REPARSE: the new name is in the file object; resolve again, at most IOP_MAX_REPARSE times
 */
#include "io/iopp.h"
#include "io/passage.h"

#include <stdatomic.h>
#include <string.h>

#define IOP_MAX_REPARSE 63

typedef struct IOP_OPEN {
    const IOP_CREATE *Create;
    PDEVICE_OBJECT Device;                     /* what the file object points to */
    PDEVICE_OBJECT Volume;                     /* mounted on it, or NULL */
    PDEVICE_OBJECT Hint;
    void *FilterTarget;
    PFILE_OBJECT Related;
    UNICODE_STRING Name;                       /* rest, relative to Device or Related */
    PVOID Looked;                              /* device found by name, referenced */
    PWCH LinkBuffer;                           /* Name points into it after a symbolic link */
    PWCH ReparseBuffer;                        /* the name a reparse asked for */
    PECP_LIST EcpList;                         /* of the latest IRP: filters may have added to it or put it there */
} IOP_OPEN;

/* ---- resolve ---- */

static VOID
IopOpenSetDevice(IOP_OPEN *Open, PDEVICE_OBJECT Device)
{
    PDEVICE_OBJECT Real = IopDevice(Device)->RealDevice;

    Open->Device = Real != NULL ? Real : Device;
}

/* From here to IopPassageLeave the volume stays. */
static NTSTATUS
IopOpenEnter(IOP_OPEN *Open)
{
    if (!IopPassageEnter(Open->Device)) {
        return STATUS_VOLUME_DISMOUNTED;
    }
    const ULONG Flags = __atomic_load_n(&Open->Device->Flags, __ATOMIC_ACQUIRE);
    Open->Volume = Open->Device->Vpb != NULL ? __atomic_load_n(&Open->Device->Vpb->DeviceObject, __ATOMIC_ACQUIRE) : NULL;
    if ((Flags & DO_DEVICE_INITIALIZING) != 0 && Open->Volume == NULL) {
        IopPassageLeave(Open->Device);
        return STATUS_NO_SUCH_DEVICE;
    }
    return STATUS_SUCCESS;
}

static VOID
IopOpenForget(IOP_OPEN *Open)
{
    if (Open->Looked != NULL) {
        ObpDereference(Open->Looked);
        Open->Looked = NULL;
    }
    if (Open->LinkBuffer != NULL) {
        ExFreePool(Open->LinkBuffer);
        Open->LinkBuffer = NULL;
    }
}

/* Name is a full NT path. */
static NTSTATUS
IopOpenLookup(IOP_OPEN *Open, PCUNICODE_STRING Path)
{
    NTSTATUS Status = ObpLookupName(Path, Open->Create->ObjectAttributes, &Open->Looked, &Open->Name, &Open->LinkBuffer);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ObpTypeOf(Open->Looked) != &IopDeviceType) {
        IopOpenForget(Open);
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    IopOpenSetDevice(Open, Open->Looked);
    return STATUS_SUCCESS;
}

static NTSTATUS
IopOpenResolve(IOP_OPEN *Open)
{
    const IOP_CREATE *Create = Open->Create;

    Open->Hint = Create->HintDevice;
    Open->FilterTarget = Create->FilterTarget;
    Open->Related = Create->RelatedFileObject;
    Open->Name = Create->Name;
    if (Create->Device != NULL) {
        IopOpenSetDevice(Open, Create->Device);
        return STATUS_SUCCESS;
    }
    if (Open->Related != NULL) {
        IopOpenSetDevice(Open, Open->Related->DeviceObject);
        return STATUS_SUCCESS;
    }
    return IopOpenLookup(Open, &Create->Name);
}

/* ---- once ---- */

static ULONG
IopOpenFileFlags(const IOP_CREATE *Create)
{
    ULONG Flags = 0;

    if ((Create->CreateOptions & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) != 0) {
        Flags |= FO_SYNCHRONOUS_IO;
        Flags |= (Create->CreateOptions & FILE_SYNCHRONOUS_IO_ALERT) != 0 ? FO_ALERTABLE_IO : 0;
    }
    Flags |= (Create->CreateOptions & FILE_NO_INTERMEDIATE_BUFFERING) != 0 ? FO_NO_INTERMEDIATE_BUFFERING : 0;
    Flags |= (Create->CreateOptions & FILE_WRITE_THROUGH) != 0 ? FO_WRITE_THROUGH : 0;
    Flags |= (Create->CreateOptions & FILE_SEQUENTIAL_ONLY) != 0 ? FO_SEQUENTIAL_ONLY : 0;
    Flags |= (Create->CreateOptions & FILE_RANDOM_ACCESS) != 0 ? FO_RANDOM_ACCESS : 0;
    Flags |= (Create->ObjectAttributes & OBJ_CASE_INSENSITIVE) == 0 ? FO_OPENED_CASE_SENSITIVE : 0;
    return Flags;
}

static UCHAR
IopOpenStackFlags(const IOP_CREATE *Create)
{
    UCHAR Flags = 0;

    Flags |= (Create->ObjectAttributes & OBJ_CASE_INSENSITIVE) == 0 ? SL_CASE_SENSITIVE : 0;
    Flags |= (Create->OpenFlags & IO_FORCE_ACCESS_CHECK) != 0 || (Create->ObjectAttributes & OBJ_FORCE_ACCESS_CHECK) != 0
                 ? SL_FORCE_ACCESS_CHECK : 0;
    Flags |= (Create->OpenFlags & IO_OPEN_PAGING_FILE) != 0 ? SL_OPEN_PAGING_FILE : 0;
    Flags |= (Create->OpenFlags & IO_OPEN_TARGET_DIRECTORY) != 0 ? SL_OPEN_TARGET_DIRECTORY : 0;
    Flags |= (Create->OpenFlags & IO_STOP_ON_SYMLINK) != 0 ? SL_STOP_ON_SYMLINK : 0;
    return Flags;
}

/* The file object belongs to the transaction from its create on: filters see it in every operation. */
static VOID
IopOpenTransact(IOP_FILE *File, const TXN_PARAMETER_BLOCK *Parameters)
{
    if (Parameters != NULL && Parameters->TransactionObject != NULL) {
        File->Transaction = *Parameters;
        ObpReference(Parameters->TransactionObject);
    }
}

/* An exclusive device is open once.  A file object counts from here on. */
static NTSTATUS
IopOpenFileObject(const IOP_OPEN *Open, IOP_FILE **File)
{
    static port_lock Lock;
    NTSTATUS Status = STATUS_ACCESS_DENIED;

    if ((Open->Device->Flags & DO_EXCLUSIVE) == 0 || Open->Related != NULL) {
        return IopFileCreate(Open->Device, &Open->Name, File);
    }
    port_lock_acquire(&Lock);
    if (__atomic_load_n(&Open->Device->ReferenceCount, __ATOMIC_ACQUIRE) == 0) {
        Status = IopFileCreate(Open->Device, &Open->Name, File);
    }
    port_lock_release(&Lock);
    return Status;
}

static NTSTATUS
IopOpenNewFile(const IOP_OPEN *Open, IOP_FILE **Result)
{
    const IOP_CREATE *Create = Open->Create;
    IOP_FILE *File;
    NTSTATUS Status = IopOpenFileObject(Open, &File);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    File->Public.Flags = IopOpenFileFlags(Create);
    File->Public.RelatedFileObject = Open->Related;
    if (Open->Volume != NULL && Open->Name.Length == 0 && (Open->Related == NULL || (Open->Related->Flags & FO_VOLUME_OPEN) != 0)) {
        File->Public.Flags |= FO_VOLUME_OPEN;
    }
    File->CreateOptions = Create->CreateOptions;
    File->OpenMode = Create->RequestorMode;
    File->HintDevice = Open->Hint;
    File->FilterTarget = Open->FilterTarget;
    if (Create->DriverContext != NULL) {
        IopOpenTransact(File, Create->DriverContext->TxnParameters);
    }
    if ((Create->OpenFlags & IO_IGNORE_SHARE_ACCESS_CHECK) != 0) {
        atomic_fetch_or_explicit(&File->State, IOP_FILE_IGNORE_SHARING, memory_order_relaxed);
    }
    *Result = File;
    return STATUS_SUCCESS;
}

/* Everything the create IRP points to lives here, on the opener's stack, while the IRP is under way. */
typedef struct IOP_OPEN_SECURITY {
    IO_SECURITY_CONTEXT Context;
    ACCESS_STATE State;
} IOP_OPEN_SECURITY;

static VOID
IopOpenSecurity(const IOP_CREATE *Create, IOP_OPEN_SECURITY *Security)
{
    memset(Security, 0, sizeof(*Security));
    ACCESS_MASK Desired = Create->DesiredAccess;
    RtlMapGenericMask(&Desired, IoGetFileObjectGenericMapping());
    Security->State.OriginalDesiredAccess = Desired;
    Security->State.RemainingDesiredAccess = Desired;
    SeCaptureSubjectContext(&Security->State.SubjectSecurityContext);
    Security->Context.AccessState = &Security->State;
    Security->Context.DesiredAccess = Desired;
    Security->Context.FullCreateOptions = Create->CreateOptions;
}

static PIRP
IopOpenIrp(const IOP_OPEN *Open, IOP_FILE *File, PDEVICE_OBJECT Target, IOP_OPEN_SECURITY *Security)
{
    const IOP_CREATE *Create = Open->Create;
    IOP_REQUEST Request = {
        .FileObject = &File->Public, .InputBuffer = Create->EaBuffer, .InputLength = Create->EaLength,
        .RequestorMode = Create->RequestorMode, .Attachment = Create->Attachment, .FilterTarget = Open->FilterTarget};

    Request.Stack.MajorFunction = IRP_MJ_CREATE;
    Request.Stack.Flags = IopOpenStackFlags(Create);
    Request.Stack.Parameters.Create.SecurityContext = &Security->Context;
    Request.Stack.Parameters.Create.Options = (Create->Disposition << 24) | (Create->CreateOptions & 0x00FFFFFF);
    Request.Stack.Parameters.Create.FileAttributes = (USHORT)Create->FileAttributes;
    Request.Stack.Parameters.Create.ShareAccess = (USHORT)Create->ShareAccess;
    Request.Stack.Parameters.Create.EaLength = Create->EaLength;
    PIRP Irp = IopIrpAllocateForRequest(&Request, Target);
    if (Irp != NULL) {
        Irp->Overlay.AllocationSize = Create->AllocationSize;
        IopIrpExtension(Irp)->EcpList = Open->EcpList;
    }
    return Irp;
}

/* A STATUS_REPARSE with a REPARSE_DATA_BUFFER in the IRP is not resolved here; only the buffer is freed. */
static VOID
IopOpenDropAuxiliary(PIRP Irp)
{
    if (Irp->Tail.Overlay.AuxiliaryBuffer != NULL) {
        ExFreePool(Irp->Tail.Overlay.AuxiliaryBuffer);
        Irp->Tail.Overlay.AuxiliaryBuffer = NULL;
    }
}

static NTSTATUS
IopOpenOnce(IOP_OPEN *Open, PIO_STATUS_BLOCK IoStatus, IOP_FILE **Result)
{
    IOP_OPEN_SECURITY Security;
    IOP_FILE *File;
    PDEVICE_OBJECT Base = Open->Volume != NULL ? Open->Volume : Open->Device;
    PDEVICE_OBJECT Target = Open->Hint != NULL ? Open->Hint : IopStackStart(Base, IRP_MJ_CREATE);

    NTSTATUS Status = IopOpenNewFile(Open, &File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    IopOpenSecurity(Open->Create, &Security);
    PIRP Irp = IopOpenIrp(Open, File, Target, &Security);
    if (Irp == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        Status = IopIssueIrp(Target, Irp, IoStatus);
        Open->EcpList = IopIrpExtension(Irp)->EcpList;
        IopOpenDropAuxiliary(Irp);
        IopIrpFree(Irp);
    }
    SeReleaseSubjectContext(&Security.State.SubjectSecurityContext);
    File->GrantedAccess = Security.State.PreviouslyGrantedAccess | Security.State.RemainingDesiredAccess;
    *Result = File;
    return Status;
}

/* ---- reparse ---- */

/* The next name out of a file object whose create said STATUS_REPARSE. */
static NTSTATUS
IopOpenReparse(IOP_OPEN *Open, IOP_FILE *File, PIO_STATUS_BLOCK IoStatus)
{
    UNICODE_STRING Path = File->Public.FileName;

    if (IoStatus->Information == IO_REMOUNT) {
        return STATUS_SUCCESS;                 /* the same name once more */
    }
    if (IoStatus->Information != IO_REPARSE) {
        return STATUS_IO_REPARSE_TAG_NOT_HANDLED;
    }
    PWCH Copy = Path.Length == 0 ? NULL : ExAllocatePoolWithTag(PagedPool, Path.Length, IOP_TAG_NAME);
    if (Copy == NULL) {
        return Path.Length == 0 ? STATUS_OBJECT_NAME_INVALID : STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Copy, Path.Buffer, Path.Length);
    Path.Buffer = Copy;
    PDEVICE_OBJECT Before = Open->Device;
    IopOpenForget(Open);
    if (Open->ReparseBuffer != NULL) {
        ExFreePool(Open->ReparseBuffer);
    }
    Open->ReparseBuffer = Copy;
    Open->Related = NULL;
    NTSTATUS Status = IopOpenLookup(Open, &Path);
    if (NT_SUCCESS(Status) && Open->Device != Before) {
        if (Open->Hint != NULL) {
            return STATUS_MOUNT_POINT_NOT_RESOLVED;   /* the hint belongs to the other volume */
        }
        Open->FilterTarget = NULL;
    }
    return Status;
}

/* ---- the whole ---- */

static VOID
IopOpenSucceeded(const IOP_OPEN *Open, IOP_FILE *File)
{
    UNREFERENCED_PARAMETER(Open);
    if ((File->Public.Flags & FO_FILE_OPEN_CANCELLED) != 0) {
        IopFinding("IO-09", NULL, NULL, File, "a create was completed with success after IoCancelFileOpen");
        atomic_store_explicit(&File->CleanupSent, 1, memory_order_relaxed);
        return;
    }
    File->Public.RelatedFileObject = NULL;     /* meaningful during the create only */
    File->Public.Flags |= FO_HANDLE_CREATED;
    IopFileOpened(File);
    IopHandleOpened(&File->Public);
}

/* STATUS_REPARSE asks for another round; every other status is final. */
static NTSTATUS
IopOpenRound(IOP_OPEN *Open, PIO_STATUS_BLOCK IoStatus, PFILE_OBJECT *FileObject)
{
    IOP_FILE *File = NULL;

    IoStatus->Information = 0;
    NTSTATUS Status = IopOpenOnce(Open, IoStatus, &File);
    if (Status == STATUS_REPARSE) {
        Status = IopOpenReparse(Open, File, IoStatus);
        ObpDereference(File);
        return NT_SUCCESS(Status) ? STATUS_REPARSE : Status;
    }
    if (!NT_SUCCESS(Status)) {
        if (File != NULL) {
            ObpDereference(File);
        }
        return Status;
    }
    IopOpenSucceeded(Open, File);
    if ((File->Public.Flags & FO_FILE_OPEN_CANCELLED) != 0) {
        ObpDereference(File);
        return STATUS_FILE_CLOSED;
    }
    *FileObject = &File->Public;
    return Status;
}

NTSTATUS
IopCreateFile(const IOP_CREATE *Create, PIO_STATUS_BLOCK IoStatus, PFILE_OBJECT *FileObject)
{
    PECP_LIST Callers = Create->DriverContext != NULL ? Create->DriverContext->ExtraCreateParameter : NULL;
    IOP_OPEN Open = {.Create = Create, .EcpList = Callers};
    ULONG Rounds = 0;

    *FileObject = NULL;
    IoStatus->Information = 0;
    NTSTATUS Status = IopParameterCheckCreate(Create);
    if (NT_SUCCESS(Status)) {
        Status = IopOpenResolve(&Open);
    }
    if (NT_SUCCESS(Status)) {
        if (Callers != NULL) {
            IopHooksEcpBegin(Callers);
        }
        do {
            const PDEVICE_OBJECT Device = Open.Device;
            Status = IopOpenEnter(&Open);
            if (NT_SUCCESS(Status)) {
                Status = IopOpenRound(&Open, IoStatus, FileObject);
                IopPassageLeave(Device);       /* what keeps a volume's device, too, if the round has dropped the reference on it */
            }
        } while (Status == STATUS_REPARSE && ++Rounds <= IOP_MAX_REPARSE);
        Status = Status == STATUS_REPARSE ? STATUS_REPARSE_POINT_NOT_RESOLVED : Status;
        if (Open.EcpList != NULL) {
            IopHooksEcpEnd(Callers, Open.EcpList);
        }
    }
    IopOpenForget(&Open);
    if (Open.ReparseBuffer != NULL) {
        ExFreePool(Open.ReparseBuffer);
    }
    IoStatus->Status = Status;
    return Status;
}

/* What NtCreateFile refuses before anybody sees the request. */
NTSTATUS
IopParameterCheckCreate(const IOP_CREATE *Create)
{
    ULONG Options = Create->CreateOptions;

    if ((Create->OpenFlags & IO_NO_PARAMETER_CHECKING) != 0) {
        return STATUS_SUCCESS;
    }
    if (Create->Disposition > FILE_MAXIMUM_DISPOSITION || (Create->ShareAccess & ~(ULONG)FILE_SHARE_VALID_FLAGS) != 0 ||
        Create->AllocationSize.QuadPart < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) != 0 &&
        ((Create->DesiredAccess & (SYNCHRONIZE | GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED)) == 0 ||
         (Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) ==
             (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT))) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DELETE_ON_CLOSE) != 0 && (Create->DesiredAccess & (DELETE | GENERIC_ALL | MAXIMUM_ALLOWED)) == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_DIRECTORY_FILE) != 0 &&
        ((Options & FILE_NON_DIRECTORY_FILE) != 0 || Create->Disposition == FILE_SUPERSEDE || Create->Disposition == FILE_OVERWRITE ||
         Create->Disposition == FILE_OVERWRITE_IF)) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Options & FILE_NO_INTERMEDIATE_BUFFERING) != 0 && (Create->DesiredAccess & FILE_APPEND_DATA) != 0 &&
        (Create->DesiredAccess & FILE_WRITE_DATA) == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* ob: a name leads to a device and goes on behind it. */
NTSTATUS
IopDeviceParse(PVOID Object, OBP_PARSE *Parse, PVOID *Opened)
{
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT FileObject;
    IOP_CREATE Create = {
        .Device = Object, .Name = Parse->Remaining, .DesiredAccess = Parse->DesiredAccess, .Disposition = FILE_OPEN,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .ObjectAttributes = Parse->Attributes, .RequestorMode = Parse->Mode};
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, &FileObject);

    if (NT_SUCCESS(Status)) {
        ObpReference(FileObject);
        IopCloseFile(FileObject);
        *Opened = FileObject;
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
#include "tfs.h"

#include <stdatomic.h>
#include <string.h>

#include "cm/cmp.h"
#include "fsrtl/fsrtlp.h"
#include "ke/ki.h"
#include "ob/obp.h"
#include "ps/psp.h"

PDRIVER_OBJECT TfsDriver;
TFS_HOOK TfsHook;
TFS_LOG TfsLog[TFS_MAX_LOG];
ULONG TfsLogCount;

VOID
TfsString(PUNICODE_STRING String, const WCHAR *Text)
{
    USHORT Length = 0;

    while (Text[Length] != 0) {
        Length++;
    }
    String->Buffer = (PWCH)Text;
    String->Length = String->MaximumLength = (USHORT)(Length * sizeof(WCHAR));
}

VOID
TfsLogClear(VOID)
{
    TfsLogCount = 0;
    memset(TfsLog, 0, sizeof(TfsLog));
}

VOID
TfsComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID
TfsNote(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Index = __atomic_fetch_add(&TfsLogCount, 1, __ATOMIC_RELAXED);

    if (Index >= TFS_MAX_LOG) {
        return;
    }
    TFS_LOG *Log = &TfsLog[Index];
    Log->Major = Stack->MajorFunction;
    Log->Minor = Stack->MinorFunction;
    Log->Flags = Stack->Flags;
    Log->Mode = Irp->RequestorMode;
    Log->PreviousMode = ExGetPreviousMode();
    Log->FileObject = Stack->FileObject;
    Log->Process = PsGetCurrentProcess();
    if (Stack->FileObject != NULL && Stack->FileObject->FileName.Length != 0 &&
        Stack->FileObject->FileName.Length < sizeof(Log->Name)) {
        memcpy(Log->Name, Stack->FileObject->FileName.Buffer, Stack->FileObject->FileName.Length);
    }
}

static NTSTATUS
TfsDone(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    TfsComplete(Irp, Status, Information);
    return Status;
}

static NTSTATUS
TfsTransfer(TFS_VOLUME *Volume, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONGLONG Offset = (ULONGLONG)Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Length = Stack->Parameters.Read.Length;
    PCHAR Buffer = Irp->MdlAddress != NULL                    ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                   : Irp->AssociatedIrp.SystemBuffer != NULL ? Irp->AssociatedIrp.SystemBuffer
                                                             : Irp->UserBuffer;

    if (Stack->MajorFunction == IRP_MJ_READ) {
        if (Offset >= Volume->Size) {
            return TfsDone(Irp, STATUS_END_OF_FILE, 0);
        }
        Length = Length < Volume->Size - Offset ? Length : (ULONG)(Volume->Size - Offset);
        memcpy(Buffer, Volume->Data + Offset, Length);
        return TfsDone(Irp, STATUS_SUCCESS, Length);
    }
    if (Offset + Length > sizeof(Volume->Data)) {
        return TfsDone(Irp, STATUS_DISK_FULL, 0);
    }
    memcpy(Volume->Data + Offset, Buffer, Length);
    Volume->Size = Volume->Size < Offset + Length ? (ULONG)(Offset + Length) : Volume->Size;
    return TfsDone(Irp, STATUS_SUCCESS, Length);
}

static NTSTATUS
TfsDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    TFS_VOLUME *Volume = *(TFS_VOLUME **)Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status;

    TfsNote(Irp, Stack);
    if (TfsHook != NULL && TfsHook(Device, Irp, &Status)) {
        return Status;
    }
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        Stack->FileObject->FsContext = &Volume->Header;
        Stack->FileObject->FsContext2 = Volume;
        __atomic_fetch_add(&Volume->Opens, 1, __ATOMIC_RELAXED);
        return TfsDone(Irp, STATUS_SUCCESS, FILE_OPENED);
    case IRP_MJ_CLEANUP:
        __atomic_fetch_add(&Volume->Cleanups, 1, __ATOMIC_RELAXED);
        Stack->FileObject->Flags |= FO_CLEANUP_COMPLETE;
        FsRtlFastUnlockAll(&Volume->Locks, Stack->FileObject, IoGetRequestorProcess(Irp), NULL);
        return TfsDone(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        __atomic_fetch_add(&Volume->Closes, 1, __ATOMIC_RELAXED);
        return TfsDone(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return TfsTransfer(Volume, Irp, Stack);
    case IRP_MJ_LOCK_CONTROL:
        return FsRtlProcessFileLock(&Volume->Locks, Irp, NULL);
    default:
        return TfsDone(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS
TfsEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = TfsDispatch;
    }
    return STATUS_SUCCESS;
}

VOID
TfsBoot(VOID)
{
    static BOOLEAN Booted;

    if (Booted) {
        return;
    }
    Booted = TRUE;
    vf_set_level(VF_STANDARD);
    KeInitialize();
    ObpInitialize();
    PspInitialize();
    CmpInitialize();
    IopInitialize();
    FsRtlpInitialize();
    assert_true(NT_SUCCESS(IopLoadDriver("tfs", TfsEntry, NULL, NULL, TRUE, &TfsDriver)));
}

TFS_VOLUME *
TfsVolumeCreate(const CHAR *Name)
{
    WCHAR Buffer[64] = L"\\Device\\";
    UNICODE_STRING DeviceName;
    ULONG Length = 8;
    TFS_VOLUME *Volume = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Volume), 'sfT ');

    memset(Volume, 0, sizeof(*Volume));
    for (; *Name != 0; Name++) {
        Buffer[Length++] = (UCHAR)*Name;
    }
    Buffer[Length] = 0;
    TfsString(&DeviceName, Buffer);
    assert_int_equal(IoCreateDevice(TfsDriver, 8, &DeviceName, FILE_DEVICE_DISK, 0, FALSE, &Volume->Real), STATUS_SUCCESS);
    assert_int_equal(IoCreateDevice(TfsDriver, 8, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Volume->Device), STATUS_SUCCESS);
    *(TFS_VOLUME **)Volume->Real->DeviceExtension = Volume;
    *(TFS_VOLUME **)Volume->Device->DeviceExtension = Volume;
    ExInitializeFastMutex(&Volume->Mutex);
    FsRtlSetupAdvancedHeaderEx(&Volume->Header, &Volume->Mutex, &Volume->FileContexts);
    FsRtlInitializeFileLock(&Volume->Locks, NULL, NULL);
    assert_int_equal(IopVolumeMount(Volume->Real, Volume->Device), STATUS_SUCCESS);
    return Volume;
}

VOID
TfsVolumeDelete(TFS_VOLUME *Volume)
{
    assert_int_equal(IopVolumeDismount(Volume->Real), STATUS_SUCCESS);
    FsRtlTeardownPerStreamContexts(&Volume->Header);
    FsRtlTeardownPerFileContexts(&Volume->FileContexts);
    FsRtlUninitializeFileLock(&Volume->Locks);
    IoDeleteDevice(Volume->Device);
    IoDeleteDevice(Volume->Real);
    ExFreePool(Volume);
    TfsHook = NULL;
}

NTSTATUS
TfsOpen(TFS_VOLUME *Volume, const WCHAR *Name, PFILE_OBJECT *FileObject)
{
    IO_STATUS_BLOCK IoStatus;
    IOP_CREATE Create = {
        .Device = Volume->Device, .DesiredAccess = FILE_GENERIC_READ | FILE_GENERIC_WRITE, .Disposition = FILE_OPEN_IF,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode};

    TfsString(&Create.Name, Name);
    return IopCreateFile(&Create, &IoStatus, FileObject);
}

typedef struct TFS_COUNT {
    const char *Code;
    ULONG Count;
} TFS_COUNT;

static void
TfsCountFinding(const struct vf_finding *Finding, void *Context)
{
    TFS_COUNT *Count = Context;

    if (strcmp(Finding->code, Count->Code) == 0) {
        Count->Count += (ULONG)Finding->count;
    }
}

ULONG
TfsFindings(const char *Code)
{
    TFS_COUNT Count = {Code, 0};

    vf_findings(TfsCountFinding, &Count);
    return Count.Count;
}

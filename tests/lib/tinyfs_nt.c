/* SPDX-License-Identifier: MIT */
/* The tiny file system: IRP dispatch over files in memory. */
#include "tinyfs.h"

#include "ps/psp.h"
#include "tinyfsp.h"

/* ---- streams ---- */

static VOID
TinyName(PFILE_OBJECT File, char *Name)
{
    ULONG n = 0;

    for (; n < TINY_NAME - 1 && n < File->FileName.Length / sizeof(WCHAR); n++) {
        Name[n] = (char)File->FileName.Buffer[n];
    }
    Name[n] = 0;
}

static BOOLEAN
TinyStarts(const char *Name, const char *Prefix)
{
    return strncmp(Name, Prefix, strlen(Prefix)) == 0;
}

static TINY_FILE *
TinyFileOf(TINY_VOLUME *Volume, const char *Name)
{
    const size_t Length = strcspn(Name, ":");

    for (PLIST_ENTRY Entry = Volume->Files.Flink; Entry != &Volume->Files; Entry = Entry->Flink) {
        TINY_FILE *File = CONTAINING_RECORD(Entry, TINY_FILE, Links);
        if (strlen(File->Name) == Length && memcmp(File->Name, Name, Length) == 0) {
            return File;
        }
    }
    TINY_FILE *File = port_alloc_zeroed(sizeof(*File));
    memcpy(File->Name, Name, Length);
    InsertTailList(&Volume->Files, &File->Links);
    return File;
}

static TINY_STREAM *
TinyStreamOf(TINY_VOLUME *Volume, const char *Name)
{
    for (PLIST_ENTRY Entry = Volume->Streams.Flink; Entry != &Volume->Streams; Entry = Entry->Flink) {
        TINY_STREAM *Stream = CONTAINING_RECORD(Entry, TINY_STREAM, Links);
        if (strcmp(Stream->Name, Name) == 0) {
            return Stream;
        }
    }
    TINY_STREAM *Stream = port_alloc_zeroed(sizeof(*Stream));
    strcpy(Stream->Name, Name);
    ExInitializeFastMutex(&Stream->Mutex);
    Stream->File = TinyFileOf(Volume, Name);
    Stream->File->Streams++;
    if (Volume->PerFile && Name[0] != 0) {
        FsRtlSetupAdvancedHeaderEx(&Stream->Header, &Stream->Mutex, &Stream->File->Contexts);
    } else {
        FsRtlSetupAdvancedHeader(&Stream->Header, &Stream->Mutex);
    }
    if (TinyStarts(Name, "\\pagefile")) {
        Stream->Header.Flags2 &= ~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    }
    InsertTailList(&Volume->Streams, &Stream->Links);
    return Stream;
}

/* The last close, or a forced teardown; the stream is off the list. */
VOID
TinyStreamFree(TINY_STREAM *Stream, BOOLEAN FileToo)
{
    FsRtlTeardownPerStreamContexts((PFSRTL_ADVANCED_FCB_HEADER)&Stream->Header);
    if (FileToo) {
        FsRtlTeardownPerFileContexts(&Stream->File->Contexts);
        port_free(Stream->File);
    }
    port_free(Stream);
}

/* Takes a stream off the lists; TRUE: its file goes with it. */
BOOLEAN
TinyStreamRemoveLocked(TINY_STREAM *Stream)
{
    RemoveEntryList(&Stream->Links);
    if (--Stream->File->Streams != 0) {
        return FALSE;
    }
    RemoveEntryList(&Stream->File->Links);
    return TRUE;
}

/* ---- requests ---- */

static NTSTATUS
TinyComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS
TinyCreate(TINY_VOLUME *Volume, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PFILE_OBJECT File = Stack->FileObject;
    char Name[TINY_NAME];
    KIRQL Irql;

    atomic_fetch_add(&Volume->Creates, 1);
    TinyName(File, Name);
    if (TinyStarts(Name, "\\missing")) {
        return TinyComplete(Irp, STATUS_OBJECT_NAME_NOT_FOUND, 0);
    }
    if (TinyStarts(Name, "\\reparse")) {
        return TinyComplete(Irp, STATUS_REPARSE, IO_REPARSE);
    }
    KeAcquireSpinLock(&Volume->Lock, &Irql);
    TINY_STREAM *Stream = TinyStreamOf(Volume, Name);
    Stream->Opens++;
    KeReleaseSpinLock(&Volume->Lock, Irql);
    File->FsContext = &Stream->Header;
    File->FsContext2 = Stream;
    File->Vpb = Volume->Real->Vpb;
    if (Name[0] == 0) {
        File->Flags |= FO_VOLUME_OPEN;
    }
    return TinyComplete(Irp, STATUS_SUCCESS, FILE_OPENED);
}

static NTSTATUS
TinyCloseFile(TINY_VOLUME *Volume, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    TINY_STREAM *Stream = Stack->FileObject->FsContext2;
    BOOLEAN Last = FALSE, FileToo = FALSE;
    KIRQL Irql;

    atomic_fetch_add(&Volume->Closes, 1);
    KeAcquireSpinLock(&Volume->Lock, &Irql);
    if (Stream != NULL && --Stream->Opens == 0 && !Volume->DelayedClose) {
        Last = TRUE;
        FileToo = TinyStreamRemoveLocked(Stream);
    }
    KeReleaseSpinLock(&Volume->Lock, Irql);
    if (Last) {
        TinyStreamFree(Stream, FileToo);
    }
    return TinyComplete(Irp, STATUS_SUCCESS, 0);
}

static PVOID
TinyBuffer(PIRP Irp)
{
    return Irp->MdlAddress != NULL ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : Irp->UserBuffer;
}

static ULONG_PTR
TinyTransfer(PIRP Irp, PIO_STACK_LOCATION Stack, BOOLEAN Write)
{
    TINY_STREAM *Stream = Stack->FileObject->FsContext2;
    const ULONGLONG Offset = (ULONGLONG)Stack->Parameters.Read.ByteOffset.QuadPart;
    ULONG Length = Stack->Parameters.Read.Length;
    KIRQL Irql;

    if (Offset >= TINY_BYTES) {
        return 0;
    }
    Length = Length < TINY_BYTES - Offset ? Length : (ULONG)(TINY_BYTES - Offset);
    KeAcquireSpinLock(&Stream->Lock, &Irql);
    if (Write) {
        memcpy(Stream->Data + Offset, TinyBuffer(Irp), Length);
    } else {
        memcpy(TinyBuffer(Irp), Stream->Data + Offset, Length);
    }
    KeReleaseSpinLock(&Stream->Lock, Irql);
    return Length;
}

static NTSTATUS
TinyReadWrite(TINY_VOLUME *Volume, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    const BOOLEAN Write = Stack->MajorFunction == IRP_MJ_WRITE;
    KIRQL Irql;

    atomic_fetch_add(Write ? &Volume->Writes : &Volume->Reads, 1);
    KeAcquireSpinLock(&Volume->Lock, &Irql);
    Volume->LastOffset = (ULONGLONG)Stack->Parameters.Read.ByteOffset.QuadPart;
    Volume->LastLength = Stack->Parameters.Read.Length;
    Volume->LastBuffer = TinyBuffer(Irp);
    Volume->LastReadIrp = Irp;
    const BOOLEAN Pend = !Write && Volume->PendReads;
    if (Pend) {
        IoMarkIrpPending(Irp);
        InsertTailList(&Volume->Pended, &Irp->Tail.Overlay.ListEntry);
    }
    KeReleaseSpinLock(&Volume->Lock, Irql);
    return Pend ? STATUS_PENDING : TinyComplete(Irp, STATUS_SUCCESS, TinyTransfer(Irp, Stack, Write));
}

ULONG
TinyCompleteReads(TINY_VOLUME *Volume, KIRQL Level)
{
    ULONG Count = 0;
    KIRQL Irql, Old;

    for (;; Count++) {
        KeAcquireSpinLock(&Volume->Lock, &Irql);
        PLIST_ENTRY Entry = IsListEmpty(&Volume->Pended) ? NULL : RemoveHeadList(&Volume->Pended);
        KeReleaseSpinLock(&Volume->Lock, Irql);
        if (Entry == NULL) {
            return Count;
        }
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        KeRaiseIrql(Level, &Old);
        if (Irp->Cancel) {
            TinyComplete(Irp, STATUS_CANCELLED, 0);
        } else {
            TinyComplete(Irp, STATUS_SUCCESS, TinyTransfer(Irp, IoGetCurrentIrpStackLocation(Irp), FALSE));
        }
        KeLowerIrql(Old);
    }
}

static NTSTATUS
TinyQuery(TINY_VOLUME *Volume, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    atomic_fetch_add(&Volume->Queries, 1);
    memset(Irp->AssociatedIrp.SystemBuffer, 0, Stack->Parameters.QueryFile.Length);
    return TinyComplete(Irp, STATUS_SUCCESS, Stack->Parameters.QueryFile.Length);
}

static NTSTATUS
TinyDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    TINY_VOLUME *Volume = *(TINY_VOLUME **)Device->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        return TinyCreate(Volume, Irp, Stack);
    case IRP_MJ_CLEANUP:
        atomic_fetch_add(&Volume->Cleanups, 1);
        return TinyComplete(Irp, STATUS_SUCCESS, 0);
    case IRP_MJ_CLOSE:
        return TinyCloseFile(Volume, Irp, Stack);
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return TinyReadWrite(Volume, Irp, Stack);
    case IRP_MJ_QUERY_INFORMATION:
        return TinyQuery(Volume, Irp, Stack);
    case IRP_MJ_SET_INFORMATION:
    case IRP_MJ_FLUSH_BUFFERS:
        return TinyComplete(Irp, STATUS_SUCCESS, 0);
    default:
        return TinyComplete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS
TinyQueryOpen(PDEVICE_OBJECT Device, IOP_QUERY_OPEN *Query)
{
    TINY_VOLUME *Volume = *(TINY_VOLUME **)Device->DeviceExtension;

    atomic_fetch_add(&Volume->QueryOpens, 1);
    memset(Query->Buffer, 0, Query->Length);
    if (Query->Class == FileStatLxInformation) {
        ((PFILE_STAT_LX_INFORMATION)Query->Buffer)->EndOfFile.QuadPart = 7;
        ((PFILE_STAT_LX_INFORMATION)Query->Buffer)->LxMode = 0100644;
    }
    Query->Returned = Query->Length;
    return STATUS_SUCCESS;
}

NTSTATUS
TinyDriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        Driver->MajorFunction[i] = TinyDispatch;
    }
    IOP_DRIVER_FROM(Driver)->QueryOpen = TinyQueryOpen;
    return STATUS_SUCCESS;
}

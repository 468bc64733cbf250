/* SPDX-License-Identifier: MIT */
/*
 * Change notification: FsRtl keeps the waiting IRPs and the buffers; here is what happened.  Changes are reported under all kinds of locks,
 * and completing an IRP runs drivers' code: so they are queued, and a work item tells FsRtl, one after the other.  Without anybody who
 * watches a change costs one test.
 */
#include "fs/base/fsb.h"
#include "fsrtl/fsrtlp.h"

#define FSB_ACTION_SETTLE 0xFFFFFFFFu          /* no change: watches below a renamed directory get their new names (Filter: FsRtlpNotifyMoved) */

typedef struct FSB_EVENT {
    LIST_ENTRY Links;
    FSB_VOLUME *Volume;
    ULONG Filter, Action;
    USHORT Bytes;
    WCHAR Path[];
} FSB_EVENT;

typedef struct FSB_EVENT_WORK {
    WORK_QUEUE_ITEM Item;
    FSB_VOLUME *Volume;
} FSB_EVENT_WORK;

/* ---- reporting ---- */

static FSB_EVENT *
FsbNextEvent(FSB_VOLUME *Volume)
{
    FSB_EVENT *Event = NULL;
    port_lock_acquire(&Volume->EventLock);
    if (!IsListEmpty(&Volume->Events)) {
        Event = CONTAINING_RECORD(RemoveHeadList(&Volume->Events), FSB_EVENT, Links);
    } else {
        atomic_store(&Volume->EventWorker, 0);
        port_wake(&Volume->EventWorker, UINT32_MAX);
    }
    port_lock_release(&Volume->EventLock);
    return Event;
}

static VOID
FsbEventWorker(PVOID Parameter)
{
    FSB_EVENT_WORK *Work = Parameter;
    FSB_VOLUME *Volume = Work->Volume;
    port_free(Work);
    for (FSB_EVENT *Event; (Event = FsbNextEvent(Volume)) != NULL;) {
        const UNICODE_STRING Path = {.Buffer = Event->Path, .Length = Event->Bytes, .MaximumLength = Event->Bytes};
        if (Event->Action == FSB_ACTION_SETTLE) {
            FsRtlpNotifySettle(Volume->NotifySync, &Volume->NotifyList, Event->Filter);
        } else {
            FsRtlNotifyFullReportChange(Volume->NotifySync, &Volume->NotifyList, (PSTRING)&Path, (USHORT)(FsbParentBytes(&Path) + sizeof(WCHAR)),
                                        NULL, NULL, Event->Filter, Event->Action, NULL);
        }
        port_free(Event);
    }
}

VOID
FsbNotify(FSB_VOLUME *Volume, PCUNICODE_STRING Path, ULONG Filter, ULONG Action)
{
    if (atomic_load(&Volume->Watchers) == 0 || Path->Length == 0) {
        return;
    }
    FSB_EVENT *Event = port_alloc(sizeof(*Event) + sizeof(WCHAR) + Path->Length);
    FSB_EVENT_WORK *Work = port_alloc_zeroed(sizeof(*Work));
    if (Event == NULL || Work == NULL) {
        port_free(Event);
        port_free(Work);
        return;
    }
    Event->Filter = Filter;
    Event->Action = Action;
    Event->Bytes = (USHORT)(sizeof(WCHAR) + Path->Length);
    Event->Path[0] = L'\\';
    memcpy(Event->Path + 1, Path->Buffer, Path->Length);
    port_lock_acquire(&Volume->EventLock);
    InsertTailList(&Volume->Events, &Event->Links);
    const BOOLEAN Runs = atomic_exchange(&Volume->EventWorker, 1) != 0;
    port_lock_release(&Volume->EventLock);
    if (Runs) {
        port_free(Work);
        return;
    }
    Work->Volume = Volume;
    ExInitializeWorkItem(&Work->Item, FsbEventWorker, Work);
    ExQueueWorkItem(&Work->Item, DelayedWorkQueue);
}

/* With the backslash that the paths of this layer lack; Length 0: no memory. */
static UNICODE_STRING
FsbNotifyFull(PCUNICODE_STRING Path)
{
    UNICODE_STRING Full = {.Buffer = port_alloc(sizeof(WCHAR) + Path->Length)};
    if (Full.Buffer != NULL) {
        Full.Length = Full.MaximumLength = (USHORT)(sizeof(WCHAR) + Path->Length);
        Full.Buffer[0] = L'\\';
        memcpy(Full.Buffer + 1, Path->Buffer, Path->Length);
    }
    return Full;
}

VOID
FsbNotifyMoved(FSB_VOLUME *Volume, PCUNICODE_STRING From, PCUNICODE_STRING To)
{
    if (atomic_load(&Volume->Watchers) == 0) {
        return;
    }
    UNICODE_STRING FullFrom = FsbNotifyFull(From), FullTo = FsbNotifyFull(To);
    if (FullFrom.Length != 0 && FullTo.Length != 0) {
        FsbNotify(Volume, To, FsRtlpNotifyMoved(Volume->NotifySync, &Volume->NotifyList, &FullFrom, &FullTo), FSB_ACTION_SETTLE);
    }
    port_free(FullFrom.Buffer);
    port_free(FullTo.Buffer);
}

static ULONG
FsbChangedFilter(const IO_STACK_LOCATION *Stack, UCHAR Major)
{
    switch (Major) {
    case IRP_MJ_WRITE: return FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;
    case IRP_MJ_SET_EA: return FILE_NOTIFY_CHANGE_EA;
    case IRP_MJ_SET_SECURITY: return FILE_NOTIFY_CHANGE_SECURITY;
    case IRP_MJ_SET_INFORMATION: break;
    default: return 0;
    }
    switch (Stack->Parameters.SetFile.FileInformationClass) {
    case FileBasicInformation:
        return FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_LAST_ACCESS | FILE_NOTIFY_CHANGE_CREATION;
    case FileEndOfFileInformation:
    case FileAllocationInformation: return FILE_NOTIFY_CHANGE_SIZE;
    default: return 0;
    }
}

VOID
FsbNotifyRequest(FSB_VOLUME *Volume, PIRP Irp, UCHAR Major)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const ULONG Filter = FsbChangedFilter(Stack, Major);
    const FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    FSB_CCB *Ccb = FsbCcbOf(Stack->FileObject);
    FSB_PATH Path;
    if (Filter == 0 || Scb == NULL || Ccb == NULL || Ccb->Lcb == NULL || Scb->Name.Length != 0) {
        return;
    }
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Volume->NameLock);
    const NTSTATUS Status = FsbLcbPath(Ccb->Lcb, FALSE, &Path);
    port_rwlock_release_shared(&Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        FsbNotify(Volume, &Path.Name, Filter, FILE_ACTION_MODIFIED);
    }
    FsbPathFree(&Path);
}

/* ---- watching ---- */

static NTSTATUS
FsbNotifyCheck(PFILE_OBJECT FileObject, UCHAR Minor)
{
    const FSB_SCB *Scb = FsbScbOf(FileObject);
    const FSB_CCB *Ccb = FsbCcbOf(FileObject);
    if (Scb == NULL || Ccb == NULL || Scb->Fcb == NULL || Ccb->Lcb == NULL || !FsbIsDirectory(Scb->Fcb) || Scb->Name.Length != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Minor == IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX) {
        VF_UNIMPLEMENTED();
        return STATUS_NOT_IMPLEMENTED;
    }
    if (Minor != IRP_MN_NOTIFY_CHANGE_DIRECTORY) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    return FsbIsPending(FileObject) ? STATUS_DELETE_PENDING : STATUS_SUCCESS;
}

/* *Full is the caller's to free. */
static NTSTATUS
FsbNotifyName(FSB_VOLUME *Volume, FSB_CCB *Ccb, PUNICODE_STRING Full)
{
    FSB_PATH Path;
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Volume->NameLock);
    NTSTATUS Status = FsbLcbPath(Ccb->Lcb, FALSE, &Path);
    port_rwlock_release_shared(&Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        *Full = FsbNotifyFull(&Path.Name);
        Status = Full->Length != 0 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    FsbPathFree(&Path);
    return Status;
}

/* The handle is one that watches; a cleanup that passed by before is caught up with. */
static NTSTATUS
FsbNotifyEnter(FSB_VOLUME *Volume, PFILE_OBJECT FileObject)
{
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    if (!(atomic_fetch_or(&Ccb->Flags, FSB_CCB_WATCHES) & FSB_CCB_WATCHES)) {
        atomic_fetch_add(&Volume->Watchers, 1);
    }
    if (atomic_load(&Ccb->Flags) & FSB_CCB_CLEANED) {
        FsbNotifyCleanup(Volume, FileObject);
        return STATUS_NOTIFY_CLEANUP;
    }
    return STATUS_SUCCESS;
}

/* A rename may have passed by before the watch was there. */
static VOID
FsbNotifyNameAgain(FSB_VOLUME *Volume, FSB_CCB *Ccb)
{
    FSB_PATH Path;
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Volume->NameLock);
    if (NT_SUCCESS(FsbLcbPath(Ccb->Lcb, FALSE, &Path))) {
        UNICODE_STRING Full = FsbNotifyFull(&Path.Name);
        if (Full.Length != 0) {
            FsRtlpNotifyName(Volume->NotifySync, &Volume->NotifyList, Ccb, &Full);
        }
        port_free(Full.Buffer);
    }
    port_rwlock_release_shared(&Volume->NameLock);
    FsbPathFree(&Path);
}

NTSTATUS
FsbNotifyChange(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_CCB *Ccb = FsbCcbOf(Stack->FileObject);
    UNICODE_STRING Full = {0};
    NTSTATUS Status = FsbNotifyCheck(Stack->FileObject, Stack->MinorFunction);
    if (NT_SUCCESS(Status)) {
        Status = FsbNotifyName(Volume, Ccb, &Full);
    }
    if (NT_SUCCESS(Status)) {
        Status = FsbNotifyEnter(Volume, Stack->FileObject);
    }
    if (Status != STATUS_SUCCESS) {
        port_free(Full.Buffer);
        Irp->IoStatus.Status = Status;
        Irp->IoStatus.Information = 0;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return Status;
    }
    const PFILE_OBJECT FileObject = Stack->FileObject;
    ObReferenceObject(FileObject);
    FsRtlNotifyFullChangeDirectory(Volume->NotifySync, &Volume->NotifyList, Ccb, (PSTRING)&Full, (Stack->Flags & SL_WATCH_TREE) != 0, FALSE,
                                   Stack->Parameters.NotifyDirectory.CompletionFilter, Irp, NULL, NULL);
    FsbNotifyNameAgain(Volume, Ccb);
    FsbNotifyDeleting(Volume, FileObject);     /* a deletion that passed by before */
    ObDereferenceObject(FileObject);
    port_free(Full.Buffer);
    return STATUS_PENDING;
}

VOID
FsbNotifyDeleting(FSB_VOLUME *Volume, PFILE_OBJECT FileObject)
{
    FSB_SCB *Scb = FsbScbOf(FileObject);
    if (atomic_load(&Volume->Watchers) != 0 && Scb->Name.Length == 0 && FsbIsDirectory(Scb->Fcb) && FsbIsPending(FileObject)) {
        FsRtlNotifyFullChangeDirectory(Volume->NotifySync, &Volume->NotifyList, Scb, NULL, FALSE, FALSE, 0, NULL, NULL, NULL);
    }
}

VOID
FsbNotifyCleanup(FSB_VOLUME *Volume, PFILE_OBJECT FileObject)
{
    FSB_CCB *Ccb = FsbCcbOf(FileObject);
    if (atomic_fetch_and(&Ccb->Flags, ~(ULONG)FSB_CCB_WATCHES) & FSB_CCB_WATCHES) {
        FsRtlNotifyCleanup(Volume->NotifySync, &Volume->NotifyList, Ccb);
        atomic_fetch_sub(&Volume->Watchers, 1);
    }
}

/* ---- begin, end ---- */

NTSTATUS
FsbNotifyStart(FSB_VOLUME *Volume)
{
    InitializeListHead(&Volume->NotifyList);
    InitializeListHead(&Volume->Events);
    FsRtlNotifyInitializeSync(&Volume->NotifySync);
    return Volume->NotifySync != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

VOID
FsbNotifyWait(FSB_VOLUME *Volume)
{
    while (atomic_load(&Volume->EventWorker) != 0) {
        port_wait(&Volume->EventWorker, 1, UINT64_MAX);
    }
    port_lock_acquire(&Volume->EventLock);     /* the worker has left it */
    port_lock_release(&Volume->EventLock);
}

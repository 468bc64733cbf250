/* SPDX-License-Identifier: MIT */
/*
 * Directory change notification.
 *
 *      NotifyList ──> FSRTLP_NOTIFY (one per FsContext) ── Irps ──> pended IRP_MN_NOTIFY_CHANGE_DIRECTORY
 *                          └ Buffer: changes that no IRP has taken yet
 *
 * What protects what: Sync->Guard everything but the callbacks, which run without it; a notify structure that a callback is called for
 * stays, and stays on the list, by its Busy count: whoever takes it off waits for zero.  IRPs are collected and completed after the guard
 * is dropped.  A cancel routine that was taken off owns its IRP: such an IRP is left in the list for it.
 *
 * The first half of a rename (FILE_ACTION_RENAMED_OLD_NAME) is kept until the next change, so that both come in one buffer.
 */
#include "fsrtl/fsrtlp.h"

#include <stdatomic.h>
#include <string.h>

#include "port/port.h"

typedef struct _REAL_NOTIFY_SYNC {
    port_lock Guard;
    ULONG Moves;                               /* Guard; renames of directories, counted */
} REAL_NOTIFY_SYNC;

typedef struct FSRTLP_FORMER {                 /* a name that a directory had until rename Number */
    struct FSRTLP_FORMER *Next;
    ULONG Number;
    UNICODE_STRING Directory;                  /* own allocation */
} FSRTLP_FORMER;

typedef struct FSRTLP_NOTIFY {
    LIST_ENTRY Links;
    PVOID FsContext;
    UNICODE_STRING Directory;                  /* own copy, without a backslash at the end but the root's */
    FSRTLP_FORMER *Former;                     /* oldest first; its name is the one that counts */
    BOOLEAN WatchTree, IgnoreBuffer;
    ULONG Filter;
    PCHECK_FOR_TRAVERSE_ACCESS Traverse;
    PSECURITY_SUBJECT_CONTEXT Subject;
    PFILTER_REPORT_CHANGE Callback;
    _Atomic(uint32_t) Busy;                    /* callbacks that run for it */
    LIST_ENTRY Irps;
    PUCHAR Buffer;
    ULONG Size, Used, Last;                    /* of Buffer; Last: the last entry, if Used != 0 */
    BOOLEAN Overflow;                          /* more than fits: the directory must be read again */
} FSRTLP_NOTIFY;

typedef struct FSRTLP_CHANGE {
    PUNICODE_STRING Target, Stream;
    UNICODE_STRING Parent;
    ULONG Match, Action;
    PVOID TargetContext, FilterContext;
} FSRTLP_CHANGE;

/* ---- sync objects ---- */

/* Windows: ntifs.h, FsRtlNotifyInitializeSync.  Differences: without memory *NotifySync is NULL; nothing is raised. */
VOID
FsRtlNotifyInitializeSync(PNOTIFY_SYNC *NotifySync)
{
    *NotifySync = port_alloc_zeroed(sizeof(**NotifySync));
}

/* Windows: ntifs.h, FsRtlNotifyUninitializeSync.  Differences: none. */
VOID
FsRtlNotifyUninitializeSync(PNOTIFY_SYNC *NotifySync)
{
    port_free(*NotifySync);
    *NotifySync = NULL;
}

/* ---- completion ---- */

static PVOID
FsRtlpNotifyBuffer(PIRP Irp)
{
    if (Irp->MdlAddress != NULL) {
        return MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    }
    return Irp->AssociatedIrp.SystemBuffer != NULL ? Irp->AssociatedIrp.SystemBuffer : Irp->UserBuffer;
}

/* Guard is held: moves an IRP from its notify structure to Done, unless a cancel routine owns it. */
static BOOLEAN
FsRtlpNotifyTakeLocked(PIRP Irp, PLIST_ENTRY Done)
{
    if (IoSetCancelRoutine(Irp, NULL) == NULL) {
        return FALSE;
    }
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    InsertTailList(Done, &Irp->Tail.Overlay.ListEntry);
    return TRUE;
}

/* Stream: NULL, or the FsContext of the file objects that are meant. */
static VOID
FsRtlpNotifyTakeAllLocked(FSRTLP_NOTIFY *Notify, const VOID *Stream, NTSTATUS Status, PLIST_ENTRY Done)
{
    for (PLIST_ENTRY Entry = Notify->Irps.Flink, Next; Entry != &Notify->Irps; Entry = Next) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        Next = Entry->Flink;
        if ((Stream == NULL || IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext == Stream) && FsRtlpNotifyTakeLocked(Irp, Done)) {
            Irp->IoStatus.Status = Status;
            Irp->IoStatus.Information = 0;
        }
    }
}

/* Guard is held: what is buffered becomes the IRP's result. */
static VOID
FsRtlpNotifyAnswerLocked(FSRTLP_NOTIFY *Notify, PIRP Irp)
{
    const ULONG Room = IoGetCurrentIrpStackLocation(Irp)->Parameters.NotifyDirectory.Length;
    PVOID Buffer = Notify->Overflow || Notify->Used > Room ? NULL : FsRtlpNotifyBuffer(Irp);

    Irp->IoStatus.Status = Buffer != NULL ? STATUS_SUCCESS : STATUS_NOTIFY_ENUM_DIR;
    Irp->IoStatus.Information = 0;
    if (Buffer != NULL) {
        memcpy(Buffer, Notify->Buffer, Notify->Used);
        Irp->IoStatus.Information = Notify->Used;
    }
    Notify->Used = 0;
    Notify->Overflow = FALSE;
}

static VOID
FsRtlpNotifyComplete(PLIST_ENTRY Done)
{
    while (!IsListEmpty(Done)) {
        PIRP Irp = CONTAINING_RECORD(RemoveHeadList(Done), IRP, Tail.Overlay.ListEntry);
        IofCompleteRequest(Irp, IO_NO_INCREMENT);
    }
}

static VOID
FsRtlpNotifyCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PNOTIFY_SYNC Sync = Irp->Tail.Overlay.DriverContext[0];

    UNREFERENCED_PARAMETER(DeviceObject);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    port_lock_acquire(&Sync->Guard);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    port_lock_release(&Sync->Guard);
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
}

/* ---- watching ---- */

static FSRTLP_NOTIFY *
FsRtlpNotifyFindLocked(PLIST_ENTRY List, PVOID FsContext)
{
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        FSRTLP_NOTIFY *Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        if (Notify->FsContext == FsContext) {
            return Notify;
        }
    }
    return NULL;
}

/* The oldest former name. */
static VOID
FsRtlpNotifyForget(FSRTLP_NOTIFY *Notify)
{
    FSRTLP_FORMER *Former = Notify->Former;

    Notify->Former = Former->Next;
    port_free(Former->Directory.Buffer);
    port_free(Former);
}

static VOID
FsRtlpNotifyFree(FSRTLP_NOTIFY *Notify)
{
    if (Notify->Subject != NULL) {
        SeReleaseSubjectContext(Notify->Subject);
        ExFreePool(Notify->Subject);
    }
    while (Notify->Former != NULL) {
        FsRtlpNotifyForget(Notify);
    }
    port_free(Notify->Buffer);
    port_free(Notify->Directory.Buffer);
    port_free(Notify);
}

static FSRTLP_NOTIFY *
FsRtlpNotifyNew(PVOID FsContext, PUNICODE_STRING Directory, ULONG Size)
{
    FSRTLP_NOTIFY *Notify = port_alloc_zeroed(sizeof(*Notify));

    if (Notify == NULL) {
        return NULL;
    }
    InitializeListHead(&Notify->Irps);
    Notify->FsContext = FsContext;
    Notify->Size = Size;
    Notify->Buffer = port_alloc(Size + 1);
    Notify->Directory.Buffer = port_alloc(Directory->Length + sizeof(WCHAR));
    if (Notify->Buffer == NULL || Notify->Directory.Buffer == NULL) {
        FsRtlpNotifyFree(Notify);
        return NULL;
    }
    memcpy(Notify->Directory.Buffer, Directory->Buffer, Directory->Length);
    Notify->Directory.Length = Notify->Directory.MaximumLength = Directory->Length;
    if (Directory->Length > sizeof(WCHAR) && Directory->Buffer[Directory->Length / sizeof(WCHAR) - 1] == L'\\') {
        Notify->Directory.Length -= sizeof(WCHAR);
    }
    return Notify;
}

/* Guard is held.  The IRP is answered at once, cancelled, or waits. */
static VOID
FsRtlpNotifyQueueLocked(PNOTIFY_SYNC Sync, FSRTLP_NOTIFY *Notify, PIRP Irp, PLIST_ENTRY Done)
{
    if (Notify->Used != 0 || Notify->Overflow) {
        FsRtlpNotifyAnswerLocked(Notify, Irp);
        InsertTailList(Done, &Irp->Tail.Overlay.ListEntry);
        return;
    }
    Irp->Tail.Overlay.DriverContext[0] = Sync;
    InsertTailList(&Notify->Irps, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, FsRtlpNotifyCancel);
    if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) && FsRtlpNotifyTakeLocked(Irp, Done)) {
        Irp->IoStatus.Status = STATUS_CANCELLED;
        Irp->IoStatus.Information = 0;
    }
}

/* The stream goes: FsContext is the one of its file objects, or that of one watch. */
static VOID
FsRtlpNotifyDeleted(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PVOID FsContext)
{
    LIST_ENTRY Done;

    InitializeListHead(&Done);
    port_lock_acquire(&Sync->Guard);
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        FSRTLP_NOTIFY *Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        FsRtlpNotifyTakeAllLocked(Notify, Notify->FsContext == FsContext ? NULL : FsContext, STATUS_DELETE_PENDING, &Done);
    }
    port_lock_release(&Sync->Guard);
    FsRtlpNotifyComplete(&Done);
}

/* Windows: ntifs.h, FsRtlNotifyFilterChangeDirectory.  Differences: names must be Unicode; without memory the IRP fails, nothing is raised. */
VOID
FsRtlNotifyFilterChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext, PSTRING FullDirectoryName, BOOLEAN WatchTree,
    BOOLEAN IgnoreBuffer, ULONG CompletionFilter, PIRP NotifyIrp, PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback, PSECURITY_SUBJECT_CONTEXT SubjectContext,
    PFILTER_REPORT_CHANGE FilterCallback)
{
    LIST_ENTRY Done;

    if (NotifyIrp == NULL) {
        FsRtlpNotifyDeleted(NotifySync, NotifyList, FsContext);
        return;
    }
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(NotifyIrp);
    FSRTLP_NOTIFY *New = FsRtlpNotifyNew(FsContext, (PUNICODE_STRING)FullDirectoryName, Stack->Parameters.NotifyDirectory.Length);
    InitializeListHead(&Done);
    IoMarkIrpPending(NotifyIrp);
    NotifyIrp->IoStatus.Information = 0;
    port_lock_acquire(&NotifySync->Guard);
    FSRTLP_NOTIFY *Notify = FsRtlpNotifyFindLocked(NotifyList, FsContext);
    if (New == NULL || (__atomic_load_n(&Stack->FileObject->Flags, __ATOMIC_SEQ_CST) & FO_CLEANUP_COMPLETE)) {
        NotifyIrp->IoStatus.Status = New == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOTIFY_CLEANUP;
        InsertTailList(&Done, &NotifyIrp->Tail.Overlay.ListEntry);
    } else {
        if (Notify == NULL) {
            Notify = New;
            New = NULL;
            Notify->WatchTree = WatchTree;
            Notify->IgnoreBuffer = IgnoreBuffer;
            Notify->Filter = CompletionFilter;
            Notify->Traverse = TraverseCallback;
            Notify->Subject = SubjectContext;
            SubjectContext = NULL;
            Notify->Callback = FilterCallback;
            InsertTailList(NotifyList, &Notify->Links);
        }
        FsRtlpNotifyQueueLocked(NotifySync, Notify, NotifyIrp, &Done);
    }
    port_lock_release(&NotifySync->Guard);
    if (New != NULL) {
        New->Subject = SubjectContext;
        FsRtlpNotifyFree(New);
    }
    FsRtlpNotifyComplete(&Done);
}

/* Windows: ntifs.h, FsRtlNotifyFullChangeDirectory.  Differences: as FsRtlNotifyFilterChangeDirectory. */
VOID
FsRtlNotifyFullChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext, PSTRING FullDirectoryName, BOOLEAN WatchTree,
    BOOLEAN IgnoreBuffer, ULONG CompletionFilter, PIRP NotifyIrp, PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    FsRtlNotifyFilterChangeDirectory(NotifySync, NotifyList, FsContext, FullDirectoryName, WatchTree, IgnoreBuffer, CompletionFilter, NotifyIrp,
        TraverseCallback, SubjectContext, NULL);
}

/* ---- changes ---- */

/* Its name at the time of the change that is reported now. */
static UNICODE_STRING
FsRtlpNotifyDirectory(const FSRTLP_NOTIFY *Notify)
{
    return Notify->Former != NULL ? Notify->Former->Directory : Notify->Directory;
}

/* What the change is called below the watched directory; Length 0: it is not below. */
static UNICODE_STRING
FsRtlpNotifyRelative(const FSRTLP_NOTIFY *Notify, const FSRTLP_CHANGE *Change)
{
    const UNICODE_STRING Directory = FsRtlpNotifyDirectory(Notify);
    const USHORT Root = Directory.Length == sizeof(WCHAR) ? 0 : Directory.Length;
    UNICODE_STRING Name = {0};

    if (Change->Parent.Length < Root || memcmp(Change->Parent.Buffer, Directory.Buffer, Root) != 0) {
        return Name;
    }
    if (Change->Parent.Length != Root && (!Notify->WatchTree || Change->Parent.Buffer[Root / sizeof(WCHAR)] != L'\\')) {
        return Name;
    }
    Name.Buffer = Change->Target->Buffer + Root / sizeof(WCHAR) + 1;
    Name.Length = Name.MaximumLength = (USHORT)(Change->Target->Length - Root - sizeof(WCHAR));
    return Name;
}

/* Guard is held: adds an entry to what is buffered. */
static VOID
FsRtlpNotifyRecordLocked(FSRTLP_NOTIFY *Notify, const UNICODE_STRING *Name, const FSRTLP_CHANGE *Change)
{
    const ULONG Stream = Change->Stream != NULL && Change->Stream->Length != 0 ? Change->Stream->Length + (ULONG)sizeof(WCHAR) : 0;
    const ULONG At = (Notify->Used + 3) & ~3u;
    const ULONG Bytes = FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Name->Length + Stream;

    if (Notify->Overflow || Notify->IgnoreBuffer || At + Bytes > Notify->Size) {
        Notify->Overflow = TRUE;
        return;
    }
    memset(Notify->Buffer + Notify->Used, 0, At - Notify->Used);
    FILE_NOTIFY_INFORMATION *Entry = (FILE_NOTIFY_INFORMATION *)(Notify->Buffer + At);
    if (Notify->Used != 0) {
        ((FILE_NOTIFY_INFORMATION *)(Notify->Buffer + Notify->Last))->NextEntryOffset = At - Notify->Last;
    }
    Entry->NextEntryOffset = 0;
    Entry->Action = Change->Action;
    Entry->FileNameLength = Name->Length + Stream;
    memcpy(Entry->FileName, Name->Buffer, Name->Length);
    if (Stream != 0) {
        Entry->FileName[Name->Length / sizeof(WCHAR)] = L':';
        memcpy(Entry->FileName + Name->Length / sizeof(WCHAR) + 1, Change->Stream->Buffer, Change->Stream->Length);
    }
    Notify->Last = At;
    Notify->Used = At + Bytes;
}

/* Guard is held, and dropped for the callbacks. */
static BOOLEAN
FsRtlpNotifyWantedUnlocks(PNOTIFY_SYNC Sync, FSRTLP_NOTIFY *Notify, const FSRTLP_CHANGE *Change, BOOLEAN Below)
{
    BOOLEAN Wanted = TRUE;

    if (Notify->Callback == NULL && (Notify->Traverse == NULL || !Below)) {
        return TRUE;
    }
    port_lock_release(&Sync->Guard);
    if (Notify->Traverse != NULL && Below) {
        Wanted = NT_SUCCESS(Notify->Traverse(Notify->FsContext, Change->TargetContext, Notify->Subject));
    }
    if (Wanted && Notify->Callback != NULL) {
        Wanted = Notify->Callback(Notify->FsContext, Change->FilterContext);
    }
    port_lock_acquire(&Sync->Guard);
    return Wanted;
}

static VOID
FsRtlpNotifyOneUnlocks(PNOTIFY_SYNC Sync, FSRTLP_NOTIFY *Notify, const FSRTLP_CHANGE *Change, PLIST_ENTRY Done)
{
    const UNICODE_STRING Name = FsRtlpNotifyRelative(Notify, Change);
    const BOOLEAN Below = Name.Length != 0 && Change->Parent.Length > FsRtlpNotifyDirectory(Notify).Length;

    if (!(Notify->Filter & Change->Match) || Name.Length == 0 || !FsRtlpNotifyWantedUnlocks(Sync, Notify, Change, Below)) {
        return;
    }
    FsRtlpNotifyRecordLocked(Notify, &Name, Change);
    if (Change->Action == FILE_ACTION_RENAMED_OLD_NAME) {
        return;
    }
    for (PLIST_ENTRY Entry = Notify->Irps.Flink; Entry != &Notify->Irps; Entry = Entry->Flink) {
        PIRP Irp = CONTAINING_RECORD(Entry, IRP, Tail.Overlay.ListEntry);
        if (FsRtlpNotifyTakeLocked(Irp, Done)) {
            FsRtlpNotifyAnswerLocked(Notify, Irp);
            return;
        }
    }
}

/* Windows: ntifs.h, FsRtlNotifyFilterReportChange.  Differences: names must be Unicode; they are compared exactly. */
VOID
FsRtlNotifyFilterReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PSTRING FullTargetName, USHORT TargetNameOffset, PSTRING StreamName,
    PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action, PVOID TargetContext, PVOID FilterContext)
{
    FSRTLP_CHANGE Change = {.Target = (PUNICODE_STRING)FullTargetName, .Stream = (PUNICODE_STRING)StreamName,
        .Match = FilterMatch, .Action = Action, .TargetContext = TargetContext, .FilterContext = FilterContext};
    LIST_ENTRY Done;

    Change.Parent = *Change.Target;
    Change.Parent.Length = TargetNameOffset > sizeof(WCHAR) ? TargetNameOffset - (USHORT)sizeof(WCHAR) : 0;
    if (NormalizedParentName != NULL && NormalizedParentName->Length == Change.Parent.Length) {
        Change.Parent.Buffer = ((PUNICODE_STRING)NormalizedParentName)->Buffer;
    }
    InitializeListHead(&Done);
    port_lock_acquire(&NotifySync->Guard);
    for (PLIST_ENTRY Entry = NotifyList->Flink; Entry != NotifyList;) {
        FSRTLP_NOTIFY *Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        atomic_fetch_add(&Notify->Busy, 1);
        FsRtlpNotifyOneUnlocks(NotifySync, Notify, &Change, &Done);
        Entry = Entry->Flink;
        if (atomic_fetch_sub(&Notify->Busy, 1) == 1) {
            port_wake(&Notify->Busy, UINT32_MAX);
        }
    }
    port_lock_release(&NotifySync->Guard);
    FsRtlpNotifyComplete(&Done);
}

/* Windows: ntifs.h, FsRtlNotifyFullReportChange.  Differences: as FsRtlNotifyFilterReportChange. */
VOID
FsRtlNotifyFullReportChange(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PSTRING FullTargetName, USHORT TargetNameOffset, PSTRING StreamName,
    PSTRING NormalizedParentName, ULONG FilterMatch, ULONG Action, PVOID TargetContext)
{
    FsRtlNotifyFilterReportChange(
        NotifySync, NotifyList, FullTargetName, TargetNameOffset, StreamName, NormalizedParentName, FilterMatch, Action, TargetContext, NULL);
}

/* ---- renamed directories ---- */

static BOOLEAN
FsRtlpNotifyIsBelow(PCUNICODE_STRING Path, PCUNICODE_STRING Top)
{
    return Path->Length >= Top->Length && memcmp(Path->Buffer, Top->Buffer, Top->Length) == 0 &&
           (Path->Length == Top->Length || Path->Buffer[Top->Length / sizeof(WCHAR)] == L'\\');
}

/* Guard is held.  Without memory it keeps the name that it has. */
static VOID
FsRtlpNotifyMoveLocked(FSRTLP_NOTIFY *Notify, PCUNICODE_STRING From, PCUNICODE_STRING To, ULONG Number)
{
    const USHORT Rest = Notify->Directory.Length - From->Length;
    FSRTLP_FORMER *Former = port_alloc_zeroed(sizeof(*Former)), **Last = &Notify->Former;
    PWCH Buffer = (ULONG)To->Length + Rest <= 0xFFFE ? port_alloc(To->Length + Rest + sizeof(WCHAR)) : NULL;

    if (Former == NULL || Buffer == NULL) {
        port_free(Former);
        port_free(Buffer);
        return;
    }
    memcpy(Buffer, To->Buffer, To->Length);
    memcpy((PUCHAR)Buffer + To->Length, (PUCHAR)Notify->Directory.Buffer + From->Length, Rest);
    Former->Number = Number;
    Former->Directory = Notify->Directory;
    Notify->Directory.Buffer = Buffer;
    Notify->Directory.Length = Notify->Directory.MaximumLength = To->Length + Rest;
    while (*Last != NULL) {
        Last = &(*Last)->Next;
    }
    *Last = Former;
}

ULONG
FsRtlpNotifyMoved(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PCUNICODE_STRING From, PCUNICODE_STRING To)
{
    port_lock_acquire(&Sync->Guard);
    const ULONG Number = ++Sync->Moves;
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        FSRTLP_NOTIFY *Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        if (FsRtlpNotifyIsBelow(&Notify->Directory, From)) {
            FsRtlpNotifyMoveLocked(Notify, From, To, Number);
        }
    }
    port_lock_release(&Sync->Guard);
    return Number;
}

VOID
FsRtlpNotifySettle(PNOTIFY_SYNC Sync, PLIST_ENTRY List, ULONG Number)
{
    port_lock_acquire(&Sync->Guard);
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        FSRTLP_NOTIFY *Notify = CONTAINING_RECORD(Entry, FSRTLP_NOTIFY, Links);
        while (Notify->Former != NULL && (LONG)(Number - Notify->Former->Number) >= 0) {
            FsRtlpNotifyForget(Notify);
        }
    }
    port_lock_release(&Sync->Guard);
}

VOID
FsRtlpNotifyName(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PVOID FsContext, PCUNICODE_STRING Directory)
{
    PWCH Buffer = port_alloc(Directory->Length + sizeof(WCHAR));

    port_lock_acquire(&Sync->Guard);
    FSRTLP_NOTIFY *Notify = FsRtlpNotifyFindLocked(List, FsContext);
    if (Buffer != NULL && Notify != NULL &&
        (Notify->Directory.Length != Directory->Length || memcmp(Notify->Directory.Buffer, Directory->Buffer, Directory->Length) != 0)) {
        PWCH Old = Notify->Directory.Buffer;
        memcpy(Buffer, Directory->Buffer, Directory->Length);
        Notify->Directory.Buffer = Buffer;
        Notify->Directory.Length = Notify->Directory.MaximumLength = Directory->Length;
        Buffer = Old;
    }
    port_lock_release(&Sync->Guard);
    port_free(Buffer);
}

/* ---- the end ---- */

/* Guard is held, and dropped to wait for callbacks and cancel routines. */
static VOID
FsRtlpNotifyRemoveUnlocks(PNOTIFY_SYNC Sync, FSRTLP_NOTIFY *Notify, PLIST_ENTRY Done)
{
    static const _Atomic(uint32_t) Never = 0;

    FsRtlpNotifyTakeAllLocked(Notify, NULL, STATUS_NOTIFY_CLEANUP, Done);
    for (uint32_t Busy; (Busy = atomic_load(&Notify->Busy)) != 0 || !IsListEmpty(&Notify->Irps);) {
        port_lock_release(&Sync->Guard);
        if (Busy != 0) {
            port_wait(&Notify->Busy, Busy, UINT64_MAX);
        } else {
            port_wait(&Never, 0, port_clock_monotonic() + 100000);
        }
        port_lock_acquire(&Sync->Guard);
    }
    RemoveEntryList(&Notify->Links);
}

static VOID
FsRtlpNotifyRemove(PNOTIFY_SYNC Sync, PLIST_ENTRY List, PVOID FsContext, BOOLEAN All)
{
    LIST_ENTRY Done;

    InitializeListHead(&Done);
    port_lock_acquire(&Sync->Guard);
    for (FSRTLP_NOTIFY *Notify;;) {
        Notify = !All ? FsRtlpNotifyFindLocked(List, FsContext)
                 : IsListEmpty(List) ? NULL : CONTAINING_RECORD(List->Flink, FSRTLP_NOTIFY, Links);
        if (Notify == NULL) {
            break;
        }
        FsRtlpNotifyRemoveUnlocks(Sync, Notify, &Done);
        FsRtlpNotifyFree(Notify);
    }
    port_lock_release(&Sync->Guard);
    FsRtlpNotifyComplete(&Done);
}

/* Windows: ntifs.h, FsRtlNotifyCleanup.  Differences: none. */
VOID
FsRtlNotifyCleanup(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext)
{
    FsRtlpNotifyRemove(NotifySync, NotifyList, FsContext, FALSE);
}

/* Windows: ntifs.h, FsRtlNotifyCleanupAll.  Differences: none. */
VOID
FsRtlNotifyCleanupAll(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList)
{
    FsRtlpNotifyRemove(NotifySync, NotifyList, NULL, TRUE);
}

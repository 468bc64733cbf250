/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait for an IRP somebody pended, by serving thread, so that the requestor's signal can cancel it.  An entry lives on the
 * waiter's stack from before its wait until after it; whoever cancels holds it by Users, never by the lock: cancel routines are
 * driver code.
 */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

#include "rtl/rtlp.h"

static port_lock IopWaitingLock;
static IOP_WAITING *IopWaitingHead;            /* IopWaitingLock */

VOID
IopWaitingEnter(IOP_WAITING *Waiting, PIRP Irp)
{
    Waiting->Irp = Irp;
    Waiting->Thread = port_thread_id();
    Waiting->Noted = FALSE;
    Waiting->Since = port_clock_monotonic();
    atomic_init(&Waiting->Users, 0);
    port_lock_acquire(&IopWaitingLock);
    Waiting->Next = IopWaitingHead;
    Waiting->Link = &IopWaitingHead;
    if (Waiting->Next != NULL) {
        Waiting->Next->Link = &Waiting->Next;
    }
    IopWaitingHead = Waiting;
    port_lock_release(&IopWaitingLock);
}

VOID
IopWaitingLeave(IOP_WAITING *Waiting)
{
    port_lock_acquire(&IopWaitingLock);
    *Waiting->Link = Waiting->Next;
    if (Waiting->Next != NULL) {
        Waiting->Next->Link = Waiting->Link;
    }
    port_lock_release(&IopWaitingLock);
    ULONG Users;
    while ((Users = atomic_load(&Waiting->Users)) != 0) {
        port_yield();                          /* a cancel routine that was just entered: rare and short */
    }
}

/* Irp: NULL, any. */
static BOOLEAN
IopCancelWaiting(ULONG ThreadId, const VOID *Irp)
{
    port_lock_acquire(&IopWaitingLock);
    IOP_WAITING *Waiting = IopWaitingHead;
    while (Waiting != NULL && (Waiting->Thread != ThreadId || (Irp != NULL && Waiting->Irp != Irp))) {
        Waiting = Waiting->Next;
    }
    if (Waiting != NULL) {
        atomic_fetch_add(&Waiting->Users, 1);
    }
    port_lock_release(&IopWaitingLock);
    if (Waiting == NULL) {
        return FALSE;
    }
    IoCancelIrp(Waiting->Irp);
    atomic_fetch_sub(&Waiting->Users, 1);
    return TRUE;
}

BOOLEAN
IopCancelThread(ULONG ThreadId)
{
    return IopCancelWaiting(ThreadId, NULL);
}

/* ---- IRPs that nobody completes ---- */

#define IOP_MAX_HELD 16
typedef struct IOP_HELD {
    PDRIVER_OBJECT Driver;                     /* that has it */
    vf_owner *Owner;
    uintptr_t Routine;
    PIRP Irp;
    ULONG Thread;
    ULONG Seconds;
    UCHAR Major;
    CHAR Name[200], Path[300];
} IOP_HELD;

static VOID
IopHeldAppend(CHAR *Path, SIZE_T Size, const CHAR *Text)
{
    SIZE_T Length = strlen(Path), More = strlen(Text);

    if (Length + More < Size) {
        memcpy(Path + Length, Text, More + 1);
    }
}

static BOOLEAN
IopIsOplockControl(ULONG Code)
{
    switch (Code) {
    case FSCTL_REQUEST_OPLOCK_LEVEL_1:
    case FSCTL_REQUEST_OPLOCK_LEVEL_2:
    case FSCTL_REQUEST_BATCH_OPLOCK:
    case FSCTL_REQUEST_FILTER_OPLOCK:
    case FSCTL_REQUEST_OPLOCK:
    case FSCTL_OPLOCK_BREAK_ACKNOWLEDGE:
    case FSCTL_OPBATCH_ACK_CLOSE_PENDING:
    case FSCTL_OPLOCK_BREAK_NOTIFY:
        return TRUE;
    default:
        return FALSE;
    }
}

/* It ends when something happens that nobody can foresee: changes in a directory, locks, oplocks, whatever devices are asked for. */
static BOOLEAN
IopMayWait(const IO_STACK_LOCATION *Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_DEVICE_CONTROL:
    case IRP_MJ_INTERNAL_DEVICE_CONTROL:
    case IRP_MJ_LOCK_CONTROL:
        return TRUE;
    case IRP_MJ_DIRECTORY_CONTROL:
        return Stack->MinorFunction != IRP_MN_QUERY_DIRECTORY;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return IopIsOplockControl(Stack->Parameters.FileSystemControl.FsControlCode);
    default:
        return Stack->FileObject != NULL && Stack->FileObject->DeviceObject->Vpb == NULL;
    }
}

static VOID
IopHeldName(const FILE_OBJECT *FileObject, IOP_HELD *Held)
{
    const UNICODE_STRING *Name = FileObject->FileName.Length != 0 ? &FileObject->FileName : &ObpHeader(FileObject->DeviceObject)->Name;
    const SIZE_T Used = RtlpUtf16ToUtf8(Held->Name, sizeof(Held->Name) - 1, Name->Buffer, Name->Length / sizeof(WCHAR));

    Held->Name[Used < sizeof(Held->Name) - 1 ? Used : sizeof(Held->Name) - 1] = 0;
}

/* IopWaitingLock: the IRP is there.  It may be on its way at this very moment: what is read then is of before or after. */
static BOOLEAN
IopHeldDescribe(PIRP Irp, BOOLEAN All, IOP_HELD *Held)
{
    const CHAR Current = Irp->CurrentLocation;

    memset(Held, 0, sizeof(*Held));
    if (Current < 1 || Current > Irp->StackCount) {
        return FALSE;
    }
    const PIO_STACK_LOCATION First = (PIO_STACK_LOCATION)(Irp + 1);
    for (CHAR i = Irp->StackCount; i >= Current; i--) {
        const PDEVICE_OBJECT Device = __atomic_load_n(&First[i - 1].DeviceObject, __ATOMIC_ACQUIRE);
        if (Device != NULL) {
            IopHeldAppend(Held->Path, sizeof(Held->Path), Held->Path[0] != 0 ? ", " : "");
            IopHeldAppend(Held->Path, sizeof(Held->Path), IOP_DRIVER_FROM(Device->DriverObject)->Name);
            Held->Driver = Device->DriverObject;
        }
    }
    if (Held->Driver == NULL || (!All && IopMayWait(&First[Current - 1]))) {
        return FALSE;
    }
    if (First[Current - 1].FileObject != NULL) {
        IopHeldName(First[Current - 1].FileObject, Held);
    }
    Held->Major = First[Current - 1].MajorFunction;
    Held->Irp = Irp;
    Held->Owner = IOP_DRIVER_FROM(Held->Driver)->Owner;
    /* Its dispatch routine is the best there is: nobody sees IoMarkIrpPending. */
    Held->Routine = (uintptr_t)Held->Driver->MajorFunction[Held->Major];
    return TRUE;
}

static ULONG
IopHeldCollect(IOP_HELD *Held, ULONG Seconds, IOP_HELD_ACTION Action)
{
    const ULONGLONG Now = port_clock_monotonic();
    ULONG Count = 0;

    port_lock_acquire(&IopWaitingLock);
    for (IOP_WAITING *Waiting = IopWaitingHead; Waiting != NULL && Count < IOP_MAX_HELD; Waiting = Waiting->Next) {
        const ULONG Waited = (ULONG)((Now - Waiting->Since) / 1000000000u);
        if (Waited < Seconds || (Action == IopHeldNote && Waiting->Noted)) {
            continue;
        }
        Waiting->Noted = Waiting->Noted || Action == IopHeldNote;
        if (IopHeldDescribe(Waiting->Irp, Action == IopHeldFinish, &Held[Count])) {
            Held[Count].Seconds = Waited;
            Held[Count++].Thread = Waiting->Thread;
        }
    }
    port_lock_release(&IopWaitingLock);
    return Count;
}

static VOID
IopHeldReport(const IOP_HELD *Held)
{
    const uintptr_t Routine = Held->Routine + 1;

    vf_report_stack("IO-15", NULL, NULL, Held->Owner, NULL, vf_stack_intern(&Routine, Held->Routine != 0),
        "%s of %s has been with %s for %u s, pended, and nobody has completed it (it passed %s)", IopMajorName(Held->Major),
        Held->Name[0] != 0 ? Held->Name : "?", vf_owner_name(Held->Owner), Held->Seconds, Held->Path);
}

/* Not ours: a driver's, or a minifilter's.  FALSE: it waits for what file systems wait for. */
static BOOLEAN
IopHeldByDriver(IOP_HELD *Held)
{
    IOP_PENDED Pended;

    if (!IopDriverIsRuntime(Held->Driver)) {
        return TRUE;
    }
    if (!IopHooksPended(Held->Irp, &Pended)) {
        return FALSE;
    }
    Held->Owner = Pended.Owner;
    Held->Routine = Pended.Routine;
    IopHeldAppend(Held->Path, sizeof(Held->Path), ", ");
    IopHeldAppend(Held->Path, sizeof(Held->Path), vf_owner_name(Held->Owner));
    return TRUE;
}

static VOID
IopHeldText(const IOP_HELD *Held, CHAR *Text, SIZE_T Size)
{
    IopHeldAppend(Text, Size, IopMajorName(Held->Major));
    IopHeldAppend(Text, Size, " of ");
    IopHeldAppend(Text, Size, Held->Name[0] != 0 ? Held->Name : "?");
    IopHeldAppend(Text, Size, ", pended by ");
    IopHeldAppend(Text, Size, vf_owner_name(Held->Owner));
}

ULONG
IopReportWaiting(ULONG Seconds, IOP_HELD_ACTION Action, CHAR *Text, SIZE_T Size)
{
    IOP_HELD *Held = port_alloc_zeroed(IOP_MAX_HELD * sizeof(*Held));
    const ULONG Count = Held != NULL ? IopHeldCollect(Held, Seconds, Action) : 0;
    ULONG Reported = 0;

    if (Text != NULL) {
        Text[0] = 0;
    }
    for (ULONG i = 0; i < Count; i++) {
        if (!IopHeldByDriver(&Held[i])) {
            continue;
        }
        if (Reported++ == 0 && Text != NULL) {
            IopHeldText(&Held[i], Text, Size);
        }
        if (Action != IopHeldNote) {
            IopHeldReport(&Held[i]);
        }
        if (Action == IopHeldEnd) {
            IopCancelWaiting(Held[i].Thread, Held[i].Irp);
        }
    }
    port_free(Held);
    return Reported;
}

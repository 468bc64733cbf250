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

BOOLEAN
IopCancelThread(ULONG ThreadId)
{
    port_lock_acquire(&IopWaitingLock);
    IOP_WAITING *Waiting = IopWaitingHead;
    while (Waiting != NULL && Waiting->Thread != ThreadId) {
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

/* ---- IRPs that nobody completes ---- */

#define IOP_MAX_HELD 16
typedef struct IOP_HELD {
    PDRIVER_OBJECT Driver;                     /* that has it */
    const void *Irp;
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

/* IopWaitingLock: the IRP is there.  It may be on its way at this very moment: what is read then is of before or after. */
static BOOLEAN
IopHeldDescribe(PIRP Irp, IOP_HELD *Held)
{
    const CHAR Current = Irp->CurrentLocation;

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
    const PFILE_OBJECT FileObject = First[Current - 1].FileObject;
    if (FileObject != NULL) {
        const UNICODE_STRING *Name = FileObject->FileName.Length != 0 ? &FileObject->FileName : &ObpHeader(FileObject->DeviceObject)->Name;
        SIZE_T Used = RtlpUtf16ToUtf8(Held->Name, sizeof(Held->Name) - 1, Name->Buffer, Name->Length / sizeof(WCHAR));
        Held->Name[Used < sizeof(Held->Name) - 1 ? Used : sizeof(Held->Name) - 1] = 0;
    }
    Held->Major = First[Current - 1].MajorFunction;
    Held->Irp = Irp;
    return Held->Driver != NULL;
}

ULONG
IopReportWaiting(ULONG Seconds)
{
    IOP_HELD *Held = port_alloc_zeroed(IOP_MAX_HELD * sizeof(*Held));
    const ULONGLONG Now = port_clock_monotonic();
    ULONG Count = 0, Reported = 0;

    port_lock_acquire(&IopWaitingLock);
    for (IOP_WAITING *Waiting = IopWaitingHead; Held != NULL && Waiting != NULL && Count < IOP_MAX_HELD; Waiting = Waiting->Next) {
        Held[Count].Seconds = (ULONG)((Now - Waiting->Since) / 1000000000u);
        Count += Held[Count].Seconds >= Seconds && IopHeldDescribe(Waiting->Irp, &Held[Count]);
    }
    port_lock_release(&IopWaitingLock);
    for (ULONG i = 0; i < Count; i++) {
        if (!IopDriverIsRuntime(Held[i].Driver)) {
            /* Its dispatch routine is the best there is: nobody sees IoMarkIrpPending. */
            const uintptr_t Routine = (uintptr_t)Held[i].Driver->MajorFunction[Held[i].Major] + 1;
            vf_report_stack("IO-15", NULL, NULL, IOP_DRIVER_FROM(Held[i].Driver)->Owner, NULL, vf_stack_intern(&Routine, 1),
                "%s of %s has been with %s for %u s, pended, and nobody has completed it (it passed %s)", IopMajorName(Held[i].Major),
                Held[i].Name[0] != 0 ? Held[i].Name : "?", IOP_DRIVER_FROM(Held[i].Driver)->Name, Held[i].Seconds, Held[i].Path);
            Reported++;
        }
    }
    port_free(Held);
    return Reported;
}

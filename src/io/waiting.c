/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait for an IRP somebody pended, by serving thread, so that the requestor's signal can cancel it.  An entry lives on the
 * waiter's stack from before its wait until after it; whoever cancels holds it by Users, never by the lock: cancel routines are
 * driver code.
 */
#include "io/iopp.h"

#include <stdatomic.h>

static port_lock IopWaitingLock;
static IOP_WAITING *IopWaitingHead;            /* IopWaitingLock */

VOID
IopWaitingEnter(IOP_WAITING *Waiting, PIRP Irp)
{
    Waiting->Irp = Irp;
    Waiting->Thread = port_thread_id();
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

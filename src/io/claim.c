/* SPDX-License-Identifier: MIT */
/*
 * The load lock: loads and unloads of one driver come one after the other.
 *
 * A claim names the driver by its address only, so that somebody may wait for it while the driver goes; it must then be looked up again.
 */
#include "io/iopp.h"

static struct {
    port_lock Lock;
    LIST_ENTRY List;                           /* Lock; IOP_DRIVER_CLAIM.Links */
    _Atomic(uint32_t) Released;                /* how many were; waited on */
} IopClaims = {.List = {&IopClaims.List, &IopClaims.List}};

static BOOLEAN
IopDriverIsClaimedLocked(PDRIVER_OBJECT Driver, PKTHREAD Mine)
{
    for (PLIST_ENTRY Entry = IopClaims.List.Flink; Entry != &IopClaims.List; Entry = Entry->Flink) {
        const IOP_DRIVER_CLAIM *Claim = CONTAINING_RECORD(Entry, IOP_DRIVER_CLAIM, Links);
        if (Claim->Driver == Driver && Claim->Thread != Mine) {
            return TRUE;
        }
    }
    return FALSE;
}

VOID
IopDriverClaim(PDRIVER_OBJECT Driver, IOP_DRIVER_CLAIM *Claim)
{
    Claim->Driver = Driver;
    Claim->Thread = KeGetCurrentThread();
    port_lock_acquire(&IopClaims.Lock);
    while (IopDriverIsClaimedLocked(Driver, Claim->Thread)) {
        const uint32_t Released = atomic_load(&IopClaims.Released);
        port_lock_release(&IopClaims.Lock);
        port_wait(&IopClaims.Released, Released, PORT_FOREVER);
        port_lock_acquire(&IopClaims.Lock);
    }
    InsertTailList(&IopClaims.List, &Claim->Links);
    port_lock_release(&IopClaims.Lock);
}

VOID
IopDriverRelease(IOP_DRIVER_CLAIM *Claim)
{
    port_lock_acquire(&IopClaims.Lock);
    RemoveEntryList(&Claim->Links);
    atomic_fetch_add(&IopClaims.Released, 1);
    port_lock_release(&IopClaims.Lock);
    port_wake(&IopClaims.Released, UINT32_MAX);
}

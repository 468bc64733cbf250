/* SPDX-License-Identifier: MIT */
/*
 * The passage to a volume.  An open file keeps its volume; a create, a query by name and the last steps of a close are not protected by one.
 * They are counted here, each thread in one of a few rows, so that threads that work on different files do not share a line.
 *
 * Enter:  count, then look whether it is closed.     Dismount:  close, then look at the counts.     One of the two sees the other.
 */
#include "io/iopp.h"
#include "io/passage.h"

#include <stdatomic.h>

#define IOP_PASSAGE_ROWS 8
typedef struct IOP_PASSAGE {
    _Atomic(LONG) Closed;                      /* times */
    struct { _Atomic(LONG) Count; } __attribute__((aligned(64))) Rows[IOP_PASSAGE_ROWS];
} IOP_PASSAGE;

NTSTATUS
IopPassageCreate(PDEVICE_OBJECT Device)
{
    IOP_PASSAGE *Passage = port_alloc_aligned(64, sizeof(*Passage));

    if (Passage == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Passage, 0, sizeof(*Passage));
    IopDevice(Device)->Passage = Passage;
    return STATUS_SUCCESS;
}

VOID
IopPassageEnterAlways(PDEVICE_OBJECT Device)
{
    IOP_PASSAGE *Passage = IopDevice(Device)->Passage;

    if (Passage != NULL) {
        atomic_fetch_add(&Passage->Rows[port_thread_id() % IOP_PASSAGE_ROWS].Count, 1);
    }
}

VOID
IopPassageLeave(PDEVICE_OBJECT Device)
{
    IOP_PASSAGE *Passage = IopDevice(Device)->Passage;

    if (Passage != NULL) {
        atomic_fetch_sub_explicit(&Passage->Rows[port_thread_id() % IOP_PASSAGE_ROWS].Count, 1, memory_order_release);
    }
}

BOOLEAN
IopPassageEnter(PDEVICE_OBJECT Device)
{
    const IOP_PASSAGE *Passage = IopDevice(Device)->Passage;

    IopPassageEnterAlways(Device);
    if (__builtin_expect(Passage == NULL || atomic_load(&Passage->Closed) == 0, 1)) {
        return TRUE;
    }
    IopPassageLeave(Device);
    return FALSE;
}

VOID
IopVolumeClose(PDEVICE_OBJECT RealDevice)
{
    if (IopDevice(RealDevice)->Passage != NULL) {
        atomic_fetch_add(&IopDevice(RealDevice)->Passage->Closed, 1);
    }
}

VOID
IopVolumeOpen(PDEVICE_OBJECT RealDevice)
{
    if (IopDevice(RealDevice)->Passage != NULL) {
        atomic_fetch_sub(&IopDevice(RealDevice)->Passage->Closed, 1);
    }
}

/* Dismounts are rare: polled, so that whoever leaves only counts. */
VOID
IopVolumeWait(PDEVICE_OBJECT RealDevice)
{
    static const _Atomic(uint32_t) Never = 0;
    IOP_PASSAGE *Passage = IopDevice(RealDevice)->Passage;
    uint64_t Pause = 20000;

    for (ULONG i = 0; Passage != NULL && i < IOP_PASSAGE_ROWS; i++) {
        while (atomic_load(&Passage->Rows[i].Count) != 0) {
            port_wait(&Never, 0, port_clock_monotonic() + Pause);
            Pause = Pause < 2000000 ? Pause * 2 : Pause;
        }
    }
}

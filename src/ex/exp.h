/* SPDX-License-Identifier: MIT */
/*
 * ex, inward header for the layers above (NT side): pool for the runtime itself, work items that know their owner.
 *
 * ExAllocatePool* charges the driver that called it (by return address, see KiOwnerOfCall); a call from the runtime is
 * charged to the runtime and never reported as a leak.  A block of either kind is freed by ExFreePool.
 */
#ifndef FB_EX_EXP_H
#define FB_EX_EXP_H

#include <ntdef.h>
#include <ntstatus.h>
#include <ntos/ex.h>

#include "ex/tags.h"
#include "ke/ki.h"

/* Not zeroed.  Owner NULL: the runtime's.  Routine: a literal, named by the leak report. */
PVOID ExpPoolAllocate(SIZE_T Bytes, ULONG Tag, vf_owner *Owner, const char *Routine);
VOID ExpPoolFree(PVOID Block);
/* Size as requested; 0 if Block is no pool block. */
SIZE_T ExpPoolSize(PVOID Block);

/* ExQueueWorkItem runs a driver's routine inside NT_CALL, found by its address; a routine of the runtime it calls plainly. */
/* Items queued or running whose routine lies in [Base, End). */
ULONG ExpWorkItemUse(ULONG_PTR Base, ULONG_PTR End);
/* Waits until no item is queued or running.  Not from a worker. */
VOID ExpDrainWorkItems(VOID);


/* While the verifier is on, Hook sees each block of a driver or of the runtime just before it is freed. */
/* Asked first about a bad pointer that was to be freed; TRUE: it was reported. */
VOID ExpSetPoolBadHook(BOOLEAN (*Hook)(const VOID *Block, const char *Routine));
VOID ExpSetPoolFreeHook(VOID (*Hook)(PVOID Block, SIZE_T Size));

/* Ends the quarantine of an owner's freed pool blocks (NULL: of everybody's); a write after free is found here at the latest.  At unload. */
VOID ExpPoolQuarantineEmpty(vf_owner *Owner);

#endif

/* SPDX-License-Identifier: MIT */
/* ps, inward header: the process object. */
#ifndef FB_PS_PSPP_H
#define FB_PS_PSPP_H

#include "ke/ki.h"
#include "ps/proc.h"
#include "ps/psp.h"

#define PSP_SYSTEM_PID 4

PUCHAR PsGetProcessImageFileName(PEPROCESS Process);   /* not in the kit; drivers declare it themselves */

struct _EPROCESS {
    DISPATCHER_HEADER Header;                  /* waits on a process: never signaled here */
    /* bucket lock */
    LIST_ENTRY Links;
    /* constant after create */
    ULONG Pid;                                 /* Linux' number; 4 for System */
    ULONG Parent;
    ULONG Session;
    ULONGLONG Start;
    LONGLONG CreateTime;
    CHAR ImageName[16];
    /* notify.c: 0, then 1 while routines are called for its creation, then 2 */
    _Atomic(uint32_t) Announced;
};

/* Drivers that want to hear of processes; 0: nobody. */
extern _Atomic(ULONG) PspListeners;
VOID PspAnnounce(PEPROCESS Process, ULONG ThreadId);   /* before the first request of a process runs */

/* Numbers as drivers see them: Linux' 0 and 4 would be Idle and System, so they are moved away. */
static inline HANDLE
PspIdOf(ULONG Number, BOOLEAN System)
{
    return (HANDLE)(ULONG_PTR)(System ? PSP_SYSTEM_PID : Number == 0 || Number == PSP_SYSTEM_PID ? Number | 0x40000000u : Number);
}

/* +1, or NULL: no such process. */
PEPROCESS PspProcessByThread(ULONG ThreadId);
PEPROCESS PspProcessOfThread(PKTHREAD Thread);  /* borrowed; System if none */

#endif

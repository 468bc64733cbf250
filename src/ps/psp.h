/* SPDX-License-Identifier: MIT */
/*
 * ps, outward header: who runs an operation (NT side).
 *
 * Every Linux process that made a request is an EPROCESS with a stable address, keyed by (tgid, start time); Linux' process n never
 * appears as 0 or 4, which are Idle and System.  The ETHREAD of an operation is the serving thread's own while it runs, with the
 * requestor's process and thread id put on it.
 */
#ifndef FB_PS_PSP_H
#define FB_PS_PSP_H

#include <ntifs.h>

#include "ob/obp.h"

VOID PspInitialize(VOID);

/* The calling thread works for Linux thread `Pid` (0: System) until detached.  Cheap when it is the same process as the last
 * time on this thread.  May nest: Previous is restored by PspDetachRequestor. */
typedef struct PSP_REQUESTOR {
    PEPROCESS Process;                         /* +1 */
    ULONG ThreadId;
    ULONG Uid, Gid;
    PEPROCESS PreviousProcess;
    ULONG PreviousThreadId, PreviousUid, PreviousGid;
} PSP_REQUESTOR;
VOID PspAttachRequestor(PSP_REQUESTOR *Requestor, ULONG Pid, ULONG Uid, ULONG Gid);
VOID PspAttachProcess(PSP_REQUESTOR *Requestor, PEPROCESS Process);   /* e.g. CLEANUP runs as the opener */
VOID PspDetachRequestor(PSP_REQUESTOR *Requestor);

/* Credentials of the current requestor (for owners of new files). */
ULONG PspCurrentUid(VOID);
ULONG PspCurrentGid(VOID);

extern PEPROCESS PsInitialSystemProcess;

#endif

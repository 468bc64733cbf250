/* SPDX-License-Identifier: MIT */
/*
 * A tiny file system for tests of the filter manager (NT side): a handful of files in memory with advanced FCB headers, and switches
 * for what a test needs: pended reads, delayed close, missing support.  And the bed around it: start, volumes, filters.
 *
 * Names: "\name" is a file, "\name:stream" another stream of it, "\dir…" a directory, "" the volume.  "\missing…" is not found,
 * "\reparse…" gives STATUS_REPARSE, "\pagefile…" has no context support.
 */
#ifndef FB_TESTS_TINYFS_H
#define FB_TESTS_TINYFS_H

#include <fltKernel.h>

#include "fltmgr/fltp.h"
#include "io/iop.h"

typedef struct TINY_VOLUME {
    PDEVICE_OBJECT Real, Device;
    BOOLEAN PerFile;                           /* FileContextSupportPointer is set: NTFS-like */
    BOOLEAN DelayedClose;                      /* streams stay after the last close, until TinyForceTeardown */
    BOOLEAN PendReads;                         /* reads wait for TinyCompleteReads */
    _Atomic(LONG) Creates, Reads, Writes, Cleanups, Closes, Queries, QueryOpens;   /* seen by the file system */
    ULONGLONG LastOffset;
    PVOID LastBuffer;
    ULONG LastLength;
    PIRP LastReadIrp;
    KSPIN_LOCK Lock;
    LIST_ENTRY Streams, Files, Pended;
} TINY_VOLUME;

/* The bed: started once per program; the first call starts it. */
VOID TinyStart(VOID);
/* FileSystem: name of the driver ("tinyfs", "FastFat"); NULL: tinyfs. */
TINY_VOLUME *TinyMount(const char *FileSystem);
VOID TinyDismount(TINY_VOLUME *Volume);
PFLT_VOLUME TinyFltVolume(TINY_VOLUME *Volume);                /* no reference */
VOID TinyForceTeardown(TINY_VOLUME *Volume);
/* Completes the pended reads, at IRQL; returns how many. */
ULONG TinyCompleteReads(TINY_VOLUME *Volume, KIRQL Irql);
VOID TinyWaitSuspended(TINY_VOLUME *Volume);                  /* until an operation on it is suspended in the filter manager */

/* Files as a user would open them; Status may be NULL. */
PFILE_OBJECT TinyOpen(TINY_VOLUME *Volume, const char *Name, NTSTATUS *Status);
VOID TinyClose(PFILE_OBJECT File);
NTSTATUS TinyRead(PFILE_OBJECT File, PVOID Buffer, ULONG Length, LONGLONG Offset);
NTSTATUS TinyWrite(PFILE_OBJECT File, const VOID *Buffer, ULONG Length, LONGLONG Offset);
NTSTATUS TinyQueryBasic(PFILE_OBJECT File);
/* A read on a thread of its own, for pended ones. */
typedef struct TINY_ASYNC { PFILE_OBJECT File; UCHAR Buffer[64]; ULONG Length; LONGLONG Offset; volatile NTSTATUS Status; ULONG ThreadId; struct port_thread *Thread; } TINY_ASYNC;
VOID TinyReadStart(TINY_ASYNC *Async, PFILE_OBJECT File);
VOID TinyReadWait(TINY_ASYNC *Async);

/* Filters: code of the test program, registered under a service key of its own. */
typedef struct TINY_FILTER {
    const char *Name;
    const char *Altitude;
    FLT_REGISTRATION Registration;             /* Size and Version are filled in if zero */
    ULONG InstanceFlags;
    BOOLEAN NewLayout;                         /* Parameters\Instances */
    BOOLEAN NoStart;                           /* FltStartFiltering is left to the test */
    const char *SecondInstance, *SecondAltitude;
    /* out */
    PFLT_FILTER Filter;
    PDRIVER_OBJECT Driver;
    vf_owner *Owner;
    NTSTATUS RegisterStatus;
} TINY_FILTER;
NTSTATUS TinyFilterLoad(TINY_FILTER *Filter);
VOID TinyFilterKeys(const TINY_FILTER *Filter);               /* the service key only */
NTSTATUS TinyFilterUnload(TINY_FILTER *Filter);               /* FltpUnloadFilter, then the driver */
PFLT_INSTANCE TinyInstance(TINY_FILTER *Filter, TINY_VOLUME *Volume);  /* no reference */

NTSTATUS TinyUnload(FLT_FILTER_UNLOAD_FLAGS Flags);           /* unregisters the filter being unloaded (TinyFilterUnload) */
UNICODE_STRING TinyString(const char *Text);                  /* in a ring of buffers of the thread */
ULONG TinyContextCount(PFLT_CONTEXT Context);                 /* the specification's count: references + link */
VOID TinySleep(ULONG Milliseconds);

#endif

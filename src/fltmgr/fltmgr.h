/* SPDX-License-Identifier: MIT */
/* fltmgr, outward header (NT side): what host needs beyond the public Flt* routines. */
#ifndef FB_FLTMGR_FLTMGR_H
#define FB_FLTMGR_FLTMGR_H

#include <fltKernel.h>

#include "vf/vf.h"

/* Creates the FltMgr driver, registers io hooks (mount watch, interest, file-object teardown).  Once per machine. */
NTSTATUS FltpInitialize(VOID);
VOID FltpShutdown(VOID);
/* From here on volumes get the filter manager's device when their mount passes its devices above the file systems' control devices: drivers that
 * attached to those earlier lie below it in every volume's stack, later ones above.  Before that, right after a mount.  Again: nothing. */
VOID FltpWatchFileSystems(VOID);
/* Takes away the highest frames (frame.c) as long as they have no filters: a legacy filter below is to be unloaded. */
VOID FltpFramesTrim(VOID);

/* Unloads a started minifilter as FilterUnload / a mandatory service stop does.  The caller then unloads the driver. */
NTSTATUS FltpUnloadFilter(PCUNICODE_STRING Name, BOOLEAN Mandatory);
/* For a filter that cannot be unloaded: what is left of it is taken away, without asking it, when the machine ends. */
VOID FltpEndFilter(PDRIVER_OBJECT Driver);
PFLT_FILTER FltpFilterOfDriver(PDRIVER_OBJECT DriverObject);   /* +1 reference (FltObjectDereference) or NULL */

/* Marks a filter whose driver faulted: its callbacks are skipped from now on. */
VOID FltpFilterMarkDead(PFLT_FILTER Filter);

/* Counters for the report. */
typedef struct FLTP_MAJOR_COUNT { UCHAR Major; ULONGLONG Pre, Post; } FLTP_MAJOR_COUNT;
typedef struct FLTP_FILTER_REPORT {
    UNICODE_STRING Name;                       /* borrowed while the callback runs */
    UNICODE_STRING Altitude;                   /* default instance */
    vf_owner *Owner;
    BOOLEAN Dead, Started;
    ULONG Instances;
    ULONG Definitions, NoAutomatic;            /* instances that its keys define; those among them that are not attached by themselves */
    ULONG Attached;                            /* instances that ever were */
    NTSTATUS SetupStatus;                      /* with which InstanceSetup refused last; 0: it did not */
    NTSTATUS AttachStatus;                     /* with which an attachment failed last for another reason */
    ULONG MajorCount;
    FLTP_MAJOR_COUNT Majors[64];               /* only operations seen */
} FLTP_FILTER_REPORT;
/* Also called once per filter as it is freed (through the retired hook), so that the final report has filters that are gone. */
VOID FltpReportFilters(VOID (*Callback)(const FLTP_FILTER_REPORT *Report, PVOID Context), PVOID Context);
VOID FltpSetRetiredHook(VOID (*Callback)(const FLTP_FILTER_REPORT *Report, PVOID Context), PVOID Context);

/* Unload waits: called about once a second while FltUnregisterFilter waits; returns TRUE to give up (the wait is then reported
 * as F-19 and abandoned: the filter's memory stays). */
VOID FltpSetWaitHook(BOOLEAN (*Callback)(PFLT_FILTER Filter, ULONG Seconds, PVOID Context), PVOID Context);

#endif

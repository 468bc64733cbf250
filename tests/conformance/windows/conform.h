/* SPDX-License-Identifier: MIT */
/*
 * A minifilter that checks the rules of contexts from within its own callbacks and prints one line per rule when it is unloaded:
 * "PASS C-01" or "FAIL C-01 at FILE:LINE".  It uses no name that is not in the WDK.
 *
 * On Windows: install with conform.inf, load, attach to a volume, write, read and delete a file named conform.dat on it, unload, and read
 * the debugger's output.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <fltKernel.h>

#define CONFORM_TAG 'fnoC'
#define CONFORM_SIZE 64
#define CONFORM_SLOTS 4096

/* How a context looks: which life it is. */
typedef struct _CONFORM_CONTEXT {
    LONG Slot;
    ULONG Magic;
    PFLT_CONTEXT Inner;                        /* released by the cleanup callback, if not NULL */
} CONFORM_CONTEXT, *PCONFORM_CONTEXT;
#define CONFORM_MAGIC 0x0C0F0A3D

/* Where a context can be set. */
typedef struct _CONFORM_TARGET {
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    PFLT_INSTANCE Instance;
    PFILE_OBJECT FileObject;
} CONFORM_TARGET, *PCONFORM_TARGET;
typedef const CONFORM_TARGET *PCCONFORM_TARGET;

/* ---- conform.c ---- */
extern PFLT_FILTER ConformFilter;
VOID ConformCheck(PCSTR Rule, BOOLEAN Holds, PCSTR File, ULONG Line);
VOID ConformReport(VOID);
#define RULE(Id, Holds) ConformCheck((Id), (BOOLEAN)((Holds) != 0), __FILE__, __LINE__)
#define RULE_STATUS(Id, Call, Want) ConformCheck((Id), (BOOLEAN)((Call) == (Want)), __FILE__, __LINE__)

VOID FLTAPI ConformCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType);
PFLT_CONTEXT ConformNew(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type);          /* NULL: no memory */
LONG ConformDeaths(LONG Slot);
LONG ConformSlot(PFLT_CONTEXT Context);
extern volatile LONG ConformHighestIrql;       /* of any cleanup call */
extern FLT_CONTEXT_TYPE ConformLastType;       /* that the last cleanup call was told */
extern PETHREAD ConformLastThread;

NTSTATUS ConformSet(PCCONFORM_TARGET To, FLT_CONTEXT_TYPE Type, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT Context, PFLT_CONTEXT *Old);
NTSTATUS ConformGet(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context);
NTSTATUS ConformDelete(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Old);
/* The count of references is Want: so many releases, and not fewer, end the context.  Consumes them. */
BOOLEAN ConformReleases(PFLT_CONTEXT Context, LONG Want);
/* What is set for Type is Want (NULL: nothing). */
BOOLEAN ConformIsLinked(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Want);

/* ---- register.c ---- */
VOID ConformRegistrations(PDRIVER_OBJECT DriverObject);
VOID ConformAllocations(PFLT_FILTER Filter);
extern const FLT_CONTEXT_REGISTRATION ConformContexts[];

/* ---- outcomes.c: everything that holds for one type on one target where nothing is set ---- */
VOID ConformOutcomes(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type);
VOID ConformSeveral(PCFLT_RELATED_OBJECTS FltObjects);
VOID ConformReferences(VOID);

/* ---- phases.c ---- */
extern const FLT_OPERATION_REGISTRATION ConformOperations[];
NTSTATUS FLTAPI ConformInstanceSetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE VolumeDeviceType,
    FLT_FILESYSTEM_TYPE VolumeFilesystemType);
NTSTATUS FLTAPI ConformQueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags);
VOID FLTAPI ConformTeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason);
VOID FLTAPI ConformTeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason);
VOID ConformAfterUnregister(VOID);

#endif

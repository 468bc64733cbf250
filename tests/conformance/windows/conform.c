/* SPDX-License-Identifier: MIT */
/* Entry, report, and one form of the context routines for all types. */
#include "conform.h"

DRIVER_INITIALIZE DriverEntry;

PFLT_FILTER ConformFilter;
volatile LONG ConformHighestIrql;
FLT_CONTEXT_TYPE ConformLastType;
PETHREAD ConformLastThread;
BOOLEAN ConformStarted;

/* ---- rules: a letter and two digits ---- */

static struct { volatile LONG Checks, Failures; PCSTR File; ULONG Line; } Rules[10][50];

VOID
ConformCheck(PCSTR Rule, BOOLEAN Holds, PCSTR File, ULONG Line)
{
    const ULONG Letter = (ULONG)(Rule[0] - 'A'), Number = (ULONG)(Rule[2] - '0') * 10 + (ULONG)(Rule[3] - '0');

    InterlockedIncrement(&Rules[Letter][Number].Checks);
    if (!Holds && InterlockedIncrement(&Rules[Letter][Number].Failures) == 1) {
        Rules[Letter][Number].File = File;
        Rules[Letter][Number].Line = Line;
    }
}

VOID
ConformReport(VOID)
{
    ULONG Letter, Number;

    for (Letter = 0; Letter < 10; Letter++) {
        for (Number = 0; Number < 50; Number++) {
            if (Rules[Letter][Number].Failures != 0) {
                DbgPrint("FAIL %c-%02u at %s:%u\n", 'A' + (int)Letter, Number, Rules[Letter][Number].File, Rules[Letter][Number].Line);
            } else if (Rules[Letter][Number].Checks != 0) {
                DbgPrint("PASS %c-%02u\n", 'A' + (int)Letter, Number);
            }
        }
    }
}

/* ---- lives of contexts ---- */

static volatile LONG NextSlot;
static volatile LONG Deaths[CONFORM_SLOTS];

VOID FLTAPI
ConformCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    PCONFORM_CONTEXT Own = Context;

    if (Own->Magic != CONFORM_MAGIC) {
        return;                                /* of a test that looks at the memory only */
    }
    if (KeGetCurrentIrql() > ConformHighestIrql) {
        ConformHighestIrql = KeGetCurrentIrql();
    }
    ConformLastType = ContextType;
    ConformLastThread = PsGetCurrentThread();
    if (Own->Inner != NULL) {
        FltReleaseContext(Own->Inner);
    }
    InterlockedIncrement(&Deaths[Own->Slot]);
}

PFLT_CONTEXT
ConformNew(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter, Type, CONFORM_SIZE, NonPagedPool, &Context))) {
        return NULL;
    }
    RtlZeroMemory(Context, CONFORM_SIZE);
    ((PCONFORM_CONTEXT)Context)->Slot = InterlockedIncrement(&NextSlot) % CONFORM_SLOTS;
    ((PCONFORM_CONTEXT)Context)->Magic = CONFORM_MAGIC;
    Deaths[((PCONFORM_CONTEXT)Context)->Slot] = 0;
    return Context;
}

LONG
ConformSlot(PFLT_CONTEXT Context)
{
    return ((PCONFORM_CONTEXT)Context)->Slot;
}

LONG
ConformDeaths(LONG Slot)
{
    return Deaths[Slot];
}

BOOLEAN
ConformReleases(PFLT_CONTEXT Context, LONG Want)
{
    const LONG Slot = ConformSlot(Context);
    LONG i;

    for (i = 0; i < Want; i++) {
        if (Deaths[Slot] != 0) {
            return FALSE;
        }
        FltReleaseContext(Context);
    }
    return (BOOLEAN)(Deaths[Slot] == 1);
}

/* ---- one form for five types ---- */

NTSTATUS
ConformSet(PCCONFORM_TARGET To, FLT_CONTEXT_TYPE Type, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT Context, PFLT_CONTEXT *Old)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltSetVolumeContext(To->Volume, Operation, Context, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltSetInstanceContext(To->Instance, Operation, Context, Old);
    case FLT_FILE_CONTEXT:
        return FltSetFileContext(To->Instance, To->FileObject, Operation, Context, Old);
    case FLT_STREAM_CONTEXT:
        return FltSetStreamContext(To->Instance, To->FileObject, Operation, Context, Old);
    default:
        return FltSetStreamHandleContext(To->Instance, To->FileObject, Operation, Context, Old);
    }
}

NTSTATUS
ConformGet(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltGetVolumeContext(From->Filter, From->Volume, Context);
    case FLT_INSTANCE_CONTEXT:
        return FltGetInstanceContext(From->Instance, Context);
    case FLT_FILE_CONTEXT:
        return FltGetFileContext(From->Instance, From->FileObject, Context);
    case FLT_STREAM_CONTEXT:
        return FltGetStreamContext(From->Instance, From->FileObject, Context);
    default:
        return FltGetStreamHandleContext(From->Instance, From->FileObject, Context);
    }
}

NTSTATUS
ConformDelete(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Old)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltDeleteVolumeContext(From->Filter, From->Volume, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltDeleteInstanceContext(From->Instance, Old);
    case FLT_FILE_CONTEXT:
        return FltDeleteFileContext(From->Instance, From->FileObject, Old);
    case FLT_STREAM_CONTEXT:
        return FltDeleteStreamContext(From->Instance, From->FileObject, Old);
    default:
        return FltDeleteStreamHandleContext(From->Instance, From->FileObject, Old);
    }
}

BOOLEAN
ConformIsLinked(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Want)
{
    PFLT_CONTEXT Got = (PFLT_CONTEXT)From;     /* anything but NULL */
    const NTSTATUS Status = ConformGet(From, Type, &Got);

    if (NT_SUCCESS(Status)) {
        FltReleaseContext(Got);
    }
    return (BOOLEAN)(Got == Want && Status == (Want != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND));
}

/* ---- entry and unload ---- */

static NTSTATUS FLTAPI
ConformUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    FltUnregisterFilter(ConformFilter);
    ConformAfterUnregister();
    ConformReport();
    return STATUS_SUCCESS;
}

static const FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION),
    FLT_REGISTRATION_VERSION,
    0,
    ConformContexts,
    ConformOperations,
    ConformUnload,
    ConformInstanceSetup,
    ConformQueryTeardown,
    ConformTeardownStart,
    ConformTeardownComplete,
    NULL, NULL, NULL, NULL, NULL, NULL
};

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    ConformRegistrations(DriverObject);
    Status = FltRegisterFilter(DriverObject, &Registration, &ConformFilter);
    RULE_STATUS("A-19", Status, STATUS_SUCCESS);
    if (!NT_SUCCESS(Status)) {
        ConformReport();
        return Status;
    }
    ConformAllocations(ConformFilter);
    ConformReferences();
    Status = FltStartFiltering(ConformFilter);
    if (!NT_SUCCESS(Status)) {
        FltUnregisterFilter(ConformFilter);
        return Status;
    }
    RULE_STATUS("A-25", FltStartFiltering(ConformFilter), STATUS_INVALID_PARAMETER);
    return STATUS_SUCCESS;
}

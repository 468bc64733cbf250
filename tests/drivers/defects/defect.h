/* SPDX-License-Identifier: MIT */
/*
 * What every defect shares: registration, entry and unload.  Each defect is one file with one mistake; the line to blame ends with a
 * comment "expect: K-nn", and tests/e2e/test_defects.sh checks that a finding with that code names that line, and that there is no
 * other one.  "expect-code: K-nn" stands for a finding that has no line of the driver.  "beside: NAME" loads beside/NAME.c below it.  "script:" lines are what is done to the volume.
 */
#ifndef DEFECT_H
#define DEFECT_H

#include <fltKernel.h>

#define TAG 'tcfD'
#define SIZE 64
#define ROW(Type, Cleanup) { (Type), 0, (Cleanup), SIZE, TAG, NULL, NULL, NULL }
#define KEEP FLT_SET_CONTEXT_KEEP_IF_EXISTS
#define REPLACE FLT_SET_CONTEXT_REPLACE_IF_EXISTS
#define CONTEXTS(...) static const FLT_CONTEXT_REGISTRATION Contexts[] = { __VA_ARGS__, { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } }
#define OPERATIONS(...) static const FLT_OPERATION_REGISTRATION Operations[] = { __VA_ARGS__, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } }
#define PRE(Name) static FLT_PREOP_CALLBACK_STATUS FLTAPI Name(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
#define POST(Name) static FLT_POSTOP_CALLBACK_STATUS FLTAPI Name(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
#define UNUSED_PRE UNREFERENCED_PARAMETER(Data); UNREFERENCED_PARAMETER(FltObjects); UNREFERENCED_PARAMETER(CompletionContext)
#define UNUSED_POST UNUSED_PRE; UNREFERENCED_PARAMETER(Flags)

DRIVER_INITIALIZE DriverEntry;
static PFLT_FILTER Filter;

static inline PFLT_CONTEXT
New(FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter, Type, SIZE, NonPagedPool, &Context))) {
        return NULL;
    }
    RtlZeroMemory(Context, SIZE);
    return Context;
}

/* The rest of the driver: Contexts and Operations are defined; Setup may be NULL. */
#define DRIVER(Setup) DRIVER_WITH(Setup, NULL)
#define DRIVER_WITH(Setup, TeardownStart) DRIVER_ALL(Setup, NULL, TeardownStart)
#define DRIVER_ALL(Setup, QueryTeardown, TeardownStart) \
    static NTSTATUS FLTAPI Unload(FLT_FILTER_UNLOAD_FLAGS Flags) \
    { \
        UNREFERENCED_PARAMETER(Flags); \
        FltUnregisterFilter(Filter); \
        return STATUS_SUCCESS; \
    } \
    static const FLT_REGISTRATION Registration = { sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, Unload, \
        (Setup), (QueryTeardown), (TeardownStart), NULL, NULL, NULL, NULL, NULL, NULL, NULL }; \
    NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) \
    { \
        NTSTATUS Status; \
        UNREFERENCED_PARAMETER(RegistryPath); \
        Status = FltRegisterFilter(DriverObject, &Registration, &Filter); \
        return NT_SUCCESS(Status) ? FltStartFiltering(Filter) : Status; \
    }

#endif

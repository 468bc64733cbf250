/* SPDX-License-Identifier: MIT */
/* Declared with PVOID and defined with a structure, and the other way round: MSVC only warns. */
#include <fltKernel.h>
#include "proc.h"

const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, DropCleanup, sizeof(DROP), 'porD'},
    {FLT_CONTEXT_END},
};

VOID
DropCleanup(
    PDROP Drop,
    FLT_CONTEXT_TYPE Type)
{
    UNREFERENCED_PARAMETER(Type);
    Drop->Size = 0;
}

LONG
DropSize(PVOID Drop)
{
    return ((PDROP)Drop)->Size;
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DROP Drop = {1};
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    DropCleanup(&Drop, FLT_STREAM_CONTEXT);
    return DropSize(&Drop) == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

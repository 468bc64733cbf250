/* SPDX-License-Identifier: MIT */
#include <fltKernel.h>

NTSTATUS NoSuchRoutineAnywhere(VOID);

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    return NoSuchRoutineAnywhere();
}

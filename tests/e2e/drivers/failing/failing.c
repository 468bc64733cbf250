/* SPDX-License-Identifier: MIT */
/* A test driver that does not want to start. */
#include <fltKernel.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    DbgPrint("not today\n");
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

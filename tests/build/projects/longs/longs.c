/* SPDX-License-Identifier: MIT */
#include <fltKernel.h>

typedef struct _ON_DISK {
    LONG Fine;
    long long AlsoFine;
    unsigned long Length;
} ON_DISK;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    long Local = sizeof(ON_DISK);
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    return Local != 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

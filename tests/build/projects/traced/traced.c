/* SPDX-License-Identifier: MIT */
/* Uses WPP tracing, whose headers a preprocessor makes on Windows. */
#include <fltKernel.h>
#include "trace.h"
#include "traced.tmh"

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    WPP_INIT_TRACING(DriverObject, RegistryPath);
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    TracedPrint(TRACED_ALL, "loading %wZ", RegistryPath);
    TracedError(TRACED_ALL, "no error");
    WPP_CLEANUP(DriverObject);
    return STATUS_SUCCESS;
}

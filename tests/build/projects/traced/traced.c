/* SPDX-License-Identifier: MIT */
/* Uses WPP tracing, whose headers a preprocessor makes on Windows, and is an ETW provider. */
#include <fltKernel.h>
#include <evntprov.h>
#include "trace.h"
#include "traced.tmh"

static const GUID Provider = {0x3D6FA8D1, 0xFE05, 0x11D0, {0x9D, 0xDA, 0x00, 0xC0, 0x4F, 0xD7, 0xBA, 0x7C}};
static REGHANDLE Registered;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    WPP_INIT_TRACING(DriverObject, RegistryPath);
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    TracedPrint(TRACED_ALL, "loading %wZ", RegistryPath);
    TracedError(TRACED_ALL, "no error");
    if (NT_SUCCESS(EtwRegister(&Provider, NULL, NULL, &Registered))) {
        EVENT_DESCRIPTOR Event;
        EventDescCreate(&Event, 1, 0, 0, 4, 0, 0, 0);
        if (EtwEventEnabled(Registered, &Event)) {
            EtwWrite(Registered, &Event, NULL, 0, NULL);
        }
        EtwUnregister(Registered);
    }
    WPP_CLEANUP(DriverObject);
    return STATUS_SUCCESS;
}

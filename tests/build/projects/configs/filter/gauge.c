/* SPDX-License-Identifier: MIT */
/* Definitions of one configuration, and a header directory named in another case. */
#include <fltKernel.h>
#include <gauge.h>

#ifdef GAUGE_ARM
#error wrong platform
#endif
#if DBG
#if !defined(GAUGE_DEBUG) || defined(GAUGE_RELEASE)
#error not the Debug configuration
#endif
#else
#if !defined(GAUGE_RELEASE) || defined(GAUGE_DEBUG)
#error not the Release configuration
#endif
#endif
#if !POOL_NX_OPTIN
#error POOL_NX_OPTIN is missing
#endif

GAUGE Gauge;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(DriverObject);
    UNREFERENCED_PARAMETER(RegistryPath);
    RtlInitUnicodeString(&Gauge.Name, GAUGE_NAME);
    return Gauge.Name.Length == 10 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

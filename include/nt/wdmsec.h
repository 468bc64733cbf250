/* SPDX-License-Identifier: MIT */
/* Named devices with a security descriptor of their own. */
#ifndef _WDMSEC_H
#define _WDMSEC_H

#include "ntdef.h"
#include "ntos/io_types.h"

#ifdef __cplusplus
extern "C" {
#endif

NTKERNELAPI NTSTATUS NTAPI
WdmlibIoCreateDeviceSecure(
    _In_ PDRIVER_OBJECT DriverObject,
    _In_ ULONG DeviceExtensionSize,
    _In_opt_ PUNICODE_STRING DeviceName,
    _In_ DEVICE_TYPE DeviceType,
    _In_ ULONG DeviceCharacteristics,
    _In_ BOOLEAN Exclusive,
    _In_ PCUNICODE_STRING DefaultSDDLString,
    _In_opt_ LPCGUID DeviceClassGuid,
    _Out_ PDEVICE_OBJECT *DeviceObject);
#define IoCreateDeviceSecure WdmlibIoCreateDeviceSecure

/* Defined by the library, as wdmsec.lib does. */
extern CONST UNICODE_STRING SDDL_DEVOBJ_KERNEL_ONLY;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_ALL;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RX;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R;
extern CONST UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX;

#ifdef __cplusplus
}
#endif

#endif

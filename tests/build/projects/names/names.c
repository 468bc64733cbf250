/* SPDX-License-Identifier: MIT */
/* Includes as Windows finds them: any case, backslashes, and a header of its own that is called string.h. */
#include <FltKernel.h>
#include <NtIfs.h>
#include "sub\Shared.h"
#include "STRING.H"
#include "string.h"

#if NAMES_SHARED != 1 || NAMES_DEEP != 2 || NAMES_STRING != 3
#error a header of this driver was not found
#endif

static NTSTATUS
NamesUnload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_FLT_DO_NOT_DETACH;
}

static CONST FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, NULL, NULL, NamesUnload,
};

PFLT_FILTER NamesFilter;

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    static const WCHAR Text[] = L"four";
    NTSTATUS Status;

    if (sizeof(Text) != 10 || 'tSxC' != 0x74537843) {
        return STATUS_UNSUCCESSFUL;
    }
    Status = FltRegisterFilter(DriverObject, &Registration, &NamesFilter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(NamesFilter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(NamesFilter);
        }
    }
    return Status;
}

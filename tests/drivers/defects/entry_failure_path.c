/* SPDX-License-Identifier: MIT */
/* DriverEntry fails half-way and unregisters while a context is still held: on Windows it never returns. */
/* script-none */
#include "defect.h"

CONTEXTS(ROW(FLT_STREAM_CONTEXT, NULL));

PRE(PreRead)
{
    UNUSED_PRE;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_READ, 0, PreRead, NULL, NULL });

static const FLT_REGISTRATION Registration = { sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, Contexts, Operations, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL };

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PFLT_CONTEXT Template;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Template = New(FLT_STREAM_CONTEXT); /* expect: K-01 */
    if (Template != NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;    /* something later did not work */
    }
    FltUnregisterFilter(Filter); /* expect: K-01 */
    return Status;
}

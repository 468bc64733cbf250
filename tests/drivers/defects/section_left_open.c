/* SPDX-License-Identifier: MIT */
/* Handle and object of a section are closed, the section itself is not: its context is still linked when the stream goes. */
/* script: write a hello */
#include "defect.h"

CONTEXTS(ROW(FLT_SECTION_CONTEXT, NULL));

static NTSTATUS FLTAPI
Setup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE Type, FLT_FILESYSTEM_TYPE System)
{
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(Type);
    UNREFERENCED_PARAMETER(System);
    return FltRegisterForDataScan(FltObjects->Instance);
}

PRE(PreCleanup)
{
    PFLT_CONTEXT Context = New(FLT_SECTION_CONTEXT);
    HANDLE Section;
    PVOID Object;

    UNUSED_PRE;
    if (Context == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (NT_SUCCESS(FltCreateSectionForDataScan(FltObjects->Instance, FltObjects->FileObject, Context, SECTION_MAP_READ, NULL, NULL, PAGE_READONLY, SEC_COMMIT, 0, &Section, &Object, NULL))) { /* expect: K-20 */
        ObDereferenceObject(Object);
        ZwClose(Section);
    }
    FltReleaseContext(Context);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

OPERATIONS({ IRP_MJ_CLEANUP, 0, PreCleanup, NULL, NULL });
DRIVER(Setup)

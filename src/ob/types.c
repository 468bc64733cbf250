/* SPDX-License-Identifier: MIT */
/*
 * Object types that drivers name although no object of them ever exists here (enlistments, jobs, desktops …), and other data that the
 * kernel exports.
 */
#include "ob/obp.h"

#define OBP_UNUSED_TYPE(Export, Label)                                                                   \
    static struct _OBJECT_TYPE Obp##Export##Body = {.Name = Label, .WaitOffset = (ULONG)-1};             \
    static POBJECT_TYPE Obp##Export##Variable = &Obp##Export##Body;                                      \
    POBJECT_TYPE *Export = &Obp##Export##Variable

OBP_UNUSED_TYPE(TmEnlistmentObjectType, L"TmEn");
OBP_UNUSED_TYPE(TmResourceManagerObjectType, L"TmRm");
OBP_UNUSED_TYPE(TmTransactionManagerObjectType, L"TmTm");
OBP_UNUSED_TYPE(SeTokenObjectType, L"Token");
OBP_UNUSED_TYPE(PsJobType, L"Job");
OBP_UNUSED_TYPE(ExSemaphoreObjectType, L"Semaphore");
OBP_UNUSED_TYPE(ExWindowStationObjectType, L"WindowStation");
OBP_UNUSED_TYPE(ExDesktopObjectType, L"Desktop");

static ULONG ObpBuildNumber = 19045;
PULONG NtBuildNumber = &ObpBuildNumber;

/* SPDX-License-Identifier: MIT */
/* Extra create parameters: the run-time library's, reached through callback data. */
#include "fltmgr/fltp.h"

/* Windows: fltKernel.h, FltAllocateExtraCreateParameterList.  Differences: none. */
NTSTATUS FLTAPI
FltAllocateExtraCreateParameterList(PFLT_FILTER Filter, FSRTL_ALLOCATE_ECPLIST_FLAGS Flags, PECP_LIST *EcpList)
{
    VF_MAX_IRQL(APC_LEVEL);

    *EcpList = NULL;
    return vf_inject(__func__, Filter->Owner) ? STATUS_INSUFFICIENT_RESOURCES : FsRtlAllocateExtraCreateParameterList(Flags, EcpList);
}

/* Windows: fltKernel.h, FltFreeExtraCreateParameterList.  Differences: none. */
VOID FLTAPI
FltFreeExtraCreateParameterList(PFLT_FILTER Filter, PECP_LIST EcpList)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    FsRtlFreeExtraCreateParameterList(EcpList);
}

/* Windows: fltKernel.h, FltAllocateExtraCreateParameter.  Differences: none. */
NTSTATUS FLTAPI
FltAllocateExtraCreateParameter(PFLT_FILTER Filter, LPCGUID EcpType, ULONG SizeOfContext, FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback, ULONG PoolTag, PVOID *EcpContext)
{
    VF_MAX_IRQL(APC_LEVEL);

    *EcpContext = NULL;
    if (vf_inject(__func__, Filter->Owner)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return FsRtlAllocateExtraCreateParameter(EcpType, SizeOfContext, Flags, CleanupCallback, PoolTag, EcpContext);
}

/* Windows: fltKernel.h, FltFreeExtraCreateParameter.  Differences: none. */
VOID FLTAPI
FltFreeExtraCreateParameter(PFLT_FILTER Filter, PVOID EcpContext)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    FsRtlFreeExtraCreateParameter(EcpContext);
}

/* Windows: fltKernel.h, FltInitExtraCreateParameterLookasideList.  Differences: none. */
VOID FLTAPI
FltInitExtraCreateParameterLookasideList(PFLT_FILTER Filter, PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags, SIZE_T Size, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Filter);
    FsRtlInitExtraCreateParameterLookasideList(Lookaside, Flags, Size, Tag);
}

/* Windows: fltKernel.h, FltDeleteExtraCreateParameterLookasideList.  Differences: none. */
VOID FLTAPI
FltDeleteExtraCreateParameterLookasideList(PFLT_FILTER Filter, PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Filter);
    FsRtlDeleteExtraCreateParameterLookasideList(Lookaside, Flags);
}

/* Windows: fltKernel.h, FltAllocateExtraCreateParameterFromLookasideList.  Differences: none. */
NTSTATUS FLTAPI
FltAllocateExtraCreateParameterFromLookasideList(PFLT_FILTER Filter, LPCGUID EcpType, ULONG SizeOfContext, FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback, PVOID LookasideList, PVOID *EcpContext)
{
    VF_MAX_IRQL(APC_LEVEL);

    *EcpContext = NULL;
    if (vf_inject(__func__, Filter->Owner)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return FsRtlAllocateExtraCreateParameterFromLookasideList(EcpType, SizeOfContext, Flags, CleanupCallback, LookasideList, EcpContext);
}

/* Windows: fltKernel.h, FltInsertExtraCreateParameter.  Differences: none. */
NTSTATUS FLTAPI
FltInsertExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID EcpContext)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    return FsRtlInsertExtraCreateParameter(EcpList, EcpContext);
}

/* Windows: fltKernel.h, FltFindExtraCreateParameter.  Differences: none. */
NTSTATUS FLTAPI
FltFindExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext, ULONG *EcpContextSize)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    return FsRtlFindExtraCreateParameter(EcpList, EcpType, EcpContext, EcpContextSize);
}

/* Windows: fltKernel.h, FltRemoveExtraCreateParameter.  Differences: none. */
NTSTATUS FLTAPI
FltRemoveExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext, ULONG *EcpContextSize)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    return FsRtlRemoveExtraCreateParameter(EcpList, EcpType, EcpContext, EcpContextSize);
}

/* Windows: fltKernel.h, FltGetNextExtraCreateParameter.  Differences: none. */
NTSTATUS FLTAPI
FltGetNextExtraCreateParameter(PFLT_FILTER Filter, PECP_LIST EcpList, PVOID CurrentEcpContext, LPGUID NextEcpType, PVOID *NextEcpContext,
    ULONG *NextEcpContextSize)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    return FsRtlGetNextExtraCreateParameter(EcpList, CurrentEcpContext, NextEcpType, NextEcpContext, NextEcpContextSize);
}

static PIRP
FltpCreateIrp(PFLT_CALLBACK_DATA CallbackData)
{
    return CallbackData->Iopb->MajorFunction == IRP_MJ_CREATE ? FltpOperationOf(CallbackData)->Irp : NULL;
}

/* Windows: fltKernel.h, FltGetEcpListFromCallbackData.  Differences: none. */
NTSTATUS FLTAPI
FltGetEcpListFromCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData, PECP_LIST *EcpList)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    PIRP Irp = FltpCreateIrp(CallbackData);
    *EcpList = NULL;
    return Irp != NULL ? FsRtlGetEcpListFromIrp(Irp, EcpList) : STATUS_INVALID_PARAMETER;
}

/* Windows: fltKernel.h, FltSetEcpListIntoCallbackData.  Differences: none. */
NTSTATUS FLTAPI
FltSetEcpListIntoCallbackData(PFLT_FILTER Filter, PFLT_CALLBACK_DATA CallbackData, PECP_LIST EcpList)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(Filter);
    PIRP Irp = FltpCreateIrp(CallbackData);
    if (Irp == NULL) {
        return STATUS_INVALID_PARAMETER_2;
    }
    return IopIrpEcpList(Irp) != NULL ? STATUS_INVALID_PARAMETER_3 : FsRtlSetEcpListIntoIrp(Irp, EcpList);
}

/* Windows: fltKernel.h, FltAcknowledgeEcp.  Differences: none. */
VOID FLTAPI
FltAcknowledgeEcp(PFLT_FILTER Filter, PVOID EcpContext)
{
    UNREFERENCED_PARAMETER(Filter);
    FsRtlAcknowledgeEcp(EcpContext);
}

/* Windows: fltKernel.h, FltIsEcpAcknowledged.  Differences: none. */
BOOLEAN FLTAPI
FltIsEcpAcknowledged(PFLT_FILTER Filter, PVOID EcpContext)
{
    UNREFERENCED_PARAMETER(Filter);
    return FsRtlIsEcpAcknowledged(EcpContext);
}

/* Windows: fltKernel.h, FltPrepareToReuseEcp.  Differences: none. */
VOID FLTAPI
FltPrepareToReuseEcp(PFLT_FILTER Filter, PVOID EcpContext)
{
    UNREFERENCED_PARAMETER(Filter);
    FsRtlPrepareToReuseEcp(EcpContext);
}

/* Windows: fltKernel.h, FltIsEcpFromUserMode.  Differences: none. */
BOOLEAN FLTAPI
FltIsEcpFromUserMode(PFLT_FILTER Filter, PVOID EcpContext)
{
    UNREFERENCED_PARAMETER(Filter);
    return FsRtlIsEcpFromUserMode(EcpContext);
}

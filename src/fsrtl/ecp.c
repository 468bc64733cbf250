/* SPDX-License-Identifier: MIT */
/*
 * Extra create parameters.  An entry: FSRTLP_ECP, then the context that drivers see.  Lists and entries that a caller makes before a
 * create are the caller's; what filters add while a create is under way is the create's and goes with it.
 */
#include <string.h>

#include "fsrtl/fsrtlp.h"
#include "io/iop.h"
#include "ke/ki.h"
#include "ke/ntcall.h"

#define FSRTLP_ECP_SIGNATURE 0x20706345u       /* "Ecp " */
enum { FSRTLP_ECP_ACKNOWLEDGED = 1, FSRTLP_ECP_USER_MODE = 2, FSRTLP_ECP_OF_CREATE = 4, FSRTLP_ECP_LOOKASIDE = 8, FSRTLP_ECP_PAGED = 16 };

typedef struct DECLSPEC_ALIGN(16) FSRTLP_ECP {
    ULONG Signature;
    ULONG Flags;
    LIST_ENTRY Links;                          /* NULL, NULL: in no list */
    GUID Type;
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK Cleanup;
    ULONG ContextSize;
    PVOID Lookaside;
} FSRTLP_ECP;

struct _ECP_LIST {
    ULONG Signature;
    BOOLEAN InCreate;                          /* a create carries it now */
    BOOLEAN OfCreate;                          /* made while a create was under way */
    LIST_ENTRY Entries;
};

static FSRTLP_ECP *
FsRtlpEcp(PVOID Context)
{
    return (FSRTLP_ECP *)Context - 1;
}

/* ---- lists ---- */

/* Windows: ntifs.h, FsRtlAllocateExtraCreateParameterList.  Differences: quota is not charged. */
NTSTATUS
FsRtlAllocateExtraCreateParameterList(FSRTL_ALLOCATE_ECPLIST_FLAGS Flags, PECP_LIST *EcpList)
{
    PECP_LIST List;

    UNREFERENCED_PARAMETER(Flags);
    *EcpList = NULL;
    List = vf_inject("FsRtlAllocateExtraCreateParameterList", KiCurrentOwner()) ? NULL
                                                                                : ExAllocatePoolWithTag(PagedPool, sizeof(*List), 'pcE ');
    if (List == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    List->Signature = FSRTLP_ECP_SIGNATURE;
    List->InCreate = FALSE;
    List->OfCreate = FALSE;
    InitializeListHead(&List->Entries);
    *EcpList = List;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlFreeExtraCreateParameterList.  Differences: none. */
VOID
FsRtlFreeExtraCreateParameterList(PECP_LIST EcpList)
{
    while (!IsListEmpty(&EcpList->Entries)) {
        FSRTLP_ECP *Ecp = CONTAINING_RECORD(RemoveHeadList(&EcpList->Entries), FSRTLP_ECP, Links);
        Ecp->Links.Flink = Ecp->Links.Blink = NULL;
        FsRtlFreeExtraCreateParameter(Ecp + 1);
    }
    EcpList->Signature = 0;
    ExFreePool(EcpList);
}

VOID
FsRtlpEcpCreateBegin(PECP_LIST Callers)
{
    Callers->InCreate = TRUE;
}

/* What was added during the create goes; a list that is not the caller's goes as a whole. */
VOID
FsRtlpEcpCreateEnd(PECP_LIST Callers, PECP_LIST Last)
{
    PLIST_ENTRY Next;

    if (Last != Callers) {
        FsRtlFreeExtraCreateParameterList(Last);
    }
    if (Callers == NULL) {
        return;
    }
    Callers->InCreate = FALSE;
    for (PLIST_ENTRY Links = Callers->Entries.Flink; Links != &Callers->Entries; Links = Next) {
        FSRTLP_ECP *Ecp = CONTAINING_RECORD(Links, FSRTLP_ECP, Links);
        Next = Links->Flink;
        if ((Ecp->Flags & FSRTLP_ECP_OF_CREATE) != 0) {
            RemoveEntryList(Links);
            Ecp->Links.Flink = Ecp->Links.Blink = NULL;
            FsRtlFreeExtraCreateParameter(Ecp + 1);
        }
    }
}

/* ---- entries ---- */

static PVOID
FsRtlpEcpInitialize(
    FSRTLP_ECP *Ecp, LPCGUID Type, ULONG Size, ULONG Flags, PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK Cleanup, PVOID Lookaside)
{
    memset(Ecp, 0, sizeof(*Ecp) + Size);
    Ecp->Signature = FSRTLP_ECP_SIGNATURE;
    Ecp->Flags = Flags;
    Ecp->Type = *Type;
    Ecp->Cleanup = Cleanup;
    Ecp->ContextSize = Size;
    Ecp->Lookaside = Lookaside;
    return Ecp + 1;
}

/* Windows: ntifs.h, FsRtlAllocateExtraCreateParameter.  Differences: quota is not charged. */
NTSTATUS
FsRtlAllocateExtraCreateParameter(
    LPCGUID EcpType,
    ULONG SizeOfContext,
    FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback,
    ULONG PoolTag,
    PVOID *EcpContext)
{
    POOL_TYPE Pool = (Flags & FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL) != 0 ? NonPagedPool : PagedPool;
    FSRTLP_ECP *Ecp = NULL;

    *EcpContext = NULL;
    if (SizeOfContext < 0x7FFFFFFF && !vf_inject("FsRtlAllocateExtraCreateParameter", KiCurrentOwner())) {
        Ecp = ExAllocatePoolWithTag(Pool, sizeof(*Ecp) + SizeOfContext, PoolTag);
    }
    if (Ecp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *EcpContext = FsRtlpEcpInitialize(Ecp, EcpType, SizeOfContext, 0, CleanupCallback, NULL);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlFreeExtraCreateParameter.  Differences: none; an entry that is still in a list is taken out. */
VOID
FsRtlFreeExtraCreateParameter(PVOID EcpContext)
{
    FSRTLP_ECP *Ecp = FsRtlpEcp(EcpContext);
    KI_DRIVER_CALL Call = {.Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Ecp->Cleanup), .Phase = "ECP cleanup"};

    if (Ecp->Links.Flink != NULL) {
        RemoveEntryList(&Ecp->Links);
    }
    if (Ecp->Cleanup != NULL && Call.Owner == NULL) {
        Ecp->Cleanup(EcpContext, &Ecp->Type);
    } else if (Ecp->Cleanup != NULL) {
        NT_CALL(&Call, Ecp->Cleanup(EcpContext, &Ecp->Type));
    }
    Ecp->Signature = 0;
    if ((Ecp->Flags & FSRTLP_ECP_LOOKASIDE) == 0) {
        ExFreePool(Ecp);
    } else if ((Ecp->Flags & FSRTLP_ECP_PAGED) != 0) {
        ExFreeToPagedLookasideList(Ecp->Lookaside, Ecp);
    } else {
        ExFreeToNPagedLookasideList(Ecp->Lookaside, Ecp);
    }
}

/* Windows: ntifs.h, FsRtlInitExtraCreateParameterLookasideList.  Differences: none. */
VOID
FsRtlInitExtraCreateParameterLookasideList(PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags, SIZE_T Size, ULONG Tag)
{
    if ((Flags & FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL) != 0) {
        ExInitializeNPagedLookasideList(Lookaside, NULL, NULL, 0, Size + sizeof(FSRTLP_ECP), Tag, 0);
    } else {
        ExInitializePagedLookasideList(Lookaside, NULL, NULL, 0, Size + sizeof(FSRTLP_ECP), Tag, 0);
    }
}

/* Windows: ntifs.h, FsRtlDeleteExtraCreateParameterLookasideList.  Differences: none. */
VOID
FsRtlDeleteExtraCreateParameterLookasideList(PVOID Lookaside, FSRTL_ECP_LOOKASIDE_FLAGS Flags)
{
    if ((Flags & FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL) != 0) {
        ExDeleteNPagedLookasideList(Lookaside);
    } else {
        ExDeletePagedLookasideList(Lookaside);
    }
}

/* Windows: ntifs.h, FsRtlAllocateExtraCreateParameterFromLookasideList.  Differences: none. */
NTSTATUS
FsRtlAllocateExtraCreateParameterFromLookasideList(
    LPCGUID EcpType,
    ULONG SizeOfContext,
    FSRTL_ALLOCATE_ECP_FLAGS Flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK CleanupCallback,
    PVOID LookasideList,
    PVOID *EcpContext)
{
    PGENERAL_LOOKASIDE List = LookasideList;
    BOOLEAN Paged = (Flags & FSRTL_ALLOCATE_ECP_FLAG_NONPAGED_POOL) == 0;
    FSRTLP_ECP *Ecp;

    *EcpContext = NULL;
    if (sizeof(*Ecp) + (SIZE_T)SizeOfContext > List->Size) {
        return FsRtlAllocateExtraCreateParameter(EcpType, SizeOfContext, Flags, CleanupCallback, List->Tag, EcpContext);
    }
    Ecp = Paged ? ExAllocateFromPagedLookasideList(LookasideList) : ExAllocateFromNPagedLookasideList(LookasideList);
    if (Ecp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *EcpContext = FsRtlpEcpInitialize(
        Ecp, EcpType, SizeOfContext, FSRTLP_ECP_LOOKASIDE | (Paged ? FSRTLP_ECP_PAGED : 0), CleanupCallback, LookasideList);
    return STATUS_SUCCESS;
}

/* ---- entries in lists ---- */

static FSRTLP_ECP *
FsRtlpEcpFind(PECP_LIST List, LPCGUID Type)
{
    for (PLIST_ENTRY Links = List->Entries.Flink; Links != &List->Entries; Links = Links->Flink) {
        FSRTLP_ECP *Ecp = CONTAINING_RECORD(Links, FSRTLP_ECP, Links);
        if (memcmp(&Ecp->Type, Type, sizeof(GUID)) == 0) {
            return Ecp;
        }
    }
    return NULL;
}

/* Windows: ntifs.h, FsRtlInsertExtraCreateParameter.  Differences: none. */
NTSTATUS
FsRtlInsertExtraCreateParameter(PECP_LIST EcpList, PVOID EcpContext)
{
    FSRTLP_ECP *Ecp = FsRtlpEcp(EcpContext);

    if (Ecp->Links.Flink != NULL || FsRtlpEcpFind(EcpList, &Ecp->Type) != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (EcpList->InCreate) {
        Ecp->Flags |= FSRTLP_ECP_OF_CREATE;
    }
    InsertTailList(&EcpList->Entries, &Ecp->Links);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlFindExtraCreateParameter.  Differences: none. */
NTSTATUS
FsRtlFindExtraCreateParameter(PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext, ULONG *EcpContextSize)
{
    FSRTLP_ECP *Ecp = EcpList != NULL ? FsRtlpEcpFind(EcpList, EcpType) : NULL;

    if (EcpContext != NULL) {
        *EcpContext = Ecp != NULL ? Ecp + 1 : NULL;
    }
    if (EcpContextSize != NULL) {
        *EcpContextSize = Ecp != NULL ? Ecp->ContextSize : 0;
    }
    return Ecp != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

/* Windows: ntifs.h, FsRtlRemoveExtraCreateParameter.  Differences: none. */
NTSTATUS
FsRtlRemoveExtraCreateParameter(PECP_LIST EcpList, LPCGUID EcpType, PVOID *EcpContext, ULONG *EcpContextSize)
{
    FSRTLP_ECP *Ecp = FsRtlpEcpFind(EcpList, EcpType);

    *EcpContext = NULL;
    if (Ecp == NULL) {
        return STATUS_NOT_FOUND;
    }
    RemoveEntryList(&Ecp->Links);
    Ecp->Links.Flink = Ecp->Links.Blink = NULL;
    Ecp->Flags &= ~(ULONG)FSRTLP_ECP_OF_CREATE;
    *EcpContext = Ecp + 1;
    if (EcpContextSize != NULL) {
        *EcpContextSize = Ecp->ContextSize;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlGetNextExtraCreateParameter.  Differences: none. */
NTSTATUS
FsRtlGetNextExtraCreateParameter(
    PECP_LIST EcpList, PVOID CurrentEcpContext, LPGUID NextEcpType, PVOID *NextEcpContext, ULONG *NextEcpContextSize)
{
    PLIST_ENTRY Links = CurrentEcpContext != NULL ? FsRtlpEcp(CurrentEcpContext)->Links.Flink : EcpList->Entries.Flink;

    *NextEcpContext = NULL;
    if (CurrentEcpContext != NULL && FsRtlpEcpFind(EcpList, &FsRtlpEcp(CurrentEcpContext)->Type) != FsRtlpEcp(CurrentEcpContext)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Links == &EcpList->Entries) {
        return STATUS_NOT_FOUND;
    }
    FSRTLP_ECP *Ecp = CONTAINING_RECORD(Links, FSRTLP_ECP, Links);
    *NextEcpContext = Ecp + 1;
    if (NextEcpType != NULL) {
        *NextEcpType = Ecp->Type;
    }
    if (NextEcpContextSize != NULL) {
        *NextEcpContextSize = Ecp->ContextSize;
    }
    return STATUS_SUCCESS;
}

/* ---- lists in requests ---- */

static BOOLEAN
FsRtlpIrpIsCreate(PIRP Irp)
{
    return Irp->CurrentLocation <= Irp->StackCount && IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE;
}

/* Windows: ntifs.h, FsRtlGetEcpListFromIrp.  Differences: none. */
NTSTATUS
FsRtlGetEcpListFromIrp(PIRP Irp, PECP_LIST *EcpList)
{
    if (!FsRtlpIrpIsCreate(Irp)) {
        return STATUS_INVALID_PARAMETER;
    }
    *EcpList = IopIrpEcpList(Irp);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlSetEcpListIntoIrp.  Differences: a create that a driver built in memory of its own cannot carry a list. */
NTSTATUS
FsRtlSetEcpListIntoIrp(PIRP Irp, PECP_LIST EcpList)
{
    if (!FsRtlpIrpIsCreate(Irp) || IopIrpEcpList(Irp) != NULL) {
        return STATUS_INVALID_PARAMETER_2;
    }
    EcpList->InCreate = TRUE;
    return NT_SUCCESS(IopIrpSetEcpList(Irp, EcpList)) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_2;
}

/* ---- marks ---- */

/* Windows: ntifs.h, FsRtlAcknowledgeEcp.  Differences: none. */
VOID
FsRtlAcknowledgeEcp(PVOID EcpContext)
{
    FsRtlpEcp(EcpContext)->Flags |= FSRTLP_ECP_ACKNOWLEDGED;
}

/* Windows: ntifs.h, FsRtlPrepareToReuseEcp.  Differences: none. */
VOID
FsRtlPrepareToReuseEcp(PVOID EcpContext)
{
    FsRtlpEcp(EcpContext)->Flags &= ~(ULONG)FSRTLP_ECP_ACKNOWLEDGED;
}

/* Windows: ntifs.h, FsRtlIsEcpAcknowledged.  Differences: none. */
BOOLEAN
FsRtlIsEcpAcknowledged(PVOID EcpContext)
{
    return (BOOLEAN)((FsRtlpEcp(EcpContext)->Flags & FSRTLP_ECP_ACKNOWLEDGED) != 0);
}

/* Windows: ntifs.h, FsRtlIsEcpFromUserMode.  Differences: none; nothing here makes parameters for user mode. */
BOOLEAN
FsRtlIsEcpFromUserMode(PVOID EcpContext)
{
    return (BOOLEAN)((FsRtlpEcp(EcpContext)->Flags & FSRTLP_ECP_USER_MODE) != 0);
}

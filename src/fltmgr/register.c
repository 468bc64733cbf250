/* SPDX-License-Identifier: MIT */
/* What FltRegisterFilter checks and keeps: versions, operation callbacks, context definitions (section A of the specification). */
#include "fltmgr/fltp.h"

static USHORT
FltpRegistrationSize(USHORT Version)
{
    switch (Version) {
    case FLT_REGISTRATION_VERSION_0200:
        return FIELD_OFFSET(FLT_REGISTRATION, TransactionNotificationCallback);
    case FLT_REGISTRATION_VERSION_0201:
        return FIELD_OFFSET(FLT_REGISTRATION, NormalizeNameComponentExCallback);
    case FLT_REGISTRATION_VERSION_0202:
        return FIELD_OFFSET(FLT_REGISTRATION, SectionNotificationCallback);
    case FLT_REGISTRATION_VERSION_0203:
        return sizeof(FLT_REGISTRATION);
    default:
        return 0;
    }
}

/* ---- operations ---- */

static NTSTATUS
FltpOperationCheck(PFLT_FILTER Filter, const FLT_OPERATION_REGISTRATION *Entry)
{
    const ULONG Index = FltpMajorIndex(Entry->MajorFunction);

    if (Index >= FLTP_MAJORS || Entry->MajorFunction == IRP_MJ_POWER || Entry->MajorFunction == IRP_MJ_DEVICE_CHANGE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Entry->MajorFunction == IRP_MJ_SHUTDOWN && Entry->PostOperation != NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    FLTP_OPERATION_CALLBACKS *Operation = &Filter->Operations[Index];
    if (Operation->Registered) {
        return STATUS_FLT_DUPLICATE_ENTRY;
    }
    if (Entry->Reserved1 != NULL) {
        vf_report("K-26", "A-22", NULL, Filter->Owner, Entry, "FLT_OPERATION_REGISTRATION.Reserved1 is not NULL (%s)",
            FltpMajorName(Entry->MajorFunction));
    }
    Operation->Pre = Entry->PreOperation;
    Operation->Post = Entry->PostOperation;
    Operation->Flags = Entry->Flags;
    Operation->Registered = Entry->PreOperation != NULL || Entry->PostOperation != NULL;
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpOperationsCheck(PFLT_FILTER Filter, const FLT_OPERATION_REGISTRATION *Entry)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (NT_SUCCESS(Status) && Entry != NULL && Entry->MajorFunction != IRP_MJ_OPERATION_END) {
        Status = FltpOperationCheck(Filter, Entry++);
    }
    return Status;
}

/* ---- contexts ---- */

static BOOLEAN
FltpDefinitionEqual(const FLT_CONTEXT_REGISTRATION *A, const FLT_CONTEXT_REGISTRATION *B)
{
    return A->ContextType == B->ContextType && A->Flags == B->Flags && A->Size == B->Size && A->PoolTag == B->PoolTag &&
           A->ContextCleanupCallback == B->ContextCleanupCallback &&
           A->ContextAllocateCallback == B->ContextAllocateCallback && A->ContextFreeCallback == B->ContextFreeCallback &&
           A->Reserved1 == B->Reserved1;
}

/* One element by itself. */
static BOOLEAN
FltpDefinitionIsValid(PFLT_FILTER Filter, const FLT_CONTEXT_REGISTRATION *Entry)
{
    const BOOLEAN Custom = Entry->ContextAllocateCallback != NULL;

    if (FltpContextTypeIndex(Entry->ContextType) < 0 || Custom != (Entry->ContextFreeCallback != NULL)) {
        return FALSE;
    }
    if (!Custom && Entry->Size > MAXUSHORT && Entry->Size != FLT_VARIABLE_SIZED_CONTEXTS) {
        return FALSE;
    }
    if (Entry->Reserved1 != NULL) {
        vf_report("K-26", "A-22", NULL, Filter->Owner, Entry, "FLT_CONTEXT_REGISTRATION.Reserved1 is not NULL");
    }
    if (!Custom && Entry->PoolTag == 0) {
        vf_report("K-26", "A-15", NULL, Filter->Owner, Entry, "FLT_CONTEXT_REGISTRATION.PoolTag is zero (type 0x%x)",
            (unsigned)Entry->ContextType);
        return vf_level_now < VF_FULL;         /* strict */
    }
    return TRUE;
}

/* Duplicates are ignored: all members equal, or the same fixed size again (section 13, item 4). */
static BOOLEAN
FltpDefinitionIsDuplicate(PFLT_FILTER Filter, const FLTP_DEFINITIONS *Definitions, const FLT_CONTEXT_REGISTRATION *Entry)
{
    for (ULONG i = 0; i < Definitions->Count; i++) {
        const FLT_CONTEXT_REGISTRATION *Known = &Definitions->Entries[i].Registration;
        if (FltpDefinitionEqual(Known, Entry)) {
            return TRUE;
        }
        const BOOLEAN BothFixed = !Definitions->Entries[i].Variable && !Definitions->Entries[i].Custom &&
                                  Entry->ContextAllocateCallback == NULL && Entry->Size != FLT_VARIABLE_SIZED_CONTEXTS;
        if (BothFixed && Known->Size == Entry->Size) {
            vf_report("K-26", "A-09", NULL, Filter->Owner, Entry,
                "two definitions of context type 0x%x with size %llu; the first is used", (unsigned)Entry->ContextType,
                (unsigned long long)Entry->Size);
            return TRUE;
        }
    }
    return FALSE;
}

/* Inserts by ascending size, the variable one last.  FALSE: too many, or not alone beside a custom allocator. */
static BOOLEAN
FltpDefinitionInsert(FLTP_DEFINITIONS *Definitions, const FLT_CONTEXT_REGISTRATION *Entry)
{
    const BOOLEAN Custom = Entry->ContextAllocateCallback != NULL;
    const BOOLEAN Variable = !Custom && Entry->Size == FLT_VARIABLE_SIZED_CONTEXTS;
    ULONG Fixed = 0, Variables = 0, Place = 0;

    for (ULONG i = 0; i < Definitions->Count; i++) {
        const FLTP_DEFINITION *Known = &Definitions->Entries[i];
        if (Known->Custom || Custom) {
            return FALSE;
        }
        Variables += Known->Variable;
        Fixed += !Known->Variable;
        Place += !Known->Variable && (Variable || Known->Registration.Size < Entry->Size);
    }
    if (Variable ? Variables != 0 : Fixed == 3) {
        return FALSE;
    }
    for (ULONG i = Definitions->Count; i > Place; i--) {
        Definitions->Entries[i] = Definitions->Entries[i - 1];
    }
    Definitions->Entries[Place] = (FLTP_DEFINITION){ .Registration = *Entry, .Variable = Variable, .Custom = Custom,
        .AnySmaller = !Variable && !Custom && (Entry->Flags & FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH) != 0 };
    Definitions->Count++;
    return TRUE;
}

static NTSTATUS
FltpContextsCheck(PFLT_FILTER Filter, const FLT_CONTEXT_REGISTRATION *Entry)
{
    for (; Entry != NULL && Entry->ContextType != FLT_CONTEXT_END; Entry++) {
        if (!FltpDefinitionIsValid(Filter, Entry)) {
            return STATUS_FLT_INVALID_CONTEXT_REGISTRATION;
        }
        FLTP_DEFINITIONS *Definitions = &Filter->Definitions[FltpContextTypeIndex(Entry->ContextType)];
        if (FltpDefinitionIsDuplicate(Filter, Definitions, Entry)) {
            continue;
        }
        if (!FltpDefinitionInsert(Definitions, Entry)) {
            return STATUS_FLT_INVALID_CONTEXT_REGISTRATION;
        }
    }
    return STATUS_SUCCESS;
}

/* ---- all ---- */

/* Name-provider routines: components can only be normalised by who generates names. */
static BOOLEAN
FltpNameProviderIsValid(const FLT_REGISTRATION *Registration)
{
    const BOOLEAN Normalizes =
        Registration->NormalizeNameComponentCallback != NULL || Registration->NormalizeNameComponentExCallback != NULL;

    if (Normalizes && Registration->GenerateFileNameCallback == NULL) {
        return FALSE;
    }
    return Registration->NormalizeContextCleanupCallback == NULL || Normalizes;
}

NTSTATUS
FltpRegistrationCheck(const FLT_REGISTRATION *Registration, PFLT_FILTER Filter)
{
    const USHORT Size = FltpRegistrationSize(Registration->Version);

    if (Size == 0 || Registration->Size < Size) {
        return STATUS_INVALID_PARAMETER;
    }
    memcpy(&Filter->Registration, Registration, Size);
    if (!FltpNameProviderIsValid(&Filter->Registration)) {
        return STATUS_INVALID_PARAMETER;
    }
    NTSTATUS Status = FltpContextsCheck(Filter, Registration->ContextRegistration);
    if (NT_SUCCESS(Status)) {
        Status = FltpOperationsCheck(Filter, Registration->OperationRegistration);
    }
    /* nothing of the caller's arrays is used again. */
    Filter->Registration.ContextRegistration = NULL;
    Filter->Registration.OperationRegistration = NULL;
    return Status;
}

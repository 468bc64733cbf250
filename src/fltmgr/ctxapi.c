/* SPDX-License-Identifier: MIT */
/* The set, get and delete routines of each context type: check, find the target, leave the rest to ctxslot.c. */
#include "fltmgr/ctxcheck.h"
#include "fltmgr/ctxget.h"
#include "fltmgr/fltp.h"
#include "fltmgr/transact.h"

#define FLTP_FILE_TYPES (FLT_FILE_CONTEXT | FLT_STREAM_CONTEXT | FLT_STREAMHANDLE_CONTEXT)

/* ---- checks ---- */

VOID
FltpContextCheckIrql(PFLT_FILTER Filter, const char *Routine)
{
    if (vf_on() && KeGetCurrentIrql() > APC_LEVEL) {
        vf_report("K-08", "C-23", "0xD1", Filter->Owner, NULL, "%s at IRQL %u", Routine, (unsigned)KeGetCurrentIrql());
    }
}

static BOOLEAN
FltpPhaseIs(const char *Operation, const char *Phase)
{
    const struct vf_operation *Current = vf_operation_current();

    return Current != NULL && Current->operation != NULL && Current->phase != NULL &&
           strcmp(Current->operation, Operation) == 0 && strcmp(Current->phase, Phase) == 0;
}

/* K-06, K-07: the call can only fail here. */
static VOID
FltpContextReportPhase(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, const char *Routine)
{
    if (!vf_on() || FileObject == NULL) {
        return;
    }
    if (FileObject->FsContext == NULL && FltpPhaseIs("IRP_MJ_CREATE", "pre")) {
        vf_report("K-06", "C-19", NULL, Instance->Filter->Owner, FileObject, "%s in pre-create: the file object is not open yet", Routine);
    } else if (atomic_load(&IOP_FILE_FROM(FileObject)->FilterBlock) == FLTP_FILE_CLOSED) {
        vf_report("K-07", "C-20", NULL, Instance->Filter->Owner, FileObject, "%s on a file object that is closed", Routine);
    }
}

/* C-11, C-12.  Filter NULL: any. */
FLTP_CONTEXT_NODE *
FltpContextForSet(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type, PFLT_FILTER Filter, FLT_SET_CONTEXT_OPERATION Operation,
    const char *Routine)
{
    FLTP_CONTEXT_NODE *Node = FltpContextNode(Context, 0);

    if (Operation != FLT_SET_CONTEXT_KEEP_IF_EXISTS && Operation != FLT_SET_CONTEXT_REPLACE_IF_EXISTS) {
        return NULL;
    }
    if (Node == NULL) {
        return NULL;
    }
    if (Node->Type != Type || (Filter != NULL && Node->Filter != Filter)) {
        vf_report("K-11", Node->Type != Type ? "C-11" : "C-12", NULL, Node->Filter->Owner, Context,
            "%s with a context of %s", Routine, Node->Type != Type ? "another type" : "another filter");
        return NULL;
    }
    return Node;
}

/* ---- instance-keyed types ---- */

/* Object: the file object or transaction. */
static NTSTATUS
FltpInstanceTarget(PFLT_INSTANCE Instance, PVOID Object, FLT_CONTEXT_TYPE Type, FLTP_FIND Find, FLTP_TARGET **Target)
{
    switch (Type) {
    case FLT_INSTANCE_CONTEXT:
        *Target = &Instance->Contexts;
        return STATUS_SUCCESS;
    case FLT_TRANSACTION_CONTEXT:
        return FltpTransactionTarget(Object, Find, Target);
    case FLT_SECTION_CONTEXT:
        if (!FltpVolumeSupportsScan(Instance->Volume)) {
            return STATUS_NOT_SUPPORTED;
        }
        __attribute__((fallthrough));
    default:
        return FltpStreamTarget(Instance, Object, Type, Find, Target);
    }
}

/* The key is instance and stream, so it works; but the instance never sees this file's operations. */
static VOID
FltpContextReportVolume(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, const char *Routine)
{
    const PDEVICE_OBJECT Device = FileObject->DeviceObject;
    const FLT_VOLUME *Volume = Instance->Volume;

    if (Device != NULL && Device != Volume->RealDevice && Device != Volume->VolumeDevice && Device != Volume->FilterDevice) {
        vf_report("K-11", "C-25", NULL, Instance->Filter->Owner, FileObject,
            "%s on a file of a volume to which the instance is not attached", Routine);
    }
}

static NTSTATUS
FltpContextSet(PFLT_INSTANCE Instance, PVOID Object, FLT_CONTEXT_TYPE Type, FLT_SET_CONTEXT_OPERATION Operation,
    PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext, const char *Routine)
{
    if (OldContext != NULL) {
        *OldContext = NULL_CONTEXT;
    }
    if (!FltpObjectIs(Instance, Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Instance->Filter, Routine);
    FLTP_CONTEXT_NODE *Node = FltpContextForSet(NewContext, Type, Instance->Filter, Operation, Routine);
    if (Node == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    FLTP_SLOT Slot = { .Key = Instance, .Owner = &Instance->Links, .Type = Type, .Routine = Routine };
    NTSTATUS Status = vf_inject(Routine, Instance->Filter->Owner)
        ? STATUS_INSUFFICIENT_RESOURCES : FltpInstanceTarget(Instance, Object, Type, FltpFindCreate, &Slot.Target);
    if (Status == STATUS_NOT_SUPPORTED) {
        FltpContextReportPhase(Instance, Object, Routine);
    }
    if (NT_SUCCESS(Status) && atomic_load_explicit(&Instance->Deleting, memory_order_acquire)) {
        Status = STATUS_FLT_DELETING_OBJECT;
    }
    if (vf_on() && NT_SUCCESS(Status) && (Type & FLTP_FILE_TYPES)) {
        FltpContextReportVolume(Instance, Object, Routine);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpSlotSet(&Slot, Operation, Node, OldContext);
    }
    if (!NT_SUCCESS(Status) && vf_on()) {
        vf_object_set_failed(Node->Ledger, Routine, (uint32_t)Status);
    }
    return Status;
}

/* D-08: it works, but it is odd. */
static VOID
FltpContextReportCaller(PFLT_INSTANCE Instance, const char *Routine)
{
    const struct vf_operation *Current = vf_operation_current();

    if (Current != NULL && Current->owner != NULL && Current->owner != Instance->Filter->Owner) {
        vf_report("K-11", "D-08", NULL, Current->owner, Instance, "%s with an instance of another filter (%s)", Routine,
            vf_owner_name(Instance->Filter->Owner));
    }
}

NTSTATUS
FltpContextGetSlowly(PFLT_INSTANCE Instance, PVOID Object, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context, const char *Routine)
{
    FLTP_TARGET *Target;

    *Context = NULL_CONTEXT;
    if (!FltpObjectIs(Instance, Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Instance->Filter, Routine);
    if (vf_on()) {
        FltpContextReportCaller(Instance, Routine);
    }
    NTSTATUS Status = FltpInstanceTarget(Instance, Object, Type, FltpFindExisting, &Target);
    if (NT_SUCCESS(Status)) {
        return FltpSlotGet(Target, Instance, Type, Routine, Context);
    }
    if (Status == STATUS_NOT_SUPPORTED) {
        FltpContextReportPhase(Instance, Object, Routine);
        vf_call_failed(Instance->Filter->Owner, (enum vf_kind)(VF_CONTEXT_VOLUME + FltpContextTypeIndex(Type)), Routine, (uint32_t)Status);
    }
    return Status;
}

NTSTATUS
FltpContextGetAgain(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, FLTP_CONTEXT_NODE *Failed,
    PFLT_CONTEXT *Context, const char *Routine)
{
    FltpNodeUngot(Failed);
    return FltpContextGetSlowly(Instance, FileObject, Type, Context, Routine);
}

static NTSTATUS
FltpContextDelete(PFLT_INSTANCE Instance, PVOID Object, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *OldContext, const char *Routine)
{
    FLTP_SLOT Slot = { .Key = Instance, .Owner = &Instance->Links, .Type = Type, .Routine = Routine };

    if (OldContext != NULL) {
        *OldContext = NULL_CONTEXT;
    }
    if (!FltpObjectIs(Instance, Routine)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Instance->Filter, Routine);
    NTSTATUS Status = FltpInstanceTarget(Instance, Object, Type, FltpFindExisting, &Slot.Target);
    if (Status == STATUS_NOT_SUPPORTED) {
        FltpContextReportPhase(Instance, Object, Routine);
    }
    if (Status != STATUS_NOT_SUPPORTED && atomic_load_explicit(&Instance->Deleting, memory_order_acquire)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    return NT_SUCCESS(Status) ? FltpSlotDelete(&Slot, OldContext) : Status;
}

/* Windows: fltKernel.h, FltSetInstanceContext.  Differences: none. */
NTSTATUS FLTAPI
FltSetInstanceContext(PFLT_INSTANCE Instance, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    return FltpContextSet(Instance, NULL, FLT_INSTANCE_CONTEXT, Operation, NewContext, OldContext, __func__);
}

/* Windows: fltKernel.h, FltSetFileContext.  Differences: none. */
NTSTATUS FLTAPI
FltSetFileContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext,
    PFLT_CONTEXT *OldContext)
{
    return FltpContextSet(Instance, FileObject, FLT_FILE_CONTEXT, Operation, NewContext, OldContext, __func__);
}

/* Windows: fltKernel.h, FltSetStreamContext.  Differences: none. */
NTSTATUS FLTAPI
FltSetStreamContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext,
    PFLT_CONTEXT *OldContext)
{
    return FltpContextSet(Instance, FileObject, FLT_STREAM_CONTEXT, Operation, NewContext, OldContext, __func__);
}

/* Windows: fltKernel.h, FltSetStreamHandleContext.  Differences: none. */
NTSTATUS FLTAPI
FltSetStreamHandleContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_SET_CONTEXT_OPERATION Operation,
    PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    return FltpContextSet(Instance, FileObject, FLT_STREAMHANDLE_CONTEXT, Operation, NewContext, OldContext, __func__);
}

/* Windows: fltKernel.h, FltDeleteInstanceContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteInstanceContext(PFLT_INSTANCE Instance, PFLT_CONTEXT *OldContext)
{
    return FltpContextDelete(Instance, NULL, FLT_INSTANCE_CONTEXT, OldContext, __func__);
}

/* Windows: fltKernel.h, FltDeleteFileContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteFileContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *OldContext)
{
    return FltpContextDelete(Instance, FileObject, FLT_FILE_CONTEXT, OldContext, __func__);
}

/* Windows: fltKernel.h, FltDeleteStreamContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteStreamContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *OldContext)
{
    return FltpContextDelete(Instance, FileObject, FLT_STREAM_CONTEXT, OldContext, __func__);
}

/* Windows: fltKernel.h, FltDeleteStreamHandleContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteStreamHandleContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *OldContext)
{
    return FltpContextDelete(Instance, FileObject, FLT_STREAMHANDLE_CONTEXT, OldContext, __func__);
}

/* ---- volume ---- */

/* Windows: fltKernel.h, FltSetVolumeContext.  Differences: none. */
NTSTATUS FLTAPI
FltSetVolumeContext(PFLT_VOLUME Volume, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    if (OldContext != NULL) {
        *OldContext = NULL_CONTEXT;
    }
    FLTP_CONTEXT_NODE *Node = FltpContextForSet(NewContext, FLT_VOLUME_CONTEXT, NULL, Operation, __func__);
    if (Node == NULL || !FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Node->Filter, __func__);
    const FLTP_SLOT Slot = { .Target = &Volume->Contexts, .Key = Node->Filter, .Owner = &Node->Filter->VolumeLinks,
        .Type = FLT_VOLUME_CONTEXT, .Routine = __func__ };
    NTSTATUS Status = FltpSlotSet(&Slot, Operation, Node, OldContext);
    if (!NT_SUCCESS(Status) && vf_on()) {
        vf_object_set_failed(Node->Ledger, __func__, (uint32_t)Status);
    }
    return Status;
}

/* Windows: fltKernel.h, FltGetVolumeContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetVolumeContext(PFLT_FILTER Filter, PFLT_VOLUME Volume, PFLT_CONTEXT *Context)
{
    *Context = NULL_CONTEXT;
    if (!FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Filter, __func__);
    return FltpSlotGet(&Volume->Contexts, Filter, FLT_VOLUME_CONTEXT, __func__, Context);
}

/* Windows: fltKernel.h, FltDeleteVolumeContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteVolumeContext(PFLT_FILTER Filter, PFLT_VOLUME Volume, PFLT_CONTEXT *OldContext)
{
    const FLTP_SLOT Slot = { .Target = &Volume->Contexts, .Key = Filter, .Owner = &Filter->VolumeLinks,
        .Type = FLT_VOLUME_CONTEXT, .Routine = __func__ };

    if (OldContext != NULL) {
        *OldContext = NULL_CONTEXT;
    }
    if (!FltpObjectIs(Volume, __func__)) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextCheckIrql(Filter, __func__);
    return Volume->Contexts.Dead ? STATUS_FLT_DELETING_OBJECT : FltpSlotDelete(&Slot, OldContext);
}

/* ---- transactions and sections ---- */

/* Windows: fltKernel.h, FltSetTransactionContext.  Differences: STATUS_FLT_DELETING_OBJECT also when the transaction has ended. */
NTSTATUS FLTAPI
FltSetTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, FLT_SET_CONTEXT_OPERATION Operation,
    PFLT_CONTEXT NewContext, PFLT_CONTEXT *OldContext)
{
    return FltpContextSet(Instance, Transaction, FLT_TRANSACTION_CONTEXT, Operation, NewContext, OldContext, __func__);
}

/* Windows: fltKernel.h, FltGetTransactionContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT *Context)
{
    return FltpContextGetSlowly(Instance, Transaction, FLT_TRANSACTION_CONTEXT, Context, __func__);
}

/* Windows: fltKernel.h, FltDeleteTransactionContext.  Differences: none. */
NTSTATUS FLTAPI
FltDeleteTransactionContext(PFLT_INSTANCE Instance, PKTRANSACTION Transaction, PFLT_CONTEXT *OldContext)
{
    return FltpContextDelete(Instance, Transaction, FLT_TRANSACTION_CONTEXT, OldContext, __func__);
}

/* Windows: fltKernel.h, FltGetSectionContext.  Differences: none. */
NTSTATUS FLTAPI
FltGetSectionContext(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT *Context)
{
    return FltpContextGetSlowly(Instance, FileObject, FLT_SECTION_CONTEXT, Context, __func__);
}

/* ---- several at once ---- */

/*
 * Asking for everything is legal in every callback and gives what there is (D-12).  In pre-create, so is asking for a file's contexts among
 * others (J-13); after the close there is nothing left to ask for (J-17).
 */
static VOID
FltpContextsGet(PCFLT_RELATED_OBJECTS Objects, FLT_CONTEXT_TYPE Desired, PFLT_RELATED_CONTEXTS Contexts, const char *Routine)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    PFLT_CONTEXT *const Places[] = { &Contexts->InstanceContext, &Contexts->FileContext, &Contexts->StreamContext,
        &Contexts->StreamHandleContext };
    FLTP_TARGET *Target;

    FltpContextCheckIrql(Objects->Filter, Routine);
    if ((Desired & FLTP_FILE_TYPES) && (Desired & FLT_ALL_CONTEXTS) != FLT_ALL_CONTEXTS && Objects->Instance != NULL &&
        FltpPhaseIs("IRP_MJ_CLOSE", "post")) {
        FltpContextReportPhase(Objects->Instance, Objects->FileObject, Routine);
    }
    if ((Desired & FLT_VOLUME_CONTEXT) && Objects->Volume != NULL) {
        FltpSlotGet(&Objects->Volume->Contexts, Objects->Filter, FLT_VOLUME_CONTEXT, Routine, &Contexts->VolumeContext);
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Types) && Objects->Instance != NULL; i++) {
        if ((Desired & Types[i]) &&
            NT_SUCCESS(FltpInstanceTarget(Objects->Instance, Objects->FileObject, Types[i], FltpFindExisting, &Target))) {
            FltpSlotGet(Target, Objects->Instance, Types[i], Routine, Places[i]);
        }
    }
    if ((Desired & FLT_TRANSACTION_CONTEXT) && Objects->Instance != NULL && Objects->Transaction != NULL &&
        NT_SUCCESS(FltpTransactionTarget(Objects->Transaction, FltpFindExisting, &Target))) {
        FltpSlotGet(Target, Objects->Instance, FLT_TRANSACTION_CONTEXT, Routine, &Contexts->TransactionContext);
    }
}

/* Windows: fltKernel.h, FltGetContexts.  Differences: none. */
VOID FLTAPI
FltGetContexts(PCFLT_RELATED_OBJECTS FltObjects, FLT_CONTEXT_TYPE DesiredContexts, PFLT_RELATED_CONTEXTS Contexts)
{
    *Contexts = (FLT_RELATED_CONTEXTS){ 0 };
    FltpContextsGet(FltObjects, DesiredContexts, Contexts, __func__);
}

/* Windows: fltKernel.h, FltGetContextsEx.  Differences: none. */
NTSTATUS FLTAPI
FltGetContextsEx(PCFLT_RELATED_OBJECTS FltObjects, FLT_CONTEXT_TYPE DesiredContexts, SIZE_T ContextsSize,
    PFLT_RELATED_CONTEXTS_EX Contexts)
{
    FLTP_TARGET *Target;

    if (ContextsSize != sizeof(*Contexts)) {
        return STATUS_INVALID_PARAMETER;
    }
    *Contexts = (FLT_RELATED_CONTEXTS_EX){ 0 };
    if (DesiredContexts & ~FLT_ALL_CONTEXTS) {
        return STATUS_INVALID_PARAMETER;
    }
    FltpContextsGet(FltObjects, DesiredContexts, (PFLT_RELATED_CONTEXTS)Contexts, __func__);
    if ((DesiredContexts & FLT_SECTION_CONTEXT) && FltObjects->Instance != NULL &&
        NT_SUCCESS(FltpInstanceTarget(FltObjects->Instance, FltObjects->FileObject, FLT_SECTION_CONTEXT, FltpFindExisting, &Target))) {
        FltpSlotGet(Target, FltObjects->Instance, FLT_SECTION_CONTEXT, __func__, &Contexts->SectionContext);
    }
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * Name providers: filters with a GenerateFileNameCallback.  Whoever asks for a name gets it from the first provider below; that one asks
 * further down itself.  The provider's answer to a normalized query is normalized component by component if it registered for that.
 */
#include "fltmgr/fltname.h"

/* The provider whose names Query gets; its Outstanding is taken before the snapshot is left. */
PFLT_INSTANCE
FltpNameProvider(const FLTP_NAME_QUERY *Query)
{
    PFLT_INSTANCE Found = NULL;
    FLTP_THREAD *Thread = FltpThread();
    FLTP_SNAPSHOT *Snapshot = FltpSlotEnter(Thread, Query->Volume);
    ULONG Rank = Query->Instance != NULL ? FltpSnapshotRank(Snapshot, Query->Instance) : 0;

    if ((Query->Options & FLT_FILE_NAME_REQUEST_FROM_CURRENT_PROVIDER) && Rank > 0 && Snapshot->Instances[Rank - 1] == Query->Instance) {
        Rank--;
    }
    for (; Rank < Snapshot->InstanceCount && Found == NULL; Rank++) {
        PFLT_INSTANCE Instance = Snapshot->Instances[Rank];
        if (Instance->Filter->Registration.GenerateFileNameCallback != NULL && !atomic_load(&Instance->Skip) &&
            FltpCountTryAcquire(&Instance->Outstanding)) {
            Found = Instance;
        }
    }
    FltpSlotLeave(Thread, Snapshot);
    return Found;
}

/* ---- normalization by the provider ---- */

typedef union FLTP_COMPONENT { FILE_NAMES_INFORMATION Information; UCHAR Room[sizeof(FILE_NAMES_INFORMATION) + 255 * sizeof(WCHAR)]; } FLTP_COMPONENT;

static NTSTATUS
FltpProviderComponent(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PCUNICODE_STRING Parent,
    PCUNICODE_STRING Component, FLTP_COMPONENT *Expanded, PVOID *Context)
{
    const FLT_REGISTRATION *Registration = &Provider->Filter->Registration;
    const FLT_NORMALIZE_NAME_FLAGS Flags = Query->CaseSensitive ? FLTFL_NORMALIZE_NAME_CASE_SENSITIVE : 0;
    const USHORT Volume = Query->Volume->Name.Length;
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Provider->Filter, NULL, "NormalizeNameComponent");
    if (Registration->NormalizeNameComponentExCallback != NULL) {
        NT_CALL(&Call, Status = Registration->NormalizeNameComponentExCallback(Provider, FileObject, Parent, Volume, Component,
            &Expanded->Information, sizeof(*Expanded), Flags, Context));
    } else {
        NT_CALL(&Call, Status = Registration->NormalizeNameComponentCallback(Provider, Parent, Volume, Component, &Expanded->Information,
            sizeof(*Expanded), Flags, Context));
    }
    if (Call.Faulted) {
        FltpFilterMarkDead(Provider->Filter);
    }
    return Status;
}

/* Appends the next component of Name from *At on, normalized. */
static NTSTATUS
FltpProviderNext(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PCUNICODE_STRING Name, USHORT *At,
    PFLT_NAME_CONTROL Result, PVOID *Context)
{
    FLTP_COMPONENT Expanded;
    UNICODE_STRING Component = { 0, 0, Name->Buffer + *At / sizeof(WCHAR) };

    while (*At + Component.Length < Name->Length && Component.Buffer[Component.Length / sizeof(WCHAR)] != L'\\') {
        Component.Length += sizeof(WCHAR);
    }
    Component.MaximumLength = Component.Length;
    *At += Component.Length;
    Expanded.Information.FileNameLength = 0;
    NTSTATUS Status = FltpProviderComponent(Query, Provider, FileObject, &Result->Name, &Component, &Expanded, Context);
    if (Status == STATUS_NO_SUCH_FILE && *At == Name->Length) {
        return FltpControlAppend(Result, &Component);      /* the last one need not exist */
    }
    if (NT_SUCCESS(Status) && Expanded.Information.FileNameLength > 255 * sizeof(WCHAR)) {
        Status = STATUS_OBJECT_NAME_INVALID;
    }
    if (NT_SUCCESS(Status)) {
        const USHORT Length = (USHORT)Expanded.Information.FileNameLength;
        const UNICODE_STRING Full = { Length, Length, Expanded.Information.FileName };
        Status = FltpControlAppend(Result, &Full);
    }
    return Status;
}

static NTSTATUS
FltpProviderWalk(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PCUNICODE_STRING Name, PFLT_NAME_CONTROL Result,
    PVOID *Context)
{
    USHORT At = Query->Volume->Name.Length;
    const UNICODE_STRING Volume = { At, At, Name->Buffer };
    NTSTATUS Status = FltpControlAppend(Result, &Volume);

    while (NT_SUCCESS(Status) && At < Name->Length) {
        if (Name->Buffer[At / sizeof(WCHAR)] == L'\\') {
            Status = FltpControlAppendCharacter(Result, L'\\');
            At += sizeof(WCHAR);
        } else {
            Status = FltpProviderNext(Query, Provider, FileObject, Name, &At, Result, Context);
        }
    }
    return Status;
}

static VOID
FltpProviderCleanup(PFLT_INSTANCE Provider, PVOID *Context)
{
    const PFLT_NORMALIZE_CONTEXT_CLEANUP Callback = Provider->Filter->Registration.NormalizeContextCleanupCallback;
    KI_DRIVER_CALL Call;

    if (*Context == NULL || Callback == NULL) {
        return;
    }
    FltpCallInitialize(&Call, Provider->Filter, NULL, "NormalizeContextCleanup");
    NT_CALL(&Call, Callback(Context));
    if (Call.Faulted) {
        FltpFilterMarkDead(Provider->Filter);
    }
}

static NTSTATUS
FltpProviderNormalize(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control)
{
    PVOID Context = NULL;
    FLT_NAME_CONTROL Result;
    NTSTATUS Status = FltpControlInitialize(&Result);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpProviderWalk(Query, Provider, FileObject, &Control->Name, &Result, &Context);
    FltpProviderCleanup(Provider, &Context);
    if (NT_SUCCESS(Status)) {
        FltpStripStreamType(&Result.Name);
        FltpControlFree(Control);
        *Control = Result;
        return Status;
    }
    FltpControlFree(&Result);
    return Status;
}

/* While the provider runs the operation is its own: what it asks about it is asked below it. */
static VOID
FltpProviderOperation(FLTP_OPERATION *Operation, PFLT_INSTANCE Instance, PFLT_INSTANCE Target)
{
    if (Operation != NULL) {
        Operation->Objects.Instance = Instance;
        Operation->Objects.Filter = Instance->Filter;
        Operation->Iopb.TargetInstance = Target;
    }
}

static NTSTATUS
FltpProviderGenerate(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control, PBOOLEAN Cache)
{
    PFLT_CALLBACK_DATA Data = Query->Operation != NULL ? &Query->Operation->Data : NULL;
    volatile NTSTATUS Status = STATUS_DRIVER_INTERNAL_ERROR;
    KI_DRIVER_CALL Call;

    FltpCallInitialize(&Call, Provider->Filter, NULL, "GenerateFileName");
    NT_CALL(&Call, Status = Provider->Filter->Registration.GenerateFileNameCallback(Provider, FileObject, Data, Query->Options, Cache, Control));
    if (Call.Faulted) {
        FltpFilterMarkDead(Provider->Filter);
        return STATUS_DRIVER_INTERNAL_ERROR;
    }
    return Status;
}

NTSTATUS
FltpProviderName(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control, PBOOLEAN Cache)
{
    const FLT_REGISTRATION *Registration = &Provider->Filter->Registration;
    PFLT_INSTANCE Target = Query->Operation != NULL ? Query->Operation->Iopb.TargetInstance : NULL;

    Control->Name.Length = 0;
    FltpProviderOperation(Query->Operation, Provider, Provider);
    NTSTATUS Status = FltpProviderGenerate(Query, Provider, FileObject, Control, Cache);
    FltpProviderOperation(Query->Operation, Query->Instance, Target);
    const BOOLEAN Normalizes = Registration->NormalizeNameComponentCallback != NULL || Registration->NormalizeNameComponentExCallback != NULL;
    if (!NT_SUCCESS(Status) || Query->Format != FLT_FILE_NAME_NORMALIZED || !Normalizes ||
        !RtlPrefixUnicodeString(&Query->Volume->Name, &Control->Name, TRUE)) {
        return Status;
    }
    return FltpProviderNormalize(Query, Provider, FileObject, Control);
}

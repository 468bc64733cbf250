/* SPDX-License-Identifier: MIT */
/*
 * FltGetFileNameInformation and its kin.
 *
 * What can be asked depends on the operation at hand:
 *      unopened   pre-create, query-open: the name is made of FileObject->FileName (and RelatedFileObject)
 *      open       everything else: the file system is asked below the asking instance
 *      none       a create that failed or was reparsed: there is nothing but what the operation itself has cached
 */
#include "fltmgr/fltname.h"

typedef enum FLTP_NAME_STATE { FltpNameUnopened, FltpNameOpen, FltpNameNone } FLTP_NAME_STATE;

typedef struct FLTP_NAME_CALL {
    FLTP_NAME_QUERY Query;
    PFILE_OBJECT FileObject;
    FLTP_NAME_STATE State;
    BOOLEAN Safe;
    vf_owner *Owner;
    const char *Routine;
} FLTP_NAME_CALL;

/* ---- options ---- */

static NTSTATUS
FltpNameOptions(FLTP_NAME_CALL *Call, FLT_FILE_NAME_OPTIONS Options)
{
    const ULONG Format = FltGetFileNameFormat(Options);
    const ULONG Method = FltGetFileNameQueryMethod(Options);

    if (Format < FLT_FILE_NAME_NORMALIZED || Format > FLT_FILE_NAME_SHORT || Method < FLT_FILE_NAME_QUERY_DEFAULT ||
        Method > FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP) {
        return STATUS_INVALID_PARAMETER;
    }
    Call->Query.Options = Options;
    Call->Query.Format = Format;
    Call->Query.UseCache = Method != FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY;
    Call->Query.Store = Call->Query.UseCache && Method != FLT_FILE_NAME_QUERY_CACHE_ONLY && !(Options & FLT_FILE_NAME_DO_NOT_CACHE);
    return STATUS_SUCCESS;
}

static ULONG
FltpNameMethod(const FLTP_NAME_CALL *Call)
{
    return FltGetFileNameQueryMethod(Call->Query.Options);
}

/* ---- what the operation allows ---- */

static BOOLEAN
FltpIsQueryOpen(UCHAR Major)
{
    return Major == IRP_MJ_QUERY_OPEN || Major == IRP_MJ_NETWORK_QUERY_OPEN;
}

static BOOLEAN
FltpIsCreate(UCHAR Major)
{
    return Major == IRP_MJ_CREATE || Major == IRP_MJ_CREATE_NAMED_PIPE || Major == IRP_MJ_CREATE_MAILSLOT;
}

static FLTP_NAME_STATE
FltpNameState(const FLTP_OPERATION *Operation, FLT_FILE_NAME_OPTIONS Options)
{
    const UCHAR Major = Operation->Iopb.MajorFunction;
    const NTSTATUS Status = Operation->Data.IoStatus.Status;

    if (Operation->Iopb.TargetFileObject == NULL) {
        return FltpNameNone;
    }
    if (FltpIsQueryOpen(Major)) {
        return FltpNameUnopened;
    }
    if (!FltpIsCreate(Major)) {
        return FltpNameOpen;
    }
    if (Operation->Phase == FltpPhasePre) {
        return FltpNameUnopened;
    }
    if (Status == STATUS_REPARSE) {
        return Options & FLT_FILE_NAME_ALLOW_QUERY_ON_REPARSE ? FltpNameUnopened : FltpNameNone;
    }
    return NT_SUCCESS(Status) && !(Operation->Data.Flags & FLTFL_CALLBACK_DATA_DRAINING_IO) ? FltpNameOpen : FltpNameNone;
}

static BOOLEAN
FltpIsUnsafeMajor(UCHAR Major, BOOLEAN Post)
{
    switch (Major) {
    case IRP_MJ_CLOSE:
    case IRP_MJ_ACQUIRE_FOR_CC_FLUSH:
    case IRP_MJ_ACQUIRE_FOR_MOD_WRITE:
    case IRP_MJ_RELEASE_FOR_CC_FLUSH:
    case IRP_MJ_RELEASE_FOR_MOD_WRITE:
    case IRP_MJ_RELEASE_FOR_SECTION_SYNCHRONIZATION:
        return TRUE;
    case IRP_MJ_CLEANUP:
    case IRP_MJ_ACQUIRE_FOR_SECTION_SYNCHRONIZATION:
        return Post;
    default:
        return FALSE;
    }
}

/* Asking the file system could deadlock or recurse in the cases that the routine's page lists. */
static BOOLEAN
FltpNameIsSafe(const FLTP_OPERATION *Operation)
{
    const FLT_IO_PARAMETER_BLOCK *Iopb = &Operation->Iopb;

    if ((Operation->Data.Flags & FLTFL_CALLBACK_DATA_IRP_OPERATION) && (Iopb->IrpFlags & (IRP_PAGING_IO | IRP_SYNCHRONOUS_PAGING_IO))) {
        return FALSE;
    }
    if (FltpIsUnsafeMajor(Iopb->MajorFunction, Operation->Phase == FltpPhasePost)) {
        return FALSE;
    }
    if (Iopb->TargetFileObject != NULL && !FltpIsCreate(Iopb->MajorFunction) && (Iopb->TargetFileObject->Flags & FO_CLEANUP_COMPLETE)) {
        return FALSE;
    }
    return KeGetCurrentIrql() == PASSIVE_LEVEL && IoGetTopLevelIrp() == NULL && !KeAreAllApcsDisabled();
}

/* ---- unopened files ---- */

static NTSTATUS
FltpAppendRelated(const FLTP_NAME_CALL *Call, PFILE_OBJECT Related, PFLT_NAME_CONTROL Control)
{
    FLTP_NAME_QUERY Query = Call->Query;
    FLTP_TEXT *Text;

    Query.Operation = NULL;
    Query.Format = FLT_FILE_NAME_OPENED;
    Query.Options = (Query.Options & ~(ULONG)FLT_VALID_FILE_NAME_FORMATS) | FLT_FILE_NAME_OPENED;
    NTSTATUS Status = FltpQueryOpenText(&Query, Related, &Text);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    const UNICODE_STRING Name = { Text->Length, Text->Length, Text->Buffer };
    Status = FltpControlAppend(Control, &Name);
    FltpTextRelease(Text);
    return Status;
}

/* Windows names the directory that such a create opens. */
static VOID
FltpCutTargetDirectory(const FLTP_NAME_CALL *Call, PFLT_NAME_CONTROL Control)
{
    const USHORT Volume = Call->Query.Volume->Name.Length;
    UNICODE_STRING Parent, Last;

    if (!FltpSplitPath(&Control->Name, Volume, &Parent, &Last)) {
        return;
    }
    Control->Name.Length = Parent.Length > Volume + sizeof(WCHAR) ? (USHORT)(Parent.Length - sizeof(WCHAR)) : Parent.Length;
}

/* The name as opened.  What follows a related file object is one of its streams or below it. */
static NTSTATUS
FltpUnopenedName(const FLTP_NAME_CALL *Call, PFLT_NAME_CONTROL Control)
{
    PFILE_OBJECT Related = Call->FileObject->RelatedFileObject;
    PCUNICODE_STRING Name = &Call->FileObject->FileName;
    const WCHAR First = Name->Length != 0 ? Name->Buffer[0] : 0;
    NTSTATUS Status;

    Control->Name.Length = 0;
    if (Related != NULL) {
        Status = FltpAppendRelated(Call, Related, Control);
    } else {
        Status = FltpControlAppend(Control, &Call->Query.Volume->Name);
    }
    const WCHAR Before = Control->Name.Length != 0 ? Control->Name.Buffer[Control->Name.Length / sizeof(WCHAR) - 1] : 0;
    if (NT_SUCCESS(Status) && First != 0 && First != L'\\' && First != L':' && Before != L'\\') {
        Status = FltpControlAppendCharacter(Control, L'\\');
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpControlAppend(Control, Name);
    }
    const FLTP_OPERATION *Operation = Call->Query.Operation;
    if (NT_SUCCESS(Status) && Operation != NULL && FltpIsCreate(Operation->Iopb.MajorFunction) &&
        (Operation->Iopb.OperationFlags & SL_OPEN_TARGET_DIRECTORY)) {
        FltpCutTargetDirectory(Call, Control);
    }
    return Status;
}

static BOOLEAN
FltpOpensById(const FLTP_OPERATION *Operation)
{
    return Operation != NULL && Operation->Iopb.MajorFunction == IRP_MJ_CREATE &&
           (Operation->Iopb.Parameters.Create.Options & FILE_OPEN_BY_FILE_ID) != 0;
}

static NTSTATUS
FltpUnopenedText(const FLTP_NAME_CALL *Call, PFLT_NAME_CONTROL Opened, PFLT_NAME_CONTROL Control, FLTP_TEXT **Text)
{
    const FLTP_NAME_QUERY *Query = &Call->Query;
    FLTP_OPERATION *Operation = Query->Operation;
    FLTP_NAMES *Names = Operation != NULL ? FltpNamesOf(&Operation->Name, Query->Store) : NULL;
    const ULONGLONG Generation = FltpNameGeneration(Query->Volume);
    const BOOLEAN ById = FltpOpensById(Operation);
    NTSTATUS Status = ById ? FltpControlAppend(Opened, &Call->FileObject->FileName) : FltpUnopenedName(Call, Opened);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Text = Query->UseCache ? FltpNamesLookup(Names, Query->Format, Generation, &Opened->Name) : NULL;
    if (*Text != NULL) {
        return STATUS_SUCCESS;
    }
    PUNICODE_STRING Name = &Control->Name;
    if (ById) {
        Status = FltpQueryNameById(Query, Call->FileObject, Control);
    } else if (Query->Format == FLT_FILE_NAME_NORMALIZED) {
        Status = FltpNormalizePath(Query, &Opened->Name, Control);
    } else {
        Name = &Opened->Name;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Text = FltpTextCreate(Name, Query->Volume->Name.Length);
    if (*Text == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Query->Store) {
        FltpNamesStore(Names, Query->Format, Generation, *Text, &Opened->Name);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpUnopenedByProvider(const FLTP_NAME_CALL *Call, PFLT_INSTANCE Provider, PFLT_NAME_CONTROL Control, FLTP_TEXT **Text)
{
    BOOLEAN Cache = FALSE;
    NTSTATUS Status = FltpProviderName(&Call->Query, Provider, Call->FileObject, Control, &Cache);

    if (NT_SUCCESS(Status)) {
        const USHORT Volume = RtlPrefixUnicodeString(&Call->Query.Volume->Name, &Control->Name, TRUE) ? Call->Query.Volume->Name.Length : 0;
        *Text = FltpTextCreate(&Control->Name, Volume);
        Status = *Text != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    return Status;
}

static NTSTATUS
FltpNameUnopenedGet(const FLTP_NAME_CALL *Call, FLTP_TEXT **Text)
{
    FLT_NAME_CONTROL Opened, Control;
    PFLT_INSTANCE Provider;

    if (Call->Query.Format == FLT_FILE_NAME_SHORT) {
        return STATUS_FLT_INVALID_NAME_REQUEST;
    }
    NTSTATUS Status = FltpControlInitialize(&Opened);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpControlInitialize(&Control);
    if (!NT_SUCCESS(Status)) {
        FltpControlFree(&Opened);
        return Status;
    }
    Provider = FltpNameProvider(&Call->Query);
    if (Provider != NULL) {
        Status = FltpUnopenedByProvider(Call, Provider, &Control, Text);
        FltpCountRelease(&Provider->Outstanding);
    } else {
        Status = FltpUnopenedText(Call, &Opened, &Control, Text);
    }
    FltpControlFree(&Opened);
    FltpControlFree(&Control);
    return Status;
}

/* ---- the cache alone ---- */

static FLTP_TEXT *
FltpNameCached(const FLTP_NAME_CALL *Call)
{
    const ULONGLONG Generation = FltpNameGeneration(Call->Query.Volume);
    FLTP_NAMES *Names = NULL;

    if (Call->State != FltpNameOpen) {
        Names = Call->Query.Operation != NULL ? FltpNamesOf(&Call->Query.Operation->Name, FALSE) : NULL;
    } else if (IopFileIsOurs(Call->FileObject)) {
        FLTP_FILE *File = FltpFileOf(Call->FileObject, FALSE);
        Names = File != NULL ? FltpNamesOf(&File->Name, FALSE) : NULL;
    }
    return FltpNamesLookup(Names, Call->Query.Format, Generation, NULL);
}

/* ---- the whole ---- */

static NTSTATUS
FltpNameText(const FLTP_NAME_CALL *Call, FLTP_TEXT **Text)
{
    const ULONG Method = FltpNameMethod(Call);
    const BOOLEAN CanAsk = Call->Safe && Call->State != FltpNameNone;

    if (Method == FLT_FILE_NAME_QUERY_CACHE_ONLY || (Method == FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP && !CanAsk)) {
        *Text = FltpNameCached(Call);
        return *Text != NULL ? STATUS_SUCCESS : STATUS_FLT_NAME_CACHE_MISS;
    }
    if (!CanAsk) {
        return STATUS_FLT_INVALID_NAME_REQUEST;
    }
    return Call->State == FltpNameUnopened ? FltpNameUnopenedGet(Call, Text) : FltpQueryOpenText(&Call->Query, Call->FileObject, Text);
}

static NTSTATUS
FltpNameGet(const FLTP_NAME_CALL *Call, PFLT_FILE_NAME_INFORMATION *Information)
{
    FLTP_TEXT *Text = NULL;
    NTSTATUS Status = FltpNameText(Call, &Text);

    return NT_SUCCESS(Status) ? FltpNameCreate(Text, Call->Query.Format, Call->Owner, Call->Routine, Information) : Status;
}

/* Windows: fltKernel.h, FltGetFileNameInformation.  Differences: a block is not shared between filters, only its text. */
NTSTATUS FLTAPI
FltGetFileNameInformation(PFLT_CALLBACK_DATA CallbackData, FLT_FILE_NAME_OPTIONS NameOptions, PFLT_FILE_NAME_INFORMATION *RetInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (CallbackData == NULL || RetInformation == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *RetInformation = NULL;
    FLTP_OPERATION *Operation = FltpOperationOf(CallbackData);
    if (Operation->Objects.Instance == NULL) {
        return STATUS_INVALID_PARAMETER;       /* nobody's callback has it */
    }
    FLTP_NAME_CALL Call = { .Query = { .Instance = Operation->Objects.Instance, .Volume = Operation->Objects.Volume, .Operation = Operation },
        .FileObject = Operation->Iopb.TargetFileObject, .Owner = Operation->Objects.Filter->Owner, .Routine = __func__ };
    NTSTATUS Status = FltpNameOptions(&Call, NameOptions);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Call.State = FltpNameState(Operation, NameOptions);
    Call.Safe = FltpNameIsSafe(Operation);
    Call.Query.CaseSensitive = FltpIsCreate(Operation->Iopb.MajorFunction)
        ? (Operation->Iopb.OperationFlags & SL_CASE_SENSITIVE) != 0
        : Call.FileObject != NULL && (Call.FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0;
    if (Operation->Phase == FltpPhasePost && NT_SUCCESS(CallbackData->IoStatus.Status)) {
        FltpNamesChanged(Call.Query.Volume, &Operation->Iopb);         /* post-rename: what was cached is the old name */
    }
    return FltpNameGet(&Call, RetInformation);
}

/* Windows: fltKernel.h, FltGetFileNameInformationUnsafe.  Differences: none. */
NTSTATUS FLTAPI
FltGetFileNameInformationUnsafe(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance, FLT_FILE_NAME_OPTIONS NameOptions,
    PFLT_FILE_NAME_INFORMATION *RetInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (FileObject == NULL || RetInformation == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *RetInformation = NULL;
    FLTP_NAME_CALL Call = { .Query = { .Instance = Instance }, .FileObject = FileObject, .State = FltpNameOpen, .Safe = TRUE,
        .Owner = Instance != NULL ? Instance->Filter->Owner : KiOwnerOfCall(__builtin_return_address(0)), .Routine = __func__ };
    NTSTATUS Status = FltpNameOptions(&Call, NameOptions);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (FileObject->FsContext == NULL || (FileObject->Flags & FO_CLEANUP_COMPLETE) || FileObject->DeviceObject == NULL) {
        return STATUS_FLT_INVALID_NAME_REQUEST;
    }
    Call.Query.CaseSensitive = (FileObject->Flags & FO_OPENED_CASE_SENSITIVE) != 0;
    Call.Query.Volume = Instance != NULL ? Instance->Volume : FltpVolumeLook(FileObject->DeviceObject);
    if (Call.Query.Volume == NULL) {
        return STATUS_FLT_VOLUME_NOT_FOUND;
    }
    Status = FltpNameGet(&Call, RetInformation);
    if (Instance == NULL) {
        FltpCountRelease(&Call.Query.Volume->Outstanding);
    }
    return Status;
}

/* Windows: fltKernel.h, FltGetTunneledName.  Differences: our file systems do not tunnel: there is never such a name. */
NTSTATUS FLTAPI
FltGetTunneledName(PFLT_CALLBACK_DATA CallbackData, PFLT_FILE_NAME_INFORMATION NameInformation,
    PFLT_FILE_NAME_INFORMATION *RetTunneledFileNameInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    UNREFERENCED_PARAMETER(CallbackData);
    UNREFERENCED_PARAMETER(NameInformation);
    *RetTunneledFileNameInformation = NULL;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Sections C to J: what holds in set-up, create, cleanup, close and teardown.  The file is conform.dat. */
#include "conform.h"

#define KEEP FLT_SET_CONTEXT_KEEP_IF_EXISTS

static volatile LONG OutcomesDone, SetupsAfterFirst;
static LONG StreamSlot = -1, HandleSlot = -1, FileSlot = -1, InstanceSlot = -1, VolumeSlot = -1;
static PFLT_CONTEXT HandleContext;
static PFILE_OBJECT MarkedFile;                /* the file object of the open that is followed */
static BOOLEAN SawStart;

static VOID
Fill(PCFLT_RELATED_OBJECTS FltObjects, PCONFORM_TARGET Target)
{
    Target->Filter = FltObjects->Filter;
    Target->Volume = FltObjects->Volume;
    Target->Instance = FltObjects->Instance;
    Target->FileObject = FltObjects->FileObject;
}

/* Sets a new context and keeps only the link reference; the slot. */
static LONG
Link(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type, PCSTR Rule)
{
    PFLT_CONTEXT Context = ConformNew(Target->Filter, Type);
    LONG Slot;
    NTSTATUS Status;

    if (Context == NULL) {
        return -1;
    }
    Slot = ConformSlot(Context);
    Status = ConformSet(Target, Type, KEEP, Context, NULL);
    ConformCheck(Rule, (BOOLEAN)NT_SUCCESS(Status), __FILE__, __LINE__);
    FltReleaseContext(Context);
    return Slot;
}

static BOOLEAN
CanGet(PCCONFORM_TARGET From, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(ConformGet(From, Type, &Context))) {
        return FALSE;
    }
    FltReleaseContext(Context);
    return TRUE;
}

/* ---- set-up ---- */

NTSTATUS FLTAPI
ConformInstanceSetup(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE VolumeDeviceType,
    FLT_FILESYSTEM_TYPE VolumeFilesystemType)
{
    CONFORM_TARGET Target;
    LONG Slot;

    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(VolumeDeviceType);
    UNREFERENCED_PARAMETER(VolumeFilesystemType);
    Fill(FltObjects, &Target);
    RULE("G-01", KeGetCurrentIrql() == PASSIVE_LEVEL);
    RULE("G-02", FltObjects->Filter == ConformFilter && FltObjects->Volume != NULL && FltObjects->Instance != NULL);
    RULE("G-02", FltObjects->FileObject == NULL && FltObjects->Transaction == NULL);
    ConformOutcomes(&Target, FLT_INSTANCE_CONTEXT);
    ConformOutcomes(&Target, FLT_VOLUME_CONTEXT);
    Slot = Link(&Target, FLT_INSTANCE_CONTEXT, "C-31");
    RULE("C-31", CanGet(&Target, FLT_INSTANCE_CONTEXT));
    if (InterlockedIncrement(&SetupsAfterFirst) == 1) {
        InstanceSlot = Slot;
    }
    Slot = Link(&Target, FLT_VOLUME_CONTEXT, "C-29");
    if (SetupsAfterFirst == 1) {
        VolumeSlot = Slot;
    }
    RULE("D-06", CanGet(&Target, FLT_VOLUME_CONTEXT));
    return STATUS_SUCCESS;
}

/* ---- create ---- */

static BOOLEAN
IsMarked(PFLT_CALLBACK_DATA Data)
{
    static UNICODE_STRING Wanted = RTL_CONSTANT_STRING(L"conform.dat");
    PFLT_FILE_NAME_INFORMATION Name;
    BOOLEAN Marked = FALSE;

    if (!NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return FALSE;
    }
    if (NT_SUCCESS(FltParseFileNameInformation(Name))) {
        Marked = RtlEqualUnicodeString(&Name->FinalComponent, &Wanted, TRUE);
    }
    FltReleaseFileNameInformation(Name);
    return Marked;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    FLT_RELATED_CONTEXTS Contexts;

    if (!IsMarked(Data)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FltGetContexts(FltObjects, FLT_ALL_CONTEXTS, &Contexts);
    RULE("J-13", Contexts.VolumeContext != NULL && Contexts.InstanceContext != NULL);
    RULE("J-13", Contexts.FileContext == NULL && Contexts.StreamContext == NULL && Contexts.StreamHandleContext == NULL);
    FltReleaseContexts(&Contexts);
    RULE("J-03", *CompletionContext == NULL);
    *CompletionContext = ConformNew(FltObjects->Filter, FLT_STREAM_CONTEXT);
    RULE("B-21", *CompletionContext != NULL);
    return *CompletionContext != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* A second open of the same file, through a handle of our own. */
static VOID
SecondOpen(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PCCONFORM_TARGET First, PFLT_CONTEXT Stream)
{
    PFLT_FILE_NAME_INFORMATION Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT Object;
    HANDLE Handle;
    CONFORM_TARGET Second = *First;
    PFLT_CONTEXT FileContext = NULL;
    LONG Slot;

    if (!NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        return;
    }
    InitializeObjectAttributes(&Attributes, &Name->Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NT_SUCCESS(FltCreateFileEx(FltObjects->Filter, FltObjects->Instance, &Handle, &Object, FILE_READ_ATTRIBUTES, &Attributes, &IoStatus, NULL,
        FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN, 0, NULL, 0, IO_IGNORE_SHARE_ACCESS_CHECK))) {
        Second.FileObject = Object;
        RULE("C-33", ConformIsLinked(&Second, FLT_STREAM_CONTEXT, Stream));
        RULE("C-34", ConformIsLinked(&Second, FLT_STREAMHANDLE_CONTEXT, NULL));
        if (FileSlot >= 0 && NT_SUCCESS(FltGetFileContext(First->Instance, First->FileObject, &FileContext))) {
            RULE("C-35", ConformIsLinked(&Second, FLT_FILE_CONTEXT, FileContext));
            FltReleaseContext(FileContext);
        }
        Slot = Link(&Second, FLT_STREAMHANDLE_CONTEXT, "C-34");
        RULE("C-34", CanGet(&Second, FLT_STREAMHANDLE_CONTEXT) && ConformIsLinked(First, FLT_STREAMHANDLE_CONTEXT, HandleContext));
        ObDereferenceObject(Object);
        FltClose(Handle);
        RULE("F-11", ConformDeaths(Slot) == 1 && ConformDeaths(HandleSlot) == 0);
        RULE("F-10", ConformIsLinked(First, FLT_STREAM_CONTEXT, Stream));
    } else {
        RULE("C-34", FALSE);
    }
    FltReleaseFileNameInformation(Name);
}

static VOID
Support(PCCONFORM_TARGET Target)
{
    PFLT_CONTEXT Context;

    RULE("D-19", FltSupportsStreamContexts(Target->FileObject) && FltSupportsStreamHandleContexts(Target->FileObject));
    RULE("D-21", !FltSupportsFileContexts(Target->FileObject) || FltSupportsFileContextsEx(Target->FileObject, Target->Instance));
    RULE("D-21", FltSupportsFileContexts(Target->FileObject) == FltSupportsFileContextsEx(Target->FileObject, NULL));
    Context = ConformNew(Target->Filter, FLT_FILE_CONTEXT);
    if (Context != NULL) {
        NTSTATUS Status = ConformSet(Target, FLT_FILE_CONTEXT, KEEP, Context, NULL);
        RULE("D-22", (Status == STATUS_NOT_SUPPORTED) == !FltSupportsFileContextsEx(Target->FileObject, Target->Instance));
        if (NT_SUCCESS(Status)) {
            FltDeleteContext(Context);
        }
        FltReleaseContext(Context);
    }
    RULE("H-01", Target->FileObject->FsContext != NULL && FlagOn(((PFSRTL_ADVANCED_FCB_HEADER)Target->FileObject->FsContext)->Flags, FSRTL_FLAG_ADVANCED_HEADER));
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    CONFORM_TARGET Target;

    if (FlagOn(Flags, FLTFL_POST_OPERATION_DRAINING) || !NT_SUCCESS(Data->IoStatus.Status) || Data->IoStatus.Status == STATUS_REPARSE ||
        InterlockedIncrement(&OutcomesDone) != 1) {
        FltReleaseContext(CompletionContext);
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    Fill(FltObjects, &Target);
    RULE("J-10", KeGetCurrentIrql() == PASSIVE_LEVEL);
    Support(&Target);
    ConformOutcomes(&Target, FLT_STREAM_CONTEXT);
    ConformOutcomes(&Target, FLT_STREAMHANDLE_CONTEXT);
    if (FltSupportsFileContextsEx(Target.FileObject, Target.Instance)) {
        ConformOutcomes(&Target, FLT_FILE_CONTEXT);
        FileSlot = Link(&Target, FLT_FILE_CONTEXT, "J-14");
    }
    RULE_STATUS("B-21", FltSetStreamContext(Target.Instance, Target.FileObject, KEEP, CompletionContext, NULL), STATUS_SUCCESS);
    StreamSlot = ConformSlot(CompletionContext);
    HandleSlot = Link(&Target, FLT_STREAMHANDLE_CONTEXT, "J-14");
    if (NT_SUCCESS(FltGetStreamHandleContext(Target.Instance, Target.FileObject, &HandleContext))) {
        FltReleaseContext(HandleContext);
    }
    MarkedFile = FltObjects->FileObject;
    ConformSeveral(FltObjects);
    SecondOpen(Data, FltObjects, &Target, CompletionContext);
    FltReleaseContext(CompletionContext);
    RULE("B-21", ConformDeaths(StreamSlot) == 0);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* ---- the end of the file ---- */

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    CONFORM_TARGET Target;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (FltObjects->FileObject != MarkedFile) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Fill(FltObjects, &Target);
    RULE("J-16", CanGet(&Target, FLT_STREAM_CONTEXT) && CanGet(&Target, FLT_STREAMHANDLE_CONTEXT));
    RULE("J-16", CanGet(&Target, FLT_VOLUME_CONTEXT) && CanGet(&Target, FLT_INSTANCE_CONTEXT));
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    CONFORM_TARGET Target;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    Fill(FltObjects, &Target);
    RULE("J-16", CanGet(&Target, FLT_STREAM_CONTEXT) && CanGet(&Target, FLT_STREAMHANDLE_CONTEXT));
    RULE("F-09", ConformDeaths(StreamSlot) == 0);
    RULE("J-08", KeGetCurrentIrql() <= APC_LEVEL);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreClose(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    CONFORM_TARGET Target;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    if (FltObjects->FileObject != MarkedFile) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Fill(FltObjects, &Target);
    RULE("J-17", CanGet(&Target, FLT_STREAM_CONTEXT) && CanGet(&Target, FLT_STREAMHANDLE_CONTEXT));
    RULE("J-17", FileSlot < 0 || CanGet(&Target, FLT_FILE_CONTEXT));
    RULE("F-11", ConformDeaths(HandleSlot) == 0);
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostClose(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    CONFORM_TARGET Target;

    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    Fill(FltObjects, &Target);
    RULE("F-11", ConformDeaths(HandleSlot) == 1);
    RULE("J-17", CanGet(&Target, FLT_VOLUME_CONTEXT) && CanGet(&Target, FLT_INSTANCE_CONTEXT));
    MarkedFile = NULL;
    return FLT_POSTOP_FINISHED_PROCESSING;
}

const FLT_OPERATION_REGISTRATION ConformOperations[] = {
    { IRP_MJ_CREATE, 0, PreCreate, PostCreate, NULL },
    { IRP_MJ_CLEANUP, 0, PreCleanup, PostCleanup, NULL },
    { IRP_MJ_CLOSE, 0, PreClose, PostClose, NULL },
    { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL },
};

/* ---- teardown ---- */

NTSTATUS FLTAPI
ConformQueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_SUCCESS;
}

VOID FLTAPI
ConformTeardownStart(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    CONFORM_TARGET Target;
    PFLT_CONTEXT Old, Context;

    Fill(FltObjects, &Target);
    SawStart = TRUE;
    RULE("G-05", Reason == FLTFL_INSTANCE_TEARDOWN_MANUAL || Reason == FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD ||
        Reason == FLTFL_INSTANCE_TEARDOWN_MANDATORY_FILTER_UNLOAD || Reason == FLTFL_INSTANCE_TEARDOWN_VOLUME_DISMOUNT);
    RULE("G-07", KeGetCurrentIrql() == PASSIVE_LEVEL);
    RULE("G-02", FltObjects->FileObject == NULL && FltObjects->Transaction == NULL);
    RULE("D-05", CanGet(&Target, FLT_INSTANCE_CONTEXT));
    RULE_STATUS("E-06", FltDeleteInstanceContext(Target.Instance, &Old), STATUS_SUCCESS);
    RULE_STATUS("G-12", FltSetInstanceContext(Target.Instance, KEEP, Old, NULL), STATUS_SUCCESS);
    FltReleaseContext(Old);
    if (Reason == FLTFL_INSTANCE_TEARDOWN_FILTER_UNLOAD) {
        Context = &Context;
        RULE_STATUS("B-15", FltAllocateContext(Target.Filter, FLT_STREAM_CONTEXT, CONFORM_SIZE, PagedPool, &Context), STATUS_FLT_DELETING_OBJECT);
        RULE("B-16", Context == NULL_CONTEXT);
    }
}

VOID FLTAPI
ConformTeardownComplete(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    CONFORM_TARGET Target;
    PFLT_CONTEXT Old = &Old, Got;

    UNREFERENCED_PARAMETER(Reason);
    Fill(FltObjects, &Target);
    RULE("G-06", SawStart);
    RULE("G-07", KeGetCurrentIrql() == PASSIVE_LEVEL);
    RULE("D-05", CanGet(&Target, FLT_INSTANCE_CONTEXT));
    RULE("G-13", CanGet(&Target, FLT_VOLUME_CONTEXT));
    RULE_STATUS("E-06", FltDeleteInstanceContext(Target.Instance, &Old), STATUS_FLT_DELETING_OBJECT);
    RULE("E-06", Old == NULL_CONTEXT);
    if (NT_SUCCESS(FltGetVolumeContext(Target.Filter, Target.Volume, &Got))) {
        FltReleaseContext(Got);
    }
    if (NT_SUCCESS(FltGetInstanceContext(Target.Instance, &Got))) {
        RULE_STATUS("C-16", FltSetInstanceContext(Target.Instance, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Got, NULL), STATUS_FLT_DELETING_OBJECT);
        FltReleaseContext(Got);
    }
    RULE_STATUS("G-14", FltObjectReference(Target.Instance), STATUS_FLT_DELETING_OBJECT);
    RULE("F-17", InstanceSlot < 0 || ConformDeaths(InstanceSlot) == 0);
}

VOID
ConformAfterUnregister(VOID)
{
    RULE("F-17", ConformDeaths(InstanceSlot) == 1);
    RULE("F-18", ConformDeaths(VolumeSlot) == 1);
    RULE("F-08", StreamSlot < 0 || ConformDeaths(StreamSlot) == 1);
    RULE("F-12", FileSlot < 0 || ConformDeaths(FileSlot) == 1);
    RULE("G-15", SawStart);
}

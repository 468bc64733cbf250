/* SPDX-License-Identifier: MIT */
/* The stress program's filters: what they do at each operation, and what they check of it. */
#include "stressp.h"

struct STRESS_COUNTERS StressCounters;

/* ---- chance ---- */

struct storm_thread *
StressRandom(void)
{
    static _Thread_local struct storm_thread Mine;
    static _Atomic(uint64_t) Next;

    if (Mine.random == 0) {
        Mine.random = (Stress.seed + 1000 + atomic_fetch_add(&Next, 1)) * 0x9E3779B97F4A7C15ull;
        Mine.random += Mine.random == 0;
        for (int i = 0; i < 4; i++) {
            storm_random(&Mine);
        }
    }
    return &Mine;
}

/* ---- coming and going ---- */

/* The record of the callback's instance, referenced; NULL: something is wrong, and said. */
static STRESS_RECORD *
StressEnter(STRESS_FILTER *Filter, PCFLT_RELATED_OBJECTS Objects)
{
    PFLT_CONTEXT Context = NULL;

    Add(&Filter->Inside, 1);
    CHECK(Read(&Filter->Loaded) != 0);
    const NTSTATUS Status = FltGetInstanceContext(Objects->Instance, &Context);
    if (Status != STATUS_SUCCESS) {
        storm_wrong(&Stress, "a callback of an instance without its context: %08x", (unsigned)Status);
        Add(&Filter->Inside, -1);
        return NULL;
    }
    STRESS_RECORD *Record = Context;
    Add(&Record->Inside, 1);
    CHECK(Record->Canary == CANARY && Record->Filter == Filter && Read(&Record->State) == 1);
    return Record;
}

static VOID
StressLeave(STRESS_FILTER *Filter, STRESS_RECORD *Record)
{
    CHECK(Read(&Record->State) == 1);
    Add(&Record->Inside, -1);
    FltReleaseContext(Record);
    Add(&Filter->Inside, -1);
}

NTSTATUS
StressInstanceSetup(ULONG Which, PCFLT_RELATED_OBJECTS Objects)
{
    STRESS_FILTER *Filter = &StressFilters[Which];

    Add(&Filter->Inside, 1);
    CHECK(Read(&Filter->Loaded) != 0);
    /* Not Filter->Tiny.Filter: the load may not have returned yet. */
    PFLT_CONTEXT Context = NULL;
    NTSTATUS Status = FltAllocateContext(Objects->Filter, FLT_INSTANCE_CONTEXT, sizeof(STRESS_RECORD), NonPagedPool, &Context);
    if (NT_SUCCESS(Status)) {
        STRESS_RECORD *Record = Context;
        memset(Record, 0, sizeof(*Record));
        Record->Canary = CANARY;
        Record->Filter = Filter;
        Add(&Record->State, 1);
        Add(&Filter->Contexts, 1);
        Status = FltSetInstanceContext(Objects->Instance, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Record, NULL);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_FLT_DELETING_OBJECT);
        FltReleaseContext(Record);
    }
    Add(&Filter->Inside, -1);
    return NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_FLT_DO_NOT_ATTACH;
}

VOID
StressInstanceComplete(ULONG Which, PCFLT_RELATED_OBJECTS Objects)
{
    STRESS_FILTER *Filter = &StressFilters[Which];
    STRESS_RECORD *Record = StressEnter(Filter, Objects);

    if (Record == NULL) {
        return;
    }
    CHECK(Read(&Record->Inside) == 1 && Read(&Record->Owed) == 0);
    Add(&Record->Inside, -1);
    CHECK(Add(&Record->State, 1) == 2);
    FltReleaseContext(Record);
    Add(&Filter->Inside, -1);
}

/* ---- post-operation calls that are owed ---- */

typedef struct STRESS_TOKEN {
    ULONG Canary;
    UCHAR Major;
    BOOLEAN Synchronized;
    STRESS_RECORD *Record;                     /* referenced */
} STRESS_TOKEN;

static STRESS_TOKEN *
StressOwe(STRESS_FILTER *Filter, STRESS_RECORD *Record, UCHAR Major, BOOLEAN Synchronized)
{
    STRESS_TOKEN *Token = port_alloc(sizeof(*Token));

    *Token = (STRESS_TOKEN){ .Canary = CANARY, .Major = Major, .Synchronized = Synchronized, .Record = Record };
    FltReferenceContext(Record);
    Add(&Record->Owed, 1);
    Add(&Filter->Tokens, 1);
    return Token;
}

static VOID
StressPaid(STRESS_FILTER *Filter, STRESS_TOKEN *Token)
{
    CHECK(Token->Canary == CANARY);
    Token->Canary = 0;
    CHECK(Add(&Token->Record->Owed, -1) >= 0);
    CHECK(Add(&Filter->Tokens, -1) >= 0);
    FltReleaseContext(Token->Record);
    port_free(Token);
}

/* ---- I/O of the filter's own ---- */

static BOOLEAN
StressMayFail(NTSTATUS Status)
{
    return NT_SUCCESS(Status) || Status == STATUS_END_OF_FILE || Status == STATUS_FLT_DELETING_OBJECT || Status == STATUS_VOLUME_DISMOUNTED ||
           Status == STATUS_FILE_CLOSED || Status == STATUS_DELETE_PENDING || Status == STATUS_NO_SUCH_DEVICE;
}

static VOID
StressOwnRead(PCFLT_RELATED_OBJECTS Objects)
{
    LARGE_INTEGER Start = { .QuadPart = 0 };
    FILE_STANDARD_INFORMATION Standard;
    BOOLEAN Directory = FALSE;
    UCHAR Buffer[16];
    ULONG Length;

    /* The name of a directory is asked for, too. */
    if (!NT_SUCCESS(FltIsDirectory(Objects->FileObject, Objects->Instance, &Directory)) || Directory) {
        return;
    }
    NTSTATUS Status = FltReadFile(Objects->Instance, Objects->FileObject, &Start, sizeof(Buffer), Buffer, 0, &Length, NULL, NULL);

    CHECK_STATUS(Status, StressMayFail(Status));
    Status = FltQueryInformationFile(Objects->Instance, Objects->FileObject, &Standard, sizeof(Standard), FileStandardInformation, NULL);
    CHECK_STATUS(Status, StressMayFail(Status));
    CHECK_STATUS(Status, !NT_SUCCESS(Status) || !Standard.Directory);
}

static VOID
StressOwnOpen(PCFLT_RELATED_OBJECTS Objects)
{
    WCHAR Buffer[64];
    UNICODE_STRING Name = { .Buffer = Buffer, .MaximumLength = sizeof(Buffer) };
    const UNICODE_STRING Common = TinyString("\\common");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Handle;

    if (!NT_SUCCESS(FltGetVolumeName(Objects->Volume, &Name, NULL)) || !NT_SUCCESS(RtlAppendUnicodeStringToString(&Name, &Common))) {
        return;
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    const NTSTATUS Status = FltCreateFile(Objects->Filter, Objects->Instance, &Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &IoStatus, NULL,
        0, FILE_SHARE_VALID_FLAGS, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0, 0);
    CHECK_STATUS(Status, StressMayFail(Status) || Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND);
    if (NT_SUCCESS(Status)) {
        FltClose(Handle);
    }
}

static VOID
StressOwnName(PFLT_CALLBACK_DATA Data)
{
    PFLT_FILE_NAME_INFORMATION Information;

    if (NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &Information))) {
        const NTSTATUS Status = FltParseFileNameInformation(Information);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS && Information->Name.Length >= Information->Volume.Length);
        FltReleaseFileNameInformation(Information);
    }
}

/* ---- pended operations ---- */

typedef struct STRESS_PENDED {
    STRESS_FILTER *Filter;
    STRESS_RECORD *Record;                     /* referenced */
    STRESS_TOKEN *Token;                       /* post: it is paid already, but for this */
} STRESS_PENDED;

static VOID
StressPreWorker(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    STRESS_PENDED *Pended = Context;
    STRESS_FILTER *Filter = Pended->Filter;
    STRESS_TOKEN *Token = NULL;

    Add(&Filter->Inside, 1);
    Add(&Pended->Record->Inside, 1);
    CHECK(Read(&Filter->Loaded) != 0 && Pended->Record->Canary == CANARY && Read(&Pended->Record->State) == 1);
    if (storm_random(StressRandom()) % 2) {
        Token = StressOwe(Filter, Pended->Record, Data->Iopb->MajorFunction, FALSE);
    }
    StressLeave(Filter, Pended->Record);
    FltCompletePendedPreOperation(Data, Token != NULL ? FLT_PREOP_SUCCESS_WITH_CALLBACK : FLT_PREOP_SUCCESS_NO_CALLBACK, Token);
    FltFreeDeferredIoWorkItem(Item);
    port_free(Pended);
}

static VOID
StressPostWorker(PFLT_DEFERRED_IO_WORKITEM Item, PFLT_CALLBACK_DATA Data, PVOID Context)
{
    STRESS_PENDED *Pended = Context;
    STRESS_FILTER *Filter = Pended->Filter;

    Add(&Filter->Inside, 1);
    Add(&Pended->Record->Inside, 1);
    CHECK(Read(&Filter->Loaded) != 0 && Pended->Record->Canary == CANARY && Read(&Pended->Record->State) == 1);
    StressPaid(Filter, Pended->Token);
    StressLeave(Filter, Pended->Record);
    FltCompletePendedPostOperation(Data);
    FltFreeDeferredIoWorkItem(Item);
    port_free(Pended);
}

static BOOLEAN
StressPend(STRESS_FILTER *Filter, STRESS_RECORD *Record, PFLT_CALLBACK_DATA Data, STRESS_TOKEN *Token)
{
    PFLT_DEFERRED_IO_WORKITEM Item = FltAllocateDeferredIoWorkItem();
    STRESS_PENDED *Pended = port_alloc(sizeof(*Pended));

    *Pended = (STRESS_PENDED){ Filter, Record, Token };
    FltReferenceContext(Record);
    const NTSTATUS Status = FltQueueDeferredIoWorkItem(Item, Data, Token != NULL ? StressPostWorker : StressPreWorker, DelayedWorkQueue, Pended);
    if (NT_SUCCESS(Status)) {
        Count(&StressCounters.Pended);
        return TRUE;
    }
    CHECK_STATUS(Status, Status == STATUS_FLT_DELETING_OBJECT || Status == STATUS_FLT_NOT_SAFE_TO_POST_OPERATION);
    FltReleaseContext(Record);
    FltFreeDeferredIoWorkItem(Item);
    port_free(Pended);
    return FALSE;
}

/* ---- callbacks ---- */

static BOOLEAN
StressIsTransfer(UCHAR Major)
{
    return Major == IRP_MJ_READ || Major == IRP_MJ_WRITE || Major == IRP_MJ_QUERY_INFORMATION || Major == IRP_MJ_SET_INFORMATION;
}

static VOID
StressPlay(STRESS_FILTER *Filter, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Draw)
{
    const UCHAR Major = Data->Iopb->MajorFunction;

    if (Draw % 4 == 0) {
        StressContextStep(Filter, Objects, Major != IRP_MJ_CLEANUP && Major != IRP_MJ_CLOSE);
    }
    if (Draw % 64 == 1 && StressIsTransfer(Major)) {
        StressOwnRead(Objects);
    }
    if (Draw % 64 == 2 && Major != IRP_MJ_CLOSE && Major != IRP_MJ_CLEANUP) {
        StressOwnOpen(Objects);
    }
    if (Draw % 32 == 3 && Major != IRP_MJ_CLOSE) {
        StressOwnName(Data);
    }
}

static FLT_PREOP_CALLBACK_STATUS
StressAnswer(STRESS_FILTER *Filter, STRESS_RECORD *Record, PFLT_CALLBACK_DATA Data, ULONG Draw, PVOID *Context)
{
    const UCHAR Major = Data->Iopb->MajorFunction;

    switch (Draw % 8) {
    case 0:
    case 1:
    case 2:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    case 3:
        *Context = StressOwe(Filter, Record, Major, TRUE);
        return FLT_PREOP_SYNCHRONIZE;
    case 4:
        if ((StressIsTransfer(Major) || Major == IRP_MJ_CREATE) && FLT_IS_IRP_OPERATION(Data) && StressPend(Filter, Record, Data, NULL)) {
            return FLT_PREOP_PENDING;
        }
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    default:
        *Context = StressOwe(Filter, Record, Major, FALSE);
        return FLT_PREOP_SUCCESS_WITH_CALLBACK;
    }
}

FLT_PREOP_CALLBACK_STATUS
StressPre(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    STRESS_FILTER *Filter = &StressFilters[Which];
    STRESS_RECORD *Record = StressEnter(Filter, Objects);
    const ULONG Draw = storm_random(StressRandom());

    if (Record == NULL) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Count(&StressCounters.Pre);
    if (Data->Iopb->MajorFunction != IRP_MJ_CREATE) {
        StressPlay(Filter, Data, Objects, Draw);
    }
    const FLT_PREOP_CALLBACK_STATUS Answer = StressAnswer(Filter, Record, Data, Draw >> 16, Context);
    StressLeave(Filter, Record);
    return Answer;
}

FLT_POSTOP_CALLBACK_STATUS
StressPost(ULONG Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    STRESS_FILTER *Filter = &StressFilters[Which];
    STRESS_TOKEN *Token = Context;
    STRESS_RECORD *Record = StressEnter(Filter, Objects);
    const ULONG Draw = storm_random(StressRandom());
    const UCHAR Major = Data->Iopb->MajorFunction;
    const BOOLEAN Draining = (Flags & FLTFL_POST_OPERATION_DRAINING) != 0;

    if (Record == NULL) {
        return FLT_POSTOP_FINISHED_PROCESSING;
    }
    CHECK(Token->Canary == CANARY && Token->Record == Record && Token->Major == Major);
    Count(Draining ? &StressCounters.Drained : &StressCounters.Post);
    if (!Draining && NT_SUCCESS(Data->IoStatus.Status) && Data->IoStatus.Status != STATUS_REPARSE && Major != IRP_MJ_CLOSE && KeGetCurrentIrql() == PASSIVE_LEVEL) {
        StressPlay(Filter, Data, Objects, Draw);
    }
    if (!Draining && !Token->Synchronized && StressIsTransfer(Major) && FLT_IS_IRP_OPERATION(Data) && (Draw >> 16) % 16 == 0 &&
        StressPend(Filter, Record, Data, Token)) {
        StressLeave(Filter, Record);
        return FLT_POSTOP_MORE_PROCESSING_REQUIRED;
    }
    StressPaid(Filter, Token);
    StressLeave(Filter, Record);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* SPDX-License-Identifier: MIT */
/* Contexts of the stress program's filters. */
#include "stressp.h"

typedef struct STRESS_CONTEXT {
    ULONG Canary;
    FLT_CONTEXT_TYPE Type;
    ULONG Which, Worker;
    PVOID Target;                              /* what it is set on, as far as one can tell */
    _Atomic(LONG) Uses;
} STRESS_CONTEXT;

_Atomic(LONG) StressContextsOf[MAX_WORKERS];

/* The worker whose file it is: "\w07\f2".  The last number: nobody's. */
static ULONG
StressWorkerOf(PFILE_OBJECT FileObject)
{
    const UNICODE_STRING *Name = FileObject != NULL ? &FileObject->FileName : NULL;

    if (Name == NULL || Name->Length < 4 * sizeof(WCHAR) || Name->Buffer[1] != L'w') {
        return MAX_WORKERS - 1;
    }
    return (ULONG)(Name->Buffer[2] - L'0') * 10 + (ULONG)(Name->Buffer[3] - L'0');
}

static VOID
StressCleanup(ULONG Which, PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    STRESS_FILTER *Filter = &StressFilters[Which];

    Add(&Filter->Inside, 1);
    CHECK(Read(&Filter->Loaded) != 0);
    if (Type == FLT_INSTANCE_CONTEXT) {
        STRESS_RECORD *Record = Context;
        CHECK(Record->Canary == CANARY && Record->Filter == Filter && Read(&Record->Inside) == 0 && Read(&Record->Owed) == 0);
        Record->Canary = 0;
    } else {
        STRESS_CONTEXT *Mark = Context;
        CHECK(Mark->Canary == CANARY && Mark->Type == Type && Mark->Which == Which && Read(&Mark->Uses) == 0);
        Mark->Canary = 0;
        Add(&StressContextsOf[Mark->Worker], -1);
    }
    CHECK(Add(&Filter->Contexts, -1) >= 0);
    Add(&Filter->Inside, -1);
}

#define CLEANUP(N) \
    static VOID Cleanup##N(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type) { StressCleanup(N, Context, Type); }
CLEANUP(0)
CLEANUP(1)
CLEANUP(2)
CLEANUP(3)
#define DEFINITION(N, Type, What) { Type, 0, Cleanup##N, sizeof(What), 'srtS', NULL, NULL, NULL }
#define DEFINITIONS(N) \
    static const FLT_CONTEXT_REGISTRATION Contexts##N[] = { DEFINITION(N, FLT_VOLUME_CONTEXT, STRESS_CONTEXT), \
        DEFINITION(N, FLT_INSTANCE_CONTEXT, STRESS_RECORD), DEFINITION(N, FLT_FILE_CONTEXT, STRESS_CONTEXT), \
        DEFINITION(N, FLT_STREAM_CONTEXT, STRESS_CONTEXT), DEFINITION(N, FLT_STREAMHANDLE_CONTEXT, STRESS_CONTEXT), \
        DEFINITION(N, FLT_TRANSACTION_CONTEXT, STRESS_CONTEXT), { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
DEFINITIONS(0)
DEFINITIONS(1)
DEFINITIONS(2)
DEFINITIONS(3)
const FLT_CONTEXT_REGISTRATION *const StressContextRegistrations[FILTERS] = { Contexts0, Contexts1, Contexts2, Contexts3 };

STRESS_RECORD *
StressRecordMake(STRESS_FILTER *Filter)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(Filter->Tiny.Filter, FLT_INSTANCE_CONTEXT, sizeof(STRESS_RECORD), NonPagedPool, &Context))) {
        return NULL;
    }
    STRESS_RECORD *Record = Context;
    memset(Record, 0, sizeof(*Record));
    Record->Canary = CANARY;
    Record->Filter = Filter;
    Add(&Filter->Contexts, 1);
    return Record;
}

static PFLT_CONTEXT
StressContextMake(STRESS_FILTER *Filter, PFLT_FILTER FltFilter, FLT_CONTEXT_TYPE Type, ULONG Worker, PVOID Target)
{
    PFLT_CONTEXT Context;

    if (!NT_SUCCESS(FltAllocateContext(FltFilter, Type, sizeof(STRESS_CONTEXT), NonPagedPool, &Context))) {
        return NULL;                           /* it is being unregistered */
    }
    STRESS_CONTEXT *Mark = Context;
    memset(Mark, 0, sizeof(*Mark));
    *Mark = (STRESS_CONTEXT){ .Canary = CANARY, .Type = Type, .Which = (ULONG)(Filter - StressFilters), .Worker = Worker, .Target = Target };
    Add(&StressContextsOf[Worker], 1);
    Add(&Filter->Contexts, 1);
    Count(&StressCounters.Contexts);
    return Context;
}

static void
StressUse(STRESS_FILTER *Filter, PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type, PVOID Target)
{
    STRESS_CONTEXT *Mark = Context;

    Add(&Mark->Uses, 1);
    CHECK(Mark->Canary == CANARY && Mark->Type == Type && Mark->Which == (ULONG)(Filter - StressFilters));
    CHECK(Mark->Target == Target);
    Add(&Mark->Uses, -1);
}

/* ---- one form for the types ---- */

typedef struct STRESS_TARGET {
    STRESS_FILTER *Filter;
    PFLT_FILTER FltFilter;
    PFLT_VOLUME Volume;
    PFLT_INSTANCE Instance;
    PFILE_OBJECT File;
    PKTRANSACTION Transaction;
    FLT_CONTEXT_TYPE Type;
    PVOID Mark;                                /* STRESS_CONTEXT.Target */
} STRESS_TARGET;

static NTSTATUS
StressSet(const STRESS_TARGET *To, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT Context, PFLT_CONTEXT *Old)
{
    switch (To->Type) {
    case FLT_VOLUME_CONTEXT:
        return FltSetVolumeContext(To->Volume, Operation, Context, Old);
    case FLT_FILE_CONTEXT:
        return FltSetFileContext(To->Instance, To->File, Operation, Context, Old);
    case FLT_STREAM_CONTEXT:
        return FltSetStreamContext(To->Instance, To->File, Operation, Context, Old);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltSetStreamHandleContext(To->Instance, To->File, Operation, Context, Old);
    default:
        return FltSetTransactionContext(To->Instance, To->Transaction, Operation, Context, Old);
    }
}

static NTSTATUS
StressGet(const STRESS_TARGET *From, PFLT_CONTEXT *Context)
{
    switch (From->Type) {
    case FLT_VOLUME_CONTEXT:
        return FltGetVolumeContext(From->FltFilter, From->Volume, Context);
    case FLT_FILE_CONTEXT:
        return FltGetFileContext(From->Instance, From->File, Context);
    case FLT_STREAM_CONTEXT:
        return FltGetStreamContext(From->Instance, From->File, Context);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltGetStreamHandleContext(From->Instance, From->File, Context);
    default:
        return FltGetTransactionContext(From->Instance, From->Transaction, Context);
    }
}

static NTSTATUS
StressDelete(const STRESS_TARGET *From, PFLT_CONTEXT *Old)
{
    switch (From->Type) {
    case FLT_VOLUME_CONTEXT:
        return FltDeleteVolumeContext(From->FltFilter, From->Volume, Old);
    case FLT_FILE_CONTEXT:
        return FltDeleteFileContext(From->Instance, From->File, Old);
    case FLT_STREAM_CONTEXT:
        return FltDeleteStreamContext(From->Instance, From->File, Old);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltDeleteStreamHandleContext(From->Instance, From->File, Old);
    default:
        return FltDeleteTransactionContext(From->Instance, From->Transaction, Old);
    }
}

static VOID
StressSetStep(const STRESS_TARGET *To, ULONG Draw)
{
    const ULONG Worker = To->Type == FLT_VOLUME_CONTEXT ? MAX_WORKERS - 1 : StressWorkerOf(To->File);
    PFLT_CONTEXT Made = StressContextMake(To->Filter, To->FltFilter, To->Type, Worker, To->Mark), Old = NULL;

    if (Made == NULL) {
        return;
    }
    const NTSTATUS Status = StressSet(To, Draw % 2 ? FLT_SET_CONTEXT_KEEP_IF_EXISTS : FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Made,
        Draw % 3 ? &Old : NULL);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_FLT_CONTEXT_ALREADY_DEFINED || Status == STATUS_FLT_DELETING_OBJECT);
    CHECK_STATUS(Status, Status != STATUS_FLT_CONTEXT_ALREADY_DEFINED || Draw % 2);
    StressUse(To->Filter, Made, To->Type, To->Mark);
    FltReleaseContext(Made);
    if (Old != NULL) {
        StressUse(To->Filter, Old, To->Type, To->Mark);
        FltReleaseContext(Old);
    }
}

static VOID
StressStep(const STRESS_TARGET *On, ULONG Draw, BOOLEAN MaySet)
{
    PFLT_CONTEXT Got = NULL;
    NTSTATUS Status;

    switch (Draw % 4) {
    case 0:
        if (MaySet) {
            StressSetStep(On, Draw >> 2);
        }
        return;
    case 1:
        Status = StressDelete(On, Draw & 16 ? &Got : NULL);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_NOT_FOUND || Status == STATUS_FLT_DELETING_OBJECT);
        break;
    default:
        Status = StressGet(On, &Got);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_NOT_FOUND);
        CHECK_STATUS(Status, (Status == STATUS_SUCCESS) == (Got != NULL));
        break;
    }
    if (Got != NULL) {
        StressUse(On->Filter, Got, On->Type, On->Mark);
        FltReleaseContext(Got);
    }
}

VOID
StressContextStep(STRESS_FILTER *Filter, PCFLT_RELATED_OBJECTS Objects, BOOLEAN MaySet)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    const ULONG Draw = storm_random(StressRandom());
    STRESS_TARGET On = { .Filter = Filter, .FltFilter = Objects->Filter, .Volume = Objects->Volume, .Instance = Objects->Instance,
        .File = Objects->FileObject, .Type = Types[Draw % RTL_NUMBER_OF(Types)] };

    if (On.File->Flags & FO_VOLUME_OPEN) {
        On.Type = FLT_VOLUME_CONTEXT;          /* the others are not supported there */
    }
    switch (On.Type) {
    case FLT_VOLUME_CONTEXT:
        On.Mark = On.Volume;
        break;
    case FLT_STREAMHANDLE_CONTEXT:
        On.Mark = On.File;
        break;
    case FLT_STREAM_CONTEXT:
        On.Mark = On.File->FsContext;
        break;
    default:
        break;                                 /* a file may live longer than its stream */
    }
    StressStep(&On, Draw >> 8, MaySet);
}

VOID
StressTransactionStep(STRESS_FILTER *Filter, PFLT_INSTANCE Instance, PKTRANSACTION Transaction)
{
    const STRESS_TARGET On = { .Filter = Filter, .FltFilter = Filter->Tiny.Filter, .Instance = Instance, .Transaction = Transaction,
        .Type = FLT_TRANSACTION_CONTEXT, .Mark = Transaction };

    StressStep(&On, storm_random(StressRandom()), TRUE);
}

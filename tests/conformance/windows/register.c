/* SPDX-License-Identifier: MIT */
/* Sections A and B: registrations that are refused or accepted, and allocations. */
#include "conform.h"

#define ROW(Type, Flags, Size) { (Type), (Flags), ConformCleanup, (Size), CONFORM_TAG, NULL, NULL, NULL }
#define END { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL }
#define NO_EXACT FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH

static PVOID CustomBlock, FreedBlock;
static SIZE_T CustomSize;
static POOL_TYPE CustomPool;
static FLT_CONTEXT_TYPE CustomType, FreedType;
static LONG CustomFrees;

static PVOID FLTAPI
CustomAllocate(POOL_TYPE PoolType, SIZE_T Size, FLT_CONTEXT_TYPE ContextType)
{
    CustomPool = PoolType;
    CustomSize = Size;
    CustomType = ContextType;
    CustomBlock = Size > 20000 ? NULL : ExAllocatePoolWithTag(PoolType, Size, CONFORM_TAG);
    return CustomBlock;
}

static VOID FLTAPI
CustomFree(PVOID Pool, FLT_CONTEXT_TYPE ContextType)
{
    FreedBlock = Pool;
    FreedType = ContextType;
    CustomFrees++;
    ExFreePoolWithTag(Pool, CONFORM_TAG);
}

/* What the filter is registered with in the end. */
const FLT_CONTEXT_REGISTRATION ConformContexts[] = {
    ROW(FLT_VOLUME_CONTEXT, 0, CONFORM_SIZE),
    ROW(FLT_INSTANCE_CONTEXT, 0, CONFORM_SIZE),
    ROW(FLT_FILE_CONTEXT, 0, CONFORM_SIZE),
    ROW(FLT_STREAM_CONTEXT, 0, FLT_VARIABLE_SIZED_CONTEXTS),
    ROW(FLT_STREAM_CONTEXT, 0, CONFORM_SIZE),
    ROW(FLT_STREAMHANDLE_CONTEXT, NO_EXACT, 128),
    ROW(FLT_STREAMHANDLE_CONTEXT, NO_EXACT, CONFORM_SIZE),
    { FLT_TRANSACTION_CONTEXT, NO_EXACT, NULL, 1, 0, CustomAllocate, CustomFree, NULL },
    { FLT_CONTEXT_END, 0xFFFF, ConformCleanup, 7, 7, CustomAllocate, NULL, NULL },
};

/* ---- registrations ---- */

static NTSTATUS
TryWith(PDRIVER_OBJECT DriverObject, const FLT_CONTEXT_REGISTRATION *Contexts, const FLT_OPERATION_REGISTRATION *Operations, USHORT Version, USHORT Size)
{
    FLT_REGISTRATION Registration;
    PFLT_FILTER Filter = (PFLT_FILTER)&Registration;
    NTSTATUS Status;

    RtlZeroMemory(&Registration, sizeof(Registration));
    Registration.Size = Size;
    Registration.Version = Version;
    Registration.ContextRegistration = Contexts;
    Registration.OperationRegistration = Operations;
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        FltUnregisterFilter(Filter);
    }
    return Status;
}

static NTSTATUS
Try(PDRIVER_OBJECT DriverObject, const FLT_CONTEXT_REGISTRATION *Contexts)
{
    return TryWith(DriverObject, Contexts, NULL, FLT_REGISTRATION_VERSION, sizeof(FLT_REGISTRATION));
}

static VOID
TrySizes(PDRIVER_OBJECT DriverObject)
{
    static const FLT_CONTEXT_REGISTRATION Fixed[] = { ROW(FLT_STREAM_CONTEXT, 0, 0), ROW(FLT_FILE_CONTEXT, 0, 1), ROW(FLT_INSTANCE_CONTEXT, 0, 65535), END };
    static const FLT_CONTEXT_REGISTRATION Big[] = { ROW(FLT_STREAM_CONTEXT, 0, 65536), END };
    static const FLT_CONTEXT_REGISTRATION Three[] = { ROW(FLT_STREAM_CONTEXT, 0, 3), ROW(FLT_STREAM_CONTEXT, 0, 1), ROW(FLT_STREAM_CONTEXT, 0, 2),
        ROW(FLT_STREAM_CONTEXT, 0, FLT_VARIABLE_SIZED_CONTEXTS), END };
    static const FLT_CONTEXT_REGISTRATION Four[] = { ROW(FLT_STREAM_CONTEXT, 0, 3), ROW(FLT_STREAM_CONTEXT, 0, 1), ROW(FLT_STREAM_CONTEXT, 0, 2),
        ROW(FLT_STREAM_CONTEXT, 0, 4), END };
    static const FLT_CONTEXT_REGISTRATION Same[] = { ROW(FLT_STREAM_CONTEXT, 0, 3), ROW(FLT_STREAM_CONTEXT, 0, 3), ROW(FLT_STREAM_CONTEXT, 0, 3),
        ROW(FLT_STREAM_CONTEXT, 0, 3), ROW(FLT_STREAM_CONTEXT, 0, 3), END };

    RULE_STATUS("A-05", Try(DriverObject, Fixed), STATUS_SUCCESS);
    RULE_STATUS("A-06", Try(DriverObject, Big), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    RULE_STATUS("A-08", Try(DriverObject, Three), STATUS_SUCCESS);
    RULE_STATUS("A-08", Try(DriverObject, Four), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    RULE_STATUS("A-09", Try(DriverObject, Same), STATUS_SUCCESS);
}

static VOID
TryCustom(PDRIVER_OBJECT DriverObject)
{
    static const FLT_CONTEXT_REGISTRATION Beside[] = { { FLT_STREAM_CONTEXT, 0, NULL, 0, 0, CustomAllocate, CustomFree, NULL }, ROW(FLT_STREAM_CONTEXT, 0, 8), END };
    static const FLT_CONTEXT_REGISTRATION Alone[] = { { FLT_STREAM_CONTEXT, 0, NULL, 0, 0, CustomAllocate, CustomFree, NULL }, ROW(FLT_FILE_CONTEXT, 0, 8), END };
    static const FLT_CONTEXT_REGISTRATION Half1[] = { { FLT_STREAM_CONTEXT, 0, NULL, 8, CONFORM_TAG, CustomAllocate, NULL, NULL }, END };
    static const FLT_CONTEXT_REGISTRATION Half2[] = { { FLT_STREAM_CONTEXT, 0, NULL, 8, CONFORM_TAG, NULL, CustomFree, NULL }, END };

    RULE_STATUS("A-10", Try(DriverObject, Beside), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    RULE_STATUS("A-10", Try(DriverObject, Alone), STATUS_SUCCESS);
    RULE_STATUS("A-12", Try(DriverObject, Half1), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    RULE_STATUS("A-12", Try(DriverObject, Half2), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
Pass(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
Done(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext, FLT_POST_OPERATION_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(FltObjects);
    UNREFERENCED_PARAMETER(CompletionContext);
    UNREFERENCED_PARAMETER(Flags);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static VOID
TryRest(PDRIVER_OBJECT DriverObject)
{
    static const FLT_OPERATION_REGISTRATION Shutdown[] = { { IRP_MJ_SHUTDOWN, 0, Pass, Done, NULL }, { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    static const FLT_OPERATION_REGISTRATION Twice[] = { { IRP_MJ_READ, 0, Pass, NULL, NULL }, { IRP_MJ_READ, 0, Pass, NULL, NULL },
        { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
    static const USHORT Versions[] = { 0x0200, 0x0201, 0x0202, 0x0203 }, Sizes[] = { 0x58, 0x60, 0x68, 0x70 };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(Versions); i++) {
        RULE_STATUS("A-20", TryWith(DriverObject, NULL, NULL, Versions[i], Sizes[i]), STATUS_SUCCESS);
        RULE_STATUS("A-21", TryWith(DriverObject, NULL, NULL, Versions[i], (USHORT)(Sizes[i] - 8)), STATUS_INVALID_PARAMETER);
    }
    RULE_STATUS("A-20", TryWith(DriverObject, NULL, NULL, 0x0300, sizeof(FLT_REGISTRATION)), STATUS_INVALID_PARAMETER);
    RULE_STATUS("A-24", TryWith(DriverObject, NULL, Shutdown, FLT_REGISTRATION_VERSION, sizeof(FLT_REGISTRATION)), STATUS_INVALID_PARAMETER);
    RULE_STATUS("A-24", TryWith(DriverObject, NULL, Twice, FLT_REGISTRATION_VERSION, sizeof(FLT_REGISTRATION)), STATUS_FLT_DUPLICATE_ENTRY);
}

/* Types without a definition, from arrays that are gone after the call. */
static VOID
TryNone(PDRIVER_OBJECT DriverObject)
{
    FLT_CONTEXT_REGISTRATION Array[2];
    FLT_REGISTRATION Registration;
    PFLT_FILTER Filter;
    PFLT_CONTEXT Context;
    ULONG Form, Bit;

    for (Form = 0; Form < 3; Form++) {
        static const FLT_CONTEXT_REGISTRATION End = END, Row = ROW(FLT_STREAM_CONTEXT, 0, 16);
        Array[0] = Form == 2 ? Row : End;
        Array[1] = End;
        RtlZeroMemory(&Registration, sizeof(Registration));
        Registration.Size = sizeof(Registration);
        Registration.Version = FLT_REGISTRATION_VERSION;
        Registration.ContextRegistration = Form == 0 ? NULL : Array;
        if (!NT_SUCCESS(FltRegisterFilter(DriverObject, &Registration, &Filter))) {
            RULE("A-01", FALSE);
            continue;
        }
        RtlFillMemory(Array, sizeof(Array), 0xA5);
        for (Bit = 1; Bit <= FLT_SECTION_CONTEXT && Form < 2; Bit <<= 1) {
            Context = &Bit;
            RULE_STATUS("A-01", FltAllocateContext(Filter, (FLT_CONTEXT_TYPE)Bit, 16, NonPagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
            RULE("B-16", Context == NULL_CONTEXT);
        }
        if (Form == 2) {
            NTSTATUS Status = FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 16, NonPagedPool, &Context);
            RULE_STATUS("A-18", Status, STATUS_SUCCESS);
            if (NT_SUCCESS(Status)) {
                RtlZeroMemory(Context, 16);
                FltReleaseContext(Context);
            }
            RULE_STATUS("B-02", FltAllocateContext(Filter, FLT_FILE_CONTEXT, 16, NonPagedPool, &Context), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
        }
        FltUnregisterFilter(Filter);
    }
}

VOID
ConformRegistrations(PDRIVER_OBJECT DriverObject)
{
    static const FLT_CONTEXT_TYPE Bad[] = { 0, 3, 0x80 };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        FLT_CONTEXT_REGISTRATION Array[] = { ROW(FLT_STREAM_CONTEXT, 0, 8), ROW(0, 0, 8), END };
        Array[1].ContextType = Bad[i];
        RULE_STATUS("A-04", Try(DriverObject, Array), STATUS_FLT_INVALID_CONTEXT_REGISTRATION);
    }
    RULE_STATUS("A-02", Try(DriverObject, ConformContexts), STATUS_SUCCESS);    /* its last element is not valid otherwise */
    TrySizes(DriverObject);
    TryCustom(DriverObject);
    TryRest(DriverObject);
    TryNone(DriverObject);
}

/* ---- allocations ---- */

static NTSTATUS
Allocate(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type, SIZE_T Size, POOL_TYPE PoolType)
{
    PFLT_CONTEXT Context = &Context;
    const NTSTATUS Status = FltAllocateContext(Filter, Type, Size, PoolType, &Context);

    if (NT_SUCCESS(Status)) {
        RULE("B-18", ((ULONG_PTR)Context & (MEMORY_ALLOCATION_ALIGNMENT - 1)) == 0);
        RtlZeroMemory(Context, Size);
        FltReleaseContext(Context);
    } else {
        RULE("B-16", Context == NULL_CONTEXT);
    }
    return Status;
}

static VOID
AllocateSizes(PFLT_FILTER Filter)
{
    static const FLT_CONTEXT_TYPE Bad[] = { 0, 3, 0x80, FLT_ALL_CONTEXTS, FLT_CONTEXT_END };
    PFLT_CONTEXT Context;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        RULE_STATUS("B-03", Allocate(Filter, Bad[i], CONFORM_SIZE, NonPagedPool), STATUS_INVALID_PARAMETER);
    }
    RULE_STATUS("B-04", Allocate(Filter, FLT_STREAM_CONTEXT, 0, NonPagedPool), STATUS_INVALID_PARAMETER);
    RULE_STATUS("B-05", Allocate(Filter, FLT_STREAM_CONTEXT, 65535, PagedPool), STATUS_SUCCESS);
    RULE_STATUS("B-05", Allocate(Filter, FLT_STREAM_CONTEXT, 65536, PagedPool), STATUS_INVALID_BUFFER_SIZE);
    RULE_STATUS("B-06", Allocate(Filter, FLT_FILE_CONTEXT, CONFORM_SIZE - 1, PagedPool), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    RULE_STATUS("B-06", Allocate(Filter, FLT_FILE_CONTEXT, CONFORM_SIZE + 1, PagedPool), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    RULE_STATUS("B-07", Allocate(Filter, FLT_STREAMHANDLE_CONTEXT, 1, PagedPool), STATUS_SUCCESS);
    RULE_STATUS("B-07", Allocate(Filter, FLT_STREAMHANDLE_CONTEXT, 128, PagedPool), STATUS_SUCCESS);
    RULE_STATUS("B-07", Allocate(Filter, FLT_STREAMHANDLE_CONTEXT, 129, PagedPool), STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    RULE_STATUS("A-07", Allocate(Filter, FLT_STREAM_CONTEXT, 1, PagedPool), STATUS_SUCCESS);
    RULE_STATUS("B-08", Allocate(Filter, FLT_STREAM_CONTEXT, CONFORM_SIZE + 1, PagedPool), STATUS_SUCCESS);
    if (NT_SUCCESS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 300, PagedPool, &Context))) {
        for (i = 0; i < 300; i++) {
            RULE("B-12", ((PUCHAR)Context)[i] == 0);
        }
        FltReleaseContext(Context);
    }
}

static VOID
AllocatePools(PFLT_FILTER Filter)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    ULONG i;

    RULE_STATUS("B-09", Allocate(Filter, FLT_VOLUME_CONTEXT, CONFORM_SIZE, PagedPool), STATUS_FLT_MUST_BE_NONPAGED_POOL);
    RULE_STATUS("B-09", Allocate(Filter, FLT_VOLUME_CONTEXT, CONFORM_SIZE, NonPagedPool), STATUS_SUCCESS);
    RULE_STATUS("B-09", Allocate(Filter, FLT_VOLUME_CONTEXT, CONFORM_SIZE, NonPagedPoolNx), STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(Types); i++) {
        RULE_STATUS("B-10", Allocate(Filter, Types[i], CONFORM_SIZE, PagedPool), STATUS_SUCCESS);
        RULE_STATUS("B-10", Allocate(Filter, Types[i], CONFORM_SIZE, NonPagedPool), STATUS_SUCCESS);
        RULE_STATUS("B-10", Allocate(Filter, Types[i], CONFORM_SIZE, NonPagedPoolNx), STATUS_SUCCESS);
    }
}

static VOID
AllocateCustom(PFLT_FILTER Filter)
{
    PFLT_CONTEXT Context;
    const LONG Frees = CustomFrees;
    const NTSTATUS Status = FltAllocateContext(Filter, FLT_TRANSACTION_CONTEXT, 4096, PagedPool, &Context);

    RULE_STATUS("A-11", Status, STATUS_SUCCESS);
    if (NT_SUCCESS(Status)) {
        RULE("B-13", CustomPool == PagedPool && CustomType == FLT_TRANSACTION_CONTEXT && CustomSize > 4096);
        RULE("B-13", (PUCHAR)Context > (PUCHAR)CustomBlock && (PUCHAR)Context + 4096 <= (PUCHAR)CustomBlock + CustomSize);
        FltReleaseContext(Context);            /* no cleanup callback, just freed */
        RULE("A-16", CustomFrees == Frees + 1);
        RULE("B-13", FreedBlock == CustomBlock && FreedType == FLT_TRANSACTION_CONTEXT);
    }
    RULE_STATUS("B-14", Allocate(Filter, FLT_TRANSACTION_CONTEXT, 30000, PagedPool), STATUS_INSUFFICIENT_RESOURCES);
    RULE("B-14", CustomFrees == Frees + 1);
}

VOID
ConformAllocations(PFLT_FILTER Filter)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    ULONG i;

    AllocateSizes(Filter);
    AllocatePools(Filter);
    AllocateCustom(Filter);
    for (i = 0; i < RTL_NUMBER_OF(Types); i++) {
        PFLT_CONTEXT Context = ConformNew(Filter, Types[i]);
        RULE("A-26", Context != NULL);         /* filtering has not started */
        if (Context == NULL) {
            continue;
        }
        RULE("B-01", ConformReleases(Context, 1));
        RULE("A-17", ConformLastType == Types[i]);
        RULE("F-03", ConformLastType == Types[i]);
    }
    RULE("A-03", sizeof(FLT_CONTEXT_TYPE) == 2 && FLT_VOLUME_CONTEXT == 1 && FLT_INSTANCE_CONTEXT == 2 && FLT_FILE_CONTEXT == 4 &&
        FLT_STREAM_CONTEXT == 8 && FLT_STREAMHANDLE_CONTEXT == 0x10 && FLT_TRANSACTION_CONTEXT == 0x20 && FLT_SECTION_CONTEXT == 0x40);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the conformance tests share: a volume, two filters with every type of context, callbacks that do what a test puts into the hooks,
 * and a record of each context's life.  A test's name carries the rules that it checks, as X_NN.
 */
#ifndef FB_TESTS_CONFORMANCE_BED_H
#define FB_TESTS_CONFORMANCE_BED_H

#include "../fltmgr/testnt.h"

#include "ob/obp.h"
#include "tm/tmp.h"

#define R(Function) cmocka_unit_test(test_conformance__##Function)
/*
 * A rule that the product does not satisfy yet: the test's name begins with todo_, and it fails as soon as the rule is satisfied.  The
 * reason goes to docs/conformance.md.
 */
#define todo(Reason, Satisfied) \
    do { \
        print_message("TODO %s: %s\n", __func__, (Reason)); \
        if (Satisfied) { \
            print_error("%s:%d: satisfied now: make a test of it\n", __FILE__, __LINE__); \
            _fail(__FILE__, __LINE__); \
        } \
    } while (0)

#define SIZE 64
#define TAG 'fnoC'
#define KEEP FLT_SET_CONTEXT_KEEP_IF_EXISTS
#define REPLACE FLT_SET_CONTEXT_REPLACE_IF_EXISTS

/* ---- the log and the lives of contexts ---- */

static char Log[1024];

static inline void
Say(const char *Word)
{
    if (strlen(Log) + strlen(Word) + 2 < sizeof(Log)) {
        strcat(Log, Word);
        strcat(Log, " ");
    }
}

typedef struct LIFE { PFLT_CONTEXT Context; FLT_CONTEXT_TYPE Type, DeathType; LONG Deaths; ULONG Thread; KIRQL Irql; } LIFE;
static LIFE Lives[512];
static ULONG LifeCount;
static port_lock LifeLock;
static _Atomic(LONG) Cleanups;
static VOID (*CleanupHook)(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type);

static inline LIFE *
LifeOf(PFLT_CONTEXT Context)
{
    for (ULONG i = LifeCount; i-- > 0;) {
        if (Lives[i].Context == Context) {
            return &Lives[i];
        }
    }
    return NULL;
}

static inline LONG
Deaths(PFLT_CONTEXT Context)
{
    const LIFE *Life = LifeOf(Context);

    return Life != NULL ? Life->Deaths : -1;
}

static const char *
TypeName(FLT_CONTEXT_TYPE Type)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return "~volume";
    case FLT_INSTANCE_CONTEXT:
        return "~instance";
    case FLT_FILE_CONTEXT:
        return "~file";
    case FLT_STREAM_CONTEXT:
        return "~stream";
    case FLT_STREAMHANDLE_CONTEXT:
        return "~handle";
    case FLT_TRANSACTION_CONTEXT:
        return "~transaction";
    default:
        return "~section";
    }
}

static VOID
OnCleanup(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE Type)
{
    port_lock_acquire(&LifeLock);
    LIFE *Life = LifeOf(Context);
    if (Life != NULL) {
        Life->Deaths++;
        Life->DeathType = Type;
        Life->Thread = port_thread_id();
        Life->Irql = KeGetCurrentIrql();
    }
    Say(TypeName(Type));
    port_lock_release(&LifeLock);
    if (CleanupHook != NULL) {
        CleanupHook(Context, Type);
    }
    atomic_fetch_add(&Cleanups, 1);
}

/* ---- the filters ---- */

typedef FLT_PREOP_CALLBACK_STATUS (*PRE)(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context);
typedef FLT_POSTOP_CALLBACK_STATUS (*POST)(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags);
#define NO_MAJOR 0xFE                           /* no operation */
#define EVERY_MAJOR 0xFF
static UCHAR Only = NO_MAJOR;                   /* the major that the hooks see */
static PRE PreHook;
static POST PostHook;
static NTSTATUS (*SetupHook)(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags);
static NTSTATUS (*QueryHook)(PCFLT_RELATED_OBJECTS Objects);
static VOID (*StartHook)(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason);
static VOID (*CompleteHook)(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason);

static FLT_PREOP_CALLBACK_STATUS
OnPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    if (PreHook != NULL && (Only == EVERY_MAJOR || Only == Data->Iopb->MajorFunction)) {
        return PreHook(Data, Objects, Context);
    }
    return PostHook != NULL && (Only == EVERY_MAJOR || Only == Data->Iopb->MajorFunction) ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags)
{
    return PostHook != NULL ? PostHook(Data, Objects, Context, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
OnSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type)
{
    (void)DeviceType;
    (void)Type;
    return SetupHook != NULL ? SetupHook(Objects, Flags) : STATUS_SUCCESS;
}

static NTSTATUS
OnQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Flags;
    return QueryHook != NULL ? QueryHook(Objects) : STATUS_SUCCESS;
}

static VOID
OnStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    if (StartHook != NULL) {
        StartHook(Objects, Reason);
    }
}

static VOID
OnComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    if (CompleteHook != NULL) {
        CompleteHook(Objects, Reason);
    }
}

#define OPERATION(Major) { Major, 0, OnPre, OnPost, NULL }
static const FLT_OPERATION_REGISTRATION Operations[] = { OPERATION(IRP_MJ_CREATE), OPERATION(IRP_MJ_READ), OPERATION(IRP_MJ_WRITE),
    OPERATION(IRP_MJ_QUERY_INFORMATION), OPERATION(IRP_MJ_SET_INFORMATION), OPERATION(IRP_MJ_CLEANUP), OPERATION(IRP_MJ_CLOSE),
    { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
#define DEFINITION(Type) { Type, 0, OnCleanup, SIZE, TAG, NULL, NULL, NULL }
static const FLT_CONTEXT_REGISTRATION Contexts[] = { DEFINITION(FLT_VOLUME_CONTEXT), DEFINITION(FLT_INSTANCE_CONTEXT),
    DEFINITION(FLT_FILE_CONTEXT), DEFINITION(FLT_STREAM_CONTEXT), DEFINITION(FLT_STREAMHANDLE_CONTEXT),
    DEFINITION(FLT_TRANSACTION_CONTEXT), DEFINITION(FLT_SECTION_CONTEXT), { FLT_CONTEXT_END, 0, NULL, 0, 0, NULL, NULL, NULL } };
#define FILTER(Called, High) { .Name = Called, .Altitude = High, .Registration = { .ContextRegistration = Contexts, \
    .OperationRegistration = Operations, .InstanceSetupCallback = OnSetup, .InstanceQueryTeardownCallback = OnQuery, \
    .InstanceTeardownStartCallback = OnStart, .InstanceTeardownCompleteCallback = OnComplete } }
static TINY_FILTER A = FILTER("confa", "370000"), B = FILTER("confb", "360000.5");
static TINY_VOLUME *Volume;
static PFLT_VOLUME FltVolume;
static PFILE_OBJECT File;
static HANDLE TxnHandle;
static PKTRANSACTION Txn;

/* Every test begins with it. */
static inline void
Fresh(void)
{
    Log[0] = 0;
    LifeCount = 0;
    PreHook = NULL;
    PostHook = NULL;
    SetupHook = NULL;
    QueryHook = NULL;
    StartHook = CompleteHook = NULL;
    CleanupHook = NULL;
    Only = NO_MAJOR;
}

/* ---- findings ---- */

static VOID
OnFinding(const struct vf_finding *Finding, void *Context)
{
    const char **Wanted = Context;

    if (strcmp(Finding->code, Wanted[0]) == 0) {
        *(uint64_t *)Wanted[1] += Finding->count;
    }
}

/* How often a check has fired so far. */
static inline ULONG
Findings(const char *Code)
{
    uint64_t Count = 0;
    const void *Wanted[2] = { Code, &Count };

    vf_findings(OnFinding, Wanted);
    return (ULONG)Count;
}

/* ---- one form for all types ---- */

static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT,
    FLT_STREAMHANDLE_CONTEXT, FLT_TRANSACTION_CONTEXT };
#define TYPES 6
#define EACH(Type) for (ULONG i_ = 0; i_ < TYPES; i_++) for (FLT_CONTEXT_TYPE Type = Types[i_]; Type != 0; Type = 0)
#define OF_FILES(Type) ((Type) & (FLT_FILE_CONTEXT | FLT_STREAM_CONTEXT | FLT_STREAMHANDLE_CONTEXT))

static inline PFLT_CONTEXT
NewOf(PFLT_FILTER Filter, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context = POISON;

    assert_status(FltAllocateContext(Filter, Type, SIZE, NonPagedPool, &Context), STATUS_SUCCESS);
    memset(Context, 0, SIZE);
    port_lock_acquire(&LifeLock);
    Lives[LifeCount++] = (LIFE){ .Context = Context, .Type = Type };
    port_lock_release(&LifeLock);
    return Context;
}
#define New(Which, Type) NewOf((Which)->Filter, (Type))

typedef struct TARGET { PFLT_FILTER Filter; PFLT_VOLUME Volume; PFLT_INSTANCE Instance; PFILE_OBJECT File; PKTRANSACTION Transaction; } TARGET;

static inline TARGET
On(TINY_FILTER *Filter, TINY_VOLUME *Where, PFILE_OBJECT Object)
{
    return (TARGET){ Filter->Filter, TinyFltVolume(Where), TinyInstance(Filter, Where), Object, Txn };
}

static inline NTSTATUS
SetOn(TARGET To, FLT_CONTEXT_TYPE Type, FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT Context, PFLT_CONTEXT *Old)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltSetVolumeContext(To.Volume, Operation, Context, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltSetInstanceContext(To.Instance, Operation, Context, Old);
    case FLT_FILE_CONTEXT:
        return FltSetFileContext(To.Instance, To.File, Operation, Context, Old);
    case FLT_STREAM_CONTEXT:
        return FltSetStreamContext(To.Instance, To.File, Operation, Context, Old);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltSetStreamHandleContext(To.Instance, To.File, Operation, Context, Old);
    default:
        return FltSetTransactionContext(To.Instance, To.Transaction, Operation, Context, Old);
    }
}

static inline NTSTATUS
GetOn(TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Context)
{
    *Context = POISON;
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltGetVolumeContext(From.Filter, From.Volume, Context);
    case FLT_INSTANCE_CONTEXT:
        return FltGetInstanceContext(From.Instance, Context);
    case FLT_FILE_CONTEXT:
        return FltGetFileContext(From.Instance, From.File, Context);
    case FLT_STREAM_CONTEXT:
        return FltGetStreamContext(From.Instance, From.File, Context);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltGetStreamHandleContext(From.Instance, From.File, Context);
    case FLT_TRANSACTION_CONTEXT:
        return FltGetTransactionContext(From.Instance, From.Transaction, Context);
    default:
        return FltGetSectionContext(From.Instance, From.File, Context);
    }
}

static inline NTSTATUS
DeleteOn(TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT *Old)
{
    switch (Type) {
    case FLT_VOLUME_CONTEXT:
        return FltDeleteVolumeContext(From.Filter, From.Volume, Old);
    case FLT_INSTANCE_CONTEXT:
        return FltDeleteInstanceContext(From.Instance, Old);
    case FLT_FILE_CONTEXT:
        return FltDeleteFileContext(From.Instance, From.File, Old);
    case FLT_STREAM_CONTEXT:
        return FltDeleteStreamContext(From.Instance, From.File, Old);
    case FLT_STREAMHANDLE_CONTEXT:
        return FltDeleteStreamHandleContext(From.Instance, From.File, Old);
    default:
        return FltDeleteTransactionContext(From.Instance, From.Transaction, Old);
    }
}

#define HERE On(&A, Volume, File)
#define Set(Type, Operation, Context, Old) SetOn(HERE, (Type), (Operation), (Context), (Old))
#define Get(Type, Context) GetOn(HERE, (Type), (Context))
#define Delete(Type, Old) DeleteOn(HERE, (Type), (Old))

/* A new context, linked; only the link reference is left. */
static inline PFLT_CONTEXT
Linked(TARGET To, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Context = NewOf(To.Filter, Type);

    assert_status(SetOn(To, Type, KEEP, Context, NULL), STATUS_SUCCESS);
    FltReleaseContext(Context);
    return Context;
}

static inline void
assert_count_at(PFLT_CONTEXT Context, ULONG Want, const char *Path, int Line)
{
    if (TinyContextCount(Context) != Want) {
        print_error("%s:%d: count %u, expected %u\n", Path, Line, (unsigned)TinyContextCount(Context), (unsigned)Want);
        _fail(Path, Line);
    }
}
#define assert_count(Context, Want) assert_count_at((Context), (Want), __FILE__, __LINE__)

/* The linked context of Type is Want; NULL: none is. */
static inline void
assert_linked_at(TARGET From, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Want, const char *Path, int Line)
{
    PFLT_CONTEXT Got;

    assert_status_at(GetOn(From, Type, &Got), Want != NULL ? STATUS_SUCCESS : STATUS_NOT_FOUND, Path, Line);
    if (Got != Want) {
        print_error("%s:%d: another context\n", Path, Line);
        _fail(Path, Line);
    }
    if (Got != NULL) {
        FltReleaseContext(Got);
    }
}
#define assert_linked(From, Type, Want) assert_linked_at((From), (Type), (Want), __FILE__, __LINE__)

static inline void
WaitFor(_Atomic(LONG) *Value, LONG Wanted)
{
    for (int i = 0; i < 10000 && *Value < Wanted; i++) {
        TinySleep(1);
    }
    assert_true(*Value >= Wanted);
}

static inline void
Detach(TINY_FILTER *Filter, TINY_VOLUME *From)
{
    assert_status(FltDetachVolume(Filter->Filter, TinyFltVolume(From), NULL), STATUS_SUCCESS);
}

static inline PFLT_INSTANCE
Attach(TINY_FILTER *Filter, TINY_VOLUME *To)
{
    PFLT_INSTANCE Instance;

    assert_status(FltAttachVolume(Filter->Filter, TinyFltVolume(To), NULL, &Instance), STATUS_SUCCESS);
    FltObjectDereference(Instance);
    return Instance;
}

/* A thread that runs Body(Argument). */
static inline struct port_thread *
Start(void (*Body)(void *), void *Argument)
{
    struct port_thread *Thread;

    assert_int_equal(port_thread_start(&Thread, Body, Argument, "conformance"), 0);
    return Thread;
}

/* ---- begin and end ---- */

static inline int
BedSetup(void **state)
{
    (void)state;
    TinyStart();
    Volume = TinyMount(NULL);
    if (!NT_SUCCESS(TinyFilterLoad(&A)) || !NT_SUCCESS(TinyFilterLoad(&B))) {
        return -1;
    }
    FltVolume = TinyFltVolume(Volume);
    File = TinyOpen(Volume, "\\file", NULL);
    if (!NT_SUCCESS(ZwCreateTransaction(&TxnHandle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, NULL)) ||
        !NT_SUCCESS(ObReferenceObjectByHandle(TxnHandle, TRANSACTION_ENLIST, *TmTransactionObjectType, KernelMode, (PVOID *)&Txn, NULL))) {
        return -1;
    }
    return File != NULL && TinyInstance(&A, Volume) != NULL && TinyInstance(&B, Volume) != NULL ? 0 : -1;
}

static VOID
OnLeft(const struct vf_reference_view *Reference, void *Context)
{
    (void)Context;
    print_error("left: %s by %s\n", vf_kind_name(Reference->kind), Reference->routine);
}

static inline int
BedTeardown(void **state)
{
    (void)state;
    Fresh();
    TinyClose(File);
    ObDereferenceObject(Txn);
    ZwClose(TxnHandle);
    const NTSTATUS One = TinyFilterUnload(&A), Two = TinyFilterUnload(&B);
    const unsigned Left = vf_owner_references(A.Owner, OnLeft, NULL) + vf_owner_references(B.Owner, OnLeft, NULL);
    TinyDismount(Volume);
    FltpShutdown();
    return NT_SUCCESS(One) && NT_SUCCESS(Two) && Left == 0 ? 0 : -1;
}

#define BED_RUN(Tests) cmocka_run_group_tests_name("conformance", (Tests), BedSetup, BedTeardown)

#endif

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Section D: get, reference, release, support queries. */
#include "bed.h"

static void
test_conformance__D_01_every_get_adds_one(void **state)
{
    (void)state;
    KIRQL Irql;

    Fresh();
    EACH(Type) {
        PFLT_CONTEXT Context = Linked(HERE, Type), Got;
        const TARGET From = HERE;
        assert_status(GetOn(From, Type, &Got), STATUS_SUCCESS);
        assert_ptr_equal(Got, Context);
        assert_count(Context, 2);
        KeRaiseIrql(APC_LEVEL, &Irql);
        assert_status(GetOn(From, Type, &Got), STATUS_SUCCESS);
        KeLowerIrql(Irql);
        assert_count(Context, 3);
        FltReleaseContext(Got);
        FltReleaseContext(Got);
        assert_count(Context, 1);
        assert_status(Delete(Type, NULL), STATUS_SUCCESS);
        assert_int_equal(Deaths(Context), 1);
    }
}

static void
test_conformance__D_03_D_04_E_05_failures_give_NULL(void **state)
{
    (void)state;
    UNICODE_STRING Name = TinyString("\\never");
    PFILE_OBJECT Unopened, Paging = TinyOpen(Volume, "\\pagefile.sys", NULL);

    Fresh();
    assert_status(IopFileAllocate(Volume->Real, &Name, &Unopened), STATUS_SUCCESS);
    PFILE_OBJECT Objects[] = { Paging, Unopened, NULL };
    EACH(Type) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Objects) && OF_FILES(Type); i++) {
            PFLT_CONTEXT Got = POISON, Old = POISON;
            assert_status(GetOn(On(&A, Volume, Objects[i]), Type, &Got), STATUS_NOT_SUPPORTED);
            assert_null(Got);
            assert_status(DeleteOn(On(&A, Volume, Objects[i]), Type, &Old), STATUS_NOT_SUPPORTED);
            assert_null(Old);
        }
        PFLT_CONTEXT Got = POISON;
        assert_status(Get(Type, &Got), STATUS_NOT_FOUND);
        assert_null(Got);
    }
    PFLT_CONTEXT Got = POISON;
    assert_status(FltGetSectionContext(TinyInstance(&A, Volume), Paging, &Got), STATUS_NOT_SUPPORTED);
    assert_null(Got);
    ObDereferenceObject(Unopened);
    TinyClose(Paging);
}

static NTSTATUS InStart[TYPES], InComplete[TYPES];

static void
GetAll(PCFLT_RELATED_OBJECTS Objects, NTSTATUS *Out)
{
    const TARGET From = { Objects->Filter, Objects->Volume, Objects->Instance, File, Txn };

    for (ULONG i = 0; i < TYPES && Objects->Filter == A.Filter; i++) {
        PFLT_CONTEXT Got;
        Out[i] = GetOn(From, Types[i], &Got);
        if (NT_SUCCESS(Out[i])) {
            FltReferenceContext(Got);
            FltReleaseContext(Got);
            FltReleaseContext(Got);
        }
    }
}

static VOID
GetInStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    GetAll(Objects, InStart);
}

static VOID
GetInComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    GetAll(Objects, InComplete);
}

static void
test_conformance__D_05_G_13_gets_during_teardown(void **state)
{
    (void)state;
    Fresh();
    EACH(Type) {
        Linked(HERE, Type);
    }
    StartHook = GetInStart;
    CompleteHook = GetInComplete;
    Detach(&A, Volume);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_status(InStart[i], STATUS_SUCCESS);
        assert_status(InComplete[i], STATUS_SUCCESS);
    }
    Fresh();
    Attach(&A, Volume);
    assert_status(Delete(FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
}

/* A worker goes over all instances, as a scanner does; the other filter's are none of its business. */
static void
test_conformance__D_08_get_through_any_instance(void **state)
{
    (void)state;
    TINY_VOLUME *Other = TinyMount(NULL);
    TinyClose(TinyOpen(Other, "\\x", NULL));
    PFLT_INSTANCE Found[8];
    ULONG Count = 0;

    Fresh();
    PFLT_CONTEXT Here = Linked(HERE, FLT_INSTANCE_CONTEXT), There = Linked(On(&A, Other, NULL), FLT_INSTANCE_CONTEXT);
    assert_status(FltEnumerateInstances(NULL, A.Filter, Found, 8, &Count), STATUS_SUCCESS);
    assert_int_equal(Count, 2);
    ULONG Seen = 0;
    for (ULONG i = 0; i < Count; i++) {
        PFLT_CONTEXT Got;
        assert_status(FltGetInstanceContext(Found[i], &Got), STATUS_SUCCESS);
        Seen |= Got == Here ? 1 : Got == There ? 2 : 4;
        FltReleaseContext(Got);
        FltObjectDereference(Found[i]);
    }
    assert_int_equal(Seen, 3);
    /* an instance of another filter gives that filter's context: ownership is not checked */
    PFLT_CONTEXT OfB = Linked(On(&B, Volume, NULL), FLT_INSTANCE_CONTEXT);
    assert_linked(On(&B, Volume, NULL), FLT_INSTANCE_CONTEXT, OfB);
    assert_status(FltDeleteInstanceContext(TinyInstance(&B, Volume), NULL), STATUS_SUCCESS);
    assert_status(Delete(FLT_INSTANCE_CONTEXT, NULL), STATUS_SUCCESS);
    TinyDismount(Other);
}

/* … but the verifier notes it. */
static FLT_PREOP_CALLBACK_STATUS
ForeignPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    PFLT_CONTEXT Got;

    (void)Data;
    (void)Context;
    if (Objects->Filter == A.Filter && NT_SUCCESS(FltGetInstanceContext(TinyInstance(&B, Volume), &Got))) {
        FltReleaseContext(Got);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static void
test_conformance__D_08_of_another_filter_is_noted(void **state)
{
    (void)state;
    Fresh();
    Linked(On(&B, Volume, NULL), FLT_INSTANCE_CONTEXT);
    const ULONG Before = Findings("K-11");
    Only = IRP_MJ_QUERY_INFORMATION;
    PreHook = ForeignPre;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(Findings("K-11"), Before + 1);
    Fresh();
    assert_status(FltDeleteInstanceContext(TinyInstance(&B, Volume), NULL), STATUS_SUCCESS);
}

/* ---- several at once ---- */

static void
test_conformance__D_10_section_bit_is_ignored(void **state)
{
    (void)state;
    const FLT_RELATED_OBJECTS Objects = { .Size = sizeof(Objects), .Filter = A.Filter, .Volume = FltVolume,
        .Instance = TinyInstance(&A, Volume), .FileObject = File, .Transaction = Txn };
    PFLT_CONTEXT Made[TYPES];
    struct { FLT_RELATED_CONTEXTS Contexts; PVOID Behind; } Got;

    Fresh();
    for (ULONG i = 0; i < TYPES; i++) {
        Made[i] = Linked(HERE, Types[i]);
    }
    memset(&Got, 0xA5, sizeof(Got));
    FltGetContexts(&Objects, FLT_SECTION_CONTEXT, &Got.Contexts);
    assert_ptr_equal(Got.Behind, POISON);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_null((&Got.Contexts.VolumeContext)[i]);
        assert_count(Made[i], 1);
    }
    FltGetContexts(&Objects, FLT_ALL_CONTEXTS, &Got.Contexts);
    assert_ptr_equal(Got.Behind, POISON);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_ptr_equal((&Got.Contexts.VolumeContext)[i], Made[i]);
    }
    FltReleaseContexts(&Got.Contexts);
    for (ULONG i = 0; i < TYPES; i++) {
        assert_count(Made[i], 1);
        assert_status(Delete(Types[i], NULL), STATUS_SUCCESS);
    }
}

static ULONG Called;                           /* a bit per callback that got its contexts */

static void
GetBoth(PCFLT_RELATED_OBJECTS Objects, ULONG Bit, BOOLEAN WithInstance)
{
    FLT_RELATED_CONTEXTS Plain;
    FLT_RELATED_CONTEXTS_EX ContextsEx;

    if (Objects->Filter != A.Filter) {
        return;
    }
    memset(&Plain, 0xA5, sizeof(Plain));
    memset(&ContextsEx, 0xA5, sizeof(ContextsEx));
    FltGetContexts(Objects, FLT_ALL_CONTEXTS, &Plain);
    NTSTATUS Status = FltGetContextsEx(Objects, FLT_ALL_CONTEXTS, sizeof(ContextsEx), &ContextsEx);
    if (NT_SUCCESS(Status) && Plain.VolumeContext != NULL && (Plain.InstanceContext != NULL) == WithInstance &&
        Plain.VolumeContext == ContextsEx.VolumeContext && Plain.InstanceContext == ContextsEx.InstanceContext) {
        Called |= 1u << Bit;
    }
    FltReleaseContexts(&Plain);
    FltReleaseContextsEx(sizeof(ContextsEx), &ContextsEx);
}

static NTSTATUS
BothSetup(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    (void)Flags;
    GetBoth(Objects, 0, FALSE);
    return STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS
BothPre(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context)
{
    (void)Data;
    (void)Context;
    GetBoth(Objects, 1, TRUE);
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
BothPost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, ULONG Flags)
{
    (void)Data;
    (void)Context;
    (void)Flags;
    GetBoth(Objects, 2, TRUE);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS
BothQuery(PCFLT_RELATED_OBJECTS Objects)
{
    GetBoth(Objects, 3, TRUE);
    return STATUS_SUCCESS;
}

static VOID
BothStart(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    GetBoth(Objects, 4, TRUE);
}

static VOID
BothComplete(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    (void)Reason;
    GetBoth(Objects, 5, TRUE);
}

static void
test_conformance__D_12_in_every_callback(void **state)
{
    (void)state;
    Fresh();
    Linked(HERE, FLT_VOLUME_CONTEXT);
    Called = 0;
    Detach(&A, Volume);
    SetupHook = BothSetup;
    Attach(&A, Volume);
    assert_int_equal(Called, 1);
    Linked(HERE, FLT_INSTANCE_CONTEXT);
    Only = IRP_MJ_QUERY_INFORMATION;
    PreHook = BothPre;
    PostHook = BothPost;
    assert_status(TinyQueryBasic(File), STATUS_SUCCESS);
    assert_int_equal(Called, 7);
    QueryHook = BothQuery;
    StartHook = BothStart;
    CompleteHook = BothComplete;
    Detach(&A, Volume);
    assert_int_equal(Called, 0x3F);
    Fresh();
    Attach(&A, Volume);
    assert_status(Delete(FLT_VOLUME_CONTEXT, NULL), STATUS_SUCCESS);
}

/* ---- support ---- */

static void
test_conformance__D_20_formula(void **state)
{
    (void)state;
    UNICODE_STRING Name = TinyString("\\d20");
    PFILE_OBJECT Object, Own = TinyOpen(Volume, "\\d20", NULL);

    assert_status(IopFileAllocate(Volume->Real, &Name, &Object), STATUS_SUCCESS);
    for (ULONG Bits = 0; Bits < 16; Bits++) {
        const BOOLEAN Context = (Bits & 1) != 0, Context2 = (Bits & 2) != 0, StreamFile = (Bits & 4) != 0, Flag = (Bits & 8) != 0;
        PFSRTL_ADVANCED_FCB_HEADER Header = Own->FsContext;
        const UCHAR Saved = Header->Flags2;
        Object->FsContext = Context ? Own->FsContext : NULL;
        Object->FsContext2 = Context2 ? Own->FsContext2 : NULL;
        Object->Flags = StreamFile ? Object->Flags | FO_STREAM_FILE : Object->Flags & ~(ULONG)FO_STREAM_FILE;
        Header->Flags2 = Flag ? Saved : (UCHAR)(Saved & ~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS);
        assert_int_equal(FltSupportsStreamContexts(Object), Context && Flag);
        assert_int_equal(FltSupportsStreamHandleContexts(Object), Context && Flag && Context2 && !StreamFile);
        Header->Flags2 = Saved;
    }
    assert_false(FltSupportsStreamContexts(NULL));
    assert_false(FltSupportsStreamHandleContexts(NULL));
    Object->FsContext = Object->FsContext2 = NULL;
    ObDereferenceObject(Object);
    TinyClose(Own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        R(D_01_every_get_adds_one), R(D_03_D_04_E_05_failures_give_NULL), R(D_05_G_13_gets_during_teardown),
        R(D_08_get_through_any_instance), R(D_08_of_another_filter_is_noted), R(D_10_section_bit_is_ignored),
        R(D_12_in_every_callback), R(D_20_formula),
    };
    return BED_RUN(tests);
}

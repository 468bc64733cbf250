/* SPDX-License-Identifier: MIT */
/* Sections C, D and E: what set, get and delete do to a target of one type. */
#include "conform.h"

#define KEEP FLT_SET_CONTEXT_KEEP_IF_EXISTS
#define REPLACE FLT_SET_CONTEXT_REPLACE_IF_EXISTS
static LONG PoisonByte;
#define POISON ((PFLT_CONTEXT)&PoisonByte)

static VOID
Refusals(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Right, PFLT_CONTEXT Wrong)
{
    PFLT_CONTEXT Old = POISON;

    RULE_STATUS("C-11", ConformSet(Target, Type, KEEP, Wrong, &Old), STATUS_INVALID_PARAMETER);
    RULE("C-08", Old == NULL_CONTEXT);
    Old = POISON;
    RULE_STATUS("C-11", ConformSet(Target, Type, (FLT_SET_CONTEXT_OPERATION)2, Right, &Old), STATUS_INVALID_PARAMETER);
    RULE("C-08", Old == NULL_CONTEXT);
    RULE("C-09", ConformReleases(Wrong, 1));
    RULE("D-02", ConformIsLinked(Target, Type, NULL));
    Old = POISON;
    RULE_STATUS("E-04", ConformDelete(Target, Type, &Old), STATUS_NOT_FOUND);
    RULE("E-04", Old == NULL_CONTEXT);
}

static VOID
KeepAndReplace(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT First, PFLT_CONTEXT Second)
{
    PFLT_CONTEXT Old = POISON;
    const LONG FirstSlot = ConformSlot(First);

    RULE_STATUS("C-01", ConformSet(Target, Type, KEEP, First, &Old), STATUS_SUCCESS);
    RULE("C-08", Old == NULL_CONTEXT);
    RULE("C-01", ConformIsLinked(Target, Type, First));
    RULE_STATUS("C-13", ConformSet(Target, Type, REPLACE, First, NULL), STATUS_FLT_CONTEXT_ALREADY_LINKED);
    Old = POISON;
    RULE_STATUS("C-15", ConformSet(Target, Type, KEEP, First, &Old), STATUS_FLT_CONTEXT_ALREADY_LINKED);
    RULE("C-08", Old == NULL_CONTEXT);
    RULE_STATUS("C-02", ConformSet(Target, Type, KEEP, Second, NULL), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    RULE_STATUS("C-02", ConformSet(Target, Type, KEEP, Second, &Old), STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    RULE("C-03", Old == First);
    FltReleaseContext(Old);
    RULE("C-02", ConformIsLinked(Target, Type, First));
    Old = POISON;
    RULE_STATUS("C-05", ConformSet(Target, Type, REPLACE, Second, &Old), STATUS_SUCCESS);
    RULE("C-05", ConformIsLinked(Target, Type, Second));
    RULE("C-06", Old == First && ConformDeaths(FirstSlot) == 0);
    RULE("C-06", ConformReleases(First, 2));   /* the allocation's and the former link's */
}

/* Second is linked, and its allocation reference is ours. */
static VOID
ReplaceAndDelete(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Second, PFLT_CONTEXT Third)
{
    const LONG SecondSlot = ConformSlot(Second), ThirdSlot = ConformSlot(Third);
    PFLT_CONTEXT Old = POISON;

    FltReleaseContext(Second);
    RULE("C-09", ConformDeaths(SecondSlot) == 0);
    RULE_STATUS("C-07", ConformSet(Target, Type, REPLACE, Third, NULL), STATUS_SUCCESS);
    RULE("C-07", ConformDeaths(SecondSlot) == 1);
    RULE_STATUS("E-03", ConformDelete(Target, Type, &Old), STATUS_SUCCESS);
    RULE("E-03", Old == Third && ConformDeaths(ThirdSlot) == 0);
    RULE("E-11", ConformIsLinked(Target, Type, NULL));
    RULE_STATUS("C-14", ConformSet(Target, Type, REPLACE, Third, NULL), STATUS_SUCCESS);
    RULE("C-04", ConformIsLinked(Target, Type, Third));
    FltReleaseContext(Old);
    FltReleaseContext(Third);
    RULE("E-01", ConformDeaths(ThirdSlot) == 0);
    RULE_STATUS("E-01", ConformDelete(Target, Type, NULL), STATUS_SUCCESS);
    RULE("E-02", ConformDeaths(ThirdSlot) == 1);
}

static VOID
GetAndDeleteContext(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type, PFLT_CONTEXT Context, PFLT_CONTEXT Next)
{
    const LONG Slot = ConformSlot(Context);
    PFLT_CONTEXT Got = POISON;

    FltDeleteContext(Context);                 /* never set: no effect */
    RULE_STATUS("E-09", ConformSet(Target, Type, KEEP, Context, NULL), STATUS_SUCCESS);
    RULE_STATUS("D-01", ConformGet(Target, Type, &Got), STATUS_SUCCESS);
    RULE("D-01", Got == Context);
    FltDeleteContext(Context);
    RULE("E-07", ConformIsLinked(Target, Type, NULL));
    FltDeleteContext(Context);
    RULE("E-08", ConformDeaths(Slot) == 0);
    RULE("E-10", ((PCONFORM_CONTEXT)Got)->Magic == CONFORM_MAGIC);
    RULE_STATUS("E-11", ConformSet(Target, Type, KEEP, Next, NULL), STATUS_SUCCESS);
    RULE("E-08", ConformReleases(Context, 2)); /* ours and the get's; the link's went once */
    RULE("F-01", ConformDeaths(Slot) == 1);
    RULE("E-11", ConformIsLinked(Target, Type, Next));
    FltDeleteContext(Next);
    RULE("E-07", ConformReleases(Next, 1));
}

/* Nothing is set before, nor afterwards. */
VOID
ConformOutcomes(PCCONFORM_TARGET Target, FLT_CONTEXT_TYPE Type)
{
    PFLT_CONTEXT Made[6];
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(Made); i++) {
        Made[i] = ConformNew(Target->Filter, i == 1 ? (Type == FLT_FILE_CONTEXT ? FLT_STREAM_CONTEXT : FLT_FILE_CONTEXT) : Type);
        if (Made[i] == NULL) {
            RULE("B-01", FALSE);
            return;
        }
    }
    Refusals(Target, Type, Made[0], Made[1]);
    KeepAndReplace(Target, Type, Made[0], Made[2]);
    ReplaceAndDelete(Target, Type, Made[2], Made[3]);
    GetAndDeleteContext(Target, Type, Made[4], Made[5]);
    RULE("F-04", ConformHighestIrql <= APC_LEVEL);
}

/* ---- several at once: in the post-create of a file without contexts ---- */

VOID
ConformSeveral(PCFLT_RELATED_OBJECTS FltObjects)
{
    static const FLT_CONTEXT_TYPE Types[] = { FLT_VOLUME_CONTEXT, FLT_INSTANCE_CONTEXT, FLT_FILE_CONTEXT, FLT_STREAM_CONTEXT, FLT_STREAMHANDLE_CONTEXT };
    CONFORM_TARGET Target;
    FLT_RELATED_CONTEXTS Contexts;
    FLT_RELATED_CONTEXTS_EX ContextsEx;
    PFLT_CONTEXT Got[5];
    ULONG i, Mask;

    Target.Filter = FltObjects->Filter;
    Target.Volume = FltObjects->Volume;
    Target.Instance = FltObjects->Instance;
    Target.FileObject = FltObjects->FileObject;
    for (i = 0; i < 5; i++) {
        Got[i] = NULL;
        if (NT_SUCCESS(ConformGet(&Target, Types[i], &Got[i]))) {
            FltReleaseContext(Got[i]);
        }
    }
    for (Mask = 0; Mask < 32; Mask++) {
        RtlFillMemory(&Contexts, sizeof(Contexts), 0xA5);
        FltGetContexts(FltObjects, (FLT_CONTEXT_TYPE)Mask, &Contexts);
        for (i = 0; i < 5; i++) {
            RULE("D-09", (&Contexts.VolumeContext)[i] == ((Mask & (1u << i)) ? Got[i] : NULL));
        }
        RULE("D-09", Contexts.TransactionContext == NULL);
        FltReleaseContexts(&Contexts);
        for (i = 0; i < 5; i++) {
            RULE("D-13", (&Contexts.VolumeContext)[i] == NULL_CONTEXT);
        }
        FltReleaseContexts(&Contexts);
    }
    FltGetContexts(FltObjects, FLT_SECTION_CONTEXT, &Contexts);
    for (i = 0; i < 5; i++) {
        RULE("D-10", (&Contexts.VolumeContext)[i] == NULL);
    }
    RULE_STATUS("D-11", FltGetContextsEx(FltObjects, 0x80, sizeof(ContextsEx), &ContextsEx), STATUS_INVALID_PARAMETER);
    RULE_STATUS("D-11", FltGetContextsEx(FltObjects, FLT_ALL_CONTEXTS, sizeof(ContextsEx), &ContextsEx), STATUS_SUCCESS);
    RULE("D-11", ContextsEx.StreamContext == Got[3] && ContextsEx.SectionContext == NULL);
    FltReleaseContextsEx(sizeof(ContextsEx), &ContextsEx);
    RULE("D-13", ContextsEx.StreamContext == NULL_CONTEXT);
}

/* ---- references, in DriverEntry ---- */

VOID
ConformReferences(VOID)
{
    PFLT_CONTEXT Context = ConformNew(ConformFilter, FLT_STREAM_CONTEXT), Inner;
    FAST_MUTEX Mutex;
    KIRQL Irql;
    LONG Slot, InnerSlot;
    ULONG i;

    if (Context == NULL) {
        return;
    }
    Slot = ConformSlot(Context);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    FltReferenceContext(Context);
    FltReleaseContext(Context);
    KeLowerIrql(Irql);
    RULE("D-14", ConformDeaths(Slot) == 0);
    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);                /* APC_LEVEL */
    FltReleaseContext(Context);
    RULE("D-16", ConformDeaths(Slot) == 1 && ConformLastThread == PsGetCurrentThread());
    RULE("D-15", ConformDeaths(Slot) == 1);
    ExReleaseFastMutex(&Mutex);
    /* the last release at DISPATCH_LEVEL: somebody else, later */
    Context = ConformNew(ConformFilter, FLT_STREAM_CONTEXT);
    Slot = ConformSlot(Context);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    FltReleaseContext(Context);
    KeLowerIrql(Irql);
    for (i = 0; i < 500 && ConformDeaths(Slot) == 0; i++) {
        LARGE_INTEGER Interval;
        Interval.QuadPart = -10000LL * 5;
        KeDelayExecutionThread(KernelMode, FALSE, &Interval);
    }
    RULE("D-17", ConformDeaths(Slot) == 1 && ConformLastThread != PsGetCurrentThread() && ConformHighestIrql <= APC_LEVEL);
    /* a cleanup inside a cleanup */
    Context = ConformNew(ConformFilter, FLT_STREAM_CONTEXT);
    Inner = ConformNew(ConformFilter, FLT_INSTANCE_CONTEXT);
    Slot = ConformSlot(Context);
    InnerSlot = ConformSlot(Inner);
    ((PCONFORM_CONTEXT)Context)->Inner = Inner;
    FltReleaseContext(Context);
    RULE("F-05", ConformDeaths(Slot) == 1 && ConformDeaths(InnerSlot) == 1);
    RULE("F-02", ConformDeaths(Slot) == 1);
}

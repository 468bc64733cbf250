/* SPDX-License-Identifier: MIT */
/* The stress program's machine: volumes, filters, and who does what. */
#include "stressp.h"

struct storm Stress;
STRESS_VOLUME StressVolumes[VOLUMES];
STRESS_FILTER StressFilters[FILTERS];
static struct stress_options StressOptions;

/* ---- filters ---- */

static NTSTATUS
StressInstanceQuery(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Objects);
    UNREFERENCED_PARAMETER(Flags);
    return STATUS_SUCCESS;
}

#define OPERATION(N, Major) { Major, 0, Pre##N, Post##N, NULL }
#define TRAMPOLINES(N) \
    static FLT_PREOP_CALLBACK_STATUS Pre##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context) { return StressPre(N, Data, Objects, Context); } \
    static FLT_POSTOP_CALLBACK_STATUS Post##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags) { return StressPost(N, Data, Objects, Context, Flags); } \
    static NTSTATUS Setup##N(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_SETUP_FLAGS Flags, DEVICE_TYPE DeviceType, FLT_FILESYSTEM_TYPE Type) \
        { (void)Flags; (void)DeviceType; (void)Type; return StressInstanceSetup(N, Objects); } \
    static VOID Complete##N(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_TEARDOWN_FLAGS Reason) { (void)Reason; StressInstanceComplete(N, Objects); } \
    static const FLT_OPERATION_REGISTRATION Operations##N[] = { OPERATION(N, IRP_MJ_CREATE), OPERATION(N, IRP_MJ_READ), OPERATION(N, IRP_MJ_WRITE), \
        OPERATION(N, IRP_MJ_QUERY_INFORMATION), OPERATION(N, IRP_MJ_SET_INFORMATION), OPERATION(N, IRP_MJ_CLEANUP), OPERATION(N, IRP_MJ_CLOSE), \
        { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
TRAMPOLINES(0)
TRAMPOLINES(1)
TRAMPOLINES(2)
TRAMPOLINES(3)
#define DEFINE(N, Called, High) StressFilters[N].Tiny = (TINY_FILTER){ .Name = Called, .Altitude = High, .Registration = { \
    .ContextRegistration = StressContextRegistrations[N], .OperationRegistration = Operations##N, .InstanceSetupCallback = Setup##N, \
    .InstanceQueryTeardownCallback = StressInstanceQuery, .InstanceTeardownCompleteCallback = Complete##N } }

VOID
StressFiltersDefine(VOID)
{
    DEFINE(0, "stress0", "400000");
    DEFINE(1, "stress1", "300000");
    DEFINE(2, "stress2", "200000");
    DEFINE(3, "stress3", "100000");
}

static VOID
StressLeft(const struct vf_reference_view *Reference, void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    port_log(PORT_LOG_ERROR, "stress", "left: %s by %s in %s %s", vf_kind_name(Reference->kind), Reference->routine,
        Reference->phase != NULL ? Reference->phase : "", Reference->operation != NULL ? Reference->operation : "");
}

/* Filter->Using is held exclusively.  The loads of all filters come one after the other (TinyFilterLoad). */
static port_rwlock StressLoading;

NTSTATUS
StressFilterLoad(STRESS_FILTER *Filter)
{
    port_driver_rwlock_exclusive(&StressLoading);
    CHECK(Read(&Filter->Inside) == 0 && Read(&Filter->Contexts) == 0 && Read(&Filter->Tokens) == 0);
    Add(&Filter->Loaded, 1);
    const NTSTATUS Status = TinyFilterLoad(&Filter->Tiny);
    port_driver_rwlock_release(&StressLoading);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    return Status;
}

VOID
StressFilterUnload(STRESS_FILTER *Filter)
{
    port_driver_rwlock_exclusive(&StressLoading);
    const NTSTATUS Status = TinyFilterUnload(&Filter->Tiny);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    CHECK(Read(&Filter->Inside) == 0);
    CHECK(Read(&Filter->Contexts) == 0);
    CHECK(Read(&Filter->Tokens) == 0);
    CHECK(vf_owner_references(Filter->Tiny.Owner, StressLeft, NULL) == 0);
    Add(&Filter->Loaded, -1);
    port_driver_rwlock_release(&StressLoading);
}

/* ---- who does what ---- */

typedef VOID (*STRESS_STEP)(struct storm_thread *Thread);
static const struct { unsigned What; STRESS_STEP Step; unsigned Threads; } StressChangers[] = {
    { STRESS_ATTACH, StressAttachStep, 2 }, { STRESS_LOAD, StressLoadStep, 1 }, { STRESS_MOUNT, StressMountStep, 1 },
    { STRESS_TRANSACT, StressTransactStep, 2 }, { STRESS_LOOK, StressLookStep, 1 },
};

static STRESS_STEP
StressChanger(unsigned Index)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(StressChangers); i++) {
        if (!(StressOptions.changes & StressChangers[i].What)) {
            continue;
        }
        if (Index < StressChangers[i].Threads) {
            return StressChangers[i].Step;
        }
        Index -= StressChangers[i].Threads;
    }
    return NULL;
}

unsigned
stress_threads(const struct stress_options *options)
{
    unsigned Count = 0;

    StressOptions = *options;
    while (StressChanger(Count) != NULL) {
        Count++;
    }
    return Count + StressOptions.workers;
}

void
stress_body(struct storm_thread *Thread)
{
    STRESS_STEP Step;

    if (Thread->index < StressOptions.workers) {
        StressWork(Thread);
        return;
    }
    Step = StressChanger(Thread->index - StressOptions.workers);
    while (storm_more(&Stress)) {
        Step(Thread);
    }
}

/* ---- begin and end ---- */

bool
stress_open(void)
{
    static const FSB_OPTIONS Options = { .DriveLetter = 0 };

    TinyStart();
    StressFiltersDefine();
    if (!NT_SUCCESS(MfsInitialize())) {
        return false;
    }
    for (ULONG i = 0; i < VOLUMES; i++) {
        StressVolumes[i].Number = 21 + i;
        StressVolumes[i].Mounts = 2;
        if (!NT_SUCCESS(MfsVolumeCreate(StressVolumes[i].Number, &Options, &StressVolumes[i].Real))) {
            return false;
        }
    }
    for (ULONG i = 0; i < FILTERS; i++) {
        if (!NT_SUCCESS(StressFilterLoad(&StressFilters[i]))) {
            return false;
        }
    }
    return true;
}

void
stress_close(void)
{
    for (ULONG i = 0; i < MAX_WORKERS - 1; i++) {
        CHECK(Read(&StressContextsOf[i]) == 0);
    }
    for (ULONG i = 0; i < FILTERS; i++) {
        StressFilterUnload(&StressFilters[i]);
    }
    CHECK(Read(&StressContextsOf[MAX_WORKERS - 1]) == 0);
    for (ULONG i = 0; i < VOLUMES; i++) {
        const NTSTATUS Status = MfsVolumeDelete(StressVolumes[i].Real);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    }
    FltpShutdown();
    CHECK(vf_finding_count() == 0);
}

void
stress_counts(struct stress_counts *counts)
{
    *counts = (struct stress_counts){ .requests = Stress.done, .compared = StressCounters.Compared, .pre = StressCounters.Pre,
        .post = StressCounters.Post, .drained = StressCounters.Drained, .pended = StressCounters.Pended, .contexts = StressCounters.Contexts,
        .attaches = StressCounters.Attaches, .loads = StressCounters.Loads, .mounts = StressCounters.Mounts,
        .surprises = StressCounters.Surprises, .transactions = StressCounters.Transactions };
}

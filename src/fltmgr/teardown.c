/* SPDX-License-Identifier: MIT */
/*
 * Teardown of an instance, in the order of G-06:
 *
 *  1. InstanceTeardownStart
 *  2. Deleting: set, delete and FltObjectReference fail from here (G-12, G-14); Skip: no new callbacks; running ones end (quiesce)
 *  3. operations that still owe it a post-operation call are drained; what it holds pended and the I/O it issued ends (G-08)
 *  4. InstanceTeardownComplete
 *  5. its references go
 *  6. contexts are removed, stream contexts and the like first (F-24), and it is freed
 */
#include "fltmgr/fltp.h"

static VOID
FltpInstanceCallTeardown(PFLT_INSTANCE Instance, PFLT_INSTANCE_TEARDOWN_CALLBACK Callback, const char *Phase,
    FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    FLT_RELATED_OBJECTS Objects = { 0 };
    KI_DRIVER_CALL Call;

    if (Callback == NULL || atomic_load(&Instance->Filter->Dead)) {
        return;
    }
    FltpInstanceObjects(Instance, &Objects);
    FltpCallInitialize(&Call, Instance->Filter, NULL, Phase);
    NT_CALL(&Call, Callback(&Objects, Reason));
    if (Call.Faulted) {
        FltpFilterMarkDead(Instance->Filter);
    }
}

/* No new callbacks; those that run have ended when it returns. */
static VOID
FltpInstanceSilence(PFLT_INSTANCE Instance)
{
    PFLT_VOLUME Volume = Instance->Volume;

    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    FltpVolumeSkipLocked(Volume, Instance, FLTP_CALLBACK_SKIP);
    FltpLockRelease(&Volume->Lock);
    FltpVolumeQuiesce(Volume);
}

NTSTATUS
FltpInstanceTeardown(PFLT_INSTANCE Instance, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    LONG Expected = FltpStateAttached;
    PFLT_FILTER Filter = Instance->Filter;

    if (!atomic_compare_exchange_strong(&Instance->State, &Expected, FltpStateTeardown)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    FltpInstanceCallTeardown(Instance, Filter->Registration.InstanceTeardownStartCallback, "InstanceTeardownStart", Reason);
    atomic_store(&Instance->Deleting, 1);
    FltpCountClose(&Instance->Object.References);
    FltpInstanceSilence(Instance);
    FltpOperationDrain(Instance);
    FltpCountClose(&Instance->Outstanding);
    BOOLEAN Ended = FltpCountWait(&Instance->Outstanding, Filter);
    if (Ended) {
        /* What the instance had pended may have been resumed with a post-operation call owed to it. */
        FltpOperationDrain(Instance);
        FltpInstanceCallTeardown(
            Instance, Filter->Registration.InstanceTeardownCompleteCallback, "InstanceTeardownComplete", Reason);
        Ended = FltpCountWait(&Instance->Object.References, Filter);
    }
    if (!Ended) {
        vf_report("K-01", "G-08", NULL, Filter->Owner, Instance,
            "teardown of an instance would wait for ever: %u operations pended or issued, %u references",
            FltpCountValue(&Instance->Outstanding), FltpCountValue(&Instance->Object.References));
        atomic_fetch_add(&Instance->Memory, 1);
    }
    PFLT_VOLUME Volume = Instance->Volume;
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    /* A post-operation call that this very thread still owes it, being inside somebody's callback, is not made any more. */
    FltpVolumeSkipLocked(Volume, Instance, FLTP_CALLBACK_SKIP | FLTP_CALLBACK_DEAD);
    FltpLockRelease(&Volume->Lock);
    FltpCountAcquire(&Volume->Outstanding);
    FltpInstanceDiscard(Instance);
    FltpSnapshotReclaim(Volume);
    FltpCountRelease(&Volume->Outstanding);
    return STATUS_SUCCESS;
}

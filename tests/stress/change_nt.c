/* SPDX-License-Identifier: MIT */
/* What changes while the stress program's workers work. */
#include "stressp.h"

#include "ob/obp.h"

static PFLT_VOLUME
StressFltVolume(STRESS_FILTER *Filter, struct storm_thread *Thread)
{
    UNICODE_STRING Name = StressVolumeName(&StressVolumes[storm_random(Thread) % VOLUMES]);
    PFLT_VOLUME Volume;

    return NT_SUCCESS(FltGetVolumeFromName(Filter->Tiny.Filter, &Name, &Volume)) ? Volume : NULL;
}

/* So that most requests meet a filter. */
static VOID
StressStay(struct storm_thread *Thread, ULONG Requests)
{
    const uint64_t Until = Stress.done + storm_random(Thread) % Requests;

    while (storm_more(&Stress) && Stress.done < Until) {
        TinySleep(1);
    }
}

/* ---- attach and detach ---- */

static NTSTATUS
StressAttach(STRESS_FILTER *Filter, PFLT_VOLUME Volume, ULONG Draw, PFLT_INSTANCE *Instance)
{
    char Altitude[] = "250000.0", Called[] = "extra0";

    if (Draw % 4 != 0) {
        return FltAttachVolume(Filter->Tiny.Filter, Volume, NULL, Instance);
    }
    Altitude[0] = (char)('1' + Draw / 4 % 4);
    Altitude[7] = (char)('1' + Draw / 16 % 4);
    Called[5] = (char)('0' + Draw / 64 % 2);
    const UNICODE_STRING At = TinyString(Altitude), Name = TinyString(Called);
    return FltAttachVolumeAtAltitude(Filter->Tiny.Filter, Volume, &At, &Name, Instance);
}

static NTSTATUS
StressDetach(STRESS_FILTER *Filter, PFLT_VOLUME Volume, ULONG Draw)
{
    char Called[] = "extra0";

    if (Draw % 2 == 0) {
        return FltDetachVolume(Filter->Tiny.Filter, Volume, NULL);
    }
    Called[5] = (char)('0' + Draw / 2 % 2);
    const UNICODE_STRING Name = TinyString(Called);
    return FltDetachVolume(Filter->Tiny.Filter, Volume, &Name);
}

VOID
StressAttachStep(struct storm_thread *Thread)
{
    STRESS_FILTER *Filter = &StressFilters[storm_random(Thread) % FILTERS];
    const ULONG Draw = storm_random(Thread);
    PFLT_INSTANCE Instance = NULL;
    NTSTATUS Status;

    port_driver_rwlock_shared(&Filter->Using);
    PFLT_VOLUME Volume = StressFltVolume(Filter, Thread);
    if (Volume != NULL && Draw % 3 != 0) {
        Status = StressAttach(Filter, Volume, Draw / 4, &Instance);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_FLT_INSTANCE_NAME_COLLISION || Status == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION ||
              Status == STATUS_OBJECT_NAME_COLLISION || Status == STATUS_FLT_DELETING_OBJECT || Status == STATUS_FLT_DO_NOT_ATTACH);
        CHECK_STATUS(Status, NT_SUCCESS(Status) == (Instance != NULL));
        Count(&StressCounters.Attaches);
    } else if (Volume != NULL) {
        Status = StressDetach(Filter, Volume, Draw / 4);
        CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_FLT_INSTANCE_NOT_FOUND || Status == STATUS_FLT_DELETING_OBJECT);
    }
    if (Instance != NULL) {
        FltObjectDereference(Instance);
    }
    if (Volume != NULL) {
        FltObjectDereference(Volume);
    }
    port_driver_rwlock_release(&Filter->Using);
    StressStay(Thread, 200);
}

/* ---- load and unload ---- */

VOID
StressLoadStep(struct storm_thread *Thread)
{
    STRESS_FILTER *Filter = &StressFilters[storm_random(Thread) % FILTERS];

    port_driver_rwlock_exclusive(&Filter->Using);
    StressFilterUnload(Filter);
    StressFilterLoad(Filter);
    port_driver_rwlock_release(&Filter->Using);
    Count(&StressCounters.Loads);
    StressStay(Thread, 3000);
}

/* ---- mount and dismount ---- */

/* Under the workers' open files. */
static VOID
StressSurprise(STRESS_VOLUME *Volume)
{
    const IOP_CREATE Create = { .Name = StressVolumeName(Volume), .DesiredAccess = FILE_READ_DATA | SYNCHRONIZE, .Disposition = FILE_OPEN,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;
    NTSTATUS Status = IopCreateFile(&Create, &IoStatus, &File);

    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    IOP_REQUEST Request = { .FileObject = File, .RequestorMode = UserMode };
    Request.Stack.MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL;
    Request.Stack.MinorFunction = IRP_MN_USER_FS_REQUEST;
    Request.Stack.Parameters.FileSystemControl.FsControlCode = FSCTL_DISMOUNT_VOLUME;
    Volume->Unsure = TRUE;
    Status = IopRequest(&Request, &IoStatus);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    IopCloseFile(File);
    Count(&StressCounters.Surprises);
}

VOID
StressMountStep(struct storm_thread *Thread)
{
    static const FSB_OPTIONS Options = { .DriveLetter = 0 };
    STRESS_VOLUME *Volume = &StressVolumes[1 + storm_random(Thread) % (VOLUMES - 1)];
    NTSTATUS Status;

    if (storm_random(Thread) % 2) {
        StressSurprise(Volume);
        TinySleep(storm_random(Thread) % 4);
    }
    Volume->Leaving = TRUE;
    while ((Status = MfsVolumeDelete(Volume->Real)) == STATUS_DEVICE_BUSY) {
        TinySleep(1);
    }
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    StressStay(Thread, 200);
    atomic_fetch_add(&Volume->Mounts, 1);      /* a worker that is late, and finds the new one already, starts again */
    Status = MfsVolumeCreate(Volume->Number, &Options, &Volume->Real);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    atomic_fetch_add(&Volume->Mounts, 1);
    Volume->Leaving = Volume->Unsure = FALSE;
    Count(&StressCounters.Mounts);
    StressStay(Thread, 5000);
}

/* ---- transactions ---- */

static VOID
StressTransactOnce(STRESS_FILTER *Filter, struct storm_thread *Thread, PKTRANSACTION Transaction)
{
    PFLT_INSTANCE Instance;

    port_driver_rwlock_shared(&Filter->Using);
    PFLT_VOLUME Volume = StressFltVolume(Filter, Thread);
    if (Volume != NULL && NT_SUCCESS(FltGetVolumeInstanceFromName(Filter->Tiny.Filter, Volume, NULL, &Instance))) {
        StressTransactionStep(Filter, Instance, Transaction);
        FltObjectDereference(Instance);
        storm_did(&Stress, 1);
    }
    if (Volume != NULL) {
        FltObjectDereference(Volume);
    }
    port_driver_rwlock_release(&Filter->Using);
}

/* Two threads on one transaction, which the one who sees it last ends. */
VOID
StressTransactStep(struct storm_thread *Thread)
{
    PKTRANSACTION Transaction;
    HANDLE Handle;

    if (!NT_SUCCESS(ZwCreateTransaction(&Handle, TRANSACTION_ALL_ACCESS, NULL, NULL, NULL, 0, 0, 0, NULL, NULL))) {
        storm_wrong(&Stress, "no transaction");
        return;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, TRANSACTION_ENLIST, *TmTransactionObjectType, KernelMode, (PVOID *)&Transaction, NULL);
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    for (ULONG i = storm_random(Thread) % 64; i > 0 && storm_more(&Stress); i--) {
        StressTransactOnce(&StressFilters[storm_random(Thread) % FILTERS], Thread, Transaction);
    }
    switch (storm_random(Thread) % 3) {
    case 0:
        Status = ZwCommitTransaction(Handle, TRUE);
        break;
    case 1:
        Status = ZwRollbackTransaction(Handle, TRUE);
        break;
    default:
        break;                                 /* the last handle rolls it back */
    }
    CHECK_STATUS(Status, Status == STATUS_SUCCESS);
    ZwClose(Handle);
    ObDereferenceObject(Transaction);
    Count(&StressCounters.Transactions);
}

/* ---- looking ---- */

#define LIST 64

VOID
StressLookStep(struct storm_thread *Thread)
{
    STRESS_FILTER *Filter = &StressFilters[storm_random(Thread) % FILTERS];
    PFLT_INSTANCE Instances[LIST];
    PFLT_VOLUME Volumes[LIST];
    ULONG Count = 0;

    port_driver_rwlock_shared(&Filter->Using);
    if (NT_SUCCESS(FltEnumerateInstances(NULL, storm_random(Thread) % 2 ? Filter->Tiny.Filter : NULL, Instances, LIST, &Count))) {
        for (ULONG i = 0; i < Count; i++) {
            PFLT_VOLUME Volume = NULL;
            const NTSTATUS Status = FltGetVolumeFromInstance(Instances[i], &Volume);
            CHECK_STATUS(Status, Status == STATUS_SUCCESS || Status == STATUS_FLT_DELETING_OBJECT);
            if (Volume != NULL) {
                FltObjectDereference(Volume);
            }
            FltObjectDereference(Instances[i]);
        }
    }
    if (NT_SUCCESS(FltEnumerateVolumes(Filter->Tiny.Filter, Volumes, LIST, &Count))) {
        CHECK(Count >= 1);
        for (ULONG i = 0; i < Count; i++) {
            FltObjectDereference(Volumes[i]);
        }
    }
    port_driver_rwlock_release(&Filter->Using);
    StressStay(Thread, 100);
}

/* SPDX-License-Identifier: MIT */
/*
 * Calls of FS_FILTER_CALLBACKS (FsRtlRegisterFileSystemFilterCallbacks): every driver of a volume's stack that registered some, from the
 * top down before the operation, and those that were called back up after it.
 */
#include "io/iopp.h"

#include <stdatomic.h>

#include "io/section.h"

#define IOP_FS_FILTERS 32

typedef struct IOP_FS_FILTER {
    PDEVICE_OBJECT Device;                     /* referenced */
    PVOID Context;
} IOP_FS_FILTER;

/* Top first. */
static ULONG
IopFsFilters(PDEVICE_OBJECT Base, IOP_FS_FILTER *Filters)
{
    ULONG Count = 0;

    port_lock_acquire(&IopDatabaseLock);
    PDEVICE_OBJECT Device = Base;
    while (Device->AttachedDevice != NULL) {
        Device = Device->AttachedDevice;
    }
    for (; Device != NULL && Count < IOP_FS_FILTERS; Device = Device == Base ? NULL : IopDevice(Device)->AttachedTo) {
        if (__atomic_load_n(&IOP_DRIVER_FROM(Device->DriverObject)->FsFilterCallbacks, __ATOMIC_ACQUIRE) != NULL) {
            ObpReference(Device);
            Filters[Count++] = (IOP_FS_FILTER){.Device = Device};
        }
    }
    port_lock_release(&IopDatabaseLock);
    return Count;
}

static NTSTATUS
IopFsFilterPre(IOP_FS_FILTER *Filter, FS_FILTER_CALLBACK_DATA *Data, BOOLEAN Acquire)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Filter->Device->DriverObject);
    const PFS_FILTER_CALLBACK Routine =
        Acquire ? Driver->FsFilterCallbacks->PreAcquireForSectionSynchronization : Driver->FsFilterCallbacks->PreReleaseForSectionSynchronization;
    KI_DRIVER_CALL Call = {.Owner = Driver->Owner, .Phase = "file system filter callback"};
    volatile NTSTATUS Status = STATUS_SUCCESS;

    Data->DeviceObject = Filter->Device;
    Filter->Context = NULL;
    if (Routine == NULL || !IopDriverEnter(Driver, 0)) {
        return STATUS_SUCCESS;
    }
    NT_CALL(&Call, Status = Routine(Data, &Filter->Context));
    IopDriverLeave(Driver);
    if (Call.Faulted) {
        atomic_store(&Driver->Dead, 1);
        return STATUS_SUCCESS;
    }
    return Status;
}

static VOID
IopFsFilterPost(IOP_FS_FILTER *Filter, FS_FILTER_CALLBACK_DATA *Data, BOOLEAN Acquire, NTSTATUS Status)
{
    IOP_DRIVER *Driver = IOP_DRIVER_FROM(Filter->Device->DriverObject);
    const PFS_FILTER_COMPLETION_CALLBACK Routine =
        Acquire ? Driver->FsFilterCallbacks->PostAcquireForSectionSynchronization : Driver->FsFilterCallbacks->PostReleaseForSectionSynchronization;
    KI_DRIVER_CALL Call = {.Owner = Driver->Owner, .Phase = "file system filter callback"};

    Data->DeviceObject = Filter->Device;
    if (Routine == NULL || !IopDriverEnter(Driver, IOP_DRIVER_LEAVING)) {
        return;
    }
    NT_CALL(&Call, Routine(Data, Status, Filter->Context));
    IopDriverLeave(Driver);
    if (Call.Faulted) {
        atomic_store(&Driver->Dead, 1);
    }
}

/* Whoever answers with something else than STATUS_SUCCESS has decided: those below are not called. */
static NTSTATUS
IopFsFilterRun(IOP_FS_FILTER *Filters, ULONG Count, FS_FILTER_CALLBACK_DATA *Data, BOOLEAN Acquire)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Reached = 0;

    Data->Operation = Acquire ? FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION : FS_FILTER_RELEASE_FOR_SECTION_SYNCHRONIZATION;
    while (Reached < Count && Status == STATUS_SUCCESS) {
        Status = IopFsFilterPre(&Filters[Reached++], Data, Acquire);
    }
    /* The one that decided needs no completion of its own. */
    for (ULONG i = Status == STATUS_SUCCESS ? Reached : Reached - 1; i-- > 0;) {
        IopFsFilterPost(&Filters[i], Data, Acquire, Status);
    }
    return Status;
}

NTSTATUS
IopFsFilterSection(PFILE_OBJECT FileObject, ULONG Protection)
{
    IOP_FS_FILTER Filters[IOP_FS_FILTERS];
    const ULONG Count = IopFsFilters(IopBaseDevice(FileObject), Filters);
    FS_FILTER_CALLBACK_DATA Data = {.SizeOfFsFilterCallbackData = sizeof(Data), .FileObject = FileObject};

    if (Count == 0) {
        return STATUS_SUCCESS;
    }
    Data.Parameters.AcquireForSectionSynchronization.SyncType = SyncTypeCreateSection;
    Data.Parameters.AcquireForSectionSynchronization.PageProtection = Protection;
    const NTSTATUS Status = IopFsFilterRun(Filters, Count, &Data, TRUE);
    if (NT_SUCCESS(Status)) {
        IopFsFilterRun(Filters, Count, &Data, FALSE);
    }
    for (ULONG i = 0; i < Count; i++) {
        ObpDereference(Filters[i].Device);
    }
    return Status;
}

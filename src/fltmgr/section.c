/* SPDX-License-Identifier: MIT */
/*
 * Sections for data scans (C-40 … C-46).
 *
 * A section context hangs on its stream like a stream context, from before its section is made until FltCloseSectionForDataScan.  With the
 * first section of a volume the operations that can conflict with one are watched (FLT_VOLUME.Scanned); before such an operation goes down
 * the owners of sections of its stream are told.  Here no operation has to fail because of a section: a view is a copy.
 */
#include "fltmgr/transact.h"
#include "io/section.h"

#define FLTP_SCAN_MAJORS ((1ull << IRP_MJ_WRITE) | (1ull << IRP_MJ_SET_INFORMATION) | (1ull << IRP_MJ_FILE_SYSTEM_CONTROL))

BOOLEAN
FltpVolumeSupportsScan(PFLT_VOLUME Volume)
{
    return Volume->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM || Volume->DeviceType == FILE_DEVICE_CD_ROM_FILE_SYSTEM;
}

/* Windows: fltKernel.h, FltRegisterForDataScan.  Differences: supported on disk and CD-ROM file systems. */
NTSTATUS FLTAPI
FltRegisterForDataScan(PFLT_INSTANCE Instance)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    if (!FltpVolumeSupportsScan(Instance->Volume)) {
        return STATUS_NOT_SUPPORTED;
    }
    atomic_store(&Instance->Scans, 1);
    return STATUS_SUCCESS;
}

/* ---- create, close ---- */

/* From now on everything that may conflict with a section passes through FltpScanConflicts, in the lowest frame. */
static VOID
FltpVolumeWatchScans(PFLT_VOLUME Of)
{
    const PFLT_VOLUME Volume = Of->Base;

    if ((atomic_load(&Volume->Scanned) & FLTP_SCAN_MAJORS) == FLTP_SCAN_MAJORS) {
        return;
    }
    FltpLockAcquire(&Volume->Lock, FLTP_RANK_VOLUME);
    atomic_fetch_or(&Volume->Scanned, FLTP_SCAN_MAJORS);
    atomic_fetch_or(&Volume->Interest, FLTP_SCAN_MAJORS);
    FltpLockRelease(&Volume->Lock);
}

static NTSTATUS
FltpScanLink(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLTP_CONTEXT_NODE *Node, const char *Routine)
{
    FLTP_SLOT Slot = { .Key = Instance, .Owner = &Instance->Links, .Type = FLT_SECTION_CONTEXT, .Routine = Routine };
    NTSTATUS Status = vf_inject(Routine, Instance->Filter->Owner)
        ? STATUS_INSUFFICIENT_RESOURCES : FltpStreamTarget(Instance, FileObject, FLT_SECTION_CONTEXT, FltpFindCreate, &Slot.Target);

    if (NT_SUCCESS(Status) && atomic_load_explicit(&Instance->Deleting, memory_order_acquire)) {
        Status = STATUS_FLT_DELETING_OBJECT;
    }
    return NT_SUCCESS(Status) ? FltpSlotSet(&Slot, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Node, NULL) : Status;
}

/* Linked before the section is made: a conflict may be told before this returns (C-46). */
static NTSTATUS
FltpScanCreate(PFLT_INSTANCE Instance, FLTP_CONTEXT_NODE *Node, IOP_SCAN_SECTION *Create, PHANDLE Handle, PVOID *Section, PLARGE_INTEGER Size)
{
    static const char Routine[] = "FltCreateSectionForDataScan";

    FltpVolumeWatchScans(Instance->Volume);
    NTSTATUS Status = FltpScanLink(Instance, Create->Section.FileObject, Node, Routine);
    if (NT_SUCCESS(Status)) {
        Create->Section.StartDevice = Instance->Volume->FilterDevice;
        Create->Section.FilterTarget = Instance;
        Status = IopScanSectionCreate(Create, Handle, Section, Size);
        if (!NT_SUCCESS(Status)) {
            FltpSlotUnlink(Node, Routine);
        }
    }
    if (!NT_SUCCESS(Status) && vf_on()) {
        vf_object_note(Node->Ledger, "%s failed with status 0x%08X", Routine, (unsigned)Status);
    }
    return Status;
}

/* Windows: fltKernel.h, FltCreateSectionForDataScan.  Differences: read-only sections only; views as MmMapViewInSystemSpace. */
NTSTATUS FLTAPI
FltCreateSectionForDataScan(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFLT_CONTEXT SectionContext, ACCESS_MASK DesiredAccess,
    POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes, ULONG Flags,
    PHANDLE SectionHandle, PVOID *SectionObject, PLARGE_INTEGER SectionFileSize)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    IOP_SCAN_SECTION Create = { .Section = { .FileObject = FileObject, .Protection = SectionPageProtection }, .DesiredAccess = DesiredAccess,
        .ObjectAttributes = ObjectAttributes, .AllocationAttributes = AllocationAttributes };
    UNREFERENCED_PARAMETER(MaximumSize);
    UNREFERENCED_PARAMETER(Flags);
    *SectionHandle = NULL;
    *SectionObject = NULL;
    FLTP_CONTEXT_NODE *Node =
        FltpContextForSet(SectionContext, FLT_SECTION_CONTEXT, Instance->Filter, FLT_SET_CONTEXT_KEEP_IF_EXISTS, __func__);
    if (Node == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltpVolumeSupportsScan(Instance->Volume)) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!atomic_load(&Instance->Scans)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!FltpCountTryAcquire(&Instance->Outstanding)) {
        return STATUS_FLT_DELETING_OBJECT;
    }
    const NTSTATUS Status = FltpScanCreate(Instance, Node, &Create, SectionHandle, SectionObject, SectionFileSize);
    FltpCountRelease(&Instance->Outstanding);
    return Status;
}

/* Windows: fltKernel.h, FltCloseSectionForDataScan.  Differences: none. */
NTSTATUS FLTAPI
FltCloseSectionForDataScan(PFLT_CONTEXT SectionContext)
{
    VF_MAX_IRQL(PASSIVE_LEVEL);

    FLTP_CONTEXT_NODE *Node = FltpContextNode(SectionContext, FLT_SECTION_CONTEXT);
    if (Node == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (FltpSlotUnlink(Node, __func__)) {
        return STATUS_SUCCESS;
    }
    return atomic_load(&Node->Unlinks) != 0 ? STATUS_NOT_FOUND : STATUS_INVALID_PARAMETER;
}

/* ---- conflicts ---- */

static BOOLEAN
FltpSetShrinks(const FLT_IO_PARAMETER_BLOCK *Iopb)
{
    const PFSRTL_COMMON_FCB_HEADER Header = Iopb->TargetFileObject->FsContext;
    const LONGLONG Size = __atomic_load_n(&Header->FileSize.QuadPart, __ATOMIC_RELAXED);
    const PVOID Buffer = Iopb->Parameters.SetFileInformation.InfoBuffer;

    if (Buffer == NULL || Iopb->Parameters.SetFileInformation.Length < sizeof(LONGLONG)) {
        return FALSE;
    }
    switch (Iopb->Parameters.SetFileInformation.FileInformationClass) {
    case FileEndOfFileInformation:
        return !Iopb->Parameters.SetFileInformation.AdvanceOnly && ((PFILE_END_OF_FILE_INFORMATION)Buffer)->EndOfFile.QuadPart < Size;
    case FileAllocationInformation:
        return ((PFILE_ALLOCATION_INFORMATION)Buffer)->AllocationSize.QuadPart < Size;
    default:
        return FALSE;
    }
}

/* What purges the stream's cached pages on Windows, and therefore does not go with a section. */
static BOOLEAN
FltpOperationConflicts(const FLT_IO_PARAMETER_BLOCK *Iopb)
{
    switch (Iopb->MajorFunction) {
    case IRP_MJ_WRITE:
        return (Iopb->IrpFlags & IRP_NOCACHE) && !(Iopb->IrpFlags & IRP_PAGING_IO);
    case IRP_MJ_SET_INFORMATION:
        return FltpSetShrinks(Iopb);
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return Iopb->MinorFunction == IRP_MN_USER_FS_REQUEST &&
               Iopb->Parameters.FileSystemControl.Common.FsControlCode == FSCTL_SET_ZERO_DATA;
    default:
        return FALSE;
    }
}

typedef struct FLTP_CONFLICT { PFLT_INSTANCE Instance; PFLT_CONTEXT Context; } FLTP_CONFLICT;

/*
 * Calls back for the section contexts of a target, referenced, with the Outstanding of their instances.  An instance whose contexts are linked
 * has not gone: its end needs Target->Lock first.
 */
static ULONG
FltpConflictsCollect(FLTP_TARGET *Target, FLTP_CONFLICT *Conflicts, ULONG Capacity)
{
    ULONG Count = 0;

    FltpLockAcquire(&Target->Lock, FLTP_RANK_TARGET);
    FLTP_CONTEXT_NODE *Node = atomic_load_explicit(&Target->Head, memory_order_relaxed);
    for (; Node != NULL && Count < Capacity; Node = atomic_load_explicit(&Node->Next, memory_order_relaxed)) {
        PFLT_INSTANCE Instance = (PFLT_INSTANCE)(Node->Key - Node->Type);
        if (Node->Type != FLT_SECTION_CONTEXT || Instance->Filter->Registration.SectionNotificationCallback == NULL ||
            !FltpCountTryAcquire(&Instance->Outstanding)) {
            continue;
        }
        atomic_fetch_add_explicit(&Node->Word, 1, memory_order_relaxed);
        if (vf_on()) {
            vf_object_reference(Node->Ledger, VF_REASON_GET, "section notification");
        }
        Conflicts[Count++] = (FLTP_CONFLICT){ Instance, Node->Context };
    }
    FltpLockRelease(&Target->Lock);
    return Count;
}

static VOID
FltpConflictTell(const FLTP_CONFLICT *Conflict, PFLT_CALLBACK_DATA Data)
{
    PFLT_FILTER Filter = Conflict->Instance->Filter;
    const PFLT_SECTION_CONFLICT_NOTIFICATION_CALLBACK Callback = Filter->Registration.SectionNotificationCallback;
    KI_DRIVER_CALL Call;

    if (!atomic_load(&Conflict->Instance->Deleting) && !atomic_load(&Filter->Dead)) {
        FltpCallInitialize(&Call, Filter, FltpMajorName(Data->Iopb->MajorFunction), "section notification");
        NT_CALL(&Call, Callback(Conflict->Instance, Conflict->Context, Data));
        if (Call.Faulted) {
            FltpFilterMarkDead(Filter);
        }
    }
    FltReleaseContext(Conflict->Context);
    FltpCountRelease(&Conflict->Instance->Outstanding);
}

#define FLTP_CONFLICTS 16                      /* told of one operation: instances with a section of one stream */

VOID
FltpScanConflicts(FLTP_OPERATION *Operation)
{
    PFILE_OBJECT FileObject = Operation->Iopb.TargetFileObject;
    FLTP_CONFLICT Conflicts[FLTP_CONFLICTS];
    FLTP_TARGET *Target;

    if (FileObject == NULL || FileObject->FsContext == NULL || KeGetCurrentIrql() > PASSIVE_LEVEL ||
        !FltpOperationConflicts(&Operation->Iopb) ||
        !NT_SUCCESS(FltpStreamTarget(NULL, FileObject, FLT_SECTION_CONTEXT, FltpFindExisting, &Target))) {
        return;
    }
    const ULONG Count = FltpConflictsCollect(Target, Conflicts, FLTP_CONFLICTS);
    for (ULONG i = 0; i < Count; i++) {
        FltpConflictTell(&Conflicts[i], &Operation->Data);
    }
}

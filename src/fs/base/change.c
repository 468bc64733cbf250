/* SPDX-License-Identifier: MIT */
/*
 * Changes that did not come from view, reported to whoever caches above (IopReportChange).  Every request passes FsbDispatch once, however
 * it was made: by a driver's Flt* or Zw* routine, by an IRP of its own, or by view with a target that a filter exchanged.  What
 * view asked for is not reported, and costs one test of a bit and one of the attachment.
 */
#include "fs/base/fsb.h"

BOOLEAN
FsbFromView(PIRP Irp)
{
    const PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    return FsbAttachment(Irp) != NULL && FileObject != NULL && IopFileIsOurs(FileObject) && IOP_FILE_FROM(FileObject)->OpenMode == UserMode;
}

static VOID
FsbReportFile(FSB_VOLUME *Volume, const FSB_FCB *Fcb, ULONG What)
{
    const IOP_CHANGE Change = {.File = Fcb->Key.Inode, .What = What};
    IopReportChange(Volume->VolumeDevice, &Change);
}

VOID
FsbReportName(FSB_VOLUME *Volume, PCUNICODE_STRING Path, ULONGLONG File)
{
    FSB_STAT Stat;
    const USHORT Parent = FsbParentBytes(Path);
    const USHORT Skip = Parent == 0 ? 0 : (USHORT)(Parent + sizeof(WCHAR));
    const UNICODE_STRING Directory = {.Buffer = Path->Buffer, .Length = Parent, .MaximumLength = Parent};
    const UNICODE_STRING Name = {.Buffer = Path->Buffer + Skip / sizeof(WCHAR), .Length = Path->Length - Skip, .MaximumLength = Path->Length - Skip};
    IOP_CHANGE Change = {.File = File, .What = IOP_CHANGED_NAMES | IOP_CHANGED_ATTRIBUTES};
    port_rwlock_shared(&Volume->NameLock);
    const NTSTATUS Status = Volume->Store->QueryName(Volume, &Directory, TRUE, &Stat, NULL);
    port_rwlock_release_shared(&Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        Change.Parent = Stat.Key.Inode;
        Change.Name = &Name;
    }
    IopReportChange(Volume->VolumeDevice, &Change);
}

/* By the name the file object was opened with. */
static VOID
FsbReportOpened(FSB_VOLUME *Volume, PFILE_OBJECT FileObject)
{
    FSB_PATH Path;
    FsbPathInitialize(&Path);
    port_rwlock_shared(&Volume->NameLock);
    const NTSTATUS Status = FsbLcbPath(FsbCcbOf(FileObject)->Lcb, FALSE, &Path);
    port_rwlock_release_shared(&Volume->NameLock);
    if (NT_SUCCESS(Status)) {
        FsbReportName(Volume, &Path.Name, FsbScbOf(FileObject)->Fcb->Key.Inode);
    }
    FsbPathFree(&Path);
}

static ULONG
FsbSetChanges(FILE_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileBasicInformation: return IOP_CHANGED_ATTRIBUTES;
    case FileEndOfFileInformation:
    case FileAllocationInformation: return IOP_CHANGED_DATA;
    default: return 0;                         /* names: rename.c; deletion: the cleanup that carries it out */
    }
}

static ULONG
FsbControlChanges(const IO_STACK_LOCATION *Stack)
{
    if (Stack->MinorFunction != IRP_MN_USER_FS_REQUEST && Stack->MinorFunction != IRP_MN_KERNEL_CALL) {
        return 0;
    }
    switch (Stack->Parameters.FileSystemControl.FsControlCode) {
    case FSCTL_SET_ZERO_DATA:
    case FSCTL_DUPLICATE_EXTENTS_TO_FILE:
    case FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX: return IOP_CHANGED_DATA;
    case FSCTL_SET_REPARSE_POINT:
    case FSCTL_DELETE_REPARSE_POINT: return IOP_CHANGED_DATA | IOP_CHANGED_NAMES;
    default: return 0;
    }
}

static ULONG
FsbCreateChanges(ULONG_PTR Information)
{
    switch (Information) {
    case FILE_CREATED: return IOP_CHANGED_NAMES;
    case FILE_OVERWRITTEN:
    case FILE_SUPERSEDED: return IOP_CHANGED_DATA;
    default: return 0;
    }
}

VOID
FsbReportRequest(FSB_VOLUME *Volume, PIRP Irp, UCHAR Major)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    const PFILE_OBJECT FileObject = Stack->FileObject;
    ULONG What = IOP_CHANGED_ATTRIBUTES;       /* SET_EA, SET_SECURITY */
    if (FileObject == NULL || FsbScbOf(FileObject) == NULL || FsbScbOf(FileObject)->Fcb == NULL) {
        return;
    }
    switch (Major) {
    case IRP_MJ_CREATE: What = FsbCreateChanges(Irp->IoStatus.Information); break;
    case IRP_MJ_WRITE: What = Irp->IoStatus.Information != 0 ? IOP_CHANGED_DATA : 0; break;
    case IRP_MJ_SET_INFORMATION: What = FsbSetChanges(Stack->Parameters.SetFile.FileInformationClass); break;
    case IRP_MJ_FILE_SYSTEM_CONTROL: What = FsbControlChanges(Stack); break;
    default: break;
    }
    if (What & IOP_CHANGED_NAMES) {
        FsbReportOpened(Volume, FileObject);
    }
    if (What & ~(ULONG)IOP_CHANGED_NAMES) {
        FsbReportFile(Volume, FsbScbOf(FileObject)->Fcb, What & ~(ULONG)IOP_CHANGED_NAMES);
    }
}

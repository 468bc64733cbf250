/* SPDX-License-Identifier: MIT */
/*
 * File systems that do not know the newest information classes: FileStatLxInformation is put together from three old ones; renames and
 * deletes go without their Ex flags; creates go without the EAs that carry modes.  Owner and mode are then the view's own.
 */
#include "view/viewp.h"

BOOLEAN
ViewIsUnknownClass(NTSTATUS Status)
{
    return Status == STATUS_INVALID_INFO_CLASS || Status == STATUS_INVALID_PARAMETER || Status == STATUS_NOT_IMPLEMENTED ||
           Status == STATUS_NOT_SUPPORTED || Status == STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS
ViewPlainStat(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_STAT_LX_INFORMATION *Stat, BOOLEAN Below)
{
    FILE_BASIC_INFORMATION Basic;
    FILE_STANDARD_INFORMATION Standard;
    FILE_INTERNAL_INFORMATION Internal;
    NTSTATUS Status = ViewQuery(Call, FileObject, FileBasicInformation, &Basic, sizeof Basic, Below);
    if (NT_SUCCESS(Status)) {
        Status = ViewQuery(Call, FileObject, FileStandardInformation, &Standard, sizeof Standard, Below);
    }
    if (NT_SUCCESS(Status)) {
        Status = ViewQuery(Call, FileObject, FileInternalInformation, &Internal, sizeof Internal, Below);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    memset(Stat, 0, sizeof *Stat);
    Stat->FileId = Internal.IndexNumber;
    Stat->CreationTime = Basic.CreationTime;
    Stat->LastAccessTime = Basic.LastAccessTime;
    Stat->LastWriteTime = Basic.LastWriteTime;
    Stat->ChangeTime = Basic.ChangeTime.QuadPart != 0 ? Basic.ChangeTime : Basic.LastWriteTime;
    Stat->AllocationSize = Standard.AllocationSize;
    Stat->EndOfFile = Standard.EndOfFile;
    Stat->FileAttributes = Basic.FileAttributes | (Standard.Directory ? FILE_ATTRIBUTE_DIRECTORY : 0);
    Stat->NumberOfLinks = Standard.NumberOfLinks != 0 ? Standard.NumberOfLinks : 1;
    Stat->LxFlags = LX_FILE_METADATA_HAS_UID | LX_FILE_METADATA_HAS_GID;
    Stat->LxUid = Call->View->Options.uid;
    Stat->LxGid = Call->View->Options.gid;
    return STATUS_SUCCESS;
}

NTSTATUS
ViewPlainSet(VIEW_CALL *Call, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PFILE_OBJECT Target)
{
    if (Class == FileDispositionInformationEx) {
        FILE_DISPOSITION_INFORMATION Disposition = {
            .DeleteFile = (((PFILE_DISPOSITION_INFORMATION_EX)Buffer)->Flags & FILE_DISPOSITION_DELETE) != 0,
        };
        return ViewSet(Call, FileObject, FileDispositionInformation, &Disposition, sizeof Disposition, Target);
    }
    PFILE_RENAME_INFORMATION Rename = Buffer;
    const ULONG Flags = Rename->Flags;
    Rename->Flags = 0;
    Rename->ReplaceIfExists = (Flags & FILE_RENAME_REPLACE_IF_EXISTS) != 0;
    return ViewSet(Call, FileObject, Class == FileRenameInformationEx ? FileRenameInformation : FileLinkInformation, Buffer, Length, Target);
}

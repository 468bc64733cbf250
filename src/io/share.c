/* SPDX-License-Identifier: MIT */
/* Share access.  The caller (a file system) holds its own lock on the SHARE_ACCESS. */
#include "io/iopp.h"

#include <stdatomic.h>
#include <string.h>

#define IOP_ACCESS_READ (FILE_READ_DATA | FILE_EXECUTE)
#define IOP_ACCESS_WRITE (FILE_WRITE_DATA | FILE_APPEND_DATA)

static BOOLEAN
IopShareIgnored(PFILE_OBJECT FileObject)
{
    return IopFileIsOurs(FileObject) &&
           (atomic_load_explicit(&IOP_FILE_FROM(FileObject)->State, memory_order_relaxed) & IOP_FILE_IGNORE_SHARING) != 0;
}

static VOID
IopShareSetFileObject(ACCESS_MASK Desired, ULONG Share, PFILE_OBJECT FileObject)
{
    FileObject->ReadAccess = (BOOLEAN)((Desired & IOP_ACCESS_READ) != 0);
    FileObject->WriteAccess = (BOOLEAN)((Desired & IOP_ACCESS_WRITE) != 0);
    FileObject->DeleteAccess = (BOOLEAN)((Desired & DELETE) != 0);
    if (FileObject->ReadAccess || FileObject->WriteAccess || FileObject->DeleteAccess) {
        FileObject->SharedRead = (BOOLEAN)((Share & FILE_SHARE_READ) != 0);
        FileObject->SharedWrite = (BOOLEAN)((Share & FILE_SHARE_WRITE) != 0);
        FileObject->SharedDelete = (BOOLEAN)((Share & FILE_SHARE_DELETE) != 0);
    }
}

static BOOLEAN
IopShareCounts(PFILE_OBJECT FileObject)
{
    return (FileObject->ReadAccess || FileObject->WriteAccess || FileObject->DeleteAccess) && !IopShareIgnored(FileObject);
}

static VOID
IopShareAdd(PFILE_OBJECT FileObject, PSHARE_ACCESS Share, int Sign)
{
    Share->OpenCount += Sign;
    Share->Readers += FileObject->ReadAccess ? Sign : 0;
    Share->Writers += FileObject->WriteAccess ? Sign : 0;
    Share->Deleters += FileObject->DeleteAccess ? Sign : 0;
    Share->SharedRead += FileObject->SharedRead ? Sign : 0;
    Share->SharedWrite += FileObject->SharedWrite ? Sign : 0;
    Share->SharedDelete += FileObject->SharedDelete ? Sign : 0;
}

static BOOLEAN
IopShareConflicts(PFILE_OBJECT FileObject, const SHARE_ACCESS *Share)
{
    return (FileObject->ReadAccess && Share->SharedRead < Share->OpenCount) ||
           (FileObject->WriteAccess && Share->SharedWrite < Share->OpenCount) ||
           (FileObject->DeleteAccess && Share->SharedDelete < Share->OpenCount) ||
           (Share->Readers != 0 && !FileObject->SharedRead) || (Share->Writers != 0 && !FileObject->SharedWrite) ||
           (Share->Deleters != 0 && !FileObject->SharedDelete);
}

/* Windows: wdm.h, IoCheckShareAccess.  Differences: none. */
NTSTATUS
IoCheckShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess, BOOLEAN Update)
{
    IopShareSetFileObject(DesiredAccess, DesiredShareAccess, FileObject);
    if (!IopShareCounts(FileObject)) {
        return STATUS_SUCCESS;
    }
    if (IopShareConflicts(FileObject, ShareAccess)) {
        return STATUS_SHARING_VIOLATION;
    }
    if (Update) {
        IopShareAdd(FileObject, ShareAccess, 1);
    }
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, IoCheckShareAccessEx.  Differences: WritePermission FALSE lets readers deny writers nothing, as documented. */
NTSTATUS
IoCheckShareAccessEx(
    ACCESS_MASK DesiredAccess,
    ULONG DesiredShareAccess,
    PFILE_OBJECT FileObject,
    PSHARE_ACCESS ShareAccess,
    BOOLEAN Update,
    PBOOLEAN WritePermission)
{
    ULONG Share = DesiredShareAccess;

    if (WritePermission != NULL && !*WritePermission && (DesiredAccess & (IOP_ACCESS_WRITE | DELETE)) == 0) {
        Share |= FILE_SHARE_WRITE;             /* may not write: may not keep writers out either */
    }
    return IoCheckShareAccess(DesiredAccess, Share, FileObject, ShareAccess, Update);
}

/* Windows: wdm.h, IoSetShareAccess.  Differences: none. */
VOID
IoSetShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    IopShareSetFileObject(DesiredAccess, DesiredShareAccess, FileObject);
    memset(ShareAccess, 0, sizeof(*ShareAccess));
    if (IopShareCounts(FileObject)) {
        IopShareAdd(FileObject, ShareAccess, 1);
    }
}

/* Windows: wdm.h, IoUpdateShareAccess.  Differences: none. */
VOID
IoUpdateShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopShareCounts(FileObject)) {
        IopShareAdd(FileObject, ShareAccess, 1);
    }
}

/* Windows: wdm.h, IoRemoveShareAccess.  Differences: none. */
VOID
IoRemoveShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopShareCounts(FileObject)) {
        IopShareAdd(FileObject, ShareAccess, -1);
    }
}

static VOID
IopShareStateBit(PFILE_OBJECT FileObject, ULONG Bit, BOOLEAN On)
{
    if (On) {
        atomic_fetch_or_explicit(&IOP_FILE_FROM(FileObject)->State, Bit, memory_order_relaxed);
    } else {
        atomic_fetch_and_explicit(&IOP_FILE_FROM(FileObject)->State, ~Bit, memory_order_relaxed);
    }
}

/* Windows: ntifs.h, IoSetFileObjectIgnoreSharing.  Differences: none. */
NTSTATUS
IoSetFileObjectIgnoreSharing(PFILE_OBJECT FileObject)
{
    IopShareStateBit(FileObject, IOP_FILE_IGNORE_SHARING, TRUE);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoIsFileObjectIgnoringSharing.  Differences: none. */
BOOLEAN
IoIsFileObjectIgnoringSharing(PFILE_OBJECT FileObject)
{
    return IopShareIgnored(FileObject);
}

/* Windows: ntifs.h, IoSetFileOrigin.  Differences: none. */
NTSTATUS
IoSetFileOrigin(PFILE_OBJECT FileObject, BOOLEAN Remote)
{
    if (((FileObject->Flags & FO_REMOTE_ORIGIN) != 0) == (Remote != 0)) {
        return STATUS_INVALID_PARAMETER_MIX;
    }
    FileObject->Flags = Remote ? FileObject->Flags | FO_REMOTE_ORIGIN : FileObject->Flags & ~FO_REMOTE_ORIGIN;
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, IoIsFileOriginRemote.  Differences: none. */
BOOLEAN
IoIsFileOriginRemote(PFILE_OBJECT FileObject)
{
    return (BOOLEAN)((FileObject->Flags & FO_REMOTE_ORIGIN) != 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * What a volume is like to filters (H-17): which file system it passes for, and which of its streams take contexts.  The store below
 * stays what it is.  One row a profile; "files" are the data streams of ordinary files.
 */
#include "fs/base/fsb.h"

#include <fltKernel.h>

typedef struct FSB_PROFILE_ROW {
    const CHAR *Called;
    FLT_FILESYSTEM_TYPE Type;
    DEVICE_TYPE Device;
    const WCHAR *FileSystemName;               /* NULL: the store's */
    ULONG Without;                             /* file system attributes that it does not have */
    BOOLEAN Contexts, FilesContexts;           /* on any stream; on files */
    BOOLEAN PerFile;                           /* per-file contexts of its own (H-12) */
    BOOLEAN PagingFiles;                       /* files are paging files (H-05) */
} FSB_PROFILE_ROW;

#define FSB_NOT_ON_FAT (FILE_PERSISTENT_ACLS | FILE_SUPPORTS_SPARSE_FILES | FILE_SUPPORTS_REPARSE_POINTS | FILE_NAMED_STREAMS | \
    FILE_SUPPORTS_HARD_LINKS | FILE_SUPPORTS_EXTENDED_ATTRIBUTES | FILE_SUPPORTS_OPEN_BY_FILE_ID | FILE_SUPPORTS_POSIX_UNLINK_RENAME)

static const FSB_PROFILE_ROW FsbProfiles[] = {
    [FsbProfileNtfs] = { "ntfs", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, NULL, 0, TRUE, TRUE, TRUE, FALSE },
    [FsbProfileFat] = { "fat", FLT_FSTYPE_FAT, FILE_DEVICE_DISK_FILE_SYSTEM, L"FAT32", FSB_NOT_ON_FAT, TRUE, TRUE, FALSE, FALSE },
    [FsbProfileRefs] = { "refs", FLT_FSTYPE_REFS, FILE_DEVICE_DISK_FILE_SYSTEM, L"ReFS", FILE_SUPPORTS_EXTENDED_ATTRIBUTES, TRUE, TRUE, TRUE, FALSE },
    [FsbProfilePagingFile] = { "paging-file", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, NULL, 0, TRUE, FALSE, TRUE, TRUE },
    [FsbProfileNoContexts] = { "no-contexts", FLT_FSTYPE_NTFS, FILE_DEVICE_DISK_FILE_SYSTEM, NULL, 0, FALSE, FALSE, FALSE, FALSE },
    [FsbProfileNetwork] = { "network", FLT_FSTYPE_LANMAN, FILE_DEVICE_NETWORK_FILE_SYSTEM, NULL, FILE_SUPPORTS_OPEN_BY_FILE_ID, TRUE, TRUE, FALSE,
        FALSE },
};

static const FSB_PROFILE_ROW *
FsbProfileOf(const FSB_VOLUME *Volume)
{
    return &FsbProfiles[Volume->Options.Profile];
}

BOOLEAN
FsbProfileFind(const CHAR *Called, FSB_PROFILE *Profile)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(FsbProfiles); i++) {
        if (strcmp(FsbProfiles[i].Called, Called) == 0) {
            *Profile = (FSB_PROFILE)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* A stream's header, just set up.  Fcb NULL: the volume itself. */
VOID
FsbProfileStream(const FSB_VOLUME *Volume, const FSB_FCB *Fcb, PFSRTL_ADVANCED_FCB_HEADER Header, BOOLEAN Directory)
{
    const FSB_PROFILE_ROW *Row = FsbProfileOf(Volume);
    const BOOLEAN File = Fcb != NULL && !Directory;

    if (!Row->Contexts || (File && !Row->FilesContexts)) {
        Header->Flags2 &= (UCHAR)~FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    }
    if (!Row->PerFile) {
        Header->FileContextSupportPointer = NULL;
    }
    if (File && Row->PagingFiles) {
        Header->Flags2 |= FSRTL_FLAG2_IS_PAGING_FILE;
    }
}

ULONG
FsbProfileDeviceType(const FSB_VOLUME *Volume)
{
    return FsbProfileOf(Volume)->Device;
}

ULONG
FsbProfileFileSystemType(const FSB_VOLUME *Volume)
{
    return FsbProfileOf(Volume)->Type;
}

const WCHAR *
FsbProfileFileSystemName(const FSB_VOLUME *Volume)
{
    const FSB_PROFILE_ROW *Row = FsbProfileOf(Volume);

    return Row->FileSystemName != NULL ? Row->FileSystemName : Volume->Store->FileSystemName;
}

ULONG
FsbProfileAttributes(const FSB_VOLUME *Volume)
{
    return (Volume->Store->FileSystemAttributes & ~FsbProfileOf(Volume)->Without) | (Volume->Options.ReadOnly ? FILE_READ_ONLY_VOLUME : 0);
}

BOOLEAN
FsbProfileHasStreams(const FSB_VOLUME *Volume)
{
    return Volume->Store->Streams && !(FsbProfileOf(Volume)->Without & FILE_NAMED_STREAMS);
}

BOOLEAN
FsbProfileByName(const FSB_VOLUME *Volume)
{
    return FsbProfileOf(Volume)->Device == FILE_DEVICE_NETWORK_FILE_SYSTEM;
}

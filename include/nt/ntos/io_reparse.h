/* SPDX-License-Identifier: MIT */
/* Reparse points: tags and buffers. */
#ifndef _NTOS_IO_REPARSE_
#define _NTOS_IO_REPARSE_

#include "ntdef.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MAXIMUM_REPARSE_DATA_BUFFER_SIZE (16 * 1024)
#define SYMLINK_FLAG_RELATIVE            0x00000001
#define SYMLINK_DIRECTORY                0x80000000
#define SYMLINK_FILE                     0x40000000

#define IO_REPARSE_TAG_RESERVED_ZERO     (0)
#define IO_REPARSE_TAG_RESERVED_ONE      (1)
#define IO_REPARSE_TAG_RESERVED_TWO      (2)
#define IO_REPARSE_TAG_RESERVED_RANGE    IO_REPARSE_TAG_RESERVED_TWO
#define IO_REPARSE_TAG_VALID_VALUES      (0xF000FFFF)
#define IO_REPARSE_TAG_MOUNT_POINT       (0xA0000003)
#define IO_REPARSE_TAG_HSM               (0xC0000004)
#define IO_REPARSE_TAG_DRIVE_EXTENDER    (0x80000005)
#define IO_REPARSE_TAG_HSM2              (0x80000006)
#define IO_REPARSE_TAG_SIS               (0x80000007)
#define IO_REPARSE_TAG_WIM               (0x80000008)
#define IO_REPARSE_TAG_CSV               (0x80000009)
#define IO_REPARSE_TAG_DFS               (0x8000000A)
#define IO_REPARSE_TAG_FILTER_MANAGER    (0x8000000B)
#define IO_REPARSE_TAG_SYMLINK           (0xA000000C)
#define IO_REPARSE_TAG_IIS_CACHE         (0xA0000010)
#define IO_REPARSE_TAG_DFSR              (0x80000012)
#define IO_REPARSE_TAG_DEDUP             (0x80000013)
#define IO_REPARSE_TAG_APPXSTRM          (0xC0000014)
#define IO_REPARSE_TAG_NFS               (0x80000014)
#define IO_REPARSE_TAG_FILE_PLACEHOLDER  (0x80000015)
#define IO_REPARSE_TAG_DFM               (0x80000016)
#define IO_REPARSE_TAG_WOF               (0x80000017)
#define IO_REPARSE_TAG_WCI               (0x80000018)
#define IO_REPARSE_TAG_WCI_1             (0x90001018)
#define IO_REPARSE_TAG_GLOBAL_REPARSE    (0xA0000019)
#define IO_REPARSE_TAG_CLOUD             (0x9000001A)
#define IO_REPARSE_TAG_CLOUD_MASK        (0x0000F000)
#define IO_REPARSE_TAG_APPEXECLINK       (0x8000001B)
#define IO_REPARSE_TAG_PROJFS            (0x9000001C)
#define IO_REPARSE_TAG_LX_SYMLINK        (0xA000001D)
#define IO_REPARSE_TAG_STORAGE_SYNC      (0x8000001E)
#define IO_REPARSE_TAG_WCI_TOMBSTONE     (0xA000001F)
#define IO_REPARSE_TAG_UNHANDLED         (0x80000020)
#define IO_REPARSE_TAG_ONEDRIVE          (0x80000021)
#define IO_REPARSE_TAG_PROJFS_TOMBSTONE  (0xA0000022)
#define IO_REPARSE_TAG_AF_UNIX           (0x80000023)
#define IO_REPARSE_TAG_LX_FIFO           (0x80000024)
#define IO_REPARSE_TAG_LX_CHR            (0x80000025)
#define IO_REPARSE_TAG_LX_BLK            (0x80000026)
#define IO_REPARSE_TAG_WCI_LINK          (0xA0000027)
#define IO_REPARSE_TAG_WCI_LINK_1        (0xA0001027)

#define IsReparseTagMicrosoft(Tag)     (((Tag) & 0x80000000))
#define IsReparseTagNameSurrogate(Tag) (((Tag) & 0x20000000))
#define IsReparseTagDirectory(Tag)     (((Tag) & 0x10000000))
#define IsReparseTagValid(Tag)                                                                     \
    (!((Tag) & ~IO_REPARSE_TAG_VALID_VALUES) && ((Tag) > IO_REPARSE_TAG_RESERVED_RANGE))

typedef struct _REPARSE_DATA_BUFFER {
    ULONG ReparseTag;
    USHORT ReparseDataLength;
    USHORT Reserved;
    union {
        struct {
            USHORT SubstituteNameOffset;
            USHORT SubstituteNameLength;
            USHORT PrintNameOffset;
            USHORT PrintNameLength;
            ULONG Flags;
            WCHAR PathBuffer[1];
        } SymbolicLinkReparseBuffer;
        struct {
            USHORT SubstituteNameOffset;
            USHORT SubstituteNameLength;
            USHORT PrintNameOffset;
            USHORT PrintNameLength;
            WCHAR PathBuffer[1];
        } MountPointReparseBuffer;
        struct {
            UCHAR DataBuffer[1];
        } GenericReparseBuffer;
    };
} REPARSE_DATA_BUFFER, *PREPARSE_DATA_BUFFER;
#define REPARSE_DATA_BUFFER_HEADER_SIZE FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer)

typedef struct _REPARSE_GUID_DATA_BUFFER {
    ULONG ReparseTag;
    USHORT ReparseDataLength;
    USHORT Reserved;
    GUID ReparseGuid;
    struct {
        UCHAR DataBuffer[1];
    } GenericReparseBuffer;
} REPARSE_GUID_DATA_BUFFER, *PREPARSE_GUID_DATA_BUFFER;
#define REPARSE_GUID_DATA_BUFFER_HEADER_SIZE                                                       \
    FIELD_OFFSET(REPARSE_GUID_DATA_BUFFER, GenericReparseBuffer)

typedef struct _REPARSE_DATA_BUFFER_EX {
    ULONG Flags;
    ULONG ExistingReparseTag;
    GUID ExistingReparseGuid;
    ULONGLONG Reserved;
    union {
        REPARSE_DATA_BUFFER ReparseDataBuffer;
        REPARSE_GUID_DATA_BUFFER ReparseGuidDataBuffer;
    };
} REPARSE_DATA_BUFFER_EX, *PREPARSE_DATA_BUFFER_EX;
#define REPARSE_DATA_EX_FLAG_GIVEN_TAG_OR_NONE (0x00000001)

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Volume information. */
#ifndef _NTOS_IO_INFO_FS_
#define _NTOS_IO_INFO_FS_

#include "ntos/io_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _FILE_FS_VOLUME_INFORMATION {
    LARGE_INTEGER VolumeCreationTime;
    ULONG VolumeSerialNumber;
    ULONG VolumeLabelLength;
    BOOLEAN SupportsObjects;
    WCHAR VolumeLabel[1];
} FILE_FS_VOLUME_INFORMATION, *PFILE_FS_VOLUME_INFORMATION;

typedef struct _FILE_FS_LABEL_INFORMATION {
    ULONG VolumeLabelLength;
    WCHAR VolumeLabel[1];
} FILE_FS_LABEL_INFORMATION, *PFILE_FS_LABEL_INFORMATION;

typedef struct _FILE_FS_SIZE_INFORMATION {
    LARGE_INTEGER TotalAllocationUnits;
    LARGE_INTEGER AvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_SIZE_INFORMATION, *PFILE_FS_SIZE_INFORMATION;

typedef struct _FILE_FS_FULL_SIZE_INFORMATION {
    LARGE_INTEGER TotalAllocationUnits;
    LARGE_INTEGER CallerAvailableAllocationUnits;
    LARGE_INTEGER ActualAvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_FULL_SIZE_INFORMATION, *PFILE_FS_FULL_SIZE_INFORMATION;

typedef struct _FILE_FS_FULL_SIZE_INFORMATION_EX {
    ULONGLONG ActualTotalAllocationUnits;
    ULONGLONG ActualAvailableAllocationUnits;
    ULONGLONG ActualPoolUnavailableAllocationUnits;
    ULONGLONG CallerTotalAllocationUnits;
    ULONGLONG CallerAvailableAllocationUnits;
    ULONGLONG CallerPoolUnavailableAllocationUnits;
    ULONGLONG UsedAllocationUnits;
    ULONGLONG TotalReservedAllocationUnits;
    ULONGLONG VolumeStorageReserveAllocationUnits;
    ULONGLONG AvailableCommittedAllocationUnits;
    ULONGLONG PoolAvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_FULL_SIZE_INFORMATION_EX, *PFILE_FS_FULL_SIZE_INFORMATION_EX;

typedef struct _FILE_FS_METADATA_SIZE_INFORMATION {
    LARGE_INTEGER TotalMetadataAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_METADATA_SIZE_INFORMATION, *PFILE_FS_METADATA_SIZE_INFORMATION;

typedef struct _FILE_FS_DEVICE_INFORMATION {
    DEVICE_TYPE DeviceType;
    ULONG Characteristics;
} FILE_FS_DEVICE_INFORMATION, *PFILE_FS_DEVICE_INFORMATION;

typedef struct _FILE_FS_ATTRIBUTE_INFORMATION {
    ULONG FileSystemAttributes;
    LONG MaximumComponentNameLength;
    ULONG FileSystemNameLength;
    WCHAR FileSystemName[1];
} FILE_FS_ATTRIBUTE_INFORMATION, *PFILE_FS_ATTRIBUTE_INFORMATION;

#define FILE_CASE_SENSITIVE_SEARCH         0x00000001
#define FILE_CASE_PRESERVED_NAMES          0x00000002
#define FILE_UNICODE_ON_DISK               0x00000004
#define FILE_PERSISTENT_ACLS               0x00000008
#define FILE_FILE_COMPRESSION              0x00000010
#define FILE_VOLUME_QUOTAS                 0x00000020
#define FILE_SUPPORTS_SPARSE_FILES         0x00000040
#define FILE_SUPPORTS_REPARSE_POINTS       0x00000080
#define FILE_SUPPORTS_REMOTE_STORAGE       0x00000100
#define FILE_RETURNS_CLEANUP_RESULT_INFO   0x00000200
#define FILE_SUPPORTS_POSIX_UNLINK_RENAME  0x00000400
#define FILE_SUPPORTS_BYPASS_IO            0x00000800
#define FILE_SUPPORTS_STREAM_SNAPSHOTS     0x00001000
#define FILE_SUPPORTS_CASE_SENSITIVE_DIRS  0x00002000
#define FILE_VOLUME_IS_COMPRESSED          0x00008000
#define FILE_SUPPORTS_OBJECT_IDS           0x00010000
#define FILE_SUPPORTS_ENCRYPTION           0x00020000
#define FILE_NAMED_STREAMS                 0x00040000
#define FILE_READ_ONLY_VOLUME              0x00080000
#define FILE_SEQUENTIAL_WRITE_ONCE         0x00100000
#define FILE_SUPPORTS_TRANSACTIONS         0x00200000
#define FILE_SUPPORTS_HARD_LINKS           0x00400000
#define FILE_SUPPORTS_EXTENDED_ATTRIBUTES  0x00800000
#define FILE_SUPPORTS_OPEN_BY_FILE_ID      0x01000000
#define FILE_SUPPORTS_USN_JOURNAL          0x02000000
#define FILE_SUPPORTS_INTEGRITY_STREAMS    0x04000000
#define FILE_SUPPORTS_BLOCK_REFCOUNTING    0x08000000
#define FILE_SUPPORTS_SPARSE_VDL           0x10000000
#define FILE_DAX_VOLUME                    0x20000000
#define FILE_SUPPORTS_GHOSTING             0x40000000

typedef struct _FILE_FS_CONTROL_INFORMATION {
    LARGE_INTEGER FreeSpaceStartFiltering;
    LARGE_INTEGER FreeSpaceThreshold;
    LARGE_INTEGER FreeSpaceStopFiltering;
    LARGE_INTEGER DefaultQuotaThreshold;
    LARGE_INTEGER DefaultQuotaLimit;
    ULONG FileSystemControlFlags;
} FILE_FS_CONTROL_INFORMATION, *PFILE_FS_CONTROL_INFORMATION;

#define FILE_VC_QUOTA_NONE                 0x00000000
#define FILE_VC_QUOTA_TRACK                0x00000001
#define FILE_VC_QUOTA_ENFORCE              0x00000002
#define FILE_VC_QUOTA_MASK                 0x00000003
#define FILE_VC_CONTENT_INDEX_DISABLED     0x00000008
#define FILE_VC_LOG_QUOTA_THRESHOLD        0x00000010
#define FILE_VC_LOG_QUOTA_LIMIT            0x00000020
#define FILE_VC_LOG_VOLUME_THRESHOLD       0x00000040
#define FILE_VC_LOG_VOLUME_LIMIT           0x00000080
#define FILE_VC_QUOTAS_INCOMPLETE          0x00000100
#define FILE_VC_QUOTAS_REBUILDING          0x00000200
#define FILE_VC_VALID_MASK                 0x000003ff

typedef struct _FILE_FS_OBJECTID_INFORMATION {
    UCHAR ObjectId[16];
    UCHAR ExtendedInfo[48];
} FILE_FS_OBJECTID_INFORMATION, *PFILE_FS_OBJECTID_INFORMATION;

typedef struct _FILE_FS_DRIVER_PATH_INFORMATION {
    BOOLEAN DriverInPath;
    ULONG DriverNameLength;
    WCHAR DriverName[1];
} FILE_FS_DRIVER_PATH_INFORMATION, *PFILE_FS_DRIVER_PATH_INFORMATION;

typedef struct _FILE_FS_VOLUME_FLAGS_INFORMATION {
    ULONG Flags;
} FILE_FS_VOLUME_FLAGS_INFORMATION, *PFILE_FS_VOLUME_FLAGS_INFORMATION;

typedef struct _FILE_FS_SECTOR_SIZE_INFORMATION {
    ULONG LogicalBytesPerSector;
    ULONG PhysicalBytesPerSectorForAtomicity;
    ULONG PhysicalBytesPerSectorForPerformance;
    ULONG FileSystemEffectivePhysicalBytesPerSectorForAtomicity;
    ULONG Flags;
    ULONG ByteOffsetForSectorAlignment;
    ULONG ByteOffsetForPartitionAlignment;
} FILE_FS_SECTOR_SIZE_INFORMATION, *PFILE_FS_SECTOR_SIZE_INFORMATION;

#define SSINFO_FLAGS_ALIGNED_DEVICE              0x00000001
#define SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE 0x00000002
#define SSINFO_FLAGS_NO_SEEK_PENALTY             0x00000004
#define SSINFO_FLAGS_TRIM_ENABLED                0x00000008
#define SSINFO_FLAGS_BYTE_ADDRESSABLE            0x00000010
#define SSINFO_OFFSET_UNKNOWN                    (0xffffffff)

typedef struct _FILE_FS_DATA_COPY_INFORMATION {
    ULONG NumberOfCopies;
} FILE_FS_DATA_COPY_INFORMATION, *PFILE_FS_DATA_COPY_INFORMATION;

typedef struct _FILE_FS_GUID_INFORMATION {
    GUID FsGuid;
} FILE_FS_GUID_INFORMATION, *PFILE_FS_GUID_INFORMATION;

#ifdef __cplusplus
}
#endif

#endif

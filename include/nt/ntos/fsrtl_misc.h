/* SPDX-License-Identifier: MIT */
/* The rest of the library: file system regions, statuses, cached I/O, small queries. */
#ifndef _NTOS_FSRTL_MISC_
#define _NTOS_FSRTL_MISC_

#include "ntos/fsrtl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Normal kernel APCs stay out while a file system holds its resources. */
#define FsRtlEnterFileSystem KeEnterCriticalRegion
#define FsRtlExitFileSystem  KeLeaveCriticalRegion

#define FsRtlCompleteRequest(Irp_, Status_)                                                        \
    do {                                                                                           \
        (Irp_)->IoStatus.Status = (Status_);                                                       \
        IoCompleteRequest((Irp_), IO_DISK_INCREMENT);                                              \
    } while (0)

/* Values of IoGetTopLevelIrp that are no packet. */
#define FSRTL_FSP_TOP_LEVEL_IRP         ((LONG_PTR)0x01)
#define FSRTL_CACHE_TOP_LEVEL_IRP       ((LONG_PTR)0x02)
#define FSRTL_MOD_WRITE_TOP_LEVEL_IRP   ((LONG_PTR)0x03)
#define FSRTL_FAST_IO_TOP_LEVEL_IRP     ((LONG_PTR)0x04)
#define FSRTL_NETWORK1_TOP_LEVEL_IRP    ((LONG_PTR)0x05)
#define FSRTL_NETWORK2_TOP_LEVEL_IRP    ((LONG_PTR)0x06)
#define FSRTL_MAX_TOP_LEVEL_IRP_FLAG    ((LONG_PTR)0xFFFF)

typedef VOID NTAPI
FSRTL_STACK_OVERFLOW_ROUTINE(PVOID Context, PKEVENT Event);
typedef FSRTL_STACK_OVERFLOW_ROUTINE *PFSRTL_STACK_OVERFLOW_ROUTINE;

typedef ULONG FSRTL_UNC_PROVIDER_FLAGS;
#define FSRTL_UNC_PROVIDER_FLAGS_MAILSLOTS_SUPPORTED 0x00000001
#define FSRTL_UNC_PROVIDER_FLAGS_CSC_ENABLED         0x00000002
#define FSRTL_UNC_PROVIDER_FLAGS_DOMAIN_SVC_AWARE    0x00000004

typedef enum _FSRTL_CHANGE_BACKING_TYPE {
    ChangeDataControlArea,
    ChangeImageControlArea,
    ChangeSharedCacheMap
} FSRTL_CHANGE_BACKING_TYPE, *PFSRTL_CHANGE_BACKING_TYPE;

/* Features of FsRtlGetSupportedFeatures and of SupportedFeatures in a filter's registry key. */
#define SUPPORTED_FS_FEATURES_OFFLOAD_READ       0x00000001
#define SUPPORTED_FS_FEATURES_OFFLOAD_WRITE      0x00000002
#define SUPPORTED_FS_FEATURES_QUERY_OPEN         0x00000004
#define SUPPORTED_FS_FEATURES_BYPASS_IO          0x00000008

NTKERNELAPI BOOLEAN NTAPI
FsRtlCopyRead(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ BOOLEAN Wait,
    _In_ ULONG LockKey,
    _Out_ PVOID Buffer,
    _Out_ PIO_STATUS_BLOCK IoStatus,
    _In_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI BOOLEAN NTAPI
FsRtlCopyWrite(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ BOOLEAN Wait,
    _In_ ULONG LockKey,
    _In_ PVOID Buffer,
    _Out_ PIO_STATUS_BLOCK IoStatus,
    _In_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI BOOLEAN NTAPI
FsRtlMdlReadDev(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ ULONG LockKey,
    _Out_ PMDL *MdlChain,
    _Out_ PIO_STATUS_BLOCK IoStatus,
    _In_opt_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI NTSTATUS NTAPI
FsRtlMdlReadEx(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ ULONG LockKey,
    _Out_ PMDL *MdlChain,
    _Out_ PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN NTAPI
FsRtlMdlReadCompleteDev(
    _In_ PFILE_OBJECT FileObject,
    _In_ PMDL MdlChain,
    _In_opt_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI BOOLEAN NTAPI
FsRtlPrepareMdlWriteDev(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ ULONG LockKey,
    _Out_ PMDL *MdlChain,
    _Out_ PIO_STATUS_BLOCK IoStatus,
    _In_opt_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI NTSTATUS NTAPI
FsRtlPrepareMdlWriteEx(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ ULONG Length,
    _In_ ULONG LockKey,
    _Out_ PMDL *MdlChain,
    _Out_ PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN NTAPI
FsRtlMdlWriteCompleteDev(
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ PMDL MdlChain,
    _In_opt_ PDEVICE_OBJECT DeviceObject);
NTKERNELAPI VOID NTAPI FsRtlAcquireFileExclusive(PFILE_OBJECT FileObject);
NTKERNELAPI VOID NTAPI FsRtlReleaseFile(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI
FsRtlGetFileSize(_In_ PFILE_OBJECT FileObject, _Out_ PLARGE_INTEGER FileSize);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCreateSectionForDataScan(
    _Out_ PHANDLE SectionHandle,
    _Out_ PVOID *SectionObject,
    _Out_opt_ PLARGE_INTEGER SectionFileSize,
    _In_ PFILE_OBJECT FileObject,
    _In_ ACCESS_MASK DesiredAccess,
    _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes,
    _In_opt_ PLARGE_INTEGER MaximumSize,
    _In_ ULONG SectionPageProtection,
    _In_ ULONG AllocationAttributes,
    _In_ ULONG Flags);
NTKERNELAPI LOGICAL NTAPI FsRtlIsPagingFile(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI LOGICAL NTAPI FsRtlIsSystemPagingFile(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsDaxVolume(_In_ PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsTotalDeviceFailure(_In_ NTSTATUS Status);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsNtstatusExpected(_In_ NTSTATUS Exception);
NTKERNELAPI NTSTATUS NTAPI
FsRtlNormalizeNtstatus(_In_ NTSTATUS Exception, _In_ NTSTATUS GenericException);
NTKERNELAPI VOID NTAPI
FsRtlPostStackOverflow(
    _In_ PVOID Context,
    _In_ PKEVENT Event,
    _In_ PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine);
NTKERNELAPI VOID NTAPI
FsRtlPostPagingFileStackOverflow(
    _In_ PVOID Context,
    _In_ PKEVENT Event,
    _In_ PFSRTL_STACK_OVERFLOW_ROUTINE StackOverflowRoutine);
NTKERNELAPI NTSTATUS NTAPI FsRtlBalanceReads(_In_ PDEVICE_OBJECT TargetDevice);
NTKERNELAPI PERESOURCE NTAPI FsRtlAllocateResource(VOID);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCancellableWaitForMultipleObjects(
    _In_ ULONG Count,
    _In_ PVOID ObjectArray[],
    _In_ WAIT_TYPE WaitType,
    _In_opt_ PLARGE_INTEGER Timeout,
    _In_opt_ PKWAIT_BLOCK WaitBlockArray,
    _In_opt_ PIRP Irp);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCancellableWaitForSingleObject(
    _In_ PVOID Object,
    _In_opt_ PLARGE_INTEGER Timeout,
    _In_opt_ PIRP Irp);
NTKERNELAPI NTSTATUS NTAPI
FsRtlGetSectorSizeInformation(
    PDEVICE_OBJECT DeviceObject,
    _Out_ PFILE_FS_SECTOR_SIZE_INFORMATION SectorSizeInfo);
NTKERNELAPI NTSTATUS NTAPI
FsRtlGetSupportedFeatures(_In_ PDEVICE_OBJECT DeviceObject, _Out_ PULONG SupportedFeatures);
NTKERNELAPI NTSTATUS NTAPI
FsRtlIssueDeviceIoControl(
    _In_ PDEVICE_OBJECT DeviceObject,
    _In_ ULONG IoCtl,
    UCHAR Flags,
    _In_opt_ PVOID InputBuffer,
    _In_ ULONG InputBufferLength,
    _Out_opt_ PVOID OutputBuffer,
    _In_ ULONG OutputBufferLength,
    _In_ PULONG_PTR IosbInformation);
NTKERNELAPI NTSTATUS NTAPI
FsRtlKernelFsControlFile(
    _In_ PFILE_OBJECT FileObject,
    _In_ ULONG FsControlCode,
    _In_ PVOID InputBuffer,
    _In_ ULONG InputBufferLength,
    _Out_ PVOID OutputBuffer,
    _Out_ ULONG OutputBufferLength,
    _Out_ PULONG RetOutputBufferSize);
NTKERNELAPI NTSTATUS NTAPI
FsRtlQueryInformationFile(
    _In_ PFILE_OBJECT FileObject,
    _Out_ PVOID FileInformation,
    _In_ ULONG Length,
    _In_ FILE_INFORMATION_CLASS FileInformationClass,
    _Out_ PULONG RetFileInformationSize);
NTKERNELAPI NTSTATUS NTAPI
FsRtlQueryKernelEaFile(
    _In_ PFILE_OBJECT FileObject,
    _Out_ PVOID ReturnedEaData,
    _In_ ULONG Length,
    _In_ BOOLEAN ReturnSingleEntry,
    _In_ PVOID EaList,
    _In_ ULONG EaListLength,
    _In_opt_ PULONG EaIndex,
    _In_ BOOLEAN RestartScan,
    _Out_opt_ PULONG LengthReturned);
NTKERNELAPI NTSTATUS NTAPI
FsRtlSetKernelEaFile(_In_ PFILE_OBJECT FileObject, _In_ PVOID EaBuffer, _In_ ULONG Length);
NTKERNELAPI NTSTATUS NTAPI FsRtlQueryCachedVdl(_In_ PFILE_OBJECT FileObject, _Out_ PLONGLONG Vdl);
NTKERNELAPI NTSTATUS NTAPI
FsRtlLogCcFlushError(
    _In_ PUNICODE_STRING FileName,
    _In_ PDEVICE_OBJECT DeviceObject,
    _In_ PSECTION_OBJECT_POINTERS SectionObjectPointer,
    _In_ NTSTATUS FlushError,
    _In_ ULONG Flags);
NTKERNELAPI BOOLEAN NTAPI FsRtlAreVolumeStartupApplicationsComplete(VOID);
NTKERNELAPI NTSTATUS NTAPI
FsRtlRegisterUncProvider(
    _Out_ PHANDLE MupHandle,
    PCUNICODE_STRING RedirectorDeviceName,
    _In_ BOOLEAN MailslotsSupported);
NTKERNELAPI NTSTATUS NTAPI
FsRtlRegisterUncProviderEx(
    _Out_ PHANDLE MupHandle,
    _In_ PCUNICODE_STRING RedirDevName,
    _In_ PDEVICE_OBJECT DeviceObject,
    _In_ FSRTL_UNC_PROVIDER_FLAGS Flags);
NTKERNELAPI VOID NTAPI FsRtlDeregisterUncProvider(_In_ HANDLE Handle);
NTKERNELAPI NTSTATUS NTAPI
FsRtlMupGetProviderIdFromName(_In_ PCUNICODE_STRING pProviderName, _Out_ PULONG32 pProviderId);
NTKERNELAPI NTSTATUS NTAPI
FsRtlMupGetProviderInfoFromFileObject(
    _In_ PFILE_OBJECT pFileObject,
    _In_ ULONG Level,
    _Out_ PVOID pBuffer,
    _Inout_ PULONG pBufferSize);
NTKERNELAPI VOID NTAPI FsRtlIncrementCcFastReadNotPossible(VOID);
NTKERNELAPI VOID NTAPI FsRtlIncrementCcFastReadNoWait(VOID);
NTKERNELAPI VOID NTAPI FsRtlIncrementCcFastReadResourceMiss(VOID);
NTKERNELAPI VOID NTAPI FsRtlIncrementCcFastReadWait(VOID);
NTKERNELAPI NTSTATUS NTAPI
FsRtlChangeBackingFileObject(
    PFILE_OBJECT CurrentFileObject,
    PFILE_OBJECT NewFileObject,
    FSRTL_CHANGE_BACKING_TYPE ChangeBackingType,
    ULONG Flags);

/* Raise STATUS_INSUFFICIENT_RESOURCES instead of returning NULL. */
NTKERNELAPI PVOID NTAPI
FsRtlAllocatePool(_In_ POOL_TYPE PoolType, _In_ ULONG NumberOfBytes);
#define FsRtlAllocatePoolWithTag(PoolType, NumberOfBytes, Tag)                                     \
    ExAllocatePoolWithTag(                                                                         \
        (POOL_TYPE)((PoolType) | POOL_RAISE_IF_ALLOCATION_FAILURE), (NumberOfBytes), (Tag))
#define FsRtlAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag)                                \
    ExAllocatePoolWithQuotaTag(                                                                    \
        (POOL_TYPE)((PoolType) | POOL_RAISE_IF_ALLOCATION_FAILURE), (NumberOfBytes), (Tag))

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Cache manager.  Its types stand in fsrtl.h. */
#ifndef _NTOS_CC_H_
#define _NTOS_CC_H_

#include <ntdef.h>
#include <ntos/ex.h>
#include <ntos/fsrtl.h>
#include <ntos/io_types.h>

EXTERN_C_START

#define UNINITIALIZE_CACHE_MAPS (1)
#define DO_NOT_RETRY_PURGE (2)
#define DO_NOT_PURGE_DIRTY_PAGES (0x4)
#define PURGE_WITH_ACTIVE_VIEWS (0x8)
#define PIN_WAIT (1)
#define PIN_EXCLUSIVE (2)
#define PIN_NO_READ (4)
#define PIN_IF_BCB (8)
#define MAP_WAIT 1
#define MAP_NO_READ (16)
#define MAP_DISABLE_PAGEFAULT_CLUSTERING (0x100)
#define VACB_MAPPING_GRANULARITY (0x40000)

#define CcIsFileCached(FileObject) \
    ((FileObject)->SectionObjectPointer != NULL && \
     ((PSECTION_OBJECT_POINTERS)(FileObject)->SectionObjectPointer)->SharedCacheMap != NULL)

NTKERNELAPI VOID
CcInitializeCacheMap(
    PFILE_OBJECT FileObject,
    PCC_FILE_SIZES FileSizes,
    BOOLEAN PinAccess,
    PCACHE_MANAGER_CALLBACKS Callbacks,
    PVOID LazyWriteContext);
NTKERNELAPI BOOLEAN
CcUninitializeCacheMap(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER TruncateSize,
    PCACHE_UNINITIALIZE_EVENT UninitializeEvent);
NTKERNELAPI VOID CcSetFileSizes(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes);
NTKERNELAPI NTSTATUS CcSetFileSizesEx(PFILE_OBJECT FileObject, PCC_FILE_SIZES FileSizes);
NTKERNELAPI BOOLEAN
CcPurgeCacheSection(
    PSECTION_OBJECT_POINTERS SectionObjectPointer,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    ULONG Flags);
NTKERNELAPI VOID
CcFlushCache(
    PSECTION_OBJECT_POINTERS SectionObjectPointer,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN
CcCoherencyFlushAndPurgeCache(
    PSECTION_OBJECT_POINTERS SectionObjectPointer,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    PIO_STATUS_BLOCK IoStatus,
    ULONG Flags);
NTKERNELAPI PFILE_OBJECT CcGetFileObjectFromSectionPtrs(PSECTION_OBJECT_POINTERS SectionObjectPointer);
NTKERNELAPI PFILE_OBJECT
CcGetFileObjectFromSectionPtrsRef(PSECTION_OBJECT_POINTERS SectionObjectPointer);
NTKERNELAPI PFILE_OBJECT CcGetFileObjectFromBcb(PVOID Bcb);
NTKERNELAPI BOOLEAN
CcCopyRead(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    BOOLEAN Wait,
    PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN
CcCopyWrite(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    BOOLEAN Wait,
    PVOID Buffer);
NTKERNELAPI VOID
CcFastCopyRead(
    PFILE_OBJECT FileObject,
    ULONG FileOffset,
    ULONG Length,
    ULONG PageCount,
    PVOID Buffer,
    PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI VOID
CcFastCopyWrite(PFILE_OBJECT FileObject, ULONG FileOffset, ULONG Length, PVOID Buffer);
NTKERNELAPI BOOLEAN
CcCanIWrite(PFILE_OBJECT FileObject, ULONG BytesToWrite, BOOLEAN Wait, UCHAR Retrying);
NTKERNELAPI BOOLEAN
CcZeroData(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER StartOffset,
    PLARGE_INTEGER EndOffset,
    BOOLEAN Wait);
NTKERNELAPI VOID
CcMdlRead(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    PMDL *MdlChain,
    PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI VOID CcMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain);
NTKERNELAPI VOID
CcPrepareMdlWrite(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    PMDL *MdlChain,
    PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI VOID
CcMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain);
NTKERNELAPI VOID CcMdlWriteAbort(PFILE_OBJECT FileObject, PMDL MdlChain);
NTKERNELAPI VOID CcSetReadAheadGranularity(PFILE_OBJECT FileObject, ULONG Granularity);
NTKERNELAPI VOID
CcSetAdditionalCacheAttributes(
    PFILE_OBJECT FileObject,
    BOOLEAN DisableReadAhead,
    BOOLEAN DisableWriteBehind);
NTKERNELAPI VOID CcSetDirtyPageThreshold(PFILE_OBJECT FileObject, ULONG DirtyPageThreshold);
NTKERNELAPI VOID
CcScheduleReadAhead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length);
NTKERNELAPI NTSTATUS CcWaitForCurrentLazyWriterActivity(VOID);
NTKERNELAPI BOOLEAN CcIsThereDirtyData(PVPB Vpb);
NTKERNELAPI BOOLEAN
CcMapData(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    ULONG Flags,
    PVOID *Bcb,
    PVOID *Buffer);
NTKERNELAPI BOOLEAN
CcPinRead(
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    ULONG Length,
    ULONG Flags,
    PVOID *Bcb,
    PVOID *Buffer);
NTKERNELAPI VOID CcSetDirtyPinnedData(PVOID BcbVoid, PLARGE_INTEGER Lsn);
NTKERNELAPI VOID CcUnpinData(PVOID Bcb);

EXTERN_C_END

#endif /* _NTOS_CC_H_ */

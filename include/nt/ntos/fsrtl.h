/* SPDX-License-Identifier: MIT */
/*
 * File system run-time library: the header every stream object starts with, the contexts that hang
 * on streams, files and file objects, file system filter callbacks, cache manager types.  Locks,
 * oplocks and notification are in fsrtl_lock.h, extra create parameters in fsrtl_ecp.h, names in
 * fsrtl_name.h, block maps and the tunnel cache in fsrtl_mcb.h, the rest in fsrtl_misc.h.
 */
#ifndef _NTOS_FSRTL_
#define _NTOS_FSRTL_

#include "ntdef.h"
#include "ntos/ke.h"
#include "ntos/ex.h"
#include "ntos/io_types.h"
#include "ntos/io_info.h"
#include "ntos/io_func.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef PVOID OPLOCK, *POPLOCK;

/* Called with the context structure when its stream or file goes away. */
typedef VOID NTAPI
FREE_FUNCTION(PVOID Buffer);
typedef FREE_FUNCTION *PFREE_FUNCTION;

/* Header of every stream object. */

typedef enum _FAST_IO_POSSIBLE {
    FastIoIsNotPossible = 0,
    FastIoIsPossible,
    FastIoIsQuestionable
} FAST_IO_POSSIBLE;

typedef struct _FSRTL_COMMON_FCB_HEADER {
    CSHORT NodeTypeCode;
    CSHORT NodeByteSize;
    UCHAR Flags;
    UCHAR IsFastIoPossible;
    UCHAR Flags2;
    UCHAR Reserved : 4;
    UCHAR Version : 4;
    PERESOURCE Resource;
    PERESOURCE PagingIoResource;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER FileSize;
    LARGE_INTEGER ValidDataLength;
} FSRTL_COMMON_FCB_HEADER, *PFSRTL_COMMON_FCB_HEADER;

#define FSRTL_FCB_HEADER_V0             (0x00)
#define FSRTL_FCB_HEADER_V1             (0x01)
#define FSRTL_FCB_HEADER_V2             (0x02)
#define FSRTL_FCB_HEADER_V3             (0x03)
#define FSRTL_FCB_HEADER_V4             (0x04)

/* Flags. */
#define FSRTL_FLAG_FILE_MODIFIED            (0x01)
#define FSRTL_FLAG_FILE_LENGTH_CHANGED      (0x02)
#define FSRTL_FLAG_LIMIT_MODIFIED_PAGES     (0x04)
#define FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX     (0x08)
#define FSRTL_FLAG_ACQUIRE_MAIN_RSRC_SH     (0x10)
#define FSRTL_FLAG_USER_MAPPED_FILE         (0x20)
#define FSRTL_FLAG_ADVANCED_HEADER          (0x40)
#define FSRTL_FLAG_EOF_ADVANCE_ACTIVE       (0x80)
/* Flags2. */
#define FSRTL_FLAG2_DO_MODIFIED_WRITE        (0x01)
#define FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS (0x02)
#define FSRTL_FLAG2_PURGE_WHEN_MAPPED        (0x04)
#define FSRTL_FLAG2_IS_PAGING_FILE           (0x08)

/*
 * FastMutex guards the three sizes.  FilterContexts is guarded by AePushLock if the version is V3
 * or later and it is set, else by PushLock from V1 on, else by FastMutex.
 */
#ifdef __cplusplus
typedef struct _FSRTL_ADVANCED_FCB_HEADER : FSRTL_COMMON_FCB_HEADER {
#else
typedef struct _FSRTL_ADVANCED_FCB_HEADER {
    FSRTL_COMMON_FCB_HEADER;
#endif
    PFAST_MUTEX FastMutex;
    LIST_ENTRY FilterContexts;
    /* V1 */
    EX_PUSH_LOCK PushLock;
    PVOID *FileContextSupportPointer;
    /* V2 */
    union {
        OPLOCK Oplock;
        PVOID ReservedForRemote;
    };
    /* V3 */
    union {
        PVOID AePushLock;
        PVOID ReservedContextLegacy;
    };
    /* V4 */
    ULONG BypassIoOpenCount;
    struct _FSRTL_PER_STREAM_CONTEXT *ReservedContext;
} FSRTL_ADVANCED_FCB_HEADER, *PFSRTL_ADVANCED_FCB_HEADER;

/* Sets up what contexts need; the fields of the common header and the oplock stay as they are. */
#define FsRtlSetupAdvancedHeaderEx2(AdvHdr, FMutex, FCtxPtr, AePLock)                              \
    do {                                                                                           \
        PFSRTL_ADVANCED_FCB_HEADER const AdvHdr_ =                                                 \
            (PFSRTL_ADVANCED_FCB_HEADER)(PVOID)(AdvHdr);                                           \
        PFAST_MUTEX const FMutex_ = (FMutex);                                                      \
        AdvHdr_->Flags |= FSRTL_FLAG_ADVANCED_HEADER;                                              \
        AdvHdr_->Flags2 |= FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;                                   \
        AdvHdr_->Version = FSRTL_FCB_HEADER_V4;                                                    \
        AdvHdr_->FilterContexts.Flink = &AdvHdr_->FilterContexts;                                  \
        AdvHdr_->FilterContexts.Blink = &AdvHdr_->FilterContexts;                                  \
        if (FMutex_ != NULL) {                                                                     \
            AdvHdr_->FastMutex = FMutex_;                                                          \
        }                                                                                          \
        *(PULONG_PTR)(PVOID)&AdvHdr_->PushLock = 0;                                                \
        AdvHdr_->FileContextSupportPointer = (PVOID *)(FCtxPtr);                                   \
        AdvHdr_->AePushLock = (PVOID)(AePLock);                                                    \
        AdvHdr_->BypassIoOpenCount = 0;                                                            \
        AdvHdr_->ReservedContext = NULL;                                                           \
    } while (0)
#define FsRtlSetupAdvancedHeaderEx(AdvHdr, FMutex, FCtxPtr)                                        \
    FsRtlSetupAdvancedHeaderEx2(AdvHdr, FMutex, FCtxPtr, NULL)
#define FsRtlSetupAdvancedHeader(AdvHdr, FMutex)                                                   \
    FsRtlSetupAdvancedHeaderEx2(AdvHdr, FMutex, NULL, NULL)

typedef struct _EOF_WAIT_BLOCK {
    LIST_ENTRY EofWaitLinks;
    KEVENT Event;
} EOF_WAIT_BLOCK, *PEOF_WAIT_BLOCK;

/* Per-stream contexts. */

typedef struct _FSRTL_PER_STREAM_CONTEXT {
    LIST_ENTRY Links;
    PVOID OwnerId;
    PVOID InstanceId;
    PFREE_FUNCTION FreeCallback;
} FSRTL_PER_STREAM_CONTEXT, *PFSRTL_PER_STREAM_CONTEXT;

#define FsRtlInitPerStreamContext(Context, Owner, Instance, Callback)                              \
    ((Context)->OwnerId = (Owner), (Context)->InstanceId = (Instance),                             \
     (Context)->FreeCallback = (Callback))
#define FsRtlGetPerStreamContextPointer(FileObject)                                                \
    ((PFSRTL_ADVANCED_FCB_HEADER)(FileObject)->FsContext)
#define FsRtlSupportsPerStreamContexts(FileObject)                                                 \
    ((BOOLEAN)((NULL != FsRtlGetPerStreamContextPointer(FileObject)) &&                            \
               (FsRtlGetPerStreamContextPointer(FileObject)->Flags2 &                              \
                FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS) != 0))
/* Reads the list head without the lock, to answer "nothing there" cheaply. */
#define FsRtlLookupPerStreamContext(StreamContext, Owner, Instance)                                \
    (((NULL != (StreamContext)) &&                                                                 \
      (((StreamContext)->Flags2 & FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS) != 0) &&                   \
      (__atomic_load_n(&(StreamContext)->FilterContexts.Flink, __ATOMIC_RELAXED) !=                \
       &(StreamContext)->FilterContexts))                                                          \
         ? FsRtlLookupPerStreamContextInternal((StreamContext), (Owner), (Instance))               \
         : NULL)

/* Per-file contexts: one list for all streams of a file. */

typedef struct _FSRTL_PER_FILE_CONTEXT {
    LIST_ENTRY Links;
    PVOID OwnerId;
    PVOID InstanceId;
    PFREE_FUNCTION FreeCallback;
} FSRTL_PER_FILE_CONTEXT, *PFSRTL_PER_FILE_CONTEXT;

#define FsRtlInitPerFileContext(Context, Owner, Instance, Callback)                                \
    ((Context)->OwnerId = (Owner), (Context)->InstanceId = (Instance),                             \
     (Context)->FreeCallback = (Callback))
#define FsRtlSupportsPerFileContexts(FileObject)                                                   \
    ((BOOLEAN)((FsRtlGetPerStreamContextPointer(FileObject) != NULL) &&                            \
               (FsRtlGetPerStreamContextPointer(FileObject)->Version >= FSRTL_FCB_HEADER_V1) &&    \
               (FsRtlGetPerStreamContextPointer(FileObject)->FileContextSupportPointer != NULL)))
#define FsRtlGetPerFileContextPointer(FileObject)                                                  \
    (FsRtlSupportsPerFileContexts(FileObject)                                                      \
         ? FsRtlGetPerStreamContextPointer(FileObject)->FileContextSupportPointer                  \
         : NULL)

/* Per-file-object contexts: for legacy filters, who free them themselves. */

typedef struct _FSRTL_PER_FILEOBJECT_CONTEXT {
    LIST_ENTRY Links;
    PVOID OwnerId;
    PVOID InstanceId;
} FSRTL_PER_FILEOBJECT_CONTEXT, *PFSRTL_PER_FILEOBJECT_CONTEXT;

#define FsRtlInitPerFileObjectContext(Context, Owner, Instance)                                    \
    ((Context)->OwnerId = (Owner), (Context)->InstanceId = (Instance))

/* File system filter callbacks: what the memory and cache managers ask without an IRP. */

#define FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION ((UCHAR)-1)
#define FS_FILTER_RELEASE_FOR_SECTION_SYNCHRONIZATION ((UCHAR)-2)
#define FS_FILTER_ACQUIRE_FOR_MOD_WRITE               ((UCHAR)-3)
#define FS_FILTER_RELEASE_FOR_MOD_WRITE               ((UCHAR)-4)
#define FS_FILTER_ACQUIRE_FOR_CC_FLUSH                ((UCHAR)-5)
#define FS_FILTER_RELEASE_FOR_CC_FLUSH                ((UCHAR)-6)
#define FS_FILTER_QUERY_OPEN                          ((UCHAR)-7)

typedef enum _FS_FILTER_SECTION_SYNC_TYPE {
    SyncTypeOther = 0,
    SyncTypeCreateSection
} FS_FILTER_SECTION_SYNC_TYPE, *PFS_FILTER_SECTION_SYNC_TYPE;

typedef enum _FS_FILTER_STREAM_FO_NOTIFICATION_TYPE {
    NotifyTypeCreate = 0,
    NotifyTypeRetired
} FS_FILTER_STREAM_FO_NOTIFICATION_TYPE, *PFS_FILTER_STREAM_FO_NOTIFICATION_TYPE;

typedef struct _FS_FILTER_SECTION_SYNC_OUTPUT {
    ULONG StructureSize;
    ULONG SizeReturned;
    ULONG Flags;
    ULONG DesiredReadAlignment;
} FS_FILTER_SECTION_SYNC_OUTPUT, *PFS_FILTER_SECTION_SYNC_OUTPUT;
#define FS_FILTER_SECTION_SYNC_IN_FLAG_DONT_UPDATE_LAST_ACCESS  0x00000001
#define FS_FILTER_SECTION_SYNC_IN_FLAG_DONT_UPDATE_LAST_WRITE   0x00000002
#define FS_FILTER_SECTION_SYNC_SUPPORTS_ASYNC_PARALLEL_IO       0x00000001
#define FS_FILTER_SECTION_SYNC_SUPPORTS_DIRECT_MAP_DATA         0x00000002
#define FS_FILTER_SECTION_SYNC_SUPPORTS_DIRECT_MAP_IMAGE        0x00000004
#define FS_FILTER_SECTION_SYNC_IMAGE_EXTENTS_ARE_NOT_RVA        0x00000008

typedef union _FS_FILTER_PARAMETERS {
    struct {
        PLARGE_INTEGER EndingOffset;
        PERESOURCE *ResourceToRelease;
    } AcquireForModifiedPageWriter;
    struct {
        PERESOURCE ResourceToRelease;
    } ReleaseForModifiedPageWriter;
    struct {
        FS_FILTER_SECTION_SYNC_TYPE SyncType;
        ULONG PageProtection;
        PFS_FILTER_SECTION_SYNC_OUTPUT OutputInformation;
        ULONG Flags;
        ULONG AllocationAttributes;
    } AcquireForSectionSynchronization;
    struct {
        PIRP Irp;
        PVOID FileInformation;
        PULONG Length;
        FILE_INFORMATION_CLASS FileInformationClass;
        NTSTATUS CompletionStatus;
    } QueryOpen;
    struct {
        FS_FILTER_STREAM_FO_NOTIFICATION_TYPE NotificationType;
        BOOLEAN POINTER_ALIGNMENT SafeToRecurse;
    } NotifyStreamFileObject;
    struct {
        PVOID Argument1;
        PVOID Argument2;
        PVOID Argument3;
        PVOID Argument4;
        PVOID Argument5;
    } Others;
} FS_FILTER_PARAMETERS, *PFS_FILTER_PARAMETERS;

typedef struct _FS_FILTER_CALLBACK_DATA {
    ULONG SizeOfFsFilterCallbackData;
    UCHAR Operation;
    UCHAR Reserved;
    struct _DEVICE_OBJECT *DeviceObject;
    struct _FILE_OBJECT *FileObject;
    FS_FILTER_PARAMETERS Parameters;
} FS_FILTER_CALLBACK_DATA, *PFS_FILTER_CALLBACK_DATA;

typedef NTSTATUS(NTAPI *PFS_FILTER_CALLBACK)(
    PFS_FILTER_CALLBACK_DATA Data,
    PVOID *CompletionContext);
typedef VOID(NTAPI *PFS_FILTER_COMPLETION_CALLBACK)(
    PFS_FILTER_CALLBACK_DATA Data,
    NTSTATUS OperationStatus,
    PVOID CompletionContext);

typedef struct _FS_FILTER_CALLBACKS {
    ULONG SizeOfFsFilterCallbacks;
    ULONG Reserved;
    PFS_FILTER_CALLBACK PreAcquireForSectionSynchronization;
    PFS_FILTER_COMPLETION_CALLBACK PostAcquireForSectionSynchronization;
    PFS_FILTER_CALLBACK PreReleaseForSectionSynchronization;
    PFS_FILTER_COMPLETION_CALLBACK PostReleaseForSectionSynchronization;
    PFS_FILTER_CALLBACK PreAcquireForCcFlush;
    PFS_FILTER_COMPLETION_CALLBACK PostAcquireForCcFlush;
    PFS_FILTER_CALLBACK PreReleaseForCcFlush;
    PFS_FILTER_COMPLETION_CALLBACK PostReleaseForCcFlush;
    PFS_FILTER_CALLBACK PreAcquireForModifiedPageWriter;
    PFS_FILTER_COMPLETION_CALLBACK PostAcquireForModifiedPageWriter;
    PFS_FILTER_CALLBACK PreReleaseForModifiedPageWriter;
    PFS_FILTER_COMPLETION_CALLBACK PostReleaseForModifiedPageWriter;
    PFS_FILTER_CALLBACK PreQueryOpen;
    PFS_FILTER_COMPLETION_CALLBACK PostQueryOpen;
} FS_FILTER_CALLBACKS, *PFS_FILTER_CALLBACKS;

/* Cache manager types; its routines are in cc.h. */

typedef struct _CC_FILE_SIZES {
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER FileSize;
    LARGE_INTEGER ValidDataLength;
} CC_FILE_SIZES, *PCC_FILE_SIZES;

typedef BOOLEAN(NTAPI *PACQUIRE_FOR_LAZY_WRITE)(PVOID Context, BOOLEAN Wait);
typedef VOID(NTAPI *PRELEASE_FROM_LAZY_WRITE)(PVOID Context);
typedef BOOLEAN(NTAPI *PACQUIRE_FOR_READ_AHEAD)(PVOID Context, BOOLEAN Wait);
typedef VOID(NTAPI *PRELEASE_FROM_READ_AHEAD)(PVOID Context);

typedef struct _CACHE_MANAGER_CALLBACKS {
    PACQUIRE_FOR_LAZY_WRITE AcquireForLazyWrite;
    PRELEASE_FROM_LAZY_WRITE ReleaseFromLazyWrite;
    PACQUIRE_FOR_READ_AHEAD AcquireForReadAhead;
    PRELEASE_FROM_READ_AHEAD ReleaseFromReadAhead;
} CACHE_MANAGER_CALLBACKS, *PCACHE_MANAGER_CALLBACKS;

typedef struct _CACHE_UNINITIALIZE_EVENT {
    struct _CACHE_UNINITIALIZE_EVENT *Next;
    KEVENT Event;
} CACHE_UNINITIALIZE_EVENT, *PCACHE_UNINITIALIZE_EVENT;

/* Routines. */

NTKERNELAPI NTSTATUS NTAPI
FsRtlInsertPerStreamContext(
    PFSRTL_ADVANCED_FCB_HEADER PerStreamContext,
    _In_ PFSRTL_PER_STREAM_CONTEXT Ptr);
NTKERNELAPI PFSRTL_PER_STREAM_CONTEXT NTAPI
FsRtlLookupPerStreamContextInternal(
    PFSRTL_ADVANCED_FCB_HEADER StreamContext,
    PVOID OwnerId,
    PVOID InstanceId);
NTKERNELAPI PFSRTL_PER_STREAM_CONTEXT NTAPI
FsRtlRemovePerStreamContext(
    _In_ PFSRTL_ADVANCED_FCB_HEADER StreamContext,
    _In_opt_ PVOID OwnerId,
    _In_opt_ PVOID InstanceId);
NTKERNELAPI VOID NTAPI
FsRtlTeardownPerStreamContexts(_In_ PFSRTL_ADVANCED_FCB_HEADER AdvancedHeader);
NTKERNELAPI NTSTATUS NTAPI
FsRtlInsertPerFileContext(_In_ PVOID *PerFileContextPointer, _In_ PFSRTL_PER_FILE_CONTEXT Ptr);
NTKERNELAPI PFSRTL_PER_FILE_CONTEXT NTAPI
FsRtlLookupPerFileContext(
    _In_ PVOID *PerFileContextPointer,
    _In_opt_ PVOID OwnerId,
    _In_opt_ PVOID InstanceId);
NTKERNELAPI PFSRTL_PER_FILE_CONTEXT NTAPI
FsRtlRemovePerFileContext(
    _In_ PVOID *PerFileContextPointer,
    _In_opt_ PVOID OwnerId,
    _In_opt_ PVOID InstanceId);
NTKERNELAPI VOID NTAPI FsRtlTeardownPerFileContexts(_In_ PVOID *PerFileContextPointer);
NTKERNELAPI NTSTATUS NTAPI
FsRtlInsertPerFileObjectContext(
    _In_ PFILE_OBJECT FileObject,
    _In_ PFSRTL_PER_FILEOBJECT_CONTEXT Ptr);
NTKERNELAPI PFSRTL_PER_FILEOBJECT_CONTEXT NTAPI
FsRtlLookupPerFileObjectContext(
    _In_ PFILE_OBJECT FileObject,
    _In_opt_ PVOID OwnerId,
    _In_opt_ PVOID InstanceId);
NTKERNELAPI PFSRTL_PER_FILEOBJECT_CONTEXT NTAPI
FsRtlRemovePerFileObjectContext(
    _In_ PFILE_OBJECT FileObject,
    _In_opt_ PVOID OwnerId,
    _In_opt_ PVOID InstanceId);
NTKERNELAPI PVOID NTAPI FsRtlAllocateAePushLock(_In_ POOL_TYPE PoolType, _In_ ULONG Tag);
NTKERNELAPI VOID NTAPI FsRtlFreeAePushLock(_In_ PVOID AePushLock);
NTKERNELAPI NTSTATUS NTAPI
FsRtlRegisterFileSystemFilterCallbacks(
    _In_ struct _DRIVER_OBJECT *FilterDriverObject,
    _In_ PFS_FILTER_CALLBACKS Callbacks);
NTKERNELAPI BOOLEAN NTAPI
FsRtlCheckFileSystemFilterCallbacksRegistered(_In_ struct _DRIVER_OBJECT *FilterDriverObject);

#ifdef __cplusplus
}
#endif

#include "ntos/fsrtl_lock.h"
#include "ntos/fsrtl_ecp.h"
#include "ntos/fsrtl_name.h"
#include "ntos/fsrtl_misc.h"
#include "ntos/fsrtl_mcb.h"

#endif

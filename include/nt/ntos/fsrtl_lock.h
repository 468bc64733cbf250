/* SPDX-License-Identifier: MIT */
/* Byte-range locks, oplocks and directory change notification. */
#ifndef _NTOS_FSRTL_LOCK_
#define _NTOS_FSRTL_LOCK_

#include "ntos/fsrtl.h"
#include "ntos/se.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _FILE_LOCK_INFO {
    LARGE_INTEGER StartingByte;
    LARGE_INTEGER Length;
    BOOLEAN ExclusiveLock;
    ULONG Key;
    PFILE_OBJECT FileObject;
    PVOID ProcessId;
    LARGE_INTEGER EndingByte;
} FILE_LOCK_INFO, *PFILE_LOCK_INFO;

typedef NTSTATUS(NTAPI *PCOMPLETE_LOCK_IRP_ROUTINE)(PVOID Context, PIRP Irp);
typedef VOID(NTAPI *PUNLOCK_ROUTINE)(PVOID Context, PFILE_LOCK_INFO FileLockInfo);

typedef struct _FILE_LOCK {
    PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine;
    PUNLOCK_ROUTINE UnlockRoutine;
    BOOLEAN FastIoIsQuestionable;
    BOOLEAN SpareC[3];
    PVOID LockInformation;
    FILE_LOCK_INFO LastReturnedLockInfo;
    PVOID LastReturnedLock;
    LONG volatile LockRequestsInProgress;
} FILE_LOCK, *PFILE_LOCK;

#define FsRtlFastLock(                                                                             \
    FileLock, FileObject, Offset, Length, Process, Key, FailNow, Exclusive, Iosb, Context, Sync)   \
    FsRtlPrivateLock(                                                                              \
        FileLock, FileObject, Offset, Length, Process, Key, FailNow, Exclusive, Iosb, NULL,        \
        Context, Sync)
#define FsRtlAreThereCurrentFileLocks(FileLock) ((FileLock)->FastIoIsQuestionable)
#define FsRtlIncrementLockRequestsInProgress(FileLock)                                             \
    InterlockedIncrement(&(FileLock)->LockRequestsInProgress)
#define FsRtlDecrementLockRequestsInProgress(FileLock)                                             \
    InterlockedDecrement(&(FileLock)->LockRequestsInProgress)

typedef VOID NTAPI
OPLOCK_WAIT_COMPLETE_ROUTINE(PVOID Context, PIRP Irp);
typedef OPLOCK_WAIT_COMPLETE_ROUTINE *POPLOCK_WAIT_COMPLETE_ROUTINE;

typedef VOID NTAPI
OPLOCK_FS_PREPOST_IRP(PVOID Context, PIRP Irp);
typedef OPLOCK_FS_PREPOST_IRP *POPLOCK_FS_PREPOST_IRP;

typedef enum _OPLOCK_NOTIFY_REASON {
    OPLOCK_NOTIFY_BREAK_WAIT_INTERIM_TIMEOUT = 0,
    OPLOCK_NOTIFY_BREAK_WAIT_TERMINATED = 1
} OPLOCK_NOTIFY_REASON;

typedef struct _OPLOCK_NOTIFY_PARAMS {
    OPLOCK_NOTIFY_REASON NotifyReason;
    PVOID NotifyContext;
    PIRP Irp;
    NTSTATUS Status;
} OPLOCK_NOTIFY_PARAMS, *POPLOCK_NOTIFY_PARAMS;

typedef NTSTATUS NTAPI
OPLOCK_NOTIFY_ROUTINE(POPLOCK_NOTIFY_PARAMS NotifyParams);
typedef OPLOCK_NOTIFY_ROUTINE *POPLOCK_NOTIFY_ROUTINE;

#define OPLOCK_FLAG_COMPLETE_IF_OPLOCKED            0x00000001
#define OPLOCK_FLAG_OPLOCK_KEY_CHECK_ONLY           0x00000002
#define OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK          0x00000004
#define OPLOCK_FLAG_IGNORE_OPLOCK_KEYS              0x00000008
#define OPLOCK_FLAG_PARENT_OBJECT                   0x00000010
#define OPLOCK_FLAG_CLOSING_DELETE_ON_CLOSE         0x00000020
#define OPLOCK_FLAG_REMOVING_FILE_OR_LINK           0x00000040
#define OPLOCK_FLAG_BREAKING_FOR_SHARING_VIOLATION  0x00000080
#define OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH           0x00000001
#define OPLOCK_UPPER_FLAG_CHECK_NO_BREAK            0x00010000
#define OPLOCK_UPPER_FLAG_NOTIFY_REFRESH_READ       0x00020000

typedef struct _REAL_NOTIFY_SYNC *PNOTIFY_SYNC;

typedef NTSTATUS(NTAPI *PCHECK_FOR_TRAVERSE_ACCESS)(
    PVOID NotifyContext,
    PVOID TargetContext,
    PSECURITY_SUBJECT_CONTEXT SubjectContext);
typedef BOOLEAN(NTAPI *PFILTER_REPORT_CHANGE)(PVOID NotifyContext, PVOID FilterContext);

#define FSRTL_VOLUME_DISMOUNT           1
#define FSRTL_VOLUME_DISMOUNT_FAILED    2
#define FSRTL_VOLUME_LOCK               3
#define FSRTL_VOLUME_LOCK_FAILED        4
#define FSRTL_VOLUME_UNLOCK             5
#define FSRTL_VOLUME_MOUNT              6
#define FSRTL_VOLUME_NEEDS_CHKDSK       7
#define FSRTL_VOLUME_WORM_NEAR_FULL     8
#define FSRTL_VOLUME_WEARING_OUT        9
#define FSRTL_VOLUME_FORCED_CLOSED      10
#define FSRTL_VOLUME_INFO_MAKE_COMPAT   11
#define FSRTL_VOLUME_PREPARING_EJECT    12
#define FSRTL_VOLUME_CHANGE_SIZE        13
#define FSRTL_VOLUME_BACKGROUND_FORMAT  14

/* Byte-range locks. */

NTKERNELAPI PFILE_LOCK NTAPI
FsRtlAllocateFileLock(
    _In_opt_ PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine,
    _In_opt_ PUNLOCK_ROUTINE UnlockRoutine);
NTKERNELAPI VOID NTAPI FsRtlFreeFileLock(_In_ PFILE_LOCK FileLock);
NTKERNELAPI VOID NTAPI
FsRtlInitializeFileLock(
    _In_ PFILE_LOCK FileLock,
    _In_opt_ PCOMPLETE_LOCK_IRP_ROUTINE CompleteLockIrpRoutine,
    _In_opt_ PUNLOCK_ROUTINE UnlockRoutine);
NTKERNELAPI VOID NTAPI FsRtlUninitializeFileLock(_In_ PFILE_LOCK FileLock);
NTKERNELAPI NTSTATUS NTAPI
FsRtlProcessFileLock(_In_ PFILE_LOCK FileLock, _In_ PIRP Irp, _In_opt_ PVOID Context);
NTKERNELAPI BOOLEAN NTAPI FsRtlCheckLockForReadAccess(_In_ PFILE_LOCK FileLock, _In_ PIRP Irp);
NTKERNELAPI BOOLEAN NTAPI FsRtlCheckLockForWriteAccess(_In_ PFILE_LOCK FileLock, _In_ PIRP Irp);
NTKERNELAPI BOOLEAN NTAPI
FsRtlCheckLockForOplockRequest(_In_ PFILE_LOCK FileLock, _In_ PLARGE_INTEGER AllocationSize);
NTKERNELAPI BOOLEAN NTAPI
FsRtlFastCheckLockForRead(
    _In_ PFILE_LOCK FileLock,
    _In_ PLARGE_INTEGER StartingByte,
    _In_ PLARGE_INTEGER Length,
    _In_ ULONG Key,
    _In_ PFILE_OBJECT FileObject,
    _In_ PVOID ProcessId);
NTKERNELAPI BOOLEAN NTAPI
FsRtlFastCheckLockForWrite(
    _In_ PFILE_LOCK FileLock,
    _In_ PLARGE_INTEGER StartingByte,
    _In_ PLARGE_INTEGER Length,
    _In_ ULONG Key,
    _In_ PVOID FileObject,
    _In_ PVOID ProcessId);
NTKERNELAPI PFILE_LOCK_INFO NTAPI
FsRtlGetNextFileLock(_In_ PFILE_LOCK FileLock, _In_ BOOLEAN Restart);
NTKERNELAPI NTSTATUS NTAPI
FsRtlFastUnlockSingle(
    _In_ PFILE_LOCK FileLock,
    _In_ PFILE_OBJECT FileObject,
    _In_ PLARGE_INTEGER FileOffset,
    _In_ PLARGE_INTEGER Length,
    _In_ PEPROCESS ProcessId,
    _In_ ULONG Key,
    _In_opt_ PVOID Context,
    _In_ BOOLEAN AlreadySynchronized);
NTKERNELAPI NTSTATUS NTAPI
FsRtlFastUnlockAll(
    _In_ PFILE_LOCK FileLock,
    _In_ PFILE_OBJECT FileObject,
    _In_ PEPROCESS ProcessId,
    _In_opt_ PVOID Context);
NTKERNELAPI NTSTATUS NTAPI
FsRtlFastUnlockAllByKey(
    _In_ PFILE_LOCK FileLock,
    _In_ PFILE_OBJECT FileObject,
    _In_ PEPROCESS ProcessId,
    _In_ ULONG Key,
    _In_opt_ PVOID Context);
NTKERNELAPI BOOLEAN NTAPI
FsRtlPrivateLock(
    PFILE_LOCK FileLock,
    PFILE_OBJECT FileObject,
    PLARGE_INTEGER FileOffset,
    PLARGE_INTEGER Length,
    PEPROCESS ProcessId,
    ULONG Key,
    BOOLEAN FailImmediately,
    BOOLEAN ExclusiveLock,
    PIO_STATUS_BLOCK Iosb,
    PIRP Irp,
    PVOID Context,
    BOOLEAN AlreadySynchronized);

/* Oplocks. */

NTKERNELAPI VOID NTAPI FsRtlInitializeOplock(_Inout_ POPLOCK Oplock);
NTKERNELAPI VOID NTAPI FsRtlUninitializeOplock(_Inout_ POPLOCK Oplock);
NTKERNELAPI NTSTATUS NTAPI
FsRtlOplockFsctrl(_In_ POPLOCK Oplock, _In_ PIRP Irp, _In_ ULONG OpenCount);
NTKERNELAPI NTSTATUS NTAPI
FsRtlOplockFsctrlEx(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG OpenCount,
    _In_ ULONG Flags);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCheckOplock(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_opt_ PVOID Context,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    _In_opt_ POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCheckOplockEx(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    _In_opt_ POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCheckOplockEx2(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG Flags,
    _In_ ULONG FlagsEx2,
    _In_opt_ PVOID CompletionRoutineContext,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    _In_opt_ POPLOCK_FS_PREPOST_IRP PostIrpRoutine,
    _In_ ULONGLONG Timeout,
    _In_opt_ PVOID NotifyContext,
    _In_opt_ POPLOCK_NOTIFY_ROUTINE NotifyRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCheckUpperOplock(
    _In_ POPLOCK Oplock,
    _In_ ULONG NewLowerOplockState,
    _In_opt_ PVOID CompletionRoutineContext,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    POPLOCK_FS_PREPOST_IRP PrePendRoutine,
    _In_ ULONG Flags);
NTKERNELAPI NTSTATUS NTAPI
FsRtlUpperOplockFsctrl(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG OpenCount,
    _In_ ULONG LowerOplockState,
    _In_ ULONG Flags);
NTKERNELAPI BOOLEAN NTAPI FsRtlOplockIsFastIoPossible(_In_ POPLOCK Oplock);
NTKERNELAPI BOOLEAN NTAPI FsRtlOplockIsSharedRequest(_In_ PIRP Irp);
NTKERNELAPI BOOLEAN NTAPI
FsRtlOplockKeysEqual(_In_opt_ PFILE_OBJECT Fo1, _In_opt_ PFILE_OBJECT Fo2);
NTKERNELAPI BOOLEAN NTAPI FsRtlCurrentBatchOplock(_In_ POPLOCK Oplock);
NTKERNELAPI BOOLEAN NTAPI FsRtlCurrentOplock(_In_ POPLOCK Oplock);
NTKERNELAPI BOOLEAN NTAPI FsRtlCurrentOplockH(_In_ POPLOCK Oplock);
NTKERNELAPI NTSTATUS NTAPI
FsRtlOplockBreakH(
    _In_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    _In_opt_ POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlOplockBreakToNone(
    POPLOCK Oplock,
    PIO_STACK_LOCATION IrpSp,
    PIRP Irp,
    PVOID Context,
    POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlOplockBreakToNoneEx(
    _Inout_ POPLOCK Oplock,
    _In_ PIRP Irp,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine,
    _In_opt_ POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
NTKERNELAPI NTSTATUS NTAPI
FsRtlCheckOplockForFsFilterCallback(POPLOCK Oplock, PVOID CallbackData, ULONG Flags);

/* Directory change notification. */

NTKERNELAPI VOID NTAPI FsRtlNotifyInitializeSync(_In_ PNOTIFY_SYNC *NotifySync);
NTKERNELAPI VOID NTAPI FsRtlNotifyUninitializeSync(_In_ PNOTIFY_SYNC *NotifySync);
NTKERNELAPI VOID NTAPI
FsRtlNotifyFullChangeDirectory(
    _In_ PNOTIFY_SYNC NotifySync,
    _In_ PLIST_ENTRY NotifyList,
    _In_ PVOID FsContext,
    _In_ PSTRING FullDirectoryName,
    _In_ BOOLEAN WatchTree,
    _In_ BOOLEAN IgnoreBuffer,
    _In_ ULONG CompletionFilter,
    _In_opt_ PIRP NotifyIrp,
    _In_opt_ PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback,
    _In_opt_ PSECURITY_SUBJECT_CONTEXT SubjectContext);
NTKERNELAPI VOID NTAPI
FsRtlNotifyFilterChangeDirectory(
    _In_ PNOTIFY_SYNC NotifySync,
    _In_ PLIST_ENTRY NotifyList,
    _In_ PVOID FsContext,
    _In_ PSTRING FullDirectoryName,
    _In_ BOOLEAN WatchTree,
    _In_ BOOLEAN IgnoreBuffer,
    _In_ ULONG CompletionFilter,
    _In_opt_ PIRP NotifyIrp,
    _In_opt_ PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback,
    _In_opt_ PSECURITY_SUBJECT_CONTEXT SubjectContext,
    _In_opt_ PFILTER_REPORT_CHANGE FilterCallback);
NTKERNELAPI VOID NTAPI
FsRtlNotifyFullReportChange(
    _In_ PNOTIFY_SYNC NotifySync,
    _In_ PLIST_ENTRY NotifyList,
    _In_ PSTRING FullTargetName,
    _In_ USHORT TargetNameOffset,
    _In_opt_ PSTRING StreamName,
    _In_opt_ PSTRING NormalizedParentName,
    _In_ ULONG FilterMatch,
    _In_ ULONG Action,
    _In_opt_ PVOID TargetContext);
NTKERNELAPI VOID NTAPI
FsRtlNotifyFilterReportChange(
    _In_ PNOTIFY_SYNC NotifySync,
    _In_ PLIST_ENTRY NotifyList,
    _In_ PSTRING FullTargetName,
    _In_ USHORT TargetNameOffset,
    _In_opt_ PSTRING StreamName,
    _In_opt_ PSTRING NormalizedParentName,
    _In_ ULONG FilterMatch,
    _In_ ULONG Action,
    _In_opt_ PVOID TargetContext,
    _In_opt_ PVOID FilterContext);
NTKERNELAPI VOID NTAPI
FsRtlNotifyCleanup(_In_ PNOTIFY_SYNC NotifySync, _In_ PLIST_ENTRY NotifyList, _In_ PVOID FsContext);
NTKERNELAPI VOID NTAPI
FsRtlNotifyCleanupAll(_In_ PNOTIFY_SYNC NotifySync, _In_ PLIST_ENTRY NotifyList);
NTKERNELAPI NTSTATUS NTAPI
FsRtlNotifyVolumeEvent(_In_ PFILE_OBJECT FileObject, _In_ ULONG EventCode);
NTKERNELAPI NTSTATUS NTAPI
FsRtlNotifyVolumeEventEx(
    _In_ PFILE_OBJECT FileObject,
    _In_ ULONG EventCode,
    _In_ PTARGET_DEVICE_CUSTOM_NOTIFICATION Event);
NTKERNELAPI BOOLEAN NTAPI FsRtlAreThereCurrentOrInProgressFileLocks(_In_ PFILE_LOCK FileLock);
NTKERNELAPI BOOLEAN NTAPI FsRtlAreThereWaitingFileLocks(_In_ PFILE_LOCK FileLock);

#ifdef __cplusplus
}
#endif

#endif

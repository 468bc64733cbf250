/* SPDX-License-Identifier: MIT */
/* Push locks, resources, byte-range locks and oplocks. */
#ifndef _FILTERBED_FLT_FUNC_SYNC_H_
#define _FILTERBED_FLT_FUNC_SYNC_H_

#include <flt/types.h>

#ifdef __cplusplus
extern "C" {
#endif

VOID FLTAPI
FltAcquirePushLockExclusive(
    _Inout_ PEX_PUSH_LOCK PushLock);

VOID FLTAPI
FltAcquirePushLockExclusiveEx(
    _Inout_ PEX_PUSH_LOCK PushLock,
    _In_ ULONG Flags);

VOID FLTAPI
FltAcquirePushLockShared(
    _Inout_ PEX_PUSH_LOCK PushLock);

VOID FLTAPI
FltAcquirePushLockSharedEx(
    _Inout_ PEX_PUSH_LOCK PushLock,
    _In_ ULONG Flags);

VOID FLTAPI
FltAcquireResourceExclusive(
    _Inout_ PERESOURCE Resource);

VOID FLTAPI
FltAcquireResourceShared(
    _Inout_ PERESOURCE Resource);

PFILE_LOCK FLTAPI
FltAllocateFileLock(
    _In_opt_ PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE CompleteLockCallbackDataRoutine,
    _In_opt_ PUNLOCK_ROUTINE UnlockRoutine);

BOOLEAN FLTAPI
FltCheckLockForReadAccess(
    _In_ PFILE_LOCK FileLock,
    _In_ PFLT_CALLBACK_DATA CallbackData);

BOOLEAN FLTAPI
FltCheckLockForWriteAccess(
    _In_ PFILE_LOCK FileLock,
    _In_ PFLT_CALLBACK_DATA CallbackData);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltCheckOplock(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_opt_ PVOID Context,
    _In_opt_ PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
    _In_opt_ PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltCheckOplockEx(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
    _In_opt_ PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine);

BOOLEAN FLTAPI
FltCurrentBatchOplock(
    _In_ POPLOCK Oplock);

BOOLEAN FLTAPI
FltCurrentOplock(
    _In_ POPLOCK Oplock);

BOOLEAN FLTAPI
FltCurrentOplockH(
    _In_ POPLOCK Oplock);

VOID FLTAPI
FltDeletePushLock(
    _In_ PEX_PUSH_LOCK PushLock);

VOID FLTAPI
FltFreeFileLock(
    _In_ PFILE_LOCK FileLock);

VOID FLTAPI
FltInitializeFileLock(
    _Out_ PFILE_LOCK FileLock);

VOID FLTAPI
FltInitializeOplock(
    _Out_ POPLOCK Oplock);

VOID FLTAPI
FltInitializePushLock(
    _Out_ PEX_PUSH_LOCK PushLock);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakH(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
    _In_opt_ PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakToNone(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_opt_ PVOID Context,
    _In_opt_ PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
    _In_opt_ PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockBreakToNoneEx(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_ ULONG Flags,
    _In_opt_ PVOID Context,
    _In_opt_ PFLTOPLOCK_WAIT_COMPLETE_ROUTINE WaitCompletionRoutine,
    _In_opt_ PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE PrePostCallbackDataRoutine);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockFsctrl(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_ ULONG OpenCount);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltOplockFsctrlEx(
    _In_ POPLOCK Oplock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_ ULONG OpenCount,
    _In_ ULONG Flags);

BOOLEAN FLTAPI
FltOplockIsFastIoPossible(
    _In_ POPLOCK Oplock);

BOOLEAN FLTAPI
FltOplockIsSharedRequest(
    _In_ PFLT_CALLBACK_DATA CallbackData);

BOOLEAN FLTAPI
FltOplockKeysEqual(
    _In_opt_ PFILE_OBJECT Fo1,
    _In_opt_ PFILE_OBJECT Fo2);

FLT_PREOP_CALLBACK_STATUS FLTAPI
FltProcessFileLock(
    _In_ PFILE_LOCK FileLock,
    _In_ PFLT_CALLBACK_DATA CallbackData,
    _In_opt_ PVOID Context);

VOID FLTAPI
FltReleasePushLock(
    _Inout_ PEX_PUSH_LOCK PushLock);

VOID FLTAPI
FltReleasePushLockEx(
    _Inout_ PEX_PUSH_LOCK PushLock,
    _In_ ULONG Flags);

VOID FLTAPI
FltReleaseResource(
    _Inout_ PERESOURCE Resource);

VOID FLTAPI
FltUninitializeFileLock(
    _In_ PFILE_LOCK FileLock);

VOID FLTAPI
FltUninitializeOplock(
    _In_ POPLOCK Oplock);

#ifdef __cplusplus
}
#endif

#endif

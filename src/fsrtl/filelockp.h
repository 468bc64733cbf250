/* SPDX-License-Identifier: MIT */
/* fsrtl, private to the two files of byte-range locks. */
#ifndef FB_FSRTL_FILELOCKP_H
#define FB_FSRTL_FILELOCKP_H

#include "fsrtl/fsrtlp.h"
#include "port/port.h"

typedef struct FSRTLP_LOCK {
    LIST_ENTRY Links;
    FILE_LOCK_INFO Info;
} FSRTLP_LOCK;

typedef struct FSRTLP_LOCKS {
    port_lock Guard;
    LIST_ENTRY Granted;                        /* Guard */
    LIST_ENTRY Waiting;                        /* Guard */
    PFILE_LOCK FileLock;
} FSRTLP_LOCKS;

typedef BOOLEAN (*FSRTLP_LOCK_TEST)(const FILE_LOCK_INFO *Held, const FILE_LOCK_INFO *Wanted);

static inline FSRTLP_LOCKS *
FsRtlpLocks(PFILE_LOCK FileLock)
{
    return __atomic_load_n((FSRTLP_LOCKS **)&FileLock->LockInformation, __ATOMIC_ACQUIRE);
}

/* EndingByte is the last byte; FALSE: the range passes the end of all offsets. */
static inline BOOLEAN
FsRtlpRange(FILE_LOCK_INFO *Info, LONGLONG Offset, LONGLONG Length)
{
    ULONGLONG End = (ULONGLONG)Offset + (ULONGLONG)Length;

    Info->StartingByte.QuadPart = Offset;
    Info->Length.QuadPart = Length;
    Info->EndingByte.QuadPart = (LONGLONG)(End - 1);
    return Length == 0 || End == 0 || End > (ULONGLONG)Offset;
}

static inline BOOLEAN
FsRtlpOverlap(const FILE_LOCK_INFO *A, const FILE_LOCK_INFO *B)
{
    return A->Length.QuadPart != 0 && B->Length.QuadPart != 0 &&
           (ULONGLONG)A->StartingByte.QuadPart <= (ULONGLONG)B->EndingByte.QuadPart &&
           (ULONGLONG)B->StartingByte.QuadPart <= (ULONGLONG)A->EndingByte.QuadPart;
}

static inline BOOLEAN
FsRtlpSameOwner(const FILE_LOCK_INFO *A, const FILE_LOCK_INFO *B)
{
    return A->FileObject == B->FileObject && A->ProcessId == B->ProcessId && A->Key == B->Key;
}

/* Completes waiting requests with STATUS_RANGE_NOT_LOCKED: those that Test matches, NULL: all. */
VOID FsRtlpAbandonWaiting(PFILE_LOCK FileLock, const FILE_LOCK_INFO *Wanted, FSRTLP_LOCK_TEST Test);

#endif

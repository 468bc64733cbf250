/* SPDX-License-Identifier: MIT */
/* For file systems: maps of virtual to logical blocks, the tunnel cache of names just removed. */
#ifndef _NTOS_FSRTL_MCB_
#define _NTOS_FSRTL_MCB_

#include "ntos/fsrtl.h"
#include "ntos/rtl.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef ULONG LBN, *PLBN;
typedef ULONG VBN, *PVBN;

typedef struct _BASE_MCB {
    ULONG MaximumPairCount;
    ULONG PairCount;
    USHORT PoolType;
    USHORT Flags;
    PVOID Mapping;
} BASE_MCB, *PBASE_MCB;

typedef struct _LARGE_MCB {
    PKGUARDED_MUTEX GuardedMutex;
    BASE_MCB BaseMcb;
} LARGE_MCB, *PLARGE_MCB;

NTKERNELAPI VOID NTAPI FsRtlInitializeLargeMcb(PLARGE_MCB Mcb, _In_ POOL_TYPE PoolType);
NTKERNELAPI VOID NTAPI FsRtlUninitializeLargeMcb(PLARGE_MCB Mcb);
NTKERNELAPI VOID NTAPI FsRtlResetLargeMcb(_In_ PLARGE_MCB Mcb, _In_ BOOLEAN SelfSynchronized);
NTKERNELAPI VOID NTAPI FsRtlTruncateLargeMcb(PLARGE_MCB Mcb, LONGLONG Vbn);
NTKERNELAPI BOOLEAN NTAPI
FsRtlAddLargeMcbEntry(
    PLARGE_MCB Mcb,
    LONGLONG Vbn,
    LONGLONG Lbn,
    LONGLONG SectorCount);
NTKERNELAPI VOID NTAPI FsRtlRemoveLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG SectorCount);
NTKERNELAPI BOOLEAN NTAPI
FsRtlLookupLargeMcbEntry(
    PLARGE_MCB Mcb,
    LONGLONG Vbn,
    PLONGLONG Lbn,
    PLONGLONG SectorCountFromLbn,
    PLONGLONG StartingLbn,
    PLONGLONG SectorCountFromStartingLbn,
    _Out_opt_ PULONG Index);
NTKERNELAPI BOOLEAN NTAPI
FsRtlLookupLastLargeMcbEntry(PLARGE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn);
NTKERNELAPI BOOLEAN NTAPI
FsRtlLookupLastLargeMcbEntryAndIndex(
    _In_ PLARGE_MCB OpaqueMcb,
    _Out_ PLONGLONG LargeVbn,
    _Out_ PLONGLONG LargeLbn,
    _Out_ PULONG Index);
NTKERNELAPI ULONG NTAPI FsRtlNumberOfRunsInLargeMcb(PLARGE_MCB Mcb);
NTKERNELAPI BOOLEAN NTAPI
FsRtlGetNextLargeMcbEntry(
    PLARGE_MCB Mcb,
    _In_ ULONG RunIndex,
    PLONGLONG Vbn,
    PLONGLONG Lbn,
    PLONGLONG SectorCount);
NTKERNELAPI BOOLEAN NTAPI
FsRtlSplitLargeMcb(_In_ PLARGE_MCB Mcb, _In_ LONGLONG Vbn, _In_ LONGLONG Amount);

typedef struct _TUNNEL {
    FAST_MUTEX Mutex;
    PRTL_SPLAY_LINKS Cache;
    LIST_ENTRY TimerQueue;
    USHORT NumEntries;
} TUNNEL, *PTUNNEL;

NTKERNELAPI VOID NTAPI FsRtlInitializeTunnelCache(_In_ TUNNEL *Cache);
NTKERNELAPI VOID NTAPI
FsRtlAddToTunnelCache(
    _In_ TUNNEL *Cache,
    _In_ ULONGLONG DirectoryKey,
    _In_ UNICODE_STRING *ShortName,
    _In_ UNICODE_STRING *LongName,
    _In_ BOOLEAN KeyByShortName,
    _In_ ULONG DataLength,
    _In_ VOID *Data);
NTKERNELAPI BOOLEAN NTAPI
FsRtlFindInTunnelCache(
    _In_ TUNNEL *Cache,
    ULONGLONG DirectoryKey,
    _In_ UNICODE_STRING *Name,
    _Out_ UNICODE_STRING *ShortName,
    _Out_ UNICODE_STRING *LongName,
    _Inout_ ULONG *DataLength,
    _Out_ VOID *Data);
NTKERNELAPI VOID NTAPI FsRtlDeleteKeyFromTunnelCache(_In_ TUNNEL *Cache, ULONGLONG DirectoryKey);
NTKERNELAPI VOID NTAPI FsRtlDeleteTunnelCache(_In_ TUNNEL *Cache);

#ifdef __cplusplus
}
#endif

#endif

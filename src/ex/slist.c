/* SPDX-License-Identifier: MIT */
/*
 * Sequenced lists, and lists under a caller's spin lock.  An entry may be popped and its memory freed while another thread is
 * about to pop it too; Windows reads the dead entry's link and retries on a fault.  Here a bit of the header (one of Windows'
 * reserved ones) is held for the few instructions instead.
 */
#include "ex/exp.h"
#include "ke/kiobj.h"
#include "port/tsan.h"

#define EXP_SLIST_LOCK 4ull                    /* Header16.Reserved: below the 60 bits of NextEntry */
#define EXP_SLIST_DEPTH 0xFFFFull
#define EXP_SLIST_SEQUENCE 0x10000ull

static ULONGLONG
ExpSListLock(PSLIST_HEADER Head)
{
    ULONG Spins = 0;
    for (;;) {
        ULONGLONG Old = __atomic_fetch_or(&Head->Region, EXP_SLIST_LOCK, __ATOMIC_ACQUIRE);
        if (!(Old & EXP_SLIST_LOCK)) {
            return Old;
        }
        if (++Spins % 64 == 0) {
            port_yield();
        }
        __builtin_ia32_pause();
    }
}

static VOID
ExpSListUnlock(PSLIST_HEADER Head, PSLIST_ENTRY First, LONG Change)
{
    ULONGLONG State = __atomic_load_n(&Head->Alignment, __ATOMIC_RELAXED);
    ULONGLONG Depth = ((State & EXP_SLIST_DEPTH) + (ULONGLONG)(LONGLONG)Change) & EXP_SLIST_DEPTH;
    __atomic_store_n(&Head->Alignment, ((State & ~EXP_SLIST_DEPTH) + EXP_SLIST_SEQUENCE) | Depth, __ATOMIC_RELAXED);
    __atomic_store_n(&Head->Region, (ULONGLONG)(ULONG_PTR)First, __ATOMIC_RELEASE);
}

static PSLIST_ENTRY
ExpSListFirst(ULONGLONG Region)
{
    return (PSLIST_ENTRY)(ULONG_PTR)(Region & ~15ull);
}

/* Windows: wdm.h, ExInitializeSListHead.  Differences: none. */
VOID
InitializeSListHead(PSLIST_HEADER SListHead)
{
    __atomic_store_n(&SListHead->Alignment, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&SListHead->Region, 0, __ATOMIC_RELEASE);
}

/* Windows: wdm.h, ExInterlockedPopEntrySList.  Differences: none. */
PSLIST_ENTRY
ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    if (ExpSListFirst(__atomic_load_n(&ListHead->Region, __ATOMIC_RELAXED)) == NULL) {
        return NULL;
    }
    PSLIST_ENTRY First = ExpSListFirst(ExpSListLock(ListHead));
    ExpSListUnlock(ListHead, First != NULL ? First->Next : NULL, First != NULL ? -1 : 0);
    return First;
}

/* Windows: wdm.h, ExInterlockedPushEntrySList.  Differences: none. */
PSLIST_ENTRY
ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    if ((ULONG_PTR)ListEntry & 15) {
        ExRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
    }
    PSLIST_ENTRY First = ExpSListFirst(ExpSListLock(ListHead));
    ListEntry->Next = First;
    ExpSListUnlock(ListHead, ListEntry, 1);
    return First;
}

/* Windows: wdm.h, ExInterlockedFlushSList.  Differences: none. */
PSLIST_ENTRY
ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    PSLIST_ENTRY First = ExpSListFirst(ExpSListLock(ListHead));
    ExpSListUnlock(ListHead, NULL, -(LONG)ExQueryDepthSList(ListHead));
    return First;
}

/* Windows: wdm.h, ExQueryDepthSList.  Differences: none. */
USHORT
ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    return (USHORT)(__atomic_load_n(&SListHead->Alignment, __ATOMIC_RELAXED) & EXP_SLIST_DEPTH);
}

/* ---- lists under a spin lock: the caller may be at any IRQL ---- */

/* Windows: wdm.h, ExInterlockedInsertHeadList.  Differences: none. */
PLIST_ENTRY
ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    PLIST_ENTRY First = IsListEmpty(ListHead) ? NULL : ListHead->Flink;
    InsertHeadList(ListHead, ListEntry);
    KiSpinRelease(Lock);
    return First;
}

/* Windows: wdm.h, ExInterlockedInsertTailList.  Differences: none. */
PLIST_ENTRY
ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    PLIST_ENTRY Last = IsListEmpty(ListHead) ? NULL : ListHead->Blink;
    InsertTailList(ListHead, ListEntry);
    KiSpinRelease(Lock);
    return Last;
}

/* Windows: wdm.h, ExInterlockedRemoveHeadList.  Differences: none. */
PLIST_ENTRY
ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    PLIST_ENTRY First = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);
    KiSpinRelease(Lock);
    return First;
}

/* Windows: wdm.h, ExInterlockedPopEntryList.  Differences: none. */
PSINGLE_LIST_ENTRY
ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    PSINGLE_LIST_ENTRY First = ListHead->Next;
    if (First != NULL) {
        ListHead->Next = First->Next;
    }
    KiSpinRelease(Lock);
    return First;
}

/* Windows: wdm.h, ExInterlockedPushEntryList.  Differences: none. */
PSINGLE_LIST_ENTRY
ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    PSINGLE_LIST_ENTRY First = ListHead->Next;
    ListEntry->Next = First;
    ListHead->Next = ListEntry;
    KiSpinRelease(Lock);
    return First;
}

/* Windows: wdm.h, ExInterlockedAddLargeInteger.  Differences: none. */
LARGE_INTEGER
ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock)
{
    LARGE_INTEGER Old;
    KiSpinAcquire(Lock);
    Old.QuadPart = Addend->QuadPart;
    Addend->QuadPart = Old.QuadPart + Increment.QuadPart;
    KiSpinRelease(Lock);
    return Old;
}

/* Windows: wdm.h, ExInterlockedAddUlong.  Differences: none. */
ULONG
ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    KiSpinAcquire(Lock);
    ULONG Old = *Addend;
    *Addend = Old + Increment;
    KiSpinRelease(Lock);
    return Old;
}

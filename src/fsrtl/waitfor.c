/* SPDX-License-Identifier: MIT */
/*
 * Who would wait for whom on Windows, where a file system holds its own resources while it tears a stream down (K-28).  Here it holds
 * none, so nothing ever hangs; what is looked at is the order:
 *
 *   a request sent from inside a teardown waits for the file system, which waits for the teardown: reported whenever it is seen;
 *   a cleanup callback that waits for another thread, which has sent a request since the teardown began, waits for the same: reported
 *   when the wait ends;
 *   a lock that a cleanup callback takes inside a teardown, and that is held elsewhere while a file is opened, closes the same circle
 *   with two threads: --verify=full remembers both by the lock's address, until the memory around it is freed.
 */
#include "fsrtl/fsrtlp.h"

#include "ke/ki.h"
#include "ke/ntcall.h"

#define WAITFOR_BUCKETS 256
#define WAITFOR_LIMIT 4096

typedef struct FSRTLP_WAIT {
    struct FSRTLP_WAIT *Next;
    const VOID *Lock;
    vf_stack Inside, Across;                   /* taken inside a teardown; held while a file is opened or torn down */
    BOOLEAN Reported;
} FSRTLP_WAIT;

static port_lock FsRtlpWaitLock;               /* protects the table */
static FSRTLP_WAIT *FsRtlpWaits[WAITFOR_BUCKETS];
static _Atomic(ULONG) FsRtlpWaitCount;

static BOOLEAN
FsRtlpIsFull(VOID)
{
    return __atomic_load_n((int *)&vf_level_now, __ATOMIC_RELAXED) == VF_FULL;
}

static FSRTLP_WAIT *
FsRtlpWaitOfLocked(const VOID *Lock)
{
    FSRTLP_WAIT **Bucket = &FsRtlpWaits[((ULONG_PTR)Lock >> 4) % WAITFOR_BUCKETS];
    FSRTLP_WAIT *Wait = *Bucket;

    while (Wait != NULL && Wait->Lock != Lock) {
        Wait = Wait->Next;
    }
    if (Wait == NULL && FsRtlpWaitCount < WAITFOR_LIMIT && (Wait = port_alloc_zeroed(sizeof(*Wait))) != NULL) {
        Wait->Lock = Lock;
        Wait->Next = *Bucket;
        *Bucket = Wait;
        FsRtlpWaitCount++;
    }
    return Wait;
}

static VOID
FsRtlpWaitNote(const VOID *Lock, BOOLEAN Inside)
{
    const vf_stack Stack = vf_stack_here(2);
    vf_stack Other = 0;

    port_lock_acquire(&FsRtlpWaitLock);
    FSRTLP_WAIT *Wait = FsRtlpWaitOfLocked(Lock);
    if (Wait != NULL) {
        *(Inside ? &Wait->Inside : &Wait->Across) = Stack;
        if (Wait->Inside != 0 && Wait->Across != 0 && !Wait->Reported) {
            Wait->Reported = TRUE;
            Other = Inside ? Wait->Across : Wait->Inside;
        }
    }
    port_lock_release(&FsRtlpWaitLock);
    if (Other != 0) {
        const struct vf_evidence Evidence = { .object = Lock, .stack = Inside ? Stack : Other,
            .related = { { "held across a create or a teardown", Inside ? Other : Stack } } };
        vf_report_evidence("K-28", "F-05", NULL, KiCurrentOwner(), &Evidence,
            "a cleanup callback takes lock %p inside a stream's teardown; the same lock is held while the file system is called: two threads "
            "that do both wait for each other", Lock);
    }
}

static BOOLEAN
FsRtlpInsideCleanup(VOID)
{
    const struct vf_operation *Operation = vf_operation_current();

    return FsRtlpFreeDepth() != 0 && Operation != NULL && Operation->phase != NULL && strcmp(Operation->phase, "context cleanup") == 0;
}

static VOID
FsRtlpWaitAcquired(PVOID Lock)
{
    if (FsRtlpInsideCleanup()) {
        FsRtlpWaitNote(Lock, TRUE);
    }
}

static VOID
FsRtlpWaitNoteHeld(VOID)
{
    const PKTHREAD Thread = KiCurrent();

    for (ULONG i = 0; i < Thread->HeldCount; i++) {
        FsRtlpWaitNote(Thread->Held[i].Lock, FALSE);
    }
}

VOID
FsRtlpWaitInside(BOOLEAN Inside)
{
    if (vf_on() || !Inside) {
        atomic_store_explicit(&KiCurrent()->TeardownSince, Inside ? port_clock_monotonic() : 0, memory_order_relaxed);
    }
}

static VOID
FsRtlpWaitWoken(VOID)
{
    vf_report("K-28", "F-05", NULL, KiCurrentOwner(), NULL,
        "a callback waits inside a stream's teardown for a thread that sends requests to the file system, while the file system holds its "
        "resources");
}

VOID
FsRtlpWaitTeardown(VOID)
{
    if (FsRtlpIsFull() && FsRtlpFreeDepth() != 0) {
        FsRtlpWaitNoteHeld();
    }
}

VOID
FsRtlpWaitRequest(UCHAR Major)
{
    vf_owner *Owner = KiCurrentOwner();

    if (Owner == NULL) {
        return;
    }
    KiCurrent()->LastRequest = port_clock_monotonic();
    if (FsRtlpFreeDepth() != 0 && Major != IRP_MJ_CLEANUP && Major != IRP_MJ_CLOSE) {
        vf_report("K-28", "F-07", NULL, Owner, NULL,
            "a request (major function 0x%02x) is sent to the file system from inside a stream's teardown, while the file system holds its "
            "resources", (unsigned)Major);
    } else if (Major == IRP_MJ_CREATE && FsRtlpIsFull()) {
        FsRtlpWaitNoteHeld();
    }
}

VOID
FsRtlpWaitForget(const VOID *Block, SIZE_T Size)
{
    if (atomic_load_explicit(&FsRtlpWaitCount, memory_order_relaxed) == 0) {
        return;
    }
    port_lock_acquire(&FsRtlpWaitLock);
    for (ULONG i = 0; i < WAITFOR_BUCKETS; i++) {
        for (FSRTLP_WAIT **Link = &FsRtlpWaits[i]; *Link != NULL;) {
            FSRTLP_WAIT *Wait = *Link;
            if ((ULONG_PTR)Wait->Lock - (ULONG_PTR)Block < Size) {
                *Link = Wait->Next;
                port_free(Wait);
                FsRtlpWaitCount--;
            } else {
                Link = &Wait->Next;
            }
        }
    }
    port_lock_release(&FsRtlpWaitLock);
}

VOID
FsRtlpWaitInitialize(VOID)
{
    KiSetWokenHook(FsRtlpWaitWoken);
    KiSetHeldHook(FsRtlpIsFull() ? FsRtlpWaitAcquired : NULL);
}

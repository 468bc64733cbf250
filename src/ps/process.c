/* SPDX-License-Identifier: MIT */
/*
 * Processes: one EPROCESS for each Linux process that made a request, found by (tgid, start time).
 *
 * The table holds no reference: a process removes itself when its last reference goes, and a lookup takes one only while the count is not
 * zero.  In front of the table stands a small direct-mapped cache by thread id, whose entries hold a reference and are believed for
 * PSP_FRESH (a number cannot come round in that time); after that /proc is asked again.
 */
#include "ps/pspp.h"

#include <string.h>

#include "port/port.h"

#define PSP_BUCKETS 256
#define PSP_SLOTS 1024
#define PSP_FRESH (100u * 1000 * 1000)         /* ns */

typedef struct PSP_BUCKET {
    port_lock Lock;
    LIST_ENTRY Processes;
} PSP_BUCKET;

typedef struct PSP_SLOT {
    port_lock Lock;
    ULONG ThreadId;
    PEPROCESS Process;                         /* +1 */
    ULONGLONG Checked;
} PSP_SLOT;

static PSP_BUCKET PspBuckets[PSP_BUCKETS];
static PSP_SLOT PspSlots[PSP_SLOTS];

static VOID PspProcessDelete(PVOID Object);
static VOID PspThreadDelete(PVOID Object);
static struct _OBJECT_TYPE PspProcessTypeBody = {.Name = L"Process", .Delete = PspProcessDelete, .WaitOffset = 0, .SupportsCallbacks = TRUE};
static struct _OBJECT_TYPE PspThreadTypeBody = {.Name = L"Thread", .Delete = PspThreadDelete, .WaitOffset = 0, .SupportsCallbacks = TRUE};
static POBJECT_TYPE PspProcessTypeVariable = &PspProcessTypeBody;
static POBJECT_TYPE PspThreadTypeVariable = &PspThreadTypeBody;
POBJECT_TYPE *PsProcessType = &PspProcessTypeVariable;
POBJECT_TYPE *PsThreadType = &PspThreadTypeVariable;
PEPROCESS PsInitialSystemProcess;

static PSP_BUCKET *
PspBucket(ULONG Pid)
{
    return &PspBuckets[(Pid * 2654435761u) % PSP_BUCKETS];
}

static VOID
PspProcessDelete(PVOID Object)
{
    PEPROCESS Process = Object;
    PSP_BUCKET *Bucket = PspBucket(Process->Pid);

    port_lock_acquire(&Bucket->Lock);
    RemoveEntryList(&Process->Links);
    port_lock_release(&Bucket->Lock);
}

static VOID
PspThreadDelete(PVOID Object)
{
    KiThreadFree(Object);
}

static PEPROCESS
PspFindLocked(PSP_BUCKET *Bucket, const struct ps_proc *Proc)
{
    for (PLIST_ENTRY Entry = Bucket->Processes.Flink; Entry != &Bucket->Processes; Entry = Entry->Flink) {
        PEPROCESS Process = CONTAINING_RECORD(Entry, struct _EPROCESS, Links);
        if (Process->Pid == Proc->pid && Process->Start == Proc->start && ObpTryReference(Process)) {
            return Process;
        }
    }
    return NULL;
}

static PEPROCESS
PspCreateProcess(const struct ps_proc *Proc)
{
    PEPROCESS Process;

    if (!NT_SUCCESS(ObpCreateObject(*PsProcessType, sizeof(*Process), (PVOID *)&Process))) {
        return NULL;
    }
    Process->Pid = Proc->pid;
    Process->Parent = Proc->parent;
    Process->Session = Proc->session;
    Process->Start = Proc->start;
    Process->CreateTime = port_clock_nt();
    memcpy(Process->ImageName, Proc->name, sizeof(Process->ImageName));
    return Process;
}

static PEPROCESS
PspFindOrCreate(const struct ps_proc *Proc)
{
    PSP_BUCKET *Bucket = PspBucket(Proc->pid);

    port_lock_acquire(&Bucket->Lock);
    PEPROCESS Process = PspFindLocked(Bucket, Proc);
    if (Process == NULL) {
        Process = PspCreateProcess(Proc);
        if (Process != NULL) {
            InsertHeadList(&Bucket->Processes, &Process->Links);
        }
    }
    port_lock_release(&Bucket->Lock);
    return Process;
}

PEPROCESS
PspProcessByThread(ULONG ThreadId)
{
    PSP_SLOT *Slot = &PspSlots[ThreadId % PSP_SLOTS];
    ULONGLONG Now = port_clock_monotonic();
    PEPROCESS Process = NULL;
    PEPROCESS Displaced;
    struct ps_proc Proc;

    port_lock_acquire(&Slot->Lock);
    if (Slot->Process != NULL && Slot->ThreadId == ThreadId && Now - Slot->Checked < PSP_FRESH) {
        Process = Slot->Process;
        ObpReference(Process);
    }
    port_lock_release(&Slot->Lock);
    if (Process != NULL) {
        return Process;
    }
    if (!ps_proc_query(ThreadId, &Proc)) {
        return NULL;
    }
    Process = PspFindOrCreate(&Proc);
    if (Process == NULL) {
        return NULL;
    }
    ObpReference(Process);
    port_lock_acquire(&Slot->Lock);
    Displaced = Slot->Process;
    Slot->Process = Process;
    Slot->ThreadId = ThreadId;
    Slot->Checked = Now;
    port_lock_release(&Slot->Lock);
    if (Displaced != NULL) {
        ObpDereference(Displaced);
    }
    return Process;
}

PEPROCESS
PspProcessOfThread(PKTHREAD Thread)
{
    return Thread->Process != NULL ? Thread->Process : PsInitialSystemProcess;
}

static VOID
PspPut(PSP_REQUESTOR *Requestor, PEPROCESS Process, ULONG ThreadId, ULONG Uid, ULONG Gid)
{
    PKTHREAD Thread = KiCurrent();

    Requestor->Process = Process;
    Requestor->ThreadId = ThreadId;
    Requestor->Uid = Uid;
    Requestor->Gid = Gid;
    Requestor->PreviousProcess = Thread->Process;
    Requestor->PreviousThreadId = Thread->ClientThreadId;
    Requestor->PreviousUid = Thread->Uid;
    Requestor->PreviousGid = Thread->Gid;
    Thread->Process = Process;
    Thread->ClientThreadId = ThreadId;
    Thread->Uid = Uid;
    Thread->Gid = Gid;
}

VOID
PspAttachRequestor(PSP_REQUESTOR *Requestor, ULONG Pid, ULONG Uid, ULONG Gid)
{
    PspPut(Requestor, Pid == 0 ? NULL : PspProcessByThread(Pid), Pid, Uid, Gid);
    if (atomic_load_explicit(&PspListeners, memory_order_relaxed) != 0 && Requestor->Process != NULL) {
        PspAnnounce(Requestor->Process, Pid);
    }
}

VOID
PspAttachProcess(PSP_REQUESTOR *Requestor, PEPROCESS Process)
{
    PKTHREAD Thread = KiCurrent();

    if (Process != NULL) {
        ObpReference(Process);
    }
    PspPut(Requestor, Process, Process == NULL ? 0 : Process->Pid, Thread->Uid, Thread->Gid);
}

VOID
PspDetachRequestor(PSP_REQUESTOR *Requestor)
{
    PKTHREAD Thread = KiCurrent();

    Thread->Process = Requestor->PreviousProcess;
    Thread->ClientThreadId = Requestor->PreviousThreadId;
    Thread->Uid = Requestor->PreviousUid;
    Thread->Gid = Requestor->PreviousGid;
    if (Requestor->Process != NULL) {
        ObpDereference(Requestor->Process);
        Requestor->Process = NULL;
    }
}

ULONG
PspCurrentUid(VOID)
{
    return KiCurrent()->Uid;
}

ULONG
PspCurrentGid(VOID)
{
    return KiCurrent()->Gid;
}

static VOID
PspThreadCreated(PKTHREAD Thread)
{
    C_ASSERT(OBP_HEADER_SIZE <= KI_THREAD_PREFIX);
    ObpInitializeObject(Thread, *PsThreadType);
}

static VOID
PspThreadExited(PKTHREAD Thread)
{
    ObpDereference(Thread);
}

VOID
PspInitialize(VOID)
{
    static const KI_THREAD_HOOKS Hooks = {PspThreadCreated, PspThreadExited};
    static const struct ps_proc System = {.pid = PSP_SYSTEM_PID, .start = (uint64_t)-1, .name = "System"};

    if (PsInitialSystemProcess != NULL) {
        return;
    }
    for (ULONG i = 0; i < PSP_BUCKETS; i++) {
        InitializeListHead(&PspBuckets[i].Processes);
    }
    PsInitialSystemProcess = PspFindOrCreate(&System);
    if (PsInitialSystemProcess == NULL) {
        port_fatal("no memory for the system process");
    }
    KiSetThreadHooks(&Hooks);
}

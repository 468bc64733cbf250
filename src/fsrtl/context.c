/* SPDX-License-Identifier: MIT */
/*
 * Per-stream, per-file and per-file-object contexts (rules H and I of the conformance specification).
 *
 * All three are lists of entries that their users own, searched by (owner, instance).  Of a stream the list is FilterContexts of the
 * header, of a file a control block behind the file system's pointer, of a file object a list in IOP_FILE.  Lookup takes the list's lock
 * shared, and neither references nor reorders.  No lock is held while a FreeCallback runs.
 */
#include "fsrtl/fsrtlp.h"

#include <stdatomic.h>
#include <string.h>

#include "ex/exp.h"
#include "io/iop.h"
#include "ke/ki.h"
#include "ke/ntcall.h"

static __thread ULONG FsRtlpFreeDepthNow __attribute__((tls_model("initial-exec")));

ULONG
FsRtlpFreeDepth(VOID)
{
    return FsRtlpFreeDepthNow;
}

/* ---- lists ---- */

static VOID
FsRtlpLockShared(const FSRTLP_LIST *List)
{
    if (List->LockKind == FSRTLP_LOCK_PUSH) {
        KeEnterCriticalRegion();
        ExAcquirePushLockShared(List->Lock);
    } else {
        ExAcquireFastMutex(List->Lock);
    }
}

static VOID
FsRtlpUnlockShared(const FSRTLP_LIST *List)
{
    if (List->LockKind == FSRTLP_LOCK_PUSH) {
        ExReleasePushLockShared(List->Lock);
        KeLeaveCriticalRegion();
    } else {
        ExReleaseFastMutex(List->Lock);
    }
}

static VOID
FsRtlpLockExclusive(const FSRTLP_LIST *List)
{
    if (List->LockKind == FSRTLP_LOCK_PUSH) {
        KeEnterCriticalRegion();
        ExAcquirePushLockExclusive(List->Lock);
    } else {
        ExAcquireFastMutex(List->Lock);
    }
}

static VOID
FsRtlpUnlockExclusive(const FSRTLP_LIST *List)
{
    if (List->LockKind == FSRTLP_LOCK_PUSH) {
        ExReleasePushLockExclusive(List->Lock);
        KeLeaveCriticalRegion();
    } else {
        ExReleaseFastMutex(List->Lock);
    }
}

/* The head is also read without the lock, to see whether the list is empty. */
static VOID
FsRtlpLink(PLIST_ENTRY Head, PLIST_ENTRY Entry)
{
    PLIST_ENTRY First = Head->Flink;

    Entry->Flink = First;
    Entry->Blink = Head;
    First->Blink = Entry;
    __atomic_store_n(&Head->Flink, Entry, __ATOMIC_RELEASE);
}

static VOID
FsRtlpUnlink(PLIST_ENTRY Entry)
{
    Entry->Flink->Blink = Entry->Blink;
    __atomic_store_n(&Entry->Blink->Flink, Entry->Flink, __ATOMIC_RELEASE);
}

static FSRTLP_ENTRY *
FsRtlpFindLocked(const FSRTLP_LIST *List, PVOID OwnerId, PVOID InstanceId)
{
    for (PLIST_ENTRY Links = List->Head->Flink; Links != List->Head; Links = Links->Flink) {
        FSRTLP_ENTRY *Entry = CONTAINING_RECORD(Links, FSRTLP_ENTRY, Links);
        if (OwnerId == NULL || (Entry->OwnerId == OwnerId && (InstanceId == NULL || Entry->InstanceId == InstanceId))) {
            return Entry;
        }
    }
    return NULL;
}

/* FALSE: an instance without an owner (I-10). */
static BOOLEAN
FsRtlpIdsValid(const FSRTLP_LIST *List, PVOID OwnerId, PVOID InstanceId, vf_owner *Owner)
{
    if (OwnerId != NULL || InstanceId == NULL) {
        return TRUE;
    }
    vf_report("K-16", "I-10", NULL, Owner, InstanceId, "%s asked for by instance id without an owner id", List->Kind);
    return FALSE;
}

/* ---- the four operations ---- */

static VOID
FsRtlpInsert(const FSRTLP_LIST *List, FSRTLP_ENTRY *Entry, vf_owner *Owner)
{
    BOOLEAN Verify = vf_on();

    if (Verify && (Entry->OwnerId == NULL || (List->HasCallback && Entry->FreeCallback == NULL))) {
        vf_report("K-16", "I-01", NULL, Owner, Entry, "%s with a NULL owner id or free callback inserted", List->Kind);
    }
    FsRtlpLockExclusive(List);
    if (Verify) {
        FsRtlpShadowCheckList(List);
        if (!FsRtlpShadowCheckInsert(List, Entry, Owner)) {
            FsRtlpUnlockExclusive(List);
            return;                            /* reported; inserting it would tie the list into a knot */
        }
        FsRtlpShadowInsert(List, Entry, Owner);
    }
    FsRtlpLink(List->Head, &Entry->Links);
    FsRtlpUnlockExclusive(List);
}

static FSRTLP_ENTRY *
FsRtlpLookup(const FSRTLP_LIST *List, PVOID OwnerId, PVOID InstanceId, vf_owner *Owner)
{
    FSRTLP_ENTRY *Entry;

    if (!FsRtlpIdsValid(List, OwnerId, InstanceId, Owner)) {
        return NULL;
    }
    FsRtlpLockShared(List);
    Entry = FsRtlpFindLocked(List, OwnerId, InstanceId);
    FsRtlpUnlockShared(List);
    return Entry;
}

static VOID
FsRtlpCheckRemovePhase(const FSRTLP_LIST *List, vf_owner *Owner)
{
    struct vf_operation *Operation = vf_operation_current();

    if (Owner == NULL || !List->HasCallback) {
        return;
    }
    if (FsRtlpFreeDepthNow != 0) {
        vf_report("K-17", "I-13", NULL, Owner, List->Head, "%s removed inside a free callback", List->Kind);
    } else if (Operation != NULL && Operation->operation != NULL && strcmp(Operation->operation, "IRP_MJ_CLOSE") == 0) {
        vf_report("K-17", "I-13", NULL, Owner, List->Head, "%s removed in the dispatch of IRP_MJ_CLOSE", List->Kind);
    }
}

static FSRTLP_ENTRY *
FsRtlpRemove(const FSRTLP_LIST *List, PVOID OwnerId, PVOID InstanceId, vf_owner *Owner)
{
    FSRTLP_ENTRY *Entry;
    BOOLEAN Verify = vf_on();

    if (!FsRtlpIdsValid(List, OwnerId, InstanceId, Owner)) {
        return NULL;
    }
    if (Verify) {
        FsRtlpCheckRemovePhase(List, Owner);
    }
    FsRtlpLockExclusive(List);
    if (Verify) {
        FsRtlpShadowCheckList(List);
    }
    Entry = FsRtlpFindLocked(List, OwnerId, InstanceId);
    if (Entry != NULL) {
        FsRtlpUnlink(&Entry->Links);
        if (Verify) {
            FsRtlpShadowRemove(List, Entry);
        }
    }
    FsRtlpUnlockExclusive(List);
    return Entry;
}

static VOID
FsRtlpCallFree(FSRTLP_ENTRY *Entry, const char *Phase)
{
    PFREE_FUNCTION Callback = Entry->FreeCallback;
    KI_DRIVER_CALL Call = {.Owner = KiOwnerOfAddress((PVOID)(ULONG_PTR)Callback), .Phase = Phase};

    if (Callback == NULL) {
        return;
    }
    if (FsRtlpFreeDepthNow++ == 0) {
        FsRtlpWaitInside(TRUE);
    }
    if (Call.Owner == NULL) {
        Callback(Entry);
    } else {
        NT_CALL(&Call, Callback(Entry));
    }
    if (--FsRtlpFreeDepthNow == 0) {
        FsRtlpWaitInside(FALSE);
    }
}

/* Entries that a callback inserts are torn down too; entries that another thread removes meanwhile are that thread's (I-14, I-15). */
static VOID
FsRtlpTeardown(const FSRTLP_LIST *List, const char *Phase)
{
    for (;;) {
        FSRTLP_ENTRY *Entry = NULL;
        FsRtlpLockExclusive(List);
        if (vf_on()) {
            FsRtlpShadowCheckList(List);
        }
        if (!IsListEmpty(List->Head)) {
            Entry = CONTAINING_RECORD(List->Head->Flink, FSRTLP_ENTRY, Links);
            FsRtlpUnlink(&Entry->Links);
            FsRtlpShadowRemove(List, Entry);
        }
        FsRtlpUnlockExclusive(List);
        if (Entry == NULL) {
            return;
        }
        FsRtlpCallFree(Entry, Phase);
    }
}

/* ---- per stream ---- */

static FSRTLP_LIST
FsRtlpStreamList(PFSRTL_ADVANCED_FCB_HEADER Header)
{
    FSRTLP_LIST List = {
        .Head = &Header->FilterContexts, .LockKind = FSRTLP_LOCK_PUSH, .HasCallback = TRUE, .Kind = "per-stream context"};

    if (Header->Version >= FSRTL_FCB_HEADER_V3 && Header->AePushLock != NULL) {
        List.Lock = Header->AePushLock;
    } else if (Header->Version >= FSRTL_FCB_HEADER_V1) {
        List.Lock = &Header->PushLock;
    } else {
        List.Lock = Header->FastMutex;
        List.LockKind = FSRTLP_LOCK_FAST_MUTEX;
    }
    return List;
}

static BOOLEAN
FsRtlpStreamSupports(PFSRTL_ADVANCED_FCB_HEADER Header)
{
    return Header != NULL && (Header->Flags2 & FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS) != 0;
}

/* Windows: ntifs.h, FsRtlInsertPerStreamContext.  Differences: none. */
NTSTATUS
FsRtlInsertPerStreamContext(PFSRTL_ADVANCED_FCB_HEADER PerStreamContext, PFSRTL_PER_STREAM_CONTEXT Ptr)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FsRtlpStreamSupports(PerStreamContext)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    FSRTLP_LIST List = FsRtlpStreamList(PerStreamContext);
    FsRtlpInsert(&List, (FSRTLP_ENTRY *)Ptr, KiOwnerOfCall(__builtin_return_address(0)));
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlLookupPerStreamContextInternal.  Differences: none. */
PFSRTL_PER_STREAM_CONTEXT
FsRtlLookupPerStreamContextInternal(PFSRTL_ADVANCED_FCB_HEADER StreamContext, PVOID OwnerId, PVOID InstanceId)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FsRtlpStreamSupports(StreamContext)) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpStreamList(StreamContext);
    return (PFSRTL_PER_STREAM_CONTEXT)FsRtlpLookup(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntifs.h, FsRtlRemovePerStreamContext.  Differences: none. */
PFSRTL_PER_STREAM_CONTEXT
FsRtlRemovePerStreamContext(PFSRTL_ADVANCED_FCB_HEADER StreamContext, PVOID OwnerId, PVOID InstanceId)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (!FsRtlpStreamSupports(StreamContext)) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpStreamList(StreamContext);
    return (PFSRTL_PER_STREAM_CONTEXT)FsRtlpRemove(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntifs.h, FsRtlTeardownPerStreamContexts.  Differences: none; the support flag is not looked at (I-20). */
VOID
FsRtlTeardownPerStreamContexts(PFSRTL_ADVANCED_FCB_HEADER AdvancedHeader)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (__atomic_load_n(&AdvancedHeader->FilterContexts.Flink, __ATOMIC_RELAXED) == NULL) {
        return;                                /* never set up */
    }
    FSRTLP_LIST List = FsRtlpStreamList(AdvancedHeader);
    FsRtlpTeardown(&List, "per-stream context free");
}

/* Windows: ntifs.h, FsRtlAllocateAePushLock.  Differences: an ordinary push lock in a block of its own. */
PVOID
FsRtlAllocateAePushLock(POOL_TYPE PoolType, ULONG Tag)
{
    PEX_PUSH_LOCK Lock = ExAllocatePoolWithTag(PoolType, sizeof(EX_PUSH_LOCK), Tag);

    if (Lock != NULL) {
        ExInitializePushLock(Lock);
    }
    return Lock;
}

/* Windows: ntifs.h, FsRtlFreeAePushLock.  Differences: none. */
VOID
FsRtlFreeAePushLock(PVOID AePushLock)
{
    ExFreePool(AePushLock);
}

/* ---- per file ---- */

/* What the file system's pointer points to once the first context was inserted. */
typedef struct FSRTLP_FILE {
    EX_PUSH_LOCK Lock;
    LIST_ENTRY Contexts;                       /* Lock */
} FSRTLP_FILE;

static FSRTLP_LIST
FsRtlpFileList(FSRTLP_FILE *File)
{
    FSRTLP_LIST List = {
        .Head = &File->Contexts, .Lock = &File->Lock, .LockKind = FSRTLP_LOCK_PUSH, .HasCallback = TRUE, .Kind = "per-file context"};

    return List;
}

static FSRTLP_FILE *
FsRtlpFile(PVOID *Pointer)
{
    return Pointer != NULL ? __atomic_load_n((FSRTLP_FILE **)Pointer, __ATOMIC_ACQUIRE) : NULL;
}

static FSRTLP_FILE *
FsRtlpFileMake(PVOID *Pointer)
{
    FSRTLP_FILE *File = FsRtlpFile(Pointer), *Expected = NULL;

    if (File != NULL) {
        return File;
    }
    if (vf_inject("FsRtlInsertPerFileContext", KiCurrentOwner())) {
        return NULL;
    }
    File = ExAllocatePoolWithTag(PagedPool, sizeof(*File), FSRTLP_TAG);
    if (File == NULL) {
        return NULL;
    }
    ExInitializePushLock(&File->Lock);
    InitializeListHead(&File->Contexts);
    if (!__atomic_compare_exchange_n((FSRTLP_FILE **)Pointer, &Expected, File, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        ExFreePool(File);
        return Expected;
    }
    return File;
}

/* Windows: ntifs.h, FsRtlInsertPerFileContext.  Differences: none. */
NTSTATUS
FsRtlInsertPerFileContext(PVOID *PerFileContextPointer, PFSRTL_PER_FILE_CONTEXT Ptr)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (PerFileContextPointer == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    FSRTLP_FILE *File = FsRtlpFileMake(PerFileContextPointer);
    if (File == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FSRTLP_LIST List = FsRtlpFileList(File);
    FsRtlpInsert(&List, (FSRTLP_ENTRY *)Ptr, KiOwnerOfCall(__builtin_return_address(0)));
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlLookupPerFileContext.  Differences: none. */
PFSRTL_PER_FILE_CONTEXT
FsRtlLookupPerFileContext(PVOID *PerFileContextPointer, PVOID OwnerId, PVOID InstanceId)
{
    FSRTLP_FILE *File = FsRtlpFile(PerFileContextPointer);
    VF_MAX_IRQL(APC_LEVEL);

    if (File == NULL) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpFileList(File);
    return (PFSRTL_PER_FILE_CONTEXT)FsRtlpLookup(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntifs.h, FsRtlRemovePerFileContext.  Differences: none. */
PFSRTL_PER_FILE_CONTEXT
FsRtlRemovePerFileContext(PVOID *PerFileContextPointer, PVOID OwnerId, PVOID InstanceId)
{
    FSRTLP_FILE *File = FsRtlpFile(PerFileContextPointer);
    VF_MAX_IRQL(APC_LEVEL);

    if (File == NULL) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpFileList(File);
    return (PFSRTL_PER_FILE_CONTEXT)FsRtlpRemove(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntifs.h, FsRtlTeardownPerFileContexts.  Differences: none; the control block goes too (I-24). */
VOID
FsRtlTeardownPerFileContexts(PVOID *PerFileContextPointer)
{
    FSRTLP_FILE *File = FsRtlpFile(PerFileContextPointer);
    VF_MAX_IRQL(APC_LEVEL);

    if (File == NULL) {
        return;
    }
    FSRTLP_LIST List = FsRtlpFileList(File);
    FsRtlpTeardown(&List, "per-file context free");
    __atomic_store_n((FSRTLP_FILE **)PerFileContextPointer, NULL, __ATOMIC_RELEASE);
    ExFreePool(File);
}

/* ---- per file object ---- */

static BOOLEAN (*FsRtlpMinifilterTest)(vf_owner *Owner);

VOID
FsRtlpSetMinifilterTest(BOOLEAN (*Test)(vf_owner *Owner))
{
    FsRtlpMinifilterTest = Test;
}

static VOID
FsRtlpNoteMinifilter(PFILE_OBJECT FileObject, vf_owner *Owner)
{
    if (vf_on() && Owner != NULL && FsRtlpMinifilterTest != NULL && FsRtlpMinifilterTest(Owner)) {
        vf_report("FS-01", "I-29", NULL, Owner, FileObject, "a minifilter uses per-file-object contexts; it has stream handle contexts");
    }
}

static FSRTLP_LIST
FsRtlpFileObjectList(PFILE_OBJECT FileObject)
{
    IOP_FILE *File = IOP_FILE_FROM(FileObject);
    FSRTLP_LIST List = {
        .Head = &File->PerFileObjectContexts, .Lock = &File->PerFileObjectLock, .LockKind = FSRTLP_LOCK_PUSH,
        .Kind = "per-file-object context"};

    return List;
}

/* Windows: ntifs.h, FsRtlInsertPerFileObjectContext.  Differences: none. */
NTSTATUS
FsRtlInsertPerFileObjectContext(PFILE_OBJECT FileObject, PFSRTL_PER_FILEOBJECT_CONTEXT Ptr)
{
    vf_owner *Owner = KiOwnerOfCall(__builtin_return_address(0));
    VF_MAX_IRQL(APC_LEVEL);

    if (FileObject == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!IopFileIsOurs(FileObject) || vf_inject("FsRtlInsertPerFileObjectContext", Owner)) {
        return STATUS_INSUFFICIENT_RESOURCES;  /* on somebody's stack: it has no extension */
    }
    FsRtlpNoteMinifilter(FileObject, Owner);
    FSRTLP_LIST List = FsRtlpFileObjectList(FileObject);
    FsRtlpInsert(&List, (FSRTLP_ENTRY *)Ptr, Owner);
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlLookupPerFileObjectContext.  Differences: none. */
PFSRTL_PER_FILEOBJECT_CONTEXT
FsRtlLookupPerFileObjectContext(PFILE_OBJECT FileObject, PVOID OwnerId, PVOID InstanceId)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (FileObject == NULL || !IopFileIsOurs(FileObject)) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpFileObjectList(FileObject);
    return (PFSRTL_PER_FILEOBJECT_CONTEXT)FsRtlpLookup(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* Windows: ntifs.h, FsRtlRemovePerFileObjectContext.  Differences: none. */
PFSRTL_PER_FILEOBJECT_CONTEXT
FsRtlRemovePerFileObjectContext(PFILE_OBJECT FileObject, PVOID OwnerId, PVOID InstanceId)
{
    VF_MAX_IRQL(APC_LEVEL);

    if (FileObject == NULL || !IopFileIsOurs(FileObject)) {
        return NULL;
    }
    FSRTLP_LIST List = FsRtlpFileObjectList(FileObject);
    return (PFSRTL_PER_FILEOBJECT_CONTEXT)FsRtlpRemove(&List, OwnerId, InstanceId, KiOwnerOfCall(__builtin_return_address(0)));
}

/* io: the file object's memory is about to go.  Entries that are still there leak (I-27). */
static VOID
FsRtlpFileObjectClosing(PFILE_OBJECT FileObject)
{
    IOP_FILE *File = IOP_FILE_FROM(FileObject);

    while (!IsListEmpty(&File->PerFileObjectContexts)) {
        FSRTLP_LIST List = FsRtlpFileObjectList(FileObject);
        FSRTLP_ENTRY *Entry = CONTAINING_RECORD(File->PerFileObjectContexts.Flink, FSRTLP_ENTRY, Links);
        vf_owner *Owner = KiOwnerOfAddress(Entry->OwnerId);
        struct vf_evidence Evidence;
        FsRtlpShadowEvidence(Entry, &Owner, &Evidence);
        Evidence.stack = Evidence.acquire;     /* nobody's call is at fault now: who inserted it owed the removal */
        vf_report_evidence("K-18", "I-27", NULL, Owner, &Evidence,
            "a per-file-object context is left when the file object goes: FsRtlRemovePerFileObjectContext was not called");
        FsRtlpUnlink(&Entry->Links);
        FsRtlpShadowRemove(&List, Entry);
    }
}

VOID
FsRtlpInitialize(VOID)
{
    static const IOP_HOOKS Hooks = {
        .FileObjectClosing = FsRtlpFileObjectClosing, .EcpCreateBegin = FsRtlpEcpCreateBegin, .EcpCreateEnd = FsRtlpEcpCreateEnd};

    IopRegisterHooks(&Hooks);
    ExpSetPoolFreeHook(FsRtlpShadowBlockFreed);
    FsRtlpWaitInitialize();
}

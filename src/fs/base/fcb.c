/* SPDX-License-Identifier: MIT */
/*
 * Files, streams and links that are open: the volume's table and the lifetimes.  See fsb.h.
 *
 * A count that has reached zero never rises again: whoever finds such an FCB or SCB in a list passes over it and makes a new one,
 * while its last holder takes it out of the list.
 */
#include "fs/base/fsb.h"

static FSB_SHARD *
FsbShardOf(FSB_VOLUME *Volume, const FSB_KEY *Key, ULONG *Hash)
{
    const ULONGLONG Mixed = (Key->Inode ^ Key->Device << 40) * 0x9E3779B97F4A7C15ull;
    *Hash = (ULONG)(Mixed >> 20);
    return &Volume->Shards[Mixed >> 58];
}

static BOOLEAN
FsbTryReference(_Atomic(LONG) *Count)
{
    LONG Value = atomic_load_explicit(Count, memory_order_relaxed);
    while (Value > 0) {
        if (atomic_compare_exchange_weak_explicit(Count, &Value, Value + 1, memory_order_acquire, memory_order_relaxed)) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
FsbDropReference(_Atomic(LONG) *Count)
{
    return atomic_fetch_sub_explicit(Count, 1, memory_order_acq_rel) == 1;
}

/* ---- the table ---- */

static FSB_FCB *
FsbShardFindLocked(FSB_SHARD *Shard, ULONG Hash, const FSB_KEY *Key, BOOLEAN AnyGeneration)
{
    if (Shard->Buckets == NULL) {
        return NULL;
    }
    for (FSB_FCB *Fcb = Shard->Buckets[Hash & Shard->Mask]; Fcb != NULL; Fcb = Fcb->HashNext) {
        if (Fcb->Key.Inode == Key->Inode && Fcb->Key.Device == Key->Device &&
            (AnyGeneration || Fcb->Key.Generation == Key->Generation) && FsbTryReference(&Fcb->References)) {
            return Fcb;
        }
    }
    return NULL;
}

/* Doubles the buckets when they are full; a shard that cannot grow gets longer chains. */
static BOOLEAN
FsbShardRoomLocked(FSB_SHARD *Shard)
{
    if (Shard->Buckets != NULL && Shard->Count <= Shard->Mask) {
        return TRUE;
    }
    const ULONG Size = Shard->Buckets == NULL ? 16 : (Shard->Mask + 1) * 2;
    FSB_FCB **Bigger = port_alloc_zeroed(Size * sizeof(FSB_FCB *));
    if (Bigger == NULL) {
        return Shard->Buckets != NULL;
    }
    for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
        for (FSB_FCB *Fcb = Shard->Buckets[i], *Next; Fcb != NULL; Fcb = Next) {
            ULONG Hash;
            Next = Fcb->HashNext;
            FsbShardOf(Fcb->Volume, &Fcb->Key, &Hash);
            Fcb->HashNext = Bigger[Hash & (Size - 1)];
            Bigger[Hash & (Size - 1)] = Fcb;
        }
    }
    port_free(Shard->Buckets);
    Shard->Buckets = Bigger;
    Shard->Mask = Size - 1;
    return TRUE;
}

FSB_FCB *
FsbFcbFind(FSB_VOLUME *Volume, const FSB_KEY *Key, BOOLEAN AnyGeneration)
{
    ULONG Hash;
    FSB_SHARD *Shard = FsbShardOf(Volume, Key, &Hash);
    port_lock_acquire(&Shard->Lock);
    FSB_FCB *Fcb = FsbShardFindLocked(Shard, Hash, Key, AnyGeneration);
    port_lock_release(&Shard->Lock);
    return Fcb;
}

static FSB_FCB *
FsbFcbAllocate(FSB_VOLUME *Volume, const FSB_STAT *Stat)
{
    FSB_FCB *Fcb = port_alloc(((sizeof(FSB_FCB) + 15) & ~(SIZE_T)15) + Volume->Store->FcbExtra);
    if (Fcb == NULL) {
        return NULL;
    }
    memset(Fcb, 0, offsetof(FSB_FCB, Main));   /* Main is initialised when it is used */
    memset(FsbStorePart(Fcb), 0, Volume->Store->FcbExtra);
    Fcb->Volume = Volume;
    Fcb->Key = Stat->Key;
    Fcb->Mode = Stat->Mode & FSB_S_IFMT;
    atomic_init(&Fcb->References, 1);
    InitializeListHead(&Fcb->Scbs);
    InitializeListHead(&Fcb->Lcbs);
    return Fcb;
}

NTSTATUS
FsbFcbGet(FSB_VOLUME *Volume, const FSB_STAT *Stat, FSB_FCB **Out)
{
    FSB_FCB *Fcb = FsbFcbFind(Volume, &Stat->Key, FALSE);
    if (Fcb == NULL) {
        FSB_FCB *New = FsbFcbAllocate(Volume, Stat);
        if (New == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        ULONG Hash;
        FSB_SHARD *Shard = FsbShardOf(Volume, &Stat->Key, &Hash);
        port_lock_acquire(&Shard->Lock);
        Fcb = FsbShardFindLocked(Shard, Hash, &Stat->Key, FALSE);
        if (Fcb == NULL && FsbShardRoomLocked(Shard)) {
            New->HashNext = Shard->Buckets[Hash & Shard->Mask];
            Shard->Buckets[Hash & Shard->Mask] = New;
            Shard->Count++;
            New->Hashed = TRUE;
            Fcb = New;
        }
        port_lock_release(&Shard->Lock);
        if (Fcb != New) {
            port_free(New);
        }
        if (Fcb == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    *Out = Fcb;
    return STATUS_SUCCESS;
}

VOID
FsbFcbReference(FSB_FCB *Fcb)
{
    atomic_fetch_add_explicit(&Fcb->References, 1, memory_order_relaxed);
}

static VOID
FsbFcbUnhash(FSB_FCB *Fcb)
{
    ULONG Hash;
    FSB_SHARD *Shard = FsbShardOf(Fcb->Volume, &Fcb->Key, &Hash);
    port_lock_acquire(&Shard->Lock);
    if (Fcb->Hashed) {
        FSB_FCB **Link = &Shard->Buckets[Hash & Shard->Mask];
        while (*Link != Fcb) {
            Link = &(*Link)->HashNext;
        }
        *Link = Fcb->HashNext;
        Fcb->Hashed = FALSE;
        Shard->Count--;
    }
    port_lock_release(&Shard->Lock);
}

VOID
FsbFcbRekey(FSB_FCB *Fcb, const FSB_STAT *Stat)
{
    ULONG Hash;
    FsbFcbUnhash(Fcb);
    FSB_SHARD *Shard = FsbShardOf(Fcb->Volume, &Stat->Key, &Hash);
    port_lock_acquire(&Shard->Lock);
    Fcb->Key = Stat->Key;
    atomic_store(&Fcb->Mode, Stat->Mode & FSB_S_IFMT);
    if (FsbShardRoomLocked(Shard)) {
        Fcb->HashNext = Shard->Buckets[Hash & Shard->Mask];
        Shard->Buckets[Hash & Shard->Mask] = Fcb;
        Shard->Count++;
        Fcb->Hashed = TRUE;
    }
    port_lock_release(&Shard->Lock);
}

static uint64_t
FsbFcbNumber(const FSB_FCB *Fcb)
{
    return (Fcb->Key.Device * 0x9E3779B97F4A7C15ull ^ Fcb->Key.Inode) * 0xC2B2AE3D27D4EB4Full + Fcb->Key.Generation + 1;
}

/* For the verifier: one number for a file, whatever its names are. */
uint64_t
FsbFileNumber(const void *File)
{
    const FILE_OBJECT *FileObject = File;
    FSB_SCB *Scb = FileObject->Type == IO_TYPE_FILE && !(FileObject->Flags & FO_FILE_OPEN_CANCELLED) ? FileObject->FsContext : NULL;
    FSB_VOLUME *Volume = Scb != NULL ? FsbVolumeOf(IopBaseDevice((PFILE_OBJECT)FileObject)) : NULL;

    return Volume != NULL && Scb->Volume == Volume && Scb->Fcb != NULL ? FsbFcbNumber(Scb->Fcb) : 0;
}

VOID
FsbFcbDereference(FSB_FCB *Fcb)
{
    if (!FsbDropReference(&Fcb->References)) {
        return;
    }
    FsbFcbUnhash(Fcb);
    FsRtlTeardownPerFileContexts(&Fcb->FileContexts);
    Fcb->Volume->Store->Release(Fcb);
    port_free(Fcb);
}

VOID
FsbFcbEnumerate(FSB_VOLUME *Volume, BOOLEAN (*Callback)(FSB_FCB *Fcb, PVOID Context), PVOID Context, FSB_DEFERRED **Deferred)
{
    BOOLEAN More = TRUE;
    for (ULONG s = 0; s < FSB_SHARDS && More; s++) {
        FSB_SHARD *Shard = &Volume->Shards[s];
        port_lock_acquire(&Shard->Lock);
        FSB_DEFERRED *List = Shard->Count > 0 ? port_alloc(sizeof(*List) + Shard->Count * sizeof(FSB_FCB *)) : NULL;
        if (List != NULL) {
            List->Count = 0;
            for (ULONG i = 0; i <= Shard->Mask; i++) {
                for (FSB_FCB *Fcb = Shard->Buckets[i]; Fcb != NULL; Fcb = Fcb->HashNext) {
                    if (FsbTryReference(&Fcb->References)) {
                        List->Fcbs[List->Count++] = Fcb;
                    }
                }
            }
            List->Next = *Deferred;
            *Deferred = List;
        }
        port_lock_release(&Shard->Lock);
        for (ULONG i = 0; List != NULL && i < List->Count && More; i++) {
            More = Callback(List->Fcbs[i], Context);
        }
    }
}

VOID
FsbDeferredRelease(FSB_DEFERRED *Deferred)
{
    while (Deferred != NULL) {
        FSB_DEFERRED *Next = Deferred->Next;
        for (ULONG i = 0; i < Deferred->Count; i++) {
            FsbFcbDereference(Deferred->Fcbs[i]);
        }
        port_free(Deferred);
        Deferred = Next;
    }
}

/* ---- streams ---- */

VOID
FsbScbInitialize(FSB_SCB *Scb, FSB_VOLUME *Volume, FSB_FCB *Fcb, BOOLEAN Directory)
{
    memset(Scb, 0, sizeof(*Scb));
    Scb->Header.NodeTypeCode = Directory ? 0x0702 : 0x0705;
    Scb->Header.NodeByteSize = sizeof(*Scb);
    Scb->Header.IsFastIoPossible = FastIoIsNotPossible;
    ExInitializeFastMutex(&Scb->FastMutex);
    ExInitializeResourceLite(&Scb->Resource);
    Scb->Header.Resource = &Scb->Resource;
    Scb->Header.PagingIoResource = &Scb->Resource;
    FsRtlSetupAdvancedHeaderEx(&Scb->Header, &Scb->FastMutex, Fcb != NULL ? &Fcb->FileContexts : NULL);
    FsbProfileStream(Volume, Fcb, &Scb->Header, Directory);
    FsRtlInitializeFileLock(&Scb->FileLock, NULL, NULL);
    Scb->Fcb = Fcb;
    Scb->Volume = Volume;
    Scb->Share = &Scb->ShareAccess;
    atomic_init(&Scb->References, 1);
    InitializeListHead(&Scb->FcbLink);
    InitializeListHead(&Scb->IdleLink);
}

static FSB_SCB *
FsbScbFindLocked(FSB_FCB *Fcb, PCUNICODE_STRING Name, const FSB_LCB *Link)
{
    for (PLIST_ENTRY Entry = Fcb->Scbs.Flink; Entry != &Fcb->Scbs; Entry = Entry->Flink) {
        FSB_SCB *Scb = CONTAINING_RECORD(Entry, FSB_SCB, FcbLink);
        const BOOLEAN Same = Scb->Name.Length == Name->Length && Scb->Link == Link &&
            (Name->Length == 0 || RtlEqualUnicodeString(&Scb->Name, Name, TRUE));
        if (Same && !Scb->Deleted && FsbTryReference(&Scb->References)) {
            return Scb;
        }
    }
    return NULL;
}

/* Takes over Stream when it makes an SCB; with one that is there already Stream is closed.  Link: the name by which a file is opened. */
NTSTATUS
FsbScbGetLocked(FSB_FCB *Fcb, PCUNICODE_STRING StreamName, PVOID Stream, FSB_LCB *Link, FSB_SCB **Out)
{
    Link = StreamName->Length == 0 && FsbProfileByName(Fcb->Volume) && !FsbIsDirectory(Fcb) ? Link : NULL;
    FSB_SCB *Scb = FsbScbFindLocked(Fcb, StreamName, Link);
    if (Scb != NULL) {
        if (Stream != NULL) {
            Fcb->Volume->Store->CloseStream(Fcb, Stream);
        }
        *Out = Scb;
        return STATUS_SUCCESS;
    }
    const BOOLEAN Inline = StreamName->Length == 0 && !Fcb->InlineUsed;
    Scb = Inline ? &Fcb->Main : port_alloc(sizeof(*Scb) + StreamName->Length);
    if (Scb == NULL) {
        if (Stream != NULL) {
            Fcb->Volume->Store->CloseStream(Fcb, Stream);
        }
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    FsbScbInitialize(Scb, Fcb->Volume, Fcb, FsbIsDirectory(Fcb));
    Scb->Inline = Inline;
    Scb->Stream = Stream;
    if (Link != NULL) {
        Link->References++;
        Scb->Link = Link;
        Scb->Share = &Fcb->NamedShare;
    }
    if (StreamName->Length != 0) {
        Scb->Name.Buffer = (PWCH)(Scb + 1);
        Scb->Name.Length = Scb->Name.MaximumLength = StreamName->Length;
        memcpy(Scb->Name.Buffer, StreamName->Buffer, StreamName->Length);
    }
    Fcb->InlineUsed = Fcb->InlineUsed || Inline;
    FsbFcbReference(Fcb);
    InsertTailList(&Fcb->Scbs, &Scb->FcbLink);
    *Out = Scb;
    return STATUS_SUCCESS;
}

VOID
FsbScbReference(FSB_SCB *Scb)
{
    atomic_fetch_add_explicit(&Scb->References, 1, memory_order_relaxed);
}

VOID
FsbScbDereference(FSB_SCB *Scb)
{
    if (!FsbDropReference(&Scb->References)) {
        return;
    }
    FSB_FCB *Fcb = Scb->Fcb;
    if (Fcb != NULL) {
        port_lock_acquire(&Fcb->Lock);
        RemoveEntryList(&Scb->FcbLink);
        port_lock_release(&Fcb->Lock);
    }
    FsRtlTeardownPerStreamContexts(&Scb->Header);
    FsRtlUninitializeFileLock(&Scb->FileLock);
    ExDeleteResourceLite(&Scb->Resource);
    if (Scb->Stream != NULL) {
        Scb->Volume->Store->CloseStream(Fcb, Scb->Stream);
    }
    if (Scb->Link != NULL) {
        FsbLcbDereference(Scb->Link);
    }
    if (!Scb->Inline) {
        port_free(Scb);
    }
    if (Fcb != NULL) {
        FsbFcbDereference(Fcb);
    }
}

/* ---- streams kept after their last close ---- */

VOID
FsbScbCloseIdle(FSB_SCB *Scb)
{
    FSB_VOLUME *Volume = Scb->Volume;
    if (Volume->Options.IdleStreams == 0 || Scb->Fcb == NULL || Scb->Deleted ||
        atomic_load_explicit(&Scb->Fcb->Deleted, memory_order_acquire)) {
        FsbScbDereference(Scb);
        return;
    }
    FSB_SCB *Victim = NULL;
    port_lock_acquire(&Volume->IdleLock);
    if (Scb->OnIdle) {
        RemoveEntryList(&Scb->IdleLink);
        Victim = Scb;
    } else {
        Scb->OnIdle = TRUE;
        Volume->IdleCount++;
    }
    InsertTailList(&Volume->Idle, &Scb->IdleLink);
    if (Volume->IdleCount > Volume->Options.IdleStreams) {
        Victim = CONTAINING_RECORD(RemoveHeadList(&Volume->Idle), FSB_SCB, IdleLink);
        Victim->OnIdle = FALSE;
        Volume->IdleCount--;
    }
    port_lock_release(&Volume->IdleLock);
    if (Victim != NULL) {
        FsbScbDereference(Victim);
    }
}

VOID
FsbIdlePurge(FSB_VOLUME *Volume, FSB_FCB *Only)
{
    if (Volume->Options.IdleStreams == 0) {
        return;
    }
    for (;;) {
        FSB_SCB *Victim = NULL;
        port_lock_acquire(&Volume->IdleLock);
        for (PLIST_ENTRY Entry = Volume->Idle.Flink; Entry != &Volume->Idle && Victim == NULL; Entry = Entry->Flink) {
            FSB_SCB *Scb = CONTAINING_RECORD(Entry, FSB_SCB, IdleLink);
            Victim = Only == NULL || Scb->Fcb == Only ? Scb : NULL;
        }
        if (Victim != NULL) {
            RemoveEntryList(&Victim->IdleLink);
            Victim->OnIdle = FALSE;
            Volume->IdleCount--;
        }
        port_lock_release(&Volume->IdleLock);
        if (Victim == NULL) {
            return;
        }
        FsbScbDereference(Victim);
    }
}

/* ---- links ---- */

NTSTATUS
FsbLcbGetLocked(FSB_FCB *Fcb, PCUNICODE_STRING Path, BOOLEAN PathUnknown, FSB_LCB **Out)
{
    for (PLIST_ENTRY Entry = Fcb->Lcbs.Flink; Entry != &Fcb->Lcbs; Entry = Entry->Flink) {
        FSB_LCB *Lcb = CONTAINING_RECORD(Entry, FSB_LCB, FcbLink);
        if (Lcb->PathUnknown == PathUnknown &&
            (PathUnknown || (Lcb->Path.Length == Path->Length && memcmp(Lcb->Path.Buffer, Path->Buffer, Path->Length) == 0))) {
            Lcb->References++;
            *Out = Lcb;
            return STATUS_SUCCESS;
        }
    }
    const USHORT Length = PathUnknown ? 0 : Path->Length;
    FSB_LCB *Lcb = port_alloc(sizeof(*Lcb) + Length);
    if (Lcb == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memset(Lcb, 0, sizeof(*Lcb));
    Lcb->Fcb = Fcb;
    Lcb->References = 1;
    Lcb->PathUnknown = PathUnknown;
    Lcb->Path.Buffer = (PWCH)(Lcb + 1);
    Lcb->Path.Length = Lcb->Path.MaximumLength = Length;
    if (Length != 0) {
        memcpy(Lcb->Path.Buffer, Path->Buffer, Length);
    }
    InsertTailList(&Fcb->Lcbs, &Lcb->FcbLink);
    *Out = Lcb;
    return STATUS_SUCCESS;
}

VOID
FsbLcbDereference(FSB_LCB *Lcb)
{
    FSB_FCB *Fcb = Lcb->Fcb;
    port_lock_acquire(&Fcb->Lock);
    const BOOLEAN Last = --Lcb->References == 0;
    if (Last && !Lcb->Removed) {
        RemoveEntryList(&Lcb->FcbLink);
    }
    port_lock_release(&Fcb->Lock);
    if (Last) {
        if (Lcb->StoreHint != 0) {
            Fcb->Volume->Store->ReleaseLink(Lcb);
        }
        if (Lcb->PathOwned) {
            port_free(Lcb->Path.Buffer);
        }
        port_free(Lcb);
    }
}

NTSTATUS
FsbLcbSetPathLocked(FSB_LCB *Lcb, PCUNICODE_STRING Path)
{
    const PWCH Copy = port_alloc(Path->Length + sizeof(WCHAR));
    if (Copy == NULL) {
        Lcb->PathUnknown = TRUE;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Copy, Path->Buffer, Path->Length);
    if (Lcb->PathOwned) {
        port_free(Lcb->Path.Buffer);
    }
    Lcb->Path.Buffer = Copy;
    Lcb->Path.Length = Lcb->Path.MaximumLength = Path->Length;
    Lcb->PathOwned = TRUE;
    Lcb->PathUnknown = FALSE;
    return STATUS_SUCCESS;
}

static NTSTATUS
FsbLcbCopyPath(FSB_LCB *Lcb, FSB_PATH *Path, BOOLEAN *Unknown)
{
    NTSTATUS Status;
    for (;;) {
        port_lock_acquire(&Lcb->Fcb->Lock);
        const USHORT Length = Lcb->Path.Length;
        *Unknown = Lcb->PathUnknown && !Lcb->Removed;
        if (Length <= Path->Name.MaximumLength) {
            memcpy(Path->Name.Buffer, Lcb->Path.Buffer, Length);
            Path->Name.Length = Length;
            port_lock_release(&Lcb->Fcb->Lock);
            return STATUS_SUCCESS;
        }
        port_lock_release(&Lcb->Fcb->Lock);
        Path->Name.Length = 0;
        Status = FsbPathRoom(Path, Length);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
}

NTSTATUS
FsbLcbPath(FSB_LCB *Lcb, BOOLEAN Refresh, FSB_PATH *Path)
{
    FSB_FCB *Fcb = Lcb->Fcb;
    BOOLEAN Unknown;
    NTSTATUS Status = FsbLcbCopyPath(Lcb, Path, &Unknown);
    if (!NT_SUCCESS(Status) || (!Unknown && !Refresh) || Fcb->Volume->Store->PathOf == NULL) {
        return NT_SUCCESS(Status) && Unknown ? STATUS_OBJECT_NAME_NOT_FOUND : Status;
    }
    Path->Name.Length = 0;
    Status = FsbPathRoom(Path, 0xFFFE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    USHORT Bytes = Path->Name.MaximumLength;
    Status = Fcb->Volume->Store->PathOf(Fcb, Path->Name.Buffer, &Bytes);
    if (NT_SUCCESS(Status)) {
        Path->Name.Length = Bytes;
        port_lock_acquire(&Fcb->Lock);
        if (!Lcb->Removed) {
            FsbLcbSetPathLocked(Lcb, &Path->Name);
            Lcb->HintStale = TRUE;
        }
        port_lock_release(&Fcb->Lock);
    }
    return Status;
}

/* SPDX-License-Identifier: MIT */
/* Nodes and links.  See viewp.h for the invariants. */
#include "view/viewp.h"

#include "port/tsan.h"

static ULONGLONG
ViewpMix(ULONGLONG Value)
{
    Value ^= Value >> 33;
    Value *= 0xff51afd7ed558ccdull;
    Value ^= Value >> 33;
    Value *= 0xc4ceb9fe1a85ec53ull;
    return Value ^ (Value >> 33);
}

static ULONGLONG
ViewpHashName(const VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    ULONGLONG Hash = (ULONG_PTR)Parent;
    for (ULONG i = 0; i < Bytes / sizeof(WCHAR); i++) {
        Hash = (Hash ^ Name[i]) * 0x100000001b3ull;
    }
    return ViewpMix(Hash);
}

static VIEW_SHARD *
ViewpShard(VIEW_SHARD *Shards, ULONGLONG Hash)
{
    return &Shards[Hash >> 58];
}

/* ---- id table ---- */

/* Locks: Shard.  Doubles the table when two entries share a bucket on average; keeps the old one if memory lacks. */
static BOOLEAN
ViewpIdsGrow(VIEW_SHARD *Shard)
{
    ULONG Size = Shard->Buckets == NULL ? 64 : (Shard->Mask + 1) * 2;
    void **Buckets = port_alloc_zeroed(Size * sizeof(void *));
    if (Buckets == NULL) {
        return Shard->Buckets != NULL;
    }
    for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
        VIEW_NODE *Node = Shard->Buckets[i];
        while (Node != NULL) {
            VIEW_NODE *Next = Node->HashNext;
            ULONG At = (ULONG)ViewpMix(Node->FileId) & (Size - 1);
            Node->HashNext = Buckets[At];
            Buckets[At] = Node;
            Node = Next;
        }
    }
    port_free(Shard->Buckets);
    Shard->Buckets = Buckets;
    Shard->Mask = Size - 1;
    return TRUE;
}

/* Locks: Shard. */
static void **
ViewpIdsFind(VIEW_SHARD *Shard, ULONGLONG Hash, ULONGLONG FileId)
{
    void **Link = &Shard->Buckets[(ULONG)Hash & Shard->Mask];
    while (*Link != NULL && ((VIEW_NODE *)*Link)->FileId != FileId) {
        Link = (void **)&((VIEW_NODE *)*Link)->HashNext;
    }
    return Link;
}

VIEW_NODE *
ViewNodeCreate(VIEW *View, ULONGLONG FileId)
{
    VIEW_NODE *Node = port_alloc_zeroed(sizeof *Node);
    if (Node != NULL) {
        Node->FileId = FileId;
        Node->Generation = atomic_fetch_add(&View->Generation, 1);
        atomic_store(&Node->Count, 1);
    }
    return Node;
}

/* Locks: the node's id shard; takes OrphanLock. */
static VOID
ViewpOrphanInsert(VIEW *View, VIEW_NODE *Node)
{
    Node->Hashed = FALSE;
    port_lock_acquire(&View->OrphanLock);
    Node->OrphanNext = View->Orphans;
    Node->OrphanLink = &View->Orphans;
    if (Node->OrphanNext != NULL) {
        Node->OrphanNext->OrphanLink = &Node->OrphanNext;
    }
    View->Orphans = Node;
    port_lock_release(&View->OrphanLock);
}

static VOID
ViewpOrphanRemove(VIEW *View, VIEW_NODE *Node)
{
    port_lock_acquire(&View->OrphanLock);
    *Node->OrphanLink = Node->OrphanNext;
    if (Node->OrphanNext != NULL) {
        Node->OrphanNext->OrphanLink = Node->OrphanLink;
    }
    port_lock_release(&View->OrphanLock);
}

VIEW_NODE *
ViewNodeGet(VIEW *View, ULONGLONG FileId, ULONG Mode, BOOLEAN Fresh)
{
    ULONGLONG Hash = ViewpMix(FileId);
    VIEW_SHARD *Shard = ViewpShard(View->Ids, Hash);
    VIEW_NODE *Node = NULL;
    port_lock_acquire(&Shard->Lock);
    vf_lock_acquired_if_on(&Shard->Lock, VF_RANK_LEAF);
    if (Shard->Buckets == NULL || Shard->Count > 2 * (Shard->Mask + 1)) {
        if (!ViewpIdsGrow(Shard)) {
            goto Done;
        }
    }
    void **Link = ViewpIdsFind(Shard, Hash, FileId);
    Node = *Link;
    if (Node != NULL) {
        ULONG Known = atomic_load(&Node->Mode);
        BOOLEAN Other = Known != 0 && Mode != 0 && ((Known ^ Mode) & VIEW_S_IFMT) != 0;
        if (!Fresh && !Other) {
            atomic_fetch_add(&Node->Count, 1);
            goto Done;
        }
        *Link = Node->HashNext;                /* an id that is used again: the old file is gone */
        Shard->Count--;
        ViewpOrphanInsert(View, Node);
    }
    Node = ViewNodeCreate(View, FileId);
    if (Node != NULL) {
        void **Bucket = &Shard->Buckets[(ULONG)Hash & Shard->Mask];
        atomic_store(&Node->Mode, Mode);
        Node->Hashed = TRUE;
        Node->HashNext = *Bucket;
        *Bucket = Node;
        Shard->Count++;
    }
Done:
    vf_lock_released_if_on(&Shard->Lock);
    port_lock_release(&Shard->Lock);
    return Node;
}

VIEW_NODE *
ViewNodeFind(VIEW *View, ULONGLONG FileId)
{
    ULONGLONG Hash = ViewpMix(FileId);
    VIEW_SHARD *Shard = ViewpShard(View->Ids, Hash);
    VIEW_NODE *Node = NULL;
    port_lock_acquire(&Shard->Lock);
    if (Shard->Buckets != NULL) {
        Node = *ViewpIdsFind(Shard, Hash, FileId);
    }
    if (Node != NULL) {
        ViewNodeReference(Node);               /* falls to zero under this lock only */
    }
    port_lock_release(&Shard->Lock);
    return Node;
}

VOID
ViewNodesEach(VIEW *View, VOID (*Callback)(VIEW *View, VIEW_NODE *Node, PVOID Context), PVOID Context)
{
    for (ULONG i = 0; i < VIEW_SHARDS; i++) {
        VIEW_SHARD *Shard = &View->Ids[i];
        ULONG Count = 0;
        port_lock_acquire(&Shard->Lock);
        ULONG Room = Shard->Count + 16;        /* who comes later brings what is true now */
        port_lock_release(&Shard->Lock);
        VIEW_NODE **Nodes = port_alloc(Room * sizeof *Nodes);
        port_lock_acquire(&Shard->Lock);
        for (ULONG n = 0; Nodes != NULL && Shard->Buckets != NULL && n <= Shard->Mask; n++) {
            for (VIEW_NODE *Node = Shard->Buckets[n]; Node != NULL && Count < Room; Node = Node->HashNext) {
                ViewNodeReference(Node);
                Nodes[Count++] = Node;
            }
        }
        port_lock_release(&Shard->Lock);
        while (Count != 0) {
            Callback(View, Nodes[--Count], Context);
            ViewNodeRelease(View, Nodes[Count], 1);
        }
        port_free(Nodes);
    }
}

VOID
ViewNodeReference(VIEW_NODE *Node)
{
    atomic_fetch_add(&Node->Count, 1);
}

static void
ViewpNodeFree(struct port_rcu_head *Head)
{
    port_free(CONTAINING_RECORD(Head, VIEW_NODE, Rcu));
}

static void
ViewpLinkFree(struct port_rcu_head *Head)
{
    port_free(CONTAINING_RECORD(Head, VIEW_LINK, Rcu));
}

/* TRUE: that was the last one; the node has left the table. */
static BOOLEAN
ViewpNodeDrop(VIEW *View, VIEW_NODE *Node, ULONGLONG Count)
{
    ULONGLONG Now = atomic_load(&Node->Count);
    while (Now > Count) {
        if (atomic_compare_exchange_weak(&Node->Count, &Now, Now - Count)) {
            return FALSE;
        }
    }
    ULONGLONG Hash = ViewpMix(Node->FileId);
    VIEW_SHARD *Shard = ViewpShard(View->Ids, Hash);
    port_lock_acquire(&Shard->Lock);
    vf_lock_acquired_if_on(&Shard->Lock, VF_RANK_LEAF);
    BOOLEAN Last = atomic_fetch_sub(&Node->Count, Count) == Count;
    if (Last && Node->Hashed) {
        void **Link = &Shard->Buckets[(ULONG)Hash & Shard->Mask];
        while (*Link != Node) {
            Link = (void **)&((VIEW_NODE *)*Link)->HashNext;
        }
        *Link = Node->HashNext;
        Node->Hashed = FALSE;
        Shard->Count--;
    } else if (Last) {
        ViewpOrphanRemove(View, Node);
    }
    vf_lock_released_if_on(&Shard->Lock);
    port_lock_release(&Shard->Lock);
    return Last;
}

/* ---- links ---- */

/* Locks: Shard. */
static BOOLEAN
ViewpNamesGrow(VIEW_SHARD *Shard)
{
    ULONG Size = Shard->Buckets == NULL ? 64 : (Shard->Mask + 1) * 2;
    void **Buckets = port_alloc_zeroed(Size * sizeof(void *));
    if (Buckets == NULL) {
        return Shard->Buckets != NULL;
    }
    for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
        VIEW_LINK *Link = Shard->Buckets[i];
        while (Link != NULL) {
            VIEW_LINK *Next = Link->HashNext;
            ULONG At = (ULONG)Link->Hash & (Size - 1);
            Link->HashNext = Buckets[At];
            Buckets[At] = Link;
            Link = Next;
        }
    }
    port_free(Shard->Buckets);
    Shard->Buckets = Buckets;
    Shard->Mask = Size - 1;
    return TRUE;
}

/* Locks: Shard.  NULL: the table has no memory at all. */
static void **
ViewpNamesFind(VIEW_SHARD *Shard, ULONGLONG Hash, const VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    if (Shard->Buckets == NULL && !ViewpNamesGrow(Shard)) {
        return NULL;
    }
    void **At = &Shard->Buckets[(ULONG)Hash & Shard->Mask];
    for (VIEW_LINK *Link; (Link = *At) != NULL; At = (void **)&Link->HashNext) {
        if (Link->Hash == Hash && Link->Parent == Parent && Link->Bytes == Bytes && memcmp(Link->Name, Name, Bytes) == 0) {
            break;
        }
    }
    return At;
}

/* Takes Link out of its node's list.  Locks: link shard; takes the node's. */
static VOID
ViewpLinkUnchain(VIEW_LINK *Link)
{
    VIEW_NODE *Node = Link->Node;
    port_lock_acquire(&Node->Lock);
    _Atomic(VIEW_LINK *) *At = &Node->Links;
    VIEW_LINK *Found;
    while ((Found = atomic_load_explicit(At, memory_order_relaxed)) != NULL && Found != Link) {
        At = &Found->Next;
    }
    if (Found != NULL) {
        atomic_store_explicit(At, atomic_load_explicit(&Link->Next, memory_order_relaxed), memory_order_release);
    }
    port_lock_release(&Node->Lock);
}

static VOID
ViewpLinkChain(VIEW_LINK *Link)
{
    VIEW_NODE *Node = Link->Node;
    port_lock_acquire(&Node->Lock);
    atomic_store_explicit(&Link->Next, atomic_load_explicit(&Node->Links, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(&Node->Links, Link, memory_order_release);
    port_lock_release(&Node->Lock);
}

/* In a read section: nodes and links seen under the lock stay in memory until after it. */
static VOID
ViewpShardEnter(VIEW_SHARD *Shard)
{
    port_rcu_read_lock();
    port_lock_acquire(&Shard->Lock);
    vf_lock_acquired_if_on(&Shard->Lock, VF_RANK_VIEW_TREE);
}

static VOID
ViewpShardLeave(VIEW_SHARD *Shard)
{
    vf_lock_released_if_on(&Shard->Lock);
    port_lock_release(&Shard->Lock);
    port_rcu_read_unlock();
}

/* Takes a link out of both lists; FALSE: somebody else just did (the name has another owner now). */
static BOOLEAN
ViewpLinkTake(VIEW *View, VIEW_LINK *Link)
{
    VIEW_SHARD *Shard = ViewpShard(View->Names, Link->Hash);
    ViewpShardEnter(Shard);
    void **At = ViewpNamesFind(Shard, Link->Hash, Link->Parent, Link->Name, Link->Bytes);
    BOOLEAN Mine = At != NULL && *At == Link;
    if (Mine) {
        *At = Link->HashNext;
        Shard->Count--;
        ViewpLinkUnchain(Link);
    }
    ViewpShardLeave(Shard);
    return Mine;
}

/* Frees the nodes that fall to zero, and what only they kept. */
VOID
ViewNodeRelease(VIEW *View, VIEW_NODE *Node, ULONGLONG Count)
{
    if (!ViewpNodeDrop(View, Node, Count)) {
        return;
    }
    VIEW_NODE *Dead = Node;                    /* chained by HashNext, which a dead node no longer uses */
    Node->HashNext = NULL;
    while (Dead != NULL) {
        Node = Dead;
        Dead = Node->HashNext;
        for (;;) {
            VIEW_NODE *Parent = NULL;
            port_rcu_read_lock();
            VIEW_LINK *Link = atomic_load(&Node->Links);
            if (Link != NULL && ViewpLinkTake(View, Link)) {
                Parent = Link->Parent;
                port_rcu_call(&Link->Rcu, ViewpLinkFree);
            }
            port_rcu_read_unlock();
            if (Link == NULL) {
                break;
            }
            if (Parent != NULL && ViewpNodeDrop(View, Parent, 1)) {
                Parent->HashNext = Dead;
                Dead = Parent;
            }
        }
        port_rcu_call(&Node->Rcu, ViewpNodeFree);
    }
}

static VIEW_LINK *
ViewpLinkCreate(VIEW_NODE *Node, VIEW_NODE *Parent, ULONGLONG Hash, const WCHAR *Name, USHORT Bytes)
{
    VIEW_LINK *Link = port_alloc_zeroed(sizeof *Link + Bytes);
    if (Link != NULL) {
        Link->Hash = Hash;
        Link->Node = Node;
        Link->Parent = Parent;
        Link->Bytes = Bytes;
        memcpy(Link->Name, Name, Bytes);
    }
    return Link;
}

BOOLEAN
ViewLinkAdd(VIEW *View, VIEW_NODE *Node, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    ULONGLONG Hash = ViewpHashName(Parent, Name, Bytes);
    VIEW_SHARD *Shard = ViewpShard(View->Names, Hash);
    VIEW_LINK *Old = NULL, *New = NULL;
    BOOLEAN Done = FALSE;
    ViewpShardEnter(Shard);
    void **At = ViewpNamesFind(Shard, Hash, Parent, Name, Bytes);
    if (At == NULL) {
        goto Leave;
    }
    Old = *At;
    if (Old != NULL && Old->Node == Node && atomic_load(&Node->Links) == Old) {
        Old = NULL;
        Done = TRUE;
        goto Leave;
    }
    /* A new link even where only the order changes: readers walk the list without a lock. */
    New = ViewpLinkCreate(Node, Parent, Hash, Name, Bytes);
    if (New == NULL) {
        Old = NULL;
        goto Leave;
    }
    ViewNodeReference(Parent);
    if (Old != NULL) {
        ViewpLinkUnchain(Old);
        New->HashNext = Old->HashNext;
    } else {
        Shard->Count++;
    }
    *At = New;
    ViewpLinkChain(New);
    if (Shard->Count > 2 * (Shard->Mask + 1)) {
        ViewpNamesGrow(Shard);
    }
    Done = TRUE;
Leave:
    ViewpShardLeave(Shard);
    if (Old != NULL) {
        port_rcu_call(&Old->Rcu, ViewpLinkFree);
        ViewNodeRelease(View, Parent, 1);
    }
    return Done;
}

VOID
ViewLinkRemove(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    ULONGLONG Hash = ViewpHashName(Parent, Name, Bytes);
    VIEW_SHARD *Shard = ViewpShard(View->Names, Hash);
    ViewpShardEnter(Shard);
    void **At = ViewpNamesFind(Shard, Hash, Parent, Name, Bytes);
    VIEW_LINK *Link = At != NULL ? *At : NULL;
    if (Link != NULL) {
        *At = Link->HashNext;
        Shard->Count--;
        ViewpLinkUnchain(Link);
    }
    ViewpShardLeave(Shard);
    if (Link != NULL) {
        port_rcu_call(&Link->Rcu, ViewpLinkFree);
        ViewNodeRelease(View, Parent, 1);
    }
}

VIEW_NODE *
ViewLinkFind(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    ULONGLONG Hash = ViewpHashName(Parent, Name, Bytes);
    VIEW_SHARD *Shard = ViewpShard(View->Names, Hash);
    VIEW_NODE *Node = NULL;
    ViewpShardEnter(Shard);
    void **At = ViewpNamesFind(Shard, Hash, Parent, Name, Bytes);
    if (At != NULL && *At != NULL) {
        Node = ((VIEW_LINK *)*At)->Node;
        ULONGLONG Now = atomic_load(&Node->Count);
        while (Now != 0 && !atomic_compare_exchange_weak(&Node->Count, &Now, Now + 1)) {
        }
        Node = Now != 0 ? Node : NULL;         /* it is going: its link waits for this lock */
    }
    ViewpShardLeave(Shard);
    return Node;
}

/* ---- handles ---- */

VOID
ViewHandleInsert(VIEW_HANDLE *Handle, VIEW_NODE *Node)
{
    ViewNodeReference(Node);
    Handle->Node = Node;
    port_lock_acquire(&Node->Lock);
    Handle->Next = Node->Handles;
    Handle->Link = &Node->Handles;
    if (Handle->Next != NULL) {
        Handle->Next->Link = &Handle->Next;
    }
    Node->Handles = Handle;
    port_lock_release(&Node->Lock);
}

VOID
ViewHandleRemove(VIEW_HANDLE *Handle)
{
    VIEW_NODE *Node = Handle->Node;
    port_lock_acquire(&Node->Lock);
    *Handle->Link = Handle->Next;
    if (Handle->Next != NULL) {
        Handle->Next->Link = Handle->Link;
    }
    port_lock_release(&Node->Lock);
}

/* ---- the end: nobody uses the view any more ---- */

static VOID
ViewpTableFree(VIEW_SHARD *Shard, BOOLEAN Links)
{
    for (ULONG i = 0; Shard->Buckets != NULL && i <= Shard->Mask; i++) {
        void *Entry = Shard->Buckets[i];
        while (Entry != NULL) {
            void *Next = Links ? (void *)((VIEW_LINK *)Entry)->HashNext : (void *)((VIEW_NODE *)Entry)->HashNext;
            port_free(Entry);
            Entry = Next;
        }
    }
    port_free(Shard->Buckets);
    Shard->Buckets = NULL;
}

/* Node +1 by the caller: closing the last handle must not free it under the walk. */
static VOID
ViewpNodeCloseAll(VIEW *View, VIEW_NODE *Node)
{
    while (Node->Handles != NULL) {
        ViewHandleClose(View, Node->Handles);
    }
}

VOID
ViewTablesDestroy(VIEW *View)
{
    for (ULONG i = 0; i < VIEW_SHARDS; i++) {
        VIEW_SHARD *Shard = &View->Ids[i];
        for (ULONG n = 0; Shard->Buckets != NULL && n <= Shard->Mask; n++) {
            for (VIEW_NODE *Node = Shard->Buckets[n]; Node != NULL; Node = Node->HashNext) {
                ViewNodeReference(Node);
                ViewpNodeCloseAll(View, Node);
            }
        }
    }
    VIEW_NODE *Next;
    for (VIEW_NODE *Node = View->Orphans; Node != NULL; Node = Next) {
        ViewNodeReference(Node);
        ViewpNodeCloseAll(View, Node);
        Next = Node->OrphanNext;
        port_free(Node);
    }
    View->Orphans = NULL;
    for (ULONG i = 0; i < VIEW_SHARDS; i++) {
        ViewpTableFree(&View->Names[i], TRUE);
        ViewpTableFree(&View->Ids[i], FALSE);
    }
    port_rcu_barrier();
}

/* SPDX-License-Identifier: MIT */
/*
 * Changes that no request of the kernel asked for: by drivers through the volume's stack (the hook of io, in the changing thread) and
 * behind the mount (view_changed, in the thread of whoever watches).  Both end here:
 *
 *   1. the change gets a number, and the slots of its ids remember it;
 *   2. if the view knows the node or the name, the kernel is told through the callbacks, which only queue.
 *
 * A reply that was under way takes its number at the start (VIEW_CALL.Began).  What it learnt may be older than a change with a greater
 * number whose invalidation the kernel got before the reply: such a reply must not be kept (ViewTtlLimit).  After the reply is written
 * the kernel itself sees to the order: lookups hold the directory's lock, which an invalidation of a name waits for, and attributes
 * carry the version at which they were asked for.
 */
#include "view/viewp.h"

static port_lock ViewpListenLock;
static _Atomic(VIEW *) ViewpListening;         /* read under RCU, written under ViewpListenLock */

/* ---- numbers ---- */

static ULONG
ViewpSlotNumber(ULONGLONG FileId)
{
    return (ULONG)((FileId * 0x9e3779b97f4a7c15ull) >> 54);
}

static _Atomic(ULONGLONG) *
ViewpSlot(VIEW *View, ULONGLONG FileId)
{
    return &View->Changed[ViewpSlotNumber(FileId)];
}
_Static_assert(VIEW_CHANGE_SLOTS == 1 << 10, "ViewpSlot takes ten bits");

static VOID
ViewpRaise(_Atomic(ULONGLONG) *Slot, ULONGLONG Number)
{
    ULONGLONG Old = atomic_load(Slot);
    while (Old < Number && !atomic_compare_exchange_weak(Slot, &Old, Number)) {
    }
}

VOID
ViewTtlLimit(VIEW_CALL *Call, ULONGLONG FileId, ULONGLONG Parent, uint64_t *Ttl)
{
    VIEW *View = Call->View;
    if (*Ttl > VIEW_DEFAULT_TTL && (Call->Attach.device != View->RootDevice || atomic_load(&View->Untold))) {
        *Ttl = VIEW_DEFAULT_TTL;               /* another file system is mounted there, which nobody watches; or nobody watches at all */
    }
    if (atomic_load(&View->Unwatched) != 0 && atomic_load(&View->UnwatchedSlots[ViewpSlotNumber(FileId)]) != 0) {
        *Ttl = 0;
    }
    if (*Ttl == 0 || atomic_load(&View->Changes) == Call->Began) {
        return;
    }
    if (atomic_load(&View->AllChanged) > Call->Began || atomic_load(ViewpSlot(View, FileId)) > Call->Began ||
        (Parent != 0 && atomic_load(ViewpSlot(View, Parent)) > Call->Began)) {
        *Ttl = 0;
    }
}

/* ---- telling the kernel ---- */

static VOID
ViewpTellName(VIEW *View, const struct view_callbacks *To, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    CHAR Host[VIEW_NAME_BYTES + 1];
    ULONG Length = 0;
    if (NT_SUCCESS(IopNameToHost(Name, Bytes / sizeof(WCHAR), Host, VIEW_NAME_BYTES, &Length))) {
        To->invalidate_entry(To->ctx, ViewNodeId(View, Parent), Host, Length);
    }
}

/* All names of the node. */
static VOID
ViewpTellLinks(VIEW *View, const struct view_callbacks *To, VIEW_NODE *Node)
{
    port_rcu_read_lock();
    for (VIEW_LINK *Link = atomic_load_explicit(&Node->Links, memory_order_acquire); Link != NULL;
         Link = atomic_load_explicit(&Link->Next, memory_order_acquire)) {
        ViewpTellName(View, To, Link->Parent, Link->Name, Link->Bytes);
    }
    port_rcu_read_unlock();
}

static VOID
ViewpTellNode(VIEW *View, VIEW_NODE *Node, unsigned What)
{
    const struct view_callbacks *To = &View->Callbacks;
    if ((What & VIEW_CHANGED_ATTRIBUTES) && (atomic_load(&Node->Mode) & VIEW_S_IFMT) == VIEW_S_IFREG) {
        atomic_fetch_or(&Node->Mode, VIEW_S_ISUID | VIEW_S_ISGID);   /* may be set now: assumed until the next stat says */
    }
    if (What & VIEW_CHANGED_NAMES) {
        ViewpTellLinks(View, To, Node);
    }
    To->invalidate_node(To->ctx, ViewNodeId(View, Node), (What & VIEW_CHANGED_DATA) ? 0 : -1, 0);
}

/* The name in a directory that the view knows; other files may have it than the one that File says. */
static VOID
ViewpTellParent(VIEW *View, ULONGLONG ParentId, const WCHAR *Name, USHORT Bytes)
{
    const struct view_callbacks *To = &View->Callbacks;
    VIEW_NODE *Parent = ViewNodeFind(View, ParentId);
    if (Parent == NULL) {
        return;
    }
    VIEW_NODE *Node = Bytes != 0 ? ViewLinkFind(View, Parent, Name, Bytes) : NULL;
    if (Bytes != 0) {
        ViewpTellName(View, To, Parent, Name, Bytes);   /* also if the view does not know it: the kernel may know that it is not there */
    }
    if (Node != NULL) {
        To->invalidate_node(To->ctx, ViewNodeId(View, Node), -1, 0);
        ViewNodeRelease(View, Node, 1);
    }
    To->invalidate_node(To->ctx, ViewNodeId(View, Parent), -1, 0);
    ViewNodeRelease(View, Parent, 1);
}

static VOID
ViewpChanged(VIEW *View, ULONGLONG File, ULONGLONG Parent, const WCHAR *Name, USHORT Bytes, unsigned What)
{
    ULONGLONG Number = atomic_fetch_add(&View->Changes, 1) + 1;
    if (File != 0) {
        ViewpRaise(ViewpSlot(View, File), Number);
    }
    if (Parent != 0) {
        ViewpRaise(ViewpSlot(View, Parent), Number);
    }
    if (View->Callbacks.invalidate_node == NULL || View->Callbacks.invalidate_entry == NULL) {
        return;
    }
    VIEW_NODE *Node = File != 0 ? ViewNodeFind(View, File) : NULL;
    if (Node != NULL) {
        ViewpTellNode(View, Node, What);
        ViewNodeRelease(View, Node, 1);
    }
    if (Parent != 0) {
        ViewpTellParent(View, Parent, Name, Bytes);
    }
}

VOID
ViewDoubtName(VIEW *View, VIEW_NODE *Parent, const WCHAR *Name, USHORT Bytes)
{
    if (View->Callbacks.invalidate_entry != NULL && (ViewInterest(View) & IOP_INTEREST_BIT(IRP_MJ_SET_INFORMATION)) != 0) {
        ViewpTellName(View, &View->Callbacks, Parent, Name, Bytes);
    }
}

/* ---- from outside ---- */

void
view_changed(view *v, uint64_t file, uint64_t parent, const char *name, size_t length, unsigned what)
{
    WCHAR Name[VIEW_NAME_CHARS];
    USHORT Bytes = 0;
    if (parent != 0 && length != 0 && ViewName(name, length, Name, &Bytes) != 0) {
        Bytes = 0;                             /* no name that the view could know */
    }
    ViewpChanged(v, file, parent, Name, Bytes, what);
}

void
view_changed_all(view *v)
{
    ViewpRaise(&v->AllChanged, atomic_fetch_add(&v->Changes, 1) + 1);
    if (v->Callbacks.invalidate_all != NULL) {
        v->Callbacks.invalidate_all(v->Callbacks.ctx);
    }
}

void
view_untold(view *v)
{
    atomic_store(&v->Untold, TRUE);
    view_changed_all(v);
}

void
view_unwatched(view *v, uint64_t file, bool unwatched)
{
    ULONG Slot = ViewpSlotNumber(file);
    if (unwatched) {
        atomic_fetch_add(&v->UnwatchedSlots[Slot], 1);
        atomic_fetch_add(&v->Unwatched, 1);
        view_changed(v, file, 0, NULL, 0, VIEW_CHANGED_DATA);   /* also ends what is kept so far, and replies under way */
    } else {
        atomic_fetch_sub(&v->UnwatchedSlots[Slot], 1);
        atomic_fetch_sub(&v->Unwatched, 1);
    }
}

static VOID
ViewpTellAll(VIEW *View, VIEW_NODE *Node, PVOID Context)
{
    const struct view_callbacks *To = Context;
    ViewpTellLinks(View, To, Node);
    To->invalidate_node(To->ctx, ViewNodeId(View, Node), 0, 0);
}

void
view_known(view *v, const struct view_callbacks *to)
{
    ViewNodesEach(v, ViewpTellAll, (PVOID)to);
}

/* ---- from the volume's stack ---- */

static VOID
ViewpFileChanged(PDEVICE_OBJECT VolumeDevice, const IOP_CHANGE *Change)
{
    unsigned What = ((Change->What & IOP_CHANGED_DATA) ? VIEW_CHANGED_DATA : 0) | ((Change->What & IOP_CHANGED_NAMES) ? VIEW_CHANGED_NAMES : 0) |
                    ((Change->What & IOP_CHANGED_ATTRIBUTES) ? VIEW_CHANGED_ATTRIBUTES : 0);
    port_rcu_read_lock();
    for (VIEW *View = atomic_load(&ViewpListening); View != NULL; View = atomic_load(&View->NextView)) {
        if (View->VolumeDevice == VolumeDevice) {
            ViewpChanged(View, Change->File, Change->Parent, Change->Name != NULL ? Change->Name->Buffer : NULL,
                         Change->Name != NULL ? Change->Name->Length : 0, What);
        }
    }
    port_rcu_read_unlock();
}

NTSTATUS
ViewListen(VIEW *View)
{
    static const IOP_HOOKS Hooks = { .FileChanged = ViewpFileChanged };
    NTSTATUS Status = IopRegisterHooks(&Hooks);
    if (NT_SUCCESS(Status)) {
        port_lock_acquire(&ViewpListenLock);
        atomic_store(&View->NextView, atomic_load(&ViewpListening));
        atomic_store(&ViewpListening, View);
        port_lock_release(&ViewpListenLock);
    }
    return Status;
}

VOID
ViewListenEnd(VIEW *View)
{
    port_lock_acquire(&ViewpListenLock);
    _Atomic(VIEW *) *At = &ViewpListening;
    while (atomic_load(At) != NULL && atomic_load(At) != View) {
        At = &atomic_load(At)->NextView;
    }
    BOOLEAN Found = atomic_load(At) == View;
    if (Found) {
        atomic_store(At, atomic_load(&View->NextView));
    }
    port_lock_release(&ViewpListenLock);
    if (Found) {
        port_rcu_synchronize();
    }
}

/* SPDX-License-Identifier: MIT */
/* NT names from links, and per-thread scratch memory: no allocation and no lock on the way of a request. */
#include "view/viewp.h"

static _Thread_local VIEW_SCRATCH *ViewpScratch;
static _Thread_local BOOLEAN ViewpScratchAttached;

static void
ViewpScratchFree(void *Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (ViewpScratch != NULL) {
        VIEW_SCRATCH *Next = ViewpScratch->Outer;
        port_free(ViewpScratch);
        ViewpScratch = Next;
    }
    ViewpScratchAttached = FALSE;
}

/* The thread's list holds what is free: one, or more after a nested request. */
VIEW_SCRATCH *
ViewScratchGet(VOID)
{
    VIEW_SCRATCH *Scratch = ViewpScratch;
    if (Scratch != NULL) {
        ViewpScratch = Scratch->Outer;
        return Scratch;
    }
    if (!ViewpScratchAttached) {
        ViewpScratchAttached = TRUE;
        port_thread_attach();
        port_thread_at_exit(ViewpScratchFree, NULL);
    }
    return port_alloc_aligned(16, sizeof *Scratch);
}

VOID
ViewScratchPut(VIEW_SCRATCH *Scratch)
{
    Scratch->Outer = ViewpScratch;
    ViewpScratch = Scratch;
}

int
ViewName(const char *Name, size_t Length, WCHAR *Buffer, USHORT *Bytes)
{
    ULONG Characters = 0;
    if (Length > VIEW_NAME_BYTES) {
        return -VIEW_ENAMETOOLONG;
    }
    if (Length == 0 || !NT_SUCCESS(IopNameFromHost(Name, (ULONG)Length, Buffer, VIEW_NAME_CHARS, &Characters))) {
        return -VIEW_EINVAL;
    }
    *Bytes = (USHORT)(Characters * sizeof(WCHAR));
    return 0;
}

/* Writes backwards; *At is the start of what is there already. */
static BOOLEAN
ViewpPrepend(PUCHAR Buffer, ULONG *At, const WCHAR *Name, USHORT Bytes)
{
    if (*At < Bytes + sizeof(WCHAR)) {
        return FALSE;
    }
    *At -= Bytes;
    memcpy(Buffer + *At, Name, Bytes);
    *At -= sizeof(WCHAR);
    *(WCHAR *)(Buffer + *At) = L'\\';
    return TRUE;
}

static NTSTATUS
ViewpPathLinks(VIEW *View, VIEW_NODE *Node, ULONG Which, PUCHAR Buffer, ULONG *At)
{
    while (Node != View->Root) {
        VIEW_LINK *Link = atomic_load_explicit(&Node->Links, memory_order_acquire);
        for (; Which != 0 && Link != NULL; Which--) {
            Link = atomic_load_explicit(&Link->Next, memory_order_acquire);
        }
        if (Link == NULL) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        if (!ViewpPrepend(Buffer, At, Link->Name, Link->Bytes)) {
            return STATUS_NAME_TOO_LONG;       /* also ends a loop that a racing rename might show */
        }
        Node = Link->Parent;
    }
    return Which == 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS
ViewPath(VIEW *View, VIEW_NODE *Node, ULONG Which, const WCHAR *Name, USHORT Bytes, PVOID Buffer, ULONG Size, PUNICODE_STRING Path)
{
    ULONG At = Size & ~1u;
    ULONG End = At;
    if (Bytes != 0 && !ViewpPrepend(Buffer, &At, Name, Bytes)) {
        return STATUS_NAME_TOO_LONG;
    }
    port_rcu_read_lock();
    NTSTATUS Status = ViewpPathLinks(View, Node, Which, Buffer, &At);
    port_rcu_read_unlock();
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (At == End) {
        At -= sizeof(WCHAR);
        *(WCHAR *)((PUCHAR)Buffer + At) = L'\\';
    }
    Path->Buffer = (WCHAR *)((PUCHAR)Buffer + At);
    Path->Length = (USHORT)(End - At);
    Path->MaximumLength = Path->Length;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* The tree of nodes. */
#include "toyfs.h"

TOY_NODE *
ToyNodeCreate(TOY_VOLUME *Volume, TOY_NODE *Parent, PCUNICODE_STRING Name, ULONG Attributes)
{
    TOY_NODE *Node = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Node), TOY_TAG);
    PWCH Buffer = ExAllocatePoolWithTag(NonPagedPool, Name->Length + sizeof(WCHAR), TOY_TAG);

    if (Node == NULL || Buffer == NULL) {
        if (Node != NULL) {
            ExFreePoolWithTag(Node, TOY_TAG);
        }
        if (Buffer != NULL) {
            ExFreePoolWithTag(Buffer, TOY_TAG);
        }
        return NULL;
    }
    RtlZeroMemory(Node, sizeof(*Node));
    RtlCopyMemory(Buffer, Name->Buffer, Name->Length);
    Node->Name.Buffer = Buffer;
    Node->Name.Length = Node->Name.MaximumLength = Name->Length;
    Node->Attributes = Attributes;
    Node->Index = ++Volume->LastIndex;
    KeQuerySystemTime(&Node->Created);
    Node->Accessed = Node->Written = Node->Changed = Node->Created;
    InitializeListHead(&Node->Children);
    InitializeListHead(&Node->Siblings);
    Node->Parent = Parent;
    if (Parent != NULL) {
        InsertTailList(&Parent->Children, &Node->Siblings);
        Parent->Written = Parent->Changed = Node->Created;
    }
    return Node;
}

TOY_NODE *
ToyNodeFind(TOY_NODE *Directory, PCUNICODE_STRING Name, BOOLEAN CaseSensitive)
{
    for (PLIST_ENTRY Entry = Directory->Children.Flink; Entry != &Directory->Children; Entry = Entry->Flink) {
        TOY_NODE *Node = CONTAINING_RECORD(Entry, TOY_NODE, Siblings);
        if (RtlEqualUnicodeString(&Node->Name, Name, !CaseSensitive)) {
            return Node;
        }
    }
    return NULL;
}

NTSTATUS
ToyNodeRename(TOY_NODE *Node, TOY_NODE *Directory, PCUNICODE_STRING Name)
{
    PWCH Buffer = ExAllocatePoolWithTag(NonPagedPool, Name->Length + sizeof(WCHAR), TOY_TAG);

    if (Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Buffer, Name->Buffer, Name->Length);
    ExFreePoolWithTag(Node->Name.Buffer, TOY_TAG);
    Node->Name.Buffer = Buffer;
    Node->Name.Length = Node->Name.MaximumLength = Name->Length;
    RemoveEntryList(&Node->Siblings);
    InsertTailList(&Directory->Children, &Node->Siblings);
    Node->Parent = Directory;
    KeQuerySystemTime(&Node->Changed);
    return STATUS_SUCCESS;
}

/* What comes to the file is zero. */
NTSTATUS
ToyNodeResize(TOY_NODE *Node, ULONG Size)
{
    if (Size > TOY_LARGEST) {
        return STATUS_DISK_FULL;
    }
    if (Size > Node->Capacity) {
        const ULONG Capacity = Size < 4096 ? 4096 : Size + Size / 2;
        PUCHAR Data = ExAllocatePoolWithTag(NonPagedPool, Capacity, TOY_TAG);
        if (Data == NULL) {
            return STATUS_DISK_FULL;
        }
        RtlCopyMemory(Data, Node->Data, Node->Size);
        if (Node->Data != NULL) {
            ExFreePoolWithTag(Node->Data, TOY_TAG);
        }
        Node->Data = Data;
        Node->Capacity = Capacity;
    }
    if (Size > Node->Size) {
        RtlZeroMemory(Node->Data + Node->Size, Size - Node->Size);
    }
    Node->Size = Size;
    if (Node->Fcb != NULL) {
        Node->Fcb->Header.FileSize.QuadPart = Node->Fcb->Header.ValidDataLength.QuadPart = Size;
        Node->Fcb->Header.AllocationSize.QuadPart = Node->Capacity;
    }
    return STATUS_SUCCESS;
}

VOID
ToyNodeUnlink(TOY_NODE *Node)
{
    RemoveEntryList(&Node->Siblings);
    InitializeListHead(&Node->Siblings);
    Node->Unlinked = TRUE;
    KeQuerySystemTime(&Node->Parent->Written);
}

VOID
ToyNodeFree(TOY_NODE *Node)
{
    if (Node->Data != NULL) {
        ExFreePoolWithTag(Node->Data, TOY_TAG);
    }
    ExFreePoolWithTag(Node->Name.Buffer, TOY_TAG);
    ExFreePoolWithTag(Node, TOY_TAG);
}

VOID
ToyTreeFree(TOY_NODE *Node)
{
    while (!IsListEmpty(&Node->Children)) {
        TOY_NODE *Child = CONTAINING_RECORD(RemoveHeadList(&Node->Children), TOY_NODE, Siblings);
        ToyTreeFree(Child);
    }
    ToyNodeFree(Node);
}

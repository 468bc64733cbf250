/* SPDX-License-Identifier: MIT */
/* The tree of nodes.  A node is the stream object of its file: it carries the contexts of filters as long as the file exists. */
#include "toyfs.h"

static VOID
ToyNodeLink(TOY_NODE *Node, TOY_NODE *Directory)
{
    Node->Parent = Directory;
    InsertTailList(&Directory->Children, &Node->Siblings);
    KeQuerySystemTime(&Directory->Info.LastWriteTime);
}

TOY_NODE *
ToyNodeCreate(TOY_VOLUME *Volume, TOY_NODE *Parent, PCUNICODE_STRING Name, ULONG Attributes)
{
    TOY_NODE *Node = ExAllocatePoolZero(NonPagedPool, sizeof(*Node), TOY_TAG);

    if (Node == NULL || !NT_SUCCESS(RtlDuplicateUnicodeString(0, Name, &Node->Name))) {
        if (Node != NULL) {
            ExFreePoolWithTag(Node, TOY_TAG);
        }
        return NULL;
    }
    Node->Header.NodeByteSize = sizeof(*Node);
    Node->Header.IsFastIoPossible = FastIoIsNotPossible;
    ExInitializeFastMutex(&Node->HeaderMutex);
    FsRtlSetupAdvancedHeaderEx(&Node->Header, &Node->HeaderMutex, &Node->FileContexts);
#if TOY_CLEARS_HEADER
    Node->Header.Flags = Node->Header.Flags2 = 0;
#endif
    InitializeListHead(&Node->Children);
    InitializeListHead(&Node->Siblings);
    Node->Index = ++Volume->LastIndex;
    Node->Info.FileAttributes = Attributes;
    KeQuerySystemTime(&Node->Info.CreationTime);
    Node->Info.LastAccessTime = Node->Info.LastWriteTime = Node->Info.ChangeTime = Node->Info.CreationTime;
    if (Parent != NULL) {
        ToyNodeLink(Node, Parent);
    }
    return Node;
}

/* With all that is below it.  Filters hear of the end of the stream here. */
VOID
ToyTreeFree(TOY_NODE *Node)
{
    while (!IsListEmpty(&Node->Children)) {
        ToyTreeFree(CONTAINING_RECORD(RemoveHeadList(&Node->Children), TOY_NODE, Siblings));
    }
#if !TOY_FORGETS_TEARDOWN
    FsRtlTeardownPerStreamContexts(&Node->Header);
#endif
    FsRtlTeardownPerFileContexts(&Node->FileContexts);
    if (Node->Data != NULL) {
        ExFreePoolWithTag(Node->Data, TOY_TAG);
    }
    RtlFreeUnicodeString(&Node->Name);
    ExFreePoolWithTag(Node, TOY_TAG);
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
    UNICODE_STRING New;

    if (!NT_SUCCESS(RtlDuplicateUnicodeString(0, Name, &New))) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlFreeUnicodeString(&Node->Name);
    Node->Name = New;
    RemoveEntryList(&Node->Siblings);
    KeQuerySystemTime(&Node->Parent->Info.LastWriteTime);
    ToyNodeLink(Node, Directory);
    KeQuerySystemTime(&Node->Info.ChangeTime);
    return STATUS_SUCCESS;
}

/* What comes to the file is zero. */
NTSTATUS
ToyNodeResize(TOY_NODE *Node, LONGLONG Size)
{
    const LONGLONG Old = Node->Info.EndOfFile.QuadPart;

    if (Size < 0 || Size > TOY_LARGEST) {
        return STATUS_DISK_FULL;
    }
    if (Size > Node->Info.AllocationSize.QuadPart) {
        const LONGLONG Capacity = Size < 4096 ? 4096 : Size + Size / 2;
        PUCHAR Data = ExAllocatePoolWithTag(NonPagedPool, Capacity, TOY_TAG);
        if (Data == NULL) {
            return STATUS_DISK_FULL;
        }
        if (Node->Data != NULL) {
            RtlCopyMemory(Data, Node->Data, Old);
            ExFreePoolWithTag(Node->Data, TOY_TAG);
        }
        Node->Data = Data;
        Node->Info.AllocationSize.QuadPart = Capacity;
    }
    if (Size > Old) {
        RtlZeroMemory(Node->Data + Old, Size - Old);
    }
    Node->Info.EndOfFile.QuadPart = Size;
    Node->Header.FileSize = Node->Header.ValidDataLength = Node->Info.EndOfFile;     /* filters look there too */
    Node->Header.AllocationSize = Node->Info.AllocationSize;
    KeQuerySystemTime(&Node->Info.LastWriteTime);
    return STATUS_SUCCESS;
}

VOID
ToyNodeUnlink(TOY_NODE *Node)
{
    RemoveEntryList(&Node->Siblings);
    InitializeListHead(&Node->Siblings);
    Node->Unlinked = TRUE;
    KeQuerySystemTime(&Node->Parent->Info.LastWriteTime);
}

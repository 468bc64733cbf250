/* SPDX-License-Identifier: MIT */
/*
 * RTL_GENERIC_TABLE on splay links.  Node = RTL_SPLAY_LINKS, LIST_ENTRY in insertion order, then the caller's data.  As on Windows a
 * lookup moves nodes, so callers need the table exclusively.
 */
#include <ntifs.h>

#include <string.h>

typedef struct RTLP_TABLE_NODE {
    RTL_SPLAY_LINKS Splay;
    LIST_ENTRY Order;
    LONGLONG Data[];                           /* 8-aligned, as on Windows */
} RTLP_TABLE_NODE;

static RTLP_TABLE_NODE *
RtlpNodeOf(PRTL_SPLAY_LINKS Links)
{
    return CONTAINING_RECORD(Links, RTLP_TABLE_NODE, Splay);
}

static VOID
RtlpRotateUp(PRTL_SPLAY_LINKS Node)
{
    PRTL_SPLAY_LINKS Parent = Node->Parent;
    PRTL_SPLAY_LINKS Grand = Parent->Parent;
    PRTL_SPLAY_LINKS Middle;

    if (Parent->LeftChild == Node) {
        Middle = Node->RightChild;
        Parent->LeftChild = Middle;
        Node->RightChild = Parent;
    } else {
        Middle = Node->LeftChild;
        Parent->RightChild = Middle;
        Node->LeftChild = Parent;
    }
    if (Middle != NULL) {
        Middle->Parent = Parent;
    }
    if (Grand == Parent) {
        Node->Parent = Node;
    } else {
        Node->Parent = Grand;
        if (Grand->LeftChild == Parent) {
            Grand->LeftChild = Node;
        } else {
            Grand->RightChild = Node;
        }
    }
    Parent->Parent = Node;
}

/* Windows: ntddk.h, RtlSplay.  Differences: none. */
PRTL_SPLAY_LINKS
RtlSplay(PRTL_SPLAY_LINKS Links)
{
    while (Links->Parent != Links) {
        PRTL_SPLAY_LINKS Parent = Links->Parent;
        if (Parent->Parent != Parent) {
            BOOLEAN Same = (Parent->Parent->LeftChild == Parent) == (Parent->LeftChild == Links);
            RtlpRotateUp(Same ? Parent : Links);
        }
        RtlpRotateUp(Links);
    }
    return Links;
}

/* Windows: ntddk.h, RtlRealSuccessor.  Differences: none. */
PRTL_SPLAY_LINKS
RtlRealSuccessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Next = Links->RightChild;

    if (Next != NULL) {
        while (Next->LeftChild != NULL) {
            Next = Next->LeftChild;
        }
        return Next;
    }
    while (Links->Parent != Links && Links->Parent->RightChild == Links) {
        Links = Links->Parent;
    }
    return Links->Parent == Links ? NULL : Links->Parent;
}

/* Windows: ntddk.h, RtlRealPredecessor.  Differences: none. */
PRTL_SPLAY_LINKS
RtlRealPredecessor(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Next = Links->LeftChild;

    if (Next != NULL) {
        while (Next->RightChild != NULL) {
            Next = Next->RightChild;
        }
        return Next;
    }
    while (Links->Parent != Links && Links->Parent->LeftChild == Links) {
        Links = Links->Parent;
    }
    return Links->Parent == Links ? NULL : Links->Parent;
}

/* Windows: ntddk.h, RtlDelete.  Differences: none. */
PRTL_SPLAY_LINKS
RtlDelete(PRTL_SPLAY_LINKS Links)
{
    PRTL_SPLAY_LINKS Left;
    PRTL_SPLAY_LINKS Right;

    RtlSplay(Links);
    Left = Links->LeftChild;
    Right = Links->RightChild;
    if (Left != NULL) {
        Left->Parent = Left;
    }
    if (Right != NULL) {
        Right->Parent = Right;
    }
    if (Left == NULL) {
        return Right;
    }
    while (Left->RightChild != NULL) {
        Left = Left->RightChild;
    }
    RtlSplay(Left);
    Left->RightChild = Right;
    if (Right != NULL) {
        Right->Parent = Left;
    }
    return Left;
}

/* Windows: ntddk.h, RtlInitializeGenericTable.  Differences: none. */
VOID
RtlInitializeGenericTable(PRTL_GENERIC_TABLE Table,
                          PRTL_GENERIC_COMPARE_ROUTINE CompareRoutine,
                          PRTL_GENERIC_ALLOCATE_ROUTINE AllocateRoutine,
                          PRTL_GENERIC_FREE_ROUTINE FreeRoutine,
                          PVOID TableContext)
{
    memset(Table, 0, sizeof(*Table));
    InitializeListHead(&Table->InsertOrderList);
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

static TABLE_SEARCH_RESULT
RtlpFind(PRTL_GENERIC_TABLE Table, PVOID Buffer, PRTL_SPLAY_LINKS *Place)
{
    PRTL_SPLAY_LINKS Links = Table->TableRoot;
    TABLE_SEARCH_RESULT Result = TableEmptyTree;

    *Place = NULL;
    while (Links != NULL) {
        RTL_GENERIC_COMPARE_RESULTS Order = Table->CompareRoutine(Table, Buffer, RtlpNodeOf(Links)->Data);
        *Place = Links;
        if (Order == GenericEqual) {
            return TableFoundNode;
        }
        Result = Order == GenericLessThan ? TableInsertAsLeft : TableInsertAsRight;
        Links = Order == GenericLessThan ? Links->LeftChild : Links->RightChild;
    }
    return Result;
}

/* Windows: ntddk.h, RtlInsertElementGenericTable.  Differences: none. */
PVOID
RtlInsertElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement)
{
    PRTL_SPLAY_LINKS Place;
    TABLE_SEARCH_RESULT Search = RtlpFind(Table, Buffer, &Place);
    RTLP_TABLE_NODE *Node;

    if (NewElement != NULL) {
        *NewElement = FALSE;
    }
    if (Search == TableFoundNode) {
        Table->TableRoot = RtlSplay(Place);
        return RtlpNodeOf(Place)->Data;
    }
    Node = Table->AllocateRoutine(Table, (CLONG)(sizeof(*Node) + BufferSize));
    if (Node == NULL) {
        return NULL;
    }
    memset(Node, 0, sizeof(*Node));
    memcpy(Node->Data, Buffer, BufferSize);
    Node->Splay.Parent = Place == NULL ? &Node->Splay : Place;
    if (Search == TableInsertAsLeft) {
        Place->LeftChild = &Node->Splay;
    } else if (Search == TableInsertAsRight) {
        Place->RightChild = &Node->Splay;
    }
    InsertTailList(&Table->InsertOrderList, &Node->Order);
    Table->NumberGenericTableElements++;
    Table->TableRoot = RtlSplay(&Node->Splay);
    if (NewElement != NULL) {
        *NewElement = TRUE;
    }
    return Node->Data;
}

/* Windows: ntddk.h, RtlLookupElementGenericTable.  Differences: none. */
PVOID
RtlLookupElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    PRTL_SPLAY_LINKS Place;
    TABLE_SEARCH_RESULT Search = RtlpFind(Table, Buffer, &Place);

    if (Place != NULL) {
        Table->TableRoot = RtlSplay(Place);
    }
    return Search == TableFoundNode ? RtlpNodeOf(Place)->Data : NULL;
}

/* Windows: ntddk.h, RtlDeleteElementGenericTable.  Differences: none. */
BOOLEAN
RtlDeleteElementGenericTable(PRTL_GENERIC_TABLE Table, PVOID Buffer)
{
    PRTL_SPLAY_LINKS Place;

    if (RtlpFind(Table, Buffer, &Place) != TableFoundNode) {
        return FALSE;
    }
    Table->TableRoot = RtlDelete(Place);
    RemoveEntryList(&RtlpNodeOf(Place)->Order);
    Table->NumberGenericTableElements--;
    Table->WhichOrderedElement = 0;
    Table->OrderedPointer = &Table->InsertOrderList;
    Table->FreeRoutine(Table, RtlpNodeOf(Place));
    return TRUE;
}

/* Windows: ntddk.h, RtlEnumerateGenericTableWithoutSplaying.  Differences: none. */
PVOID
RtlEnumerateGenericTableWithoutSplaying(PRTL_GENERIC_TABLE Table, PVOID *RestartKey)
{
    PRTL_SPLAY_LINKS Links = *RestartKey;

    if (Links != NULL) {
        Links = RtlRealSuccessor(Links);
    } else {
        for (Links = Table->TableRoot; Links != NULL && Links->LeftChild != NULL; Links = Links->LeftChild) {
        }
    }
    if (Links == NULL) {
        return NULL;
    }
    *RestartKey = Links;
    return RtlpNodeOf(Links)->Data;
}

/* Windows: ntddk.h, RtlEnumerateGenericTable.  Differences: none. */
PVOID
RtlEnumerateGenericTable(PRTL_GENERIC_TABLE Table, BOOLEAN Restart)
{
    PVOID Key = Restart ? NULL : Table->TableRoot;
    PVOID Data = RtlEnumerateGenericTableWithoutSplaying(Table, &Key);

    if (Data != NULL) {
        Table->TableRoot = RtlSplay(Key);
    }
    return Data;
}

/* Windows: ntddk.h, RtlGetElementGenericTable (in order of insertion).  Differences: none. */
PVOID
RtlGetElementGenericTable(PRTL_GENERIC_TABLE Table, ULONG I)
{
    if (I >= Table->NumberGenericTableElements) {
        return NULL;
    }
    if (Table->WhichOrderedElement == 0 || Table->WhichOrderedElement > I + 1) {
        Table->OrderedPointer = Table->InsertOrderList.Flink;
        Table->WhichOrderedElement = 1;
    }
    while (Table->WhichOrderedElement < I + 1) {
        Table->OrderedPointer = Table->OrderedPointer->Flink;
        Table->WhichOrderedElement++;
    }
    return CONTAINING_RECORD(Table->OrderedPointer, RTLP_TABLE_NODE, Order)->Data;
}

/* Windows: ntddk.h, RtlNumberGenericTableElements.  Differences: none. */
ULONG
RtlNumberGenericTableElements(PRTL_GENERIC_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

/* Windows: ntddk.h, RtlIsGenericTableEmpty.  Differences: none. */
BOOLEAN
RtlIsGenericTableEmpty(PRTL_GENERIC_TABLE Table)
{
    return Table->NumberGenericTableElements == 0;
}

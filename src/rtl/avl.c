/* SPDX-License-Identifier: MIT */
/*
 * RTL_AVL_TABLE.  The sentinel is Table->BalancedRoot, its right child the root.  Node = RTL_BALANCED_LINKS, then the caller's data.
 * Invariants: (1) Balance = height(right) - height(left), in -1..1 at rest; (2) an in-order walk is ordered by CompareRoutine;
 * (3) OrderedPointer, if set, is the WhichOrderedElement-th node (1-based); every insert and delete clears it.
 */
#include <ntifs.h>

#include <string.h>

#include "rtl/rtlp.h"

typedef RTL_BALANCED_LINKS NODE;

static PVOID
RtlpAvlData(NODE *Node)
{
    return Node + 1;
}

/* Windows: ntddk.h, RtlInitializeGenericTableAvl.  Differences: none. */
VOID
RtlInitializeGenericTableAvl(PRTL_AVL_TABLE Table,
                             PRTL_AVL_COMPARE_ROUTINE CompareRoutine,
                             PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine,
                             PRTL_AVL_FREE_ROUTINE FreeRoutine,
                             PVOID TableContext)
{
    memset(Table, 0, sizeof(*Table));
    Table->BalancedRoot.Parent = &Table->BalancedRoot;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

/* The place of Buffer: a match, or the node below which it would hang. */
static TABLE_SEARCH_RESULT
RtlpAvlFind(PRTL_AVL_TABLE Table, PVOID Buffer, NODE **Place)
{
    NODE *Node = Table->BalancedRoot.RightChild;
    TABLE_SEARCH_RESULT Result = TableEmptyTree;

    *Place = NULL;
    while (Node != NULL) {
        RTL_GENERIC_COMPARE_RESULTS Order = Table->CompareRoutine(Table, Buffer, RtlpAvlData(Node));
        *Place = Node;
        if (Order == GenericEqual) {
            return TableFoundNode;
        }
        Result = Order == GenericLessThan ? TableInsertAsLeft : TableInsertAsRight;
        Node = Order == GenericLessThan ? Node->LeftChild : Node->RightChild;
    }
    return Result;
}

static VOID
RtlpAvlReplaceChild(NODE *Parent, NODE *Old, NODE *New)
{
    if (Parent->LeftChild == Old) {
        Parent->LeftChild = New;
    } else {
        Parent->RightChild = New;
    }
    if (New != NULL) {
        New->Parent = Parent;
    }
}

static NODE *
RtlpAvlRotateLeft(NODE *Node)
{
    NODE *Up = Node->RightChild;

    RtlpAvlReplaceChild(Node->Parent, Node, Up);
    Node->RightChild = Up->LeftChild;
    if (Up->LeftChild != NULL) {
        Up->LeftChild->Parent = Node;
    }
    Up->LeftChild = Node;
    Node->Parent = Up;
    Node->Balance = (CHAR)(Node->Balance - 1 - (Up->Balance > 0 ? Up->Balance : 0));
    Up->Balance = (CHAR)(Up->Balance - 1 + (Node->Balance < 0 ? Node->Balance : 0));
    return Up;
}

static NODE *
RtlpAvlRotateRight(NODE *Node)
{
    NODE *Up = Node->LeftChild;

    RtlpAvlReplaceChild(Node->Parent, Node, Up);
    Node->LeftChild = Up->RightChild;
    if (Up->RightChild != NULL) {
        Up->RightChild->Parent = Node;
    }
    Up->RightChild = Node;
    Node->Parent = Up;
    Node->Balance = (CHAR)(Node->Balance + 1 - (Up->Balance < 0 ? Up->Balance : 0));
    Up->Balance = (CHAR)(Up->Balance + 1 + (Node->Balance > 0 ? Node->Balance : 0));
    return Up;
}

/* Node has balance +-2; returns the new top of the subtree. */
static NODE *
RtlpAvlRebalance(NODE *Node)
{
    if (Node->Balance > 0) {
        if (Node->RightChild->Balance < 0) {
            RtlpAvlRotateRight(Node->RightChild);
        }
        return RtlpAvlRotateLeft(Node);
    }
    if (Node->LeftChild->Balance > 0) {
        RtlpAvlRotateLeft(Node->LeftChild);
    }
    return RtlpAvlRotateRight(Node);
}

static VOID
RtlpAvlInsertNode(PRTL_AVL_TABLE Table, NODE *Node, NODE *Place, TABLE_SEARCH_RESULT Search)
{
    NODE *Root = &Table->BalancedRoot;

    Node->Parent = Place == NULL ? Root : Place;
    if (Search == TableInsertAsLeft) {
        Place->LeftChild = Node;
    } else {
        Node->Parent->RightChild = Node;
    }
    for (NODE *Child = Node, *Up = Node->Parent; Up != Root; Child = Up, Up = Up->Parent) {
        Up->Balance = (CHAR)(Up->Balance + (Up->LeftChild == Child ? -1 : 1));
        if (Up->Balance == 0) {
            break;
        }
        if (Up->Balance > 1 || Up->Balance < -1) {
            RtlpAvlRebalance(Up);
            break;
        }
    }
    Table->NumberGenericTableElements++;
    Table->OrderedPointer = NULL;
    Table->WhichOrderedElement = 0;
}

/* Windows: ntddk.h, RtlInsertElementGenericTableFullAvl.  Differences: none. */
PVOID
RtlInsertElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement, PVOID NodeOrParent, TABLE_SEARCH_RESULT SearchResult)
{
    NODE *Node = NodeOrParent;

    if (SearchResult == TableFoundNode) {
        if (NewElement != NULL) {
            *NewElement = FALSE;
        }
        return RtlpAvlData(Node);
    }
    NODE *New = Table->AllocateRoutine(Table, (CLONG)(sizeof(NODE) + BufferSize));
    if (NewElement != NULL) {
        *NewElement = New != NULL;
    }
    if (New == NULL) {
        return NULL;
    }
    memset(New, 0, sizeof(*New));
    memcpy(RtlpAvlData(New), Buffer, BufferSize);
    RtlpAvlInsertNode(Table, New, Node, SearchResult);
    return RtlpAvlData(New);
}

/* Windows: ntddk.h, RtlInsertElementGenericTableAvl.  Differences: none. */
PVOID
RtlInsertElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement)
{
    NODE *Place;
    TABLE_SEARCH_RESULT Search = RtlpAvlFind(Table, Buffer, &Place);

    return RtlInsertElementGenericTableFullAvl(Table, Buffer, BufferSize, NewElement, Place, Search);
}

/* Windows: ntddk.h, RtlLookupElementGenericTableFullAvl.  Differences: none. */
PVOID
RtlLookupElementGenericTableFullAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID *NodeOrParent, TABLE_SEARCH_RESULT *SearchResult)
{
    NODE *Place;

    *SearchResult = RtlpAvlFind(Table, Buffer, &Place);
    *NodeOrParent = Place;
    return *SearchResult == TableFoundNode ? RtlpAvlData(Place) : NULL;
}

/* Windows: ntddk.h, RtlLookupElementGenericTableAvl.  Differences: none. */
PVOID
RtlLookupElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    NODE *Place;

    return RtlpAvlFind(Table, Buffer, &Place) == TableFoundNode ? RtlpAvlData(Place) : NULL;
}

static NODE *
RtlpAvlFirst(NODE *Node)
{
    while (Node != NULL && Node->LeftChild != NULL) {
        Node = Node->LeftChild;
    }
    return Node;
}

static NODE *
RtlpAvlNext(PRTL_AVL_TABLE Table, NODE *Node)
{
    if (Node->RightChild != NULL) {
        return RtlpAvlFirst(Node->RightChild);
    }
    while (Node->Parent != &Table->BalancedRoot && Node->Parent->RightChild == Node) {
        Node = Node->Parent;
    }
    return Node->Parent == &Table->BalancedRoot ? NULL : Node->Parent;
}

/* Swaps Node, which has two children, with its in-order successor, so that it has at most one. */
static VOID
RtlpAvlSwapDown(NODE *Node)
{
    NODE *Heir = RtlpAvlFirst(Node->RightChild);
    NODE *HeirParent = Heir->Parent;
    NODE *HeirRight = Heir->RightChild;

    Heir->Balance = Node->Balance;
    RtlpAvlReplaceChild(Node->Parent, Node, Heir);
    Heir->LeftChild = Node->LeftChild;
    Heir->LeftChild->Parent = Heir;
    if (HeirParent == Node) {
        Heir->RightChild = Node;
        Node->Parent = Heir;
    } else {
        Heir->RightChild = Node->RightChild;
        Heir->RightChild->Parent = Heir;
        HeirParent->LeftChild = Node;
        Node->Parent = HeirParent;
    }
    Node->LeftChild = NULL;
    Node->RightChild = HeirRight;
    if (HeirRight != NULL) {
        HeirRight->Parent = Node;
    }
}

static VOID
RtlpAvlRemoveNode(PRTL_AVL_TABLE Table, NODE *Node)
{
    NODE *Root = &Table->BalancedRoot;

    if (Node->LeftChild != NULL && Node->RightChild != NULL) {
        RtlpAvlSwapDown(Node);
    }
    NODE *Up = Node->Parent;
    BOOLEAN Left = Up->LeftChild == Node;
    RtlpAvlReplaceChild(Up, Node, Node->LeftChild != NULL ? Node->LeftChild : Node->RightChild);
    while (Up != Root) {
        Up->Balance = (CHAR)(Up->Balance + (Left ? 1 : -1));
        if (Up->Balance > 1 || Up->Balance < -1) {
            Up = RtlpAvlRebalance(Up);
        }
        if (Up->Balance != 0) {
            break;                             /* the height did not change */
        }
        Left = Up->Parent->LeftChild == Up;
        Up = Up->Parent;
    }
    Table->NumberGenericTableElements--;
    Table->DeleteCount++;
    Table->OrderedPointer = NULL;
    Table->WhichOrderedElement = 0;
}

/* Windows: ntddk.h, RtlDeleteElementGenericTableAvl.  Differences: none. */
BOOLEAN
RtlDeleteElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer)
{
    NODE *Node;

    if (RtlpAvlFind(Table, Buffer, &Node) != TableFoundNode) {
        return FALSE;
    }
    if (Table->RestartKey == Node) {
        Table->RestartKey = NULL;
    }
    RtlpAvlRemoveNode(Table, Node);
    memset(Node, 0, sizeof(*Node));
    Table->FreeRoutine(Table, Node);
    return TRUE;
}

/* Windows: ntddk.h, RtlEnumerateGenericTableWithoutSplayingAvl.  Differences: none. */
PVOID
RtlEnumerateGenericTableWithoutSplayingAvl(PRTL_AVL_TABLE Table, PVOID *RestartKey)
{
    NODE *Node = *RestartKey;

    Node = Node == NULL ? RtlpAvlFirst(Table->BalancedRoot.RightChild) : RtlpAvlNext(Table, Node);
    if (Node != NULL) {
        *RestartKey = Node;
    }
    return Node != NULL ? RtlpAvlData(Node) : NULL;
}

/* Windows: ntddk.h, RtlEnumerateGenericTableAvl.  Differences: none. */
PVOID
RtlEnumerateGenericTableAvl(PRTL_AVL_TABLE Table, BOOLEAN Restart)
{
    PVOID Key = Restart ? NULL : Table->RestartKey;
    PVOID Data = RtlEnumerateGenericTableWithoutSplayingAvl(Table, &Key);

    Table->RestartKey = Key;
    return Data;
}

/* Windows: ntddk.h, RtlGetElementGenericTableAvl.  Differences: none. */
PVOID
RtlGetElementGenericTableAvl(PRTL_AVL_TABLE Table, ULONG I)
{
    if (I >= Table->NumberGenericTableElements) {
        return NULL;
    }
    if (Table->OrderedPointer == NULL || Table->WhichOrderedElement > I + 1) {
        Table->OrderedPointer = RtlpAvlFirst(Table->BalancedRoot.RightChild);
        Table->WhichOrderedElement = 1;
    }
    while (Table->WhichOrderedElement < I + 1) {
        Table->OrderedPointer = RtlpAvlNext(Table, Table->OrderedPointer);
        Table->WhichOrderedElement++;
    }
    return RtlpAvlData(Table->OrderedPointer);
}

/* Windows: ntddk.h, RtlNumberGenericTableElementsAvl.  Differences: none. */
ULONG
RtlNumberGenericTableElementsAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements;
}

/* Windows: ntddk.h, RtlIsGenericTableEmptyAvl.  Differences: none. */
BOOLEAN
RtlIsGenericTableEmptyAvl(PRTL_AVL_TABLE Table)
{
    return Table->NumberGenericTableElements == 0;
}

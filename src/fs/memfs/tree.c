/* SPDX-License-Identifier: MIT */
/*
 * memfs: a directory's names, a treap.
 *
 * The order is first without case, then by code, so that names that fold equal are neighbours, a listing is alphabetical as on
 * Windows, and both kinds of look-up are searches of the same tree.
 */
#include "fs/memfs/mfsp.h"

static LONG
MfsCompareFolded(const WCHAR *A, USHORT ACount, const WCHAR *B, USHORT BCount)
{
    const USHORT Count = ACount < BCount ? ACount : BCount;
    for (USHORT i = 0; i < Count; i++) {
        if (A[i] != B[i]) {
            const WCHAR X = RtlUpcaseUnicodeChar(A[i]), Y = RtlUpcaseUnicodeChar(B[i]);
            if (X != Y) {
                return X < Y ? -1 : 1;
            }
        }
    }
    return (LONG)ACount - (LONG)BCount;
}

static LONG
MfsCompare(const WCHAR *A, USHORT ACount, const WCHAR *B, USHORT BCount)
{
    const LONG Folded = MfsCompareFolded(A, ACount, B, BCount);
    for (USHORT i = 0; Folded == 0 && i < ACount; i++) {
        if (A[i] != B[i]) {
            return A[i] < B[i] ? -1 : 1;
        }
    }
    return Folded;
}

MFS_ENTRY *
MfsTreeFind(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters)
{
    while (Root != NULL) {
        const LONG Order = MfsCompare(Name, Characters, Root->Name, Root->Characters);
        if (Order == 0) {
            break;
        }
        Root = Order < 0 ? Root->Left : Root->Right;
    }
    return Root;
}

MFS_ENTRY *
MfsTreeFindFolded(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters)
{
    MFS_ENTRY *Found = NULL;
    while (Root != NULL) {
        const LONG Order = MfsCompareFolded(Name, Characters, Root->Name, Root->Characters);
        if (Order == 0) {
            Found = Root;                      /* go on to the first of its equals */
        }
        Root = Order <= 0 ? Root->Left : Root->Right;
    }
    return Found;
}

MFS_ENTRY *
MfsTreeAfter(MFS_ENTRY *Root, const WCHAR *Name, USHORT Characters)
{
    MFS_ENTRY *Found = NULL;
    while (Root != NULL) {
        if (Characters == 0 || MfsCompare(Name, Characters, Root->Name, Root->Characters) < 0) {
            Found = Root;
            Root = Root->Left;
        } else {
            Root = Root->Right;
        }
    }
    return Found;
}

/* All of Root before Entry's name to *Left, all behind it to *Right. */
static VOID
MfsTreeSplit(MFS_ENTRY *Root, const MFS_ENTRY *Entry, MFS_ENTRY **Left, MFS_ENTRY **Right)
{
    while (Root != NULL) {
        if (MfsCompare(Entry->Name, Entry->Characters, Root->Name, Root->Characters) < 0) {
            *Right = Root;
            Right = &Root->Left;
            Root = Root->Left;
        } else {
            *Left = Root;
            Left = &Root->Right;
            Root = Root->Right;
        }
    }
    *Left = *Right = NULL;
}

VOID
MfsTreeInsert(MFS_ENTRY **Root, MFS_ENTRY *Entry)
{
    while (*Root != NULL && (*Root)->Priority >= Entry->Priority) {
        const LONG Order = MfsCompare(Entry->Name, Entry->Characters, (*Root)->Name, (*Root)->Characters);
        Root = Order < 0 ? &(*Root)->Left : &(*Root)->Right;
    }
    MFS_ENTRY *Below = *Root;
    *Root = Entry;
    MfsTreeSplit(Below, Entry, &Entry->Left, &Entry->Right);
}

VOID
MfsTreeRemove(MFS_ENTRY **Root, MFS_ENTRY *Entry)
{
    while (*Root != Entry) {
        const LONG Order = MfsCompare(Entry->Name, Entry->Characters, (*Root)->Name, (*Root)->Characters);
        Root = Order < 0 ? &(*Root)->Left : &(*Root)->Right;
    }
    MFS_ENTRY *Left = Entry->Left, *Right = Entry->Right;
    while (Left != NULL && Right != NULL) {
        if (Left->Priority >= Right->Priority) {
            *Root = Left;
            Root = &Left->Right;
            Left = Left->Right;
        } else {
            *Root = Right;
            Root = &Right->Left;
            Right = Right->Left;
        }
    }
    *Root = Left != NULL ? Left : Right;
    Entry->Left = Entry->Right = NULL;
}

MFS_ENTRY *
MfsEntryCreate(PCUNICODE_STRING Name)
{
    MFS_ENTRY *Entry = port_alloc(sizeof(*Entry) + Name->Length);
    if (Entry != NULL) {
        memset(Entry, 0, sizeof(*Entry));
        Entry->Priority = (ULONG)port_random();
        Entry->Characters = Name->Length / sizeof(WCHAR);
        memcpy(Entry->Name, Name->Buffer, Name->Length);
    }
    return Entry;
}

/* SPDX-License-Identifier: MIT */
/*
 * cm, inward header: keys and values.  A CMP_KEY is an object of ob; the tree holds one reference to each key, handles hold others.
 * A deleted key stays as memory until its handles are closed; every call on it gives STATUS_KEY_DELETED.
 */
#ifndef FB_CM_CMPP_H
#define FB_CM_CMPP_H

#include "cm/cmp.h"
#include "ob/obp.h"
#include "port/port.h"

typedef struct CMP_VALUE {
    LIST_ENTRY Links;
    UNICODE_STRING Name;
    ULONG Type;
    ULONG Length;
    UCHAR *Data;
} CMP_VALUE;

typedef struct CMP_KEY {
    /* CmpLock */
    struct CMP_KEY *Parent;                    /* borrowed; NULL: root or deleted */
    LIST_ENTRY Links;                          /* Parent->Children */
    LIST_ENTRY Children;
    LIST_ENTRY Values;
    ULONG ChildCount, ValueCount;
    LARGE_INTEGER LastWriteTime;
    BOOLEAN Deleted;
    /* constant after create */
    UNICODE_STRING Name;
} CMP_KEY;

extern port_rwlock CmpLock;
extern CMP_KEY *CmpRoot;                       /* \Registry */
extern POBJECT_TYPE CmpKeyType;

/* All with CmpLock held. */
CMP_KEY *CmpFindChildLocked(CMP_KEY *Key, PCUNICODE_STRING Name);
CMP_VALUE *CmpFindValueLocked(CMP_KEY *Key, PCUNICODE_STRING Name);
CMP_KEY *CmpNthChildLocked(CMP_KEY *Key, ULONG Index);
CMP_VALUE *CmpNthValueLocked(CMP_KEY *Key, ULONG Index);
NTSTATUS CmpCreateChildLocked(CMP_KEY *Key, PCUNICODE_STRING Name, CMP_KEY **Child);
VOID CmpDeleteKeyLocked(CMP_KEY *Key);         /* with everything below it */
NTSTATUS CmpSetValueLocked(CMP_KEY *Key, PCUNICODE_STRING Name, ULONG Type, const VOID *Data, ULONG Length);
VOID CmpDeleteValueLocked(CMP_KEY *Key, CMP_VALUE *Value);
/* Walks Path from Start (NULL: the root; Path then begins with \Registry); creates missing keys if Create.  Created tells whether the
 * last one is new.  No reference. */
NTSTATUS CmpWalkLocked(CMP_KEY *Start, PCUNICODE_STRING Path, BOOLEAN Create, CMP_KEY **Key, PBOOLEAN Created);

#endif

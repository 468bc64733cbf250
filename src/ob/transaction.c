/* SPDX-License-Identifier: MIT */
/*
 * Object types of the kernel transaction manager.  No object of these types ever exists here; drivers that ask whether
 * a file is opened in a transaction name the types all the same.
 */
#include "ob/obp.h"

static struct _OBJECT_TYPE ObpTransactionTypeBody = {.Name = L"TmTx", .WaitOffset = (ULONG)-1};
static struct _OBJECT_TYPE ObpEnlistmentTypeBody = {.Name = L"TmEn", .WaitOffset = (ULONG)-1};
static struct _OBJECT_TYPE ObpResourceManagerTypeBody = {.Name = L"TmRm", .WaitOffset = (ULONG)-1};
static struct _OBJECT_TYPE ObpTransactionManagerTypeBody = {.Name = L"TmTm", .WaitOffset = (ULONG)-1};

static POBJECT_TYPE ObpTransactionType = &ObpTransactionTypeBody;
static POBJECT_TYPE ObpEnlistmentType = &ObpEnlistmentTypeBody;
static POBJECT_TYPE ObpResourceManagerType = &ObpResourceManagerTypeBody;
static POBJECT_TYPE ObpTransactionManagerType = &ObpTransactionManagerTypeBody;

POBJECT_TYPE *TmTransactionObjectType = &ObpTransactionType;
POBJECT_TYPE *TmEnlistmentObjectType = &ObpEnlistmentType;
POBJECT_TYPE *TmResourceManagerObjectType = &ObpResourceManagerType;
POBJECT_TYPE *TmTransactionManagerObjectType = &ObpTransactionManagerType;

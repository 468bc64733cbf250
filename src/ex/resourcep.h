/* SPDX-License-Identifier: MIT */
/* ex, private: resources. */
#ifndef FB_EX_RESOURCEP_H
#define FB_EX_RESOURCEP_H

#include "ex/exp.h"

typedef struct EXP_RESOURCE_WAIT {
    _Atomic(uint32_t) State;                   /* 1: the thread is an owner */
    struct EXP_RESOURCE_WAIT *Next;
    ERESOURCE_THREAD Thread;
} EXP_RESOURCE_WAIT;

typedef struct EXP_RESOURCE_STATE {
    ULONG Active, Depth;
    BOOLEAN Exclusive;
    ULONG SharedWaiters, ExclusiveWaiters;
} EXP_RESOURCE_STATE;

VOID ExpResourceQuery(PERESOURCE Resource, ERESOURCE_THREAD Thread, EXP_RESOURCE_STATE *State);

#endif

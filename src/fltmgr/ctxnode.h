/* SPDX-License-Identifier: MIT */
/* fltmgr, inward: contexts, and what they hang on.  Part of fltp.h, which includes it. */
#ifndef FB_FLTMGR_CTXNODE_H
#define FB_FLTMGR_CTXNODE_H

#include <fltKernel.h>

#include "port/port.h"
#include "vf/vf.h"

struct FLTP_CONTEXT_NODE;
struct FLTP_DEFINITION;

typedef enum FLTP_TARGET_KIND { FltpTargetVolume, FltpTargetInstance, FltpTargetStream, FltpTargetFile, FltpTargetHandle, FltpTargetTransaction } FLTP_TARGET_KIND;

#define FLTP_NEAR_COUNT 8

/* Something contexts are set on. */
typedef struct FLTP_TARGET {
    _Atomic(struct FLTP_CONTEXT_NODE *) Head;  /* all of them; written under Lock, read under RCU */
    _Atomic(struct FLTP_CONTEXT_NODE *) Near[FLTP_NEAR_COUNT];   /* the same; by FLTP_LINK_OWNER.Near one that is also on the list, or NULL */
    port_lock Lock;
    USHORT Kind;                               /* constant */
    BOOLEAN Dead;                              /* Lock: nothing can be set any more */
    _Atomic(ULONG) Memory;                     /* keeps the memory only */
    VOID (*Free)(struct FLTP_TARGET *Target);  /* last Memory reference; NULL: embedded in an object with its own life */
} FLTP_TARGET;

/* Lists every context node that goes when the key (instance or filter) goes. */
typedef struct FLTP_LINK_OWNER {
    port_lock Lock;
    BOOLEAN Closed;                            /* Lock */
    UCHAR Near;                                /* below FLTP_NEAR_COUNT, another one for each of some instances of a volume; constant */
    LIST_ENTRY Links;                          /* Lock; FLTP_CONTEXT_NODE.OwnerLinks */
} FLTP_LINK_OWNER;

#define FLTP_NODE_LINKED ((int64_t)1 << 32)
#define FLTP_NODE_DEAD ((int64_t)1 << 62)
#define FLTP_NODE_COUNT(Word) ((uint32_t)(Word))

typedef struct FLTP_CONTEXT_NODE {
    /* read by searches, under RCU */
    _Atomic(struct FLTP_CONTEXT_NODE *) Next;
    ULONG_PTR Key;                             /* FltpNodeKey.  Target->Lock */
    PFLT_CONTEXT Context;                      /* the driver's block; constant */
    FLT_CONTEXT_TYPE Type;                     /* constant */
    BOOLEAN Paged, Custom;
    port_lock Lock;                            /* Target */
    /* On a line of its own: gets and releases write it, the searches of others read what is above. */
    _Alignas(64) _Atomic(int64_t) Word;
    _Atomic(ULONG) Unlinks;                    /* how often it was unlinked */
    /* written under Target->Lock; OwnerLinks under LinkOwner->Lock */
    FLTP_TARGET *Target;                       /* NULL: not linked.  Also under Lock */
    FLTP_LINK_OWNER *LinkOwner;
    LIST_ENTRY OwnerLinks;
    /* constant after allocate */
    PFLT_FILTER Filter;
    const struct FLTP_DEFINITION *Definition;
    PVOID Block;                               /* what the allocator returned */
    SIZE_T BlockSize;
    vf_object *Ledger;
    struct FLTP_CONTEXT_NODE *NextDeferred;    /* chain of frees that wait for IRQL < DISPATCH_LEVEL */
    struct port_rcu_head Rcu;
} FLTP_CONTEXT_NODE;

/*
 * What a search compares: the instance (the filter, for a volume context) and the type in one number.  They cannot meet: a type is at most
 * 0x40, and instances and filters are larger than that.
 */
static inline ULONG_PTR FltpNodeKey(const void *Object, FLT_CONTEXT_TYPE Type) { return (ULONG_PTR)Object + Type; }

#define FLTP_CONTEXT_MAGIC 0x78436C46u
#define FLTP_CONTEXT_MAGIC_WATCHED 0x77436C46u  /* as FLTP_FILE_WATCHED */
#define FLTP_CONTEXT_MAGIC_DEAD 0x64436C46u
typedef struct FLTP_CONTEXT_HEADER {           /* 16 bytes: keeps the block's alignment */
    FLTP_CONTEXT_NODE *Node;
    ULONG Magic;
    ULONG Reserved;
} FLTP_CONTEXT_HEADER;
static inline FLTP_CONTEXT_HEADER *FltpContextHeader(PFLT_CONTEXT Context) { return (FLTP_CONTEXT_HEADER *)Context - 1; }

typedef struct FLTP_DEFINITION {               /* one accepted FLT_CONTEXT_REGISTRATION */
    FLT_CONTEXT_REGISTRATION Registration;
    BOOLEAN Variable, Custom, AnySmaller;
} FLTP_DEFINITION;

#define FLTP_CONTEXT_TYPES 7
#define FLTP_DEFINITIONS_PER_TYPE 4
typedef struct FLTP_DEFINITIONS { ULONG Count; FLTP_DEFINITION Entries[FLTP_DEFINITIONS_PER_TYPE]; } FLTP_DEFINITIONS;   /* ascending size, variable last */
static inline int FltpContextTypeIndex(FLT_CONTEXT_TYPE Type) { return Type != 0 && Type < 0x80 && (Type & (Type - 1)) == 0 ? __builtin_ctz(Type) : -1; }

#endif

/* SPDX-License-Identifier: MIT */
/* ex, private: the pool's block header. */
#ifndef FB_EX_POOLP_H
#define FB_EX_POOLP_H

#include "ex/exp.h"

#include <ntos/mm.h>

#define EXP_POOL_GUARD 16
#define EXP_FILL_FRESH 0xCE
#define EXP_FILL_GUARD 0xFB
#define EXP_FILL_FREED 0xDE

#define EXP_POOL_LIVE 0x506C6F00u
#define EXP_POOL_DEAD 0x44656100u
#define EXP_POOL_MAGIC_MASK 0xFFFFFF00u
/* Traits in the low byte of Magic */
#define EXP_POOL_PAGE 0x01u
#define EXP_POOL_CACHE 0x02u
#define EXP_POOL_GUARDED 0x04u
#define EXP_POOL_ZERO 0x08u
#define EXP_POOL_KEPT 0x07u

#ifndef PROTECTED_POOL
#define PROTECTED_POOL 0x80000000u
#endif

typedef struct EXP_POOL {
    SIZE_T Size;
    vf_owner *Owner;
    vf_object *Object;
    ULONG Tag;
    ULONG Magic;                               /* last: malloc reuses the first bytes of a freed block first */
} EXP_POOL;
_Static_assert(sizeof(EXP_POOL) == 32, "blocks stay 16-aligned");

BOOLEAN ExpPoolGuarded(VOID);                  /* verifier on, no AddressSanitizer */
VOID ExpPoolReadHeader(const VOID *Block, EXP_POOL *Header);
VOID ExpPoolWriteHeader(PVOID Block, const EXP_POOL *Header);
/* Marks the block dead; FALSE: another thread was first. */
BOOLEAN ExpPoolClaim(PVOID Block, ULONG Magic);
BOOLEAN ExpPoolIsFilled(const UCHAR *Bytes, UCHAR Value, SIZE_T Count);
/* Keeps a dead block for a while; checks and frees the oldest. */
VOID ExpPoolQuarantine(PVOID Raw, PVOID Block, SIZE_T Size, vf_owner *Owner);

PVOID ExpPoolCreate(SIZE_T Bytes, ULONG Tag, ULONG Traits, vf_owner *Owner, const char *Routine);

#endif

/* SPDX-License-Identifier: MIT */
/* The documented ways to allocate pool.  All pool is one: paged, nonpaged and session pool differ only in what is checked. */
#include "ex/poolp.h"

typedef struct EXP_POOL_REQUEST {
    SIZE_T Bytes;
    ULONG Tag;
    ULONG Traits;
    BOOLEAN Paged;
    BOOLEAN Raise;
    const char *Routine;
    const VOID *Caller;
} EXP_POOL_REQUEST;

static PVOID
ExpPoolRequest(const EXP_POOL_REQUEST *Request)
{
    vf_owner *Owner = KiOwnerOfCall(Request->Caller);
    PVOID Block = NULL;

    if (vf_on() && Request->Paged && KiCurrent()->Irql > APC_LEVEL) {
        KiIrqlViolation(Request->Routine, APC_LEVEL, Request->Caller);
    }
    if (!vf_inject(Request->Routine, Owner)) {
        Block = ExpPoolCreate(Request->Bytes, Request->Tag, Request->Traits, Owner, Request->Routine);
    }
    if (Block == NULL && Request->Raise) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    return Block;
}

/* Fields that follow from a POOL_TYPE. */
static EXP_POOL_REQUEST
ExpPoolByType(POOL_TYPE PoolType, SIZE_T Bytes, ULONG Tag, const char *Routine, const VOID *Caller)
{
    const ULONG Type = (ULONG)PoolType;
    EXP_POOL_REQUEST Request = {
        .Bytes = Bytes,
        .Tag = Tag,
        .Traits = ((Type & 4) != 0 ? EXP_POOL_CACHE : 0) | ((Type & POOL_ZERO_ALLOCATION) != 0 ? EXP_POOL_ZERO : 0),
        .Paged = (Type & 1) != 0,
        .Raise = (Type & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0,
        .Routine = Routine,
        .Caller = Caller};
    return Request;
}

#define EXP_TAG_NONE 0x656E6F4Eu               /* "None", as Windows tags ExAllocatePool */

/* Windows: wdm.h, ExAllocatePool.  Differences: none. */
PVOID
ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, EXP_TAG_NONE, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolWithTag.  Differences: none. */
PVOID
ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolWithTagPriority.  Differences: the priority is not used. */
PVOID
ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    UNREFERENCED_PARAMETER(Priority);
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Raises on failure unless the type says otherwise; there are no quotas. */
static EXP_POOL_REQUEST
ExpPoolByQuotaType(POOL_TYPE PoolType, SIZE_T Bytes, ULONG Tag, const char *Routine, const VOID *Caller)
{
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, Bytes, Tag, Routine, Caller);
    Request.Raise = ((ULONG)PoolType & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) == 0;
    return Request;
}

/* Windows: wdm.h, ExAllocatePoolWithQuota.  Differences: no quota is charged. */
PVOID
ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    EXP_POOL_REQUEST Request = ExpPoolByQuotaType(PoolType, NumberOfBytes, EXP_TAG_NONE, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolWithQuotaTag.  Differences: no quota is charged. */
PVOID
ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByQuotaType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolZero.  Differences: none. */
PVOID
ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    Request.Traits |= EXP_POOL_ZERO;
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolUninitialized.  Differences: none. */
PVOID
ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolQuotaZero.  Differences: no quota is charged. */
PVOID
ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByQuotaType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    Request.Traits |= EXP_POOL_ZERO;
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolQuotaUninitialized.  Differences: no quota is charged. */
PVOID
ExAllocatePoolQuotaUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    EXP_POOL_REQUEST Request = ExpPoolByQuotaType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolPriorityZero.  Differences: the priority is not used. */
PVOID
ExAllocatePoolPriorityZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    UNREFERENCED_PARAMETER(Priority);
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    Request.Traits |= EXP_POOL_ZERO;
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePoolPriorityUninitialized.  Differences: the priority is not used. */
PVOID
ExAllocatePoolPriorityUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    UNREFERENCED_PARAMETER(Priority);
    EXP_POOL_REQUEST Request = ExpPoolByType(PoolType, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
    return ExpPoolRequest(&Request);
}

/* Exactly one kind of pool, no unknown required flag, a tag and a size. */
static BOOLEAN
ExpPoolFlagsAreValid(POOL_FLAGS Flags, SIZE_T Bytes, ULONG Tag)
{
    const POOL_FLAGS Kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
    const POOL_FLAGS Known = Kinds | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | POOL_FLAG_SESSION |
                             POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE | POOL_FLAG_RESERVED1;
    const POOL_FLAGS Kind = Flags & Kinds;
    return Kind != 0 && (Kind & (Kind - 1)) == 0 && (Flags & 0xFFFFFFFFull & ~Known) == 0 && Bytes != 0 && Tag != 0;
}

static PVOID
ExpPoolByFlags(POOL_FLAGS Flags, SIZE_T Bytes, ULONG Tag, const char *Routine, const VOID *Caller)
{
    EXP_POOL_REQUEST Request = {
        .Bytes = Bytes,
        .Tag = Tag,
        .Traits = ((Flags & POOL_FLAG_UNINITIALIZED) == 0 ? EXP_POOL_ZERO : 0) |
                  ((Flags & POOL_FLAG_CACHE_ALIGNED) != 0 ? EXP_POOL_CACHE : 0),
        .Paged = (Flags & POOL_FLAG_PAGED) != 0,
        .Raise = (Flags & POOL_FLAG_RAISE_ON_FAILURE) != 0,
        .Routine = Routine,
        .Caller = Caller};
    if (!ExpPoolFlagsAreValid(Flags, Bytes, Tag)) {
        if (Request.Raise) {
            ExRaiseStatus(STATUS_INVALID_PARAMETER);
        }
        return NULL;
    }
    return ExpPoolRequest(&Request);
}

/* Windows: wdm.h, ExAllocatePool2.  Differences: no quota is charged. */
PVOID
ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExpPoolByFlags(Flags, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
}

/* Windows: wdm.h, ExAllocatePool3.  Differences: as ExAllocatePool2; priority and node are not used, secure pool is not there. */
PVOID
ExAllocatePool3(
    POOL_FLAGS Flags,
    SIZE_T NumberOfBytes,
    ULONG Tag,
    PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
    ULONG ExtendedParametersCount)
{
    for (ULONG i = 0; i < ExtendedParametersCount; i++) {
        const ULONG64 Type = ExtendedParameters[i].Type;
        const BOOLEAN Known = Type == PoolExtendedParameterPriority || Type == PoolExtendedParameterNumaNode;
        if (!Known && !ExtendedParameters[i].Optional) {
            return NULL;
        }
    }
    return ExpPoolByFlags(Flags, NumberOfBytes, Tag, __func__, __builtin_return_address(0));
}

/* Windows: wdm.h, ExInitializeDriverRuntime.  Differences: pool is never executable, nothing is left to opt into. */
#undef ExInitializeDriverRuntime
VOID
ExInitializeDriverRuntime(ULONG RuntimeFlags)
{
    UNREFERENCED_PARAMETER(RuntimeFlags);
}

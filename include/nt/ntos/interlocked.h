/* SPDX-License-Identifier: MIT */
/*
 * Interlocked operations.  All are full barriers, as on x64; the Acquire, Release and NoFence spellings are the same
 * operations, because Windows promises no more than those names say and x64 gives no less.
 */
#ifndef _NTOS_INTERLOCKED_H_
#define _NTOS_INTERLOCKED_H_

#include <ntdef.h>

EXTERN_C_START

FORCEINLINE LONG
InterlockedIncrement(LONG volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedDecrement(LONG volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedExchange(LONG volatile *Target, LONG Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedCompareExchange(LONG volatile *Destination, LONG ExChange, LONG Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, ExChange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}

FORCEINLINE LONG
InterlockedOr(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedAnd(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedXor(LONG volatile *Destination, LONG Value)
{
    return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
{
    return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG
InterlockedAdd(LONG volatile *Addend, LONG Value)
{
    return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedIncrement64(LONG64 volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedDecrement64(LONG64 volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedExchange64(LONG64 volatile *Target, LONG64 Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedCompareExchange64(LONG64 volatile *Destination, LONG64 ExChange, LONG64 Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, ExChange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}

FORCEINLINE LONG64
InterlockedOr64(LONG64 volatile *Destination, LONG64 Value)
{
    return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedAnd64(LONG64 volatile *Destination, LONG64 Value)
{
    return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedXor64(LONG64 volatile *Destination, LONG64 Value)
{
    return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedExchangeAdd64(LONG64 volatile *Addend, LONG64 Value)
{
    return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE LONG64
InterlockedAdd64(LONG64 volatile *Addend, LONG64 Value)
{
    return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedIncrement16(SHORT volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedDecrement16(SHORT volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedExchange16(SHORT volatile *Target, SHORT Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedCompareExchange16(SHORT volatile *Destination, SHORT ExChange, SHORT Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, ExChange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}

FORCEINLINE SHORT
InterlockedOr16(SHORT volatile *Destination, SHORT Value)
{
    return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedAnd16(SHORT volatile *Destination, SHORT Value)
{
    return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE SHORT
InterlockedXor16(SHORT volatile *Destination, SHORT Value)
{
    return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char
InterlockedOr8(char volatile *Destination, char Value)
{
    return __atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char
InterlockedAnd8(char volatile *Destination, char Value)
{
    return __atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char
InterlockedXor8(char volatile *Destination, char Value)
{
    return __atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char
InterlockedExchange8(char volatile *Target, char Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE PVOID
InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE PVOID
InterlockedCompareExchangePointer(PVOID volatile *Destination, PVOID Exchange, PVOID Comperand)
{
    __atomic_compare_exchange_n(
        Destination, &Comperand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comperand;
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndSet(LONG volatile *Base, LONG Bit)
{
    LONG Mask = (LONG)((ULONG)1 << (Bit & 31));
    return (BOOLEAN)((__atomic_fetch_or(Base, Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndReset(LONG volatile *Base, LONG Bit)
{
    LONG Mask = (LONG)((ULONG)1 << (Bit & 31));
    return (BOOLEAN)((__atomic_fetch_and(Base, ~Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndComplement(LONG volatile *Base, LONG Bit)
{
    LONG Mask = (LONG)((ULONG)1 << (Bit & 31));
    return (BOOLEAN)((__atomic_fetch_xor(Base, Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndSet64(LONG64 volatile *Base, LONG64 Bit)
{
    LONG64 Mask = (LONG64)((ULONG64)1 << (Bit & 63));
    return (BOOLEAN)((__atomic_fetch_or(Base, Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndReset64(LONG64 volatile *Base, LONG64 Bit)
{
    LONG64 Mask = (LONG64)((ULONG64)1 << (Bit & 63));
    return (BOOLEAN)((__atomic_fetch_and(Base, ~Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

FORCEINLINE BOOLEAN
InterlockedBitTestAndComplement64(LONG64 volatile *Base, LONG64 Bit)
{
    LONG64 Mask = (LONG64)((ULONG64)1 << (Bit & 63));
    return (BOOLEAN)((__atomic_fetch_xor(Base, Mask, __ATOMIC_SEQ_CST) & Mask) != 0);
}

/* ---- the same with weaker promises, and with unsigned or size arguments ----------------------- */

#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedIncrementNoFence InterlockedIncrement
#define InterlockedIncrementAcquire64 InterlockedIncrement64
#define InterlockedIncrementRelease64 InterlockedIncrement64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedDecrementNoFence InterlockedDecrement
#define InterlockedDecrementAcquire64 InterlockedDecrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedDecrementNoFence64 InterlockedDecrement64
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedExchangeRelease InterlockedExchange
#define InterlockedExchangeNoFence InterlockedExchange
#define InterlockedExchangeAcquire64 InterlockedExchange64
#define InterlockedExchangeRelease64 InterlockedExchange64
#define InterlockedExchangeNoFence64 InterlockedExchange64
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire64 InterlockedCompareExchange64
#define InterlockedCompareExchangeRelease64 InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#define InterlockedOrAcquire InterlockedOr
#define InterlockedOrRelease InterlockedOr
#define InterlockedOrNoFence InterlockedOr
#define InterlockedOrAcquire64 InterlockedOr64
#define InterlockedOrRelease64 InterlockedOr64
#define InterlockedOrNoFence64 InterlockedOr64
#define InterlockedAndAcquire InterlockedAnd
#define InterlockedAndRelease InterlockedAnd
#define InterlockedAndNoFence InterlockedAnd
#define InterlockedAndAcquire64 InterlockedAnd64
#define InterlockedAndRelease64 InterlockedAnd64
#define InterlockedAndNoFence64 InterlockedAnd64
#define InterlockedXorAcquire InterlockedXor
#define InterlockedXorRelease InterlockedXor
#define InterlockedXorNoFence InterlockedXor
#define InterlockedXorAcquire64 InterlockedXor64
#define InterlockedXorRelease64 InterlockedXor64
#define InterlockedXorNoFence64 InterlockedXor64
#define InterlockedExchangeAddAcquire InterlockedExchangeAdd
#define InterlockedExchangeAddRelease InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence InterlockedExchangeAdd
#define InterlockedExchangeAddAcquire64 InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease64 InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence64 InterlockedExchangeAdd64
#define InterlockedAddAcquire InterlockedAdd
#define InterlockedAddRelease InterlockedAdd
#define InterlockedAddNoFence InterlockedAdd
#define InterlockedAddAcquire64 InterlockedAdd64
#define InterlockedAddRelease64 InterlockedAdd64
#define InterlockedAddNoFence64 InterlockedAdd64
#define InterlockedCompareExchange64Acquire InterlockedCompareExchange64
#define InterlockedCompareExchange64Release InterlockedCompareExchange64
#define InterlockedCompareExchange64NoFence InterlockedCompareExchange64
#define InterlockedExchangePointerAcquire InterlockedExchangePointer
#define InterlockedExchangePointerRelease InterlockedExchangePointer
#define InterlockedExchangePointerNoFence InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer
#define InterlockedBitTestAndSetAcquire InterlockedBitTestAndSet
#define InterlockedBitTestAndSetRelease InterlockedBitTestAndSet
#define InterlockedBitTestAndSetNoFence InterlockedBitTestAndSet
#define InterlockedBitTestAndSet64Acquire InterlockedBitTestAndSet64
#define InterlockedBitTestAndSet64Release InterlockedBitTestAndSet64
#define InterlockedBitTestAndSet64NoFence InterlockedBitTestAndSet64
#define InterlockedBitTestAndResetAcquire InterlockedBitTestAndReset
#define InterlockedBitTestAndResetRelease InterlockedBitTestAndReset
#define InterlockedBitTestAndResetNoFence InterlockedBitTestAndReset
#define InterlockedBitTestAndReset64Acquire InterlockedBitTestAndReset64
#define InterlockedBitTestAndReset64Release InterlockedBitTestAndReset64
#define InterlockedBitTestAndReset64NoFence InterlockedBitTestAndReset64
#define InterlockedBitTestAndComplementAcquire InterlockedBitTestAndComplement
#define InterlockedBitTestAndComplementRelease InterlockedBitTestAndComplement
#define InterlockedBitTestAndComplementNoFence InterlockedBitTestAndComplement
#define InterlockedBitTestAndComplement64Acquire InterlockedBitTestAndComplement64
#define InterlockedBitTestAndComplement64Release InterlockedBitTestAndComplement64
#define InterlockedBitTestAndComplement64NoFence InterlockedBitTestAndComplement64
#define InterlockedIncrementSizeT(A) ((SIZE_T)InterlockedIncrement64((LONG64 volatile *)(A)))
#define InterlockedDecrementSizeT(A) ((SIZE_T)InterlockedDecrement64((LONG64 volatile *)(A)))
#define InterlockedExchangeAddSizeT(A, B) \
    ((SIZE_T)InterlockedExchangeAdd64((LONG64 volatile *)(A), (LONG64)(B)))
#define InterlockedIncrementSizeTNoFence(A) ((SIZE_T)InterlockedIncrement64((LONG64 volatile *)(A)))
#define InterlockedDecrementSizeTNoFence(A) ((SIZE_T)InterlockedDecrement64((LONG64 volatile *)(A)))
#define InterlockedExchangeAddSizeTNoFence(A, B) \
    ((SIZE_T)InterlockedExchangeAdd64((LONG64 volatile *)(A), (LONG64)(B)))
#define InterlockedIncrementSizeTAcquire(A) ((SIZE_T)InterlockedIncrement64((LONG64 volatile *)(A)))
#define InterlockedDecrementSizeTAcquire(A) ((SIZE_T)InterlockedDecrement64((LONG64 volatile *)(A)))
#define InterlockedExchangeAddSizeTAcquire(A, B) \
    ((SIZE_T)InterlockedExchangeAdd64((LONG64 volatile *)(A), (LONG64)(B)))
#define InterlockedIncrementSizeTRelease(A) ((SIZE_T)InterlockedIncrement64((LONG64 volatile *)(A)))
#define InterlockedDecrementSizeTRelease(A) ((SIZE_T)InterlockedDecrement64((LONG64 volatile *)(A)))
#define InterlockedExchangeAddSizeTRelease(A, B) \
    ((SIZE_T)InterlockedExchangeAdd64((LONG64 volatile *)(A), (LONG64)(B)))
#define InterlockedExchangeSubtract(A, B) ((ULONG)InterlockedExchangeAdd((LONG volatile *)(A), -(LONG)(B)))
#define InterlockedAddULong(A, B) ((ULONG)InterlockedAdd((LONG volatile *)(A), (LONG)(B)))
#define InterlockedExchangeAddULong(A, B) ((ULONG)InterlockedExchangeAdd((LONG volatile *)(A), (LONG)(B)))
#define InterlockedIncrementULong(A) ((ULONG)InterlockedIncrement((LONG volatile *)(A)))
#define InterlockedDecrementULong(A) ((ULONG)InterlockedDecrement((LONG volatile *)(A)))
#define InterlockedOrAffinity(A, B) InterlockedOr64((LONG64 volatile *)(A), (LONG64)(B))
#define InterlockedAndAffinity(A, B) InterlockedAnd64((LONG64 volatile *)(A), (LONG64)(B))

/* The compiler intrinsics behind the names. */
#if !defined(_MSC_VER)
#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedIncrement64 InterlockedIncrement64
#define _InterlockedIncrement16 InterlockedIncrement16
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedDecrement64 InterlockedDecrement64
#define _InterlockedDecrement16 InterlockedDecrement16
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchange64 InterlockedExchange64
#define _InterlockedExchange16 InterlockedExchange16
#define _InterlockedCompareExchange InterlockedCompareExchange
#define _InterlockedCompareExchange64 InterlockedCompareExchange64
#define _InterlockedCompareExchange16 InterlockedCompareExchange16
#define _InterlockedOr InterlockedOr
#define _InterlockedOr64 InterlockedOr64
#define _InterlockedOr16 InterlockedOr16
#define _InterlockedAnd InterlockedAnd
#define _InterlockedAnd64 InterlockedAnd64
#define _InterlockedAnd16 InterlockedAnd16
#define _InterlockedXor InterlockedXor
#define _InterlockedXor64 InterlockedXor64
#define _InterlockedXor16 InterlockedXor16
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedExchangeAdd64 InterlockedExchangeAdd64
#define _InterlockedOr8 InterlockedOr8
#define _InterlockedAnd8 InterlockedAnd8
#define _InterlockedXor8 InterlockedXor8
#define _InterlockedExchange8 InterlockedExchange8
#define _InterlockedExchangePointer InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer
#define _InterlockedAdd InterlockedAdd
#define _InterlockedAdd64 InterlockedAdd64
#define _interlockedbittestandset InterlockedBitTestAndSet
#define _interlockedbittestandset64 InterlockedBitTestAndSet64
#define _interlockedbittestandreset InterlockedBitTestAndReset
#define _interlockedbittestandreset64 InterlockedBitTestAndReset64
#endif

/* ---- barriers and hints ---------------------------------------------------------------------- */

#define KeMemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define KeMemoryBarrierWithoutFence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define FastFence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define LoadFence() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define StoreFence() __atomic_thread_fence(__ATOMIC_RELEASE)
#define MemoryFence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#if !defined(_MSC_VER)
#define YieldProcessor() __builtin_ia32_pause()
#define _mm_pause() __builtin_ia32_pause()
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier() __atomic_signal_fence(__ATOMIC_ACQUIRE)
#define _WriteBarrier() __atomic_signal_fence(__ATOMIC_RELEASE)
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() ((void *)((char *)__builtin_frame_address(0) + 8))
#else
#define YieldProcessor() __builtin_ia32_pause()
#endif

#include <ntos/readwrite.h>

EXTERN_C_END

#endif /* _NTOS_INTERLOCKED_H_ */

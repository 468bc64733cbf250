/* SPDX-License-Identifier: MIT */
/* Single reads and writes with a stated order. */
#ifndef _NTOS_READWRITE_H_
#define _NTOS_READWRITE_H_

#include <ntdef.h>

EXTERN_C_START

FORCEINLINE CHAR
ReadNoFence8(CHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE CHAR
ReadAcquire8(CHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE CHAR
ReadRaw8(CHAR const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteNoFence8(CHAR volatile *Destination, CHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteRelease8(CHAR volatile *Destination, CHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID
WriteRaw8(CHAR volatile *Destination, CHAR Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE SHORT
ReadNoFence16(SHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE SHORT
ReadAcquire16(SHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE SHORT
ReadRaw16(SHORT const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteNoFence16(SHORT volatile *Destination, SHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteRelease16(SHORT volatile *Destination, SHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID
WriteRaw16(SHORT volatile *Destination, SHORT Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE LONG
ReadNoFence(LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE LONG
ReadAcquire(LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE LONG
ReadRaw(LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteNoFence(LONG volatile *Destination, LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteRelease(LONG volatile *Destination, LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID
WriteRaw(LONG volatile *Destination, LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE LONG64
ReadNoFence64(LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE LONG64
ReadAcquire64(LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE LONG64
ReadRaw64(LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteNoFence64(LONG64 volatile *Destination, LONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteRelease64(LONG64 volatile *Destination, LONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID
WriteRaw64(LONG64 volatile *Destination, LONG64 Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE PVOID
ReadNoFencePointer(PVOID const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE PVOID
ReadAcquirePointer(PVOID const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE PVOID
ReadRawPointer(PVOID const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteNoFencePointer(PVOID volatile *Destination, PVOID Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

FORCEINLINE VOID
WriteReleasePointer(PVOID volatile *Destination, PVOID Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID
WriteRawPointer(PVOID volatile *Destination, PVOID Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

#define ReadUCharNoFence(S) ((UCHAR)ReadNoFence8((CHAR const volatile *)(S)))
#define ReadUCharAcquire(S) ((UCHAR)ReadAcquire8((CHAR const volatile *)(S)))
#define ReadUCharRaw(S) ((UCHAR)ReadRaw8((CHAR const volatile *)(S)))
#define WriteUCharNoFence(D, V) WriteNoFence8((CHAR volatile *)(D), (CHAR)(V))
#define WriteUCharRelease(D, V) WriteRelease8((CHAR volatile *)(D), (CHAR)(V))
#define WriteUCharRaw(D, V) WriteRaw8((CHAR volatile *)(D), (CHAR)(V))
#define ReadUShortNoFence(S) ((USHORT)ReadNoFence16((SHORT const volatile *)(S)))
#define ReadUShortAcquire(S) ((USHORT)ReadAcquire16((SHORT const volatile *)(S)))
#define ReadUShortRaw(S) ((USHORT)ReadRaw16((SHORT const volatile *)(S)))
#define WriteUShortNoFence(D, V) WriteNoFence16((SHORT volatile *)(D), (SHORT)(V))
#define WriteUShortRelease(D, V) WriteRelease16((SHORT volatile *)(D), (SHORT)(V))
#define WriteUShortRaw(D, V) WriteRaw16((SHORT volatile *)(D), (SHORT)(V))
#define ReadULongNoFence(S) ((ULONG)ReadNoFence((LONG const volatile *)(S)))
#define ReadULongAcquire(S) ((ULONG)ReadAcquire((LONG const volatile *)(S)))
#define ReadULongRaw(S) ((ULONG)ReadRaw((LONG const volatile *)(S)))
#define WriteULongNoFence(D, V) WriteNoFence((LONG volatile *)(D), (LONG)(V))
#define WriteULongRelease(D, V) WriteRelease((LONG volatile *)(D), (LONG)(V))
#define WriteULongRaw(D, V) WriteRaw((LONG volatile *)(D), (LONG)(V))
#define ReadULong64NoFence(S) ((ULONG64)ReadNoFence64((LONG64 const volatile *)(S)))
#define ReadULong64Acquire(S) ((ULONG64)ReadAcquire64((LONG64 const volatile *)(S)))
#define ReadULong64Raw(S) ((ULONG64)ReadRaw64((LONG64 const volatile *)(S)))
#define WriteULong64NoFence(D, V) WriteNoFence64((LONG64 volatile *)(D), (LONG64)(V))
#define WriteULong64Release(D, V) WriteRelease64((LONG64 volatile *)(D), (LONG64)(V))
#define WriteULong64Raw(D, V) WriteRaw64((LONG64 volatile *)(D), (LONG64)(V))

EXTERN_C_END

#endif /* _NTOS_READWRITE_H_ */

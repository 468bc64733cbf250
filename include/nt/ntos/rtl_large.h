/* SPDX-License-Identifier: MIT */
/* Arithmetic on LARGE_INTEGER, from the days before 64-bit compilers; drivers still use it. */
#ifndef _NTOS_RTL_LARGE_H_
#define _NTOS_RTL_LARGE_H_

#include <ntdef.h>

EXTERN_C_START

FORCEINLINE LARGE_INTEGER
RtlConvertLongToLargeInteger(LONG SignedInteger)
{
    LARGE_INTEGER Result;

    Result.QuadPart = SignedInteger;
    return Result;
}

FORCEINLINE LARGE_INTEGER
RtlConvertUlongToLargeInteger(ULONG UnsignedInteger)
{
    LARGE_INTEGER Result;

    Result.QuadPart = (LONGLONG)UnsignedInteger;
    return Result;
}

FORCEINLINE LARGE_INTEGER
RtlLargeIntegerAdd(LARGE_INTEGER Addend1, LARGE_INTEGER Addend2)
{
    LARGE_INTEGER Sum;

    Sum.QuadPart = (LONGLONG)((ULONGLONG)Addend1.QuadPart + (ULONGLONG)Addend2.QuadPart);
    return Sum;
}

FORCEINLINE LARGE_INTEGER
RtlLargeIntegerSubtract(LARGE_INTEGER Minuend, LARGE_INTEGER Subtrahend)
{
    LARGE_INTEGER Difference;

    Difference.QuadPart = (LONGLONG)((ULONGLONG)Minuend.QuadPart - (ULONGLONG)Subtrahend.QuadPart);
    return Difference;
}

FORCEINLINE LARGE_INTEGER
RtlEnlargedIntegerMultiply(LONG Multiplicand, LONG Multiplier)
{
    LARGE_INTEGER Product;

    Product.QuadPart = (LONGLONG)Multiplicand * (LONGLONG)Multiplier;
    return Product;
}

FORCEINLINE LARGE_INTEGER
RtlEnlargedUnsignedMultiply(ULONG Multiplicand, ULONG Multiplier)
{
    LARGE_INTEGER Product;

    Product.QuadPart = (LONGLONG)((ULONGLONG)Multiplicand * (ULONGLONG)Multiplier);
    return Product;
}

FORCEINLINE LARGE_INTEGER
RtlExtendedIntegerMultiply(LARGE_INTEGER Multiplicand, LONG Multiplier)
{
    LARGE_INTEGER Product;

    Product.QuadPart =
        (LONGLONG)((ULONGLONG)Multiplicand.QuadPart * (ULONGLONG)(LONGLONG)Multiplier);
    return Product;
}

FORCEINLINE LARGE_INTEGER
RtlLargeIntegerShiftLeft(LARGE_INTEGER Value, CCHAR ShiftCount)
{
    LARGE_INTEGER Result;

    Result.QuadPart = (LONGLONG)((ULONGLONG)Value.QuadPart << ShiftCount);
    return Result;
}

FORCEINLINE LARGE_INTEGER
RtlLargeIntegerShiftRight(LARGE_INTEGER Value, CCHAR ShiftCount)
{
    LARGE_INTEGER Result;

    Result.QuadPart = (LONGLONG)((ULONGLONG)Value.QuadPart >> ShiftCount);
    return Result;
}

#define RtlLargeIntegerGreaterThan(X, Y) ((X).QuadPart > (Y).QuadPart)
#define RtlLargeIntegerGreaterThanOrEqualTo(X, Y) ((X).QuadPart >= (Y).QuadPart)
#define RtlLargeIntegerEqualTo(X, Y) ((X).QuadPart == (Y).QuadPart)
#define RtlLargeIntegerNotEqualTo(X, Y) ((X).QuadPart != (Y).QuadPart)
#define RtlLargeIntegerLessThan(X, Y) ((X).QuadPart < (Y).QuadPart)
#define RtlLargeIntegerLessThanOrEqualTo(X, Y) ((X).QuadPart <= (Y).QuadPart)
#define RtlLargeIntegerGreaterThanZero(X) ((X).QuadPart > 0)
#define RtlLargeIntegerEqualToZero(X) ((X).QuadPart == 0)
#define RtlLargeIntegerNotEqualToZero(X) ((X).QuadPart != 0)
#define RtlLargeIntegerLessThanZero(X) ((X).QuadPart < 0)

EXTERN_C_END

#endif /* _NTOS_RTL_LARGE_H_ */

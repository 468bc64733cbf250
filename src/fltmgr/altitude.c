/* SPDX-License-Identifier: MIT */
/*
 * Altitudes: decimal numbers of any length with an optional fraction, compared as numbers.  Leading zeros of the whole part and
 * trailing zeros of the fraction do not matter (J-01).
 */
#include "fltmgr/fltp.h"

typedef struct FLTP_DECIMAL {
    const WCHAR *Whole, *Fraction;
    ULONG WholeDigits, FractionDigits;
} FLTP_DECIMAL;

static BOOLEAN
FltpDecimalParse(PCUNICODE_STRING Text, FLTP_DECIMAL *Decimal)
{
    const ULONG Length = Text->Length / sizeof(WCHAR);
    ULONG Point = Length, Digits = 0;

    for (ULONG i = 0; i < Length; i++) {
        if (Text->Buffer[i] == L'.' && Point == Length) {
            Point = i;
        } else if (Text->Buffer[i] >= L'0' && Text->Buffer[i] <= L'9') {
            Digits++;
        } else {
            return FALSE;
        }
    }
    ULONG First = 0, End = Length;
    while (First < Point && Text->Buffer[First] == L'0') {
        First++;
    }
    while (End > Point + 1 && Text->Buffer[End - 1] == L'0') {
        End--;
    }
    Decimal->Whole = Text->Buffer + First;
    Decimal->WholeDigits = Point - First;
    Decimal->Fraction = Text->Buffer + Point + 1;
    Decimal->FractionDigits = End > Point + 1 ? End - Point - 1 : 0;
    return Digits != 0;
}

BOOLEAN
FltpAltitudeIsValid(PCUNICODE_STRING Altitude)
{
    FLTP_DECIMAL Decimal;

    return FltpDecimalParse(Altitude, &Decimal);
}

static LONG
FltpDigitsCompare(const WCHAR *A, const WCHAR *B, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        if (A[i] != B[i]) {
            return A[i] < B[i] ? -1 : 1;
        }
    }
    return 0;
}

LONG
FltpAltitudeCompare(PCUNICODE_STRING A, PCUNICODE_STRING B)
{
    FLTP_DECIMAL Left = { 0 }, Right = { 0 };

    FltpDecimalParse(A, &Left);
    FltpDecimalParse(B, &Right);
    if (Left.WholeDigits != Right.WholeDigits) {
        return Left.WholeDigits < Right.WholeDigits ? -1 : 1;
    }
    LONG Result = FltpDigitsCompare(Left.Whole, Right.Whole, Left.WholeDigits);
    if (Result != 0) {
        return Result;
    }
    const ULONG Common = Left.FractionDigits < Right.FractionDigits ? Left.FractionDigits : Right.FractionDigits;
    Result = FltpDigitsCompare(Left.Fraction, Right.Fraction, Common);
    if (Result != 0 || Left.FractionDigits == Right.FractionDigits) {
        return Result;
    }
    return Left.FractionDigits < Right.FractionDigits ? -1 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * The formatter behind DbgPrint, _snwprintf and RtlString*Printf.  One engine for wide and narrow formats: the format is read
 * through a cursor, the output goes to a sink of UTF-16 units.
 *
 * Sizes: hh h (none) l = 32 bits; ll I64 w/o suffix = 64; I32; I and z = pointer size; `w` and `l` make %s/%c/%Z wide, `h` narrow.
 * %S and %C mean the other width.
 */
#include <ntifs.h>

#include "rtl/rtlp.h"

#define FLAG_LEFT 0x01
#define FLAG_PLUS 0x02
#define FLAG_SPACE 0x04
#define FLAG_ALT 0x08
#define FLAG_ZERO 0x10

enum RTLP_SIZE { SizeDefault, SizeChar, SizeShort, SizeLong, SizeLongLong, SizeWide };

typedef struct RTLP_FORMAT {
    RTLP_SINK *Sink;
    const WCHAR *Wide;                         /* one of the two is set */
    const CHAR *Narrow;
    ULONG Flags;
    LONG Width;
    LONG Precision;                            /* -1: none */
    enum RTLP_SIZE Size;
    va_list Arguments;
} RTLP_FORMAT;

static WCHAR
RtlpPeek(const RTLP_FORMAT *Format)
{
    return Format->Wide != NULL ? *Format->Wide : (WCHAR)(UCHAR)*Format->Narrow;
}

static WCHAR
RtlpNext(RTLP_FORMAT *Format)
{
    return Format->Wide != NULL ? *Format->Wide++ : (WCHAR)(UCHAR)*Format->Narrow++;
}

static VOID
RtlpPad(RTLP_FORMAT *Format, LONG Count, WCHAR Character)
{
    for (; Count > 0; Count--) {
        Format->Sink->Put(Format->Sink, Character);
    }
}

static VOID
RtlpPutText(RTLP_FORMAT *Format, const VOID *Text, SIZE_T Units, BOOLEAN Wide)
{
    LONG Padding = Format->Width - (LONG)Units;

    if ((Format->Flags & FLAG_LEFT) == 0) {
        RtlpPad(Format, Padding, L' ');
    }
    for (SIZE_T i = 0; i < Units; i++) {
        Format->Sink->Put(Format->Sink, Wide ? ((const WCHAR *)Text)[i] : (WCHAR)((const UCHAR *)Text)[i]);
    }
    if ((Format->Flags & FLAG_LEFT) != 0) {
        RtlpPad(Format, Padding, L' ');
    }
}

static VOID
RtlpPutString(RTLP_FORMAT *Format, BOOLEAN Wide)
{
    const VOID *Text = va_arg(Format->Arguments, const VOID *);
    SIZE_T Limit = Format->Precision < 0 ? (SIZE_T)-1 : (SIZE_T)Format->Precision;
    SIZE_T Units = 0;

    if (Text == NULL) {
        Text = "(null)";
        Wide = FALSE;
    }
    while (Units < Limit && (Wide ? ((const WCHAR *)Text)[Units] : (WCHAR)((const CHAR *)Text)[Units]) != 0) {
        Units++;
    }
    RtlpPutText(Format, Text, Units, Wide);
}

static VOID
RtlpPutCounted(RTLP_FORMAT *Format, BOOLEAN Wide)
{
    const UNICODE_STRING *String = va_arg(Format->Arguments, const UNICODE_STRING *);
    SIZE_T Units = String == NULL || String->Buffer == NULL ? 0 : String->Length / (Wide ? sizeof(WCHAR) : sizeof(CHAR));

    if (String == NULL) {
        RtlpPutText(Format, "(null)", 6, FALSE);
        return;
    }
    if (Format->Precision >= 0 && Units > (SIZE_T)Format->Precision) {
        Units = (SIZE_T)Format->Precision;
    }
    RtlpPutText(Format, String->Buffer, Units, Wide);
}

static ULONGLONG
RtlpInteger(RTLP_FORMAT *Format, BOOLEAN Signed)
{
    switch (Format->Size) {
    case SizeLongLong:
        return va_arg(Format->Arguments, ULONGLONG);
    case SizeChar: {
        int Value = va_arg(Format->Arguments, int);
        return Signed ? (ULONGLONG)(LONGLONG)(signed char)Value : (UCHAR)Value;
    }
    case SizeShort: {
        int Value = va_arg(Format->Arguments, int);
        return Signed ? (ULONGLONG)(LONGLONG)(SHORT)Value : (USHORT)Value;
    }
    default: {
        LONG Value = va_arg(Format->Arguments, LONG);
        return Signed ? (ULONGLONG)(LONGLONG)Value : (ULONG)Value;
    }
    }
}

static VOID
RtlpPutNumber(RTLP_FORMAT *Format, ULONGLONG Value, BOOLEAN Negative, ULONG Base, BOOLEAN Upper)
{
    const CHAR *Digits = Upper ? "0123456789ABCDEF" : "0123456789abcdef";
    CHAR Text[24];
    CHAR Prefix[3];
    LONG Length = 0;
    LONG PrefixLength = 0;
    BOOLEAN Zero = Value == 0;

    while (Value != 0) {
        Text[Length++] = Digits[Value % Base];
        Value /= Base;
    }
    if (Zero && Format->Precision != 0) {
        Text[Length++] = '0';
    }
    if (Negative) {
        Prefix[PrefixLength++] = '-';
    } else if ((Format->Flags & (FLAG_PLUS | FLAG_SPACE)) != 0) {
        Prefix[PrefixLength++] = (Format->Flags & FLAG_PLUS) != 0 ? '+' : ' ';
    }
    if ((Format->Flags & FLAG_ALT) != 0 && Base != 10 && !Zero) {
        Prefix[PrefixLength++] = '0';
        if (Base == 16) {
            Prefix[PrefixLength++] = Upper ? 'X' : 'x';
        }
    }
    LONG Zeros = Format->Precision > Length ? Format->Precision - Length : 0;
    LONG Padding = Format->Width - Length - Zeros - PrefixLength;
    if (Format->Precision < 0 && (Format->Flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO && Padding > 0) {
        Zeros = Padding;
        Padding = 0;
    }
    if ((Format->Flags & FLAG_LEFT) == 0) {
        RtlpPad(Format, Padding, L' ');
    }
    for (LONG i = 0; i < PrefixLength; i++) {
        Format->Sink->Put(Format->Sink, (WCHAR)Prefix[i]);
    }
    RtlpPad(Format, Zeros, L'0');
    while (Length > 0) {
        Format->Sink->Put(Format->Sink, (WCHAR)Text[--Length]);
    }
    if ((Format->Flags & FLAG_LEFT) != 0) {
        RtlpPad(Format, Padding, L' ');
    }
}

static LONG
RtlpReadNumber(RTLP_FORMAT *Format)
{
    LONG Value = 0;

    if (RtlpPeek(Format) == L'*') {
        RtlpNext(Format);
        return va_arg(Format->Arguments, LONG);
    }
    while (RtlpPeek(Format) >= L'0' && RtlpPeek(Format) <= L'9' && Value < 100000) {
        Value = Value * 10 + (RtlpNext(Format) - L'0');
    }
    return Value;
}

static VOID
RtlpReadFlags(RTLP_FORMAT *Format)
{
    for (;; RtlpNext(Format)) {
        switch (RtlpPeek(Format)) {
        case L'-':
            Format->Flags |= FLAG_LEFT;
            break;
        case L'+':
            Format->Flags |= FLAG_PLUS;
            break;
        case L' ':
            Format->Flags |= FLAG_SPACE;
            break;
        case L'#':
            Format->Flags |= FLAG_ALT;
            break;
        case L'0':
            Format->Flags |= FLAG_ZERO;
            break;
        default:
            return;
        }
    }
}

static VOID
RtlpReadMicrosoftSize(RTLP_FORMAT *Format)
{
    RtlpNext(Format);
    if (RtlpPeek(Format) == L'6') {
        RtlpNext(Format);
        RtlpNext(Format);
        Format->Size = SizeLongLong;
    } else if (RtlpPeek(Format) == L'3') {
        RtlpNext(Format);
        RtlpNext(Format);
        Format->Size = SizeLong;
    } else {
        Format->Size = SizeLongLong;
    }
}

static VOID
RtlpReadSize(RTLP_FORMAT *Format)
{
    switch (RtlpPeek(Format)) {
    case L'h':
        RtlpNext(Format);
        Format->Size = SizeShort;
        if (RtlpPeek(Format) == L'h') {
            RtlpNext(Format);
            Format->Size = SizeChar;
        }
        break;
    case L'l':
        RtlpNext(Format);
        Format->Size = SizeLong;
        if (RtlpPeek(Format) == L'l') {
            RtlpNext(Format);
            Format->Size = SizeLongLong;
        }
        break;
    case L'w':
        RtlpNext(Format);
        Format->Size = SizeWide;
        break;
    case L'z':
    case L't':
    case L'j':
        RtlpNext(Format);
        Format->Size = SizeLongLong;
        break;
    case L'I':
        RtlpReadMicrosoftSize(Format);
        break;
    default:
        break;
    }
}

static BOOLEAN
RtlpIsWide(const RTLP_FORMAT *Format, BOOLEAN Other)
{
    if (Format->Size == SizeShort) {
        return FALSE;
    }
    if (Format->Size == SizeLong || Format->Size == SizeWide) {
        return TRUE;
    }
    return (Format->Wide != NULL) != Other;
}

static VOID
RtlpPutCharacter(RTLP_FORMAT *Format, BOOLEAN Wide)
{
    int Value = va_arg(Format->Arguments, int);
    WCHAR Character = Wide ? (WCHAR)Value : (WCHAR)(UCHAR)Value;

    RtlpPutText(Format, &Character, 1, TRUE);
}

static VOID
RtlpConvert(RTLP_FORMAT *Format, WCHAR Conversion)
{
    ULONGLONG Value;

    switch (Conversion) {
    case L'd':
    case L'i':
        Value = RtlpInteger(Format, TRUE);
        RtlpPutNumber(Format, (LONGLONG)Value < 0 ? 0 - Value : Value, (LONGLONG)Value < 0, 10, FALSE);
        break;
    case L'u':
        Format->Flags &= ~(FLAG_PLUS | FLAG_SPACE);
        RtlpPutNumber(Format, RtlpInteger(Format, FALSE), FALSE, 10, FALSE);
        break;
    case L'x':
    case L'X':
    case L'o':
        Format->Flags &= ~(FLAG_PLUS | FLAG_SPACE);
        RtlpPutNumber(Format, RtlpInteger(Format, FALSE), FALSE, Conversion == L'o' ? 8 : 16, Conversion == L'X');
        break;
    case L'p':
    case L'P':
        Format->Size = SizeLongLong;
        Format->Precision = 16;
        RtlpPutNumber(Format, RtlpInteger(Format, FALSE), FALSE, 16, TRUE);
        break;
    case L's':
    case L'S':
        RtlpPutString(Format, RtlpIsWide(Format, Conversion == L'S'));
        break;
    case L'c':
    case L'C':
        RtlpPutCharacter(Format, RtlpIsWide(Format, Conversion == L'C'));
        break;
    case L'Z':
        RtlpPutCounted(Format, Format->Size == SizeWide || Format->Size == SizeLong);
        break;
    default:
        Format->Sink->Put(Format->Sink, Conversion);
        break;
    }
}

static VOID
RtlpFormat(RTLP_FORMAT *Format)
{
    WCHAR Character;

    while ((Character = RtlpNext(Format)) != 0) {
        if (Character != L'%') {
            Format->Sink->Put(Format->Sink, Character);
            continue;
        }
        Format->Flags = 0;
        Format->Size = SizeDefault;
        RtlpReadFlags(Format);
        Format->Width = RtlpReadNumber(Format);
        if (Format->Width < 0) {
            Format->Flags |= FLAG_LEFT;
            Format->Width = -Format->Width;
        }
        Format->Precision = -1;
        if (RtlpPeek(Format) == L'.') {
            RtlpNext(Format);
            Format->Precision = RtlpReadNumber(Format);
        }
        RtlpReadSize(Format);
        Character = RtlpPeek(Format);
        if (Character == 0) {
            return;
        }
        RtlpNext(Format);
        RtlpConvert(Format, Character);
    }
}

VOID
RtlpFormatW(RTLP_SINK *Sink, const WCHAR *FormatText, va_list Arguments)
{
    RTLP_FORMAT Format = {.Sink = Sink, .Wide = FormatText};

    va_copy(Format.Arguments, Arguments);
    RtlpFormat(&Format);
    va_end(Format.Arguments);
}

VOID
RtlpFormatA(RTLP_SINK *Sink, const CHAR *FormatText, va_list Arguments)
{
    RTLP_FORMAT Format = {.Sink = Sink, .Narrow = FormatText};

    va_copy(Format.Arguments, Arguments);
    RtlpFormat(&Format);
    va_end(Format.Arguments);
}

void
fbed_format_wide(RTLP_SINK *Sink, const WCHAR *Format, va_list Arguments)
{
    RtlpFormatW(Sink, Format, Arguments);
}

void
fbed_format_narrow(RTLP_SINK *Sink, const CHAR *Format, va_list Arguments)
{
    RtlpFormatA(Sink, Format, Arguments);
}

const uint16_t *
fbed_case_table(int upper)
{
    return upper ? rtl_upcase_table() : rtl_downcase_table();
}

/* SPDX-License-Identifier: MIT */
/* Conversions: UTF-8/16, ANSI (which is UTF-8 here), integers, GUIDs. */
#include <ntifs.h>

#include <string.h>

#include "rtl/rtlp.h"

#define RTLP_REPLACEMENT 0xFFFDu

static ULONG
RtlpDecode16(const WCHAR *Source, SIZE_T Units, SIZE_T *Used)
{
    WCHAR First = Source[0];

    *Used = 1;
    if (First < 0xD800 || First > 0xDFFF) {
        return First;
    }
    if (First <= 0xDBFF && Units > 1 && Source[1] >= 0xDC00 && Source[1] <= 0xDFFF) {
        *Used = 2;
        return 0x10000u + (((ULONG)First - 0xD800u) << 10) + ((ULONG)Source[1] - 0xDC00u);
    }
    return RTLP_REPLACEMENT;
}

static ULONG
RtlpEncode8(ULONG Code, UCHAR *Bytes)
{
    if (Code < 0x80) {
        Bytes[0] = (UCHAR)Code;
        return 1;
    }
    if (Code < 0x800) {
        Bytes[0] = (UCHAR)(0xC0 | (Code >> 6));
        Bytes[1] = (UCHAR)(0x80 | (Code & 0x3F));
        return 2;
    }
    if (Code < 0x10000) {
        Bytes[0] = (UCHAR)(0xE0 | (Code >> 12));
        Bytes[1] = (UCHAR)(0x80 | ((Code >> 6) & 0x3F));
        Bytes[2] = (UCHAR)(0x80 | (Code & 0x3F));
        return 3;
    }
    Bytes[0] = (UCHAR)(0xF0 | (Code >> 18));
    Bytes[1] = (UCHAR)(0x80 | ((Code >> 12) & 0x3F));
    Bytes[2] = (UCHAR)(0x80 | ((Code >> 6) & 0x3F));
    Bytes[3] = (UCHAR)(0x80 | (Code & 0x3F));
    return 4;
}

SIZE_T
RtlpUtf16ToUtf8(PCHAR Target, SIZE_T Size, const WCHAR *Source, SIZE_T Units)
{
    SIZE_T Needed = 0;

    while (Units > 0) {
        SIZE_T Used;
        UCHAR Bytes[4];
        ULONG Count = RtlpEncode8(RtlpDecode16(Source, Units, &Used), Bytes);
        if (Needed + Count <= Size) {
            memcpy(Target + Needed, Bytes, Count);
        }
        Needed += Count;
        Source += Used;
        Units -= Used;
    }
    return Needed;
}

/* One code point of UTF-8; malformed input consumes one byte and gives U+FFFD. */
static ULONG
RtlpDecode8(const UCHAR *Source, SIZE_T Size, SIZE_T *Used)
{
    static const ULONG Least[5] = {0, 0, 0x80, 0x800, 0x10000};
    UCHAR First = Source[0];
    ULONG Count = First < 0x80 ? 1 : First < 0xC2 ? 0 : First < 0xE0 ? 2 : First < 0xF0 ? 3 : First < 0xF5 ? 4 : 0;
    ULONG Code = Count <= 1 ? First : First & (0x7Fu >> Count);

    *Used = 1;
    if (Count == 0 || Count > Size) {
        return RTLP_REPLACEMENT;
    }
    for (ULONG i = 1; i < Count; i++) {
        if ((Source[i] & 0xC0) != 0x80) {
            return RTLP_REPLACEMENT;
        }
        Code = (Code << 6) | (Source[i] & 0x3Fu);
    }
    if (Code < Least[Count] || Code > 0x10FFFF || (Code >= 0xD800 && Code <= 0xDFFF)) {
        return RTLP_REPLACEMENT;
    }
    *Used = Count;
    return Code;
}

SIZE_T
RtlpUtf8ToUtf16(PWCH Target, SIZE_T Units, const CHAR *Source, SIZE_T Size)
{
    SIZE_T Needed = 0;

    while (Size > 0) {
        SIZE_T Used;
        ULONG Code = RtlpDecode8((const UCHAR *)Source, Size, &Used);
        SIZE_T Count = Code >= 0x10000 ? 2 : 1;
        if (Needed + Count <= Units) {
            if (Count == 2) {
                Target[Needed] = (WCHAR)(0xD800 + ((Code - 0x10000) >> 10));
                Target[Needed + 1] = (WCHAR)(0xDC00 + ((Code - 0x10000) & 0x3FF));
            } else {
                Target[Needed] = (WCHAR)Code;
            }
        }
        Needed += Count;
        Source += Used;
        Size -= Used;
    }
    return Needed;
}

/* Windows: wdm.h, RtlInitAnsiString.  Differences: none. */
VOID
RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    (VOID)RtlInitAnsiStringEx(DestinationString, SourceString);
}

/* Windows: ntifs.h, RtlInitAnsiStringEx.  Differences: none. */
NTSTATUS
RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString)
{
    SIZE_T Length = SourceString == NULL ? 0 : strlen(SourceString);
    BOOLEAN TooLong = Length > 0xFFFE;

    DestinationString->Buffer = (PCHAR)SourceString;
    DestinationString->Length = TooLong ? 0xFFFE : (USHORT)Length;
    DestinationString->MaximumLength = SourceString == NULL ? 0 : (USHORT)(DestinationString->Length + 1);
    return TooLong ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;
}

/* Windows: ntddk.h, RtlInitString.  Differences: none. */
VOID
RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    (VOID)RtlInitAnsiStringEx(DestinationString, SourceString);
}

/* Windows: ntifs.h, RtlMultiByteToUnicodeN.  Differences: the ANSI code page is UTF-8. */
NTSTATUS
RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString, PULONG BytesInUnicodeString, const CHAR *MultiByteString, ULONG BytesInMultiByteString)
{
    SIZE_T Needed = RtlpUtf8ToUtf16(UnicodeString, MaxBytesInUnicodeString / sizeof(WCHAR), MultiByteString, BytesInMultiByteString);

    if (BytesInUnicodeString != NULL) {
        SIZE_T Bytes = Needed * sizeof(WCHAR);
        *BytesInUnicodeString = Bytes < MaxBytesInUnicodeString ? (ULONG)Bytes : MaxBytesInUnicodeString & ~1u;
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, RtlUnicodeToMultiByteN.  Differences: the ANSI code page is UTF-8. */
NTSTATUS
RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString, PULONG BytesInMultiByteString, PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    SIZE_T Needed = RtlpUtf16ToUtf8(MultiByteString, MaxBytesInMultiByteString, UnicodeString, BytesInUnicodeString / sizeof(WCHAR));

    if (BytesInMultiByteString != NULL) {
        *BytesInMultiByteString = Needed < MaxBytesInMultiByteString ? (ULONG)Needed : MaxBytesInMultiByteString;
    }
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlAnsiStringToUnicodeString.  Differences: ANSI is UTF-8. */
NTSTATUS
RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString, BOOLEAN AllocateDestinationString)
{
    SIZE_T Bytes = RtlpUtf8ToUtf16(NULL, 0, SourceString->Buffer, SourceString->Length) * sizeof(WCHAR);

    if (Bytes + sizeof(WCHAR) > 0xFFFE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (AllocateDestinationString) {
        DestinationString->Buffer = RtlpAllocate(Bytes + sizeof(WCHAR), 'rtSR');
        if (DestinationString->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        DestinationString->MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
    } else if (Bytes + sizeof(WCHAR) > DestinationString->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlpUtf8ToUtf16(DestinationString->Buffer, Bytes / sizeof(WCHAR), SourceString->Buffer, SourceString->Length);
    DestinationString->Buffer[Bytes / sizeof(WCHAR)] = 0;
    DestinationString->Length = (USHORT)Bytes;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlUnicodeStringToAnsiString.  Differences: ANSI is UTF-8. */
NTSTATUS
RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString)
{
    SIZE_T Bytes = RtlpUtf16ToUtf8(NULL, 0, SourceString->Buffer, SourceString->Length / sizeof(WCHAR));

    if (Bytes + 1 > 0xFFFF) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (AllocateDestinationString) {
        DestinationString->Buffer = RtlpAllocate(Bytes + 1, 'rtSR');
        if (DestinationString->Buffer == NULL) {
            return STATUS_NO_MEMORY;
        }
        DestinationString->MaximumLength = (USHORT)(Bytes + 1);
    } else if (Bytes + 1 > DestinationString->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    RtlpUtf16ToUtf8(DestinationString->Buffer, Bytes, SourceString->Buffer, SourceString->Length / sizeof(WCHAR));
    DestinationString->Buffer[Bytes] = 0;
    DestinationString->Length = (USHORT)Bytes;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlxAnsiStringToUnicodeSize (RtlAnsiStringToUnicodeSize).  Differences: ANSI is UTF-8. */
ULONG
RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
    return (ULONG)((RtlpUtf8ToUtf16(NULL, 0, AnsiString->Buffer, AnsiString->Length) + 1) * sizeof(WCHAR));
}

/* Windows: wdm.h, RtlxUnicodeStringToAnsiSize (RtlUnicodeStringToAnsiSize).  Differences: ANSI is UTF-8. */
ULONG
RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
    return (ULONG)RtlpUtf16ToUtf8(NULL, 0, UnicodeString->Buffer, UnicodeString->Length / sizeof(WCHAR)) + 1;
}

/* Windows: wdm.h, RtlFreeAnsiString.  Differences: none. */
VOID
RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    if (AnsiString->Buffer != NULL) {
        RtlpFree(AnsiString->Buffer);
        memset(AnsiString, 0, sizeof(*AnsiString));
    }
}

static LONG
RtlpDigit(WCHAR Character)
{
    if (Character >= L'0' && Character <= L'9') {
        return Character - L'0';
    }
    Character |= 0x20;
    return Character >= L'a' && Character <= L'f' ? Character - L'a' + 10 : 99;
}

/* Windows: wdm.h, RtlUnicodeStringToInteger.  Differences: none. */
NTSTATUS
RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    const WCHAR *Text = String->Buffer;
    const WCHAR *End = Text + String->Length / sizeof(WCHAR);
    BOOLEAN Negative = FALSE;
    ULONG Result = 0;

    if (Base != 0 && Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    while (Text < End && *Text <= L' ') {
        Text++;
    }
    if (Text < End && (*Text == L'-' || *Text == L'+')) {
        Negative = *Text++ == L'-';
    }
    if (Base == 0) {
        Base = 10;
        if (End - Text > 1 && Text[0] == L'0') {
            WCHAR Mark = Text[1] | 0x20;
            Base = Mark == L'x' ? 16 : Mark == L'o' ? 8 : Mark == L'b' ? 2 : 10;
            Text += Base == 10 ? 0 : 2;
        }
    }
    while (Text < End && RtlpDigit(*Text) < (LONG)Base) {
        Result = Result * Base + (ULONG)RtlpDigit(*Text++);
    }
    *Value = Negative ? 0u - Result : Result;
    return STATUS_SUCCESS;
}

/* Windows: wdm.h, RtlInt64ToUnicodeString.  Differences: none. */
NTSTATUS
RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String)
{
    WCHAR Text[65];
    ULONG Position = 64;

    Base = Base == 0 ? 10 : Base;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    Text[64] = 0;
    do {
        Text[--Position] = L"0123456789ABCDEF"[Value % Base];
        Value /= Base;
    } while (Value != 0);
    if (String->MaximumLength < (64 - Position) * sizeof(WCHAR)) {
        return STATUS_BUFFER_OVERFLOW;
    }
    String->Length = 0;
    return RtlAppendUnicodeToString(String, Text + Position);
}

/* Windows: wdm.h, RtlIntegerToUnicodeString.  Differences: none. */
NTSTATUS
RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    return RtlInt64ToUnicodeString(Value, Base, String);
}

typedef struct RTLP_STRING_SINK {
    RTLP_SINK Sink;
    WCHAR *Next;
} RTLP_STRING_SINK;

static VOID
RtlpStringPut(RTLP_SINK *Sink, WCHAR Character)
{
    *((RTLP_STRING_SINK *)Sink)->Next++ = Character;
}

static VOID
RtlpPrintGuid(RTLP_STRING_SINK *Sink, const WCHAR *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    RtlpFormatW(&Sink->Sink, Format, Arguments);
    va_end(Arguments);
}

/* Windows: wdm.h, RtlStringFromGUID.  Differences: none. */
NTSTATUS
RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
    const GUID *G = Guid;
    RTLP_STRING_SINK Sink = {{RtlpStringPut}, NULL};

    GuidString->Buffer = RtlpAllocate(39 * sizeof(WCHAR), 'rtSR');
    if (GuidString->Buffer == NULL) {
        return STATUS_NO_MEMORY;
    }
    Sink.Next = GuidString->Buffer;
    RtlpPrintGuid(&Sink, L"{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", (ULONG)G->Data1, G->Data2, G->Data3, G->Data4[0], G->Data4[1],
                  G->Data4[2], G->Data4[3], G->Data4[4], G->Data4[5], G->Data4[6], G->Data4[7]);
    *Sink.Next = 0;
    GuidString->Length = 38 * sizeof(WCHAR);
    GuidString->MaximumLength = 39 * sizeof(WCHAR);
    return STATUS_SUCCESS;
}

static BOOLEAN
RtlpHex(const WCHAR *Text, ULONG Digits, ULONG *Value)
{
    *Value = 0;
    for (ULONG i = 0; i < Digits; i++) {
        if (RtlpDigit(Text[i]) > 15) {
            return FALSE;
        }
        *Value = (*Value << 4) | (ULONG)RtlpDigit(Text[i]);
    }
    return TRUE;
}

/* Windows: wdm.h, RtlGUIDFromString.  Differences: none. */
NTSTATUS
RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
    static const UCHAR Offsets[8] = {20, 22, 25, 27, 29, 31, 33, 35};
    const WCHAR *Text = GuidString->Buffer;
    ULONG Value;

    if (GuidString->Length < 38 * sizeof(WCHAR) || Text[0] != L'{' || Text[9] != L'-' || Text[14] != L'-' ||
        Text[19] != L'-' || Text[24] != L'-' || Text[37] != L'}') {
        return STATUS_INVALID_PARAMETER;
    }
    if (!RtlpHex(Text + 1, 8, &Value)) {
        return STATUS_INVALID_PARAMETER;
    }
    Guid->Data1 = Value;
    if (!RtlpHex(Text + 10, 4, &Value)) {
        return STATUS_INVALID_PARAMETER;
    }
    Guid->Data2 = (USHORT)Value;
    if (!RtlpHex(Text + 15, 4, &Value)) {
        return STATUS_INVALID_PARAMETER;
    }
    Guid->Data3 = (USHORT)Value;
    for (ULONG i = 0; i < 8; i++) {
        if (!RtlpHex(Text + Offsets[i], 2, &Value)) {
            return STATUS_INVALID_PARAMETER;
        }
        Guid->Data4[i] = (UCHAR)Value;
    }
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
#include "io/ntname.h"

#include <ntstatus.h>
#include <stdint.h>

#define IOP_ESCAPE 0xF000u

static BOOLEAN
IopNameForbidden(uint32_t Character)
{
    switch (Character) {
    case '"': case '*': case ':': case '<': case '>': case '?': case '|': case '\\':
        return TRUE;
    default:
        return Character < 0x20;
    }
}

/* Length of the well-formed UTF-8 sequence at Bytes, 0 if there is none. */
static ULONG
IopUtf8Decode(const UCHAR *Bytes, ULONG Length, uint32_t *Character)
{
    static const uint32_t Least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const UCHAR First = Bytes[0];
    if (First < 0x80) {
        *Character = First;
        return 1;
    }
    const ULONG Size = First < 0xC2 ? 0 : First < 0xE0 ? 2 : First < 0xF0 ? 3 : First < 0xF5 ? 4 : 0;
    if (Size == 0 || Size > Length) {
        return 0;
    }
    uint32_t Value = First & (0x7Fu >> Size);
    for (ULONG i = 1; i < Size; i++) {
        if ((Bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        Value = Value << 6 | (Bytes[i] & 0x3F);
    }
    if (Value < Least[Size] || Value > 0x10FFFF || (Value >= 0xD800 && Value < 0xE000)) {
        return 0;
    }
    *Character = Value;
    return Size;
}

/* Takes one character (or one stray byte) off Bytes; gives the 1 to 4 characters it becomes. */
static ULONG
IopNameUnit(const UCHAR *Bytes, ULONG Length, WCHAR Out[4], ULONG *Count)
{
    uint32_t Character;
    ULONG Size = IopUtf8Decode(Bytes, Length, &Character);
    if (Size != 0 && !IopNameForbidden(Character) && (Character & ~0xFFu) != IOP_ESCAPE) {
        if (Character < 0x10000) {
            Out[0] = (WCHAR)Character;
            *Count = 1;
        } else {
            Out[0] = (WCHAR)(0xD800 + ((Character - 0x10000) >> 10));
            Out[1] = (WCHAR)(0xDC00 + ((Character - 0x10000) & 0x3FF));
            *Count = 2;
        }
        return Size;
    }
    Size = Size == 0 ? 1 : Size;
    for (ULONG i = 0; i < Size; i++) {
        Out[i] = (WCHAR)(IOP_ESCAPE + Bytes[i]);
    }
    *Count = Size;
    return Size;
}

static NTSTATUS
IopFromHost(const CHAR *Bytes, ULONG Length, BOOLEAN Path, WCHAR *Name, ULONG Capacity, ULONG *Characters)
{
    const UCHAR *At = (const UCHAR *)Bytes;
    const UCHAR *End = At + Length;
    ULONG Done = 0;
    while (At < End) {
        WCHAR Unit[4];
        ULONG Count = 1;
        if (Path && *At == '/') {
            Unit[0] = L'\\';
            At++;
        } else {
            At += IopNameUnit(At, (ULONG)(End - At), Unit, &Count);
        }
        if (Done + Count > Capacity) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        for (ULONG i = 0; i < Count; i++) {
            Name[Done++] = Unit[i];
        }
    }
    *Characters = Done;
    return STATUS_SUCCESS;
}

/* UTF-8 or escaped byte of the character at Name; returns the characters used, 0 = not a name. */
static ULONG
IopNameEncode(const WCHAR *Name, ULONG Left, UCHAR Out[4], ULONG *Size)
{
    const uint32_t First = Name[0];
    if ((First & ~0xFFu) == IOP_ESCAPE) {
        Out[0] = (UCHAR)First;
        *Size = 1;
        return Out[0] == 0 || Out[0] == '/' ? 0 : 1;
    }
    if (First < 0x80) {
        Out[0] = (UCHAR)First;
        *Size = 1;
        return IopNameForbidden(First) || First == '/' ? 0 : 1;
    }
    if (First < 0x800) {
        Out[0] = (UCHAR)(0xC0 | First >> 6);
        Out[1] = (UCHAR)(0x80 | (First & 0x3F));
        *Size = 2;
        return 1;
    }
    if (First < 0xD800 || First >= 0xE000) {
        Out[0] = (UCHAR)(0xE0 | First >> 12);
        Out[1] = (UCHAR)(0x80 | (First >> 6 & 0x3F));
        Out[2] = (UCHAR)(0x80 | (First & 0x3F));
        *Size = 3;
        return 1;
    }
    if (First >= 0xDC00 || Left < 2 || (Name[1] & 0xFC00) != 0xDC00) {
        return 0;
    }
    const uint32_t Character = 0x10000 + ((First & 0x3FF) << 10 | (Name[1] & 0x3FFu));
    Out[0] = (UCHAR)(0xF0 | Character >> 18);
    Out[1] = (UCHAR)(0x80 | (Character >> 12 & 0x3F));
    Out[2] = (UCHAR)(0x80 | (Character >> 6 & 0x3F));
    Out[3] = (UCHAR)(0x80 | (Character & 0x3F));
    *Size = 4;
    return 2;
}

/* Would these bytes have become this name?  Asked only of names with escapes. */
static BOOLEAN
IopNameCanonical(const UCHAR *Bytes, ULONG Length, const WCHAR *Name, ULONG Characters)
{
    ULONG Done = 0;
    for (ULONG At = 0; At < Length;) {
        WCHAR Unit[4];
        ULONG Count;
        At += IopNameUnit(Bytes + At, Length - At, Unit, &Count);
        for (ULONG i = 0; i < Count; i++, Done++) {
            if (Done >= Characters || Unit[i] != Name[Done]) {
                return FALSE;
            }
        }
    }
    return Done == Characters;
}

NTSTATUS
IopNameToHost(const WCHAR *Name, ULONG Characters, CHAR *Bytes, ULONG Capacity, ULONG *Length)
{
    ULONG Done = 0;
    BOOLEAN Escapes = FALSE;
    for (ULONG At = 0; At < Characters;) {
        UCHAR Unit[4];
        ULONG Size;
        const ULONG Used = IopNameEncode(Name + At, Characters - At, Unit, &Size);
        if (Used == 0) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        if (Done + Size > Capacity) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Escapes = Escapes || (Name[At] & ~0xFFu) == IOP_ESCAPE;
        for (ULONG i = 0; i < Size; i++) {
            Bytes[Done++] = (CHAR)Unit[i];
        }
        At += Used;
    }
    const BOOLEAN Dots = Done > 0 && Done <= 2 && Bytes[0] == '.' && Bytes[Done - 1] == '.';
    if (Done == 0 || Dots || (Escapes && !IopNameCanonical((const UCHAR *)Bytes, Done, Name, Characters))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    *Length = Done;
    return STATUS_SUCCESS;
}

NTSTATUS
IopNameFromHost(const CHAR *Bytes, ULONG Length, WCHAR *Name, ULONG Capacity, ULONG *Characters)
{
    return IopFromHost(Bytes, Length, FALSE, Name, Capacity, Characters);
}

NTSTATUS
IopPathFromHost(const CHAR *Bytes, ULONG Length, WCHAR *Path, ULONG Capacity, ULONG *Characters)
{
    return IopFromHost(Bytes, Length, TRUE, Path, Capacity, Characters);
}

NTSTATUS
IopPathToHost(const WCHAR *Path, ULONG Characters, CHAR *Bytes, ULONG Capacity, ULONG *Length)
{
    ULONG Done = 0;
    for (ULONG At = 0; At <= Characters;) {
        ULONG End = At;
        while (End < Characters && Path[End] != L'\\') {
            End++;
        }
        ULONG Size;
        const NTSTATUS Status = IopNameToHost(Path + At, End - At, Bytes + Done, Capacity - Done, &Size);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Done += Size;
        if (End < Characters) {
            if (Done == Capacity) {
                return STATUS_BUFFER_TOO_SMALL;
            }
            Bytes[Done++] = '/';
        }
        At = End + 1;
    }
    *Length = Done;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* Names: wild cards, dissection, comparison, reparse buffers. */
#include <string.h>

#include "fsrtl/fsrtlp.h"

/* ---- legal characters ---- */

#define F FSRTL_FAT_LEGAL
#define H FSRTL_HPFS_LEGAL
#define N FSRTL_NTFS_LEGAL
#define W FSRTL_WILD_CHARACTER
#define O FSRTL_OLE_LEGAL
#define ALL (F | H | N | O)
static const UCHAR FsRtlpLegal[128] = {
    [0x00] = 0,
    [0x01 ... 0x1F] = O,
    [' '] = ALL, ['!'] = ALL, ['"'] = W | O, ['#'] = ALL, ['$'] = ALL, ['%'] = ALL, ['&'] = ALL, ['\''] = ALL, ['('] = ALL,
    [')'] = ALL, ['*'] = W | O, ['+'] = H | N | O, [','] = H | N | O, ['-'] = ALL, ['.'] = ALL, ['/'] = 0,
    ['0' ... '9'] = ALL,
    [':'] = 0, [';'] = H | N | O, ['<'] = W | O, ['='] = H | N | O, ['>'] = W | O, ['?'] = W | O, ['@'] = ALL,
    ['A' ... 'Z'] = ALL,
    ['['] = H | N | O, ['\\'] = 0, [']'] = H | N | O, ['^'] = ALL, ['_'] = ALL, ['`'] = ALL,
    ['a' ... 'z'] = ALL,
    ['{'] = ALL, ['|'] = O, ['}'] = ALL, ['~'] = ALL, [0x7F] = ALL};
#undef F
#undef H
#undef N
#undef W
#undef O
#undef ALL
CONST UCHAR *CONST FsRtlLegalAnsiCharacterArray = FsRtlpLegal;

/* ---- dissection ---- */

/* Windows: ntifs.h, FsRtlDissectName.  Differences: none. */
VOID
FsRtlDissectName(UNICODE_STRING Path, PUNICODE_STRING FirstName, PUNICODE_STRING RemainingName)
{
    ULONG Count = Path.Length / sizeof(WCHAR);
    ULONG Start = Count != 0 && Path.Buffer[0] == L'\\' ? 1 : 0;
    ULONG End = Start;

    memset(FirstName, 0, sizeof(*FirstName));
    memset(RemainingName, 0, sizeof(*RemainingName));
    if (Count == 0) {
        return;
    }
    while (End < Count && Path.Buffer[End] != L'\\') {
        End++;
    }
    FirstName->Buffer = &Path.Buffer[Start];
    FirstName->Length = (USHORT)((End - Start) * sizeof(WCHAR));
    FirstName->MaximumLength = FirstName->Length;
    if (End < Count) {
        RemainingName->Buffer = &Path.Buffer[End + 1];
        RemainingName->Length = (USHORT)((Count - End - 1) * sizeof(WCHAR));
        RemainingName->MaximumLength = RemainingName->Length;
    }
}

/* Windows: ntifs.h, FsRtlDoesNameContainWildCards.  Differences: none. */
BOOLEAN
FsRtlDoesNameContainWildCards(PUNICODE_STRING Name)
{
    for (ULONG i = Name->Length / sizeof(WCHAR); i-- > 0;) {
        if (FsRtlIsUnicodeCharacterWild(Name->Buffer[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- comparison ---- */

static WCHAR
FsRtlpUpcase(WCHAR Character, PCWCH UpcaseTable)
{
    return UpcaseTable != NULL ? UpcaseTable[Character] : RtlUpcaseUnicodeChar(Character);
}

/* Windows: ntifs.h, FsRtlAreNamesEqual.  Differences: none; without a table the system's is used. */
BOOLEAN
FsRtlAreNamesEqual(PCUNICODE_STRING ConstantNameA, PCUNICODE_STRING ConstantNameB, BOOLEAN IgnoreCase, PCWCH UpcaseTable)
{
    if (ConstantNameA->Length != ConstantNameB->Length) {
        return FALSE;
    }
    for (ULONG i = 0; i < ConstantNameA->Length / sizeof(WCHAR); i++) {
        WCHAR A = ConstantNameA->Buffer[i], B = ConstantNameB->Buffer[i];
        if (A != B && (!IgnoreCase || FsRtlpUpcase(A, UpcaseTable) != FsRtlpUpcase(B, UpcaseTable))) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- expressions ---- */

/*
 * A name against an expression, as a set of states kept in a bit map: bit n is "the first n characters of the expression have
 * matched what was read of the name".  Before a character is read and at the end, the empty moves are taken:
 *   *          matches any number of characters
 *   DOS_STAR < any number, but not past the last dot of the name: the last dot itself may be its end
 *   DOS_QM   > one character, or nothing before a dot and at the end
 *   DOS_DOT  " a dot, or nothing at the end
 * Time is (name * expression / 64), so no expression can make it explode.
 */
#define FSRTLP_STACK_WORDS 8

typedef struct FSRTLP_MATCH {
    PCWCH Expression;
    ULONG ExpressionLength;
    PCWCH Name;
    ULONG NameLength;
    ULONG LastDot;                             /* index in the name; NameLength = none */
    BOOLEAN IgnoreCase;
    BOOLEAN UpcaseBoth;
    PCWCH UpcaseTable;
} FSRTLP_MATCH;

static BOOLEAN
FsRtlpStateTest(const ULONGLONG *States, ULONG State)
{
    return (BOOLEAN)((States[State / 64] >> (State % 64)) & 1);
}

static VOID
FsRtlpStateSet(ULONGLONG *States, ULONG State)
{
    States[State / 64] |= 1ull << (State % 64);
}

/* Moves that consume nothing, in front of the character at Position (NameLength: at the end). */
static VOID
FsRtlpStateClose(const FSRTLP_MATCH *Match, ULONGLONG *States, ULONG Position)
{
    BOOLEAN End = Position == Match->NameLength;
    BOOLEAN Dot = !End && Match->Name[Position] == L'.';

    for (ULONG State = 0; State < Match->ExpressionLength; State++) {
        if (!FsRtlpStateTest(States, State)) {
            continue;
        }
        switch (Match->Expression[State]) {
        case L'*':
        case DOS_STAR:
            FsRtlpStateSet(States, State + 1);
            break;
        case DOS_QM:
            if (End || Dot) {
                FsRtlpStateSet(States, State + 1);
            }
            break;
        case DOS_DOT:
            if (End) {
                FsRtlpStateSet(States, State + 1);
            }
            break;
        default:
            break;
        }
    }
}

static BOOLEAN
FsRtlpCharacterEqual(const FSRTLP_MATCH *Match, WCHAR Expression, WCHAR Name)
{
    if (Expression == Name) {
        return TRUE;
    }
    if (!Match->IgnoreCase) {
        return FALSE;
    }
    Name = FsRtlpUpcase(Name, Match->UpcaseTable);
    return (Match->UpcaseBoth ? FsRtlpUpcase(Expression, Match->UpcaseTable) : Expression) == Name;
}

/* Reads the character at Position. */
static VOID
FsRtlpStateStep(const FSRTLP_MATCH *Match, const ULONGLONG *States, ULONGLONG *Next, ULONG Position)
{
    WCHAR Character = Match->Name[Position];

    for (ULONG State = 0; State < Match->ExpressionLength; State++) {
        if (!FsRtlpStateTest(States, State)) {
            continue;
        }
        switch (Match->Expression[State]) {
        case L'*':
            FsRtlpStateSet(Next, State);
            break;
        case DOS_STAR:
            FsRtlpStateSet(Next, Position == Match->LastDot ? State + 1 : State);
            break;
        case L'?':
            FsRtlpStateSet(Next, State + 1);
            break;
        case DOS_QM:
            if (Character != L'.') {
                FsRtlpStateSet(Next, State + 1);
            }
            break;
        case DOS_DOT:
            if (Character == L'.') {
                FsRtlpStateSet(Next, State + 1);
            }
            break;
        default:
            if (FsRtlpCharacterEqual(Match, Match->Expression[State], Character)) {
                FsRtlpStateSet(Next, State + 1);
            }
            break;
        }
    }
}

static BOOLEAN
FsRtlpMatchRun(const FSRTLP_MATCH *Match, ULONGLONG *States, ULONGLONG *Next, ULONG Words)
{
    memset(States, 0, Words * sizeof(*States));
    FsRtlpStateSet(States, 0);
    for (ULONG Position = 0; Position < Match->NameLength; Position++) {
        ULONGLONG *Swap = States;
        FsRtlpStateClose(Match, States, Position);
        memset(Next, 0, Words * sizeof(*Next));
        FsRtlpStateStep(Match, States, Next, Position);
        States = Next;
        Next = Swap;
    }
    FsRtlpStateClose(Match, States, Match->NameLength);
    return FsRtlpStateTest(States, Match->ExpressionLength);
}

static BOOLEAN
FsRtlpMatch(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase, BOOLEAN UpcaseBoth, PWCH UpcaseTable)
{
    ULONGLONG OnStack[2 * FSRTLP_STACK_WORDS];
    FSRTLP_MATCH Match = {
        .Expression = Expression->Buffer, .ExpressionLength = Expression->Length / sizeof(WCHAR), .Name = Name->Buffer,
        .NameLength = Name->Length / sizeof(WCHAR), .IgnoreCase = IgnoreCase, .UpcaseBoth = UpcaseBoth, .UpcaseTable = UpcaseTable};
    ULONG Words = (Match.ExpressionLength + 1 + 63) / 64;

    if (Match.NameLength == 0 || Match.ExpressionLength == 0) {
        return Match.NameLength == Match.ExpressionLength;
    }
    if (Match.ExpressionLength == 1 && Match.Expression[0] == L'*') {
        return TRUE;
    }
    for (Match.LastDot = Match.NameLength; Match.LastDot-- > 0;) {
        if (Match.Name[Match.LastDot] == L'.') {
            break;
        }
    }
    if (Words <= FSRTLP_STACK_WORDS) {
        return FsRtlpMatchRun(&Match, OnStack, OnStack + FSRTLP_STACK_WORDS, Words);
    }
    ULONGLONG *States = ExAllocatePoolWithTag(PagedPool, 2 * Words * sizeof(ULONGLONG), FSRTLP_TAG);
    if (States == NULL) {
        ExRaiseStatus(STATUS_NO_MEMORY);
    }
    BOOLEAN Result = FsRtlpMatchRun(&Match, States, States + Words, Words);
    ExFreePool(States);
    return Result;
}

/* Windows: ntifs.h, FsRtlIsNameInExpression.  Differences: none. */
BOOLEAN
FsRtlIsNameInExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase, PWCH UpcaseTable)
{
    return FsRtlpMatch(Expression, Name, IgnoreCase, FALSE, UpcaseTable);
}

/* Windows: ntifs.h, FsRtlIsNameInUnUpcasedExpression.  Differences: none. */
BOOLEAN
FsRtlIsNameInUnUpcasedExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase, PWCH UpcaseTable)
{
    return FsRtlpMatch(Expression, Name, IgnoreCase, TRUE, UpcaseTable);
}

/* ---- reparse points ---- */

/* TRUE: [Offset, Offset + Length) of a path buffer of PathBytes holds whole characters. */
static BOOLEAN
FsRtlpPathPartValid(USHORT Offset, USHORT Length, ULONG PathBytes)
{
    return (Offset & 1) == 0 && (Length & 1) == 0 && (ULONG)Offset + Length <= PathBytes;
}

static NTSTATUS
FsRtlpValidateMicrosoftTag(PREPARSE_DATA_BUFFER Reparse)
{
    ULONG Bytes = Reparse->ReparseDataLength;

    if (Reparse->ReparseTag == IO_REPARSE_TAG_MOUNT_POINT) {
        ULONG Front = FIELD_OFFSET(REPARSE_DATA_BUFFER, MountPointReparseBuffer.PathBuffer) - REPARSE_DATA_BUFFER_HEADER_SIZE;
        if (Bytes < Front ||
            !FsRtlpPathPartValid(Reparse->MountPointReparseBuffer.SubstituteNameOffset,
                                 Reparse->MountPointReparseBuffer.SubstituteNameLength, Bytes - Front) ||
            !FsRtlpPathPartValid(Reparse->MountPointReparseBuffer.PrintNameOffset,
                                 Reparse->MountPointReparseBuffer.PrintNameLength, Bytes - Front)) {
            return STATUS_IO_REPARSE_DATA_INVALID;
        }
    } else if (Reparse->ReparseTag == IO_REPARSE_TAG_SYMLINK) {
        ULONG Front = FIELD_OFFSET(REPARSE_DATA_BUFFER, SymbolicLinkReparseBuffer.PathBuffer) - REPARSE_DATA_BUFFER_HEADER_SIZE;
        if (Bytes < Front ||
            !FsRtlpPathPartValid(Reparse->SymbolicLinkReparseBuffer.SubstituteNameOffset,
                                 Reparse->SymbolicLinkReparseBuffer.SubstituteNameLength, Bytes - Front) ||
            !FsRtlpPathPartValid(Reparse->SymbolicLinkReparseBuffer.PrintNameOffset,
                                 Reparse->SymbolicLinkReparseBuffer.PrintNameLength, Bytes - Front)) {
            return STATUS_IO_REPARSE_DATA_INVALID;
        }
    }
    return STATUS_SUCCESS;
}

/* Windows: ntifs.h, FsRtlValidateReparsePointBuffer.  Differences: none. */
NTSTATUS
FsRtlValidateReparsePointBuffer(ULONG BufferLength, PREPARSE_DATA_BUFFER ReparseBuffer)
{
    if (BufferLength < REPARSE_DATA_BUFFER_HEADER_SIZE || BufferLength > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    ULONG Bytes = ReparseBuffer->ReparseDataLength;
    if (BufferLength != REPARSE_DATA_BUFFER_HEADER_SIZE + Bytes && BufferLength != REPARSE_GUID_DATA_BUFFER_HEADER_SIZE + Bytes) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    if (IsReparseTagMicrosoft(ReparseBuffer->ReparseTag)) {
        if (BufferLength != REPARSE_DATA_BUFFER_HEADER_SIZE + Bytes && ReparseBuffer->ReparseTag == IO_REPARSE_TAG_MOUNT_POINT) {
            return STATUS_IO_REPARSE_DATA_INVALID;
        }
        if (!IsReparseTagValid(ReparseBuffer->ReparseTag)) {
            return STATUS_IO_REPARSE_TAG_INVALID;
        }
        return FsRtlpValidateMicrosoftTag(ReparseBuffer);
    }
    if (!IsReparseTagValid(ReparseBuffer->ReparseTag)) {
        return STATUS_IO_REPARSE_TAG_INVALID;
    }
    if (BufferLength != REPARSE_GUID_DATA_BUFFER_HEADER_SIZE + Bytes) {
        return STATUS_IO_REPARSE_DATA_INVALID;
    }
    PREPARSE_GUID_DATA_BUFFER Guid = (PREPARSE_GUID_DATA_BUFFER)ReparseBuffer;
    static const GUID Null;
    return memcmp(&Guid->ReparseGuid, &Null, sizeof(GUID)) == 0 ? STATUS_IO_REPARSE_DATA_INVALID : STATUS_SUCCESS;
}

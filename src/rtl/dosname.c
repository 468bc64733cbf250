/* SPDX-License-Identifier: MIT */
/* Short names.  The OEM code page is taken to be ASCII: other characters have no upper-case OEM form here, and make a name illegal. */
#include <ntifs.h>

#include <string.h>

#define RTLP_SHORT_NAME_CHARS 12               /* "BASENAME.EXT" */
#define RTLP_BASE_CHARS 8
#define RTLP_EXTENSION_CHARS 3

static BOOLEAN
RtlpIsShortNameCharacter(WCHAR Character)
{
    if (Character < L' ' || Character > L'~') {
        return FALSE;
    }
    return strchr("\"*+,/:;<=>?[\\]|", (CHAR)Character) == NULL;
}

/* "." and "..", or 1-8 characters, and if there is a dot 1-3 more; no space at the end of either part. */
static BOOLEAN
RtlpIsShortNameForm(const CHAR *Name, ULONG Length)
{
    const CHAR *Dot = memchr(Name, '.', Length);

    if (Length == 0 || (Length <= 2 && Dot == Name && Name[Length - 1] == '.')) {
        return Length != 0;
    }
    const ULONG Base = Dot != NULL ? (ULONG)(Dot - Name) : Length;
    if (Base == 0 || Base > RTLP_BASE_CHARS || Name[Base - 1] == ' ') {
        return FALSE;
    }
    if (Dot == NULL) {
        return TRUE;
    }
    const ULONG Extension = Length - Base - 1;
    return Extension != 0 && Extension <= RTLP_EXTENSION_CHARS && memchr(Dot + 1, '.', Extension) == NULL && Name[Length - 1] != ' ';
}

/*
 * Windows: ntifs.h, RtlIsNameLegalDOS8Dot3.  Differences: the OEM code page is ASCII.  OemName's buffer is the caller's and is written
 * only if it is large enough.
 */
BOOLEAN
RtlIsNameLegalDOS8Dot3(PCUNICODE_STRING Name, POEM_STRING OemName, PBOOLEAN NameContainsSpaces)
{
    CHAR Oem[RTLP_SHORT_NAME_CHARS];
    const ULONG Length = Name->Length / sizeof(WCHAR);
    BOOLEAN Spaces = FALSE;

    if (Length > RTLP_SHORT_NAME_CHARS) {
        return FALSE;
    }
    for (ULONG i = 0; i < Length; i++) {
        const WCHAR Character = Name->Buffer[i];
        if (!RtlpIsShortNameCharacter(Character)) {
            return FALSE;
        }
        Spaces |= Character == L' ';
        Oem[i] = (CHAR)(Character >= L'a' && Character <= L'z' ? Character - L'a' + L'A' : Character);
    }
    if (!RtlpIsShortNameForm(Oem, Length)) {
        return FALSE;
    }
    if (OemName != NULL && OemName->MaximumLength >= Length) {
        memcpy(OemName->Buffer, Oem, Length);
        OemName->Length = (USHORT)Length;
    }
    if (NameContainsSpaces != NULL) {
        *NameContainsSpaces = Spaces;
    }
    return TRUE;
}

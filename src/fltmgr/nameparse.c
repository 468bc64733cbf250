/* SPDX-License-Identifier: MIT */
/*
 * Parsing of names:
 *
 *      \Device\HarddiskVolume1\dir\sub\file.txt:stream
 *      └────── Volume ───────┘└ParentDir┘│   └┘└Stream┘
 *                                        └ Extension ┘ within FinalComponent, which runs to the end
 */
#include "fltmgr/fltname.h"

static VOID
FltpPart(PUNICODE_STRING Part, PCUNICODE_STRING Whole, ULONG From, ULONG To)
{
    Part->Buffer = To > From ? Whole->Buffer + From : NULL;
    Part->Length = Part->MaximumLength = (USHORT)((To - From) * sizeof(WCHAR));
}

static ULONG
FltpLastOf(PCUNICODE_STRING Name, ULONG From, ULONG To, WCHAR Wanted)
{
    for (ULONG i = To; i > From; i--) {
        if (Name->Buffer[i - 1] == Wanted) {
            return i - 1;
        }
    }
    return To;
}

static ULONG
FltpFirstOf(PCUNICODE_STRING Name, ULONG From, ULONG To, WCHAR Wanted)
{
    for (ULONG i = From; i < To; i++) {
        if (Name->Buffer[i] == Wanted) {
            return i;
        }
    }
    return To;
}

/* Parts of the last component, which starts at character Start. */
static VOID
FltpParseComponent(PCUNICODE_STRING Name, ULONG Start, PUNICODE_STRING Extension, PUNICODE_STRING Stream, PUNICODE_STRING Final)
{
    const ULONG End = Name->Length / sizeof(WCHAR);
    const ULONG Colon = FltpFirstOf(Name, Start, End, L':');
    const ULONG Dot = FltpLastOf(Name, Start, Colon, L'.');

    if (Extension != NULL) {
        FltpPart(Extension, Name, Dot < Colon ? Dot + 1 : Colon, Colon);
    }
    if (Stream != NULL) {
        FltpPart(Stream, Name, Colon, End);
    }
    if (Final != NULL) {
        FltpPart(Final, Name, Start, End);
    }
}

/* Windows: fltKernel.h, FltParseFileName.  Differences: none. */
NTSTATUS FLTAPI
FltParseFileName(PCUNICODE_STRING FileName, PUNICODE_STRING Extension, PUNICODE_STRING Stream, PUNICODE_STRING FinalComponent)
{
    VF_MAX_IRQL(APC_LEVEL);

    const ULONG End = FileName->Length / sizeof(WCHAR);
    const ULONG Slash = FltpLastOf(FileName, 0, End, L'\\');
    FltpParseComponent(FileName, Slash < End ? Slash + 1 : 0, Extension, Stream, FinalComponent);
    return STATUS_SUCCESS;
}

/* The end of Count components that begin with a backslash at From. */
static ULONG
FltpSkipComponents(PCUNICODE_STRING Name, ULONG From, ULONG Count)
{
    const ULONG End = Name->Length / sizeof(WCHAR);

    while (Count-- > 0 && From < End) {
        From = FltpFirstOf(Name, From + 1, End, L'\\');
    }
    return From;
}

static BOOLEAN
FltpIsRedirector(PCUNICODE_STRING Volume)
{
    static const WCHAR *const Names[] = { L"\\Device\\LanmanRedirector", L"\\Device\\Mup" };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        UNICODE_STRING Name;
        RtlInitUnicodeString(&Name, Names[i]);
        if (RtlEqualUnicodeString(&Name, Volume, TRUE)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Volume and share; returns where the path begins. */
static ULONG
FltpParseVolume(PFLT_FILE_NAME_INFORMATION Information)
{
    PCUNICODE_STRING Name = &Information->Name;
    ULONG End = Information->Volume.Length / sizeof(WCHAR);

    if (End == 0 && Name->Length >= sizeof(WCHAR) && Name->Buffer[0] == L'\\') {
        End = FltpSkipComponents(Name, 0, 2);
    }
    FltpPart(&Information->Volume, Name, 0, End);
    const ULONG Path = FltpIsRedirector(&Information->Volume) ? FltpSkipComponents(Name, End, 2) : End;
    FltpPart(&Information->Share, Name, End, Path);
    return Path;
}

/* Windows: fltKernel.h, FltParseFileNameInformation.  Differences: a network share is known by the redirector's name only. */
NTSTATUS FLTAPI
FltParseFileNameInformation(PFLT_FILE_NAME_INFORMATION NameInformation)
{
    VF_MAX_IRQL(APC_LEVEL);

    PCUNICODE_STRING Name = &NameInformation->Name;
    const ULONG End = Name->Length / sizeof(WCHAR);
    ULONG Start = 0;
    if (FltGetFileNameFormat(NameInformation->Format) == FLT_FILE_NAME_SHORT) {
        FltpPart(&NameInformation->Volume, Name, 0, 0);
        FltpPart(&NameInformation->Share, Name, 0, 0);
        FltpPart(&NameInformation->ParentDir, Name, 0, 0);
    } else {
        const ULONG Path = FltpParseVolume(NameInformation);
        const ULONG Slash = FltpLastOf(Name, Path, End, L'\\');
        Start = Slash < End ? Slash + 1 : Path;
        FltpPart(&NameInformation->ParentDir, Name, Path, Start);
    }
    FltpParseComponent(Name, Start, &NameInformation->Extension, &NameInformation->Stream, &NameInformation->FinalComponent);
    NameInformation->NamesParsed = FLTFL_FILE_NAME_PARSED_FINAL_COMPONENT | FLTFL_FILE_NAME_PARSED_EXTENSION |
                                       FLTFL_FILE_NAME_PARSED_STREAM | FLTFL_FILE_NAME_PARSED_PARENT_DIR;
    return STATUS_SUCCESS;
}

/* ---- helpers of the name files ---- */

BOOLEAN
FltpSplitPath(PCUNICODE_STRING Name, USHORT VolumeLength, PUNICODE_STRING Parent, PUNICODE_STRING Last)
{
    const ULONG End = Name->Length / sizeof(WCHAR);
    const ULONG Path = VolumeLength / sizeof(WCHAR);
    ULONG Trimmed = End;

    while (Trimmed > Path + 1 && Name->Buffer[Trimmed - 1] == L'\\') {
        Trimmed--;
    }
    const ULONG Slash = FltpLastOf(Name, Path, Trimmed, L'\\');
    if (Slash == Trimmed || Slash + 1 == Trimmed) {
        return FALSE;
    }
    FltpPart(Parent, Name, 0, Slash + 1);
    FltpPart(Last, Name, Slash + 1, Trimmed);
    return TRUE;
}

/* A normalized name does not say ":$DATA". */
VOID
FltpStripStreamType(PUNICODE_STRING Name)
{
    static const UNICODE_STRING Type = RTL_CONSTANT_STRING(L":$DATA");

    if (Name->Length <= Type.Length) {
        return;
    }
    const UNICODE_STRING Tail = { Type.Length, Type.Length, Name->Buffer + (Name->Length - Type.Length) / sizeof(WCHAR) };
    if (!RtlEqualUnicodeString(&Tail, &Type, TRUE)) {
        return;
    }
    Name->Length -= Type.Length;
    if (Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L':') {
        Name->Length -= sizeof(WCHAR);
    }
}

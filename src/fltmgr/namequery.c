/* SPDX-License-Identifier: MIT */
/*
 * Asking for names below an instance: of open files, of files known by identifier, and of paths whose last component need not
 * exist.  Everything here issues requests: PASSIVE_LEVEL, no lock held.
 */
#include "fltmgr/fltname.h"

/* ---- one question to the file system ---- */

static NTSTATUS
FltpAsk(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length)
{
    if (Query->Instance != NULL) {
        return FltQueryInformationFile(Query->Instance, FileObject, Buffer, Length, Class, NULL);
    }
    return IopQueryInformation(FileObject, Class, Buffer, Length, KernelMode, NULL);
}

static NTSTATUS
FltpAppendAnswer(PFLT_NAME_CONTROL Control, PCUNICODE_STRING Prefix, PFILE_NAME_INFORMATION Answer)
{
    if (Answer->FileNameLength > 0xFFFE) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    const USHORT Length = (USHORT)Answer->FileNameLength;
    const UNICODE_STRING Name = { Length, Length, Answer->FileName };
    NTSTATUS Status = Prefix != NULL ? FltpControlAppend(Control, Prefix) : STATUS_SUCCESS;
    if (NT_SUCCESS(Status) && Prefix != NULL && Length != 0 && Name.Buffer[0] != L'\\') {
        Status = FltpControlAppendCharacter(Control, L'\\');
    }
    return NT_SUCCESS(Status) ? FltpControlAppend(Control, &Name) : Status;
}

static NTSTATUS
FltpAskLongName(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PCUNICODE_STRING Prefix, ULONG Bytes,
    PFLT_NAME_CONTROL Control)
{
    const ULONG Length = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + Bytes;

    if (Bytes > 0xFFFE) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    PFILE_NAME_INFORMATION Answer = port_alloc(Length);
    if (Answer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = FltpAsk(Query, FileObject, Class, Answer, Length);
    if (NT_SUCCESS(Status)) {
        Status = FltpAppendAnswer(Control, Prefix, Answer);
    }
    port_free(Answer);
    return Status;
}

/* One of the classes that answer with FILE_NAME_INFORMATION; Prefix may be NULL. */
static NTSTATUS
FltpAskName(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, PCUNICODE_STRING Prefix, PFLT_NAME_CONTROL Control)
{
    union { FILE_NAME_INFORMATION Information; UCHAR Room[sizeof(ULONG) + 260 * sizeof(WCHAR)]; } Answer;

    Answer.Information.FileNameLength = 0;
    NTSTATUS Status = FltpAsk(Query, FileObject, Class, &Answer, sizeof(Answer));
    if (Status == STATUS_BUFFER_OVERFLOW) {
        return FltpAskLongName(Query, FileObject, Class, Prefix, Answer.Information.FileNameLength, Control);
    }
    return NT_SUCCESS(Status) ? FltpAppendAnswer(Control, Prefix, &Answer.Information) : Status;
}

/* ---- open files ---- */

/* The file system does not know FileNormalizedNameInformation: the components are looked at one by one. */
static BOOLEAN
FltpIsUnknownClass(NTSTATUS Status)
{
    switch (Status) {
    case STATUS_INVALID_PARAMETER:
    case STATUS_INVALID_INFO_CLASS:
    case STATUS_INVALID_DEVICE_REQUEST:
    case STATUS_NOT_SUPPORTED:
    case STATUS_NOT_IMPLEMENTED:
        return TRUE;
    default:
        return FALSE;
    }
}

static VOID
FltpStripTrailingSlash(PUNICODE_STRING Name, USHORT VolumeLength)
{
    while (Name->Length > VolumeLength + sizeof(WCHAR) && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L'\\') {
        Name->Length -= sizeof(WCHAR);
    }
}

static NTSTATUS
FltpNormalizeComponents(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control)
{
    FLT_NAME_CONTROL Opened;
    NTSTATUS Status = FltpControlInitialize(&Opened);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltpAskName(Query, FileObject, FileNameInformation, &Query->Volume->Name, &Opened);
    if (NT_SUCCESS(Status)) {
        Status = FltpNormalizePath(Query, &Opened.Name, Control);
    }
    FltpControlFree(&Opened);
    return Status;
}

NTSTATUS
FltpQueryOpenName(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control)
{
    PCUNICODE_STRING Volume = &Query->Volume->Name;

    Control->Name.Length = 0;
    if (Query->Format == FLT_FILE_NAME_SHORT) {
        return FltpAskName(Query, FileObject, FileAlternateNameInformation, NULL, Control);
    }
    if (FileObject->Flags & FO_VOLUME_OPEN) {
        return FltpControlAppend(Control, Volume);
    }
    if (Query->Format == FLT_FILE_NAME_OPENED) {
        return FltpAskName(Query, FileObject, FileNameInformation, Volume, Control);
    }
    NTSTATUS Status = FltpAskName(Query, FileObject, FileNormalizedNameInformation, Volume, Control);
    if (FltpIsUnknownClass(Status)) {
        Control->Name.Length = 0;
        return FltpNormalizeComponents(Query, FileObject, Control);
    }
    if (NT_SUCCESS(Status)) {
        FltpStripTrailingSlash(&Control->Name, Volume->Length);
        FltpStripStreamType(&Control->Name);
    }
    return Status;
}

static USHORT
FltpVolumePrefix(const FLTP_NAME_QUERY *Query, PCUNICODE_STRING Name)
{
    return Query->Format != FLT_FILE_NAME_SHORT && RtlPrefixUnicodeString(&Query->Volume->Name, Name, TRUE) ? Query->Volume->Name.Length : 0;
}

static NTSTATUS
FltpBuildOpenText(const FLTP_NAME_QUERY *Query, PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, FLTP_TEXT **Text)
{
    FLT_NAME_CONTROL Control;
    BOOLEAN Cache = TRUE;
    NTSTATUS Status = FltpControlInitialize(&Control);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = Provider != NULL ? FltpProviderName(Query, Provider, FileObject, &Control, &Cache) : FltpQueryOpenName(Query, FileObject, &Control);
    if (NT_SUCCESS(Status)) {
        *Text = FltpTextCreate(&Control.Name, FltpVolumePrefix(Query, &Control.Name));
        Status = *Text != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    FltpControlFree(&Control);
    return Status;
}

NTSTATUS
FltpQueryOpenText(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, FLTP_TEXT **Text)
{
    FLTP_FILE *File = (Query->UseCache || Query->Store) && IopFileIsOurs(FileObject) ? FltpFileOf(FileObject, Query->Store) : NULL;
    FLTP_NAMES *Names = File != NULL ? FltpNamesOf(&File->Name, Query->Store) : NULL;
    const ULONGLONG Generation = FltpNameGeneration(Query->Volume);
    PFLT_INSTANCE Provider = FltpNameProvider(Query);

    /* What a provider says is not kept: it differs with who asks. */
    *Text = Query->UseCache && Provider == NULL ? FltpNamesLookup(Names, Query->Format, Generation, NULL) : NULL;
    if (*Text != NULL) {
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = FltpBuildOpenText(Query, Provider, FileObject, Text);
    if (Provider != NULL) {
        FltpCountRelease(&Provider->Outstanding);
    } else if (NT_SUCCESS(Status) && Query->Store) {
        FltpNamesStore(Names, Query->Format, Generation, *Text, NULL);
    }
    return Status;
}

NTSTATUS
FltpQueryNameById(const FLTP_NAME_QUERY *Query, PFILE_OBJECT FileObject, PFLT_NAME_CONTROL Control)
{
    const FLTP_OPEN Open = { .Instance = Query->Instance, .Volume = Query->Volume, .Related = FileObject->RelatedFileObject,
        .Name = FileObject->FileName, .Access = FILE_READ_ATTRIBUTES | SYNCHRONIZE, .Options = FILE_OPEN_BY_FILE_ID | FILE_OPEN_REPARSE_POINT,
        .CaseSensitive = TRUE };
    PFILE_OBJECT Opened;
    NTSTATUS Status = FltpOpenBelow(&Open, &Opened);

    if (NT_SUCCESS(Status)) {
        Status = FltpQueryOpenName(Query, Opened, Control);
        IopCloseFile(Opened);
    }
    return Status;
}

/* ---- paths ---- */

/* A name that Windows could have made: up to 8 characters with a tilde, a dot, up to 3 characters. */
static BOOLEAN
FltpMayBeShort(PCUNICODE_STRING Component)
{
    const ULONG Count = Component->Length / sizeof(WCHAR);
    ULONG Dot = Count;
    BOOLEAN Tilde = FALSE;

    for (ULONG i = 0; i < Count; i++) {
        if (Component->Buffer[i] == L'.') {
            if (Dot != Count) {
                return FALSE;
            }
            Dot = i;
        } else if (Component->Buffer[i] == L'~' && i > 0 && Dot == Count) {
            Tilde = TRUE;
        }
    }
    return Tilde && Dot <= 8 && Count - Dot <= 4;
}

/* The last component (without its stream) in full, as the directory spells it; the component itself if it is not there. */
static NTSTATUS
FltpAppendExpanded(const FLTP_NAME_QUERY *Query, PFILE_OBJECT Directory, PCUNICODE_STRING Component, PFLT_NAME_CONTROL Control)
{
    union { FILE_NAMES_INFORMATION Information; UCHAR Room[sizeof(FILE_NAMES_INFORMATION) + 255 * sizeof(WCHAR)]; } Entry;
    UNICODE_STRING Pattern = *Component;

    NTSTATUS Status = FltQueryDirectoryFile(Query->Instance, Directory, &Entry, sizeof(Entry), FileNamesInformation, TRUE, &Pattern, TRUE, NULL);
    if (!NT_SUCCESS(Status) || Entry.Information.FileNameLength == 0 || Entry.Information.FileNameLength > 255 * sizeof(WCHAR)) {
        return FltpControlAppend(Control, Component);
    }
    const USHORT Length = (USHORT)Entry.Information.FileNameLength;
    const UNICODE_STRING Full = { Length, Length, Entry.Information.FileName };
    return FltpControlAppend(Control, &Full);
}

/* The component in front of a stream's name, and the rest. */
static VOID
FltpSplitStream(PCUNICODE_STRING Last, PUNICODE_STRING Component, PUNICODE_STRING Stream)
{
    *Component = *Stream = *Last;
    Component->Length = 0;
    while (Component->Length < Last->Length && Last->Buffer[Component->Length / sizeof(WCHAR)] != L':') {
        Component->Length += sizeof(WCHAR);
    }
    Stream->Buffer += Component->Length / sizeof(WCHAR);
    Stream->Length = (USHORT)(Last->Length - Component->Length);
}

/* Opens the directory Parent, a full name with a backslash at the end; List: its entries will be asked for. */
static NTSTATUS
FltpOpenParent(const FLTP_NAME_QUERY *Query, PCUNICODE_STRING Parent, BOOLEAN List, PFILE_OBJECT *Directory)
{
    FLTP_OPEN Open = { .Instance = Query->Instance, .Volume = Query->Volume, .Name = *Parent,
        .Access = FILE_READ_ATTRIBUTES | SYNCHRONIZE | (List ? FILE_LIST_DIRECTORY : 0),
        .Options = FILE_DIRECTORY_FILE, .CaseSensitive = Query->CaseSensitive };
    const USHORT Volume = Query->Volume->Name.Length;

    Open.Name.Buffer += Volume / sizeof(WCHAR);
    Open.Name.Length = Open.Name.MaximumLength = (USHORT)(Parent->Length - Volume);
    if (Open.Name.Length > sizeof(WCHAR)) {
        Open.Name.Length -= sizeof(WCHAR);
    }
    NTSTATUS Status = FltpOpenBelow(&Open, Directory);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_NOT_A_DIRECTORY) {
        return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    return Status;
}

NTSTATUS
FltpNormalizePath(const FLTP_NAME_QUERY *Query, PCUNICODE_STRING Opened, PFLT_NAME_CONTROL Control)
{
    FLTP_NAME_QUERY Directories = *Query;
    UNICODE_STRING Parent, Last;
    UNICODE_STRING Component, Stream;
    PFILE_OBJECT Directory;
    PCUNICODE_STRING Volume = &Query->Volume->Name;

    Control->Name.Length = 0;
    if (!RtlPrefixUnicodeString(Volume, Opened, TRUE)) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    if (!FltpSplitPath(Opened, Volume->Length, &Parent, &Last)) {
        return FltpControlAppend(Control, Opened);
    }
    FltpSplitStream(&Last, &Component, &Stream);
    const BOOLEAN Expand = Query->Instance != NULL && FltpMayBeShort(&Component);
    NTSTATUS Status = FltpOpenParent(Query, &Parent, Expand, &Directory);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Directories.Format = FLT_FILE_NAME_NORMALIZED;
    Status = FltpQueryOpenName(&Directories, Directory, Control);
    if (NT_SUCCESS(Status) && Control->Name.Buffer[Control->Name.Length / sizeof(WCHAR) - 1] != L'\\') {
        Status = FltpControlAppendCharacter(Control, L'\\');
    }
    if (NT_SUCCESS(Status)) {
        Status = Expand ? FltpAppendExpanded(Query, Directory, &Component, Control) : FltpControlAppend(Control, &Component);
    }
    IopCloseFile(Directory);
    if (NT_SUCCESS(Status)) {
        Status = FltpControlAppend(Control, &Stream);
    }
    if (NT_SUCCESS(Status)) {
        FltpStripStreamType(&Control->Name);
    }
    return Status;
}

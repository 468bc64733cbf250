/* SPDX-License-Identifier: MIT */
/* Paths: private copies, and the parsing of a file object's name. */
#include "fs/base/fsb.h"

VOID
FsbPathInitialize(FSB_PATH *Path)
{
    Path->Heap = NULL;
    Path->Name.Buffer = Path->Inline;
    Path->Name.Length = 0;
    Path->Name.MaximumLength = sizeof(Path->Inline);
}

VOID
FsbPathFree(FSB_PATH *Path)
{
    port_free(Path->Heap);
    Path->Heap = NULL;
}

NTSTATUS
FsbPathRoom(FSB_PATH *Path, ULONG Bytes)
{
    if (Bytes <= Path->Name.MaximumLength) {
        return STATUS_SUCCESS;
    }
    if (Bytes > 0xFFFE) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    const PWCH Bigger = port_alloc(Bytes);
    if (Bigger == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    memcpy(Bigger, Path->Name.Buffer, Path->Name.Length);
    port_free(Path->Heap);
    Path->Heap = Bigger;
    Path->Name.Buffer = Bigger;
    Path->Name.MaximumLength = (USHORT)Bytes;
    return STATUS_SUCCESS;
}

NTSTATUS
FsbPathAppend(FSB_PATH *Path, PCUNICODE_STRING Component)
{
    const NTSTATUS Status = FsbPathRoom(Path, (ULONG)Path->Name.Length + Component->Length + sizeof(WCHAR));
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Path->Name.Length != 0) {
        Path->Name.Buffer[Path->Name.Length / sizeof(WCHAR)] = L'\\';
        Path->Name.Length += sizeof(WCHAR);
    }
    memcpy((PUCHAR)Path->Name.Buffer + Path->Name.Length, Component->Buffer, Component->Length);
    Path->Name.Length = (USHORT)(Path->Name.Length + Component->Length);
    return STATUS_SUCCESS;
}

USHORT
FsbParentBytes(PCUNICODE_STRING Path)
{
    USHORT Characters = Path->Length / sizeof(WCHAR);
    while (Characters > 0 && Path->Buffer[Characters - 1] != L'\\') {
        Characters--;
    }
    return Characters > 0 ? (USHORT)((Characters - 1) * sizeof(WCHAR)) : 0;
}

/* Folding keeps the number of characters, so what stands behind the parent stays where it is. */
NTSTATUS
FsbPathRealParent(FSB_VOLUME *Volume, FSB_PATH *Path)
{
    const USHORT Parent = FsbParentBytes(&Path->Name);
    FSB_RESOLVE Resolve;
    if (Parent == 0) {
        return STATUS_SUCCESS;
    }
    memset(&Resolve, 0, offsetof(FSB_RESOLVE, StorePart));
    Resolve.Path = (UNICODE_STRING){.Buffer = Path->Name.Buffer, .Length = Parent, .MaximumLength = Parent};
    Resolve.Light = TRUE;
    NTSTATUS Status = Volume->Store->Resolve(Volume, &Resolve);
    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_OBJECT_PATH_NOT_FOUND : Status;
    }
    if (Resolve.RealPath.Buffer != Resolve.Path.Buffer) {
        if (Resolve.RealPath.Length == Parent) {
            memcpy(Path->Name.Buffer, Resolve.RealPath.Buffer, Parent);
        } else {
            Status = STATUS_OBJECT_PATH_NOT_FOUND;
        }
        port_free(Resolve.RealPath.Buffer);
    }
    Volume->Store->Abandon(Volume, &Resolve);
    return Status;
}

static BOOLEAN
FsbIsDefaultType(PCUNICODE_STRING Type)
{
    static const WCHAR Data[] = L"$DATA";
    if (Type->Length != sizeof(Data) - sizeof(WCHAR)) {
        return FALSE;
    }
    for (ULONG i = 0; i < 5; i++) {
        if (RtlUpcaseUnicodeChar(Type->Buffer[i]) != Data[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

/* "name:stream:$DATA" in the last component: Stream gets what stands between the colons. */
static NTSTATUS
FsbSplitStream(PUNICODE_STRING Name, PUNICODE_STRING Stream, PBOOLEAN HasStream)
{
    const USHORT Characters = Name->Length / sizeof(WCHAR);
    USHORT Colon = 0;
    while (Colon < Characters && Name->Buffer[Colon] != L':') {
        Colon++;
    }
    *HasStream = Colon < Characters;
    if (!*HasStream) {
        return STATUS_SUCCESS;
    }
    USHORT Second = Colon + 1;
    while (Second < Characters && Name->Buffer[Second] != L':') {
        if (Name->Buffer[Second] == L'\\') {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Second++;
    }
    Stream->Buffer = Name->Buffer + Colon + 1;
    Stream->Length = Stream->MaximumLength = (USHORT)((Second - Colon - 1) * sizeof(WCHAR));
    if (Second < Characters) {
        UNICODE_STRING Type = {.Buffer = Name->Buffer + Second + 1, .Length = (USHORT)((Characters - Second - 1) * sizeof(WCHAR))};
        if (!FsbIsDefaultType(&Type)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
    } else if (Stream->Length == 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Stream->Length > FSB_MAX_NAME * sizeof(WCHAR)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Name->Length = (USHORT)(Colon * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

NTSTATUS
FsbSplitName(PUNICODE_STRING Name, PUNICODE_STRING Stream, PBOOLEAN HasStream, PBOOLEAN TrailingBackslash)
{
    *Stream = (UNICODE_STRING){0};
    *TrailingBackslash = FALSE;
    *HasStream = FALSE;
    if (Name->Length > 0 && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L'\\') {
        Name->Length -= sizeof(WCHAR);
        *TrailingBackslash = TRUE;
    }
    const USHORT Characters = Name->Length / sizeof(WCHAR);
    for (USHORT i = 0; i + 1 < Characters; i++) {
        if (Name->Buffer[i] == L'\\' && Name->Buffer[i + 1] == L'\\') {
            return STATUS_OBJECT_NAME_INVALID;
        }
    }
    if (Characters > 0 && (Name->Buffer[0] == L'\\' || Name->Buffer[Characters - 1] == L'\\')) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    return FsbSplitStream(Name, Stream, HasStream);
}

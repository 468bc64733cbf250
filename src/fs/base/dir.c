/* SPDX-License-Identifier: MIT */
/*
 * IRP_MJ_DIRECTORY_CONTROL.
 *
 * A handle remembers the names it has read from the store, in order: entry n has FileIndex n + 1, and a query with
 * SL_INDEX_SPECIFIED goes on behind that index, however the directory changed meanwhile.  Restarting reads afresh.
 * Entries 0 and 1 are "." and ".." (the root has none, but the numbers are the same).
 */
#include "fs/base/fsb.h"

typedef struct FSB_LISTED {
    USHORT Characters;
    WCHAR Name[];
} FSB_LISTED;

typedef struct FSB_LISTING {
    PVOID Reader;
    BOOLEAN End;                               /* the store has no more */
    BOOLEAN Any;                               /* something was returned: the end is NO_MORE_FILES, not NO_SUCH_FILE */
    BOOLEAN Root;
    BOOLEAN MatchAll;
    UNICODE_STRING Pattern;                    /* owned, upcased */
    ULONG Cursor;
    ULONG Count, Capacity;
    ULONG *Offsets;                            /* of FSB_LISTED in Arena */
    PUCHAR Arena;
    ULONG ArenaUsed, ArenaSize;
} FSB_LISTING;

/* ---- reading names ---- */

static VOID
FsbListingForget(FSB_LISTING *Listing, FSB_FCB *Fcb)
{
    if (Listing->Reader != NULL) {
        Fcb->Volume->Store->DirClose(Fcb, Listing->Reader);
        Listing->Reader = NULL;
    }
    Listing->Count = Listing->ArenaUsed = 0;
    Listing->End = FALSE;
}

VOID
FsbListingFree(FSB_CCB *Ccb, FSB_FCB *Fcb)
{
    FSB_LISTING *Listing = Ccb->Listing;
    FsbListingForget(Listing, Fcb);
    port_free(Listing->Pattern.Buffer);
    port_free(Listing->Offsets);
    port_free(Listing->Arena);
    port_free(Listing);
    Ccb->Listing = NULL;
}

static PVOID
FsbGrow(PVOID Old, ULONG Used, ULONG Size)
{
    const PVOID New = port_alloc(Size);
    if (New != NULL) {
        if (Used != 0) {
            memcpy(New, Old, Used);
        }
        port_free(Old);
    }
    return New;
}

static NTSTATUS
FsbListingAdd(FSB_LISTING *Listing, const FSB_DIRENT *Entry)
{
    const ULONG Bytes = (sizeof(FSB_LISTED) + Entry->Characters * (ULONG)sizeof(WCHAR) + 7) & ~7u;
    if (Listing->Count == Listing->Capacity) {
        const ULONG Capacity = Listing->Capacity == 0 ? 64 : Listing->Capacity * 2;
        ULONG *Offsets = FsbGrow(Listing->Offsets, Listing->Count * (ULONG)sizeof(ULONG), Capacity * (ULONG)sizeof(ULONG));
        if (Offsets == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Listing->Offsets = Offsets;
        Listing->Capacity = Capacity;
    }
    if (Listing->ArenaUsed + Bytes > Listing->ArenaSize) {
        const ULONG Size = Listing->ArenaSize == 0 ? 4096 : Listing->ArenaSize * 2;
        const PUCHAR Arena = Size < Listing->ArenaSize ? NULL : FsbGrow(Listing->Arena, Listing->ArenaUsed, Size);
        if (Arena == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Listing->Arena = Arena;
        Listing->ArenaSize = Size;
    }
    FSB_LISTED *Listed = (FSB_LISTED *)(Listing->Arena + Listing->ArenaUsed);
    Listed->Characters = Entry->Characters;
    memcpy(Listed->Name, Entry->Name, Entry->Characters * sizeof(WCHAR));
    Listing->Offsets[Listing->Count++] = Listing->ArenaUsed;
    Listing->ArenaUsed += Bytes;
    return STATUS_SUCCESS;
}

/* Makes entry Index known.  STATUS_NO_MORE_FILES: there is none. */
static NTSTATUS
FsbListingFetch(FSB_LISTING *Listing, FSB_FCB *Fcb, ULONG Index, FSB_LISTED **Out)
{
    const FSB_STORE *Store = Fcb->Volume->Store;
    NTSTATUS Status = STATUS_SUCCESS;
    if (Listing->Reader == NULL) {
        Status = Store->DirOpen(Fcb, &Listing->Reader);
    }
    if (NT_SUCCESS(Status) && Listing->Count == 0) {
        FSB_DIRENT Dots = {.Name = L"..", .Characters = 1};
        Status = FsbListingAdd(Listing, &Dots);
        Dots.Characters = 2;
        Status = NT_SUCCESS(Status) ? FsbListingAdd(Listing, &Dots) : Status;
    }
    while (NT_SUCCESS(Status) && Index >= Listing->Count) {
        FSB_DIRENT Entry;
        Status = Listing->End ? STATUS_NO_MORE_FILES : Store->DirNext(Fcb, Listing->Reader, &Entry);
        if (NT_SUCCESS(Status)) {
            Status = FsbListingAdd(Listing, &Entry);
        } else if (Status == STATUS_NO_MORE_FILES) {
            Listing->End = TRUE;
        }
    }
    if (NT_SUCCESS(Status)) {
        *Out = (FSB_LISTED *)(Listing->Arena + Listing->Offsets[Index]);
    }
    return Status;
}

static BOOLEAN
FsbListingMatches(FSB_LISTING *Listing, const FSB_LISTED *Listed)
{
    if (Listing->MatchAll) {
        return TRUE;
    }
    UNICODE_STRING Name = {.Buffer = (PWCH)Listed->Name, .Length = Listed->Characters * sizeof(WCHAR), .MaximumLength = Listed->Characters * sizeof(WCHAR)};
    return FsRtlIsNameInExpression(&Listing->Pattern, &Name, TRUE, NULL);
}

/* ---- layouts of the classes ---- */

typedef struct FSB_LAYOUT {
    FILE_INFORMATION_CLASS Class;
    USHORT Name;                               /* offsets; 0 = the class has no such field */
    USHORT NameLength, EaSize, ShortNameLength, FileId, FileId128, Tag;
} FSB_LAYOUT;

#define FSB_O(Type, Field) FIELD_OFFSET(Type, Field)
static const FSB_LAYOUT FsbLayouts[] = {
    {FileDirectoryInformation, FSB_O(FILE_DIRECTORY_INFORMATION, FileName), FSB_O(FILE_DIRECTORY_INFORMATION, FileNameLength), 0, 0, 0, 0, 0},
    {FileFullDirectoryInformation, FSB_O(FILE_FULL_DIR_INFORMATION, FileName), FSB_O(FILE_FULL_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_FULL_DIR_INFORMATION, EaSize), 0, 0, 0, 0},
    {FileBothDirectoryInformation, FSB_O(FILE_BOTH_DIR_INFORMATION, FileName), FSB_O(FILE_BOTH_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_BOTH_DIR_INFORMATION, EaSize), FSB_O(FILE_BOTH_DIR_INFORMATION, ShortNameLength), 0, 0, 0},
    {FileNamesInformation, FSB_O(FILE_NAMES_INFORMATION, FileName), FSB_O(FILE_NAMES_INFORMATION, FileNameLength), 0, 0, 0, 0, 0},
    {FileIdBothDirectoryInformation, FSB_O(FILE_ID_BOTH_DIR_INFORMATION, FileName), FSB_O(FILE_ID_BOTH_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_ID_BOTH_DIR_INFORMATION, EaSize), FSB_O(FILE_ID_BOTH_DIR_INFORMATION, ShortNameLength), FSB_O(FILE_ID_BOTH_DIR_INFORMATION, FileId), 0, 0},
    {FileIdFullDirectoryInformation, FSB_O(FILE_ID_FULL_DIR_INFORMATION, FileName), FSB_O(FILE_ID_FULL_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_ID_FULL_DIR_INFORMATION, EaSize), 0, FSB_O(FILE_ID_FULL_DIR_INFORMATION, FileId), 0, 0},
    {FileIdExtdDirectoryInformation, FSB_O(FILE_ID_EXTD_DIR_INFORMATION, FileName), FSB_O(FILE_ID_EXTD_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_ID_EXTD_DIR_INFORMATION, EaSize), 0, 0, FSB_O(FILE_ID_EXTD_DIR_INFORMATION, FileId), FSB_O(FILE_ID_EXTD_DIR_INFORMATION, ReparsePointTag)},
    {FileIdExtdBothDirectoryInformation, FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, FileName), FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, FileNameLength),
     FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, EaSize), FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, ShortNameLength), 0,
     FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, FileId), FSB_O(FILE_ID_EXTD_BOTH_DIR_INFORMATION, ReparsePointTag)},
};

static const FSB_LAYOUT *
FsbLayoutOf(FILE_INFORMATION_CLASS Class)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(FsbLayouts); i++) {
        if (FsbLayouts[i].Class == Class) {
            return &FsbLayouts[i];
        }
    }
    return NULL;
}

static VOID
FsbFillEntry(const FSB_LAYOUT *Layout, PUCHAR At, const FSB_STAT *Stat)
{
    const ULONGLONG Inode = Stat->Key.Inode;
    if (Layout->Class == FileNamesInformation) {
        return;
    }
    const PFILE_DIRECTORY_INFORMATION Common = (PFILE_DIRECTORY_INFORMATION)At;
    Common->CreationTime.QuadPart = Stat->CreationTime;
    Common->LastAccessTime.QuadPart = Stat->LastAccessTime;
    Common->LastWriteTime.QuadPart = Stat->LastWriteTime;
    Common->ChangeTime.QuadPart = Stat->ChangeTime;
    Common->EndOfFile.QuadPart = Stat->Size;
    Common->AllocationSize.QuadPart = Stat->Allocation;
    Common->FileAttributes = Stat->Attributes;
    if (Layout->EaSize != 0) {
        /* The tag stands in the EA size of a reparse point where the class has no field of its own for it. */
        *(PULONG)(At + Layout->EaSize) = Stat->ReparseTag != 0 && Layout->Tag == 0 ? Stat->ReparseTag : Stat->EaSize;
    }
    if (Layout->Tag != 0) {
        *(PULONG)(At + Layout->Tag) = Stat->ReparseTag;
    }
    if (Layout->FileId != 0) {
        memcpy(At + Layout->FileId, &Inode, sizeof(Inode));
    }
    if (Layout->FileId128 != 0) {
        memcpy(At + Layout->FileId128, &Inode, sizeof(Inode));
    }
}

/* ---- query ---- */

typedef struct FSB_LIST_OUT {
    PUCHAR Buffer;
    ULONG Length, Used, Last;                  /* Last: offset of the newest entry */
    BOOLEAN Any;
    BOOLEAN CutOff;
} FSB_LIST_OUT;

/* STATUS_BUFFER_OVERFLOW: the entry does not fit; the first one of a query is then put in cut off. */
static NTSTATUS
FsbPutEntry(const FSB_LAYOUT *Layout, FSB_LIST_OUT *Out, const FSB_LISTED *Listed, const FSB_STAT *Stat, ULONG Index)
{
    const ULONG Start = (Out->Used + 7) & ~7u;
    const ULONG NameBytes = Listed->Characters * (ULONG)sizeof(WCHAR);
    const BOOLEAN Fits = Start + Layout->Name + NameBytes <= Out->Length;
    if (!Fits && Out->Any) {
        return STATUS_BUFFER_OVERFLOW;
    }
    const ULONG Room = Fits ? NameBytes : Out->Length - Start - Layout->Name;
    const PUCHAR At = Out->Buffer + Start;
    memset(At, 0, Layout->Name);
    FsbFillEntry(Layout, At, Stat);
    *(PULONG)(At + FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileIndex)) = Index + 1;
    *(PULONG)(At + Layout->NameLength) = NameBytes;
    memcpy(At + Layout->Name, Listed->Name, Room);
    if (Out->Any) {
        *(PULONG)(Out->Buffer + Out->Last) = Start - Out->Last;
    }
    Out->Last = Start;
    Out->Used = Start + Layout->Name + Room;
    Out->Any = TRUE;
    Out->CutOff = !Fits;
    return Fits ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

static NTSTATUS
FsbListOne(FSB_SCB *Scb, FSB_LISTING *Listing, const FSB_LAYOUT *Layout, const FSB_LISTED *Listed, FSB_STAT *Stat)
{
    if (Layout->Class == FileNamesInformation) {
        return STATUS_SUCCESS;
    }
    if (Listed->Characters == 1 && Listed->Name[0] == L'.') {
        return FsbQueryStat(Scb, Stat, NULL);
    }
    return Scb->Volume->Store->DirStat(Scb->Fcb, Listing->Reader, Listed->Name, Listed->Characters, Stat);
}

static NTSTATUS
FsbList(FSB_SCB *Scb, FSB_LISTING *Listing, const FSB_LAYOUT *Layout, BOOLEAN Single, FSB_LIST_OUT *Out)
{
    ULONG Index = Listing->Cursor;
    NTSTATUS Status;
    for (;; Index++) {
        FSB_LISTED *Listed;
        FSB_STAT Stat;
        Status = FsbListingFetch(Listing, Scb->Fcb, Index, &Listed);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        if ((Index < 2 && Listing->Root) || !FsbListingMatches(Listing, Listed)) {
            continue;
        }
        Status = FsbListOne(Scb, Listing, Layout, Listed, &Stat);
        if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
            continue;                          /* gone meanwhile */
        }
        if (NT_SUCCESS(Status)) {
            const BOOLEAN First = !Out->Any;
            Status = FsbPutEntry(Layout, Out, Listed, &Stat, Index);
            if (Status == STATUS_BUFFER_OVERFLOW && First) {
                Index++;
            }
        }
        if (!NT_SUCCESS(Status)) {
            break;
        }
        if (Single) {
            Index++;
            break;
        }
    }
    Listing->Cursor = Index;
    return Status;
}

static NTSTATUS
FsbListingPattern(FSB_LISTING *Listing, PCUNICODE_STRING Pattern)
{
    static const WCHAR Star[] = L"*";
    port_free(Listing->Pattern.Buffer);
    Listing->Pattern = (UNICODE_STRING){0};
    Listing->MatchAll = Pattern == NULL || Pattern->Length == 0 || (Pattern->Length == sizeof(WCHAR) && Pattern->Buffer[0] == Star[0]);
    if (Listing->MatchAll) {
        return STATUS_SUCCESS;
    }
    Listing->Pattern.Buffer = port_alloc(Pattern->Length);
    if (Listing->Pattern.Buffer == NULL) {
        Listing->MatchAll = TRUE;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Listing->Pattern.Length = Listing->Pattern.MaximumLength = Pattern->Length;
    for (ULONG i = 0; i < Pattern->Length / sizeof(WCHAR); i++) {
        Listing->Pattern.Buffer[i] = RtlUpcaseUnicodeChar(Pattern->Buffer[i]);
    }
    return STATUS_SUCCESS;
}

/* The handle's listing, restarted or moved as the request says.  ListingLock held. */
static NTSTATUS
FsbListingPrepare(FSB_SCB *Scb, FSB_CCB *Ccb, PIO_STACK_LOCATION Stack)
{
    FSB_LISTING *Listing = Ccb->Listing;
    PCUNICODE_STRING Pattern = Stack->Parameters.QueryDirectory.FileName;
    const BOOLEAN First = Listing == NULL;
    if (First) {
        Listing = port_alloc_zeroed(sizeof(*Listing));
        if (Listing == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Listing->MatchAll = TRUE;
        port_lock_acquire(&Scb->Fcb->Lock);
        Listing->Root = Ccb->Lcb->Path.Length == 0 && !Ccb->Lcb->PathUnknown;
        port_lock_release(&Scb->Fcb->Lock);
        Ccb->Listing = Listing;
    }
    const BOOLEAN Restart = (Stack->Flags & SL_RESTART_SCAN) != 0;
    if (Restart && !First) {
        FsbListingForget(Listing, Scb->Fcb);
        Listing->Any = FALSE;
    }
    if (Restart) {
        Listing->Cursor = 0;
    }
    if (Stack->Flags & SL_INDEX_SPECIFIED) {
        Listing->Cursor = Stack->Parameters.QueryDirectory.FileIndex;
    }
    return First || (Restart && Pattern != NULL && Pattern->Length != 0) ? FsbListingPattern(Listing, Pattern) : STATUS_SUCCESS;
}

static NTSTATUS
FsbQueryDirectory(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    FSB_CCB *Ccb = FsbCcbOf(Stack->FileObject);
    const FSB_LAYOUT *Layout = FsbLayoutOf(Stack->Parameters.QueryDirectory.FileInformationClass);
    FSB_LIST_OUT Out = {.Buffer = FsbDataBuffer(Irp), .Length = Stack->Parameters.QueryDirectory.Length};
    if (Layout == NULL) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Out.Buffer == NULL || Out.Length < Layout->Name + sizeof(WCHAR)) {
        return Out.Buffer == NULL ? STATUS_INVALID_USER_BUFFER : STATUS_INFO_LENGTH_MISMATCH;
    }
    port_lock_acquire(&Ccb->ListingLock);
    NTSTATUS Status = FsbListingPrepare(Scb, Ccb, Stack);
    if (NT_SUCCESS(Status)) {
        FSB_LISTING *Listing = Ccb->Listing;
        const ULONG Cursor = Listing->Cursor;
        Status = FsbList(Scb, Listing, Layout, (Stack->Flags & SL_RETURN_SINGLE_ENTRY) != 0, &Out);
        if (Stack->Flags & SL_NO_CURSOR_UPDATE) {
            Listing->Cursor = Cursor;
        }
        if (Out.Any && (Status == STATUS_NO_MORE_FILES || Status == STATUS_BUFFER_OVERFLOW)) {
            Status = Out.CutOff ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
        }
        if (Status == STATUS_NO_MORE_FILES && !Listing->Any) {
            Status = STATUS_NO_SUCH_FILE;
        }
        Listing->Any = Listing->Any || Out.Any;
    }
    port_lock_release(&Ccb->ListingLock);
    Irp->IoStatus.Information = Out.Any ? Out.Used : 0;
    return Status;
}

NTSTATUS
FsbDirectoryControl(FSB_VOLUME *Volume, PIRP Irp)
{
    const PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    FSB_SCB *Scb = FsbScbOf(Stack->FileObject);
    UNREFERENCED_PARAMETER(Volume);
    Irp->IoStatus.Information = 0;
    if (Scb == NULL || FsbCcbOf(Stack->FileObject) == NULL || !FsbIsDirectory(Scb->Fcb) || Scb->Name.Length != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (Stack->MinorFunction) {
    case IRP_MN_QUERY_DIRECTORY:
        return FsbQueryDirectory(Irp, Stack);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/* SPDX-License-Identifier: MIT */
/* Filters that ask for the name of the operation at hand, for the tests of names. */
#ifndef FB_TESTS_FLTMGR_NAMEASK_H
#define FB_TESTS_FLTMGR_NAMEASK_H

#include "membed.h"

#include "fltmgr/fltname.h"

/* What the last call of Ask gave, by filter. */
static NTSTATUS Got[3];
static char Names[3][300];
static FLT_FILE_NAME_OPTIONS Options;
static BOOLEAN InPost;
static int Calls;

#define NORMALIZED (FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT)
#define OPENED (FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT)

static inline void
Narrow(PCUNICODE_STRING Name, char *Text, ULONG Size)
{
    ULONG n = 0;

    for (; n < Name->Length / sizeof(WCHAR) && n < Size - 1; n++) {
        Text[n] = (char)Name->Buffer[n];
    }
    Text[n] = 0;
}

static inline void
Ask(int Which, PFLT_CALLBACK_DATA Data)
{
    PFLT_FILE_NAME_INFORMATION Information = POISON;

    Calls++;
    Names[Which][0] = 0;
    Got[Which] = FltGetFileNameInformation(Data, Options, &Information);
    if (!NT_SUCCESS(Got[Which])) {
        assert_null(Information);
        return;
    }
    assert_int_equal(Information->Size, sizeof(*Information));
    assert_int_equal(Information->Format, Options & 0xFF);
    assert_int_equal(Information->NamesParsed, 0);
    Narrow(&Information->Name, Names[Which], sizeof(Names[Which]));
    FltReferenceFileNameInformation(Information);
    FltReleaseFileNameInformation(Information);
    assert_status(FltParseFileNameInformation(Information), STATUS_SUCCESS);
    if ((Options & 0xFF) != FLT_FILE_NAME_SHORT) {
        assert_text(&Information->Volume, VOLUME_NAME);
    }
    FltReleaseFileNameInformation(Information);
}

static inline FLT_PREOP_CALLBACK_STATUS
AskPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Objects;
    if (!InPost) {
        Ask(Which, Data);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static inline FLT_POSTOP_CALLBACK_STATUS
AskPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags)
{
    (void)Objects;
    (void)Flags;
    if (InPost) {
        Ask(Which, Data);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

/* All filters ask in Major with Wanted, before or after. */
static inline void
Asking(UCHAR Major, FLT_FILE_NAME_OPTIONS Wanted, BOOLEAN After)
{
    Reset();
    Only = Major;
    Options = Wanted;
    InPost = After;
    Calls = 0;
    for (int i = 0; i < 3; i++) {
        Pre[i] = AskPre;
        Post[i] = AskPost;
        Got[i] = STATUS_UNSUCCESSFUL;
        strcpy(Names[i], "nobody asked");
    }
}

static inline void
assert_names_at(const char *Want, int Line)
{
    for (int i = 0; i < 3; i++) {
        assert_status_at(Got[i], STATUS_SUCCESS, __FILE__, Line);
        _assert_string_equal(Names[i], Want, __FILE__, Line);
    }
}
#define assert_names(Want) assert_names_at((Want), __LINE__)

static inline void
assert_none_at(NTSTATUS Status, int Line)
{
    for (int i = 0; i < 3; i++) {
        assert_status_at(Got[i], Status, __FILE__, Line);
    }
}
#define assert_none(Status) assert_none_at((Status), __LINE__)

/* Names are kept only once renames that were under way at the first question have had time to end. */
static inline void
CacheIsReady(void)
{
    FltpNameGeneration(Volume);
    atomic_store(&((FLTP_VOLUME_NAMES *)atomic_load(&Volume->NameCache))->Ready, 0);
}

static inline void
CountReference(const struct vf_reference_view *Reference, void *Context)
{
    *(unsigned *)Context += Reference->kind == VF_NAME_INFORMATION;
}

static inline unsigned
Held(int Which)
{
    unsigned Count = 0;

    vf_owner_references(Filters[Which].Owner, CountReference, &Count);
    return Count;
}

/* Renames a directory although files below it are open. */
static inline void
MoveDirectory(PFILE_OBJECT Directory, const char *To)
{
    ULONG Length;
    PFILE_RENAME_INFORMATION Rename = Renaming(To, NULL, &Length);

    Rename->Flags = FILE_RENAME_POSIX_SEMANTICS;
    assert_status(IopSetInformation(Directory, FileRenameInformationEx, Rename, Length, NULL, NULL, UserMode), STATUS_SUCCESS);
}

static inline NTSTATUS
Unsafe(PFILE_OBJECT File, FLT_FILE_NAME_OPTIONS Wanted, char *Name)
{
    PFLT_FILE_NAME_INFORMATION Information;
    NTSTATUS Status = FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], Wanted, &Information);

    if (NT_SUCCESS(Status)) {
        Narrow(&Information->Name, Name, 300);
        FltReleaseFileNameInformation(Information);
    }
    return Status;
}

#endif

/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Name information over a volume in memory: formats, phases, methods, destinations, cache, ledger. */
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

static void
Narrow(PCUNICODE_STRING Name, char *Text, ULONG Size)
{
    ULONG n = 0;

    for (; n < Name->Length / sizeof(WCHAR) && n < Size - 1; n++) {
        Text[n] = (char)Name->Buffer[n];
    }
    Text[n] = 0;
}

static void
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

static FLT_PREOP_CALLBACK_STATUS
AskPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Objects;
    if (!InPost) {
        Ask(Which, Data);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
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
static void
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

static void
assert_names_at(const char *Want, int Line)
{
    for (int i = 0; i < 3; i++) {
        assert_status_at(Got[i], STATUS_SUCCESS, __FILE__, Line);
        _assert_string_equal(Names[i], Want, __FILE__, Line);
    }
}
#define assert_names(Want) assert_names_at((Want), __LINE__)

static void
assert_none_at(NTSTATUS Status, int Line)
{
    for (int i = 0; i < 3; i++) {
        assert_status_at(Got[i], Status, __FILE__, Line);
    }
}
#define assert_none(Status) assert_none_at((Status), __LINE__)

/* Names are kept only once renames that were under way at the first question have had time to end. */
static void
CacheIsReady(void)
{
    FltpNameGeneration(Volume);
    atomic_store(&((FLTP_VOLUME_NAMES *)atomic_load(&Volume->NameCache))->Ready, 0);
}

static void
CountReference(const struct vf_reference_view *Reference, void *Context)
{
    *(unsigned *)Context += Reference->kind == VF_NAME_INFORMATION;
}

static unsigned
Held(int Which)
{
    unsigned Count = 0;

    vf_owner_references(Filters[Which].Owner, CountReference, &Count);
    return Count;
}

/* Renames a directory although files below it are open. */
static void
MoveDirectory(PFILE_OBJECT Directory, const char *To)
{
    ULONG Length;
    PFILE_RENAME_INFORMATION Rename = Renaming(To, NULL, &Length);

    Rename->Flags = FILE_RENAME_POSIX_SEMANTICS;
    assert_status(IopSetInformation(Directory, FileRenameInformationEx, Rename, Length, NULL, NULL, UserMode), STATUS_SUCCESS);
}

/* ---- creates ---- */

typedef struct CREATE_CASE {
    const char *Related, *Name;
    ULONG Options;
    const char *PreOpened, *PreNormalized, *PostOpened, *PostNormalized;
} CREATE_CASE;

static const CREATE_CASE Creates[] = {
    { NULL, "\\dir\\file.txt", 0, "\\dir\\file.txt", "\\dir\\file.txt", "\\dir\\file.txt", "\\dir\\file.txt" },
    { NULL, "\\dir", FILE_DIRECTORY_FILE, "\\dir", "\\dir", "\\dir", "\\dir" },
    { NULL, "\\dir\\", FILE_DIRECTORY_FILE, "\\dir\\", "\\dir", "\\dir", "\\dir" },
    { NULL, "\\", FILE_DIRECTORY_FILE, "\\", "\\", "\\", "\\" },
    { "\\dir", "file.txt", 0, "\\dir\\file.txt", "\\dir\\file.txt", "\\dir\\file.txt", "\\dir\\file.txt" },
    { "\\dir", "sub\\deep", 0, "\\dir\\sub\\deep", "\\dir\\sub\\deep", "\\dir\\sub\\deep", "\\dir\\sub\\deep" },
    { "\\", "dir", FILE_DIRECTORY_FILE, "\\dir", "\\dir", "\\dir", "\\dir" },
    { NULL, "\\dir\\file.txt:one", 0, "\\dir\\file.txt:one", "\\dir\\file.txt:one", "\\dir\\file.txt:one", "\\dir\\file.txt:one" },
    { NULL, "\\dir\\file.txt:one:$DATA", 0, "\\dir\\file.txt:one:$DATA", "\\dir\\file.txt:one", NULL, "\\dir\\file.txt:one" },
    { NULL, "\\dir\\file.txt::$DATA", 0, "\\dir\\file.txt::$DATA", "\\dir\\file.txt", NULL, "\\dir\\file.txt" },
    { "\\dir\\file.txt", ":one", 0, "\\dir\\file.txt:one", "\\dir\\file.txt:one", "\\dir\\file.txt:one", "\\dir\\file.txt:one" },
    { NULL, "\\dir\\new", 0, "\\dir\\new", "\\dir\\new", "\\dir\\new", "\\dir\\new" },
};

static void
CreateCase(const CREATE_CASE *Case, FLT_FILE_NAME_OPTIONS Wanted, BOOLEAN After, const char *Want)
{
    char Full[300] = VOLUME_NAME;
    PFILE_OBJECT Related = NULL;
    NTSTATUS Status;

    if (Want == NULL) {
        return;
    }
    Reset();
    if (Case->Related != NULL) {
        Related = OpenAt(NULL, Case->Related, FILE_OPEN, 0, NULL);
    }
    strcat(Full, Want);
    Asking(IRP_MJ_CREATE, Wanted, After);
    PFILE_OBJECT File = OpenAt(Related, Case->Name, FILE_OPEN_IF, Case->Options, &Status);
    assert_status(Status, STATUS_SUCCESS);
    assert_names(Full);
    Reset();
    IopCloseFile(File);
    if (Related != NULL) {
        IopCloseFile(Related);
    }
}

static void
test_fltmgr_name__create(void **State)
{
    (void)State;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Creates); i++) {
        CreateCase(&Creates[i], OPENED, FALSE, Creates[i].PreOpened);
        CreateCase(&Creates[i], NORMALIZED, FALSE, Creates[i].PreNormalized);
        CreateCase(&Creates[i], OPENED, TRUE, Creates[i].PostOpened);
        CreateCase(&Creates[i], NORMALIZED, TRUE, Creates[i].PostNormalized);
    }
}

static void
test_fltmgr_name__volume_open(void **State)
{
    (void)State;
    for (int i = 0; i < 4; i++) {
        Asking(IRP_MJ_CREATE, i & 1 ? OPENED : NORMALIZED, (i & 2) != 0);
        PFILE_OBJECT File = OpenAt(NULL, "", FILE_OPEN, 0, NULL);
        assert_names(VOLUME_NAME);
        Reset();
        IopCloseFile(File);
    }
}

/* A case-insensitive open: the directories are spelled as they are, the last component as the opener said. */
static void
test_fltmgr_name__case_of_directories(void **State)
{
    IOP_CREATE Create = { .Device = Real, .Name = TinyString("\\DIR\\Sub\\DEEP"), .DesiredAccess = FILE_READ_DATA, .Disposition = FILE_OPEN,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .ObjectAttributes = OBJ_CASE_INSENSITIVE, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    (void)State;
    Asking(IRP_MJ_CREATE, NORMALIZED, FALSE);
    assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    assert_names(VOLUME_NAME "\\dir\\sub\\DEEP");
    Reset();
    IopCloseFile(File);
    Asking(IRP_MJ_CREATE, NORMALIZED, TRUE);
    assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
    assert_names(VOLUME_NAME "\\dir\\sub\\deep");
    Reset();
    IopCloseFile(File);
}

static void
test_fltmgr_name__missing_parent(void **State)
{
    NTSTATUS Status;

    (void)State;
    Asking(IRP_MJ_CREATE, OPENED, FALSE);
    assert_null(OpenAt(NULL, "\\nowhere\\file", FILE_OPEN, 0, &Status));
    assert_status(Status, STATUS_OBJECT_PATH_NOT_FOUND);
    assert_names(VOLUME_NAME "\\nowhere\\file");
    Asking(IRP_MJ_CREATE, NORMALIZED, FALSE);
    assert_null(OpenAt(NULL, "\\nowhere\\file", FILE_OPEN, 0, &Status));
    assert_none(STATUS_OBJECT_PATH_NOT_FOUND);
}

/* After a create that failed nothing can be asked; what pre-create has cached is still there. */
static void
test_fltmgr_name__failed_create(void **State)
{
    NTSTATUS Status;

    (void)State;
    Asking(IRP_MJ_CREATE, OPENED, TRUE);
    assert_null(OpenAt(NULL, "\\dir\\nothing", FILE_OPEN, 0, &Status));
    assert_status(Status, STATUS_OBJECT_NAME_NOT_FOUND);
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
    Asking(IRP_MJ_CREATE, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP, TRUE);
    assert_null(OpenAt(NULL, "\\dir\\nothing", FILE_OPEN, 0, &Status));
    assert_none(STATUS_FLT_NAME_CACHE_MISS);
}

static FLT_PREOP_CALLBACK_STATUS
AskBefore(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Objects;
    Options = OPENED;
    Ask(Which, Data);
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS
AskCacheAfter(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags)
{
    (void)Objects;
    (void)Flags;
    Options = FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY;
    Ask(Which, Data);
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static void
test_fltmgr_name__operation_cache(void **State)
{
    NTSTATUS Status;

    (void)State;
    CacheIsReady();
    Asking(IRP_MJ_CREATE, OPENED, FALSE);
    for (int i = 0; i < 3; i++) {
        Pre[i] = AskBefore;
        Post[i] = AskCacheAfter;
    }
    assert_null(OpenAt(NULL, "\\dir\\nothing", FILE_OPEN, 0, &Status));
    assert_int_equal(Calls, 6);
    assert_names(VOLUME_NAME "\\dir\\nothing");
}

static void
test_fltmgr_name__by_id(void **State)
{
    FILE_INTERNAL_INFORMATION Internal;
    IOP_CREATE Create = { .Device = Real, .Name = { sizeof(Internal), sizeof(Internal), (PWCH)&Internal }, .DesiredAccess = FILE_READ_DATA,
        .Disposition = FILE_OPEN, .CreateOptions = FILE_OPEN_BY_FILE_ID, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    (void)State;
    Reset();
    PFILE_OBJECT First = Open("\\dir\\file.txt");
    assert_status(IopQueryInformation(First, FileInternalInformation, &Internal, sizeof(Internal), KernelMode, NULL), STATUS_SUCCESS);
    for (int i = 0; i < 4; i++) {
        Asking(IRP_MJ_CREATE, i & 1 ? OPENED : NORMALIZED, (i & 2) != 0);
        assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
        assert_names(VOLUME_NAME "\\dir\\file.txt");
        Reset();
        IopCloseFile(File);
    }
    IopCloseFile(First);
}

/* SL_OPEN_TARGET_DIRECTORY: the name is that of the directory which is opened. */
static void
test_fltmgr_name__target_directory(void **State)
{
    IOP_CREATE Create = { .Device = Real, .Name = TinyString("\\dir\\sub\\newname"), .DesiredAccess = FILE_WRITE_DATA, .Disposition = FILE_OPEN,
        .ShareAccess = FILE_SHARE_VALID_FLAGS, .OpenFlags = IO_OPEN_TARGET_DIRECTORY, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File;

    (void)State;
    for (int i = 0; i < 2; i++) {
        Asking(IRP_MJ_CREATE, i ? OPENED : NORMALIZED, FALSE);
        assert_status(IopCreateFile(&Create, &IoStatus, &File), STATUS_SUCCESS);
        assert_names(VOLUME_NAME "\\dir\\sub");
        Reset();
        IopCloseFile(File);
    }
}

static void
test_fltmgr_name__short(void **State)
{
    (void)State;
    Asking(IRP_MJ_CREATE, FLT_FILE_NAME_SHORT | FLT_FILE_NAME_QUERY_DEFAULT, FALSE);
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
    Reset();
    IopCloseFile(File);
    Asking(IRP_MJ_CREATE, FLT_FILE_NAME_SHORT | FLT_FILE_NAME_QUERY_DEFAULT, TRUE);
    File = Open("\\dir\\file.txt");
    assert_none(STATUS_OBJECT_NAME_NOT_FOUND);         /* there are no short names */
    Reset();
    IopCloseFile(File);
}

/* ---- methods and safety ---- */

static void
test_fltmgr_name__options(void **State)
{
    static const FLT_FILE_NAME_OPTIONS Bad[] = { 0, FLT_FILE_NAME_OPENED, FLT_FILE_NAME_QUERY_DEFAULT, 4 | FLT_FILE_NAME_QUERY_DEFAULT,
        FLT_FILE_NAME_OPENED | 0x500 };
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        assert_status(FltGetFileNameInformationUnsafe(File, Instances[TOP], Bad[i], &Information), STATUS_INVALID_PARAMETER);
    }
    assert_status(FltGetFileNameInformationUnsafe(File, Instances[TOP], OPENED, NULL), STATUS_INVALID_PARAMETER);
    assert_status(FltGetFileNameInformation(NULL, OPENED, &Information), STATUS_INVALID_PARAMETER);
    IopCloseFile(File);
}

static NTSTATUS
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

static void
test_fltmgr_name__cache(void **State)
{
    char Name[300];

    (void)State;
    Reset();
    CacheIsReady();
    PFILE_OBJECT File = Open("\\dir\\cached");
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, Name), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED | FLT_FILE_NAME_DO_NOT_CACHE, Name), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    const LONG Asked = Seen[BOTTOM][IRP_MJ_QUERY_INFORMATION];
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\cached");
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_QUERY_INFORMATION], Asked);
    assert_status(Unsafe(File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    /* A rename of a directory above forgets it. */
    PFILE_OBJECT Directory = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    MoveDirectory(Directory, "moved");
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\moved\\cached");
    MoveDirectory(Directory, "dir");
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\cached");
    /* So does a purge, of the file's names or of all. */
    assert_status(FltPurgeFileNameInformationCache(Instances[TOP], File), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_status(FltPurgeFileNameInformationCache(Instances[TOP], NULL), STATUS_SUCCESS);
    assert_status(Unsafe(File, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    IopCloseFile(Directory);
    IopCloseFile(File);
}

static void
test_fltmgr_name__unsafe_places(void **State)
{
    IO_STATUS_BLOCK IoStatus;
    UCHAR Buffer[512];
    char Name[300];

    (void)State;
    CacheIsReady();
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    /* paging I/O */
    Asking(IRP_MJ_READ, OPENED, FALSE);
    IopRead(File, Buffer, sizeof(Buffer), 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus);
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
    Asking(IRP_MJ_READ, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP, FALSE);
    IopRead(File, Buffer, sizeof(Buffer), 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus);
    assert_none(STATUS_FLT_NAME_CACHE_MISS);
    /* under a top-level IRP */
    Asking(IRP_MJ_READ, OPENED, FALSE);
    IoSetTopLevelIrp((PIRP)FSRTL_FSP_TOP_LEVEL_IRP);
    IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus);
    IoSetTopLevelIrp(NULL);
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
    /* otherwise it works, and afterwards the cache answers paging I/O */
    Asking(IRP_MJ_READ, OPENED, FALSE);
    IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus);
    assert_names(VOLUME_NAME "\\dir\\file.txt");
    Asking(IRP_MJ_READ, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_ALWAYS_ALLOW_CACHE_LOOKUP, FALSE);
    IopRead(File, Buffer, sizeof(Buffer), 0, IRP_PAGING_IO | IRP_NOCACHE, KernelMode, &IoStatus);
    assert_names(VOLUME_NAME "\\dir\\file.txt");
    /* pre-cleanup yes, post-cleanup no, pre-close no */
    Asking(IRP_MJ_CLEANUP, OPENED, FALSE);
    ObReferenceObject(File);
    IopCloseFile(File);
    assert_names(VOLUME_NAME "\\dir\\file.txt");
    assert_status(Unsafe(File, OPENED, Name), STATUS_FLT_INVALID_NAME_REQUEST);
    Asking(IRP_MJ_CLOSE, OPENED, FALSE);
    ObDereferenceObject(File);
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
    Asking(IRP_MJ_CLEANUP, OPENED, TRUE);
    IopCloseFile(Open("\\dir\\file.txt"));
    assert_none(STATUS_FLT_INVALID_NAME_REQUEST);
}

/* J-23: the question goes to the instances below the asking one only. */
static void
test_fltmgr_name__asked_below_J23(void **State)
{
    char Name[300];

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    Reset();
    assert_status(Unsafe(File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, Name), STATUS_SUCCESS);
    assert_int_equal(Seen[TOP][IRP_MJ_QUERY_INFORMATION], 0);
    assert_int_equal(Seen[MIDDLE][IRP_MJ_QUERY_INFORMATION], 0);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_QUERY_INFORMATION], 1);
    IopCloseFile(File);
    /* and so do the opens that pre-create needs */
    Asking(IRP_MJ_CREATE, NORMALIZED, FALSE);
    Pre[TOP] = Pre[BOTTOM] = NULL;
    Post[TOP] = Post[BOTTOM] = NULL;
    File = Open("\\dir\\file.txt");
    assert_status(Got[MIDDLE], STATUS_SUCCESS);
    assert_int_equal(Seen[TOP][IRP_MJ_CREATE], 1);
    assert_int_equal(Seen[MIDDLE][IRP_MJ_CREATE], 1);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_CREATE], 2);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_CLOSE], 1);
    Reset();
    IopCloseFile(File);
}

static void
test_fltmgr_name__without_instance(void **State)
{
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\sub\\deep");
    assert_status(FltGetFileNameInformationUnsafe(File, NULL, NORMALIZED, &Information), STATUS_SUCCESS);
    assert_text(&Information->Name, VOLUME_NAME "\\dir\\sub\\deep");
    FltReleaseFileNameInformation(Information);
    IopCloseFile(File);
}

/* ---- renames ---- */

static void
test_fltmgr_name__post_rename(void **State)
{
    ULONG Length;
    char Name[300];

    (void)State;
    Reset();
    CacheIsReady();
    PFILE_OBJECT File = Open("\\dir\\before");
    assert_status(Unsafe(File, NORMALIZED, Name), STATUS_SUCCESS);
    Asking(IRP_MJ_SET_INFORMATION, NORMALIZED, FALSE);
    PFILE_RENAME_INFORMATION Rename = Renaming("after", NULL, &Length);
    assert_status(IopSetInformation(File, FileRenameInformation, Rename, Length, NULL, NULL, UserMode), STATUS_SUCCESS);
    assert_names(VOLUME_NAME "\\dir\\before");
    Asking(IRP_MJ_SET_INFORMATION, NORMALIZED, TRUE);
    Rename = Renaming("later", NULL, &Length);
    assert_status(IopSetInformation(File, FileRenameInformation, Rename, Length, NULL, NULL, UserMode), STATUS_SUCCESS);
    assert_names(VOLUME_NAME "\\dir\\later");
    Reset();
    assert_status(Unsafe(File, NORMALIZED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\later");
    IopCloseFile(File);
}

static NTSTATUS
Destination(PFILE_OBJECT File, HANDLE Root, const char *To, FLT_FILE_NAME_OPTIONS Wanted, char *Name)
{
    UNICODE_STRING Text = TinyString(To);
    PFLT_FILE_NAME_INFORMATION Information = POISON;

    NTSTATUS Status = FltGetDestinationFileNameInformation(Instances[MIDDLE], File, Root, Text.Buffer, Text.Length, Wanted, &Information);
    if (NT_SUCCESS(Status)) {
        Narrow(&Information->Name, Name, 300);
        assert_text(&Information->Volume, VOLUME_NAME);
        FltReleaseFileNameInformation(Information);
    } else {
        assert_null(Information);
    }
    return Status;
}

static void
test_fltmgr_name__destination(void **State)
{
    static const struct { BOOLEAN Root; const char *To, *Opened, *Normalized; } Wanted[] = {
        { FALSE, "other.txt", "\\dir\\other.txt", "\\dir\\other.txt" },
        { FALSE, ":stream:$DATA", "\\dir\\file.txt:stream:$DATA", "\\dir\\file.txt:stream" },
        { FALSE, VOLUME_NAME "\\dir\\sub\\x", "\\dir\\sub\\x", "\\dir\\sub\\x" },
        { FALSE, "\\??\\Q:\\dir\\sub\\x", "\\dir\\sub\\x", "\\dir\\sub\\x" },
        { TRUE, "x", "\\dir\\sub\\x", "\\dir\\sub\\x" },
    };
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK IoStatus;
    HANDLE Root;
    char Name[300], Full[300];

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    UNICODE_STRING Path = TinyString(VOLUME_NAME "\\dir\\sub");
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    assert_status(ZwOpenFile(&Root, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Attributes, &IoStatus, FILE_SHARE_VALID_FLAGS, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wanted); i++) {
        HANDLE Handle = Wanted[i].Root ? Root : NULL;
        assert_status(Destination(File, Handle, Wanted[i].To, OPENED, Name), STATUS_SUCCESS);
        strcat(strcpy(Full, VOLUME_NAME), Wanted[i].Opened);
        assert_string_equal(Name, Full);
        assert_status(Destination(File, Handle, Wanted[i].To, NORMALIZED, Name), STATUS_SUCCESS);
        strcat(strcpy(Full, VOLUME_NAME), Wanted[i].Normalized);
        assert_string_equal(Name, Full);
    }
    assert_status(Destination(File, NULL, "x", FLT_FILE_NAME_SHORT | FLT_FILE_NAME_QUERY_DEFAULT, Name), STATUS_FLT_INVALID_NAME_REQUEST);
    assert_status(Destination(File, NULL, "x", FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, Name), STATUS_FLT_NAME_CACHE_MISS);
    assert_status(Destination(File, NULL, VOLUME_NAME "\\nowhere\\x", NORMALIZED, Name), STATUS_OBJECT_PATH_NOT_FOUND);
    assert_status(Destination(File, NULL, "\\Device\\Nothing\\x", OPENED, Name), STATUS_OBJECT_PATH_NOT_FOUND);
    IoSetTopLevelIrp((PIRP)FSRTL_FSP_TOP_LEVEL_IRP);
    assert_status(Destination(File, NULL, "x", OPENED, Name), STATUS_FLT_INVALID_NAME_REQUEST);
    IoSetTopLevelIrp(NULL);
    ZwClose(Root);
    IopCloseFile(File);
}

static void
test_fltmgr_name__destination_elsewhere(void **State)
{
    TINY_VOLUME *Other = TinyMount(NULL);
    char Text[100], Name[300];

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    Narrow(&TinyFltVolume(Other)->Name, Text, sizeof(Text));
    strcat(Text, "\\x");
    assert_status(Destination(File, NULL, Text, OPENED, Name), STATUS_MOUNT_POINT_NOT_RESOLVED);
    IopCloseFile(File);
    TinyDismount(Other);
}

static void
test_fltmgr_name__tunneled(void **State)
{
    PFLT_FILE_NAME_INFORMATION Tunneled = POISON;

    (void)State;
    assert_status(FltGetTunneledName(NULL, NULL, &Tunneled), STATUS_SUCCESS);
    assert_null(Tunneled);
}

/* ---- a file system that does not know normalized names, or refuses them ---- */

static NTSTATUS Refusal;
static FLT_PREOP_CALLBACK_STATUS
RefuseNormalized(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    (void)Which;
    (void)Objects;
    if (Data->Iopb->Parameters.QueryFileInformation.FileInformationClass != FileNormalizedNameInformation) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    Data->IoStatus.Status = Refusal;
    Data->IoStatus.Information = 0;
    return FLT_PREOP_COMPLETE;
}

static void
test_fltmgr_name__normalized_refused(void **State)
{
    char Name[300];

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\sub\\deep:one");
    Only = IRP_MJ_QUERY_INFORMATION;
    Pre[BOTTOM] = RefuseNormalized;
    Refusal = STATUS_INVALID_PARAMETER;
    assert_status(Unsafe(File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\sub\\deep:one");
    Refusal = STATUS_ACCESS_DENIED;
    assert_status(Unsafe(File, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_FILESYSTEM_ONLY, Name), STATUS_ACCESS_DENIED);
    Reset();
    IopCloseFile(File);
}

/* ---- the ledger (K-01, K-02) ---- */

static struct { unsigned K01, K02; } Found;
static void
OnFinding(const struct vf_finding *Finding, void *Context)
{
    (void)Context;
    Found.K01 += strcmp(Finding->code, "K-01") == 0;
    Found.K02 += strcmp(Finding->code, "K-02") == 0;
}

static void
test_fltmgr_name__ledger_K01_K02(void **State)
{
    struct vf_counts Counts;
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 0);
    assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], OPENED, &Information), STATUS_SUCCESS);
    FltReferenceFileNameInformation(Information);
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 1);
    assert_int_equal(Held(MIDDLE), 2);
    assert_int_equal(Held(TOP), 0);
    vf_set_finding_hook(OnFinding, NULL);
    vf_report_leaks(Filters[MIDDLE].Owner);
    assert_true(Found.K01 >= 1);
    FltReleaseFileNameInformation(Information);
    FltReleaseFileNameInformation(Information);
    assert_int_equal(Found.K02, 0);
    vf_owner_counts(Filters[MIDDLE].Owner, VF_NAME_INFORMATION, &Counts);
    assert_int_equal(Counts.live, 0);
    FltReleaseFileNameInformation(Information);
    assert_int_equal(Found.K02, 1);
    FltReferenceFileNameInformation(Information);
    assert_int_equal(Found.K02, 2);
    vf_set_finding_hook(NULL, NULL);
    IopCloseFile(File);
}

/* Failing allocations leave nothing behind. */
static void
test_fltmgr_name__injected_failure(void **State)
{
    PFLT_FILE_NAME_INFORMATION Information;

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    vf_inject_add("FltGetFileNameInformationUnsafe", Filters[MIDDLE].Owner, 1, 0);
    assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], OPENED, &Information), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(Information);
    vf_inject_clear();
    assert_int_equal(Held(MIDDLE), 0);
    IopCloseFile(File);
}

/* ---- name control ---- */

static void
test_fltmgr_name__control(void **State)
{
    FLT_NAME_CONTROL Control;
    UNICODE_STRING Part = TinyString("0123456789");

    (void)State;
    assert_status(FltpControlInitialize(&Control), STATUS_SUCCESS);
    const USHORT First = Control.Name.MaximumLength;
    assert_status(FltCheckAndGrowNameControl(&Control, First), STATUS_SUCCESS);
    assert_int_equal(Control.Name.MaximumLength, First);
    for (int i = 0; i < 100; i++) {
        assert_status(FltpControlAppend(&Control, &Part), STATUS_SUCCESS);
    }
    assert_int_equal(Control.Name.Length, 2000);
    assert_status(FltCheckAndGrowNameControl(&Control, 60000), STATUS_SUCCESS);
    assert_int_equal(Control.Name.MaximumLength, 60000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(Control.Name.Buffer[i], '0' + i % 10);
    }
    FltpControlFree(&Control);
}

/* ---- many threads: names of files in a directory that is renamed all the time ---- */

static _Atomic(BOOLEAN) Stop;
static _Atomic(ULONG) Asked;

static void
AskThread(void *Argument)
{
    PFILE_OBJECT File = Argument;

    while (!atomic_load(&Stop)) {
        PFLT_FILE_NAME_INFORMATION Information;
        char Name[300];
        const FLT_FILE_NAME_OPTIONS Wanted = atomic_fetch_add(&Asked, 1) & 1 ? NORMALIZED : OPENED;
        assert_status(FltGetFileNameInformationUnsafe(File, Instances[MIDDLE], Wanted, &Information), STATUS_SUCCESS);
        assert_status(FltParseFileNameInformation(Information), STATUS_SUCCESS);
        Narrow(&Information->Name, Name, sizeof(Name));
        FltReleaseFileNameInformation(Information);
        assert_true(strcmp(Name, VOLUME_NAME "\\one\\file") == 0 || strcmp(Name, VOLUME_NAME "\\two\\file") == 0);
    }
}

static void
test_fltmgr_name__renames_and_questions(void **State)
{
    struct port_thread *Threads[3];
    char Name[300];

    (void)State;
    Reset();
    CacheIsReady();
    MakeDirectory("\\one");
    PFILE_OBJECT File = Open("\\one\\file");
    PFILE_OBJECT Directory = OpenAt(NULL, "\\one", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(port_thread_start(&Threads[i], AskThread, File, "ask"), 0);
    }
    for (int i = 0; i < 200; i++) {
        MoveDirectory(Directory, i & 1 ? "one" : "two");
        /* Whoever asks after the rename gets the new name. */
        assert_status(Unsafe(File, NORMALIZED, Name), STATUS_SUCCESS);
        assert_string_equal(Name, i & 1 ? VOLUME_NAME "\\one\\file" : VOLUME_NAME "\\two\\file");
    }
    atomic_store(&Stop, TRUE);
    for (int i = 0; i < 3; i++) {
        port_thread_join(Threads[i]);
    }
    IopCloseFile(Directory);
    IopCloseFile(File);
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(name__create), T(name__volume_open), T(name__case_of_directories), T(name__missing_parent),
        T(name__failed_create), T(name__operation_cache), T(name__by_id), T(name__target_directory), T(name__short), T(name__options),
        T(name__cache), T(name__unsafe_places), T(name__asked_below_J23), T(name__without_instance), T(name__post_rename),
        T(name__destination), T(name__destination_elsewhere), T(name__tunneled), T(name__normalized_refused), T(name__ledger_K01_K02),
        T(name__injected_failure), T(name__control), T(name__renames_and_questions) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

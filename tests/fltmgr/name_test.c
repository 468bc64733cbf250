/* SPDX-License-Identifier: MIT */
/* ctest-labels: unit;conformance */
/* Name information over a volume in memory: formats, phases, methods, destinations. */
#include "nameask.h"

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

/* A last component that looks like a short name is looked up in its directory. */
static FLT_PREOP_CALLBACK_STATUS
Expand(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    static const WCHAR Long[] = { 'l', 'o', 'n', 'g', ' ', 'n', 'a', 'm', 'e', '.', 't', 'x', 't' };
    PFILE_NAMES_INFORMATION Entry = Data->Iopb->Parameters.DirectoryControl.QueryDirectory.DirectoryBuffer;

    (void)Which;
    (void)Objects;
    assert_text(Data->Iopb->Parameters.DirectoryControl.QueryDirectory.FileName, "LONGNA~1.TXT");
    Entry->NextEntryOffset = 0;
    Entry->FileNameLength = sizeof(Long);
    memcpy(Entry->FileName, Long, sizeof(Long));
    Data->IoStatus.Status = STATUS_SUCCESS;
    Data->IoStatus.Information = FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName) + sizeof(Long);
    return FLT_PREOP_COMPLETE;
}

static void
test_fltmgr_name__short_component(void **State)
{
    char Name[300];

    (void)State;
    Reset();
    PFILE_OBJECT File = Open("\\dir\\file.txt");
    Only = IRP_MJ_DIRECTORY_CONTROL;
    Pre[BOTTOM] = Expand;
    assert_status(Destination(File, NULL, "LONGNA~1.TXT:s:$DATA", NORMALIZED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\long name.txt:s");
    assert_status(Destination(File, NULL, "LONGNA~1.TXT", OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\LONGNA~1.TXT");
    Reset();
    /* it is not there: as given; too long to be one: not looked up */
    assert_status(Destination(File, NULL, "NEWNAM~1.TXT", NORMALIZED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, VOLUME_NAME "\\dir\\NEWNAM~1.TXT");
    assert_int_equal(Seen[BOTTOM][IRP_MJ_DIRECTORY_CONTROL], 1);
    assert_status(Destination(File, NULL, "verylongname~1.txt", NORMALIZED, Name), STATUS_SUCCESS);
    assert_int_equal(Seen[BOTTOM][IRP_MJ_DIRECTORY_CONTROL], 1);
    IopCloseFile(File);
}

/* ---- queries without an open ---- */

static void
test_fltmgr_name__query_open(void **State)
{
    UNICODE_STRING Name = TinyString("\\dir\\file.txt");
    FILE_OBJECT OnStack = { .Type = IO_TYPE_FILE, .Size = sizeof(FILE_OBJECT), .DeviceObject = Real, .FileName = Name };
    FILE_STAT_LX_INFORMATION Stat;
    IOP_QUERY_OPEN Query = { .FileObject = &OnStack, .Class = FileStatLxInformation, .Buffer = &Stat, .Length = sizeof(Stat), .RequestorMode = UserMode };

    (void)State;
    for (int i = 0; i < 4; i++) {
        Asking(IRP_MJ_QUERY_OPEN, i & 1 ? OPENED : NORMALIZED, (i & 2) != 0);
        assert_status(IopQueryOpen(Real, &Query), STATUS_SUCCESS);
        assert_names(VOLUME_NAME "\\dir\\file.txt");
    }
    Reset();
}

/* ---- names longer than the first buffers ---- */

static void
test_fltmgr_name__long(void **State)
{
    char Path[120] = "", Full[300], Name[300];
    PFILE_OBJECT Above[3], File;
    int Depth = 0;

    (void)State;
    Reset();
    File = OpenAt(NULL, "\\dir", FILE_OPEN, FILE_DIRECTORY_FILE, NULL);
    strcpy(Full, VOLUME_NAME "\\dir");
    memset(Path, 'n', 80);
    for (; Depth < 3; Depth++) {
        Above[Depth] = File;
        File = OpenAt(Above[Depth], Path, FILE_OPEN_IF, Depth < 2 ? FILE_DIRECTORY_FILE : 0, NULL);
        strcat(strcat(Full, "\\"), Path);
    }
    assert_status(Unsafe(File, OPENED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, Full);
    assert_status(Unsafe(File, NORMALIZED, Name), STATUS_SUCCESS);
    assert_string_equal(Name, Full);
    IopCloseFile(File);
    while (Depth-- > 0) {
        IopCloseFile(Above[Depth]);
    }
}

int
main(void)
{
    const struct CMUnitTest Tests[] = { T(name__create), T(name__volume_open), T(name__case_of_directories), T(name__missing_parent),
        T(name__failed_create), T(name__by_id), T(name__target_directory), T(name__short), T(name__options),
        T(name__unsafe_places), T(name__asked_below_J23), T(name__without_instance), T(name__post_rename),
        T(name__destination), T(name__destination_elsewhere), T(name__tunneled), T(name__normalized_refused), T(name__query_open), T(name__short_component),
        T(name__long) };

    return cmocka_run_group_tests(Tests, BedSetup, BedTeardown);
}

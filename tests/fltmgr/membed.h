/* SPDX-License-Identifier: MIT */
/*
 * A volume in memory with three filters over it, for tests of names and of filters' own I/O.  What the callbacks do is what a test puts
 * into Pre and Post; every call is counted by filter and major function.
 */
#ifndef FB_TESTS_FLTMGR_MEMBED_H
#define FB_TESTS_FLTMGR_MEMBED_H

#include "testnt.h"

#include "fs/memfs/mfs.h"

#define VOLUME_NAME "\\Device\\HarddiskVolume7"
#define TOP 0
#define MIDDLE 1
#define BOTTOM 2

typedef FLT_PREOP_CALLBACK_STATUS (*PRE)(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects);
typedef FLT_POSTOP_CALLBACK_STATUS (*POST)(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags);
static PRE Pre[3];
static POST Post[3];
static UCHAR Only = 0xFF;                      /* the major that the functions see; 0xFF: every one */
static _Atomic(LONG) Seen[3][256];
static PDEVICE_OBJECT Real;
static PFLT_VOLUME Volume;

static FLT_PREOP_CALLBACK_STATUS
OnPre(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects)
{
    const UCHAR Major = Data->Iopb->MajorFunction;

    atomic_fetch_add(&Seen[Which][Major], 1);
    if (Pre[Which] != NULL && (Only == 0xFF || Only == Major)) {
        return Pre[Which](Which, Data, Objects);
    }
    return Post[Which] != NULL && (Only == 0xFF || Only == Major) ? FLT_PREOP_SYNCHRONIZE : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS
OnPost(int Which, PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, ULONG Flags)
{
    return Post[Which] != NULL ? Post[Which](Which, Data, Objects, Flags) : FLT_POSTOP_FINISHED_PROCESSING;
}

#define OPERATION(N, Major) { Major, 0, Pre##N, Post##N, NULL }
#define CALLBACKS(N) \
    static FLT_PREOP_CALLBACK_STATUS Pre##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context) { (void)Context; return OnPre(N, Data, Objects); } \
    static FLT_POSTOP_CALLBACK_STATUS Post##N(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID Context, FLT_POST_OPERATION_FLAGS Flags) { (void)Context; return OnPost(N, Data, Objects, Flags); } \
    static const FLT_OPERATION_REGISTRATION Operations##N[] = { OPERATION(N, IRP_MJ_CREATE), OPERATION(N, IRP_MJ_READ), OPERATION(N, IRP_MJ_WRITE), \
        OPERATION(N, IRP_MJ_QUERY_INFORMATION), OPERATION(N, IRP_MJ_SET_INFORMATION), OPERATION(N, IRP_MJ_CLEANUP), OPERATION(N, IRP_MJ_CLOSE), \
        OPERATION(N, IRP_MJ_DIRECTORY_CONTROL), OPERATION(N, IRP_MJ_QUERY_VOLUME_INFORMATION), OPERATION(N, IRP_MJ_FLUSH_BUFFERS), \
        OPERATION(N, IRP_MJ_FILE_SYSTEM_CONTROL), OPERATION(N, IRP_MJ_QUERY_EA), OPERATION(N, IRP_MJ_SET_EA), OPERATION(N, IRP_MJ_QUERY_OPEN), \
        { IRP_MJ_OPERATION_END, 0, NULL, NULL, NULL } };
CALLBACKS(0)
CALLBACKS(1)
CALLBACKS(2)

static NTSTATUS
OnQueryTeardown(PCFLT_RELATED_OBJECTS Objects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS Flags)
{
    (void)Objects;
    (void)Flags;
    return STATUS_SUCCESS;
}

#define FILTER(N, Called, High) { .Name = Called, .Altitude = High, \
    .Registration = { .OperationRegistration = Operations##N, .InstanceQueryTeardownCallback = OnQueryTeardown } }
static TINY_FILTER Filters[3] = { FILTER(0, "top", "300"), FILTER(1, "middle", "200"), FILTER(2, "bottom", "100") };
static PFLT_INSTANCE Instances[3];

static inline void
Reset(void)
{
    memset(Pre, 0, sizeof(Pre));
    memset(Post, 0, sizeof(Post));
    memset((void *)Seen, 0, sizeof(Seen));
    Only = 0xFF;
}

/* A file as a user opens it; NULL and *Status if that fails. */
static inline PFILE_OBJECT
OpenAt(PFILE_OBJECT Related, const char *Name, ULONG Disposition, ULONG Options, NTSTATUS *Status)
{
    const IOP_CREATE Create = { .Device = Real, .RelatedFileObject = Related, .Name = TinyString(Name),
        .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | FILE_READ_EA | FILE_WRITE_EA | DELETE | SYNCHRONIZE,
        .Disposition = Disposition, .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS, .RequestorMode = UserMode };
    IO_STATUS_BLOCK IoStatus;
    PFILE_OBJECT File = NULL;

    NTSTATUS Result = IopCreateFile(&Create, &IoStatus, &File);
    if (Status != NULL) {
        *Status = Result;
    } else {
        assert_status(Result, STATUS_SUCCESS);
    }
    return File;
}

static inline PFILE_OBJECT
Open(const char *Name)
{
    return OpenAt(NULL, Name, FILE_OPEN_IF, 0, NULL);
}

static inline void
MakeDirectory(const char *Name)
{
    IopCloseFile(OpenAt(NULL, Name, FILE_OPEN_IF, FILE_DIRECTORY_FILE, NULL));
}

static inline PFLT_INSTANCE
InstanceOf(int Which)
{
    PFLT_INSTANCE Instance = FltpInstanceFind(Filters[Which].Filter, Volume, NULL);

    assert_non_null(Instance);
    FltpCountRelease(&Instance->Object.References);
    return Instance;
}

static inline int
BedSetup(void **State)
{
    const FSB_OPTIONS Options = { .DriveLetter = L'Q' };

    (void)State;
    TinyStart();
    assert_status(MfsInitialize(), STATUS_SUCCESS);
    assert_status(MfsVolumeCreate(7, &Options, &Real), STATUS_SUCCESS);
    Volume = FltpVolumeOfDevice(Real, NULL);
    assert_non_null(Volume);
    FltpCountRelease(&Volume->Object.References);
    for (int i = 0; i < 3; i++) {
        assert_status(TinyFilterLoad(&Filters[i]), STATUS_SUCCESS);
        Instances[i] = InstanceOf(i);
    }
    MakeDirectory("\\dir");
    MakeDirectory("\\dir\\sub");
    IopCloseFile(Open("\\dir\\file.txt"));
    IopCloseFile(Open("\\dir\\sub\\deep"));
    return 0;
}

static void
PrintReference(const struct vf_reference_view *Reference, void *Context)
{
    (void)Context;
    print_error("leak: %s of %s by %s in %s %s\n", vf_kind_name(Reference->kind), Reference->name, Reference->routine,
        Reference->phase != NULL ? Reference->phase : "", Reference->operation != NULL ? Reference->operation : "");
}

static inline int
BedTeardown(void **State)
{
    (void)State;
    Reset();
    for (int i = 0; i < 3; i++) {
        assert_status(TinyFilterUnload(&Filters[i]), STATUS_SUCCESS);
        assert_int_equal(vf_owner_references(Filters[i].Owner, PrintReference, NULL), 0);
    }
    assert_status(MfsVolumeDelete(Real), STATUS_SUCCESS);
    return 0;
}

static inline void
assert_text_at(PCUNICODE_STRING Got, const char *Want, const char *File, int Line)
{
    const UNICODE_STRING Text = TinyString(Want);
    char Printable[300];
    ULONG n = 0;

    if (RtlEqualUnicodeString(Got, &Text, FALSE)) {
        return;
    }
    for (; n < Got->Length / sizeof(WCHAR) && n < sizeof(Printable) - 1; n++) {
        Printable[n] = Got->Buffer[n] < 127 ? (char)Got->Buffer[n] : '?';
    }
    Printable[n] = 0;
    print_error("%s:%d: \"%s\", expected \"%s\"\n", File, Line, Printable, Want);
    _fail(File, Line);
}
#define assert_text(Got, Want) assert_text_at((Got), (Want), __FILE__, __LINE__)

/* A FILE_RENAME_INFORMATION in a static buffer. */
static inline PFILE_RENAME_INFORMATION
Renaming(const char *Name, HANDLE Root, ULONG *Length)
{
    static union { FILE_RENAME_INFORMATION Information; UCHAR Room[600]; } Rename;
    const UNICODE_STRING Text = TinyString(Name);

    memset(&Rename, 0, sizeof(Rename));
    Rename.Information.RootDirectory = Root;
    Rename.Information.FileNameLength = Text.Length;
    memcpy(Rename.Information.FileName, Text.Buffer, Text.Length);
    *Length = FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName) + Text.Length;
    if (*Length < sizeof(FILE_RENAME_INFORMATION)) {
        *Length = sizeof(FILE_RENAME_INFORMATION);
    }
    return &Rename.Information;
}

#endif

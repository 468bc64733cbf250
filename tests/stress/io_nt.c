/* SPDX-License-Identifier: MIT */
/* The stress program's workers: each knows what its files hold. */
#include "stressp.h"

#define FILES 4
#define SIZE 4096

typedef struct STRESS_FILE {
    PFILE_OBJECT Object;                       /* NULL: not open */
    BOOLEAN Exists, Deleted;                   /* Deleted: it goes with the handle */
    ULONG Length;
    UCHAR Data[SIZE];
} STRESS_FILE;
typedef struct STRESS_DIRECTORY {
    ULONG Mounts;                              /* the volume's, when it was made; 0: it is not there */
    STRESS_FILE Files[FILES];
} STRESS_DIRECTORY;
typedef struct STRESS_WORKER {
    struct storm_thread *Thread;
    STRESS_DIRECTORY On[VOLUMES];
    UCHAR Buffer[SIZE];
} STRESS_WORKER;
/* What a step works with. */
typedef struct STRESS_AT { STRESS_WORKER *Worker; STRESS_VOLUME *Volume; STRESS_DIRECTORY *Directory; STRESS_FILE *File; ULONG Number; } STRESS_AT;

UNICODE_STRING
StressVolumeName(const STRESS_VOLUME *Volume)
{
    char Text[] = "\\Device\\HarddiskVolume00";

    Text[22] = (char)('0' + Volume->Number / 10);
    Text[23] = (char)('0' + Volume->Number % 10);
    return TinyString(Text);
}

/* ---- results ---- */

/* The volume goes, or has gone since the directory was made: anything may have failed. */
static BOOLEAN
StressUnsure(const STRESS_AT *At)
{
    return At->Volume->Leaving || At->Volume->Unsure || At->Volume->Mounts != At->Directory->Mounts;
}

/* TRUE: as it must be.  FALSE: the volume has gone. */
static BOOLEAN
StressIs(const STRESS_AT *At, NTSTATUS Status, NTSTATUS Wanted, const char *What)
{
    storm_did(&Stress, 1);
    if (Status == Wanted) {
        return TRUE;
    }
    if (!StressUnsure(At)) {
        storm_wrong(&Stress, "%s of file %u of worker %u on volume %u (mount %u): %08x, not %08x", What, (unsigned)At->Number,
            At->Worker->Thread->index, (unsigned)At->Volume->Number, (unsigned)At->Directory->Mounts, (unsigned)Status, (unsigned)Wanted);
    }
    return FALSE;
}

static ULONG
Draw(const STRESS_AT *At, ULONG Below)
{
    return storm_random(At->Worker->Thread) % Below;
}

/* ---- open and close ---- */

static NTSTATUS
StressCreate(const STRESS_AT *At, const char *Name, ULONG Disposition, ULONG Options, PFILE_OBJECT *Object)
{
    UNICODE_STRING Path = StressVolumeName(At->Volume);
    const UNICODE_STRING Rest = TinyString(Name);
    WCHAR Whole[128];
    IO_STATUS_BLOCK IoStatus;

    memcpy(Whole, Path.Buffer, Path.Length);
    Path.Buffer = Whole;
    Path.MaximumLength = sizeof(Whole);
    RtlAppendUnicodeStringToString(&Path, &Rest);
    const IOP_CREATE Create = { .Name = Path, .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | DELETE | SYNCHRONIZE,
        .Disposition = Disposition, .CreateOptions = Options, .ShareAccess = FILE_SHARE_VALID_FLAGS, .ObjectAttributes = OBJ_CASE_INSENSITIVE,
        .RequestorMode = UserMode };
    *Object = NULL;
    return IopCreateFile(&Create, &IoStatus, Object);
}

static char *
StressName(const STRESS_AT *At, ULONG Number, char *Name)
{
    const unsigned Index = At->Worker->Thread->index;

    strcpy(Name, "\\w00\\f0");
    Name[2] = (char)('0' + Index / 10);
    Name[3] = (char)('0' + Index % 10);
    Name[6] = (char)('0' + Number);
    return Name;
}

static void
StressCloseFile(const STRESS_AT *At, STRESS_FILE *File)
{
    if (File->Object == NULL) {
        return;
    }
    IopCloseFile(File->Object);
    File->Object = NULL;
    if (File->Deleted) {
        File->Exists = File->Deleted = FALSE;
    }
    storm_did(&Stress, 1);
    UNREFERENCED_PARAMETER(At);
}

/* The volume has gone, or shall: nothing is open on it any more; forgotten if its contents have gone, too. */
static void
StressLeave(const STRESS_AT *At, BOOLEAN Forget)
{
    for (ULONG i = 0; i < FILES; i++) {
        StressCloseFile(At, &At->Directory->Files[i]);
    }
    if (Forget) {
        memset(At->Directory, 0, sizeof(*At->Directory));
    }
}

static void
StressOpen(const STRESS_AT *At)
{
    static const ULONG Dispositions[] = { FILE_OPEN, FILE_CREATE, FILE_OPEN_IF, FILE_OVERWRITE_IF };
    const ULONG Disposition = Dispositions[Draw(At, RTL_NUMBER_OF(Dispositions))];
    STRESS_FILE *File = At->File;
    NTSTATUS Wanted = STATUS_SUCCESS;
    char Name[16];

    if (File->Exists && Disposition == FILE_CREATE) {
        Wanted = STATUS_OBJECT_NAME_COLLISION;
    } else if (!File->Exists && Disposition == FILE_OPEN) {
        Wanted = STATUS_OBJECT_NAME_NOT_FOUND;
    }
    const NTSTATUS Status = StressCreate(At, StressName(At, At->Number, Name), Disposition, FILE_NON_DIRECTORY_FILE, &File->Object);
    if (!StressIs(At, Status, Wanted, "open")) {
        StressLeave(At, TRUE);
        return;
    }
    if (NT_SUCCESS(Status)) {
        File->Length = !File->Exists || Disposition == FILE_OVERWRITE_IF ? 0 : File->Length;
        File->Exists = TRUE;
    }
}

/* While the volume goes: a create may meet it in any state.  There is no such file. */
static void
StressProbe(const STRESS_AT *At)
{
    PFILE_OBJECT Object;
    const NTSTATUS Status = StressCreate(At, "\\none", FILE_OPEN, 0, &Object);

    CHECK_STATUS(Status, !NT_SUCCESS(Status) && Object == NULL);
    storm_did(&Stress, 1);
}

/* The directory of a volume that has come. */
static BOOLEAN
StressArrive(const STRESS_AT *At)
{
    char Name[16];
    PFILE_OBJECT Object;

    StressLeave(At, TRUE);
    At->Directory->Mounts = At->Volume->Mounts;
    StressName(At, 0, Name)[4] = 0;
    /* OPEN_IF: the volume may have come once more since its number of mounts was read, and the directory been made in the newer one. */
    const NTSTATUS Status = StressCreate(At, Name, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &Object);
    if (!StressIs(At, Status, STATUS_SUCCESS, "directory")) {
        At->Directory->Mounts = 0;
        return FALSE;
    }
    IopCloseFile(Object);
    if (At->Volume->Mounts != At->Directory->Mounts || At->Directory->Mounts % 2) {
        At->Directory->Mounts = 0;
        return FALSE;
    }
    return TRUE;
}

/* ---- data ---- */

static void
StressWrite(const STRESS_AT *At)
{
    const ULONG Offset = Draw(At, SIZE - 1), Length = 1 + Draw(At, SIZE - Offset);
    STRESS_FILE *File = At->File;
    IO_STATUS_BLOCK IoStatus = { 0 };

    for (ULONG i = 0; i < Length; i++) {
        At->Worker->Buffer[i] = (UCHAR)(Offset + i * 7 + Length);
    }
    const NTSTATUS Status = IopWrite(File->Object, At->Worker->Buffer, Length, Offset, 0, UserMode, &IoStatus);
    if (!StressIs(At, Status, STATUS_SUCCESS, "write")) {
        StressLeave(At, TRUE);
        return;
    }
    CHECK(IoStatus.Information == Length);
    if (File->Length < Offset) {
        memset(File->Data + File->Length, 0, Offset - File->Length);
    }
    memcpy(File->Data + Offset, At->Worker->Buffer, Length);
    File->Length = File->Length < Offset + Length ? Offset + Length : File->Length;
}

static void
StressRead(const STRESS_AT *At)
{
    const ULONG Offset = Draw(At, SIZE - 1), Length = 1 + Draw(At, SIZE - Offset);
    STRESS_FILE *File = At->File;
    const ULONG Left = File->Length > Offset ? File->Length - Offset : 0, Wanted = Left < Length ? Left : Length;
    IO_STATUS_BLOCK IoStatus = { 0 };

    memset(At->Worker->Buffer, 0xEE, Length);
    const NTSTATUS Status = IopRead(File->Object, At->Worker->Buffer, Length, Offset, 0, UserMode, &IoStatus);
    if (!StressIs(At, Status, Wanted == 0 ? STATUS_END_OF_FILE : STATUS_SUCCESS, "read")) {
        StressLeave(At, TRUE);
        return;
    }
    if (NT_SUCCESS(Status)) {
        CHECK(IoStatus.Information == Wanted);
        CHECK(memcmp(At->Worker->Buffer, File->Data + Offset, Wanted) == 0);
        Count(&StressCounters.Compared);
    }
}

static void
StressQuery(const STRESS_AT *At)
{
    FILE_STANDARD_INFORMATION Standard;
    ULONG Returned;
    const NTSTATUS Status = IopQueryInformation(At->File->Object, FileStandardInformation, &Standard, sizeof(Standard), UserMode, &Returned);

    if (!StressIs(At, Status, STATUS_SUCCESS, "query")) {
        StressLeave(At, TRUE);
        return;
    }
    CHECK(Standard.EndOfFile.QuadPart == At->File->Length && !Standard.Directory);
    CHECK((Standard.DeletePending != 0) == At->File->Deleted);
}

static void
StressResize(const STRESS_AT *At)
{
    const ULONG Length = Draw(At, SIZE);
    FILE_END_OF_FILE_INFORMATION End = { .EndOfFile.QuadPart = Length };
    STRESS_FILE *File = At->File;
    const NTSTATUS Status = IopSetInformation(File->Object, FileEndOfFileInformation, &End, sizeof(End), NULL, NULL, UserMode);

    if (!StressIs(At, Status, STATUS_SUCCESS, "end of file")) {
        StressLeave(At, TRUE);
        return;
    }
    if (File->Length < Length) {
        memset(File->Data + File->Length, 0, Length - File->Length);
    }
    File->Length = Length;
}

/* ---- names ---- */

static void
StressDeleteFile(const STRESS_AT *At)
{
    FILE_DISPOSITION_INFORMATION Disposition = { .DeleteFile = TRUE };
    const NTSTATUS Status = IopSetInformation(At->File->Object, FileDispositionInformation, &Disposition, sizeof(Disposition), NULL, NULL, UserMode);

    if (!StressIs(At, Status, STATUS_SUCCESS, "delete")) {
        StressLeave(At, TRUE);
        return;
    }
    At->File->Deleted = TRUE;
    StressCloseFile(At, At->File);
}

/* Over another one that is not open, or to a name that nobody has. */
static void
StressRename(const STRESS_AT *At)
{
    union { FILE_RENAME_INFORMATION Information; UCHAR Room[64]; } Rename = { .Information = { .ReplaceIfExists = TRUE } };
    const ULONG Number = (At->Number + 1 + Draw(At, FILES - 1)) % FILES;
    STRESS_FILE *From = At->File, *To = &At->Directory->Files[Number];
    char Name[16];

    if (To->Object != NULL) {
        return;
    }
    const UNICODE_STRING Target = TinyString(StressName(At, Number, Name) + 5);
    Rename.Information.FileNameLength = Target.Length;
    memcpy(Rename.Information.FileName, Target.Buffer, Target.Length);
    const NTSTATUS Status = IopSetInformation(From->Object, FileRenameInformation, &Rename, sizeof(Rename), NULL, NULL, UserMode);
    if (Status == STATUS_ACCESS_DENIED && To->Exists) {
        return;                                /* a draining call may still have its file object */
    }
    if (!StressIs(At, Status, STATUS_SUCCESS, "rename")) {
        StressLeave(At, TRUE);
        return;
    }
    *To = *From;
    memset(From, 0, sizeof(*From));
}

/* ---- steps ---- */

static void
StressStep(const STRESS_AT *At)
{
    static void (*const Steps[])(const STRESS_AT *At) = { StressWrite, StressWrite, StressRead, StressRead, StressRead, StressQuery, StressResize,
        StressRename, StressDeleteFile };
    const ULONG Which = Draw(At, RTL_NUMBER_OF(Steps) + 1);

    if (At->File->Object == NULL) {
        StressOpen(At);
    } else if (Which == RTL_NUMBER_OF(Steps)) {
        StressCloseFile(At, At->File);
    } else {
        Steps[Which](At);
    }
}

/* Nothing of the worker's is open: no context of its files lives, once those that other threads just take down have gone. */
static void
StressQuiet(STRESS_WORKER *Worker)
{
    for (ULONG v = 0; v < VOLUMES; v++) {
        const STRESS_AT At = { Worker, &StressVolumes[v], &Worker->On[v], NULL, 0 };
        StressLeave(&At, FALSE);
    }
    for (int i = 0; i < 20000 && Read(&StressContextsOf[Worker->Thread->index]) != 0; i++) {
        TinySleep(1);
    }
    CHECK(Read(&StressContextsOf[Worker->Thread->index]) == 0);
}

VOID
StressWork(struct storm_thread *Thread)
{
    STRESS_WORKER *Worker = port_alloc_zeroed(sizeof(*Worker));

    Worker->Thread = Thread;
    for (ULONG i = 1; storm_more(&Stress); i++) {
        const ULONG v = storm_random(Thread) % VOLUMES, Number = storm_random(Thread) % FILES;
        const STRESS_AT At = { Worker, &StressVolumes[v], &Worker->On[v], &Worker->On[v].Files[Number], Number };
        if (At.Volume->Leaving || At.Volume->Mounts % 2) {
            StressLeave(&At, FALSE);
            StressProbe(&At);
        } else if (At.Volume->Mounts == At.Directory->Mounts || StressArrive(&At)) {
            StressStep(&At);
        }
        if (i % 500 == 0) {
            StressQuiet(Worker);
        }
    }
    StressQuiet(Worker);
    port_free(Worker);
}

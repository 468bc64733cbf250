/* SPDX-License-Identifier: MIT */
/* Both file systems: contexts, locks, copying, and everything at once by several threads. */
#include "fsbox.h"

#include "ob/obp.h"

/* ---- contexts ---- */

static _Atomic(int) StreamFreed, FileFreed;

static VOID
FreeStream(PVOID Context)
{
    port_free(Context);
    atomic_fetch_add(&StreamFreed, 1);
}

static VOID
FreeFile(PVOID Context)
{
    port_free(Context);
    atomic_fetch_add(&FileFreed, 1);
}

static VOID
Attach(PFILE_OBJECT File)
{
    static int Owner;
    PFSRTL_PER_STREAM_CONTEXT Stream = port_alloc_zeroed(sizeof(*Stream));
    PFSRTL_PER_FILE_CONTEXT PerFile = port_alloc_zeroed(sizeof(*PerFile));
    FsRtlInitPerStreamContext(Stream, &Owner, File, FreeStream);
    FsRtlInitPerFileContext(PerFile, &Owner, File, FreeFile);
    assert_true(FsRtlSupportsPerStreamContexts(File));
    assert_int_equal(FsRtlInsertPerStreamContext(FsRtlGetPerStreamContextPointer(File), Stream), STATUS_SUCCESS);
    assert_int_equal(FsRtlInsertPerFileContext(FsRtlGetPerFileContextPointer(File), PerFile), STATUS_SUCCESS);
}

void
test_fs__contexts_torn_down_once(void **State)
{
    FSBOX *Box = *State;
    atomic_store(&StreamFreed, 0);
    atomic_store(&FileFreed, 0);
    PFILE_OBJECT A = FsboxFile(Box, L"\\f");
    PFILE_OBJECT B = FsboxFile(Box, L"\\f");
    assert_ptr_equal(A->FsContext, B->FsContext);
    Attach(A);
    Attach(B);
    FsboxClose(A);
    assert_int_equal(StreamFreed, 0);
    FsboxClose(B);
    assert_int_equal(StreamFreed, 2);
    assert_int_equal(FileFreed, 2);
    /* a reference on the file object keeps the stream: the contexts go in IRP_MJ_CLOSE */
    A = FsboxFile(Box, L"\\f");
    Attach(A);
    ObReferenceObject(A);
    FsboxClose(A);
    assert_int_equal(StreamFreed, 2);
    ObDereferenceObject(A);
    assert_int_equal(StreamFreed, 3);
    /* directories; a deleted file; a create that fails leaves nothing */
    A = FsboxDirectory(Box, L"\\d");
    Attach(A);
    FsboxClose(A);
    assert_int_equal(StreamFreed, 4);
    A = FsboxFile(Box, L"\\f");
    Attach(A);
    assert_int_equal(FsboxDelete1(Box, L"\\f", FILE_DISPOSITION_POSIX_SEMANTICS), STATUS_SUCCESS);
    assert_int_equal(StreamFreed, 4);
    FsboxClose(A);
    assert_int_equal(StreamFreed, 5);
    assert_int_equal(FileFreed, 5);

    /* with idle streams kept, a context is there at the next open, until others push it out */
    FSB_OPTIONS Options = {.IdleStreams = 2};
    FSBOX *Idle = FsboxCreate(Box->Memory, &Options);
    A = FsboxFile(Idle, L"\\a");
    const PVOID Stream = A->FsContext;
    Attach(A);
    FsboxClose(A);
    assert_int_equal(StreamFreed, 5);
    A = FsboxFile(Idle, L"\\a");
    assert_ptr_equal(A->FsContext, Stream);
    FsboxClose(A);
    FsboxClose(FsboxFile(Idle, L"\\b"));
    assert_int_equal(StreamFreed, 5);
    FsboxClose(FsboxFile(Idle, L"\\c"));
    assert_int_equal(StreamFreed, 6);
    A = FsboxFile(Idle, L"\\b");
    Attach(A);
    FsboxClose(A);
    assert_int_equal(FsboxDelete1(Idle, L"\\b", 0), STATUS_SUCCESS);
    assert_int_equal(StreamFreed, 7);
    A = FsboxFile(Idle, L"\\e");
    Attach(A);
    FsboxClose(A);
    FsboxDelete(Idle);
    assert_int_equal(StreamFreed, 8);
    assert_int_equal(FileFreed, 8);
}

/* ---- locks ---- */

static NTSTATUS
Lock(PFILE_OBJECT File, UCHAR Minor, UCHAR Flags, LONGLONG Offset, LONGLONG Length)
{
    LARGE_INTEGER Bytes = {.QuadPart = Length};
    IOP_REQUEST Request = {0};
    IO_STATUS_BLOCK IoStatus;
    Request.Stack.Flags = Flags | SL_FAIL_IMMEDIATELY;
    Request.Stack.Parameters.LockControl.Length = &Bytes;
    Request.Stack.Parameters.LockControl.ByteOffset.QuadPart = Offset;
    return FsboxRequest(File, IRP_MJ_LOCK_CONTROL, Minor, &Request, &IoStatus);
}

void
test_fs__byte_range_locks(void **State)
{
    FSBOX *Box = *State;
    IO_STATUS_BLOCK IoStatus;
    char Buffer[4];
    FsboxPut(Box, L"\\f", "0123456789");
    PFILE_OBJECT A = FsboxFile(Box, L"\\f"), B = FsboxFile(Box, L"\\f");
    assert_int_equal(Lock(A, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, 5), STATUS_SUCCESS);
    assert_int_equal(Lock(B, IRP_MN_LOCK, 0, 4, 1), STATUS_LOCK_NOT_GRANTED);
    assert_int_equal(IopRead(B, Buffer, 4, 0, 0, UserMode, &IoStatus), STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(IopWrite(B, "x", 1, 0, 0, UserMode, &IoStatus), STATUS_FILE_LOCK_CONFLICT);
    assert_int_equal(IopWrite(B, "x", 1, 5, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IopRead(A, Buffer, 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(Lock(A, IRP_MN_UNLOCK_SINGLE, 0, 0, 5), STATUS_SUCCESS);
    assert_int_equal(IopRead(B, Buffer, 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    /* cleanup drops them */
    assert_int_equal(Lock(A, IRP_MN_LOCK, SL_EXCLUSIVE_LOCK, 0, 5), STATUS_SUCCESS);
    FsboxClose(A);
    assert_int_equal(IopRead(B, Buffer, 4, 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    FsboxClose(B);
}

void
test_fs__duplicate_extents(void **State)
{
    FSBOX *Box = *State;
    DUPLICATE_EXTENTS_DATA Data = {.SourceFileOffset.QuadPart = 2, .TargetFileOffset.QuadPart = 4, .ByteCount.QuadPart = 5};
    FsboxPut(Box, L"\\a", "0123456789");
    PFILE_OBJECT A = FsboxFile(Box, L"\\a"), B = FsboxFile(Box, L"\\b");
    assert_int_equal(ObpCreateHandle(A, FILE_ALL_ACCESS, 0, &Data.FileHandle), STATUS_SUCCESS);
    assert_int_equal(FsboxControl(B, FSCTL_DUPLICATE_EXTENTS_TO_FILE, &Data, sizeof(Data), NULL, 0, NULL), STATUS_SUCCESS);
    ObpCloseHandle(Data.FileHandle);
    FsboxClose(A);
    IO_STATUS_BLOCK IoStatus;
    char Buffer[16];
    assert_int_equal(IopRead(B, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus), STATUS_SUCCESS);
    assert_int_equal(IoStatus.Information, 9);
    assert_memory_equal(Buffer, "\0\0\0\00023456", 9);
    FsboxClose(B);
}

/* ---- storm: threads that create, write, rename, link, list and delete in one small name space ---- */

typedef struct STORM {
    FSBOX *Box;
    ULONG Rounds;
    uint64_t Seed;
    ULONG Succeeded;
} STORM;

static uint32_t
Roll(STORM *Storm, uint32_t Limit)
{
    Storm->Seed ^= Storm->Seed << 13;
    Storm->Seed ^= Storm->Seed >> 7;
    Storm->Seed ^= Storm->Seed << 17;
    return (uint32_t)(Storm->Seed >> 32) % Limit;
}

static VOID
StormName(STORM *Storm, WCHAR *Name)
{
    ULONG At = 0;
    const uint32_t Depth = Roll(Storm, 3);
    for (uint32_t i = 0; i < Depth; i++) {
        Name[At++] = L'\\';
        Name[At++] = (WCHAR)(L'p' + Roll(Storm, 2));
    }
    Name[At++] = L'\\';
    Name[At++] = (WCHAR)(L'a' + Roll(Storm, 4));
    Name[At] = 0;
}

static VOID
StormOne(STORM *Storm)
{
    WCHAR Name[16], Other[16];
    PFILE_OBJECT File;
    IO_STATUS_BLOCK IoStatus;
    UCHAR Buffer[600] __attribute__((aligned(8)));
    ULONG Returned;
    const uint32_t What = Roll(Storm, 8);
    FILE_DISPOSITION_INFORMATION_EX Delete = {.Flags = FILE_DISPOSITION_DELETE | (Roll(Storm, 2) ? FILE_DISPOSITION_POSIX_SEMANTICS : 0)};
    StormName(Storm, Name);
    StormName(Storm, Other);
    if (What == 0) {
        Name[Name[2] == L'\\' ? 2 : 2] = 0;
        Name[1] = (WCHAR)(L'p' + Roll(Storm, 2));
    }
    const ULONG Options = What == 0 ? FILE_DIRECTORY_FILE : 0;
    NTSTATUS Status = FsboxOpen(Storm->Box, Name, FSBOX_ALL, Roll(Storm, 3) == 0 ? FILE_OPEN : FILE_OPEN_IF, Options, FSBOX_SHARE, &File);
    if (!NT_SUCCESS(Status)) {
        return;
    }
    Storm->Succeeded++;
    switch (What) {
    case 1:
    case 2:
        IopWrite(File, Name, sizeof(Name), Roll(Storm, 100), 0, UserMode, &IoStatus);
        IopRead(File, Buffer, sizeof(Buffer), 0, 0, UserMode, &IoStatus);
        break;
    case 3:
        FsboxRename(File, Other, FILE_RENAME_REPLACE_IF_EXISTS | FILE_RENAME_POSIX_SEMANTICS, FALSE);
        break;
    case 4:
        FsboxRename(File, Other, 0, TRUE);
        break;
    case 5:
    case 6:
        FsboxSet(File, FileDispositionInformationEx, &Delete, sizeof(Delete), NULL);
        break;
    case 0:
        while (FsboxList(File, NULL, 0, 0, FileIdBothDirectoryInformation, Buffer, sizeof(Buffer), &Returned) == STATUS_SUCCESS) {
        }
        if (Roll(Storm, 4) == 0) {
            WCHAR Target[4] = {L'\\', (WCHAR)(L'p' + Roll(Storm, 2)), 0};
            FsboxRename(File, Target, FILE_RENAME_POSIX_SEMANTICS, FALSE);
        }
        break;
    default:
        FsboxQuery(File, FileAllInformation, Buffer, sizeof(Buffer));
        break;
    }
    FsboxClose(File);
}

static void
StormThread(void *Argument)
{
    STORM *Storm = Argument;
    for (ULONG i = 0; i < Storm->Rounds; i++) {
        StormOne(Storm);
    }
}

void
test_fs__storm(void **State)
{
    FSBOX *Box = *State;
    STORM Storms[4];
    port_thread *Threads[4];
    const uint64_t Seed = port_random() | 1;
    print_message("storm seed %llx\n", (unsigned long long)Seed);
    for (ULONG i = 0; i < 4; i++) {
        Storms[i] = (STORM){.Box = Box, .Rounds = 3000, .Seed = Seed * (i + 1)};
        assert_int_equal(port_thread_start(&Threads[i], StormThread, &Storms[i], "storm"), 0);
    }
    ULONG Succeeded = 0;
    for (ULONG i = 0; i < 4; i++) {
        port_thread_join(Threads[i]);
        Succeeded += Storms[i].Succeeded;
    }
    assert_true(Succeeded > 1000);
    assert_int_equal(atomic_load(&Box->Volume->Opens), 0);
    assert_int_equal(atomic_load(&Box->Volume->DeletesPending), 0);
    for (ULONG i = 0; i < FSB_SHARDS; i++) {
        assert_int_equal(Box->Volume->Shards[i].Count, 0);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Where file, stream and stream handle contexts hang (sections D-19 … D-22, H of the specification).
 *
 * A stream's contexts hang on one FSRTL_PER_STREAM_CONTEXT of ours in the FilterContexts list of FsContext, a file's on one
 * FSRTL_PER_FILE_CONTEXT; a handle's on the FLTP_FILE itself.  The first use through a file object looks the stream up in the file system's
 * list and caches it in the file object's FLTP_FILE; from then on no lock is taken.  The file system's teardown calls our FreeCallback.
 *
 * FLTP_FILE is made on demand and freed with the file object.  After the last pre-close callback FilterBlock is FLTP_FILE_CLOSED:
 * FsContext may dangle from then on and is not looked at (C-20).
 */
#include "fltmgr/fltp.h"

#define FLTP_STREAM_LOCKS 64
/* By list: one entry of ours in each, and nobody finds it without a reference before the teardown goes on. */
static port_lock FltpStreamLocks[FLTP_STREAM_LOCKS];

static port_lock *
FltpStreamLock(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind)
{
    const VOID *Key = Kind == FltpTargetFile ? (VOID *)FsRtlGetPerFileContextPointer(FileObject) : FileObject->FsContext;

    return &FltpStreamLocks[((ULONG_PTR)Key >> 6) % FLTP_STREAM_LOCKS];
}

/* ---- the file object's block ---- */

static VOID
FltpFileFree(FLTP_TARGET *Target)
{
    FLTP_FILE *File = CONTAINING_RECORD(Target, FLTP_FILE, Handles);
    FLTP_STREAM *Stream = atomic_load(&File->Stream);
    FLTP_STREAM *PerFile = atomic_load(&File->File);

    if (Stream != NULL) {
        FltpTargetDereference(&Stream->Contexts);
    }
    if (PerFile != NULL) {
        FltpTargetDereference(&PerFile->Contexts);
    }
    PFLT_INSTANCE Opener = atomic_load(&File->Opener);
    if (Opener != NULL) {
        FltpInstanceMemoryRelease(Opener);
    }
    FltpFileNameFree(File);
    port_free(File);
}

static FLTP_FILE *
FltpFileCreate(IOP_FILE *Container)
{
    FLTP_FILE *File = port_alloc_zeroed(sizeof(*File));
    void *Existing = NULL;

    if (File == NULL) {
        return NULL;
    }
    FltpTargetInitialize(&File->Handles, FltpTargetHandle, FltpFileFree);
    if (atomic_compare_exchange_strong(&Container->FilterBlock, &Existing, FltpFileMark(File))) {
        return File;
    }
    port_free(File);
    return Existing == FLTP_FILE_CLOSED ? NULL : FltpFileUnmark(Existing);
}

FLTP_FILE *
FltpFileOf(PFILE_OBJECT FileObject, BOOLEAN Create)
{
    IOP_FILE *Container = IOP_FILE_FROM(FileObject);
    void *Block = atomic_load_explicit(&Container->FilterBlock, memory_order_acquire);

    if (Block == FLTP_FILE_CLOSED) {
        return NULL;
    }
    return Block != NULL || !Create ? FltpFileUnmark(Block) : FltpFileCreate(Container);
}

static BOOLEAN
FltpFileIsClosed(PFILE_OBJECT FileObject)
{
    return atomic_load_explicit(&IOP_FILE_FROM(FileObject)->FilterBlock, memory_order_acquire) == FLTP_FILE_CLOSED;
}

static VOID
FltpFileDrop(PFILE_OBJECT FileObject, void *Replacement)
{
    void *Block = atomic_exchange(&IOP_FILE_FROM(FileObject)->FilterBlock, Replacement);

    atomic_store(&IOP_FILE_FROM(FileObject)->FilterStream, NULL);
    if (Block != NULL && Block != FLTP_FILE_CLOSED) {
        FLTP_FILE *File = FltpFileUnmark(Block);
        FltpTargetTeardown(&File->Handles);
        FltpTargetDereference(&File->Handles);
    }
}

/* F-11: after all pre-close callbacks, before any post-close callback. */
VOID
FltpFileClosing(PFILE_OBJECT FileObject)
{
    FltpFileDrop(FileObject, FLTP_FILE_CLOSED);
}

VOID
FltpFileObjectClosing(PFILE_OBJECT FileObject)
{
    FltpFileDrop(FileObject, NULL);
}

/* ---- support ---- */

static BOOLEAN
FltpSupportsStream(PFILE_OBJECT FileObject)
{
    return FileObject != NULL && FileObject->FsContext != NULL && !FltpFileIsClosed(FileObject) &&
           FsRtlSupportsPerStreamContexts(FileObject);
}

static BOOLEAN
FltpSupportsHandle(PFILE_OBJECT FileObject)
{
    return FltpSupportsStream(FileObject) && !(FileObject->Flags & FO_STREAM_FILE) && FileObject->FsContext2 != NULL;
}

static BOOLEAN
FltpSupportsFile(PFILE_OBJECT FileObject)
{
    return FltpSupportsStream(FileObject) && FsRtlSupportsPerFileContexts(FileObject);
}

/* H-13: file contexts on top of stream contexts, where a file has a single stream.  A volume is no file (H-17). */
static BOOLEAN
FltpEmulatesFile(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    const FLT_FILESYSTEM_TYPE Type = Instance->Volume->FileSystemType;

    if (!FltpSupportsStream(FileObject) || (FileObject->Flags & FO_VOLUME_OPEN)) {
        return FALSE;
    }
    return Type == FLT_FSTYPE_FAT || Type == FLT_FSTYPE_EXFAT;
}

/* Windows: fltKernel.h, FltSupportsStreamContexts.  Differences: none. */
BOOLEAN FLTAPI
FltSupportsStreamContexts(PFILE_OBJECT FileObject)
{
    return FltpSupportsStream(FileObject);
}

/* Windows: fltKernel.h, FltSupportsStreamHandleContexts.  Differences: none. */
BOOLEAN FLTAPI
FltSupportsStreamHandleContexts(PFILE_OBJECT FileObject)
{
    return FltpSupportsHandle(FileObject);
}

/* Windows: fltKernel.h, FltSupportsFileContexts.  Differences: none. */
BOOLEAN FLTAPI
FltSupportsFileContexts(PFILE_OBJECT FileObject)
{
    return FltpSupportsFile(FileObject);
}

/* Windows: fltKernel.h, FltSupportsFileContextsEx.  Differences: emulation on the FAT family only. */
BOOLEAN FLTAPI
FltSupportsFileContextsEx(PFILE_OBJECT FileObject, PFLT_INSTANCE Instance)
{
    return FltpSupportsFile(FileObject) ||
           (Instance != NULL && FltpEmulatesFile(Instance, FileObject));
}

/* ---- streams and files ---- */

static VOID
FltpStreamFree(FLTP_TARGET *Target)
{
    port_free(CONTAINING_RECORD(Target, FLTP_STREAM, Contexts));
}

/* The file system tears its stream or file structure down; the entry is off its list. */
static VOID
FltpStreamTeardown(PVOID Entry)
{
    FLTP_STREAM *Stream = CONTAINING_RECORD(Entry, FLTP_STREAM, Entry);

    FltpLockAcquire(Stream->Lock, FLTP_RANK_TARGET);   /* whoever has found it has referenced it, too */
    FltpLockRelease(Stream->Lock);
    FltpTargetTeardown(&Stream->Contexts);
    FltpTargetDereference(&Stream->Contexts);
}

static FLTP_STREAM *
FltpStreamLookup(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind)
{
    PVOID Entry;

    if (Kind == FltpTargetFile) {
        Entry = FsRtlLookupPerFileContext(FsRtlGetPerFileContextPointer(FileObject), &FltpGlobals, NULL);
    } else {
        Entry = FsRtlLookupPerStreamContext(FsRtlGetPerStreamContextPointer(FileObject), &FltpGlobals, NULL);
    }
    return Entry != NULL ? CONTAINING_RECORD(Entry, FLTP_STREAM, Entry) : NULL;
}

static NTSTATUS
FltpStreamInsert(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind, FLTP_STREAM *Stream)
{
    if (Kind == FltpTargetFile) {
        FsRtlInitPerFileContext(&Stream->Entry.File, &FltpGlobals, NULL, FltpStreamTeardown);
        return FsRtlInsertPerFileContext(FsRtlGetPerFileContextPointer(FileObject), &Stream->Entry.File);
    }
    FsRtlInitPerStreamContext(&Stream->Entry.Stream, &FltpGlobals, NULL, FltpStreamTeardown);
    return FsRtlInsertPerStreamContext(FsRtlGetPerStreamContextPointer(FileObject), &Stream->Entry.Stream);
}

/* C-22: a failure changes nothing.  Locks: Lock held. */
static NTSTATUS
FltpStreamCreateLocked(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind, port_lock *Lock, FLTP_STREAM **Created)
{
    FLTP_STREAM *Stream = port_alloc_zeroed(sizeof(*Stream));

    if (Stream == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Stream->Lock = Lock;
    FltpTargetInitialize(&Stream->Contexts, Kind, FltpStreamFree);
    NTSTATUS Status = FltpStreamInsert(FileObject, Kind, Stream);
    if (!NT_SUCCESS(Status)) {
        port_free(Stream);
        return Status == STATUS_INVALID_DEVICE_REQUEST ? STATUS_NOT_SUPPORTED : Status;
    }
    *Created = Stream;
    return STATUS_SUCCESS;
}

/* What is in the cache then: a file object keeps the first one that it found. */
static FLTP_STREAM *
FltpStreamCache(_Atomic(FLTP_STREAM *) *Cache, FLTP_STREAM *Stream)
{
    FLTP_STREAM *Cached = NULL;

    FltpTargetReference(&Stream->Contexts);
    if (atomic_compare_exchange_strong(Cache, &Cached, Stream)) {
        return Stream;
    }
    FltpTargetDereference(&Stream->Contexts);
    return Cached;
}

/* Searches find the stream's contexts without the block from now on; not while the verifier is on, and not in a file object that is closed. */
static VOID
FltpFileQuickStream(PFILE_OBJECT FileObject, FLTP_TARGET *Target)
{
    IOP_FILE *Container = IOP_FILE_FROM(FileObject);

    if (!vf_on()) {
        atomic_store(&Container->FilterStream, Target);
        if (FltpFileIsClosed(FileObject)) {
            atomic_store(&Container->FilterStream, NULL);
        }
    }
}

static NTSTATUS
FltpStreamFindLocked(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind, FLTP_FIND Find, port_lock *Lock, FLTP_TARGET **Target)
{
    FLTP_STREAM *Stream = FltpStreamLookup(FileObject, Kind);

    if (Stream == NULL) {
        NTSTATUS Status = Find == FltpFindExisting ? STATUS_NOT_FOUND : FltpStreamCreateLocked(FileObject, Kind, Lock, &Stream);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    FLTP_FILE *File = FltpFileOf(FileObject, TRUE);
    if (File == NULL) {
        return FltpFileIsClosed(FileObject) ? STATUS_NOT_SUPPORTED : STATUS_INSUFFICIENT_RESOURCES;
    }
    *Target = &FltpStreamCache(Kind == FltpTargetFile ? &File->File : &File->Stream, Stream)->Contexts;
    if (Kind == FltpTargetStream) {
        FltpFileQuickStream(FileObject, *Target);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpStreamFind(PFILE_OBJECT FileObject, FLTP_TARGET_KIND Kind, FLTP_FIND Find, FLTP_TARGET **Target)
{
    port_lock *Lock = FltpStreamLock(FileObject, Kind);
    FLTP_FILE *File = FltpFileOf(FileObject, FALSE);
    FLTP_STREAM *Cached = File != NULL && Kind == FltpTargetStream ? atomic_load_explicit(&File->Stream, memory_order_acquire) : NULL;

    if (Cached != NULL) {                      /* file contexts that are emulated: through the stream */
        *Target = &Cached->Contexts;
        return STATUS_SUCCESS;
    }
    FltpLockAcquire(Lock, FLTP_RANK_TARGET);
    NTSTATUS Status = FltpStreamFindLocked(FileObject, Kind, Find, Lock, Target);
    FltpLockRelease(Lock);
    return Status;
}

/* ---- targets ---- */

static NTSTATUS
FltpHandleTarget(PFILE_OBJECT FileObject, FLTP_FIND Find, FLTP_TARGET **Target)
{
    if (!FltpSupportsHandle(FileObject)) {
        return STATUS_NOT_SUPPORTED;
    }
    FLTP_FILE *File = FltpFileOf(FileObject, Find == FltpFindCreate);
    if (File == NULL) {
        return Find == FltpFindCreate ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOT_FOUND;
    }
    *Target = &File->Handles;
    return STATUS_SUCCESS;
}

static NTSTATUS
FltpFileTarget(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLTP_FIND Find, FLTP_TARGET **Target)
{
    if (FltpSupportsFile(FileObject)) {
        return FltpStreamFind(FileObject, FltpTargetFile, Find, Target);
    }
    if (Instance != NULL && FltpEmulatesFile(Instance, FileObject)) {
        return FltpStreamFind(FileObject, FltpTargetStream, Find, Target);
    }
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS
FltpStreamTarget(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type, FLTP_FIND Find, FLTP_TARGET **Target)
{
    if (FileObject == NULL || FileObject->FsContext == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Type == FLT_STREAMHANDLE_CONTEXT) {
        return FltpHandleTarget(FileObject, Find, Target);
    }
    FLTP_FILE *File = FltpFileOf(FileObject, FALSE);
    if (File != NULL) {
        _Atomic(FLTP_STREAM *) *Cache = Type == FLT_FILE_CONTEXT ? &File->File : &File->Stream;
        FLTP_STREAM *Stream = atomic_load_explicit(Cache, memory_order_acquire);
        if (Stream != NULL) {
            *Target = &Stream->Contexts;
            return STATUS_SUCCESS;
        }
    }
    if (Type == FLT_FILE_CONTEXT) {
        return FltpFileTarget(Instance, FileObject, Find, Target);
    }
    return FltpSupportsStream(FileObject) ? FltpStreamFind(FileObject, FltpTargetStream, Find, Target) : STATUS_NOT_SUPPORTED;
}

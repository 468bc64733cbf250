/* SPDX-License-Identifier: MIT */
/*
 * One context per stream and device of ours.  Owner: the driver; instance: the device, so that two devices of one stack would keep apart.
 *
 * SpyStreamLock guards SpyStreams.  Who holds it may rely on the header of a stream that is in the list: its teardown waits in
 * SpyStreamFree for the lock.
 */
#include "legacyspy.h"

static FAST_MUTEX SpyStreamLock;
static LIST_ENTRY SpyStreams;

VOID
SpyStreamsInitialize(VOID)
{
    ExInitializeFastMutex(&SpyStreamLock);
    InitializeListHead(&SpyStreams);
}

static VOID
SpyStreamDelete(SPY_STREAM *Stream)
{
    DbgPrint("%wZ: opens %d, reads %d (%I64d bytes), writes %d (%I64d bytes)\n", &Stream->Name, Stream->Opens, Stream->Reads,
        Stream->BytesRead, Stream->Writes, Stream->BytesWritten);
    ExFreePoolWithTag(Stream, SPY_TAG_STREAM);
}

/* The file system tears the stream down; the entry is unlinked already. */
static VOID
SpyStreamFree(PVOID Buffer)
{
    SPY_STREAM *Stream = CONTAINING_RECORD(Buffer, SPY_STREAM, Context);

    ExAcquireFastMutex(&SpyStreamLock);
    RemoveEntryList(&Stream->Links);
    ExReleaseFastMutex(&SpyStreamLock);
    SpyStreamDelete(Stream);
}

SPY_STREAM *
SpyStreamOf(SPY_DEVICE *Spy, PFILE_OBJECT FileObject)
{
    PFSRTL_PER_STREAM_CONTEXT Found;

    if (FileObject == NULL || FileObject->FsContext == NULL || !FsRtlSupportsPerStreamContexts(FileObject)) {
        return NULL;
    }
    Found = FsRtlLookupPerStreamContext(FsRtlGetPerStreamContextPointer(FileObject), SpyDriver, Spy);
    return Found != NULL ? CONTAINING_RECORD(Found, SPY_STREAM, Context) : NULL;
}

static SPY_STREAM *
SpyStreamAllocate(SPY_DEVICE *Spy, PFILE_OBJECT FileObject)
{
    const USHORT Bytes = FileObject->FileName.Length;
    SPY_STREAM *Stream = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Stream) + Bytes, SPY_TAG_STREAM);

    if (Stream == NULL) {
        return NULL;
    }
    RtlZeroMemory(Stream, sizeof(*Stream));
    Stream->Header = FsRtlGetPerStreamContextPointer(FileObject);
    Stream->Name.Buffer = (PWCH)(Stream + 1);
    Stream->Name.Length = Stream->Name.MaximumLength = Bytes;
    RtlCopyMemory(Stream->Name.Buffer, FileObject->FileName.Buffer, Bytes);
    FsRtlInitPerStreamContext(&Stream->Context, SpyDriver, Spy, SpyStreamFree);
    return Stream;
}

VOID
SpyStreamOpened(SPY_DEVICE *Spy, PFILE_OBJECT FileObject)
{
    SPY_STREAM *Stream, *New;

    if (!FsRtlSupportsPerStreamContexts(FileObject)) {
        return;
    }
    New = SpyStreamOf(Spy, FileObject) == NULL ? SpyStreamAllocate(Spy, FileObject) : NULL;
    ExAcquireFastMutex(&SpyStreamLock);
    Stream = SpyStreamOf(Spy, FileObject);     /* somebody else may have been faster */
    if (Stream == NULL && New != NULL && NT_SUCCESS(FsRtlInsertPerStreamContext(New->Header, &New->Context))) {
        InsertTailList(&SpyStreams, &New->Links);
        Stream = New;
        New = NULL;
    }
    ExReleaseFastMutex(&SpyStreamLock);
    if (Stream != NULL) {
        InterlockedIncrement(&Stream->Opens);
    }
    if (New != NULL) {
        ExFreePoolWithTag(New, SPY_TAG_STREAM);
    }
}

/* A device goes, its streams stay: their contexts are taken back.  One that is being torn down at this moment is waited for. */
VOID
SpyStreamsForget(PVOID InstanceId)
{
    for (BOOLEAN Left = TRUE; Left;) {
        SPY_STREAM *Found = NULL;
        LARGE_INTEGER Moment = { .QuadPart = -10000 };

        Left = FALSE;
        ExAcquireFastMutex(&SpyStreamLock);
        for (PLIST_ENTRY Entry = SpyStreams.Flink; Entry != &SpyStreams && Found == NULL; Entry = Entry->Flink) {
            SPY_STREAM *Stream = CONTAINING_RECORD(Entry, SPY_STREAM, Links);
            if (Stream->Context.InstanceId != InstanceId) {
                continue;
            }
            Left = TRUE;
            if (FsRtlRemovePerStreamContext(Stream->Header, SpyDriver, InstanceId) != NULL) {
                RemoveEntryList(&Stream->Links);
                Found = Stream;
            }
        }
        ExReleaseFastMutex(&SpyStreamLock);
        if (Found != NULL) {
            SpyStreamDelete(Found);
        } else if (Left) {
            KeDelayExecutionThread(KernelMode, FALSE, &Moment);
        }
    }
}

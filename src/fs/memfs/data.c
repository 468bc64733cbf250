/* SPDX-License-Identifier: MIT */
/*
 * memfs: the data of a stream.
 *
 * Chunk n is Tables[n / 512][n % 512]; none there reads as zeros.  A file that fits in less than one chunk has only First, which
 * doubles as it grows and becomes chunk 0 when it is full.  Bytes behind Size in an allocated chunk are always zero.
 */
#include "fs/memfs/mfsp.h"

static BOOLEAN
MfsCharge(MFS_STREAM *Stream, LONGLONG Bytes)
{
    MFS_VOLUME *Volume = Stream->Volume;
    const LONGLONG Used = atomic_fetch_add_explicit(&Volume->Used, Bytes, memory_order_relaxed) + Bytes;
    if (Bytes > 0 && Used > Volume->Limit) {
        atomic_fetch_sub_explicit(&Volume->Used, Bytes, memory_order_relaxed);
        return FALSE;
    }
    Stream->Allocated += Bytes;
    return TRUE;
}

/* The chunk's memory and how much of it there is, NULL = hole. */
static PUCHAR
MfsChunk(MFS_STREAM *Stream, ULONGLONG Index, PULONG Room)
{
    const ULONGLONG Table = Index / MFS_CHUNKS_PER_TABLE;
    *Room = MFS_CHUNK;
    if (Index == 0 && Stream->First != NULL) {
        *Room = Stream->FirstSize;
        return Stream->First;
    }
    if (Table >= Stream->TableCount || Stream->Tables[Table] == NULL) {
        return NULL;
    }
    return Stream->Tables[Table][Index % MFS_CHUNKS_PER_TABLE];
}

static BOOLEAN
MfsTableGrow(MFS_STREAM *Stream, ULONGLONG Table)
{
    if (Table >= Stream->TableCount) {
        ULONG Count = Stream->TableCount != 0 ? Stream->TableCount : 1;
        while (Count <= Table) {
            Count *= 2;
        }
        PUCHAR **Tables = port_alloc_zeroed(Count * sizeof(PUCHAR *));
        if (Tables == NULL) {
            return FALSE;
        }
        if (Stream->TableCount != 0) {
            memcpy(Tables, Stream->Tables, Stream->TableCount * sizeof(PUCHAR *));
        }
        port_free(Stream->Tables);
        Stream->Tables = Tables;
        Stream->TableCount = Count;
    }
    if (Stream->Tables[Table] == NULL) {
        Stream->Tables[Table] = port_alloc_zeroed(MFS_CHUNKS_PER_TABLE * sizeof(PUCHAR));
    }
    return Stream->Tables[Table] != NULL;
}

/* First with room for Needed bytes; a full chunk moves to the table. */
static PUCHAR
MfsGrowFirst(MFS_STREAM *Stream, ULONG Needed)
{
    ULONG Size = Stream->FirstSize != 0 ? Stream->FirstSize : 256;
    while (Size < Needed) {
        Size *= 2;
    }
    if (Stream->First != NULL && Size == Stream->FirstSize) {
        return Stream->First;
    }
    if ((Size == MFS_CHUNK && !MfsTableGrow(Stream, 0)) || !MfsCharge(Stream, (LONGLONG)Size - Stream->FirstSize)) {
        return NULL;
    }
    const PUCHAR New = port_alloc_zeroed(Size);
    if (New == NULL) {
        MfsCharge(Stream, (LONGLONG)Stream->FirstSize - Size);
        return NULL;
    }
    if (Stream->First != NULL) {
        memcpy(New, Stream->First, Stream->FirstSize);
    }
    port_free(Stream->First);
    Stream->First = Size == MFS_CHUNK ? NULL : New;
    Stream->FirstSize = Size == MFS_CHUNK ? 0 : Size;
    if (Size == MFS_CHUNK) {
        Stream->Tables[0][0] = New;
    }
    return New;
}

/* The chunk with at least Needed bytes of memory. */
static PUCHAR
MfsChunkMake(MFS_STREAM *Stream, ULONGLONG Index, ULONG Needed)
{
    ULONG Room;
    PUCHAR Chunk = MfsChunk(Stream, Index, &Room);
    if (Chunk != NULL && Room >= Needed) {
        return Chunk;
    }
    if (Index == 0) {
        return MfsGrowFirst(Stream, Needed);
    }
    if (!MfsTableGrow(Stream, Index / MFS_CHUNKS_PER_TABLE) || !MfsCharge(Stream, MFS_CHUNK)) {
        return NULL;
    }
    Chunk = port_alloc_zeroed(MFS_CHUNK);
    if (Chunk == NULL) {
        MfsCharge(Stream, -(LONGLONG)MFS_CHUNK);
        return NULL;
    }
    Stream->Tables[Index / MFS_CHUNKS_PER_TABLE][Index % MFS_CHUNKS_PER_TABLE] = Chunk;
    return Chunk;
}

static VOID
MfsChunkFree(MFS_STREAM *Stream, ULONGLONG Index)
{
    ULONG Room;
    const PUCHAR Chunk = MfsChunk(Stream, Index, &Room);
    if (Chunk == NULL) {
        return;
    }
    MfsCharge(Stream, -(LONGLONG)Room);
    port_free(Chunk);
    if (Index == 0 && Stream->First != NULL) {
        Stream->First = NULL;
        Stream->FirstSize = 0;
    } else {
        Stream->Tables[Index / MFS_CHUNKS_PER_TABLE][Index % MFS_CHUNKS_PER_TABLE] = NULL;
    }
}

/* ---- transfer ---- */

NTSTATUS
MfsStreamRead(MFS_STREAM *Stream, PVOID Buffer, ULONG Length, LONGLONG Offset, PULONG Done)
{
    ULONG Moved = 0;
    port_rwlock_shared(&Stream->Lock);
    if (Offset >= Stream->Size) {
        Length = 0;
    } else if (Length > Stream->Size - Offset) {
        Length = (ULONG)(Stream->Size - Offset);
    }
    while (Moved < Length) {
        const ULONGLONG At = (ULONGLONG)Offset + Moved;
        const ULONG Within = (ULONG)(At % MFS_CHUNK);
        ULONG Room, Part = Length - Moved < MFS_CHUNK - Within ? Length - Moved : MFS_CHUNK - Within;
        const PUCHAR Chunk = MfsChunk(Stream, At / MFS_CHUNK, &Room);
        const ULONG Present = Chunk == NULL || Within >= Room ? 0 : Part < Room - Within ? Part : Room - Within;
        if (Present != 0) {
            memcpy((PUCHAR)Buffer + Moved, Chunk + Within, Present);
        }
        memset((PUCHAR)Buffer + Moved + Present, 0, Part - Present);
        Moved += Part;
    }
    port_rwlock_release_shared(&Stream->Lock);
    *Done = Moved;
    return STATUS_SUCCESS;
}

NTSTATUS
MfsStreamWrite(MFS_STREAM *Stream, const VOID *Buffer, ULONG Length, LONGLONG Offset, BOOLEAN Append, PULONG Done)
{
    ULONG Moved = 0;
    NTSTATUS Status = STATUS_SUCCESS;
    port_rwlock_exclusive(&Stream->Lock);
    Offset = Append ? Stream->Size : Offset;
    if (Offset > MFS_MAX_SIZE - Length) {
        Status = STATUS_FILE_TOO_LARGE;
    }
    while (NT_SUCCESS(Status) && Moved < Length) {
        const ULONGLONG At = (ULONGLONG)Offset + Moved;
        const ULONG Within = (ULONG)(At % MFS_CHUNK);
        const ULONG Part = Length - Moved < MFS_CHUNK - Within ? Length - Moved : MFS_CHUNK - Within;
        const PUCHAR Chunk = MfsChunkMake(Stream, At / MFS_CHUNK, Within + Part);
        if (Chunk == NULL) {
            Status = Moved != 0 ? STATUS_SUCCESS : STATUS_DISK_FULL;
            break;
        }
        memcpy(Chunk + Within, (const UCHAR *)Buffer + Moved, Part);
        Moved += Part;
    }
    if (Moved != 0 && Offset + Moved > Stream->Size) {
        Stream->Size = Offset + Moved;
    }
    port_rwlock_release_exclusive(&Stream->Lock);
    *Done = Moved;
    return Status;
}

/* ---- sizes ---- */

/* Zeros from Offset on; whole chunks become holes. */
static VOID
MfsZeroLocked(MFS_STREAM *Stream, ULONGLONG Offset, ULONGLONG End)
{
    while (Offset < End) {
        const ULONG Within = (ULONG)(Offset % MFS_CHUNK);
        const ULONGLONG Left = End - Offset;
        const ULONG Part = Left < MFS_CHUNK - Within ? (ULONG)Left : MFS_CHUNK - Within;
        ULONG Room;
        const ULONGLONG Table = Offset / MFS_CHUNK / MFS_CHUNKS_PER_TABLE;
        if (Offset / MFS_CHUNK != 0 && (Table >= Stream->TableCount || Stream->Tables[Table] == NULL)) {
            Offset = (Table + 1) * MFS_CHUNKS_PER_TABLE * MFS_CHUNK;
            continue;
        }
        const PUCHAR Chunk = MfsChunk(Stream, Offset / MFS_CHUNK, &Room);
        if (Chunk != NULL && Within == 0 && Part >= Room) {
            MfsChunkFree(Stream, Offset / MFS_CHUNK);
        } else if (Chunk != NULL && Within < Room) {
            memset(Chunk + Within, 0, Part < Room - Within ? Part : Room - Within);
        }
        Offset += Part;
    }
}

NTSTATUS
MfsStreamSetSize(MFS_STREAM *Stream, LONGLONG Size)
{
    if (Size > MFS_MAX_SIZE) {
        return STATUS_FILE_TOO_LARGE;
    }
    port_rwlock_exclusive(&Stream->Lock);
    if (Size < Stream->Size) {
        MfsZeroLocked(Stream, (ULONGLONG)Size, ((ULONGLONG)Stream->Size + MFS_CHUNK - 1) & ~(ULONGLONG)(MFS_CHUNK - 1));
    }
    Stream->Size = Size;
    port_rwlock_release_exclusive(&Stream->Lock);
    return STATUS_SUCCESS;
}

NTSTATUS
MfsStreamAllocate(MFS_STREAM *Stream, LONGLONG Offset, LONGLONG Length)
{
    NTSTATUS Status = Offset > MFS_MAX_SIZE - Length ? STATUS_FILE_TOO_LARGE : STATUS_SUCCESS;
    const ULONGLONG End = (ULONGLONG)(Offset + Length);
    port_rwlock_exclusive(&Stream->Lock);
    for (ULONGLONG At = (ULONGLONG)Offset; NT_SUCCESS(Status) && At < End;) {
        const ULONGLONG Next = (At / MFS_CHUNK + 1) * MFS_CHUNK;
        const ULONGLONG Stop = Next < End ? Next : End;
        if (MfsChunkMake(Stream, At / MFS_CHUNK, (ULONG)(Stop - At / MFS_CHUNK * MFS_CHUNK)) == NULL) {
            Status = STATUS_DISK_FULL;
        }
        At = Next;
    }
    port_rwlock_release_exclusive(&Stream->Lock);
    return Status;
}

VOID
MfsStreamZero(MFS_STREAM *Stream, LONGLONG Offset, LONGLONG Length)
{
    port_rwlock_exclusive(&Stream->Lock);
    MfsZeroLocked(Stream, (ULONGLONG)Offset, (ULONGLONG)(Offset + Length));
    port_rwlock_release_exclusive(&Stream->Lock);
}

NTSTATUS
MfsStreamNextRange(MFS_STREAM *Stream, LONGLONG *Offset, LONGLONG *Length)
{
    ULONGLONG At = (ULONGLONG)*Offset;
    ULONG Room;
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;
    port_rwlock_shared(&Stream->Lock);
    const ULONGLONG Size = (ULONGLONG)Stream->Size;
    while (At < Size && MfsChunk(Stream, At / MFS_CHUNK, &Room) == NULL) {
        const ULONGLONG Table = At / MFS_CHUNK / MFS_CHUNKS_PER_TABLE;
        At = Table >= Stream->TableCount || Stream->Tables[Table] == NULL ? (Table + 1) * MFS_CHUNKS_PER_TABLE * MFS_CHUNK : (At / MFS_CHUNK + 1) * MFS_CHUNK;
    }
    if (At < Size) {
        ULONGLONG End = At;
        while (End < Size && MfsChunk(Stream, End / MFS_CHUNK, &Room) != NULL) {
            End = (End / MFS_CHUNK + 1) * MFS_CHUNK;
        }
        *Offset = (LONGLONG)At;
        *Length = (LONGLONG)((End < Size ? End : Size) - At);
        Status = STATUS_SUCCESS;
    }
    port_rwlock_release_shared(&Stream->Lock);
    return Status;
}

VOID
MfsStreamSizes(MFS_STREAM *Stream, LONGLONG *Size, LONGLONG *Allocated)
{
    port_rwlock_shared(&Stream->Lock);
    *Size = Stream->Size;
    *Allocated = (Stream->Allocated + 511) & ~511ll;
    port_rwlock_release_shared(&Stream->Lock);
}

VOID
MfsStreamFree(MFS_STREAM *Stream)
{
    MfsCharge(Stream, -Stream->Allocated);
    port_free(Stream->First);
    for (ULONG i = 0; i < Stream->TableCount; i++) {
        for (ULONG n = 0; Stream->Tables[i] != NULL && n < MFS_CHUNKS_PER_TABLE; n++) {
            port_free(Stream->Tables[i][n]);
        }
        port_free(Stream->Tables[i]);
    }
    port_free(Stream->Tables);
    Stream->First = NULL;
    Stream->Tables = NULL;
    Stream->TableCount = Stream->FirstSize = 0;
}

/* SPDX-License-Identifier: MIT */
/* Records by stream name, and the table that unload prints. */
#include "ctxtrack.h"

#define TABLE_ROWS 20

static PTRACK_RECORD *
TrackBucket(PCUNICODE_STRING Name)
{
    ULONG Hash = 2166136261u;
    USHORT i;

    for (i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        Hash = (Hash ^ Name->Buffer[i]) * 16777619u;
    }
    return &Track.Buckets[Hash % TRACK_BUCKETS];
}

static PTRACK_RECORD
TrackRecordCreate(PCUNICODE_STRING Name)
{
    PTRACK_RECORD Record = ExAllocatePoolZero(PagedPool, sizeof(*Record) + Name->Length, TRACK_TAG_RECORD);

    if (Record != NULL) {
        Record->Name.Buffer = (PWCH)(Record + 1);
        Record->Name.MaximumLength = Name->Length;
        RtlCopyUnicodeString(&Record->Name, Name);
        InsertTailList(&Track.Records, &Record->Links);
    }
    return Record;
}

NTSTATUS
TrackRecordFind(PCUNICODE_STRING Name, PTRACK_RECORD *Record)
{
    PTRACK_RECORD *Bucket = TrackBucket(Name);
    PTRACK_RECORD Found;

    FltAcquireResourceExclusive(&Track.Lock);
    for (Found = *Bucket; Found != NULL; Found = Found->NextInBucket) {
        if (RtlEqualUnicodeString(&Found->Name, Name, FALSE)) {
            break;
        }
    }
    if (Found == NULL) {
        Found = TrackRecordCreate(Name);
        if (Found != NULL) {
            Found->NextInBucket = *Bucket;
            *Bucket = Found;
        }
    }
    FltReleaseResource(&Track.Lock);
    *Record = Found;
    return Found != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static PTRACK_RECORD
TrackBusiest(LONG64 Below)
{
    PLIST_ENTRY Entry;
    PTRACK_RECORD Best = NULL;

    for (Entry = Track.Records.Flink; Entry != &Track.Records; Entry = Entry->Flink) {
        PTRACK_RECORD Record = CONTAINING_RECORD(Entry, TRACK_RECORD, Links);

        if (Record->Opens < Below && (Best == NULL || Record->Opens > Best->Opens)) {
            Best = Record;
        }
    }
    return Best;
}

static VOID
TrackPrintRow(PTRACK_RECORD Record)
{
    DbgPrint("%7I64d %7I64d %12I64d %7I64d %12I64d %7I64d  %wZ\n", Record->Opens, Record->Reads, Record->BytesRead,
             Record->Writes, Record->BytesWritten, Record->Renames, &Record->Name);
}

static ULONG
TrackPrintLevel(LONG64 Opens, ULONG Rows)
{
    PLIST_ENTRY Entry;

    for (Entry = Track.Records.Flink; Entry != &Track.Records && Rows > 0; Entry = Entry->Flink) {
        PTRACK_RECORD Record = CONTAINING_RECORD(Entry, TRACK_RECORD, Links);

        if (Record->Opens == Opens) {
            TrackPrintRow(Record);
            Rows--;
        }
    }
    return Rows;
}

VOID
TrackPrintTable(VOID)
{
    PLIST_ENTRY Entry;
    PTRACK_RECORD Record;
    TRACK_RECORD Sum;
    ULONG Streams = 0;
    ULONG Rows = TABLE_ROWS;

    RtlZeroMemory(&Sum, sizeof(Sum));
    RtlInitUnicodeString(&Sum.Name, L"(all streams)");
    for (Entry = Track.Records.Flink; Entry != &Track.Records; Entry = Entry->Flink) {
        Record = CONTAINING_RECORD(Entry, TRACK_RECORD, Links);
        Streams++;
        Sum.Opens += Record->Opens;
        Sum.Reads += Record->Reads;
        Sum.BytesRead += Record->BytesRead;
        Sum.Writes += Record->Writes;
        Sum.BytesWritten += Record->BytesWritten;
        Sum.Renames += Record->Renames;
    }
    DbgPrint("%u streams, %I64d files, %I64d handles, %I64d objects without context support\n", Streams, Track.Files,
             Track.Handles, Track.Unsupported);
    DbgPrint("  opens   reads   bytes read  writes bytes written renames  stream\n");
    Record = TrackBusiest(MAXLONGLONG);
    while (Record != NULL && Rows > 0) {
        LONG64 Level = Record->Opens;

        Rows = TrackPrintLevel(Level, Rows);
        Record = TrackBusiest(Level);
    }
    if (Streams > TABLE_ROWS) {
        DbgPrint("    ... and %u more streams\n", Streams - TABLE_ROWS);
    }
    TrackPrintRow(&Sum);
}

VOID
TrackFreeRecords(VOID)
{
    while (!IsListEmpty(&Track.Records)) {
        ExFreePoolWithTag(CONTAINING_RECORD(RemoveHeadList(&Track.Records), TRACK_RECORD, Links), TRACK_TAG_RECORD);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * ctxtrack: counts opens, bytes and renames per stream, with one context on each kind of object:
 *
 *   instance       the volume's name and the totals
 *   file           how many streams and links were opened of one file
 *   stream         the counters of one stream; what the table shows
 *   stream handle  what one open did; folded into the stream at cleanup
 *
 * A stream context dies with the file system's stream object, so its counters are folded into a record that lives until unload,
 * keyed by name.
 */
#ifndef CTXTRACK_H
#define CTXTRACK_H

#include <fltKernel.h>

#define TRACK_BUCKETS 1024
#define TRACK_TAG_RECORD 'rTxC'
#define TRACK_TAG_CONTEXT 'cTxC'

typedef struct TRACK_RECORD {
    LIST_ENTRY Links;              /* Track.Records, in order of appearance, under Track.Lock */
    struct TRACK_RECORD *NextInBucket;
    UNICODE_STRING Name;
    volatile LONG64 Opens;
    volatile LONG64 Reads;
    volatile LONG64 BytesRead;
    volatile LONG64 Writes;
    volatile LONG64 BytesWritten;
    volatile LONG64 Renames;
} TRACK_RECORD, *PTRACK_RECORD;

typedef struct TRACK_INSTANCE_CONTEXT {
    volatile LONG64 Creates;
    volatile LONG64 FailedCreates;
} TRACK_INSTANCE_CONTEXT, *PTRACK_INSTANCE_CONTEXT;

typedef struct TRACK_FILE_CONTEXT {
    volatile LONG64 Opens;
} TRACK_FILE_CONTEXT, *PTRACK_FILE_CONTEXT;

typedef struct TRACK_STREAM_CONTEXT {
    PTRACK_RECORD Record;          /* lives until unload */
} TRACK_STREAM_CONTEXT, *PTRACK_STREAM_CONTEXT;

typedef struct TRACK_HANDLE_CONTEXT {
    volatile LONG64 Reads;
    volatile LONG64 BytesRead;
    volatile LONG64 Writes;
    volatile LONG64 BytesWritten;
} TRACK_HANDLE_CONTEXT, *PTRACK_HANDLE_CONTEXT;

typedef struct TRACK_GLOBALS {
    PFLT_FILTER Filter;
    ERESOURCE Lock;
    LIST_ENTRY Records;
    PTRACK_RECORD Buckets[TRACK_BUCKETS];
    volatile LONG64 Files;         /* file contexts made */
    volatile LONG64 Handles;       /* stream handle contexts made */
    volatile LONG64 Unsupported;   /* objects without context support */
} TRACK_GLOBALS;

extern TRACK_GLOBALS Track;

/* operations.c */
extern const FLT_OPERATION_REGISTRATION TrackOperations[];

/* contexts.c */
extern const FLT_CONTEXT_REGISTRATION TrackContexts[];
NTSTATUS TrackAttachContexts(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects);
NTSTATUS TrackAttachInstance(PCFLT_RELATED_OBJECTS FltObjects);

/* table.c */
NTSTATUS TrackRecordFind(PCUNICODE_STRING Name, PTRACK_RECORD *Record);
VOID TrackPrintTable(VOID);
VOID TrackFreeRecords(VOID);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * legacyspy: a file-system filter of the time before minifilters.
 *
 * It attaches a device of its own above every file system's control device and above every volume, passes all requests down, and counts
 * what happens to each open stream in a FSRTL_PER_STREAM_CONTEXT, which the file system hands back when the stream goes.
 */
#ifndef LEGACYSPY_H
#define LEGACYSPY_H

#include <ntifs.h>

#define SPY_TAG_STREAM 'tSyS'
#define SPY_TAG_LOCK 'kLyS'

typedef struct SPY_DEVICE {
    PDEVICE_OBJECT This, Lower;
    BOOLEAN Volume;                            /* else a file system's control device */
    IO_REMOVE_LOCK Remove;                     /* held by requests that come back here */
} SPY_DEVICE;

typedef struct SPY_STREAM {
    FSRTL_PER_STREAM_CONTEXT Context;
    LIST_ENTRY Links;                          /* SpyStreams */
    PFSRTL_ADVANCED_FCB_HEADER Header;
    LONG volatile Opens, Reads, Writes;
    LONGLONG volatile BytesRead, BytesWritten;
    UNICODE_STRING Name;                       /* as in the first open; the buffer follows */
} SPY_STREAM;

extern PDRIVER_OBJECT SpyDriver;
extern FAST_IO_DISPATCH SpyFastIo;

/* legacyspy.c */
BOOLEAN SpyIsOurs(PDEVICE_OBJECT Device);
NTSTATUS SpyForwardAndWait(SPY_DEVICE *Spy, PIRP Irp);

/* attach.c */
VOID SpyFileSystemChange(PDEVICE_OBJECT FileSystem, BOOLEAN Active);
NTSTATUS SpyFsControl(PDEVICE_OBJECT Device, PIRP Irp);
VOID SpyDetach(PDEVICE_OBJECT Device);
VOID SpyDetachAll(VOID);
VOID SpyAttachInitialize(VOID);

/* stream.c */
VOID SpyStreamsInitialize(VOID);
VOID SpyStreamOpened(SPY_DEVICE *Spy, PFILE_OBJECT FileObject);
SPY_STREAM *SpyStreamOf(SPY_DEVICE *Spy, PFILE_OBJECT FileObject);
VOID SpyStreamsForget(PVOID InstanceId);

#endif

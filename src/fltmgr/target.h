/* SPDX-License-Identifier: MIT */
/* fltmgr, inward header: requests that filters issue and wait for. */
#ifndef FB_FLTMGR_TARGET_H
#define FB_FLTMGR_TARGET_H

#include "fltmgr/fltname.h"

/*
 * Sends a request below Instance in kernel mode and waits; Request->StartDevice, FilterTarget and RequestorMode are set here.
 *
 * IRQL:   PASSIVE_LEVEL
 * Refs:   Instance->Outstanding is held meanwhile (G-08)
 * Fails:  STATUS_FLT_DELETING_OBJECT, STATUS_INSUFFICIENT_RESOURCES, or what the file system says
 */
NTSTATUS FltpIssueBelow(PFLT_INSTANCE Instance, IOP_REQUEST *Request, PIO_STATUS_BLOCK IoStatus);

/* Opens the volume itself below Instance; undone by IopCloseFile. */
NTSTATUS FltpOpenVolumeBelow(PFLT_INSTANCE Instance, PFILE_OBJECT *FileObject);

/* ---- fltcreate.c ---- */
/* A rename or link to a full name, or below a given directory, carries the opened directory of the new name; *Target NULL: it needs none.
 * Fails: STATUS_NOT_SAME_DEVICE, and those of the open. */
NTSTATUS FltpOpenTargetDirectory(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PFILE_RENAME_INFORMATION Rename, PFILE_OBJECT *Target);

#endif

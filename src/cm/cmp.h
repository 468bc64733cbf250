/* SPDX-License-Identifier: MIT */
/*
 * cm, outward header: the in-memory registry (NT side).  host fills service keys from INF files; drivers read and write through Zw*Key.
 * One reader/writer lock; nothing here is on an I/O path.  Nothing is kept after the machine ends.
 */
#ifndef FB_CM_CMP_H
#define FB_CM_CMP_H

#include <ntifs.h>

VOID CmpInitialize(VOID);                      /* \Registry\Machine\System\CurrentControlSet\Services */

/* Creates the key Path (full, "\Registry\Machine\…") with everything above it.  Fails: OBJECT_NAME_INVALID, INSUFFICIENT_RESOURCES. */
NTSTATUS CmpCreateKeyPath(PCUNICODE_STRING Path);
NTSTATUS CmpDeleteKeyPath(PCUNICODE_STRING Path);              /* with everything below it */
/* Sets a value of a key that exists.  Data is copied. */
NTSTATUS CmpSetValuePath(PCUNICODE_STRING Path, PCUNICODE_STRING Name, ULONG Type, const VOID *Data, ULONG Length);

#endif

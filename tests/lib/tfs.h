/* SPDX-License-Identifier: MIT */
/*
 * A machine of the lower layers with a tiny file system in it, for tests of io and fsrtl (NT side).
 *
 * The file system keeps one stream object per volume that every open shares, logs each request, and lets a test take a request over.
 */
#ifndef FB_TESTS_LIB_TFS_H
#define FB_TESTS_LIB_TFS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ntifs.h>

#include "io/iop.h"

#define TFS_MAX_LOG 64

typedef struct TFS_LOG {
    UCHAR Major, Minor, Flags;
    KPROCESSOR_MODE Mode, PreviousMode;
    PFILE_OBJECT FileObject;
    PEPROCESS Process;
    WCHAR Name[64];
} TFS_LOG;

/* TRUE: the hook has dealt with the IRP (completed or pended it) and *Status is what the dispatch routine returns. */
typedef BOOLEAN (*TFS_HOOK)(PDEVICE_OBJECT Device, PIRP Irp, NTSTATUS *Status);

typedef struct TFS_VOLUME {
    PDEVICE_OBJECT Real, Device;
    FSRTL_ADVANCED_FCB_HEADER Header;
    FAST_MUTEX Mutex;
    PVOID FileContexts;
    FILE_LOCK Locks;
    SHARE_ACCESS Share;
    ULONG Opens;                               /* creates that succeeded */
    ULONG Cleanups, Closes;
    CHAR Data[4096];
    ULONG Size;
} TFS_VOLUME;

VOID TfsBoot(VOID);                            /* once per program; later calls do nothing */
TFS_VOLUME *TfsVolumeCreate(const CHAR *Name);         /* \Device\<Name>, mounted */
VOID TfsVolumeDelete(TFS_VOLUME *Volume);
extern PDRIVER_OBJECT TfsDriver;
extern TFS_HOOK TfsHook;
extern TFS_LOG TfsLog[TFS_MAX_LOG];
extern ULONG TfsLogCount;
VOID TfsLogClear(VOID);
VOID TfsComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
/* Opens Name on the volume with everything allowed. */
NTSTATUS TfsOpen(TFS_VOLUME *Volume, const WCHAR *Name, PFILE_OBJECT *FileObject);
VOID TfsString(PUNICODE_STRING String, const WCHAR *Text);
/* Findings with this code so far. */
ULONG TfsFindings(const char *Code);

#endif
